"""What a handler answers is its return annotation, where that is what it returns.

`@app.get("/items/{item_id}", response_model=Item)` above `def read_item(item_id: int):` becomes
`@app.get("/items/{item_id}")` above `def read_item(item_id: int) -> Item:`, if every way through the handler returns an
`Item`.

## Why

An annotation says the same to FastAPI, and editors and type checkers read it, too: they notice a handler that returns
something else. FastAPI's documentation recommends it for handlers that return what they declare.

## Left alone

- In a project where annotations are not the convention, nothing is found unless this codemod is selected by name.
- Handlers that return anything of which the code does not show that it is of that type: a dict, a database object, what
  a function without annotation gives back. The annotation would be untrue, and `response_model=` is the place for it.
- `response_model=None`, and handlers with an annotation, are no findings.
- Names that the decorator finds and FastAPI would not find from the text of an annotation: those of a function, those
  imported under `TYPE_CHECKING`.
- Handlers under other decorators, methods, generators, handlers that are registered or handed on elsewhere, unpacked
  arguments, a `route_class`, and objects of the project's own subclasses of `FastAPI` and `APIRouter`.
- Projects that support a FastAPI before 0.89, which does not look at the annotation.

## Safety

Safe: the route has the same response model, made of the same type.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....codemod import Codemod
from ....edits import Edits
from ....edits.calls import change_arguments
from ....edits.returns import add_annotation, reason_of_layout
from ....findings import Finding, Safety
from ....project import Project
from ....project.operations import definition_of
from ....project.responses import (
    ONLY_ANNOTATION,
    SINCE,
    Handler,
    established_declaration,
    handlers_of,
    is_response,
    meaning,
    other_uses,
    reason_of_registration,
    reason_of_scope,
)
from .truth import reason_not_true


class _Move(NamedTuple):
    handler: Handler
    code: str


class ResponseModelToAnnotation(Codemod):
    safety = Safety.SAFE

    after = ("api-route-to-method-decorator", "redundant-response-model", "annotation-to-response-model")

    def find(self, project: Project) -> Iterator[Finding]:
        found = [handler for handler in handlers_of(project) if handler.function.returns is None and _model(handler)]
        if not found or not (self.is_named or established_declaration(project) == ONLY_ANNOTATION):
            return
        handed_on = other_uses(project, found)
        for handler in found:
            function, code = handler.function, _model(handler)
            reason = _reason(project, handler, code)
            if reason is None and handler.symbol is not None:
                reason = handed_on.get(handler.symbol)
            yield self.finding(
                handler.module.location(function.line, 1, function.end_line),
                f"`{function.name}` says by `response_model` that it answers with `{code}`, which its annotation could",
                anchor=f"{function.qualified_name} response_model",
                left_alone=reason,
                subject=_Move(handler, code),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            move: _Move = finding.subject
            module = move.handler.module
            for operation in move.handler.operations:
                change_arguments(edits, module, operation.call, finding, remove=["response_model"])
            add_annotation(edits, module, move.handler.function, move.code, finding)


def _model(handler: Handler) -> str:
    """The first `response_model` as written, empty where there is none or it says that there is none."""
    model = next((model for model in handler.models if model is not None), None)
    code = handler.module.code(model.span) if model is not None else ""
    return "" if code == "None" else code


def _reason(project: Project, handler: Handler, code: str) -> str | None:
    module, function, versions = handler.module, handler.function, project.versions
    if not versions.supports_fastapi(SINCE):
        return f"the project supports a FastAPI before 0.89 ({versions.fastapi_source}), to which it means nothing"
    if reason := reason_of_registration(project, handler) or reason_of_layout(module, function):
        return reason
    nodes = [module.expression(model.span) for model in handler.models if model is not None]
    if len(nodes) < len(handler.operations):
        return "another of its routes has no `response_model`, and would get this one"
    if len({meaning(project, module, node, function.scopes) for node in nodes}) > 1:
        return "its routes have different models"
    if any(character in code for character in "#\r\n"):
        return "its model stands on several lines"
    if reason := reason_of_scope(project, handler, nodes[0], as_text=module.facts.postponed):
        return reason
    if is_response(project, module, nodes[0], function.scopes):
        return "a response class is no model"
    definition = definition_of(module, function)
    if definition is None:
        return "Python cannot parse it"
    return reason_not_true(project, module, function, definition.node, nodes[0])
