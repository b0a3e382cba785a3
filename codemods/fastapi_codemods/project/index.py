"""The project: its files, which of them concern FastAPI, and what their names mean across modules."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeVar, cast

from ..findings import Location, Skipped
from ..parallel import default_jobs, map_each, portions_of
from ..plan import FileChange
from ..source import Source, Statement, UnreadableSourceError, discover, read
from ..source.statements import parse
from .fastapi_names import canonical, is_exported
from .model import Assignment, Binding, Class, Facts, Function, MethodCall, Scope, Span
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

FILES_WORTH_A_PROCESS = 60
SIBLINGS_WORTH_A_PROCESS = 150
"""Below this, starting a second reader costs more than it saves."""


Remembered = TypeVar("Remembered")


class Symbol(NamedTuple):
    """What a name stands for: `name` as defined in the project's file `path`, or, with `path` None, a dotted name
    of something outside the project (`fastapi.Depends`)."""

    path: str | None
    name: str


class Module:
    """One file that was read. Text, syntax trees and statements are made when they are asked for."""

    def __init__(self, path: str, data: bytes, facts: Facts | None = None) -> None:
        self.path = path
        self.data = data
        self._facts = facts
        self._remembered: dict[object, object] = {}

    @cached_property
    def source(self) -> Source:
        return read(self.data)

    @property
    def text(self) -> str:
        return self.source.text

    @property
    def facts(self) -> Facts:
        if self._facts is None:
            self._facts = read_facts(self.text)
        return self._facts

    def statement_text(self, index: int) -> str:
        statement = self.facts.statements[index]
        return self.text[statement.start : statement.end]

    def tree(self, index: int) -> ast.Module:
        """The syntax tree of one statement; lines count from 1 within it, see `Statement.line`."""
        trees = self.__dict__.setdefault("_trees", {})
        if index not in trees:
            trees[index] = parse(self.statement_text(index), self.facts.statements[index].line)
        tree: ast.Module = trees[index]
        return tree

    def parsed(self, index: int) -> ast.Module:
        """`tree`, made anew and not kept: for those who look at many statements once."""
        trees = self.__dict__.get("_trees", {})
        return trees[index] if index in trees else parse(self.statement_text(index), self.facts.statements[index].line)

    def remembered(self, what: object, make: Callable[[], Remembered]) -> Remembered:
        """What `make` made for `what` about this module, once."""
        if what not in self._remembered:
            self._remembered[what] = make()
        return cast(Remembered, self._remembered[what])

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
    ) -> None:
        self.root = root
        self.paths = tuple(paths)
        self.skipped = list(skipped)
        self.import_statements = import_statements
        """See the function of that name in `reader`, by path; of those files that stand beside FastAPI's users."""
        self.target_fastapi = target_fastapi
        self.jobs = jobs
        """Processes that may be used for what there is much of."""
        self._relevant = relevant
        self._modules: dict[str, Module | None] = dict(relevant)
        self._overlay = overlay or {}
        self.known_paths = frozenset(self.paths)
        self._tops = {part.removesuffix(".py") for path in self.paths for part in path.split("/")}
        self._module_paths: dict[tuple[str, str], str | None] = {}
        self._remembered: dict[object, object] = {}

    @classmethod
    def open(
        cls,
        root: Path,
        *,
        exclude: Sequence[str] = (),
        jobs: int | None = None,
        target_fastapi: str | None = None,
        progress: Progress | None = None,
    ) -> Project:
        """Discover and read the project at `root`, with several processes where it is big enough."""
        found = discover(root, exclude)
        skipped = list(found.skipped)
        if progress:
            progress("reading", 0, len(found.paths))
        jobs = jobs or default_jobs()
        readers = min(jobs, 1 + len(found.paths) // FILES_WORTH_A_PROCESS)
        base = str(root) + os.sep
        portions = map_each(lambda paths: _read_files(base, paths), portions_of(found.paths), readers)
        files = [file for portion in portions for file in portion]
        # In a package that uses FastAPI, modules may get an app or a router from their siblings without naming FastAPI.
        tops = {_top(file.path) for file in files if file.names_fastapi}
        siblings = [f.path for f in files if not (f.names_fastapi or f.reason) and _top(f.path) in tops]
        readers = min(jobs, 1 + len(siblings) // SIBLINGS_WORTH_A_PROCESS)
        portions = map_each(lambda paths: list(_read_siblings(base, paths)), portions_of(siblings), readers)
        files += [file for portion in portions for file in portion]
        modules: dict[str, Module] = {}
        for file in files:
            if file.reason:
                skipped.append(Skipped(file.path, file.reason))
            elif file.facts is not None:
                modules[file.path] = Module(file.path, file.data, file.facts)
        total = sum(file.size for file in files if file.size < LARGE_FILE)
        if total <= SMALL_PROJECT:
            _parse_whole(root, found.paths, modules, skipped)
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
        return Project(
            self.root, sorted(paths), ordered, self.skipped, imports, self.target_fastapi, overlay, self.jobs
        )

    @cached_property
    def style(self) -> Style:
        return style_of(self.root)

    @cached_property
    def versions(self) -> Versions:
        """What the project must go on running on."""
        return versions_of(self.root, self.target_fastapi)

    def remembered(self, what: object, make: Callable[[], Remembered]) -> Remembered:
        """What `make` made for `what` about this project, once."""
        if what not in self._remembered:
            self._remembered[what] = make()
        return cast(Remembered, self._remembered[what])

    # What there is

    def modules(self) -> Iterator[Module]:
        """Every module that concerns FastAPI, by path."""
        yield from self._relevant.values()

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

    def _read(self, path: str) -> Module | None:
        if path not in self.known_paths:
            return None
        try:
            module = Module(path, self.data(path))
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
            known: dict[str, Symbol | None] = module.remembered(self, dict)
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
        for depth in range(len(folder), -1, -1):
            base = folder[:depth]
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
                if not head or head not in self._tops:
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

    def imports_lead(self, start: str, goal: str) -> bool:
        """Whether importing the file `start` imports, at any remove, the file `goal`."""
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            path = waiting.pop()
            if path == goal:
                return True
            if path in seen or (module := self.module(path)) is None:
                continue
            seen.add(path)
            for item in module.facts.imports:
                parts = item.target.split(".")
                for length in range(1, len(parts) + 1):
                    found = self.module_path(path, ".".join(parts[:length]) or item.target)
                    if found is not None:
                        waiting.append(found)
            waiting.extend(found for star in module.facts.stars if (found := self.module_path(path, star)))
        return False

    # Places

    def string(self, module: Module, span: Span) -> str | None:
        """The value of a plain string literal, None for anything else."""
        node = module.expression(span)
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    def function(self, symbol: Symbol) -> tuple[Module, Function] | None:
        """The function a symbol names, where exactly one definition has that name; read in full if need be."""
        if symbol.path is None or (module := self.module(symbol.path)) is None:
            return None
        found = [f for f in module.facts.functions if f.qualified_name == symbol.name]
        if not found and "." not in symbol.name:
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
                for node in module.tree(binding.statement).body:
                    if isinstance(node, ast.ClassDef) and node.name == name:
                        yield from ((dotted(base), ()) for base in node.bases)


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
    data: bytes = b""
    """Kept with the facts."""
    facts: Facts | None = None
    reason: str = ""
    """Why it is skipped."""
    imports: bytes | None = None
    """See `import_statements`, if somebody looked."""


def _read_files(base: str, paths: Sequence[str]) -> list[_File]:
    """Look at files, and read those in which FastAPI is used: they name it and hold one of its words."""
    files = []
    for path in paths:
        try:
            data = _bytes_of(base + path)
        except OSError as error:
            files.append(_File(path, 0, reason=f"cannot be read: {error.strerror}"))
            continue
        size = len(data)
        if _MENTIONS not in data:
            files.append(_File(path, size))
        elif not any(word in data for word in BYTES_OF_FASTAPI):
            files.append(_File(path, size, names_fastapi=True, imports=import_statements(data)))
        elif _GENERATED.search(data, 0, 1000):
            files.append(_File(path, size, names_fastapi=True, reason="says that it is generated"))
        else:
            facts, reason = _read_one(data)
            files.append(_File(path, size, True, data if facts else b"", facts, reason, import_statements(data)))
    return files


def _read_siblings(base: str, paths: Sequence[str]) -> Iterator[_File]:
    """The imports of files that do not name FastAPI, and the facts of those that have to do with it all the same."""
    for path in paths:
        try:
            data = _bytes_of(base + path)
        except OSError as error:
            yield _File(path, 0, reason=f"cannot be read: {error.strerror}")
            continue
        facts, reason = None, ""
        if any(word in data for word in _WORDS_OF_NEIGHBOURS):
            facts, reason = _read_one(data)
        # The size was counted when FastAPI was looked for.
        yield _File(path, 0, False, data if facts else b"", facts, reason, import_statements(data))


def _top(path: str) -> str:
    """The top-level folder of a path, empty for a file in the root."""
    return path.partition("/")[0] if "/" in path else ""


def _bytes_of(path: str) -> bytes:
    # `os.read` is eight times cheaper per file than `open().read()`.
    descriptor = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(descriptor).st_size
        parts = [os.read(descriptor, size + 1)]
        while len(parts[-1]) and sum(map(len, parts)) < size:
            parts.append(os.read(descriptor, size))
    finally:
        os.close(descriptor)
    return b"".join(parts)


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


def _parse_whole(root: Path, paths: Sequence[str], modules: dict[str, Module], skipped: list[Skipped]) -> None:
    named = {item.path for item in skipped}
    for path in paths:
        if path in named:
            continue
        module = modules.get(path)
        try:
            data = module.data if module is not None else _bytes_of(os.path.join(root, path))
        except OSError as error:
            skipped.append(Skipped(path, f"cannot be read: {error.strerror}"))
            continue
        if len(data) >= LARGE_FILE:
            continue
        try:
            parse(read(data).text)
        except UnreadableSourceError as error:
            modules.pop(path, None)
            skipped.append(Skipped(path, explain_unreadable(data, str(error))))
