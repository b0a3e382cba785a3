"""Code that walks an application's routes sees those of included routers.

`for route in app.routes` becomes `for route in iter_route_contexts(app.routes)`, and `isinstance(route, APIRoute)` in
it `isinstance(route.original_route, APIRoute)`.

## Why

Since FastAPI 0.137 `include_router` no longer copies routes: `app.routes` holds one node for each included router,
which has no path, name or methods. A loop that lists, checks or exports routes fails there, or silently skips most of
the API. `fastapi.routing.iter_route_contexts` gives every route as it is served, with all prefixes.

## Left alone

- Projects that support FastAPI before 0.137.2, which does not have the function.
- Loops that change the routes: what they set does not reach included routes. For operation ids there is
  `FastAPI(generate_unique_id_function=...)`.
- Loops that hand a route on to something else, where it cannot be seen what that needs.
- Loops that ask whether a route has a path, a name, methods or an endpoint: all of them do then, as None where there
  is none.
- A module in which the name `iter_route_contexts` means something else.
- Tests are not looked at.

Loops that look for mounts only are no findings: these are where they were.

## Safety

A contract: the loop sees routes that it did not see before, which is what it was written for.

See <https://fastapi.tiangolo.com/release-notes/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...findings import Finding, Safety
from ...project import Module, Project, Scope, Span, Symbol
from ...project.operations import receiver_of
from ...project.reader import Positions, dotted, scope_of
from ...project.versions import spelled
from ...source import UnreadableSourceError
from ...source.discovery import is_test
from ...source.nodes import children, walk

ITER_ROUTE_CONTEXTS_SINCE = (0, 137, 2)

_WALKS = re.compile(rb"\bin\s+(?:(?:list|tuple|enumerate)\()*(?:\w+\.)+routes\b")
# Included routers have none of these.
_NOT_INCLUDED = frozenset({"Host", "Mount"})
_LOOKS = frozenset({"hasattr", "getattr", "isinstance"})
# As None, for a mount and whatever else does not have it.
_ALWAYS_THERE = frozenset({"endpoint", "methods", "name", "path", "path_format"})
_FUNCTION = "fastapi.routing.iter_route_contexts"


class _Subject(NamedTuple):
    module: Module
    routes: Span
    """Of `app.routes`."""
    checked: tuple[Span, ...]
    """Of the loop's variable where `isinstance` is asked about it."""


class _Loop(NamedTuple):
    iterated: ast.expr
    target: ast.expr
    parts: tuple[ast.AST, ...]
    """What runs for each route."""
    scopes: tuple[Scope, ...]


