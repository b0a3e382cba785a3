"""A handler that declares a model returns it, not a dict of its fields.

With `response_model=Item` or `-> Item`, `return {"id": item_id, "name": name}` becomes
`return Item(id=item_id, name=name)`.

## Why

FastAPI makes the model of the dict anyway. The constructor says which one, a type checker finds a misspelt or missing
field, and an error has the line of the handler in its traceback.

## Left alone

- Dicts that are built step by step or hold unpacked ones, and keys that are no fields of the model.
- Dicts without a required field, and, with `response_model_exclude_unset`, without any field.
- Models with aliases, validators, a constructor of their own, `extra` of `allow` or `forbid`, and several models.
- Fields that are models themselves, where the value may be something other than a dict: FastAPI also reads attributes
  of objects, the constructor does not.
- Values of unproven types in a `try`, or where the application handles validation errors or all exceptions: what is an
  error of the response today would be one of the handler.
- Handlers under other decorators, methods, and those that other code calls and gets a dict from.

## Safety

Safe: the same values are validated by the same model, and the response and OpenAPI stay what they are.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.constructors import Constructors
from ...edits.lines import indent_of
from ...edits.models import NewField, NewModel
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.annotation import ANY, Annotation
from ...project.models import Field, Model, model
from ...project.operations import Definition, Operation, decorator_besides, definition_of, operations_of, own_nodes
from ...project.reader import dotted
from ...project.references import uses
from ...project.shapes import Instance, Library, Object, Plain, Shape, Shapes, Unproven, shapes_of
from ...project.shapes.wire import leaves
from ...source.discovery import is_test
from ...source.nodes import walk

_LITERAL = re.compile(r"\breturn\b[^\n]*[{(\[]|\breturn\s*\{")
_HANDLED = re.compile(
    rb"exception_handler\(\s*(?:\w+\.)?(?:Exception|ValueError|ValidationError|ResponseValidationError|500\b)"
    rb"|exception_handlers\s*="
)
_ANYTHING = re.compile(
    r"(?:Optional\[)?(?:typing\.)?(?:Any|[Dd]ict|[Ll]ist)(?:\[(?:str, *)?(?:typing\.)?Any\])?\]?(?: *\| *None)?"
)
_OWN_CONSTRUCTION = re.compile(r"\bdef\s+(?:__init__|__new__|__get_validators__|__get_pydantic_core_schema__)\b")


class _Subject(NamedTuple):
    operation: Operation
    definition: Definition
    node: ast.Dict
    written: str
    """The model as the declaration writes it."""
    model: Model


class _Handler(NamedTuple):
    operations: tuple[Operation, ...]
    definition: Definition
    written: str
    model: Model
    statements: tuple[tuple[ast.Return, tuple[ast.Dict, ...]], ...]


class ReturnDictToModel(Codemod):
    safety = Safety.SAFE

    after = ("wrap-dict-returns",)

    def find(self, project: Project) -> Iterator[Finding]:
        handlers = list(_handlers(project))
        if not handlers:
            return
        shapes = shapes_of(project)
        elsewhere = _used_elsewhere(project, handlers)
        for handler in handlers:
            operation = handler.operations[0]
            function = operation.function
            reason = _reason_of_route(handler) or elsewhere.get((operation.module.path, function.line))
            reason = reason or _reason_of_model(project, handler.model)
            returned = None if reason else shapes.handler(operation.module, function, handler.definition)
            by_statement = {} if returned is None or isinstance(returned, Unproven) else dict(returned.values)
            for number, (statement, dicts) in enumerate(handler.statements, 1):
                for node in dicts:
                    shape = by_statement.get(statement) if node is statement.value else None
                    why = reason or _reason_of_dict(project, shapes, handler, node, shape)
                    span = handler.definition.positions.span(node)
                    line = operation.module.text.count("\n", 0, span.start) + 1
                    yield self.finding(
                        operation.module.location(line, 1, line),
                        f"`{function.name}` returns a dict where it declares a `{handler.model.name}`",
                        anchor=f"{function.qualified_name}.{number}",
                        left_alone=why,
                        subject=_Subject(operation, handler.definition, node, handler.written, handler.model),
                    )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            module = subject.operation.module
            symbol = subject.model.symbol
            fields = tuple(NewField(field.name, ANY) for field in subject.model.fields)
            written = subject.written
            constructors = Constructors(
                module.text,
                subject.definition.positions,
                {symbol: NewModel(subject.model.name, fields)},
                lambda _, written=written: written,  # type: ignore[misc]
                room=project.style.line_length,
                unit=indent_of(project, module),
                newline=module.source.newline,
                encoder="",
            )
            text = constructors.converted(subject.node, Annotation(symbol))
            assert text is not None
            edits.replace(module, subject.definition.positions.span(subject.node), text, finding)


def _handlers(project: Project) -> Iterator[_Handler]:
    """Handlers that declare one model and return literals of dicts."""
    by_function: dict[tuple[str, int], list[Operation]] = {}
    for operation in operations_of(project):
        by_function.setdefault((operation.module.path, operation.function.line), []).append(operation)
    for operations in by_function.values():
        module, function = operations[0].module, operations[0].function
        if is_test(module.path) or any(operation.method == "websocket" for operation in operations):
            continue
        declared = {_declared(operation) for operation in operations}
        span = declared.pop()
        if declared or span is None:
            continue
        text = module.statement_text(function.statement)
        if not _LITERAL.search(text):
            continue
        definition = definition_of(module, function)
        if definition is None:
            continue
        statements = tuple(_literals(definition))
        if not statements:
            continue
        found = _model(project, module, operations[0], span)
        if found is not None:
            yield _Handler(tuple(operations), definition, *found, statements)


def _declared(operation: Operation) -> str | None:
    """The code of the response model."""
    given = operation.call.argument("response_model")
    span = given.span if given is not None else operation.function.returns
    return operation.module.code(span) if span is not None else None


def _model(project: Project, module: Module, operation: Operation, code: str) -> tuple[str, Model] | None:
    """The one model in a declaration, `Item`, `Item | None` or `list[Item]`, and how it is written there."""
    if len(code) > 1 and code[0] in "\"'" and code[-1] == code[0]:
        code = code[1:-1]
    try:
        node = ast.parse(code.strip(), mode="eval").body
    except SyntaxError:
        return None
    found = []
    for name in _names(node):
        written = dotted(name)
        symbol = project.resolve(module, written, operation.function.scopes)
        if symbol is not None and symbol.path is not None:
            known = model(project, symbol)
            if known is None or known.kind not in ("pydantic", "sqlmodel") or known.table:
                return None
            found.append((written, known))
        elif written.rpartition(".")[2] not in ("Optional", "Union", "List", "list", "Sequence", "Annotated", "typing"):
            return None
    return found[0] if len(found) == 1 else None


def _names(node: ast.expr) -> Iterator[ast.expr]:
    """The dotted names in a type."""
    match node:
        case ast.Name() | ast.Attribute():
            yield node
        case ast.Constant(value=None):
            return
        case ast.Subscript(value=value, slice=inner):
            yield from _names(value)
            for part in inner.elts if isinstance(inner, ast.Tuple) else [inner]:
                yield from _names(part)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            yield from _names(left)
            yield from _names(right)
        case _:
            yield ast.Name("?")


def _literals(definition: Definition) -> Iterator[tuple[ast.Return, tuple[ast.Dict, ...]]]:
    for part in own_nodes(definition.node):
        if isinstance(part, ast.Return) and part.value is not None and (dicts := tuple(_dicts(part.value))):
            yield part, dicts


def _dicts(node: ast.expr) -> Iterator[ast.Dict]:
    """What an expression gives as a literal, by itself, in a list or in a branch."""
    match node:
        case ast.Dict():
            yield node
        case ast.List(elts=elements):
            for element in elements:
                yield from _dicts(element)
        case ast.ListComp(elt=element):
            yield from _dicts(element)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _dicts(body)
            yield from _dicts(orelse)


# Reasons


def _reason_of_route(handler: _Handler) -> str | None:
    function = handler.operations[0].function
    if function.is_method:
        return "it is a method"
    if decorator := decorator_besides(function):
        return f"`@{decorator}` sees what it returns, or makes something else of it"
    if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in own_nodes(handler.definition.node)):
        return "it is a generator, which streams what it yields"
    for operation in handler.operations:
        if operation.call.unpacks:
            return "the route gets unpacked arguments"
        if not operation.is_of_fastapi:
            return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may do more"
        if operation.call.argument("response_model_by_alias") is not None:
            return "`response_model_by_alias` decides about names"
    return None


def _reason_of_model(project: Project, found: Model) -> str | None:
    name = found.name
    if not found.complete or not found.config.certain:
        return f"not all of `{name}` is known"
    if any(field.is_aliased for field in found.fields) or found.config.alias_generator:
        return f"`{name}` has aliases"
    if found.validators:
        return f"`{name}` has a validator, `{found.validators[0].name}`"
    if found.config.extra in ("allow", "forbid"):
        return f"`{name}` says what becomes of other keys (`extra`)"
    if "revalidate_instances" in found.config.options or found.config.is_true("strict"):
        return f"`{name}` is configured to validate in another way"
    for symbol in found.mro:
        home = project.module(symbol.path or "")
        for binding in home.bindings(symbol.name.partition(".")[0]) if home is not None else ():
            assert home is not None
            if _OWN_CONSTRUCTION.search(home.statement_text(binding.statement)):
                return f"`{symbol.name}` may be constructed in its own way"
    return None


def _reason_of_dict(
    project: Project, shapes: Shapes, handler: _Handler, node: ast.Dict, shape: Shape | None
) -> str | None:
    found = handler.model
    if None in node.keys:
        return "another dict is unpacked in it"
    keys = [key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    if len(keys) < len(node.keys):
        return "one of its keys is computed"
    if len(set(keys)) < len(keys):
        return "a key stands twice in it"
    fields = {field.name: field for field in found.fields if field.init and field.role == "field"}
    for key in keys:
        if key not in fields:
            return f"`{key}` is no field of `{found.name}`"
    for field in fields.values():
        if field.name not in keys and field.required is not False:
            return f"`{field.name}` of `{found.name}` is missing"
    is_partial = len(keys) < len(fields)
    if is_partial and any(
        argument.name in ("response_model_exclude_unset", "response_model_exclude_defaults")
        for operation in handler.operations
        for argument in operation.call.arguments
    ):
        return "which fields are set decides about what is sent"
    values = shape.entries if isinstance(shape, Object) else ()
    proven = dict(values)
    is_proven = True
    for key in keys:
        expected = shapes.given.field(fields[key], found.name)
        entry = proven.get(key)
        actual = entry.shape if entry is not None else Unproven("")
        parts = leaves(expected)
        may_be_object = any(isinstance(part, Instance | Unproven | Library) for part in parts)
        if may_be_object and not _ANYTHING.fullmatch(fields[key].annotation_text) and not _is_data(actual):
            return f"`{key}` may be an object of which FastAPI reads the attributes"
        is_proven = is_proven and _fits(actual, parts) and not _is_constrained(project, fields[key])
    if not is_proven:
        if _is_in_try(handler.definition, node):
            return "it stands in a `try`, which would see a value of the wrong type"
        if _handles_errors(project):
            return "the application handles exceptions, among which a value of the wrong type would be another one"
    return None


def _is_data(shape: Shape) -> bool:
    """Whether there is no object in it of which attributes could be read."""
    return all(isinstance(part, Plain) or (isinstance(part, Instance) and part.is_validated) for part in leaves(shape))


def _fits(actual: Shape, expected: tuple[Shape, ...]) -> bool:
    """Whether a plain value is of one of the plain types, so that it cannot be wrong."""
    if not isinstance(actual, Plain):
        return False
    return any(isinstance(part, Plain) and part.symbol == actual.symbol for part in expected)


def _is_constrained(project: Project, field: Field) -> bool:
    """Whether a value of the right type may be wrong, too."""
    home = project.module(field.owner.path or "")
    default = home.code(field.default_span) if home is not None and field.default_span is not None else ""
    return (
        "(" in field.annotation_text
        or "Field" in default
        or re.search(r"Positive|Negative|Email|Url", field.annotation_text) is not None
    )


def _is_in_try(definition: Definition, node: ast.Dict) -> bool:
    for part in own_nodes(definition.node):
        if isinstance(part, ast.Try) and (part.handlers or part.finalbody):
            for statement in part.body:
                if any(inner is node for inner in walk(statement)):
                    return True
        if isinstance(part, ast.With | ast.AsyncWith) and any(inner is node for inner in walk(part)):
            return True
    return False


def _handles_errors(project: Project) -> bool:
    """Whether some code of the project is called for errors of validation, or for all."""
    return project.remembered(
        "errors of validation are handled",
        lambda: any(_HANDLED.search(module.data) for module in project.modules() if not is_test(module.path)),
    )


def _used_elsewhere(project: Project, handlers: Sequence[_Handler]) -> dict[tuple[str, int], str]:
    """Of handlers that other code calls or hands on, where."""
    symbols: dict[Symbol, tuple[str, int]] = {}
    found: dict[tuple[str, int], str] = {}
    for handler in handlers:
        module, function = handler.operations[0].module, handler.operations[0].function
        if not function.scopes:
            symbols[Symbol(module.path, function.name)] = (module.path, function.line)
            continue
        nodes = walk(module.tree(function.statement))
        if any(isinstance(n, ast.Name) and n.id == function.name and isinstance(n.ctx, ast.Load) for n in nodes):
            found[module.path, function.line] = "the function around it uses it, too"
    for symbol, places in uses(project, list(symbols)).items() if symbols else ():
        if places:
            found[symbols[symbol]] = f"it is also used at {places[0].place}, which gets a dict"
    return found
