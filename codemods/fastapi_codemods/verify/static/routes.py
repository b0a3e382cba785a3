"""No route is lost, new or called otherwise, none has lost a dependency, and no two that match one path have changed
places: the effective route tables before and after, as far as they are certain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ...project import Project
from ...project.paths import common_path
from ...project.routes import Application, DependencyUse, Route, applications_of
from .problem import Examination, Problem


def compare(before: Project, after: Project, changed: Collection[str] = ()) -> Examination:
    """Applications are compared, and routers that no application serves on either side."""
    problems: list[Problem] = []
    not_judged: list[str] = []
    for old, new in _pairs(applications_of(before), applications_of(after)):
        if new is None:
            problems.append(
                Problem(
                    "route",
                    old.file,
                    old.line,
                    f"the application `{old.name}` with its routes is gone",
                    _causes(changed, old.file),
                )
            )
            continue
        table = _Comparison(old, new, changed)
        problems += table.problems()
        not_judged += table.not_judged()
    return Examination(tuple(problems), tuple(dict.fromkeys(not_judged)))


def _pairs(
    before: Sequence[Application], after: Sequence[Application]
) -> Iterator[tuple[Application, Application | None]]:
    left = list(after)
    waiting = []
    for old in before:
        new = next((new for new in left if new.name == old.name and new.is_router == old.is_router), None)
        if new is None:
            waiting.append(old)
        else:
            left.remove(new)
            yield old, new
    left = [new for new in left if not new.is_router]
    for old in waiting:
        if old.is_router:
            continue  # moved, or served by now
        # One that moved or is made by a factory now has the most routes in common.
        new = max(left, key=lambda new: len(_keys(old) & _keys(new)), default=None)
        if new is not None and (_keys(old) & _keys(new) or not old.routes):
            left.remove(new)
            yield old, new
        elif old.routes:
            yield old, None


def _keys(application: Application) -> set[tuple[str, str | None]]:
    return {(method, route.path) for route in application.routes for method in _methods(route)}


class _Key(NamedTuple):
    method: str
    path: str
    occurrence: int

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" (the {self.occurrence + 1}. of them)" if self.occurrence else "")


def _methods(route: Route) -> tuple[str, ...]:
    match route.kind:
        case "websocket" | "websocket_route":
            return ("WEBSOCKET",)
        case "mount":
            return ("MOUNT",)
        case _:
            return route.methods or ("ANY",)


def _listed(application: Application) -> dict[_Key, tuple[int, Route]]:
    """The routes whose path is known, by method, path and how many of those came before, with their places."""
    found: dict[_Key, tuple[int, Route]] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for index, route in enumerate(application.routes):
        if route.path is None:
            continue
        for method in _methods(route):
            found[_Key(method, route.path, counts[method, route.path])] = (index, route)
            counts[method, route.path] += 1
    return found


def _causes(changed: Collection[str], *files: str) -> tuple[str, ...]:
    """Those that were changed; none where the routes are as written, and something else serves them otherwise."""
    return tuple(sorted({file for file in files if file in changed}))


class _Comparison:
    def __init__(self, before: Application, after: Application, changed: Collection[str]) -> None:
        self.before = before
        self.after = after
        self.changed_files = changed
        self.old = _listed(before)
        self.new = _listed(after)

    def not_judged(self) -> Iterator[str]:
        """The routes that are not certain, those with one reason together."""
        by_doubt: dict[str, list[Route]] = {}
        for route in self.after.routes:
            if route.doubts:
                by_doubt.setdefault("; ".join(route.doubts), []).append(route)
        for doubt, routes in by_doubt.items():
            first = routes[0]
            more = f" and {len(routes) - 1} more" if len(routes) > 1 else ""
            place = f"{first.file}:{first.line}"
            yield f"{place}: {_spelled(first)}{more} of `{self.after.name}` cannot be judged from the text: {doubt}"

    def problems(self) -> Iterator[Problem]:
        yield from self.lost_and_new()
        for key in self.old:
            if key in self.new:
                yield from self.changed(key)
        yield from self.order()

    def lost_and_new(self) -> Iterator[Problem]:
        lost = [key for key in self.old if key not in self.new]
        new = [key for key in self.new if key not in self.old]
        # What is not certain may be any of those.
        unknown_before = self.is_open(self.before)
        unknown_after = self.is_open(self.after)
        for key in lost:
            _, route = self.old[key]
            if not route.is_certain and (unknown_after or route.doubts):
                continue
            instead = next(
                (other for other in new if self.is_same_handler(route, self.new[other][1], key, other)), None
            )
            if instead is not None:
                new.remove(instead)
                now = self.new[instead][1]
                yield self.problem("route", now, f"{key} of `{route.endpoint}` has become {instead}", route)
            elif not unknown_after:
                yield self.problem("route", route, f"the route {key} (`{route.endpoint}`) is gone")
        for key in new:
            _, route = self.new[key]
            if not unknown_before and not route.doubts:
                yield self.problem("route", route, f"the route {key} (`{route.endpoint}`) was not there before")

    @staticmethod
    def is_open(application: Application) -> bool:
        return bool(application.doubts) or any(route.path is None for route in application.routes)

    @staticmethod
    def is_same_handler(old: Route, new: Route, old_key: _Key, new_key: _Key) -> bool:
        return old.endpoint.rpartition(".")[2] == new.endpoint.rpartition(".")[2] and (
            old_key.method == new_key.method or old_key.path == new_key.path
        )

    def changed(self, key: _Key) -> Iterator[Problem]:
        """What is not the same of a route that is on both sides."""
        (_, old), (_, new) = self.old[key], self.new[key]
        if old.endpoint.rpartition(".")[2] != new.endpoint.rpartition(".")[2] and old.name != new.name:
            what = f"{key} is answered by `{new.endpoint}` (route name `{new.name}`), before by `{old.endpoint}`"
            yield self.problem("route", new, what + f" (`{old.name}`)", old)
        elif old.name is not None and new.name is not None and old.name != new.name:
            yield self.problem("route", new, f"the name of {key} was `{old.name}` and is `{new.name}` now", old)
        if old.doubts or new.doubts:
            return
        for what, was, now in (
            ("operation id", old.operation_id, new.operation_id),
            ("status", old.status or 200, new.status or 200),
            ("tags", old.tags, new.tags),
            ("place in the schema", old.include_in_schema, new.include_in_schema),
            ("response class", old.response_class, new.response_class),
        ):
            if was != now and was is not None and now is not None and old.name == new.name:
                yield self.problem("route", new, f"the {what} of {key} was {_shown(was)} and is {_shown(now)} now", old)
        yield from self.dependencies(key, old, new)

    def dependencies(self, key: _Key, old: Route, new: Route) -> Iterator[Problem]:
        had = [_said(use) for use in old.in_execution_order]
        has = [_said(use) for use in new.in_execution_order]
        if had == has:
            return
        lost, gained = Counter(had) - Counter(has), Counter(has) - Counter(had)
        for name in lost:
            yield self.problem("dependency", new, f"{key} has lost its dependency {name}", old)
        for name in gained:
            if name == "`<lambda>`" and name in had:
                continue  # two in one line are taken for one
            yield self.problem("injection", new, f"{key} has a dependency that it did not have before: {name}", old)
        if not lost and not gained:
            order = f"{', '.join(has)}; before: {', '.join(had)}"
            yield self.problem("injection", new, f"the dependencies of {key} run in another order: {order}", old)

    def order(self) -> Iterator[Problem]:
        """Pairs of routes that can match one request and have changed places."""
        shared = [key for key in self.old if key in self.new]
        places = [self.new[key][0] for key in shared]
        if places == sorted(places):
            return
        said: set[tuple[int, int]] = set()
        for later in range(1, len(shared)):
            for earlier in range(later):
                if places[earlier] <= places[later] or (places[earlier], places[later]) in said:
                    continue
                first, second = shared[earlier], shared[later]
                both = _both_match(first, second)
                if both is not None and self.old[first][0] != self.old[second][0]:
                    said.add((places[earlier], places[later]))
                    what = f"{second} now comes before {first}; both match {both}, which the latter answered before"
                    yield self.problem(
                        "order", self.new[second][1], what, self.new[first][1], self.old[first][1], self.old[second][1]
                    )

    def problem(self, kind: str, route: Route, what: str, *others: Route) -> Problem:
        files = (route.file, *(other.file for other in others))
        return Problem(kind, route.file, route.line, what, _causes(self.changed_files, *files))


def _both_match(first: _Key, second: _Key) -> str | None:
    """A request path that both answer, if they answer a common method."""
    one, other = first.path, second.path
    if first.method == "MOUNT":
        one += "/{path:path}"
    if second.method == "MOUNT":
        other += "/{path:path}"
    elif first.method != "MOUNT" and first.method != second.method and "ANY" not in (first.method, second.method):
        return None
    return common_path(one, other)


def _said(use: DependencyUse) -> str:
    parts = [f"`{use.name}`"]
    if use.scopes:
        parts.append(f"with the scopes {' '.join(use.scopes)}")
    if use.scope:
        parts.append(f"with scope {use.scope}")
    if not use.use_cache:
        parts.append("not cached")
    return " ".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    return f"`{value}`"


def _spelled(route: Route) -> str:
    return f"{'/'.join(_methods(route))} {route.path or '?'} (`{route.endpoint}`)"
