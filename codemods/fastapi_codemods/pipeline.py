"""The whole flow on one page: open the project, find, rewrite, plan. Nothing here writes or prints.

    files --open--> Project --find--> Finding --rewrite--> Edits --changes--> FileChange --step--> Plan

Steps chain on a virtual project: each codemod sees the result of those before it, and what it changed is read again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from . import conventions, registry
from .codemod import Codemod
from .config import Options
from .edits import DroppedImport, Edit, Edits, ImportRequest, NewFile
from .errors import BrokenResultError, PathError
from .findings import Finding, Safety, Skipped
from .parallel import begin, can_fork, collected_afterwards, default_jobs, map_each, without_garbage_collection
from .plan import FileChange, Plan, Step
from .project import Project
from .project.index import FILES_THAT_FILL_MEMORY
from .results import Results
from .source import Discovered, discover
from .suppression import Suppressions
from .verify.halving import culprits_apart
from .verify.static.edited import problems_of_step
from .verify.static.problem import KINDS, Problem
from .verify.static.suspects import Part, parts_of, suspects

Progress = Callable[[str, int, int], None]

FILES_WORTH_A_PROCESS = 100
"""Below this, looking for what is only reported takes less time than another process."""

CHAPTERS_APART = frozenset({"background", "concurrency", "dependencies", "middleware", "models"})
"""Codemods of a chapter share what they look at: the calls that block and who makes them, the models, what handlers are
given. These are half of the work."""

FINDINGS_WORTH_A_PROCESS = 5000
"""Below this many rewrites, another process costs more than it saves."""


def check(root: Path, paths: Sequence[Path], options: Options, progress: Progress | None = None) -> Plan:
    """What there is to find in `paths` (files or folders, or the whole project), as a plan without steps."""
    with without_garbage_collection():
        within = prefixes_of(root, paths)
        discovered = discover(root, options.exclude)
        results = _results(root, paths, options, within, discovered) if options.cache else None
        kept = results.load() if results is not None else None
        if kept is not None:
            return kept
        codemods = registry.select(options.select, options.ignore, options.safety, options.codemods)
        project = open_project(root, options, progress, discovered)
        suppressions = Suppressions(project)
        is_large = len(project.paths) > FILES_THAT_FILL_MEMORY
        apart = [codemod for codemod in codemods if codemod.chapter in CHAPTERS_APART]

        def find(some: Sequence[Codemod], progress: Progress | None = None) -> dict[str, list[Finding]]:
            found: dict[str, list[Finding]] = {}
            for codemod in some:
                _tell(progress, codemod.name, len(found), len(some))
                # What a rewrite would need to know of a finding stays here.
                found[codemod.name] = [finding._replace(subject=None) for finding in codemod.find(project)]
                if is_large:
                    for module in project.modules():
                        module.forget_text()
            return found

        jobs = project.jobs if len(project.paths) > FILES_WORTH_A_PROCESS and len(codemods) > len(apart) > 0 else 1
        if jobs > 1 and not is_large:
            project.jobs = jobs - 1  # for each of the two, so that they do not get in each other's way
        others = begin(lambda: find(apart), jobs)
        # There, the other process is waited for before this one begins: both would fill the memory.
        found = others() if is_large else {}
        found |= find([codemod for codemod in codemods if codemod.chapter not in CHAPTERS_APART], progress)
        if not is_large:
            found |= others()
            project.jobs = max(project.jobs, jobs)
        findings: list[Finding] = []
        for codemod in codemods:
            findings += _wanted(found[codemod.name], within, suppressions)
        warnings = suppressions.unused(codemods, within)
        checked = Plan(root, (), _sorted(findings), skipped_in(project, paths, within), warnings)
        if results is not None:
            results.keep_later(checked, (module.path for module in project.modules()))
        return checked


def _results(
    root: Path, paths: Sequence[Path], options: Options, within: Sequence[str], discovered: Discovered
) -> Results | None:
    """Where the findings are kept; None where a file was named, since what becomes of it is told with the rest."""
    if not all(path.is_dir() for path in paths):
        return None
    asked = repr((options._replace(jobs=None), within, discovered.skipped))
    code = dict.fromkeys((os.path.dirname(__file__), *conventions.__path__))
    return Results(root, asked, code, discovered.paths)


def plan(
    root: Path,
    paths: Sequence[Path],
    options: Options,
    progress: Progress | None = None,
    rejected: Collection[str] | Mapping[str, str] = (),
) -> Plan:
    """What every fixable finding in `paths` would change, but for those whose fingerprint is in `rejected`.

    Where that maps them to reasons, they are findings that are left alone for these.
    Locations of findings refer to the project as the codemods before had left it.
    """
    with without_garbage_collection():
        codemods = registry.select(options.select, options.ignore, options.safety, options.codemods)
        # What only reports changes nothing.
        codemods = tuple(codemod for codemod in codemods if codemod.safety is not Safety.REPORT)
        project = open_project(root, options, progress)
        within = prefixes_of(root, paths)
        skipped = skipped_in(project, paths, within)
        chain = chained(project, codemods, within, options.jobs, progress, rejected)
        return Plan(root, chain.steps, _sorted(chain.findings), skipped, chain.warnings)


class Chain(NamedTuple):
    """What codemods made of a project, one after the other."""

    project: Project
    """As the last of them leaves it."""
    steps: tuple[Step, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[str, ...]


def chained(
    project: Project,
    codemods: Sequence[Codemod],
    within: Sequence[str],
    jobs: int | None,
    progress: Progress | None = None,
    rejected: Collection[str] | Mapping[str, str] = (),
) -> Chain:
    """Each codemod on what those before it left, see `plan`; `within` are prefixes of paths."""
    suppressions = Suppressions(project)
    steps: list[Step] = []
    findings: list[Finding] = []
    for done, codemod in enumerate(codemods):
        _tell(progress, codemod.name, done, len(codemods))
        found = [_rejected(finding, rejected) for finding in _found(codemod, project, within, suppressions)]
        accepted = [finding for finding in found if finding.fixable and finding.fingerprint not in rejected]
        if accepted:
            proved, reasons = _proved(codemod, project, accepted, jobs)
            found = [f._replace(left_alone=reasons[id(f)]) if id(f) in reasons else f for f in found]
            accepted = [finding for finding in accepted if id(finding) not in reasons]
            found, accepted = _without_those_that_change_nothing(found, accepted, proved.edits, proved.refused)
            if proved.changes:
                steps.append(Step(codemod.name, tuple(accepted), proved.changes))
                project = project.with_changes(proved.changes)
                suppressions = suppressions.on(project)
        findings += found
    return Chain(project, tuple(steps), tuple(findings), suppressions.unused(codemods, within))


def open_project(
    root: Path, options: Options, progress: Progress | None = None, found: Discovered | None = None
) -> Project:
    """The project at `root`, read as the options ask."""
    return Project.open(
        root,
        exclude=options.exclude,
        jobs=options.jobs,
        target_fastapi=options.target_fastapi,
        progress=progress,
        cache=options.cache,
        found=found,
    )


def skipped_in(project: Project, paths: Sequence[Path], within: Sequence[str]) -> tuple[Skipped, ...]:
    """The files in the paths that were not read; a file that was named and is no part of the project is one of them."""
    skipped = {item for item in project.skipped if _contains(within, item.path)}
    named = {item.path for item in skipped}
    for path, prefix in zip(paths, within, strict=False):
        if path.is_file() and prefix not in named and prefix not in project.known_paths:
            why = "is excluded or ignored" if path.suffix == ".py" else "is not a Python file"
            skipped.add(Skipped(prefix, why))
    return tuple(sorted(skipped))


def prefixes_of(root: Path, paths: Sequence[Path]) -> tuple[str, ...]:
    """The paths as prefixes of project paths; an empty prefix stands for everything."""
    base = root.resolve()
    prefixes = []
    for path in paths:
        # Where a link stands counts, not where it leads: discovery says what becomes of it.
        resolved = path.parent.resolve() / path.name if path.is_symlink() else path.resolve()
        if not resolved.exists() and not resolved.is_symlink():
            raise PathError(f"{path} does not exist")
        if not resolved.is_relative_to(base):
            raise PathError(f"{path} is outside the project at {root}")
        relative = resolved.relative_to(base).as_posix()
        prefixes.append("" if relative == "." else relative)
    return tuple(prefixes) or ("",)


def _contains(within: Sequence[str], path: str) -> bool:
    return any(not prefix or path == prefix or path.startswith(prefix + "/") for prefix in within)


def _found(codemod: Codemod, project: Project, within: Sequence[str], suppressions: Suppressions) -> list[Finding]:
    return _wanted(codemod.find(project), within, suppressions)


def _wanted(findings: Iterable[Finding], within: Sequence[str], suppressions: Suppressions) -> list[Finding]:
    """One codemod's findings in order of place, those outside the paths or suppressed left out, duplicates numbered."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for first in _sorted(findings):
        key = (first.location.path, first.anchor)
        seen[key] = seen.get(key, -1) + 1
        finding = first._replace(occurrence=seen[key]) if seen[key] else first
        if _contains(within, finding.location.path) and not suppressions.cover(finding):
            found.append(finding)
    return found


