"""Names of fields that hold a secret: what to keep out of answers."""

from __future__ import annotations

import re

_PASSWORD = re.compile(
    r"(?:\w+_)?(?:password|passwd|passphrase|pwd)(?:_?(?:hash|hashed|digest|salt|encrypted|plain))?"
    r"|(?:hashed|encrypted)_?(?:password|pwd|secret|\w*token|\w*key)"
    r"|(?:\w+_)?(?:private_key|client_secret|secret_key|totp_secret|mfa_secret|otp_secret|signing_secret|secret_access_key)"
    r"|(?:hash|salt)ed_?password|salt"
)
_TOKEN = re.compile(
    r"(?:\w+_)?(?:api_key|apikey|access_key|auth_key|token|secret|jwt|session_key|credentials)(?:_hash)?"
)

_OF_A_USER = re.compile(
    r"(?:(?:user|plain|raw|hashed|encrypted|new|confirm|old|current)_?)?(?:password|passwd|passphrase|pwd)(?:_?(?:hash|hashed|digest|salt|confirm|confirmation))?"
)
_KEY = re.compile(r"\w*(?:key|secret)")

_SPEAKS_OF_ONE = re.compile(
    r"(?:can|force|has|is|masked|max|min|must|needs|num|redacted|requires?|reset|show|total|use|uses|with)_\w+"
    r"|(?:before|continuation|cursor|csrf|eos|bos|pad|unk|sep|mask|cls|end|start|stop|next|page|prev|previous|sync|next_page|public"
    r"|bot|stop|special|device|push|fcm|image|invite|share|unsubscribe|first|last|termination|challenge|separator)_?(?:page_?)?(?:token|key)"
    r"|\w*_(?:count|length|limit|usage)|\w+_by_\w+"
)


def is_password(name: str) -> bool:
    """A password, its hash, or a key that only the server may have."""
    return bool(_PASSWORD.fullmatch(_snake(name))) and not _SPEAKS_OF_ONE.fullmatch(_snake(name))


def is_password_of_a_user(name: str) -> bool:
    """A password by which somebody is known here, rather than one by which the server is known elsewhere."""
    return bool(_OF_A_USER.fullmatch(_snake(name)))


def is_key(name: str) -> bool:
    """A password by `is_password` that a route may be there to give out once: `signing_secret`, `private_key`."""
    return bool(_KEY.fullmatch(_snake(name)))


def is_token(name: str) -> bool:
    """Something that lets its bearer in, and that some routes are there to give out."""
    return bool(_TOKEN.fullmatch(_snake(name))) and not _SPEAKS_OF_ONE.fullmatch(_snake(name))


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
