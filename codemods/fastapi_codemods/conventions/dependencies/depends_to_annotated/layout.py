"""Where a header stands, how wide it may be, and whether its new text fits there."""

from __future__ import annotations

import re
from typing import NamedTuple

from ....project import Function, Module
from ....project.style import Style

NEWLINE = re.compile(r"\r\n|\r|\n")
_UNBREAKABLE = re.compile("[\"'#]")


class Layout(NamedTuple):
    indent: str
    unit: str
    """One step of indentation."""
    width: int
    """The configured line length, or what the header takes already."""
    is_one_line: bool
    newline: str

    @classmethod
    def of(cls, module: Module, function: Function, style: Style) -> Layout:
        text = module.code(function.span)
        found = NEWLINE.search(text)
        start = function.span.start
        line_start = max(module.text.rfind("\n", 0, start), module.text.rfind("\r", 0, start)) + 1
        before = module.text[line_start:start]
        indent = before if not before.strip() else before[: len(before) - len(before.lstrip())]
        first, *others = NEWLINE.split(text)
        # A line that is long for its string or comment says nothing about the others.
        longest = max([len(before) + len(first), *(len(line) for line in others if not _UNBREAKABLE.search(line))])
        return cls(
            indent,
            "\t" if "\t" in indent else style.indent,
            max(style.line_length, longest),
            found is None,
            found.group() if found else module.source.newline,
        )

    def fits(self, code: str) -> bool:
        """Whether no line of the header is too long, and one that was a single line still is one."""
        first, *others = NEWLINE.split(code)
        if self.is_one_line and others:
            return False
        return len(self.indent) + len(first) <= self.width and all(len(line) <= self.width for line in others)
