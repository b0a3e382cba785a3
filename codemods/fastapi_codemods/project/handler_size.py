"""How much a handler does itself: its lines of code and its branches."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ..source.nodes import children
from .operations import own_nodes
from .reader import dotted

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

_BRANCHES = ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.IfExp | ast.match_case


class Size(NamedTuple):
    lines: int
    """Of code: without blank lines, comments and nested functions. Of data that is only listed, as the fields of a
    response, all lines together count as one."""
    branches: int
    errors: int
    """`HTTPException(...)`."""
    catches: int
    calls: int
    """Awaited calls."""


def without_docstring(node: FunctionNode) -> list[ast.stmt]:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return node.body[1:]
    return node.body


def nodes_of(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of statements, without those of functions, lambdas and classes in them."""
    for statement in statements:
        yield from own_nodes(ast.Module([statement], []) if _is_function(statement) else statement)


def _is_function(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)


def size_of(statements: Sequence[ast.stmt]) -> Size:
    lines: set[int] = set()
    branches = errors = catches = calls = 0
    for part in _counted(statements):
        if isinstance(part, ast.stmt | ast.expr | ast.keyword | ast.ExceptHandler):
            lines.add(part.lineno)
            if isinstance(part, ast.Constant | ast.JoinedStr) and part.end_lineno is not None:
                lines.update(range(part.lineno, part.end_lineno + 1))
        branches += isinstance(part, _BRANCHES)
        catches += isinstance(part, ast.ExceptHandler)
        calls += isinstance(part, ast.Await)
        errors += is_http_error(part)
    return Size(len(lines), branches, errors, catches, calls)


def is_http_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "HTTPException"


def _counted(statements: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """`nodes_of`, without the elements of lists and the fields of models that only hand something on."""
    waiting: list[ast.AST] = list(reversed(statements))
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            continue
        parts = children(node)
        is_model = isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2][:1].isupper()
        if is_model or isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set):
            parts = [part for part in parts if not _is_data(part)]
        waiting += reversed(parts)


def _is_data(node: ast.AST) -> bool:
    """A name, a constant on one line, a part of them by name or key, or an argument that is one."""
    while isinstance(node, ast.keyword | ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Subscript) and not isinstance(node.slice, ast.Constant):
            return False
        node = node.value
    return isinstance(node, ast.Name) or (isinstance(node, ast.Constant) and node.lineno == node.end_lineno)
