"""A response model has no field for a password, its hash, or a token that is not the answer.

`response_model=User`, and `User` has a field `hashed_password`.

## Why

A response model is what FastAPI lets through: what has a field in it goes to every client that may ask, into its logs
and caches, and into the documentation. A hash is enough to guess passwords at leisure. FastAPI's documentation takes
separate models for input and output for this very reason.

## Left alone

- Fields that are kept out: `exclude=True`, `SecretStr` and `SecretBytes` (sent as asterisks), `response_model_exclude`
  and `response_model_include` of every route that answers with the model, a serializer, and a validator that redacts
  or masks by its name.
- Tokens that are the answer: of routes for logging in, registering, refreshing and making keys, and of models that are
  made for one, such as `Token` with its `token_type`.
- Names that only speak of a secret (`has_password`, `token_count`, `api_key_id`, `password_changed_at`), fields that
  hold no text, and tokens of paging.
- Handlers without a response model: nothing says what they answer.

## Safety

It only reports. A field that leaves the answer is a breaking change for whoever reads it; `split-input-output-model`
makes it where it can show that none is needed.

See <https://fastapi.tiangolo.com/tutorial/response-model/#add-an-output-model>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.models import Field, Hook, Model
from ...project.operations import Operation
from ...project.payloads import Payload, models_within, payloads_of
from ...project.secrets import is_key, is_password, is_token

SHOWN = 3

_GIVES_TOKENS = re.compile(
    r"(?:^|[/_-])(?:auth|authorize|callback|invites?|keys?|log-?in|oauth2?|refresh|register|secrets?|sessions?|sign-?in"
    r"|sign-?up|tokens?|credentials?|api-?keys?|webhooks?|generate|create|rotate|regenerate|exchange)(?=$|[/_-])"
)
_IS_A_TOKEN = re.compile(
    r"(?:^|(?<=[a-z]))(?:ApiKey|APIKey|Auth|Credential|Invit|Key|Login|Oauth|OAuth|Refresh|Register|Session|SignIn|SignUp"
    r"|Signin|Signup|Secret|Token|JWT|Webhook|Creds)"
)
_IS_OF_A_LANGUAGE_MODEL = re.compile(r"[Ll]og_?[Pp]rob|Logit|Completion|Chunk|Embedding")


class SecretInResponse(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        found: dict[Symbol, _Shown] = {}
        for payload in payloads_of(project):
            if payload.role != "response":
                continue
            for used in models_within(project, payload.named.symbol).values():
                for field in used.fields:
                    if _is_shown(used, field) and _is_not_meant(project, payload, used, field):
                        shown = found.setdefault(used.symbol, _Shown(used, {}, {}))
                        shown.fields[field.name] = field
                        shown.handlers[payload.handler.function.name] = None
        for symbol, (used, fields, handlers) in found.items():
            home = project.module(symbol.path or "")
            if home is None:
                continue
            own = [field for field in fields.values() if field.owner == symbol]
            line = own[0].line if own else used.line
            what = "a password" if any(is_password(name) for name in fields) else "a token"
            if len(fields) > 1:
                what = "passwords or tokens"
            yield self.finding(
                home.location(line, 1, line),
                f"`{used.name}` lets {_listed(fields)} out, to go by the name {what}: {_listed(handlers)} "
                f"answer{'s' * (len(handlers) == 1)} with it",
                anchor=f"{symbol.name} secrets",
            )


class _Shown(NamedTuple):
    used: Model
    fields: dict[str, Field]
    handlers: dict[str, None]


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - SHOWN} more" if len(every) > SHOWN else ""
    return ", ".join(f"`{name}`" for name in every[:SHOWN]) + more


def _is_shown(used: Model, field: Field) -> bool:
    if field.exclude or not (is_password(field.name) or is_token(field.name)):
        return False
    if any(_MASKS.search(hook.name) or "serializer" in hook.kind for hook in used.hooks if _is_for(hook, field.name)):
        return False
    text = field.annotation_text
    if used.kind == "sqlmodel" and field.role != "field":
        return False
    # Text, or nothing that can be told.
    return not text or (
        re.search(r"\bstr\b|\bbytes\b|\bAny\b", text) is not None and not re.search(r"dict|Dict|Secret", text)
    )


_MASKS = re.compile(r"redact|mask|hide|obfuscat|censor|conceal|strip_secret|sanitiz|scrub|blank|encrypt")


def _is_for(hook: Hook, name: str) -> bool:
    return hook.fields is None or name in hook.fields or "*" in hook.fields


def _is_not_meant(project: Project, payload: Payload, used: Model, field: Field) -> bool:
    if not is_password(field.name) or is_key(field.name):
        if field.name == "token" and _IS_OF_A_LANGUAGE_MODEL.search(used.name):
            return False
        if _IS_A_TOKEN.search(used.name) or used.field("token_type") is not None:
            return False
        if _GIVES_TOKENS.search(payload.handler.function.name):
            return False
        if any(_GIVES_TOKENS.search(operation.path(project) or "") for operation in payload.handler.operations):
            return False
    operations = payload.handler.operations
    if payload.operation is not None:
        operations = (operations[payload.operation],)
    return not all(_leaves_out(project, payload, operation, field.name) for operation in operations)


def _leaves_out(project: Project, payload: Payload, operation: Operation, name: str) -> bool:  # noqa: ARG001
    """Whether `response_model_exclude` or `response_model_include` keeps a field back, or may."""
    module = payload.handler.module
    if operation.call.unpacks:
        return True
    for argument, is_kept_back in (("response_model_exclude", True), ("response_model_include", False)):
        given = operation.call.argument(argument)
        if given is None:
            continue
        try:
            value = ast.literal_eval(module.expression(given.span))
        except ValueError:
            return True
        named = name in str(value)
        if named == is_kept_back:
            return True
    return False
