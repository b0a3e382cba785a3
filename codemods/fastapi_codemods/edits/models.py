"""New Pydantic models: what they are called, where they stand, and how the project would write them.

A codemod says what fields a model has (`NewModel`, types as `Annotation`), asks `home_of` for the module that models of
a handler's module belong to, and `Writer` for the class as text with the imports that it needs. Nothing is decided in
`rewrite`: `Writer.place` and `Writer.text` can be asked in `find`, and give a reason where there is no way.
"""

from __future__ import annotations

import keyword
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..findings import Finding
from ..project import Module, Project, Symbol
from ..project.annotation import ELLIPSIS, NONE, UNION, Annotation
from ..project.models import Field, Model, model, pydantic_major
from ..project.operations import operations_of
from ..source.discovery import is_test
from .collect import Edits, ImportRequest
from .imports import reachable_as
from .lines import indent_of, start_with_comments


class NewField(NamedTuple):
    name: str
    annotation: Annotation
    default: str = ""
    """Source of the default, empty for a required field."""
    alias: str = ""
    """The key where it is another than the name: `class`, `_id`, `content-type`."""

    @property
    def key(self) -> str:
        return self.alias or self.name


class NewModel(NamedTuple):
    name: str
    fields: tuple[NewField, ...]

    @property
    def symbols(self) -> Iterator[Symbol]:
        """What the types of its fields are made of."""
        waiting = [field.annotation for field in self.fields]
        while waiting:
            annotation = waiting.pop()
            yield annotation.symbol
            waiting.extend(annotation.arguments)


# Names

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_SUFFIXES = ("Response", "Out", "Read", "Schema", "Result", "Resp", "Output", "DTO", "Model")
_REQUEST_SUFFIXES = ("Request", "In", "Create", "Schema", "Payload", "Input", "Body", "DTO", "Model")
ENOUGH = 3
MAJORITY = 0.7


def pascal(name: str) -> str:
    """`ReadItem` for `read_item` and `readItem`."""
    return "".join(word[:1].upper() + word[1:] for word in _WORD.findall(name))


def singular(word: str) -> str:
    """`item` for `items`, as far as English is regular."""
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + instead
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 2:
        return word[:-1]
    return word


def feature_of(path: str) -> str:
    """`Item` for handlers in `routers/items.py` and `items/router.py`, empty where the path says nothing."""
    parts = [part for part in path.removesuffix(".py").split("/") if part not in SAYS_NOTHING]
    return pascal(singular(parts[-1])) if parts else ""


SAYS_NOTHING = frozenset(
    {
        "__init__", "api", "app", "endpoints", "handlers", "main", "router", "routers", "routes", "src", "v1", "v2",
        "views",
    }
)  # fmt: skip


def response_suffix(project: Project) -> str:
    """What the names of the project's response models end in: `Response` where it has no habit."""
    return project.remembered("suffix of response models", lambda: _usual_suffix(_response_names(project), _SUFFIXES))


def request_suffix(project: Project) -> str:
    """What the names of the models in the project's request bodies end in: `Request` where it has no habit."""
    return project.remembered(
        "suffix of request models", lambda: _usual_suffix(_request_names(project), _REQUEST_SUFFIXES)
    )


def _usual_suffix(names: Iterable[str], suffixes: Sequence[str]) -> str:
    found = list(dict.fromkeys(names))
    for suffix in suffixes:
        number = sum(name.endswith(suffix) and name != suffix for name in found)
        if number >= ENOUGH and number >= MAJORITY * len(found):
            return suffix
    return suffixes[0]


def _response_names(project: Project) -> Iterator[str]:
    for operation in operations_of(project):
        given = operation.call.argument("response_model")
        span = given.span if given is not None else operation.function.returns
        if span is not None:
            yield from _model_names(project, operation.module, operation.module.code(span))


