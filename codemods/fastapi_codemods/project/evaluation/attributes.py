"""What `value.name` is."""

from __future__ import annotations

from ..fastapi_names import canonical
from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Function,
    Instance,
    Items,
    Made,
    Member,
    Method,
    ModuleValue,
    Outside,
    Partial,
    Record,
    RouteEntry,
    RouteList,
    Router,
    Table,
    Value,
    known,
)
from .knowledge import ENUMERATIONS, FIELDS, SETTINGS, SHOWN_BY_FUNCTION, URLS, WRITTEN_AS_VALUES
from .machine import Machine
from .operators import STATUS, decorator_names, status_of


class Attributes(Machine):
    """What `value.name` is."""

    def attribute(self, value: Value, name: str) -> Value:
        match value:
            case ModuleValue(path=path):
                return self._of_module(path, name)
            case Outside(name=outside):
                inner = Outside(canonical(f"{outside}.{name}"))
                number = status_of(inner) if STATUS.match(inner.name) else None
                return inner if number is None else Constant(number)
            case Router():
                if name in value.attributes:
                    return value.attributes[name]
                if name == "routes":
                    return RouteList(value)
                if value.cls is not None and (member := self._member(value.cls, name)) is not UNKNOWN:
                    return member.bound_to(value) if isinstance(member, Function) else member
                if name == "router":
                    return value
                if name in ("prefix", "tags", "dependencies"):
                    given = value.arguments.get(name)
                    if given is None or (name != "prefix" and known(given) is None):
                        given = Constant("") if name == "prefix" else Items([], conditions=value.conditions)
                        value.arguments.named[name] = given
                    return given
                if value.is_application and name in URLS:
                    given = value.arguments.get(name)
                    return given if given is not None else Constant(URLS[name])
                return Method(value, name)
            case Items() | Table():
                return Method(value, name)
            case RouteList():
                return Method(value, name)
            case RouteEntry():
                return self._of_entry(value, name)
            case Record(attributes=attributes):
                return attributes.get(name, UNKNOWN)
            case Instance() if name == "__dict__":
                return Method(value, name)
            case Instance(cls=cls, attributes=attributes):
                if name in attributes:
                    return attributes[name]
                return self._of_instance(value, cls, name)
            case Class():
                if name == "__name__":
                    return Constant(value.name)
                member = self._member(value, name)
                if isinstance(member, Function) and "classmethod" in decorator_names(member):
                    return member.bound_to(value)
                bases = self._bases(value)
                if bases & ENUMERATIONS and name in self._members(value).names:
                    if isinstance(member, Made) and member.callee.name == "enum.auto" and "enum.StrEnum" in bases:
                        return Constant(name.lower())
                    if isinstance(member, Constant):
                        return member if bases & WRITTEN_AS_VALUES else Member(member.value, name)
                return member
            case Function() if name in ("__name__", "__qualname__"):
                is_own = value.wrapped is None and value.given_name is None and name == "__name__"
                return Constant(value.name) if is_own else value.given_name or UNKNOWN
            case Function(attributes=attributes) if name in attributes:
                return attributes[name]
            case Function() if name in SHOWN_BY_FUNCTION or name == "__dict__":
                return Method(value, name)
            case Member() if name in ("value", "name"):
                return Constant(value.value if name == "value" else value.name)
            case Constant() if name == "value":
                return value
            case Constant(value=str()):
                return Method(value, name)
        return UNKNOWN

    def _of_entry(self, entry: RouteEntry, name: str) -> Value:
        part = f"{entry.part}.{name}" if entry.part else name
        event = entry.event
        if event is not None and not entry.part and event.kind == "operation":
            given = event.arguments.get("name")
            if name == "operation_id" and event.operation_id is not None:
                return event.operation_id[0]
            if name in ("operation_id", "summary", "description"):
                return event.arguments.get(name) or Constant(None)
            if name == "endpoint":
                return event.target
            if name == "name" and given is not None and known(given) is not None:
                return given
            if name == "name" and isinstance(event.target, Function):
                return self.attribute(event.target, "__name__")
        return RouteEntry(entry.router, event, part)

    def _of_module(self, path: str, name: str) -> Value:
        module = self.project.module(path)
        if module is not None and (bindings := module.bindings(name)):
            found = self.module_name(path, name)
            if found is UNKNOWN and all(binding.kind == "import" for binding in bindings):
                # `from . import users` in the package itself, or for type checkers only and imported when asked for.
                return self._submodule(path, name) or UNKNOWN
            return found
        return self._submodule(path, name) or self.module_name(path, name)

    def _submodule(self, path: str, name: str) -> Value | None:
        submodule = self.project.module_path(path, f".{name}") if path.endswith("__init__.py") else None
        return ModuleValue(submodule) if submodule is not None else None

    def _of_instance(self, instance: Instance, cls: Class, name: str) -> Value:
        """A method, or a field with its default; those of settings come from the environment."""
        member = self._member(cls, name)
        if isinstance(member, Function):
            decorators = decorator_names(member)
            return member if "staticmethod" in decorators else member.bound_to(instance)
        if member is UNKNOWN and name != "__getattr__":
            fallback = self._member(cls, "__getattr__")
            if isinstance(fallback, Function):
                return self._call_function(fallback.bound_to(instance), Arguments([Constant(name)]))
        if isinstance(member, Partial) and isinstance(member.callee, Outside):
            getter = member.arguments.get("fget", 0)
            if member.callee.name == "builtins.property" and isinstance(getter, Function):
                return self.call(getter.bound_to(instance), Arguments([]), 1)
            return member
        if not instance.is_complete:
            return UNKNOWN
        if isinstance(member, Made) and member.callee.name in FIELDS:
            default = member.arguments.get("default", 0)
            member = default if default is not None and known(default) is not ... else UNKNOWN
        if isinstance(member, Constant | Items | Table) and self._bases(cls) & SETTINGS:
            self.has_assumed = True
            return member if self.assumes else UNKNOWN
        return member
