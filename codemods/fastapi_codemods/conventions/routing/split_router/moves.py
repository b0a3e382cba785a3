"""What moves where: handlers to the module of their group, what only they use with them, what is shared to a third one.

A group whose handlers need something that must stay is left alone, with the names.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from ....project import Symbol
from ....project.code_strings import CodeString
from ....project.reader import dotted
from ....project.surroundings import surroundings
from ....source.discovery import is_test
from ....source.nodes import walk
from .factories import why_not_out_of_its_function
from .groups import Group
from .units import (
    Sheet,
    Unit,
    binds_for_type_checkers,
    bound_to_its_module,
    completed_by,
    fallback_import_of,
    is_inert,
    logger_of,
    names_its_folder,
)

STAYS = ""
SCHEMAS = "/schemas"
DEPENDENCIES = "/dependencies"
SHARED = (SCHEMAS, DEPENDENCIES)
"""Destinations that are no groups; the slash keeps them apart from names of groups."""

_SCHEMAS = ("pydantic.BaseModel", "pydantic.RootModel", "enum.Enum", "enum.IntEnum", "enum.StrEnum", "typing.TypedDict")

_IN_OPENAPI = (*_SCHEMAS, "sqlmodel.SQLModel", "typing.NamedTuple")


_DEPENDS = re.compile(r"\b(?:Depends|Security)\(\s*(?:dependency\s*=\s*)?([A-Za-z_][\w.]*)")


class Patch(NamedTuple):
    """A string that replaces a name in the old module, where tests want the new one."""

    string: CodeString
    destination: str


class Moves(NamedTuple):
    destinations: Mapping[int, str]
    """Of the statements that move, by index."""
    repeated: Mapping[str, Unit]
    """Statements, by the name they bind, of which each module that needs one gets a copy."""
    patches: tuple[Patch, ...]
    blocked: Mapping[str, str]
    """Why a group cannot move, by its name."""
    last_import: int
    """The statement below which the new modules are imported, -1 for the top."""
    shares_dependencies: bool
    """Whether `Depends(...)` names something of what several groups use."""


class _BlockedError(Exception):
    """A group needs a statement that cannot move."""


def moves_of(sheet: Sheet, groups: Sequence[Group]) -> Moves:
    return _Planner(sheet, groups).moves()


class _Planner:
    def __init__(self, sheet: Sheet, groups: Sequence[Group]) -> None:
        self.sheet = sheet
        self.groups = groups
        self.home = {index: group.name for group in groups for index in group.statements}
        self.routers = {*(group.router for group in groups), *_routers_of(sheet)}
        """Names of all applications and routers of the module: they stay where they are."""
        self.decorators: dict[int, int] = {}
        for group in groups:
            for operation in group.operations:
                statement = operation.unit
                self.decorators[statement] = self.decorators.get(statement, 0) + 1
        self.loggers = {name: unit for unit in sheet.units if (name := logger_of(sheet, unit)) is not None}
        fallbacks = {name: unit for unit in sheet.units if (name := fallback_import_of(sheet, unit)) is not None}
        self.repeated = {**self.loggers, **fallbacks}
        """What every module that needs it gets a copy of, by name."""
        self.repeated_units = {unit.index for unit in self.repeated.values()}
        self.last_import = self._last_import()
        self.completions: dict[str, list[Unit]] = {}
        for unit in sheet.units[self.last_import + 1 :]:
            if (name := completed_by(unit)) is not None and name not in self.routers | self.repeated.keys():
                self.completions.setdefault(name, []).append(unit)
        self.impure = [unit for unit in sheet.units if self._is_impure(unit)]
        self.extra: dict[int, str] = {
            index: "it is a handler of several routers"
            for group in groups
            for index in group.statements
            if self.home[index] != group.name
        }
        """Reasons that concern several groups, and those found later; by statement."""
        self._reasons: dict[int, str | None] = {}
        self._needs: dict[int, tuple[int, ...]] = {}
        self._import_reasons: dict[int, str | None] = {}

    def moves(self) -> Moves:
        while True:
            before = len(self.extra)
            closures: dict[str, set[int]] = {}
            blocked: dict[str, str] = {}
            for group in self.groups:
                try:
                    closures[group.name] = self._closure(group)
                except _BlockedError as reason:
                    blocked[group.name] = str(reason)
            destinations = self._destinations(closures)
            patches = self._checked(destinations)
            if len(self.extra) == before:
                shared = [self.sheet.unit(index) for index, where in destinations.items() if where == DEPENDENCIES]
                return Moves(
                    destinations,
                    self.repeated,
                    tuple(patches),
                    blocked,
                    self.last_import,
                    any(self._is_dependency(unit) for unit in shared),
                )

    def _is_dependency(self, unit: Unit) -> bool:
        """Whether something depends on it, or it is an alias of that: `Db = Annotated[Session, Depends(f)]`."""
        if not unit.is_definition:
            return _DEPENDS.search(unit.text) is not None
        used = {name.rpartition(".")[2] for name in _DEPENDS.findall(self.sheet.module.text)}
        return not unit.binds.isdisjoint(used)

    # What statements need

    def _last_import(self) -> int:
        last = -1
        for unit in self.sheet.units:
            if unit.is_import or (unit.is_docstring and last < 0):
                last = unit.index
            elif unit.is_definition:
                break
        return last

    def _is_impure(self, unit: Unit) -> bool:
        """Whether it matters when the statement runs; calls of the application's own methods touch nothing else."""
        if unit.is_import or unit.index in self.repeated_units or is_inert(self.sheet, unit):
            return False
        if unit.binds & self.routers or (isinstance(unit.node, ast.If) and "__name__" in ast.dump(unit.node.test)):
            return False
        names = self.routers | self.loggers.keys()
        if isinstance(unit.node, ast.Expr) and self._is_model_rebuild(unit.node.value):
            return False
        return not all(self._is_about_routers(node, names) for node in unit.body)

    def _is_model_rebuild(self, node: ast.expr) -> bool:
        """`Item.model_rebuild()`, which concerns nothing but the class."""
        name = dotted(node.func) if isinstance(node, ast.Call) and not node.args and not node.keywords else ""
        return name.rpartition(".")[2] in ("model_rebuild", "update_forward_refs")

    def _is_about_routers(self, node: ast.stmt, names: AbstractSet[str]) -> bool:
        """`app.add_middleware(...)`, also under an `if`, with log messages, or in a function that is given `app`."""
        match node:
            case ast.Expr(value=ast.Constant()) | ast.Pass() | ast.FunctionDef() | ast.AsyncFunctionDef():
                return True
            case ast.ImportFrom(module=str(source), level=0):
                return self.sheet.project.module_path(self.sheet.module.path, source) is None
            case ast.Expr(value=ast.Call(func=func, args=arguments)):
                name = dotted(func)
                given = [n for n, a in enumerate(arguments) if isinstance(a, ast.Name) and a.id in self.routers]
                is_given = bool(given) and names >= self.routers and self._only_sets_up(name, given[0])
                return name.partition(".")[0] in names or is_given
            case ast.If(body=body, orelse=orelse):
                return all(self._is_about_routers(inner, names) for inner in (*body, *orelse))
            case ast.For(body=body, orelse=[]):
                return all(self._is_about_routers(inner, names) for inner in body)
        return False

    def _only_sets_up(self, function: str, position: int) -> bool:
        """Whether the function does nothing but call methods of its parameter at `position`, the application."""
        symbol = self.sheet.project.resolve(self.sheet.module, function)
        found = self.sheet.project.function(symbol) if symbol is not None and symbol.path is not None else None
        if found is None or len(found[1].parameters) <= position:
            return False
        module, header = found
        parameter = frozenset({header.parameters[position].name})
        return any(
            isinstance(node, ast.FunctionDef)
            and node.name == header.name
            and all(self._is_about_routers(inner, parameter) for inner in node.body)
            for node in module.tree(header.statement).body
        )

    def needs(self, unit: Unit) -> tuple[int, ...]:
        if unit.index not in self._needs:
            self._needs[unit.index] = tuple(dict.fromkeys(self._find_needs(unit)))
        return self._needs[unit.index]

    def _find_needs(self, unit: Unit) -> Iterator[int]:
        for name in sorted(unit.reads | unit.rebinds):
            if name in self.routers or name in self.repeated:
                continue
            for index in self.sheet.binders.get(name, ()):
                if index != unit.index and not self.sheet.units[index].imports:
                    yield index
        yield from (other.index for other in self._run_before(unit))
        # `Item.model_rebuild()` goes in front of a handler with `item: Item` here as there.
        for name in sorted(unit.reads_at_import):
            yield from (other.index for other in self.completions.get(name, ()) if other.index < unit.index)

    def _run_before(self, unit: Unit) -> list[Unit]:
        """What must move with a statement for which it matters when it runs: all such between it and its new place."""
        if unit not in self.impure:
            return []
        low, high = sorted((self.last_import, unit.index))
        return [other for other in self.impure if low < other.index < high]

    def _closure(self, group: Group) -> set[int]:
        """All statements that the group's handlers need, themselves included."""
        for unit in self.sheet.units:
            if "*" in unit.text and unit.is_import and (reason := self._import_reason(unit, "*")) is not None:
                raise _BlockedError(reason)
        seen: set[int] = set()
        waiting = [(index, index) for index in reversed(group.statements)]
        while waiting:
            index, handler = waiting.pop()
            if index in seen:
                continue
            seen.add(index)
            unit = self.sheet.unit(index)
            reason = self._reason(unit)
            home = self.home.get(index)
            if home not in (None, group.name):
                reason = f"it is a handler of `{home}`"
            if reason is not None:
                what = "" if index == handler else f"{self.sheet.unit(handler).names} needs "
                raise _BlockedError(
                    f"{what}{unit.names}, which cannot move: {reason}" if what else f"{unit.names}: {reason}"
                )
            waiting += [(need, handler) for need in self.needs(unit)]
        return seen

    def _reason(self, unit: Unit) -> str | None:
        if unit.index in self.extra:
            return self.extra[unit.index]
        if unit.index not in self._reasons:
            self._reasons[unit.index] = self._find_reason(unit)
        return self._reasons[unit.index]

    def _find_reason(self, unit: Unit) -> str | None:
        sheet = self.sheet
        module = sheet.module.path
        if unit.index == 0:
            return "it is what the file begins with"
        if len(unit.body) > 1:
            return "several statements stand on its line"
        if unit.owner is not None and (
            reason := why_not_out_of_its_function(sheet, unit, next(iter(self._own_routers(unit)), ""))
        ):
            return reason
        if unit.binds & self.routers:
            return "applications and routers stay where they are made"
        if len(mentioned := self._routers_mentioned(unit)) > self.decorators.get(unit.index, 0):
            own = self._own_routers(unit)
            used = next((name for name in mentioned if name not in own), mentioned[0])
            return f"it uses `{used}`, and would have to import `{module}`, which imports the new module"
        if unit.is_import:
            return "it is an import"
        if binds_for_type_checkers(unit):
            return "what it binds is there for type checkers only, or is something else for them"
        for name in sorted(unit.binds):
            if len(sheet.binders[name]) > 1 and not (unit.index in self.home and self._is_unused(name)):
                return f"`{name}` is bound more than once in `{module}`"
            if name == "__all__":
                return "`__all__` is about its module"
        for name in sorted(unit.reads):
            found = sheet.binders.get(name, ())
            kinds = {bool(sheet.units[index].imports) for index in found}
            if len(found) > 1 and (len(kinds) > 1 or kinds == {False}):
                return f"`{name}`, which it uses, is bound more than once in `{module}`"
            for index in found:
                if (reason := self._import_reason(sheet.units[index], name)) is not None:
                    return reason
        # What several groups may use is moved to a file in the same folder.
        if (reason := bound_to_its_module(unit, in_same_folder=unit.index not in self.home)) is not None:
            return reason
        for other in self._run_before(unit):
            if other.index < unit.index and (reason := self._reason(other)) is not None:
                return f"it runs behind {other.names} of line {other.line}, which has to stay: {reason}"
        if unit.is_definition and isinstance(unit.node, ast.ClassDef):
            return _same_name_elsewhere(sheet, unit.node.name)
        return None

    def _own_routers(self, unit: Unit) -> set[str]:
        return {group.router for group in self.groups if unit.index in group.statements}

    def _routers_mentioned(self, unit: Unit) -> list[str]:
        return [
            inner.id
            for node in unit.body
            for inner in walk(node)
            if isinstance(inner, ast.Name) and inner.id in self.routers
        ]

    def _is_unused(self, name: str) -> bool:
        facts = self.sheet.names[name]
        return not (facts.read or facts.imported or facts.used_elsewhere or facts.named or facts.exported)

    def _import_reason(self, unit: Unit, name: str) -> str | None:
        if not unit.is_import:
            return None
        if unit.index not in self._import_reasons:
            self._import_reasons[unit.index] = self._find_import_reason(unit)
        reason = self._import_reasons[unit.index]
        return None if reason is None else f"`{name}` {reason}"

    def _find_import_reason(self, unit: Unit) -> str | None:
        project, path = self.sheet.project, self.sheet.module.path
        for node in unit.imports:
            targets = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else ["." * node.level + (node.module or "")]
            )
            if isinstance(node, ast.ImportFrom):
                separator = "" if targets[0].endswith(".") else "."
                targets += [f"{targets[0]}{separator}{alias.name}" for alias in node.names]
            for target in targets:
                found = project.module_path(path, target)
                if found is None or found == path:
                    continue
                if unit.index > self.last_import and self._matters_when_imported(unit, found):
                    return f"is imported in line {unit.line}, behind code that may have to run before"
                # What imports the old module when a function of it is called does not mind who imports it first.
                if found.rpartition("/")[2] != "__init__.py" and project.imports_lead(found, path, in_functions=False):
                    return f"comes from `{found}`, which imports `{path}`"
        return None

    def _matters_when_imported(self, unit: Unit, found: str) -> bool:
        """Whether what stands between the other imports and this one may have to run before it."""
        between = any(self.last_import < other.index < unit.index for other in self.impure)
        return between or self.sheet.project.imports_lead(found, self.sheet.module.path)

    # Where statements go

    def _destinations(self, closures: Mapping[str, set[int]]) -> dict[int, str]:
        owners: dict[int, set[str]] = {}
        for name, closure in closures.items():
            for index in closure:
                owners.setdefault(index, set()).add(name)
        unit_of = self.sheet.unit
        for unit in self.sheet.every:
            if unit.index not in owners:
                for need in self._read_by(unit):
                    if need in owners:
                        owners[need].add(STAYS)
        shared: set[int] = set()
        waiting = [
            index
            for index, own in owners.items()
            if index not in self.home
            and (len(own) > 1 or unit_of(index) in self.impure or names_its_folder(unit_of(index)))
        ]
        while waiting:
            index = waiting.pop()
            if index in shared:
                continue
            shared.add(index)
            for need in self.needs(unit_of(index)):
                if need in self.home:
                    self.extra[index] = f"it uses the handler {unit_of(need).names}, and is used outside of its group"
                elif need not in shared:
                    waiting.append(need)
        schemas = self._schemas(shared)
        destinations: dict[int, str] = {}
        for index, own in owners.items():
            if index in self.home:
                destinations[index] = self.home[index]
            elif index in shared:
                destinations[index] = SCHEMAS if index in schemas else DEPENDENCIES
            else:
                destinations[index] = next(iter(own))
        return destinations

    def _read_by(self, unit: Unit) -> Iterator[int]:
        for name in unit.reads | unit.rebinds:
            yield from (index for index in self.sheet.binders.get(name, ()) if index != unit.index)

    def _schemas(self, shared: set[int]) -> set[int]:
        """The shared statements that are models and need nothing but models."""
        found = {index for index in shared if self._is_schema(self.sheet.unit(index))}
        while True:
            left = {index for index in found if set(self.needs(self.sheet.unit(index))) <= found}
            if left == found:
                return found
            found = left

    def _is_schema(self, unit: Unit) -> bool:
        if isinstance(unit.node, ast.Expr) and self._is_model_rebuild(unit.node.value):
            return True
        if not isinstance(unit.node, ast.ClassDef) or set(unit.reads) & self.loggers.keys():
            return False
        return self.sheet.project.derives_from(Symbol(self.sheet.module.path, unit.node.name), _SCHEMAS)

    # What must not come apart

    def _checked(self, destinations: Mapping[int, str]) -> list[Patch]:
        """The patches that must be rewritten; what cannot be moved like this goes to `extra`."""
        patches: list[Patch] = []
        for name, facts in self.sheet.names.items():
            if name in self.routers:
                continue
            mentions = self.sheet.mentions(name)
            if not any(unit.index in destinations for unit in mentions):
                continue
            in_functions = [change for change in facts.rebound if change.how == "global"]
            if in_functions and name not in self.repeated:
                where = {destinations.get(unit.index, STAYS) for unit in mentions}
                if len(where) > 1:
                    function = in_functions[0].place.function
                    self._block(
                        mentions, f"`{name}` is rebound by `{function}()`, so all that use it must stay together"
                    )
            # What is read at import, as in `Depends(get_db)`, no test replaces afterwards.
            lines = {place.line for place in facts.read if place.function}
            readers = list(dict.fromkeys(self.sheet.unit_at(line) for line in sorted(lines)))
            where = {destinations.get(unit.index, STAYS) for unit in readers}
            if where <= {STAYS}:
                continue
            elsewhere = [c for c in facts.changed_elsewhere if c.how in ("again", "augmented", "del")]
            strings = [s for s in facts.named if s.kind == "patch" and s.path == facts.path and s.name == name]
            for change in elsewhere:
                place = f"{change.place.path}:{change.place.line}"
                self._block(readers, f"`{name}` is replaced from outside, in {place}")
            through = [i.place for i in facts.imported if i.kind == "module" and not is_test(i.place.path)]
            for string in strings:
                if through:
                    place = f"{string.place.path}:{string.place.line}"
                    self._block(
                        readers, f"`{name}` is replaced in {place}, for {through[0].path} too, which asks the module"
                    )
                elif len(where) == 1 and self._is_plain(string, name):
                    patches.append(Patch(string, next(iter(where))))
                else:
                    place = f"{string.place.path}:{string.place.line}"
                    self._block(readers, f"`{name}` is replaced where it is looked up, in {place}")
        return patches

    def _block(self, units: Sequence[Unit], reason: str) -> None:
        for unit in units:
            self.extra.setdefault(unit.index, reason)

    def _is_plain(self, string: CodeString, name: str) -> bool:
        """Whether the string stands in Python source as one literal, which can be replaced."""
        if not string.text.endswith(f".{name}"):
            return False
        module = self.sheet.project.module(string.place.path)
        return module is not None and literal_at(module.text, string) is not None


