"""Work in a handler becomes a background task: `background_tasks.add_task(notify, user)`, with the parameter for it."""

from __future__ import annotations

from typing import NamedTuple

from ..findings import Finding
from ..project import Module, Project
from ..project.background_tasks import background_parameter
from ..project.functions import FunctionAt, function_of, routes_of
from ..project.suspension import locals_of
from .collect import Edits
from .handlers import Signatures
from .imports import name_of_same
from .parameters import ParameterList, Piece, parameter_list, with_parameters, written

CLASSES = ("fastapi.BackgroundTasks", "starlette.background.BackgroundTasks", "fastapi.background.BackgroundTasks")
NAME = "background_tasks"


class Receiver(NamedTuple):
    """What a handler calls `add_task` on."""

    name: str
    module: Module
    parameters: ParameterList | None
    """Of the handler, which is to get the parameter; None: it has it."""


def receiver_in(project: Project, signatures: Signatures, found: FunctionAt) -> Receiver | str:
    """The parameter for background tasks of a handler, or why it cannot have one."""
    function = function_of(found)
    if function is None:
        return "its header is not read"
    if (name := background_parameter(project, found.module, function)) is not None:
        return Receiver(name, found.module, None)
    for operation in routes_of(project, found):
        if (reason := signatures.reason_to_keep(operation)) is not None:
            return reason
    if NAME in locals_of(found.node) or found.module.bindings(NAME):
        return f"it has another `{NAME}`"
    if name_of_same(found.module, *CLASSES) is None:
        return f"`{found.module.path}` has another `BackgroundTasks`"
    parameters = parameter_list(found.module, function)
    if isinstance(parameters, str):
        return parameters
    if with_parameters(parameters.pieces, [_piece("BackgroundTasks")]) is None:
        return "`*args` or `**kwargs` stand among its parameters"
    return Receiver(NAME, found.module, parameters)


def add_parameter(project: Project, receiver: Receiver, edits: Edits, finding: Finding) -> None:
    if receiver.parameters is None:
        return
    dotted = name_of_same(receiver.module, *CLASSES)
    assert dotted is not None
    cls = edits.name(receiver.module, dotted, finding)
    pieces = with_parameters(receiver.parameters.pieces, [_piece(cls)])
    assert pieces is not None
    text = written(project, receiver.parameters, pieces)
    edits.replace(receiver.module, receiver.parameters.span, text, finding)


def _piece(cls: str) -> Piece:
    return Piece(NAME, f"{NAME}: {cls}", False, "")
