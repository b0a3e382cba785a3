"""What models are said to hold, against what Pydantic and the standard library make of the same classes.

Names that lead through several modules, fields that a name stands for, configurations that functions make: whatever is
said for certain must be so, and where it cannot be known that must be said.
"""

import dataclasses
import importlib
import sys
import warnings

import pydantic
import pytest

from fastapi_codemods.project import Project, Symbol
from fastapi_codemods.project.models import model

SHARED = {
    "shared_pkg/__init__.py": """
from .fields import Numbered as Counted
""",
    "shared_pkg/fields.py": """
from typing import Annotated, Optional, TypeVar, Any
from typing_extensions import TypeAlias
from functools import partial
from pydantic import Field, AfterValidator, ConfigDict
T = TypeVar("T")
Numbered: TypeAlias = Annotated[int, Field(default=3, alias="n")]
Opt = Annotated[Optional[T], Field(default=None)]
Aliased = Field(alias="fromElsewhere")
Three = Field(3)
def make(default=...): return Field(default)
def number() -> int: return 3
F = partial(Field, alias="partial")
Config = ConfigDict(extra="forbid", frozen=True)
def config(**kw): return ConfigDict(extra="allow")
FLAG = True
Stripped = Annotated[str, AfterValidator(str.strip)]
""",
    "shared_pkg/bases.py": """
from __future__ import annotations
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
class CamelBase(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)
class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
class Loose(BaseModel):
    model_config = ConfigDict(extra="allow", from_attributes=True)
class Both(Strict, Loose): ...
class Both2(Loose, Strict): ...
class Stamp:
    created_at: int
    updated_at: int = 0
class Entity(Stamp, CamelBase):
    entity_id: int
""",
}

