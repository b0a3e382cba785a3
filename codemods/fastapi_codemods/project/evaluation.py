"""What importing the modules of a project and calling its factories registers, found out without running anything.

Statements are evaluated in the order in which Python would execute them: modules when they are first imported,
functions when they are called, both branches of an `if` that cannot be decided, the body of a loop for each element
of a list that is known and once for one that is not. Of everything else than routers, dependencies, strings, lists and
callables the value is `UNKNOWN`.

    app.include_router(make_router(settings))      `make_router` is evaluated with its argument
    for router in (users, items): ...              is evaluated twice
    if settings.debug: app.include_router(debug)   is evaluated, and marked as conditional
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext, suppress
from functools import cached_property

from ..source import UnreadableSourceError
from ..source.discovery import is_test
from ..source.statements import blanked, header_end, parse
from .computed import computed, operated, string_method
from .fastapi_names import canonical, is_exported
from .index import Module, Project
from .reader import ROUTE_METHODS, dotted, targets_of
from .values import (
    DEFAULT,
    UNKNOWN,
    Annotated,
    Arguments,
    Class,
    Constant,
    Dependency,
    Event,
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
    Registrar,
    RouteEntry,
    RouteList,
    Router,
    Scope,
    Table,
    Value,
    holds_router,
    known,
)

DEEPEST = 24
"""Calls within calls; recursion ends here."""

DEEPEST_RECURSION = 3
"""Calls of one function within itself."""

FREELY = 2
"""Calls within calls up to which any function of the project is evaluated; deeper only those that may matter."""

FREELY_SMALL = 5
"""The same for small functions."""

SMALL = 1_500
"""Characters."""

LAZY_INCLUDES_SINCE = (0, 137)
"""FastAPI's version from which a router is included as it is, and not what it has by then copied."""

ROUNDS = 200
"""Of a `while`, beyond which it may go on or not."""

BUDGET = 300_000
"""Nodes to evaluate for one module or factory, beyond which the rest is unknown."""

LARGE_STATEMENT = 20_000
"""Characters from which a module-level statement holds data."""

_REGISTRARS = frozenset({*ROUTE_METHODS, "route", "websocket_route"})
_APPLICATION = "fastapi.FastAPI"
_ROUTERS = frozenset({"fastapi.APIRouter", _APPLICATION})
_ENUMERATIONS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "http.HTTPStatus"})
_ANNOTATED = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
_TRANSPARENT = frozenset(
    {
        "contextlib.asynccontextmanager",
        "contextlib.contextmanager",
        "functools.cache",
        "functools.lru_cache",
        "typing.no_type_check",
        "typing.overload",
        "abc.abstractmethod",
    }
)
# Handed a router, these look at it or change what is around it, and register nothing on it.
_HARMLESS = re.compile(
    r"\A(?:builtins|contextlib|functools|inspect|json|logging|starlette\.middleware|fastapi\.(?:testclient|openapi))\b"
    r"|(?:TestClient|AsyncClient|ASGITransport|Config|Mangum|run|getattr|setattr|hasattr|isinstance|print|len|id|repr)\Z"
)
_HARMLESS_METHODS = frozenset(
    {"add_exception_handler", "add_middleware", "build_middleware_stack", "exception_handler", "middleware",
     "openapi", "setup", "url_path_for"}
)  # fmt: skip
# Attributes of an application that routes of its own are made with, and their defaults.
_URLS = {
    "docs_url": "/docs",
    "openapi_url": "/openapi.json",
    "redoc_url": "/redoc",
    "swagger_ui_oauth2_redirect_url": "/docs/oauth2-redirect",
}
_EDITED = "its list of routes is changed by code"
# What FastAPI reads of a function.
_SHOWN_BY_FUNCTION = frozenset(
    {"__annotations__", "__code__", "__defaults__", "__kwdefaults__", "__name__", "__signature__", "__wrapped__"}
)
# Attributes and methods of routes that do not matter to the table.
_HARMLESS_OF_ROUTES = frozenset(
    {"app", "description", "get_route_handler", "handle", "matches", "openapi_extra", "response_description", "summary"}
)
_MUTATORS = frozenset(
    {"add", "append", "clear", "discard", "extend", "insert", "pop", "remove", "reverse", "setdefault", "sort",
     "update", "__setitem__", "__delitem__"}
)  # fmt: skip
_REGISTERING = frozenset(
    {"add_api_route", "add_api_websocket_route", "add_route", "add_websocket_route", "api_route", "include_router",
     "mount", "route", "websocket_route"}
)  # fmt: skip
# Of routes as they are made: the kind of the event, where the endpoint is, and the method that registers the like.
_ROUTE_CLASSES = {
    "fastapi.routing.APIRoute": ("operation", ("endpoint", 1), "add_api_route"),
    "fastapi.routing.APIWebSocketRoute": ("websocket", ("endpoint", 1), "add_api_websocket_route"),
    "starlette.routing.Mount": ("mount", ("app", 1), "mount"),
    "starlette.routing.Route": ("route", ("endpoint", 1), "add_route"),
    "starlette.routing.WebSocketRoute": ("websocket_route", ("endpoint", 1), "add_websocket_route"),
}
_INSTANCES = {
    "fastapi.routing.APIRoute": ("operation",),
    "fastapi.routing.APIWebSocketRoute": ("websocket",),
    "starlette.routing.Mount": ("mount",),
    "starlette.routing.Route": ("operation", "route"),
    "starlette.routing.WebSocketRoute": ("websocket", "websocket_route"),
}
_TYPES: dict[str, type] = {
    "builtins.bool": bool,
    "builtins.float": float,
    "builtins.int": int,
    "builtins.str": str,
}
_CACHES = frozenset({"functools.cache", "functools.lru_cache"})
# Members of these are in an f-string what their values are.
_WRITTEN_AS_VALUES = frozenset({"enum.IntEnum", "enum.StrEnum"})
# Bases that do nothing with what a class is given, and do not decide about its truth.
_PLAIN_BASES = frozenset({"abc.ABC", "builtins.object", "pydantic.BaseModel", "typing.Generic", "typing.Protocol"})
# Libraries whose classes ask for no dependencies when they are instances of.
_WITHOUT_QUESTIONS = re.compile(
    r"\A(?:abc|builtins|collections|contextlib|dataclasses|enum|fastapi\.security|pydantic|sqlmodel|typing"
    r"|typing_extensions)\."
)
# A call, a decorator or an assignment to an attribute or element at module level, by the first name in it.
_EFFECT = re.compile(rb"^@?([A-Za-z_]\w*)(?:\.\w+)*(?=\(|\s*\[.*\]\s*=[^=]|\s*$|\.\w+\s*=[^=])", re.MULTILINE)
_REGISTRATION = re.compile(r"\b(\w+)\.(?:api_route|delete|get|head|options|patch|post|put|route|trace|websocket)\(")
_REGISTERS_CLASSES = re.compile(r"\b(?:__init_subclass__|__set_name__|metaclass)\b")
_STATUS = re.compile(r"\A(?:fastapi|starlette)\.status\.(?:HTTP|WS)_(\d+)_\w+\Z")
_MATTERS = re.compile(
    r"\b(?:FastAPI|APIRouter|include_router|add_api_\w+|add_route|mount|Depends|Security)\b|\n\s+(?:async )?def "
)
_MAKES = re.compile(r"\b(?:FastAPI|APIRouter|include_router|add_api_route)\b")
_FACTORY = re.compile(r"\b(?:FastAPI|APIRouter)\b")
_COMPOUND = frozenset({"@", "async", "async def", "class", "def", "for", "if", "match", "try", "while", "with"})
_SETTINGS = frozenset({"pydantic_settings.BaseSettings", "pydantic.BaseSettings", "pydantic.v1.BaseSettings"})
_FIELDS = frozenset(
    {"pydantic.Field", "dataclasses.field", "pydantic.v1.Field", "attr.field", "attrs.field", "attr.ib"}
)
_ENVIRONMENT = frozenset({"os.getenv", "os.environ.get"})


class _LeaveError(Exception):
    """`return`: nothing behind it in this function is executed."""


class _RaisedError(_LeaveError):
    """`raise`: nothing behind it is executed up to a `try` that catches it."""


class _LeaveRoundError(_LeaveError):
    """`continue`."""


class _LeaveLoopError(_LeaveRoundError):
    """`break`."""


class _ExhaustedError(Exception):
    """The budget is spent."""


