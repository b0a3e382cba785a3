"""What an expression gives, in a function whose names have known shapes."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ..index import Module, Symbol
from ..model import Function, Scope
from ..operations import Definition
from ..reader import dotted
from . import known
from .model import (
    BOOL,
    BYTES,
    FINITE,
    FLOAT,
    INT,
    NONE,
    NOTHING,
    SIMPLE_FLOAT,
    STR,
    Entry,
    Fixed,
    Instance,
    Items,
    Json,
    Library,
    Lookup,
    Object,
    Plain,
    Rows,
    Shape,
    Unproven,
    alternatives,
    either,
    falsy,
    is_json,
    is_mutable,
    merged,
    truthy,
)

if TYPE_CHECKING:
    from .flow import Shapes

Environment = dict[str, Shape]


class Poisoned(Exception):  # noqa: N818  (no error: the end of what can be followed)
    """Something is changed in a way that is not followed."""


class Expressions:
    """Evaluates expressions. Names are looked up in `env`, then in the functions around, then in the module."""

    def __init__(self, shapes: Shapes, module: Module, scopes: tuple[Scope, ...], depth: int) -> None:
        self.shapes = shapes
        self.project = shapes.project
        self.module = module
        self.scopes = scopes
        """Of the functions around, and that itself."""
        self.depth = depth
        self.env: Environment = {}
        self.imported: dict[str, str] = {}
        """Targets of the imports in the function."""
        self.aliased: set[str] = set()
        """Names whose containers are part of something else by now: to change them would change that, too."""
        self.views: set[str] = set()
        """Names of containers that belong to others."""
        self.leaked: set[str] = set()
        """Names whose containers somebody outside knows."""
        self.touched: set[str] = set()
        self.made: dict[str, Symbol] = {}
        """Names of objects of a class that a database stores, which `refresh` loads."""
        self.just_aliased: set[str] = set()
        """Those of `aliased` that the statement at hand has made part of something which has no name yet."""
        self.held: frozenset[str] = frozenset()
        """Those of them from before the innermost call that is being looked at."""

    # Names

    def meaning(self, node: ast.expr) -> Symbol | None:
        """What a dotted name means that no variable of the function stands for; builtins are `builtins.len`."""
        name = dotted(node)
        if not name:
            return None
        head, _, rest = name.partition(".")
        if head in self.imported:
            target = self.imported[head]
            symbol = self.project.follow_import(self.module.path, f"{target}.{rest}" if rest else target)
        elif head in self.env:
            return None
        elif any(head in scope.names for scope in self.scopes):
            symbol = self.project.resolve(self.module, name, self.scopes)
        elif not self.module.bindings(head):
            if (symbol := self.project.resolve(self.module, name)) is None:
                return Symbol(None, f"builtins.{name}")
        else:
            symbol = self.project.resolve(self.module, name)
        if symbol is not None and symbol.path is None:
            return Symbol(None, known.ALIASES.get(symbol.name, symbol.name))
        return symbol

    def _name(self, node: ast.Name) -> Shape:
        name = node.id
        if name in self.env:
            shape = self.env[name]
            if is_mutable(shape):
                self.aliased.add(name)
                self.just_aliased.add(name)
                self.touched.add(name)
            return shape
        return self._global(node)

    def _global(self, node: ast.expr) -> Shape:
        symbol = self.meaning(node)
        written = dotted(node)
        if symbol is None:
            return Unproven(f"nothing shows what `{written}` is")
        if symbol.path is None:
            return known.CONSTANTS.get(symbol.name, Unproven(f"nothing shows what `{written}` is"))
        return self.shapes.variable(symbol, written)

    # Expressions

    def shape(self, node: ast.expr) -> Shape:
        match node:
            case ast.Constant():
                return self.shapes.constant(node)
            case ast.JoinedStr():
                for part in node.values:
                    if isinstance(part, ast.FormattedValue):
                        self.peek(part.value)
                return STR
            case ast.Name():
                return self._name(node)
            case ast.NamedExpr(target=target, value=value):
                shape = self.shape(value)
                self.assign(target, shape, value)
                return shape
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Await(value=value):
                return self._awaited(value)
            case ast.Call():
                return self._call(node, is_awaited=False)
            case ast.Dict():
                return self._dict(node)
            case ast.List(elts=elements):
                return Items("list", self._elements(elements))
            case ast.Set(elts=elements):
                return Items("set", self._elements(elements))
            case ast.Tuple(elts=elements):
                if any(isinstance(element, ast.Starred) for element in elements):
                    return Items("tuple", self._elements(elements))
                return Fixed(tuple(self.shape(element) for element in elements))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.IfExp():
                return self._either_branch(node)
            case ast.BoolOp():
                return self._bool_op(node)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                self.peek(operand)
                return BOOL
            case ast.UnaryOp(operand=operand):
                return self._numbers(self.shape(operand), node)
            case ast.Compare():
                return self._compare(node)
            case ast.BinOp(left=left, right=right, op=op):
                return self._bin_op(op, self.shape(left), self.shape(right), node)
            case ast.Lambda():
                return Unproven("it is a function")
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self.shape(child)
                return self.unproven(node)

    def peek(self, node: ast.expr) -> Shape:
        """The shape of what is only looked at here, so that nothing else gets hold of it."""
        if isinstance(node, ast.Name) and node.id in self.env:
            return self.env[node.id]
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        return self.shape(node)

    def unproven(self, node: ast.AST) -> Unproven:
        text = ast.unparse(node)
        text = text if len(text) <= 60 else f"{text[:57]}..."
        return Unproven(f"nothing shows what `{text}` is")

    def _elements(self, elements: Sequence[ast.expr]) -> Shape:
        found = []
        for element in elements:
            if isinstance(element, ast.Starred):
                found.append(self.element_of(self.shape(element.value), element.value))
            else:
                found.append(self.shape(element))
        return either(found)

    def element_of(self, shape: Shape, node: ast.AST) -> Shape:
        """What iterating over it gives."""
        found: list[Shape] = []
        for one in alternatives(shape):
            match one:
                case Items(element=element):
                    found.append(element)
                case Fixed(elements=elements):
                    found.extend(elements)
                case Lookup(key=key):
                    found.append(key)
                case Object():
                    found.append(STR)
                case Json():
                    found.append(one)
                case Plain() if one == STR:
                    found.append(STR)
                case Plain() if one == BYTES:
                    found.append(INT)
                case Rows(symbol=symbol, stage="objects"):
                    found.append(Instance(symbol, is_loaded=True))
                case Unproven():
                    return Unproven(f"nothing shows what `{_short(node)}` holds")
                case _:
                    if one == NONE:
                        continue  # raises
                    if isinstance(one, Plain) and self.shapes.enum_members(one.symbol) is not None:
                        return Unproven(f"nothing shows what `{_short(node)}` holds")
                    return Unproven(f"nothing shows what `{_short(node)}` holds")
        return either(found)

    # Parts

    def _attribute(self, node: ast.Attribute) -> Shape:
        chain = dotted(node)
        if chain and chain.partition(".")[0] not in self.env and self.meaning(node) is not None:
            found = self._global(node)
            if not isinstance(found, Unproven):
                return found
        owner = self.peek(node.value)
        return self._attribute_of(owner, node)

    def _attribute_of(self, owner: Shape, node: ast.Attribute) -> Shape:
        if isinstance(owner, Unproven):
            symbol = self.meaning(node.value) if dotted(node.value) else None
            members = self.shapes.enum_members(symbol) if symbol is not None else None
            if symbol is not None and members is not None and node.attr in members:
                return Plain(symbol)
            return self.unproven(node)
        found = []
        for one in alternatives(owner):
            if one == NONE:
                continue  # raises
            found.append(self._attribute_of_one(one, node))
        return either(found) if found else self.unproven(node)

    def _attribute_of_one(self, owner: Shape, node: ast.Attribute) -> Shape:
        name = node.attr
        if f"{dotted(node)}" in self.env:  # `item.name = ...` was seen
            return self.env[dotted(node)]
        match owner:
            case Plain(symbol=symbol):
                members = self.shapes.enum_members(symbol)
                if members is not None:
                    if name == "value":
                        return either(members.values())
                    return STR if name == "name" else self.unproven(node)
                table = known.ATTRIBUTES.get(symbol.name, {})
                return table.get(name, self.unproven(node))
            case Library(name=cls):
                return known.ATTRIBUTES.get(cls, {}).get(name, self.unproven(node))
            case Instance(is_loaded=True):
                return self.shapes.stored.attribute(owner, name)
            case Instance():
                return self.shapes.given.attribute(owner, name)
        return self.unproven(node)

    def _subscript(self, node: ast.Subscript) -> Shape:
        if not isinstance(node.slice, ast.Slice):
            self.peek(node.slice)
        symbol = self.meaning(node.value)
        if symbol is not None and symbol.path is None and symbol.name == "os.environ":
            return STR
        owner = self.peek(node.value)
        found = []
        for one in alternatives(owner):
            match one:
                case Object():
                    name = _constant_key(node.slice)
                    entry = one.entry(name) if name is not None else None
                    if entry is None:
                        return self.unproven(node)
                    found.append(entry.shape)
                case Lookup(value=value):
                    found.append(value)
                case Json():
                    found.append(one)
                case Items(element=element, kind=kind):
                    found.append(Items(kind, element) if isinstance(node.slice, ast.Slice) else element)
                case Fixed(elements=elements):
                    index = node.slice.value if isinstance(node.slice, ast.Constant) else None
                    if not (isinstance(index, int) and -len(elements) <= index < len(elements)):
                        return self.unproven(node)
                    found.append(elements[index])
                case Plain() if one == STR:
                    found.append(STR)
                case Plain() if one == BYTES:
                    found.append(BYTES if isinstance(node.slice, ast.Slice) else INT)
                case Plain() if one == NONE:
                    continue
                case _:
                    return self.unproven(node)
        return either(found) if found else self.unproven(node)

    def _dict(self, node: ast.Dict) -> Shape:
        result = Object(())
        lookup: Lookup | None = None
        for key, value in zip(node.keys, node.values, strict=True):
            shape = self.shape(value)
            if key is None:
                if isinstance(shape, Object) and lookup is None and all(e.required for _, e in shape.entries):
                    for key_there, entry in shape.entries:
                        result = result.with_entry(key_there, entry)
                    continue
                if isinstance(shape, Lookup):
                    lookup = _widened(lookup, result, shape.key, shape.value)
                    continue
                return Unproven(f"nothing shows which keys `{_short(value)}` has")
            name = _constant_key(key)
            if name is not None and lookup is None:
                result = result.with_entry(name, Entry(shape, required=True))
            else:
                lookup = _widened(lookup, result, self.shape(key), shape)
        return lookup if lookup is not None else result

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Shape:
        env, aliased, views = dict(self.env), set(self.aliased), set(self.views)
        for generator in node.generators:
            element = self.element_of(self.peek(generator.iter), generator.iter)
            if isinstance(generator.iter, ast.Name):
                self.aliased.add(generator.iter.id)
            self.assign(generator.target, element, generator.iter, is_view=True)
            for test in generator.ifs:
                self.peek(test)
                self.env = self.refined(test, truth=True)
        if isinstance(node, ast.DictComp):
            key, value = self.shape(node.key), self.shape(node.value)
            result: Shape = Lookup(key, value)
        else:
            kinds = {ast.ListComp: "list", ast.SetComp: "set", ast.GeneratorExp: "iterator"}
            result = Items(kinds[type(node)], self.shape(node.elt))
        walrus = {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
        self.env = {**env, **{name: shape for name, shape in self.env.items() if name in walrus}}
        # What is handed out inside has the same name outside unless the comprehension bound it.
        own = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self.aliased = aliased | (self.aliased - own)
        self.views = views
        return result

    def _either_branch(self, node: ast.IfExp) -> Shape:
        self.peek(node.test)
        before = dict(self.env)
        self.env = self.refined(node.test, truth=True)
        one = self.shape(node.body)
        self.env = dict(before)
        self.env = self.refined(node.test, truth=False)
        other = self.shape(node.orelse)
        self.env = before
        return either((one, other))

    def _bool_op(self, node: ast.BoolOp) -> Shape:
        before = dict(self.env)
        is_or = isinstance(node.op, ast.Or)
        found = []
        for index, value in enumerate(node.values):
            shape = self.shape(value)
            if index < len(node.values) - 1:
                shape = truthy(shape) if is_or else falsy(shape)
                self.env = self.refined(value, truth=not is_or)
            found.append(shape)
        self.env = before
        return either(found)

    def _compare(self, node: ast.Compare) -> Shape:
        parts = [self.peek(part) for part in (node.left, *node.comparators)]
        if all(isinstance(op, ast.In | ast.NotIn | ast.Is | ast.IsNot) for op in node.ops):
            return BOOL
        if all(isinstance(one, Plain | Json) for part in parts for one in alternatives(part)):
            return BOOL
        return self.unproven(node)

    def _numbers(self, shape: Shape, node: ast.AST) -> Shape:
        found: list[Shape] = []
        for one in alternatives(shape):
            if one == BOOL:
                found.append(INT)
            elif one == INT or (isinstance(one, Plain) and one.symbol == FLOAT.symbol):
                found.append(one)
            else:
                return self.unproven(node)
        return either(found)

    def _bin_op(self, op: ast.operator, left: Shape, right: Shape, node: ast.AST) -> Shape:
        found: list[Shape] = []
        for one in alternatives(left):
            for other in alternatives(right):
                result = _operated(op, one, other)
                if result is None:
                    return self.unproven(node)
                found.append(result)
        return either(found) if found else self.unproven(node)

    # Calls

    def _awaited(self, node: ast.expr) -> Shape:
        if isinstance(node, ast.Call):
            return self._call(node, is_awaited=True)
        self.shape(node)
        return self.unproven(node)

    def _call(self, node: ast.Call, *, is_awaited: bool) -> Shape:
        # What the arguments themselves alias is held by nobody but the function.
        outer, self.held = self.held, frozenset(self.just_aliased)
        try:
            return self._called(node, is_awaited=is_awaited)
        finally:
            self.held = outer

    def _called(self, node: ast.Call, *, is_awaited: bool) -> Shape:
        symbol = self.meaning(node.func)
        if symbol is not None and symbol.path is None and not is_awaited:
            head, _, name = symbol.name.rpartition(".")
            if head == "builtins" and name != "setattr":
                return self._builtin(node, name)
            if symbol.name == "builtins.setattr" and node.args:
                self._look_at_arguments(node, is_harmless=True)
                for changed in self._reachable(node.args[0]):
                    self.set(changed, Unproven("`setattr` changes it"))
                return NONE
            if symbol.name in known.FUNCTIONS or symbol.name in _SPECIAL:
                self._look_at_arguments(node, is_harmless=symbol.name in known.HARMLESS_CALLS)
                return self._of_library(node, symbol.name)
            if symbol.name in known.HARMLESS_CALLS:
                shapes = self._look_at_arguments(node, is_harmless=True)
                is_copy = symbol.name.startswith("copy.") and len(shapes) == 1
                return shapes[0] if is_copy else self.unproven(node)
        if symbol is not None and symbol.path is None and symbol.name.endswith("select"):
            entities = [self.meaning(argument) if dotted(argument) else None for argument in node.args]
            if (selected := self.shapes.stored.selected(symbol, entities)) is not None:
                return selected
        if symbol is not None and symbol.path is not None and symbol.name:
            found = self._of_project(node, symbol, is_awaited=is_awaited)
            if found is not None:
                return found
        if isinstance(node.func, ast.Attribute) and (symbol is None or symbol.path is not None):
            found = self._method(node, node.func, is_awaited=is_awaited)
            if found is not None:
                return found
        if symbol is None:
            self.peek(node.func)
        self._look_at_arguments(node, is_harmless=_changes_nothing(node.func, symbol))
        if symbol is not None and symbol.path is None and symbol.name.endswith("Response") and not is_awaited:
            return Library(symbol.name)
        return self.unproven(node)

    def arguments(self, node: ast.Call) -> tuple[list[Shape] | None, dict[str, Shape]]:
        """Shapes of positional and named arguments; None for the first where something is unpacked."""
        positional: list[Shape] | None = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self.peek(argument.value)
                positional = None
            else:
                shape = self.peek(argument)
                if positional is not None:
                    positional.append(shape)
        named = {}
        for keyword in node.keywords:
            shape = self.peek(keyword.value)
            if keyword.arg is None:
                positional = None
            else:
                named[keyword.arg] = shape
        return positional, named

    def _look_at_arguments(self, node: ast.Call, *, is_harmless: bool) -> list[Shape]:
        """Evaluate the arguments of a function that may change them unless it `is_harmless`."""
        positional, named = self.arguments(node)
        if not is_harmless:
            self.handed(node)
        return [*(positional or ()), *named.values()]

    def handed(self, node: ast.Call) -> None:
        """Containers among the arguments may come back changed."""
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            for name in self._reachable(value):
                shape = self.env.get(name)
                if shape is not None and is_mutable(shape):
                    self._may_be_changed(name, node.func)
        for name in self.leaked & self.env.keys():
            if is_mutable(self.env[name]):
                self._may_be_changed(name, node.func)

    def _may_be_changed(self, name: str, by: ast.expr) -> None:
        self._part_is_changed(name, f"`{_short(by)}()` may change `{name}`")
        self.set(name, Unproven(f"`{_short(by)}()` may change it"))

    def _part_is_changed(self, name: str, reason: str) -> None:
        """A container is changed that may be part of others, which then are not what they were."""
        self.touched.add(name)
        if name in self.held:
            raise Poisoned(f"{reason}, which is part of the same expression")
        if name in self.views or name in self.aliased or name in self.leaked:
            for other, shape in list(self.env.items()):
                if is_mutable(shape):
                    self.touched.add(other)
                    self.set(other, Unproven(f"{reason}, which may be part of it"))
            self.views.clear()
            self.aliased.clear()
            self.leaked.clear()

    def _reachable(self, node: ast.expr) -> Iterator[str]:
        """Names of variables whose containers may be part of a value."""
        match node:
            case ast.Name(id=name):
                yield name
            case ast.Starred(value=value) | ast.Await(value=value) | ast.NamedExpr(value=value):
                yield from self._reachable(value)
            case ast.Attribute(value=value) | ast.Subscript(value=value):
                if any(not isinstance(one, Plain) for one in alternatives(self.peek(node))):
                    yield from self._reachable(value)
            case ast.Constant() | ast.JoinedStr() | ast.Compare() | ast.Lambda():
                return
            case ast.Call(args=args, keywords=keywords):
                if self.meaning(node.func) is not None and dotted(node.func) in known.HARMLESS - {"list", "sorted"}:
                    return
                for value in (*args, *(keyword.value for keyword in keywords)):
                    yield from self._reachable(value)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        yield from self._reachable(child)
                    elif isinstance(child, ast.comprehension):
                        yield from self._reachable(child.iter)

    def _builtin(self, node: ast.Call, name: str) -> Shape:
        positional, named = self.arguments(node)
        if name not in known.HARMLESS and f"builtins.{name}" not in known.FUNCTIONS:
            self.handed(node)
            return self.unproven(node)
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(value, ast.Name) and name not in ("len", "str", "print", "isinstance", "bool", "sum", "repr"):
                # `list(rows)` holds the same rows.
                self.shape(value)
        if f"builtins.{name}" in known.FUNCTIONS:
            return known.FUNCTIONS[f"builtins.{name}"]
        if positional is None:
            return self.unproven(node)
        first = positional[0] if positional else NOTHING
        if name == "open":
            written = (
                node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
            )
            if written is None or isinstance(written, ast.Constant):
                is_binary = isinstance(written, ast.Constant) and "b" in str(written.value)
                return known.BINARY_FILE if is_binary else known.TEXT_FILE
            return self.unproven(node)
        if name == "int":
            return INT
        if name == "float":
            # `float("nan")` and `float("1e-7")` are floats, too.
            return either([SIMPLE_FLOAT if one == INT else FLOAT for one in alternatives(first)] or [SIMPLE_FLOAT])
        if name == "range":
            return Items("iterator", INT)
        if name == "enumerate":
            return Items("iterator", Fixed((INT, self.element_of(first, node))))
        if name == "zip":
            pairs = tuple(self.element_of(s, a) for s, a in zip(positional, node.args, strict=True))
            return Items("iterator", Fixed(pairs))
        if name in ("list", "sorted", "tuple", "set", "frozenset", "reversed", "iter"):
            kind = {"sorted": "list", "reversed": "iterator", "iter": "iterator"}.get(name, name)
            return Items(kind, self.element_of(first, node) if positional else NOTHING)
        if name == "dict":
            if not positional:
                return Object(tuple((key, Entry(shape, required=True)) for key, shape in named.items()))
            if isinstance(first, Object) and len(positional) == 1:
                for key, shape in named.items():
                    first = first.with_entry(key, Entry(shape, required=True))
                return first
            if isinstance(first, Json) and not named:
                return Lookup(STR, first)
            return first if isinstance(first, Lookup) and not named else self.unproven(node)
        if name == "round":
            return _rounded(first, node) or self.unproven(node)
        if name == "abs":
            return self._numbers(first, node)
        if name == "sum":
            element = self.element_of(first, node)
            if all(one in (INT, BOOL) for one in alternatives(element)) and len(positional) == 1:
                return INT
            if all(one in (INT, FINITE, SIMPLE_FLOAT) for one in alternatives(element)) and len(positional) == 1:
                return either((INT, FINITE))  # of nothing at all it is 0
            return self.unproven(node)
        if name in ("max", "min"):
            candidates = positional if len(positional) > 1 else [self.element_of(first, node)]
            return either([*candidates, *([named["default"]] if "default" in named else [])])
        if name == "next":
            return either([self.element_of(first, node), *positional[1:]])
        return self.unproven(node)

    def _of_library(self, node: ast.Call, name: str) -> Shape:
        positional, named = self.arguments(node)
        values = [*(positional or ()), *named.values()]
        if name in ("os.getenv", "os.environ.get"):
            if positional is None:
                return self.unproven(node)
            default = positional[1] if len(positional) > 1 else named.get("default", NONE)
            return either((STR, default))
        if name in known.JSON_LOADERS:
            return known.JSON if len(values) == 1 and not node.keywords else self.unproven(node)
        if name in _PROCESSES:
            return self._of_process(node, name)
        if name == "re.sub":
            # Of text only text can be replaced.
            return STR if node.args and self.shapes.constant(node.args[0]) == STR else self.unproven(node)
        if name == "datetime.date":
            return known.DATE
        if name == "datetime.datetime":
            has_zone = positional is None or len(positional) > 7 or "tzinfo" in named
            return known.DATETIME if has_zone else known.NAIVE
        if name == "datetime.datetime.now":
            is_naive = positional is not None and all(value == NONE for value in values)
            return known.NAIVE if is_naive else known.DATETIME
        if name in ("os.path.join", "os.path.basename", "os.path.dirname", "os.path.abspath", "os.path.normpath"):
            return STR if positional and all(value == STR for value in values) else self.unproven(node)
        if name == "os.listdir":
            return known.STRINGS if all(value in (STR, known.PATH) for value in values) else self.unproven(node)
        if name in ("random.choice", "secrets.choice") and positional:
            return self.element_of(positional[0], node.args[0])
        if name == "datetime.datetime.utcfromtimestamp":
            return known.NAIVE
        if name == "collections.defaultdict" or name not in known.FUNCTIONS:
            return self.unproven(node)
        return known.FUNCTIONS[name]

    def _of_process(self, node: ast.Call, name: str) -> Shape:
        """What a process has written, where it is read as text."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}

        def is_true(*names: str) -> bool:
            return any(isinstance(given.get(n), ast.Constant) and bool(given[n].value) for n in names)  # type: ignore[attr-defined]

        is_text = is_true("text", "universal_newlines", "encoding") and "errors" not in given and None not in given
        if name == "subprocess.check_output":
            return STR if is_text else self.unproven(node)
        return Library("subprocess.run of text" if is_text and is_true("capture_output") else "subprocess.run")

    def _of_project(self, node: ast.Call, symbol: Symbol, *, is_awaited: bool) -> Shape | None:
        """A function or class of the project; None where it is something else."""
        found = self.shapes.class_of(symbol)
        if found is not None and found.kind != "unknown":
            self._look_at_arguments(node, is_harmless=found.is_pydantic and not found.hooks)
            if is_awaited:
                return self.unproven(node)
            if found.kind == "enum":
                return Plain(symbol)
            return Instance(symbol, is_validated=found.is_pydantic and not found.table)
        owner, _, method = symbol.name.rpartition(".")
        if owner and method in _MAKES_MODEL and not is_awaited and self.shapes.is_model(Symbol(symbol.path, owner)):
            self._look_at_arguments(node, is_harmless=True)
            return Instance(Symbol(symbol.path, owner), is_validated=True)
        function = self.shapes.function(symbol)
        if function is None:
            return None
        return self._followed(node, function, (), is_awaited=is_awaited)

    def _followed(
        self,
        node: ast.Call,
        function: tuple[Module, Function, Definition],
        first: tuple[Shape, ...],
        *,
        is_awaited: bool,
    ) -> Shape:
        """What a call of a function of the project gives; `first` are arguments in front of those of the call."""
        positional, named = self.arguments(node)
        if positional is None:
            self.handed(node)
            return self.unproven(node)
        result, changed = self.shapes.called(function, [*first, *positional], named, self.depth, is_awaited=is_awaited)
        if changed or self.leaked:
            self.handed(node)
        if isinstance(result, Unproven):
            return Unproven(f"nothing shows what `{_short(node.func)}()` gives: {result.reason}")
        return result

    def _method(self, node: ast.Call, func: ast.Attribute, *, is_awaited: bool) -> Shape | None:
        """A method of something that is known; None where that is not."""
        name = func.attr
        if isinstance(func.value, ast.Call) or not isinstance(func.value, ast.Name | ast.Subscript | ast.Attribute):
            owner = self.shape(func.value)
        else:
            owner = self.peek(func.value)
        if isinstance(owner, Unproven | Library) and (loaded := self._of_session(node, name)) is not None:
            return loaded
        # `DATABASE.append(item)`: whoever holds the list holds the item.
        if isinstance(owner, Unproven):
            if name in _STORING and not is_awaited:
                self.arguments(node)
                for value in node.args:
                    # What is loaded belongs to its session anyway.
                    names = {n for n in self._reachable(value) if n in self.env and _is_container(self.env[n])}
                    self.leaked |= names
                    self.touched |= names
                return NONE if name != "setdefault" else self.unproven(node)
            return None
        found = []
        for one in alternatives(owner):
            if one == NONE:
                continue
            shape = self._method_of(one, node, func, is_awaited=is_awaited)
            if shape is None:
                return None
            found.append(shape)
        return either(found) if found else None

    def _of_session(self, node: ast.Call, name: str) -> Shape | None:
        """A method that loads something from a database, of whatever is a session here."""
        if name == "refresh" and node.args:
            target = node.args[0]
            shape = self.env.get(target.id) if isinstance(target, ast.Name) else None
            symbol = self.made.get(target.id) if isinstance(target, ast.Name) else None
            if isinstance(target, ast.Name) and shape is not None and symbol is not None:
                self._forget(target.id)
                self.set(target.id, Instance(symbol, is_loaded=True))
                return NONE
        if name not in ("query", "get", "execute", "exec", "scalars", "scalar") or not node.args:
            return None
        first = node.args[0]
        symbol = self.meaning(first) if dotted(first) else None
        if symbol is not None and symbol.path is None:
            symbol = None
        given = self.peek(first) if symbol is None else None
        if name == "query" and len(node.args) != 1:
            return None
        found = self.shapes.stored.of_session(name, symbol, given)
        if found is not None:
            for argument in node.args[1:]:
                self.peek(argument)
        return found

    def _method_of(self, owner: Shape, node: ast.Call, func: ast.Attribute, *, is_awaited: bool) -> Shape | None:
        name = func.attr
        match owner:
            case Plain(symbol=symbol):
                if is_awaited:
                    return None
                members = self.shapes.enum_members(symbol)
                result = known.METHODS.get(symbol.name, {}).get(name) if members is None else None
                if owner == known.NAIVE and name == "replace" and "tzinfo" not in {k.arg for k in node.keywords}:
                    result = known.NAIVE
                if result is not None:
                    self._look_at_arguments(node, is_harmless=True)
                return result
            case Library(name=cls):
                table = known.AWAITED if is_awaited else known.METHODS
                result = table.get(cls, {}).get(name)
                if result is not None:
                    shapes = self._look_at_arguments(node, is_harmless=True)
                    if result == known.JSON and not {k.arg for k in node.keywords} <= known.JSON_KEYWORDS:
                        return None
                    if cls == "starlette.Headers" and len(shapes) > 1:
                        return either((STR, shapes[1]))
                return result
            case Rows():
                found = self.shapes.stored.method(owner, name)
                if found is not None:
                    self._look_at_arguments(node, is_harmless=True)
                return found
            case Items() | Object() | Lookup():
                return None if is_awaited else self._of_container(owner, node, func)
            case Json():
                return None if is_awaited else self._of_json(node, func)
            case Instance() if (method := self.shapes.method(owner.symbol, name)) is not None:
                return self._followed(node, method, (owner,), is_awaited=is_awaited)
            case Instance() if name in ("dict", "model_dump") and not (node.args or node.keywords):
                return self.shapes.dumped(owner)
            case Instance() if name in ("json", "model_dump_json") and not is_awaited:
                return STR if self.shapes.is_model(owner.symbol) else None
        return None

    def _of_container(self, owner: Items | Object | Lookup, node: ast.Call, func: ast.Attribute) -> Shape | None:
        name = func.attr
        if name in ("append", "add", "insert", "extend", "update", "setdefault"):
            positional, named = self._stored_arguments(node)
        else:
            positional, named = self.arguments(node)
        if positional is None:
            return None
        match owner, name:
            case Items(kind=kind, element=element), "append" | "add" if len(positional) == 1:
                self.change(func.value, Items(kind, either((element, positional[0]))))
                return NONE
            case Items(kind=kind, element=element), "insert" if len(positional) == 2:
                self.change(func.value, Items(kind, either((element, positional[1]))))
                return NONE
            case Items(kind=kind, element=element), "extend" | "update" if len(positional) == 1:
                added = self.element_of(positional[0], node.args[0])
                self.change(func.value, Items(kind, either((element, added))))
                return NONE
            case Items(), "sort" | "reverse" | "clear" | "remove" | "discard":
                return NONE
            case Items(element=element), "pop":
                return element
            case Items(), "copy":
                return owner
            case Items(), "index" | "count":
                return INT
            case Object(), "update" if not positional or isinstance(positional[0], Object):
                result: Object = owner
                given = positional[0].entries if positional and isinstance(positional[0], Object) else ()
                for key, entry in (*given, *((k, Entry(s, required=True)) for k, s in named.items())):
                    old = result.entry(key)
                    if entry.required or old is None:
                        result = result.with_entry(key, entry)
                    else:
                        result = result.with_entry(key, Entry(either((old.shape, entry.shape)), old.required))
                self.change(func.value, result)
                return NONE
            case (Object(), "get" | "pop" | "setdefault") if node.args:
                return self._by_key(owner, name, node.args[0], positional, func.value)
            case Object(entries=entries), "values":
                return Items("iterator", either(entry.shape for _, entry in entries))
            case Object(entries=entries), "items":
                return Items("iterator", Fixed((STR, either(entry.shape for _, entry in entries))))
            case Object(), "keys":
                return Items("iterator", STR)
            case Object() | Lookup(), "copy":
                return owner
            case Lookup(value=value), "values":
                return Items("iterator", value)
            case Lookup(key=key), "keys":
                return Items("iterator", key)
            case Lookup(key=key, value=value), "items":
                return Items("iterator", Fixed((key, value)))
            case Lookup(value=value), "get" | "pop":
                return either((value, positional[1] if len(positional) > 1 else NONE))
        return None

    def _of_json(self, node: ast.Call, func: ast.Attribute) -> Shape | None:
        """A method of what came out of a JSON document: which of its types has it tells the rest."""
        name = func.attr
        if name in _STORING_IN_JSON:
            stored, named = self._stored_arguments(node)
            if stored is None:
                return None
            is_kept = all(is_json(one) for one in (*stored[name == "setdefault" :], *named.values()))
            if name == "setdefault":
                is_kept = is_kept and stored[:1] == [STR]
            if not is_kept:
                self.change(func.value, Unproven(f"`{_short(func)}()` puts something else into it"))
            return (known.JSON if is_kept else self.unproven(node)) if name == "setdefault" else NONE
        positional, _ = self.arguments(node)
        if positional is None:
            return None
        match name:
            case "get":
                return either((known.JSON, positional[1] if len(positional) > 1 else NONE))
            case "pop":
                return either((known.JSON, *positional[1:]))
            case "items":
                return Items("iterator", Fixed((STR, known.JSON)))
            case "keys":
                return Items("iterator", STR)
            case "values":
                return Items("iterator", known.JSON)
            case "copy":
                return known.JSON
            case "index" | "count":
                return INT
            case "clear" | "remove" | "reverse" | "sort":
                return NONE
        return known.STR_METHODS.get(name)

    def _by_key(
        self, owner: Object, method: str, key: ast.expr, positional: Sequence[Shape], target: ast.expr
    ) -> Shape | None:
        """`d.get("a", default)`, `d.pop("a")` and `d.setdefault("a", default)`."""
        name = _constant_key(key)
        if name is None:
            return None
        entry = owner.entry(name)
        default = positional[1] if len(positional) > 1 else NONE
        if method == "pop":
            self.change(target, owner.without(name))
        if method == "setdefault":
            shape = default if entry is None else either((entry.shape, default))
            self.change(target, owner.with_entry(name, Entry(shape, required=True)))
            return shape
        if entry is None:
            return default
        return entry.shape if entry.required else either((entry.shape, default))

    def _stored_arguments(self, node: ast.Call) -> tuple[list[Shape] | None, dict[str, Shape]]:
        """Arguments that become part of a container."""
        positional: list[Shape] | None = []
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                positional = None
                self.shape(argument.value)
            else:
                shape = self.shape(argument)
                if positional is not None:
                    positional.append(shape)
        named = {keyword.arg: self.shape(keyword.value) for keyword in node.keywords if keyword.arg}
        return (positional if len(named) == len(node.keywords) else None), named

    # Changes

    def set(self, name: str, shape: Shape) -> None:
        self.env[name] = shape

    def change(self, target: ast.expr, shape: Shape) -> None:
        """A container gets new contents, in place."""
        match target:
            case ast.Name(id=name) if name in self.env:
                self._part_is_changed(name, f"`{name}` is changed")
                if not isinstance(self.env[name], Unproven):
                    self.set(name, shape)
            case ast.Subscript(value=owner, slice=index):
                around = self.peek(owner)
                key = _constant_key(index)
                if isinstance(around, Object) and key is not None:
                    self.change(owner, around.with_entry(key, Entry(shape, required=True)))
                elif isinstance(around, Items | Lookup):
                    self._change_element(owner, around, shape)
                else:
                    raise Poisoned(f"nothing shows what `{_short(target)}` is, which is changed")
            case _:
                raise Poisoned(f"`{_short(target)}` is changed")

    def _change_element(self, owner: ast.expr, around: Items | Lookup, shape: Shape) -> None:
        if isinstance(around, Items):
            self.change(owner, Items(around.kind, either((around.element, shape))))
        else:
            self.change(owner, Lookup(around.key, either((around.value, shape))))

    def assign(self, target: ast.expr, shape: Shape, value: ast.expr | None, *, is_view: bool = False) -> None:
        match target:
            case ast.Name(id=name):
                self._forget(name)
                self.made.pop(name, None)
                if isinstance(shape, Instance) and self.shapes.stored.is_stored(shape.symbol):
                    self.made[name] = shape.symbol
                is_of_another = is_view or (value is not None and not isinstance(value, _FRESH))
                if is_mutable(shape) and is_of_another:
                    self.views.add(name)
                else:
                    self.views.discard(name)
                self.aliased.discard(name)
                self.leaked.discard(name)
                self.set(name, shape)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(elements, shape, target)
            case ast.Starred(value=inner):
                self.assign(inner, self.unproven(inner), None, is_view=True)
            case ast.Subscript(value=owner, slice=index):
                self._assign_item(owner, index, shape, value)
            case ast.Attribute():
                self.peek(target.value)
                chain = dotted(target)
                if chain and chain.partition(".")[0] in self.env:
                    self.set(chain, shape if not is_mutable(shape) else self.unproven(target))

    def _forget(self, name: str) -> None:
        """What was stored in attributes of the object that a name stood for."""
        for chain in [known_name for known_name in self.env if known_name.startswith(f"{name}.")]:
            del self.env[chain]

    def _unpack(self, elements: Sequence[ast.expr], shape: Shape, target: ast.expr) -> None:
        parts: tuple[Shape, ...] | None = None
        if isinstance(shape, Fixed) and len(shape.elements) == len(elements):
            parts = shape.elements
        for index, element in enumerate(elements):
            if parts is not None:
                part = parts[index]
            elif isinstance(shape, Items) and not isinstance(element, ast.Starred):
                part = shape.element
            elif isinstance(shape, Json) and not isinstance(element, ast.Starred):
                part = shape
            else:
                part = self.unproven(element)
            self.assign(element, part, target, is_view=True)

    def _assign_item(self, owner: ast.expr, index: ast.expr, shape: Shape, value: ast.expr | None) -> None:
        around = self.peek(owner)
        if not isinstance(index, ast.Slice):
            self.peek(index)
        found: list[Shape] = []
        for one in alternatives(around):
            key = _constant_key(index)
            match one:
                case Object() if key is not None:
                    found.append(one.with_entry(key, Entry(shape, required=True)))
                case Object():
                    key_shape = self.peek(index)
                    if one.entries:
                        raise Poisoned(f"`{_short(owner)}` gets a key that is computed")
                    found.append(Lookup(key_shape, shape))
                case Lookup():
                    key_shape = self.peek(index)
                    found.append(Lookup(either((one.key, key_shape)), either((one.value, shape))))
                case Items(kind=kind, element=element) if not isinstance(index, ast.Slice):
                    found.append(Items(kind, either((element, shape))))
                case Json() if not isinstance(index, ast.Slice):
                    is_kept = is_json(shape) and self.peek(index) == STR
                    found.append(one if is_kept else Unproven(f"`{_short(owner)}` gets something else"))
                case _:
                    # `DATABASE[key] = item`: whoever holds the dict holds the item.
                    if value is not None:
                        names = [n for n in self._reachable(value) if n in self.env and is_mutable(self.env[n])]
                        self.leaked |= set(names)
                        self.touched |= set(names)
                    if isinstance(owner, ast.Name) and owner.id in self.env and is_mutable(around):
                        raise Poisoned(f"nothing shows what `{_short(owner)}` is, which is changed")
                    return
        self.change(owner, either(found))

    # Conditions

    def refined(self, test: ast.expr, *, truth: bool) -> Environment:
        """What is known where `test` came out as `truth`."""
        env = dict(self.env)
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.refined(operand, truth=not truth)
            case ast.BoolOp(op=op, values=values):
                if isinstance(op, ast.And) == truth:
                    before = self.env
                    for value in values:
                        self.env = self.refined(value, truth=truth)
                    env, self.env = self.env, before
                return env
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
                name = dotted(left)
                if name in env:
                    is_none = isinstance(op, ast.Is) == truth
                    left_over = [s for s in alternatives(env[name]) if (s == NONE) == is_none]
                    env[name] = either(left_over) if left_over else env[name]
                elif isinstance(left, ast.Attribute) and (isinstance(op, ast.Is) != truth):
                    self._refine_attribute(left, env)
                return env
            case ast.NamedExpr(target=target):
                return self.refined(target, truth=truth)
            case ast.Name() | ast.Attribute():
                name = dotted(test)
                if name in env and truth:
                    rest = alternatives(truthy(env[name]))
                    env[name] = either(rest) if rest else env[name]
                elif truth and isinstance(test, ast.Attribute):
                    self._refine_attribute(test, env)
        return env

    def _refine_attribute(self, node: ast.Attribute, env: Environment) -> None:
        """`item.price` is not None here, as long as nobody assigns it."""
        name = dotted(node)
        if name and name.partition(".")[0] in env:
            shape = self.peek(node)
            if NONE in alternatives(shape) and truthy(shape) != NOTHING:
                env[name] = truthy(shape)


