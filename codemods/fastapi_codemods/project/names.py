"""What can be said of a module-level name: where it is bound, changed and read, who imports it, and what names it in
text (`"main:app"` in a Dockerfile, `patch("main.fetch")` in a test).

Within the module this is exact as far as Python's scopes are: every statement that spells the name is parsed. Names
made by `globals()`, `exec` and star imports are not known.
"""

from __future__ import annotations

import ast
import os
import re
import stat
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..parallel import map_each, portions_of
from ..source import UnreadableSourceError, read, split
from ..source.discovery import SKIPPED_FOLDERS, Verdict, _ignore_files, _is_ignored
from ..source.statements import parse
from .index import Module, Project, Symbol
from .model import Scope
from .reader import ROUTE_METHODS, Positions, blocks_of, dotted, imported_names, scope_of
from .references import Use, uses

MUTATORS = frozenset(
    {
        "add", "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "insert",
        "intersection_update", "move_to_end", "pop", "popitem", "popleft", "put_nowait", "remove", "reverse",
        "rotate", "setdefault", "sort", "subtract", "symmetric_difference_update", "update",
    }
)  # fmt: skip
"""Methods that change the containers of the standard library, but for `Queue.put`, which is a router's more often.
Other things have methods of these names too, see `NameFacts.container`."""

_CONTAINERS = frozenset(
    {
        "ChainMap", "Counter", "LifoQueue", "OrderedDict", "PriorityQueue", "Queue", "WeakKeyDictionary", "WeakSet",
        "WeakValueDictionary", "bytearray", "defaultdict", "deque", "dict", "list", "set",
    }
)  # fmt: skip


FILES_WORTH_A_PROCESS = 300
"""To look for strings in this many files takes as long as starting another process."""


class Place(NamedTuple):
    path: str
    line: int
    column: int
    """In characters, from 1."""
    function: str = ""
    """Qualified name of the function whose body it stands in, empty for what runs at import (defaults, decorators)."""
    definition: str = ""
    """The module-level function or class it stands in, header and decorators included."""


class Change(NamedTuple):
    place: Place
    how: str
    """Of a rebinding: `global`, `augmented`, `loop`, `del`, `conditional` (another branch, or under `if`), `again`.
    Of a mutation: a method's name, `item`, `attribute`, `del item`, `del attribute`."""


class Importer(NamedTuple):
    """An import in another module that leads to the name, also through modules that hand it on."""

    place: Place
    kind: str
    """`name`, `star`, or `module` where the importing file spells the name as an attribute."""
    local: str
    """What it is called there: the name itself, or the module."""
    conditional: bool
    """Under `if`, `try` or the like."""
    type_checking: bool


class CodeString(NamedTuple):
    """A string that names code, or an expression that singles it out by name as those do."""

    kind: str
    """`entry` (`"main:app"`), `patch` (`mock.patch`, `patch.object`, `setattr`, `delattr`, `module.name = ...`),
    `override` (`dependency_overrides[f]`), `route` (`url_for("name")`)."""
    text: str
    """As written; `module.name` where module and name are two arguments."""
    place: Place
    path: str | None
    """The project's file in which the name is looked up, None if unknown: patching `main.fetch` replaces what `main`
    calls `fetch`, wherever that was defined."""
    name: str
    """Looked up there, dotted for members of classes and of modules imported there; as written where `path` is None."""
    symbol: Symbol | None
    """What that leads to, through re-exports."""


class NameFacts(NamedTuple):
    """All about one module-level name. Tuples are in the order of the text."""

    path: str
    name: str
    kind: str
    """Of its first binding, as in `Binding`."""
    container: str
    """The class of container that it is first bound to (`dict`, `deque`), empty for anything else."""
    conditional: bool
    """No binding stands for itself at module level: all are under `if`, `try` or in a function."""
    exported: bool | None
    """By `__all__`; None without one, or with one that is computed."""
    defined: tuple[Place, ...]
    """Every binding at module level, imports included."""
    rebound: tuple[Change, ...]
    mutated: tuple[Change, ...]
    read: tuple[Place, ...]
    """In its own module. Where something is mutated it is read as well."""
    imported: tuple[Importer, ...]
    used_elsewhere: tuple[Use, ...]
    """None for an imported name: those uses are of what it leads to."""
    changed_elsewhere: tuple[Change, ...]
    """Rebound or mutated through an import: `main.cache = {}`, `cache.append(1)`. The function is not given."""
    named: tuple[CodeString, ...]

    @property
    def readers(self) -> frozenset[str]:
        """The functions that read it, `""` for what runs at import."""
        return frozenset(place.function for place in self.read)


def names_of(project: Project, module: Module) -> dict[str, NameFacts]:
    """The facts of every name that is bound at module level, in the order of the text.

    Raises `UnreadableSourceError` where Python cannot parse one of the statements.
    """
    local = _local(module)
    return _completed(project, module, {name: facts for name, facts in local.items() if facts.bindings})


def facts_of(project: Project, module: Module, name: str) -> NameFacts | None:
    """The facts of one name, None where the module does not bind it. For many names, `names_of` costs less."""
    found = _local(module, name).get(name)
    return _completed(project, module, {name: found})[name] if found is not None and found.bindings else None


def exported_names(module: Module) -> frozenset[str] | None:
    """What `__all__` lists; None without one, or where it is computed."""
    return module.remembered("names: __all__", lambda: _exported_names(module))


