"""What functions ask FastAPI for: parameters that are dependencies, in whatever way they are written.

    def a(db: Session = Depends(get_db)): ...              form "default"
    def b(db: Annotated[Session, Depends(get_db)]): ...    form "annotated"
    def c(db: SessionDep): ...                             form "alias", `SessionDep = Annotated[...]`

The index reads functions in which a word of FastAPI stands. Dependencies that ask by aliases alone are read when
something asks for them in turn.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source import UnreadableSourceError
from .index import Module, Project, Symbol
from .model import Function, Parameter, Scope, Span
from .reader import Positions, dotted, functions_of_statement
from .references import INJECTORS

ANNOTATED = ("typing.Annotated", "typing_extensions.Annotated")

_NAME = re.compile(r"[A-Za-z_][\w.]*\Z")


class Marker(NamedTuple):
    """One `Depends(...)` or `Security(...)`."""

    home: Module
    """Where it is written."""
    span: Span
    call: ast.Call
    provider: Symbol | None
    """What it injects; None where that is no name of a module."""
    written: str
    """The provider as written, empty for one that is no name."""
    type: str
    """Source of the type beside it, empty for none."""
    scopes: tuple[Scope, ...]

    def argument(self, name: str) -> ast.expr | None:
        return next((keyword.value for keyword in self.call.keywords if keyword.arg == name), None)


class Injected(NamedTuple):
    """One parameter that a dependency fills."""

    module: Module
    function: Function
    parameter: Parameter
    form: str
    """`default`, `annotated` or `alias`."""
    marker: Marker
    alias: Symbol | None = None

    @property
    def place(self) -> str:
        return f"{self.module.path}:{self.parameter.line}"


class Alias(NamedTuple):
    """`SessionDep = Annotated[Session, Depends(get_session)]` at module level."""

    symbol: Symbol
    module: Module
    statement: int
    annotation: Span
    marker: Marker


def injected_by(project: Project, module: Module, function: Function) -> tuple[Injected, ...]:
    """The parameters of one function that dependencies fill, in their order."""
    key = ("injected", module.path, function.span)
    return project.remembered(key, lambda: tuple(_injected_by(project, module, function)))


def injected(project: Project) -> tuple[Injected, ...]:
    """All there are in the functions that the index read, and in those that they ask for."""
    return project.remembered("injected", lambda: tuple(_injected(project)))


def _injected(project: Project) -> Iterator[Injected]:
    waiting = list(project.functions())
    seen: set[tuple[str, Span]] = set()
    position = 0
    while position < len(waiting):
        module, function = waiting[position]
        position += 1
        if (module.path, function.span) in seen:
            continue
        seen.add((module.path, function.span))
        for one in injected_by(project, module, function):
            yield one
            if one.marker.provider is not None:
                waiting += called(project, one.marker.provider)


def called(project: Project, provider: Symbol) -> tuple[tuple[Module, Function], ...]:
    """The function of the project that FastAPI calls for a provider: itself, or the `__init__` of a class."""

    def find() -> tuple[tuple[Module, Function], ...]:
        if provider.path is None or not provider.name:
            return ()
        try:
            found = project.function(provider) or _init_of(project, provider)
        except (UnreadableSourceError, RecursionError):  # newer syntax than that of the Python which runs
            return ()
        return (found,) if found is not None else ()

    return project.remembered(("called", provider), find)


def _init_of(project: Project, cls: Symbol) -> tuple[Module, Function] | None:
    """The `__init__` of a class of the project, where it has one of its own."""
    home = project.module(cls.path) if cls.path is not None and "." not in cls.name else None
    bindings = home.bindings(cls.name) if home is not None else ()
    if home is None or len(bindings) != 1 or bindings[0].kind != "class":
        return None
    index = bindings[0].statement
    if "def __init__" not in home.statement_text(index):
        return None
    functions = functions_of_statement(home.text, index, home.facts.statements[index])
    found = [function for function in functions if function.qualified_name == f"{cls.name}.__init__"]
    return (home, found[0]) if len(found) == 1 else None


def _injected_by(project: Project, module: Module, function: Function) -> Iterator[Injected]:
    for parameter in function.parameters:
        if parameter.call is not None and is_injector(project, module, parameter.call.callee, function.scopes):
            written = module.code(parameter.annotation) if parameter.annotation is not None else ""
            marker = _marker(project, module, parameter.call.span, function.scopes, written)
            if marker is not None:
                yield Injected(module, function, parameter, "default", marker)
        elif parameter.annotation is not None:
            text = module.code(parameter.annotation)
            if "(" in text:
                if "Annotated[" in text and (
                    marker := annotated(project, module, parameter.annotation, function.scopes)
                ):
                    yield Injected(module, function, parameter, "annotated", marker)
            elif _NAME.match(text.strip("\"'")):
                symbol = project.resolve(module, text.strip("\"'"), function.scopes)
                alias = alias_of(project, symbol) if symbol is not None and symbol.path is not None else None
                if alias is not None:
                    yield Injected(module, function, parameter, "alias", alias.marker, alias.symbol)


def is_injector(project: Project, module: Module, written: str, scopes: tuple[Scope, ...] = ()) -> bool:
    symbol = project.resolve(module, written, scopes)
    return symbol is not None and symbol.path is None and symbol.name in INJECTORS


def _marker(project: Project, module: Module, span: Span, scopes: tuple[Scope, ...], type_: str) -> Marker | None:
    try:
        node = module.expression(span)
    except (UnreadableSourceError, RecursionError):
        return None
    return marker_of(project, module, node, span, scopes, type_) if isinstance(node, ast.Call) else None


def marker_of(
    project: Project, module: Module, node: ast.Call, span: Span, scopes: tuple[Scope, ...], type_: str
) -> Marker:
    """What a call of `Depends` or `Security` says; the type is the provider of one without arguments."""
    given = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "dependency"), None)
    written = dotted(given) if given is not None else type_.strip("\"'")
    provider = project.resolve(module, written, scopes) if _NAME.match(written) else None
    return Marker(module, span, node, provider, written if given is not None else "", type_, scopes)


def annotated(project: Project, module: Module, span: Span, scopes: tuple[Scope, ...]) -> Marker | None:
    """The marker of `Annotated[T, Depends(f)]`, the last one where there are several; None for anything else."""
    try:
        node = module.expression(span)
    except (UnreadableSourceError, RecursionError):
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value.strip(), mode="eval").body
        except (SyntaxError, ValueError):
            return None
    parts = parts_of_annotated(project, module, node, scopes)
    for part in reversed(parts[1:]):
        if isinstance(part, ast.Call) and is_injector(project, module, dotted(part.func), scopes):
            return marker_of(project, module, part, span, scopes, ast.unparse(parts[0]))
    return None


def parts_of_annotated(
    project: Project, module: Module, node: ast.expr, scopes: tuple[Scope, ...] = ()
) -> list[ast.expr]:
    """The type and what is beside it in `Annotated[...]`; nothing for anything else."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return []
    symbol = project.resolve(module, dotted(node.value), scopes)
    is_annotated = symbol is not None and symbol.path is None and symbol.name in ANNOTATED
    return list(node.slice.elts) if is_annotated else []


