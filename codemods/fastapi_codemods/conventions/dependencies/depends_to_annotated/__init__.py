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

- A function that other code calls without the argument, or hands on as a value: the call needs the default.
- A name that only the enclosing function knows, under `from __future__ import annotations`: FastAPI evaluates the
  annotation in the module's globals, does not find it, and silently makes the parameter a query parameter.
- Methods of classes other than `__init__` and `__call__`: class-based views have rules of their own.
- `Query(*args)` or `Query(**options)`, where a default may be inside.
- Functions under `@overload` or dependency-injector's `@inject`, which read the defaults themselves.
- A project that must run on FastAPI below 0.95, which does not know `Annotated`.

## Safety

Safe: OpenAPI stays byte for byte the same, as do validation and the order in which dependencies run.

See <https://fastapi.tiangolo.com/tutorial/query-params-str-validations/#advantages-of-annotated>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....codemod import Codemod
from ....edits import Edits, reachable_as
from ....findings import Finding, Safety
from ....project import Call, Function, Module, Parameter, Project, Span, Symbol
from ....project.fastapi_names import PARAMETER_FUNCTIONS
from ....project.references import Use, uses
from ....project.versions import spelled
from .order import Arrangement, Place, arrange
from .types import ProvidedType, provided_type

ANNOTATED_SINCE = (0, 95)
READS_DEFAULTS_ITSELF = ("typing.overload", "typing_extensions.overload", "dependency_injector.wiring.inject")

# What may be done with a function besides calling it: none of it looks at the defaults.
_HARMLESS_KINDS = frozenset({"annotation", "decorator", "injected", "override"})
_HARMLESS_CALLEES = frozenset(
    {"isinstance", "issubclass", "iscoroutinefunction", "signature", "update_wrapper", "wraps"}
)
_REGISTERING = frozenset({"add_api_route", "add_api_websocket_route", "add_route", "APIRoute", "APIWebSocketRoute"})
_ROUTE_CALL = re.compile(r"\.(?:api_route|delete|get|head|options|patch|post|put|trace|websocket)\(")
_DOES_MORE = re.compile(r":=|\bawait\b|\byield\b")
_TELLS_OF_DEFAULTS = frozenset({"__call__", "__defaults__", "__kwdefaults__", "__init__"})


class Subject(NamedTuple):
    """What `rewrite` knows about one parameter."""

    function: Function
    name: str
    marker: str
    """`Query`, `Depends`, ...: FastAPI's name, whatever the module calls it."""
    provided: ProvidedType | None
    """The type to write where the source has none."""


