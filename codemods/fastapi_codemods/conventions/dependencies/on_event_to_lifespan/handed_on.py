"""Whether an application reaches a library that may register event handlers on it."""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

from ....project import Module, Project, Symbol
from ....project.reader import dotted
from ....project.references import Use, uses
from ....source.nodes import walk

# Callables that are handed an application and are known to register no event handlers on it.
_HARMLESS_RECEIVERS = frozenset(
    {
        "ASGIApp", "ASGITransport", "AsyncClient", "FastApiMCP", "LifespanManager", "Mangum", "TestClient", "callable",
        "dir", "expose", "from_asgi", "getattr", "hasattr", "id", "instrument", "instrument_app", "instrument_fastapi",
        "isinstance", "mount", "object", "print", "repr", "run", "serve", "setattr", "str", "type", "vars",
    }
)  # fmt: skip


def reason_of_uses(project: Project, symbol: Symbol, seen: frozenset[Symbol] = frozenset()) -> str | None:
    """Whether the application reaches a library that may register handlers on it."""
    if symbol in seen:
        return None
    for module, call in project.calls("include_router"):
        argument = call.call.argument("router") or (call.call.positional[0] if call.call.positional else None)
        code = module.code(argument.span) if argument else ""
        if code.endswith(".router") and project.resolve(module, code.removesuffix(".router"), call.scopes) == symbol:
            return f"its router is included at {module.path}:{call.line}, and its handlers with it"
    for use in uses(project, [symbol])[symbol]:
        user = project.module(use.path)
        if user is None:
            continue
        if use.kind == "argument" and isinstance(use.node, ast.Call):
            given = [argument for argument in use.node.args if _is_symbol(project, user, argument, symbol)]
            given += [k.value for k in use.node.keywords if _is_symbol(project, user, k.value, symbol)]
            names = {dotted(argument) for argument in given}
            if callee := _registering_callee(project, user, use.node, names, ()):
                return (
                    f"`{symbol.name}` is handed to `{callee}` at {use.place}, which may register handlers that a"
                    f" lifespan would silence"
                )
        alias = _alias(project, user, use)
        reason = reason_of_uses(project, alias, seen | {symbol}) if alias is not None else None
        if reason is not None:
            return reason
    return None


def _is_symbol(project: Project, module: Module, node: ast.expr, symbol: Symbol) -> bool:
    name = dotted(node)
    return bool(name) and project.resolve(module, name) == symbol


def _alias(project: Project, module: Module, use: Use) -> Symbol | None:
    """The other name that `application = app` gives it."""
    if use.kind != "value" or not isinstance(use.node, ast.Assign):
        return None
    target = dotted(use.node.targets[0])
    return project.resolve(module, target) if target and module.bindings(target) else None


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Path = tuple[tuple[str, str], ...]
"""The definitions that a search has come through."""


def _registering_callee(project: Project, module: Module, call: ast.Call, names: set[str], path: Path) -> str | None:
    """What may register handlers when `call` is given something known as one of `names`: the callee, or one in it."""
    callee = dotted(call.func) or ast.unparse(call.func)
    last = callee.rpartition(".")[2]
    if last in _HARMLESS_RECEIVERS or last.endswith("Middleware"):
        return None
    symbol = project.resolve(module, callee)
    found = _definition(project, symbol) if symbol is not None else None
    if symbol is None or found is None:
        return callee
    place = (found.module.path, symbol.name)
    return None if place in path else _registering_callee_in(project, found, call, names, (*path, place))


class _Found(NamedTuple):
    """What a call of the project's own runs."""

    module: Module
    definition: Definition
    """The function, or the class around the method."""
    function: ast.FunctionDef | ast.AsyncFunctionDef | None
    """None for a class without `__init__`, or whose method of that name it inherits."""


def _registering_callee_in(project: Project, found: _Found, call: ast.Call, names: set[str], path: Path) -> str | None:
    """The same for a definition of the project: is what it is given handed on?"""
    definition, function = found.definition, found.function
    if function is None:
        return dotted(call.func)
    is_static = any(dotted(decorator) == "staticmethod" for decorator in function.decorator_list)
    known = _parameters_given(function, call, names, skip=0 if function is definition or is_static else 1)
    for part in walk(definition):
        if isinstance(part, ast.Assign) and _own(part.value) in known:
            known.update(name for target in part.targets if (name := _own(target)))
    for part in walk(definition):
        if isinstance(part, ast.Call):
            given = {_own(value) for value in [*part.args, *(k.value for k in part.keywords)]} & known
            if not given:
                continue
            method = _method(definition, _own(part.func).removeprefix("self.")) if _own(part.func) else None
            if method is not None and _own(part.func).startswith("self."):
                known |= _parameters_given(method, part, known, skip=1)
                continue
            if callee := _registering_callee(project, found.module, part, given, path):
                return callee
    return None


def _own(node: ast.expr) -> str:
    """A dotted name, an attribute of the class spelled as one of the instance."""
    return re.sub(r"^cls\.", "self.", dotted(node))


def _parameters_given(function: ast.AST, call: ast.Call, names: set[str], *, skip: int) -> set[str]:
    """The parameters of a function that take one of `names` in a call."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    parameters = [argument.arg for argument in [*function.args.posonlyargs, *function.args.args]][skip:]
    known = {name for name, value in zip(parameters, call.args, strict=False) if dotted(value) in names}
    known |= {keyword.arg for keyword in call.keywords if keyword.arg and dotted(keyword.value) in names}
    if function.args.vararg and any(dotted(value) in names for value in call.args[len(parameters) :]):
        known.add(function.args.vararg.arg)
    return known


def _definition(project: Project, symbol: Symbol) -> _Found | None:
    """The definition that a function, a class, or a method of a class or of an instance in a module, names."""
    home = project.module(symbol.path) if symbol.path is not None else None
    name, _, member = symbol.name.partition(".")
    bindings = home.bindings(name) if home is not None else ()
    if home is None or len(bindings) != 1 or "." in member:
        return None
    for node in home.tree(bindings[0].statement).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name and not member:
            return _Found(home, node, node)
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _Found(home, node, _method(node, member or "__init__"))
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and member:
            cls = project.resolve(home, dotted(node.value.func))
            if cls is not None and "." not in cls.name and cls.path is not None:
                return _definition(project, cls._replace(name=f"{cls.name}.{member}"))
    return None


def _method(definition: Definition, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    for node in definition.body if isinstance(definition, ast.ClassDef) else ():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
            return node
    return None
