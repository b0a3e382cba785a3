"""Work that takes long is done by a queue, not in the server's process.

It reports background tasks, threads and tasks of handlers whose function does not end, sleeps for more than ten
seconds, runs another program, or computes with a library for data or models. Functions of the project that it calls
are followed.

## Why

A background task runs in the process that serves requests. What computes there takes the processor from them, what
waits there keeps one of 40 threads, and a deployment or a crash ends both without a trace.

## Left alone

- Work that is started elsewhere than in handlers, in a lifespan for instance.
- Calls of libraries that say nothing about how long they take.

## Safety

It only reports. If the project has a queue already, the message names it.

See <https://fastapi.tiangolo.com/tutorial/background-tasks/#caveat>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.background_tasks import ADDS, ADDS_BYTES, adds_task
from ...project.functions import FunctionAt, functions_with, routes_of
from ...project.heavy_work import evidence_of
from ...project.profile.evidence import Evidence
from ...project.profile.work import queues
from ...project.started_work import calls_in, definition_of_callee, tasks_started, threads_started
from ...project.types import Types


class HeavyBackgroundTask(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        types = Types(project)
        for function, node, job, what in _started(project, types):
            work = definition_of_callee(types, function.frame, job)
            evidence = evidence_of(project, types, work) if work is not None else None
            if evidence is None:
                continue
            name = ast.unparse(job)
            yield self.finding(
                function.location(node),
                f"`{name}`, which `{function.name}` leaves to {what}, {evidence.what} at"
                f" {evidence.path}:{evidence.line}: {_advice(project)}",
                anchor=f"{function.name}.{name}",
            )


def _started(project: Project, types: Types) -> Iterator[tuple[FunctionAt, ast.expr | ast.stmt, ast.expr, str]]:
    for function in functions_with(project, ADDS_BYTES, ADDS, (b"Background",)):
        for call in calls_in(function.node):
            if call.args and adds_task(project, types, function, call):
                job = call.args[0]
                yield function, call, job.func if isinstance(job, ast.Call) else job, "a background task"
    for started in tasks_started(project):
        given = started.call.args[0] if started.call.args else None
        if isinstance(given, ast.Call) and routes_of(project, started.function):
            yield started.function, started.statement, given.func, "a task"
    for started in threads_started(project):
        target = next((keyword.value for keyword in started.call.keywords if keyword.arg == "target"), None)
        if target is not None and routes_of(project, started.function):
            yield started.function, started.statement, target, "a thread"


def _advice(project: Project) -> str:
    found = project.remembered("queues", lambda: sorted({name for name, _ in queues(Evidence(project))}))
    if found:
        return f"the project has `{'` and `'.join(found)}` for such work"
    return "a queue (Celery, arq, RQ) keeps such work out of the server's process"
