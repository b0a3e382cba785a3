"""An async handler asks other services with an `httpx.AsyncClient` that it gets as a dependency.

    answer = requests.get(url)      ->      answer = await http_client.get(url, follow_redirects=True, timeout=None)

`requests.get`, `httpx.get` and the like in async handlers; the module gets a dependency `get_http_client`, and the
handler a parameter for it. What the two libraries do differently is said in the call or changed along: redirects,
timeouts, `.ok`, and the exceptions that the handler catches.

It runs when it is selected by its name; `blocking-in-async` reports the calls in any case, and `wrap-blocking-call` is
the remedy that changes nothing else.

## Why

A request to another service is what an event loop is good at waiting for: a thread for each of them is not needed, and
a client that is a dependency can be replaced in tests.

## Left alone

- Handlers that make more than one such call, or make it in a loop: the client would send the cookies of one answer with
  the next request.
- Arguments that belong to a client (`verify`, `cert`, `proxies`), `stream`, `files` and `cookies` of requests, timeouts
  that may be a pair, and parameters or forms that may hold None, which requests leaves out and httpx sends as empty.
- Answers of requests that are handed on, or of which something else is used than `status_code`, `ok`, `json()`,
  `content`, `headers` and `raise_for_status()`: `text`, for one, is decoded differently.
- Exceptions of requests that httpx has no counterpart for, `OSError`, which they are as well, and errors whose
  `response` is used.
- Projects that do not use httpx, and whose tests replace requests.
- Handlers under other decorators, in functions, or called by something else. SQLAlchemy's sessions are only reported.

## Safety

A contract: the handler has a dependency more, and what the other service sees may differ: the User-Agent, the spaces
in JSON bodies, and environment variables for proxies. The text of exceptions is another. Tests that replace the
library's functions no longer do.

See <https://fastapi.tiangolo.com/async/> and <https://www.python-httpx.org/compatibility/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, module_reachable_as, reachable_as
from ...edits.handlers import Signatures
from ...edits.lines import start_with_comments
from ...edits.parameters import Piece, parameter_list, with_parameters, written
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...project.calls import BlockingCall, blocking_calls
from ...project.code_strings import strings_by_name
from ...project.operations import Operation, decorator_besides, operations_of, own_nodes
from ...project.reader import dotted
from ...project.surroundings import surroundings
from ...project.suspension import Place, needs_parentheses, place_of, reason_against_await
from ...source.discovery import is_test
from ...source.nodes import children, walk

_CALLS = re.compile(r"(requests|httpx2?)\.(get|post|put|patch|delete|head|options)")
_PROVIDER = "get_http_client"
_PARAMETER = "http_client"
_ANNOTATED_SINCE = (0, 95)

_OF_REQUESTS = frozenset({"headers", "json", "timeout", "params", "data", "allow_redirects"})
_OF_A_CLIENT = frozenset({"verify", "cert", "proxy", "proxies", "trust_env", "mounts"})
_WITH_BODY = frozenset({"post", "put", "patch"})
_SAME_ATTRIBUTES = frozenset({"status_code", "ok", "json", "content", "headers", "raise_for_status"})
_EXCEPTIONS = {
    "RequestException": ("{0}.HTTPError",),
    "HTTPError": ("{0}.HTTPStatusError",),
    "Timeout": ("{0}.TimeoutException",),
    "ConnectTimeout": ("{0}.ConnectTimeout",),
    "ReadTimeout": ("{0}.ReadTimeout",),
    "ConnectionError": ("{0}.NetworkError", "{0}.ConnectTimeout", "{0}.ProtocolError", "{0}.ProxyError"),
}
_ALSO_OF_REQUESTS = frozenset({"OSError", "IOError", "EnvironmentError"})
_HANDLED = re.compile(r"exception_handler\([^)]*(?:\brequests\.|RequestException)")
_REPLACED_IN_TESTS = re.compile(
    rb"\brequests_mock\b|^[ \t]*(?:import|from)[ \t]+(?:responses|httpretty|respx)\b", re.MULTILINE
)


class _Replacement(NamedTuple):
    span: Span
    text: str


class _Subject(NamedTuple):
    operation: Operation
    library: str
    """Whose AsyncClient it becomes."""
    written: str
    """The name that the module's import of the old library has."""
    replacements: tuple[_Replacement, ...]
    """`{0}` in their texts is the library as the module writes it, `{1}` the module `json`."""
    first: int
    """Where the module's first handler with such a call begins."""


