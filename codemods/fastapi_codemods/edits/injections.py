"""Giving handlers a parameter that a dependency fills, in the style of the project."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ..findings import Finding
from ..project import Function, Module, Project, Symbol
from ..project.injected import aliases, injected, injected_by
from ..project.operations import Operation
from .calls import change_arguments
from .collect import Edits
from .handlers import paths_of
from .lines import has_comment
from .models import Reference, import_of, reference
from .parameters import Piece, parameter_list, with_parameters, written

_ANNOTATED_SINCE = (0, 95, 1)
_DEPENDS = Symbol(None, "fastapi.Depends")


class Injectable(NamedTuple):
    provider: Symbol
    """A name of the project, which need not be there yet."""
    type: Symbol | None
    """What it gives, as far as that is known."""


class Injection(NamedTuple):
    """A parameter as text, with the imports that it needs."""

    piece: Piece
    requests: tuple[tuple[str, str], ...]


def reason_of_name(project: Project, operation: Operation, name: str) -> str | None:
    """Why a handler cannot have a parameter of that name."""
    if any(parameter.name == name for parameter in operation.function.parameters):
        return f"it has a parameter `{name}` already"
    if any(name in re.findall(r"\{(\w+)", path or "") for path in paths_of(project, operation)):
        return f"`{name}` is a path parameter"
    return None


def injection_in(project: Project, module: Module, function: Function, name: str, what: Injectable) -> Injection | str:
    """The parameter `name` of a function, or why it cannot be written."""
    for one in injected_by(project, module, function):
        if one.marker.provider == what.provider:
            return f"it asks for `{what.provider.name}` already, as `{one.parameter.name}`"
    text = _parameter(project, module, function, name, what)
    if isinstance(text, str):
        return text
    piece, requests = text
    parameters = parameter_list(module, function)
    if isinstance(parameters, str):
        return parameters
    if with_parameters(parameters.pieces, [piece]) is None:
        return "it takes any arguments"
    return Injection(piece, requests)


def _parameter(
    project: Project, module: Module, function: Function, name: str, what: Injectable
) -> tuple[Piece, tuple[tuple[str, str], ...]] | str:
    local = {bound for scope in function.scopes for bound in scope.names}
    alias = next((alias for alias in aliases(project) if alias.marker.provider == what.provider), None)
    # One without a default would go before those that have one, and run before them.
    is_annotated = prefers_annotated(project) and not any(
        one.form == "default" for one in injected_by(project, module, function)
    )
    if alias is not None and is_annotated:
        found = reference(project, module, alias.symbol)
        if found is not None and _is_above(module, function, found):
            return Piece(name, f"{name}: {found.expression}", False, ""), _requests(found)
    provider = provider_in(project, module, what.provider)
    depends = reference(project, module, _DEPENDS)
    if provider is None or depends is None:
        return f"`{what.provider.name}` cannot be imported in {module.path}"
    names = [provider, depends]
    type_ = reference(project, module, what.type) if what.type is not None else None
    call = f"{depends.expression}({provider.expression})"
    if type_ is not None:
        names.append(type_)
    annotated = reference(project, module, Symbol(None, _annotated(project))) if is_annotated else None
    if annotated is not None and type_ is not None:
        names.append(annotated)
        piece = Piece(name, f"{name}: {annotated.expression}[{type_.expression}, {call}]", False, "")
    elif type_ is not None:
        piece = Piece(name, f"{name}: {type_.expression} = {call}", True, "")
    else:
        piece = Piece(name, f"{name}={call}", True, "")
    for one in names:
        head = one.expression.partition(".")[0]
        if head in local:
            return f"`{head}` means something else in the function that the handler stands in"
        if not _is_above(module, function, one):
            return f"`{head}` is defined below the handler"
    return piece, tuple(request for one in names for request in _requests(one))


def _requests(found: Reference) -> tuple[tuple[str, str], ...]:
    return (found.request,) if found.request is not None else ()


def _is_above(module: Module, function: Function, found: Reference) -> bool:
    head = found.expression.partition(".")[0]
    return all(binding.statement < function.statement for binding in module.bindings(head))


def provider_in(project: Project, module: Module, symbol: Symbol) -> Reference | None:
    """How a module names a provider that is there, or will be."""
    found = reference(project, module, symbol)
    if found is not None:
        return found
    home = project.module(symbol.path) if symbol.path is not None else None
    if home is None or home.bindings(symbol.name):
        return None
    if home.path == module.path:
        return Reference(symbol.name, None)
    source = import_of(project, module, home)
    return Reference(symbol.name, (source, symbol.name)) if source is not None else None


def _annotated(project: Project) -> str:
    return "typing.Annotated" if project.versions.supports_python((3, 9)) else "typing_extensions.Annotated"


def prefers_annotated(project: Project) -> bool:
    """Whether new dependencies are written in `Annotated`: as most of the project's are, if FastAPI has it."""

    def count() -> bool:
        if not project.versions.supports_fastapi(_ANNOTATED_SINCE):
            return False
        forms = [one.form for one in injected(project)]
        return forms.count("default") <= len(forms) - forms.count("default")

    return project.remembered("prefers Annotated", count)


def add_injections(
    edits: Edits,
    module: Module,
    function: Function,
    injections: Sequence[Injection],
    finding: Finding,
    *,
    without: Collection[str] = (),
) -> None:
    """New parameters in the header of the function, with their imports, and some of the old ones gone."""
    parameters = parameter_list(module, function)
    assert not isinstance(parameters, str)
    left = pieces_without(parameters.pieces, without)
    pieces = with_parameters(left, [injection.piece for injection in injections])
    assert pieces is not None
    edits.replace(module, parameters.span, written(edits.project, parameters, pieces), finding)
    for injection in injections:
        for request in injection.requests:
            edits.import_name(module, *request, finding)


def pieces_without(pieces: Sequence[Piece], names: Collection[str]) -> list[Piece]:
    """A list of parameters without some of them, and without a `/` that would stand first."""
    left = [piece for piece in pieces if piece.name not in names or not piece.name]
    if all(piece.kind == "marker" for piece in left):
        return []
    return left[1:] if left[0].text == "/" else left


def reason_of_decorators(operations: Sequence[Operation]) -> str | None:
    """Why the decorators of a handler cannot be given dependencies."""
    for operation in operations:
        call, module = operation.call, operation.module
        if not operation.is_of_fastapi:
            return f"`{operation.receiver}` is a `{operation.cls.name}`, whose routes may do more"
        if call.unpacks:
            return f"the route at {operation.place} gets unpacked arguments"
        if any(not argument.name for argument in call.arguments[1:]):
            return f"the route at {operation.place} gets more than its path by position"
        given = call.argument("dependencies")
        if given is None:
            continue
        code = module.code(given.span)
        if code != "None" and not (code.startswith("[") and code.endswith("]")):
            return f"the `dependencies` of the route at {operation.place} are not written as a list"
        if has_comment(module.code(call.span)) and "\n" in code:
            return f"a comment stands in the decorator at {operation.place}"
    return None


def add_to_decorators(edits: Edits, operations: Sequence[Operation], codes: Sequence[str], finding: Finding) -> None:
    """`dependencies=[...]` of each decorator gets more, behind those that it has."""
    for operation in operations:
        module = operation.module
        given = operation.call.argument("dependencies")
        code = module.code(given.span) if given is not None else "None"
        inner = "" if code == "None" else code[1:-1].strip().removesuffix(",")
        listed = ", ".join([*([inner] if inner else []), *codes])
        change_arguments(edits, module, operation.call, finding, values={"dependencies": f"[{listed}]"})
