"""Rewriting one call in place: arguments added, removed and replaced, the layout followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..findings import Finding
from ..project import Call, Module
from .collect import Edits

_NEWLINE = re.compile(r"\r\n|\r|\n")


def change_arguments(
    edits: Edits,
    module: Module,
    call: Call,
    finding: Finding,
    *,
    remove: Iterable[str] = (),
    values: Mapping[str, str] | None = None,
) -> None:
    """Take keyword arguments out of a call and give others new values, adding those that it does not have yet."""
    from . import fragments

    text = module.code(call.span)
    node = fragments.parse_call(text)
    for name in remove:
        node = fragments.without_keyword(node, name)
    for name, value in (values or {}).items():
        change = fragments.with_value if call.argument(name) else fragments.with_argument
        node = change(node, name, value)
    found = _NEWLINE.search(text)
    newline = found.group() if found else module.source.newline
    code = fragments.call_code(node, newline)
    if found is None and values:
        line_start = module.text.rfind("\n", 0, call.span.start) + 1
        line_end = _NEWLINE.search(module.text, call.span.end)
        rest = module.text[call.span.end : line_end.start() if line_end else None]
        before = module.text[line_start : call.span.start]
        if len(before) + len(code) + len(rest) > edits.project.style.line_length:
            indent = before[: len(before) - len(before.lstrip())]
            node = fragments.one_argument_per_line(node, indent, edits.project.style.indent)
            code = fragments.call_code(node, newline)
    edits.replace(module, call.span, code, finding)
