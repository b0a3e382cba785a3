"""The effective route table of every application, as FastAPI would serve it, without importing anything.

`evaluation` finds what is registered; here prefixes, tags and dependencies of applications, includes, routers and
routes come together by the rules of `fastapi.routing`: everything from the outside in, in the order

    application, include, router, include, ..., router, route

Until FastAPI 0.137 `include_router` copied what the router had by then; since then later routes are served, too.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .evaluation import Evaluation, status_of
from .index import Project
from .values import (
    UNKNOWN,
    Annotated,
    Arguments,
    Class,
    Constant,
    Dependency,
    Event,
    Function,
    Instance,
    Items,
    Made,
    Outside,
    Partial,
    Record,
    Router,
    Scope,
    Value,
    known,
    text_of,
)

LAZY_INCLUDES_SINCE = (0, 137)
ASSUMED = "holds with the defaults of factories, settings and environment"
# A router that a library makes has routes that nobody here knows.
_WITHOUT_PARAMETERS = re.compile(r"\Afastapi\.security\.|\Afastapi\.(?:Request|WebSocket|Response|BackgroundTasks)\Z")


class DependencyUse(NamedTuple):
    """A dependency with those that it asks for itself."""

    name: str
    path: str | None
    """Of the file that defines it, None for one from outside the project."""
    line: int
    scopes: tuple[str, ...]
    """Of `Security`."""
    scope: str
    """`function` or `request` where it is given, else empty."""
    use_cache: bool
    dependencies: tuple[DependencyUse, ...]


class Route(NamedTuple):
    """One entry of the table. What is not known is None, and `doubts` says why."""

    kind: str
    """`operation`, `websocket`, `route` and `websocket_route` of Starlette, `mount`."""
    path: str | None
    methods: tuple[str, ...]
    name: str | None
    operation_id: str | None
    tags: tuple[str, ...] | None
    status: int | None
    """None for the default, 200."""
    response_model: str | None
    """As it is called where it is defined; the return annotation if `response_model` is not given."""
    response_class: str | None
    include_in_schema: bool | None
    endpoint: str
    """Dotted name of the function in its module."""
    is_async: bool | None
    dependencies: tuple[DependencyUse, ...]
    """Those of application, routers and route, then those of the parameters."""
    file: str
    line: int
    """Where it is registered."""
    is_conditional: bool
    is_looped: bool
    doubts: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        return not self.doubts and not self.is_conditional

    def doubting(self, doubt: str) -> Route:
        return self._replace(doubts=tuple(dict.fromkeys((*self.doubts, doubt))))

    @property
    def in_execution_order(self) -> tuple[DependencyUse, ...]:
        """The dependencies as they run: each behind what it asks for, once unless it is not cached."""
        return tuple(_in_execution_order(self.dependencies, set()))


class Application(NamedTuple):
    """An application, or a router that no application includes."""

    name: str
    """`pkg.main:app`, or `pkg.main:create_app()` for one that a factory returns."""
    file: str
    line: int
    is_router: bool
    routes: tuple[Route, ...]
    """In the order in which they are tried."""
    doubts: tuple[str, ...]


def applications_of(project: Project) -> tuple[Application, ...]:
    """Every application of the project, then the routers that none of them serves."""
    return project.remembered("applications", lambda: _read(project))


def _read(project: Project) -> tuple[Application, ...]:
    """With the defaults of factories, settings and environment; certain is what holds without them, too."""
    tables = _tables(project)
    assumed = tables.applications()
    if not tables.evaluation.has_assumed:
        return assumed
    at_all = _Tables(project, Evaluation(project, assumes=False, parsed=tables.evaluation.parsed)).applications()
    by_place: dict[tuple[str, str, int], list[Application]] = {}
    for application in at_all:
        by_place.setdefault((application.name, application.file, application.line), []).append(application)
    merged = []
    for application in assumed:
        others = by_place.get((application.name, application.file, application.line), [])
        merged.append(_merged(application, others.pop(0) if others else None))
    return tuple(dict.fromkeys((*merged, *(other for others in by_place.values() for other in others))))


def _merged(assumed: Application, at_all: Application | None) -> Application:
    """The table with the defaults. What only another value of one of them brings is in it as conditional."""
    if at_all is None:
        return assumed._replace(routes=tuple(route.doubting(ASSUMED) for route in assumed.routes))
    sure = Counter(route for route in at_all.routes if route.is_certain)
    routes: list[Route] = []
    for route in assumed.routes:
        is_sure = sure[route] > 0 or not route.is_certain
        sure[route] -= 1
        routes.append(route if is_sure else route.doubting(ASSUMED))
    places = {_place_of(route) for route in routes}
    behind: list[Route] = []
    for route in reversed(at_all.routes):
        if _place_of(route) not in places:
            behind.append(route._replace(is_conditional=True))
        elif behind:
            at = max(i for i, other in enumerate(routes) if _place_of(other) == _place_of(route)) + 1
            routes[at:at] = reversed(behind)
            behind = []
    routes[:0] = reversed(behind)
    return assumed._replace(routes=tuple(routes), doubts=tuple(dict.fromkeys((*assumed.doubts, *at_all.doubts))))


def _place_of(route: Route) -> tuple[str, int, str, str]:
    return route.file, route.line, route.kind, route.endpoint


def router_named(project: Project, path: str, name: str, function: str = "") -> Application | None:
    """The table of the application or router that the file's module-level name, or that of `function`, is given first,
    by itself: without what includes it. None where the evaluation does not know it, or not the same of each call."""
    found = [router for router in _tables(project).evaluation.routers if router.module.path == path]
    own = [router for router in found if router.name == name and router.function == function]
    tables = [_tables(project).table_of(router) for router in (own if function else own[:1] if len(own) == 1 else ())]
    return tables[0] if tables and all(table.routes == tables[0].routes for table in tables) else None


def _tables(project: Project) -> _Tables:
    return project.remembered("route tables", lambda: _Tables(project, Evaluation(project)))


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


class _Tables:
    def __init__(self, project: Project, evaluation: Evaluation) -> None:
        self.project = project
        self.evaluation = evaluation
        self.copies = not project.versions.supports_fastapi(LAZY_INCLUDES_SINCE)
        self._uses: dict[int, tuple[tuple[DependencyUse, ...], tuple[str, ...]]] = {}
        self._running: set[int] = set()
        self._kept: list[Value] = []
        """Values whose `id` is a key must not be collected."""
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
        routes = tuple(self._routes(router, _Context(), frozenset()))
        handed_on = (doubt for event in router.events if event.kind == "unknown" for doubt in event.doubts)
        doubts = tuple(dict.fromkeys((*router.doubts, *handed_on)))
        return Application(
            f"{module}:{name}", router.module.path, router.line, not router.is_application, routes, doubts
        )

    # Routes

    def _routes(self, router: Router, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        self._served.add(id(router))
        if id(router) in around:
            return
        around |= {id(router)}
        own = router.arguments
        context = context._replace(options=(own, *context.options))
        if router.doubts:
            context = context.doubting(*router.doubts)
        inner = self._within(context, own, is_application=router.is_application)
        for event in router.events:
            if self.copies and context.before is not None and event.number >= context.before:
                continue
            if event.kind == "include":
                yield from self._included(event, inner, around)
            elif event.kind == "mount":
                yield from self._mounted(event, context, around)
            elif event.kind in ("route", "websocket_route"):
                yield self._starlette_route(event, context)
            elif event.kind in ("operation", "websocket"):
                yield self._route(event, inner)

    def _within(self, context: _Context, given: Arguments, *, is_application: bool = False) -> _Context:
        """The context with a router's or an include's own prefix, tags and dependencies."""
        if not given.is_complete:
            context = context.doubting("is given options that are not known")
        if not is_application:
            prefix = _text(given.get("prefix"))
            if prefix is None:
                context = context.doubting("a prefix is not known")
            context = context._replace(
                prefix=None if prefix is None or context.prefix is None else context.prefix + prefix,
                tags=_joined(context.tags, _tags(given.get("tags"))),
            )
            if context.tags is None:
                context = context.doubting("the tags are not known")
        dependencies, is_complete = _listed(given.get("dependencies"))
        if not is_complete:
            context = context.doubting("the dependencies are not known")
        shown = known(given.get("include_in_schema") or Constant(True))
        return context._replace(
            dependencies=(*context.dependencies, *((value, None) for value in dependencies)),
            include_in_schema=_both(context.include_in_schema, shown),
        )

    def _included(self, event: Event, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        context = context._replace(
            is_conditional=context.is_conditional or event.is_conditional,
            is_looped=context.is_looped or event.is_looped,
            options=(event.arguments, *context.options),
            before=event.number if context.before is None else min(event.number, context.before),
        ).doubting(*event.doubts)
        context = self._within(context, event.arguments)
        if isinstance(event.target, Router):
            yield from self._routes(event.target, context, around)
            return
        yield _unknown_routes(event, context, "includes a router that is not known")

    def _mounted(self, event: Event, context: _Context, around: frozenset[int]) -> Iterator[Route]:
        path = _text(event.arguments.get("path", 0))
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
            endpoint=_name_of(event.target),
        )
        if isinstance(event.target, Router):
            inner = _Context(
                f"{context.mount}{full or ''}",
                doubts=doubts,
                is_conditional=base.is_conditional,
                is_looped=base.is_looped,
            )
            yield from self._routes(event.target, inner, around)

    def _starlette_route(self, event: Event, context: _Context) -> Route:
        path = _text(event.arguments.get("path", 0))
        full = None if path is None or context.prefix is None else context.prefix + path
        given = known(event.arguments.get("methods", 2) or Constant(None))
        methods = tuple(sorted(given)) if isinstance(given, list) else () if event.kind != "route" else ("GET", "HEAD")
        if isinstance(given, list) and "GET" in given:
            methods = tuple(sorted({*given, "HEAD"}))
        doubts = [*context.doubts, *event.doubts]
        if full is None:
            doubts.append("its path is not known")
        base = _unknown_routes(event, context, "")
        name = _given_name(event.arguments) or _name_of(event.target)
        return base._replace(
            kind=event.kind,
            path=_mounted_at(context, full),
            methods=methods,
            name=name,
            tags=(),
            endpoint=_name_of(event.target),
            is_async=_is_async(event.target),
            doubts=tuple(doubts),
        )

    def _route(self, event: Event, context: _Context) -> Route:
        given = event.arguments
        doubts = [*context.doubts, *event.doubts]
        path = _text(given.get("path", 0))
        full = None if path is None or context.prefix is None else context.prefix + path
        if full is None and "a prefix is not known" not in doubts:
            doubts.append("its path is not known")
        if not given.is_complete:
            doubts.append("is given options that are not known")
        methods = self._methods(event)
        if methods is None:
            doubts.append("its methods are not known")
        name = _given_name(given)
        endpoint = event.target
        if name is None and known(given.get("name") or Constant(None)) is None:
            name = _endpoint_name(endpoint)
        if name is None:
            doubts.append("its name is not known")
        tags = _joined(context.tags, _tags(given.get("tags")))
        if tags is None and "the tags are not known" not in doubts:
            doubts.append("the tags are not known")
        status_value = given.get("status_code")
        status = status_of(status_value)
        if status is None and status_value is not None and known(status_value) is not None:
            doubts.append("the status is not known")
        if isinstance(endpoint, Function):
            doubts += endpoint.doubts
            if _is_method_unbound(endpoint):
                doubts.append("it is a method of a class-based view")
        listed, is_complete = _listed(given.get("dependencies"))
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
            _both(context.include_in_schema, known(given.get("include_in_schema") or Constant(True))),
            _name_of(endpoint),
            _is_async(endpoint),
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
        if explicit is not None and known(explicit) is not None:
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
            return _name_of(explicit) or None
        if isinstance(endpoint, Function) and not isinstance(endpoint.node, ast.Lambda) and endpoint.node.returns:
            return ast.unparse(endpoint.node.returns)
        return None

    def _response_class(self, given: Arguments, context: _Context) -> str | None:
        explicit = given.get("response_class")
        for options in context.options:
            if explicit is not None:
                break
            explicit = options.get("default_response_class")
        return _name_of(explicit).rpartition(".")[2] if explicit is not None else "JSONResponse"

    # Dependencies

    def _dependencies(self, listed: Sequence[Value], endpoint: Value) -> tuple[tuple[DependencyUse, ...], list[str]]:
        found: list[DependencyUse] = []
        doubts: list[str] = []
        for value in listed:
            if not isinstance(value, Dependency) or value.call is None:
                doubts.append("a dependency is not known")
                continue
            use, why = self._use(value, value.call)
            found.append(use)
            doubts += why
        uses, why_not = self._asked_for(endpoint)
        return (*found, *uses), [*doubts, *why_not]

    def _use(self, dependency: Dependency, call: Value) -> tuple[DependencyUse, tuple[str, ...]]:
        uses, doubts = self._asked_for(call)
        scopes = known(dependency.scopes) if dependency.scopes is not None else []
        scope = known(dependency.scope) if dependency.scope is not None else None
        path, line = _place(call)
        use = DependencyUse(
            _endpoint_name(call) or _name_of(call) or "?",
            path,
            line,
            tuple(str(part) for part in scopes) if isinstance(scopes, list) else (),
            scope if isinstance(scope, str) else "",
            dependency.use_cache is None or known(dependency.use_cache) is not False,
            uses,
        )
        if call is UNKNOWN:
            doubts = (*doubts, "a dependency is not known")
        if scopes is UNKNOWN:
            doubts = (*doubts, "the scopes of a dependency are not known")
        return use, doubts

    def _asked_for(self, call: Value) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        """What the parameters of a callable ask for."""
        key = id(call)
        if key in self._uses:
            return self._uses[key]
        if key in self._running:
            return (), ("a dependency asks for itself",)
        self._running.add(key)
        try:
            found = self._read(call)
        finally:
            self._running.discard(key)
        self._uses[key] = found
        self._kept.append(call)
        return found

    def _read(self, call: Value) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        match call:
            case Function(signature=signature) if signature is not None:
                uses, doubts = self._of_signature(signature)
                return uses, tuple(dict.fromkeys((*doubts, *call.doubts)))
            case Function():
                if call.wrapped is not None and call.wrapped is not call:
                    uses, doubts = self._asked_for(call.wrapped)
                    return uses, doubts
                uses, doubts = self._of_parameters(call.node.args, call.scope, is_bound=call.bound is not None)
                return uses, tuple(dict.fromkeys((*doubts, *call.doubts)))
            case Partial(callee=callee, arguments=arguments):
                if isinstance(callee, Function):
                    given = frozenset(arguments.named)
                    return self._of_parameters(
                        callee.node.args, callee.scope, skipped=len(arguments.positional), without=given
                    )
                return self._asked_for(callee)
            case Class():
                return self._of_class(call)
            case Instance():
                return self._asked_for(self.evaluation.attribute_later(call, "__call__"))
            case Made(callee=Outside(name=name)) | Outside(name=name):
                if _WITHOUT_PARAMETERS.search(name) or name.startswith("builtins."):
                    return (), ()
                return (), (f"what `{name}` asks for is not known",)
        return (), ("a dependency is not known",) if call is UNKNOWN else ()

    def _of_signature(self, signature: Value) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        """Of `inspect.Signature([inspect.Parameter("x", kind, default=Depends(f)), ...])`."""
        listed: Value | None = None
        if isinstance(signature, Made) and signature.callee.name == "inspect.Signature":
            listed = signature.arguments.get("parameters", 0)
        parameters, is_complete = _listed(listed)
        uses: list[DependencyUse] = []
        doubts = [] if is_complete and listed is not None else ["its signature is made while it runs"]
        for parameter in parameters:
            if not isinstance(parameter, Made) or parameter.callee.name != "inspect.Parameter":
                doubts.append("its signature is made while it runs")
                continue
            own, why = self._of_value(
                parameter.arguments.get("annotation") or UNKNOWN, parameter.arguments.get("default")
            )
            uses += own
            doubts += why
        return tuple(uses), tuple(dict.fromkeys(doubts))

    def _of_class(self, cls: Class) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        init = self.evaluation.attribute_later(cls, "__init__")
        if isinstance(init, Function):
            return self._of_parameters(init.node.args, init.scope, is_bound=True)
        uses: list[DependencyUse] = []
        doubts: list[str] = []
        for base in cls.node.bases:
            above = self.evaluation.value_later(base, cls.scope)
            if isinstance(above, Class):
                own, why = self._of_class(above)
                uses += own
                doubts += why
        for part in cls.node.body:  # a dataclass or a model: its fields are its parameters
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                argument = ast.arg(part.target.id, part.annotation, lineno=part.lineno, col_offset=0)
                own_uses, why_not = self._of_parameter(argument, part.value, cls.scope)
                uses += own_uses
                doubts += why_not
        return tuple(uses), tuple(doubts)

    def _of_parameters(
        self,
        parameters: ast.arguments,
        scope: Scope,
        *,
        is_bound: bool = False,
        skipped: int = 0,
        without: frozenset[str] = frozenset(),
    ) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        positional = [*parameters.posonlyargs, *parameters.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(parameters.defaults))
        pairs = list(zip(positional, [*defaults, *parameters.defaults], strict=True))[skipped + is_bound :]
        pairs += zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
        uses: list[DependencyUse] = []
        doubts: list[str] = []
        for parameter, default in pairs:
            if parameter.arg in without:
                continue
            own, why = self._of_parameter(parameter, default, scope)
            uses += own
            doubts += why
        return tuple(uses), tuple(dict.fromkeys(doubts))

    def _of_parameter(
        self, parameter: ast.arg, default: ast.expr | None, scope: Scope
    ) -> tuple[list[DependencyUse], list[str]]:
        annotation = self.evaluation.annotation(parameter.annotation, scope)
        value: Value | None = None
        if default is not None and isinstance(default, ast.Call | ast.Name | ast.Attribute):
            value = self.evaluation.value_later(default, scope)
        uses, doubts = self._of_value(annotation, value)
        if uses or doubts:
            return uses, doubts
        if annotation is UNKNOWN and isinstance(parameter.annotation, ast.Name):
            bindings = scope.module.bindings(parameter.annotation.id)
            if any(binding.kind == "assign" for binding in bindings):
                return [], [f"what `{parameter.annotation.id}` stands for is not known"]
        return [], []

    def _of_value(self, annotation: Value, default: Value | None) -> tuple[list[DependencyUse], list[str]]:
        """What a parameter with that annotation and default asks for."""
        dependency = default
        type_ = annotation.type if isinstance(annotation, Annotated) else annotation
        if not isinstance(dependency, Dependency) and isinstance(annotation, Annotated):
            found = [part for part in annotation.metadata if isinstance(part, Dependency)]
            dependency = found[-1] if found else None
        if not isinstance(dependency, Dependency):
            return [], []
        use, why = self._use(dependency, dependency.call if dependency.call is not None else type_)
        return [use], list(why)


def _in_execution_order(
    uses: Sequence[DependencyUse], done: set[tuple[str, str | None, int, tuple[str, ...], str]]
) -> Iterator[DependencyUse]:
    for use in uses:
        yield from _in_execution_order(use.dependencies, done)
        key = (use.name, use.path, use.line, use.scopes, use.scope)
        if not use.use_cache or key not in done:
            done.add(key)
            yield use


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


def _text(value: Value | None) -> str | None:
    """A path or prefix; the default where none is given."""
    if value is None:
        return ""
    found = known(value)
    return found if isinstance(found, str) else None


def _given_name(given: Arguments) -> str | None:
    return text_of(given.get("name"))


def _tags(value: Value | None) -> tuple[str, ...] | None:
    if value is None or known(value) is None:
        return ()
    found = known(value)
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        return None
    return tuple(str(tag) for tag in found)


def _joined(outer: tuple[str, ...] | None, inner: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if outer is None or inner is None else (*outer, *inner)


def _listed(value: Value | None) -> tuple[list[Value], bool]:
    if value is None or known(value) is None:
        return [], True
    return (value.items, value.is_complete) if isinstance(value, Items) else ([], False)


def _both(outer: bool | None, inner: object) -> bool | None:
    if outer is False or inner is False:
        return False
    return True if outer and inner is True else None


def _name_of(value: Value | None) -> str:
    """For people."""
    match value:
        case Function(name=name, scope=scope):
            return f"{scope.function}.{name}" if scope.function else name
        case Class(name=name):
            return name
        case Instance(cls=cls) if isinstance(cls, Class):
            return cls.name
        case Outside(name=name):
            return name
        case Made(callee=Outside(name=name)):
            return name.rpartition(".")[2]
        case Partial(callee=callee):
            return _name_of(callee)
        case Router(name=name):
            return name
        case Constant(value=inner):
            return "" if inner is None else str(inner)
    return ""


def _endpoint_name(value: Value) -> str | None:
    """What FastAPI and Starlette take as the name of a callable: its `__name__`, or that of its class."""
    match value:
        case Function(wrapped=None, name=name):
            return name
        case Function(wrapped=wrapped) if isinstance(wrapped, Value):
            return _endpoint_name(wrapped)
        case Class(name=name):
            return name
        case Instance(cls=cls) if isinstance(cls, Class):
            return cls.name
        case Outside(name=name) | Made(callee=Outside(name=name)):
            return name.rpartition(".")[2]
        case Partial(callee=callee):
            return _endpoint_name(callee)
    return None


def _place(value: Value) -> tuple[str | None, int]:
    match value:
        case Function(scope=scope, line=line):
            return scope.module.path, line
        case Class(scope=scope, node=node):
            return scope.module.path, scope.first_line + node.lineno - 1
        case Instance(cls=cls):
            return _place(cls)
        case Partial(callee=callee):
            return _place(callee)
    return None, 0


def _is_async(value: Value) -> bool | None:
    if isinstance(value, Function):
        return isinstance(value.node, ast.AsyncFunctionDef)
    return None


def _is_method_unbound(function: Function) -> bool:
    if function.bound is not None or isinstance(function.node, ast.Lambda):
        return False
    arguments = function.node.args
    first = next(iter((*arguments.posonlyargs, *arguments.args)), None)
    return first is not None and first.arg == "self" and first.annotation is None
