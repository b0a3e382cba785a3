"""How the application finds out who calls."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Symbol
from ..reader import dotted
from .evidence import Evidence, bases_of
from .mentions import argument
from .model import Observation, Place

_ASKS_WHO = re.compile(
    r"(?i)(?:^|_|(?<=[a-z]))"
    r"(?:auth\w*|current_?(?:active_?)?user|token|permissions?|logged_?in|login|api_?key|verify_\w*key|requires?_?user)"
)


def access(evidence: Evidence) -> Iterator[Observation]:
    known: dict[Symbol, str | None] = {}
    for target, place in evidence.injections:
        if variant := _auth_kind(evidence, target, known):
            yield variant, place
    for module in evidence.modules:
        text = evidence.text(module)
        for _, start in text.occurrences(".add_middleware("):
            call = text.call(start)
            given = argument(call, 0, "middleware_class") if call is not None else None
            if given is not None and re.search(r"(?i)auth|jwt|token", dotted(given).rpartition(".")[2]):
                yield "middleware", Place(module.path, text.line(start))
    for module, function, _ in evidence.handlers:
        for decorator in function.decorators:
            meaning = evidence.project.resolve(module, decorator.name, function.scopes)
            if meaning == _REQUIRES or _ASKS_WHO.search(decorator.name.rpartition(".")[2]):
                yield "decorator", Place(module.path, decorator.line)


_REQUIRES = Symbol(None, "starlette.authentication.requires")
_SECURITY = "fastapi.security."


def _auth_kind(evidence: Evidence, symbol: Symbol, known: dict[Symbol, str | None]) -> str | None:
    """How a dependency finds out who calls; None for one that does not."""
    if symbol in known:
        return known[symbol]
    known[symbol] = None  # for dependencies in a ring
    known[symbol] = _auth_kind_anew(evidence, symbol, known)
    return known[symbol]


def _auth_kind_anew(evidence: Evidence, symbol: Symbol, known: dict[Symbol, str | None]) -> str | None:
    project = evidence.project
    if symbol.path is None:
        return "fastapi.security" if symbol.name.startswith(_SECURITY) and "Form" not in symbol.name else None
    home = project.module(symbol.path)
    if home is None:
        return None
    for assignment in home.facts.assignments:
        if assignment.target == symbol.name and not assignment.scopes:
            maker = project.resolve(home, assignment.call.callee)
            return _auth_kind(evidence, maker, known) if maker is not None else None
    found = evidence.function_of(symbol)
    methods = (f"{symbol.name}.__call__", f"{symbol.name}.__init__")
    functions = [found] if found else [(home, f) for f in home.facts.functions if f.qualified_name in methods]
    for module, function in functions:
        for parameter in function.parameters:
            marked = evidence.mark_of(module, function, parameter)
            target = evidence.target(marked.mention) if marked is not None else None
            if target is not None and _auth_kind(evidence, target, known) == "fastapi.security":
                return "fastapi.security"
    if found is None:
        for base in bases_of(home, symbol.name):
            above = project.resolve(home, base)
            if above is not None and _auth_kind(evidence, above, known) == "fastapi.security":
                return "fastapi.security"
    return "own dependency" if _ASKS_WHO.search(symbol.name.rpartition(".")[2]) else None
