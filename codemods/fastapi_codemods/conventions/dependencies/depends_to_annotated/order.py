"""Required parameters after ones with a default: by reordering where FastAPI cannot tell, else by `*`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Place(NamedTuple):
    """One parameter as it will be, in the order of the source."""

    name: str
    kind: str
    """As in `Parameter.kind`."""
    has_default: bool
    group: str
    """Where FastAPI takes it from; `url` is path or query, `special` nowhere (the request itself)."""


class Arrangement(NamedTuple):
    """The parameters that can be passed by position, in their new order, and how many of them go before a new `*`."""

    order: tuple[str, ...]
    star: int | None
    source: tuple[str, ...]

    def moves_any_of(self, names: Sequence[str]) -> bool:
        """Whether a call that passes `names` by position would pass something else, or nothing, afterwards."""
        allowed = self.order if self.star is None else self.order[: self.star]
        return tuple(names) != allowed[: len(names)]


def arrange(places: Sequence[Place]) -> Arrangement | str:
    """The arrangement that is valid Python and the same to FastAPI, or the reason why there is none."""
    positional = [place for place in places if place.kind in ("", "/")]
    source = tuple(place.name for place in positional)
    first = _first_required_after_default(positional)
    if first is None:
        return Arrangement(source, None, source)
    reordered = sorted(positional, key=lambda place: place.has_default)
    if _can_swap(positional) and not any(place.kind == "/" for place in positional):
        return Arrangement(tuple(place.name for place in reordered), None, source)
    if any(place.kind == "*" for place in places):
        return "required parameters would follow optional ones, and `*args` leaves no room for a `*`"
    if any(place.kind == "/" for place in positional[first:]):
        return "required parameters would follow optional ones that are positional only"
    return Arrangement(source, first, source)


def _first_required_after_default(positional: Sequence[Place]) -> int | None:
    seen_default = False
    for index, place in enumerate(positional):
        if place.has_default:
            seen_default = True
        elif seen_default:
            return index
    return None


def _can_swap(positional: Sequence[Place]) -> bool:
    """Whether every optional parameter may go behind every required one that follows it."""
    return not any(
        earlier.has_default and not later.has_default and _order_matters(earlier.group, later.group)
        for index, earlier in enumerate(positional)
        for later in positional[index + 1 :]
    )


def _order_matters(first: str, second: str) -> bool:
    if "special" in (first, second):
        return False
    if "unknown" in (first, second):
        return True
    in_url = ("path", "query", "url")
    return first == second or (first in in_url and second in in_url and "url" in (first, second))
