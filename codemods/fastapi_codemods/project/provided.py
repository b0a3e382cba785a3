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
    """The engine that it is of, else what is called."""
    is_async: bool
    factory: Symbol | None = None
    """The project's name for what is called; None for the library's."""
    type: Symbol | None = None
    """What it gives, as far as that is known."""
    provider: Symbol | None = None
    """`get_db` of `next(get_db())`."""
    is_manager: bool = False
    """A function of the project under `@contextmanager`, which opens and closes."""
    commits: bool = False
    """It commits where its `with` ends."""
    reason: str | None = None
    """Why it must not be opened in one thread and used in another."""


_DEEPEST = 2
"""Functions of the project that are followed for what they open."""

_ONE_THREAD = "SQLite objects belong to the thread that made them, and a dependency may run in another one"
_SETS = "what opens it may set a context variable, which a dependency in another thread would lose"
_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})


def opened_by(project: Project, module: Module, node: ast.expr, depth: int = 0) -> Opened | None:
    """What `SessionLocal()`, `Session(engine)`, `next(get_db())` or `get_connection()` opens; else None."""
    if not isinstance(node, ast.Call) or not (name := dotted(node.func)):
        return None
    if name in ("next", "anext") and node.args and isinstance(node.args[0], ast.Call):
        symbol = project.resolve(module, dotted(node.args[0].func))
        return _of_generator(project, symbol, is_async=name == "anext") if symbol is not None else None
    if isinstance(node.func, ast.Attribute) and node.func.attr == "begin":  # `SessionLocal.begin()`
        begun = opened_by(project, module, ast.Call(node.func.value, [], []), depth)
        return begun._replace(commits=True) if begun is not None else None
    symbol = project.resolve(module, name)
    if symbol is None:
        return None
    if symbol.path is None:
        if symbol.name in SESSIONS:
            bound = _bound(project, module, node)
            is_async = "async" in symbol.name.lower()
            reason = _reason_of_engine(project, bound) if bound is not None and not is_async else None
            return Opened(bound, is_async, None, symbol, reason=reason) if bound is not None else None
        return _connection(symbol, ast.unparse(node)) if symbol.name in CONNECTIONS else None
    if depth > _DEEPEST:
        return None
    return project.remembered(("opened by", symbol, depth), lambda: _of_project(project, symbol, depth + 1))


def _connection(symbol: Symbol, said: str) -> Opened:
    is_async = symbol.name == "aiosqlite.connect"
    is_bound = symbol.name == "sqlite3.connect" and "check_same_thread=False" not in said.replace(" ", "")
    return Opened(symbol, is_async, reason=_ONE_THREAD if is_bound else None)


def _bound(project: Project, module: Module, call: ast.Call) -> Symbol | None:
    """The engine that a session or a factory is bound to, where that is a name of the project."""
    given = next((k.value for k in call.keywords if k.arg == "bind"), call.args[0] if call.args else None)
    symbol = project.resolve(module, dotted(given)) if given is not None else None
    return symbol if symbol is not None and symbol.path is not None else None


def _reason_of_engine(project: Project, symbol: Symbol) -> str | None:
    """Why sessions of an engine stay in one thread, as far as its address says."""
    said = _said_of(project, symbol)
    home = project.module(symbol.path) if symbol.path is not None else None
    for name in dict.fromkeys(re.findall(r"[A-Za-z_]\w*", said)) if home is not None else ():
        assert home is not None
        other = project.resolve(home, name)
        if other is not None and other.path is not None and other != symbol:
            said += _said_of(project, other)
    return _ONE_THREAD if "sqlite" in said and "check_same_thread" not in said else None


def _said_of(project: Project, symbol: Symbol) -> str:
    """The statements that give a name its value."""
    home = project.module(symbol.path) if symbol.path is not None and "." not in symbol.name else None
    bindings = home.bindings(symbol.name) if home is not None else ()
    return "\n".join(home.statement_text(b.statement) for b in bindings if b.kind == "assign") if home else ""


def _of_generator(project: Project, symbol: Symbol, *, is_async: bool) -> Opened | None:
    """`next(get_db())` of a dependency that is written as one."""
    found = called(project, symbol)
    if not found or found[0][1].decorators or found[0][1].is_async != is_async:
        return None
    module, function = found[0]
    definition = definition_of(module, function)
    if definition is None or not any(isinstance(part, ast.Yield) for part in own_nodes(definition.node)):
        return None
    text = ast.unparse(definition.node)
    reason = _ONE_THREAD if "sqlite3.connect" in text and "check_same_thread" not in text else None
    return (
        Opened(symbol, is_async, symbol, provider=symbol, reason=reason)
        if _opens(project, module, definition)
        else None
    )


def _opens(project: Project, module: Module, definition: Definition) -> list[Opened]:
    calls = (part for part in own_nodes(definition.node) if isinstance(part, ast.Call))
    return [opened for call in calls if (opened := opened_by(project, module, call)) is not None]


def _of_project(project: Project, symbol: Symbol, depth: int) -> Opened | None:
    """What calling a name of the project opens: a session factory, or a function that opens and gives one."""
    home = project.module(symbol.path) if symbol.path is not None and "." not in symbol.name else None
    bindings = home.bindings(symbol.name) if home is not None else ()
    if home is None or len(bindings) != 1:
        return None
    if bindings[0].kind == "assign":
        return _of_factory(project, home, symbol, bindings[0].statement)
    found = called(project, symbol) if bindings[0].kind == "def" else ()
    return _of_function(project, *found[0], symbol, depth) if found else None


