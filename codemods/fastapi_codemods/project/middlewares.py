"""Middleware: what is registered on applications, in which order, and the function that does its work.

    app.add_middleware(CORSMiddleware, allow_origins=[...])

    @app.middleware("http")
    async def add_header(request, call_next): ...

    FastAPI(middleware=[Middleware(CORSMiddleware, ...), Middleware(Timing)])

What is added last is outermost, outside of all that the constructor gets, whose first entry is the outermost.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ..findings import Location
from ..source import UnreadableSourceError
from ..source.discovery import is_test
from ..source.nodes import children, walk
from .functions import FunctionAt
from .index import Module, Project, Symbol
from .reader import Positions, dotted
from .types import Frame, FunctionNode, Types, own_nodes
from .words import modules_with, statements_with

BASE_HTTP = "starlette.middleware.base.BaseHTTPMiddleware"

_REGISTERS = re.compile(r"\badd_middleware\s*\(|\.\s*middleware\s*\(|\bmiddleware\s*=")
_REGISTERS_BYTES = re.compile(rb"\badd_middleware\s*\(|\.\s*middleware\s*\(|\bmiddleware\s*=")
_INNER = frozenset({"app", "self.app", "self._app", "self.asgi_app"})
_MIDDLEWARE = frozenset({"starlette.middleware.Middleware", "fastapi.middleware.Middleware"})
_APPLICATIONS = ("fastapi.FastAPI", "starlette.applications.Starlette")


class Registration(NamedTuple):
    """One middleware of one application."""

    module: Module
    positions: Positions
    outside: tuple[ast.AST, ...]
    """Functions and classes that the registration stands in, the outermost first."""
    around: tuple[ast.AST, ...]
    """Statements that it stands in within those, the innermost first; not empty: it is conditional."""
    block: list[ast.stmt]
    receiver: str
    """The application as written."""
    how: str
    """`added` by `add_middleware`, `decorated` by `@app.middleware("http")`, `called` (`app.middleware("http")(f)`), or
    `listed` in the constructor."""
    statement: ast.stmt
    call: ast.Call
    """`add_middleware(...)`, `middleware("http")`, or `Middleware(...)`."""
    name: str
    """Of the class or the function, for people."""
    library: str
    """The dotted name of a class from outside the project, else empty."""
    work: Frame | None
    """The function that handles a request: `dispatch`, `__call__`, or the one that is decorated."""

    @property
    def location(self) -> Location:
        node = self.call
        line = self.positions.line(node.lineno)
        column = self.positions.column(node.lineno, node.col_offset)
        return self.module.location(line, column, self.positions.line(node.end_lineno or node.lineno))

    @property
    def line(self) -> int:
        return self.location.line

    @property
    def is_base_http(self) -> bool:
        """It gets a request and `call_next`; else `scope`, `receive` and `send`."""
        return self.work is not None and getattr(self.work.nodes[-1], "name", "") != "__call__"


class Stack(NamedTuple):
    """What one piece of code registers on one application, the innermost first."""

    module: Module
    receiver: str
    application: Symbol | None
    """The application, where it is a name of a module of the project."""
    registrations: tuple[Registration, ...]


def stacks_of(project: Project) -> tuple[Stack, ...]:
    """Every application's middleware, tests left out; what several functions or modules add to one is apart."""
    return project.remembered("middleware", lambda: tuple(_stacks(project)))


def middleware_functions(project: Project) -> list[Registration]:
    """One registration for each function of the project that handles requests as middleware."""
    found: dict[tuple[str, str], Registration] = {}
    for registration in chain.from_iterable(stack.registrations for stack in stacks_of(project)):
        if registration.work is not None:
            found.setdefault((registration.work.module.path, registration.work.name), registration)
    return list(found.values())


def function_at(frame: Frame) -> FunctionAt | None:
    """A function that `Types` found, as it stands in the whole tree of its statement."""
    module, wanted = frame.module, frame.nodes[-1]
    bindings = module.bindings(getattr(frame.nodes[0], "name", ""))
    if not bindings or not isinstance(wanted, FunctionNode):
        return None
    index = bindings[-1].statement
    statement = module.facts.statements[index]
    positions = Positions(module.statement_text(index), statement.start, statement.line)
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(module.tree(index), ())]
    while waiting:
        node, outside = waiting.pop()
        if isinstance(node, FunctionNode) and (node.name, node.lineno) == (wanted.name, wanted.lineno):
            return FunctionAt(module, positions, outside, node)
        is_scope = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        inside = (*outside, node) if is_scope else outside
        waiting += [(child, inside) for child in children(node) if isinstance(child, ast.stmt)]
        waiting += [
            (child, inside)
            for part in children(node)
            if isinstance(part, ast.ExceptHandler | ast.match_case)
            for child in part.body
        ]
    return None


def calls_next(registration: Registration) -> list[ast.Call]:
    """The calls by which a middleware hands the request on."""
    return list(_calls_next(registration.work)) if registration.work is not None else []


