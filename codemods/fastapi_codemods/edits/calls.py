"""Rewriting one call in place: arguments added, removed and replaced, the layout followed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from ..findings import Finding
from ..project import Call, Module, Span
from ..project.reader import Positions
from .collect import Edits
from .lines import indent_of

_NEWLINE = re.compile(r"\r\n|\r|\n")


def arguments_of(module: Module, positions: Positions, node: ast.Call) -> list[str]:
    """The arguments of a call as written, those by position first."""
    named = [(keyword.arg, module.code(positions.span(keyword.value))) for keyword in node.keywords]
    return [
        *(module.code(positions.span(value)) for value in node.args),
        *(f"{name}={code}" if name is not None else f"**{code}" for name, code in named),
    ]


def write_call(
    edits: Edits, module: Module, span: Span, callee: str, arguments: Sequence[str], finding: Finding
) -> None:
    """`callee(arguments)` in the place of `span`: on one line if it fits there, else a line for each argument."""
    line_start = max(module.text.rfind("\n", 0, span.start), module.text.rfind("\r", 0, span.start)) + 1
    before = module.text[line_start : span.start]
    end = _NEWLINE.search(module.text, span.end)
    rest = module.text[span.end : end.start() if end else None]
    joined = f"{callee}({', '.join(arguments)})"
    fits = len(before) + len(joined) + len(rest) <= edits.project.style.line_length
    if _NEWLINE.search(joined) is None and (fits or not arguments):
        edits.replace(module, span, joined, finding)
        return
    newline, margin = module.source.newline, before[: len(before) - len(before.lstrip())]
    inner = margin + indent_of(edits.project, module)
    lines = "".join(f"{inner}{argument},{newline}" for argument in arguments)
    edits.replace(module, span, f"{callee}({newline}{lines}{margin})", finding)


def change_arguments(
    edits: Edits,
    module: Module,
    call: Call,
    finding: Finding,
    *,
    remove: Iterable[str] = (),
    values: Mapping[str, str] | None = None,
    method: str | None = None,
) -> None:
    """Take keyword arguments out of a call and give others new values, adding those that it does not have yet.

    With `method`, the call `app.api_route(...)` becomes one of that method of the same object.

    A value of several lines is given as it would stand at the left edge of the file.

    A call on one line that gets longer stays there while it fits, else its arguments get a line each. A call of several
    lines from which all arguments but one were taken goes on one line: it was broken for what left, and no formatter
    would join it again because of its trailing comma.
    """
    from . import fragments

    text = module.code(call.span)
    node = fragments.parse_call(text)
    if method is not None:
        node = fragments.with_method(node, method)
    for name in remove:
        node = fragments.without_keyword(node, name)
    line_start = module.text.rfind("\n", 0, call.span.start) + 1
    line_end = _NEWLINE.search(module.text, call.span.end)
    rest = module.text[call.span.end : line_end.start() if line_end else None]
    before = module.text[line_start : call.span.start]
    margin = before[: len(before) - len(before.lstrip())]
    room = edits.project.style.line_length - len(before) - len(rest)
    unit = indent_of(edits.project, module) if values else ""
    found = _NEWLINE.search(text)
    newline = found.group() if found else module.source.newline
    for name, value in (values or {}).items():
        change = fragments.with_value if call.argument(name) else fragments.with_argument
        indent = (fragments.indentation(node) if found else None) or margin + unit
        node = change(node, name, _NEWLINE.sub(newline + indent, value))
    code = fragments.call_code(node, newline)
    # What was too long before and has become no longer is left as it was written.
    if found is None and values and (len(code) > max(room, len(text)) or _NEWLINE.search(code)):
        node = fragments.one_argument_per_line(node, margin, unit)
    elif found is not None and not values and len(node.args) == 1 and not fragments.holds_comment(node):
        joined = fragments.on_one_line(node)
        node = joined if len(fragments.call_code(joined, newline)) <= room else node
    edits.replace(module, call.span, fragments.call_code(node, newline), finding)


def written_call(edits: Edits, module: Module, start: int, head: str, arguments: Sequence[str]) -> str:
    """`head(arguments)` as it would stand at `start`: on one line where that has room, else an argument per line."""
    line_start = max(module.text.rfind("\n", 0, start), module.text.rfind("\r", 0, start)) + 1
    before = module.text[line_start:start]
    line = f"{head}({', '.join(arguments)})"
    if "\n" in line or len(before) + len(line) <= edits.project.style.line_length:
        return line
    newline = module.source.newline
    margin = before[: len(before) - len(before.lstrip())]
    indent = margin + indent_of(edits.project, module)
    return f"{head}({newline}{''.join(f'{indent}{argument},{newline}' for argument in arguments)}{margin})"
