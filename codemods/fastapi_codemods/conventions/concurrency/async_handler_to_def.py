"""A handler that blocks and awaits nothing is a plain function.

`async def report(): return requests.get(url).json()` becomes `def report(): ...`. FastAPI runs plain functions in a
thread pool, so that the event loop is free meanwhile.

It runs when it is selected by its name; `blocking-in-async` reports the calls in any case, and `wrap-blocking-call` is
the other remedy. Where most handlers of the project await something, they stay async and are left to that one, so that
both can be selected together; `--ladder def` makes plain functions of them all the same, `--ladder thread` of none.

## Why

`async def` promises that the function gives way while it waits. One that blocks instead stops every other request.

## Left alone

- Handlers that await something, and those that do not block: an `async def` without `await` costs less than a thread.
- Handlers that are called or handed on elsewhere, where they would no longer give a coroutine.
- Handlers that change a variable of their module, set a context variable, use the event loop or `threading.local`, or
  call a function of the project that does.
- Handlers that use a connection, session or client of the module, directly or through functions of the project, which
  two threads must not use, and databases in memory, of which SQLAlchemy has one for each thread, or with
  `check_same_thread`.
- Handlers that get a session or connection from an async dependency, which makes it in the thread of the event loop.
- Handlers under other decorators, handlers of websockets, and generators.

## Safety

Serial-safe: for requests that come one after the other nothing changes. Requests at the same time no longer wait for
each other; the handler runs in a thread, with a copy of the context variables. At most 40 do so at a time.

See <https://fastapi.tiangolo.com/async/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Project, Span, Symbol
from ...project.calls import BlockingCall, blocking_calls
from ...project.operations import Operation, decorator_besides, definition_of, operations_of
from ...project.references import uses
from ...project.threads import Threads, may_be_session
from ...project.types import yields
from ...source.nodes import walk

_ASYNC = re.compile(r"async[ \t]+")


FEW = 5
"""So many handlers do not say yet how a project writes them."""


class Options(NamedTuple):
    ladder: str = "share"


class AsyncHandlerToDef(Codemod):
    safety = Safety.SERIAL_SAFE
    options = Options()
    choices = MappingProxyType({"ladder": ("share", "def", "thread")})

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        blocking: dict[tuple[str, str], list[BlockingCall]] = {}
        for call in blocking_calls(project):
            if call.is_handler and not call.awaits:
                blocking.setdefault((call.path, call.function), []).append(call)
        threads = Threads(project)
        against = self._against_all(project, blocking) if blocking else None
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            function = operation.function
            calls = blocking.get((operation.module.path, function.qualified_name))
            place = operation.module.path, function.line
            if not calls or not function.is_async or place in seen:
                continue
            seen.add(place)
            asks_database = any(call.leaf.startswith("sqlalchemy.") for call in calls)
            databases = threads.reason_of_databases if asks_database else None
            named = dict.fromkeys(f"`{call.written}`" for call in calls)
            yield self.finding(
                operation.module.location(function.line, 1, function.end_line),
                f"async `{function.name}` awaits nothing and blocks the event loop ({', '.join(named)})",
                anchor=function.qualified_name,
                left_alone=against or databases or _reason(project, threads, operation),
                subject=operation,
            )

    def _against_all(self, project: Project, blocking: Collection[tuple[str, str]]) -> str | None:
        """Why handlers stay async in this project, whatever they do."""
        if self.options.ladder == "thread":
            return "`--ladder thread` leaves it to wrap-blocking-call"
        if self.options.ladder == "def":
            return None
        awaiting = others = 0
        seen: set[tuple[str, str]] = set()
        for operation in operations_of(project):
            place = operation.module.path, operation.function.qualified_name
            if operation.method == "websocket" or place in seen:
                continue
            seen.add(place)
            if operation.function.is_async and place not in blocking and _awaits(operation):
                awaiting += 1
            else:
                others += 1
        if awaiting + others < FEW or awaiting <= others:
            return None
        return (
            f"{awaiting} of {awaiting + others} handlers await something: this one belongs to wrap-blocking-call"
            " (`--ladder def` makes a plain function of it)"
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            operation: Operation = finding.subject
            start = operation.function.span.start
            word = _ASYNC.match(operation.module.text, start)
            assert word is not None
            edits.replace(operation.module, Span(start, word.end()), "", finding)


def _awaits(operation: Operation) -> bool:
    definition = definition_of(operation.module, operation.function)
    return definition is not None and any(
        isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) for node in walk(definition.node)
    )


def _reason(project: Project, threads: Threads, operation: Operation) -> str | None:
    module, function = operation.module, operation.function
    if operation.method == "websocket":
        return "FastAPI calls handlers of websockets on the event loop only"
    if decorator := decorator_besides(function):
        return f"`@{decorator}` may need a coroutine"
    if not _ASYNC.match(module.text, function.span.start):
        return "a line ends between `async` and `def`"
    definition = definition_of(module, function)
    if definition is None:
        return "it cannot be parsed"
    if yields(definition.node):
        return "it is a generator, which would run in other threads step by step"
    symbol = Symbol(module.path, function.qualified_name)
    if not function.scopes:
        for use in uses(project, [symbol])[symbol]:
            return f"it is used at {use.place}, where it gives a coroutine"
    if (reason := threads.reason_against_function(symbol)) is not None:
        return reason
    for parameter in function.parameters:
        if (why := may_be_session(threads, symbol, parameter.name)) is not None:
            return why
    return _reason_in_body(definition.node)


def _reason_in_body(node: ast.AST) -> str | None:
    for inner in walk(node):
        match inner:
            case ast.Name(id="get_running_loop" | "create_task" | "ensure_future" | "get_event_loop" as name):
                return f"it uses `{name}`, which needs the event loop"
            case ast.Raise(exc=ast.Name(id="StopIteration") | ast.Call(func=ast.Name(id="StopIteration"))):
                return "it raises StopIteration, which does not come out of a thread"
            case _:
                pass
    return None
