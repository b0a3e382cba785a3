"""A middleware that only sets headers is plain ASGI, without a task and a stream for each request.

    class Headers(BaseHTTPMiddleware):                       class Headers:
        async def dispatch(self, request, call_next):            def __init__(self, app): ...
            response = await call_next(request)         ->       async def __call__(self, scope, receive, send):
            response.headers["x-frame"] = "DENY"                     ...
            return response                                          headers["x-frame"] = "DENY"

It runs only if it is selected by its name (`--select pure-asgi-middleware`).

## Why

`BaseHTTPMiddleware` runs the rest of the application in a task of its own and passes each part of the response
through a stream. That costs time for every request, and context variables that a handler sets do not come out of it.

## Left alone

- Classes that do more: answer themselves, read a body, wait for something, set cookies, catch exceptions.
- Classes from which others derive, that other code makes or calls, and functions with `@app.middleware("http")`.
- Functions that may read a context variable when the response begins.
- Functions that use the names which the new one needs (`scope`, `send`, `headers`, `message`).

## Safety

Serial-safe: the same headers, set when the response begins. Context variables that handlers set are seen outside of
it.

See <https://fastapi.tiangolo.com/advanced/middleware/> and <https://starlette.dev/middleware/#pure-asgi-middleware>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, name_of_same, reachable_as
from ...edits.lines import has_string_over_lines, indent_of, stands_alone, with_comments_above
from ...findings import Finding, Safety
from ...project import Module, Project, Span, Symbol
from ...project.functions import FunctionAt
from ...project.middlewares import BASE_HTTP, function_at, middleware_functions
from ...project.reader import dotted
from ...project.references import uses
from ...project.types import FunctionNode, own_nodes
from ...source.nodes import walk

REQUESTS = ("fastapi.Request", "starlette.requests.Request")
HEADERS = "starlette.datastructures.MutableHeaders"
TYPES = tuple(f"starlette.types.{name}" for name in ("ASGIApp", "Message", "Receive", "Scope", "Send"))

_NEW_NAMES = frozenset({"headers", "message", "receive", "scope", "send", "send_with_headers"})
_OF_SCOPE = frozenset(
    {
        "app", "auth", "base_url", "client", "cookies", "headers", "method", "path_params", "query_params", "scope",
        "session", "state", "url", "url_for", "user",
    }
)  # fmt: skip


class _Parts(NamedTuple):
    """`dispatch`, taken apart."""

    documentation: ast.stmt | None
    before: tuple[ast.stmt, ...]
    onward: ast.stmt
    """`response = await call_next(request)`."""
    after: tuple[ast.stmt, ...]
    last: ast.stmt
    """`return response`."""
    response: str


class _Subject(NamedTuple):
    dispatch: FunctionAt
    cls: ast.ClassDef
    init: ast.FunctionDef | None
    parts: _Parts
    request: str


class PureAsgiMiddleware(Codemod):
    safety = Safety.SERIAL_SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        for registration in middleware_functions(project):
            work = registration.work
            if work is None or getattr(work.nodes[-1], "name", "") != "dispatch" or len(work.nodes) != 2:
                continue
            dispatch = function_at(work)
            if dispatch is None or not isinstance(cls := dispatch.outside[-1], ast.ClassDef):
                continue
            result = _subject(project, dispatch, cls)
            if result is None:
                continue
            yield self.finding(
                dispatch.location(dispatch.node)._replace(end_line=dispatch.line),
                f"the middleware `{cls.name}` only sets headers, for which it needs no BaseHTTPMiddleware",
                anchor=cls.name,
                left_alone=result if isinstance(result, str) else None,
                subject=result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            module, positions = subject.dispatch.module, subject.dispatch.positions
            base = positions.span(subject.cls.bases[0])
            head = module.text.rfind("(", 0, base.start)
            edits.replace(module, Span(head, module.text.index(")", base.end) + 1), "", finding)
            named = {name.rpartition(".")[2]: edits.name(module, name, finding) for name in (*TYPES, HEADERS)}
            if _uses_request(subject):
                request = name_of_same(module, *REQUESTS)
                assert request is not None
                named["Request"] = edits.name(module, request, finding)
            writer = _Writer(project, subject, named)
            edits.replace(module, writer.span, writer.text(), finding)
            if subject.init is not None:
                call = _super_call(subject.init)
                assert call is not None
                app = module.code(positions.span(call.args[0]))
                edits.replace(module, positions.span(call), f"self.app = {app}", finding)
            for name in (
                "BaseHTTPMiddleware",
                "RequestResponseEndpoint",
                "Request",
                "Response",
                "Callable",
                "Awaitable",
            ):
                edits.drop_import(module, name, finding)


class _Writer:
    """The new function's text."""

    def __init__(self, project: Project, subject: _Subject, named: dict[str, str]) -> None:
        self.subject, self.named = subject, named
        self.module, self.positions = subject.dispatch.module, subject.dispatch.positions
        whole = self.positions.span(subject.dispatch.node)
        self.margin = self.module.text[self.module.text.rfind("\n", 0, whole.start) + 1 : whole.start]
        self.unit = indent_of(project, self.module)
        self.span = whole

    def text(self) -> str:
        subject, named, one = self.subject, self.named, self.unit
        lines: list[str] = []
        if subject.init is None:
            lines += [f"def __init__(self, app: {named['ASGIApp']}) -> None:", f"{one}self.app = app", ""]
        lines.append(
            f"async def __call__(self, scope: {named['Scope']}, receive: {named['Receive']}, send: {named['Send']})"
            " -> None:"
        )
        parts = subject.parts
        if parts.documentation is not None:
            lines += [f"{one}{line}" if line else "" for line in self._code(parts.documentation, parts.documentation)]
        lines += [
            f'{one}if scope["type"] != "http":',
            f"{one}{one}await self.app(scope, receive, send)",
            f"{one}{one}return",
        ]
        if _uses_request(subject):
            lines.append(f"{one}{subject.request} = {named['Request']}(scope)")
        lines += [f"{one}{line}" if line else "" for line in self._between(parts.documentation, parts.onward)]
        lines += [
            "",
            f"{one}async def send_with_headers(message: {named['Message']}) -> None:",
            f'{one}{one}if message["type"] == "http.response.start":',
            f"{one}{one}{one}headers = {named['MutableHeaders']}(scope=message)",
            *(f"{one}{one}{one}{line}" if line else "" for line in self._between(parts.onward, parts.last)),
            f"{one}{one}await send(message)",
            "",
            f"{one}await self.app(scope, receive, send_with_headers)",
        ]
        newline = self.module.source.newline
        return newline.join(f"{self.margin}{line}" if line and index else line for index, line in enumerate(lines))

    def _code(self, first: ast.stmt, last: ast.stmt) -> list[str]:
        return self._lines(self.positions.span(first).start, self.positions.span(last).end)

    def _between(self, above: ast.stmt | None, below: ast.stmt) -> list[str]:
        """The lines between two statements, comments too; those from the header on if there is none above."""
        text = self.module.text
        last = text.rfind("\n", 0, self.positions.span(below).start) + 1
        if above is not None:
            return self._lines(text.find("\n", self.positions.span(above).end) + 1, last)
        first = self.subject.parts.before[0] if self.subject.parts.before else below
        return self._lines(with_comments_above(self.module, self.positions.span(first)).start, last)

    def _lines(self, start: int, end: int) -> list[str]:
        """The text as it would stand at the left edge, without empty lines around it, headers written anew."""
        text = self.module.text
        start = text.rfind("\n", 0, start) + 1
        code = text[start:end]
        for span, new in sorted(self._reads(), reverse=True):
            if start <= span.start and span.end <= end:
                code = code[: span.start - start] + new + code[span.end - start :]
        own = self.margin + self.unit
        lines = [line.rstrip().removeprefix(own) for line in code.splitlines()]
        while lines and not lines[0]:
            lines.pop(0)
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def _reads(self) -> Iterator[tuple[Span, str]]:
        response = self.subject.parts.response
        for node in (node for statement in self.subject.parts.after for node in walk(statement)):
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr="headers") if name == response:
                    yield self.positions.span(node), "headers"
                case ast.Attribute(value=ast.Name(id=name), attr="status_code") if name == response:
                    yield self.positions.span(node), 'message["status"]'
                case _:
                    pass


