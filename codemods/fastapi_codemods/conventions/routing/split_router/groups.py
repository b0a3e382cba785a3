"""Where to cut: the routes of one application or router by domain."""

from __future__ import annotations

import keyword
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ....errors import ConfigurationError
from ....project import Module, Project, Span
from ....project.model import Decorator, Function
from ....project.reader import ROUTE_METHODS
from ....project.routes import Application, Route, likely_applications
from .units import made_in_functions

_PLAIN = re.compile(r"""("[^"\\\r\n]*"|'[^'\\\r\n]*')""")
_GENERIC = re.compile(r"api|rest|v\d+(?:[._]\d+)?")
"""Segments that say nothing about a domain."""

MAJORITY = 0.8
"""Share of the operations from which on a leading segment tells none of them apart."""

ANYTHING = "/{rest:path}"


_CONVERTER = re.compile(r"{\w+:(\w+)}")
_CONVERTERS = frozenset({"float", "int", "path", "str", "uuid"})


class Operation(NamedTuple):
    """One route decorator of a function at module level."""

    function: Function
    decorator: Decorator
    written: str | None
    """The path, where it is a plain literal."""
    written_at: Span | None
    route: Route
    position: int
    """In the order in which the router tries its routes."""
    template: str
    """What it may match, as compared with the other routes of its router."""
    unit: int
    """The index of the handler's unit: of its statement, or behind those for one that a function makes."""

    @property
    def path(self) -> str | None:
        return self.written if self.written is not None else self.route.path


class Group(NamedTuple):
    """The operations of one domain."""

    name: str
    """A module's name: `users`."""
    label: str
    """As the tag or the path has it."""
    prefix: str
    """What all paths begin with, in whole segments; empty for none."""
    operations: tuple[Operation, ...]
    router: str
    """The name of the application or router whose routes they are."""
    is_named: bool
    """By the user, in the option `group`."""

    @property
    def statements(self) -> tuple[int, ...]:
        return tuple(sorted({operation.unit for operation in self.operations}))


class Wishes(NamedTuple):
    """What the user says about groups."""

    by: str
    named: Mapping[str, tuple[str, ...]]
    """Paths by the name of a group."""


def wishes_of(by: str, groups: Iterable[str]) -> Wishes:
    named: dict[str, tuple[str, ...]] = {}
    for text in groups:
        name, equals, paths = text.partition("=")
        wanted = tuple("/" + path.strip().strip("/") for path in paths.split(",") if path.strip())
        if not (equals and wanted and name.strip()):
            raise ConfigurationError(
                f"option group of split-router must be as in billing=/invoices,/payments, not {text!r}"
            )
        named[name.strip()] = wanted
    return Wishes(by, named)


def operations_of(module: Module, router: str, table: Application, factory: str = "") -> list[Operation]:
    """The routes that functions at module level, or in `factory`, register on `router`; others are not moved, only kept
    in order."""
    positions = {(route.file, route.line): (index, route) for index, route in enumerate(table.routes)}
    found: list[Operation] = []
    prefix_is_known = True
    if factory:
        handlers = [(unit, f) for unit, f in made_in_functions(module).items() if f.scopes[0].name == factory]
    else:
        every = module.facts.functions
        handlers = [(f.statement, f) for f in every if not (f.scopes or f.conditional or f.looped)]
    for unit, function in handlers:
        for decorator in function.decorators:
            receiver, _, method = decorator.name.rpartition(".")
            known = positions.get((module.path, decorator.line))
            if receiver == router and method in ROUTE_METHODS and decorator.call is not None and known is not None:
                written, span = _written_path(module, decorator)
                prefix_is_known = prefix_is_known and (written is None or known[1].path is not None)
                position, route = known
                found.append(Operation(function, decorator, written, span, route, position, template_of(route), unit))
    if not prefix_is_known:
        # All of them have it, so they may be compared without.
        return [operation._replace(template=operation.written or ANYTHING) for operation in found]
    return found


def _written_path(module: Module, decorator: Decorator) -> tuple[str | None, Span | None]:
    call = decorator.call
    if call is None or call.unpacks:
        return None, None
    argument = call.argument("path") or next(iter(call.positional), None)
    if argument is None or not _PLAIN.fullmatch(text := module.code(argument.span)):
        return None, None
    return text[1:-1], argument.span


class _Known(NamedTuple):
    """What tells the domain of a route: of one that is to be moved as of one that was moved by an earlier run."""

    path: str | None
    tag: str | None
    handler: str


