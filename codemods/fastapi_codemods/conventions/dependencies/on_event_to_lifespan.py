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
- an application that is made in a function or under a condition, or by the project's own subclass of `FastAPI`;
- handlers registered in another module, in a function, under a condition or in a loop;
- handlers on a router: FastAPI runs them twice where the router is included, and once beside a `lifespan`;
- a handler that may be async or not (a lambda, a method, a factory, a decorated function), or whose name is bound
  twice in the module;
- an application that is handed to a library which may register handlers of its own, also by way of the project's
  own functions;
- a project in which something reads or runs the lists of handlers;
- a project that must run on FastAPI below 0.93, which has no `lifespan`.

## Safety

Safe: the same functions run in the same order, before the first request and after the last. Shutdown handlers run in
a `finally`, as they did; none runs where the startup failed. A router from another distribution is taken to bring no
event handlers of its own.

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
from ...edits.lines import (
    blank_lines_before,
    has_comment,
    indent_of,
    remove_lines,
    remove_statements,
    start_with_comments,
)
from ...findings import Finding, Location, Safety
from ...project import Assignment, Call, Function, MethodCall, Module, Project, Scope, Span, Symbol
from ...project.reader import dotted
from ...project.references import Use, uses
from ...project.versions import spelled
from ...source import split
from ...source.statements import blanked

LIFESPAN_SINCE = (0, 93)
SUBSCRIPTABLE_SINCE = (3, 9)
EVENTS = ("startup", "shutdown")
_ARGUMENT_OF = {"startup": "on_startup", "shutdown": "on_shutdown"}
_APPLICATIONS = ("fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette", "starlette.routing.Router")

# Whatever reads or runs the lists of handlers notices that they are empty.
_READS_HANDLERS = re.compile(r"\.on_(?:startup|shutdown)\b|\.router\.(?:startup|shutdown)\b|\.lifespan_context\b")
_ON_ROUTER = re.compile(r"\b\w*Router\s*\((?:[^()]|\([^()]*\))*\bon_(?:startup|shutdown)\s*=")
_INTERESTING = re.compile(rb"on_(?:startup|shutdown)|\.router\.(?:startup|shutdown)|lifespan_context")

_METHODS = ("on_event", "add_event_handler")
_LONGEST_RECEIVER = 500
_REGISTERS = re.compile(r"([\w.]*)\s*\.\s*(?:on_event|add_event_handler)\b")
_RECEIVER = re.compile(r"[\w.]*\s*\.\s*\Z")
_OTHER_EVENT = re.compile(r"\s*\(\s*(?:event_type\s*=\s*)?[\"'](?!startup[\"']|shutdown[\"'])")

