"""Which calls in async functions block the event loop, directly or through functions of the project.

Worked out backwards. Text says which statements may hold a call that blocks; those are parsed, and a call counts if
what it calls is proven (`types`). A function that blocks makes its callers block: their statements are found by its
name, in the files that can reach it by import, until no new function turns up. So most of a project is never parsed.

A function that is handed on, to a thread for instance, is not called. Calls of async functions are not followed:
each has findings of its own.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from ..parallel import Team, map_each, portions_of
from ..source import UnreadableSourceError, read
from ..source.discovery import is_test
from ..source.statements import blanked, in_code
from . import blocking
from .index import Module, Project, Symbol
from .reader import ROUTE_METHODS, Positions, dotted, import_statements, imported_names, statements_within
from .references import words
from .surroundings import surroundings
from .types import Frame, FunctionNode, Types, last_name, own_nodes, parts_of_body, parts_that_run, yields

FILES_WORTH_A_PROCESS = 150
"""To skim this many files takes as long as starting another process."""

STATEMENTS_WORTH_A_PROCESS = 300
"""Below this many statements to parse, another process costs more than it saves."""

LEVELS = 2
"""Through how many modules an object of the project's own classes is followed."""

_Seed = tuple[str, frozenset[str]]
"""A name, and methods of what it stands for."""


class Step(NamedTuple):
    """One call on the way to what blocks: `function` makes it, at that place."""

    function: str
    path: str
    line: int


class BlockingCall(NamedTuple):
    """A call in an async function that blocks the event loop."""

    path: str
    function: str
    """Qualified name of the async function."""
    line: int
    column: int
    end_line: int
    written: str
    """What is called, as written."""
    leaf: str
    """What blocks in the end: `requests.get`."""
    steps: tuple[Step, ...]
    """From this call to that of the leaf."""
    is_handler: bool
    """The async function is a handler of a route."""
    awaits: bool
    """A handler that also awaits something, so that it cannot be a plain function."""


def blocking_calls(project: Project) -> tuple[BlockingCall, ...]:
    """Every call in an async function of the project, tests left out, that is proven to block."""

    def search() -> tuple[BlockingCall, ...]:
        searching = _Search(project)
        project.remembered("thread helper", lambda: searching.helper)
        return searching.calls

    return project.remembered("blocking calls", search)


HELPERS = ("run_in_threadpool", "asyncio.to_thread", "anyio.to_thread.run_sync", "loop.run_in_executor", "asyncify")
"""What runs a function in a thread, as it is commonly written; the first is FastAPI's own."""


_HELPER_WORDS = tuple(name.removeprefix("anyio.").removeprefix("loop.").encode() + b"(" for name in HELPERS)


def thread_helper(project: Project) -> str:
    """The one that the project uses most, else FastAPI's."""
    return project.remembered("thread helper", lambda: _Search(project).helper)


class _Caller(NamedTuple):
    symbol: Symbol
    is_async: bool
    lazy: str
    """`generator`, `manager` (one for `with`), or empty: what must happen to its value before its body runs."""
    is_plain: bool
    """Calling it runs its body here: no decorator says otherwise."""
    is_startup: bool
    """Runs while the application serves nothing."""
    is_handler: bool
    awaits: bool


class _Site(NamedTuple):
    """One call of interest."""

    caller: _Caller
    target: Symbol
    """Of the project, or what blocks itself."""
    used: str
    """What happens to its value: `iterated`, `entered`, `awaited`, or empty."""
    line: int
    column: int
    end_line: int
    written: str


class _Skimmed(NamedTuple):
    """What the text of a file tells."""

    path: str
    size: int
    imports: bytes
    has_async: bool
    marks: tuple[int, ...]
    """Where something may block."""
    names: frozenset[str]
    """The last names of what may."""
    carries: tuple[tuple[str, frozenset[str]], ...]
    """Names of the module whose values may have methods that block, and the methods."""
    helpers: tuple[int, ...]
    """How often it uses each of `HELPERS`."""


