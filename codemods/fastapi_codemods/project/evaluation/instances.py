"""Instances of classes of the project."""

from __future__ import annotations

from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Function,
    Instance,
    Made,
    Outside,
    Router,
    Scope,
    Value,
    holds_router,
    known,
)
from .knowledge import APPLICATION, FIELDS, PLAIN_BASES
from .machine import Machine
from .operators import owned


class Instances(Machine):
    """Instances of classes of the project."""

    def _router(self, arguments: Arguments, line: int, scope: Scope | None, *, is_application: bool) -> Router:
        assert scope is not None
        router = Router(
            scope.module,
            line,
            scope.function,
            owned(arguments),
            is_application=is_application,
            conditions=self._conditions,
            root=self._root,
        )
        self.routers.append(router)
        if is_application and isinstance(routes := arguments.get("routes"), Value) and known(routes) not in (None, []):
            router.doubts = ("is given routes of its own",)
        return router

    def _call_class(self, cls: Class, arguments: Arguments, line: int) -> Value:
        derived = self._derived(cls)
        made: Value
        if derived is not None:
            made = self._router(arguments, line, cls.scope, is_application=derived == APPLICATION)
            made.arguments = Arguments(arguments.positional, dict(arguments.named), is_complete=arguments.is_complete)
            made.cls = cls
        else:
            made = Instance(cls, is_complete=arguments.is_complete, conditions=self._conditions)
        init = self._member(cls, "__init__")
        if isinstance(init, Function):
            self._call_function(init.bound_to(made), arguments)
        elif isinstance(made, Instance):  # a dataclass or a model
            self._fill_fields(made, cls, arguments)
            if self._bases(cls) - PLAIN_BASES and any(holds_router(value) for value in arguments.values()):
                return UNKNOWN
        if isinstance(made, Router) and made.is_application and not isinstance(init, Function):
            self._set_up(made)
        return made

    def _fill_fields(self, made: Instance, cls: Class, arguments: Arguments) -> None:
        names = self._fields(cls)
        made.attributes |= arguments.named
        made.attributes |= dict(zip(names, arguments.positional, strict=False))
        for name in names:
            member = self._member(cls, name)
            if name not in made.attributes and isinstance(member, Made) and member.callee.name in FIELDS:
                make = member.arguments.get("default_factory") or member.arguments.get("factory")
                if isinstance(make, Function | Class | Outside):
                    made.attributes[name] = self.call(make, Arguments([]), 1, cls.scope)
            elif name not in made.attributes and isinstance(member, Function | Class) and arguments.is_complete:
                made.attributes[name] = member  # kept with the instance, so not bound to it
        for after in ("__post_init__", "__attrs_post_init__"):
            if isinstance(self._member(cls, after), Function):
                self._method_of(made, after)
        changed = self._changed_fields(cls)
        if "*" in changed:
            made.attributes.clear()
            made.is_complete = False
        made.attributes |= dict.fromkeys(changed, UNKNOWN)

    def _set_up(self, application: Router) -> None:
        """What the constructor of `FastAPI` calls in the end."""
        own = self._member(application.cls, "setup") if application.cls is not None else None
        if isinstance(own, Function):
            self._call_function(own.bound_to(application), Arguments([]))
