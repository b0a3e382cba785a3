"""How one file of the project imports another one, and whether it may."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .index import Module, Project
from .model import Import


def relative_name(importer: str, path: str) -> str:
    """The file or package `path` as a relative import in the file `importer` says it."""
    folder = importer.split("/")[:-1]
    parts = path.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    common = 0
    while common < min(len(folder), len(parts)) and folder[common] == parts[common]:
        common += 1
    return "." * (len(folder) - common + 1) + ".".join(parts[common:])


def leads_to(project: Project, path: str, home: Module) -> bool:
    """Whether importing the file `path` may import the module `home`: it does, or a package around it does."""
    parts = path.split("/")[:-1]
    around = ["/".join([*parts[:depth], "__init__.py"]) for depth in range(1, len(parts) + 1)]
    folder = home.path.rpartition("/")[0] + "/"
    inits = [init for init in around if not folder.startswith(init.removesuffix("__init__.py"))]
    return any(project.imports_lead(start, home.path) for start in (path, *inits) if start in project.known_paths)


def starts(project: Project, path: str, goal: str) -> bool:
    """Whether importing the file `path` imports the file `goal`, by what stands at module level and names it."""
    seen: set[str] = set()
    waiting = [path]
    while waiting:
        current = waiting.pop()
        if current == goal:
            return True
        if current in seen or (module := project.module(current)) is None:
            continue
        seen.add(current)
        waiting.extend(imported_by(project, module))
    return False


def imported_by(project: Project, module: Module) -> Iterator[str]:
    """The project's files that a module imports when it is imported, with the packages around them that are not around
    itself."""
    for item in module.facts.imports:
        if item.scopes or item.type_checking:
            continue
        for target in _modules_of(module, item):
            parts = target.split(".")
            names = [".".join(parts[:length]) or target for length in range(1, len(parts) + 1)]
            paths = [path for name in names if (path := project.module_path(module.path, name)) is not None]
            yield from (path for path in paths[:-1] if not _is_around(path, module))
            yield from paths[-1:]
    yield from (path for star in module.facts.stars if (path := project.module_path(module.path, star)) is not None)


def _is_around(path: str, module: Module) -> bool:
    return path.endswith("__init__.py") and module.path.startswith(path.removesuffix("__init__.py"))


def _modules_of(module: Module, item: Import) -> Iterator[str]:
    """`a.b` for `import a.b`, of which the index keeps what the name `a` is."""
    yield item.target
    if item.local == item.target and module.facts.statements[item.statement].word == "import":
        for node in module.tree(item.statement).body:
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name.startswith(f"{item.local}."))
