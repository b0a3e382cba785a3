"""Which names of a function what it returns may depend on, and which its inner functions mention."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ...source.nodes import children, walk

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


def needed_names(parts: Iterable[ast.AST]) -> frozenset[str]:
    """Names that what a function returns or yields may depend on: its own, and those they are made from."""
    made_from: dict[str, set[str]] = {}
    needed: set[str] = set()

    def names(part: ast.AST) -> set[str]:
        return {inner.id for inner in walk(part) if isinstance(inner, ast.Name)}

    for part in parts:
        match part:
            case ast.Return(value=value) | ast.Yield(value=value) if value is not None:
                needed |= names(value)
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    for name in names(target):
                        made_from.setdefault(name, set()).update(names(value), names(target))
                    for root in _roots(value):
                        made_from.setdefault(root, set()).update(names(target))
            case ast.AnnAssign(target=target, value=value) if value is not None:
                for name in names(target):
                    made_from.setdefault(name, set()).update(names(value), names(target))
                for root in _roots(value):
                    made_from.setdefault(root, set()).update(names(target))
            case ast.AugAssign(target=target, value=value) | ast.NamedExpr(target=target, value=value):
                for name in names(target):
                    made_from.setdefault(name, set()).update(names(value), names(target))
                for root in _roots(value):
                    made_from.setdefault(root, set()).update(names(target))
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                for name in names(target):
                    made_from.setdefault(name, set()).update(names(value))
                for root in _roots(value):
                    made_from.setdefault(root, set()).update(names(target))
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                for name in names(target):
                    made_from.setdefault(name, set()).update(names(value))
            case ast.Call(func=ast.Attribute(value=receiver)):
                # `items.append(item)`
                for name in names(receiver):
                    made_from.setdefault(name, set()).update(names(part))
            case _:
                pass
    waiting = list(needed)
    while waiting:
        for name in made_from.get(waiting.pop(), ()):
            if name not in needed:
                needed.add(name)
                waiting.append(name)
    return frozenset(needed)


# What these give holds no part of what they are given.
_GIVE_NO_PARTS = frozenset(
    {
        "abs", "all", "any", "bool", "float", "format", "hasattr", "hash", "id", "int", "isinstance", "issubclass",
        "len", "print", "range", "repr", "round", "str", "sum", "type",
    }
)  # fmt: skip


def _roots(node: ast.AST) -> set[str]:
    """Names of which a value may be a part, or hold parts: whoever changes it changes them."""
    match node:
        case ast.Name(id=name):
            return {name}
        case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.Lambda():
            return set()
        case ast.Call(func=ast.Name(id=name)) if name in _GIVE_NO_PARTS:
            return set()
        case ast.Call(func=func, args=args, keywords=keywords):
            receiver = _roots(func.value) if isinstance(func, ast.Attribute) else set()
            given = (*args, *(keyword.value for keyword in keywords))
            return receiver.union(*(_roots(value) for value in given))
        case ast.IfExp(body=body, orelse=orelse):
            return _roots(body) | _roots(orelse)
        case ast.Subscript(value=value):
            return _roots(value)
    return {root for child in children(node) for root in _roots(child)}


def captured_names(parts: Iterable[ast.AST]) -> frozenset[str]:
    """Names that functions, lambdas and classes within a function mention."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, FunctionNode | ast.Lambda | ast.ClassDef):
            found |= {inner.id for inner in walk(part) if isinstance(inner, ast.Name)}
    return frozenset(found)
