"""`verify`, and what `--verify` and `--test-command` add to `diff` and `apply`.

docs/json.md explains the documents, docs/verification.schema.json is the schema of `verify`'s.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi_codemods.config import find_root
from fastapi_codemods.errors import ConfigurationError, PathError
from fastapi_codemods.verify import DynamicOptions, Gate, Tree

from . import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastapi_codemods.plan import Plan
    from fastapi_codemods.proving import Proof
    from fastapi_codemods.verify import Difference, Report

    from .arguments import Arguments

VERSION = 1
"""Grows when a field changes its meaning or goes away; new fields do not change it."""

SAME, DIFFERENT, FAILED = 0, 1, 2
_VARIABLE = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def dynamic_options(arguments: Arguments, root: Path) -> DynamicOptions:
    """What the command line asks of the dynamic gate."""
    from fastapi_codemods.verify.interpreter import find_python

    environment = {}
    for word in arguments["env"]:
        found = _VARIABLE.fullmatch(word)
        if found is None:
            raise ConfigurationError(f"--env is to be NAME=VALUE, not {word!r}")
        environment[found[1]] = found[2]
    python = arguments["python"]
    return DynamicOptions(
        app=arguments["app"],
        python=find_python(root, None if python is None else Path(python)),
        timeout=arguments["timeout"] or DynamicOptions().timeout,
        environment=environment,
        replay=arguments["replay"],
        test_command=arguments["test_command"],
    )


# --- verify


def verify(arguments: Arguments) -> int:
    """Compare, print, and say by the exit code whether there is a difference."""
    from fastapi_codemods.verify.revision import tree_of_revision

    root = find_root((Path(),)) if arguments["path"] is None else Path(arguments["path"])
    if not root.is_dir():
        raise PathError(f"{root} is not a folder")
    options = dynamic_options(arguments, root)
    against = arguments["against"]
    before = Tree(Path(against)) if Path(against).is_dir() else tree_of_revision(root, against)
    with Gate(before, options) as gate:
        report = gate.against(Tree(root))
    problems, not_judged = static_problems(before, Tree(root), is_alone=report.failure is not None)
    report = report._replace(notes=(*report.notes, *not_judged))
    if arguments["format"] == "json":
        terminal.write(document(report, problems))
    else:
        for line in _lines(report, problems):
            terminal.write(line + "\n")
        for note in report.notes:
            terminal.note(f"note: {note}")
        terminal.note(_summary(report, problems))
    if report.failure is not None and not problems:
        if arguments["format"] == "json":
            terminal.note(_summary(report, problems))
        return FAILED
    return DIFFERENT if report.differences or problems else SAME


def static_problems(before: Tree, after: Tree, *, is_alone: bool) -> tuple[list[str], tuple[str, ...]]:
    """What the static gate says, as lines; and what it could not judge. Where the dynamic gate ran, it knows routes."""
    from fastapi_codemods.project import Project
    from fastapi_codemods.verify.static import KINDS, ROUTE_KINDS, examine
    from fastapi_codemods.verify.trees import with_overlay

    old, new = (with_overlay(Project.open(tree.root, cache=False), tree.overlay) for tree in (before, after))
    found = examine(old, new, kinds=KINDS if is_alone else KINDS - ROUTE_KINDS)
    return [f"{problem.kind}: {problem}" for problem in found.problems], found.not_judged


def _lines(report: Report, problems: Sequence[str]) -> Iterator[str]:
    """One for each difference: class, where, what; the two values below it."""
    for problem in problems:
        yield terminal.printable(f"static: {problem}")
    for difference in report.differences:
        yield terminal.printable(str(difference))
        for side, value in (("before", difference.before), ("after", difference.after)):
            if value is not None:
                yield f"    {side}: {terminal.printable(value)}"


def _summary(report: Report, problems: Sequence[str]) -> str:
    if report.failure is not None:
        text = f"the application could not be run before the change: {report.failure}; only the static gate was asked"
        return f"{text}: {_number(len(problems), 'problem')}" if problems else text
    compared = f"{report.app}: {_number(report.routes, 'route')}"
    if report.requests:
        compared += f", {_number(report.requests, 'request')}"
    count = len(report.differences) + len(problems)
    return (
        f"{compared} compared in {report.seconds:.1f} s; {_number(count, 'difference') if count else 'no difference'}"
    )


def document(report: Report, problems: Sequence[str]) -> str:
    """One JSON document, ASCII."""
    return json.dumps({"version": VERSION, **_contract(report), "static": list(problems)}, indent=1) + "\n"


def _contract(report: Report) -> dict[str, Any]:
    return {
        "app": report.app,
        "python": report.python,
        "failure": report.failure,
        "routes": report.routes,
        "requests": report.requests,
        "seconds": round(report.seconds, 3),
        "differences": [_difference(difference) for difference in report.differences],
        "notes": list(report.notes),
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "class": difference.kind,
        "where": difference.where,
        "what": difference.what,
        "before": difference.before,
        "after": difference.after,
    }


# --- diff --verify, apply --verify


def text_of_proof(proof: Proof) -> Iterator[str]:
    """What the plan does to the application, codemod by codemod."""
    if proof.report.failure is not None:
        yield _summary(proof.report, ())
    for verdict in proof.verdicts:
        if verdict.declared:
            yield f"{verdict.codemod} changes what the application does, as it declares:"
            yield from (f"  {difference}" for difference in verdict.declared)
        for finding in verdict.rejected:
            yield f"{finding.location}: {finding.codemod} left alone: {finding.left_alone}"
    for note in proof.report.notes:
        yield f"note: {note}"
    if proof.report.failure is None:
        yield f"verified: {_summary(proof.report, ())}"


def document_of_plan(plan: Plan, proof: Proof | None) -> str:
    """The patch and what it does to the application, side by side, as one JSON document."""
    from fastapi_codemods.review.patch import unified

    steps = [
        {
            "codemod": step.codemod,
            "findings": [str(finding.location) for finding in step.findings],
            "files": [change.path for change in step.changes],
        }
        for step in plan.steps
    ]
    found: dict[str, Any] = {
        "version": VERSION,
        "patch": unified(plan.changes).decode("utf-8", "backslashreplace"),
        "steps": steps,
        "verification": None,
    }
    if proof is not None:
        found["verification"] = {
            **_contract(proof.report),
            "codemods": [
                {
                    "codemod": verdict.codemod,
                    "declared": [_difference(difference) for difference in verdict.declared],
                    "left_alone": [
                        {
                            "location": str(finding.location),
                            "fingerprint": finding.fingerprint,
                            "reason": finding.left_alone,
                        }
                        for finding in verdict.rejected
                    ],
                }
                for verdict in proof.verdicts
            ],
        }
    return json.dumps(found, indent=1) + "\n"


# --- apply --test-command


class Tests:
    """The project's tests around an `apply`: run on a copy before it, and on a copy of what it wrote."""

    def __init__(self, root: Path, arguments: Arguments) -> None:
        self.root = root
        self._gate = Gate(Tree(root), dynamic_options(arguments, root))
        _ = self._gate.tests_before

    def still_pass(self, run: str) -> bool:
        """Whether no test fails newly; else names those that do and offers to undo the run."""
        with self._gate as gate:
            failing, notes = gate.tests_against(Tree(self.root))
        for note in notes:
            terminal.note(f"note: {note}")
        if not failing:
            return True
        for difference in failing:
            terminal.note(str(difference))
        if _wants_undo(len(failing)):
            from fastapi_codemods.apply import undo

            undo(self.root, run, notify=terminal.note, command=f"undo {run} (tests failed)")
            terminal.write(f"run {run} undone\n")
        else:
            terminal.note(f"the tests fail; to undo the change: fastapi-codemods undo {run}")
        return False


def _wants_undo(count: int) -> bool:
    """Asked on a terminal; without one nobody can answer, and nothing is undone."""
    if not terminal.is_terminal(sys.stdin) or not terminal.is_terminal(sys.stderr):
        return False
    sys.stderr.write(f"{_number(count, 'test')} newly failing. Undo the change? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
