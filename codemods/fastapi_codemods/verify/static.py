"""The part of the gate that needs nothing but the text: whatever was rewritten still parses."""

from __future__ import annotations

from collections.abc import Sequence

from ..edits import Edits
from ..errors import BrokenResultError
from ..plan import FileChange
from ..project import Module, Project
from ..source import UnreadableSourceError, read, split
from ..source.statements import header_end, parse


def check_changes(project: Project, codemod: str, edits: Edits, changes: Sequence[FileChange]) -> None:
    """Every changed top-level statement parses with the running Python. Raises `BrokenResultError` naming the file.

    Statements that no edit touched are the bytes they were and are not parsed again.
    """
    for change in changes:
        if change.after is None:
            continue
        try:
            _check_statements(project.module(change.path), change)
        except UnreadableSourceError as error:
            raise BrokenResultError(
                f"{change.path}: the result of {codemod} {error}; nothing was changed. Please report this."
            ) from None


def _check_statements(module: Module | None, change: FileChange) -> None:
    after = read(change.after or b"").text
    before = module.text if module is not None else ""
    old = {before[s.start : s.end] for s in module.facts.statements} if module is not None else set()
    bodies = {body for text in old if (body := _body(text))}
    statements, masked = split(after)
    for statement in statements:
        text = after[statement.start : statement.end]
        if text in old:
            continue
        end = header_end(masked[statement.start : statement.end]) if statement.word in ("@", "def", "async def") else 0
        if end and text[end:] in bodies:
            parse(text[:end] + " pass", statement.line)
        else:
            parse(text, statement.line)


def _body(text: str) -> str:
    """What follows the header of a decorated or plain function; empty for anything else."""
    if not text.startswith(("@", "def ", "async ")):
        return ""
    return text[header_end(split(text)[1]) :]
