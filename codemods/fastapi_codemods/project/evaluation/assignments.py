"""What assigning and deleting changes."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..computed import operated
from ..reader import ROUTE_METHODS
from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Event,
    Function,
    Instance,
    Items,
    Method,
    ModuleValue,
    Outside,
    Partial,
    RouteEntry,
    RouteList,
    Router,
    Scope,
    Table,
    Value,
    known,
)
from .knowledge import (
    EDITED,
    HARMLESS_OF_ROUTES,
    REGISTERING,
    ROUTE_CLASSES,
    ROUTERS,
    SHOWN_BY_FUNCTION,
    SHOWN_BY_ROUTES,
)
from .machine import Machine
from .operators import table_method


class _SharedNames(dict[str, Value]):
    """The names of a function in which some are the module's."""

    def __init__(self, own: dict[str, Value], base: dict[str, Value], names: Sequence[str]) -> None:
        super().__init__(own)
        self._base = base
        self._shared = frozenset(names)

    def __setitem__(self, name: str, value: Value) -> None:
        if name in self._shared:
            self._base[name] = value
        super().__setitem__(name, value)


class Assignments(Machine):
    """What assigning and deleting changes."""

    def _augmented(self, before: Value, op: ast.operator, after: Value) -> Value:
        """`routers += [users]` changes the list that all its names stand for."""
        if isinstance(op, ast.Add) and isinstance(before, Items) and not before.is_tuple:
            before.is_complete = (
                before.is_complete
                and isinstance(after, Items)
                and after.is_complete
                and self._is_sure(before.conditions)
            )
            before.items += after.items if isinstance(after, Items) else []
            return before
        if isinstance(op, ast.BitOr) and isinstance(before, Table):
            table_method(before, "update", Arguments([after]), is_certain=self._is_sure(before.conditions))
            return before
        if isinstance(before, RouteList):
            before.router.doubt(EDITED)
            return before
        if isinstance(before, Items) and not before.is_tuple:
            before.is_complete = False
        return operated(op, before, after)

    def _deleted(self, owner: Value) -> None:
        match owner:
            case Items() | Table():
                owner.is_complete = False
            case RouteList(router=router):
                router.doubt(EDITED)

    def _bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        match target:
            case ast.Name(id=name):
                if isinstance(value, Router) and not value.name:
                    value.name = name
                scope.names[name] = value
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                parts = value.items if isinstance(value, Items) and len(value.items) == len(elements) else None
                for index, element in enumerate(elements):
                    self._bind(element, parts[index] if parts else UNKNOWN, scope)
            case ast.Starred(value=inner):
                self._bind(inner, UNKNOWN, scope)
            case ast.Attribute(value=owner, attr=name):
                of = self.value(owner, scope)
                self._set_attribute(of, name, value)
            case ast.Subscript(value=ast.Call(func=ast.Name(id="globals")), slice=index):
                names = self.scope_of(scope.module).names
                if isinstance(key := known(self.value(index, scope)), str):
                    names[key] = value if not self._conditions else UNKNOWN
            case ast.Subscript(value=owner, slice=index):
                of, key = self.value(owner, scope), known(self.value(index, scope))
                if isinstance(of, Table):
                    is_certain = self._is_sure(of.conditions)
                    if isinstance(key, str):
                        of.items[key] = value if is_certain else UNKNOWN
                    of.is_complete = of.is_complete and isinstance(key, str)
                elif isinstance(of, Method) and isinstance(of.owner, Function):
                    of.owner.doubts = (*of.owner.doubts, f"`{of.name}` of it is changed")
                elif isinstance(of, Method) and isinstance(of.owner, Instance):
                    of.owner.attributes.clear()
                    of.owner.is_complete = False
                elif isinstance(of, Items):
                    of.is_complete = False
                elif isinstance(of, RouteList):
                    of.router.doubt(EDITED)
                elif isinstance(of, RouteEntry):
                    of.doubt()

    def _set_attribute(self, of: Value, name: str, value: Value) -> None:
        match of:
            case Instance():
                if isinstance(value, Router) and not value.name:
                    value.name = name
                is_certain = self._is_sure(of.conditions) or isinstance(value, Router)
                if isinstance(self._member(of.cls, name), Partial | Function) and not isinstance(value, Function):
                    is_certain = False  # a property with a setter
                if self._member(of.cls, "__setattr__") is not UNKNOWN:
                    is_certain = False
                of.attributes[name] = value if is_certain else UNKNOWN
            case Function():
                self._set_on_function(of, name, value)
            case Router() if name == "routes":
                of.doubt(EDITED)
            case Router() if name in ("prefix", "tags", "dependencies", "route_class"):
                of.arguments.named[name] = value if self._is_sure(of.conditions) else UNKNOWN
                if name == "prefix" and of.is_application:
                    of.doubt("is given a prefix")
            case Router() if name in SHOWN_BY_ROUTES or name in ROUTE_METHODS or name in REGISTERING:
                of.doubt(f"its `{name}` is replaced")
            case Router():
                of.attributes[name] = value if self._is_sure(of.conditions) else UNKNOWN
            case RouteEntry(event=Event() as event) if name == "operation_id" and self._is_sure(of.router.conditions):
                event.operation_id = value, self._number
            case RouteEntry():
                if name not in HARMLESS_OF_ROUTES:
                    of.doubt()
            case ModuleValue(path=path):
                module = self.project.module(path)
                if module is not None:
                    self.scope_of(module).names[name] = value if not self._conditions else UNKNOWN
            case Class():
                self._members(of).names[name] = value if not self._conditions else UNKNOWN
            case Outside(name=outside) if outside in ROUTERS or outside in ROUTE_CLASSES:
                self.replaced = f"{outside}.{name}"

    def _set_on_function(self, function: Function, name: str, value: Value) -> None:
        if not self._is_sure(function.conditions) and name in SHOWN_BY_FUNCTION:
            function.doubts = (*function.doubts, f"its `{name}` may be changed")
        elif name == "__signature__":
            function.signature = value
        elif name == "__name__":
            function.given_name = value
        elif name == "__wrapped__":
            function.doubts = (*function.doubts, "it looks like another function")
        elif name in SHOWN_BY_FUNCTION:
            function.doubts = (*function.doubts, f"its `{name}` is changed")
        else:
            function.attributes[name] = value

    def _share(self, own: Scope, base: Scope | None, names: Sequence[str]) -> None:
        """`global app`: what the function binds, the module has; `nonlocal`: a function around it."""
        while base is not None and base.outer is not None and not any(name in base.names for name in names):
            base = base.outer
        if base is not None:
            own.names = _SharedNames(own.names, base.names, names)
