"""Which models all the handlers of a project get: equal ones are shared, and each has a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ....edits.models import (
    NewField,
    NewModel,
    Writer,
    class_names,
    home_of,
    is_field_name,
    models_in,
    name_for,
    pascal,
    reference,
    response_suffix,
    same_model,
    singular,
)
from ....edits.schema_modules import new_home_of
from ....project import Module, Project, Symbol
from ....project.annotation import ANY, NONE, Annotation, builtin, union
from ....project.models import Model
from ....project.operations import operations_of
from ....project.shapes import Object, Shapes
from ....project.shapes.wire import Doubt, Typed, Wire, objects_in
from .handlers import Handler, Wrapped, json_class_of

_NEW = "<new>"
_READING = re.compile(r"(?:get|read|fetch|retrieve|show)_(?=[a-z])")
_LISTING = re.compile(r"^(?:list|all)_(?:all_)?(?=[a-z])")
_FILLERS = re.compile(r"_(?:api|endpoint|handler|route|view)$")


class Structure(NamedTuple):
    """A model before it has a name: its nested ones are numbers in `Annotation(Symbol("<new>", "3"))`."""

    fields: tuple[NewField, ...]


class Planned(NamedTuple):
    """What one handler gets."""

    wrapped: Wrapped
    returns: Annotation
    """Of the response."""
    models: tuple[NewModel, ...]
    """Those that have to be written, what they refer to first."""
    offset: int
    """Where in their module."""
    home: Module
    names: Mapping[int, Annotation]
    """The models of the dicts it returns, by their place in `wrapped.objects`."""
    by_symbol: Mapping[Symbol, NewModel]
    """All models of the response, those included that are there already."""
    unset: bool
    """Keys that are not set must stay away: `response_model_exclude_unset`."""
    doubts: tuple[Doubt, ...]
    json_class: str
    """The response class by dotted name that must be given so that floats are written as they are; else empty."""
    in_signature: bool
    """Declared as return annotation, else as `response_model`."""
    used_at: str
    """Who else calls the handler and goes on getting a dict; empty for nobody."""


class _Draft(NamedTuple):
    wrapped: Wrapped
    roots: tuple[int, ...]
    others: tuple[Annotation, ...]
    unset: bool
    doubts: tuple[Doubt, ...]
    json_class: str


class _Home:
    """The structures of one module."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.numbers: dict[Structure, int] = {}
        self.uses: dict[int, list[_Use]] = {}

    def number(self, structure: Structure, use: _Use) -> int:
        number = self.numbers.setdefault(structure, len(self.numbers))
        self.uses.setdefault(number, []).append(use)
        return number


class _Use(NamedTuple):
    handler: Handler
    path: str
    """Empty for what a handler returns, else the keys that lead there: `user.roles[]`."""
    is_one_of_several: bool
    """The handler returns dicts of several kinds."""
    is_element: bool
    """The handler returns a list of it."""


