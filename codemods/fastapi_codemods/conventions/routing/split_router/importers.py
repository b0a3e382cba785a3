"""Other modules and tests that import what moves from the old module: with `--no-reexport`, they follow it.

Each import is cut in two where only some of its names move; `import main` gets the new module beside it, and `main.x`
becomes `users.x`. A name of which one use is not certain can still be imported from the old module, and the finding
says so.
"""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ....edits import Edits
from ....findings import Finding
from ....project import Module, Project, Span
from ....project.code_strings import CodeString
from ....project.reader import Positions, blocks_of, bound_by, dotted
from ....source import UnreadableSourceError
from ....source.nodes import children, walk
from ....source.statements import blanked
from .imports import Imported, import_statement, rewritten
from .layout import Layout
from .moves import Moves, literal_at
from .units import Sheet


class _Block(NamedTuple):
    """Imports that lead to the old module, one below the other, and those behind them that lead to new ones.

    They are written together, so that names which move one after the other stand where all at once would."""

    old: tuple[tuple[ast.Import | ast.ImportFrom, Span], ...]
    new: tuple[ast.ImportFrom, ...]
    """Written by an earlier run."""
    span: Span
    scope: Span
    """Of the function that it stands in, else of the whole text."""


class _Mention(NamedTuple):
    """A place where the old module is used by its name."""

    local: str
    """`main`, `pkg.main`."""
    name: str
    """What is read from it, empty for all that does not concern the names that move."""
    span: Span


class ImportingFile(NamedTuple):
    module: Module
    blocks: tuple[_Block, ...]
    mentions: tuple[_Mention, ...]
    words: frozenset[str]

    def mentions_of(self, block: _Block, local: str) -> list[_Mention]:
        """Those that mean what the block imports: in its function, but for functions inside that import it again."""
        scopes = [other.scope for other in self.blocks if any(local in _locals_of(node) for node, _ in other.old)]
        inner = [scope for scope in scopes if _contains(block.scope, scope) and scope != block.scope]
        return [
            mention
            for mention in self.mentions
            if mention.local == local
            and _contains(block.scope, mention.span)
            and not any(_contains(scope, mention.span) for scope in inner)
        ]


class Importers(NamedTuple):
    old: str
    """The path of the old module."""
    files: tuple[ImportingFile, ...]
    strings: Mapping[str, tuple[CodeString, ...]]
    """By name, what tests replace in the old module and must replace in the new one."""
    kept: Mapping[str, str]
    """The names that can still be imported from the old module, and why."""


NOBODY = Importers("", (), {}, {})


