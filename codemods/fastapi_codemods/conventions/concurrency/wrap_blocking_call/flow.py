"""Which names of a function have a value where: what a part of it needs from before, and what it leaves behind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ....project.suspension import Place, locals_of
from ....source.nodes import children, walk

_LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


class Flow(NamedTuple):
    needed: frozenset[str]
    """Names that are read before they certainly have a value."""
    settled: frozenset[str] | None
    """Names that certainly have one at the end; None where the end is not reached."""


def flow_of(statements: Sequence[ast.stmt], settled: Iterable[str] = ()) -> Flow:
    """What statements need, `settled` being the names that have a value in front of them."""
    needed: set[str] = set()
    current: frozenset[str] | None = frozenset(settled)
    for statement in statements:
        if current is None:
            break
        one = _flow(statement, current)
        needed |= one.needed
        current = one.settled
    return Flow(frozenset(needed), current)


def _flow(node: ast.stmt, settled: frozenset[str]) -> Flow:
    match node:
        case ast.Assign(targets=targets, value=value):
            return _simple(settled, [value, *_places_in(targets)], targets)
        case ast.AnnAssign(target=target, value=value):
            read: list[ast.AST] = [] if value is None else [value]
            return _simple(settled, [*read, *_places_in([target])], [] if value is None else [target])
        case ast.AugAssign(target=ast.Name(id=name), value=value):
            return Flow(frozenset({name, *read_in(value)} - settled), settled | {name})
        case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
            needed: frozenset[str] = frozenset()
            inside = settled
            for item in items:
                targets = [] if item.optional_vars is None else [item.optional_vars]
                one = _simple(inside, [item.context_expr, *_places_in(targets)], targets)
                needed |= one.needed
                inside = one.settled or inside
            rest = flow_of(body, inside)
            swallows = any(_last_name(item.context_expr) == "suppress" for item in items)
            return Flow(needed | rest.needed, settled if swallows else rest.settled)
        case (
            ast.For(iter=iterated, target=target, body=body, orelse=orelse)
            | ast.AsyncFor(iter=iterated, target=target, body=body, orelse=orelse)
        ):
            start = frozenset(read_in(iterated)) - settled
            inner = flow_of(body, settled | set(bound_by_target(target)))
            return Flow(start | inner.needed | flow_of(orelse, settled).needed, settled)
        case ast.While(test=test, body=body, orelse=orelse):
            start = frozenset(read_in(test)) - settled
            return Flow(start | flow_of(body, settled).needed | flow_of(orelse, settled).needed, settled)
        case ast.If(test=test, body=body, orelse=orelse):
            first, second = flow_of(body, settled), flow_of(orelse, settled)
            start = frozenset(read_in(test)) - settled
            return Flow(start | first.needed | second.needed, _both(first.settled, second.settled))
        case ast.Try():
            return _flow_of_try(node, settled)
        case ast.Match(subject=subject, cases=cases):
            found = frozenset(read_in(subject)) - settled
            for case in cases:
                captured = settled | {*_captured(case.pattern)}
                guard = frozenset(read_in(case.guard)) - captured if case.guard is not None else frozenset()
                found |= guard | flow_of(case.body, captured).needed
            return Flow(found, settled)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            read_later = frozenset(read_in(node) - locals_of(node))
            return Flow(read_later - settled - {name}, settled | {name})
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return Flow(frozenset(), settled | {(n.asname or n.name).partition(".")[0] for n in names})
        case _:
            found = frozenset(read_in(node)) - settled
            return Flow(found, None if isinstance(node, _LEAVES) else settled)


def _flow_of_try(node: ast.Try, settled: frozenset[str]) -> Flow:
    body = flow_of(node.body, settled)
    after = flow_of(node.orelse, body.settled) if body.settled is not None else Flow(frozenset(), None)
    needed, end = body.needed | after.needed, after.settled
    for handler in node.handlers:
        inside = flow_of(handler.body, settled | ({handler.name} if handler.name else set()))
        needed |= inside.needed | (frozenset(read_in(handler.type)) - settled if handler.type else frozenset())
        end = _both(end, inside.settled)
    last = flow_of(node.finalbody, settled)
    if end is not None and last.settled is not None:
        return Flow(needed | last.needed, end | last.settled)
    return Flow(needed | last.needed, None)


def _simple(settled: frozenset[str], read: Iterable[ast.AST], targets: Iterable[ast.expr]) -> Flow:
    needed = {name for node in read for name in read_in(node)} - settled
    return Flow(frozenset(needed), settled.union(*(bound_by_target(target) for target in targets)))


def _both(first: frozenset[str] | None, second: frozenset[str] | None) -> frozenset[str] | None:
    if first is None or second is None:
        return second if first is None else first
    return first & second


def _places_in(targets: Iterable[ast.expr]) -> Iterator[ast.AST]:
    """What targets read: `rows[key] = 1` reads `rows` and `key`."""
    for target in targets:
        match target:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                yield from _places_in(parts)
            case ast.Starred(value=value):
                yield from _places_in([value])
            case ast.Name():
                pass
            case _:
                yield target


def bound_by_target(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name(id=name):
            yield name
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                yield from bound_by_target(part)
        case ast.Starred(value=value):
            yield from bound_by_target(value)
        case _:
            pass


def _captured(pattern: ast.pattern) -> Iterator[str]:
    for part in walk(pattern):
        name = getattr(part, "name", None) or getattr(part, "rest", None)
        if isinstance(name, str):
            yield name


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def read_in(node: ast.AST) -> set[str]:
    """Names that are read, in functions and comprehensions within it as well."""
    return {n.id for n in walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def stored_in(statements: Iterable[ast.stmt]) -> set[str]:
    """The names that statements bind for the function they stand in: those of comprehensions and functions are not."""
    found: set[str] = set()
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
                continue
            case ast.Lambda():
                continue
            case ast.comprehension():
                waiting += [node.iter, *node.ifs]
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                found.add(name)
            case ast.alias():
                found.add((node.asname or node.name).partition(".")[0])
            case ast.ExceptHandler(name=str() as name):
                found.add(name)
            case (
                ast.MatchAs(name=str() as name)
                | ast.MatchStar(name=str() as name)
                | ast.MatchMapping(rest=str() as name)
            ):
                found.add(name)
            case _:
                pass
        waiting.extend(children(node))
    return found


def settled_before(place: Place, first: ast.stmt) -> frozenset[str]:
    """Names of the function that certainly have a value in front of a statement."""
    arguments = place.function.args
    settled = frozenset(
        a.arg
        for a in (
            *arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg
        )
        if a is not None
    )  # fmt: skip
    chain: list[ast.AST] = [place.function, *reversed(place.around)]
    for outer, inner in pairwise(chain):
        match outer:
            case ast.For(target=target) | ast.AsyncFor(target=target) if inner in outer.body:
                settled |= {*bound_by_target(target)}
            case ast.With(items=items) | ast.AsyncWith(items=items) if inner in outer.body:
                for item in items:
                    settled |= {*bound_by_target(item.optional_vars)} if item.optional_vars is not None else set()
            case ast.ExceptHandler(name=str() as name):
                settled |= {name}
            case _:
                pass
        statements = list_with(outer, inner)
        if statements:
            before = statements[: statements.index(inner)]  # type: ignore[arg-type]
            settled = flow_of(before, settled).settled or settled
        if inner is first:
            break
    return settled


def list_with(outer: ast.AST, inner: ast.AST) -> list[ast.stmt]:
    """The statements of `outer` that `inner` is one of; empty where it is none."""
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(outer, field, None)
        if isinstance(statements, list) and inner in statements:
            return statements
    return []