def _uses_request(subject: _Subject) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == subject.request
        for statement in (*subject.parts.before, *subject.parts.after)
        for node in walk(statement)
    )


def _subject(project: Project, dispatch: FunctionAt, cls: ast.ClassDef) -> _Subject | str | None:
    """None for a class that does more than to set headers."""
    module, node = dispatch.module, dispatch.node
    parameters = [a.arg for a in node.args.args]
    if len(parameters) != 3 or not isinstance(node, ast.AsyncFunctionDef):
        return None
    _, request, onward = parameters
    found = _parts(node, onward, request)
    if found is None:
        return None
    before, after = found.before, found.after
    if not after or not _only_headers(before, after, request, found.response):
        return None
    symbol = project.resolve(module, dotted(cls.bases[0])) if len(cls.bases) == 1 else None
    if symbol is None or symbol.path is not None or symbol.name != BASE_HTTP or cls.keywords or cls.decorator_list:
        return "it has other base classes, or is decorated"
    init = next((one for one in cls.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)
    if init is not None and _super_call(init) is None:
        return "its `__init__` does not begin as that of other middleware"
    if any(isinstance(one, FunctionNode) and one.name == "__call__" for one in cls.body) or node.decorator_list:
        return "it has a `__call__` of its own, or a decorator"
    names = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    if taken := sorted(names & _NEW_NAMES):
        return f"it uses the name `{taken[0]}`, which the new function needs"
    stored = _names_in(after, ast.Store)
    if twice := sorted(stored & _names_in(before, ast.Load, ast.Store)):
        return f"`{twice[0]}` gets another value when the response begins"
    for one in (found.onward, found.last):
        if not stands_alone(module, span := dispatch.positions.span(one)) or _has_comment_behind(module, span):
            return "something stands on the line of `call_next` or of the last `return`"
    if has_string_over_lines(dispatch.code(node).partition(":\n")[2] or "0"):
        return "a text in it goes over several lines"
    if (call := _may_read_context(project, module, after)) is not None:
        return f"`{call}` may read a context variable, of which it would see what a handler sets"
    if (reason := _reason_of_use(project, module, cls)) is not None:
        return reason
    for name in (*TYPES, HEADERS):
        if reachable_as(module, name) is None:
            return f"`{module.path}` has another `{name.rpartition('.')[2]}`"
    if name_of_same(module, *REQUESTS) is None:
        return f"`{module.path}` has another `Request`"
    return _Subject(dispatch, cls, init, found, request)


def _may_read_context(project: Project, module: Module, block: Sequence[ast.stmt]) -> str | None:
    """A call of something of the project that stands beside context variables."""
    for node in (inner for statement in block for inner in walk(statement)):
        name = dotted(node.func) if isinstance(node, ast.Call) else ""
        symbol = project.resolve(module, name) if name and not name.startswith("self.") else None
        home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
        if name.startswith("self."):
            home = module
        if home is not None and b"ContextVar" in home.data:
            return f"{name}()"
    return None


def _has_comment_behind(module: Module, span: Span) -> bool:
    end = module.text.find("\n", span.end)
    return "#" in module.text[span.end : end if end >= 0 else None]


def _names_in(block: Sequence[ast.stmt], *kinds: type[ast.expr_context]) -> set[str]:
    nodes = (node for statement in block for node in walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, kinds)}


