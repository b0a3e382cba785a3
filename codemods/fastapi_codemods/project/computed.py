"""Pure functions of Python, carried out on constants: how paths, prefixes and operation ids are put together."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping

from .values import UNKNOWN, Arguments, Constant, Items, Member, Table, Value, known

LONGEST = 10_000
"""Characters of a string and elements of a list; what is larger is data."""

MOST_TIMES = 100
"""Of a string in itself."""

_STRING_METHODS = frozenset(
    {"capitalize", "endswith", "format", "isalnum", "isalpha", "isdigit", "isidentifier", "islower", "isupper", "join",
     "lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rpartition", "rsplit", "rstrip",
     "split", "splitlines", "startswith", "strip", "title", "upper"}
)  # fmt: skip
_FUNCTIONS: Mapping[str, Callable[..., object]] = {
    "builtins.bool": bool,
    "builtins.abs": abs,
    "builtins.int": int,
    "builtins.len": len,
    "builtins.max": max,
    "builtins.min": min,
    "builtins.range": lambda *bounds: list(range(*bounds)),
    "builtins.reversed": lambda items: list(reversed(items)),
    "builtins.sorted": sorted,
    "builtins.str": str,
    "re.sub": re.sub,
}


def _times(one: int | str, other: int) -> int | str:
    if isinstance(one, str) and other > MOST_TIMES:
        raise OverflowError
    return one * other


_OPERATORS: Mapping[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Mult: _times,
    ast.Sub: operator.sub,
}


def computed(name: str, arguments: Arguments) -> Value:
    """What `sorted`, `len`, `re.sub` ... give for constants; `UNKNOWN` for anything else."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return UNKNOWN
    first = arguments.get("", 0)
    if name == "builtins.sorted" and isinstance(first, Items):  # the order of a set does not matter
        ordered = Items(first.items, is_complete=first.is_complete)
        arguments = Arguments([ordered, *arguments.positional[1:]], arguments.named, is_complete=arguments.is_complete)
    return _carried_out(function, arguments)


def operated(op: ast.operator, left: Value, right: Value) -> Value:
    """What an operator gives for lists and constants."""
    if isinstance(left, Items) and isinstance(right, Items) and isinstance(op, ast.Add):
        together = Items([*left.items, *right.items], is_complete=left.is_complete and right.is_complete)
        together.is_tuple = left.is_tuple
        return together
    if isinstance(left, Items) and isinstance(right, Items) and isinstance(op, ast.BitOr):
        is_complete = left.is_complete and right.is_complete
        return Items([*left.items, *right.items], is_complete=is_complete, is_unordered=True)
    function = _OPERATORS.get(type(op))
    if function is None or type(left) is Member or type(right) is Member:
        return UNKNOWN
    return _carried_out(function, Arguments([left, right]))


def string_method(text: str, name: str, arguments: Arguments) -> Value:
    if name not in _STRING_METHODS:
        return UNKNOWN
    method: Callable[..., object] = getattr(text, name)
    return _carried_out(method, arguments)


def _carried_out(function: Callable[..., object], arguments: Arguments) -> Value:
    positional = [known(value) for value in arguments.positional]
    named = {name: known(value) for name, value in arguments.named.items()}
    given = [*positional, *named.values()]
    if any(isinstance(value, Member) for value in arguments.values()):  # as text it may be its name
        return UNKNOWN
    if not arguments.is_complete or any(part is UNKNOWN for part in given):
        return UNKNOWN
    if any(isinstance(part, str | list) and len(part) > LONGEST for part in given):
        return UNKNOWN
    if any(isinstance(part, int) and abs(part) > LONGEST for part in given):
        return UNKNOWN
    try:
        return as_value(function(*positional, **named))
    except Exception:  # what it raises here, it would raise in the application
        return UNKNOWN


def as_value(found: object) -> Value:
    """A Python object as a value."""
    match found:
        case None | str() | bool() | int() | float():
            return Constant(found)
        case list() | tuple():
            return Items([as_value(part) for part in found])
        case dict() if all(isinstance(key, str) for key in found):
            return Table({str(key): as_value(value) for key, value in found.items()})
    return UNKNOWN
