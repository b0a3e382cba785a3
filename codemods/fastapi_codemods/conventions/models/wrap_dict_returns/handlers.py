"""Handlers that return dicts and declare no model, what they return, and why some of them are left alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....edits.imports import reachable_as
from ....project import Function, Module, Project, Symbol
from ....project.model import Argument
from ....project.models import pydantic_major
from ....project.operations import Definition, Operation, decorator_besides, definition_of, operations_of, own_nodes
from ....project.reader import dotted
from ....project.references import uses
from ....project.returns import returns_of
from ....project.shapes import Object, Plain, Shape, Shapes, Unproven, alternatives, merged
from ....project.shapes.model import BOOL, INT, NONE, STR, Fixed, Instance, Items, Json, Library, Lookup, either
from ....project.shapes.wire import Today
from ....project.words import is_mentioned
from ....source.discovery import is_test
from ....source.nodes import walk
from .decorators import hand_on

_RETURNS = re.compile(r"\breturn\b")
_DICT = re.compile(r"\{|\bdict\b")
_ANYTHING = re.compile(
    r"(?:typing\.|t\.)?(?:Any|[Dd]ict(?:\[str,\s*(?:typing\.|t\.)?(?:Any|object)\])?"
    r"|[Ll]ist\[(?:typing\.)?[Dd]ict(?:\[str,\s*(?:typing\.)?Any\])?\])"
)
_JSON_CLASSES = frozenset({"JSONResponse", "ORJSONResponse", "UJSONResponse"})
_RESPONSE_OPTIONS = ("response_model_",)
JSON_VALUE_SINCE = (2, 5)


class Result(NamedTuple):
    """One `return` of a handler, or where one of its expressions branches: the end of its body has no node."""

    node: ast.expr | None
    shape: Shape


class Handler(NamedTuple):
    module: Module
    function: Function
    operations: tuple[Operation, ...]
    """All decorators that register it."""
    definition: Definition
    today: Today
    is_certain: bool
    """It returns a dict of its own; else one of a function that it calls, if that gives one."""

    @property
    def key(self) -> tuple[str, int]:
        return self.module.path, self.function.line


class Wrapped(NamedTuple):
    """A handler with what it returns."""

    handler: Handler
    results: tuple[Result, ...]
    """Those that are no responses of their own."""
    objects: tuple[Object, ...]
    """The dicts that become models, one for each model."""
    others: tuple[Shape, ...]
    """What else it may give, without dicts in it: a str, a list of them."""
    is_list: bool
    may_be_none: bool
    has_responses: bool
    """Some paths give a response of their own."""


def candidates(project: Project) -> Iterator[Handler]:
    """Handlers whose text returns a dict, and whose routes say nothing of what that is."""
    by_function: dict[tuple[str, int], list[Operation]] = {}
    for operation in operations_of(project):
        by_function.setdefault((operation.module.path, operation.function.line), []).append(operation)
    for operations in by_function.values():
        first = operations[0]
        module, function = first.module, first.function
        if is_test(module.path) or any(o.method == "websocket" or _declares(o) for o in operations):
            continue
        annotation = module.code(function.returns).strip("\"'") if function.returns is not None else ""
        if annotation and not _ANYTHING.fullmatch(annotation):
            continue
        text = module.statement_text(function.statement)
        if not _RETURNS.search(text):
            continue
        definition = definition_of(module, function)
        if definition is None:
            continue
        may = _may_return_dict(project, module, function, definition)
        if may is not False:
            today = _today(project, operations, is_annotated=bool(annotation))
            yield Handler(module, function, tuple(operations), definition, today, is_certain=may is True)


def _declares(operation: Operation) -> bool:
    return any(argument.name == "response_model" for argument in operation.call.arguments)


def _may_return_dict(project: Project, module: Module, function: Function, definition: Definition) -> bool | None:
    """Whether a dict stands in a `return`, or in something that a returned name is made of; None where a function of
    the project is called that may return one."""
    values = [part for value in returns_of(definition.node).values for part in _parts(value)]
    if any(_is_dict(value) for value in values):
        return True
    names = {value.id for value in values if isinstance(value, ast.Name)}
    is_called = any(_calls_one(project, module, function, value) for value in values)
    for part in own_nodes(definition.node):
        if isinstance(part, ast.Assign | ast.AnnAssign) and part.value is not None:
            targets = part.targets if isinstance(part, ast.Assign) else [part.target]
            if any(isinstance(target, ast.Name) and target.id in names for target in targets):
                if any(_is_dict(inner) for inner in _parts(part.value)):
                    return True
                is_called = is_called or _calls_one(project, module, function, part.value)
        if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "append":
            if dotted(part.func.value) in names and any(_is_dict(argument) for argument in part.args):
                return True
            is_called = is_called or dotted(part.func.value) in names
    return None if is_called else False


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """What an expression may give, as it is or in a list."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            yield from _parts(body)
            yield from _parts(orelse)
        case ast.BoolOp(values=values) | ast.List(elts=values):
            for value in values:
                yield from _parts(value)
        case ast.ListComp(elt=element):
            yield from _parts(element)
        case _:
            yield node


