"""`upgrade`: the steps to a newer FastAPI, what behaves otherwise there, and what is left to a person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from fastapi_codemods.project.versions import NEWEST, spelled
from fastapi_codemods.review.patch import unified

from . import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi_codemods.findings import Finding
    from fastapi_codemods.plan import Step
    from fastapi_codemods.upgrade import Upgrade

VERSION = 1
"""Grows when a field changes its meaning or goes away; new fields do not change it."""

SHOWN = 5
"""Places of one change; the document has all."""


def described(upgrade: Upgrade) -> Iterator[str]:
    """Lines for people."""
    yield f"from FastAPI {_before(upgrade)} to {spelled(upgrade.to)}"
    for number, step in enumerate(upgrade.plan.steps, 1):
        yield f"{number}. {_described(step)}"
    for change in upgrade.touched:
        yield f"since {spelled(change.since)}: {change.text}"
        yield from (f"    {terminal.printable(str(place))}" for place in change.places[:SHOWN])
        if len(change.places) > SHOWN:
            yield f"    and {len(change.places) - SHOWN} more"
    for finding in upgrade.by_hand:
        reason = f" (left alone: {finding.left_alone})" if finding.left_alone else ""
        yield terminal.printable(f"by hand: {finding.location}: {finding.message}{reason}")
    yield from (terminal.printable(f"note: {note}") for note in upgrade.notes)


def _before(upgrade: Upgrade) -> str:
    if upgrade.before == NEWEST:
        return "any version, since the project names none,"
    return f"{spelled(upgrade.before)}, says {terminal.printable(upgrade.source)},"


def _described(step: Step) -> str:
    files = ", ".join(terminal.printable(change.path) for change in step.changes[:SHOWN])
    more = f" and {len(step.changes) - SHOWN} more" if len(step.changes) > SHOWN else ""
    count = len(step.findings)
    findings = f" {count} finding{'s' * (count != 1)}," if count else ""
    return f"{step.codemod}:{findings} {files}{more}"


def document(upgrade: Upgrade) -> str:
    """The same as JSON, with every place and the patch."""
    data = {
        "version": VERSION,
        "from": None if upgrade.before == NEWEST else spelled(upgrade.before),
        "from_source": upgrade.source or None,
        "to": spelled(upgrade.to),
        "steps": [
            {
                "name": step.codemod,
                "findings": [_finding(finding) for finding in step.findings],
                "files": [change.path for change in step.changes],
            }
            for step in upgrade.plan.steps
        ],
        "changed_behaviour": [
            {
                "since": spelled(change.since),
                "text": change.text,
                "places": [{"path": place.path, "line": place.line} for place in change.places],
            }
            for change in upgrade.touched
        ],
        "by_hand": [_finding(finding) for finding in upgrade.by_hand],
        "notes": list(upgrade.notes),
        "patch": unified(upgrade.plan.changes).decode("utf-8", "replace"),
    }
    return json.dumps(data, indent=1) + "\n"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "codemod": finding.codemod,
        "safety": finding.safety.label,
        "path": finding.location.path,
        "line": finding.location.line,
        "message": finding.message,
        "left_alone": finding.left_alone,
        "fingerprint": finding.fingerprint,
    }