def _of_factory(project: Project, home: Module, symbol: Symbol, index: int) -> Opened | None:
    """`SessionLocal = sessionmaker(bind=engine)`."""
    try:
        body = home.tree(index).body
    except (UnreadableSourceError, RecursionError):
        return None
    for node in body:
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        maker = project.resolve(home, dotted(value.func)) if isinstance(value, ast.Call) else None
        if (
            maker is None
            or maker.path is not None
            or maker.name not in SESSION_MAKERS
            or not isinstance(value, ast.Call)
        ):
            continue
        if maker.name.endswith("scoped_session"):
            return None  # one session for each thread, whoever asks
        given = next((keyword.value for keyword in value.keywords if keyword.arg == "class_"), None)
        cls = project.resolve(home, dotted(given)) if given is not None else None
        is_async = "async_sessionmaker" in maker.name or (cls is not None and "async" in cls.name.lower())
        usual = "sqlalchemy.ext.asyncio.AsyncSession" if is_async else "sqlalchemy.orm.Session"
        engine = _bound(project, home, value)
        reason = _reason_of_engine(project, engine) if engine is not None and not is_async else None
        return Opened(engine or symbol, is_async, symbol, cls or Symbol(None, usual), reason=reason)
    return None


def _of_function(project: Project, module: Module, function: Function, symbol: Symbol, depth: int) -> Opened | None:
    """`get_connection()` that returns what it opens, or a context manager that yields it."""
    text = module.statement_text(function.statement)
    definition = definition_of(module, function) if "ession" in text or "onn" in text else None
    if definition is None:
        return None
    decorators = [project.resolve(module, decorator.name) for decorator in function.decorators]
    parts = list(own_nodes(definition.node))
    opened = [one for part in parts if isinstance(part, ast.Call) and (one := opened_by(project, module, part, depth))]
    if len(opened) != 1 or opened[0].provider is not None:
        return None
    sets = any(isinstance(part, ast.Call) and dotted(part.func).endswith(".set") for part in parts)
    if sets or "threading.local" in text:
        opened[0] = opened[0]._replace(reason=opened[0].reason or _SETS)
    type_ = _returned(project, module, function)
    if [d.name for d in decorators if d is not None] in [[manager] for manager in _MANAGERS]:
        commits = any(isinstance(p, ast.Attribute) and p.attr in ("commit", "begin") for p in parts)
        if not any(isinstance(part, ast.Yield) for part in parts):
            return None
        return Opened(symbol, function.is_async, symbol, type_, None, True, commits, opened[0].reason)
    if decorators or function.is_async or opened[0].is_async or any(isinstance(p, ast.Yield) for p in parts):
        return None
    made = {
        target.id
        for part in parts
        if isinstance(part, ast.Assign) and opened_by(project, module, part.value, depth) is not None
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    returned = [part.value for part in parts if isinstance(part, ast.Return)]
    gives = [
        value is not None and (dotted(value) in made or opened_by(project, module, value, depth) is not None)
        for value in returned
    ]
    if not gives or not all(gives):
        return None
    return Opened(symbol, False, symbol, type_ or opened[0].type, reason=opened[0].reason)


def _returned(project: Project, module: Module, function: Function) -> Symbol | None:
    """The class that a function says it gives, that of a generator what it yields."""
    if function.returns is None:
        return None
    names = _NAMES.findall(module.code(function.returns))
    found = [symbol for name in names if (symbol := project.resolve(module, name)) is not None]
    classes = [s for s in found if s.path is None and s.name.partition(".")[0] not in ("typing", "collections")]
    return classes[0] if len(classes) == 1 else None


class SessionProvider(NamedTuple):
    """A dependency that yields a session which it opens itself."""

    yielding: Yielding
    opened: Opened
    call: ast.Call
    commits: bool


def session_providers(project: Project) -> tuple[SessionProvider, ...]:
    """The dependencies that open a session or connection and yield it."""
    return project.remembered("session providers", lambda: tuple(_session_providers(project)))


def _session_providers(project: Project) -> Iterator[SessionProvider]:
    for one in yielding(project):
        name = dotted(one.node.value) if one.node.value is not None else ""
        given: list[ast.expr] = []
        commits = False
        for part in own_nodes(one.definition.node):
            match part:
                case ast.Assign(targets=[target], value=value) if name and dotted(target) == name:
                    given.append(value)
                case ast.AnnAssign(target=target, value=ast.expr() as value) if name and dotted(target) == name:
                    given.append(value)
                case ast.withitem(context_expr=value, optional_vars=ast.expr() as target) if dotted(target) == name:
                    given.append(value)
                case ast.Call(func=ast.Attribute(attr="commit" | "begin")):
                    commits = True
                case _:
                    pass
        if len(given) != 1:
            continue
        value = given[0].value if isinstance(given[0], ast.Await) else given[0]
        opened = opened_by(project, one.provided.module, value)
        if opened is not None and isinstance(value, ast.Call):
            yield SessionProvider(one, opened, value, commits or opened.commits)


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
