"""Which files belong to a project, Python ones if not asked for others.

Inside a git work tree git says so (tracked and untracked files, ignored ones left out); elsewhere the ignore files
are read through `pathspec`. In both, virtual environments, vendored and generated code and caches are left out, and
symbolic links are never followed out of the root. A link to a place inside is left out too: its target is there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigurationError, PathError
from ..findings import Skipped

SKIPPED_FOLDERS = frozenset(
    {
        ".bzr", ".direnv", ".eggs", ".git", ".hg", ".ipynb_checkpoints", ".mypy_cache", ".nox", ".pyenv",
        ".pytest_cache", ".pytype", ".ruff_cache", ".svn", ".tox", ".venv", ".vscode", "__pycache__",
        "__pypackages__", "_vendor", "node_modules", "site-packages", "third_party", "vendor", "venv",
        "virtualenv",
    }
)  # fmt: skip

Verdict = Callable[[str], bool | None]
"""Whether patterns ignore a path (a folder's ends in a slash); None where they do not speak of it."""


Wanted = Callable[[str], object]
"""Whether a file is looked for, by its name."""

_TEST = re.compile(r"(?:^|/)(?:tests?/|test_[^/]*\.py\Z|(?:[^/]*_)?tests?\.py\Z|conftest\.py\Z)")


def is_test(path: str) -> bool:
    """Whether a Python file holds tests, by pytest's names and the usual folders."""
    return _TEST.search(path) is not None


def is_python(name: str) -> bool:
    return name.endswith(".py")


class Discovered(NamedTuple):
    paths: tuple[str, ...]
    """POSIX, relative to the root, sorted."""
    skipped: tuple[Skipped, ...]


def discover(root: Path, exclude: Sequence[str] = (), is_wanted: Wanted = is_python) -> Discovered:
    """Every file of the project at `root` with such a name. `exclude` are patterns in the syntax of .gitignore."""
    if not root.is_dir():
        raise PathError(f"{root} is not a folder")
    skipped: list[Skipped] = []
    listed = _listed_by_git(root, is_wanted)
    paths = _walked(root, is_wanted, skipped) if listed is None else _kept(root, listed, is_wanted, skipped)
    if exclude:
        if wrong := next((pattern for pattern in exclude if not _is_pattern(pattern)), None):
            raise ConfigurationError(f"exclude: {wrong!r} is no pattern in the syntax of .gitignore")
        excluded = _patterns(exclude)
        paths = [path for path in paths if not excluded(path)]
    return Discovered(tuple(sorted(paths)), tuple(sorted(skipped)))


def _listed_by_git(root: Path, is_wanted: Wanted) -> list[str] | None:
    """The files that git knows or would add, those that are wanted and maybe more, or None outside a work tree."""
    if not any((folder / ".git").exists() for folder in (root, *root.absolute().parents)):
        return None
    import subprocess

    # core.fsmonitor could name a program; nothing that a repository configures is run.
    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "ls-files", "-z", "--cached"]
    command += ["--others", "--exclude-standard"]
    if is_wanted is is_python:
        command += ["--", "*.py", "pyvenv.cfg", "**/pyvenv.cfg"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return [os.fsdecode(name) for name in dict.fromkeys(done.stdout.split(b"\0")) if name]


def _kept(root: Path, listed: Sequence[str], is_wanted: Wanted, skipped: list[Skipped]) -> list[str]:
    environments = tuple(p.removesuffix("pyvenv.cfg") for p in listed if p.endswith("/pyvenv.cfg"))
    base = str(root)
    kept = []
    for path in listed:
        if not is_wanted(path.rpartition("/")[2]) or (environments and path.startswith(environments)):
            continue
        if SKIPPED_FOLDERS.isdisjoint(path.split("/")[:-1]) and _is_source(base, path, skipped):
            kept.append(path)
    return kept


def _is_source(base: str, path: str, skipped: list[Skipped]) -> bool:
    full = os.path.join(base, path)
    if os.path.islink(full):
        _note_link(base, full, path, skipped)
        return False
    # git goes on listing a tracked file that was deleted.
    return os.path.isfile(full) and not _leaves(base, os.path.dirname(full))


def _leaves(base: str, folder: str) -> bool:
    """A folder reached through a symbolic link: git lists none, so this guards against a link laid over one since."""
    while len(folder) > len(base):
        if os.path.islink(folder):
            return True
        folder = os.path.dirname(folder)
    return False


def _note_link(base: str, full: str, path: str, skipped: list[Skipped]) -> None:
    target = os.path.realpath(full)
    if not os.path.exists(target):
        skipped.append(Skipped(path, "is a symbolic link to a file that does not exist"))
    elif os.path.commonpath([os.path.realpath(base), target]) != os.path.realpath(base):
        skipped.append(Skipped(path, "is a symbolic link out of the project"))


def _walked(root: Path, is_wanted: Wanted, skipped: list[Skipped]) -> list[str]:
    return list(_walk(str(root), str(root), "", (), is_wanted, skipped))


def _walk(
    base: str,
    folder: str,
    prefix: str,
    verdicts: tuple[Verdict, ...],
    is_wanted: Wanted,
    skipped: list[Skipped],
) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            listing = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        skipped.append(Skipped(prefix or ".", f"cannot be read: {error.strerror}"))
        return
    names = {entry.name for entry in listing}
    if prefix and ("pyvenv.cfg" in names or {"Lib", "Scripts", "Include"} <= names):
        return
    verdicts = (*verdicts, *_ignore_files(folder, prefix, names))
    for entry in listing:
        path = prefix + entry.name
        if entry.is_symlink():
            if is_wanted(entry.name):
                _note_link(base, entry.path, path, skipped)
        elif entry.is_dir():
            if entry.name not in SKIPPED_FOLDERS and not _is_ignored(path + "/", verdicts):
                yield from _walk(base, entry.path, path + "/", verdicts, is_wanted, skipped)
        elif is_wanted(entry.name) and entry.is_file() and not _is_ignored(path, verdicts):
            yield path  # a pipe of that name would keep its reader waiting


def _is_ignored(path: str, verdicts: Sequence[Verdict]) -> bool:
    """The ignore file that is nearest to the path decides, among those that speak of it."""
    return next((ignores for verdict in reversed(verdicts) if (ignores := verdict(path)) is not None), False)


def _ignore_files(folder: str, prefix: str, names: set[str]) -> Iterator[Verdict]:
    for name in (".gitignore", ".ignore"):
        if name in names:
            with suppress(OSError), open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                yield _patterns(filter(_is_pattern, file.read().splitlines()), prefix)


def _is_pattern(line: str) -> bool:
    """git passes over a line that is none, such as a lone backslash."""
    from pathspec import GitIgnoreSpec

    try:
        GitIgnoreSpec.from_lines([line])
    except ValueError:
        return False
    return True


def _patterns(lines: Iterable[str], prefix: str = "") -> Verdict:
    from pathspec import GitIgnoreSpec

    spec = GitIgnoreSpec.from_lines(lines)
    return lambda path: spec.check_file(path[len(prefix) :]).include
