"""What the classes of a project are, and what they hold."""

import dataclasses
import importlib.util
import subprocess
import sys
import warnings

import pytest

from fastapi_codemods.project import Project, Symbol
from fastapi_codemods.project.models import Hook, model, models_of, pydantic_major, schema_locations


@pytest.fixture
def project(tmp_path):
    def make(**files):
        for path, text in files.items():
            file = tmp_path / (path if path.endswith(".txt") else f"{path}.py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return Project.open(tmp_path)

    return make


def read(project, name="A", path="main.py"):
    found = model(project, Symbol(path, name))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "main"),
    [
        pytest.param("pydantic", "from pydantic import BaseModel\nclass A(BaseModel): ...", id="pydantic"),
        pytest.param("pydantic", "import pydantic as p\nclass A(p.BaseModel): ...", id="module alias"),
        pytest.param("pydantic", "from pydantic.main import BaseModel as B\nclass A(B): ...", id="submodule"),
        pytest.param("pydantic", "from pydantic import *\nclass A(BaseModel): ...", id="star"),
        pytest.param("pydantic", "import pydantic\nB = pydantic.BaseModel\nclass A(B): ...", id="assigned"),
        pytest.param("pydantic", "import pydantic\nA = pydantic.create_model('A', a=(int, 1))", id="create_model"),
        pytest.param(
            "pydantic",
            "from typing import Generic, TypeVar\nfrom pydantic import BaseModel\nT = TypeVar('T')\n"
            "class B(BaseModel, Generic[T]): ...\nclass A(B[int]): ...",
            id="generic",
        ),
        pytest.param(
            "pydantic", "from other import X\nfrom pydantic import BaseModel\nclass A(X, BaseModel): ...", id="x"
        ),
        pytest.param("plain", "class BaseModel: ...\nclass A(BaseModel): ...", id="own class of that name"),
        pytest.param("root", "from pydantic import RootModel\nclass A(RootModel[list[int]]): ...", id="root"),
        pytest.param(
            "settings", "from pydantic_settings import BaseSettings\nclass A(BaseSettings): ...", id="settings"
        ),
        pytest.param("settings", "from pydantic.v1 import BaseSettings\nclass A(BaseSettings): ...", id="settings v1"),
        pytest.param("sqlmodel", "from sqlmodel import SQLModel\nclass A(SQLModel, table=True): ...", id="sqlmodel"),
        pytest.param("dataclass", "from dataclasses import dataclass\n@dataclass\nclass A: ...", id="dataclass"),
        pytest.param("dataclass", "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass A: ...", id="called"),
        pytest.param(
            "pydantic-dataclass",
            "from pydantic.dataclasses import dataclass\n@dataclass\nclass A: ...",
            id="pydantic's",
        ),
        pytest.param(
            "dataclass", "from dataclasses import dataclass\n@dataclass\nclass B: ...\nclass A(B): ...", id="sub"
        ),
        pytest.param("typed-dict", "from typing_extensions import TypedDict\nclass A(TypedDict): ...", id="typed dict"),
        pytest.param(
            "typed-dict", "from typing import TypedDict\nA = TypedDict('A', {'a': int})", id="called TypedDict"
        ),
        pytest.param("named-tuple", "import typing as t\nclass A(t.NamedTuple): ...", id="named tuple"),
        pytest.param(
            "named-tuple", "from collections import namedtuple\nclass A(namedtuple('A', 'x y')): ...", id="nt"
        ),
        pytest.param("enum", "import enum\nclass A(str, enum.Enum):\n    x = 'x'", id="enum"),
        pytest.param("enum", "import enum\nA = enum.Enum('A', 'red green')", id="called Enum"),
        pytest.param(
            "orm", "from sqlalchemy.orm import DeclarativeBase as D\nclass B(D): ...\nclass A(B): ...", id="orm"
        ),
        pytest.param(
            "orm",
            "from sqlalchemy.ext.declarative import declarative_base\nBase = declarative_base()\nclass A(Base): ...",
            id="declarative_base",
        ),
        pytest.param(
            "orm", "from sqlalchemy.orm import registry\nr = registry()\n@r.mapped\nclass A: ...", id="mapped"
        ),
        pytest.param(
            "orm",
            "from sqlalchemy.orm import registry\nr = registry()\nB = r.generate_base()\nclass A(B): ...",
            id="registry",
        ),
        pytest.param(
            "orm", "from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\nclass A(db.Model): ...", id="db.Model"
        ),
        pytest.param("attrs", "import attr\n@attr.s(auto_attribs=True)\nclass A: ...", id="attr"),
        pytest.param("attrs", "from attrs import define\n@define\nclass A: ...", id="attrs"),
        pytest.param("plain", "import threading\nclass A(threading.Thread, object): ...", id="of the standard library"),
        pytest.param("plain", "class A(ValueError): ...", id="builtin"),
        pytest.param("plain", "from starlette.responses import Response\nclass A(Response): ...", id="starlette"),
        pytest.param("unknown", "from other import X\nclass A(X): ...", id="other library"),
        pytest.param("unknown", "class A(make()): ...", id="call"),
        pytest.param("unknown", "import strawberry\n@strawberry.type\nclass A: ...", id="decorated"),
        pytest.param("plain", "import pytest\n@pytest.mark.slow\nclass A: ...", id="marked"),
        pytest.param("unknown", "class A: ...\nclass A(dict): ...", id="twice"),
        pytest.param("unknown", "class A(A): ...", id="itself"),
        pytest.param(
            "pydantic",
            "from pydantic import BaseModel\nclass O:\n    class B(BaseModel): ...\nclass A(O.B): ...",
            id="nested",
        ),
    ],
)
def test_a_class_is_what_its_bases_and_decorators_make_it(project, kind, main):
    made = read(project(main=main))

    assert made.kind == kind
    assert (kind == "unknown") <= bool(made.reason)


