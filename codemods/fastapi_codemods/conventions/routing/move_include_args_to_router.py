"""A router says its own prefix, tags and dependencies.

`app.include_router(users.router, prefix="/users", tags=["users"])` becomes `app.include_router(users.router)`, and
`router = APIRouter()` in `users.py` becomes `router = APIRouter(prefix="/users", tags=["users"])`. `dependencies` and
`responses` move the same way, in front of what the router has already.

## Why

Who reads the module of a router sees the paths it serves, and what guards them, without looking for the place where
it is included; the application's module becomes a list of routers. FastAPI's own style guide asks for it.

## Left alone

- A router that is included more than once, or whose routes are used in any other way: the arguments of one place
  would apply in all of them.
- A router that is included in a loop, or that cannot be found in the project's source.
- A router that is an instance of the project's own subclass of `APIRouter`, or has unpacked arguments.
- A prefix that is computed, and a prefix for a router with mounts or plain Starlette routes, which ignore it.
- Arguments that name something the router's module cannot import without closing a circle.
- A prefix in a project that reads `scope["route"]`, see Safety.

## Safety

Safe: OpenAPI, paths, and the order of tags and dependencies stay the same. From FastAPI 0.137 on
`request.scope["route"].path` is the router's path with the router's prefix and without that of `include_router`; it
gains the prefix here, which logs and metrics that use it as a label show. The finding says so.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Assignment, MethodCall, Module, Project, Span, Symbol
from ...project.references import Use, lines_of, uses

MOVABLE = ("prefix", "tags", "dependencies", "responses")

ROUTES_IGNORE_INCLUDE_PREFIX_SINCE = (0, 137)
_READS_ROUTE = re.compile(r"scope\[[\"']route[\"']\]|scope\.get\([\"']route[\"']")

# What registers on a router without looking at where it is included.
_ROUTE_METHODS = frozenset(
    {
        "add_api_route", "add_api_websocket_route", "api_route", "delete", "get", "head", "include_router", "on_event",
        "options", "patch", "post", "put", "trace", "websocket",
    }
)  # fmt: skip
_WITHOUT_PREFIX = frozenset({"add_route", "add_websocket_route", "host", "mount", "route", "websocket_route"})


class Subject(NamedTuple):
    include: MethodCall
    router: Assignment
    router_path: str
    values: tuple[tuple[str, str], ...]
    """New values of the constructor's arguments, as code."""
    imports: tuple[str, ...]
    """Dotted names that the router's module must import for them."""


