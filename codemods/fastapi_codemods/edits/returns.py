"""The return annotation of a function's header: put there, taken away, the layout followed."""

from __future__ import annotations

import re

from ..findings import Finding
from ..project import Module, Span
from ..project.model import Function
from .collect import Edits
from .lines import has_comment, indent_of

_ARROW = re.compile(r"\)\s*->\s*\Z")


def reason_of_layout(module: Module, function: Function) -> str | None:
    """Why the annotation of a header cannot be changed in place, None where it can."""
    header = module.code(function.span)
    if "\\\n" in header or "\\\r" in header:
        return "its header is continued by a backslash"
    if function.returns is not None:
        before = module.text[function.span.start : function.returns.start]
        behind = module.text[function.returns.end : function.span.end]
        if not _ARROW.search(before) or behind.strip() != ":":
            return "a comment or brackets stand around its annotation"
    elif not header[:-1].rstrip().endswith(")"):
        return "a comment stands between its parameters and the colon"
    return None


def remove_annotation(edits: Edits, module: Module, function: Function, finding: Finding) -> None:
    """`def f() -> X:` becomes `def f():`."""
    assert function.returns is not None
    before = module.text[function.span.start : function.returns.start]
    arrow = _ARROW.search(before)
    assert arrow is not None
    edits.replace(module, Span(function.span.start + arrow.start() + 1, function.returns.end), "", finding)


def add_annotation(edits: Edits, module: Module, function: Function, code: str, finding: Finding) -> None:
    """`def f():` becomes `def f() -> X:`; the parameters get lines of their own where one line has no room for it."""
    header = module.code(function.span)
    end = function.span.start + len(header[:-1].rstrip())
    line_start = (
        max(module.text.rfind("\n", 0, function.span.start), module.text.rfind("\r", 0, function.span.start)) + 1
    )
    margin = module.text[line_start : function.span.start]
    length = len(margin) + len(header) + len(f" -> {code}")
    is_on_one_line = "\n" not in header and "\r" not in header and not margin.strip()
    room = edits.project.style.line_length
    if not function.parameters or not is_on_one_line or length <= room or has_comment(header[:-1] + ": 0"):
        edits.insert(module, end, f" -> {code}", finding)
        return
    newline, indent = module.source.newline, margin + indent_of(edits.project, module)
    start = function.span.start + header.index("(") + 1
    parameters = module.text[start : end - 1].strip()
    if len(indent) + len(parameters) > room or parameters.endswith(","):
        parts = _parameters(module, function, start, end - 1)
        parameters = f",{newline}{indent}".join(parts) + ","
    text = f"{newline}{indent}{parameters}{newline}{margin}) -> {code}"
    edits.replace(module, Span(start, end), text, finding)


def _parameters(module: Module, function: Function, start: int, end: int) -> list[str]:
    """The parameters as written, `*` and `/` too."""
    parts: list[str] = []
    for parameter in function.parameters:
        between = module.text[start : parameter.start].strip(" ,")
        # `/, *, ` in front of a keyword-only parameter; the stars of `*args` belong to the parameter.
        marks = [mark.strip() for mark in between.split(",") if mark.strip()]
        stars = marks.pop() if parameter.kind in ("*", "**") and marks else ""
        parts += [*marks, stars + module.text[parameter.start : parameter.end].rstrip()]
        start = parameter.end
    rest = module.text[start:end].strip(" ,")
    return [*parts, rest] if rest else parts
