"""Proof that a change is what its codemod declares, before anything is written.

    from fastapi_codemods.verify import DynamicOptions, Tree, compare

    report = compare(Tree(before_root), Tree(after_root), DynamicOptions(app="main:app", replay=True))
    for difference in report.differences:
        ...

`static` needs nothing but the text. `compare` runs the application of both trees, in a child process and on copies.
Names are imported when they are used: a plan that is not verified does not pay for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .comparison import Gate as Gate
    from .comparison import compare as compare
    from .model import KINDS as KINDS
    from .model import Difference as Difference
    from .model import DynamicOptions as DynamicOptions
    from .model import Report as Report
    from .model import Tree as Tree

_HOMES = {
    "KINDS": "model",
    "Difference": "model",
    "DynamicOptions": "model",
    "Gate": "comparison",
    "Report": "model",
    "Tree": "model",
    "compare": "comparison",
}

__all__ = ["KINDS", "Difference", "DynamicOptions", "Gate", "Report", "Tree", "compare"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
