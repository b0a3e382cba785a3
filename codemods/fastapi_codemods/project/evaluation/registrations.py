"""What methods of routers and applications register."""

from __future__ import annotations

import ast

from ..values import (
    DEFAULT,
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Event,
    Function,
    Items,
    Made,
    Outside,
    Registrar,
    Router,
    Scope,
    Value,
    known,
)
from .knowledge import EDITED, HARMLESS_METHODS, HARMLESS_OF_ROUTES, MUTATORS, REGISTRARS, ROUTE_CLASSES, VERBS
from .machine import Machine
from .operators import owned, without_defaults

# What `get` and the like hand on to `api_route`, and that to `add_api_route`, of what they were not given.
_PASSED: dict[str, Value] = {
    **{name: Constant(None) for name in (
        "callbacks", "dependencies", "deprecated", "description", "methods", "name", "openapi_extra", "operation_id",
        "response_model_exclude", "response_model_include", "responses", "status_code", "summary", "tags",
    )},
    **{name: Constant(False) for name in (
        "response_model_exclude_defaults", "response_model_exclude_none", "response_model_exclude_unset",
    )},
    "generate_unique_id_function": DEFAULT,
    "include_in_schema": Constant(True),
    "response_class": DEFAULT,
    "response_description": Constant("Successful Response"),
    "response_model": DEFAULT,
    "response_model_by_alias": Constant(True),
}  # fmt: skip


