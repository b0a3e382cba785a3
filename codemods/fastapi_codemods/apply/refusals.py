"""Reasons not to begin. Everything here reads only, and all of it happens before the first write."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ApplyError, DirtyWorkTreeError
from . import disk
from .journal import work_tree
from .record import Target

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..plan import FileChange

NAMED = 5


def names(paths: Iterable[str]) -> str:
    """`a.py, b.py and 3 more`."""
    paths = list(paths)
    if len(paths) <= NAMED + 1:
        return ", ".join(paths)
    return f"{', '.join(paths[:NAMED])} and {len(paths) - NAMED} more"


def locate(root: Path, changes: Sequence[FileChange], removed: Mapping[str, Target]) -> tuple[Target, ...]:
    """Where each change really goes. `removed` gives mode and owner to files that are to come back.

    Refuses what leaves `root`, directly or through symbolic links, and two changes of one file.
    """
    targets: dict[str, Target] = {}
    for change in changes:
        real = Path(os.path.realpath(root / change.path))
        if real == root or not real.is_relative_to(root):
            raise ApplyError(f"{change.path} leads outside {root}; nothing was written")
        path = real.relative_to(root).as_posix()
        if path in targets:
            raise ApplyError(f"{change.path} is the same file as another change of the plan; nothing was written")
        mode, owner = _metadata(real)
        if mode is None and path in removed:
            mode, owner = removed[path].mode, removed[path].owner
        targets[path] = Target(path, change.before, change.after, mode, owner)
    return tuple(targets.values())


def stale(root: Path, targets: Iterable[Target]) -> list[str]:
    """The paths whose bytes are not those of `before`."""
    return [target.path for target in targets if not disk.holds(root / target.path, target.before)]


def missing_directories(root: Path, targets: Iterable[Target]) -> tuple[str, ...]:
    """The directories that must be made, outermost first."""
    missing: set[str] = set()
    for target in targets:
        folder = (root / target.path).parent
        while target.after is not None and not folder.is_dir():
            missing.add(folder.relative_to(root).as_posix())
            folder = folder.parent
    return tuple(sorted(missing))


def refuse_unwritable(root: Path, targets: Sequence[Target]) -> None:
    """Raises `ApplyError` naming files that are not to be written and directories that cannot be.

    What the system allows decides, and beside it the mode bits of files: root may write everything, but who took the
    bit away from one file among others meant it. Where no file of the plan has the bit, the tree was copied or
    checked out read-only as a whole, and the bits say nothing about any file in it.
    """
    existing = [target for target in targets if target.before is not None]
    marked = [target.path for target in existing if not _has_write_bit(root / target.path)]
    refused = marked if len(marked) < len(existing) else []
    files = [t.path for t in existing if t.path in refused or not os.access(root / t.path, os.W_OK)]
    folders: dict[str, None] = {}
    for target in targets:
        folder = (root / target.path).parent
        while not folder.exists():
            folder = folder.parent
        if not folder.is_dir():
            there = folder.relative_to(root).as_posix()
            raise ApplyError(f"{there} is a file where {target.path} needs a directory; nothing was written")
        if not os.access(folder, os.W_OK | os.X_OK):
            folders[folder.relative_to(root).as_posix()] = None
    if files or folders:
        what = [names(files), f"the directory {names(folders)}" if folders else ""]
        raise ApplyError(
            f"cannot write {' and '.join(filter(None, what))}; make it writable or exclude it, then run again"
        )


def refuse_dirty(root: Path) -> None:
    """Raises `DirtyWorkTreeError` if git knows of changes under `root`; without git nobody is asked."""
    if work_tree(root) is None:
        return
    import subprocess

    # A hook's variables point git elsewhere; a look must neither write the index nor start a file monitor.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]
    try:
        answer = subprocess.run(
            [*command, "status", "--porcelain", "--", "."],
            check=False,
            cwd=root,
            env=environment,
            capture_output=True,
        )
    except FileNotFoundError:
        return
    if answer.returncode:
        why = (answer.stderr.decode("utf-8", "replace").splitlines() or ["no reason given"])[0]
        raise DirtyWorkTreeError(f"git cannot tell whether {root} is clean ({why}); see to it, or allow a dirty tree")
    lines = answer.stdout.decode("utf-8", "surrogateescape").splitlines()
    if lines:
        raise DirtyWorkTreeError(
            f"git has uncommitted changes: {names(line[3:] for line in lines)}; "
            "commit or stash them, or allow a dirty tree"
        )


def _metadata(path: Path) -> tuple[int | None, tuple[int, int] | None]:
    """The permission bits of a file, and its owner if we may give files away."""
    try:
        found = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None, None
    root_user = hasattr(os, "geteuid") and os.geteuid() == 0
    return stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid) if root_user else None


def _has_write_bit(path: Path) -> bool:
    return bool(path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
