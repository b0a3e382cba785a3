"""Classes that a call makes, as if they had been written."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..index import Symbol
from ..model import Scope
from ..reader import dotted
from .literals import text_of
from .written import Item, Written

BASE_MODEL = "<BaseModel>"
DATACLASS = "<dataclass>"
SYNTHETIC = {BASE_MODEL: "pydantic.BaseModel"}


def is_synthetic(decorator: ast.expr) -> bool:
    """`make_dataclass` decorates, too."""
    return isinstance(decorator, ast.Name) and decorator.id == DATACLASS


def synthetic(symbol: Symbol, bases: Sequence[ast.expr], items: tuple[Item, ...], doubt: str, line: int) -> Written:
    scope = Scope("class", symbol.name, frozenset(), frozenset())
    return Written(symbol.name, (), scope, tuple(bases), (), (), items, (), None, (), line, doubt)


def called_items(call: ast.Call) -> tuple[Item, ...] | None:
    """The fields of a tuple whose maker may have either name."""
    return functional_items(call, is_plain=dotted(call.func).rpartition(".")[2] == "namedtuple")


def functional_items(call: ast.Call, *, is_plain: bool) -> tuple[Item, ...] | None:
    """The fields in `TypedDict("T", {"a": int})`, `NamedTuple("P", [("x", int)])` and `namedtuple("P", "x y")`."""
    if len(call.args) < 2:
        return None
    pairs: list[tuple[str | None, ast.expr | None]] = []
    match call.args[1]:
        case ast.Dict(keys=keys, values=values):
            pairs = [(text_of(key), value) for key, value in zip(keys, values, strict=True)]
        case ast.Constant(value=str(text)) if is_plain and not call.keywords:
            pairs = [(name, None) for name in text.replace(",", " ").split()]
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if not is_plain:
            for element in elements:
                if not (isinstance(element, ast.Tuple) and len(element.elts) == 2):
                    return None
                pairs.append((text_of(element.elts[0]), element.elts[1]))
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if not call.keywords:
            pairs = [(text_of(element), None) for element in elements]
        case _:
            return None
    if any(name is None for name, _ in pairs):
        return None
    return tuple(
        Item(name or "", value or ast.Constant(...), None, None, ast.unparse(value) if value else "", None, 0)
        for name, value in pairs
    )
