"""A plan's changes as one unified diff that `git apply` turns into exactly the planned bytes.

Format: https://git-scm.com/docs/diff-format#generate_patch_text_with_p
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .differences import differences, lines_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..plan import Difference, FileChange

CONTEXT = 3

_ESCAPES = {
    0x07: b"\\a", 0x08: b"\\b", 0x09: b"\\t", 0x0A: b"\\n", 0x0B: b"\\v", 0x0C: b"\\f", 0x0D: b"\\r",
    0x22: b'\\"', 0x5C: b"\\\\",
}  # fmt: skip


def unified(changes: Iterable[FileChange]) -> bytes:
    """One patch for all changes, with git's headers for new and removed files.

    A change to the same bytes is left out. Line ends, encodings and a missing final newline are kept: the
    patch is made of the files' own bytes.
    """
    return b"".join(part for change in changes for part in _file(change))


def _file(change: FileChange) -> Iterator[bytes]:
    if change.before == change.after:
        return
    old, new = quoted("a/" + change.path), quoted("b/" + change.path)
    yield b"diff --git %b %b\n" % (old, new)
    if change.before is None:
        yield b"new file mode 100644\n"
    elif change.after is None:
        yield b"deleted file mode 100644\n"
    before, after = lines_of(change.before or b""), lines_of(change.after or b"")
    if before or after:
        yield b"--- %b\n" % (b"/dev/null" if change.before is None else _ended(old))
        yield b"+++ %b\n" % (b"/dev/null" if change.after is None else _ended(new))
        for hunk in _hunks(differences(before, after, change.touched)):
            yield from _hunk(hunk, before, after)


def quoted(path: str) -> bytes:
    """A path as git writes it: plain, or in double quotes with C's escapes if it has any but plain bytes."""
    raw = path.encode("utf-8", "surrogateescape")
    if all(0x20 <= byte < 0x7F and byte not in _ESCAPES for byte in raw):
        return raw
    escaped = (_ESCAPES.get(b) or (bytes([b]) if 0x20 <= b < 0x7F else b"\\%03o" % b) for b in raw)
    return b'"%b"' % b"".join(escaped)


def _ended(name: bytes) -> bytes:
    # Without the tab, a reader of `--- a/b c` could take ` c` for a time stamp.
    return name + b"\t" if b" " in name else name


def _hunks(found: Iterable[Difference]) -> Iterator[list[Difference]]:
    """Differences whose context lines would touch or overlap, together."""
    hunk: list[Difference] = []
    for difference in found:
        if hunk and difference.before_start - hunk[-1].before_end > 2 * CONTEXT:
            yield hunk
            hunk = []
        hunk.append(difference)
    if hunk:
        yield hunk


def _hunk(hunk: Sequence[Difference], before: Sequence[bytes], after: Sequence[bytes]) -> Iterator[bytes]:
    head = min(CONTEXT, hunk[0].before_start)
    tail = min(CONTEXT, len(before) - hunk[-1].before_end)
    start, end = hunk[0].before_start - head, hunk[-1].before_end + tail
    after_start, after_end = hunk[0].after_start - head, hunk[-1].after_end + tail
    yield b"@@ -%b +%b @@\n" % (_range(start, end), _range(after_start, after_end))
    for difference in hunk:
        yield from _marked(b" ", before[start : difference.before_start])
        yield from _marked(b"-", before[difference.before_start : difference.before_end])
        yield from _marked(b"+", after[difference.after_start : difference.after_end])
        start = difference.before_end
    yield from _marked(b" ", before[start:end])


def _range(start: int, end: int) -> bytes:
    count = end - start
    if count == 0:
        return b"%d,0" % start
    return b"%d" % (start + 1) if count == 1 else b"%d,%d" % (start + 1, count)


def _marked(mark: bytes, lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        yield mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"
