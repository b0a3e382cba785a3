"""What a handler does with its body: which fields it takes from it, and where else the body goes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ....project import Module, Project, Symbol
from ....project.bodies import parameter_of
from ....project.model import Function
from ....project.models import Model
from ....project.operations import definition_of
from ....project.reader import dotted
from ....project.references import uses
from ....source.nodes import children, walk

DEEPEST = 4
"""Calls that a body is followed through."""

_DUMPS = frozenset({"model_dump", "dict"})
_DUMPS_TEXT = frozenset({"model_dump_json", "json"})
_COPIES = frozenset({"model_copy", "copy"})

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class ReasonError(Exception):
    """Why a model is left alone, in words for the user."""


class Taker(NamedTuple):
    """A function with a parameter that is given a body."""

    module: Module
    function: Function
    parameter: str


class Evidence:
    """Follows bodies of one model; `ReasonError` where one goes where it cannot be followed."""

    def __init__(self, project: Project, used: Model) -> None:
        self.project = project
        self.used = used
        self.read: dict[str, str] = {}
        """Fields that are taken from a body, with the place that does."""
        self.takers: dict[tuple[str, int, str], tuple[Taker, set[str]]] = {}
        """Functions that get a body from a handler, and for which roles (`create`, `update`)."""
        self.calls: set[str] = set()
        """Calls by which they get it, as `path:line`."""

    def follow(self, taker: Taker, role: str, depth: int = 0) -> None:
        """Take in what a function does with its parameter."""
        module, function, name = taker
        definition = definition_of(module, function)
        if definition is None:
            raise ReasonError(f"Python cannot parse `{function.name}`")
        parents = dict(_with_parents(definition.node))
        rebound = [n for n in walk(definition.node) if isinstance(n, ast.arg) and n.arg == name]
        if len(rebound) > 1:
            raise ReasonError(f"`{name}` of `{function.name}` is a name of a function in it, too")
        for node in walk(definition.node):
            if not (isinstance(node, ast.Name) and node.id == name):
                continue
            line = definition.positions.line(node.lineno)
            place = f"{module.path}:{line}"
            if not isinstance(node.ctx, ast.Load):
                raise ReasonError(f"`{name}` is given another value in {place}")
            self._use(taker, role, depth, node, parents, place)

    def _use(
        self, taker: Taker, role: str, depth: int, node: ast.Name, parents: Mapping[ast.AST, ast.AST], place: str
    ) -> None:
        name = taker.parameter
        above = parents[node]
        match above:
            case ast.Attribute(attr=attr, ctx=ctx):
                if not isinstance(ctx, ast.Load):
                    raise ReasonError(
                        f"one instance goes both ways: `{name}.{attr}` is set in {place}, on what was sent"
                    )
                self._attribute(name, above, parents, place)
            case ast.Compare(ops=[ast.Is() | ast.IsNot()]) | ast.BoolOp() | ast.UnaryOp(op=ast.Not()):
                if isinstance(above, ast.BoolOp) and not _is_test(above, parents):
                    raise ReasonError(f"`{name}` is handed on as a whole in {place}")
            case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if test is node:
                pass
            case ast.Return():
                raise ReasonError(f"one instance goes both ways: what was sent is returned in {place}")
            case ast.Call() | ast.keyword():
                call = above if isinstance(above, ast.Call) else parents[above]
                assert isinstance(call, ast.Call)
                self._handed_on(taker, role, depth, node, call, place)
            case _:
                raise ReasonError(f"one instance may go both ways: `{name}` is handed on as a whole in {place}")

    def _attribute(self, name: str, node: ast.Attribute, parents: Mapping[ast.AST, ast.AST], place: str) -> None:
        attr = node.attr
        fields = [field.name for field in self.used.fields]
        above = parents[node]
        if attr in fields:
            self.read.setdefault(attr, place)
        elif attr in _DUMPS and isinstance(above, ast.Call):
            for field in _dumped(above, fields, parents):
                self.read.setdefault(field, f"{place}, where all of `{name}` is")
        elif attr in _DUMPS_TEXT | {"model_fields_set", "__fields_set__"}:
            for field in fields:
                self.read.setdefault(field, f"{place}, where all of `{name}` is")
        elif attr in _COPIES:
            raise ReasonError(f"one instance goes both ways: what was sent is copied in {place}")
        elif attr.startswith(("_", "model_")):
            raise ReasonError(f"`{name}.{attr}` is used in {place}")
        # Else a method or property of the model: it goes to the base, where it may not speak of what leaves.

    def _handed_on(self, taker: Taker, role: str, depth: int, node: ast.Name, call: ast.Call, place: str) -> None:
        line_of_call = int(place.rpartition(":")[2]) - node.lineno + call.func.lineno
        callee = dotted(call.func)
        symbol = self.project.resolve(taker.module, callee, taker.function.scopes) if callee else None
        found = self.project.function(symbol) if symbol is not None and symbol.path is not None else None
        if found is None or depth >= DEEPEST:
            raise ReasonError(
                f"one instance may go both ways: `{taker.parameter}` is handed to `{callee or 'something'}` in {place}"
            )
        module, function = found
        parameter = parameter_of(call, node, function)
        if function.decorators or parameter is None:
            raise ReasonError(f"one instance may go both ways: `{taker.parameter}` is handed to `{callee}` in {place}")
        key = (module.path, function.span.start, parameter)
        self.calls.add(f"{taker.module.path}:{line_of_call}")
        known = self.takers.get(key)
        if known is None:
            inner = Taker(module, function, parameter)
            self.takers[key] = (inner, {role})
            self.follow(inner, role, depth + 1)
        elif role not in known[1]:
            known[1].add(role)
            self.follow(known[0], role, depth + 1)

    def check_takers(self) -> None:
        """Functions that get a body are given one by everybody who calls them."""
        symbols = {Symbol(taker.module.path, taker.function.name): taker for taker, _ in self.takers.values()}
        for symbol, found in (uses(self.project, symbols.keys()) if symbols else {}).items():
            for use in found:
                if use.kind != "call" or use.place not in self.calls:
                    raise ReasonError(f"`{symbol.name}`, which gets the body, is used in {use.place}, too")


def _with_parents(node: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    for above in walk(node):
        for child in children(above):
            yield child, above


def _is_test(node: ast.BoolOp, parents: Mapping[ast.AST, ast.AST]) -> bool:
    above: ast.AST = node
    while isinstance(parents[above], ast.BoolOp | ast.UnaryOp):
        above = parents[above]
    return isinstance(parents[above], ast.If | ast.While | ast.IfExp) and getattr(parents[above], "test", None) is above


def _dumped(call: ast.Call, fields: Sequence[str], parents: Mapping[ast.AST, ast.AST]) -> list[str]:
    """The fields of a body that a dump of it hands on, those left out that are replaced on the spot."""
    left = list(fields)
    for keyword in call.keywords:
        if keyword.arg in ("exclude", "include"):
            try:
                named = ast.literal_eval(keyword.value)
            except ValueError:
                return list(fields)
            if not isinstance(named, set | list | tuple):
                return list(fields)
            left = [field for field in left if (field in named) == (keyword.arg == "include")]
        elif keyword.arg is None:
            return list(fields)
    replaced: set[str] = set()
    match parents[call]:
        case ast.Dict(keys=keys, values=values):
            # `{**item.model_dump(), "id": new_id}`
            behind = keys[values.index(call) + 1 :]
            replaced = {key.value for key in behind if isinstance(key, ast.Constant) and isinstance(key.value, str)}
        case ast.Call(func=ast.Name(id="dict"), args=[first], keywords=keywords) if first is call:
            replaced = {keyword.arg for keyword in keywords if keyword.arg is not None}
    return [field for field in left if field not in replaced]
