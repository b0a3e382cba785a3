"""The way from one FastAPI to a newer one: what to rewrite before, the requirement, what to rewrite after.

    codemods that the old one can run --> requirement --> codemods that only the new one can run
                                                          what behaves otherwise, with places

The order is that of commits: after each step the application runs with the FastAPI that its requirement names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from .. import pipeline, registry
from ..config import Options
from ..errors import ConfigurationError
from ..findings import Finding, Safety
from ..plan import Plan, Step
from ..project.models.pydantic_version import ONLY_PYDANTIC_2
from ..project.versions import NEWEST, Release, Versions, parse_release, spelled
from .requirements import raised
from .silent import Touched, touched

REQUIREMENT = "requirement"
"""The name of the step that is no codemod's."""

_PYTHON_3_11 = (0, 163)
"""The first FastAPI that needs it; likewise for the others."""
_PYDANTIC = (2, 9)
"""Of the newest FastAPI, `Requires-Dist`."""
_STARLETTE_1_6 = (0, 164)


class Upgrade(NamedTuple):
    plan: Plan
    before: Release
    """What the project required so far; `NEWEST` where nothing said so."""
    source: str
    """Who said so."""
    to: Release
    touched: tuple[Touched, ...]
    by_hand: tuple[Finding, ...]
    """What the codemods of this way found and nobody but a person can change, left alone ones included."""
    notes: tuple[str, ...]


def plan_upgrade(
    root: Path, paths: Sequence[Path], options: Options, to: str, progress: pipeline.Progress | None = None
) -> Upgrade:
    """What the project needs to run with FastAPI `to`; nothing is written.

    `ConfigurationError` for a version that is none, or older than what the project requires.
    """
    target = parse_release(to)
    project = pipeline.open_project(root, options, progress)
    versions = project.versions
    if versions.fastapi != NEWEST and versions.fastapi > target:
        raise ConfigurationError(
            f"{versions.fastapi_source} requires FastAPI {spelled(versions.fastapi)} already, which is newer than {to}"
        )
    codemods = [c.configured({}, is_named=True) for c in registry.all_codemods() if c.since and c.since <= target]
    rewriting = [codemod for codemod in codemods if codemod.safety is not Safety.REPORT]
    within = pipeline.prefixes_of(root, paths)

    before = pipeline.chained(project, rewriting, within, options.jobs, progress)
    folders = {module.path.rpartition("/")[0] for module, _ in project.instances("fastapi.FastAPI")}
    above = {"/".join(parts[:n]) for f in folders if (parts := f.split("/")) for n in range(1, len(parts) + 1)} - {""}
    lowest: dict[str, Release] = {"fastapi": target}
    if target >= ONLY_PYDANTIC_2:
        lowest["pydantic"] = _PYDANTIC
    requirement = raised(root, above, lowest)
    new = before.project.targeting(to)
    after = pipeline.chained(new, rewriting, within, options.jobs, progress)

    steps = [*before.steps]
    if requirement.changes:
        steps.append(Step(REQUIREMENT, (), requirement.changes))
    steps += after.steps
    fixed = [finding for step in (*before.steps, *after.steps) for finding in step.findings]
    left = [finding for finding in after.findings if finding.left_alone is not None]
    reports = [codemod for codemod in codemods if codemod.safety is Safety.REPORT]
    reported = pipeline.chained(after.project, reports, within, options.jobs, progress).findings
    by_hand = tuple(sorted([*left, *reported], key=lambda finding: (finding.location, finding.codemod)))
    findings = tuple(sorted([*fixed, *by_hand], key=lambda finding: (finding.location, finding.codemod)))
    plan = Plan(root, tuple(steps), findings, pipeline.skipped_in(project, paths, within))
    oldest = (0,) if versions.fastapi == NEWEST else versions.fastapi
    return Upgrade(
        plan,
        versions.fastapi,
        versions.fastapi_source,
        target,
        touched(project, oldest, target),
        by_hand,
        (*_notes(versions, target), *requirement.notes),
    )


def _notes(versions: Versions, to: Release) -> list[str]:
    """What the project's other bounds have to say to the new FastAPI."""
    found = []
    if to >= _PYTHON_3_11 and versions.python < (3, 11):
        found.append(f"FastAPI {spelled(to)} needs Python 3.11: {versions.python_source} allows older ones")
    if to >= _STARLETTE_1_6 and versions.starlette < (1, 6):
        found.append(f"FastAPI {spelled(to)} needs Starlette 1.6: {versions.starlette_source} allows older ones")
    return found
