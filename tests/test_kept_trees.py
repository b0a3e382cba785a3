"""Trees that codemods share: one for each statement of each module, and not more than there is room for."""

from __future__ import annotations

import ast
from pathlib import Path

from fastapi_codemods.project import Project
from fastapi_codemods.project.kept_trees import KeptTrees
from fastapi_codemods.project.outlines import WORTH_IT

LONG = "def f():\n" + "    x = 1\n" * (WORTH_IT // 10 + 1)


def test_the_oldest_are_let_go_of() -> None:
    kept, made = KeptTrees(10), list[str]()

    def get(name: str) -> ast.Module:
        def make() -> ast.Module:
            made.append(name)
            return ast.parse(name)

        return kept.get((1, ord(name), "whole"), 4, make)

    first = get("a")
    assert get("b") is get("b")
    assert get("a") is first
    get("c")
    assert made == ["a", "b", "c"]
    assert get("c") is get("c")
    assert get("a") is not first


def test_nothing_is_kept_without_room() -> None:
    kept = KeptTrees(0)
    assert kept.get((1, 0, "whole"), 1, lambda: ast.parse("a")) is not kept.get(
        (1, 0, "whole"), 1, lambda: ast.parse("a")
    )


def test_modules_with_the_same_text_have_trees_of_their_own(tmp_path: Path) -> None:
    text = "from fastapi import FastAPI\napp = FastAPI()\n" + LONG
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text(text)
    one, other = Project.open(tmp_path, jobs=1).modules()
    for look in ("parsed", "outlined"):
        assert getattr(one, look)(2) is getattr(one, look)(2)
        assert getattr(one, look)(2) is not getattr(other, look)(2)
    assert ast.dump(one.parsed(2)) == ast.dump(one.outlined(2))
