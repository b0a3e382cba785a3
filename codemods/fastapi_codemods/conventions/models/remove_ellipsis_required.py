"""A required parameter or field says nothing of a default, instead of `...`.

`q: str = Query(..., max_length=5)` becomes `q: str = Query(max_length=5)`, `Field(..., gt=0)` becomes `Field(gt=0)`,
and `name: str = ...` becomes `name: str`.

## Why

What has no default is required, in Python, in FastAPI and in Pydantic. `...` says the same once more in a way that has
to be looked up, and that FastAPI's own guide advises against.

## Left alone

- FastAPI before 0.78, whose functions need the default.
- With Pydantic 1, fields whose type may allow None or is not plain: without `...` they are no longer required.
- Calls with unpacked arguments, several positional ones, or a `default_factory`, and a comment beside the `...`.
- `= ...` in a class that is not surely a model of Pydantic 2, or that takes a field of that name over from a base.
- `= ...` of a parameter that stands behind one with a default, or of a handler that other code calls.

## Safety

Safe: with Pydantic 2 the objects that both calls make are equal, and `= ...` and no default are the same field.

See <https://fastapi.tiangolo.com/tutorial/query-params-str-validations/#make-it-required>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Module, Project, Scope, Span, Symbol
from ...project.fastapi_names import VALUE_FUNCTIONS
from ...project.models import model
from ...project.operations import operations_of
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.reader import Positions, dotted, scope_of
from ...project.references import uses
from ...project.words import modules_with, statements_with
from ...source import UnreadableSourceError
from ...source.nodes import children

_FIELDS = frozenset({"pydantic.Field", "pydantic.fields.Field", "sqlmodel.Field", "sqlmodel.main.Field"})

_ELLIPSIS = re.compile(r"[(=]\s*(?:#[^\r\n]*\s*)?\.\.\.")
_ELLIPSIS_BYTES = re.compile(_ELLIPSIS.pattern.encode())
_NOTHING_BUT_THE_ARGUMENT = re.compile(r"[\s,]*(?:default\s*=\s*)?\.\.\.[\s,]*")
_NOTHING_BUT_THE_DEFAULT = re.compile(r"\s*=\s*\.\.\.")
_IMPORTS = (b"pydantic", b"fastapi", b"sqlmodel")

# Of these Pydantic 1 makes a required field without a default.
_NEVER_NONE = re.compile(
    r"(?:(?:typing\.)?(?:List|Dict|Set|Tuple|FrozenSet)|list|dict|set|tuple|frozenset)\[.*\]|\w+", re.DOTALL
)
_PLAIN = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple"})


class _Call(NamedTuple):
    module: Module
    gone: Span
    """Of the argument, with the comma and the white space behind it, or in front of it."""


class _Bare(NamedTuple):
    module: Module
    gone: tuple[Span, ...]
    """From the end of the annotation, or name, to the end of `...`."""


class RemoveEllipsisRequired(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        for module in modules_with(project, _ELLIPSIS_BYTES, _IMPORTS):
            for index in statements_with(module, _ELLIPSIS):
                yield from self._in_statement(project, module, index)
        yield from self._in_headers(project)

    def _in_statement(self, project: Project, module: Module, index: int) -> Iterator[Finding]:
        try:
            nodes = list(_nodes(module.parsed(index), ()))
        except (UnreadableSourceError, RecursionError):
            return
        statement = module.facts.statements[index]
        positions = Positions(module.statement_text(index), statement.start, statement.line)
        for node, scopes, annotation in nodes:
            if isinstance(node, ast.Call):
                found = self._call(project, module, positions, node, scopes, annotation)
            elif isinstance(node, ast.AnnAssign):
                found = self._bare_field(project, module, positions, node, scopes)
            else:
                found = None
            if found is not None:
                yield found

    def _call(
        self,
        project: Project,
        module: Module,
        positions: Positions,
        node: ast.Call,
        scopes: tuple[Scope, ...],
        annotation: str | None,
    ) -> Finding | None:
        given = _ellipsis_in(node)
        if given is None or not (name := dotted(node.func)):
            return None
        symbol = project.resolve(module, name, scopes)
        if symbol is None or symbol.path is not None or symbol.name not in VALUE_FUNCTIONS | _FIELDS:
            return None
        gone = _argument(module, positions, node, given)
        line = positions.line(node.lineno)
        around = ".".join(scope.name for scope in scopes)
        return self.finding(
            module.location(line, positions.column(node.lineno, node.col_offset), line),
            f"`{name}(...)` says that it is required, as everything without a default is",
            anchor=f"{around}.{name}" if around else name,
            left_alone=_reason(project, symbol, node, gone, annotation),
            subject=_Call(module, gone) if gone is not None else None,
        )

    def _bare_field(
        self, project: Project, module: Module, positions: Positions, node: ast.AnnAssign, scopes: tuple[Scope, ...]
    ) -> Finding | None:
        if not (
            scopes and scopes[-1].kind == "class" and _is_ellipsis(node.value) and isinstance(node.target, ast.Name)
        ):
            return None
        symbol = Symbol(module.path, ".".join(scope.name for scope in scopes))
        made = model(project, symbol)
        if made is None or not made.is_pydantic:
            return None
        name = node.target.id
        assert node.value is not None
        gone = Span(positions.span(node.annotation).end, positions.span(node.value).end)
        reason = None
        if reason_against_pydantic_2(project):
            reason = "with Pydantic 1 a field without `...` may not be required"
        elif above := _taken_over(project, made.mro, name):
            reason = f"it takes the place of a field of `{above}`"
        elif not _NOTHING_BUT_THE_DEFAULT.fullmatch(module.code(gone)):
            reason = "a comment or bracket stands beside it"
        line = positions.line(node.lineno)
        return self.finding(
            module.location(line, positions.column(node.lineno, node.col_offset), line),
            f"`{name}` of `{made.name}` is required without `= ...`",
            anchor=f"{symbol.name}.{name}",
            left_alone=reason,
            subject=_Bare(module, (gone,)),
        )

    def _in_headers(self, project: Project) -> Iterator[Finding]:
        """`q: str = ...` of handlers: one finding for a handler, as its parameters depend on each other's order."""
        seen: set[tuple[str, int, str]] = set()
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            bare = [p for p in function.parameters if p.default is not None and module.code(p.default) == "..."]
            key = (module.path, function.span.start, function.name)
            if not bare or key in seen:
                continue
            seen.add(key)
            names = ", ".join(f"`{parameter.name}`" for parameter in bare)
            gone: list[Span] = []
            has_default = False
            for parameter in function.parameters:
                is_bare = parameter in bare
                if parameter.kind in ("", "/"):
                    if is_bare and has_default:
                        gone = []
                        break
                    has_default = has_default or (parameter.default is not None and not is_bare)
                if is_bare and parameter.default is not None:
                    start = parameter.annotation.end if parameter.annotation else parameter.start + len(parameter.name)
                    gone.append(Span(start, parameter.default.end))
            reason = None if gone else "a parameter before it has a default"
            if not all(_NOTHING_BUT_THE_DEFAULT.fullmatch(module.code(span)) for span in gone):
                reason = "a comment or bracket stands beside it"
            symbol = Symbol(module.path, function.qualified_name)
            if reason is None and not function.scopes:
                calls = [use for use in uses(project, [symbol])[symbol] if use.kind not in ("decorator", "annotation")]
                reason = f"{calls[0].place} uses the function" if calls else None
            yield self.finding(
                module.location(bare[0].line, bare[0].column, bare[0].end_line),
                f"{names} of `{function.name}` {'is' if len(bare) == 1 else 'are'} required without `= ...`",
                anchor=f"{function.qualified_name}({', '.join(parameter.name for parameter in bare)})",
                left_alone=reason,
                subject=_Bare(module, tuple(gone)),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Call | _Bare = finding.subject
            for span in subject.gone if isinstance(subject, _Bare) else (subject.gone,):
                edits.replace(subject.module, span, "", finding)


def _nodes(
    node: ast.AST, scopes: tuple[Scope, ...], annotation: str | None = None
) -> Iterator[tuple[ast.AST, tuple[Scope, ...], str | None]]:
    """The nodes of a tree with the scopes that each stands in, and the annotation of what it is assigned to."""
    yield node, scopes, annotation
    if isinstance(node, ast.AnnAssign):
        written = ast.unparse(node.annotation)
        yield from _nodes(node.annotation, scopes)
        if node.value is not None:
            yield from _nodes(node.value, scopes, written)
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        inner = (*scopes, scope_of(node))
        for child in children(node):
            yield from _nodes(child, inner if child in node.body else scopes)
        return
    for child in children(node):
        yield from _nodes(child, scopes)


def _is_ellipsis(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _ellipsis_in(node: ast.Call) -> ast.expr | None:
    """The `...` that a call is given as its default."""
    if node.args and _is_ellipsis(node.args[0]):
        return node.args[0]
    return next((k.value for k in node.keywords if k.arg == "default" and _is_ellipsis(k.value)), None)


def _argument(module: Module, positions: Positions, node: ast.Call, given: ast.expr) -> Span | None:
    """What goes with the argument; None where the text is not plain."""
    arguments: list[ast.expr | ast.keyword] = sorted(
        [*node.args, *node.keywords], key=lambda part: (part.lineno, part.col_offset)
    )
    spans = [positions.span(part) for part in arguments]
    index = next(i for i, part in enumerate(arguments) if part is given or getattr(part, "value", None) is given)
    end_of_call = positions.span(node).end - 1
    if index + 1 < len(spans):
        gone = Span(spans[index].start, spans[index + 1].start)
    elif index:
        gone = Span(spans[index - 1].end, spans[index].end)
    else:
        gone = Span(positions.span(node.func).end + 1, end_of_call)
    return gone if _NOTHING_BUT_THE_ARGUMENT.fullmatch(module.code(gone)) else None


def _reason(project: Project, symbol: Symbol, node: ast.Call, gone: Span | None, annotation: str | None) -> str | None:
    if any(isinstance(part, ast.Starred) for part in node.args) or any(k.arg is None for k in node.keywords):
        return "it gets unpacked arguments"
    if len(node.args) > 1:
        return "it gets several positional arguments"
    if any(keyword.arg == "default_factory" for keyword in node.keywords):
        return "it has a `default_factory` too"
    if gone is None:
        return "a comment or bracket stands beside it"
    if symbol.name in VALUE_FUNCTIONS:
        if not project.versions.supports_fastapi((0, 78)):
            return "FastAPI before 0.78 needs the default"
    elif reason_against_pydantic_2(project) and not _is_never_none(annotation):
        return "with Pydantic 1 a field whose type may allow None is not required without `...`"
    return None


def _is_never_none(annotation: str | None) -> bool:
    if annotation is None or not _NEVER_NONE.fullmatch(annotation):
        return False
    return "[" in annotation or annotation in _PLAIN


def _taken_over(project: Project, mro: Sequence[Symbol], name: str) -> str | None:
    for symbol in mro[1:]:
        above = model(project, symbol) if symbol.path is not None else None
        if above is not None and (above.field(name) is not None or not above.complete):
            return above.name
    return None
