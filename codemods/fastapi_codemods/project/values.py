"""What an expression can stand for when a project is read without being run: see `evaluation`.

Only what decides about routes and dependencies has a kind of its own. `UNKNOWN` is an answer, a guess is not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .index import Module


class Value:
    """Something of which no more is known."""

    __slots__ = ()


UNKNOWN = Value()
DEFAULT = Value()
"""What FastAPI passes on for an argument that it was not given."""


class Constant(Value):
    """A string, number, bool, None or `...`; for a member of an enumeration its value."""

    __slots__ = ("value",)

    def __init__(self, value: object) -> None:
        self.value = value


class Member(Constant):
    """A member of an enumeration, by its value. What it is as text depends on its class and on Python's version."""

    __slots__ = ("name",)

    def __init__(self, value: object, name: str) -> None:
        super().__init__(value)
        self.name = name


Conditions = tuple[int, ...]
"""Undecided conditions around something, the outermost first, each with a number of its own. What is changed under no
more of them than it was made under is certainly changed."""


class Items(Value):
    """A list, tuple or set. Not `is_complete`: there may be more, or in another order."""

    __slots__ = ("conditions", "is_complete", "is_tuple", "is_unordered", "items")

    def __init__(
        self,
        items: list[Value],
        *,
        is_complete: bool = True,
        conditions: Conditions = (),
        is_unordered: bool = False,
    ) -> None:
        self.items = items
        self.is_complete = is_complete
        self.conditions = conditions
        self.is_tuple = False
        """`+=` makes a new one; a list it changes."""
        self.is_unordered = is_unordered
        """A set, or made of one: whoever goes through it meets its elements in no order that the code tells."""

    def copy(self) -> Items:
        return Items(list(self.items), is_complete=self.is_complete, is_unordered=self.is_unordered)


class Table(Value):
    """A dictionary with string keys."""

    __slots__ = ("conditions", "is_complete", "items")

    def __init__(self, items: dict[str, Value], *, is_complete: bool = True, conditions: Conditions = ()) -> None:
        self.items = items
        self.is_complete = is_complete
        self.conditions = conditions


class Outside(Value):
    """Something outside the project, by its dotted name: `fastapi.Depends`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


class ModuleValue(Value):
    """A module of the project, by its path."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


class Scope:
    """The names of a module, function or class that is being evaluated, and where it stands."""

    __slots__ = ("cls", "first_line", "function", "module", "names", "outer")

    def __init__(
        self, module: Module, outer: Scope | None, first_line: int, function: str = "", *, cls: Class | None = None
    ) -> None:
        self.module = module
        self.names: dict[str, Value] = {}
        self.outer = outer
        self.first_line = first_line
        """Of the top-level statement that nodes count their lines from."""
        self.function = function
        """Dotted name of the function, empty at module level."""
        self.cls = cls
        """Of the body of a class: its names are not seen from the functions in it."""


class Function(Value):
    """A function or lambda of the project, with the scope that it stands in; `self` is bound for a method."""

    __slots__ = (
        "attributes", "bound", "conditions", "defaults", "doubts", "given_name", "node", "results", "scope",
        "signature", "statement", "wrapped",
    )  # fmt: skip

    def __init__(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
        scope: Scope,
        statement: int | None = None,
        bound: Value | None = None,
    ) -> None:
        self.node = node
        self.scope = scope
        self.statement = statement
        """Of a function whose header alone is in `node`: the index of the top-level statement with all of it."""
        self.bound = bound
        self.wrapped: Value | None = None
        """What `functools.wraps` makes it look like."""
        self.signature: Value | None = None
        """An `inspect.Signature` that was put in the place of its own."""
        self.doubts: tuple[str, ...] = ()
        self.conditions: Conditions = ()
        self.given_name: Value | None = None
        """What `function.__name__ = ...` calls it."""
        self.attributes: dict[str, Value] = {}
        self.defaults: dict[str, tuple[Value | None, Value | None]] = {}
        """Annotations and defaults by parameter, as they were when it was defined, where somebody looked then."""
        self.results: dict[object, Value] | None = None
        """What it gave, by its arguments, under `functools.cache`."""

    @property
    def name(self) -> str:
        return "<lambda>" if isinstance(self.node, ast.Lambda) else self.node.name

    @property
    def line(self) -> int:
        return self.scope.first_line + self.node.lineno - 1

    def bound_to(self, value: Value) -> Function:
        method = Function(self.node, self.scope, self.statement, value)
        method.wrapped, method.signature, method.doubts = self.wrapped, self.signature, self.doubts
        method.conditions, method.given_name, method.attributes = self.conditions, self.given_name, self.attributes
        method.defaults, method.results = self.defaults, self.results
        return method


