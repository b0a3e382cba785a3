"""Which findings are to blame: those without which the plan is fine, found by halving."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

MOST_TRIES = 200
"""Each is a rewrite and an examination. What is left over then is given up as a whole."""

T = TypeVar("T")


def culprits(
    findings: Sequence[T], why_not: Callable[[Sequence[T]], str | None], most_tries: int = MOST_TRIES
) -> dict[int, str]:
    """The index of each finding that must be left alone, with the reason.

    `why_not` says what is wrong with a plan that has only these findings, None if nothing is.
    """

    def faults(some: Sequence[int]) -> dict[int, str]:
        reason = why_not([findings[index] for index in some])
        return {} if reason is None else {0: reason}

    return culprits_apart([[range(len(findings))]], faults, most_tries)


def culprits_apart(
    parts: Sequence[Sequence[Sequence[int]]],
    faults: Callable[[Sequence[int]], Mapping[int, str]],
    most_tries: int = MOST_TRIES,
) -> dict[int, str]:
    """The same for findings by number, in parts that have nothing to do with each other: each examination looks at a
    portion of every part, so that there are as many as the worst part needs, not all of them.

    Each part comes in portions, those first that are likely to be fine. `faults` says what is wrong with a plan that
    has only these findings, by the part that is to blame. The findings of a part are added in halves to those that are
    known to be fine together; a half that spoils them is taken apart, down to single ones.
    """
    fine: list[int] = []
    found: dict[int, str] = {}
    waiting = [[portion for portion in reversed(part) if portion] for part in parts]
    for _ in range(most_tries):
        tried = {part: portions.pop() for part, portions in enumerate(waiting) if portions}
        if not tried:
            break
        wrong = faults(sorted([*fine, *(index for some in tried.values() for index in some)]))
        for part, some in tried.items():
            reason = wrong.get(part)
            if reason is None:
                fine += some
            elif len(some) == 1:
                found[some[0]] = reason
            else:
                middle = len(some) // 2
                waiting[part] += [some[middle:], some[:middle]]  # the first half first
    left = [index for portions in waiting for some in portions for index in some]
    found.update(
        (index, "it was not found out in time which of the findings here breaks the project") for index in left
    )
    return found