class _Search:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.types = Types(project)
        self.files: dict[str, _Skimmed] = {}
        self.importers: dict[str, set[str]] = {}
        """Files, by each name that they import, of whatever it is."""
        self.reachable: set[str] = set()
        """Files with async functions, and what they may import."""
        self._team: Team[tuple[Sequence[_Wanted], tuple[Symbol, ...]], list[_Site]]
        self._members: dict[str, int] = {}
        self._called: dict[str, str] = {}
        """By path, the names of what a file calls, with spaces between them."""
        self._neighbours: dict[tuple[str, ...], set[str]] = {}
        self.stars: dict[str, set[str]] = {}
        """Files with `from m import *`, by each word of m."""

    @cached_property
    def calls(self) -> tuple[BlockingCall, ...]:
        return tuple(self._found())

    @property
    def helper(self) -> str:
        self._skim()
        counts = [sum(file.helpers[index] for file in self.files.values()) for index in range(len(HELPERS))]
        return HELPERS[counts.index(max(counts))]

    def _found(self) -> Iterator[BlockingCall]:
        self._skim()
        if not any(file.has_async for file in self.files.values()):
            return
        self.reachable = self._reachable()
        candidates = self._candidates()
        size = sum(len(file.marks) + 1 for file in candidates)
        self._team = Team(self._look, min(self.project.jobs, 1 + size // STATEMENTS_WORTH_A_PROCESS))
        self._members = self._parted(self._team.size)
        try:
            yield from self._searched(candidates)
        finally:
            self._team.close()

    def _searched(self, candidates: Sequence[_Wanted]) -> Iterator[BlockingCall]:
        sites = self._sites(candidates, ())
        reasons: dict[Symbol, _Site] = {}
        found: list[_Site] = []
        while sites:
            new: dict[Symbol, _Caller] = {}
            for site in sites:
                caller = site.caller
                if not self._runs(site, reasons):
                    continue
                if caller.is_async:
                    found.append(site)
                elif caller.symbol not in reasons and caller.is_plain and site.target.name not in blocking.BRIEF:
                    reasons[caller.symbol] = site
                    new[caller.symbol] = caller
            sites = self._callers(new) if new else []
        for site in dict.fromkeys(found):
            if not site.caller.is_startup:
                yield _blocking_call(site, reasons)

    def _runs(self, site: _Site, reasons: Mapping[Symbol, _Site]) -> bool:
        """Whether the body of what is called runs at once."""
        if site.target.path is None:
            return True
        lazy = reasons[site.target].caller.lazy
        return not lazy or (site.used == "iterated" if lazy == "generator" else site.used == "entered")

    # Skimming

    def _skim(self) -> None:
        if self.files:
            return
        project = self.project
        paths = [path for path in surroundings(project) if not is_test(path)]
        known = project.import_statements

        def skim(some: Sequence[str]) -> list[_Skimmed]:
            found = []
            for path in some:
                try:
                    data = project.data(path)
                except OSError:
                    continue
                imports = known.get(path)
                found.append(_skimmed(path, data, import_statements(data) if imports is None else imports))
            return found

        jobs = min(project.jobs, 1 + len(paths) // FILES_WORTH_A_PROCESS)
        for portion in map_each(skim, portions_of(paths), jobs):
            for file in portion:
                self.files[file.path] = file
                self._note_imports(file)

    def _note_imports(self, file: _Skimmed) -> None:
        for statement in file.imports.decode("latin-1").split("\0"):
            source, _, names = statement.partition("import")
            for word in _WORD.findall(names):
                self.importers.setdefault(word, set()).add(file.path)
            if "*" in names:
                for word in _WORD.findall(source):
                    self.stars.setdefault(word, set()).add(file.path)

    def _candidates(self) -> list[_Wanted]:
        """The files in which something may block, what they get from other files taken in."""
        wanted = {
            path: _Wanted(path, file.names, file.marks, (), frozenset())
            for path, file in self.files.items()
            if file.marks
        }
        for file in self.files.values():
            for path, seeds in self._handed_to(file.path, file.carries):
                _add(wanted, path, seeds=seeds)
        return [file for path, file in wanted.items() if path in self.reachable]

    def _reachable(self) -> set[str]:
        """Files with async functions, and what they import at any remove, as far as the words of imports tell."""
        by_stem: dict[str, list[str]] = {}
        for path in self.files:
            by_stem.setdefault(_stem(path), []).append(path)
        found = {path for path, file in self.files.items() if file.has_async}
        waiting = list(found)
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            words = {*_WORD.findall(self.files[path].imports.decode("latin-1"))} - seen
            if path.endswith("/__init__.py"):
                words.add(_stem(path))
            seen |= words
            new = {other for word in words for other in by_stem.get(word, ())} - found
            found |= new
            waiting += new
        return found

    def _handed_to(self, path: str, carries: Iterable[_Seed]) -> Iterator[tuple[str, tuple[_Seed, ...]]]:
        """The files that import some of a module's names, with the names as they have them."""
        carries = list(carries)
        for name, methods in carries:
            for other in self._near(path, self.importers.get(name, set())) - {path}:
                yield other, tuple((local, methods) for local in self._locally(other, name))
        stem = _stem(path)
        for other in self._near(path, self.importers.get(stem, set())) - {path} if carries else ():
            for local in self._locally(other, stem):
                yield other, tuple((f"{local}.{name}", methods) for name, methods in carries)
        for other in self._near(path, self.stars.get(stem, set())) - {path} if carries else ():
            yield other, tuple(carries)

    def _reaching(self, path: str, name: str) -> set[str]:
        """Files whose imports can lead to a name of a module: they import the name, the module, or a package that
        hands the name on."""
        found = {path} | self.importers.get(name, set())
        modules = {_stem(path)}
        modules |= {_stem(other) for other in found if other.endswith("/__init__.py")}
        for module in modules:
            found |= self.importers.get(module, set()) | self.stars.get(module, set())
        return self._near(path, found)

    def _near(self, path: str, others: set[str]) -> set[str]:
        """Those of the files that can import a module: in its top-level folder, or spelling one of its folders."""
        folders = path.split("/")[:-1][:2]
        if not folders:
            return others
        key = tuple(folders)
        if key not in self._neighbours:
            words = [folder.encode() for folder in folders]
            self._neighbours[key] = {
                file.path
                for file in self.files.values()
                if file.path.startswith(f"{folders[0]}/") or any(word in file.imports for word in words)
            }
        return others & self._neighbours[key]

    # Calls

    def _callers(self, new: Mapping[Symbol, _Caller]) -> list[_Site]:
        """The calls of functions that turned out to block."""
        wanted: dict[str, _Wanted] = {}
        methods: dict[str, dict[str, set[str]]] = {}
        for symbol in new:
            path = symbol.path or ""
            top, _, rest = symbol.name.partition(".")
            last = symbol.name.rpartition(".")[2]
            if rest and self._is_class(path, top) and last != "__init__":
                methods.setdefault(path, {}).setdefault(top, set()).add(last)
            elif rest and last != "__init__":
                _add(wanted, path, calls={last})
            else:
                for other in self._reaching(path, top):
                    _add(wanted, other, calls=set(self._locally(other, top)))
        waiting = {
            path: tuple((top, frozenset(names)) for top, names in classes.items()) for path, classes in methods.items()
        }
        # An object may come from a third module.
        for level in range(LEVELS):
            further: dict[str, tuple[_Seed, ...]] = {}
            for path, seeds in waiting.items():
                _add(wanted, path, seeds=seeds)
                for other, handed in self._handed_to(path, self._spread_in(path, seeds)) if level < LEVELS - 1 else ():
                    further[other] = further.get(other, ()) + handed
            waiting = further
        return self._sites([file for path, file in wanted.items() if path in self.reachable], tuple(new))

    def _is_class(self, path: str, name: str) -> bool:
        module = self.project.module(path)
        return module is not None and any(binding.kind == "class" for binding in module.bindings(name))

    def _spread_in(self, path: str, seeds: Iterable[_Seed]) -> Iterable[_Seed]:
        try:
            text = _text(self.project.data(path))
        except OSError:
            return ()
        places = [(place, methods) for name, methods in set(seeds) for place in words(text, name, targets=True)]
        return _spread(text, places)[1].items() if places else ()

    def _locally(self, path: str, name: str) -> Iterator[str]:
        """The name, and others that a file's imports give it."""
        yield name
        if path in self.files and path in self.importers.get("as", ()):
            for statement in self.files[path].imports.split(b"\0"):
                if b" as " in statement and name.encode() in statement:
                    yield from (local for local, target in _imported(statement) if target.endswith(f".{name}"))

    def _sites(self, wanted: Sequence[_Wanted], targets: tuple[Symbol, ...]) -> list[_Site]:
        """The calls in these files of one of the `targets` or, without targets, of what blocks itself."""
        shares: list[list[_Wanted]] = [[] for _ in range(self._team.size)]
        for file in sorted(wanted, key=lambda file: file.path):
            shares[self._members[_folder(file.path)]].append(file)
        found = self._team.ask([(share, targets) for share in shares])
        return sorted((site for some in found for site in some), key=lambda site: site.caller.symbol.path or "")

    def _parted(self, number: int) -> dict[str, int]:
        """Who looks into the files of which folder, in every round: what was learned there is of use there again."""
        sizes: dict[str, int] = {}
        for path in self.reachable:
            folder = _folder(path)
            sizes[folder] = sizes.get(folder, 0) + self.files[path].size
        loads = [0] * number
        members = {}
        for folder in sorted(sizes, key=lambda folder: (-sizes[folder], folder)):
            members[folder] = loads.index(min(loads))
            loads[members[folder]] += sizes[folder]
        return members

    def _look(self, share: tuple[Sequence[_Wanted], tuple[Symbol, ...]]) -> list[_Site]:
        files, targets = share
        wanted = frozenset(targets)
        return [
            site
            for file in files
            if (narrowed := self._narrowed(file))
            for site in _sites_of(self.project, self.types, narrowed, wanted)
        ]

    def _narrowed(self, file: _Wanted) -> _Wanted | None:
        """Without the names that the file never calls; None where nothing is left. Most files fall out here, round
        after round, so what a file calls is read from its text once."""
        if file.path not in self._called:
            try:
                text = _text(self.project.data(file.path))
            except OSError:
                text = ""
            # One string takes a tenth of the memory of a set.
            self._called[file.path] = " ".join({*_CALLED.findall(text)})
        called = frozenset(self._called[file.path].split(" "))
        methods = called | {blocking.ANY}
        seeds = {(name, some) for name, of_name in file.seeds if (some := of_name & methods)}
        narrowed = file._replace(seeds=tuple(seeds), calls=file.calls & called)
        return narrowed if narrowed.marks or narrowed.seeds or narrowed.calls else None


class _Wanted(NamedTuple):
    """What to look for in a file."""

    path: str
    names: frozenset[str]
    """Last names of calls."""
    marks: tuple[int, ...]
    """Where the file's own imports say that something may block."""
    seeds: tuple[_Seed, ...]
    """Names that may be objects with methods of interest, behind that of their module if only that is imported."""
    calls: frozenset[str]
    """What to look for wherever it is called."""


def _add(wanted: dict[str, _Wanted], path: str, *, seeds: tuple[_Seed, ...] = (), calls: Iterable[str] = ()) -> None:
    known = wanted.get(path) or _Wanted(path, frozenset(), (), (), frozenset())
    names = known.names.union(calls, *(methods for _, methods in seeds))
    wanted[path] = known._replace(names=names, seeds=known.seeds + seeds, calls=known.calls.union(calls))


_WORD = re.compile(r"\w+")
_COMMENT = re.compile(rb"#[^\n]*")
_CHAIN = re.compile(r"(?:[ \t]*\.[ \t]*\w+)*")
_LIBRARY = re.compile(rb"\b(?:%s)\b" % b"|".join(sorted(name.encode() for name in blocking.LIBRARIES)))


@lru_cache(maxsize=5000)
def _imported(statement: bytes) -> tuple[tuple[str, str], ...]:
    """Local names and targets of an import statement; many files hold the same."""
    text = _COMMENT.sub(b"", statement).decode("utf-8", "replace").replace("\\", " ")
    return tuple(imported_names(text) or ())


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _stem(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def _skimmed(path: str, data: bytes, imports: bytes) -> _Skimmed:
    text = _text(data)
    marks: set[int] = set()
    names: set[str] = set()
    seeds: list[tuple[int, frozenset[str]]] = []
    for name in blocking.BUILTINS:
        own = [place for place in words(text, name, targets=True) if text.startswith("(", place + len(name))]
        if own:
            marks.update(own)
            names.add(name)
    for local, target in _of_libraries(imports):
        for place in words(text, local, targets=True):
            chain = _CHAIN.match(text, place + len(local))
            assert chain is not None
            name = target
            for part in ("", *_WORD.findall(chain.group())):
                name = f"{name}.{part}" if part else name
                if cls := blocking.made_by(name):
                    seeds.append((place, _reachable(cls)))
            if blocking.blocks(name) and text.startswith("(", chain.end()):
                marks.add(place)
                names.add(name.rpartition(".")[2] if chain.group() else local)
    carries: Mapping[str, frozenset[str]] = {}
    if seeds:
        more, carries = _spread(text, seeds)
        marks.update(more)
        names.update(method for _, methods in seeds for method in methods)
    helpers = tuple(data.count(word) for word in _HELPER_WORDS)
    has_async = b"async def" in data
    return _Skimmed(
        path, len(data), imports, has_async, tuple(sorted(marks)), frozenset(names), tuple(carries.items()), helpers
    )


def _spread(text: str, seeds: Iterable[tuple[int, frozenset[str]]]) -> tuple[set[int], dict[str, frozenset[str]]]:
    """Where objects that come from the places `seeds` may have methods called that block, and which names of the
    module may hand such objects on.

    An object gets from one top-level statement to another only by the name of a class, a function that gives
    something back, or a variable.
    """
    masked = blanked(text)
    code = blanked(text, but_f_strings=True) if "f'" in text or 'f"' in text else masked
    starts = [match.start() + 1 for match in _TOP_LINE.finditer("\n" + masked)]
    starts = [start - 1 for start in starts] or [0]
    methods: dict[int, frozenset[str]] = {}
    carries: dict[str, frozenset[str]] = {}
    waiting = list(seeds)
    while waiting:
        place, own = waiting.pop()
        index = max(bisect_right(starts, place) - 1, 0)
        known = methods.get(index, frozenset())
        if own <= known:
            continue
        methods[index] = known | own
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        if name := _handed_on(masked, starts[index], end):
            carries[name] = methods[index]
            waiting += [(other, own) for other in words(code, name, targets=True)]
    marks: set[int] = set()
    for index, own in methods.items():
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        marks.update(_calls(code, own, starts[index], end))
    return marks, carries


_TOP_LINE = re.compile(r"\n(?=[A-Za-z_@])")
_TOP = re.compile(r"(?:async[ \t]+def|def|(class))[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n]*)?=(?!=)")


def _handed_on(masked: str, start: int, end: int) -> str:
    """The name by which a statement hands on what it makes: that of a class, variable or function with a result."""
    match = _TOP.match(masked, start)
    if match is None:
        return ""
    if match.group(1) or match.group(3):
        return match.group(2) or match.group(3)
    gives = masked.find("->", start, end) >= 0 or masked.find("return ", start, end) >= 0
    return match.group(2) if gives or masked.find("yield ", start, end) >= 0 else ""


def _text(data: bytes) -> str:
    """The text, so that places in it are those in the module's."""
    if not data.isascii():
        try:
            return read(data).text
        except UnreadableSourceError:
            pass
    return data.decode("latin-1")


@lru_cache(maxsize=200)
def _reachable(cls: str) -> frozenset[str]:
    return blocking.methods_reachable(cls)


def _of_libraries(imports: bytes) -> Iterator[tuple[str, str]]:
    """Local name and target of what is imported from the libraries that can block, however deep in the file."""
    seen = set()
    for statement in imports.split(b"\0"):
        if _LIBRARY.search(statement):
            for local, target in _imported(statement):
                if target.partition(".")[0] in blocking.LIBRARIES and (local, target) not in seen:
                    seen.add((local, target))
                    yield local, target


def _calls(text: str, methods: Collection[str], start: int, end: int) -> Iterator[int]:
    """Where one of the methods is called."""
    if blocking.ANY in methods:
        yield from (match.start() + 1 for match in _METHOD_CALL.finditer(text, start, end))
        return
    for name in methods:
        place = text.find(f".{name}(", start, end)
        while place >= 0:
            yield place + 1
            place = text.find(f".{name}(", place + 1, end)


_METHOD_CALL = re.compile(r"\.\w+\(")
_CALLED = re.compile(r"(\w+)\(")


def _sites_of(project: Project, types: Types, file: _Wanted, targets: Collection[Symbol]) -> Iterator[_Site]:
    try:
        places = sorted(_places(_text(project.data(file.path)), file))
    except OSError:
        return
    module = project.module(file.path) if places else None
    if module is None:
        return
    with module.text_for_now():
        starts = [statement.start for statement in module.facts.statements]
        by_statement: dict[int, list[int]] = {}
        for place in places:
            by_statement.setdefault(bisect_right(starts, place) - 1, []).append(place)
        for index, inside in by_statement.items():
            text = module.statement_text(index) if index >= 0 else ""
            if "def " in text or "lambda" in text:
                real = in_code(text, [place - starts[index] for place in inside])
                if real:
                    yield from _sites_in(types, module, index, [starts[index] + place for place in real], file, targets)


def _places(text: str, file: _Wanted) -> set[int]:
    """Where to look, in the text of the file."""
    found = set(file.marks)
    if file.seeds:
        spelled = [(place, methods) for name, methods in file.seeds for place in words(text, name, targets=True)]
        if spelled:
            found |= _spread(text, spelled)[0]
    for name in file.calls:
        start = text.find(f"{name}(")
        while start >= 0:
            before = text[start - 1] if start else " "
            if not (before == "_" or before.isalnum() or text.endswith("def ", 0, start)):
                found.add(start)
            start = text.find(f"{name}(", start + 1)
    return found


def _sites_in(
    types: Types, module: Module, index: int, places: Sequence[int], file: _Wanted, targets: Collection[Symbol]
) -> Iterator[_Site]:
    """The calls of interest at the places in one statement."""
    statement = module.facts.statements[index]
    positions = Positions(module.statement_text(index), statement.start, statement.line)
    lines = sorted({positions.line_of(place) for place in places})
    for name, frame in _functions(Frame(module, ()), types.tree(module, index).body, lines):
        caller: _Caller | None = None
        for call, used in _calls_at(types, frame.nodes[-1], lines):
            if _called(call) not in file.names and blocking.ANY not in file.names:
                continue
            if (target := _target(types, frame, call, targets)) is None:
                continue
            # `await open(path)` blocks before it fails; an object's class may be less certain than that it is awaited.
            if used == "awaited" and not (target.path is None and target.name in blocking.CALLS):
                continue
            caller = caller or _caller(types, frame, Symbol(module.path, name))
            yield _Site(
                caller,
                target,
                used,
                positions.line(call.lineno),
                positions.column(call.lineno, call.col_offset),
                positions.line(call.end_lineno or call.lineno),
                _written(call.func),
            )


def _written(node: ast.expr) -> str:
    text = dotted(node) or ast.unparse(node)
    return text if len(text) <= _LONGEST and "\n" not in text else f"….{text.rpartition('.')[2]}"


_LONGEST = 60


def _holds(node: ast.AST, lines: Sequence[int]) -> bool:
    first = getattr(node, "lineno", 0)
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= (getattr(node, "end_lineno", None) or first)


def _calls_at(types: Types, function: ast.AST, lines: Sequence[int]) -> Iterator[tuple[ast.Call, str]]:
    """The calls on these lines that the function itself makes, and how their values are used."""
    used: dict[ast.AST, str] = {}
    waiting = parts_of_body(function)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.stmt) and not isinstance(node, FunctionNode) and not _holds(node, lines):
            continue
        _note_use(node, used)
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            for part in node.generators:
                types.note_comprehension(function, part)
        if isinstance(node, ast.Call) and _holds(node, lines):
            yield node, used.get(node, "")
        waiting += reversed(parts_that_run(node))


def _functions(around: Frame, body: Iterable[ast.stmt], lines: Sequence[int]) -> Iterator[tuple[str, Frame]]:
    """Every function on these lines, and every lambda with a name, at whatever depth, with its qualified name."""
    for node in statements_within(body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if _holds(node, lines):
                inside = around._replace(nodes=(*around.nodes, node))
                if isinstance(node, FunctionNode):
                    yield inside.name, inside
                yield from _functions(inside, node.body, lines)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as function) if _holds(node, lines):
                inside = around._replace(nodes=(*around.nodes, function))
                yield f"{around.name}.{name}" if around.nodes else name, inside
            case _:
                pass


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return ""


_CONSUMERS = frozenset(
    {"all", "any", "dict", "frozenset", "list", "max", "min", "next", "set", "sorted", "sum", "tuple"}
)


def _note_use(node: ast.AST, used: dict[ast.AST, str]) -> None:
    """Remember what a node does with the values within it."""
    match node:
        case ast.Await(value=value):
            used[value] = "awaited"
        case ast.AsyncWith():
            used.update((item.context_expr, "awaited") for item in node.items)
        case ast.AsyncFor():
            used[node.iter] = "awaited"
        case ast.For(iter=value) | ast.YieldFrom(value=value) | ast.Starred(value=value):
            used[value] = "iterated"
        case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
            used.update((part.iter, "awaited" if part.is_async else "iterated") for part in node.generators)
        case ast.With():
            used.update((item.context_expr, "entered") for item in node.items)
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _CONSUMERS:
            used[first] = "iterated"
        case ast.Call(func=ast.Attribute(attr="enter_context"), args=[first]):
            used[first] = "entered"
        case _:
            pass


def _target(types: Types, frame: Frame, call: ast.Call, targets: Collection[Symbol]) -> Symbol | None:
    """What a call runs, if that is of interest."""
    value = types.value(frame, call.func)
    if value is None or value.is_object:
        return None
    symbol = value.symbol
    if symbol.path is None:
        if targets or not blocking.blocks(symbol.name):
            return None
        if symbol.name in blocking.CONNECTS_WITH_ARGUMENT and not (call.args or call.keywords):
            return None
        return symbol
    if not targets:
        return None
    if symbol not in targets:
        definition = types.definition(symbol)
        if definition is None or not isinstance(definition.nodes[-1], ast.ClassDef):
            return None
        made = types.member(value._replace(is_object=True), "__init__")
        if made is None:
            return None
        symbol = made.symbol
    return symbol if symbol in targets else None


_RUNS_AT_ONCE = frozenset(
    {"abstractmethod", "classmethod", "override", "retry", "staticmethod", "validate_call", "wraps"}
)


_AWAITING = (ast.Await, ast.AsyncFor, ast.AsyncWith)


def _caller(types: Types, frame: Frame, symbol: Symbol) -> _Caller:
    node = frame.nodes[-1]
    if not isinstance(node, FunctionNode):
        return _Caller(symbol, False, "", types.is_only(symbol), False, False, False)
    decorators = [last_name(decorator) for decorator in node.decorator_list]
    lazy = "generator" if isinstance(node, ast.FunctionDef) and yields(node) else ""
    if lazy and "contextmanager" in decorators:
        lazy = "manager"
    has_parameters = bool(node.args.args or node.args.posonlyargs or node.args.kwonlyargs)
    is_plain = (isinstance(node, ast.AsyncFunctionDef) or types.is_only(symbol)) and all(
        name in _RUNS_AT_ONCE
        or name in ROUTE_METHODS
        or (name == "contextmanager" and lazy == "manager")
        or (name in ("cache", "lru_cache") and has_parameters)
        for name in decorators
    )
    is_handler = any(
        isinstance(d, ast.Call) and isinstance(d.func, ast.Attribute) and d.func.attr in ROUTE_METHODS
        for d in node.decorator_list
    )
    awaits = is_handler and any(
        isinstance(inner, _AWAITING) or (isinstance(inner, ast.comprehension) and bool(inner.is_async))
        for inner in own_nodes(node)
    )
    is_async = isinstance(node, ast.AsyncFunctionDef)
    return _Caller(symbol, is_async, lazy, is_plain, _is_startup(node, decorators), is_handler, awaits)


def _is_startup(node: FunctionNode, decorators: Sequence[str]) -> bool:
    """Whether the function is a lifespan or a handler of startup or shutdown."""
    if "on_event" in decorators:
        return True
    annotations = [last_name(a.annotation) for a in node.args.args if a.annotation is not None]
    return "asynccontextmanager" in decorators and not {"FastAPI", "Starlette"}.isdisjoint(annotations)


def _blocking_call(site: _Site, reasons: Mapping[Symbol, _Site]) -> BlockingCall:
    steps = []
    current = site
    while True:
        symbol = current.caller.symbol
        steps.append(Step(symbol.name, symbol.path or "", current.line))
        if current.target.path is None:
            break
        current = reasons[current.target]
    return BlockingCall(
        site.caller.symbol.path or "",
        site.caller.symbol.name,
        site.line,
        site.column,
        site.end_line,
        site.written,
        current.target.name.removeprefix("builtins."),
        tuple(steps),
        site.caller.is_handler,
        site.caller.awaits,
    )
