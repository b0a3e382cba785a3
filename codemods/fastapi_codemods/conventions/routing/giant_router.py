"""A module holds the routes of one part of the API.

A module is found that registers `min-routes` routes or more which fall into several groups by their paths. The
message names the groups, which are the modules that could be, and says what `split-router` leaves alone, and why, where
that has looked at the project in the same run.

## Why

A module for everything is where all changes meet. Routers by domain say where a route is, can be reviewed and owned
apart from each other, and are included with one line each.

## Left alone

- Modules with many routes of one group: they are one domain, however long.
- Groups with fewer than five routes count as rest, and paths that are computed belong to none.
- Groups that are no part of an API: paths that begin with a verb or a parameter.
- Tests.

## Safety

It only reports. The option `min-routes` (30) says from how many routes on a module is looked at.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.guidance import reasons_against_splitting
from ...project.operations import Operation, operations_of
from ...source.discovery import is_test

FEWEST_IN_A_GROUP = 5
SHOWN = 5
_NO_GROUP = re.compile(r"\{|(?:add|create|delete|get|list|remove|set|update)\b")


class _Options(NamedTuple):
    min_routes: int = 30


class GiantRouter(Codemod):
    safety = Safety.REPORT
    after = ("split-router",)

    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        by_module: dict[str, list[Operation]] = {}
        for operation in operations_of(project):
            if not is_test(operation.module.path):
                by_module.setdefault(operation.module.path, []).append(operation)
        for path, operations in by_module.items():
            if len(operations) < self.options.min_routes:
                continue
            groups = _groups([known for operation in operations if (known := operation.path(project))])
            if len(groups) < 2:
                continue
            module = operations[0].module
            line = operations[0].decorator.line
            shown = ", ".join(f"`{name}` ({count})" for name, count in groups[:SHOWN])
            more = f" and {len(groups) - SHOWN} more" if len(groups) > SHOWN else ""
            lines = module.text.count("\n")
            yield self.finding(
                module.location(line, 1, line),
                f"{path.rpartition('/')[2]} registers {len(operations)} routes in {lines} lines,"
                f" in {len(groups)} groups: {shown}{more}{_what_stands_in_the_way(project, path)}",
                anchor="routes",
            )


def _what_stands_in_the_way(project: Project, path: str) -> str:
    """What `split-router` makes of the module, as the rest of a sentence."""
    found = reasons_against_splitting(project).get(path, [])
    reasons = Counter(reason for reason in found if reason is not None)
    if not reasons:
        return "; `split-router` moves them" if found else ""
    moves = len(found) - reasons.total()
    usual, _ = reasons.most_common(1)[0]
    others = f", and {len(reasons) - 1} more reasons" if len(reasons) > 1 else ""
    number = f"moves {moves} of {len(found)} groups" if moves else "moves none of them"
    return f"; `split-router` {number}: {usual}{others}"


def _groups(paths: list[str]) -> list[tuple[str, int]]:
    """The first segment of paths behind what all of them begin with, and how many have it; the largest first."""
    segments = [path.strip("/").split("/") for path in paths]
    while segments and all(len(some) > 1 for some in segments) and len({some[0] for some in segments}) == 1:
        segments = [some[1:] for some in segments]
    # `/v1/models` and `/models` are one group, not one of versions.
    names = Counter(next((s for s in some if not _is_version(s)), "") for some in segments)
    found = [(name, n) for name, n in names.items() if n >= FEWEST_IN_A_GROUP and name and not _NO_GROUP.match(name)]
    return sorted(((f"/{name}", n) for name, n in found), key=lambda group: (-group[1], group[0]))


def _is_version(segment: str) -> bool:
    return segment == "api" or (segment[:1] == "v" and segment[1:2].isdigit())
