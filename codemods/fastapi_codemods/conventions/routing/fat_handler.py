"""Handlers are short: they read the request and answer it, what is done stands elsewhere.

A handler is found whose body is longer than `max-lines` or branches more often than `max-branches`. The message says
how long it is, and what makes it so.

## Why

What stands in a handler can be tested through HTTP only, cannot be used by another route, a task or a script, and is
read together with parameters, status codes and errors. A function that knows nothing of HTTP can be all of that.

## Left alone

- Blank lines, comments and the docstring do not count, nor do functions in the handler.
- Routes that tests register.

## Safety

It only reports; `extract-service-function` moves the body of handlers that use nothing of HTTP. Options:
`max-lines` (100) and `max-branches` (20).

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Definition, definition_of, operations_of, own_nodes
from ...project.reader import dotted
from ...source.discovery import is_test

_BRANCHES = ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.IfExp | ast.match_case

_WORDS_OF_BRANCHES = re.compile(r"\b(?:if|elif|for|while|except|case)\b")


class _Options(NamedTuple):
    max_lines: int = 100
    max_branches: int = 20


class FatHandler(Codemod):
    safety = Safety.REPORT

    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            if (module.path, function.line) in seen or is_test(module.path):
                continue
            seen.add((module.path, function.line))
            if not self._may_be_fat(module.statement_text(function.statement)):
                continue
            definition = definition_of(module, function)
            if definition is None:
                continue
            size = _size(definition)
            if size.lines <= self.options.max_lines and size.branches <= self.options.max_branches:
                continue
            branches = f"{size.branches} branch{'es' * (size.branches != 1)}"
            yield self.finding(
                module.location(function.line, 1, function.end_line),
                f"`{function.name}` has {size.lines} lines and {branches}{_why(size)}",
                anchor=function.qualified_name,
            )

    def _may_be_fat(self, text: str) -> bool:
        """Whether a function is worth parsing; most are not."""
        if text.count("\n") > self.options.max_lines:
            return True
        return len(_WORDS_OF_BRANCHES.findall(text)) > self.options.max_branches


class _Size(NamedTuple):
    lines: int
    branches: int
    errors: int
    """`raise HTTPException(...)`."""
    catches: int
    calls: int
    """Awaited calls."""


def _size(definition: Definition) -> _Size:
    node = definition.node
    body = list(node.body)
    if (
        isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    ):
        body.pop(0)
    lines: set[int] = set()
    branches = errors = catches = calls = 0
    inner = ast.FunctionDef("", node.args, body or [ast.Pass(lineno=1)], [])
    for part in own_nodes(inner):
        if isinstance(part, ast.stmt | ast.expr | ast.arg | ast.keyword | ast.ExceptHandler):
            lines.add(part.lineno)
            if isinstance(part, ast.Constant | ast.JoinedStr) and part.end_lineno is not None:
                lines.update(range(part.lineno, part.end_lineno + 1))
        branches += isinstance(part, _BRANCHES)
        catches += isinstance(part, ast.ExceptHandler)
        calls += isinstance(part, ast.Await)
        errors += isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] == "HTTPException"
    return _Size(len(lines), branches, errors, catches, calls)


def _why(size: _Size) -> str:
    parts = [
        f"{count} {word}{'s' * (count != 1)}"
        for count, word in ((size.calls, "awaited call"), (size.errors, "HTTP error"), (size.catches, "`except`"))
        if count
    ]
    if not parts:
        return ""
    return f", with {', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}"
