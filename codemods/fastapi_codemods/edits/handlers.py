"""Whether the signature of a handler may be changed, and what its parameters are taken from."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable

from ..project import Function, Module, Parameter, Project, Symbol
from ..project.models import model
from ..project.operations import Operation, decorator_besides, operations_of
from ..project.references import Use, uses
from ..source.nodes import walk

_HARMLESS = frozenset({"decorator", "annotation"})
_REQUESTS = frozenset({"fastapi.Request", "starlette.requests.Request"})


class Signatures:
    """Whether handlers must go on taking what they take; who uses them is asked once for all, if it is asked."""

    def __init__(self, project: Project, operations: Iterable[Operation]) -> None:
        self.project = project
        self._symbols = {symbol for operation in operations if (symbol := _symbol(operation)) is not None}
        self._uses: dict[Symbol, list[Use]] | None = None

    def reason_to_keep(self, operation: Operation) -> str | None:
        """Why a handler must keep its signature: somebody besides FastAPI calls it, or may."""
        module, function = operation.module, operation.function
        if function.is_method:
            return "it is a method, which others may call or override"
        if decorator := decorator_besides(function):
            return f"`@{decorator}` may call it in another way"
        if function.scopes:
            tree = module.tree(function.statement)
            named = (node for node in walk(tree) if isinstance(node, ast.Name) and node.id == function.name)
            is_used = next(named, None) is not None
            return f"`{function.name}` may be called by the function that it stands in" if is_used else None
        symbol = _symbol(operation)
        if symbol is None:
            return None
        if self._uses is None:
            self._uses = uses(self.project, self._symbols)
        found = [use for use in self._uses[symbol] if use.kind not in _HARMLESS]
        return f"{found[0].place} uses the function" if found else None


def _symbol(operation: Operation) -> Symbol | None:
    """The handler by its name; None where only the routes know it: one of several of one name, or a local one."""
    module, function = operation.module, operation.function
    if function.scopes or len(module.bindings(function.name)) > 1:
        return None
    return Symbol(module.path, function.name)


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


_NOT_IN_BODY = frozenset(f"fastapi.{name}" for name in ("Cookie", "Depends", "Header", "Path", "Query", "Security"))
_PROVIDED = frozenset(
    {
        "fastapi.BackgroundTasks", "fastapi.Request", "fastapi.Response", "fastapi.WebSocket",
        "fastapi.security.SecurityScopes", "starlette.background.BackgroundTasks", "starlette.requests.HTTPConnection",
        "starlette.requests.Request", "starlette.responses.Response", "starlette.websockets.WebSocket",
        "fastapi.requests.HTTPConnection", "fastapi.requests.Request", "fastapi.responses.Response",
        "fastapi.security.oauth2.SecurityScopes",
    }
)  # fmt: skip
SCALARS = frozenset(
    {
        "bool", "bytes", "date", "datetime", "Decimal", "float", "int", "Literal", "None", "Optional", "str", "time",
        "timedelta", "Union", "UUID", "typing", "uuid", "decimal", "UUID4", "EmailStr",
    }
)  # fmt: skip
_NAMES = re.compile(r"[A-Za-z_][\w.]*")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")
_DEPENDENCY = re.compile(r"\b(?:Depends|Security)\(\s*(?:dependency\s*=\s*)?([A-Za-z_][\w.]*)")


def reason_of_other_body(project: Project, operation: Operation, own: Collection[str]) -> str | None:
    """Why a handler may take something of the request's body already, in itself or in what it depends on.

    A body parameter is all of the body only while it is the only one. `own` are parameters that do not matter.
    """
    module, function = operation.module, operation.function
    path_names = {name for path in paths_of(project, operation) for name in re.findall(r"\{(\w+)", path or "")}
    seen: set[Symbol] = set()
    waiting: list[tuple[Module, Function, frozenset[str]]] = [(module, function, frozenset({*own, *path_names}))]
    texts = [module.text[decorator.span.start : decorator.span.end] for decorator in function.decorators]
    waiting += _dependencies(project, module, " ".join(texts), seen)
    if operation.router is not None and operation.router.path is not None:
        home = project.module(operation.router.path)
        made = home.facts.assignments if home is not None else ()
        for assignment in made:
            if home is not None and assignment.target == operation.router.name:
                waiting += _dependencies(project, home, home.code(assignment.call.span), seen)
    while waiting:
        where, asked, known = waiting.pop()
        for parameter in asked.parameters:
            if parameter.name in known or (parameter.name == "self" and asked.is_method):
                continue
            text = _meaning(project, where, where.text[parameter.start : parameter.end])
            waiting += _dependencies(project, where, text, seen)
            if not _is_outside_body(project, where, asked, parameter, text):
                owner = "" if asked is function else f" of `{asked.name}`"
                return f"the parameter `{parameter.name}`{owner} may be taken from the body"
    return None


def operations_with(project: Project, operation: Operation) -> list[Operation]:
    """All routes of the function of one."""
    function = operation.function
    return [
        other
        for other in operations_of(project)
        if other.module.path == operation.module.path and other.function.span == function.span
    ]


def paths_of(project: Project, operation: Operation) -> list[str | None]:
    """The paths of all routes of the function, as its decorators write them."""
    return [other.path(project) for other in operations_with(project, operation)]


def describes_body(project: Project, operation: Operation) -> bool:
    """Whether a route of the function may say itself what is in its body."""
    return any(other.call.argument("openapi_extra") is not None for other in operations_with(project, operation))


def _meaning(project: Project, module: Module, text: str) -> str:
    """The text of a parameter with that of the aliases in it: `SessionDep` is `Annotated[Session, Depends(get)]`."""
    found = [text]
    for name in dict.fromkeys(_NAMES.findall(_TEXT.sub("", text))):
        symbol = project.resolve(module, name)
        home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
        if symbol is None or home is None or "." in symbol.name:
            continue
        bindings = home.bindings(symbol.name)
        if len(bindings) == 1 and bindings[0].kind == "assign":
            statement = home.statement_text(bindings[0].statement)
            if "Annotated[" in statement:
                found.append(statement)
    return "\n".join(found)


def _dependencies(
    project: Project, module: Module, text: str, seen: set[Symbol]
) -> list[tuple[Module, Function, frozenset[str]]]:
    """The functions of the project that a text injects."""
    found: list[tuple[Module, Function, frozenset[str]]] = []
    for name in _DEPENDENCY.findall(text):
        symbol = project.resolve(module, name)
        if symbol is None or symbol.path is None or symbol in seen:
            continue
        seen.add(symbol)
        if (function := project.function(symbol)) is not None:
            found.append((*function, frozenset()))
    return found


def _is_outside_body(project: Project, module: Module, function: Function, parameter: Parameter, text: str) -> bool:
    if parameter.kind in ("*", "**"):
        return False
    calls = {
        symbol.name
        for name in re.findall(r"([A-Za-z_][\w.]*)\(", text)
        if (symbol := project.resolve(module, name, function.scopes)) is not None and symbol.path is None
    }
    calls |= {f"fastapi.{name}" for name in re.findall(r"\b(Depends|Security)\(", text)}
    if calls & {"fastapi.Body", "fastapi.Form", "fastapi.File"}:
        return False
    if calls & _NOT_IN_BODY:
        return True
    if parameter.annotation is None:
        return True  # a query parameter of any kind
    written = module.code(parameter.annotation).strip("\"'")
    symbol = project.resolve(module, written, function.scopes) if _NAMES.fullmatch(written) else None
    if symbol is not None and symbol.path is None and symbol.name in _PROVIDED:
        return True
    words = {word for name in _NAMES.findall(_TEXT.sub("", written)) for word in name.split(".")}
    for word in words - SCALARS:
        other = project.resolve(module, word, function.scopes)
        found = model(project, other) if other is not None and other.path is not None else None
        if found is None or found.kind != "enum":
            return False
    return True
