"""What must not run in another thread."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator

from ..source.discovery import is_test
from ..source.nodes import walk
from .blocking import METHODS
from .calls import BlockingCall
from .index import Module, Project, Symbol
from .operations import own_nodes
from .reader import dotted
from .surroundings import surroundings
from .suspension import MUTATORS, Place, is_imported_module, locals_of
from .types import Frame, Types, Value, default_of, yields

FUNCTIONS_FOLLOWED = 40
"""Of the project, from one call on; what is not followed is not known."""

# Objects of these may be used by several threads at once, each as its documentation says.
_SAFE = re.compile(
    r"(?:pathlib|redis|pymongo|boto3\.client|httpx\.Client|urllib3|openai|anthropic|passlib|argon2|pwdlib|subprocess)\b"
)
_OF_ONE_THREAD = re.compile(r"sqlite3\b")
_OF_ONE_USER = re.compile(r"sqlalchemy\b|sqlmodel\b")
_IN_MEMORY = re.compile(rb""":memory:|sqlite(?:\+\w+)?://["']""")
_CHECKS_THREAD = re.compile(rb"""check_same_thread["']?[ \t]*[:=][ \t]*True""")
_NAMES_OF_SESSIONS = re.compile(r"(?:\w+_)?(?:db|session|conn|connection|cursor|cur|transaction|tx)\Z", re.IGNORECASE)

_FOR_EACH_THREAD = "which each thread has its own of"


