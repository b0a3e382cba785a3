"""What can be said of a module-level name: where it is bound, changed and read, who imports it, and what names it in
text (see `code_strings`).

Within the module this is exact as far as Python's scopes are: every statement that spells the name is parsed. Names
made by `globals()`, `exec` and star imports are not known.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from ..source import UnreadableSourceError, read, split
from ..source.nodes import children, walk
from ..source.statements import parse
from .code_strings import CodeString, Place, strings_by_name
from .index import Module, Project, Symbol
from .reader import IMPORT_STATEMENT, Positions, blocks_of, dotted, imported_names
from .references import Use, uses
from .surroundings import surroundings

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


def facts_of_each(project: Project, symbols: Iterable[Symbol]) -> dict[Symbol, NameFacts]:
    """The facts of names of several modules, without who imports them, which nobody looks for: `imported` is empty.

    Left out are those that no module binds, or that stand in statements which Python cannot parse.
    """
    local: dict[Symbol, _Local] = {}
    for symbol in symbols:
        module = project.module(symbol.path or "")
        try:
            found = _local(module, symbol.name).get(symbol.name) if module is not None else None
        except UnreadableSourceError:
            continue
        if found is not None and found.bindings:
            local[symbol] = found
    known = uses(project, local)
    facts = {}
    for symbol, found in local.items():
        module = project.module(symbol.path or "")
        assert module is not None
        facts[symbol] = _facts(project, module, symbol.name, found, known[symbol], ())
    return facts


def reads_of(text: str, name: str) -> tuple[Place, ...]:
    """Where the text of a module reads one of its module-level names: not where a function has its own of that name."""
    found = _local(Module("", text.encode("utf-8", "surrogatepass")), name).get(name)
    return tuple(found.read) if found is not None else ()


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
            added: ast.expr | None
            match node:
                case (
                    ast.Assign(targets=[ast.Name(id="__all__")], value=added)
                    | ast.AnnAssign(target=ast.Name(id="__all__"), value=added)
                    | ast.AugAssign(target=ast.Name(id="__all__"), op=ast.Add(), value=added)
                ):
                    pass
                case ast.Expr(value=ast.Call(func=func, args=[argument])) if dotted(func) == "__all__.extend":
                    added = argument
                case ast.Expr(value=ast.Call(func=func, args=[argument])) if dotted(func) == "__all__.append":
                    added = ast.List([argument])
                case _:
                    if any(isinstance(inner, ast.Name) and inner.id == "__all__" for inner in walk(node)):
                        return None
                    continue
            if not isinstance(added, ast.List | ast.Tuple | ast.Set):
                return None
            names = [element.value for element in added.elts if isinstance(element, ast.Constant)]
            if len(names) < len(added.elts):
                return None
            listed.update(map(str, names))
    return frozenset(listed)


# Within the module


class _Binding(NamedTuple):
    place: Place
    kind: str
    how: str
    """Why it is a rebinding even if it is the first, else empty."""
    conditional: bool
    container: str


class _Local(NamedTuple):
    """What one module does with one of its names."""

    bindings: list[_Binding]
    mutated: list[Change]
    read: list[Place]


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


_Node = ast.stmt | ast.expr | ast.alias | ast.excepthandler | ast.pattern
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


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

    def place(self, node: _Node) -> Place:
        line, column = self.positions.line(node.lineno), self.positions.column(node.lineno, node.col_offset)
        return Place(self.path, line, column, self.functions[-1] if self.functions else "", self.definition)

    def of(self, name: str) -> _Local:
        return self.found.setdefault(name, _Local([], [], []))

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

    def bind(self, name: str, node: _Node, kind: str, how: str = "", container: str = "") -> None:
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
            for child in children(node):
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
        for inner in walk(node):
            match inner:
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                    self.bind(name, inner, "other")
                case ast.MatchValue(value=value):
                    self.expression(value)
                case ast.MatchClass(cls=cls):
                    self.expression(cls)

    def define(self, node: _Definition) -> None:
        outer = self.definition
        self.definition = outer or node.name
        for decorator in node.decorator_list:
            self.expression(decorator)
        # The names of type parameters are seen by annotations, bases and body alike.
        parameters = getattr(node, "type_params", ())
        if parameters:
            self.scopes.append(_Names("function", (parameter.name for parameter in parameters)))
        if isinstance(node, ast.ClassDef):
            for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
                self.expression(base)
            self.body(node, _Names("class", not_local=bound_within(node.body)[1]))
        else:
            self.arguments(node.args)
            if node.returns is not None:
                self.annotation(node.returns)
            bound, not_local = bound_within(node.body)
            self.body(node, _Names("function", bound | parameters_of(node.args), not_local))
        if parameters:
            self.scopes.pop()
        self.definition = outer
        kind = "class" if isinstance(node, ast.ClassDef) else "def"
        is_overload = any(dotted(decorator).rpartition(".")[2] == "overload" for decorator in node.decorator_list)
        self.bind(node.name, node, "overload" if is_overload else kind)

    def body(self, node: _Definition, names: _Names) -> None:
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
        for default in filter(None, (*node.defaults, *node.kw_defaults)):
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
                self.scopes.append(_Names("function", parameters_of(arguments) | walrus_targets(body)))
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
        for child in children(node):
            self.expression(child)

    def comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        # The first iterable is evaluated outside.
        self.expression(node.generators[0].iter)
        targets = (inner for generator in node.generators for inner in walk(generator.target))
        bound = {inner.id for inner in targets if isinstance(inner, ast.Name)}
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
                for inner in walk(quoted):
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
            case ast.Tuple() | ast.List() | ast.BinOp():
                for part in children(node):
                    if isinstance(part, ast.expr):
                        self.annotation(part)
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
        case ast.Call(func=func) if (name := dotted(func).rpartition(".")[2]) in _CONTAINERS:
            return name
        case _:
            return ""


def _each_parameter(node: ast.arguments) -> Iterator[ast.arg]:
    return filter(None, (*node.posonlyargs, *node.args, *node.kwonlyargs, node.vararg, node.kwarg))


def parameters_of(node: ast.arguments) -> set[str]:
    return {argument.arg for argument in _each_parameter(node)}


def walrus_targets(node: ast.AST) -> set[str]:
    return {inner.target.id for inner in walk(node) if isinstance(inner, ast.NamedExpr)}


def bound_within(body: Iterable[ast.stmt]) -> tuple[set[str], set[str]]:
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
                bound |= walrus_targets(node)
                continue
            case ast.alias(name=name, asname=local):
                bound.add(local or name.partition(".")[0])
            case (
                ast.Name(id=name, ctx=ast.Store() | ast.Del())
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
                | ast.MatchMapping(rest=str(name))
            ):
                bound.add(name)
        waiting.extend(children(node))
    return bound - outer - not_local, not_local


# Together with the rest of the project


def _completed(project: Project, module: Module, local: dict[str, _Local]) -> dict[str, NameFacts]:
    own = [name for name, facts in local.items() if any(binding.kind != "import" for binding in facts.bindings)]
    found = uses(project, [Symbol(module.path, name) for name in own])
    return {
        name: _facts(
            project,
            module,
            name,
            facts,
            found.get(Symbol(module.path, name), ()),
            tuple(_imported(project, module.path, name)),
        )
        for name, facts in local.items()
    }


def _facts(
    project: Project, module: Module, name: str, facts: _Local, used: Iterable[Use], imported: tuple[Importer, ...]
) -> NameFacts:
    exported = exported_names(module)
    elsewhere = [use for use in used if use.path != module.path]
    first = facts.bindings[0]
    return NameFacts(
        module.path,
        name,
        "def" if first.kind == "overload" else first.kind,
        first.container,
        all(binding.conditional or binding.how == "global" for binding in facts.bindings),
        None if exported is None else name in exported,
        tuple(binding.place for binding in facts.bindings if binding.how not in ("global", "del")),
        tuple(_rebound(facts.bindings)),
        tuple(facts.mutated),
        tuple(facts.read),
        imported,
        tuple(elsewhere),
        tuple(change for use in elsewhere if (change := _change_by(use, name)) is not None),
        tuple(strings_by_name(project).get((module.path, name), ())),
    )


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


_COMMENT = re.compile(rb"#[^\n]*")


@lru_cache(maxsize=4000)
def _targets(statement: bytes) -> tuple[tuple[str, str], ...]:
    """Local name and target, as in `Import`; of `import a.b` both `a` and `a.b`, as it makes both usable."""
    text = _COMMENT.sub(b"", statement).decode("utf-8", "replace").replace("\\", " ")
    found = imported_names(text) or []
    if text.lstrip().startswith("import"):
        names = (part.split()[0] for part in text.strip()[len("import") :].split(",") if part.strip())
        found += [(name, name) for name in names if "." in name]
    return tuple(found)


def _imports(project: Project) -> dict[str, list[_Import]]:
    """By the project's file that is imported from, over all files that can have to do with FastAPI."""
    found: dict[str, list[_Import]] = {}
    for path in surroundings(project):
        try:
            data = b"\n" + project.data(path)
        except OSError:
            continue
        for match in IMPORT_STATEMENT.finditer(data):
            statement = match.group()
            offset = match.start() + len(statement) - len(statement.lstrip()) - 1
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
    imports = project.remembered("names: imports", lambda: _imports(project))
    found: dict[_Import, tuple[str, str]] = {}
    seen: set[tuple[str, str]] = set()
    waiting = [(path, name)]
    while waiting:
        home, known_as = waiting.pop()
        if (home, known_as) in seen:
            continue
        seen.add((home, known_as))
        for item in imports.get(home, ()):
            if item.name == known_as:
                found.setdefault(item, ("name", item.local))
                waiting.append((item.path, item.local))
            elif item.name == "*" and _is_in_star(project, home, known_as):
                found.setdefault(item, ("star", known_as))
                waiting.append((item.path, known_as))
            elif not item.name and _is_asked_for(project.data(item.path), item.local, known_as):
                found.setdefault(item, ("module", item.local))
    importers = (_importer(project, item, *how) for item, how in found.items())
    return sorted(importer for importer in importers if importer is not None)


