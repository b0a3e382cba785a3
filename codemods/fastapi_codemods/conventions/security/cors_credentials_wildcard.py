"""CORS lets credentials through for origins that are named, not for all.

`CORSMiddleware` with `allow_origins=["*"]` and `allow_credentials=True`.

## Why

Browsers refuse `*` together with credentials, so Starlette answers with the origin that asks, whichever it is. Every
site that a logged-in user visits can then use the API in that user's name and read what it answers.

## Left alone

- Origins that come from settings or from a function: nothing tells what they are.
- `*` without credentials, which is what a public API wants.

## Safety

It only reports: which origins may is for a person to say.

See <https://fastapi.tiangolo.com/tutorial/cors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.constants import constant_of
from ...project.placed import Placed, argument, nodes_with
from ...project.reader import dotted

_CREDENTIALS = "allow_credentials"
_ANY = frozenset({".*", "^.*$", ".+", "^.+$", "https?://.*", "^https?://.*$", "http.*"})


class CorsCredentialsWildcard(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        pattern = re.compile(_CREDENTIALS)
        for placed in nodes_with(project, ast.Call, re.compile(_CREDENTIALS.encode()), pattern):
            call = placed.node
            if not isinstance(call, ast.Call) or not _is_cors(call):
                continue
            credentials = argument(call, _CREDENTIALS)
            if credentials is None or constant_of(project, placed, credentials) is not True:
                continue
            what = _any_origin(project, placed, call)
            if what:
                yield self.finding(
                    placed.location,
                    f"{what} with allow_credentials=True lets every site use the API in the name of its visitor; name"
                    " the origins",
                    anchor=f"{placed.qualified_name}.allow_credentials",
                )


def _is_cors(call: ast.Call) -> bool:
    """`add_middleware(CORSMiddleware, ...)`, `Middleware(CORSMiddleware, ...)`, `CORSMiddleware(app, ...)`"""
    given = [call.func, *call.args[:1], *(k.value for k in call.keywords if k.arg in ("middleware_class", "cls"))]
    return any(dotted(node).rpartition(".")[2] == "CORSMiddleware" for node in given)


def _any_origin(project: Project, placed: Placed, call: ast.Call) -> str | None:
    origins, pattern = argument(call, "allow_origins"), argument(call, "allow_origin_regex")
    if origins is not None:
        value = constant_of(project, placed, origins)
        if isinstance(value, list | tuple | set | str) and "*" in value:
            return "allow_origins=['*']"
    if pattern is not None and (value := constant_of(project, placed, pattern)) in _ANY:
        return f"allow_origin_regex={value!r}"
    return None
