"""A handler leaves work for after the response to `BackgroundTasks`, not to a thread of its own.

    Thread(target=notify, args=(user,)).start()   ->   background_tasks.add_task(notify, user)

The handler gets the parameter `background_tasks: BackgroundTasks` unless it has one.

## Why

Each request that starts a thread adds one to the process, however many there are. Background tasks run in the thread
pool that FastAPI bounds, their errors reach the server's log, and tests see what they do.

## Left alone

- Threads in functions that are no handlers, subclasses of `Thread`, and threads that somebody waits for.
- Handlers that may raise afterwards, that return a response with its own `background`, stream, or wait for something.
- Work that does not end, looks again and again for something, or is heavy: it would keep one of the pool's 40
  threads. Work that is no function of the project, and one that has values for each thread.
- Threads in loops, which would run one after the other; threads with a name.
- Arguments that the handler changes afterwards, or that connect it with the work, and sessions that FastAPI closes
  before.
- Handlers that other code calls, or whose signature a decorator may look at.

## Safety

Unsafe; a person must read it. The work begins when the response has been sent; two of them run one after the other,
and the second not at all if the first fails. If the handler fails, none runs. A server that stops waits for them, as
it does not for daemon threads. OpenAPI and answers are the same.

See <https://fastapi.tiangolo.com/tutorial/background-tasks/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.background_tasks import Receiver, add_parameter, receiver_in
from ...edits.calls import write_call
from ...edits.handlers import Signatures
from ...edits.lines import has_comment, remove_lines, stands_alone
from ...findings import Finding, Safety
from ...project import Project
from ...project.after_response import reason_to_start_now
from ...project.functions import FunctionAt, routes_of
from ...project.operations import operations_of
from ...project.reader import dotted
from ...project.started_work import Started, definition_of_callee, symbol_of, threads_started
from ...project.threads import Threads


class _Subject(NamedTuple):
    started: Started
    arguments: tuple[str, ...]
    """Of `add_task`."""
    receiver: Receiver


class ThreadToBackgroundTasks(Codemod):
    safety = Safety.UNSAFE
    effects = frozenset({"state"})

    def find(self, project: Project) -> Iterator[Finding]:
        started = threads_started(project)
        if not started:
            return
        threads = Threads(project)
        signatures = Signatures(project, operations_of(project))
        for one in started:
            if not routes_of(project, one.function):
                continue
            result = _subject(project, threads, signatures, one)
            work = _argument(one.call, "target")
            named = ast.unparse(work) if work is not None else "..."
            named = named if len(named) < 60 else "..."
            yield self.finding(
                one.function.location(one.statement),
                f"the handler `{one.function.name}` starts a thread for `{named}`: it belongs into background tasks",
                anchor=f"{one.function.name}.{named}",
                left_alone=result if isinstance(result, str) else None,
                subject=result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            started, arguments, receiver = finding.subject
            module, positions = started.function.module, started.function.positions
            add_parameter(project, receiver, edits, finding)
            write_call(
                edits, module, positions.span(started.statement), f"{receiver.name}.add_task", arguments, finding
            )
            for other in started.others:
                remove_lines(edits, module, positions.span(other), finding)
            edits.drop_import(module, dotted(started.call.func).partition(".")[0], finding)


_KNOWN = frozenset({"target", "args", "kwargs", "daemon", "group"})


def _argument(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _subject(project: Project, threads: Threads, signatures: Signatures, started: Started) -> _Subject | str:
    function, call = started.function, started.call
    for keyword in call.keywords:
        if keyword.arg not in _KNOWN:
            return f"the thread has its own `{keyword.arg or '**'}`"
    target = _argument(call, "target")
    if call.args or target is None:
        return "what it runs is not given as `target`"
    given = _given(function, call)
    if isinstance(given, str):
        return given
    texts, values = given
    reason = reason_to_start_now(project, threads.types, started, target, values)
    if reason is not None:
        return reason
    work = definition_of_callee(threads.types, function.frame, target)
    if work is None or isinstance(work.nodes[-1], ast.AsyncFunctionDef):
        return f"`{ast.unparse(target)}` is an async function, which a thread does not run"
    if (own := threads.reason_of_thread_local(symbol_of(work))) is not None:
        return own
    spans = [function.positions.span(one) for one in (started.statement, *started.others)]
    if any(has_comment(function.module.code(span)) for span in spans):
        return "a comment stands in it"
    if not all(stands_alone(function.module, span) for span in spans[1:]):
        return "another statement stands on the same line"
    receiver = receiver_in(project, signatures, function)
    if isinstance(receiver, str):
        return receiver
    return _Subject(started, (function.code(target), *texts), receiver)


def _given(function: FunctionAt, call: ast.Call) -> tuple[list[str], list[ast.expr]] | str:
    """What the thread's function is given, as code and as nodes."""
    texts: list[str] = []
    values: list[ast.expr] = []
    positional, named = _argument(call, "args"), _argument(call, "kwargs")
    if isinstance(positional, ast.Tuple | ast.List):
        texts += [function.code(value) for value in positional.elts]
        values += positional.elts
    elif positional is not None:
        texts.append(f"*{function.code(positional)}")
        values.append(positional)
    if isinstance(named, ast.Dict):
        for key, value in zip(named.keys, named.values, strict=True):
            if key is None:
                texts.append(f"**{function.code(value)}")
            elif isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value.isidentifier():
                if key.value in ("func", "self"):
                    return "`add_task` has a parameter of the same name"
                texts.append(f"{key.value}={function.code(value)}")
            else:
                return "a name in its `kwargs` is computed"
            values.append(value)
    elif named is not None:
        texts.append(f"**{function.code(named)}")
        values.append(named)
    return texts, values
