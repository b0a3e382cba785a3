"""What routes and dependencies are called, after what they call."""

from __future__ import annotations

import ast

from ..values import Class, Constant, Event, Function, Instance, Made, Outside, Partial, Router, Value, text_of

_POSITIONS_OF_NAMES = {
    "add_api_websocket_route": 2, "add_route": 3, "add_websocket_route": 2,
    "route": 2, "websocket": 1, "websocket_route": 1,
}  # fmt: skip


def name_given(event: Event) -> Value | None:
    given = event.arguments
    return given.get("name", _POSITIONS_OF_NAMES.get(event.method)) if given.is_complete else given.get("name")


def name_of(value: Value | None) -> str:
    """For people."""
    match value:
        case Function(name=name, scope=scope):
            return f"{scope.function}.{name}" if scope.function else name
        case Class(name=name):
            return name
        case Instance(cls=cls) if isinstance(cls, Class):
            return cls.name
        case Outside(name=name):
            return name
        case Made(callee=Outside(name=name)):
            return name.rpartition(".")[2]
        case Partial(callee=callee):
            return name_of(callee)
        case Router(name=name):
            return name
        case Constant(value=inner):
            return "" if inner is None else str(inner)
    return ""


def route_name(endpoint: Value) -> str | None:
    """What a route is called after its endpoint: a `partial` has no `__name__`, so its class's is taken."""
    is_partial = isinstance(endpoint, Partial) and not (
        isinstance(endpoint.callee, Outside) and endpoint.callee.name.startswith("builtins.")
    )
    return "partial" if is_partial else endpoint_name(endpoint)


def endpoint_name(value: Value) -> str | None:
    """What FastAPI and Starlette take as the name of a callable: its `__name__`, or that of its class."""
    match value:
        case Function(given_name=Value() as given):
            return text_of(given)
        case Function(wrapped=None, name=name):
            return name
        case Function(wrapped=wrapped) if isinstance(wrapped, Value):
            return endpoint_name(wrapped)
        case Class(name=name):
            return name
        case Instance(cls=cls) if isinstance(cls, Class):
            return cls.name
        case Outside(name=name) | Made(callee=Outside(name=name)):
            return name.rpartition(".")[2]
        case Partial(callee=callee):
            return endpoint_name(callee)
    return None


def place_of(value: Value) -> tuple[str | None, int]:
    match value:
        case Function(scope=scope, line=line):
            return scope.module.path, line
        case Class(scope=scope, node=node):
            return scope.module.path, scope.first_line + node.lineno - 1
        case Instance(cls=cls):
            return place_of(cls)
        case Partial(callee=callee):
            return place_of(callee)
    return None, 0


def is_coroutine(value: Value) -> bool | None:
    if isinstance(value, Function):
        return isinstance(value.node, ast.AsyncFunctionDef)
    return None


def is_method_unbound(function: Function) -> bool:
    if function.bound is not None or isinstance(function.node, ast.Lambda):
        return False
    arguments = function.node.args
    first = next(iter((*arguments.posonlyargs, *arguments.args)), None)
    return first is not None and first.arg == "self" and first.annotation is None
