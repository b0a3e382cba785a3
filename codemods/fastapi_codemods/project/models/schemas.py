"""Where a project keeps its schemas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ...source.discovery import is_test
from ..index import Project
from ..reader import ROUTE_METHODS
from .collecting import models_of


class SchemaLocations(NamedTuple):
    """Where a project keeps its Pydantic models, tests left out; the most used first in each."""

    patterns: Mapping[str, int]
    """Models by `schemas.py` (one file of that name), `*/schemas.py` (one per feature), `schemas/*.py`, `beside
    handlers`, or `other`; the name is the project's (`models`, `dto`)."""
    modules: Mapping[str, int]
    folders: Mapping[str, int]


def schema_locations(project: Project) -> SchemaLocations:
    """Where the project keeps its Pydantic models."""
    return project.remembered("schema locations", lambda: _schema_locations(project))


_SCHEMA_NAMES = frozenset(
    {"schemas", "schema", "models", "model", "dto", "dtos", "entities", "types", "requests", "responses"}
)


def _schema_locations(project: Project) -> SchemaLocations:
    modules: dict[str, int] = {}
    for symbol, found in models_of(project).items():
        path = symbol.path or ""
        if found.kind in ("pydantic", "root", "sqlmodel") and not found.table and not is_test(path):
            modules[path] = modules.get(path, 0) + 1
    stems: dict[str, int] = {}
    for path in modules:
        stem = _stem(path)
        stems[stem] = stems.get(stem, 0) + 1
    patterns: dict[str, int] = {}
    folders: dict[str, int] = {}
    for path, count in modules.items():
        pattern = _pattern(project, path, stems)
        patterns[pattern] = patterns.get(pattern, 0) + count
        folder = path.rpartition("/")[0]
        folders[folder] = folders.get(folder, 0) + count
    return SchemaLocations(_by_count(patterns), _by_count(modules), _by_count(folders))


def _pattern(project: Project, path: str, stems: Mapping[str, int]) -> str:
    stem = _stem(path)
    if stem in _SCHEMA_NAMES:
        return f"{stem}.py" if stems[stem] == 1 else f"*/{stem}.py"
    for folder in reversed(path.split("/")[:-1]):
        if folder in _SCHEMA_NAMES:
            return f"{folder}/*.py"
    module = project.loaded(path)
    decorators = [d.name for function in module.facts.functions for d in function.decorators] if module else []
    is_beside = any(name.rpartition(".")[2] in ROUTE_METHODS and "." in name for name in decorators)
    return "beside handlers" if is_beside else "other"


def _stem(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


def _by_count(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
