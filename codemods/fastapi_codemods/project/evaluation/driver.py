"""The whole evaluation of a project, and questions to it afterwards."""

from __future__ import annotations

import ast

from ..index import FILES_THAT_FILL_MEMORY, Module, Project
from ..reader import dotted
from ..values import UNKNOWN, Arguments, Class, Function, Router, Scope, Value
from .assignments import Assignments
from .attributes import Attributes
from .builtin_calls import BuiltinCalls
from .calls import Calls
from .classes import Classes
from .definitions import Definitions
from .expressions import Expressions
from .instances import Instances
from .knowledge import MAKE_ROUTERS, PLAIN_BASES, WITHOUT_QUESTIONS, spells
from .modules import Modules, relevant_modules
from .operators import decorator_names_of, listed_or_none
from .registrations import Registrations
from .statements import Statements


class Evaluation(
    Classes,
    Attributes,
    Expressions,
    Assignments,
    Definitions,
    Statements,
    Registrations,
    Instances,
    BuiltinCalls,
    Calls,
    Modules,
):
    """All applications and routers of a project with their registrations."""

    def __init__(
        self,
        project: Project,
        *,
        assumes: bool = True,
        parsed: dict[tuple[str, int], list[ast.stmt]] | None = None,
    ) -> None:
        super().__init__(project, assumes=assumes, parsed=parsed)
        self._modules = relevant_modules(project)
        self._relevant = {module.path for module in self._modules}
        for module in self._modules:
            self._root = module.path
            self._run(module)
        self._call_factories()
        self._root = None
        for router in list(self.routers):
            self._start(router)
        if len(project.paths) > FILES_THAT_FILL_MEMORY:
            for path in self._scopes:
                if (known := project.loaded(path)) is not None:
                    known.forget_text()

    def _call_factories(self) -> None:
        # A lifespan names the application that it is given; it is called when that starts.
        lifespans = [router.arguments.get("lifespan") for router in self.routers]
        self._called |= {(f.scope.module.path, f.line) for f in lifespans if isinstance(f, Function)}
        for module in self._modules:
            if not spells(module.text, MAKE_ROUTERS):
                continue
            for index, statement in enumerate(module.facts.statements):
                is_definition = statement.word in ("def", "async def", "@", "class")
                if is_definition and spells(module.statement_text(index), MAKE_ROUTERS):
                    for binding, name in self._bound_names(module, index):
                        self._root = module.path, index
                        if binding == "def":
                            self._call_factory(self.module_name(module.path, name))
                        else:
                            self._make(self.module_name(module.path, name))

    def _bound_names(self, module: Module, index: int) -> list[tuple[str, str]]:
        return [
            (binding.kind, name)
            for name, bindings in module.facts.bindings.items()
            for binding in bindings
            if binding.statement == index and binding.kind in ("def", "class")
        ]

    def _call_factory(self, function: Value) -> None:
        if isinstance(function, Function) and (function.scope.module.path, function.line) not in self._called:
            with self._apart():
                self._call_function(function, self._nothing(function))

    def _nothing(self, function: Value) -> Arguments:
        """What a factory is called with that nothing in the project calls: its defaults, if they are assumed."""
        if isinstance(function, Function):
            parameters = function.node.args
            if parameters.defaults or any(parameters.kw_defaults) or parameters.vararg or parameters.kwarg:
                self.has_assumed = True
        return Arguments([], is_complete=self.assumes)

    def _make(self, cls: Value) -> None:
        """An application that a class keeps: make an instance, then call the methods that register on it.

        A class of applications may have its factories with it: `class App(FastAPI)` with a static `create_app`.
        """
        if not isinstance(cls, Class):
            return
        made: Value = cls
        with self._apart():
            if self._derived(cls) is None:
                made = self._call_class(cls, self._nothing(self._member(cls, "__init__")), cls.scope.first_line)
        for node in cls.node.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                is_bound = made is not cls or {"staticmethod", "classmethod"} & decorator_names_of(node)
                if is_bound and spells(ast.unparse(node), MAKE_ROUTERS):
                    self._call_factory(self.attribute(made, node.name))

    def _start(self, router: Router) -> None:
        """What is done when it starts may register routes: its lifespan, and `on_startup`."""
        none: list[Value] = []
        application: list[Value] = [router]
        starts = [(value, none) for owner, value in self._startups if owner is router]
        starts += [(value, none) for value in listed_or_none(router.arguments.get("on_startup"))]
        starts += [(value, application) for value in (router.arguments.get("lifespan"),) if value is not None]
        for start, given in starts:
            if isinstance(start, Function):
                self._starting = True
                with self._apart():
                    self._call_function(start, Arguments(list(given)))
                self._starting = False

    def makes_instances_itself(self, cls: Class) -> bool:
        """Whether the parameters of a class may be others than those of `__init__` and of its fields."""
        outside = {name for name in self._bases(cls) if name not in PLAIN_BASES and not WITHOUT_QUESTIONS.match(name)}
        return (
            bool(outside)
            or isinstance(self._member(cls, "__new__"), Function)
            or any(
                keyword.arg == "metaclass" and dotted(keyword.value).rpartition(".")[2] != "ABCMeta"
                for above in self._mro(cls)
                if isinstance(above, Class)
                for keyword in above.node.keywords
            )
        )

    def is_replaced(self, router: Router) -> bool:
        """Whether something else has the name of a module-level router in the end."""
        names = self.scope_of(router.module).names
        return not router.function and isinstance(names.get(router.name), Router) and names[router.name] is not router

    def annotation(self, node: ast.expr | None, scope: Scope) -> Value:
        """What a parameter's annotation means."""
        with self._apart():
            return self._annotation(node, scope) if node is not None else UNKNOWN
        return UNKNOWN

    def value_later(self, node: ast.expr, scope: Scope) -> Value:
        """What an expression of a definition is: a default, a base."""
        with self._apart():
            return self.value(node, scope)
        return UNKNOWN

    def attribute_later(self, value: Value, name: str) -> Value:
        with self._apart():
            return self.attribute(value, name)
        return UNKNOWN

    def result_later(self, callee: Value, *arguments: Value) -> Value:
        """What a call gives."""
        with self._apart():
            return self.call(callee, Arguments(list(arguments)), 1)
        return UNKNOWN