class DependsToAnnotated(Codemod):
    safety = Safety.SAFE
    tokens = tuple(f"{name}(" for name in sorted(PARAMETER_FUNCTIONS))

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
        calls = _Callers(project, [(module, function) for module, function, _ in found])
        for module, function, old_style in found:
            yield from self._of_function(project, calls, module, function, old_style)

    def _of_function(
        self,
        project: Project,
        callers: _Callers,
        module: Module,
        function: Function,
        old_style: Sequence[tuple[Parameter, str]],
    ) -> Iterator[Finding]:
        reasons = {p.name: reason_for_parameter(project, module, function, p, marker) for p, marker in old_style}
        going = frozenset(name for name, reason in reasons.items() if reason is None)
        reason = reason_for_function(project, module, function) or (
            reason_of_order(project, module, function, going) or callers.reason(module, function, going)
        )
        for parameter, marker in old_style:
            provided = None
            if parameter.annotation is None and parameter.call is not None:
                provided = provided_type(project, module, function, parameter.call)
            yield self.finding(
                module.location(parameter.line, parameter.column, parameter.end_line),
                f"parameter `{parameter.name}` of `{function.name}` has `{marker}(...)` as its default"
                f" instead of in `Annotated`",
                anchor=f"{function.qualified_name}.{parameter.name}",
                left_alone=reason or reasons[parameter.name],
                subject=Subject(function, parameter.name, marker, provided),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        from .rewrite import rewritten_header

        by_function: dict[tuple[str, Span], list[Finding]] = {}
        for finding in findings:
            by_function.setdefault((finding.location.path, finding.subject.function.span), []).append(finding)
        for (path, span), together in by_function.items():
            module = project.module(path)
            assert module is not None
            function: Function = together[0].subject.function
            types = {}
            for finding in together:
                annotated = edits.name(module, "typing.Annotated", finding)
                provided: ProvidedType | None = finding.subject.provided
                for dotted in provided.imports if provided else ():
                    edits.name(module, dotted, finding)
                types[finding.subject.name] = provided.code if provided else None
            arrangement = arrangement_of(project, module, function, frozenset(types))
            assert not isinstance(arrangement, str)
            header = rewritten_header(module, function, types, arrangement, annotated, project.style)
            edits.replace(module, span, header, together[0])


def marker_of(project: Project, module: Module, function: Function, call: Call) -> str | None:
    """`Query` for a call of FastAPI's `Query`, by whatever name, None for a call of anything else."""
    symbol = project.resolve(module, call.callee, function.scopes)
    if symbol is None or symbol.path is not None:
        return None
    package, _, name = symbol.name.rpartition(".")
    return name if package == "fastapi" and name in PARAMETER_FUNCTIONS else None


# Why a finding is left alone


def reason_for_function(project: Project, module: Module, function: Function) -> str | None:
    versions = project.versions
    if not versions.supports_fastapi(ANNOTATED_SINCE):
        return (
            f"Annotated needs FastAPI {spelled(ANNOTATED_SINCE)}, and {versions.fastapi_source}"
            f" allows {spelled(versions.fastapi)}"
        )
    if function.is_method and function.name not in ("__init__", "__call__"):
        return f"a method of class `{function.scopes[-1].name}`: class-based views have rules of their own"
    for decorator in function.decorators:
        symbol = project.resolve(module, decorator.name, function.scopes)
        if symbol is not None and symbol.name in READS_DEFAULTS_ITSELF:
            return f"`@{decorator.name}` reads the defaults itself"
    if reachable_as(module, "typing.Annotated") is None:
        return "the module uses the name `Annotated` for something else"
    return None


def reason_for_parameter(
    project: Project, module: Module, function: Function, parameter: Parameter, marker: str
) -> str | None:
    call = parameter.call
    assert call is not None
    if call.unpacks:
        return f"`{marker}` gets unpacked arguments, and a default may be among them"
    is_empty_dependency = marker in ("Depends", "Security") and not call.positional and not call.argument("dependency")
    if parameter.annotation is None:
        if is_empty_dependency:
            return f"`{marker}()` takes the dependency from the annotation, and there is none"
    else:
        if reason := _reason_of_annotation(module, parameter.annotation, is_empty_dependency=is_empty_dependency):
            return reason
    if default := default_argument(call, marker):
        symbol = project.resolve(module, module.code(default.span), function.scopes)
        if symbol is not None and symbol.name.rpartition(".")[2] in ("PydanticUndefined", "Undefined", "Required"):
            return f"`{module.code(default.span)}` as a default is a marker of Pydantic, not a value"
    if _DOES_MORE.search(module.code(call.span)):
        node = module.expression(call.span)
        if any(isinstance(part, ast.NamedExpr | ast.Await | ast.Yield | ast.YieldFrom) for part in ast.walk(node)):
            return f"the arguments of `{marker}` do more than name things"
    if function.scopes or module.facts.postponed:
        return _reason_of_names(module, function, module.expression(call.span))
    return None


def _reason_of_annotation(module: Module, span: Span, *, is_empty_dependency: bool) -> str | None:
    code = module.code(span)
    if is_empty_dependency and code.endswith(("'", '"')):
        return "a quoted type cannot name the dependency inside `Annotated`"
    if "Annotated" not in code:
        return None
    annotation = module.expression(span)
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).rpartition(".")[2] == "Annotated":
        elements = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
        if any(isinstance(part, ast.Call) for element in elements[1:] for part in ast.walk(element)):
            return "its annotation carries metadata of its own, and which of the two wins is not certain"
    return None


