"""The part of the gate that needs nothing but the text: whatever was rewritten still parses."""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from ..edits import Edit
from ..errors import BrokenResultError
from ..plan import FileChange
from ..project import Module, Project
from ..source import UnreadableSourceError, read
from ..source.statements import line_starts, parse


def check_changes(
    project: Project, codemod: str, edits: Mapping[str, Sequence[Edit]], changes: Sequence[FileChange]
) -> None:
    """Every top-level statement that was edited parses. Raises `BrokenResultError` naming the file.

    A module is a list of such statements; those that no edit touched are the bytes they were. Of a function that was
    edited in its header alone, the header alone is parsed.
    """
    for change in changes:
        module = project.module(change.path)
        try:
            if module is None:
                parse(read(change.after or b"").text)
            else:
                _check_parts(list(_edited_statements(module, edits[change.path])))
        except UnreadableSourceError as error:
            raise BrokenResultError(
                f"{change.path}: the result of {codemod} {error}; nothing was changed. Please report this."
            ) from None


def _check_parts(parts: Sequence[tuple[str, int]]) -> None:
    """Each of the texts, given with its first line, parses by itself: all at once, as long as nothing is wrong.

    A `pass` that stays a statement behind each of them shows that none of them runs into the next.
    """
    lines: list[int] = []
    line = 0
    for text, _ in parts:
        line += len(line_starts(text)) + 1
        lines.append(line)
    try:
        tree = parse("".join(f"{text}\npass\n" for text, _ in parts))
    except UnreadableSourceError:
        is_sound = False
    else:
        is_sound = {node.lineno for node in tree.body if isinstance(node, ast.Pass)}.issuperset(lines)
    if not is_sound:
        for text, first_line in parts:
            parse(text, first_line)


def _edited_statements(module: Module, edits: Sequence[Edit]) -> Iterator[tuple[str, int]]:
    """The new texts of the statements that were edited, each with its first line."""
    statements = module.facts.statements
    starts = [statement.start for statement in statements]
    header_ends = {f.statement: f.span.end for f in module.facts.functions if not f.scopes}
    by_statement: dict[int, list[Edit]] = {}
    for edit in edits:
        by_statement.setdefault(bisect_right(starts, edit.start) - 1, []).append(edit)
    for index, own in by_statement.items():
        if index < 0:
            yield "".join(edit.text for edit in own), 1
            continue
        statement = statements[index]
        end = header_ends.get(index, statement.end)
        if end < max(edit.end for edit in own):
            end = statement.end
        text = module.text[statement.start : end]
        for edit in sorted(own, key=lambda edit: (edit.start, edit.end), reverse=True):
            text = text[: edit.start - statement.start] + edit.text + text[edit.end - statement.start :]
        yield text + (" pass" if end < statement.end else ""), statement.line
