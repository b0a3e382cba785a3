"""Responses are serialised by FastAPI itself, not by `ORJSONResponse`.

`FastAPI(default_response_class=ORJSONResponse)` and `@app.get("/", response_class=ORJSONResponse)` lose the argument,
and `ORJSONResponse({"detail": "not found"}, 404)` becomes a `JSONResponse`, where that sends the same bytes.

## Why

FastAPI deprecated `ORJSONResponse` and `UJSONResponse` in 0.131. Since 0.130 Pydantic writes the JSON of every route
that has a response model, without making Python objects first: faster than orjson, and one dependency less.

## Left alone

- FastAPI before 0.130.
- Routes without a response model or return annotation whose handler does not only return constants: orjson writes NaN
  as `null` and `1e-7` where `json` fails or writes `1e-07`. For `default_response_class`, one such route is enough.
- `ORJSONResponse(content)` whose content is not made of constants, and where the class is used in any other way.
- `UJSONResponse`, which writes `/` as `\\/`.
- A route of an application or router whose `default_response_class` is yet another one, and unpacked arguments.

## Safety

Safe: OpenAPI and the bytes of responses stay the same. Only an integer of more than 64 bits, which orjson cannot write,
is now sent instead of an error 500.

See <https://fastapi.tiangolo.com/advanced/custom-response/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Call, Module, Project, Scope, Span
from ...project.models import model
from ...project.operations import Operation, definition_of, operations_of
from ...project.reader import Positions, dotted, scope_of
from ...project.returns import returns_of
from ...project.routes import applications_of
from ...project.words import modules_with, statements_with
from ...source import UnreadableSourceError
from ...source.discovery import is_test
from ...source.nodes import children

_WRITTEN_BYTES = re.compile(rb"(?:OR|U)JSONResponse")
_WRITTEN = re.compile(r"(?:OR|U)JSONResponse")
_ORJSON = frozenset({"fastapi.responses.ORJSONResponse", "starlette.responses.ORJSONResponse"})
_UJSON = frozenset({"fastapi.responses.UJSONResponse", "starlette.responses.UJSONResponse"})
_JSON_RESPONSE = "fastapi.responses.JSONResponse"

_SINCE = (0, 130)
LARGEST = 2**53


class _Argument(NamedTuple):
    module: Module
    call: Call
    name: str
    local: str
    """What the class is called there."""


class _Made(NamedTuple):
    module: Module
    callee: Span
    local: str


class RemoveOrjsonResponse(Codemod):
    safety = Safety.SAFE
    since = (0, 131)

    effects = frozenset({"route"})
    """The class that the route table names; nothing of it is seen from outside."""

    def find(self, project: Project) -> Iterator[Finding]:
        modules = {module.path: module for module in modules_with(project, _WRITTEN_BYTES)}
        if not modules:
            return
        yield from self._of_routes(project, modules)
        yield from self._of_defaults(project, modules)
        for module in modules.values():
            for index in statements_with(module, _WRITTEN):
                yield from self._made(project, module, index)

    def _of_routes(self, project: Project, modules: dict[str, Module]) -> Iterator[Finding]:
        for operation in operations_of(project):
            given = operation.call.argument("response_class")
            if operation.module.path not in modules or given is None:
                continue
            written = operation.module.code(given.span)
            kind = _class(project, operation.module, written, operation.function.scopes)
            if kind is None:
                continue
            reason = _reason_of_version(project) or _reason_of_kind(kind) or _reason_of_route(project, operation)
            line = operation.decorator.line
            yield self.finding(
                operation.module.location(line, 1, line),
                f"`{operation.function.name}` answers with `{written}`, which FastAPI deprecated",
                anchor=operation.anchor,
                left_alone=reason,
                subject=_Argument(operation.module, operation.call, "response_class", written.partition(".")[0]),
            )

    def _of_defaults(self, project: Project, modules: dict[str, Module]) -> Iterator[Finding]:
        for module, assignment in project.instances("fastapi.FastAPI", "fastapi.APIRouter"):
            given = assignment.call.argument("default_response_class")
            if module.path not in modules or given is None:
                continue
            written = module.code(given.span)
            kind = _class(project, module, written, assignment.scopes)
            if kind is None:
                continue
            reason = _reason_of_version(project) or _reason_of_kind(kind)
            if reason is None and assignment.call.unpacks:
                reason = "it gets unpacked arguments"
            yield self.finding(
                module.location(assignment.line, assignment.column, assignment.end_line),
                f"routes of `{assignment.target}` answer with `{written}`, which FastAPI deprecated",
                anchor=f"{assignment.target}.default_response_class",
                left_alone=reason or _reason_of_all_routes(project),
                subject=_Argument(module, assignment.call, "default_response_class", written.partition(".")[0]),
            )

    def _made(self, project: Project, module: Module, index: int) -> Iterator[Finding]:
        try:
            calls = list(_calls(module.parsed(index), ()))
        except (UnreadableSourceError, RecursionError):
            return
        statement = module.facts.statements[index]
        positions = Positions(module.statement_text(index), statement.start, statement.line)
        for node, scopes, promised in calls:
            written = dotted(node.func)
            kind = _class(project, module, written, scopes)
            if kind is None:
                continue
            reason = _reason_of_version(project) or _reason_of_kind(kind) or _reason_of_content(node)
            if reason is None and re.search(rf"\b{re.escape(written)}\b", promised):
                reason = f"its function says that it returns `{promised}`"
            if reason is None and reachable_as(module, _JSON_RESPONSE) is None:
                reason = "the name `JSONResponse` means something else here"
            line = positions.line(node.lineno)
            around = ".".join(scope.name for scope in scopes)
            yield self.finding(
                module.location(line, positions.column(node.lineno, node.col_offset), line),
                f"`{written}` is deprecated: `JSONResponse` sends the same",
                anchor=f"{around}.{written}" if around else written,
                left_alone=reason,
                subject=_Made(module, positions.span(node.func), written.partition(".")[0]),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Argument | _Made = finding.subject
            if isinstance(subject, _Argument):
                change_arguments(edits, subject.module, subject.call, finding, remove=[subject.name])
            else:
                edits.replace(
                    subject.module, subject.callee, edits.name(subject.module, _JSON_RESPONSE, finding), finding
                )
            edits.drop_import(subject.module, subject.local, finding)


def _calls(
    node: ast.AST, scopes: tuple[Scope, ...], promised: str = ""
) -> Iterator[tuple[ast.Call, tuple[Scope, ...], str]]:
    """The calls in a tree with the scopes that each stands in, and what the function around says it returns."""
    if isinstance(node, ast.Call):
        yield node, scopes, promised
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scopes = (*scopes, scope_of(node))
        promised = ast.unparse(node.returns) if not isinstance(node, ast.ClassDef) and node.returns else ""
    for child in children(node):
        yield from _calls(child, scopes, promised)


def _class(project: Project, module: Module, written: str, scopes: Sequence[Scope]) -> str | None:
    """`ORJSONResponse` or `UJSONResponse`, where a name means one of them."""
    symbol = project.resolve(module, written, scopes) if re.fullmatch(r"[\w.]+", written) else None
    if symbol is None or symbol.path is not None or symbol.name not in _ORJSON | _UJSON:
        return None
    return symbol.name.rpartition(".")[2]


def _reason_of_version(project: Project) -> str | None:
    if project.versions.supports_fastapi(_SINCE):
        return None
    return "FastAPI before 0.130 writes the JSON of response models in another way"


def _reason_of_kind(kind: str) -> str | None:
    return r"ujson writes `/` as `\/`, so the responses would change" if kind == "UJSONResponse" else None


def _reason_of_route(project: Project, operation: Operation) -> str | None:
    if operation.call.unpacks:
        return "the route gets unpacked arguments"
    if reason := project.remembered("another default response class", lambda: _reason_of_another_default(project)):
        return reason
    if _has_model(project, operation) or _returns_constants(operation):
        return None
    return "the route has no response model, so that `json` would write what it returns"


def _reason_of_another_default(project: Project) -> str | None:
    for module, assignment in project.instances("fastapi.FastAPI", "fastapi.APIRouter"):
        given = assignment.call.argument("default_response_class")
        if given is not None and _class(project, module, module.code(given.span), assignment.scopes) is None:
            return f"`{assignment.target}` in {module.path} has another `default_response_class`"
    return None


def _reason_of_all_routes(project: Project) -> str | None:
    """Why it matters what is the default class; asked of every route, as routers do not tell who includes them."""
    by_place = {(item.module.path, item.decorator.line): item for item in operations_of(project)}
    for application in applications_of(project):
        if is_test(application.file):
            continue
        if application.doubts:
            return f"not all routes of `{application.name}` are known: {application.doubts[0]}"
        for route in application.routes:
            if route.kind != "operation" or route.response_class != "ORJSONResponse":
                continue
            operation = by_place.get((route.file, route.line))
            if operation is None:
                is_known = route.response_model is not None and not route.response_model.endswith("Response")
            elif operation.call.argument("response_class") is not None:
                continue
            else:
                is_known = _has_model(project, operation) or _returns_constants(operation)
            if not is_known:
                return f"`{route.endpoint}` ({route.file}:{route.line}) has no response model"
    return None


def _has_model(project: Project, operation: Operation) -> bool:
    module = operation.module
    given = operation.call.argument("response_model")
    if given is not None:
        return module.code(given.span) != "None"
    if operation.function.returns is None:
        return False
    written = module.code(operation.function.returns).strip("\"'")
    if not written.endswith("Response"):
        return True
    symbol = project.resolve(module, written, operation.function.scopes)
    found = model(project, symbol) if symbol is not None and symbol.path is not None else None
    return found is not None and found.is_pydantic


def _returns_constants(operation: Operation) -> bool:
    """Whether a handler returns nothing but constants, and responses that it makes itself."""
    if (definition := definition_of(operation.module, operation.function)) is None:
        return False
    returns = returns_of(definition.node)
    return not returns.is_generator and all(
        _is_constant(value) or (isinstance(value, ast.Call) and dotted(value.func).endswith("Response"))
        for value in returns.values
    )


def _is_constant(node: ast.expr | None) -> bool:
    """Whether `json` and orjson write a value as the same text: text, small integers, and what is made of them."""
    match node:
        case ast.Constant(value=str() | bool() | None) | ast.JoinedStr():
            return True
        case ast.Constant(value=int() as number):
            return number < LARGEST
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return isinstance(operand, ast.Constant) and isinstance(operand.value, int) and _is_constant(operand)
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return all(_is_constant(element) for element in elements)
        case ast.Dict(keys=keys, values=values):
            are_text = all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys)
            return are_text and all(_is_constant(value) for value in values)
        case ast.Call(func=ast.Name(id="str"), args=[_], keywords=[]):
            return True
        case _:
            return False


def _reason_of_content(node: ast.Call) -> str | None:
    if any(isinstance(part, ast.Starred) for part in node.args) or any(k.arg is None for k in node.keywords):
        return "it gets unpacked arguments"
    content = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "content"), None)
    if content is None or not _is_constant(content):
        return "what it sends may be written in another way by `json`"
    return None
