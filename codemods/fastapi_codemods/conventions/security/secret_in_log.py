"""A log entry holds no password, no key and no token.

`logger.info(f"login of {user.name} with {password}")`

## Why

Logs are read by more people than may log in as somebody else, kept longer than any session, and sent to other
companies. What is written there once cannot be taken back; it can only be changed.

## Left alone

- What says of a secret only whether it is there, how long it is, or a part of it: `bool(token)`, `len(key)`, `key[:4]`,
  `mask(key)`.
- `token` in code that has to do with language models rather than with logging in.
- What a program for the command line prints.
- Names that only speak of a secret: `token_count`, `api_key_id`.

## Safety

It only reports: what the entry should say instead is for a person to tell.

See <https://fastapi.tiangolo.com/tutorial/security/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.logs import is_log
from ...project.placed import Placed, nodes_with
from ...project.reader import dotted
from ...project.secrets import is_password, is_token

_WORDS = "(?:[pP]assw|PASSW|[tT]oken|TOKEN|api_?[kK]ey|API_?KEY|[sS]ecret|SECRET|jwt|_key|_KEY|pwd)"
_CALLS = rf"(?:[lL][oO][gG]\w{{0,12}}\.\w+|print)\((?s:.{{0,240}}?){_WORDS}"
_TOOLS = re.compile(r"(?:^|[/_])(?:cli|tools?|scripts?|__main__|manage|console|commands?|setup|bin)(?:$|[/_.])")
_BARE = frozenset({"token", "secret", "key", "credentials", "tokens", "salt"})
_NOT_ITSELF = re.compile(
    r"(?i)mask|redact|hidden|preview|hint|name|env|pagina|request_|allow|header|credentials|random|generated"
)
_TOKEN = re.compile(
    r"(?:access|admin|api|auth|bearer|bot|github|hf|hub|id|jwt|login|oauth|refresh|reset|service|slack|user|x)_?token$"
)
_OF_ACCESS = re.compile(r"(?i)\bjwt\b|oauth|bearer|authoriz|authenticat|log_?in\b|session_token|access_token")
_OF_A_LANGUAGE_MODEL = re.compile(r"(?i)tokeniz|max_tokens|logprob|vocab|decode_token|eos_token|num_tokens|next_token")


class SecretInLog(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for placed in nodes_with(project, ast.Call, re.compile(_WORDS.encode()), re.compile(_CALLS), (b"fastapi",)):
            call = placed.node
            if not isinstance(call, ast.Call) or not is_log(call) or _is_tool(placed, call):
                continue
            names = [name for argument in _arguments(call) for name in _shown(argument)]
            found = [name for name in dict.fromkeys(names) if _is_secret(placed, name)]
            if found:
                listed = ", ".join(f"`{name}`" for name in found)
                yield self.finding(
                    placed.location,
                    f"a log entry holds {listed}",
                    anchor=f"{placed.qualified_name}.{'.'.join(found)}",
                )


def _is_tool(placed: Placed, call: ast.Call) -> bool:
    """A program for the command line prints what its user asked for."""
    is_print = dotted(call.func) in ("print", "pprint")
    return _TOOLS.search(placed.module.path) is not None and (is_print or "__main__" in placed.module.path)


def _arguments(call: ast.Call) -> Iterator[ast.expr]:
    yield from (given for given in call.args if not isinstance(given, ast.Starred))
    yield from (keyword.value for keyword in call.keywords if keyword.arg not in ("exc_info", "stack_info"))


def _shown(node: ast.expr) -> Iterator[str]:
    """The names whose values come into the text, as they are."""
    match node:
        case ast.JoinedStr(values=values):
            for value in values:
                if isinstance(value, ast.FormattedValue):
                    yield from _shown(value.value)
        case ast.BinOp(left=left, right=right):
            yield from _shown(left)
            yield from _shown(right)
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from _shown(part)
        case ast.Dict(values=values):
            for value in values:
                yield from _shown(value)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="format"), args=args, keywords=keywords):
            for given in (*args, *(keyword.value for keyword in keywords)):
                yield from _shown(given)
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[given]):
            yield from _shown(given)
        case ast.Name(id=name):
            yield name
        case ast.Attribute(attr=name):
            yield name
        case ast.Subscript(slice=ast.Constant(value=str(name))):
            yield name
        case _:
            pass


def _is_secret(placed: Placed, name: str) -> bool:
    snake = name.lower()
    if not (is_password(name) or is_token(name)) or _NOT_ITSELF.search(name):
        return False
    if snake in ("session_key", "cache_key") or "cache_key" in snake:
        return False
    if snake.endswith("token") and snake not in _BARE:
        return _TOKEN.search(snake) is not None
    if snake not in _BARE:
        return True
    around = ast.unparse(placed.function) if placed.function is not None else ""
    where = f"{placed.module.path}\n{around}"
    return bool(_OF_ACCESS.search(where)) and not _OF_A_LANGUAGE_MODEL.search(placed.module.text)
