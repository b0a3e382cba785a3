"""Statements that can run in a thread together, as a function of their own.

connection = sqlite3.connect(path)          def use_connection():
cursor = connection.execute(query)              connection = sqlite3.connect(path)
rows = cursor.fetchall()                        cursor = connection.execute(query)
connection.close()                              rows = cursor.fetchall()
                                                connection.close()
                                                return rows

                                            rows = await run_in_threadpool(use_connection)

What they read is seen by the function as it stands in the async one; what they give a new value and need the old one of
(`count += 1`) is handed in and back.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ....project import Span
from ....project.calls import BlockingCall
from ....project.operations import own_nodes
from ....project.reader import dotted
from ....project.suspension import WAITING, Place, locals_of, reason_against_await
from ....project.threads import Threads, root_of
from ....source.nodes import walk
from .flow import bound_by_target, flow_of, list_with, read_in, settled_before, stored_in

OPENS = re.compile(
    r"(?:builtins\.)?open|(?:io|codecs|gzip|bz2|lzma|tarfile)\.open|pathlib\.Path\.open|PIL\.Image\.open"
    r"|urllib\.request\.urlopen|zipfile\.ZipFile|tempfile\.\w*TemporaryFile|tempfile\.TemporaryDirectory"
)
"""They give something that is read later, and reading blocks as opening does."""
_BINDS = re.compile(r"sqlite3\.(?:connect|Connection\.|Cursor\.)")
"""What these give belongs to the thread that made it."""
LAZY = re.compile(r"os\.(?:walk|scandir)|pathlib\.Path\.(?:glob|rglob|iterdir|walk)|glob\.iglob")
"""They give an iterator that reads while it is used."""

_KEEPS = frozenset(
    {
        "StreamingResponse", "add_task", "append", "create_task", "ensure_future", "enter_context", "push", "put",
        "put_nowait", "register", "setattr", "submit",
    }
)  # fmt: skip
"""Calls that keep what they are given for later."""
_NEEDS_ITS_PLACE = frozenset({"super", "locals", "vars", "eval", "exec", "__class__"})
_OF_AN_EXCEPTION = frozenset({"exception", "exc_info", "format_exc", "print_exc"})


class Stretch(NamedTuple):
    place: Place
    """Of the call that it was made for."""
    statements: tuple[ast.stmt, ...]
    name: str
    """Of the function."""
    parameters: tuple[str, ...]
    results: tuple[str, ...]
    returns: bool
    """What it returns is what the async function returns."""

    @property
    def nodes(self) -> list[ast.AST]:
        return [node for statement in self.statements for node in walk(statement)]

    @property
    def span(self) -> Span:
        spans = [self.place.positions.span(statement) for statement in self.statements]
        return Span(spans[0].start, spans[-1].end)


def stretch_for(threads: Threads, call: BlockingCall, place: Place) -> tuple[ast.stmt, ...] | str | None:
    """The statements that have to go into a thread with a call; why there are none; None where the call does alone."""
    leaf = call.leaf if len(call.steps) == 1 else ""
    if (block := _block_of(place)) is not None:
        return _to_the_end(place, (block,))
    chain: list[ast.AST] = [place.call, *place.around]
    statement = next((node for node in chain if isinstance(node, ast.stmt)), None)
    if statement is None:
        return None
    match statement:
        case ast.For(iter=iterated) if iterated is place.call and (
            OPENS.fullmatch(leaf) or (LAZY.fullmatch(leaf) and leaf.endswith("walk")) or threads.is_generator(call)
        ):
            return _to_the_end(place, (statement,))
        case (
            ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.AnnAssign(target=ast.Name(id=name), value=value)
        ):
            if value is place.call and (OPENS.fullmatch(leaf) or threads.is_of_one_thread(call, place.call)):
                return _uses_of(threads, call, place, statement, name)
        case _:
            pass
    return _uses_of_session(threads, call, place)


def _uses_of_session(threads: Threads, call: BlockingCall, place: Place) -> tuple[ast.stmt, ...] | None:
    """From where the async function makes a session of its own to where it closes it: behind that, nothing that came
    from it reads the database."""
    name = root_of(place.call.func)
    made = [
        node
        for node in own_nodes(place.function)
        if isinstance(node, ast.Assign)
        and dotted(node.targets[0]) == name
        and isinstance(node.value, ast.Call)
        and threads.is_bound(call, node.value)
    ]
    if not name or len(made) != 1 or len(made[0].targets) != 1 or "." in dotted(made[0].targets[0]):
        return None
    statements = _uses_of(threads, call, place, made[0], name)
    if isinstance(statements, str) or not any(_closes(node, name) for one in statements for node in _own(one)):
        return None
    return statements


def _closes(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func) == f"{name}.close"


def _block_of(place: Place) -> ast.With | None:
    """The `with` block that a call opens, or that made the object whose method is called."""
    head = dotted(place.call.func).partition(".")[0]
    found = None
    for node in place.around:
        if isinstance(node, ast.With):
            for item in node.items:
                is_opened = item.context_expr is place.call or place.call in walk(item.context_expr)
                is_used = isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == head
                if is_opened or (is_used and isinstance(item.context_expr, ast.Call)):
                    found = node
    return found


def _to_the_end(place: Place, statements: tuple[ast.stmt, ...]) -> tuple[ast.stmt, ...]:
    """The statements; with all that follow where they may return in the middle and nothing else comes after these."""
    body = place.function.body
    if statements[0] not in body or not _returns(statements) or _always_returns(statements):
        return statements
    rest = tuple(body[body.index(statements[0]) :])
    return statements if _waits(rest) else rest


def _returns(statements: Sequence[ast.stmt]) -> bool:
    return any(isinstance(node, ast.Return) for statement in statements for node in _own(statement))


def _always_returns(statements: Sequence[ast.stmt]) -> bool:
    """Whether the one `return` is the last thing that happens."""
    last = statements[-1]
    while isinstance(last, ast.With):
        last = last.body[-1]
    returns = [node for statement in statements for node in _own(statement) if isinstance(node, ast.Return)]
    return returns == [last]


def _waits(statements: Sequence[ast.stmt]) -> bool:
    for statement in statements:
        for node in walk(statement):
            if isinstance(node, WAITING) or (isinstance(node, ast.comprehension) and node.is_async):
                return True
    return False


def _own(statement: ast.stmt) -> Iterator[ast.AST]:
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield from own_nodes(statement)


def _uses_of(
    threads: Threads, call: BlockingCall, place: Place, start: ast.stmt, name: str
) -> tuple[ast.stmt, ...] | str:
    """From where a file or connection is opened to where it, or what belongs to it, is used last."""
    chain: list[ast.AST] = [*place.around, place.function]
    outer = next((node for node in chain if list_with(node, start)), None)
    if outer is None:
        return f"`{name}` is made in another block"
    statements = list_with(outer, start)
    first = statements.index(start)
    tied = {name}
    last = first
    while True:
        inside = statements[first : last + 1]
        grown = tied | set(_tied_by(threads, call, inside, tied))
        end = max(index for index, one in enumerate(statements) if index >= first and _mentions(one, grown))
        if (grown, end) == (tied, last):
            break
        tied, last = grown, end
    whole = _to_the_end(place, tuple(statements[first : last + 1]))
    inside_nodes = {node for statement in whole for node in walk(statement)}
    for node in walk(place.function):
        if isinstance(node, ast.Name) and node.id in tied and node not in inside_nodes:
            return f"`{node.id}` is used elsewhere in `{place.function.name}`, too"
    return whole


def _tied_by(
    threads: Threads, call: BlockingCall, statements: Sequence[ast.stmt], tied: Collection[str]
) -> Iterator[str]:
    """Names for what belongs to one of `tied`: `cursor = connection.cursor()`, `same = file`."""
    for statement in statements:
        for node in _own(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=other)) if other in tied:
                    yield name
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(value=owner))):
                    if dotted(owner).partition(".")[0] in tied and threads.is_bound(call, node.value):
                        yield name
                case _:
                    pass


def _mentions(statement: ast.stmt, names: Collection[str]) -> bool:
    return any(isinstance(node, ast.Name) and node.id in names for node in walk(statement))


# What speaks against it


def analysed(
    threads: Threads,
    found: Sequence[tuple[BlockingCall, Place]],
    call: BlockingCall,
    place: Place,
    statements: tuple[ast.stmt, ...],
    taken: Collection[str],
) -> Stretch | str:
    """The stretch, or why the statements must stay where they are. `taken` are names that other stretches have."""
    if reason := _reason_of_form(place, statements) or reason_against_await(place, statements):
        return reason
    nodes = [node for statement in statements for node in _own(statement)]
    stored = stored_in(statements)
    made = _made_in(statements)
    if reason := _reason_of_shared(threads, call, place, nodes, stored, made):
        return reason
    inside = set(nodes)
    for other, where in found:
        if where.call not in inside:
            continue
        if other.leaf.startswith("sqlalchemy.") and (databases := threads.reason_of_databases) is not None:
            return databases
        is_own = _BINDS.match(other.leaf) and len(other.steps) == 1 and root_of(where.call.func) in made | {"sqlite3"}
        if not is_own and (reason := threads.reason_against(other, where, made)):
            return reason
    if reason := threads.reason_against_code(call, place.module, place.function, nodes, made):
        return reason
    names = _names_of(place, statements, stored)
    if isinstance(names, str):
        return names
    parameters, results, returns = names
    given = {name for name in results if any(_gives_bound(threads, call, node, name) for node in nodes)}
    if given:
        return f"`{min(given)}` is used behind it, too, and belongs to the thread that makes it"
    return Stretch(place, statements, _name(place, call, statements, taken), parameters, results, returns)


def _gives_bound(threads: Threads, call: BlockingCall, node: ast.AST, name: str) -> bool:
    """Whether a statement gives a name what belongs to one thread or user."""
    match node:
        case (
            ast.Assign(targets=[ast.Name(id=target)], value=value)
            | ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value)
        ):
            return target == name and threads.is_bound(call, value)
        case _:
            return False


def _reason_of_form(place: Place, statements: Sequence[ast.stmt]) -> str | None:
    module = place.module
    first, last = place.positions.span(statements[0]), place.positions.span(statements[-1])
    line_start = max(module.text.rfind("\n", 0, first.start), module.text.rfind("\r", 0, first.start)) + 1
    rest = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:[\r\n]|\Z)").match(module.text, last.end)
    if module.text[line_start : first.start].strip() or rest is None:
        return "something else stands on its line"
    what = "`with` block" if len(statements) == 1 and isinstance(statements[0], ast.With) else "code that uses it"
    if any(isinstance(node, WAITING) for one in statements for node in walk(one)):
        return f"the {what} awaits something, so it cannot run in a thread as a whole"
    if _waits(statements):
        return f"the {what} iterates over something asynchronous, so it cannot run in a thread as a whole"
    nodes = [node for statement in statements for node in _own(statement)]
    if any(isinstance(node, ast.Global | ast.Nonlocal) for one in statements for node in walk(one)):
        return f"the {what} binds names of elsewhere"
    is_tail = place.function.body[-1] is statements[-1] and statements[0] in place.function.body
    if _returns(statements) and not _always_returns(statements) and not is_tail:
        return f"the {what} may return in the middle"
    loops = [node for node in nodes if isinstance(node, ast.For | ast.While)]
    inside = {part for loop in loops for part in walk(loop)}
    if any(isinstance(node, ast.Break | ast.Continue) and node not in inside for node in nodes):
        return f"the {what} leaves a loop that it stands in"
    if any(isinstance(node, ast.Delete) for node in nodes if isinstance(node, ast.Delete) and _deletes_name(node)):
        return f"the {what} deletes a name"
    for node in (part for one in statements for part in walk(one)):
        match node:
            case ast.Name(id=name) if name in _NEEDS_ITS_PLACE:
                return f"`{name}` in it means the function that it stands in"
            case ast.Raise(exc=None) if not _is_handled_in(node, statements):
                return "it raises an exception again that is caught outside of it"
            case _:
                pass
    if any(isinstance(outer, ast.ExceptHandler) for outer in place.around):
        for node in nodes:
            if isinstance(node, ast.Attribute | ast.Name) and _last(node) in _OF_AN_EXCEPTION:
                return f"`{_last(node)}` in it reads the exception that is being handled, which a thread does not see"
    return None


def _deletes_name(node: ast.Delete) -> bool:
    return any(isinstance(target, ast.Name) for target in node.targets)


def _is_handled_in(node: ast.Raise, statements: Sequence[ast.stmt]) -> bool:
    return any(
        isinstance(handler, ast.ExceptHandler) and any(part is node for part in walk(handler))
        for statement in statements
        for handler in walk(statement)
    )


def _made_in(statements: Sequence[ast.stmt]) -> set[str]:
    """Names that get what a call gives, here: nobody else has it yet."""
    found = set()
    for statement in statements:
        for node in _own(statement):
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call()):
                    found.add(name)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call()):
                    found.add(name)
                case ast.withitem(context_expr=ast.Call(), optional_vars=ast.expr() as target):
                    found |= {*bound_by_target(target)}
                case _:
                    pass
    return found


_SESSIONS = frozenset({"db", "session", "conn", "connection", "cursor"})


def _reason_of_shared(
    threads: Threads,
    call: BlockingCall,
    place: Place,
    nodes: Sequence[ast.AST],
    stored: Collection[str],
    made: Collection[str],
) -> str | None:
    local = locals_of(place.function)
    for node in nodes:
        match node:
            case (
                ast.Attribute(value=value, ctx=ast.Store() | ast.Del())
                | ast.Subscript(value=value, ctx=ast.Store() | ast.Del())
            ):
                owner = value
                while isinstance(owner, ast.Subscript):
                    owner = owner.value
                head = dotted(owner).partition(".")[0]
                if head not in local or head in ("self", "cls"):
                    return f"the code changes `{dotted(owner) or ast.unparse(owner)}`, which requests share"
            case ast.Name(id=name) if name in _SESSIONS and name not in stored:
                return f"the code uses `{name}`, which must not be used by two threads"
            case ast.Call(func=func, args=args, keywords=keywords) if _last(func) in _KEEPS:
                given = [a for a in (*args, *(k.value for k in keywords)) if isinstance(a, ast.Name) and a.id in made]
                if _last(func) == "append":
                    given = [a for a in given if threads.is_bound(call, a)]
                if given:
                    return f"`{_last(func)}` may keep `{given[0].id}` for later"
            case _:
                pass
    return None


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _names_of(
    place: Place, statements: Sequence[ast.stmt], stored: Collection[str]
) -> tuple[tuple[str, ...], tuple[str, ...], bool] | str:
    """What the function takes and gives, and whether it ends the async one."""
    function = place.function
    for node in own_nodes(function):
        if isinstance(node, ast.Global | ast.Nonlocal) and (names := sorted(stored & {*node.names})):  # type: ignore[operator]
            return f"`{names[0]}` belongs to the module or a function around"
    flow = flow_of(statements)
    is_tail = function.body[-1] is statements[-1] and statements[0] in function.body
    returns = _returns(statements)
    results = set() if returns or is_tail else _read_behind(place, statements, stored)
    targets = {
        name
        for statement in statements
        for node in _own(statement)
        if isinstance(node, ast.withitem) and node.optional_vars is not None
        for name in bound_by_target(node.optional_vars)
    }
    if used := sorted(results & targets):
        return f"`{used[0]}` is used behind the `with` block, too"
    settled = flow.settled or frozenset()
    incoming = (flow.needed & frozenset(stored)) | frozenset(results - settled)
    before = settled_before(place, statements[0])
    if missing := sorted(incoming - before):
        return f"`{missing[0]}` may have no value before or after it"
    if (caught := _lost_where_caught(place, statements, results)) is not None:
        return f"`{caught}` would have no value where an exception is handled"
    # A function in a loop that reads what the loop binds gets it as a parameter, as linters ask (B023).
    loops = [node for node in place.around if isinstance(node, ast.For | ast.AsyncFor | ast.While)]
    of_loops = {name for loop in loops for name in stored_in([loop])} - set(stored)
    read = {name for statement in statements for name in read_in(statement)}
    parameters = [*sorted(of_loops & read & before), *sorted(incoming)]
    if returns and not is_tail and not _always_returns(statements):
        return "it may return in the middle"
    return tuple(parameters), tuple(sorted(results)), returns


def _read_behind(place: Place, statements: Sequence[ast.stmt], stored: Collection[str]) -> set[str]:
    """The names that statements bind and something that runs after them reads."""
    found: set[str] = set()
    current = set(stored)
    """Those that may still have the value from here."""
    inner: ast.AST = statements[-1]
    chain: list[ast.AST] = [*place.around, place.function]
    for outer in chain[chain.index(inner) + 1 if inner in chain else _above(chain, inner) :]:
        if isinstance(outer, ast.Try) and list_with(outer, inner) != outer.finalbody:
            handlers = outer.handlers if list_with(outer, inner) == outer.body else []
            for handler in handlers:
                found |= current & flow_of(handler.body).needed
            found |= current & flow_of(outer.finalbody).needed
        siblings = list_with(outer, inner)
        rest = siblings[siblings.index(inner) + 1 :] if siblings else []  # type: ignore[arg-type]
        flow = flow_of(rest)
        found |= current & flow.needed
        if flow.settled is not None:
            current -= flow.settled
        elif not any(isinstance(node, ast.Break | ast.Continue) for one in rest for node in walk(one)):
            break
        if isinstance(outer, ast.For | ast.AsyncFor) and inner in outer.body:
            found |= current & flow_of(outer.body, bound_by_target(outer.target)).needed
        elif isinstance(outer, ast.While) and inner in outer.body:
            found |= current & (read_in(outer.test) | flow_of(outer.body).needed)
        inner = outer
    return found | (set(stored) & _read_in_functions(place, statements))


def _above(chain: Sequence[ast.AST], statement: ast.AST) -> int:
    return next(index for index, outer in enumerate(chain) if list_with(outer, statement))


def _read_in_functions(place: Place, statements: Sequence[ast.stmt]) -> set[str]:
    """What functions that are defined in the async one, outside of the statements, read of its names."""
    inside = {node for statement in statements for node in walk(statement)}
    return {
        name
        for node in walk(place.function)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        and node is not place.function
        and node not in inside
        for name in read_in(node) - locals_of(node)
    }


def _lost_where_caught(place: Place, statements: Sequence[ast.stmt], results: Collection[str]) -> str | None:
    """A result that is read behind an exception though the statements failed after they had set it."""
    last = statements[-1]
    while isinstance(last, ast.With):
        last = last.body[-1]
    safe = {name for t in last.targets for name in bound_by_target(t)} if isinstance(last, ast.Assign) else set()
    lost = sorted(set(results) - safe)
    chain: list[ast.AST] = [*place.around, place.function]
    inner: ast.AST = statements[-1]
    for outer in chain[chain.index(inner) + 1 if inner in chain else _above(chain, inner) :] if lost else ():
        match outer:
            case ast.With() | ast.AsyncWith():
                return lost[0]  # it may go on behind an exception, as `contextlib.suppress` does
            case ast.Try(body=body, handlers=handlers, finalbody=finalbody) if inner in body:
                handling = [*finalbody, *(one for handler in handlers for one in handler.body)]
                ends = all(flow_of(handler.body).settled is None for handler in handlers)
                if not ends or any(_mentions(one, lost) for one in handling):
                    return lost[0]
            case _:
                pass
        inner = outer
    return None


# A name for the function


def _name(place: Place, call: BlockingCall, statements: Sequence[ast.stmt], taken: Collection[str]) -> str:
    names = {n.id for n in walk(place.function) if isinstance(n, ast.Name)} | locals_of(place.function)
    names |= set(place.module.facts.bindings) | set(taken)
    base = _base_of_name(call, statements)
    return next(n for number in range(1, 1000) if (n := f"{base}_{number}" if number > 1 else base) not in names)


def _base_of_name(call: BlockingCall, statements: Sequence[ast.stmt]) -> str:
    """What the function does, in a word, and with what."""
    first = statements[0]
    target: ast.expr | None = None
    match first:
        case ast.With(items=[item, *_]):
            called, target = item.context_expr, item.optional_vars
        case ast.For(iter=iterated):
            called = iterated
        case ast.Assign(targets=[target], value=value):
            called = value
        case _:
            called = ast.Constant(None)
    long = isinstance(target, ast.Name) and len(target.id) > 2
    what = target.id if isinstance(target, ast.Name) and long else "file"
    is_opened = isinstance(called, ast.Call) and dotted(called.func).rpartition(".")[2] == "open"
    if isinstance(first, ast.For):
        return "read_lines" if is_opened else "walk_files"
    if is_opened:
        modes = [part.value for part in walk(called) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        writes = any(re.fullmatch(r"[rwxabt+]{1,4}", mode) and set("wxa+") & set(mode) for mode in modes)
        return f"{'write' if writes else 'read'}_{what}"
    if _BINDS.match(call.leaf) or call.leaf.startswith("sqlalchemy."):
        return "query_database"
    return f"use_{what if long else 'it'}"
