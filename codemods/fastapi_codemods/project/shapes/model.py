"""The shapes of values, and what two of them have in common.

Shapes are no named tuples: an empty dict and an empty tuple would be equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..index import Symbol


@dataclass(frozen=True)
class Plain:
    """A value of exactly this class: one that Python builds in or of the standard library, or an enumeration."""

    symbol: Symbol
    note: str = ""
    """What else is known: of a float `plain` (finite, and no exponent is written for it) or `finite`; of a datetime
    `naive`; of a function or class `callable`."""


@dataclass(frozen=True)
class Items:
    """A list, set, tuple or iterator of any length."""

    kind: str
    element: Shape


@dataclass(frozen=True)
class Fixed:
    """A tuple whose elements are known one by one."""

    elements: tuple[Shape, ...]


@dataclass(frozen=True)
class Lookup:
    """A dict whose keys are not known."""

    key: Shape
    value: Shape


class Entry(NamedTuple):
    shape: Shape
    required: bool


@dataclass(frozen=True)
class Object:
    """A dict whose keys are known, in their order."""

    entries: tuple[tuple[str, Entry], ...]

    def entry(self, key: str) -> Entry | None:
        return next((entry for name, entry in self.entries if name == key), None)

    def with_entry(self, key: str, entry: Entry) -> Object:
        """The dict after `d[key] = ...`: a key that is there keeps its place."""
        if self.entry(key) is None:
            return Object((*self.entries, (key, entry)))
        return Object(tuple((name, entry if name == key else other) for name, other in self.entries))

    def without(self, key: str) -> Object:
        return Object(tuple(pair for pair in self.entries if pair[0] != key))


@dataclass(frozen=True)
class Instance:
    """An object of exactly this class of the project."""

    symbol: Symbol
    is_validated: bool = False
    """It was made by Pydantic from the outside, so its fields are of the types that they are annotated with."""
    is_loaded: bool = False
    """It comes from a database, so its columns hold what these hold."""


@dataclass(frozen=True)
class Rows:
    """What gives objects of a class that are loaded from a database."""

    symbol: Symbol
    stage: str
    """`select` for a statement, `rows` for its result, `objects` for a query and for scalars."""


@dataclass(frozen=True)
class Library:
    """An object of a library's class, by dotted name: `fastapi.Request`."""

    name: str


@dataclass(frozen=True)
class Json:
    """Whatever a JSON document may hold, as `json.loads` reads it: dicts with str as keys, lists, str, int, float, bool
    and None, and nothing else in them."""


@dataclass(frozen=True)
class Either:
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Unproven:
    reason: str


Shape = Plain | Items | Fixed | Lookup | Object | Instance | Library | Rows | Json | Either | Unproven

NOTHING = Either(())
"""Of what has no values: the element of an empty list."""


def plain(name: str, note: str = "") -> Plain:
    return Plain(Symbol(None, name if "." in name else f"builtins.{name}"), note)


STR, INT, BOOL, NONE, BYTES = map(plain, ("str", "int", "bool", "None", "bytes"))
FLOAT = plain("float")
FINITE = plain("float", "finite")
SIMPLE_FLOAT = plain("float", "plain")
OPTIONAL_STR = Either((STR, NONE))

_OF_JSON = frozenset(one.symbol for one in (STR, INT, BOOL, NONE, FLOAT))

MOST_ALTERNATIVES = 12


def alternatives(shape: Shape) -> tuple[Shape, ...]:
    return shape.shapes if isinstance(shape, Either) else (shape,)


def either(shapes: Iterable[Shape]) -> Shape:
    """One of the shapes. Containers of one kind become one whose contents may be either; dicts with known keys one in
    which some keys may be missing. One that is unproven makes all unproven."""
    found: list[Shape] = []
    for shape in shapes:
        for one in alternatives(shape):
            if isinstance(one, Unproven):
                return one
            for index, other in enumerate(found):
                if (together := _together(other, one)) is not None:
                    if isinstance(together, Unproven):
                        return together
                    found[index] = together
                    break
            else:
                found.append(one)
    if len(found) > MOST_ALTERNATIVES:
        return Unproven("it may be too many things")
    return found[0] if len(found) == 1 else Either(tuple(found))


