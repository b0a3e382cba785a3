"""A module as its top-level statements: what each binds, reads and does when the module is imported."""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from ....project import Module, Project, Span
from ....project.model import Function
from ....project.names import NameFacts, names_of
from ....project.reader import ROUTE_METHODS, Positions, dotted
from ....source.nodes import children, walk
from ....source.statements import line_starts

# What depends on the module it stands in.
_OF_THE_MODULE = {
    "__file__": "`__file__` would be another file",
    "__name__": "`__name__` would be another name",
    "__package__": "`__package__` would be another package",
    "__spec__": "`__spec__` would be that of another module",
    "globals": "`globals()` would be those of another module",
    "exec": "`exec` sees the names of its module",
    "eval": "`eval` sees the names of its module",
}

# Calls that neither look at the world nor change it: when they run makes no difference.
_INERT_CALLS = (
    "fastapi.", "starlette.", "pydantic.", "typing.", "typing_extensions.", "collections.", "re.compile", "enum.",
    "logging.getLogger", "dataclasses.", "datetime.timedelta", "datetime.timezone", "decimal.Decimal", "uuid.UUID",
    "pathlib.Path", "pathlib.PurePath", "threading.Lock", "threading.RLock", "asyncio.Lock", "asyncio.Event",
    "asyncio.Queue", "asyncio.Semaphore", "functools.partial", "itertools.", "operator.", "contextvars.ContextVar",
    "passlib.", "slowapi.Limiter", "fractions.",
)  # fmt: skip
_INERT_BUILTINS = frozenset(
    {"bool", "bytes", "dict", "float", "frozenset", "int", "len", "list", "max", "min", "range", "set", "sorted", "str",
     "sum", "tuple", "zip"}
)  # fmt: skip
_LOGGERS = frozenset(
    {"logging.getLogger", "structlog.get_logger", "structlog.getLogger", "structlog.stdlib.get_logger"}
)
_MAKES_LOGGERS = re.compile(
    r"(?:[a-z]+_)?(?:get|init|make|create|set_?up|configure|build|new)?_?logger|getLogger", re.IGNORECASE
)
"""The project's own functions that are to be called in each module: `init_logger(__name__)`."""

_TASKS = (".task", "shared_task", ".actor", ".job")


class Owner(NamedTuple):
    """Where a handler stands that a function makes."""

    name: str
    """Of the function."""
    statement: int
    node: ast.FunctionDef | ast.AsyncFunctionDef
    """The handler."""
    first_line: int
    last_line: int
    """In the module, decorators included."""
    offset: int
    indent: str
    behind: int
    """Offset of the statement behind it, -1 where it is the last."""
    behind_text: str
    before_text: str
    """The first line of the statements around it, without comments."""


