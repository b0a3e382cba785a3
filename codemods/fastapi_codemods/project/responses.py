"""How handlers declare what they return, by `response_model=` or by their return annotation, and what that means.

FastAPI takes the return annotation for the response model where the decorator gives none (since 0.89). An expression
in a decorator is evaluated where it stands, an annotation that is text with the globals of the module alone; so
whether the same words mean the same in both places is a question of scopes.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..source.discovery import is_test
from ..source.nodes import walk
from .index import Module, Project, Symbol
from .model import Argument, Function, Scope
from .operations import Operation, decorator_besides, operations_of
from .reader import dotted
from .references import Use, uses

SINCE = (0, 89)
"""FastAPI that takes the return annotation for the response model."""

ONLY_MODEL = "response_model"
ONLY_ANNOTATION = "return annotation"
BOTH = "response_model and return annotation"

RESPONSES = frozenset(
    {
        "FileResponse", "HTMLResponse", "JSONResponse", "ORJSONResponse", "PlainTextResponse", "RedirectResponse",
        "Response", "StreamingResponse", "UJSONResponse",
    }
)  # fmt: skip

_SAME = {
    "typing.List": "list", "typing.Dict": "dict", "typing.Set": "set", "typing.FrozenSet": "frozenset",
    "typing.Tuple": "tuple", "typing.Type": "type", "typing_extensions.Annotated": "typing.Annotated",
    "typing_extensions.Literal": "typing.Literal",
}  # fmt: skip

_IN_A_TYPE = (
    ast.Name, ast.Attribute, ast.Subscript, ast.BinOp, ast.BitOr, ast.Tuple, ast.List, ast.Constant, ast.Load,
    ast.UnaryOp, ast.USub,
)  # fmt: skip


class Handler(NamedTuple):
    """A function of the project with every decorator that registers it for HTTP."""

    module: Module
    function: Function
    operations: tuple[Operation, ...]

    @property
    def models(self) -> tuple[Argument | None, ...]:
        """The `response_model=` of each operation."""
        return tuple(operation.call.argument("response_model") for operation in self.operations)

    @property
    def symbol(self) -> Symbol | None:
        """None for a function that is no name of its module."""
        return Symbol(self.module.path, self.function.name) if not self.function.scopes else None


class Written(NamedTuple):
    """A type as it is written: in a decorator, in an annotation, or in quotes."""

    node: ast.expr
    code: str
    is_text: bool
    """It is evaluated from a text, with the module's globals: in quotes, or all annotations of the module are."""


def handlers_of(project: Project) -> tuple[Handler, ...]:
    """Every function that decorators register for HTTP, tests left out, by path, in the order of the text."""
    return project.remembered("handlers", lambda: tuple(_handlers(project)))


def _handlers(project: Project) -> Iterator[Handler]:
    grouped: dict[tuple[str, int], list[Operation]] = {}
    for operation in operations_of(project):
        if operation.method != "websocket" and not is_test(operation.module.path):
            grouped.setdefault((operation.module.path, operation.function.span.start), []).append(operation)
    for operations in grouped.values():
        yield Handler(operations[0].module, operations[0].function, tuple(operations))


def established_declaration(project: Project) -> str | None:
    """What the project does by convention: say `response_model=`, annotate what handlers return, or both."""
    return project.remembered("declarations of responses", lambda: _established(project))


def _established(project: Project) -> str | None:
    from .profile.model import Place, convention

    def observed() -> Iterator[tuple[str, Place]]:
        for handler in handlers_of(project):
            models = [model for model in handler.models if model is not None]
            if any(handler.module.code(model.span) == "None" for model in models):
                continue  # says that there is none
            returns = handler.function.returns
            place = Place(handler.module.path, handler.function.line)
            if models:
                yield (BOTH if returns is not None else ONLY_MODEL), place
            elif returns is not None and handler.module.code(returns).strip("\"'") != "None":
                yield ONLY_ANNOTATION, place

    return convention("response_declaration", "HTTP handlers that declare a response", observed()).established


