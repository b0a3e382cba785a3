"""Routers with the routes that decorators register on them, and what stands against giving one more arguments."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ..findings import Location
from ..source.nodes import walk
from .index import Module, Project, Symbol
from .model import Assignment, Span
from .operations import ROUTER, Operation, operations_of
from .reader import ROUTE_METHODS, Positions, dotted
from .references import Use, uses

FEWEST_ROUTES = 2
"""Below this many a router's routes have nothing in common."""


class OwnRouter(NamedTuple):
    """A router that the project makes, and the handlers that are registered on it, in whatever modules."""

    module: Module
    made: Assignment
    symbol: Symbol | None
    """None for one that a function makes."""
    operations: tuple[Operation, ...]

    @property
    def name(self) -> str:
        return self.made.target


def routers_of(project: Project) -> tuple[OwnRouter, ...]:
    """The routers that handlers are registered on, by path, in the order of the text."""
    return project.remembered("own routers", lambda: tuple(_routers(project)))


def _routers(project: Project) -> Iterator[OwnRouter]:
    by_symbol: dict[Symbol, list[Operation]] = {}
    by_place: dict[tuple[str, str, str], list[Operation]] = {}
    for operation in operations_of(project):
        if operation.router is not None:
            by_symbol.setdefault(operation.router, []).append(operation)
        else:
            for depth in range(len(operation.function.scopes), 0, -1):
                around = operation.function.scopes[:depth]
                place = operation.module.path, ".".join(scope.name for scope in around), operation.receiver
                by_place.setdefault(place, []).append(operation)
    for module in project.modules():
        for made in module.facts.assignments:
            if made.scopes:
                symbol = None
                operations = by_place.get((module.path, ".".join(s.name for s in made.scopes), made.target))
            else:
                symbol = Symbol(module.path, made.target)
                operations = by_symbol.pop(symbol, None)  # of two branches the first
            if not operations or operations[0].cls != project.resolve(module, made.call.callee, made.scopes):
                continue
            if project.derives_from(operations[0].cls, (ROUTER,)):
                yield OwnRouter(module, made, symbol, tuple(operations))


def reasons_against(project: Project, routers: Collection[OwnRouter], argument: str) -> dict[int, str]:
    """Why the constructors of routers should not be given `argument`, by the router's index; nothing where they may."""
    found: dict[int, str] = {}
    asked: dict[int, Symbol] = {}
    for index, router in enumerate(routers):
        reason = _reason_of_construction(project, router)
        if reason is not None:
            found[index] = reason
        elif router.symbol is not None:
            asked[index] = router.symbol
    used = uses(project, set(asked.values())) if asked else {}
    for index, router in enumerate(routers):
        if index in asked and (reason := _reason_of_uses(router, used.get(asked[index], []), argument)):
            found[index] = reason
    return found


def _reason_of_construction(project: Project, router: OwnRouter) -> str | None:
    module, made = router.module, router.made
    if router.symbol is None:
        return f"`{router.name}` is made in `{made.scopes[-1].name}`, each time that is called"
    makers = [other for other in module.facts.assignments if other.target == made.target and not other.scopes]
    if len(makers) != 1 or len(module.bindings(made.target)) != 1 or made.conditional:
        return f"`{router.name}` is not made by one `APIRouter(...)`"
    cls = project.resolve(module, made.call.callee)
    if cls != Symbol(None, ROUTER):
        return f"`{made.call.callee}` is not FastAPI's own APIRouter, and may treat these arguments in its own way"
    if made.call.unpacks:
        return f"`{made.call.callee}` gets unpacked arguments"
    if sum(other.call.span == made.call.span for other in module.facts.assignments) > 1:
        return f"`{router.name}` has another name beside it"
    return None


def _is_harmless(use: Use) -> bool:
    if use.kind == "argument":
        return use.member.rpartition(".")[2] == "include_router"
    return use.kind in ("decorator", "method") and use.member == "on_event"


def _reason_of_uses(router: OwnRouter, found: Sequence[Use], argument: str) -> str | None:
    decorators = 0
    for use in found:
        if use.kind == "decorator" and use.member in ROUTE_METHODS:
            decorators += 1
        elif _is_harmless(use):
            continue
        elif use.kind in ("decorator", "method"):
            if use.member == "include_router":
                return f"the routes of what it includes at {use.place} would get the {argument} too"
            if use.member.startswith("add_") or use.member in ("mount", "host", "route", "websocket_route"):
                return f"`{use.member}` at {use.place} registers something on it too"
            return f"`{use.member}` of it is called at {use.place}"
        elif use.kind == "argument":
            return f"it is handed to `{use.member}` at {use.place} too"
        else:
            what = f"`{use.member}` of it" if use.member else "it"
            return f"{what} is used at {use.place}"
    if decorators != len(router.operations):
        return "not all of its routes can be told from the source"
    return None


