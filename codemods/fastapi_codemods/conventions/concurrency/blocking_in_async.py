"""Async functions make no calls that block the event loop.

`requests.get(url)`, `time.sleep(1)` or `open(path).read()` in an `async def` is found, and so is a call of a function
of the project that comes to such a call, through whatever modules: the message says by which way. Objects count where
their class is certain, so `self.session.get(url)` is found if `self.session` is a `requests.Session`.

## Why

All requests of a process share one event loop. While a call blocks it, nothing else is served: five requests that
sleep 0.1 s each take half a second. FastAPI runs plain `def` handlers and dependencies in a thread pool; in an
`async def` nothing does that.

## Left alone

- Plain `def` functions that no async function calls: FastAPI runs them in threads.
- Functions that are handed on instead of called: `run_in_threadpool(load, path)`, `asyncio.to_thread(load)`,
  `partial(load, path)`, `lambda: load(path)`.
- What serves nobody: lifespans, handlers of startup and shutdown, and tests.
- Objects whose class the source does not tell, and functions behind decorators that may run them elsewhere.
- Functions without parameters that are cached: they block once.
- Reading and writing a file in the function that opens it: opening it is found, and one finding is enough (if this
  codemod is selected by its name, all are listed). Calls that only work on text, as `os.path.join`.
- `os.path.abspath` and others that only ask the system where something is, in functions that an async one calls;
  in async functions themselves they are found.
- Iterating over a generator that is handed on first, as in `StreamingResponse(rows())`, which has threads for it.

- Calls of `time.sleep` itself, unless this codemod is selected by its name: `time-sleep-to-asyncio-sleep` is for these.

## Safety

It only reports; `wrap-blocking-call` and `async-handler-to-def`, selected by name, rewrite what they can. Which remedy
is right depends on the code: a thread costs little but shares objects between threads (an SQLAlchemy session must not
be), a plain `def` handler cannot await, and a client that is async itself needs neither.

See <https://fastapi.tiangolo.com/async/>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, blocking
from ...project.calls import BlockingCall, blocking_calls, thread_helper


class BlockingInAsync(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        calls = blocking_calls(project)
        helper = thread_helper(project) if calls else ""
        opening = {(call.path, call.function) for call in calls if not call.leaf.startswith(f"{blocking.FILE}.")}
        for call in calls:
            if not self.is_named and len(call.steps) == 1:
                if call.leaf == "time.sleep":
                    continue  # of these `time-sleep-to-asyncio-sleep` speaks
                if call.leaf.startswith(f"{blocking.FILE}.") and (call.path, call.function) in opening:
                    continue
            module = project.glance(call.path)
            if module is not None:
                yield self.finding(
                    module.location(call.line, call.column, call.end_line),
                    _message(call, helper),
                    anchor=f"{call.function}.{call.written}",
                )


def _message(call: BlockingCall, helper: str) -> str:
    last = call.steps[-1]
    way = ""
    what = f"`{call.written}`"
    if len(call.steps) == 1 and call.leaf != call.written:
        what += f" (`{call.leaf}`)"
    if len(call.steps) > 1:
        functions = " -> ".join(step.function for step in call.steps)
        way = f": {functions} -> {call.leaf} at {last.path}:{last.line}"
    advice = f"call it with `{helper}`"
    if call.is_handler and not call.awaits:
        advice += f", or make `{call.function.rpartition('.')[2]}` a plain `def`"
    return f"{what} blocks the event loop in async `{call.function}`{way}; {advice}"
