"""Codemods for FastAPI: find departures from its conventions, plan the change, apply it all or nothing, undo it.

    from fastapi_codemods import Options, apply_changes
    from fastapi_codemods.pipeline import plan

    planned = plan(root, [], Options(select=("depends-to-annotated",)))
    apply_changes(root, planned.changes, command="my script", codemods=[step.codemod for step in planned.steps])

Names are imported when they are used: a command that only lists codemods does not pay for the rest.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .apply import apply_changes as apply_changes
    from .apply import history as history
    from .apply import recover as recover
    from .apply import undo as undo
    from .codemod import Codemod as Codemod
    from .config import Options as Options
    from .errors import CodemodsError as CodemodsError
    from .findings import Finding as Finding
    from .findings import Safety as Safety
    from .plan import FileChange as FileChange
    from .plan import Plan as Plan
    from .project import Project as Project

_HOMES = {
    "Codemod": "codemod",
    "CodemodsError": "errors",
    "FileChange": "plan",
    "Finding": "findings",
    "Options": "config",
    "Plan": "plan",
    "Project": "project",
    "Safety": "findings",
    "apply_changes": "apply",
    "history": "apply",
    "recover": "apply",
    "undo": "apply",
}

__all__ = [
    "Codemod",
    "CodemodsError",
    "FileChange",
    "Finding",
    "Options",
    "Plan",
    "Project",
    "Safety",
    "apply_changes",
    "history",
    "recover",
    "undo",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
