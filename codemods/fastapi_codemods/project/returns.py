"""What a function returns, as far as its text tells."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from ..source.nodes import walk
from .operations import own_nodes


class Returns(NamedTuple):
    values: tuple[ast.expr, ...]
    """Of `return value`, `None` left out, in the order of the text."""
    ends_without: bool
    """It can end without a value: by `return`, `return None`, or at the end of its text."""
    is_generator: bool


def returns_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Returns:
    values = []
    without = False
    is_generator = False
    for part in own_nodes(node):
        if isinstance(part, ast.Yield | ast.YieldFrom):
            is_generator = True
        elif isinstance(part, ast.Return):
            if part.value is None or (isinstance(part.value, ast.Constant) and part.value.value is None):
                without = True
            else:
                values.append(part.value)
    return Returns(tuple(values), without or _can_end(node.body), is_generator)


def _can_end(body: Sequence[ast.stmt]) -> bool:
    """Whether the statement behind a block may be reached; in doubt it may."""
    return not any(leaves(statement) for statement in body)


def leaves(node: ast.stmt) -> bool:
    """Whether what stands below a statement is never reached by way of it; in doubt it may be."""
    match node:
        case ast.Return() | ast.Raise() | ast.Continue() | ast.Break():
            return True
        case ast.If(body=body, orelse=orelse):
            return not _can_end(body) and bool(orelse) and not _can_end(orelse)
        case ast.With(body=body) | ast.AsyncWith(body=body):
            return not _can_end(body)
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
            if final and not _can_end(final):
                return True
            through = not _can_end(body) or (bool(orelse) and not _can_end(orelse))
            return through and all(not _can_end(handler.body) for handler in handlers)
        case ast.Match(cases=cases):
            is_complete = any(
                isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None and case.guard is None
                for case in cases
            )
            return is_complete and all(not _can_end(case.body) for case in cases)
        case ast.While(test=ast.Constant(value=value)) if value:
            return not any(isinstance(part, ast.Break) for part in walk(node))
    return False