_PROCESSES = frozenset({"subprocess.check_output", "subprocess.run"})
_SPECIAL = frozenset(
    {
        *known.JSON_LOADERS, *_PROCESSES, "re.sub",
        "datetime.date", "datetime.datetime", "datetime.datetime.now", "datetime.datetime.utcfromtimestamp",
        "os.environ.get", "os.getenv", "os.listdir", "os.path.abspath", "os.path.basename", "os.path.dirname",
        "os.path.join", "os.path.normpath", "random.choice", "secrets.choice",
    }
)  # fmt: skip
_MAKES_MODEL = frozenset({"from_orm", "model_validate", "model_validate_json", "parse_obj", "parse_raw"})
_STORING = frozenset({"add", "append", "appendleft", "insert", "put_nowait", "setdefault"})
_STORING_IN_JSON = frozenset({"append", "extend", "insert", "setdefault", "update"})
_FRESH = ast.Dict | ast.List | ast.Set | ast.ListComp | ast.SetComp | ast.DictComp | ast.Call | ast.BinOp | ast.Await


def _changes_nothing(func: ast.expr, symbol: Symbol | None) -> bool:
    """Whether a function only reads its arguments: errors, responses, logging, conditions of a query."""
    name = dotted(func).rpartition(".")[2] or getattr(func, "attr", "")
    if symbol is not None and symbol.path is None and name.endswith(("Error", "Exception", "Response")):
        return True
    return isinstance(func, ast.Attribute) and (name in known.LOGGING or name in known.READING)


