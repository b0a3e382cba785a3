"""The prefix that all paths of a router share stands in its `APIRouter(...)`.

`@router.get("/orders")` and `@router.get("/orders/{order_id}")` become `@router.get("")` and
`@router.get("/{order_id}")`, and `router = APIRouter()` becomes `router = APIRouter(prefix="/orders")`. A prefix that
the router has already grows.

## Why

What a router is for is said once, where it is made. Renaming a path touches one line, and a route cannot fall out of
the group because of a typing error in its path.

## Left alone

- Routers with one route, and paths that share a part of a segment only (`/user` and `/users`), are no findings.
- A path that is computed or written in several pieces.
- A router that includes other routers, is given routes by other means than decorators, or whose routes are used
  elsewhere.
- A router that a function makes, one with unpacked arguments, and one of the project's own subclass of `APIRouter`.
- A prefix of the router's own that is computed.

## Safety

Safe: every path, also the one in `request.scope["route"]`, operation ids and the order of routes stay the same. Only
whole segments without parameters move, and a path that is nothing but the prefix becomes `""`, which FastAPI serves
without a slash at the end as before.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Project
from ...project.routers import FEWEST_ROUTES, OwnRouter, reasons_against, routers_of

_PLAIN = re.compile(r"""["'](/[^"'\\]*)["']""")


class _Subject(NamedTuple):
    router: OwnRouter
    common: str
    prefix: str
    """Of the router afterwards, as code."""


class HoistRouterPrefix(Codemod):
    safety = Safety.SAFE

    after = ("api-route-to-method-decorator", "split-router")

    def find(self, project: Project) -> Iterator[Finding]:
        found = [(router, prefix) for router in routers_of(project) if (prefix := _common(project, router))]
        against = reasons_against(project, [router for router, _ in found], "prefix")
        for index, (router, common) in enumerate(found):
            result = against.get(index) or _subject(project, router, common)
            made = router.made
            yield self.finding(
                router.module.location(made.line, made.column, made.end_line),
                f"`{common}` begins all paths of `{router.name}` instead of being its prefix",
                anchor=f"{router.name}{common}",
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            router = subject.router
            change_arguments(edits, router.module, router.made.call, finding, values={"prefix": subject.prefix})
            for operation in router.operations:
                span = operation.path_span
                assert span is not None
                code = operation.module.code(span)
                edits.replace(operation.module, span, code[0] + code[1 + len(subject.common) :], finding)


def _common(project: Project, router: OwnRouter) -> str:
    """The leading segments without parameters that all known paths share; empty if there are none."""
    paths = [path for operation in router.operations if (path := operation.path(project)) is not None]
    if len(paths) < FEWEST_ROUTES:
        return ""
    segments = [path.split("/") for path in paths]
    shared = 0
    while all(len(path) > shared and path[shared] == segments[0][shared] for path in segments):
        if "{" in segments[0][shared] or (shared > 0 and not segments[0][shared]):
            break
        shared += 1
    return "/".join(segments[0][:shared]) if shared > 1 else ""


def _subject(project: Project, router: OwnRouter, common: str) -> _Subject | str:
    for operation in router.operations:
        span = operation.path_span
        if operation.call.unpacks:
            return f"the route at {operation.place} gets unpacked arguments"
        if span is None or operation.path(project) is None:
            return f"the path at {operation.place} is computed"
        if not _PLAIN.fullmatch(operation.module.code(span)):
            return f"the path at {operation.place} is not written as one plain string"
    first = router.operations[0]
    assert first.path_span is not None
    quote = first.module.code(first.path_span)[0]
    own = router.made.call.argument("prefix")
    if own is None:
        return _Subject(router, common, f"{quote}{common}{quote}")
    value = project.string(router.module, own.span)
    code = router.module.code(own.span)
    if value is None or not re.fullmatch(r"""["'][^"'\\]*["']""", code):
        return "the prefix that the router has already is computed"
    return _Subject(router, common, f"{code[0]}{value}{common}{code[0]}")
