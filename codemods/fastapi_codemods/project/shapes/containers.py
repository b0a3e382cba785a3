"""Methods of lists, dicts and of what came out of JSON."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from . import known
from .conditions import Conditions
from .model import (
    INT,
    NONE,
    STR,
    Entry,
    Fixed,
    Items,
    Json,
    Lookup,
    Object,
    Shape,
    Unproven,
    either,
    is_json,
)
from .state import constant_key, short

_STORING_IN_JSON = frozenset({"append", "extend", "insert", "setdefault", "update"})


class Containers(Conditions):
    """Follows what is put into containers and taken out of them."""

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

    def _of_container(self, owner: Items | Object | Lookup, node: ast.Call, func: ast.Attribute) -> Shape | None:
        name = func.attr
        if name in ("append", "add", "insert", "extend", "update", "setdefault"):
            positional, named = self._stored_arguments(node)
            self.now_shares(func.value, *node.args, *(keyword.value for keyword in node.keywords))
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
            case Lookup(key=key, value=value), "update" if not named and len(positional) == 1:
                more = positional[0]
                if isinstance(more, Json):
                    more = Lookup(STR, more)
                if isinstance(more, Object):
                    values = [entry.shape for _, entry in more.entries]
                    more = Lookup(STR, either(values)) if values else owner
                if not isinstance(more, Lookup):
                    return None
                self.change(func.value, Lookup(either((key, more.key)), either((value, more.value))))
                return NONE
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
            self.now_shares(func.value, *node.args, *(keyword.value for keyword in node.keywords))
            if stored is None:
                return None
            is_kept = all(is_json(one) for one in (*stored[name == "setdefault" :], *named.values()))
            if name == "setdefault":
                is_kept = is_kept and stored[:1] == [STR]
            if not is_kept:
                self.change(func.value, Unproven(f"`{short(func)}()` puts something else into it"))
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
        name = constant_key(key)
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
