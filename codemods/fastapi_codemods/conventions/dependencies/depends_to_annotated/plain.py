"""Headers whose new text can be put together from the text that is there.

    q: str = Query(None, max_length=5)      ->      q: Annotated[str, Query(max_length=5)] = None
    ^1 ^2  ^3      ^4    ^5                         1: Annotated[2, Query(5)]3 4

Nearly all are like that: comments stand between parameters, not within them. A LibCST tree of the header is kept for
the rest (`rewrite.py`), because it costs a hundred times more, and importing LibCST more than all other work on a
small project. Where both apply they give the same text; `tests/test_depends_to_annotated.py` holds them to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from ....project import Argument, Function, Module, Parameter
from .conversion import Conversion
from .layout import NEWLINE, Layout
from .order import Arrangement

# What stands between two parameters and behind the last, comments included, unless a default or annotation is in
# brackets of its own, which `ast` does not count to it.
_COMMENT = r"[^\S\r\n]*(?:#[^\r\n]*)?"
_BETWEEN = re.compile(rf"(\s*,{_COMMENT})((?:\r\n|\r|\n|\Z)(?:{_COMMENT}(?:\r\n|\r|\n))*)?([^\S\r\n]*)")
_STARS = re.compile(r"\s*,\s*(?:/\s*,\s*)?(?:\*\s*,\s*)?")
_BEHIND = re.compile(rf"\s*,?{_COMMENT}(?:(?:\r\n|\r|\n){_COMMENT})*\)\s*(?:->.*)?:", re.DOTALL)
_EQUAL = re.compile(r"\s*=\s*")
_COMMA = re.compile(r"\s*,\s*")
_CLOSING = re.compile(r"\s*\)")


class _Item(NamedTuple):
    """A converted parameter in its parts."""

    start: str
    """`q: Annotated[`"""
    type: str
    callee: str
    arguments: tuple[str, ...]
    """Those that stay."""
    call: str
    """As it is written without its default, over as many lines."""
    tail: str
    """`] = None`"""

    @property
    def code(self) -> str:
        return f"{self.start}{self.type}, {self.call}{self.tail}"


def plain_header(
    module: Module,
    function: Function,
    conversions: Mapping[str, Conversion],
    arrangement: Arrangement,
    annotated: str,
    layout: Layout,
) -> str | None:
    """The header with the parameters in `conversions` moved into `Annotated`, None where only a tree can say how."""
    if "\\" in module.code(function.span):
        return None
    slots = [p for p in function.parameters if p.kind in ("", "/", "=")]
    items: dict[str, _Item | str] = {}
    for parameter in slots:
        item: _Item | str | None = module.text[parameter.start : _end(module, parameter)]
        if parameter.name in conversions:
            item = _converted(module, parameter, conversions[parameter.name], annotated, layout)
        if item is None:
            return None
        items[parameter.name] = item
    if arrangement.star is not None and any(p.kind in ("*", "=") for p in function.parameters):
        return None  # a `*` that is there already has to move
    before = module.text[function.span.start : slots[0].start]
    whites = [module.text[_end(module, a) : b.start] for a, b in pairwise(slots)]
    behind = module.text[_end(module, slots[-1]) : function.span.end]
    header = _Header(before, whites, behind, layout)
    order = [*arrangement.order, *(p.name for p in slots if p.kind == "=")]
    moved = [[p.name for p in slots].index(name) for name in order]
    return header.with_items([items[name] for name in order], moved, arrangement.star)


def _end(module: Module, parameter: Parameter) -> int:
    """The end of a parameter with the brackets around its default, `x=(1)`, which `ast` does not count to it."""
    if parameter.default is None:
        return parameter.end
    start = parameter.annotation.end if parameter.annotation else parameter.start
    end = parameter.end
    for _ in range(module.text.count("(", start, parameter.default.start)):
        closing = _CLOSING.match(module.text, end)
        if closing is None:
            return parameter.end
        end = closing.end()
    return end


class _Header(NamedTuple):
    """What stands around the parameters."""

    before: str
    whites: Sequence[str]
    behind: str
    layout: Layout

    def with_items(self, items: Sequence[_Item | str], moved: Sequence[int], star: int | None) -> str | None:
        """The header with `items` in place of its parameters; `moved[i]` is the old place of item i."""
        if not _BEHIND.fullmatch(self.behind):
            return None
        whites = list(self.whites)
        behind = self.behind
        has_comments = any("#" in white for white in (self.before, *whites, behind.partition(")")[0]))
        if has_comments:
            if star is not None:
                return None
            if moved != sorted(moved):
                taken = _with_own_comments(whites, behind, moved)
                if taken is None:
                    return None
                whites, behind = taken
        if not all(_BETWEEN.fullmatch(w) if "#" in w else _STARS.fullmatch(w) for w in whites):
            return None
        layout = self.layout
        has_long_call = any(isinstance(item, _Item) and NEWLINE.search(item.call) for item in items)
        codes = [item if isinstance(item, str) else item.code for item in items]
        header = self._joined(codes, whites, behind, star)
        if not has_long_call and layout.fits(header):
            return header
        has_a_line_each = all(NEWLINE.search(white) for white in whites) and (
            len(items) > 1 or behind.lstrip().startswith(",")
        )
        if has_a_line_each:
            split = [item if isinstance(item, str) else _split(item, layout) for item in items]
            return self._joined(split, whites, behind, star) if None not in split else None
        has_marks = any("*" in white or "/" in white for white in (self.before, *whites))
        if has_comments or has_long_call or has_marks or any(NEWLINE.search(white) for white in whites[:-1]):
            return None
        return self._spread(items, star)

    def _joined(self, codes: Sequence[str | None], whites: Sequence[str], behind: str, star: int | None) -> str:
        parts = [self.before]
        for index, code in enumerate(codes):
            if index == star:
                parts += ["*", whites[index - 1]]
            parts += [code or "", whites[index] if index < len(whites) else behind]
        return "".join(parts)

    def _spread(self, items: Sequence[_Item | str], star: int | None) -> str | None:
        """As black and ruff write a header that is too long: the parameters on a line of their own if they fit, else
        a line each."""
        layout = self.layout
        before, behind = self.before.rstrip(), self.behind.lstrip(" \t\r\n,")
        indent = layout.indent + layout.unit
        codes = [item if isinstance(item, str) else item.code for item in items]
        if star is not None:
            codes.insert(star, "*")
        together = ", ".join(codes)
        if layout.is_one_line and len(indent) + len(together) <= layout.width:
            return layout.newline.join([before, indent + together, layout.indent + behind])
        split = [item if isinstance(item, str) else _split(item, layout) for item in items]
        if None in split:
            return None
        if star is not None:
            split.insert(star, "*")
        return layout.newline.join([before, *(f"{indent}{code}," for code in split), layout.indent + behind])


def _with_own_comments(whites: Sequence[str], behind: str, moved: Sequence[int]) -> tuple[list[str], str] | None:
    """Comments go along with their parameter: the one behind it on its line, and the lines above it.

    Lines above the first parameter stand outside and stay, as does what stands below the last.
    """
    found = [_BETWEEN.fullmatch(white) for white in whites]
    last = re.match(rf"(\s*,{_COMMENT})((?:\r\n|\r|\n)(?:{_COMMENT}(?:\r\n|\r|\n))*)", behind)
    if last is None or not all(match and match.group(2) for match in found):
        return None
    trailing = [match.group(1) for match in found if match] + [last.group(1)]
    above = [""] + [match.group(2) or "" for match in found if match]
    indents = [match.group(3) for match in found if match]
    new = [trailing[moved[i]] + above[moved[i + 1]] + indents[i] for i in range(len(whites))]
    if moved[0] != 0:
        return None  # the lines above the first would be those of another
    return new, trailing[moved[-1]] + behind[last.end(1) :]


def _converted(
    module: Module, parameter: Parameter, conversion: Conversion, annotated: str, layout: Layout
) -> _Item | None:
    call = parameter.call
    assert call is not None
    assert parameter.default is not None
    written = module.code(call.span)
    has_lines = NEWLINE.search(written) is not None
    if module.code(parameter.default) != written or (has_lines and ("#" in written or '"""' in written)):
        return None
    if parameter.annotation is None:
        type_, equal = conversion.added_type or "Any", " = "
    else:
        type_ = conversion.added_type or module.code(parameter.annotation)
        equal = module.text[parameter.annotation.end : parameter.default.start]
        if not _EQUAL.fullmatch(equal) or "Annotated" in type_ or NEWLINE.search(type_):
            return None
    value = ""
    staying = list(call.arguments)
    if conversion.default is not None:
        value = module.code(conversion.default)
        without = _without(
            written, conversion.default.start - call.span.start, conversion.default.end - call.span.start
        )
        if without is None or NEWLINE.search(value):
            return None
        written = without
        staying = [argument for argument in staying if argument.span != conversion.default]
    arguments = tuple(_argument(module, argument) for argument in staying)
    if has_lines and NEWLINE.search(written):
        has_comma = written.removesuffix(")").rstrip().endswith(",")
        if not has_comma or (conversion.default is not None and len(staying) < 2):
            # Black would put it on a line if it fits, or would not have broken it for what is left.
            joined = f"{call.callee}({', '.join(arguments)})"
            if not call.callee or not written.startswith(f"{call.callee}("):
                return None
            if not NEWLINE.search(joined) and len(joined) <= layout.width - len(layout.indent + layout.unit * 2):
                written = joined
    tail = "]" if value in ("", "...", "Ellipsis") else f"]{equal}{value}"
    return _Item(f"{parameter.name}: {annotated}[", type_, call.callee, arguments, written, tail)