def _reason_of_names(module: Module, function: Function, node: ast.expr) -> str | None:
    """Postponed annotations are evaluated later and in the module's globals: names must mean the same there and then."""
    used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    for scope in reversed(function.scopes):
        for name in sorted(used & scope.names):
            if module.facts.postponed:
                return (
                    f"`{name}` is known in `{scope.name}` only, and with postponed annotations FastAPI looks for it"
                    f" in the module"
                )
            if name in scope.rebound:
                return f"`{name}` has several values in `{scope.name}`, and an annotation may be evaluated later"
    if module.facts.postponed:
        for name in sorted(used):
            if len([b for b in module.bindings(name) if b.kind != "import"]) > 1:
                return f"`{name}` is bound more than once, and a postponed annotation sees the last value"
    return None


def reason_of_order(project: Project, module: Module, function: Function, going: frozenset[str]) -> str | None:
    arrangement = arrangement_of(project, module, function, going)
    return arrangement if isinstance(arrangement, str) else None


def arrangement_of(project: Project, module: Module, function: Function, going: frozenset[str]) -> Arrangement | str:
    """How the parameters stand once those in `going` have moved into `Annotated`, or why that cannot be."""
    places = []
    if not going:
        source = tuple(p.name for p in function.parameters if p.kind in ("", "/"))
        return Arrangement(source, None, source)
    for parameter in function.parameters:
        marker = marker_of(project, module, function, parameter.call) if parameter.call else None
        if parameter.name in going and parameter.call is not None and marker:
            has_default = keeps_default(module, parameter.call, marker)
        else:
            has_default = parameter.default is not None
        places.append(
            Place(parameter.name, parameter.kind, has_default, _group(project, module, function, parameter, marker))
        )
    return arrange(places)


_GROUPS = {
    "Body": "body", "Cookie": "cookie", "Depends": "dependency", "File": "body", "Form": "body", "Header": "header",
    "Path": "path", "Query": "query", "Security": "dependency",
}  # fmt: skip
_SCALARS = frozenset({"bool", "bytes", "float", "int", "str", "None"})
_SCALAR = re.compile(r"(?:(?:typing\.)?Optional\[)?(?:\w+)(?:\s*\|\s*\w+)*\]?$")


def _group(project: Project, module: Module, function: Function, parameter: Parameter, marker: str | None) -> str:
    """Where FastAPI takes the parameter from: within one place the order of parameters shows in OpenAPI."""
    if marker:
        return _GROUPS[marker]
    if parameter.annotation is None:
        return "url"
    annotation = module.code(parameter.annotation)
    if _SCALAR.match(annotation) and set(re.findall(r"\w+", annotation)) - {"typing", "Optional"} <= _SCALARS:
        return "url"
    node = module.expression(parameter.annotation) if "Annotated" in annotation else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        for element in node.slice.elts:
            if isinstance(element, ast.Call):
                symbol = project.resolve(module, ast.unparse(element.func), function.scopes)
                name = symbol.name.rpartition(".")[2] if symbol is not None and symbol.path is None else ""
                if name in _GROUPS:
                    return _GROUPS[name]
    symbol = project.resolve(module, annotation, function.scopes)
    if symbol is not None and symbol.path is None:
        package = symbol.name.partition(".")[0]
        if package in ("fastapi", "starlette") and not symbol.name.endswith("UploadFile"):
            return "special"
    if symbol is not None and project.derives_from(symbol, ("pydantic.BaseModel", "sqlmodel.SQLModel")):
        return "body"
    return "unknown"


def default_argument(call: Call, marker: str):
    """The argument that is the default: the first positional one or `default=`; dependencies have none."""
    if marker in ("Depends", "Security"):
        return None
    return call.argument("default") or (call.positional[0] if call.positional else None)


def keeps_default(module: Module, call: Call, marker: str) -> bool:
    """Whether a value stays behind `=`: there is a default and it is not `...`."""
    default = default_argument(call, marker)
    return default is not None and module.code(default.span) not in ("...", "Ellipsis")


