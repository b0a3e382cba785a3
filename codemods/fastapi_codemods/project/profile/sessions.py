"""What injects a session of a database.

Where types are written they decide: those of the parameters that a provider fills, then what it says it returns. Where
nobody writes one, what it yields is followed to the library it comes from.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...source.nodes import walk
from ..index import Module, Project, Symbol
from ..model import Function
from ..reader import dotted
from ..types import own_nodes
from .evidence import Evidence, Injection, Written
from .mentions import Text
from .model import Observation

_DATABASES = frozenset(
    {
        "aiomysql", "aiosqlite", "asyncpg", "cx_Oracle", "databases", "motor", "mysql", "oracledb", "peewee", "pony",
        "psycopg", "psycopg2", "psycopg_pool", "pymongo", "pymysql", "pyodbc", "sqlalchemy", "sqlite3", "sqlmodel",
        "tortoise",
    }
)  # fmt: skip
_SESSION = re.compile(r"(?i)(?:session|connection|cursor|database|collection|client|pool|transaction)\Z")
_FACTORY = re.compile(r"(?i)(?:sessionmaker|\bcallable\b|factory)")
# What a callable takes says nothing of what it gives.
_TAKEN = re.compile(r"Callable\[\s*\[[^\]]*\]\s*,")
_ASYNC = re.compile(r"(?i)async|aiosqlite|aiomysql|asyncpg|\bdatabases\b|motor|tortoise")
_NAME = re.compile(r"[A-Za-z_][\w.]*")
# They say how, not what.
_AROUND_TYPES = ("typing", "typing_extensions", "collections", "contextlib")
_SAYS_NOTHING = frozenset({"Any", "None", "object", "Optional", "Union", "Annotated"})

Kind = tuple[bool, bool]
"""Asynchronous; a factory of sessions."""


def db_sessions(evidence: Evidence) -> Iterator[Observation]:
    by_target: dict[Symbol, list[Injection]] = {}
    for injection in evidence.injections:
        by_target.setdefault(injection.target, []).append(injection)
    for target, injections in by_target.items():
        if (kind := _kind(evidence, target, injections)) is not None:
            name = _described(target, kind)
            yield from ((name, injection.place) for injection in injections)


def _described(provider: Symbol, kind: Kind) -> str:
    """`get_db (sync session) in app/db.py`."""
    is_async, is_factory = kind
    what = f"({'async' if is_async else 'sync'} session{' factory' if is_factory else ''})"
    if provider.path is not None:
        return f"{provider.name} {what} in {provider.path}"
    package, _, name = provider.name.rpartition(".")
    return f"{name} {what} from {package}"


def _kind(evidence: Evidence, provider: Symbol, injections: Sequence[Injection]) -> Kind | None:
    """None for what provides no session."""
    written = list(dict.fromkeys(injection.type for injection in injections if injection.type is not None))
    found = evidence.function_of(provider)
    if found is not None and found[1].returns is not None:
        start, end = found[1].returns
        written.append(Written(evidence.text(found[0]), start, end))
    for annotation in written:
        decided, kind = _of_annotation(evidence.project, annotation)
        if decided:
            return kind
    return _of_body(evidence, *found) if found is not None else None


def _of_annotation(project: Project, written: Written) -> tuple[bool, Kind | None]:
    """Whether a type says anything, and what."""
    # A type in quotes is blanked in the masked text.
    code = written.text.module.text[written.start : written.end]
    code = _TAKEN.sub("Callable[", code)
    names = list(dict.fromkeys(_NAME.findall(code)))
    said = False
    for name in names:
        symbol = _type_named(project, written.text, name, written.start)
        if symbol is None:
            said = said or (name not in _SAYS_NOTHING and hasattr(builtins, name))
            continue
        if symbol.path is None and symbol.name.partition(".")[0] in _AROUND_TYPES:
            continue
        if library := _library_class(project, symbol):
            is_factory = "sessionmaker" in library or _FACTORY.search(code) is not None
            if is_factory or _SESSION.search(library):
                return True, (_ASYNC.search(library) is not None, is_factory)
        said = True
    return said, None


def _type_named(project: Project, text: Text, name: str, offset: int) -> Symbol | None:
    if found := text.meaning(name, offset):
        return found
    # For type checkers alone.
    head, _, rest = name.partition(".")
    for item in text.module.facts.imports:
        if item.local == head and item.type_checking:
            return project.follow_import(text.module.path, f"{item.target}.{rest}" if rest else item.target)
    return None


def _library_class(project: Project, symbol: Symbol, depth: int = 5) -> str:
    """The class of a database's library that a type is, derives from or stands for; empty for any other."""
    if symbol.path is None:
        return symbol.name if symbol.name.partition(".")[0] in _DATABASES else ""
    module = project.module(symbol.path)
    if module is None or not depth:
        return ""
    for binding in module.bindings(symbol.name):
        for node in module.tree(binding.statement).body:
            # `class Session(AsyncSession)`, `ReadSession = NewType("ReadSession", AsyncSession)`
            above: list[ast.expr] = []
            if isinstance(node, ast.ClassDef) and node.name == symbol.name:
                above = node.bases
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                above = [*node.value.args, node.value.func] if isinstance(node.value, ast.Call) else [node.value]
            for base in above:
                plain = base.value if isinstance(base, ast.Subscript) else base
                found = project.resolve(module, dotted(plain))
                if found is not None and found != symbol and (name := _library_class(project, found, depth - 1)):
                    return name
    return ""