def _together(one: Shape, other: Shape) -> Shape | None:
    """What both are, where that is one shape."""
    if one == other:
        return one
    match one, other:
        case (Json(), inner) | (inner, Json()) if is_json(inner):
            return Json()
        case Plain(symbol=first), Plain(symbol=second) if first == second:
            notes = {one.note, other.note}
            return Plain(first, "finite" if notes == {"finite", "plain"} else "")
        case Items(kind=first), Items(kind=second) if first == second:
            return Items(first, either((one.element, other.element)))
        case Lookup(), Lookup():
            return Lookup(either((one.key, other.key)), either((one.value, other.value)))
        case Object(), Object():
            return merged((one, other))
        case Object(), Lookup():
            values = [entry.shape for _, entry in one.entries]
            return Lookup(either((STR, other.key)) if values else other.key, either((*values, other.value)))
        case Lookup(), Object():
            return _together(other, one)
        case Instance(symbol=first), Instance(symbol=second) if first == second:
            return Instance(first, one.is_validated and other.is_validated, one.is_loaded and other.is_loaded)
        case Fixed(elements=first), Fixed(elements=second) if len(first) == len(second):
            return Fixed(tuple(either(pair) for pair in zip(first, second, strict=True)))
    return None


def merged(objects: Sequence[Object]) -> Object | Unproven:
    """The dict of which each of `objects` may be one case: keys that one lacks are not required."""
    names = _one_order([[name for name, _ in one.entries] for one in objects])
    if names is None:
        return Unproven("its keys come in different orders")
    entries = []
    for name in names:
        found = [entry for one in objects if (entry := one.entry(name)) is not None]
        shape = either_of_entries(found)
        entries.append((name, Entry(shape, len(found) == len(objects) and all(entry.required for entry in found))))
    return Object(tuple(entries))


def either_of_entries(entries: Sequence[Entry]) -> Shape:
    return either(entry.shape for entry in entries)


def _one_order(orders: Sequence[Sequence[str]]) -> list[str] | None:
    """An order of all names that each of the `orders` agrees with."""
    waiting = [list(order) for order in orders if order]
    result: list[str] = []
    while waiting:
        for order in waiting:
            head = order[0]
            if not any(head in other[1:] for other in waiting):
                break
        else:
            return None
        result.append(head)
        waiting = [rest for order in waiting if (rest := [name for name in order if name != head])]
    return result


def is_json(shape: Shape) -> bool:
    """Whether it is part of what `Json` stands for, keys and all. A dict with known keys is left out unless it is
    empty: it has a model of its own."""
    match shape:
        case Json() | Object(entries=()):
            return True
        case Plain(symbol=symbol):
            return symbol in _OF_JSON
        case Items(kind="list", element=element):
            return is_json(element)
        case Lookup(key=key, value=value):
            return key in (STR, NOTHING) and is_json(value)
        case Either(shapes=shapes):
            return all(is_json(one) for one in shapes)
    return False


def is_mutable(shape: Shape) -> bool:
    """Whether it is a container that can be changed, as far as this is followed."""
    return any(
        isinstance(one, Object | Lookup | Items | Json) or (isinstance(one, Instance) and one.is_loaded)
        for one in alternatives(shape)
    )


def without_none(shape: Shape) -> Shape:
    return either(one for one in alternatives(shape) if one != NONE)


def truthy(shape: Shape) -> Shape:
    """What is left of it where it is true."""
    return without_none(shape)


def falsy(shape: Shape) -> Shape:
    """What is left of it where it is false: classes whose objects always are true are gone."""
    return either(
        one
        for one in alternatives(shape)
        if not (isinstance(one, Plain) and one.symbol.path is None and one.symbol.name.startswith(_ALWAYS_TRUE))
    )


_ALWAYS_TRUE = ("datetime.date", "uuid.UUID", "pathlib.Path")
