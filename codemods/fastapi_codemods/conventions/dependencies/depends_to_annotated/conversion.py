"""What happens to one parameter, decided once and read by both ways of writing it."""

from __future__ import annotations

from typing import NamedTuple

from ....project import Span


class Conversion(NamedTuple):
    added_type: str | None
    """The type to write where the source has none, or where it is quoted and must not be."""
    is_dependency: bool
    """`Depends` or `Security`, whatever the module calls it: their first argument is no default."""
    default: Span | None
    """The argument of the call that is the default."""
