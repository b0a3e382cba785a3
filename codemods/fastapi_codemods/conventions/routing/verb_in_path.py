"""Paths name things, methods say what is done with them.

Paths are found that repeat the method: `/getUsers`, `/users/create`, `/users/{user_id}/delete`. There is one finding
for the routes of each router.

## Why

`POST /users` creates a user and `DELETE /users/{user_id}` deletes one; clients, caches and generated code know that
without reading on. Where paths hold verbs, every one of them must be looked up.

## Left alone

- Words that are no other method's: `/users/search`, `/orders/{order_id}/cancel`, `/login`.
- Paths that are computed.
- Routes that tests register, and hidden ones (`include_in_schema=False`).

## Safety

It only reports: paths are what clients know. A new path can be registered beside the old one, which
`deprecated=True` marks until nobody asks for it.

See <https://fastapi.tiangolo.com/tutorial/path-operation-configuration/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, operations_of
from ...source.discovery import is_test

_VERBS = {
    "add": "POST",
    "create": "POST",
    "delete": "DELETE",
    "edit": "PUT",
    "fetch": "GET",
    "get": "GET",
    "insert": "POST",
    "remove": "DELETE",
    "update": "PUT",
}
_ANY = "|".join(_VERBS)
_WITH_NOUN = re.compile(rf"({_ANY})(?:[-_](?=[a-zA-Z])|(?=[A-Z]))[\w-]+")
_ALONE = re.compile(rf"({_ANY})")

SHOWN = 3


class VerbInPath(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        by_router: dict[tuple[str, str], list[tuple[Operation, str, str]]] = {}
        for operation in operations_of(project):
            if operation.method == "websocket" or is_test(operation.module.path) or _is_hidden(operation):
                continue
            path = operation.path(project) or ""
            if verb := _verb(path):
                by_router.setdefault((operation.module.path, operation.receiver), []).append((operation, path, verb))
        for (_, receiver), found in by_router.items():
            operation = found[0][0]
            line = operation.decorator.line
            shown = ", ".join(f"`{path}`" for _, path, _ in found[:SHOWN])
            more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            verbs = sorted({verb for _, _, verb in found})
            says = ", ".join(f"`{verb}` is {_VERBS[verb]}" for verb in verbs)
            many = "a path" if len(found) == 1 else f"{len(found)} paths"
            yield self.finding(
                operation.module.location(line, 1, line),
                f"{many} of `{receiver}` with what a method says ({says}): {shown}{more}",
                anchor=f"{receiver} verbs",
            )


def _is_hidden(operation: Operation) -> bool:
    given = operation.call.argument("include_in_schema")
    return given is not None and operation.module.code(given.span) == "False"


def _verb(path: str) -> str | None:
    segments = path.strip("/").split("/")
    for segment in segments:
        if found := _WITH_NOUN.fullmatch(segment):
            return found.group(1)
    found = _ALONE.fullmatch(segments[-1])
    return found.group(1) if found else None
