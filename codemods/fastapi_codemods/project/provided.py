"""Functions and classes that something injects, and those of them that open a database session.

SessionLocal = sessionmaker(bind=engine)

def get_db():
    db = SessionLocal()
    try:
        yield db
    finally:
        db.close()
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source import UnreadableSourceError
from ..source.discovery import is_test
from .index import Module, Project, Symbol
from .injected import aliases, called, injected
from .model import Function
from .operations import Definition, definition_of
from .reader import dotted
from .types import own_nodes

_INJECTED = re.compile(r"\b(?:Depends|Security)\(\s*(?:dependency\s*=\s*)?([A-Za-z_][\w.]*)\s*[,)]")

_NAMES = re.compile(r"[A-Za-z_][\w.]*")

SESSION_MAKERS = frozenset(
    {
        "sqlalchemy.ext.asyncio.async_sessionmaker", "sqlalchemy.ext.asyncio.session.async_sessionmaker",
        "sqlalchemy.orm.scoped_session", "sqlalchemy.orm.session.sessionmaker", "sqlalchemy.orm.sessionmaker",
    }
)  # fmt: skip
SESSIONS = frozenset(
    {
        "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.ext.asyncio.session.AsyncSession", "sqlalchemy.orm.Session",
        "sqlalchemy.orm.session.Session", "sqlmodel.Session", "sqlmodel.ext.asyncio.session.AsyncSession",
    }
)  # fmt: skip
CONNECTIONS = frozenset({"aiosqlite.connect", "psycopg.connect", "psycopg2.connect", "sqlite3.connect"})


class Provided(NamedTuple):
    """A function of the project that FastAPI calls for a dependency."""

    symbol: Symbol
    """What is injected: the function, or the class whose `__init__` it is."""
    module: Module
    function: Function
    place: str
    """Where it is injected first."""
    scopes: frozenset[str]
    """`function` and `request` where a parameter says so, and empty where none is said."""

    @property
    def is_class(self) -> bool:
        return self.function.is_method and self.function.name == "__init__"


def provided(project: Project) -> tuple[Provided, ...]:
    """All functions that something outside of tests injects, by place."""
    return project.remembered("provided", lambda: tuple(_provided(project)))


def injected_symbols(project: Project) -> dict[Symbol, tuple[str, frozenset[str]]]:
    """What is injected outside of tests, where first, and with which scopes."""
    return project.remembered("injected symbols", lambda: _injected_symbols(project))


def _injected_symbols(project: Project) -> dict[Symbol, tuple[str, frozenset[str]]]:
    found: dict[Symbol, tuple[str, frozenset[str]]] = {}

    def add(symbol: Symbol | None, place: str, scope: str) -> None:
        if symbol is not None and symbol.path is not None and symbol.name:
            first, scopes = found.get(symbol, (place, frozenset[str]()))
            found[symbol] = first, scopes | {scope}

    for one in injected(project):
        if not is_test(one.module.path):
            add(one.marker.provider, one.place, _scope(one.marker.argument("scope")))
    for alias in aliases(project):
        add(alias.marker.provider, alias.module.path, _scope(alias.marker.argument("scope")))
    for module in project.modules():
        if is_test(module.path) or "dependencies" not in module.text:
            continue
        for match in _INJECTED.finditer(module.text):
            symbol = project.resolve(module, match.group(1))
            if symbol not in found:
                add(symbol, f"{module.path}:{module.text.count(chr(10), 0, match.start()) + 1}", "")
    return found


def _scope(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _provided(project: Project) -> Iterator[Provided]:
    seen: set[tuple[str, int]] = set()
    for symbol, (place, scopes) in injected_symbols(project).items():
        for module, function in called(project, symbol):
            key = module.path, function.span.start
            if key not in seen and not is_test(module.path):
                seen.add(key)
                yield Provided(symbol, module, function, place, scopes)


class Yielding(NamedTuple):
    """A dependency that yields."""

    provided: Provided
    definition: Definition
    node: ast.Yield


def yielding(project: Project) -> tuple[Yielding, ...]:
    """The dependencies with one `yield`."""
    return project.remembered("yielding", lambda: tuple(_yielding(project)))


def _yielding(project: Project) -> Iterator[Yielding]:
    for one in provided(project):
        if "yield" not in one.module.statement_text(one.function.statement):
            continue
        definition = definition_of(one.module, one.function)
        if definition is None:
            continue
        found = [part for part in own_nodes(definition.node) if isinstance(part, ast.Yield)]
        if len(found) == 1:
            yield Yielding(one, definition, found[0])


# Sessions


class Opened(NamedTuple):
    """An expression that opens a session or a connection."""

    source: Symbol
    """The engine or factory that it is of; the library's function where there is none."""
    is_async: bool
    factory: Symbol | None
    """The project's name for what is called."""


