"""Status codes as code gives them: a number, a name of `fastapi.status`, a member of `HTTPStatus`."""

from __future__ import annotations

import ast
import re
from http import HTTPStatus

from .index import Project, Symbol
from .placed import Placed
from .reader import dotted

PHRASES = {member.value: member.phrase for member in HTTPStatus}
"""In words, by number."""

_STATUS = re.compile(r"(?:fastapi|starlette)\.status\.HTTP_(\d\d\d)_\w+")


def status_of(project: Project, placed: Placed, node: ast.expr | None) -> int | None:
    """The number that an expression is for certain, which stands where `placed` does; None for anything else."""
    if isinstance(node, ast.Constant):
        return node.value if type(node.value) is int else None
    if node is None:
        return None
    name = dotted(node).removesuffix(".value")
    symbol = project.resolve(placed.module, name, placed.scopes) if name else None
    return status_of_symbol(symbol)


def status_of_symbol(symbol: Symbol | None) -> int | None:
    if symbol is None or symbol.path is not None:
        return None
    if found := _STATUS.fullmatch(symbol.name):
        return int(found.group(1))
    home, _, member = symbol.name.rpartition(".")
    return HTTPStatus[member].value if home == "http.HTTPStatus" and member in HTTPStatus.__members__ else None


def phrase_of(status: int) -> str:
    """`Not Found`; the number itself for a status that has no name."""
    return PHRASES.get(status, str(status))
