"""A body that a handler declares as a dictionary and reads by keys is a Pydantic model.

`payload: dict` with `payload["title"]` and `payload.get("count", 0)` becomes a parameter of a new model with the fields
`title: Any` and `count: Any = 0`, and `payload.title` and `payload.count`.

## Why

The documentation and generated clients say what is in the body, not only that it is some object, and a request without
a key is told so with an error 422 instead of a 500.

## Left alone

- The dictionary is used in any other way: passed on, returned, stored, changed, unpacked, gone through, asked `in`, or
  read by a key that is computed.
- A key that is needed in some calls only, or read with different defaults or one that is computed.
- A missing key whose error is caught by something that does not raise.
- Bodies that may be missing, and dictionaries whose values have a type (`dict[str, int]`).
- Handlers of routes with `openapi_extra`, under other decorators, methods, and functions that something else in the
  project uses.
- Keys that make no field's name; one that is none as it is written becomes the alias of one.

## Safety

A contract. The body's schema in OpenAPI becomes the model. A missing key is answered with 422 before the handler runs:
no longer with 500, or with what an `except` that raises made of it. Other keys are ignored, as they were.

Fields have the type `Any`: every value that was taken is taken, and reaches the handler as it was. With `narrow = true`
in `[tool.fastapi-codemods.dict-body-to-model]`, a field is `str`, `dict` or `list` where the handler fails in every
call with anything else: it calls a method that only these have, or raises where `isinstance` says no. Other values are
then an error 422.

See <https://fastapi.tiangolo.com/tutorial/body/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.body_models import BodyModel, Taken, body_model, write
from ...edits.handlers import Signatures, describes_body, paths_of
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Module, Parameter, Project, Span
from ...project.keyed_reads import keyed_reads
from ...project.operations import Operation, definition_of, operations_of
from ...source.discovery import is_test
from ...source.nodes import walk

_DICT = re.compile(
    r"(?:typing\.)?(?:dict|Dict|Mapping|MutableMapping)(?:\[\s*(?:str|Any|typing\.Any)\s*,\s*(?:typing\.)?Any\s*\])?"
)
_TYPED = re.compile(r"(?:typing\.)?(?:dict|Dict|Mapping|MutableMapping)\[.*\]", re.DOTALL)
_ANNOTATED = re.compile(
    r"((?:typing\.|\w+\.)?Annotated\[\s*)([\w.]+(?:\[[^\[\]]*\])?)\s*,\s*((?:\w+\.)?Body\(.*\))\s*,?\s*\]", re.DOTALL
)


class _Options(NamedTuple):
    narrow: bool = False


class _Subject(NamedTuple):
    body: BodyModel
    annotation: Span
    default: Span | None
    """`= Body(...)` that says nothing, from the end of the annotation on."""


class DictBodyToModel(Codemod):
    safety = Safety.CONTRACT
    options = _Options()

    after = ("request-json-to-model",)

    def find(self, project: Project) -> Iterator[Finding]:
        candidates = list(_candidates(project))
        signatures = Signatures(project, (operation for operation, _, _ in candidates))
        taken = Taken()
        for operation, parameter, span in candidates:
            result = self._subject(project, operation, parameter, span, signatures, taken)
            yield self.finding(
                operation.module.location(parameter.line, parameter.column, parameter.end_line),
                f"`{parameter.name}` of `{operation.function.name}` is some dictionary, so that nobody is told what is"
                " in it",
                anchor=f"{operation.function.qualified_name}.{parameter.name}",
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def _subject(
        self,
        project: Project,
        operation: Operation,
        parameter: Parameter,
        annotation: Span,
        signatures: Signatures,
        taken: Taken,
    ) -> _Subject | str:
        module = operation.module
        definition = definition_of(module, operation.function)
        if definition is None:
            return "it cannot be read"
        node = definition.node
        if not _DICT.fullmatch(module.code(annotation).strip("\"'")):
            return "its values have a type of their own"
        if reason := _reason_of_default(module, parameter):
            return reason
        if describes_body(project, operation):
            return "its `openapi_extra` may describe the body"
        names = [one for one in walk(node) if isinstance(one, ast.Name) and one.id == parameter.name]
        is_shared = any(isinstance(o, ast.Nonlocal | ast.Global) and parameter.name in o.names for o in walk(node))
        shadows = sum(isinstance(one, ast.arg) and one.arg == parameter.name for one in walk(node)) > 1
        if any(not isinstance(one.ctx, ast.Load) for one in names) or shadows or is_shared:
            return f"`{parameter.name}` is given something else, too"
        found = keyed_reads(node, lambda one: isinstance(one, ast.Name) and one.id == parameter.name)
        if not found.reads and not found.escapes:
            return "nothing is read from it"
        if reason := signatures.reason_to_keep(operation):
            return reason
        body = body_model(project, operation, definition, parameter.name, found, taken, narrow=self.options.narrow)
        return (
            body
            if isinstance(body, str)
            else _Subject(body, annotation, _needless_default(module, operation, parameter))
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            operation = subject.body.operation
            module = operation.module
            definition = definition_of(module, operation.function)
            assert definition is not None
            write(project, subject.body, definition, finding, edits)
            head = re.match(r"[A-Za-z_]\w*", module.code(subject.annotation).strip("\"'"))
            edits.replace(module, subject.annotation, subject.body.expression, finding)
            if head is not None:
                edits.drop_import(module, head.group(), finding)
            if subject.default is not None:
                marker = re.search(r"=\s*([A-Za-z_]\w*)", module.code(subject.default))
                edits.replace(module, subject.default, "", finding)
                if marker is not None:
                    edits.drop_import(module, marker.group(1), finding)
            edits.drop_import(module, "Any", finding)


def _candidates(project: Project) -> Iterator[tuple[Operation, Parameter, Span]]:
    """The parameters that are dictionaries, each once, with the place of their type."""
    done: set[tuple[str, int, str]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = (module.path, function.span.start, function.name)
        if operation.method == "websocket" or place in done or is_test(module.path):
            continue
        done.add(place)
        for parameter in function.parameters:
            span = _dictionary(project, operation, parameter)
            if span is not None:
                yield operation, parameter, span


def _dictionary(project: Project, operation: Operation, parameter: Parameter) -> Span | None:
    """Of the annotation that says `dict`, also within `Annotated`; None for a parameter that is no dictionary."""
    module = operation.module
    if parameter.annotation is None or parameter.kind in ("*", "**"):
        return None
    code = module.code(parameter.annotation).strip("\"'")
    span = parameter.annotation
    if (annotated := _ANNOTATED.fullmatch(code)) is not None:
        span = Span(span.start + annotated.start(2), span.start + annotated.end(2))
        code = annotated.group(2)
    if not _TYPED.fullmatch(code) and not _DICT.fullmatch(code):
        return None
    if any(f"{{{parameter.name}" in (path or "") for path in paths_of(project, operation)):
        return None
    if parameter.call is not None:
        symbol = project.resolve(module, parameter.call.callee, operation.function.scopes)
        if symbol is None or symbol.path is not None or symbol.name != "fastapi.Body":
            return None
    return span


def _reason_of_default(module: Module, parameter: Parameter) -> str | None:
    if parameter.default is None:
        return None
    call = parameter.call
    if call is None:
        return "it may be missing"
    if call.unpacks:
        return "it gets unpacked arguments"
    given = call.positional[0] if call.positional else call.argument("default")
    if given is not None and module.code(given.span) != "...":
        return "it may be missing"
    if call.argument("default_factory") is not None:
        return "it may be missing"
    return None


def _needless_default(module: Module, operation: Operation, parameter: Parameter) -> Span | None:
    """`= Body(...)`, where the parameter may stand without a default and nothing else is said in it."""
    if parameter.annotation is None or parameter.default is None:
        return None
    code = "".join(module.code(parameter.default).split())
    if not re.fullmatch(r"[\w.]*Body\((?:default=)?(?:\.\.\.)?,?\)", code):
        return None
    before: list[Parameter] = []
    for other in operation.function.parameters:
        if other.name == parameter.name:
            break
        before.append(other)
    if parameter.kind != "=" and any(other.default is not None for other in before):
        return None
    span = Span(parameter.annotation.end, parameter.default.end)
    return None if has_comment(module.code(Span(parameter.annotation.start, span.end))) else span
