"""What a codemod reports: a departure from a convention, its place, and whether it is left alone."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple


class Safety(IntEnum):
    """What a codemod may change, from least to most; the gate holds each codemod to it.

    Levels are cumulative: planning `CONTRACT` plans `SAFE` and `SERIAL_SAFE` too. `REPORT` codemods never rewrite.
    """

    REPORT = 0
    SAFE = 1
    """OpenAPI byte-identical; route table, responses and side effects identical."""
    SERIAL_SAFE = 2
    """Identical for every serial sequence of requests; only interleaving changes."""
    CONTRACT = 3
    """OpenAPI or HTTP behaviour changes in exactly the stated way."""
    UNSAFE = 4
    """May change behaviour; a person must read it."""

    @property
    def label(self) -> str:
        """The spelling of the command line and of JSON: `serial-safe`."""
        return self.name.lower().replace("_", "-")


class Location(NamedTuple):
    """A place in a file: `path` is POSIX and relative to the project's root, lines and columns count from 1."""

    path: str
    line: int
    column: int
    end_line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


class Finding(NamedTuple):
    """One departure from one convention.

    `left_alone` is None for a finding that the codemod would rewrite, else the reason why it does not.
    `subject` is what the codemod's `rewrite` needs to know; nobody else reads it.
    `anchor` is what the finding is about in the words of the source (`users.read_user.q`); with the path and the
    codemod's name it makes the fingerprint, which therefore survives edits elsewhere in the file.
    """

    codemod: str
    chapter: str
    safety: Safety
    location: Location
    message: str
    anchor: str
    left_alone: str | None = None
    subject: Any = None
    occurrence: int = 0
    """Tells findings with the same anchor in one file apart, in the order of the file."""

    @property
    def fixable(self) -> bool:
        return self.left_alone is None and self.safety is not Safety.REPORT

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits, stable while codemod, path and anchor are."""
        import hashlib

        key = "\0".join((self.codemod, self.location.path, self.anchor, str(self.occurrence)))
        return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Skipped(NamedTuple):
    """A file that was not read, and why, in one line."""

    path: str
    reason: str
