"""Copies of a project that may be run: the work tree itself is never the place where its code is executed.

A real copy, file by file. Hard links would share what an application writes in place (its SQLite file), an import hook
would not serve templates, data files and `__file__`, and an overlay file system needs rights that not everybody has.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from ..errors import VerificationError
from ..plan import FileChange
from ..project import Project
from .model import Tree

LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", ".bzr", ".venv", "venv", ".env.d", "virtualenv", "node_modules", "__pycache__", ".tox",
        ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".pytype", ".direnv", ".eggs", "site-packages",
    }
)  # fmt: skip
"""Folders that no application needs in the place of its code."""

MODIFIED = 1_000_000_000
"""When every file of a copy was last modified: static files say so in their answers."""

LARGEST_FILE = 200_000_000
LARGEST_TREE = 4_000_000_000


def materialise(tree: Tree, target: Path) -> tuple[str, ...]:
    """Copy `tree` to the folder `target`, which must not exist. Returns what was left out, as whole sentences.

    Links within the project stay links; what others lead to is copied, so that nothing is written through them.
    """
    root = tree.root.resolve()
    if not root.is_dir():
        raise VerificationError(f"{tree.root} is not a folder")
    copier = _Copier(root)
    try:
        copier.folder(root, target)
        for path, content in tree.overlay.items():
            _serve(target, path, content)
    except OSError as error:
        raise VerificationError(f"the project cannot be copied: {error.strerror}: {error.filename}") from None
    return tuple(copier.notes)


class _Copier:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.size = 0
        self.notes: list[str] = []

    def folder(self, source: Path, target: Path) -> None:
        target.mkdir(parents=True)
        with os.scandir(source) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                place = target / entry.name
                if entry.is_symlink():
                    self.link(Path(entry.path), place)
                elif entry.is_dir():
                    if entry.name not in LEFT_OUT and not os.path.exists(os.path.join(entry.path, "pyvenv.cfg")):
                        self.folder(Path(entry.path), place)
                elif entry.is_file():
                    self.file(Path(entry.path), place)

    def link(self, source: Path, target: Path) -> None:
        if not source.exists():
            return
        goal = source.resolve()
        if goal.is_relative_to(self.root):
            if not LEFT_OUT.intersection(goal.relative_to(self.root).parts):
                os.symlink(os.path.relpath(goal, source.parent.resolve()), target)
        elif goal.is_file():
            self.file(goal, target)
        elif goal.is_dir() and not self.root.is_relative_to(goal) and goal.name not in LEFT_OUT:
            self.folder(goal, target)

    def file(self, source: Path, target: Path) -> None:
        size = source.stat().st_size
        if size > LARGEST_FILE:
            self.notes.append(f"{source.name} was left out of the copy that is run: it is too large.")
            return
        self.size += size
        if self.size > LARGEST_TREE:
            raise VerificationError(f"the project at {self.root} is too large to be copied for verification")
        try:
            shutil.copyfile(source, target)
            shutil.copymode(source, target)
            os.chmod(target, target.stat().st_mode | 0o600)
            os.utime(target, (MODIFIED, MODIFIED))
        except PermissionError:
            self.notes.append(f"{source.name} was left out of the copy that is run: it may not be read.")


def _serve(target: Path, path: str, content: bytes | None) -> None:
    place = target.joinpath(*path.split("/"))
    if content is None:
        place.unlink(missing_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.is_symlink():
        place.unlink()
    place.write_bytes(content)
    os.utime(place, (MODIFIED, MODIFIED))


def with_overlay(project: Project, overlay: Mapping[str, bytes | None]) -> Project:
    """The project as it would be read if the overlay's Python files were there."""
    changes = [
        FileChange(path, project.data(path) if path in project.known_paths else None, content)
        for path, content in overlay.items()
        if path.endswith(".py") and (content is not None or path in project.known_paths)
    ]
    return project.with_changes(changes) if changes else project
