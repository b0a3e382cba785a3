"""Careless changes to small applications, each caught, and beside each a correct change of its kind that is not.

tests/changes/<what_happens_as_a_sentence>/
    before/ naive/ after/   whole projects
    case.toml               expected: parts of what is said about `naive`, each of one difference
                            gate: `static` must say it all by itself; else `dynamic`, static may help
                            app (main:app), requests (as in the fixtures), replay (false)
                            declared: parts of what may be said about `after`, as it is meant
"""

import tomllib
from pathlib import Path

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.verify import DynamicOptions, Gate, Tree
from fastapi_codemods.verify.static import examine

CHANGES = Path(__file__).parent / "changes"
CASES = sorted(folder for folder in CHANGES.iterdir() if folder.is_dir())
KEYS = {"app", "declared", "expected", "gate", "replay", "requests"}


def settings_of(case):
    settings = tomllib.loads((case / "case.toml").read_text("utf-8"))
    assert settings.keys() <= KEYS
    return settings


def said_by_text(case, side):
    before, after = (Project.open(case / name, jobs=1) for name in ("before", side))
    return [f"{problem.kind}: {problem}" for problem in examine(before, after).problems]


def said_by_running(case, side, settings):
    options = DynamicOptions(
        app=settings.get("app", "main:app"),
        replay=settings.get("replay", False),
        requests=tuple(settings.get("requests", ())),
    )
    with Gate(Tree(case / "before"), options) as gate:
        report = gate.against(Tree(case / side))
    assert report.failure is None
    return [str(difference) for difference in report.differences]


def missing(expected, said):
    return [part for part in expected if not any(part in line for line in said)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_careless_change_is_caught_and_named(case):
    settings = settings_of(case)
    said = said_by_text(case, "naive")
    if settings.get("gate") != "static":
        said += said_by_running(case, "naive", settings)

    assert settings["expected"]
    assert missing(settings["expected"], said) == [], said


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_correct_change_of_the_same_kind_raises_no_alarm(case):
    settings = settings_of(case)
    said = said_by_text(case, "after") + said_by_running(case, "after", settings)
    declared = settings.get("declared", [])

    assert [line for line in said if not any(part in line for part in declared)] == []
    assert missing(declared, said) == []


def test_the_set_is_as_large_as_promised():
    assert len(CASES) >= 40
