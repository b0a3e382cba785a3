"""The applications and routers of a module that could be split."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import NamedTuple

from ....project import Module, Project, Span
from ....project.model import Assignment, Scope
from ....project.reader import ROUTE_METHODS
from ....project.routes import Application, router_named
from .groups import Group, Operation, operations_of
from .layout import domain_of


class Candidate(NamedTuple):
    """An application or router with the functions at module level that it has for handlers."""

    assignment: Assignment
    is_router: bool
    table: Application
    operations: tuple[Operation, ...]
    own_tags: int
    own_routes: frozenset[tuple[str, int]]
    """Without those that it has through another router of the module: file and line."""
    is_only: bool
    """The module has no other one."""

    @property
    def called(self) -> str:
        """`app`, or `create_app().app`."""
        scopes = self.assignment.scopes
        return f"{scopes[0].name}().{self.assignment.target}" if scopes else self.assignment.target


def candidates_of(project: Project, module: Module) -> list[Candidate]:
    """The module's applications and routers, the largest first, counted with what they include from other modules: so
    the order stays when routes have moved."""
    if not any(d.name.rpartition(".")[2] in ROUTE_METHODS for f in module.facts.functions for d in f.decorators):
        return []
    found = []
    for assignment in module.facts.assignments:
        if assignment.conditional or not (assignment.scopes == () or _is_factory(assignment.scopes)):
            continue
        symbol = project.resolve(module, assignment.call.callee, assignment.scopes)
        if symbol is None or not project.derives_from(symbol, ("fastapi.FastAPI", "fastapi.APIRouter")):
            continue
        factory = assignment.scopes[0].name if assignment.scopes else ""
        table = router_named(project, module.path, assignment.target, factory)
        if table is None:
            continue
        operations = tuple(operations_of(module, assignment.target, table, factory))
        tags = assignment.call.argument("tags")
        own_tags = 0 if tags is None or not table.is_router else _number_of_tags(module, tags.span)
        found.append(Candidate(assignment, table.is_router, table, operations, own_tags, frozenset(), is_only=True))
    routes = [frozenset((route.file, route.line) for route in candidate.table.routes) for candidate in found]
    own = [own.difference(*(inner for inner in routes if inner < own)) for own in routes]
    found = [
        candidate._replace(own_routes=own_routes, is_only=len(found) == 1)
        for candidate, own_routes in zip(found, own, strict=True)
    ]
    return sorted(found, key=lambda candidate: -len(candidate.own_routes))


def _is_factory(scopes: Sequence[Scope]) -> bool:
    return len(scopes) == 1 and scopes[0].kind == "function"


def is_one_of_many(module: Module, candidate: Candidate, groups: Sequence[Group]) -> bool:
    """Whether the router's module is that of one domain already, by its name or by the one tag of all its routes."""
    tags = {route.tags[candidate.own_tags :][:1] if route.tags else () for route in candidate.table.routes}
    stem = module.path.rpartition("/")[2].removesuffix(".py")
    return domain_of(stem) in {group.name for group in groups} or (len(tags) == 1 and tags != {()})


def _number_of_tags(module: Module, span: Span) -> int:
    node = module.expression(span)
    return len(node.elts) if isinstance(node, ast.List | ast.Tuple) else 1


def prefix_of(project: Project, module: Module, assignment: Assignment) -> str | None:
    """The router's own prefix; None where it is computed."""
    argument = assignment.call.argument("prefix")
    return "" if argument is None else project.string(module, argument.span)
