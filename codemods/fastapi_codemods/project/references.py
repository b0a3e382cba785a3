"""Where module-level names of the project are used, in every file of it, tests and scripts included.

A file can use a name of another module only if its imports spell that module or that name, so import statements are
skimmed first, as text; only the statements of the files that pass are parsed, and every use is resolved.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import NamedTuple

from ..parallel import begin_each, map_each, portions_of
from ..source import UnreadableSourceError, read
from ..source.nodes import walk
from ..source.statements import blanked, in_code, parse
from .index import Module, Project, Symbol
from .model import Scope
from .reader import Positions, dotted, import_statements, imported_names, scope_of

_COMMENT = re.compile(rb"#[^\n]*")
_WORD = re.compile(rb"\w+")

FILES_WORTH_A_PROCESS = 500
"""To skim this many files takes as long as starting another process."""

NAMES_WORTH_ALL_WORDS = 50
"""From here on, taking a text apart into words is faster than looking for each name."""

PATHS_WORTH_A_PROCESS = 100
"""Below this many modules that may use a symbol, another process costs more than it saves."""

INJECTORS = ("fastapi.Depends", "fastapi.Security")


class Use(NamedTuple):
    """One place that uses a symbol by name."""

    symbol: Symbol
    path: str
    line: int
    column: int
    kind: str
    """`call`, `injected` (`Depends(f)`), `override` (`dependency_overrides[f]`), `decorator` (`@router.get`),
    `method` (`router.include_router(...)`), `attribute` (`f.__name__`), `argument` (`include_router(router)`),
    `base` (of a class), `annotation`, `value` (anything else)."""
    node: ast.AST
    """The call for `call`, `method` and `argument`, the attribute for `attribute` and `decorator`."""
    member: str = ""
    """The attribute's name for `method`, `attribute` and `decorator`; the callee for `argument`."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def uses(project: Project, symbols: Collection[Symbol], *, injected: bool = True) -> dict[Symbol, list[Use]]:
    """Every use of each symbol but its definition, its imports and its re-exports; none for modules as such.

    `injected=False` leaves out `Depends(f)`, of which there may be hundreds.
    """
    return begin_uses(project, symbols, injected=injected)()