def _request_names(project: Project) -> Iterator[str]:
    for operation in operations_of(project):
        for parameter in operation.function.parameters:
            if parameter.annotation is not None:
                yield from _model_names(project, operation.module, operation.module.code(parameter.annotation))


_NAME = re.compile(r"[A-Za-z_][\w.]*")


def _model_names(project: Project, module: Module, code: str) -> Iterator[str]:
    for name in _NAME.findall(code):
        symbol = project.resolve(module, name)
        if symbol is not None and symbol.path is not None and symbol.name:
            found = model(project, symbol)
            if found is not None and found.is_pydantic:
                yield found.name


def is_field_name(name: str) -> bool:
    """Whether a key can be the name of a field, in Pydantic v1 and v2 alike."""
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_") and name not in _TAKEN


def name_for(key: str, others: Iterable[str]) -> str:
    """A name for a field with an alias, its key being none: `class_` for `class`, `id` for `_id`."""
    name = re.sub(r"\W+", "_", key).strip("_") or "field"
    if not key.isidentifier():
        name = name.lower()
    if name[0].isdigit():
        name = f"field_{name}"
    taken = set(others)
    while not is_field_name(name) or name in taken:
        name += "_"
    return name


_TAKEN = frozenset(
    {
        "Config", "construct", "copy", "dict", "fields", "from_orm", "json", "model_computed_fields", "model_config",
        "model_construct", "model_copy", "model_dump", "model_dump_json", "model_extra", "model_fields",
        "model_fields_set", "model_json_schema", "model_parametrized_name", "model_post_init", "model_rebuild",
        "model_validate", "model_validate_json", "model_validate_strings", "parse_file", "parse_obj", "parse_raw",
        "schema", "schema_json", "update_forward_refs", "validate",
    }
)  # fmt: skip
"""Attributes of `BaseModel`: a field of that name hides them, with a warning or an error."""


# Where models stand

SCHEMA_STEMS = ("schemas", "schema", "models", "model", "dto", "dtos", "serializers", "responses", "types")


def home_of(project: Project, module: Module) -> Module:
    """The module in which models for the handlers of `module` belong.

    That from which it imports its models, where it defines fewer itself; a `schemas.py` (or what the project calls it)
    beside it; the one in which the project keeps all its models; else `module` itself.
    """
    return project.remembered(("home of models", module.path), lambda: _home_of(project, module))


def _home_of(project: Project, module: Module) -> Module:
    own = sum(1 for symbol in models_in(project, module) if "." not in symbol.name)
    imported: dict[str, int] = {}
    for item in module.facts.imports:
        if item.scopes or item.type_checking:
            continue
        symbol = project.follow_import(module.path, item.target)
        if symbol is None or symbol.path is None or symbol.path == module.path:
            continue
        if symbol.name:
            found = model(project, symbol) if "." not in symbol.name and symbol.name[:1].isupper() else None
            if found is not None and found.kind in ("pydantic", "sqlmodel") and not found.table:
                imported[symbol.path] = imported.get(symbol.path, 0) + 1
        elif _stem(symbol.path) in SCHEMA_STEMS and _holds_models(project, symbol.path):
            imported[symbol.path] = imported.get(symbol.path, 0) + ENOUGH
    usual = sorted(imported, key=lambda path: (-imported[path], _stem(path) not in SCHEMA_STEMS, path))
    candidates = [path for path in usual if is_for_models(project, path) and imported[path] >= own]
    if not candidates and not own:
        candidates = list(_beside(project, module))
    for path in candidates:
        home = project.module(path)
        if home is not None and _can_be_written(home) and import_of(project, module, home) is not None:
            return home
    return module


def is_for_models(project: Project, path: str) -> bool:
    """Not a module of handlers, of tests or of database tables, from which a model is borrowed."""
    if is_test(path) or any(operation.module.path == path for operation in operations_of(project)):
        return False
    home = project.module(path)
    if home is None:
        return False
    return not any(found.kind == "orm" or found.table for found in _all_in(project, home).values())