def reason_of_registration(project: Project, handler: Handler) -> str | None:
    """Why it is not certain what FastAPI makes of the handler's annotation; None where it is."""
    if handler.function.is_method:
        return "it is a method, and what registers it may read it in its own way"
    if name := decorator_besides(handler.function):
        return f"`@{name}` may put another function in its place"
    for operation in handler.operations:
        if operation.call.unpacks:
            return "the route gets unpacked arguments"
        if not operation.is_of_fastapi:
            return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may read it itself"
        if _has_route_class(project, operation):
            return f"`{operation.receiver}` makes its routes by a class of its own"
    return None


def _has_route_class(project: Project, operation: Operation) -> bool:
    symbol = operation.router
    home = operation.module if symbol is None else project.module(symbol.path or "")
    name = operation.receiver if symbol is None else symbol.name
    made = home.facts.assignments if home is not None else ()
    return any(one.target == name and one.call.argument("route_class") is not None for one in made)


def other_uses(project: Project, handlers: Sequence[Handler]) -> dict[Symbol, str]:
    """Where a handler is handed on, so that something else may read its annotation or register it again."""
    symbols = {handler.symbol for handler in handlers if handler.symbol is not None}
    found: dict[Symbol, str] = {}
    for symbol, used in (uses(project, symbols, injected=False) if symbols else {}).items():
        for use in used:
            if _hands_on(use):
                found.setdefault(symbol, f"it is used otherwise in {use.place}")
    return found


def _hands_on(use: Use) -> bool:
    if use.kind in ("call", "override", "annotation"):
        return False
    return use.kind != "argument" or use.member.rpartition(".")[2] not in ("url_path_for", "url_for", "add_task")


def annotation_of(handler: Handler) -> Written | None:
    """The return annotation, taken out of its quotes; None where there is none or it cannot be read."""
    span = handler.function.returns
    if span is None:
        return None
    module = handler.module
    node = module.expression(span)
    code = module.code(span)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return Written(ast.parse(node.value.strip(), mode="eval").body, node.value.strip(), True)
        except (SyntaxError, ValueError):
            return None
    return Written(node, code, module.facts.postponed)


def meaning(project: Project, module: Module, node: ast.expr, scopes: Sequence[Scope]) -> str:
    """A type in words that are equal for equal types: names by what they mean, `Optional[X]` as `X | None`."""
    match node:
        case ast.Name() | ast.Attribute():
            return named(project, module, node, scopes)
        case ast.Constant():
            return repr(node.value)
        case ast.BinOp(op=ast.BitOr()):
            return " | ".join(_branches(project, module, node, scopes))
        case ast.Subscript(value=value, slice=inner):
            head = meaning(project, module, value, scopes)
            if head in ("typing.Optional", "typing.Union"):
                return " | ".join(_branches(project, module, node, scopes))
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            return f"{head}[{', '.join(meaning(project, module, part, scopes) for part in parts)}]"
        case ast.List(elts=parts):
            return f"[{', '.join(meaning(project, module, part, scopes) for part in parts)}]"
        case _:
            return ast.unparse(node)


def is_same_object(project: Project, module: Module, one: ast.expr, other: ast.expr, scopes: Sequence[Scope]) -> bool:
    """Whether two types are the same for everybody: `schemas.Item` and `Item` are, `List` and `list` are not."""
    match one, other:
        case ((ast.Name() | ast.Attribute()), (ast.Name() | ast.Attribute())):
            first, second = (project.resolve(module, dotted(node), scopes) for node in (one, other))
            return first == second if first is not None or second is not None else dotted(one) == dotted(other) != ""
        case ast.Subscript(), ast.Subscript():
            return is_same_object(project, module, one.value, other.value, scopes) and is_same_object(
                project, module, one.slice, other.slice, scopes
            )
        case (ast.Tuple(elts=ours), ast.Tuple(elts=theirs)) | (ast.List(elts=ours), ast.List(elts=theirs)):
            return len(ours) == len(theirs) and all(
                is_same_object(project, module, first, second, scopes)
                for first, second in zip(ours, theirs, strict=True)
            )
        case ast.BinOp(op=ast.BitOr()), ast.BinOp(op=ast.BitOr()):
            return is_same_object(project, module, one.left, other.left, scopes) and is_same_object(
                project, module, one.right, other.right, scopes
            )
        case ast.Constant(), ast.Constant():
            return ast.dump(one) == ast.dump(other)
    return False


