"""What a module-level name holds: an object that lives as long as the process and that requests share, or a value.

    client = httpx.AsyncClient()        an object: it does something, tests want another one
    ITEMS: dict[str, Item] = {}         a store, if functions change it; a table, if none does
    LIMIT = 10                          a value, as is a logger, a compiled pattern, a router, an enum, a response

What something is follows from its annotation, from what makes it (a class, a function of the project that says what it
returns, a factory of a well-known library), never from its name, but for loggers. Where nothing shows it, that is said.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator
from typing import NamedTuple

from ..source.nodes import walk
from .index import Module, Project, Symbol
from .model import Binding
from .models import model
from .reader import dotted, statements_within

VALUE, STORE, OBJECT, SESSIONS, UNKNOWN = "value", "store", "object", "sessions", "unknown"


class TypeText(NamedTuple):
    """A type as it is written in a module; `dotted` names that the module does not know yet are of other libraries."""

    code: str
    home: str
    """Path of the module in whose words `code` is; empty where it is one dotted name of a library (`typing.Any`)."""


class Singleton(NamedTuple):
    symbol: Symbol
    kind: str
    """`VALUE`, `STORE` (a container, which is a table unless somebody changes it), `OBJECT`, `SESSIONS` (a factory of
    database sessions) or `UNKNOWN`."""
    type: TypeText | None
    maker: Symbol | None = None
    """The function or class that is called for it."""
    plain_data: bool = False
    """A model or dataclass: a value unless somebody changes it."""


_BUILTIN_CONTAINERS = frozenset({"bytearray", "dict", "list", "set"})
_CONTAINERS = frozenset(
    {
        "collections.ChainMap", "collections.Counter", "collections.OrderedDict", "collections.defaultdict",
        "collections.deque", "weakref.WeakKeyDictionary", "weakref.WeakSet", "weakref.WeakValueDictionary",
    }
)  # fmt: skip
_CONTAINER_TYPES = (
    _CONTAINERS
    | {
        f"typing.{name}"
        for name in ("DefaultDict", "Deque", "Dict", "List", "MutableMapping", "MutableSequence", "MutableSet", "Set")
    }
    | {f"collections.abc.{name}" for name in ("MutableMapping", "MutableSequence", "MutableSet")}
)

# Objects of these are values, tools without a state, or what an application is made of: nobody wants to inject them.
_VALUES_OF = frozenset(
    {
        "abc", "argon2", "array", "ast", "babel", "base64", "bcrypt", "celery", "collections", "contextvars",
        "dataclasses", "datetime", "decimal", "dramatiq", "enum", "fastapi", "fractions", "functools", "gettext",
        "hashlib", "importlib", "inspect", "ipaddress", "itertools", "jinja2", "json", "jwt", "logging", "loguru",
        "math", "operator", "opentelemetry", "os", "passlib", "pathlib", "pendulum", "platform", "prometheus_client",
        "pwdlib", "pydantic", "pytz", "random", "re", "regex", "rich", "secrets", "slowapi", "socket", "sqlalchemy",
        "sqlmodel", "starlette", "statistics", "string", "structlog", "subprocess", "sys", "textwrap", "threading",
        "time", "tomllib", "typer", "typing", "typing_extensions", "types", "uuid", "weakref", "yarl", "zoneinfo",
    }
)  # fmt: skip
_OBJECTS_IN_SPITE = frozenset({"sqlalchemy.engine.Engine", "sqlalchemy.ext.asyncio.AsyncEngine", "sqlalchemy.Engine"})
_SYNCHRONISATION = re.compile(
    r"(?:asyncio|anyio|threading|multiprocessing|trio)\.(?:\w+\.)*"
    r"(?:Barrier|BoundedSemaphore|CapacityLimiter|Condition|Event|Lock|RLock|Semaphore|Value|local|\w*_lock)\Z"
)
_PACKAGES_OF_PURE_FUNCTIONS = frozenset({"dotenv", "environ", "decouple", "starlette_config"})

_FACTORIES = {
    "aioboto3.Session": "typing.Any",
    "aioredis.from_url": "aioredis.Redis",
    "boto3.client": "typing.Any",
    "boto3.resource": "typing.Any",
    "boto3.session.Session": "typing.Any",
    "firebase_admin.firestore.client": "typing.Any",
    "redis.asyncio.client.from_url": "redis.asyncio.Redis",
    "redis.asyncio.from_url": "redis.asyncio.Redis",
    "redis.from_url": "redis.Redis",
    "sqlalchemy.create_engine": "sqlalchemy.engine.Engine",
    "sqlalchemy.engine.create_engine": "sqlalchemy.engine.Engine",
    "sqlalchemy.ext.asyncio.create_async_engine": "sqlalchemy.ext.asyncio.AsyncEngine",
    "sqlite3.connect": "sqlite3.Connection",
    "sqlmodel.create_engine": "sqlalchemy.engine.Engine",
    "supabase.create_client": "supabase.Client",
}
_SESSION_FACTORIES = frozenset(
    {
        "sqlalchemy.orm.scoped_session", "sqlalchemy.orm.sessionmaker", "sqlalchemy.orm.session.sessionmaker",
        "sqlalchemy.ext.asyncio.async_sessionmaker", "sqlalchemy.ext.asyncio.async_scoped_session",
    }
)  # fmt: skip
_DATABASES_BY_ITEM = ("pymongo.", "motor.", "couchdb.")
_ALTERNATIVE_CONSTRUCTOR = re.compile(
    r"(?:from_|connect|create|new|build|instance|get_instance|default|open|load|get_default|setup|make|init)\w*\Z"
)
_SETTINGS = ("pydantic_settings.BaseSettings", "pydantic_settings.main.BaseSettings", "pydantic.BaseSettings")
_APPLICATIONS = ("fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette", "starlette.routing.Router")
_GIVEN_BY_FASTAPI = (
    "fastapi.BackgroundTasks", "fastapi.Request", "fastapi.Response", "fastapi.WebSocket", "fastapi.responses.Response",
    "fastapi.responses.JSONResponse", "fastapi.responses.HTMLResponse", "fastapi.responses.PlainTextResponse",
    "fastapi.security.SecurityScopes", "starlette.background.BackgroundTasks", "starlette.requests.HTTPConnection",
    "starlette.requests.Request", "starlette.responses.Response", "starlette.responses.JSONResponse",
    "starlette.websockets.WebSocket",
)  # fmt: skip
"""FastAPI fills parameters of these types by itself and refuses `Depends` for them."""
# A log is one whatever holds it, a list included.
_LOGGER = re.compile(r"_*(?:\w+_)?(?:log|logger|logging)_*\Z", re.IGNORECASE)
_VALUE_CLASS = re.compile(r"(?:Error|Exception|Warning|Enum|Sentinel|UndefinedType)\Z")
_VALUE_CLASS_OF_LIBRARY = re.compile(r"(?:Headers|Limits|Options|Policy|Retry|Timeout|URL|Version)\Z")
_SCALARS = frozenset(
    {
        "bool",
        "bytes",
        "complex",
        "float",
        "frozenset",
        "int",
        "None",
        "object",
        "range",
        "slice",
        "str",
        "tuple",
        "type",
    }
)
_VALUE_TYPES = re.compile(
    r"(?:typing|typing_extensions|collections\.abc)\.(?:Callable|ClassVar|FrozenSet|Iterable|Literal|LiteralString"
    r"|Mapping|NamedTuple|Pattern|Sequence|AbstractSet|Set|Tuple|Type|TypeAlias|TypeVar|Text|ParamSpec|NewType)\Z"
)
_GENERIC_AT_RUN_TIME = frozenset(
    {
        "asyncio",
        "collections",
        "contextlib",
        "contextvars",
        "os",
        "queue",
        "re",
        "typing",
        "typing_extensions",
        "weakref",
    }
)
_WRAPPERS = frozenset({"Final", "Optional", "Annotated", "ClassVar", "Union"})
_TEXT_METHODS = frozenset(
    name for kind in (str, bytes, int, float, dict, list, tuple, frozenset, set) for name in dir(kind)
)


def is_method_of_values(name: str) -> bool:
    """Whether texts, numbers or containers have a method of that name, so that calling it shows no object."""
    return name in _TEXT_METHODS


def singleton(project: Project, symbol: Symbol) -> Singleton | None:
    """What a module-level variable of the project holds; None for what is no variable: functions, classes, modules."""
    return project.remembered(("singleton", symbol), lambda: _singleton(project, symbol))


def _singleton(project: Project, symbol: Symbol) -> Singleton | None:
    if symbol.path is None or not symbol.name or "." in symbol.name or symbol.name.startswith("__"):
        return None
    module = project.module(symbol.path)
    bindings = module.bindings(symbol.name) if module is not None else ()
    if module is None or not bindings or any(binding.kind not in ("assign", "other") for binding in bindings):
        return None
    if _LOGGER.match(symbol.name):
        return Singleton(symbol, VALUE, None)
    return _Judge(project, module, symbol).judged()


class Given(NamedTuple):
    """One assignment to the name."""

    value: ast.expr | None
    annotation: ast.expr | None
    in_function: bool
    statement: int


def assignments_of(module: Module, name: str, bindings: tuple[Binding, ...]) -> Iterator[Given]:
    """What a module-level name is given, at import and by functions that declare it `global`."""
    for index in sorted({binding.statement for binding in bindings}):
        tree = module.tree(index)
        yield from _given(tree.body, name, index, in_function=False)
        if "global" in module.statement_text(index):
            for node in walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
                    isinstance(inner, ast.Global) and name in inner.names for inner in statements_within(node.body)
                ):
                    yield from _given(node.body, name, index, in_function=True)


def _given(body: list[ast.stmt], name: str, index: int, *, in_function: bool) -> Iterator[Given]:
    for node in statements_within(body):
        match node:
            case ast.Assign(targets=targets, value=value):
                if any(isinstance(target, ast.Name) and target.id == name for target in targets):
                    yield Given(value, None, in_function, index)
            case ast.AnnAssign(target=ast.Name(id=target), annotation=annotation, value=value) if target == name:
                yield Given(value, annotation, in_function, index)
            case _:
                pass


class _Judge:
    def __init__(self, project: Project, module: Module, symbol: Symbol) -> None:
        self.project = project
        self.module = module
        self.symbol = symbol
        self.is_quoted = False

    def judged(self) -> Singleton:
        given = list(assignments_of(self.module, self.symbol.name, self.module.bindings(self.symbol.name)))
        annotation = next((one.annotation for one in given if one.annotation is not None), None)
        values = [one.value for one in given if one.value is not None]
        if annotation is not None:
            found = self.annotated(annotation)
            if found is not None:
                maker = next((self.of_value(v).maker for v in values if isinstance(v, ast.Call)), None)
                return found._replace(maker=maker)
        real = [value for value in values if not (isinstance(value, ast.Constant) and value.value is None)]
        if not real:
            kind = UNKNOWN if any(one.in_function for one in given) or self.is_set_elsewhere() else VALUE
            return Singleton(self.symbol, kind, None)
        found_of_values = [self.of_value(value) for value in real]
        first = found_of_values[0]
        if all(one.kind == first.kind and one.type == first.type for one in found_of_values):
            return first
        if all(one.kind == VALUE for one in found_of_values):
            return Singleton(self.symbol, VALUE, None)
        return Singleton(self.symbol, UNKNOWN, None)

    def is_set_elsewhere(self) -> bool:
        """Whether a function of this module makes it anew: `global client`."""
        return any(binding.kind == "other" for binding in self.module.bindings(self.symbol.name))

    def made(self, kind: str, code: str = "", maker: Symbol | None = None, *, library: bool = False) -> Singleton:
        return Singleton(
            self.symbol, kind, TypeText(code, "" if library else self.module.path) if code else None, maker
        )

    # By annotation

    def annotated(self, node: ast.expr) -> Singleton | None:
        """None where an annotation says nothing: `Final`, `Any`."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.is_quoted = True
            try:
                return self.annotated(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return None
        inner = _without_wrappers(node)
        if inner is None:
            return None
        head = inner.value if isinstance(inner, ast.Subscript) else inner
        name = dotted(head)
        last = name.rpartition(".")[2]
        if last == "Any" or not name:
            return None
        code = ast.unparse(_unquoted(node) if last not in ("Final", "ClassVar") else inner)
        if not self._can_be_evaluated(node):
            code = name
        if not self.module.bindings(name.partition(".")[0]) and "." not in name:
            if last in _BUILTIN_CONTAINERS:
                return self.made(STORE, code)
            if last in _SCALARS or hasattr(builtins, last):
                return self.made(VALUE)
        symbol = self._meaning(name)
        if symbol is None:
            return None
        if symbol.path is None and symbol.name in _CONTAINER_TYPES:
            return self.made(STORE, code)
        found = self.of_class(symbol, code)
        return found if found.kind != UNKNOWN else None

    def _can_be_evaluated(self, node: ast.expr) -> bool:
        """Whether a type that nobody evaluates may be evaluated: classes of libraries are often generic for type
        checkers alone (`Redis[bytes]`)."""
        if not (self.module.facts.postponed or self.is_quoted):
            return True
        for inner in walk(node):
            if isinstance(inner, ast.Subscript):
                symbol = self._meaning(dotted(inner.value))
                top = symbol.name.partition(".")[0] if symbol is not None and symbol.path is None else ""
                if top and top not in _GENERIC_AT_RUN_TIME:
                    return False
        return True

    def _meaning(self, name: str) -> Symbol | None:
        found = self.project.resolve(self.module, name)
        if found is not None:
            return found
        head, _, rest = name.partition(".")
        targets = {item.target for item in self.module.facts.imports if item.local == head and item.type_checking}
        if len(targets) != 1:
            return None
        target = targets.pop()
        return self.project.follow_import(self.module.path, f"{target}.{rest}" if rest else target)

    # By value

    def of_value(self, node: ast.expr) -> Singleton:
        match node:
            case ast.List() | ast.ListComp():
                return self.made(STORE, "list")
            case ast.Dict() | ast.DictComp():
                return self.made(STORE, "dict")
            case ast.Set() | ast.SetComp():
                return self.made(STORE, "set")
            case ast.Call():
                return self.of_call(node)
            case ast.IfExp(body=body, orelse=orelse):
                return self._agreed([body, orelse])
            case ast.BoolOp(values=values):
                return self._agreed(values)
            case ast.Subscript(value=value) | ast.Attribute(value=value) if self._is_database(value):
                return self.made(OBJECT, "typing.Any", library=True)
            case ast.Name() | ast.Attribute():
                # `db = other.db`: another name for an object that has one already
                return self.made(VALUE)
            case _:
                return self.made(VALUE)

    def _agreed(self, nodes: list[ast.expr]) -> Singleton:
        found = [self.of_value(node) for node in nodes]
        kinds = {one.kind for one in found}
        if kinds == {VALUE}:
            return self.made(VALUE)
        objects = [one for one in found if one.kind != VALUE]
        if len({(one.kind, one.type) for one in objects}) == 1 and len(objects) == len(found):
            return objects[0]
        return self.made(UNKNOWN)

    def _is_database(self, node: ast.expr) -> bool:
        """A database or collection of a client that gives them by name: `client["app"]`, `client.app.users`."""
        while isinstance(node, ast.Subscript | ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name):
            return False
        symbol = self.project.resolve(self.module, node.id)
        if symbol is None or symbol.path is None or symbol == self.symbol:
            return False
        root = singleton(self.project, symbol)
        if root is None or root.kind != OBJECT:
            return False
        if root.maker is not None and root.maker.path is None:
            return root.maker.name.startswith(_DATABASES_BY_ITEM)
        return root.type == TypeText("typing.Any", "")

    def of_call(self, node: ast.Call) -> Singleton:
        callee = dotted(node.func)
        if not callee:
            # `Client(...).connect()`, `get()()`
            return self.made(UNKNOWN)
        head = callee.partition(".")[0]
        if not self.module.bindings(head) and not self.module.facts.stars:
            if callee in _BUILTIN_CONTAINERS:
                return self.made(STORE, callee)
            return self.made(VALUE)
        symbol = self.project.resolve(self.module, callee)
        if symbol is None:
            return self.made(UNKNOWN)
        if symbol.path is None:
            return self._of_library(symbol, callee)
        return self._of_project(symbol, callee)

    def _of_library(self, symbol: Symbol, callee: str) -> Singleton:
        name = symbol.name
        if name in _CONTAINERS:
            return self.made(STORE, callee, symbol)
        if name in _SESSION_FACTORIES:
            return self.made(SESSIONS, callee, symbol)
        if name in _FACTORIES:
            return self.made(OBJECT, _FACTORIES[name], symbol, library=True)
        if _SYNCHRONISATION.match(name) or name.partition(".")[0] in _VALUES_OF | _PACKAGES_OF_PURE_FUNCTIONS:
            return self.made(VALUE)
        *owners, last = name.split(".")
        if _is_class_name(last):
            if _VALUE_CLASS.search(last) or _VALUE_CLASS_OF_LIBRARY.search(last):
                return self.made(VALUE)
            return self.made(OBJECT, callee, symbol)
        if owners and _is_class_name(owners[-1]) and _ALTERNATIVE_CONSTRUCTOR.match(last):
            cls = callee.rpartition(".")[0]
            return self.made(OBJECT, cls, Symbol(None, ".".join(owners))) if cls else self.made(UNKNOWN)
        return self.made(UNKNOWN, maker=symbol)

    def _of_project(self, symbol: Symbol, callee: str) -> Singleton:
        home = self.project.module(symbol.path or "")
        if home is None:
            return self.made(UNKNOWN)
        head, _, member = symbol.name.partition(".")
        kinds = {binding.kind for binding in home.bindings(head)}
        if kinds == {"class"}:
            if not member:
                return self.of_class(symbol, callee)._replace(maker=symbol)
            if "." not in member and (returned := self._returned(home, symbol, callee)) is not None:
                return returned
            return self.made(UNKNOWN)
        if kinds == {"def"} and not member:
            if _LOGGER.search(head):
                return self.made(VALUE)
            found = self._returned(home, symbol, callee)
            return (found or self.made(UNKNOWN))._replace(maker=symbol)
        if kinds == {"assign"} and member and "." not in member:
            return self._of_method(Symbol(symbol.path, head), member, callee) or self.made(UNKNOWN)
        return self.made(UNKNOWN)

    def _of_method(self, owner: Symbol, method: str, callee: str) -> Singleton | None:
        """What a method of another object says that it returns: `store = config.get_store()`."""
        if owner == self.symbol:
            return None
        held = singleton(self.project, owner)
        home = self.project.module(held.type.home) if held is not None and held.type is not None else None
        cls = (
            self.project.resolve(home, held.type.code) if home is not None and held is not None and held.type else None
        )
        there = self.project.module(cls.path) if cls is not None and cls.path is not None else None
        if cls is None or there is None or "." in cls.name:
            return None
        return self._returned(there, Symbol(cls.path, f"{cls.name}.{method}"), callee)

    def _returned(self, home: Module, symbol: Symbol, callee: str) -> Singleton | None:
        """What a function of the project says that it returns."""
        head, _, member = symbol.name.partition(".")
        nodes: list[ast.stmt] = [n for b in home.bindings(head) for n in home.tree(b.statement).body]
        if member:
            nodes = [n for c in nodes if isinstance(c, ast.ClassDef) for n in statements_within(c.body)]
        functions = [
            n for n in nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == (member or head)
        ]
        if len(functions) != 1:
            return None
        function = functions[0]
        returns = function.returns
        if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
            try:
                returns = ast.parse(returns.value, mode="eval").body
            except SyntaxError:
                return None
        if returns is not None and member and dotted(returns).rpartition(".")[2] in ("Self", head):
            return self.of_class(Symbol(symbol.path, head), callee.rpartition(".")[0])
        if isinstance(function, ast.AsyncFunctionDef):
            return None
        there = _Judge(self.project, home, self.symbol)
        if returns is not None:
            return there.annotated(returns)
        given = [n.value for n in statements_within(function.body) if isinstance(n, ast.Return)]
        local = {name for n in statements_within(function.body) for name in _assigned(n)}
        if len(given) == 1 and isinstance(given[0], ast.Call) and not member:
            callee_head = dotted(given[0].func).partition(".")[0]
            if callee_head and callee_head not in local and callee_head not in _parameters(function):
                return there.of_call(given[0])
        return None

    # By class

    def of_class(self, symbol: Symbol, code: str) -> Singleton:
        """An object of a class that is written `code`."""
        if symbol.path is None:
            name = symbol.name
            if name in _SESSION_FACTORIES:
                return self.made(SESSIONS, code, symbol)
            if name in _OBJECTS_IN_SPITE or name in _SETTINGS:
                return self.made(OBJECT, code, symbol)
            top, last = name.partition(".")[0], name.rpartition(".")[2]
            is_value = top in _VALUES_OF or _VALUE_TYPES.match(name) or _SYNCHRONISATION.match(name)
            if is_value or _VALUE_CLASS.search(last) or _VALUE_CLASS_OF_LIBRARY.search(last):
                return self.made(VALUE)
            return self.made(OBJECT, code, symbol)
        name = symbol.name.rpartition(".")[2]
        if _VALUE_CLASS.search(name) or self.project.derives_from(symbol, (*_APPLICATIONS, *_GIVEN_BY_FASTAPI)):
            return self.made(VALUE)
        if self.project.derives_from(symbol, _SETTINGS):
            return self.made(OBJECT, code, symbol)
        home = self.project.module(symbol.path)
        if home is None or {binding.kind for binding in home.bindings(symbol.name.partition(".")[0])} != {"class"}:
            return self.made(UNKNOWN)
        found = model(self.project, symbol)
        kind = found.kind if found is not None else "class"
        if kind in ("enum", "named-tuple", "typed-dict", "orm"):
            return self.made(VALUE)
        bases = found.bases if found is not None else ()
        if any(base.path is None and base.name.startswith(("fastapi.", "starlette.")) for base in bases):
            return self.made(VALUE)  # a security scheme, a middleware: part of what the application is made of
        made = self.made(OBJECT, code, symbol)
        is_data = kind in ("pydantic", "root", "dataclass", "pydantic-dataclass", "sqlmodel", "attrs")
        return made._replace(plain_data=is_data and not _does_something(home, symbol.name))


def _does_something(module: Module, name: str) -> bool:
    """Whether a class of data has methods of its own, so that its objects are more than data."""
    for binding in module.bindings(name):
        for node in module.tree(binding.statement).body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                for inner in node.body:
                    if isinstance(inner, ast.AsyncFunctionDef):
                        return True
                    if (
                        isinstance(inner, ast.FunctionDef)
                        and not inner.name.startswith("__")
                        and not inner.decorator_list
                    ):
                        return True
    return False


def _is_class_name(name: str) -> bool:
    bare = name.lstrip("_")
    return bare[:1].isupper() and (not bare.isupper() or len(bare) <= 4)


def _without_wrappers(node: ast.expr) -> ast.expr | None:
    """The type in `Final[T]`, `T | None`, `Optional[T]`; None where there is none."""
    match node:
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            parts = [part for part in (left, right) if not (isinstance(part, ast.Constant) and part.value is None)]
            return _without_wrappers(parts[0]) if parts else None
        case ast.Subscript(value=value, slice=inner) if dotted(value).rpartition(".")[2] in _WRAPPERS:
            first = inner.elts[0] if isinstance(inner, ast.Tuple) and inner.elts else inner
            return _without_wrappers(first)
        case ast.Name() | ast.Attribute():
            return None if dotted(node).rpartition(".")[2] in _WRAPPERS else node
        case ast.Constant(value=str(text)):
            try:
                return _without_wrappers(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.Subscript():
            return node
        case _:
            return None


def _unquoted(node: ast.expr) -> ast.expr:
    """`T` for `Final[T]`: what is left to write where the name is not assigned."""
    if isinstance(node, ast.Subscript) and dotted(node.value).rpartition(".")[2] in ("Final", "ClassVar"):
        return node.slice
    return node


def _assigned(node: ast.stmt) -> Iterator[str]:
    for inner in walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
            yield inner.id


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    arguments = function.args
    return {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
