"""What an application is: effective routes in order, their dependencies, middleware, exception handlers, lifespan."""

from __future__ import annotations

import asyncio
import functools
import inspect
import re
import typing
from typing import Any, Iterator

PARAMETERS = ("path", "query", "header", "cookie", "body")
MODEL_OPTIONS = ("include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none")
LIBRARIES = ("fastapi", "starlette")
LONGEST = 200


class Routes:
    """The effective routes in the order they are tried. Those of mounted applications follow their mount."""

    def __init__(self, app: Any, root: str) -> None:
        self.root = root
        self.entries: list[tuple[Any, str]] = []
        """Route or route context, and the path of the mounts it lies below."""
        self.top = self.level(list(app.routes), "")
        self.low = self.level(list(getattr(getattr(app, "router", app), "_low_priority_routes", [])), "")

    def level(self, registered: list[Any], base: str) -> list[tuple[Any, int, Any]]:
        """Each route with its number, and with the routes below it if it is a mount."""
        found = []
        for route in effective(registered):
            number = len(self.entries)
            self.entries.append((route, base))
            original = getattr(route, "original_route", route)
            below = None
            if is_mount(original):
                inner = getattr(getattr(original, "app", None), "routes", None)
                if inner is not None:
                    below = self.level(list(inner), base + (getattr(route, "path", None) or ""))
            found.append((route, number, below))
        return found

    def described(self) -> list[dict[str, Any]]:
        return [describe_route(route, base, self.root) for route, base in self.entries]


def effective(registered: list[Any]) -> list[Any]:
    from fastapi import routing

    contexts = getattr(routing, "iter_route_contexts", None)
    if contexts is not None:
        return list(contexts(registered))
    found = []
    for route in registered:
        # FastAPI 0.137.0 and 0.137.1 include lazily and have no public way to look through it.
        inner = getattr(route, "effective_route_contexts", None)
        found += [getattr(one, "starlette_route", None) or one for one in inner()] if inner else [route]
    return found


def is_mount(route: Any) -> bool:
    from starlette.routing import Host, Mount

    return isinstance(route, (Mount, Host))


def describe_route(route: Any, base: str, root: str) -> dict[str, Any]:
    original = getattr(route, "original_route", route)
    entry: dict[str, Any] = {
        "kind": type(original).__name__,
        "path": base + (getattr(route, "path", None) or ""),
        "methods": sorted(getattr(route, "methods", None) or ()),
        "name": getattr(route, "name", None),
    }
    endpoint = getattr(route, "endpoint", None)
    if is_mount(original):
        entry["endpoint"] = label(getattr(original, "app", None))
        return entry
    entry["endpoint"] = label(endpoint)
    code = getattr(inspect.unwrap(endpoint), "__code__", None) if callable(endpoint) else None
    if code is not None and code.co_filename.startswith(root + "/"):
        entry["file"] = code.co_filename[len(root) + 1 :]
    entry["async"] = asyncio.iscoroutinefunction(endpoint) if endpoint is not None else False
    dependant = getattr(route, "dependant", None)
    if dependant is not None:
        entry["parameters"] = sorted(parameters(dependant))
        entry["dependencies"] = list(dependencies(dependant))
    if getattr(route, "response_class", None) is not None or hasattr(original, "response_model"):
        entry["status"] = getattr(route, "status_code", None)
        entry["in_schema"] = bool(getattr(route, "include_in_schema", True))
        entry["response_model"] = type_text(getattr(route, "response_model", None))
        response_class = getattr(route, "response_class", None)
        entry["response_class"] = label(getattr(response_class, "value", response_class))
        entry["tags"] = [str(getattr(tag, "value", tag)) for tag in getattr(route, "tags", None) or ()]
        entry["operation_id"] = getattr(route, "operation_id", None) or getattr(route, "unique_id", None)
        entry["deprecated"] = bool(getattr(route, "deprecated", None))
        entry["model_options"] = {name: plain(getattr(route, "response_model_" + name, None)) for name in MODEL_OPTIONS}
    return entry


def parameters(dependant: Any) -> Iterator[str]:
    """`query limit?` of the handler and all its dependencies."""
    for kind in PARAMETERS:
        for field in flat(list(getattr(dependant, kind + "_params", ()))):
            info = getattr(field, "field_info", None)
            required = getattr(field, "required", None)
            if required is None and info is not None:
                required = info.is_required()
            yield "{} {}{}".format(kind, getattr(field, "alias", "?"), "" if required else "?")
    for inner in dependant.dependencies:
        yield from parameters(inner)


def flat(fields: list[Any]) -> list[Any]:
    """The fields of a parameter model instead of the model."""
    try:
        from fastapi.dependencies import utils

        return list(utils._get_flat_fields_from_params(fields))
    except Exception:
        return fields


