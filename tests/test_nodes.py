"""The walks of `source.nodes` give what those of `ast` give, but for contexts and operators."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from fastapi_codemods.source.nodes import children, walk

LEFT_OUT = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)

UNUSUAL = """
async def f(a: int = 1, /, *args: str, b=None, c, **options) -> None:
    global g
    match a:
        case {"k": None, **rest} | Point(x=0, y=[1, *_]) as found if not found:
            del rest
    try:
        return {**options, "a": [x async for x in y if x < 1 < 2], "b": f"{a!r:>{c}}"}
    except* ValueError as error:
        raise g from error
"""
NEWER = "type Alias[K: int] = dict[K, str]\ndef generic[*T, **P](x: T) -> P: ...\n"


OWN = [p.read_text("utf-8") for p in sorted(Path(__file__).parent.glob("test_*s.py"))]


@pytest.mark.parametrize("text", [UNUSUAL, NEWER, *OWN], ids=lambda text: text[:20])
def test_nodes_are_those_of_ast_in_the_same_order(text: str) -> None:
    if text is NEWER and sys.version_info < (3, 12):
        pytest.skip("syntax of Python 3.12")
    tree = ast.parse(text)
    assert list(walk(tree)) == [node for node in ast.walk(tree) if not isinstance(node, LEFT_OUT)]
    for node in ast.walk(tree):
        assert children(node) == [c for c in ast.iter_child_nodes(node) if not isinstance(c, LEFT_OUT)]
