"""`ast.iter_child_nodes` and `ast.walk` in half the time: what only says how a node is used is left out.

A third of the nodes of a tree are contexts (`Load`) and operators (`Add`), which nobody asks for by themselves.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_NO_NODES = frozenset(
    {
        "arg", "asname", "attr", "conversion", "ctx", "id", "is_async", "kind", "kwd_attrs", "level", "lineno",
        "module", "op", "ops", "rest", "simple", "str", "tag", "type_comment",
    }
)  # fmt: skip
"""Fields that hold names, numbers, contexts or operators, of whatever node."""

_LISTS_WITH_HOLES = frozenset({"keys", "kw_defaults"})


class _Fields(dict[type[ast.AST], tuple[str, ...]]):
    """By the class of a node, the fields in which others stand."""

    def __missing__(self, kind: type[ast.AST]) -> tuple[str, ...]:
        fields = tuple(field for field in kind._fields if field not in _NO_NODES)
        if issubclass(kind, ast.Constant | ast.MatchSingleton | ast.Global | ast.Nonlocal):
            fields = ()
        elif kind.__name__ != "TypeAlias":  # of which the name is a node
            fields = tuple(field for field in fields if field != "name")
        self[kind] = fields
        return fields


_FIELDS = _Fields()


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes right within another one, in the order of `ast.iter_child_nodes`."""
    found: list[ast.AST] = []
    for field in _FIELDS[type(node)]:
        value = getattr(node, field, None)
        if isinstance(value, list):
            found += value if field not in _LISTS_WITH_HOLES else [item for item in value if item is not None]
        elif value is not None:
            found.append(value)
    return found


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """The node and all within it, in the order of `ast.walk`."""
    level = [node]
    while level:
        below: list[ast.AST] = []
        for current in level:
            below += children(current)
            yield current
        level = below
