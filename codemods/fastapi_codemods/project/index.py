"""The project: its files, which of them concern FastAPI, and what their names mean across modules."""

from __future__ import annotations

import ast
import itertools
import os
import re
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from ..cache import Cache, Entry, Stamp, digest, pack, settled, shape_of, stamp_of, unpacker
from ..errors import PathError
from ..findings import Location, Skipped
from ..parallel import default_jobs, map_each, portions_of
from ..plan import FileChange
from ..source import Discovered, Source, Statement, UnreadableSourceError, discover, read
from ..source.statements import blanked, header_end, parse
from .fastapi_names import canonical, is_exported
from .kept_trees import LIMIT as LIMIT_OF_TREES
from .kept_trees import KeptTrees
from .model import (
    Argument,
    Assignment,
    Binding,
    Call,
    Class,
    Decorator,
    Facts,
    Function,
    Import,
    MethodCall,
    Parameter,
    Scope,
    Span,
)
from .outlines import WORTH_IT, outline
from .reader import BYTES_OF_FASTAPI, dotted, import_statements, read_facts
from .style import Style, style_of
from .versions import Versions, versions_of

Progress = Callable[[str, int, int], None]
"""Called with a phase, what is done and what there is to do."""

_MENTIONS = b"fastapi"
_GENERATED = re.compile(rb"^#.*(?:@generated\b|\bdo not edit\b|\bauto-?generated\b)", re.IGNORECASE | re.MULTILINE)

# Of these, none is common in code that has nothing to do with FastAPI; `Path(` and `.get(` are.
_WORDS_OF_NEIGHBOURS = (
    b"include_router",
    b"on_event",
    b"add_event_handler",
    b"add_api_",
    b"Depends(",
    b"@router.",
    b"@app.",
)

SMALL_PROJECT = 300_000
"""Bytes of Python up to which every file is parsed whole, so that a broken one is named even if nothing needs it."""

LARGE_FILE = 1_000_000
"""Bytes from which a file holds data rather than code: it does not make a project large, and is not parsed whole."""

FILES_THAT_FILL_MEMORY = 3000
"""From here on, texts are read again rather than all kept in memory."""

FILES_WORTH_A_PROCESS = 60
SIBLINGS_WORTH_A_PROCESS = 150
"""Below this, starting a second reader costs more than it saves."""

_KINDS_OF_FACTS = (
    Argument, Assignment, Binding, Call, Class, Decorator, Facts, Function, Import, MethodCall, Parameter, Scope, Span,
    Statement,
)  # fmt: skip

# Whatever decides what is kept about a file: a change to one of these and no cache of before is believed.
SOURCES = (
    "cache.py", "project/fastapi_names.py", "project/index.py", "project/model.py", "project/newer_syntax.py",
    "project/reader.py", "source/statements.py", "source/text.py",
)  # fmt: skip


Remembered = TypeVar("Remembered")


class Symbol(NamedTuple):
    """What a name stands for: `name` as defined in the project's file `path`, or, with `path` None, a dotted name
    of something outside the project (`fastapi.Depends`)."""

    path: str | None
    name: str


_NUMBERS = itertools.count()


