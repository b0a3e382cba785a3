"""Which findings are to blame: those without which the plan is fine, found by halving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

MOST_TRIES = 200
"""Each is a rewrite and an examination. What is left over then is given up as a whole."""

T = TypeVar("T")


def culprits(
    findings: Sequence[T], why_not: Callable[[Sequence[T]], str | None], most_tries: int = MOST_TRIES
) -> dict[int, str]:
    """The index of each finding that must be left alone, with the reason.

    `why_not` says what is wrong with a plan that has only these findings, None if nothing is. The findings are added
    in halves to those that are known to be fine together; a half that spoils them is taken apart, down to single ones.
    """
    fine: list[int] = []
    found: dict[int, str] = {}
    waiting = [range(len(findings))] if findings else []
    tries = 0
    while waiting:
        some = waiting.pop()
        if tries == most_tries:
            found.update(
                (index, "it was not found out in time which of the findings here breaks the project") for index in some
            )
            continue
        tries += 1
        reason = why_not([findings[index] for index in sorted([*fine, *some])])
        if reason is None:
            fine += some
        elif len(some) == 1:
            found[some[0]] = reason
        else:
            middle = len(some) // 2
            waiting += [some[middle:], some[:middle]]  # the first half first
    return found