def _exported_names(module: Module) -> frozenset[str] | None:
    if not module.bindings("__all__"):
        return None
    listed: set[str] = set()
    for index, statement in enumerate(module.facts.statements):
        if "__all__" not in module.text[statement.start : statement.end]:
            continue
        for node in module.tree(index).body:
            match node:
                case ast.Assign(targets=[ast.Name(id="__all__")], value=value):
                    added: ast.expr | None = value
                case ast.AnnAssign(target=ast.Name(id="__all__"), value=value):
                    added = value
                case ast.AugAssign(target=ast.Name(id="__all__"), op=ast.Add(), value=value):
                    added = value
                case ast.Expr(value=ast.Call(func=func, args=[argument])) if dotted(func) == "__all__.extend":
                    added = argument
                case ast.Expr(value=ast.Call(func=func, args=[argument])) if dotted(func) == "__all__.append":
                    added = ast.List([argument])
                case _:
                    if _spells(node, "__all__"):
                        return None
                    continue
            if not isinstance(added, ast.List | ast.Tuple | ast.Set):
                return None
            names = [element.value for element in added.elts if isinstance(element, ast.Constant)]
            if len(names) < len(added.elts):
                return None
            listed.update(map(str, names))
    return frozenset(listed)


def _spells(node: ast.AST, name: str) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))


# Within the module


class _Binding(NamedTuple):
    place: Place
    kind: str
    how: str
    """Why it is a rebinding even if it is the first, else empty."""
    conditional: bool
    container: str


class _Local:
    """What one module does with one of its names."""

    def __init__(self) -> None:
        self.bindings: list[_Binding] = []
        self.mutated: list[Change] = []
        self.read: list[Place] = []


def _local(module: Module, name: str | None = None) -> dict[str, _Local]:
    """By name; all names, or the one that is asked for, for which only statements are parsed that spell it."""
    known: dict[str | None, dict[str, _Local]] = module.remembered("names", dict)
    if None in known:
        return known[None]
    if name not in known:
        found: dict[str, _Local] = {}
        for index, statement in enumerate(module.facts.statements):
            if name is None or name in module.text[statement.start : statement.end]:
                try:
                    _Walker(module, index, found).block(module.tree(index).body)
                except RecursionError:
                    raise UnreadableSourceError("is nested too deeply to be read") from None
        known[name] = found
    return known[name]


class _Names:
    """The names of a scope while it is walked through."""

    def __init__(self, kind: str, bound: Iterable[str] = (), not_local: Iterable[str] = ()) -> None:
        self.kind = kind
        """`function`, `class` or `comprehension`."""
        self.globals = frozenset(not_local)
        self.bound = set(bound) - self.globals
        """In a class, those bound so far: before that, the name is the module's."""


