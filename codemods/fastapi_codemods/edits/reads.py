"""Rewriting what is read by constant keys (`project.keyed_reads`): each read becomes a name or an attribute."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from ..project import Module, Span
from ..project.keyed_reads import Read
from ..project.reader import Positions


def replaced_reads(
    module: Module, positions: Positions, source: str, reads: Sequence[Read], new: Callable[[Read], str]
) -> list[tuple[Span, str]] | None:
    """Spans with what is to stand there; None where an f-string is not written plainly enough.

    `source` is what is read from, as written: `data`, `request.headers`.
    """
    found = [(positions.span(read.node), new(read)) for read in reads if read.text_node is None]
    in_texts: dict[int, list[Read]] = {}
    for read in reads:
        if read.text_node is not None:
            in_texts.setdefault(id(read.text_node), []).append(read)
    for some in in_texts.values():
        node = some[0].text_node
        assert node is not None
        span = positions.span(node)
        code = module.code(span)
        for key in {read.key for read in some}:
            own = [read for read in some if read.key == key]
            places = list(_pattern(source, key).finditer(code))
            if len(places) != len(own):
                return None
            found += [(Span(span.start + p.start(), span.start + p.end()), new(own[0])) for p in places]
    return found


def _pattern(source: str, key: str) -> re.Pattern[str]:
    quoted = rf"""(?:'{re.escape(key)}'|"{re.escape(key)}")"""
    owner = r"\s*\.\s*".join(map(re.escape, source.split(".")))
    return re.compile(rf"(?<![\w.]){owner}(?:\[\s*{quoted}\s*\]|\.get\(\s*{quoted}\s*(?:,[^(){{}}]*)?\))")
