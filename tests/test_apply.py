"""The one part that writes: all or nothing, whatever fails, and back again."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fastapi_codemods.apply import Run, apply_changes, history, pending, recover, undo
from fastapi_codemods.apply import disk as disk_module
from fastapi_codemods.apply import journal as journal_module
from fastapi_codemods.apply import transaction as transaction_module
from fastapi_codemods.apply.journal import State, journal_of
from fastapi_codemods.apply.lock import locked
from fastapi_codemods.apply.record import MANIFEST
from fastapi_codemods.errors import ApplyError, BusyError, DirtyWorkTreeError, StalePlanError, UndoError
from fastapi_codemods.plan import FileChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIBRARY = Path(disk_module.__file__).parents[2]
SCRIPT = LIBRARY.parent / "scripts" / "kill_apply.py"

Tree = dict[str, bytes | None]

CHANGES = (
    FileChange("app/crlf.py", b"a = 1\r\n", b"a = 2\r\n"),
    FileChange("app/binary.py", b"\x00\xff\xfe", b"\xff\x00" * 40),
    FileChange("app/empty.py", b"", b"x\n"),
    FileChange("app/emptied.py", b"x\n", b""),
    FileChange("app/gone.py", b"gone = True\n", None),
    FileChange("app/routers/v1/new.py", None, b"new = True\n"),
    FileChange("app/routers/v1/__init__.py", None, b""),
    FileChange("main.py", b"import app\n", b"import app.routers\n"),
)


def snapshot(root: Path) -> Tree:
    return {
        path.relative_to(root).as_posix(): None if path.is_dir() else path.read_bytes()
        for path in root.rglob("*")
        if ".git" not in path.relative_to(root).parts
    }


def write(root: Path, changes: tuple[FileChange, ...] = CHANGES) -> None:
    for change in changes:
        if change.before is not None:
            (root / change.path).parent.mkdir(parents=True, exist_ok=True)
            (root / change.path).write_bytes(change.before)


def apply(root: Path, changes: tuple[FileChange, ...] = CHANGES, **options: Any) -> str:
    return apply_changes(root, changes, command="test", codemods=["one"], **{"allow_dirty": True, **options})


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture(autouse=True)
def state_home(tmp_path, monkeypatch):
    """No test writes a journal into the state directory of whoever runs it."""
    for name in ("XDG_STATE_HOME", "HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture(autouse=True)
def without_waiting_for_the_disk(monkeypatch):
    """A sync guards against a loss of power, which no test causes; that each may fail is still tried."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    write(root)
    return root


@pytest.fixture
def before(root):
    return snapshot(root)


@pytest.fixture
def after(before):
    tree = {**before, "app/routers": None, "app/routers/v1": None}
    tree.update({change.path: change.after for change in CHANGES})
    del tree["app/gone.py"]
    return tree


# What every run does.


def test_apply_writes_every_change_and_undo_brings_back_every_byte(root, before, after):
    run = apply(root)
    assert snapshot(root) == after
    undone = undo(root)
    assert snapshot(root) == before
    assert undone.id == run
    assert undone.state == "undone"


def test_history_is_newest_first_and_says_what_is_undone(root):
    first = apply(root)
    second = apply(root, (FileChange("main.py", b"import app.routers\n", b"2\n"),))
    undo(root)

    newest, oldest = history(root)

    assert (newest.id, newest.state, newest.paths) == (second, "undone", ("main.py",))
    assert (oldest.id, oldest.state) == (first, "applied")
    assert oldest.paths == tuple(change.path for change in CHANGES)
    assert (oldest.command, oldest.codemods) == ("test", ("one",))
    assert oldest.time.endswith("Z")


def test_undo_goes_back_run_by_run(root, before):
    ids = [apply(root)]
    ids.append(apply(root, (FileChange("main.py", b"import app.routers\n", b"2\n"),)))
    ids.append(apply(root, (FileChange("main.py", b"2\n", b"3\n"),)))
    assert ids == sorted(set(ids))
    assert [undo(root).id for _ in ids] == ids[::-1]
    assert snapshot(root) == before
    with pytest.raises(UndoError, match="no run to undo"):
        undo(root)