MODELS = """
from __future__ import annotations
import pydantic as pyd
import typing, typing as t, typing_extensions as te
from typing import *
from functools import cached_property, partial
from pydantic import *
from pydantic import Field as F0
from pydantic_core import PydanticUndefined
from pydantic.alias_generators import to_camel
import shared_pkg
import shared_pkg.fields as sf
from shared_pkg import fields
from shared_pkg.fields import *
from shared_pkg.fields import F, Three as Drei, Config as BaseConfigDict
from shared_pkg.bases import CamelBase, Entity, Both, Both2, Strict, Loose, Stamp
META = Field(alias="meta")
DEFAULT = 3
NOFIELD = F0()
METAS = (Field(default=1),)
def doc(x): return x
def add_field(cls): return cls
class M1(BaseModel):
    a: shared_pkg.Counted
    b: "shared_pkg.Counted"
    c: sf.Numbered
    d: fields.Opt[int]
    e: Opt["int"]
    f: Annotated[int, META]
    g: int = META
    h: int = Drei
    i: int = NOFIELD
    j: int = DEFAULT
    k: Annotated[int, *METAS]
    l: int = make()
    m: int = number()
    n: int = F()
    o: int = Field(default=PydanticUndefined)
    p: int = Field(3) if DEFAULT else Field()
    q: int = Field() if DEFAULT else Field(3)
    r: int = sf.Aliased
    s: Annotated[int, sf.Three]
class M2(Entity):
    some_name: int = Field(alias="explicit")
    other_name: int = Field(3, alias="weak", alias_priority=1)
class M3(BaseModel):
    a: int = Field(3, init=False)
    b: int = Field(init=False)
    c: int = 3
    d: int
    e: Optional[int] = Field(validate_default=True)
class M4(BaseModel):
    model_config = sf.config(extra="forbid")
    a: int
class M5(BaseModel):
    model_config = BaseConfigDict
    a: int
class M6(BaseModel):
    model_config = ConfigDict(frozen=FLAG, extra=sf.Config["extra"])
    a: int
class M7(Both): ...
class M8(Both2): ...
class M9(Strict, Loose):
    model_config = ConfigDict(from_attributes=False)
@add_field
class M10(BaseModel):
    a: int
class M11(BaseModel, alias_generator=to_camel, extra="forbid"):
    some_thing: int
class M12(M11):
    other_thing: int
class Named(BaseModel):
    name: str
    label: str = "x"
class M13(Named):
    @property
    def extra(self): return 1
    label: str
class M14(Named):
    name: Annotated[str, "doc"] = "d"
    label: ClassVar[str] = "c"
class M15(M14):
    label: str
class M16(Stamp, Named): ...
class M17(Named, Stamp):
    updated_at: int
class Gen(BaseModel, Generic[T]):
    item: T
    opt: Optional[T] = None
class M18(Gen[int]):
    more: int
class M19(Gen[Named], Named): ...
class M20(BaseModel):
    a: "Annotated[int, Field(default=1)]"
    b: Annotated["int", Field(alias="B")]
    c: "Optional[Annotated[int, Field(default=1)]]"
    d: Annotated[Optional[int], Field(default=1)]
    e: Annotated[int, Field(), Field(default=2), Field(alias="E")]
    f: Annotated[int, Field(default=2)] = 4
    g: Annotated[int, Field(default_factory=lambda: 2)]
    h: te.Annotated[int, pyd.Field(default=2)]
    i: typing.Annotated[int, Field(serialization_alias="I")]
    j: Annotated[int, Field(exclude=True)]
    k: list[Annotated[int, Field(default=3)]]
    l: Annotated[int, 3]
    m: Literal["a"] = "a"
    n: Annotated[int, Field(alias="N1")] = Field(alias="N2")
    o: Annotated[int, Field(validation_alias=AliasPath("x", 0))]
    p: Annotated[Literal["p"], Field()] = "p"
class M21(BaseModel):
    w: int
    @computed_field
    @cached_property
    def area(self) -> int: return 1
    @computed_field(alias="Al", repr=False)
    def plain(self) -> int: return 1
class M22(M21):
    @property
    def area(self) -> int: return 2
class M23(M21):
    @computed_field
    @property
    def volume(self) -> int: return 3
class M24(BaseModel):
    a: int = Field(validation_alias="v", serialization_alias="s", alias="a2")
    b: int = Field(default=..., alias="b2")
    c: int = Field(..., validation_alias=AliasChoices("c1"))
    d: SecretStr = Field(default="x", exclude=True)
    e: int = Field(default=None)
    f: int = Field(None, alias=("x" "y"))
    g: int = Field(alias=f"g{1}")
    h: int = Field(**{"alias": "H"})
    i: int = Field(3, **{"alias": "I"})
class M25(RootModel[List[int]]):
    root: List[int] = [1]
class M26(BaseModel):
    __slots__ = ("x",)
    a: int
    _b: int
    __c__: int = 3
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid")
M27 = create_model("M27", a=(int, 3), __base__=Named)
class M28(M27):
    b: int
class M29(BaseModel):
    a: ClassVar
    b: "ClassVar"
    c: "t.ClassVar[int]" = 3
    d: Final = 3
    e: "Final[int]" = 3
    f: Annotated[Final[int], "x"] = 3

class M30(Named):
    if DEFAULT:
        x: int = 1
class M31(BaseModel):
    a: int = 1
    a: str
class M33(BaseModel):
    a: Named = Named(name="x")
    b: Optional[Named] = None
    c: Dict[str, Named] = {}
    d: int | None = Field(default_factory=lambda: None)
    e: int = Field(default_factory=lambda data: 3)
    f: Json[int] = Field("3")
class M34(BaseModel):
    a: int = Field(alias="A")
    model_config = {**ConfigDict(extra="allow"), "populate_by_name": True}
class M35(pyd.BaseModel, t.Generic[T]):
    model_config = pyd.ConfigDict(validate_by_name=True, validate_by_alias=False)
    x: T = pyd.Field(alias="X")
class M36(Named, frozen=True): ...
class M37(M36, frozen=False): ...
"""

