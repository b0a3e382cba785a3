"""One giant module of routes becomes an application that includes one router for each domain.

`main.py` keeps the application: its creation, middleware, exception handlers. The routes of each domain go to a module
of their own, `routers/users.py`, with `router = APIRouter(prefix="/users")`, and are included where they were. The text
of a handler moves as it is, comments included; its decorators name the new router, and its paths lose the prefix.
Models, helpers and constants that only one domain uses go with it. What several use goes to `schemas.py` (models) or
`dependencies.py`, which import no router. Names that other modules or tests import from the old module can still be
imported from there and are the same objects; `patch("main.fetch")` is rewritten to where the name is now looked up.

A domain is a tag, where nearly all routes have one or all below a path have the same, else the first segment of the
path that is not `api`, `v1` or common to all. Routers go where the project has its routers, else to `routers/`.

Options, in `[tool.fastapi-codemods.split-router]` or on the command line: `by` (`tag` or `path`), `group`
(`["billing=/invoices,/payments"]`), `min-routes` (of a domain, 2), `into` (a folder, from the old module's), `add-tags`
(gives a router whose routes have no tag the name of its domain as one, which changes OpenAPI).

## Why

A module of thousands of lines is where every change collides with every other, and nobody sees what belongs together.
FastAPI's answer is one router for each part of an application.

## Left alone

Modules of up to ten operations and 300 lines, unless the codemod is named in `--select`; domains of one operation; a
router whose prefix, module or only tag names its domain already. And, with the reason, a domain

- whose routes and others may match the same request and would change their order
- whose routes stand among those of others, unless the codemod is named in `--select`
- with a handler that uses the application itself (`app.state`), or a variable that some function rebinds elsewhere
- that needs what must stay: names that are bound twice, `__file__`, what runs before and after other code at import
- with names that tests replace in the old module (`main.get_db = fake`) where the replacement would have no effect
- in an application whose `routes` some code walks through, or whose handlers are made in a function

## Safety

Paths, methods, names, operation ids, tags, dependencies, and the order of all routes that can match the same request
are as before; so are responses and what happens at import. OpenAPI lists paths in the order of the routes: a domain
whose routes stand among others is moved only with `--select split-router`, and its paths then come together, which the
finding says. A `logging.getLogger(__name__)` is repeated in each module, so
that the records of what moved bear the new module's name.

FastAPI's documentation: https://fastapi.tiangolo.com/tutorial/bigger-applications/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from ....codemod import Codemod
from ....edits import Edits
from ....findings import Finding, Safety
from ....project import Module, Project, Span, Symbol
from ....project.model import Assignment, Function, Scope
from ....project.reader import ROUTE_METHODS
from ....project.references import uses
from ....project.routes import Application, router_named
from ....source import UnreadableSourceError
from ....source.discovery import is_test
from ....source.statements import blanked
from .groups import Group, Operation, groups_of, has_own_converter, operations_of, stands_for_one_domain, wishes_of
from .layout import Layout, layout_of
from .moves import DEPENDENCIES, SCHEMAS, moves_of
from .order import anchors_of
from .texts import Split, write
from .units import Sheet, sheet_of

MANY_OPERATIONS = 10
MANY_LINES = 300
FEW_OPERATIONS = 3
"""Up to here there is nothing to split, even for who asks."""

_ROUTER_ARGUMENTS = frozenset({"prefix", "tags", "dependencies", "responses", "deprecated", "include_in_schema"})
"""What a router adds to the routes of the routers that it includes just as to its own."""


class Options(NamedTuple):
    by: str = ""
    group: tuple[str, ...] = ()
    min_routes: int = 2
    into: str = ""
    add_tags: bool = False


class SplitRouter(Codemod):
    safety = Safety.SAFE
    options = Options()
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({"by": ("tag", "path")})

    def find(self, project: Project) -> Iterator[Finding]:
        claimed: dict[str, str] = {}
        for module in project.modules():
            if is_test(module.path):
                continue
            yield from self._in_factories(module)
            first = True
            for candidate in _candidates(project, module):
                if self._is_giant(project, module, candidate):
                    yield from self._of(project, module, candidate, claimed, is_first=first)
                first = False

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        by_split: dict[int, dict[str, Finding]] = {}
        splits: dict[int, Split] = {}
        for finding in findings:
            split, name = finding.subject
            splits[id(split)] = split
            by_split.setdefault(id(split), {})[name] = finding
        for key, accepted in by_split.items():
            write(splits[key], accepted, edits)

    def _is_giant(self, project: Project, module: Module, candidate: _Candidate) -> bool:
        """Whether the router is worth splitting, counted with what it includes already: a second run finds the same."""
        groups = self._groups(candidate)
        if not groups or len(candidate.table.routes) <= FEW_OPERATIONS:
            return False
        included = {route.file for route in candidate.table.routes} - {module.path}
        others = len(candidate.operations) - sum(len(group.operations) for group in groups)
        if not self.options.group and candidate.is_router:
            if _is_one_of_many(module, candidate, groups):
                return False
            prefix = _prefix_of(project, module, candidate.assignment)
            if stands_for_one_domain(project, module, candidate.operations, prefix or ""):
                return False
        if self.is_named:
            return len(groups) + len(included) + (others > 0) > 1
        lines = sum(_lines(project, path) for path in {module.path, *included})
        is_large = len(candidate.table.routes) > MANY_OPERATIONS or lines > MANY_LINES
        return is_large and len(groups) + len(included) > 1

    def _groups(self, candidate: _Candidate) -> list[Group]:
        wishes = wishes_of(self.options.by, self.options.group)
        groups = groups_of(candidate.operations, wishes, candidate.own_tags)
        return [g for g in groups if len(g.operations) >= self.options.min_routes or g.label in wishes.named]

    def _of(
        self, project: Project, module: Module, candidate: _Candidate, claimed: dict[str, str], *, is_first: bool
    ) -> Iterator[Finding]:
        groups = self._groups(candidate)
        router = candidate.assignment.target
        reason = _reason_against_the_router(project, module, candidate)
        if reason is None and not is_first:
            reason = f"`{module.path}` has a larger router, and one is split at a time; move this one out by hand"
        layout = layout_of(project, module, self.options.into)
        if isinstance(layout, str):
            reason = reason or layout
        if reason is None and isinstance(layout, Layout):
            try:
                sheet = sheet_of(project, module)
            except UnreadableSourceError as error:
                reason = f"`{module.path}` {error}"
            else:
                yield from self._planned(sheet, candidate, groups, layout, claimed)
                return
        for group in groups:
            yield self._finding(module, router, group, len(candidate.table.routes), "", left_alone=reason)

    def _planned(
        self, sheet: Sheet, candidate: _Candidate, groups: Sequence[Group], layout: Layout, claimed: dict[str, str]
    ) -> Iterator[Finding]:
        project, module = sheet.project, sheet.module
        router = candidate.assignment.target
        anchors = anchors_of(groups, candidate.operations, candidate.table)
        reasons = dict(anchors.conflicts)
        for group in groups:
            path = f"{layout.folder}/{group.name}.py"
            if project.exists(path) or project.exists(path.removesuffix(".py")):
                reasons.setdefault(group.name, f"`{path}` exists already")
            elif path in claimed:
                reasons.setdefault(group.name, f"`{path}` is where routes of `{claimed[path]}` go")
            elif has_own_converter(group):
                reasons.setdefault(
                    group.name, "a path has a converter of the project's own, to be registered before it"
                )
            elif not group.prefix and any(operation.path == "" for operation in group.operations):
                reasons.setdefault(
                    group.name, "a path is empty, which needs a prefix that all paths of the group share"
                )
        mixed = {name for name in anchors.positions if _is_mixed(next(g for g in groups if g.name == name))}
        if not self.is_named:
            why = (
                "its routes stand among others, so the order of paths in OpenAPI would change;"
                " with --select split-router it is done all the same"
            )
            reasons.update({name: why for name in mixed if name not in reasons})
        moves = moves_of(sheet, router, [group for group in groups if group.name not in reasons])
        reasons.update(moves.blocked)
        files = {group.name: f"{layout.folder}/{group.name}.py" for group in groups}
        for where in {SCHEMAS, DEPENDENCIES} & set(moves.destinations.values()):
            free = _free_file(project, layout, module, where.strip("/"), claimed)
            if free is None:
                taken = f"{layout.base}{where.strip('/')}.py"
                reasons.update({g.name: f"`{taken}`, where the shared code would go, exists already" for g in groups})
            else:
                files[where] = free
        if moves.last_import < 0:
            reasons.update({group.name: "no import stands at the top of the module" for group in groups})
        if len(reasons) < len(groups):
            claimed.update({files[where]: module.path for where in moves.destinations.values() if where not in reasons})
        statements = {o.position: o.function.statement for o in candidate.operations}
        split = Split(
            sheet,
            router,
            tuple(group for group in groups if group.name not in reasons),
            moves,
            {name: statements[position] for name, position in anchors.positions.items()},
            layout,
            files,
            self.options.add_tags,
            not project.exists(layout.folder),
        )
        for group in groups:
            reason = reasons.get(group.name)
            subject = None if reason is not None else (split, group.name)
            finding = self._finding(
                module,
                router,
                group,
                len(candidate.table.routes),
                files[group.name],
                left_alone=reason,
                subject=subject,
            )
            adds_tag = self.options.add_tags and not any(o.route.tags for o in group.operations)
            if group.name in mixed and reason is None:
                finding = finding._replace(message=f"{finding.message}; paths in OpenAPI come in another order")
            changes_openapi = adds_tag or group.name in mixed
            yield finding._replace(safety=Safety.CONTRACT) if changes_openapi else finding

    def _finding(
        self,
        module: Module,
        router: str,
        group: Group,
        total: int,
        path: str,
        *,
        left_alone: str | None,
        subject: object = None,
    ) -> Finding:
        first = min(group.operations, key=lambda operation: operation.decorator.line)
        where = f": they belong in `{path}`" if path else ""
        number = len(group.operations)
        message = f"`{router}` has {total} routes, {number} of them for `{group.label}`{where}"
        location = module.location(first.decorator.line, 1, first.function.end_line)
        return self.finding(location, message, anchor=f"{router}.{group.name}", left_alone=left_alone, subject=subject)

    # Handlers in a function

    def _in_factories(self, module: Module) -> Iterator[Finding]:
        routers: dict[tuple[str, str], list[Function]] = {}
        for function in module.facts.functions:
            if not function.scopes or function.scopes[-1].kind != "function":
                continue
            for decorator in function.decorators:
                receiver, _, method = decorator.name.rpartition(".")
                if method in ROUTE_METHODS and receiver in function.scopes[-1].names:
                    factory = ".".join(scope.name for scope in function.scopes)
                    routers.setdefault((factory, receiver), []).append(function)
        for (factory, receiver), handlers in routers.items():
            if len(handlers) < (FEW_OPERATIONS if self.is_named else MANY_OPERATIONS + 1):
                continue
            location = module.location(handlers[0].line, 1, handlers[0].end_line)
            message = (
                f"`{factory}()` defines {len(handlers)} handlers of `{receiver}`, which could be routers by domain"
            )
            yield self.finding(
                location,
                message,
                anchor=f"{factory}.{receiver}",
                left_alone=_why_not_out_of(module, factory, receiver, handlers),
            )


class _Candidate(NamedTuple):
    """An application or router with the functions at module level that it has for handlers."""

    assignment: Assignment
    is_router: bool
    table: Application
    operations: tuple[Operation, ...]
    own_tags: int


def _candidates(project: Project, module: Module) -> list[_Candidate]:
    """The module's routers, the largest first, counted with what they include from other modules: so it stays the
    first when its routes have moved. Of a module with several only that one is split."""
    if not any(d.name.rpartition(".")[2] in ROUTE_METHODS for f in module.facts.functions for d in f.decorators):
        return []
    found = []
    for assignment in module.facts.assignments:
        if assignment.scopes or assignment.conditional:
            continue
        symbol = project.resolve(module, assignment.call.callee)
        if symbol is None or not project.derives_from(symbol, ("fastapi.FastAPI", "fastapi.APIRouter")):
            continue
        table = router_named(project, module.path, assignment.target)
        if table is None:
            continue
        operations = tuple(operations_of(module, assignment.target, table))
        tags = assignment.call.argument("tags")
        own_tags = 0 if tags is None or not table.is_router else _number_of_tags(module, tags.span)
        found.append(_Candidate(assignment, table.is_router, table, operations, own_tags))
    sizes = {id(one): _own_size(one, [other for other in found if other is not one]) for one in found}
    return sorted(found, key=lambda candidate: -sizes[id(candidate)])


def _own_size(candidate: _Candidate, others: Sequence[_Candidate]) -> int:
    """The number of its routes, without those that it has through another router of the module."""
    routes = {(route.file, route.line) for route in candidate.table.routes}
    for other in others:
        inner = {(route.file, route.line) for route in other.table.routes}
        if inner < routes:
            routes -= inner
    return len(routes)


def _is_mixed(group: Group) -> bool:
    """Whether other routes stand between the first and the last of the group's."""
    positions = [operation.position for operation in group.operations]
    return max(positions) - min(positions) >= len(positions)


