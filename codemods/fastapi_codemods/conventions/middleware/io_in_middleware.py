"""Middleware asks no database and no other service on the way of each request.

It reports the first such call of each middleware, directly or by way of functions of the project, and whether it is
sync or async.

## Why

A middleware runs for every request: for the documentation, for health checks, for what is refused a moment later.
What it asks for is asked that often. A dependency asks only for the routes that need it, is cached for the request,
and can be overridden in tests.

## Left alone

- Caches such as Redis, which are made for that, and requests that the middleware answers itself.
- Objects whose class the source does not tell.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/tutorial/middleware/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.middlewares import function_at, middleware_functions
from ...project.reader import dotted
from ...project.started_work import calls_in, definition_of_callee, symbol_of
from ...project.suspension import locals_of
from ...project.types import Frame, FunctionNode, Types, own_nodes
from ...source.nodes import walk

FUNCTIONS_FOLLOWED = 30

_HTTP = re.compile(
    r"(?:requests\.(?:get|post|put|patch|delete|head|request|Session|session)|urllib\.request\.urlopen"
    r"|httpx\.(?:get|post|put|patch|delete|head|request|Client|AsyncClient)|aiohttp\.(?:ClientSession|request))\b"
)
_DATABASE = re.compile(
    r"(?:sqlite3\.connect|psycopg2?\.connect|pymysql\.connect|asyncpg\.(?:connect|create_pool)|aiosqlite\.connect"
    r"|sqlalchemy\.(?:orm\.)?(?:Session|session\.Session)|sqlalchemy\.ext\.asyncio\.(?:AsyncSession|session\.AsyncSession)"
    r"|sqlmodel\.Session|pymongo\.MongoClient|motor\.\w+\.AsyncIOMotorClient)\b"
)
_FACTORIES = frozenset(
    {
        "sqlalchemy.orm.sessionmaker", "sqlalchemy.orm.scoped_session", "sqlalchemy.ext.asyncio.async_sessionmaker",
        "sqlalchemy.ext.asyncio.async_scoped_session", "sqlalchemy.orm.session.sessionmaker",
    }
)  # fmt: skip


class _Asked(NamedTuple):
    what: str
    """`a database` or `another service`."""
    name: str
    place: str


class IoInMiddleware(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        types = Types(project)
        for registration in middleware_functions(project):
            work = registration.work
            assert work is not None
            asked = _asked(types, work)
            function = function_at(work)
            if asked is None or function is None:
                continue
            yield self.finding(
                function.location(function.node)._replace(end_line=function.line),
                f"the middleware `{registration.name}` asks {asked.what} on the way of each request"
                f" (`{asked.name}` at {asked.place}); a dependency would ask only for the routes that need it",
                anchor=f"{work.name}.{asked.name}",
            )


def _asked(types: Types, start: Frame) -> _Asked | None:
    waiting, seen = [start], {symbol_of(start)}
    while waiting:
        frame = waiting.pop(0)
        aside = _answers_aside(frame) if frame is start else frozenset()
        for call in calls_in(frame.nodes[-1]):
            if id(call) in aside:
                continue
            if (found := _kind(types, frame, call)) is not None:
                what, name = found
                line = _lines_before(frame) + call.lineno
                return _Asked(what, name, f"{frame.module.path}:{line}")
            called = definition_of_callee(types, frame, call.func)
            if called is not None and symbol_of(called) not in seen and len(seen) < FUNCTIONS_FOLLOWED:
                seen.add(symbol_of(called))
                waiting.append(called)
    return None


def _answers_aside(frame: Frame) -> frozenset[int]:
    """The calls by which a middleware answers some requests itself, as `return await self.forward(request)`."""
    node = frame.nodes[-1]
    assert isinstance(node, FunctionNode)
    onward = node.args.args[-1].arg if node.args.args else ""
    return frozenset(
        id(inner)
        for part in own_nodes(node)
        if isinstance(part, ast.Return) and part.value is not None
        for found in [list(walk(part.value))]
        if not any(isinstance(one, ast.Name) and one.id == onward for one in found)
        for inner in found
        if isinstance(inner, ast.Call)
    )


def _lines_before(frame: Frame) -> int:
    bindings = frame.module.bindings(getattr(frame.nodes[0], "name", ""))
    return frame.module.facts.statements[bindings[0].statement].line - 1 if bindings else 0


def _kind(types: Types, frame: Frame, call: ast.Call) -> tuple[str, str] | None:
    """What a call asks, and its name."""
    value = types.value(frame, call.func)
    if value is not None and value.symbol.path is None:
        if _HTTP.match(value.symbol.name):
            return "another service", value.symbol.name
        return ("a database", value.symbol.name) if _DATABASE.match(value.symbol.name) else None
    name = dotted(call.func)
    symbol = types.project.resolve(frame.module, name) if value is None and name else None
    if symbol is None or symbol.path is None or not _is_session_factory(types, symbol):
        return None
    return ("a database", name) if name.partition(".")[0] not in locals_of(frame.nodes[-1]) else None


def _is_session_factory(types: Types, symbol: Symbol) -> bool:
    """Whether a name of a module stands for what makes sessions: `SessionLocal = sessionmaker(engine)`."""
    home = types.project.module(symbol.path or "")
    bindings = home.bindings(symbol.name) if home is not None else ()
    if home is None or len(bindings) != 1 or bindings[0].kind != "assign":
        return False
    for statement in home.tree(bindings[0].statement).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.Call):
            made = types.project.resolve(home, dotted(statement.value.func))
            return made is not None and made.path is None and made.name in _FACTORIES
    return False
