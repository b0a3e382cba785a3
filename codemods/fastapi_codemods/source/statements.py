"""A module is a list of top-level statements with their exact text.

Everything that reads or writes code works on one statement at a time: it is parsed when somebody asks, by `ast` to
read it and by LibCST to rewrite it, and all other text stays the bytes it was. So the statements must be found
without parsing. One regular expression blanks strings, comments and continued lines (about 20 times faster than
`ast.parse`); in what remains, a statement starts at each line whose first column holds anything but white space, a
comment or a closing bracket, as long as the brackets before it are closed:

    x = {            <- starts
        "a": 1,
    }                <- closes
    @decorator       <- starts
    def f():         <- goes with its decorator
        pass
    if x:            <- starts
        pass
    else:            <- goes with its `if`

Where that could be wrong (a quote left over, brackets that do not balance, old line ends, a line whose indentation
is a `\\` or ends in a form feed), `ast` decides.
"""

from __future__ import annotations

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from .text import LINE_END, UnreadableSourceError

# Triple quotes first. Each loop is unrolled, so that a broken literal fails in one pass. Possessive quantifiers would
# say the same, but within a group they match wrongly on Python 3.11.2: https://github.com/python/cpython/issues/101955
_LITERAL = re.compile(
    r'("""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"[^"\\\n\r]*(?:\\(?:\r\n|.)[^"\\\n\r]*)*"'
    r"|'[^'\\\n\r]*(?:\\(?:\r\n|.)[^'\\\n\r]*)*'"
    r"|\#[^\n\r]*"
    r"|\\\r?\n)",
    re.DOTALL,
)
# Begins with a literal line end, which is ten times faster than an alternative; the text gets one in front.
_START = re.compile(r"\n(?=\f*[^\s#)\]}])")
_GOES_ON = re.compile(r"\f*(?:else|elif|except|finally)\b")


class Statement(NamedTuple):
    """One top-level statement, or several that share a line: `start` to `end` in the module's text.

    `end` is where the next statement starts, so that joined statements give the file back; blank lines and comments
    between two statements stand at the end of the first. The text before the first statement belongs to none.
    """

    start: int
    end: int
    line: int
    """The number of its first line, from 1."""
    word: str
    """Its first word (`def`, `import`, `app`), empty if it starts with something else; `@` when decorated."""


_WORD = re.compile(r"\f*(@|async[ \t]+def\b|\w+)?")


def split(text: str) -> tuple[tuple[Statement, ...], str]:
    """The statements of a module, and its text with strings, comments and continuations blanked to the same length.

    Raises `UnreadableSourceError` when the text is not Python that the running interpreter can parse.
    """
    masked = blanked(text)
    starts = None if _has_odd_indentation(text) else _starts(masked)
    if starts is None:
        starts = _starts_by_parsing(text)
    statements = []
    line = 1
    position = 0
    for start, end in pairwise([*starts, len(text)]):
        line += text.count("\n", position, start)
        position = start
        word = _WORD.match(masked, start)
        statements.append(Statement(start, end, line, (word.group(1) or "") if word else ""))
    if "\r" in text:
        # Lone carriage returns end lines too.
        lines = line_starts(text)
        statements = [s._replace(line=bisect_right(lines, s.start)) for s in statements]
    return tuple(statements), masked


def blanked(text: str) -> str:
    """The text with literals blanked. Splitting and joining saves a call for each of them."""
    parts = _LITERAL.split(text)
    # A string may begin a statement: it keeps a mark in its first column, other than comments and continuations.
    parts[1::2] = [("s" if part[0] in "\"'" else " ") + " " * (len(part) - 1) for part in parts[1::2]]
    return "".join(parts)


def blanked_but_f_strings(text: str) -> tuple[str, str]:
    """`blanked(text)`, and the same with all that stands in f-strings, which may be code."""
    parts = _LITERAL.split(text)
    literals = parts[1::2]
    parts[1::2] = [("s" if part[0] in "\"'" else " ") + " " * (len(part) - 1) for part in literals]
    masked = "".join(parts)
    if "f'" not in text and 'f"' not in text:
        return masked, masked
    for index, literal in enumerate(literals):
        if literal[0] in "\"'" and _F_PREFIX.search(parts[2 * index][-3:]):
            parts[2 * index + 1] = literal
    return masked, "".join(parts)


