"""Where the provider and the alias of each object are, or will be, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..findings import Finding
from ..project import Module, Project, Symbol
from ..project.index import top_level
from ..project.objects import Object, Objects
from ..project.operations import Operation
from ..project.singletons import TypeText
from .collect import Edits, ImportRequest
from .handlers import paths_of
from .imports import reachable_as
from .models import Reference, reference, statement_end
from .parameters import Piece
from .providers import (
    NewProvider,
    Place,
    Written,
    alias_of,
    annotated_of,
    names_for,
    parameter,
    place_of,
    type_in,
    uses_annotated,
    write,
)

Key = tuple[Symbol, str]
"""The object, and the file in which its provider looks it up; that of an existing provider is its own."""


class Plan(NamedTuple):
    provider: Symbol
    before_provider: int
    """Number of the statement in whose front the provider is, where it stands in a module of handlers."""
    alias_home: str
    alias: str
    before_alias: int
    type: TypeText
    new_provider: NewProvider | None
    new_alias: NewProvider | None

    def new(self, *, alias: bool) -> Iterator[NewProvider]:
        """What is to be written for a handler that asks by the alias, or by the provider itself."""
        if self.new_provider is not None and self.new_alias is not None and alias:
            yield self.new_alias._replace(
                function=self.new_provider.function, returned=self.new_provider.returned,
                is_async=self.new_provider.is_async,
            )  # fmt: skip
        elif self.new_provider is not None:
            yield self.new_provider
        elif self.new_alias is not None and alias:
            yield self.new_alias


class _Asked(NamedTuple):
    found: Object
    looked_up: tuple[str, str]
    operations: list[Operation]


class Plans:
    def __init__(self, project: Project, objects: Objects) -> None:
        self.project = project
        self.objects = objects
        self._asked: dict[Key, _Asked] = {}
        self._made: dict[Key, Plan | str] = {}
        self._taken: dict[str, set[str]] = {}

    def add(self, found: Object, looked_up: tuple[str, str], operation: Operation) -> None:
        """A handler is to be given the object. All are added before the first plan is asked for."""
        key = self._key(found, looked_up)
        self._asked.setdefault(key, _Asked(found, looked_up, [])).operations.append(operation)

    def of(self, found: Object, looked_up: tuple[str, str]) -> Plan | str:
        """The plan, or why there can be none."""
        key = self._key(found, looked_up)
        if key not in self._made:
            self._made[key] = self._plan(key, self._asked[key])
        return self._made[key]

    def _key(self, found: Object, looked_up: tuple[str, str]) -> Key:
        path, name = looked_up
        is_replaced = path != found.symbol.path and bool(self.objects.replacements(path, name))
        return found.symbol, path if is_replaced else found.symbol.path or ""

    def _plan(self, key: Key, asked: _Asked) -> Plan | str:
        found = asked.found
        provider = self.objects.provider_for(found, asked.looked_up)
        if provider is not None:
            return self._with_provider(asked, provider)
        path = key[1]
        home = self.project.module(path)
        if home is None:
            return f"{path} cannot be read"
        if not self._knows_fastapi(path):
            return f"{path} belongs to a package that has nothing to do with FastAPI"
        is_own = path == found.symbol.path
        name = found.symbol.name if is_own else asked.looked_up[1]
        own = next((b.statement for b in home.bindings(name) if b.kind == "assign"), None) if is_own else None
        first_use = min((o.function.statement for o in asked.operations if o.module.path == path), default=None)
        others = {o.module.path for o in asked.operations} - {path}
        at_once = any(self.project.imports_lead(path, other) for other in sorted(others))
        place = place_of(home, own, first_use, at_once=at_once)
        if place is None:
            return f"there is no place for a provider in {path}"
        if found.singleton.type is None:
            return "nothing shows of which type it is"
        type_ = type_in(self.project, found.singleton.type, home, place.before)
        if type_ is None:
            return f"its type `{found.singleton.type.code}` cannot be named where the provider would stand, in {path}"
        taken = self._taken.setdefault(path, set())
        names = names_for(self.project, home, name, taken, [o.module for o in asked.operations])
        if isinstance(names, str):
            return names
        function, alias = names
        is_annotated = any(uses_annotated(self.project, operation.module) for operation in asked.operations)
        if is_annotated and (reason := self._reason_against_alias(home)) is not None:
            return reason
        taken.update(names)
        is_async = any(operation.function.is_async for operation in asked.operations)
        new = NewProvider(home, place, function, "", function, type_, name, is_async)
        return Plan(
            Symbol(path, function), place.before, path, alias, place.before, found.singleton.type, new,
            new._replace(function="", alias=alias) if is_annotated else None,
        )  # fmt: skip

    def _with_provider(self, asked: _Asked, provider: Symbol) -> Plan | str:
        """The provider is there; the alias may be missing."""
        project = self.project
        home = project.module(provider.path or "")
        defined = project.function(provider)
        assert home is not None
        assert defined is not None
        index = max(binding.statement for binding in home.bindings(provider.name))
        type_ = asked.found.singleton.type
        if (returns := defined[1].returns) is not None:
            type_ = TypeText(home.code(returns).strip("\"'"), home.path)
        if type_ is None:
            return "nothing shows of which type it is"
        known = alias_of(project, provider)
        if known is not None:
            there = project.module(known.path or "")
            before = max((b.statement for b in there.bindings(known.name)), default=-1) + 1 if there is not None else 0
            return Plan(provider, index + 1, known.path or "", known.name, before, type_, None, None)
        place = Place(statement_end(home, index), index + 1)
        written: Written | None = type_in(project, type_, home, place.before)
        if written is None:
            return f"its type `{type_.code}` cannot be named in {home.path}"
        taken = self._taken.setdefault(home.path, set())
        names = names_for(project, home, asked.found.symbol.name, taken, [o.module for o in asked.operations])
        if isinstance(names, str):
            return names
        alias = names[1]
        is_annotated = any(uses_annotated(project, operation.module) for operation in asked.operations)
        if is_annotated and (reason := self._reason_against_alias(home)) is not None:
            return reason
        taken.add(alias)
        new = NewProvider(home, place, "", alias, provider.name, written, "", False) if is_annotated else None
        return Plan(provider, index + 1, home.path, alias, place.before, type_, None, new)

    def _reason_against_alias(self, home: Module) -> str | None:
        for dotted in (annotated_of(self.project), "fastapi.Depends"):
            if reachable_as(home, dotted) is None:
                return f"`{dotted.rpartition('.')[2]}` means something else in {home.path}"
        return None

    def _knows_fastapi(self, path: str) -> bool:
        """Whether a file lies in a package that uses FastAPI, so that it may be imported there."""
        tops: frozenset[str] = self.project.remembered(
            "folders with FastAPI", lambda: frozenset(top_level(module.path) for module in self.project.modules())
        )
        return top_level(path) in tops


class Injection(NamedTuple):
    """A parameter that gives a handler an object."""

    name: str
    plan: Plan
    type: str
    """How the parameter's type is written: the alias, or the object's own type."""
    provider: str
    """How the module names the provider; empty where an alias does."""
    imports: tuple[tuple[str, str], ...]

    def write(self, edits: Edits, module: Module, finding: Finding) -> Piece:
        """The parameter as text, with what it needs: provider, alias and imports."""
        for made in self.plan.new(alias=not self.provider):
            write(edits, made, finding)
        for request in self.imports:
            edits.requests.append(ImportRequest(module.path, *request, finding))
        depends = edits.name(module, "fastapi.Depends", finding) if self.provider else ""
        return parameter(self.name, self.type, self.provider, depends)


class Injections:
    """How handlers name what they are given; the names are given once for all findings of a run."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._names: dict[tuple[str, str], Symbol] = {}
        self._references: dict[tuple[str, Symbol], Reference | None] = {}

    def of(self, operation: Operation, name: str, plan: Plan) -> Injection | str:
        """The parameter `name` of a handler, or why it cannot have it."""
        if any(name in re.findall(r"\{(\w+)", path or "") for path in paths_of(self.project, operation)):
            return f"`{name}` is a path parameter"
        module, function = operation.module, operation.function
        if uses_annotated(self.project, module):
            named = self._named(operation, Symbol(plan.alias_home, plan.alias), plan.before_alias)
            if isinstance(named, str):
                return named
            return Injection(name, plan, named.expression, "", (named.request,) if named.request is not None else ())
        named = self._named(operation, plan.provider, plan.before_provider)
        if isinstance(named, str):
            return named
        type_: Written | None = type_in(self.project, plan.type, module, function.statement)
        if type_ is None:
            return f"its type `{plan.type.code}` cannot be named in {module.path}"
        if reachable_as(module, "fastapi.Depends") is None:
            return f"`Depends` means something else in {module.path}"
        requests = (named.request,) if named.request is not None else ()
        return Injection(name, plan, type_.code, named.expression, (*type_.imports, *requests))

    def _named(self, operation: Operation, symbol: Symbol, before: int) -> Reference | str:
        """How the handler's header names an alias or provider, which may be new."""
        module, function = operation.module, operation.function
        if symbol.path == module.path:
            if before > function.statement:
                return f"`{symbol.name}` stands below the handler"
            found: Reference | None = Reference(symbol.name, None)
        else:
            key = module.path, symbol
            if key not in self._references:
                self._references[key] = reference(self.project, module, symbol)
            found = self._references[key]
        if found is None:
            if module.bindings(symbol.name):
                return f"`{symbol.name}` means something else in {module.path}"
            return f"{module.path} cannot import `{symbol.name}` from {symbol.path}: a circle of imports would close"
        head = found.expression.partition(".")[0]
        if any(head in scope.names for scope in function.scopes):
            return f"`{head}` means something else around the handler"
        known = self._names.setdefault((module.path, found.expression), symbol)
        return found if known == symbol else f"`{found.expression}` is another object in {module.path}"
