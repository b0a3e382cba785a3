"""What Pydantic and FastAPI make of annotations: values of exactly these types, whatever was sent."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ..index import Module, Symbol
from ..model import Scope
from ..models import Field
from ..reader import dotted
from .known import ALIASES, DATE, DATETIME, PATH, TIME, TIMEDELTA, UUID
from .model import (
    BOOL,
    BYTES,
    FLOAT,
    INT,
    NONE,
    STR,
    Fixed,
    Instance,
    Items,
    Json,
    Library,
    Lookup,
    Plain,
    Shape,
    Unproven,
    either,
    plain,
)

if TYPE_CHECKING:
    from .flow import Shapes

_BUILTINS = {"str": STR, "int": INT, "float": FLOAT, "bool": BOOL, "bytes": BYTES, "None": NONE}
_LIBRARY: dict[str, Shape] = {
    "datetime.datetime": DATETIME,
    "datetime.date": DATE,
    "datetime.time": TIME,
    "datetime.timedelta": TIMEDELTA,
    "uuid.UUID": UUID,
    "pathlib.Path": PATH,
    "decimal.Decimal": plain("decimal.Decimal"),
    **dict.fromkeys((f"pydantic.{n}" for n in ("StrictStr", "EmailStr", "constr")), STR),
    **dict.fromkeys(
        (
            f"pydantic.{n}"
            for n in ("PositiveInt", "NegativeInt", "NonNegativeInt", "NonPositiveInt", "StrictInt", "conint")
        ),
        INT,
    ),
    **dict.fromkeys((f"pydantic.{n}" for n in ("PositiveFloat", "NonNegativeFloat", "StrictFloat", "confloat")), FLOAT),
    "pydantic.StrictBool": BOOL,
    "pydantic.UUID4": UUID,
}
_LISTS = {
    "List": "list",
    "list": "list",
    "Set": "set",
    "set": "set",
    "FrozenSet": "frozenset",
    "frozenset": "frozenset",
}
# What may stand behind the type in `Annotated` without making another value of it.
_ONLY_CONSTRAINTS = ("fastapi.", "annotated_types.", "pydantic.Field", "pydantic.StringConstraints", "builtins.")


class Given:
    """Shapes of what has been validated."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        self.project = shapes.project

    def sent(self, module: Module, node: ast.expr, scopes: tuple[Scope, ...] = ()) -> Shape:
        """A value of a request, validated against the annotation: where that says nothing, as it was in the JSON."""
        match node:
            case ast.Constant(value=str(text)):
                try:
                    return self.sent(module, ast.parse(text.strip(), mode="eval").body, scopes)
                except (SyntaxError, ValueError):
                    return Unproven("its type cannot be read")
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return either((self.sent(module, left, scopes), self.sent(module, right, scopes)))
            case ast.Name() | ast.Attribute():
                symbol = self.meaning(module, dotted(node), scopes)
                if symbol is not None and symbol.path is None:
                    if symbol.name in ("builtins.dict", "typing.Dict"):
                        return Lookup(STR, Json())
                    if symbol.name in ("builtins.list", "typing.List"):
                        return Items("list", Json())
                    if symbol.name == "typing.Any":
                        return Json()
            case ast.Subscript(value=value, slice=index):
                symbol = self.meaning(module, dotted(value), scopes)
                inner = list(index.elts) if isinstance(index, ast.Tuple) else [index]
                if symbol is not None and symbol.path is None:
                    home, _, name = symbol.name.rpartition(".")
                    parts = [self.sent(module, one, scopes) for one in inner] if home in ("builtins", "typing") else []
                    if name == "Optional" and parts:
                        return either((parts[0], NONE))
                    if name == "Union" and parts:
                        return either(parts)
                    if name in ("Dict", "dict") and len(parts) == 2 and parts[0] == STR:
                        return Lookup(STR, parts[1])
                    if name in ("List", "list") and len(parts) == 1:
                        return Items("list", parts[0])
        return self.annotated(module, node, scopes)

    def annotated(self, module: Module, node: ast.expr, scopes: tuple[Scope, ...] = ()) -> Shape:
        """A value that was validated against the annotation."""
        match node:
            case ast.Constant(value=None):
                return NONE
            case ast.Constant(value=str(text)):
                try:
                    inner = ast.parse(text.strip(), mode="eval").body
                except (SyntaxError, ValueError):
                    return Unproven("its type cannot be read")
                return self.annotated(module, inner, scopes)
            case ast.BinOp(op=ast.BitOr(), left=left, right=right):
                return either((self.annotated(module, left, scopes), self.annotated(module, right, scopes)))
            case ast.Subscript():
                return self._subscript(module, node, scopes)
            case ast.Call(func=func):
                # `constr(min_length=1)`
                meaning = self.meaning(module, dotted(func), scopes)
                if meaning is not None and meaning.name in ("pydantic.constr", "pydantic.conint", "pydantic.confloat"):
                    return _LIBRARY[meaning.name]
                return Unproven(f"its type `{ast.unparse(node)}` is not known")
            case ast.Name() | ast.Attribute():
                return self._named(module, node, scopes)
        return Unproven(f"its type `{ast.unparse(node)}` is not known")

    def meaning(self, module: Module, name: str, scopes: tuple[Scope, ...]) -> Symbol | None:
        """What a dotted name of an annotation means; builtins are `builtins.str`."""
        symbol = self.project.resolve(module, name, scopes) if name else None
        if symbol is not None and symbol.path is None:
            short = symbol.name.replace("pydantic.types.", "pydantic.").replace("pydantic.networks.", "pydantic.")
            short = short.replace("typing_extensions.", "typing.").replace("pydantic.fields.", "pydantic.")
            return Symbol(None, ALIASES.get(short, short))
        if symbol is None and "." not in name and not module.bindings(name):
            if any(name in scope.names for scope in scopes):
                return None
            return Symbol(None, f"builtins.{name}")
        return symbol

    def _named(self, module: Module, node: ast.expr, scopes: tuple[Scope, ...]) -> Shape:
        written = dotted(node)
        symbol = self.meaning(module, written, scopes)
        if symbol is None:
            return Unproven(f"its type `{written}` is not known")
        if symbol.path is not None:
            return self._of_project(symbol, written)
        home, _, name = symbol.name.rpartition(".")
        if home == "builtins" and name in _BUILTINS:
            return _BUILTINS[name]
        if symbol.name in _LIBRARY:
            return _LIBRARY[symbol.name]
        if name in _LISTS and home in ("builtins", "typing"):
            return Items(_LISTS[name], Unproven(f"it is one of a `{written}` of anything"))
        if symbol.name == "typing.Any":
            return Unproven("it is annotated `Any`")
        if home in ("builtins", "typing"):
            return Unproven(f"it is a `{written}` of anything")
        return Library(symbol.name)

    def _of_project(self, symbol: Symbol, written: str) -> Shape:
        found = self.shapes.class_of(symbol)
        if found is not None and found.kind != "unknown":
            if found.kind == "enum":
                return Plain(symbol)
            return Instance(symbol, is_validated=found.is_pydantic and not found.table)
        alias = self.shapes.assigned(symbol)
        if alias is not None:
            module, value = alias
            if isinstance(value, ast.Call | ast.Constant) and not isinstance(value, ast.Call):
                return Unproven(f"its type `{written}` is not known")
            return self.annotated(module, value)
        return Instance(symbol) if found is not None else Unproven(f"its type `{written}` is not known")

    def _subscript(self, module: Module, node: ast.Subscript, scopes: tuple[Scope, ...]) -> Shape:
        written = dotted(node.value)
        symbol = self.meaning(module, written, scopes)
        inner = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
        unknown = Unproven(f"its type `{ast.unparse(node)}` is not known")
        if symbol is None or symbol.path is not None or not inner:
            return unknown
        home, _, name = symbol.name.rpartition(".")
        if home not in ("builtins", "typing"):
            return unknown
        if name == "Annotated":
            if all(self.is_constraint(module, one, scopes) for one in inner[1:]):
                return self.annotated(module, inner[0], scopes)
            return unknown
        if name == "Literal":
            values = [self.shapes.constant(one) for one in inner]
            return either(values)
        parts = [self.annotated(module, one, scopes) for one in inner]
        if name == "Optional":
            return either((parts[0], NONE))
        if name == "Union":
            return either(parts)
        if name in _LISTS:
            return Items(_LISTS[name], parts[0])
        if name in ("Dict", "dict") and len(parts) == 2:
            return Lookup(parts[0], parts[1])
        if name in ("Tuple", "tuple"):
            if len(inner) == 2 and isinstance(inner[1], ast.Constant) and inner[1].value is ...:
                return Items("tuple", parts[0])
            return Fixed(tuple(parts))
        return unknown

    def is_constraint(self, module: Module, node: ast.expr, scopes: tuple[Scope, ...]) -> bool:
        if isinstance(node, ast.Constant):
            return True
        if not isinstance(node, ast.Call):
            return False
        symbol = self.meaning(module, dotted(node.func), scopes)
        return symbol is not None and symbol.path is None and symbol.name.startswith(_ONLY_CONSTRAINTS)

    # Attributes of models

    def attribute(self, instance: Instance, name: str) -> Shape:
        """An attribute of a model that Pydantic has made."""
        found = self.shapes.class_of(instance.symbol)
        short = instance.symbol.name.rpartition(".")[2]
        unknown = Unproven(f"nothing shows what `{name}` of a `{short}` is")
        if found is None or not found.is_pydantic or found.table or not instance.is_validated:
            return unknown
        field = found.field(name)
        if field is None or field.role != "field" or field.annotation is None:
            return unknown
        for hook in found.hooks:
            is_for_it = hook.kind == "model_validator" or hook.fields is None or {name, "*"} & set(hook.fields)
            if hook.kind.endswith("_validator") and hook.mode != "before" and is_for_it:
                return Unproven(f"the validator `{hook.name}` may change `{name}` of a `{short}`")
        return self.field(field, short)

    def field(self, field: Field, owner: str) -> Shape:
        home = self.project.module(field.owner.path or "")
        if home is None or field.annotation is None:
            return Unproven(f"nothing shows what `{field.name}` of a `{owner}` is")
        shape = self.annotated(home, home.expression(field.annotation))
        if field.default == "none":
            return shape
        default = self.shapes.default(home, field.default_span, field.default)
        return either((shape, default))
