"""What one class is and holds, with all that it inherits."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..index import Project, Symbol
from .configuration import options_of, own_config
from .definitions import UNKNOWN_BASE, Definition, Definitions, Names
from .description import PYDANTIC, Config, Field, Hook, Kind, Model, bare, blank
from .fields import Body, FieldOptions, OwnFields, with_inherited_annotation
from .hooks import hook_of, hooks_of_annotation
from .libraries import DECORATORS, HARMLESS_DECORATORS, NEW_NAMES, is_known, kind_of_base
from .literals import is_true
from .made import called_items, is_synthetic
from .pydantic_version import pydantic_major
from .written import Written


def model(project: Project, symbol: Symbol) -> Model | None:
    """The class that a symbol of the project names; None if it names none."""
    return _reader(project).model(symbol)


def _reader(project: Project) -> _Models:
    return project.remembered("models", lambda: _Models(project))


class _Models:
    """The classes of one project, each read once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.definitions = Definitions(project)
        self._models: dict[Symbol, Model | None] = {}
        self._own_fields: dict[tuple[Symbol, str, int], OwnFields] = {}

    def model(self, symbol: Symbol) -> Model | None:
        if symbol not in self._models:
            self._models[symbol] = None
            self._models[symbol] = self._model(symbol)
        return self._models[symbol]

    def _model(self, symbol: Symbol) -> Model | None:
        found = self.definitions.of(symbol)
        if found is None or symbol.path is None:
            return None
        if isinstance(found, Symbol):
            return self.model(found) if found.path is not None else self._of_a_library(symbol, found)
        written, _ = found
        mro = self.definitions.mro(symbol)
        kind, version, reason = self._kind(mro)
        bases = tuple(base for base in self.definitions.bases(symbol) if not base.name.startswith(UNKNOWN_BASE))
        own = tuple(base for base in mro if base.path is not None)
        doubts = [doubt for base in own if (doubt := self._doubt(base))]
        if kind == "unknown" or symbol in self.definitions.doubts:
            reason = self.definitions.doubts.get(symbol, reason)
            return bare(symbol, "unknown", written.line, reason, bases, own)
        outside = [base.name for base in mro if base.path is None and not is_known(base.name)]
        if outside:
            doubts.append(f"its base {outside[0].removeprefix(UNKNOWN_BASE)} is not known here")
        if "these" in self._decorator_keywords(written, Names(self.definitions, found.module, written.scopes)):
            doubts.append("its fields are given to the decorator")
        if odd := self._decorated(symbol)[1]:
            doubts.append(f"its decorator {odd} is not known here")
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
        kind = kind_of_base(meant.name)
        reason = "" if kind else f"stands for {meant.name}"
        return bare(symbol, kind or "unknown", self.definitions.line(symbol), reason, (meant,), ())._replace(
            version=self._version(meant.name) if kind in PYDANTIC else 0
        )

    def _doubt(self, symbol: Symbol) -> str:
        found = self.definitions.of(symbol)
        own = ""
        if isinstance(found, Definition):
            own = found.written.doubt
            if any(isinstance(base, ast.Call) and called_items(base) is None for base in found.written.bases):
                own = own or "its base is made by a call"
        return own or self.definitions.doubts.get(symbol, "")

    def _kind(self, mro: tuple[Symbol, ...]) -> tuple[Kind, int, str]:
        for base in mro:
            if base.path is None and (kind := kind_of_base(base.name)) is not None:
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
            if base.path is None and not is_known(base.name):
                return "unknown", 0, f"its base {base.name.removeprefix(UNKNOWN_BASE)} is not known here"
        return ("unknown", 0, f"its decorator {odd} is not known here") if odd else ("plain", 0, "")

    def _version(self, base: str) -> int:
        parts = base.split(".")
        if parts[:2] == ["pydantic", "v1"] or parts[-1] == "GenericModel":
            return 1
        return 2 if parts[0] == "pydantic_settings" or parts[-1] == "RootModel" else pydantic_major(self.project)

    def _decorated(self, symbol: Symbol) -> tuple[Kind | None, str]:
        """What the decorators of a class make of it, and one of them that is not known."""
        place = self.definitions.place(symbol)
        if place is None:
            return None, ""
        written, inside = place
        names = Names(self.definitions, inside.module, written.scopes)
        kind: Kind | None = None
        odd = ""
        for node in written.decorators:
            callee = node.func if isinstance(node, ast.Call) else node
            meaning = "dataclasses.dataclass" if is_synthetic(callee) else names.meaning(callee)
            if found := DECORATORS.get(meaning):
                kind = kind or found
            elif meaning not in HARMLESS_DECORATORS and not meaning.startswith("pytest.mark."):
                odd = ast.unparse(callee)
        return kind, odd

    def _decorator_keywords(self, written: Written, names: Names) -> dict[str, ast.expr]:
        for node in written.decorators:
            if isinstance(node, ast.Call) and names.meaning(node.func) in DECORATORS:
                return {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        return {}

    def _auto_attribs(self, written: Written, names: Names) -> bool | None:
        """Whether annotations make fields of an attrs class; None where its body decides."""
        given = self._decorator_keywords(written, names).get("auto_attribs")
        if isinstance(given, ast.Constant) and given.value is not None:
            return is_true(given)
        meanings = {names.meaning(node.func if isinstance(node, ast.Call) else node) for node in written.decorators}
        if "attrs.dataclass" in meanings:
            return True
        return False if meanings & {"attrs.s", "attrs.attrs", "attrs.attributes"} else None

    def _is_table(self, mro: Iterable[Symbol]) -> bool:
        for symbol in mro:
            place = self.definitions.place(symbol)
            for keyword in place[0].keywords if place else ():
                if keyword.arg == "table":
                    return isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        return False

    # Configuration

    def _config(self, symbol: Symbol, version: int, seen: frozenset[Symbol] = frozenset()) -> Config:
        options: dict[str, str] = {}
        certain = True
        bases = [base for base in self.definitions.bases(symbol) if base.path is not None and base not in seen]
        # The last base wins in v2, the first in v1.
        for base in bases if version == 2 else reversed(bases):
            config = self._config(base, version, seen | {symbol})
            options.update(config.options)
            certain = certain and config.certain
        if place := self.definitions.place(symbol):
            own, is_certain = own_config(*place)
            options.update({NEW_NAMES.get(name, name): value for name, value in own.items()})
            certain = certain and is_certain
        return Config(options, certain)

    def _decorated_config(self, symbol: Symbol) -> Config:
        """Of a dataclass: the keywords of its decorator."""
        place = self.definitions.place(symbol)
        if place is None:
            return Config({}, True)
        options = self._decorator_keywords(*place)
        config = options.pop("config", None)
        certain = True
        written = {name: ast.unparse(value) for name, value in options.items()}
        if config is not None:
            inner, certain = options_of(config, place[1])
            written.update(inner)
        return Config(written, certain)

    # Fields

    def _fields(self, mro: Sequence[Symbol], kind: Kind, version: int, config: Config) -> tuple[tuple[Field, ...], str]:
        fields: dict[str, Field] = {}
        attributes: set[str] = set()
        for symbol in reversed(mro):
            own = self._own(symbol, kind, version, fields)
            for name, field in own:
                if field is None or kind == "attrs":
                    fields.pop(name, None)  # attrs puts what is defined again behind the rest
                if field is None:
                    continue
                if field.default == "none" and name in attributes:
                    # What is found under that name in the class above is the default.
                    fields[name] = field._replace(default="unknown", required=None)
                else:
                    fields[name] = field
            is_dataclass = kind in ("dataclass", "pydantic-dataclass")
            if (is_dataclass or (kind in PYDANTIC and version == 2)) and (place := self.definitions.place(symbol)):
                attributes |= {item.name for item in place[0].items if item.value is not None}
                attributes |= {method.name for method in place[0].methods}
                # A field's default stays with the model; that of a dataclass is an attribute of the class.
                attributes -= {
                    name for name, field in own if field is not None and not (is_dataclass and field.default == "value")
                }
        doubtful = next((field.name for field in fields.values() if field.default == "unknown"), "")
        if config.alias_generator or "fields" in config.options or not config.certain:
            fields = {
                name: field if field.alias is not None else field._replace(computed_alias=True)
                for name, field in fields.items()
            }
        doubt = f"what {doubtful} is assigned is not known here" if doubtful else ""
        return tuple(fields.values()), doubt

    def _own(self, symbol: Symbol, kind: Kind, version: int, inherited: Mapping[str, Field]) -> OwnFields:
        if kind in PYDANTIC and version == 1:
            if not any(
                base.path is None and kind_of_base(base.name) in PYDANTIC for base in self.definitions.mro(symbol)
            ):
                return []  # v1 takes nothing from a mixin that is no model
        elif kind in ("dataclass", "pydantic-dataclass", "attrs") and self._decorated(symbol)[0] is None:
            return []
        key = (symbol, kind, version)
        if key not in self._own_fields:
            place = self.definitions.place(symbol)
            self._own_fields[key] = list(self._read_own(symbol, kind, version, *place)) if place else []
        own = self._own_fields[key]
        if kind in PYDANTIC and version == 2:
            # The default of a mixin that is no model is an attribute of the class, so that of the model's field too.
            return [(name, self._with_default_of_mixin(field, inherited.get(name))) for name, field in own]
        if kind in PYDANTIC:
            # `x = 1` below a base that annotates `x` gives it a default.
            return [(name, with_inherited_annotation(field, inherited.get(name))) for name, field in own]
        return own

    def _with_default_of_mixin(self, field: Field | None, base: Field | None) -> Field | None:
        if field is None or base is None or (field.default, base.default) != ("none", "value"):
            return field
        if any(
            above.path is None and kind_of_base(above.name) in PYDANTIC for above in self.definitions.mro(base.owner)
        ):
            return field
        return field._replace(default="value", required=False)

    def _is_pydantic(self, symbol: Symbol) -> bool:
        mro = self.definitions.mro(symbol)
        return any(base.path is None and kind_of_base(base.name) in PYDANTIC for base in mro)

    def _read_own(
        self, symbol: Symbol, kind: Kind, version: int, written: Written, names: Names
    ) -> Iterator[tuple[str, Field | None]]:
        body = Body(symbol, written, names)
        if kind in PYDANTIC:
            yield from body.pydantic(version)
        elif kind in ("dataclass", "pydantic-dataclass"):
            yield from body.dataclass(is_true(self._decorator_keywords(written, names).get("kw_only")))
        elif kind == "attrs":
            keywords = self._decorator_keywords(written, names)
            yield from body.attrs(is_true(keywords.get("kw_only")), self._auto_attribs(written, names))
        elif kind == "typed-dict":
            yield from body.typed_dict()
        elif kind == "named-tuple" and (calls := [base for base in written.bases if isinstance(base, ast.Call)]):
            # `class P(namedtuple("P", "x y"))` adds nothing.
            yield from Body(symbol, written._replace(items=called_items(calls[0]) or ()), names).named_tuple()
        elif kind == "named-tuple":
            if any(
                kind_of_base(base.name) == "named-tuple" for base in self.definitions.bases(symbol) if base.path is None
            ):
                yield from body.named_tuple()
        elif kind == "enum":
            yield from body.enum()
        elif kind == "orm":
            yield from body.orm()

    def _computed(self, mro: Sequence[Symbol]) -> Iterator[Field]:
        found: dict[str, Field] = {}
        for symbol in reversed(mro):
            if place := self.definitions.place(symbol):
                written, names = place
                for method in written.methods:
                    # Without the decorator a method takes the place of the one above in what is computed.
                    for decorator in method.decorators:
                        call = decorator if isinstance(decorator, ast.Call) else None
                        if names.meaning(call.func if call else decorator) == "pydantic.computed_field":
                            options = FieldOptions()
                            if call:
                                options.add(call, version=2)
                            found[method.name] = options.field(
                                blank(method.name, "computed", symbol, method.line)._replace(
                                    annotation=method.returns, annotation_text=method.returns_text, init=False
                                )
                            )
        yield from found.values()

    def _hooks(self, mro: Sequence[Symbol]) -> Iterator[Hook]:
        found: dict[str, list[Hook]] = {}
        for symbol in reversed(mro):
            if place := self.definitions.place(symbol):
                written, names = place
                for method in written.methods:
                    made = (
                        hook_of(method.name, decorator, names, symbol, method.line) for decorator in method.decorators
                    )
                    # Without the decorator a method takes the place of the one above, which stays a hook.
                    if hooks := [hook for hook in made if hook is not None]:
                        found[method.name] = hooks
                for item in written.items:
                    if isinstance(item.value, ast.Call) and isinstance(item.value.func, ast.Call):
                        # `_strip = validator("name", allow_reuse=True)(strip)`
                        hook = hook_of(item.name, item.value.func, names, symbol, item.line)
                        found[item.name] = [hook] if hook else []
                    if item.annotation is not None:
                        found[item.name] = list(hooks_of_annotation(item, names, symbol))
        for hooks in found.values():
            yield from hooks
