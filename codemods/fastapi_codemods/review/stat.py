"""How much changes in each file, drawn as `git diff --stat` draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .differences import differences, lines_of
from .patch import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..plan import FileChange


class Count(NamedTuple):
    name: str
    """As git quotes it, so plain ASCII: its length is its width."""
    inserted: int
    deleted: int

    @property
    def total(self) -> int:
        return self.inserted + self.deleted


def stat(changes: Iterable[FileChange], width: int = 80) -> str:
    """One line per file with a bar, then totals, laid out as by git's `show_stats`; or nothing."""
    counts = [_count(change) for change in changes if change.before != change.after]
    if not counts:
        return ""
    most = max(count.total for count in counts)
    digits = len(str(most))
    longest = max(len(count.name) for count in counts)
    names, bars = _widths(longest, most, digits, max(width, 16 + 6 + digits))
    return "".join([*(_line(count, names, bars, most, digits) for count in counts), _totals(counts)])


def _count(change: FileChange) -> Count:
    found = differences(lines_of(change.before or b""), lines_of(change.after or b""), change.touched)
    inserted = sum(difference.after_end - difference.after_start for difference in found)
    deleted = sum(difference.before_end - difference.before_start for difference in found)
    return Count(quoted(change.path).decode(), inserted, deleted)


def _widths(longest: int, most: int, digits: int, width: int) -> tuple[int, int]:
    """Columns for names and for bars: what they want if there is room, else about 5/8 and 3/8 of it."""
    names, bars = longest, most
    if names + digits + 6 + bars > width:
        bars = min(bars, max(width * 3 // 8 - digits - 6, 6))
        if names > width - digits - 6 - bars:
            names = width - digits - 6 - bars
        else:
            bars = width - digits - 6 - names
    return names, bars


def _line(count: Count, names: int, bars: int, most: int, digits: int) -> str:
    inserted, deleted = _scaled(count, bars, most)
    bar = " " + "+" * inserted + "-" * deleted if count.total else ""
    return f" {_shortened(count.name, names):<{names}} | {count.total:>{digits}}{bar}\n"


def _shortened(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    end = name[len(name) - max(width - 3, 0) :]
    slash = end.find("/")
    return "..." + (end[slash:] if slash >= 0 else end)


def _scaled(count: Count, bars: int, most: int) -> tuple[int, int]:
    if bars > most:
        return count.inserted, count.deleted
    total = _linear(count.total, bars, most)
    if total < 2 and count.inserted and count.deleted:
        total = 2
    if count.inserted < count.deleted:
        inserted = _linear(count.inserted, bars, most)
        return inserted, total - inserted
    deleted = _linear(count.deleted, bars, most)
    return total - deleted, deleted


def _linear(value: int, width: int, most: int) -> int:
    return 1 + value * (width - 1) // most if value else 0


def _totals(counts: list[Count]) -> str:
    inserted = sum(count.inserted for count in counts)
    deleted = sum(count.deleted for count in counts)
    parts = [f" {_number(len(counts), 'file')} changed"]
    if inserted or not deleted:
        parts.append(f" {_number(inserted, 'insertion')}(+)")
    if deleted or not inserted:
        parts.append(f" {_number(deleted, 'deletion')}(-)")
    return ",".join(parts) + "\n"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
