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
CASES = [
    # One worker has both tests of a case, and runs the application before once.
    pytest.param(folder, id=folder.name, marks=pytest.mark.xdist_group(f"change {folder.name}"))
    for folder in sorted(CHANGES.iterdir())
]
KEYS = {"app", "declared", "expected", "gate", "replay", "requests"}


def settings_of(case):
    settings = tomllib.loads((case / "case.toml").read_text("utf-8"))
    assert settings.keys() <= KEYS
    return settings


def said_by_text(case, side):
    before, after = (Project.open(case / name, jobs=1) for name in ("before", side))
    return [f"{problem.kind}: {problem}" for problem in examine(before, after).problems]


@pytest.fixture(scope="module")
def said_by_running():
    gates = {}

    def said(case, side):
        if case not in gates:
            settings = settings_of(case)
            options = DynamicOptions(
                app=settings.get("app", "main:app"),
                replay=settings.get("replay", False),
                requests=tuple(settings.get("requests", ())),
            )
            gates[case] = Gate(Tree(case / "before"), options)
        report = gates[case].against(Tree(case / side))
        assert report.failure is None
        return [str(difference) for difference in report.differences]

    yield said
    for gate in gates.values():
        gate.close()


def missing(expected, said):
    return [part for part in expected if not any(part in line for line in said)]


@pytest.mark.parametrize("case", CASES)
def test_a_careless_change_is_caught_and_named(case, said_by_running):
    settings = settings_of(case)
    said = said_by_text(case, "naive")
    if settings.get("gate") != "static":
        said += said_by_running(case, "naive")

    assert settings["expected"]
    assert missing(settings["expected"], said) == [], said


@pytest.mark.parametrize("case", CASES)
def test_a_correct_change_of_the_same_kind_raises_no_alarm(case, said_by_running):
    settings = settings_of(case)
    said = said_by_text(case, "after") + said_by_running(case, "after")
    declared = settings.get("declared", [])

    assert [line for line in said if not any(part in line for part in declared)] == []
    assert missing(declared, said) == []


def test_the_set_is_as_large_as_promised():
    assert len(CASES) >= 40