def test_bases_are_followed_through_the_modules_of_the_project(project):
    made = project(
        **{
            "app/__init__": "",
            "app/base": "from pydantic import BaseModel\nclass Base(BaseModel):\n    id: int\n",
            "app/schemas/__init__": "from ..base import Base as Schema\n",
            "app/schemas/item": "from app import schemas\nclass Item(schemas.Schema):\n    name: str = ''\n",
            "app/schemas/named": "from .item import Item\nclass Named(Item): ...\n",
            "app/schemas/thing": "class Thing: ...\n",
        }
    )

    item = read(made, "Named", "app/schemas/named.py")

    assert item.kind == "pydantic"
    assert [(field.name, field.owner.path) for field in item.fields] == [
        ("id", "app/base.py"),
        ("name", "app/schemas/item.py"),
    ]
    assert [symbol.name for symbol in models_of(made)] == ["Base", "Item", "Named"]
    assert made.loaded("app/schemas/thing.py") is None


def test_one_class_reads_only_what_its_bases_need(project):
    made = project(
        requirements_txt="",
        main="from base import B\nfrom types_ import T\nclass A(B):\n    t: T\n",
        base="from pydantic import BaseModel, ConfigDict\nclass B(BaseModel): ...\n",
        types_="class T: ...\n",
    )

    assert read(made).kind == "pydantic"
    assert made.loaded("base.py") is not None
    assert made.loaded("types_.py") is None


def test_what_functions_hold_is_found(project):
    made = project(main="from pydantic import BaseModel\ndef create():\n    class A(BaseModel):\n        x: int\n")

    assert [(symbol.name, found.kind) for symbol, found in models_of(made).items()] == [("create.A", "pydantic")]


def test_changes_are_seen_and_the_first_project_stays(project):
    from fastapi_codemods.plan import FileChange

    before = "from pydantic import BaseModel\nclass A(BaseModel):\n    x: int\n"
    first = project(main=before)
    assert [field.name for field in read(first).fields] == ["x"]
    second = first.with_changes([FileChange("main.py", before.encode(), before.replace("x", "y").encode())])

    assert [field.name for field in read(second).fields] == ["y"]
    assert [field.name for field in read(first).fields] == ["x"]


# Held against the real thing

