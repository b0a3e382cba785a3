"""A route says what it answers with if the other routes of its router do.

Nine handlers have a `response_model` or a return annotation, the tenth has neither.

## Why

Without it the schema says that the answer may be anything, generated clients have no type for it, and nothing keeps a
field back that must not go out.

## Left alone

- Routers with fewer than four routes that say it, and those where more than two do not.
- Handlers that return a response, nothing, or HTML; streams and downloads.
- Routes that are not in the schema.

## Safety

It only reports; `wrap-dict-returns` and `annotation-to-response-model` write what they can prove.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, decorator_besides
from ...project.placed import FunctionNode, placed_function
from ...project.responses import Handler, handlers_of
from ...project.returns import returns_of

FEWEST = 4
SHARE = 0.8
MOST = 2

_RESPONSE = re.compile(r"Response\b|render|redirect|template|stream", re.IGNORECASE)


class MissingResponseModel(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        by_router: dict[tuple[str, str], list[tuple[Handler, Operation]]] = {}
        for handler in handlers_of(project):
            operation = handler.operations[0]
            if operation.call.argument("include_in_schema") is None and not handler.function.is_method:
                by_router.setdefault((handler.module.path, operation.receiver), []).append((handler, operation))
        for found in by_router.values():
            if len(found) <= FEWEST:
                continue
            silent = [item for item in found if not _says_it(*item)]
            said = len(found) - len(silent)
            if not silent or said < max(FEWEST, SHARE * len(found)):
                continue
            missing = [item for item in silent if _returns_data(*item)]
            if len(missing) > MOST:
                continue
            for handler, operation in missing:
                yield self.finding(
                    operation.module.location(operation.decorator.line, 1, operation.decorator.line),
                    f"`{handler.function.name}` does not say what it answers with, unlike {said} other routes of"
                    f" `{operation.receiver}`",
                    anchor=f"{operation.anchor}.response_model",
                )


def _says_it(handler: Handler, operation: Operation) -> bool:
    return operation.call.argument("response_model") is not None or handler.function.returns is not None


def _returns_data(handler: Handler, operation: Operation) -> bool:
    for name in ("response_class", "status_code"):
        given = operation.call.argument(name)
        if given is not None and (name == "response_class" or "204" in operation.module.code(given.span)):
            return False
    if operation.call.unpacks or decorator_besides(handler.function):
        return False
    placed = placed_function(handler.module, handler.function)
    if placed is None or not isinstance(placed.node, FunctionNode):
        return False
    returned = returns_of(placed.node)
    if returned.is_generator or not returned.values:
        return False
    return not any(_RESPONSE.search(ast.unparse(value)) for value in returned.values)
