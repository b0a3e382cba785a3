"""A progress bar on standard error, for work that a person has begun to wait for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from .terminal import is_terminal

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

PATIENCE = 0.5
"""Seconds. Most runs are over before, and importing Rich would be a noticeable part of them."""

Progress = Callable[[str, int, int], None]


@contextmanager
def shown() -> Iterator[Progress | None]:
    """What to report progress to; None where nobody would see it."""
    if not is_terminal(sys.stderr):
        yield None
        return
    line = _Line()
    try:
        yield line.report
    finally:
        line.stop()


class _Line:
    def __init__(self) -> None:
        self._start = monotonic()
        self._bar: Bar | None = None

    def report(self, phase: str, done: int, total: int) -> None:
        if self._bar is None:
            if monotonic() - self._start < PATIENCE:
                return
            self._bar = _new_bar()
            self._bar.add_task(phase, completed=done, total=total)
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], description=phase, completed=done, total=total, refresh=True)

    def stop(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def _new_bar() -> Bar:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=Console(stderr=True, markup=False, highlight=False),
        transient=True,
        # No thread that redraws: the pipeline forks, and a fork keeps a thread's locks but not the thread.
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    )