def _is_one_of_many(module: Module, candidate: _Candidate, groups: Sequence[Group]) -> bool:
    """Whether the router's module is that of one domain already, by its name or by the one tag of all its routes."""
    tags = {route.tags[candidate.own_tags :][:1] if route.tags else () for route in candidate.table.routes}
    stem = module.path.rpartition("/")[2].removesuffix(".py")
    return stem in {group.name for group in groups} or (len(tags) == 1 and tags != {()})


def _number_of_tags(module: Module, span: Span) -> int:
    node = module.expression(span)
    return len(node.elts) if isinstance(node, ast.List | ast.Tuple) else 1


def _prefix_of(project: Project, module: Module, assignment: Assignment) -> str | None:
    """The router's own prefix; None where it is computed."""
    argument = assignment.call.argument("prefix")
    return "" if argument is None else project.string(module, argument.span)


def _lines(project: Project, path: str) -> int:
    module = project.module(path)
    return module.text.count("\n") if module is not None else 0


def _free_file(project: Project, layout: Layout, module: Module, name: str, claimed: Mapping[str, str]) -> str | None:
    stem = module.path.rpartition("/")[2].removesuffix(".py")
    for candidate in (name, f"{stem}_{name}"):
        path = f"{layout.base}{candidate}.py"
        if (
            candidate.isidentifier()
            and path not in claimed
            and not project.exists(path)
            and not project.exists(path.removesuffix(".py"))
        ):
            return path
    return None


