"""A stream or a WebSocket does not hold a session.

Reported are dependencies that open a database session and are asked for by a WebSocket handler that waits for messages
in a loop, or by a handler that answers with a stream.

## Why

What a dependency opened is closed when the request is over, and a WebSocket is over when the client leaves: each open
page holds a connection of the pool, with a transaction that began when it came. The same goes for a stream, until its
last byte has been taken (in FastAPI from 0.118 on, and before 0.106; in between, and with `scope="function"`, the
session is closed before the stream begins, and whoever uses it there fails).

The remedy is a session for each message, or for each part of the stream: `with SessionLocal() as session:` inside of
the loop; or all that the stream needs is read before it begins.

## Left alone

- WebSocket handlers without a loop; streams of what is there already: memory, files, one piece of text.
- A session that is closed before the stream begins, where the stream does not use it.
- Sessions that come from elsewhere than a dependency of the project which opens and yields them.
- Tests.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/advanced/advanced-dependencies/#use-cases-with-early-exit-code>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.injected import Injected, called, injected_by
from ...project.operations import Definition, Operation, definition_of, operations_of, own_nodes
from ...project.provided import session_symbols
from ...project.reader import dotted
from ...project.versions import Versions
from ...source.discovery import is_test
from ...source.nodes import walk

_STREAMS = frozenset({"StreamingResponse", "EventSourceResponse", "ServerSentEventResponse"})
# Between these, what a dependency opened was closed before the response was sent.
RESPONDS_AFTER_EXIT = ((0, 106), (0, 118))
_IN_MEMORY = re.compile(r"\b(?:BytesIO|StringIO)\Z|read|download|get_file|get_object")
_MAY_STREAM = re.compile(r"\b(?:StreamingResponse|EventSourceResponse|yield)\b")
_DEEPEST = 5


class SessionHeldByStream(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        sessions = session_symbols(project)
        if not sessions:
            return
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            place = module.path, function.span.start
            if place in seen or is_test(module.path):
                continue
            seen.add(place)
            text = module.statement_text(function.statement)
            if operation.method != "websocket" and not _MAY_STREAM.search(text):
                continue
            asked = [one for one in injected_by(project, module, function) if _leads_to(project, one, sessions)]
            definition = definition_of(module, function) if asked else None
            if definition is None or not (why := _why(project.versions, operation, definition, asked[0])):
                continue
            line = asked[0].parameter.line
            yield self.finding(
                module.location(line, asked[0].parameter.column, asked[0].parameter.end_line),
                f"`{function.name}` asks for a session by `{asked[0].parameter.name}` and {why}",
                anchor=f"{function.qualified_name}.{asked[0].parameter.name}",
            )


def _leads_to(project: Project, one: Injected, sessions: frozenset[Symbol], depth: int = 0) -> bool:
    """Whether a dependency is a session, or has one."""
    provider = one.marker.provider
    if provider is None or depth > _DEEPEST:
        return False
    if provider in sessions:
        return True
    found = called(project, provider)
    return any(
        _leads_to(project, inner, sessions, depth + 1)
        for module, function in found
        for inner in injected_by(project, module, function)
    )


def _why(versions: Versions, operation: Operation, definition: Definition, asked: Injected) -> str:
    node = definition.node
    if operation.method == "websocket":
        loops = any(isinstance(part, ast.While | ast.AsyncFor) for part in own_nodes(node))
        if not loops:
            return ""
        return "waits for messages in a loop: the session stays open until the client leaves; open one for each message"
    stream = _stream(node)
    if stream is None:
        return ""
    scope = asked.marker.argument("scope")
    is_early = isinstance(scope, ast.Constant) and scope.value == "function"
    if is_early or RESPONDS_AFTER_EXIT[0] <= versions.fastapi < RESPONDS_AFTER_EXIT[1]:
        uses = any(isinstance(part, ast.Name) and part.id == asked.parameter.name for part in stream)
        closed = "streams what it reads with it: the session is closed before the stream begins; open one inside of it"
        return closed if uses else ""
    return (
        "answers with a stream: the session stays open until its end; read before it begins, or open one inside of it"
    )


def _stream(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST] | None:
    """All that is evaluated while a handler streams; None where it sends what it has, such as a file that is open."""
    if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes(node)):
        return list(own_nodes(node))
    functions = {n.name: n for n in walk(node) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    for part in own_nodes(node):
        if not (isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] in _STREAMS):
            continue
        given = part.args[0] if part.args else next((k.value for k in part.keywords if k.arg == "content"), None)
        if isinstance(given, ast.Name):
            made = [n.value for n in own_nodes(node) if isinstance(n, ast.Assign) and dotted(n.targets[0]) == given.id]
            given = made[-1] if made else None
        if isinstance(given, ast.GeneratorExp):
            return list(walk(given))
        name = dotted(given.func) if isinstance(given, ast.Call) else ""
        if not name or name in ("iter", "open") or _IN_MEMORY.search(name):
            continue
        inner = functions.get(name)
        if inner is None:
            return list(walk(given)) if given is not None else []
        parts = list(walk(inner))
        if any(isinstance(n, ast.For | ast.AsyncFor | ast.While | ast.YieldFrom) for n in parts):
            return parts
    return None
