"""Dependencies that all routes of a router begin with stand in its `APIRouter(...)`.

`@router.get("/", dependencies=[Depends(require_user)])` on every route of a router becomes `@router.get("/")`, and
`router = APIRouter()` becomes `router = APIRouter(dependencies=[Depends(require_user)])`.

## Why

What guards a whole router is said once, where the router is made, and a route that is added later is guarded too.

## Left alone

- Routers with one route, with a route that has no dependencies, and dependencies that are not the first ones
  everywhere are no findings: those of the router run before those of its routes.
- A WebSocket route without the dependency: it would be given it, too.
- `Depends(Limiter(times=5))`: each route has an object of its own now, which may count for itself. The same goes for
  `max_concurrency`.
- A router that includes other routers, is given routes by other means than decorators, or whose routes are used
  elsewhere.
- A router that a function makes, one with unpacked arguments, and one of the project's own subclass of `APIRouter`.
- A dependency that is defined below the router, or which its module does not know.
- Comments inside of the lists.

## Safety

Safe: dependencies of a router run before those of its routes and after those of `include_router` and the application,
so that every route keeps its dependencies in their order.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.lists import hoist, reason_of_layout
from ...findings import Finding, Safety
from ...project import Project
from ...project.reader import dotted
from ...project.references import INJECTORS
from ...project.routers import Shared, shared_by_routes
from ...source.nodes import walk

_HARMLESS = frozenset({"dependency", "scope", "scopes", "use_cache"})


class HoistRouterDependencies(Codemod):
    safety = Safety.SAFE

    after = ("split-router", "unused-dependency-to-decorator")

    def find(self, project: Project) -> Iterator[Finding]:
        for shared, reason in shared_by_routes(project, "dependencies"):
            name = shared.router.name
            yield self.finding(
                shared.location,
                f"all {len(shared.elements)} routes of `{name}` depend on {shared.listed} first, which the router could"
                " say",
                anchor=f"{name} dependencies",
                left_alone=reason or _reason(project, shared) or reason_of_layout(shared, "dependencies"),
                subject=shared,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            hoist(edits, finding.subject, "dependencies", finding)


def _reason(project: Project, shared: Shared) -> str | None:
    for operation in shared.router.operations:
        if operation.place not in shared.elements:
            return f"the WebSocket route at {operation.place} does not have it"
    for code in shared.codes:
        node = ast.parse(code, mode="eval").body
        if isinstance(node, ast.Name | ast.Attribute):
            continue  # one object for all of them, now and then
        callee = project.resolve(shared.source, dotted(node.func)) if isinstance(node, ast.Call) else None
        if not isinstance(node, ast.Call) or callee is None or callee.name not in INJECTORS:
            return f"`{code}` is not written as `Depends(...)`"
        for keyword in node.keywords:
            if keyword.arg not in _HARMLESS:
                return f"`{keyword.arg or '**'}` of `{code}` may count for each route"
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            if any(isinstance(part, ast.Call | ast.Lambda) for part in walk(value)):
                return f"`{ast.unparse(value)}` makes an object for each route, which may count for itself"
    return None
