"""Fields that come from the server, by their names."""

from __future__ import annotations

import re

_OF_SERVER = re.compile(
    r"_?id|uuid|guid|pk|etag|(?:date_)?(?:created|updated|modified|deleted)(?:_(?:at|on|by|date|time|datetime|timestamp|ts))?"
    r"|(?:creation|modification|update|insert)_(?:date|time|datetime|timestamp)|last_(?:login|modified|updated|seen)(?:_at)?"
    r"|(?:created|updated)_?(?:at|on)|date_joined|joined_at|(?:hashed|encrypted)_?(?:password|pwd|secret|token)"
    r"|password_(?:hash|salt|digest)"
)


def is_of_server(name: str) -> bool:
    """`id`, `created_at`, `hashedPassword`: what no client should choose."""
    return bool(_OF_SERVER.fullmatch(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()))
