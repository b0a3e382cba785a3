"""What a function reads by constant keys from something that is like a dictionary, and what else it does with it.

data["title"]            an item: without it, `KeyError`
data.get("n", 0)         an item with a default
anything else            the whole leaves the hands of whoever wants to know all that is read of it
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..source.nodes import children, walk
from .reader import dotted

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Read(NamedTuple):
    """One `source["key"]` or `source.get("key", default)`."""

    node: ast.Subscript | ast.Call
    key: str
    is_item: bool
    default: ast.expr | None
    """Of `get`; None for none, which is the default None."""
    is_certain: bool
    """Whether every call of the function gets there that does not raise before."""
    is_handled: bool
    """A `KeyError` raised there may be caught, and the function go on."""
    text_node: ast.expr | None
    """The f-string around it: `ast` does not know places in there before Python 3.12."""


class Escape(NamedTuple):
    node: ast.AST
    what: str
    """`passes it on`, for "line 5 passes it on"."""


class Reads(NamedTuple):
    reads: tuple[Read, ...]
    escapes: tuple[Escape, ...]


def keyed_reads(function: FunctionNode, is_source: Callable[[ast.expr], bool]) -> Reads:
    """All that a function does with an expression, in the order of the text, nested functions included."""
    parents = parents_of(function)
    certain = certain_nodes(function)
    handled = handled_nodes(function)
    reads: list[Read] = []
    escapes: list[Escape] = []
    for node in walk(function):
        if not isinstance(node, ast.expr) or not is_source(node) or not _is_loaded(node):
            continue
        found = _read(node, parents)
        if found is None:
            escapes.append(Escape(node, _what(node, parents)))
            continue
        expression, key, is_item, default = found
        around = next((a for a in _above(expression, parents) if isinstance(a, ast.JoinedStr)), None)
        reads.append(
            Read(expression, key, is_item, default, id(expression) in certain, id(expression) in handled, around)
        )
    reads.sort(key=lambda read: (read.node.lineno, read.node.col_offset))
    return Reads(tuple(reads), tuple(escapes))


def parents_of(node: ast.AST) -> dict[ast.AST, ast.AST]:
    return {child: parent for parent in walk(node) for child in children(parent)}


def _above(node: ast.AST, parents: dict[ast.AST, ast.AST]) -> Iterator[ast.AST]:
    while (above := parents.get(node)) is not None:
        yield above
        node = above


def _is_loaded(node: ast.expr) -> bool:
    return isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


def _read(
    node: ast.expr, parents: dict[ast.AST, ast.AST]
) -> tuple[ast.Subscript | ast.Call, str, bool, ast.expr | None] | None:
    above = parents.get(node)
    match above:
        case ast.Subscript(value=value, slice=ast.Constant(value=str() as key), ctx=ast.Load()) if value is node:
            return above, key, True, None
        case ast.Attribute(attr="get"):
            call = parents.get(above)
            match call:
                case ast.Call(func=function, args=[ast.Constant(value=str() as key), *rest], keywords=[]):
                    if function is above and len(rest) < 2 and not any(isinstance(r, ast.Starred) for r in rest):
                        return call, key, False, rest[0] if rest else None
                case _:
                    pass
        case _:
            pass
    return None


_CHANGING = frozenset(
    {"clear", "pop", "popitem", "setdefault", "update", "append", "extend", "insert", "remove", "sort"}
)


def _what(node: ast.expr, parents: dict[ast.AST, ast.AST]) -> str:
    above = parents.get(node)
    further = parents.get(above) if above is not None else None
    match above:
        case ast.Subscript(value=value, ctx=context) if value is node:
            if not isinstance(context, ast.Load):
                return "changes it"
            return "reads a key that is computed"
        case ast.Attribute(attr=attribute):
            if attribute in _CHANGING:
                return "changes it"
            if attribute == "get":
                return "reads a key that is computed"
            return f"uses its `{attribute}`"
        case ast.Compare():
            asks = any(isinstance(operator, ast.In | ast.NotIn) for operator in above.ops)
            return "asks what is in it" if asks else "compares it as a whole"
        case ast.Return():
            return "returns it"
        case ast.For(iter=walked) | ast.AsyncFor(iter=walked) | ast.comprehension(iter=walked) if walked is node:
            return "goes through all of it"
        case ast.Dict() | ast.Starred():
            return "unpacks it" if isinstance(above, ast.Starred) or _is_unpacked(above, node) else "stores it"
        case ast.keyword(arg=None):
            return "unpacks it"
        case ast.Call(func=function):
            return f"passes it to `{dotted(function) or 'a function'}`"
        case ast.keyword() if isinstance(further, ast.Call):
            return f"passes it to `{dotted(further.func) or 'a function'}`"
        case ast.Assign() | ast.AnnAssign() | ast.NamedExpr() | ast.List() | ast.Tuple() | ast.Set():
            return "stores it"
        case ast.UnaryOp() | ast.BoolOp() | ast.If() | ast.While() | ast.IfExp():
            return "asks whether it is empty"
        case ast.FormattedValue():
            return "writes it as text"
        case _:
            return "uses it as a whole"


def _is_unpacked(above: ast.Dict, node: ast.expr) -> bool:
    return any(key is None and value is node for key, value in zip(above.keys, above.values, strict=True))


# What is surely evaluated


def certain_nodes(function: FunctionNode) -> set[int]:
    """The ids of expressions that are evaluated in every call that does not raise before."""
    found: set[int] = set()
    _scan(function.body, found)
    return found


def _scan(body: Sequence[ast.stmt], found: set[int]) -> bool:
    """Note what is certain in a block; whether what stands behind it is reached by all who got into it alive."""
    for statement in body:
        match statement:
            case ast.If(test=test):
                _note(test, found)
            case ast.For(iter=walked) | ast.AsyncFor(iter=walked):
                _note(walked, found)
            case ast.While(test=test):
                _note(test, found)
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    _note(item.context_expr, found)
                if _suppresses(statement):
                    return False
                if not _scan(statement.body, found):
                    return False
                continue
            case ast.Try():
                if all(raises(handler.body) for handler in statement.handlers):
                    if not (_scan(statement.body, found) and _scan(statement.orelse, found)):
                        return False
                elif _leaves(statement.body) or any(_leaves(handler.body) for handler in statement.handlers):
                    return False
                if not _scan(statement.finalbody, found):
                    return False
                continue
            case ast.Match(subject=subject):
                _note(subject, found)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                continue
            case ast.Return(value=value):
                if value is not None:
                    _note(value, found)
                return False
            case _:
                for child in children(statement):
                    _note(child, found)
                continue
        if _leaves([statement]):
            return False
    return True


def _note(node: ast.AST, found: set[int]) -> None:
    found.add(id(node))
    match node:
        case ast.BoolOp(values=[first, *_]):
            _note(first, found)
        case ast.IfExp(test=test):
            _note(test, found)
        case ast.Lambda():
            pass
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            _note(node.generators[0].iter, found)
        case ast.Compare(left=left, comparators=[first, *_]):
            _note(left, found)
            _note(first, found)
        case _:
            for child in children(node):
                _note(child, found)


def _leaves(body: Sequence[ast.stmt]) -> bool:
    """Whether a block may return, or leave the loop that it stands in."""
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting.extend(children(node))
    return False


def raises(body: Sequence[ast.stmt]) -> bool:
    """Whether a block always ends by raising, as far as its last statement tells."""
    if _leaves(body) or not body:
        return False
    last = body[-1]
    if isinstance(last, ast.Raise):
        return True
    if isinstance(last, ast.If):
        return raises(last.body) and raises(last.orelse)
    return False


def _suppresses(node: ast.With | ast.AsyncWith) -> bool:
    return any("suppress" in ast.unparse(item.context_expr) for item in node.items)


def handled_nodes(function: FunctionNode) -> set[int]:
    """The ids of what stands in a `try` that catches an error and goes on."""
    found: set[int] = set()
    for node in walk(function):
        goes_on = (
            not all(raises(handler.body) for handler in node.handlers)
            if isinstance(node, ast.Try)
            else isinstance(node, ast.With | ast.AsyncWith) and _suppresses(node)
        )
        if goes_on and isinstance(node, ast.Try | ast.With | ast.AsyncWith):
            found.update(id(inner) for statement in node.body for inner in walk(statement))
    return found


def constant_text(node: ast.expr | None) -> str | None:
    """The source of a value that is the same whenever it is evaluated; None for any other, and for what can change."""
    match node:
        case None:
            return "None"
        case ast.Constant(value=value) if value is not ... and not isinstance(value, bytes | complex):
            return ast.unparse(node)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float())):
            return ast.unparse(node)
        case _:
            return None
