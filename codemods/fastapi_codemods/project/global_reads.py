"""Which module-level variables of the project a function reads in its body, and where, by Python's scopes.

@router.get("/items")
def list_items():
    return [state.client.get(key) for key in KEYS]      reads `client` of the module `state`, and `KEYS`
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..source.nodes import children, walk
from .index import Module, Project, Symbol
from .model import Scope, Span
from .names import bound_within, parameters_of
from .reader import Positions, dotted, targets_of

_Function = ast.FunctionDef | ast.AsyncFunctionDef


class GlobalRead(NamedTuple):
    symbol: Symbol
    """The variable where it is defined."""
    node: ast.expr
    """The name, or the attribute of a module that means it."""
    written: str
    above: ast.AST | None
    """What the expression is part of."""
    text_node: ast.JoinedStr | None
    """The f-string that it stands in: the places of nodes within one are not to be relied on."""
    looked_up: tuple[str, str]
    """Path and name of where it is looked up when it is read: what a test replaces."""
    is_local_import: bool
    """The function imports it itself."""


class GlobalReads(NamedTuple):
    reads: tuple[GlobalRead, ...]
    declared: frozenset[str]
    """Names that the function, or one in it, declares `global`."""
    own: frozenset[str]
    """Every name that the function or one in it binds or spells."""


def global_reads(project: Project, module: Module, node: _Function, scopes: Sequence[Scope] = ()) -> GlobalReads:
    """What the body of a function reads. `scopes` is what the function stands in."""
    return _Walk(project, module, node, scopes).result()


class _Walk:
    def __init__(self, project: Project, module: Module, node: _Function, scopes: Sequence[Scope]) -> None:
        self.project = project
        self.module = module
        self.node = node
        self.outer = {name for scope in scopes if scope.kind == "function" for name in scope.names}
        self.bound: list[set[str]] = []
        self.declared: set[str] = set()
        self.own: set[str] = set(parameters_of(node.args))
        self.imports: dict[str, str] = {}
        self.found: list[GlobalRead] = []

    def result(self) -> GlobalReads:
        for inner in walk(self.node):
            if isinstance(inner, ast.Import | ast.ImportFrom):
                self.imports.update(targets_of(inner))
        self._function(self.node, decorators=False)
        return GlobalReads(tuple(self.found), frozenset(self.declared), frozenset(self.own))

    def _function(self, node: _Function, *, decorators: bool = True) -> None:
        if decorators:
            for part in (*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)):
                self._visit(part, None, None)
        bound, not_local = bound_within(node.body)
        self.declared |= not_local
        self.own |= bound
        self.bound.append((bound | parameters_of(node.args)) - not_local)
        for statement in node.body:
            self._visit(statement, None, None)
        self.bound.pop()

    def _visit(self, node: ast.AST, above: ast.AST | None, text: ast.JoinedStr | None) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
                return
            case ast.Lambda(args=arguments, body=body):
                self.own |= parameters_of(arguments)
                for default in (*arguments.defaults, *filter(None, arguments.kw_defaults)):
                    self._visit(default, node, text)
                self.bound.append(parameters_of(arguments))
                self._visit(body, node, text)
                self.bound.pop()
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                targets = {
                    inner.id
                    for generator in node.generators
                    for inner in walk(generator.target)
                    if isinstance(inner, ast.Name)
                }
                self.own |= targets
                self._visit(node.generators[0].iter, node, text)
                self.bound.append(targets)
                for index, generator in enumerate(node.generators):
                    if index:
                        self._visit(generator.iter, node, text)
                    for condition in generator.ifs:
                        self._visit(condition, node, text)
                for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                    self._visit(part, node, text)
                self.bound.pop()
                return
            case ast.AnnAssign(target=target, value=value):
                # Annotations of local variables are never evaluated.
                self._visit(target, node, text)
                if value is not None:
                    self._visit(value, node, text)
                return
            case ast.Name():
                self.own.add(node.id)
                self._read(node, above, text)
                return
            case ast.Attribute() if dotted(node):
                if self._read(node, above, text):
                    return
            case ast.JoinedStr():
                text = text or node
            case _:
                pass
        for child in children(node):
            self._visit(child, node, text)

    def _is_local(self, name: str) -> bool:
        return any(name in bound for bound in self.bound) or name in self.outer

    def _read(self, node: ast.Name | ast.Attribute, above: ast.AST | None, text: ast.JoinedStr | None) -> bool:
        """Note a read; of `state.client.get` it is the attribute `state.client`, which is visited on the way."""
        written = dotted(node)
        head = written.partition(".")[0]
        is_local_import = False
        if self._is_local(head):
            if head not in self.imports:
                return False
            is_local_import = True
            target = self.imports[head]
            rest = written[len(head) :]
            symbol = self.project.follow_import(self.module.path, target + rest)
        else:
            symbol = self.project.resolve(self.module, written)
        if symbol is None or symbol.path is None or not symbol.name or "." in symbol.name:
            return False
        if isinstance(node, ast.Attribute):
            owner = self.project.resolve(self.module, written.rpartition(".")[0])
            if is_local_import:
                rest = written.rpartition(".")[0][len(head) :]
                owner = self.project.follow_import(self.module.path, self.imports[head] + rest)
            if owner is None or owner.name or owner.path is None:
                return False
            looked_up = (owner.path, node.attr)
        else:
            looked_up = (self.module.path, written)
        if isinstance(node.ctx, ast.Load):
            self.found.append(GlobalRead(symbol, node, written, above, text, looked_up, is_local_import))
        return True


def renamed_reads(
    module: Module, positions: Positions, reads: Sequence[GlobalRead], new: str
) -> list[tuple[Span, str]] | None:
    """Where reads are written, each with the text `new`; None where an f-string is not written plainly enough."""
    found = [(positions.span(read.node), new) for read in reads if read.text_node is None]
    texts: dict[int, list[GlobalRead]] = {}
    for read in reads:
        if read.text_node is not None:
            texts.setdefault(id(read.text_node), []).append(read)
    for some in texts.values():
        node = some[0].text_node
        assert node is not None
        span = positions.span(node)
        places = list(re.finditer(rf"(?<![\w.]){re.escape(some[0].written)}(?!\w)", module.code(span)))
        if len(places) != len(some) or len({read.written for read in some}) > 1:
            return None
        found += [(Span(span.start + place.start(), span.start + place.end()), new) for place in places]
    return found


def names_in(node: ast.AST) -> Iterator[str]:
    """Every identifier that is read, bound or named as a parameter somewhere in a tree."""
    for inner in walk(node):
        match inner:
            case ast.Name(id=name) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.alias(name=name, asname=local):
                yield local or name.partition(".")[0]
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names
            case _:
                pass
