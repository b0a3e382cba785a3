"""Where the project raises `HTTPException`, and what stands around it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..source import UnreadableSourceError
from ..source.discovery import is_test
from .index import Module, Project
from .outlines import Body
from .reader import Positions, dotted

HTTP_EXCEPTIONS = frozenset({"fastapi.HTTPException", "starlette.exceptions.HTTPException"})
"""FastAPI's own derives from Starlette's."""

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Raised(NamedTuple):
    """One `raise HTTPException(...)` in a function."""

    module: Module
    positions: Positions
    node: ast.Raise
    call: ast.Call
    around: tuple[ast.AST, ...]
    """What it stands in, the innermost first, up to the function, included."""
    function: str
    """Qualified name."""

    @property
    def line(self) -> int:
        return self.positions.line(self.node.lineno)

    @property
    def end_line(self) -> int:
        return self.positions.line(self.node.end_lineno or self.node.lineno)


def http_exceptions_raised(project: Project) -> tuple[Raised, ...]:
    """All of them but those of tests, by path and line."""
    return project.remembered("raised", lambda: tuple(_raised(project, ("raise",))))


def http_exceptions_raised_in_clauses(project: Project) -> Iterator[Raised]:
    """`http_exceptions_raised` without those of functions that have no `except` clause, whose bodies are not parsed.

    Nothing is kept: the trees of all handlers of a large project take hundreds of megabytes.
    """
    return _raised(project, ("raise", "except"))


def is_http_exception(project: Project, module: Module, node: ast.expr) -> bool:
    symbol = project.resolve(module, dotted(node))
    return symbol is not None and symbol.path is None and symbol.name in HTTP_EXCEPTIONS


def _raised(project: Project, words: Sequence[str]) -> Iterator[Raised]:
    """Those in functions whose text has all of the words."""
    for module in project.modules_that_import(b"HTTPException"):
        if is_test(module.path) or "HTTPException" not in module.text:
            continue
        renamed = {item.local for item in module.facts.imports if item.target.endswith(".HTTPException")}
        calls = [f"{name}(" for name in sorted(renamed | {"HTTPException"})]
        for index, statement in enumerate(module.facts.statements):
            text = module.statement_text(index)
            if not all(word in text for word in words) or not any(call in text for call in calls):
                continue
            try:
                tree = module.outlined(index)
            except (UnreadableSourceError, RecursionError):
                continue
            positions = Positions(text, statement.start, statement.line)
            for node, around in _raises_in(tree, (), words):
                if isinstance(node.exc, ast.Call) and is_http_exception(project, module, node.exc.func):
                    names = [n.name for n in around if isinstance(n, (*_FUNCTIONS, ast.ClassDef))]
                    inner = next((i for i, n in enumerate(around) if isinstance(n, _FUNCTIONS)), None)
                    if inner is not None:
                        yield Raised(module, positions, node, node.exc, around[: inner + 1], ".".join(reversed(names)))


def _raises_in(
    node: ast.AST, around: tuple[ast.AST, ...], words: Sequence[str]
) -> Iterator[tuple[ast.Raise, tuple[ast.AST, ...]]]:
    body = getattr(node, "body", None)
    if isinstance(body, Body) and not all(word in body.text for word in words):
        return
    for child in _statements_in(node):
        if isinstance(child, ast.Raise):
            yield child, (node, *around)
        else:
            yield from _raises_in(child, (node, *around), words)


def _statements_in(node: ast.AST) -> Sequence[ast.AST]:
    found: list[ast.AST] = []
    for field in ("body", "orelse", "handlers", "finalbody", "cases"):
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += value
    return found
