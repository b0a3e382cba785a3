"""Which modules hold routes and models, and what routers are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Symbol
from .evidence import Evidence, Route
from .model import Observation, Place

_FOLDERS = ("api", "controllers", "endpoints", "handlers", "rest", "router", "routers", "routes", "views")
_STEMS = ("api", "apis", "controller", "endpoints", "handlers", "router", "routers", "routes", "views")


def layout(evidence: Evidence) -> Iterator[Observation]:
    first: dict[str, list[Route]] = {}
    for route in evidence.routes:
        first.setdefault(route.module.path, []).append(route)
    for path, routes in first.items():
        on_application = all(route.router is not None and route.router.is_application for route in routes)
        yield _layout_of(path, on_application), Place(path, min(route.line for route in routes))


def _layout_of(path: str, on_application: bool) -> str:
    *folders, file = path.split("/")
    stem = file.removesuffix(".py")
    if on_application:
        return "the application's module"
    if stem in _STEMS:
        return f"<feature>/{file}"
    for depth in range(len(folders) - 1, -1, -1):
        if folders[depth] in _FOLDERS:
            above = folders[depth - 1] if depth else ""
            inside = f"{above}/" if above in _FOLDERS or re.fullmatch(r"v\d+", above) else ""
            is_deeper = depth < len(folders) - 1
            return f"{inside}{folders[depth]}/<feature>{'/' if is_deeper else '.py'}"
    return "other"


def model_place(evidence: Evidence) -> Iterator[Observation]:
    project = evidence.project
    seen: set[tuple[str, Symbol]] = set()
    known: dict[Symbol, bool] = {}
    for module in dict.fromkeys(route.module for route in evidence.routes):
        for item in module.facts.imports:
            name = item.target.rpartition(".")[2]
            if not name[:1].isupper() or item.type_checking:
                continue
            symbol = project.follow_import(module.path, item.target)
            if symbol is None or symbol.path is None or not symbol.name or (module.path, symbol) in seen:
                continue
            seen.add((module.path, symbol))
            if symbol not in known:
                known[symbol] = project.derives_from(symbol, MODELS)
            if known[symbol]:
                line = module.facts.statements[item.statement].line
                yield _home_of_models(module.path, symbol.path), Place(module.path, line)


MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "sqlmodel.main.SQLModel")


def _home_of_models(importer: str, path: str) -> str:
    *folders, file = path.split("/")
    where = "beside the routes: " if importer.rpartition("/")[0] == path.rpartition("/")[0] else ""
    if file == "__init__.py":
        return f"{where}{folders[-1] if folders else ''}/"
    if folders and folders[-1] in ("schemas", "models", "schema", "model", "types", "dto"):
        return f"{where}{folders[-1]}/<feature>.py"
    if file.removesuffix(".py") in ("schemas", "models", "schema", "model", "types", "dto"):
        return f"{where}{file}"
    return "elsewhere"


def router_variable(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.counted_routers(applications=False):
        name = router.assignment.target.rpartition(".")[2]
        if name in ("router", "api_router"):
            yield name, router.place
        elif name.endswith("_router"):
            yield "<feature>_router", router.place
        else:
            yield "other", router.place
