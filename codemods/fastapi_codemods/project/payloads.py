"""Models at the boundary: which ones handlers take as their body, and which ones they answer with.

    @router.post("/users", response_model=UserRead)
    def create_user(user: UserCreate): ...

The body is `UserCreate`, the response `UserRead`. A model also comes in by way of the fields of another one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from .index import Module, Project, Symbol
from .model import Parameter, Scope, Span
from .models import Field, Model, model
from .reader import Positions, dotted
from .responses import Handler, annotation_of, handlers_of

Role = Literal["body", "response"]

_NO_BODY = frozenset({"Cookie", "Depends", "File", "Header", "Path", "Query", "Security"})
"""FastAPI's functions that say that a parameter is no body; `Form` and `Body` say that it is one."""

_CONTAINERS = frozenset(
    {
        "Annotated", "Dict", "FrozenSet", "Iterable", "List", "Optional", "Sequence", "Set", "Tuple", "Union", "dict",
        "frozenset", "list", "set", "tuple",
    }
)  # fmt: skip


class Named(NamedTuple):
    """A class that a type names, and the place where it does."""

    symbol: Symbol
    span: Span
    """Of the name, in the module that holds the type."""


class Payload(NamedTuple):
    """One model that one handler takes or gives."""

    handler: Handler
    role: Role
    named: Named
    parameter: Parameter | None
    """Of a body."""
    operation: int | None
    """Which of the handler's operations has it as `response_model`; None for an annotation and for a body."""
    is_all: bool
    """The model itself, perhaps or None: not a list of it, nor one of several."""


def payloads_of(project: Project) -> tuple[Payload, ...]:
    """What all handlers take and give, tests left out, in their order."""
    return project.remembered("payloads", lambda: tuple(_payloads(project)))


def _payloads(project: Project) -> Iterator[Payload]:
    for handler in handlers_of(project):
        module, function = handler.module, handler.function
        for parameter in function.parameters:
            span = parameter.annotation
            if span is None or parameter.kind in ("*", "**") or not _may_name_a_class(module, span):
                continue
            node = module.expression(span)
            if not _is_no_body(node) and not _has_no_body_as_default(module, parameter):
                for named in named_in(project, module, span, function.scopes):
                    yield Payload(handler, "body", named, parameter, None, _is_all(node))
        for index, given in enumerate(handler.models):
            if given is not None and module.code(given.span) != "None":
                for named in named_in(project, module, given.span, function.scopes):
                    is_all = _is_all(module.expression(given.span))
                    yield Payload(handler, "response", named, None, index, is_all)
        returns = function.returns
        if returns is not None and not all(handler.models) and _may_name_a_class(module, returns):
            annotation = annotation_of(handler)
            for named in named_in(project, module, returns, function.scopes):
                is_all = annotation is not None and _is_all(annotation.node)
                yield Payload(handler, "response", named, None, None, is_all)


_CLASS = re.compile(r"(?<!\w)_?[A-Z]")


def _may_name_a_class(module: Module, span: Span) -> bool:
    """By convention; models of the project in lower case are not looked for."""
    return _CLASS.search(module.code(span)) is not None


def _is_no_body(node: ast.expr) -> bool:
    """`Annotated[C, Depends()]`"""
    if not (isinstance(node, ast.Subscript) and dotted(node.value).endswith("Annotated")):
        return False
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    return any(isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] in _NO_BODY for part in parts[1:])


def _has_no_body_as_default(module: Module, parameter: Parameter) -> bool:
    """`= Depends(get_user)`, and `= user_dependency`, of which nothing tells here that it is none."""
    if parameter.call is not None:
        return parameter.call.callee.rpartition(".")[2] in _NO_BODY
    default = module.code(parameter.default) if parameter.default is not None else "None"
    return default not in ("None", "...") and re.fullmatch(r"[A-Za-z_][\w.]*", default) is not None


def _is_all(node: ast.expr) -> bool:
    match node:
        case ast.Name() | ast.Attribute():
            return True
        case ast.Constant(value=str(text)):
            return bool(re.fullmatch(r"[\w.]+", text))
        case ast.BinOp(op=ast.BitOr(), left=left, right=ast.Constant(value=None)):
            return _is_all(left)
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[first, *_])) if dotted(value).endswith("Annotated"):
            return _is_all(first)
        case ast.Subscript(value=value, slice=inner) if dotted(value).endswith("Optional"):
            return _is_all(inner)
    return False


def named_in(project: Project, module: Module, span: Span, scopes: Sequence[Scope] = ()) -> tuple[Named, ...]:
    """The project's classes that a type names, those within quotes too, in their order."""
    text = module.code(span)
    found: list[Named] = []
    for part, start in _names(text):
        symbol = project.resolve(module, part, scopes)
        if symbol is not None and symbol.path is not None:
            found.append(Named(symbol, Span(span.start + start, span.start + start + len(part))))
    return tuple(found)


def _names(text: str) -> list[tuple[str, int]]:
    """The dotted names of a type with their places in its text; not those of what is called within it."""
    try:
        tree = ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError):
        return []
    positions = Positions(f"({text}\n)", -1, 1)
    found: list[tuple[str, int]] = []
    waiting: list[ast.expr] = [tree]
    while waiting:
        node = waiting.pop(0)
        match node:
            case ast.Name() | ast.Attribute():
                if name := dotted(node):
                    found.append((name, positions.span(node).start))
            case ast.Subscript(value=value, slice=inner):
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                if dotted(value).endswith("Annotated"):
                    parts = parts[:1]
                if dotted(value).rpartition(".")[2] == "Literal":
                    parts = []
                waiting[:0] = [value, *parts]
            case ast.BinOp(left=left, right=right):
                waiting[:0] = [left, right]
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                waiting[:0] = parts
            case ast.Constant(value=str(inner_text)):
                start = positions.span(node).start
                quote = len(text[start:]) - len(text[start:].lstrip("rRbBuUfF\"'"))
                if text[start + quote : start + quote + len(inner_text)] == inner_text:
                    found += [(name, start + quote + place) for name, place in _names(inner_text)]
            case _:
                pass
    return found


def models_within(project: Project, symbol: Symbol) -> dict[Symbol, Model]:
    """A model with those that its fields hold, at any remove; classes that are no Pydantic models are left out."""
    return project.remembered(("models within", symbol), lambda: _models_within(project, symbol))


def _models_within(project: Project, symbol: Symbol) -> dict[Symbol, Model]:
    found: dict[Symbol, Model] = {}
    waiting = [symbol]
    while waiting:
        current = model(project, waiting.pop(0))
        if current is None or not current.is_pydantic or current.symbol in found:
            continue
        found[current.symbol] = current
        for field in current.fields:
            waiting += [named.symbol for named in named_by(project, field)]
    return found


def named_by(project: Project, field: Field) -> tuple[Named, ...]:
    """The project's classes that the type of a field names."""
    home = project.module(field.owner.path or "") if field.annotation is not None else None
    if home is None or field.annotation is None or not _may_name_a_class(home, field.annotation):
        return ()
    return named_in(project, home, field.annotation)
