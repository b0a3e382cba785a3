"""A plan held to what its codemods declare: what they change beyond that is found, and left alone.

    plan ──against before──> differences ──step by step──> codemod ──halving──> findings ──rejected──> plan

The tree after each step is compared with the tree before all of them, so that the application before runs once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from . import pipeline, registry
from .codemod import Codemod
from .config import Options
from .findings import Finding, Safety
from .plan import Plan, Step
from .verify.halving import culprits
from .verify.model import Difference, DynamicOptions, Report, Tree

NEVER_DECLARED = frozenset({"import", "test"})
OF_CONTRACT = frozenset({"breaking", "security", "client", "non-breaking", "documentation", "response", "route"})
OF_UNSAFE = OF_CONTRACT | {"order", "dependency", "middleware", "handler", "lifespan", "state"}

Look = Callable[[Tree], Sequence[Difference]]
Identity = tuple[str, str, str]


class Verdict(NamedTuple):
    """What one codemod of the plan does to the application."""

    codemod: str
    declared: tuple[Difference, ...]
    """What it does and said that it may."""
    rejected: tuple[Finding, ...]
    """The findings that would have done more, each with that as its reason."""


class Proof(NamedTuple):
    plan: Plan
    report: Report
    """Of the plan as it is now."""
    verdicts: tuple[Verdict, ...]


def prove(
    root: Path,
    paths: Sequence[Path],
    options: Options,
    dynamic: DynamicOptions,
    progress: pipeline.Progress | None = None,
) -> Proof:
    """The plan without the findings that would make an undeclared difference. Raises `VerificationError`."""
    from .verify import Gate

    planned = pipeline.plan(root, paths, options, progress)
    with Gate(Tree(root), dynamic._replace(test_command=None)) as gate:
        report = gate.against(Tree(root, _overlay(planned.steps)))
        if report.failure is not None:
            return _with_tests(planned, report, {}, root, paths, options, dynamic)
        work = _Work(root, paths, options, lambda tree: gate.against(tree).differences)
        planned = work.settled(planned, report.differences)
        if work.rejected:
            report = gate.against(Tree(root, _overlay(planned.steps)))
    return _with_tests(planned, report, work.rejected, root, paths, options, dynamic, work.declared)


def _with_tests(
    planned: Plan,
    report: Report,
    rejected: dict[str, str],
    root: Path,
    paths: Sequence[Path],
    options: Options,
    dynamic: DynamicOptions,
    declared: dict[str, tuple[Difference, ...]] | None = None,
) -> Proof:
    """The same for the project's own tests, which take longest and therefore come last."""
    if dynamic.test_command is not None:
        from .verify import Gate

        with Gate(Tree(root), dynamic) as gate:
            found, notes = gate.tests_against(Tree(root, _overlay(planned.steps)))
            work = _Work(root, paths, options, lambda tree: gate.tests_against(tree)[0], rejected)
            planned = work.settled(planned, found)
            rejected = work.rejected
            report = report._replace(notes=(*report.notes, *notes))
    return Proof(planned, report, _verdicts(planned, declared or {}, rejected))


def _verdicts(plan: Plan, declared: dict[str, tuple[Difference, ...]], rejected: dict[str, str]) -> tuple[Verdict, ...]:
    names = dict.fromkeys([step.codemod for step in plan.steps])
    out = [finding for finding in plan.findings if finding.fingerprint in rejected]
    names.update(dict.fromkeys(finding.codemod for finding in out))
    return tuple(
        Verdict(name, declared.get(name, ()), tuple(finding for finding in out if finding.codemod == name))
        for name in names
    )


def allowed(codemod: Codemod, difference: Difference) -> bool:
    """Whether the codemod declares that it may make such a difference."""
    if difference.kind in NEVER_DECLARED or is_lost_dependency(difference):
        return False
    if codemod.effects is not None:
        return difference.kind in codemod.effects
    if codemod.safety >= Safety.UNSAFE:
        return difference.kind in OF_UNSAFE
    return codemod.safety >= Safety.CONTRACT and difference.kind in OF_CONTRACT


def is_lost_dependency(difference: Difference) -> bool:
    """Authentication may be one: an error, whatever was declared."""
    return difference.kind == "dependency" and difference.before is not None and difference.after is None


class _Work:
    """Takes findings out of a plan until what is seen is what was declared."""

    def __init__(
        self,
        root: Path,
        paths: Sequence[Path],
        options: Options,
        look: Look,
        rejected: dict[str, str] | None = None,
    ) -> None:
        self.root, self.paths, self.options, self._look = root, paths, options, look
        self._seen: dict[frozenset[tuple[str, bytes | None]], Sequence[Difference]] = {}
        self.rejected: dict[str, str] = dict(rejected or {})
        self.declared: dict[str, tuple[Difference, ...]] = {}

    def settled(self, planned: Plan, differences: Sequence[Difference]) -> Plan:
        """`differences` are those of the whole plan."""
        position = 0
        known: set[Identity] = set()
        while differences and position < len(planned.steps):
            step = planned.steps[position]
            codemod = registry.get(step.codemod)
            is_last = position == len(planned.steps) - 1
            seen = differences if is_last else self.look(planned.steps[: position + 1])
            new = [difference for difference in seen if _identity(difference) not in known]
            if any(not allowed(codemod, difference) for difference in new):
                names = tuple(dict.fromkeys(earlier.codemod for earlier in planned.steps[: position + 1]))
                self._reject(codemod, names, step.findings, frozenset(known))
                planned = pipeline.plan(self.root, self.paths, self.options, rejected=self.rejected)
                differences = self.look(planned.steps)
                if position >= len(planned.steps) or planned.steps[position].codemod != step.codemod:
                    continue  # nothing is left of this step
                seen = self.look(planned.steps[: position + 1])
                new = [difference for difference in seen if _identity(difference) not in known]
            self.declared[step.codemod] = tuple(new)
            known |= {_identity(difference) for difference in new}
            position += 1
        return planned

    def _reject(
        self, codemod: Codemod, names: tuple[str, ...], findings: Sequence[Finding], known: frozenset[Identity]
    ) -> None:
        """Find out which of the findings make undeclared differences."""
        upto = self.options._replace(select=names, ignore=())

        def why_not(some: Sequence[Finding]) -> str | None:
            kept = {finding.fingerprint for finding in some}
            others = {finding.fingerprint: "not tried" for finding in findings if finding.fingerprint not in kept}
            planned = pipeline.plan(self.root, self.paths, upto, rejected={**self.rejected, **others})
            for difference in self.look(planned.steps):
                if _identity(difference) not in known and not allowed(codemod, difference):
                    return f"it would change what the application does: {difference}"
            return None

        for index, reason in culprits(findings, why_not).items():
            self.rejected[findings[index].fingerprint] = reason

    def look(self, steps: Sequence[Step]) -> Sequence[Difference]:
        """What differs after these steps."""
        overlay = _overlay(steps)
        key = frozenset(overlay.items())
        if key not in self._seen:
            self._seen[key] = self._look(Tree(self.root, overlay)) if overlay else ()
        return self._seen[key]


def _overlay(steps: Sequence[Step]) -> dict[str, bytes | None]:
    return {change.path: change.after for step in steps for change in step.changes}


def _identity(difference: Difference) -> Identity:
    return difference.kind, difference.where, difference.what
