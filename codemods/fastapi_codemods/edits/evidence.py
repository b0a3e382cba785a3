"""What a handler does with a value that only one type of JSON can stand."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..project.annotation import STR, Annotation, builtin
from ..project.keyed_reads import FunctionNode, Read, certain_nodes, parents_of, raises
from ..project.reader import statements_within
from ..source.nodes import walk

_OF_TEXT = frozenset(
    {
        "capitalize", "casefold", "encode", "endswith", "isalnum", "isalpha", "isdecimal", "isdigit", "isidentifier",
        "islower", "isnumeric", "isspace", "isupper", "join", "ljust", "lower", "lstrip", "partition", "removeprefix",
        "removesuffix", "replace", "rjust", "rpartition", "rsplit", "rstrip", "split", "splitlines", "startswith",
        "strip", "swapcase", "title", "translate", "upper", "zfill",
    }
)  # fmt: skip
_OF_OBJECTS = frozenset({"get", "items", "keys", "values"})
_TYPES = {"str": STR, "dict": builtin("dict"), "list": builtin("list")}


def proven_type(function: FunctionNode, reads: Sequence[Read]) -> Annotation | None:
    """The type without which every call of the function would fail: it calls a method that only text or only an object
    has, or raises where `isinstance` says no. Numbers are not proven, as Pydantic takes `"1"` for one."""
    certain = certain_nodes(function)
    parents = parents_of(function)
    nodes = {id(read.node) for read in reads}
    names = _names_of(function, reads)

    def is_the_value(node: ast.AST) -> bool:
        return id(node) in nodes or (isinstance(node, ast.Name) and node.id in names)

    found: set[str] = set()
    for node in walk(function):
        match node:
            case ast.Attribute(value=value, attr=attribute) if is_the_value(value) and id(node) in certain:
                call = parents.get(node)
                if isinstance(call, ast.Call) and call.func is node:
                    found |= {"str"} if attribute in _OF_TEXT else {"dict"} if attribute in _OF_OBJECTS else set()
            case ast.If(
                test=ast.UnaryOp(
                    op=ast.Not(), operand=ast.Call(func=ast.Name(id="isinstance"), args=[value, ast.Name(id=kind)])
                ),
                body=body,
            ) if is_the_value(value) and id(node.test) in certain and raises(body):
                found |= {kind} & _TYPES.keys()
            case _:
                pass
    return _TYPES[found.pop()] if len(found) == 1 else None


def _names_of(function: FunctionNode, reads: Sequence[Read]) -> set[str]:
    """Names that are given the value and nothing else, in every call."""
    stores: dict[str, int] = {}
    for node in walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            stores[node.id] = stores.get(node.id, 0) + 1
    found = set()
    for statement in statements_within(function.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if stores[name] == 1 and any(value is read.node and read.is_certain for read in reads):
                    found.add(name)
            case _:
                pass
    return found
