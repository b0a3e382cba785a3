"""The dependency that gives the sessions which handlers open: one that the project has, or a new one."""

from __future__ import annotations

import ast
from typing import NamedTuple

from ....edits import Edits
from ....edits.aliases import insert_below
from ....edits.injections import Injectable
from ....edits.models import import_of, reference
from ....findings import Finding
from ....project import Module, Project, Symbol
from ....project.injected import injected
from ....project.names import facts_of
from ....project.operations import Operation
from ....project.provided import SessionProvider, session_providers
from ....project.reader import dotted
from ....source.nodes import walk
from .body import Body

_COMPOUND = frozenset(
    {"@", "async def", "class", "def", "for", "from", "if", "import", "match", "try", "while", "with"}
)


class Provider(NamedTuple):
    injected: Injectable
    home: Module
    statement: int
    """The one in `home` that it stands below."""
    text: str
    """Empty for one that exists."""
    imports: tuple[tuple[str, str], ...]

    def write(self, edits: Edits, finding: Finding) -> None:
        if self.text:
            for request in self.imports:
                edits.import_name(self.home, *request, finding)
            insert_below(edits, self.home, self.statement, self.text, finding)


class Providers:
    """For each way to open a session one provider, whoever of the handlers is accepted."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._new: dict[tuple[object, ...], Provider | str] = {}
        self._taken: set[str] = set()

    def of(self, operation: Operation, body: Body) -> Provider | str:
        """The provider for what a handler opens, or why there is none."""
        opened = body.opened
        if opened.provider is not None:  # `next(get_db())`
            return self._existing(opened.provider)
        for one in session_providers(self.project):
            if self._is_same(one, body):
                return self._existing(one.yielding.provided.symbol)
        key = (opened.factory or opened.source, _arguments(body.call), opened.is_async, opened.is_manager)
        if key not in self._new:
            self._new[key] = self._made(operation, body)
        return self._new[key]

    def _existing(self, symbol: Symbol) -> Provider | str:
        home = self.project.module(symbol.path or "")
        if home is None:
            return f"`{symbol.name}` is not known"
        types = {one.marker.type for one in injected(self.project) if one.marker.provider == symbol and one.marker.type}
        known = next(
            (
                self.project.resolve(one.marker.home, one.marker.type, one.marker.scopes)
                for one in injected(self.project)
                if one.marker.provider == symbol and one.marker.type
            ),
            None,
        )
        return Provider(Injectable(symbol, known if len(types) == 1 else None), home, 0, "", ())

    def _is_same(self, one: SessionProvider, body: Body) -> bool:
        """Whether a provider opens what the handler opens, in the same way."""
        mine, theirs = body.opened, one.opened
        return (
            not one.commits
            and (theirs.source, theirs.is_async) == (mine.source, mine.is_async)
            and theirs.factory == mine.factory
            and _arguments(one.call) == _arguments(body.call)
        )

    def reason_of_replaced(self, module: Module, body: Body) -> str | None:
        """Whether something puts another factory in the place of the one that the handler calls."""
        name = dotted(body.call.func).partition(".")[0]
        facts = facts_of(self.project, module, name)
        if facts is None:
            return None
        if facts.named:
            return f"`{name}` of {module.path} is replaced by its name in {facts.named[0].place.path}"
        changed = (*facts.changed_elsewhere, *(change for change in facts.rebound if facts.kind == "import"))
        return f"{changed[0].place.path} gives `{name}` of {module.path} another value" if changed else None

    def _made(self, operation: Operation, body: Body) -> Provider | str:
        """A new provider beside what opens the session."""
        project, opened = self.project, body.opened
        source = opened.factory or opened.source
        home = project.module(source.path) if source.path is not None else None
        if home is None or "." in source.name:
            return "what opens it is not made by the project, which has no dependency for it"
        bindings = home.bindings(source.name)
        if len(bindings) != 1 or bindings[0].conditional:
            return f"`{source.name}` is not made in one place"
        statement = _end_of_run(home, bindings[0].statement)
        if home.path != operation.module.path and import_of(project, operation.module, home) is None:
            return f"{operation.module.path} cannot import from {home.path} without closing a circle"
        imports: list[tuple[str, str]] = []
        callee = source.name
        if opened.factory is None:  # `Session(engine)`
            if opened.type is None or (found := reference(project, home, opened.type)) is None:
                return "its class cannot be imported where the engine is made"
            callee = found.expression
            if found.request is not None:
                imports.append(found.request)
        arguments = self._arguments_in(operation.module, home, body)
        if arguments is None:
            return f"what `{body.said}` is given is not known in {home.path}"
        name = self._name(operation.module, home, body)
        if name is None:
            return "no name is left for a dependency"
        self._taken.add(name)
        indent, newline = project.style.indent, home.source.newline
        text = _text(name, body.name, f"{callee}({arguments})", body, indent).replace("\n", newline)
        injectable = Injectable(Symbol(home.path, name), opened.type)
        return Provider(injectable, home, statement, text, tuple(imports))

    def _arguments_in(self, module: Module, home: Module, body: Body) -> str | None:
        """The arguments of the call as `home` says them."""
        names = {
            part.id
            for value in (*body.call.args, *(keyword.value for keyword in body.call.keywords))
            for part in walk(value)
            if isinstance(part, ast.Name)
        }
        for name in names:
            symbol = self.project.resolve(module, name)
            if symbol is None or self.project.resolve(home, name) != symbol:
                return None
        call = ast.unparse(body.call)
        return call[len(ast.unparse(body.call.func)) + 1 : -1]

    def _name(self, module: Module, home: Module, body: Body) -> str | None:
        is_connection = body.name.startswith("conn") or body.name in ("c", "cursor")
        first = "get_connection" if is_connection else "get_db" if body.name == "db" else "get_session"
        others: tuple[str, ...] = () if is_connection else ("get_session", "get_db_session")
        candidates = (first, f"get_{body.name}", *others, f"{first}_dependency", f"provide_{body.name}")
        for name in dict.fromkeys(candidates):
            if name not in self._taken and not home.bindings(name) and not module.bindings(name):
                return name
        return None


def _end_of_run(home: Module, index: int) -> int:
    """The last of the simple statements that stand together with one, so that a function does not part them."""
    statements = home.facts.statements
    while index + 1 < len(statements) and statements[index + 1].word not in _COMPOUND:
        between = home.text[statements[index].start : statements[index + 1].start]
        if between[len(between.rstrip()) :].count("\n") > 1:
            break
        index += 1
    return index


def _arguments(call: ast.Call | None) -> str:
    if call is None:
        return ""
    given = [ast.dump(argument) for argument in call.args]
    return ", ".join([*given, *sorted(ast.dump(keyword) for keyword in call.keywords)])


def _text(name: str, variable: str, call: str, body: Body, indent: str) -> str:
    """Opens and closes as the handler did."""
    word = "async def" if body.opened.is_async else "def"
    if body.form in ("with", "async with"):
        return f"{word} {name}():\n{indent}{body.form} {call} as {variable}:\n{indent * 2}yield {variable}"
    awaited = "await " if body.opened.is_async else ""
    return (
        f"{word} {name}():\n{indent}{variable} = {call}\n{indent}try:\n{indent * 2}yield {variable}\n"
        f"{indent}finally:\n{indent * 2}{awaited}{variable}.close()"
    )
