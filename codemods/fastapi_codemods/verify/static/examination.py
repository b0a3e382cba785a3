"""Both sides of a change, examined: which checks there are, and what each is told."""

from __future__ import annotations

from collections.abc import Collection

from ...project import Project
from ...project.code_strings import files_that_start_programs
from . import cycles, names, routes, syntax
from .modules import Side
from .problem import KINDS, ROUTE_KINDS, Examination, Problem
from .referred import check as check_references


def examine(
    before: Project,
    after: Project,
    paths: Collection[str] | None = None,
    kinds: Collection[str] = KINDS,
    *,
    others: Collection[str] = (),
) -> Examination:
    """What is wrong with `after` that was not with `before`; `paths` are the files that differ, None to find them, and
    `others` those that differ in nothing that matters.

    The two may have different roots. Files that could not be read before are not judged.
    """
    paths = changed_paths(before, after) if paths is None else tuple(sorted(paths))
    python = [path for path in paths if path.endswith(".py")]
    problems: list[Problem] = []
    not_judged: list[str] = []
    if {"syntax", "version"} & set(kinds):
        for path in python:
            if path in after.known_paths:
                problems += syntax.check(before, after, path)
    broken = {problem.path for problem in problems if problem.kind == "syntax"}
    readable = [path for path in python if path not in broken]
    old = before.remembered("static gate: before", lambda: Side(before))
    new = old.changed(after, {*paths, *others})
    lost = names.Lost(old, new, readable) if {"name", "import", "reference"} & set(kinds) else None
    if lost is not None and {"name", "import"} & set(kinds):
        importers = names.concerned(old, new, readable, lost) if lost.names else frozenset()
        problems += names.check(old, new, readable, sorted(importers))
    if "cycle" in kinds:
        problems += cycles.check(old, new, readable)
    if ROUTE_KINDS & set(kinds) and not broken and python:
        found = routes.compare(before, after, paths)
        problems += found.problems
        not_judged += found.not_judged
    if lost is not None and "reference" in kinds and not broken and (lost or len(python) < len(paths)):
        problems += check_references(old, new, paths, lost)
    wanted = [problem for problem in problems if problem.kind in kinds]
    return Examination(tuple(sorted(dict.fromkeys(wanted), key=lambda p: (p.path, p.line))), tuple(not_judged))


def changed_paths(before: Project, after: Project) -> tuple[str, ...]:
    """The Python files that differ, are new or gone, and the files that start programs."""
    changed = set(before.known_paths ^ after.known_paths)
    for path in before.known_paths & after.known_paths:
        if before.data(path) != after.data(path):
            changed.add(path)
    if before.root != after.root:
        starters = (set(files_that_start_programs(project.root)) for project in (before, after))
        for path in set().union(*starters):
            sides = [project.root / path for project in (before, after)]
            contents = [side.read_bytes() if side.is_file() else None for side in sides]
            if contents[0] != contents[1]:
                changed.add(path)
    return tuple(sorted(changed))
