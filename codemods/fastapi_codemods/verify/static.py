"""The part of the gate that needs nothing but the text: whatever was rewritten still parses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ..edits import Edit, Edits
from ..errors import BrokenResultError
from ..plan import FileChange
from ..project import Module, Project
from ..source import UnreadableSourceError, read
from ..source.statements import parse


def check_changes(project: Project, codemod: str, edits: Edits, changes: Sequence[FileChange]) -> None:
    """Every top-level statement that was edited parses. Raises `BrokenResultError` naming the file.

    A module is a list of such statements; those that no edit touched are the bytes they were. Of a function that was
    edited in its header alone, the header alone is parsed.
    """
    by_path = edits.by_path()
    for change in changes:
        module = project.module(change.path)
        try:
            if module is None:
                parse(read(change.after or b"").text)
            else:
                _check_statements(module, by_path[change.path])
        except UnreadableSourceError as error:
            raise BrokenResultError(
                f"{change.path}: the result of {codemod} {error}; nothing was changed. Please report this."
            ) from None


def _check_statements(module: Module, edits: Sequence[Edit]) -> None:
    statements = module.facts.statements
    starts = [statement.start for statement in statements]
    header_ends = {f.statement: f.span.end for f in module.facts.functions if not f.scopes}
    by_statement: dict[int, list[Edit]] = {}
    for edit in edits:
        by_statement.setdefault(bisect_right(starts, edit.start) - 1, []).append(edit)
    for index, own in by_statement.items():
        if index < 0:
            parse("".join(edit.text for edit in own))
            continue
        statement = statements[index]
        end = header_ends.get(index, statement.end)
        if end < max(edit.end for edit in own):
            end = statement.end
        text = module.text[statement.start : end]
        for edit in sorted(own, key=lambda edit: (edit.start, edit.end), reverse=True):
            text = text[: edit.start - statement.start] + edit.text + text[edit.end - statement.start :]
        parse(text + (" pass" if end < statement.end else ""), statement.line)
