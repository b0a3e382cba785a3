"""Every route can be reached.

A route is found that no request comes to, because a route in front of it takes all of its requests: `/users/me` behind
`/users/{user_id}`, a route registered twice, an API behind static files mounted at `/`. The message names both places.

## Why

Starlette takes the first route that matches path and method. What stands behind it is served never, and what is
answered instead (`/users/me` as a user with the id `me`, most often 422) looks like a fault of the client. A parameter
that is annotated `int` does not help: the path decides first, the annotation validates later. `{user_id:int}` in the
path does.

## Left alone

- Routes of which path or methods are not certain, and routes in front that are registered under a condition.
- Mounted applications, except for static files.
- Routes that tests register.

## Safety

It only reports: which of the two routes is meant to answer is for you to say. Mostly the one without the parameter,
which is then registered first.

See <https://fastapi.tiangolo.com/tutorial/path-params/#order-matters>.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.operations import APPLICATION, ROUTER, Operation, operations_of
from ...project.paths import covers
from ...project.routes import Application, Route, applications_of, likely_applications
from ...source.discovery import is_test

# Doubts that have to do with neither path nor order.
_HARMLESS = re.compile(r"dependenc|\btags\b|\bname is not known|\bstatus\b|operation id")
_MOUNTS_FILES_AT_ROOT = re.compile(rb"\.mount\(\s*(?:path\s*=\s*)?[\"']/?[\"']\s*,\s*(?:app\s*=\s*)?StaticFiles")
_PARAMETER = re.compile(r"{(\w+)}")
_CONVERTERS = {"int": "int", "float": "float", "UUID": "uuid"}


class RouteShadowing(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        if not _may_shadow(project):
            return
        if not any(True for application in likely_applications(project) for _ in _unreachable(application)):
            return
        seen: set[tuple[str, int, str, int]] = set()
        for application in applications_of(project):
            for route, method, by in _unreachable(application):
                key = route.file, route.line, by.file, by.line
                module = project.glance(route.file)
                if key in seen or module is None:
                    continue
                seen.add(key)
                yield self.finding(
                    module.location(route.line, 1, route.line),
                    _message(project, route, method, by),
                    anchor=f"{method} {route.path} {route.endpoint}",
                )


def _unreachable(application: Application) -> Iterator[tuple[Route, str, Route]]:
    """Routes that no request comes to, with a method and the route that takes its requests."""
    earlier: dict[str, list[Route]] = {}
    mounts: list[Route] = []
    for route in application.routes:
        if route.path is None or not all(_HARMLESS.search(doubt) for doubt in route.doubts) or is_test(route.file):
            continue
        if route.kind == "mount":
            if route.endpoint.rpartition(".")[2] == "StaticFiles" and not route.is_conditional:
                mounts.append(route)
            continue
        if route.kind in ("websocket", "frontend") or not route.methods:
            continue
        by = [_first(route, [*earlier.get(method, ()), *mounts]) for method in route.methods]
        if by and all(found is not None for found in by) and by[0] is not None:
            yield route, route.methods[0], by[0]
        elif not route.is_conditional:
            for method in route.methods:
                earlier.setdefault(method, []).append(route)


def _first(route: Route, earlier: Iterable[Route]) -> Route | None:
    """The first of the routes in front that takes all requests of a route."""
    assert route.path is not None
    for other in earlier:
        if (other.file, other.line) == (route.file, route.line):
            continue  # the same decorator again, in a loop or by a second include
        assert other.path is not None
        template = f"{other.path.rstrip('/')}/{{path:path}}" if other.kind == "mount" else other.path
        if _may_cover(template, route.path) and covers(template, route.path):
            return other
    return None


def _may_cover(template: str, path: str) -> bool:
    """A quick look before the slow one: without a parameter that matches slashes, segments are as many and alike."""
    if template == path or ":" in template:
        return True
    if "{" not in template:
        return False
    own, other = template.split("/"), path.split("/")
    return len(own) == len(other) and all("{" in a or a == b for a, b in zip(own, other, strict=True))


def _message(project: Project, route: Route, method: str, by: Route) -> str:
    what = f"route {method} {route.path} is unreachable: "
    place = f"at {by.file}:{by.line}" if by.file != route.file else f"in line {by.line}"
    if by.kind == "mount":
        return f"{what}the static files mounted {place} take all requests from `{by.path or '/'}` on; mount them last"
    if by.path == route.path:
        other = "it is registered" if by.endpoint == route.endpoint else f"`{by.endpoint}` is registered"
        return f"{what}{other} for the same path {place}"
    advice = "; register this one first"
    module = project.glance(by.file)
    template = _with_converters(module, by) if module is not None else by.path
    if template != by.path and not covers(template or "", route.path or ""):
        advice += f", or write `{template}` there, as an annotation alone does not decide about routes"
    return f"{what}{by.path} of `{by.endpoint}` {place} takes its requests{advice}"


def _with_converters(module: Module, route: Route) -> str | None:
    """The route's path with what the annotations of its handler's parameters promise."""
    functions = [function for function in module.facts.functions if function.qualified_name == route.endpoint]
    if len(functions) != 1 or route.path is None:
        return route.path
    types = {
        parameter.name: module.code(parameter.annotation)
        for parameter in functions[0].parameters
        if parameter.annotation is not None
    }

    def converted(match: re.Match[str]) -> str:
        name = match.group(1)
        written = re.match(r"(?:[\w.]*\bAnnotated\[\s*)?(?:uuid\.)?(\w+)\s*(?:,|\Z)", types.get(name, ""))
        converter = _CONVERTERS.get(written.group(1)) if written else None
        return f"{{{name}:{converter}}}" if converter else match.group()

    return _PARAMETER.sub(converted, route.path)


class _Written(NamedTuple):
    path: str
    methods: frozenset[str]
    place: tuple[str, int]


class _Served(NamedTuple):
    path: str
    methods: frozenset[str]
    position: tuple[tuple[str, int], ...]
    """The includes on the way to the route, and the route: files and lines."""
    router: Symbol

    def may_take_requests_of(self, other: _Served) -> bool:
        if self.router == other.router or not self.methods & other.methods:
            return False
        for own, theirs in zip(self.position, other.position, strict=False):
            if own != theirs:
                if own[0] == theirs[0] and own[1] > theirs[1]:
                    return False  # it comes later in the same file
                break
        return _shadows(self.path, other.path)


def _may_shadow(project: Project) -> bool:
    """Whether the table of routes, which takes a second in a large project, is worth looking at.

    Routes of one router are compared by the paths that they are given, in the order of the text; those of different
    routers where their prefixes are plain, in any order.
    """
    if any(_MOUNTS_FILES_AT_ROOT.search(module.data) for module in project.modules()):
        return True
    by_router: dict[tuple[object, ...], list[_Written]] = {}
    prefixes = _prefixes(project)
    served: dict[int | None, list[_Served]] = {}
    # Stacked decorators are applied from the bottom up.
    for operation in sorted(operations_of(project), key=lambda o: (o.module.path, o.function.line, -o.decorator.line)):
        path = operation.path(project)
        if path is None or operation.method == "websocket" or is_test(operation.module.path):
            continue
        place = operation.module.path, operation.decorator.line
        written = _Written(path, _methods(operation), place)
        key = (
            (operation.router,)
            if operation.router is not None
            else (place[0], operation.receiver, operation.function.scopes)
        )
        of_router = by_router.setdefault(key, [])
        if any(other.methods & written.methods and _shadows(other.path, path) for other in of_router):
            return True
        of_router.append(written)
        if operation.router in prefixes:
            assert operation.router is not None
            prefix, position = prefixes[operation.router]
            full = _Served(prefix + path, written.methods, (*position, place), operation.router)
            served.setdefault(None if ":" in path else full.path.count("/"), []).append(full)
    return _any_shadows(served)


def _any_shadows(served: Mapping[int | None, Sequence[_Served]]) -> bool:
    """Whether a route may take the requests of one of another router, by the number of their slashes where known."""
    anywhere = served.get(None, ())
    for length, some in served.items():
        others = [*some, *anywhere] if length is not None else some
        for first in others:
            if "{" in first.path and any(first.may_take_requests_of(second) for second in some):
                return True
        if any(first.may_take_requests_of(second) for first in some for second in anywhere):
            return True
    return False


def _shadows(first: str, second: str) -> bool:
    return _may_cover(first, second) and covers(first, second)


def _methods(operation: Operation) -> frozenset[str]:
    if operation.method != "api_route":
        return frozenset({operation.method.upper()})
    given = operation.call.argument("methods")
    if given is None:
        return frozenset({"GET"})
    return frozenset(re.findall(r"\w+", operation.module.code(given.span).upper()))


def _prefixes(project: Project) -> dict[Symbol, tuple[str, tuple[tuple[str, int], ...]]]:
    """The prefix under which a router is served, as far as plain strings say, and where the includes on the way to it
    stand; for a router that is included more than once one of them."""
    own: dict[Symbol, str | None] = {}
    found: dict[Symbol, tuple[str, tuple[tuple[str, int], ...]]] = {}
    for module in project.modules():
        for made in module.facts.assignments:
            symbol = Symbol(module.path, made.target)
            if made.scopes or symbol in own:
                continue
            cls = project.resolve(module, made.call.callee)
            if cls == Symbol(None, APPLICATION):
                own[symbol], found[symbol] = "", ("", ())
            elif cls == Symbol(None, ROUTER):
                given = made.call.argument("prefix")
                own[symbol] = "" if given is None else project.string(module, given.span)
    includes: dict[Symbol, list[tuple[Symbol, str, tuple[str, int]]]] = {}
    for module, call in project.calls("include_router"):
        given = call.call.argument("router") or (call.call.positional[0] if call.call.positional else None)
        code = module.code(given.span) if given else ""
        router = project.resolve(module, code, call.scopes) if re.fullmatch(r"[\w.]+", code) else None
        receiver = project.resolve(module, call.receiver, call.scopes)
        prefix = call.call.argument("prefix")
        text = "" if prefix is None else project.string(module, prefix.span)
        if router is not None and receiver is not None and text is not None:
            includes.setdefault(receiver, []).append((router, text, (module.path, call.line)))
    waiting = list(found)
    while waiting:
        around = waiting.pop()
        prefix_around, position = found[around]
        for router, text, place in includes.get(around, ()):
            inner = own.get(router)
            if inner is not None and router not in found:
                found[router] = f"{prefix_around}{text}{inner}", (*position, place)
                waiting.append(router)
    return found