class Module:
    """One file that was read. Text, syntax trees and statements are made when they are asked for."""

    kept_trees = KeptTrees(0)
    """Of the project; none for a module without one."""

    def __init__(self, path: str, data: bytes | None, facts: Facts | None = None) -> None:
        self.path = path
        self._number = next(_NUMBERS)
        self._data = data
        self._facts = facts
        self._remembered: dict[object, object] = {}

    @property
    def data(self) -> bytes:
        if self._data is None:
            self._data = self._read_data()
        return self._data

    def _read_data(self) -> bytes:
        raise NotImplementedError

    @cached_property
    def source(self) -> Source:
        return read(self.data)

    @property
    def text(self) -> str:
        return self.source.text

    @property
    def facts(self) -> Facts:
        if self._facts is None:
            self._facts = self._read_facts()
        return self._facts

    def _read_facts(self) -> Facts:
        return read_facts(self.text)

    def statement_text(self, index: int) -> str:
        statement = self.facts.statements[index]
        return self.text[statement.start : statement.end]

    def tree(self, index: int) -> ast.Module:
        """The syntax tree of one statement; lines count from 1 within it, see `Statement.line`."""
        trees = self.__dict__.setdefault("_trees", {})
        if index not in trees:
            trees[index] = self.parsed(index)
        tree: ast.Module = trees[index]
        return tree

    def parsed(self, index: int) -> ast.Module:
        """`tree`, kept for a while at most: for those who look at many statements once."""
        trees = self.__dict__.get("_trees", {})
        if index in trees:
            tree: ast.Module = trees[index]
            return tree
        statement = self.facts.statements[index]
        return self.kept_trees.get(
            (self._number, index, "whole"),
            statement.end - statement.start,
            lambda: parse(self.statement_text(index), statement.line),
        )

    def outlined(self, index: int) -> ast.Module:
        """`parsed`, the bodies of functions in it only when somebody looks into them, see `outlines`."""
        statement = self.facts.statements[index]
        size = statement.end - statement.start
        if size < WORTH_IT:
            return self.parsed(index)
        key = self._number, index, "outline"
        return self.kept_trees.get(key, size, lambda: outline(self.statement_text(index), statement.line))

    def remembered(self, what: object, make: Callable[[], Remembered]) -> Remembered:
        """What `make` made for `what` about this module, once."""
        if what not in self._remembered:
            self._remembered[what] = make()
        return cast(Remembered, self._remembered[what])

    def forget_text(self) -> None:
        """Let go of the text and of syntax trees, until somebody asks for them again."""
        for name in ("source", "_trees"):
            self.__dict__.pop(name, None)

    @contextmanager
    def text_for_now(self) -> Iterator[None]:
        """Afterwards the text and what was made from it are forgotten, unless they were there before."""
        kept = set(self.__dict__)
        try:
            yield
        finally:
            for name in self.__dict__.keys() - kept:
                del self.__dict__[name]

    def expression(self, span: Span) -> ast.expr:
        """The expression that `span` covers."""
        statement = parse(f"({self.text[span.start : span.end]}\n)").body[0]
        return cast(ast.Expr, statement).value

    def code(self, span: Span) -> str:
        return self.text[span.start : span.end]

    def bindings(self, name: str) -> tuple[Binding, ...]:
        return self.facts.bindings.get(name, ())

    @cached_property
    def imports(self) -> dict[str, list[str]]:
        """Targets of the module-level imports that exist at run time, by local name."""
        found: dict[str, list[str]] = {}
        for item in self.facts.imports:
            if not item.scopes and not item.type_checking:
                found.setdefault(item.local, []).append(item.target)
        return found

    def location(self, line: int, column: int, end_line: int) -> Location:
        return Location(self.path, line, column, end_line)


class _KnownModule(Module):
    """A module whose facts come from the cache. Its bytes are read when they are asked for."""

    def __init__(self, path: str, place: str, known: Facts, content: bytes, discard: Callable[[], None]) -> None:
        super().__init__(path, None)
        self._place = place
        self._known = known
        self._content = content
        self._discard = discard

    def _read_facts(self) -> Facts:
        return self._known

    def _read_data(self) -> bytes:
        """The bytes that the facts are about. If the file holds others, the cache is wrong or somebody is writing:
        its facts are read anew, which is too late where somebody has already drawn conclusions from the old ones."""
        try:
            data = _bytes_of(self._place)
        except OSError as error:
            raise PathError(f"{self.path} cannot be read any more: {error.strerror}; run again") from None
        if digest(data) != self._content:
            self._discard()
            facts, _ = _read_one(data)
            if facts is None or self._facts not in (None, facts):
                raise PathError(f"{self.path} changed while the project was read; run again")
            self._known, self._content = facts, digest(data)
        return data


