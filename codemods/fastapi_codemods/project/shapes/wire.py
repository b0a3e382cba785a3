"""Which type a field must have so that its values are written as JSON exactly as they are without a model.

A response without a model is encoded by `jsonable_encoder`, one with a model by Pydantic, and the two differ: for a
`Decimal`, a `timedelta`, a datetime in UTC, for `1e-07`. FastAPI hands a response of `-> dict` to Pydantic already, so
there only the conversions of typed fields matter, and those of `Any` are none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ..annotation import ANY, BOOL, BYTES, FLOAT, INT, NONE, STR, Annotation, builtin, union
from ..index import Symbol
from ..models import model
from .flow import Shapes
from .model import (
    NOTHING,
    Either,
    Fixed,
    Instance,
    Items,
    Json,
    Library,
    Lookup,
    Object,
    Plain,
    Rows,
    Shape,
    Unproven,
    alternatives,
)


class Today(NamedTuple):
    """How responses are written before there is a model."""

    by_pydantic: bool
    """The handler is annotated `-> dict` or the like."""
    version: int
    """Of Pydantic, 1 or 2. What is written for 2 must work with 1 as well where `may_be_old`."""
    may_be_old: bool
    exact_floats: bool
    """Floats are written by the same function with a model: the response class is given."""
    has_json_value: bool = False
    """`pydantic.JsonValue` is there."""


class Doubt(NamedTuple):
    """A value of which nothing shows that it stays as it is."""

    path: str
    """`user.created`, empty for the whole."""
    reason: str
    is_float: bool = False
    """The type is certain, its text is not."""


class Typed(NamedTuple):
    annotation: Annotation
    doubts: tuple[Doubt, ...]


MakesModel = Callable[[Object, str], Typed]
"""The type for a dict with known keys, at a path."""

_SIMPLE = {
    "builtins.str": STR,
    "builtins.int": INT,
    "builtins.bool": BOOL,
    "builtins.None": NONE,
    "builtins.bytes": BYTES,
    "datetime.date": Annotation(Symbol(None, "datetime.date")),
    "uuid.UUID": Annotation(Symbol(None, "uuid.UUID")),
    "pathlib.Path": Annotation(Symbol(None, "pathlib.Path")),
}
_DIFFERENT = {
    "decimal.Decimal": "a `Decimal` is a number in JSON without a model and a string with one",
    "datetime.timedelta": "a `timedelta` is a number of seconds without a model and `PT1H` with one",
    "datetime.datetime": "a datetime in UTC ends in `+00:00` without a model and in `Z` with one",
    "datetime.time": "a time in UTC ends in `+00:00` without a model and in `Z` with one",
}
_SMALL_FLOAT = "a float that may be very small is written `1e-07` without a model and `1e-7` with one"
_ANY_FLOAT = "a float may be NaN, which is an error without a model, or be written `1e-07`, with one `1e-7`"


class Wire:
    """Types for shapes, under the conditions of one handler."""

    def __init__(self, shapes: Shapes, today: Today, makes_model: MakesModel) -> None:
        self._shapes = shapes
        self._today = today
        self._makes_model = makes_model

    def type(self, shape: Shape, path: str) -> Typed:
        match shape:
            case Plain():
                return self._plain(shape, path)
            case Items(kind=kind, element=element):
                if kind not in ("list", "set", "frozenset", "tuple"):
                    return self._doubtful(path, "it is an iterator")
                inner = Typed(ANY, ()) if element == NOTHING else self.type(element, f"{path}[]")
                more = (builtin("..."),) if kind == "tuple" else ()
                return Typed(builtin(kind, inner.annotation, *more), inner.doubts)
            case Fixed(elements=elements):
                parts = [self.type(element, f"{path}[{index}]") for index, element in enumerate(elements)]
                if not parts:
                    return self._doubtful(path, "it is an empty tuple")
                doubts = tuple(doubt for part in parts for doubt in part.doubts)
                return Typed(builtin("tuple", *(part.annotation for part in parts)), doubts)
            case Lookup(key=key, value=value):
                if not all(one in (Plain(STR.symbol), Plain(INT.symbol)) for one in alternatives(key)):
                    return self._doubtful(path, "its keys may be written in another way")
                keys, values = self.type(key, path), self.type(value, f"{path}{{}}")
                return Typed(builtin("dict", keys.annotation, values.annotation), values.doubts)
            case Object(entries=()):
                return Typed(builtin("dict", STR, ANY), ())
            case Json():
                return self._json(path)
            case Object():
                return self._makes_model(shape, path)
            case Instance():
                return self._instance(shape, path)
            case Rows(symbol=symbol):
                return self._doubtful(path, f"it is a query for `{symbol.name}`")
            case Library(name=name):
                return self._doubtful(path, f"it is a `{name.rpartition('.')[2]}`")
            case Either():
                return self._either(shape, path)
            case Unproven(reason=reason):
                return self._doubtful(path, reason)

    def _doubtful(self, path: str, reason: str) -> Typed:
        """`Any`, which changes nothing where Pydantic writes the response anyway, or where its version is 1."""
        is_neutral = self._today.by_pydantic or self._today.version == 1
        return Typed(ANY, () if is_neutral else (Doubt(path, reason),))

    def _json(self, path: str) -> Typed:
        """`JsonValue` hands on what it gets, NaN as well, where another response class writes the floats."""
        if self._today.by_pydantic or self._today.version == 1:
            return Typed(ANY, ())
        if self._today.may_be_old or not self._today.has_json_value:
            return self._doubtful(path, "it is JSON from elsewhere, for which Pydantic before 2.5 has no type")
        doubts = () if self._today.exact_floats else (Doubt(path, _ANY_FLOAT, is_float=True),)
        return Typed(Annotation(Symbol(None, "pydantic.JsonValue")), doubts)

    def _plain(self, shape: Plain, path: str) -> Typed:
        name = shape.symbol.name
        is_neutral = self._today.by_pydantic or self._today.version == 1
        if shape.symbol.path is not None:
            members = self._shapes.enum_members(shape.symbol)
            simple = members is not None and all(
                isinstance(one, Plain) and one.symbol.name in ("builtins.str", "builtins.int", "builtins.bool")
                for value in members.values()
                for one in alternatives(value)
            )
            if not simple:
                return self._doubtful(path, f"the values of `{name}` are not known")
            if "." in name:
                return self._doubtful(path, f"`{name}` cannot be imported")
            return Typed(Annotation(shape.symbol), ())
        if name in _SIMPLE:
            return Typed(_SIMPLE[name], ())
        if name == "builtins.float":
            if is_neutral or self._today.exact_floats or shape.note == "plain":
                return Typed(FLOAT, ())
            return Typed(FLOAT, (Doubt(path, _SMALL_FLOAT if shape.note else _ANY_FLOAT, is_float=True),))
        if name in _DIFFERENT:
            if is_neutral or shape.note == "naive":
                return Typed(Annotation(shape.symbol), ())
            return self._doubtful(path, _DIFFERENT[name])
        return self._doubtful(path, f"it is a `{name.rpartition('.')[2]}`")

    def _instance(self, shape: Instance, path: str) -> Typed:
        name = shape.symbol.name.rpartition(".")[2]
        found = model(self._shapes.project, shape.symbol)
        if found is None or not found.is_pydantic or found.table or not shape.is_validated:
            return self._doubtful(path, f"an object of `{name}` is written with whatever attributes it has")
        if "." in shape.symbol.name:
            return self._doubtful(path, f"`{shape.symbol.name}` cannot be imported")
        if self._today.by_pydantic or self._today.version == 1:
            return Typed(Annotation(shape.symbol), ())
        if not found.config.certain or "json_encoders" in found.config.options or not found.complete:
            return self._doubtful(path, f"how `{name}` is written is not known")
        if not self._today.exact_floats and (holder := self._may_hold_float(shape.symbol, frozenset())):
            reason = f"`{holder}` may hold a float, which is written `1e-07` or, with a model, `1e-7`"
            return Typed(Annotation(shape.symbol), (Doubt(path, reason, is_float=True),))
        return Typed(Annotation(shape.symbol), ())

    def _may_hold_float(self, symbol: Symbol, seen: frozenset[Symbol]) -> str:
        """The field of a model that may hold a float, empty if there is none."""
        if symbol in seen:
            return ""
        found = model(self._shapes.project, symbol)
        if found is None:
            return symbol.name
        for field in (*found.fields, *found.computed):
            shape = self._shapes.given.field(field, found.name)
            for one in leaves(shape):
                if isinstance(one, Unproven) or (isinstance(one, Plain) and one.symbol == FLOAT.symbol):
                    return f"{found.name}.{field.name}"
                if isinstance(one, Instance) and (inner := self._may_hold_float(one.symbol, seen | {symbol})):
                    return inner
        return ""

    def _either(self, shape: Either, path: str) -> Typed:
        parts = [self.type(one, path) for one in shape.shapes]
        doubts = tuple(doubt for part in parts for doubt in part.doubts)
        several = [one for one in shape.shapes if one != Plain(NONE.symbol)]
        if not several:
            return Typed(NONE, doubts)
        if len(several) > 1:
            if self._today.may_be_old:
                return self._doubtful(path, "it may be of several types, one of which Pydantic 1 would make the other")
            if sum(isinstance(one, Object | Lookup | Instance | Json) for one in several) > 1:
                return self._doubtful(path, "it may be several kinds of objects")
            if any(isinstance(one, Json) for one in several):
                return self._doubtful(path, "it may be JSON from elsewhere or something that JSON does not know")
        return Typed(union(part.annotation for part in parts), doubts)


def leaves(shape: Shape) -> tuple[Shape, ...]:
    """What a shape is made of, containers opened."""
    found: tuple[Shape, ...] = ()
    for one in alternatives(shape):
        match one:
            case Items(element=element):
                found += leaves(element)
            case Fixed(elements=elements):
                for element in elements:
                    found += leaves(element)
            case Lookup(key=key, value=value):
                found += leaves(key) + leaves(value)
            case _:
                found += (one,)
    return found


def objects_in(shape: Shape) -> Iterator[Object]:
    """The dicts with known keys in a shape, itself included."""
    for one in alternatives(shape):
        match one:
            case Object(entries=entries):
                yield one
                for _, entry in entries:
                    yield from objects_in(entry.shape)
            case Items(element=element):
                yield from objects_in(element)
            case Fixed(elements=elements):
                for element in elements:
                    yield from objects_in(element)
            case Lookup(value=value):
                yield from objects_in(value)
            case _:
                pass