def _beside(project: Project, module: Module) -> Iterator[str]:
    folder = posixpath.dirname(module.path)
    stem = _stem(module.path)
    for name in SCHEMA_STEMS:
        for path in (
            posixpath.join(folder, f"{name}.py"),
            posixpath.join(folder, name, f"{stem}.py"),
            posixpath.join(posixpath.dirname(folder), name, f"{stem}.py"),
            posixpath.join(posixpath.dirname(folder), f"{name}.py"),
        ):
            is_other = path in project.known_paths and path != module.path
            if is_other and _holds_models(project, path) and is_for_models(project, path):
                yield path


def _holds_models(project: Project, path: str) -> bool:
    home = project.module(path)
    return home is not None and bool(models_in(project, home))


def _stem(path: str) -> str:
    return posixpath.basename(path).removesuffix(".py")


def models_in(project: Project, module: Module) -> dict[Symbol, Model]:
    """The Pydantic models that a module defines."""
    return {symbol: found for symbol, found in _all_in(project, module).items() if found.is_pydantic}


def _all_in(project: Project, module: Module) -> dict[Symbol, Model]:
    """The classes that stand at the top level of a module, by what they are."""

    def read() -> dict[Symbol, Model]:
        bindings = module.facts.bindings.items()
        names = [name for name, found in bindings if any(one.kind == "class" for one in found)]
        found = {Symbol(module.path, name): model(project, Symbol(module.path, name)) for name in names}
        return {symbol: one for symbol, one in found.items() if one is not None}

    return project.remembered(("models of a module", module.path), read)


_CLASS = re.compile(rb"^[ \t]*class[ \t]+(\w+)", re.MULTILINE)


def class_names(project: Project) -> frozenset[str]:
    """Names of the project's classes, wherever they stand: two models of one name get other names in OpenAPI."""

    def read() -> frozenset[str]:
        found: set[bytes] = set()
        for path in project.paths:
            try:
                found.update(_CLASS.findall(project.data(path)))
            except OSError:
                continue
        return frozenset(name.decode("ascii", "replace") for name in found)

    return project.remembered("names of classes", read)


def _can_be_written(module: Module) -> bool:
    return module.facts.statements != () and not any(s.word == "" and s.start == s.end for s in module.facts.statements)


# Imports between modules of the project


def import_of(project: Project, module: Module, home: Module) -> str | None:
    """What stands behind `from` where `module` imports from `home`; None where nothing shows how, or where `home` in
    turn imports `module`."""
    if module.path == home.path:
        return None
    for item in module.facts.imports:
        if item.scopes or item.type_checking:
            continue
        source, _, name = item.target.rpartition(".")
        if name and source.strip(".") and project.module_path(module.path, source) == home.path:
            return source
    if is_new(project, home):
        return _written_source(project, module, home.path)
    if project.imports_lead(home.path, module.path):
        return None
    return new_source(project, module, home.path)


def is_new(project: Project, home: Module) -> bool:
    """Whether a module is one that has to be made first."""
    return home.path not in project.known_paths


def new_source(project: Project, module: Module, path: str) -> str | None:
    """What stands behind `from` in a new import of another module."""
    source = _written_source(project, module, path)
    # Only what the index, too, takes for that module.
    return source if source and project.module_path(module.path, source) == path else None


def _written_source(project: Project, module: Module, path: str) -> str:
    is_relative = any(item.target.startswith(".") for item in module.facts.imports if not item.scopes)
    stem = path.removesuffix(".py").removesuffix("/__init__")
    if is_relative:
        here = posixpath.dirname(module.path)
        parts = posixpath.relpath(stem, here or ".").split("/")
        up = sum(part == ".." for part in parts)
        return "." * (up + 1) + ".".join(part for part in parts if part not in ("..", "."))
    return project.dotted_name(path)