# Why nothing is moved


def _reason_against_the_router(project: Project, module: Module, candidate: _Candidate) -> str | None:
    assignment, name = candidate.assignment, candidate.assignment.target
    symbol = project.resolve(module, assignment.call.callee)
    if symbol is None or symbol.path is not None:
        return f"`{name}` is made by `{assignment.call.callee}`, whose routers may be special ones too"
    if len(module.bindings(name)) != 1:
        return f"`{name}` is bound more than once in `{module.path}`"
    if candidate.is_router:
        if assignment.call.unpacks:
            return f"`{name}` is given arguments that are not known"
        for argument in assignment.call.arguments:
            if argument.name not in _ROUTER_ARGUMENTS:
                return f"`{name}` is given `{argument.name or 'an argument'}`, which its parts would need too"
    if (place := _place_that_lists(project, module)) is not None:
        return f"{place} lists the modules that are shipped, and new ones would be missing"
    if (walk := _walk_that_sees(project, Symbol(module.path, name), is_router=candidate.is_router)) is not None:
        if walk.attribute == "route_class":
            return f"`{walk.attribute}` is set or read in {walk.place}, and included routers do not inherit it"
        return f"`routes` is looked at in {walk.place}, where included routers may look different"
    for use in uses(project, [Symbol(module.path, name)])[Symbol(module.path, name)]:
        if use.kind == "attribute" and use.member == "router":
            return f"`{name}.{use.member}` is used in {use.place}"
    return None


