"""Functions in whose text something stands, wherever in the project, and where they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..findings import Location
from ..source import UnreadableSourceError
from ..source.discovery import is_test
from .index import Module, Project
from .model import Function
from .operations import Operation, operations_of
from .reader import Positions, statements_within
from .types import Frame, FunctionNode
from .words import modules_with, statements_with


class FunctionAt(NamedTuple):
    """A function with its syntax tree and what it stands in."""

    module: Module
    positions: Positions
    """Of the nodes of the statement that holds it."""
    outside: tuple[ast.AST, ...]
    """Functions and classes around it, the outermost first."""
    node: FunctionNode

    @property
    def frame(self) -> Frame:
        return Frame(self.module, (*self.outside, self.node))

    @property
    def name(self) -> str:
        """Qualified."""
        return self.frame.name

    @property
    def line(self) -> int:
        return self.positions.line(self.node.lineno)

    def location(self, node: ast.expr | ast.stmt) -> Location:
        """The place of a node in it."""
        line = self.positions.line(node.lineno)
        column = self.positions.column(node.lineno, node.col_offset)
        return self.module.location(line, column, self.positions.line(node.end_lineno or node.lineno))

    def code(self, node: ast.expr | ast.stmt) -> str:
        return self.module.code(self.positions.span(node))


def functions_with(
    project: Project, data: re.Pattern[bytes], text: re.Pattern[str], imports: Sequence[bytes] = ()
) -> Iterator[FunctionAt]:
    """The functions of the project in whose text `text` matches, tests left out, by path and line: methods, and
    functions in functions too. Only files count that hold `data`; for `imports` see `modules_with`."""
    for module in modules_with(project, data, imports):
        if is_test(module.path):
            continue
        for index in statements_with(module, text):
            statement = module.facts.statements[index]
            if statement.word not in ("def", "async def", "class", "@", "if", "try", "with"):
                continue
            try:
                tree = module.tree(index)
            except (UnreadableSourceError, RecursionError):
                continue
            written = module.statement_text(index)
            positions = Positions(written, statement.start, statement.line)
            lines = sorted({positions.line_of(statement.start + m.start()) for m in text.finditer(written)})
            yield from _functions_in(module, positions, (), tree.body, lines)


def _functions_in(
    module: Module, positions: Positions, outside: tuple[ast.AST, ...], body: Sequence[ast.stmt], lines: Sequence[int]
) -> Iterator[FunctionAt]:
    for node in statements_within(body):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
        if not any(first <= line <= (node.end_lineno or first) for line in lines):
            continue
        if isinstance(node, FunctionNode):
            yield FunctionAt(module, positions, outside, node)
        yield from _functions_in(module, positions, (*outside, node), node.body, lines)


def routes_of(project: Project, found: FunctionAt) -> list[Operation]:
    """The decorators that make a handler of the function; none: it is not one."""
    by_place = project.remembered("operations by place", lambda: _by_place(project))
    return by_place.get((found.module.path, found.line), [])


def _by_place(project: Project) -> dict[tuple[str, int], list[Operation]]:
    found: dict[tuple[str, int], list[Operation]] = {}
    for operation in operations_of(project):
        found.setdefault((operation.module.path, operation.function.line), []).append(operation)
    return found


def function_of(found: FunctionAt) -> Function | None:
    """What the index knows of the function, where it has read it."""
    functions = found.module.facts.functions
    return next((f for f in functions if f.line == found.line and f.name == found.node.name), None)