def groups_of(operations: Sequence[Operation], wishes: Wishes, own_tags: int, table: Application) -> list[Group]:
    """The domains, in the order of their first route, those that the user names before all others, without functions
    that belong to none or to several."""
    by_function: dict[int, list[Operation]] = {}
    for operation in operations:
        by_function.setdefault(operation.unit, []).append(operation)
    keys = _Keys(_known(operations, own_tags, table), wishes)
    members: dict[tuple[str, ...], list[Operation]] = {}
    for own in by_function.values():
        found = {keys.of(_known_of(operation, own_tags)) for operation in own}
        if len(found) == 1 and (key := found.pop()) is not None:
            members.setdefault(key, []).extend(own)
    names: dict[tuple[str, ...], str] = {}
    for key in members:
        name = _identifier(key[-1])
        names[key] = name if name not in names.values() else _identifier("_".join([*key[1:][::-1]]))
    groups = [
        Group(
            names[key],
            key[-1],
            _prefix([o.written for o in own], keys.depth),
            tuple(sorted(own, key=lambda operation: operation.position)),
            own[0].decorator.name.rpartition(".")[0],
            key[0] == "group",
        )
        for key, own in members.items()
        if names[key]
    ]
    # What the user names has its name first.
    return sorted(groups, key=lambda group: (not group.is_named, group.operations[0].position))


def _known_of(operation: Operation, own_tags: int) -> _Known:
    return _Known(operation.path, _tag(operation.route, own_tags), operation.function.name)


def _known(operations: Sequence[Operation], own_tags: int, table: Application) -> list[_Known]:
    """Those of the operations, and of all routes that are included: so it is the same before and after some moved."""
    own_prefix = next(
        (
            operation.route.path.removesuffix(operation.written)
            for operation in operations
            if operation.written is not None and operation.route.path is not None
        ),
        "",
    )
    positions = {operation.position for operation in operations}
    known = [_known_of(operation, own_tags) for operation in operations]
    for position, route in enumerate(table.routes):
        if position not in positions and operations and route.file != operations[0].route.file:
            path = None if route.path is None else route.path.removeprefix(own_prefix)
            known.append(_Known(path, _tag(route, own_tags), route.endpoint.rpartition(".")[2]))
    return known


def _tag(route: Route, own_tags: int) -> str | None:
    return route.tags[own_tags] if route.tags is not None and len(route.tags) > own_tags else None


class _Keys:
    """Tells which group a route belongs to, as a tuple of its kind and its names, the last the one to show."""

    def __init__(self, routes: Sequence[_Known], wishes: Wishes) -> None:
        self.wishes = wishes
        self.common = _common([route.path for route in routes if route.path is not None])
        self.depth = len(self.common)
        tags: dict[tuple[str, ...], set[str | None]] = {}
        for route in routes:
            if (segment := self._segment(route.path)) is not None:
                tags.setdefault(segment, set()).add(route.tag)
        self.segments = frozenset(tags)
        # Where only some routes have a tag, it makes a group if it goes with the paths: all routes below `/invoices`
        # have the tag `billing`.
        self.tags = {segment: next(iter(found)) for segment, found in tags.items() if len(found) == 1}
        tagged = [route.tag for route in routes if route.tag is not None]
        if len(set(tagged)) < 2:
            self.tags = {}
        self.tags_decide = bool(self.tags) and len(tagged) >= MAJORITY * len(routes)
        self.nouns = frozenset(noun for route in routes if (noun := noun_of(route.handler)) is not None)
        self.names_decide = wishes.by == "name" or (not wishes.by and self._is_useless(routes))

    def _is_useless(self, routes: Sequence[_Known]) -> bool:
        """Whether tags and paths leave nearly every route alone, as in `/create_user`, `/delete_user`."""
        sizes = Counter(filter(None, map(self._of_tag_or_path, routes)))
        together = [size for size in sizes.values() if size > 1]
        return len(together) < 2 and sum(together) * 2 < len(routes)

    def of(self, route: _Known) -> tuple[str, ...] | None:
        path = route.path
        if path is None:
            return None
        for name, prefixes in self.wishes.named.items():
            if any(path == prefix or path.startswith(prefix + "/") for prefix in prefixes):
                return ("group", name)
        if self.names_decide:
            noun = noun_of(route.handler)
            plural = next((p for p in _plurals(noun) if p in self.nouns), noun) if noun is not None else None
            return None if plural is None else ("name", plural)
        return self._of_tag_or_path(route)

    def _of_tag_or_path(self, route: _Known) -> tuple[str, ...] | None:
        segment, tag = self._segment(route.path), route.tag
        if self.wishes.by == "tag":
            return None if tag is None else ("tag", tag)
        if self.wishes.by != "path":
            if segment is None or (self.tags_decide and tag is not None):
                return None if tag is None else ("tag", tag)
            if (shared := self.tags.get(segment)) is not None:
                return ("tag", shared)
        if segment is None:
            return None
        plural = (*segment[:-1], segment[-1] + "s")
        return ("path", *(plural if plural in self.segments else segment))

    def _segment(self, path: str | None) -> tuple[str, ...] | None:
        """The first segment that tells domains apart, behind the generic ones before it."""
        segments = _segments(path or "")
        if tuple(segments[: self.depth]) == self.common:
            segments = segments[self.depth :]
        generic: list[str] = []
        while segments and _GENERIC.fullmatch(segments[0]):
            generic.append(segments.pop(0))
        if not segments or not _is_static(segments[0]):
            return None
        return (*generic, segments[0])


