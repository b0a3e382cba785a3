"""What an annotation says beyond the type."""

from __future__ import annotations

import ast

from ...source import UnreadableSourceError
from ...source.statements import parse
from ..reader import dotted
from .definitions import Names
from .libraries import MAPPED, WRAPPERS


class Annotation:
    """What an annotation says beyond the type."""

    def __init__(self) -> None:
        self.wrappers: set[str] = set()
        """`ClassVar`, `Final`, `InitVar`, `Mapped`, `Required`, `NotRequired` around it."""
        self.metadata: list[tuple[ast.expr, Names]] = []
        """Of `Annotated`, from the inside out."""
        self.allows_none = False
        """For Pydantic v1, where such a field needs no value."""
        self.stands_for_another = False
        """A type variable, that may allow None."""

    def read(self, node: ast.expr, names: Names, depth: int = 0) -> None:
        match node:
            case ast.Constant(value=str(text)):
                try:
                    statement = parse(f"({text}\n)").body[0]
                except UnreadableSourceError:
                    return
                if isinstance(statement, ast.Expr):
                    self.read(statement.value, names, depth)
            case ast.BinOp(op=ast.BitOr()):
                self.allows_none = self.allows_none or _allows_none(node, names)
            case ast.Subscript():
                self._read_subscript(node, names, depth)
            case ast.Name() | ast.Attribute():
                meaning = names.wrapper(node)
                if meaning in ("typing.ClassVar", "typing.Final"):
                    self.wrappers.add(meaning.rpartition(".")[2])
                elif meaning in ("typing.Any", "builtins.object"):
                    self.allows_none = True
                elif not meaning and depth < 5 and (found := names.value(node)) is not None:
                    self.read(*found, depth + 1)
            case ast.Call(args=[_], keywords=[]) if dotted(node.func).rpartition(".")[2] == "TypeVar":
                self.stands_for_another = True
            case _:
                pass

    def _read_subscript(self, node: ast.Subscript, names: Names, depth: int) -> None:
        meaning = names.wrapper(node.value)
        name = "Mapped" if meaning in MAPPED else meaning.rpartition(".")[2]
        arguments = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if meaning in WRAPPERS and arguments:
            self.wrappers.add(name)
            self.read(arguments[0], names, depth)
        elif meaning == "typing.Annotated" and arguments:
            self.read(arguments[0], names, depth)
            self.metadata.extend((argument, names) for argument in arguments[1:])
        elif meaning in ("typing.Optional", "typing.Union"):
            self.allows_none = self.allows_none or _allows_none(node, names)
        elif not meaning and depth < 5 and (found := names.value(node.value)) is not None:
            self.read(*found, depth + 1)  # `Maybe = Annotated[T | None, Field(default=None)]`


def _allows_none(node: ast.expr, names: Names) -> bool:
    match node:
        case ast.Constant(value=None):
            return True
        case ast.BinOp(op=ast.BitOr()):
            return _allows_none(node.left, names) or _allows_none(node.right, names)
        case ast.Subscript():
            meaning = names.wrapper(node.value)
            if meaning == "typing.Union":
                parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
                return any(_allows_none(part, names) for part in parts)
            return meaning == "typing.Optional"
        case ast.Name() | ast.Attribute():
            return names.wrapper(node) == "typing.Any"
        case _:
            return False
