"""Work split over forked processes, where there is enough of it.

`os.fork` and a pipe, because the pools of the standard library cost 40 ms in imports alone, and because a forked
child has the parent's files in memory already. Threads do not help: neither `ast` nor LibCST gives up the lock.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from .errors import DeadProcessError

Item = TypeVar("Item")
Result = TypeVar("Result")


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
    jobs = min(jobs, len(items))
    if jobs < 2 or not can_fork():
        return [work(item) for item in items]
    import pickle

    queue = _Queue(len(items))
    children = []
    for _ in range(jobs - 1):
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _work_in_child(work, items, queue, writing)
        os.close(writing)
        children.append((pid, reading))
    results: dict[int, Result] = {}
    failure: BaseException | None = None
    try:
        results.update((index, work(items[index])) for index in queue)
    except Exception as error:  # the children are awaited first
        failure = error
    queue.close()
    for pid, reading in children:
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(pid, 0)
        if not data:
            failure = failure or DeadProcessError(f"process {pid} died at its work; run again with --jobs 1")
            continue
        succeeded, value = pickle.loads(data)
        if succeeded:
            results.update(value)
        else:
            failure = failure or value
    if failure is not None:
        raise failure
    return [results[index] for index in range(len(items))]


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


def _work_in_child(work: Callable[[Item], Result], items: Sequence[Item], queue: _Queue, writing: int) -> None:
    """Never returns: the child must not run the parent's clean-up, flush its buffers or see its callers."""
    import pickle

    try:
        try:
            answer = (True, [(index, work(items[index])) for index in queue])
            data = pickle.dumps(answer, pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            import traceback

            error.add_note("in a child process:\n" + traceback.format_exc())
            data = pickle.dumps((False, error), pickle.HIGHEST_PROTOCOL)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
    finally:
        os._exit(0)


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