def named(project: Project, module: Module, node: ast.expr, scopes: Sequence[Scope]) -> str:
    """What a dotted name means, in words that are the same wherever it is written."""
    name = dotted(node)
    symbol = project.resolve(module, name, scopes) if name else None
    if symbol is None:
        return name or ast.unparse(node)
    return _SAME.get(symbol.name, symbol.name) if symbol.path is None else f"{symbol.path}:{symbol.name}"


def _branches(project: Project, module: Module, node: ast.expr, scopes: Sequence[Scope]) -> list[str]:
    return list(dict.fromkeys(meaning(project, module, branch, scopes) for branch in branches(project, module, node)))


def branches(project: Project, module: Module, node: ast.expr) -> list[ast.expr]:
    """The types of a union, in their order; the type itself where it is none."""
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return [*branches(project, module, left), *branches(project, module, right)]
        case ast.Subscript(value=value, slice=inner):
            head = named(project, module, value, ())
            if head == "typing.Optional":
                return [*branches(project, module, inner), ast.Constant(None)]
            if head == "typing.Union":
                parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
                return [branch for part in parts for branch in branches(project, module, part)]
    return [node]


def reason_of_scope(project: Project, handler: Handler, node: ast.expr, *, as_text: bool) -> str | None:
    """Why a type may not mean the same in the decorator and in the annotation; None where it does.

    `as_text`: one of the two is evaluated from a text, with the module's globals alone.
    """
    module, function = handler.module, handler.function
    for part in walk(node):
        if not isinstance(part, _IN_A_TYPE):
            return "its type is computed"
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and as_text:
            return f"it names {part.value!r} in quotes, which is looked up in another way in the other place"
    for name in sorted({part.id for part in walk(node) if isinstance(part, ast.Name)}):
        scope = next((scope for scope in reversed(function.scopes) if name in scope.names), None)
        if scope is not None:
            if as_text:
                return (
                    f"`{name}` is a name of `{scope.name}`, where FastAPI does not look for the text of an annotation"
                )
            if name in scope.rebound:
                return f"`{name}` is bound more than once in `{scope.name}`"
            continue
        bindings = module.bindings(name)
        if not bindings:
            if hasattr(builtins, name) and not module.facts.stars:
                continue
            if project.resolve(module, name) is None:
                return f"nothing tells what `{name}` is"
        elif not all(binding.kind == "import" for binding in bindings) and len(bindings) > 1:
            return f"`{name}` is bound more than once in its module"
        elif name not in module.imports and all(binding.kind == "import" for binding in bindings):
            return f"`{name}` is imported under TYPE_CHECKING only, so it is not there when the application runs"
        elif min(binding.statement for binding in bindings) > function.statement:
            return f"`{name}` is defined below the handler"
    return None


def is_response(project: Project, module: Module, node: ast.expr, scopes: Sequence[Scope]) -> bool | None:
    """Whether a type is a response class, which FastAPI takes for no model; None where nothing tells."""
    from .models import model

    symbol = project.resolve(module, dotted(node), scopes)
    if symbol is None:
        return False if isinstance(node, ast.Name) and hasattr(builtins, node.id) else None
    if symbol.path is None:
        home, _, name = symbol.name.rpartition(".")
        if home.partition(".")[0] in ("fastapi", "starlette"):
            return name in RESPONSES
        return (
            False if home.partition(".")[0] in ("typing", "typing_extensions", "pydantic", "datetime", "uuid") else None
        )
    found = model(project, symbol)
    if found is not None and found.kind not in ("plain", "unknown"):
        return False
    names = [f"{home}.{name}" for home in ("fastapi", "fastapi.responses", "starlette.responses") for name in RESPONSES]
    return True if project.derives_from(symbol, names) else None