def _calls_one(project: Project, module: Module, function: Function, node: ast.expr) -> bool:
    call = node.value if isinstance(node, ast.Await) else node
    if not isinstance(call, ast.Call) or not (name := dotted(call.func)):
        return False
    symbol = project.resolve(module, name, function.scopes)
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if home is None or symbol is None or "." in symbol.name:
        return False
    kinds = home.bindings(symbol.name)
    return (
        len(kinds) == 1 and kinds[0].kind == "def" and _DICT.search(home.statement_text(kinds[0].statement)) is not None
    )


def _is_dict(node: ast.AST) -> bool:
    return isinstance(node, ast.Dict) or (isinstance(node, ast.Call) and dotted(node.func) == "dict")


def _today(project: Project, operations: Sequence[Operation], *, is_annotated: bool) -> Today:
    versions = project.versions
    is_old = pydantic_major(project) == 1 and versions.pydantic < (2,)
    given = any(operation.call.argument("response_class") is not None for operation in operations)
    return Today(
        by_pydantic=is_annotated,
        version=1 if is_old else 2,
        may_be_old=is_old or versions.pydantic < (2,) or versions.fastapi < (0, 100),
        exact_floats=given,
        has_json_value=versions.pydantic >= JSON_VALUE_SINCE,
    )


# Reasons


def reason_of_route(project: Project, shapes: Shapes, handler: Handler) -> str | None:
    """Why the routes or the function do not allow for a model."""
    module, function = handler.module, handler.function
    if function.is_method:
        return "it is a method"
    decorator = decorator_besides(function)
    if decorator and not _is_handed_on(project, shapes, handler):
        return f"`@{decorator}` sees what it returns, or makes something else of it"
    for operation in handler.operations:
        call = operation.call
        if call.unpacks:
            return "the route gets unpacked arguments"
        if not operation.is_of_fastapi:
            return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may do more"
        for argument in call.arguments:
            if argument.name and argument.name.startswith(_RESPONSE_OPTIONS):
                return f"`{argument.name}` has no effect today, and would have one"
            if argument.name == "response_class" and (reason := _of_class(project, operation, argument)):
                return reason
            if argument.name == "status_code" and re.search(r"204|205|304", module.code(argument.span)):
                return "its status allows no body"
            if argument.name == "responses" and (reason := _of_responses(module, argument)):
                return reason
        if reason := _of_default_class(project, operation):
            return reason
    if returns_of(handler.definition.node).is_generator:
        return "it is a generator, which streams what it yields"
    return None


def _is_handed_on(project: Project, shapes: Shapes, handler: Handler) -> bool:
    """Whether the decorators below those of the routes give what the function gives."""
    nodes = handler.definition.node.decorator_list
    routes = {operation.decorator.line for operation in handler.operations}
    lines = [decorator.line for decorator in handler.function.decorators]
    if len(nodes) != len(lines) or handler.function.returns is not None:
        return False
    others = [node for node, line in zip(nodes, lines, strict=True) if line not in routes]
    above = len(nodes) - len(others)
    is_below = all(line in routes for line in lines[:above])
    return is_below and hand_on(project, shapes, handler.module, handler.function.scopes, others)


def _of_class(project: Project, operation: Operation, argument: Argument) -> str | None:
    code = operation.module.code(argument.span)
    name = code.rpartition(".")[2]
    symbol = project.resolve(operation.module, code, operation.function.scopes)
    if name in _JSON_CLASSES and (symbol is None or symbol.path is None):
        return None
    return f"its response class is `{code}`"