class _Walker:
    """Goes through one statement in the order in which it runs and notes what it does with names of the module."""

    def __init__(self, module: Module, index: int, found: dict[str, _Local]) -> None:
        statement = module.facts.statements[index]
        self.path = module.path
        self.positions = Positions(module.statement_text(index), statement.start, statement.line)
        self.found = found
        self.scopes: list[_Names] = []
        self.functions: list[str] = []
        self.qualified: list[str] = []
        self.definition = ""
        self.conditional = False
        self.looped = False

    # What is noted

    def place(self, node: ast.stmt | ast.expr | ast.alias | ast.excepthandler | ast.pattern) -> Place:
        line, column = self.positions.line(node.lineno), self.positions.column(node.lineno, node.col_offset)
        return Place(self.path, line, column, self.functions[-1] if self.functions else "", self.definition)

    def of(self, name: str) -> _Local:
        return self.found.setdefault(name, _Local())

    def is_global(self, name: str) -> bool:
        for depth in range(len(self.scopes) - 1, -1, -1):
            scope = self.scopes[depth]
            if scope.kind == "class" and depth != len(self.scopes) - 1:
                continue
            if name in scope.globals:
                return True
            if name in scope.bound:
                return False
        return True

    def bind(
        self,
        name: str,
        node: ast.stmt | ast.expr | ast.alias | ast.excepthandler | ast.pattern,
        kind: str,
        how: str = "",
        container: str = "",
    ) -> None:
        scope = next((s for s in reversed(self.scopes) if s.kind != "comprehension"), None)
        if scope is not None and name not in scope.globals:
            if scope.kind == "class":
                scope.bound.add(name)
            return
        if scope is not None:
            how, kind = "global", "other"
        elif not how and self.looped:
            how = "loop"
        self.of(name).bindings.append(_Binding(self.place(node), kind, how, self.conditional, container))

    def change(self, node: ast.expr, how: str) -> None:
        """`node`, or what it is a part of, is mutated."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            node = node.value
        if isinstance(node, ast.Name) and self.is_global(node.id):
            self.of(node.id).mutated.append(Change(self.place(node), how))

    # Statements

    def block(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.define(node)
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    if alias.name != "*":
                        self.bind(alias.asname or alias.name.partition(".")[0], alias, "import")
            case ast.Assign(targets=targets, value=value):
                self.expression(value)
                for target in targets:
                    self.target(target, "assign", container=_container(value))
            case ast.AugAssign(target=target, value=value):
                self.expression(value)
                if isinstance(target, ast.Name) and self.is_global(target.id):
                    self.of(target.id).read.append(self.place(target))
                self.target(target, "other", "augmented")
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                self.annotation(annotation)
                if value is not None:
                    self.expression(value)
                    self.target(target, "assign", container=_container(value))
            case ast.Delete(targets=targets):
                for target in targets:
                    self.target(target, "other", "del")
            case ast.Global() | ast.Nonlocal():
                pass
            case _:
                self.compound(node)

    def compound(self, node: ast.stmt) -> None:
        """Headers first; a simple statement has nothing else."""
        if isinstance(node, ast.For | ast.AsyncFor):
            self.expression(node.iter)
            self.target(node.target, "other", "loop")
        elif isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self.expression(item.context_expr)
                if item.optional_vars is not None:
                    self.target(item.optional_vars, "other")
        else:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    self.expression(child)
        outer = self.conditional, self.looped
        self.conditional = True
        self.looped = self.looped or isinstance(node, ast.For | ast.AsyncFor | ast.While)
        for handler in getattr(node, "handlers", ()):
            if handler.type is not None:
                self.expression(handler.type)
            if handler.name:
                self.bind(handler.name, handler, "other")
        for case in getattr(node, "cases", ()):
            self.pattern(case.pattern)
            if case.guard is not None:
                self.expression(case.guard)
        for block, _ in blocks_of(node):
            self.block(block)
        self.conditional, self.looped = outer

    def pattern(self, node: ast.pattern) -> None:
        for inner in ast.walk(node):
            match inner:
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                    self.bind(name, inner, "other")
                case ast.MatchValue(value=value):
                    self.expression(value)
                case ast.MatchClass(cls=cls):
                    self.expression(cls)

    def define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        is_outermost = not self.definition
        if is_outermost:
            self.definition = node.name
        for decorator in node.decorator_list:
            self.expression(decorator)
        # The names of type parameters are seen by annotations, bases and body alike.
        parameters = getattr(node, "type_params", ())
        if parameters:
            self.scopes.append(_Names("function", (parameter.name for parameter in parameters)))
        if isinstance(node, ast.ClassDef):
            for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
                self.expression(base)
            self.body(node, _Names("class", not_local=_bound_within(node.body)[1]))
        else:
            self.arguments(node.args)
            if node.returns is not None:
                self.annotation(node.returns)
            bound, not_local = _bound_within(node.body)
            self.body(node, _Names("function", bound | _parameters(node.args), not_local))
        if parameters:
            self.scopes.pop()
        if is_outermost:
            self.definition = ""
        kind = "class" if isinstance(node, ast.ClassDef) else "def"
        is_overload = any(dotted(decorator).rpartition(".")[2] == "overload" for decorator in node.decorator_list)
        self.bind(node.name, node, "overload" if is_overload else kind)

    def body(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, names: _Names) -> None:
        outer = self.conditional, self.looped
        self.conditional = self.looped = False
        self.scopes.append(names)
        self.qualified.append(node.name)
        if names.kind == "function":
            self.functions.append(".".join(self.qualified))
        self.block(node.body)
        if names.kind == "function":
            self.functions.pop()
        self.qualified.pop()
        self.scopes.pop()
        self.conditional, self.looped = outer

    def arguments(self, node: ast.arguments, *, annotated: bool = True) -> None:
        for default in (*node.defaults, *node.kw_defaults):
            if default is not None:
                self.expression(default)
        if annotated:
            for argument in _each_parameter(node):
                if argument.annotation is not None:
                    self.annotation(argument.annotation)

    def target(self, node: ast.expr, kind: str, how: str = "", container: str = "") -> None:
        match node:
            case ast.Name(id=name):
                self.bind(name, node, kind, how, container)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.target(element, kind, how)
            case ast.Starred(value=value):
                self.target(value, kind, how)
            case _:
                self.expression(node)
                part = "item" if isinstance(node, ast.Subscript) else "attribute"
                self.change(node, f"del {part}" if how == "del" else part)

    # Expressions

    def expression(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name):
                if self.is_global(name):
                    self.of(name).read.append(self.place(node))
                return
            case ast.NamedExpr(target=target, value=value):
                self.expression(value)
                self.target(target, "assign", container=_container(value))
                return
            case ast.Lambda(args=arguments, body=body):
                self.arguments(arguments, annotated=False)
                self.scopes.append(_Names("function", _parameters(arguments) | _walrus_targets(body)))
                self.expression(body)
                self.scopes.pop()
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.comprehension(node)
                return
            case ast.Call(func=ast.Attribute(value=receiver, attr=method)) if method in MUTATORS:
                self.change(receiver, method)
            case ast.Call(func=ast.Name(id="setattr" | "delattr" as name), args=[receiver, *_]):
                self.change(receiver, "del attribute" if name == "delattr" else "attribute")
        for child in ast.iter_child_nodes(node):
            self.expression(child)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        # The first iterable is evaluated outside.
        self.expression(node.generators[0].iter)
        bound = {
            inner.id
            for generator in node.generators
            for inner in ast.walk(generator.target)
            if isinstance(inner, ast.Name)
        }
        self.scopes.append(_Names("comprehension", bound))
        for index, generator in enumerate(node.generators):
            if index:
                self.expression(generator.iter)
            for condition in generator.ifs:
                self.expression(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.expression(part)
        self.scopes.pop()

    def annotation(self, node: ast.expr) -> None:
        """As an expression, with the names in strings that are types: `"User"`, `list["User"]`."""
        match node:
            case ast.Constant(value=str(text)):
                try:
                    quoted = parse(f"({text}\n)").body[0]
                except (UnreadableSourceError, IndexError):
                    return
                for inner in ast.walk(quoted):
                    if isinstance(inner, ast.Name) and self.is_global(inner.id):
                        self.of(inner.id).read.append(self.place(node))
            case ast.Subscript(value=value, slice=inner):
                self.expression(value)
                last = dotted(value).rpartition(".")[2]
                if last == "Literal":
                    self.expression(inner)
                elif last == "Annotated" and isinstance(inner, ast.Tuple):
                    self.annotation(inner.elts[0])
                    for metadata in inner.elts[1:]:
                        self.expression(metadata)
                else:
                    self.annotation(inner)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                for element in elements:
                    self.annotation(element)
            case ast.BinOp(left=left, right=right):
                self.annotation(left)
                self.annotation(right)
            case _:
                self.expression(node)


def _container(value: ast.expr) -> str:
    match value:
        case ast.List() | ast.ListComp():
            return "list"
        case ast.Dict() | ast.DictComp():
            return "dict"
        case ast.Set() | ast.SetComp():
            return "set"
        case ast.Call(func=func):
            name = dotted(func).rpartition(".")[2]
            return name if name in _CONTAINERS else ""
        case _:
            return ""


def _each_parameter(node: ast.arguments) -> Iterator[ast.arg]:
    yield from (*node.posonlyargs, *node.args, *node.kwonlyargs)
    yield from (argument for argument in (node.vararg, node.kwarg) if argument is not None)


def _parameters(node: ast.arguments) -> set[str]:
    return {argument.arg for argument in _each_parameter(node)}


def _walrus_targets(node: ast.AST) -> set[str]:
    return {inner.target.id for inner in ast.walk(node) if isinstance(inner, ast.NamedExpr)}


def _bound_within(body: Iterable[ast.stmt]) -> tuple[set[str], set[str]]:
    """The names that a body binds in its own scope, and those it declares `global`. A `nonlocal` one is neither: it is
    looked up further out."""
    bound: set[str] = set()
    not_local: set[str] = set()
    outer: set[str] = set()
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
                continue
            case ast.Global(names=names):
                not_local.update(names)
            case ast.Nonlocal(names=names):
                outer.update(names)
            case ast.Lambda():
                continue
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                bound |= _walrus_targets(node)
                continue
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                bound.add(name)
            case ast.alias(name=name, asname=local):
                bound.add(local or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                bound.add(name)
            case ast.MatchMapping(rest=str(name)):
                bound.add(name)
        waiting.extend(ast.iter_child_nodes(node))
    return bound - outer - not_local, not_local


# Together with the rest of the project


def _completed(project: Project, module: Module, local: dict[str, _Local]) -> dict[str, NameFacts]:
    own = [
        Symbol(module.path, name)
        for name, facts in local.items()
        if any(binding.kind != "import" for binding in facts.bindings)
    ]
    found = uses(project, own)
    exported = exported_names(module)
    strings = _strings_by_name(project)
    result = {}
    for name, facts in local.items():
        elsewhere = [use for use in found.get(Symbol(module.path, name), ()) if use.path != module.path]
        result[name] = NameFacts(
            module.path,
            name,
            _kind(facts.bindings[0].kind),
            facts.bindings[0].container,
            all(binding.conditional or binding.how == "global" for binding in facts.bindings),
            None if exported is None else name in exported,
            tuple(binding.place for binding in facts.bindings if binding.how not in ("global", "del")),
            tuple(_rebound(facts.bindings)),
            tuple(facts.mutated),
            tuple(facts.read),
            tuple(_imported(project, module.path, name)),
            tuple(elsewhere),
            tuple(change for use in elsewhere if (change := _change_by(use, name)) is not None),
            tuple(strings.get((module.path, name), ())),
        )
    return result


def _kind(kind: str) -> str:
    return "def" if kind == "overload" else kind


def _rebound(bindings: Collection[_Binding]) -> Iterator[Change]:
    before: _Binding | None = None
    for binding in bindings:
        if binding.how:
            yield Change(binding.place, binding.how)
        elif before is not None and before.kind != "overload":
            conditional = binding.conditional or before.conditional
            yield Change(binding.place, "conditional" if conditional else "again")
        before = binding


def _change_by(use: Use, name: str) -> Change | None:
    """What a use in another module does to the object, or to the module's attribute."""
    place = Place(use.path, use.line, use.column)
    if use.kind == "method":
        return Change(place, use.member) if use.member in MUTATORS else None
    match use.node:
        case ast.Subscript(ctx=ast.Store() | ast.Del() as context):
            if use.column > use.node.col_offset + 1:
                return None  # `other[name] = 1`
            return Change(place, "item" if isinstance(context, ast.Store) else "del item")
        case ast.Attribute(ctx=ast.Store() | ast.Del() as context):
            return Change(place, "attribute" if isinstance(context, ast.Store) else "del attribute")
        case ast.Assign(targets=targets):
            how = "again"
        case ast.AugAssign(target=target):
            targets, how = [target], "augmented"
        case ast.Delete(targets=targets):
            how = "del"
        case _:
            return None
    ends = f".{name}"
    return Change(place, how) if any(dotted(target).endswith(ends) for target in targets) else None