class Reference(NamedTuple):
    expression: str
    request: tuple[str, str] | None
    """`from <module> import <name>` that has to be added first."""


def reference(project: Project, module: Module, symbol: Symbol) -> Reference | None:
    """How a module names a class at module level; None where it cannot."""
    if symbol.path is None:
        if symbol == ELLIPSIS.symbol:
            return Reference("...", None)
        home, _, name = symbol.name.rpartition(".")
        if home == "builtins":
            is_free = name == "None" or not (module.bindings(name) or project.resolve(module, name))
            return Reference(name, None) if is_free else None
        found = reachable_as(module, symbol.name)
        return Reference(*found) if found is not None else None
    if "." in symbol.name:
        return None
    if symbol.path == module.path:
        kinds = [binding.kind for binding in module.bindings(symbol.name)]
        return Reference(symbol.name, None) if len(kinds) == 1 else None
    home_module = project.module(symbol.path)
    if home_module is None:
        return None
    for item in module.facts.imports:
        if item.scopes or item.type_checking or module.facts.statements[item.statement].word not in ("import", "from"):
            continue
        if any(binding.kind != "import" for binding in module.bindings(item.local)):
            continue
        target = project.follow_import(module.path, item.target)
        if target == symbol and len(module.bindings(item.local)) == 1:
            return Reference(item.local, None)
        if target == Symbol(symbol.path, "") and item.local == item.target.rpartition(".")[2]:
            return Reference(f"{item.local}.{symbol.name}", None)
    if module.bindings(symbol.name):
        return None
    source = import_of(project, module, home_module)
    return Reference(symbol.name, (source, symbol.name)) if source is not None else None


# The class as text


