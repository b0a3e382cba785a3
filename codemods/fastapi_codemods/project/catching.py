"""What would become of an exception that is raised at some place of a function."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from itertools import pairwise

from .index import Project
from .placed import FunctionNode, Placed
from .raises import HTTP_EXCEPTIONS
from .reader import dotted

_BROAD = frozenset({"Exception", "BaseException"})


def types_of(clause: ast.ExceptHandler) -> Sequence[ast.expr]:
    if clause.type is None:
        return ()
    return clause.type.elts if isinstance(clause.type, ast.Tuple) else (clause.type,)


def is_broad(clause: ast.ExceptHandler) -> bool:
    """`except:`, `except Exception:`"""
    return clause.type is None or any(dotted(one) in _BROAD for one in types_of(clause))


def clause_around(placed: Placed) -> ast.ExceptHandler | None:
    """The `except` clause of the same function that a node stands in."""
    for node in placed.around:
        if isinstance(node, ast.ExceptHandler):
            return node
        if isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            return None
    return None


def reason_it_would_not_get_out(project: Project, placed: Placed) -> str | None:
    """Why an HTTPException that is raised instead of this statement may not leave the function as it is."""
    for inner, node in pairwise((placed.node, *placed.around)):
        if isinstance(node, FunctionNode | ast.ClassDef | ast.Lambda):
            return None
        if isinstance(node, ast.With | ast.AsyncWith) and inner in node.body:
            return f"it stands in `with {ast.unparse(node.items[0].context_expr)}`, which would see the exception"
        if not isinstance(node, ast.Try | ast.TryStar):
            continue
        if inner in node.finalbody:
            return "it stands in a `finally`, where an exception takes the place of another one"
        if inner in node.body:
            for clause in node.handlers:
                if is_broad(clause) or _may_be_http_exception(project, placed, clause):
                    return f"`except {ast.unparse(clause.type) if clause.type else ''}".rstrip() + "` would catch it"
    return None


def _may_be_http_exception(project: Project, placed: Placed, clause: ast.ExceptHandler) -> bool:
    for one in types_of(clause):
        symbol = placed.resolve(project, one)
        if symbol is not None and symbol.path is None and symbol.name in HTTP_EXCEPTIONS:
            return True
    return False
