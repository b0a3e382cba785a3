"""What the classes of a project are (Pydantic models, dataclasses, ORM classes, ...) and what they hold.

Nothing is run. A class is what its bases make it, as far as the project shows; a base that leads out of what is known
makes it `unknown`, which is an answer. `model` reads one class and what its bases need, `models_of` all of them.
"""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from ..source import UnreadableSourceError
from ..source.discovery import is_test
from ..source.statements import parse
from .fastapi_names import PARAMETER_FUNCTIONS
from .index import Module, Project, Symbol
from .model import Scope, Span
from .reader import ROUTE_METHODS, Positions, blocks_of, dotted, scope_of

Kind = Literal[
    "pydantic",
    "root",
    "settings",
    "sqlmodel",
    "dataclass",
    "pydantic-dataclass",
    "typed-dict",
    "named-tuple",
    "enum",
    "orm",
    "attrs",
    "plain",
    "unknown",
]

PYDANTIC: frozenset[Kind] = frozenset({"pydantic", "root", "settings", "sqlmodel"})
"""Subclasses of `pydantic.BaseModel`."""


class Field(NamedTuple):
    """One field of a class, wherever in its bases it stands."""

    name: str
    role: str
    """`field`, or `column`, `relationship`, `declared` (`@declared_attr`) of an ORM class, `init` (`InitVar`),
    `member` of an enumeration, `computed` (`@computed_field`)."""
    owner: Symbol
    """The class in whose body it stands."""
    line: int
    annotation: Span | None
    annotation_text: str
    default: str
    """`none`, `value`, `factory`, `...`, or `unknown`."""
    default_span: Span | None
    """Of what is assigned, a call of `Field` included."""
    required: bool | None
    """Whether an object cannot be made without it; None where that is not certain, and for columns."""
    alias: str | None
    validation_alias: str | None
    serialization_alias: str | None
    computed_alias: bool
    """An alias comes from a generator or is not a plain string, so it is not known here."""
    exclude: bool
    kw_only: bool
    init: bool
    """Is a parameter of `__init__`."""

    @property
    def is_aliased(self) -> bool:
        return self.computed_alias or any((self.alias, self.validation_alias, self.serialization_alias))


class Hook(NamedTuple):
    """A validator or serializer of a Pydantic model."""

    name: str
    kind: str
    """`field_validator`, `model_validator`, `field_serializer` or `model_serializer`; `validator` and
    `root_validator` of Pydantic v1 count as the first two."""
    mode: str
    """`before`, `after`, `wrap` or `plain`."""
    fields: tuple[str, ...] | None
    """Names as written, `*` included; None where they are not plain strings, or for the whole model."""
    owner: Symbol
    line: int


class Config(NamedTuple):
    """The configuration of a model with what its bases configure, by the names of Pydantic v2."""

    options: Mapping[str, str]
    """Source of each value: `'forbid'`, `True`, `to_camel`."""
    certain: bool
    """False where something is unpacked or computed."""

    def is_true(self, name: str) -> bool:
        return self.options.get(name) == "True"

    @property
    def extra(self) -> str:
        """`allow`, `forbid`, `ignore`, or empty where nothing says so."""
        return self.options.get("extra", "").rpartition(".")[2].strip("'\"")

    @property
    def from_attributes(self) -> bool:
        return self.is_true("from_attributes")

    @property
    def populate_by_name(self) -> bool:
        return self.is_true("populate_by_name") or self.is_true("validate_by_name")

    @property
    def alias_generator(self) -> str:
        """Source of the generator, empty where there is none."""
        written = self.options.get("alias_generator", "")
        return "" if written == "None" else written

    @property
    def frozen(self) -> bool:
        return self.is_true("frozen") or self.options.get("allow_mutation") == "False"


class Model(NamedTuple):
    """What a class is and holds, with all that it inherits."""

    symbol: Symbol
    kind: Kind
    version: int
    """Of Pydantic, 1 or 2; 0 for what is none of its models."""
    line: int
    bases: tuple[Symbol, ...]
    """Direct bases that can be told, as classes of the project or dotted names."""
    mro: tuple[Symbol, ...]
    """The class and its bases, as far as the project holds them."""
    fields: tuple[Field, ...]
    computed: tuple[Field, ...]
    """Of `@computed_field`: in what is sent, not in what is taken."""
    hooks: tuple[Hook, ...]
    config: Config
    table: bool
    """SQLModel with `table=True`."""
    complete: bool
    """False where it may have more or other fields than can be seen."""
    reason: str
    """Why the kind is unknown or the fields are not complete."""

    @property
    def is_pydantic(self) -> bool:
        return self.kind in PYDANTIC

    @property
    def name(self) -> str:
        return self.symbol.name.rpartition(".")[2]

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    @property
    def validators(self) -> tuple[Hook, ...]:
        return tuple(hook for hook in self.hooks if hook.kind.endswith("_validator"))


class SchemaLocations(NamedTuple):
    """Where a project keeps its Pydantic models, tests left out; the most used first in each."""

    patterns: Mapping[str, int]
    """Models by `schemas.py` (one file of that name), `*/schemas.py` (one per feature), `schemas/*.py`, `beside
    handlers`, or `other`; the name is the project's (`models`, `dto`)."""
    modules: Mapping[str, int]
    folders: Mapping[str, int]


def model(project: Project, symbol: Symbol) -> Model | None:
    """The class that a symbol of the project names; None if it names none."""
    return _reader(project).model(symbol)


def models_of(project: Project) -> dict[Symbol, Model]:
    """Every class of the project that is a model of some kind: neither plain nor unknown. By path and place."""
    return project.remembered("models of the project", lambda: _reader(project).everything())


def pydantic_major(project: Project) -> int:
    """The Pydantic that the project is written for, 1 or 2: by its lock file or requirement, else by what it uses."""
    return project.remembered("major version of Pydantic", lambda: required_pydantic(project) or _used(project))


def required_pydantic(project: Project) -> int:
    """1 or 2 where a lock file or requirement allows only that, else 0."""
    return project.remembered("required Pydantic", lambda: _required(project.root))


def schema_locations(project: Project) -> SchemaLocations:
    """Where the project keeps its Pydantic models."""
    return project.remembered("schema locations", lambda: _schema_locations(project))


def _reader(project: Project) -> _Models:
    return project.remembered("models", lambda: _Models(project))


# What stands in a class, without meaning: kept with the module, so without the bodies of its methods.


class _Item(NamedTuple):
    """`name: annotation = value`."""

    name: str
    annotation: ast.expr | None
    value: ast.expr | None
    annotation_span: Span | None
    annotation_text: str
    value_span: Span | None
    line: int


class _Method(NamedTuple):
    name: str
    decorators: tuple[ast.expr, ...]
    returns: Span | None
    returns_text: str
    line: int


class _Written(NamedTuple):
    """A class as it is written, or something called that makes one."""

    name: str
    scopes: tuple[Scope, ...]
    scope: Scope
    bases: tuple[ast.expr, ...]
    keywords: tuple[ast.keyword, ...]
    decorators: tuple[ast.expr, ...]
    items: tuple[_Item, ...]
    methods: tuple[_Method, ...]
    config: tuple[_Item, ...] | None
    """Of a class `Config` in it."""
    config_bases: tuple[ast.expr, ...]
    line: int
    doubt: str = ""
    """Why it may hold more than this."""


class _Definition(NamedTuple):
    written: _Written
    module: Module


_NESTED_CLASS = re.compile(r"\n[ \t]+class[ \t]")
_NO_BASES = re.compile(r"\f*class[ \t]+\w+[ \t]*(?:\([ \t]*\)[ \t]*)?:")


def _holds_nested(text: str) -> bool:
    return "class" in text[1:] and _NESTED_CLASS.search(text) is not None


