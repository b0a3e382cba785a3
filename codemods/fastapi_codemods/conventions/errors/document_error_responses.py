"""A route documents the errors that its handler raises.

`raise HTTPException(404, "Item not found")` in a handler gives its route
`responses={404: {"description": "Item not found"}}`.

## Why

FastAPI cannot know what a handler raises. Clients that are generated from the schema then know of 200 and 422 alone,
and every other answer is one that they do not expect. It runs by itself where the project documents errors already,
which is to say on three of ten operations; elsewhere if it is selected by its name.

## Left alone

- Errors with a status that is computed, errors that an `except` around them may catch, and those that functions raise
  which the handler calls.
- 422, which FastAPI documents itself.
- Routes whose `responses`, or those of their router, are not written as a dict in place.
- Routes of the project's own classes, and routes that are not in the schema.

## Safety

A contract: the documentation gets these responses. What the application answers is the same.

See <https://fastapi.tiangolo.com/advanced/additional-responses/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...project.catching import reason_it_would_not_get_out
from ...project.operations import Operation
from ...project.placed import Placed, argument, placed_function
from ...project.raises import HTTP_EXCEPTIONS
from ...project.reader import dotted
from ...project.responses import handlers_of
from ...project.statuses import phrase_of, status_of, status_of_symbol

SHARE = 0.3
"""Of the operations, from which on the project documents errors by convention."""

ENOUGH = 3
"""Operations that make a convention."""


class _Raised(NamedTuple):
    status: int
    code: str
    """As the handler writes it."""
    details: frozenset[str | None]
    """None for one that is no plain text."""


class _Undocumented(NamedTuple):
    operation: Operation
    raised: Sequence[_Raised]


class DocumentErrorResponses(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        handlers = handlers_of(project)
        operations = [operation for handler in handlers for operation in handler.operations]
        documented = sum(operation.call.argument("responses") is not None for operation in operations)
        if not self.is_named and (documented < ENOUGH or documented < SHARE * len(operations)):
            return
        of_includes = _of_includes(project)
        for handler in handlers:
            if "HTTPException" not in handler.module.statement_text(handler.function.statement):
                continue
            placed = placed_function(handler.module, handler.function)
            raised = _raised(project, placed) if placed is not None else []
            for operation in handler.operations if raised else ():
                if _is_hidden(operation):
                    continue
                known, reason = _documented(project, operation)
                missing = [one for one in raised if one.status not in known | of_includes]
                if not missing:
                    continue
                listed = ", ".join(str(one.status) for one in missing)
                yield self.finding(
                    operation.module.location(operation.decorator.line, 1, operation.decorator.line),
                    f"`{handler.function.name}` answers {listed}, which its documentation does not say",
                    anchor=f"{operation.anchor}.{listed}",
                    left_alone=reason or _reason(operation),
                    subject=_Undocumented(operation, missing),
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Undocumented = finding.subject
            operation = item.operation
            given = operation.call.argument("responses")
            parts = [f'{one.code}: {{"description": {_description(one)}}}' for one in item.raised]
            if given is not None:
                inner = operation.module.code(given.span)[1:-1].strip().removesuffix(",")
                parts = [inner, *parts] if inner else parts
            code = f"{{{', '.join(parts)}}}"
            change_arguments(edits, operation.module, operation.call, finding, values={"responses": code})


def _raised(project: Project, function: Placed) -> list[_Raised]:
    """What a handler raises itself, by the order of the text."""
    found: dict[int, _Raised] = {}
    for placed in function.within(function.node, ast.Raise):
        assert isinstance(placed.node, ast.Raise)
        call = placed.node.exc
        if not isinstance(call, ast.Call) or reason_it_would_not_get_out(project, placed):
            continue
        symbol = placed.resolve(project, call.func)
        if symbol is None or symbol.path is not None or symbol.name not in HTTP_EXCEPTIONS:
            continue
        given = argument(call, "status_code", 0)
        status = status_of(project, placed, given)
        if status is None or given is None or status < 400 or status == 422:
            continue
        match argument(call, "detail", 1):
            case ast.Constant(value=str(detail)) if detail.isprintable():
                text: str | None = detail
            case _:
                text = None
        code = placed.code(given)
        if status_of_symbol(project.resolve(placed.module, dotted(given))) != status:
            code = str(status)
        before = found.get(status)
        details = before.details | {text} if before else frozenset({text})
        found[status] = _Raised(status, before.code if before else code, details)
    return list(found.values())


def _description(raised: _Raised) -> str:
    text = next(iter(raised.details)) if len(raised.details) == 1 else None
    text = text or phrase_of(raised.status)
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def _is_hidden(operation: Operation) -> bool:
    given = operation.call.argument("include_in_schema")
    return given is not None and operation.module.code(given.span) != "True"


def _documented(project: Project, operation: Operation) -> tuple[frozenset[int], str | None]:
    """The statuses that a route or its router documents, and why that is not certain."""
    known: set[int] = set()
    own = operation.call.argument("responses")
    places: list[tuple[Module, Span, str]] = []
    if own is not None:
        places.append((operation.module, own.span, "its `responses` are"))
    if operation.router is not None and operation.router.path is not None:
        home = project.module(operation.router.path)
        for made in home.facts.assignments if home is not None else ():
            given = made.call.argument("responses") if made.target == operation.router.name else None
            if home is not None and given is not None:
                places.append((home, given.span, "the `responses` of its router are"))
    for module, span, whose in places:
        keys = _keys(project, module, span)
        if keys is None:
            return frozenset(known), f"{whose} not written as a dict in place"
        known |= keys
    return frozenset(known), None


def _keys(project: Project, module: Module, span: Span) -> set[int] | None:
    node = module.expression(span)
    if not isinstance(node, ast.Dict):
        return None
    found: set[int] = set()
    for key in node.keys:
        if isinstance(key, ast.Constant):
            text = f"{key.value!s}"
            found |= {int(text)} if text.isdigit() else set()
        elif key is not None and (status := status_of_symbol(project.resolve(module, dotted(key)))) is not None:
            found.add(status)
        else:
            return None
    return found


def _of_includes(project: Project) -> frozenset[int]:
    """The statuses that some `include_router` or application documents for all of its routes."""
    found: set[int] = set()
    calls = [(module, call.call) for module, call in project.calls("include_router")]
    calls += [(module, made.call) for module, made in project.instances("fastapi.FastAPI")]
    for module, call in calls:
        if (given := call.argument("responses")) is not None:
            found |= _keys(project, module, given.span) or set()
    return frozenset(found)


def _reason(operation: Operation) -> str | None:
    module, call = operation.module, operation.call
    if call.unpacks:
        return "the route gets unpacked arguments"
    if not operation.is_of_fastapi:
        return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may treat them itself"
    given = call.argument("responses")
    if given is not None:
        code = module.code(given.span)
        if "\n" in code or has_comment(code) or "**" in code:
            return "its `responses` go over several lines"
    return None
