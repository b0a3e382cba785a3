"""What handlers read of the models that they take as their body, through the functions that they hand them to."""

from __future__ import annotations

import ast
from collections.abc import Collection

from ..source.nodes import walk
from .index import Module, Project
from .model import Function
from .operations import definition_of
from .reader import dotted

DEEPEST = 3
"""Calls that a body is followed through."""


def parameter_of(call: ast.Call, node: ast.expr, function: Function) -> str | None:
    """The name of the parameter of `function` that gets the argument `node` of a call of it; None where that is not
    certain."""
    for keyword in call.keywords:
        if keyword.value is node:
            return keyword.arg if any(parameter.name == keyword.arg for parameter in function.parameters) else None
    if any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    index = next((index for index, argument in enumerate(call.args) if argument is node), None)
    positional = [parameter for parameter in function.parameters if parameter.kind in ("", "/")]
    return positional[index].name if index is not None and index < len(positional) else None


def fields_read(
    project: Project, module: Module, function: Function, name: str, fields: Collection[str], depth: int = 0
) -> frozenset[str] | None:
    """The fields that a function reads of the model in its parameter `name`; None where it may read others, too."""
    definition = definition_of(module, function)
    if definition is None or depth > DEEPEST:
        return None
    known: set[ast.AST] = set()
    read: set[str] = set()
    for node in walk(definition.node):
        match node:
            case ast.Attribute(value=ast.Name(id=of) as inner, attr=attr, ctx=ast.Load()) if of == name:
                if attr not in fields:
                    return None  # a method, of which nothing tells what it reads
                read.add(attr)
                known.add(inner)
            case ast.Compare(left=ast.Name(id=of) as inner, ops=[ast.Is() | ast.IsNot()]) if of == name:
                known.add(inner)
            case ast.Call(args=arguments, keywords=keywords):
                for given in (*arguments, *(keyword.value for keyword in keywords)):
                    if isinstance(given, ast.Name) and given.id == name:
                        inside = _read_by_callee(project, module, function, node, given, fields, depth)
                        if inside is None:
                            return None
                        read |= inside
                        known.add(given)
            case _:
                pass
    whole = [n for n in walk(definition.node) if isinstance(n, ast.Name) and n.id == name and n not in known]
    return None if whole else frozenset(read)


def _read_by_callee(
    project: Project,
    module: Module,
    function: Function,
    call: ast.Call,
    given: ast.Name,
    fields: Collection[str],
    depth: int,
) -> frozenset[str] | None:
    callee = dotted(call.func)
    symbol = project.resolve(module, callee, function.scopes) if callee else None
    found = project.function(symbol) if symbol is not None and symbol.path is not None else None
    if found is None or (parameter := parameter_of(call, given, found[1])) is None:
        return None
    return fields_read(project, *found, parameter, fields, depth + 1)