def opened_by(project: Project, module: Module, node: ast.expr, scopes: tuple[object, ...] = ()) -> Opened | None:  # noqa: ARG001
    """What `SessionLocal()`, `Session(engine)` or `sqlite3.connect(...)` opens; None for anything else."""
    if not isinstance(node, ast.Call) or not (name := dotted(node.func)):
        return None
    symbol = project.resolve(module, name)
    if symbol is None:
        return None
    if symbol.path is None:
        if symbol.name in SESSIONS:
            bound = _bound(project, module, node)
            return Opened(bound, "async" in symbol.name.lower(), None) if bound is not None else None
        return Opened(symbol, symbol.name == "aiosqlite.connect", None) if symbol.name in CONNECTIONS else None
    found = _factory(project, symbol)
    return Opened(found[0], found[1], symbol) if found is not None else None


def _bound(project: Project, module: Module, call: ast.Call) -> Symbol | None:
    """The engine that a session or a factory is bound to, where that is a name of the project."""
    given = next((k.value for k in call.keywords if k.arg == "bind"), call.args[0] if call.args else None)
    symbol = project.resolve(module, dotted(given)) if given is not None else None
    return symbol if symbol is not None and symbol.path is not None else None


def _factory(project: Project, symbol: Symbol) -> tuple[Symbol, bool] | None:
    """The engine behind `SessionLocal = sessionmaker(bind=engine)`, and whether its sessions are asynchronous."""
    return project.remembered(("session factory", symbol), lambda: _read_factory(project, symbol))


def _read_factory(project: Project, symbol: Symbol) -> tuple[Symbol, bool] | None:
    home = project.module(symbol.path) if symbol.path is not None and "." not in symbol.name else None
    for binding in home.bindings(symbol.name) if home is not None else ():
        assert home is not None
        if binding.kind != "assign":
            continue
        try:
            body = home.tree(binding.statement).body
        except (UnreadableSourceError, RecursionError):
            continue
        for node in body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if not isinstance(value, ast.Call):
                continue
            maker = project.resolve(home, dotted(value.func))
            if maker is None or maker.path is not None or maker.name not in SESSION_MAKERS:
                continue
            if maker.name.endswith("scoped_session"):
                return None  # one session for each thread, whoever asks
            said = ast.unparse(value)
            is_async = "async_sessionmaker" in maker.name or "AsyncSession" in said
            return _bound(project, home, value) or symbol, is_async
    return None


class SessionProvider(NamedTuple):
    """A dependency that yields a session which it opens itself."""

    yielding: Yielding
    opened: Opened
    commits: bool


def session_providers(project: Project) -> tuple[SessionProvider, ...]:
    """The dependencies that open a session or connection and yield it."""
    return project.remembered("session providers", lambda: tuple(_session_providers(project)))


def _session_providers(project: Project) -> Iterator[SessionProvider]:
    for one in yielding(project):
        name = dotted(one.node.value) if one.node.value is not None else ""
        found: list[Opened] = []
        commits = False
        for part in own_nodes(one.definition.node):
            match part:
                case ast.Assign(targets=[target], value=value) if dotted(target) == name and name:
                    found += _opened(project, one, value)
                case ast.AnnAssign(target=target, value=ast.expr() as value) if dotted(target) == name and name:
                    found += _opened(project, one, value)
                case ast.withitem(context_expr=value, optional_vars=ast.expr() as target) if dotted(target) == name:
                    found += _opened(project, one, value)
                case ast.Call(func=ast.Attribute(attr="commit" | "begin")):
                    commits = True
                case _:
                    pass
        if len(found) == 1:
            yield SessionProvider(one, found[0], commits)


def _opened(project: Project, one: Yielding, value: ast.expr) -> list[Opened]:
    inner = value.value if isinstance(value, ast.Await) else value
    found = opened_by(project, one.provided.module, inner)
    return [found] if found is not None else []


def session_symbols(project: Project) -> frozenset[Symbol]:
    """What injects a session that is closed when the request is over: dependencies that open one themselves, and
    generators that say so by their annotation."""

    def read() -> frozenset[Symbol]:
        found = {one.yielding.provided.symbol for one in session_providers(project)}
        for one in provided(project):
            returns = one.function.returns
            if returns is None or "yield" not in one.module.statement_text(one.function.statement):
                continue
            for name in _NAMES.findall(one.module.code(returns)):
                symbol = project.resolve(one.module, name)
                if symbol is not None and symbol.path is None and symbol.name in SESSIONS:
                    found.add(one.symbol)
        return frozenset(found)

    return project.remembered("session symbols", read)