STANDARD = """
import enum, dataclasses, functools, typing, collections
from enum import Enum, IntEnum, Flag, StrEnum, auto, member, nonmember, unique, property as eprop
from dataclasses import dataclass, field, KW_ONLY, InitVar, MISSING, make_dataclass
from typing import *
from typing_extensions import ReadOnly, TypedDict, TypedDict as TD2, NotRequired as NR2
from library import Base, helper
import library
def message(err=""): return err
def deco(cls): return cls
class E1(Enum):
    A = 1
    B = auto()
    C = A
    _d = 4
    __e = 5
    F = message
    G = library.helper
    H = lambda self: 1
    I, J = 5, 6
    K = nonmember(3)
    L = member(4)
    M: int = 7
    N: int
    P = (1, 2)
    @property
    def Q(self): return 1
    @staticmethod
    def R(): ...
    S = property(lambda s: 1)
    _ignore_ = ["T"]
    T = 3
class E2(str, Base):
    A = "a"
class E3(StrEnum):
    A = auto()
    B = "x"
@unique
class E4(IntEnum):
    ONE = 1
    TWO = ONE + 1
class E5(Flag):
    R = 1
    W = 2
    RW = R | W
class E6(Enum):
    vars()["X"] = 1
    Y = 2
E7 = Enum("E7", ["A", "B"])
class E8(Enum):
    A, B, C = range(3)
class E9(Enum):
    _order_ = "A B"
    A = 1
    B = 2
    x: str
    def __init__(self, v): self.x = v
@dataclass
class D1:
    a: int
    b: "ClassVar[int]" = 3
    c: int = field(default=MISSING)
    d: int = field(default_factory=list)
    e: InitVar[int] = 3
    f: "InitVar[int]" = 3
    a: str
@dataclass
class D2(D1):
    g: int = 3
    a = 7
@dataclass(kw_only=True)
class D3:
    a: int = 3
    b: int
    c: int = field(kw_only=False)
@dataclass
class D4(D3):
    d: int
@dataclass(init=False)
class D5:
    a: int
    def __init__(self): self.a = 1
@dataclass
class D6:
    a: int
    def __post_init__(self): ...
@deco
@dataclass
class D7:
    a: int
@dataclass(slots=True, frozen=True)
class D8:
    a: int
    b: int = dataclasses.field(repr=False, default=3)
@dataclass
class D9:
    a: ClassVar[int] = 3
@dataclass
class D10(D9):
    a: int
@dataclass
class D11:
    a: int = 3
@dataclass
class D12(D11):
    a: ClassVar[int] = 4
    b: int = 3
@dataclass
class D13:
    x: list[int] = field(default_factory=list)
    if True:
        y: int = 3
D14 = make_dataclass("D14", ["a", ("b", int)])
class Mixin:
    z: int = 3
    w = 4
@dataclass
class D15(Mixin):
    z: int
    w: int = 3
@dataclass
class D16:
    a: int
    _: KW_ONLY
    b: int
    c: int = 3
@dataclass
class D17(D16):
    d: int = 3
@dataclass
class D18(Generic[TypeVar("T")]):
    a: "int" = 3
class T1(TypedDict):
    a: int
    b: "NotRequired[int]"
    c: Annotated[NotRequired[int], "x"]
    d: Annotated[Required[int], "x"]
class T2(T1, total=False):
    e: int
    f: "Required[int]"
class T3(TD2):
    a: ReadOnly[int]
    b: ReadOnly[NotRequired[int]]
    c: NR2[ReadOnly[int]]
class T4(T2):
    a: int
    g: str
T5 = TypedDict("T5", {"a": int, "b-c": NotRequired[int]}, total=False)
class T7(TypedDict, Generic[TypeVar("X")]):
    a: int
class N1(NamedTuple):
    a: int
    b: str = "x"
    def f(self): ...
class N2(N1):
    c: int = 3
N3 = NamedTuple("N3", [("a", int), ("b", str)])
N4 = collections.namedtuple("N4", "a b", defaults=[1])
N5 = collections.namedtuple("N5", ["a", "b"])
class N6(collections.namedtuple("N6", "a, b")):
    __slots__ = ()
class N8(NamedTuple("N8", [("a", int)])):
    b: int
"""

LIBRARY = """
import enum
def helper(x): return x
class Base(enum.Enum):
    def describe(self): return self.name
"""


V1 = """
from typing import *
from pydantic.v1 import BaseModel, Field, validator, root_validator, Extra, BaseSettings
from pydantic.v1.generics import GenericModel
from shared_pkg import aliases
from shared_pkg.aliases import MaybeInt, Either, Anything, Ann, META
T = TypeVar("T")
class V1(BaseModel):
    a: MaybeInt
    b: aliases.MaybeInt
    c: Either
    d: Anything
    e: Ann
    f: "Optional[int]"
    g: int = META
    h: object
    i: Optional[int] = Field(alias="I")
    j: Any = Field(...)
    k: Union[int, str, None]
    l: List[Optional[int]]
    m: None
    n: int = Field(None)
    o: Optional[int] = ...
class V2(V1):
    a: int
    p = 3
    q = [1]
class V3(BaseModel):
    first_name: str
    x: int = Field(alias="ex")
    class Config:
        alias_generator = lambda s: s.upper()
        extra = Extra.forbid
class V4(V3):
    second: int
    class Config(V3.Config):
        allow_population_by_field_name = True
class V5(BaseModel):
    a: int
    b: int
    class Config:
        fields = {"a": "A", "b": {"alias": "B"}}
class V6(GenericModel, Generic[T]):
    item: T
    opt: Optional[T]
class V7(V6[int]):
    z: int
class V8(BaseModel, extra="allow", orm_mode=True):
    a: int
class V9(BaseSettings):
    url: str = Field("x", env="URL")
    key: str
    class Config:
        env_prefix = "app_"
class V10(BaseModel):
    __root__: List[int]
class V11(BaseModel):
    _p: int = 3
    a: ClassVar[int] = 3
    b: int = 3
    b: str
    c: int = Field(default_factory=int)
    d: Optional[ClassVar[int]] if False else int = 3
"""

