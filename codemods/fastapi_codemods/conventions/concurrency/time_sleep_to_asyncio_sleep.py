"""An async function sleeps with `asyncio.sleep`.

`time.sleep(delay)` in an `async def` becomes `await asyncio.sleep(delay)`, and `import time` goes where nothing else
needs it.

## Why

`time.sleep` stops the event loop: every request of the process waits as long. `asyncio.sleep` lets them go on.

## Left alone

- `time.sleep` in plain functions and lambdas, which run in threads or cannot await. If an async function calls them,
  `blocking-in-async` says so.
- A generator expression, which `await` would make an asynchronous one, and f-strings.
- A place between a check and a change of something that requests share (`if key in cache` ... `cache[key] = value`):
  another request may now come in between.
- A place where a lock for threads is held.
- A module whose `time.sleep` is patched by a test.

## Safety

Serial-safe: for requests that come one after the other nothing changes; requests at the same time no longer wait for
each other.

See <https://fastapi.tiangolo.com/async/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits, module_reachable_as
from ...findings import Finding, Safety
from ...project import Project
from ...project.calls import BlockingCall, blocking_calls
from ...project.code_strings import may_be_patched, strings_by_name
from ...project.suspension import Place, needs_parentheses, place_of, reason_against_await


class TimeSleepToAsyncioSleep(Codemod):
    safety = Safety.SERIAL_SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        for call in blocking_calls(project):
            if call.leaf != "time.sleep" or len(call.steps) > 1:
                continue
            place = place_of(project, call)
            if place is None:
                continue
            yield self.finding(
                place.module.location(call.line, call.column, call.end_line),
                f"`{call.written}` stops the event loop in async `{call.function}`: `await asyncio.sleep` does not",
                anchor=f"{call.function}.{call.written}",
                left_alone=_reason(project, call, place),
                subject=place,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            place: Place = finding.subject
            module = place.module
            sleep = place.positions.span(place.call.func)
            asyncio = edits.module_name(module, "asyncio", finding)
            start, end = ("(", ")") if needs_parentheses(place, place.call) else ("", "")
            edits.replace(module, sleep, f"{start}await {asyncio}.sleep", finding)
            if end:
                edits.insert(module, place.positions.span(place.call).end, end, finding)
            head = module.code(sleep).partition(".")[0]
            edits.drop_import(module, head, finding)


def _reason(project: Project, call: BlockingCall, place: Place) -> str | None:
    arguments = place.call
    if len(arguments.args) != 1 or isinstance(arguments.args[0], ast.Starred) or arguments.keywords:
        return "`time.sleep` takes one argument, and this is none"
    if (reason := reason_against_await(place)) is not None:
        return reason
    if module_reachable_as(place.module, "asyncio") is None:
        return f"`{call.path}` has another `asyncio`"
    head = call.written.partition(".")[0]
    if not may_be_patched(project, b"sleep"):
        return None
    for string in strings_by_name(project).get((call.path, head), ()):
        if string.kind == "patch":
            return f"{string.place.path}:{string.place.line} patches `{string.text}`, which would have no effect"
    return None
