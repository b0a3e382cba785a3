"""An object that belongs to one thread is made and used in the same one.

It reports connections of sqlite3 that a plain dependency makes and an `async def` handler uses, or the other way
round, and those that a module makes for its plain handlers.

## Why

FastAPI runs plain functions in threads of a pool and `async def` functions in the thread of the event loop. A
connection of sqlite3 may only be used by the thread that made it, and raises `ProgrammingError` in any other.

## Left alone

- Connections that are made with `check_same_thread=False`.

## Safety

It only reports. Make dependency and handler both `async def`, or connect with `check_same_thread=False` where no two
requests share the connection.

See <https://fastapi.tiangolo.com/async/> and <https://docs.python.org/3/library/sqlite3.html#sqlite3.connect>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.functions import FunctionAt, functions_with, routes_of
from ...project.reader import dotted
from ...project.types import Frame, FunctionNode, Types, own_nodes
from ...source.discovery import is_test
from ...source.nodes import walk

_CONNECTS = re.compile(rb"\bsqlite3\b")
_CONNECT = "sqlite3.connect"


class ThreadBoundObject(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        if not any(_spells_sqlite(project, path) for path in project.paths if not is_test(path)):
            return
        types = Types(project)
        for function in functions_with(project, re.compile(rb"@"), re.compile(r"@")):
            if not routes_of(project, function):
                continue
            yield from self._injected(types, function)
            if isinstance(function.node, ast.FunctionDef):
                yield from self._of_module(types, function)

    def _injected(self, types: Types, function: FunctionAt) -> Iterator[Finding]:
        """A connection that a dependency makes in another thread."""
        is_async = isinstance(function.node, ast.AsyncFunctionDef)
        outside = function.frame._replace(nodes=function.outside)
        for parameter, provider in _providers(types, outside, function.node):
            made = types.definition(provider)
            if made is None or not isinstance(made.nodes[-1], FunctionNode):
                continue
            if isinstance(made.nodes[-1], ast.AsyncFunctionDef) == is_async or not _makes(types, made):
                continue
            here, there = ("the thread of the event loop", "a thread of the pool")
            if not is_async:
                here, there = there, here
            yield self.finding(
                function.location(function.node)._replace(end_line=function.line),
                f"`{provider.name}` connects to SQLite in {there}, and `{function.name}` uses `{parameter}` in {here}:"
                " sqlite3 raises ProgrammingError",
                anchor=f"{function.name}.{parameter}",
            )

    def _of_module(self, types: Types, function: FunctionAt) -> Iterator[Finding]:
        """A connection that a module makes when it is imported."""
        seen: set[str] = set()
        for node in own_nodes(function.node):
            name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
            if not name or name in seen or not isinstance(getattr(node, "ctx", None), ast.Load):
                continue
            seen.add(name)
            symbol = types.project.resolve(function.module, name)
            if symbol is None or symbol.path is None or "." in symbol.name or _is_local(function, name):
                continue
            home = types.project.module(symbol.path)
            bindings = home.bindings(symbol.name) if home is not None else ()
            if home is None or len(bindings) != 1 or bindings[0].kind != "assign":
                continue
            if b"sqlite3" not in home.data:
                continue
            frame = Frame(home, ())
            for statement in home.tree(bindings[0].statement).body:
                made = statement.value if isinstance(statement, ast.Assign) else None
                if isinstance(made, ast.Call) and _connects(types, frame, made):
                    yield self.finding(
                        function.location(function.node)._replace(end_line=function.line),
                        f"`{name}` is a connection to SQLite that {home.path} makes when it is imported, and"
                        f" `{function.name}` uses it in a thread of the pool: sqlite3 raises ProgrammingError",
                        anchor=f"{function.name}.{name}",
                    )


def _spells_sqlite(project: Project, path: str) -> bool:
    try:
        return _CONNECTS.search(project.data(path)) is not None
    except OSError:
        return False


def _is_local(function: FunctionAt, name: str) -> bool:
    head = name.partition(".")[0]
    arguments = function.node.args
    return any(a.arg == head for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)) or any(
        isinstance(node, ast.Name) and node.id == head and isinstance(node.ctx, ast.Store)
        for node in own_nodes(function.node)
    )


def _providers(types: Types, outside: Frame, node: FunctionNode) -> Iterator[tuple[str, Symbol]]:
    """The parameters that dependencies of the project provide."""
    arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
    positional = (*node.args.posonlyargs, *node.args.args)
    defaults: dict[str, ast.expr | None] = dict(
        zip([a.arg for a in positional[len(positional) - len(node.args.defaults) :]], node.args.defaults, strict=True)
    )
    defaults.update(zip([a.arg for a in node.args.kwonlyargs], node.args.kw_defaults, strict=True))
    for argument in arguments:
        given = [defaults.get(argument.arg), argument.annotation]
        for part in (inner for one in given if one is not None for inner in walk(one)):
            if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] == "Depends" and part.args:
                value = types.value(outside, part.args[0])
                if value is not None and not value.is_object and value.symbol.path is not None:
                    yield argument.arg, value.symbol


def _makes(types: Types, frame: Frame, depth: int = 2) -> bool:
    """Whether a function connects to SQLite itself, or by a function that it calls."""
    for node in own_nodes(frame.nodes[-1]):
        if not isinstance(node, ast.Call):
            continue
        if _connects(types, frame, node):
            return True
        value = types.value(frame, node.func)
        if depth and value is not None and not value.is_object and value.symbol.path is not None:
            called = types.definition(value.symbol)
            if (
                called is not None
                and isinstance(called.nodes[-1], ast.FunctionDef)
                and _makes(types, called, depth - 1)
            ):
                return True
    return False


def _connects(types: Types, frame: Frame, call: ast.Call) -> bool:
    value = types.value(frame, call.func)
    if value is None or value.symbol.path is not None or value.symbol.name != _CONNECT:
        return False
    return not any(keyword.arg in ("check_same_thread", None) for keyword in call.keywords) and len(call.args) < 5
