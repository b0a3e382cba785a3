"""What a module binds, imports and reads, name by name, as Python's scopes have it: the whole file, nested functions,
annotations and annotations in strings included.

Annotations are the hard part. FastAPI evaluates those of handlers and dependencies itself where they are postponed or
strings, with the module's globals and nothing else: a name that only the enclosing function knows, or that is imported
under `TYPE_CHECKING`, is not found, and the parameter silently becomes a query parameter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...project.names import bound_within, parameters_of, walrus_targets
from ...project.reader import ROUTE_METHODS, blocks_of, bound_by, dotted, targets_of
from ...source import UnreadableSourceError
from ...source.statements import parse


class Read(NamedTuple):
    """A name that is looked up in the module and not in a scope within it."""

    name: str
    line: int
    owner: str
    """Qualified name of the function or class that it stands in, empty at module level."""
    when: str
    """`import`: as the module is imported; `call`; `signature`: by whoever evaluates the annotations of a function;
    `field`: likewise of a class; `never`."""
    is_local: bool = False
    """An enclosing function binds it: those that evaluate signatures do not see that."""
    by_fastapi: bool = False
    """Of a signature: the function is a handler, as its decorator says."""


class Imported(NamedTuple):
    target: str
    """As in `model.Import`; ends in `*` for a star."""
    line: int
    at_import: bool
    """Runs when the module is imported: it stands in no function."""
    type_checking: bool
    guarded: bool
    """In a `try` with a handler: may fail."""


class Use(NamedTuple):
    """`crud.items.get`: a chain of attributes whose first name is looked up in the module."""

    chain: str
    line: int


class Names(NamedTuple):
    """All of one module."""

    bound: dict[str, int]
    """Names that are there at run time, with the line that binds them first."""
    checking: frozenset[str]
    """Those that only type checkers know."""
    reads: tuple[Read, ...]
    imports: tuple[Imported, ...]
    uses: tuple[Use, ...]
    is_open: bool
    """`globals()`, `exec` or a module's `__getattr__` may bind more."""
    stars: tuple[str, ...]


def names_in(tree: ast.Module) -> Names:
    walker = _Walker(tree)
    walker.block(tree.body)
    bound = walker.bound
    return Names(
        bound,
        frozenset(walker.checking - bound.keys()),
        tuple(walker.reads),
        tuple(walker.imports),
        tuple(walker.uses),
        walker.is_open or "__getattr__" in bound,
        tuple(walker.stars),
    )


_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Definition = _Function | ast.ClassDef
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class _Scope:
    def __init__(self, kind: str, name: str, bound: Iterable[str] = (), not_local: Iterable[str] = ()) -> None:
        self.kind = kind
        """`function`, `class`, `comprehension` or `types`, of type parameters."""
        self.name = name
        self.bound = set(bound)
        self.globals = frozenset(not_local)


