"""What the project registers to answer exceptions.

@app.exception_handler(RequestValidationError)
app.add_exception_handler(404, not_found)
FastAPI(exception_handlers={HTTPException: answer})
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source.nodes import walk
from .index import Project, Symbol
from .placed import FunctionNode, Placed, argument, nodes_of_statement, nodes_with
from .reader import dotted

_BYTES = re.compile(rb"exception_handler")
_TEXT = re.compile(r"exception_handler")


class ExceptionHandler(NamedTuple):
    """One registration."""

    placed: Placed
    """What registers: the decorator, the call of `add_exception_handler`, or `FastAPI(...)`."""
    key: ast.expr
    """The class or status as written."""
    kind: Symbol | int | None
    """The class or status; None where it cannot be told."""
    function: Placed | None
    """What answers; None where it is not found."""


def exception_handlers(project: Project) -> tuple[ExceptionHandler, ...]:
    """All registrations but those of tests, by path and place."""
    return project.remembered("exception handlers", lambda: tuple(_exception_handlers(project)))


def _exception_handlers(project: Project) -> Iterator[ExceptionHandler]:
    for placed in nodes_with(project, (ast.Call, ast.FunctionDef, ast.AsyncFunctionDef), _BYTES, _TEXT):
        node = placed.node
        if isinstance(node, FunctionNode):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and dotted(decorator.func).endswith(".exception_handler"):
                    key = argument(decorator, "exc_class_or_status_code", 0)
                    if key is not None:
                        around = (node, *placed.around)
                        yield _registered(project, placed._replace(node=decorator, around=around), key, placed)
        elif isinstance(node, ast.Call):
            method = dotted(node.func).rpartition(".")[2]
            if method == "add_exception_handler":
                key, given = argument(node, "exc_class_or_status_code", 0), argument(node, "handler", 1)
                if key is not None and given is not None:
                    yield _registered(project, placed, key, _function_of(project, placed, given))
            elif isinstance(handlers := argument(node, "exception_handlers"), ast.Dict):
                for key, given in zip(handlers.keys, handlers.values, strict=True):
                    if key is not None:
                        yield _registered(project, placed, key, _function_of(project, placed, given))


def _registered(project: Project, placed: Placed, key: ast.expr, function: Placed | None) -> ExceptionHandler:
    from .statuses import status_of

    kind: Symbol | int | None = status_of(project, placed, key)
    if kind is None:
        kind = placed.resolve(project, key)
        if kind is None and dotted(key) in ("Exception", "BaseException", "ValueError", "KeyError"):
            kind = Symbol(None, f"builtins.{dotted(key)}")
    return ExceptionHandler(placed, key, kind, function)


def _function_of(project: Project, placed: Placed, node: ast.expr) -> Placed | None:
    """The definition of the function that an expression names."""
    symbol = placed.resolve(project, node)
    if symbol is None or symbol.path is None:
        outer = placed.around[-1] if placed.around else None
        inner = [n for n in walk(outer) if isinstance(n, FunctionNode)] if outer is not None else []
        found = [n for n in inner if isinstance(node, ast.Name) and n.name == node.id]
        return placed._replace(node=found[0], around=(outer,)) if len(found) == 1 and outer is not None else None
    home = project.module(symbol.path)
    if home is None:
        return None
    for binding in home.bindings(symbol.name):
        if binding.kind == "def":
            for other in nodes_of_statement(home, binding.statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if not other.around and isinstance(other.node, FunctionNode) and other.node.name == symbol.name:
                    return other
    return None


def changes_http_exceptions(project: Project, status: int) -> ExceptionHandler | None:
    """A registration by which an HTTPException of this status is answered otherwise than FastAPI does, or may be."""
    for handler in exception_handlers(project):
        kind = handler.kind
        if kind is None or kind == status:
            return handler
        if isinstance(kind, Symbol) and kind.path is None and kind.name in _HTTP_EXCEPTIONS:
            return handler
    return None


_HTTP_EXCEPTIONS = frozenset({"fastapi.HTTPException", "starlette.exceptions.HTTPException"})
