"""A handler gets its user from the dependency that the project has for it, not by calling that itself.

`user = await get_current_user(request)` in a handler, where other handlers have `Depends(get_current_user)`.

## Why

A dependency runs before anything else of the request, is in the documentation, and tests can replace it. A call in
the body does none of this: the body has been read and validated by then, the schema says that the route is open, and
`dependency_overrides` has no effect.

## Left alone

- Functions that fewer than two handlers depend on.
- Calls that are given something else than the request and what came with it.
- Calls in a branch, as it depends on the request there.
- Websockets.

## Safety

It only reports: it changes the order of checks, which clients may notice.

See <https://fastapi.tiangolo.com/tutorial/security/get-current-user/>.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.authentication import asks_who, injected_into
from ...project.placed import Placed, placed_function
from ...project.responses import handlers_of

ENOUGH = 2
"""Handlers that depend on it."""


class ManualAuthToDependency(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        handlers = handlers_of(project)
        counts: Counter[Symbol] = Counter()
        for handler in handlers:
            counts.update(set(injected_into(project, handler.module, handler.function)))
        known = {
            symbol: number
            for symbol, number in counts.items()
            if number >= ENOUGH and symbol.path is not None and asks_who(project, symbol)
        }
        names = {symbol.name.rpartition(".")[2] for symbol in known}
        for handler in handlers if known else ():
            text = handler.module.statement_text(handler.function.statement)
            if not any(f"{name}(" in text for name in names):
                continue
            placed = placed_function(handler.module, handler.function)
            if placed is None:
                continue
            for call in placed.within(placed.node, ast.Call):
                assert isinstance(call.node, ast.Call)
                symbol = call.resolve(project, call.node.func)
                if (
                    symbol in known
                    and symbol is not None
                    and _is_the_same(call.node)
                    and _is_unconditional(placed, call)
                ):
                    yield self.finding(
                        call.location,
                        f"`{handler.function.name}` calls `{symbol.name}` itself; {known[symbol]} handlers depend"
                        " on it",
                        anchor=f"{handler.function.qualified_name}.{symbol.name}",
                    )


def _is_the_same(call: ast.Call) -> bool:
    """Whether it is given what a dependency would be given: nothing that is put together for it."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(isinstance(node, ast.Name | ast.Attribute) for node in given)


def _is_unconditional(function: Placed, call: Placed) -> bool:
    """Whether the call is in a statement of the handler's own block, or of a `try` in it."""
    body = getattr(function.node, "body", [])
    for node in call.around:
        if isinstance(node, ast.If | ast.IfExp | ast.For | ast.AsyncFor | ast.While | ast.BoolOp | ast.ExceptHandler):
            return False
        if node in body:
            return True
    return False