class SyncClientToAsync(Codemod):
    safety = Safety.CONTRACT
    effects = frozenset({"dependency", "response"})
    after = ("depends-to-annotated",)

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        found: dict[tuple[str, str], list[tuple[BlockingCall, Place]]] = {}
        for call in blocking_calls(project):
            is_meant = len(call.steps) == 1 and call.is_handler and _CALLS.fullmatch(call.leaf)
            if is_meant and (place := place_of(project, call)) is not None:
                found.setdefault((call.path, call.function), []).append((call, place))
        operations: dict[tuple[str, str], list[Operation]] = {}
        for operation in operations_of(project):
            key = operation.module.path, operation.function.qualified_name
            if key in found:
                operations.setdefault(key, []).append(operation)
        signatures = Signatures(project, (one for some in operations.values() for one in some))
        firsts: dict[str, int] = {}
        for (path, _), (operation, *_rest) in operations.items():
            firsts[path] = min(firsts.get(path, operation.function.span.start), _start(operation))
        for key, calls in found.items():
            if key not in operations:
                continue
            operation = operations[key][0]
            against = _reason(project, operation, calls, signatures)
            for call, place in calls:
                made = against or _subject(project, operation, call, place, firsts[key[0]])
                yield self.finding(
                    place.module.location(call.line, call.column, call.end_line),
                    f"`{call.written}` blocks the event loop in async `{call.function}`: an AsyncClient waits for it",
                    anchor=f"{call.function}.{call.written}",
                    left_alone=made if isinstance(made, str) else None,
                    subject=made,
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            operation, module = subject.operation, subject.operation.module
            library = edits.module_name(module, subject.library, finding)
            for replacement in subject.replacements:
                text = replacement.text.replace("{0}", library)
                if "{1}" in text:
                    text = text.replace("{1}", edits.module_name(module, "json", finding))
                edits.replace(module, replacement.span, text, finding)
            annotated = edits.name(module, "typing.Annotated", finding)
            depends = edits.name(module, "fastapi.Depends", finding)
            parameters = parameter_list(module, operation.function)
            assert not isinstance(parameters, str)
            new = Piece(
                _PARAMETER, f"{_PARAMETER}: {annotated}[{library}.AsyncClient, {depends}({_PROVIDER})]", False, ""
            )
            pieces = with_parameters(parameters.pieces, [new])
            assert pieces is not None
            edits.replace(module, parameters.span, written(project, parameters, pieces), finding)
            if not module.bindings(_PROVIDER):
                iterator = edits.name(module, "collections.abc.AsyncIterator", finding)
                newline = module.source.newline
                lines = (
                    f"async def {_PROVIDER}() -> {iterator}[{library}.AsyncClient]:",
                    f"    async with {library}.AsyncClient() as client:",
                    "        yield client",
                    "", "", "",
                )  # fmt: skip
                edits.insert(module, start_with_comments(module, subject.first), newline.join(lines), finding)
            if subject.written != library:
                edits.drop_import(module, subject.written, finding)


def _start(operation: Operation) -> int:
    return operation.module.facts.statements[operation.function.statement].start


def _reason(
    project: Project, operation: Operation, calls: Sequence[tuple[BlockingCall, Place]], signatures: Signatures
) -> str | None:
    """What speaks against it for the whole handler."""
    module, function = operation.module, operation.function
    if function.scopes:
        return "the handler is defined in a function or class"
    if operation.method == "websocket":
        return "the client would be open as long as the websocket is"
    if len(calls) > 1:
        return "the handler makes several such calls, and a client sends the cookies of one answer with the next"
    if decorator := decorator_besides(function):
        return f"`@{decorator}` may depend on its parameters"
    if not project.versions.supports_fastapi(_ANNOTATED_SINCE):
        return "`Annotated` is understood from FastAPI 0.95 on"
    place = calls[0][1]
    if any(isinstance(node, ast.Name | ast.arg) and _PARAMETER in (getattr(node, "id", ""), getattr(node, "arg", ""))
           for node in walk(place.function)):  # fmt: skip
        return f"`{_PARAMETER}` means something else in the handler"
    parameters = parameter_list(module, function)
    if isinstance(parameters, str):
        return parameters
    if with_parameters(parameters.pieces, [Piece("", "", False, "")]) is None:
        return "it takes any arguments"
    if module.bindings(_PROVIDER) and "AsyncClient() as client" not in module.text:
        return f"`{module.path}` has another `{_PROVIDER}`"
    return signatures.reason_to_keep(operation)


def _subject(project: Project, operation: Operation, call: BlockingCall, place: Place, first: int) -> _Subject | str:
    module = operation.module
    match = _CALLS.fullmatch(call.leaf)
    assert match is not None
    old, method = match.groups()
    library = _httpx_of(project) if old == "requests" else old
    if old == "requests" and any(_HANDLED.search(other.text) for other in project.modules()):
        return "the application has a handler for exceptions of requests"
    if library is None:
        return "the project does not use httpx, which would be another dependency"
    if any(isinstance(node, ast.For | ast.AsyncFor | ast.While | ast.comprehension) for node in place.around):
        return "it is made in a loop, and a client sends the cookies of one answer with the next request"
    if reason := reason_against_await(place):
        return reason
    names = ("typing.Annotated", "fastapi.Depends", "collections.abc.AsyncIterator")
    for name in names:
        if reachable_as(module, name) is None:
            return f"`{module.path}` has another `{name.rpartition('.')[2]}`"
    for name in (library, "json"):
        if module_reachable_as(module, name) is None:
            return f"`{module.path}` has another `{name}`"
    if reason := _reason_of_tests(project, module, call):
        return reason
    head = call.written.partition(".")[0]
    replacements = _of_requests(place, method) if old == "requests" else _of_httpx(place, method)
    return replacements if isinstance(replacements, str) else _Subject(operation, library, head, replacements, first)


def _httpx_of(project: Project) -> str | None:
    """The name by which the project uses httpx already."""

    def search() -> str | None:
        for name in ("httpx", "httpx2"):
            for module in project.modules():
                if not is_test(module.path) and any(
                    item.target == name or item.target.startswith(f"{name}.") for item in module.facts.imports
                ):
                    return name
        return None

    return project.remembered("httpx of the project", search)


def _reason_of_tests(project: Project, module: Module, call: BlockingCall) -> str | None:
    head = call.written.partition(".")[0]
    for string in strings_by_name(project).get((module.path, head), ()):
        if string.kind == "patch":
            return f"{string.place.path}:{string.place.line} patches `{string.text}`, which would have no effect"
    for path in surroundings(project):
        if is_test(path):
            try:
                data = project.data(path)
            except OSError:
                continue
            if _REPLACED_IN_TESTS.search(data):
                return f"{path} replaces what answers to requests"
    return None


# httpx


def _of_httpx(place: Place, method: str) -> tuple[_Replacement, ...] | str:
    for keyword in place.call.keywords:
        if keyword.arg is None or keyword.arg in _OF_A_CLIENT:
            return f"`{keyword.arg or '**'}` belongs to a client"
    if any(isinstance(argument, ast.Starred) for argument in place.call.args):
        return "its arguments are not written out"
    return _awaited(place, method)


def _awaited(place: Place, method: str) -> tuple[_Replacement, ...]:
    positions = place.positions
    function, whole = positions.span(place.call.func), positions.span(place.call)
    start, end = ("(", ")") if needs_parentheses(place, place.call) else ("", "")
    found = [_Replacement(function, f"{start}await {_PARAMETER}.{method}")]
    return (*found, _Replacement(Span(whole.end, whole.end), end)) if end else tuple(found)


# requests


def _of_requests(place: Place, method: str) -> tuple[_Replacement, ...] | str:
    arguments = _arguments(place, method)
    if isinstance(arguments, str):
        return arguments
    uses = _uses_of_answer(place)
    if isinstance(uses, str):
        return uses
    follows = method != "head" and not any(
        keyword.arg == "allow_redirects" and ast.unparse(keyword.value) == "False" for keyword in place.call.keywords
    )
    if not follows and any(
        isinstance(node, ast.Attribute) and node.attr == "raise_for_status" for node in walk(place.function)
    ):
        return "`raise_for_status` of httpx raises for a redirect that is not followed, too"
    exceptions = _exceptions(place)
    if isinstance(exceptions, str):
        return exceptions
    return (*_awaited(place, method), *arguments, *uses, *exceptions)


def _arguments(place: Place, method: str) -> list[_Replacement] | str:
    call, module, positions = place.call, place.module, place.positions
    if len(call.args) > 1 or any(isinstance(argument, ast.Starred) for argument in call.args):
        return "its arguments are not given by name"
    found: list[_Replacement] = []
    added: list[str] = []
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    for keyword in call.keywords:
        name, value = keyword.arg, keyword.value
        if name == "url":
            continue
        if name is None or name not in _OF_REQUESTS:
            return f"`{name or '**'}` is something else for httpx, or belongs to a client"
        if name in ("json", "data") and method not in _WITH_BODY:
            return f"httpx has no `{name}` for `{method}`"
        if name == "timeout" and not (
            isinstance(value, ast.Constant) and (value.value is None or isinstance(value.value, int | float))
        ):
            return "its timeout may be a pair, which httpx does not take"
        if name in ("params", "data") and (reason := _reason_of_items(place, name, value)):
            return reason
        if name == "allow_redirects":
            if not isinstance(value, ast.Constant):
                return "whether it follows redirects is worked out"
            span = positions.span(keyword)
            found.append(_Replacement(Span(span.start, span.start + len(name)), "follow_redirects"))
    if "allow_redirects" not in given and method != "head":
        added.append("follow_redirects=True")
    if "timeout" not in given:
        added.append("timeout=None")
    if added:
        spans = [*map(positions.span, call.args), *map(positions.span, call.keywords)]
        last = max((span.end for span in spans), default=None)
        if last is None:
            return "it has no argument"
        rest = module.text[last : positions.span(call).end]
        if "#" in rest:
            return "a comment stands behind its last argument"
        found.append(_Replacement(Span(last, last), f", {', '.join(added)}"))
    return found


_TYPES = frozenset({"str", "int", "float"})


def _reason_of_items(place: Place, name: str, value: ast.expr) -> str | None:
    """Something in a mapping may be None: requests leaves it out, httpx sends it as empty."""
    if not isinstance(value, ast.Dict) or any(key is None for key in value.keys):
        return f"what is in `{name}` is not written out, and httpx sends a None in it as empty"
    arguments = place.function.args
    plain = {
        a.arg
        for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if a.annotation is not None and dotted(a.annotation) in _TYPES
    }
    assigned = {n.id for n in own_nodes(place.function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    for item in value.values:
        match item:
            case ast.Constant(value=constant) if constant is not None and not isinstance(constant, bool):
                pass
            case ast.JoinedStr():
                pass
            case ast.Name(id=used) if used in plain - assigned:
                pass
            case ast.Call(func=ast.Name(id=used)) if used in _TYPES:
                pass
            case _:
                return f"`{ast.unparse(item)}` in `{name}` may be None, which httpx sends as empty"
    return None


def _uses_of_answer(place: Place) -> list[_Replacement] | str:
    """What has to change where the answer is used; a reason where it may be used in another way."""
    parents = {child: node for node in walk(place.function) for child in children(node)}
    match place.parent:
        case ast.Attribute(attr="ok"):
            return "`ok` is asked of an answer that has no name"
        case ast.Attribute(attr=attribute):
            return [] if attribute in _SAME_ATTRIBUTES else _other(attribute)
        case ast.Expr():
            return []
        case ast.Assign(targets=[ast.Name(id=name)]):
            pass
        case _:
            return "its answer is handed on"
    found: list[_Replacement] = []
    for node in walk(place.function):
        if not isinstance(node, ast.Name) or node.id != name:
            continue
        above = parents[node]
        if isinstance(node.ctx, ast.Store):
            if above is not place.parent:
                return f"`{name}` gets another value, too"
            continue
        if not isinstance(above, ast.Attribute):
            return f"`{name}` is handed on"
        if above.attr not in _SAME_ATTRIBUTES:
            return _other(above.attr)
        found += _use(place, above, parents)
    return found


def _other(attribute: str) -> str:
    return f"`{attribute}` of an answer is something else for httpx"


def _use(place: Place, node: ast.Attribute, parents: dict[ast.AST, ast.AST]) -> list[_Replacement]:
    if node.attr != "ok":
        return []
    positions = place.positions
    span, owner = positions.span(node), positions.span(node.value)
    above = parents[node]
    asked = f"{place.module.code(owner)}.is_error"
    match above:
        case ast.UnaryOp(op=ast.Not()) as negated:
            return [_Replacement(positions.span(negated), asked)]
        case _:
            pass
    is_test_of = isinstance(above, ast.If | ast.While) and above.test is node
    return [_Replacement(span, f"not {asked}" if is_test_of else f"(not {asked})")]


def _exceptions(place: Place) -> list[_Replacement] | str:
    """The exceptions of requests that the handler catches, as those of httpx: no other call in it raises them."""
    found: list[_Replacement] = []
    for node in own_nodes(place.function):
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                caught = _caught(place, handler, node.body)
                if isinstance(caught, str):
                    return caught
                found += caught
    return found


def _caught(place: Place, handler: ast.ExceptHandler, body: Sequence[ast.stmt]) -> list[_Replacement] | str:
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type] if handler.type else []
    found: list[_Replacement] = []
    for one in types:
        name = dotted(one)
        imported = place.module.imports.get(name.partition(".")[0], [])
        if name in _ALSO_OF_REQUESTS:
            return f"`except {name}` catches exceptions of requests, and none of httpx"
        if not any(target.partition(".")[0] == "requests" for target in imported):
            continue
        last = name.rpartition(".")[2]
        if last not in _EXCEPTIONS or "." not in name:
            return f"httpx has no exception like `{name}`"
        uses = (node for node in walk(handler) if isinstance(node, ast.Attribute))
        if handler.name and last != "HTTPError" and any(dotted(node.value) == handler.name for node in uses):
            return f"`{handler.name}` of another class has not all of the attributes that are used"
        classes = [*_EXCEPTIONS[last], *(_also_requests(place, body) if last == "RequestException" else ())]
        listed = ", ".join(classes)
        is_alone = len(classes) > 1 and not isinstance(handler.type, ast.Tuple)
        found.append(_Replacement(place.positions.span(one), f"({listed})" if is_alone else listed))
    return found


def _also_requests(place: Place, body: Sequence[ast.stmt]) -> Iterator[str]:
    """What is a RequestException of requests, and no HTTPError of httpx: addresses and JSON that cannot be read."""
    address = place.call.args[0] if place.call.args else None
    if isinstance(address, ast.JoinedStr):
        address = address.values[0]
    if not (isinstance(address, ast.Constant) and re.match(r"https?://[\w.-]+", str(address.value))):
        yield "{0}.InvalidURL"
    if any(isinstance(node, ast.Attribute) and node.attr == "json" for one in body for node in walk(one)):
        yield "{1}.JSONDecodeError"