class Class(Value):
    """A class of the project."""

    __slots__ = ("changed", "members", "mro", "node", "scope")

    def __init__(self, node: ast.ClassDef, scope: Scope) -> None:
        self.node = node
        self.scope = scope
        self.members: Scope | None = None
        self.mro: tuple[Value, ...] | None = None
        """Itself and what it derives from, in the order in which Python looks for attributes."""
        self.changed: frozenset[str] | None = None
        """Fields in which instances may hold something else than they were given; None if nobody asked yet."""

    @property
    def name(self) -> str:
        return self.node.name


class Instance(Value):
    """What a class of the project made."""

    __slots__ = ("attributes", "cls", "conditions", "is_complete")

    def __init__(self, cls: Class, *, is_complete: bool = True, conditions: Conditions = ()) -> None:
        self.cls = cls
        self.attributes: dict[str, Value] = {}
        self.is_complete = is_complete
        """Whether all that its fields were given is known."""
        self.conditions = conditions


class Record(Value):
    """An object of FastAPI's of which some attributes are known."""

    __slots__ = ("attributes",)

    def __init__(self, attributes: dict[str, Value]) -> None:
        self.attributes = attributes


class Made(Value):
    """What calling something outside the project gave."""

    __slots__ = ("arguments", "callee")

    def __init__(self, callee: Outside, arguments: Arguments) -> None:
        self.callee = callee
        self.arguments = arguments


class Partial(Value):
    """`functools.partial(callee, ...)`."""

    __slots__ = ("arguments", "callee")

    def __init__(self, callee: Value, arguments: Arguments) -> None:
        self.callee = callee
        self.arguments = arguments


class Dependency(Value):
    """`Depends(call)` or `Security(call)`; without a callable the parameter's type is it."""

    __slots__ = ("call", "scope", "scopes", "use_cache")

    def __init__(self, call: Value | None, scopes: Value | None, use_cache: Value | None, scope: Value | None) -> None:
        self.call = call
        self.scopes = scopes
        self.use_cache = use_cache
        self.scope = scope


class Annotated(Value):
    """`Annotated[type, *metadata]`."""

    __slots__ = ("metadata", "type")

    def __init__(self, type_: Value, metadata: list[Value]) -> None:
        self.type = type_
        self.metadata = metadata


class Method(Value):
    """A method of a router, list or dictionary, before it is called."""

    __slots__ = ("name", "owner")

    def __init__(self, owner: Value, name: str) -> None:
        self.owner = owner
        self.name = name


class Registrar(Value):
    """`router.get("/users")`, before it is applied to a function."""

    __slots__ = ("arguments", "line", "method", "router")

    def __init__(self, router: Router, method: str, arguments: Arguments, line: int) -> None:
        self.router = router
        self.method = method
        self.arguments = arguments
        self.line = line


class Arguments:
    """What a call passes. Not `is_complete`: `*args` or `**options` pass more than is known."""

    __slots__ = ("is_complete", "named", "positional")

    def __init__(
        self, positional: list[Value], named: dict[str, Value] | None = None, *, is_complete: bool = True
    ) -> None:
        self.positional = positional
        self.named = named or {}
        self.is_complete = is_complete

    def get(self, name: str, position: int | None = None) -> Value | None:
        """None for what is not passed, `UNKNOWN` for what may be."""
        if name in self.named:
            return self.named[name]
        if position is not None and position < len(self.positional):
            return self.positional[position]
        return None if self.is_complete else UNKNOWN

    def values(self) -> Iterator[Value]:
        yield from self.positional
        yield from self.named.values()

    def copy(self) -> Arguments:
        """With lists of their own: what grows later is not in them."""
        named = {name: value.copy() if isinstance(value, Items) else value for name, value in self.named.items()}
        positional = [value.copy() if isinstance(value, Items) else value for value in self.positional]
        return Arguments(positional, named, is_complete=self.is_complete)

    def is_same(self, other: Arguments) -> bool:
        """Whether both are copies of the same."""
        mine, others = [*self.values()], [*other.values()]
        return (
            self.is_complete == other.is_complete
            and list(self.named) == list(other.named)
            and len(mine) == len(others)
            and all(_is_same(a, b) for a, b in zip(mine, others, strict=True))
        )


