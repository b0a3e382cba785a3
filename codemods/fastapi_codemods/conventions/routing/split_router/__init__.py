"""One giant module of routes becomes an application that includes one router for each domain.

`main.py` keeps the application: its creation, middleware, exception handlers. The routes of each domain go to a module
of their own, `routers/users.py`, with `router = APIRouter(prefix="/users")`, and are included where they were. The text
of a handler moves as it is, comments included; its decorators name the new router, and its paths lose the prefix.
Models, helpers and constants that only one domain uses go with it. What several use goes to `schemas.py` (models) and
`dependencies.py` (`common.py` where none of it is a dependency), which import no router. Names that other modules or
tests import from the old module can still be imported from there and are the same objects; `patch("main.fetch")` is
rewritten to where the name is now looked up. With `--no-reexport` those modules and tests import from the new modules
instead; a name of which one use is not certain can still be imported from the old one, and the finding says why.

A domain is a tag, where nearly all routes have one or all below a path have the same, else the first segment of the
path that is not `api`, `v1` or common to all, else, where these leave most routes alone, what the names of the handlers
say (`create_user`, `list_users`). Routers go where the project has its routers, else to `routers/`. All applications
and routers of a module are split at once, and so are handlers that a function makes (`create_app`), where they use
nothing of it. Where another one's routes have the name already, the module is called `admin_users.py`.

The order of all routes stays. A domain whose routes stand among those of others therefore becomes up to three routers
of one module (`router`, `early_router`, `late_router`), each included where its routes were, and a route that stands
alone among others may have to stay.

Options, in `[tool.fastapi-codemods.split-router]` or on the command line:

- `by`: `tag`, `path` or `name`, for what makes a domain
- `group`: `["billing=/invoices,/payments"]`; only these are moved, and others by another run
- `min-routes`: of a domain, 2
- `into`: a folder, from that of the old module
- `add-tags`: a router whose routes have no tag gets the name of its domain as one, which changes OpenAPI and what
  generated clients call their methods
- `reorder`: one router for each domain in any case, which may change the order of paths in OpenAPI, and of routes that
  cannot match the same request
- `no-reexport`: see above

## Why

A module of thousands of lines is where every change collides with every other, and nobody sees what belongs together.
FastAPI's answer is one router for each part of an application.

## Left alone

Modules of up to ten operations and 300 lines, unless the codemod is named in `--select`; domains of one operation; a
router whose prefix, module or only tag names its domain already. And, with the reason, a domain

- most of whose routes stand one by one among those of others, without `reorder`; with it, one whose routes and others
  may match the same request and would change their order
- with a handler that uses the application itself (`app.state`), or a variable that some function rebinds elsewhere
- with a handler that closes over a variable of the function that makes it, or whose header has a value only there
- that needs what must stay: names that are bound twice, `__file__`, what runs before and after other code at import
- with names that tests replace in the old module (`main.get_db = fake`) where the replacement would have no effect
- in an application whose `routes` some code walks through

Where the old module or a new one has more than 60 % of the lines afterwards, a finding says which names and routes
these are.

## Safety

Paths, methods, names, operation ids, tags, dependencies and the order of all routes are as before; so are OpenAPI, byte
for byte, responses, and what happens at import. Only `add-tags` and `reorder` change OpenAPI, and a finding of which
they do says so. A router with a prefix of its own whose routes move includes others, so `request.scope["route"].path`
lacks that prefix; where a project reads it, nothing is moved. A `logging.getLogger(__name__)` is repeated in each
module, so that the records of what moved bear the new module's name.

FastAPI's documentation: https://fastapi.tiangolo.com/tutorial/bigger-applications/
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, NamedTuple

from ....codemod import Codemod
from ....edits import Edits
from ....findings import Finding, Safety
from ....project import Module, Project
from ....project.guidance import reasons_against_splitting
from ....project.model import Function
from ....project.reader import ROUTE_METHODS
from ....project.routes import likely_applications
from ....source import UnreadableSourceError
from ....source.discovery import is_test
from .candidates import Candidate, candidates_of, is_one_of_many, prefix_of
from .groups import Group, groups_of, has_own_converter, stands_for_one_domain, wishes_of
from .importers import NOBODY, homes_of, importers_of, kept_names
from .layout import Layout, layout_of
from .moves import DEPENDENCIES, SCHEMAS, SHARED, moves_of
from .obstacles import reason_against_the_router, why_not_out_of
from .order import Part, cut_of
from .sizes import sizes_of
from .texts import Split, write
from .units import Sheet, sheet_of

MANY_OPERATIONS = 10
MANY_LINES = 300
FEW_OPERATIONS = 3
"""Up to here there is nothing to split, even for who asks."""


class Options(NamedTuple):
    by: str = ""
    group: tuple[str, ...] = ()
    min_routes: int = 2
    into: str = ""
    add_tags: bool = False
    reorder: bool = False
    no_reexport: bool = False


class SplitRouter(Codemod):
    safety = Safety.SAFE
    options = Options()
    choices: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({"by": ("tag", "path", "name")})

    def find(self, project: Project) -> Iterator[Finding]:
        reasons = reasons_against_splitting(project)
        for finding in self._find(project):
            reasons.setdefault(finding.location.path, []).append(finding.left_alone)
            yield finding

    def _find(self, project: Project) -> Iterator[Finding]:
        claimed: dict[str, _Claim] = {}
        for module in project.modules():
            if is_test(module.path):
                continue
            giants = [c for c in candidates_of(project, module) if self._is_giant(project, module, c)]
            yield from self._in_factories(module, {giant.called for giant in giants})
            if giants:
                yield from self._of(project, module, giants, claimed)

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        by_split: dict[int, dict[str, Finding]] = {}
        splits: dict[int, Split] = {}
        for finding in findings:
            split, name = finding.subject
            splits[id(split)] = split
            by_split.setdefault(id(split), {})[name] = finding
        for key, accepted in by_split.items():
            write(splits[key], accepted, edits)

    def _is_giant(self, project: Project, module: Module, candidate: Candidate) -> bool:
        """Whether the router is worth splitting, counted with what it includes already: a second run finds the same."""
        groups = self._groups(candidate)
        if not groups or len(candidate.table.routes) <= FEW_OPERATIONS:
            return False
        included = {route.file for route in candidate.table.routes} - {module.path}
        others = len(candidate.operations) - sum(len(group.operations) for group in groups)
        if not self.options.group and candidate.is_router:
            if is_one_of_many(module, candidate, groups):
                return False
            prefix = prefix_of(project, module, candidate.assignment)
            if stands_for_one_domain(project, module, candidate.operations, prefix or ""):
                return False
        if self.is_named:
            return len(groups) + len(included) + (others > 0) > 1
        lines = sum(_lines(project, path) for path in {module.path, *included})
        return (len(candidate.own_routes) > MANY_OPERATIONS or lines > MANY_LINES) and len(groups) + len(included) > 1

    def _groups(self, candidate: Candidate) -> list[Group]:
        """All that could move, also those that the user does not ask for: where shared code goes must not depend on
        which groups are moved first."""
        wishes = wishes_of(self.options.by, self.options.group)
        groups = groups_of(candidate.operations, wishes, candidate.own_tags, candidate.table)
        return [g for g in groups if len(g.operations) >= self.options.min_routes or g.is_named]

    def _wanted(self, groups: Sequence[Group]) -> list[Group]:
        return [group for group in groups if group.is_named or not self.options.group]

    def _of(
        self, project: Project, module: Module, candidates: Sequence[Candidate], claimed: dict[str, _Claim]
    ) -> Iterator[Finding]:
        layout = layout_of(project, module, self.options.into)
        split: list[Candidate] = []
        sheet: Sheet | None = None
        for candidate in candidates:
            reason = reason_against_the_router(project, module, candidate)
            if reason is None and isinstance(layout, str):
                reason = layout
            if reason is None and sheet is None:
                try:
                    sheet = sheet_of(project, module)
                except UnreadableSourceError as error:
                    reason = f"`{module.path}` {error}"
            if reason is None:
                split.append(candidate)
                continue
            for group in self._wanted(self._groups(candidate)):
                yield self._finding(module, candidate, group, "", left_alone=reason)
        if split and sheet is not None and isinstance(layout, Layout):
            yield from self._planned(sheet, split, layout, claimed)

    def _planned(
        self, sheet: Sheet, candidates: Sequence[Candidate], layout: Layout, claimed: dict[str, _Claim]
    ) -> Iterator[Finding]:
        project, module = sheet.project, sheet.module
        groups: list[tuple[Candidate, Group]] = []
        reasons: dict[str, str] = {}
        parts: dict[str, tuple[Part, ...]] = {}
        reordered: set[str] = set()
        own_claims: dict[str, _Claim] = {}
        wishes = wishes_of(self.options.by, self.options.group)
        for candidate in candidates:
            found = self._groups(candidate)
            named: list[Group] = []
            for group in found:
                own_layout = layout._replace(affixes=("", "")) if group.label in wishes.named else layout
                name, reason = _name_for(project, module, candidate, group, own_layout, {**claimed, **own_claims})
                while any(other.name == name for other in (*named, *(g for _, g in groups))):
                    name += "_"  # of one that is left alone, which needs another name all the same
                named.append(group._replace(name=name))
                if reason is not None:
                    reasons[name] = reason
                else:
                    own_claims[f"{layout.folder}/{name}.py"] = _Claim(module.path, candidate.assignment.target)
            cut = cut_of(named, candidate.operations, candidate.table, reorder=self.options.reorder)
            for name, why in cut.conflicts.items():
                reasons.setdefault(name, why)
            parts |= cut.parts
            reordered |= cut.reordered
            groups += [(candidate, group) for group in named]
        moving: list[Group] = []
        for _, group in groups:
            if group.name not in reasons:
                taken = tuple(operation for part in parts[group.name] for operation in part.operations)
                reason = _reason_against_the_group(group._replace(operations=taken))
                if reason is None:
                    moving.append(group._replace(operations=taken))
                else:
                    reasons[group.name] = reason
        moves = moves_of(sheet, moving)
        reasons.update(moves.blocked)
        files = {group.name: f"{layout.folder}/{group.name.rstrip('_')}.py" for _, group in groups}
        for where in {SCHEMAS, DEPENDENCIES} & set(moves.destinations.values()):
            shared = "schemas" if where == SCHEMAS else "dependencies" if moves.shares_dependencies else "common"
            taken_file = f"{layout.base}{shared}.py"
            free = _free_file(project, layout, module, shared, claimed)
            if free is None:
                why = f"`{taken_file}`, where the shared code would go, exists already"
                reasons.update({group.name: why for _, group in groups})
            files[where] = free or taken_file
        if moves.last_import < 0:
            reasons.update({group.name: "no import stands at the top of the module" for _, group in groups})
        if any(group.name not in reasons for _, group in groups):
            claim = _Claim(module.path, "")
            claimed.update({files[where]: claim for where in moves.destinations.values() if where not in reasons})
        importers = importers_of(sheet, moves, layout, files) if self.options.no_reexport else NOBODY
        split = Split(
            sheet,
            tuple(group for group in moving if group.name not in reasons),
            moves,
            parts,
            layout,
            files,
            self.options.add_tags,
            not project.exists(layout.folder),
            importers,
        )
        wanted = [group.name for group in self._wanted([group for _, group in groups])]
        first = next((name for name in wanted if name not in reasons), "")
        homes = homes_of(sheet, moves.destinations, files)
        sizes = sizes_of(
            sheet,
            moves,
            files,
            [group for group in moving if group.name in wanted and group.name not in reasons],
            [operation for candidate in candidates for operation in candidate.operations],
            [group.label for _, group in groups if group.name in reasons],
        )
        group_files = {files[group.name] for _, group in groups}
        for candidate, group in groups:
            if group.name not in wanted:
                continue
            reason = reasons.get(group.name)
            finding = self._finding(
                module,
                candidate,
                group,
                files[group.name],
                left_alone=reason,
                subject=None if reason is not None else (split, group.name),
            )
            if reason is None:
                notes = list(_notes(group, parts[group.name], is_reordered=group.name in reordered))
                own = {name for name, path in homes.items() if path == files[group.name]}
                if group.name == first:
                    # Those of the shared modules, and those that were imported in the old one, are nobody's.
                    own |= {name for name in importers.kept if homes.get(name) not in group_files}
                notes += [
                    note
                    for where, note in sizes.items()
                    if where == group.name or (group.name == first and where in ("", *SHARED))
                ]
                notes += kept_names(importers, own)
                finding = finding._replace(message="; ".join([finding.message, *notes]))
            adds_tag = self.options.add_tags and not any(o.route.tags for o in group.operations)
            changes_openapi = adds_tag or group.name in reordered
            yield finding._replace(safety=Safety.CONTRACT) if changes_openapi else finding

    def _finding(
        self,
        module: Module,
        candidate: Candidate,
        group: Group,
        path: str,
        *,
        left_alone: str | None,
        subject: object = None,
    ) -> Finding:
        first = min(group.operations, key=lambda operation: operation.decorator.line)
        where = f": they belong in `{path}`" if path else ""
        number = len(group.operations)
        total = len(candidate.table.routes)
        message = f"`{candidate.called}` has {total} routes, {number} of them for `{group.label}`{where}"
        location = module.location(first.decorator.line, 1, first.function.end_line)
        anchor = f"{candidate.called}.{group.name}"
        return self.finding(location, message, anchor=anchor, left_alone=left_alone, subject=subject)

    # Handlers in a function

    def _in_factories(self, module: Module, known: Collection[str]) -> Iterator[Finding]:
        """Functions whose handlers are too few for groups, or not those of one router that can be known."""
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
            few = FEW_OPERATIONS if self.is_named else MANY_OPERATIONS + 1
            if f"{factory}().{receiver}" in known or len(handlers) < few:
                continue
            location = module.location(handlers[0].line, 1, handlers[0].end_line)
            message = (
                f"`{factory}()` defines {len(handlers)} handlers of `{receiver}`, which could be routers by domain"
            )
            yield self.finding(
                location,
                message,
                anchor=f"{factory}.{receiver}",
                left_alone=why_not_out_of(module, factory, receiver, handlers),
            )


class _Claim(NamedTuple):
    """The module and the router whose routes go to a new file."""

    module: str
    router: str


def _name_for(
    project: Project,
    module: Module,
    candidate: Candidate,
    group: Group,
    layout: Layout,
    claimed: Mapping[str, _Claim],
) -> tuple[str, str | None]:
    """The group's module, with its router or old module in front where another one's routes have its name; and why
    there can be none."""
    before = module.path.rpartition("/")[2].removesuffix(".py") if candidate.is_only else candidate.assignment.target
    owner = None
    name, path = group.name, f"{layout.folder}/{group.name}.py"
    prefix, suffix = layout.affixes
    for name in dict.fromkeys((f"{prefix}{group.name}{suffix}", group.name, f"{before}_{group.name}")):
        path = f"{layout.folder}/{name}.py"
        owner = claimed.get(path)
        if owner is None:
            if not (project.exists(path) or project.exists(path.removesuffix(".py"))):
                return name, None
            own = {file for file, _ in candidate.own_routes}
            if path in own or not _has_routes(project, path):
                return name, f"`{path}` exists already"
    if owner is None:
        return group.name, f"`{layout.folder}/{group.name}.py` exists already"
    return name, f"`{path}` is where routes of `{owner.module}` go"


def _has_routes(project: Project, path: str) -> bool:
    files = project.remembered(
        "split-router: files of routes", lambda: {r.file for a in likely_applications(project) for r in a.routes}
    )
    return path in files


def _reason_against_the_group(group: Group) -> str | None:
    if has_own_converter(group):
        return "a path has a converter of the project's own, to be registered before it"
    if not group.prefix and any(operation.path == "" for operation in group.operations):
        return "a path is empty, which needs a prefix that all paths of the group share"
    return None


def _notes(group: Group, parts: Sequence[Part], *, is_reordered: bool) -> Iterator[str]:
    if is_reordered:
        yield "paths in OpenAPI come in another order"
    if len(parts) > 1:
        yield f"as {len(parts)} routers, since other routes stand between its own"
    moved = {operation.position for part in parts for operation in part.operations}
    stay = [f"`{o.function.name}`" for o in group.operations if o.position not in moved]
    if stay:
        yield f"{' and '.join(stay)} {'stays' if len(stay) == 1 else 'stay'}, alone among routes of others"


def _lines(project: Project, path: str) -> int:
    module = project.module(path)
    return module.text.count("\n") if module is not None else 0


def _free_file(
    project: Project, layout: Layout, module: Module, name: str, claimed: Mapping[str, _Claim]
) -> str | None:
    for path in layout.shared(name, module.path):
        if (
            path.rpartition("/")[2].removesuffix(".py").isidentifier()
            and path not in claimed
            and not project.exists(path)
            and not project.exists(path.removesuffix(".py"))
        ):
            return path
    return None
