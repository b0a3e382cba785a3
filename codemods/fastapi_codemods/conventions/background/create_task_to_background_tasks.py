"""A handler leaves work for after the response to `BackgroundTasks`, not to a task that nobody keeps.

    asyncio.create_task(notify(user))   ->   background_tasks.add_task(notify, user)

The handler gets the parameter `background_tasks: BackgroundTasks` unless it has one. It runs only if it is selected by
its name: `keep-task-reference` reports the same tasks in any case, and is the safe remedy.

## Why

The event loop keeps only a weak reference to a task: one whose result nobody takes may be gone before it has run, and
what it raises is lost. A background task is kept by the response, and its errors reach the server's log.

## Left alone

- Tasks in functions that are no handlers, and in handlers of websockets: `keep-task-reference` is for these.
- Handlers that may raise afterwards, that return a response with its own `background`, stream, or wait for something:
  background tasks would not run, or too late.
- Work that does not end, looks again and again for something, or is heavy, and what is no function of the project.
- Tasks in loops, which would run one after the other.
- Arguments that the handler changes afterwards, or that connect it with the work (queues, events), and sessions that
  FastAPI closes before (0.106 to 0.117, and `scope="function"`).
- Handlers that other code calls, or whose signature a decorator may look at.

## Safety

Unsafe; a person must read it. The work begins when the response has been sent, not while the handler still waits; two
of them run one after the other, and the second not at all if the first fails. If the handler fails, none runs.
OpenAPI and answers are the same.

See <https://fastapi.tiangolo.com/tutorial/background-tasks/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.background_tasks import Receiver, add_parameter, receiver_in
from ...edits.calls import arguments_of, write_call
from ...edits.handlers import Signatures
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Project
from ...project.after_response import reason_to_start_now
from ...project.functions import routes_of
from ...project.operations import operations_of
from ...project.reader import dotted
from ...project.started_work import Started, definition_of_callee, tasks_started
from ...project.types import Types


class _Subject(NamedTuple):
    started: Started
    work: ast.Call
    receiver: Receiver


class CreateTaskToBackgroundTasks(Codemod):
    safety = Safety.UNSAFE
    effects = frozenset({"state"})

    def find(self, project: Project) -> Iterator[Finding]:
        started = tasks_started(project) if self.is_named else ()
        if not started:
            return
        types = Types(project)
        signatures = Signatures(project, operations_of(project))
        for one in started:
            if not routes_of(project, one.function):
                continue
            result = _subject(project, types, signatures, one)
            yield self.finding(
                one.function.location(one.statement),
                f"`{one.written}` in the handler `{one.function.name}` is a task that nobody keeps: it belongs"
                " into background tasks",
                anchor=f"{one.function.name}.{one.written}",
                left_alone=result if isinstance(result, str) else None,
                subject=result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            started, work, receiver = finding.subject
            module, positions = started.function.module, started.function.positions
            add_parameter(project, receiver, edits, finding)
            texts = [module.code(positions.span(work.func)), *arguments_of(module, positions, work)]
            whole = positions.span(started.statement)
            write_call(edits, module, whole, f"{receiver.name}.add_task", texts, finding)
            edits.drop_import(module, dotted(started.call.func).partition(".")[0], finding)


def _subject(project: Project, types: Types, signatures: Signatures, started: Started) -> _Subject | str:
    call = started.call
    if len(call.args) != 1 or call.keywords or not isinstance(work := call.args[0], ast.Call):
        return "it is more than a call of one function"
    given = [*work.args, *(keyword.value for keyword in work.keywords)]
    if any(keyword.arg in ("func", "self") for keyword in work.keywords):
        return "`add_task` has a parameter of the same name"
    reason = reason_to_start_now(project, types, started, work.func, given)
    if reason is not None:
        return reason
    found = definition_of_callee(types, started.function.frame, work.func)
    if found is None or not isinstance(found.nodes[-1], ast.AsyncFunctionDef):
        return f"`{ast.unparse(work.func)}` is no async function"
    if found.nodes[-1].decorator_list:
        return f"a decorator may make something else of `{ast.unparse(work.func)}`"
    if has_comment(started.function.code(started.statement)):
        return "a comment stands in it"
    receiver = receiver_in(project, signatures, started.function)
    return receiver if isinstance(receiver, str) else _Subject(started, work, receiver)