class Unit:
    """One top-level statement. Two simple statements on one line are one that cannot be moved."""

    def __init__(
        self, module: Module, index: int, start: int, end: int, comments: int, owner: Owner | None = None
    ) -> None:
        self.index = index
        self.owner = owner
        """The function that it stands in; None for a statement of the module."""
        self.statement = index if owner is None else owner.statement
        statement = module.facts.statements[self.statement]
        self.line = statement.line if owner is None else owner.first_line
        self.offset = statement.start if owner is None else owner.offset
        """Of its first character of code."""
        self.span = Span(start, end)
        """With the comments above it, and the blank lines above those: all that goes when it goes."""
        self.text = module.text[comments:end].rstrip()
        """With the comments above it."""
        self.text_start = comments
        self.line_count = module.text.count("\n", start, end) + (end == len(module.text) and start < end)
        self.body = module.tree(index).body if owner is None else [owner.node]
        self.binds: set[str] = set()
        self.rebinds: set[str] = set()
        """Names that functions in it bind with `global`."""
        self.reads: set[str] = set()
        self.reads_at_import: set[str] = set()
        """Those of `reads` that are read when the module is imported: in decorators, defaults, annotations."""

    @property
    def node(self) -> ast.stmt:
        return self.body[0]

    @property
    def is_import(self) -> bool:
        return all(isinstance(node, ast.Import | ast.ImportFrom) for node in self.body)

    @property
    def is_definition(self) -> bool:
        return len(self.body) == 1 and isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    @property
    def is_docstring(self) -> bool:
        return len(self.body) == 1 and isinstance(self.node, ast.Expr) and isinstance(self.node.value, ast.Constant)

    @property
    def type_checking(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        """The imports of an `if TYPE_CHECKING:` that holds nothing else."""
        node = self.node
        if len(self.body) == 1 and isinstance(node, ast.If) and not node.orelse:
            imports = tuple(inner for inner in node.body if isinstance(inner, ast.Import | ast.ImportFrom))
            if len(imports) == len(node.body) and _is_for_type_checkers(node):
                return imports
        return ()

    @property
    def imports(self) -> tuple[ast.Import | ast.ImportFrom, ...]:
        if self.is_import:
            return tuple(node for node in self.body if isinstance(node, ast.Import | ast.ImportFrom))
        return self.type_checking

    @property
    def imports_within(self) -> bool:
        """Whether it is a `try` or `if` around imports."""
        return isinstance(self.node, ast.Try | ast.If)

    @property
    def names(self) -> str:
        """What to call it in a sentence."""
        if self.binds:
            return ", ".join(f"`{name}`" for name in sorted(self.binds))
        if self.owner is not None:
            return f"`{self.owner.node.name}`"
        first = self.text[self.offset - self.text_start :].partition("\n")[0].strip()
        return f"`{first}`"


class Sheet(NamedTuple):
    """A module taken apart."""

    project: Project
    module: Module
    units: tuple[Unit, ...]
    nested: Mapping[int, Unit]
    """Handlers that functions make, by indexes behind those of the statements."""
    names: Mapping[str, NameFacts]
    binders: Mapping[str, tuple[int, ...]]
    """The statements that bind a module-level name, by their index, `global` in functions not counted."""
    stars: bool
    """`from x import *`: names may come from anywhere."""
    unit_at: Callable[[int], Unit]
    """The unit that a line stands in."""

    @property
    def every(self) -> tuple[Unit, ...]:
        return (*self.units, *self.nested.values())

    def unit(self, index: int) -> Unit:
        return self.units[index] if index < len(self.units) else self.nested[index]

    def mentions(self, name: str) -> list[Unit]:
        return [unit for unit in self.every if name in unit.reads or name in unit.binds or name in unit.rebinds]


def sheet_of(project: Project, module: Module) -> Sheet:
    """Raises `UnreadableSourceError` where a statement cannot be parsed."""
    names = names_of(project, module)
    units = tuple(_units(module))
    lines = [unit.line for unit in units]
    nested = {unit.index: unit for unit in _nested(module)}
    by_line = {
        line: unit
        for unit in nested.values()
        if unit.owner is not None
        for line in range(unit.owner.first_line, unit.owner.last_line + 1)
    }

    def at(line: int) -> Unit:
        return by_line.get(line) or units[max(bisect_right(lines, line) - 1, 0)]

    binders: dict[str, list[int]] = {}
    for name, facts in names.items():
        for place in facts.read:
            unit = at(place.line)
            unit.reads.add(name)
            if not place.function or (unit.owner is not None and place.line < _body_line(unit.owner)):
                unit.reads_at_import.add(name)
        for place in facts.defined:
            unit = at(place.line)
            unit.binds.add(name)
            if unit.index not in binders.setdefault(name, []):
                binders[name].append(unit.index)
        for change in facts.rebound:
            unit = at(change.place.line)
            (unit.rebinds if change.how == "global" else unit.binds).add(name)
            if change.how != "global" and unit.index not in binders.setdefault(name, []):
                binders[name].append(unit.index)
    for unit in units:
        for name in _quoted(unit):
            if name in names and name not in unit.binds:
                unit.reads.add(name)
    by_name = {name: tuple(found) for name, found in binders.items()}
    return Sheet(project, module, units, nested, names, by_name, bool(module.facts.stars), at)


def _quoted(unit: Unit) -> Iterator[str]:
    """The names in strings of a type alias: `Tree = dict[str, "Node"]`."""
    if isinstance(unit.node, ast.Assign | ast.AnnAssign) and isinstance(unit.node.value, ast.Subscript | ast.BinOp):
        for node in walk(unit.node.value):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                yield node.value


def _units(module: Module) -> Iterator[Unit]:
    text = module.text
    before = 0
    for index, statement in enumerate(module.facts.statements):
        own = module.statement_text(index)
        starts = [*line_starts(own), len(own)]
        last = module.tree(index).body[-1].end_lineno or 1
        end = statement.start + starts[min(last, len(starts) - 1)]
        # Indented comments below a function's last line are still its own.
        rest = text[end : statement.end]
        for line in _lines(rest):
            if line.strip() and not line.startswith((" ", "\t")):
                break
            if line.strip():
                end += rest.index(line) + len(line)
                break
        gap = text[before : statement.start]
        comments = before + len(gap) - len(gap.lstrip("\r\n\f \t"))
        yield Unit(module, index, before, end, min(comments, statement.start))
        before = end


def made_in_functions(module: Module) -> Mapping[int, Function]:
    """The handlers that stand for themselves in the body of a function at module level, by the index of their unit."""

    def find() -> dict[int, Function]:
        first = len(module.facts.statements)
        found = (
            function
            for function in module.facts.functions
            if len(function.scopes) == 1
            and function.scopes[0].kind == "function"
            and not (function.conditional or function.looped)
            and any(_is_route(decorator.name, function.scopes[0].names) for decorator in function.decorators)
        )
        return {first + number: function for number, function in enumerate(found)}

    return module.remembered("split-router: made in functions", find)


def _is_route(name: str, names: frozenset[str]) -> bool:
    receiver, _, method = name.rpartition(".")
    return method in ROUTE_METHODS and receiver in names


def _nested(module: Module) -> Iterator[Unit]:
    text = module.text
    for index, function in made_in_functions(module).items():
        statement = module.facts.statements[function.statement]
        match module.tree(function.statement).body:
            case [ast.FunctionDef() | ast.AsyncFunctionDef() as factory] if factory.name == function.scopes[0].name:
                pass
            case _:
                continue
        own = module.statement_text(function.statement)
        positions = Positions(own, statement.start, statement.line)
        for number, node in enumerate(factory.body):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if positions.line(node.lineno) != function.line or node.name != function.name:
                continue
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            # `ast` counts a decorator from behind its `@`.
            offset = (
                text.rindex("@", 0, positions.offset(first, node.col_offset) + 2)
                if first < node.lineno
                else (positions.span(node).start)
            )
            line_start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
            before = factory.body[number - 1] if number else None
            start = line_start if before is None else _line_end(text, positions.span(before).end)
            end = _line_end(text, positions.span(node).end)
            gap = _lines(text[start:line_start])
            blank = next((n for n, line in enumerate(gap) if line.strip()), len(gap))
            comments = start + sum(map(len, gap[:blank]))
            behind = factory.body[number + 1] if number + 1 < len(factory.body) else None
            at = -1 if behind is None else positions.span(behind).start
            owner = Owner(
                factory.name,
                function.statement,
                node,
                positions.line(first),
                positions.line(node.end_lineno or node.lineno),
                offset,
                text[line_start:offset],
                at,
                "" if behind is None else text[at:].partition("\n")[0],
                "" if before is None else text[positions.span(before).start :].partition("\n")[0],
            )
            yield Unit(module, index, start, end, comments, owner)


def _line_end(text: str, offset: int) -> int:
    """Behind the line break that ends the line."""
    found = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)").match(text, offset)
    return found.end() if found is not None else offset


