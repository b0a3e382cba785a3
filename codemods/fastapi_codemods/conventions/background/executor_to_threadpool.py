"""A blocking function runs in FastAPI's thread pool instead of asyncio's default executor.

    await loop.run_in_executor(None, load, path)   ->   await run_in_threadpool(load, path)

It runs only if it is selected by its name: which pool is the better one is a matter of the project.

## Why

`run_in_threadpool` is what FastAPI uses for plain `def` handlers. It takes keyword arguments and gives the function
the context variables of the request, which an executor does not.

## Left alone

- An executor of the project's own: that is a decision, for instance for processes or for one thread only. It is no
  finding.
- Futures that are not awaited on the spot: work in an executor begins at once, `run_in_threadpool` when it is
  awaited.
- Projects that set the event loop's default executor.

## Safety

Unsafe; a person must read it. The function takes one of the 40 places that all plain handlers and dependencies share;
the default executor has five threads more than there are processors, and at most 32. Where an `anyio` scope is
cancelled, the thread is waited for.

See <https://fastapi.tiangolo.com/async/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.calls import arguments_of, write_call
from ...edits.lines import has_comment, remove_lines, stands_alone
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.functions import FunctionAt, functions_with
from ...project.reader import dotted, statements_within
from ...project.started_work import is_loop, is_name_of
from ...project.types import Types, own_nodes
from ...source.nodes import walk

_RUNS = re.compile(r"\brun_in_executor\s*\(")
_RUNS_BYTES = re.compile(rb"\brun_in_executor\b")
_SETS = re.compile(rb"\bset_default_executor\s*\(")
_PARTIAL = "functools.partial"
_HELPERS = ("fastapi.concurrency.run_in_threadpool", "starlette.concurrency.run_in_threadpool")


class _Subject(NamedTuple):
    function: FunctionAt
    call: ast.Call
    arguments: list[str]
    unused: ast.stmt | None
    """`loop = asyncio.get_running_loop()`, which nothing else needs."""


class ExecutorToThreadpool(Codemod):
    safety = Safety.UNSAFE
    effects = frozenset({"state"})

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        types = Types(project)
        sets = any(_SETS.search(module.data) for module in project.modules())
        for function in functions_with(project, _RUNS_BYTES, _RUNS, (b"asyncio",)):
            awaited = {node.value for node in own_nodes(function.node) if isinstance(node, ast.Await)}
            for call in own_nodes(function.node):
                if not isinstance(call, ast.Call) or not _runs_in_default(types, function, call):
                    continue
                arguments = _arguments(types, function, call)
                yield self.finding(
                    function.location(call),
                    f"`{_named(call)}` runs in asyncio's default executor, not in FastAPI's thread pool",
                    anchor=f"{function.name}.{_named(call)}",
                    left_alone=_reason(function, call, is_awaited=call in awaited, sets=sets),
                    subject=_Subject(function, call, arguments, _unused_loop(function, call)),
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        accepted: dict[tuple[str, int], list[Finding]] = {}
        for finding in findings:
            subject: _Subject = finding.subject
            module, positions = subject.function.module, subject.function.positions
            helper = _helper(module) or edits.name(module, _HELPERS[0], finding)
            write_call(edits, module, positions.span(subject.call), helper, subject.arguments, finding)
            if subject.unused is not None:
                place = module.path, positions.span(subject.unused).start
                accepted.setdefault(place, []).append(finding)
        for own in accepted.values():
            first: _Subject = own[0].subject
            assert first.unused is not None
            if _uses_of_loop(first.function, first.call) == len(own):
                remove_lines(edits, first.function.module, first.function.positions.span(first.unused), own[0])
        for finding in findings:
            for name in ("asyncio", "functools", "partial"):
                edits.drop_import(finding.subject.function.module, name, finding)


def _runs_in_default(types: Types, function: FunctionAt, call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr != "run_in_executor" or len(call.args) < 2:
        return False
    pool = call.args[0]
    is_default = isinstance(pool, ast.Constant) and pool.value is None
    return is_default and is_loop(types, function.frame, call.func.value)


def _named(call: ast.Call) -> str:
    written = ast.unparse(call.args[1])
    return written if len(written) < 60 else "..."


def _reason(function: FunctionAt, call: ast.Call, *, is_awaited: bool, sets: bool) -> str | None:
    if sets:
        return "the project sets the default executor"
    if not is_awaited:
        return "it is not awaited on the spot, and would begin later"
    if has_comment(function.code(call)):
        return "a comment stands in it"
    if _helper(function.module) is None and reachable_as(function.module, _HELPERS[0]) is None:
        return f"`{function.module.path}` has another `run_in_threadpool`"
    return None


def _helper(module: Module) -> str | None:
    for local, targets in module.imports.items():
        if len(targets) == 1 and targets[0] in _HELPERS:
            return local
    return None


def _arguments(types: Types, function: FunctionAt, call: ast.Call) -> list[str]:
    """`load, path, size=1` for `partial(load, path, size=1)`; else what stands behind the executor."""
    given = call.args[1]
    is_alone = len(call.args) == 2
    if is_alone and isinstance(given, ast.Call) and is_name_of(types, function.frame, given.func, _PARTIAL):
        return arguments_of(function.module, function.positions, given)
    return arguments_of(function.module, function.positions, call)[1:]


def _unused_loop(function: FunctionAt, call: ast.Call) -> ast.stmt | None:
    """The statement that gives the loop its name, if only calls like this one use it."""
    assert isinstance(call.func, ast.Attribute)
    name = dotted(call.func.value)
    if not name:
        return None
    made = [
        statement
        for statement in statements_within(function.node.body)
        if isinstance(statement, ast.Assign) and [dotted(target) for target in statement.targets] == [name]
    ]
    if len(made) != 1 or not stands_alone(function.module, function.positions.span(made[0])):
        return None
    return made[0] if not any(made[0] in block and len(block) == 1 for block in _blocks(function.node)) else None


def _blocks(function: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in walk(function):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list):
                yield block


def _uses_of_loop(function: FunctionAt, call: ast.Call) -> int:
    """How often the name of the loop is used in the function, functions in it included."""
    assert isinstance(call.func, ast.Attribute)
    name = dotted(call.func.value)
    return sum(
        isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        for node in walk(function.node)
    )
