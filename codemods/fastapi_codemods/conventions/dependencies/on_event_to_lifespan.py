"""An application starts and stops in one `lifespan` context manager.

The functions registered with `@app.on_event("startup")`, `@app.on_event("shutdown")`, `app.add_event_handler(...)`
and `FastAPI(on_startup=[...], on_shutdown=[...])` stay where they are and lose their registration; a `lifespan` that
calls them, in the order in which they were registered, is written above the application and handed to it.

## Why

`on_event` is deprecated: it is ignored without a word as soon as an application gets a `lifespan`, and what is opened
in one function cannot be closed in the same place. `FastAPI.add_event_handler` is gone since Starlette 1.0.

## Left alone

All of an application's events move, or none, because a `lifespan` silences whatever stays behind:

- an application that has a `lifespan` already: its event handlers are dead, and reviving them is a decision;
- handlers registered in another module, in a function, under a condition or in a loop;
- handlers on a router: FastAPI runs them twice where the router is included;
- a handler that may be async or not (a lambda, a method, a factory, a decorated function), or whose name is bound
  twice in the module;
- an application that is handed to a library which may register handlers of its own;
- a project that must run on FastAPI below 0.93, which has no `lifespan`.

## Safety

Safe: the same functions run in the same order, before the first request and after the last. Shutdown handlers run in
a `finally`, as they did.

See <https://fastapi.tiangolo.com/advanced/events/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.calls import change_arguments
from ...edits.lines import blank_lines_before, remove_lines, start_with_comments
from ...findings import Finding, Location, Safety
from ...project import Assignment, Call, Function, Module, Project, Scope, Span, Symbol
from ...project.references import uses
from ...project.versions import spelled

LIFESPAN_SINCE = (0, 93)
EVENTS = ("startup", "shutdown")
_ARGUMENT_OF = {"startup": "on_startup", "shutdown": "on_shutdown"}

# Whatever reads or runs the lists of handlers notices that they are empty.
_READS_HANDLERS = re.compile(r"\.on_(?:startup|shutdown)\b|\.router\.(?:startup|shutdown)\(|\blifespan_context\b")

# Callables that are handed an application and are known to register no event handlers on it.
_HARMLESS_RECEIVERS = frozenset(
    {
        "ASGITransport", "AsyncClient", "FastApiMCP", "LifespanManager", "Mangum", "TestClient", "expose", "getattr",
        "hasattr", "instrument", "instrument_app", "isinstance", "mount", "print", "run", "serve", "setattr",
    }
)  # fmt: skip


class Registration(NamedTuple):
    """One handler of one event, in whatever way it is registered."""

    module: Module
    receiver: str
    event: str | None
    """None where the source does not say it literally."""
    handler: str
    """Dotted name, empty for anything else."""
    scopes: tuple[Scope, ...]
    conditional: bool
    location: Location
    order: int
    """Offset in the module: handlers run in the order of registration."""
    removed: Span | None
    """The decorator, with its `@`, or the statement that goes; None for an argument of `FastAPI(...)`."""
    function: Function | None = None
    """The decorated function."""


class Application(NamedTuple):
    module: Module
    assignment: Assignment


class Subject(NamedTuple):
    application: Application
    registrations: tuple[Registration, ...]
    """All of the application's, in the order in which they run."""
    own: Registration


