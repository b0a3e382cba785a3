"""Writes the lifespan in place of the registrations."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ....edits import Edits, reachable_as
from ....edits.calls import change_arguments
from ....edits.lines import blank_lines_before, indent_of, remove_lines, remove_statements, start_with_comments
from ....findings import Finding
from ....project import Assignment, Module, Span
from .reasons import handler_of, is_imported_above
from .registrations import ARGUMENT_OF, EVENTS, Registration, Subject

SUBSCRIPTABLE_SINCE = (3, 9)


def rewrite_application(edits: Edits, subject: Subject, findings: Sequence[Finding]) -> None:
    module, assignment = subject.application
    finding = findings[0]
    statements: list[Span] = []
    for one in findings:
        own: Registration = one.subject.own
        if own.kind == "decorator":
            remove_lines(edits, module, own.span, one)
        elif own.kind == "call":
            statements.append(own.span)
    remove_statements(edits, module, statements, finding)
    change_arguments(
        edits,
        module,
        assignment.call,
        finding,
        remove=[ARGUMENT_OF[event] for event in EVENTS],
        values={"lifespan": subject.name},
    )
    offset = start_with_comments(module, module.facts.statements[assignment.statement].start)
    newline = module.source.newline
    text = _lifespan(edits, subject, finding)
    above = max(0, 2 - blank_lines_before(module, offset))
    edits.insert(module, offset, newline * above + text.replace("\n", newline) + newline * 2, finding)


def _lifespan(edits: Edits, subject: Subject, finding: Finding) -> str:
    project, (module, assignment) = edits.project, subject.application
    calls: dict[str, list[str]] = {event: [] for event in EVENTS}
    is_typed = False
    for registration in subject.registrations:
        function = handler_of(project, module, registration)
        assert not isinstance(function, str)
        is_typed = is_typed or function.returns is not None
        await_ = "await " if function.is_async else ""
        calls[registration.event or ""].append(f"{await_}{registration.handler}()")
    decorator = edits.name(module, "contextlib.asynccontextmanager", finding)
    returns = _returns(edits, module, assignment, finding) if is_typed else ""
    # A handler may be reached through a module that is called `app`.
    is_taken = any(registration.handler.startswith("app.") for registration in subject.registrations)
    parameter = "application" if is_taken else "app"
    unit = indent_of(project, module)
    lines = [f"@{decorator}", f"async def {subject.name}({parameter}: {assignment.call.callee}){returns}:"]
    lines += [unit + call for call in calls["startup"]]
    if calls["shutdown"]:
        lines += [f"{unit}try:", f"{unit * 2}yield", f"{unit}finally:"]
        lines += [unit * 2 + call for call in calls["shutdown"]]
    else:
        lines.append(f"{unit}yield")
    return "\n".join(lines) + "\n"


def _returns(edits: Edits, module: Module, assignment: Assignment, finding: Finding) -> str:
    """` -> AsyncIterator[None]`, or nothing where the name cannot be had above the application."""
    sources = ["collections.abc", "typing"]
    postponed = module.facts.postponed or edits.project.versions.supports_python(SUBSCRIPTABLE_SINCE)
    if not postponed:
        sources.remove("collections.abc")
    known = [(source, reachable_as(module, f"{source}.AsyncIterator")) for source in sources]
    known.sort(key=lambda item: item[1] is None or item[1].request is not None)  # what is imported comes first
    for source, reachable in known:
        if reachable is not None and is_imported_above(module, source, assignment.statement):
            return f" -> {edits.name(module, f'{source}.AsyncIterator', finding)}[None]"
    return ""


def free_name(module: Module, target: str, *, several: bool) -> str:
    """`lifespan`, or the first of its like that the module's text does not hold."""
    candidates = [f"{target}_lifespan", f"_{target}_lifespan", *(f"lifespan_{number}" for number in range(2, 99))]
    if not several:
        candidates = ["lifespan", "app_lifespan", *candidates]
    return next(name for name in candidates if not re.search(rf"\b{re.escape(name)}\b", module.text))