_ASSIGNED = re.compile(r"\f*(?:type[ \t]+)?(\w+)[ \t]*(?::[^=\n\[]+)?=\s*\(?\s*[\w.]*Annotated\s*\[")


def alias_of(project: Project, symbol: Symbol) -> Alias | None:
    """The alias that a module-level name is, None for any other name."""
    return project.remembered(("alias", symbol), lambda: _alias_of(project, symbol))


def _alias_of(project: Project, symbol: Symbol) -> Alias | None:
    home = project.module(symbol.path) if symbol.path is not None and "." not in symbol.name else None
    bindings = home.bindings(symbol.name) if home is not None else ()
    if home is None or len(bindings) != 1 or bindings[0].kind != "assign":
        return None
    text = home.statement_text(bindings[0].statement)
    if "Annotated" not in text or not _ASSIGNED.match(text):
        return None
    try:
        body = home.tree(bindings[0].statement).body
    except (UnreadableSourceError, RecursionError):
        return None
    statement = home.facts.statements[bindings[0].statement]
    positions = Positions(text, statement.start, statement.line)
    for node in body:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(value, ast.Subscript):
            span = positions.span(value)
            if (marker := annotated(project, home, span, ())) is not None:
                return Alias(symbol, home, bindings[0].statement, span, marker)
    return None


def aliases(project: Project) -> tuple[Alias, ...]:
    """The aliases of dependencies in modules that concern FastAPI, by path, in the order of the text."""
    return project.remembered("aliases of dependencies", lambda: tuple(_aliases(project)))


def _aliases(project: Project) -> Iterator[Alias]:
    for module in project.modules():
        if "Annotated[" not in module.text:
            continue
        for name, bindings in module.facts.bindings.items():
            if len(bindings) == 1 and bindings[0].kind == "assign":
                statement = module.facts.statements[bindings[0].statement]
                if module.text.startswith(name, statement.start) and (
                    "Annotated" in module.text[statement.start : statement.start + len(name) + 120]
                ):
                    alias = alias_of(project, Symbol(module.path, name))
                    if alias is not None:
                        yield alias