def _calls_next(work: Frame) -> Iterator[ast.Call]:
    node = work.nodes[-1]
    assert isinstance(node, FunctionNode)
    parameters = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    for part in own_nodes(node):
        if isinstance(part, ast.Call):
            name = dotted(part.func)
            if (parameters and name == parameters[-1]) or name in _INNER:
                yield part


def answers_early(registration: Registration) -> ast.stmt | None:
    """The first statement by which a middleware answers a request itself instead of handing it on."""
    work = registration.work
    onward = calls_next(registration)
    if work is None or not onward:
        return None
    last = max((call.lineno, call.col_offset) for call in onward)
    node = work.nodes[-1]
    assert isinstance(node, FunctionNode)
    names = {
        target.id
        for part in own_nodes(node)
        if isinstance(part, ast.Assign) and any(inner in onward for inner in walk(part.value))
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    in_clauses = {id(inner) for part in own_nodes(node) if isinstance(part, ast.ExceptHandler) for inner in walk(part)}
    parameters = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
    for part in own_nodes(node):
        if not isinstance(part, ast.stmt) or id(part) in in_clauses or (part.lineno, part.col_offset) > last:
            continue
        match part:
            case ast.Return(value=ast.expr() as value) if registration.is_base_http:
                read = {inner.id for inner in walk(value) if isinstance(inner, ast.Name)}
                if read.isdisjoint(names) and parameters[-1] not in read:
                    return part
            case ast.Expr(value=ast.Await(value=ast.Call(args=[_, _, _]) as call)) if not registration.is_base_http:
                if call not in onward and not _wraps_application(node, call.func):
                    return part
            case _:
                pass
    return None


def _wraps_application(node: FunctionNode, callee: ast.expr) -> bool:
    """Whether what gets the request hands it on, as `GZipResponder(self.app)` does."""
    if dotted(callee).startswith("self."):
        return True
    made = [callee]
    if isinstance(callee, ast.Name):
        made = [
            part.value
            for part in own_nodes(node)
            if isinstance(part, ast.Assign) and [dotted(target) for target in part.targets] == [callee.id]
        ]
    return not made or any(
        isinstance(inner, ast.Attribute | ast.Name) and dotted(inner) in _INNER
        for value in made
        for inner in walk(value)
    )


def _stacks(project: Project) -> Iterator[Stack]:
    types = Types(project)
    for module in modules_with(project, _REGISTERS_BYTES, (b"fastapi", b"starlette")):
        if is_test(module.path):
            continue
        found: dict[tuple[tuple[int, ...], str], list[Registration]] = {}
        for index in statements_with(module, _REGISTERS):
            statement = module.facts.statements[index]
            try:
                tree = module.tree(index)
            except (UnreadableSourceError, RecursionError):
                continue
            positions = Positions(module.statement_text(index), statement.start, statement.line)
            reader = _Reader(project, types, module, positions)
            for registration in reader.read(tree.body, (), ()):
                key = tuple(id(node) for node in registration.outside), registration.receiver
                found.setdefault(key, []).append(registration)
        for (_, receiver), registrations in found.items():
            listed = [one for one in registrations if one.how == "listed"]
            added = [one for one in registrations if one.how != "listed"]
            is_local = any(isinstance(node, FunctionNode) for node in registrations[0].outside)
            symbol = None if is_local and _is_local(registrations[0], receiver) else project.resolve(module, receiver)
            yield Stack(module, receiver, symbol, (*reversed(listed), *added))


def _is_local(registration: Registration, receiver: str) -> bool:
    head = receiver.partition(".")[0]
    for node in registration.outside:
        if isinstance(node, FunctionNode):
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            if any(a.arg == head for a in arguments) or any(
                isinstance(part, ast.Name) and part.id == head and isinstance(part.ctx, ast.Store)
                for part in own_nodes(node)
            ):
                return True
    return False


class _Reader:
    """Finds registrations in one statement of a module."""

    def __init__(self, project: Project, types: Types, module: Module, positions: Positions) -> None:
        self.project, self.types, self.module, self.positions = project, types, module, positions

    def read(
        self, block: list[ast.stmt], outside: tuple[ast.AST, ...], around: tuple[ast.AST, ...]
    ) -> Iterator[Registration]:
        for statement in block:
            place = outside, around, block
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if isinstance(statement, FunctionNode):
                    yield from self._decorated(statement, place)
                yield from self.read(statement.body, (*outside, statement), ())
                continue
            match statement:
                case ast.Expr(value=ast.Call(func=ast.Attribute(value=receiver, attr="add_middleware")) as call):
                    if name := dotted(receiver):
                        yield from self._added(name, statement, call, place)
                case ast.Expr(
                    value=ast.Call(
                        func=ast.Call(func=ast.Attribute(value=receiver, attr="middleware")) as call, args=[function]
                    )
                ):
                    if name := dotted(receiver):
                        work = self._function(Frame(self.module, outside), function)
                        what = dotted(function) or "a function"
                        yield self._made(place, name, "called", statement, call, what, "", work)
                case ast.Assign(targets=[target], value=ast.Call() as made):
                    yield from self._listed(dotted(target), statement, made, place)
                case ast.AnnAssign(target=target, value=ast.Call() as made):
                    yield from self._listed(dotted(target), statement, made, place)
                case ast.Return(value=ast.Call() as made):
                    yield from self._listed("", statement, made, place)
                case _:
                    pass
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                for inner in self._blocks(getattr(statement, field, None)):
                    yield from self.read(inner, outside, (statement, *around))

    def _blocks(self, field: object) -> Iterator[list[ast.stmt]]:
        if not isinstance(field, list) or not field:
            return
        if isinstance(field[0], ast.ExceptHandler | ast.match_case):
            yield from (part.body for part in field)
        elif isinstance(field[0], ast.stmt):
            yield field

    def _made(
        self,
        place: tuple[tuple[ast.AST, ...], tuple[ast.AST, ...], list[ast.stmt]],
        receiver: str,
        how: str,
        statement: ast.stmt,
        call: ast.Call,
        name: str,
        library: str,
        work: Frame | None,
    ) -> Registration:
        outside, around, block = place
        return Registration(
            self.module, self.positions, outside, around, block, receiver, how, statement, call, name, library, work
        )

    def _decorated(
        self, node: FunctionNode, place: tuple[tuple[ast.AST, ...], tuple[ast.AST, ...], list[ast.stmt]]
    ) -> Iterator[Registration]:
        for decorator in node.decorator_list:
            match decorator:
                case ast.Call(
                    func=ast.Attribute(value=receiver, attr="middleware"), args=[ast.Constant(value="http")]
                ) if name := dotted(receiver):
                    work = Frame(self.module, (*place[0], node))
                    yield self._made(place, name, "decorated", node, decorator, node.name, "", work)
                case _:
                    pass

    def _added(
        self,
        receiver: str,
        statement: ast.stmt,
        call: ast.Call,
        place: tuple[tuple[ast.AST, ...], tuple[ast.AST, ...], list[ast.stmt]],
    ) -> Iterator[Registration]:
        cls = call.args[0] if call.args else _keyword(call, "middleware_class")
        if cls is not None and not isinstance(cls, ast.Starred):
            name, library, work = self._class(Frame(self.module, place[0]), cls, call)
            yield self._made(place, receiver, "added", statement, call, name, library, work)

    def _listed(
        self,
        receiver: str,
        statement: ast.stmt,
        made: ast.Call,
        place: tuple[tuple[ast.AST, ...], tuple[ast.AST, ...], list[ast.stmt]],
    ) -> Iterator[Registration]:
        given = _keyword(made, "middleware")
        if not isinstance(given, ast.List | ast.Tuple):
            return
        symbol = self.project.resolve(self.module, dotted(made.func))
        if symbol is None or not self.project.derives_from(symbol, _APPLICATIONS):
            return
        for entry in given.elts:
            if isinstance(entry, ast.Call) and entry.args:
                value = self.types.value(Frame(self.module, place[0]), entry.func)
                if value is not None and value.symbol.path is None and value.symbol.name in _MIDDLEWARE:
                    name, library, work = self._class(Frame(self.module, place[0]), entry.args[0], entry)
                    yield self._made(place, receiver, "listed", statement, entry, name, library, work)

    def _class(self, frame: Frame, cls: ast.expr, call: ast.Call) -> tuple[str, str, Frame | None]:
        """Name, library and function of a class of middleware."""
        value = self.types.value(frame, cls)
        name = dotted(cls).rpartition(".")[2] or "a class"
        if value is None or value.is_object:
            return name, "", None
        symbol = value.symbol
        if symbol.path is None:
            if symbol.name == BASE_HTTP and (function := _keyword(call, "dispatch")) is not None:
                return dotted(function) or name, "", self._function(frame, function)
            return symbol.name.rpartition(".")[2], symbol.name, None
        is_base_http = self.project.derives_from(symbol, (BASE_HTTP,))
        method = self.types.member(value._replace(is_object=True), "dispatch" if is_base_http else "__call__")
        if method is None or method.is_object or method.symbol.path is None:
            return name, "", None
        work = self.types.definition(method.symbol)
        return name, "", work if work is not None and isinstance(work.nodes[-1], FunctionNode) else None

    def _function(self, frame: Frame, node: ast.expr) -> Frame | None:
        value = self.types.value(frame, node)
        if value is None or value.is_object or value.symbol.path is None:
            return None
        work = self.types.definition(value.symbol)
        return work if work is not None and isinstance(work.nodes[-1], FunctionNode) else None


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def same_branch(one: Registration, other: Registration) -> bool:
    """Whether both can be in one run of the code: they do not stand in two branches of one `if`."""
    for node in one.around:
        if isinstance(node, ast.If) and node in other.around:
            return _branch(node, one) == _branch(node, other)
    return True


def _branch(node: ast.If, registration: Registration) -> bool:
    inside: Sequence[ast.AST] = [registration.statement, *registration.around]
    return any(part in node.body for part in inside)
