"""What a profile is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..versions import Versions

ENOUGH = 3
"""Observations that make a convention, if they have the `MAJORITY`."""

MAJORITY = 0.7

UNSPECIFIC = frozenset({"HTTPException(computed)", "computed", "elsewhere", "other"})
"""Variants that only say what it is not: nobody can follow one."""

EXAMPLES = 3
"""Places that are named for each variant."""


class Place(NamedTuple):
    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Variant(NamedTuple):
    """One way in which the project does it."""

    name: str
    number: int
    """Of observations."""
    share: float
    """Of all observations of the convention."""
    places: tuple[Place, ...]
    """The first ones, by path and line."""


class Convention(NamedTuple):
    name: str
    unit: str
    """What was counted, in the plural: `HTTP handlers`."""
    variants: tuple[Variant, ...]
    """The most usual first; empty where there was nothing to observe."""
    established: str | None
    """The variant that is the project's convention."""
    follow: str | None
    """The variant that new code should have; None: leave each place as it is."""
    default: str | None
    """What to follow where nothing is established; None as above."""

    @property
    def observations(self) -> int:
        return sum(variant.number for variant in self.variants)


class Profile(NamedTuple):
    versions: Versions
    conventions: tuple[Convention, ...]

    def convention(self, name: str) -> Convention:
        return next(convention for convention in self.conventions if convention.name == name)


Observation = tuple[str, Place]
"""A variant's name and where it was seen."""


def convention(name: str, unit: str, observations: Iterable[Observation], default: str | None = None) -> Convention:
    """The observations counted."""
    places: dict[str, list[Place]] = {}
    for variant, place in observations:
        places.setdefault(variant, []).append(place)
    variants = _variants(places)
    first = variants[0] if variants else None
    is_common = first is not None and first.number >= ENOUGH and first.share >= MAJORITY
    established = first.name if first is not None and is_common and first.name not in UNSPECIFIC else None
    return Convention(name, unit, variants, established, established or default, default)


def _variants(places: Mapping[str, list[Place]]) -> tuple[Variant, ...]:
    total = sum(map(len, places.values()))
    variants = [
        Variant(name, len(seen), len(seen) / total, tuple(sorted(set(seen))[:EXAMPLES]))
        for name, seen in places.items()
    ]
    return tuple(sorted(variants, key=lambda variant: (-variant.number, variant.name)))
