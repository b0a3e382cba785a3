"""What an application serves: prefixes, tags and dependencies put together by the rules of `fastapi.routing`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..evaluation import LAZY_INCLUDES_SINCE, Evaluation, status_of
from ..index import Project
from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Event,
    Function,
    Instance,
    Items,
    Made,
    Member,
    Record,
    Router,
    Scope,
    Value,
    known,
    text_of,
)
from .dependencies import Dependencies
from .naming import endpoint_name, is_coroutine, is_method_unbound, name_given, name_of, route_name
from .options import both, joined, listed_values, tags_of, text_or_default
from .table import Application, Route

ELSEWHERE = "it is registered by a module that the others do not import"


class _Context(NamedTuple):
    """What the things around a route add to it, the outermost first."""

    mount: str = ""
    """The path of the mounts around the application: no part of operation ids."""
    prefix: str | None = ""
    tags: tuple[str, ...] | None = ()
    dependencies: tuple[tuple[Value, Scope | None], ...] = ()
    doubts: tuple[str, ...] = ()
    is_conditional: bool = False
    is_looped: bool = False
    include_in_schema: bool | None = True
    options: tuple[Arguments, ...] = ()
    """Of what is around the route, the innermost first: for response class and operation ids."""
    before: int | None = None
    """Events from this number on came after the router was included."""

    def doubting(self, *doubts: str) -> _Context:
        return self._replace(doubts=(*self.doubts, *(doubt for doubt in doubts if doubt not in self.doubts)))


def _unknown_routes(event: Event, context: _Context, doubt: str) -> Route:
    """An entry for routes of which only the place is known."""
    return Route(
        "unknown",
        _mounted_at(context, context.prefix),
        (),
        None,
        None,
        context.tags,
        None,
        None,
        None,
        context.include_in_schema,
        "",
        None,
        (),
        event.path,
        event.line,
        context.is_conditional or event.is_conditional,
        context.is_looped or event.is_looped,
        (*context.doubts, doubt) if doubt else context.doubts,
    )


def _mounted_at(context: _Context, path: str | None) -> str | None:
    return None if path is None else context.mount + path


def _is_without_routes(mounted: Value) -> bool:
    """Whether all that is mounted is in the table: of another application, and of files."""
    if isinstance(mounted, Made) and mounted.callee.name.rpartition(".")[2] == "StaticFiles":
        return True
    return isinstance(mounted, Router | Function)


def _of_what_is_included(router: Router, around: frozenset[int]) -> Iterator[str]:
    """Why there may be more routes on a router, or on one that it includes."""
    for event in router.events:
        if event.kind == "unknown":
            yield from event.doubts
        elif event.kind in ("include", "mount") and isinstance(event.target, Router) and id(router) not in around:
            yield from _of_what_is_included(event.target, around | {id(router)})


class Tables(Dependencies):
    """The tables of all applications and routers that an evaluation found."""

    def __init__(self, project: Project, evaluation: Evaluation) -> None:
        super().__init__(evaluation)
        self.project = project
        self.copies = not project.versions.supports_fastapi(LAZY_INCLUDES_SINCE)
        self._served: set[int] = set()

    def applications(self) -> tuple[Application, ...]:
        found = [self._application(router) for router in self.evaluation.routers if router.is_application]
        found += [
            self._application(router)
            for router in self.evaluation.routers
            if not router.is_application and id(router) not in self._served and router.events
        ]
        return tuple(dict.fromkeys(found))  # a factory that is called twice makes the same application twice

    def table_of(self, router: Router) -> Application:
        served = set(self._served)
        table = self._application(router)
        self._served = served
        return table

    def _application(self, router: Router) -> Application:
        module = self.project.dotted_name(router.module.path)
        name = f"{router.function}()" if router.function else router.name or "?"
        routes = (
            *self._routes(router, _Context(), frozenset()),
            *self._frontends(router, _Context(), frozenset()),
        )
        handed_on = list(_of_what_is_included(router, frozenset()))
        handed_on += [
            f"mounts `{name_of(event.target) or '?'}`, of which no routes are known"
            for event in router.events
            if event.kind == "mount" and not _is_without_routes(event.target)
        ]
        doubts = tuple(dict.fromkeys((*router.doubts, *handed_on)))
        if self.evaluation.is_replaced(router):
            doubts = (*doubts, "another one has its name in the end")
        return Application(
            f"{module}:{name}", router.module.path, router.line, not router.is_application, routes, doubts
        )

    def _routes(self, router: Router, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        self._served.add(id(router))
        if id(router) in around:
            return
        around |= {id(router)}
        for event, inner, outer in self._events(router, context):
            if event.kind == "include":
                yield from self._included(event, inner, around)
            elif event.kind == "mount" and self.copies and context.before is not None:
                continue  # mounts were left out
            elif event.kind == "mount":
                yield from self._mounted(event, outer, around)
            elif event.kind in ("route", "websocket_route"):
                yield self._starlette_route(event, outer)
            elif event.kind in ("operation", "websocket"):
                yield self._route(event, inner)

    def _events(self, router: Router, context: _Context) -> Iterator[tuple[Event, _Context, _Context]]:
        """What is registered on a router, with and without what the router itself adds to it."""
        context = context.doubting(*router.doubts)
        if self.evaluation.replaced:
            context = context.doubting(f"`{self.evaluation.replaced}` is replaced")
        roots = {event.root for event in router.events}
        root = roots.pop() if len(roots) == 1 else router.root
        own: Arguments | None = None
        inner = outer = context
        for event in router.events:
            if self.copies and context.before is not None and event.number >= context.before:
                continue
            if event.own is not own:
                own = event.own
                outer = context._replace(options=(own, *context.options))
                inner = self._within(outer, own, is_application=router.is_application)
            if event.root != root and event.root is not None:
                yield event, inner.doubting(ELSEWHERE), outer.doubting(ELSEWHERE)
            else:
                yield event, inner, outer

    def _frontends(self, router: Router, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        """Files that `frontend` serves where nothing else matches, the router's own first."""
        if id(router) in around:
            return
        events = [*self._events(router, context)]
        for event, inner, _ in events:
            if event.kind == "frontend":
                yield self._frontend(event, inner)
        for event, inner, _ in events:
            if event.kind == "include" and isinstance(event.target, Router):
                yield from self._frontends(event.target, self._around_included(event, inner), around | {id(router)})

    def _frontend(self, event: Event, context: _Context) -> Route:
        path = text_or_default(event.arguments.get("path", 0))
        full = None if path is None or context.prefix is None else (context.prefix + path).rstrip("/") or "/"
        dependencies, doubts = self._dependencies([value for value, _ in context.dependencies], UNKNOWN)
        base = _unknown_routes(event, context, "" if full is not None else "its path is not known")
        return base._replace(
            kind="frontend",
            path=_mounted_at(context, full),
            methods=("GET", "HEAD"),
            tags=(),
            include_in_schema=False,
            dependencies=dependencies,
            doubts=(*base.doubts, *(doubt for doubt in doubts if doubt != "a dependency is not known")),
        )

    def _within(self, context: _Context, given: Arguments, *, is_application: bool = False) -> _Context:
        """The context with a router's or an include's own prefix, tags and dependencies."""
        if not given.is_complete:
            context = context.doubting("is given options that are not known")
        if not is_application:
            prefix = text_or_default(given.get("prefix"))
            if prefix is None:
                context = context.doubting("a prefix is not known")
            context = context._replace(
                prefix=None if prefix is None or context.prefix is None else context.prefix + prefix,
                tags=joined(context.tags, tags_of(given.get("tags"))),
            )
            if context.tags is None:
                context = context.doubting("the tags are not known")
        dependencies, is_complete = listed_values(given.get("dependencies"))
        if not is_complete:
            context = context.doubting("the dependencies are not known")
        shown = known(given.get("include_in_schema") or Constant(True))
        return context._replace(
            dependencies=(*context.dependencies, *((value, None) for value in dependencies)),
            include_in_schema=both(context.include_in_schema, shown),
        )

    def _around_included(self, event: Event, context: _Context) -> _Context:
        context = context._replace(
            is_conditional=context.is_conditional or event.is_conditional,
            is_looped=context.is_looped or event.is_looped,
            options=(event.arguments, *context.options),
            before=event.number if context.before is None else min(event.number, context.before),
        ).doubting(*event.doubts)
        return self._within(context, event.arguments)

    def _included(self, event: Event, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        context = self._around_included(event, context)
        if isinstance(event.target, Router):
            yield from self._routes(event.target, context, around)
            return
        yield _unknown_routes(event, context, "includes a router that is not known")

    def _mounted(self, event: Event, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        path = text_or_default(event.arguments.get("path", 0))
        full = None if path is None or context.prefix is None else context.prefix + path.rstrip("/")
        doubts = context.doubts if full is not None else (*context.doubts, "its path is not known")
        if event.method != "mount":
            doubts = (*doubts, f"`{event.method}` has rules of its own")
        name = text_of(event.arguments.get("name", 2)) if event.arguments.get("name", 2) is not None else ""
        if name is None and known(event.arguments.get("name", 2)) is None:
            name = ""
        base = _unknown_routes(event, context, "")
        yield base._replace(
            kind="mount",
            path=_mounted_at(context, full),
            name=name,
            tags=(),
            doubts=doubts,
            endpoint=name_of(event.target),
        )
        if isinstance(event.target, Router):
            inner = _Context(
                f"{context.mount}{full or ''}",
                doubts=doubts,
                is_conditional=base.is_conditional,
                is_looped=base.is_looped,
            )
            yield from self._routes(event.target, inner, around)
            yield from self._frontends(event.target, inner, frozenset())

    def _starlette_route(self, event: Event, context: _Context) -> Route:
        path = text_or_default(event.arguments.get("path", 0))
        full = None if path is None or context.prefix is None else context.prefix + path
        given = known(event.arguments.get("methods", 1 if event.method == "route" else 2) or Constant(None))
        has_methods = event.kind == "route" and not isinstance(event.target, Class | Instance)
        methods = tuple(sorted(given)) if isinstance(given, list) else ("GET", "HEAD") if has_methods else ()
        if isinstance(given, list) and "GET" in given:
            methods = tuple(sorted({*given, "HEAD"}))
        doubts = [*context.doubts, *event.doubts]
        if full is None:
            doubts.append("its path is not known")
        base = _unknown_routes(event, context, "")
        name = text_of(name_given(event)) or endpoint_name(event.target) or name_of(event.target)
        return base._replace(
            kind=event.kind,
            path=_mounted_at(context, full),
            methods=methods,
            name=name,
            tags=(),
            endpoint=name_of(event.target),
            is_async=is_coroutine(event.target),
            doubts=tuple(doubts),
        )

    def _route(self, event: Event, context: _Context) -> Route:
        given = event.arguments
        doubts = [*context.doubts, *event.doubts]
        path = text_or_default(given.get("path", 0))
        full = None if path is None or context.prefix is None else context.prefix + path
        if full is None and "a prefix is not known" not in doubts:
            doubts.append("its path is not known")
        if not given.is_complete:
            doubts.append("is given options that are not known")
        methods = self._methods(event)
        if methods is None:
            doubts.append("its methods are not known")
        given_name = name_given(event)
        name = text_of(given_name)
        endpoint = event.target
        if name is None and known(given_name or Constant(None)) is None:
            name = route_name(endpoint)
        if isinstance(given_name, Member):
            doubts.append("it is called after a member of an enumeration")
        if name is None:
            doubts.append("its name is not known")
        tags = joined(context.tags, tags_of(given.get("tags")))
        if tags is None and "the tags are not known" not in doubts:
            doubts.append("the tags are not known")
        status_value = given.get("status_code")
        status = status_of(status_value)
        if status is None and status_value is not None and known(status_value) is not None:
            doubts.append("the status is not known")
        if isinstance(endpoint, Function):
            doubts += endpoint.doubts
            if is_method_unbound(endpoint):
                doubts.append("it is a method of a class-based view")
        listed, is_complete = listed_values(given.get("dependencies"))
        if not is_complete:
            doubts.append("the dependencies are not known")
        dependencies, dependency_doubts = self._dependencies(
            [*(value for value, _ in context.dependencies), *listed], endpoint
        )
        doubts += dependency_doubts
        is_operation = event.kind == "operation"
        operation_id = None
        if is_operation and methods is not None:
            operation_id, why = self._operation_id(given, context, name, full, tags, methods)
            value, number = event.operation_id or (None, 0)
            is_copied_before = self.copies and context.before is not None and number >= context.before
            if value is not None and known(value) is not None and not is_copied_before:
                operation_id = text_of(value)
                why = ["its operation id is not known"] if operation_id is None else []
            doubts += why
        return Route(
            event.kind,
            _mounted_at(context, full),
            methods or (),
            name,
            operation_id,
            tags if is_operation else (),
            status,
            self._response_model(given, endpoint) if is_operation else None,
            self._response_class(given, context) if is_operation else None,
            both(context.include_in_schema, known(given.get("include_in_schema") or Constant(True))),
            name_of(endpoint),
            is_coroutine(endpoint),
            dependencies,
            event.path,
            event.line,
            context.is_conditional or event.is_conditional,
            context.is_looped or event.is_looped,
            tuple(dict.fromkeys(doubts)),
        )

    def _methods(self, event: Event) -> tuple[str, ...] | None:
        if event.kind == "websocket":
            return ()
        if event.method not in ("api_route", "add_api_route"):
            return (event.method.upper(),)
        given = event.arguments.get("methods")
        if given is None or known(given) is None:
            return ("GET",)
        if isinstance(given, Items):
            given = Items(given.items, is_complete=given.is_complete)  # a set will do
        found = known(given)
        if not isinstance(found, list) or not all(isinstance(method, str) for method in found):
            return None
        return tuple(sorted({method.upper() for method in found}))

    def _operation_id(
        self,
        given: Arguments,
        context: _Context,
        name: str | None,
        path: str | None,
        tags: tuple[str, ...] | None,
        methods: tuple[str, ...],
    ) -> tuple[str | None, list[str]]:
        explicit = given.get("operation_id")
        if explicit is not None and known(explicit) not in (None, ""):
            found = text_of(explicit)
            return found, [] if found is not None else ["its operation id is not known"]
        if name is None or path is None:
            return None, []
        path_format = re.sub(r"\{([^}:]+):[^}]*\}", r"{\1}", path)
        for options in (given, *context.options):
            function = options.get("generate_unique_id_function")
            if isinstance(function, Function):
                route = Record(
                    {
                        "name": Constant(name),
                        "path": Constant(path),
                        "path_format": Constant(path_format),
                        "tags": Items([Constant(tag) for tag in tags]) if tags is not None else UNKNOWN,
                        "methods": Items([Constant(method) for method in methods]),
                    }
                )
                made = text_of(self.evaluation.result_later(function, route))
                return made, [] if made is not None else ["a function of the project makes its operation id"]
            if function is not None:
                return None, ["its operation id is not known"]
        doubts = ["its operation id is made with any of its methods"] if len(methods) > 1 else []
        words = re.sub(r"\W", "_", f"{name}{path_format}")
        first = next(iter(methods), "")
        return f"{words}_{first.lower()}", doubts

    def _response_model(self, given: Arguments, endpoint: Value) -> str | None:
        explicit = given.get("response_model")
        if explicit is not None:
            return name_of(explicit) or None
        if isinstance(endpoint, Function) and not isinstance(endpoint.node, ast.Lambda) and endpoint.node.returns:
            return ast.unparse(endpoint.node.returns)
        return None

    def _response_class(self, given: Arguments, context: _Context) -> str | None:
        explicit = given.get("response_class")
        for options in context.options:
            if explicit is not None:
                break
            explicit = options.get("default_response_class")
        return name_of(explicit).rpartition(".")[2] if explicit is not None else "JSONResponse"
