"""What an expression may be worth, and where it stands."""

from __future__ import annotations

import ast
from typing import NamedTuple

from ..index import Module, Symbol


class Value(NamedTuple):
    symbol: Symbol
    is_object: bool
    """An object of the class `symbol`, not what `symbol` itself names."""


class Frame(NamedTuple):
    """Where an expression stands: in a module, within definitions (and lambdas), outermost first."""

    module: Module
    nodes: tuple[ast.AST, ...]

    @property
    def name(self) -> str:
        return ".".join(getattr(node, "name", "<lambda>") for node in self.nodes)


PLAIN = Value(Symbol(None, "builtins"), True)
"""An object of a class that Python builds in, or None: nothing of it blocks."""
