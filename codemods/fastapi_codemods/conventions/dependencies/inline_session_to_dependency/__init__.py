"""Handlers are given their session, and do not open it themselves.

`db = SessionLocal()` with `try: ... finally: db.close()`, `with Session(engine) as session:`, `db = next(get_db())` and
`conn = get_connection()` at the beginning of a handler become a parameter: of the dependency that the project has for
these sessions, or of a new one beside what opens them, which opens and closes in the same way.

## Why

Opening and closing is written once, and done also where a handler raises before it gets to `close()`. A test gives
handlers another session with `dependency_overrides`, and what a request does can be one transaction.

## Left alone

- A session that is not the first thing that the handler does, a second one, and one that the handler hands to a
  background task, a stream or a function of its own.
- Handlers that something else calls, methods, handlers under other decorators, and WebSockets, which would hold the
  session until the client leaves.
- `with` that commits where it ends (`SessionLocal.begin()`, a context manager of the project that does): behind the
  `yield` of a dependency that would come after the response.
- SQLite: connections without `check_same_thread=False`, and engines whose address says `sqlite` without it. FastAPI
  runs a dependency, the handler and the end of the dependency in different threads.
- Factories that tests or other modules replace (`mock.patch("app.main.SessionLocal")`).
- Strings over several lines stay as they are; a comment behind `try:` or `with ...:` keeps the code as it is.
- Tests.

## Safety

Unsafe, since a person must agree to what changes: the session is opened before the parameters are validated, also for a
request that is answered with 422; it is closed when the response has been sent (FastAPI 0.118; before, ahead of it),
and after background tasks; other dependencies of the request that ask for the same provider share it. Commits and
rollbacks of the handler stay where they are. Routes gain a dependency, and nothing else may differ.

See <https://fastapi.tiangolo.com/tutorial/sql-databases/#create-a-session-dependency>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....codemod import Codemod
from ....edits import Edits
from ....edits.handlers import Signatures, operations_with
from ....edits.injections import Injection, add_injections, injection_in, reason_of_name
from ....findings import Finding, Safety
from ....project import Project
from ....project.operations import Operation, definition_of, operations_of
from ....source.discovery import is_test
from .body import Body, body_of, rewrite_body
from .providers import Provider, Providers


class _Subject(NamedTuple):
    operation: Operation
    body: Body
    provider: Provider
    injection: Injection


class InlineSessionToDependency(Codemod):
    safety = Safety.UNSAFE

    after = ("depends-to-annotated", "annotated-dependency-alias")
    effects = frozenset({"dependency"})

    def find(self, project: Project) -> Iterator[Finding]:
        candidates = list(_candidates(project))
        signatures = Signatures(project, [operation for operation, _ in candidates])
        providers = Providers(project)
        for operation, body in candidates:
            outcome = _outcome(project, operation, body, signatures, providers)
            function = operation.function
            yield self.finding(
                operation.module.location(body.line, body.column, body.line),
                f"`{function.name}` opens `{body.name}` itself, with `{body.said}`, instead of asking for it",
                anchor=f"{function.qualified_name}.{body.name}",
                left_alone=outcome if isinstance(outcome, str) else None,
                subject=None if isinstance(outcome, str) else outcome,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            module, function = subject.operation.module, subject.operation.function
            rewrite_body(edits, module, subject.body, finding)
            subject.provider.write(edits, finding)
            add_injections(edits, module, function, [subject.injection], finding)
            for name in subject.body.imports:
                if name in module.imports:
                    edits.drop_import(module, name, finding)


def _candidates(project: Project) -> Iterator[tuple[Operation, Body]]:
    seen: set[tuple[str, int]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = module.path, function.span.start
        if place in seen or is_test(module.path):
            continue
        seen.add(place)
        text = module.text[function.span.end : module.facts.statements[function.statement].end]
        if not _MAY_OPEN.search(text):
            continue
        definition = definition_of(module, function)
        body = body_of(project, operation, definition) if definition is not None else None
        if body is not None:
            yield operation, body


_NAMED = r"\w*(?:conn|database|db|session)\w*"
_MAY_OPEN = re.compile(
    r"(?:=|\bwith)\s*(?:await\s+)?(?:a?next\(\s*)?[\w.]*(?:conn|database|db|engine|session|transaction)[\w.]*\("
    rf"|\b{_NAMED}\s*=\s*(?:await\s+)?[A-Za-z_][\w.]*\(|\bas\s+{_NAMED}\s*:",
    re.IGNORECASE,
)


def _outcome(
    project: Project, operation: Operation, body: Body, signatures: Signatures, providers: Providers
) -> _Subject | str:
    if body.reason is not None:
        return body.reason
    module, function = operation.module, operation.function
    if any(other.method == "websocket" for other in operations_with(project, operation)):
        return "a WebSocket would hold it until the client leaves"
    if reason := reason_of_name(project, operation, body.name):
        return reason
    provider = providers.of(operation, body)
    if isinstance(provider, str):
        return provider
    injection = injection_in(project, module, function, body.name, provider.injected)
    if isinstance(injection, str):
        return injection
    if reason := signatures.reason_to_keep(operation):
        return reason
    if body.opened.provider is None and (reason := providers.reason_of_replaced(module, body)):
        return reason
    return _Subject(operation, body, provider, injection)
