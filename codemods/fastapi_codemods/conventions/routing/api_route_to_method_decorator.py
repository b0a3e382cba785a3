"""A route for one method says which in its decorator.

`@app.api_route("/orders", methods=["POST"])` becomes `@app.post("/orders")`. Without `methods` it is a GET route.

## Why

`@app.post` is what FastAPI's documentation and everybody who reads it expects; the method is the first thing that one
wants to know of a route, and no longer stands at the end of a list of arguments.

## Left alone

- Routes for several methods, methods that have no decorator of their own, and methods that are not known are no
  findings.
- A list of one method that is made elsewhere, and a method that is not written as a string.
- Unpacked arguments.
- A comment inside of `methods`.
- Objects of the project's own subclasses of `FastAPI` and `APIRouter`, whose methods may do something else.

## Safety

Safe: `post` is `api_route` with that method, and takes the same arguments. Everything else in the call stays as it is
written.

See <https://fastapi.tiangolo.com/reference/apirouter/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.operations import METHODS, Operation, operations_of


class ApiRouteToMethodDecorator(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        for operation in operations_of(project):
            if operation.method != "api_route":
                continue
            method, reason = _method(operation)
            if method is None and reason is None:
                continue
            line = operation.decorator.line
            written = f"`@{operation.receiver}.api_route`"
            yield self.finding(
                operation.module.location(line, 1, line),
                f"{written} for one method"
                + (f": `@{operation.receiver}.{method}` says it" if method is not None else ", which has a decorator"),
                anchor=operation.anchor,
                left_alone=reason,
                subject=(operation, method),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            operation, method = finding.subject
            change_arguments(edits, operation.module, operation.call, finding, remove=["methods"], method=method)


def _method(operation: Operation) -> tuple[str | None, str | None]:
    """The decorator that the route could have, and why it is not given that; neither for routes that need neither."""
    module, given = operation.module, operation.call.argument("methods")
    if given is None:
        # Unpacked arguments may hold the methods.
        return (None, None) if operation.call.unpacks else ("get", _reason(operation))
    node = module.expression(given.span)
    if isinstance(node, ast.Constant) and node.value is None:
        return "get", _reason(operation)
    elsewhere = ""
    if isinstance(node, ast.Name):
        elsewhere, node = node.id, _value(module, node.id) or node
    if not isinstance(node, ast.List | ast.Tuple | ast.Set) or len(node.elts) != 1:
        return None, None
    only = node.elts[0]
    if isinstance(only, ast.Starred):
        return None, None
    if not (isinstance(only, ast.Constant) and isinstance(only.value, str)):
        return None, f"its method, `{ast.unparse(only)}`, is not written as a string"
    method = only.value.lower()
    if method not in METHODS:
        return None, None
    if elsewhere:
        return method, f"`{elsewhere}` says the method, and may be meant to hold more of them"
    if has_comment(module.code(given.span)):
        return method, "a comment stands in its methods"
    return method, _reason(operation)


def _reason(operation: Operation) -> str | None:
    if operation.call.unpacks:
        return "it gets unpacked arguments"
    if not operation.is_of_fastapi:
        return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may have other methods"
    return None


def _value(module: Module, name: str) -> ast.expr | None:
    """What a module-level name is bound to, where that is one plain assignment."""
    bindings = module.bindings(name)
    if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].conditional:
        return None
    for statement in module.tree(bindings[0].statement).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            return statement.value
    return None