class _Import(NamedTuple):
    """One name that an import statement of a file binds."""

    path: str
    offset: int
    """Of the statement, in bytes."""
    local: str
    name: str
    """In the module that it is imported from: empty for the module itself, `*` for all of it."""


# As in `reader`, with places.
_IMPORT_STATEMENT = re.compile(rb"\n[ \t]*(?:from|import)[ \t\\][^\n(;]*(?:\([^)]*\))?")
_COMMENT = re.compile(rb"#[^\n]*")
_INDENT = re.compile(rb"\s*")


@lru_cache(maxsize=4000)
def _targets(statement: bytes) -> tuple[tuple[str, str], ...]:
    """Local name and target, as in `Import`; of `import a.b` both `a` and `a.b`, as it makes both usable."""
    text = _COMMENT.sub(b"", statement).decode("utf-8", "replace").replace("\\", " ")
    found = imported_names(text) or []
    if text.lstrip().startswith("import"):
        names = (part.split()[0] for part in text.strip()[len("import") :].split(",") if part.strip())
        found += [(name, name) for name in names if "." in name]
    return tuple(found)


def _imports_of(project: Project) -> dict[str, list[_Import]]:
    """By the project's file that is imported from, over all files of the project."""
    return project.remembered("names: imports", lambda: _read_imports(project))


def _read_imports(project: Project) -> dict[str, list[_Import]]:
    found: dict[str, list[_Import]] = {}
    for path in project.paths:
        try:
            data = b"\n" + project.data(path)
        except OSError:
            continue
        for match in _IMPORT_STATEMENT.finditer(data):
            statement = match.group()
            offset = match.start() + len(_INDENT.match(statement).group()) - 1  # type: ignore[union-attr]
            for local, target in _targets(statement):
                for home, name in _homes(project, path, target):
                    found.setdefault(home, []).append(_Import(path, offset, local, name))
    return found


def _homes(project: Project, path: str, target: str) -> Iterator[tuple[str, str]]:
    """The files that `target` may be imported from, each with the name there."""
    if target.endswith("*"):
        home = project.module_path(path, target[:-1].rstrip(".") or target[:-1])
        if home is not None:
            yield home, "*"
        return
    if (home := project.module_path(path, target)) is not None:
        yield home, ""
    dots = len(target) - len(target.lstrip("."))
    before, dot, name = target[dots:].rpartition(".")
    if (dots or dot) and (home := project.module_path(path, "." * dots + before)) is not None:
        yield home, name


