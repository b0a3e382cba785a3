"""What injects a session of a database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..index import Module, Project, Symbol
from ..reader import dotted
from .evidence import Evidence
from .model import Observation

_DATABASES = (
    "aiosqlite", "asyncpg", "databases", "motor", "odmantic", "peewee", "psycopg", "psycopg2", "pymongo", "pymysql",
    "pony", "sqlalchemy", "sqlite3", "sqlmodel", "tortoise",
)  # fmt: skip
_ASYNC_DATABASES = re.compile(
    r"aiosqlite|asyncpg|databases|motor|\basyncio\b|(?i:async_?(?:session|engine|connection))"
)


def db_sessions(evidence: Evidence) -> Iterator[Observation]:
    known: dict[Symbol, str | None] = {}
    for target, place in evidence.injections:
        if target not in known:
            known[target] = _provider(evidence, target)
        if provider := known[target]:
            yield provider, place


def _provider(evidence: Evidence, symbol: Symbol) -> str | None:
    """`get_db (sync) in app/db.py` for a function that yields something of a database."""
    found = evidence.function_of(symbol)
    if found is None:
        return None
    module, function = found
    node = next(
        (
            node
            for node in ast.walk(module.tree(function.statement))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == function.name
        ),
        None,
    )
    if node is None or not any(isinstance(part, ast.Yield) for part in ast.walk(node)):
        return None
    names = {dotted(part) for part in ast.walk(node) if isinstance(part, ast.Name | ast.Attribute)}
    meanings = set()
    for name in sorted(names):
        meanings |= _leads_to(evidence.project, module, name, 3)
    databases = {meaning for meaning in meanings if meaning.partition(".")[0] in _DATABASES}
    if not databases:
        return None
    is_async = any(_ASYNC_DATABASES.search(meaning) for meaning in databases)
    return f"{symbol.name} ({'async' if is_async else 'sync'} session) in {module.path}"


def _leads_to(project: Project, module: Module, name: str, depth: int) -> set[str]:
    """Dotted names of other distributions that a name of the project comes from: through assignments, the annotations
    and the imports of functions."""
    symbol = project.resolve(module, name)
    if symbol is None or symbol.path is None:
        return set() if symbol is None else {symbol.name}
    if not depth:
        return set()
    home = project.module(symbol.path)
    found: set[str] = set()
    for binding in home.bindings(symbol.name.partition(".")[0]) if home is not None else ():
        assert home is not None
        for node in home.tree(binding.statement).body:
            used: list[ast.expr] = []
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                used = [node.value.func, *(keyword.value for keyword in node.value.keywords)]
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
                isinstance(node, ast.ClassDef) and "." in symbol.name
            ):
                used = [n for n in ast.walk(node) if isinstance(n, ast.Name | ast.Attribute)]
            for expression in used:
                written = dotted(expression)
                if written and written != name:
                    found |= _leads_to(project, home, written, depth - 1)
    return found
