"""What assignments and calls change: names, the contents of containers, and what else may hold these."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...source.nodes import children
from ..reader import dotted
from . import known
from .model import (
    STR,
    Entry,
    Fixed,
    Instance,
    Items,
    Json,
    Lookup,
    Object,
    Plain,
    Shape,
    Unproven,
    alternatives,
    either,
    is_json,
    is_mutable,
)
from .state import Poisoned, State, constant_key, short

_DISPLAY = ast.Dict | ast.List | ast.Set | ast.Tuple | ast.ListComp | ast.SetComp | ast.DictComp | ast.BinOp
_JOINS = ast.Add | ast.BitOr | ast.Mult
# What these give is new, its parts are not.
_COPYING = frozenset(
    {
        "copy.copy",
        *(f"builtins.{name}" for name in ("dict", "enumerate", "filter", "frozenset", "list", "map", "reversed")),
        *(f"builtins.{name}" for name in ("set", "sorted", "tuple", "zip")),
    }
)


class Changes(State):
    """Follows who may change what."""

    def set(self, name: str, shape: Shape) -> None:
        self.env[name] = shape

    def change(self, target: ast.expr, shape: Shape, *, is_inner: bool = False) -> None:
        """A container gets new contents, in place; `is_inner`: one of its parts does."""
        match target:
            case ast.Name(id=name) if name in self.env:
                self._part_is_changed(name, f"`{name}` is changed", is_inner=is_inner)
                if not isinstance(self.env[name], Unproven):
                    self.set(name, shape)
            case ast.Subscript(value=owner, slice=index):
                around = self.peek(owner)
                key = constant_key(index)
                if isinstance(around, Object) and key is not None:
                    self.change(owner, around.with_entry(key, Entry(shape, required=True)), is_inner=True)
                elif isinstance(around, Items | Lookup):
                    self._change_element(owner, around, shape)
                else:
                    raise Poisoned(f"nothing shows what `{short(target)}` is, which is changed")
            case _:
                raise Poisoned(f"`{short(target)}` is changed")

    def _change_element(self, owner: ast.expr, around: Items | Lookup, shape: Shape) -> None:
        if isinstance(around, Items):
            self.change(owner, Items(around.kind, either((around.element, shape))), is_inner=True)
        else:
            self.change(owner, Lookup(around.key, either((around.value, shape))), is_inner=True)

    def assign(self, target: ast.expr, shape: Shape, value: ast.expr | None, *, is_view: bool = False) -> None:
        match target:
            case ast.Name(id=name):
                self._forget(name)
                self.made.pop(name, None)
                if isinstance(shape, Instance) and self.shapes.stored.is_stored(shape.symbol):
                    self.made[name] = shape.symbol
                origin = "part" if is_view else self._origin(value)
                self.views.discard(name)
                self.shared.discard(name)
                if is_mutable(shape) and origin == "part":
                    self.views.add(name)
                elif is_mutable(shape) and origin == "copy":
                    self.shared.add(name)
                self.aliased.discard(name)
                self.leaked.discard(name)
                self.set(name, shape)
                if isinstance(shape, Unproven) and isinstance(value, ast.BinOp) and isinstance(value.op, _JOINS):
                    # `one + other`, of which nothing shows whether they are lists.
                    for other in self._mutable_names(value):
                        reason = f"`{short(value)}` may hold a part of it"
                        self._part_is_changed(other, reason, is_inner=True)
                        self.set(other, Unproven(reason))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                self._unpack(elements, shape, target)
            case ast.Starred(value=inner):
                self.assign(inner, shape, None, is_view=True)
            case ast.Subscript(value=owner, slice=index):
                self._assign_item(owner, index, shape, value)
            case ast.Attribute():
                self.peek(target.value)
                chain = dotted(target)
                if chain and chain.partition(".")[0] in self.env:
                    self.set(chain, shape if not is_mutable(shape) else self.unproven(target))

    def _origin(self, value: ast.expr | None) -> str:
        """What a container has to do with others: it may be `part` of one or the same, or a `copy` whose parts are the
        same; empty for one that is new throughout."""
        match value:
            case None:
                return ""
            case ast.Await(value=inner):
                return self._origin(inner)
            case ast.Call(func=func):
                if not self._mutable_names(value):
                    return ""
                symbol = self.meaning(func)
                name = symbol.name if symbol is not None and symbol.path is None else ""
                if name in known.JSON_LOADERS or name in known.FUNCTIONS or name == "copy.deepcopy":
                    return ""
                method = func.attr if isinstance(func, ast.Attribute) else ""
                if method == "json":
                    return ""
                return "copy" if name in _COPYING or method == "copy" else "part"
        if isinstance(value, _DISPLAY):
            return "copy" if self._mutable_names(value) else ""
        return "part"

    def _mutable_names(self, node: ast.AST) -> list[str]:
        """The variables in it that hold containers."""
        return [name for name in self.shapes.names_in(node) if name in self.env and is_mutable(self.env[name])]

    def now_shares(self, owner: ast.expr, *values: ast.expr | None) -> None:
        """What is put into a container may be part of others."""
        names = [name for value in values if value is not None for name in self._mutable_names(value)]
        while isinstance(owner, ast.Subscript | ast.Attribute):
            owner = owner.value
        if names and isinstance(owner, ast.Name):
            self.shared.update((owner.id, *names))

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
            elif isinstance(shape, Items | Json):
                part = Items("list", shape.element if isinstance(shape, Items) else shape)
            else:
                part = self.unproven(element)
            self.assign(element, part, target, is_view=True)

    def _assign_item(self, owner: ast.expr, index: ast.expr, shape: Shape, value: ast.expr | None) -> None:
        around = self.peek(owner)
        if not isinstance(index, ast.Slice):
            self.peek(index)
        found: list[Shape] = []
        for one in alternatives(around):
            key = constant_key(index)
            match one:
                case Object() if key is not None:
                    found.append(one.with_entry(key, Entry(shape, required=True)))
                case Object():
                    key_shape = self.peek(index)
                    if one.entries:
                        raise Poisoned(f"`{short(owner)}` gets a key that is computed")
                    found.append(Lookup(key_shape, shape))
                case Lookup():
                    key_shape = self.peek(index)
                    found.append(Lookup(either((one.key, key_shape)), either((one.value, shape))))
                case Items(kind=kind, element=element) if not isinstance(index, ast.Slice):
                    found.append(Items(kind, either((element, shape))))
                case Json() if not isinstance(index, ast.Slice):
                    is_kept = is_json(shape) and self.peek(index) == STR
                    found.append(one if is_kept else Unproven(f"`{short(owner)}` gets something else"))
                case _:
                    # `DATABASE[key] = item`: whoever holds the dict holds the item.
                    if value is not None:
                        names = [n for n in self._reachable(value) if n in self.env and is_mutable(self.env[n])]
                        self.leaked |= set(names)
                        self.touched |= set(names)
                    if isinstance(owner, ast.Name) and owner.id in self.env and is_mutable(around):
                        raise Poisoned(f"nothing shows what `{short(owner)}` is, which is changed")
                    return
        self.now_shares(owner, value)
        self.change(owner, either(found))

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
        self._part_is_changed(name, f"`{short(by)}()` may change `{name}`", is_inner=True)
        self.set(name, Unproven(f"`{short(by)}()` may change it"))

    def _part_is_changed(self, name: str, reason: str, *, is_inner: bool) -> None:
        """A container is changed that may be part of others, which then are not what they were."""
        self.touched.add(name)
        if name in self.held:
            raise Poisoned(f"{reason}, which is part of the same expression")
        is_held = name in self.views or name in self.aliased or name in self.leaked
        if is_held or (is_inner and name in self.shared):
            for other, shape in list(self.env.items()):
                if is_mutable(shape):
                    self.touched.add(other)
                    self.set(other, Unproven(f"{reason}, which may be part of it"))
            self.views.clear()
            self.shared.clear()
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
                if isinstance(node.func, ast.Attribute) and node.func.attr not in known.STR_METHODS:
                    yield from self._reachable(node.func.value)
            case _:
                for child in children(node):
                    if isinstance(child, ast.expr):
                        yield from self._reachable(child)
                    elif isinstance(child, ast.comprehension):
                        yield from self._reachable(child.iter)
