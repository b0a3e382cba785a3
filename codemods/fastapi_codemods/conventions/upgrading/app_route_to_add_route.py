"""Plain Starlette routes are added to an application through its router.

`@app.route("/metrics")` becomes `@app.router.route("/metrics")`, and `app.add_websocket_route(...)` becomes
`app.router.add_websocket_route(...)`.

## Why

Starlette 1.0 took both methods from the application: the module can no longer be imported. The router still has them.
`@app.get` would be the better home of most of these routes. But that is another contract: it appears in the OpenAPI
document, answers no HEAD, and calls the function with other arguments.

## Left alone

- Applications of a class of the project's own, which may have methods of these names.

## Safety

Safe: the application's methods handed on to those of its router.

See <https://fastapi.tiangolo.com/release-notes/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.named_calls import nodes_in
from ...project.operations import APPLICATION, receiver_of
from ...project.reader import dotted

_METHODS = frozenset({"add_websocket_route", "route"})
_CALL = re.compile(r"\.(?:route|add_websocket_route)\s*\(")
_CALL_BYTES = re.compile(_CALL.pattern.encode())


class AppRouteToAddRoute(Codemod):
    safety = Safety.SAFE
    since = (0, 90)

    def find(self, project: Project) -> Iterator[Finding]:
        modules = (module for module in project.modules() if _CALL_BYTES.search(module.data))
        for place in nodes_in(modules, _CALL):
            callee = place.node.func if isinstance(place.node, ast.Call) else None
            if not isinstance(callee, ast.Attribute) or callee.attr not in _METHODS:
                continue
            receiver, method = dotted(callee.value), callee.attr
            found = receiver_of(project, place.module, receiver, place.scopes) if receiver else None
            if found is None or not project.derives_from(cls := found[1], (APPLICATION,)):
                continue
            end = place.positions.span(callee.value).end
            yield self.finding(
                place.location(callee),
                f"an application has no `{method}` since Starlette 1.0: `{receiver}.router.{method}`",
                anchor=f"{place.around}.{receiver}.{method}",
                left_alone=None if cls == Symbol(None, APPLICATION) else f"`{cls.name}` may have its own `{method}`",
                subject=(place.module, end),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            module, offset = finding.subject
            edits.insert(module, offset, ".router", finding)
