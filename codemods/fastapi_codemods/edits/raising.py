"""Whether a handler may raise an HTTPException where it returns a response."""

from __future__ import annotations

import ast
import re

from ..project import Project, Symbol
from ..project.catching import reason_it_would_not_get_out
from ..project.operations import Operation
from ..project.placed import Placed, placed_function
from ..project.responses import Handler, reason_of_registration
from ..project.routes import likely_applications
from ..project.types import yields
from .handlers import Signatures
from .imports import reachable_as
from .lines import has_comment

HTTP_EXCEPTION = "fastapi.HTTPException"
_TASKS = re.compile(r"\bBackgroundTasks\b")


def reason_to_return(project: Project, handler: Handler, placed: Placed, signatures: Signatures) -> str | None:
    """Why the `return` at `placed` must not become a `raise`: something would go otherwise than the answer."""
    if reason := reason_it_would_not_get_out(project, placed):
        return reason
    if reason := reason_of_registration(project, handler):
        return reason
    if reason := signatures.reason_to_keep(handler.operations[0]):
        return f"{reason}, and gets a response today"
    assert isinstance(placed.node, ast.Return)
    if placed.node.value is not None and has_comment(placed.code(placed.node.value)):
        return "a comment stands in it"
    if reachable_as(placed.module, HTTP_EXCEPTION) is None:
        return f"{placed.module.path} has another `HTTPException`"
    if any("HTTPException" in scope.names for scope in placed.scopes):
        return f"`HTTPException` is a name of `{handler.function.name}`"
    return _reason_of_dependencies(project, handler)


def is_something(node: ast.expr) -> bool:
    """Whether a detail is certainly not None."""
    match node:
        case ast.Constant(value=value):
            return value is not None
        case ast.JoinedStr() | ast.Dict() | ast.List():
            return True
        case ast.Call(func=ast.Name(id="str" | "repr")) | ast.Call(func=ast.Attribute(value=ast.Constant())):
            return True
        case ast.BinOp(left=left, right=right):
            return any(isinstance(n, ast.JoinedStr) or _is_text(n) for n in (left, right))
        case _:
            return False


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _reason_of_dependencies(project: Project, handler: Handler) -> str | None:
    """Why it makes a difference to what runs beside the handler that it ends with an exception."""
    header = handler.module.code(handler.function.span)
    if _TASKS.search(header):
        return "it takes BackgroundTasks, which do not run after an exception"
    for operation in handler.operations:
        if reason := _reason_of_operation(project, operation):
            return reason
    return None


def _reason_of_operation(project: Project, operation: Operation) -> str | None:
    place = operation.module.path, operation.decorator.line
    routes = [r for app in likely_applications(project) for r in app.routes if (r.file, r.line) == place]
    if not routes:
        return "its dependencies are not known: no application or router of the project has the route"
    for route in routes:
        if any("dependenc" in doubt for doubt in route.doubts):
            return "its dependencies are not all known"
        for used in route.in_execution_order:
            if used.path is None:
                if used.name.startswith("fastapi.security") or used.name.rpartition(".")[2][:1].isupper():
                    continue
                return f"what the dependency `{used.name}` does after the response is not known"
            if reason := _reason_of_dependency(project, Symbol(used.path, used.name)):
                return reason
    return None


def _reason_of_dependency(project: Project, symbol: Symbol) -> str | None:
    found = project.function(symbol)
    if found is None:
        home = project.module(symbol.path or "")
        is_class = home is not None and any(b.kind == "class" for b in home.bindings(symbol.name.partition(".")[0]))
        return None if is_class else f"what the dependency `{symbol.name}` does after the response is not known"
    module, function = found
    if _TASKS.search(module.code(function.span)):
        return f"the dependency `{symbol.name}` takes BackgroundTasks, which do not run after an exception"
    placed = placed_function(module, function)
    if placed is None:
        return f"what the dependency `{symbol.name}` does after the response is not known"
    if yields(placed.node) and not _only_cleans_up(placed):
        return f"the dependency `{symbol.name}` does something else behind its `yield` after an exception"
    return None


def _only_cleans_up(placed: Placed) -> bool:
    """Whether what stands behind the `yield` runs alike with and without an exception: in a `finally` alone."""
    for inner in placed.within(placed.node, ast.Yield):
        child: ast.AST = inner.node
        for node in inner.around:
            if node is placed.node:
                break
            if isinstance(node, ast.With | ast.AsyncWith | ast.For | ast.AsyncFor | ast.While):
                return False
            if isinstance(node, ast.Try) and child in node.body and (node.handlers or node.orelse):
                return False
            for field in ("body", "orelse"):
                block = getattr(node, field, None)
                if isinstance(block, list) and child in block and block[-1] is not child:
                    return False
            child = node
        body = getattr(placed.node, "body", [])
        if child in body and body[-1] is not child:
            return False
    return True