class Evaluation:
    """All applications and routers of a project with their registrations."""

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
        self._modules = _modules(project)
        self._relevant = {module.path for module in self._modules}
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
        self._mattering: dict[tuple[str, int, int], bool] = {}
        for module in self._modules:
            self._root = module.path
            self._run(module)
        self._call_factories()
        self._root = None
        for router in list(self.routers):
            self._start(router)

    # Modules

    def scope_of(self, module: Module) -> Scope:
        scope = self._scopes.get(module.path)
        if scope is None:
            scope = self._scopes[module.path] = Scope(module, None, 1)
            self._done[module.path] = set()
        return scope

    def _run(self, module: Module) -> None:
        """Evaluate what importing the module executes, if that was not done yet."""
        if module.path in self._scopes:
            return
        scope = self.scope_of(module)
        with self._apart(self._conditions, module):
            defined = _definitions(module)
            for index, statement in enumerate(module.facts.statements):
                self._reached[module.path] = index
                if statement.word in ("def", "async def", "class") and not self._must_look(module, index):
                    if any(name in scope.names for name in defined.get(index, ())):  # it replaces another one
                        self._define(module, scope, index)
                    continue
                self._run_statement(module, scope, index)
        self._reached.pop(module.path, None)

    def _must_look(self, module: Module, index: int) -> bool:
        """A class whose methods are decorated with routes, or that another one may register; other definitions are
        evaluated when they are asked for."""
        return module.facts.statements[index].word == "class" and (
            self._registers_classes
            or any(function.statement == index and function.decorators for function in module.facts.functions)
        )

    @cached_property
    def _registers_classes(self) -> bool:
        """Whether a class of the project does something when a class derives from it, or names it in its body."""
        return any(_REGISTERS_CLASSES.search(module.text) for module in self._modules)

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
        except _LeaveError:
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

    def _run_statement(self, module: Module, scope: Scope, index: int) -> None:
        done = self._done[module.path]
        if index in done:
            return
        done.add(index)
        statement = module.facts.statements[index]
        if statement.word in ("import", "from"):
            for item in module.facts.imports:
                if item.statement == index and not item.scopes:
                    self._import(module.path, item.target)
            for star in module.facts.stars:
                self._import(module.path, star)
            return
        if statement.end - statement.start > LARGE_STATEMENT and statement.word not in _COMPOUND:
            return
        try:
            body = self._definition(module, index) if statement.word == "@" else self._parsed(module, index)
        except UnreadableSourceError:
            return
        inner = Scope(module, scope, statement.line)
        inner.names = scope.names  # the lines differ, the names do not
        with self._returning():
            self._execute(body, inner)

    def _definition(self, module: Module, index: int) -> Sequence[ast.stmt]:
        """A decorated function's header, or the whole class: bodies of functions are parsed when they are called."""
        text = module.statement_text(index)
        masked = blanked(text)
        end = header_end(masked)
        if re.search(r"(?:\A|\n)\f*class\b", masked[: end or None]) or not end:
            return self._parsed(module, index)
        return parse(text[:end] + " pass", module.facts.statements[index].line).body

    def _parsed(self, module: Module, index: int) -> list[ast.stmt]:
        key = module.path, index
        if key not in self.parsed:
            self.parsed[key] = module.tree(index).body
        return self.parsed[key]

    def _import(self, importer: str, target: str) -> None:
        """Run the project's modules that importing `target` runs, packages first."""
        dots = target[: len(target) - len(target.lstrip("."))]
        parts = target[len(dots) :].split(".") if target[len(dots) :] else []
        for length in range(len(parts) + 1):
            name = dots + ".".join(parts[:length])
            path = self._module_path(importer, name) if name else None
            if path is not None and path not in self._relevant and path != importer:
                self._pass_through(path)
            if path is not None and path in self._relevant and path != importer:
                module = self.project.module(path)
                if module is not None:
                    self._run(module)

    def _pass_through(self, path: str) -> None:
        """Importing a module that has nothing to do with FastAPI imports others, and may enter something in a registry.

        That is so where it calls something of the project, or decorates with it: then it is evaluated like the others.
        """
        if path in self._passed:
            return
        self._passed.add(path)
        imports = self.project.import_statements.get(path)
        if imports is None or is_test(path):
            return
        known_targets: dict[str, list[tuple[str, str]]] = self.project.remembered("targets of imports", dict)
        targets = known_targets.get(path)
        if targets is None:
            targets = known_targets[path] = _targets(imports)
        own = {local for local, target in targets if self._module_path(path, target.rpartition(".")[0] or target)}
        if own:
            try:
                data = self.project.data(path)
            except OSError:
                return
            heads = {match.decode() for match in _EFFECT.findall(data)}
            if heads & own:
                self._relevant.add(path)
                return
        for _, target in targets:
            self._import(path, target)

    def _module_path(self, importer: str, name: str) -> str | None:
        """The file of a module. `import types` in a package that has a `types.py` means the standard library's."""
        path = self.project.module_path(importer, name)
        if path is not None and name.partition(".")[0] in sys.stdlib_module_names:
            root = path.removesuffix(".py").removesuffix("/__init__")[: -len(name)]
            return path if not root or root in self.project.import_roots(path) else None
        return path

    def imported(self, importer: str, target: str) -> Value:
        """What an import's target is."""
        dots = target[: len(target) - len(target.lstrip("."))]
        parts = [part for part in target[len(dots) :].split(".") if part]
        if not dots and parts and parts[0] in ("fastapi", "starlette"):
            return Outside(canonical(target))
        for length in range(len(parts), -1, -1):
            name = dots + ".".join(parts[:length])
            path = self._module_path(importer, name) if name else None
            if path is not None:
                value: Value = ModuleValue(path)
                for part in parts[length:]:
                    value = self.attribute(value, part)
                return value
        return UNKNOWN if dots else Outside(canonical(target))

    def module_name(self, path: str, name: str) -> Value:
        """What a module-level name means once the module has been imported."""
        module = self.project.module(path)
        if module is None or (path, name) in self._running:
            return UNKNOWN
        if path in self._relevant:
            self._run(module)
        scope = self.scope_of(module)
        if name in scope.names:
            return scope.names[name]
        self._running.add((path, name))
        try:
            value = self._late(module, scope, name)
        finally:
            self._running.discard((path, name))
        return value

    def _late(self, module: Module, scope: Scope, name: str) -> Value:
        """A name that nothing evaluated so far has bound."""
        bindings = module.bindings(name)
        if (reached := self._reached.get(module.path)) is not None:
            bindings = tuple(binding for binding in bindings if binding.statement <= reached) or bindings
        # Of several definitions, `@overload` among them, the last one so far counts.
        defined = [binding for binding in bindings[-1:] if binding.kind in ("def", "class") and not binding.conditional]
        for binding in defined or bindings:
            if binding.kind == "def" or binding.kind == "class":
                self._define(module, scope, binding.statement)
            elif binding.kind in ("assign", "other"):
                with self._apart():
                    self._run_statement(module, scope, binding.statement)
            if name in scope.names:
                return scope.names[name]
        if targets := module.imports.get(name):
            scope.names[name] = self.imported(module.path, targets[0])
            return scope.names[name]
        if not bindings:
            for star in module.facts.stars:
                path = self._module_path(module.path, star)
                if path is None:
                    if is_exported(f"{star}.{name}"):
                        return Outside(canonical(f"{star}.{name}"))
                elif not name.startswith("_") and (value := self.module_name(path, name)) is not UNKNOWN:
                    return value
        return UNKNOWN

    def _define(self, module: Module, scope: Scope, index: int) -> None:
        if index in self._done[module.path]:
            return
        self._done[module.path].add(index)
        statement = module.facts.statements[index]
        try:
            body = self._parsed(module, index) if statement.word == "class" else self._definition(module, index)
        except UnreadableSourceError:
            return
        inner = Scope(module, scope, statement.line)
        inner.names = scope.names
        with self._apart(), self._returning():
            self._execute(body, inner, index)

    # Factories that nothing in the project calls

    def _call_factories(self) -> None:
        for module in self._modules:
            for index, statement in enumerate(module.facts.statements):
                is_definition = statement.word in ("def", "async def", "@", "class")
                if is_definition and _FACTORY.search(module.statement_text(index)):
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
                is_bound = made is not cls or {"staticmethod", "classmethod"} & _decorators_of(node)
                if is_bound and _FACTORY.search(ast.unparse(node)):
                    self._call_factory(self.attribute(made, node.name))

    def _start(self, router: Router) -> None:
        """What is done when it starts may register routes: its lifespan, and `on_startup`."""
        starts: list[tuple[Value, list[Value]]] = [(value, []) for owner, value in self._startups if owner is router]
        starts += [(value, []) for value in _listed_or_none(router.arguments.get("on_startup"))]
        starts += [(value, [router]) for value in (router.arguments.get("lifespan"),) if value is not None]
        for start, given in starts:
            if isinstance(start, Function):
                self._starting = True
                with self._apart():
                    self._call_function(start, Arguments(list(given)))
                self._starting = False

    # Statements

    @contextmanager
    def _returning(self) -> Iterator[None]:
        with suppress(_LeaveError):
            yield

    def _execute(self, body: Sequence[ast.stmt], scope: Scope, statement: int | None = None) -> None:
        for node in body:
            self._spend()
            self._statement(node, scope, statement)

    def _spend(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise _ExhaustedError

    def _statement(self, node: ast.stmt, scope: Scope, statement: int | None) -> None:
        match node:
            case ast.Expr(value=value):
                self.value(value, scope)
            case ast.Assign(targets=targets, value=value):
                result = self.value(value, scope)
                for target in targets:
                    self._bind(target, result, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._bind(target, self.value(value, scope), scope)
            case ast.AugAssign(target=target, value=value):
                self._bind(target, self._augmented(self.value(target, scope), node.op, self.value(value, scope)), scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope, statement)
            case ast.ClassDef():
                self._class(node, scope)
            case ast.Import() | ast.ImportFrom():
                self._local_import(node, scope)
            case ast.If(test=test, body=body, orelse=orelse):
                self._if(test, body, orelse, scope)
            case (
                ast.For(target=target, iter=iterated, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, iter=iterated, body=body, orelse=orelse)
            ):
                self._for(target, self.value(iterated, scope), body, orelse, scope)
            case ast.While():
                self._while(node, scope)
            case ast.With() | ast.AsyncWith():
                self._with(node, scope)
            case ast.Try() | ast.TryStar():
                self._try(node, scope)
            case ast.Global(names=names) if scope.function:
                self._share(scope, self.scope_of(scope.module), names)
            case ast.Nonlocal(names=names):
                self._share(scope, scope.outer, names)
            case ast.Match(cases=cases):
                self._branches([*(case.body for case in cases), []], scope)
            case ast.Return(value=value):
                self._returned(scope, self.value(value, scope) if value is not None else Constant(None))
                raise _LeaveError
            case ast.Assert(test=test):
                self.value(test, scope)
            case ast.Raise():
                raise _RaisedError
            case ast.Break():
                raise _LeaveLoopError
            case ast.Continue():
                raise _LeaveRoundError
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        scope.names.pop(target.id, None)
                    elif isinstance(target, ast.Subscript):
                        self._deleted(self.value(target.value, scope))

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
            _table_method(before, "update", Arguments([after]), is_certain=self._is_sure(before.conditions))
            return before
        if isinstance(before, RouteList):
            before.router.doubt(_EDITED)
            return before
        if isinstance(before, Items) and not before.is_tuple:
            before.is_complete = False
        return operated(op, before, after)

    def _deleted(self, owner: Value) -> None:
        match owner:
            case Items() | Table():
                owner.is_complete = False
            case RouteList(router=router):
                router.doubt(_EDITED)

    def _returned(self, scope: Scope, value: Value) -> None:
        """One behind another in a condition that cannot be decided: `if cached: return app`, then `return app`."""
        before = scope.names.get("return")
        scope.names["return"] = value if before is None else _either(before, value)

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

    def _keeping(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Evaluate what is only done if something failed: names that have a value keep it."""
        before = dict(scope.names)
        self._execute(body, scope)
        scope.names.update({name: value for name, value in before.items() if value is not UNKNOWN})

    def _if(self, test: ast.expr, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], scope: Scope) -> None:
        decided = self._truth(test, scope)
        if decided is not None:
            self._execute(body if decided else orelse, scope)
            return
        self._branches([body, orelse], scope)

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]], scope: Scope, *, looped: bool = False) -> None:
        """Evaluate blocks of which one is executed, nobody knows which. A name may have the value of any of them.

        Where some of them leave and others do not, all that follows is done under a condition, too.
        """
        before = dict(scope.names)
        ends: list[dict[str, Value]] = []
        left: list[_LeaveError] = []
        for body in bodies:
            self._restore(scope, before)
            try:
                with self._maybe(looped=looped):
                    self._execute(body, scope)
            except _LeaveError as error:
                left.append(error)
                if "return" in scope.names:
                    before = {**before, "return": scope.names["return"]}
            else:
                ends.append(dict(scope.names))
        if not ends:
            self._restore(scope, before)
            raise _most_careful(left)
        for leaving in left:
            if exit_ := self._exit_of(leaving):
                self._conditions = (*self._conditions, self._new_condition(exit_))
        names = dict.fromkeys(name for end in ends for name in end)
        merged = {name: _one_of([end[name] for end in ends if name in end]) for name in names}
        self._restore(scope, {**before, **merged} if "return" not in before else {**merged, "return": before["return"]})

    def _exit_of(self, error: _LeaveError) -> str:
        """What ends the condition that nobody left; empty for an error that nobody catches: then nothing follows."""
        match error:
            case _RaisedError():
                return "try" if self._tries else ""
            case _LeaveLoopError():
                return "loop"
            case _LeaveRoundError():
                return "round"
        return "function"

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        """What is tried is taken to succeed; without that assumption, a handler may be carried out instead."""
        before = self._conditions
        catching = [handler.body for handler in node.handlers if not _only_raises(handler.body)]
        try:
            if catching and _may_fail(node.body):
                self._tries += 1
                try:
                    self._tried(node, catching, scope)
                finally:
                    self._tries -= 1
            else:
                self._execute([*node.body, *node.orelse], scope)
        finally:
            self._back_to(before, "try")
            self._execute(node.finalbody, scope)

    def _tried(self, node: ast.Try | ast.TryStar, catching: list[list[ast.stmt]], scope: Scope) -> None:
        self.has_assumed = True
        if not self.assumes:
            self._branches([[*node.body, *node.orelse], *catching], scope)
            return
        try:
            self._execute([*node.body, *node.orelse], scope)
        except _RaisedError:
            self._tries -= 1
            try:
                if len(catching) == len(node.handlers) == 1:
                    self._execute(catching[0], scope)
                else:
                    self._branches([*catching, []], scope)
            finally:
                self._tries += 1
            return
        for body in catching:
            with self._maybe(), self._returning():
                self._keeping(body, scope)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        entered: list[Value] = []
        suppresses = False
        for item in node.items:
            manager = self.value(item.context_expr, scope)
            entered.append(manager)
            suppresses |= isinstance(manager, Made) and manager.callee.name == "contextlib.suppress"
            given = manager
            if isinstance(manager, Instance):
                given = self._method_of(manager, "__enter__", "__aenter__")
            if item.optional_vars is not None:
                self._bind(item.optional_vars, given if holds_router(given) else UNKNOWN, scope)
        if suppresses:
            handler = ast.ExceptHandler(type=None, name=None, body=[ast.Pass()])
            self._try(ast.Try(body=node.body, handlers=[handler], orelse=[], finalbody=[]), scope)
        else:
            self._execute(node.body, scope)
        for manager in reversed(entered):
            if isinstance(manager, Instance):
                self._method_of(manager, "__exit__", "__aexit__", given=[Constant(None)] * 3)

    def _method_of(self, instance: Instance, *names: str, given: Sequence[Value] = ()) -> Value:
        for name in names:
            method = self.attribute(instance, name)
            if isinstance(method, Function):
                return self._call_function(method, Arguments(list(given)))
        return UNKNOWN

    def _while(self, node: ast.While, scope: Scope) -> None:
        before = self._conditions
        self._loops += 1
        try:
            for _ in range(ROUNDS):
                decided = self._truth(node.test, scope)
                if decided is False:
                    self._execute(node.orelse, scope)
                    return
                if decided is None or self._conditions != before:
                    break
                try:
                    self._execute(node.body, scope)
                except _LeaveLoopError:
                    return
                except _LeaveRoundError:
                    pass
                self._back_to(before, "round")
            with suppress(_LeaveRoundError):
                self._branches([node.body, []], scope, looped=True)
        finally:
            self._back_to(before, "round", "loop")
            self._loops -= 1

    def _restore(self, scope: Scope, names: dict[str, Value]) -> None:
        for name in [name for name in scope.names if name not in names]:
            del scope.names[name]
        scope.names.update(names)

    def _truth(self, test: ast.expr, scope: Scope) -> bool | None:
        """Whether a condition holds, as far as constants of the code decide it."""
        match test:
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                return False
            case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
                return False
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self._truth(operand, scope)
                return None if inner is None else not inner
            case ast.BoolOp(op=ast.And(), values=values):
                truths = [self._truth(value, scope) for value in values]
                return False if False in truths else None if None in truths else True
            case ast.BoolOp(op=ast.Or(), values=values):
                truths = [self._truth(value, scope) for value in values]
                return True if True in truths else None if None in truths else False
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                pairs = zip([left, *comparators], ops, comparators, strict=False)
                compared = [self._compared(one, op, other, scope) for one, op, other in pairs]
                return False if False in compared else None if None in compared else True
        return _truth_of(self.value(test, scope))

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr, scope: Scope) -> bool | None:
        value, against = self.value(left, scope), self.value(right, scope)
        a, b = known(value), known(against)
        if isinstance(value, Member) != isinstance(against, Member) and not isinstance(op, ast.In | ast.NotIn):
            return None  # whether it equals its value depends on its class
        if a is UNKNOWN or b is UNKNOWN:
            if b is None and isinstance(op, ast.Is | ast.IsNot) and value is not UNKNOWN:
                return isinstance(op, ast.IsNot)  # a router or a function is not None
            if isinstance(op, ast.In | ast.NotIn) and isinstance(a, str):
                inside = _is_in(a, against)
                return inside if inside is None else inside == isinstance(op, ast.In)
            return None
        return _compared(op, a, b)

    def _for(
        self, target: ast.expr, iterated: Value, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], scope: Scope
    ) -> None:
        elements = self._elements(iterated)
        before = self._conditions
        if elements is None:
            element = RouteEntry(iterated.router, None) if isinstance(iterated, RouteList) else UNKNOWN
            self._bind(target, element, scope)
            with suppress(_LeaveRoundError):
                self._branches([body, []], scope, looped=True)
            self._back_to(before, "round", "loop")
            self._execute(orelse, scope)
            return
        self._loops += 1
        is_ordered = not (isinstance(iterated, Items) and iterated.is_unordered and len(elements) > 1)
        try:
            with nullcontext() if is_ordered else self._maybe():
                for element in elements:
                    start = self._conditions
                    self._bind(target, element, scope)
                    try:
                        self._execute(body, scope)
                    except _LeaveLoopError:
                        return
                    except _LeaveRoundError:
                        continue
                    finally:
                        self._back_to(start, "round")
                self._execute(orelse, scope)
        finally:
            self._back_to(before, "round", "loop")
            self._loops -= 1

    def _elements(self, iterated: Value) -> list[Value] | None:
        """What a loop goes through, None where that is not known."""
        match iterated:
            case Items(items=items, is_complete=True):
                return list(items)
            case Table(items=named, is_complete=True):
                return [Constant(key) for key in named]
            case Class() if self._bases(iterated) & _ENUMERATIONS:
                names = [name for name in self._members(iterated).names if not name.startswith("_")]
                members = [self.attribute(iterated, name) for name in names]
                return [member for member in members if not isinstance(member, Function | Partial)]
            case RouteList(router=router):
                return router.entries(are_copied=not self.project.versions.supports_fastapi(LAZY_INCLUDES_SINCE))
        return None

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
                elif isinstance(of, Items):
                    of.is_complete = False
                elif isinstance(of, RouteList):
                    of.router.doubt(_EDITED)
                elif isinstance(of, RouteEntry):
                    of.doubt()

    def _set_attribute(self, of: Value, name: str, value: Value) -> None:
        match of:
            case Instance():
                if isinstance(value, Router) and not value.name:
                    value.name = name
                is_certain = self._is_sure(of.conditions) or isinstance(value, Router)
                of.attributes[name] = value if is_certain else UNKNOWN
            case Function():
                self._set_on_function(of, name, value)
            case Router() if name == "routes":
                of.doubt(_EDITED)
            case Router() if name in ("prefix", "tags", "dependencies", "route_class"):
                of.arguments.named[name] = value if self._is_sure(of.conditions) else UNKNOWN
                if name == "prefix" and of.is_application:
                    of.doubt("is given a prefix")
            case Router() if name in _SHOWN_BY_ROUTES or name in ROUTE_METHODS or name in _REGISTERING:
                of.doubt(f"its `{name}` is replaced")
            case Router() if of.cls is not None:
                of.attributes[name] = value if self._is_sure(of.conditions) else UNKNOWN
            case RouteEntry(event=Event() as event) if name == "operation_id" and self._is_sure(of.router.conditions):
                event.operation_id = value, self._number
            case RouteEntry():
                if name not in _HARMLESS_OF_ROUTES:
                    of.doubt()
            case ModuleValue(path=path):
                module = self.project.module(path)
                if module is not None:
                    self.scope_of(module).names[name] = value if not self._conditions else UNKNOWN
            case Class():
                self._members(of).names[name] = value if not self._conditions else UNKNOWN
            case Outside(name=outside) if outside in _ROUTERS or outside in _ROUTE_CLASSES:
                self.replaced = f"{outside}.{name}"

    def _set_on_function(self, function: Function, name: str, value: Value) -> None:
        if not self._is_sure(function.conditions) and name in _SHOWN_BY_FUNCTION:
            function.doubts = (*function.doubts, f"its `{name}` may be changed")
        elif name == "__signature__":
            function.signature = value
        elif name == "__name__":
            function.given_name = value
        elif name == "__wrapped__":
            function.doubts = (*function.doubts, "it looks like another function")
        elif name in _SHOWN_BY_FUNCTION:
            function.doubts = (*function.doubts, f"its `{name}` is changed")
        else:
            function.attributes[name] = value

    def _local_import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for local, target in targets_of(node):
            if not target.endswith("*"):
                self._import(scope.module.path, target)
                scope.names[local] = self.imported(scope.module.path, target)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope, statement: int | None = None
    ) -> None:
        if statement is None and scope.outer is not None and not scope.outer.function and len(node.body) == 1:
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
        if isinstance(decorator, Method) and last in _HARMLESS_METHODS:
            return current
        match decorator:
            case Outside(name=outside) | Made(callee=Outside(name=outside)) if outside in _TRANSPARENT:
                if outside in _CACHES and isinstance(current, Function):
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
                with self._at(scope, node) if last in _REGISTRARS else nullcontext():
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
        for part in ast.walk(node):
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

    # Expressions

    def value(self, node: ast.expr, scope: Scope) -> Value:
        self._spend()
        match node:
            case ast.Constant(value=value):
                return Constant(value)
            case ast.Name(id=name):
                return self._name(name, scope)
            case ast.Attribute(value=owner, attr=name):
                return self.attribute(self.value(owner, scope), name)
            case ast.Call():
                return self._call(node, scope)
            case ast.JoinedStr(values=parts):
                return self._joined(parts, scope)
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self.value(left, scope), self.value(right, scope)
                if isinstance(one, Table) and isinstance(other, Table) and isinstance(op, ast.BitOr):
                    return Table(one.items | other.items, is_complete=one.is_complete and other.is_complete)
                return operated(op, one, other)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                decided = self._truth(node, scope)
                return UNKNOWN if decided is None else Constant(decided)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = known(self.value(operand, scope))
                return Constant(-number) if isinstance(number, int) else UNKNOWN
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                items = self._items(elements, scope)
                items.is_tuple = isinstance(node, ast.Tuple)
                items.is_unordered |= isinstance(node, ast.Set)
                return items
            case ast.Dict(keys=keys, values=values):
                return self._table(keys, values, scope)
            case ast.Subscript(value=owner, slice=index):
                return self._subscript(self.value(owner, scope), index, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                decided = self._truth(test, scope)
                if decided is not None:
                    return self.value(body if decided else orelse, scope)
                with self._maybe():
                    return _one_of([self.value(body, scope), self.value(orelse, scope)])
            case ast.BoolOp(op=op, values=values):
                return self._chosen(op, values, scope)
            case ast.Lambda():
                return Function(node, scope)
            case ast.Await(value=inner):
                return self.value(inner, scope)
            case ast.NamedExpr(target=target, value=inner):
                result = self.value(inner, scope)
                self._bind(target, result, scope)
                return result
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                found = Items([], conditions=self._conditions, is_unordered=isinstance(node, ast.SetComp))
                return self._comprehension(
                    node, node.generators, scope, lambda inner: found.items.append(self.value(element, inner)), found
                )
            case ast.DictComp(key=key, value=element):
                table = Table({}, conditions=self._conditions)
                return self._comprehension(
                    node, node.generators, scope, lambda inner: self._enter(table, key, element, inner), table
                )
        return UNKNOWN

    def _name(self, name: str, scope: Scope) -> Value:
        current: Scope | None = scope
        while current is not None:
            if name in current.names and (current is scope or current.cls is None):
                return current.names[name]
            if current.outer is None:
                found = self.module_name(current.module.path, name)
                if found is UNKNOWN and not current.module.bindings(name) and name in _BUILTINS:
                    return Outside(f"builtins.{name}")
                return found
            current = current.outer
        return UNKNOWN

    def attribute(self, value: Value, name: str) -> Value:
        match value:
            case ModuleValue(path=path):
                return self._of_module(path, name)
            case Outside(name=outside):
                inner = Outside(canonical(f"{outside}.{name}"))
                number = status_of(inner) if _STATUS.match(inner.name) else None
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
                if value.is_application and name in _URLS:
                    given = value.arguments.get(name)
                    return given if given is not None else Constant(_URLS[name])
                return Method(value, name)
            case Items() | Table():
                return Method(value, name)
            case RouteList():
                return Method(value, name)
            case RouteEntry():
                return self._of_entry(value, name)
            case Record(attributes=attributes):
                return attributes.get(name, UNKNOWN)
            case Instance(cls=cls, attributes=attributes):
                if name in attributes:
                    return attributes[name]
                return self._of_instance(value, cls, name)
            case Class():
                if name == "__name__":
                    return Constant(value.name)
                member = self._member(value, name)
                if isinstance(member, Function) and "classmethod" in _decorators(member):
                    return member.bound_to(value)
                bases = self._bases(value)
                if bases & _ENUMERATIONS and name in self._members(value).names:
                    if isinstance(member, Made) and member.callee.name == "enum.auto" and "enum.StrEnum" in bases:
                        return Constant(name.lower())
                    if isinstance(member, Constant):
                        return member if bases & _WRITTEN_AS_VALUES else Member(member.value, name)
                return member
            case Function() if name in ("__name__", "__qualname__"):
                is_own = value.wrapped is None and value.given_name is None and name == "__name__"
                return Constant(value.name) if is_own else value.given_name or UNKNOWN
            case Function(attributes=attributes) if name in attributes:
                return attributes[name]
            case Function() if name in _SHOWN_BY_FUNCTION or name == "__dict__":
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
            decorators = _decorators(member)
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
        if isinstance(member, Made) and member.callee.name in _FIELDS:
            default = member.arguments.get("default", 0)
            member = default if default is not None and known(default) is not ... else UNKNOWN
        if isinstance(member, Constant | Items | Table) and self._bases(cls) & _SETTINGS:
            self.has_assumed = True
            return member if self.assumes else UNKNOWN
        return member

    def _bases(self, cls: Class) -> set[str]:
        """The classes from outside the project that it derives from."""
        return {
            above.name if isinstance(above, Outside) else "?"
            for above in self._mro(cls)
            if not isinstance(above, Class)
        }

    def _member(self, cls: Class, name: str) -> Value:
        for above in self._mro(cls):
            if isinstance(above, Class) and name in (names := self._members(above).names):
                return names[name]
        return UNKNOWN

    # Asked afterwards, once all modules are imported

    def makes_instances_itself(self, cls: Class) -> bool:
        """Whether the parameters of a class may be others than those of `__init__` and of its fields."""
        outside = {name for name in self._bases(cls) if name not in _PLAIN_BASES and not _WITHOUT_QUESTIONS.match(name)}
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

    def _joined(self, parts: Sequence[ast.expr], scope: Scope) -> Value:
        texts = []
        for part in parts:
            is_plain = (
                isinstance(part, ast.FormattedValue) and part.format_spec is None and part.conversion in (-1, 115)
            )
            value = self.value(part.value if isinstance(part, ast.FormattedValue) and is_plain else part, scope)
            found = known(value)
            if not isinstance(found, str | int) or isinstance(found, bool) or isinstance(value, Member):
                return UNKNOWN
            texts.append(str(found))
        return Constant("".join(texts))

    def _items(self, elements: Sequence[ast.expr], scope: Scope) -> Items:
        found = Items([], conditions=self._conditions)
        for element in elements:
            if not isinstance(element, ast.Starred):
                found.items.append(self.value(element, scope))
                continue
            inner = self.value(element.value, scope)
            found.items += inner.items if isinstance(inner, Items) else []
            found.is_complete = found.is_complete and isinstance(inner, Items) and inner.is_complete
            found.is_unordered |= isinstance(inner, Items) and inner.is_unordered and len(inner.items) > 1
        return found

    def _table(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], scope: Scope) -> Table:
        found = Table({}, conditions=self._conditions)
        for key, value in zip(keys, values, strict=True):
            name = known(self.value(key, scope)) if key is not None else UNKNOWN
            result = self.value(value, scope)
            if isinstance(name, str):
                found.items[name] = result
            elif key is None and isinstance(result, Table):
                found.items |= result.items
                found.is_complete = found.is_complete and result.is_complete
            else:
                found.is_complete = False
        return found

    def _subscript(self, owner: Value, index: ast.expr, scope: Scope) -> Value:
        if isinstance(owner, Outside) and owner.name in _ANNOTATED and isinstance(index, ast.Tuple):
            first, *rest = index.elts
            type_, metadata = self._annotation(first, scope), [self.value(part, scope) for part in rest]
            if isinstance(type_, Annotated):
                return Annotated(type_.type, [*type_.metadata, *metadata])
            return Annotated(type_, metadata)
        if isinstance(owner, Annotated):  # an alias with a type variable
            return Annotated(UNKNOWN, owner.metadata)
        if isinstance(owner, Class):
            return owner
        if isinstance(owner, RouteList):
            return owner if isinstance(index, ast.Slice) else RouteEntry(owner.router, None)
        if isinstance(index, ast.Slice):
            return self._sliced(owner, index, scope)
        key = known(self.value(index, scope))
        if isinstance(owner, Outside) and owner.name == "os.environ":
            self.has_assumed = True  # with no default there is nothing to assume
            return UNKNOWN
        if isinstance(owner, Table) and isinstance(key, str):
            return owner.items.get(key, UNKNOWN)
        if isinstance(key, int):
            text = known(owner) if isinstance(owner, Constant) else None
            if isinstance(text, str) and -len(text) <= key < len(text):
                return Constant(text[key])
            if (
                isinstance(owner, Items)
                and owner.is_complete
                and not owner.is_unordered
                and -len(owner.items) <= key < len(owner.items)
            ):
                return owner.items[key]
        return UNKNOWN

    def _sliced(self, owner: Value, index: ast.Slice, scope: Scope) -> Value:
        bounds = [None if part is None else known(self.value(part, scope)) for part in (index.lower, index.upper)]
        text = known(owner) if isinstance(owner, Constant) else None
        if index.step is not None or not all(bound is None or isinstance(bound, int) for bound in bounds):
            return UNKNOWN
        window = slice(*(bound if isinstance(bound, int) else None for bound in bounds))
        if isinstance(text, str):
            return Constant(text[window])
        if isinstance(owner, Items) and owner.is_complete:
            return Items(owner.items[window], conditions=self._conditions)
        return UNKNOWN

    def _annotation(self, node: ast.expr, scope: Scope) -> Value:
        """An annotation may be quoted."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.value(ast.parse(node.value, mode="eval").body, scope)
            except SyntaxError:
                return UNKNOWN
        return self.value(node, scope)

    def _chosen(self, op: ast.boolop, values: Sequence[ast.expr], scope: Scope) -> Value:
        """`a or b`: the first that is true; unknown as soon as one cannot be decided."""
        result: Value = UNKNOWN
        for node in values:
            result = self.value(node, scope)
            is_true = self._truth_of_instance(result) if isinstance(result, Instance) else _truth_of(result)
            if is_true is None:
                return UNKNOWN
            if is_true == isinstance(op, ast.Or):
                return result
        return result

    def _enter(self, table: Table, key: ast.expr, element: ast.expr, scope: Scope) -> None:
        name, value = known(self.value(key, scope)), self.value(element, scope)
        if isinstance(name, str):
            table.items[name] = value
        else:
            table.is_complete = False

    def _concerns_routers(self, node: ast.expr, scope: Scope) -> bool:
        """Whether something is named in an expression that is a router or may register something on one."""
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                value = self._name(part.id, scope)
                if holds_router(value) or (isinstance(value, Function) and self._makes_routes(value)):
                    return True
        return False

    def _makes_routes(self, function: Function) -> bool:
        return _MAKES.search(self._text_of(function)) is not None

    def _comprehension(
        self,
        node: ast.expr,
        generators: Sequence[ast.comprehension],
        scope: Scope,
        collect: Callable[[Scope], None],
        found: Items | Table,
        outer: Scope | None = None,
    ) -> Items | Table:
        """Generators are carried out at once, as if they were lists."""
        generator, *others = generators
        iterated = self.value(generator.iter, outer or scope)
        inner = Scope(scope.module, outer or scope, scope.first_line, scope.function)
        elements = self._elements(iterated)
        if isinstance(iterated, Items) and iterated.is_unordered and isinstance(found, Items):
            found.is_unordered = True
        is_known = elements is not None
        if elements is None and not self._concerns_routers(node, scope):
            found.is_complete = False
            return found
        if elements is None:
            elements = [RouteEntry(iterated.router, None) if isinstance(iterated, RouteList) else UNKNOWN]
        for element in elements:
            self._bind(generator.target, element, inner)
            truths = [self._truth(test, inner) for test in generator.ifs]
            if False in truths:
                continue
            is_sure = is_known and None not in truths
            with nullcontext() if is_sure else self._maybe(looped=True):
                if others:
                    self._comprehension(node, others, scope, collect, found, inner)
                else:
                    collect(inner)
            found.is_complete = found.is_complete and is_sure
        return found

    def _truth_of_instance(self, instance: Instance) -> bool | None:
        is_plain = all(self._member(instance.cls, name) is UNKNOWN for name in ("__bool__", "__len__"))
        return True if is_plain and not self._bases(instance.cls) - _PLAIN_BASES else None

    # Calls

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        callee = self._super(node, scope)
        if callee is None:
            callee = self.value(node.func, scope)
        arguments = self._arguments(node, scope)
        line = scope.first_line + node.lineno - 1
        if callee is UNKNOWN and isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "values", "keys"):
            return UNKNOWN
        result = self.call(callee, arguments, line, scope)
        if callee is UNKNOWN and not isinstance(node.func, ast.Name):
            self._called_unknown(node.func, scope)
        if result is UNKNOWN:
            self._handed_on(callee, arguments, node, scope)
        return result

    def _super(self, node: ast.Call, scope: Scope) -> Value | None:
        """`super().__init__(prefix="/x")` of a subclass of `APIRouter` sets what the constructor would have set."""
        match node.func:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                receiver = self._name("self", scope)
                around: Scope | None = scope
                while around is not None and around.cls is None:
                    around = around.outer
                if around is None or around.cls is None:
                    return UNKNOWN
                return self._above(around.cls, receiver, name)
        return None

    def _above(self, cls: Class, receiver: Value, name: str) -> Value:
        """A method as what stands behind a class in the receiver's order has it, of the project's or of FastAPI's."""
        of = receiver.cls if isinstance(receiver, Router | Instance) else receiver
        order = self._mro(of if isinstance(of, Class) else cls)
        behind = order[order.index(cls) + 1 :] if cls in order else self._mro(cls)[1:]
        for above in behind:
            if isinstance(above, Class):
                member = self._members(above).names.get(name)
                if isinstance(member, Function):
                    return member if "staticmethod" in _decorators(member) else member.bound_to(receiver)
            elif isinstance(above, Outside) and above.name in _ROUTERS and isinstance(receiver, Router):
                return Method(receiver, name)
        return UNKNOWN

    def _mro(self, cls: Class) -> tuple[Value, ...]:
        """The order in which Python looks for attributes; what is outside the project is taken to have no bases."""
        if cls.mro is None:
            cls.mro = (cls,)  # of a class that is its own base
            bases = [self.value(base, cls.scope) for base in cls.node.bases]
            waiting = [[*self._mro(base)] if isinstance(base, Class) else [base] for base in bases]
            cls.mro = (cls, *_merged_orders([*waiting, bases]))
        return cls.mro

    def _arguments(self, node: ast.Call, scope: Scope) -> Arguments:
        arguments = Arguments([])
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                inner = self.value(argument.value, scope)
                if isinstance(inner, Items) and inner.is_complete:
                    arguments.positional += inner.items
                else:
                    arguments.is_complete = False
            else:
                arguments.positional.append(self.value(argument, scope))
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            if keyword.arg is not None:
                arguments.named[keyword.arg] = value
            elif isinstance(value, Table):
                arguments.named |= value.items
                arguments.is_complete = arguments.is_complete and value.is_complete
            else:
                arguments.is_complete = False
        return arguments

    def call(self, callee: Value, arguments: Arguments, line: int, scope: Scope | None = None) -> Value:
        match callee:
            case Outside(name=name) if name in _ROUTERS:
                return self._router(arguments, line, scope, is_application=name == _APPLICATION)
            case Outside(name="fastapi.Depends" | "fastapi.Security"):
                security = callee.name == "fastapi.Security"
                return Dependency(
                    arguments.get("dependency", 0),
                    arguments.get("scopes") if security else None,
                    arguments.get("use_cache"),
                    arguments.get("scope"),
                )
            case Outside(name="functools.partial") if arguments.positional:
                first, *rest = arguments.positional
                if isinstance(first, Router):
                    return UNKNOWN
                return Partial(first, Arguments(rest, arguments.named, is_complete=arguments.is_complete))
            case Outside(name="functools.wraps") if arguments.positional:
                return Partial(callee, arguments)
            case Outside(name="functools.update_wrapper") if len(arguments.positional) > 1:
                wrapper, *others = arguments.positional
                _look_like(wrapper, Arguments(others, arguments.named))
                return wrapper
            case Outside(name="builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset"):
                inner = arguments.get("iterable", 0)
                if inner is None:
                    return Items([], is_complete=arguments.is_complete, conditions=self._conditions)
                if isinstance(inner, Table):
                    return Items([Constant(key) for key in inner.items], is_complete=inner.is_complete)
                if isinstance(inner, RouteList):
                    return inner
                if not isinstance(inner, Items):
                    return UNKNOWN
                made = inner.copy()
                made.conditions = self._conditions
                made.is_unordered |= callee.name in ("builtins.set", "builtins.frozenset")
                return made
            case Outside(name="builtins.getattr") if len(arguments.positional) >= 2:
                of, attribute = arguments.positional[0], known(arguments.positional[1])
                if isinstance(attribute, str) and of is not UNKNOWN:
                    found = self.attribute(of, attribute)
                    has_default = len(arguments.positional) > 2 and isinstance(of, Function)
                    is_missing = found is UNKNOWN and attribute not in _SHOWN_BY_FUNCTION
                    return arguments.positional[2] if has_default and is_missing else found
                return Method(of, "?") if isinstance(of, Router) else UNKNOWN
            case Outside(name="builtins.setattr") if len(arguments.positional) == 3:
                of, attribute = arguments.positional[0], known(arguments.positional[1])
                if isinstance(attribute, str):
                    self._set_attribute(of, attribute, arguments.positional[2])
                elif isinstance(of, Router):
                    of.doubt("an attribute of it is set that is not known")
                elif isinstance(of, Function):
                    of.doubts = (*of.doubts, "an attribute of it is set that is not known")
                elif isinstance(of, RouteEntry):
                    of.doubt()
                return Constant(None)
            case Outside(name="builtins.isinstance") if len(arguments.positional) == 2:
                decided = self._is_instance(*arguments.positional)
                return UNKNOWN if decided is None else Constant(decided)
            case Outside(name="builtins.hasattr") if len(arguments.positional) == 2:
                of, attribute = arguments.positional[0], known(arguments.positional[1])
                if isinstance(of, Function) and isinstance(attribute, str) and not attribute.startswith("__"):
                    return Constant(attribute in of.attributes) if not of.doubts else UNKNOWN
                return UNKNOWN
            case Outside(name="builtins.map" | "builtins.filter") if len(arguments.positional) == 2:
                function, iterated = arguments.positional
                return self._mapped(callee.name == "builtins.map", function, iterated, line, scope)
            case Outside(name="builtins.enumerate" | "builtins.zip" | "builtins.reversed") if arguments.positional:
                return self._paired(callee.name, arguments)
            case Outside(name="builtins.exec" | "builtins.eval") if scope is not None:
                for router in self.routers:
                    if router.module is scope.module:
                        router.doubt(f"its module calls `{callee.name.removeprefix('builtins.')}`")
                return UNKNOWN
            case Outside(name="asyncio.run" | "anyio.run") if arguments.positional:
                first = arguments.positional[0]
                return self.call(first, Arguments([]), line, scope) if isinstance(first, Function) else first
            case Outside(name="copy.copy") if isinstance(arguments.get("x", 0), Items | Constant | Function | Class):
                first = arguments.positional[0] if arguments.positional else UNKNOWN
                return first.copy() if isinstance(first, Items) else first
            case Outside(name="builtins.dict" | "collections.OrderedDict") if len(arguments.positional) < 2:
                base = arguments.get("", 0)
                if base is not None and not isinstance(base, Table):
                    return UNKNOWN
                table = Table(dict(arguments.named), is_complete=arguments.is_complete, conditions=self._conditions)
                if base is not None:
                    table.items = base.items | table.items
                    table.is_complete = table.is_complete and base.is_complete
                return table
            case Outside(name="types.MappingProxyType") if arguments.positional:
                return arguments.positional[0]
            case Outside(name="typing.cast") if len(arguments.positional) == 2:
                return arguments.positional[1]
            case Outside(name=name) if name in _ENVIRONMENT:
                self.has_assumed = True
                return arguments.get("default", 1) or Constant(None) if self.assumes else UNKNOWN
            case Outside(name=name) if (result := computed(name, arguments)) is not UNKNOWN:
                return result
            case Outside():
                if any(holds_router(value) for value in arguments.values()):
                    return UNKNOWN
                return Made(callee, arguments)
            case Partial(callee=Outside(name="functools.wraps"), arguments=given):
                decorated = arguments.get("", 0) or UNKNOWN
                _look_like(decorated, given)
                return decorated
            case Partial(callee=Outside(name="builtins.property")):
                return UNKNOWN
            case Partial(callee=inner, arguments=given):
                merged = Arguments(
                    [*given.positional, *arguments.positional],
                    given.named | arguments.named,
                    is_complete=given.is_complete and arguments.is_complete,
                )
                return self.call(inner, merged, line, scope)
            case Function():
                return self._call_function(callee, arguments)
            case Class():
                return self._call_class(callee, arguments, line)
            case Instance():
                method = self.attribute(callee, "__call__")
                return self._call_function(method, arguments) if isinstance(method, Function) else UNKNOWN
            case Registrar():
                endpoint = arguments.get("func", 0) or UNKNOWN
                if callee.method == "on_event":
                    self._startups.append((callee.router, endpoint))
                    return endpoint
                self._register_decorated(callee, endpoint, scope)
                return endpoint
            case Method(owner=Router() as router, name=name):
                return self._router_method(router, name, arguments, line, scope)
            case Method(owner=Items() as items, name=name):
                return self._list_method(items, name, arguments)
            case Method(owner=RouteList(router=router), name=name):
                return self._route_list_method(router, name, arguments, line, scope)
            case RouteEntry():
                if callee.part.rpartition(".")[2] in _MUTATORS:
                    callee.doubt()
                return UNKNOWN
            case Method(owner=Table() as table, name=name):
                return _table_method(table, name, arguments, is_certain=self._is_sure(table.conditions))
            case Method(owner=Constant(value=str(text)), name=name):
                return string_method(text, name, arguments)
        return UNKNOWN

    def _router(self, arguments: Arguments, line: int, scope: Scope | None, *, is_application: bool) -> Router:
        assert scope is not None
        router = Router(
            scope.module,
            line,
            scope.function,
            _owned(arguments),
            is_application=is_application,
            conditions=self._conditions,
            root=self._root,
        )
        self.routers.append(router)
        if is_application and isinstance(routes := arguments.get("routes"), Value) and known(routes) not in (None, []):
            router.doubts = ("is given routes of its own",)
        return router

    def _call_function(self, function: Function, arguments: Arguments) -> Value:
        if self._depth >= DEEPEST or (self._depth >= FREELY and not self._may_matter(function, arguments)):
            if self._depth >= DEEPEST:
                self._skipped(function)
            return UNKNOWN
        place = function.scope.module.path, function.line
        is_decided = all(known(value) is not UNKNOWN for value in arguments.values())
        if self._active[place] >= (DEEPEST if is_decided else DEEPEST_RECURSION):
            self._skipped(function)
            return UNKNOWN
        key = _key_of(function, arguments) if function.results is not None else None
        if function.results is not None and key in function.results:
            return function.results[key]
        node = self._whole(function)
        scope = function.scope
        own = Scope(scope.module, scope, scope.first_line, _qualified(scope, function.name))
        if function.bound is not None:
            arguments = Arguments(
                [function.bound, *arguments.positional], arguments.named, is_complete=arguments.is_complete
            )
        self._pass(node.args, arguments, own, scope)
        self._depth += 1
        self._active[place] += 1
        self._called.add(place)
        before = self._conditions
        try:
            if isinstance(node, ast.Lambda):
                return self.value(node.body, own)
            self._execute(node.body, own)
        except _RaisedError:
            if self._tries:
                raise
        except _LeaveError:
            pass
        finally:
            self._depth -= 1
            self._active[place] -= 1
            self._back_to(before, "round", "loop", "function")
        result = own.names.get("return", Constant(None))
        if function.results is not None:
            function.results[key] = result
        return result

    def _skipped(self, function: Function) -> None:
        """Of a function that is not evaluated, because calls go too deep, nobody knows what it registers."""
        for name, value in self.scope_of(function.scope.module).names.items():
            if isinstance(value, Router) and re.search(rf"\b{name}\.", self._text_of(function)):
                value.doubt(f"`{function.name}` registers more on it than was followed")

    def _text_of(self, function: Function) -> str:
        if function.statement is None:
            return ast.unparse(function.node)
        return function.scope.module.statement_text(function.statement)

    def _may_matter(self, function: Function, arguments: Arguments) -> bool:
        """Whether a function may register something, make a router or give a dependency."""
        if any(holds_router(value) for value in arguments.values()):
            return True
        if function.bound is not None and holds_router(function.bound):
            return True
        node, module = function.node, function.scope.module
        key = (module.path, function.line, node.lineno)
        if key not in self._mattering:
            text = self._text_of(function)
            names = self.scope_of(module).names
            self._mattering[key] = (
                (len(text) < SMALL and self._depth < FREELY_SMALL)
                or _MATTERS.search(text) is not None
                or any(isinstance(names.get(head), Router) for head in _REGISTRATION.findall(text))
            )
        return self._mattering[key]

    def _share(self, own: Scope, base: Scope | None, names: Sequence[str]) -> None:
        """`global app`: what the function binds, the module has; `nonlocal`: a function around it."""
        while base is not None and base.outer is not None and not any(name in base.names for name in names):
            base = base.outer
        if base is not None:
            own.names = _SharedNames(own.names, base.names, names)

    def _whole(self, function: Function) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda:
        if function.statement is None:
            return function.node
        try:
            node = self._parsed(function.scope.module, function.statement)[0]
        except UnreadableSourceError:
            return function.node
        return node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function.node

    def _pass(self, parameters: ast.arguments, arguments: Arguments, own: Scope, scope: Scope) -> None:
        positional = [*parameters.posonlyargs, *parameters.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(parameters.defaults))
        defaults += parameters.defaults
        for index, (parameter, default) in enumerate(zip(positional, defaults, strict=True)):
            own.names[parameter.arg] = self._argument(arguments.get(parameter.arg, index), default, scope)
        for parameter, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
            own.names[parameter.arg] = self._argument(arguments.get(parameter.arg), default, scope)
        if parameters.vararg is not None:
            rest = arguments.positional[len(positional) :]
            own.names[parameters.vararg.arg] = Items(rest, is_complete=arguments.is_complete)
        if parameters.kwarg is not None:
            taken = {parameter.arg for parameter in (*positional, *parameters.kwonlyargs)}
            others = {name: value for name, value in arguments.named.items() if name not in taken}
            own.names[parameters.kwarg.arg] = Table(others, is_complete=arguments.is_complete)

    def _argument(self, given: Value | None, default: ast.expr | None, scope: Scope) -> Value:
        if given is not None and given is not UNKNOWN:
            return given
        if given is None and isinstance(default, ast.List | ast.Dict | ast.Set):  # made once, and changed by each call
            return UNKNOWN if default in self._lists_passed else self._first_list(default, scope)
        if given is None and default is not None:
            return self.value(default, scope)
        return UNKNOWN

    def _first_list(self, default: ast.expr, scope: Scope) -> Value:
        self._lists_passed.add(default)
        return self.value(default, scope)

    def _derived(self, cls: Class) -> str | None:
        """`fastapi.FastAPI` or `fastapi.APIRouter` where the class derives from it."""
        names = (above.name for above in self._mro(cls) if isinstance(above, Outside))
        return next((name for name in names if name in _ROUTERS), None)

    def _call_class(self, cls: Class, arguments: Arguments, line: int) -> Value:
        derived = self._derived(cls)
        made: Value
        if derived is not None:
            made = self._router(arguments, line, cls.scope, is_application=derived == _APPLICATION)
            made.arguments = Arguments(arguments.positional, dict(arguments.named), is_complete=arguments.is_complete)
            made.cls = cls
        else:
            made = Instance(cls, is_complete=arguments.is_complete, conditions=self._conditions)
        init = self._member(cls, "__init__")
        if isinstance(init, Function):
            self._call_function(init.bound_to(made), arguments)
        elif isinstance(made, Instance):  # a dataclass or a model
            self._fill_fields(made, cls, arguments)
            if self._bases(cls) - _PLAIN_BASES and any(holds_router(value) for value in arguments.values()):
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
            if name not in made.attributes and isinstance(member, Made) and member.callee.name in _FIELDS:
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

    def _changed_fields(self, cls: Class) -> frozenset[str]:
        """The fields of a model that hold something else than they are given, for validators or aliases; `*` is all."""
        if cls.changed is None:
            cls.changed = frozenset(
                name for above in self._mro(cls) if isinstance(above, Class) for name in _changed_by(above.node)
            )
        return cls.changed

    def _set_up(self, application: Router) -> None:
        """What the constructor of `FastAPI` calls in the end."""
        own = self._member(application.cls, "setup") if application.cls is not None else None
        if isinstance(own, Function):
            self._call_function(own.bound_to(application), Arguments([]))

    def _fields(self, cls: Class, depth: int = 0) -> list[str]:
        """Annotated names, those of bases first: what a dataclass takes in this order."""
        found: dict[str, None] = {}
        for base in cls.node.bases:
            if depth < 8 and isinstance(above := self.value(base, cls.scope), Class):
                found |= dict.fromkeys(self._fields(above, depth + 1))
        found |= dict.fromkeys(
            part.target.id
            for part in cls.node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        )
        return list(found)

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

    # Registrations

    def _route_list_method(
        self, router: Router, name: str, arguments: Arguments, line: int, scope: Scope | None
    ) -> Value:
        """`app.routes.append(APIRoute(...))`; whatever else is done to the list, is not followed."""
        given = arguments.get("", 0)
        if name == "append" and isinstance(given, Made) and (kind := _ROUTE_CLASSES.get(given.callee.name)):
            endpoint = given.arguments.get(*kind[1]) or UNKNOWN
            self._event(kind[0], router, endpoint, given.arguments, line, scope, kind[2])
            router.events[-1].own = Arguments([])
        elif name in _MUTATORS:
            router.doubt(_EDITED)
        return UNKNOWN if name in ("copy", "index", "count") else Constant(None)

    def _is_instance(self, value: Value, classes: Value) -> bool | None:
        if isinstance(classes, Items):
            decided = [self._is_instance(value, cls) for cls in classes.items]
            return True if True in decided else None if None in decided or not classes.is_complete else False
        match value, classes:
            case RouteEntry(part="documentation"), Outside(name=name) if name in _ROUTE_CLASSES:
                return "route" in _INSTANCES[name]
            case RouteEntry(part="", event=Event(kind=kind)), Outside(name=name) if name in _ROUTE_CLASSES:
                return kind in _INSTANCES[name]
            case Constant(value=inner), Outside(name=name) if type(value) is Constant and name in _TYPES:
                return isinstance(inner, _TYPES[name])
            case Router(), Outside(name=name) if name in _ROUTERS:
                return True if name == _APPLICATION and value.is_application else None
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
        truths = [_truth_of(result) for result in results]
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

    def _router_method(self, router: Router, name: str, arguments: Arguments, line: int, scope: Scope | None) -> Value:
        arguments = _without_defaults(arguments)
        if name in _REGISTRARS:
            if name in _VERBS and router.cls is not None and not router.is_application:
                # `APIRouter.get` calls `self.api_route` with all that it takes, which the class may have its own of.
                own = self._member(router.cls, "api_route")
                if isinstance(own, Function):
                    given = {"path": arguments.get("path", 0) or UNKNOWN, **arguments.named}
                    given["methods"] = Items([Constant(name.upper())])
                    passed = Arguments([], {**_PASSED, **given}, is_complete=arguments.is_complete)
                    return self._call_function(own.bound_to(router), passed)
            return Registrar(router, name, arguments, line)
        if name == "__init__":
            # Of `super().__init__(...)`, the last word on what the constructor was given.
            router.arguments.named |= _owned(arguments).named
            router.arguments.is_complete = arguments.is_complete
            if router.is_application:
                self._set_up(router)
            return Constant(None)
        if name in ("add_api_route", "add_api_websocket_route", "add_route", "add_websocket_route"):
            endpoint = arguments.get("endpoint", 1) or arguments.get("route") or UNKNOWN
            self._register(router, name, arguments, endpoint, line, scope)
        elif name == "include_router":
            self._event("include", router, arguments.get("router", 0) or UNKNOWN, arguments, line, scope)
        elif name == "frontend":
            self._event("frontend", router, UNKNOWN, arguments, line, scope, name)
        elif name in ("mount", "host"):
            self._event("mount", router, arguments.get("app", 1) or UNKNOWN, arguments, line, scope, name)
        elif name == "on_event":
            return Registrar(router, name, arguments, line) if known(arguments.get("", 0)) != "shutdown" else UNKNOWN
        elif name == "add_event_handler":
            if known(arguments.get("event_type", 0)) != "shutdown" and (start := arguments.get("func", 1)):
                self._startups.append((router, start))
        elif name not in _HARMLESS_METHODS:
            doubt = (f"`{name}` of it may register more" if name != "?" else "a method is called that is not known",)
            self._event("unknown", router, UNKNOWN, Arguments([]), line, scope, name, doubt)
            return UNKNOWN
        return Constant(None)

    def _register_decorated(self, registrar: Registrar, endpoint: Value, scope: Scope | None) -> None:
        """The decorators of `APIRouter` call `self.add_api_route`, which a class of the project may have its own of."""
        router, given = registrar.router, registrar.arguments
        if router.cls is not None and not router.is_application and registrar.method in {*_VERBS, "api_route"}:
            own = self._member(router.cls, "add_api_route")
            if isinstance(own, Function):
                methods = (
                    {} if registrar.method == "api_route" else {"methods": Items([Constant(registrar.method.upper())])}
                )
                named = {**_PASSED, **given.named, **methods}
                named.pop("path", None)
                path = given.get("path", 0) or UNKNOWN
                self._call_function(
                    own.bound_to(router), Arguments([path, endpoint], named, is_complete=given.is_complete)
                )
                return
        self._register(router, registrar.method, given, endpoint, registrar.line, scope)

    def _register(
        self, router: Router, method: str, arguments: Arguments, endpoint: Value, line: int, scope: Scope | None
    ) -> None:
        kinds = {
            "websocket": "websocket",
            "add_api_websocket_route": "websocket",
            "route": "route",
            "add_route": "route",
            "websocket_route": "websocket_route",
            "add_websocket_route": "websocket_route",
        }
        self._event(kinds.get(method, "operation"), router, endpoint, arguments, line, scope, method)

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
        self._number += 1
        path = scope.module.path if scope is not None else router.module.path
        if self._site is not None:
            path, line = self._site
        if self._starting:
            doubts = (*doubts, "it is registered while the application starts")
        if kind == "operation":
            doubts = (*doubts, *self._of_route_class(router, arguments))
        router.events.append(
            Event(
                kind,
                self._number,
                path,
                line,
                target,
                arguments.copy(),
                method,
                is_conditional=not self._is_sure(router.conditions),
                is_looped=self._loops > 0,
                doubts=doubts,
                own=router.given_by_now(),
                root=self._root,
            )
        )

    def _of_route_class(self, router: Router, arguments: Arguments) -> tuple[str, ...]:
        """A class of routes may make of what it is given what it likes."""
        cls = arguments.get("route_class_override") or router.arguments.get("route_class")
        if cls is None or known(cls) is None:
            return ()
        if isinstance(cls, Class):
            for above in self._mro(cls):
                if isinstance(above, Outside) and above.name == "fastapi.routing.APIRoute":
                    return ()
                if not isinstance(above, Class) or not all(
                    isinstance(part, ast.Expr | ast.Pass)
                    or (isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) and part.name in _HARMLESS_OF_ROUTES)
                    for part in above.node.body
                ):
                    break
        elif isinstance(cls, Outside) and cls.name == "fastapi.routing.APIRoute":
            return ()
        return ("its class of routes may change it",)

    def _handed_on(self, callee: Value, arguments: Arguments, node: ast.Call, scope: Scope) -> None:
        """`instrument(app)` of a library may register routes of its own."""
        name = dotted(node.func) or "a call"
        if _HARMLESS.search(callee.name if isinstance(callee, Outside) else name):
            return
        line = scope.first_line + node.lineno - 1
        doubt = (f"it is handed to `{name}`, which may register more",)
        for value in arguments.values():
            if isinstance(value, Router):
                self._event("unknown", value, UNKNOWN, Arguments([]), line, scope, name, doubt)
            elif isinstance(value, RouteEntry):
                value.doubt()
            elif isinstance(value, RouteList):
                value.router.doubt(_EDITED)


def _modules(project: Project) -> list[Module]:
    """The modules that may have to do with routes, tests excluded: what tests make is not the application.

    Those that the index takes for FastAPI's, and those that import from them a function that takes or makes an
    application, or a class of routers: `app = create_app()` needs no word of FastAPI.
    """
    found = [module for module in project.modules() if not is_test(module.path)]
    known_paths = {module.path for module in found}
    makers = {
        name
        for module in found
        for name, bindings in module.facts.bindings.items()
        if any(b.kind in ("def", "class") and _MAKES.search(module.statement_text(b.statement)) for b in bindings)
    }
    spelled = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in sorted(makers)) + rb")\b")
    if makers:
        for path, imports in project.import_statements.items():
            if path not in known_paths and not is_test(path) and spelled.search(imports):
                module = project.module(path)
                if module is not None:
                    found.append(module)
    # What an application is made with is imported by its own module first, as a server would.
    return sorted(found, key=lambda module: not _makes_application(module, makers))


