"""Status codes as the project writes them."""

from __future__ import annotations

import re

from ..findings import Finding
from ..project import Module, Project
from ..project.operations import Operation, operations_of
from ..project.returns import Returns
from .calls import change_arguments
from .collect import Edits
from .imports import reachable_as

_RESPONSE = re.compile(r"\bResponse\b")


def writes_numbers(project: Project) -> bool:
    """Whether most of the status codes that routes are given are numbers."""

    def count() -> bool:
        numbers = names = 0
        for operation in operations_of(project):
            given = operation.call.argument("status_code")
            if given is not None:
                code = operation.module.code(given.span)
                numbers += code.isdigit()
                names += "HTTP_" in code
        return numbers > names

    return project.remembered("status codes are numbers", count)


def status_as_written(project: Project, module: Module, number: int, name: str) -> tuple[str, str | None]:
    """The code for a status, with the dotted name that it needs, if it needs one."""
    reachable = reachable_as(module, "fastapi.status")
    if writes_numbers(project) or reachable is None:
        return str(number), None
    return f"{reachable.expression}.{name}", "fastapi.status"


def set_status(edits: Edits, operation: Operation, number: int, name: str, finding: Finding) -> None:
    """Give a route a status, as the project writes it."""
    module = operation.module
    code, needed = status_as_written(edits.project, module, number, name)
    if needed is not None:
        edits.name(module, needed, finding)
    change_arguments(edits, module, operation.call, finding, values={"status_code": code})


def reason_against_a_status(operation: Operation, returns: Returns, documented: str) -> str | None:
    """Why a route must not be given another status; `documented` is what its `responses` may say."""
    if operation.call.unpacks:
        return "the route gets unpacked arguments"
    if returns.is_generator:
        return "it is a generator, which streams what it yields"
    if not operation.is_of_fastapi:
        return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may have other methods"
    if operation.call.argument("responses") is not None:
        return f"its `responses` may document {documented}"
    if name := sets_status_itself(operation):
        return f"it may set its status through `{name}`"
    return None


def sets_status_itself(operation: Operation) -> str | None:
    """The parameter through which a handler can set its status, `response: Response`."""
    module = operation.module
    for parameter in operation.function.parameters:
        if parameter.annotation is not None and _RESPONSE.search(module.code(parameter.annotation)):
            return parameter.name
    return None
