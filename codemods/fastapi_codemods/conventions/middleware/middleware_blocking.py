"""Middleware does not block the event loop.

It reports each call in a middleware that blocks, directly or through functions of the project. It runs only if it is
selected by its name: `blocking-in-async` reports the same calls among all others, and `time-sleep-to-asyncio-sleep`
and `wrap-blocking-call` rewrite them.

## Why

A middleware runs for every request, also for those of other people's handlers, the documentation and the health
check. What blocks there blocks all of them.

## Left alone

- Functions that are handed on to a thread.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/tutorial/middleware/>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.calls import BlockingCall, blocking_calls, thread_helper
from ...project.middlewares import middleware_functions


class MiddlewareBlocking(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        by_function: dict[tuple[str, str], list[BlockingCall]] = {}
        for call in blocking_calls(project):
            by_function.setdefault((call.path, call.function), []).append(call)
        for registration in middleware_functions(project):
            work = registration.work
            assert work is not None
            for call in by_function.get((work.module.path, work.name), ()):
                way = " -> ".join([*(step.function for step in call.steps[1:]), call.leaf])
                way = f" ({way})" if way != call.written else ""
                remedy = (
                    "`asyncio.sleep`"
                    if call.leaf == "time.sleep" and len(call.steps) == 1
                    else f"`{thread_helper(project)}`"
                )
                yield self.finding(
                    work.module.location(call.line, call.column, call.end_line),
                    f"blocking call in middleware '{registration.name}': `{call.written}`{way} stops every request;"
                    f" use {remedy}",
                    anchor=f"{work.name}.{call.written}",
                )
