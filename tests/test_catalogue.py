"""The catalogue as a whole: documentation, examples, fixtures and pages agree with what exists."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fastapi_codemods.codemod import Codemod
from fastapi_codemods.findings import Safety
from fastapi_codemods.registry import all_codemods, chapters
from tests.harness import FIXTURES, Case, cases, folders_in

ROOT = Path(__file__).parents[1]
HEADINGS = ["## Why", "## Left alone", "## Safety"]

every_codemod = pytest.mark.parametrize("codemod", all_codemods(), ids=lambda codemod: codemod.name)


def cases_of(codemod: Codemod) -> list[Case]:
    return [case for case in cases() if case.codemod == codemod.name]


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    environment = {"PYTHONPATH": "codemods:cli", "PATH": ""}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_names_are_unique_and_no_chapter_has_one_of_them():
    names = Counter([*(codemod.name for codemod in all_codemods()), *chapters()])

    assert [name for name, count in names.items() if count > 1] == []


def test_fixture_folders_exist_for_real_codemods_only():
    real = {codemod.name for codemod in all_codemods()}

    assert [folder.name for folder in folders_in(FIXTURES) if folder.name not in real] == []


def test_cases_are_named_by_a_sentence():
    sentence = re.compile(r"example|[a-z0-9]+(_[a-z0-9]+){2,}")

    assert [str(case) for case in cases() if not sentence.fullmatch(case.name)] == []


def test_after_names_codemods_that_exist():
    real = {codemod.name for codemod in all_codemods()}

    assert [(codemod.name, name) for codemod in all_codemods() for name in codemod.after if name not in real] == []


@every_codemod
def test_the_documentation_has_a_first_line_the_headings_and_a_link(codemod):
    headings = [line for line in codemod.documentation.splitlines() if line.startswith("## ")]

    assert codemod.summary.endswith(".")
    assert headings == HEADINGS
    assert re.search(r"https://fastapi\.tiangolo\.com/\w", codemod.documentation)
    assert "TODO" not in codemod.documentation


@every_codemod
def test_there_is_an_example(codemod):
    example = next((case for case in cases_of(codemod) if case.name == "example"), None)

    assert example is not None
    if codemod.safety is Safety.REPORT:
        assert example.settings["findings"]
    else:
        assert example.changes


@every_codemod
def test_two_of_five_cases_say_what_must_not_change(codemod):
    # A third is the least that a reviewer accepts, half is the aim.
    own = cases_of(codemod)
    refusals = [case for case in own if case.leaves_something_alone()]

    assert len(refusals) >= 0.4 * len(own)


def test_every_convention_has_codemods_and_every_codemod_answers_to_one():
    result = script("scripts/convention_coverage.py", "--check")

    assert result.stdout + result.stderr == ""


def test_pages_are_current():
    result = script("scripts/document_codemods.py", "--check")

    assert result.stdout + result.stderr == ""


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("Depends-To-Annotated", "is no codemod's name"),
        ("annotated", "is no codemod's name"),
        ("../escape", "is no codemod's name"),
        ("depends-to-annotated", "already"),
    ],
)
def test_a_new_codemod_with_a_bad_name_is_refused(name, complaint):
    result = script("scripts/new_codemod.py", name, "--chapter", "dependencies")

    assert result.returncode == 2
    assert complaint in result.stderr