def _place_that_lists(project: Project, module: Module) -> str | None:
    """The file that names single modules or packages to be shipped: `COPY main.py .`, `py-modules = ["main"]`."""
    folder, _, file = module.path.rpartition("/")
    for place in dict.fromkeys(("", f"{folder}/" if folder else "")):
        for name in ("pyproject.toml", "setup.py", "setup.cfg", "Dockerfile", "Containerfile"):
            with suppress(OSError, UnicodeDecodeError):
                text = (project.root / f"{place}{name}").read_text("utf-8")
                if name.endswith("file"):
                    found = re.search(rf"^(?:COPY|ADD)\s.*(?<![\w.-]){re.escape(file)}\b", text, re.MULTILINE)
                else:
                    found = re.search(r"\bpy[-_]modules\s*=", text) or (
                        re.search(r"""^\s*packages\s*=\s*\[\s*["']""", text, re.MULTILINE)
                        if "setuptools" in text and folder
                        else None
                    )
                if found:
                    return f"{place}{name}:{text.count(chr(10), 0, found.start()) + 1}"
    return None


# `get_openapi(routes=app.routes)`, as FastAPI's documentation has it, knows included routers.
_WALKS = re.compile(r"(?<![\w.])(?<!routes=)(?<!routes = )(?:\w+\.)*\w+\.(?:routes|route_class)\b")
_IMPORT = re.compile(r"\s*(?:from|import)\b")


