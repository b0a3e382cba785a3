"""The tests of converted projects, run for real: as they were, and turned into overrides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options

FIXTURES = Path(__file__).parent / "fixtures"
CASES = (
    "global-to-dependency/three_modules_wide_with_tests_that_patch_two_routers",
    "global-to-dependency/tests_that_are_updated",
    "patch-to-dependency-override/example",
)


def own_tests(root: Path) -> str:
    """What the project's own tests say at the end."""
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-c", os.devnull]
    done = subprocess.run(
        [*command, "--rootdir", str(root), str(root)],
        check=False,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    return done.stdout if done.returncode else done.stdout.strip().splitlines()[-1].partition(" in ")[0]


@pytest.mark.parametrize("update", [False, True], ids=["as they are", "updated"])
@pytest.mark.parametrize("case", CASES)
def test_the_projects_own_tests_stay_green(case: str, update: bool, tmp_path: Path) -> None:
    root = tmp_path / "project"
    shutil.copytree(FIXTURES / case / "before", root)
    before = own_tests(root)
    select = ("global-to-dependency", "patch-to-dependency-override") if update else ("global-to-dependency",)
    plan = pipeline.plan(root, [root], Options(select=select, jobs=1, cache=False))
    for change in plan.changes:
        assert change.after is not None
        (root / change.path).write_bytes(change.after)

    assert before.endswith("passed")
    assert own_tests(root) == before
    tests = [change.path for change in plan.changes if Path(change.path).name.startswith("test_")]
    assert bool(tests) == update