PYDANTIC = """
from __future__ import annotations
import uuid
from pydantic.alias_generators import to_camel
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Generic, List, Optional, TypeVar, Union
import pydantic
import typing as t
from fastapi import Query
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, PrivateAttr, RootModel, SecretStr
T = TypeVar("T")
Short = Annotated[str, Field(max_length=3)]
Numbered = Annotated[int, Field(default=3, alias="n")]
class Mixin:
    m: int
    n: int = 3
    o: ClassVar[int] = 3
    p = 4
class Base(BaseModel):
    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    name: str
    kind: str = "base"
class Plain(BaseModel):
    a: int
    b: int = 1
    c: Optional[int]
    d: Optional[int] = None
    e: int | None
    f: Any
    g: List[int] = []
    h: int = ...
    i: Union[int, None] = Field(...)
    j: "int"
    k: None
class Hidden(BaseModel):
    _private: int = 3
    __very: int = PrivateAttr(4)
    a: ClassVar[int] = 1
    b: t.ClassVar = 2
    c: "ClassVar[int]" = 3
    d: Final[int] = 3
    e: Final[int]
    f: Annotated[ClassVar[int], "x"] = 3
    model_config = ConfigDict(extra="forbid")
    def method(self): ...
    @property
    def prop(self): return 1
class Fields(BaseModel):
    a: int = Field(alias="A")
    b: int = Field(3, alias="B")
    c: int = Field(default=..., validation_alias="cc")
    d: int = Field(validation_alias=AliasChoices("d", "dd"), serialization_alias="D")
    e: int = Field(None, alias="x", validation_alias="y")
    f: int = pydantic.Field(default=None, alias=None)
    g: int = pydantic.fields.Field()
    h: int = Query(alias="q")
    i: int = Query(1)
    j: int = Field(default_factory=int, exclude=True)
class InAnnotated(BaseModel):
    a: Annotated[int, Field(default=1)] = Field(alias="z")
    b: Annotated[int, Field(default=1, alias="q")]
    c: Annotated[Annotated[int, Field(alias="in")], Field(alias="out")]
    d: Annotated[int, Field(default_factory=int)] = ...
    e: Annotated[int, Field(default=1)] = Field()
    f: Annotated[int, Field(default=1)] = Field(...)
    g: Optional[Annotated[int, Field(alias="no", default=3)]]
    h: Annotated[int, Field(alias="no")] | None = None
    i: Annotated[int, Field(alias="A")] = Field(3, serialization_alias="B")
    j: Annotated[int, "doc"]
    k: Short
    l: Numbered
    m: Short = "x"
    n: "Annotated[int, Field(alias='quoted')]"
    o: t.Annotated[int, Field(gt=3)] = 4
class Inherits(Base):
    name: str = "default"
    extra: int
class Inherits2(Inherits):
    id: int
    kind: ClassVar[str] = "c"
class Left(BaseModel):
    x: int
    y: int = 1
class Right(BaseModel):
    y: int
    z: int
class Diamond(Left, Right):
    w: int
    x: int = 4
class WithMixin(Mixin, BaseModel):
    q: int
class MixinLast(BaseModel, Mixin):
    n: str
class Page(BaseModel, Generic[T]):
    items: list[T]
    total: int = 0
class Users(Page[Base]):
    next: str | None = None
class Camel(BaseModel, frozen=True):
    model_config = {"alias_generator": to_camel, "populate_by_name": True}
    first_name: str
    last_name: str = Field("x", alias="surname")
    by_validation: int = Field(validation_alias="v")
class CamelChild(Camel):
    third_name: str
class Conditional(BaseModel):
    if True:
        a: int
    else:
        b: int
class Names(BaseModel):
    datetime: datetime
    list: List[int] = Field(default_factory=lambda: [1])
    str_: str = "a" "b"
    schema_: dict = Field({}, alias="schema")
class Computed(BaseModel):
    width: int
    @pydantic.computed_field
    @property
    def area(self) -> int: return self.width
    @pydantic.computed_field(alias="P")
    @property
    def perimeter(self) -> int: return self.width
class Numbers(RootModel[list[int]]): ...
class Rooted(RootModel):
    root: dict[str, int] = {}
class Semis(BaseModel): a: int; b: int = 2
class Outer(BaseModel):
    class Inner(BaseModel):
        deep: int = Field(alias="Deep")
    inner: Inner
    inners: list[Outer.Inner] = []
class Multi(BaseModel):
    a: int = Field(
        default=3,  # a comment
        description="ä ö",
        alias="é",
    )
    b: Annotated[
        int,
        Field(alias="bb"),
    ]
class Redefines(BaseModel):
    a: int
    a: int = 3
"""