V1_ALIASES = """
from typing import Optional, Union, Any, Annotated
from pydantic.v1 import Field
MaybeInt = Optional[int]
Either = Union[int, None]
Anything = Any
Ann = Annotated[int, Field(alias="n")]
META = Field(alias="m")
"""


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    """The project of these files, and one of them as Python runs it."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def load(name, files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(exist_ok=True)
            (tmp_path / path).write_text(text)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Project.open(tmp_path), importlib.import_module(name)

    yield load
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("held_models", "held_classes", "library", "shared_pkg"):
            del sys.modules[name]


def read(project, name, path):
    found = model(project, Symbol(path, name))
    assert found is not None
    return found


def numbered(module, letters):
    return {name: value for name, value in vars(module).items() if name[0] in letters and name[1:].isdigit()}


def test_what_is_said_of_pydantic_models_is_so(loaded):
    project, module = loaded("held_models", {**SHARED, "held_models.py": MODELS})
    classes = numbered(module, "M")
    assert len(classes) > 30

    for name, cls in classes.items():
        found = read(project, name, "held_models.py")
        fields = cls.model_fields
        if found.complete:
            assert [field.name for field in found.fields] == list(fields), name
        for field in found.fields:
            real = fields[field.name]
            where = (name, field)
            if field.required is not None:
                assert field.required == real.is_required(), where
                assert (field.default == "factory") == (real.default_factory is not None), where
            if not field.computed_alias:
                aliases = (field.alias, field.validation_alias, field.serialization_alias)
                assert aliases == (real.alias, real.validation_alias, real.serialization_alias), where
            assert field.exclude == bool(real.exclude), where
            assert field.init, where
        assert [field.name for field in found.computed] == list(cls.model_computed_fields), name
        if found.config.certain:
            config = cls.model_config
            assert found.config.extra == (config.get("extra") or ""), name
            assert found.config.frozen == bool(config.get("frozen")), name
            assert found.config.from_attributes == bool(config.get("from_attributes")), name
            by_name = config.get("populate_by_name") or config.get("validate_by_name")
            assert found.config.populate_by_name == bool(by_name), name
            assert bool(found.config.alias_generator) == bool(config.get("alias_generator")), name


def test_what_is_said_to_be_required_is_so_in_the_schema(loaded):
    project, module = loaded("held_models", {**SHARED, "held_models.py": MODELS})

    for name, cls in numbered(module, "M").items():
        found = read(project, name, "held_models.py")
        if found.complete and found.kind == "pydantic":
            required = cls.model_json_schema().get("required", [])
            assert len(required) == sum(bool(field.required) for field in found.fields), name


@pytest.mark.parametrize(
    ("name", "field", "claim"),
    [
        pytest.param("M1", "l", "required", id="a function that makes a field"),
        pytest.param("M1", "k", "required", id="metadata unpacked"),
        pytest.param("M1", "p", "required", id="one field or the other"),
        pytest.param("M15", "label", "required", id="the class above has an attribute of that name"),
    ],
)
def test_what_cannot_be_known_is_not_said(loaded, name, field, claim):
    project, _ = loaded("held_models", {**SHARED, "held_models.py": MODELS})

    assert getattr(read(project, name, "held_models.py").field(field), claim) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("M10", "its decorator add_field is not known here"),
        ("M24", "what h is assigned is not known here"),
        ("M28", "is made by create_model"),
        ("M30", "some of it stands under a condition"),
    ],
)
def test_a_model_that_may_hold_more_says_why(loaded, name, reason):
    project, _ = loaded("held_models", {**SHARED, "held_models.py": MODELS})
    found = read(project, name, "held_models.py")

    assert (found.complete, found.reason) == (False, reason)


@pytest.mark.parametrize("name", ["M4", "M5", "M6"])
def test_a_configuration_made_elsewhere_is_not_certain(loaded, name):
    project, _ = loaded("held_models", {**SHARED, "held_models.py": MODELS})

    assert not read(project, name, "held_models.py").config.certain


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="Pydantic v1 does not run on it")
def test_what_is_said_of_models_of_v1_is_so(loaded):
    files = {"shared_pkg/__init__.py": "", "shared_pkg/aliases.py": V1_ALIASES, "held_models.py": V1}
    project, module = loaded("held_models", files)

    for name, cls in numbered(module, "V").items():
        found, fields, config = read(project, name, "held_models.py"), cls.__fields__, cls.__config__
        assert found.version == 1
        assert {field.name for field in found.fields} == set(fields), name
        for field in found.fields:
            if field.required is not None:
                assert field.required == bool(fields[field.name].required), (name, field)
            if not field.computed_alias:
                assert (field.alias or field.name) == fields[field.name].alias, (name, field)
        if found.config.certain:
            assert found.config.extra in ("", config.extra.value)
            assert found.config.from_attributes == config.orm_mode
            assert found.config.populate_by_name == config.allow_population_by_field_name


def test_what_is_said_of_enumerations_is_so(loaded):
    project, module = loaded("held_classes", {"held_classes.py": STANDARD, "library.py": LIBRARY})

    for name, cls in numbered(module, "E").items():
        found = read(project, name, "held_classes.py")
        if found.complete:
            assert [field.name for field in found.fields] == list(cls.__members__), name
        assert found.complete == (name not in ("E6", "E7")), name


def test_what_is_said_of_dataclasses_is_so(loaded):
    project, module = loaded("held_classes", {"held_classes.py": STANDARD, "library.py": LIBRARY})

    for name, cls in numbered(module, "D").items():
        found = read(project, name, "held_classes.py")
        real = {field.name: field for field in dataclasses.fields(cls)}
        own = [field for field in found.fields if field.role == "field"]
        if found.complete:
            assert [field.name for field in own] == list(real), name
        for field in own:
            other = real[field.name]
            missing = other.default is dataclasses.MISSING and other.default_factory is dataclasses.MISSING
            if field.required is not None:
                assert field.required == (missing and other.init), (name, field)
            assert (field.kw_only, field.init) == (other.kw_only, other.init), (name, field)


@pytest.mark.filterwarnings("ignore:Items? .* using the `ReadOnly` qualifier")
def test_what_is_said_of_tuples_and_dictionaries_is_so(loaded):
    project, module = loaded("held_classes", {"held_classes.py": STANDARD, "library.py": LIBRARY})

    for name, cls in numbered(module, "N").items():
        found = read(project, name, "held_classes.py")
        if found.complete:
            assert tuple(field.name for field in found.fields) == cls._fields, name
        for field in found.fields:
            assert field.required == (field.name not in cls._field_defaults), (name, field)
    for name, cls in numbered(module, "T").items():
        found = read(project, name, "held_classes.py")
        required = pydantic.TypeAdapter(cls).json_schema().get("required", [])
        assert {field.name for field in found.fields if field.required} == set(required), name


ATTRS = """
import attr
from attrs import define, field
@attr.s
class A1:
    x: int = 3
    y = attr.ib(default=3)
    w: int
