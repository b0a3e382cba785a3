"""Decorators under a route's own that hand on what the function gives, as it is.

    def audited(function):
        @wraps(function)
        async def inner(*args, **kwargs):
            with audit():
                return await function(*args, **kwargs)
        return inner

Such a decorator does not care whether it gets a dict or a model, as long as it does nothing with it but return it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ....project import Module, Project, Symbol
from ....project.model import Scope
from ....project.operations import Definition, definition_of, own_nodes
from ....project.reader import dotted
from ....project.returns import returns_of
from ....project.shapes import Shapes
from ....source.nodes import walk

_DEF = ast.FunctionDef | ast.AsyncFunctionDef
_OF_SLOWAPI = frozenset({"slowapi.Limiter", "slowapi.extension.Limiter"})
_LIMITS = frozenset({"exempt", "limit", "shared_limit"})


def hand_on(
    project: Project, shapes: Shapes, module: Module, scopes: tuple[Scope, ...], nodes: Sequence[ast.expr]
) -> bool:
    """Whether all these decorators return what the function under them gives and look at nothing of it."""
    return all(_hands_on(project, shapes, module, scopes, node) for node in nodes)


def _hands_on(project: Project, shapes: Shapes, module: Module, scopes: tuple[Scope, ...], node: ast.expr) -> bool:
    called = isinstance(node, ast.Call)
    name = dotted(node.func if isinstance(node, ast.Call) else node)
    symbol = project.resolve(module, name, scopes) if name else None
    if symbol is None or symbol.path is None:
        return False
    if _is_limiter(shapes, symbol):
        return called
    found = project.function(symbol)
    if found is None or found[1].decorators:
        return False
    definition = definition_of(*found)
    return definition is not None and _is_wrapper(definition, is_factory=called)


def _is_limiter(shapes: Shapes, symbol: Symbol) -> bool:
    """`limiter.limit` of slowapi, which puts headers on the response."""
    owner, _, method = symbol.name.rpartition(".")
    made = shapes.assigned(Symbol(symbol.path, owner)) if owner and method in _LIMITS else None
    if made is None or not isinstance(made[1], ast.Call):
        return False
    maker = shapes.given.meaning(made[0], dotted(made[1].func), ())
    return maker is not None and maker.path is None and maker.name in _OF_SLOWAPI


def _is_wrapper(definition: Definition, *, is_factory: bool) -> bool:
    decorate: _DEF = definition.node
    if is_factory:
        inner = _returned_functions(decorate)
        if inner is None or len(inner) != 1:
            return False
        [decorate] = inner
    parameters = [*decorate.args.posonlyargs, *decorate.args.args]
    wrappers = _returned_functions(decorate)
    return len(parameters) == 1 and bool(wrappers) and all(_returns_call(w, parameters[0].arg) for w in wrappers or ())


def _returned_functions(node: _DEF) -> list[_DEF] | None:
    """The functions in it that it returns; None if it may return anything else."""
    parts = list(own_nodes(node))
    inner = {part.name: part for part in parts if isinstance(part, _DEF)}
    stored = [part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)]
    if len(inner) != sum(isinstance(part, _DEF) for part in parts) or inner.keys() & set(stored):
        return None
    found = returns_of(node)
    names = [value.id if isinstance(value, ast.Name) else "" for value in found.values]
    if found.is_generator or found.ends_without or not all(name in inner for name in names):
        return None
    return [inner[name] for name in dict.fromkeys(names)]


def _returns_call(wrapper: _DEF, name: str) -> bool:
    """Whether all that a wrapper returns is what `name` gives, of which it knows nothing else."""
    found = returns_of(wrapper)
    parts = list(own_nodes(wrapper))
    if found.is_generator or found.ends_without or not found.values:
        return False
    if any(isinstance(part, ast.Name) and part.id == name and not isinstance(part.ctx, ast.Load) for part in parts):
        return False
    is_async = isinstance(wrapper, ast.AsyncFunctionDef)

    def is_call(node: ast.expr | None) -> bool:
        call = node.value if isinstance(node, ast.Await) else node
        is_it = isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name
        return is_it and is_async == isinstance(node, ast.Await)

    kept = {value.id for value in found.values if isinstance(value, ast.Name)}
    if not all(isinstance(value, ast.Name) or is_call(value) for value in found.values):
        return False
    for one in kept:
        mentions = [part for part in walk(wrapper) if isinstance(part, ast.Name) and part.id == one]
        made = [
            part
            for part in parts
            if isinstance(part, ast.Assign) and [dotted(target) for target in part.targets] == [one]
        ]
        returned = sum(isinstance(value, ast.Name) and value.id == one for value in found.values)
        if not made or not all(is_call(part.value) for part in made) or len(mentions) != len(made) + returned:
            return False
    return True
