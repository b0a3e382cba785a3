"""Tags, prefixes, and what paths look like."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator

from ..index import Module
from ..model import Argument
from ..reader import dotted
from .evidence import Evidence, Route, Router
from .model import MAJORITY, Observation, Place


def _values_of(module: Module, given: Argument) -> list[ast.expr]:
    node = module.expression(given.span)
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else []


def _includes(evidence: Evidence) -> Iterator[tuple[Module, Argument | None, Argument | None, Place, Router | None]]:
    """`tags` and `prefix` of each `include_router`, and what is included."""
    for module in evidence.modules:
        for call in module.facts.calls:
            if call.method == "include_router":
                positional = call.call.positional
                given = call.call.argument("router") or (positional[0] if positional else None)
                written = module.code(given.span) if given is not None else ""
                included = (
                    evidence.router_of(module, written, call.scopes) if re.fullmatch(r"[\w.]+", written) else None
                )
                place = Place(module.path, call.line)
                yield module, call.call.argument("tags"), call.call.argument("prefix"), place, included


def _tags(evidence: Evidence) -> Iterator[tuple[str, Module, Argument, Place, object]]:
    """Where it is given, and for what."""
    for router in evidence.counted_routers(applications=False):
        if given := router.assignment.call.argument("tags"):
            yield "APIRouter", router.module, given, router.place, router.place
    for module, tags, _, place, _ in _includes(evidence):
        if tags is not None:
            yield "include_router", module, tags, place, place
    for route in evidence.routes:
        if given := route.call.argument("tags"):
            yield "route decorator", route.module, given, route.place, route.receiver


def tags_place(evidence: Evidence) -> Iterator[Observation]:
    seen = set()
    for variant, _, _, place, owner in _tags(evidence):
        if (variant, owner) not in seen:
            seen.add((variant, owner))
            yield variant, place


_SEVERAL_WORDS = {"-": "kebab-case", "_": "snake_case", " ": "lower case words"}


def tags_case(evidence: Evidence) -> Iterator[Observation]:
    places: dict[str, Place] = {}
    members: dict[str, Place] = {}
    for _, module, given, place, _ in _tags(evidence):
        for value in _values_of(module, given):
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                places.setdefault(value.value, place)
            elif isinstance(value, ast.Attribute) and dotted(value):
                members.setdefault(dotted(value), place)
    cases = {tag: _case(tag) for tag in places}
    # One word in lower case goes with any of these, so with the one that most tags of several words have.
    several = Counter(case for case in cases.values() if case in _SEVERAL_WORDS.values()).most_common(1)
    total = sum(case in _SEVERAL_WORDS.values() for case in cases.values())
    single = several[0][0] if several and several[0][1] >= MAJORITY * total else "lowercase"
    for tag, place in places.items():
        yield single if cases[tag] == "lowercase" else cases[tag], place
    for place in members.values():
        yield "attribute", place


def _case(tag: str) -> str:
    if not any(character.isalpha() for character in tag):
        return "other"
    if tag.islower():
        return next((case for mark, case in _SEVERAL_WORDS.items() if mark in tag), "lowercase")
    if tag.isupper() and len(tag) > 1:
        return "UPPER CASE"
    return "Title Case" if tag[0].isupper() else "other"


def prefix_place(evidence: Evidence) -> Iterator[Observation]:
    with_prefix = set()
    for router in evidence.counted_routers(applications=False):
        given = router.assignment.call.argument("prefix")
        if _is_given(router.module, given):
            with_prefix.add((router.module.path, router.assignment.line))
            yield "APIRouter", router.place
    for module, _, prefix, place, included in _includes(evidence):
        if _is_given(module, prefix):
            if included is not None:
                with_prefix.add((included.module.path, included.assignment.line))
            yield "include_router", place
    by_router: dict[object, list[Route]] = {}
    for route in evidence.routes:
        on = route.router
        if on is not None and not on.is_application:
            by_router.setdefault((on.module.path, on.assignment.line), []).append(route)
    for key, routes in by_router.items():
        starts = {_first_segment(route.path()) for route in routes}
        if key not in with_prefix and len(routes) > 1 and len(starts) == 1 and starts.isdisjoint((None, "")):
            yield "written in each path", routes[0].place


def _first_segment(path: str | None) -> str | None:
    """None where it cannot be a prefix: computed, or a parameter."""
    return None if path is None or not path.startswith("/") or path.startswith("/{") else path.split("/")[1]


_VERSION = re.compile(r"(?i)(?:/|_|\b)v\d+(?![a-z])")


def version_prefix(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.counted_routers(applications=False):
        given = router.assignment.call.argument("prefix")
        if given is not None and _VERSION.search(router.module.code(given.span)):
            yield "APIRouter", router.place
    for module, _, prefix, place, _ in _includes(evidence):
        if prefix is not None and _VERSION.search(module.code(prefix.span)):
            yield "include_router", place
    for route in evidence.routes:
        path = route.path()
        if path is not None and _VERSION.match(path):
            yield "written in each path", route.place


def trailing_slash(evidence: Evidence) -> Iterator[Observation]:
    """How collections are spelled, `/items/` or `/items`; where there are none, all paths that end in no parameter."""
    collections: list[Observation] = []
    others: list[Observation] = []
    items = _paths_of_items(evidence)
    for route in evidence.routes:
        path = route.path()
        if path is None or route.is_websocket or path.rstrip("/").endswith("}"):
            continue
        if path in ("", "/"):
            # Of a router with a prefix it is the collection, elsewhere the root of everything.
            if _has_prefix(evidence, route):
                collections.append(("with slash" if path else "without slash", route.place))
            continue
        seen = ("with slash" if path.endswith("/") else "without slash", route.place)
        is_collection = (route.receiver, path.rstrip("/")) in items
        (collections if is_collection else others).append(seen)
    yield from collections or others


def _paths_of_items(evidence: Evidence) -> set[tuple[object, str]]:
    """`/items` for each route `/items/{id}`, with what it is registered on."""
    found: set[tuple[object, str]] = set()
    for route in evidence.routes:
        path = route.path() or ""
        found.update((route.receiver, path[: match.start()]) for match in _PARAMETER.finditer(path))
    return found


_PARAMETER = re.compile(r"/\{")


def _has_prefix(evidence: Evidence, route: Route) -> bool:
    if route.router is None or route.router.is_application:
        return False
    return _is_given(route.router.module, route.router.assignment.call.argument("prefix")) or (
        route.router.module.path,
        route.router.assignment.line,
    ) in _included_with_prefix(evidence)


def _included_with_prefix(evidence: Evidence) -> frozenset[tuple[str, int]]:
    def find() -> frozenset[tuple[str, int]]:
        return frozenset(
            (included.module.path, included.assignment.line)
            for module, _, prefix, _, included in _includes(evidence)
            if included is not None and _is_given(module, prefix)
        )

    return evidence.once("routers included with a prefix", find)


def _is_given(module: Module, prefix: Argument | None) -> bool:
    return prefix is not None and module.code(prefix.span) not in ('""', "''")
