"""Whole lines: taking statements and decorators out, text above a statement with its comments, indentation."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

from ..findings import Finding
from ..project import Module, Project, Span
from ..source import split
from ..source.statements import line_starts
from .collect import Edits

_REST_OF_LINE = re.compile(r"[ \t]*(#[^\r\n]*)?(\r\n|\r|\n|\Z)")
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")
_SHORT_STRING = re.compile(r"""(?<!['"\\])(?:'(?!'')(?:[^'"\\\n]|\\.)*'|"(?!"")(?:[^'"\\\n]|\\.)*")(?!['"])""")
_FIRST_INDENTED_LINE = re.compile(r"^\S[^\n]*:[ \t\r]*\n(?:[ \t\r]*\n)*([ \t]+)\S", re.MULTILINE)


def indent_of(project: Project, module: Module) -> str:
    """One level of indentation as the file writes it; the project's where the file has no indented line."""
    _, masked = split(module.text)
    found = _FIRST_INDENTED_LINE.search(masked)
    return found.group(1) if found else project.style.indent


def has_comment(code: str) -> bool:
    """Whether a comment stands in an expression; a `#` in a string is none."""
    if "#" not in code:
        return False
    return any(token.type == tokenize.COMMENT for token in _tokens(code))


def has_string_over_lines(code: str) -> bool:
    """Whether a line break of an expression belongs to a string, so that its lines must not be indented anew."""
    return any(token.start[0] != token.end[0] for token in _tokens(code))


def lines_within_strings(code: str) -> frozenset[int]:
    """The lines of whole statements, counted from 0, that begin inside a string: white space in front of them is a part
    of it."""
    text = f"if 1:\n{code}\n" if code[:1].isspace() else f"{code}\n"
    shift = 2 if code[:1].isspace() else 1
    found: set[int] = set()
    opened: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        kind = tokenize.tok_name[token.type]
        if kind in ("FSTRING_START", "TSTRING_START"):  # one token each, from Python 3.12 on
            opened.append(token.start[0])
        elif kind in ("FSTRING_END", "TSTRING_END"):
            found.update(range(opened.pop() + 1 - shift, token.end[0] + 1 - shift))
        elif kind == "STRING":
            found.update(range(token.start[0] + 1 - shift, token.end[0] + 1 - shift))
    return frozenset(found)


def _tokens(code: str) -> Iterator[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(f"({code}\n)").readline)
    return (token for token in tokens if token.type not in (tokenize.NEWLINE, tokenize.NL))


def stands_alone(module: Module, span: Span) -> bool:
    """Whether nothing but a comment stands on the lines of `span` beside it."""
    text = module.text
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    return not text[start : span.start].strip() and _REST_OF_LINE.match(text, span.end) is not None


def remove_lines(edits: Edits, module: Module, span: Span, finding: Finding) -> None:
    """Take out the lines that `span` stands on alone; a comment behind it stays, on a line of its own."""
    lines, kept = _lines_of(module, span)
    edits.replace(module, lines, kept, finding)


def remove_statements(edits: Edits, module: Module, spans: Sequence[Span], finding: Finding) -> None:
    """Take out statements that have their lines to themselves, and the blank lines that then stand twice."""
    groups: list[tuple[Span, str]] = []
    for span in sorted(spans):
        lines, kept = _lines_of(module, span)
        if groups and not module.text[groups[-1][0].end : lines.start].strip():
            before, comments = groups.pop()
            groups.append((Span(before.start, lines.end), comments + kept))
        else:
            groups.append((lines, kept))
    for lines, kept in groups:
        edits.replace(module, lines if kept else _with_blank_lines(module, lines), kept, finding)


def _lines_of(module: Module, span: Span) -> tuple[Span, str]:
    """The lines of a span from their first column on, and the comment behind it as a line."""
    text = module.text
    start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
    rest = _REST_OF_LINE.match(text, span.end)
    if rest is None or text[start : span.start].strip():
        raise ValueError(f"{module.path}: something else stands on the line of {module.code(span)!r}")
    kept = text[start : span.start] + rest.group(1) + rest.group(2) if rest.group(1) else ""
    return Span(start, rest.end()), kept


def _with_blank_lines(module: Module, lines: Span) -> Span:
    """Without these lines, as many blank lines should stand there as stood on the side that had more."""
    text = module.text
    code = len(text[: lines.start].rstrip())
    first = min((text.find("\n", code) + 1 or lines.start), lines.start) if code else 0
    found = _BLANK_LINES.match(text, lines.end)
    last = found.end() if found else lines.end
    above = text.count("\n", first, lines.start)
    below = text.count("\n", lines.end, last)
    if not text[last:].strip():
        return Span(first, last)
    return Span(first, lines.end) if below >= above else Span(lines.start, last)


def with_comments_above(module: Module, span: Span) -> Span:
    """A statement that has its lines to itself, with the comment lines directly above it at the same indentation."""
    text = module.text
    line = text.rfind("\n", 0, span.start) + 1
    margin, start = text[line : span.start], span.start
    while line > 0:
        above = text.rfind("\n", 0, line - 1) + 1
        if not text[above:line].startswith(f"{margin}#"):
            break
        line, start = above, above + len(margin)
    return Span(start, span.end)


def start_with_comments(module: Module, offset: int) -> int:
    """Where the comment lines directly above the top-level statement at `offset` begin, or `offset`."""
    text = module.text
    end = _end_of_code_before(module, offset)
    start = offset
    while start > end:
        previous = text.rfind("\n", 0, start - 1) + 1
        line = text[previous:start]
        if previous < end or not line.startswith("#") or line.startswith(("#!", "# -*-")):
            break
        start = previous
    return start


def _end_of_code_before(module: Module, offset: int) -> int:
    """The end of the line on which the statement before the one at `offset` ends."""
    before = [index for index, statement in enumerate(module.facts.statements) if statement.start < offset]
    if not before:
        return 0
    index = before[-1]
    text = module.statement_text(index)
    last_line = module.tree(index).body[-1].end_lineno or 1
    starts = [*line_starts(text), len(text)]
    return module.facts.statements[index].start + starts[last_line]


def blank_lines_before(module: Module, offset: int) -> int:
    """How many empty lines stand above `offset`; 2 at the top of a file, where none are missing."""
    before = module.text[:offset]
    if not before.strip():
        return 2
    return before[len(before.rstrip()) :].count("\n") - 1


def quote_of(module: Module) -> str:
    """The quote that a module writes its short strings in: `'` where these are the most, else `"`."""
    return str(module.remembered("quote", lambda: "'" if _in_single_quotes(module.text) else '"'))


def _in_single_quotes(text: str) -> bool:
    found = [match.group()[0] for match in _SHORT_STRING.finditer(text)]
    return found.count("'") * 2 > len(found)
