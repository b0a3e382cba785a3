"""Which modules hold routes and models, and what routers are called."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from ..index import Module, Symbol
from .evidence import Evidence, Route
from .model import Observation, Place

_FOLDERS = ("api", "controllers", "endpoints", "handlers", "rest", "router", "routers", "routes", "views")
_STEMS = ("api", "apis", "controller", "endpoints", "handlers", "router", "routers", "routes", "views")
_PREFIXED = re.compile(r"(api|endpoints?|handlers?|routes?|router|views?)_\w+")
_SUFFIXED = re.compile(r"\w+_(api|controller|endpoints?|handlers?|router|routes?|views?)")
_VERSION = re.compile(r"v\d+\w*")
_GROUP = 3
"""Modules with routes that make a folder a group of features, not the package of one."""


def layout(evidence: Evidence) -> Iterator[Observation]:
    by_path: dict[str, list[Route]] = {}
    for route in evidence.routes:
        by_path.setdefault(route.module.path, []).append(route)
    applications = {router.module.path for router in evidence.counted_routers(applications=True)}
    in_folder = Counter(path.rpartition("/")[0] for path in by_path)
    called = Counter((path.rpartition("/")[0], style) for path in by_path for style in _styles(_stem(path)))
    for path, routes in by_path.items():
        on_application = all(route.router is not None and route.router.is_application for route in routes)
        if on_application or path in applications:
            found = "the application's module"
        else:
            folder, stem = path.rpartition("/")[0], _stem(path)
            # `user_routes.py`, `item_routes.py`; one such name is no style.
            styles = [style for style in _styles(stem) if called[folder, style] > 1]
            found = _layout_of(folder.split("/"), stem, in_folder, styles[0] if styles else "<feature>")
        yield found, Place(path, min(route.line for route in routes))


def _styles(stem: str) -> Iterator[str]:
    if found := _SUFFIXED.fullmatch(stem):
        yield f"<feature>_{found.group(1)}"
    if found := _PREFIXED.fullmatch(stem):
        yield f"{found.group(1)}_<feature>"


def _layout_of(folders: list[str], stem: str, in_folder: Mapping[str, int], name: str) -> str:
    is_alone = in_folder["/".join(folders)] == 1
    if stem in _STEMS and (is_alone or not (folders[-1] in _FOLDERS or _VERSION.fullmatch(folders[-1]))):
        return f"<feature>/{stem}.py"
    for depth in range(len(folders) - 1, -1, -1):
        if folders[depth] in _FOLDERS:
            above = folders[depth - 1] if depth else ""
            inside = f"{above}/" if above in _FOLDERS or _VERSION.fullmatch(above) else ""
            return f"{inside}{folders[depth]}/{_below(folders, depth, in_folder, name)}"
    return f"{name}.py" if name != "<feature>" else "other"


def _below(folders: list[str], depth: int, in_folder: Mapping[str, int], name: str) -> str:
    """What stands below `routers/`: files, folders of versions or groups, or a folder for each feature."""
    rest = folders[depth + 1 :]
    if not rest:
        return f"{name}.py"
    if _VERSION.fullmatch(rest[0]):
        return f"{rest[0]}/{_below(folders, depth + 1, in_folder, name)}"
    if in_folder["/".join(folders[: depth + 2])] >= _GROUP:
        return f"<group>/{_below(folders, depth + 1, in_folder, name)}"
    return "<feature>/"


def router_variable(evidence: Evidence) -> Iterator[Observation]:
    for router in evidence.counted_routers(applications=False):
        name = router.assignment.target.rpartition(".")[2]
        if name in ("router", "api_router"):
            yield name, router.place
        elif name.endswith("_router"):
            yield "<feature>_router", router.place
        else:
            yield "other", router.place


# --- models

MODELS = ("pydantic.BaseModel", "pydantic.main.BaseModel", "sqlmodel.SQLModel", "sqlmodel.main.SQLModel")

_WORDS = (
    "data_classes|datamodels?|dtos?|entit(?:y|ies)|models?|payloads?|protocols?|requests?|responses?|schemas?|structs?"
    "|types"
)
_WORD = re.compile(_WORDS)
_WITH_WORD = re.compile(rf"(\w+_)({_WORDS})|({_WORDS})(_\w+)")
_CLASS = re.compile(r"^class[ \t]+(\w+)[ \t]*\(", re.MULTILINE)


class UsedModel(NamedTuple):
    """A model that a module with routes imports, or that is written in it."""

    symbol: Symbol
    user: Module
    line: int


def used_models(evidence: Evidence) -> tuple[UsedModel, ...]:
    return evidence.once("used models", partial(_used_models, evidence))


def is_model(evidence: Evidence, symbol: Symbol) -> bool:
    """Whether a class of the project derives from Pydantic's or SQLModel's."""
    project = evidence.project
    return project.remembered(("is a model", symbol), lambda: project.derives_from(symbol, MODELS))


def _used_models(evidence: Evidence) -> tuple[UsedModel, ...]:
    found: dict[tuple[str, Symbol], UsedModel] = {}
    for module in dict.fromkeys(route.module for route in evidence.routes):
        for item in module.facts.imports:
            if not item.target.rpartition(".")[2][:1].isupper() or item.type_checking:
                continue
            symbol = evidence.project.follow_import(module.path, item.target)
            if symbol is not None and symbol.path is not None and symbol.name and is_model(evidence, symbol):
                line = module.facts.statements[item.statement].line
                found.setdefault((module.path, symbol), UsedModel(symbol, module, line))
        text = evidence.text(module)
        for match in _CLASS.finditer(text.masked):
            symbol = Symbol(module.path, match.group(1))
            if is_model(evidence, symbol):
                found.setdefault((module.path, symbol), UsedModel(symbol, module, text.line(match.start())))
    return tuple(found.values())


def model_place(evidence: Evidence) -> Iterator[Observation]:
    used = used_models(evidence)
    stems = Counter(map(_stem, {model.symbol.path or "" for model in used}))
    for model in used:
        yield _home_of_models(model.user.path, model.symbol.path or "", stems), Place(model.user.path, model.line)


def _home_of_models(importer: str, path: str, stems: Mapping[str, int]) -> str:
    """`stems` says how many homes have that name: one for all, or one for each feature, beside its routes."""
    if importer == path:
        return "the routes' module"
    *folders, file = path.split("/")
    is_beside = importer.rpartition("/")[0] == path.rpartition("/")[0] and stems[_stem(path)] > 1
    where = "beside the routes: " if is_beside else ""
    stem = file.removesuffix(".py")
    for folder in reversed(folders):
        if _WORD.fullmatch(folder):
            return f"{folder}/<feature>.py"
    if _WORD.fullmatch(stem):
        return f"{where}{file}"
    if (style := _named_for_models(stem)) is not None:
        # `user_schemas.py`, `item_schemas.py`, ... or one `api_schemas.py`
        alike = [other for other in stems if _named_for_models(other) == style]
        return f"{where}{style if len(alike) > 1 else stem}.py"
    return "elsewhere"


def _named_for_models(stem: str) -> str | None:
    found = _WITH_WORD.fullmatch(stem)
    if found is None:
        return None
    return f"<feature>_{found.group(2)}" if found.group(2) else f"{found.group(3)}_<feature>"


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")