def _is_container(shape: Shape) -> bool:
    return is_mutable(shape) and not all(isinstance(one, Instance | Plain) for one in alternatives(shape))


def _short(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 50 else f"{text[:47]}..."


def _constant_key(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _widened(lookup: Lookup | None, result: Object, key: Shape, value: Shape) -> Lookup:
    keys: list[Shape] = [STR] if result.entries else []
    values = [entry.shape for _, entry in result.entries]
    if lookup is not None:
        keys, values = [lookup.key], [lookup.value]
    return Lookup(either((*keys, key)), either((*values, value)))


def _operated(op: ast.operator, left: Shape, right: Shape) -> Shape | None:
    """What one operator makes of two values; None where nothing shows that."""
    if isinstance(op, ast.Mod) and left in (STR, BYTES):
        return left
    if isinstance(op, ast.Add):
        if left == right and left in (STR, BYTES):
            return left
        if isinstance(left, Items) and isinstance(right, Items) and left.kind == right.kind == "list":
            return Items("list", either((left.element, right.element)))
    if isinstance(op, ast.Mult) and (left, right) in ((STR, INT), (INT, STR)):
        return STR
    if isinstance(op, ast.BitOr) and isinstance(left, Object) and isinstance(right, Object):
        for key, entry in right.entries:
            if not entry.required:
                return None
            left = left.with_entry(key, entry)
        return left
    if isinstance(op, ast.BitAnd | ast.BitOr | ast.BitXor) and left == right == BOOL:
        return BOOL
    if isinstance(op, ast.Div) and left == known.PATH and right in (STR, known.PATH):
        return known.PATH
    if left in (known.NAIVE, known.DATETIME) and isinstance(op, ast.Add | ast.Sub) and right == known.TIMEDELTA:
        return left
    if isinstance(op, ast.Sub) and {left, right} <= {known.NAIVE, known.DATETIME}:
        return known.TIMEDELTA
    return _calculated(op, left, right)


def _calculated(op: ast.operator, left: Shape, right: Shape) -> Shape | None:
    whole = {INT, BOOL}
    if left in whole and right in whole:
        if isinstance(op, ast.Div):
            return FINITE
        return None if isinstance(op, ast.Pow | ast.MatMult) else INT
    finite = {*whole, FINITE, SIMPLE_FLOAT}
    if left in finite and right in finite:
        if isinstance(op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Mod | ast.FloorDiv):
            return FINITE
        return None
    numbers = {*finite, FLOAT}
    if left in numbers and right in numbers and not isinstance(op, ast.Pow | ast.MatMult):
        return FLOAT
    return None


def _rounded(shape: Shape, node: ast.Call) -> Shape | None:
    """`round(x)` is an int; with four digits or fewer no number is so small that it is written with an exponent."""
    digits = node.args[1] if len(node.args) > 1 else None
    found: list[Shape] = []
    for one in alternatives(shape):
        if one in (INT, BOOL):
            found.append(INT)
        elif isinstance(one, Plain) and one.symbol == FLOAT.symbol:
            if digits is None and not node.keywords:
                found.append(INT)
            elif isinstance(digits, ast.Constant) and isinstance(digits.value, int) and digits.value <= 4:
                found.append(SIMPLE_FLOAT if one in (FINITE, SIMPLE_FLOAT) else FLOAT)
            else:
                found.append(one if one != SIMPLE_FLOAT else FINITE)
        else:
            return None
    return either(found) if found else None


def merged_environments(one: Environment | None, other: Environment | None) -> Environment | None:
    """What is known where two ways meet; None is a way that does not get here."""
    if one is None or other is None:
        return one if other is None else other
    result = dict(one)
    for name, shape in other.items():
        result[name] = either((result[name], shape)) if name in result else shape
    return result


__all__ = ["Environment", "Expressions", "Poisoned", "merged", "merged_environments"]