def importers_of(sheet: Sheet, moves: Moves, layout: Layout, files_of: Mapping[str, str]) -> Importers:
    """What imports the names that move from the old module; `files_of` gives the path of each destination."""
    project, old = sheet.project, sheet.module.path
    homes = homes_of(sheet, moves.destinations, files_of)
    kept: dict[str, str] = {}
    left = [unit for unit in sheet.every if unit.index not in moves.destinations and not unit.imports]
    stays = {name for unit in left for name in unit.reads | unit.rebinds}
    retargeted = {id(patch.string): patch for patch in moves.patches}
    paths: set[str] = set()
    strings: dict[str, tuple[CodeString, ...]] = {}
    for name in homes:
        facts = sheet.names[name]
        paths |= {importer.place.path for importer in facts.imported} - {old}
        if facts.exported:
            kept[name] = "`__all__`"
        patched = [s for s in facts.named if s.kind == "patch" and s.path == old and s.name == name]
        strings[name] = tuple(string for string in patched if id(string) not in retargeted)
        for string in patched:
            place = f"{string.place.path}:{string.place.line}"
            module = project.module(string.place.path)
            if id(string) in retargeted:
                if files_of[retargeted[id(string)].destination] != homes[name]:
                    kept.setdefault(name, f"the patch in {place}, which concerns what looks it up elsewhere")
            elif name in stays:
                kept.setdefault(name, f"the patch in {place}, which concerns code that stays")
            elif module is None or literal_at(module.text, string) is None or not string.text.endswith(f".{name}"):
                kept.setdefault(name, f"the patch in {place}, whose target is no plain text")
        for importer in facts.imported:
            if importer.kind == "star":
                kept.setdefault(name, f"`import *` in {importer.place.path}:{importer.place.line}")
        for change in facts.changed_elsewhere:
            if change.how in ("again", "augmented", "del"):
                kept.setdefault(name, f"the assignment in {change.place.path}:{change.place.line}")
    files: list[ImportingFile] = []
    for path in sorted(paths):
        module = project.module(path)
        try:
            found = _Reader(project, module, old, homes, layout).read() if module is not None else None
        except UnreadableSourceError:
            found = None
        if found is None:
            for name in homes:
                if any(importer.place.path == path for importer in sheet.names[name].imported):
                    kept.setdefault(name, f"`{path}`, which cannot be read")
            continue
        file, uncertain = found
        files.append(file)
        for name, why in uncertain.items():
            kept.setdefault(name, why)
    for unit in sheet.units:
        for name in unit.binds if unit.is_import else ():
            facts = sheet.names[name]
            read = {u.index for u in sheet.every if name in u.reads}
            if read and facts.imported and read <= moves.destinations.keys():
                at = facts.imported[0].place
                kept.setdefault(name, f"the import in {at.path}:{at.line}, which could be one from elsewhere")
    return Importers(old, tuple(files), strings, kept)


def homes_of(sheet: Sheet, destinations: Mapping[int, str], files_of: Mapping[str, str]) -> dict[str, str]:
    """The new file of each name that moves."""
    return {name: files_of[where] for index, where in destinations.items() for name in sheet.unit(index).binds}


