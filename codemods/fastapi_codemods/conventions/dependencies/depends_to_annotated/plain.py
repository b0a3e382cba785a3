"""Headers without comments and long calls: the new text is put together from the text that is there.

    q: str = Query(None, max_length=5)      ->      q: Annotated[str, Query(max_length=5)] = None
    ^1 ^2  ^3      ^4    ^5                         1: Annotated[2, Query(5)]3 4

Most parameters are like that: no comment near, and the call on one line. Writing them
costs nothing beside a LibCST tree of the header, which is kept for the rest (`rewrite.py`). Where both apply they
give the same text; `tests/test_depends_to_annotated.py` holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ....project import Function, Module, Parameter
from .conversion import Conversion
from .layout import Layout
from .order import Arrangement

_COMMA = re.compile(r"\s*,\s*")
# What stands between two parameters and behind the last, unless a default or annotation is in brackets of its own,
# which `ast` does not count to it.
_BETWEEN = re.compile(r"\s*,\s*(?:/\s*,\s*)?(?:\*\s*,\s*)?")
_BEHIND = re.compile(r"\s*,?\s*(?:/\s*,?\s*)?\)\s*(?:->.*)?:", re.DOTALL)
_EQUAL = re.compile(r"\s*=\s*")


def plain_header(
    module: Module,
    function: Function,
    conversions: Mapping[str, Conversion],
    arrangement: Arrangement,
    annotated: str,
    layout: Layout,
) -> str | None:
    """The header with the parameters in `conversions` moved into `Annotated`, None where only a tree can say how."""
    code = module.code(function.span)
    if "#" in code or "\\" in code:
        return None
    slots = [p for p in function.parameters if p.kind in ("", "/", "=")]
    texts: dict[str, str] = {}
    for parameter in slots:
        text: str | None = module.text[parameter.start : parameter.end]
        if parameter.name in conversions:
            text = _converted(module, parameter, conversions[parameter.name], annotated)
        if text is None:
            return None
        texts[parameter.name] = text
    if arrangement.star is not None and any(p.kind in ("*", "=") for p in function.parameters):
        return None  # a `*` that is there already has to move
    order = [*arrangement.order, *(p.name for p in slots if p.kind == "=")]
    before = module.text[function.span.start : slots[0].start]
    parts = [before]
    between: list[str] = []
    for index, (slot, name) in enumerate(zip(slots, order, strict=True)):
        following = slots[index + 1].start if index + 1 < len(slots) else function.span.end
        white = module.text[slot.end : following]
        if not (_BETWEEN if index + 1 < len(slots) else _BEHIND).fullmatch(white):
            return None
        if index == arrangement.star:
            parts += ["*", between[-1]]
        parts += [texts[name], white]
        between.append(white)
    header = "".join(parts)
    if layout.fits(header):
        return header
    if any("\n" in white or "\r" in white for white in between[:-1]) or any(
        "*" in white or "/" in white for white in (before, *between)
    ):
        return None  # a line each already, or nearly: a parameter has to be split
    if not before.rstrip().endswith("("):
        return None  # a `*` stands first
    items = [texts[name] for name in order]
    if arrangement.star is not None:
        items.insert(arrangement.star, "*")
    return _spread(before.rstrip(), items, between[-1].lstrip(" \t\r\n,"), layout)


def _spread(before: str, items: Sequence[str], behind: str, layout: Layout) -> str | None:
    """As black and ruff write a header that is too long: the parameters on a line of their own if they fit, else a
    line each; None where one of them is too long even so."""
    indent = layout.indent + layout.unit
    together = ", ".join(items)
    if layout.is_one_line and len(indent) + len(together) <= layout.width:
        return layout.newline.join([before, indent + together, layout.indent + behind])
    if any(len(indent) + len(item) >= layout.width for item in items):
        return None
    return layout.newline.join([before, *(f"{indent}{item}," for item in items), layout.indent + behind])


def _converted(module: Module, parameter: Parameter, conversion: Conversion, annotated: str) -> str | None:
    call = parameter.call
    assert call is not None
    assert parameter.default is not None
    written = module.code(call.span)
    if module.code(parameter.default) != written or "\n" in written or "\r" in written:
        return None
    if parameter.annotation is None:
        type_, equal = conversion.added_type or "Any", " = "
    else:
        type_ = module.code(parameter.annotation)
        equal = module.text[parameter.annotation.end : parameter.default.start]
        if not _EQUAL.fullmatch(equal) or "Annotated" in type_ or "\n" in type_ or "\r" in type_:
            return None
        type_ = conversion.added_type or type_
    value = ""
    default = conversion.default
    if default is not None:
        value = module.code(default)
        without = _without(written, default.start - call.span.start, default.end - call.span.start)
        if without is None:
            return None
        written = without
    new = f"{parameter.name}: {annotated}[{type_}, {written}]"
    return new if value in ("", "...", "Ellipsis") else f"{new}{equal}{value}"


def _without(call: str, start: int, end: int) -> str | None:
    """`Query(None, max_length=5)` without what stands from `start` to `end`, its keyword and one comma."""
    before = call[:start]
    if before.endswith("default="):
        before = before.removesuffix("default=")
    if not before.endswith(("(", ", ", ",")):
        return None  # `default = None`, `( None`: an odd way to write
    after = call[end:]
    comma = _COMMA.match(after)
    if comma is not None:
        rest = after[comma.end() :]
        return None if rest == ")" and not before.endswith("(") else before + rest
    return f"{before.rstrip(', ')}{after}" if after == ")" else None
