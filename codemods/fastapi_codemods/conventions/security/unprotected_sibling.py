"""All routes of a router ask who calls, if nearly all of them do.

Nine routes of a router depend on `get_current_user`, the tenth on nothing.

## Why

Mostly it was forgotten: a dependency for each route is one that somebody must think of each time. Given to the router,
`APIRouter(dependencies=[Depends(get_current_user)])`, it cannot be.

## Left alone

- Routers with fewer than four such routes, and with more than two others or fewer than four of five that ask.
- Routers that are given dependencies themselves, or where they are included.
- Routes for reading, unless four others are and all of them ask.
- Routes that have to be open, by their name or path: logging in, registering, health, callbacks, public files, and such
  that read a header or cookie themselves.

## Safety

It only reports: whether a route is open on purpose, nobody but its author can say.

See <https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-in-path-operation-decorators/>.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.authentication import authentication_of
from ...project.operations import Operation, operations_of
from ...project.placed import placed_function
from ...source.discovery import is_test

FEWEST = 4
"""Routes that ask, from which on it is a rule of the router."""
SHARE = 0.8
MOST = 2
"""Routes that do not: of more, they are another kind."""

_OPEN = re.compile(
    r"(?i)log_?in|log_?out|sign_?(?:in|up|out)|regist|token|auth|oauth|callback|health|heartbeat|ping|status|version|public"
    r"|webhook|verif|reset|forgot|activat|confirm|refresh|csrf|setup|install|onboard|invit|share|proxy|config|settings"
    r"|static|assets?|favicon|image|icon|avatar|robots|manifest|docs|openapi|metrics|root|index|ready|live|anonym|guest"
    r"|feed|rss|embed|subscribe|session|sso|saml|mfa|challenge|license|terms|about|info|download|file|thumbnail|media"
)
_READS = re.compile(r"headers|cookies|\.user\b|\.state\b|credential|api_key|[Tt]oken|signature|permission|authoriz")


class UnprotectedSibling(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        given = _routers_with_dependencies(project)
        by_router: dict[tuple[str, str], list[Operation]] = {}
        for operation in operations_of(project):
            if is_test(operation.module.path) or operation.function.is_method or operation.router in given:
                continue
            if operation.router is not None and operation.method != "websocket":
                by_router.setdefault((operation.router.path or "", operation.router.name), []).append(operation)
        for operations in by_router.values():
            if len(operations) > FEWEST:
                yield from self._in_router(project, operations)

    def _in_router(self, project: Project, operations: list[Operation]) -> Iterator[Finding]:
        asked = [(operation, authentication_of(project, operation)) for operation in operations]
        open_ones = [operation for operation, who in asked if not who]
        if not open_ones or len(open_ones) > MOST or len(operations) - len(open_ones) < FEWEST:
            return
        if len(operations) - len(open_ones) < SHARE * len(operations):
            return
        usual, number = Counter(who[0].name for _, who in asked if who).most_common(1)[0]
        for operation in open_ones:
            same = [who for other, who in asked if other.method == operation.method and other is not operation]
            # What only reads is open more often: all others that read must be closed.
            if operation.method == "get" and (len(same) < FEWEST or not all(same)):
                continue
            if not _is_meant(project, operation):
                yield self.finding(
                    operation.module.location(operation.decorator.line, 1, operation.decorator.line),
                    f"`{operation.function.name}` asks nobody who calls; {number} other routes of"
                    f" `{operation.receiver}` depend on `{usual}`",
                    anchor=f"{operation.anchor}.open",
                )


def _routers_with_dependencies(project: Project) -> set[Symbol | None]:
    """Routers and applications that are given dependencies: what these do holds for all of their routes."""
    found: set[Symbol | None] = set()
    for module, made in project.instances("fastapi.APIRouter", "fastapi.FastAPI"):
        own = project.resolve(module, made.call.callee)
        if made.call.argument("dependencies") is not None or made.call.unpacks or own is None or own.path is not None:
            found.add(Symbol(module.path, made.target))
        if made.call.argument("route_class") is not None:
            found.add(Symbol(module.path, made.target))
    for module, call in project.calls("include_router"):
        if call.call.argument("dependencies") is not None and call.call.positional:
            found.add(project.resolve(module, module.code(call.call.positional[0].span), call.scopes))
    return found


def _is_meant(project: Project, operation: Operation) -> bool:
    path = operation.path(project)
    if path is None or path.strip("/") == "" or _OPEN.search(path) or _OPEN.search(operation.function.name):
        return True
    module, function = operation.module, operation.function
    header = module.code(function.span)
    if _READS.search(header) or any(d.call is None or d != operation.decorator for d in function.decorators):
        return True
    placed = placed_function(module, function)
    body = module.code(placed.span()) if placed is not None else ""
    hidden = operation.call.argument("include_in_schema")
    return bool(_READS.search(body)) or hidden is not None