def _parts(node: FunctionNode, onward: str, request: str) -> _Parts | None:
    body = node.body
    first = body[0]
    documentation = first if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None
    start = 0 if documentation is None else 1
    for index, statement in enumerate(body):
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=response)],
                value=ast.Await(value=ast.Call(func=ast.Name(id=called), args=[ast.Name(id=given)], keywords=[])),
            ) if called == onward and given == request:
                last = body[-1]
                if isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id == response:
                    before, after = tuple(body[start:index]), tuple(body[index + 1 : -1])
                    return _Parts(documentation, before, statement, after, last, response)
            case _:
                pass
    return None


_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.Delete, ast.Pass)


def _only_headers(before: Sequence[ast.stmt], after: Sequence[ast.stmt], request: str, response: str) -> bool:
    """Whether nothing but what a request's scope holds is read, and nothing but headers written."""
    for statement in (*before, *after):
        for node in walk(statement):
            if isinstance(node, ast.Await | ast.Yield | ast.Return | ast.Lambda):
                return False
            if isinstance(node, ast.stmt) and not isinstance(node, _SIMPLE):
                return False
    allowed = {request: _OF_SCOPE, response: frozenset({"headers", "status_code"})}
    for statement in (*before, *after):
        attributes = {id(node.value): node for node in walk(statement) if isinstance(node, ast.Attribute)}
        for node in walk(statement):
            if isinstance(node, ast.Name) and node.id in allowed:
                attribute = attributes.get(id(node))
                if attribute is None or attribute.attr not in allowed[node.id]:
                    return False
                if isinstance(attribute.ctx, ast.Store):
                    return False
    return True


def _super_call(init: ast.FunctionDef) -> ast.Call | None:
    """`super().__init__(app)`, as a statement of the function."""
    found = [
        one.value
        for one in init.body
        if isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and isinstance(one.value.func, ast.Attribute)
        and one.value.func.attr == "__init__"
    ]
    named = [node for node in own_nodes(init) if isinstance(node, ast.Name) and node.id == "super"]
    if len(found) != 1 or len(named) != 1 or len(found[0].args) != 1 or found[0].keywords:
        return None
    return found[0] if isinstance(found[0].args[0], ast.Name) else None


def _reason_of_use(project: Project, module: Module, cls: ast.ClassDef) -> str | None:
    symbol = Symbol(module.path, cls.name)
    for use in uses(project, [symbol])[symbol]:
        is_registered = use.kind == "argument" and use.member.rpartition(".")[2] in ("add_middleware", "Middleware")
        if not is_registered:
            return f"{use.place} uses the class"
    if any(isinstance(node, ast.Attribute) and node.attr == "dispatch" for one in cls.body for node in walk(one)):
        return "it calls `dispatch` itself"
    return None
