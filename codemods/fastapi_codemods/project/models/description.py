"""What is said of a class: its kind, its fields, hooks and configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from ..index import Symbol
from ..model import Span

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


def blank(name: str, role: str, owner: Symbol, line: int) -> Field:
    return Field(name, role, owner, line, None, "", "none", None, False, None, None, None, False, False, False, True)


def bare(
    symbol: Symbol, kind: Kind, line: int, reason: str, bases: tuple[Symbol, ...], mro: tuple[Symbol, ...]
) -> Model:
    return Model(symbol, kind, 0, line, bases, mro, (), (), (), Config({}, True), False, not reason, reason)
