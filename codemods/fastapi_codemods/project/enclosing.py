"""What stands on a line, and which definitions stand around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..source.nodes import children
from .index import Module
from .references import Use


def statement_at(module: Module, line: int) -> ast.stmt | None:
    """The top-level statement that stands on a line."""
    found = [index for index, statement in enumerate(module.facts.statements) if statement.line <= line]
    if not found:
        return None
    statement = module.facts.statements[found[-1]]
    for node in module.tree(found[-1]).body:
        if node.lineno <= line - statement.line + 1 <= (node.end_lineno or node.lineno):
            return node
    return None


def enclosing_function(module: Module, use: Use) -> str:
    """The qualified name of the function that a use stands in, decorators and header excluded; empty at import."""
    found = [index for index, statement in enumerate(module.facts.statements) if statement.line <= use.line]
    if not found:
        return ""
    line = use.line - module.facts.statements[found[-1]].line + 1
    around = definitions_around(module.tree(found[-1]).body, line)
    is_function = any(not isinstance(node, ast.ClassDef) for node in around)
    return ".".join(node.name for node in around) if is_function else ""


_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def definitions_around(body: list[ast.stmt], line: int) -> list[_Definition]:
    """The functions and classes in whose bodies a line stands, outermost first."""
    around: list[_Definition] = []
    while True:
        inner = next(
            (node for node in _definitions(body) if node.body[0].lineno <= line <= (node.end_lineno or line)), None
        )
        if inner is None:
            return around
        around.append(inner)
        body = inner.body


def _definitions(body: list[ast.stmt]) -> Iterator[_Definition]:
    """Those of a block and of the blocks in it, not of the definitions in it."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, _Definition):
            yield node
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            waiting.extend(children(node))
