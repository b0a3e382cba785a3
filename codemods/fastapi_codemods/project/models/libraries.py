"""What names of the libraries mean here."""

from __future__ import annotations

import sys

from ..fastapi_names import PARAMETER_FUNCTIONS
from ..index import Symbol
from .description import Kind

KIND_OF_BASE: dict[str, Kind] = {
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
DECORATORS: dict[str, Kind] = {
    "dataclasses.dataclass": "dataclass",
    "pydantic.dataclass": "pydantic-dataclass",
    **dict.fromkeys(
        (f"attrs.{name}" for name in ("s", "attrs", "define", "frozen", "mutable", "dataclass", "attributes")), "attrs"
    ),
    "sqlalchemy.mapped": "orm",
    "sqlalchemy.mapped_as_dataclass": "orm",
    "sqlalchemy.as_declarative": "orm",
}
BASE_MAKERS = ("sqlalchemy.declarative_base", "sqlalchemy.automap_base", "sqlalchemy.generate_base")
ORM_BASE = Symbol(None, "sqlalchemy.DeclarativeBase")

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
WITH_STARS = {
    "pydantic": frozenset(
        {
            "AfterValidator",
            "BaseModel",
            "BaseSettings",
            "BeforeValidator",
            "ConfigDict",
            "Field",
            "InitVar",
            "PlainSerializer",
            "PlainValidator",
            "RootModel",
            "WrapSerializer",
            "WrapValidator",
            "computed_field",
            "create_model",
            "field_serializer",
            "field_validator",
            "model_serializer",
            "model_validator",
            "root_validator",
            "validator",
        }
    ),
    "typing": frozenset(
        {
            "Annotated",
            "Any",
            "ClassVar",
            "Final",
            "Generic",
            "NamedTuple",
            "NotRequired",
            "Optional",
            "ReadOnly",
            "Required",
            "TypedDict",
            "Union",
        }
    ),
    "enum": frozenset({"Enum", "IntEnum", "StrEnum", "Flag", "IntFlag"}),
    "dataclasses": frozenset({"dataclass", "field", "InitVar", "KW_ONLY"}),
    "sqlmodel": frozenset({"SQLModel", "Field", "Relationship"}),
    "sqlalchemy": frozenset({"Column"}),
    "sqlalchemy.orm": frozenset({"DeclarativeBase", "Mapped", "declarative_base", "mapped_column", "relationship"}),
}

FIELD_CALLS = frozenset(
    {"pydantic.Field", "pydantic.FieldInfo", "sqlmodel.Field"}
    | {f"fastapi.{name}" for name in PARAMETER_FUNCTIONS - {"Depends", "Security"}}
)
ATTRS_CALLS = frozenset({"attrs.ib", "attrs.attrib", "attrs.field"})
ROLES = {
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
MAPPED = frozenset(f"sqlalchemy.{name}" for name in ("Mapped", "WriteOnlyMapped", "DynamicMapped"))
HOOKS = {
    "field_validator": "field_validator",
    "validator": "field_validator",
    "model_validator": "model_validator",
    "root_validator": "model_validator",
    "field_serializer": "field_serializer",
    "model_serializer": "model_serializer",
}
ANNOTATED_HOOKS = {
    "pydantic.BeforeValidator": ("field_validator", "before"),
    "pydantic.AfterValidator": ("field_validator", "after"),
    "pydantic.WrapValidator": ("field_validator", "wrap"),
    "pydantic.PlainValidator": ("field_validator", "plain"),
    "pydantic.PlainSerializer": ("field_serializer", "plain"),
    "pydantic.WrapSerializer": ("field_serializer", "wrap"),
}
ALIASES = ("alias", "validation_alias", "serialization_alias")
NEW_NAMES = {"orm_mode": "from_attributes", "allow_population_by_field_name": "populate_by_name"}
HARMLESS_DECORATORS = frozenset(
    {
        "enum.unique",
        "functools.total_ordering",
        "pydantic.with_config",
        "sqlalchemy.declarative_mixin",
        *(f"typing.{name}" for name in ("dataclass_transform", "deprecated", "final", "no_type_check")),
        "typing.runtime_checkable",
        "warnings.deprecated",
    }
)


def short_name(name: str) -> str:
    """`pydantic.Field` for `pydantic.v1.fields.Field`: a library's public name by one spelling."""
    parts = name.split(".")
    library = _LIBRARIES.get(parts[0])
    return f"{library}.{parts[-1]}" if library and len(parts) > 1 else name


WRAPPERS = MAPPED | {"dataclasses.InitVar", "pydantic.InitVar"}
WRAPPERS |= {f"typing.{name}" for name in ("ClassVar", "Final", "Required", "NotRequired", "ReadOnly")}


WORDS_OF_TYPES = frozenset({name.rpartition(".")[2] for name in WRAPPERS})
WORDS_OF_TYPES |= {"Annotated", "Any", "KW_ONLY", "Optional", "Union", "object"}


def kind_of_base(name: str) -> Kind | None:
    return "pydantic" if name.startswith(_MODELS_OF_FASTAPI) else KIND_OF_BASE.get(short_name(name))


def is_known(name: str) -> bool:
    """Whether a class outside the project is known well enough: it is one of `KIND_OF_BASE`, or no model."""
    return name.partition(".")[0] in _WITHOUT_MODELS
