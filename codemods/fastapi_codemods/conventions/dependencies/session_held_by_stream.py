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

- WebSocket handlers without a loop, and streams of what is in memory already (`io.BytesIO`, lists).
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

_STREAMS = frozenset({"StreamingResponse", "EventSourceResponse", "ServerSentEventResponse"})
_IN_MEMORY = re.compile(r"\b(?:BytesIO|StringIO)\(|\biter\(\s*\[|\[")
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
                f"`{function.name}` asks for the session `{asked[0].parameter.name}` and {why}",
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
    is_generator = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes(node))
    if not is_generator and not _answers_with_stream(node):
        return ""
    scope = asked.marker.argument("scope")
    is_early = isinstance(scope, ast.Constant) and scope.value == "function"
    if is_early or (0, 106) <= versions.fastapi < (0, 118):
        return "answers with a stream: the session is closed before the stream begins; open one inside of it"
    return (
        "answers with a stream: the session stays open until its end; read before it begins, or open one inside of it"
    )


def _answers_with_stream(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    made = {
        target.id: part.value
        for part in own_nodes(node)
        if isinstance(part, ast.Assign)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    for part in own_nodes(node):
        if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] in _STREAMS:
            given = part.args[0] if part.args else next((k.value for k in part.keywords if k.arg == "content"), None)
            value = made.get(given.id, given) if isinstance(given, ast.Name) else given
            if value is not None and not _IN_MEMORY.match(ast.unparse(value).removeprefix("io.")):
                return True
    return False
