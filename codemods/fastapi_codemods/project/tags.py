"""Tags as they are written: on routers, where these are included, and on routes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ..source.discovery import is_test
from .index import Module, Project, Symbol
from .model import Call, MethodCall, Span
from .operations import operations_of
from .reader import Positions
from .routers import OwnRouter, routers_of


class Listed(NamedTuple):
    """One element of a list of tags."""

    text: str | None
    """None for one that is no plain string."""
    code: str
    span: Span


class Include(NamedTuple):
    """One `include_router` of a router that is known."""

    module: Module
    at: MethodCall
    router: Symbol
    into: Symbol | None


def listed(module: Module, call: Call, argument: str = "tags") -> tuple[Listed, ...] | None:
    """The tags that a call gives, none where it gives none; None where they are not written as a list in place."""
    given = call.argument(argument)
    if given is None or module.code(given.span) == "None":
        return ()
    node = module.expression(given.span)
    if not isinstance(node, ast.List) or any(isinstance(element, ast.Starred) for element in node.elts):
        return None
    # It was parsed in brackets, of which the first one stands in front of it.
    positions = Positions(f"({module.code(given.span)}\n)", given.span.start - 1, 1)
    found: list[Listed] = []
    for element in node.elts:
        span = positions.span(element)
        text = element.value if isinstance(element, ast.Constant) and isinstance(element.value, str) else None
        found.append(Listed(text, module.code(span), span))
    return tuple(found)


def includes_of(project: Project) -> tuple[Include, ...]:
    """Where routers of the project are included, tests left out."""
    return project.remembered("includes", lambda: tuple(_includes(project)))


def _includes(project: Project) -> Iterator[Include]:
    for module, at in project.calls("include_router"):
        given = at.call.argument("router") or next(iter(at.call.positional), None)
        if given is None or is_test(module.path):
            continue
        router = project.resolve(module, module.code(given.span), at.scopes)
        if router is not None and router.path is not None:
            yield Include(module, at, router, project.resolve(module, at.receiver, at.scopes))


def is_tagged(project: Project, router: OwnRouter) -> bool:
    """Whether the routes of a router have a tag from the router, from what includes it, or all from themselves."""
    if router.made.call.argument("tags") is not None:
        return True
    visible = [o for o in router.operations if o.method != "websocket" and o.call.argument("include_in_schema") is None]
    if visible and all(operation.call.argument("tags") is not None for operation in visible):
        return True
    return router.symbol is not None and _is_tagged_around(project, router.symbol, frozenset())


def _is_tagged_around(project: Project, symbol: Symbol, seen: frozenset[Symbol]) -> bool:
    made = {Symbol(r.module.path, r.name): r for r in routers_of(project)}
    for include in includes_of(project):
        if include.router != symbol:
            continue
        if include.at.call.argument("tags") is not None or include.at.call.unpacks:
            return True
        if include.into is None or include.into in seen:
            continue
        around = made.get(include.into)
        if around is not None and around.made.call.argument("tags") is not None:
            return True
        home = project.module(include.into.path or "")
        makers = [m for m in home.facts.assignments if m.target == include.into.name] if home is not None else []
        if any(m.call.argument("tags") is not None for m in makers):
            return True
        if _is_tagged_around(project, include.into, seen | {symbol}):
            return True
    return False


def reason_of_ids(project: Project) -> str | None:
    """Why tags must not change: operation ids are made of them."""
    for module, made in project.instances("fastapi.FastAPI", "fastapi.APIRouter"):
        given = made.call.argument("generate_unique_id_function")
        if given is None:
            continue
        code = module.code(given.span)
        symbol = project.resolve(module, code, made.scopes)
        home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
        text = code
        if home is not None and symbol is not None:
            text = "".join(home.statement_text(b.statement) for b in home.bindings(symbol.name))
        if ".tags" in text or (home is None and "lambda" not in code):
            return f"`{code.partition(':')[0][:40]}` makes operation ids, and may make them of the tags"
    return None


def plain_tags(project: Project) -> Iterator[tuple[Module, Listed]]:
    """Every tag of the schema that is written as a plain string in a list, by path, then by place."""
    calls: list[tuple[Module, Call, str]] = []
    for module, made in project.instances("fastapi.FastAPI", "fastapi.APIRouter"):
        if made.call.argument("include_in_schema") is None:
            calls.append((module, made.call, "tags"))
    calls += [(include.module, include.at.call, "tags") for include in includes_of(project)]
    calls += [(operation.module, operation.call, "tags") for operation in operations_of(project)]
    seen: set[tuple[str, Span]] = set()
    for module, call, argument in calls:
        for one in listed(module, call, argument) or ():
            if one.text is not None and not is_test(module.path) and (module.path, one.span) not in seen:
                seen.add((module.path, one.span))
                yield module, one


def root_of(project: Project, router: OwnRouter) -> Symbol | str | None:
    """What a router ends up in, by way of the routers that include it: an application's name, the module of a factory,
    or the router itself where nothing includes it."""
    current: Symbol | None = router.symbol
    seen: set[Symbol] = set()
    while current is not None and current not in seen:
        seen.add(current)
        above = next((include for include in includes_of(project) if include.router == current), None)
        if above is None:
            return current
        if above.into is None:
            return above.module.path
        current = above.into
    return current
