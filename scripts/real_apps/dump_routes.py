"""Write the route tables of one running application to a file.

    python dump_routes.py APPLICATION ROOT OUTPUT

Runs inside the application's own virtual environment, as `dump_openapi.py` does, whose builders it uses.
OUTPUT becomes {"fastapi": version, "tables": {name: [route, ...]}, "errors": {name: message}}; the dependencies of a
route are a list of [depth, name, scopes, cached], each before those that it asks for.
"""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dump_openapi import BUILDERS, applications_of_modules

KINDS = frozenset({"APIRoute", "APIWebSocketRoute", "Route", "WebSocketRoute", "Mount", "Host"})


def name_of(call: Any) -> str:
    call = getattr(call, "func", call)
    return getattr(call, "__name__", None) or type(call).__name__


def dependencies(dependant: Any, depth: int = 0) -> Iterator[list[Any]]:
    for sub in dependant.dependencies:
        scopes = getattr(sub, "own_oauth_scopes", None)
        if scopes is None:
            scopes = getattr(sub, "security_scopes", None) if depth == 0 else []
        yield [depth, name_of(sub.call), list(scopes or []), bool(sub.use_cache)]
        yield from dependencies(sub, depth + 1)


def contexts(routes: Any) -> Iterator[tuple[Any, Any]]:
    """Each route with what it is served as: the same thing until FastAPI 0.137.2."""
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:
        yield from ((route, route) for route in routes)
    else:
        yield from ((context.original_route, context) for context in iter_route_contexts(routes))


def table(routes: Any, base: str = "") -> Iterator[dict[str, Any]]:
    for route, served in contexts(routes):
        kind = next((base.__name__ for base in type(route).__mro__ if base.__name__ in KINDS), type(route).__name__)
        mounted = getattr(served, "app", None) or getattr(route, "app", None)
        row = {
            "kind": kind,
            "path": base + (served.path or ""),
            "name": served.name,
            "methods": sorted(getattr(served, "methods", None) or []),
        }
        if kind in ("Mount", "Host"):
            yield row
            yield from table(getattr(mounted, "routes", ()), row["path"])
            yield from frontends(mounted, row["path"])
            continue
        endpoint = getattr(served, "endpoint", None) or getattr(route, "endpoint", None)
        row["endpoint"] = name_of(endpoint)
        row["module"] = getattr(endpoint, "__module__", None) or type(endpoint).__module__
        row["async"] = inspect.iscoroutinefunction(endpoint)
        dependant = getattr(served, "dependant", None) or getattr(route, "dependant", None)
        if dependant is not None:
            row["dependencies"] = list(dependencies(dependant))
        if hasattr(route, "response_model"):
            row["status"] = served.status_code
            row["tags"] = [getattr(tag, "value", tag) for tag in served.tags]
            row["operation_id"] = served.operation_id or served.unique_id
            row["include_in_schema"] = served.include_in_schema
        yield row


def frontends(app: Any, base: str = "") -> Iterator[dict[str, Any]]:
    """What `frontend` serves in newer versions of FastAPI: not in `routes`, because it comes behind all of them."""
    router = getattr(app, "router", app)
    found = [(group, "", group) for group in getattr(router, "_low_priority_routes", ())]
    for included in getattr(router, "routes", ()):
        if hasattr(included, "effective_low_priority_routes"):
            contexts = included.effective_low_priority_routes()
            found += [(context.original_route, context.frontend_prefix, context) for context in contexts]
    for group, prefix, served in found:
        for route in getattr(group, "routes", ()):
            yield {
                "kind": "Frontend",
                "path": base + ((prefix + route.path).rstrip("/") or "/"),
                "name": "",
                "methods": sorted(route.methods),
                "dependencies": list(dependencies(served.dependant)),
            }


def main() -> None:
    application, root, output = sys.argv[1:]
    sys.dont_write_bytecode = True
    sys.stdout = sys.stderr  # applications print while they are imported
    errors: dict[str, str] = {}
    if application == "modules":
        found = applications_of_modules(Path(root), [], errors)
    else:
        found = BUILDERS[application](Path(root))
    import fastapi

    tables = {name: [*table(app.routes), *frontends(app)] for name, app in found.items()}
    Path(output).write_text(
        json.dumps({"fastapi": fastapi.__version__, "tables": tables, "errors": errors}), encoding="utf-8"
    )
    os._exit(0)  # some applications leave threads behind that would keep the process alive


if __name__ == "__main__":
    main()
