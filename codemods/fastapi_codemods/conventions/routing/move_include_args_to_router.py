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
- A router that is included in a loop, made in a function, or that cannot be found in the project's source.
- A router that is an instance of the project's own subclass of `APIRouter`, or has unpacked arguments.
- An `include_router` that the project writes itself.
- A prefix that is computed, and a prefix for a router with mounts or plain Starlette routes, which ignore it.
- Arguments that name something the router's module cannot import without closing a circle, that a function makes
  anew whenever it is called, or that are not written as a list or a dictionary.
- A prefix in a project that reads `scope["route"]`, see Safety.

## Safety

Safe: OpenAPI, paths, and the order of tags and dependencies stay the same. From FastAPI 0.137 on
`request.scope["route"].path` is the router's path with the router's prefix and without that of `include_router`; it
gains the prefix here, which logs and metrics that use it as a label show. The finding says so.

A call of several lines that is left with the router alone goes on one line.

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
from ...edits.lines import has_comment, has_string_over_lines
from ...findings import Finding, Safety
from ...project import Assignment, MethodCall, Module, Project, Span, Symbol
from ...project.fastapi_names import canonical
from ...project.import_paths import leads_to, relative_name
from ...project.reader import dotted
from ...project.references import INJECTORS, Use, lines_of, uses
from ...project.versions import spelled
from ...source.nodes import walk

MOVABLE = ("prefix", "tags", "dependencies", "responses")

ROUTES_IGNORE_INCLUDE_PREFIX_SINCE = (0, 137)
_READS_ROUTE = re.compile(rb"scope\[\s*[\"']route[\"']\s*\]|scope\.get\(\s*[\"']route[\"']")

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
            verb = "stands" if len(names) == 1 else "stand"
            message = f"{listed} of `{written}` {verb} in `include_router` instead of in its `APIRouter(...)`"
            if "prefix" in names:
                message += f'; {_since(project)}`request.scope["route"].path` gains the prefix'
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
            for name in subject.imports:
                edits.name(home, name, finding)
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


def _since(project: Project) -> str:
    """Where the project may run on older versions too: which ones this is true of."""
    if project.versions.supports_fastapi(ROUTES_IGNORE_INCLUDE_PREFIX_SINCE):
        return ""
    return f"from FastAPI {spelled(ROUTES_IGNORE_INCLUDE_PREFIX_SINCE)} on "


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
    if reason := _reason_of_call(project, module, call):
        return reason
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if symbol is None or home is None:
        scopes = [scope.name for scope in call.scopes]
        for made in module.facts.assignments:
            around = [scope.name for scope in made.scopes]
            if around and made.target == written and around == scopes[: len(around)]:
                return f"`{written}` is made in `{around[-1]}`, each time that is called"
        return f"where `{written}` is made cannot be told from the source"
    makers = [a for a in home.facts.assignments if a.target == symbol.name and not a.scopes]
    if len(makers) != 1 or len(home.bindings(symbol.name)) != 1 or makers[0].conditional:
        return f"`{written}` is not made by one `APIRouter(...)` in {symbol.path}"
    router = makers[0]
    cls = project.resolve(home, router.call.callee)
    if cls != Symbol(None, "fastapi.APIRouter"):
        return f"`{router.call.callee}` is not FastAPI's own APIRouter, and may treat these arguments in its own way"
    if router.call.unpacks:
        return f"`{router.call.callee}` gets unpacked arguments"
    if sum(other.call.span == router.call.span for other in home.facts.assignments) > 1:
        return f"`{written}` has another name beside it in {symbol.path}"
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


def _reason_of_call(project: Project, module: Module, call: MethodCall) -> str | None:
    if call.looped:
        return "the router is included in a loop, and the arguments are meant for each of them"
    if call.call.unpacks:
        return "`include_router` gets unpacked arguments"
    receiver = project.resolve(module, call.receiver, call.scopes)
    home = project.module(receiver.path) if receiver is not None and receiver.path is not None else None
    for assignment in home.facts.assignments if home is not None else ():
        if receiver is not None and home is not None and assignment.target == receiver.name and not assignment.scopes:
            made = project.resolve(home, assignment.call.callee)
            if made is not None and made.path is None and made.name in ("fastapi.FastAPI", "fastapi.APIRouter"):
                return None
    for other, function in project.functions():
        if function.is_method and function.name == "include_router":
            return f"`{call.receiver}` may have the `include_router` that {other.path}:{function.line} defines"
    return None