def test_ids_rise_even_if_the_clock_goes_back(root, monkeypatch):
    monkeypatch.setattr("os.urandom", lambda count: b"\xff" * count)
    journal = journal_of(root)
    journal.make()
    names = ["29991231-235959-fffe"]
    for _ in range(20):
        (journal.runs / names[-1]).mkdir()
        names.append(journal.new_run())
    assert names == sorted(set(names))


def test_changes_that_change_nothing_make_no_run(root, before):
    assert apply(root, (FileChange("main.py", b"import app\n", b"import app\n"),)) == ""
    assert history(root) == ()
    assert snapshot(root) == before


def test_nothing_but_the_targets_is_left_behind(root):
    apply(root)
    assert [path for path in snapshot(root) if "fastapi-codemods" in path] == []
    assert not pending(root)
    assert os.listdir(journal_of(root).open) == []


def test_a_directory_that_was_made_stays_on_undo_if_something_else_is_in_it(root, before):
    apply(root)
    (root / "app/routers/mine.txt").write_text("mine")
    undo(root)
    assert snapshot(root) == {**before, "app/routers": None, "app/routers/mine.txt": b"mine"}


@pytest.mark.skipif(os.name == "nt", reason="permission bits are POSIX")
def test_permission_bits_survive_apply_and_undo_even_those_of_a_removed_file(root):
    (root / "main.py").chmod(0o754)
    (root / "app/gone.py").chmod(0o640)
    apply(root)
    assert stat.S_IMODE((root / "main.py").stat().st_mode) == 0o754
    undo(root)
    assert stat.S_IMODE((root / "main.py").stat().st_mode) == 0o754
    assert stat.S_IMODE((root / "app/gone.py").stat().st_mode) == 0o640


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_survives_if_root_applies(root):
    os.chown(root / "main.py", 1234, 2345)
    apply(root)
    found = (root / "main.py").stat()
    assert (found.st_uid, found.st_gid) == (1234, 2345)


def test_a_new_file_gets_the_mode_that_the_umask_gives(root):
    (root / "app/plain.py").write_bytes(b"")
    apply(root)
    assert (root / "app/routers/v1/new.py").stat().st_mode == (root / "app/plain.py").stat().st_mode


def test_a_file_name_at_the_limit_of_the_file_system_is_written(root):
    change = FileChange("n" * 252 + ".py", None, b"x\n")
    apply(root, (change,))
    assert (root / change.path).read_bytes() == b"x\n"


def test_a_symbolic_link_inside_the_root_stays_a_link(root):
    (root / "link.py").symlink_to("main.py")
    apply(root, (FileChange("link.py", b"import app\n", b"changed\n"),))
    assert (root / "link.py").is_symlink()
    assert (root / "main.py").read_bytes() == b"changed\n"
    undo(root)
    assert (root / "main.py").read_bytes() == b"import app\n"


def test_the_bytes_of_the_oldest_runs_are_pruned_and_the_history_is_not(root, monkeypatch):
    monkeypatch.setattr(journal_module, "RUNS_WITH_BYTES", 2)
    for number in range(4):
        content = b"import app\n" if number == 0 else b"%d\n" % (number - 1)
        apply(root, (FileChange("main.py", content, b"%d\n" % number),))
    undo(root)
    undo(root)
    oldest = history(root)[-1].id
    assert len(history(root)) == 4
    with pytest.raises(UndoError, match=r"too old to be undone"):
        undo(root)
    with pytest.raises(UndoError, match=r"too old to be undone"):
        undo(root, oldest)


# Refusals: every one before the first write.


def refused(root: Path, error: type[Exception], match: str, action: Callable[[], object]) -> str:
    tree = snapshot(root)
    with pytest.raises(error, match=match) as caught:
        action()
    assert snapshot(root) == tree
    assert "\n" not in str(caught.value)
    assert not pending(root)
    return str(caught.value)


def test_a_file_that_changed_since_the_plan_is_refused_by_name(root):
    (root / "main.py").write_bytes(b"changed\n")
    (root / "app/empty.py").unlink()
    message = refused(root, StalePlanError, "main.py", lambda: apply(root))
    assert "app/empty.py" in message
    assert "plan again" in message


def test_a_new_file_that_exists_by_now_is_refused(root):
    (root / "app/routers/v1").mkdir(parents=True)
    (root / "app/routers/v1/new.py").write_bytes(b"")
    refused(root, StalePlanError, "app/routers/v1/new.py", lambda: apply(root))