class _Reader:
    """What one file imports from the old module, and which uses of that are not certain."""

    def __init__(self, project: Project, module: Module, old: str, homes: Mapping[str, str], layout: Layout) -> None:
        self.project = project
        self.module = module
        self.old = old
        self.homes = homes
        self.layout = layout
        self.blocks: list[_Block] = []
        self.mentions: list[_Mention] = []
        self.uncertain: dict[str, str] = {}
        self.locals: set[str] = set()
        """What the old module is called in this file."""

    def read(self) -> tuple[ImportingFile, dict[str, str]]:
        """Raises `UnreadableSourceError` where Python cannot parse the file."""
        count = len(self.module.facts.statements)
        body = [(node, self._positions(index)) for index in range(count) for node in self.module.tree(index).body]
        self._block(body, Span(0, len(self.module.text)))
        heads = {local.partition(".")[0] for local in self.locals}
        bound: set[str] = set()
        for node, positions in body:
            for inner in walk(node):
                bound.update(self._bound_to_something_else(inner, heads))
            self._uses(node, positions, heads)
        if bound:
            for name in self.homes:
                self._doubt(name, f"`{min(bound)}`, which means several things in `{self.module.path}`")
        words = frozenset(re.findall(r"(?<![\w.])[A-Za-z_]\w*", blanked(self.module.text)))
        file = ImportingFile(self.module, tuple(self.blocks), tuple(self.mentions), words)
        for mention in self.mentions:
            if mention.name and module_alias(file, self.homes[mention.name]) is None:
                self._doubt(mention.name, f"what else has the name of the new module in `{self.module.path}`")
        return file, self.uncertain

    def _positions(self, index: int) -> Positions:
        statement = self.module.facts.statements[index]
        return Positions(self.module.statement_text(index), statement.start, statement.line)

    def _block(self, body: Sequence[tuple[ast.stmt, Positions]], scope: Span) -> None:
        old: list[tuple[ast.Import | ast.ImportFrom, Span]] = []
        new: list[ast.ImportFrom] = []
        end = 0

        def finish() -> None:
            if old:
                self.blocks.append(_Block(tuple(old), tuple(new), Span(old[0][1].start, end), scope))
            old.clear()
            new.clear()

        for node, positions in body:
            span = positions.span(node)
            if not (_NEXT_LINE.fullmatch(self.module.text, end, span.start) and self._stands_alone(span)):
                finish()
            if isinstance(node, ast.Import | ast.ImportFrom) and self._leads_to_old(node, positions):
                old.append((node, span))
            elif isinstance(node, ast.ImportFrom) and old and self._leads_to_new(node):
                new.append(node)
            else:
                finish()
                within = span if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else scope
                for block, _ in blocks_of(node):
                    self._block([(inner, positions) for inner in block], within)
            end = span.end
        finish()

    def _leads_to_old(self, node: ast.Import | ast.ImportFrom, positions: Positions) -> bool:
        """Whether it imports the old module or names of it, which may have to change."""
        names: set[str] = set()
        leads = False
        for alias in node.names:
            if isinstance(node, ast.ImportFrom) and self._path_of(source_of(node)) == self.old:
                names.add(alias.name)
                leads = True
            elif self._path_of(_module_of(node, alias)) == self.old:
                self.locals.add(alias.asname or alias.name)
                names |= {*self.homes}
                leads = True
        if leads and not self._stands_alone(positions.span(node)):
            for name in names & self.homes.keys():
                self._doubt(name, f"{self.module.path}:{positions.line(node.lineno)}, which is more than an import")
            return False
        return leads

    def _leads_to_new(self, node: ast.ImportFrom) -> bool:
        paths = [self._path_of(source_of(node)), *(self._path_of(_module_of(node, alias)) for alias in node.names)]
        return self.old not in paths and any(
            path is not None and self.layout.is_for_new(path, self.old) for path in paths
        )

    def _stands_alone(self, span: Span) -> bool:
        text = self.module.text
        start = max(text.rfind("\n", 0, span.start), text.rfind("\r", 0, span.start)) + 1
        return not text[start : span.start].strip() and _REST.match(text, span.end) is not None

    def _path_of(self, target: str) -> str | None:
        return self.project.module_path(self.module.path, target)

    def _bound_to_something_else(self, node: ast.AST, heads: Collection[str]) -> Iterator[str]:
        match node:
            case ast.Import() | ast.ImportFrom():
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    target = _module_of(node, alias)
                    # `import pkg.other` binds `pkg` as `import pkg.main` does.
                    is_package = isinstance(node, ast.Import) and alias.asname is None and "." in alias.name
                    if local in heads and self._path_of(target) != self.old and not is_package:
                        yield local
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                if name in heads:
                    yield name
            case ast.stmt():
                yield from (name for name, _ in bound_by(node) if name in heads)

    def _uses(self, node: ast.AST, positions: Positions, heads: Collection[str]) -> None:
        if isinstance(node, ast.Attribute) and (local := dotted(node.value)) in self.locals:
            name = node.attr if node.attr in self.homes else ""
            if name and not isinstance(node.ctx, ast.Load):
                self._doubt(name, f"the assignment in {self.module.path}:{positions.line(node.lineno)}")
                name = ""
            self.mentions.append(_Mention(local, name, positions.span(node)))
            return
        if isinstance(node, ast.Name) and node.id in heads:
            for local in self.locals:
                if local.partition(".")[0] == node.id:
                    self.mentions.append(_Mention(local, "", positions.span(node)))
            if node.id in self.locals:
                # The module itself is handed on; what is looked up in it then can only be known by its name.
                for name in self.homes:
                    if re.search(rf"""["']{name}["']""", self.module.text):
                        place = f"{self.module.path}:{positions.line(node.lineno)}"
                        self._doubt(
                            name, f"{place}, which hands on the module, in a file that spells the name in a text"
                        )
        for child in children(node):
            self._uses(child, positions, heads)

    def _doubt(self, name: str, why: str) -> None:
        self.uncertain.setdefault(name, why)


