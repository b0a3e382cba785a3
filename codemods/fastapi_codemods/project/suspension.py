"""Where an `await` may be put in front of a call of an async function, and where it would change what happens.

    value = load(name)      ->      value = await run_in_threadpool(load, name)

While the coroutine waits, other requests run: what was one step for them becomes two.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..source import UnreadableSourceError
from ..source.nodes import children, walk
from .calls import BlockingCall
from .index import Module, Project
from .operations import own_nodes
from .reader import Positions, dotted

_LOCK = re.compile(r"(?:lock|mutex|semaphore|condition)\Z", re.IGNORECASE)

WAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith, ast.Yield, ast.YieldFrom)
"""What only a coroutine, or a generator, can do."""

MUTATORS = frozenset(
    {
        "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem", "popleft", "remove",
        "setdefault", "update",
    }
)  # fmt: skip


class Place(NamedTuple):
    """A call in an async function, with its syntax tree."""

    module: Module
    positions: Positions
    call: ast.Call
    around: tuple[ast.AST, ...]
    """What the call stands in, the innermost first, up to and without the function."""
    function: ast.AsyncFunctionDef

    @property
    def parent(self) -> ast.AST:
        return self.around[0] if self.around else self.function


def needs_parentheses(place: Place, node: ast.AST) -> bool:
    """Whether `await ...` must be put in parentheses where a node, the call or something around it, stands."""
    chain: list[ast.AST] = [place.call, *place.around]
    index = chain.index(node)
    match chain[index + 1] if index + 1 < len(chain) else None:
        case ast.Attribute() | ast.Await() | ast.BinOp(op=ast.Pow()):
            return True
        case ast.Subscript(value=inner) | ast.Call(func=inner):
            return inner is node
        case _:
            return False


def place_of(project: Project, call: BlockingCall) -> Place | None:
    """None where the call is not found again, or where Python cannot parse what it stands in."""
    module = project.module(call.path)
    if module is None:
        return None
    index = bisect_right([statement.line for statement in module.facts.statements], call.line) - 1
    if index < 0:
        return None
    statement = module.facts.statements[index]
    try:
        tree = module.tree(index)
    except (UnreadableSourceError, RecursionError):
        return None
    positions = Positions(module.statement_text(index), statement.start, statement.line)
    first, last = call.line - statement.line + 1, call.end_line - statement.line + 1
    for node, above in _with_parents(tree, first, last):
        if not isinstance(node, ast.Call) or (node.lineno, node.end_lineno) != (first, last):
            continue
        ends = positions.column(last, node.end_col_offset or 0)
        if (positions.column(first, node.col_offset), ends) == (call.column, call.end_column):
            for depth, outer in enumerate(above):
                if isinstance(outer, ast.AsyncFunctionDef):
                    return Place(module, positions, node, above[:depth], outer)
                if isinstance(outer, ast.FunctionDef | ast.ClassDef):
                    return None
    return None


def _with_parents(tree: ast.AST, first: int, last: int) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """The nodes that may hold these lines, each with what it stands in, the innermost first."""
    waiting: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(tree, ())]
    while waiting:
        node, above = waiting.pop()
        yield node, above
        for child in children(node):
            start = getattr(child, "lineno", first)
            decorators = getattr(child, "decorator_list", ())
            start = min([start, *(decorator.lineno for decorator in decorators)])
            if start <= first and (getattr(child, "end_lineno", None) or last) >= last:
                waiting.append((child, (node, *above)))


def reason_against_await(place: Place, statements: Sequence[ast.stmt] = ()) -> str | None:
    """Why the function must not wait here, or for all of the statements, which the call is a part of."""
    inner: ast.AST = place.call
    around = place.around
    if statements:
        chain = [place.call, *place.around]
        inner = next(node for node in chain if node in statements)
        around = place.around[chain.index(inner) :]
    for node in around:
        match node:
            case ast.GeneratorExp(generators=[outermost, *_]) if outermost.iter is not inner:
                return "it stands in a generator expression, which `await` makes an asynchronous one"
            case ast.comprehension() | ast.ListComp() | ast.SetComp() | ast.DictComp():
                pass
            case ast.Lambda():
                return "it stands in a lambda, which cannot await"
            case ast.JoinedStr():
                return "it stands in an f-string; give it a name in front of that"
            case ast.arguments() | ast.arg():
                return "it is a default of a function that is defined here"
            case ast.With(items=items) if inner in node.body:
                for item in items:
                    held = item.context_expr
                    name = dotted(held.func if isinstance(held, ast.Call) else held)
                    if _LOCK.search(name):
                        return f"`{name}` is held meanwhile, and a thread that waits for it would stop the event loop"
            case _:
                pass
        inner = node
    if key := _checked_then_changed(place, statements):
        return f"`{key}` is read before it and written after it, and another request may come between the two"
    return None


class _Access(NamedTuple):
    key: str
    line: int
    column: int
    is_write: bool


def _checked_then_changed(place: Place, statements: Sequence[ast.stmt]) -> str | None:
    """What requests share that is read before the call and written after it."""
    accesses = list(_accesses(place))
    written = {access.key for access in accesses if access.is_write}
    if not written:
        return None
    loop = next((n for n in reversed(place.around) if isinstance(n, ast.For | ast.AsyncFor | ast.While)), None)
    if loop in statements:
        loop = None
    begins: ast.stmt | ast.Call = statements[0] if statements else place.call
    ends: ast.stmt | ast.Call = statements[-1] if statements else place.call
    start = begins.lineno, begins.col_offset
    end = ends.end_lineno or start[0], ends.end_col_offset or start[1]
    if statements:
        # All of it runs in the thread: what it reads comes before the function goes on, what it writes after it waits.
        start, end = end, start
    first = (loop.lineno, loop.col_offset) if loop is not None else end
    last = (loop.end_lineno or start[0], loop.end_col_offset or 0) if loop is not None else start
    for key in sorted(written):
        own = [access for access in accesses if access.key == key]
        # In a loop what stands behind the call comes before the next one, too.
        read = any((access.line, access.column) < max(start, last) for access in own)
        changed = any(access.is_write and (access.line, access.column) >= min(end, first) for access in own)
        if read and changed:
            return key
    return None


def _accesses(place: Place) -> Iterator[_Access]:
    """Reads and writes of what requests share: names of the module, attributes of `self` and `app.state`."""
    function = place.function
    shared = set(place.module.facts.bindings) - locals_of(function)
    assigned: dict[ast.AST, tuple[int, int]] = {}
    """Where targets get their value: behind what is assigned to them."""
    for node in own_nodes(function):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            end = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                assigned.update((part, end) for part in walk(target))
            if isinstance(node, ast.AugAssign):
                whole: ast.expr = node.target
                while isinstance(whole, ast.Subscript):
                    whole = whole.value
                if key := _shared_key(dotted(whole), shared):
                    yield _Access(key, node.lineno, node.col_offset, is_write=False)
    for node in own_nodes(function):
        line, column = assigned.get(node) or (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        if isinstance(node, ast.Name) and node.id in shared:
            is_write = isinstance(node.ctx, ast.Store | ast.Del)
            yield _Access(node.id, line, column, is_write)
        chain: ast.expr | None = None
        is_write = False
        match node:
            case ast.Attribute(ctx=ast.Load()):
                chain = node
            case ast.Attribute(value=_, ctx=ast.Store() | ast.Del()):
                chain, is_write = node, True
            case ast.Subscript(value=value, ctx=ast.Store() | ast.Del()):
                chain, is_write = value, True
            case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in MUTATORS:
                if isinstance(value, ast.Name) and is_imported_module(place.module, value.id):
                    continue  # `os.remove(path)`
                chain, is_write = value, True
            case _:
                continue
        while isinstance(chain, ast.Subscript):
            chain = chain.value
        key = _shared_key(dotted(chain), shared)
        if key:
            yield _Access(key, line, column, is_write)


def is_imported_module(module: Module, name: str) -> bool:
    """Whether a name is that of a module, by `import os`."""
    found = [item for item in module.facts.imports if item.local == name and not item.scopes]
    return bool(found) and all(module.facts.statements[item.statement].word == "import" for item in found)


def _shared_key(chain: str, shared: set[str]) -> str:
    parts = chain.split(".")
    if parts[0] in shared and len(parts) == 1:
        return parts[0]
    if parts[0] in ("self", "cls") and len(parts) > 1:
        return ".".join(parts[:2])
    for index in range(1, len(parts) - 1):
        if parts[index] == "state" and parts[index - 1] in ("app", "application"):
            return ".".join(parts[: index + 2])
    return ".".join(parts[:2]) if parts[0] in shared else ""


_NO_ARGUMENTS = ast.arguments([], [], None, [], [], None, [])


def locals_of(function: ast.AST) -> set[str]:
    """The names that a function binds for itself."""
    arguments = function.args if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) else _NO_ARGUMENTS
    found = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    found |= {a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None}
    declared: set[str] = set()
    for node in own_nodes(function):
        if isinstance(node, ast.Global):
            declared.update(node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.ExceptHandler) and node.name:
            found.add(node.name)
    return found - declared
