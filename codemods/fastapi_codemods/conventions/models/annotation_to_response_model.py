"""What a handler answers stands in `response_model=`, where the project says it there.

`@app.get("/items")` above `def read_items() -> list[Item]:` becomes
`@app.get("/items", response_model=list[Item])` above `def read_items():`. In a project that says both, the annotation
stays.

## Why

Some projects return database objects and let FastAPI make the model of them: an annotation that says the model is
untrue for type checkers then, and the decorator is the place for it. One project should have one way.

## Left alone

- Unless this codemod is selected by name, nothing is found but in a project that says both: elsewhere it would take
  annotations away, which type checkers use and FastAPI's documentation recommends.
- Annotations that name a response class or None are no findings: they declare no model.
- Generators, whose annotation says what they stream.
- Annotations of which nothing tells whether they name a response class.
- Names that FastAPI finds and the decorator would not: those imported under `TYPE_CHECKING` or defined further down.
- Handlers under other decorators, methods, handlers that are registered or handed on elsewhere, unpacked arguments, a
  `route_class`, and objects of the project's own subclasses of `FastAPI` and `APIRouter`.
- Projects that support a FastAPI before 0.89, which does not look at the annotation.

## Safety

Safe: the route has the same response model, made of the same type.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...edits.returns import reason_of_layout, remove_annotation
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, definition_of
from ...project.responses import (
    BOTH,
    SINCE,
    Handler,
    Written,
    annotation_of,
    branches,
    established_declaration,
    handlers_of,
    is_response,
    other_uses,
    reason_of_registration,
    reason_of_scope,
)
from ...project.returns import returns_of
from ...source.nodes import walk


class _Move(NamedTuple):
    handler: Handler
    operations: tuple[Operation, ...]
    """Those without a `response_model`."""
    code: str
    keeps_annotation: bool


class AnnotationToResponseModel(Codemod):
    safety = Safety.SAFE

    after = ("api-route-to-method-decorator", "redundant-response-model")

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(_annotated_only(project))
        if not found:
            return
        established = established_declaration(project)
        if not (self.is_named or established == BOTH):
            return
        handed_on = other_uses(project, [handler for handler, _ in found])
        for handler, annotation in found:
            module, function = handler.module, handler.function
            open_operations = tuple(
                operation for operation, model in zip(handler.operations, handler.models, strict=True) if model is None
            )
            reason = _reason(project, handler, annotation)
            if reason is None and handler.symbol is not None:
                reason = handed_on.get(handler.symbol)
            yield self.finding(
                module.location(function.line, 1, function.end_line),
                f"`{function.name}` says by its annotation that it answers with `{annotation.code}`, "
                "which stands in `response_model` elsewhere",
                anchor=f"{function.qualified_name} response_model",
                left_alone=reason,
                subject=_Move(handler, open_operations, annotation.code, established == BOTH),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            move: _Move = finding.subject
            module, function = move.handler.module, move.handler.function
            for operation in move.operations:
                change_arguments(edits, module, operation.call, finding, values={"response_model": move.code})
            if not move.keeps_annotation:
                remove_annotation(edits, module, function, finding)


def _annotated_only(project: Project) -> Iterator[tuple[Handler, Written]]:
    """Handlers whose annotation is a response model, or may be one."""
    for handler in handlers_of(project):
        if handler.function.returns is None or all(handler.models):
            continue
        annotation = annotation_of(handler)
        if annotation is None or annotation.code == "None":
            continue
        if is_response(project, handler.module, annotation.node, handler.function.scopes):
            continue
        definition = definition_of(handler.module, handler.function)
        if definition is not None and not returns_of(definition.node).is_generator:
            yield handler, annotation


def _reason(project: Project, handler: Handler, annotation: Written) -> str | None:
    module, function, versions = handler.module, handler.function, project.versions
    if not versions.supports_fastapi(SINCE):
        return f"the project supports a FastAPI before 0.89 ({versions.fastapi_source}), to which it means nothing"
    if reason := reason_of_registration(project, handler) or reason_of_layout(module, function):
        return reason
    if any(character in annotation.code for character in "#\r\n"):
        return "its annotation stands on several lines"
    if any(isinstance(part, ast.Name | ast.Attribute) and ast.unparse(part).endswith("Annotated")
           for part in walk(annotation.node)):  # fmt: skip
        return "its annotation is `Annotated`"
    if reason := reason_of_scope(project, handler, annotation.node, as_text=annotation.is_text):
        return reason
    for branch in branches(project, module, annotation.node):
        if isinstance(branch, ast.Name | ast.Attribute):
            of_response = is_response(project, module, branch, function.scopes)
            if of_response is None:
                return f"nothing tells whether `{ast.unparse(branch)}` is a response class"
            if of_response:
                return f"`{ast.unparse(branch)}` is a response class, which is no model"
    return None
