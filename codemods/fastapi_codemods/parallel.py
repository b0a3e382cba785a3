"""Work split over forked processes, where there is enough of it.

`os.fork` and a pipe, because the pools of the standard library cost 40 ms in imports alone, and because a forked
child has the parent's files in memory already. Threads do not help: neither `ast` nor LibCST gives up the lock.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar, cast

from .errors import DeadProcessError

Item = TypeVar("Item")
Result = TypeVar("Result")


PORTIONS = 300
"""Into how many portions much work of one kind is parted."""


def default_jobs() -> int:
    """The processors this process may run on, four at the most: beyond that, reading waits for the parent."""
    if hasattr(os, "sched_getaffinity"):
        return min(4, len(os.sched_getaffinity(0)))
    return min(4, os.cpu_count() or 1)


def can_fork() -> bool:
    """Linux and the like; macOS kills forked children of threaded programs, Windows has no fork."""
    return hasattr(os, "fork") and sys.platform != "darwin"


def map_each(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> list[Result]:
    """`[work(item) for item in items]`, shared between this process and `jobs - 1` children.

    Whoever is free takes the next item, so that a big one holds nobody up: put big ones first. Results travel pickled;
    an exception in a child is raised here, with the child's traceback in its notes. One job, or no fork on this
    system: everything happens in this process.
    """
    return begin_each(work, items, jobs)()


def begin_each(work: Callable[[Item], Result], items: Sequence[Item], jobs: int) -> Callable[[], list[Result]]:
    """`map_each` in two parts: the children begin, this process goes on, and takes its share when it calls, once, what
    is returned."""
    jobs = min(jobs, len(items))
    if jobs < 2 or not can_fork():
        return lambda: [work(item) for item in items]
    from pickle import HIGHEST_PROTOCOL, dumps, loads

    queue = _Queue(len(items))

    def take() -> list[tuple[int, bytes]]:
        # Pickled one by one, so that this, too, is shared out.
        return [(index, dumps(work(items[index]), HIGHEST_PROTOCOL)) for index in queue]

    children = [_Child(take) for _ in range(jobs - 1)]

    def finish() -> list[Result]:
        results: dict[int, Result] = {}
        failure: BaseException | None = None
        try:
            results.update((index, work(items[index])) for index in queue)
        except Exception as error:  # the children are awaited first
            failure = error
        queue.close()
        for child in children:
            try:
                results.update((index, loads(pickled)) for index, pickled in child.result())
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return [results[index] for index in range(len(items))]

    return finish


def portions_of(items: Sequence[Item]) -> list[Sequence[Item]]:
    """The items in portions, for processes to take one after the other."""
    size = 1 + len(items) // PORTIONS
    return [items[start : start + size] for start in range(0, len(items), size)]


def begin(work: Callable[[], Result], jobs: int) -> Callable[[], Result]:
    """Start `work` in a child and go on; call what is returned, once, for its result.

    One job, or no fork on this system: the work is done when its result is wanted.
    """
    return _Child(work).result if jobs > 1 and can_fork() else work


class Team(Generic[Item, Result]):
    """Processes that do one round of work after another, each its own share, and keep what they learn meanwhile.

    The first of them is this one. Without fork, or with one job, there are no others.
    """

    def __init__(self, work: Callable[[Item], Result], jobs: int) -> None:
        self._work = work
        self._others = [_Servant(work) for _ in range(jobs - 1)] if can_fork() else []

    @property
    def size(self) -> int:
        return 1 + len(self._others)

    def ask(self, shares: Sequence[Item]) -> list[Result]:
        """The results of one round: the work done on one share by each of the team. An exception is raised here."""
        for other, share in zip(self._others, shares[1:], strict=True):
            other.begin(share)
        return [self._work(shares[0]), *(other.result() for other in self._others)]

    def close(self) -> None:
        for other in self._others:
            other.close()
        for other in self._others:
            other.wait()


class _Servant(Generic[Item, Result]):
    """A forked process that answers until nobody can ask it any more."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        import pickle

        self._pickle = pickle
        asked, asking = os.pipe()
        answered, answering = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(asking)
            os.close(answered)
            _serve(work, asked, answering)
        os.close(asked)
        os.close(answering)
        self._asking = os.fdopen(asking, "wb")
        self._answered = os.fdopen(answered, "rb")

    def begin(self, share: Item) -> None:
        self._pickle.dump(share, self._asking, self._pickle.HIGHEST_PROTOCOL)
        self._asking.flush()

    def result(self) -> Result:
        try:
            succeeded, value = self._pickle.load(self._answered)
        except (EOFError, self._pickle.UnpicklingError):
            raise DeadProcessError(f"process {self._pid} died at its work; run again with --jobs 1") from None
        if not succeeded:
            raise value
        return cast(Result, value)

    def close(self) -> None:
        for pipe in (self._asking, self._answered):
            with suppress(OSError):  # it died
                pipe.close()

    def wait(self) -> None:
        os.waitpid(self._pid, 0)


def _serve(work: Callable[[Item], Result], asked: int, answering: int) -> None:
    """Never returns, see `_work_in_child`."""
    import pickle

    try:
        with os.fdopen(asked, "rb") as requests, os.fdopen(answering, "wb") as answers:
            while True:
                try:
                    share = pickle.load(requests)
                except EOFError:
                    break
                answers.write(_answer(lambda: work(share)))  # noqa: B023  (called at once)
                answers.flush()
    finally:
        os._exit(0)


class _Child(Generic[Result]):
    """A forked process that does one piece of work."""

    def __init__(self, work: Callable[[], Result]) -> None:
        import pickle  # before the fork, so that it is imported once

        self._loads = pickle.loads
        self._reading, writing = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._reading)
            _work_in_child(work, writing)
        os.close(writing)

    def result(self) -> Result:
        """Waits for the child. Raises what `work` raised there, or `DeadProcessError`."""
        with os.fdopen(self._reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(self._pid, 0)
        if not data:
            raise DeadProcessError(f"process {self._pid} died at its work; run again with --jobs 1")
        succeeded, value = self._loads(data)
        if not succeeded:
            raise value
        return cast(Result, value)


class _Queue:
    """The numbers below `count`, each handed out once among processes that were forked after it was made.

    They lie in a pipe, in batches so that all of them fit; a read of four bytes takes one batch.
    """

    _FITS = 10_000

    def __init__(self, count: int) -> None:
        self._count = count
        self._batch = 1 + count // self._FITS
        self._reading, writing = os.pipe()
        for first in range(0, count, self._batch):
            os.write(writing, first.to_bytes(4, "little"))
        os.close(writing)

    def __iter__(self) -> Iterator[int]:
        while taken := os.read(self._reading, 4):
            first = int.from_bytes(taken, "little")
            yield from range(first, min(first + self._batch, self._count))

    def close(self) -> None:
        os.close(self._reading)


def _work_in_child(work: Callable[[], object], writing: int) -> None:
    """Never returns: the child must not run the parent's clean-up, flush its buffers or see its callers."""
    try:
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(_answer(work))
    finally:
        os._exit(0)


def _answer(work: Callable[[], object]) -> bytes:
    """Whether the work succeeded, and its result or the exception, pickled."""
    import pickle

    try:
        return pickle.dumps((True, work()), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        import traceback

        error.add_note("in a child process:\n" + traceback.format_exc())
        return pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Syntax trees are many objects and no cycles that matter: collecting while they grow doubles the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def collected_afterwards() -> Iterator[None]:
    """What is made within and not needed afterwards is let go of, also while garbage collection is off. What was there
    before is not looked at, so that this costs what was made."""
    gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        gc.unfreeze()
