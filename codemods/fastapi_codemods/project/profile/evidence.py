"""What the conventions are read from: routers, routes, handlers, parameters and calls, those of tests left out."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from ...source.discovery import is_test
from ...source.nodes import walk
from ..fastapi_names import PARAMETER_FUNCTIONS
from ..index import Module, Project, Symbol
from ..model import Argument, Assignment, Call, Function, MethodCall, Parameter, Scope
from ..reader import ROUTE_METHODS, dotted
from .mentions import Mention, Text, argument
from .model import Place

_STRING = re.compile(r"[\"']([^\"'\\{]*)[\"']\Z")
_ALIAS = re.compile(r"\f*(?:type[ \t]+)?(\w+)[ \t]*(?::[^=\n]+)?=\s*\(?\s*([\w.]*\w)\s*\[")
_APPLIED = re.compile(rf"\n([\w.]+\.(?:{'|'.join(ROUTE_METHODS)}))\(")
_TARGET = re.compile(r"\(\s*(?:dependency=)?([A-Za-z_][\w.]*)\s*[,()]")
_CLASS = re.compile(rb"\nclass (\w+)\(([^)]*)\)")

APPLICATION, ROUTER = "fastapi.FastAPI", "fastapi.APIRouter"
ANNOTATED = ("typing.Annotated", "typing_extensions.Annotated")
HTTP_EXCEPTIONS = ("fastapi.HTTPException", "starlette.exceptions.HTTPException")
THREADPOOL_HELPERS = (
    "fastapi.concurrency.run_in_threadpool",
    "starlette.concurrency.run_in_threadpool",
    "asyncio.to_thread",
    "anyio.to_thread.run_sync",
    "asyncer.asyncify",
)
EXECUTOR = "run_in_executor"

_ENDINGS = (
    *sorted(PARAMETER_FUNCTIONS),
    *dict.fromkeys(name.rpartition(".")[2] for name in (*HTTP_EXCEPTIONS, *THREADPOOL_HELPERS)),
    "Response",
)
"""Of the names that are looked for: `JSONResponse` ends in `Response`."""

# A file with one of these is looked at even if nothing in it is registered with FastAPI.
_BYTES = (
    b"Depends(", b"HTTPException", b"Response(", b"asyncify(", b"run_in_executor(", b"run_in_threadpool(",
    b"run_sync(", b"to_thread(",
)  # fmt: skip


Gathered = TypeVar("Gathered")


class Router(NamedTuple):
    """A name that a FastAPI or an APIRouter, or an instance of a subclass, is assigned to."""

    module: Module
    assignment: Assignment
    is_application: bool

    @property
    def place(self) -> Place:
        return Place(self.module.path, self.assignment.line)


class Route(NamedTuple):
    """One registration of a handler."""

    module: Module
    method: str
    """`get`, `api_route`, `websocket`, also for `add_api_route` and `add_api_websocket_route`."""
    call: Call
    line: int
    router: Router | None
    receiver: tuple[str, tuple[str, ...], str]
    """Path, names of scopes and written name of what it is registered on."""
    home: Module
    handler: Function | None
    """In `home`; None where it was not found."""

    @property
    def place(self) -> Place:
        return Place(self.module.path, self.line)

    @property
    def is_websocket(self) -> bool:
        return self.method == "websocket"

    def path(self) -> str | None:
        """The path as written, None where it is computed."""
        positional = self.call.positional
        given = self.call.argument("path") or (positional[0] if positional else None)
        return None if given is None else plain_string(self.module, given)


class ExceptionHandler(NamedTuple):
    """What is called for an exception."""

    kind: Symbol | None
    """The class, None for a status code and what cannot be resolved."""
    module: Module
    node: ast.FunctionDef | ast.AsyncFunctionDef | None
    """None where it was not found."""
    first_line: int
    """Of the statement that the node's lines are counted in."""


class Marked(NamedTuple):
    """A parameter that says its origin with FastAPI's `Depends`, `Query` and the like."""

    module: Module
    function: Function
    parameter: Parameter
    is_annotated: bool
    mention: Mention

    @property
    def place(self) -> Place:
        return Place(self.module.path, self.parameter.line)


class Written(NamedTuple):
    """A part of a module's text, such as an annotation."""

    text: Text
    start: int
    end: int


class Injection(NamedTuple):
    target: Symbol
    place: Place
    type: Written | None
    """What the parameter is annotated with; None for a dependency that hands over nothing, or without annotation."""


