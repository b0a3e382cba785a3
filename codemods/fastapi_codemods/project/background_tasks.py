"""FastAPI's background tasks: who has them, and what is added to them."""

from __future__ import annotations

import ast
import re

from .functions import FunctionAt
from .index import Module, Project
from .model import Function
from .types import Types
from .types.bindings import locals_of

ADDS = re.compile(r"\badd_task\s*\(|\bBackgroundTask\s*\(")
ADDS_BYTES = re.compile(rb"\badd_task\b|\bBackgroundTask\b")

BACKGROUND = frozenset(
    {
        "fastapi.BackgroundTasks", "fastapi.background.BackgroundTasks", "starlette.background.BackgroundTasks",
    }
)  # fmt: skip

_TASK = frozenset({"starlette.background.BackgroundTask", "fastapi.background.BackgroundTask"})


def background_parameter(project: Project, module: Module, function: Function) -> str | None:
    """The parameter that a handler already has for background tasks."""
    for parameter in function.parameters:
        if parameter.annotation is not None and parameter.default is None:
            written = module.code(parameter.annotation).strip("\"'")
            symbol = project.resolve(module, written, function.scopes) if re.fullmatch(r"[\w.]+", written) else None
            if symbol is not None and symbol.path is None and symbol.name in BACKGROUND:
                return parameter.name
    return None


def adds_task(project: Project, types: Types, function: FunctionAt, call: ast.Call) -> bool:
    """Whether a call makes a background task of what it is given: `tasks.add_task(...)`, `BackgroundTask(...)`."""
    if isinstance(call.func, ast.Name):
        value = types.value(function.frame, call.func)
        return value is not None and value.symbol.path is None and value.symbol.name in _TASK
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "add_task":
        return False
    return isinstance(call.func.value, ast.Name) and _is_background(project, types, function, call.func.value.id)


def _is_background(project: Project, types: Types, function: FunctionAt, name: str) -> bool:
    """Whether a name of the function stands for background tasks."""
    bound = locals_of(function.node).get(name, [])
    for one in bound:
        node = one.node
        if one.kind == "parameter" and isinstance(node, ast.arg) and node.annotation is not None:
            annotation = node.annotation
            if isinstance(annotation, ast.BinOp):
                annotation = annotation.left
            if isinstance(annotation, ast.Subscript):
                annotation = annotation.slice
            if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
                symbol = project.resolve(function.module, annotation.value)
                if symbol is None or symbol.path is not None or symbol.name not in BACKGROUND:
                    return False
                continue
            value = types.value(function.frame._replace(nodes=function.outside), annotation)
        elif one.kind == "value" and isinstance(node, ast.Call):
            value = types.value(function.frame, node.func)
        else:
            return False
        if value is None or value.symbol.path is not None or value.symbol.name not in BACKGROUND:
            return False
    return bool(bound)
