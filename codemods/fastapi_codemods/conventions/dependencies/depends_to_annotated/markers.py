"""FastAPI's parameter functions as default values: which one a call is, and what of it stays a default."""

from __future__ import annotations

from ....project import Call, Function, Module, Project
from ....project.fastapi_names import PARAMETER_FUNCTIONS
from ....project.model import Argument

DEPENDENCIES = ("Depends", "Security")


def marker_of(project: Project, module: Module, function: Function, call: Call) -> str | None:
    """`Query` for a call of FastAPI's `Query`, by whatever name, None for a call of anything else."""
    symbol = project.resolve(module, call.callee, function.scopes)
    if symbol is None or symbol.path is not None:
        return None
    package, _, name = symbol.name.rpartition(".")
    return name if package == "fastapi" and name in PARAMETER_FUNCTIONS else None


def default_argument(call: Call, marker: str) -> Argument | None:
    """The argument that is the default: the first positional one or `default=`; dependencies have none."""
    if marker in DEPENDENCIES:
        return None
    return call.argument("default") or (call.positional[0] if call.positional else None)


def dependency_argument(call: Call) -> Argument | None:
    """`f` of `Depends(f)`; None for `Depends()`, which takes the annotation."""
    return call.argument("dependency") or (call.positional[0] if call.positional else None)


def keeps_default(module: Module, call: Call, marker: str) -> bool:
    """Whether a value stays behind `=`: there is a default and it is not `...`."""
    default = default_argument(call, marker)
    return default is not None and module.code(default.span) not in ("...", "Ellipsis")