def dependencies(dependant: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All dependencies, flattened, each before those it needs itself: the order in which they are solved is that of
    leaving the tree, and equal orders here are equal orders there."""
    for inner in dependant.dependencies:
        call = getattr(inner, "call", None)
        scopes = getattr(inner, "own_oauth_scopes", None)
        if scopes is None:
            requirements = getattr(inner, "security_requirements", None) or ()
            scopes = getattr(inner, "security_scopes", None) or [
                scope for requirement in requirements for scope in (getattr(requirement, "scopes", None) or ())
            ]
        yield {
            "name": label(call) + details(call),
            "depth": depth,
            "scope": getattr(inner, "scope", None),
            "scopes": [str(scope) for scope in scopes or ()],
            "use_cache": bool(getattr(inner, "use_cache", True)),
        }
        yield from dependencies(inner, depth + 1)


def middleware(app: Any) -> list[str]:
    """The user's middleware, outermost first, with options that can be written down."""
    found = []
    for entry in getattr(app, "user_middleware", ()):
        options = dict(getattr(entry, "kwargs", None) or getattr(entry, "options", None) or {})
        text = ", ".join(f"{name}={option_text(value)}" for name, value in sorted(options.items()))
        found.append(f"{label(entry.cls)}({text})")
    return found


def option_text(value: Any) -> str:
    return label(value) if callable(value) else short(plain(value))


def handlers(app: Any) -> dict[str, dict[str, Any]]:
    """By what they handle; whether they are the project's own."""
    return {
        home(key): {"name": label(handler), "own": is_own(handler)}
        for key, handler in getattr(app, "exception_handlers", {}).items()
    }


def home(key: Any) -> str:
    if isinstance(key, int):
        return str(key)
    package = getattr(key, "__module__", "").partition(".")[0]
    return f"{package}.{key.__name__}" if package in LIBRARIES else key.__name__


def is_own(value: Any) -> bool:
    return getattr(inspect.unwrap(value), "__module__", "").partition(".")[0] not in LIBRARIES


def lifespan(app: Any) -> dict[str, Any]:
    """Handlers of startup and shutdown, and the project's own context managers."""
    router = getattr(app, "router", app)
    return {
        "startup": [label(handler) for handler in getattr(router, "on_startup", ())],
        "shutdown": [label(handler) for handler in getattr(router, "on_shutdown", ())],
        "contexts": sorted(set(own_contexts(getattr(router, "lifespan_context", None)))),
    }


def own_contexts(outermost: Any) -> Iterator[str]:
    """Contexts of routers that are included come wrapped in closures of FastAPI's, one around the other for each
    include; its default ones do nothing."""
    waiting, seen = [outermost], set()
    while waiting:
        context = waiting.pop()
        context = inspect.unwrap(context) if callable(context) else context
        if context is None or id(context) in seen:
            continue
        seen.add(id(context))
        module = getattr(context, "__module__", None) or type(context).__module__
        if module.partition(".")[0] not in (*LIBRARIES, "contextlib"):
            yield label(context)
            continue
        cells = getattr(context, "__closure__", None) or ()
        waiting += [cell.cell_contents for cell in cells if filled(cell) and callable(cell.cell_contents)]


def filled(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


# Names


def label(value: Any) -> str:
    """The name of a function or class without its module, which may change."""
    while isinstance(value, functools.partial):
        value = value.func
    if value is None:
        return "None"
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) else type(value).__name__


def details(call: Any) -> str:
    """What tells dependencies of one name apart: `(role='admin')` of a closure, a partial or an object."""
    facts: dict[str, Any] = {}
    while isinstance(call, functools.partial):
        facts.update(call.keywords)
        facts.update({f"argument {index}": value for index, value in enumerate(call.args)})
        call = call.func
    code, closure = getattr(call, "__code__", None), getattr(call, "__closure__", None)
    if inspect.ismethod(call):
        facts.update(getattr(call.__self__, "__dict__", None) or {})
    elif code is not None and closure:
        facts.update({n: c.cell_contents for n, c in zip(code.co_freevars, closure) if filled(c)})
    elif code is None and not inspect.isclass(call):
        facts.update(getattr(call, "__dict__", None) or {})
    known = [(name, plain(value)) for name, value in sorted(facts.items()) if is_plain(value) and name[:2] != "__"]
    return "({})".format(", ".join(f"{name}={short(value)}" for name, value in known)) if known else ""


def is_plain(value: Any, depth: int = 0) -> bool:
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return True
    if isinstance(value, (list, tuple, set, frozenset)) and depth < 3:
        return all(is_plain(item, depth + 1) for item in value)
    if isinstance(value, dict) and depth < 3:
        return all(is_plain(key, depth + 1) and is_plain(item, depth + 1) for key, item in value.items())
    return False


def plain(value: Any) -> Any:
    """`value` as JSON can hold it; sets in order."""
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return type(value).__name__ if not isinstance(value, bytes) else repr(value)


def short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "..."


def type_text(annotation: Any) -> str:
    """A type without the modules of what it names; `Optional[List[Item]]` is `list[Item] | None`."""
    if annotation is None or annotation is type(None):
        return "None"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Union or type(annotation).__name__ == "UnionType":
        return " | ".join(type_text(argument) for argument in arguments)
    if origin is not None and getattr(origin, "__name__", None) and str(origin) != "typing.Literal":
        if hasattr(annotation, "__metadata__"):
            return f"Annotated[{type_text(annotation.__origin__)}, {annotation.__metadata__}]"
        return "{}[{}]".format(origin.__name__, ", ".join(type_text(argument) for argument in arguments))
    if inspect.isclass(annotation):
        return annotation.__name__
    return re.sub(r"(?:[A-Za-z_]\w*\.)+([A-Za-z_]\w*)", r"\1", str(annotation))