def _written_in(module: Module, index: int) -> tuple[_Written, ...]:
    """The classes in one statement of a module."""

    def read() -> tuple[_Written, ...]:
        statement = module.facts.statements[index]
        text = module.statement_text(index)
        try:
            tree = module.parsed(index)
        except UnreadableSourceError:
            return ()
        places = _Places(text, Positions(text, statement.start, statement.line))
        if not _holds_nested(text):
            return tuple(_written(node, (), places) for node in tree.body if isinstance(node, ast.ClassDef))
        return tuple(_classes_in(tree.body, (), places))

    return module.remembered(("classes", index), read)


class _Places(NamedTuple):
    text: str
    positions: Positions

    def span(self, node: ast.expr | None) -> tuple[Span | None, str]:
        if node is None:
            return None, ""
        span = self.positions.span(node)
        base = self.positions.offset(1, 0)
        return span, self.text[span.start - base : span.end - base]


def _classes_in(body: Iterable[ast.stmt], scopes: tuple[Scope, ...], places: _Places) -> Iterator[_Written]:
    for node in body:
        match node:
            case ast.ClassDef():
                written = _written(node, scopes, places)
                yield written
                yield from _classes_in(node.body, (*scopes, written.scope), places)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = [
                    statement for statement in node.body if not isinstance(statement, ast.Expr | ast.Return | ast.Raise)
                ]
                found = list(_classes_in(inner, (), places))
                if found:
                    yield from _classes_in(inner, (*scopes, scope_of(node)), places)
            case _:
                for block, _ in blocks_of(node):
                    yield from _classes_in(block, scopes, places)


def _written(node: ast.ClassDef, scopes: tuple[Scope, ...], places: _Places) -> _Written:
    items: list[_Item] = []
    methods: list[_Method] = []
    config: ast.ClassDef | None = None
    doubt = ""
    for statement, is_conditional in _statements_of(node.body):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                items.append(_item(name, statement.annotation, statement.value, statement.lineno, places))
            case ast.Assign():
                targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                items.extend(_item(name, None, statement.value, statement.lineno, places) for name in targets)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                returns, text = places.span(statement.returns)
                line = places.positions.line(statement.lineno)
                methods.append(_Method(statement.name, tuple(statement.decorator_list), returns, text, line))
            case ast.ClassDef(name="Config"):
                config = statement
            case _:
                pass
        if is_conditional and isinstance(statement, ast.Assign | ast.AnnAssign):
            doubt = "some of it stands under a condition"
    name = ".".join([*(scope.name for scope in scopes), node.name])
    inner = _written(config, (), places) if config is not None else None
    return _Written(
        name,
        scopes,
        scope_of(node),
        tuple(node.bases),
        tuple(node.keywords),
        tuple(node.decorator_list),
        tuple(items),
        tuple(methods),
        inner.items if inner else None,
        inner.bases if inner else (),
        places.positions.line(node.lineno),
        doubt,
    )


def _item(name: str, annotation: ast.expr | None, value: ast.expr | None, line: int, places: _Places) -> _Item:
    span, text = places.span(annotation)
    return _Item(name, annotation, value, span, text, places.span(value)[0], places.positions.line(line))