class Registrations(Machine):
    """What methods of routers and applications register."""

    def _route_list_method(
        self, router: Router, name: str, arguments: Arguments, line: int, scope: Scope | None
    ) -> Value:
        """`app.routes.append(APIRoute(...))`; whatever else is done to the list, is not followed."""
        given = arguments.get("", 0)
        if name == "append" and isinstance(given, Made) and (kind := ROUTE_CLASSES.get(given.callee.name)):
            endpoint = given.arguments.get(*kind[1]) or UNKNOWN
            self._event(kind[0], router, endpoint, given.arguments, line, scope, kind[2])
            router.events[-1].own = Arguments([])
        elif name in MUTATORS:
            router.doubt(EDITED)
        return UNKNOWN if name in ("copy", "index", "count") else Constant(None)

    def _router_method(self, router: Router, name: str, arguments: Arguments, line: int, scope: Scope | None) -> Value:
        arguments = without_defaults(arguments)
        if name in REGISTRARS:
            if name in VERBS and router.cls is not None and not router.is_application:
                # `APIRouter.get` calls `self.api_route` with all that it takes, which the class may have its own of.
                own = self._member(router.cls, "api_route")
                if isinstance(own, Function):
                    given = {"path": arguments.get("path", 0) or UNKNOWN, **arguments.named}
                    given["methods"] = Items([Constant(name.upper())])
                    passed = Arguments([], {**_PASSED, **given}, is_complete=arguments.is_complete)
                    return self._call_function(own.bound_to(router), passed)
            return Registrar(router, name, arguments, line)
        if name == "__init__":
            # Of `super().__init__(...)`, the last word on what the constructor was given.
            router.arguments.named |= owned(arguments).named
            router.arguments.is_complete = arguments.is_complete
            if router.is_application:
                self._set_up(router)
            return Constant(None)
        if name in ("add_api_route", "add_api_websocket_route", "add_route", "add_websocket_route"):
            endpoint = arguments.get("endpoint", 1) or arguments.get("route") or UNKNOWN
            self._register(router, name, arguments, endpoint, line, scope)
        elif name == "include_router":
            self._event("include", router, arguments.get("router", 0) or UNKNOWN, arguments, line, scope)
        elif name == "frontend":
            self._event("frontend", router, UNKNOWN, arguments, line, scope, name)
        elif name in ("mount", "host"):
            self._event("mount", router, arguments.get("app", 1) or UNKNOWN, arguments, line, scope, name)
        elif name == "on_event":
            return Registrar(router, name, arguments, line) if known(arguments.get("", 0)) != "shutdown" else UNKNOWN
        elif name == "add_event_handler":
            if known(arguments.get("event_type", 0)) != "shutdown" and (start := arguments.get("func", 1)):
                self._startups.append((router, start))
        elif name not in HARMLESS_METHODS:
            doubt = (f"`{name}` of it may register more" if name != "?" else "a method is called that is not known",)
            self._event("unknown", router, UNKNOWN, Arguments([]), line, scope, name, doubt)
            return UNKNOWN
        return Constant(None)

    def _register_decorated(self, registrar: Registrar, endpoint: Value, scope: Scope | None) -> None:
        """The decorators of `APIRouter` call `self.add_api_route`, which a class of the project may have its own of."""
        router, given = registrar.router, registrar.arguments
        if router.cls is not None and not router.is_application and registrar.method in {*VERBS, "api_route"}:
            own = self._member(router.cls, "add_api_route")
            if isinstance(own, Function):
                methods = (
                    {} if registrar.method == "api_route" else {"methods": Items([Constant(registrar.method.upper())])}
                )
                named = {**_PASSED, **given.named, **methods}
                named.pop("path", None)
                path = given.get("path", 0) or UNKNOWN
                self._call_function(
                    own.bound_to(router), Arguments([path, endpoint], named, is_complete=given.is_complete)
                )
                return
        self._register(router, registrar.method, given, endpoint, registrar.line, scope)

    def _register(
        self, router: Router, method: str, arguments: Arguments, endpoint: Value, line: int, scope: Scope | None
    ) -> None:
        kinds = {
            "websocket": "websocket",
            "add_api_websocket_route": "websocket",
            "route": "route",
            "add_route": "route",
            "websocket_route": "websocket_route",
            "add_websocket_route": "websocket_route",
        }
        self._event(kinds.get(method, "operation"), router, endpoint, arguments, line, scope, method)

    def _event(
        self,
        kind: str,
        router: Router,
        target: Value,
        arguments: Arguments,
        line: int,
        scope: Scope | None,
        method: str = "",
        doubts: tuple[str, ...] = (),
    ) -> None:
        self._number += 1
        path = scope.module.path if scope is not None else router.module.path
        if self._site is not None:
            path, line = self._site
        if self._starting:
            doubts = (*doubts, "it is registered while the application starts")
        if kind == "operation":
            doubts = (*doubts, *self._of_route_class(router, arguments))
        router.events.append(
            Event(
                kind,
                self._number,
                path,
                line,
                target,
                arguments.copy(),
                method,
                is_conditional=not self._is_sure(router.conditions),
                is_looped=self._loops > 0,
                doubts=doubts,
                own=router.given_by_now(),
                root=self._root,
            )
        )

    def _handed_out(self, value: Value, scope: Scope, node: ast.expr) -> None:
        """What goes through a generator may register on a router that it gets, and nobody follows that."""
        if isinstance(value, Router):
            doubt = ("a generator hands it out, and more may be registered on it",)
            line = scope.first_line + node.lineno - 1
            self._event("unknown", value, UNKNOWN, Arguments([]), line, scope, "", doubt)

    def _of_route_class(self, router: Router, arguments: Arguments) -> tuple[str, ...]:
        """A class of routes may make of what it is given what it likes."""
        cls = arguments.get("route_class_override") or router.arguments.get("route_class")
        if cls is None or known(cls) is None:
            return ()
        if isinstance(cls, Class):
            for above in self._mro(cls):
                if isinstance(above, Outside) and above.name == "fastapi.routing.APIRoute":
                    return ()
                if not isinstance(above, Class) or not all(
                    isinstance(part, ast.Expr | ast.Pass)
                    or (isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name in HARMLESS_OF_ROUTES)
                    for part in above.node.body
                ):
                    break
        elif isinstance(cls, Outside) and cls.name == "fastapi.routing.APIRoute":
            return ()
        return ("its class of routes may change it",)
