"""An `HTTPException` that answers another exception names it as its cause.

`except ValueError as error: raise HTTPException(400)` becomes `raise HTTPException(400) from error`.

## Why

A traceback then says that the one is the direct cause of the other. Without `from` it says that something went wrong
while the first was being handled, which reads like a mistake in the handler. Linters ask for it (B904).

## Left alone

- Exceptions that have a cause already, `from None` included, and `except` clauses that give no name.
- Names that get another value before the exception is raised.
- Functions within the clause: they are called later.

## Safety

Safe: answers are the same. Tracebacks in logs tell the cause.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Project
from ...project.raises import Raised, http_exceptions_raised_in_clauses
from ...source.nodes import walk


class ChainExceptionCause(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        for raised in http_exceptions_raised_in_clauses(project):
            handler = next((node for node in raised.around if isinstance(node, ast.ExceptHandler)), None)
            if handler is None or handler.name is None or raised.node.cause is not None:
                continue
            yield self.finding(
                raised.module.location(raised.line, 1, raised.end_line),
                f"`{raised.function}` raises an HTTPException because of `{handler.name}`, and does not say so",
                anchor=f"{raised.function}.{handler.name}",
                left_alone=_reason(raised, handler, handler.name),
                subject=(raised, handler.name),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            raised: Raised
            raised, name = finding.subject
            edits.insert(raised.module, raised.positions.span(raised.call).end, f" from {name}", finding)


def _reason(raised: Raised, handler: ast.ExceptHandler, name: str) -> str | None:
    for node in walk(handler):
        match node:
            case ast.Name(id=other, ctx=ast.Store() | ast.Del(), lineno=line):
                pass
            case ast.ExceptHandler(name=str(other), lineno=line) if node is not handler:
                pass
            case _:
                continue
        if other == name and line < raised.node.lineno:
            return f"`{name}` may be something else by then"
    return None
