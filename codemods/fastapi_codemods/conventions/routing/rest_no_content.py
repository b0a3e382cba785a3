"""A DELETE route that returns nothing answers 204.

`@app.delete("/items/{item_id}")` becomes `@app.delete("/items/{item_id}", status_code=status.HTTP_204_NO_CONTENT)`
where every way through the handler returns None.

## Why

Without a status the route answers 200 with the body `null`, and its documentation promises a body of any kind. 204
says that it is done and that there is nothing to read, and generated clients have no result to return.

## Left alone

- Handlers that return something on some way through them, and those that always raise, are no findings.
- Routes that say a status, a response model or a response class, are no findings either: somebody chose them.
- Routes with `responses`, which may document the body of 200.
- Handlers with a parameter for the response, through which they may set a status, and generators.
- Handlers under other decorators, which may return something else.
- Unpacked arguments, and objects of the project's own subclasses of `FastAPI` and `APIRouter`.

## Safety

A contract: the status becomes 204, and the body `null` empty. Clients that compare the status with 200 or parse the
body must be changed.

See <https://fastapi.tiangolo.com/tutorial/response-status-code/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.status import reason_against_a_status, set_status
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, decorator_besides, definition_of, operations_of
from ...project.returns import Returns, returns_of
from ...source.discovery import is_test

_CHOSEN = ("status_code", "response_class")


class RestNoContent(Codemod):
    safety = Safety.CONTRACT

    after = ("api-route-to-method-decorator",)

    def find(self, project: Project) -> Iterator[Finding]:
        for operation in operations_of(project):
            if operation.method != "delete" or is_test(operation.module.path) or _is_chosen(operation):
                continue
            definition = definition_of(operation.module, operation.function)
            if definition is None:
                continue
            returns = returns_of(definition.node)
            if returns.values or not (returns.ends_without or returns.is_generator):
                continue
            line = operation.decorator.line
            yield self.finding(
                operation.module.location(line, 1, line),
                f"`{operation.function.name}` returns nothing: DELETE answers 200 with `null` instead of 204",
                anchor=operation.anchor,
                left_alone=_reason(operation, returns),
                subject=operation,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            set_status(edits, finding.subject, 204, "HTTP_204_NO_CONTENT", finding)


def _is_chosen(operation: Operation) -> bool:
    if any(operation.call.argument(name) is not None for name in _CHOSEN):
        return True
    module = operation.module
    model = operation.call.argument("response_model")
    if model is not None:
        return module.code(model.span) != "None"
    returns = operation.function.returns
    return returns is not None and module.code(returns).strip("\"'") != "None"


def _reason(operation: Operation, returns: Returns) -> str | None:
    if reason := reason_against_a_status(operation, returns, "the body"):
        return reason
    if decorator := decorator_besides(operation.function):
        return f"`@{decorator}` may make it return something"
    return None