class Project:
    """All Python files below a root. Immutable but for what it reads when asked; `with_changes` makes the next one."""

    def __init__(
        self,
        root: Path,
        paths: Iterable[str],
        relevant: dict[str, Module],
        skipped: Iterable[Skipped],
        import_statements: Mapping[str, bytes],
        target_fastapi: str | None = None,
        overlay: dict[str, bytes] | None = None,
        jobs: int = 1,
        outside: frozenset[str] = frozenset(),
    ) -> None:
        self.root = root
        self.paths = tuple(paths)
        self.skipped = list(skipped)
        self.import_statements = import_statements
        """See the function of that name in `reader`, by path; of those files that stand beside FastAPI's users."""
        self.target_fastapi = target_fastapi
        self.jobs = jobs
        """Processes that may be used for what there is much of."""
        self._kept_trees = KeptTrees(LIMIT_OF_TREES if len(self.paths) <= FILES_THAT_FILL_MEMORY else 0)
        for module in relevant.values():
            module.kept_trees = self._kept_trees
        self._relevant = relevant
        self._modules: dict[str, Module | None] = dict(relevant)
        self._overlay = overlay or {}
        self._outside = outside
        """What the project imported from elsewhere before a file of this name was made in it."""
        self.known_paths = frozenset(self.paths)
        self._tops = {part.removesuffix(".py") for path in self.paths for part in path.split("/")}
        self._module_paths: dict[tuple[str, str], str | None] = {}
        self._remembered: dict[object, object] = {}
        # Kept here and not with the modules, which the next projects share: a project must not outlive its use.
        self._resolved: dict[Module, dict[str, Symbol | None]] = {}

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        exclude: Sequence[str] = (),
        jobs: int | None = None,
        target_fastapi: str | None = None,
        progress: Progress | None = None,
        cache: bool = False,
        found: Discovered | None = None,
    ) -> Project:
        """Discover, unless that is `found` already, and read the project at `root`, with several processes where it is
        big enough.

        With `cache`, files that are as they were in an earlier run are not read until their text is asked for.
        """
        found = found or discover(root, exclude)
        skipped = list(found.skipped)
        if progress:
            progress("reading", 0, len(found.paths))
        base = str(root) + os.sep
        jobs = jobs or default_jobs()
        kept = _Kept(root, base, is_wanted=cache)
        files = kept.files(found.paths, jobs, siblings=False)
        # In a package that uses FastAPI, modules may get an app or a router from their siblings without naming FastAPI.
        tops = {top_level(file.path) for file in files if file.names_fastapi}
        siblings = [f.path for f in files if not (f.names_fastapi or f.reason) and top_level(f.path) in tops]
        files += kept.files(siblings, jobs, siblings=True)
        modules: dict[str, Module] = {}
        for file in files:
            if file.reason:
                skipped.append(Skipped(file.path, file.reason))
            elif file.facts is not None:
                modules[file.path] = kept.module(file)
        total = sum(file.size for file in files if file.size < LARGE_FILE)
        if total <= SMALL_PROJECT:
            _parse_whole(base, found.paths, modules, skipped, kept.faults)
        kept.keep(files)
        if progress:
            progress("reading", len(found.paths), len(found.paths))
        ordered = {path: modules[path] for path in sorted(modules)}
        imports = {file.path: file.imports for file in files if file.imports is not None}
        return cls(root, found.paths, ordered, skipped, imports, target_fastapi, jobs=jobs)

    def with_changes(self, changes: Sequence[FileChange]) -> Project:
        """The project as it would be after `changes`; only the changed files are read again."""
        relevant = dict(self._relevant)
        overlay = dict(self._overlay)
        paths = set(self.paths)
        for change in changes:
            relevant.pop(change.path, None)
            if change.after is None:
                paths.discard(change.path)
                continue
            paths.add(change.path)
            overlay[change.path] = change.after
            relevant[change.path] = Module(change.path, change.after)
        ordered = {path: relevant[path] for path in sorted(relevant)}
        imports = dict(self.import_statements)
        for change in changes:
            imports.pop(change.path, None)
        project = Project(
            self.root,
            sorted(paths),
            ordered,
            self.skipped,
            imports,
            self.target_fastapi,
            overlay,
            self.jobs,
            self._outside | self._imported_from_elsewhere(paths - self.known_paths),
        )
        # What was read of other files says the same there.
        changed = {change.path for change in changes}
        project._modules |= {p: m for p, m in self._modules.items() if m is not None and p not in changed}
        return project

    def _imported_from_elsewhere(self, new: Collection[str]) -> frozenset[str]:
        """The names of the `new` files that the project imports now and does not have: `mcp`, where `routers/mcp.py` is
        made."""
        stems = {part for path in new for part in path.removesuffix(".py").split("/")} - {"__init__"}
        if not stems:
            return frozenset()
        heads = {
            (module.path, head)
            for module in self._relevant.values()
            for item in module.facts.imports
            if (head := item.target.partition(".")[0]) in stems
        }
        return frozenset(head for path, head in heads if self.module_path(path, head) is None)

    def targeting(self, fastapi: str) -> Project:
        """The same files, to be written for this FastAPI and newer ones."""
        project = self.with_changes(())
        project.target_fastapi = fastapi
        return project

    @cached_property
    def style(self) -> Style:
        return style_of(self.root)

    @cached_property
    def versions(self) -> Versions:
        """What the project must go on running on."""
        applications = (module.path for module, _ in self.instances("fastapi.FastAPI"))
        return versions_of(self.root, self.target_fastapi, applications)

    def remembered(self, what: object, make: Callable[[], Remembered]) -> Remembered:
        """What `make` made for `what` about this project, once."""
        if what not in self._remembered:
            self._remembered[what] = make()
        return cast(Remembered, self._remembered[what])

    # What there is

    def modules(self) -> Iterator[Module]:
        """Every module that concerns FastAPI, by path."""
        yield from self._relevant.values()

    def modules_that_import(self, *words: bytes) -> Iterator[Module]:
        """`modules`, and those whose imports spell one of the words in a file that names FastAPI but uses nothing of
        it that makes an application: `from fastapi import HTTPException` in a service."""
        known = self._relevant.keys()
        others = {
            path
            for path, imports in self.import_statements.items()
            if path not in known and any(word in imports for word in words)
        }
        for path in sorted(known | others):
            if (module := self.module(path)) is not None:
                yield module

    def module(self, path: str) -> Module | None:
        """The module in that file, read now if need be; None where there is none or it cannot be read."""
        if path not in self._modules:
            self._modules[path] = self._read(path)
        return self._modules[path]

    def glance(self, path: str) -> Module | None:
        """`module`, not kept where nobody else has asked for it."""
        return self._modules[path] if path in self._modules else self._read(path)

    def loaded(self, path: str) -> Module | None:
        """The module if it was read already."""
        return self._modules.get(path)

    def follow_import(self, importer: str, target: str) -> Symbol | None:
        """What a `target` (see `Import`), imported in the file `importer`, leads to."""
        return self._follow(importer, target, "")

    def data(self, path: str) -> bytes:
        """The bytes of a project file, as they would be after the changes so far."""
        if path in self._overlay:
            return self._overlay[path]
        module = self._modules.get(path)
        return module.data if module is not None else _bytes_of(os.path.join(self.root, path))

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there, one that is no part of the project included."""
        return path in self.known_paths or os.path.lexists(os.path.join(self.root, path))

    def _read(self, path: str) -> Module | None:
        if path not in self.known_paths:
            return None
        try:
            module = Module(path, self.data(path))
            module.kept_trees = self._kept_trees
            with module.text_for_now():
                module.facts  # noqa: B018  (reads it now, so that what is broken is skipped here)
        except (UnreadableSourceError, OSError):
            return None
        return module

    def functions(self) -> Iterator[tuple[Module, Function]]:
        for module in self.modules():
            for function in module.facts.functions:
                yield module, function

    def classes(self) -> Iterator[tuple[Module, Class]]:
        for module in self.modules():
            for cls in module.facts.classes:
                yield module, cls

    def calls(self, *methods: str) -> Iterator[tuple[Module, MethodCall]]:
        """Calls of methods of these names that are statements or assigned values, see `MethodCall`."""
        for module in self.modules():
            for call in module.facts.calls:
                if call.method in methods:
                    yield module, call

    def instances(self, *classes: str) -> Iterator[tuple[Module, Assignment]]:
        """Assignments `name = C(...)` where C is one of the dotted classes, `fastapi.APIRouter`, or a subclass."""
        for module in self.modules():
            for assignment in module.facts.assignments:
                symbol = self.resolve(module, assignment.call.callee, assignment.scopes)
                if symbol is not None and self.derives_from(symbol, classes):
                    yield module, assignment

    def derives_from(self, symbol: Symbol, classes: Sequence[str]) -> bool:
        """Whether the symbol is one of the dotted classes or, as far as the project shows, a subclass of one."""
        seen: set[Symbol] = set()
        waiting = [symbol]
        while waiting:
            current = waiting.pop()
            if current.path is None and current.name in classes:
                return True
            if current in seen or current.path is None:
                continue
            seen.add(current)
            module = self.module(current.path)
            if module is None:
                continue
            for base, scopes in _bases(module, current.name):
                if (above := self.resolve(module, base, scopes)) is not None:
                    waiting.append(above)
        return False

    # What names mean

    def resolve(self, module: Module, name: str, scopes: Sequence[Scope] = ()) -> Symbol | None:
        """What the dotted `name` means where it stands in `module` within `scopes`; None where that is not certain."""
        if not name:
            return None
        if not scopes:
            known = self._resolved.setdefault(module, {})
            if name not in known:
                head, _, rest = name.partition(".")
                known[name] = self._resolve_global(module, head, rest, frozenset())
            return known[name]
        head, _, rest = name.partition(".")
        for depth in range(len(scopes), 0, -1):
            scope = scopes[depth - 1]
            if scope.kind == "class" and depth != len(scopes):
                continue  # names of a class are seen in its own body only
            if head in scope.names:
                target = next((target for local, target in scope.imports if local == head), None)
                if target is None:
                    return None
                return self._follow(module.path, target, rest)
        return self._resolve_global(module, head, rest, frozenset())

    def _resolve_global(self, module: Module, head: str, rest: str, seen: frozenset[tuple[str, str]]) -> Symbol | None:
        if (module.path, head) in seen:
            return None
        seen |= {(module.path, head)}
        bindings = module.bindings(head)
        if not bindings:
            for star in module.facts.stars:
                symbol = self._follow_star(module, star, head, rest, seen)
                if symbol is not None:
                    return symbol
            return None
        targets = module.imports.get(head, [])
        if targets:
            # `try: from a import x / except ImportError: from b import x`: the first is what is meant.
            return self._follow(module.path, targets[0], rest, seen)
        if all(binding.kind == "import" for binding in bindings):
            return None  # only under TYPE_CHECKING
        return Symbol(module.path, f"{head}.{rest}" if rest else head)

    def _follow_star(
        self, module: Module, star: str, head: str, rest: str, seen: frozenset[tuple[str, str]]
    ) -> Symbol | None:
        path = self.module_path(module.path, star)
        if path is None:
            dotted = f"{star}.{head}"
            return self._external(f"{dotted}.{rest}" if rest else dotted) if is_exported(dotted) else None
        target = self.module(path)
        if target is None or head.startswith("_"):
            return None
        return self._resolve_global(target, head, rest, seen)

    def _follow(
        self, importer: str, target: str, rest: str, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Symbol | None:
        """The symbol that the imported `target` and the attributes `rest` lead to."""
        name = f"{target}.{rest}" if rest else target
        dots = len(name) - len(name.lstrip("."))
        parts = name[dots:].split(".")
        if not dots and parts[0] in ("fastapi", "starlette"):
            return self._external(name)
        for length in range(len(parts), 0, -1):
            path = self.module_path(importer, "." * dots + ".".join(parts[:length]))
            if path is None:
                continue
            if length == len(parts):
                return Symbol(path, "")
            found = self.module(path)
            if found is None:
                return None
            return self._resolve_global(found, parts[length], ".".join(parts[length + 1 :]), seen)
        if dots and len(parts) >= 1:
            # `from . import name` where the package itself defines the name.
            path = self.module_path(importer, "." * dots)
            found = self.module(path) if path is not None else None
            return self._resolve_global(found, parts[0], ".".join(parts[1:]), seen) if found else None
        return self._external(name)

    def _external(self, dotted: str) -> Symbol:
        return Symbol(None, canonical(dotted))

    def module_path(self, importer: str, name: str) -> str | None:
        """The project's file that `name`, absolute or starting with dots, imports from in the file `importer`."""
        key = (importer.rpartition("/")[0], name)
        if key not in self._module_paths:
            self._module_paths[key] = self._find_module(importer, name)
        return self._module_paths[key]

    def _find_module(self, importer: str, name: str) -> str | None:
        if name.startswith("."):
            stripped = name.lstrip(".")
            folder = importer.split("/")[:-1]
            up = len(name) - len(stripped) - 1
            if up > len(folder):
                return None
            base = folder[: len(folder) - up]
            return self._module_file([*base, *(stripped.split(".") if stripped else [])])
        parts = name.split(".")
        if parts[0] not in self._tops:
            return None
        folder = importer.split("/")[:-1]
        packages: list[str] | None = None
        # A file bears the name of something else, `types.py`: it is meant only where imports do start from its folder.
        is_ambiguous = parts[0] in self._outside or parts[0] in sys.stdlib_module_names
        roots = self.import_roots(importer) if is_ambiguous else None
        for depth in range(len(folder), -1, -1):
            base = folder[:depth]
            if roots is not None and "".join(f"{part}/" for part in base) not in roots:
                continue
            if "/".join([*base, "__init__.py"]) in self.known_paths:
                # Inside a package its own folder is no import root, unless the file is run as a script.
                packages = packages or base
                continue
            if path := self._module_file([*base, *parts]):
                return path
        for root in self._import_roots:
            if path := self._module_file([*root.split("/")[:-1], *parts]):
                return path
        return self._module_file([*packages, *parts]) if packages else None

    def _module_file(self, parts: Sequence[str]) -> str | None:
        stem = "/".join(parts)
        if f"{stem}.py" in self.known_paths:
            return f"{stem}.py"
        package = f"{stem}/__init__.py" if stem else "__init__.py"
        return package if package in self.known_paths else None

    @cached_property
    def _import_roots(self) -> tuple[str, ...]:
        """Folders from which the project's own absolute imports start (`src/`, `backend/`, the root), most used first.

        Observed, not guessed: in namespace packages nothing else tells whether `a/b/c.py` is `a.b.c`, `b.c` or `c`.
        """
        folders = {path.rpartition("/")[0] + "/" for path in self.known_paths if "/" in path}
        folders |= {
            "/".join(parts[:depth]) + "/"
            for f in folders
            for parts in [f.split("/")]
            for depth in range(1, len(parts) - 1)
        }
        seen: dict[tuple[str, str], str | None] = {}
        by_folder: dict[str, dict[str, int]] = {}
        for module in self._relevant.values():
            folder = module.path.rpartition("/")[0]
            own = by_folder.setdefault(folder, {})
            for item in module.facts.imports:
                head = item.target.partition(".")[0]
                if not head or head not in self._tops or head in self._outside:
                    continue
                if (folder, head) not in seen:
                    seen[folder, head] = self._root_of(folder, head, folders)
                root = seen[folder, head]
                if root is not None:
                    own[root] = own.get(root, 0) + 1
        counts: dict[str, int] = {}
        for own in by_folder.values():
            for root, count in own.items():
                # `import redis` beside a `redis.py` in a package that is imported from further up means the library.
                if count * 5 >= max(own.values()):
                    counts[root] = counts.get(root, 0) + count
        return tuple(sorted(counts, key=lambda root: (-counts[root], root)))

    def _root_of(self, folder: str, head: str, folders: set[str]) -> str | None:
        """The nearest folder above that holds a module or package `head`; packages themselves are no roots."""
        parts = folder.split("/") if folder else []
        for depth in range(len(parts), -1, -1):
            base = "".join(f"{part}/" for part in parts[:depth])
            is_package = f"{base}__init__.py" in self.known_paths
            if not is_package and (f"{base}{head}.py" in self.known_paths or f"{base}{head}/" in folders):
                return base
        return None

    def import_roots(self, path: str) -> tuple[str, ...]:
        """The folders, each ending in a slash or empty, from which `path` is imported, the most usual first."""
        observed = tuple(root for root in self._import_roots if path.startswith(root))
        if observed:
            return observed
        folder = path.split("/")[:-1]
        while folder and "/".join([*folder, "__init__.py"]) in self.known_paths:
            folder.pop()
        return ("".join(f"{part}/" for part in folder),)

    def dotted_name(self, path: str) -> str:
        """The name a module is imported by: `app.routers.users` for `src/app/routers/users.py`."""
        root = self.import_roots(path)[0]
        parts = path.removesuffix(".py")[len(root) :].split("/")
        if parts[-1] == "__init__":
            parts.pop()
        return ".".join(parts)

    def imports_lead(self, start: str, goal: str, *, in_functions: bool = True) -> bool:
        """Whether importing the file `start` imports, at any remove, the file `goal`.

        Functions may be called while a module is imported, so their imports count, unless `in_functions` is false.
        """
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if path == goal:
                return True
            if path not in seen:
                seen.add(path)
                waiting.extend(self._imported_by(path, in_functions=in_functions))
        return False

    def _imported_by(self, path: str, *, in_functions: bool) -> tuple[str, ...]:
        """The files that importing a file imports itself."""
        return self.remembered(
            ("imported by", path, in_functions),
            lambda: tuple(dict.fromkeys(self._imports_of(path, in_functions=in_functions))),
        )

    def _imports_of(self, path: str, *, in_functions: bool) -> Iterator[str]:
        module = self.module(path)
        if module is None:
            return
        for item in module.facts.imports:
            if item.type_checking or (not in_functions and any(scope.kind == "function" for scope in item.scopes)):
                continue
            parts = item.target.split(".")
            for length in range(1, len(parts) + 1):
                found = self.module_path(path, ".".join(parts[:length]) or item.target)
                if found is not None:
                    yield found
        yield from (found for star in module.facts.stars if (found := self.module_path(path, star)))

    # Places

    def string(self, module: Module, span: Span) -> str | None:
        """The value of a plain string literal, None for anything else."""
        node = module.expression(span)
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    def function(self, symbol: Symbol) -> tuple[Module, Function] | None:
        """The function a symbol names, where exactly one definition has that name; read in full if need be.

        None also where it cannot be read: newer syntax than that of the Python which runs.
        """
        if symbol.path is None or (module := self.module(symbol.path)) is None:
            return None
        found = [f for f in module.facts.functions if f.qualified_name == symbol.name]
        if not found and "." not in symbol.name:
            with suppress(UnreadableSourceError, RecursionError):
                found = [f for f in read_definition(module, symbol.name) if f.name == symbol.name and not f.scopes]
        return (module, found[0]) if len(found) == 1 else None