class Threads:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.types = Types(project)
        self._known: dict[Symbol, str | None] = {}

    def reason_against(self, call: BlockingCall, place: Place, made: Collection[str] = ()) -> str | None:
        """Why what a call runs has to stay in the thread of the event loop. What the names `made` stand for comes from
        the same thread as the call."""
        arguments = [*place.call.args, *(keyword.value for keyword in place.call.keywords)]
        is_given = any(root_of(argument) in made for argument in arguments)
        if len(call.steps) > 1:
            first = call.steps[1]
            reason = self.reason_against_function(Symbol(first.path, first.function))
            if reason is not None:
                return reason
            if not made and (reason := self._of_connection(call)) is not None:
                return reason
            cls = call.leaf.rpartition(".")[0]
            if _OF_ONE_USER.match(cls) and (reason := self.reason_of_databases) is not None:
                return reason
            if not (is_given and (_OF_ONE_THREAD.match(cls) or _OF_ONE_USER.match(cls))):
                last = call.steps[-1]
                reason = self._of_receiver(call, Symbol(last.path, last.function), last.line)
        elif root_of(place.call.func) not in made:
            reason = self._of_object(call, place.call, place.function)
        else:
            reason = None
        if reason is not None:
            return reason
        frame = self.types.definition(Symbol(call.path, call.function))
        for argument in arguments:
            if root_of(argument) not in made and (reason := self._of_argument(frame, argument)) is not None:
                return reason
        return None

    def _of_connection(self, call: BlockingCall) -> str | None:
        """A connection of sqlite3 that outlives the function of the project that opens it."""
        if call.leaf != "sqlite3.connect":
            return None
        for step in reversed(call.steps[1:]):
            frame = self.types.definition(Symbol(step.path, step.function))
            if frame is None:
                break
            (binding, *_) = frame.module.bindings(step.function.partition(".")[0])
            first = frame.module.facts.statements[binding.statement].line
            home = _home_of_value(frame.nodes[-1], step.line - first + 1)
            if not home:
                break
            if home == "used up":
                return None
            if home == "kept":
                return f"`{step.function}` in {step.path} keeps a connection, which belongs to the thread that makes it"
        return "what it gives belongs to the thread that makes it"

    def is_generator(self, call: BlockingCall) -> bool:
        """Whether a call is one of a generator of the project, which does nothing before it is iterated over."""
        if len(call.steps) < 2:
            return False
        frame = self.types.definition(Symbol(call.steps[1].path, call.steps[1].function))
        node = frame.nodes[-1] if frame is not None else None
        if not isinstance(node, ast.FunctionDef) or not yields(node):
            return False
        return not any("contextmanager" in ast.unparse(decorator) for decorator in node.decorator_list)

    def is_of_one_thread(self, call: BlockingCall, node: ast.expr) -> bool:
        """Whether an expression in the async function that makes the call gives a connection of sqlite3 or the like."""
        frame = self.types.definition(Symbol(call.path, call.function))
        value = self.types.value(frame, node) if frame is not None else None
        return value is not None and value.is_object and bool(_OF_ONE_THREAD.match(value.symbol.name))

    def reason_against_code(
        self, call: BlockingCall, module: Module, function: ast.AST, nodes: Iterable[ast.AST], made: Collection[str]
    ) -> str | None:
        """The same for a part of the async function that makes the call, with the functions of the project it calls."""
        nodes = list(nodes)
        frame = self.types.definition(Symbol(call.path, call.function))
        own = next(_reasons_of_nodes("it", module, nodes, locals_of(function), is_new=False), None)
        if own is not None:
            return own
        for node in nodes if frame is not None else ():
            assert frame is not None
            match node:
                case ast.Call(func=func):
                    value = self.types.value(frame, func)
                    is_own = value is not None and not value.is_object and value.symbol.path is not None
                    reason = self.reason_against_function(value.symbol) if value is not None and is_own else None
                    if reason is not None:
                        return reason
                    receiver = func.value if isinstance(func, ast.Attribute) else None
                case ast.Name(ctx=ast.Load()):
                    receiver = node
                case _:
                    continue
            if receiver is None or root_of(receiver) in made:
                continue
            value = self.types.value(frame, receiver)
            if value is not None and value.is_object and _is_bound(value):
                return f"`{ast.unparse(receiver)}` is a `{value.symbol.name}`, which must not be used by two threads"
        return None

    def is_bound(self, call: BlockingCall, node: ast.expr) -> bool:
        """Whether an expression in the async function that makes the call gives what belongs to one thread or user."""
        frame = self.types.definition(Symbol(call.path, call.function))
        value = self.types.value(frame, node) if frame is not None else None
        return value is not None and value.is_object and _is_bound(value)

    @property
    def reason_of_databases(self) -> str | None:
        """Why sessions of SQLAlchemy must not be opened in other threads: each would have another database in memory,
        or connections from the pool that complain."""

        def search() -> str | None:
            for path in surroundings(self.project):
                try:
                    data = self.project.data(path)
                except OSError:
                    continue
                if not is_test(path):
                    if _IN_MEMORY.search(data):
                        return "a database in memory is another one in each thread"
                    if _CHECKS_THREAD.search(data):
                        return f"{path} says `check_same_thread`: connections work in the thread that opened them only"
            return None

        return self.project.remembered("databases of one thread", search)

    def _of_argument(self, frame: Frame | None, argument: ast.expr) -> str | None:
        value = self.types.value(frame, argument) if frame is not None else None
        name = dotted(argument)
        if value is not None and value.is_object and _is_bound(value):
            return (
                f"`{name or ast.unparse(argument)}` is a `{value.symbol.name}`, which must not be used by two threads"
            )
        if value is None and name and _NAMES_OF_SESSIONS.match(name.rpartition(".")[2]):
            return f"`{name}` may be a session or a connection, which must not be used by two threads"
        return None

    def _of_object(self, call: BlockingCall, node: ast.Call, function: ast.AST) -> str | None:
        """The same for a method of a library's object, and for what makes one."""
        cls = call.leaf.rpartition(".")[0]
        if _OF_ONE_THREAD.match(call.leaf):
            return f"what `{call.leaf}` gives or uses belongs to the thread that made it"
        if cls not in METHODS or _SAFE.match(cls):
            return None
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        name = dotted(receiver)
        if _OF_ONE_USER.match(cls):
            return f"`{name or ast.unparse(receiver)}` is a `{cls}`, which must not be used by two threads"
        head = name.partition(".")[0]
        if isinstance(receiver, ast.Call) or (name and name == head and _is_made_in(function, head)):
            return None
        return (
            f"`{name or ast.unparse(receiver)}` may be shared, and a `{cls}` must not be used by two threads at a time"
        )

    def _of_receiver(self, call: BlockingCall, function: Symbol, line: int) -> str | None:
        """`_of_object` for the last call on the way, in a function of the project."""
        frame = self.types.definition(function)
        if frame is None:
            return None
        cls = call.leaf.rpartition(".")[0]
        if cls not in METHODS or _SAFE.match(cls):
            return None
        for node in own_nodes(frame.nodes[-1]):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                name = dotted(node.func.value)
                head = name.partition(".")[0]
                if node.func.attr != call.leaf.rpartition(".")[2] or (head and _is_made_in(frame.nodes[-1], head)):
                    continue
                if isinstance(node.func.value, ast.Call) and not _OF_ONE_USER.match(cls):
                    continue
                return f"`{function.name}` uses a `{cls}` at {function.path}:{line} that other threads may use"
        return None

    def reason_against_function(self, symbol: Symbol) -> str | None:
        """Why a function of the project, or one that it calls, has to stay."""
        if symbol not in self._known:
            self._known[symbol] = None
            self._known[symbol] = next(self._reasons(symbol), None)
        return self._known[symbol]

    def reason_of_thread_local(self, symbol: Symbol) -> str | None:
        """Why a function, or one that it calls, needs a thread that nothing else has used or will use."""
        return next((reason for reason in self._reasons(symbol) if reason.endswith(_FOR_EACH_THREAD)), None)

    def _reasons(self, start: Symbol) -> Iterator[str]:
        waiting, seen = [start], {start}
        while waiting:
            symbol = waiting.pop()
            frame = self.types.definition(symbol)
            if frame is None:
                continue
            node = frame.nodes[-1]
            if isinstance(node, ast.ClassDef):
                waiting += [made for made in [Symbol(symbol.path, f"{symbol.name}.__init__")] if made not in seen]
                continue
            yield from _reasons_in(symbol, frame.module, node)
            local = locals_of(node)
            for inner in own_nodes(node):
                if isinstance(inner, ast.Call):
                    if (reason := self._of_lasting_object(symbol, frame, inner, local)) is not None:
                        yield reason
                    value = self.types.value(frame, inner.func)
                    if value is None or value.is_object or value.symbol.path is None or value.symbol in seen:
                        continue
                    seen.add(value.symbol)
                    if len(seen) <= FUNCTIONS_FOLLOWED:
                        waiting.append(value.symbol)

    def _of_lasting_object(self, symbol: Symbol, frame: Frame, call: ast.Call, local: Collection[str]) -> str | None:
        """A method of a connection, session or client of the module or of `self`, which other threads have, too."""
        if not isinstance(call.func, ast.Attribute):
            return None
        receiver = call.func.value
        root = root_of(receiver)
        if not dotted(receiver) or (root in local and root not in ("self", "cls")):
            return None
        value = self.types.value(frame, receiver)
        cls = value.symbol.name if value is not None and value.is_object and value.symbol.path is None else ""
        if cls not in METHODS or _SAFE.match(cls) or cls == "sqlalchemy.Engine":
            return None
        if _OF_ONE_THREAD.match(cls):
            return (
                f"`{symbol.name}` in {symbol.path} uses `{dotted(receiver)}`, which belongs to the thread that made it"
            )
        return f"`{symbol.name}` in {symbol.path} uses `{dotted(receiver)}`, a `{cls}` that other threads may use"


