"""What is known at one point of a function that is followed."""

from __future__ import annotations

import ast
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ..index import Module, Symbol
from ..model import Scope
from ..reader import dotted
from . import known
from .model import (
    BYTES,
    INT,
    NONE,
    STR,
    Fixed,
    Instance,
    Items,
    Json,
    Lookup,
    Object,
    Plain,
    Rows,
    Shape,
    Unproven,
    alternatives,
    either,
)

if TYPE_CHECKING:
    from .flow import Shapes

Environment = dict[str, Shape]


class Poisoned(Exception):  # noqa: N818  (no error: the end of what can be followed)
    """Something is changed in a way that is not followed."""


class State(ABC):
    """What is known at one point of a function: names are looked up in `env`, then in the functions around, then in the
    module."""

    def __init__(self, shapes: Shapes, module: Module, scopes: tuple[Scope, ...], depth: int) -> None:
        self.shapes = shapes
        self.project = shapes.project
        self.module = module
        self.scopes = scopes
        """Of the functions around, and that itself."""
        self.depth = depth
        self.env: Environment = {}
        self.imported: dict[str, str] = {}
        """Targets of the imports in the function."""
        self.aliased: set[str] = set()
        """Names whose containers are part of something else by now: to change them would change that, too."""
        self.views: set[str] = set()
        """Names of containers that belong to others."""
        self.shared: set[str] = set()
        """Names of containers whose parts are parts of something else as well."""
        self.leaked: set[str] = set()
        """Names whose containers somebody outside knows."""
        self.touched: set[str] = set()
        self.made: dict[str, Symbol] = {}
        """Names of objects of a class that a database stores, which `refresh` loads."""
        self.just_aliased: set[str] = set()
        """Those of `aliased` that the statement at hand has made part of something which has no name yet."""
        self.held: frozenset[str] = frozenset()
        """Those of them from before the innermost call that is being looked at."""

    @abstractmethod
    def shape(self, node: ast.expr) -> Shape:
        """What an expression gives, which whoever asks makes part of something."""

    @abstractmethod
    def peek(self, node: ast.expr) -> Shape:
        """The shape of what is only looked at here, so that nothing else gets hold of it."""

    def meaning(self, node: ast.expr) -> Symbol | None:
        """What a dotted name means that no variable of the function stands for; builtins are `builtins.len`."""
        name = dotted(node)
        if not name:
            return None
        head, _, rest = name.partition(".")
        if head in self.imported:
            target = self.imported[head]
            symbol = self.project.follow_import(self.module.path, f"{target}.{rest}" if rest else target)
        elif head in self.env:
            return None
        elif any(head in scope.names for scope in self.scopes):
            symbol = self.project.resolve(self.module, name, self.scopes)
        elif not self.module.bindings(head):
            if (symbol := self.project.resolve(self.module, name)) is None:
                return Symbol(None, f"builtins.{name}")
        else:
            symbol = self.project.resolve(self.module, name)
        if symbol is not None and symbol.path is None:
            return Symbol(None, known.ALIASES.get(symbol.name, symbol.name))
        return symbol

    def _global(self, node: ast.expr) -> Shape:
        symbol = self.meaning(node)
        written = dotted(node)
        if symbol is None:
            return Unproven(f"nothing shows what `{written}` is")
        if symbol.path is None:
            return known.CONSTANTS.get(symbol.name, Unproven(f"nothing shows what `{written}` is"))
        return self.shapes.variable(symbol, written)

    def unproven(self, node: ast.AST) -> Unproven:
        text = ast.unparse(node)
        text = text if len(text) <= 60 else f"{text[:57]}..."
        return Unproven(f"nothing shows what `{text}` is")

    def element_of(self, shape: Shape, node: ast.AST) -> Shape:
        """What iterating over it gives."""
        found: list[Shape] = []
        for one in alternatives(shape):
            match one:
                case Items(element=element):
                    found.append(element)
                case Fixed(elements=elements):
                    found.extend(elements)
                case Lookup(key=key):
                    found.append(key)
                case Object():
                    found.append(STR)
                case Json():
                    found.append(one)
                case Plain() if one == STR:
                    found.append(STR)
                case Plain() if one == BYTES:
                    found.append(INT)
                case Rows(symbol=symbol, stage="objects") if symbol.path is not None:
                    found.append(Instance(symbol, is_loaded=True))
                case Unproven():
                    return Unproven(f"nothing shows what `{short(node)}` holds")
                case _:
                    if one == NONE:
                        continue  # raises
                    if isinstance(one, Plain) and self.shapes.enum_members(one.symbol) is not None:
                        return Unproven(f"nothing shows what `{short(node)}` holds")
                    return Unproven(f"nothing shows what `{short(node)}` holds")
        return either(found)


def short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 50 else f"{text[:47]}..."


def constant_key(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def merged_environments(one: Environment | None, other: Environment | None) -> Environment | None:
    """What is known where two ways meet; None is a way that does not get here."""
    if one is None or other is None:
        return one if other is None else other
    result = dict(one)
    for name, shape in other.items():
        result[name] = either((result[name], shape)) if name in result else shape
    return result
