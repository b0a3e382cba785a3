"""An `HTTPException` is raised, not returned.

`return HTTPException(status_code=404)` becomes `raise HTTPException(status_code=404)`.

## Why

To FastAPI a returned exception is a value like any other. A handler answers 200, with the exception's attributes for a
body. A dependency that returns one has not refused anything: the handler runs, and gets an exception where it expects a
user.

## Left alone

- Functions that make an exception for others to raise: `raise not_found("user")`.
- A `return` inside a `try` or a `with` that would see the exception.
- Functions that other code calls as well: it may look at what it gets.

## Safety

A contract: the answer gets the status that the code says, where it was 200, and what a dependency refuses is refused.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Project, Span, Symbol
from ...project.catching import reason_it_would_not_get_out
from ...project.operations import operations_of
from ...project.placed import FunctionNode, Placed, nodes_of_statement
from ...project.raises import HTTP_EXCEPTIONS
from ...project.references import Use, uses
from ...project.words import modules_with, statements_with
from ...source.discovery import is_test

_HARMLESS = frozenset({"decorator", "injected", "override"})


class _Returned(NamedTuple):
    placed: Placed
    function: FunctionNode
    role: str
    """`handler` or `dependency`."""
    used: Sequence[Use]


class ReturnHttpexceptionToRaise(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        for item in _returned(project):
            does = (
                "answers 200 with the exception's attributes"
                if item.role == "handler"
                else "lets the request through: a dependency refuses by raising"
            )
            yield self.finding(
                item.placed.location,
                f"`{item.function.name}` returns an HTTPException, and so {does}",
                anchor=f"{item.placed.qualified_name}.return",
                left_alone=_reason(project, item),
                subject=item.placed,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            placed: Placed = finding.subject
            start = placed.span().start
            edits.replace(placed.module, Span(start, start + len("return")), "raise", finding)


def _returned(project: Project) -> Iterator[_Returned]:
    found: list[tuple[Placed, FunctionNode]] = []
    for placed in _returns(project):
        function = placed.function
        if function is None or not isinstance(placed.node, ast.Return) or not isinstance(placed.node.value, ast.Call):
            continue
        symbol = placed.resolve(project, placed.node.value.func)
        if symbol is not None and symbol.path is None and symbol.name in HTTP_EXCEPTIONS:
            found.append((placed, function))
    if not found:
        return
    handlers = {(o.module.path, o.function.name, o.function.line) for o in operations_of(project)}
    symbols = {Symbol(placed.module.path, function.name) for placed, function in found if _is_global(placed)}
    used = uses(project, symbols) if symbols else {}
    for placed, function in found:
        place = placed.module.path, function.name, placed.positions.line(function.lineno)
        own = used.get(Symbol(placed.module.path, function.name), []) if _is_global(placed) else []
        if place in handlers:
            yield _Returned(placed, function, "handler", own)
        elif any(use.kind == "injected" for use in own):
            yield _Returned(placed, function, "dependency", own)


def _returns(project: Project) -> Iterator[Placed]:
    """Those that may return one, by whatever name the module has for it."""
    for module in modules_with(project, re.compile(rb"\bHTTPException\b"), (b"HTTPException",)):
        if is_test(module.path):
            continue
        names = {local for local, targets in module.imports.items() if targets[0].endswith(".HTTPException")}
        pattern = re.compile(rf"return[ \t(]+[\w.]*\b(?:{'|'.join(sorted({*names, 'HTTPException'}))})\(")
        for index in statements_with(module, pattern):
            yield from nodes_of_statement(module, index, ast.Return)


def _is_global(placed: Placed) -> bool:
    return isinstance(placed.around[-1], FunctionNode) and placed.function is placed.around[-1]


def _reason(project: Project, item: _Returned) -> str | None:
    for use in item.used:
        if use.kind not in _HARMLESS:
            return f"{use.place} uses the function, and may look at what it gets"
    return reason_it_would_not_get_out(project, item.placed)
