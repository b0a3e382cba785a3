"""Which calls in async functions block the event loop, directly or through functions of the project.

Worked out backwards. Text says which statements may hold a call that blocks; those are parsed, and a call counts if
what it calls is proven (`types`). A function that blocks makes its callers block: their statements are found by its
name, in the files that can reach it by import, until no new function turns up. So most of a project is never parsed.

A function that is handed on, to a thread for instance, is not called. Calls of async functions are not followed:
each has findings of its own.
"""

from __future__ import annotations

from ..index import Project
from .model import BlockingCall, Step
from .search import Search

__all__ = ["BlockingCall", "Step", "blocking_calls", "thread_helper"]


def blocking_calls(project: Project) -> tuple[BlockingCall, ...]:
    """Every call in an async function of the project, tests left out, that is proven to block."""

    def search() -> tuple[BlockingCall, ...]:
        searching = Search(project)
        project.remembered("thread helper", lambda: searching.helper)
        return searching.calls

    return project.remembered("blocking calls", search)


def thread_helper(project: Project) -> str:
    """The one that the project uses most, else FastAPI's."""
    return project.remembered("thread helper", lambda: Search(project).helper)
