"""Status codes have names.

`HTTPException(404)` becomes `HTTPException(status.HTTP_404_NOT_FOUND)` where a project writes most of its status codes
as names of `fastapi.status`, and everywhere if the codemod is selected by its name.

## Why

One way of writing them reads better than two, and a name says what 409 is.

## Left alone

- Numbers that are no status: only what `HTTPException`, the classes of responses, decorators of routes and
  `response.status_code` are given is one.
- Projects that write most of them as numbers or with `http.HTTPStatus`, unless this codemod is selected.
- 413, 414, 416 and 422 where the project supports a Starlette below 0.48, which has other names for these.
- Modules in which `status` is something else.

## Safety

Safe: the constants are these numbers; answers and OpenAPI are the same.

See <https://fastapi.tiangolo.com/tutorial/response-status-code/#shortcut-to-remember-the-names>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.status_names import NAMES, RENAMED, name_of, why_old_names
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...project.fastapi_names import canonical
from ...project.operations import operations_of
from ...project.raises import HTTP_EXCEPTIONS
from ...project.reader import Positions, dotted
from ...source import UnreadableSourceError
from ...source.discovery import is_test

_GIVEN = re.compile(r"\bstatus_code\b|\bHTTPException\(")
_RESPONSE = re.compile(r"(?:fastapi|starlette)\.(?:responses\.)?\w*Response")


class _Status(NamedTuple):
    """A status that is given as a number."""

    module: Module
    span: Span
    line: int
    number: int
    function: str


class StatusLiteralToConstant(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named and not any("status.HTTP_" in module.text for module in project.modules()):
            return
        numbers, names = _statuses(project)
        if not self.is_named and names <= len(numbers):
            return
        for status in numbers:
            if status.number not in NAMES and status.number not in RENAMED:
                continue
            known = NAMES.get(status.number) or RENAMED[status.number][1]
            yield self.finding(
                status.module.location(status.line, 1, status.line),
                f"the status {status.number} is a number: `status.{known}`",
                anchor=f"{status.function}.{status.number}",
                left_alone=_reason(project, status),
                subject=status,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            status: _Status = finding.subject
            own = _own_status(status.module)
            name = name_of(status.number, project.versions)
            home = own or edits.name(status.module, "fastapi.status", finding)
            edits.replace(status.module, status.span, f"{home}.{name}", finding)


def _reason(project: Project, status: _Status) -> str | None:
    if name_of(status.number, project.versions) is None:
        return why_old_names(project.versions)
    if _own_status(status.module) is None and reachable_as(status.module, "fastapi.status") is None:
        return f"`{status.module.path}` has another `status`"
    return None


def _own_status(module: Module) -> str | None:
    """The name by which a module has `starlette.status`, which is the same."""
    return next((local for local, targets in module.imports.items() if targets == ["starlette.status"]), None)


def _statuses(project: Project) -> tuple[list[_Status], int]:
    """What is given as a number, and how many are given by names of `fastapi.status`."""
    numbers: list[_Status] = []
    names = 0
    routes = {(o.module.path, o.call.span) for o in operations_of(project)}
    for module in project.modules_that_import(b"HTTPException", b"Response", b"status"):
        if is_test(module.path) or not _GIVEN.search(module.text):
            continue
        for index, statement in enumerate(module.facts.statements):
            text = module.statement_text(index)
            if not _GIVEN.search(text):
                continue
            try:
                tree = module.parsed(index)
            except (UnreadableSourceError, RecursionError):
                continue
            positions = Positions(text, statement.start, statement.line)
            for value, function in _given(project, module, positions, tree, routes):
                if isinstance(value, ast.Constant) and type(value.value) is int:
                    line = positions.line(value.lineno)
                    numbers.append(_Status(module, positions.span(value), line, value.value, function))
                elif "HTTP_" in dotted(value):
                    names += 1
    return numbers, names


def _given(
    project: Project, module: Module, positions: Positions, tree: ast.AST, routes: set[tuple[str, Span]]
) -> Iterator[tuple[ast.expr, str]]:
    """The expressions that stand for a status, each with the function it stands in."""
    waiting: list[tuple[ast.AST, str, frozenset[str]]] = [(tree, "", frozenset())]
    while waiting:
        node, function, responses = waiting.pop()
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                function = f"{function}.{node.name}" if function else node.name
                arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
                responses = frozenset(
                    a.arg for a in arguments if a.annotation is not None and dotted(a.annotation).endswith("Response")
                )
            case ast.Call():
                keyword = next((k.value for k in node.keywords if k.arg == "status_code"), None)
                symbol = project.resolve(module, dotted(node.func))
                name = canonical(symbol.name) if symbol is not None and symbol.path is None else ""
                if name in HTTP_EXCEPTIONS:
                    keyword = keyword or (node.args[0] if node.args else None)
                elif not (_RESPONSE.fullmatch(name) or (keyword and (module.path, positions.span(node)) in routes)):
                    keyword = None
                if keyword is not None:
                    yield keyword, function
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id=name), attr="status_code")], value=value):
                if name in responses:
                    yield value, function
            case _:
                pass
        waiting += [(child, function, responses) for child in ast.iter_child_nodes(node)]
