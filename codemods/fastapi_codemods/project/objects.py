"""What is known of each module-level object that requests share: whether handlers can be given it, why not, and who
provides it already."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..source.discovery import is_test
from .code_strings import CodeString, strings_by_name
from .enclosing import enclosing_function
from .index import Module, Project, Symbol
from .lifetimes import Lifetimes
from .model import Function
from .names import Change, NameFacts, facts_of_each
from .operations import definition_of, operations_of
from .reader import dotted
from .singletons import OBJECT, SESSIONS, STORE, UNKNOWN, Singleton, singleton

_REBINDS = frozenset({"again", "augmented", "conditional", "del", "global", "loop"})
_CACHES = frozenset({"functools.lru_cache", "functools.cache"})


class Object(NamedTuple):
    symbol: Symbol
    singleton: Singleton
    facts: NameFacts
    reason: str | None
    """Why no handler can be given it."""
    rebound: str
    """Where it is set anew outside of its module's import, empty if nowhere: who imported it by name keeps the old."""
    providers: tuple[Symbol, ...]
    """The functions that give it already."""


class Objects:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.lifetimes = Lifetimes(project)
        self.imports = Lifetimes(project, startup=False)
        self._known: dict[Symbol, Object | None] = {}

    def look_up(self, symbols: Iterable[Symbol]) -> None:
        """Find out about all of them, which costs less than one by one."""
        new = sorted({symbol for symbol in symbols if symbol not in self._known and symbol.path is not None})
        if not new:
            return
        found = facts_of_each(self.project, new)
        places = {change.place for facts in found.values() for change in (*facts.mutated, *facts.rebound)}
        functions = {Symbol(p.path, p.function) for p in places if p.function and "." not in p.function}
        handlers = {Symbol(*handler) for handler in self._handlers()}
        self.lifetimes.prepare(functions - handlers)
        for symbol in new:
            self._known[symbol] = self._object(symbol, found[symbol]) if symbol in found else None

    def get(self, symbol: Symbol) -> Object | None:
        """None for what nobody wants to be injected: values, and tables that nothing changes."""
        self.look_up([symbol])
        return self._known[symbol]

    def _object(self, symbol: Symbol, facts: NameFacts) -> Object | None:
        found = singleton(self.project, symbol)
        if found is None:
            return None
        if (found.kind == STORE or found.plain_data) and not self._is_changed(facts):
            return None
        if found.kind not in (STORE, OBJECT, SESSIONS, UNKNOWN):
            return None
        reason, rebound = self._rebound(facts)
        if reason is None and facts.conditional:
            reason = _why_it_may_be_missing(facts)
        if reason is None and found.kind == UNKNOWN:
            reason = "nothing shows what it is; an annotation would"
        providers = tuple(self._providers(symbol, facts, found, is_rebound=bool(rebound)))
        return Object(symbol, found, facts, reason, rebound, providers)

    # Changes

    def _is_changed(self, facts: NameFacts) -> bool:
        """Whether something changes it after it was imported, as far as the project shows."""
        changes = [c for c in (*facts.mutated, *facts.rebound) if c in facts.mutated or c.how == "global"]
        if any(not self.imports.outside_requests(c.place.path, c.place.function) for c in changes):
            return True
        return any(
            c.how not in _REBINDS and not is_test(c.place.path) and not self._is_outside(c, facts, self.imports)
            for c in facts.changed_elsewhere
        )

    def _is_outside(self, change: Change, facts: NameFacts, lifetimes: Lifetimes) -> bool:
        """Whether a change in another module happens outside of requests."""
        module = self.project.module(change.place.path)
        use = next((u for u in facts.used_elsewhere if (u.path, u.line, u.column) == tuple(change.place[:3])), None)
        if module is None or use is None:
            return False
        return lifetimes.outside_requests(use.path, enclosing_function(module, use))

    def _rebound(self, facts: NameFacts) -> tuple[str | None, str]:
        """Why that it is set anew stands against injecting it, and where it is set anew at all."""
        where = ""
        for change in facts.rebound:
            if change.how != "global":
                continue
            place = change.place
            where = where or f"{place.path}:{place.line}"
            if self.lifetimes.outside_requests(place.path, place.function):
                continue
            said = f"`{place.function}` sets `{facts.name}` anew at {place.path}:{place.line}"
            if (place.path, place.function) in self._handlers():
                return f"state rebound by handlers (race): {said}", where
            return f"{said}, maybe while a request is served that has the old one", where
        for change in facts.changed_elsewhere:
            if change.how in _REBINDS and not is_test(change.place.path):
                where = where or f"{change.place.path}:{change.place.line}"
                if not self._is_outside(change, facts, self.lifetimes):
                    place = change.place
                    return f"{place.path}:{place.line} sets it anew, maybe while a request is served", where
        return None, where

    def _handlers(self) -> frozenset[tuple[str, str]]:
        return self.project.remembered(
            "handlers by name",
            lambda: frozenset((o.module.path, o.function.qualified_name) for o in operations_of(self.project)),
        )

    def replacements(self, path: str, name: str) -> list[CodeString]:
        """Where tests, or anybody, replace what the module in `path` calls `name`."""
        found = strings_by_name(self.project).get((path, name), ())
        return [s for s in found if s.kind == "patch" and s.path == path and s.name == name]

    # Who provides it

    def provider_for(self, found: Object, looked_up: tuple[str, str]) -> Symbol | None:
        """An existing provider that gives what a handler gets which looks the object up there, tests included."""
        path, name = looked_up
        if path != found.symbol.path and self.replacements(path, name):
            return next((provider for provider in found.providers if provider.path == path), None)
        for provider in found.providers:
            if provider.path == found.symbol.path:
                return provider
        if self.replacements(found.symbol.path or "", found.symbol.name):
            return None
        for provider in found.providers:
            module = self.project.module(provider.path or "")
            local = [
                name
                for name in (module.imports if module is not None else ())
                if module is not None and self.project.resolve(module, name) == found.symbol
            ]
            if not any(self.replacements(provider.path or "", one) for one in local):
                return provider
        return None

    def _providers(self, symbol: Symbol, facts: NameFacts, found: Singleton, *, is_rebound: bool) -> Iterator[Symbol]:
        candidates = [Symbol(symbol.path, place.function) for place in facts.read if place.function]
        for use in facts.used_elsewhere:
            if isinstance(use.node, ast.Return) and not is_test(use.path):
                module = self.project.module(use.path)
                if module is not None and (function := enclosing_function(module, use)):
                    candidates.append(Symbol(use.path, function))
        for candidate in dict.fromkeys(candidates):
            if "." not in candidate.name and self._only_returns(candidate, symbol, may_cache=not is_rebound):
                yield candidate
        maker = found.maker
        if maker is None or maker.path is None or is_rebound or self.replacements(symbol.path or "", symbol.name):
            return
        if self._is_cached(maker):
            yield maker

    def _only_returns(self, candidate: Symbol, symbol: Symbol, *, may_cache: bool) -> bool:
        defined = self.project.function(candidate)
        if defined is None or defined[1].parameters:
            return False
        module, function = defined
        if not self._plainly_decorated(module, function, may_cache=may_cache):
            return False
        definition = definition_of(module, function)
        if definition is None:
            return False
        match [s for s in definition.node.body if not _is_docstring(s)]:
            case [ast.Return(value=ast.expr() as value)]:
                return self.project.resolve(module, dotted(value)) == symbol
            case _:
                return False

    def _plainly_decorated(self, module: Module, function: Function, *, may_cache: bool) -> bool:
        for decorator in function.decorators:
            meaning = self.project.resolve(module, decorator.name)
            if not may_cache or meaning is None or meaning.name not in _CACHES:
                return False
        return True

    def _is_cached(self, maker: Symbol) -> bool:
        """A function without parameters that gives the same object whenever it is called."""
        defined = self.project.function(maker)
        if defined is None or defined[1].parameters or not defined[1].decorators or defined[1].is_async:
            return False
        return self._plainly_decorated(*defined, may_cache=True)


def _why_it_may_be_missing(facts: NameFacts) -> str:
    """The provider would fail in every request, where the handler failed only when it got to the name."""
    if facts.defined:
        place = facts.defined[0]
        return f"it is bound under a condition, at {place.path}:{place.line}, and may not be there"
    place = facts.rebound[0].place
    return f"only `{place.function}` binds it, at {place.path}:{place.line}, and it may not be there yet"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
