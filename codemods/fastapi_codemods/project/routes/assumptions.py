"""The tables of a project: with its defaults, and what holds without them."""

from __future__ import annotations

from collections import Counter

from ..evaluation import Evaluation
from ..index import Project
from .served import Tables
from .table import Application, Route

ASSUMED = "holds with the defaults of factories, settings and environment, and if what is tried succeeds"


def applications_of(project: Project) -> tuple[Application, ...]:
    """Every application of the project, then the routers that none of them serves."""
    return project.remembered("applications", lambda: _read(project))


def likely_applications(project: Project) -> tuple[Application, ...]:
    """`applications_of` as they are with the defaults of factories, settings and environment: half the work, and a
    route may be called certain that is there with these only."""
    return project.remembered("likely applications", lambda: _tables(project).applications())


def _read(project: Project) -> tuple[Application, ...]:
    """With the defaults of factories, settings and environment; certain is what holds without them, too."""
    tables = _tables(project)
    assumed = likely_applications(project)
    if not tables.evaluation.has_assumed:
        return assumed
    at_all = Tables(project, Evaluation(project, assumes=False, parsed=tables.evaluation.parsed)).applications()
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


def _tables(project: Project) -> Tables:
    return project.remembered("route tables", lambda: Tables(project, Evaluation(project)))
