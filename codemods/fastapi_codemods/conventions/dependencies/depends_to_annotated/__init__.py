"""Parameters say what FastAPI does with them in `Annotated`, and their default is a default.

`q: str = Query("x", max_length=5)` becomes `q: Annotated[str, Query(max_length=5)] = "x"`, and
`db: Session = Depends(get_db)` becomes `db: Annotated[Session, Depends(get_db)]`, in route handlers and in dependency
functions and classes, for every parameter function of FastAPI.

## Why

With `Annotated` the function can be called as it is written: a required argument is required for every caller, a
default is the value that FastAPI uses, and type checkers see both. The old style makes `q` a `Query` object when
anyone but FastAPI calls the function.

Required parameters that would follow ones with a default are moved up where FastAPI cannot tell the difference (the
order within path, query, header, cookie, body and dependencies stays), else a `*` makes them keyword-only: FastAPI
always passes by keyword. A parameter without annotation gets the type its dependency says it returns, else `Any`.

## Left alone

- A function that other code calls without the argument, or hands on as a value: the call needs the default. So does
  one under a decorator that calls it without, as `@app.on_event`.
- A name that only the enclosing function or a type checker knows, under `from __future__ import annotations`: FastAPI
  evaluates the annotation in the module's globals, does not find it, and silently makes it a query parameter.
- A type that is an alias of `Annotated`, as `PositiveInt`: FastAPI ignores its metadata beside a default and obeys it
  inside `Annotated`, so that other values become valid.
- Methods of classes other than `__init__` and `__call__`: class-based views have rules of their own.
- `Query(*args)` or `Query(**options)`, where a default may be inside.
- Functions under `@overload` or dependency-injector's `@inject`, which read the defaults themselves.
- A project that must run on FastAPI below 0.95.1, the first in which `Annotated` works on routers.

## Safety

Safe: OpenAPI stays byte for byte the same, as do validation and the order in which dependencies run.

See <https://fastapi.tiangolo.com/tutorial/query-params-str-validations/#advantages-of-annotated>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ....codemod import Codemod
from ....edits import Edits, reachable_as
from ....findings import Finding, Safety
from ....project import Function, Module, Parameter, Project, Span, Symbol
from ....project.index import FILES_THAT_FILL_MEMORY
from ....project.versions import spelled
from ....source.nodes import walk
from .annotations import is_quoted, reason_of_annotation, reason_of_evaluation, reason_of_names, unquoted
from .callers import NEEDS_DEFAULT, Callers, Signature, begin_to_look_up
from .conversion import Conversion
from .layout import Layout
from .markers import DEPENDENCIES, default_argument, dependency_argument, marker_of
from .order import Arrangement, arrangement_of
from .plain import plain_header
from .types import ProvidedType, provided_type

ANNOTATED_SINCE = (0, 95)
# The first release with it reads a router's parameters twice and refuses them; 0.95.1 mended that.
ANNOTATED_BROKEN_IN = (0, 95, 0)
READS_DEFAULTS_ITSELF = ("typing.overload", "typing_extensions.overload", "dependency_injector.wiring.inject")

_DOES_MORE = re.compile(r":=|\bawait\b|\byield\b")


class Subject(NamedTuple):
    """What `rewrite` knows about one parameter."""

    function: Function
    name: str
    marker: str
    """`Query`, `Depends`, ...: FastAPI's name, whatever the module calls it."""
    type: ProvidedType | None
    """The type to write in place of the source's, which is none or quoted."""
    default: Span | None
    """The argument of the call that is the default."""
    going: frozenset[str]
    """The parameters of the function that may move."""
    arrangement: Arrangement | None
    """Theirs, to which no caller objects."""
    is_free: bool
    """No caller objects to any other arrangement, should not all of them be accepted."""


class _Change(NamedTuple):
    """What is to become of one function, as far as it can be known without asking who calls it."""

    module: Module
    function: Function
    old_style: Sequence[tuple[Parameter, str]]
    """The parameters, with FastAPI's name of the marker."""
    types: dict[str, ProvidedType | None]
    reasons: dict[str, str | None]
    """Why a parameter stays, by name."""
    reason: str | None
    """Why all of them stay."""
    arrangement: Arrangement | None

    @property
    def going(self) -> frozenset[str]:
        return frozenset(name for name, reason in self.reasons.items() if reason is None)