def test_a_dangling_link_is_in_the_way_of_a_new_file(root):
    (root / "new.py").symlink_to("nowhere.py")
    with pytest.raises(StalePlanError, match=r"new\.py"):
        apply(root, (FileChange("new.py", None, b"x"),))
    assert not (root / "nowhere.py").exists()


@pytest.mark.parametrize("path", ["../outside.py", "/etc/outside.py", "away/outside.py", ".", "away_file.py"])
def test_a_path_that_leaves_the_root_is_refused(root, tmp_path, path):
    (tmp_path / "outside.py").write_bytes(b"")
    (root / "away").symlink_to(tmp_path, target_is_directory=True)
    (root / "away_file.py").symlink_to(tmp_path / "outside.py")
    refused(root, ApplyError, "leads outside", lambda: apply(root, (*CHANGES, FileChange(path, b"", b"x"))))
    assert (tmp_path / "outside.py").read_bytes() == b""


def test_two_changes_of_one_file_are_refused(root):
    changes = (
        FileChange("main.py", b"import app\n", b"1"),
        FileChange("app/../main.py", b"import app\n", b"2"),
    )
    refused(root, ApplyError, "same file", lambda: apply(root, changes))


@pytest.mark.parametrize("change", [CHANGES[1], CHANGES[4]], ids=["changed", "removed"])
def test_a_read_only_file_in_the_middle_is_refused_whoever_asks(root, change):
    (root / change.path).chmod(0o444)
    refused(root, ApplyError, f"cannot write {change.path}", lambda: apply(root))


def test_a_directory_that_the_system_keeps_closed_is_refused(root, monkeypatch):
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("/app") and allowed(path, mode))
    refused(root, ApplyError, "the directory app;", lambda: apply(root))


def test_in_a_tree_that_is_read_only_throughout_the_bits_say_nothing(root):
    """A copy of a read-only checkout: whoever may write there does."""
    changed = [root / change.path for change in CHANGES if change.before is not None]
    for path in changed:
        path.chmod(0o444)
    if all(os.access(path, os.W_OK) for path in changed):
        apply(root)
    else:
        refused(root, ApplyError, "cannot write ", lambda: apply(root))
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o444 for path in changed if path.exists())


def test_a_file_where_a_directory_must_be_made_is_refused(root):
    (root / "app/routers").write_bytes(b"")
    refused(root, ApplyError, "app/routers is a file where app/routers/v1/", lambda: apply(root))


def test_a_dirty_work_tree_is_refused_and_only_below_the_root(tmp_path):
    top, root = tmp_path / "repository", tmp_path / "repository/api"
    write(root)
    (top / "elsewhere.txt").write_text("1")
    git(tmp_path, "init", "-q", "repository")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "1")
    (top / "elsewhere.txt").write_text("2")
    apply(root, allow_dirty=False)
    message = refused(
        root,
        DirtyWorkTreeError,
        "uncommitted",
        lambda: apply(root, tuple(c.reversed for c in CHANGES), allow_dirty=False),
    )
    assert "api/app/crlf.py" in message
    assert "elsewhere" not in message


def test_without_git_nobody_is_asked(tmp_path, state_home, monkeypatch):
    root = tmp_path / "plain"
    write(root)
    monkeypatch.setenv("PATH", "")
    apply(root, allow_dirty=False)
    assert journal_of(root).home.is_relative_to(state_home)


def test_a_missing_git_is_no_reason_to_refuse(root, monkeypatch):
    monkeypatch.setenv("PATH", "")
    apply(root, allow_dirty=False)


def test_a_git_that_cannot_answer_is_a_reason_to_refuse(root):
    refused(root, DirtyWorkTreeError, "cannot tell", lambda: apply(root, allow_dirty=False))


def test_undo_names_every_file_that_changed_since(root):
    run = apply(root)
    (root / "main.py").write_bytes(b"mine\n")
    (root / "app/gone.py").write_bytes(b"back\n")
    (root / "app/routers/v1/new.py").unlink()
    message = refused(root, UndoError, run, lambda: undo(root))
    assert all(path in message for path in ("main.py", "app/gone.py", "app/routers/v1/new.py"))
    assert "binary" not in message


def test_undo_of_an_earlier_run_names_the_later_one_that_must_go_first(root):
    first = apply(root)
    second = apply(root, (FileChange("main.py", b"import app.routers\n", b"2\n"),))
    refused(root, UndoError, f"run {second} changed them since, undo it first", lambda: undo(root, first))