def _bases(module: Module, name: str) -> Iterator[tuple[str, tuple[Scope, ...]]]:
    """The bases, as written, of the classes of that name, also of those that the index passed over."""
    read = False
    for cls in module.facts.classes:
        if cls.qualified_name == name:
            read = True
            yield from ((base, cls.scopes) for base in cls.bases)
    if not read:
        for binding in module.bindings(name):
            if binding.kind == "class":
                for node in _without_body(module, binding.statement).body:
                    if isinstance(node, ast.ClassDef) and node.name == name:
                        yield from ((dotted(base), ()) for base in node.bases)


def _without_body(module: Module, index: int) -> ast.Module:
    """The tree of a definition, its body left out where the text tells where that begins: a tenth of the work."""
    text = module.statement_text(index)
    end = header_end(blanked(text))
    return parse(text[:end] + " pass", module.facts.statements[index].line) if end else module.tree(index)


def read_definition(module: Module, name: str) -> tuple[Function, ...]:
    """The functions in the statements that define `name` at module level: for those that the index passed over."""
    functions: list[Function] = []
    for binding in module.bindings(name):
        if binding.kind == "def":
            statement = module.facts.statements[binding.statement]
            # A word of FastAPI in a comment would not do: the header is read because it is asked for.
            functions.extend(_read_statement(module, binding.statement, statement))
    return tuple(functions)


