"""A POST route that creates something answers 201.

`@app.post("/items")` becomes `@app.post("/items", status_code=status.HTTP_201_CREATED)` where the handler's name says
that it creates something and its text that it stores something.

## Why

201 tells a client that there is a new resource now, and that repeating the request would make another one.

## Left alone

- Handlers of which only the name or only the text speaks of creating something are no findings, nor are those that
  say a status or a response class.
- Handlers that may return before anything is created, as one that returns what is there already, and those that
  create it under a condition.
- Handlers that return a response of their own, which has a status of its own.
- Routes with `responses`, which may document 200 or 201.
- Handlers with a parameter for the response, through which they may set a status, and generators.
- Handlers under other decorators, unpacked arguments, and objects of the project's own subclasses of `FastAPI` and
  `APIRouter`.

## Safety

A contract: the status becomes 201, in the answer and in OpenAPI. Clients that compare the status with 200 must be
changed.

See <https://fastapi.tiangolo.com/tutorial/response-status-code/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.status import reason_against_a_status, set_status
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, decorator_besides, definition_of, operations_of, own_nodes
from ...project.reader import dotted
from ...project.returns import returns_of
from ...source.discovery import is_test
from ...source.nodes import walk

_CREATES = re.compile(r"(?:api_)?(?:create|add|insert|register)(?:_(?!.*or_|.*if_|.*to_|.*token|.*session)\w+)?\Z")
_STORES = frozenset({"add", "add_all", "append", "create", "insert", "insert_one", "save"})
_STORING = re.compile(
    r"(?:create|insert|add)_(?!or_|.*_to_|.*(?:client|engine|error|exception|header|log|message|response|session|task|token))\w+"
)


class RestCreated(Codemod):
    safety = Safety.CONTRACT

    after = ("api-route-to-method-decorator",)

    def find(self, project: Project) -> Iterator[Finding]:
        for operation in operations_of(project):
            if operation.method != "post" or is_test(operation.module.path):
                continue
            if not _CREATES.match(operation.function.name) or _is_chosen(operation):
                continue
            definition = definition_of(operation.module, operation.function)
            if definition is None or (stores := _stores(definition.node)) is None:
                continue
            line = operation.decorator.line
            yield self.finding(
                operation.module.location(line, 1, line),
                f"`{operation.function.name}` creates something (`{stores.how}`): POST answers 200 instead of 201",
                anchor=operation.anchor,
                left_alone=_reason(project, operation, definition.node, stores),
                subject=operation,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            set_status(edits, finding.subject, 201, "HTTP_201_CREATED", finding)


def _is_chosen(operation: Operation) -> bool:
    return any(operation.call.argument(name) is not None for name in ("status_code", "response_class"))


class _Stores(NamedTuple):
    how: str
    """What stores something new, as written."""
    always: bool
    """It runs whenever the handler comes to its end: it stands in no branch, loop or `except`."""


def _stores(node: ast.FunctionDef | ast.AsyncFunctionDef) -> _Stores | None:
    always = {id(part) for part in _parts_that_run(node.body)}
    found = [_Stores(how, id(part) in always) for part, how in _storing(node)]
    return max(found, key=lambda each: each.always, default=None)


def _parts_that_run(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        match statement:
            case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.Match():
                continue
            case ast.Try() | ast.TryStar():
                yield from _parts_that_run([*statement.body, *statement.orelse, *statement.finalbody])
            case ast.With() | ast.AsyncWith():
                yield from _parts_that_run(statement.body)
            case _:
                yield from walk(statement)


def _storing(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[ast.AST, str]]:
    parameters = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    bound = {part.id for part in own_nodes(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    for part in own_nodes(node):
        match part:
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _STORES or _STORING.fullmatch(name):
                head = dotted(value).partition(".")[0]
                # What is appended to a list of the function's own is not stored.
                if not (head in bound and name in ("append", "add", "insert")):
                    yield part, f"{dotted(part.func) or ast.unparse(part.func)}()"
            case ast.Call(func=ast.Name(id=name)) if _STORING.fullmatch(name):
                yield part, f"{name}()"
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))]) if name not in bound | parameters:
                yield part, f"{name}[...] = ..."


def _reason(
    project: Project, operation: Operation, node: ast.FunctionDef | ast.AsyncFunctionDef, stores: _Stores
) -> str | None:
    returns = returns_of(node)
    if reason := reason_against_a_status(operation, returns, "200 or 201"):
        return reason
    for value in returns.values:
        if isinstance(value, ast.Call) and dotted(value.func).endswith("Response"):
            symbol = project.resolve(operation.module, dotted(value.func), operation.function.scopes)
            if symbol is None or symbol.path is None:
                return f"it returns a `{dotted(value.func)}`, which has a status of its own"
    returned = operation.function.returns
    if returned is not None and operation.module.code(returned).strip("\"'").endswith("Response"):
        symbol = project.resolve(operation.module, operation.module.code(returned).strip("\"'"))
        if symbol is None or symbol.path is None:
            return "it returns a response of its own, which has its status"
    if not stores.always:
        return "it may not create anything: what does so stands under a condition"
    if len(returns.values) + returns.ends_without > 1:
        return "it ends in more than one place, and may not have created anything in one of them"
    if decorator := decorator_besides(operation.function):
        return f"`@{decorator}` may make it return something else"
    return None