def _of_default_class(project: Project, operation: Operation) -> str | None:
    """Of the router, or of an application: `default_response_class`."""
    symbol = operation.router
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if home is None or symbol is None:
        return None
    for made in home.facts.assignments:
        if made.target == symbol.name and not made.scopes:
            given = made.call.argument("default_response_class")
            if given is not None and home.code(given.span).rpartition(".")[2] not in _JSON_CLASSES:
                return f"the response class of `{operation.receiver}` is `{home.code(given.span)}`"
    return None


def _of_responses(module: Module, argument: Argument) -> str | None:
    node = module.expression(argument.span)
    if not isinstance(node, ast.Dict) or any(not isinstance(key, ast.Constant) for key in node.keys):
        return "its `responses` may document what it returns"
    for key, value in zip(node.keys, node.values, strict=True):
        code = ast.unparse(key) if key is not None else ""
        if code.strip("'\"").startswith("2") and not _says_nothing_of_content(value):
            return f"its `responses` document {code}"
    return None


def _says_nothing_of_content(node: ast.expr) -> bool:
    """`{"description": "All items"}`"""
    return isinstance(node, ast.Dict) and all(
        isinstance(key, ast.Constant) and key.value in ("description", "headers", "links") for key in node.keys
    )


def json_class_of(project: Project, handler: Handler) -> str:
    """The class that responses have today, by dotted name, where a route may be given it; else empty.

    A route without a `response_class` has it written by Pydantic as soon as there is a model, one that is given the
    very same class does not: floats stay `1e-07`, and NaN an error.
    """
    if is_mentioned(project, b"default_response_class"):
        return ""
    if any(operation.call.argument("response_class") is not None for operation in handler.operations):
        return ""
    names = ("fastapi.responses.JSONResponse", "starlette.responses.JSONResponse")
    return next((name for name in names if reachable_as(handler.module, name) is not None), "")


def used_elsewhere(project: Project, handlers: Sequence[Handler]) -> dict[tuple[str, int], str]:
    """Of handlers that other code calls or hands on, where."""
    symbols = {
        Symbol(handler.module.path, handler.function.name): handler.key
        for handler in handlers
        if not handler.function.scopes
    }
    found: dict[tuple[str, int], str] = {}
    if symbols:
        for symbol, places in uses(project, list(symbols)).items():
            if places:
                found[symbols[symbol]] = f"it is also used at {places[0].place}"
    for handler in handlers:
        if handler.function.scopes:
            nodes = walk(handler.module.tree(handler.function.statement))
            name = handler.function.name
            if any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load) for n in nodes):
                found[handler.key] = "the function around it uses it, too"
    return found


# What it returns


def wrapped(project: Project, shapes: Shapes, handler: Handler) -> Wrapped | str:
    """What a handler returns, or why that is not known."""
    returned = shapes.handler(handler.module, handler.function, handler.definition)
    if isinstance(returned, Unproven):
        return returned.reason
    results: list[Result] = []
    has_responses = False
    for statement, shape in returned.values:
        value = statement.value if statement is not None else None
        for node, part in _branches(value, shape):
            response = _response(project, handler, node)
            if response is True:
                has_responses = True
            elif isinstance(response, str):
                return response
            else:
                results.append(Result(node, part))
    found = _sorted(handler, results, has_responses=has_responses)
    return found if isinstance(found, str) else _against_annotation(handler, found) or found


def _against_annotation(handler: Handler, found: Wrapped) -> str | None:
    """Why what a handler is annotated with does not allow for all that it returns: today that is an error."""
    returns = handler.function.returns
    written = handler.module.code(returns).strip("\"'").lower().rpartition(".")[2] if returns is not None else "any"
    is_list = handler.module.code(returns).lower().strip("\"'").startswith("list") if returns is not None else False
    if written == "any" and not is_list:
        return None
    if found.may_be_none or found.others or found.is_list != is_list:
        return "it does not always return what it is annotated with, which is an error today"
    return None


_CONSTANTS: dict[type, Shape] = {type(None): NONE, str: STR, bool: BOOL, int: INT}