_VERBS = frozenset(
    {
        "add", "all", "api", "async", "batch", "by", "change", "check", "clear", "count", "create", "current", "delete",
        "do", "download", "edit", "endpoint", "export", "fetch", "find", "generate", "get", "handle", "handler", "id",
        "import", "insert", "is", "list", "load", "make", "modify", "new", "on", "one", "patch", "post", "put", "query",
        "read", "register", "remove", "replace", "request", "reset", "retrieve", "route", "run", "save", "search",
        "send", "set", "show", "start", "stop", "store", "submit", "the", "update", "upload", "upsert", "validate",
        "view",
    }
)  # fmt: skip
"""Words of a handler's name that say what it does, and nothing about its domain."""


def noun_of(handler: str) -> str | None:
    """What the function is about, by its name: `user` of `create_user` and of `get_user_by_id`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", handler).lower().split("_")
    return next((word for word in words if word and word not in _VERBS and not word.isdigit()), None)


def _plurals(noun: str) -> tuple[str, ...]:
    return (f"{noun}s", f"{noun}es", f"{noun.removesuffix('y')}ies")


def _segments(path: str) -> list[str]:
    return path.split("/")[1:]


def _is_static(segment: str) -> bool:
    return bool(segment) and "{" not in segment and "}" not in segment


def is_generic(segment: str) -> bool:
    return _GENERIC.fullmatch(segment) is not None


def _common(paths: Sequence[str]) -> tuple[str, ...]:
    """The leading segments that nearly all paths share and that stand above domains: `api`, `v1`, a product's name."""
    common: tuple[str, ...] = ()
    while True:
        depth = len(common)
        below = [s for path in paths if tuple((s := _segments(path))[:depth]) == common and len(s) > depth + 1]
        counted = Counter(s[depth] for s in below if _is_static(s[depth]))
        if not counted:
            return common
        first, number = counted.most_common(1)[0]
        further = Counter(s[depth + 1] for s in below if s[depth] == first and _is_static(s[depth + 1]))
        domains = sum(1 for count in further.values() if count > 1)
        if number < MAJORITY * len(paths) or not (is_generic(first) or domains > 1):
            return common
        common = (*common, first)


def _prefix(paths: Sequence[str | None], depth: int) -> str:
    """What all of the paths begin with: the common segments and one more, as far as they agree."""
    if any(path is None or not path.startswith("/") for path in paths):
        return ""
    split = [_segments(path) for path in paths if path is not None]
    prefix: list[str] = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1 or not _is_static(parts[0]):
            break
        prefix.append(parts[0])
        if len(prefix) > depth and not is_generic(parts[0]):
            break
    return "".join(f"/{segment}" for segment in prefix)


def _identifier(label: str) -> str:
    name = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[0-9])(?=[A-Z][a-z])", "_", label)).strip("_").lower()
    if not name.isascii() or not name:
        return ""
    if name[0].isdigit():
        name = f"v{name}"
    return f"{name}_routes" if keyword.iskeyword(name) else name


def has_own_converter(group: Group) -> bool:
    """Whether a path needs a converter that some code must have registered before."""
    return any(
        converter not in _CONVERTERS
        for operation in group.operations
        for converter in _CONVERTER.findall(operation.path or "")
    )


def stands_for_one_domain(project: Project, module: Module, operations: Sequence[Operation], prefix: str) -> bool:
    """Whether the router's prefix, its own or that of its include, names a domain already: `/users`; or the module is
    named for what all of its paths begin with, as one that an earlier run made where the prefix is computed."""
    firsts = {next(iter(_segments(operation.path or "")), "") for operation in operations}
    if len(firsts) == 1 and (first := firsts.pop()) and _is_static(first) and not is_generic(first):
        stem = module.path.rpartition("/")[2].removesuffix(".py")
        if (named := _identifier(first)) and re.search(rf"(?:^|_){re.escape(named)}$", stem):
            return True
    lines = {operation.decorator.line: operation for operation in operations}
    prefixes = [prefix]
    for application in likely_applications(project):
        for route in application.routes:
            operation = lines.get(route.line) if route.file == module.path else None
            if operation is not None and route.path and operation.route.path is not None:
                prefixes.append(prefix + route.path.removesuffix(operation.route.path))
                break
    return any(any(_is_static(s) and not is_generic(s) for s in _segments(found)) for found in prefixes)


def unknown_to(operations: Sequence[Operation], table: Application) -> Iterator[tuple[int, str, str]]:
    """The routes of the table that are none of `operations`: position, template and what to call it."""
    known = {operation.position for operation in operations}
    for position, route in enumerate(table.routes):
        if position not in known:
            yield position, template_of(route), route.path or "routes that are not known"


def template_of(route: Route) -> str:
    """What the route may match: for a mount, and for what is not known, everything below its path."""
    if route.path is None:
        return ANYTHING
    if route.kind in ("mount", "unknown"):
        return route.path.rstrip("/") + ANYTHING
    return route.path
