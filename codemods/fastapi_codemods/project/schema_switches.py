"""Arguments by which an application or a router is kept out of the schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source.discovery import is_test
from .index import Module, Project
from .model import Call
from .operations import Operation
from .tags import includes_of

NO_API = re.compile(
    r"(?i)^/?$|health|ready|live|ping|static|favicon|robots|\.\w+$|:path|metrics|docs|openapi|redoc|status|index|page"
    r"|\bui\b|web_?ui|_ui\b|generic|html|views?\b|front|git|proxy|compat|catch|prometheus|invalid|login|logout|callback|webhook|internal|admin|assets|legacy|deprecated|debug|sitemap|manifest|\.well-known|version"
)


class Switch(NamedTuple):
    module: Module
    call: Call
    """That has the argument."""
    line: int
    owner: str
    """What is switched off: `app` or `router`."""
    argument: str
    written: str
    effect: str
    """The rest of the sentence that begins with what is written."""


def switched_off(project: Project) -> tuple[Switch, ...]:
    return project.remembered("switched off", lambda: tuple(_switched_off(project)))


def _switched_off(project: Project) -> Iterator[Switch]:
    for module, made in project.instances("fastapi.FastAPI"):
        if is_test(module.path) or NO_API.search(_spaced(module.path)):
            continue
        call = made.call
        if _code(module, call, "openapi_url") in ("None", '""', "''"):
            yield Switch(
                module, call, made.line, made.target, "openapi_url",
                f"`openapi_url={_code(module, call, 'openapi_url')}`",
                f"takes the schema and all documentation of `{made.target}` away",
            )  # fmt: skip
        elif _has_no_pages(project, module, call):
            for name in ("docs_url", "redoc_url"):
                yield Switch(
                    module, call, made.line, made.target, name, f"`{name}=None`",
                    f"takes a page of the documentation of `{made.target}` away",
                )  # fmt: skip
    routers = [(m, made) for m, made in project.instances("fastapi.APIRouter") if not is_test(m.path)]
    off = [(m, made) for m, made in routers if _code(m, made.call, "include_in_schema") == "False"]
    # Where many are hidden, somebody decided so.
    if len(off) <= max(1, 0.1 * len(routers)):
        for module, made in off:
            text = f"{_spaced(module.path)} {made.target} {_code(module, made.call, 'prefix')}"
            if not NO_API.search(text.replace("/", " ")):
                yield Switch(
                    module, made.call, made.line, made.target, "include_in_schema", "`include_in_schema=False`",
                    f"keeps all routes of `{made.target}` out of the schema",
                )  # fmt: skip


def _spaced(path: str) -> str:
    return path.removesuffix(".py").replace("/", " ")


def is_hidden(project: Project, operation: Operation) -> bool:
    """Whether the router of a route, or what includes that, keeps it out of the schema."""
    if operation.router is None or operation.router.path is None:
        return False
    home = project.module(operation.router.path)
    made = [m for m in home.facts.assignments if m.target == operation.router.name] if home is not None else []
    if any(m.call.argument("include_in_schema") is not None for m in made):
        return True
    return any(
        include.router == operation.router and include.at.call.argument("include_in_schema") is not None
        for include in includes_of(project)
    )


def _code(module: Module, call: Call, name: str) -> str:
    given = call.argument(name)
    return module.code(given.span) if given is not None else ""


def _has_no_pages(project: Project, module: Module, call: Call) -> bool:
    """Whether neither page of the documentation is served, by a route of the project's own either."""
    if any(_code(module, call, name) not in ("None", '""', "''") for name in ("docs_url", "redoc_url")):
        return False
    return not any("get_swagger_ui_html" in m.text or "get_redoc_html" in m.text for m in project.modules())