# Callables that are handed an application and are known to register no event handlers on it.
_HARMLESS_RECEIVERS = frozenset(
    {
        "ASGIApp", "ASGITransport", "AsyncClient", "FastApiMCP", "LifespanManager", "Mangum", "TestClient", "callable",
        "dir", "expose", "from_asgi", "getattr", "hasattr", "id", "instrument", "instrument_app", "instrument_fastapi",
        "isinstance", "mount", "object", "print", "repr", "run", "serve", "setattr", "str", "type", "vars",
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
    span: Span
    """Of the whole registration."""
    kind: str
    """`decorator`, `call`, `argument` of `FastAPI(...)`, or `expression`, a call whose value is used."""
    function: Function | None = None
    """The decorated function."""


class Application(NamedTuple):
    module: Module
    assignment: Assignment


class Subject(NamedTuple):
    application: Application
    name: str
    """Of the new lifespan."""
    registrations: tuple[Registration, ...]
    """All of the application's, in the order in which they run."""
    own: Registration


class OnEventToLifespan(Codemod):
    safety = Safety.SAFE

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
        elsewhere: list[Registration] = []
        for registration in registrations:
            symbol = project.resolve(registration.module, registration.receiver, registration.scopes)
            if symbol is not None and symbol in applications:
                by_application.setdefault(symbol, []).append(registration)
                continue
            reason, is_apart = _reason_of_receiver(project, registration, symbol)
            yield self._finding(registration, reason, None)
            if not is_apart:
                elsewhere.append(registration)
        for symbol, own in by_application.items():
            application = applications[symbol]
            ordered = tuple(sorted(own, key=lambda r: (r.kind != "argument", r.order)))
            several = sum(other.module is application.module for other in applications.values()) > 1
            name = _free_name(application.module, symbol.name, several=several)
            why = _reason(project, symbol, application, ordered, elsewhere)
            for registration in ordered:
                yield self._finding(registration, why, Subject(application, name, ordered, registration))

    def _finding(self, registration: Registration, reason: str | None, subject: Subject | None) -> Finding:
        event = registration.event or "an event"
        handler = f"`{registration.handler}`" if registration.handler else "a handler"
        receiver = f"`{registration.receiver}`" if registration.receiver else "an application"
        return self.finding(
            registration.location,
            f"{handler} is registered for {event} on {receiver} instead of being called in its lifespan",
            anchor=f"{registration.receiver}.{event}.{registration.handler}",
            left_alone=reason,
            subject=subject,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
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
    read: dict[str, list[Span]] = {}
    for registration in _read_registrations(project):
        read.setdefault(registration.module.path, []).append(registration.span)
        if _may_be_an_application(project, registration):
            yield registration
    for module in project.modules():
        yield from _registrations_in_expressions(module, read.get(module.path, []))


def _read_registrations(project: Project) -> Iterator[Registration]:
    for module, function in project.functions():
        for decorator in function.decorators:
            receiver, _, method = decorator.name.rpartition(".")
            if method == "on_event":
                yield Registration(
                    module,
                    receiver.removesuffix(".router"),
                    _event(project, module, decorator.call),
                    function.name,
                    function.scopes,
                    function.conditional,
                    module.location(decorator.line, 1, decorator.line),
                    decorator.span.start,
                    Span(module.text.rindex("@", 0, decorator.span.start), decorator.span.end),
                    "decorator",
                    function,
                )
    for module, call in project.calls("on_event", "add_event_handler"):
        yield _of_call(project, module, call)
    for module, assignment in project.instances("fastapi.FastAPI", "fastapi.APIRouter"):
        yield from _of_arguments(module, assignment)


def _of_call(project: Project, module: Module, call: MethodCall) -> Registration:
    handler = call.applied if call.method == "on_event" else call.call
    arguments = handler.positional if handler else ()
    position = 0 if call.method == "on_event" else 1
    named = call.call.argument("func") if call.method == "add_event_handler" else None
    argument = named or (arguments[position] if len(arguments) > position else None)
    written = module.code(argument.span) if argument else ""
    return Registration(
        module,
        call.receiver.removesuffix(".router"),
        _event(project, module, call.call),
        written if re.fullmatch(r"[\w.]+", written) else "",
        call.scopes,
        call.conditional,
        module.location(call.line, call.column, call.end_line),
        call.call.span.start,
        (call.applied or call.call).span,
        "call" if call.is_statement else "expression",
    )


def _of_arguments(module: Module, assignment: Assignment) -> Iterator[Registration]:
    for event in EVENTS:
        argument = assignment.call.argument(_ARGUMENT_OF[event])
        if argument is None:
            continue
        node = module.expression(argument.span)
        if isinstance(node, ast.Constant) and node.value is None:
            continue
        is_list = isinstance(node, ast.List | ast.Tuple)
        elements: list[ast.expr] = list(node.elts) if isinstance(node, ast.List | ast.Tuple) else [node]
        for element in elements:
            yield Registration(
                module,
                assignment.target,
                event,
                dotted(element) if is_list else "",
                assignment.scopes,
                assignment.conditional,
                module.location(assignment.line, assignment.column, assignment.end_line),
                argument.span.start,
                argument.span,
                "argument",
            )


def _event(project: Project, module: Module, call: Call | None) -> str | None:
    if call is None:
        return None
    argument = call.argument("event_type") or (call.positional[0] if call.positional else None)
    event = project.string(module, argument.span) if argument else None
    return event if event in EVENTS else None


def _may_be_an_application(project: Project, registration: Registration) -> bool:
    """Other things have a method `on_event` too: a bus of events, a class of the project that handles its own."""
    if registration.event is not None:
        return True
    code = registration.module.code(registration.span)
    if (method := _REGISTERS.search(code)) and _OTHER_EVENT.match(code, method.end()):
        return False
    classes = [scope.name for scope in registration.scopes if scope.kind == "class"]
    if registration.receiver in ("self", "cls") and classes:
        own = Symbol(registration.module.path, ".".join(scope.name for scope in registration.scopes[: len(classes)]))
        return project.derives_from(own, _APPLICATIONS)
    return True


def _registering(masked: str) -> list[re.Match[str]]:
    """The matches of `_REGISTERS`, each looked for before the method's name: elsewhere it would be tried in vain at
    every character."""
    found = []
    for method in _METHODS:
        start = masked.find(method)
        while start >= 0:
            first = max(0, start - _LONGEST_RECEIVER)
            if (before := _RECEIVER.search(masked, first, start)) and (
                match := _REGISTERS.match(masked, before.start())
            ):
                found.append(match)
            start = masked.find(method, start + len(method))
    return sorted(found, key=lambda match: match.start())


def _registrations_in_expressions(module: Module, read: Sequence[Span]) -> Iterator[Registration]:
    """Those that are no statement: in a comprehension, an argument, a condition."""
    if not any(method in module.text for method in _METHODS):
        return
    masked = blanked(module.text)
    for match in _registering(masked):
        receiver = match.group(1)
        if any(span.start <= match.start(1) < span.end for span in read) or receiver in ("self", "cls"):
            continue
        if _OTHER_EVENT.match(module.text, match.end()):
            continue
        line = module.text.count("\n", 0, match.start()) + 1
        yield Registration(
            module,
            receiver.removesuffix(".router"),
            None,
            "",
            (),
            False,
            module.location(line, 1, line),
            match.start(),
            Span(match.start(), match.end()),
            "expression",
        )


# Why an application is left alone


def _reason_of_receiver(project: Project, registration: Registration, symbol: Symbol | None) -> tuple[str, bool]:
    """Why handlers on something else than an application of a module stay; and whether they concern no other one."""
    module, receiver = registration.module, registration.receiver
    if symbol is not None and symbol.path is not None and (reason := _reason_of_maker(project, receiver, symbol)):
        return reason, False
    names = [scope.name for scope in registration.scopes]
    if any(scope.kind == "function" for scope in registration.scopes):
        place = ".".join([project.dotted_name(module.path), *names])
        made = _made_in_function(project, registration)
        if made is not None and project.derives_from(made, ("fastapi.FastAPI",)):
            return f"registered dynamically in {place}, which makes `{receiver}` each time it is called", True
        is_apart = made is not None and any(
            same.target != receiver
            and _same_scopes(same.scopes, registration.scopes)
            and (other := project.resolve(module, same.call.callee, same.scopes)) is not None
            and project.derives_from(other, ("fastapi.FastAPI",))
            for same in module.facts.assignments
        )
        return (
            f"registered dynamically in {place}: which application `{receiver}` is there is known at run time only"
        ), is_apart
    return f"which application `{receiver}` is cannot be told from the source", False


def _reason_of_maker(project: Project, receiver: str, symbol: Symbol) -> str | None:
    """What a name of a module is made of, where that is not `FastAPI(...)`."""
    home = project.module(symbol.path or "")
    bindings = home.bindings(symbol.name) if home is not None else ()
    if home is None or len(bindings) != 1 or bindings[0].kind != "assign":
        return None
    for node in home.tree(bindings[0].statement).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            callee = dotted(node.value.func)
            made = project.resolve(home, callee)
            if made is not None and project.derives_from(made, ("fastapi.APIRouter",)):
                return (
                    f"`{receiver}` is a router: FastAPI runs its event handlers twice where it is included,"
                    f" and once beside a lifespan"
                )
            if made is not None and project.derives_from(made, ("fastapi.FastAPI",)):
                return f"`{callee}` is the project's own class and may run the handlers itself"
            return (
                f"`{receiver}` is what `{callee or ast.unparse(node.value.func)}` returns, which may give it a lifespan"
            )
        if isinstance(node, ast.Assign) and (value := dotted(node.value)):
            return f"`{receiver}` is another name for `{value}`"
    return None


def _made_in_function(project: Project, registration: Registration) -> Symbol | None:
    """The class of a receiver that the function around the registration makes itself."""
    for assignment in registration.module.facts.assignments:
        if assignment.target == registration.receiver and assignment.scopes:
            depth = len(assignment.scopes)
            inner = registration.scopes[depth:]
            head = registration.receiver.partition(".")[0]
            if _same_scopes(assignment.scopes, registration.scopes[:depth]) and not any(head in s.names for s in inner):
                return project.resolve(registration.module, assignment.call.callee, assignment.scopes)
    return None


def _same_scopes(one: Sequence[Scope], other: Sequence[Scope]) -> bool:
    return [scope.name for scope in one] == [scope.name for scope in other]


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
        allowed = f"{versions.fastapi_source} allows {spelled(versions.fastapi)}"
        return f"lifespan needs FastAPI {spelled(LIFESPAN_SINCE)}, and {allowed}"
    module, assignment = application
    if reason := _reason_of_assignment(project, symbol, application):
        return reason
    for registration in registrations:
        if reason := _reason_of_registration(project, module, registration):
            return reason
    if reason := _reason_of_names(module, assignment):
        return reason
    if elsewhere:
        other = elsewhere[0]
        place = f"{other.location.path}:{other.location.line}"
        return f"`{other.receiver}` gets event handlers at {place}, which a lifespan might silence"
    return _reason_of_readers(project) or _reason_of_uses(project, symbol)


def _reason_of_assignment(project: Project, symbol: Symbol, application: Application) -> str | None:
    module, assignment = application
    call = assignment.call
    if "." in symbol.name:
        return f"`{symbol.name}` is an attribute, and what becomes of it cannot be told from the source"
    if assignment.conditional:
        return f"`{symbol.name}` is made under a condition"
    if len(module.bindings(symbol.name)) != 1:
        return f"`{symbol.name}` is bound more than once"
    if sum(other.call.span == call.span for other in module.facts.assignments) > 1:
        return f"`{symbol.name}` has another name beside it"
    made = project.resolve(module, call.callee)
    if made is None or made.path is not None:
        return f"`{call.callee}` is the project's own class and may run the handlers itself"
    lifespan = call.argument("lifespan")
    if lifespan is not None and module.code(lifespan.span) != "None":
        return (
            f"`{symbol.name}` has a lifespan already, so these handlers never run:"
            f" move what they do into it, or delete them"
        )
    if call.unpacks:
        return f"`{call.callee}` gets unpacked arguments, and a lifespan may be among them"
    if len(module.tree(assignment.statement).body) > 1:
        return "several statements share the line that makes the application"
    return None


def _reason_of_names(module: Module, assignment: Assignment) -> str | None:
    if reachable_as(module, "contextlib.asynccontextmanager") is None:
        return "the module uses the name `asynccontextmanager` for something else"
    if not _is_imported_above(module, "contextlib", assignment.statement):
        return "the module imports contextlib below the application"
    return None


def _is_imported_above(module: Module, source: str, statement: int) -> bool:
    """Whether every import from `source` stands above the statement, so that a name from it can be used there."""
    return all(
        item.statement < statement
        for item in module.facts.imports
        if not item.scopes and (item.target == source or item.target.startswith(source + "."))
    )


def _reason_of_registration(project: Project, module: Module, registration: Registration) -> str | None:
    place = f"{registration.location.path}:{registration.location.line}"
    if registration.module is not module:
        return f"a handler is registered in another module, at {place}"
    if registration.scopes:
        return f"a handler is registered dynamically, in `{registration.scopes[0].name}` at {place}"
    if registration.kind == "expression":
        return f"a handler is registered in an expression, at {place}"
    if registration.conditional:
        return f"a handler is registered under a condition or in a loop, at {place}"
    if registration.event is None:
        return f"which event the handler at {place} is for is not written literally"
    if not registration.handler:
        return f"the handler at {place} is not a plain name, so whether it is async cannot be told"
    if has_comment(module.code(registration.span).removeprefix("@")):
        return f"a comment stands in the registration at {place}"
    function = _handler(project, module, registration)
    if isinstance(function, str):
        return f"{function}, registered at {place}"
    if any(p.default is None and p.kind in ("", "/", "=") for p in function.parameters):
        return f"`{function.name}` takes arguments, registered at {place}"
    if registration.kind == "call" and len(module.tree(_statement_index(module, registration.span.start)).body) > 1:
        return f"several statements share the line at {place}"
    return None


def _handler(project: Project, module: Module, registration: Registration) -> Function | str:
    """The function that is registered, or why it cannot be told which it is or whether it is async."""
    name = registration.handler
    if "." not in name and len(module.bindings(name)) > 1:
        return f"the name `{name}` is bound more than once, and the lifespan would call the last"
    symbol = project.resolve(module, name)
    found = project.function(symbol) if symbol is not None else None
    if found is None:
        return f"`{name}` is not a function of the project, so whether it is async cannot be told"
    home, function = found
    if len(home.bindings(function.name)) != 1:
        return f"the name `{name}` is bound more than once, and the lifespan would call the last"
    others = [d for d in function.decorators if d.name.rpartition(".")[2] != "on_event"]
    if others:
        return f"`{name}` is decorated with `@{others[0].name}`, so whether it is async cannot be told"
    if function.is_async and _is_generator(home, function):
        return f"`{name}` is an async generator, which never runs"
    return function


def _is_generator(module: Module, function: Function) -> bool:
    for node in module.tree(function.statement).body:
        if isinstance(node, ast.AsyncFunctionDef) and node.name == function.name:
            waiting: list[ast.AST] = list(node.body)
            while waiting:
                part = waiting.pop()
                if isinstance(part, ast.Yield):
                    return True
                if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
                    waiting.extend(ast.iter_child_nodes(part))
    return False


def _reason_of_readers(project: Project) -> str | None:
    """Code anywhere in the project that notices when the lists of handlers are empty."""
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        module = project.module(path) if _INTERESTING.search(data) else None
        if module is None:
            continue
        _, masked = split(module.text)
        for pattern, does in (
            (_READS_HANDLERS, "uses the lists of event handlers"),
            (_ON_ROUTER, "hands event handlers to a router, which FastAPI runs twice, and once beside a lifespan"),
        ):
            if found := pattern.search(masked):
                return f"{path}:{module.text.count(chr(10), 0, found.start()) + 1} {does}"
    return None


# Where the application goes


def _reason_of_uses(project: Project, symbol: Symbol, seen: frozenset[Symbol] = frozenset()) -> str | None:
    """Whether the application reaches a library that may register handlers on it."""
    if symbol in seen:
        return None
    for module, call in project.calls("include_router"):
        argument = call.call.argument("router") or (call.call.positional[0] if call.call.positional else None)
        code = module.code(argument.span) if argument else ""
        if code.endswith(".router") and project.resolve(module, code.removesuffix(".router"), call.scopes) == symbol:
            return f"its router is included at {module.path}:{call.line}, and its handlers with it"
    for use in uses(project, [symbol])[symbol]:
        user = project.module(use.path)
        if user is None:
            continue
        if use.kind == "argument" and isinstance(use.node, ast.Call):
            given = [argument for argument in use.node.args if _is_symbol(project, user, argument, symbol)]
            given += [k.value for k in use.node.keywords if _is_symbol(project, user, k.value, symbol)]
            names = {dotted(argument) for argument in given}
            if callee := _registering_callee(project, user, use.node, names, ()):
                return (
                    f"`{symbol.name}` is handed to `{callee}` at {use.place}, which may register handlers that a"
                    f" lifespan would silence"
                )
        alias = _alias(project, user, use)
        reason = _reason_of_uses(project, alias, seen | {symbol}) if alias is not None else None
        if reason is not None:
            return reason
    return None


def _is_symbol(project: Project, module: Module, node: ast.expr, symbol: Symbol) -> bool:
    name = dotted(node)
    return bool(name) and project.resolve(module, name) == symbol


def _alias(project: Project, module: Module, use: Use) -> Symbol | None:
    """The other name that `application = app` gives it."""
    if use.kind != "value" or not isinstance(use.node, ast.Assign):
        return None
    target = dotted(use.node.targets[0])
    return project.resolve(module, target) if target and module.bindings(target) else None


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Path = tuple[tuple[str, str], ...]
"""The definitions that a search has come through."""


def _registering_callee(project: Project, module: Module, call: ast.Call, names: set[str], path: Path) -> str | None:
    """What may register handlers when `call` is given something known as one of `names`: the callee, or one in it."""
    callee = dotted(call.func) or ast.unparse(call.func)
    last = callee.rpartition(".")[2]
    if last in _HARMLESS_RECEIVERS or last.endswith("Middleware"):
        return None
    symbol = project.resolve(module, callee)
    found = _definition(project, symbol) if symbol is not None else None
    if symbol is None or found is None:
        return callee
    place = (found.module.path, symbol.name)
    return None if place in path else _registering_callee_in(project, found, call, names, (*path, place))


class _Found(NamedTuple):
    """What a call of the project's own runs."""

    module: Module
    definition: Definition
    """The function, or the class around the method."""
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    """None for a class without `__init__`, or whose method of that name it inherits."""


def _registering_callee_in(project: Project, found: _Found, call: ast.Call, names: set[str], path: Path) -> str | None:
    """The same for a definition of the project: is what it is given handed on?"""
    definition, function = found.definition, found.function
    if function is None:
        return dotted(call.func)
    is_static = any(dotted(decorator) == "staticmethod" for decorator in function.decorator_list)
    known = _parameters_given(function, call, names, skip=0 if function is definition or is_static else 1)
    for part in ast.walk(definition):
        if isinstance(part, ast.Assign) and _own(part.value) in known:
            known.update(name for target in part.targets if (name := _own(target)))
    for part in ast.walk(definition):
        if isinstance(part, ast.Call):
            given = {_own(value) for value in [*part.args, *(k.value for k in part.keywords)]} & known
            if not given:
                continue
            method = _method(definition, _own(part.func).removeprefix("self.")) if _own(part.func) else None
            if method is not None and _own(part.func).startswith("self."):
                known |= _parameters_given(method, part, known, skip=1)
                continue
            if callee := _registering_callee(project, found.module, part, given, path):
                return callee
    return None


def _own(node: ast.expr) -> str:
    """A dotted name, an attribute of the class spelled as one of the instance."""
    return re.sub(r"^cls\.", "self.", dotted(node))


def _parameters_given(function: ast.AST, call: ast.Call, names: set[str], *, skip: int) -> set[str]:
    """The parameters of a function that take one of `names` in a call."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    parameters = [argument.arg for argument in [*function.args.posonlyargs, *function.args.args]][skip:]
    known = {name for name, value in zip(parameters, call.args, strict=False) if dotted(value) in names}
    known |= {keyword.arg for keyword in call.keywords if keyword.arg and dotted(keyword.value) in names}
    if function.args.vararg and any(dotted(value) in names for value in call.args[len(parameters) :]):
        known.add(function.args.vararg.arg)
    return known


def _definition(project: Project, symbol: Symbol) -> _Found | None:
    """The definition that a function, a class, or a method of a class or of an instance in a module, names."""
    home = project.module(symbol.path) if symbol.path is not None else None
    name, _, member = symbol.name.partition(".")
    bindings = home.bindings(name) if home is not None else ()
    if home is None or len(bindings) != 1 or "." in member:
        return None
    for node in home.tree(bindings[0].statement).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name and not member:
            return _Found(home, node, node)
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _Found(home, node, _method(node, member or "__init__"))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and member:
            cls = project.resolve(home, dotted(node.value.func))
            if cls is not None and "." not in cls.name and cls.path is not None:
                return _definition(project, cls._replace(name=f"{cls.name}.{member}"))
    return None


def _method(definition: Definition, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    for node in definition.body if isinstance(definition, ast.ClassDef) else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node
    return None


# Rewriting


def _rewrite_application(edits: Edits, subject: Subject, findings: Sequence[Finding]) -> None:
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
        remove=[_ARGUMENT_OF[event] for event in EVENTS],
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
        function = _handler(project, module, registration)
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
        if reachable is not None and _is_imported_above(module, source, assignment.statement):
            return f" -> {edits.name(module, f'{source}.AsyncIterator', finding)}[None]"
    return ""


def _free_name(module: Module, target: str, *, several: bool) -> str:
    """`lifespan`, or the first of its like that the module's text does not hold."""
    candidates = [f"{target}_lifespan", f"_{target}_lifespan", *(f"lifespan_{number}" for number in range(2, 99))]
    if not several:
        candidates = ["lifespan", "app_lifespan", *candidates]
    return next(name for name in candidates if not re.search(rf"\b{re.escape(name)}\b", module.text))


def _statement_index(module: Module, offset: int) -> int:
    return max(index for index, statement in enumerate(module.facts.statements) if statement.start <= offset)
