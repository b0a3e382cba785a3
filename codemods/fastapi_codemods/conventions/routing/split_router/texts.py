"""The text of the new modules, and what is left of the old one."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import NamedTuple

from ....edits import Edits
from ....errors import BrokenResultError
from ....findings import Finding
from ....project import Module, Span
from ....source.nodes import walk
from ....source.statements import line_starts
from .factories import dedented
from .groups import Group, Operation
from .importers import Importers, homes_of, update
from .imports import Imported, imported_by, order_of_sources, rendered, section_of, stars_of, style_of, without
from .layout import Layout
from .moves import SHARED, Moves, Patch, literal_at
from .order import Part
from .units import Sheet, Unit


class Split(NamedTuple):
    """All that is known about cutting a module's routers into groups; `rewrite` does it for those accepted."""

    sheet: Sheet
    groups: tuple[Group, ...]
    """Those that can move."""
    moves: Moves
    parts: Mapping[str, tuple[Part, ...]]
    """The routers of a group's module, by the group's name."""
    layout: Layout
    files: Mapping[str, str]
    """The path of each destination."""
    add_tags: bool
    makes_package: bool
    """The folder of the routers is new, or has no `__init__.py` yet."""
    importers: Importers
    """`NOBODY` where names are re-exported."""


def write(split: Split, accepted: Mapping[str, Finding], edits: Edits) -> None:
    """New files and edits that move the accepted groups, by their names."""
    _Writer(split, accepted, edits).write()


class _Writer:
    def __init__(self, split: Split, accepted: Mapping[str, Finding], edits: Edits) -> None:
        self.split = split
        self.sheet = split.sheet
        self.module: Module = split.sheet.module
        self.accepted = accepted
        self.edits = edits
        self.finding = next(iter(accepted.values()))
        self.destinations = {
            index: where for index, where in split.moves.destinations.items() if where in accepted or where in SHARED
        }
        self.operations: dict[int, list[Operation]] = {}
        for group in split.groups:
            for operation in group.operations:
                self.operations.setdefault(operation.unit, []).append(operation)
        self.groups = {group.name: group for group in split.groups if group.name in accepted}
        self.routers = {group.router for group in split.groups}
        self.names_inside = {
            name
            for group in split.groups
            for operation in group.operations
            for scope in operation.function.scopes
            for name in scope.names
        }
        """Of the functions in which routers are included."""
        homes = homes_of(self.sheet, self.destinations, split.files) if split.importers.old else {}
        self.followed = {name: path for name, path in homes.items() if name not in split.importers.kept}
        """The new files of the names that others import from there from now on."""
        self.roles = {
            operation.decorator.span.start: part.role
            for group in split.groups
            for part in split.parts[group.name]
            for operation in part.operations
        }
        self.import_style = style_of(split.sheet)
        self.sources = frozenset(
            {
                split.layout.source(importer, target)
                for importer in (self.module.path, *split.files.values())
                for target in (*split.files.values(), split.layout.folder)
            }
        )

    def write(self) -> None:
        for where in dict.fromkeys(self.destinations[index] for index in sorted(self.destinations)):
            finding = self.accepted.get(where, self.finding)
            self.edits.create(self.split.files[where], self._with_line_ends(self._new_module(where)), finding)
        if self.split.makes_package:
            self.edits.create(f"{self.split.layout.folder}/__init__.py", "", self.finding)
        self._change_old_module()
        for patch in self.split.moves.patches:
            if patch.destination in self.accepted or patch.destination in SHARED:
                self._retarget(patch)
        update(self.sheet.project, self.split.importers, self.followed, self.edits, self.finding)

    def _with_line_ends(self, text: str) -> str:
        return text.replace("\r\n", "\n").replace("\n", self.module.source.newline)

    # New modules

    def _new_module(self, where: str) -> str:
        path = self.split.files[where]
        units = [self.sheet.unit(index) for index in sorted(self.destinations) if self.destinations[index] == where]
        dots = self.split.layout.dots(path)
        group = self.groups.get(where)
        wanted: list[Imported] = []
        checking: list[Imported] = []
        repeated: list[Unit] = []
        own = {name for unit in units for name in unit.binds}
        waiting = sorted({name for unit in units for name in unit.reads | unit.rebinds} - own - self.routers)
        seen = set(waiting)
        while waiting:
            name = waiting.pop(0)
            if (copied := self.split.moves.repeated.get(name)) is not None:
                repeated.append(copied)
                waiting += sorted(copied.reads - seen)
                seen |= copied.reads
                continue
            for index in self.sheet.binders[name]:
                unit = self.sheet.units[index]
                if unit.is_import:
                    wanted += imported_by(unit, name, dots)
                elif unit.imports:
                    checking += imported_by(unit, name, dots)
                    new = unit.reads - seen
                    waiting += sorted(new)
                    seen |= new
                elif index in self.destinations:
                    source = self.split.layout.source(path, self.split.files[self.destinations[index]])
                    wanted.append(Imported(source, name, ""))
                else:
                    raise BrokenResultError(f"{path} would need `{name}` of {self.module.path}")
        variable = self._router_variable(where, own | seen)
        if group is not None:
            wanted.append(Imported("fastapi", "APIRouter", ""))
        wanted += stars_of(self.sheet, dots)
        parts = list(_license_of(self.module))
        if self.module.facts.postponed:
            parts.append("from __future__ import annotations\n")
        if imports := rendered(self.sheet.project, path, wanted, self.sources, style=self.import_style):
            parts.append(imports)
        if checking:
            test = next(u for u in self.sheet.units if u.type_checking and any(n in u.binds for n in seen)).node
            condition = ast.unparse(test.test) if isinstance(test, ast.If) else "TYPE_CHECKING"
            parts.append(
                f"if {condition}:\n"
                + rendered(self.sheet.project, path, checking, self.sources, "    ", self.import_style)
            )
        repeated.sort(key=lambda unit: unit.index)
        parts += [f"{unit.text.strip()}\n" for unit in repeated if unit.imports_within]
        if simple := [f"{unit.text.strip()}\n" for unit in repeated if not unit.imports_within]:
            parts.append("".join(simple))
        if group is not None:
            parts.append(self._routers(group, variable))
        return "\n".join(parts) + "".join(self._moved(units, variable, group, dots, is_first=not parts))

    def _routers(self, group: Group, variable: str) -> str:
        arguments = ", ".join(self._router_arguments(group))
        names = [_named(part.role, variable) for part in self.split.parts[group.name]]
        why = (
            "# Included where their routes were, among others: the order of all routes decides, and OpenAPI shows it.\n"
        )
        return (why if len(names) > 1 else "") + "".join(f"{name} = APIRouter({arguments})\n" for name in names)

    def _router_variable(self, where: str, taken: AbstractSet[str]) -> str:
        roles = [part.role for part in self.split.parts.get(where, ())]
        if taken.isdisjoint({"router", *(_named(role, "router") for role in roles)}):
            return "router"
        return f"{where.strip('/')}_router"

    def _router_arguments(self, group: Group) -> Iterator[str]:
        if group.prefix:
            yield f'prefix="{group.prefix}"'
        if self.split.add_tags and not any(operation.route.tags for operation in group.operations):
            yield f'tags=["{group.label}"]'

    def _moved(
        self, units: Sequence[Unit], variable: str, group: Group | None, dots: int, *, is_first: bool
    ) -> Iterator[str]:
        before: Unit | None = None
        for unit in units:
            text = self._moved_text(unit, variable, group, dots)
            if before is None:
                lines = 0 if is_first else 2 if unit.is_definition else 1
            elif before.is_definition or unit.is_definition:
                lines = 2
            else:
                lines = 0 if before.index == unit.index - 1 and unit.text_start - before.span.end < 1 else 1
            yield "\n" * lines + text + "\n"
            before = unit

    def _moved_text(self, unit: Unit, variable: str, group: Group | None, dots: int) -> str:
        base = unit.text_start
        changes: list[tuple[int, int, str]] = []
        for operation in self.operations.get(unit.index, ()):
            start = operation.decorator.span.start
            receiver = operation.decorator.name.rpartition(".")[0]
            name = _named(self.roles[start], variable)
            changes.append((start - base, start - base + len(receiver), name))
            if (
                group is not None
                and group.prefix
                and operation.written_at is not None
                and operation.written is not None
            ):
                quote = self.module.text[operation.written_at.start]
                stripped = operation.written.removeprefix(group.prefix)
                changes.append(
                    (operation.written_at.start - base, operation.written_at.end - base, f"{quote}{stripped}{quote}")
                )
        if dots:
            changes += [(at - base, at - base, "." * dots) for at in _relative_imports(self.module, unit)]
        text = unit.text
        for start, end, new in sorted(changes, reverse=True):
            text = text[:start] + new + text[end:]
        if unit.owner is not None:
            statement = self.module.facts.statements[unit.statement]
            first = self.module.text.count("\n", statement.start, unit.text_start) + 1
            text = dedented(text, unit.owner.node, first)
        return text

    # The old module

    def _change_old_module(self) -> None:
        gone = self._statements_that_go()
        left = [unit for unit in self.sheet.every if unit.index not in gone]
        still_read = {name for unit in left if not unit.is_import for name in unit.reads | unit.rebinds}
        was_read = {name for index in gone for name in self.sheet.unit(index).reads}
        outside = {name for name in was_read | self._moved_names() if self._is_used_outside(name)}
        includes = self._includes()
        self._remove(gone, includes)
        unneeded = was_read - still_read
        earlier = self._earlier_imports(unneeded, outside)
        for unit in left:
            if unit.imports and unit.index not in earlier:
                self._shorten(unit, frozenset(unneeded - outside), frozenset(unneeded & outside))
        self._import_new(still_read, outside, gone, earlier)

    def _earlier_imports(self, unneeded: AbstractSet[str], outside: AbstractSet[str]) -> dict[int, list[Imported]]:
        """What an earlier run imported here: it is written again, together with what comes now."""
        found: dict[int, list[Imported]] = {}
        index = self.split.moves.last_import
        layout = self.split.layout
        while index >= 0:
            unit = self.sheet.units[index]
            own = self.module.text[unit.span.start : unit.span.end]
            node = unit.node
            if len(unit.body) > 1 or not isinstance(node, ast.ImportFrom) or "#" in own:
                break
            name = "." * node.level + (node.module or "")
            path = self.sheet.project.module_path(self.module.path, name) or ""
            if not layout.is_for_new(path, self.module.path):
                break
            found[index] = [
                Imported(name, alias.name, alias.asname or (alias.name if alias.name in unneeded else ""))
                for alias in node.names
                if (alias.asname or alias.name) not in unneeded or (alias.asname or alias.name) in outside
            ]
            if self._blank_lines_above(unit):
                break
            index -= 1
        return found

    def _moved_names(self) -> set[str]:
        return {name for index in self.destinations for name in self.sheet.unit(index).binds}

    def _statements_that_go(self) -> set[int]:
        """What moved, and loggers and blocks of imports that nobody needs any more."""
        gone = set(self.destinations)
        while True:
            left = [unit for unit in self.sheet.every if unit.index not in gone]
            still_read = {name for unit in left for name in unit.reads | unit.rebinds}
            was_read = {name for index in gone for name in self.sheet.unit(index).reads}
            unneeded = {
                unit.index
                for unit in left
                if (unit.type_checking or unit.binds & self.split.moves.repeated.keys())
                and unit.binds
                and unit.binds <= was_read - still_read
                and not any(self._is_used_outside(name) for name in unit.binds)
            }
            if not unneeded:
                return gone
            gone |= unneeded

    def _is_used_outside(self, name: str) -> bool:
        facts = self.sheet.names.get(name)
        if facts is None or name in self.followed:
            return False
        rewritten = {id(string) for string, where in self.split.moves.patches if where in {*self.accepted, *SHARED}}
        named = any(id(string) not in rewritten and string.kind != "route" for string in facts.named)
        through_packages = name.encode() in _asked_through_packages(self.sheet)
        return bool(facts.imported or facts.used_elsewhere or named or facts.exported or through_packages)

    def _includes(self) -> dict[int, list[tuple[str, Part]]]:
        """The groups' routers that are included in the place of a statement."""
        found: dict[int, list[tuple[str, Part]]] = {}
        parts = [(name, part) for name in self.accepted for part in self.split.parts[name]]
        for name, part in sorted(parts, key=lambda pair: pair[1].operations[0].position):
            found.setdefault(part.statement, []).append((name, part))
        return found

    def _remove(self, gone: Collection[int], includes: Mapping[int, Sequence[tuple[str, Part]]]) -> None:
        units = self.sheet.units
        run: list[Unit] = []
        for unit in (*units, None):
            if unit is not None and unit.index in gone:
                run.append(unit)
            elif run:
                self._replace_run(run, units[run[0].index - 1] if run[0].index else None, includes)
                run = []
        inner: list[Unit] = []
        for unit in self.sheet.nested.values():
            if unit.index not in gone:
                continue
            if inner and inner[-1].span.end != unit.span.start:
                self._replace_inner(inner, includes)
                inner = []
            inner.append(unit)
        if inner:
            self._replace_inner(inner, includes)

    def _replace_inner(self, run: Sequence[Unit], includes: Mapping[int, Sequence[tuple[str, Part]]]) -> None:
        """Handlers of a function, one behind the other, and the includes that come in their place."""
        before, last = run[0].owner, run[-1].owner
        pairs = [pair for unit in run for pair in includes.get(unit.index, ())]
        if before is None or last is None:
            return
        lines = [
            f"{before.indent}{self.groups[name].router}.include_router({self._reference(name, part.role)})\n"
            for name, part in pairs
        ]
        includes_router = tuple(f"{router}.include_router(" for router in self.routers)
        if lines and not before.before_text.startswith(includes_router):
            lines.insert(0, "\n")
        end = run[-1].span.end
        behind = self.module.text[end : last.behind] if last.behind >= 0 else ""
        if lines and last.behind >= 0 and not behind.strip() and last.behind_text.startswith(includes_router):
            end = last.behind - len(last.indent)
        finding = self.accepted[pairs[0][0]] if pairs else self.finding
        self.edits.replace(self.module, Span(run[0].span.start, end), self._with_line_ends("".join(lines)), finding)

    def _replace_run(
        self, run: Sequence[Unit], before: Unit | None, includes: Mapping[int, Sequence[tuple[str, Part]]]
    ) -> None:
        wanted_here = [pair for unit in run for pair in includes.get(unit.index, ())]
        lines = [
            f"{self.groups[name].router}.include_router({self._reference(name, part.role)})\n"
            for name, part in wanted_here
        ]
        if lines and before is not None:
            attached = self._includes_router(before)
            blank = 0 if attached else 2 if before.is_definition else 1
            lines.insert(0, "\n" * blank)
            if not self.module.text[: before.span.end].endswith(("\n", "\r")):
                lines.insert(0, "\n")
        after = self.sheet.units[run[-1].index + 1] if run[-1].index + 1 < len(self.sheet.units) else None
        if after is not None and before is not None:
            # What comes next keeps its distance: from the include, else the one that the first of these had.
            wanted = 1 if lines else min(self._blank_lines_above(run[0]), 2)
            if before.index == self.split.moves.last_import:
                wanted = max(wanted, 1)
            lines.append("\n" * max(wanted - self._blank_lines_above(after), 0))
        finding = self.accepted[wanted_here[0][0]] if wanted_here else self.finding
        end = run[-1].span.end
        if lines and after is not None and self._includes_router(after) and after.text_start == after.offset:
            end = after.offset
            lines = [line for line in lines if line.strip() or line is lines[0]]
        span = Span(run[0].span.start, end)
        self.edits.replace(self.module, span, self._with_line_ends("".join(lines)), finding)

    def _includes_router(self, unit: Unit) -> bool:
        return unit.text.startswith(tuple(f"{router}.include_router(" for router in self.routers))

    def _blank_lines_above(self, unit: Unit) -> int:
        above = self.module.text[unit.span.start : unit.text_start]
        return above.count("\n") or above.count("\r")

    def _is_taken(self, name: str) -> bool:
        return (
            name in self.sheet.names
            or name in self.routers
            or name in self.names_inside
            or self.split.layout.source(self.module.path, self.split.layout.folder) == ""
        )

    def _alias(self, name: str, role: str) -> str:
        alias = _named(role, f"{name}_router")
        while alias in self.sheet.names or alias in self.names_inside:
            alias = f"{alias}_"
        return alias

    def _variable_in(self, name: str, role: str) -> str:
        units = [unit for unit in self.sheet.every if self.destinations.get(unit.index) == name]
        taken = {n for unit in units for n in unit.binds | unit.reads | unit.rebinds} - self.routers
        return _named(role, self._router_variable(name, taken))

    def _reference(self, name: str, role: str) -> str:
        return self._alias(name, role) if self._is_taken(name) else f"{name}.{self._variable_in(name, role)}"

    def _shorten(self, unit: Unit, gone: frozenset[str], kept_as: frozenset[str]) -> None:
        if not unit.binds & (gone | kept_as):
            return
        own = self.module.statement_text(unit.index)
        if unit.is_import and unit.binds <= gone and len(unit.body) == 1:
            # Comments above it may head a section; blank lines go where nothing else is left of theirs.
            above = self.module.text[unit.span.start : unit.offset]
            keeps_above = (
                above.strip() or unit.index == self.split.moves.last_import or not self._ends_section(unit, gone)
            )
            start = unit.offset if keeps_above else unit.span.start
            end = unit.span.end
            is_first = all(self._vanishes(before, gone) for before in self.sheet.units[: unit.index])
            if is_first and not above.strip() and unit.index + 1 < len(self.sheet.units):
                end = self.sheet.units[unit.index + 1].text_start  # no blank lines at the top of a file
            self.edits.replace(self.module, Span(start, end), "", self.finding)
            return
        for span, text in without(self.module.text, unit.offset, own, unit, gone, kept_as).items():
            self.edits.replace(self.module, span, text, self.finding)

    def _vanishes(self, unit: Unit, gone: frozenset[str]) -> bool:
        """Whether nothing is left of an import, comments above it included."""
        above = self.module.text[unit.span.start : unit.offset]
        return unit.is_import and unit.binds <= gone and len(unit.body) == 1 and not above.strip()

    def _ends_section(self, unit: Unit, gone: frozenset[str]) -> bool:
        """Whether no import that stays, and none that is new, follows before the next blank line."""
        for after in self.sheet.units[unit.index + 1 :]:
            if not after.is_import or self._blank_lines_above(after):
                return True
            if not after.binds <= gone or after.index == self.split.moves.last_import:
                return False
        return True

    def _import_new(
        self,
        still_read: Collection[str],
        outside: Collection[str],
        gone: Collection[int],
        earlier: Mapping[int, Sequence[Imported]],
    ) -> None:
        path, layout, files = self.module.path, self.split.layout, self.split.files
        wanted = [item for items in earlier.values() for item in items]
        for index, where in self.destinations.items():
            for name in self.sheet.unit(index).binds:
                source = layout.source(path, files[where])
                if name in still_read or (self.sheet.names[name].exported and name in outside):
                    wanted.append(Imported(source, name, ""))
                elif name in outside:
                    wanted.append(Imported(source, name, name))
        for name in self.accepted:
            if self._is_taken(name):
                source = layout.source(path, files[name])
                wanted += [
                    Imported(source, self._variable_in(name, part.role), self._alias(name, part.role))
                    for part in self.split.parts[name]
                ]
            else:
                wanted.append(Imported(layout.source(path, layout.folder), name, ""))
        unit = self.sheet.units[self.split.moves.last_import]
        text = rendered(self.sheet.project, path, wanted, self.sources, style=self.import_style)
        if earlier:
            first = self.sheet.units[min(earlier)]
            self.edits.replace(self.module, Span(first.offset, unit.span.end), self._with_line_ends(text), self.finding)
            return
        following = self.module.text[unit.span.end : unit.span.end + 2]
        next_unit = self.sheet.units[unit.index + 1] if unit.index + 1 < len(self.sheet.units) else None
        is_close = next_unit is not None and next_unit.index not in gone and not following.startswith(("\n", "\r"))
        if (places := self._places_in_order(wanted, still_read, outside)) is not None:
            for offset, lines in places.items():
                own = lines + "\n" if is_close and offset == unit.span.end else lines
                self.edits.insert(self.module, offset, self._with_line_ends(own), self.finding)
            return
        before = unit
        while before.index and before.is_import and self._goes(before, still_read, outside):
            if self._blank_lines_above(before):
                break
            before = self.sheet.units[before.index - 1]
        if before.is_import and not self._goes(before, still_read, outside) and not self._is_local(before):
            text = "\n" + text
        if is_close:
            text += "\n"
        self.edits.insert(self.module, unit.span.end, self._with_line_ends(text), self.finding)

    def _places_in_order(
        self, wanted: Sequence[Imported], still_read: Collection[str], outside: Collection[str]
    ) -> dict[int, str] | None:
        """Where isort would have the new imports, with their text; None where the imports of the module are in no such
        order, or have no place for them."""
        path, project = self.module.path, self.sheet.project
        places: dict[int, str] = {}
        by_source: dict[str, list[Imported]] = {}
        for item in dict.fromkeys(wanted):
            by_source.setdefault(item.source, []).append(item)
        for source in sorted(by_source, key=order_of_sources):
            items = by_source[source]
            number = section_of(project, path, items[0], self.sources)
            block = [unit for unit in self._block_of(number) if not self._goes(unit, still_read, outside)]
            if not block:
                return None
            keys = [self._order_of(unit) for unit in block]
            key = (not self.import_style.by_module, order_of_sources(source))
            if keys != sorted(keys) or key in keys:
                return None
            before = [unit for unit, own in zip(block, keys, strict=True) if own < key]
            if not before and block[0].text_start != block[0].offset:
                return None  # a comment there may head the section
            offset = before[-1].span.end if before else block[0].offset
            places[offset] = places.get(offset, "") + rendered(
                project, path, items, self.sources, style=self.import_style
            )
        return places

    def _block_of(self, number: int) -> list[Unit]:
        """The imports at the top of the module that are of one of isort's sections and stand together; none where
        there are several such blocks, or others stand among them."""
        blocks: list[list[Unit]] = [[]]
        for unit in self.sheet.units[: self.split.moves.last_import + 1]:
            if not unit.is_import or len(unit.body) > 1:
                blocks.append([])
                continue
            if self._blank_lines_above(unit):
                blocks.append([])
            blocks[-1].append(unit)
        found = [block for block in blocks if block and number in {self._section_of(unit) for unit in block}]
        if len(found) != 1 or {self._section_of(unit) for unit in found[0]} != {number}:
            return []
        return found[0]

    def _section_of(self, unit: Unit) -> int:
        items = [item for name in sorted(unit.binds) for item in imported_by(unit, name, 0)]
        return section_of(self.sheet.project, self.module.path, items[0], self.sources) if items else -1

    def _order_of(self, unit: Unit) -> tuple[bool, tuple[bool, int, str]]:
        """As isort sorts: `import a` before `from a import b`, unless only the modules count."""
        node = unit.imports[0]
        if isinstance(node, ast.Import):
            return False, order_of_sources(node.names[0].name)
        return not self.import_style.by_module, order_of_sources("." * node.level + (node.module or ""))

    def _goes(self, unit: Unit, still_read: Collection[str], outside: Collection[str]) -> bool:
        """Whether nothing is left of the import."""
        read = {name for index in self.destinations for name in self.sheet.unit(index).reads}
        return unit.is_import and bool(unit.binds) and unit.binds <= read - set(still_read) - set(outside)

    def _is_local(self, unit: Unit) -> bool:
        return any(
            (isinstance(node, ast.ImportFrom) and node.level > 0)
            or any(
                self.sheet.project.module_path(self.module.path, name)
                for name in (
                    [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or "."]
                )
            )
            for node in unit.imports
        )

    # Tests

    def _retarget(self, patch: Patch) -> None:
        string, where = patch
        path = string.place.path
        module = self.sheet.project.module(path)
        found = literal_at(module.text, string) if module is not None else None
        if module is None or found is None:
            raise BrokenResultError(f"{path} has no {string.text!r} to be rewritten")
        quote = module.text[found[0]]
        old = string.text.removesuffix(f".{string.name}")
        stem = self.split.files[where].removesuffix(".py")[len(self.split.layout.base) :].replace("/", ".")
        package = old if self.module.path.endswith("__init__.py") else old.rpartition(".")[0]
        new = ".".join(filter(None, (package, stem, string.name)))
        finding = self.accepted.get(where, self.finding)
        self.edits.replace(module, Span(*found), f"{quote}{new}{quote}", finding)


def _named(role: str, variable: str) -> str:
    return f"{role}_{variable}" if role else variable


def _asked_through_packages(sheet: Sheet) -> AbstractSet[bytes]:
    """What other files may ask of the module as of an attribute of its package: `shop.web.api.list_items`."""
    path = sheet.module.path.removesuffix("/__init__.py").removesuffix(".py")
    asked = re.compile(rb"\.\s*%s\s*\.\s*(\w+)" % re.escape(path.rpartition("/")[2].encode()))

    def find() -> AbstractSet[bytes]:
        found: set[bytes] = set()
        for other in sheet.project.paths:
            if other != sheet.module.path:
                with suppress(OSError):
                    found.update(asked.findall(sheet.project.data(other)))
        return found

    return sheet.project.remembered(("split-router: asked through packages", sheet.module.path), find)


_HEADER = re.compile(r"\A(?:#!.*\n)?(?:#.*coding[:=].*\n)?((?:#.*\n)+)")
_OF_LAW = re.compile(r"copyright|licen[cs]e|SPDX-", re.IGNORECASE)


def _license_of(module: Module) -> Iterator[str]:
    """The comment about copyright or license at the top, which belongs at the top of every file."""
    found = _HEADER.match(module.text.replace("\r\n", "\n"))
    if found is not None and _OF_LAW.search(found[1]):
        yield found[1]


def _relative_imports(module: Module, unit: Unit) -> Iterable[int]:
    """Offsets behind the `from` of the relative imports in the statement's functions."""
    own = module.statement_text(unit.statement)
    starts = line_starts(own)
    base = module.facts.statements[unit.statement].start
    for node in unit.body:
        for inner in walk(node):
            if isinstance(inner, ast.ImportFrom) and inner.level:
                line = own[starts[inner.lineno - 1] :]
                start = starts[inner.lineno - 1] + len(line.encode()[: inner.col_offset].decode())
                found = re.compile(r"from\s*").match(own, start)
                if found:
                    yield base + found.end()
