"""The part of the gate that is always on: it reads both sides of a change and executes nothing.

    syntax     every changed file parses, compiles, and needs no newer Python than the project allows
    names      nothing is read that nothing binds any more; every import of the project's modules finds its name
    cycles     no new import cycle
    routes     no route lost, new or moved before another that matches the same path; no dependency lost
    referred   nothing that a test, a Dockerfile or another module names is gone

Only what held before and does not any more is a problem. The cost follows what changed: other files than the changed
ones are looked at only where a changed one has lost a name.

Names are imported when they are used: a step of a plan rarely needs more than `edited`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .examination import changed_paths as changed_paths
    from .examination import examine as examine
    from .problem import KINDS as KINDS
    from .problem import ROUTE_KINDS as ROUTE_KINDS
    from .problem import Examination as Examination
    from .problem import Problem as Problem

_HOMES = {
    "KINDS": "problem",
    "ROUTE_KINDS": "problem",
    "Examination": "problem",
    "Problem": "problem",
    "changed_paths": "examination",
    "examine": "examination",
}

__all__ = ["KINDS", "ROUTE_KINDS", "Examination", "Problem", "changed_paths", "examine"]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
