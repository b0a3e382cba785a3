"""Work over several processes."""

import gc
import os
import time

import pytest

from fastapi_codemods import parallel
from fastapi_codemods.errors import DeadProcessError
from fastapi_codemods.parallel import can_fork, default_jobs, map_each, without_garbage_collection

needs_fork = pytest.mark.skipif(not can_fork(), reason="no fork here")


def test_results_come_in_the_order_of_the_items():
    assert map_each(sum, [[1, 2], [3], [4, 5]], 2) == [3, 3, 9]
    assert map_each(sum, [], 2) == []


@needs_fork
def test_every_item_is_done_once_by_whoever_is_free():
    done = map_each(lambda item: (item, os.getpid()), range(25_000), 3)

    assert [item for item, _ in done] == list(range(25_000))
    assert len({process for _, process in done}) <= 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_one_item_or_one_job_needs_no_process(jobs):
    assert map_each(lambda _: os.getpid(), [1], jobs) == [os.getpid()]
    assert map_each(lambda _: os.getpid(), [1, 2], 1) == [os.getpid()] * 2


def test_without_fork_everything_happens_here(monkeypatch):
    monkeypatch.setattr(parallel, "can_fork", lambda: False)

    assert map_each(lambda _: os.getpid(), [1, 2], 2) == [os.getpid()] * 2


@needs_fork
def test_an_error_in_any_process_is_raised_here_with_its_traceback():
    here = os.getpid()

    def failing_in_a_child(item):
        if os.getpid() == here:
            time.sleep(0.001)  # so that the child gets some
            return item
        raise ValueError("not here")

    with pytest.raises(ValueError, match="not here") as caught:
        map_each(failing_in_a_child, range(200), 2)

    assert "in failing" in "".join(caught.value.__notes__)


@needs_fork
def test_a_child_that_dies_is_an_error_and_the_others_are_awaited(monkeypatch):
    children = []
    fork = os.fork
    here = os.getpid()

    def remembering():
        children.append(fork())
        return children[-1]

    def dying_in_a_child(item):
        if os.getpid() != here:
            os._exit(1)
        time.sleep(0.001)
        return item

    monkeypatch.setattr(os, "fork", remembering)
    with pytest.raises(DeadProcessError, match="died"):
        map_each(dying_in_a_child, range(200), 3)

    for pid in children:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


@needs_fork
def test_large_results_arrive():
    assert [len(result) for result in map_each(lambda _: b"x" * 3_000_000, range(4), 2)] == [3_000_000] * 4


def test_garbage_collection_is_as_before_afterwards():
    was_enabled = gc.isenabled()
    with without_garbage_collection():
        assert not gc.isenabled()

    assert gc.isenabled() == was_enabled


def test_jobs_are_few():
    assert 1 <= default_jobs() <= 4


def test_a_team_keeps_what_it_learns_from_round_to_round():
    known = []

    def learn(item):
        known.append(item)
        return os.getpid(), tuple(known)

    team = parallel.Team(learn, 2)
    try:
        first = team.ask(list(range(team.size)))
        second = team.ask([item + 10 for item in range(team.size)])
    finally:
        team.close()

    assert [process for process, _ in first] == [process for process, _ in second]
    assert [learned for _, learned in second] == [(item, item + 10) for item in range(team.size)]
    assert len({process for process, _ in first}) == team.size == (2 if can_fork() else 1)


@needs_fork
def test_what_goes_wrong_in_a_team_is_raised_here():
    def work(item):
        if item == 1:
            raise ValueError("no")
        if item == 2:
            os._exit(1)
        return item

    team = parallel.Team(work, 2)
    with pytest.raises(ValueError, match="no"):
        team.ask([0, 1])
    assert team.ask([3, 4]) == [3, 4]
    with pytest.raises(DeadProcessError):
        team.ask([0, 2])
    team.close()