def begin_uses(
    project: Project, symbols: Collection[Symbol], *, injected: bool = True
) -> Callable[[], dict[Symbol, list[Use]]]:
    """`uses` in two parts: other processes begin, and this one takes its share when it calls what is returned."""
    wanted = {symbol for symbol in symbols if symbol.path is not None and symbol.name}
    names: dict[str, set[str]] = {}
    for symbol in wanted:
        names.setdefault(symbol.path or "", set()).add(symbol.name.partition(".")[0])
    look = _ByImport(project, names)
    paths = sorted(look.paths | names.keys())

    def collect(some: Sequence[str]) -> list[Use]:
        uses_there: list[Use] = []
        for path in some:
            spellings = look.spellings(path)
            spellings.plain.update(names.get(path, ()))
            if not (spellings.plain or spellings.through):
                continue
            # Most modules that could use a symbol do not: their text says so before anything of them is read.
            if project.loaded(path) is not None or spellings.is_spelled_in(project.data(path)):
                module = project.glance(path)
                if module is not None:
                    with module.text_for_now():
                        uses_there += _collect(project, module, spellings, wanted, injected=injected)
        return uses_there

    begun = begin_each(collect, portions_of(paths), min(project.jobs, 1 + len(paths) // PATHS_WORTH_A_PROCESS))

    def finish() -> dict[Symbol, list[Use]]:
        found: dict[Symbol, list[Use]] = {symbol: [] for symbol in symbols}
        for some_uses in begun():
            for use in some_uses:
                found[use.symbol].append(use)
        return found

    return finish


class _Spellings(NamedTuple):
    """How a module can spell the symbols: plain names, and names of modules with the attributes that matter."""

    plain: set[str]
    through: dict[str, set[str]]

    def is_spelled_in(self, data: bytes) -> bool:
        """Whether the file may use one of the symbols: a superset of what `places` finds in the module."""
        least = 1 if b"import *" in data else 2  # the import or definition is one
        if all(data.count(name.encode()) < least for name in (*self.plain, *self.through)):
            return False
        try:
            text = read(data).text
        except UnreadableSourceError:
            return True  # whoever reads it says so
        return bool(self.places(text, injected=True))

    def places(self, text: str, *, injected: bool) -> list[int]:
        """Where the module's text may use one of the symbols, sorted; a superset.

        Plain searches: one regular expression for hundreds of names would be tried at every character.
        """
        found: set[int] = set()
        plain = self.plain
        if len(plain) > NAMES_WORTH_ALL_WORDS:
            plain = plain.intersection(_NAME.findall(text))
        for name in plain:
            found.update(start for start in words(text, name) if not _is_definition(text, start))
        for name, attributes in self.through.items():
            starts = list(words(text, name))
            if len(starts) > 1:  # the import is one
                chains = ((start, _ATTRIBUTES.match(text, start + len(name))) for start in starts)
                found.update(s for s, c in chains if c and not attributes.isdisjoint(_NAME.findall(c.group())))
        if not injected:
            found = {start for start in found if not text.endswith(_INJECTING, 0, start)}
        return sorted(found)


_ATTRIBUTES = re.compile(r"(?:\s*\.\s*\w+)+")
_NAME = re.compile(r"\w+")
_INJECTING = ("Depends(", "Security(")


def words(text: str, name: str, *, targets: bool = False) -> Iterator[int]:
    """Where `name` stands as a word that may be read: no attribute, no string of its own, no keyword and no target.

    `targets` takes these last two as well.
    """
    start = text.find(name)
    while start >= 0:
        end = start + len(name)
        before = text[start - 1] if start else " "
        after = text[end] if end < len(text) else " "
        if not (before in "._" or before.isalnum() or after == "_" or after.isalnum()):
            is_string = before in "\"'" and after == before
            # `f(name=1)` and `name = 1`, but not `x: name = 1`
            is_target = _ASSIGNED.match(text, end) and not text[max(0, start - 8) : start].rstrip(" \t").endswith(":")
            if not is_string and (targets or not is_target):
                yield start
        start = text.find(name, end)


_ASSIGNED = re.compile(r"[ \t]*=(?!=)")


def _is_definition(text: str, start: int) -> bool:
    return text.endswith(("def ", "class "), 0, start)


class _ByImport:
    """Which modules can reach the symbols `names` (of each file) by import: the symbols themselves, or a module that
    holds or hands on one."""

    def __init__(self, project: Project, names: dict[str, set[str]]) -> None:
        self.project = project
        self.names = names
        self.every = {name for some in names.values() for name in some}
        self.imports = _import_statements(project, names)
        looking = {name.encode() for name in self.every} | {_stem(path) for path in names}
        self.stems = set(looking)
        self._spelled: dict[str, list[bytes]] = {}
        """The words of interest in each file's imports."""
        while looking:
            new = set()
            for word in looking:
                for path in self.imports.importers.get(word, ()):
                    if path not in self._spelled:
                        new.add(path)
                        self._spelled[path] = []
                    self._spelled[path].append(word)
            # A package that imports the name hands it on under its own name.
            looking = {_stem(path) for path in new if path.endswith("/__init__.py")} - self.stems
            self.stems |= looking
            renamed = {name for path in new for name in self._renamed(path)}
            looking |= {name.encode() for name in renamed - self.every}
            self.every |= renamed

    @property
    def paths(self) -> AbstractSet[str]:
        return self._spelled.keys()

    def _targets(self, path: str, *, renaming: bool = False) -> Iterator[tuple[str, str]]:
        """Local name and target, as in `Import`, of the import statements that may be of interest."""
        words = self._spelled.get(path, ())
        for statement in self.imports.of(path):
            if renaming and b" as " not in statement:
                continue
            if any(word in statement for word in words) or b"*" in statement:
                yield from _imported(statement)

    def _renamed(self, path: str) -> Iterator[str]:
        """Other names under which a module has the symbols and hands them on: `from .users import router as other`."""
        for local, target in self._targets(path, renaming=True):
            last = target.rpartition(".")[2]
            if local != last and last in self.every:
                symbol = self.project.follow_import(path, target)
                if symbol is not None and symbol.name in self.names.get(symbol.path or "", ()):
                    yield local

    def spellings(self, path: str) -> _Spellings:
        """The local names through which a module can reach the symbols: the symbols themselves or modules with them.

        Works on the text of the import statements alone: the rest of a module that imports nothing of interest is not
        read.
        """
        plain: set[str] = set()
        through: dict[str, set[str]] = {}
        project = self.project
        for local, target in self._targets(path):
            if target.endswith("*"):
                if project.module_path(path, target[:-1].rstrip(".") or target[:-1]) is not None:
                    plain |= self.every
                continue
            last = target.rpartition(".")[2]
            home = project.module_path(path, target) if last.encode() in self.stems else None
            if home is None:
                if last in self.every:
                    symbol = project.follow_import(path, target)
                    if symbol is not None and symbol.name in self.names.get(symbol.path or "", ()):
                        plain.add(local)
            elif home.endswith("__init__.py"):
                through[local] = self.every
            elif home in self.names:
                through[local] = self.names[home]
        return _Spellings(plain, through)


class _Imports:
    """The import statements of files, as text, and which files have which words in them."""

    def __init__(self, skimmed: Mapping[str, bytes]) -> None:
        self.skimmed: dict[str, bytes] = {}
        """By path; a zero byte stands between two statements."""
        self.importers: dict[bytes, list[str]] = {}
        for path, statements in skimmed.items():
            self.add(path, statements)

    def add(self, path: str, statements: bytes) -> None:
        self.skimmed[path] = statements
        for word in set(_WORD.findall(statements)):
            self.importers.setdefault(word, []).append(path)

    def of(self, path: str) -> Sequence[bytes]:
        found = self.skimmed.get(path)
        return found.split(b"\0") if found else ()


def _import_statements(project: Project, homes: Iterable[str]) -> _Imports:
    """The import statements of the files that could import one of the `homes`.

    A file next to a home, in its top-level package, may import it relatively; any other has to spell that package.
    """
    packages = {package for home in homes for package in _top_levels(project, home)}
    folders = tuple(f"{folder}/" for folder, _ in packages)
    names = {name for _, name in packages}
    known: _Imports = project.remembered("imports", lambda: _Imports(project.import_statements))
    unknown = [path for path in project.paths if path not in known.skimmed]

    def skim(paths: Sequence[str]) -> list[tuple[str, bytes]]:
        found = []
        for path in paths:
            data = _data(project, path)
            if path.startswith(folders) or any(name in data for name in names):
                found.append((path, import_statements(data)))
        return found

    jobs = min(project.jobs, 1 + len(unknown) // FILES_WORTH_A_PROCESS)
    for portion in map_each(skim, portions_of(unknown), jobs):
        for path, statements in portion:
            known.add(path, statements)
    return known


def _top_levels(project: Project, path: str) -> Iterator[tuple[str, bytes]]:
    """The top-level packages or modules that a file belongs to: path without suffix, and name."""
    for root in project.import_roots(path):
        name = path.removesuffix(".py")[len(root) :].partition("/")[0]
        yield root + name, name.encode()


def _stem(path: str) -> bytes:
    parts = path.removesuffix(".py").split("/")
    return (parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]).encode()


def _data(project: Project, path: str) -> bytes:
    try:
        return project.data(path)
    except OSError:
        return b""


@lru_cache(maxsize=2000)
def _imported(statement: bytes) -> tuple[tuple[str, str], ...]:
    """`imported_names` of a statement as it stands in a file; many files hold the same."""
    text = _COMMENT.sub(b"", statement).decode("utf-8", "replace").replace("\\", " ")
    return tuple(imported_names(text) or ())


def _collect(
    project: Project,
    module: Module,
    spellings: _Spellings,
    wanted: set[Symbol],
    *,
    injected: bool,
) -> list[Use]:
    found: dict[Use, None] = {}
    text = module.text
    statements = module.facts.statements
    names = spellings.plain | spellings.through.keys()
    if not injected:
        # Only where these names are FastAPI's may what stands in them be passed over.
        meanings = [project.resolve(module, name) for name in ("Depends", "Security") if module.bindings(name)]
        injected = any(meaning is None or meaning.name not in INJECTORS for meaning in meanings)
    starts = [statement.start for statement in statements]
    by_statement: dict[int, list[int]] = {}
    for start in spellings.places(text, injected=injected):
        by_statement.setdefault(bisect_right(starts, start) - 1, []).append(start)
    for index, spelled in by_statement.items():
        if index < 0 or statements[index].word in ("import", "from"):
            continue
        start = statements[index].start
        code = module.statement_text(index)
        places = [start + offset for offset in in_code(code, [place - start for place in spelled])]
        if not places:
            continue
        try:
            pieces = _lines_with(module, index, places) or [
                _Piece(module.parsed(index), Positions(code, start, statements[index].line), places)
            ]
            uses_here = [
                use for piece in pieces for use in _Collector(project, module, piece, names, wanted).collected()
            ]
        except (UnreadableSourceError, RecursionError):
            uses_here = _unreadable(module, index, wanted)
        found.update(dict.fromkeys(uses_here))
    return list(found)


class _Piece(NamedTuple):
    """Code that was parsed by itself, and which places in the module to look at in it."""

    tree: ast.Module
    positions: Positions
    places: Sequence[int]


_BRACKET_OR_END = re.compile(r"[()\[\]{}\n]")
_TOO_SHORT = 1000
"""Characters below which a statement is parsed whole."""


def _lines_with(module: Module, index: int, places: Sequence[int]) -> list[_Piece] | None:
    """The logical lines of a statement with the places in them, each parsed by itself, as most of it is of no interest.

    None where that could mislead: a name that the statement may bind means something else in parts of it, and a line
    may be no statement by itself (`elif`, a line of an f-string).
    """
    statement = module.facts.statements[index]
    code = module.statement_text(index)
    if len(code) < _TOO_SHORT:
        return None
    masked = blanked(code)
    spelled = {_NAME.match(module.text, place).group() for place in places}  # type: ignore[union-attr]
    for name in spelled:
        for start in words(masked, name, targets=True):
            if statement.start + start not in places and not code.endswith(_INJECTING, 0, start):
                return None
    ends = _ends_of_lines(masked)
    by_line: dict[int, list[int]] = {}
    for place in places:
        by_line.setdefault(bisect_right(ends, place - statement.start), []).append(place)
    pieces = []
    for line, own in by_line.items():
        first, last = ends[line - 1] if line else 0, ends[line] if line < len(ends) else len(code)
        first += len(masked[first:last]) - len(masked[first:last].lstrip())
        last = first + len(masked[first:last].rstrip())
        text = code[first:last] + _what_completes(masked[first:last])
        try:
            tree = parse(text)
        except UnreadableSourceError:
            return None
        if not spelled.isdisjoint(_bound_in(tree)):
            return None
        line_number = statement.line + code.count("\n", 0, first)
        column = first - code.rfind("\n", 0, first) - 1
        pieces.append(_Piece(tree, Positions(text, statement.start + first, line_number, column), own))
    return pieces


def _ends_of_lines(masked: str) -> list[int]:
    """Where the logical lines of masked code end."""
    ends = []
    depth = 0
    for match in _BRACKET_OR_END.finditer(masked):
        character = match.group()
        if character in "([{":
            depth += 1
        elif character != "\n":
            depth -= 1
        elif not depth:
            ends.append(match.end())
    return ends


def _what_completes(masked: str) -> str:
    """What makes a logical line a statement: `if x:` and `@decorator` are none."""
    if masked.endswith(":"):
        return " pass"
    return "\ndef f(): pass" if masked.startswith("@") else ""


def _bound_in(tree: ast.Module) -> Iterator[str]:
    for node in walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name
            case ast.alias(name=name, asname=local):
                yield local or name.partition(".")[0]
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names


def _unreadable(module: Module, index: int, wanted: set[Symbol]) -> list[Use]:
    """A use of unknown kind for each symbol that a statement spells which Python cannot parse."""
    text, line = module.statement_text(index), module.facts.statements[index].line
    spelled = set(_NAME.findall(text))
    return [Use(s, module.path, line, 1, "value", ast.Pass()) for s in wanted if s.name.partition(".")[0] in spelled]


class _Collector:
    def __init__(self, project: Project, module: Module, piece: _Piece, names: set[str], wanted: set[Symbol]) -> None:
        self.project = project
        self.module = module
        self.tree = piece.tree
        self.names = names
        self.wanted = wanted
        self.positions = piece.positions
        self.lines = [self.positions.line_of(place) for place in piece.places]
        self.scopes: tuple[Scope, ...] = ()
        self.uses: list[Use] = []

    def collected(self) -> list[Use]:
        self._visit_field(self.tree.body, (self.tree, None))
        return self.uses

    def _is_of_interest(self, node: ast.stmt) -> bool:
        """Whether one of the places stands in the statement, decorators included; most do not and are passed over."""
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
        index = bisect_left(self.lines, first)
        return index < len(self.lines) and self.lines[index] <= (node.end_lineno or first)

    def visit(self, node: ast.AST, parents: tuple[ast.AST, object] | None) -> None:
        """Walk with a linked list of parents; only names that could be one of the symbols are looked at."""
        here = (node, parents)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for field in node._fields:
                if field != "body":
                    self._visit_field(getattr(node, field, None), here)
            self.scopes = (*self.scopes, scope_of(node))
            self._visit_field(node.body, here)
            self.scopes = self.scopes[:-1]
            return
        for field in node._fields:
            self._visit_field(getattr(node, field, None), here)

    def _visit_field(self, value: object, here: tuple[ast.AST, object]) -> None:
        if isinstance(value, list):
            for item in value:
                self._visit_field(item, here)
        elif isinstance(value, ast.Name):
            if value.id in self.names and isinstance(value.ctx, ast.Load):
                self._name(value, here)
        elif isinstance(value, ast.stmt):
            if self._is_of_interest(value):
                self.visit(value, here)
        elif isinstance(value, ast.AST) and value._fields:
            self.visit(value, here)

    def _name(self, node: ast.Name, parents: tuple[ast.AST, object] | None) -> None:
        # `pkg.module.f.__name__`: take attributes while they lead to a symbol.
        expression: ast.expr = node
        chain = _ancestors(parents)
        above = next(chain, None)
        symbol = self._symbol(expression)
        while symbol not in self.wanted and isinstance(above, ast.Attribute):
            expression, above = above, next(chain, None)
            symbol = self._symbol(expression)
        if symbol is None or symbol not in self.wanted:
            return
        kind, target, member = self._kind(expression, above, chain)
        line = self.positions.line(node.lineno)
        column = self.positions.column(node.lineno, node.col_offset)
        self.uses.append(Use(symbol, self.module.path, line, column, kind, target, member))

    def _symbol(self, expression: ast.expr) -> Symbol | None:
        return self.project.resolve(self.module, dotted(expression), self.scopes)

    def _kind(self, node: ast.expr, above: ast.AST | None, chain: Iterator[ast.AST]) -> tuple[str, ast.AST, str]:
        further = next(chain, None)
        if isinstance(above, ast.Call):
            if above.func is node:
                return "call", above, ""
            callee = dotted(above.func)
            resolved = self.project.resolve(self.module, callee, self.scopes)
            if resolved is not None and resolved.path is None and resolved.name in INJECTORS:
                return "injected", above, callee
            return "argument", above, callee or ast.unparse(above.func)
        if isinstance(above, ast.keyword) and isinstance(further, ast.Call):
            callee = dotted(further.func)
            resolved = self.project.resolve(self.module, callee, self.scopes)
            injected = resolved is not None and resolved.name in INJECTORS and above.arg == "dependency"
            return ("injected" if injected else "argument"), further, callee
        if isinstance(above, ast.Attribute):
            if isinstance(further, ast.Call) and further.func is above:
                grandparent = next(chain, None)
                decorators = getattr(grandparent, "decorator_list", ()) if grandparent is not None else ()
                if further in decorators:
                    return "decorator", further, above.attr
                return "method", further, above.attr
            return "attribute", above, above.attr
        if (
            isinstance(above, ast.Subscript)
            and above.slice is node
            and dotted(above.value).endswith("dependency_overrides")
        ):
            return "override", above, ""
        if isinstance(above, ast.Dict) and isinstance(further, ast.stmt | ast.Call):
            # `app.dependency_overrides = {f: g}` and `app.dependency_overrides.update({f: g})`
            return ("override" if _is_of_overrides(further) else "value"), above, ""
        if isinstance(above, ast.ClassDef):
            return "base", above, above.name
        if _is_annotation(node, above, further, chain):
            return "annotation", above or node, ""
        return "value", above or node, ""


def _is_of_overrides(node: ast.stmt | ast.Call) -> bool:
    """`app.dependency_overrides = ...` and `app.dependency_overrides.update(...)`."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.func] if isinstance(node, ast.Call) else []
    return any("dependency_overrides" in dotted(target).split(".") for target in targets)


def _is_annotation(node: ast.AST, above: ast.AST | None, further: ast.AST | None, chain: Iterator[ast.AST]) -> bool:
    """Whether a name stands in the annotation of a parameter, a return value or a variable, however deep in it."""
    below: ast.AST = node
    for ancestor in (above, further, *chain):
        if ancestor is None:
            return False
        if isinstance(ancestor, ast.arg):
            return True
        if isinstance(ancestor, ast.FunctionDef | ast.AsyncFunctionDef):
            return ancestor.returns is below
        if isinstance(ancestor, ast.AnnAssign):
            return ancestor.annotation is below
        if isinstance(ancestor, ast.stmt | ast.Call | ast.Lambda):
            return False
        below = ancestor
    return False


def _ancestors(parents: tuple[ast.AST, object] | None) -> Iterator[ast.AST]:
    while parents is not None:
        node, rest = parents
        yield node
        parents = rest  # type: ignore[assignment]  # a linked list has a recursive type


def lines_of(found: Sequence[Use]) -> str:
    """`main.py:3, tests/test_main.py:10 and 4 more`."""
    places = [use.place for use in found[:3]]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(places) + more
