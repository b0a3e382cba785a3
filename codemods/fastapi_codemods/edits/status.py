"""Status codes as the project writes them."""

from __future__ import annotations

import re

from ..project import Module, Project
from ..project.operations import Operation, operations_of
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


def sets_status_itself(operation: Operation) -> str | None:
    """The parameter through which a handler can set its status, `response: Response`."""
    module = operation.module
    for parameter in operation.function.parameters:
        if parameter.annotation is not None and _RESPONSE.search(module.code(parameter.annotation)):
            return parameter.name
    return None