def test_undo_twice_and_undo_of_an_unknown_run_are_refused(root):
    run = apply(root)
    undo(root)
    refused(root, UndoError, "undone already", lambda: undo(root, run))
    refused(root, UndoError, "there is no run 1999", lambda: undo(root, "1999"))


# Where the journal lies.


def test_the_journal_of_a_linked_work_tree_lies_in_its_git_directory(tmp_path):
    main, linked = tmp_path / "main", tmp_path / "linked"
    write(main)
    git(tmp_path, "init", "-q", "main")
    git(main, "add", ".")
    git(main, "commit", "-q", "-m", "1")
    git(main, "worktree", "add", "-q", str(linked))
    assert (linked / ".git").is_file()

    apply(linked, allow_dirty=False)

    assert journal_of(linked).home == main / ".git/worktrees/linked/fastapi-codemods/root"
    assert len(history(linked)) == 1
    assert history(main) == ()


def test_a_relative_git_file_as_submodules_have_it_is_followed(tmp_path):
    module = tmp_path / "project/module"
    write(module)
    directory = tmp_path / "project/.git/modules/module"
    directory.mkdir(parents=True)
    (directory / "HEAD").write_text("ref: refs/heads/main\n")
    (module / ".git").write_text("gitdir: ../.git/modules/module\n")
    apply(module)
    assert journal_of(module).home == directory / "fastapi-codemods/root"


def test_two_roots_of_one_repository_have_a_journal_each_and_one_lock(root):
    write(root / "a/b")
    write(root / "a-b")
    apply(root / "a/b")
    assert journal_of(root / "a/b").home != journal_of(root / "a-b").home
    assert journal_of(root / "a/b").lock == journal_of(root / "a-b").lock == journal_of(root).lock
    assert [len(history(folder)) for folder in (root / "a/b", root / "a-b", root)] == [1, 0, 0]


def test_asking_writes_nothing(tmp_path, state_home):
    assert (pending(tmp_path), history(tmp_path), recover(tmp_path)) == (False, (), ())
    assert not state_home.exists()


# Two at once.


def test_a_second_run_learns_who_holds_the_lock(root):
    journal = journal_of(root)
    journal.make()
    with locked(journal.lock, "fastapi-codemods apply src", 0):
        refused(
            root,
            BusyError,
            rf"`fastapi-codemods apply src` \(process {os.getpid()}\)",
            lambda: apply(root, wait=0),
        )
    apply(root, wait=0)


def test_of_two_runs_at_once_one_applies_and_the_other_finds_its_plan_stale(root, after):
    start, results = threading.Barrier(2), list[object]()

    def work() -> None:
        start.wait()
        try:
            results.append(apply(root))
        except StalePlanError as error:
            results.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(type(result).__name__ for result in results) == ["StalePlanError", "str"]
    assert snapshot(root) == after
    assert len(history(root)) == 1


# Failing disks. Every call that can change the disk is counted; the n-th fails, for every n.

WRITING_CALLS = ("open", "write", "fsync", "rename", "replace", "unlink", "mkdir", "rmdir", "chmod")


class Killed(BaseException):
    """Stands for a process that is no more: from the n-th call on nothing reaches the disk."""


