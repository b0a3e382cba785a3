"""A handler that returns a raw dict returns a model.

`return {"id": item_id, "name": name}` becomes `return ItemResponse(id=item_id, name=name)`, with a class of these
fields and types where the project keeps its models. What is written to the client stays the same, byte by byte.

Followed are:

- Dicts with constant keys, also nested ones, lists and comprehensions of them, and `dict(a=1)`.
- Dicts built step by step, in branches and loops, and lists that dicts are appended to.
- Functions of the project, with the arguments of the call, and dependencies.
- Parameters that FastAPI validates, fields of Pydantic models, constants, enumerations, much of the standard library,
  columns of objects that SQLAlchemy or SQLModel loads.
- JSON from elsewhere, which becomes a `JsonValue`: bodies, `json.loads`, responses of httpx, requests and aiohttp, and
  what is taken out of them.
- Several returns: a key that some of them lack becomes optional and stays away (`response_model_exclude_unset`), dicts
  without a common key become two models, and None, a str or a list of them one of the alternatives.
- Decorators below that of the route that return what the function returns, and slowapi's limits.

Keys that cannot be names of fields (`class`, `_id`, `schema`) get an alias. Models are shared by handlers that return
the same, and a model that is there already is used. New ones stand where the project keeps its models; a feature whose
siblings each have a schema module gets one of its own.

## Why

Without a model, OpenAPI says nothing of the response, so clients are written against examples, and a typo in a key is
noticed by none of them. With one, the response is documented, generated clients have types, and tests can rely on it.

A model also means another serializer: a `Decimal` becomes a string, a datetime in UTC ends in `Z`, and a number for a
`str` is an error. So a field gets a type only where the code shows that its values are written as they were.

Floats are a case of their own: since FastAPI 0.130 those of a model are written by Pydantic (`1e-7`, and `null` for
NaN) rather than by Python (`1e-07`, and an error). A route with such fields therefore gets
`response_class=JSONResponse`, the class that it has anyway: where it is given, Python writes the response, with a
model as without.

## Left alone

- Handlers with fields of which nothing shows what they are, such as what other libraries give. The finding names them
  with the reason. `unproven = "any"` makes them `Any` and hands the values through `jsonable_encoder`, which writes
  them as today, but for NaN (`null` instead of an error) and None as a key of a dict (`"None"` instead of `"null"`).
- Floats, and JSON from elsewhere, in projects that set a `default_response_class`.
- Handlers that also return something else: responses of their own without an error status, tuples, lists of dicts
  beside dicts.
- Dicts whose keys come in different orders.
- Handlers under other decorators, generators and methods. Of a handler that other code calls, only the response model
  is declared, and the dict stays.
- JSON that is nested deeper than 255 levels, which no model can hold, is not told apart.
- Routes with another response class, with `responses` for success, with unpacked arguments, or with
  `response_model_...` options that have no effect today.

## Safety

A contract: OpenAPI describes the response. Responses themselves are identical.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....codemod import Codemod
from ....edits import Edits, ImportRequest
from ....edits.calls import change_arguments
from ....edits.constructors import Constructors
from ....edits.imports import reachable_as
from ....edits.lines import indent_of
from ....edits.models import Writer, is_new
from ....edits.schema_modules import text_of
from ....findings import Finding, Safety
from ....project import Project, Symbol
from ....project.annotation import Annotation, builtin, union
from ....project.shapes import Object, alternatives, shapes_of
from ....project.shapes.model import NONE, Items
from ....source.nodes import walk
from .handlers import Handler, Wrapped, candidates, reason_of_route, used_elsewhere, wrapped
from .plans import Planned, Planner

ENCODER = "fastapi.encoders.jsonable_encoder"


class _Options(NamedTuple):
    unproven: str = "skip"


class WrapDictReturns(Codemod):
    safety = Safety.CONTRACT

    # "breaking" is what OpenAPI makes of `-> dict`, any keys allowed, that now says which. No answer may differ.
    effects = frozenset({"breaking", "client", "documentation", "non-breaking", "route"})

    after = ("split-router",)

    options = _Options()

    choices = {"unproven": ("any", "skip")}  # noqa: RUF012  (declared by the base class)

    def find(self, project: Project) -> Iterator[Finding]:
        handlers = list(candidates(project))
        if not handlers:
            return
        shapes = shapes_of(project)
        found: list[Wrapped] = []
        for handler in handlers:
            reason = reason_of_route(project, shapes, handler)
            result = reason if reason is not None else wrapped(project, shapes, handler)
            if isinstance(result, str):
                if handler.is_certain:
                    yield self._finding(handler, result)
            else:
                found.append(result)
        elsewhere = used_elsewhere(project, [one.handler for one in found])
        planner = Planner(project, shapes, any_for_unproven=self.options.unproven == "any", used=elsewhere)
        for planned in planner.plan(found):
            if not isinstance(planned, Planned):
                yield self._finding(planned[0].handler, planned[1])
            elif reason := _reason_of_text(planned):
                yield self._finding(planned.wrapped.handler, reason)
            else:
                yield self._finding(planned.wrapped.handler, None, planned)

    def _finding(self, handler: Handler, left_alone: str | None, planned: Planned | None = None) -> Finding:
        function = handler.function
        message = f"`{function.name}` returns a raw dict, of which OpenAPI says nothing"
        if planned is not None:
            names = " or ".join(f"`{name.symbol.name}`" for name in planned.names.values())
            message = f"`{function.name}` returns a raw dict, where it could return {names}"
            if planned.json_class:
                message += "; `response_class=JSONResponse` keeps the text of its floats"
            if planned.used_at:
                message += f"; it goes on returning a dict, because {planned.used_at}"
            if planned.doubts:
                fields = ", ".join(f"`{doubt.path}`" for doubt in planned.doubts)
                message += f"; unproven: {fields}"
        return self.finding(
            handler.module.location(function.line, 1, function.end_line),
            message,
            anchor=function.qualified_name,
            left_alone=left_alone,
            subject=planned,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        made: dict[str, list[Finding]] = {}
        for finding in findings:
            _rewrite(project, finding.subject, finding, edits)
            if is_new(project, finding.subject.home):
                made.setdefault(finding.subject.home.path, []).append(finding)
        for path, its in made.items():
            models = dict.fromkeys(model for finding in its for model in finding.subject.models)
            first: Planned = its[0].subject
            newline = first.wrapped.handler.module.source.newline
            edits.create(path, text_of(project, first.home, list(models), newline), its[0])


def _reason_of_text(planned: Planned) -> str | None:
    """Why the text cannot be rewritten."""
    handler = planned.wrapped.handler
    others = any(not doubt.is_float for doubt in planned.doubts)
    if others:
        if reachable_as(handler.module, ENCODER) is None:
            return "`jsonable_encoder` means something else in its module"
        returned = {node for node, _ in planned.wrapped.results if node is not None}
        for part in walk(handler.definition.node):
            if isinstance(part, ast.Try) and part.handlers:
                inside = {inner for statement in part.body for inner in walk(statement)}
                if returned & inside:
                    return "a value that cannot be encoded would be an error inside of its `try`"
    return None


def _rewrite(project: Project, planned: Planned, finding: Finding, edits: Edits) -> None:
    handler = planned.wrapped.handler
    module = handler.module
    if planned.models and not is_new(project, planned.home):
        Writer(project, planned.home).insert(edits, planned.models, planned.offset, finding)
    writer = Writer(project, module)

    def named(symbol: Symbol) -> str:
        found = writer.reference_to(symbol, planned.home)
        if found.request is not None:
            edits.requests.append(ImportRequest(module.path, *found.request, finding))
        return found.expression

    encoder = ""
    if any(not doubt.is_float for doubt in planned.doubts):
        encoder = edits.name(module, ENCODER, finding)
    constructors = Constructors(
        module.text,
        handler.definition.positions,
        planned.by_symbol,
        named,
        room=project.style.line_length,
        unit=indent_of(project, module),
        newline=module.source.newline,
        encoder=encoder,
    )
    is_raw = False
    for node, shape in () if planned.used_at else planned.wrapped.results:
        if node is None or isinstance(node, ast.Constant):
            continue
        parts = []
        for one in alternatives(shape):
            if isinstance(one, Object):
                parts.append(_model_of(planned, one))
            elif isinstance(one, Items) and isinstance(one.element, Object):
                parts.append(builtin("list", _model_of(planned, one.element)))
            elif one == NONE:
                parts.append(builtin("None"))
        if all(part == builtin("None") for part in parts):
            continue  # something else, which stays as it is
        text = constructors.converted(node, union(parts))
        if text is None:
            is_raw = True
        else:
            edits.replace(module, handler.definition.positions.span(node), text, finding)
    declared = writer.annotation(
        planned.returns,
        lambda found: (
            edits.requests.append(ImportRequest(module.path, *found.request, finding))
            if found.request is not None
            else None
        ),
        planned.home,
    )
    _declare(planned, declared, finding, edits, in_signature=planned.in_signature and not is_raw)


def _model_of(planned: Planned, shape: Object) -> Annotation:
    keys = {name for name, _ in shape.entries}
    for index, one in enumerate(planned.wrapped.objects):
        if keys <= {name for name, _ in one.entries}:
            return planned.names[index]
    raise AssertionError("every dict is part of one of the models")


def _declare(planned: Planned, declared: str, finding: Finding, edits: Edits, *, in_signature: bool) -> None:
    handler = planned.wrapped.handler
    module, function = handler.module, handler.function
    values: dict[str, str] = {}
    if in_signature:
        if function.returns is not None:
            edits.replace(module, function.returns, declared, finding)
        else:
            header = module.code(function.span)
            end = function.span.start + len(header[: header.rindex(":")].rstrip())
            edits.insert(module, end, f" -> {declared}", finding)
    else:
        values["response_model"] = declared
        if function.returns is not None:
            # It spoke of a dict.
            edits.replace(module, function.returns, declared, finding)
    if planned.unset:
        values["response_model_exclude_unset"] = "True"
    if planned.json_class:
        values["response_class"] = edits.name(module, planned.json_class, finding)
    if values:
        for operation in handler.operations:
            change_arguments(edits, module, operation.call, finding, values=values)