def _statements_of(body: Iterable[ast.stmt], *, conditional: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    for statement in body:
        yield statement, conditional
        if isinstance(statement, ast.If) and dotted(statement.test).rpartition(".")[2] == "TYPE_CHECKING":
            # What only type checkers see is no field.
            yield from _statements_of(statement.orelse, conditional=conditional)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for block, _ in blocks_of(statement):
                yield from _statements_of(block, conditional=True)


# What names of the libraries mean here.

_KIND_OF_BASE: dict[str, Kind] = {
    "pydantic.BaseModel": "pydantic",
    "pydantic.GenericModel": "pydantic",
    "pydantic.RootModel": "root",
    "pydantic.BaseSettings": "settings",
    "sqlmodel.SQLModel": "sqlmodel",
    "typing.TypedDict": "typed-dict",
    "typing.NamedTuple": "named-tuple",
    "collections.namedtuple": "named-tuple",
    "sqlalchemy.DeclarativeBase": "orm",
    "sqlalchemy.DeclarativeBaseNoMeta": "orm",
    **dict.fromkeys((f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum")), "enum"),
}
_DECORATORS: dict[str, Kind] = {
    "dataclasses.dataclass": "dataclass",
    "pydantic.dataclass": "pydantic-dataclass",
    **dict.fromkeys(
        (f"attrs.{name}" for name in ("s", "attrs", "define", "frozen", "mutable", "dataclass", "attributes")), "attrs"
    ),
    "sqlalchemy.mapped": "orm",
    "sqlalchemy.mapped_as_dataclass": "orm",
    "sqlalchemy.as_declarative": "orm",
}
_BASE_MAKERS = ("sqlalchemy.declarative_base", "sqlalchemy.automap_base", "sqlalchemy.generate_base")
_ORM_BASE = Symbol(None, "sqlalchemy.DeclarativeBase")

# Libraries whose public names are found in several of their modules, by the name used for them here.
_LIBRARIES = {
    "pydantic": "pydantic",
    "pydantic_settings": "pydantic",
    "sqlmodel": "sqlmodel",
    "sqlalchemy": "sqlalchemy",
    "flask_sqlalchemy": "sqlalchemy",
    "attr": "attrs",
    "attrs": "attrs",
    "typing": "typing",
    "typing_extensions": "typing",
    "mypy_extensions": "typing",
    "enum": "enum",
}
# Their classes, and those of the standard library, are models of no kind unless they are named above.
_WITHOUT_MODELS = frozenset({*sys.stdlib_module_names, *_LIBRARIES, "starlette", "fastapi", "builtins"})
_MODELS_OF_FASTAPI = "fastapi.openapi.models."

# Of what is taken from these with a star, the names that matter here.
_WITH_STARS = {
    "pydantic": frozenset({"BaseModel", "BaseSettings", "RootModel", "Field", "validator", "root_validator"}),
    "typing": frozenset({"Annotated", "Any", "ClassVar", "Generic", "NamedTuple", "Optional", "TypedDict", "Union"}),
    "enum": frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}),
    "dataclasses": frozenset({"dataclass", "field", "InitVar", "KW_ONLY"}),
    "sqlmodel": frozenset({"SQLModel", "Field", "Relationship"}),
    "sqlalchemy": frozenset({"Column"}),
    "sqlalchemy.orm": frozenset({"DeclarativeBase", "Mapped", "declarative_base", "mapped_column", "relationship"}),
}

_FIELD_CALLS = frozenset(
    {"pydantic.Field", "pydantic.FieldInfo", "sqlmodel.Field"}
    | {f"fastapi.{name}" for name in PARAMETER_FUNCTIONS - {"Depends", "Security"}}
)
_ATTRS_CALLS = frozenset({"attrs.ib", "attrs.attrib", "attrs.field"})
_ROLES = {
    "Column": "column",
    "mapped_column": "column",
    "column_property": "column",
    "deferred": "column",
    "query_expression": "column",
    "composite": "column",
    "relationship": "relationship",
    "dynamic_loader": "relationship",
    "relation": "relationship",
    "association_proxy": "relationship",
}
_MAPPED = frozenset(f"sqlalchemy.{name}" for name in ("Mapped", "WriteOnlyMapped", "DynamicMapped"))
_HOOKS = {
    "field_validator": "field_validator",
    "validator": "field_validator",
    "model_validator": "model_validator",
    "root_validator": "model_validator",
    "field_serializer": "field_serializer",
    "model_serializer": "model_serializer",
}
_ANNOTATED_HOOKS = {
    "pydantic.BeforeValidator": ("field_validator", "before"),
    "pydantic.AfterValidator": ("field_validator", "after"),
    "pydantic.WrapValidator": ("field_validator", "wrap"),
    "pydantic.PlainValidator": ("field_validator", "plain"),
    "pydantic.PlainSerializer": ("field_serializer", "plain"),
    "pydantic.WrapSerializer": ("field_serializer", "wrap"),
}
_ALIASES = ("alias", "validation_alias", "serialization_alias")
_NEW_NAMES = {"orm_mode": "from_attributes", "allow_population_by_field_name": "populate_by_name"}
_HARMLESS_DECORATORS = frozenset(
    {"functools.total_ordering", "typing.final", "typing.runtime_checkable", "typing.deprecated", "enum.unique"}
)


def _short(name: str) -> str:
    """`pydantic.Field` for `pydantic.v1.fields.Field`: a library's public name by one spelling."""
    parts = name.split(".")
    library = _LIBRARIES.get(parts[0])
    return f"{library}.{parts[-1]}" if library and len(parts) > 1 else name


class _Names:
    """What names mean where they stand in a class, or at the top level of a module."""

    def __init__(self, models: _Models, module: Module, scopes: tuple[Scope, ...]) -> None:
        self.models = models
        self.project = models.project
        self.module = module
        self.scopes = scopes

    def symbol(self, name: str) -> Symbol | None:
        """As `Project.resolve`, and also what is defined in a class or function of the project."""
        if not name:
            return None
        head = name.partition(".")[0]
        for depth in range(len(self.scopes), 0, -1):
            scope = self.scopes[depth - 1]
            if head not in scope.names or (scope.kind == "class" and depth != len(self.scopes)):
                continue
            if any(local == head for local, _ in scope.imports):
                return self.project.resolve(self.module, name, self.scopes[:depth])
            if head in scope.rebound:
                return None
            return Symbol(self.module.path, ".".join([*(s.name for s in self.scopes[:depth]), name]))
        found = self.project.resolve(self.module, name)
        if found is None and not self.module.bindings(head):
            for star in self.module.facts.stars:
                if name in _WITH_STARS.get(star, ()):
                    return Symbol(None, f"{star}.{name}")
            if hasattr(builtins, head):
                return Symbol(None, f"builtins.{name}")
        return found

    def meaning(self, node: ast.expr) -> str:
        """The name of a library's thing by one spelling, see `_short`; empty for what is the project's or unknown."""
        name = dotted(node)
        if not name:
            return ""
        symbol = self.symbol(name)
        if symbol is None:
            return ""
        if symbol.path is not None:
            symbol = self.models.known(symbol)
        return _short(symbol.name) if symbol is not None and symbol.path is None else ""

    def wrapper(self, node: ast.expr) -> str:
        """`meaning` of what may be one of `_WORDS_OF_TYPES`: no module is read for any other name in an annotation."""
        head, _, rest = dotted(node).partition(".")
        if not head:
            return ""
        last = rest.rpartition(".")[2]
        targets = [head] if rest else [target.rpartition(".")[2] for target in self.module.imports.get(head, [head])]
        return self.meaning(node) if last in _WORDS_OF_TYPES or any(t in _WORDS_OF_TYPES for t in targets) else ""

    def value(self, node: ast.expr) -> tuple[ast.expr, _Names] | None:
        """What a module-level name of the project is assigned, and where."""
        name = dotted(node)
        head = name.partition(".")[0]
        if not head or not self._may_be_annotated(head):
            return None
        symbol = self.symbol(name)
        return self.models.assigned(symbol) if symbol is not None else None

    def _may_be_annotated(self, head: str) -> bool:
        """Whether to see if a name leads to `X = Annotated[...]`; an import is followed only to a file with that."""
        bindings = self.module.bindings(head)
        if not bindings or any(binding.kind in ("class", "def") for binding in bindings):
            return False
        for target in self.module.imports.get(head, ()):
            path = self.project.module_path(self.module.path, target.rpartition(".")[0] or target)
            return path is not None and self._holds_annotated(path)
        return True

    def _holds_annotated(self, path: str) -> bool:
        return self.project.remembered(("holds Annotated", path), lambda: b"Annotated[" in self.project.data(path))


class _Annotation:
    """What an annotation says beyond the type."""

    def __init__(self) -> None:
        self.wrappers: set[str] = set()
        """`ClassVar`, `Final`, `InitVar`, `Mapped`, `Required`, `NotRequired` around it."""
        self.metadata: list[tuple[ast.expr, _Names]] = []
        """Of `Annotated`, from the inside out."""
        self.allows_none = False

    def read(self, node: ast.expr, names: _Names, depth: int = 0) -> None:
        match node:
            case ast.Constant(value=str(text)):
                try:
                    statement = parse(f"({text}\n)").body[0]
                except UnreadableSourceError:
                    return
                if isinstance(statement, ast.Expr):
                    self.read(statement.value, names, depth)
            case ast.Constant(value=None):
                self.allows_none = True
            case ast.BinOp(op=ast.BitOr()):
                self.allows_none = self.allows_none or _allows_none(node, names)
            case ast.Subscript():
                self._read_subscript(node, names, depth)
            case ast.Name() | ast.Attribute():
                meaning = names.wrapper(node)
                if meaning in ("typing.ClassVar", "typing.Final"):
                    self.wrappers.add(meaning.rpartition(".")[2])
                elif meaning in ("typing.Any", "builtins.object"):
                    self.allows_none = True
                elif not meaning and depth < 5 and (found := names.value(node)) is not None:
                    self.read(*found, depth + 1)
            case _:
                pass

    def _read_subscript(self, node: ast.Subscript, names: _Names, depth: int) -> None:
        meaning = names.wrapper(node.value)
        name = "Mapped" if meaning in _MAPPED else meaning.rpartition(".")[2]
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if meaning in _WRAPPERS and arguments:
            self.wrappers.add(name)
            self.read(arguments[0], names, depth)
        elif meaning == "typing.Annotated" and arguments:
            self.read(arguments[0], names, depth)
            self.metadata.extend((argument, names) for argument in arguments[1:])
        elif meaning in ("typing.Optional", "typing.Union"):
            self.allows_none = self.allows_none or _allows_none(node, names)


_WRAPPERS = _MAPPED | {"dataclasses.InitVar", "pydantic.InitVar"}
_WRAPPERS |= {f"typing.{name}" for name in ("ClassVar", "Final", "Required", "NotRequired", "ReadOnly")}


def _allows_none(node: ast.expr, names: _Names) -> bool:
    match node:
        case ast.Constant(value=None):
            return True
        case ast.BinOp(op=ast.BitOr()):
            return _allows_none(node.left, names) or _allows_none(node.right, names)
        case ast.Subscript():
            meaning = names.wrapper(node.value)
            if meaning == "typing.Union":
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                return any(_allows_none(part, names) for part in parts)
            return meaning == "typing.Optional"
        case ast.Name() | ast.Attribute():
            return names.wrapper(node) == "typing.Any"
        case _:
            return False


_WORDS_OF_TYPES = frozenset({name.rpartition(".")[2] for name in _WRAPPERS})
_WORDS_OF_TYPES |= {"Annotated", "Any", "KW_ONLY", "Optional", "Union", "object"}

_UNKNOWN_BASE = "?"
_Own = list[tuple[str, "Field | None"]]
"""Fields of one class body in their order; None takes an inherited one away."""


class _Models:
    """The classes of one project, each read once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._models: dict[Symbol, Model | None] = {}
        self._definitions: dict[Symbol, _Definition | Symbol | None] = {}
        self._mros: dict[Symbol, tuple[Symbol, ...]] = {}
        self._own_fields: dict[tuple[Symbol, str, int], _Own] = {}
        self._bases: dict[Symbol, tuple[Symbol, ...]] = {}
        self._doubts: dict[Symbol, str] = {}

    # Finding

    def everything(self) -> dict[Symbol, Model]:
        found: dict[Symbol, Model] = {}
        for path in sorted(self._paths_with_classes()):
            module = self.project.module(path)
            if module is None:
                continue
            for symbol in dict.fromkeys(Symbol(path, written.name) for written in _all_written(module)):
                made = self.model(symbol)
                if made is not None and made.kind not in ("plain", "unknown"):
                    found[symbol] = made
            for name, bindings in module.facts.bindings.items():
                kinds = [binding.kind for binding in bindings]
                if kinds == ["assign"] and _makes_a_class(module, bindings[0].statement):
                    made = self.model(Symbol(path, name))
                    if made is not None and made.symbol == Symbol(path, name) and made.kind not in ("plain", "unknown"):
                        found[Symbol(path, name)] = made
        return found

    def _paths_with_classes(self) -> set[str]:
        """Files with words of models, and those whose classes have bases of such names."""
        gated: set[str] = set()
        headers: dict[str, frozenset[bytes]] = {}
        names: set[bytes] = set()
        renamed: list[tuple[bytes, bytes]] = []
        for path in self.project.paths:
            try:
                data = self.project.data(path)
            except OSError:
                continue
            renamed.extend(_renamed_classes(data))
            if b"class " not in data and not any(word in data for word in _WORDS_OF_CALLS):
                continue
            words = _words_of_headers(data)
            if any(word in data for word in _WORDS_OF_MODELS):
                gated.add(path)
                names.update(_CLASS_NAME.findall(data))
                names.update(_BASE_ASSIGNMENT.findall(data))
            elif words:
                headers[path] = words
        found = True
        while found:
            found = False
            names.update(local for name, local in renamed if name in names)
            for path, words in list(headers.items()):
                if not words.isdisjoint(names):
                    del headers[path]
                    gated.add(path)
                    before = len(names)
                    names.update(_CLASS_NAME.findall(self.project.data(path)))
                    found = found or len(names) > before
            found = found or any(name in names and local not in names for name, local in renamed)
        return gated

    def known(self, symbol: Symbol) -> Symbol | None:
        """The library's name that something assigned in the project stands for; None for what is the project's."""
        if symbol.path is None:
            return symbol
        head, _, rest = symbol.name.partition(".")
        if rest and "." not in rest and self._is_database(Symbol(symbol.path, head)):
            return _ORM_BASE if rest == "Model" else Symbol(None, f"sqlalchemy.{rest}")
        found = self._definition(symbol)
        return found if isinstance(found, Symbol) and found.path is None else None

    def _is_database(self, symbol: Symbol) -> bool:
        """`db = SQLAlchemy()` of Flask, or `mapper_registry = registry()`."""

        def look() -> bool:
            found = self.assigned(symbol)
            if found is None or not isinstance(found[0], ast.Call):
                return False
            return found[1].meaning(found[0].func) in ("sqlalchemy.SQLAlchemy", "sqlalchemy.registry")

        return self.project.remembered(("is a database", symbol), look)

    def assigned(self, symbol: Symbol) -> tuple[ast.expr, _Names] | None:
        """What a module-level name is assigned, where that is one plain assignment."""
        if symbol.path is None or "." in symbol.name or (module := self.project.module(symbol.path)) is None:
            return None
        bindings = module.bindings(symbol.name)
        if len(bindings) != 1 or bindings[0].kind != "assign":
            return None
        value = _value_of(module, bindings[0].statement, symbol.name)
        return None if value is None else (value, _Names(self, module, ()))

    def _definition(self, symbol: Symbol) -> _Definition | Symbol | None:
        """What defines a class: a class statement, or by another name the symbol that it stands for."""
        if symbol not in self._definitions:
            self._definitions[symbol] = None  # of a ring of names nothing is known
            self._definitions[symbol] = self._look_up(symbol)
        return self._definitions[symbol]

    def _look_up(self, symbol: Symbol) -> _Definition | Symbol | None:
        if symbol.path is None:
            return symbol
        module = self.project.module(symbol.path)
        if module is None or not symbol.name:
            return None
        found = [w for index in _statements_binding(module, symbol.name) for w in _written_in(module, index)]
        found = [written for written in found if written.name == symbol.name]
        if found:
            if len(found) > 1:
                self._doubts[symbol] = "is defined more than once"
            return _Definition(found[-1], module)
        value = self.assigned(symbol)
        return None if value is None else self._made(symbol, *value)

    def _made(self, symbol: Symbol, value: ast.expr, names: _Names) -> _Definition | Symbol | None:
        """What an assignment `symbol = value` makes of the symbol."""
        if isinstance(value, ast.Subscript):
            value = value.value
        if not isinstance(value, ast.Call):
            meant = names.symbol(dotted(value))
            if meant is None or meant == symbol:
                return None
            return self._alias(meant)
        maker = names.meaning(value.func)
        if maker in _BASE_MAKERS:
            return _ORM_BASE
        if maker == "pydantic.create_model":
            base = next((keyword.value for keyword in value.keywords if keyword.arg == "__base__"), None)
            bases = [base] if base is not None else [ast.Name(_BASE_MODEL)]
            return _Definition(_synthetic(symbol, bases, (), "is made by create_model", value.lineno), names.module)
        if maker == "dataclasses.make_dataclass":
            written = _synthetic(symbol, [], (), "is made by make_dataclass", value.lineno)
            return _Definition(written._replace(decorators=(ast.Name(_DATACLASS),)), names.module)
        kind = _KIND_OF_BASE.get(maker)
        if kind not in ("typed-dict", "named-tuple", "enum"):
            return None
        items = None if kind == "enum" else _functional_items(value, is_plain=maker == "collections.namedtuple")
        doubt = "" if items is not None else "is made by a call"
        written = _synthetic(symbol, [value.func], items or (), doubt, value.lineno)
        total = tuple(keyword for keyword in value.keywords if keyword.arg == "total")
        return _Definition(written._replace(keywords=total), names.module)

    def _alias(self, symbol: Symbol) -> _Definition | Symbol | None:
        """The symbol behind another name: a class of the project stays a symbol, so that it is read once."""
        if symbol.path is None:
            return Symbol(None, symbol.name)
        known = self.known(symbol)
        if known is not None:
            return known
        found = self._definition(symbol)
        return found if isinstance(found, Symbol) else (symbol if found is not None else None)

    # Bases

    def bases(self, symbol: Symbol) -> tuple[Symbol, ...]:
        if symbol not in self._bases:
            self._bases[symbol] = ()  # a class that derives from itself
            found = self._definition(symbol)
            if isinstance(found, _Definition):
                written, module = found
                names = _Names(self, module, written.scopes)
                self._bases[symbol] = tuple(self._base(node, names, symbol) for node in written.bases)
        return self._bases[symbol]

    def _base(self, node: ast.expr, names: _Names, derived: Symbol) -> Symbol:
        if isinstance(node, ast.Subscript):
            node = node.value
        unknown = Symbol(None, f"{_UNKNOWN_BASE}{ast.unparse(node)[:60]}")
        if isinstance(node, ast.Call):
            meaning = names.meaning(node.func)
            if meaning in _BASE_MAKERS:
                return _ORM_BASE
            return Symbol(None, meaning) if _KIND_OF_BASE.get(meaning) == "named-tuple" else unknown
        if isinstance(node, ast.Name) and node.id in _SYNTHETIC:
            return Symbol(None, _SYNTHETIC[node.id])
        symbol = names.symbol(dotted(node))
        if symbol is None or symbol == derived:
            return unknown
        if symbol.path is None:
            return symbol
        known = self.known(symbol)
        if known is not None:
            return known
        found = self._definition(symbol)
        if isinstance(found, Symbol):
            return found
        return symbol if found is not None else unknown

    def mro(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """As Python orders the bases; those outside the project have none of their own."""
        if symbol not in self._mros:
            self._mros[symbol] = (symbol,)
            bases = [base for base in self.bases(symbol) if base != symbol]
            self._mros[symbol] = (symbol, *_merged([*(self.mro(base) for base in bases), tuple(bases)]))
        return self._mros[symbol]

    # What a class is

    def model(self, symbol: Symbol) -> Model | None:
        if symbol not in self._models:
            self._models[symbol] = None
            self._models[symbol] = self._model(symbol)
        return self._models[symbol]

    def _model(self, symbol: Symbol) -> Model | None:
        found = self._definition(symbol)
        if found is None or symbol.path is None:
            return None
        if isinstance(found, Symbol):
            return self.model(found) if found.path is not None else self._of_a_library(symbol, found)
        written, _ = found
        mro = self.mro(symbol)
        kind, version, reason = self._kind(mro)
        bases = tuple(base for base in self.bases(symbol) if not base.name.startswith(_UNKNOWN_BASE))
        own = tuple(base for base in mro if base.path is not None)
        doubts = [doubt for base in own if (doubt := self._doubt(base))]
        if kind == "unknown" or symbol in self._doubts:
            reason = self._doubts.get(symbol, reason)
            return _bare(symbol, "unknown", written.line, reason, bases, own)
        outside = [base.name for base in mro if base.path is None and not _is_known(base.name)]
        if outside:
            doubts.append(f"its base {outside[0].removeprefix(_UNKNOWN_BASE)} is not known here")
        config = self._config(symbol, version) if kind in PYDANTIC else self._decorated_config(symbol)
        fields, open_fields = self._fields(own, kind, version, config)
        if open_fields:
            doubts.append(open_fields)
        is_pydantic = kind in PYDANTIC or kind == "pydantic-dataclass"
        return Model(
            symbol,
            kind,
            version,
            written.line,
            bases,
            own,
            fields,
            tuple(self._computed(own)) if is_pydantic else (),
            tuple(self._hooks(own)) if is_pydantic else (),
            config,
            kind == "sqlmodel" and self._is_table(own),
            not doubts,
            doubts[0] if doubts else "",
        )

    def _of_a_library(self, symbol: Symbol, meant: Symbol) -> Model:
        """`Base = declarative_base()`, `Base = pydantic.BaseModel`."""
        kind = _kind_of_base(meant.name)
        reason = "" if kind else f"stands for {meant.name}"
        return _bare(symbol, kind or "unknown", self._line(symbol), reason, (meant,), ())._replace(
            version=self._version(meant.name) if kind in PYDANTIC else 0
        )

    def _line(self, symbol: Symbol) -> int:
        module = self.project.module(symbol.path or "")
        bindings = module.bindings(symbol.name.partition(".")[0]) if module is not None else ()
        return module.facts.statements[bindings[0].statement].line if module is not None and bindings else 0

    def _doubt(self, symbol: Symbol) -> str:
        found = self._definition(symbol)
        own = found.written.doubt if isinstance(found, _Definition) else ""
        return own or self._doubts.get(symbol, "")

    def _kind(self, mro: tuple[Symbol, ...]) -> tuple[Kind, int, str]:
        for base in mro:
            if base.path is None and (kind := _kind_of_base(base.name)) is not None:
                # `BaseSettings` and `RootModel` are models too: what is nearest counts.
                return kind, self._version(base.name) if kind in PYDANTIC else 0, ""
        odd = ""
        for base in mro:
            if base.path is None:
                continue
            kind, unknown = self._decorated(base)
            if kind is not None:
                return kind, pydantic_major(self.project) if kind == "pydantic-dataclass" else 0, ""
            odd = odd or unknown
        for base in mro:
            if base.path is None and not _is_known(base.name):
                return "unknown", 0, f"its base {base.name.removeprefix(_UNKNOWN_BASE)} is not known here"
        return ("unknown", 0, f"its decorator {odd} is not known here") if odd else ("plain", 0, "")

    def _version(self, base: str) -> int:
        parts = base.split(".")
        if parts[:2] == ["pydantic", "v1"] or parts[-1] == "GenericModel":
            return 1
        return 2 if parts[0] == "pydantic_settings" or parts[-1] == "RootModel" else pydantic_major(self.project)

    def _place(self, symbol: Symbol) -> tuple[_Written, _Names] | None:
        found = self._definition(symbol)
        if not isinstance(found, _Definition):
            return None
        written, module = found
        return written, _Names(self, module, (*written.scopes, written.scope))

    def _decorated(self, symbol: Symbol) -> tuple[Kind | None, str]:
        """What the decorators of a class make of it, and one of them that is not known."""
        place = self._place(symbol)
        if place is None:
            return None, ""
        written, inside = place
        names = _Names(self, inside.module, written.scopes)
        odd = ""
        for node in written.decorators:
            callee = node.func if isinstance(node, ast.Call) else node
            if isinstance(callee, ast.Name) and callee.id == _DATACLASS:
                return "dataclass", ""
            meaning = names.meaning(callee)
            if kind := _DECORATORS.get(meaning):
                return kind, ""
            if meaning not in _HARMLESS_DECORATORS and not meaning.startswith("pytest.mark."):
                odd = ast.unparse(callee)
        return None, odd

    def _decorator_keywords(self, written: _Written, names: _Names) -> dict[str, ast.expr]:
        for node in written.decorators:
            if isinstance(node, ast.Call) and names.meaning(node.func) in _DECORATORS:
                return {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        return {}

    def _is_table(self, mro: Iterable[Symbol]) -> bool:
        for symbol in mro:
            place = self._place(symbol)
            for keyword in place[0].keywords if place else ():
                if keyword.arg == "table":
                    return isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        return False

    # Configuration

    def _config(self, symbol: Symbol, version: int, seen: frozenset[Symbol] = frozenset()) -> Config:
        options: dict[str, str] = {}
        certain = True
        bases = [base for base in self.bases(symbol) if base.path is not None and base not in seen]
        # The last base wins in v2, the first in v1.
        for base in bases if version == 2 else reversed(bases):
            config = self._config(base, version, seen | {symbol})
            options.update(config.options)
            certain = certain and config.certain
        if place := self._place(symbol):
            own, is_certain = _own_config(*place)
            options.update({_NEW_NAMES.get(name, name): value for name, value in own.items()})
            certain = certain and is_certain
        return Config(options, certain)

    def _decorated_config(self, symbol: Symbol) -> Config:
        """Of a dataclass: the keywords of its decorator."""
        place = self._place(symbol)
        if place is None:
            return Config({}, True)
        options = self._decorator_keywords(*place)
        config = options.pop("config", None)
        certain = True
        written = {name: ast.unparse(value) for name, value in options.items()}
        if config is not None:
            inner, certain = _options_of(config)
            written.update(inner)
        return Config(written, certain)

    # Fields

    def _fields(self, mro: Sequence[Symbol], kind: Kind, version: int, config: Config) -> tuple[tuple[Field, ...], str]:
        fields: dict[str, Field] = {}
        for symbol in reversed(mro):
            for name, field in self._own(symbol, kind, version, fields):
                if field is None:
                    fields.pop(name, None)
                else:
                    fields[name] = field
        doubtful = next((field.name for field in fields.values() if field.default == "unknown"), "")
        if config.alias_generator or "fields" in config.options or not config.certain:
            fields = {
                name: field if field.alias is not None else field._replace(computed_alias=True)
                for name, field in fields.items()
            }
        doubt = f"what {doubtful} is assigned is not known here" if doubtful else ""
        return tuple(fields.values()), doubt

    def _own(self, symbol: Symbol, kind: Kind, version: int, inherited: Mapping[str, Field]) -> _Own:
        if kind in PYDANTIC and version == 1:
            if not any(base.path is None and _kind_of_base(base.name) in PYDANTIC for base in self.mro(symbol)):
                return []  # v1 takes nothing from a mixin that is no model
        elif kind in ("dataclass", "pydantic-dataclass", "attrs") and self._decorated(symbol)[0] is None:
            return []
        key = (symbol, kind, version)
        if key not in self._own_fields:
            place = self._place(symbol)
            self._own_fields[key] = list(self._read_own(symbol, kind, version, *place)) if place else []
        own = self._own_fields[key]
        if kind in PYDANTIC and version == 2:
            # The default of a mixin that is no model is an attribute of the class, so that of the model's field too.
            return [(name, self._with_default_of_mixin(field, inherited.get(name))) for name, field in own]
        if kind in PYDANTIC:
            # `x = 1` below a base that annotates `x` gives it a default.
            return [(name, _with_inherited_annotation(field, inherited.get(name))) for name, field in own]
        return own

    def _with_default_of_mixin(self, field: Field | None, base: Field | None) -> Field | None:
        if field is None or base is None or (field.default, base.default) != ("none", "value"):
            return field
        if any(above.path is None and _kind_of_base(above.name) in PYDANTIC for above in self.mro(base.owner)):
            return field
        return field._replace(default="value", required=False)

    def _read_own(
        self, symbol: Symbol, kind: Kind, version: int, written: _Written, names: _Names
    ) -> Iterator[tuple[str, Field | None]]:
        body = _Body(symbol, written, names)
        if kind in PYDANTIC:
            yield from body.pydantic(version)
        elif kind in ("dataclass", "pydantic-dataclass", "attrs"):
            keywords = self._decorator_keywords(written, names)
            yield from body.dataclass(_is_true(keywords.get("kw_only")), is_attrs=kind == "attrs")
        elif kind == "typed-dict":
            yield from body.typed_dict()
        elif kind == "named-tuple":
            if any(_kind_of_base(base.name) == "named-tuple" for base in self.bases(symbol) if base.path is None):
                yield from body.named_tuple()
        elif kind == "enum":
            yield from body.enum()
        elif kind == "orm":
            yield from body.orm()

    def _computed(self, mro: Sequence[Symbol]) -> Iterator[Field]:
        found: dict[str, Field] = {}
        for symbol in reversed(mro):
            if place := self._place(symbol):
                written, names = place
                for method in written.methods:
                    found.pop(method.name, None)
                    for decorator in method.decorators:
                        call = decorator if isinstance(decorator, ast.Call) else None
                        if names.meaning(call.func if call else decorator) == "pydantic.computed_field":
                            options = _Options()
                            if call:
                                options.add(call, version=2)
                            found[method.name] = options.field(
                                _blank(method.name, "computed", symbol, method.line)._replace(
                                    annotation=method.returns, annotation_text=method.returns_text, init=False
                                )
                            )
        yield from found.values()

    def _hooks(self, mro: Sequence[Symbol]) -> Iterator[Hook]:
        found: dict[str, list[Hook]] = {}
        for symbol in reversed(mro):
            if place := self._place(symbol):
                written, names = place
                for method in written.methods:
                    found[method.name] = []
                    for decorator in method.decorators:
                        if hook := _hook(method.name, decorator, names, symbol, method.line):
                            found[method.name].append(hook)
                for item in written.items:
                    if isinstance(item.value, ast.Call) and isinstance(item.value.func, ast.Call):
                        # `_strip = validator("name", allow_reuse=True)(strip)`
                        hook = _hook(item.name, item.value.func, names, symbol, item.line)
                        found[item.name] = [hook] if hook else []
                    if item.annotation is not None:
                        found[item.name] = list(_hooks_of_annotation(item, names, symbol))
        for hooks in found.values():
            yield from hooks


def _hook(name: str, decorator: ast.expr, names: _Names, owner: Symbol, line: int) -> Hook | None:
    call = decorator if isinstance(decorator, ast.Call) else None
    library, _, what = names.meaning(call.func if call else decorator).rpartition(".")
    kind = _HOOKS.get(what) if library == "pydantic" else None
    if kind is None:
        return None
    keywords = {keyword.arg: keyword.value for keyword in call.keywords} if call else {}
    if what in ("validator", "root_validator"):
        mode = "before" if _is_true(keywords.get("pre")) else "after"
    else:
        mode = _text_of(keywords.get("mode")) or ("plain" if kind.endswith("serializer") else "after")
    fields = None
    if kind.startswith("field") and call is not None:
        written = [_text_of(argument) for argument in call.args]
        if None not in written:
            fields = tuple(name for name in written if name is not None)
    return Hook(name, kind, mode, fields, owner, line)


def _hooks_of_annotation(item: _Item, names: _Names, owner: Symbol) -> Iterator[Hook]:
    if item.annotation is None or "Annotated" not in item.annotation_text:
        return
    annotation = _Annotation()
    annotation.read(item.annotation, names)
    for node, where in annotation.metadata:
        meaning = where.meaning(node.func) if isinstance(node, ast.Call) else ""
        if meaning in _ANNOTATED_HOOKS:
            kind, mode = _ANNOTATED_HOOKS[meaning]
            yield Hook(item.name, kind, mode, (item.name,), owner, item.line)


class _Options:
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
        if version == 2 and _is_ellipsis(given.get("default")):
            # In v2 `...` says nothing: a default in `Annotated` stays.
            del given["default"]
            if "default" not in self.given:
                self.given["..."] = call
        for name in (*_ALIASES, "default_factory"):
            if _is_none(given.get(name)):
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
            return "..." if _is_ellipsis(self.given["default"]) else "value"
        return "unknown" if self.is_open else ("..." if "..." in self.given else "none")

    def field(self, field: Field) -> Field:
        """The field with its aliases and what else these options say of it."""
        aliases = {name: _text_of(self.given.get(name)) for name in _ALIASES}
        computed = self.is_open or any(name in self.given and aliases[name] is None for name in _ALIASES)
        alias = aliases["alias"]
        return field._replace(
            alias=alias,
            validation_alias=alias if "validation_alias" not in self.given else aliases["validation_alias"],
            serialization_alias=alias if "serialization_alias" not in self.given else aliases["serialization_alias"],
            computed_alias=computed,
            exclude=_is_true(self.given.get("exclude")),
            init=not _is_false(self.given.get("init")),
            kw_only=field.kw_only if "kw_only" not in self.given else _is_true(self.given["kw_only"]),
        )


class _Body:
    """Reads the fields of one class body, by the rules of each kind."""

    def __init__(self, symbol: Symbol, written: _Written, names: _Names) -> None:
        self.symbol = symbol
        self.written = written
        self.names = names

    def _field(self, item: _Item, role: str = "field") -> Field:
        return _blank(item.name, role, self.symbol, item.line)._replace(
            annotation=item.annotation_span, annotation_text=item.annotation_text, default_span=item.value_span
        )

    def _annotation(self, item: _Item) -> _Annotation:
        annotation = _Annotation()
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
            call, meaning = self._call(item.value)
            if item.annotation is None:
                if version == 1 and (item.value is None or _is_data(item.value) or meaning in _FIELD_CALLS):
                    yield item.name, self._pydantic_field(item, annotation, call, meaning, version)
                continue
            is_constant = version == 2 and "Final" in annotation.wrappers and item.value is not None
            if "ClassVar" in annotation.wrappers or is_constant:
                yield item.name, None
            elif meaning == "sqlmodel.Relationship":
                yield item.name, self._field(item, "relationship")._replace(required=False)
            else:
                yield item.name, self._pydantic_field(item, annotation, call, meaning, version)

    def _pydantic_field(
        self, item: _Item, annotation: _Annotation, call: ast.Call | None, meaning: str, version: int
    ) -> Field:
        options = _Options()
        for node, names in annotation.metadata:
            if isinstance(node, ast.Call) and names.meaning(node.func) in _FIELD_CALLS:
                options.add(node, version)
        default = options.default
        if call is not None and meaning in _FIELD_CALLS:
            options.add(call, version)
            default = options.default
        elif item.value is not None:
            if not _is_ellipsis(item.value):
                default = "unknown" if call is not None and not meaning and self._may_make_a_field(call) else "value"
            elif version == 1 or default == "none":
                default = "..."
        optional = version == 1 and annotation.allows_none and default == "none"
        required = None if default == "unknown" else default in ("none", "...") and not optional
        return options.field(self._field(item)._replace(default=default, required=required))

    def _may_make_a_field(self, call: ast.Call) -> bool:
        """Whether a function of the project is called that has to do with `Field`, so may return what that makes."""
        symbol = self.names.symbol(dotted(call.func))
        if symbol is None or symbol.path is None:
            return symbol is None
        module = self.names.project.module(symbol.path)
        if module is None:
            return True
        is_class = {binding.kind for binding in module.bindings(symbol.name)} == {"class"}
        word = "FieldInfo" if is_class else "Field"
        places = _statements_binding(module, symbol.name)
        return any(word in module.statement_text(index) for index in places)

    def dataclass(self, kw_only: bool, *, is_attrs: bool) -> Iterator[tuple[str, Field | None]]:
        for item in self.written.items:
            call, meaning = self._call(item.value)
            if item.annotation is None:
                if is_attrs and call is not None and meaning in _ATTRS_CALLS:
                    yield item.name, self._dataclass_field(item, "field", call, kw_only)
                continue
            if self.names.wrapper(item.annotation) == "dataclasses.KW_ONLY":
                kw_only = True
                continue
            annotation = self._annotation(item)
            if "ClassVar" in annotation.wrappers:
                yield item.name, None
                continue
            is_call = meaning in ("dataclasses.field", "pydantic.Field") or meaning in _ATTRS_CALLS
            role = "init" if "InitVar" in annotation.wrappers else "field"
            yield item.name, self._dataclass_field(item, role, call if is_call else None, kw_only)

    def _dataclass_field(self, item: _Item, role: str, call: ast.Call | None, kw_only: bool) -> Field:
        field = self._field(item, role)._replace(kw_only=kw_only)
        if call is None:
            is_given = item.value is not None
            return field._replace(default="value" if is_given else "none", required=not is_given)
        options = _Options()
        options.add(call, 2)
        field = options.field(field)
        required = None if options.default == "unknown" else options.default in ("none", "...") and field.init
        return field._replace(default=options.default, required=required)

    def typed_dict(self) -> Iterator[tuple[str, Field | None]]:
        total = not any(k.arg == "total" and _is_false(k.value) for k in self.written.keywords)
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
        for item in self.written.items:
            if item.value is not None and not item.name.startswith("_") and not isinstance(item.value, ast.Lambda):
                yield item.name, self._field(item, "member")._replace(default="value", required=False)

    def orm(self) -> Iterator[tuple[str, Field | None]]:
        for item in self.written.items:
            if item.name.startswith("__"):
                continue
            call, meaning = self._call(item.value)
            library, _, name = meaning.rpartition(".")
            role = _ROLES.get(name, "") if library == "sqlalchemy" else ""
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
                    field = _blank(method.name, "declared", self.symbol, method.line)
                    field = field._replace(annotation=method.returns, annotation_text=method.returns_text)
                    yield method.name, field._replace(required=None)

    def _head(self, node: ast.expr) -> str:
        """`declared_attr` for `@declared_attr.directive`."""
        return self.names.meaning(node.value) if isinstance(node, ast.Attribute) else ""


def _blank(name: str, role: str, owner: Symbol, line: int) -> Field:
    return Field(name, role, owner, line, None, "", "none", None, False, None, None, None, False, False, False, True)


def _bare(
    symbol: Symbol, kind: Kind, line: int, reason: str, bases: tuple[Symbol, ...], mro: tuple[Symbol, ...]
) -> Model:
    return Model(symbol, kind, 0, line, bases, mro, (), (), (), Config({}, True), False, not reason, reason)


def _with_inherited_annotation(field: Field | None, base: Field | None) -> Field | None:
    if field is None or base is None or field.annotation is not None:
        return field
    return field._replace(annotation=base.annotation, annotation_text=base.annotation_text, alias=base.alias)


def _own_config(written: _Written, names: _Names) -> tuple[dict[str, str], bool]:
    """What one class configures: `model_config`, a class `Config`, then the keywords of the class."""
    options: dict[str, str] = {}
    certain = True
    if written.config is not None:
        options.update({i.name: ast.unparse(i.value) for i in written.config if i.value is not None})
        # `class Config(Base.Config)` repeats what is inherited anyway.
        inherited = {dotted(base) for base in written.bases}
        certain = all(
            dotted(base).rpartition(".")[0] in inherited or names.meaning(base) == "pydantic.BaseConfig"
            for base in written.config_bases
        )
    for item in written.items:
        if item.name == "model_config" and item.value is not None:
            own, is_certain = _options_of(item.value)
            options.update(own)
            certain = certain and is_certain
    options.update({k.arg: ast.unparse(k.value) for k in written.keywords if k.arg and k.arg not in _NO_OPTIONS})
    return options, certain and all(keyword.arg for keyword in written.keywords)


_NO_OPTIONS = ("metaclass", "table", "registry")


def _options_of(node: ast.expr) -> tuple[dict[str, str], bool]:
    """The options in `ConfigDict(...)` or a dictionary, and whether these are all."""
    match node:
        case ast.Call(args=[], keywords=keywords):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in keywords if keyword.arg}
            return options, len(options) == len(keywords)
        case ast.Dict(keys=keys, values=values):
            texts = [(_text_of(key), ast.unparse(value)) for key, value in zip(keys, values, strict=True)]
            return {key: value for key, value in texts if key}, all(key for key, _ in texts)
        case _:
            return {}, False


# Classes made by a call

_BASE_MODEL = "<BaseModel>"
_DATACLASS = "<dataclass>"
_SYNTHETIC = {_BASE_MODEL: "pydantic.BaseModel"}


def _synthetic(symbol: Symbol, bases: Sequence[ast.expr], items: tuple[_Item, ...], doubt: str, line: int) -> _Written:
    scope = Scope("class", symbol.name, frozenset(), frozenset())
    return _Written(symbol.name, (), scope, tuple(bases), (), (), items, (), None, (), line, doubt)


def _functional_items(call: ast.Call, *, is_plain: bool) -> tuple[_Item, ...] | None:
    """The fields in `TypedDict("T", {"a": int})`, `NamedTuple("P", [("x", int)])` and `namedtuple("P", "x y")`."""
    if len(call.args) < 2:
        return None
    pairs: list[tuple[str | None, ast.expr | None]] = []
    match call.args[1]:
        case ast.Dict(keys=keys, values=values):
            pairs = [(_text_of(key), value) for key, value in zip(keys, values, strict=True)]
        case ast.Constant(value=str(text)) if is_plain and not call.keywords:
            pairs = [(name, None) for name in text.replace(",", " ").split()]
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if not is_plain:
            for element in elements:
                if not (isinstance(element, ast.Tuple) and len(element.elts) == 2):
                    return None
                pairs.append((_text_of(element.elts[0]), element.elts[1]))
        case ast.List(elts=elements) | ast.Tuple(elts=elements) if not call.keywords:
            pairs = [(_text_of(element), None) for element in elements]
        case _:
            return None
    if any(name is None for name, _ in pairs):
        return None
    return tuple(
        _Item(name or "", value or ast.Constant(...), None, None, ast.unparse(value) if value else "", None, 0)
        for name, value in pairs
    )


# Small questions


def _kind_of_base(name: str) -> Kind | None:
    return "pydantic" if name.startswith(_MODELS_OF_FASTAPI) else _KIND_OF_BASE.get(_short(name))


def _is_known(name: str) -> bool:
    """Whether a class outside the project is known well enough: it is one of `_KIND_OF_BASE`, or no model."""
    return name.partition(".")[0] in _WITHOUT_MODELS


def _merged(sequences: list[tuple[Symbol, ...]]) -> Iterator[Symbol]:
    """The C3 merge; where there is none, and Python would refuse the class, the first that comes."""
    waiting = [list(sequence) for sequence in sequences if sequence]
    while waiting:
        heads = [sequence[0] for sequence in waiting]
        free = (head for head in heads if not any(head in sequence[1:] for sequence in waiting))
        head = next(free, heads[0])
        yield head
        waiting = [rest for sequence in waiting if (rest := [symbol for symbol in sequence if symbol != head])]


def _statements_binding(module: Module, name: str) -> list[int]:
    bindings = module.bindings(name.partition(".")[0])
    return list(dict.fromkeys(binding.statement for binding in bindings if binding.kind != "import"))


def _value_of(module: Module, index: int, name: str) -> ast.expr | None:
    """What one plain assignment at module level gives a name."""
    for node in module.parsed(index).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return value
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
                return value
            case _:
                pass
    return None


def _is_data(node: ast.expr) -> bool:
    """A literal, of which v1 takes the type of a field that has no annotation."""
    return isinstance(node, ast.Constant | ast.List | ast.Dict | ast.Tuple | ast.Set | ast.JoinedStr | ast.UnaryOp)


def _text_of(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_ellipsis(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


# All classes of the project

_WORDS_OF_CALLS = (b"TypedDict(", b"NamedTuple(", b"namedtuple(", b"create_model(", b"make_dataclass(")
_WORDS_OF_MODELS = (
    *_WORDS_OF_CALLS,
    b"pydantic",
    b"BaseModel",
    b"dataclass",
    b"TypedDict",
    b"NamedTuple",
    b"Enum",
    b"sqlalchemy",
    b"SQLModel",
    b"declarative_base",
    b"import attr",
    b"from attr",
    b".Model)",
)
# Begin with a literal; a comment that looks like a class costs nothing but a look.
_CLASS_NAME = re.compile(rb"class[ \t]+(\w+)")
_CLASS_HEADER = re.compile(rb"class[ \t]+\w+[ \t]*\(([^)]+)\)")
_BASE_ASSIGNMENT = re.compile(
    rb"\n(\w+)[ \t]*(?::[^=\n]+)?=[ \t]*[\w.]*(?:declarative_base|automap_base|generate_base)\("
)
# Begins with a literal, which is many times faster than a word in front.
_RENAMED = re.compile(rb" as ([A-Z_]\w*)")
_LAST_WORD = re.compile(rb"\w+\Z")
_WORD = re.compile(rb"\w+")
_MAKER = re.compile(r"(?:^|\W)(?:TypedDict|NamedTuple|namedtuple|create_model|make_dataclass|\w*Enum|\w*base)\(")


def _words_of_headers(data: bytes) -> frozenset[bytes]:
    """The names among the bases of a file's classes."""
    return frozenset(word for bases in _CLASS_HEADER.findall(data) for word in _WORD.findall(bases))


def _renamed_classes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Name and local name of `import X as Y`; other uses of `as` do not matter."""
    for match in _RENAMED.finditer(data):
        if name := _LAST_WORD.search(data, max(0, match.start() - 80), match.start()):
            yield name.group(), match.group(1)


def _all_written(module: Module) -> Iterator[_Written]:
    """Every class of a module that may be a model: no base and no decorator makes it none."""
    with module.text_for_now():
        for index, statement in enumerate(module.facts.statements):
            if statement.word in ("import", "from"):
                continue
            text = module.statement_text(index)
            if statement.word == "class":
                matters = not _NO_BASES.match(text) or _holds_nested(text)
            else:
                matters = statement.word == "@" and ("\nclass " in text or "\nclass\t" in text)
                matters = matters or _holds_nested(text)
            if matters:
                yield from _written_in(module, index)


def _makes_a_class(module: Module, index: int) -> bool:
    statement = module.facts.statements[index]
    return _MAKER.search(module.text, statement.start, min(statement.end, statement.start + 200)) is not None


# Which Pydantic

_LOCKED = re.compile(r'^name = "pydantic"\s*\nversion = "(\d+)', re.MULTILINE)
_REQUIREMENT = re.compile(
    r"""(?<![\w.-])pydantic\s*(?:\[[^\]]*\])?["']?\s*(?:=\s*\{[^}\n]*?version\s*)?(?:=\s*["'])?\s*([~=<>!^\d][^;#"'\n]*)"""
)
_USES_V2 = (
    b"pydantic_settings",
    b"field_validator",
    b"model_validator",
    b"ConfigDict",
    b"RootModel",
    b"TypeAdapter",
    b"computed_field",
    b"field_serializer",
    b"model_dump(",
    b"model_validate(",
    b"model_config =",
)
_USES_V1 = (
    b"@validator",
    b"@root_validator",
    b"orm_mode",
    b"allow_population_by_field_name",
    b"pydantic.generics",
    b"pydantic import BaseSettings",
    b"parse_obj(",
    b"class Config:",
)


def _required(root: Path) -> int:
    """1 or 2 where a lock file or requirement allows only that, else 0."""
    for name in ("uv.lock", "poetry.lock", "pdm.lock"):
        if found := _LOCKED.search(_text(root / name)):
            return 1 if found.group(1) == "1" else 2
    files = [root / "pyproject.toml", root / "setup.cfg", root / "setup.py"]
    files += [*sorted(root.glob("requirements*.txt")), *sorted(root.glob("requirements/*.txt"))]
    for file in files:
        for specifier in _REQUIREMENT.findall(_text(file)):
            if major := _major(specifier):
                return major
    return 0


def _major(specifier: str) -> int:
    if re.match(r"\s*\d", specifier):
        specifier = f"=={specifier}"
    bounds = re.findall(r"(===?|~=|>=|>|<=|<|\^|~)\s*v?(\d+)((?:\.\d+)*)", specifier)
    for sign, major, rest in bounds:
        if sign == "<" and int(major) <= 2 and not rest.strip(".0"):
            return 1
        if sign == "<=" and major == "1":
            return 1
        if sign not in ("<", "<=", ">", ">=") and major in "12":
            return int(major)
        if sign in (">", ">=") and int(major) >= 2:
            return 2
    return 0


def _used(project: Project) -> int:
    """What the project's code can only be written for: nothing of v2 and something of v1 means v1."""
    is_old = False
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        if b"pydantic" in data:
            if any(word in data for word in _USES_V2):
                return 2
            is_old = is_old or any(word in data for word in _USES_V1)
    return 1 if is_old else 2


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


