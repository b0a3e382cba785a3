"""The findings of a check are kept, and believed only while everything they come from is as it was."""

import marshal
import os
import sys
import time

import pytest

from fastapi_codemods import cache, pipeline, results
from fastapi_codemods.config import Options
from fastapi_codemods.plan import Plan

MAIN = """\
import time

from fastapi import FastAPI, Query

app = FastAPI()


@app.get("/")
async def read(q: str = Query("a")):
    time.sleep(1)
"""


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "_waiting", [])
    # Files of tests are new, which is no reason for doubt here.
    monkeypatch.setattr(cache, "RACY", -(10**18))
    root = tmp_path / "project"
    (root / "app").mkdir(parents=True)
    (root / "app" / "main.py").write_text(MAIN)
    (root / "app" / "other.py").write_text("x = 1\n")
    (root / "pyproject.toml").write_text('[project]\nname = "a"\n')
    return root


@pytest.fixture
def runs(monkeypatch):
    """What was looked for anew."""
    done = []
    open_project = pipeline.open_project

    def noted(*arguments):
        done.append(arguments[0])
        return open_project(*arguments)

    monkeypatch.setattr(pipeline, "open_project", noted)
    return done


ONE_JOB = Options(jobs=1)


def checked(root, options=ONE_JOB, paths=()):
    found = pipeline.check(root, paths, options)
    cache.write_now()
    return found


def told(plan):
    return [finding._replace(subject=None) for finding in plan.findings], plan.skipped, plan.warnings


def kept_file(root):
    file = cache.place_of(os.path.abspath(root), "findings")
    assert file is not None
    return file


def test_an_unchanged_project_is_not_looked_at_again(root, runs):
    first = checked(root)
    second = checked(root)

    assert len(runs) == 1
    assert {finding.codemod for finding in second.findings} == {"time-sleep-to-asyncio-sleep", "depends-to-annotated"}
    assert told(first) == told(second)


CHANGES = {
    "text": lambda root: (root / "app" / "main.py").write_text(MAIN.replace("sleep(1)", "sleep(2)")),
    "new": lambda root: (root / "app" / "new.py").write_text("y = 1\n"),
    "gone": lambda root: (root / "app" / "other.py").unlink(),
    "renamed": lambda root: (root / "app" / "other.py").rename(root / "app" / "renamed.py"),
    "pyproject": lambda root: (root / "pyproject.toml").write_text(
        '[project]\nname = "a"\ndependencies = ["fastapi>=0.90"]\n'
    ),
    "requirements": lambda root: (root / "requirements.txt").write_text("fastapi==0.90\n"),
    "requirements_below": lambda root: (root / "app" / "requirements.txt").write_text("fastapi==0.90\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_whatever_it_comes_from_may_change(root, runs, change):
    checked(root)
    change(root)
    second = checked(root)

    assert len(runs) == 2
    assert told(second) == told(checked(root, Options(jobs=1, cache=False)))


def test_requirements_in_a_folder_of_their_own_count(root, runs):
    (root / "requirements").mkdir()
    checked(root)
    (root / "requirements" / "base.txt").write_text("fastapi==0.90\n")
    checked(root)

    assert len(runs) == 2


@pytest.mark.parametrize(
    "options",
    [
        Options(jobs=1, ignore=("blocking-in-async",)),
        Options(jobs=1, target_fastapi="0.90"),
        Options(jobs=1, exclude=("other.py",)),
    ],
    ids=["ignore", "target", "exclude"],
)
def test_other_options_have_other_findings(root, runs, options):
    checked(root)
    checked(root, options)

    assert len(runs) == 2


def test_the_number_of_processes_makes_no_difference(root, runs):
    checked(root)
    checked(root, Options(jobs=2))

    assert len(runs) == 1


def test_other_paths_have_other_findings(root, runs):
    (root / "lib").mkdir()
    (root / "lib" / "a.py").write_text("x = 1\n")
    assert checked(root).findings
    assert not checked(root, paths=[root / "lib"]).findings
    assert checked(root, paths=[root / "app" / "main.py"]).findings
    assert len(runs) == 3


def test_other_code_or_another_python_has_no_use_for_them(root, runs, monkeypatch):
    checked(root)
    monkeypatch.setattr(results, "_code", lambda _: iter([("a.py", 1, 1)]))
    checked(root)
    monkeypatch.setattr(sys, "version", "4")
    checked(root)

    assert len(runs) == 3


def test_a_file_that_has_just_been_written_is_not_believed(root, runs, monkeypatch):
    monkeypatch.setattr(cache, "RACY", 3600 * 10**9)
    checked(root)
    checked(root)

    assert len(runs) == 2


def _cut(data):
    return data[:-10]


def _flipped(data):
    return data[:100] + bytes([data[100] ^ 1]) + data[101:]


@pytest.mark.parametrize("damage", [_cut, _flipped, lambda _: b"", lambda data: data[:20]], ids=range(4))
def test_a_damaged_file_is_thrown_away(root, runs, damage):
    first = checked(root)
    with open(kept_file(root), "rb") as file:
        data = file.read()
    with open(kept_file(root), "wb") as file:
        file.write(damage(data))
    second = checked(root)

    assert len(runs) == 2
    assert told(first) == told(second)
    checked(root)
    assert len(runs) == 2


@pytest.mark.parametrize(
    "kept",
    [
        ([("a",)], [], []),
        ([], [("a", 1)], []),
        ([], [], [1]),
        (None, [], []),
        ([("a", "b", 99, "c", 1, 1, 1, "d", "e", None, 0)], [], []),
        ([], []),
        (),
    ],
    ids=range(7),
)
def test_what_is_no_findings_is_not_believed(root, runs, kept):
    checked(root)
    data = cache.read_checked(kept_file(root), results.MAGIC)
    assert data is not None
    head = marshal.loads(data)[:4]
    cache.write_checked(kept_file(root), results.MAGIC, marshal.dumps((*head, *kept)))
    assert checked(root).findings
    assert len(runs) == 2


def test_no_cache_means_none(root, runs):
    checked(root, Options(jobs=1, cache=False))
    assert not os.path.exists(kept_file(root))
    checked(root)
    checked(root, Options(jobs=1, cache=False))

    assert len(runs) == 3


def test_a_change_while_the_project_is_read_is_not_believed(root, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("XDG_CACHE_HOME", str(root.parent / "cache"))
    answers = results.Results(root, "asked", [], ["app/main.py"])
    time.sleep(0.01)
    (root / "pyproject.toml").write_text("[project]\n")
    answers.keep_later(Plan(root), ["app/main.py"])
    cache.write_now()

    assert results.Results(root, "asked", [], ["app/main.py"]).load() is None
