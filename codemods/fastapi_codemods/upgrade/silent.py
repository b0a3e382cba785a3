"""What a newer FastAPI does otherwise without saying so, and where a project's code meets it.

Source: `fastapi-semantics.md` 1.1 to 1.3, tried with FastAPI 0.95 to 0.165. A change is named only with the places it
touches; a place is where a reader has to look.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

from ..findings import Location
from ..project import Module, Project, Symbol
from ..project.named_calls import calls_in, nodes_in
from ..project.operations import APPLICATION, definition_of, operations_of
from ..project.pydantic_support import reason_against_pydantic_2
from ..project.types import yields
from ..project.versions import Release
from ..source import UnreadableSourceError
from ..source.discovery import is_test


class SilentChange(NamedTuple):
    since: Release
    text: str
    """A whole thought: what changes, and what to do."""
    places: Callable[[Project], Iterator[Location]]


class Touched(NamedTuple):
    since: Release
    text: str
    places: tuple[Location, ...]


def touched(project: Project, before: Release, to: Release) -> tuple[Touched, ...]:
    """The changes between two releases that the project's code meets, oldest first."""
    found = []
    for change in _CHANGES:
        if not before < change.since <= to:
            continue
        places = tuple(sorted({place for place in change.places(project) if not is_test(place.path)}))
        if places:
            found.append(Touched(change.since, change.text, places))
    return tuple(found)


def _yield_dependencies(project: Project) -> Iterator[Location]:
    """Generators that are dependencies."""
    seen: set[Symbol] = set()
    modules = project.modules_that_import(b"Depends", b"Security")
    for found in calls_in(project, modules, _DEPENDS, lambda symbol: symbol.name in _DEPENDENCIES and not symbol.path):
        if not found.node.args or not isinstance(found.node.args[0], ast.Name | ast.Attribute):
            continue
        symbol = project.resolve(found.module, ast.unparse(found.node.args[0]), found.place.scopes)
        if symbol is None or symbol.path is None or symbol in seen:
            continue
        seen.add(symbol)
        known = project.function(symbol)
        if known is None or (definition := definition_of(*known)) is None or not yields(definition.node):
            continue
        yield known[0].location(known[1].line, 1, known[1].end_line)


def _generator_endpoints(project: Project) -> Iterator[Location]:
    for operation in operations_of(project):
        definition = definition_of(operation.module, operation.function)
        if definition is not None and operation.method != "websocket" and yields(definition.node):
            yield operation.module.location(operation.function.line, 1, operation.function.end_line)


def _security_schemes(project: Project) -> Iterator[Location]:
    modules = project.modules_that_import(b"security")
    for found in calls_in(project, modules, _SECURITY, lambda symbol: symbol.path is None):
        is_scheme = found.symbol.name.startswith("fastapi.security.")
        answers = found.call.argument("auto_error")
        if is_scheme and (answers is None or found.module.code(answers.span) != "False"):
            yield found.location


def _applications(project: Project) -> Iterator[Location]:
    for found in calls_in(project, project.modules(), _FASTAPI, lambda symbol: symbol == Symbol(None, APPLICATION)):
        if found.call.argument("strict_content_type") is None:
            yield found.location


def _nan(project: Project) -> Iterator[Location]:
    modules = (module for module in project.modules() if b"nan" in module.data.lower())
    for place in nodes_in(modules, _NAN):
        match place.node:
            case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value=str(text))]) if text.lower() in _NOT_JSON:
                yield place.location(place.node)
            case ast.Attribute(value=ast.Name(id="math" | "np" | "numpy"), attr="nan" | "inf"):
                yield place.location(place.node)


def _route_classes(project: Project) -> Iterator[Location]:
    """The `__init__` of subclasses of `APIRoute` that lists what it takes."""
    for module, body, before in _bodies(project, ("fastapi.routing.APIRoute", "fastapi.APIRoute")):
        for item in body:
            if isinstance(item, ast.FunctionDef) and item.name == "__init__" and item.args.kwarg is None:
                yield module.location(before + item.lineno, 1, before + item.lineno)


