"""A `with` block as a function of its own, which runs in a thread.

with open(path) as file:            def read_file():
    data = json.load(file)              with open(path) as file:
                                            data = json.load(file)
                                        return data

                                    data = await run_in_threadpool(read_file)
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Sequence
from itertools import islice

from ....edits import Edits
from ....edits.lines import has_string_over_lines, indent_of
from ....findings import Finding
from ....project import Span
from ....project.operations import own_nodes
from ....project.reader import dotted
from ....project.suspension import WAITING, Place, locals_of
from .helpers import Helper


def reason_against_block(place: Place, block: ast.With) -> str | None:
    module = place.module
    span = place.positions.span(block)
    line_start = max(module.text.rfind("\n", 0, span.start), module.text.rfind("\r", 0, span.start)) + 1
    if module.text[line_start : span.start].strip():
        return "something else stands on its line"
    if has_string_over_lines(module.code(span)):
        return "a string over several lines stands in the block, which would have to be indented anew"
    inner = [node for statement in block.body for node in [statement, *ast.walk(statement)]]
    if any(isinstance(node, WAITING) for node in [*inner, *(n for i in block.items for n in ast.walk(i))]):
        return "the `with` block awaits something, so it cannot run in a thread as a whole"
    if any(isinstance(node, ast.comprehension) and node.is_async for node in inner):
        return "the `with` block iterates over something asynchronous, so it cannot run in a thread as a whole"
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in inner):
        return "the `with` block binds names of elsewhere"
    returns = [node for node in inner if isinstance(node, ast.Return)]
    if len(set(returns)) > 1 or (returns and block.body[-1] is not returns[0]):
        return "the `with` block may return in the middle"
    loops = [node for node in inner if isinstance(node, ast.For | ast.While)]
    inside = {part for loop in loops for part in ast.walk(loop)}
    if any(isinstance(node, ast.Break | ast.Continue) and node not in inside for node in inner):
        return "the `with` block leaves a loop that it stands in"
    results = _results(place, block)
    top = {name for statement in block.body for name in _stored_by(statement)} | {
        name for item in block.items if item.optional_vars is not None for name in _names(item.optional_vars, ast.Store)
    }
    if missing := sorted(results - top):
        return f"`{missing[0]}` may get no value in the `with` block"
    targets = {dotted(item.optional_vars) for item in block.items if item.optional_vars is not None}
    if used := sorted(results & targets):
        return f"`{used[0]}` is used behind the `with` block, too"
    return _reason_of_names(place, block, inner, targets)


def _reason_of_names(place: Place, block: ast.With, inner: Sequence[ast.AST], targets: Collection[str]) -> str | None:
    """Why the names that the block binds and uses are no longer the same in a function of its own."""
    first: dict[str, str] = {}
    for name_node in sorted(
        (
            n
            for part in [*(i.context_expr for i in block.items), *block.body]
            for n in ast.walk(part)
            if isinstance(n, ast.Name)
        ),
        key=lambda n: (n.lineno, n.col_offset),
    ):
        first.setdefault(name_node.id, type(name_node.ctx).__name__)
    stored = {node.id for node in inner if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    augmented = {n.target.id for n in inner if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Name)}
    outside = _names_outside(place, block)
    for name in sorted(stored & outside):
        is_right_of_itself = any(
            isinstance(s, ast.Assign)
            and any(name in _names(t, ast.Store) for t in s.targets)
            and name in _names(s.value, ast.Load)
            for s in inner
        )
        if name in augmented or is_right_of_itself or first.get(name) == "Load":
            return f"`{name}` is read in the `with` block before it gets its value there"
    for node in inner:
        match node:
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                head = dotted(node.value).partition(".")[0]
                if head and head not in stored and head not in targets and head not in locals_of(place.function):
                    return f"the `with` block changes `{dotted(node.value)}`, which requests share"
            case ast.Name(id="db" | "session" | "conn" | "connection" | "cursor") if node.id not in {*targets, *stored}:
                return f"the `with` block uses `{node.id}`, which must not be used by two threads"
            case _:
                pass
    return None


def _results(place: Place, block: ast.With) -> set[str]:
    """The names that the block binds and something behind it, or in front of it in a loop, reads."""
    inside = set(ast.walk(block))
    stored = {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    end = block.end_lineno or 0, block.end_col_offset or 0
    in_loop = any(
        isinstance(node, ast.For | ast.AsyncFor | ast.While) and block in ast.walk(node) for node in place.around
    )
    found = set()
    for node in ast.walk(place.function):
        if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in stored):
            continue
        position = node.lineno, node.col_offset
        if node not in inside and (in_loop or end <= position < _bound_anew(place, block, node.id)):
            found.add(node.id)
    return found


def _bound_anew(place: Place, block: ast.With, name: str) -> tuple[int, int]:
    """Where a name gets another value behind the block, whatever happens: from there on the old one is not read."""
    last = (10**9, 0)
    for outer in [*place.around, place.function]:
        statements = getattr(outer, "body", [])
        if block not in statements:
            continue
        for statement in statements[statements.index(block) + 1 :]:
            if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(statement)):
                if isinstance(statement, ast.With):
                    targets: list[ast.AST] = [i.optional_vars for i in statement.items if i.optional_vars is not None]
                    values: list[ast.AST] = [item.context_expr for item in statement.items]
                elif isinstance(statement, ast.Assign):
                    targets, values = [*statement.targets], [statement.value]
                else:
                    return last
                is_bound = any(name in _names(target, ast.Store) for target in targets)
                is_read = any(name in _names(value, ast.Load) for value in values)
                return (statement.lineno, statement.col_offset) if is_bound and not is_read else last
    return last


def _names_outside(place: Place, block: ast.With) -> set[str]:
    inside = set(ast.walk(block))
    found = {n.id for n in own_nodes(place.function) if isinstance(n, ast.Name) and n not in inside}
    arguments = place.function.args
    return found | {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}


def _stored_by(statement: ast.stmt) -> set[str]:
    """The names that a statement binds whatever happens."""
    match statement:
        case ast.Assign(targets=targets):
            return {name for target in targets for name in _names(target, ast.Store)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
        case ast.With(items=items, body=body):
            own = {n for i in items if i.optional_vars is not None for n in _names(i.optional_vars, ast.Store)}
            return own | {name for inner in body for name in _stored_by(inner)}
        case _:
            return set()


def _names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, context)}


def write_block(place: Place, block: ast.With, helper: Helper, edits: Edits, finding: Finding) -> None:
    """The block becomes a function, which is awaited in a thread where the block stood."""
    module = place.module
    span = place.positions.span(block)
    newline = module.source.newline
    start = max(module.text.rfind("\n", 0, span.start), module.text.rfind("\r", 0, span.start)) + 1
    indent = module.text[start : span.start]
    step = indent_of(edits.project, module)
    name = _name(place, block)
    code = module.text[start : span.end]
    body = "".join(f"{step}{line}" if line.strip() else line for line in code.splitlines(keepends=True))
    call = helper.call(name, "")
    returns = isinstance(block.body[-1], ast.Return)
    results = sorted(_results(place, block))
    tail = ""
    if results:
        tail = f"{newline}{indent}{step}return {', '.join(results)}"
        call = f"{', '.join(results)} = {call}"
    elif returns:
        call = f"return {call}"
    is_typed = place.function.returns is not None and not (results or returns)
    header = f"{indent}def {name}(){' -> None' if is_typed else ''}:{newline}"
    before = module.text[:start].rstrip(" \t")
    is_first = before.rstrip().endswith(":") or before.endswith(("\n\n", "\n\r\n", "\r\r"))
    text = f"{'' if is_first else newline}{header}{body}{tail}{newline}{newline}{indent}{call}"
    edits.replace(module, Span(start, span.end), text, finding)


def _name(place: Place, block: ast.With) -> str:
    """A name for the function that nothing else has, another `with` block of the same kind included."""
    base = _base_of_name(block)
    taken = {n.id for n in ast.walk(place.function) if isinstance(n, ast.Name)} | locals_of(place.function)
    taken |= set(place.module.facts.bindings)
    before = sum(
        isinstance(node, ast.With) and node.lineno < block.lineno and _base_of_name(node) == base
        for node in ast.walk(place.function)
    )
    free = (name for number in range(1, 1000) if (name := f"{base}_{number}" if number > 1 else base) not in taken)
    return next(islice(free, before, None))


def _base_of_name(block: ast.With) -> str:
    """What the function does, in a word, and with what."""
    called = block.items[0].context_expr
    modes = [
        part.value
        for part in ast.walk(called)
        if isinstance(part, ast.Constant)
        and isinstance(part.value, str)
        and re.fullmatch(r"[rwxabt+]{1,4}", part.value)
    ]
    target = block.items[0].optional_vars
    what = target.id if isinstance(target, ast.Name) and len(target.id) > 2 else "file"
    verb = "use"
    if isinstance(called, ast.Call) and dotted(called.func).rpartition(".")[2] == "open":
        verb = "write" if any(set("wxa+") & set(mode) for mode in modes) else "read"
    elif not (isinstance(target, ast.Name) and len(target.id) > 2):
        what = "it"
    return f"{verb}_{what}"