class FailingDisk:
    """Fails the n-th writing call, that and all later ones, or none and only counts."""

    def __init__(self, fail_at: int | None, error: Callable[[], BaseException], *, for_good: bool = False):
        self.fail_at, self.error, self.for_good = fail_at, error, for_good
        self.calls, self.failed = 0, False
        self.guard = threading.Lock()

    @contextmanager
    def installed(self) -> Iterator[FailingDisk]:
        with pytest.MonkeyPatch.context() as patch:
            for name in WRITING_CALLS:
                patch.setattr(os, name, self.wrapped(getattr(os, name)))
            yield self

    def wrapped(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            with self.guard:
                self.calls += 1
                fails = self.fail_at is not None and (
                    self.calls == self.fail_at or (self.for_good and self.calls > self.fail_at)
                )
                self.failed = self.failed or fails
            if fails:
                raise self.error()
            return call(*arguments, **options)

        return counted


def no_space() -> BaseException:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def broken() -> BaseException:
    return OSError(errno.EIO, os.strerror(errno.EIO))


FAILURES = {
    "no space, once": (no_space, False),
    "no space any more": (no_space, True),
    "input/output error, once": (broken, False),
    "input/output errors from then on": (broken, True),
    "Ctrl-C": (KeyboardInterrupt, False),
    "Ctrl-C again and again": (KeyboardInterrupt, True),
    "killed": (Killed, True),
}


def calls_of(action: Callable[[], object]) -> int:
    with FailingDisk(None, broken).installed() as disk:
        action()
    return disk.calls


def tries(
    tmp_path: Path, prepare: Callable[[Path], object], action: Callable[[Path], object]
) -> Iterator[tuple[int, Path]]:
    """A prepared tree for each writing call that `action` makes."""

    def fresh(name: str) -> Path:
        root = tmp_path / name
        (root / ".git").mkdir(parents=True)
        (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        write(root)
        prepare(root)
        return root

    root = fresh("counted")
    total = calls_of(lambda: action(root))
    assert total > 20
    for number in range(1, total + 1):
        yield number, fresh(f"call{number}")


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("task", ["apply", "undo"])
def test_whatever_call_fails_the_tree_is_wholly_before_or_wholly_after(tmp_path, before, after, task, failure):
    error, for_good = FAILURES[failure]
    old, new = (before, after) if task == "apply" else (after, before)
    prepare: Callable[[Path], object] = (lambda _: None) if task == "apply" else apply
    action: Callable[[Path], object] = apply if task == "apply" else undo
    outcomes: set[str] = set()
    for number, root in tries(tmp_path, prepare, action):
        caught: BaseException | None = None
        with FailingDisk(number, error, for_good=for_good).installed() as disk:
            try:
                action(root)
            except (ApplyError, KeyboardInterrupt, Killed) as raised:
                caught = raised
        assert disk.failed
        at_once = snapshot(root)
        if not for_good:
            # One failure is survived at once, not by the next command.
            assert at_once in (old, new), f"call {number}"
            if caught is None:
                assert at_once == new, f"call {number}"
            elif isinstance(caught, ApplyError):
                assert at_once == old, f"call {number}"
        if isinstance(caught, ApplyError):
            text = os.strerror(errno.ENOSPC if error is no_space else errno.EIO)
            assert text in str(caught)
            assert "\n" not in str(caught)
            assert str(caught).startswith((*before, *after, str(root))), str(caught)

        recover(root)

        settled = snapshot(root)
        assert settled in (old, new), f"call {number}"
        assert not pending(root)
        applied = settled == after
        states = [run.state for run in history(root)]
        assert states == (["applied"] if applied else [] if task == "apply" else ["undone"]), f"call {number}"
        outcomes.add("old" if settled == old else "new")
    assert "old" in outcomes


@pytest.mark.parametrize(
    "first", [State.PREPARING, State.COMMITTING, State.ROLLING_BACK], ids=lambda state: state.value
)
def test_recovery_may_itself_be_killed_at_every_call(tmp_path, before, after, first):
    wanted = after if first is State.COMMITTING else before
    for number, root in tries(tmp_path, lambda root: interrupted(root, first), recover):
        # Not every call matters: one killed while it files the run is not noticed.
        with FailingDisk(number, Killed, for_good=True).installed(), suppress(Killed):
            recover(root)
        recover(root)
        assert snapshot(root) == wanted, f"call {number}"
        assert not pending(root)


@pytest.mark.parametrize(
    "first", [State.PREPARING, State.COMMITTING, State.ROLLING_BACK], ids=lambda state: state.value
)
def test_recovery_that_meets_a_failing_disk_says_so_and_the_next_one_ends_it(tmp_path, before, after, first):
    wanted = after if first is State.COMMITTING else before
    for number, root in tries(tmp_path, lambda root: interrupted(root, first), recover):
        with FailingDisk(number, broken).installed():
            try:
                recover(root)
                message = os.strerror(errno.EIO)  # what failed was of no importance, the note in the lock file, say
            except ApplyError as error:
                message = str(error)
        assert os.strerror(errno.EIO) in message
        recover(root)
        assert snapshot(root) == wanted, f"call {number}"
        assert not pending(root)


def interrupted(root: Path, state: State) -> None:
    """Leaves a run as a kill in `state` leaves it: with half of the work of that state done."""

    def dies(name: str, at: int, error: type[BaseException] = Killed) -> None:
        """Lets the `at`-th call of `os.<name>` raise, and all calls after it if that is a kill."""
        real, left = getattr(os, name), at

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 or (left < 0 and error is Killed):
                raise error
            return real(*arguments, **options)

        patch.setattr(os, name, call)

    def roll_back(*arguments: Any) -> Any:
        if state is not State.ROLLING_BACK:
            raise Killed
        dies("replace", 3)
        return really_roll_back(*arguments)

    really_roll_back = getattr(transaction_module, "_roll_back")  # noqa: B009  # private, and only here
    with pytest.MonkeyPatch.context() as patch, suppress(Killed):
        patch.setattr(transaction_module, "_roll_back", roll_back)
        if state is State.PREPARING:
            dies("chmod", 3)
        elif state is State.COMMITTING:
            dies("replace", 4)
        else:
            dies("replace", 5, OSError)
        apply(root)
    assert [found for _, found in journal_of(root).unfinished()] == [state]


def test_recovery_says_in_a_line_each_what_it_did(root, before, after):
    for state, text, tree in [
        (State.PREPARING, "rolled back", before),
        (State.ROLLING_BACK, "rolled back", before),
        (State.COMMITTING, "finished", after),
    ]:
        interrupted(root, state)
        run = journal_of(root).unfinished()[0][0]
        said: list[str] = []
        assert pending(root)
        assert recover(root, notify=said.append) == (f"{text} run {run} that was interrupted: 8 files",)
        assert said == [f"{text} run {run} that was interrupted: 8 files"]
        assert snapshot(root) == tree
        assert recover(root) == ()


def test_the_next_apply_settles_the_last_one_first_and_says_so(root, after):
    interrupted(root, State.COMMITTING)
    said: list[str] = []
    apply(root, (FileChange("main.py", b"import app.routers\n", b"2\n"),), notify=said.append)
    assert [line.partition(" run")[0] for line in said] == ["finished"]
    assert snapshot(root) == {**after, "main.py": b"2\n"}
    assert len(history(root)) == 2


def test_the_next_undo_settles_the_last_apply_first(root, before):
    interrupted(root, State.COMMITTING)
    said: list[str] = []
    undo(root, notify=said.append)
    assert [line.partition(" run")[0] for line in said] == ["finished"]
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("state", "side"),
    [(State.COMMITTING, "after"), (State.ROLLING_BACK, "before")],
    ids=["finish", "roll back"],
)
def test_recovery_leaves_a_file_that_somebody_changed_and_does_the_others(root, before, after, state, side):
    interrupted(root, state)
    (root / "main.py").write_bytes(b"mine\n")
    (root / "app/crlf.py").write_bytes(b"mine too\n")

    lines = recover(root)

    tree = after if side == "after" else before
    assert snapshot(root) == {**tree, "main.py": b"mine\n", "app/crlf.py": b"mine too\n"}
    assert "6 files" in lines[0]
    assert [line.partition(" was")[0] for line in lines[1:]] == ["app/crlf.py", "main.py"]
    place = Path(lines[2].rpartition(" are in ")[2])
    assert (place / "before/main.py").read_bytes() == b"import app\n"
    assert (place / "after/main.py").read_bytes() == b"import app.routers\n"
    assert not pending(root)
    assert recover(root) == ()


def test_a_link_put_in_the_place_of_a_directory_is_not_followed_by_recovery(root, tmp_path):
    interrupted(root, State.COMMITTING)
    (root / "app").rename(tmp_path / "moved")
    (root / "app").symlink_to(tmp_path / "moved", target_is_directory=True)
    away = snapshot(tmp_path / "moved")
    lines = recover(root)
    moved = {path: content for path, content in away.items() if "fastapi-codemods" not in path}
    assert snapshot(tmp_path / "moved") == moved
    assert any(line.startswith("app/gone.py was changed") for line in lines)


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_half_a_manifest_is_rolled_back_and_never_believed(root, before, keep):
    interrupted(root, State.PREPARING)
    manifest = next(journal_of(root).open.glob("*/" + MANIFEST))
    recover(root)
    journal = journal_of(root)
    folder = journal.begin("20200101-000000-0000")
    text = json.dumps({"format": 1, "checksum": "0" * 64, "body": {"files": [{"path": "main.py"}]}}).encode()
    (folder / manifest.name).write_bytes(text[: int(len(text) * keep)])
    lines = recover(root)
    assert lines == ("rolled back run 20200101-000000-0000 that was interrupted: it had changed nothing",)
    assert snapshot(root) == before
    assert not pending(root)


def test_a_damaged_record_of_a_committing_run_is_set_aside_and_nothing_is_touched(root):
    interrupted(root, State.COMMITTING)
    manifest = next(journal_of(root).open.glob("*/" + MANIFEST))
    manifest.write_bytes(manifest.read_bytes().replace(b"main.py", b"nain.py"))
    tree = snapshot(root)
    (line,) = recover(root)
    assert "damaged" in line
    assert snapshot(root) == tree
    assert Path(line.rpartition(" now in ")[2]).is_dir()
    assert not pending(root)


def test_a_record_of_a_later_version_is_not_touched(root):
    interrupted(root, State.COMMITTING)
    manifest = next(journal_of(root).open.glob("*/" + MANIFEST))
    manifest.write_bytes(manifest.read_bytes().replace(b'"format": 1', b'"format": 2'))
    with pytest.raises(ApplyError, match="later version"):
        recover(root)
    assert pending(root)


def test_a_file_saved_between_the_check_and_its_rename_keeps_what_was_saved(root, before, monkeypatch):
    real, saved = os.replace, list[bool]()

    def save_then_replace(*arguments: Any) -> None:
        if not saved:
            saved.append(True)
            (root / "main.py").write_bytes(b"saved by an editor\n")
        real(*arguments)

    monkeypatch.setattr(os, "replace", save_then_replace)
    with pytest.raises(StalePlanError, match=r"^main.py changed while .*everything was put back"):
        apply(root)
    assert snapshot(root) == {**before, "main.py": b"saved by an editor\n"}
    assert not pending(root)


def test_an_interrupt_carries_a_note_that_says_how_it_ended(root, before, monkeypatch):
    real, calls = os.replace, list[bool]()

    def interrupt(*arguments: Any) -> None:
        calls.append(True)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt) as caught:
        apply(root)
    assert caught.value.__notes__ == ["everything was put back"]
    assert snapshot(root) == before