class Writer:
    """Writes models into one module, in its style."""

    def __init__(self, project: Project, module: Module) -> None:
        self.project = project
        self.module = module
        text = module.text
        self._optional = _prefers(text, "Optional[", "| None") or not project.versions.supports_python((3, 10))
        collections = (
            sum(text.count(f"{name}[") for name in ("List", "Dict")),
            sum(len(re.findall(rf"\b{name}\[", text)) for name in ("list", "dict")),
        )
        is_old = collections[0] > collections[1]
        self._typing = is_old or not project.versions.supports_python((3, 9))

    def reason(self, models: Sequence[NewModel]) -> str | None:
        """Why these models, which may refer to each other, cannot be written here; None if they can."""
        own = {one.name for one in models}
        for one in models:
            if self.module.bindings(one.name):
                return f"`{self.module.path}` has a `{one.name}` already"
            for symbol in one.symbols:
                if not (symbol.path == self.module.path and symbol.name in own) and self.named(symbol) is None:
                    return f"`{symbol.name.rpartition('.')[2]}` cannot be imported in `{self.module.path}`"
            if reason := _hidden(one, self.annotation):
                return reason
            if any(field.alias for field in one.fields) and self._field() is None:
                return f"`Field` means something else in `{self.module.path}`"
        return None if self._base() is not None else f"`BaseModel` means something else in `{self.module.path}`"

    def _base(self) -> Reference | None:
        return reference(self.project, self.module, Symbol(None, "pydantic.BaseModel"))

    def _field(self) -> Reference | None:
        return reference(self.project, self.module, Symbol(None, "pydantic.Field"))

    def named(self, symbol: Symbol) -> Reference | None:
        """How the module names what a type is made of; None where it cannot."""
        if symbol == UNION:
            return (
                reference(self.project, self.module, Symbol(None, "typing.Union"))
                if self._optional
                else Reference("", None)
            )
        if self._typing and symbol.name in _OF_TYPING:
            return reference(self.project, self.module, Symbol(None, _OF_TYPING[symbol.name]))
        return reference(self.project, self.module, symbol)

    def reference_to(self, symbol: Symbol, home: Module) -> Reference:
        """How the module names a model that stands, or will stand, in `home`."""
        found = reference(self.project, self.module, symbol)
        if found is not None:
            return found
        if self.module.path == home.path:
            return Reference(symbol.name, None)
        for item in self.module.facts.imports:
            is_plain = not item.scopes and not item.type_checking and item.local == item.target.rpartition(".")[2]
            if is_plain and self.project.follow_import(self.module.path, item.target) == Symbol(home.path, ""):
                return Reference(f"{item.local}.{symbol.name}", None)
        source = import_of(self.project, self.module, home)
        return Reference(symbol.name, (source, symbol.name) if source is not None else None)

    def annotation(
        self,
        annotation: Annotation,
        asked: Callable[[Reference], None] | None = None,
        home: Module | None = None,
    ) -> str:
        """The type as it is written; `asked` gets every name that it uses. `home` holds those that are new."""
        symbol, arguments = annotation
        if symbol == UNION:
            inner = [self.annotation(one, asked, home) for one in arguments if one != NONE]
            if not self._optional:
                return " | ".join([*inner, "None"] if NONE in arguments else inner)
            text = inner[0]
            if len(inner) > 1:
                text = f"{self._say(Symbol(None, 'typing.Union'), asked, home)}[{', '.join(inner)}]"
            return f"{self._say(Symbol(None, 'typing.Optional'), asked, home)}[{text}]" if NONE in arguments else text
        if self._typing and arguments and symbol.name in _OF_TYPING:
            symbol = Symbol(None, _OF_TYPING[symbol.name])
        head = self._say(symbol, asked, home)
        return f"{head}[{', '.join(self.annotation(one, asked, home) for one in arguments)}]" if arguments else head

    def _say(self, symbol: Symbol, asked: Callable[[Reference], None] | None, home: Module | None) -> str:
        found = reference(self.project, self.module, symbol)
        if found is None and symbol.path is not None and home is not None and home.path == symbol.path:
            found = self.reference_to(symbol, home)
        if found is None:  # a new model of this module, or `reason` was not asked
            return symbol.name.rpartition(".")[2]
        if asked is not None:
            asked(found)
        return found.expression

    def text(self, new: NewModel, asked: Callable[[Reference], None] | None = None) -> str:
        """The class, without a line end behind it."""
        base = self._base()
        assert base is not None
        if asked is not None:
            asked(base)
        unit = indent_of(self.project, self.module)
        lines = [f"class {new.name}({base.expression}):"]
        if any(f.name.startswith("model_") for f in new.fields) and pydantic_major(self.project) == 2:
            # Names that begin so are Pydantic's own unless one says otherwise.
            config = reference(self.project, self.module, Symbol(None, "pydantic.ConfigDict"))
            if config is not None:
                if asked is not None:
                    asked(config)
                lines += [f"{unit}model_config = {config.expression}(protected_namespaces=())", ""]
        for field in new.fields:
            default = f" = {field.default}" if field.default else ""
            call = self._field() if field.alias else None
            if call is not None:
                if asked is not None:
                    asked(call)
                given = [f"default={field.default}"] if field.default else []
                given.append(f"alias={_quoted(field.alias)}")
                default = f" = {call.expression}({', '.join(given)})"
            lines.append(f"{unit}{field.name}: {self.annotation(field.annotation, asked)}{default}")
        return self.module.source.newline.join(lines)

    def place(self, models: Sequence[NewModel], first_use: int | None) -> int | None:
        """The offset at which models go that the statement number `first_use` of this module is the first to use;
        `first_use` is None where they are used in other modules. None where what they are made of comes too late.
        """
        statements = self.module.facts.statements
        if not statements and first_use is None:
            return 0
        needed = max((self._defined(symbol) for one in models for symbol in one.symbols), default=-1)
        classes = [
            index
            for symbol in models_in(self.project, self.module)
            for index in [self._defined(symbol)]
            if first_use is None or index < first_use
        ]
        if first_use is not None and needed >= first_use:
            return None
        last = max([needed, *classes])
        if classes and (first_use is None or last < first_use):
            return statement_end(self.module, last)
        if first_use is None:
            return statement_end(self.module, max([last, len(statements) - 1]))
        return start_with_comments(self.module, statements[first_use].start)

    def _defined(self, symbol: Symbol) -> int:
        """The number of the statement that defines a name of this module, -1 for what comes from elsewhere."""
        if symbol.path != self.module.path:
            return -1
        return max((binding.statement for binding in self.module.bindings(symbol.name.partition(".")[0])), default=-1)

    def insert(self, edits: Edits, models: Sequence[NewModel], offset: int, finding: Finding) -> None:
        """Put the classes at `offset` (see `place`), with what they import. Several findings may ask for one model."""
        newline = self.module.source.newline
        is_above = self.module.text[offset : offset + 1].strip() != "" and (
            offset == 0 or self.module.text[offset - 1] in "\r\n"
        )

        def ask(found: Reference) -> None:
            if found.request is not None:
                edits.requests.append(ImportRequest(self.module.path, *found.request, finding))

        for one in models:
            text = self.text(one, ask)
            edits.insert(self.module, offset, f"{text}{newline * 3}" if is_above else f"{newline * 3}{text}", finding)


