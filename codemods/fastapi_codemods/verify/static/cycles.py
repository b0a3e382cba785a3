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
    paths = [path for path in sorted(changed) if path.endswith(".py") and after.has(path)]
    now, then = _Circles(after), _Circles(before)
    for path in paths:
        known = {home for home, _ in before.runtime_imports(path)} if before.has(path) else set()
        for home, line in after.runtime_imports(path):
            if home in known:
                continue
            known.add(home)
            if not now.hold(path, home) or then.hold(path, home):
                continue
            way = _way(after, home, path)
            if way is None or frozenset(way) in said:
                continue
            said.add(frozenset(way))
            circle = " -> ".join([path, *way])
            yield Problem("cycle", path, line, f"a new import cycle: {circle}", _among(changed, [path, *way]))


class _Circles:
    """Which files of one side import each other: the strongly connected components of its imports, found where they
    are asked for, each file once (R. Tarjan, Depth-First Search and Linear Graph Algorithms, 1972)."""

    def __init__(self, side: Side) -> None:
        self._side = side
        self._number: dict[str, int] = {}
        self._circle: dict[str, str] = {}
        """Of every file one of those that it is in a circle with, the same for all of them."""

    def hold(self, one: str, other: str) -> bool:
        """Whether there is a circle through both."""
        return self._of(one) == self._of(other) is not None

    def _of(self, path: str) -> str | None:
        if not self._side.has(path):
            return None
        if path not in self._circle:
            self._walk(path)
        return self._circle[path]

    def _walk(self, start: str) -> None:
        lowest: dict[str, int] = {}
        open_files: list[str] = []
        around: list[tuple[str, Iterator[tuple[str, int]]]] = []

        def enter(path: str) -> None:
            self._number[path] = lowest[path] = len(self._number)
            open_files.append(path)
            around.append((path, iter(self._side.runtime_imports(path))))

        enter(start)
        while around:
            path, homes = around[-1]
            home = next(homes, (None, 0))[0]
            if home is not None:
                if home not in self._number:
                    enter(home)
                elif home not in self._circle:
                    lowest[path] = min(lowest[path], self._number[home])
                continue
            around.pop()
            if around:
                lowest[around[-1][0]] = min(lowest[around[-1][0]], lowest[path])
            if lowest[path] == self._number[path]:
                while open_files[-1] != path:
                    self._circle[open_files.pop()] = path
                self._circle[open_files.pop()] = path


def _among(changed: Collection[str], way: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted({path for path in way if path in changed}))


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
