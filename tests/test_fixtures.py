"""Every fixture of every codemod. One test per promise, so that a failure says which one was broken."""

from collections.abc import Iterable
from typing import Any

import pytest

from fastapi_codemods.findings import Safety
from fastapi_codemods.registry import get
from tests.harness import (
    Case,
    cases,
    compile_error,
    differences,
    in_place_of_expected,
    names_lost,
    spelled,
)


def parameters(chosen: Iterable[Case]) -> list[Any]:
    # The group keeps a case on one worker under `-n auto --dist loadgroup`: planned once there too.
    return [pytest.param(case, id=str(case), marks=pytest.mark.xdist_group(str(case))) for case in chosen]


every_case = pytest.mark.parametrize("case", parameters(cases()))
case_that_changes = pytest.mark.parametrize("case", parameters(case for case in cases() if case.changes))
case_with_an_application = pytest.mark.parametrize("case", parameters(case for case in cases() if case.app))


@every_case
def test_the_result_is_after_byte_for_byte(case, outcome, accept):
    if accept:
        case.accept_result(outcome.after)

    expected = case.after or case.before
    actual = outcome.after

    assert actual.keys() == expected.keys()
    for path in expected:
        # Text first: pytest shows its difference line by line.
        assert actual[path].decode("utf-8", "replace") == expected[path].decode("utf-8", "replace"), path
        assert actual[path] == expected[path], path


@every_case
def test_the_findings_are_as_expected(case, outcome, accept):
    findings = outcome.plan.findings
    # Not `case.changes`: with --accept the test that writes `after` may come later than this one.
    changes = outcome.after != case.before
    unannounced = [spelled(finding) for finding in findings if not (changes and finding.fixable)]
    expected = case.settings.get("findings")

    if accept and (unannounced or expected is not None):
        spelt = in_place_of_expected(expected or [], findings)
        if spelt != expected:
            case.accept_findings(spelt)
        expected = spelt
    if expected is None:
        assert unannounced == []
        return

    actual = in_place_of_expected(expected, findings)

    assert actual == expected


@every_case
def test_warnings_and_skipped_files_are_as_expected(case, outcome):
    skipped = [f"{entry.path}: {entry.reason}" for entry in outcome.plan.skipped]

    for key, actual in {"warnings": list(outcome.plan.warnings), "skipped": skipped}.items():
        expected = case.settings.get(key, [])
        assert [
            wanted if wanted is not None and wanted in text else text
            for text, wanted in zip(actual, expected + [None] * len(actual), strict=False)
        ] == expected, key


@case_that_changes
def test_a_second_run_changes_nothing(case, harness):
    second = harness.second_plan(case)

    assert [change.path for change in second.changes] == []
    assert [spelled(finding) for finding in second.findings if finding.fixable] == []


@case_that_changes
def test_changed_files_compile(outcome):
    results = [
        compile_error(change.path, change.after)
        for change in outcome.plan.changes
        if change.after is not None and change.path.endswith(".py")
    ]

    assert [error for error in results if error] == []


@case_that_changes
def test_no_name_is_lost(case, outcome):
    assert names_lost(case.before, outcome.after) == {}


@case_that_changes
def test_git_apply_of_the_patch_gives_the_same_bytes_as_apply(case, harness, outcome):
    assert harness.patched(case) == outcome.after
    assert harness.applied(case) == outcome.after


@case_with_an_application
def test_the_application_does_what_the_safety_level_declares(case, harness):
    fixed = (finding.safety for finding in harness.outcome(case).plan.findings if finding.fixable)
    safety = max([get(case.codemod).safety, *fixed])
    if safety < Safety.CONTRACT:
        assert case.declared.keys() <= {"routes"}, f"{safety.label} may declare nothing but fields of routes"

    before, after = harness.snapshots(case)

    if "before_fails" in case.settings:
        assert case.settings["before_fails"] in before.get("error", "it does not fail")
        assert not case.changes or after.get("error") is None
        return
    assert before.get("error") is None
    assert after.get("error") is None
    assert differences(before, after, case.settings.get("requests", [])) == case.declared
