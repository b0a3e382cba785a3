"""A dependency whose value nobody reads stands in the decorator.

`_: Annotated[None, Depends(require_key)]`, which the handler does not use, becomes
`dependencies=[Depends(require_key)]` in the decorator of its route.

## Why

A parameter says that the function needs the value. A guard is only run, and `dependencies` is where FastAPI has those.
Guards that all routes of a router have can then go up to it (`hoist-router-dependencies`).

## Left alone

- A dependency that another parameter's dependency runs before: those of the decorator run first, so that another error
  could win.
- `use_cache` and `max_concurrency`, which FastAPI does not read, or counts anew, in `dependencies`.
- Names that `locals()`, `vars()`, `eval` or `exec` in the handler may read.
- Handlers that something else in the project calls or hands on, methods, and handlers under other decorators.
- `dependencies` that are not written as a list, and unpacked arguments of the decorator.
- `Depends(Limiter(times=5))` of a function with several routes, which share that object now.
- Providers that can only be named by an alias, comments among the parameters.
- WebSockets below FastAPI 0.97, and `scope=` below 0.121.1, where `dependencies` did not know them.
- Tests.

## Safety

Safe: the same dependencies run in the same order, with the same cache, scopes and security scopes, and OpenAPI lists
what they take in the same order.

See <https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-in-path-operation-decorators/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.handlers import Signatures, operations_with
from ...edits.injections import add_injections, add_to_decorators, reason_of_decorators
from ...edits.models import Reference, reference
from ...edits.parameters import parameter_list
from ...findings import Finding, Safety
from ...project import Function, Module, Project
from ...project.injected import Injected, injected_by
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.reader import dotted
from ...project.versions import spelled
from ...source.discovery import is_test
from ...source.nodes import walk
from ...source.statements import blanked

_WEBSOCKETS_SINCE = (0, 97)
_SCOPES_SINCE = (0, 121, 1)
_KEPT = frozenset({"dependency", "scope", "scopes"})
_READS_NAMES = frozenset({"dir", "eval", "exec", "locals", "vars"})


class _Subject(NamedTuple):
    one: Injected
    operations: tuple[Operation, ...]
    code: str
    """`Depends(require_key)`, as the module writes it."""
    references: tuple[Reference, ...]
    before: int
    """How many unused ones stand before it."""


class UnusedDependencyToDecorator(Codemod):
    safety = Safety.SAFE

    after = ("depends-to-annotated",)

    def find(self, project: Project) -> Iterator[Finding]:
        candidates = list(_candidates(project))
        signatures = Signatures(project, [operation for operation, _, _ in candidates])
        for operation, definition, unused in candidates:
            yield from self._of_handler(project, operation, definition, unused, signatures)

    def _of_handler(
        self,
        project: Project,
        operation: Operation,
        definition: Definition,
        unused: Sequence[Injected],
        signatures: Signatures,
    ) -> Iterator[Finding]:
        module, function = operation.module, operation.function
        operations = tuple(operations_with(project, operation))
        reason = _reason_of_handler(project, operations, definition) or signatures.reason_to_keep(operation)
        asked = injected_by(project, module, function)
        moved: list[Injected] = []
        for one in unused:
            own = reason or _reason_of_order(asked, moved, one)
            code = _code(project, one, len(operations)) if own is None else ""
            if isinstance(code, tuple):
                subject = _Subject(one, operations, code[0], code[1], len(moved))
                moved.append(one)
            else:
                own, subject = own or code, None
            yield self.finding(
                module.location(one.parameter.line, one.parameter.column, one.parameter.end_line),
                f"`{function.name}` does not read `{one.parameter.name}`: the dependency"
                f" `{one.marker.written or one.marker.type}` belongs in the decorator",
                anchor=f"{function.qualified_name}.{one.parameter.name}",
                left_alone=own,
                subject=subject,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        by_function: dict[tuple[str, int], list[Finding]] = {}
        for finding in findings:
            one: Injected = finding.subject.one
            by_function.setdefault((one.module.path, one.function.span.start), []).append(finding)
        for together in by_function.values():
            _rewrite(together, edits)


def _candidates(project: Project) -> Iterator[tuple[Operation, Definition, list[Injected]]]:
    """Handlers that do not read some of what is injected, each once."""
    seen: set[tuple[str, int]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = module.path, function.span.start
        if place in seen or is_test(module.path):
            continue
        seen.add(place)
        asked = injected_by(project, module, function)
        if asked and _all_read(module, function, [one.parameter.name for one in asked]):
            continue
        definition = definition_of(module, function) if asked else None
        if definition is None:
            continue
        read = {node.id for part in definition.node.body for node in walk(part) if isinstance(node, ast.Name)}
        unused = [one for one in asked if one.parameter.name not in read and one.parameter.kind not in ("*", "**")]
        if unused:
            yield operation, definition, unused


def _all_read(module: Module, function: Function, names: Sequence[str]) -> bool:
    """Whether the text behind the header spells all names, other than as parameters of functions that stand there too;
    what does not is worth parsing."""
    text = blanked(module.text[function.span.end : module.facts.statements[function.statement].end])
    return all(re.search(rf"(?<![\w.]){re.escape(name)}\b(?!\s*(?:=(?!=)|:))", text) for name in names)


def _reason_of_handler(project: Project, operations: Sequence[Operation], definition: Definition) -> str | None:
    for node in walk(definition.node):
        if not isinstance(node, ast.Call) or dotted(node.func) not in _READS_NAMES:
            continue
        if not node.args or dotted(node.func) in ("eval", "exec"):
            return f"line {definition.positions.line(node.lineno)} may read it by `{dotted(node.func)}`"
    parameters = parameter_list(operations[0].module, operations[0].function)
    if isinstance(parameters, str):
        return parameters
    if any(piece.kind in ("*", "**") for piece in parameters.pieces):
        return "it takes any arguments"
    versions = project.versions
    if any(operation.method == "websocket" for operation in operations) and not versions.supports_fastapi(
        _WEBSOCKETS_SINCE
    ):
        return (
            f"WebSocket routes take `dependencies` since FastAPI {spelled(_WEBSOCKETS_SINCE)}, and"
            f" {versions.fastapi_source} allows {spelled(versions.fastapi)}"
        )
    return reason_of_decorators(operations)


def _reason_of_order(asked: Sequence[Injected], moved: Sequence[Injected], one: Injected) -> str | None:
    """Why a dependency must not run before those that stay."""
    first = next((other for other in asked if other not in moved), one)
    if first is one:
        return None
    return f"the dependency of `{first.parameter.name}` runs before it now, and another error could win"


def _code(project: Project, one: Injected, routes: int) -> tuple[str, tuple[Reference, ...]] | str:
    """`Depends(f)` as the decorator can write it, with the imports that it needs, or why it cannot."""
    module, marker = one.module, one.marker
    for keyword in marker.call.keywords:
        if keyword.arg not in _KEPT:
            return f"`dependencies` do not know `{keyword.arg or '**'}`"
    given = (*marker.call.args, *(keyword.value for keyword in marker.call.keywords))
    if routes > 1 and any(isinstance(part, ast.Call | ast.Lambda) for value in given for part in walk(value)):
        return "its routes share one object now, and would have one each"
    scope = marker.argument("scope")
    versions = project.versions
    if scope is not None and not versions.supports_fastapi(_SCOPES_SINCE):
        return (
            f"`dependencies` know scopes since FastAPI {spelled(_SCOPES_SINCE)}, and {versions.fastapi_source} allows"
            f" {spelled(versions.fastapi)}"
        )
    if not (marker.call.args or any(keyword.arg == "dependency" for keyword in marker.call.keywords)):
        return _of_type(project, one)
    if one.form == "alias":
        return _of_alias(project, one)
    if one.form == "default":
        call = one.parameter.call
        assert call is not None
        code = module.code(call.span)
    else:
        code = _call_in(module, one)
    if "\n" in code or "\r" in code or not code:
        return "the dependency goes over several lines"
    return code, ()


def _call_in(module: Module, one: Injected) -> str:
    """The source of the marker in `Annotated[...]`; nothing where its place is not known."""
    assert one.parameter.annotation is not None
    text = module.code(one.parameter.annotation)
    call = one.marker.call
    if "\n" in text or "\r" in text or not text.isascii() or text.endswith(("'", '"')):
        return ast.unparse(call)
    return text[call.col_offset - 1 : (call.end_col_offset or 0) - 1]


def _of_type(project: Project, one: Injected) -> tuple[str, tuple[Reference, ...]] | str:
    """`Depends()` takes the type for the provider, which the decorator does not have."""
    if one.form == "alias":
        return _of_alias(project, one)
    if one.marker.provider is None or one.marker.call.keywords:
        return "what its type stands for is not certain"
    callee = ast.unparse(one.marker.call.func)
    return f"{callee}({one.marker.type})", ()


def _of_alias(project: Project, one: Injected) -> tuple[str, tuple[Reference, ...]] | str:
    """An alias is taken apart: its provider must be a name that the module can have."""
    marker = one.marker
    if marker.provider is None or any(isinstance(k.value, ast.Call | ast.Lambda) for k in marker.call.keywords):
        return f"`{ast.unparse(marker.call)}` cannot be written here"
    provider = reference(project, one.module, marker.provider)
    name = project.resolve(marker.home, dotted(marker.call.func))
    injector = reference(project, one.module, name) if name is not None else None
    if provider is None or injector is None:
        return f"`{marker.written or marker.type}` cannot be imported here"
    if any(_is_local(one, found) for found in (provider, injector)):
        return f"`{marker.written or marker.type}` means something else here"
    rest = [keyword for keyword in marker.call.keywords if keyword.arg != "dependency"]
    names = {part.id for keyword in rest for part in walk(keyword.value) if isinstance(part, ast.Name)}
    if names:
        return f"`{ast.unparse(marker.call)}` names what only {marker.home.path} knows"
    arguments = [provider.expression, *(f"{keyword.arg}={_literal(keyword.value)}" for keyword in rest)]
    return f"{injector.expression}({', '.join(arguments)})", (provider, injector)


def _is_local(one: Injected, found: Reference) -> bool:
    head = found.expression.partition(".")[0]
    return any(head in scope.names for scope in one.function.scopes)


def _literal(node: ast.expr) -> str:
    return ast.unparse(node).replace("'", '"')


def _rewrite(together: Sequence[Finding], edits: Edits) -> None:
    first: _Subject = together[0].subject
    module, function = first.one.module, first.one.function
    # One behind another that was rejected must stay as well: it would run before it.
    kept = [finding for index, finding in enumerate(together) if finding.subject.before <= index]
    if not kept:
        return
    names = {finding.subject.one.parameter.name for finding in kept}
    add_injections(edits, module, function, (), kept[0], without=names)
    add_to_decorators(edits, first.operations, [finding.subject.code for finding in kept], kept[0])
    for finding in kept:
        subject: _Subject = finding.subject
        for found in subject.references:
            if found.request is not None:
                edits.import_name(module, *found.request, finding)
        _drop_imports(edits, module, subject, finding)


def _drop_imports(edits: Edits, module: Module, subject: _Subject, finding: Finding) -> None:
    """What the annotation named, and nothing else does now."""
    annotation = subject.one.parameter.annotation
    if annotation is None:
        return
    node = module.expression(annotation)
    heads = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    for head in sorted(heads):
        if head in module.imports:
            edits.drop_import(module, head, finding)
