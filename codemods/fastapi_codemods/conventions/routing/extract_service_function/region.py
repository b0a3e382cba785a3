"""Which statements of a handler are its work: those at its end that use nothing of HTTP.

    customer = session.get(Customer, order.customer_id)
    if customer is None:
        raise HTTPException(404)
    try:
        ...                                 # from here on: a function of `order`, `session` and `customer`
    except OutOfStock as error:
        raise HTTPException(409) from error

They are the last ones of the handler, or of the `try` or `with` that it ends with: what is around them stays around
the call, and nothing comes after it that could miss one of their variables.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ....project import Function, Module, Project
from ....project.handler_size import is_http_error, nodes_of, size_of, without_docstring
from ....project.operations import Definition
from ....project.reader import dotted
from ....source.nodes import walk

_HTTP = frozenset(
    {"BackgroundTasks", "HTTPConnection", "Request", "Response", "UploadFile", "WebSocket", "StreamingResponse"}
)
_OWN_FRAME = frozenset({"dir", "eval", "exec", "locals", "super", "vars"})
_FRAMES = frozenset({"_getframe", "currentframe", "getframeinfo", "stack", "trace"})

FEWEST_LINES = 10
"""Of code: up to this many, branches do not make a handler long."""

FEWEST_OF_A_PART = 4
"""Of code: what stands behind checks and is shorter, or less than half of the handler, is not its work."""

LINES_FOR_AN_ERROR = 6
"""Of code, and more: a body with an error in every few lines is about HTTP, not about work."""

_Around = tuple[ast.Try | ast.TryStar | ast.With | ast.AsyncWith, ...]


class Region(NamedTuple):
    statements: list[ast.stmt]
    before: list[ast.stmt]
    """All that runs before it, in the blocks that it stands in, the headers of `with` included."""
    http: tuple[str, ...]
    """What of HTTP is in it all the same: errors that it raises, parameters that it hands on."""

    @property
    def is_whole(self) -> bool:
        return not self.before


def regions_of(project: Project, module: Module, function: Function, definition: Definition) -> Iterator[Region | str]:
    """What may be the work of a handler, the largest first; at last the reason why it cannot be told from the rest."""
    body = without_docstring(definition.node)
    if reason := _reason_of_frame(definition):
        yield reason
        return
    if (returned := _response(project, module, function)) is not None:
        yield f"it returns a `{returned}`, which is of HTTP"
        return
    uses = _Uses(project, module, function, definition)
    fewest = max(FEWEST_OF_A_PART, size_of(body).lines // 2)
    reason = ""
    for block, before, around in _blocks(body, [], ()):
        first = len(block)
        while first > 0 and not any(uses.of(block[first - 1])):
            first -= 1
        region = block[first:]
        if not region or (size_of(region).lines < fewest and block[:first]):
            continue
        if name := _needed_outside(region, [*before, *block[:first]], around):
            reason = reason or f"`{name}`, which its work sets, is used around it, too"
            continue
        yield Region(region, [*before, *block[:first]], ())
    # The errors that a body raises can move with it, if there is nothing else of HTTP.
    http = [use for statement in body for use in uses.of(statement)]
    if worst := next((use.reason for use in http if use.reason), ""):
        yield worst
    elif (size := size_of(body)).errors * LINES_FOR_AN_ERROR > size.lines:
        reason = f"{size.errors} HTTP errors stand between what it does"
    elif http:
        what = tuple(dict.fromkeys(use.what for use in http))
        if "HTTPException" in what and len(what) > 1:
            given = next(each for each in what if each != "HTTPException")
            reason = reason or f"it raises HTTP errors and hands on `{given}`: HTTP goes through all of it"
        else:
            yield Region(body, [], what)
    yield reason or "its work cannot be told from the rest"


def _blocks(
    block: list[ast.stmt], before: list[ast.stmt], around: _Around
) -> Iterator[tuple[list[ast.stmt], list[ast.stmt], _Around]]:
    """The blocks at whose end a handler ends, the outermost first."""
    yield block, before, around
    last = block[-1] if block else None
    match last:
        case ast.Try(orelse=[]) | ast.TryStar(orelse=[]):
            yield from _blocks(last.body, [*before, *block[:-1]], (*around, last))
        case ast.With() | ast.AsyncWith():
            header = type(last)(last.items, [])
            ast.copy_location(header, last)
            yield from _blocks(last.body, [*before, *block[:-1], header], (*around, last))


class Use(NamedTuple):
    what: str
    reason: str
    """Why it can be no part of a function either; empty for what only should not be one."""


class _Uses:
    """What statements use of HTTP."""

    def __init__(self, project: Project, module: Module, function: Function, definition: Definition) -> None:
        self._project, self._module, self._definition = project, module, definition
        self._parameters = {
            parameter.name
            for parameter in function.parameters
            if parameter.annotation is not None
            and _HTTP.intersection(re.findall(r"\w+", module.code(parameter.annotation)))
        }
        self._handed_on: set[int] = set()
        for part in walk(definition.node):
            if isinstance(part, ast.Call):
                values = (*part.args, *(keyword.value for keyword in part.keywords))
                self._handed_on.update(id(value) for value in values if isinstance(value, ast.Name))

    def line(self, node: ast.stmt | ast.expr) -> int:
        return self._definition.positions.line(node.lineno)

    def of(self, statement: ast.stmt) -> Iterator[Use]:
        for part in walk(statement):
            match part:
                case ast.Call() if is_http_error(part):
                    yield Use("HTTPException", "")
                case ast.Call(func=callee) if dotted(callee).endswith("Response"):
                    symbol = self._project.resolve(self._module, dotted(callee))
                    if symbol is None or symbol.path is None:
                        yield Use(dotted(callee), f"it makes a `{dotted(callee)}` in line {self.line(part)}")
                case ast.Name(id=name) if name in self._parameters:
                    is_handed_on = id(part) in self._handed_on
                    reason = "" if is_handed_on else f"it uses `{name}`, which is of HTTP, in line {self.line(part)}"
                    yield Use(name, reason)
                case ast.Name(id="HTTPException") | ast.Attribute(attr="HTTPException"):
                    yield Use("HTTPException", "")


def _response(project: Project, module: Module, function: Function) -> str | None:
    """The class of responses that a handler says it returns."""
    returns = module.code(function.returns).strip("\"'") if function.returns is not None else ""
    for name in re.findall(r"[\w.]*Response\b", returns):
        symbol = project.resolve(module, name)
        if symbol is None or symbol.path is None:
            return str(name)
    return None


def _reason_of_frame(definition: Definition) -> str | None:
    """Why no part of a function can run in another one."""
    line = definition.positions.line
    for part in nodes_of(definition.node.body):
        match part:
            case ast.Yield() | ast.YieldFrom():
                return "it is a generator, which runs while it is answered"
            case ast.Call(func=ast.Name(id=name)) if name in _OWN_FRAME:
                return f"`{name}()` in line {line(part.lineno)} looks at the function that calls it"
            case ast.Attribute(attr=name) if name in _FRAMES and dotted(part.value) in ("inspect", "sys"):
                return f"`{dotted(part)}` in line {line(part.lineno)} looks at the function that calls it"
            case ast.keyword(arg="stacklevel"):
                return f"`stacklevel` in line {line(part.lineno)} counts the functions around it"
    return None


def _needed_outside(region: Sequence[ast.stmt], before: Iterable[ast.stmt], around: _Around) -> str | None:
    """A variable that the region sets and something around it sees: `finally`, `except`, a function made before it."""
    set_by_it = stored(region)
    outside: list[ast.stmt] = []
    for block in around:
        if isinstance(block, ast.Try | ast.TryStar):
            outside += [*block.finalbody, *(statement for handler in block.handlers for statement in handler.body)]
    seen = loaded(outside)
    for statement in before:
        for part in walk(statement):
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                seen |= {inner.id for inner in walk(part) if isinstance(inner, ast.Name)}
    return next(iter(sorted(set_by_it & seen)), None)


def loaded(statements: Iterable[ast.stmt]) -> set[str]:
    """Names that are read, or changed in place."""
    found: set[str] = set()
    for statement in statements:
        for part in walk(statement):
            if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Store):
                found.add(part.id)
            elif isinstance(part, ast.AugAssign) and isinstance(part.target, ast.Name):
                found.add(part.target.id)
    return found


def stored(statements: Iterable[ast.stmt]) -> set[str]:
    """Names of the function that get a value: not those of functions and comprehensions in it."""
    found: set[str] = set()
    declared: set[str] = set()
    for part in nodes_of(statements):
        match part:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                found.update(alias.asname or alias.name.partition(".")[0] for alias in aliases)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                found.add(name)
            case ast.MatchMapping(rest=str(name)):
                found.add(name)
            case ast.Global(names=names):
                declared.update(names)
    return found - declared