class Event:
    """One registration on a router, in the order in which they happen."""

    __slots__ = (
        "arguments", "doubts", "is_conditional", "is_looped", "kind", "line", "method", "number", "operation_id",
        "own", "path", "root", "target",
    )  # fmt: skip

    def __init__(
        self,
        kind: str,
        number: int,
        path: str,
        line: int,
        target: Value,
        arguments: Arguments,
        method: str = "",
        *,
        is_conditional: bool = False,
        is_looped: bool = False,
        doubts: tuple[str, ...] = (),
        own: Arguments,
        root: object = None,
    ) -> None:
        self.kind = kind
        """`operation`, `websocket`, `route`, `websocket_route`, `include`, `mount`, `unknown` (handed to something
        outside the project that may register more)."""
        self.number = number
        """Counts all events of the project."""
        self.path = path
        self.line = line
        self.target = target
        """The endpoint, or the router or application that is included or mounted."""
        self.arguments = arguments
        self.method = method
        self.is_conditional = is_conditional
        self.is_looped = is_looped
        self.doubts = doubts
        self.own = own
        """What the router itself had been given by then: prefix, tags, dependencies."""
        self.root = root
        """See `Router.root`."""
        self.operation_id: tuple[Value, int] | None = None
        """What was assigned to the route afterwards, and how many events there had been by then."""


class Router(Value):
    """An `APIRouter` or, with `is_application`, a `FastAPI`."""

    __slots__ = (
        "arguments", "attributes", "cls", "conditions", "doubts", "events", "function", "is_application",
        "latest", "line", "module", "name", "root",
    )  # fmt: skip

    def __init__(
        self,
        module: Module,
        line: int,
        function: str,
        arguments: Arguments,
        *,
        is_application: bool,
        conditions: Conditions = (),
        root: object = None,
    ) -> None:
        self.module = module
        self.line = line
        self.function = function
        """In which it was made, empty at module level."""
        self.arguments = arguments
        self.is_application = is_application
        self.events: list[Event] = []
        self.doubts: tuple[str, ...] = ()
        self.cls: Class | None = None
        """The class of the project that it is made of, where that derives from FastAPI's."""
        self.attributes: dict[str, Value] = {}
        """Of its own class."""
        self.name = ""
        """The first name that it was given."""
        self.conditions = conditions
        self.root = root
        """The module or factory with which all that was evaluated then began. What begins with another one happens only
        if somebody imports or calls that, too."""
        self.latest: Arguments | None = None

    def doubt(self, why: str) -> None:
        if why not in self.doubts:
            self.doubts = (*self.doubts, why)

    def given_by_now(self) -> Arguments:
        """Its own arguments as they are now: lists may grow later."""
        now = self.arguments.copy()
        if self.latest is None or not self.latest.is_same(now):
            self.latest = now
        return self.latest

    def entries(self, *, are_copied: bool) -> list[Value] | None:
        """What `routes` holds; None where that is not known: `are_copied` where an include adds copies of routes."""
        if are_copied and any(event.kind == "include" for event in self.events):
            return None
        if any(event.is_conditional or event.kind == "unknown" for event in self.events):
            return None
        own: list[Value] = [RouteEntry(self, None, "documentation")] if self.is_application else []
        return [*own, *(RouteEntry(self, event) for event in self.events)]


class RouteList(Value):
    """`app.routes`."""

    __slots__ = ("router",)

    def __init__(self, router: Router) -> None:
        self.router = router


class RouteEntry(Value):
    """One of `app.routes`, or a part of it; without an event one of which no more is known.

    The routes of FastAPI's own documentation are one with `documentation` as its part.
    """

    __slots__ = ("event", "part", "router")

    def __init__(self, router: Router, event: Event | None, part: str = "") -> None:
        self.router = router
        self.event = event
        self.part = part
        """Dotted name of the attribute."""

    def doubt(self) -> None:
        why = "it is changed after it was registered"
        if self.event is None:
            self.router.doubt(why)
        else:
            self.event.doubts = (*self.event.doubts, why)


def _is_same(one: Value, other: Value) -> bool:
    if isinstance(one, Items) and isinstance(other, Items):
        return one.is_complete == other.is_complete and [*map(id, one.items)] == [*map(id, other.items)]
    return one is other


def known(value: Value | None) -> object:
    """The Python object of a constant or of a complete list or dictionary of such; `UNKNOWN` for anything else."""
    match value:
        case Constant():
            return value.value
        case Items(items=items, is_complete=True) if not value.is_unordered or len(items) < 2:
            parts = [known(item) for item in items]
            return UNKNOWN if any(part is UNKNOWN for part in parts) else parts
    return UNKNOWN


def text_of(value: Value | None) -> str | None:
    found = known(value)
    return found if isinstance(found, str) else None


def holds_router(value: Value, depth: int = 0) -> bool:
    """Whether a router is or is in the value."""
    match value:
        case Router() | Registrar() | RouteList() | RouteEntry():
            return True
        case Items(items=items):
            return depth < 3 and any(holds_router(item, depth + 1) for item in items)
        case Table(items=named):
            return depth < 3 and _any_holds(named, depth)
        case Instance(attributes=attributes):
            return depth < 3 and _any_holds(attributes, depth)
        case Method(owner=owner):
            return isinstance(owner, Router)
    return False


def _any_holds(named: Mapping[str, Value], depth: int) -> bool:
    return any(holds_router(value, depth + 1) for value in named.values())
