"""What the library's callers see: apply, undo, history, recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ..errors import ApplyError, StalePlanError, UndoError
from ..plan import FileChange
from . import disk
from .journal import UNDO, Journal, journal_of, pending
from .lock import locked
from .record import DamagedRecordError, PrunedRecordError, Record, Target, read_manifest, read_record
from .refusals import locate, missing_directories, names, refuse_dirty, refuse_unwritable, stale
from .transaction import carry_out, settle

if TYPE_CHECKING:
    from pathlib import Path

WAIT_SECONDS = 10.0
Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One applied change set."""

    id: str
    """Sorts by time."""
    time: str
    """ISO 8601, UTC: `2026-11-23T21:01:02Z`."""
    command: str
    codemods: tuple[str, ...]
    paths: tuple[str, ...]
    """POSIX, relative to the root, symbolic links resolved."""
    state: Literal["applied", "undone"]


def apply_changes(
    root: Path,
    changes: Sequence[FileChange],
    *,
    command: str,
    codemods: Sequence[str],
    allow_dirty: bool = False,
    wait: float = WAIT_SECONDS,
    notify: Notify | None = None,
) -> str:
    """Writes all changes or none, and returns the run's id, the empty string if no change changes anything.

    An interrupted run is settled first; `notify` hears about it. Raises `BusyError` if another run writes for
    longer than `wait` seconds, `StalePlanError`, `DirtyWorkTreeError`, and `ApplyError` for whatever else
    stands in the way. A `KeyboardInterrupt` puts everything back, too; a note on it says how that went.
    """
    with _writing(root, command, wait, notify) as journal:
        targets = locate(journal.root, changes, {})
        changed = stale(journal.root, targets)
        changed += [
            change.path
            for change in changes
            # A dangling symbolic link is in the way of a new file although nothing lies behind it.
            if change.before is None and (journal.root / change.path).is_symlink() and change.path not in changed
        ]
        if changed:
            raise StalePlanError(f"{names(changed)} changed since the plan was made; nothing was written, plan again")
        targets = tuple(target for target in targets if target.before != target.after)
        if not targets:
            return ""
        refuse_unwritable(journal.root, targets)
        if not allow_dirty:
            refuse_dirty(journal.root)
        run = journal.new_run()
        made = missing_directories(journal.root, targets)
        carry_out(journal, Record(run, _now(), command, tuple(codemods), targets, made))
        return run


def undo(
    root: Path,
    run: str | None = None,
    *,
    wait: float = WAIT_SECONDS,
    notify: Notify | None = None,
    command: str = "undo",
) -> Run:
    """Brings back the bytes before `run`, by default the latest that is not undone, all or nothing.

    An interrupted run is settled first; `notify` hears about it. Raises `UndoError` naming every file that no
    longer holds what the run wrote, and otherwise as `apply_changes` does; git is not asked.
    """
    with _writing(root, command, wait, notify) as journal:
        finished = set(journal.finished())
        applied = sorted(name for name in finished if not name.endswith(UNDO) and name + UNDO not in finished)
        if run is None and not applied:
            raise UndoError(f"there is no run to undo in {journal.root}")
        run = applied[-1] if run is None else run
        if run + UNDO in finished:
            raise UndoError(f"run {run} is undone already")
        if run not in applied:
            raise UndoError(f"there is no run {run} in {journal.root}; look at the history for its runs")
        record = _readable(journal, run)

        # Real paths, not those of the plan: a link may dangle now that the run removed what it named.
        back = [FileChange(target.path, target.after, target.before) for target in record.targets]
        targets = _refuse_changed(journal, record, back, [name for name in applied if name > run])
        refuse_unwritable(journal.root, targets)
        carry_out(
            journal,
            replace(
                record,
                run=run + UNDO,
                time=_now(),
                command=command,
                targets=targets,
                made=missing_directories(journal.root, targets),
                unmade=record.made,
            ),
        )
        return _run(journal, run, "undone")


def history(root: Path) -> tuple[Run, ...]:
    """The runs that were applied under exactly this root, newest first. Takes no lock, writes nothing."""
    journal = journal_of(root)
    finished = journal.finished()
    runs: list[Run] = []
    for name in reversed(finished):
        if not name.endswith(UNDO):
            try:
                runs.append(_run(journal, name, "undone" if name + UNDO in finished else "applied"))
            except DamagedRecordError:
                # A run of which nothing is known but its name still happened.
                runs.append(Run(name, "", "", (), (), "undone" if name + UNDO in finished else "applied"))
    return tuple(runs)


def recover(
    root: Path, wait: float = WAIT_SECONDS, *, command: str = "recover", notify: Notify | None = None
) -> tuple[str, ...]:
    """Finishes or rolls back what a killed run left, and says so, one line each; `notify` hears it at once.

    Raises `BusyError` if another run writes for longer than `wait` seconds, `ApplyError` if the disk refuses.
    """
    if not pending(root):
        return ()
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if notify is not None:
            notify(line)

    with _writing(root, command, wait, say):
        return tuple(said)


@contextmanager
def _writing(root: Path, command: str, wait: float, notify: Notify | None) -> Iterator[Journal]:
    """The journal of `root`, locked and with nothing left open."""
    try:
        journal = journal_of(root)
        journal.make()
        with locked(journal.lock, command, wait):
            settle(journal, notify or (lambda _: None))
            yield journal
    except OSError as error:
        # What changes the tree answers for its own failures; what arrives here failed before that.
        raise ApplyError(f"{disk.reason(error)}; nothing was written") from error


def _readable(journal: Journal, run: str) -> Record:
    try:
        return read_record(journal.folder(run, None))
    except PrunedRecordError as error:
        raise UndoError(f"run {run} is too old to be undone: its bytes are no longer kept") from error
    except DamagedRecordError as error:
        raise UndoError(f"run {run} cannot be undone: its record {journal.folder(run, None)} is damaged") from error


def _refuse_changed(
    journal: Journal, record: Record, changes: Sequence[FileChange], later: Sequence[str]
) -> tuple[Target, ...]:
    """The targets of an undo; `UndoError` unless all are as `record` left them. `later` are runs since."""
    # Before `locate`, to which a link in the place of a file is an error: here it is one more changed path.
    changed = [change.path for change in changes if not disk.holds(journal.root / change.path, change.before)]
    if not changed:
        return locate(journal.root, changes, {target.path: target for target in record.targets})
    advice = "put the bytes back that the run wrote, or use version control"
    for run in reversed(later):
        try:
            touched = _run(journal, run, "applied").paths
        except DamagedRecordError:
            continue
        if not set(touched).isdisjoint(changed):
            advice = f"run {run} changed them since, undo it first"
            break
    raise UndoError(f"{', '.join(changed)} changed since run {record.run}; nothing was written; {advice}")


def _run(journal: Journal, name: str, state: Literal["applied", "undone"]) -> Run:
    body = read_manifest(journal.folder(name, None))
    paths = tuple(file["path"] for file in body["files"])
    return Run(name, body["time"], body["command"], tuple(body["codemods"]), paths, state)


def _now() -> str:
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
