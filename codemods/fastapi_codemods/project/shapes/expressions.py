"""What an expression gives, in a function whose names have known shapes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...source.nodes import children, walk
from ..reader import dotted
from . import known
from .calls import Calls
from .model import (
    BOOL,
    BYTES,
    INT,
    NONE,
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
    Shape,
    Unproven,
    alternatives,
    either,
    falsy,
    is_mutable,
    truthy,
)
from .operators import operated, signed
from .state import constant_key, short


class Expressions(Calls):
    """Evaluates expressions. Names are looked up in `env`, then in the functions around, then in the module."""

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

    def shape(self, node: ast.expr) -> Shape:
        found = self._shape(node)
        if isinstance(node, ast.Attribute | ast.Await | ast.Call | ast.Subscript) and is_mutable(found):
            # Whatever it becomes part of holds a part of these.
            names = self._mutable_names(node)
            self.shared.update(names)
            self.just_aliased.update(names)
        return found

    def _shape(self, node: ast.expr) -> Shape:
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
                return signed(self.shape(operand)) or self.unproven(node)
            case ast.Compare():
                return self._compare(node)
            case ast.BinOp(left=left, right=right, op=op):
                return self._bin_op(op, self.shape(left), self.shape(right), node)
            case ast.Lambda():
                return Unproven("it is a function")
            case _:
                for child in children(node):
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

    def _elements(self, elements: Sequence[ast.expr]) -> Shape:
        found = []
        for element in elements:
            if isinstance(element, ast.Starred):
                found.append(self.element_of(self.shape(element.value), element.value))
            else:
                found.append(self.shape(element))
        return either(found)

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
                    name = constant_key(node.slice)
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
                return Unproven(f"nothing shows which keys `{short(value)}` has")
            name = constant_key(key)
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
        walrus = {n.target.id for n in walk(node) if isinstance(n, ast.NamedExpr)}
        # What is handed out inside has the same name outside unless the comprehension bound it.
        own = {n.id for g in node.generators for n in walk(g.target) if isinstance(n, ast.Name)}
        inside, self.env = self.env, env
        for name, shape in inside.items():
            if name in walrus:
                env[name] = shape
            elif name in env and name not in own and shape != env[name]:
                env[name] = either((env[name], shape))
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

    def _bin_op(self, op: ast.operator, left: Shape, right: Shape, node: ast.AST) -> Shape:
        found: list[Shape] = []
        for one in alternatives(left):
            for other in alternatives(right):
                result = operated(op, one, other)
                if result is None:
                    return self.unproven(node)
                found.append(result)
        return either(found) if found else self.unproven(node)


def _widened(lookup: Lookup | None, result: Object, key: Shape, value: Shape) -> Lookup:
    keys: list[Shape] = [STR] if result.entries else []
    values = [entry.shape for _, entry in result.entries]
    if lookup is not None:
        keys, values = [lookup.key], [lookup.value]
    return Lookup(either((*keys, key)), either((*values, value)))