def _is_asked_for(data: bytes, local: str, name: str) -> bool:
    """Whether a file that knows the module as `local` may want `name` of it: any `.name` if it hands that on."""
    module, wanted = re.escape(local.partition(".")[0].encode()), re.escape(name.encode())
    if not re.search(rb"\.\s*%s\b" % wanted, data):
        return False
    if re.search(rb"\b%s\s*\.\s*(?:\w+\s*\.\s*)*%s\b" % (module, wanted), data):
        return True
    return re.search(rb"(?m)^(?!\s*(?:from|import)\b).*\b%s\b(?!\s*\.)" % module, data) is not None


def _is_in_star(project: Project, path: str, name: str) -> bool:
    module = project.module(path)
    if module is None:
        return False
    exported = exported_names(module)
    if exported is None:
        return bool(module.bindings("__all__")) or not name.startswith("_")
    return name in exported


def _importer(project: Project, item: _Import, kind: str, local: str) -> Importer | None:
    """None where what looks like an import is text in a string."""
    surroundings = project.remembered(("names: importer", item), lambda: _surroundings(project, item))
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
    return next(_imports_within(tree.body, line - statement.line + 1, place), None)


def _imports_within(
    body: Iterable[ast.stmt],
    line: int,
    place: Place,
    names: tuple[str, ...] = (),
    *,
    conditional: bool = False,
    checking: bool = False,
) -> Iterator[tuple[Place, bool, bool]]:
    """What `_surroundings` tells of the imports in that line."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            if node.lineno == line:
                yield place, conditional, checking
        elif isinstance(node, _Definition):
            inner = (*names, node.name)
            function = place.function if isinstance(node, ast.ClassDef) else ".".join(inner)
            within = place._replace(function=function, definition=inner[0])
            yield from _imports_within(node.body, line, within, inner, conditional=conditional, checking=checking)
        else:
            is_check = isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING"
            for block, is_else in blocks_of(node):
                now = checking or (is_check and not is_else)
                yield from _imports_within(block, line, place, names, conditional=True, checking=now)