_NEXT_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)[ \t]*")
_REST = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?=[\r\n]|\Z)")


def _contains(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _locals_of(node: ast.Import | ast.ImportFrom) -> set[str]:
    return {alias.asname or alias.name for alias in node.names}


def source_of(node: ast.ImportFrom) -> str:
    return "." * node.level + (node.module or "")


def _module_of(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> str:
    """The module that the name is, if it is one."""
    if isinstance(node, ast.Import):
        return alias.name
    source = source_of(node)
    return f"{source}{alias.name}" if source.endswith(".") else f"{source}.{alias.name}"


def _comments(written: str, node: ast.Import | ast.ImportFrom, stay: Collection[ast.alias]) -> dict[str, str]:
    """What stands beside the names that go, in a statement with one name in each line."""
    lines = written.splitlines()
    found = {
        alias.name: lines[alias.lineno - node.lineno].partition("#")[2].strip()
        for alias in node.names
        if alias not in stay and 0 < alias.lineno - node.lineno < len(lines)
    }
    return {name: comment for name, comment in found.items() if comment}


def module_alias(file: ImportingFile, path: str) -> str | None:
    """What the new module is called in the file; None where all names for it mean something else."""
    stem = posixpath.basename(path).removesuffix(".py")
    earlier = {alias.asname or alias.name for block in file.blocks for node in block.new for alias in node.names}
    return next((name for name in (stem, f"{stem}_module") if name not in file.words or name in earlier), None)


# What is written


def update(project: Project, importers: Importers, homes: Mapping[str, str], edits: Edits, finding: Finding) -> None:
    """The names of `homes` are imported from their new files from now on."""
    for file in importers.files:
        _Update(project, importers.old, file, homes, edits, finding).write()
    for name, path in homes.items():
        for string in importers.strings.get(name, ()):
            module = project.module(string.place.path)
            found = literal_at(module.text, string) if module is not None else None
            if module is not None and found is not None:
                quote = module.text[found[0]]
                new = _spelled(string.text.removesuffix(f".{name}"), importers.old, path)
                edits.replace(module, Span(*found), f"{quote}{new}.{name}{quote}", finding)


class _Update:
    """The edits of one file."""

    def __init__(
        self,
        project: Project,
        old: str,
        file: ImportingFile,
        moved: Mapping[str, str],
        edits: Edits,
        finding: Finding,
    ) -> None:
        self.project = project
        self.old = old
        self.file = file
        self.module = file.module
        self.moved = moved
        self.edits = edits
        self.finding = finding

    def write(self) -> None:
        for mention in self.file.mentions:
            if mention.name in self.moved:
                alias = module_alias(self.file, self.moved[mention.name])
                self.edits.replace(self.module, mention.span, f"{alias}.{mention.name}", self.finding)
        for block in self.file.blocks:
            self._block(block)

    def _block(self, block: _Block) -> None:
        text = self.module.text
        new: set[Imported] = set()
        lines: list[str] = []
        comments: dict[str, str] = {}
        for node, span in block.old:
            stay, gone = self._divided(block, node)
            new |= gone
            written = text[span.start : span.end]
            if stay:
                lines.append(written if len(stay) == len(node.names) else rewritten(written, node, stay))
            if not gone:
                continue
            comments |= _comments(written, node, stay)
            if (
                len(block.old) == 1
                and not (stay or block.new or isinstance(node, ast.Import))
                and (len({item.source for item in gone}) == 1)
            ):
                source = next(iter(gone)).source
                changed = re.sub(r"(from\s+)\S+(\s+import\b)", rf"\g<1>{source}\g<2>", written, count=1)
                if {alias.name for alias in node.names} == {item.name for item in gone}:
                    self.edits.replace(self.module, span, changed, self.finding)
                    return
        if not new:
            return
        new |= {Imported(source_of(n), alias.name, alias.asname or "") for n in block.new for alias in n.names}
        indent = text[
            max(text.rfind("\n", 0, block.span.start), text.rfind("\r", 0, block.span.start)) + 1 : block.span.start
        ]
        for source in sorted({item.source for item in new}):
            named = [item for item in new if item.source == source]
            said = sorted(comments[item.name] for item in named if item.name in comments)
            line = import_statement(self.project, source, named, indent).removeprefix(indent)
            lines.append(f"{line}  # {'; '.join(said)}" if said else line)
        # What its comment says to linters holds for all of them; the last line has it already.
        comment = _REST.match(text, block.span.end)
        lines[:-1] = [line + (comment.group() if comment is not None else "") for line in lines[:-1]]
        result = f"\n{indent}".join(lines).replace("\r\n", "\n").replace("\n", self.module.source.newline)
        self.edits.replace(self.module, block.span, result, self.finding)

    def _divided(self, block: _Block, node: ast.Import | ast.ImportFrom) -> tuple[list[ast.alias], set[Imported]]:
        """What stays of the import, and what is imported from new modules."""
        new: set[Imported] = set()
        stay: list[ast.alias] = []
        is_old = isinstance(node, ast.ImportFrom) and self._leads_to_old(source_of(node))
        for alias in node.names:
            if is_old and alias.name in self.moved:
                new.add(Imported(self._source(node, self.moved[alias.name]), alias.name, alias.asname or ""))
            elif is_old or not self._leads_to_old(_module_of(node, alias)):
                stay.append(alias)
            else:
                mentions = self.file.mentions_of(block, alias.asname or alias.name)
                paths = {self.moved[mention.name] for mention in mentions if mention.name in self.moved}
                new |= {self._import_of_module(node, alias, path) for path in paths}
                if not paths or any(mention.name not in self.moved for mention in mentions):
                    stay.append(alias)
        return stay, new

    def _leads_to_old(self, target: str) -> bool:
        return self.project.module_path(self.module.path, target) == self.old

    def _source(self, node: ast.Import | ast.ImportFrom, path: str) -> str:
        if isinstance(node, ast.ImportFrom) and node.level:
            return relative(self.module.path, path)
        return _spelled(source_of(node) if isinstance(node, ast.ImportFrom) else "", self.old, path)

    def _import_of_module(self, node: ast.Import | ast.ImportFrom, alias: ast.alias, path: str) -> Imported:
        """`from routers import users` beside `import main`."""
        target = _module_of(node, alias)
        whole = relative(self.module.path, path) if target.startswith(".") else _spelled(target, self.old, path)
        dots = len(whole) - len(whole.lstrip("."))
        source, _, name = whole[dots:].rpartition(".")
        local = module_alias(self.file, path)
        return Imported("." * dots + source, name, "" if local in (None, name) else str(local))


def _spelled(written: str, old: str, new: str) -> str:
    """The absolute name of the file `new`, where `old` is called `written`."""
    old_stem, new_stem = (path.removesuffix(".py").removesuffix("/__init__") for path in (old, new))
    root = old_stem.removesuffix(written.replace(".", "/"))
    return new_stem[len(root) :].replace("/", ".")


def relative(importer: str, target: str) -> str:
    """What stands behind `from` in the file `importer` for the module `target`."""
    stem = target.removesuffix(".py").removesuffix("/__init__")
    parts = posixpath.relpath(stem, posixpath.dirname(importer) or ".").split("/")
    up = sum(1 for part in parts if part == "..")
    return "." * (up + 1) + ".".join(part for part in parts if part not in ("..", "."))


def kept_names(importers: Importers, names: Collection[str]) -> Iterator[str]:
    """For each reason, a sentence with the names that can still be imported from the old module."""
    by_reason: dict[str, list[str]] = {}
    for name in sorted(names):
        if name in importers.kept:
            by_reason.setdefault(importers.kept[name], []).append(f"`{name}`")
    for reason, listed in by_reason.items():
        yield f"{', '.join(listed)} can still be imported from `{importers.old}`, because of {reason}"
