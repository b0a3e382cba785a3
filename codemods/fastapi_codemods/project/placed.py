"""Nodes of the project's code with all that stands around them, found by words in the text first.

What the index does not read (bodies of functions, most calls) is parsed only where a pattern matches: in the bytes of a
file, then in the text of a top-level statement.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..findings import Location
from ..source import UnreadableSourceError
from ..source.discovery import is_test
from ..source.nodes import children
from .index import Module, Project, Symbol
from .model import Function, Scope, Span
from .reader import Positions, dotted, scope_of
from .words import modules_with, statements_with

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Placed(NamedTuple):
    """A node, and what it stands in."""

    module: Module
    positions: Positions
    node: ast.AST
    around: tuple[ast.AST, ...]
    """The innermost first, up to the top-level statement."""

    @property
    def function(self) -> FunctionNode | None:
        """The innermost function that the node runs in; None at module level, in a class, and in a lambda."""
        for node in self.around:
            if isinstance(node, FunctionNode):
                return node
            if isinstance(node, ast.ClassDef | ast.Lambda):
                return None
        return None

    @property
    def qualified_name(self) -> str:
        """Of the functions and classes around it; empty at module level."""
        return ".".join(node.name for node in reversed(self.around) if isinstance(node, _SCOPES))

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Of what is around it, outermost first. A decorator or default is not in the function that it stands at."""
        found: list[Scope] = []
        inner: ast.AST = self.node
        for node in self.around:
            if isinstance(node, _SCOPES) and inner in node.body:
                found.append(_scope(self.module, node))
            inner = node
        return tuple(reversed(found))

    @property
    def location(self) -> Location:
        node = self.node
        assert isinstance(node, ast.expr | ast.stmt | ast.excepthandler | ast.keyword)
        return self.module.location(
            self.positions.line(node.lineno),
            self.positions.column(node.lineno, node.col_offset),
            self.positions.line(node.end_lineno or node.lineno),
        )

    @property
    def statement(self) -> ast.stmt | None:
        """The innermost statement that the node is in or is."""
        return next((node for node in (self.node, *self.around) if isinstance(node, ast.stmt)), None)

    def span(self, node: ast.expr | ast.stmt | ast.keyword | None = None) -> Span:
        """Of a node of the same statement; its own without one."""
        of = self.node if node is None else node
        assert isinstance(of, ast.expr | ast.stmt | ast.keyword)
        return self.positions.span(of)

    def code(self, node: ast.expr | ast.stmt | ast.keyword) -> str:
        return self.module.code(self.positions.span(node))

    def resolve(self, project: Project, node: ast.expr) -> Symbol | None:
        name = dotted(node)
        return project.resolve(self.module, name, self.scopes) if name else None

    def within(self, node: ast.AST, kinds: type[ast.AST] | tuple[type[ast.AST], ...]) -> Iterator[Placed]:
        """The nodes of these kinds in one of its parts, `node` too, those of nested functions and classes not."""
        around = (self.node, *self.around) if node is not self.node else self.around
        for inner, path in _nodes(node, around, kinds, into_definitions=False):
            yield self._replace(node=inner, around=path)


def _scope(module: Module, node: FunctionNode | ast.ClassDef) -> Scope:
    return module.remembered(("scope of", node), lambda: scope_of(node))


def nodes_with(
    project: Project,
    kinds: type[ast.AST] | tuple[type[ast.AST], ...],
    in_bytes: re.Pattern[bytes],
    in_text: re.Pattern[str],
    imports: Sequence[bytes] = (),
) -> Iterator[Placed]:
    """The nodes of some kinds in the top-level statements that hold a match, tests left out, by path and place.

    Files: see `words.modules_with`.
    """
    for module in modules_with(project, in_bytes, imports):
        if is_test(module.path):
            continue
        for index in statements_with(module, in_text):
            yield from nodes_of_statement(module, index, kinds)


def nodes_of_statement(
    module: Module, index: int, kinds: type[ast.AST] | tuple[type[ast.AST], ...]
) -> Iterator[Placed]:
    """The same in one top-level statement; none where Python cannot parse it."""
    try:
        tree = module.parsed(index)
        statement = module.facts.statements[index]
        positions = Positions(module.statement_text(index), statement.start, statement.line)
        for part in tree.body:
            for node, around in _nodes(part, (), kinds, into_definitions=True):
                yield Placed(module, positions, node, around)
    except (UnreadableSourceError, RecursionError):
        return


def _nodes(
    node: ast.AST,
    around: tuple[ast.AST, ...],
    kinds: type[ast.AST] | tuple[type[ast.AST], ...],
    *,
    into_definitions: bool,
) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(node, around)]
    while waiting:
        current, above = waiting.pop()
        if isinstance(current, kinds):
            yield current, above
        if not into_definitions and current is not node and isinstance(current, (*_SCOPES, ast.Lambda)):
            continue
        inner = (current, *above)
        waiting += [(child, inner) for child in reversed(children(current))]


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """What a call gives for a parameter; None where it gives nothing, or unpacks what it gives."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is None or position >= len(call.args):
        return None
    if any(isinstance(given, ast.Starred) for given in call.args[: position + 1]):
        return None
    return call.args[position]


def unpacks(call: ast.Call) -> bool:
    return any(keyword.arg is None for keyword in call.keywords) or any(
        isinstance(given, ast.Starred) for given in call.args
    )


def placed_function(module: Module, function: Function) -> Placed | None:
    """The definition of a function that the index knows; None where Python cannot parse it."""
    for placed in nodes_of_statement(module, function.statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
        node = placed.node
        is_named_so = isinstance(node, FunctionNode) and node.name == function.name
        if is_named_so and placed.positions.line(getattr(node, "lineno", 0)) == function.line:
            return placed
    return None
