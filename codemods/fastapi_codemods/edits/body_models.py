"""A model for a body that a handler reads by constant keys: its fields, its name, and the edits that write it."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from ..findings import Finding
from ..project import Module, Project, Symbol
from ..project.annotation import ANY, Annotation
from ..project.keyed_reads import Read, Reads, constant_text
from ..project.operations import Definition, Operation
from .collect import Edits, ImportRequest
from .evidence import proven_type
from .imports import reachable_as
from .models import (
    NewField,
    NewModel,
    Reference,
    Writer,
    feature_of,
    home_of,
    is_field_name,
    models_in,
    pascal,
    reference,
    request_suffix,
    same_model,
)
from .reads import replaced_reads

_OTHER_SUFFIXES = ("Body", "Payload")
_FIELD = "pydantic.Field"


class BodyModel(NamedTuple):
    """What a handler's body becomes."""

    operation: Operation
    variable: str
    reads: tuple[Read, ...]
    attributes: tuple[tuple[str, str], ...]
    """Key and field."""
    home: Module
    """The module that the model stands in."""
    new: NewModel | None
    """None where the project has the same model already."""
    offset: int
    """Where in `home` the new model goes."""
    known: Symbol
    """The model."""
    needs_field: bool
    """Some default is a call of `Field`."""
    expression: str
    """How the handler's module names the model."""
    request: tuple[str, str] | None
    """The import that it needs for that."""

    def attribute(self, key: str) -> str:
        return dict(self.attributes)[key]


class Taken:
    """Names that models of earlier findings of one run have, by file."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}

    def in_file(self, path: str) -> set[str]:
        return self._names.setdefault(path, set())


def body_model(
    project: Project,
    operation: Operation,
    definition: Definition,
    variable: str,
    found: Reads,
    taken: Taken,
    *,
    narrow: bool,
) -> BodyModel | str:
    """The model for what is read from `variable`, or why there can be none."""
    module = operation.module
    if found.escapes:
        escape = found.escapes[0]
        return f"line {definition.positions.line(getattr(escape.node, 'lineno', 1))} {escape.what}"
    fields = _fields(definition, module, found.reads, narrow=narrow)
    if isinstance(fields, str):
        return fields
    if replaced_reads(module, definition.positions, variable, found.reads, lambda _: "") is None:
        return "it is read in a text whose places are not known"
    home = home_of(project, module)
    writer = Writer(project, home)
    attributes = tuple((key, field.name) for key, field in fields)
    made = tuple(field for _, field in fields)
    needs_field = any(key != field.name for key, field in fields)
    if needs_field and reachable_as(home, _FIELD) is None:
        return f"the name `Field` means something else in {home.path}"
    known = _known(project, home, NewModel("", made))
    if known is not None:
        named = reference(project, module, known)
        if named is not None:
            return BodyModel(
                operation,
                variable,
                found.reads,
                attributes,
                home,
                None,
                0,
                known,
                False,
                named.expression,
                named.request,
            )
    new = _named(project, operation, writer, made, taken)
    if isinstance(new, str):
        return new
    first_use = operation.function.statement if home.path == module.path else None
    offset = writer.place([new], first_use)
    if offset is None:
        return f"there is no place for a model in {home.path}"
    symbol = Symbol(home.path, new.name)
    if home.path == module.path:
        named = Reference(new.name, None)
    else:
        found_name = reference(project, module, symbol)
        if found_name is None:
            return f"{module.path} cannot import from {home.path}"
        named = found_name
    taken.in_file(home.path).add(new.name)
    return BodyModel(
        operation,
        variable,
        found.reads,
        attributes,
        home,
        new,
        offset,
        symbol,
        needs_field,
        named.expression,
        named.request,
    )


def write(project: Project, body: BodyModel, definition: Definition, finding: Finding, edits: Edits) -> None:
    """Put the model and the reads of it into `edits`; the caller writes the parameter."""
    module = body.operation.module
    if body.new is not None:
        Writer(project, body.home).insert(edits, [body.new], body.offset, finding)
        if body.needs_field:
            edits.name(body.home, _FIELD, finding)
    if body.request is not None:
        edits.requests.append(ImportRequest(module.path, *body.request, finding))

    def attribute(read: Read) -> str:
        return f"{body.variable}.{body.attribute(read.key)}"

    for span, text in replaced_reads(module, definition.positions, body.variable, body.reads, attribute) or ():
        edits.replace(module, span, text, finding)


def _fields(
    definition: Definition, module: Module, reads: Sequence[Read], *, narrow: bool
) -> list[tuple[str, NewField]] | str:
    by_key: dict[str, list[Read]] = {}
    for read in reads:
        by_key.setdefault(read.key, []).append(read)
    fields: list[tuple[str, NewField]] = []
    names: set[str] = set()
    for key, some in by_key.items():
        default = _default(definition, module, key, some)
        if isinstance(default, _Reason):
            return default.text
        name = _field_name(key)
        if name is None or name in names:
            return f"the key `{key}` makes no name of a field"
        names.add(name)
        annotation: Annotation = (proven_type(definition.node, some) if narrow else None) or ANY
        if name != key:
            alias = f"alias={quoted(ast.Constant(key))}"
            default = f"Field({default}, {alias})" if default else f"Field({alias})"
        fields.append((key, NewField(name, annotation, default)))
    return fields


class _Reason(NamedTuple):
    text: str


def _default(definition: Definition, module: Module, key: str, reads: Sequence[Read]) -> str | _Reason:
    """Source of a field's default, empty for a required one."""
    items = [read for read in reads if read.is_item]
    if items:
        line = definition.positions.line(items[0].node.lineno)
        if any(read.is_handled for read in items):
            return _Reason(f"the error of a missing `{key}` is caught around line {line}")
        if not any(read.is_certain for read in items):
            return _Reason(f"`{key}` is needed in some calls only, in line {line}")
        return ""
    texts: set[str] = set()
    for read in reads:
        text = constant_text(read.default)
        if isinstance(read.default, ast.List | ast.Dict) and not ast.unparse(read.default).strip("[]{}"):
            text = ast.unparse(read.default)
        if text is None:
            return _Reason(f"the default of `{key}` is computed in line {definition.positions.line(read.node.lineno)}")
        if isinstance(read.default, ast.Constant):
            is_placed = read.text_node is None
            text = module.code(definition.positions.span(read.default)) if is_placed else quoted(read.default)
        texts.add(text)
    if len(texts) > 1:
        return _Reason(f"`{key}` is read with different defaults")
    text = texts.pop()
    if text in ("[]", "{}") and len(reads) > 1:
        return _Reason(f"each read of `{key}` without a value gives a new `{text}`")
    return text


