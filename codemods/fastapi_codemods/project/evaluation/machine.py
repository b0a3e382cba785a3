"""What all parts of an evaluation share: its state, conditions, and what one part asks of another."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ..index import Module, Project
from ..values import Arguments, Class, Function, Instance, Items, Registrar, Router, Scope, Value
from .limits import BUDGET


class LeaveError(Exception):
    """`return`: nothing behind it in this function is executed."""


class RaisedError(LeaveError):
    """`raise`: nothing behind it is executed up to a `try` that catches it."""


class LeaveRoundError(LeaveError):
    """`continue`."""


class LeaveLoopError(LeaveRoundError):
    """`break`."""


class _ExhaustedError(Exception):
    """The budget is spent."""


class Machine:
    """The state of an evaluation. Its parts are classes of their own, which `Evaluation` puts together."""

    def __init__(
        self,
        project: Project,
        *,
        assumes: bool = True,
        parsed: dict[tuple[str, int], list[ast.stmt]] | None = None,
    ) -> None:
        self.project = project
        self.parsed: dict[tuple[str, int], list[ast.stmt]] = {} if parsed is None else parsed
        """Statements by path and index, which an evaluation with other assumptions takes over."""
        self._size = 0
        """Characters of the statements in `parsed`."""
        self.assumes = assumes
        """Whether a factory that nothing calls is called with its defaults, and settings and environment variables
        have theirs; if not, all these are unknown."""
        self.has_assumed = False
        self.replaced = ""
        """A method of FastAPI's that the project replaces."""
        self.routers: list[Router] = []
        """In the order in which they are made, applications too."""
        self._scopes: dict[str, Scope] = {}
        self._done: dict[str, set[int]] = {}
        self._modules: list[Module] = []
        self._relevant: set[str] = set()
        self._passed: set[str] = set()
        self._reached: dict[str, int] = {}
        """The statement that is being evaluated, of modules that are being imported."""
        self._number = 0
        self._depth = 0
        self._conditions: tuple[int, ...] = ()
        """Undecided conditions around what is being evaluated, the outermost first, each with a number of its own."""
        self._exits: dict[int, str] = {}
        """Of the conditions that an early exit under a condition leaves behind: what ends them, `round`, `loop`,
        `function` or `try`."""
        self._condition = 0
        self._loops = 0
        self._tries = 0
        """`try` statements around, of which something in the project catches what is raised."""
        self._root: object = None
        """What is being run first of all, and imports or calls all that is evaluated meanwhile."""
        self._startups: list[tuple[Router, Value]] = []
        self._left = BUDGET
        self._lists_passed: set[ast.expr] = set()
        """Defaults of parameters that a call has got already."""
        self._active: Counter[tuple[str, int]] = Counter()
        """How often functions are being evaluated that have not returned yet."""
        self._called: set[tuple[str, int]] = set()
        self._running: set[tuple[str, str]] = set()
        self._starting = False
        self._site: tuple[str, int] | None = None
        """Of the decorator that is being applied, where a class of the project carries out what it registers."""
        self._mattering: dict[tuple[str, int, int], tuple[bool, int]] = {}
        """Whether the text of a function may register something, and how long it is."""
        self._generators: dict[ast.AST, bool] = {}

    def scope_of(self, module: Module) -> Scope:
        scope = self._scopes.get(module.path)
        if scope is None:
            scope = self._scopes[module.path] = Scope(module, None, 1)
            self._done[module.path] = set()
        return scope

    @contextmanager
    def _apart(self, conditions: tuple[int, ...] = (), module: Module | None = None) -> Iterator[None]:
        """Evaluate something that is not part of what is being evaluated: an import, a name that is looked up."""
        kept = self._conditions, self._loops, self._left, self._depth, self._tries
        self._conditions = conditions
        self._loops = self._depth = self._tries = 0
        self._left = BUDGET
        try:
            yield
        except (_ExhaustedError, RecursionError):
            for router in self.routers:
                if module is None or router.module is module:
                    router.doubt("is made by code too large to be evaluated whole")
        except LeaveError:
            pass
        finally:
            self._conditions, self._loops, self._left, self._depth, self._tries = kept

    def _is_sure(self, conditions: tuple[int, ...]) -> bool:
        """Whether what is done now is certainly done to something that was made under these conditions."""
        return conditions[: len(self._conditions)] == self._conditions

    def _new_condition(self, exit_: str = "") -> int:
        self._condition += 1
        if exit_:
            self._exits[self._condition] = exit_
        return self._condition

    def _back_to(self, before: tuple[int, ...], *ended: str) -> None:
        """The conditions from before, and those of early exits that have not come to their end."""
        later = self._conditions[len(before) :]
        self._conditions = (*before, *(c for c in later if self._exits.get(c, "") not in ("", *ended)))

    def _module_path(self, importer: str, name: str) -> str | None:
        """The file of a module. `import types` in a package that has a `types.py` means the standard library's."""
        path = self.project.module_path(importer, name)
        if path is not None and name.partition(".")[0] in sys.stdlib_module_names:
            root = path.removesuffix(".py").removesuffix("/__init__")[: -len(name)]
            return path if not root or root in self.project.import_roots(path) else None
        return path

    @contextmanager
    def _returning(self) -> Iterator[None]:
        with suppress(LeaveError):
            yield

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _ExhaustedError

    @contextmanager
    def _maybe(self, *, looped: bool = False) -> Iterator[None]:
        before = self._conditions
        self._conditions = (*before, self._new_condition())
        self._loops += looped
        try:
            yield
        finally:
            self._back_to(before)
            self._loops -= looped

    def _exit_of(self, error: LeaveError) -> str:
        """What ends the condition that nobody left; empty for an error that nobody catches: then nothing follows."""
        match error:
            case RaisedError():
                return "try" if self._tries else ""
            case LeaveLoopError():
                return "loop"
            case LeaveRoundError():
                return "round"
        return "function"

    def _restore(self, scope: Scope, names: dict[str, Value]) -> None:
        scope.names.clear()
        scope.names.update(names)

    # What one part asks of another

    def _handed_out(self, value: Value, scope: Scope, node: ast.expr) -> None:
        raise NotImplementedError

    def _parsed(self, module: Module, index: int) -> list[ast.stmt]:
        raise NotImplementedError

    def _import(self, importer: str, target: str) -> None:
        raise NotImplementedError

    def imported(self, importer: str, target: str) -> Value:
        raise NotImplementedError

    def module_name(self, path: str, name: str) -> Value:
        raise NotImplementedError

    def _execute(self, body: Sequence[ast.stmt], scope: Scope, statement: int | None = None) -> None:
        raise NotImplementedError

    def _augmented(self, before: Value, op: ast.operator, after: Value) -> Value:
        raise NotImplementedError

    def _deleted(self, owner: Value) -> None:
        raise NotImplementedError

    def _method_of(self, instance: Instance, *names: str, given: Sequence[Value] = ()) -> Value:
        raise NotImplementedError

    def _truth(self, test: ast.expr, scope: Scope) -> bool | None:
        raise NotImplementedError

    def _elements(self, iterated: Value) -> list[Value] | None:
        raise NotImplementedError

    def _bind(self, target: ast.expr, value: Value, scope: Scope) -> None:
        raise NotImplementedError

    def _set_attribute(self, of: Value, name: str, value: Value) -> None:
        raise NotImplementedError

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, statement: int | None = None
    ) -> None:
        raise NotImplementedError

    def _called_unknown(self, node: ast.expr, scope: Scope) -> None:
        raise NotImplementedError

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        raise NotImplementedError

    def _members(self, cls: Class) -> Scope:
        raise NotImplementedError

    def value(self, node: ast.expr, scope: Scope) -> Value:
        raise NotImplementedError

    def _name(self, name: str, scope: Scope) -> Value:
        raise NotImplementedError

    def attribute(self, value: Value, name: str) -> Value:
        raise NotImplementedError

    def _bases(self, cls: Class) -> set[str]:
        raise NotImplementedError

    def _member(self, cls: Class, name: str) -> Value:
        raise NotImplementedError

    def _annotation(self, node: ast.expr, scope: Scope) -> Value:
        raise NotImplementedError

    def _truth_of_instance(self, instance: Instance) -> bool | None:
        raise NotImplementedError

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        raise NotImplementedError

    def _super(self, node: ast.Call, scope: Scope) -> Value | None:
        raise NotImplementedError

    def _above(self, cls: Class, receiver: Value, name: str) -> Value:
        raise NotImplementedError

    def _mro(self, cls: Class) -> tuple[Value, ...]:
        raise NotImplementedError

    def call(self, callee: Value, arguments: Arguments, line: int, scope: Scope | None = None) -> Value:
        raise NotImplementedError

    def _router(self, arguments: Arguments, line: int, scope: Scope | None, *, is_application: bool) -> Router:
        raise NotImplementedError

    def _call_function(self, function: Function, arguments: Arguments) -> Value:
        raise NotImplementedError

    def _text_of(self, function: Function) -> str:
        raise NotImplementedError

    def _share(self, own: Scope, base: Scope | None, names: Sequence[str]) -> None:
        raise NotImplementedError

    def _derived(self, cls: Class) -> str | None:
        raise NotImplementedError

    def _call_class(self, cls: Class, arguments: Arguments, line: int) -> Value:
        raise NotImplementedError

    def _changed_fields(self, cls: Class) -> frozenset[str]:
        raise NotImplementedError

    def _set_up(self, application: Router) -> None:
        raise NotImplementedError

    def _fields(self, cls: Class, depth: int = 0) -> list[str]:
        raise NotImplementedError

    def _list_method(self, items: Items, name: str, arguments: Arguments) -> Value:
        raise NotImplementedError

    def _route_list_method(
        self, router: Router, name: str, arguments: Arguments, line: int, scope: Scope | None
    ) -> Value:
        raise NotImplementedError

    def _is_instance(self, value: Value, classes: Value) -> bool | None:
        raise NotImplementedError

    def _mapped(self, is_map: bool, function: Value, iterated: Value, line: int, scope: Scope | None) -> Value:
        raise NotImplementedError

    def _paired(self, name: str, arguments: Arguments) -> Value:
        raise NotImplementedError

    def _router_method(self, router: Router, name: str, arguments: Arguments, line: int, scope: Scope | None) -> Value:
        raise NotImplementedError

    def _register_decorated(self, registrar: Registrar, endpoint: Value, scope: Scope | None) -> None:
        raise NotImplementedError

    def _event(
        self,
        kind: str,
        router: Router,
        target: Value,
        arguments: Arguments,
        line: int,
        scope: Scope | None,
        method: str = "",
        doubts: tuple[str, ...] = (),
    ) -> None:
        raise NotImplementedError
