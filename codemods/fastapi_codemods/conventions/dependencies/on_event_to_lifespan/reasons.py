"""Why an application's event handlers are left alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from ....edits import reachable_as
from ....edits.lines import has_comment
from ....project import Assignment, Function, Module, Project, Scope, Symbol
from ....project.reader import dotted
from ....project.versions import spelled
from ....source import split
from ....source.nodes import children
from .handed_on import reason_of_uses
from .registrations import Application, Registration

LIFESPAN_SINCE = (0, 93)

# Whatever reads or runs the lists of handlers notices that they are empty.
_READS_HANDLERS = re.compile(r"\.on_(?:startup|shutdown)\b|\.router\.(?:startup|shutdown)\b|\.lifespan_context\b")
_ON_ROUTER = re.compile(r"\b\w*Router\s*\((?:[^()]|\([^()]*\))*\bon_(?:startup|shutdown)\s*=")
_INTERESTING = re.compile(rb"on_(?:startup|shutdown)|\.router\.(?:startup|shutdown)|lifespan_context")


def reason_of_receiver(project: Project, registration: Registration, symbol: Symbol | None) -> tuple[str, bool]:
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


def reason_of_application(
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
    return _reason_of_readers(project) or reason_of_uses(project, symbol)


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
    if not is_imported_above(module, "contextlib", assignment.statement):
        return "the module imports contextlib below the application"
    return None


def is_imported_above(module: Module, source: str, statement: int) -> bool:
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
    function = handler_of(project, module, registration)
    if isinstance(function, str):
        return f"{function}, registered at {place}"
    if any(p.default is None and p.kind in ("", "/", "=") for p in function.parameters):
        return f"`{function.name}` takes arguments, registered at {place}"
    if registration.kind == "call" and len(module.tree(statement_index(module, registration.span.start)).body) > 1:
        return f"several statements share the line at {place}"
    return None


def handler_of(project: Project, module: Module, registration: Registration) -> Function | str:
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
                    waiting.extend(children(part))
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


def statement_index(module: Module, offset: int) -> int:
    return max(index for index, statement in enumerate(module.facts.statements) if statement.start <= offset)