class DependsToAnnotated(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        found: list[tuple[Module, Function, list[tuple[Parameter, str]]]] = []
        for module, function in project.functions():
            old_style = [
                (parameter, marker)
                for parameter in function.parameters
                if parameter.call and (marker := marker_of(project, module, function, parameter.call))
            ]
            if old_style:
                found.append((module, function, old_style))
        looked_up = begin_to_look_up(project, [(module, function) for module, function, _ in found])
        # In a large project, the other processes are gone before this one fills its memory.
        known = looked_up() if len(project.paths) > FILES_THAT_FILL_MEMORY else None
        changes = list(_changes(project, found))
        callers = Callers(project, looked_up() if known is None else known)
        findings = [(c.module, c.function, list(self._of_function(callers, c))) for c in changes]
        # What a function of the same module asks for that keeps its default, because the module calls it without.
        kept = {
            Symbol(module.path, function.name): reason
            for module, function, own in findings
            if not function.scopes
            for reason in {finding.left_alone for finding in own}
            if reason is not None and reason.startswith(f"called directly at {module.path}:")
            if reason.endswith(NEEDS_DEFAULT)
        }
        for module, function, own in findings:
            yield from (_with_dependency(project, module, function, finding, kept) for finding in own)

    def _of_function(self, callers: Callers, change: _Change) -> Iterator[Finding]:
        function, arrangement, reason = change.function, change.arrangement, change.reason
        is_free = False
        if reason is None and arrangement is not None:
            signature = Signature(change.module, function, change.going, arrangement)
            reason = callers.reason(signature)
            is_free = callers.reason(signature._replace(arrangement=arrangement.with_all_moved())) is None
        for parameter, marker in change.old_style:
            default = default_argument(parameter.call, marker) if parameter.call else None
            subject = Subject(
                function,
                parameter.name,
                marker,
                change.types[parameter.name],
                default.span if default else None,
                change.going,
                arrangement,
                is_free,
            )
            yield self.finding(
                change.module.location(parameter.line, parameter.column, parameter.end_line),
                f"parameter `{parameter.name}` of `{function.name}` has `{marker}(...)` as its default"
                f" instead of in `Annotated`",
                anchor=f"{function.qualified_name}.{parameter.name}",
                left_alone=change.reasons[parameter.name] or reason,
                subject=subject,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        by_function: dict[tuple[str, Span], list[Finding]] = {}
        for finding in findings:
            by_function.setdefault((finding.location.path, finding.subject.function.span), []).append(finding)
        for (path, _), together in by_function.items():
            module = project.module(path)
            assert module is not None
            self._rewrite_function(project, module, together, edits)

    def _rewrite_function(self, project: Project, module: Module, together: Sequence[Finding], edits: Edits) -> None:
        first: Subject = together[0].subject
        function = first.function
        going = frozenset(finding.subject.name for finding in together)
        arrangement = first.arrangement if going == first.going else arrangement_of(project, module, function, going)
        assert arrangement is not None
        if isinstance(arrangement, str) or (not first.is_free and arrangement.moves_more_than(first.arrangement)):
            return  # it can go only together with a parameter that was rejected
        annotated = ""
        conversions = {}
        for finding in together:
            subject: Subject = finding.subject
            annotated = edits.name(module, annotated_of(project), finding)
            type_ = subject.type.written(edits, module, finding) if subject.type else None
            conversions[subject.name] = Conversion(type_, subject.marker in DEPENDENCIES, subject.default)
        layout = Layout.of(module, function, project.style)
        header = plain_header(module, function, conversions, arrangement, annotated, layout)
        if header is None:
            from .rewrite import rewritten_header

            header = rewritten_header(module, function, conversions, arrangement, annotated, layout)
        edits.replace(module, function.span, header, together[0])


def _change_of(
    project: Project, module: Module, function: Function, old_style: Sequence[tuple[Parameter, str]]
) -> _Change:
    types = {p.name: type_to_write(project, module, function, p, marker) for p, marker in old_style}
    reasons = {
        p.name: reason_for_parameter(project, module, function, p, marker, types[p.name]) for p, marker in old_style
    }
    change = _Change(module, function, old_style, types, reasons, reason_for_function(project, module, function), None)
    if change.reason is not None:
        return change
    arranged = arrangement_of(project, module, function, change.going)
    if isinstance(arranged, str):
        return change._replace(reason=arranged)
    return change._replace(arrangement=arranged)


def _changes(
    project: Project, found: Sequence[tuple[Module, Function, list[tuple[Parameter, str]]]]
) -> Iterator[_Change]:
    """What is to become of the functions. In a large project, of one module's text after the other in memory."""
    is_large = len(project.paths) > FILES_THAT_FILL_MEMORY
    for module, own in groupby(found, key=itemgetter(0)):
        yield from (_change_of(project, *item) for item in own)
        if is_large:
            module.forget_text()


def _with_dependency(
    project: Project, module: Module, function: Function, finding: Finding, kept: dict[Symbol, str]
) -> Finding:
    """The finding, left alone if it asks for a function that has to keep the old style beside it.

    The two are read together, and whoever gives the caller its argument can then convert both.
    """
    if not kept or finding.left_alone is not None or finding.subject.marker not in DEPENDENCIES:
        return finding
    parameter = next(p for p in function.parameters if p.name == finding.subject.name)
    argument = dependency_argument(parameter.call) if parameter.call else None
    symbol = project.resolve(module, module.code(argument.span), function.scopes) if argument else None
    if symbol is None or symbol.path != module.path or symbol not in kept:
        return finding
    return finding._replace(left_alone=f"its dependency `{symbol.name}` stays as it is: {kept[symbol]}")


def annotated_of(project: Project) -> str:
    return "typing.Annotated" if project.versions.supports_python((3, 9)) else "typing_extensions.Annotated"


def type_to_write(
    project: Project, module: Module, function: Function, parameter: Parameter, marker: str
) -> ProvidedType | None:
    """The type for a parameter that has none, or that quotes what FastAPI would not find inside `Annotated`."""
    assert parameter.call is not None
    if parameter.annotation is None:
        return provided_type(project, module, function, parameter.call)
    if is_quoted(module, parameter.annotation) and not (
        marker in DEPENDENCIES and dependency_argument(parameter.call) is not None
    ):
        code = unquoted(module, function, parameter.annotation)
        return ProvidedType(code, ()) if code else None
    return None


# Why a finding is left alone


def reason_for_function(project: Project, module: Module, function: Function) -> str | None:
    versions = project.versions
    if not versions.supports_fastapi(ANNOTATED_SINCE):
        return (
            f"Annotated needs FastAPI {spelled(ANNOTATED_SINCE)}, and {versions.fastapi_source}"
            f" allows {spelled(versions.fastapi)}"
        )
    if versions.fastapi == ANNOTATED_BROKEN_IN:
        return (
            f"{versions.fastapi_source} allows FastAPI {spelled(ANNOTATED_BROKEN_IN)}, where Annotated fails on routers"
        )
    if function.is_method and function.name not in ("__init__", "__call__"):
        return f"a method of class `{function.scopes[-1].name}`: class-based views have rules of their own"
    for decorator in function.decorators:
        symbol = project.resolve(module, decorator.name, function.scopes)
        if symbol is not None and symbol.name in READS_DEFAULTS_ITSELF:
            return f"`@{decorator.name}` reads the defaults itself"
    annotated = reachable_as(module, annotated_of(project))
    if annotated is None or any(annotated.expression.partition(".")[0] in scope.names for scope in function.scopes):
        return "the module uses the name `Annotated` for something else"
    return reason_of_evaluation(project, module, function)


def reason_for_parameter(
    project: Project,
    module: Module,
    function: Function,
    parameter: Parameter,
    marker: str,
    type_: ProvidedType | None,
) -> str | None:
    call = parameter.call
    assert call is not None
    if call.unpacks:
        return f"`{marker}` gets unpacked arguments, and a default may be among them"
    if parameter.annotation is not None:
        if reason := reason_of_annotation(project, module, function, parameter.annotation, call, marker):
            return reason
    elif marker in DEPENDENCIES and dependency_argument(call) is None:
        return f"`{marker}()` takes the dependency from the annotation, and there is none"
    elif type_ is not None and any(reachable_as(module, dotted) is None for dotted in type_.imports):
        return f"the module uses the name `{type_.code}` for something else"
    if default := default_argument(call, marker):
        symbol = project.resolve(module, module.code(default.span), function.scopes)
        if symbol is not None and symbol.name.rpartition(".")[2] in ("PydanticUndefined", "Undefined", "Required"):
            return f"`{module.code(default.span)}` as a default is a marker of Pydantic, not a value"
    if _DOES_MORE.search(module.code(call.span)):
        node = module.expression(call.span)
        if any(isinstance(part, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom) for part in walk(node)):
            return f"the arguments of `{marker}` do more than name things"
    if function.scopes or module.facts.postponed:
        return reason_of_names(module, function, parameter, call, marker)
    return None
