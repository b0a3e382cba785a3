"""A handler does not return a body and a status as a tuple.

`return {"error": "gone"}, 410` becomes `return JSONResponse(status_code=410, content={"error": "gone"})`.

## Why

That is Flask's way. FastAPI sends the tuple as it is: a list of two elements, with status 200. No client is told of the
error, and what the code says is not what is sent.

## Left alone

- Handlers under a decorator of the project's own, which may take the tuple apart.
- Handlers that say they return a tuple.
- Tuples of three, whose third part would be headers, and statuses without a body.
- Handlers that other code calls: it gets a tuple today.

## Safety

A contract: status and body change to what the code says. Where clients have come to read the list, they must change.

See <https://fastapi.tiangolo.com/advanced/additional-status-codes/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import written_call
from ...edits.handlers import Signatures
from ...edits.imports import reachable_as
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import decorator_besides
from ...project.placed import Placed, placed_function
from ...project.responses import Handler, handlers_of
from ...project.statuses import PHRASES, status_of

_JSON = "fastapi.responses.JSONResponse"
_ENCODER = "fastapi.encoders.jsonable_encoder"
_WITHOUT_BODY = frozenset({204, 205, 304})


class _Tuple(NamedTuple):
    handler: Handler
    placed: Placed
    parts: Sequence[ast.expr]
    status: int


class FlaskStyleTuple(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(_tuples(project))
        signatures = Signatures(project, [item.handler.operations[0] for item in found])
        for item in found:
            yield self.finding(
                item.placed.location,
                f"`{item.handler.function.name}` returns a tuple with the status {item.status}: FastAPI sends a list of"
                f" {len(item.parts)} elements, with status 200",
                anchor=f"{item.handler.function.qualified_name}.{item.status}",
                left_alone=_reason(item, signatures),
                subject=item,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Tuple = finding.subject
            placed = item.placed
            content = placed.code(item.parts[0])
            if not _is_plain(item.parts[0]):
                content = f"{edits.name(placed.module, _ENCODER, finding)}({content})"
            name = edits.name(placed.module, _JSON, finding)
            span = placed.span()
            arguments = [f"status_code={placed.code(item.parts[1])}", f"content={content}"]
            text = written_call(edits, placed.module, span.start, f"return {name}", arguments)
            edits.replace(placed.module, span, text, finding)


def _tuples(project: Project) -> Iterator[_Tuple]:
    for handler in handlers_of(project):
        text = handler.module.statement_text(handler.function.statement)
        if "return" not in text or "," not in text:
            continue
        function = placed_function(handler.module, handler.function)
        if function is None:
            continue
        for placed in function.within(function.node, ast.Return):
            assert isinstance(placed.node, ast.Return)
            match placed.node.value:
                case ast.Tuple(elts=[body, given, *rest] as parts) if len(rest) < 2:
                    status = status_of(project, placed, given)
                    if status is not None and status in PHRASES and (_is_body(body) or not _is_number(given)):
                        yield _Tuple(handler, placed, parts, status)


def _is_body(node: ast.expr) -> bool:
    match node:
        case ast.Dict() | ast.JoinedStr() | ast.Constant(value=str()):
            return True
        case ast.Call(func=ast.Name(id="jsonify" | "JSONResponse" | "dict" | "jsonable_encoder")):
            return True
    return False


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


def _reason(item: _Tuple, signatures: Signatures) -> str | None:
    function = item.handler.function
    if name := decorator_besides(function):
        return f"`@{name}` may take the tuple apart"
    returns = item.handler.module.code(function.returns) if function.returns is not None else ""
    if "uple" in returns:
        return "it says that it returns a tuple"
    if any(model is not None for model in item.handler.models):
        return "its response model does not fit a tuple: what it should answer with is for a person to say"
    if len(item.parts) > 2:
        return "it has a third part, such as headers"
    if item.status in _WITHOUT_BODY:
        return f"an answer with {item.status} has no body"
    if isinstance(item.parts[0], ast.Call) and ast.unparse(item.parts[0].func).endswith(("Response", "jsonify")):
        return "its first part is a response already"
    if reason := signatures.reason_to_keep(item.handler.operations[0]):
        return f"{reason}, and gets a tuple today"
    if has_comment(item.placed.code(item.placed.node.value)):  # type: ignore[attr-defined]
        return "a comment stands in it"
    module = item.placed.module
    for dotted_name in (_JSON, _ENCODER):
        if reachable_as(module, dotted_name) is None:
            return f"{module.path} has another `{dotted_name.rpartition('.')[2]}`"
    return None


def _is_plain(node: ast.expr) -> bool:
    """Whether JSON can be made of it without FastAPI's encoder."""
    match node:
        case ast.Constant(value=value):
            return not isinstance(value, bytes | complex) and value is not Ellipsis
        case ast.JoinedStr():
            return True
        case ast.Call(func=ast.Name(id="str" | "len")):
            return True
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_plain(key) for key in keys) and all(map(_is_plain, values))
        case ast.List(elts=parts):
            return all(map(_is_plain, parts))
    return False
