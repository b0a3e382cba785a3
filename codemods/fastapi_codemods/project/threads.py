"""What must not run in another thread."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .blocking import METHODS
from .calls import BlockingCall
from .index import Module, Project, Symbol
from .operations import own_nodes
from .reader import dotted
from .suspension import MUTATORS, Place, locals_of
from .types import Frame, Types, Value, default_of

FUNCTIONS_FOLLOWED = 40
"""Of the project, from one call on; what is not followed is not known."""

# Objects of these may be used by several threads at once, each as its documentation says.
_SAFE = re.compile(
    r"(?:pathlib|redis|pymongo|boto3\.client|httpx\.Client|urllib3|openai|anthropic|passlib|argon2|pwdlib|subprocess)\b"
)
_OF_ONE_THREAD = re.compile(r"sqlite3\b")
_OF_ONE_USER = re.compile(r"sqlalchemy\b|sqlmodel\b")
_NAMES_OF_SESSIONS = re.compile(r"(?:\w+_)?(?:db|session|conn|connection|cursor|cur|transaction|tx)\Z", re.IGNORECASE)

_FOR_EACH_THREAD = "which each thread has its own of"


class Threads:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.types = Types(project)
        self._known: dict[Symbol, str | None] = {}

    def reason_against(self, call: BlockingCall, place: Place) -> str | None:
        """Why what a call runs has to stay in the thread of the event loop."""
        if len(call.steps) > 1:
            first = call.steps[1]
            reason = self.reason_against_function(Symbol(first.path, first.function))
            if reason is not None:
                return reason
            reason = self._of_receiver(call, Symbol(call.steps[-1].path, call.steps[-1].function), call.steps[-1].line)
        else:
            reason = self._of_object(call, place.call, place.function)
        if reason is not None:
            return reason
        frame = self.types.definition(Symbol(call.path, call.function))
        for argument in (*place.call.args, *(keyword.value for keyword in place.call.keywords)):
            if (reason := self._of_argument(frame, argument)) is not None:
                return reason
        return None

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
            for inner in own_nodes(node):
                if isinstance(inner, ast.Call):
                    value = self.types.value(frame, inner.func)
                    if value is None or value.is_object or value.symbol.path is None or value.symbol in seen:
                        continue
                    seen.add(value.symbol)
                    if len(seen) <= FUNCTIONS_FOLLOWED:
                        waiting.append(value.symbol)


def _is_bound(value: Value) -> bool:
    name = value.symbol.name
    return (
        value.symbol.path is None
        and bool(_OF_ONE_THREAD.match(name) or _OF_ONE_USER.match(name))
        and (not name.endswith((".Engine", ".sessionmaker")))
    )


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


def _reasons_in(symbol: Symbol, module: Module, function: ast.AST) -> Iterator[str]:
    local = locals_of(function)
    is_new = symbol.name.endswith(".__init__")
    """`self` is an object that nobody else has yet."""
    what = f"`{symbol.name}` in {symbol.path}"
    for node in own_nodes(function):
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
        for part in ast.walk(argument.annotation) if argument.annotation is not None else ():
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
