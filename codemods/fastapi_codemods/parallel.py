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


def map_slices(work: Callable[[Sequence[Item]], Result], slices: Sequence[Sequence[Item]]) -> list[Result]:
    """`[work(s) for s in slices]`, the first slice here, each other in a child of its own.

    Results travel pickled; an exception in a child is raised here, with the child's traceback in its notes. One
    slice, or no fork on this system: everything happens in this process.
    """
    if len(slices) < 2 or not can_fork():
        return [work(part) for part in slices]
    import pickle

    children = []
    for part in slices[1:]:
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _work_in_child(work, part, writing)
        os.close(writing)
        children.append((pid, reading))
    results: list[Result] = []
    failure: BaseException | None = None
    try:
        results.append(work(slices[0]))
    except Exception as error:  # the children are awaited first
        failure = error
    for pid, reading in children:
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        os.waitpid(pid, 0)
        if not data:
            failure = failure or DeadProcessError(f"process {pid} died at its work; run again with --jobs 1")
            continue
        succeeded, value = pickle.loads(data)
        if succeeded:
            results.append(value)
        else:
            failure = failure or value
    if failure is not None:
        raise failure
    return results


def _work_in_child(work: Callable[[Sequence[Item]], Result], part: Sequence[Item], writing: int) -> None:
    """Never returns: the child must not run the parent's clean-up, flush its buffers or see its callers."""
    import pickle

    try:
        try:
            answer = (True, work(part))
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


def balanced(items: Sequence[Item], size: Callable[[Item], int], parts: int) -> list[list[Item]]:
    """`items` in `parts` lists of about equal total size, big ones first, each list in the original order."""
    order = sorted(range(len(items)), key=lambda index: -size(items[index]))
    chosen: list[list[int]] = [[] for _ in range(parts)]
    totals = [0] * parts
    for index in order:
        lightest = totals.index(min(totals))
        chosen[lightest].append(index)
        totals[lightest] += size(items[index]) + 1
    return [[items[index] for index in sorted(part)] for part in chosen if part]
