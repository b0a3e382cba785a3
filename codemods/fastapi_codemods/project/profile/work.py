"""Where work is done: on the event loop, in threads, behind the response, by a queue."""

from __future__ import annotations

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
            if queue.encode() in data:
                yield from ((queue, place) for place in evidence.imports_of(queue, path))


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
