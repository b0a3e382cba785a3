"""A JSON body that a handler reads by keys is a Pydantic model.

`data = await request.json()` with `data["title"]` and `data.get("count", 0)` becomes a parameter of a new model with
the fields `title: Any` and `count: Any = 0`, and `data.title` and `data.count`.

## Why

The body is in the documentation and in generated clients, and a request without a key is told so with an error 422
instead of a 500. What is read from `request.json()` nobody is told of.

## Left alone

- The dictionary is used in any other way: passed on, returned, stored, changed, unpacked, gone through, asked `in`, or
  read by a key that is computed.
- A key that is needed in some calls only, or read with different defaults or one that is computed.
- An error, of the body or of a missing key, that is caught by something that does not raise.
- Anything else that may come from the body: other parameters, dependencies, `request.body()`, `form()` and `stream()`,
  and the request passed on to other functions.
- Handlers of GET and HEAD, of routes with `openapi_extra`, under other decorators, methods, and functions that
  something else in the project uses.
- Keys that make no field's name; one that is none as it is written becomes the alias of one.

## Safety

A contract. The body appears in OpenAPI. A missing key, a body that is no object and one that is no JSON are answered
with 422 before the handler runs: no longer with 500, or with what an `except` that raises made of it, and for invalid
JSON also before dependencies that would answer 401. A `Content-Type` must be one of JSON, and since FastAPI 0.132 one
must be given, unless the application has `strict_content_type=False`. Other keys are ignored, as they were.

Fields have the type `Any`: every value that was taken is taken, and reaches the handler as it was. With `narrow = true`
in `[tool.fastapi-codemods.request-json-to-model]`, a field is `str`, `dict` or `list` where the handler fails in every
call with anything else: it calls a method that only these have, or raises where `isinstance` says no. Other values are
then an error 422.

See <https://fastapi.tiangolo.com/tutorial/body/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.body_models import BodyModel, Taken, body_model, write
from ...edits.handlers import (
    Signatures,
    describes_body,
    operations_with,
    reason_of_other_body,
    request_parameter,
)
from ...edits.lines import remove_statements, stands_alone
from ...edits.parameters import Piece, parameter_list, with_parameters, written
from ...findings import Finding, Safety
from ...project import Project
from ...project.keyed_reads import FunctionNode, certain_nodes, handled_nodes, keyed_reads, parents_of, raises
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.reader import dotted
from ...source.discovery import is_test
from ...source.nodes import walk

_METHODS = frozenset({"delete", "patch", "post", "put"})
_READS_BODY = frozenset({"body", "form", "json", "receive", "stream"})


class _Options(NamedTuple):
    narrow: bool = False


class _Subject(NamedTuple):
    body: BodyModel
    request: str
    gone: ast.stmt
    """The statement that parses the body."""


class RequestJsonToModel(Codemod):
    safety = Safety.CONTRACT
    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        candidates = list(_candidates(project))
        signatures = Signatures(project, (candidate.operation for candidate in candidates))
        taken = Taken()
        for candidate in candidates:
            function, definition, parsed = candidate.operation.function, candidate.definition, candidate.parsed[0]
            result = self._subject(project, candidate, signatures, taken)
            line = definition.positions.line(parsed.lineno)
            yield self.finding(
                candidate.operation.module.location(
                    line, definition.positions.column(parsed.lineno, parsed.col_offset), line
                ),
                f"`{function.name}` parses its body itself, so that nobody is told what is in it",
                anchor=f"{function.qualified_name}.{candidate.request}.json",
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def _subject(self, project: Project, candidate: _Candidate, signatures: Signatures, taken: Taken) -> _Subject | str:
        operation, definition, request, parsed = candidate
        node = definition.node
        if len(parsed) > 1:
            return "it is parsed in several places"
        methods = {other.method for other in operations_with(project, operation)}
        if others := sorted(methods - _METHODS):
            return f"its route by `{others[0]}` may be asked without a body"
        if describes_body(project, operation):
            return "its `openapi_extra` may describe the body"
        parents = parents_of(node)
        statement = parents.get(parsed[0])
        match statement:
            case ast.Assign(targets=[ast.Name(id=variable)]) | ast.AnnAssign(target=ast.Name(id=variable)):
                pass
            case _:
                return "what is parsed is not given a name"
        if reason := _reason_of_name(operation, node, variable):
            return reason
        if id(parsed[0]) in handled_nodes(node):
            line = definition.positions.line(parsed[0].lineno)
            return f"the error of a body that is no JSON is caught around line {line}"
        if id(parsed[0]) not in certain_nodes(node):
            return "it is parsed in some calls only"
        gone = _what_goes(statement, parents)
        if gone is None or not stands_alone(operation.module, definition.positions.span(gone)):
            return "the statement that parses it cannot be taken out"
        if reason := _reason_of_request(definition, request, parents, parsed[0]):
            return reason
        if isinstance(parameters := parameter_list(operation.module, operation.function), str):
            return parameters
        if with_parameters(parameters.pieces, [Piece("", "", False, "")]) is None:
            return "it takes any arguments"
        found = keyed_reads(node, lambda one: isinstance(one, ast.Name) and one.id == variable)
        if not found.reads and not found.escapes:
            return "nothing is read from it"
        if reason := reason_of_other_body(project, operation, [request]) or signatures.reason_to_keep(operation):
            return reason
        body = body_model(project, operation, definition, variable, found, taken, narrow=self.options.narrow)
        return body if isinstance(body, str) else _Subject(body, request, gone)

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            operation = subject.body.operation
            module, function = operation.module, operation.function
            definition = definition_of(module, function)
            parameters = parameter_list(module, function)
            assert definition is not None
            assert not isinstance(parameters, str)
            write(project, subject.body, definition, finding, edits)
            remove_statements(edits, module, [definition.positions.span(subject.gone)], finding)
            for node in walk(subject.gone):
                if isinstance(node, ast.Name):  # `json` of `except json.JSONDecodeError`
                    edits.drop_import(module, node.id, finding)
            piece = Piece(subject.body.variable, f"{subject.body.variable}: {subject.body.expression}", False, "")
            uses = sum(isinstance(node, ast.Name) and node.id == subject.request for node in walk(definition.node))
            pieces: Sequence[Piece] | None
            if uses == 1:
                pieces = [piece if one.name == subject.request else one for one in parameters.pieces]
                annotation = next(p.annotation for p in function.parameters if p.name == subject.request)
                if annotation is not None:
                    edits.drop_import(module, module.code(annotation).strip("\"'").partition(".")[0], finding)
            else:
                pieces = with_parameters(parameters.pieces, [piece])
            assert pieces is not None
            edits.replace(module, parameters.span, written(project, parameters, pieces), finding)


class _Candidate(NamedTuple):
    """A handler that parses its body."""

    operation: Operation
    definition: Definition
    request: str
    parsed: Sequence[ast.Await]


def _candidates(project: Project) -> Iterator[_Candidate]:
    done: set[tuple[str, int, str]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = (module.path, function.span.start, function.name)
        if operation.method == "websocket" or place in done or is_test(module.path):
            continue
        if ".json()" not in module.statement_text(function.statement):
            continue
        request = request_parameter(project, operation)
        if request is None or (definition := definition_of(module, function)) is None:
            continue
        parsed = [node for node in walk(definition.node) if isinstance(node, ast.Await) and _parses(node, request)]
        if parsed:
            done.add(place)
            yield _Candidate(operation, definition, request, parsed)


def _parses(node: ast.AST, request: str) -> bool:
    """`await request.json()`"""
    match node:
        case ast.Await(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="json"), args=[], keywords=[])):
            return name == request
        case _:
            return False


def _reason_of_name(operation: Operation, node: FunctionNode, variable: str) -> str | None:
    names = [one for one in walk(node) if isinstance(one, ast.Name) and one.id == variable]
    if sum(not isinstance(one.ctx, ast.Load) for one in names) != 1:
        return f"`{variable}` is given something else, too"
    arguments = {one.arg for one in walk(node) if isinstance(one, ast.arg)}
    is_shared = any(isinstance(one, ast.Global | ast.Nonlocal) and variable in one.names for one in walk(node))
    in_path = any(parameter.name == variable for parameter in operation.function.parameters)
    if variable in arguments or is_shared or in_path or variable.startswith("_"):
        return f"`{variable}` means something else, too"
    return None


def _what_goes(statement: ast.stmt, parents: dict[ast.AST, ast.AST]) -> ast.stmt | None:
    """The statement, or the `try` around it that has nothing else to do than to answer a body that is no JSON."""
    above = parents.get(statement)
    body = getattr(above, "body", None)
    if not isinstance(body, list) or statement not in body:
        return None
    if len(body) > 1:
        return statement
    if isinstance(above, ast.Try) and not above.orelse and not above.finalbody:
        return above if all(raises(handler.body) for handler in above.handlers) else None
    return None


def _reason_of_request(
    definition: Definition, request: str, parents: dict[ast.AST, ast.AST], parsed: ast.AST
) -> str | None:
    """What else is done with the request that may have to do with its body."""
    inside = {id(node) for node in walk(parsed)}
    for node in walk(definition.node):
        if not (isinstance(node, ast.Name) and node.id == request) or id(node) in inside:
            continue
        above = parents.get(node)
        line = definition.positions.line(node.lineno)
        if not isinstance(above, ast.Attribute):
            call = f" to `{dotted(above.func)}`" if isinstance(above, ast.Call) and dotted(above.func) else ""
            return f"line {line} passes the request on{call}, where its body may be read"
        if above.attr in _READS_BODY:
            return f"line {line} uses `{request}.{above.attr}`, which is the body, too"
    return None
