"""The part of the gate that needs nothing but the text: whatever was rewritten still parses."""

from __future__ import annotations

from collections.abc import Sequence

from ..edits import Edits
from ..errors import BrokenResultError
from ..plan import FileChange
from ..project import Project
from ..source import UnreadableSourceError, read, split
from ..source.statements import parse


def check_changes(project: Project, codemod: str, edits: Edits, changes: Sequence[FileChange]) -> None:
    """Every changed top-level statement parses with the running Python. Raises `BrokenResultError` naming the file.

    Statements that no edit touched are the bytes they were and are not parsed again.
    """
    for change in changes:
        if change.after is None:
            continue
        try:
            _check_statements(change)
        except UnreadableSourceError as error:
            raise BrokenResultError(
                f"{change.path}: the result of {codemod} {error}; nothing was changed. Please report this."
            ) from None


def _check_statements(change: FileChange) -> None:
    after = read(change.after or b"").text
    before = read(change.before).text if change.before is not None else ""
    old = {before[s.start : s.end] for s in split(before)[0]}
    for statement in split(after)[0]:
        text = after[statement.start : statement.end]
        if text not in old:
            parse(text, statement.line)