def _route_in_scope(project: Project) -> Iterator[Location]:
    modules = (module for module in project.modules() if b"route" in module.data and b"scope" in module.data)
    for place in nodes_in(modules, _SCOPE):
        match place.node:
            case ast.Subscript(
                value=ast.Attribute(attr="scope") | ast.Name(id="scope"), slice=ast.Constant(value="route")
            ):
                yield place.location(place.node)
            case ast.Call(
                func=ast.Attribute(value=ast.Attribute(attr="scope") | ast.Name(id="scope"), attr="get"),
                args=[ast.Constant(value="route"), *_],
            ):
                yield place.location(place.node)


def _optional_fields(project: Project) -> Iterator[Location]:
    """`x: Optional[int]` without a default in classes of a project that runs with Pydantic 1."""
    if reason_against_pydantic_2(project) is None:
        return
    for module, body, before in _bodies(project, ("pydantic.BaseModel", "pydantic.main.BaseModel")):
        for item in body:
            if (
                isinstance(item, ast.AnnAssign)
                and item.value is None
                and _OPTIONAL.search(ast.unparse(item.annotation))
            ):
                yield module.location(before + item.lineno, item.col_offset + 1, before + item.lineno)


def _bodies(project: Project, bases: tuple[str, ...]) -> Iterator[tuple[Module, list[ast.stmt], int]]:
    """What stands in the module-level classes below some others, and the number of lines before their statement."""
    for module in project.modules():
        for name, bindings in module.facts.bindings.items():
            classes = [binding for binding in bindings if binding.kind == "class"]
            if not classes or not project.derives_from(Symbol(module.path, name), bases):
                continue
            for binding in classes:
                before = module.facts.statements[binding.statement].line - 1
                with suppress(UnreadableSourceError, RecursionError):
                    for node in module.parsed(binding.statement).body:
                        if isinstance(node, ast.ClassDef):
                            yield module, node.body, before


_DEPENDENCIES = frozenset({"fastapi.Depends", "fastapi.Security"})
_DEPENDS = re.compile(r"\b(?:Depends|Security)\b")
_SECURITY = re.compile(r"\b(?:HTTPBearer|HTTPBasic|HTTPDigest|APIKey(?:Header|Query|Cookie))\s*\(")
_FASTAPI = re.compile(r"\bFastAPI\b")
_NAN = re.compile(r"\b(?:nan|inf)\b", re.IGNORECASE)
_NOT_JSON = frozenset({"nan", "inf", "-inf", "infinity", "-infinity"})
_SCOPE = re.compile(r"""\bscope\b\s*(?:\[|\.get\()\s*["']route["']""")
_OPTIONAL = re.compile(r"^(?:typing\.)?Optional\[|\|\s*None$")

_CHANGES = (
    SilentChange(
        (0, 100),
        "with Pydantic 2 a field `Optional[X]` without a default is required: give it `= None`",
        _optional_fields,
    ),
    SilentChange(
        (0, 106),
        "dependencies with `yield` leave before the response is sent, and background tasks and streams can no longer"
        " use what they gave; one that swallows an exception turns it into 500",
        _yield_dependencies,
    ),
    SilentChange(
        (0, 118),
        "dependencies with `yield` leave after the response is sent: what fails there the client is not told;"
        ' `Depends(..., scope="function")` leaves before it',
        _yield_dependencies,
    ),
    SilentChange(
        (0, 122),
        "missing credentials are answered with 401 and `WWW-Authenticate` where it was 403",
        _security_schemes,
    ),
    SilentChange((0, 130), "NaN and infinities in a response model are sent as `null` where it was 500", _nan),
    SilentChange(
        (0, 132),
        "a JSON body without a JSON `Content-Type` is answered with 422: `FastAPI(strict_content_type=False)` reads it"
        " as before",
        _applications,
    ),
    SilentChange(
        (0, 132),
        "a class of routes is given arguments that its `__init__` does not list, which is a TypeError: take `**kwargs`"
        " and hand them on",
        _route_classes,
    ),
    SilentChange(
        (0, 134),
        "an endpoint that is a generator streams JSON lines where it sent a JSON array, and an HTTPException in it is"
        " lost",
        _generator_endpoints,
    ),
    SilentChange(
        (0, 137),
        '`scope["route"].path` no longer holds the prefix that `include_router` gives: put the prefix on the router',
        _route_in_scope,
    ),
)
