"""What operators and `round` make of values."""

from __future__ import annotations

import ast

from . import known
from .model import (
    BOOL,
    BYTES,
    FINITE,
    FLOAT,
    INT,
    SIMPLE_FLOAT,
    STR,
    Items,
    Object,
    Plain,
    Shape,
    alternatives,
    either,
)


def operated(op: ast.operator, left: Shape, right: Shape) -> Shape | None:
    """What one operator makes of two values; None where nothing shows that."""
    if isinstance(op, ast.Mod) and left in (STR, BYTES):
        return left
    if isinstance(op, ast.Add):
        if left == right and left in (STR, BYTES):
            return left
        if isinstance(left, Items) and isinstance(right, Items) and left.kind == right.kind == "list":
            return Items("list", either((left.element, right.element)))
    if isinstance(op, ast.Mult) and (left, right) in ((STR, INT), (INT, STR)):
        return STR
    if isinstance(op, ast.BitOr) and isinstance(left, Object) and isinstance(right, Object):
        for key, entry in right.entries:
            if not entry.required:
                return None
            left = left.with_entry(key, entry)
        return left
    if isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor) and left == right == BOOL:
        return BOOL
    if isinstance(op, ast.Div) and left == known.PATH and right in (STR, known.PATH):
        return known.PATH
    if left in (known.NAIVE, known.DATETIME) and isinstance(op, ast.Add | ast.Sub) and right == known.TIMEDELTA:
        return left
    if isinstance(op, ast.Sub) and {left, right} <= {known.NAIVE, known.DATETIME}:
        return known.TIMEDELTA
    return _calculated(op, left, right)


def _calculated(op: ast.operator, left: Shape, right: Shape) -> Shape | None:
    whole = {INT, BOOL}
    if left in whole and right in whole:
        if isinstance(op, ast.Div):
            return FINITE
        return None if isinstance(op, ast.Pow | ast.MatMult) else INT
    finite = {*whole, FINITE, SIMPLE_FLOAT}
    if left in finite and right in finite:
        if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Mod | ast.FloorDiv):
            return FINITE
        return None
    numbers = {*finite, FLOAT}
    if left in numbers and right in numbers and not isinstance(op, ast.Pow | ast.MatMult):
        return FLOAT
    return None


def rounded(shape: Shape, node: ast.Call) -> Shape | None:
    """`round(x)` is an int; with four digits or fewer no number is so small that it is written with an exponent."""
    digits = node.args[1] if len(node.args) > 1 else None
    found: list[Shape] = []
    for one in alternatives(shape):
        if one in (INT, BOOL):
            found.append(INT)
        elif isinstance(one, Plain) and one.symbol == FLOAT.symbol:
            if digits is None and not node.keywords:
                found.append(INT)
            elif isinstance(digits, ast.Constant) and isinstance(digits.value, int) and digits.value <= 4:
                found.append(SIMPLE_FLOAT if one in (FINITE, SIMPLE_FLOAT) else FLOAT)
            else:
                found.append(one if one != SIMPLE_FLOAT else FINITE)
        else:
            return None
    return either(found) if found else None


def signed(shape: Shape) -> Shape | None:
    """What `-x`, `+x` and `abs(x)` give."""
    found: list[Shape] = []
    for one in alternatives(shape):
        if one == BOOL:
            found.append(INT)
        elif one == INT or (isinstance(one, Plain) and one.symbol == FLOAT.symbol):
            found.append(one)
        else:
            return None
    return either(found)
