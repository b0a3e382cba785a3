"""Where event handlers are registered, in whatever way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....findings import Location
from ....project import Assignment, Call, Function, MethodCall, Module, Project, Scope, Span, Symbol
from ....project.reader import dotted
from ....source.statements import blanked

EVENTS = ("startup", "shutdown")
ARGUMENT_OF = {"startup": "on_startup", "shutdown": "on_shutdown"}
_APPLICATIONS = ("fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette", "starlette.routing.Router")

_METHODS = ("on_event", "add_event_handler")
_LONGEST_RECEIVER = 500
_REGISTERS = re.compile(r"([\w.]*)\s*\.\s*(?:on_event|add_event_handler)\b")
_RECEIVER = re.compile(r"[\w.]*\s*\.\s*\Z")
_OTHER_EVENT = re.compile(r"\s*\(\s*(?:event_type\s*=\s*)?[\"'](?!startup[\"']|shutdown[\"'])")


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


def registrations(project: Project) -> Iterator[Registration]:
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
        argument = assignment.call.argument(ARGUMENT_OF[event])
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
