"""The text of a region, of the function that it becomes, and of a module that is made for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

from ....project import Function, Module, Project, Span
from ....project.operations import Definition
from ....source.nodes import walk
from .home import Needed
from .region import Region

_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")


def text_of(module: Module, function: Function, definition: Definition, region: Region) -> tuple[Span, str] | None:
    """The lines of a region with the comments above it, and the same as the body of a function at module level; None
    where something else stands on them."""
    node, positions = definition
    text = module.text
    first, last = positions.span(region.statements[0]), positions.span(region.statements[-1])
    start = _line_start(text, first.start)
    end = _REST_OF_LINE.match(text, last.end)
    if text[start : first.start].strip() or end is None:
        return None
    above = [positions.span(statement).end for statement in _before(node, region)]
    limit = max([function.span.end, *(offset for offset in above if offset <= start)])
    while start > limit:
        previous = _line_start(text, start - 1 - text.startswith("\r\n", start - 2))
        if previous < limit or not text[previous:start].lstrip(" \t").startswith("#"):
            break
        start = previous
    span = Span(start, end.end())
    depth = len(text[_line_start(text, first.start) : first.start]) - _depth(module, definition)
    return span, _moved_left(module, span, depth, _inside_strings(region, definition))


def _before(node: ast.AST, region: Region) -> list[ast.stmt]:
    """The statements that end before the region: their lines are none of its comments."""
    first = region.statements[0]
    return [
        part
        for part in walk(node)
        if isinstance(part, ast.stmt)
        and part is not node
        and (part.end_lineno or 0) <= first.lineno
        and part is not first
    ]


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _depth(module: Module, definition: Definition) -> int:
    """Of the indentation of the function's body, in characters."""
    start = definition.positions.span(definition.node.body[0]).start
    return start - _line_start(module.text, start)


def _inside_strings(region: Region, definition: Definition) -> set[int]:
    """The lines, counted in the module, that begin inside a string."""
    found: set[int] = set()
    for statement in region.statements:
        for part in walk(statement):
            if isinstance(part, ast.Constant | ast.JoinedStr) and part.end_lineno is not None:
                first, last = definition.positions.line(part.lineno), definition.positions.line(part.end_lineno)
                found.update(range(first + 1, last + 1))
    return found


def _moved_left(module: Module, span: Span, depth: int, kept: set[int]) -> str:
    text = module.code(span)
    if depth <= 0:
        return text
    number = len(_LINE.findall(module.text[: span.start]))
    if module.text[: span.start].endswith(("\r", "\n")):
        number -= 1  # the empty match at the end
    lines = []
    for line in _LINE.findall(text):
        number += 1
        cut = min(depth, len(line) - len(line.lstrip(" \t")))
        lines.append(line if number in kept else line[cut:])
    return "".join(lines)


def function_text(
    name: str,
    parameters: Sequence[str],
    returns: str,
    body: str,
    *,
    is_async: bool,
    unit: str,
    newline: str,
    room: int,
) -> str:
    word = "async def" if is_async else "def"
    gives = f" -> {returns}" if returns else ""
    header = f"{word} {name}({', '.join(parameters)}){gives}:"
    if len(header) > room:
        listed = "".join(f"{unit}{parameter},{newline}" for parameter in parameters)
        header = f"{word} {name}({newline}{listed}){gives}:"
    end = "" if body.endswith(("\r", "\n")) else newline
    return f"{header}{newline}{body}{end}"


def new_module(
    project: Project, path: str, written_like: Module, needed: Iterable[Needed], functions: Sequence[str]
) -> str:
    """A module of services with its imports in isort's sections and order."""
    from ....edits.imports import statements_of

    newline = written_like.source.newline
    requests = [(each.source, each.imported) for each in needed if each.source]
    loggers = sorted({each.logger for each in needed if each.logger})
    if loggers:
        requests.append(("logging", ""))
    future = "from __future__ import annotations" if written_like.facts.postponed else ""
    imports = newline.join(statements_of(project, path, dict.fromkeys(requests)))
    head = (newline * 2).join(part for part in (future, imports, newline.join(loggers)) if part)
    code = f"{newline}{newline}".join(functions)
    return f"{head}{newline * 3 if head else ''}{code}"
