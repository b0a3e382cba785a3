"""No two modules import each other, as they are imported, that did not before.

Imports in functions and under `TYPE_CHECKING` do not count. A cycle can work, as long as it is entered on the right
side; which side that is depends on who imports what first, so a new one is said wherever it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from .modules import Side
from .problem import Problem


def check(before: Side, after: Side, changed: Collection[str]) -> Iterator[Problem]:
    """Through the imports that the changed files have gained."""
    said: set[frozenset[str]] = set()
    for path in sorted(changed):
        if not path.endswith(".py") or not after.has(path):
            continue
        known = {home for home, _ in before.runtime_imports(path)} if before.has(path) else set()
        for home, line in after.runtime_imports(path):
            if home in known:
                continue
            known.add(home)
            way = _way(after, home, path)
            if way is None or frozenset(way) in said or _went_round(before, path, home):
                continue
            said.add(frozenset(way))
            circle = " -> ".join([path, *way])
            yield Problem("cycle", path, line, f"a new import cycle: {circle}", _among(changed, [path, *way]))


def _among(changed: Collection[str], way: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted({path for path in way if path in changed}))


def _went_round(side: Side, path: str, home: str) -> bool:
    """Whether the two were in one cycle already."""
    return side.has(path) and side.has(home) and bool(_way(side, home, path)) and bool(_way(side, path, home))


def _way(side: Side, start: str, goal: str) -> list[str] | None:
    """The files that importing `start` goes through until it imports `goal`, both included."""
    came_from: dict[str, str | None] = {start: None}
    waiting = [start]
    while waiting:
        path = waiting.pop(0)
        if path == goal:
            way = []
            at: str | None = path
            while at is not None:
                way.append(at)
                at = came_from[at]
            return way[::-1]
        for home, _ in side.runtime_imports(path):
            if home not in came_from:
                came_from[home] = path
                waiting.append(home)
    return None
