"""Methods of lists, and functions of Python that go through lists."""

from __future__ import annotations

from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Event,
    Instance,
    Items,
    Outside,
    RouteEntry,
    Router,
    Scope,
    Value,
    holds_router,
    known,
)
from .knowledge import APPLICATION, INSTANCES, ROUTE_CLASSES, ROUTERS, TYPES
from .machine import Machine
from .operators import truth_of


class BuiltinCalls(Machine):
    """Methods of lists, and functions of Python that go through lists."""

    def _list_method(self, items: Items, name: str, arguments: Arguments) -> Value:
        if name in ("append", "extend", "insert", "remove", "pop", "clear", "sort", "reverse"):
            first = arguments.get("", 0)
            if not self._is_sure(items.conditions):
                items.is_complete = False
            if name == "append" and first is not None:
                items.items.append(first)
            elif name == "extend" and isinstance(first, Items):
                items.items += first.items
                items.is_complete = items.is_complete and first.is_complete
            else:
                items.is_complete = False
            return Constant(None)
        if name == "copy":
            return items.copy()
        if name in ("add", "update", "discard", "union"):
            items.is_complete = False
        return UNKNOWN

    def _is_instance(self, value: Value, classes: Value) -> bool | None:
        if isinstance(classes, Items):
            decided = [self._is_instance(value, cls) for cls in classes.items]
            return True if True in decided else None if None in decided or not classes.is_complete else False
        match value, classes:
            case RouteEntry(part="documentation"), Outside(name=name) if name in ROUTE_CLASSES:
                return "route" in INSTANCES[name]
            case RouteEntry(part="", event=Event(kind=kind)), Outside(name=name) if name in ROUTE_CLASSES:
                return kind in INSTANCES[name]
            case Constant(value=inner), Outside(name=name) if type(value) is Constant and name in TYPES:
                return isinstance(inner, TYPES[name])
            case Router(), Outside(name=name) if name in ROUTERS:
                return True if name == APPLICATION and value.is_application else None
            case (Instance(cls=cls), Class()):
                return True if classes in self._mro(cls) else None if "?" in self._bases(cls) else False
        return None

    def _mapped(self, is_map: bool, function: Value, iterated: Value, line: int, scope: Scope | None) -> Value:
        elements = self._elements(iterated)
        if elements is None:
            if holds_router(function):
                with self._maybe(looped=True):
                    self.call(function, Arguments([UNKNOWN]), line, scope)
            return UNKNOWN
        results = [self.call(function, Arguments([element]), line, scope) for element in elements]
        if is_map:
            return Items(results)
        truths = [truth_of(result) for result in results]
        kept = [element for element, truth in zip(elements, truths, strict=True) if truth]
        return Items(kept, is_complete=None not in truths)

    def _paired(self, name: str, arguments: Arguments) -> Value:
        lists = [self._elements(value) for value in arguments.positional]
        orders = [isinstance(value, Items) and value.is_unordered for value in arguments.positional]
        if None in lists or any(orders) or not arguments.is_complete:
            return UNKNOWN
        known_lists = [found for found in lists if found is not None]
        if name == "builtins.reversed":
            return Items(known_lists[0][::-1])
        if name == "builtins.zip":
            return Items([Items(list(pair)) for pair in zip(*known_lists, strict=False)])
        start = known(arguments.get("start", 1)) if len(lists) == 1 else UNKNOWN
        first = start if isinstance(start, int) else 0
        if len(lists) != 1 or (arguments.get("start", 1) is not None and start is UNKNOWN):
            return UNKNOWN
        return Items([Items([Constant(index), value]) for index, value in enumerate(known_lists[0], first)])
