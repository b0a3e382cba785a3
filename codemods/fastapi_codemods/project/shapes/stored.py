"""What SQLAlchemy and SQLModel load: statements and queries for one class, and the columns of its objects.

Only objects that come from the database are looked into. One that was made in the handler holds what it was given, and
no `id` before it is flushed, until `session.refresh` loads it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..index import Module, Symbol
from ..models import Field
from ..reader import dotted
from ..words import is_mentioned
from . import known
from .model import (
    BOOL,
    FLOAT,
    INT,
    NONE,
    STR,
    Instance,
    Items,
    Plain,
    Rows,
    Shape,
    Unproven,
    either,
    plain,
)

if TYPE_CHECKING:
    from .flow import Shapes

COUNT = Symbol(None, "sqlalchemy.func.count")
_COUNTS = frozenset(
    {
        "sqlalchemy.func.count",
        "sqlalchemy.sql.func.count",
        "sqlalchemy.sql.expression.func.count",
        "sqlmodel.func.count",
    }
)
_SELECTS = frozenset({"sqlalchemy.select", "sqlalchemy.future.select", "sqlalchemy.sql.select", "sqlmodel.select"})
_SAME = frozenset(
    {
        "all_", "distinct", "execution_options", "filter", "filter_by", "having", "join", "limit", "offset", "options",
        "order_by", "outerjoin", "populate_existing", "select_from", "slice", "unique", "where", "with_for_update",
        "yield_per",
    }
)  # fmt: skip
"""Methods that still give objects of the same class."""

_STILL_ONE_ROW = frozenset({"filter", "filter_by", "join", "options", "outerjoin", "select_from", "where"})

_EXECUTES = {"exec": "objects", "execute": "rows", "scalars": "objects"}
_ONE = frozenset({"one", "scalar_one"})
_ONE_OR_NONE = frozenset({"first", "one_or_none", "scalar", "scalar_one_or_none"})
_TYPES: dict[str, Shape] = {
    **dict.fromkeys(("BIGINT", "BigInteger", "INTEGER", "Integer", "SMALLINT", "SmallInteger"), INT),
    **dict.fromkeys(("CHAR", "String", "TEXT", "Text", "Unicode", "UnicodeText", "VARCHAR"), STR),
    **dict.fromkeys(("BOOLEAN", "Boolean"), BOOL),
    **dict.fromkeys(("DATE", "Date"), known.DATE),
    **dict.fromkeys(("FLOAT", "Float", "REAL", "Double"), FLOAT),
    **dict.fromkeys(("JSON", "JSONB"), known.JSON),
    **dict.fromkeys(("DECIMAL", "NUMERIC", "Numeric"), plain("decimal.Decimal")),
}


class Stored:
    """Shapes of what is loaded from a database."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.project = shapes.project

    def is_stored(self, symbol: Symbol | None) -> bool:
        found = self.shapes.class_of(symbol) if symbol is not None and symbol.path is not None else None
        return found is not None and (found.kind == "orm" or found.table)

    def selected(self, function: Symbol | None, entities: list[Symbol | None]) -> Shape | None:
        """`select(User)`."""
        if function is None or function.path is not None or function.name not in _SELECTS or len(entities) != 1:
            return None
        entity = entities[0]
        if entity is not None and entity.path is None and entity.name in _COUNTS:
            return Rows(COUNT, "select")
        return Rows(entity, "select") if entity is not None and self.is_stored(entity) else None

    def of_session(self, method: str, first: Symbol | None, given: Shape | None) -> Shape | None:
        """`session.query(User)`, `session.get(User, 1)`, `session.execute(statement)`."""
        if method == "query" and first is not None and first.path is None:
            return Rows(COUNT, "rows") if first.name in _COUNTS else None
        if first is not None and self.is_stored(first):
            if method == "query":
                return Rows(first, "objects")
            return either((Instance(first, is_loaded=True), NONE)) if method == "get" else None
        if isinstance(given, Rows) and given.stage == "select":
            if method == "scalar" and given.symbol == COUNT:
                return INT
            if method == "scalar":
                return either((Instance(given.symbol, is_loaded=True), NONE))
            if method in _EXECUTES:
                return Rows(given.symbol, _EXECUTES[method])
        return None

    def method(self, rows: Rows, name: str) -> Shape | None:
        """What a method of a statement, a query or a result gives."""
        instance = Instance(rows.symbol, is_loaded=True)
        if rows.symbol == COUNT and name not in _STILL_ONE_ROW:
            return self._counted(rows, name)
        if name in _SAME:
            return rows
        if rows.stage == "select":
            return None
        if rows.stage == "rows":
            if name == "scalars":
                return Rows(rows.symbol, "objects")
            if name == "scalar_one":
                return instance
            return either((instance, NONE)) if name in ("scalar", "scalar_one_or_none") else None
        if name in ("all", "fetchall"):
            return Items("list", instance)
        if name in _ONE:
            return instance
        if name in _ONE_OR_NONE or name == "get":
            return either((instance, NONE))
        return INT if name == "count" else None

    def _counted(self, rows: Rows, name: str) -> Shape | None:
        """Of `select(func.count())`, which without groups gives one row."""
        if rows.stage == "rows" and name == "scalars":
            return Rows(COUNT, "objects")
        if name in ("scalar", "scalar_one", "scalar_one_or_none") and rows.stage == "rows":
            return INT
        return INT if name in ("first", "one", "one_or_none") and rows.stage == "objects" else None

    def attribute(self, instance: Instance, name: str) -> Shape:
        found = self.shapes.class_of(instance.symbol)
        short = instance.symbol.name.rpartition(".")[2]
        unknown = Unproven(f"nothing shows what `{name}` of a `{short}` is")
        field = found.field(name) if found is not None else None
        if found is None or field is None or field.role not in ("column", "field"):
            return unknown
        home = self.project.module(field.owner.path or "")
        if home is None:
            return unknown
        call = home.expression(field.default_span) if field.default_span is not None else None
        given = self._given(call) if isinstance(call, ast.Call) else {}
        if found.kind != "orm":
            return self._of_annotation(home, field, unknown, given)
        if field.annotation is not None:
            return self._of_annotation(home, field, unknown, given)
        if not isinstance(call, ast.Call):
            return unknown
        return self._of_column(home, call, given) or unknown

    def _given(self, call: ast.Call) -> dict[str, bool]:
        """The switches of a column."""
        return {
            keyword.arg: keyword.value.value
            for keyword in call.keywords
            if keyword.arg and isinstance(keyword.value, ast.Constant) and isinstance(keyword.value.value, bool)
        }

    def _of_annotation(self, home: Module, field: Field, unknown: Shape, given: dict[str, bool]) -> Shape:
        """`Mapped[int]` of an ORM class, `int` of a SQLModel."""
        if field.annotation is None:
            return unknown
        node = home.expression(field.annotation)
        if isinstance(node, ast.Subscript) and dotted(node.value).rpartition(".")[2] == "Mapped":
            node = node.slice
            call = home.expression(field.default_span) if field.default_span is not None else None
            if isinstance(call, ast.Call) and (typed := self._type(home, call)) is not None:
                # `mapped_column(String)` decides, the annotation only says so.
                is_none = NONE in getattr(self.shapes.given.annotated(home, node), "shapes", ())
                return either((typed, NONE)) if is_none or given.get("nullable") else typed
        shape = self.shapes.given.annotated(home, node)
        if any(isinstance(one, Instance | Unproven) for one in getattr(shape, "shapes", (shape,))):
            return unknown
        return either((shape, NONE)) if given.get("nullable") else shape

    def _of_column(self, home: Module, call: ast.Call, given: dict[str, bool]) -> Shape | None:
        typed = self._type(home, call)
        if typed is None:
            return None
        is_required = given.get("primary_key") or given.get("nullable") is False
        return typed if is_required else either((typed, NONE))

    def _type(self, home: Module, call: ast.Call) -> Shape | None:
        for argument in call.args[:2]:
            written = dotted(argument.func if isinstance(argument, ast.Call) else argument)
            symbol = self.shapes.given.meaning(home, written, ()) if written else None
            if symbol is None or symbol.path is not None:
                continue
            top, _, name = symbol.name.rpartition(".")
            if not top.startswith(("sqlalchemy", "sqlmodel", "flask_sqlalchemy", "builtins")):
                continue
            if name in ("DateTime", "DATETIME"):
                has_zone = isinstance(argument, ast.Call) and bool(argument.args or argument.keywords)
                return known.DATETIME if has_zone else known.NAIVE
            if name == "Enum" and isinstance(argument, ast.Call) and len(argument.args) == 1:
                members = self.shapes.given.meaning(home, dotted(argument.args[0]), ())
                if members is not None and self.shapes.enum_members(members) is not None:
                    return Plain(members)
                return None
            if name in ("JSON", "JSONB") and self._has_reader_of_json():
                return None
            if name in _TYPES:
                return _TYPES[name]
        return None

    def _has_reader_of_json(self) -> bool:
        """Whether an engine of the project reads JSON in a way of its own."""
        return is_mentioned(self.project, b"json_deserializer")
