"""Which names statements need from before, and which certainly have a value behind them."""

import ast

import pytest

from fastapi_codemods.conventions.concurrency.wrap_blocking_call.flow import flow_of, stored_in


@pytest.mark.parametrize(
    ("code", "needed", "settled"),
    [
        ("x = 1\ny = x", "", "x y"),
        ("y = x\nx = 1", "x", "x y"),
        ("x += 1", "x", "x"),
        ("rows[key] = 1", "rows key", ""),
        ("a, *b = c", "c", "a b"),
        ("x: int", "", ""),
        ("x: int = y", "y", "x"),
        ("if a:\n    x = 1\nelse:\n    x = 2", "a", "x"),
        ("if a:\n    x = 1\ny = x", "a x", "y"),
        ("if a:\n    raise E\nelse:\n    x = 2\ny = x", "a E", "x y"),
        ("for i in n:\n    x = i\nz = x", "n x", "z"),
        ("for i in n:\n    total += i", "n total", ""),
        ("while a:\n    x = 1\nx", "a x", ""),
        ("with f() as x:\n    y = x\ny", "f", "x y"),
        ("with suppress(E):\n    y = 1\ny", "suppress E y", ""),
        ("async with f() as x:\n    y = x", "f", "x y"),
        ("try:\n    x = f()\nexcept E:\n    x = 1\nx", "f E", "x"),
        ("try:\n    x = f()\nexcept E:\n    pass\nx", "f E x", ""),
        ("try:\n    x = f()\nexcept E as e:\n    raise G from e\nx", "f E G", "x"),
        ("try:\n    x = f()\nfinally:\n    y = 1", "f", "x y"),
        ("match a:\n    case [x, *y]:\n        z = x\nz", "a z", ""),
        ("def f():\n    x = 1\n    return x + y", "y", "f"),
        ("import a.b, c as d", "", "a d"),
        ("x = [y for y in z]", "y z", "x"),
    ],
)
def test_what_statements_need_and_settle(code, needed, settled):
    flow = flow_of(ast.parse(code).body)

    assert (flow.needed, flow.settled) == (frozenset(needed.split()), frozenset(settled.split()))


def test_nothing_is_settled_behind_a_return():
    assert flow_of(ast.parse("return x").body).settled is None


@pytest.mark.parametrize(
    ("code", "stored"),
    [
        ("x = [y for y in z]", "x"),
        ("f(z := 1)", "z"),
        ("def f():\n    x = 1", "f"),
        ("try:\n    pass\nexcept E as e:\n    pass", "e"),
        ("from a import b as c", "c"),
        ("match a:\n    case {'k': x, **rest}:\n        pass", "x rest"),
        ("lambda: (x := 1)", ""),
        ("rows[0] = self.a = 1", ""),
    ],
)
def test_the_names_that_statements_bind(code, stored):
    assert stored_in(ast.parse(code).body) == set(stored.split())