# Without types: what the function yields


class _Source(NamedTuple):
    """What a value is made of: `database` and `.session` for `database().session()`."""

    name: str
    attributes: tuple[str, ...] = ()
    """Of what calling the name gives."""


def _of_body(evidence: Evidence, module: Module, function: Function) -> Kind | None:
    nodes = [
        node
        for node in walk(module.tree(function.statement))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function.name
    ]
    if len(nodes) != 1:
        return None
    parts = list(own_nodes(nodes[0]))
    given = [part.value for part in parts if isinstance(part, ast.Yield) and part.value is not None]
    origins = _Origins(evidence.project)
    meanings: set[str] = set()
    for source in _sources(given, parts):
        meanings |= origins.of(module, source, 4)
    databases = {meaning for meaning in meanings if meaning.partition(".")[0] in _DATABASES}
    return (any(_ASYNC.search(meaning) for meaning in databases), False) if databases else None


def _sources(given: Iterable[ast.expr], parts: Sequence[ast.AST]) -> Iterator[_Source]:
    """What the values are made of, through assignments and `with` of the same function."""
    bound: dict[str, list[ast.expr]] = {}
    for part in parts:
        if isinstance(part, ast.Assign):
            for target in part.targets:
                bound.setdefault(dotted(target), []).append(part.value)
        elif isinstance(part, ast.AnnAssign) and part.value is not None:
            bound.setdefault(dotted(part.target), []).append(part.value)
        elif isinstance(part, ast.withitem) and part.optional_vars is not None:
            bound.setdefault(dotted(part.optional_vars), []).append(part.context_expr)
    seen: set[_Source] = set()
    waiting = list(given)
    while waiting:
        if (source := _source(waiting.pop())) is not None and source not in seen:
            seen.add(source)
            yield source
            waiting += bound.get(source.name.partition(".")[0], [])


def _source(expression: ast.expr) -> _Source | None:
    attributes: list[str] = []
    while not (name := dotted(expression)):
        match expression:
            # What is passed to a call is not what it gives.
            case ast.Call(func=inner) | ast.Await(value=inner) | ast.Subscript(value=inner):
                expression = inner
            case ast.Attribute(value=inner, attr=attribute):
                attributes.append(attribute)
                expression = inner
            case _:
                return None
    return _Source(name, tuple(reversed(attributes)))


class _Origins:
    """Which names of other distributions a value of the project comes from: through assignments and through what
    functions return or yield, by annotation or by expression."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._known: dict[tuple[Symbol, tuple[str, ...]], set[str]] = {}

    def of(self, module: Module, source: _Source, depth: int) -> set[str]:
        symbol = self._project.resolve(module, source.name)
        if symbol is None or symbol.path is None:
            return set() if symbol is None else {symbol.name}
        key = (symbol, source.attributes)
        if key in self._known or not depth:
            return self._known.get(key, set())
        found = self._known[key] = set()
        home = self._project.module(symbol.path)
        head, *attributes = [*symbol.name.split("."), *source.attributes]
        for binding in home.bindings(head) if home is not None else ():
            assert home is not None
            for node in home.tree(binding.statement).body:
                for origin in _origins(node, attributes):
                    if origin != source:
                        found |= self.of(home, origin, depth - 1)
        return found


def _origins(node: ast.stmt, attributes: Sequence[str]) -> Iterator[_Source]:
    """What a definition gives, or the attributes of what it gives."""
    match node:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            yield from _with_attributes(_sources([value], ()), attributes)
            if isinstance(value, ast.Call):
                # `Local = sessionmaker(class_=AsyncSession)`
                yield from (_Source(name) for keyword in value.keywords if (name := dotted(keyword.value)))
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            if node.returns is not None:
                parts = [part for part in walk(node.returns) if isinstance(part, ast.Name | ast.Attribute)]
                yield from _with_attributes((_Source(dotted(part)) for part in parts), attributes)
            inside = list(own_nodes(node))
            given = [p.value for p in inside if isinstance(p, ast.Return | ast.Yield) and p.value is not None]
            yield from _with_attributes(_sources(given, inside), attributes)
        case ast.ClassDef() if attributes:
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef) and inner.name == attributes[0]:
                    yield from _origins(inner, attributes[1:])
                elif isinstance(inner, ast.AnnAssign) and dotted(inner.target) == attributes[0]:
                    yield _Source(dotted(inner.annotation), tuple(attributes[1:]))
        case _:
            return


def _with_attributes(sources: Iterable[_Source], attributes: Sequence[str]) -> Iterator[_Source]:
    return (_Source(source.name, (*source.attributes, *attributes)) for source in sources if source.name)
