"""What a whole check found, kept for the next check of the same project.

It is believed only while everything that it came from is as it was: the options, this package's own code, Python, which
files the project has, the stamp of each, and the stamps of the files beside them, which tell versions and style.
Which folders those stand in is known after a check only, so it is kept with the findings. Otherwise, and whenever
anything is wrong with what was kept, the check is made anew.
"""

from __future__ import annotations

import marshal
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .cache import Stamp, later, place_of, read_checked, settled, stamp_of, write_checked
from .findings import Finding, Location, Safety, Skipped
from .plan import Plan

MAGIC = b"fastapi-codemods findings 1\n"

_KINDS = {(str, str, int, str, int, int, int, str, str, left_alone, int) for left_alone in (str, type(None))}
"""The types of what is kept of a finding."""


class Results:
    """The findings of one project for one set of options. Made before anything is read; nothing raises `OSError`."""

    def __init__(self, root: Path, asked: str, code: Iterable[str], paths: Sequence[str]) -> None:
        """`asked` names the options, `code` are the folders with the code that answers, `paths` the project's files."""
        self._root = root
        self._base = os.path.abspath(root)
        self._now = time.time_ns()
        self._file = place_of(self._base, "findings")
        self._asked = (self._base, asked, sys.version, *_code(code))
        self._stamps = list(_stamps(self._base, paths))

    def load(self) -> Plan | None:
        """What was found, if nothing has changed."""
        data = read_checked(self._file, MAGIC) if self._file else None
        if data is None:
            return None
        with suppress(ValueError, EOFError, TypeError):
            asked, stamps, folders, beside, *kept = marshal.loads(data)
            if asked == self._asked and stamps == self._stamps and beside == _beside(self._base, folders):
                return _plan(self._root, *kept)
        return None

    def keep_later(self, plan: Plan, modules: Iterable[str]) -> None:
        """Keep the plan, of a check, when the process ends. `modules` are the files that concern FastAPI."""
        folders = sorted({"", *(folder for path in modules for folder in _folders_above(path))})
        beside = _beside(self._base, folders)
        stamps = [stamp for _, stamp in (*self._stamps, *beside)]
        if not self._file or any(settled(stamp, self._now) is None for stamp in stamps):
            return  # something may have changed under our eyes
        head: tuple[Any, ...] = (self._asked, self._stamps, folders, beside)
        file = self._file

        def write() -> None:
            with suppress(ValueError):  # a path that marshal cannot write
                write_checked(file, MAGIC, marshal.dumps((*head, *_kept(plan))))

        later(self, write)


def _stamps(base: str, paths: Iterable[str]) -> Iterator[tuple[str, Stamp | None]]:
    for path in paths:
        try:
            yield path, stamp_of(os.stat(f"{base}/{path}"))
        except OSError:
            yield path, None


def _folders_above(path: str) -> Iterator[str]:
    while path:
        path = path.rpartition("/")[0]
        yield path


def _beside(base: str, folders: Iterable[str]) -> list[tuple[str, Stamp | None]]:
    """The files that are no Python in these folders, ignored ones too, and in `requirements/` below them."""
    names: list[str] = []
    for folder in folders:
        for place in (folder, f"{folder}/requirements" if folder else "requirements"):
            with suppress(OSError), os.scandir(f"{base}/{place}") as entries:
                names += [f"{place}/{e.name}" for e in entries if not e.name.endswith(".py") and e.is_file()]
    return list(_stamps(base, sorted(names)))


def _code(folders: Iterable[str]) -> Iterator[tuple[str, int, int]]:
    """What tells one version of the code from another: in an editable installation it changes without a version."""
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in sorted(names):
                if name.endswith(".py"):
                    status = os.stat(os.path.join(folder, name))
                    yield os.path.join(folder, name), status.st_mtime_ns, status.st_size


def _kept(plan: Plan) -> tuple[list[tuple[object, ...]], list[tuple[str, ...]], list[str]]:
    findings: list[tuple[object, ...]] = [
        (f.codemod, f.chapter, int(f.safety), *f.location, f.message, f.anchor, f.left_alone, f.occurrence)
        for f in plan.findings
    ]
    return findings, [tuple(skipped) for skipped in plan.skipped], list(plan.warnings)


def _plan(root: Path, findings: object, skipped: object, warnings: object) -> Plan:
    """A `ValueError` or `TypeError` where these are not what was kept."""
    if not (type(findings) is list and type(skipped) is list and type(warnings) is list):
        raise TypeError("not what was kept")
    if not {tuple(map(type, finding)) for finding in findings} <= _KINDS:
        raise TypeError("findings of another kind")
    if not set(map(type, warnings)) <= {str} or not {tuple(map(type, item)) for item in skipped} <= {(str, str)}:
        raise TypeError("notes of another kind")
    return Plan(root, (), tuple(map(_finding, findings)), tuple(map(Skipped._make, skipped)), tuple(warnings))


def _finding(kept: Sequence[Any]) -> Finding:
    codemod, chapter, safety, path, line, column, end_line, message, anchor, left_alone, occurrence = kept
    location = Location(path, line, column, end_line)
    return Finding(codemod, chapter, Safety(safety), location, message, anchor, left_alone, None, occurrence)