def _routers_of(sheet: Sheet) -> Iterator[str]:
    for assignment in sheet.module.facts.assignments:
        if not assignment.scopes:
            symbol = sheet.project.resolve(sheet.module, assignment.call.callee)
            if symbol is not None and sheet.project.derives_from(symbol, ("fastapi.FastAPI", "fastapi.APIRouter")):
                yield assignment.target


def literal_at(text: str, string: CodeString) -> tuple[int, int] | None:
    """The offsets of the literal in the line where the string is used, or further down in the same call."""
    lines = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
    if string.place.line > len(lines):
        return None
    start = lines[string.place.line - 1]
    end = lines[min(string.place.line + 2, len(lines) - 1)] if string.place.line < len(lines) else len(text)
    end = max(end, start) or len(text)
    found = re.compile(rf"""(?<![\w"'])(["']){re.escape(string.text)}\1""").search(text, start, end)
    return found.span() if found else None


def _same_name_elsewhere(sheet: Sheet, name: str) -> str | None:
    """OpenAPI tells two models of one name apart by their modules."""
    found = sheet.project.remembered(("split-router: classes", sheet.module.path), lambda: _classes_elsewhere(sheet))
    return (
        f"`{found[name]}` has a class of this name too, and OpenAPI tells the two apart by module"
        if name in found
        else None
    )


def _classes_elsewhere(sheet: Sheet) -> dict[str, str]:
    own = {unit.node.name for unit in sheet.units if isinstance(unit.node, ast.ClassDef)}
    found: dict[str, str] = {}
    if not own:
        return found
    for path in surroundings(sheet.project):
        if path == sheet.module.path or is_test(path):
            continue
        try:
            data = sheet.project.data(path)
        except OSError:
            continue
        for match in _CLASS.finditer(data):
            name = match.group(2).decode("ascii", "replace")
            if name in own and (match.group(1) or sheet.project.derives_from(Symbol(path, name), _IN_OPENAPI)):
                found.setdefault(name, path)
    return found


_CLASS = re.compile(rb"(?:^|\n)(@[^\n]*\bdataclass\b[^\n]*\n)?class[ \t]+(\w+)")