# Where schemas are kept

_SCHEMA_NAMES = frozenset(
    {"schemas", "schema", "models", "model", "dto", "dtos", "entities", "types", "requests", "responses"}
)


def _schema_locations(project: Project) -> SchemaLocations:
    modules: dict[str, int] = {}
    for symbol, found in models_of(project).items():
        path = symbol.path or ""
        if found.kind in ("pydantic", "root", "sqlmodel") and not found.table and not is_test(path):
            modules[path] = modules.get(path, 0) + 1
    stems: dict[str, int] = {}
    for path in modules:
        stem = _stem(path)
        stems[stem] = stems.get(stem, 0) + 1
    patterns: dict[str, int] = {}
    folders: dict[str, int] = {}
    for path, count in modules.items():
        pattern = _pattern(project, path, stems)
        patterns[pattern] = patterns.get(pattern, 0) + count
        folder = path.rpartition("/")[0]
        folders[folder] = folders.get(folder, 0) + count
    return SchemaLocations(_by_count(patterns), _by_count(modules), _by_count(folders))


def _pattern(project: Project, path: str, stems: Mapping[str, int]) -> str:
    stem = _stem(path)
    if stem in _SCHEMA_NAMES:
        return f"{stem}.py" if stems[stem] == 1 else f"*/{stem}.py"
    for folder in reversed(path.split("/")[:-1]):
        if folder in _SCHEMA_NAMES:
            return f"{folder}/*.py"
    module = project.loaded(path)
    decorators = [d.name for function in module.facts.functions for d in function.decorators] if module else []
    is_beside = any(name.rpartition(".")[2] in ROUTE_METHODS and "." in name for name in decorators)
    return "beside handlers" if is_beside else "other"


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