class _Callers:
    """Who uses the functions that are about to lose their defaults, looked up once for all of them."""

    def __init__(self, project: Project, functions: Sequence[tuple[Module, Function]]) -> None:
        self.project = project
        symbols: set[Symbol] = set()
        for module, function in functions:
            if symbol := self._symbol(module, function):
                symbols.add(symbol)
        self.instances: dict[Symbol, list[Symbol]] = {}
        called_classes = {
            self._symbol(module, function) for module, function in functions if function.name == "__call__"
        } - {None}
        if called_classes:
            for module in project.modules():
                for assignment in module.facts.assignments:
                    symbol = project.resolve(module, assignment.call.callee, assignment.scopes)
                    if symbol in called_classes and symbol is not None and not assignment.scopes:
                        self.instances.setdefault(symbol, []).append(Symbol(module.path, assignment.target))
        self.found = uses(project, symbols | {s for some in self.instances.values() for s in some}, injected=False)

    def _symbol(self, module: Module, function: Function) -> Symbol | None:
        """The module-level name that a call would use: the function, or its class for `__init__` and `__call__`."""
        if not function.scopes:
            return Symbol(module.path, function.name)
        if len(function.scopes) == 1 and function.is_method:
            return Symbol(module.path, function.scopes[0].name)
        return None

    def reason(self, module: Module, function: Function, going: frozenset[str]) -> str | None:
        symbol = self._symbol(module, function)
        if symbol is None:
            return self._reason_of_local_calls(module, function, going)
        if function.name == "__call__":
            found = [use for instance in self.instances.get(symbol, ()) for use in self.found.get(instance, ())]
        else:
            found = self.found.get(symbol, [])
        for use in found:
            if reason := self._reason(module, function, going, use):
                return reason
        return None

    def _reason(self, module: Module, function: Function, going: frozenset[str], use: Use) -> str | None:
        if use.kind == "call" and isinstance(use.node, ast.Call):
            return self._reason_of_call(module, function, going, use.node, use.place)
        if use.kind in _HARMLESS_KINDS:
            return None
        if use.kind in ("attribute", "method"):
            return f"`{use.member}` of it is used at {use.place}" if use.member in _TELLS_OF_DEFAULTS else None
        if use.kind == "argument":
            callee = use.member.rpartition(".")[2]
            if callee in _HARMLESS_CALLEES or callee in _REGISTERING or _ROUTE_CALL.search(use.member):
                return None
            return f"handed to `{use.member}` at {use.place}, which may call it without arguments"
        if use.kind == "base":
            other = self.project.module(use.path)
            if (
                other is not None
                and "super().__init__" not in other.text
                and f"{function.scopes[-1].name}.__init__" not in other.text
            ):
                return None
            return f"class `{use.member}` at {use.place} extends it and may rely on its defaults"
        return f"used as a value at {use.place}, where it may be called without arguments"

    def _reason_of_call(
        self, module: Module, function: Function, going: frozenset[str], call: ast.Call, place: str
    ) -> str | None:
        if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
            return f"called directly at {place} with unpacked arguments, which may rely on the defaults"
        positional = [p.name for p in function.parameters if p.kind in ("", "/")]
        if function.is_method:
            positional = positional[1:]
        given = {*positional[: len(call.args)], *(k.arg for k in call.keywords)}
        if missing := sorted(going - given):
            names = ", ".join(f"`{name}`" for name in missing)
            return f"called directly at {place} without {names}, so it needs the default"
        arrangement = arrangement_of(self.project, module, function, going)
        if call.args and not isinstance(arrangement, str) and arrangement.moves_any_of(positional[: len(call.args)]):
            return f"called directly at {place} with positional arguments, and their order would change"
        return None

    def _reason_of_local_calls(self, module: Module, function: Function, going: frozenset[str]) -> str | None:
        """A function inside a function: its calls stand in the same top-level statement."""
        statement = module.facts.statements[function.statement]
        for node in ast.walk(module.tree(function.statement)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function.name:
                place = f"{module.path}:{statement.line + node.lineno - 1}"
                if reason := self._reason_of_call(module, function, going, node, place):
                    return reason
        return None