def test_a_full_disk_is_named_with_its_file(root, before, monkeypatch):
    real = os.write

    def full(descriptor: int, content: memoryview) -> int:
        if bytes(content) == CHANGES[1].after:
            raise no_space()
        return real(descriptor, content)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(ApplyError, match=r"^app/binary.py: No space left on device; nothing was written$"):
        apply(root)
    assert snapshot(root) == before


def test_short_writes_are_continued(root, after, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: real(descriptor, content[:3]))
    apply(root)
    assert snapshot(root) == after


@pytest.fixture
def tiny_disk(tmp_path):
    """A file system of 256 kB."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(folder)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("only root mounts; the failing calls above stand in")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_that_really_fills_up_leaves_everything_as_it_was(tiny_disk):
    changes = tuple(FileChange(f"{number}.py", b"x" * 4000, b"y" * 9000) for number in range(30))
    write(tiny_disk, changes)
    tree = snapshot(tiny_disk)
    with pytest.raises(ApplyError, match=r"\.py: No space left on device; nothing was written"):
        apply(tiny_disk, changes)
    assert snapshot(tiny_disk) == tree
    assert not pending(tiny_disk)
    apply(tiny_disk, changes[:5])


# Kills.


def test_ten_kills_leave_no_tree_half_done():
    done = subprocess.run(
        [sys.executable, SCRIPT, "--kills", "10", "--files", "40", "--seed", str(random.randrange(1 << 16))],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.name == "nt", reason="SIGINT to one child is POSIX")
def test_the_lock_of_a_killed_process_is_free(root):
    journal = journal_of(root)
    journal.make()
    code = (
        "import sys; from pathlib import Path; from fastapi_codemods.apply.lock import locked\n"
        "with locked(Path(sys.argv[1]), 'other', 0): print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, journal.lock],
        env={**os.environ, "PYTHONPATH": str(LIBRARY)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        with pytest.raises(BusyError, match=rf"`other` \(process {child.pid}\)"):
            apply(root, wait=0)
        child.send_signal(signal.SIGKILL)
        child.wait()
        run = apply(root, wait=0)
    assert isinstance(history(root)[0], Run)
    assert history(root)[0].id == run
