"""Paths name things, methods say what is done with them.

Paths are found that repeat the method: `/getUsers`, `/users/create`, `/users/{user_id}/delete`. There is one finding
for the routes of each router, and one for the whole project where more than a third of its paths, and more than twenty,
are of that kind.

## Why

`POST /users` creates a user and `DELETE /users/{user_id}` deletes one; clients, caches and generated code know that
without reading on. Where paths hold verbs, every one of them must be looked up.

## Left alone

- Words that are no other method's: `/users/search`, `/orders/{order_id}/cancel`, `/login`, `/tasks/get-or-create`.
- GET routes with another verb that their handlers do not have in their names: `GET /ui/add_user_form` is read.
- Pages and forms of a browser, which knows GET and POST only: handlers that return HTML or redirect.
- Paths that are another service's, which their handlers call with the same path.
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
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Span
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
_ONE_OF_TWO = re.compile(r"[-_]or[-_]|[a-z]Or[A-Z]")

SHOWN = 3


STYLE, ENOUGH_FOR_A_STYLE = 1 / 3, 20
"""Of all paths, and at least: an API that calls procedures on purpose is told once."""

_BROWSER = re.compile(r"\b(?:TemplateResponse|HTMLResponse|RedirectResponse)\b")


class _Found(NamedTuple):
    operation: Operation
    path: str
    verb: str


class VerbInPath(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        by_router: dict[tuple[str, str], list[_Found]] = {}
        number = 0
        for operation in operations_of(project):
            if operation.method == "websocket" or is_test(operation.module.path) or _is_hidden(operation):
                continue
            number += 1
            path = operation.path(project) or ""
            verb = _verb(path)
            if verb and not (_only_reads(operation, verb) or _is_of_others(operation, path)):
                by_router.setdefault((operation.module.path, operation.receiver), []).append(
                    _Found(operation, path, verb)
                )
        everything = [found for some in by_router.values() for found in some]
        if len(by_router) > 1 and len(everything) > max(number * STYLE, ENOUGH_FOR_A_STYLE):
            whose = f"{len(by_router)} routers, more than a third of all,"
            yield self._finding(everything, whose, "verbs in paths")
            return
        for (_, receiver), some in by_router.items():
            yield self._finding(some, f"`{receiver}`", f"{receiver} verbs")

    def _finding(self, found: list[_Found], whose: str, anchor: str) -> Finding:
        operation = found[0].operation
        line = operation.decorator.line
        shown = ", ".join(f"`{path}`" for path in list(dict.fromkeys(each.path for each in found))[:SHOWN])
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        says = ", ".join(f"`{verb}` is {_VERBS[verb]}" for verb in sorted({each.verb for each in found}))
        many = "a path" if len(found) == 1 else f"{len(found)} paths"
        return self.finding(
            operation.module.location(line, 1, line),
            f"{many} of {whose} with what a method says ({says}): {shown}{more}",
            anchor=anchor,
        )


def _only_reads(operation: Operation, verb: str) -> bool:
    """A GET route whose verb is part of a name: its handler is not called after it."""
    if operation.method != "get" or _VERBS[verb] == "GET":
        return False
    return verb not in re.split(r"_+|(?<=[a-z])(?=[A-Z])", operation.function.name.lower())


def _is_of_others(operation: Operation, path: str) -> bool:
    """A page or form of a browser, or a route that hands a request on to the same path of another service."""
    module, function = operation.module, operation.function
    statement = module.facts.statements[function.statement]
    if _BROWSER.search(module.code(Span(operation.decorator.span.start, function.span.start))):
        return True
    end = min(
        (other.decorators[0].span.start if other.decorators else other.span.start
         for other in module.facts.functions
         if other.statement == function.statement and other.span.start > function.span.start),
        default=statement.end,
    )  # fmt: skip
    body = module.text[function.span.end : end]
    # f"{url}/api/create", client.post("/api/create")
    handed_on = re.compile(rf"""(?:\}}|\(\s*["']){re.escape(path)}["']""")
    return _BROWSER.search(body) is not None or handed_on.search(body) is not None


def _is_hidden(operation: Operation) -> bool:
    given = operation.call.argument("include_in_schema")
    return given is not None and operation.module.code(given.span) == "False"


def _verb(path: str) -> str | None:
    segments = path.strip("/").split("/")
    if any(_ONE_OF_TWO.search(segment) for segment in segments):
        return None
    for segment in segments:
        if found := _WITH_NOUN.fullmatch(segment):
            return found.group(1)
    found = _ALONE.fullmatch(segments[-1])
    return found.group(1) if found else None
