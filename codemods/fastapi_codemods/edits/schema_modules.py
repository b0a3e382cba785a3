"""Schema modules that do not exist yet, for features whose siblings have one.

A project with `schemas/users.py` and `schemas/items.py` for `routers/users.py` and `routers/items.py` gets
`schemas/orders.py` for `routers/orders.py`; one with `users/schemas.py` beside `users/router.py`, and the same for
items, gets `orders/schemas.py`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..project import Module, Project
from .imports import Key, statements_of
from .models import SAYS_NOTHING, SCHEMA_STEMS, NewModel, Reference, Writer, is_for_models, models_in, new_source

ENOUGH = 2
"""Siblings that show the habit."""


def new_home_of(project: Project, module: Module) -> Module | None:
    """An empty module in which the models for handlers of `module` belong, if the project's habit is clear."""
    return project.remembered(("new home of models", module.path), lambda: _new_home(project, module))


def _new_home(project: Project, module: Module) -> Module | None:
    for wanted in (*_in_package(project, module), *_in_feature(project, module)):
        is_free = wanted.path not in project.known_paths and not (project.root / wanted.path).exists()
        # The siblings show that a module there can be imported from here.
        if is_free and all(new_source(project, module, path) is not None for path in wanted.siblings[:1]):
            return Module(wanted.path, b"")
    return None


class _Wanted(NamedTuple):
    path: str
    siblings: Sequence[str]


def _in_package(project: Project, module: Module) -> Iterator[_Wanted]:
    """`schemas/orders.py`"""
    folder, file = posixpath.split(module.path)
    stem = file.removesuffix(".py")
    if stem in SAYS_NOTHING or stem in SCHEMA_STEMS:
        return
    for name in SCHEMA_STEMS:
        for around in dict.fromkeys((folder, posixpath.dirname(folder))):
            package = posixpath.join(around, name)
            siblings = [path for path in _by_folder(project).get(package, ()) if _holds_only_models(project, path)]
            beside = [s for s in siblings if posixpath.join(folder, posixpath.basename(s)) in project.known_paths]
            if len(siblings) >= ENOUGH and beside:
                yield _Wanted(posixpath.join(package, file), siblings)


def _in_feature(project: Project, module: Module) -> Iterator[_Wanted]:
    """`orders/schemas.py`"""
    folder, file = posixpath.split(module.path)
    parent = posixpath.dirname(folder)
    if not folder or file == "__init__.py":
        return
    for name in SCHEMA_STEMS:
        siblings = [
            path
            for other in _by_folder(project)
            if other != folder and posixpath.dirname(other) == parent
            for path in (posixpath.join(other, f"{name}.py"),)
            if {path, posixpath.join(other, file)} <= project.known_paths and _holds_only_models(project, path)
        ]
        if len(siblings) >= ENOUGH:
            yield _Wanted(posixpath.join(folder, f"{name}.py"), siblings)


def _by_folder(project: Project) -> Mapping[str, Sequence[str]]:
    def sort() -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for path in sorted(project.known_paths):
            if path.endswith(".py"):
                found.setdefault(posixpath.dirname(path), []).append(path)
        return found

    return project.remembered("modules by folder", sort)


def _holds_only_models(project: Project, path: str) -> bool:
    home = project.module(path)
    return home is not None and bool(models_in(project, home)) and is_for_models(project, path)


def text_of(project: Project, home: Module, models: Sequence[NewModel], newline: str) -> str:
    """A new module with these models."""
    writer = Writer(project, home)
    requests: dict[Key, None] = {}

    def ask(found: Reference) -> None:
        if found.request is not None:
            requests[found.request] = None

    written: Callable[[NewModel], str] = lambda one: writer.text(one, ask)  # noqa: E731
    classes = (newline * 3).join(written(one) for one in models)
    imports = newline.join(statements_of(project, home.path, requests))
    return f"{imports}{newline * 3}{classes}{newline}"