class IterRouteContexts(Codemod):
    safety = Safety.CONTRACT
    since = (0, 137)

    def find(self, project: Project) -> Iterator[Finding]:
        for module in project.modules():
            if is_test(module.path) or not _WALKS.search(module.data):
                continue
            for index, statement in enumerate(module.facts.statements):
                text = module.statement_text(index)
                if ".routes" not in text:
                    continue
                try:
                    tree = module.tree(index)
                except (UnreadableSourceError, RecursionError):
                    continue  # whoever reads the file says so
                positions = Positions(text, statement.start, statement.line)
                for loop in _loops(tree, ()):
                    if (written := _walked(project, module, loop)) is not None:
                        yield self._finding(project, module, positions, loop, written)

    def _finding(self, project: Project, module: Module, positions: Positions, loop: _Loop, written: str) -> Finding:
        result = _rewritten(project, module, positions, loop)
        line = positions.line(loop.iterated.lineno)
        message = f"a loop over `{written}` does not see the routes of included routers"
        if not project.versions.supports_fastapi(ITER_ROUTE_CONTEXTS_SINCE):
            message += " from FastAPI 0.137 on"
        function = ".".join(scope.name for scope in loop.scopes)
        return self.finding(
            module.location(line, positions.column(loop.iterated.lineno, loop.iterated.col_offset), line),
            message,
            anchor=f"{function}:{written}",
            left_alone=result if isinstance(result, str) else None,
            subject=None if isinstance(result, str) else result,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            name = edits.name(subject.module, _FUNCTION, finding)
            edits.replace(subject.module, subject.routes, f"{name}({subject.module.code(subject.routes)})", finding)
            for span in subject.checked:
                edits.replace(subject.module, span, f"{subject.module.code(span)}.original_route", finding)


def _loops(node: ast.AST, scopes: tuple[Scope, ...]) -> Iterator[_Loop]:
    """The loops and comprehensions over something's `routes`, with the scopes that they stand in."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scopes = (*scopes, scope_of(node))
    elif isinstance(node, ast.For):
        yield _Loop(*_unwrapped(node.iter, node.target), tuple(node.body), scopes)
    elif isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp):
        first = node.generators[0]
        made = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        later = [part for g in node.generators[1:] for part in (g.iter, *g.ifs)]
        yield _Loop(*_unwrapped(first.iter, first.target), (*made, *first.ifs, *later), scopes)
    for child in children(node):
        yield from _loops(child, scopes)


def _unwrapped(iterated: ast.expr, target: ast.expr) -> tuple[ast.expr, ast.expr]:
    """What is walked and what each is called, without `list(...)` and `enumerate(...)` around it."""
    match iterated, target:
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]), ast.Tuple(elts=[_, each]):
            return _unwrapped(inner, each)
        case ast.Call(func=ast.Name(id="list" | "tuple"), args=[inner], keywords=[]), _:
            return _unwrapped(inner, target)
    return iterated, target


def _looks_for_mounts_only(loop: _Loop) -> bool:
    """`if isinstance(route, Mount)` is around all of it, or filters it."""
    match loop.parts:
        case [ast.If(test=test, orelse=[])]:
            return _asks_for_mounts(test, loop)
    return any(isinstance(part, ast.expr) and _asks_for_mounts(part, loop) for part in loop.parts)


def _asks_for_mounts(test: ast.AST, loop: _Loop) -> bool:
    match test:
        case ast.BoolOp(op=ast.And(), values=[first, *_]):
            return _asks_for_mounts(first, loop)
        case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=own), cls]):
            return (
                isinstance(loop.target, ast.Name)
                and own == loop.target.id
                and dotted(cls).rpartition(".")[2] in _NOT_INCLUDED
            )
    return False


def _walked(project: Project, module: Module, loop: _Loop) -> str | None:
    """`app.routes`, if that is what a loop walks and `app` an application or a router."""
    if not isinstance(loop.iterated, ast.Attribute) or loop.iterated.attr != "routes" or _looks_for_mounts_only(loop):
        return None
    receiver = dotted(loop.iterated.value)
    if not receiver:
        return None
    owner, _, last = receiver.rpartition(".")
    # `app.router.routes` is the same list
    for name in (receiver, owner if last == "router" else ""):
        if name and receiver_of(project, module, name, loop.scopes) is not None:
            return f"{receiver}.routes"
    if last == "app" and owner and _is_request(project, module, owner, loop.scopes):
        return f"{receiver}.routes"
    return None


def _is_request(project: Project, module: Module, name: str, scopes: tuple[Scope, ...]) -> bool:
    for function in module.facts.functions:
        if scopes and function.name == scopes[-1].name and function.scopes == scopes[:-1]:
            for parameter in function.parameters:
                if parameter.name == name and parameter.annotation is not None:
                    symbol = project.resolve(module, module.code(parameter.annotation), scopes[:-1])
                    return symbol in (Symbol(None, "fastapi.Request"), Symbol(None, "starlette.requests.Request"))
    return False


def _rewritten(project: Project, module: Module, positions: Positions, loop: _Loop) -> _Subject | str:
    if not isinstance(loop.target, ast.Name):
        return "the loop does not give each route a name"
    name = loop.target.id
    checked: list[Span] = []
    allowed: set[int] = set()
    parts = [inner for part in loop.parts for inner in walk(part)]
    for part in parts:
        match part:
            case ast.Attribute(value=ast.Name(id=own) as variable, attr=attribute, ctx=context) if own == name:
                if not isinstance(context, ast.Load):
                    advice = "; use `generate_unique_id_function`" if attribute == "operation_id" else ""
                    line = positions.line(part.lineno)
                    return f"line {line} sets `{attribute}`, which does not reach routes of included routers{advice}"
                allowed.add(id(variable))
            case ast.Call(func=ast.Name(id="setattr"), args=[ast.Name(id=own), *_]) if own == name:
                return f"line {positions.line(part.lineno)} sets an attribute, which does not reach included routes"
            case ast.Call(func=ast.Name(id=look), args=[ast.Name(id=own) as variable, *_]) if own == name:
                if look in _LOOKS:
                    asked = part.args[1] if len(part.args) > 1 else None
                    if look != "isinstance" and isinstance(asked, ast.Constant) and asked.value in _ALWAYS_THERE:
                        return (
                            f"line {positions.line(part.lineno)} asks for `{asked.value}`, which is always there then"
                        )
                    allowed.add(id(variable))
                    if look == "isinstance":
                        checked.append(positions.span(variable))
    for part in parts:
        if isinstance(part, ast.Name) and part.id == name and id(part) not in allowed:
            return f"line {positions.line(part.lineno)} does more with `{name}` than to look at it"
    if not project.versions.supports_fastapi(ITER_ROUTE_CONTEXTS_SINCE):
        return f"`iter_route_contexts` needs FastAPI {spelled(ITER_ROUTE_CONTEXTS_SINCE)}"
    if reachable_as(module, _FUNCTION) is None:
        return "the name `iter_route_contexts` means something else here"
    return _Subject(module, positions.span(loop.iterated), tuple(checked))