def _makes_application(module: Module, makers: Set[str]) -> bool:
    statements = enumerate(module.facts.statements)
    texts = [
        module.statement_text(i) for i, s in statements if s.word not in ("def", "async def", "class", "@", "from")
    ]
    return any("FastAPI(" in text or any(f"{name}(" in text for name in makers) for text in texts)


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


_VERBS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# What `get` and the like hand on to `api_route`, and that to `add_api_route`, of what they were not given.
_PASSED: dict[str, Value] = {
    **{name: Constant(None) for name in (
        "callbacks", "dependencies", "deprecated", "description", "methods", "name", "openapi_extra", "operation_id",
        "response_model_exclude", "response_model_include", "responses", "status_code", "summary", "tags",
    )},
    **{name: Constant(False) for name in (
        "response_model_exclude_defaults", "response_model_exclude_none", "response_model_exclude_unset",
    )},
    "generate_unique_id_function": DEFAULT,
    "include_in_schema": Constant(True),
    "response_class": DEFAULT,
    "response_description": Constant("Successful Response"),
    "response_model": DEFAULT,
    "response_model_by_alias": Constant(True),
}  # fmt: skip


def _targets(imports: bytes) -> list[tuple[str, str]]:
    """Local names and targets of the import statements at module level, from the skimmed text of all."""
    text = b"\n".join(part for part in imports.strip(b"\n").split(b"\0\n") if part[:1] not in (b" ", b"\t"))
    try:
        body = ast.parse(text.replace(b"\0", b"")).body
    except (SyntaxError, ValueError):
        return []
    return [
        (local, target.removesuffix(".*"))
        for node in body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for local, target in targets_of(node)
    ]


