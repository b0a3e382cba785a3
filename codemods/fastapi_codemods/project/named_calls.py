"""Nodes and calls wherever in the code they stand: `Query(...)`, `Field(...)`, `FastAPI(...)`, `app.extra`.

The index keeps the calls that make the application. Keyword arguments that a release renamed stand in other places too:
in a class's body, in an `Annotated` alias, in a model. What cannot hold one is never parsed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..findings import Location
from ..source import UnreadableSourceError
from ..source.nodes import children
from .index import Module, Project, Symbol
from .model import Call, Scope, Span
from .reader import Positions, call_of, dotted, scope_of
from .words import statements_with


class Place(NamedTuple):
    """A node of a syntax tree and where it stands."""

    node: ast.AST
    module: Module
    positions: Positions
    scopes: tuple[Scope, ...]
    """The functions and classes that it is evaluated in."""

    @property
    def around(self) -> str:
        """The qualified name of the function or class that the node stands in, empty at module level."""
        return ".".join(scope.name for scope in self.scopes)

    def location(self, node: ast.expr) -> Location:
        """Of this node or one below it."""
        first, last = (self.positions.line(line or node.lineno) for line in (node.lineno, node.end_lineno))
        return self.module.location(first, self.positions.column(node.lineno, node.col_offset), last)


class NamedCall(NamedTuple):
    """A call whose callee's name is known to the project."""

    node: ast.Call
    call: Call
    symbol: Symbol
    place: Place

    @property
    def module(self) -> Module:
        return self.place.module

    @property
    def location(self) -> Location:
        return self.place.location(self.node)

    def keyword(self, name: str) -> Span | None:
        """Of the word before the `=`."""
        for keyword in self.node.keywords:
            if keyword.arg == name:
                start = self.place.positions.offset(keyword.lineno, keyword.col_offset)
                return Span(start, start + len(name))
        return None


def nodes_in(modules: Iterable[Module], pattern: re.Pattern[str]) -> Iterator[Place]:
    """All nodes of the top-level statements that hold a match of `pattern`, a string or comment included."""
    for module in modules:
        for index in statements_with(module, pattern):
            try:
                found = list(_with_scopes(module.parsed(index), ()))
            except (UnreadableSourceError, RecursionError):
                continue  # whoever reads the file says so
            statement = module.facts.statements[index]
            positions = Positions(module.statement_text(index), statement.start, statement.line)
            for node, scopes in found:
                yield Place(node, module, positions, scopes)


def calls_in(
    project: Project, modules: Iterable[Module], pattern: re.Pattern[str], is_wanted: Callable[[Symbol], bool]
) -> Iterator[NamedCall]:
    """The calls of what `is_wanted`, in the statements that hold a match of `pattern`."""
    for place in nodes_in(modules, pattern):
        node = place.node
        if not isinstance(node, ast.Call) or not (name := dotted(node.func)):
            continue
        symbol = project.resolve(place.module, name, place.scopes)
        if symbol is not None and is_wanted(symbol):
            yield NamedCall(node, call_of(node, place.positions), symbol, place)


def _with_scopes(node: ast.AST, scopes: tuple[Scope, ...]) -> Iterator[tuple[ast.AST, tuple[Scope, ...]]]:
    """A node and all below it, with the functions and classes that each is evaluated in."""
    yield node, scopes
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        # Decorators, defaults, annotations and bases belong to what is around.
        inner = (*scopes, scope_of(node))
        inside = {id(child) for child in node.body}
        for child in children(node):
            yield from _with_scopes(child, inner if id(child) in inside else scopes)
        return
    for child in children(node):
        yield from _with_scopes(child, scopes)
