"""Parts of functions: their parameters, what runs when they do, whether they yield."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ..outlines import may_hold
from ..reader import dotted

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def last_name(node: ast.expr) -> str:
    """The last name of a dotted one, that of the callee for a call."""
    return dotted(node.func if isinstance(node, ast.Call) else node).rpartition(".")[2]


def parsed_text(text: str) -> ast.expr | None:
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None


def is_overload(node: Definition) -> bool:
    return any(last_name(decorator) in ("overload", "setter", "deleter") for decorator in node.decorator_list)


def first_parameter(node: FunctionNode) -> str:
    if any(last_name(decorator) == "staticmethod" for decorator in node.decorator_list):
        return ""
    parameters = [*node.args.posonlyargs, *node.args.args]
    return parameters[0].arg if parameters else ""


def default_of(function: ast.AST, parameter: ast.arg) -> ast.expr | None:
    arguments = getattr(function, "args", None)
    if not isinstance(arguments, ast.arguments):
        return None
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = arguments.defaults
    for argument, default in zip(positional[len(positional) - len(defaults) :], defaults, strict=True):
        if argument is parameter:
            return default
    for argument, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if argument is parameter:
            return keyword_default
    return None


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Everything in the body of a function or lambda that runs when it does: nested functions and classes not."""
    waiting = parts_of_body(node)
    while waiting:
        current = waiting.pop()
        yield current
        waiting += reversed(parts_that_run(current))


def parts_of_body(node: ast.AST) -> list[ast.AST]:
    """The body of a function or lambda, the last part first."""
    if isinstance(node, FunctionNode):
        return list(reversed(node.body))
    return [node.body] if isinstance(node, ast.Lambda) else []


def parts_that_run(node: ast.AST) -> list[ast.AST]:
    """The nodes right within another one that run when it does."""
    kind = type(node)
    if kind in _LEAVES:
        return []
    if isinstance(node, _FUNCTIONS):
        defaults = [default for default in node.args.kw_defaults if default is not None]
        return [*node.decorator_list, *node.args.defaults, *defaults]
    if isinstance(node, ast.Call) and type(node.func) is ast.Lambda:
        return [node.func.body, *node.args, *node.keywords]
    found: list[ast.AST] = []
    for field in kind._fields:
        value = getattr(node, field, None)
        if type(value) is list:
            found += value if field in _LISTS_OF_NODES else [item for item in value if isinstance(item, ast.AST)]
        elif isinstance(value, ast.AST):
            found.append(value)
    return found


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LEAVES = frozenset(
    {ast.Name, ast.Constant, ast.Load, ast.Store, ast.Del, ast.Lambda, ast.ClassDef, ast.Global, ast.Nonlocal}
)
_LISTS_OF_NODES = frozenset({"args", "body", "keywords", "orelse", "targets", "values"})


_YIELD = re.compile(r"\byield\b")


def yields(node: ast.AST) -> bool:
    if isinstance(node, FunctionNode) and not may_hold(node.body, _YIELD):
        return False
    return any(isinstance(inner, ast.Yield | ast.YieldFrom) for inner in own_nodes(node))
