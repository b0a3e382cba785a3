"""Query parameters that several handlers repeat are one model.

`limit: int = Query(10, le=100), offset: int = 0, sort: str = "id"` in two handlers or more of a module becomes
`params: Annotated[ListParams, Query()]`, and `limit` becomes `params.limit`.

## Why

What is meant to be the same is written once: a new bound or a new default reaches every list of the application.

## Left alone

- Groups of fewer than three parameters, and those that only one handler has, are no findings. They are the same if
  their names, types, defaults and bounds are, in the same order.
- Required parameters: that one is missing is said with another `input` if a model says it.
- FastAPI before 0.115. Before 0.159, handlers with other query parameters or with dependencies.
- Pydantic 1.
- Groups that stand behind another query parameter with a default: the model has none, and would have to go before it.
- Handlers that give one of the names something else, or name one in a text that is not written plainly.
- Handlers under other decorators, methods, and functions that something else in the project uses.

## Safety

Safe: OpenAPI, values and errors stay the same. Only the dependencies and parameters that Python sees are others.

See <https://fastapi.tiangolo.com/tutorial/query-param-models/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.handlers import SCALARS, Signatures, paths_of
from ...edits.lines import indent_of, start_with_comments
from ...edits.models import feature_of, is_field_name, pascal, singular
from ...edits.parameters import Piece, parameter_list, written
from ...findings import Finding, Safety
from ...project import Module, Parameter, Project, Span
from ...project.models import model
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.reader import dotted
from ...source.discovery import is_test
from ...source.nodes import children, walk

FEWEST_PARAMETERS = 3
FEWEST_HANDLERS = 2
_SINCE = (0, 115)
_BESIDE_OTHERS_SINCE = (0, 159)

_BASE, _FIELD = "pydantic.BaseModel", "pydantic.Field"
_QUERY, _ANNOTATED = "fastapi.Query", "typing.Annotated"
_KEPT = frozenset(
    {
        "title", "description", "gt", "ge", "lt", "le", "min_length", "max_length", "pattern", "multiple_of",
        "examples", "deprecated", "alias",
    }
)  # fmt: skip
"""Arguments of `Query` that mean the same to `Field`."""
_OF_LISTS = frozenset({"limit", "offset", "page", "page_size", "per_page", "size", "skip", "take", "cursor", "sort"})
_OF_PAGES = _OF_LISTS - {"sort"}
_CONTAINERS = frozenset({"list", "List", "set", "Set", "Sequence"})
_NAMES = re.compile(r"[A-Za-z_][\w.]*")
_TEXT = re.compile(r"\"[^\"]*\"|'[^']*'")


class _Field(NamedTuple):
    """One query parameter, as a field of a model would say it."""

    name: str
    annotation: str
    value: str
    """What stands behind `=`; `Field` in it is written as `{Field}`."""

    @property
    def needs_field(self) -> bool:
        return self.value.startswith("{Field}")


class _Handler(NamedTuple):
    operation: Operation
    fields: tuple[_Field | None, ...]
    """Of all its query parameters in order; None for one that is not to be moved."""
    queries: frozenset[str]
    """The names of all of these."""
    has_dependencies: bool


class _Member(NamedTuple):
    operation: Operation
    parameter: str
    """The name of the new parameter."""
    queries: frozenset[str]


class _Subject(NamedTuple):
    module: Module
    model: str
    fields: tuple[_Field, ...]
    members: tuple[_Member, ...]
    offset: int


class QueryParamsToModel(Codemod):
    safety = Safety.SAFE

    after = ("depends-to-annotated", "request-params-to-parameters", "remove-ellipsis-required")

    def find(self, project: Project) -> Iterator[Finding]:
        by_module: dict[str, list[_Handler]] = {}
        done: set[tuple[str, int, str]] = set()
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            place = (module.path, function.span.start, function.name)
            # Too few parameters, and no look at what they are.
            if place in done or function.scopes or is_test(module.path) or operation.method == "websocket":
                continue
            done.add(place)
            if sum(parameter.default is not None for parameter in function.parameters) >= FEWEST_PARAMETERS:
                by_module.setdefault(module.path, []).append(_read(project, operation))
        groups = [group for handlers in by_module.values() for group in _groups(handlers)]
        signatures = Signatures(project, (handler.operation for _, members in groups for handler in members))
        taken: dict[str, set[str]] = {}
        for fields, members in groups:
            module = members[0].operation.module
            yield self._finding(project, fields, members, signatures, taken.setdefault(module.path, set()))

    def _finding(
        self,
        project: Project,
        fields: tuple[_Field, ...],
        handlers: list[_Handler],
        signatures: Signatures,
        taken: set[str],
    ) -> Finding:
        module = handlers[0].operation.module
        made = _subject(project, fields, handlers, signatures, taken)
        first = handlers[0].operation.function
        names = ", ".join(f"`{field.name}`" for field in fields)
        functions = ", ".join(f"`{handler.operation.function.name}`" for handler in handlers)
        return self.finding(
            module.location(first.line, 1, first.end_line),
            f"{functions} repeat the query parameters {names}",
            anchor=f"{first.qualified_name}({', '.join(field.name for field in fields)})",
            left_alone=made if isinstance(made, str) else None,
            subject=None if isinstance(made, str) else made,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: _Subject = finding.subject
            module = subject.module
            newline = module.source.newline
            base = edits.name(module, _BASE, finding)
            lines = [f"class {subject.model}({base}):"]
            field_call = edits.name(module, _FIELD, finding) if any(f.needs_field for f in subject.fields) else ""
            unit = indent_of(project, module)
            for field in subject.fields:
                value = field.value.replace("{Field}", field_call, 1) if field.needs_field else field.value
                lines.append(f"{unit}{field.name}: {field.annotation} = {value}")
            edits.insert(module, subject.offset, newline.join(lines) + newline * 3, finding)
            marker = (
                f"{edits.name(module, _ANNOTATED, finding)}[{subject.model}, {edits.name(module, _QUERY, finding)}()]"
            )
            for member in subject.members:
                _rewrite(project, subject, member, marker, finding, edits)


def _rewrite(project: Project, subject: _Subject, member: _Member, marker: str, finding: Finding, edits: Edits) -> None:
    module, function = subject.module, member.operation.function
    parameters = parameter_list(module, function)
    definition = definition_of(module, function)
    assert definition is not None
    assert not isinstance(parameters, str)
    names = {field.name for field in subject.fields}
    new = Piece(member.parameter, f"{member.parameter}: {marker}", False, "")
    complete = _with_model(parameters.pieces, names, member.queries, new)
    assert complete is not None
    edits.replace(module, parameters.span, written(project, parameters, complete), finding)
    for span, name in _uses(module, definition, names) or ():
        edits.replace(module, span, f"{member.parameter}.{name}", finding)


def _with_model(pieces: Sequence[Piece], names: set[str], queries: frozenset[str], new: Piece) -> list[Piece] | None:
    """The parameters with a model in place of some; None where it may not stand there.

    The model has no default, so it goes before the parameters that have one, but not past others of the query
    (`queries`): their order is that of the documentation.
    """
    first = next(index for index, piece in enumerate(pieces) if piece.name in names)
    before, behind = list(pieces[:first]), [piece for piece in pieces[first:] if piece.name not in names]
    if any(piece.text == "*" or piece.kind == "*" for piece in before):
        return [*before, new, *behind]
    at = next((index for index, piece in enumerate(before) if piece.has_default), len(before))
    if any(piece.name in queries or piece.kind == "marker" for piece in before[at:]):
        return None
    return [*before[:at], new, *before[at:], *behind]


# Reading


def _read(project: Project, operation: Operation) -> _Handler:
    module, function = operation.module, operation.function
    in_paths = {name for path in paths_of(project, operation) for name in re.findall(r"\{(\w+)", path or "")}
    fields: list[_Field | None] = []
    queries: set[str] = set()
    has_dependencies = "Depends(" in module.text[function.span.start : function.span.end] or any(
        "dependencies" in module.code(decorator.span) for decorator in function.decorators
    )
    for parameter in function.parameters:
        if parameter.name in in_paths:
            continue
        kind, field = _field(project, operation, parameter)
        if kind == "query":
            fields.append(field)
            queries.add(parameter.name)
        elif kind == "unknown":
            has_dependencies = True
    return _Handler(operation, tuple(fields), frozenset(queries), has_dependencies)


def _field(project: Project, operation: Operation, parameter: Parameter) -> tuple[str, _Field | None]:
    """`query` with the field that it would be, if it can be one; `other` or `unknown`."""
    module = operation.module
    if parameter.annotation is None or parameter.kind in ("*", "**"):
        return "unknown", None
    annotation = module.code(parameter.annotation)
    default = module.code(parameter.default) if parameter.default is not None else None
    marker: ast.Call | None = None
    try:
        tree = module.expression(parameter.annotation)
        value = module.expression(parameter.default) if parameter.default is not None else None
    except (SyntaxError, ValueError):
        return "unknown", None
    if isinstance(tree, ast.Subscript) and _means(project, module, tree.value, _ANNOTATED):
        if not (isinstance(tree.slice, ast.Tuple) and len(tree.slice.elts) == 2):
            return "unknown", None
        kind, last = tree.slice.elts
        if not (isinstance(last, ast.Call) and _means(project, module, last.func, _QUERY)):
            return "other" if isinstance(last, ast.Call) else "unknown", None
        annotation, marker = _source(annotation, kind), last
        tree = kind
    elif isinstance(value, ast.Call):
        if not _means(project, module, value.func, _QUERY):
            return "other", None
        marker = value
    if not _is_scalar(project, module, tree, lists=marker is not None):
        return ("query", None) if marker is not None else ("unknown", None)
    if default is None or not is_field_name(parameter.name):
        return "query", None
    if marker is None:
        return "query", _Field(parameter.name, annotation, default)
    text = default if marker is value else module.code(parameter.annotation)
    return "query", _of_marker(parameter.name, annotation, marker, text, None if marker is value else default)


def _of_marker(name: str, annotation: str, marker: ast.Call, text: str, default: str | None) -> _Field | None:
    """`Query(10, ge=1)` as a field; `text` is what the places of its nodes count in."""
    keywords = {keyword.arg: keyword.value for keyword in marker.keywords}
    if None in keywords or len(marker.args) > 1 or "\n" in text or not text.isascii():
        return None
    given = marker.args[0] if marker.args else keywords.get("default")
    if default is None:
        if given is None or (isinstance(given, ast.Constant) and given.value is ...):
            return None
        default = _source(text, given)
    rest = [(key, value) for key, value in keywords.items() if key != "default"]
    if any(key not in _KEPT for key, _ in rest):
        return None
    if not rest:
        return _Field(name, annotation, default)
    arguments = ", ".join(f"{key}={_source(text, value)}" for key, value in rest)
    return _Field(name, annotation, f"{{Field}}({default}, {arguments})")


def _source(text: str, node: ast.expr) -> str:
    """The source of a node of `module.expression`, which has a bracket in front of the text."""
    if node.lineno != 1 or node.end_lineno != 1 or not text.isascii():
        return ast.unparse(node)
    return text[node.col_offset - 1 : (node.end_col_offset or 0) - 1]


def _means(project: Project, module: Module, node: ast.expr, dotted_name: str) -> bool:
    symbol = project.resolve(module, dotted(node))
    names = (dotted_name, dotted_name.replace("typing.", "typing_extensions."))
    return symbol is not None and symbol.path is None and symbol.name in names


def _is_scalar(project: Project, module: Module, node: ast.expr, *, lists: bool) -> bool:
    """Whether a parameter of that type is one of the query; a list is only if it says so, else it is the body."""
    for name in {n for part in _NAMES.findall(_TEXT.sub("", ast.unparse(node))) for n in part.split(".")}:
        if name in SCALARS or (lists and name in _CONTAINERS):
            continue
        symbol = project.resolve(module, name)
        found = model(project, symbol) if symbol is not None and symbol.path is not None else None
        if found is None or found.kind != "enum":
            return False
    return True


# Groups


def _groups(handlers: Sequence[_Handler]) -> Iterator[tuple[tuple[_Field, ...], list[_Handler]]]:
    """Runs of parameters that several handlers share, those that save most first; a handler is in one at most."""
    left = list(handlers)
    while True:
        best: tuple[int, tuple[_Field, ...], list[_Handler]] | None = None
        for run in dict.fromkeys(run for handler in left for run in _runs(handler)):
            members = [handler for handler in left if run in _runs(handler)]
            if len(members) >= FEWEST_HANDLERS and (best is None or len(run) * len(members) > best[0]):
                best = (len(run) * len(members), run, members)
        if best is None:
            return
        yield best[1], best[2]
        left = [handler for handler in left if handler not in best[2]]


def _runs(handler: _Handler) -> set[tuple[_Field, ...]]:
    found: set[tuple[_Field, ...]] = set()
    for start in range(len(handler.fields)):
        for end in range(start + FEWEST_PARAMETERS, len(handler.fields) + 1):
            run = handler.fields[start:end]
            fields = tuple(field for field in run if field is not None)
            if len(fields) == len(run):
                found.add(fields)
    return found


def _subject(
    project: Project,
    fields: tuple[_Field, ...],
    handlers: Sequence[_Handler],
    signatures: Signatures,
    taken: set[str],
) -> _Subject | str:
    module = handlers[0].operation.module
    versions = project.versions
    if not versions.supports_fastapi(_SINCE):
        return "models of query parameters need FastAPI 0.115"
    if reason := reason_against_pydantic_2(project):
        return reason
    for needed in (_BASE, _FIELD, _QUERY, _ANNOTATED):
        if reachable_as(module, needed) is None:
            return f"the name `{needed.rpartition('.')[2]}` means something else here"
    members: list[_Member] = []
    first_reason = ""
    for handler in handlers:
        result = _member(project, handler, fields, signatures)
        if isinstance(result, str):
            first_reason = first_reason or f"`{handler.operation.function.name}`: {result}"
        else:
            members.append(result)
    if len(members) < FEWEST_HANDLERS:
        return first_reason
    first_use = min(member.operation.function.statement for member in members)
    if hidden := _hidden(module, fields, first_use):
        return hidden
    name = _name(handlers, fields, taken)
    if name is None:
        return "no name is left for a model"
    taken.add(name)
    offset = start_with_comments(module, module.facts.statements[first_use].start)
    return _Subject(module, name, fields, tuple(members), offset)


def _member(project: Project, handler: _Handler, fields: tuple[_Field, ...], signatures: Signatures) -> _Member | str:
    operation = handler.operation
    module, function = operation.module, operation.function
    is_alone = len(fields) == len(handler.fields) and not handler.has_dependencies
    if not is_alone and not project.versions.supports_fastapi(_BESIDE_OTHERS_SINCE):
        return "beside other parameters a model needs FastAPI 0.159"
    definition = definition_of(module, function)
    parameters = parameter_list(module, function)
    if definition is None:
        return "it cannot be read"
    if isinstance(parameters, str):
        return parameters
    names = {field.name for field in fields}
    complete = _with_model(parameters.pieces, names, handler.queries, Piece("", "", False, ""))
    if complete is None:
        return "the model would stand before other parameters, which changes the order of the documentation"
    if reason := _reason_of_body(module, definition, names):
        return reason
    if reason := signatures.reason_to_keep(operation):
        return reason
    used = {node.id for node in walk(definition.node) if isinstance(node, ast.Name)}
    used |= {piece.name for piece in parameters.pieces}
    free = next((name for name in ("params", "query", "query_params") if name not in used), None)
    return _Member(operation, free, handler.queries) if free is not None else "no name is left for the parameter"


def _reason_of_body(module: Module, definition: Definition, names: set[str]) -> str | None:
    for node in walk(definition.node):
        line = definition.positions.line(getattr(node, "lineno", 1))
        if isinstance(node, ast.Name) and node.id in names and not isinstance(node.ctx, ast.Load):
            return f"line {line} gives `{node.id}` something else"
        if isinstance(node, ast.Global | ast.Nonlocal) and names & set(node.names):
            return f"line {line} gives a parameter something else"
        if isinstance(node, ast.Call) and dotted(node.func) in ("locals", "vars", "eval", "exec"):
            return f"line {line} may use the parameters by their names"
        if isinstance(node, ast.Lambda | ast.FunctionDef | ast.AsyncFunctionDef) and node is not definition.node:
            inner = {argument.arg for argument in walk(node.args) if isinstance(argument, ast.arg)}
            if names & inner:
                return f"line {line} has a parameter of the same name"
    if _uses(module, definition, names) is None:
        return "it names one in a text whose places are not known"
    return None


def _uses(module: Module, definition: Definition, names: set[str]) -> list[tuple[Span, str]] | None:
    """Where the body names the parameters; None where a text does in a way that cannot be placed."""
    found: list[tuple[Span, str]] = []
    texts: list[ast.JoinedStr] = []
    waiting: list[ast.AST] = list(definition.node.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.JoinedStr):
            texts.append(node)
            continue
        if isinstance(node, ast.Name) and node.id in names:
            found.append((definition.positions.span(node), node.id))
        waiting.extend(children(node))
    for text in texts:
        span = definition.positions.span(text)
        code = module.code(span)
        used = [node.id for node in walk(text) if isinstance(node, ast.Name) and node.id in names]
        for name in set(used):
            # An attribute or a key of the name is none of its uses.
            places = list(re.finditer(rf"(?<![\w.]){re.escape(name)}\b", code))
            if len(places) != used.count(name):
                return None
            found += [(Span(span.start + p.start(), span.start + p.end()), name) for p in places]
    return found


def _hidden(module: Module, fields: Sequence[_Field], first_use: int) -> str | None:
    """Why the class cannot stand there with its types: a field hides one, or one is defined further down."""
    own = {field.name for field in fields}
    for field in fields:
        for name in _NAMES.findall(_TEXT.sub("", f"{field.annotation} {field.value}")):
            head = name.partition(".")[0]
            if head in own and head in _NAMES.findall(field.annotation):
                return f"the field `{head}` would hide the type of that name"
            if any(binding.statement >= first_use for binding in module.bindings(head)):
                return f"`{head}` is defined further down"
    return None


def _name(handlers: Sequence[_Handler], fields: Sequence[_Field], taken: set[str]) -> str | None:
    """`ListParams` or `PaginationParams` where the names say it, else of what the handlers are about."""
    module = handlers[0].operation.module
    names = {field.name for field in fields}
    usual = "PaginationParams" if names <= _OF_PAGES else "ListParams" if names & _OF_LISTS else "QueryParams"
    first, *others = (handler.operation.function.name.split("_") for handler in handlers)
    common = [word for word in first if word not in _VERBS and all(word in words for words in others)]
    feature = pascal(singular(common[-1])) if common else feature_of(module.path)
    candidates = [f"{feature}{usual}", f"{feature}QueryParams", "QueryParams"]
    if usual != "QueryParams":
        candidates.insert(0, usual)
    return next((name for name in candidates if not module.bindings(name) and name not in taken), None)


_VERBS = frozenset(
    {
        "a",
        "all",
        "api",
        "by",
        "count",
        "fetch",
        "find",
        "for",
        "get",
        "handler",
        "list",
        "read",
        "search",
        "show",
        "the",
    }
)