def _argument(module: Module, argument: Argument) -> str:
    value = module.code(argument.span)
    return f"{argument.name}={value}" if argument.name else value


def _without(call: str, start: int, end: int) -> str | None:
    """`Query(None, max_length=5)` without what stands from `start` to `end`, its keyword and one comma."""
    before = call[:start]
    if before.endswith("default="):
        before = before.removesuffix("default=")
    opening = before.rstrip()
    breaks = opening == before or NEWLINE.search(before[len(opening) :])
    if not (opening.endswith(("(", ",")) and (breaks or before.endswith(", "))):
        return None  # `default = None`, `( None`: an odd way to write
    after = call[end:]
    comma = _COMMA.match(after)
    if comma is not None:
        rest = after[comma.end() :]
        if rest == ")":
            return f"{opening})" if opening.endswith("(") else None
        return before + rest
    return f"{opening.rstrip(', ')}{after}" if after == ")" else None


def _split(item: _Item, layout: Layout) -> str | None:
    """A parameter over several lines where one is too short for it, or where its call has several."""
    unit, newline = layout.unit, layout.newline
    width = layout.width - len(layout.indent + unit)
    call = item.call
    if not NEWLINE.search(call):
        if len(item.code) + 1 <= width:
            return item.code
        inner = f"{item.type}, {call}"
        if len(inner) <= width - len(unit):
            return f"{item.start}{newline}{layout.indent}{unit * 2}{inner}{newline}{layout.indent}{unit}{item.tail}"
        if len(call) >= width - len(unit) and item.arguments:
            lines = [f"{layout.indent}{unit * 3}{argument}," for argument in item.arguments]
            if not call.startswith(f"{item.callee}(") or ", ".join(item.arguments) not in call:
                return None  # keywords with blanks around `=`, or a callee that is no plain name
            call = newline.join([f"{item.callee}(", *lines, f"{layout.indent}{unit * 2})"])
    else:
        first, *others = NEWLINE.split(call)
        call = newline.join([first, *(unit + line if line.strip() else line for line in others)])
    i2, i1 = layout.indent + unit * 2, layout.indent + unit
    return f"{item.start}{newline}{i2}{item.type},{newline}{i2}{call},{newline}{i1}{item.tail}"
