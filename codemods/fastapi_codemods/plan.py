"""A plan is data: it can be shown, reviewed, applied and undone. Nothing here touches the disk."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .findings import Finding, Skipped


class Difference(NamedTuple):
    """Lines [before_start:before_end] became lines [after_start:after_end]; one of the two may be empty."""

    before_start: int
    before_end: int
    after_start: int
    after_end: int


class FileChange(NamedTuple):
    """One file before and after, as bytes. `before=None` is a file to be made, `after=None` one to be removed."""

    path: str
    """POSIX, relative to the plan's root."""
    before: bytes | None
    after: bytes | None
    touched: tuple[Difference, ...] | None = None
    """Where the two differ at most, in order, if whoever made the change knows: saves a search for it."""

    @property
    def reversed(self) -> FileChange:
        return FileChange(self.path, self.after, self.before)


class Step(NamedTuple):
    """What one codemod did: the findings it rewrote and the files as they were after the step before."""

    codemod: str
    findings: tuple[Finding, ...]
    changes: tuple[FileChange, ...]


class Plan(NamedTuple):
    """All steps over one project. `findings` holds every finding, those left alone too, in order of place."""

    root: Path
    steps: tuple[Step, ...] = ()
    findings: tuple[Finding, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def changes(self) -> tuple[FileChange, ...]:
        """The steps folded into one change per file, by path; a file that came back to its start is left out."""
        folded: dict[str, FileChange] = {}
        for step in self.steps:
            for change in step.changes:
                earlier = folded.get(change.path)
                folded[change.path] = (
                    change if earlier is None else FileChange(change.path, earlier.before, change.after)
                )
        return tuple(folded[path] for path in sorted(folded) if folded[path].before != folded[path].after)
