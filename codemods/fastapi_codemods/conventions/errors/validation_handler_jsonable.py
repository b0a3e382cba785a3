"""A handler for validation errors makes JSON of them by `jsonable_encoder`.

`JSONResponse(content={"errors": exc.errors()})` becomes
`JSONResponse(content={"errors": jsonable_encoder(exc.errors())})`.

## Why

Where a validator of a model raises `ValueError`, the list of errors holds that exception itself. JSON cannot be made of
it: the client gets 500 for an input that should be answered with 422. FastAPI's own handler encodes the list for this
reason.

## Left alone

- Lists that are taken apart (`[e["msg"] for e in exc.errors()]`), turned into text, or encoded already.
- Response classes of other libraries, which make JSON in their own way.

## Safety

A contract: where the answer was 500 because JSON could not be made, it is what the code says. All others are the same.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.imports import reachable_as
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.exception_handlers import exception_handlers
from ...project.placed import FunctionNode, Placed, argument, nodes_with
from ...project.reader import dotted
from ...source.nodes import walk

_ERRORS = r"\.errors\(\)"
_JSON = frozenset({"fastapi.responses.JSONResponse", "starlette.responses.JSONResponse"})
_KINDS = frozenset(
    {
        "fastapi.exceptions.RequestValidationError", "fastapi.exceptions.WebSocketRequestValidationError",
        "fastapi.exceptions.ResponseValidationError", "fastapi.exceptions.ValidationException",
        "pydantic.ValidationError", "pydantic_core.ValidationError", "pydantic.error_wrappers.ValidationError",
    }
)  # fmt: skip
_ENCODER = "fastapi.encoders.jsonable_encoder"


class _Raw(NamedTuple):
    placed: Placed
    """The response."""
    errors: ast.expr
    """`exc.errors()`, or a name for it."""


class ValidationHandlerJsonable(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        for raw in _raw_errors(project):
            name = raw.placed.qualified_name
            module = raw.placed.module
            is_free = reachable_as(module, _ENCODER) is not None
            yield self.finding(
                raw.placed.location,
                f"`{name}` makes JSON of `{ast.unparse(raw.errors)}`, which fails where a validator raised ValueError",
                anchor=f"{name}.errors",
                left_alone=None if is_free else f"{module.path} has another `jsonable_encoder`",
                subject=raw,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            raw: _Raw = finding.subject
            module, span = raw.placed.module, raw.placed.span(raw.errors)
            encoder = edits.name(module, _ENCODER, finding)
            edits.replace(module, span, f"{encoder}({module.code(span)})", finding)


def _raw_errors(project: Project) -> Iterator[_Raw]:
    registered = {
        id(handler.function.node): handler.kind
        for handler in exception_handlers(project)
        if handler.function is not None
    }
    for placed in nodes_with(
        project, (ast.FunctionDef, ast.AsyncFunctionDef), re.compile(_ERRORS.encode()), re.compile(_ERRORS)
    ):
        function = placed.node
        assert isinstance(function, FunctionNode)
        name = _exception_of(project, placed, function, registered.get(id(function)))
        if name is None:
            continue
        names = _names_of_errors(function, name)
        for response in placed.within(function, ast.Call):
            assert isinstance(response.node, ast.Call)
            symbol = response.resolve(project, response.node.func)
            if symbol is None or symbol.path is not None or symbol.name not in _JSON:
                continue
            content = argument(response.node, "content", 0)
            for part in _as_they_are(content) if content is not None else ():
                if _is_errors(part, name) or (isinstance(part, ast.Name) and part.id in names):
                    yield _Raw(response, part)


def _exception_of(project: Project, placed: Placed, function: FunctionNode, kind: Symbol | int | None) -> str | None:
    """The parameter that is a validation error."""
    parameters = [*function.args.posonlyargs, *function.args.args]
    for parameter in parameters:
        if parameter.annotation is not None:
            symbol = placed.resolve(project, parameter.annotation)
            if symbol is not None and symbol.path is None and symbol.name in _KINDS:
                return parameter.arg
    if isinstance(kind, Symbol) and kind.path is None and kind.name in _KINDS and len(parameters) >= 2:
        return parameters[-1].arg
    return None


def _is_errors(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == f"{name}.errors" and not (node.args or node.keywords)


def _names_of_errors(function: FunctionNode, name: str) -> set[str]:
    """Local names that are `exc.errors()` and nothing else."""
    stored = [n.id for n in walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return {
        node.targets[0].id
        for node in walk(function)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and _is_errors(node.value, name)
        and stored.count(node.targets[0].id) == 1
        and not _is_changed(function, node.targets[0].id)
    }


def _is_changed(function: FunctionNode, name: str) -> bool:
    """Whether what a name stands for may be changed: it is looped over, or a part of it is set or deleted."""
    for node in walk(function):
        if isinstance(node, ast.For | ast.AsyncFor) and dotted(node.iter) == name:
            return True
        if (
            isinstance(node, ast.Attribute | ast.Subscript)
            and isinstance(node.value, ast.Name)
            and node.value.id == name
        ):
            return True
    return False


def _as_they_are(content: ast.expr) -> Iterator[ast.expr]:
    """The parts of a body that JSON is made of as they are."""
    match content:
        case ast.Dict(values=values):
            for value in values:
                yield from _as_they_are(value)
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            for part in parts:
                yield from _as_they_are(part)
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            for keyword in keywords:
                yield from _as_they_are(keyword.value)
        case _:
            yield content