def string_quotes(text: str) -> Iterator[str]:
    """The quote of each string that could have the other one: no triple quotes, and neither of the two within."""
    for literal in _LITERAL.findall(text):
        quote = literal[0]
        if quote in "\"'" and literal[:3] != quote * 3 and not {*"\"'"} & {*literal[1:-1]}:
            yield quote


_F_PREFIX = re.compile(r"(?<!\w)(?:[fFtT][rR]?|[rR][fFtT])\Z")


def in_code(text: str, offsets: Sequence[int]) -> list[int]:
    """Those of the sorted offsets that stand neither in a comment nor in a string, unless it is an f-string."""
    code: list[int] = []
    index = 0
    for literal in _LITERAL.finditer(text):
        while index < len(offsets) and offsets[index] < literal.start():
            code.append(offsets[index])
            index += 1
        if index == len(offsets):
            break
        start = literal.start()
        holds_code = text[start] in "\"'" and not {*text[max(0, start - 2) : start]}.isdisjoint("fFtT")
        while index < len(offsets) and offsets[index] < literal.end():
            if holds_code:
                code.append(offsets[index])
            index += 1
    return [*code, *offsets[index:]]


_ODD_FORM_FEED = re.compile(r"[ \t]\f|\f\\")


def _has_odd_indentation(text: str) -> bool:
    """Python takes the column of the first of several continued lines, and counts from 0 again behind a form feed."""
    return "\n\\" in text or text.startswith("\\") or ("\f" in text and _ODD_FORM_FEED.search(text) is not None)


def _starts(masked: str) -> list[int] | None:
    """Where statements start, or None where the masked text leaves a doubt."""
    if '"' in masked or "'" in masked or "\\" in masked:
        return None
    if "\r" in masked and masked.count("\r") != masked.count("\r\n"):
        return None
    starts: list[int] = []
    depth = 0
    position = 0
    decorated = False
    for match in _START.finditer("\n" + masked):
        start = match.start()
        depth += depth_of(masked, position, start)
        position = start
        if depth < 0:
            return None
        if depth:
            continue
        if not decorated and not _GOES_ON.match(masked, start):
            starts.append(start)
        decorated = masked.startswith("@", start)
    if depth + depth_of(masked, position, len(masked)) != 0:
        return None
    return starts


def depth_of(masked: str, start: int, end: int) -> int:
    """How many brackets are opened between two places of a masked text and not closed."""
    count = masked.count
    opened = count("(", start, end) + count("[", start, end) + count("{", start, end)
    return opened - count(")", start, end) - count("]", start, end) - count("}", start, end)


def _starts_by_parsing(text: str) -> list[int]:
    lines = line_starts(text)
    starts = []
    last = 0
    for node in parse(text).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        if first > last:
            starts.append(lines[first - 1])
        last = node.end_lineno or first
    return starts


_BRACKET_OR_COLON = re.compile(r"[()\[\]{}:]")


def header_end(masked: str, start: int = 0) -> int:
    """The offset behind the colon that ends the header of the definition at `start` of the masked text, 0 if none."""
    depth = 0
    for match in _BRACKET_OR_COLON.finditer(masked, start):
        character = match.group()
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0:
            return match.end()
    return 0


def line_starts(text: str) -> list[int]:
    """The offset of each line, as Python counts lines: `\\n`, `\\r\\n` and a lone `\\r` end one."""
    if "\r" not in text:
        ends = accumulate(len(line) + 1 for line in text.split("\n"))
        return [0, *ends][:-1]
    return [0, *(match.end() for match in LINE_END.finditer(text))]


_NUMBER_WITH_LETTER = re.compile(r"[0-9][.a-z]")


def _may_be_warned_of(text: str) -> bool:
    """`"\\d"`, `1if x else y` and, from Python 3.14 on, `finally: return`: all that the parser warns of. To keep
    warnings away costs as much as a short parse."""
    return "\\" in text or "finally" in text or _NUMBER_WITH_LETTER.search(text) is not None


def parse(text: str, first_line: int = 1) -> ast.Module:
    """`ast.parse`, with every way it can fail as an `UnreadableSourceError` that names the line in the file."""
    try:
        if not _may_be_warned_of(text):
            return ast.parse(text)
        # What Python thinks of an invalid escape is no business of ours.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        line = (error.lineno or 1) + first_line - 1
        raise UnreadableSourceError(f"line {line} is not valid Python: {error.msg}") from None
    except (RecursionError, MemoryError):
        raise UnreadableSourceError("is nested too deeply for Python's own parser") from None
    except ValueError as error:
        raise UnreadableSourceError(f"cannot be parsed: {error}") from None