_OF_TYPING = {f"builtins.{name.lower()}": f"typing.{name}" for name in ("Dict", "FrozenSet", "List", "Set", "Tuple")}


def _quoted(text: str) -> str:
    """As a literal with double quotes, where that needs no escapes."""
    return f'"{text}"' if text.isprintable() and not set(text) & set('"\\') else repr(text)


def _prefers(text: str, one: str, other: str) -> bool:
    return one in text and text.count(one) >= text.count(other)


def statement_end(module: Module, index: int) -> int:
    """The end of the last line of a top-level statement, in front of its line end."""
    statement = module.facts.statements[index]
    code = module.text[statement.start : statement.end]
    tree = module.parsed(index)
    last = tree.body[-1].end_lineno or 1
    lines = code.splitlines(keepends=True)
    end = sum(len(line) for line in lines[:last])
    return statement.start + len(code[:end].rstrip("\r\n"))


def _hidden(new: NewModel, written: Callable[[Annotation], str]) -> str | None:
    """Why a field with a default would hide the type of a field: `date: date | None = None`."""
    with_default = {field.name for field in new.fields if field.default}
    for field in new.fields:
        for name in _NAME.findall(written(field.annotation)):
            if name.partition(".")[0] in with_default:
                return f"the field `{name}` would hide the type of that name"
    return None


# Models that are there already


def same_model(project: Project, new: NewModel, known: Mapping[Symbol, Model]) -> Symbol | None:
    """One of the models `known` that has the same fields of the same types in the same order, and nothing else."""
    for symbol, found in known.items():
        if "." in symbol.name or found.kind != "pydantic" or not found.complete or found.hooks or found.computed:
            continue
        if found.config.options or not found.config.certain or len(found.fields) != len(new.fields):
            continue
        where = project.module(symbol.path or "")
        if where is None or len(found.mro) != 1:
            continue
        pairs = zip(found.fields, new.fields, strict=True)
        writer = Writer(project, where)
        if all(_is_same(writer, field, other) for field, other in pairs):
            return symbol
    return None


def _is_same(writer: Writer, field: Field, new: NewField) -> bool:
    if field.name != new.name or new.alias or field.is_aliased or field.exclude or field.role != "field":
        return False
    if bool(field.required) == bool(new.default) or (new.default and field.default not in ("none", "value")):
        return False
    written = writer.annotation(new.annotation)
    return re.sub(r"\s|['\"]", "", field.annotation_text) in (
        written.replace(" ", ""),
        written.replace(" ", "").replace("List[", "list[").replace("Dict[", "dict["),
    )