@pytest.fixture
def imported(tmp_path):
    def load(name):
        spec = importlib.util.spec_from_file_location(name, tmp_path / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spec.loader.exec_module(module)
        return module

    yield load
    sys.modules.pop("held_against", None)


def test_pydantic_agrees_on_fields_and_aliases(project, imported):
    import pydantic

    made = project(held_against=PYDANTIC)
    module = imported("held_against")
    classes = [x for x in vars(module).values() if isinstance(x, type) and issubclass(x, pydantic.BaseModel)]
    classes = [
        cls for cls in [*classes, module.Outer.Inner] if cls.__module__ == "held_against" and "[" not in cls.__name__
    ]
    assert len(classes) > 20

    for cls in classes:
        found = read(made, cls.__qualname__, "held_against.py")
        assert found.kind == ("root" if issubclass(cls, pydantic.RootModel) else "pydantic")
        fields = dict(cls.model_fields)
        if cls.__name__ == "Conditional":
            assert not found.complete
            continue
        if found.kind == "root":
            fields = {name: field for name, field in fields.items() if name in cls.__annotations__}
        assert [field.name for field in found.fields] == list(fields), cls
        for field in found.fields:
            real = fields[field.name]
            assert field.required == real.is_required(), (cls, field)
            if field.computed_alias:
                assert found.config.alias_generator or not isinstance(real.validation_alias, str)
                continue
            aliases = (field.alias, field.validation_alias, field.serialization_alias)
            assert aliases == (real.alias, real.validation_alias, real.serialization_alias), (cls, field)
            assert field.exclude == bool(real.exclude)
            assert (field.default == "factory") == (real.default_factory is not None)
        assert [field.name for field in found.computed] == list(cls.model_computed_fields)
        assert found.config.frozen == bool(cls.model_config.get("frozen"))
        assert found.config.extra == cls.model_config.get("extra", "")
        assert found.config.populate_by_name == bool(cls.model_config.get("populate_by_name"))


DATACLASSES = """
import dataclasses
import pydantic.dataclasses
import typing as t
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import ClassVar, NamedTuple, NotRequired, Required, TypedDict
@dataclass
class A:
    a: int
    b: int = 1
    c: list = field(default_factory=list)
    d: ClassVar[int] = 1
    e: int = field(default=3, kw_only=True)
    f: int = field(init=False)
    _g: int = 3
    h = 4
@dataclass
class B(A):
    a: int = 5
    _: KW_ONLY
    i: int
@dataclasses.dataclass(kw_only=True, frozen=True)
class C:
    a: int = 1
    b: "int"
    c: t.ClassVar[int]
class D(A):
    not_a_field: int
class Mixin:
    no: int
@dataclass
class E(Mixin):
    yes: int
    later: InitVar[int]
@pydantic.dataclasses.dataclass
class F:
    a: int
    b: int = pydantic.Field(3, alias="B")
    c: int = field(default=4)
class G(TypedDict):
    a: int
    b: NotRequired[int]
class H(G, total=False):
    c: int
    d: Required[int]
I = TypedDict("I", {"x-y": int, "z": NotRequired[str]})
class J(NamedTuple):
    a: int
    b: int = 3
class K(J):
    c = 3
"""


def test_the_standard_library_agrees_on_fields(project, imported):
    made = project(held_against=DATACLASSES)
    module = imported("held_against")

    for name in "ABCDEF":
        found = read(made, name, "held_against.py")
        cls = getattr(module, name)
        fields = {field.name: field for field in dataclasses.fields(cls)}
        assert [field.name for field in found.fields if field.role == "field"] == list(fields)
        for field in found.fields:
            if field.role == "init":
                assert field.name == "later"
                continue
            real = fields[field.name]
            missing = real.default is dataclasses.MISSING and real.default_factory is dataclasses.MISSING
            if name != "F":
                assert field.required == (missing and real.init), (name, field)
            assert (field.kw_only, field.init) == (real.kw_only, real.init)
    assert [field.required for field in read(made, "F", "held_against.py").fields] == [True, False, False]
    for name in "GHI":
        fields = read(made, name, "held_against.py").fields
        cls = getattr(module, name)
        assert {field.name for field in fields if field.required} == cls.__required_keys__
        assert {field.name for field in fields if not field.required} == cls.__optional_keys__
    for name in "JK":
        fields = read(made, name, "held_against.py").fields
        cls = getattr(module, name)
        assert tuple(field.name for field in fields) == cls._fields
        assert {field.name for field in fields if not field.required} == set(cls._field_defaults)


V1 = """
from __future__ import annotations
from typing import Any, ClassVar, Optional
from pydantic.v1 import BaseModel, BaseSettings, Field, validator, root_validator
class Mixin:
    m: int = 3
class A(Mixin, BaseModel):
    a: int
    b: Optional[int]
    c: Any
    d: Optional[int] = ...
    e: int = None
    f = 3
    g: int | None
    h: Optional[int] = Field(..., alias="H")
    i: Optional[int] = Field(alias="I")
    j: ClassVar[int] = 3
    _k: int = 3
    class Config:
        orm_mode = True
        allow_population_by_field_name = True
        extra = "allow"
class B(A):
    a = 3
    n: int
class S(BaseSettings):
    url: str = "x"
    key: str
"""


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Pydantic v1 does not run on it")
def test_pydantic_v1_agrees(project, imported):
    made = project(held_against=V1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = imported("held_against")

    for name in "ABS":
        found = read(made, name, "held_against.py")
        real = getattr(module, name).__fields__
        assert found.version == 1
        assert {field.name for field in found.fields} == set(real)
        for field in found.fields:
            assert field.required == bool(real[field.name].required), (name, field)
            assert (field.alias or field.name) == real[field.name].alias
    config = read(made, "B", "held_against.py").config
    assert (config.from_attributes, config.populate_by_name, config.extra) == (True, True, "allow")


# Validators and configuration


def test_validators_with_fields_and_modes(project):
    made = project(
        main="from typing import Annotated\nfrom pydantic import *\nimport pydantic as p\n"
        "class Base(p.BaseModel):\n"
        "    a: int\n"
        "    b: Annotated[int, p.BeforeValidator(int)]\n"
        "    @p.field_validator('a', 'b', mode='before')\n    @classmethod\n    def x(cls, v): ...\n"
        "    @p.field_validator('*')\n    def y(cls, v): ...\n"
        "    @p.model_validator(mode='wrap')\n    def z(cls, v, h): ...\n"
        "    @p.validator('a', pre=True)\n    def old(cls, v): ...\n"
        "    @p.root_validator(pre=True)\n    def root(cls, v): ...\n"
        "    _again = p.validator('b', allow_reuse=True)(print)\n"
        "    @p.field_serializer('a')\n    def s(self, v): ...\n"
        "class A(Base):\n"
        "    @p.field_validator(*NAMES)\n    def y(cls, v): ...\n"
        "    def z(self): ...\n"
    )
    a = read(made)

    def seen(hooks: tuple[Hook, ...]):
        return {(hook.name, hook.kind, hook.mode, hook.fields, hook.owner.name) for hook in hooks}

    assert seen(a.validators) == {
        ("b", "field_validator", "before", ("b",), "Base"),
        ("x", "field_validator", "before", ("a", "b"), "Base"),
        ("y", "field_validator", "after", None, "A"),
        ("old", "field_validator", "before", ("a",), "Base"),
        ("root", "model_validator", "before", None, "Base"),
        ("z", "model_validator", "wrap", None, "Base"),
        ("_again", "field_validator", "after", ("b",), "Base"),
    }
    assert {hook.name for hook in a.hooks} - {hook.name for hook in a.validators} == {"s"}
    assert ("z", "model_validator", "wrap", None, "Base") in seen(read(made, "Base").validators)


@pytest.mark.parametrize(
    ("body", "expected", "certain"),
    [
        (
            "    model_config = p.ConfigDict(from_attributes=True, extra=p.Extra.forbid)\n",
            ("forbid", True, False),
            True,
        ),
        ("    model_config = dict(frozen=True)\n", ("", False, True), True),
        ("    model_config = {'extra': 'allow', **OTHER}\n", ("allow", False, False), False),
        ("    model_config = Base.model_config | OTHER\n", ("", False, False), False),
        ("    class Config:\n        orm_mode = True\n        allow_mutation = False\n", ("", True, True), True),
        ("    class Config(Other):\n        extra = 'ignore'\n", ("ignore", False, False), False),
    ],
)
def test_configuration(project, body, expected, certain):
    config = read(project(main=f"import pydantic as p\nclass A(p.BaseModel):\n{body}")).config

    assert (config.extra, config.from_attributes, config.frozen) == expected
    assert config.certain == certain


# ORM


def test_columns_and_relationships_are_told_apart(project):
    made = project(
        db="from flask_sqlalchemy import SQLAlchemy\ndb = SQLAlchemy()\n",
        main="import sqlalchemy as sa\nfrom sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship\n"
        "from db import db\n"
        "class Mixin:\n    created = sa.Column(sa.DateTime, default=now)\n"
        "    @declared_attr\n    def owner(cls): ...\n"
        "    @declared_attr\n    def __tablename__(cls): ...\n"
        "class A(Mixin, db.Model):\n    __tablename__ = 'a'\n"
        "    id = db.Column(db.Integer)\n    name: Mapped[str]\n    x: Mapped[int] = mapped_column(sa.Integer)\n"
        "    children = relationship('Child')\n    other = db.relationship('Other')\n    limit = 3\n    y: int\n",
    )

    assert [(field.name, field.role, field.default) for field in read(made).fields] == [
        ("created", "column", "value"),
        ("owner", "declared", "none"),
        ("id", "column", "none"),
        ("name", "column", "none"),
        ("x", "column", "none"),
        ("children", "relationship", "none"),
        ("other", "relationship", "none"),
    ]


def test_sqlmodel(project):
    made = project(
        main="from sqlmodel import Field, Relationship, SQLModel\n"
        "class Base(SQLModel):\n    name: str = Field(index=True)\n    team: int | None = Field(default=None)\n"
        "class A(Base, table=True):\n    id: int | None = Field(default=None, primary_key=True)\n"
        "    children: list['B'] = Relationship(back_populates='a')\n"
        "class B(Base):\n    id: int\n"
    )

    assert [(f.name, f.role, f.required) for f in read(made).fields] == [
        ("name", "field", True),
        ("team", "field", False),
        ("id", "field", False),
        ("children", "relationship", False),
    ]
    assert [read(made, name).table for name in ("Base", "A", "B")] == [False, True, False]


def test_enumerations_have_members(project):
    made = project(
        main="import enum\nclass A(enum.Enum):\n    x = 1\n    _ignore_ = []\n    def f(self): ...\n    y = 'b'\n"
    )

    assert [(field.name, field.role) for field in read(made).fields] == [("x", "member"), ("y", "member")]


# What cannot be known


@pytest.mark.parametrize(
    ("line", "required"),
    [
        ("a: int = make()", None),
        ("a: int = count()", False),
        ("a: int = Field(**OPTIONS)", None),
        ("a: int = Field(1, **OPTIONS)", False),
        ("a: int = undefined()", None),
        ("a: Other = Other()", False),
        ("a: Other = Other[int]()", False),
        ("a: int = OPTIONS['a']", False),
        ("a: int = OPTIONS['a'] or Field(1)", None),
        ("a: int = Other.model_fields['o']", None),
    ],
)
def test_a_default_that_may_be_a_field_is_not_guessed(project, line, required):
    made = project(
        main="from pydantic import BaseModel, Field\ndef make(): return Field(...)\ndef count(): return 1\n"
        f"class Other(BaseModel):\n    o: int = Field(1)\nclass A(BaseModel):\n    {line}\n"
    )
    found = read(made)

    assert found.fields[0].required is required
    assert found.complete == (required is not None)


def test_a_model_with_a_base_from_elsewhere_is_not_complete(project):
    found = read(project(main="from x import Y\nfrom pydantic import BaseModel\nclass A(BaseModel, Y):\n    a: int\n"))

    assert (found.kind, found.complete) == ("pydantic", False)
    assert "x.Y" in found.reason


def test_what_only_type_checkers_see_is_no_field(project):
    found = read(
        project(
            main="from typing import TYPE_CHECKING\nfrom pydantic import BaseModel\n"
            "class A(BaseModel):\n    a: int\n    if TYPE_CHECKING:\n        b: int\n"
        )
    )

    assert [field.name for field in found.fields] == ["a"]
    assert found.complete


def test_the_places_of_annotations_and_defaults(project):
    made = project(
        main="import pydantic\nä = 'ä'\nclass A(pydantic.BaseModel):\n    x: 'list[ü]' = pydantic.Field(3)\n"
    )
    field = read(made).fields[0]
    module = made.module("main.py")
    assert module is not None
    assert field.annotation is not None
    assert field.default_span is not None

    assert module.code(field.annotation) == field.annotation_text == "'list[ü]'"
    assert module.code(field.default_span) == "pydantic.Field(3)"
    assert field.line == 4


# Which Pydantic


@pytest.mark.parametrize(
    ("requirement", "main", "major"),
    [
        ("pydantic>=2,<3", "", 2),
        ("pydantic[email]~=1.10", "", 1),
        ("pydantic>=1.8,<2.0.0", "", 1),
        ("pydantic==1.10.13", "from pydantic import field_validator", 1),
        ("pydantic-settings>=1", "from pydantic import BaseSettings", 1),
        ("pydantic>=1.8", "from pydantic import validator\n@validator('a')\ndef f(): ...", 1),
        ("pydantic>=1.8", "from pydantic import ConfigDict", 2),
        ("", "", 2),
    ],
)
def test_the_version_of_pydantic(project, requirement, main, major):
    made = project(**{"requirements.txt": requirement, "main": main})

    assert pydantic_major(made) == major


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('[tool.poetry.dependencies]\npydantic = "^1.10"\n', 1),
        ('[tool.poetry.dependencies]\npydantic = {version = "^2.1", extras = ["email"]}\n', 2),
        ('[project]\ndependencies = ["pydantic[email]>=2.0.3"]\n', 2),
        ('[project]\ndependencies = ["pydantic<2", "x"]\n', 1),
    ],
)
def test_the_version_in_pyproject(project, tmp_path, text, major):
    (tmp_path / "pyproject.toml").write_text(text)

    assert pydantic_major(project(main="")) == major


# Where schemas are kept


def test_schema_locations(project):
    made = project(
        **{
            "app/users/schemas": "from pydantic import BaseModel\nclass A(BaseModel): ...\nclass B(BaseModel): ...\n",
            "app/items/schemas": "from app.users.schemas import A\nclass C(A): ...\n",
            "app/schemas/post": "from pydantic import BaseModel\nclass D(BaseModel): ...\n",
            "app/models": "from pydantic import BaseModel\nclass E(BaseModel): ...\n",
            "app/main": "from fastapi import FastAPI\nfrom pydantic import BaseModel\napp = FastAPI()\n"
            "class F(BaseModel): ...\n@app.get('/')\ndef read(): ...\n",
            "tests/test_x": "from pydantic import BaseModel\nclass G(BaseModel): ...\n",
        }
    )
    found = schema_locations(made)

    assert found.patterns == {"*/schemas.py": 3, "beside handlers": 1, "models.py": 1, "schemas/*.py": 1}
    assert found.modules["app/users/schemas.py"] == 2
    assert found.folders["app"] == 2


def test_libcst_is_not_imported():
    code = "import sys, fastapi_codemods.project.models; print('libcst' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
