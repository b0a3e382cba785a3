"""Where work is done: on the event loop, in threads, behind the response, by a queue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Symbol
from .evidence import EXECUTOR, THREADPOOL_HELPERS, Evidence
from .model import Observation, Place

QUEUES = ("arq", "celery", "dramatiq", "huey", "procrastinate", "rq", "taskiq")


def async_handlers(evidence: Evidence) -> Iterator[Observation]:
    for module, function, routes in evidence.handlers:
        if not all(route.is_websocket for route in routes):
            yield "async def" if function.is_async else "def", Place(module.path, function.line)


def threadpool_helpers(evidence: Evidence) -> Iterator[Observation]:
    for mention in evidence.mentions_of(*THREADPOOL_HELPERS):
        yield mention.symbol.name, mention.place
    for text in evidence.texts:
        for _, start in text.occurrences(f".{EXECUTOR}("):
            yield "loop.run_in_executor", Place(text.module.path, text.line(start))


def queues(evidence: Evidence) -> Iterator[Observation]:
    for path, data in evidence.data.items():
        for queue in QUEUES:
            name = queue.encode()
            if name in data:
                pattern = rb"(?:\A|\n)[ \t]*(?:from[ \t]+" + name + rb"[ .\t]|import[ \t]+" + name + rb"\b)"
                match = re.search(pattern, data)
                if match and evidence.project.module_path(path, queue) is None:
                    start = match.start() + data[match.start() : match.start() + 1].count(b"\n")
                    yield queue, Place(path, data.count(b"\n", 0, start) + 1)


def background_tasks(evidence: Evidence) -> Iterator[Observation]:
    for module in evidence.modules:
        for item in module.facts.imports:
            if item.target.endswith(("BackgroundTasks", "BackgroundTask")) and (
                evidence.project.follow_import(module.path, item.target) in _BACKGROUND
            ):
                yield "BackgroundTasks", Place(module.path, module.facts.statements[item.statement].line)
                break


_BACKGROUND = (
    Symbol(None, "fastapi.BackgroundTasks"),
    Symbol(None, "fastapi.background.BackgroundTasks"),
    Symbol(None, "starlette.background.BackgroundTasks"),
    Symbol(None, "starlette.background.BackgroundTask"),
)
