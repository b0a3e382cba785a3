"""Follows names, attributes and calls to what an expression is worth."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

from ...source import UnreadableSourceError
from .. import blocking
from ..index import Module, Project, Symbol
from ..reader import dotted, statements_within
from .bindings import Bound, bound_by, locals_of, may_store, names_in, stored_by
from .nodes import (
    Definition,
    FunctionNode,
    default_of,
    first_parameter,
    is_overload,
    last_name,
    own_nodes,
    parsed_text,
    yields,
)
from .values import PLAIN, Frame, Value

TREES_KEPT = 1_000_000
"""Characters of statements whose syntax trees are kept at a time; most bodies in them are never parsed."""

_PLAIN_NAMES = frozenset({"None", "bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"})
_LIBRARIES_WITH_NAMES_OF_BUILTINS = frozenset(
    {"aiofiles", "anyio", "bz2", "codecs", "gzip", "io", "lzma", "os", "tarfile", "tokenize", "trio", "wave"}
)
_TRANSPARENT = frozenset({"Annotated", "ClassVar", "Final", "Optional", "Required", "Union"})
_GENERATORS = frozenset(
    {
        "AsyncContextManager", "AsyncGenerator", "AsyncIterable", "AsyncIterator", "ContextManager", "Generator",
        "Iterable", "Iterator", "AbstractContextManager", "AbstractAsyncContextManager",
    }
)  # fmt: skip


class Types:
    """Answers for one project; what was found out is remembered."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._trees: dict[tuple[str, int], ast.Module] = {}
        self._size = 0
        self._locals: dict[ast.AST, dict[str, list[Bound]]] = {}
        self._known: dict[object, Value | None] = {}
        self._local_values: dict[object, Value | None] = {}

    # Definitions

    def tree(self, module: Module, index: int) -> ast.Module:
        key = (module.path, index)
        if key not in self._trees:
            statement = module.facts.statements[index]
            self._size += statement.end - statement.start
            if self._size > TREES_KEPT:
                self._size = 0
                self._trees.clear()
                self._locals.clear()
                self._local_values.clear()
            try:
                with module.text_for_now():
                    self._trees[key] = module.outlined(index)
            except UnreadableSourceError:
                self._trees[key] = ast.Module([], [])
        return self._trees[key]

    def definition(self, symbol: Symbol) -> Frame | None:
        """The frame within the one function or class of that qualified name."""
        if symbol.path is None or not symbol.name or (module := self.project.module(symbol.path)) is None:
            return None
        head, *rest = symbol.name.split(".")
        bindings = module.bindings(head)
        if len(bindings) != 1 or bindings[0].kind not in ("def", "class"):
            return None
        body: Iterable[ast.stmt] = self.tree(module, bindings[0].statement).body
        nodes: tuple[Definition, ...] = ()
        for name in (head, *rest):
            found = [node for node in statements_within(body) if isinstance(node, Definition) and node.name == name]
            found = [node for node in found if not is_overload(node)]
            if len(found) != 1:
                return None
            nodes = (*nodes, found[0])
            body = found[0].body
        return Frame(module, nodes)

    def is_only(self, symbol: Symbol) -> bool:
        """Whether no other function has that qualified name."""
        outer, _, name = symbol.name.rpartition(".")
        around = self.definition(Symbol(symbol.path, outer)) if outer else None
        if around is None:
            module = self.project.module(symbol.path or "")
            return not outer and module is not None and len(module.bindings(name)) == 1
        if isinstance(around.nodes[-1], ast.ClassDef):
            return self.definition(symbol) is not None
        return len(locals_of(around.nodes[-1]).get(name, ())) == 1

    # Expressions

    def value(self, frame: Frame, node: ast.expr) -> Value | None:
        match node:
            case ast.Name() | ast.Attribute():
                return self._name(frame, node)
            case ast.Call():
                return self._call(frame, node)
            case ast.Await(value=ast.Call() as call):
                return self._call(frame, call, is_awaited=True)
            case ast.BinOp(op=ast.Div(), left=left):
                value = self.value(frame, left)
                return value if value == Value(Symbol(None, "pathlib.Path"), True) else None
            case ast.IfExp():
                return self._agreed(self.value(frame, branch) for branch in (node.body, node.orelse))
            case ast.BoolOp():
                return self._agreed(self.value(frame, part) for part in node.values)
            case ast.NamedExpr():
                return self.value(frame, node.value)
            case ast.Subscript():
                return _part(self.value(frame, node.value))
            case ast.Constant() | ast.JoinedStr() | ast.List() | ast.Dict() | ast.Set() | ast.Tuple():
                return PLAIN
            case _:
                return None

    def _agreed(self, values: Iterable[Value | None]) -> Value | None:
        """The one value all of them are; what is plain may have been there before or instead."""
        found = set(values)
        if len(found) > 1:
            found.discard(PLAIN)
        return found.pop() if len(found) == 1 else None

    def _name(self, frame: Frame, node: ast.Name | ast.Attribute) -> Value | None:
        chain = dotted(node)
        if not chain:
            assert isinstance(node, ast.Attribute)
            if isinstance(node.value, ast.Call) and dotted(node.value.func) == "super":
                return self._inherited(frame, node.attr)
            return self.member(self.value(frame, node.value), node.attr)
        head, _, rest = chain.partition(".")
        local = self._local(frame, head)
        if local is not None:
            home, bound = local
            if all(one.kind == "import" for one in bound):
                target = bound[0].target
                symbol = self.project.follow_import(frame.module.path, f"{target}.{rest}" if rest else target)
                return self.of_symbol(symbol)
            value = self._local_value(
                home, head, _last_annotation(bound, node) if len(home.nodes) == len(frame.nodes) else bound
            )
            return self._members_of(value, rest.split(".") if rest else [])
        if not frame.module.bindings(head):
            if head in blocking.BUILTINS and not rest and not self._may_come_by_star(frame.module, head):
                return Value(Symbol(None, f"builtins.{head}"), False)
            if head in _PLAIN_NAMES and not rest:
                return None
        return self.of_symbol(self.project.resolve(frame.module, chain) or self._only_for_types(frame.module, chain))

    def _may_come_by_star(self, module: Module, name: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a name of a builtin may be another's: `from os import *` brings an `open`."""
        for star in module.facts.stars:
            path = self.project.module_path(module.path, star)
            if path is None:
                if star.partition(".")[0] in _LIBRARIES_WITH_NAMES_OF_BUILTINS:
                    return True
            elif path not in seen:
                home = self.project.module(path)
                if home is None or home.bindings(name) or self._may_come_by_star(home, name, seen | {path}):
                    return True
        return False

    def _only_for_types(self, module: Module, chain: str) -> Symbol | None:
        """A name that is imported under `if TYPE_CHECKING:`."""
        head, _, rest = chain.partition(".")
        targets = {item.target for item in module.facts.imports if item.local == head and item.type_checking}
        if len(targets) != 1:
            return None
        target = targets.pop()
        return self.project.follow_import(module.path, f"{target}.{rest}" if rest else target)

    def _members_of(self, value: Value | None, names: Sequence[str]) -> Value | None:
        for name in names:
            value = self.member(value, name)
        return value

    def of_symbol(self, symbol: Symbol | None) -> Value | None:
        """What a symbol stands for, its attributes followed."""
        if symbol is None or symbol.path is None or not symbol.name:
            return Value(symbol, False) if symbol is not None else None
        return self._once(("symbol", symbol), lambda: self._of_project_symbol(symbol))

    def _of_project_symbol(self, symbol: Symbol) -> Value | None:
        module = self.project.module(symbol.path or "")
        if module is None:
            return None
        head, *rest = symbol.name.split(".")
        kinds = {binding.kind for binding in module.bindings(head)}
        if kinds == {"assign"}:
            value = self._variable(module, head)
        elif kinds <= {"def", "class"} and len(module.bindings(head)) == 1:
            value = Value(Symbol(module.path, head), False)
        else:
            value = None
        return self._members_of(value, rest)

    def _variable(self, module: Module, name: str) -> Value | None:
        """What a variable of a module is worth."""
        frame = Frame(module, ())
        values = []
        for binding in module.bindings(name):
            for node in statements_within(self.tree(module, binding.statement).body):
                for local, bound in bound_by(node):
                    if local == name:
                        if bound.kind == "annotation":
                            return self._of_bound(frame, name, bound)
                        values.append(bound)
        return self._agreed(self._of_bound(frame, name, bound) for bound in values)

    # Members of modules, classes and objects

    def member(self, value: Value | None, name: str) -> Value | None:
        if value is None or value == PLAIN:
            return None
        symbol = value.symbol
        if symbol.path is None:
            if value.is_object:
                if part := _part(value):
                    whole = blocking.METHODS.get(symbol.name, frozenset())
                    return Value(Symbol(None, f"{symbol.name}.{name}"), False) if name in whole else part
                if symbol.name == "pathlib.Path" and name == "parent":
                    return value
            return Value(Symbol(None, f"{symbol.name}.{name}"), False)
        if not symbol.name:
            module = self.project.module(symbol.path)
            return self.of_symbol(self.project.resolve(module, name)) if module is not None else None
        return self._once(("member", symbol, name), lambda: self._class_member(symbol, name, frozenset()))

    def _class_member(self, symbol: Symbol, name: str, seen: frozenset[Symbol]) -> Value | None:
        frame = self.definition(symbol)
        if frame is None or not isinstance(frame.nodes[-1], ast.ClassDef) or symbol in seen:
            return None
        here = self._members_in(frame, name)
        if here:
            if all(bound.kind == "def" for _, bound in here):
                if len(here) != 1:
                    return None
                function = here[0][1].node
                assert isinstance(function, FunctionNode)
                method = Symbol(symbol.path, f"{symbol.name}.{name}")
                if any(last_name(d) in ("property", "cached_property") for d in function.decorator_list):
                    return self.returned(method)
                return Value(method, False)
            annotated = [(at, bound) for at, bound in here if bound.kind == "annotation"]
            return self._agreed(self._of_bound(at, name, bound) for at, bound in annotated or here)
        return self._from_bases(frame, name, seen | {symbol})

    def _from_bases(self, frame: Frame, name: str, seen: frozenset[Symbol]) -> Value | None:
        cls = frame.nodes[-1]
        assert isinstance(cls, ast.ClassDef)
        for base in cls.bases:
            if isinstance(base, ast.Subscript):
                base = base.value  # noqa: PLW2901  (`Repository[User]`)
            above = self.value(frame._replace(nodes=frame.nodes[:-1]), base)
            if above is None or above.is_object:
                continue
            if above.symbol.path is not None:
                if found := self._class_member(above.symbol, name, seen):
                    return found
            elif known := blocking.class_of(above.symbol.name):
                return self.member(Value(Symbol(None, known), True), name)
        return None

    def _inherited(self, frame: Frame, name: str) -> Value | None:
        for depth in range(len(frame.nodes), 0, -1):
            if isinstance(frame.nodes[depth - 1], ast.ClassDef):
                return self._from_bases(frame._replace(nodes=frame.nodes[:depth]), name, frozenset())
        return None

    def _members_in(self, frame: Frame, name: str) -> list[tuple[Frame, Bound]]:
        """How a class's own body and methods bind an attribute."""
        cls = frame.nodes[-1]
        assert isinstance(cls, ast.ClassDef)
        found: list[tuple[Frame, Bound]] = []
        for node in statements_within(cls.body):
            for bound_name, bound in bound_by(node):
                if bound_name == name:
                    found.append((frame, bound))
            if not isinstance(node, FunctionNode) or not may_store(node.body, name):
                continue
            if not (first := first_parameter(node)):
                continue
            inside = Frame(frame.module, (*frame.nodes, node))
            for statement in statements_within(node.body):
                for target, bound in stored_by(statement):
                    if isinstance(target, ast.Attribute) and target.attr == name and dotted(target.value) == first:
                        found.append((inside, bound))
        return found

    # Calls

    def _call(self, frame: Frame, node: ast.Call, *, is_awaited: bool = False) -> Value | None:
        callee = self.value(frame, node.func)
        if callee is None or callee == PLAIN:
            return None
        symbol = callee.symbol
        if symbol.path is None:
            if is_awaited:
                return None
            made = blocking.made_by(f"{symbol.name}()" if callee.is_object else symbol.name)
            return Value(Symbol(None, made), True) if made else None
        if callee.is_object:
            return None
        definition = self.definition(symbol)
        if definition is None:
            return None
        match definition.nodes[-1]:
            case ast.ClassDef():
                return Value(symbol, True)
            case ast.AsyncFunctionDef() if not is_awaited:
                return None
            case ast.FunctionDef() if is_awaited:
                return None
            case _:
                return None if yields(definition.nodes[-1]) else self.returned(symbol)

    def returned(self, symbol: Symbol) -> Value | None:
        """The object that a function of the project gives back, or yields if it is a generator."""
        return self._once(("returned", symbol), lambda: self._returned(symbol))

    def _returned(self, symbol: Symbol) -> Value | None:
        frame = self.definition(symbol)
        if frame is None or not isinstance(function := frame.nodes[-1], FunctionNode):
            return None
        if any(last_name(d) not in _KEEPS_VALUE for d in function.decorator_list):
            return None
        outside = frame._replace(nodes=frame.nodes[:-1])
        yielding = yields(function)
        if function.returns is not None:
            annotation = function.returns
            if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
                annotation = parsed_text(annotation.value) or annotation
            if yielding:
                if not (isinstance(annotation, ast.Subscript) and last_name(annotation.value) in _GENERATORS):
                    return None
                first = annotation.slice
                annotation = first.elts[0] if isinstance(first, ast.Tuple) and first.elts else first
            if last_name(annotation) == "Self" and len(frame.nodes) > 1:
                return Value(Symbol(symbol.path, symbol.name.rpartition(".")[0]), True)
            return self.annotated(outside, annotation)
        given = [
            node.value
            for node in own_nodes(function)
            if isinstance(node, ast.Yield if yielding else ast.Return) and node.value is not None
        ]
        value = self._agreed(self.value(frame, expression) for expression in given)
        return value if value is not None and value.is_object else None

    def entered(self, frame: Frame, node: ast.expr, *, is_async: bool) -> Value | None:
        """What `with node as x` binds to x."""
        if isinstance(node, ast.Call):
            callee = self.value(frame, node.func)
            if callee is not None and not callee.is_object and callee.symbol.path is not None:
                definition = self.definition(callee.symbol)
                if definition is not None and isinstance(function := definition.nodes[-1], FunctionNode):
                    makes_manager = any("contextmanager" in last_name(d) for d in function.decorator_list)
                    return self.returned(callee.symbol) if makes_manager else None
        value = self.value(frame, node)
        if value is None or not value.is_object or value.symbol.path is None:
            return value
        method = self.member(value, "__aenter__" if is_async else "__enter__")
        if method is None or method.symbol.path is None:
            return None
        return self.returned(method.symbol)

    # Names of functions

    def note_comprehension(self, function: ast.AST, node: ast.comprehension) -> None:
        """Take the targets of a comprehension for names of the function it stands in, for whoever meets one."""
        if function not in self._locals:
            self._locals[function] = locals_of(function)
        for name in names_in(node.target):
            bound = Bound("each", node.iter) if isinstance(node.target, ast.Name) else Bound("unknown")
            known = self._locals[function].setdefault(name, [])
            if bound not in known:
                known.append(bound)

    def _local(self, frame: Frame, name: str) -> tuple[Frame, list[Bound]] | None:
        """The innermost function around that binds the name; names of a class are seen in its own body only."""
        for depth in range(len(frame.nodes), 0, -1):
            node = frame.nodes[depth - 1]
            if isinstance(node, ast.ClassDef) and depth != len(frame.nodes):
                continue
            if node not in self._locals:
                self._locals[node] = locals_of(node)
            if bound := self._locals[node].get(name):
                return (frame._replace(nodes=frame.nodes[:depth]), bound) if bound[0].kind != "global" else None
        return None

    def _local_value(self, home: Frame, name: str, bound: Sequence[Bound]) -> Value | None:
        key = (home.nodes[-1], name, bound[0].node if len(bound) == 1 else None)
        if key not in self._local_values:
            self._local_values[key] = None
            annotated = [one for one in bound if one.kind == "annotation"]
            self._local_values[key] = self._agreed(self._of_bound(home, name, one) for one in annotated or bound)
        return self._local_values[key]

    def _of_bound(self, frame: Frame, name: str, bound: Bound) -> Value | None:
        node = bound.node
        match bound.kind:
            case "def" | "class":
                qualified = f"{frame.name}.{name}" if frame.nodes else name
                return Value(Symbol(frame.module.path, qualified), False)
            case "value":
                if isinstance(node, ast.Lambda):
                    return Value(Symbol(frame.module.path, f"{frame.name}.{name}" if frame.nodes else name), False)
                assert isinstance(node, ast.expr)
                return self.value(frame, node)
            case "annotation":
                assert isinstance(node, ast.expr)
                return self.annotated(frame, node)
            case "parameter":
                assert isinstance(node, ast.arg)
                return self._parameter(frame, node)
            case "with" | "async with":
                assert isinstance(node, ast.expr)
                return self.entered(frame, node, is_async=bound.kind == "async with")
            case "each":
                if isinstance(node, ast.Call):
                    callee = self.value(frame, node.func)
                    if callee is not None and callee.symbol.path is None:
                        element = blocking.ELEMENTS.get(callee.symbol.name)
                        return Value(Symbol(None, element), True) if element else None
                return None
            case "import":
                return self.of_symbol(self.project.follow_import(frame.module.path, bound.target))
            case _:
                return None

    def _parameter(self, frame: Frame, node: ast.arg) -> Value | None:
        function = frame.nodes[-1]
        outside = frame._replace(nodes=frame.nodes[:-1])
        if node.annotation is not None:
            return self.annotated(outside, node.annotation)
        is_method = bool(outside.nodes) and isinstance(outside.nodes[-1], ast.ClassDef)
        if is_method and isinstance(function, FunctionNode) and first_parameter(function) == node.arg:
            is_object = not any(last_name(d) == "classmethod" for d in function.decorator_list)
            return Value(Symbol(frame.module.path, outside.name), is_object)
        default = default_of(function, node)
        if isinstance(default, ast.Call) and last_name(default.func) in ("Depends", "Security") and default.args:
            injected = self.value(outside, default.args[0])
            if injected is not None and not injected.is_object and injected.symbol.path is not None:
                return self.returned(injected.symbol)
        return None

    # Annotations

    def annotated(self, frame: Frame, node: ast.expr) -> Value | None:
        """An object of the class that an annotation names."""
        match node:
            case ast.Constant(value=str() as text):
                inner = parsed_text(text)
                return self.annotated(frame, inner) if inner is not None else None
            case ast.Constant():
                return PLAIN
            case ast.BinOp(op=ast.BitOr()):
                return self._agreed(self.annotated(frame, side) for side in (node.left, node.right))
            case ast.Subscript():
                last = last_name(node.value)
                inner = node.slice
                if last in _TRANSPARENT:
                    if not isinstance(inner, ast.Tuple):
                        return self.annotated(frame, inner)
                    parts = inner.elts[:1] if last == "Annotated" else inner.elts
                    return self._agreed(self.annotated(frame, part) for part in parts)
                if last in _PLAIN_NAMES:
                    return PLAIN
                return self._object_of(self.value(frame, node.value))
            case ast.Name() | ast.Attribute():
                if dotted(node) in _PLAIN_NAMES:
                    return PLAIN
                return self._annotated_by_name(frame, node)
            case _:
                return None

    def _annotated_by_name(self, frame: Frame, node: ast.Name | ast.Attribute) -> Value | None:
        value = self.value(frame, node)
        if value is not None:
            return self._object_of(value)
        # `SessionDep = Annotated[Session, Depends(get_session)]`
        symbol = self.project.resolve(frame.module, dotted(node))
        if symbol is None or symbol.path is None:
            return None
        module = self.project.module(symbol.path)
        if module is None:
            return None
        return self._once(("alias", symbol), lambda: self._alias(module, symbol.name))

    def _alias(self, module: Module, name: str) -> Value | None:
        bindings = module.bindings(name)
        if len(bindings) != 1 or bindings[0].kind not in ("assign", "other"):
            return None
        for node in self.tree(module, bindings[0].statement).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                    return self.annotated(Frame(module, ()), value)
                case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                    return self.annotated(Frame(module, ()), value)
        return None

    def _object_of(self, value: Value | None) -> Value | None:
        if value is None or value.is_object:
            return None
        if value.symbol.path is not None:
            definition = self.definition(value.symbol)
            is_class = definition is not None and isinstance(definition.nodes[-1], ast.ClassDef)
            return Value(value.symbol, True) if is_class else None
        known = blocking.class_of(value.symbol.name)
        return Value(Symbol(None, known), True) if known else None

    def _once(self, key: object, make: Callable[[], Value | None]) -> Value | None:
        """`make()`, once. A question that comes up while it is being answered has no answer."""
        if key not in self._known:
            self._known[key] = None
            self._known[key] = make()
        return self._known[key]


_KEEPS_VALUE = frozenset(
    {
        "abstractmethod", "asynccontextmanager", "cache", "cached_property", "classmethod", "contextmanager",
        "lru_cache", "override", "property", "staticmethod",
    }
)  # fmt: skip


def _part(value: Value | None) -> Value | None:
    if value is None or not value.is_object or value.symbol.path is not None:
        return None
    part = blocking.PARTS.get(value.symbol.name)
    return Value(Symbol(None, part), True) if part else None


def _last_annotation(bound: Sequence[Bound], node: ast.expr) -> Sequence[Bound]:
    """Of a name that is annotated anew, `f: int = 7 ... f: TextIO = ...`, what stands last in front of a use of it."""
    annotated = [one for one in bound if one.kind == "annotation" and one.node is not None]
    if len(annotated) < 2:
        return bound
    before = [one for one in annotated if getattr(one.node, "lineno", 0) <= node.lineno]
    return before[-1:] or bound