class MoveIncludeArgsToRouter(Codemod):
    safety = Safety.SAFE
    tokens = ("include_router",)

    def find(self, project: Project) -> Iterator[Finding]:
        includes = [
            (module, call, [name for name in MOVABLE if call.call.argument(name)])
            for module, call in project.calls("include_router")
        ]
        resolved = {id(call): _router_symbol(project, module, call) for module, call, _ in includes}
        found = uses(project, {symbol for symbol in resolved.values() if symbol is not None})
        for module, call, names in includes:
            if not names:
                continue
            symbol = resolved[id(call)]
            written = _router_code(module, call)
            if symbol is None and not (call.looped or _is_plain(written)):
                continue  # made on the spot: there is no other place for its arguments
            if symbol is not None and symbol.path is None:
                continue  # from another distribution
            result = _moved(project, module, call, names, symbol, found.get(symbol, []) if symbol else [])
            listed = ", ".join(f"`{name}`" for name in names)
            message = f"{listed} of `{written}` stand{'s' if len(names) == 1 else ''} in `include_router` instead of in its `APIRouter(...)`"
            if "prefix" in names and project.versions.supports_fastapi(ROUTES_IGNORE_INCLUDE_PREFIX_SINCE):
                message += '; `request.scope["route"].path` gains the prefix'
            yield self.finding(
                module.location(call.line, call.column, call.end_line),
                message,
                anchor=f"{call.receiver}.include_router({written})",
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            subject: Subject = finding.subject
            including = project.module(finding.location.path)
            home = project.module(subject.router_path)
            assert including is not None
            assert home is not None
            for dotted in subject.imports:
                edits.name(home, dotted, finding)
            change_arguments(edits, including, subject.include.call, finding, remove=MOVABLE)
            change_arguments(edits, home, subject.router.call, finding, values=dict(subject.values))


def _router_code(module: Module, call: MethodCall) -> str:
    argument = call.call.argument("router") or (call.call.positional[0] if call.call.positional else None)
    return module.code(argument.span) if argument else ""


def _is_plain(code: str) -> bool:
    return re.fullmatch(r"[\w.]+", code) is not None


def _router_symbol(project: Project, module: Module, call: MethodCall) -> Symbol | None:
    code = _router_code(module, call)
    return project.resolve(module, code, call.scopes) if _is_plain(code) else None


def _moved(
    project: Project,
    module: Module,
    call: MethodCall,
    names: Sequence[str],
    symbol: Symbol | None,
    found: Sequence[Use],
) -> Subject | str:
    """What moves where, or why nothing does."""
    written = _router_code(module, call)
    if call.looped:
        return "the router is included in a loop, and the arguments are meant for each of them"
    if call.call.unpacks:
        return "`include_router` gets unpacked arguments"
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if symbol is None or home is None:
        return f"where `{written}` is made cannot be told from the source"
    made = [a for a in home.facts.assignments if a.target == symbol.name and not a.scopes]
    if len(made) != 1 or len(home.bindings(symbol.name)) != 1 or made[0].conditional:
        return f"`{written}` is not made by one assignment in {symbol.path}"
    router = made[0]
    cls = project.resolve(home, router.call.callee)
    if cls != Symbol(None, "fastapi.APIRouter"):
        return f"`{router.call.callee}` is not FastAPI's own APIRouter, and may treat these arguments in its own way"
    if router.call.unpacks:
        return f"`{router.call.callee}` gets unpacked arguments"
    if reason := _reason_of_uses(found, has_prefix="prefix" in names):
        return reason
    if "prefix" in names and (reason := _reason_of_labels(project)):
        return reason
    values: list[tuple[str, str]] = []
    imports: list[str] = []
    for name in names:
        merged = _merged(project, module, home, call, router, name)
        if isinstance(merged, _Refused):
            return merged.reason
        code, needed = merged
        if code:
            values.append((name, code))
            imports += needed
    return Subject(call, router, home.path, tuple(values), tuple(dict.fromkeys(imports)))


def _reason_of_uses(found: Sequence[Use], *, has_prefix: bool) -> str | None:
    included = [use for use in found if use.kind == "argument" and use.member.rpartition(".")[2] == "include_router"]
    if len(included) != 1:
        return f"the router is included {len(included)} times: {lines_of(included)}"
    for use in found:
        if use in included:
            continue
        if use.kind in ("decorator", "method") and use.member in _ROUTE_METHODS:
            continue
        if use.kind in ("decorator", "method") and use.member in _WITHOUT_PREFIX:
            if not has_prefix:
                continue
            return f"`{use.member}` at {use.place} ignores the prefix of a router"
        what = f"`{use.member}` of it" if use.member else "it"
        return f"the router is used elsewhere: {what} at {use.place}"
    return None


def _reason_of_labels(project: Project) -> str | None:
    if not project.versions.supports_fastapi(ROUTES_IGNORE_INCLUDE_PREFIX_SINCE):
        return None
    for module in project.modules():
        if found := _READS_ROUTE.search(module.text):
            line = module.text.count("\n", 0, found.start()) + 1
            return f'{module.path}:{line} reads `scope["route"]`, whose path would gain the prefix'
    return None


class _Refused(NamedTuple):
    reason: str


def _merged(
    project: Project, module: Module, home: Module, call: MethodCall, router: Assignment, name: str
) -> tuple[str, list[str]] | _Refused:
    """The constructor's new value of `name`, and what its module must import for it. Empty code: nothing to write."""
    given = call.call.argument(name)
    own = router.call.argument(name)
    assert given is not None
    code = module.code(given.span)
    if name == "prefix":
        return _merged_prefix(project, module, home, given.span, own.span if own else None)
    node = module.expression(given.span)
    expected: type[ast.expr] = ast.Dict if name == "responses" else ast.List
    if not isinstance(node, expected):
        return _Refused(f"`{name}` is not written literally")
    imports = _imports_for(project, module, home, call, node)
    if isinstance(imports, _Refused):
        return imports
    if own is None:
        return _dedented(code), imports
    own_node = home.expression(own.span)
    own_code = home.code(own.span)
    if not isinstance(own_node, expected):
        return _Refused(f"`{name}` of the router's own is not written literally")
    if isinstance(node, ast.Dict) and isinstance(own_node, ast.Dict):
        keys = [*node.keys, *own_node.keys]
        spelled = {ast.unparse(key) for key in keys if isinstance(key, ast.Constant)}
        if len(spelled) != len(keys):
            return _Refused("`responses` of both places overlap")
    if "#" in code + own_code or "\n" in code + own_code:
        return _Refused(f"the router has `{name}` of its own, over several lines")
    inner, own_inner = code[1:-1].strip().rstrip(","), own_code[1:-1].strip().rstrip(",")
    return f"{code[0]}{', '.join(part for part in (inner, own_inner) if part)}{code[-1]}", imports


def _merged_prefix(
    project: Project, module: Module, home: Module, given: Span, own: Span | None
) -> tuple[str, list[str]] | _Refused:
    prefix = project.string(module, given)
    if prefix is None:
        return _Refused("the prefix is computed")
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        return _Refused("the prefix does not start with a slash, or ends with one: FastAPI refuses it")
    if own is None:
        return (_in_quotes_of(module.code(given), prefix) if prefix else ""), []
    other = project.string(home, own)
    if other is None:
        return _Refused("the router's own prefix is computed")
    return (_in_quotes_of(home.code(own), prefix + other) if prefix else ""), []


def _in_quotes_of(literal: str, value: str) -> str:
    quote = "'" if literal.endswith("'") else '"'
    return f"{quote}{value}{quote}" if value.isprintable() and quote not in value and "\\" not in value else repr(value)


def _dedented(code: str) -> str:
    """Lines that go on in their new place as they did, moved to the left edge of the argument."""
    lines = code.split("\n")
    if len(lines) < 2:
        return code
    margin = min((len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()), default=0)
    unit = " " * 4
    return "\n".join([lines[0], *(unit + line[margin:] if line.strip() else line for line in lines[1:])])


def _imports_for(
    project: Project, module: Module, home: Module, call: MethodCall, node: ast.expr
) -> list[str] | _Refused:
    """What the router's module must import so that every name in `node` means there what it means here."""
    imports: list[str] = []
    for name in sorted({part.id for part in ast.walk(node) if isinstance(part, ast.Name)}):
        meaning = project.resolve(module, name, call.scopes)
        if meaning is None:
            if hasattr(builtins, name) and not module.bindings(name) and not home.bindings(name):
                continue
            return _Refused(f"`{name}` is known in {module.path} only")
        if project.resolve(home, name) == meaning and _is_imported(home, name):
            continue
        if home.bindings(name):
            return _Refused(f"`{name}` means something else, or comes too late, in {home.path}")
        dotted = _importable(project, home, meaning)
        reachable = reachable_as(home, dotted) if dotted and dotted.rpartition(".")[2] == name else None
        if reachable is None or reachable.expression != name:
            return _Refused(f"{home.path} cannot import `{name}` without closing a circle or renaming it")
        imports.append(dotted)
    return imports


def _is_imported(home: Module, name: str) -> bool:
    """Imports stand above the router; a definition of the same module might not."""
    return all(binding.kind == "import" and not binding.conditional for binding in home.bindings(name))


def _importable(project: Project, home: Module, meaning: Symbol) -> str:
    """The dotted name to import, or empty where the import could lead back to the router's own module."""
    if meaning.path is None:
        return meaning.name
    if not meaning.name or "." in meaning.name or project.imports_lead(meaning.path, home.path):
        return ""
    return f"{project.dotted_name(meaning.path)}.{meaning.name}"
