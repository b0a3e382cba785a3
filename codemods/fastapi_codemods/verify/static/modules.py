"""The names of the modules of one side of a comparison, read when they are asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from ...project import Project
from ...source import UnreadableSourceError, read
from ...source.statements import parse
from .scopes import Imported, Names, exported, names_in

_OF_EVERY_MODULE = frozenset(
    {
        "__annotations__", "__builtins__", "__cached__", "__dict__", "__doc__", "__file__", "__loader__", "__name__",
        "__package__", "__path__", "__spec__",
    }
)  # fmt: skip


class Side:
    """One of the two projects."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._names: dict[str, Names | None] = {}
        self._exported: dict[str, list[tuple[str, int]]] = {}
        self._bound: dict[str, frozenset[str] | None] = {}
        self._imported: dict[str, tuple[tuple[str, int], ...]] = {}
        self._runtime_imports: dict[str, tuple[tuple[str, int], ...]] = {}
        self._of_text: Side | None = None
        self._changed: Collection[str] = ()

    def changed(self, project: Project, paths: Collection[str]) -> Side:
        """The other side, `project`, in which the files `paths` may differ. What was read of the text of all others is
        shared: a large project is read once, however often a change to it is examined."""
        other = Side(project)
        other._of_text, other._changed = self, frozenset(paths)
        return other

    def _shares(self, path: str) -> Side | None:
        """The side that reads this file, if it is not this one."""
        return self._of_text if path not in self._changed else None

    def has(self, path: str) -> bool:
        return path in self.project.known_paths

    def names(self, path: str) -> Names | None:
        """None where there is no such file or it cannot be read."""
        if path not in self._names:
            self._names[path] = self._read(path)
        return self._names[path]

    def exported(self, path: str) -> list[tuple[str, int]]:
        if (other := self._shares(path)) is not None:
            return other.exported(path)
        return self._exported.get(path, []) if self.names(path) is not None else []

    def _read(self, path: str) -> Names | None:
        if (other := self._shares(path)) is not None:
            return other.names(path)
        if not self.has(path):
            return None
        try:
            tree = parse(read(self.project.data(path)).text)
            self._exported[path] = list(exported(tree))
            return names_in(tree)
        except (UnreadableSourceError, OSError, RecursionError):
            return None

    def bound(self, path: str) -> frozenset[str] | None:
        """What can be imported from the file at run time, star imports included; None if nobody can tell."""
        if path not in self._bound:
            self._bound[path] = frozenset()  # of a star import that comes back
            self._bound[path] = self._find_bound(path)
        return self._bound[path]

    def _find_bound(self, path: str) -> frozenset[str] | None:
        names = self.names(path)
        if names is None or names.is_open:
            return None
        found = set(names.bound)
        for star in names.stars:
            home = self.project.module_path(path, star)
            inner = None if home is None else self.bound(home)
            if home is None or inner is None:
                return None
            listed = {name for name, _ in self.exported(home)}
            found |= listed or {name for name in inner if not name.startswith("_")}
        return frozenset(found)

    def binds(self, path: str, name: str) -> bool:
        """Whether `from <path> import name` finds something, as far as anybody can tell."""
        if self._has(path, name):
            return True
        return self._submodule(path, name) is not None or self._is_namespace(path, name)

    def _has(self, path: str, name: str) -> bool:
        """Of the module itself. Most are unchanged and most names are there: the index knows without a parse."""
        module = self.project.module(path)
        if module is None or name in module.imports:
            return True
        if any(binding.kind != "import" for binding in module.bindings(name)):
            return True
        bound = self.bound(path)
        return bound is None or name in bound or name in _OF_EVERY_MODULE

    def _submodule(self, path: str, name: str) -> str | None:
        if not path.endswith("__init__.py"):
            return None
        base = path.removesuffix("__init__.py")
        return next((p for p in (f"{base}{name}.py", f"{base}{name}/__init__.py") if self.has(p)), None)

    def _is_namespace(self, path: str, name: str) -> bool:
        if not path.endswith("__init__.py"):
            return False
        folder = f"{path.removesuffix('__init__.py')}{name}/"
        return any(known.startswith(folder) for known in self.project.known_paths)

    # Imports

    def missing(self, path: str, item: Imported) -> str | None:
        """What the import in the file `path` does not find in the project, as a thought; None where it is fine or leads
        out of the project."""
        target = item.target
        dots = len(target) - len(target.lstrip("."))
        parts = target[dots:].split(".")
        if target.endswith("*"):
            parts.pop()
        module = "." * dots + ".".join(parts)
        if module.strip(".") == "" and not dots:
            return None
        if self._leads_to_module(path, module):
            return None
        for length in range(len(parts) - 1, -1 if dots else 0, -1):
            home = self.project.module_path(path, "." * dots + ".".join(parts[:length]))
            if home is None:
                continue
            name = parts[length]
            if length == len(parts) - 1 and not target.endswith("*"):
                if self.binds(home, name):
                    return None
                return f"`{name}` is imported from {home}, which has no such name"
            if length < len(parts) - 1 and self.bound(home) is None:
                return None
            return f"`{target}` is imported, but there is no module `{'.'.join(parts[: length + 1])}` in the project"
        return None

    def leads_home(self, path: str, target: str) -> bool:
        """Whether the import in the file `path` leads to a module of the project."""
        return next(self.homes(path, target), None) is not None

    def _leads_to_module(self, path: str, name: str) -> bool:
        return self.project.module_path(path, name) is not None

    def missing_in_chain(self, path: str, chain: str) -> str | None:
        """The same of `crud.items.get`, where `crud` is a module of the project that is imported in the file `path`."""
        module = self.project.module(path)
        if module is None:
            return None
        head, *rest = chain.split(".")
        targets = module.imports.get(head, [])
        if len(targets) != 1 or len(module.bindings(head)) != 1:
            return None
        symbol = self.project.follow_import(path, targets[0])
        if symbol is None or symbol.path is None or symbol.name:
            return None
        home = symbol.path
        for name in rest:
            if self._has(home, name):
                return None
            inner = self._submodule(home, name)
            if inner is None:
                return None if self._is_namespace(home, name) else f"`{chain}` needs `{name}` in {home}, which has none"
            home = inner
        return None

    def runtime_imports(self, path: str) -> tuple[tuple[str, int], ...]:
        """The project's files that importing the file `path` imports itself, with the line."""
        if path not in self._runtime_imports:
            found = [(home, line) for target, line in self.at_import(path) for home in self.homes(path, target)]
            self._runtime_imports[path] = tuple((home, line) for home, line in found if home != path)
        return self._runtime_imports[path]

    def at_import(self, path: str) -> tuple[tuple[str, int], ...]:
        """The targets that are imported as the file is, with the line. Read from those statements alone that may import
        something then: whether one import leads to another is asked of most files of a project."""
        if path not in self._imported:
            other = self._shares(path)
            self._imported[path] = tuple(self._read_imports(path)) if other is None else other.at_import(path)
        return self._imported[path]

    def _read_imports(self, path: str) -> Iterator[tuple[str, int]]:
        module = self.project.module(path)
        if module is None:
            return
        with module.text_for_now():
            for index, statement in enumerate(module.facts.statements):
                if statement.word == "def" or statement.word.startswith("async"):
                    continue
                if "import" not in module.text[statement.start : statement.end]:
                    continue
                try:
                    body = module.parsed(index).body
                except (UnreadableSourceError, RecursionError):
                    continue  # newer syntax than that of the Python which runs
                for item in names_in(ast.Module(body, [])).imports:
                    if item.at_import and not item.type_checking:
                        yield item.target, item.line

    def homes(self, path: str, target: str) -> Iterator[str]:
        """The project's files that the import of `target` in the file `path` imports."""
        dots = len(target) - len(target.lstrip("."))
        parts = [part for part in target[dots:].split(".") if part != "*"]
        exact = "." * dots + ".".join(parts)
        own = self.project.module_path(path, exact) if parts or dots else None
        length = len(parts)
        if own is None and length:
            # A name: its module is what is imported.
            length -= 1
            own = self.project.module_path(path, "." * dots + ".".join(parts[:length])) if length or dots else None
        if own is not None:
            yield own
        # The packages around it are imported first, but for those that are being imported as this file is.
        for outer in range(1, length):
            package = self.project.module_path(path, "." * dots + ".".join(parts[:outer]))
            if package is not None and package != own and not path.startswith(package.removesuffix("__init__.py")):
                yield package


_WORDS = re.compile(rb"\w+")


def may_import(project: Project, path: str, words: frozenset[bytes]) -> bool:
    """Whether the import statements of a file spell one of the words; relative ones that name no module always do."""
    from ...project.reader import import_statements

    statements = project.import_statements.get(path)
    if statements is None:
        try:
            statements = import_statements(project.data(path))
        except OSError:
            return False
    return not words.isdisjoint(_WORDS.findall(statements)) or b"from ." in statements
