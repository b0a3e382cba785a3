"""A dependency does one thing.

A dependency of more than 60 lines, or with more than 12 branches, is found, where something injects it; `max-lines` and
`max-branches` are options.

## Why

A dependency runs before the handler, unseen in its body, in every route that asks for it. One that reads the request,
asks the database and decides who may do what cannot be replaced in a test without replacing all of it. Dependencies can
ask for each other: several small ones, each with its own error, say more and are cached for the request.

## Left alone

- What is not injected anywhere, and classes.
- Docstrings, and lines that only continue a statement, count as nothing.
- Tests.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/tutorial/dependencies/sub-dependencies/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.handler_size import size_of, without_docstring
from ...project.operations import definition_of
from ...project.provided import provided

_WORDS_OF_BRANCHES = re.compile(r"\b(?:if|elif|for|while|except|case)\b")


class _Options(NamedTuple):
    max_lines: int = 60
    max_branches: int = 12


class OversizedDependency(Codemod):
    safety = Safety.REPORT

    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        for one in provided(project):
            if one.is_class:
                continue
            text = one.module.statement_text(one.function.statement)
            may_be_large = text.count("\n") > self.options.max_lines
            if not may_be_large and len(_WORDS_OF_BRANCHES.findall(text)) <= self.options.max_branches:
                continue
            definition = definition_of(one.module, one.function)
            if definition is None:
                continue
            size = size_of(without_docstring(definition.node))
            if size.lines <= self.options.max_lines and size.branches <= self.options.max_branches:
                continue
            branches = f"{size.branches} branch{'es' * (size.branches != 1)}"
            yield self.finding(
                one.module.location(one.function.line, 1, one.function.end_line),
                f"the dependency `{one.function.name}` has {size.lines} lines and {branches}: take it apart into"
                " dependencies that ask for each other",
                anchor=one.function.qualified_name,
            )
