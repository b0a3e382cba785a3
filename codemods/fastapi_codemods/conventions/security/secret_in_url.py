"""A token or password comes in a header or in the body, not in the URL.

`GET /items?api_key=...`, `GET /login/{password}`.

## Why

URLs are written down everywhere: in the logs of the server and of every proxy, in the browser's history, in the
`Referer` of the next page. Who can read one of these has the token.

## Left alone

- Links that are sent to people, where the token is the address: of an invitation, a confirmation, a reset, a share, a
  download, and the calls by which others hand a token back.
- Websockets, for which browsers can set no header.
- What a list may be filtered by, where the route asks otherwise who calls.
- What comes in a header, a cookie, a form or the body.

## Safety

It only reports: where clients send a token is their contract.

See <https://fastapi.tiangolo.com/tutorial/security/first-steps/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Parameter, Project
from ...project.authentication import authentication_of
from ...project.responses import Handler, handlers_of
from ...project.secrets import is_password, is_token

_LINKS = re.compile(
    r"(?i)activat|callback|confirm|download|file|image|invit|join|magic|oauth|password|recover|reset|share|sso|stream|sub"
    r"scri|verif|webhook|unlock|proxy|media|redirect|sign-?up|regist|embed|public|asset|avatar|thumbnail|preview|export|feed"
    r"|calendar|shorten|accept|logout|onboard|signed|hook"
)
_FROM_ELSEWHERE = re.compile(r"\b(?:Body|Cookie|Depends|File|Form|Header|Security)\(")
_TEXT = re.compile(r"\b(?:str|SecretStr|Any)\b")
_STORED = re.compile(r"(?:^|_)(?:credentials|salt|secret)$")


class SecretInUrl(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for handler in handlers_of(project):
            module, function = handler.module, handler.function
            named = [p for p in function.parameters if is_password(p.name) or is_token(p.name)]
            if not named or _LINKS.search(function.name):
                continue
            paths = [operation.path(project) or "" for operation in handler.operations]
            if any(_LINKS.search(re.sub(r"\{[^}]*\}", "", path)) for path in paths):
                continue
            for parameter in named:
                where = _where(module, handler, parameter, paths)
                if where and not _is_filter(project, module, handler, parameter):
                    yield self.finding(
                        module.location(parameter.line, parameter.column, parameter.end_line),
                        f"`{function.name}` takes `{parameter.name}` from the {where}, which logs, proxies and browsers"
                        " write down; take it from a header or the body",
                        anchor=f"{function.qualified_name}.{parameter.name}",
                    )


def _is_filter(project: Project, module: Module, handler: Handler, parameter: Parameter) -> bool:
    """`GET /spend?api_key=...` of a route that asks otherwise who calls: what is looked for, not what lets in."""
    text = module.text[parameter.start : parameter.end]
    is_optional = parameter.default is not None and "None" in text.replace("| None", "", 1)
    operations = handler.operations
    return is_optional and operations[0].method == "get" and bool(authentication_of(project, operations[0]))


def _where(module: Module, handler: Handler, parameter: Parameter, paths: list[str]) -> str | None:
    if any(re.search(rf"\{{{parameter.name}\b", path) for path in paths):
        return "path"
    text = module.text[parameter.start : parameter.end]
    if parameter.annotation is None or _FROM_ELSEWHERE.search(text) or parameter.kind in ("*", "**"):
        return None
    annotation = module.code(parameter.annotation)
    if not _TEXT.search(annotation) or re.search(r"(?i)dict|list|\bAny\b", annotation):
        return None
    if re.fullmatch(r"[\w.]+", annotation) and annotation.strip("\"'") not in ("str", "SecretStr"):
        return None
    return None if _STORED.search(parameter.name) and handler.operations[0].method == "get" else "query"
