"""Syntax trees that several codemods look at, kept for a while: a quarter of all parsing was of what was known."""

from __future__ import annotations

import ast
from collections.abc import Callable

LIMIT = 3_000_000
"""Characters of statements; a character takes some forty bytes as a tree, but most bodies are never parsed."""

Key = tuple[int, int, str]
"""The number of a module, the index of a statement, and what was made of it.

Two modules with the same text have trees of their own: what is remembered about a node holds for its module.
"""


class KeptTrees:
    """The trees of one project. Where they are too many, those that were made first are let go of."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._trees: dict[Key, tuple[ast.Module, int]] = {}

    def get(self, key: Key, size: int, make: Callable[[], ast.Module]) -> ast.Module:
        """What `make` made of these many characters, now or before. What it raises is raised each time."""
        if (found := self._trees.get(key)) is not None:
            return found[0]
        tree = make()
        self._trees[key] = tree, size
        self._size += size
        while self._size > self._limit:
            oldest = next(iter(self._trees))
            self._size -= self._trees.pop(oldest)[1]
        return tree
