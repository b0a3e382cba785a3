"""Pure functions of values: comparison, truth, and what one of several branches leaves."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from ..reader import dotted
from ..values import (
    DEFAULT,
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Dependency,
    Function,
    Instance,
    Items,
    ModuleValue,
    Outside,
    Partial,
    Router,
    Scope,
    Table,
    Value,
    known,
)
from .knowledge import SHOWN_BY_ROUTES

STATUS = re.compile(r"\A(?:fastapi|starlette)\.status\.(?:HTTP|WS)_(\d+)_\w+\Z")


def look_like(wrapper: Value, given: Arguments) -> None:
    """What `functools.wraps(given)` does to a function."""
    if isinstance(wrapper, Function):
        wrapper.wrapped = given.positional[0]
        if len(given.positional) > 1 or given.named:
            wrapper.doubts = (*wrapper.doubts, "not all of it looks like the function that it wraps")


def owned(arguments: Arguments) -> Arguments:
    """What a router keeps of what it is given: of dependencies a list of its own, of tags the list itself."""
    named = dict(arguments.named)
    dependencies = named.get("dependencies")
    if isinstance(dependencies, Items):
        named["dependencies"] = dependencies.copy()
    return Arguments(arguments.positional, named, is_complete=arguments.is_complete)


def key_of(function: Function, arguments: Arguments) -> object:
    """Arguments that `functools.cache` takes to be the same."""
    parts = [*arguments.positional, *arguments.named.values()]
    values = [part.value if isinstance(part, Constant) else id(part) for part in parts]
    return id(function.bound), len(arguments.positional), tuple(arguments.named), repr(values)


def listed_or_none(value: Value | None) -> list[Value]:
    return value.items if isinstance(value, Items) else []


def without_defaults(arguments: Arguments) -> Arguments:
    named = {name: value for name, value in arguments.named.items() if value is not DEFAULT}
    return Arguments(arguments.positional, named, is_complete=arguments.is_complete)


def compared_constants(op: ast.cmpop, a: object, b: object) -> bool | None:
    match op:
        case ast.Is() | ast.Eq():
            return a == b
        case ast.IsNot() | ast.NotEq():
            return a != b
        case ast.In() | ast.NotIn():
            if isinstance(b, str):
                if not isinstance(a, str):
                    return None
                inside = a in b
            elif isinstance(b, list):
                inside = a in b
            else:
                return None
            return inside == isinstance(op, ast.In)
    if isinstance(a, int | float) and isinstance(b, int | float):
        match op:
            case ast.Lt():
                return a < b
            case ast.LtE():
                return a <= b
            case ast.Gt():
                return a > b
            case ast.GtE():
                return a >= b
    return None


def is_in(key: str, container: Value) -> bool | None:
    """Whether a string is in a list or a key of a dictionary of which not all is known."""
    match container:
        case Table(items=named, is_complete=is_complete):
            return (None if named[key] is UNKNOWN else True) if key in named else False if is_complete else None
        case Items(items=items, is_complete=True):
            found = [known(item) for item in items]
            return True if key in found else None if UNKNOWN in found else False
    return None


def truth_of(value: Value) -> bool | None:
    """Whether something counts as true; None where that is not known."""
    match value:
        case Function() | Class() | Router() | Partial() | Dependency() | ModuleValue():
            return True
        case Items(items=items, is_complete=is_complete):  # what is in it may have been added under a condition
            return bool(items) if is_complete else None
        case Table(items=named, is_complete=is_complete):
            is_sure = any(value is not UNKNOWN for value in named.values())
            return True if is_sure else False if is_complete and not named else None
    found = known(value)
    return None if found is UNKNOWN else bool(found)


def one_of(values: Sequence[Value]) -> Value:
    """What a name stands for that got different values in branches: a router rather than none, else nothing known."""
    first = values[0]
    if all(value is first for value in values):
        return first
    routers = [value for value in values if isinstance(value, Router)]
    if routers:
        if any(_for_routes(router) or _for_routes(routers[0]) for router in routers if router is not routers[0]):
            routers[0].doubt("is one of several that the name may stand for")
        return routers[0]
    constants = {repr(known(value)) for value in values}
    return first if len(constants) == 1 and all(isinstance(value, Constant) for value in values) else UNKNOWN


def either(first: Value, second: Value) -> Value:
    """What a function gives that may return either: a router or what wraps the same function rather than nothing."""
    for value, other in ((first, second), (second, first)):
        if isinstance(value, Router) and not isinstance(other, Router):
            return value
        if isinstance(other, Constant) and other.value is None:
            return value
    match first, second:
        case Function(wrapped=Value() as one), Function(wrapped=Value() as another) if one is another:
            return first
        case Instance(cls=one_class), Instance(cls=another_class) if one_class is another_class:
            return first
    return one_of([first, second])


def _for_routes(router: Router) -> bool:
    """Whether a router is given what its routes get, too: two that are not may stand for each other."""
    given = router.arguments
    return bool(router.events) or not given.is_complete or not SHOWN_BY_ROUTES.isdisjoint(given.named)


def decorator_names(function: Function) -> set[str]:
    return set() if isinstance(function.node, ast.Lambda) else decorator_names_of(function.node)


def decorator_names_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {dotted(decorator) for decorator in node.decorator_list}


def qualified(scope: Scope, name: str) -> str:
    return f"{scope.function}.{name}" if scope.function else name


def table_method(table: Table, name: str, arguments: Arguments, *, is_certain: bool) -> Value:
    match name:
        case "values":
            return Items(list(table.items.values()), is_complete=table.is_complete)
        case "keys":
            return Items([Constant(key) for key in table.items], is_complete=table.is_complete)
        case "items":
            pairs: list[Value] = [Items([Constant(key), value]) for key, value in table.items.items()]
            return Items(pairs, is_complete=table.is_complete)
        case "get":
            key = known(arguments.get("key", 0))
            if isinstance(key, str) and key in table.items:
                return table.items[key]
            return (arguments.get("default", 1) or Constant(None)) if table.is_complete else UNKNOWN
        case "copy":
            return Table(dict(table.items), is_complete=table.is_complete)
        case "setdefault" | "pop":
            key = known(arguments.get("key", 0))
            if is_certain and table.is_complete and isinstance(key, str):
                default = arguments.get("default", 1) or Constant(None)
                return table.items.setdefault(key, default) if name == "setdefault" else table.items.pop(key, default)
            if isinstance(key, str):
                table.items[key] = UNKNOWN
            table.is_complete = False
        case "update":
            given = arguments.get("", 0)
            if given is not None and not isinstance(given, Table):
                table.is_complete = False
                return UNKNOWN
            others = {**(given.items if isinstance(given, Table) else {}), **arguments.named}
            table.items |= others if is_certain else dict.fromkeys(others, UNKNOWN)
            is_known = arguments.is_complete and (given is None or given.is_complete)
            table.is_complete = table.is_complete and is_certain and is_known
        case "clear":
            table.is_complete = False
    return UNKNOWN


def status_of(value: Value | None) -> int | None:
    """The number of a status, as a literal, of `fastapi.status` or `http.HTTPStatus`; None where it is not known."""
    match value:
        case Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case Outside(name=name):
            if found := STATUS.match(name):
                return int(found.group(1))
            if name.startswith("http.HTTPStatus."):
                import http

                member = getattr(http.HTTPStatus, name.rpartition(".")[2], None)
                return int(member) if isinstance(member, http.HTTPStatus) else None
    return None
