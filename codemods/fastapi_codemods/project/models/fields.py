"""The fields of one class body, by the rules of each kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.nodes import walk
from ..index import Symbol
from ..reader import dotted
from .annotations import Annotation
from .definitions import Names, statements_binding
from .description import Field, blank
from .libraries import ALIASES, ATTRS_CALLS, FIELD_CALLS, ROLES
from .literals import is_data, is_ellipsis, is_false, is_none, is_true, text_of
from .written import Item, Written

OwnFields = list[tuple[str, "Field | None"]]
"""Fields of one class body in their order; None takes an inherited one away."""


class FieldOptions:
    """What `Field(...)` and its like say, those in `Annotated` first."""

    def __init__(self) -> None:
        self.given: dict[str, ast.expr] = {}
        self.is_open = False
        """Something is unpacked."""

    def add(self, call: ast.Call, version: int) -> None:
        given = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
        if call.args and not isinstance(call.args[0], ast.Starred):
            given.setdefault("default", call.args[0])
        self.is_open = (
            self.is_open
            or any(keyword.arg is None for keyword in call.keywords)
            or any(isinstance(argument, ast.Starred) for argument in call.args)
        )
        if version == 2 and is_ellipsis(given.get("default")):
            # In v2 `...` says nothing: a default in `Annotated` stays.
            del given["default"]
            if "default" not in self.given:
                self.given["..."] = call
        if dotted(given.get("default", call)).rpartition(".")[2] in (
            "MISSING",
            "NOTHING",
            "PydanticUndefined",
            "Undefined",
        ):
            del given["default"]
        for name in (*ALIASES, "default_factory"):
            if is_none(given.get(name)):
                del given[name]
        if "default" in given or "default_factory" in given:
            self.given.pop("default", None)
            self.given.pop("default_factory", None)
        self.given.update(given)

    @property
    def default(self) -> str:
        if "default_factory" in self.given or "factory" in self.given:
            return "factory"
        if "default" in self.given:
            return "..." if is_ellipsis(self.given["default"]) else "value"
        return "unknown" if self.is_open else ("..." if "..." in self.given else "none")

    def field(self, field: Field) -> Field:
        """The field with its aliases and what else these options say of it."""
        aliases = {name: text_of(self.given.get(name)) for name in ALIASES}
        # With a priority of 1, a generator of aliases goes before them.
        computed = (
            self.is_open
            or "alias_priority" in self.given
            or any(name in self.given and aliases[name] is None for name in ALIASES)
        )
        alias = aliases["alias"]
        return field._replace(
            alias=alias,
            validation_alias=alias if "validation_alias" not in self.given else aliases["validation_alias"],
            serialization_alias=alias if "serialization_alias" not in self.given else aliases["serialization_alias"],
            computed_alias=computed,
            exclude=is_true(self.given.get("exclude")),
            init=not is_false(self.given.get("init")),
            kw_only=field.kw_only if "kw_only" not in self.given else is_true(self.given["kw_only"]),
        )


_FIELDS_OF_MODELS = ("__fields__", "__pydantic_fields__", "model_fields")


_DESCRIPTORS = frozenset(
    {"builtins.classmethod", "builtins.property", "builtins.staticmethod", "enum.nonmember", "enum.property"}
    | {"enum.DynamicClassAttribute", "functools.cached_property", "types.DynamicClassAttribute"}
)


class Body:
    """Reads the fields of one class body, by the rules of each kind."""

    def __init__(self, symbol: Symbol, written: Written, names: Names) -> None:
        self.symbol = symbol
        self.written = written
        self.names = names

    def _field(self, item: Item, role: str = "field") -> Field:
        return blank(item.name, role, self.symbol, item.line)._replace(
            annotation=item.annotation_span, annotation_text=item.annotation_text, default_span=item.value_span
        )

    def _annotation(self, item: Item) -> Annotation:
        annotation = Annotation()
        if item.annotation is not None:
            annotation.read(item.annotation, self.names)
        return annotation

    def _call(self, value: ast.expr | None) -> tuple[ast.Call | None, str]:
        return (value, self.names.meaning(value.func)) if isinstance(value, ast.Call) else (None, "")

    def pydantic(self, version: int) -> Iterator[tuple[str, Field | None]]:
        for item in self.written.items:
            if item.name == "model_config" or (item.name.startswith("_") and item.name != "__root__"):
                continue
            annotation = self._annotation(item)
            _, meaning = self._call(item.value)
            if item.annotation is None:
                if version == 1 and (item.value is None or is_data(item.value) or meaning in FIELD_CALLS):
                    yield item.name, self._pydantic_field(item, annotation, version)
                continue
            is_constant = version == 2 and "Final" in annotation.wrappers and item.value is not None
            if "ClassVar" in annotation.wrappers or is_constant:
                yield item.name, None
            elif meaning == "sqlmodel.Relationship":
                yield item.name, self._field(item, "relationship")._replace(required=False)
            else:
                yield item.name, self._pydantic_field(item, annotation, version)

    def _pydantic_field(self, item: Item, annotation: Annotation, version: int) -> Field:
        options = FieldOptions()
        for node, names in annotation.metadata:
            written, is_open = self._field_call(node, names)
            if written is not None:
                options.add(written, version)
            options.is_open = options.is_open or is_open
        default = options.default
        if item.value is not None:
            written, is_open = self._field_call(item.value, self.names)
            if written is not None:
                options.add(written, version)
                default = options.default
            elif is_open:
                options.is_open = True
                default = "unknown"
            elif not is_ellipsis(item.value):
                default = "value"
            elif version == 1 or default == "none":
                default = "..."
        optional = version == 1 and annotation.allows_none and default == "none"
        required = None if default == "unknown" else default in ("none", "...") and not optional
        if version == 1 and annotation.stands_for_another and default == "none":
            required = None
        field = options.field(self._field(item)._replace(default=default, required=required))
        # Of models, `init` says nothing: it is for dataclasses.
        return field._replace(init=True, kw_only=False)

    def _field_call(self, node: ast.expr, names: Names, depth: int = 5) -> tuple[ast.Call | None, bool]:
        """The call of `Field` that an expression is or stands for, and whether it may be one that is not seen."""
        match node:
            case ast.Call() if names.meaning(node.func) in FIELD_CALLS:
                return node, False
            case ast.Call():
                return None, not names.meaning(node.func) and self._may_make_a_field(node, names)
            case ast.Name() | ast.Attribute():
                found = names.value(node) if depth else None
                if found is not None:
                    return self._field_call(*found, depth - 1)
                return None, node.attr in _FIELDS_OF_MODELS if isinstance(node, ast.Attribute) else False
            case ast.Starred():
                return None, True
            case ast.Lambda():
                return None, False
            case _:
                return None, any(self._is_about_fields(part, names) for part in walk(node))

    def _is_about_fields(self, node: ast.AST, names: Names) -> bool:
        """Whether a part of a larger expression makes a field or takes that of a model."""
        if isinstance(node, ast.Call):
            return names.meaning(node.func) in FIELD_CALLS
        return isinstance(node, ast.Attribute) and node.attr in _FIELDS_OF_MODELS

    def _may_make_a_field(self, call: ast.Call, names: Names) -> bool:
        """Whether a function of the project is called that has to do with `Field`, so may return what that makes."""
        function = call.func.value if isinstance(call.func, ast.Subscript) else call.func  # `Range[int](min=1)`
        symbol = names.symbol(dotted(function))
        if symbol is None or symbol.path is None:
            return symbol is None
        module = names.project.module(symbol.path)
        if module is None:
            return True
        is_class = {binding.kind for binding in module.bindings(symbol.name)} == {"class"}
        word = "FieldInfo" if is_class else "Field"
        places = statements_binding(module, symbol.name)
        return any(word in module.statement_text(index) for index in places)

    def attrs(self, kw_only: bool, auto_attribs: bool | None) -> Iterator[tuple[str, Field | None]]:
        """`auto_attribs` None: unless there is a `field()` without annotation, annotations make fields."""
        made = {item.name for item in self.written.items if self._call(item.value)[1] in ATTRS_CALLS}
        if auto_attribs is None:
            auto_attribs = all(item.annotation is not None for item in self.written.items if item.name in made)
        given = {
            dotted(decorator.value)
            for method in self.written.methods
            for decorator in method.decorators
            if isinstance(decorator, ast.Attribute) and decorator.attr == "default"
        }
        for name, field in self.dataclass(kw_only, is_attrs=True):
            if field is not None and not auto_attribs and name not in made:
                continue
            if field is not None and name in given:
                yield name, field._replace(default="factory", required=False)
            else:
                yield name, field

    def dataclass(self, kw_only: bool, *, is_attrs: bool = False) -> Iterator[tuple[str, Field | None]]:
        for item in self.written.items:
            call, meaning = self._call(item.value)
            if item.annotation is None:
                if is_attrs and call is not None and meaning in ATTRS_CALLS:
                    yield item.name, self._dataclass_field(item, "field", call, kw_only)
                continue
            if self.names.wrapper(item.annotation) == "dataclasses.KW_ONLY":
                kw_only = True
                continue
            annotation = self._annotation(item)
            if "ClassVar" in annotation.wrappers:
                yield item.name, None
                continue
            is_call = meaning in ("dataclasses.field", "pydantic.Field") or meaning in ATTRS_CALLS
            role = "init" if "InitVar" in annotation.wrappers else "field"
            yield item.name, self._dataclass_field(item, role, call if is_call else None, kw_only)

    def _dataclass_field(self, item: Item, role: str, call: ast.Call | None, kw_only: bool) -> Field:
        field = self._field(item, role)._replace(kw_only=kw_only)
        if call is None:
            is_given = item.value is not None
            return field._replace(default="value" if is_given else "none", required=not is_given)
        options = FieldOptions()
        options.add(call, 2)
        field = options.field(field)
        required = None if options.default == "unknown" else options.default in ("none", "...") and field.init
        return field._replace(default=options.default, required=required)

    def typed_dict(self) -> Iterator[tuple[str, Field | None]]:
        total = not any(k.arg == "total" and is_false(k.value) for k in self.written.keywords)
        for item in self.written.items:
            wrappers = self._annotation(item).wrappers
            required = ("Required" in wrappers) if wrappers & {"Required", "NotRequired"} else total
            yield item.name, self._field(item)._replace(required=required)

    def named_tuple(self) -> Iterator[tuple[str, Field | None]]:
        for item in self.written.items:
            if item.annotation is not None:
                is_given = item.value is not None
                default = "value" if is_given else "none"
                yield item.name, self._field(item)._replace(default=default, required=not is_given)

    def enum(self) -> Iterator[tuple[str, Field | None]]:
        ignored = {
            name
            for item in self.written.items
            if item.name == "_ignore_" and item.value is not None
            for part in walk(item.value)
            if isinstance(part, ast.expr)
            for name in (text_of(part) or "").replace(",", " ").split()
        }
        for item in self.written.items:
            is_private = item.name.startswith("__") or (item.name.startswith("_") and item.name.endswith("_"))
            is_member = not is_private and item.name not in ignored
            if is_member and item.value is not None and not self._is_descriptor(item.value):
                yield item.name, self._field(item, "member")._replace(default="value", required=False)

    def _is_descriptor(self, value: ast.expr) -> bool:
        """A function, a property and the like: an attribute of an enumeration, but no member."""
        if isinstance(value, ast.Call):
            return self.names.meaning(value.func) in _DESCRIPTORS
        symbol = self.names.symbol(dotted(value))
        module = self.names.project.module(symbol.path) if symbol is not None and symbol.path is not None else None
        if isinstance(value, ast.Lambda) or symbol is None or module is None:
            return isinstance(value, ast.Lambda)
        return {binding.kind for binding in module.bindings(symbol.name)} == {"def"}

    def orm(self) -> Iterator[tuple[str, Field | None]]:
        for item in self.written.items:
            if item.name.startswith("__"):
                continue
            call, meaning = self._call(item.value)
            library, _, name = meaning.rpartition(".")
            role = ROLES.get(name, "") if library == "sqlalchemy" else ""
            if not role and not (item.value is None and "Mapped" in self._annotation(item).wrappers):
                continue
            field = self._field(item, role or "column")._replace(required=None)
            names = {keyword.arg for keyword in call.keywords} if call is not None else set()
            if names & {"default", "server_default", "insert_default"}:
                field = field._replace(default="value")
            elif "default_factory" in names:
                field = field._replace(default="factory")
            yield item.name, field
        for method in self.written.methods:
            for decorator in method.decorators:
                is_declared = "sqlalchemy.declared_attr" in (self.names.meaning(decorator), self._head(decorator))
                if is_declared and not method.name.startswith("__"):
                    field = blank(method.name, "declared", self.symbol, method.line)
                    field = field._replace(annotation=method.returns, annotation_text=method.returns_text)
                    yield method.name, field._replace(required=None)

    def _head(self, node: ast.expr) -> str:
        """`declared_attr` for `@declared_attr.directive`."""
        return self.names.meaning(node.value) if isinstance(node, ast.Attribute) else ""


def with_inherited_annotation(field: Field | None, base: Field | None) -> Field | None:
    if field is None or base is None or field.annotation is not None:
        return field
    return field._replace(annotation=base.annotation, annotation_text=base.annotation_text, alias=base.alias)
