"""Handlers as they are registered: decorators of functions whose receiver is an application or a router.

    @router.get("/items", tags=["items"])
    def list_items(): ...

Unlike the route table (`routes`) this is about what is written: one entry for each decorator, with the places a
rewrite needs, and nothing is evaluated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..source import UnreadableSourceError
from ..source.nodes import children, walk
from .index import Module, Project, Symbol
from .model import Call, Decorator, Function, Scope, Span
from .reader import ROUTE_METHODS, Positions

APPLICATION = "fastapi.FastAPI"
ROUTER = "fastapi.APIRouter"

METHODS = tuple(method for method in ROUTE_METHODS if method not in ("api_route", "websocket"))


class Operation(NamedTuple):
    """One decorator that registers one function."""

    module: Module
    function: Function
    decorator: Decorator
    call: Call
    receiver: str
    """What it is called on, as written."""
    method: str
    """`get`, `api_route`, `websocket`."""
    router: Symbol | None
    """The receiver, where it is a module-level name of the project."""
    cls: Symbol
    """The receiver's class: FastAPI's own, or one of the project's that derives from it."""

    @property
    def is_of_fastapi(self) -> bool:
        """The receiver is made by FastAPI's own class, whose methods do what the documentation says."""
        return self.cls.path is None

    @property
    def path_span(self) -> Span | None:
        """Of the path's expression; None where the call is given unpacked arguments in front of it, or no path."""
        if (named := self.call.argument("path")) is not None:
            return named.span
        first = self.call.arguments[0] if self.call.arguments else None
        return first.span if first is not None and first.name is None and not first.unpacked else None

    def path(self, project: Project) -> str | None:
        """The path, None where it is not a plain string."""
        span = self.path_span
        return project.string(self.module, span) if span is not None else None

    @property
    def place(self) -> str:
        return f"{self.module.path}:{self.decorator.line}"

    @property
    def anchor(self) -> str:
        return f"{self.function.qualified_name}@{self.receiver}.{self.method}"


def operations_of(project: Project) -> tuple[Operation, ...]:
    """Every decorator that registers a handler, by path, in the order of the text."""
    return project.remembered("operations", lambda: tuple(_operations(project)))


def _operations(project: Project) -> Iterator[Operation]:
    for module in project.modules():
        known: dict[tuple[str, tuple[Scope, ...]], tuple[Symbol | None, Symbol] | None] = {}
        for function in module.facts.functions:
            for decorator in function.decorators:
                receiver, _, method = decorator.name.rpartition(".")
                if decorator.call is None or not receiver or method not in ROUTE_METHODS:
                    continue
                key = receiver, function.scopes
                if key not in known:
                    known[key] = receiver_of(project, module, receiver, function.scopes)
                found = known[key]
                if found is not None:
                    yield Operation(module, function, decorator, decorator.call, receiver, method, *found)


def receiver_of(
    project: Project, module: Module, receiver: str, scopes: Sequence[Scope]
) -> tuple[Symbol | None, Symbol] | None:
    """What `receiver` is, if it is a module-level name, and its class; None where it is no application or router."""
    symbol = project.resolve(module, receiver, scopes)
    if symbol is not None:
        home = project.module(symbol.path) if symbol.path is not None else None
        if home is None:
            return None
        makers = [made for made in home.facts.assignments if made.target == symbol.name and not made.scopes]
        classes = {_class(project, home, made.call.callee, ()) for made in makers}
        return (symbol, cls) if len(classes) == 1 and (cls := classes.pop()) is not None else None
    head = receiver.partition(".")[0]
    for depth in range(len(scopes), 0, -1):
        scope = scopes[depth - 1]
        if head not in scope.names:
            continue
        around = tuple(scopes[:depth])
        classes = {
            _class(project, module, made.call.callee, around)
            for made in module.facts.assignments
            if made.target == receiver and made.scopes == around
        }
        for function in module.facts.functions:
            if function.name == scope.name and function.scopes == around[:-1]:
                classes |= {
                    _class(project, module, module.code(parameter.annotation).strip("\"'"), around[:-1])
                    for parameter in function.parameters
                    if parameter.name == receiver and parameter.annotation is not None
                }
        return (None, cls) if len(classes) == 1 and (cls := classes.pop()) is not None else None
    return None


def _class(project: Project, module: Module, name: str, scopes: Sequence[Scope]) -> Symbol | None:
    symbol = project.resolve(module, name, scopes) if re.fullmatch(r"[\w.]+", name) else None
    return symbol if symbol is not None and project.derives_from(symbol, (APPLICATION, ROUTER)) else None


def decorator_besides(function: Function) -> str | None:
    """The name of a decorator that registers no route, and may make something else of the function."""
    for decorator in function.decorators:
        receiver, _, method = decorator.name.rpartition(".")
        if not receiver or method not in ROUTE_METHODS:
            return decorator.name
    return None


class Definition(NamedTuple):
    """A function with its syntax tree."""

    node: ast.FunctionDef | ast.AsyncFunctionDef
    positions: Positions
    """Of the nodes in it."""


def definition_of(module: Module, function: Function) -> Definition | None:
    """The syntax tree of a function, None where Python cannot parse it."""
    statement = module.facts.statements[function.statement]
    try:
        tree = module.tree(function.statement)
    except (UnreadableSourceError, RecursionError):
        return None
    line = function.line - statement.line + 1
    for node in walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name == function.name and node.lineno == line:
            text = module.statement_text(function.statement)
            return Definition(node, Positions(text, statement.start, statement.line))
    return None


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function's body, without those of functions, lambdas and classes in it."""
    waiting: list[ast.AST] = list(node.body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else [node]
    waiting.reverse()
    while waiting:
        current = waiting.pop()
        yield current
        if not isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += reversed(children(current))
