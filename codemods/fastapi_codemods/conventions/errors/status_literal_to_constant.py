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

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.status_names import NAMES, RENAMED, name_of, why_old_names
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...project.fastapi_names import canonical
from ...project.operations import operations_of
from ...project.raises import HTTP_EXCEPTIONS
from ...source.discovery import is_test
from ...source.statements import blanked, line_starts

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
    routes = {(o.module.path, o.call.span.start) for o in operations_of(project)}
    for module in project.modules_that_import(b"HTTPException", b"Response", b"status"):
        if is_test(module.path) or not ("status_code" in module.text or "HTTPException" in module.text):
            continue
        code = blanked(module.text)
        exceptions = {item.local for item in module.facts.imports if item.target.endswith(".HTTPException")}
        names += len(_NAMED.findall(code)) + len(_NAMED_FIRST.findall(code))
        for pattern in (_BY_NAME, *(_first_of(name) for name in sorted(exceptions | {"HTTPException"}))):
            for match in pattern.finditer(code):
                span = Span(*match.span(1))
                if _is_status(project, module, code, match.start(), span.start, routes):
                    numbers.append(_status(module, span))
    return numbers, names


# They begin with plain words: what begins with `\\b` is tried at every character.
_NAMED = re.compile(r"status_code[ \t]*=[ \t]*[\w.]*HTTP_\d")
_NAMED_FIRST = re.compile(r"HTTPException\(\s*[\w.]*HTTP_\d")
_END = r"\b(?=\s*[,)\n#])"
_BY_NAME = re.compile(rf"status_code[ \t]*=[ \t]*([1-5]\d\d){_END}")


@lru_cache(20)
def _first_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"{name}\(\s*([1-5]\d\d){_END}")


_CALLEE = re.compile(r"(?:\w+[ \t]*\.[ \t]*)*\w+\Z")
_DEFINITION = re.compile(r"(?:\A|\n)[ \t]*(?:async[ \t]+)?def[ \t]+(\w+)")


def _status(module: Module, span: Span) -> _Status:
    starts = module.remembered("line starts", lambda: line_starts(module.text))
    line = bisect_right(starts, span.start)
    statements = module.facts.statements
    index = bisect_right([statement.start for statement in statements], span.start) - 1
    found = _DEFINITION.search(module.statement_text(index)) if index >= 0 else None
    return _Status(module, span, line, int(module.code(span)), found.group(1) if found else "")


def _is_status(
    project: Project, module: Module, code: str, start: int, number: int, routes: set[tuple[str, int]]
) -> bool:
    """Whether the number is the status of a route, an `HTTPException` or a response."""
    before = code[max(0, start - 1) : start]
    if before == "_" or before.isalnum():
        return False
    if before == "." and code.startswith("status_code", start):
        return _is_response(module, code, start)
    opening = _opening_bracket(code, number)
    callee = _CALLEE.search(code, max(0, opening - 100), opening) if opening > 0 else None
    if callee is None:
        return False
    if (module.path, callee.start()) in routes:
        return code.startswith("status_code", start)
    symbol = project.resolve(module, re.sub(r"\s", "", callee.group()))
    name = canonical(symbol.name) if symbol is not None and symbol.path is None else ""
    return name in HTTP_EXCEPTIONS or (code.startswith("status_code", start) and bool(_RESPONSE.fullmatch(name)))


def _opening_bracket(code: str, offset: int) -> int:
    """The bracket that is open at an offset, -1 if none is."""
    depth = 0
    for match in _BRACKET.finditer(code[max(0, offset - _FAR) : offset][::-1]):
        if match.group() in ")]}":
            depth += 1
        elif depth:
            depth -= 1
        else:
            return offset - match.end() if match.group() == "(" else -1
    return -1


_FAR = 5000
_BRACKET = re.compile(r"[()\[\]{}]")


def _is_response(module: Module, code: str, start: int) -> bool:
    """`response.status_code = 404`, where `response` is a parameter of the function for a response."""
    owner = _CALLEE.search(code, max(0, start - 60), start - 1)
    if owner is None or "." in owner.group():
        return False
    statement = next((s for s in module.facts.statements if s.start <= start < s.end), None)
    if statement is None:
        return False
    parameter = rf"[(,]\s*{owner.group()}[ \t]*:[ \t]*(?:\w+\.)*\w*Response\s*[,)=]"
    return re.search(parameter, code[statement.start : start]) is not None