class Planner:
    """Plans all handlers of a project at once, so that those that are accepted one by one get the same."""

    def __init__(
        self, project: Project, shapes: Shapes, *, any_for_unproven: bool, used: Mapping[tuple[str, int], str]
    ) -> None:
        self.project = project
        self.shapes = shapes
        self.any_for_unproven = any_for_unproven
        self.used = used
        """Of handlers that other code uses, where."""
        self._homes: dict[str, _Home] = {}
        self._taken = set(class_names(project))

    def plan(self, handlers: Sequence[Wrapped]) -> Iterator[Planned | tuple[Wrapped, str]]:
        """What each handler gets, or why it gets nothing; by and by all of them."""
        drafts: list[_Draft] = []
        for wrapped in handlers:
            drafted = self._draft(wrapped)
            if isinstance(drafted, str):
                yield wrapped, drafted
            else:
                drafts.append(drafted)
        named: dict[str, dict[int, tuple[Symbol, NewModel]]] = {}
        for home in self._homes.values():
            used = {root for draft in drafts if self._home(draft.wrapped.handler) is home for root in draft.roots}
            named[home.module.path] = self._named(home, _reachable(home, used))
        for draft in drafts:
            home = self._home(draft.wrapped.handler)
            result = self._planned(draft, home, named[home.module.path], drafts)
            yield (draft.wrapped, result) if isinstance(result, str) else result

    # Structures

    def _home(self, handler: Handler) -> _Home:
        module = home_of(self.project, handler.module)
        if module.path == handler.module.path and not models_in(self.project, module):
            module = new_home_of(self.project, module) or module
        return self._homes.setdefault(module.path, _Home(module))

    def _draft(self, wrapped: Wrapped) -> _Draft | str:
        handler = wrapped.handler
        home = self._home(handler)
        unset = any(_has_optional(one) for one in wrapped.objects)

        def structure(shape: Object, path: str) -> Typed:
            fields: list[NewField] = []
            doubts: list[Doubt] = []
            keys = [key for key, _ in shape.entries]
            for key, entry in shape.entries:
                inner = f"{path}.{key}" if path else key
                typed = wire.type(entry.shape, inner)
                doubts.extend(typed.doubts)
                annotation = typed.annotation
                if not entry.required:
                    annotation = union((annotation, NONE))
                default = "" if entry.required else "None"
                if is_field_name(key):
                    fields.append(NewField(key, annotation, default))
                else:
                    names = [*keys, *(field.name for field in fields)]
                    fields.append(NewField(name_for(key, names), annotation, default, key))
            use = _Use(handler, path, len(wrapped.objects) > 1, wrapped.is_list)
            number = home.number(Structure(tuple(fields)), use)
            return Typed(Annotation(Symbol(_NEW, str(number))), tuple(doubts))

        wire = Wire(self.shapes, handler.today, structure)
        typed = [structure(one, "") for one in wrapped.objects]
        others = [wire.type(one, "") for one in wrapped.others]
        doubts = tuple(doubt for one in (*typed, *others) for doubt in one.doubts)
        json_class = json_class_of(self.project, handler) if doubts else ""
        if json_class:
            # With it floats are written as they are without a model.
            doubts = tuple(doubt for doubt in doubts if not doubt.is_float)
        if doubts and not self.any_for_unproven:
            return unproven(doubts)
        is_raw = handler.today.by_pydantic or handler.today.version == 1
        roots = [int(one.annotation.symbol.name) for one in typed]
        if unset and any(_holds_model(self, home, root, is_raw=is_raw) for root in roots):
            return "some keys are missing at times, and leaving them out would leave out defaults of a model in it"
        return _Draft(wrapped, tuple(roots), tuple(one.annotation for one in others), unset, doubts, json_class)

    # Names

    def _named(self, home: _Home, used: Sequence[int]) -> dict[int, tuple[Symbol, NewModel]]:
        """Symbol and class of each structure, those that exist already under their name."""
        structures = {number: structure for structure, number in home.numbers.items()}
        result: dict[int, tuple[Symbol, NewModel]] = {}
        known = self._known(home)
        for number in used:
            fields = tuple(
                field._replace(annotation=_resolved(field.annotation, result)) for field in structures[number].fields
            )
            draft = NewModel("", fields)
            existing = same_model(self.project, draft, known)
            if existing is not None:
                result[number] = existing, draft._replace(name=existing.name)
                continue
            name = self._name(home, structures[number], home.uses[number])
            self._taken.add(name)
            result[number] = Symbol(home.module.path, name), draft._replace(name=name)
        return result

    def _known(self, home: _Home) -> Mapping[Symbol, Model]:
        return models_in(self.project, home.module)

    def _name(self, home: _Home, structure: Structure, uses: Sequence[_Use]) -> str:
        for name in self._wishes(structure, uses):
            if name not in self._taken and self._is_free(name, home, uses):
                return name
        raise AssertionError("there is always another number")

    def _wishes(self, structure: Structure, uses: Sequence[_Use]) -> Iterator[str]:
        suffix = response_suffix(self.project)
        roots = list(dict.fromkeys(use.handler.function.name for use in uses if not use.path))
        first = uses[0]
        keys = [field.name for field in structure.fields]
        if len(roots) > 1 and len(keys) <= 2:
            yield pascal("_".join(keys)) + suffix
        if first.path:
            yield from (name for name in _nested_names(first, suffix))
        else:
            base = _FILLERS.sub("", first.handler.function.name)
            short = _READING.sub("", base)
            if first.is_element:
                short = singular(_LISTING.sub("", short))
            if first.is_one_of_several:
                yield f"{pascal(short)}{pascal(keys[0])}{suffix}"
            elif pascal(short).endswith(suffix):
                yield pascal(short)
            yield pascal(short) + suffix
            yield pascal(base) + suffix
        for number in range(2, 1000):
            yield f"{pascal(first.handler.function.name)}{pascal(_last(first.path))}{suffix}{number}"

    def _is_free(self, name: str, home: _Home, uses: Sequence[_Use]) -> bool:
        modules = {home.module.path: home.module, **{u.handler.module.path: u.handler.module for u in uses}}
        return name.isidentifier() and not any(re.search(rf"\b{name}\b", m.text) for m in modules.values())

    # Plans

    def _planned(
        self, draft: _Draft, home: _Home, named: Mapping[int, tuple[Symbol, NewModel]], drafts: Sequence[_Draft]
    ) -> Planned | str:
        handler = draft.wrapped.handler
        numbers = _reachable(home, draft.roots)
        own = [number for number in numbers if not self._exists(named[number][0])]
        models = tuple(named[number][1] for number in own)
        writer = Writer(self.project, home.module)
        if reason := writer.reason(models) or self._reason_of_circle(home, models, drafts):
            return reason
        offset = 0
        if models:
            found = writer.place(models, self._first_use(home, drafts))
            if found is None:
                return f"its types are defined further down in `{home.module.path}`"
            offset = found
        names = {i: Annotation(named[root][0]) for i, root in enumerate(draft.roots)}
        returns = union(list(names.values()))
        if draft.wrapped.is_list:
            returns = builtin("list", returns)
        returns = union((returns, *draft.others)) if draft.others else returns
        if draft.wrapped.may_be_none:
            returns = union((returns, NONE))
        if reason := self._unreachable(handler, returns):
            return reason
        used_at = self.used.get(handler.key, "")
        if used_at and (len(draft.roots) > 1 or draft.doubts or handler.function.returns is not None):
            return used_at
        is_bare = len(handler.function.decorators) == len(handler.operations)
        is_free = is_bare and not draft.wrapped.has_responses and not used_at
        in_signature = is_free and _declares_in_signature(self.project)
        return Planned(
            draft.wrapped,
            returns,
            models,
            offset,
            home.module,
            names,
            {named[number][0]: named[number][1] for number in numbers},
            draft.unset,
            draft.doubts,
            draft.json_class,
            in_signature,
            used_at,
        )

    def _reason_of_circle(self, home: _Home, models: Sequence[NewModel], drafts: Sequence[_Draft]) -> str | None:
        """Whether the models need something of a module that in turn is to import them."""
        importers = {draft.wrapped.handler.module.path for draft in drafts if self._home(draft.wrapped.handler) is home}
        for symbol in (symbol for one in models for symbol in one.symbols):
            if symbol.path in importers - {home.module.path}:
                return (
                    f"`{symbol.name}` stands in `{symbol.path}`, which would import the model from `{home.module.path}`"
                )
        return None

    def _exists(self, symbol: Symbol) -> bool:
        module = self.project.module(symbol.path or "")
        return module is not None and bool(module.bindings(symbol.name))

    def _first_use(self, home: _Home, drafts: Sequence[_Draft]) -> int | None:
        """The first statement of the home that any of the planned handlers stands in."""
        own = [d.wrapped.handler for d in drafts if d.wrapped.handler.module.path == home.module.path]
        return min((handler.function.statement for handler in own), default=None)

    def _unreachable(self, handler: Handler, returns: Annotation) -> str | None:
        """Why the handler's module cannot name what it would return."""
        writer = Writer(self.project, handler.module)
        for symbol in NewModel("", (NewField("", returns),)).symbols:
            if symbol.path is None:
                if writer.named(symbol) is None:
                    return f"`{symbol.name.rpartition('.')[2]}` means something else in `{handler.module.path}`"
            elif not self._exists(symbol):
                continue  # its name is free everywhere
            elif reference(self.project, handler.module, symbol) is None:
                return f"`{symbol.name}` cannot be imported in `{handler.module.path}`"
        return None