def _is_bound(value: Value) -> bool:
    name = value.symbol.name
    return (
        value.symbol.path is None
        and bool(_OF_ONE_THREAD.match(name) or _OF_ONE_USER.match(name))
        and (not name.endswith((".Engine", ".sessionmaker")))
    )


def _home_of_value(function: ast.AST, line: int) -> str:
    """What a function does with what the call on a line gives: it is `used up`, `given` to the caller or `kept`; empty
    where that is not certain."""
    for node in own_nodes(function):
        if not (isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno)):
            continue
        match node:
            case ast.Return() | ast.Expr(value=ast.Yield()):
                return "given"
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call()):
                for other in own_nodes(function):
                    match other:
                        case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value) if name in {
                            part.id for part in walk(value) if isinstance(part, ast.Name)
                        } and (isinstance(value, ast.Name | ast.Tuple | ast.List | ast.Dict)):
                            return "given"
                        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()], value=ast.Name(id=used)) if (
                            used == name
                        ):
                            return "kept"
                        case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                            return "kept"
                        case _:
                            pass
                return "used up"
            case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
                return "kept"
            case ast.With(items=items) if any(i.context_expr.lineno <= line for i in items):
                if any(i.context_expr.lineno <= line <= (i.context_expr.end_lineno or 0) for i in items):
                    return "used up"
            case _:
                pass
    return ""