def plain_string(module: Module, given: Argument) -> str | None:
    code = module.code(given.span)
    if plain := _STRING.match(code):
        return plain.group(1)
    node = module.expression(given.span)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


class Evidence:
    """Everything that is counted, each kind gathered once. Only files whose path begins with one of `within` count."""

    def __init__(self, project: Project, within: Sequence[str] = ("",)) -> None:
        self.project = project
        self._within = within
        self._texts: dict[str, Text] = {}
        self._once: dict[str, Any] = {}

    def once(self, what: str, make: Callable[[], Gathered]) -> Gathered:
        """What several conventions are read from, gathered once."""
        if what not in self._once:
            self._once[what] = make()
        found: Gathered = self._once[what]
        return found

    def counts(self, path: str) -> bool:
        return self.is_within(path) and not is_test(path)

    def is_within(self, path: str) -> bool:
        return any(not prefix or path == prefix or path.startswith(prefix + "/") for prefix in self._within)

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """Those that concern FastAPI."""
        return tuple(module for module in self.project.modules() if self.counts(module.path))

    def text(self, module: Module) -> Text:
        if module.path not in self._texts:
            self._texts[module.path] = Text(self.project, module)
        return self._texts[module.path]

    # Routers and routes

    @cached_property
    def routers(self) -> tuple[Router, ...]:
        """All there are, so that names lead to them; see `counted_routers`."""
        found = []
        for name in (APPLICATION, ROUTER):
            for module, assignment in self.project.instances(name):
                found.append(Router(module, assignment, name == APPLICATION))
        return tuple(found)

    def counted_routers(self, *, applications: bool) -> Iterator[Router]:
        for router in self.routers:
            if router.is_application == applications and self.counts(router.module.path):
                yield router

    @cached_property
    def _routers_by_name(self) -> dict[tuple[str, tuple[str, ...], str], Router]:
        found = {}
        for router in self.routers:
            target = router.assignment.target
            found[router.module.path, _home_of(target, router.assignment.scopes), target] = router
        return found

    def router_of(self, module: Module, written: str, scopes: Sequence[Scope]) -> Router | None:
        for name in (written, written.removesuffix(".router")):
            head = name.partition(".")[0]
            for depth in range(len(scopes), 0, -1):
                found = self._routers_by_name.get((module.path, tuple(s.name for s in scopes[:depth]), name))
                if found is not None:
                    return found
                if head in scopes[depth - 1].names and scopes[depth - 1].kind == "function" and head != "self":
                    break
            symbol = self.project.resolve(module, name, scopes)
            if symbol is not None and symbol.path is not None:
                found = self._routers_by_name.get((symbol.path, (), symbol.name))
                if found is not None:
                    return found
        return None

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        return tuple(self._routes())

    def _routes(self) -> Iterator[Route]:
        for module in self.modules:
            for function in module.facts.functions:
                for decorator in function.decorators:
                    receiver, _, method = decorator.name.rpartition(".")
                    if method in ROUTE_METHODS and (call := decorator.call) is not None:
                        handler = (module, function)
                        yield from self._route(module, method, receiver, call, decorator.line, function.scopes, handler)
            for at in module.facts.calls:
                if at.method in ("add_api_route", "add_api_websocket_route"):
                    method = "api_route" if at.method == "add_api_route" else "websocket"
                    given = self._given(module, at, at.call, 1)
                elif at.method in ROUTE_METHODS and at.applied is not None:
                    method = at.method
                    given = self._given(module, at, at.applied, 0)
                else:
                    continue
                yield from self._route(module, method, at.receiver, at.call, at.line, at.scopes, given)
            yield from self._routes_applied(module)

    def _routes_applied(self, module: Module) -> Iterator[Route]:
        """`router.get("/")(read)` at module level, a statement that the index passes over."""
        text = self.text(module)
        known = {call.call.span.start for call in module.facts.calls}
        for found in _APPLIED.finditer(text.masked) if ")(" in text.masked else ():
            start, end = found.start(1), text.end_of_call(found.start(1))
            if start not in known and text.masked[end : end + 1] == "(":
                applied = text.call(start, text.end_of_call(end))
                written = dotted(applied.args[0]) if applied is not None and applied.args else ""
                symbol = self.project.resolve(module, written)
                handler = self.function_of(symbol) if symbol is not None else None
                call = text.call_facts(start)
                receiver, _, method = call.callee.rpartition(".")
                yield from self._route(module, method, receiver, call, text.line(start), (), handler)

    def _route(
        self,
        module: Module,
        method: str,
        receiver: str,
        call: Call,
        line: int,
        scopes: Sequence[Scope],
        handler: tuple[Module, Function] | None,
    ) -> Iterator[Route]:
        if not (call.positional or call.argument("path")):
            return
        router = self.router_of(module, receiver, scopes)
        if router is None and self._is_something_else(module, receiver, scopes):
            return
        if router is not None:
            target = router.assignment.target
            key = (router.module.path, _home_of(target, router.assignment.scopes), target)
        else:
            key = (module.path, tuple(scope.name for scope in scopes), receiver)
        home, function = handler or (module, None)
        yield Route(module, method, call, line, router, key, home, function)

    def _is_something_else(self, module: Module, receiver: str, scopes: Sequence[Scope]) -> bool:
        """Whether the receiver is known to be no application or router: made by, or typed as, another library's."""
        for known in module.facts.assignments:
            if known.target == receiver and known.scopes == tuple(scopes[: len(known.scopes)]):
                maker = self.project.resolve(module, known.call.callee, known.scopes)
                return maker is not None and maker.path is None
        symbol = self.project.resolve(module, receiver, scopes)
        if symbol is None or symbol.path is None:
            return False
        home = self.project.module(symbol.path)
        for known in home.facts.assignments if home is not None else ():
            if known.target == symbol.name and not known.scopes:
                assert home is not None
                maker = self.project.resolve(home, known.call.callee)
                return maker is not None and maker.path is None
        return False

    def _given(self, module: Module, at: MethodCall, call: Call, position: int) -> tuple[Module, Function] | None:
        """The function that is handed over as the argument `endpoint`."""
        positional = call.positional
        given = call.argument("endpoint") or (positional[position] if len(positional) > position else None)
        if given is None:
            return None
        written = module.code(given.span)
        if not re.fullmatch(r"[\w.]+", written):
            return None
        if written.startswith("self."):
            owner = next((scope.name for scope in reversed(at.scopes) if scope.kind == "class"), "")
            return self._method(module, f"{owner}.{written[5:]}")
        local = [
            function
            for function in module.facts.functions
            if function.name == written and function.scopes and function.scopes == at.scopes[: len(function.scopes)]
        ]
        if len(local) == 1:
            return module, local[0]
        symbol = self.project.resolve(module, written, at.scopes)
        return self.project.function(symbol) if symbol is not None else None

    def _method(self, module: Module, qualified_name: str) -> tuple[Module, Function] | None:
        found = [function for function in module.facts.functions if function.qualified_name == qualified_name]
        return (module, found[0]) if len(found) == 1 else None

    @cached_property
    def handlers(self) -> tuple[tuple[Module, Function, tuple[Route, ...]], ...]:
        """Each handler once, with all its registrations."""
        by_place: dict[tuple[str, int], tuple[Module, Function, list[Route]]] = {}
        for route in self.routes:
            if route.handler is not None and self.counts(route.home.path):
                key = (route.home.path, route.handler.span.start)
                by_place.setdefault(key, (route.home, route.handler, []))[2].append(route)
        return tuple((module, function, tuple(routes)) for module, function, routes in by_place.values())

    # Calls

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Of the modules that concern FastAPI, and of those that use something of it."""
        found = [self.text(module) for module in self.modules]
        known = {module.path for module in self.project.modules()}
        words = (*_BYTES, *(name.encode() for name in self.exception_names))
        for path, data in self.data.items():
            if path not in known and any(word in data for word in words):
                module = self.project.glance(path)
                if module is not None:
                    found.append(self.text(module))
        return tuple(sorted(found, key=lambda text: text.module.path))

    def glanced(self, wanted: Callable[[bytes], object]) -> Iterator[Text]:
        """The texts of files whose bytes are wanted, kept no longer than they are looked at; what the index reads of
        them stays."""
        for path, data in self.data.items():
            if wanted(data) and (module := self.project.glance(path)) is not None:
                yield self._texts.get(path) or Text(self.project, module)
                if path not in self._texts:
                    module.forget_text()

    @cached_property
    def data(self) -> dict[str, bytes]:
        """The bytes of every file that counts."""
        found = {}
        skipped = {item.path for item in self.project.skipped}
        for path in self.project.paths:
            if path not in skipped and self.counts(path):
                try:
                    found[path] = self.project.data(path)
                except OSError:
                    continue
        return found

    def imports_of(self, library: str, path: str) -> Iterator[Place]:
        """The first import of a distribution in a file; nothing where the project has a module of that name."""
        name, data = library.encode(), self.data[path]
        found = re.search(rb"(?:\A|\n)[ \t]*(?:from[ \t]+" + name + rb"[ .\t]|import[ \t]+" + name + rb"\b)", data)
        if found and self.project.module_path(path, library) is None:
            start = found.start() + data[found.start() : found.start() + 1].count(b"\n")
            yield Place(path, data.count(b"\n", 0, start) + 1)

    @cached_property
    def mentions(self) -> tuple[Mention, ...]:
        """Calls of FastAPI's names, of responses and of the helpers that leave the event loop."""
        found = {
            (mention.module.path, mention.start): mention
            for text in self.texts
            for mention in text.calls(_ENDINGS, _is_of_interest)
        }
        return tuple(found[place] for place in sorted(found))

    def mentions_of(self, *names: str) -> Iterator[Mention]:
        for mention in self.mentions:
            if mention.symbol.name in names:
                yield mention

    # Exceptions

    @cached_property
    def exception_handlers(self) -> tuple[ExceptionHandler, ...]:
        """Every registration; the index reads none of them where they stand in statements of their own."""
        return tuple(self._exception_handlers())

    def _exception_handlers(self) -> Iterator[ExceptionHandler]:
        for text in self._texts_with(b"exception_handler"):
            for written, start in text.occurrences("exception_handler("):
                receiver, _, method = written.rpartition(".")
                if not receiver or method not in ("exception_handler", "add_exception_handler"):
                    continue
                call = text.call(start)
                given = argument(call, 0, "exc_class_or_status_code") if call is not None else None
                if call is None or given is None:
                    continue
                kind = text.meaning(dotted(given), start)
                end = text.end_of_call(start)
                if method == "add_exception_handler":
                    handler = argument(call, 1, "handler")
                elif text.masked[end : end + 1] == "(":
                    applied = text.call(start, text.end_of_call(end))
                    handler = applied.args[0] if applied is not None and applied.args else None
                elif text.masked[start - 1] == "@":
                    yield ExceptionHandler(kind, text.module, *text.decorated(start))
                    continue
                else:
                    continue
                yield self._exception_handler(kind, text, dotted(handler) if handler is not None else "", start)
        for router in self.counted_routers(applications=True):
            given_here = router.assignment.call.argument("exception_handlers")
            node = router.module.expression(given_here.span) if given_here is not None else None
            if isinstance(node, ast.Dict) and given_here is not None:
                text, start = self.text(router.module), given_here.span.start
                for key, value in zip(node.keys, node.values, strict=True):
                    kind = text.meaning(dotted(key), start) if key is not None else None
                    yield self._exception_handler(kind, text, dotted(value), start)

    def _texts_with(self, word: bytes) -> Iterator[Text]:
        for path, data in self.data.items():
            if word in data and (b"fastapi" in data or b"starlette" in data or self.project.loaded(path) is not None):
                module = self.project.module(path)
                if module is not None:
                    yield self.text(module)

    def _exception_handler(self, kind: Symbol | None, text: Text, written: str, start: int) -> ExceptionHandler:
        symbol = text.meaning(written, start) if written else None
        if symbol is None or symbol.path is None:
            return ExceptionHandler(kind, text.module, *self._defined_around(text, written, start))
        home = self.project.module(symbol.path)
        for binding in home.bindings(symbol.name) if home is not None else ():
            assert home is not None
            for node in home.tree(binding.statement).body:
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == symbol.name:
                    return ExceptionHandler(kind, home, node, home.facts.statements[binding.statement].line)
        return ExceptionHandler(kind, text.module, None, 0)

    def _defined_around(
        self, text: Text, written: str, start: int
    ) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, int]:
        """A method `self.handle`, or a function of the factory that registers it."""
        index, name = text.statement(start), written.removeprefix("self.")
        if index < 0 or not name.isidentifier():
            return None, 0
        found = [
            node
            for node in walk(text.module.tree(index))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        return (found[0], text.module.facts.statements[index].line) if len(found) == 1 else (None, 0)

    @cached_property
    def exception_names(self) -> frozenset[str]:
        """Names of project classes that may be an HTTPException or have a handler; `is_project_exception` decides."""
        kinds = [handler.kind for handler in self.exception_handlers if handler.kind is not None]
        names = {kind.name for kind in kinds if kind.path is not None}
        bases = {"HTTPException", *names}
        classes = []
        for data in self.data.values():
            if b"Exception" in data or b"Error" in data or any(name.encode() in data for name in names):
                for name, above in _CLASS.findall(b"\n" + data):
                    classes.append((name.decode(), set(re.findall(r"\w+", above.decode("utf-8", "replace")))))
        while more := {name for name, above in classes if name not in names and above & bases}:
            names |= more
            bases = more
        return frozenset(name.rpartition(".")[2] for name in names)

    def is_project_exception(self, symbol: Symbol) -> bool:
        return symbol.path is not None and self.project.remembered(
            ("project exception", symbol), lambda: self._derives(symbol)
        )

    def _derives(self, symbol: Symbol) -> bool:
        registered = {handler.kind for handler in self.exception_handlers}
        seen: set[Symbol] = set()
        waiting = [symbol]
        while waiting:
            current = waiting.pop()
            if current.path is None and current.name in HTTP_EXCEPTIONS:
                return True
            if current in registered and current.path is not None:
                return True
            if current in seen or current.path is None or (module := self.project.module(current.path)) is None:
                continue
            seen.add(current)
            above = (self.project.resolve(module, base) for base in bases_of(module, current.name))
            waiting.extend(symbol for symbol in above if symbol is not None)
        return False

    @cached_property
    def bodies_of_exception_handlers(self) -> tuple[ExceptionHandler, ...]:
        """Each function once, however often it is registered."""
        found = {
            (handler.module.path, handler.first_line, handler.node.lineno): handler
            for handler in self.exception_handlers
            if handler.node is not None
        }
        return tuple(found.values())

    # Parameters

    @cached_property
    def aliases(self) -> dict[Symbol, tuple[Mention, str]]:
        """`X = Annotated[..., Depends(...)]` at module level: what marks it, and its name."""
        found: dict[Symbol, tuple[Mention, str]] = {}
        for mention in self._markers:
            index = mention.text.statement(mention.start)
            if index < 0:
                continue
            statement = mention.module.facts.statements[index]
            match = _ALIAS.match(mention.text.masked, statement.start)
            if match and self._is_annotated(mention.module, match.group(2)):
                found.setdefault(Symbol(mention.module.path, match.group(1)), (mention, match.group(1)))
        return found

    def _is_annotated(self, module: Module, written: str) -> bool:
        symbol = self.project.resolve(module, written)
        return symbol is not None and symbol.path is None and symbol.name in ANNOTATED

    @cached_property
    def _markers(self) -> tuple[Mention, ...]:
        return tuple(self.mentions_of(*(f"fastapi.{name}" for name in PARAMETER_FUNCTIONS)))

    @cached_property
    def functions(self) -> tuple[tuple[Module, Function], ...]:
        """Those that the index read, the handlers, and the dependencies."""
        found = {(m.path, f.span.start): (m, f) for m in self.modules for f in m.facts.functions}
        for module, function, _ in self.handlers:
            found.setdefault((module.path, function.span.start), (module, function))
        for mention in self.mentions_of("fastapi.Depends", "fastapi.Security"):
            target = self.target(mention)
            if target is not None and (read := self.function_of(target)) is not None:
                module, function = read
                if self.counts(module.path):
                    found.setdefault((module.path, function.span.start), read)
        return tuple(found[key] for key in sorted(found))

    def function_of(self, symbol: Symbol) -> tuple[Module, Function] | None:
        return self.project.remembered(("function", symbol), lambda: self.project.function(symbol))

    @cached_property
    def marked(self) -> tuple[Marked, ...]:
        return tuple(
            marked
            for module, function in self.functions
            for parameter in function.parameters
            if (marked := self.mark_of(module, function, parameter)) is not None
        )

    def mark_of(self, module: Module, function: Function, parameter: Parameter) -> Marked | None:
        by_start = self._markers_by_start.get(module.path, {})
        if parameter.call is not None and (mention := by_start.get(parameter.call.span.start)) is not None:
            return Marked(module, function, parameter, False, mention)
        if parameter.annotation is None:
            return None
        start, end = parameter.annotation
        written = module.text[start:end]
        if re.fullmatch(r"[\w.]+", written):
            symbol = self.project.resolve(module, written, function.scopes)
            alias = self.aliases.get(symbol) if symbol is not None else None
            return Marked(module, function, parameter, True, alias[0]) if alias is not None else None
        if "(" in written:
            starts = self._sorted_starts[module.path] if by_start else []
            index = bisect_left(starts, start)
            if index < len(starts) and starts[index] < end:
                return Marked(module, function, parameter, True, by_start[starts[index]])
        return None

    @cached_property
    def _sorted_starts(self) -> dict[str, list[int]]:
        return {path: sorted(by_start) for path, by_start in self._markers_by_start.items()}

    @cached_property
    def _markers_by_start(self) -> dict[str, dict[int, Mention]]:
        found: dict[str, dict[int, Mention]] = {}
        for mention in self._markers:
            found.setdefault(mention.module.path, {})[mention.start] = mention
        return found

    @cached_property
    def injections(self) -> tuple[Injection, ...]:
        """What is injected and where: by a parameter, or by a `Depends` in a list of dependencies."""
        in_aliases = {id(mention): name for mention, name in self.aliases.values()}
        used = [(marked.mention, marked.place, self._type_of(marked, in_aliases)) for marked in self.marked]
        elsewhere = in_aliases.keys() | {id(mention) for mention, _, _ in used}
        mentions = self.mentions_of("fastapi.Depends", "fastapi.Security")
        used += [(mention, mention.place, None) for mention in mentions if id(mention) not in elsewhere]
        return tuple(
            Injection(target, place, written)
            for mention, place, written in used
            if (target := self.target(mention)) is not None
        )

    def _type_of(self, marked: Marked, in_aliases: Collection[int]) -> Written | None:
        """The type in the annotation, what follows it in `Annotated` left out."""
        mention = marked.mention
        if id(mention) in in_aliases:
            start = mention.module.facts.statements[mention.text.statement(mention.start)].start
            return Written(mention.text, mention.text.masked.index("[", start) + 1, mention.start)
        if marked.parameter.annotation is None:
            return None
        start, end = marked.parameter.annotation
        return Written(self.text(marked.module), start, mention.start if marked.is_annotated else end)

    def target(self, mention: Mention) -> Symbol | None:
        """The `f` of `Depends(f)` or `Depends(f())`; the annotation's type for an empty one is not looked for."""
        if mention.symbol.name not in ("fastapi.Depends", "fastapi.Security"):
            return None
        key = (mention.module.path, mention.start)
        if key not in self._targets:
            if plain := _TARGET.match(mention.text.masked, mention.start + len(mention.written)):
                written = plain.group(1)
            else:
                given = mention.argument(0, "dependency")
                written = dotted(given.func if isinstance(given, ast.Call) else given) if given is not None else ""
            self._targets[key] = self._meant(mention, written) if written else None
        return self._targets[key]

    def _meant(self, mention: Mention, written: str) -> Symbol | None:
        if found := mention.text.meaning(written, mention.start):
            return found
        # `checked = make_checker(key)` in the factory that the handler stands in: what makes it.
        for assignment in mention.module.facts.assignments:
            if assignment.target == written and assignment.scopes:
                return self.project.resolve(mention.module, assignment.call.callee, assignment.scopes)
        return None

    @cached_property
    def _targets(self) -> dict[tuple[str, int], Symbol | None]:
        return {}


def bases_of(module: Module, name: str) -> Iterator[str]:
    """The bases, as written, of a module-level class."""
    for binding in module.bindings(name):
        if binding.kind == "class":
            for node in module.tree(binding.statement).body:
                if isinstance(node, ast.ClassDef) and node.name == name:
                    yield from (dotted(base) for base in node.bases)


def _home_of(target: str, scopes: Sequence[Scope]) -> tuple[str, ...]:
    """The scopes in which others find the target: those of the class for `self.router`."""
    names = [scope.name for scope in scopes]
    if target.startswith("self.") and len(scopes) > 1 and scopes[-1].kind == "function":
        names.pop()
    return tuple(names)


def _is_of_interest(symbol: Symbol) -> bool:
    return symbol.path is None and (
        symbol.name in HTTP_EXCEPTIONS
        or symbol.name in THREADPOOL_HELPERS
        or is_response(symbol)
        or (symbol.name.startswith("fastapi.") and symbol.name[8:] in PARAMETER_FUNCTIONS)
    )


def is_response(symbol: Symbol) -> bool:
    """A class of FastAPI's or Starlette's responses."""
    return symbol.path is None and (
        symbol.name == "fastapi.Response" or symbol.name.startswith(("fastapi.responses.", "starlette.responses."))
    )