class _Walker:
    def __init__(self, tree: ast.Module) -> None:
        self.bound: dict[str, int] = {}
        self.checking: set[str] = set()
        self.reads: list[Read] = []
        self.imports: list[Imported] = []
        self.uses: list[Use] = []
        self.stars: list[str] = []
        self.is_open = False
        self.scopes: list[_Scope] = []
        self.under_checking = False
        self.guarded = False
        self.later = 0
        """How many functions and lambdas are around."""
        self.postponed = any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )

    # Scopes

    @property
    def owner(self) -> str:
        return ".".join(scope.name for scope in self.scopes if scope.kind in ("function", "class"))

    def found_in(self, name: str) -> str:
        """The kind of scope that binds it, empty for the module."""
        for depth in range(len(self.scopes) - 1, -1, -1):
            scope = self.scopes[depth]
            if scope.kind == "class" and depth != len(self.scopes) - 1:
                continue
            if name in scope.globals:
                return ""
            if name in scope.bound:
                return scope.kind
        return ""

    def read(self, name: str, line: int) -> None:
        if not self.found_in(name):
            self.reads.append(Read(name, line, self.owner, "call" if self.later else "import"))

    def bind(self, name: str, line: int) -> None:
        scope = next((s for s in reversed(self.scopes) if s.kind in ("function", "class")), None)
        if scope is not None and name not in scope.globals:
            return
        if self.under_checking:
            self.checking.add(name)
        else:
            self.bound.setdefault(name, line)

    # Statements

    def block(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.define(node)
                return
            case ast.Import() | ast.ImportFrom():
                self.imported(node)
            case ast.AnnAssign(annotation=annotation, value=value, target=target):
                self.annotate(annotation, None)
                if value is not None:
                    self.expression(value)
                if not isinstance(target, ast.Name):
                    self.expression(target)
            case ast.Global(names=names):
                for name in names:  # some call binds it, and nobody knows when
                    self.bound.setdefault(name, 0)
            case _ if type(node).__name__ == "TypeAlias":
                self.type_alias(node)
            case _:
                self.compound(node)
                return
        for name, _ in bound_by(node):
            self.bind(name, node.lineno)

    def type_alias(self, node: ast.stmt) -> None:
        """`type Ids = list[Id]`, which is evaluated when somebody asks."""
        parameters = [parameter.name for parameter in getattr(node, "type_params", ())]
        self.scopes.append(_Scope("types", "", parameters))
        self.later += 1
        self.expression(node.value)  # type: ignore[attr-defined]
        self.later -= 1
        self.scopes.pop()
        self.bind(node.name.id, node.lineno)  # type: ignore[attr-defined]

    def compound(self, node: ast.stmt) -> None:
        """Headers, then blocks; a simple statement has no blocks."""
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.read(node.target.id, node.lineno)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expression(child)
            elif isinstance(child, ast.withitem):
                self.expression(child.context_expr)
                if child.optional_vars is not None:
                    self.expression(child.optional_vars)
        for name, _ in bound_by(node):
            if not isinstance(node, ast.Delete):
                self.bind(name, node.lineno)
        outer = self.under_checking, self.guarded
        is_check = isinstance(node, ast.If) and dotted(node.test).rpartition(".")[2] == "TYPE_CHECKING"
        handlers = getattr(node, "handlers", ())
        for handler in handlers:
            if handler.type is not None:
                self.expression(handler.type)
            if handler.name:  # of `except*`, too
                self.bind(handler.name, handler.lineno)
        for case in getattr(node, "cases", ()):
            self.pattern(case.pattern)
            if case.guard is not None:
                self.expression(case.guard)
        for block, is_else in blocks_of(node):
            self.under_checking = outer[0] or (is_check and not is_else)
            self.guarded = outer[1] or bool(handlers)
            self.block(block)
        self.under_checking, self.guarded = outer

    def pattern(self, node: ast.pattern) -> None:
        for inner in ast.walk(node):
            match inner:
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.MatchMapping(rest=str(name)):
                    self.bind(name, node.lineno)
                case ast.MatchValue(value=value):
                    self.expression(value)
                case ast.MatchClass(cls=cls):
                    self.expression(cls)

    def imported(self, node: ast.Import | ast.ImportFrom) -> None:
        at_import = not self.later
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]  # `import a.b` imports `a.b`, though it binds `a`
        else:
            targets = [target for _, target in targets_of(node)]
        for target in targets:
            if target.endswith("*") and not self.scopes and not self.under_checking:
                self.stars.append(target[:-1].rstrip(".") or target[:-1])
            self.imports.append(Imported(target, node.lineno, at_import, self.under_checking, self.guarded))

    def define(self, node: _Definition) -> None:
        for decorator in node.decorator_list:
            self.expression(decorator)
        parameters = [parameter.name for parameter in getattr(node, "type_params", ())]
        if parameters:
            self.scopes.append(_Scope("types", "", parameters))
        not_checking = self.under_checking
        bound, not_local = bound_within(node.body)
        if isinstance(node, ast.ClassDef):
            for base in (*node.bases, *(keyword.value for keyword in node.keywords)):
                self.expression(base)
            self.scopes.append(_Scope("class", node.name, bound, not_local))
            self.block(node.body)
        else:
            self.signature(node)
            self.scopes.append(_Scope("function", node.name, bound | parameters_of(node.args), not_local))
            self.later += 1
            self.block(node.body)
            self.later -= 1
        self.scopes.pop()
        self.under_checking = not_checking
        if parameters:
            self.scopes.pop()
        self.bind(node.name, node.lineno)

    def signature(self, node: _Function) -> None:
        self.defaults(node.args)
        arguments = node.args
        each = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
        for argument in each:
            if argument is not None and argument.annotation is not None:
                self.annotate(argument.annotation, node)
        if node.returns is not None:
            self.annotate(node.returns, node)

    def defaults(self, arguments: ast.arguments) -> None:
        for default in (*arguments.defaults, *arguments.kw_defaults):
            if default is not None:
                self.expression(default)

    # Annotations

    def annotate(self, annotation: ast.expr, function: _Function | None) -> None:
        """Of a parameter or a result of `function`, or of a variable."""
        if function is None and self.scopes and self.scopes[-1].kind == "function":
            when = "never"
        elif function is not None:
            when = "signature"
        else:
            when = "field" if self.scopes and self.scopes[-1].kind == "class" else "never"
        if not self.postponed and when != "never":
            self.expression(annotation)
            self.quoted(annotation, when, function)
        elif self.postponed or self.later or when != "never":
            self.evaluated_later(annotation, when, function)
        else:
            self.expression(annotation)

    def quoted(self, annotation: ast.expr, when: str, function: _Function | None) -> None:
        """The names in strings that are types: `"User"`, `list["User"]`, but not `Literal["a"]`."""
        match annotation:
            case ast.Constant(value=str(text)):
                self.evaluated_later_text(text, annotation.lineno, when, function)
            case ast.Subscript(value=value, slice=inner):
                last = dotted(value).rpartition(".")[2]
                if last == "Annotated" and isinstance(inner, ast.Tuple) and inner.elts:
                    self.quoted(inner.elts[0], when, function)
                elif last != "Literal":
                    self.quoted(inner, when, function)
            case ast.Tuple() | ast.List() | ast.BinOp():
                for part in ast.iter_child_nodes(annotation):
                    if isinstance(part, ast.expr):
                        self.quoted(part, when, function)
            case _:
                return

    def evaluated_later_text(self, text: str, line: int, when: str, function: _Function | None) -> None:
        try:
            statement = parse(f"({text}\n)").body[0]
        except (UnreadableSourceError, IndexError):
            return
        if isinstance(statement, ast.Expr):
            self.evaluated_later(statement.value, when, function, line)

    def evaluated_later(self, node: ast.expr, when: str, function: _Function | None, line: int | None = None) -> None:
        """Every name in it is looked up in the module by whoever evaluates it."""
        bound_inside = walrus_targets(node) | {
            inner.id
            for comprehension in ast.walk(node)
            if isinstance(comprehension, ast.comprehension)
            for inner in ast.walk(comprehension.target)
            if isinstance(inner, ast.Name)
        }
        for inner in ast.walk(node):
            if isinstance(inner, ast.Lambda):
                bound_inside |= parameters_of(inner.args)
        owner = self.owner if function is None else ".".join(filter(None, (self.owner, function.name)))
        by_fastapi = function is not None and _is_handler(function)
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and inner.id not in bound_inside:
                kind = self.found_in(inner.id)
                if kind == "types" or (kind == "class" and when == "field"):
                    continue
                at = line or inner.lineno
                self.reads.append(Read(inner.id, at, owner, when, kind in ("function", "class"), by_fastapi))
        self.quoted(node, when, function) if line is None else None

    # Expressions

    def expression(self, node: ast.AST) -> None:
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                self.read(name, node.lineno)
                return
            case ast.Name(id=name, ctx=ast.Store()):
                self.bind(name, node.lineno)
                return
            case ast.Name():
                return
            case ast.Attribute():
                chain = dotted(node)
                if chain and not self.found_in(chain.partition(".")[0]):
                    self.uses.append(Use(chain, node.lineno))
            case ast.NamedExpr(target=target, value=value):
                self.expression(value)
                self.bind(target.id, node.lineno)
                return
            case ast.Lambda(args=arguments, body=body):
                self.defaults(arguments)
                self.scopes.append(_Scope("comprehension", "", parameters_of(arguments) | walrus_targets(body)))
                self.later += 1
                self.expression(body)
                self.later -= 1
                self.scopes.pop()
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self.comprehension(node)
                return
            case ast.Call(func=ast.Name(id="globals" | "exec" | "vars" | "eval")):
                self.is_open = self.is_open or node.func.id != "eval"  # type: ignore[attr-defined]
        for child in ast.iter_child_nodes(node):
            self.expression(child)

    def comprehension(self, node: _Comprehension) -> None:
        # The first iterable is evaluated outside.
        self.expression(node.generators[0].iter)
        targets = (inner for generator in node.generators for inner in ast.walk(generator.target))
        self.scopes.append(_Scope("comprehension", "", {t.id for t in targets if isinstance(t, ast.Name)}))
        for index, generator in enumerate(node.generators):
            if index:
                self.expression(generator.iter)
            for condition in generator.ifs:
                self.expression(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self.expression(part)
        self.scopes.pop()


def _is_handler(node: _Function) -> bool:
    """FastAPI evaluates its signature, as a decorator says."""
    return any(
        isinstance(decorator, ast.Call) and dotted(decorator.func).rpartition(".")[2] in ROUTE_METHODS
        for decorator in node.decorator_list
    )


def exported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The literal names in `__all__`, each with its line."""
    for node in tree.body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id="__all__")], value=ast.List() | ast.Tuple() as listed)
                | ast.AugAssign(target=ast.Name(id="__all__"), value=ast.List() | ast.Tuple() as listed)
                | ast.AnnAssign(target=ast.Name(id="__all__"), value=ast.List() | ast.Tuple() as listed)
            ):
                for element in listed.elts:
                    if isinstance(element, ast.Constant) and isinstance(element.value, str):
                        yield element.value, element.lineno
            case _:
                continue
