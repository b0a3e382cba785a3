"""Work that a function starts and does not wait for: tasks whose result nobody takes, and threads nobody joins.

asyncio.create_task(notify(user))
Thread(target=notify, args=(user,), daemon=True).start()
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source.nodes import children, walk
from .functions import FunctionAt, functions_with
from .index import Project, Symbol
from .reader import dotted, statements_within
from .types import Frame, FunctionNode, Types, Value, own_nodes
from .types.bindings import locals_of

_LOOPS = frozenset({"asyncio.get_event_loop", "asyncio.get_running_loop", "asyncio.events.get_running_loop"})
_STARTS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
_TASK = re.compile(r"\b(?:create_task|ensure_future)\s*\(")
_TASK_BYTES = re.compile(rb"\b(?:create_task|ensure_future)\b")
_THREAD = re.compile(r"\bThread\s*\(")
_THREAD_BYTES = re.compile(rb"\bThread\b")


class Started(NamedTuple):
    """A statement that starts work."""

    function: FunctionAt
    statement: ast.stmt
    """The one that starts it."""
    call: ast.Call
    """`create_task(...)` or `Thread(...)`."""
    around: tuple[ast.AST, ...]
    """What the statement stands in, the innermost first, up to and without the function."""
    name: str = ""
    """Of the variable that the task or thread is assigned to, which nothing else looks at."""
    others: tuple[ast.stmt, ...] = ()
    """The other statements about it: `thread = Thread(...)` and `thread.daemon = True` for `thread.start()`."""

    @property
    def written(self) -> str:
        """What starts a task, on one short line: `asyncio.create_task(notify(...))`."""
        inner = self.call.args[0] if self.call.args else None
        name = f"{ast.unparse(inner.func)}(...)" if isinstance(inner, ast.Call) else "..."
        short = name if len(name) < 60 and "\n" not in name else "..."
        return f"{ast.unparse(self.call.func)}({short})"


def tasks_started(project: Project) -> tuple[Started, ...]:
    """Every task that an async or plain function of the project makes and lets go of, tests left out."""
    return project.remembered("tasks started", lambda: tuple(_tasks(project)))


def threads_started(project: Project) -> tuple[Started, ...]:
    """The same for threads that are made to run a function; those of subclasses are not among them."""
    return project.remembered("threads started", lambda: tuple(_threads(project)))


def is_loop(types: Types, frame: Frame, node: ast.expr) -> bool:
    """Whether an expression is the running event loop: a call that gives it, or a name for such a call."""
    if isinstance(node, ast.Call):
        return _named(types.value(frame, node.func)) in _LOOPS
    function = frame.nodes[-1] if frame.nodes else None
    if not isinstance(node, ast.Name) or not isinstance(function, FunctionNode):
        return False
    bound = locals_of(function).get(node.id, [])
    return bool(bound) and all(
        one.kind == "value" and isinstance(one.node, ast.Call) and is_loop(types, frame, one.node) for one in bound
    )


def is_name_of(types: Types, frame: Frame, node: ast.expr, *names: str) -> bool:
    """Whether an expression is something from outside the project, by its dotted names."""
    return _named(types.value(frame, node)) in names


def _named(value: Value | None) -> str:
    return value.symbol.name if value is not None and not value.is_object and value.symbol.path is None else ""


def blocks_around(function: FunctionNode) -> Iterator[tuple[ast.stmt, tuple[ast.AST, ...]]]:
    """The statements of a function, those of nested definitions left out, each with what it stands in."""
    waiting: list[tuple[ast.stmt, tuple[ast.AST, ...]]] = [(node, ()) for node in reversed(function.body)]
    while waiting:
        statement, around = waiting.pop()
        yield statement, around
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        inner: list[tuple[ast.stmt, tuple[ast.AST, ...]]] = []
        for child in children(statement):
            if isinstance(child, ast.stmt):
                inner.append((child, (statement, *around)))
            elif isinstance(child, ast.ExceptHandler | ast.match_case):
                inner += [(part, (child, statement, *around)) for part in child.body]
        waiting += reversed(inner)


def _tasks(project: Project) -> Iterator[Started]:
    types = Types(project)
    for function in functions_with(project, _TASK_BYTES, _TASK, (b"asyncio",)):
        for statement, around in blocks_around(function.node):
            match statement:
                case ast.Expr(value=ast.Call() as call):
                    name = ""
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                    pass
                case _:
                    continue
            if _makes_task(types, function.frame, call.func) and not (name and _mentions(function.node, name) > 1):
                yield Started(function, statement, call, around, name)


def _makes_task(types: Types, frame: Frame, callee: ast.expr) -> bool:
    if dotted(callee).rpartition(".")[2] in ("create_task", "ensure_future") and is_name_of(
        types, frame, callee, *_STARTS
    ):
        return True
    return isinstance(callee, ast.Attribute) and callee.attr == "create_task" and is_loop(types, frame, callee.value)


def _mentions(function: ast.AST, name: str) -> int:
    """How often a name stands in a function, functions in it and declarations as `global` included."""
    found = 0
    for node in walk(function):
        if isinstance(node, ast.Name):
            found += node.id == name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            found += 2 * (name in node.names)
    return found


def _threads(project: Project) -> Iterator[Started]:
    types = Types(project)
    for function in functions_with(project, _THREAD_BYTES, _THREAD, (b"threading",)):
        statements = list(blocks_around(function.node))
        for statement, around in statements:
            match statement:
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Call() as call, attr="start"), args=[])):
                    if _makes_thread(types, function.frame, call):
                        yield Started(function, statement, call, around)
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                    if _makes_thread(types, function.frame, call):
                        yield from _started_by_name(function, statement, call, name, statements)
                case _:
                    pass


def _makes_thread(types: Types, frame: Frame, call: ast.Call) -> bool:
    return is_name_of(types, frame, call.func, "threading.Thread")


def _started_by_name(
    function: FunctionAt,
    made: ast.stmt,
    call: ast.Call,
    name: str,
    statements: list[tuple[ast.stmt, tuple[ast.AST, ...]]],
) -> Iterator[Started]:
    """`t = Thread(...)`, perhaps `t.daemon = True`, `t.start()`, all in one block, and nothing else about `t`."""
    (around,) = [around for statement, around in statements if statement is made]
    start: ast.stmt | None = None
    others = [made]
    for statement, place in statements:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="start"), args=[])):
                if owner == name and place == around:
                    start = statement
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=owner), attr="daemon")]):
                if owner == name and place == around:
                    others.append(statement)
            case ast.Expr(
                value=ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr="setDaemon"), args=[ast.Constant()])
            ):
                if owner == name and place == around:
                    others.append(statement)
            case _:
                pass
    if start is not None and _mentions(function.node, name) == len(others) + 1:
        yield Started(function, start, call, around, name, tuple(others))


def definition_of_callee(types: Types, frame: Frame, node: ast.expr) -> Frame | None:
    """The function of the project that an expression names: of a module, a method, or one that stands in the same
    function."""
    function = frame.nodes[-1] if frame.nodes else None
    if isinstance(node, ast.Name) and isinstance(function, FunctionNode):
        local = [
            one for one in statements_within(function.body) if isinstance(one, FunctionNode) and one.name == node.id
        ]
        if local:
            bound = locals_of(function).get(node.id, [])
            return frame._replace(nodes=(*frame.nodes, local[0])) if len(local) == len(bound) == 1 else None
    value = types.value(frame, node)
    if value is None or value.is_object or value.symbol.path is None:
        return None
    found = types.definition(value.symbol)
    return found if found is not None and isinstance(found.nodes[-1], FunctionNode) else None


def symbol_of(frame: Frame) -> Symbol:
    return Symbol(frame.module.path, frame.name)


def calls_in(function: ast.AST) -> Iterator[ast.Call]:
    """The calls that a function itself makes."""
    return (node for node in own_nodes(function) if isinstance(node, ast.Call))
