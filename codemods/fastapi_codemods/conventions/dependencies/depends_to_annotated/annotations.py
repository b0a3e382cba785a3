"""What an annotation means to FastAPI beside a marker as the default, and whether it means the same around the marker.

With the marker as the default, FastAPI asks nothing of the annotation of a dependency, and takes that of a parameter as
it is. In `Annotated`, it must be able to evaluate all of it, and it reads metadata that it passed over before.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence

from ....project import Call, Function, Module, Parameter, Project, Scope, Span, Symbol
from ....project.fastapi_names import PARAMETER_FUNCTIONS
from ....project.model import Binding
from ....project.reader import ROUTE_METHODS, dotted
from ....project.versions import spelled
from ....source.nodes import walk
from .markers import DEPENDENCIES, default_argument, dependency_argument

# Since then, annotations of methods are evaluated where the method stands, and those of wrapped functions too.
EVALUATES_METHODS = (0, 123, 7)

ANNOTATED = ("typing.Annotated", "typing_extensions.Annotated")

# Types of Pydantic that are `Annotated[...]`, their names alone.
_PYDANTIC = re.compile(
    r"pydantic(?:\.types|\.networks)?\.(?:con\w+"
    r"|(?:Non)?(?:Positive|Negative)(?:Int|Float)|(?:Strict|Finite)\w+|UUID[1-8]|(?:File|Directory|New|Socket)Path"
    r"|Base64\w+|Encoded\w+|OnErrorOmit|AllowInfNan)"
)
_ALIAS_STATEMENT = re.compile(r"\s*type\s+\w+|.*\bTypeAliasType\s*\(", re.DOTALL)


def unquoted(module: Module, function: Function, span: Span) -> str | None:
    """The type that a quoted annotation names, where its names are known when the function is defined."""
    node = module.expression(span)
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or "\n" in node.value:
        return None
    try:
        inner = ast.parse(node.value, mode="eval").body
    except SyntaxError:
        return None
    for name in _names(inner):
        if any(name in scope.names for scope in function.scopes):
            return None
        if not is_known_early(module, function, name) and not (hasattr(builtins, name) and not module.bindings(name)):
            return None
    return node.value.strip()


def is_known_early(module: Module, function: Function, name: str) -> bool:
    """Whether a module-level name certainly has its value when the function is defined."""
    bindings = module.bindings(name)
    if not bindings or any(b.conditional or b.kind == "other" for b in bindings):
        return False
    if all(b.kind == "import" for b in bindings) and name not in module.imports:
        return False
    return all(b.statement < function.statement for b in bindings)


def is_quoted(module: Module, span: Span) -> bool:
    return module.code(span).endswith(("'", '"'))


def reason_of_annotation(
    project: Project, module: Module, function: Function, annotation: Span, call: Call, marker: str
) -> str | None:
    """Why the annotation must not stand in `Annotated` beside this marker."""
    takes_no_type = marker in DEPENDENCIES and dependency_argument(call) is not None
    if function.scopes or is_quoted(module, annotation):
        return _reason_of_type(project, module, function, annotation, marker, takes_no_type=takes_no_type)
    # Hundreds of handlers of a module use the same few types.
    known = project.remembered((module, "reasons of types"), dict[tuple[str, bool, bool], str | None])
    key = (module.code(annotation), marker in DEPENDENCIES, takes_no_type)
    if key not in known:
        known[key] = _reason_of_type(project, module, function, annotation, marker, takes_no_type=takes_no_type)
    return known[key]


def _reason_of_type(
    project: Project, module: Module, function: Function, annotation: Span, marker: str, *, takes_no_type: bool
) -> str | None:
    node = module.expression(annotation)
    if is_quoted(module, annotation):
        if takes_no_type:
            return None
        code = unquoted(module, function, annotation)
        if code is None:
            return "FastAPI does not look up a quoted type inside `Annotated`, and its names are not known before here"
        node = ast.parse(code, mode="eval").body
    if isinstance(node, ast.Subscript) and _means(project, module, function.scopes, node.value, ANNOTATED):
        metadata = node.slice.elts[1:] if isinstance(node.slice, ast.Tuple) else []
        if any(_is_marker(project, module, function.scopes, element) for element in metadata):
            return "its annotation has a parameter function of FastAPI already"
        if takes_no_type or all(isinstance(element, ast.Constant) for element in metadata):
            return None
        return "its annotation carries metadata, which FastAPI ignores beside a default and obeys in `Annotated`"
    if takes_no_type:
        return None
    kind = _kind_of_type(project, module, function.scopes, node)
    if kind == "annotated" and marker not in DEPENDENCIES:
        return (
            f"`{ast.unparse(node)}` is an `Annotated` type, whose metadata FastAPI ignores beside a default"
            f" and obeys in `Annotated`"
        )
    if kind == "alias":
        return f"`{ast.unparse(node)}` is a type alias, which FastAPI does not look into inside `Annotated`"
    return None


def _means(project: Project, module: Module, scopes: Sequence[Scope], node: ast.expr, names: Sequence[str]) -> bool:
    symbol = project.resolve(module, dotted(node), scopes)
    return symbol is not None and symbol.path is None and symbol.name in names


def _is_marker(project: Project, module: Module, scopes: Sequence[Scope], node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _means(
        project, module, scopes, node.func, [f"fastapi.{name}" for name in PARAMETER_FUNCTIONS]
    )


def _kind_of_type(
    project: Project, module: Module, scopes: Sequence[Scope], node: ast.expr, depth: int = 0
) -> str | None:
    """`annotated` for a name of an `Annotated[...]`, `alias` for one of a `type` statement, None for any other type."""
    if isinstance(node, ast.Subscript) and depth:
        return "annotated" if _means(project, module, scopes, node.value, ANNOTATED) else None
    symbol = project.resolve(module, dotted(node.func if isinstance(node, ast.Call) else node), scopes)
    if symbol is None or depth > 5:
        return None
    if symbol.path is None:
        return "annotated" if _PYDANTIC.fullmatch(symbol.name) else None
    home = project.module(symbol.path)
    if home is None or isinstance(node, ast.Call):
        return None
    for binding in home.bindings(symbol.name):
        if kind := _kind_of_binding(project, home, binding, symbol, depth):
            return kind
    return None


def _kind_of_binding(project: Project, home: Module, binding: Binding, symbol: Symbol, depth: int) -> str | None:
    if binding.kind in ("class", "def", "import"):
        return None
    if _ALIAS_STATEMENT.match(home.statement_text(binding.statement)):
        return "alias"
    for statement in home.tree(binding.statement).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(dotted(target) == symbol.name for target in targets):
                return _kind_of_type(project, home, (), statement.value, depth + 1)
    return None


def reason_of_names(module: Module, function: Function, parameter: Parameter, call: Call, marker: str) -> str | None:
    """An annotation may be evaluated later, and a postponed one in the module's globals: is everything there then?"""
    moved = list(_moved_names(module, call, marker))
    if not module.facts.postponed:
        return _reason_of_rebinding(function, moved)
    own = _names_in(module, parameter.annotation) if parameter.annotation else []
    if reason := _reason_of_scopes(function, [*moved, *own]):
        return reason
    for name in moved:
        bindings = [b for b in module.bindings(name) if b.kind != "import"]
        if len(bindings) > 1 or any(b.kind == "other" for b in bindings):
            return f"`{name}` is bound more than once, and a postponed annotation sees the last value"
    others = [] if not function.is_method else list(_names_of_signature(module, function))
    for name in [*moved, *own, *others]:
        if reason := _reason_of_unknown(module, name):
            return reason
    return _reason_of_identity(module, function, call, marker)