class _Walk(NamedTuple):
    """A place where code looks at the routes of something, `app.router.routes`."""

    place: str
    receiver: str
    attribute: str
    symbol: Symbol | None
    """What the receiver is, where that is known."""


def _walk_that_sees(project: Project, router: Symbol, *, is_router: bool) -> _Walk | None:
    """The place that walks through the routes of the router; of an application, the first that may mean it.

    What `app.routes` holds of a router that is included does not depend on what that includes in turn.
    """
    routers = {Symbol(module.path, assignment.target) for module, assignment in project.instances("fastapi.APIRouter")}
    for walk in project.remembered("split-router: walks", lambda: list(_walks(project))):
        if walk.symbol is not None and walk.symbol.path is not None and "." not in walk.symbol.name:
            if walk.symbol == router or not (is_router or walk.symbol in routers):
                return walk
            continue
        around, _, last = walk.receiver.rpartition(".")
        of_application = last == "router" and around.rpartition(".")[2].endswith(("app", "application"))
        if not is_router or (last == router.name and not of_application):
            return walk
    return None


def _walks(project: Project) -> Iterator[_Walk]:
    for module in project.modules():
        if ".route" not in module.text:
            continue
        code = blanked(module.text)
        for match in _WALKS.finditer(code):
            if not _IMPORT.match(code, code.rfind("\n", 0, match.start()) + 1):
                line = module.text.count("\n", 0, match.start()) + 1
                receiver, _, attribute = match.group().rpartition(".")
                yield _Walk(f"{module.path}:{line}", receiver, attribute, project.resolve(module, receiver))


def _why_not_out_of(module: Module, factory: str, receiver: str, handlers: Sequence[Function]) -> str:
    for handler in handlers:
        local = _free_variables(module, handler) - {receiver}
        if local:
            names = " and ".join(f"`{name}`" for name in sorted(local))
            return (
                f"handler `{handler.name}` closes over {names} of `{factory}()`, which a router at module level lacks"
            )
    return f"the handlers are made whenever `{factory}()` is called; move them to routers at module level by hand"


def _free_variables(module: Module, handler: Function) -> set[str]:
    """The names of the functions around the handler that its text spells, but for its own."""
    statement = module.facts.statements[handler.statement]
    text = module.text[handler.span.start : statement.end]
    indent = handler.span.start - (module.text.rfind("\n", 0, handler.span.start) + 1)
    lines = text.split("\n")
    end = next(
        (
            number
            for number, line in enumerate(lines)
            if number and line.strip() and len(line) - len(line.lstrip()) <= indent and line.strip()[0] not in ")]}#"
        ),
        len(lines),
    )
    words = set(re.findall(r"\b[A-Za-z_]\w*\b", "\n".join(lines[:end])))
    around: set[str] = set()
    scope: Scope
    for scope in handler.scopes:
        if scope.kind == "function":
            around |= scope.names
    own = {parameter.name for parameter in handler.parameters} | {handler.name}
    return (around & words) - own