def _body_line(owner: Owner) -> int:
    """The module's line in which the handler's body begins."""
    return (
        owner.first_line
        + owner.node.body[0].lineno
        - min([owner.node.lineno, *(decorator.lineno for decorator in owner.node.decorator_list)])
    )


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


# What a statement does when it runs


def is_inert(sheet: Sheet, unit: Unit) -> bool:
    """Whether it makes no difference when the statement runs, as long as the names that it reads are there."""
    if unit.is_definition or unit.is_docstring or unit.type_checking:
        return True
    if len(unit.body) != 1 or not isinstance(unit.node, ast.Assign | ast.AnnAssign):
        return False
    value = unit.node.value
    if value is None:
        return True
    for node in walk(value):
        match node:
            case ast.Call(func=func):
                if not is_inert_call(sheet, func):
                    return False
            case ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr():
                return False
            case ast.Attribute():
                symbol = sheet.project.resolve(sheet.module, dotted(node))
                if symbol is not None and symbol.path is None and symbol.name.startswith(("os.", "sys.")):
                    return False
    return True


def is_inert_call(sheet: Sheet, func: ast.expr) -> bool:
    """Whether calling it neither looks at the world nor changes it."""
    name = dotted(func)
    if not name:
        # `" ".join(x)`, `re.compile(x).match`
        return isinstance(func, ast.Attribute) and isinstance(func.value, ast.Constant)
    if name in _INERT_BUILTINS and name not in sheet.names:
        return True
    symbol = sheet.project.resolve(sheet.module, name)
    return symbol is not None and symbol.path is None and symbol.name.startswith(_INERT_CALLS)


def completed_by(unit: Unit) -> str | None:
    """The name of what a statement changes that is there already: `Item.model_rebuild()`, `settings.debug = True`."""
    match unit.body:
        case [ast.Expr(value=ast.Call(func=ast.Attribute() as target))]:
            pass
        case [ast.Assign(targets=[ast.Attribute() | ast.Subscript() as target])]:
            pass
        case [ast.AugAssign(target=ast.Attribute() | ast.Subscript() as target)]:
            pass
        case _:
            return None
    root: ast.expr = target
    while isinstance(root, ast.Attribute | ast.Subscript | ast.Call):
        root = root.func if isinstance(root, ast.Call) else root.value
    return root.id if isinstance(root, ast.Name) else None


