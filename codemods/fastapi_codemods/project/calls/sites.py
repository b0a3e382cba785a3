"""The calls of interest in a file, proven by its syntax trees."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence

from ...source.statements import in_code
from .. import blocking
from ..index import Module, Project, Symbol
from ..outlines import may_hold
from ..reader import ROUTE_METHODS, Positions, dotted, statements_within
from ..types import Frame, FunctionNode, Types, last_name, own_nodes, parts_of_body, parts_that_run, yields
from .model import Caller, Site, Wanted
from .skim import places_in, text_of


def sites_of(project: Project, types: Types, file: Wanted, targets: Collection[Symbol]) -> Iterator[Site]:
    try:
        places = sorted(places_in(text_of(project.data(file.path)), file))
    except OSError:
        return
    module = project.module(file.path) if places else None
    if module is None:
        return
    with module.text_for_now():
        starts = [statement.start for statement in module.facts.statements]
        by_statement: dict[int, list[int]] = {}
        for place in places:
            by_statement.setdefault(bisect_right(starts, place) - 1, []).append(place)
        for index, inside in by_statement.items():
            text = module.statement_text(index) if index >= 0 else ""
            if "def " in text or "lambda" in text:
                real = in_code(text, [place - starts[index] for place in inside])
                if real:
                    yield from _sites_in(types, module, index, [starts[index] + place for place in real], file, targets)


def _sites_in(
    types: Types, module: Module, index: int, places: Sequence[int], file: Wanted, targets: Collection[Symbol]
) -> Iterator[Site]:
    """The calls of interest at the places in one statement."""
    statement = module.facts.statements[index]
    positions = Positions(module.statement_text(index), statement.start, statement.line)
    lines = sorted({positions.line_of(place) for place in places})
    for name, frame in _functions(Frame(module, ()), types.tree(module, index).body, lines):
        caller: Caller | None = None
        for call, used in _calls_at(types, frame.nodes[-1], lines):
            if _called(call) not in file.names and blocking.ANY not in file.names:
                continue
            if (target := _target(types, frame, call, targets)) is None:
                continue
            # `await open(path)` blocks before it fails; an object's class may be less certain than that it is awaited.
            if used == "awaited" and not (target.path is None and target.name in blocking.CALLS):
                continue
            caller = caller or _caller(types, frame, Symbol(module.path, name))
            yield Site(
                caller,
                target,
                used,
                positions.line(call.lineno),
                positions.column(call.lineno, call.col_offset),
                positions.line(call.end_lineno or call.lineno),
                positions.column(call.end_lineno or call.lineno, call.end_col_offset or call.col_offset),
                _written(call.func),
            )


def _written(node: ast.expr) -> str:
    text = dotted(node) or ast.unparse(node)
    return text if len(text) <= _LONGEST and "\n" not in text else f"….{text.rpartition('.')[2]}"


_LONGEST = 60


def _holds(node: ast.AST, lines: Sequence[int]) -> bool:
    first = getattr(node, "lineno", 0)
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= (getattr(node, "end_lineno", None) or first)


def _calls_at(types: Types, function: ast.AST, lines: Sequence[int]) -> Iterator[tuple[ast.Call, str]]:
    """The calls on these lines that the function itself makes, and how their values are used."""
    used: dict[ast.AST, str] = {}
    waiting = parts_of_body(function)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt) and not isinstance(node, FunctionNode) and not _holds(node, lines):
            continue
        _note_use(node, used)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            for part in node.generators:
                types.note_comprehension(function, part)
        if isinstance(node, ast.Call) and _holds(node, lines):
            yield node, used.get(node, "")
        waiting += reversed(parts_that_run(node))


_DEFINES = re.compile(r"def |class |lambda")


def _functions(around: Frame, body: Iterable[ast.stmt], lines: Sequence[int]) -> Iterator[tuple[str, Frame]]:
    """Every function on these lines, and every lambda with a name, at whatever depth, with its qualified name."""
    for node in statements_within(body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if _holds(node, lines):
                inside = around._replace(nodes=(*around.nodes, node))
                if isinstance(node, FunctionNode):
                    yield inside.name, inside
                    if not may_hold(node.body, _DEFINES):
                        continue
                yield from _functions(inside, node.body, lines)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function) if _holds(node, lines):
                inside = around._replace(nodes=(*around.nodes, function))
                yield f"{around.name}.{name}" if around.nodes else name, inside
            case _:
                pass


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


_CONSUMERS = frozenset(
    {"all", "any", "dict", "frozenset", "list", "max", "min", "next", "set", "sorted", "sum", "tuple"}
)


def _note_use(node: ast.AST, used: dict[ast.AST, str]) -> None:
    """Remember what a node does with the values within it."""
    match node:
        case ast.Await(value=value):
            used[value] = "awaited"
        case ast.AsyncWith():
            used.update((item.context_expr, "awaited") for item in node.items)
        case ast.AsyncFor():
            used[node.iter] = "awaited"
        case ast.For(iter=value) | ast.YieldFrom(value=value) | ast.Starred(value=value):
            used[value] = "iterated"
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            used.update((part.iter, "awaited" if part.is_async else "iterated") for part in node.generators)
        case ast.With():
            used.update((item.context_expr, "entered") for item in node.items)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _CONSUMERS:
            used[first] = "iterated"
        case ast.Call(func=ast.Attribute(attr="enter_context"), args=[first]):
            used[first] = "entered"
        case _:
            pass


def _target(types: Types, frame: Frame, call: ast.Call, targets: Collection[Symbol]) -> Symbol | None:
    """What a call runs, if that is of interest."""
    value = types.value(frame, call.func)
    if value is None or value.is_object:
        return None
    symbol = value.symbol
    if symbol.path is None:
        if targets or not blocking.blocks(symbol.name):
            return None
        if symbol.name in blocking.CONNECTS_WITH_ARGUMENT and not (call.args or call.keywords):
            return None
        return symbol
    if not targets:
        return None
    if symbol not in targets:
        definition = types.definition(symbol)
        if definition is None or not isinstance(definition.nodes[-1], ast.ClassDef):
            return None
        made = types.member(value._replace(is_object=True), "__init__")
        if made is None:
            return None
        symbol = made.symbol
    return symbol if symbol in targets else None


_RUNS_AT_ONCE = frozenset(
    {"abstractmethod", "classmethod", "override", "retry", "staticmethod", "validate_call", "wraps"}
)


_AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def _caller(types: Types, frame: Frame, symbol: Symbol) -> Caller:
    node = frame.nodes[-1]
    if not isinstance(node, FunctionNode):
        return Caller(symbol, False, "", types.is_only(symbol), False, False, False)
    decorators = [last_name(decorator) for decorator in node.decorator_list]
    lazy = "generator" if isinstance(node, ast.FunctionDef) and yields(node) else ""
    if lazy and "contextmanager" in decorators:
        lazy = "manager"
    has_parameters = bool(node.args.args or node.args.posonlyargs or node.args.kwonlyargs)
    is_plain = (isinstance(node, ast.AsyncFunctionDef) or types.is_only(symbol)) and all(
        name in _RUNS_AT_ONCE
        or name in ROUTE_METHODS
        or (name == "contextmanager" and lazy == "manager")
        or (name in ("cache", "lru_cache") and has_parameters)
        for name in decorators
    )
    is_handler = any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in ROUTE_METHODS
        for d in node.decorator_list
    )
    awaits = is_handler and any(
        isinstance(inner, _AWAITING) or (isinstance(inner, ast.comprehension) and bool(inner.is_async))
        for inner in own_nodes(node)
    )
    is_async = isinstance(node, ast.AsyncFunctionDef)
    return Caller(symbol, is_async, lazy, is_plain, _is_startup(node, decorators), is_handler, awaits)


def _is_startup(node: FunctionNode, decorators: Sequence[str]) -> bool:
    """Whether the function is a lifespan or a handler of startup or shutdown."""
    if "on_event" in decorators:
        return True
    annotations = [last_name(a.annotation) for a in node.args.args if a.annotation is not None]
    return "asynccontextmanager" in decorators and not {"FastAPI", "Starlette"}.isdisjoint(annotations)
