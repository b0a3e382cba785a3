"""A check that several handlers begin with is a dependency of theirs.

It reports the same statements at the beginning of three or more handlers, up to an `if` that raises or answers.

## Why

What is copied is changed in one place and forgotten in the others: the handler without the check is the one that lets
everybody in. A dependency is written once, is part of the documentation, and can be given to a whole router.

## Left alone

- Checks that differ in more than white space and comments.
- Handlers in classes, which may share the check by other means, those of websockets, and copies of one handler.

## Safety

It only reports. A dependency runs before the parameters of the body are reported as invalid: where both fail, the
answer may be another one.

See <https://fastapi.tiangolo.com/tutorial/dependencies/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, definition_of, operations_of
from ...source.discovery import is_test

HANDLERS = 3
STATEMENTS = 3
"""That may belong to the check."""


class _Check(NamedTuple):
    operation: Operation
    line: int
    text: str
    """The condition and what follows from it, on one line."""


class RepeatedCheck(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        groups: dict[str, list[_Check]] = {}
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            place = operation.module.path, operation.function.line
            is_other = operation.method == "websocket" or operation.function.is_method
            if is_other or place in seen or is_test(operation.module.path):
                continue
            seen.add(place)
            if b"if " not in operation.module.data or (found := _check_of(operation)) is None:
                continue
            key, check = found
            groups.setdefault(key, []).append(check)
        for checks in groups.values():
            if len({check.operation.function.name for check in checks}) < HANDLERS:
                continue
            first = checks[0]
            others = ", ".join(f"`{check.operation.function.name}`" for check in checks[1:4])
            more = f" and {len(checks) - 4} more" if len(checks) > 4 else ""
            yield self.finding(
                first.operation.module.location(first.line, 1, first.line),
                f"`{first.operation.function.name}` begins with the same check as {others}{more}: {first.text}; it"
                " belongs into a dependency",
                anchor=f"{first.operation.function.qualified_name}.check",
            )


def _check_of(operation: Operation) -> tuple[str, _Check] | None:
    """The statements that a handler begins with, up to the first `if` that leaves it, in a form to compare."""
    definition = definition_of(operation.module, operation.function)
    if definition is None:
        return None
    body = definition.node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    for index, statement in enumerate(body[:STATEMENTS]):
        if isinstance(statement, ast.If):
            last = statement.body[-1]
            answers = isinstance(last, ast.Raise) or (isinstance(last, ast.Return) and isinstance(last.value, ast.Call))
            if statement.orelse or not answers or len(body) == index + 1:
                return None
            key = "\n".join(ast.dump(one) for one in body[: index + 1])
            line = definition.positions.line(statement.lineno)
            text = f"`if {_short(ast.unparse(statement.test))}: {_short(ast.unparse(statement.body[-1]))}`"
            return key, _Check(operation, line, text)
        if not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
            return None
    return None


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:57]}..."