def _branches(node: ast.expr | None, shape: Shape) -> Iterator[tuple[ast.expr | None, Shape]]:
    """`a if test else b` is two results; the shape of each is that of the whole where nothing else is known."""
    if isinstance(node, ast.IfExp):
        for branch in (node.body, node.orelse):
            if isinstance(branch, ast.Constant):
                given = _CONSTANTS.get(type(branch.value))
                yield branch, given if given is not None else shape
            else:
                rest = [one for one in alternatives(shape) if one != NONE]
                of_dict: list[Shape] = [one for one in rest if isinstance(one, Object)]
                if isinstance(branch, ast.Dict) and len(of_dict) == 1:
                    rest = of_dict
                yield branch, rest[0] if len(rest) == 1 else shape
        return
    yield node, shape


def _response(project: Project, handler: Handler, node: ast.expr | None) -> bool | str:
    """Whether a result is a response of its own, which FastAPI hands on as it is; a reason where that is no error."""
    if not isinstance(node, ast.Call):
        return False
    symbol = project.resolve(handler.module, dotted(node.func), handler.function.scopes)
    if symbol is None or not symbol.name.endswith("Response"):
        return False
    if symbol.path is not None:
        return False
    status = next((k.value for k in node.keywords if k.arg == "status_code"), None)
    name = symbol.name.rpartition(".")[2]
    if name == "RedirectResponse" or (status is not None and re.search(r"[345]\d\d", ast.unparse(status))):
        return True
    return f"it also returns a `{name}`, of which a model would say nothing"


def _sorted(handler: Handler, results: Sequence[Result], *, has_responses: bool) -> Wrapped | str:
    may_be_none = False
    objects: list[Object] = []
    others: list[Shape] = []
    lists = 0
    for _, shape in results:
        for one in alternatives(shape):
            if one == NONE:
                may_be_none = True
            elif isinstance(one, Object):
                objects.append(one)
            elif isinstance(one, Items) and one.kind == "list" and isinstance(one.element, Object):
                objects.append(one.element)
                lists += 1
            elif isinstance(one, Unproven):
                return one.reason
            elif isinstance(one, Lookup | Json):
                return "nothing shows which keys the dict has"
            elif _stands_beside(one) and not handler.today.may_be_old:
                others.append(one)
            elif isinstance(one, Fixed):
                return "it returns a tuple, which becomes a list"
            else:
                return f"it also returns {_said(one)}"
    if not objects or not any(one.entries for one in objects):
        return "the dict that it returns has no keys that are known"
    if lists and lists != len(objects):
        return "it returns a list of dicts or a dict"
    groups = _grouped(objects)
    if isinstance(groups, str):
        return groups
    if len(groups) > 1 and (lists or handler.today.may_be_old):
        return "it returns dicts of different kinds"
    if others and lists:
        return "it returns a list of dicts or something else"
    for node, shape in results if others else ():
        kinds_there = {isinstance(one, Object) for one in alternatives(shape) if one != NONE}
        if len(kinds_there) > 1 and not isinstance(node, ast.Dict):
            return "one of its returns gives a dict or something else"
    kinds = alternatives(either(others)) if others else ()
    return Wrapped(handler, tuple(results), tuple(groups), kinds, bool(lists), may_be_none, has_responses)


def _stands_beside(shape: Shape) -> bool:
    """Whether Pydantic cannot take it for one of the models, nor a model for it."""
    if isinstance(shape, Items):
        inner = alternatives(shape.element)
        return shape.kind == "list" and all(one in (STR, INT, BOOL, NONE) for one in inner)
    return shape in (STR, INT, BOOL)


def _said(shape: Shape) -> str:
    match shape:
        case Plain(symbol=symbol) | Instance(symbol=symbol):
            return f"a `{symbol.name.rpartition('.')[2]}`"
        case Library(name=name):
            return f"a `{name.rpartition('.')[2]}`"
        case Items(kind=kind):
            return f"a {kind}"
    return "something else"


def _grouped(objects: Sequence[Object]) -> list[Object] | str:
    """One dict for those that share a key, with keys that may be missing; several for those that share none."""
    groups: list[list[Object]] = []
    for one in objects:
        names = {name for name, _ in one.entries}
        touching = [g for g in groups if any(names & {name for name, _ in other.entries} for other in g)]
        together = [one, *(other for group in touching for other in group)]
        groups = [group for group in groups if group not in touching]
        groups.append([*together[1:], one])
    found = []
    for group in groups:
        result = merged(group)
        if isinstance(result, Unproven):
            return result.reason
        if not result.entries:
            return "it may return an empty dict"
        found.append(result)
    return found
