"""Whole lines: taking a statement or a decorator out, and where text goes above a statement with its comments."""

from __future__ import annotations

import re

from ..findings import Finding
from ..project import Module, Span
from .collect import Edits

_REST_OF_LINE = re.compile(r"[ \t]*(#[^\r\n]*)?(\r\n|\r|\n|\Z)")


def remove_lines(edits: Edits, module: Module, span: Span, finding: Finding) -> None:
    """Take out the lines that `span` stands on alone; a comment behind it stays, on a line of its own."""
    text = module.text
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    rest = _REST_OF_LINE.match(text, span.end)
    if rest is None:
        raise ValueError(f"{module.path}: something else stands on the line behind {module.code(span)!r}")
    kept = ""
    if rest.group(1):
        indent = text[start : len(text)][: len(text[start:]) - len(text[start:].lstrip(" \t"))]
        kept = indent + rest.group(1) + rest.group(2)
    edits.replace(module, Span(start, rest.end()), kept, finding)


def start_with_comments(module: Module, offset: int) -> int:
    """Where the comment lines directly above the statement at `offset` begin, or `offset`."""
    text = module.text
    start = offset
    while start > 0:
        previous = text.rfind("\n", 0, start - 1) + 1
        line = text[previous:start].strip()
        if not line.startswith("#") or line.startswith(("#!", "# -*-")):
            break
        start = previous
    return start


def blank_lines_before(module: Module, offset: int) -> int:
    """How many empty lines stand above `offset`; 2 at the top of a file, where none are missing."""
    before = module.text[:offset]
    if not before.strip():
        return 2
    return before[len(before.rstrip()) :].count("\n") - 1