def _imported(project: Project, path: str, name: str) -> list[Importer]:
    """Every import that leads to the name, through modules that hand it on too."""
    found: dict[_Import, tuple[str, str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(path, name)]
    while waiting:
        home, known_as = waiting.pop()
        if (home, known_as) in seen:
            continue
        seen.add((home, known_as))
        for item in _imports_of(project).get(home, ()):
            if item.name == known_as:
                found.setdefault(item, ("name", item.local))
                waiting.append((item.path, item.local))
            elif item.name == "*" and _is_in_star(project, home, known_as):
                found.setdefault(item, ("star", known_as))
                waiting.append((item.path, known_as))
            elif not item.name and re.search(rb"\.\s*%s\b" % re.escape(known_as.encode()), project.data(item.path)):
                found.setdefault(item, ("module", item.local))
    importers = (_importer(project, item, *how) for item, how in found.items())
    return sorted(importer for importer in importers if importer is not None)


def _is_in_star(project: Project, path: str, name: str) -> bool:
    module = project.module(path)
    if module is None:
        return False
    if not module.bindings("__all__"):
        return not name.startswith("_")
    exported = exported_names(module)
    return exported is None or name in exported


def _importer(project: Project, item: _Import, kind: str, local: str) -> Importer | None:
    """None where what looks like an import is text in a string."""
    known: dict[_Import, tuple[Place, bool, bool] | None] = project.remembered("names: importers", dict)
    if item not in known:
        known[item] = _surroundings(project, item)
    surroundings = known[item]
    return None if surroundings is None else Importer(surroundings[0], kind, local, *surroundings[1:])


def _surroundings(project: Project, item: _Import) -> tuple[Place, bool, bool] | None:
    """Where the import stands, whether that is conditional, and whether it is for type checkers alone."""
    data = project.data(item.path)
    line = data.count(b"\n", 0, item.offset) + 1
    column = item.offset - data.rfind(b"\n", 0, item.offset)
    place = Place(item.path, line, column)
    if column == 1 and data.find(b'"""', 0, item.offset) < 0 and data.find(b"'''", 0, item.offset) < 0:
        return place, False, False  # as nearly all of them
    try:
        text = read(data).text
        statements, _ = split(text)
        statement = next(s for s in reversed(statements) if s.line <= line)
        tree = parse(text[statement.start : statement.end], statement.line)
    except (UnreadableSourceError, StopIteration):
        return place, False, False
    for node, function, conditional, type_checking, definition in _imports_within(tree.body):
        if node.lineno + statement.line - 1 == line:
            return place._replace(function=function, definition=definition), conditional, type_checking
    return None


def _imports_within(
    body: Iterable[ast.stmt],
    names: tuple[str, ...] = (),
    function: str = "",
    definition: str = "",
    *,
    conditional: bool = False,
    checking: bool = False,
) -> Iterator[tuple[ast.stmt, str, bool, bool, str]]:
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, function, conditional, checking, definition
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            inner = (*names, node.name)
            within = function if isinstance(node, ast.ClassDef) else ".".join(inner)
            yield from _imports_within(
                node.body, inner, within, definition or node.name, conditional=conditional, checking=checking
            )
        else:
            is_check = isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING"
            for block, is_else in blocks_of(node):
                now = checking or (is_check and not is_else)
                yield from _imports_within(block, names, function, definition, conditional=True, checking=now)


# Strings that name code


def code_strings(project: Project) -> list[CodeString]:
    """Every string that names code, in Python and in files that start programs; by path and line."""
    return project.remembered("names: strings", lambda: sorted(_read_strings(project), key=lambda s: s.place))


def _strings_by_name(project: Project) -> dict[tuple[str, str], list[CodeString]]:
    """By file and module-level name, both as looked up and as defined."""

    def sort() -> dict[tuple[str, str], list[CodeString]]:
        found: dict[tuple[str, str], list[CodeString]] = {}
        for string in code_strings(project):
            homes = {(string.path, string.name.partition(".")[0])}
            if string.path is not None and "." in string.name:
                # `patch("main.services.fetch")` replaces what `services` calls `fetch`, and needs `main.services`.
                owner = _owner(project, string.path, string.name)
                if owner is not None and not owner.name:
                    homes.add((owner.path, string.name.rpartition(".")[2]))
            if string.symbol is not None:
                homes.add((string.symbol.path, string.symbol.name.partition(".")[0]))
            for path, name in homes:
                if path is not None:
                    found.setdefault((path, name), []).append(string)
        return found

    return project.remembered("names: strings by name", sort)


def _read_strings(project: Project) -> Iterator[CodeString]:
    def read_some(paths: Sequence[str]) -> list[CodeString]:
        return [string for path in paths for string in _strings_of_python(project, path)]

    jobs = min(project.jobs, 1 + len(project.paths) // FILES_WORTH_A_PROCESS)
    for portion in map_each(read_some, portions_of(project.paths), jobs):
        yield from portion
    for path in _other_files(str(project.root)):
        yield from _strings_of_text(project, path)


_IN_PYTHON = (
    b"patch", b"setattr", b"delattr", b"dependency_overrides", b"url_for", b"url_path_for", b"uvicorn", b"gunicorn",
    b"hypercorn", b"granian", b"entry_points",
)  # fmt: skip
_WORDS_IN_PYTHON = tuple(word.decode() for word in _IN_PYTHON)
_WORD = re.compile(rb"\w+")
_ASSIGNED = r"\n[ \t]*(?:del[ \t]+)?(?!self\.|cls\.)(\w+)(?:\.\w+)+[ \t]*(?:=(?!=)|\n|[-+|]=)"
_ATTRIBUTE_ASSIGNED = re.compile(_ASSIGNED.encode())
_TEXT_ATTRIBUTE_ASSIGNED = re.compile(_ASSIGNED)


def _strings_of_python(project: Project, path: str) -> Iterator[CodeString]:
    try:
        data = project.data(path)
    except OSError:
        return
    heads = {match.group(1) for match in _ATTRIBUTE_ASSIGNED.finditer(data)}
    if heads:
        # Most are attributes of objects: what is of interest is a module, so an import must bind it.
        heads &= {word for found in _IMPORT_STATEMENT.findall(b"\n" + data) for word in _WORD.findall(found)}
    if not heads and not any(word in data for word in _IN_PYTHON):
        return
    module = project.glance(path)
    if module is None:
        return
    with module.text_for_now():
        marks = _marks(module.text, {head.decode("utf-8", "replace") for head in heads})
        for index, statement in enumerate(module.facts.statements):
            first, last = bisect_left(marks, statement.start), bisect_left(marks, statement.end)
            if first < last and statement.word not in ("import", "from"):
                try:
                    yield from _Strings(project, module, index, marks[first:last]).found()
                except (UnreadableSourceError, RecursionError):
                    continue  # whoever changes the file says so


def _marks(text: str, heads: Collection[str]) -> list[int]:
    """Where something may stand that is looked for, sorted."""
    words = [word for word in _WORDS_IN_PYTHON if word in text]
    marks = [match.start() for word in words for match in re.finditer(word, text)]
    if heads:
        marks += [
            match.start(1) - 1 for match in _TEXT_ATTRIBUTE_ASSIGNED.finditer("\n" + text) if match.group(1) in heads
        ]
    if any(server in text for server in _SERVERS) or "entry_points" in text:
        marks += [match.start() for match in _QUOTED_ENTRY.finditer(text)]
    return sorted(marks)


_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_ENTRY = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):([A-Za-z_]\w*(?:\.\w+)*)(?:\(.*\))?")
_QUOTED_ENTRY = re.compile(r"[\w.]+:[\w.]+(?:\([^\n]*\))?[\"']")
_SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "daphne")