class OnEventToLifespan(Codemod):
    safety = Safety.SAFE
    tokens = ("on_event", "add_event_handler", "on_startup", "on_shutdown")

    def find(self, project: Project) -> Iterator[Finding]:
        registrations = list(_registrations(project))
        if not registrations:
            return
        applications = {
            Symbol(module.path, assignment.target): Application(module, assignment)
            for module, assignment in project.instances("fastapi.FastAPI")
            if not assignment.scopes
        }
        by_application: dict[Symbol, list[Registration]] = {}
        elsewhere: list[tuple[Registration, str]] = []
        for registration in registrations:
            symbol = project.resolve(registration.module, registration.receiver, registration.scopes)
            if symbol in applications:
                by_application.setdefault(symbol, []).append(registration)
            else:
                elsewhere.append((registration, _reason_of_receiver(project, registration, symbol)))
        for symbol, own in by_application.items():
            application = applications[symbol]
            ordered = sorted(own, key=lambda r: (r.removed is not None, r.order))
            reason = _reason(project, symbol, application, ordered, [r for r, _ in elsewhere])
            for registration in ordered:
                yield self._finding(registration, reason, Subject(application, tuple(ordered), registration))
        for registration, reason in elsewhere:
            yield self._finding(registration, reason, None)

    def _finding(self, registration: Registration, reason: str | None, subject: Subject | None) -> Finding:
        event = registration.event or "an event"
        handler = f"`{registration.handler}`" if registration.handler else "a handler"
        return self.finding(
            registration.location,
            f"{handler} is registered for {event} on `{registration.receiver}` instead of being called in its lifespan",
            anchor=f"{registration.receiver}.{event}.{registration.handler}",
            left_alone=reason,
            subject=subject,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        by_application: dict[tuple[str, str], list[Finding]] = {}
        for finding in findings:
            application: Application = finding.subject.application
            by_application.setdefault((application.module.path, application.assignment.target), []).append(finding)
        for together in by_application.values():
            subject: Subject = together[0].subject
            if len(together) == len(subject.registrations):  # all or none
                _rewrite_application(edits, subject, together)


# Finding registrations


def _registrations(project: Project) -> Iterator[Registration]:
    for module, function in project.functions():
        for decorator in function.decorators:
            receiver, _, method = decorator.name.rpartition(".")
            if method == "on_event":
                removed = Span(module.text.rindex("@", 0, decorator.span.start), decorator.span.end)
                yield Registration(
                    module,
                    receiver.removesuffix(".router"),
                    _event(project, module, decorator.call),
                    function.name,
                    function.scopes,
                    function.conditional,
                    module.location(decorator.line, 1, decorator.line),
                    decorator.span.start,
                    removed,
                    function,
                )
    for module, call in project.calls("on_event", "add_event_handler"):
        handler = call.applied if call.method == "on_event" else call.call
        arguments = handler.positional if handler else ()
        position = 0 if call.method == "on_event" else 1
        named = call.call.argument("func") if call.method == "add_event_handler" else None
        argument = named or (arguments[position] if len(arguments) > position else None)
        written = module.code(argument.span) if argument else ""
        yield Registration(
            module,
            call.receiver.removesuffix(".router"),
            _event(project, module, call.call),
            written if re.fullmatch(r"[\w.]+", written) else "",
            call.scopes,
            call.conditional or not call.is_statement,
            module.location(call.line, call.column, call.end_line),
            call.call.span.start,
            (call.applied or call.call).span,
        )
    for module, assignment in project.instances("fastapi.FastAPI"):
        for event in EVENTS:
            argument = assignment.call.argument(_ARGUMENT_OF[event])
            if argument is None:
                continue
            node = module.expression(argument.span)
            elements: list[ast.expr] = list(node.elts) if isinstance(node, ast.List | ast.Tuple) else [node]
            for element in elements:
                written = ast.unparse(element)
                is_listed = isinstance(node, ast.List | ast.Tuple) and re.fullmatch(r"[\w.]+", written)
                yield Registration(
                    module,
                    assignment.target,
                    event,
                    written if is_listed else "",
                    assignment.scopes,
                    assignment.conditional,
                    module.location(assignment.line, assignment.column, assignment.end_line),
                    argument.span.start,
                    None,
                )


def _event(project: Project, module: Module, call: Call | None) -> str | None:
    if call is None:
        return None
    argument = call.argument("event_type") or (call.positional[0] if call.positional else None)
    event = project.string(module, argument.span) if argument else None
    return event if event in EVENTS else None


# Why an application is left alone


def _reason_of_receiver(project: Project, registration: Registration, symbol: Symbol | None) -> str:
    scopes = [scope for scope in registration.scopes if scope.kind == "function"]
    if symbol is not None and symbol.path is not None:
        home = project.module(symbol.path)
        for assignment in home.facts.assignments if home else ():
            if assignment.target == symbol.name and home is not None:
                made = project.resolve(home, assignment.call.callee)
                if made is not None and project.derives_from(made, ("fastapi.APIRouter",)):
                    return (
                        f"`{registration.receiver}` is a router: FastAPI runs its event handlers twice where it is"
                        f" included, so moving them changes how often they run"
                    )
    if scopes:
        return (
            f"registered dynamically in {project.dotted_name(registration.module.path)}.{scopes[0].name}: which"
            f" application `{registration.receiver}` is there is known at run time only"
        )
    return f"which application `{registration.receiver}` is cannot be told from the source"


def _reason(
    project: Project,
    symbol: Symbol,
    application: Application,
    registrations: Sequence[Registration],
    elsewhere: Sequence[Registration],
) -> str | None:
    """Why none of the application's handlers can move, in the order in which a reader would ask."""
    versions = project.versions
    if not versions.supports_fastapi(LIFESPAN_SINCE):
        return f"lifespan needs FastAPI {spelled(LIFESPAN_SINCE)}, and {versions.fastapi_source} allows {spelled(versions.fastapi)}"
    module, assignment = application
    if assignment.conditional or len(module.bindings(symbol.name)) != 1:
        return f"`{symbol.name}` is made in more than one place, or under a condition"
    made = project.resolve(module, assignment.call.callee)
    if made is None or made.path is not None:
        return f"`{assignment.call.callee}` is the project's own class and may run the handlers itself"
    if assignment.call.argument("lifespan"):
        return f"`{symbol.name}` has a lifespan already, so these handlers never run: move what they do into it, or delete them"
    if assignment.call.unpacks:
        return f"`{assignment.call.callee}` gets unpacked arguments, and a lifespan may be among them"
    for registration in registrations:
        if reason := _reason_of_registration(project, module, registration):
            return reason
    if len(module.tree(assignment.statement).body) > 1:
        return "several statements share the line that makes the application"
    if reachable_as(module, "contextlib.asynccontextmanager") is None:
        return "the module uses the name `asynccontextmanager` for something else"
    if elsewhere:
        return (
            f"`{elsewhere[0].receiver}` gets event handlers at {elsewhere[0].location.path}:{elsewhere[0].location.line},"
            f" which a lifespan might silence"
        )
    for other in project.modules():
        if found := _READS_HANDLERS.search(other.text):
            line = other.text.count("\n", 0, found.start()) + 1
            if not _is_moved(registrations, other, line):
                return f"{other.path}:{line} uses the lists of event handlers"
    return _reason_of_uses(project, symbol)


def _is_moved(registrations: Sequence[Registration], module: Module, line: int) -> bool:
    """Whether a mention of `on_startup` is the argument that is being moved."""
    return any(r.module is module and r.location.line <= line <= r.location.end_line for r in registrations)


def _reason_of_registration(project: Project, module: Module, registration: Registration) -> str | None:
    place = f"{registration.location.path}:{registration.location.line}"
    if registration.module is not module:
        return f"a handler is registered in another module, at {place}"
    if registration.scopes:
        return f"a handler is registered dynamically, in `{registration.scopes[0].name}` at {place}"
    if registration.conditional:
        return f"a handler is registered under a condition, in a loop or with its result used, at {place}"
    if registration.event is None:
        return f"which event the handler at {place} is for is not written literally"
    if not registration.handler:
        return f"the handler at {place} is not a plain name, so whether it is async cannot be told"
    function = _handler(project, module, registration)
    if isinstance(function, str):
        return f"{function}, registered at {place}"
    if any(p.default is None and p.kind in ("", "/", "=") for p in function.parameters):
        return f"`{function.name}` takes arguments, registered at {place}"
    if registration.removed is not None and registration.function is None:
        text = module.statement_text(_statement_index(module, registration.removed.start))
        if len(ast.parse(text).body) > 1:
            return f"several statements share the line at {place}"
    return None


def _handler(project: Project, module: Module, registration: Registration) -> Function | str:
    """The function that is registered, or why it cannot be told which it is or whether it is async."""
    name = registration.handler
    symbol = project.resolve(module, name)
    if "." not in name and module.bindings(name) and len(module.bindings(name)) > 1:
        return f"the name `{name}` is bound more than once, and the lifespan would call the last"
    found = project.function(symbol) if symbol is not None else None
    if found is None:
        return f"`{name}` is not a function of the project, so whether it is async cannot be told"
    home, function = found
    if len(home.bindings(function.name)) != 1:
        return f"the name `{name}` is bound more than once, and the lifespan would call the last"
    others = [d for d in function.decorators if d.name.rpartition(".")[2] != "on_event"]
    if others:
        return f"`{name}` is decorated with `@{others[0].name}`, so whether it is async cannot be told"
    if re.search(r"\byield\b", home.statement_text(function.statement)):
        return f"`{name}` may be a generator"
    return function


def _reason_of_uses(project: Project, symbol: Symbol) -> str | None:
    for use in uses(project, [symbol])[symbol]:
        if use.kind != "argument":
            continue
        callee = use.member.rpartition(".")[2]
        if callee in _HARMLESS_RECEIVERS or callee.endswith("Middleware"):
            continue
        user = project.module(use.path)
        resolved = project.resolve(user, use.member) if user is not None else None
        if resolved is not None and resolved.path is not None:
            continue  # the project's own: whatever it registers was found above
        return (
            f"`{symbol.name}` is handed to `{use.member}` at {use.place}, which may register handlers that a lifespan"
            f" would silence"
        )
    return None


# Rewriting


def _rewrite_application(edits: Edits, subject: Subject, findings: Sequence[Finding]) -> None:
    module, assignment = subject.application
    project, finding = edits.project, findings[0]
    for one in findings:
        own: Registration = one.subject.own
        if own.removed is not None:
            remove_lines(edits, module, own.removed, one)
    name = _free_name(module, assignment.target)
    change_arguments(
        edits,
        module,
        assignment.call,
        finding,
        remove=[_ARGUMENT_OF[event] for event in EVENTS],
        values={"lifespan": name},
    )
    statement = module.facts.statements[assignment.statement]
    offset = start_with_comments(module, statement.start)
    newline = module.source.newline
    text = _lifespan(edits, project, subject, name, finding)
    above = max(0, 2 - blank_lines_before(module, offset))
    edits.insert(module, offset, newline * above + text.replace("\n", newline) + newline * 2, finding)


def _lifespan(edits: Edits, project: Project, subject: Subject, name: str, finding: Finding) -> str:
    module, assignment = subject.application
    calls: dict[str, list[str]] = {event: [] for event in EVENTS}
    is_typed = False
    for registration in subject.registrations:
        function = _handler(project, module, registration)
        assert not isinstance(function, str)
        is_typed = is_typed or function.returns is not None
        await_ = "await " if function.is_async else ""
        calls[registration.event or ""].append(f"{await_}{registration.handler}()")
    decorator = edits.name(module, "contextlib.asynccontextmanager", finding)
    returns = ""
    if is_typed and reachable_as(module, "collections.abc.AsyncIterator") is not None:
        returns = f" -> {edits.name(module, 'collections.abc.AsyncIterator', finding)}[None]"
    unit = project.style.indent
    lines = [f"@{decorator}", f"async def {name}(app: {assignment.call.callee}){returns}:"]
    lines += [unit + call for call in calls["startup"]]
    if calls["shutdown"]:
        lines += [f"{unit}try:", f"{unit * 2}yield", f"{unit}finally:"]
        lines += [unit * 2 + call for call in calls["shutdown"]]
    else:
        lines.append(f"{unit}yield")
    return "\n".join(lines) + "\n"


def _free_name(module: Module, target: str) -> str:
    candidates = ("lifespan", "app_lifespan", f"{target}_lifespan", f"_{target}_lifespan")
    return next(name for name in candidates if not re.search(rf"\b{name}\b", module.text))


def _statement_index(module: Module, offset: int) -> int:
    return max(index for index, statement in enumerate(module.facts.statements) if statement.start <= offset)