def reason_of_evaluation(project: Project, module: Module, function: Function) -> str | None:
    """Postponed annotations that FastAPI evaluates in the right module only since some version."""
    versions = project.versions
    if not module.facts.postponed or (
        versions.supports_fastapi(EVALUATES_METHODS) and versions.supports_python((3, 10))
    ):
        return None
    wrapped = [d for d in function.decorators if not is_route_decorator(d.name)]
    if not function.is_method and not wrapped:
        return None
    what = "of a method" if function.is_method else f"under `@{wrapped[0].name}`"
    return (
        f"FastAPI evaluates postponed annotations {what} from {spelled(EVALUATES_METHODS)} and Python 3.10 on,"
        f" and the project allows older ones"
    )


def is_route_decorator(name: str) -> bool:
    receiver, _, method = name.rpartition(".")
    return bool(receiver) and method in ROUTE_METHODS


def _moved_names(module: Module, call: Call, marker: str) -> Iterator[str]:
    """The names in what goes into `Annotated`: the call without its default."""
    default = default_argument(call, marker)
    yield call.callee.partition(".")[0]
    for argument in call.arguments:
        if argument is not default:
            written = module.code(argument.span)
            if written.isidentifier() and written not in ("None", "True", "False"):
                yield written
            else:
                yield from _names_in(module, argument.span)


def _names_of_signature(module: Module, function: Function) -> Iterator[str]:
    for span in (*(p.annotation for p in function.parameters), function.returns):
        if span is not None:
            yield from _names_in(module, span)


def _names_in(module: Module, span: Span) -> list[str]:
    """`_names`, once for all that is written alike: `str`, `Session`."""
    known: dict[str, list[str]] = module.remembered("names of annotations", dict)
    code = module.code(span)
    if code not in known:
        known[code] = _names(module.expression(span))
    return known[code]


def _names(node: ast.expr) -> list[str]:
    """Those that an expression reads from around it."""
    inner = {part.arg for part in walk(node) if isinstance(part, ast.arg)}
    inner |= {part.id for part in walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    return sorted({part.id for part in walk(node) if isinstance(part, ast.Name)} - inner)


def _reason_of_rebinding(function: Function, names: Sequence[str]) -> str | None:
    for scope in reversed(function.scopes):
        for name in names:
            if name in scope.rebound:
                return f"`{name}` has several values in `{scope.name}`, and an annotation may be evaluated later"
    return None


def _reason_of_scopes(function: Function, names: Sequence[str]) -> str | None:
    for scope in reversed(function.scopes):
        for name in names:
            if name in scope.names:
                return (
                    f"`{name}` is known in `{scope.name}` only, and with postponed annotations FastAPI looks for it"
                    f" in the module"
                )
    return None


def _reason_of_unknown(module: Module, name: str) -> str | None:
    bindings = module.bindings(name)
    if bindings:
        if all(b.kind == "import" for b in bindings) and name not in module.imports:
            return f"`{name}` is imported for type checkers only, and FastAPI would have to evaluate it"
        return None
    if module.facts.stars or hasattr(builtins, name):
        return None
    return f"`{name}` is not known in the module, and FastAPI would have to evaluate it"


def _reason_of_identity(module: Module, function: Function, call: Call, marker: str) -> str | None:
    """`Depends(Limiter(5))`: one limiter for all routes that use the function, or one for each?"""
    argument = dependency_argument(call) if marker in DEPENDENCIES else None
    if argument is None:
        return None
    routes = [d for d in function.decorators if is_route_decorator(d.name)]
    if len(routes) == 1 and not function.is_method:
        return None
    node = module.expression(argument.span)
    if any(isinstance(part, ast.Call | ast.Lambda) for part in walk(node)):
        return (
            f"`{ast.unparse(node)}` would be made anew for each route that uses `{function.name}`,"
            f" because annotations are postponed"
        )
    return None
