"""The only part of the library that writes to disk: all of a change set or nothing, and back again.

Every command asks whether a run is `pending`; what it takes to write is imported when something is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .journal import pending

if TYPE_CHECKING:
    from .runs import Run, apply_changes, history, recover, undo

__all__ = ["Run", "apply_changes", "history", "pending", "recover", "undo"]


def __getattr__(name: str) -> object:
    if name in __all__:
        from . import runs

        return getattr(runs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
