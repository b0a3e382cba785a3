"""Says what an application is and does: routes, dependencies, OpenAPI, and its answers to a list of requests.

The fixtures harness runs this file as a child process. It imports FastAPI once, then reads one job per line
from standard input and forks a child for each, so that no application meets another's modules and a snapshot
costs milliseconds instead of a second. A job and its answer are one line of JSON each:

    {"root": "/tmp/x", "app": "main:app", "requests": [...], "lifespan": false}
    {"routes": [...], "openapi": {...}, "responses": [...], ...} or {"error": "ImportError: ..."}

`app` may be a call (`main:create_app()`). A module-level list named LOG in the application's module lets a
case show side effects.
"""

from __future__ import annotations

import inspect
import json
import os
import signal
import sys
import warnings
from contextlib import nullcontext
from importlib import import_module
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient
from starlette.routing import Mount

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 30
"""After these the child is ended: an application must not hang the suite."""

PARAMETER_KINDS = ("path", "query", "header", "cookie", "body")


def snapshot(job: dict[str, Any]) -> dict[str, Any]:
    sys.path.insert(0, job["root"])
    os.chdir(job["root"])
    module_name, _, attribute = job["app"].partition(":")
    module = import_module(module_name)
    app = getattr(module, attribute.removesuffix("()"))
    if attribute.endswith("()"):
        app = app()
    return {
        "routes": [*routes(app.routes), *routes(getattr(app.router, "_low_priority_routes", []))],
        "openapi": app.openapi() if app.openapi_url else None,
        "middleware": [label(middleware.cls) for middleware in app.user_middleware],
        "exception_handlers": sorted(label(key) for key in app.exception_handlers),
        "responses": responses(app, job["requests"], lifespan=job["lifespan"]),
        "log": [str(entry) for entry in getattr(module, "LOG", [])],
    }


def routes(registered: Any, base: str = "") -> Iterator[dict[str, Any]]:
    """The effective routes in the order they are tried, those of mounted applications below their path."""
    for context in iter_route_contexts(registered):
        route = context.original_route
        path = base + (context.path or "")
        entry: dict[str, Any] = {
            "kind": type(route).__name__,
            "path": path,
            "methods": sorted(context.methods or ()),
            "name": context.name,
        }
        if isinstance(route, Mount):
            yield entry
            yield from routes(getattr(route.app, "routes", []), path)
            continue
        entry["endpoint"] = label(context.endpoint)
        entry["async"] = inspect.iscoroutinefunction(context.endpoint)
        if dependant := getattr(context, "dependant", None):
            entry["parameters"] = parameters(dependant)
            entry["dependencies"] = list(dependencies(dependant))
        if isinstance(route, APIRoute):
            entry |= {
                "status_code": context.status_code,
                "in_schema": context.include_in_schema,
                "response_model": repr(context.response_model),
                "response_class": label(getattr(context.response_class, "value", context.response_class)),
                "tags": [str(getattr(tag, "value", tag)) for tag in context.tags],
                "operation_id": context.operation_id or context.unique_id,
                "scope_route_path": route.path,
            }
        yield entry


def parameters(dependant: Any) -> list[str]:
    """`query limit?`: websockets and hidden routes show their parameters nowhere else."""
    return [
        f"{kind} {field.alias}{'' if field.field_info.is_required() else '?'}"
        for kind in PARAMETER_KINDS
        for field in getattr(dependant, f"{kind}_params")
    ]


def dependencies(dependant: Any, indent: str = "") -> Iterator[str]:
    """All dependencies, flattened in order of execution: guards against a lost or moved permission check."""
    for sub in dependant.dependencies:
        facts = [indent + label(sub.call), *parameters(sub)]
        if sub.scope:
            facts.append(f"scope {sub.scope}")
        if sub.own_oauth_scopes:
            facts.append(f"scopes {' '.join(sub.own_oauth_scopes)}")
        if not sub.use_cache:
            facts.append("uncached")
        yield ", ".join(facts)
        yield from dependencies(sub, indent + "  ")


def responses(app: Any, requests: list[dict[str, Any]], *, lifespan: bool) -> list[dict[str, Any]]:
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    with client if lifespan else nullcontext():
        return [response(client, dict(request)) for request in requests]


def response(client: TestClient, request: dict[str, Any]) -> dict[str, Any]:
    method, path = request.pop("method", "GET"), request.pop("path")
    try:
        if method == "WEBSOCKET":
            with client.websocket_connect(path, headers=request.get("headers", {})) as socket:
                received = []
                for text in request.get("send", []):
                    socket.send_text(text)
                    received.append(socket.receive_text())
                return {"received": received}
        answer = client.request(method, path, **request)
        return {"status": answer.status_code, "headers": dict(answer.headers), "text": answer.text}
    except Exception as error:
        return {"exception": f"{type(error).__name__}: {error}"}


def label(value: Any) -> str:
    """The name of a function or class without its module, which a codemod may change on purpose."""
    value = getattr(value, "func", value)
    return str(getattr(value, "__name__", value if isinstance(value, int) else type(value).__name__))


def answer(job: dict[str, Any]) -> str:
    warnings.simplefilter("ignore")
    try:
        return json.dumps(snapshot(job))
    except (Exception, SystemExit) as error:
        return json.dumps({"error": f"{type(error).__name__}: {error}"})


def child(line: str, out: int) -> None:
    """Never returns: what stands further up the stack belongs to the parent."""
    try:
        signal.alarm(SECONDS)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        text = answer(json.loads(line))
        signal.alarm(0)
        with os.fdopen(out, "w", encoding="utf-8") as answers:
            answers.write(text + "\n")
    except BaseException:
        os._exit(1)
    os._exit(0)


def main() -> None:
    out = os.dup(1)
    for line in sys.stdin:
        process = os.fork()
        if process == 0:
            child(line, out)
        _, status = os.waitpid(process, 0)
        if status:
            error = {"error": f"the application's process ended with {os.waitstatus_to_exitcode(status)}"}
            os.write(out, json.dumps(error).encode() + b"\n")


if __name__ == "__main__":
    main()