def quoted(node: ast.Constant) -> str:
    """The source of a constant, text in double quotes where that needs nothing else."""
    text = ast.unparse(node)
    is_plain = text.startswith("'") and '"' not in text and "\\" not in text
    return f'"{text[1:-1]}"' if is_plain else text


def _field_name(key: str) -> str | None:
    name = re.sub(r"\W", "_", key).strip("_")
    if name[:1].isdigit():
        name = f"field_{name}"
    if name and not is_field_name(name):
        name = f"{name}_"
    return name if name and is_field_name(name) else None


def _named(
    project: Project, operation: Operation, writer: Writer, fields: tuple[NewField, ...], taken: Taken
) -> NewModel | str:
    """The model under the first name that is free in both modules."""
    module = operation.module
    stem = pascal(operation.function.name)
    used = taken.in_file(writer.module.path)
    reason: str | None = "no name is left for a model"
    usual = request_suffix(project)
    for name in (
        stem if stem.endswith(usual) else f"{stem}{usual}",
        f"{feature_of(module.path)}{stem}{usual}",
        *(f"{stem}{suffix}" for suffix in _OTHER_SUFFIXES),
    ):
        hidden = any(name in scope.names for scope in operation.function.scopes)
        if name in used or hidden or module.bindings(name) or writer.module.bindings(name):
            continue
        new = NewModel(name, fields)
        reason = writer.reason([new])
        if reason is None:
            return new
    return str(reason)


def _known(project: Project, home: Module, new: NewModel) -> Symbol | None:
    """A model of the project that takes the same, with the same defaults."""
    for symbol, found in models_in(project, home).items():
        if same_model(project, new, {symbol: found}) is None:
            continue
        texts = [home.code(field.default_span) if field.default_span is not None else "" for field in found.fields]
        if texts == [field.default for field in new.fields]:
            return symbol
    return None
