"""The files that FastAPI's part of a project can import, and those that can import it.

In a repository of many packages one application may be all that has to do with FastAPI. What the others do among
themselves is of no interest: no request reaches it, and it can neither use nor replace a name of the application.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .index import Project, top_level
from .reader import import_statements

MANY_NAMES = 100
"""To look for more names than these in every file takes longer than what it may save."""

_WORD = re.compile(rb"\w+")


def surroundings(project: Project) -> tuple[str, ...]:
    """The paths, sorted: the top-level folders with files that name FastAPI, all that they import from, and each file
    that spells one of their names. Every file, where none names FastAPI."""
    return project.remembered("surroundings", lambda: _surroundings(project))


def _surroundings(project: Project) -> tuple[str, ...]:
    by_top: dict[str, list[str]] = {}
    for path in project.paths:
        by_top.setdefault(top_level(path), []).append(path)
    own = {top_level(path) for path in project.import_statements} | {top_level(m.path) for m in project.modules()}
    if not own or len(own) == len(by_top):
        return project.paths
    names = {top: _names_of(project, paths) for top, paths in by_top.items()}
    inside = set(own)
    waiting = list(own)
    while waiting:
        spelled = _words_of_imports(project, by_top.get(waiting.pop(), ()))
        new = {top for top in by_top.keys() - inside if not spelled.isdisjoint(names[top])}
        inside |= new
        waiting += new
    spellings = sorted({name for top in own for name in names.get(top, ())})
    return tuple(
        path
        for path in project.paths
        if (top_level(path) in inside) or len(spellings) > MANY_NAMES or _spells(project, path, spellings)
    )


def _names_of(project: Project, paths: Iterable[str]) -> frozenset[bytes]:
    """What an import of one of these files, from elsewhere, has in it: the names of the folders and modules that stand
    in no package."""
    found = set()
    for path in paths:
        parts = path.removesuffix(".py").split("/")
        for depth, part in enumerate(parts):
            found.add(part)
            if "/".join([*parts[: depth + 1], "__init__.py"]) in project.known_paths:
                break
    return frozenset(name.encode() for name in found - {"__init__"})


def _words_of_imports(project: Project, paths: Iterable[str]) -> set[bytes]:
    found: set[bytes] = set()
    for path in paths:
        known = project.import_statements.get(path)
        found.update(_WORD.findall(import_statements(_data(project, path)) if known is None else known))
    return found


def _spells(project: Project, path: str, names: Iterable[bytes]) -> bool:
    data = _data(project, path)
    return any(name in data for name in names)


def _data(project: Project, path: str) -> bytes:
    try:
        return project.data(path)
    except OSError:
        return b""
