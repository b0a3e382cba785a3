"""What a handler reads from the request by name are parameters of it.

`request.query_params.get("q")`, `request.headers["x-token"]`, `request.cookies.get("session")` and
`request.path_params["item_id"]` become parameters `q: str | None = None`, `x_token: Annotated[str, Header()]` and so
on. The `request` goes when nothing else is read from it.

## Why

A parameter is in the documentation and in generated clients, a missing one is an error 422 that says so instead of a
500, and a test calls the function with plain values. What is read from the request, nobody is told of.

## Left alone

- All of a kind where the handler does anything else with it: goes through it, passes it on, asks `in`, reads several
  values or a key that is computed.
- `["key"]` that is not read in every call, or whose `KeyError` is caught: a parameter is required always or never.
- Defaults that are no text, unless it is a number given to `int` or `float`, and different ones for one key.
- Path parameters that the route's own path does not hold, or converts (`{item_id:int}`).
- `Accept`, `Authorization` and `Content-Type`, which OpenAPI leaves out, and other headers that every client sets.
- Names that mean something else in the function, or that FastAPI has a parameter for already.
- Handlers under other decorators, methods, and functions that something else in the project uses; parameters with a
  comment among them, `*args` and `**kwargs`.

## Safety

A contract: the parameters appear in OpenAPI. All of them are text, and have the values that they had: of a repeated
query parameter the last, of a repeated header the first, empty ones are empty text. Only where `["key"]` was read does
an answer change: a missing one is a 422 before the handler runs, and no longer a 500, or what an `except` that raises
made of the `KeyError`.

See <https://fastapi.tiangolo.com/tutorial/query-params-str-validations/>.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.collect import ImportRequest
from ...edits.handlers import Signatures, paths_of, request_parameter
from ...edits.lines import remove_statements, stands_alone
from ...edits.models import Reference, Writer
from ...edits.parameters import Piece, parameter_list, with_parameters, written
from ...edits.reads import replaced_reads
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.annotation import NONE, STR, union
from ...project.keyed_reads import FunctionNode, Read, Reads, constant_text, keyed_reads, parents_of
from ...project.models import model
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.reader import bound_by, dotted, scope_of, statements_within
from ...source.discovery import is_test
from ...source.nodes import walk

_KINDS = {"query_params": "Query", "headers": "Header", "cookies": "Cookie", "path_params": "Path"}
_SAID = {"query_params": "query parameter", "headers": "header", "cookies": "cookie", "path_params": "path parameter"}
_OF_TRANSPORT = frozenset(
    {"accept", "authorization", "connection", "content-encoding", "content-length", "content-type", "host"}
)
_ANNOTATED_SINCE = (0, 95)
_MODELS_WITH_OTHERS_SINCE = (0, 159)


class _Subject(NamedTuple):
    operation: Operation
    request: str
    """The name of the parameter."""
    kind: str
    key: str
    name: str
    """Of the new parameter."""
    default: str
    """Source of the default, empty for a required one."""
    reads: tuple[Read, ...]
    assignment: ast.stmt | None
    """`q = request.query_params.get("q")`, which goes."""


class RequestParamsToParameters(Codemod):
    safety = Safety.CONTRACT

    after = ("request-json-to-model", "depends-to-annotated")

    def find(self, project: Project) -> Iterator[Finding]:
        candidates = list(_candidates(project))
        signatures = Signatures(project, (operation for operation, _ in candidates))
        for operation, request in candidates:
            definition = definition_of(operation.module, operation.function)
            if definition is not None:
                yield from self._of_handler(project, operation, definition, request, signatures)

    def _of_handler(
        self, project: Project, operation: Operation, definition: Definition, request: str, signatures: Signatures
    ) -> Iterator[Finding]:
        function = _Function(project, operation, definition, request, signatures)
        module = operation.module
        for kind in _KINDS:
            found = keyed_reads(definition.node, _is_written(f"{request}.{kind}"))
            keys: dict[str, list[Read]] = {}
            for read in found.reads:
                keys.setdefault(read.key.lower() if kind == "headers" else read.key, []).append(read)
            for key, reads in keys.items():
                made = function.parameter(kind, key, reads)
                reason = made if isinstance(made, str) else None
                line = definition.positions.line(reads[0].node.lineno)
                said = f"the {_SAID[kind]} `{reads[0].key}` from the request instead of a parameter"
                yield self.finding(
                    module.location(line, definition.positions.column(reads[0].node.lineno, 0), line),
                    f"`{operation.function.name}` reads {said}",
                    anchor=f"{operation.function.qualified_name}.{kind}[{key}]",
                    left_alone=function.reason_of_escapes(kind, found) or reason or function.reason,
                    subject=made if isinstance(made, _Subject) else None,
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        by_function: dict[tuple[str, int], list[Finding]] = {}
        for finding in findings:
            operation: Operation = finding.subject.operation
            by_function.setdefault((operation.module.path, operation.function.span.start), []).append(finding)
        for some in by_function.values():
            _rewrite(project, some, edits)


def _candidates(project: Project) -> Iterator[tuple[Operation, str]]:
    """Handlers that may read such things, each once, with the name of their request."""
    done: set[tuple[str, int, str]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = (module.path, function.span.start, function.name)
        if operation.method == "websocket" or place in done or is_test(module.path):
            continue
        text = module.statement_text(function.statement)
        if not any(f".{kind}" in text for kind in _KINDS):
            continue
        name = request_parameter(project, operation)
        if name is not None:
            done.add(place)
            yield operation, name


def _is_written(source: str) -> Callable[[ast.expr], bool]:
    return lambda node: isinstance(node, ast.Attribute) and dotted(node) == source


class _Assignment(NamedTuple):
    name: str
    statement: ast.stmt


class _Function:
    """One handler, and what stands against giving it parameters."""

    def __init__(
        self, project: Project, operation: Operation, definition: Definition, request: str, signatures: Signatures
    ) -> None:
        self.project = project
        self.signatures = signatures
        self.operation = operation
        self.definition = definition
        self.node: FunctionNode = definition.node
        self.request = request
        self.names = {p.name for p in operation.function.parameters}
        self.used = {node.id for node in walk(definition.node) if isinstance(node, ast.Name)}
        self.used |= scope_of(definition.node).names
        self._taken: set[str] = set()
        self._reason: str | None = None
        self._is_asked = False

    @property
    def reason(self) -> str | None:
        if not self._is_asked:
            self._is_asked = True
            self._reason = self._why_not()
        return self._reason

    def _why_not(self) -> str | None:
        parameters = parameter_list(self.operation.module, self.operation.function)
        if isinstance(parameters, str):
            return parameters
        if with_parameters(parameters.pieces, [Piece("", "", True, "")]) is None:
            return "it takes any arguments"
        if any(
            isinstance(node, ast.Lambda | FunctionNode) and node is not self.node and self.request in _own(node)
            for node in walk(self.node)
        ):
            return f"a function in it has a `{self.request}` of its own"
        if self.request in {name for statement in statements_within(self.node.body) for name, _ in bound_by(statement)}:
            return f"`{self.request}` is assigned to"
        return self.signatures.reason_to_keep(self.operation)

    def reason_of_escapes(self, kind: str, found: Reads) -> str | None:
        if not found.escapes:
            return None
        escape = found.escapes[0]
        line = self.definition.positions.line(getattr(escape.node, "lineno", 1))
        return f"line {line} uses `{self.request}.{kind}` in another way: it {escape.what}"

    def parameter(self, kind: str, key: str, reads: Sequence[Read]) -> _Subject | str:
        default, reason = self._default(kind, reads)
        if reason is not None:
            return reason
        if kind == "path_params" and (reason := self._reason_of_path(key)):
            return reason
        if kind == "headers" and key in _OF_TRANSPORT:
            return "OpenAPI leaves out parameters of that name, or every client sets it by itself"
        if kind != "path_params" and (reason := self._reason_of_models(kind)):
            return reason
        assignment = self._assignment(kind, key, reads)
        if assignment is not None:
            name = assignment.name
        else:
            name = re.sub(r"\W", "_", key)
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
                return f"`{name}` cannot be the name of a parameter"
            if (
                name in self.names
                or name in self._taken
                or (name in self.used and not self._is_free_before(name, reads))
            ):
                return f"`{name}` means something else in the function"
        if kind != "path_params" and name in _names_in_paths(self.project, self.operation):
            return f"`{name}` is a path parameter"
        if (
            replaced_reads(self.operation.module, self.definition.positions, self._source(kind), reads, lambda _: "")
            is None
        ):
            return "it is read in a text whose places are not known"
        if any(
            reachable_as(self.operation.module, one) is None for one in ("typing.Annotated", f"fastapi.{_KINDS[kind]}")
        ):
            return f"the name `{_KINDS[kind]}` or `Annotated` means something else here"
        self._taken.add(name)
        statement = assignment.statement if assignment is not None else None
        return _Subject(self.operation, self.request, kind, reads[0].key, name, default, tuple(reads), statement)

    def _source(self, kind: str) -> str:
        return f"{self.request}.{kind}"

    def _default(self, kind: str, reads: Sequence[Read]) -> tuple[str, str | None]:
        """Source of the default, empty for a required parameter, and why there is none that would do."""
        if kind == "path_params":
            return "", None
        items = [read for read in reads if read.is_item]
        if items:
            handled = next((read for read in items if read.is_handled), None)
            if handled is not None:
                line = self.definition.positions.line(handled.node.lineno)
                return "", f"the error of a missing one is caught around line {line}"
            if not any(read.is_certain for read in items):
                line = self.definition.positions.line(items[0].node.lineno)
                return "", f"line {line} is not reached in every call, so that it cannot be required"
            return "", None
        texts = {self._default_of(read) for read in reads}
        if None in texts:
            return "", "its default is no text"
        if len(texts) > 1:
            return "", "it is read with different defaults"
        return str(texts.pop()), None

    def _default_of(self, read: Read) -> str | None:
        given = read.default
        if given is None or (isinstance(given, ast.Constant) and given.value is None):
            return "None"
        if isinstance(given, ast.Constant) and isinstance(given.value, str):
            text = self.operation.module.code(self.definition.positions.span(given))
            return text if read.text_node is None else _quoted(given.value)
        number = constant_text(given)
        if number is not None and isinstance(given, ast.Constant) and type(given.value) in (int, float):
            above = parents_of(self.node).get(read.node)
            if isinstance(above, ast.Call) and above.args == [read.node] and not above.keywords:
                callee = dotted(above.func)
                if callee == "float" or (callee == "int" and type(given.value) is int):
                    return _quoted(number)
        return None

    def _reason_of_path(self, key: str) -> str | None:
        for path in paths_of(self.project, self.operation):
            found = None if path is None else re.search(rf"\{{{re.escape(key)}(?::(\w+))?\}}", path)
            if found is None:
                return f"a path of the route does not hold `{{{key}}}`"
            if found.group(1) not in (None, "str", "path"):
                return f"the path converts it: `{found.group()}`"
        return None

    def _reason_of_models(self, kind: str) -> str | None:
        """A model of query parameters was the only parameter of its kind until FastAPI 0.159."""
        if self.project.versions.supports_fastapi(_MODELS_WITH_OTHERS_SINCE):
            return None
        module = self.operation.module
        for parameter in self.operation.function.parameters:
            code = module.text[parameter.start : parameter.end]
            if not re.search(rf"\b{_KINDS[kind]}\(", code):
                continue
            for name in re.findall(r"[A-Za-z_][\w.]*", code):
                symbol = self.project.resolve(module, name)
                found = model(self.project, symbol) if symbol is not None and symbol.path is not None else None
                if found is not None and found.is_pydantic:
                    return f"`{parameter.name}` takes all of them, which FastAPI allows beside others since 0.159"
        return None

    def _assignment(self, kind: str, key: str, reads: Sequence[Read]) -> _Assignment | None:
        """The statement that only gives the value a name, which the parameter can have instead."""
        for statement in self.node.body:
            match statement:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=value)
                ) if any(value is read.node for read in reads):
                    if self._is_first(statement, name, reads) and (kind != "path_params" or name == key):
                        return _Assignment(name, statement)
                case _:
                    pass
        return None

    def _is_free_before(self, name: str, reads: Sequence[Read]) -> bool:
        """Whether the name is one of the function's own that gets its first value from these reads, all of them:
        `page = int(request.query_params["page"])`."""
        if any(isinstance(node, ast.Global | ast.Nonlocal) and name in node.names for node in walk(self.node)):
            return False
        for statement in self.node.body:
            names = [node for node in walk(statement) if isinstance(node, ast.Name) and node.id == name]
            match statement:
                case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name and len(names) == 1:
                    inside = {id(node) for node in walk(value)}
                    return all(id(read.node) in inside for read in reads)
                case _:
                    pass
            if names or name in {one for inner in statements_within([statement]) for one, _ in bound_by(inner)}:
                return False
        return False

    def _is_first(self, statement: ast.stmt, name: str, reads: Sequence[Read]) -> bool:
        """Whether nothing gives or reads the name before this statement of the function's own body."""
        if name in self.names or name in self._taken or name.startswith("_"):
            return False
        if not stands_alone(self.operation.module, self.definition.positions.span(statement)):
            return False
        for node in walk(self.node):
            if isinstance(node, ast.Global | ast.Nonlocal) and name in node.names:
                return False
        bound = 0
        for other in statements_within(self.node.body):
            own = [one for one, _ in bound_by(other)]
            if name in own and other is not statement and other.lineno < statement.lineno:
                return False
            bound += own.count(name)
        stores = sum(
            isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load)
            for node in walk(self.node)
        )
        # What is given another value later is no longer what the others read.
        return stores == bound and (len(reads) == 1 or bound == 1)