def unproven(doubts: Sequence[Doubt]) -> str:
    """The reason of a handler with fields of which nothing shows that they stay what they are."""
    said = [f"`{doubt.path}` ({doubt.reason})" for doubt in doubts[:3]]
    more = f" and {len(doubts) - 3} more" if len(doubts) > 3 else ""
    word = "field" if len(doubts) == 1 else "fields"
    return f"unproven {word}: {', '.join(said)}{more}"


def _reachable(home: _Home, roots: Sequence[int] | set[int]) -> list[int]:
    """The structures and those in them, the inner ones first."""
    structures = {number: structure for structure, number in home.numbers.items()}
    found: dict[int, None] = {}

    def visit(number: int) -> None:
        for field in structures[number].fields:
            for inner in _numbers(field.annotation):
                visit(inner)
        found.setdefault(number)

    for root in sorted(roots):
        visit(root)
    return list(found)


def _numbers(annotation: Annotation) -> Iterator[int]:
    if annotation.symbol.path == _NEW:
        yield int(annotation.symbol.name)
    for inner in annotation.arguments:
        yield from _numbers(inner)


def _resolved(annotation: Annotation, named: Mapping[int, tuple[Symbol, NewModel]]) -> Annotation:
    symbol, arguments = annotation
    if symbol.path == _NEW:
        symbol = named[int(symbol.name)][0]
    return Annotation(symbol, tuple(_resolved(inner, named) for inner in arguments))