class _Strings:
    """The strings of one statement that name code."""

    def __init__(self, project: Project, module: Module, index: int, marks: Iterable[int]) -> None:
        statement = module.facts.statements[index]
        self.project = project
        self.module = module
        self.tree = module.parsed(index)
        self.positions = Positions(module.statement_text(index), statement.start, statement.line)
        self.lines = [self.positions.line_of(mark) for mark in marks]
        self.scopes: tuple[Scope, ...] = ()
        self.function = ""
        self.definition = ""
        self.strings: list[CodeString] = []

    def found(self) -> list[CodeString]:
        self.visit(self.tree)
        return self.strings

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.visit_definition(node)
                return
            case ast.Call():
                self.call(node)
            case ast.Subscript(value=value, slice=key) if _is_overrides(value):
                self.named_by_expression("override", key)
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Dict) and any(map(_is_overrides, targets)):
                    self.overrides(value)
                for target in targets:
                    self.assigned(target)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                self.assigned(target)
            case ast.Delete(targets=targets):
                for target in targets:
                    self.assigned(target)
            case ast.Constant(value=str(text)):
                self.constant(node, text)
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt) or self.is_marked(child):
                self.visit(child)

    def is_marked(self, node: ast.stmt) -> bool:
        """Most statements hold nothing that is looked for."""
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        index = bisect_left(self.lines, first)
        return index < len(self.lines) and self.lines[index] <= (node.end_lineno or first)

    def visit_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        outer = self.scopes, self.function, self.definition
        self.definition = self.definition or node.name
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.stmt):
                self.visit(child)
        self.scopes = (*self.scopes, scope_of(node))
        if not isinstance(node, ast.ClassDef):
            self.function = ".".join(scope.name for scope in self.scopes)
        for child in node.body:
            if self.is_marked(child):
                self.visit(child)
        self.scopes, self.function, self.definition = outer

    def add(self, kind: str, text: str, node: ast.expr, path: str | None, name: str, symbol: Symbol | None) -> None:
        line, column = self.positions.line(node.lineno), self.positions.column(node.lineno, node.col_offset)
        place = Place(self.module.path, line, column, self.function, self.definition)
        self.strings.append(CodeString(kind, text, place, path, name, symbol))

    def call(self, node: ast.Call) -> None:
        callee = dotted(node.func) or (f"?.{node.func.attr}" if isinstance(node.func, ast.Attribute) else "")
        first = node.args[0] if node.args else None
        if first is None or not callee:
            return
        before, _, last = callee.rpartition(".")
        if before.rpartition(".")[2] == "patch" and last in ("object", "multiple", "dict"):
            self.patched_member(node, last)
        elif last == "patch":
            self.patched(first)
        elif last in ("setattr", "delattr"):
            text = self.string(first)
            if text is not None:
                self.patched(first)
            else:
                self.patched_member(node, "setattr" if not before else "object")
        elif last in ("url_for", "url_path_for"):
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                symbol = _routes_by_name(self.project).get(first.value)
                self.add("route", first.value, first, symbol.path if symbol else None, first.value, symbol)
        elif last in ("pop", "setdefault") and _is_overrides(node.func.value):  # type: ignore[attr-defined]
            self.named_by_expression("override", first)
        elif last == "update" and isinstance(first, ast.Dict) and _is_overrides(node.func.value):  # type: ignore[attr-defined]
            self.overrides(first)
        elif last == "run" and before.rpartition(".")[2] in _SERVERS:
            text = self.string(first)
            if text is not None and not isinstance(first, ast.Constant):
                self.constant(first, text)

    def overrides(self, node: ast.Dict) -> None:
        for key in node.keys:
            if key is not None:
                self.named_by_expression("override", key)

    def named_by_expression(self, kind: str, node: ast.expr) -> None:
        name = dotted(node)
        if not name:
            self.add(kind, ast.unparse(node), node, None, ast.unparse(node), None)
            return
        symbol = self.project.resolve(self.module, name, self.scopes)
        is_own = symbol is not None and symbol.path is not None
        self.add(kind, name, node, symbol.path if symbol else None, symbol.name if symbol and is_own else name, symbol)

    def patched(self, node: ast.expr) -> None:
        """`patch("pkg.mod.name")`. `client.patch("/users")` is something else."""
        text = self.string(node)
        if text is not None and _DOTTED.fullmatch(text):
            self.add("patch", text, node, *look_up(self.project, self.module.path, text))

    def patched_member(self, node: ast.Call, how: str) -> None:
        """`patch.object(mod, "name")`, `patch.multiple("mod", name=...)`, `patch.dict("mod.name")`, `setattr`."""
        target = node.args[0]
        text = self.string(target)
        owner: Symbol | None
        if how == "dict":
            if text is not None:
                self.patched(target)
            elif dotted(target):
                self.named_by_expression("patch", target)
            return
        if text is not None:
            path = _module_named(self.project, self.module.path, text)
            owner = Symbol(path, "") if path is not None else look_up(self.project, self.module.path, text)[2]
            written = text
        else:
            written = ast.unparse(target)
            owner = self.project.resolve(self.module, dotted(target), self.scopes)
        members = [keyword.arg for keyword in node.keywords if keyword.arg] if how == "multiple" else []
        if how != "multiple" and len(node.args) > 1 and (member := self.string(node.args[1])):
            members = [member]
        for name in members:
            if how == "setattr" and (owner is None or owner.path is None):
                continue  # of an object: common, and of no interest
            path, looked_up, symbol = _member(self.project, owner, name)
            text = f"{written}.{name}"
            self.add("patch", text, target, path, text if path is None else looked_up, symbol)

    def assigned(self, node: ast.expr) -> None:
        """`main.get_db = fake`, `del main.get_db`."""
        if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
            symbol = self.project.resolve(self.module, owner, self.scopes)
            if symbol is not None and symbol.path is not None and not symbol.name:
                self.add("patch", f"{owner}.{node.attr}", node, *_member(self.project, symbol, node.attr))

    def constant(self, node: ast.expr, text: str) -> None:
        """`uvicorn.run("main:app")`, and the same in a list of arguments or an entry point."""
        found = _ENTRY.fullmatch(text.rpartition("=")[2].strip() if "=" in text.partition(":")[0] else text)
        if found is None:
            return
        path, name, symbol = _entry(self.project, self.module.path, found)
        source = self.module.text
        if symbol is not None or (path is None and any(server in source for server in _SERVERS) and "." in text):
            self.add("entry", found.group(), node, path, name, symbol)

    def string(self, node: ast.expr) -> str | None:
        """The text of a literal, or of one put together from literals and module-level constants."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=values):
                parts = [self.string(v.value if isinstance(v, ast.FormattedValue) else v) for v in values]
                return None if None in parts else "".join(part or "" for part in parts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self.string(left), self.string(right)
                return None if first is None or second is None else first + second
            case ast.Name(id="__name__"):
                return self.project.dotted_name(self.module.path)
            case ast.Name() | ast.Attribute():
                symbol = self.project.resolve(self.module, dotted(node), self.scopes)
                return _constant(self.project, symbol) if symbol is not None else None
            case _:
                return None


def _is_overrides(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "dependency_overrides"


def _constant(project: Project, symbol: Symbol) -> str | None:
    """The value of a module-level constant that is a literal string."""
    module = project.module(symbol.path) if symbol.path is not None else None
    bindings = module.bindings(symbol.name) if module is not None else ()
    if module is None or len(bindings) != 1 or bindings[0].kind != "assign":
        return None
    for node in module.tree(bindings[0].statement).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=symbol.name)], value=ast.Constant(value=str(text))):
                return text
    return None


def look_up(project: Project, importer: str, name: str) -> tuple[str | None, str, Symbol | None]:
    """What the absolute dotted `name` names, as `pkgutil.resolve_name` would: the file in which it is looked up, the
    name there, and what that leads to."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        path = _module_named(project, importer, ".".join(parts[:length]))
        if path is None:
            continue
        rest = ".".join(parts[length:])
        return path, rest, _member(project, _owner(project, path, rest), parts[-1])[2]
    return None, name, None