def logger_of(sheet: Sheet, unit: Unit) -> str | None:
    """The name in `logger = logging.getLogger(__name__)`, of which every module has its own."""
    match unit.body:
        case [ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=func, args=arguments, keywords=[]))]:
            symbol = sheet.project.resolve(sheet.module, dotted(func))
            of_module = [isinstance(a, ast.Name) and a.id == "__name__" for a in arguments]
            plain = all(is_name or isinstance(a, ast.Constant) for is_name, a in zip(of_module, arguments, strict=True))
            facts = sheet.names[name]
            known = symbol is not None and symbol.name in _LOGGERS
            own = any(of_module) and _MAKES_LOGGERS.fullmatch(dotted(func).rpartition(".")[2]) is not None
            if plain and (known or own) and not facts.rebound:
                return name
    return None


_SAME_FILE = frozenset({"Path", "PurePath", "abspath", "realpath", "fspath", "str"})
_ITS_FOLDER = frozenset({"parent", "parents", "with_name"})


def names_its_folder(unit: Unit) -> bool:
    """Whether all that the statement wants of `__file__` is its folder, `Path(__file__).parent`."""
    around = {child: node for body in unit.body for node in walk(body) for child in children(node)}
    found = [node for node in around if isinstance(node, ast.Name) and node.id == "__file__"]
    return bool(found) and all(_is_folder_wanted(node, around) for node in found)


def _is_folder_wanted(node: ast.AST, around: Mapping[ast.AST, ast.AST]) -> bool:
    while True:
        match around.get(node):
            case ast.Call(func=func, args=[argument]) as call if argument is node:
                name = dotted(func).rpartition(".")[2]
                if name == "dirname":
                    return True
                if name not in _SAME_FILE:
                    return False
                node = call
            case ast.Attribute(attr="resolve" | "absolute") as attribute:
                node = around[attribute]
                if not isinstance(node, ast.Call):
                    return False
            case ast.Attribute(attr=name):
                return name in _ITS_FOLDER
            case _:
                return False


def fallback_import_of(sheet: Sheet, unit: Unit) -> str | None:
    """The name in `try: from a import x` with an `except` or in `if ...: from a import x` with an `else`, from packages
    that are not the project's: every module may import it in its own right."""
    node = unit.node
    if len(unit.body) != 1 or len(unit.binds) != 1 or not isinstance(node, ast.If | ast.Try):
        return None
    branches = [node.body, node.orelse]
    if isinstance(node, ast.Try):
        branches += [node.finalbody, *(handler.body for handler in node.handlers)]
    statements = [inner for branch in branches for inner in branch]
    if not any(isinstance(inner, ast.Import | ast.ImportFrom) for inner in statements):
        return None
    (name,) = unit.binds
    facts = sheet.names.get(name)
    if facts is None or len(sheet.binders[name]) != 1 or any(change.how == "global" for change in facts.rebound):
        return None
    imported = {id(inner) for inner in node.body} if _is_for_type_checkers(node) else set()
    return name if all(_imports_or_does_without(sheet, inner, id(inner) in imported) for inner in statements) else None


def _is_for_type_checkers(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING"


def binds_for_type_checkers(unit: Unit) -> bool:
    """Whether it is an `if TYPE_CHECKING:` of more than imports: some of its names may not be there at run time."""
    return len(unit.body) == 1 and _is_for_type_checkers(unit.node) and not unit.type_checking


def _imports_or_does_without(sheet: Sheet, node: ast.stmt, is_never_run: bool) -> bool:
    """`import x` from outside of the project, or from anywhere where that is never run; or `x = None`, `x = Any`."""
    match node:
        case ast.Import() | ast.ImportFrom(level=0) if is_never_run:
            return True
        case ast.Assign(value=ast.Name() | ast.Attribute() as value):
            symbol = sheet.project.resolve(sheet.module, dotted(value))
            return symbol is not None and symbol.path is None
        case ast.Import(names=names):
            return all(sheet.project.module_path(sheet.module.path, alias.name) is None for alias in names)
        case ast.ImportFrom(module=str(source), level=0):
            return sheet.project.module_path(sheet.module.path, source) is None
        case ast.Assign(value=ast.Constant()) | ast.Pass():
            return True
    return False


def bound_to_its_module(unit: Unit, *, in_same_folder: bool) -> str | None:
    """Why the statement would mean something else in another module, as far as that can be seen in it."""
    for node in unit.body:
        for inner in walk(node):
            if isinstance(inner, ast.Name) and inner.id in _OF_THE_MODULE:
                if inner.id == "__file__" and in_same_folder and names_its_folder(unit):
                    continue
                return _OF_THE_MODULE[inner.id]
            if isinstance(inner, ast.Attribute) and dotted(inner) == "sys.modules":
                return "`sys.modules` is asked in it"
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in inner.decorator_list:
                    name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
                    if name.endswith(_TASKS):
                        return f"`@{name}` names the task after its module"
    return None
