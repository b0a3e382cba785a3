"""Tags that all routes of a router begin with stand in its `APIRouter(...)`.

`@router.get("/", tags=["users"])` on every route of a router becomes `@router.get("/")`, and `router = APIRouter()`
becomes `router = APIRouter(tags=["users"])`.

## Why

A tag says to which part of the API a route belongs, and so does its router. Said once, no route can be forgotten, and
a new one has it from the start. FastAPI's own style guide asks for it.

## Left alone

- Routers with one route, with a route that has no tags, and tags that are not at the beginning everywhere are no
  findings: a tag of the router stands before those of its routes.
- A router that includes other routers, is given routes by other means than decorators, or whose routes are used
  elsewhere.
- A router that a function makes, one with unpacked arguments, and one of the project's own subclass of `APIRouter`.
- Tags that need a name which comes to be below the router, or which its module does not have.
- Tags that the router has already: its routes have them twice, which OpenAPI would go on to say.
- Comments inside of the lists.

## Safety

Safe: FastAPI puts the tags of a router in front of those of its routes, so that every route keeps its tags in their
order.

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
from ...project.routers import Shared, shared_by_routes


class HoistRouterTags(Codemod):
    safety = Safety.SAFE

    after = ("split-router",)

    def find(self, project: Project) -> Iterator[Finding]:
        for shared, reason in shared_by_routes(project, "tags"):
            name = shared.router.name
            yield self.finding(
                shared.location,
                f"all {len(shared.elements)} routes of `{name}` have the tag{'s' * (len(shared.codes) > 1)}"
                f" {shared.listed}, which the router could give them",
                anchor=f"{name} tags",
                left_alone=reason or _reason(shared) or reason_of_layout(shared, "tags"),
                subject=shared,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            hoist(edits, finding.subject, "tags", finding)


def _reason(shared: Shared) -> str | None:
    own = shared.router.made.call.argument("tags")
    node = shared.router.module.expression(own.span) if own is not None else None
    if not isinstance(node, ast.List | ast.Tuple):
        return None
    has = {ast.unparse(element) for element in node.elts}
    twice = next((code for code in shared.codes if ast.unparse(ast.parse(code, mode="eval").body) in has), None)
    return f"the router has the tag `{twice}` already, so that its routes have it twice" if twice is not None else None