def _own(node: ast.AST) -> set[str]:
    arguments = getattr(node, "args", None)
    return {a.arg for a in walk(arguments) if isinstance(a, ast.arg)} if isinstance(arguments, ast.arguments) else set()


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"' if text.isprintable() else repr(text)


def _names_in_paths(project: Project, operation: Operation) -> set[str]:
    return {name for path in paths_of(project, operation) if path for name in re.findall(r"\{(\w+)", path)}


# Writing


def _rewrite(project: Project, findings: Sequence[Finding], edits: Edits) -> None:
    subjects: list[_Subject] = [finding.subject for finding in findings]
    operation, request = subjects[0].operation, subjects[0].request
    module, function = operation.module, operation.function
    definition = definition_of(module, function)
    parameters = parameter_list(module, function)
    assert definition is not None
    assert not isinstance(parameters, str)
    for finding, subject in zip(findings, subjects, strict=True):
        _replace_reads(module, definition, subject, finding, edits)
    _remove_assignments(module, definition, subjects, findings[0], edits)
    finding = findings[0]
    gone = sum(len(subject.reads) for subject in subjects)
    uses = sum(isinstance(node, ast.Name) and node.id == request for node in walk(definition.node))
    pieces = [piece for piece in parameters.pieces if not (uses == gone and piece.name == request)]
    new = [_piece(project, module, subject, finding, edits) for subject in subjects]
    complete = with_parameters(pieces, sorted(new, key=lambda piece: piece.has_default))
    assert complete is not None
    edits.replace(module, parameters.span, written(project, parameters, complete), finding)
    if uses == gone:
        annotation = next(p.annotation for p in function.parameters if p.name == request)
        if annotation is not None:
            edits.drop_import(module, module.code(annotation).strip("\"'").partition(".")[0], finding)


