"""Values that expressions have for certain: literals, and names that are bound to one, once."""

from __future__ import annotations

import ast

from ..source.nodes import walk
from .index import Module, Project
from .placed import FunctionNode, Placed, argument
from .reader import dotted


def constant_of(project: Project, placed: Placed, node: ast.expr) -> object:
    """The value of an expression that stands where `placed` does; None for what is not known.

    Of a name: what the function around binds it to, else the module that defines it, if that happens once.
    """
    try:
        value: object = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        value = None
    if value is not None or not isinstance(node, ast.Name | ast.Attribute):
        return value
    if isinstance(node, ast.Name):
        for around in placed.around:
            if isinstance(around, FunctionNode) and any(_binds(inner, node.id) for inner in walk(around)):
                return _bound_once(around.body, node.id)
    return module_constant(project, placed.module, dotted(node))


def module_constant(project: Project, module: Module, name: str) -> object:
    """What a name of a module is bound to, once and without a condition; None for what is not known."""
    symbol = project.resolve(module, name) if name else None
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if symbol is None or home is None or "." in symbol.name:
        return None
    bindings = home.bindings(symbol.name)
    if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].conditional:
        return None
    return _bound_once(home.tree(bindings[0].statement).body, symbol.name)


def default_of_environment(node: ast.expr) -> ast.expr | None:
    """The default in `os.getenv("KEY", default)`, `os.environ.get("KEY", default)` and `config("KEY", default=...)`."""
    if not isinstance(node, ast.Call):
        return None
    name = dotted(node.func)
    if name.rpartition(".")[2] == "getenv" or name.endswith("environ.get"):
        return argument(node, "default", 1)
    return argument(node, "default") if name in ("config", "env", "env.str") else None


def _binds(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=bound, ctx=ast.Store()) | ast.arg(arg=bound):
            return bound == name
    return False


def _bound_once(body: list[ast.stmt], name: str) -> object:
    found: list[ast.expr | None] = []
    for statement in body:
        for node in walk(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=bound)], value=value) if bound == name:
                    found.append(value)
                case ast.AnnAssign(target=ast.Name(id=bound), value=value) if bound == name:
                    found.append(value)
                case ast.Name(id=bound, ctx=ast.Store() | ast.Del()) if bound == name:
                    found.append(None)
                case _:
                    pass
    # Each binding is seen twice: as the statement and as the name in it.
    values = [value for value in found if value is not None]
    if len(values) != 1 or len(found) != 2:
        return None
    try:
        found_value: object = ast.literal_eval(values[0])
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return None
    return found_value
