"""A handler raises `HTTPException` instead of putting FastAPI's own error body together.

`return JSONResponse(status_code=404, content={"detail": d})` becomes `raise HTTPException(status_code=404, detail=d)`.

## Why

It is what the response says, by the way that FastAPI has for it: one exception that works as well in what the handler
calls and in dependencies, that clients of the code can catch, and that handlers for exceptions see.

## Left alone

- Responses in exception handlers and middleware: an exception that is raised there is answered with 500.
- Projects that answer `HTTPException` by a handler of their own: it would change the body.
- Handlers that take `BackgroundTasks`, which do not run after an exception, and handlers with a dependency that does
  something behind its `yield`: it would commit before, and roll back after.
- Responses inside a `try` or a `with` that would see the exception.
- Handlers that other code calls: it gets a response today.
- Details that may be `None`, for which FastAPI puts in the status' own words.
- Other bodies, which `normalize-error-envelope` is about.

## Safety

Safe: body, status and headers are the same.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import written_call
from ...edits.handlers import Signatures
from ...edits.imports import reachable_as
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.catching import reason_it_would_not_get_out
from ...project.exception_handlers import changes_http_exceptions
from ...project.operations import Operation
from ...project.placed import Placed, argument, placed_function, unpacks
from ...project.reader import dotted
from ...project.responses import Handler, handlers_of, reason_of_registration
from ...project.routes import applications_of
from ...project.statuses import status_of
from ...project.types import yields

_JSON = frozenset({"fastapi.responses.JSONResponse", "starlette.responses.JSONResponse"})
_TASKS = re.compile(r"\bBackgroundTasks\b")
_HTTP_EXCEPTION = "fastapi.HTTPException"


class _Answer(NamedTuple):
    """`return JSONResponse(...)` with a body of one `detail`."""

    handler: Handler
    placed: Placed
    call: ast.Call
    status: int
    status_node: ast.expr
    detail: ast.expr


class JsonresponseErrorToHttpexception(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(_answers(project))
        signatures = Signatures(project, [answer.handler.operations[0] for answer in found])
        for answer in found:
            name = answer.handler.function.name
            yield self.finding(
                answer.placed.location,
                f"`{name}` returns the body of an HTTPException {answer.status} instead of raising one",
                anchor=f"{answer.handler.function.qualified_name}.{answer.status}",
                left_alone=_reason(project, answer, signatures),
                subject=answer,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            answer: _Answer = finding.subject
            placed = answer.placed
            name = edits.name(placed.module, _HTTP_EXCEPTION, finding)
            status, detail = placed.code(answer.status_node), placed.code(answer.detail)
            span = placed.span()
            arguments = [f"status_code={status}", f"detail={detail}"]
            text = written_call(edits, placed.module, span.start, f"raise {name}", arguments)
            edits.replace(placed.module, span, text, finding)
            edits.drop_import(placed.module, dotted(answer.call.func).partition(".")[0], finding)


def _answers(project: Project) -> Iterator[_Answer]:
    for handler in handlers_of(project):
        module = handler.module
        if "JSONResponse" not in module.text:
            continue
        if not re.search(r"JSONResponse\(", module.statement_text(handler.function.statement)):
            continue
        function = placed_function(module, handler.function)
        if function is None:
            continue
        for placed in function.within(function.node, ast.Return):
            answer = _answer(project, handler, placed)
            if answer is not None:
                yield answer


def _answer(project: Project, handler: Handler, placed: Placed) -> _Answer | None:
    assert isinstance(placed.node, ast.Return)
    call = placed.node.value
    if not isinstance(call, ast.Call):
        return None
    symbol = placed.resolve(project, call.func)
    if symbol is None or symbol.path is not None or symbol.name not in _JSON:
        return None
    content, given = argument(call, "content", 0), argument(call, "status_code", 1)
    status = status_of(project, placed, given)
    if status is None or status < 400 or given is None:
        return None
    match content:
        case ast.Dict(keys=[ast.Constant(value="detail")], values=[detail]):
            return _Answer(handler, placed, call, status, given, detail)
    return None


def _reason(project: Project, answer: _Answer, signatures: Signatures) -> str | None:
    module, function, call = answer.placed.module, answer.handler.function, answer.call
    if unpacks(call) or len(call.args) + len(call.keywords) > 2:
        return "the response is given more than a body and a status"
    if changes_http_exceptions(project, answer.status) is not None:
        return "a custom HTTPException handler would change the body"
    if not _is_something(answer.detail):
        return f"`{answer.placed.code(answer.detail)}` may be None, for which FastAPI puts in words of its own"
    if reason := reason_it_would_not_get_out(project, answer.placed):
        return reason
    if reason := reason_of_registration(project, answer.handler):
        return reason
    if reason := signatures.reason_to_keep(answer.handler.operations[0]):
        return f"{reason}, and gets a response today"
    if has_comment(answer.placed.code(call)):
        return "a comment stands in it"
    if reachable_as(module, _HTTP_EXCEPTION) is None:
        return f"{module.path} has another `HTTPException`"
    if any("HTTPException" in scope.names for scope in answer.placed.scopes):
        return f"`HTTPException` is a name of `{function.name}`"
    return _reason_of_dependencies(project, answer.handler)


def _is_something(node: ast.expr) -> bool:
    """Whether a detail is certainly not None."""
    match node:
        case ast.Constant(value=value):
            return value is not None
        case ast.JoinedStr() | ast.Dict() | ast.List():
            return True
        case ast.Call(func=ast.Name(id="str" | "repr")) | ast.Call(func=ast.Attribute(value=ast.Constant())):
            return True
        case ast.BinOp(left=left, right=right):
            return any(isinstance(n, ast.JoinedStr) or _is_text(n) for n in (left, right))
        case _:
            return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _reason_of_dependencies(project: Project, handler: Handler) -> str | None:
    """Why it makes a difference to what runs beside the handler that it ends with an exception."""
    header = handler.module.code(handler.function.span)
    if _TASKS.search(header):
        return "it takes BackgroundTasks, which do not run after an exception"
    for operation in handler.operations:
        if reason := _reason_of_operation(project, operation):
            return reason
    return None


def _reason_of_operation(project: Project, operation: Operation) -> str | None:
    place = operation.module.path, operation.decorator.line
    routes = [r for app in applications_of(project) for r in app.routes if (r.file, r.line) == place]
    if not routes:
        return "its dependencies are not known: no application or router of the project has the route"
    for route in routes:
        if any("dependenc" in doubt for doubt in route.doubts):
            return "its dependencies are not all known"
        for used in route.in_execution_order:
            if used.path is None:
                if used.name.startswith("fastapi.security") or used.name.rpartition(".")[2][:1].isupper():
                    continue
                return f"what the dependency `{used.name}` does after the response is not known"
            if reason := _reason_of_dependency(project, Symbol(used.path, used.name)):
                return reason
    return None


def _reason_of_dependency(project: Project, symbol: Symbol) -> str | None:
    found = project.function(symbol)
    if found is None:
        home = project.module(symbol.path or "")
        is_class = home is not None and any(b.kind == "class" for b in home.bindings(symbol.name.partition(".")[0]))
        return None if is_class else f"what the dependency `{symbol.name}` does after the response is not known"
    module, function = found
    if _TASKS.search(module.code(function.span)):
        return f"the dependency `{symbol.name}` takes BackgroundTasks, which do not run after an exception"
    placed = placed_function(module, function)
    if placed is None:
        return f"what the dependency `{symbol.name}` does after the response is not known"
    if yields(placed.node) and not _only_cleans_up(module, placed):
        return f"the dependency `{symbol.name}` does something else behind its `yield` after an exception"
    return None


def _only_cleans_up(module: Module, placed: Placed) -> bool:  # noqa: ARG001
    """Whether what stands behind the `yield` runs alike with and without an exception: in a `finally` alone."""
    for inner in placed.within(placed.node, ast.Yield):
        child: ast.AST = inner.node
        for node in inner.around:
            if node is placed.node:
                break
            if isinstance(node, ast.With | ast.AsyncWith | ast.For | ast.AsyncFor | ast.While):
                return False
            if isinstance(node, ast.Try) and child in node.body and (node.handlers or node.orelse):
                return False
            for field in ("body", "orelse"):
                block = getattr(node, field, None)
                if isinstance(block, list) and child in block and block[-1] is not child:
                    return False
            child = node
        body = getattr(placed.node, "body", [])
        if child in body and body[-1] is not child:
            return False
    return True
