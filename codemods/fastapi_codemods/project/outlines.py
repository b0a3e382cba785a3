"""Syntax trees of definitions in which the bodies of functions are parsed when somebody looks into them.

Of a class with fifty methods, most questions are about two. So the bodies are cut out of the text, what remains is
parsed, and each body is parsed by itself when it is iterated over, with the lines it has in the whole.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, SupportsIndex, overload

from ..source import UnreadableSourceError
from ..source.statements import blanked, depth_of, header_end, parse

WORTH_IT = 1000
"""Characters; what is shorter is parsed at once."""

_DEFINITION = re.compile(r"(?:\A|\n)(async[ \t]+def|def|class)[ \t]+\w+")
_FIRST_IN_BLOCK = re.compile(r"[^\S\n]*\n(?:[^\S\n]*\n)*( +)(?=\S)")


class Body(list[ast.stmt]):
    """The statements of a function, parsed when they are first asked for; none where Python cannot parse them."""

    def __init__(self, text: str, line: int) -> None:
        super().__init__()
        self.text = text
        """What follows the colon."""
        self._line = line
        self._is_parsed = False

    def _parse(self) -> None:
        self._is_parsed = True
        try:
            # Line ends in front keep the lines as they are in the whole; `async` allows for either kind of body.
            module = parse("\n" * (self._line - 1) + "async def _():" + self.text)
        except UnreadableSourceError:
            return
        function = module.body[0]
        assert isinstance(function, ast.AsyncFunctionDef)
        self.extend(function.body)

    def __iter__(self) -> Iterator[ast.stmt]:
        if not self._is_parsed:
            self._parse()
        return super().__iter__()

    def __reversed__(self) -> Iterator[ast.stmt]:
        if not self._is_parsed:
            self._parse()
        return super().__reversed__()

    def __len__(self) -> int:
        if not self._is_parsed:
            self._parse()
        return super().__len__()

    def __eq__(self, other: object) -> bool:
        return list(self) == other

    __hash__ = None

    @overload
    def __getitem__(self, index: SupportsIndex) -> ast.stmt: ...

    @overload
    def __getitem__(self, index: slice) -> list[ast.stmt]: ...

    def __getitem__(self, index: SupportsIndex | slice) -> ast.stmt | list[ast.stmt]:
        if not self._is_parsed:
            self._parse()
        return super().__getitem__(index)


def may_hold(body: list[ast.stmt], pattern: re.Pattern[str]) -> bool:
    """Whether something in the text of a function's body matches; yes, where the text is not at hand."""
    return not isinstance(body, Body) or pattern.search(body.text) is not None


def outline(text: str, first_line: int = 1) -> ast.Module:
    """`parse(text, first_line)`, of one top-level statement. Raises `UnreadableSourceError` as that does, except for
    what is wrong within the body of a function."""
    cuts = _cuts(text) if len(text) >= WORTH_IT else []
    if not cuts:
        return parse(text, first_line)
    pieces: list[str] = []
    bodies: dict[int, tuple[Body, int]] = {}
    position, line = 0, 1
    for cut in cuts:
        line += text.count("\n", position, cut.definition)
        defined = line
        line += text.count("\n", cut.definition, cut.start)
        pieces += [text[position : cut.start], " pass", "\n" * text.count("\n", cut.start, cut.end)]
        body = text[cut.start : cut.end]
        bodies[defined] = Body(body, line), line + body.rstrip().count("\n")
        position, line = cut.end, line + body.count("\n")
    pieces.append(text[position:])
    try:
        tree = parse("".join(pieces), first_line)
    except UnreadableSourceError:
        return parse(text, first_line)
    top = tree.body[0]
    around = top.body if isinstance(top, ast.ClassDef) else tree.body
    for node in around:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno in bodies:
            node.body, node.end_lineno = bodies[node.lineno]
            top.end_lineno = max(top.end_lineno or 0, node.end_lineno)
    return tree


class _Cut(NamedTuple):
    definition: int
    """Where the line of the `def` starts."""
    start: int
    """Behind the colon."""
    end: int


def _cuts(text: str) -> list[_Cut]:
    """The bodies of the function that the text is, or of the methods of the class; none where there is a doubt."""
    if "\t" in text or "\f" in text or ("\r" in text and text.count("\r") != text.count("\r\n")):
        return []
    masked = blanked(text)
    if '"' in masked or "'" in masked or "\\" in masked:
        return []
    top = _DEFINITION.search(masked)
    if top is None:
        return []
    if top.group(1) != "class":
        cut = _cut(masked, top.start(), 0)
        return [cut] if cut is not None else []
    end = header_end(masked, top.start())
    first = _FIRST_IN_BLOCK.match(masked, end) if end else None
    if first is None:
        return []
    width = len(first.group(1))
    position = end
    found: list[_Cut] = []
    while match := _method(width).search(masked, position):
        cut = _cut(masked, match.start(), width)
        if cut is not None:
            found.append(cut)
        position = cut.end if cut is not None else match.end()
    return found


@lru_cache(20)
def _method(width: int) -> re.Pattern[str]:
    return re.compile(rf"\n {{{width}}}(?:async[ \t]+def|def)[ \t]+\w")


@lru_cache(20)
def _behind(width: int) -> re.Pattern[str]:
    return re.compile(rf"\n {{0,{width}}}(?=\S)")


def _cut(masked: str, start: int, width: int) -> _Cut | None:
    """The body of the function that starts behind the line end at `start`, indented by `width`; None if it stands on
    the line of its header."""
    body = header_end(masked, start)
    line_end = masked.find("\n", body)
    if not body or line_end < 0 or masked[body:line_end].strip():
        return None
    end = line_end
    depth = 0
    for match in _behind(width).finditer(masked, line_end):
        depth += depth_of(masked, end, match.start())
        end = match.start()
        if not depth:
            break
    else:
        end = len(masked)
    if not masked[body:end].strip():
        return None
    return _Cut(start + 1 if masked.startswith("\n", start) else start, body, end)
