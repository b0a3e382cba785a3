"""The handlers of a feature are `async def` or `def` as those of the whole project are.

It reports modules whose share of `async def` handlers differs from the project's by more than 50 points.

## Why

Whoever adds a handler copies its neighbours. In a project of `async def` handlers a module of `def` ones calls for a
second set of helpers, and the other way round.

## Left alone

- Modules with fewer than four handlers, and projects with fewer than twelve.
- Plain handlers that need a thread, as they call what blocks: that is the reason for them.

## Safety

It only reports. A plain handler runs in a thread: to make it `async def` blocks the event loop unless all that it
calls can wait.

See <https://fastapi.tiangolo.com/async/>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Function, Module, Project
from ...project.operations import definition_of, operations_of
from ...project.started_work import calls_in
from ...project.types import Frame, Types
from ...source.discovery import is_test

HANDLERS_OF_MODULE = 4
HANDLERS_OF_PROJECT = 12
POINTS = 50


class MixedAsyncStyle(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        by_module: dict[str, dict[int, tuple[Module, Function]]] = {}
        for operation in operations_of(project):
            if operation.method != "websocket" and not is_test(operation.module.path):
                own = by_module.setdefault(operation.module.path, {})
                own.setdefault(operation.function.line, (operation.module, operation.function))
        total = sum(len(own) for own in by_module.values())
        if total < HANDLERS_OF_PROJECT or len(by_module) < 2:
            return
        types = Types(project)
        asyncs = {path: sum(function.is_async for _, function in own.values()) for path, own in by_module.items()}
        usual = 100 * sum(asyncs.values()) / total
        for path, own in by_module.items():
            if len(own) < HANDLERS_OF_MODULE:
                continue
            share = 100 * asyncs[path] / len(own)
            if abs(share - usual) <= POINTS:
                continue
            odd = [pair for pair in own.values() if pair[1].is_async != (usual > share)]
            if usual > share and all(_may_block(types, *pair) for pair in odd):
                continue
            module, first = odd[0]
            word = "async def" if usual <= share else "def"
            yield self.finding(
                module.location(first.line, 1, first.end_line),
                f"{len(odd)} of {len(own)} handlers in {path} are `{word}`, while {usual:.0f} % of the project's"
                " are `async def`; the next one is likely to be written in either way",
                anchor="async handlers",
            )


def _may_block(types: Types, module: Module, function: Function) -> bool:
    """Whether a plain handler calls something that is not known to be quick: then a thread is right for it."""
    definition = definition_of(module, function)
    if definition is None:
        return True
    frame = Frame(module, (definition.node,))
    for call in calls_in(definition.node):
        value = types.value(frame, call.func)
        if value is not None and value.symbol.path is None and value.symbol.name.startswith(_QUICK):
            continue
        return True
    return False


_QUICK = ("fastapi.", "starlette.", "builtins.", "datetime.", "uuid.", "logging.")
