"""Whether the signature of a handler may be changed."""

from __future__ import annotations

from ..project import Project, Symbol
from ..project.operations import Operation, decorator_besides
from ..project.references import uses

_HARMLESS = frozenset({"decorator", "annotation"})
_REQUESTS = frozenset({"fastapi.Request", "starlette.requests.Request"})


def reason_to_keep_signature(project: Project, operation: Operation) -> str | None:
    """Why a handler must go on taking what it takes: somebody besides FastAPI calls it, or may."""
    module, function = operation.module, operation.function
    if function.is_method:
        return "it is a method, which others may call or override"
    if decorator := decorator_besides(function):
        return f"`@{decorator}` may call it in another way"
    if function.scopes:
        statement = module.statement_text(function.statement)
        is_named_again = statement.count(function.name) > 1 + statement.count(f'"{function.name}"')
        return f"`{function.name}` may be called by the function that it stands in" if is_named_again else None
    if len(module.bindings(function.name)) > 1:
        return None  # only the routes know this one of several
    symbol = Symbol(module.path, function.name)
    found = [use for use in uses(project, [symbol])[symbol] if use.kind not in _HARMLESS]
    return f"{found[0].place} uses the function" if found else None


def request_parameter(project: Project, operation: Operation) -> str | None:
    """The name of the parameter that is given the request."""
    module, function = operation.module, operation.function
    for parameter in function.parameters:
        if parameter.annotation is None or parameter.default is not None:
            continue
        written = module.code(parameter.annotation).strip("\"'")
        symbol = project.resolve(module, written, function.scopes)
        if symbol is not None and symbol.path is None and symbol.name in _REQUESTS:
            return parameter.name
    return None