def _owner(project: Project, path: str, name: str) -> Symbol | None:
    """What holds the last part of the dotted `name`, looked up in a file: the module itself, another, a class."""
    before = name.rpartition(".")[0]
    module = project.module(path) if before else None
    return project.resolve(module, before) if module is not None else Symbol(path, "") if not before else None


def _module_named(project: Project, importer: str, name: str) -> str | None:
    """The file that the absolute name of a module leads to in a program that is started by the file `importer`.

    Where its folder and the imports of the project do not tell, as in a `src/` in which all imports are relative, the
    nearest module of that name counts that is no part of another package, if it is one.
    """
    if (path := project.module_path(importer, name)) is not None:
        return path
    ends = ("/" + name.replace(".", "/") + ".py", "/" + name.replace(".", "/") + "/__init__.py")
    candidates = []
    for path in _paths_by_stem(project).get(name.rpartition(".")[2], ()):
        end = next((end for end in ends if path.endswith(end)), None)
        if end is not None and path[: -len(end)] + "/__init__.py" not in project.known_paths:
            candidates.append((len(os.path.commonpath([f"/{importer}", f"/{path}"])), path))
    candidates.sort(reverse=True)
    if not candidates or (len(candidates) > 1 and candidates[0][0] == candidates[1][0]):
        return None
    return candidates[0][1]


def _paths_by_stem(project: Project) -> dict[str, list[str]]:
    def sort() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in project.paths:
            found.setdefault(path.removesuffix("/__init__.py").removesuffix(".py").rpartition("/")[2], []).append(path)
        return found

    return project.remembered("names: stems", sort)