def _rejected(finding: Finding, rejected: Collection[str] | Mapping[str, str]) -> Finding:
    if isinstance(rejected, Mapping) and finding.fixable and (reason := rejected.get(finding.fingerprint)):
        return finding._replace(left_alone=reason)
    return finding


class _Rewrite(NamedTuple):
    edits: Edits
    refused: frozenset[str]
    changes: tuple[FileChange, ...]
    problems: tuple[Problem, ...]


class _InseparableError(Exception):
    """A problem has no known cause among the parts that were thought to have nothing to do with each other."""


def _proved(
    codemod: Codemod, project: Project, accepted: Sequence[Finding], jobs: int | None
) -> tuple[_Rewrite, dict[int, str]]:
    """What the codemod makes of the findings without those that would break something, and why each of these would.

    Raises `BrokenResultError` where it cannot be told which they are.
    """
    whole = _examined(codemod, project, accepted, jobs)
    left, reasons, kinds = list(accepted), dict[int, str](), set[str]()
    for is_separable in (True, False):
        if not whole.problems:
            break
        kinds |= {problem.kind for problem in whole.problems}
        try:
            found = _culprits(codemod, project, left, whole, kinds, jobs, is_separable=is_separable)
        except _InseparableError:
            continue
        reasons |= found
        left = [finding for finding in left if id(finding) not in found]
        with collected_afterwards():
            whole = _examined(codemod, project, left, jobs)
    if whole.problems:
        raise BrokenResultError(
            f"{whole.problems[0]}; this comes from {codemod.name}, and nothing was changed. Please report this."
        )
    return whole, reasons


