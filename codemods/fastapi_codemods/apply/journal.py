"""Where runs are written down, and how far each has come.

    <git directory>/fastapi-codemods/ or <the user's state directory>/fastapi-codemods/
        lock                       held by whoever writes below
        <root>/open/<run>.<state>  a run under way, or one that was killed; `State` says how far it came
        <root>/runs/<run>          an applied run
        <root>/runs/<run>.undo     the run that took it back
        <root>/kept/<run>/         bytes of files that recovery found changed by somebody else

The state of a run is the name of its directory, so each step from one state to the next is one rename: it
happened or it did not. `open` is empty unless something is wrong or under way, which makes that question one
`listdir`.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from . import disk

NAME = "fastapi-codemods"
UNDO = ".undo"
RUNS_WITH_BYTES = 50


class State(Enum):
    PREPARING = "preparing"
    """No file of the tree was touched; temporary files and new directories may exist."""
    COMMITTING = "committing"
    """Everything needed is on the disk; an interrupted run is finished."""
    ROLLING_BACK = "rolling-back"
    """The commit failed; an interrupted run is put back."""
    DISCARDED = "discarded"
    """Nothing of the run is left but its own directory."""


class Journal(NamedTuple):
    """The runs of one root. Everything that changes it wants the lock to be held."""

    root: Path
    """Symbolic links resolved."""
    home: Path
    lock: Path

    @property
    def open(self) -> Path:
        return self.home / "open"

    @property
    def runs(self) -> Path:
        return self.home / "runs"

    @property
    def kept(self) -> Path:
        return self.home / "kept"

    def folder(self, run: str, state: State | None) -> Path:
        """The directory of `run`; `state` None is for a finished one."""
        return self.runs / run if state is None else self.open / f"{run}.{state.value}"

    def make(self) -> None:
        disk.make_directory(self.open)
        disk.make_directory(self.runs)

    def unfinished(self) -> tuple[tuple[str, State], ...]:
        """Oldest first."""
        found: list[tuple[str, State]] = []
        for name in sorted(_names(self.open)):
            run, _, suffix = name.rpartition(".")
            if suffix in {state.value for state in State}:
                found.append((run, State(suffix)))
        return tuple(found)

    def finished(self) -> tuple[str, ...]:
        """Runs and their undoings (`<run>.undo`), oldest first."""
        return tuple(sorted(_names(self.runs)))

    def state(self, run: str) -> State | None:
        """How far `run` came according to the disk, None if it is neither finished nor under way."""
        return next((state for name, state in self.unfinished() if name == run), None)

    def new_run(self) -> str:
        """A name that sorts after every other of this journal, whatever became of the clock."""
        import time

        stamp, number = time.strftime("%Y%m%d-%H%M%S", time.gmtime()), int.from_bytes(os.urandom(2)) >> 1
        latest = max((name.removesuffix(UNDO) for name in self.finished()), default="")
        if latest[: len(stamp)] < stamp:
            return f"{stamp}-{number:04x}"
        stamp, _, suffix = latest.rpartition("-")
        # One digit more still sorts behind: "ffff" < "ffff0".
        return f"{stamp}-{suffix}0" if suffix.endswith("ffff") else f"{stamp}-{int(suffix, 16) + 1:0{len(suffix)}x}"

    def begin(self, run: str) -> Path:
        folder = self.folder(run, State.PREPARING)
        with disk.naming(folder):
            os.mkdir(folder)
        disk.sync_directories([self.open])
        return folder

    def move(self, run: str, old: State, new: State) -> None:
        """Takes `run` from one state to the next, durably."""
        with disk.naming(self.folder(run, old)):
            os.rename(self.folder(run, old), self.folder(run, new))
        disk.sync_directories([self.open])

    def finish(self, run: str) -> None:
        """Files a committed run. Once renamed it is done; what fails after that is not worth an error."""
        with disk.naming(self.folder(run, State.COMMITTING)):
            os.rename(self.folder(run, State.COMMITTING), self.folder(run, None))
        # Were the rename lost with the power, recovery would find every file written and rename again.
        with suppress(OSError):
            disk.sync_directories([self.runs, self.open])
        with suppress(OSError):
            self.prune()

    def discard(self, run: str, state: State) -> None:
        """Forgets a run that has nothing left in the tree."""
        if state is not State.DISCARDED:
            self.move(run, state, State.DISCARDED)
        folder = self.folder(run, State.DISCARDED)
        with disk.naming(folder):
            for name in os.listdir(folder):
                os.unlink(folder / name)
            os.rmdir(folder)

    def set_aside(self, run: str, state: State) -> Path:
        """Moves a record that cannot be read out of the way, whole; the place where it is now."""
        disk.make_directory(self.kept)
        place, number = self.kept / f"{run}.damaged", 1
        while place.exists():
            place, number = self.kept / f"{run}.damaged-{number}", number + 1
        with disk.naming(place):
            os.rename(self.folder(run, state), place)
        disk.sync_directories([self.kept, self.open])
        return place

    def prune(self) -> None:
        """Removes the bytes, not the manifests, of all but the latest runs: history outlives undo."""
        from .record import BLOBS

        names = self.finished()
        for run in [name for name in names if not name.endswith(UNDO)][:-RUNS_WITH_BYTES]:
            for name in (run, run + UNDO):
                disk.remove_file(self.runs / name / BLOBS)


def journal_of(root: Path) -> Journal:
    """The journal of `root`, which need not exist yet. Reads a few names above `root`, runs nothing."""
    root = Path(os.path.realpath(root))
    tree = work_tree(root)
    if tree is None:
        home = _state_directory() / NAME / _short_hash(str(root))
        return Journal(root, home, home / "lock")
    top, git_directory = tree
    relative = root.relative_to(top).as_posix()
    # For people who look, the path; for two paths that look alike, the hash.
    key = "root" if relative == "." else f"{relative.replace('/', '-')[-60:]}-{_short_hash(relative)}"
    return Journal(root, git_directory / NAME / key, git_directory / NAME / "lock")


def work_tree(root: Path) -> tuple[Path, Path] | None:
    """The top of the git work tree around the resolved path `root`, and its git directory.

    In a submodule or a linked work tree `.git` is a file that names the directory.
    """
    for top in (root, *root.parents):
        git = top / ".git"
        with suppress(OSError, UnicodeDecodeError):
            if git.is_file():
                first, _, named = git.read_text("utf-8").partition(":")
                if first == "gitdir":
                    git = Path(os.path.realpath(top / named.strip()))
            if (git / "HEAD").is_file():
                return top, git
    return None


def _state_directory() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local) if os.path.isabs(local) else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    # The XDG specification: a relative path is to be ignored.
    state = os.environ.get("XDG_STATE_HOME", "")
    return Path(state) if os.path.isabs(state) else Path.home() / ".local" / "state"


def _short_hash(text: str) -> str:
    import hashlib  # only outside git

    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []


def pending(root: Path) -> bool:
    """Whether a run under way, or one that was killed, has left the tree between before and after.

    Costs a listing of one directory; `recover` waits for the one and settles the other.
    """
    if work_tree(Path(os.path.realpath(root))) is None and not (_state_directory() / NAME).is_dir():
        return False  # nothing was ever applied outside git: saves the import that names the journal
    return bool(journal_of(root).unfinished())
