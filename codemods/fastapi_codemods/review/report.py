"""Findings as one JSON document. docs/json.md explains it, docs/findings.schema.json is its schema."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..findings import Finding
    from ..plan import Plan

VERSION = 1
"""Grows when a field changes its meaning or goes away; new fields do not change it."""


def report(plan: Plan) -> str:
    """The document as ASCII text, one finding a line: good to parse, to search and to compare."""
    parts = [
        f'"version": {VERSION}',
        f'"findings": {_listed(_finding(finding) for finding in plan.findings)}',
        f'"summary": {json.dumps(_summary(plan))}',
        f'"skipped": {_listed({"path": s.path, "reason": s.reason} for s in plan.skipped)}',
        f'"warnings": {_listed(plan.warnings)}',
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _listed(items: Iterable[object]) -> str:
    lines = ",\n".join(json.dumps(item) for item in items)
    return f"[\n{lines}\n]" if lines else "[]"


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "codemod": finding.codemod,
        "chapter": finding.chapter,
        "safety": finding.safety.label,
        "path": finding.location.path,
        "line": finding.location.line,
        "column": finding.location.column,
        "end_line": finding.location.end_line,
        "message": finding.message,
        "fixable": finding.fixable,
        "left_alone": finding.left_alone,
        "fingerprint": finding.fingerprint,
    }


def _summary(plan: Plan) -> dict[str, object]:
    by_codemod: dict[str, list[Finding]] = {}
    for finding in plan.findings:
        by_codemod.setdefault(finding.codemod, []).append(finding)
    return {
        **_counts(plan.findings),
        "files": len({finding.location.path for finding in plan.findings}),
        "skipped": len(plan.skipped),
        "codemods": {name: _counts(by_codemod[name]) for name in sorted(by_codemod)},
    }


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {
        "findings": len(findings),
        "fixable": sum(finding.fixable for finding in findings),
        "left_alone": sum(finding.left_alone is not None for finding in findings),
    }
