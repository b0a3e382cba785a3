"""Handlers do not give variables of the module another value.

A handler with `global counter` is found that makes the new value of the old one, or keeps what the request says for
another handler.

## Why

Requests run at once, those of `def` handlers in threads: `counter += 1` reads, adds and writes, and what another
request wrote in between is lost. With several worker processes each has a variable of its own, and a client meets now
one, now the other. State that outlives a request belongs into a database or a cache, or into an object that guards
itself and is injected.

## Left alone

- Under a lock (`with lock:`), and what is made when it is first asked for (`if client is None: client = ...`).
- What no other handler of the module reads, and objects that are made of the request, such as a job.
- Values that have nothing to do with the old one or the request, such as a latch or a time.
- Handlers that change a container in place; `get-that-writes` sees those of GET routes.
- Functions that handlers call, and tests.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/async/#concurrency-and-async-await>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, definition_of, operations_of, own_nodes
from ...project.reader import blocks_of, dotted
from ...source.discovery import is_test
from ...source.nodes import walk

_GLOBAL = re.compile(r"^[ \t]+global[ \t]", re.MULTILINE)
_LOCK = re.compile(r"lock|mutex|semaphore", re.IGNORECASE)


class HandlerRebindsGlobal(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            place = module.path, function.span.start
            if place in seen or is_test(module.path):
                continue
            seen.add(place)
            if not _GLOBAL.search(module.statement_text(function.statement)):
                continue
            definition = definition_of(module, function)
            if definition is None:
                continue
            node = definition.node
            declared = {name for part in own_nodes(node) if isinstance(part, ast.Global) for name in part.names}
            taken = _taken_from_request(node)
            for name, (line, reads, given) in _rebound(node.body, declared, taken).items():
                at = definition.positions.line(line)
                if not reads and not (given and _is_read_by_others(project, operation, name)):
                    continue
                lost = (
                    "two requests at once can lose one of their changes"
                    if reads
                    else "what one request says counts for all others"
                )
                yield self.finding(
                    module.location(at, 1, at),
                    f"`{function.name}` gives the module's variable `{name}` another value: {lost}, and each worker"
                    " process has its own; keep it in a"
                    " database, a cache, or an object that guards itself",
                    anchor=f"{function.qualified_name}.{name}",
                )


def _is_read_by_others(project: Project, operation: Operation, name: str) -> bool:
    """Whether another handler of the module names the variable."""
    module = operation.module
    return any(
        re.search(rf"(?<![\w.]){re.escape(name)}\b", module.statement_text(other.function.statement))
        for other in operations_of(project)
        if other.module is module and other.function.span != operation.function.span
    )


def _taken_from_request(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    """Names that hold what the request says: parameters, and what is made of them."""
    arguments = node.args
    taken = {argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    for part in own_nodes(node):
        if isinstance(part, ast.Assign) and any(isinstance(n, ast.Name) and n.id in taken for n in walk(part.value)):
            taken |= {target.id for target in part.targets if isinstance(target, ast.Name)}
    return taken


def _rebound(body: list[ast.stmt], names: set[str], taken: set[str]) -> dict[str, tuple[int, bool, bool]]:
    """The first line that assigns each of the names without a lock, whether what it was counts for what it is, and
    whether what the request says does."""
    found: dict[str, tuple[int, bool, bool]] = {}
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(statement, ast.With | ast.AsyncWith) and _is_locked(statement):
            continue
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AugAssign | ast.AnnAssign):
            targets = [statement.target]
        for target in targets:
            for part in walk(target):
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id in names:
                    reads = isinstance(statement, ast.AugAssign) or _reads(statement, part.id)
                    is_made = isinstance(getattr(statement, "value", None), ast.Call | ast.Await)
                    given = not is_made and any(_reads(statement, name) for name in taken - names)
                    found.setdefault(part.id, (statement.lineno, reads, given))
        left = names - _made_late(statement)
        for block, _ in blocks_of(statement):
            for name, where in _rebound(block, left, taken).items():
                found.setdefault(name, where)
    return found


def _is_locked(statement: ast.With | ast.AsyncWith) -> bool:
    return any(_LOCK.search(ast.unparse(item.context_expr)) for item in statement.items)


def _reads(statement: ast.stmt, name: str) -> bool:
    value = getattr(statement, "value", None)
    return value is not None and any(isinstance(n, ast.Name) and n.id == name for n in walk(value))


def _made_late(statement: ast.stmt) -> set[str]:
    """What `if x is None:` and `if not x:` ask for."""
    match statement:
        case ast.If(test=ast.Compare(left=left, ops=[ast.Is() | ast.Eq()], comparators=[ast.Constant(value=None)])):
            return {dotted(left)}
        case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=operand)):
            return {dotted(operand)}
    return set()