def _read_statement(module: Module, index: int, statement: Statement) -> Iterable[Function]:
    from .reader import functions_of_statement

    return functions_of_statement(module.text, index, statement)


class _File(NamedTuple):
    """What one look at a file tells."""

    path: str
    size: int
    names_fastapi: bool = False
    data: bytes | None = None
    """Kept with the facts, unless these are from the cache."""
    facts: Facts | None = None
    reason: str = ""
    """Why it is skipped."""
    imports: bytes | None = None
    """See `import_statements`, if somebody looked."""
    stamp: Stamp | None = None
    content: bytes = b""
    """A digest of the data that the facts are about, if there is a cache."""


class _Kept:
    """What earlier runs kept about the files of a project, and what this one will."""

    def __init__(self, root: Path, base: str, *, is_wanted: bool) -> None:
        self.faults: dict[str, str] = {}
        """What parsing the whole of a file said, empty for nothing, by path."""
        self._base = base
        self._now = time.time_ns()
        self._cache: Cache | None = None
        self._unchanged: dict[str, Entry] = {}
        self._is_new = False
        self._faults_before = 0
        if is_wanted:
            with suppress(OSError):  # the package has no files of its own, as in a zip archive
                package = Path(__file__).parents[1]
                self._cache = Cache(root, shape_of(package / source for source in SOURCES))
                self._cache.load()

    def files(self, paths: Sequence[str], jobs: int, *, siblings: bool) -> list[_File]:
        """Those that are unchanged from the cache, the others by reading them."""
        known = None if self._cache is None else self._cache.entries
        if known and not siblings:
            self._find_unchanged(paths, known)
        files = {path: file for path in paths if (file := self._unread(path, siblings=siblings))} if known else {}
        missing = [path for path in paths if path not in files] if files else paths
        if missing:
            self._is_new = True
            look, worth = (
                (_read_siblings, SIBLINGS_WORTH_A_PROCESS) if siblings else (_read_files, FILES_WORTH_A_PROCESS)
            )
            readers = min(jobs, 1 + len(missing) // worth)
            base = self._base
            for portion in map_each(lambda some: look(base, some, known), portions_of(missing), readers):
                files.update((file.path, file) for file in portion)
        return [files[path] for path in paths]

    def _find_unchanged(self, paths: Sequence[str], known: Mapping[str, Entry]) -> None:
        for path in paths:
            entry = known.get(path)
            if entry is None or entry.stamp is None:
                continue
            with suppress(OSError):  # whoever reads it says so
                if stamp_of(os.stat(self._base + path)) == entry.stamp:
                    self._unchanged[path] = entry
                    if entry.fault is not None:
                        self.faults[path] = entry.fault
        self._faults_before = len(self.faults)

    def _unread(self, path: str, *, siblings: bool) -> _File | None:
        """What a look at an unchanged file would tell; None where it must be read."""
        entry = self._unchanged.get(path)
        if entry is None or (siblings and entry.imports is None):
            return None
        if not (siblings or entry.names_fastapi):
            return _File(path, entry.size, stamp=entry.stamp)
        facts = None
        if entry.facts:
            facts = _facts_of(entry)
            if facts is None:
                return None
        size = 0 if siblings else entry.size
        return _File(
            path, size, entry.names_fastapi, None, facts, entry.reason, entry.imports, entry.stamp, entry.digest
        )

    def module(self, file: _File) -> Module:
        if file.data is None and file.facts is not None and self._cache is not None:
            return _KnownModule(file.path, self._base + file.path, file.facts, file.content, self._cache.discard)
        return Module(file.path, file.data or b"", file.facts)

    def keep(self, files: Sequence[_File]) -> None:
        """For the next run, when this one is over; unless all of it came from there."""
        cache = self._cache
        if cache is None or not (self._is_new or len(self.faults) > self._faults_before):
            return
        without_data = [file._replace(data=None) if file.data else file for file in files]
        known, faults, now = cache.entries, self.faults, self._now
        cache.keep_later(lambda: _entries(without_data, known, faults, now))


def _entries(
    files: Sequence[_File], known: Mapping[str, Entry], faults: Mapping[str, str], now: int
) -> dict[str, Entry]:
    """What is to be kept about files, of which those that were looked at twice occur twice."""
    entries: dict[str, Entry] = {}
    for file in files:
        first = entries.pop(file.path, None)
        if file.stamp is None:  # could not be read
            continue
        stamp = settled(file.stamp, now)
        if first is not None and first.stamp != stamp:
            stamp = None
        before = known.get(file.path)
        if file.facts is None:
            facts = b""
        elif before is not None and before.facts and before.digest == file.content:
            facts = before.facts
        else:
            facts = pack(file.facts)
        entries[file.path] = Entry(
            stamp,
            first.size if first is not None else file.size,
            file.names_fastapi,
            file.imports,
            file.reason,
            faults.get(file.path),
            file.content,
            facts,
        )
    return entries


@lru_cache(1)
def _unpack_facts() -> Callable[[bytes], object]:
    return unpacker(_KINDS_OF_FACTS)


def _facts_of(entry: Entry) -> Facts | None:
    try:
        facts = _unpack_facts()(entry.facts)
    except ValueError:
        return None
    return facts if isinstance(facts, Facts) else None


def _read_files(base: str, paths: Sequence[str], known: Mapping[str, Entry] | None) -> list[_File]:
    """Look at files, and read those in which FastAPI is used: they name it and hold one of its words.

    `known` is what the cache has, None without one: facts of the same content are taken from there.
    """
    files = []
    for path in paths:
        try:
            data, status = _content_of(base + path)
        except OSError as error:
            files.append(_File(path, 0, reason=f"cannot be read: {error.strerror}"))
            continue
        stamp = None if known is None else stamp_of(status)
        size = len(data)
        if _MENTIONS not in data:
            files.append(_File(path, size, stamp=stamp))
        elif not any(word in data for word in BYTES_OF_FASTAPI):
            files.append(_File(path, size, names_fastapi=True, imports=import_statements(data), stamp=stamp))
        elif _GENERATED.search(data, 0, 1000):
            files.append(_File(path, size, names_fastapi=True, reason="says that it is generated", stamp=stamp))
        else:
            facts, reason, content = _known_or_read(path, data, known)
            kept = data if facts else None
            files.append(_File(path, size, True, kept, facts, reason, import_statements(data), stamp, content))
    return files


def _read_siblings(base: str, paths: Sequence[str], known: Mapping[str, Entry] | None) -> list[_File]:
    """The imports of files that do not name FastAPI, and the facts of those that have to do with it all the same."""
    files = []
    for path in paths:
        try:
            data, status = _content_of(base + path)
        except OSError as error:
            files.append(_File(path, 0, reason=f"cannot be read: {error.strerror}"))
            continue
        stamp = None if known is None else stamp_of(status)
        facts, reason, content = None, "", b""
        if any(word in data for word in _WORDS_OF_NEIGHBOURS):
            facts, reason, content = _known_or_read(path, data, known)
        # The size was counted when FastAPI was looked for.
        kept = data if facts else None
        files.append(_File(path, 0, False, kept, facts, reason, import_statements(data), stamp, content))
    return files


def _known_or_read(path: str, data: bytes, known: Mapping[str, Entry] | None) -> tuple[Facts | None, str, bytes]:
    """The facts or why there are none, and, if there is a cache, the digest of the data for it."""
    if known is None:
        return *_read_one(data), b""
    content = digest(data)
    entry = known.get(path)
    if entry is not None and entry.facts and entry.digest == content and (facts := _facts_of(entry)) is not None:
        return facts, "", content
    facts, reason = _read_one(data)
    return facts, reason, content if facts is not None else b""


def top_level(path: str) -> str:
    """The top-level folder of a path, empty for a file in the root."""
    return path.partition("/")[0] if "/" in path else ""


def _bytes_of(path: str) -> bytes:
    return _content_of(path)[0]


def _content_of(path: str) -> tuple[bytes, os.stat_result]:
    """The bytes of a file and its status from before they were read: that of a file which is being written will not
    match the next time."""
    # `os.read` is eight times cheaper per file than `open().read()`.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        status = os.fstat(descriptor)
        parts = [os.read(descriptor, status.st_size + 1)]
        while len(parts[-1]) and sum(map(len, parts)) < status.st_size:
            parts.append(os.read(descriptor, status.st_size))
    finally:
        os.close(descriptor)
    return b"".join(parts) if len(parts) > 1 else parts[0], status


def _read_one(data: bytes) -> tuple[Facts | None, str]:
    try:
        return read_facts(read(data).text), ""
    except UnreadableSourceError as error:
        return None, explain_unreadable(data, str(error))
    except RecursionError:
        return None, "is nested too deeply to be read"


def explain_unreadable(data: bytes, reason: str) -> str:
    """`reason`, or the Python version that can read the file where it is only newer than the one that runs."""
    if "not valid Python" not in reason:
        return reason
    from .newer_syntax import version_that_reads

    version = version_that_reads(data)
    return f"{reason}; run this tool with Python {version}, which reads it" if version else reason


def _parse_whole(
    base: str, paths: Sequence[str], modules: dict[str, Module], skipped: list[Skipped], faults: dict[str, str]
) -> None:
    """`faults` has what is known about some files and gets what is found out about the others."""
    named = {item.path for item in skipped}
    for path in paths:
        if path in named:
            continue
        if path not in faults:
            module = modules.get(path)
            try:
                data = module.data if module is not None else _bytes_of(base + path)
            except OSError as error:
                skipped.append(Skipped(path, f"cannot be read: {error.strerror}"))
                continue
            if len(data) >= LARGE_FILE:
                continue
            faults[path] = _fault_of(data)
        if faults[path]:
            modules.pop(path, None)
            skipped.append(Skipped(path, faults[path]))


def _fault_of(data: bytes) -> str:
    try:
        parse(read(data).text)
    except UnreadableSourceError as error:
        return explain_unreadable(data, str(error))
    return ""
