"""Work over several processes."""

import gc
import os

import pytest

from fastapi_codemods import parallel
from fastapi_codemods.errors import DeadProcessError
from fastapi_codemods.parallel import balanced, can_fork, default_jobs, map_slices, without_garbage_collection

needs_fork = pytest.mark.skipif(not can_fork(), reason="no fork here")


def test_slices_are_of_about_equal_size_and_keep_the_order():
    items = [5, 1, 1, 1, 1, 1, 4, 2]

    parts = balanced(items, lambda item: item, 2)

    assert sorted(item for part in parts for item in part) == sorted(items)
    assert max(map(sum, parts)) - min(map(sum, parts)) <= 2
    assert balanced([1, 2, 3], lambda _: 1, 1) == [[1, 2, 3]]
    assert balanced([1], lambda _: 1, 4) == [[1]]
    assert balanced([], lambda _: 1, 4) == []


def test_results_come_in_the_order_of_the_slices():
    assert map_slices(sum, [[1, 2], [3], [4, 5]]) == [3, 3, 9]
    assert map_slices(sum, []) == []


@needs_fork
def test_the_first_slice_is_done_here_and_each_other_in_a_process_of_its_own():
    first, *others = map_slices(lambda _: os.getpid(), [[1], [2], [3]])

    assert first == os.getpid()
    assert len({first, *others}) == 3


def test_one_slice_needs_no_process():
    assert map_slices(lambda _: os.getpid(), [[1]]) == [os.getpid()]


def test_without_fork_everything_happens_here(monkeypatch):
    monkeypatch.setattr(parallel, "can_fork", lambda: False)

    assert map_slices(lambda _: os.getpid(), [[1], [2]]) == [os.getpid()] * 2


@needs_fork
def test_an_error_in_a_child_is_raised_here_with_its_traceback():
    def failing(part):
        if 2 in part:
            raise ValueError("two")
        return part

    with pytest.raises(ValueError, match="two") as caught:
        map_slices(failing, [[1], [2], [3]])

    assert "in failing" in "".join(caught.value.__notes__)


@needs_fork
def test_a_child_that_dies_is_an_error_and_the_others_are_awaited(monkeypatch):
    children = []
    fork = os.fork

    def remembering():
        children.append(fork())
        return children[-1]

    monkeypatch.setattr(os, "fork", remembering)
    with pytest.raises(DeadProcessError, match="died"):
        map_slices(lambda part: os._exit(1) if 2 in part else part, [[1], [2], [3]])

    for pid in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


@needs_fork
def test_large_results_arrive():
    assert [len(result) for result in map_slices(lambda _: b"x" * 3_000_000, [[1], [2]])] == [3_000_000] * 2


def test_garbage_collection_is_as_before_afterwards():
    was_enabled = gc.isenabled()
    with without_garbage_collection():
        assert not gc.isenabled()

    assert gc.isenabled() == was_enabled


def test_jobs_are_few():
    assert 1 <= default_jobs() <= 4
