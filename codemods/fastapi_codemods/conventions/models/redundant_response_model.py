"""A route does not say by `response_model=` what its handler's return annotation says.

`@app.get("/items", response_model=list[Item])` above `def read_items() -> list[Item]:` becomes `@app.get("/items")`.

## Why

FastAPI takes the return annotation for the response model. Said twice, the two come apart with the next change, and
then the decorator wins without a word.

## Left alone

- Types that are not the same, such as `Item | None` and `Item`, are no findings: the one in the decorator is what
  FastAPI uses, and somebody may want it so. Nor are `List[Item]` and `list[Item]`, which programs can tell apart.
- `response_model=None`, which says that there is no model.
- In a project that says both by convention, or `response_model=` alone, nothing is found unless this codemod is
  selected by name.
- Annotations that are text (in quotes, or under `from __future__ import annotations`) with names that FastAPI would
  not find: those of a function, and those imported under `TYPE_CHECKING`.
- Handlers under other decorators, methods, unpacked arguments, a `route_class`, and objects of the project's own
  subclasses of `FastAPI` and `APIRouter`.
- Projects that support a FastAPI before 0.89.

## Safety

Safe: the route has the same response model, made of the same type.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Project
from ...project.model import Argument
from ...project.operations import Operation
from ...project.responses import (
    SINCE,
    Handler,
    Written,
    annotation_of,
    established_declaration,
    handlers_of,
    is_response,
    is_same_object,
    reason_of_registration,
    reason_of_scope,
)
from ...source.nodes import walk


class RedundantResponseModel(Codemod):
    safety = Safety.SAFE

    after = ("api-route-to-method-decorator",)

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(_said_twice(project))
        if not found or not (self.is_named or established_declaration(project) in (None, "return annotation")):
            return
        for handler, operation, model, annotation in found:
            line = operation.decorator.line
            yield self.finding(
                handler.module.location(line, 1, line),
                f"`{handler.function.name}` is annotated to return `{annotation.code}`, as `response_model` says, too",
                anchor=f"{operation.anchor} response_model",
                left_alone=_reason(project, handler, model, annotation),
                subject=operation,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            operation: Operation = finding.subject
            change_arguments(edits, operation.module, operation.call, finding, remove=["response_model"])


def _said_twice(project: Project) -> Iterator[tuple[Handler, Operation, Argument, Written]]:
    for handler in handlers_of(project):
        if handler.function.returns is None or not any(handler.models):
            continue
        module, scopes = handler.module, handler.function.scopes
        annotation = annotation_of(handler)
        if annotation is None or annotation.code == "None":
            continue
        for operation, model in zip(handler.operations, handler.models, strict=True):
            if model is not None and is_same_object(
                project, module, module.expression(model.span), annotation.node, scopes
            ):
                yield handler, operation, model, annotation


def _reason(project: Project, handler: Handler, model: Argument, annotation: Written) -> str | None:
    module = handler.module
    versions = project.versions
    if not versions.supports_fastapi(SINCE):
        return f"the project supports a FastAPI before 0.89 ({versions.fastapi_source}), which needs `response_model`"
    if reason := reason_of_registration(project, handler):
        return reason
    if is_response(project, module, annotation.node, handler.function.scopes):
        return "a response class is no model"
    for node in (annotation.node, module.expression(model.span)):
        if reason := reason_of_scope(project, handler, node, as_text=annotation.is_text):
            return reason
    for part in walk(module.expression(model.span)):
        if isinstance(part, ast.Name) and part.id not in re.findall(r"\w+", annotation.code):
            outside = module.text[: model.span.start] + module.text[model.span.end :]
            if len(re.findall(rf"\b{re.escape(part.id)}\b", outside)) < 2:
                return f"`{part.id}` would then be imported for nothing"
    return None