def _is_made_in(function: ast.AST, name: str) -> bool:
    """Whether every value of a local variable comes from a call in the function itself."""
    made = False
    for node in own_nodes(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                made = isinstance(value, ast.Call)
                if not made:
                    return False
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
                made = isinstance(value, ast.Call)
                if not made:
                    return False
            case ast.withitem(context_expr=value, optional_vars=ast.Name(id=target)) if target == name:
                made = isinstance(value, ast.Call)
            case _:
                pass
    return made


def root_of(node: ast.AST) -> str:
    """The name that an expression starts from: `rows` of `rows.first().value`."""
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _reasons_in(symbol: Symbol, module: Module, function: ast.AST) -> Iterator[str]:
    is_new = symbol.name.endswith(".__init__")
    """`self` is an object that nobody else has yet."""
    what = f"`{symbol.name}` in {symbol.path}"
    yield from _reasons_of_nodes(what, module, own_nodes(function), locals_of(function), is_new=is_new)


def _reasons_of_nodes(
    what: str, module: Module, nodes: Iterable[ast.AST], local: set[str], *, is_new: bool
) -> Iterator[str]:
    for node in nodes:
        match node:
            case ast.Global(names=names):
                yield f"{what} rebinds `{names[0]}` of its module, and threads may come in between"
            case ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del()):
                if (name := _shared(node, local)) and not (is_new and name.startswith("self")):
                    yield f"{what} changes `{name}`, and threads may come in between"
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if method in MUTATORS or method == "set":
                head = dotted(value).partition(".")[0]
                if method == "set" and not (module.bindings(head) and "ContextVar" in module.text):
                    continue
                if isinstance(value, ast.Name) and is_imported_module(module, head):
                    continue  # `os.remove(path)`
                if (name := _shared(value, local)) and not (is_new and name.startswith("self")):
                    yield f"{what} changes `{name}`, and threads may come in between"
            case ast.Name(id="asyncio" | "anyio" | "trio" as name) if name not in local:
                yield f"{what} uses `{name}`, which has its event loop in this thread"
            case ast.Name(id=name) if name not in local and _is_thread_local(module, name):
                yield f"{what} uses `{name}`, {_FOR_EACH_THREAD}"
            case _:
                pass


def _shared(node: ast.expr, local: set[str]) -> str:
    """The dotted name of something that outlives the function: of the module or an attribute of `self`."""
    while isinstance(node, ast.Subscript):
        node = node.value
    name = dotted(node)
    if isinstance(node, ast.Name) and name in local:
        return ""
    head = name.partition(".")[0]
    if not head or (head in local and head not in ("self", "cls")):
        return ""
    return name


def _is_thread_local(module: Module, name: str) -> bool:
    if "threading" not in module.text or "local(" not in module.text:
        return False
    made = [one for one in module.facts.bindings.get(name, ()) if one.kind == "assign"]
    return any("local()" in module.statement_text(one.statement) for one in made)


def may_be_session(threads: Threads, handler: Symbol, parameter: str) -> str | None:
    """Whether a parameter of a handler gets a session or connection that an async dependency makes, in words."""
    frame = threads.types.definition(handler)
    if frame is None or not isinstance(frame.nodes[-1], ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    node = frame.nodes[-1]
    outside = frame._replace(nodes=frame.nodes[:-1])
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        if argument.arg != parameter:
            continue
        for part in walk(argument.annotation) if argument.annotation is not None else ():
            if isinstance(part, ast.Call) and (found := _made_by(threads, outside, part, parameter)):
                return found
        default = default_of(node, argument)
        if isinstance(default, ast.Call) and (found := _made_by(threads, outside, default, parameter)):
            return found
    return None


def _made_by(threads: Threads, frame: Frame, call: ast.Call, parameter: str) -> str | None:
    if dotted(call.func).rpartition(".")[2] not in ("Depends", "Security") or not call.args:
        return None
    provider = threads.types.value(frame, call.args[0])
    if provider is None or provider.is_object or provider.symbol.path is None:
        return None
    made = threads.types.definition(provider.symbol)
    if made is None or not isinstance(made.nodes[-1], ast.AsyncFunctionDef):
        return None
    value = threads.types.returned(provider.symbol)
    if (value is not None and _is_bound(value)) or _NAMES_OF_SESSIONS.match(parameter):
        return f"async `{provider.symbol.name}` makes `{parameter}` in the thread of the event loop"
    return None
