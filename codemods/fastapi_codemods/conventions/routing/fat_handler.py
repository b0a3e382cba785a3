"""Handlers are short: they read the request and answer it, what is done stands elsewhere.

A handler is found whose body is longer than `max-lines` or branches more often than `max-branches`. The message says
how long it is, and what makes it so.

## Why

What stands in a handler can be tested through HTTP only, cannot be used by another route, a task or a script, and is
read together with parameters, status codes and errors. A function that knows nothing of HTTP can be all of that.

## Left alone

- Blank lines, comments and the docstring do not count, nor do functions in the handler. Names and constants that are
  only handed on, as in a response of a hundred fields, count as one line.
- Routes that tests register.

## Safety

It only reports; `extract-service-function` moves what uses nothing of HTTP into a function. Options:
`max-lines` (100) and `max-branches` (20).

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.handler_size import Size, size_of, without_docstring
from ...project.operations import definition_of, operations_of
from ...source.discovery import is_test

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
            size = size_of(without_docstring(definition.node))
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


def _why(size: Size) -> str:
    parts = [
        f"{count} {word}{'s' * (count != 1)}"
        for count, word in ((size.calls, "awaited call"), (size.errors, "HTTP error"), (size.catches, "`except`"))
        if count
    ]
    if not parts:
        return ""
    return f", with {', '.join(parts[:-1])}{' and ' if len(parts) > 1 else ''}{parts[-1]}"