def _member(project: Project, owner: Symbol | None, name: str) -> tuple[str | None, str, Symbol | None]:
    """The same for an attribute of what `owner` is."""
    if owner is None:
        return None, name, None
    if owner.path is None:
        return None, f"{owner.name}.{name}", Symbol(None, f"{owner.name}.{name}")
    if owner.name:
        return owner.path, f"{owner.name}.{name}", Symbol(owner.path, f"{owner.name}.{name}")
    module = project.module(owner.path)
    return owner.path, name, project.resolve(module, name) if module is not None else None


def _entry(project: Project, importer: str, found: re.Match[str]) -> tuple[str | None, str, Symbol | None]:
    """What `pkg.mod:name` names."""
    module_name, name = found.groups()
    path = _module_named(project, importer, module_name)
    module = project.module(path) if path is not None else None
    if module is None:
        return None, found.group(), None
    return path, name, project.resolve(module, name)


def _routes_by_name(project: Project) -> dict[str, Symbol]:
    """The handler that each route name belongs to, where it is only one's."""

    def read_routes() -> dict[str, Symbol]:
        found: dict[str, set[Symbol]] = {}
        for module, function in project.functions():
            for decorator in function.decorators:
                if decorator.call is None or decorator.name.rpartition(".")[2] not in ROUTE_METHODS:
                    continue
                argument = decorator.call.argument("name")
                name = project.string(module, argument.span) if argument is not None else function.name
                if name is not None:
                    found.setdefault(name, set()).add(Symbol(module.path, function.qualified_name))
        return {name: next(iter(symbols)) for name, symbols in found.items() if len(symbols) == 1}

    return project.remembered("names: routes", read_routes)


# Files that are no Python

_NAMES = re.compile(
    r"(?:.*\.)?(?:dockerfile|containerfile)(?:\..*)?|procfile(?:\..*)?|(?:docker-)?compose.*\.ya?ml|.*\.(?:sh|service)"
    r"|makefile|gnumakefile|\.?justfile|.*supervisor.*\.(?:conf|ini)|gunicorn.*\.(?:conf|ini)|pyproject\.toml|setup\.cfg"
)
"""Of files that may start the application, in small letters."""

LARGEST = 500_000
"""Bytes of such a file; larger ones are no configuration."""


def _other_files(root: str) -> list[str]:
    """Paths below the root of the files that `_NAMES` lists, found by the rules of `source.discovery`."""
    listed = _listed_by_git(root)
    paths = _walked(root, "", ()) if listed is None else listed
    return sorted(path for path in paths if _is_small_file(root, path))


def _listed_by_git(root: str) -> list[str] | None:
    """As in `source.discovery`: what git knows or would add, None outside a work tree."""
    if not any((folder / ".git").exists() for folder in (Path(root), *Path(root).absolute().parents)):
        return None
    import subprocess

    command = ["git", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "ls-files", "-z", "--cached"]
    try:
        done = subprocess.run([*command, "--others", "--exclude-standard"], cwd=root, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    listed = {os.fsdecode(name) for name in done.stdout.split(b"\0") if name}
    environments = tuple(path.removesuffix("pyvenv.cfg") for path in listed if path.endswith("/pyvenv.cfg"))
    return [
        path
        for path in listed
        if _is_named_so(path.rpartition("/")[2])
        and SKIPPED_FOLDERS.isdisjoint(path.split("/")[:-1])
        and not (environments and path.startswith(environments))
    ]


def _walked(folder: str, prefix: str, verdicts: tuple[Verdict, ...]) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            listing = [entry for entry in entries if not entry.is_symlink()]
    except OSError:
        return
    names = {entry.name for entry in listing}
    if prefix and "pyvenv.cfg" in names:
        return
    verdicts = (*verdicts, *_ignore_files(folder, prefix, names))
    for entry in listing:
        path = prefix + entry.name
        if entry.is_dir():
            if entry.name not in SKIPPED_FOLDERS and not _is_ignored(path + "/", verdicts):
                yield from _walked(entry.path, path + "/", verdicts)
        elif _is_named_so(entry.name) and not _is_ignored(path, verdicts):
            yield path


def _is_named_so(name: str) -> bool:
    return _NAMES.fullmatch(name.lower()) is not None


def _is_small_file(root: str, path: str) -> bool:
    """A regular file that no symbolic link leads to; git lists deleted ones as well."""
    full = os.path.join(root, path)
    try:
        found = os.stat(full, follow_symlinks=False)
    except OSError:
        return False
    folder = os.path.dirname(full)
    is_linked = os.path.realpath(folder) != os.path.normpath(
        os.path.join(os.path.realpath(root), os.path.dirname(path))
    )
    return stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST and not is_linked


_TOKEN = re.compile(r"(?<![\w./:@$-])" + _ENTRY.pattern.replace(".*", r"[^\s\"']*") + r"(?![\w/:-])")
_SECTION = re.compile(r"\s*\[+([^\]]+)\]")
_SCRIPTS = re.compile(
    r"project\.(?:gui-)?scripts|project\.entry-points\..*|tool\.poetry\.(?:scripts|plugins\..*)|tool\.fastapi"
    r"|options\.entry_points"
)


def _strings_of_text(project: Project, path: str) -> Iterator[CodeString]:
    """In what starts the application, `pkg.mod:name` where it leads to something, or where a server or an entry point
    is spelled in the line: `python:3.13` and `8000:http` mean nothing."""
    try:
        text = (project.root / path).read_text("utf-8", errors="replace")
    except OSError:
        return
    is_sectioned = path.endswith((".toml", ".cfg"))
    is_script = False
    for number, line in enumerate(text.splitlines(), 1):
        if is_sectioned and (section := _SECTION.match(line)):
            is_script = _SCRIPTS.fullmatch(section.group(1).replace('"', "").strip()) is not None
        if ":" not in line or line.lstrip().startswith("#"):
            continue
        certain = is_script or any(server in line for server in _SERVERS)
        for found in _TOKEN.finditer(line):
            home, name, symbol = _entry(project, path, found)
            if symbol is not None or home is not None or certain:
                place = Place(path, number, found.start() + 1)
                yield CodeString("entry", found.group(), place, home, name, symbol)
