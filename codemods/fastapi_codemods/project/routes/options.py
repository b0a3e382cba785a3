"""Prefixes, tags and the like as they were given."""

from __future__ import annotations

from ..values import Items, Value, known


def text_or_default(value: Value | None) -> str | None:
    """A path or prefix; the default where none is given."""
    if value is None:
        return ""
    found = known(value)
    return found if isinstance(found, str) else None


def tags_of(value: Value | None) -> tuple[str, ...] | None:
    if value is None or known(value) is None:
        return ()
    found = known(value)
    if not isinstance(found, list) or not all(isinstance(tag, str) for tag in found):
        return None
    return tuple(str(tag) for tag in found)


def joined(outer: tuple[str, ...] | None, inner: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if outer is None or inner is None else (*outer, *inner)


def listed_values(value: Value | None) -> tuple[list[Value], bool]:
    if value is None or known(value) is None:
        return [], True
    return (value.items, value.is_complete) if isinstance(value, Items) else ([], False)


def both(outer: bool | None, inner: object) -> bool | None:
    if outer is False or inner is False:
        return False
    return True if outer and inner is True else None