def _culprits(
    codemod: Codemod,
    project: Project,
    findings: Sequence[Finding],
    whole: _Rewrite,
    kinds: Collection[str],
    jobs: int | None,
    *,
    is_separable: bool,
) -> dict[int, str]:
    """Why findings must be left alone, by identity. `whole` is what all of them come to; problems of the `kinds` that
    it has are looked for, which may not be all: what comes of it must be examined as a whole again."""
    parts = suspects(findings, whole.edits, whole.problems) if is_separable else [Part(frozenset(), (), findings)]
    numbers = {id(finding): number for number, finding in enumerate(findings)}
    suspected = {id(finding) for part in parts for finding in (*part.others, *part.at_work)}
    unsuspected = [finding for finding in findings if id(finding) not in suspected]

    def faults(some: Sequence[int]) -> dict[int, str]:
        with collected_afterwards():
            examined = _examined(codemod, project, [*unsuspected, *(findings[n] for n in some)], jobs, kinds)
        found: dict[int, str] = {}
        for problem in examined.problems:
            own = parts_of(problem, parts)
            if not own:
                raise _InseparableError
            for part in own:
                found.setdefault(part, f"the change would break the project: {problem}")
        return found

    portions = [[[numbers[id(finding)] for finding in some] for some in (part.others, part.at_work)] for part in parts]
    return {id(findings[number]): reason for number, reason in culprits_apart(portions, faults).items()}


