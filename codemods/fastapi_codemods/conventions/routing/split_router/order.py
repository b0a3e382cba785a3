"""How the routes of each group are cut into routers, and where these are included: nothing changes its order.

A group whose routes stand together is one router. One whose routes stand among those of others is several of the same
module, each included where its routes were: so the table of routes, and with it OpenAPI, is what it was, whatever other
groups do. Only who asks for it (`reorder`) gets one router for each group in any case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ....project.paths import may_overlap
from ....project.routes import Application
from .groups import Group, Operation, unknown_to

MANY_PARTS = 3
"""Nobody wants to read a module with more routers than this."""

_EARLIER = ("first", "early")
_LATER = ("late", "last")


class Part(NamedTuple):
    """Routes of a group that one router takes."""

    role: str
    """What the router is called besides `router`: empty for the largest, `early` and `late` by where it is included."""
    operations: tuple[Operation, ...]
    statement: int
    """The statement in whose place it is included."""


class Cut(NamedTuple):
    parts: Mapping[str, tuple[Part, ...]]
    """By the group's name, in their order. Routes of the group that are in none of them stay."""
    conflicts: Mapping[str, str]
    """Why other groups cannot be moved."""
    reordered: frozenset[str]
    """The groups that are moved though it changes the order of paths in OpenAPI."""


def cut_of(groups: Sequence[Group], operations: Sequence[Operation], table: Application, *, reorder: bool) -> Cut:
    """The answer is the same for all groups at once and for one after the other."""
    anchors = _anchors_of(groups, operations, table)
    at = {operation.position: operation.unit for operation in operations}
    parts: dict[str, tuple[Part, ...]] = {}
    conflicts: dict[str, str] = {}
    reordered: set[str] = set()
    for group in groups:
        runs = _runs(group)
        if len(runs) > 1 and reorder and (position := anchors.positions.get(group.name)) is not None:
            parts[group.name] = (Part("", group.operations, at[position]),)
            reordered.add(group.name)
            continue
        taken = _taken(runs)
        if taken:
            parts[group.name] = _parts(taken)
        elif group.name in anchors.conflicts:
            conflicts[group.name] = anchors.conflicts[group.name]
        else:
            conflicts[group.name] = (
                "its routes stand one by one among others, so OpenAPI would list paths in another order; with --reorder"
                " they are moved all the same"
            )
    return Cut(parts, conflicts, frozenset(reordered))


def _runs(group: Group) -> list[list[Operation]]:
    """The group's routes, where they stand together."""
    runs = [[group.operations[0]]]
    for before, operation in pairwise(group.operations):
        if operation.position == before.position + 1:
            runs[-1].append(operation)
        else:
            runs.append([operation])
    return runs


def _taken(runs: Sequence[Sequence[Operation]]) -> list[Sequence[Operation]]:
    """Those of the runs that are worth a router; none if most routes of the group would stay behind."""
    total = sum(map(len, runs))
    single = sum(1 for run in runs if len(run) == 1)
    if len(runs) <= MANY_PARTS and (len(runs) == 1 or single * 2 < total):
        return list(runs)
    largest = sorted((run for run in runs if len(run) > 1), key=len, reverse=True)[:MANY_PARTS]
    return [run for run in runs if run in largest] if sum(map(len, largest)) * 2 >= total else []


def _parts(runs: Sequence[Sequence[Operation]]) -> tuple[Part, ...]:
    main = max(range(len(runs)), key=lambda index: (len(runs[index]), -index))
    roles = (*_EARLIER[len(_EARLIER) - main :], "", *_LATER)
    return tuple(Part(role, tuple(run), run[0].unit) for role, run in zip(roles, runs, strict=False))


class _Entry(NamedTuple):
    position: int
    template: str
    group: str
    """Empty for a route that stays."""
    called: str


class _Anchors(NamedTuple):
    """The position of the route in whose place a whole group is included, and why other groups cannot be."""

    positions: Mapping[str, int]
    conflicts: Mapping[str, str]


def _anchors_of(groups: Sequence[Group], operations: Sequence[Operation], table: Application) -> _Anchors:
    """Each group comes where its first route was, else where its last was; whatever other groups do.

    So the answer is the same for all groups at once and for one after the other. Methods do not count: where two paths
    overlap, the first decides what the `Allow` header of a 405 says.
    """
    entries = [
        _Entry(operation.position, operation.template, group.name, operation.path or "")
        for group in groups
        for operation in group.operations
    ]
    moved = {operation.position for group in groups for operation in group.operations}
    stay = [operation for operation in operations if operation.position not in moved]
    entries += [_Entry(operation.position, operation.template, "", operation.path or "") for operation in stay]
    entries += [_Entry(position, template, "", called) for position, template, called in unknown_to(operations, table)]
    pairs = [(a, b) for a, b in _pairs(entries) if may_overlap(a.template, b.template)]
    positions: dict[str, int] = {}
    conflicts: dict[str, str] = {}
    for group in groups:
        own = [operation.position for operation in group.operations]
        across = [(a, b) if a.group == group.name else (b, a) for a, b in pairs if group.name in (a.group, b.group)]
        at_first = [(x, y) for x, y in across if min(own) < y.position < x.position]
        at_last = [(x, y) for x, y in across if x.position < y.position < max(own)]
        if not at_first:
            positions[group.name] = min(own)
        elif not at_last:
            positions[group.name] = max(own)
        else:
            conflicts.setdefault(group.name, _conflict(*at_first[0]))
            # Nobody wants to read one of two domains that belong between each other's routes.
            for x, y in (*at_first, *at_last):
                if y.group:
                    conflicts.setdefault(y.group, _conflict(x, y))
    for a, b in pairs:
        if a.group in positions and b.group in positions:
            before, after = positions[a.group] < positions[b.group], a.position < b.position
            if before != after:
                conflicts.setdefault(a.group, _conflict(a, b))
                conflicts.setdefault(b.group, _conflict(a, b))
    return _Anchors({name: at for name, at in positions.items() if name not in conflicts}, conflicts)


def _conflict(a: _Entry, b: _Entry) -> str:
    first, second = sorted((a, b))
    return (
        f"route order conflict: `{first.called}` and `{second.called}` may match the same request, and as whole groups"
        " they cannot be kept in this order"
    )


def _pairs(entries: Sequence[_Entry]) -> Iterator[tuple[_Entry, _Entry]]:
    """All pairs of different groups, the earlier first, but for those whose first segments are plain and differ."""
    by_segment: dict[str, list[_Entry]] = {}
    free: list[_Entry] = []
    seen: list[_Entry] = []
    for entry in sorted(entries):
        segment = entry.template.split("/")[1] if "/" in entry.template else ""
        if "{" in segment:
            yield from [(other, entry) for other in seen if other.group != entry.group]
            free.append(entry)
        else:
            own = by_segment.setdefault(segment, [])
            yield from [(other, entry) for other in (*own, *free) if other.group != entry.group]
            own.append(entry)
        seen.append(entry)