def _reason_of_uses(found: Sequence[Use], *, has_prefix: bool) -> str | None:
    included = [use for use in found if use.kind == "argument" and use.member.rpartition(".")[2] == "include_router"]
    if len(included) > 1:
        return f"the router is included {len(included)} times: {lines_of(included)}"
    if not included:
        return "where else the router is used cannot be told from the source"
    for use in found:
        if use in included:
            continue
        if use.kind in ("decorator", "method") and use.member in _ROUTE_METHODS:
            continue
        if use.kind in ("decorator", "method") and use.member in _WITHOUT_PREFIX:
            if not has_prefix:
                continue
            return f"`{use.member}` at {use.place} ignores the prefix of a router"
        if use.kind == "argument":
            return f"the router is handed to `{use.member}` at {use.place} too"
        what = f"`{use.member}` of it" if use.member else "it"
        return f"the router is used elsewhere: {what} at {use.place}"
    return None


def _reason_of_labels(project: Project) -> str | None:
    return project.remembered("reads of scope route", lambda: _read_of_route(project))


def _read_of_route(project: Project) -> str | None:
    """Code anywhere in the project, in a middleware that does not mention FastAPI too, that sees the change."""
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        if found := _READS_ROUTE.search(data):
            line = data.count(b"\n", 0, found.start()) + 1
            return f'{path}:{line} reads `scope["route"]`, whose path would gain the prefix'
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
    own_code = home.code(own.span) if own is not None else ""
    if code == "None":
        return "", []
    if has_string_over_lines(code) and name != "prefix":
        return _Refused(f"a string in `{name}` goes over several lines")
    if name == "prefix":
        return _merged_prefix(project, module, home, given.span, own.span if own else None)
    node = module.expression(given.span)
    expected: type[ast.expr] = ast.Dict if name == "responses" else ast.List
    if not isinstance(node, expected):
        return _Refused(f"`{name}` is not written as a {'dictionary' if name == 'responses' else 'list'}")
    if isinstance(node, ast.List | ast.Dict) and not (node.elts if isinstance(node, ast.List) else node.values):
        return "", []
    imports = _imports_for(project, module, home, call, router, node)
    if isinstance(imports, _Refused):
        return imports
    if own is None or own_code == "None":
        return _dedented(module, given.span), imports
    own_node = home.expression(own.span)
    if not isinstance(own_node, expected):
        return _Refused(f"`{name}` of the router's own is not written as a {expected.__name__.lower()}")
    if isinstance(node, ast.Dict) and isinstance(own_node, ast.Dict):
        keys = [*node.keys, *own_node.keys]
        written = {ast.unparse(key) for key in keys if isinstance(key, ast.Constant)}
        if len(written) != len(keys):
            return _Refused("`responses` of both places overlap, or may")
    if has_comment(code) or has_comment(own_code):
        return _Refused(f"the router has `{name}` of its own, and a comment stands in one of them")
    parts = [*_elements(code), *_elements(own_code)]
    if any("\n" in part for part in parts):
        return _Refused(f"the router has `{name}` of its own, and one of them goes over several lines")
    return f"{code[0]}{', '.join(parts)}{code[-1]}", imports


def _elements(code: str) -> list[str]:
    """The elements of a list or the items of a dictionary, as written."""
    node = ast.parse(code, mode="eval").body
    if isinstance(node, ast.List):
        return [ast.get_source_segment(code, element) or "" for element in node.elts]
    assert isinstance(node, ast.Dict)
    items = []
    for key, value in zip(node.keys, node.values, strict=True):
        written = ast.get_source_segment(code, value) or ""
        items.append(f"{ast.get_source_segment(code, key)}: {written}" if key is not None else f"**{written}")
    return items


def _merged_prefix(
    project: Project, module: Module, home: Module, given: Span, own: Span | None
) -> tuple[str, list[str]] | _Refused:
    prefix = project.string(module, given)
    if prefix is None:
        return _Refused("the prefix is computed")
    if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
        return _Refused("the prefix does not start with a slash, or ends with one: FastAPI refuses it")
    if has_comment(module.code(given)) or (own is not None and has_comment(home.code(own))):
        return _Refused("a comment stands in the prefix")
    if own is None:
        return (_in_quotes_of(module.code(given), prefix) if prefix else ""), []
    other = project.string(home, own)
    if other is None:
        return _Refused("the router's own prefix is computed")
    return (_in_quotes_of(home.code(own), prefix + other) if prefix else ""), []


