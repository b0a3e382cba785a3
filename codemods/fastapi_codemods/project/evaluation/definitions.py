"""Functions, classes and their decorators as they are defined."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from ...source.nodes import walk
from ..outlines import Body
from ..reader import dotted
from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Function,
    Instance,
    Items,
    Made,
    Method,
    Outside,
    Partial,
    Registrar,
    Router,
    Scope,
    Table,
    Value,
)
from .knowledge import CACHES, HARMLESS_METHODS, REGISTRARS, TRANSPARENT
from .machine import Machine


class Definitions(Machine):
    """Functions, classes and their decorators as they are defined."""

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, statement: int | None = None
    ) -> None:
        is_inner = statement is not None or scope.outer is None or scope.outer.function or isinstance(node.body, Body)
        if not is_inner and len(node.body) == 1:
            statement = self._statement_of(scope, node)
        current: Value = self._defined(node, scope, statement)
        for decorator in reversed(node.decorator_list):
            current = self._decorated(self.value(decorator, scope), current, decorator, scope)
        scope.names[node.name] = current

    def _defined(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, statement: int | None = None
    ) -> Function:
        """A function. What its parameters say is asked later where it is no endpoint and stands at module level."""
        function = Function(node, scope, statement)
        function.conditions = self._conditions
        if self._loops or node.decorator_list or scope.function:
            parameters = node.args
            positional = [*parameters.posonlyargs, *parameters.args]
            defaults: list[ast.expr | None] = [None] * (len(positional) - len(parameters.defaults))
            pairs = [*zip(positional, [*defaults, *parameters.defaults], strict=True)]
            pairs += zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
            for parameter, default in pairs:
                annotation = None
                if parameter.annotation is not None and not scope.module.facts.postponed:
                    annotation = self._annotation(parameter.annotation, scope)
                value = None
                if isinstance(default, ast.Call | ast.Name | ast.Attribute):
                    value = self.value(default, scope)
                function.defaults[parameter.arg] = annotation, value
        return function

    def _statement_of(self, scope: Scope, node: ast.FunctionDef | ast.AsyncFunctionDef) -> int | None:
        """The top-level statement of a function of which only the header was parsed."""
        if not isinstance(node.body[0], ast.Pass):
            return None
        for index, statement in enumerate(scope.module.facts.statements):
            if statement.line == scope.first_line:
                return index
        return None

    def _decorated(self, decorator: Value, current: Value, node: ast.expr, scope: Scope) -> Value:
        if isinstance(decorator, Registrar):
            with self._at(scope, node):
                return self.call(decorator, Arguments([current]), scope.first_line + node.lineno - 1, scope)
        name = dotted(node.func if isinstance(node, ast.Call) else node)
        last = name.rpartition(".")[2]
        if isinstance(decorator, Method) and last in HARMLESS_METHODS:
            return current
        match decorator:
            case Outside(name=outside) | Made(callee=Outside(name=outside)) if outside in TRANSPARENT:
                if outside in CACHES and isinstance(current, Function):
                    current.results = {}
                return current
            case Made(callee=Outside(name="makefun.with_signature"), arguments=given) if isinstance(current, Function):
                current.signature = given.get("func_signature", 0)
                return current
            case Partial(callee=Outside(name="functools.wraps")):
                return self.call(decorator, Arguments([current]), scope.first_line + node.lineno - 1)
            case Outside(name="builtins.property" | "functools.cached_property" | "pydantic.computed_field"):
                is_property = isinstance(current, Partial)
                return current if is_property else Partial(Outside("builtins.property"), Arguments([current]))
            case Made(callee=Outside(name="pydantic.computed_field")):
                return current
            case Outside(name="builtins.staticmethod" | "builtins.classmethod"):
                return current
            case Function() | Instance() | Class():
                with self._at(scope, node) if last in REGISTRARS else nullcontext():
                    result = self.call(decorator, Arguments([current]), scope.first_line + node.lineno - 1)
                if isinstance(decorator, Class) and isinstance(result, Instance):
                    return result
                if isinstance(result, Function):
                    if result is not current and result.wrapped is None:
                        result.doubts = (*result.doubts, f"`@{name}` puts another function in its place")
                    return result
        if isinstance(current, Function):
            current.doubts = (*current.doubts, f"`@{name}` may change its name and parameters")
        if decorator is UNKNOWN:
            self._called_unknown(node, scope)
        return current

    def _called_unknown(self, node: ast.expr, scope: Scope) -> None:
        """`(app.get if x else app.post)("/")`: something is called that has to do with a router, nobody knows what."""
        parts: list[str] = []
        of = node.func if isinstance(node, ast.Call) else node
        while isinstance(of, ast.Attribute):
            parts.append(of.attr)
            of = of.value
        if len(parts) > 1 and parts[-1] != "router":
            return  # `app.state.limiter.limit(...)`
        for part in walk(node):
            if isinstance(part, ast.Name) and isinstance(router := self._name(part.id, scope), Router):
                doubt = ("something is called that may register more",)
                self._event(
                    "unknown", router, UNKNOWN, Arguments([]), scope.first_line + node.lineno - 1, scope, "", doubt
                )

    @contextmanager
    def _at(self, scope: Scope, node: ast.expr) -> Iterator[None]:
        before = self._site
        self._site = scope.module.path, scope.first_line + node.lineno - 1
        try:
            yield
        finally:
            self._site = before

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        cls = Class(node, scope)
        scope.names[node.name] = cls
        self._fill(cls)
        current: Value = cls
        for decorator in reversed(node.decorator_list):
            wrapper = self.value(decorator, scope)
            if isinstance(wrapper, Function | Instance | Partial):
                result = self.call(wrapper, Arguments([current]), scope.first_line + node.lineno - 1, scope)
                current = current if result is UNKNOWN else result
        scope.names[node.name] = current
        self._call_metaclass(cls)
        hook = self._above(cls, cls, "__init_subclass__")
        if isinstance(hook, Function):
            named = {keyword.arg: self.value(keyword.value, scope) for keyword in node.keywords if keyword.arg}
            bound = hook if hook.bound is not None else hook.bound_to(cls)
            self._call_function(bound, Arguments([], {k: v for k, v in named.items() if k != "metaclass"}))

    def _call_metaclass(self, cls: Class) -> None:
        keywords = (k for above in self._mro(cls) if isinstance(above, Class) for k in above.node.keywords)
        metaclass = next((k.value for k in keywords if k.arg == "metaclass"), None)
        if metaclass is None:
            return
        meta = self.value(metaclass, cls.scope)
        if isinstance(meta, Class):
            given = [Constant(cls.name), Items([], is_complete=False), Table({}, is_complete=False)]
            for name, receiver in (("__new__", meta), ("__init__", cls)):
                function = self._member(meta, name)
                if isinstance(function, Function):
                    self._call_function(function.bound_to(receiver), Arguments([*given]))

    def _fill(self, cls: Class) -> None:
        node = cls.node
        if any(
            isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.decorator_list for part in node.body
        ) or any(isinstance(part, ast.Assign) for part in node.body):
            self._members(cls)

    def _members(self, cls: Class) -> Scope:
        if cls.members is None:
            cls.members = Scope(cls.scope.module, cls.scope, cls.scope.first_line, cls.scope.function, cls=cls)
            with self._returning():
                self._execute(cls.node.body, cls.members)
            for name, value in list(cls.members.names.items()):
                if isinstance(value, Instance) and isinstance(self._member(value.cls, "__set_name__"), Function):
                    self._method_of(value, "__set_name__", given=[cls, Constant(name)])
        return cls.members