def _examined(
    codemod: Codemod, project: Project, findings: Sequence[Finding], jobs: int | None, kinds: Collection[str] = KINDS
) -> _Rewrite:
    edits, refused = _rewritten(codemod, project, findings, jobs)
    by_path = edits.by_path()
    changes = edits.changes(by_path)
    # A finding may say that it changes more than its codemod does by default, because of an option.
    safety = max((finding.safety for finding in findings), default=codemod.safety)
    problems = problems_of_step(project, safety, by_path, changes, codemod.effects, kinds)
    return _Rewrite(edits, refused, changes, problems)


def _without_those_that_change_nothing(
    found: Sequence[Finding], accepted: Sequence[Finding], edits: Edits, refused: frozenset[str]
) -> tuple[list[Finding], list[Finding]]:
    """All findings and the accepted ones, those left alone in whose file the codemod changed nothing after all."""
    changed = {edit.path for edit in edits.edits} | {edit.finding.location.path for edit in edits.edits}
    changed |= {new.finding.location.path for new in edits.created}
    unchanged = {id(finding) for finding in accepted if finding.location.path not in changed}
    if not unchanged:
        return list(found), list(accepted)

    def left_alone(finding: Finding) -> Finding:
        if id(finding) not in unchanged:
            return finding
        if finding.location.path in refused:
            why = "an expression that would have to be rewritten in this file is nested too deeply for LibCST"
        else:
            why = "it can change only together with findings that were rejected or suppressed"
        return finding._replace(left_alone=why)

    return [left_alone(f) for f in found], [f for f in accepted if id(f) not in unchanged]


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: (finding.location, finding.codemod)))


def _rewritten(
    codemod: Codemod, project: Project, accepted: Sequence[Finding], jobs: int | None
) -> tuple[Edits, frozenset[str]]:
    """The edits for the accepted findings, and the files that had to be left out."""
    by_file: dict[str, list[Finding]] = {}
    for finding in accepted:
        by_file.setdefault(finding.location.path, []).append(finding)
    jobs = min(jobs or default_jobs(), 1 + len(accepted) // FINDINGS_WORTH_A_PROCESS)
    files = sorted(by_file.values(), key=len, reverse=True)
    if jobs < 2 or not can_fork():
        return _rewritten_here(codemod, project, files)
    numbers = {id(finding): number for number, finding in enumerate(accepted)}

    def rewrite(file: list[Finding]) -> tuple[list[list[_Sent]], frozenset[str]]:
        own, refused = _rewritten_here(codemod, project, [file])
        kinds = (own.edits, own.requests, own.created, own.dropped)
        return [[_sent(item, numbers) for item in items] for items in kinds], refused

    edits = Edits(project)
    all_refused: frozenset[str] = frozenset()
    for (some_edits, some_requests, some_files, some_names), refused in map_each(rewrite, files, jobs):
        edits.edits += [Edit._make((*fields, accepted[number])) for *fields, number in some_edits]
        edits.requests += [ImportRequest._make((*fields, accepted[number])) for *fields, number in some_requests]
        edits.created += [NewFile._make((*fields, accepted[number])) for *fields, number in some_files]
        edits.dropped += [DroppedImport._make((*fields, accepted[number])) for *fields, number in some_names]
        all_refused |= refused
    return edits, all_refused


def _rewritten_here(codemod: Codemod, project: Project, files: Sequence[list[Finding]]) -> tuple[Edits, frozenset[str]]:
    edits = Edits(project)
    try:
        codemod.rewrite(project, [finding for file in files for finding in file], edits)
    except RecursionError:
        if len(files) == 1:
            return Edits(project), frozenset({files[0][0].location.path})
        # One of them holds an expression that LibCST cannot take apart: the others go on without it.
        edits, refused = Edits(project), set[str]()
        for file in files:
            own, without = _rewritten_here(codemod, project, [file])
            edits.edits += own.edits
            edits.requests += own.requests
            edits.created += own.created
            edits.dropped += own.dropped
            refused |= without
        return edits, frozenset(refused)
    return edits, frozenset()


_Sent = tuple[Any, ...]


def _sent(item: Edit | ImportRequest | NewFile | DroppedImport, numbers: dict[int, int]) -> _Sent:
    """An edit, request or new file for the way between processes: its finding, which both sides have, by number."""
    return (*item[:-1], numbers[id(item.finding)])


def _tell(progress: Progress | None, phase: str, done: int, total: int) -> None:
    if progress:
        progress(phase, done, total)
