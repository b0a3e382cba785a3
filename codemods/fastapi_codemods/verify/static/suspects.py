"""Which findings a problem may come from, judged by the files in which it has its causes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from ...edits import Edits
from ...findings import Finding
from .problem import Problem


class Part(NamedTuple):
    """Findings that share files or the cause of a problem, and have nothing to do with those of other parts."""

    files: frozenset[str]
    """That they change or make; none of the only part there is."""
    others: Sequence[Finding]
    """Those that are not known to have changed or made a file in which a problem has its cause."""
    at_work: Sequence[Finding]


def suspects(findings: Sequence[Finding], edits: Edits, problems: Sequence[Problem]) -> list[Part]:
    """The findings that changed files in which one of the problems has its cause, part by part; all of them in one
    where the cause of a problem is not known."""
    by_finding: dict[int, set[str]] = {id(finding): {finding.location.path} for finding in findings}
    work = [(edit.path, edit.finding) for edit in edits.edits] + [(new.path, new.finding) for new in edits.created]
    for path, finding in work:
        by_finding[id(finding)].add(path)
    known = frozenset().union(*by_finding.values())
    if any(known.isdisjoint(problem.causes) for problem in problems):
        return [Part(frozenset(), (), findings)]
    joined = _Joined()
    for some in (*by_finding.values(), *(known.intersection(problem.causes) for problem in problems)):
        joined.add(some)
    causes = known.intersection(*[{path for problem in problems for path in problem.causes}])
    at_work = {id(finding) for path, finding in work if path in causes}
    groups: dict[str, list[Finding]] = {joined.of(path): [] for path in sorted(causes)}
    for finding in findings:
        if (group := joined.of(finding.location.path)) in groups:
            groups[group].append(finding)
    return [
        Part(
            frozenset(path for path in known if joined.of(path) == group),
            [finding for finding in own if id(finding) not in at_work],
            [finding for finding in own if id(finding) in at_work],
        )
        for group, own in groups.items()
    ]


def parts_of(problem: Problem, parts: Sequence[Part]) -> list[int]:
    """The numbers of the parts that the problem comes from, none where that is not known."""
    if len(parts) == 1:
        return [0]
    return [number for number, part in enumerate(parts) if not part.files.isdisjoint(problem.causes)]


class _Joined:
    """Files in sets that grow together."""

    def __init__(self) -> None:
        self._above: dict[str, str] = {}

    def add(self, paths: Collection[str]) -> None:
        """These are in one set."""
        first = None
        for path in paths:
            self._above.setdefault(path, path)
            first = first or self.of(path)
            self._above[self.of(path)] = first

    def of(self, path: str) -> str:
        """The file that stands for the set."""
        while (above := self._above[path]) != path:
            self._above[path] = self._above[above]
            path = above
        return path
