"""Who asks who calls: dependencies of handlers by which callers are told apart, as far as names tell.

`profile.access` says how a project does it on the whole; this is about single handlers, and looks at no bodies.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .index import Module, Project, Symbol
from .model import Function
from .operations import Operation
from .profile.access import is_called_so

_DEPENDENCY = re.compile(r"\b(?:Depends|Security)\(\s*(?:dependency\s*=\s*)?([A-Za-z_][\w.]*)")
_NAMES = re.compile(r"[A-Za-z_][\w.]*")
_SCHEMES = "fastapi.security."
DEEPEST = 5
"""Dependencies of dependencies that are followed."""


def injected_by(project: Project, module: Module, text: str) -> Iterator[Symbol]:
    """What a text of a module injects, also by a name for `Annotated[User, Depends(get_user)]`."""
    for name in _DEPENDENCY.findall(text):
        if (symbol := project.resolve(module, name)) is not None:
            yield symbol
    for name in dict.fromkeys(_NAMES.findall(text)):
        alias = project.resolve(module, name)
        home = project.module(alias.path) if alias is not None and alias.path is not None else None
        if alias is None or home is None or "." in alias.name:
            continue
        bindings = home.bindings(alias.name)
        if len(bindings) == 1 and bindings[0].kind == "assign":
            statement = home.statement_text(bindings[0].statement)
            if "Depends(" in statement or "Security(" in statement:
                for inner in _DEPENDENCY.findall(statement):
                    if (symbol := project.resolve(home, inner)) is not None:
                        yield symbol


def asks_who(project: Project, symbol: Symbol, depth: int = 0) -> bool:
    """Whether a dependency tells callers apart, itself or by one that it depends on."""
    known: dict[Symbol, bool] = project.remembered("asks who", dict)
    if symbol not in known:
        known[symbol] = False  # for dependencies in a ring
        known[symbol] = _asks_who(project, symbol, depth)
    return known[symbol]


def _asks_who(project: Project, symbol: Symbol, depth: int) -> bool:
    if symbol.path is None:
        return symbol.name.startswith(_SCHEMES) and "Form" not in symbol.name
    if is_called_so(symbol):
        return True
    home = project.module(symbol.path)
    if home is None or depth >= DEEPEST:
        return False
    for made in home.facts.assignments:
        if made.target == symbol.name and not made.scopes:
            maker = project.resolve(home, made.call.callee)
            return maker is not None and asks_who(project, maker, depth + 1)
    found = project.function(symbol)
    if found is None:
        return False
    return any(asks_who(project, one, depth + 1) for one in injected_into(project, *found))


def injected_into(project: Project, module: Module, function: Function) -> Iterator[Symbol]:
    """What the parameters of a function are filled by."""
    for parameter in function.parameters:
        yield from injected_by(project, module, module.text[parameter.start : parameter.end])


def authentication_of(project: Project, operation: Operation) -> tuple[Symbol, ...]:
    """The dependencies of one route, by its decorator and its parameters, that tell callers apart."""
    module = operation.module
    found = list(injected_into(project, module, operation.function))
    given = operation.call.argument("dependencies")
    if given is not None:
        found += injected_by(project, module, module.code(given.span))
    return tuple(symbol for symbol in dict.fromkeys(found) if asks_who(project, symbol))


def schemes_of(project: Project) -> tuple[tuple[Symbol, str], ...]:
    """The objects of `fastapi.security` that the project makes, with the name of their class."""
    return project.remembered("schemes", lambda: tuple(_schemes(project)))


def _schemes(project: Project) -> Iterator[tuple[Symbol, str]]:
    for module in project.modules():
        for made in module.facts.assignments:
            if made.scopes or "." in made.target:
                continue
            symbol = project.resolve(module, made.call.callee)
            if symbol is not None and symbol.path is None and symbol.name.startswith(_SCHEMES):
                yield Symbol(module.path, made.target), symbol.name.rpartition(".")[2]
