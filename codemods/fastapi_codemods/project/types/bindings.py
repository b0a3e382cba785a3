"""How names get their values: what statements bind, and what they store in attributes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ...source.nodes import walk
from ..outlines import Body, may_hold
from ..reader import statements_within, targets_of
from .nodes import FunctionNode, is_overload, own_nodes


class Bound(NamedTuple):
    """One way in which a name of a function gets its value."""

    kind: str
    """`parameter`, `value`, `annotation`, `with`, `async with`, `each`, `import`, `def`, `class` or `unknown`."""
    node: ast.AST | None = None
    target: str = ""
    """Of an import."""


def may_store(body: list[ast.stmt], name: str) -> bool:
    """Whether a function's body may assign to an attribute of that name; yes, where its text is not at hand."""
    if not isinstance(body, Body):
        return True
    text = body.text
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        if _STORED.match(text, end):
            before = start - 1
            while before > 0 and text[before] in " \t":
                before -= 1
            if before >= 0 and text[before] == ".":
                return True
        start = text.find(name, end)
    return False


_STORED = re.compile(r"\b[ \t]*(?:[-+*/%&|^@<>]*=|[:,)\]]|in\b|\\?\r?\n)")
"""What follows an attribute that is assigned to, and others."""


def locals_of(node: ast.AST) -> dict[str, list[Bound]]:
    """The names that a function binds, with every way in which it does."""
    found: dict[str, list[Bound]] = {}
    arguments = getattr(node, "args", None)
    if isinstance(arguments, ast.arguments):
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            found[argument.arg] = [Bound("parameter", argument)]
        for variadic in (arguments.vararg, arguments.kwarg):
            if variadic is not None:
                found[variadic.arg] = [Bound("unknown")]
    if isinstance(node, ast.ClassDef):
        for statement in statements_within(node.body):
            for name, bound in bound_by(statement):
                found.setdefault(name, []).append(bound)
        return found
    outer: list[str] = []
    for inner in statements_within(node.body) if isinstance(node, FunctionNode) else ():
        match inner:
            case ast.Nonlocal():
                outer += inner.names
                continue
            case ast.Global():
                found.update((name, [Bound("global")]) for name in inner.names)
                continue
            case ast.If() | ast.While() | ast.Expr() | ast.Return():
                continue
            case ast.FunctionDef() | ast.AsyncFunctionDef() if may_hold(inner.body, _NONLOCAL):
                for part in walk(inner):
                    for name in part.names if isinstance(part, ast.Nonlocal) else ():
                        found.setdefault(name, []).append(Bound("unknown"))
            case ast.Match():
                for case in inner.cases:
                    for part in walk(case.pattern):
                        captured: str | None = getattr(part, "name", None) or getattr(part, "rest", None)
                        if captured:
                            found.setdefault(captured, []).append(Bound("unknown"))
                continue
            case _:
                pass
        for name, bound in bound_by(inner):
            if not (found.get(name) and found[name][0].kind == "global"):
                found.setdefault(name, []).append(bound)
    if isinstance(node, FunctionNode) and may_hold(node.body, _WALRUS):
        for part in own_nodes(node):
            if isinstance(part, ast.NamedExpr):
                found.setdefault(part.target.id, []).append(Bound("value", part.value))
    for name in outer:
        found.pop(name, None)
    return found


_NONLOCAL = re.compile(r"\bnonlocal\b")
_WALRUS = re.compile(":=")


def bound_by(node: ast.stmt) -> Iterator[tuple[str, Bound]]:
    """The names that a statement itself binds, not those in its blocks."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            if not is_overload(node):
                yield node.name, Bound("def", node)
        case ast.ClassDef():
            yield node.name, Bound("class", node)
        case ast.Import() | ast.ImportFrom():
            for local, imported in targets_of(node):
                yield local, Bound("import", target=imported)
        case _:
            for target, bound in stored_by(node):
                if isinstance(target, ast.Name):
                    yield target.id, bound


def stored_by(node: ast.stmt) -> Iterator[tuple[ast.expr, Bound]]:
    """The targets, names and attributes, that a statement itself assigns to."""
    unknown = Bound("unknown")
    match node:
        case ast.Assign():
            for target in node.targets:
                yield from _paired(target, node.value)
        case ast.AnnAssign():
            yield node.target, Bound("annotation", node.annotation)
        case ast.AugAssign():
            yield node.target, unknown
        case ast.For() | ast.AsyncFor():
            if isinstance(node.target, ast.Name) and isinstance(node, ast.For):
                yield node.target, Bound("each", node.iter)
            else:
                yield from ((inner, unknown) for inner in _targets_in(node.target))
        case ast.With() | ast.AsyncWith():
            kind = "with" if isinstance(node, ast.With) else "async with"
            for item in node.items:
                if isinstance(item.optional_vars, ast.Name | ast.Attribute):
                    yield item.optional_vars, Bound(kind, item.context_expr)
                elif item.optional_vars is not None:
                    yield from ((inner, unknown) for inner in _targets_in(item.optional_vars))
        case ast.Try():
            for handler in node.handlers:
                if handler.name:
                    yield ast.Name(handler.name), unknown
        case ast.Delete():
            pass  # what is gone cannot be called
        case _:
            return


def _paired(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, Bound]]:
    """The targets of an assignment with what each gets: `a, b = f(), g()` is as good as two."""
    match target, value:
        case ((ast.Name() | ast.Attribute()), _):
            yield target, Bound("value", value)
        case ((ast.Tuple(elts=targets) | ast.List(elts=targets)), (ast.Tuple(elts=values) | ast.List(elts=values))) if (
            len(targets) == len(values) and not any(isinstance(part, ast.Starred) for part in (*targets, *values))
        ):
            for part, own in zip(targets, values, strict=True):
                yield from _paired(part, own)
        case _:
            yield from ((inner, Bound("unknown")) for inner in _targets_in(target))


def _targets_in(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            yield from _targets_in(element)
    elif isinstance(target, ast.Starred):
        yield from _targets_in(target.value)
    else:
        yield target


def names_in(target: ast.expr) -> Iterator[str]:
    return (inner.id for inner in _targets_in(target) if isinstance(inner, ast.Name))
