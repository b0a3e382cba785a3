"""The only part of the library that writes to disk: all of a change set or nothing, and back again."""

from __future__ import annotations

from .runs import Run, apply_changes, history, pending, recover, undo

__all__ = ["Run", "apply_changes", "history", "pending", "recover", "undo"]
