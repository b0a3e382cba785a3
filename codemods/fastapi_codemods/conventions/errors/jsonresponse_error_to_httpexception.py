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
from ...edits.raising import HTTP_EXCEPTION, is_something, reason_to_return
from ...findings import Finding, Safety
from ...project import Project
from ...project.exception_handlers import changes_http_exceptions
from ...project.placed import Placed, argument, placed_function, unpacks
from ...project.reader import dotted
from ...project.responses import Handler, handlers_of
from ...project.statuses import status_of

_JSON = frozenset({"fastapi.responses.JSONResponse", "starlette.responses.JSONResponse"})


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
            name = edits.name(placed.module, HTTP_EXCEPTION, finding)
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
    call = answer.call
    if unpacks(call) or len(call.args) + len(call.keywords) > 2:
        return "the response is given more than a body and a status"
    if changes_http_exceptions(project, answer.status) is not None:
        return "a custom HTTPException handler would change the body"
    if not is_something(answer.detail):
        return f"`{answer.placed.code(answer.detail)}` may be None, for which FastAPI puts in words of its own"
    return reason_to_return(project, answer.handler, answer.placed, signatures)