def _look_like(wrapper: Value, given: Arguments) -> None:
    """What `functools.wraps(given)` does to a function."""
    if isinstance(wrapper, Function):
        wrapper.wrapped = given.positional[0]
        if len(given.positional) > 1 or given.named:
            wrapper.doubts = (*wrapper.doubts, "not all of it looks like the function that it wraps")


def _changed_by(cls: ast.ClassDef) -> Iterator[str]:
    for part in cls.body:
        match part:
            case ast.FunctionDef(name="model_post_init"):
                yield "*"
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                for decorator in decorators:
                    call = decorator if isinstance(decorator, ast.Call) else None
                    if "validator" in dotted(call.func if call else decorator):
                        names = (
                            [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
                            if call
                            else []
                        )
                        yield from (str(name) for name in names or ["*"])
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                inner = [node for of in (annotation, value) if of is not None for node in ast.walk(of)]
                if any(isinstance(node, ast.keyword) and "alias" in (node.arg or "") for node in inner) or any(
                    isinstance(node, ast.Name | ast.Attribute) and "Validator" in dotted(node) for node in inner
                ):
                    yield name
            case ast.Assign() | ast.ClassDef():
                keywords = [node.arg for node in ast.walk(part) if isinstance(node, ast.keyword)]
                names = [node.id for node in ast.walk(part) if isinstance(node, ast.Name)]
                if "alias_generator" in (*keywords, *names):
                    yield "*"


def _definitions(module: Module) -> dict[int, list[str]]:
    """The functions and classes that are defined more than once, by statement."""
    found: dict[int, list[str]] = {}
    for name, bindings in module.facts.bindings.items():
        if len(bindings) > 1:
            for binding in bindings:
                if binding.kind in ("def", "class"):
                    found.setdefault(binding.statement, []).append(name)
    return found


def _owned(arguments: Arguments) -> Arguments:
    """What a router keeps of what it is given: of dependencies a list of its own, of tags the list itself."""
    named = dict(arguments.named)
    dependencies = named.get("dependencies")
    if isinstance(dependencies, Items):
        named["dependencies"] = dependencies.copy()
    return Arguments(arguments.positional, named, is_complete=arguments.is_complete)


def _key_of(function: Function, arguments: Arguments) -> object:
    """Arguments that `functools.cache` takes to be the same."""
    parts = [*arguments.positional, *arguments.named.values()]
    values = [part.value if isinstance(part, Constant) else id(part) for part in parts]
    return id(function.bound), len(arguments.positional), tuple(arguments.named), repr(values)


def _listed_or_none(value: Value | None) -> list[Value]:
    return value.items if isinstance(value, Items) else []


def _most_careful(errors: Sequence[_LeaveError]) -> _LeaveError:
    """How a block is left of which every branch leaves: by the exit that skips least."""
    order = (_LeaveRoundError, _LeaveLoopError, _LeaveError, _RaisedError)
    return min(errors, key=lambda error: order.index(type(error)))


def _only_raises(body: Sequence[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return dotted(last.value.func) in ("sys.exit", "exit", "quit", "os._exit")
    return isinstance(last, ast.Raise)


def _may_fail(body: Sequence[ast.stmt]) -> bool:
    """Whether something can be raised in a block: by anything but imports of the standard library and definitions."""
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                heads = {target.partition(".")[0] for _, target in targets_of(node)}
                if not heads <= sys.stdlib_module_names | {"fastapi", "starlette", "pydantic"}:
                    return True
            case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]) | ast.Pass():
                continue
            case ast.Assign(value=ast.Constant()) | ast.Expr(value=ast.Constant()):
                continue
            case _:
                return True
    return False


def _merged_orders(orders: list[list[Value]]) -> Iterator[Value]:
    """The C3 linearization; as far as it goes where there is none."""
    while orders := [order for order in orders if order]:
        tails = {id(value) for order in orders for value in order[1:]}
        head = next((order[0] for order in orders if id(order[0]) not in tails), orders[0][0])
        yield head
        orders = [[value for value in order if value is not head] for order in orders]


def _without_defaults(arguments: Arguments) -> Arguments:
    named = {name: value for name, value in arguments.named.items() if value is not DEFAULT}
    return Arguments(arguments.positional, named, is_complete=arguments.is_complete)


_SHOWN_BY_ROUTES = frozenset(
    {"default_response_class", "dependencies", "generate_unique_id_function", "include_in_schema", "prefix",
     "route_class", "routes", "tags"}
)  # fmt: skip
_BUILTINS = frozenset(
    {"abs", "bool", "classmethod", "dict", "enumerate", "eval", "exec", "filter", "float", "frozenset", "getattr",
     "hasattr", "id", "int", "isinstance", "len", "list", "map", "max", "min", "object", "print", "property", "range",
     "repr", "reversed", "set", "setattr", "sorted", "staticmethod", "str", "super", "tuple", "type", "zip"}
)  # fmt: skip


def _compared(op: ast.cmpop, a: object, b: object) -> bool | None:
    match op:
        case ast.Is() | ast.Eq():
            return a == b
        case ast.IsNot() | ast.NotEq():
            return a != b
        case ast.In() | ast.NotIn():
            if isinstance(b, str):
                if not isinstance(a, str):
                    return None
                inside = a in b
            elif isinstance(b, list):
                inside = a in b
            else:
                return None
            return inside == isinstance(op, ast.In)
    if isinstance(a, int | float) and isinstance(b, int | float):
        match op:
            case ast.Lt():
                return a < b
            case ast.LtE():
                return a <= b
            case ast.Gt():
                return a > b
            case ast.GtE():
                return a >= b
    return None


def _is_in(key: str, container: Value) -> bool | None:
    """Whether a string is in a list or a key of a dictionary of which not all is known."""
    match container:
        case Table(items=named, is_complete=is_complete):
            return (None if named[key] is UNKNOWN else True) if key in named else False if is_complete else None
        case Items(items=items, is_complete=True):
            found = [known(item) for item in items]
            return True if key in found else None if UNKNOWN in found else False
    return None


def _truth_of(value: Value) -> bool | None:
    """Whether something counts as true; None where that is not known."""
    match value:
        case Function() | Class() | Router() | Partial() | Dependency() | ModuleValue():
            return True
        case Items(items=items, is_complete=is_complete):  # what is in it may have been added under a condition
            return bool(items) if is_complete else None
        case Table(items=named, is_complete=is_complete):
            is_sure = any(value is not UNKNOWN for value in named.values())
            return True if is_sure else False if is_complete and not named else None
    found = known(value)
    return None if found is UNKNOWN else bool(found)


def _one_of(values: Sequence[Value]) -> Value:
    """What a name stands for that got different values in branches: a router rather than none, else nothing known."""
    first = values[0]
    if all(value is first for value in values):
        return first
    routers = [value for value in values if isinstance(value, Router)]
    if routers:
        if any(_for_routes(router) or _for_routes(routers[0]) for router in routers if router is not routers[0]):
            routers[0].doubt("is one of several that the name may stand for")
        return routers[0]
    constants = {repr(known(value)) for value in values}
    return first if len(constants) == 1 and all(isinstance(value, Constant) for value in values) else UNKNOWN


def _either(first: Value, second: Value) -> Value:
    """What a function gives that may return either: a router or what wraps the same function rather than nothing."""
    for value, other in ((first, second), (second, first)):
        if isinstance(value, Router) and not isinstance(other, Router):
            return value
        if isinstance(other, Constant) and other.value is None:
            return value
    match first, second:
        case Function(wrapped=Value() as one), Function(wrapped=Value() as another) if one is another:
            return first
        case Instance(cls=one_class), Instance(cls=another_class) if one_class is another_class:
            return first
    return _one_of([first, second])


def _for_routes(router: Router) -> bool:
    """Whether a router is given what its routes get, too: two that are not may stand for each other."""
    given = router.arguments
    return bool(router.events) or not given.is_complete or not _SHOWN_BY_ROUTES.isdisjoint(given.named)


def _decorators(function: Function) -> set[str]:
    return set() if isinstance(function.node, ast.Lambda) else _decorators_of(function.node)


def _decorators_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {dotted(decorator) for decorator in node.decorator_list}


def _qualified(scope: Scope, name: str) -> str:
    return f"{scope.function}.{name}" if scope.function else name


def _table_method(table: Table, name: str, arguments: Arguments, *, is_certain: bool) -> Value:
    match name:
        case "values":
            return Items(list(table.items.values()), is_complete=table.is_complete)
        case "keys":
            return Items([Constant(key) for key in table.items], is_complete=table.is_complete)
        case "items":
            pairs: list[Value] = [Items([Constant(key), value]) for key, value in table.items.items()]
            return Items(pairs, is_complete=table.is_complete)
        case "get":
            key = known(arguments.get("key", 0))
            if isinstance(key, str) and key in table.items:
                return table.items[key]
            return (arguments.get("default", 1) or Constant(None)) if table.is_complete else UNKNOWN
        case "copy":
            return Table(dict(table.items), is_complete=table.is_complete)
        case "setdefault" | "pop":
            key = known(arguments.get("key", 0))
            if is_certain and table.is_complete and isinstance(key, str):
                default = arguments.get("default", 1) or Constant(None)
                return table.items.setdefault(key, default) if name == "setdefault" else table.items.pop(key, default)
            if isinstance(key, str):
                table.items[key] = UNKNOWN
            table.is_complete = False
        case "update":
            given = arguments.get("", 0)
            if given is not None and not isinstance(given, Table):
                table.is_complete = False
                return UNKNOWN
            others = {**(given.items if isinstance(given, Table) else {}), **arguments.named}
            table.items |= others if is_certain else dict.fromkeys(others, UNKNOWN)
            is_known = arguments.is_complete and (given is None or given.is_complete)
            table.is_complete = table.is_complete and is_certain and is_known
        case "clear":
            table.is_complete = False
    return UNKNOWN


def status_of(value: Value | None) -> int | None:
    """The number of a status, as a literal, of `fastapi.status` or `http.HTTPStatus`; None where it is not known."""
    match value:
        case Constant(value=int(number)) if not isinstance(number, bool):
            return number
        case Outside(name=name):
            if found := _STATUS.match(name):
                return int(found.group(1))
            if name.startswith("http.HTTPStatus."):
                import http

                member = getattr(http.HTTPStatus, name.rpartition(".")[2], None)
                return int(member) if isinstance(member, http.HTTPStatus) else None
    return None
