"""The two ways of writing a header give the same text wherever both apply."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options
from fastapi_codemods.conventions.dependencies import depends_to_annotated
from fastapi_codemods.conventions.dependencies.depends_to_annotated.plain import plain_header
from fastapi_codemods.conventions.dependencies.depends_to_annotated.rewrite import rewritten_header

FIXTURES = Path(__file__).parent / "fixtures" / "depends-to-annotated"
EXAMPLES = Path(__file__).parents[1] / "examples"
TREES = [*sorted(path for path in FIXTURES.iterdir() if path.is_dir()), EXAMPLES]


@pytest.mark.parametrize("tree", TREES, ids=lambda path: path.name)
def test_a_plain_header_is_what_the_tree_would_give(tree, monkeypatch, tmp_path):
    compared = []

    def both(*arguments):
        plain = plain_header(*arguments)
        if plain is not None:
            compared.append((plain, rewritten_header(*arguments)))
        return plain

    monkeypatch.setattr(depends_to_annotated, "plain_header", both)
    for number, path in enumerate(sorted(tree.rglob("*.py"))):
        if "after" not in path.relative_to(tree).as_posix():
            (tmp_path / f"m{number}.py").write_bytes(path.read_bytes())
    pipeline.plan(tmp_path, [], Options(select=("depends-to-annotated",), jobs=1))

    for plain, by_tree in compared:
        assert plain == by_tree


def test_both_ways_were_taken(monkeypatch, tmp_path):
    """Else the comparison above would hold of nothing."""
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI, Query\n"
        "app = FastAPI()\n@app.get('/')\ndef f(q: str = Query('x', max_length=5)): ...\n"
    )
    taken = []
    monkeypatch.setattr(depends_to_annotated, "plain_header", lambda *a: taken.append(plain_header(*a)))
    planned = pipeline.plan(tmp_path, [], Options(select=("depends-to-annotated",), jobs=1))

    expected = "def f(q: Annotated[str, Query(max_length=5)] = 'x'):"
    assert taken == [expected]
    assert expected in (planned.changes[0].after or b"").decode()
