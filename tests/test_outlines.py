"""A class or function whose bodies are parsed on demand is the one that `ast` parses."""

import ast
from pathlib import Path

import pytest

import fastapi_codemods
from fastapi_codemods.project import outlines
from fastapi_codemods.project.outlines import Body, outline
from fastapi_codemods.source import UnreadableSourceError, split

CLASS = '''\
@decorated(
    1,
)
class A(Base):
    """Text: def f(): pass

    def not_me(self):
        pass
"""

    x: int = 1

    @property
    def one(self) -> dict[str, int]:
        # a comment
        return {
    "a": 1,
        }

  # a comment that stands to the left

    def two(self, *, a=lambda: 1, b: "x:y" = 2): return a

    async def three(self):
        async with self.x as y, self.z:
            await y
        def inner():
            yield 1
        return """
def g():
    """ + \\
    "x"

    if x:
        def four(self):
            return 1
    else:
        four = None

    def five(
        self,
    ):

        yield 1
'''


@pytest.fixture(autouse=True)
def always(monkeypatch):
    monkeypatch.setattr(outlines, "WORTH_IT", 0)


def lines(tree):
    return [
        (type(node).__name__, node.lineno, node.col_offset)
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt | ast.expr | ast.arg | ast.keyword)
    ]


def assert_same(text):
    expected, found = ast.parse(text), outline(text)
    assert ast.dump(expected) == ast.dump(found)
    assert lines(expected) == lines(found)
    for one, other in zip(ast.walk(expected), ast.walk(found), strict=True):
        if isinstance(one, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            assert isinstance(other, ast.stmt)
            assert (one.end_lineno or 0) <= (other.end_lineno or 0)
    return found


def test_it_is_the_same_tree():
    tree = assert_same(CLASS)
    cls = tree.body[0]
    assert isinstance(cls, ast.ClassDef)
    bodies = [node.body for node in cls.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert sum(isinstance(body, Body) for body in bodies) == 3  # `two` and `four` are short or conditional


def test_of_a_function_only_the_header_is_parsed_at_first():
    tree = outline("async def f(a: int = 1) -> str:\n    x = await a\n    return x\n")
    function = tree.body[0]
    assert isinstance(function, ast.AsyncFunctionDef)
    assert isinstance(function.body, Body)
    assert function.end_lineno == 3
    assert [ast.unparse(statement) for statement in function.body] == ["x = await a", "return x"]
    assert [statement.lineno for statement in reversed(function.body)] == [3, 2]
    assert (len(function.body), function.body[0].lineno, len(function.body[:1])) == (2, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        "if x:\n    def f():\n        pass\n",
        "def f(): return 1\n",
        "def f():\n\treturn 1\n",
        "def f():\n    pass\r\n",
        "class A: pass\n",
        "class A:\n    def f(self):\n        pass",
        "class A:\r\n    def f(self):\r\n        return 1\r\n\r\n    x = 1\r\n",
        "class A:\n    def f(self):\n        return (\n1\n)\n    def g(self):\n        return 1\n",
        "def f():\n    return '''\ndef g():\n    '''\n",
        "class A:\n    def f(self) -> None: ...\n    def g(self): # a\n\n        # b\n        return 1\n",
    ],
)
def test_odd_ones_are_the_same_too(text):
    assert_same(text)


def test_what_cannot_be_parsed_is_said_or_empty():
    with pytest.raises(UnreadableSourceError, match="line 11 "):
        outline("class A(:\n    def f(self):\n        return 1\n", 11)
    cls = outline("class A:\n    def f(self):\n        return return\n").body[0]
    assert isinstance(cls, ast.ClassDef)
    function = cls.body[0]
    assert isinstance(function, ast.FunctionDef)
    assert list(function.body) == []


def test_every_definition_of_this_package_is_the_same():
    count = 0
    for path in sorted(Path(fastapi_codemods.__file__).parent.rglob("*.py")):
        text = path.read_text("utf-8")
        for statement in split(text)[0]:
            if statement.word in ("def", "class", "@", "async def"):
                assert_same(text[statement.start : statement.end])
                count += 1
    assert count > 500
