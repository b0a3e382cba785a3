"""Calls that block run in a thread, and the async function waits for it.

    answer = requests.get(url).json()       ->  answer = (await run_in_threadpool(requests.get, url)).json()
    user = load_user(user_id)               ->  user = await run_in_threadpool(load_user, user_id)

A call is wrapped where the async function makes it, whether it blocks itself or comes to what blocks through functions
of the project; the message says by which way. The helper is the one that the project uses most: `run_in_threadpool`,
`asyncio.to_thread`, `anyio.to_thread.run_sync`, `asyncify` or a function of its own.

What belongs together becomes a function that runs in a thread as a whole: a block `with open(path) as file:`, a loop
over the lines of a file or `os.walk`, and the statements from where a file or a connection of sqlite3 is opened to
where it is used last, or to the end of the handler if they return before that. Names that they change are handed to
the function and back.

It runs when it is selected by its name; `blocking-in-async` reports the same calls in any case.

## Why

All requests of a process share one event loop. While a call blocks it, nothing else is served.

## Left alone

- `time.sleep`, which `time-sleep-to-asyncio-sleep` is for, and what is too brief for a thread (`os.path.abspath`).
- Objects that belong to one thread or must not be used by two at a time: connections and cursors of sqlite3, sessions
  and connections of SQLAlchemy, and sessions of requests and the like that are not made in the function itself.
- Functions of the project that change a variable of a module or an attribute of `self`, set a context variable, use
  `threading.local` or the event loop.
- A place between a check and a change of something that requests share: another request may now come in between.
- A place where a lock for threads is held; generator expressions, lambdas, f-strings and defaults.
- Files, responses and connections that are opened here and used later, and iterators and generators that read while
  they are used, unless all of it can run in a thread as a whole: something in between is awaited, leaves a loop that
  it stands in, or may leave a name without a value.
- Connections of sqlite3 that an object or the caller keeps, and databases in memory, of which each thread has another,
  or with `check_same_thread`.
- `super()` and bare `raise` in what would become a function; `next` and StopIteration where `asyncio.to_thread` would
  swallow it; `input`.
- Calls that are awaited, by mistake, and calls with an `await` in a part that would have to run in the thread.

## Safety

Serial-safe: for requests that come one after the other nothing changes. Requests at the same time no longer wait for
each other. Code runs in another thread than before, with a copy of the context variables. What is asked of a database
or a file system and then changed, another request may change in between, as it may with two worker processes.

See <https://fastapi.tiangolo.com/async/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....codemod import Codemod
from ....edits import Edits
from ....findings import Finding, Safety
from ....project import Project, blocking
from ....project.calls import BlockingCall, blocking_calls, thread_helper
from ....project.suspension import Place, place_of
from ....project.threads import Threads
from .blocks import write_stretch
from .helpers import helper_in, import_helper
from .stretches import Stretch
from .units import Unit, units_of


class WrapBlockingCall(Codemod):
    safety = Safety.SERIAL_SAFE
    after = ("time-sleep-to-asyncio-sleep", "async-handler-to-def")

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        threads = Threads(project)
        by_file: dict[str, list[tuple[BlockingCall, Place]]] = {}
        for call in blocking_calls(project):
            is_small = call.leaf == "time.sleep" or call.leaf in blocking.BRIEF
            if not (is_small and len(call.steps) == 1) and (place := place_of(project, call)) is not None:
                by_file.setdefault(call.path, []).append((call, place))
        for found in by_file.values():
            for call, place, unit in units_of(threads, found):
                helper = helper_in(project, place.module)
                reason = unit if isinstance(unit, str) else helper.reason or helper.reason_against(unit.nodes)
                yield self.finding(
                    place.module.location(call.line, call.column, call.end_line),
                    _message(call, helper.expression or thread_helper(project)),
                    anchor=f"{call.function}.{call.written}",
                    left_alone=reason,
                    subject=unit,
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            unit: Unit | Stretch = finding.subject
            helper = helper_in(project, unit.place.module)
            import_helper(helper, unit.place.module, edits, finding)
            if isinstance(unit, Stretch):
                write_stretch(unit, helper, edits, finding)
            else:
                unit.write(helper, edits, finding)


def _message(call: BlockingCall, helper: str) -> str:
    way = ""
    if len(call.steps) > 1:
        functions = " -> ".join(step.function for step in call.steps)
        last = call.steps[-1]
        way = f" ({functions} -> {call.leaf} at {last.path}:{last.line})"
    return (
        f"`{call.written}` blocks the event loop in async `{call.function}`{way}: it belongs in a thread, by `{helper}`"
    )
