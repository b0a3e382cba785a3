"""What importing the modules of the project executes, in Python's order."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence, Set
from functools import cached_property

from ...source import UnreadableSourceError
from ...source.discovery import is_test
from ...source.statements import blanked, header_end, parse
from ..fastapi_names import canonical, is_exported
from ..index import Module, Project
from ..reader import targets_of
from ..values import UNKNOWN, ModuleValue, Outside, Scope, Value
from .knowledge import CLASS_REGISTERING, COMPOUND, EFFECT, MAKE_OR_TAKE_ROUTERS, REGISTERS_CLASSES, spells
from .limits import LARGE_STATEMENT, PARSED_KEPT
from .machine import Machine


def relevant_modules(project: Project) -> list[Module]:
    """The modules that may have to do with routes, tests excluded: what tests make is not the application.

    Those that the index takes for FastAPI's, and those that import from them a function that takes or makes an
    application, or a class of routers: `app = create_app()` needs no word of FastAPI.
    """
    found = [module for module in project.modules() if not is_test(module.path)]
    known_paths = {module.path for module in found}
    makers = {
        name
        for module in found
        if spells(module.text, MAKE_OR_TAKE_ROUTERS)
        for name, bindings in module.facts.bindings.items()
        if any(
            b.kind in ("def", "class") and spells(module.statement_text(b.statement), MAKE_OR_TAKE_ROUTERS)
            for b in bindings
        )
    }
    names = {name.encode() for name in makers}
    if names:
        for path, imports in project.import_statements.items():
            if path not in known_paths and not is_test(path) and not names.isdisjoint(_WORD.findall(imports)):
                module = project.module(path)
                if module is not None:
                    found.append(module)
    # What an application is made with is imported by its own module first, as a server would.
    return sorted(found, key=lambda module: not _makes_application(module, makers))


def _makes_application(module: Module, makers: Set[str]) -> bool:
    called = {
        name
        for index, statement in enumerate(module.facts.statements)
        if statement.word not in ("def", "async def", "class", "@", "from", "import")
        for name in _CALLED.findall(module.statement_text(index))
    }
    return "FastAPI" in called or not makers.isdisjoint(called)


_WORD = re.compile(rb"\w+")
_CALLED = re.compile(r"(\w+)\(")


def _targets(imports: bytes) -> list[tuple[str, str]]:
    """Local names and targets of the import statements at module level, from the skimmed text of all."""
    text = b"\n".join(part for part in imports.strip(b"\n").split(b"\0\n") if part[:1] not in (b" ", b"\t"))
    try:
        body = ast.parse(text.replace(b"\0", b"")).body
    except (SyntaxError, ValueError):
        return []
    return [
        (local, target.removesuffix(".*"))
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for local, target in targets_of(node)
    ]


def _definitions(module: Module) -> dict[int, list[str]]:
    """The functions and classes that are defined more than once, by statement."""
    found: dict[int, list[str]] = {}
    for name, bindings in module.facts.bindings.items():
        if len(bindings) > 1:
            for binding in bindings:
                if binding.kind in ("def", "class"):
                    found.setdefault(binding.statement, []).append(name)
    return found


class Modules(Machine):
    """What importing the modules of the project executes, in Python's order."""

    def _run(self, module: Module) -> None:
        """Evaluate what importing the module executes, if that was not done yet."""
        if module.path in self._scopes:
            return
        scope = self.scope_of(module)
        with self._apart(self._conditions, module):
            defined = _definitions(module)
            for index, statement in enumerate(module.facts.statements):
                self._reached[module.path] = index
                if statement.word in ("def", "async def", "class") and not self._must_look(module, index):
                    if any(name in scope.names for name in defined.get(index, ())):  # it replaces another one
                        self._define(module, scope, index)
                    continue
                self._run_statement(module, scope, index)
        self._reached.pop(module.path, None)

    def _must_look(self, module: Module, index: int) -> bool:
        """A class whose methods are decorated with routes, or that another one may register; other definitions are
        evaluated when they are asked for."""
        return module.facts.statements[index].word == "class" and (
            self._registers_classes
            or any(function.statement == index and function.decorators for function in module.facts.functions)
            or any(
                call.statement == index and call.scopes and call.scopes[-1].kind == "class"
                for call in module.facts.calls
            )
        )

    @cached_property
    def _registers_classes(self) -> bool:
        """Whether a class of the project does something when a class derives from it, or names it in its body."""
        return any(
            spells(module.text, CLASS_REGISTERING) and REGISTERS_CLASSES.search(module.text) for module in self._modules
        )

    def _run_statement(self, module: Module, scope: Scope, index: int) -> None:
        done = self._done[module.path]
        if index in done:
            return
        done.add(index)
        statement = module.facts.statements[index]
        if statement.word in ("import", "from"):
            for item in module.facts.imports:
                if item.statement == index and not item.scopes:
                    self._import(module.path, item.target)
            for star in module.facts.stars:
                self._import(module.path, star)
            return
        if statement.end - statement.start > LARGE_STATEMENT and statement.word not in COMPOUND:
            return
        try:
            body = self._definition(module, index) if statement.word == "@" else self._parsed(module, index)
        except UnreadableSourceError:
            return
        inner = Scope(module, scope, statement.line)
        inner.names = scope.names  # the lines differ, the names do not
        with self._returning():
            self._execute(body, inner)

    def _definition(self, module: Module, index: int) -> Sequence[ast.stmt]:
        """A decorated function's header, or the whole class: bodies of functions are parsed when they are called."""
        text = module.statement_text(index)
        masked = blanked(text)
        end = header_end(masked)
        if re.search(r"(?:\A|\n)\f*class\b", masked[: end or None]) or not end:
            return self._parsed(module, index)
        return parse(text[:end] + " pass", module.facts.statements[index].line).body

    def _parsed(self, module: Module, index: int) -> list[ast.stmt]:
        key = module.path, index
        if key not in self.parsed:
            statement = module.facts.statements[index]
            self._size += statement.end - statement.start
            if self._size > PARSED_KEPT:
                self._size = 0
                self.parsed.clear()
            self.parsed[key] = module.outlined(index).body
        return self.parsed[key]

    def _import(self, importer: str, target: str) -> None:
        """Run the project's modules that importing `target` runs, packages first."""
        dots = target[: len(target) - len(target.lstrip("."))]
        parts = target[len(dots) :].split(".") if target[len(dots) :] else []
        for length in range(len(parts) + 1):
            name = dots + ".".join(parts[:length])
            path = self._module_path(importer, name) if name else None
            if path is not None and path not in self._relevant and path != importer:
                self._pass_through(path)
            if path is not None and path in self._relevant and path != importer:
                module = self.project.module(path)
                if module is not None:
                    self._run(module)

    def _pass_through(self, path: str) -> None:
        """Importing a module that has nothing to do with FastAPI imports others, and may enter something in a registry.

        That is so where it calls something of the project, or decorates with it: then it is evaluated like the others.
        """
        if path in self._passed:
            return
        self._passed.add(path)
        imports = self.project.import_statements.get(path)
        if imports is None or is_test(path):
            return
        known_targets: dict[str, list[tuple[str, str]]] = self.project.remembered("targets of imports", dict)
        targets = known_targets.get(path)
        if targets is None:
            targets = known_targets[path] = _targets(imports)
        own = {local for local, target in targets if self._module_path(path, target.rpartition(".")[0] or target)}
        if own:
            try:
                data = self.project.data(path)
            except OSError:
                return
            heads = {match.decode() for match in EFFECT.findall(data)}
            if heads & own:
                self._relevant.add(path)
                return
        for _, target in targets:
            self._import(path, target)

    def imported(self, importer: str, target: str) -> Value:
        """What an import's target is."""
        dots = target[: len(target) - len(target.lstrip("."))]
        parts = [part for part in target[len(dots) :].split(".") if part]
        if not dots and parts and parts[0] in ("fastapi", "starlette"):
            return Outside(canonical(target))
        for length in range(len(parts), -1, -1):
            name = dots + ".".join(parts[:length])
            path = self._module_path(importer, name) if name else None
            if path is not None:
                value: Value = ModuleValue(path)
                for part in parts[length:]:
                    value = self.attribute(value, part)
                return value
        return UNKNOWN if dots else Outside(canonical(target))

    def module_name(self, path: str, name: str) -> Value:
        """What a module-level name means once the module has been imported."""
        module = self.project.module(path)
        if module is None or (path, name) in self._running:
            return UNKNOWN
        if path in self._relevant:
            self._run(module)
        scope = self.scope_of(module)
        if name in scope.names:
            return scope.names[name]
        self._running.add((path, name))
        try:
            value = self._late(module, scope, name)
        finally:
            self._running.discard((path, name))
        return value

    def _late(self, module: Module, scope: Scope, name: str) -> Value:
        """A name that nothing evaluated so far has bound."""
        bindings = module.bindings(name)
        if (reached := self._reached.get(module.path)) is not None:
            bindings = tuple(binding for binding in bindings if binding.statement <= reached) or bindings
        # Of several definitions, `@overload` among them, the last one so far counts.
        defined = [binding for binding in bindings[-1:] if binding.kind in ("def", "class") and not binding.conditional]
        for binding in defined or bindings:
            if binding.kind == "def" or binding.kind == "class":
                self._define(module, scope, binding.statement)
            elif binding.kind in ("assign", "other"):
                with self._apart():
                    self._run_statement(module, scope, binding.statement)
            if name in scope.names:
                return scope.names[name]
        if targets := module.imports.get(name):
            scope.names[name] = self.imported(module.path, targets[0])
            return scope.names[name]
        if not bindings:
            for star in module.facts.stars:
                path = self._module_path(module.path, star)
                if path is None:
                    if is_exported(f"{star}.{name}"):
                        return Outside(canonical(f"{star}.{name}"))
                elif not name.startswith("_") and (value := self.module_name(path, name)) is not UNKNOWN:
                    return value
        return UNKNOWN

    def _define(self, module: Module, scope: Scope, index: int) -> None:
        if index in self._done[module.path]:
            return
        self._done[module.path].add(index)
        statement = module.facts.statements[index]
        try:
            body = self._parsed(module, index) if statement.word == "class" else self._definition(module, index)
        except UnreadableSourceError:
            return
        inner = Scope(module, scope, statement.line)
        inner.names = scope.names
        with self._apart(), self._returning():
            self._execute(body, inner, index)