@define
class A2:
    a: int = field()
    @a.validator
    def check(self, attribute, value): ...
    b: int = field()
    @b.default
    def _b(self): return 3
@define
class A3:
    c: int = field()
    a = field(default=3)
    b: int
@attr.s(auto_attribs=True)
class A4:
    a: int
    b: list = attr.ib(factory=list)
@define
class A5(A4):
    a: int = 7
@attr.s(these={"a": attr.ib()})
class A6: ...
"""


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("A1", [("y", False)]),
        ("A2", [("a", True), ("b", False)]),
        ("A3", [("c", True), ("a", False)]),
        ("A4", [("a", True), ("b", False)]),
        ("A5", [("b", False), ("a", False)]),
    ],
)
def test_attrs_has_rules_of_its_own(tmp_path, name, fields):
    """As `attr.fields` of attrs 26.1 says of the same classes."""
    (tmp_path / "main.py").write_text(ATTRS)
    found = read(Project.open(tmp_path), name, "main.py")

    assert [(field.name, field.required) for field in found.fields] == fields
    assert found.complete


def test_attrs_may_be_given_its_fields(tmp_path):
    (tmp_path / "main.py").write_text(ATTRS)

    assert not read(Project.open(tmp_path), "A6", "main.py").complete


def test_an_overridden_validator_stays_one(tmp_path):
    """Pydantic binds a validator by its name, so what a class puts in its place validates."""
    (tmp_path / "main.py").write_text(
        "from pydantic import BaseModel, computed_field, field_validator\nclass B(BaseModel):\n    a: int\n"
        "    @field_validator('a')\n    @classmethod\n    def check(cls, v): return v\n"
        "    @computed_field\n    @property\n    def twice(self) -> int: return 2\n"
        "class A(B):\n    @classmethod\n    def check(cls, v): return 3\n"
        "    @property\n    def twice(self) -> int: return 4\n"
    )
    found = read(Project.open(tmp_path), "A", "main.py")

    assert [hook.name for hook in found.validators] == ["check"]
    assert [field.name for field in found.computed] == ["twice"]
