"""What is put into a thread as a whole: one call, an expression with several, or a stretch of statements."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from ....edits import Edits
from ....findings import Finding
from ....project import Span, blocking
from ....project.calls import BlockingCall
from ....project.operations import own_nodes
from ....project.reader import dotted
from ....project.suspension import WAITING, Place, locals_of, needs_parentheses, reason_against_await
from ....project.threads import Threads
from ....source.nodes import walk
from .helpers import Helper
from .stretches import LAZY, OPENS, Stretch, analysed, stretch_for

_READ_AT_ONCE = frozenset({"load", "safe_load", "full_load", "parse", "loads"})
_CONSUMERS = frozenset(
    {"all", "any", "dict", "frozenset", "len", "list", "max", "min", "set", "sorted", "sum", "tuple"}
)


class Unit(NamedTuple):
    """What one edit puts into a thread."""

    place: Place
    node: ast.expr
    """The call, or what is around it."""
    how: str
    """`call`, `lambda` or `list` (of an iterator)."""

    @property
    def nodes(self) -> list[ast.AST]:
        """What of it runs in the thread; of a plain call the arguments are worked out before."""
        return [] if self.how == "call" else list(own_nodes(self.node))

    def write(self, helper: Helper, edits: Edits, finding: Finding) -> None:
        if self.how == "list":
            span = self.place.positions.span(self.node)
            edits.replace(self.place.module, span, helper.call("list", self.place.module.code(span)), finding)
        else:
            _write_expression(self, helper, edits, finding)


def units_of(
    threads: Threads, found: Sequence[tuple[BlockingCall, Place]]
) -> Iterator[tuple[BlockingCall, Place, Unit | Stretch | str]]:
    """Each call of a file with what goes into a thread with it, or why it cannot."""
    stretches, refused = _stretches(threads, found)
    made: list[tuple[BlockingCall, Place, Unit | str]] = []
    for call, place in found:
        own = next((stretches[node] for node in place.around if node in stretches), None)
        if own is not None:
            yield call, place, own
            continue
        unit = refused.get(place.call) or reason_against_await(place) or _unit(threads, call, place)
        if isinstance(unit, Unit):
            unit = threads.reason_against(call, place) or unit
        made.append((call, place, unit))
    units: dict[ast.AST, Unit] = {unit.node: unit for _, _, unit in made if isinstance(unit, Unit)}
    parts = {place.call for _, place, _ in made}
    for call, place, unit in made:
        if isinstance(unit, Unit):
            # What stands in something that goes into a thread as a whole goes with it.
            outer = next((units[node] for node in reversed(place.around) if node in units), unit)
            whole = _whole(unit if outer.how == "list" else outer, parts)
            if isinstance(whole, Unit) and whole.how == "lambda":
                nodes = list(own_nodes(whole.node))
                whole = threads.reason_against_code(call, place.module, place.function, nodes, ()) or whole
            yield call, place, whole
        else:
            yield call, place, unit


def _stretches(
    threads: Threads, found: Sequence[tuple[BlockingCall, Place]]
) -> tuple[dict[ast.AST, Stretch], dict[ast.AST, str]]:
    """The stretches of a file by their statements, and why there are none for calls that need one."""
    accepted: dict[ast.AST, Stretch] = {}
    refused: dict[ast.AST, str] = {}
    names: dict[ast.AST, set[str]] = {}
    wanted: list[tuple[BlockingCall, Place, tuple[ast.stmt, ...]]] = []
    for call, place in found:
        if isinstance(place.parent, ast.Await):
            continue
        statements = stretch_for(threads, call, place)
        if isinstance(statements, str):
            refused[place.call] = statements
        elif statements is not None:
            wanted.append((call, place, statements))
    # The longer one has the shorter ones in it.
    for call, place, statements in sorted(wanted, key=lambda one: -_lines(one[2])):
        if any(node in accepted for node in [*place.around, *statements]):
            if not any(node in accepted for node in place.around):
                refused[place.call] = "other code that goes into a thread overlaps with what uses it"
            continue
        taken = names.setdefault(place.function, set())
        stretch = analysed(threads, found, call, place, statements, taken)
        if isinstance(stretch, str):
            refused[place.call] = stretch
            continue
        taken.add(stretch.name)
        accepted.update((statement, stretch) for statement in statements)
    return accepted, refused


def _lines(statements: Sequence[ast.stmt]) -> int:
    return (statements[-1].end_lineno or 0) - statements[0].lineno


def _whole(unit: Unit, parts: Collection[ast.AST]) -> Unit | str:
    """The unit; as a lambda where other calls that block are part of it."""
    if unit.how == "list":
        return unit
    if unit.how == "call" and not any(node in parts and node is not unit.node for node in walk(unit.node)):
        return unit
    for node in walk(unit.node):
        if isinstance(node, WAITING):
            return "a part of it awaits something, and all of it would have to run in the thread"
        if isinstance(node, ast.NamedExpr):
            return f"`{ast.unparse(node.target)} :=` in it would bind a name of the function that runs in the thread"
        if isinstance(node, ast.Call) and dotted(node.func) == "super":
            return "`super()` in it needs the method it stands in"
    return unit._replace(how="lambda")


def _unit(threads: Threads, call: BlockingCall, place: Place) -> Unit | str:
    node = place.call
    if isinstance(place.parent, ast.Await):
        return "it is awaited, which what it gives cannot be"
    leaf = call.leaf if len(call.steps) == 1 else ""
    if leaf == "input":
        return "it waits for someone at a terminal, who could not interrupt a thread"
    if threads.is_generator(call):
        return _unit_of_generator(place)
    if LAZY.fullmatch(leaf):
        return _unit_of_iterator(place)
    if OPENS.fullmatch(leaf):
        return _unit_of_opened(place)
    match node.func:
        case ast.Attribute(value=ast.Name(id=name)) if leaf.startswith(f"{blocking.FILE}."):
            if name in locals_of(place.function):
                return f"`{name}` is opened somewhere else; open and use it in one function in the thread"
        case _:
            pass
    return Unit(place, node, "call")


def _unit_of_iterator(place: Place) -> Unit | str:
    match place.parent:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _CONSUMERS and first is place.call:
            return Unit(place, place.parent, "lambda")
        case ast.For(iter=iterated) | ast.comprehension(iter=iterated) if iterated is place.call:
            if isinstance(place.call.func, ast.Attribute) and place.call.func.attr == "walk":
                return "what it finds depends on what the loop does with its lists, so it cannot be read beforehand"
            return Unit(place, place.call, "list")
        case _:
            return "it reads while it is iterated over; make a list of it in the thread"


def _unit_of_generator(place: Place) -> Unit | str:
    match place.parent:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _CONSUMERS and first is place.call:
            return Unit(place, place.parent, "lambda")
        case _:
            return "it is a generator, which blocks while it is iterated over"


def _unit_of_opened(place: Place) -> Unit | str:
    node: ast.expr = place.call
    around = list(place.around)
    match around[0] if around else None:
        case ast.Attribute():
            while len(around) > 1 and isinstance(around[0], ast.Attribute) and isinstance(around[1], ast.Call):
                if around[1].func is not around[0]:
                    break
                node = around[1]
                around = around[2:]
            if node is not place.call:
                return Unit(place, node, "lambda")
        case ast.Call(func=func, args=[first]) as outer if first is node and dotted(func).rpartition(".")[2] in (
            _READ_AT_ONCE | _CONSUMERS
        ):
            return Unit(place, outer, "lambda")
        case _:
            pass
    return "what it opens is read later; open and read it in a function that runs in the thread"


# Expressions


def _write_expression(unit: Unit, helper: Helper, edits: Edits, finding: Finding) -> None:
    place = unit.place
    module = place.module
    assert isinstance(unit.node, ast.expr)
    span = place.positions.span(unit.node)
    start, end = ("(", ")") if needs_parentheses(place, unit.node) else ("", "")
    names = {keyword.arg for keyword in place.call.keywords}
    is_plain = not names or (helper.takes_keywords and not names & {*helper.parameters, None}) or helper.is_curried
    if unit.how == "lambda" or unit.node is not place.call or not is_plain:
        edits.replace(module, span, f"{start}{helper.call(f'lambda: {module.code(span)}', '')}{end}", finding)
        return
    function = place.positions.span(place.call.func)
    opening = module.text.index("(", function.end)
    arguments = module.text[opening + 1 : span.end - 1]
    gap = arguments[: len(arguments) - len(arguments.lstrip())]
    code = module.code(function)
    if gap and not helper.is_curried:
        # The arguments stand on lines of their own, and so does the function.
        edits.replace(module, Span(span.start, opening + 1), f"{start}await {helper.expression}({gap}{code},", finding)
    elif helper.is_curried:
        edits.replace(module, Span(span.start, opening + 1), f"{start}await {helper.expression}({code})(", finding)
    else:
        comma = ", " if arguments.strip() else ""
        if len(place.call.args) == 1 and isinstance(place.call.args[0], ast.GeneratorExp) and not names:
            inner = place.positions.span(place.call.args[0])
            if inner.start == opening:  # `f(x for x in y)`: its parentheses are those of the call
                arguments = f"({arguments})"
                text = f"{start}await {helper.expression}({code}, {arguments}){end}"
                edits.replace(module, span, text, finding)
                return
        edits.replace(module, Span(span.start, opening + 1), f"{start}await {helper.expression}({code}{comma}", finding)
    if end:
        edits.insert(module, span.end, end, finding)