def _replace_reads(module: Module, definition: Definition, subject: _Subject, finding: Finding, edits: Edits) -> None:
    own = subject.assignment
    value = own.value if isinstance(own, ast.Assign | ast.AnnAssign) else None
    reads = [read for read in subject.reads if read.node is not value]
    source = f"{subject.request}.{subject.kind}"
    found = replaced_reads(module, definition.positions, source, reads, lambda _: subject.name)
    for span, text in found or ():
        edits.replace(module, span, text, finding)


def _remove_assignments(
    module: Module, definition: Definition, subjects: Sequence[_Subject], finding: Finding, edits: Edits
) -> None:
    """The statements go with their lines; where nothing else is in the function, the last becomes `pass`."""
    gone = [subject.assignment for subject in subjects if subject.assignment is not None]
    spans = sorted(definition.positions.span(statement) for statement in gone)
    if spans and len(spans) == len(definition.node.body):
        edits.replace(module, spans.pop(), "pass", finding)
    remove_statements(edits, module, spans, finding)


def _piece(project: Project, module: Module, subject: _Subject, finding: Finding, edits: Edits) -> Piece:
    """The parameter as text, with the imports that it needs."""

    def ask(found: Reference) -> None:
        if found.request is not None:
            edits.requests.append(ImportRequest(module.path, *found.request, finding))

    is_optional = subject.default == "None"
    kind = Writer(project, module).annotation(union((STR, NONE)) if is_optional else STR, ask)
    alias = _alias(subject)
    if not alias and subject.kind in ("query_params", "path_params"):
        default = f" = {subject.default}" if subject.default else ""
        return Piece(subject.name, f"{subject.name}: {kind}{default}", bool(default), "")
    marker = edits.name(module, f"fastapi.{_KINDS[subject.kind]}", finding)
    arguments = [f"alias={_quoted(alias)}"] if alias else []
    if _uses_annotated(project, module):
        annotated = edits.name(module, "typing.Annotated", finding)
        default = f" = {subject.default}" if subject.default else ""
        text = f"{subject.name}: {annotated}[{kind}, {marker}({', '.join(arguments)})]{default}"
        return Piece(subject.name, text, bool(default), "")
    arguments = [subject.default, *arguments] if subject.default else arguments
    return Piece(subject.name, f"{subject.name}: {kind} = {marker}({', '.join(arguments)})", True, "")


def _alias(subject: _Subject) -> str:
    if subject.kind == "headers":
        return "" if subject.name.replace("_", "-").lower() == subject.key.lower() else subject.key
    return "" if subject.name == subject.key else subject.key


def _uses_annotated(project: Project, module: Module) -> bool:
    """Whether parameters are written with `Annotated`: they can be, and the file does not write them otherwise."""
    if not project.versions.supports_fastapi(_ANNOTATED_SINCE):
        return False
    text = module.text
    return "Annotated[" in text or not re.search(
        r"=\s*(?:\w+\.)?(?:Body|Cookie|Depends|File|Form|Header|Path|Query)\(", text
    )