def _in_quotes_of(literal: str, value: str) -> str:
    quote = "'" if literal.endswith("'") else '"'
    return f"{quote}{value}{quote}" if value.isprintable() and quote not in value and "\\" not in value else repr(value)


def _dedented(module: Module, span: Span) -> str:
    """The code of an expression, its lines as they would stand at the left edge of a file."""
    line_start = module.text.rfind("\n", 0, span.start) + 1
    line = module.text[line_start : span.start]
    margin = line[: len(line) - len(line.lstrip())]
    first, *others = module.code(span).split("\n")
    return "\n".join([first, *(line.removeprefix(margin) for line in others)])


def _imports_for(
    project: Project, module: Module, home: Module, call: MethodCall, router: Assignment, node: ast.expr
) -> list[str] | _Refused:
    """What the router's module must import so that every name in `node` means there what it means here."""
    if any(scope.kind == "function" for scope in call.scopes):
        for part in walk(node):
            if isinstance(part, ast.Call) and not _is_injector(project.resolve(module, dotted(part.func), call.scopes)):
                return _Refused(f"`{ast.unparse(part)}` is made anew whenever `{call.scopes[0].name}` is called")
    imports: list[str] = []
    for name in sorted({part.id for part in walk(node) if isinstance(part, ast.Name)}):
        meaning = project.resolve(module, name, call.scopes)
        if meaning is None:
            if hasattr(builtins, name) and not module.bindings(name) and not home.bindings(name):
                continue
            return _Refused(f"`{name}` is known in {module.path} only")
        if project.resolve(home, name) == meaning and home.bindings(name):
            if all(b.statement < router.statement and not b.conditional for b in home.bindings(name)):
                continue
            return _Refused(f"`{name}` comes too late in {home.path}")
        if home.bindings(name):
            return _Refused(f"`{name}` means something else in {home.path}")
        source = _source_of(project, module, home, call, name, meaning)
        if isinstance(source, _Refused):
            return source
        dotted_name = f"{source}.{name}"
        reachable = reachable_as(home, dotted_name)
        if reachable is None or reachable.expression != name or not _is_above(home, source, router):
            return _Refused(f"`{name}` cannot be imported above the router in {home.path}")
        imports.append(dotted_name)
    return imports


def _is_injector(symbol: Symbol | None) -> bool:
    return symbol is not None and symbol.path is None and symbol.name in INJECTORS


def _is_above(home: Module, source: str, router: Assignment) -> bool:
    """Whether a name added to what the module imports from `source` is there when the router is made."""
    separator = "" if source.endswith(".") else "."
    return all(
        item.statement < router.statement
        for item in home.facts.imports
        if not item.scopes and item.target.startswith(source + separator)
    )


def _source_of(
    project: Project, module: Module, home: Module, call: MethodCall, name: str, meaning: Symbol
) -> str | _Refused:
    """The module from which the router's module can import a name as the including one does."""
    target = module.imports.get(name, [""])[0]
    if any(name in scope.names for scope in call.scopes):
        target = next((item.target for item in module.facts.imports if item.scopes and item.local == name), "")
    if meaning.path is not None:
        if leads_to(project, meaning.path, home):
            return _Refused(f"{home.path} cannot import `{name}` without closing a circle")
        if not target:
            return f"{project.dotted_name(meaning.path)}"
    source, _, imported = target.rpartition(".")
    if not target.startswith(".") and not source:
        return _Refused(f"`{name}` is a whole module, which {home.path} does not import")
    if imported != name:
        return _Refused(f"`{name}` has that name in {module.path} only")
    if not target.startswith("."):
        # What FastAPI publishes in several places is one object.
        return source if meaning.path is not None else canonical(target).rpartition(".")[0] or source
    absolute = project.module_path(module.path, source if source.strip(".") else target[: -len(name)])
    if absolute is None:
        return _Refused(f"where {home.path} can import `{name}` from cannot be told")
    return relative_name(home.path, absolute)
