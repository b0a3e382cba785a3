"""All or nothing.

    begin    record synced                                      killed here: nothing to put back
    stage    directories, temporary files beside the targets    killed here: they are removed
    ------   <run>.preparing becomes <run>.committing           the point of no return
    swap     each temporary file renamed over its target        killed here: finished from the record
    finish   <run>.committing becomes runs/<run>

A failure that we live to see puts everything back instead, in any of these places. Every function here can be
repeated after it was cut short: it looks at the disk, not at what it remembers.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, NoReturn

from ..errors import ApplyError, StalePlanError
from . import disk
from .journal import Journal, State
from .record import DamagedRecordError, Record, Target, read_record, write_record
from .refusals import names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

LONGEST_NAME = 180


def temporary(path: Path, run: str) -> Path:
    """The file beside `path` that will be renamed over it."""
    name = path.name
    if len(os.fsencode(name)) > LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return path.with_name(f".{name}.{run}.fastapi-codemods")


def carry_out(journal: Journal, record: Record) -> None:
    """Turns every target from before to after, or raises with all of them at before.

    Only where putting back fails as well does the tree stay between, until `settle`; the error says so.
    """
    run = record.run
    try:
        write_record(journal.begin(run), record)
        for folder in record.made:
            _make(journal.root, folder)
        _stage(journal.root, run, record.targets)
        journal.move(run, State.PREPARING, State.COMMITTING)
        strange = _swap(journal.root, run, record.targets)
        if strange:
            raise StalePlanError(f"{names(strange)} changed while the plan was being applied; plan again")
        _remove_directories(journal.root, record.unmade)
        journal.finish(run)
    except BaseException as error:
        _give_up(journal, record, error)


def settle(journal: Journal, say: Callable[[str], None]) -> None:
    """Ends each run that a kill or a failing disk left open, telling `say` in one line what became of it."""
    for run, state in journal.unfinished():
        if state is State.DISCARDED:
            journal.discard(run, state)
            continue
        try:
            record = read_record(journal.folder(run, state))
        except DamagedRecordError:
            if state is State.PREPARING:
                # Nothing was staged before the record was on the disk.
                journal.discard(run, state)
                say(f"rolled back run {run} that was interrupted: it had changed nothing")
            else:
                place = journal.set_aside(run, state)
                say(
                    f"run {run} was interrupted and its record is damaged: nothing was touched, compare the "
                    f"files with version control; the record is now in {place}"
                )
            continue
        verb = "finished" if state is State.COMMITTING else "rolled back"
        try:
            if state is State.COMMITTING:
                strange = _roll_forward(journal, record)
            else:
                strange = _roll_back(journal, record, state)
        except OSError as error:
            raise ApplyError(
                f"interrupted run {run} could not be {verb}: {disk.reason(error)}; see to it, then run again"
            ) from error
        say(f"{verb} run {run} that was interrupted: {_files(len(record.targets) - len(strange))}")
        for path in strange:
            say(_left_as_it_is(journal, run, path))


def _give_up(journal: Journal, record: Record, error: BaseException) -> NoReturn:
    """Puts everything back and raises `error` in words that say how that went."""
    run = record.run
    state = journal.state(run)
    if state is None:
        # Either the first directory could not be made, or the interrupt came after the run was filed.
        fate = "the change was applied" if journal.folder(run, None).exists() else "nothing was written"
    else:
        try:
            strange = _roll_back(journal, record, state)
        except OSError as second:
            fate = (
                f"putting everything back failed as well ({disk.reason(second)}); "
                f"run {run} is unfinished until the next command here settles it"
            )
        else:
            fate = "nothing was written" if state is State.PREPARING else "everything was put back"
            fate = "; ".join([fate, *(_left_as_it_is(journal, run, path) for path in strange)])
    if isinstance(error, OSError):
        raise ApplyError(f"{disk.reason(error)}; {fate}") from error
    if isinstance(error, ApplyError):
        raise type(error)(f"{error}; {fate}") from error
    error.add_note(fate)
    raise error


def _roll_forward(journal: Journal, record: Record) -> list[str]:
    """Finishes a committing run from its record; the paths that somebody else changed since, left alone."""
    root, run = journal.root, record.run
    _remove_temporary_files(root, run, record.targets)
    for folder in record.made:
        _make(root, folder)
    waiting = [target for target in record.targets if disk.holds(root / target.path, target.before)]
    _stage(root, run, waiting)
    strange = _swap(root, run, record.targets)
    _remove_temporary_files(root, run, record.targets)
    _remove_directories(root, record.unmade)
    _keep(journal, record, strange)
    journal.finish(run)
    return strange


def _roll_back(journal: Journal, record: Record, state: State) -> list[str]:
    """Puts back whatever a run did, however far it came; the paths that somebody else changed, left alone."""
    root, run = journal.root, record.run
    strange: list[str] = []
    if state is State.COMMITTING:
        # From here on an interrupted run is put back, not finished: one direction only.
        journal.move(run, state, State.ROLLING_BACK)
        state = State.ROLLING_BACK
    if state is not State.DISCARDED:
        _remove_temporary_files(root, run, record.targets)
        if state is State.ROLLING_BACK:
            targets = [target.reversed for target in record.targets]
            _stage(root, run, [target for target in targets if disk.holds(root / target.path, target.before)])
            strange = _swap(root, run, targets)
            _remove_temporary_files(root, run, targets)
            _keep(journal, record, strange)
        _remove_directories(root, record.made)
    journal.discard(run, state)
    return strange


def _stage(root: Path, run: str, targets: Iterable[Target]) -> None:
    """Writes and syncs the temporary file of each target that has bytes to come."""
    written: list[tuple[Path, str]] = []
    for target in targets:
        if target.after is not None:
            path = root / target.path
            if not path.parent.is_dir():
                _make(root, path.parent)
            with disk.naming(target.path):
                disk.write_file(temporary(path, run), target.after, mode=target.mode, owner=target.owner)
            written.append((temporary(path, run), target.path))
    disk.sync_files(written)


def _swap(root: Path, run: str, targets: Sequence[Target]) -> list[str]:
    """Brings each target to its staged state, durably; the paths that hold neither the one nor the other.

    The last look at a file comes right before its rename: what an editor saved in between stays.
    """
    strange: list[str] = []
    for target in targets:
        path = root / target.path
        if disk.holds(path, target.before):
            with disk.naming(target.path):
                if target.after is None:
                    os.unlink(path)
                else:
                    os.replace(temporary(path, run), path)
        elif not disk.holds(path, target.after):
            strange.append(target.path)
    folders = {(root / target.path).parent for target in targets}
    # A new directory is a name in its parent.
    disk.sync_directories(folders | {folder.parent for folder in folders if folder != root})
    return strange


def _make(root: Path, folder: str | Path) -> None:
    """Makes a directory of the tree with its parents; `_swap` syncs it."""
    with disk.naming(folder):
        os.makedirs(root / folder, exist_ok=True)


def _remove_temporary_files(root: Path, run: str, targets: Iterable[Target]) -> None:
    removed: set[Path] = set()
    for target in targets:
        path = root / target.path
        with disk.naming(target.path):
            if disk.remove_file(temporary(path, run)):
                removed.add(path.parent)
    disk.sync_directories(removed)


def _remove_directories(root: Path, folders: Sequence[str]) -> None:
    """Removes those that are empty, innermost first."""
    for folder in sorted(folders, reverse=True):
        disk.remove_directory(root / folder)
    disk.sync_directories((root / folder).parent for folder in folders)


def _keep(journal: Journal, record: Record, paths: Sequence[str]) -> None:
    """Lays both sides of each path where people can read them: the record may be discarded."""
    for target in record.targets:
        if target.path in paths:
            for side, content in (("before", target.before), ("after", target.after)):
                if content is not None:
                    place = journal.kept / record.run / side / target.path
                    disk.make_directory(place.parent)
                    disk.remove_file(place)
                    disk.write_file(place, content)


def _left_as_it_is(journal: Journal, run: str, path: str) -> str:
    place = journal.kept / run
    return f"{path} was changed by something else and left as it is; its bytes before and after are in {place}"


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
