"""Where two lists of lines differ, fast enough not to be noticed beside the work that made them differ.

The common head and tail are set aside, then lines that occur once on each side anchor the rest (the idea of
"patience diff"). Between anchors the same is done again, with windows of several lines where no single line
is unique, until what remains is small enough for the exact answer. Time grows with the length of the file,
not with its square as for `difflib` on code, where blank lines and `):` are everywhere.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from io import BytesIO
from typing import TYPE_CHECKING

from ..plan import Difference

if TYPE_CHECKING:
    from collections.abc import Sequence

# Above this many pairs of lines the exact answer is not worth its time; it takes about 5 ms here.
EXACT_PAIRS = 20_000
WINDOWS = (2, 4, 8, 16, 32)
DEEPEST = 40


def lines_of(data: bytes) -> list[bytes]:
    """Lines with their ends; as for git, only `\\n` ends a line, and the last one may have no end."""
    return BytesIO(data).readlines()


def differences(
    before: Sequence[bytes], after: Sequence[bytes], touched: Sequence[Difference] | None = None
) -> list[Difference]:
    """In the order of the lines, none touching the next; made in `before`, they give `after`.

    `touched` says where to look: outside it the two are the same.
    """
    found: list[Difference] = []
    for start, end, after_start, after_end in touched if touched is not None else [(0, len(before), 0, len(after))]:
        # An edit behind the last line end touches a line that is none.
        part = Difference(start, min(end, len(before)), after_start, min(after_end, len(after)))
        _compare(before, after, part, 0, found)
    return found


def _compare(
    before: Sequence[bytes], after: Sequence[bytes], part: Difference, depth: int, found: list[Difference]
) -> None:
    part = _without_common_ends(before, after, part)
    start, end, after_start, after_end = part
    if start == end or after_start == after_end:
        if start != end or after_start != after_end:
            _add(found, part)
        return
    pairs = _pairs(before[start:end], after[after_start:after_end], depth)
    if not pairs:
        _add(found, part)
        return
    for before_offset, after_offset in pairs:
        i, j = part.before_start + before_offset, part.after_start + after_offset
        if i > start or j > after_start:
            _compare(before, after, Difference(start, i, after_start, j), depth + 1, found)
        start, after_start = i + 1, j + 1
    _compare(before, after, Difference(start, end, after_start, after_end), depth + 1, found)


def _add(found: list[Difference], part: Difference) -> None:
    if found and found[-1].before_end == part.before_start and found[-1].after_end == part.after_start:
        part = Difference(found[-1].before_start, part.before_end, found[-1].after_start, part.after_end)
        found.pop()
    found.append(part)


def _without_common_ends(before: Sequence[bytes], after: Sequence[bytes], part: Difference) -> Difference:
    start, end, after_start, after_end = part
    while start < end and after_start < after_end and before[start] == after[after_start]:
        start += 1
        after_start += 1
    while start < end and after_start < after_end and before[end - 1] == after[after_end - 1]:
        end -= 1
        after_end -= 1
    return Difference(start, end, after_start, after_end)


def _pairs(before: Sequence[bytes], after: Sequence[bytes], depth: int) -> list[tuple[int, int]]:
    """Lines that stay, as pairs of indexes that grow on both sides; empty when nothing is worth keeping."""
    if depth > DEEPEST:
        return []
    if pairs := _anchors(before, after):
        return pairs
    if len(before) * len(after) <= EXACT_PAIRS:
        return _longest_common(before, after)
    for width in WINDOWS:
        if pairs := _anchors(_windows(before, width), _windows(after, width)):
            return pairs
    return []


def _windows(lines: Sequence[bytes], width: int) -> list[tuple[bytes, ...]]:
    return [tuple(lines[index : index + width]) for index in range(len(lines) - width + 1)]


def _anchors(before: Sequence[object], after: Sequence[object]) -> list[tuple[int, int]]:
    """The longest chain of lines that are unique on both sides and in the same order on both."""
    count_after = Counter(after)
    count_before = Counter(line for line in before if count_after[line] == 1)
    place_after = {line: j for j, line in enumerate(after) if count_before[line] == 1}
    pairs = [(i, place_after[line]) for i, line in enumerate(before) if line in place_after]
    return _rising(pairs)


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of `pairs`, sorted by the first, in which the second grows too."""
    if all(pairs[index][1] < pairs[index + 1][1] for index in range(len(pairs) - 1)):
        return pairs
    ends: list[int] = []  # the smallest last place of a chain of each length, and which pair that is
    end_pairs: list[int] = []
    previous: list[int] = []
    for index, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        previous.append(end_pairs[length - 1] if length else -1)
        ends[length : length + 1] = [j]
        end_pairs[length : length + 1] = [index]
    chain = []
    index = end_pairs[-1]
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


def _longest_common(before: Sequence[bytes], after: Sequence[bytes]) -> list[tuple[int, int]]:
    """The longest common subsequence, by the table of the lengths that remain from each pair of places on."""
    remaining = [[0] * (len(after) + 1)]
    for line in reversed(before):
        below = remaining[-1]
        row = [0] * (len(after) + 1)
        for j in range(len(after) - 1, -1, -1):
            row[j] = below[j + 1] + 1 if line == after[j] else max(below[j], row[j + 1])
        remaining.append(row)
    remaining.reverse()
    pairs = []
    i = j = 0
    while i < len(before) and j < len(after):
        if before[i] == after[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif remaining[i + 1][j] >= remaining[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs
