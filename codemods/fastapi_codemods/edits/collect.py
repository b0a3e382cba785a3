"""Edits, gathered from a codemod and turned into changed files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..errors import BrokenResultError, ConflictError
from ..findings import Finding
from ..plan import Difference, FileChange
from ..project import Module, Project, Span
from ..source import UnreadableSourceError
from . import imports, unused


class Edit(NamedTuple):
    """Characters `start` to `end` of a module's text become `text`; `start == end` inserts."""

    path: str
    start: int
    end: int
    text: str
    finding: Finding


class NewFile(NamedTuple):
    """A file that does not exist yet, with all of its text."""

    path: str
    text: str
    finding: Finding


class ImportRequest(NamedTuple):
    """`from <module> import <name>` is wanted in the file `path`; `import <module>` where the name is empty."""

    path: str
    module: str
    name: str
    finding: Finding


class DroppedImport(NamedTuple):
    """The module-level import of `name` in the file `path` is to go if nothing uses it once all is rewritten."""

    path: str
    name: str
    finding: Finding


class Edits:
    """What one codemod wants to change in a project. Plain data inside, so that it can come from another process."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.edits: list[Edit] = []
        self.requests: list[ImportRequest] = []
        self.created: list[NewFile] = []
        self.dropped: list[DroppedImport] = []

    def replace(self, module: Module, span: Span, text: str, finding: Finding) -> None:
        """`text` uses the module's own line ends."""
        if module.code(span) != text:
            self.edits.append(Edit(module.path, span.start, span.end, text, finding))

    def insert(self, module: Module, offset: int, text: str, finding: Finding) -> None:
        self.edits.append(Edit(module.path, offset, offset, text, finding))

    def create(self, path: str, text: str, finding: Finding) -> None:
        """A new file, written as UTF-8. `text` has the line ends that it shall have: those of the module it comes from.

        `find` has asked whether the file exists, also as one that is ignored: that is a finding that is left alone.
        Two findings may make the same file if they agree on its text (an empty `__init__.py`).
        """
        if path in self.project.known_paths:
            raise BrokenResultError(f"{path} was to be made but exists")
        self.created.append(NewFile(path, text, finding))

    def name(self, module: Module, dotted: str, finding: Finding) -> str:
        """The expression that means `dotted` (`typing.Annotated`) in the module, importing it if it must be.

        `find` has asked `reachable_as` before: a name that cannot be had is a finding that is left alone.
        """
        return self._reached(imports.reachable_as(module, dotted), module, dotted, finding)

    def module_name(self, module: Module, dotted: str, finding: Finding) -> str:
        """The expression that means the module `dotted` (`asyncio`), imported if it must be; see `name`."""
        return self._reached(imports.module_reachable_as(module, dotted), module, dotted, finding)

    def _reached(self, reachable: imports.Reachable | None, module: Module, dotted: str, finding: Finding) -> str:
        if reachable is None:
            raise BrokenResultError(f"{module.path} cannot import {dotted}: the name is taken")
        if reachable.request is not None:
            self.requests.append(ImportRequest(module.path, *reachable.request, finding))
        return reachable.expression

    def import_name(self, module: Module, source: str, name: str, finding: Finding) -> None:
        """`from <source> import <name>`, or `import <source>` without a name; `name` may be `name as local`.

        `find` has seen to it that the module has no other meaning for it.
        """
        self.requests.append(ImportRequest(module.path, source, name, finding))

    def drop_import(self, module: Module, name: str, finding: Finding) -> None:
        """Take the import of `name` out of the module unless something else in it, or another file, uses the name."""
        self.dropped.append(DroppedImport(module.path, name, finding))

    def by_path(self) -> dict[str, list[Edit]]:
        """All edits of each file, those that the imports need included."""
        edits: dict[str, list[Edit]] = {}
        # Several findings may want the same edit, as parts of one change.
        unique: dict[tuple[str, int, int, str], Edit] = {}
        for edit in self.edits:
            unique.setdefault(edit[:4], edit)
        for edit in unique.values():
            edits.setdefault(edit.path, []).append(edit)
        requested: dict[str, dict[tuple[str, str], Finding]] = {}
        for request in self.requests:
            requested.setdefault(request.path, {}).setdefault((request.module, request.name), request.finding)
        for path, wanted in requested.items():
            for start, end, text, key in imports.edits_for(self.project, self._module(path), list(wanted)):
                edits.setdefault(path, []).append(Edit(path, start, end, text, wanted[key]))
        dropped: dict[str, dict[str, Finding]] = {}
        for path, name, finding in self.dropped:
            dropped.setdefault(path, {}).setdefault(name, finding)
        for path, names in dropped.items():
            edits[path] = self._without_imports(self._module(path), edits.get(path, []), names)
        return edits

    def _without_imports(self, module: Module, edits: list[Edit], names: Mapping[str, Finding]) -> list[Edit]:
        text = _applied(module.text, edits)
        gone = {
            name
            for name in names
            if not unused.is_used(text, name) and unused.is_imported_for_itself(self.project, module, name)
        }
        if not gone:
            return edits
        found = []
        for edit in edits:
            # A statement that gets other names loses these in the same edit.
            left = unused.without_names(edit.text, gone) if imports.is_statement(edit.text) else None
            found.append(edit if left is None else edit._replace(text=left))
        changed = [Span(edit.start, edit.end) for edit in edits]
        finding = names[min(gone)]
        for span, left in unused.edits_without(module, gone, changed):
            found.append(Edit(module.path, span.start, span.end, left, finding))
        return found

    def changes(self, by_path: Mapping[str, Sequence[Edit]] | None = None) -> tuple[FileChange, ...]:
        """The changed files, by path. `by_path` is what the method of that name gave, if it was asked before."""
        edits = self.by_path() if by_path is None else by_path
        changes = [_changed(self._module(path), edits[path]) for path in edits]
        changes = [change for change in changes if change.before != change.after]
        return tuple(sorted([*changes, *self._new_files()], key=lambda change: change.path))

    def _new_files(self) -> Iterator[FileChange]:
        made: dict[str, NewFile] = {}
        for new in self.created:
            other = made.setdefault(new.path, new)
            if other.text != new.text:
                raise ConflictError(
                    f"{new.path}: {_named(other.finding)} and {_named(new.finding)} want to make this file;"
                    f" run them one after the other with --select"
                )
        for path, new in made.items():
            try:
                yield FileChange(path, None, new.text.encode())
            except UnicodeEncodeError as error:
                raise BrokenResultError(f"{path} cannot be written: {error.reason}") from None

    def _module(self, path: str) -> Module:
        module = self.project.module(path)
        if module is None:
            raise BrokenResultError(f"{path} was to be changed but cannot be read")
        return module


def _applied(text: str, edits: Iterable[Edit]) -> str:
    parts: list[str] = []
    position = 0
    for start, end, new in sorted({(edit.start, edit.end, edit.text) for edit in edits}):
        parts += [text[position:start], new]
        position = max(position, end)
    return "".join([*parts, text[position:]])


def _changed(module: Module, edits: Iterable[Edit]) -> FileChange:
    text = module.text
    parts: list[str] = []
    position = 0
    previous: Edit | None = None
    touched = _Touched(text)
    unique = {edit[:4]: edit for edit in edits}.values()
    for edit in sorted(unique, key=lambda edit: (edit.start, edit.end)):
        if edit.start < position and previous is not None:
            line = text.count("\n", 0, edit.start) + 1
            raise ConflictError(
                f"{module.path}:{line}: {_named(previous.finding)} and {_named(edit.finding)} want to change the same"
                f" text; run them one after the other with --select"
            )
        parts += [text[position : edit.start], edit.text]
        touched.add(edit)
        position, previous = edit.end, edit
    parts.append(text[position:])
    try:
        after = module.source.encode("".join(parts))
    except UnreadableSourceError as error:
        raise BrokenResultError(f"{module.path} cannot be written: {error}") from None
    return FileChange(module.path, module.data, after, touched.lines())


class _Touched:
    """The lines that edits touch, before and after. As for git, only `\\n` ends a line; counted from 0."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 0
        self._added = 0
        self._found: list[Difference] = []

    def add(self, edit: Edit) -> None:
        """The edits come in order."""
        first = self._line_of(edit.start)
        last = self._line_of(edit.end)
        after_first = first + self._added
        self._added += edit.text.count("\n") - (last - first)
        part = Difference(first, last + 1, after_first, last + 1 + self._added)
        if self._found and self._found[-1].before_end >= first:
            begin = self._found.pop()
            part = part._replace(before_start=begin.before_start, after_start=begin.after_start)
        self._found.append(part)

    def _line_of(self, offset: int) -> int:
        self._line += self._text.count("\n", self._position, offset)
        self._position = offset
        return self._line

    def lines(self) -> tuple[Difference, ...]:
        return tuple(self._found)


def _named(finding: Finding) -> str:
    return f"{finding.codemod} ({finding.anchor})"
