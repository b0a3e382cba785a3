"""Which route answers which path and method: asked of the routes' own `matches`, in order, as a router does."""

from __future__ import annotations

import re
from typing import Any

from .description import Routes

SAMPLES = {
    "int": "1",
    "float": "1.5",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "path": "p/q",
    "str": "x1",
}
PARAMETER = re.compile(r"{([a-zA-Z_][a-zA-Z0-9_]*)(?::([a-zA-Z_][a-zA-Z0-9_]*))?}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Table:
    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        found = {method for route, _ in routes.entries for method in getattr(route, "methods", None) or ()}
        self.methods = [*METHODS, *sorted(found - set(METHODS))]

    def paths(self, most: int) -> tuple[list[str], int]:
        """Concrete paths of every template, also with the literals of each other template that they match: where two
        routes want one path, it is among these."""
        templates = []
        for route, base in self.routes.entries:
            path = base + (getattr(route, "path", None) or "")
            if path not in templates:
                templates.append(path)
        found: dict[str, None] = {}
        segments = {template: template.split("/") for template in templates}
        for template in templates:
            sample = filled(template)
            found[sample] = None
            found[sample[:-1] if sample.endswith("/") else sample + "/"] = None
        for one in templates:
            if "{" not in one:
                continue
            for other in templates:
                if one is not other:
                    merged = merge(segments[one], segments[other])
                    if merged is not None:
                        found[merged] = None
        found.pop("", None)
        paths = list(found)
        return paths[:most], max(0, len(paths) - most)

    def decide(self, path: str) -> dict[str, Any]:
        """By method, the number of the route; `405`, `redirect` or `404` without one. All methods that are decided
        alike are one entry."""
        decided: dict[str, list[str]] = {}
        for method in self.methods:
            scope = {
                "type": "http", "method": method, "path": path, "raw_path": path.encode(), "root_path": "",
                "headers": [(b"host", b"testserver")], "query_string": b"", "path_params": {}, "app_root_path": "",
            }  # fmt: skip
            decided.setdefault(str(self.first(self.routes.top, self.routes.low, scope)), []).append(method)
        socket = self.first(
            self.routes.top, [], {
                "type": "websocket", "path": path, "raw_path": path.encode(), "root_path": "",
                "headers": [(b"host", b"testserver")], "query_string": b"", "path_params": {}, "app_root_path": "",
            }
        )  # fmt: skip
        if isinstance(socket, int):
            decided.setdefault(str(socket), []).append("WEBSOCKET")
        return decided

    def first(self, level: list[Any], low: list[Any], scope: dict[str, Any]) -> Any:
        partial = None
        for route, number, below in level:
            match, child = matches(route, scope)
            if match == 2:
                if below is not None:
                    inner = dict(scope)
                    inner.update(child)
                    return self.first(below, [], inner)
                return number
            if match == 1 and partial is None:
                partial = "405"
        if partial is not None:
            return partial
        path = scope["path"]
        if scope["type"] == "http" and path != "/":
            toggled = dict(scope, path=path.rstrip("/") if path.endswith("/") else path + "/")
            if any(matches(route, toggled)[0] for route, _, _ in level):
                return "redirect"
        for route, number, _ in low:
            if matches(route, scope)[0]:
                return number
        return "404"


def matches(route: Any, scope: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """0 no, 1 but for the method, 2 yes. A route context has no `matches` of its own."""
    target = getattr(route, "_effective_route", route)
    try:
        match, child = target.matches(dict(scope))
    except Exception:
        return 0, {}
    return int(match.value), child


def filled(template: str) -> str:
    return PARAMETER.sub(lambda found: SAMPLES.get(found.group(2) or "str", "x1"), template)


def merge(one: list[str], other: list[str]) -> str | None:
    """A path that both templates may match, with the literals of either; None if there is none segment by segment."""
    if len(one) != len(other):
        return tail(one, other)
    merged, gained = [], False
    for mine, theirs in zip(one, other):
        if mine == theirs:
            merged.append(filled(mine))
        elif "{" in mine and "{" not in theirs:
            merged.append(theirs)
            gained = True
        elif "{" in theirs and "{" not in mine:
            merged.append(mine)
        elif "{" in mine and "{" in theirs:
            merged.append(filled(narrower(mine, theirs)))
            gained = True
        else:
            return None
    return "/".join(merged) if gained else None


def narrower(mine: str, theirs: str) -> str:
    """Of two segments with parameters, the one that fewer texts match: one with a type or with literal text."""

    def freedom(segment: str) -> int:
        found = PARAMETER.fullmatch(segment)
        return 0 if found is None else {"str": 2, None: 2, "path": 3}.get(found.group(2), 1)

    return min(mine, theirs, key=freedom)


def tail(one: list[str], other: list[str]) -> str | None:
    """A `{rest:path}` at the end takes what the other has there."""
    if ":path}" not in one[-1] or len(other) < len(one):
        return None
    return merge([*one[:-1], *["{x}"] * (len(other) - len(one) + 1)], other)
