"""The names of the modules of one side of a comparison, read when they are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

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

    def has(self, path: str) -> bool:
        return path in self.project.known_paths

    def names(self, path: str) -> Names | None:
        """None where there is no such file or it cannot be read."""
        if path not in self._names:
            self._names[path] = self._read(path)
        return self._names[path]

    def exported(self, path: str) -> list[tuple[str, int]]:
        return self._exported.get(path, []) if self.names(path) is not None else []

    def _read(self, path: str) -> Names | None:
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
        return next(self._homes(path, target), None) is not None

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

    def runtime_imports(self, path: str) -> Iterator[tuple[str, int]]:
        """The project's files that importing the file `path` imports itself, with the line."""
        names = self.names(path)
        if names is None:
            return
        for item in names.imports:
            if not item.at_import or item.type_checking:
                continue
            for home in self._homes(path, item.target):
                if home != path:
                    yield home, item.line

    def _homes(self, path: str, target: str) -> Iterator[str]:
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
