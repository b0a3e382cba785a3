"""Whether work that a handler starts can as well run when the response has been sent, as background tasks do.

They run one after the other; not at all where the handler raises, for websockets, and where the response that it
returns has a `background` of its own. What the handler waits for must not be among them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ..source.nodes import children, walk
from .functions import FunctionAt, function_of, routes_of
from .heavy_work import evidence_of, is_endless, polls
from .index import Project
from .raises import http_exceptions_raised
from .reader import dotted
from .started_work import Started, calls_in, definition_of_callee
from .suspension import MUTATORS, locals_of
from .types import Frame, FunctionNode, Types, own_nodes, yields

SESSIONS_LIVE_LONGER_SINCE = (0, 118)

_WAITS = frozenset({"gather", "get", "join", "sleep", "wait", "wait_for", "as_completed"})
_STREAMS = re.compile(r"Stream|EventSource|Sse|SSE")
_CONNECTED = frozenset({"Queue", "PriorityQueue", "LifoQueue", "Event", "Future", "Condition", "SimpleQueue", "Lock"})


def reason_to_start_now(
    project: Project, types: Types, started: Started, job: ast.expr, given: Sequence[ast.expr]
) -> str | None:
    """Why work that a handler starts must not wait for the response. `job` is what is called, `given` its arguments."""
    function = started.function
    if (reason := _of_handler(project, function)) is not None:
        return reason
    if any(isinstance(node, ast.For | ast.AsyncFor | ast.While) for node in started.around):
        return "it is started in a loop: background tasks run one after the other, not at the same time"
    if any(isinstance(node, ast.With | ast.AsyncWith) for node in started.around):
        return "what the `with` around it opens is closed before the response is sent"
    if (reason := _of_what_follows(project, types, started)) is not None:
        return reason
    work = definition_of_callee(types, function.frame, job)
    if work is None:
        return f"`{ast.unparse(job)}` is not a function of the project, so nothing shows that it ends"
    if (reason := _of_job(project, types, work)) is not None:
        return reason
    return _of_arguments(project, types, started, work, given)


def _of_handler(project: Project, function: FunctionAt) -> str | None:
    routes = routes_of(project, function)
    if not routes:
        return f"`{function.name}` is no handler, and only FastAPI gives background tasks to a function"
    if any(route.method == "websocket" for route in routes):
        return "background tasks never run for websockets"
    if yields(function.node):
        return "the handler is a generator"
    return None


def _of_what_follows(project: Project, types: Types, started: Started) -> str | None:
    function = started.function
    raising = {(raised.module.path, raised.function) for raised in http_exceptions_raised(project)}
    streams = False
    for node in own_nodes(function.node):
        match node:
            case ast.keyword(arg="background"):
                return "a response has a `background` of its own, and then no other background tasks run"
            case ast.Call(func=callee) if _STREAMS.search(dotted(callee).rpartition(".")[2]):
                streams = True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="set" | "reset" as method)):
                if "ContextVar" in function.module.text and function.module.bindings(name):
                    return f"`{name}.{method}()` changes a context variable, which the work sees as it is at the end"
            case _:
                pass
    if streams:
        return "the handler streams its response, which may wait for this work"
    for node in following(started):
        match node:
            case ast.Raise():
                return "the handler may raise afterwards, and then background tasks do not run"
            case ast.Await(value=ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name))) if name in _WAITS:
                return f"the handler waits afterwards (`{name}`), perhaps for this work"
            case ast.Call():
                called = definition_of_callee(types, function.frame, node.func)
                if called is None:
                    continue
                if (called.module.path, called.name) in raising:
                    return f"`{ast.unparse(node.func)}` may raise HTTPException, and then background tasks do not run"
                if any(isinstance(part, ast.keyword) and part.arg == "background" for part in _nodes(called)):
                    return f"the response of `{ast.unparse(node.func)}` has a `background` of its own"
            case _:
                pass
    return None


def _nodes(frame: Frame) -> Iterator[ast.AST]:
    return own_nodes(frame.nodes[-1])


def following(started: Started) -> Iterator[ast.AST]:
    """The nodes that may run after the statement: those behind it in its block and in the blocks around, and the
    `except` clauses of what may still fail."""
    chain: list[ast.AST] = [started.statement, *started.around, started.function.node]
    is_last = True
    """Nothing stands behind it yet."""
    for inner, outer in pairwise(chain):
        for field in ("body", "orelse", "finalbody", "handlers"):
            block = getattr(outer, field, None)
            if not isinstance(block, list):
                continue
            if inner in block and field != "handlers":
                rest = block[block.index(inner) + 1 :]
                is_last = is_last and not any(_may_fail(statement) for statement in rest)
                for statement in rest:
                    yield from _walked(statement)
            elif isinstance(outer, ast.Try) and inner in outer.body and (field != "handlers" or not is_last):
                for part in block:
                    yield from _walked(part)


def _may_fail(statement: ast.stmt) -> bool:
    return any(isinstance(node, ast.Call | ast.Await | ast.Subscript | ast.Raise) for node in walk(statement))


def _walked(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield node
    for child in children(node):
        yield from _walked(child)


def _of_job(project: Project, types: Types, work: Frame) -> str | None:
    node = work.nodes[-1]
    name = getattr(node, "name", "")
    if is_endless(node) is not None:
        return f"`{name}` does not end, and no response would be complete before it does"
    if polls(node) is not None:
        return f"`{name}` looks again and again for something to happen, and may take long"
    if yields(node):
        return f"`{name}` is a generator"
    heavy = evidence_of(project, types, work)
    if heavy is not None:
        return f"`{name}` {heavy.what} at {heavy.path}:{heavy.line}: it is heavy, and belongs in a queue"
    return None


def _of_arguments(
    project: Project, types: Types, started: Started, work: Frame, given: Sequence[ast.expr]
) -> str | None:
    function = started.function
    own = locals_of(function.node)
    names = {node.id for value in given for node in walk(value) if isinstance(node, ast.Name) and node.id in own}
    if function.node in work.nodes[:-1]:  # a function in the handler: what it uses of the handler's
        inside = work.nodes[-1]
        used = {node.id for node in walk(inside) if isinstance(node, ast.Name)}
        names |= used & own - locals_of(inside) - {getattr(inside, "name", "")}
        for node in following(started):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in names:
                return f"`{node.id}` gets another value before the work would begin"
    for name in sorted(names):
        if (reason := _of_name(project, types, started, name)) is not None:
            return reason
    return None


def _of_name(project: Project, types: Types, started: Started, name: str) -> str | None:
    function = started.function
    for call in calls_in(function.node):
        made = dotted(call.func).rpartition(".")[2]
        if made in _CONNECTED and _is_assigned(function.node, name, call):
            return f"`{name}` connects the work with the handler"
    for node in following(started):
        match node:
            case (
                ast.Attribute(value=value, ctx=ast.Store() | ast.Del())
                | ast.Subscript(value=value, ctx=ast.Store() | ast.Del())
            ) if _head(value) == name:
                return f"`{name}` is changed before the work would begin"
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if (
                method in MUTATORS | {"close", "aclose", "rollback", "expunge", "sort", "reverse"}
            ) and _head(value) == name:
                return f"`{name}.{method}()` changes `{name}` before the work would begin"
            case ast.Await(value=ast.Call(func=ast.Attribute(value=value))) if _head(
                value
            ) == name and name not in _parameters(function.node):
                return f"the handler awaits `{name}` afterwards, perhaps for this work"
            case ast.AsyncFor(iter=value) | ast.comprehension(iter=value, is_async=1) if _head(value) == name:
                return f"the handler iterates over `{name}` afterwards"
            case _:
                pass
    return _of_session(project, types, function, name)


def _of_session(project: Project, types: Types, function: FunctionAt, name: str) -> str | None:
    """Whether a parameter is what a generator provides and takes back before background tasks run."""
    versions = project.versions
    known = function_of(function)
    parameter = next((p for p in known.parameters if p.name == name), None) if known is not None else None
    if parameter is None:
        return None
    text = function.module.text[parameter.start : parameter.end]
    if re.search(r"scope\s*=\s*[\"']function", text):
        return f"`{name}` is closed before background tasks run, by its scope"
    if versions.supports_fastapi(SESSIONS_LIVE_LONGER_SINCE):
        return None
    for provider in re.findall(r"\b(?:Depends|Security)\(\s*(?:dependency\s*=\s*)?([A-Za-z_][\w.]*)", text):
        symbol = project.resolve(function.module, provider)
        frame = types.definition(symbol) if symbol is not None and symbol.path is not None else None
        if frame is None or yields(frame.nodes[-1]):
            return f"FastAPI before 0.118 closes `{name}` before background tasks run"
    return None


def _is_assigned(function: FunctionNode, name: str, call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is call
        and any(dotted(t) == name for t in (node.targets if isinstance(node, ast.Assign) else [node.target]))
        for node in own_nodes(function)
    )


def _head(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _parameters(function: FunctionNode) -> set[str]:
    return {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
