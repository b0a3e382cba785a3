"""A tag is given once: by the router, not by each of its routes again.

`@router.get("/", tags=["users"])` on `APIRouter(tags=["users"])` becomes `@router.get("/")`.

## Why

FastAPI puts the tags of application, router and route one behind the other and takes none out. `["users", "users"]` in
the schema makes some generators emit an operation twice, and linters of OpenAPI complain.

## Left alone

- Tags that are not written as a list in place.
- Tags of an include that stand in another order than on the router: the first tag would be another one.

## Safety

A contract: the second mention of a tag leaves the schema. The first tag, by which documentation and clients group,
stays.

See <https://fastapi.tiangolo.com/tutorial/path-operation-configuration/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Call, Module, Project
from ...project.routers import routers_of
from ...project.tags import Listed, includes_of, listed
from ...source.discovery import is_test


class _Repeated(NamedTuple):
    module: Module
    call: Call
    left: tuple[str, ...]
    """The tags that stay, as written."""


class DedupeTags(Codemod):
    safety = Safety.CONTRACT
    after = ("hoist-router-tags", "move-include-args-to-router")

    def find(self, project: Project) -> Iterator[Finding]:
        includes = includes_of(project)
        for router in routers_of(project):
            if is_test(router.module.path):
                continue
            own = listed(router.module, router.made.call)
            if own is None:
                continue
            above = {key for one in own if (key := _key(one)) is not None}
            for operation in router.operations:
                given = listed(operation.module, operation.call) or ()
                repeated = _repeated(given, above)
                if repeated:
                    yield self._finding(
                        operation.module, operation.call, operation.decorator.line, given, repeated, operation.anchor
                    )
            for include in includes:
                if router.symbol is None or include.router != router.symbol or not own:
                    continue
                given = listed(include.module, include.at.call) or ()
                inner = [one for one in given if _key(one) in above]
                if inner:
                    left = [one for one in given if one not in inner]
                    order = [_key(one) for one in (*left, *own)]
                    kept = list(dict.fromkeys(_key(one) for one in (*given, *own)))
                    reason = None if order == kept else "the first tag would be another one"
                    yield self._finding(
                        include.module, include.at.call, include.at.line, given, inner, f"{router.name}.include", reason
                    )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Repeated = finding.subject
            if item.left:
                values = {"tags": f"[{', '.join(item.left)}]"}
                change_arguments(edits, item.module, item.call, finding, values=values)
            else:
                change_arguments(edits, item.module, item.call, finding, remove=["tags"])

    def _finding(
        self,
        module: Module,
        call: Call,
        line: int,
        given: Sequence[Listed],
        repeated: Sequence[Listed],
        anchor: str,
        reason: str | None = None,
    ) -> Finding:
        argument = call.argument("tags")
        if argument is not None and has_comment(module.code(argument.span)):
            reason = "a comment stands in the list"
        left = tuple(one.code for one in given if one not in repeated)
        names = ", ".join(f"`{one.code}`" for one in repeated)
        return self.finding(
            module.location(line, 1, line),
            f"the tag {names} is given by the router already",
            anchor=f"{anchor}.{names}",
            left_alone=reason,
            subject=_Repeated(module, call, left),
        )


def _key(one: Listed) -> str | None:
    """What a tag is: its text, or the expression for it."""
    return one.text if one.text is not None else f"\0{one.code}"


def _repeated(given: Sequence[Listed], above: set[str]) -> list[Listed]:
    """The tags that were there before, on the router or in the list itself."""
    seen: set[str | None] = set(above)
    found: list[Listed] = []
    for one in given:
        key = _key(one)
        if key in seen:
            found.append(one)
        seen.add(key)
    return found
