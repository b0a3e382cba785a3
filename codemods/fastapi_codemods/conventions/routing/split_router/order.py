"""Where the include of each group may stand, so that no request is answered by another route than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ....project.paths import may_overlap
from ....project.routes import Application
from .groups import Group, Operation, unknown_to


class _Entry(NamedTuple):
    position: int
    template: str
    group: str
    """Empty for a route that stays."""
    called: str


class Anchors(NamedTuple):
    """The position of the route in whose place a group is included, and why other groups cannot be."""

    positions: Mapping[str, int]
    conflicts: Mapping[str, str]


def anchors_of(groups: Sequence[Group], operations: Sequence[Operation], table: Application) -> Anchors:
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
    pairs = [(a, b) for a, b in _pairs(entries) if a.group != b.group and may_overlap(a.template, b.template)]
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
    return Anchors({name: at for name, at in positions.items() if name not in conflicts}, conflicts)


def _conflict(a: _Entry, b: _Entry) -> str:
    first, second = sorted((a, b))
    return (
        f"route order conflict: `{first.called}` and `{second.called}` may match the same request, and as whole groups"
        " they cannot be kept in this order"
    )


def _pairs(entries: Sequence[_Entry]) -> Iterator[tuple[_Entry, _Entry]]:
    """All pairs, the earlier first, but for those whose first segments are plain and differ."""
    by_segment: dict[str, list[_Entry]] = {}
    free: list[_Entry] = []
    seen: list[_Entry] = []
    for entry in sorted(entries):
        segment = entry.template.split("/")[1] if "/" in entry.template else ""
        if "{" in segment:
            yield from ((other, entry) for other in seen)
            free.append(entry)
        else:
            own = by_segment.setdefault(segment, [])
            yield from ((other, entry) for other in (*own, *free))
            own.append(entry)
        seen.append(entry)
