"""The search itself: from what blocks to its callers, round after round."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from ...parallel import Team, map_each, portions_of
from ...source.discovery import is_test
from .. import blocking
from ..index import Project, Symbol
from ..reader import import_statements
from ..references import words
from ..surroundings import surroundings
from ..types import Types
from .model import BlockingCall, Caller, Seed, Site, Skimmed, Step, Wanted
from .sites import sites_of
from .skim import HELPERS, called_in, imported, skimmed, spread, stem_of, text_of

FILES_WORTH_A_PROCESS = 150
"""To skim this many files takes as long as starting another process."""

STATEMENTS_WORTH_A_PROCESS = 300
"""Below this many statements to parse, another process costs more than it saves."""

LEVELS = 2
"""Through how many modules an object of the project's own classes is followed."""


class Search:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.types = Types(project)
        self.files: dict[str, Skimmed] = {}
        self.importers: dict[str, set[str]] = {}
        """Files, by each name that they import, of whatever it is."""
        self.reachable: set[str] = set()
        """Files with async functions, and what they may import."""
        self._team: Team[tuple[Sequence[Wanted], tuple[Symbol, ...]], list[Site]]
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
            del self._team  # which holds on to this object, and nobody looks for circles meanwhile

    def _searched(self, candidates: Sequence[Wanted]) -> Iterator[BlockingCall]:
        sites = self._sites(candidates, ())
        reasons: dict[Symbol, Site] = {}
        found: list[Site] = []
        while sites:
            new: dict[Symbol, Caller] = {}
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

    def _runs(self, site: Site, reasons: Mapping[Symbol, Site]) -> bool:
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

        def skim(some: Sequence[str]) -> list[Skimmed]:
            found = []
            for path in some:
                try:
                    data = project.data(path)
                except OSError:
                    continue
                imports = known.get(path)
                found.append(skimmed(path, data, import_statements(data) if imports is None else imports))
            return found

        jobs = min(project.jobs, 1 + len(paths) // FILES_WORTH_A_PROCESS)
        for portion in map_each(skim, portions_of(paths), jobs):
            for file in portion:
                self.files[file.path] = file
                self._note_imports(file)

    def _note_imports(self, file: Skimmed) -> None:
        for statement in file.imports.decode("latin-1").split("\0"):
            source, _, names = statement.partition("import")
            for word in _WORD.findall(names):
                self.importers.setdefault(word, set()).add(file.path)
            if "*" in names:
                for word in _WORD.findall(source):
                    self.stars.setdefault(word, set()).add(file.path)

    def _candidates(self) -> list[Wanted]:
        """The files in which something may block, what they get from other files taken in."""
        wanted = {
            path: Wanted(path, file.names, file.marks, (), frozenset())
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
            by_stem.setdefault(stem_of(path), []).append(path)
        found = {path for path, file in self.files.items() if file.has_async}
        waiting = list(found)
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            words = {*_WORD.findall(self.files[path].imports.decode("latin-1"))} - seen
            if path.endswith("/__init__.py"):
                words.add(stem_of(path))
            seen |= words
            new = {other for word in words for other in by_stem.get(word, ())} - found
            found |= new
            waiting += new
        return found

    def _handed_to(self, path: str, carries: Iterable[Seed]) -> Iterator[tuple[str, tuple[Seed, ...]]]:
        """The files that import some of a module's names, with the names as they have them."""
        carries = list(carries)
        for name, methods in carries:
            for other in self._near(path, self.importers.get(name, set())) - {path}:
                yield other, tuple((local, methods) for local in self._locally(other, name))
        stem = stem_of(path)
        for other in self._near(path, self.importers.get(stem, set())) - {path} if carries else ():
            for local in self._locally(other, stem):
                yield other, tuple((f"{local}.{name}", methods) for name, methods in carries)
        for other in self._near(path, self.stars.get(stem, set())) - {path} if carries else ():
            yield other, tuple(carries)

    def _reaching(self, path: str, name: str) -> set[str]:
        """Files whose imports can lead to a name of a module: they import the name, the module, or a package that
        hands the name on."""
        found = {path} | self.importers.get(name, set())
        modules = {stem_of(path)}
        modules |= {stem_of(other) for other in found if other.endswith("/__init__.py")}
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

    def _callers(self, new: Mapping[Symbol, Caller]) -> list[Site]:
        """The calls of functions that turned out to block."""
        wanted: dict[str, Wanted] = {}
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
            further: dict[str, tuple[Seed, ...]] = {}
            for path, seeds in waiting.items():
                _add(wanted, path, seeds=seeds)
                for other, handed in self._handed_to(path, self._spread_in(path, seeds)) if level < LEVELS - 1 else ():
                    further[other] = further.get(other, ()) + handed
            waiting = further
        return self._sites([file for path, file in wanted.items() if path in self.reachable], tuple(new))

    def _is_class(self, path: str, name: str) -> bool:
        module = self.project.module(path)
        return module is not None and any(binding.kind == "class" for binding in module.bindings(name))

    def _spread_in(self, path: str, seeds: Iterable[Seed]) -> Iterable[Seed]:
        try:
            text = text_of(self.project.data(path))
        except OSError:
            return ()
        places = [(place, methods) for name, methods in set(seeds) for place in words(text, name, targets=True)]
        return spread(text, places)[1].items() if places else ()

    def _locally(self, path: str, name: str) -> Iterator[str]:
        """The name, and others that a file's imports give it."""
        yield name
        if path in self.files and path in self.importers.get("as", ()):
            for statement in self.files[path].imports.split(b"\0"):
                if b" as " in statement and name.encode() in statement:
                    yield from (local for local, target in imported(statement) if target.endswith(f".{name}"))

    def _sites(self, wanted: Sequence[Wanted], targets: tuple[Symbol, ...]) -> list[Site]:
        """The calls in these files of one of the `targets` or, without targets, of what blocks itself."""
        shares: list[list[Wanted]] = [[] for _ in range(self._team.size)]
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

    def _look(self, share: tuple[Sequence[Wanted], tuple[Symbol, ...]]) -> list[Site]:
        files, targets = share
        wanted = frozenset(targets)
        return [
            site
            for file in files
            if (narrowed := self._narrowed(file))
            for site in sites_of(self.project, self.types, narrowed, wanted)
        ]

    def _narrowed(self, file: Wanted) -> Wanted | None:
        """Without the names that the file never calls; None where nothing is left. Most files fall out here, round
        after round, so what a file calls is read from its text once."""
        if not (file.seeds or file.calls):
            return file
        if file.path not in self._called:
            try:
                text = text_of(self.project.data(file.path))
            except OSError:
                text = ""
            # One string takes a tenth of the memory of a set.
            self._called[file.path] = " ".join(called_in(text))
        called = frozenset(self._called[file.path].split(" "))
        methods = called | {blocking.ANY}
        seeds = {(name, some) for name, of_name in file.seeds if (some := of_name & methods)}
        narrowed = file._replace(seeds=tuple(seeds), calls=file.calls & called)
        return narrowed if narrowed.marks or narrowed.seeds or narrowed.calls else None


_WORD = re.compile(r"\w+")


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _add(wanted: dict[str, Wanted], path: str, *, seeds: tuple[Seed, ...] = (), calls: Iterable[str] = ()) -> None:
    known = wanted.get(path) or Wanted(path, frozenset(), (), (), frozenset())
    names = known.names.union(calls, *(methods for _, methods in seeds))
    wanted[path] = known._replace(names=names, seeds=known.seeds + seeds, calls=known.calls.union(calls))


def _blocking_call(site: Site, reasons: Mapping[Symbol, Site]) -> BlockingCall:
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
        site.end_column,
        site.written,
        current.target.name.removeprefix("builtins."),
        tuple(steps),
        site.caller.is_handler,
        site.caller.awaits,
    )