class Shared(NamedTuple):
    """What the lists that an argument of all routes of a router is given have at their beginning."""

    router: OwnRouter
    codes: tuple[str, ...]
    """The elements as `source` writes them."""
    source: Module
    elements: dict[str, tuple[Operation, tuple[Span, ...]]]
    """Of each list, by the place of its route."""

    @property
    def location(self) -> Location:
        made = self.router.made
        return self.router.module.location(made.line, made.column, made.end_line)

    @property
    def listed(self) -> str:
        return ", ".join(f"`{code}`" for code in self.codes)


def shared_by_routes(project: Project, argument: str) -> Iterator[tuple[Shared, str | None]]:
    """What all routes of a router begin with, for each router, and why it may not be the router's own."""
    found = [shared for router in routers_of(project) if (shared := leading(project, router, argument))]
    against = reasons_against(project, [shared.router for shared in found], argument)
    for index, shared in enumerate(found):
        yield shared, against.get(index) or reason_of_names(project, shared)


def leading(project: Project, router: OwnRouter, argument: str) -> Shared | None:
    """What all HTTP routes of a router begin `tags=[...]` or `dependencies=[...]` with; None for nothing.

    None also for fewer than two routes, and where one of the lists is not written as one.
    """
    lists: dict[str, tuple[Operation, tuple[Span, ...]]] = {}
    for operation in router.operations:
        given = operation.call.argument(argument)
        if given is None:
            if operation.method == "websocket":
                continue
            return None
        elements = _elements(operation.module, given.span)
        if elements is None:
            return None
        lists[operation.place] = operation, elements
    if len(lists) < FEWEST_ROUTES:
        return None
    meanings = [[_meaning(project, operation.module, s) for s in spans] for operation, spans in lists.values()]
    count = 0
    while all(len(some) > count and some[count] == meanings[0][count] is not None for some in meanings):
        count += 1
    # As the router's own module writes them, if it does.
    first, spans = min(lists.values(), key=lambda item: item[0].module is not router.module)
    codes = tuple(first.module.code(span) for span in spans[:count])
    return Shared(router, codes, first.module, lists) if count else None


def _elements(module: Module, span: Span) -> tuple[Span, ...] | None:
    node = module.expression(span)
    if not isinstance(node, ast.List) or any(isinstance(element, ast.Starred) for element in node.elts):
        return None
    # It was parsed in brackets, of which the first one stands in front of it.
    positions = Positions(f"({module.code(span)}\n)", span.start - 1, 1)
    return tuple(positions.span(element) for element in node.elts)


def _meaning(project: Project, module: Module, span: Span) -> str | None:
    """The expression with its names replaced by what they mean: equal for two that are the same wherever they stand."""
    parts = _Meanings(project, module)
    node = parts.visit(module.expression(span))
    return ast.dump(node) if parts.are_known else None


class _Meanings(ast.NodeTransformer):
    def __init__(self, project: Project, module: Module) -> None:
        self.project = project
        self.module = module
        self.are_known = True

    def _dotted(self, node: ast.Name | ast.Attribute) -> ast.AST:
        if not dotted(node):
            return self.generic_visit(node)
        symbol = self.project.resolve(self.module, dotted(node))
        self.are_known = self.are_known and symbol is not None
        return ast.Name(f"{symbol}", ast.Load())

    visit_Name = visit_Attribute = _dotted  # noqa: N815  (the names of ast)


def reason_of_names(project: Project, shared: Shared) -> str | None:
    """Why the router cannot be given what its routes begin with: names that it does not have where it is made."""
    module, made = shared.router.module, shared.router.made
    for code in shared.codes:
        for part in walk(ast.parse(code, mode="eval")):
            if not isinstance(part, ast.Name):
                continue
            if not module.bindings(part.id):
                return f"`{part.id}` is not known in {module.path}, where the router is made"
            if project.resolve(module, part.id) != project.resolve(shared.source, part.id):
                return f"`{part.id}` means something else in {module.path}, where the router is made"
            if not all(b.statement < made.statement and not b.conditional for b in module.bindings(part.id)):
                return f"`{part.id}` comes to be below the router, which would need it"
    for operation in shared.router.operations:
        scoped = {name for scope in operation.function.scopes for name in scope.names}
        for code in shared.codes:
            for part in walk(ast.parse(code, mode="eval")):
                if isinstance(part, ast.Name) and part.id in scoped:
                    return f"`{part.id}` at {operation.place} is a name of a function"
    return None
