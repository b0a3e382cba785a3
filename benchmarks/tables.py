"""Tables that read well in a terminal and in Markdown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Gate:
    """What a figure must reach, and what would be fine to reach; `better` says which way is good."""

    limit: float
    text: str
    higher_is_better: bool = False

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.higher_is_better else value <= self.limit


@dataclass
class Table:
    """Rows of text under a title; the first column is ragged right, the others are aligned to the right."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def as_text(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.columns, *self.rows, strict=True)]
        lines = [self.title, ""]
        for row in (self.columns, *self.rows):
            first, *others = row
            cells = [
                first.ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)),
            ]
            lines.append("  ".join(cells).rstrip())
            if row is self.columns:
                lines.append("  ".join("-" * width for width in widths))
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)]) + "\n"

    def as_markdown(self) -> str:
        marks = ["---", *("---:" for _ in self.columns[1:])]
        rows = "\n".join(f"| {' | '.join(row)} |" for row in (self.columns, marks, *self.rows))
        notes = "".join(f"\n{note}\n" for note in self.notes)
        return f"## {self.title}\n\n{rows}\n{notes}"