def _has_optional(shape: Object) -> bool:
    return any(not entry.required for one in objects_in(shape) for _, entry in one.entries)


def _holds_model(planner: Planner, home: _Home, root: int, *, is_raw: bool) -> bool:
    """Whether a model of the project is in it, of which fields that are not set would be left out."""
    structures = {number: structure for structure, number in home.numbers.items()}
    for number in _reachable(home, (root,)):
        draft = NewModel("", structures[number].fields)
        for symbol in draft.symbols:
            if symbol.path not in (None, _NEW) and planner.shapes.is_model(symbol):
                return True
            # What is `Any` may be a model, too, unless it went through `jsonable_encoder`.
            if symbol == ANY.symbol and is_raw:
                return True
    return False


def _nested_names(use: _Use, suffix: str) -> Iterator[str]:
    parts = use.path.replace("{}", "").split(".")
    is_element = parts[-1].endswith("[]") or use.path.endswith("{}")
    key = parts[-1].replace("[]", "")
    word = pascal(singular(key) if is_element else key)
    base = pascal(_LISTING.sub("", _READING.sub("", _FILLERS.sub("", use.handler.function.name))))
    for around in (pascal(key), word):
        if base.endswith(around) and len(base) > len(around):
            yield f"{base[: -len(around)]}{word}"
    if base in (pascal(key), word):
        ending = ("Entry" if word == "Item" else "Item") if is_element else "Data"
        yield f"{word}{ending}"
    yield f"{base}{word}"
    yield f"{base}{pascal('_'.join(part.replace('[]', '') for part in parts))}"
    yield f"{base}{word}{suffix}"


def _last(path: str) -> str:
    return re.sub(r"\W", "", path.rpartition(".")[2])


def _declares_in_signature(project: Project) -> bool:
    """Whether the project declares responses by annotations rather than by `response_model`."""

    def count() -> bool:
        models = annotations = 0
        for operation in operations_of(project):
            if operation.call.argument("response_model") is not None:
                models += 1
            elif operation.function.returns is not None:
                code = operation.module.code(operation.function.returns)
                annotations += re.search(r"Response\b(?!\[)|^(?:None|str|Any|dict|Dict)\b", code) is None
        return annotations >= models

    return project.remembered("responses are declared in signatures", count)
