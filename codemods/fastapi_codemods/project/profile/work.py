"""Where work is done: on the event loop, in threads, behind the response, by a queue."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.nodes import walk
from ..index import Symbol
from ..reader import dotted
from .evidence import EXECUTOR, THREADPOOL_HELPERS, Evidence
from .mentions import Text
from .model import Observation, Place

QUEUES = ("arq", "celery", "dramatiq", "huey", "procrastinate", "rq", "taskiq")


def async_handlers(evidence: Evidence) -> Iterator[Observation]:
    for module, function, routes in evidence.handlers:
        if not all(route.is_websocket for route in routes):
            yield "async def" if function.is_async else "def", Place(module.path, function.line)


def threadpool_helpers(evidence: Evidence) -> Iterator[Observation]:
    """Calls of the known helpers, and of functions of the project that hand what they are given to one."""
    calls = [
        (mention.symbol.name, mention.text, mention.start) for mention in evidence.mentions_of(*THREADPOOL_HELPERS)
    ]
    for text in evidence.texts:
        calls += [("loop.run_in_executor", text, start) for _, start in text.occurrences(f".{EXECUTOR}(")]
    wrappers: set[Symbol] = set()
    for name, text, start in calls:
        if (wrapper := _wrapper(text, start)) is not None:
            wrappers.add(wrapper)
        else:
            yield name, Place(text.module.path, text.line(start))
    names = [wrapper.name for wrapper in wrappers]
    words = [f"{name}(".encode() for name in names]
    for text in evidence.glanced(lambda data: any(word in data for word in words)):
        for mention in text.calls(names, lambda symbol: symbol in wrappers):
            yield f"{mention.symbol.name} in {mention.symbol.path}", mention.place


def _wrapper(text: Text, start: int) -> Symbol | None:
    """`run_async` for `async def run_async(func, *args): return await to_thread(func, *args)`, called at `start`."""
    index = text.statement(start)
    if index < 0 or text.module.facts.statements[index].word not in ("def", "async def"):
        return None
    (function, *_) = text.module.tree(index).body
    # `asyncio.get_running_loop().run_in_executor(...)` begins with the dot.
    call = text.call(start + (text.masked[start] == "."))
    if call is None or not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    parameters = {p.arg for p in (*function.args.posonlyargs, *function.args.args) if _is_callable(p)}
    assigned = {dotted(node.targets[0]): node.value for node in walk(function) if isinstance(node, ast.Assign)}
    given = [assigned.get(dotted(value), value) for value in call.args]
    handed_on = {node.id for value in given for node in walk(value) if isinstance(node, ast.Name)}
    return Symbol(text.module.path, function.name) if parameters & handed_on else None


def _is_callable(parameter: ast.arg) -> bool:
    return parameter.arg in _CALLABLES or (
        parameter.annotation is not None and "Callable" in ast.unparse(parameter.annotation)
    )


_CALLABLES = frozenset({"callable", "f", "fn", "func", "function", "sync_function", "target"})


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
