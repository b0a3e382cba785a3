"""Types as annotations write them, apart from how a file spells them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from .index import Symbol


class Annotation(NamedTuple):
    """A type: a class or function of `typing`, with what stands in its brackets.

    `Annotation(Symbol(None, "builtins.list"), (STR,))` is `list[str]`, or `List[str]` where the project writes so.
    """

    symbol: Symbol
    arguments: tuple[Annotation, ...] = ()


def builtin(name: str, *arguments: Annotation) -> Annotation:
    return Annotation(Symbol(None, f"builtins.{name}"), arguments)


STR, INT, FLOAT, BOOL, BYTES = map(builtin, ("str", "int", "float", "bool", "bytes"))
NONE = builtin("None")
ANY = Annotation(Symbol(None, "typing.Any"))
ELLIPSIS = builtin("...")
UNION = Symbol(None, "typing.Union")


def union(alternatives: Iterable[Annotation]) -> Annotation:
    """Each of the alternatives, without repetition and None last; not a union if only one is left."""
    flat: dict[Annotation, None] = {}
    for one in alternatives:
        flat.update(dict.fromkeys(one.arguments if one.symbol == UNION else (one,)))
    if ANY in flat:
        return ANY
    ordered = [one for one in flat if one != NONE] + ([NONE] if NONE in flat else [])
    return ordered[0] if len(ordered) == 1 else Annotation(UNION, tuple(ordered))
