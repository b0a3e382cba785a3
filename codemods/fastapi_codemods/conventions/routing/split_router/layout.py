"""Where new modules go, and how modules of the project name each other in imports."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ....project import Module, Project
from ....project.code_strings import code_strings

_FOLDERS = ("routers", "routes", "endpoints", "api", "views", "controllers", "handlers")
DEFAULT_FOLDER = "routers"

SHARED_NAMES = ("schemas", "dependencies", "common")

MANY_ROUTERS = 3
"""So many neighbours that make routers show that this is where the project has them."""

MOST = 0.6
"""Share of the neighbours whose names must agree."""

_PREFIX = re.compile(r"\A(?:api|routes?|routers?|views?|endpoints?)_")
_SUFFIX = re.compile(r"_(?:api|routes?|routers?|views?|endpoints?)\Z")


class Layout(NamedTuple):
    folder: str
    """Of the new routers, relative to the project's root."""
    base: str
    """The old module's folder, `""` or ending in a slash."""
    root: str | None
    """Where absolute imports start, `""` or ending in a slash; None for relative ones."""
    affixes: tuple[str, str] = ("", "")
    """What the names of the other modules of routes in the folder begin and end with: `user_routes.py`."""

    def source(self, importer: str, target: str) -> str:
        """What stands behind `from` in the file `importer` for the module or package `target`, a path."""
        stem = target.removesuffix(".py").removesuffix("/__init__")
        if self.root is not None:
            return stem[len(self.root) :].replace("/", ".")
        here = posixpath.dirname(importer)
        parts = posixpath.relpath(stem, here or ".").split("/")
        up = sum(1 for part in parts if part == "..")
        return "." * (up + 1) + ".".join(part for part in parts if part not in ("..", "."))

    def shared(self, name: str, module: str) -> tuple[str, str]:
        """Where code that several groups of `module` need may go: `dependencies.py`, else `main_dependencies.py`."""
        stem = module.rpartition("/")[2].removesuffix(".py")
        return f"{self.base}{name}.py", f"{self.base}{stem}_{name}.py"

    def is_for_new(self, path: str, module: str) -> bool:
        """Whether what moves out of `module` goes to such a file."""
        shared = {path for name in SHARED_NAMES for path in self.shared(name, module)}
        return path.startswith(f"{self.folder}/") or path in shared

    def dots(self, target: str) -> int:
        """By how many dots relative imports grow when code moves from the old module to `target`."""
        inner = posixpath.dirname(target)
        base = self.base.rstrip("/")
        return 0 if inner == base else posixpath.relpath(inner, base or ".").count("/") + 1


def layout_of(project: Project, module: Module, into: str) -> Layout | str:
    """The layout, or why there is none."""
    base = module.path.rpartition("/")[0]
    base = f"{base}/" if base else ""
    style = _import_root(project, module, base)
    if style is False:
        return f"nothing shows how `{module.path}` is imported, so its new neighbours could not be either"
    folder = _folder(project, module, base, into)
    if not f"{folder}/".startswith(base) or ".." in folder.split("/"):
        return f"`{into}` lies outside of the folder of `{module.path}`"
    affixes = _affixes(_stems_of_routers(project, module, folder))
    return Layout(folder, base, style if isinstance(style, str) else None, affixes)


def _folder(project: Project, module: Module, base: str, into: str) -> str:
    if into:
        return posixpath.normpath(base + into)
    here = base.rstrip("/")
    if posixpath.basename(here) in _FOLDERS and not module.path.endswith("/__init__.py"):
        # `api/main.py` makes the application: its package is no folder of routers, unless there are some.
        makes_application = any(other.path == module.path for other, _ in project.instances("fastapi.FastAPI"))
        if not makes_application or _stems_of_routers(project, module, here):
            return here
    if len(_stems_of_routers(project, module, here)) >= MANY_ROUTERS:
        return here
    seen: Counter[str] = Counter()
    for other, assignment in project.instances("fastapi.APIRouter"):
        folder = posixpath.dirname(other.path)
        if (
            other.path != module.path
            and not assignment.scopes
            and folder.startswith(base)
            and folder != base.rstrip("/")
        ):
            seen[folder] += 1
    usual = [folder for folder, _ in seen.most_common() if posixpath.basename(folder) in _FOLDERS]
    return usual[0] if usual else base + DEFAULT_FOLDER


def _stems_of_routers(project: Project, module: Module, folder: str) -> list[str]:
    """The other modules in the folder that make a router."""
    paths = {
        other.path
        for other, assignment in project.instances("fastapi.APIRouter")
        if not assignment.scopes and other.path != module.path and posixpath.dirname(other.path) == folder
    }
    return sorted(posixpath.basename(path).removesuffix(".py") for path in paths if not path.endswith("__init__.py"))


def domain_of(stem: str) -> str:
    """The domain that a module is named after: `users` of `users_routes`."""
    return _SUFFIX.sub("", _PREFIX.sub("", stem))


def _affixes(stems: Sequence[str]) -> tuple[str, str]:
    """What nearly all of them begin or end with: `api_` in `api_auth`, `_routes` in `git_routes`."""
    for pattern, is_end in ((_PREFIX, False), (_SUFFIX, True)):
        found = Counter(match.group() for stem in stems if (match := pattern.search(stem)) is not None)
        for affix, number in found.most_common(1):
            if number >= max(MANY_ROUTERS, MOST * len(stems)):
                return ("", affix) if is_end else (affix, "")
    return "", ""


def _import_root(project: Project, module: Module, base: str) -> str | bool | None:
    """Where absolute imports start, None for relative imports, False where nothing tells."""
    imports = [item for item in module.facts.imports if not item.scopes]
    if any(item.target.startswith(".") for item in imports):
        return None
    # A neighbour may bear the name of a package, `uvicorn.py`: what most imports say counts.
    roots_seen: Counter[str] = Counter()
    for item in imports:
        parts = item.target.split(".")
        for length in range(len(parts), 0, -1):
            found = project.module_path(module.path, ".".join(parts[:length]))
            if found is not None:
                stem = found.removesuffix(".py").removesuffix("/__init__")
                root = stem.removesuffix("/".join(parts[:length]))
                if root != stem and base.startswith(root):
                    roots_seen[root] += 1
                break
    if roots_seen:
        return roots_seen.most_common(1)[0][0]
    for string in code_strings(project):
        if string.kind == "entry" and string.path == module.path:
            stem = module.path.removesuffix(".py").removesuffix("/__init__")
            root = stem.removesuffix(string.text.partition(":")[0].replace(".", "/"))
            if root != stem:
                return root if root == base else _in_package(project, root, base)
    if not base:
        return ""
    roots = [root for root in project.import_roots(module.path) if base.startswith(root)]
    if f"{base}__init__.py" in project.known_paths:
        return _in_package(project, roots[0] if roots else "", base)
    observed = _imported_as(project, module)
    return observed if observed is not None else False


def _in_package(project: Project, root: str, base: str) -> str | None:
    """Absolute from `root`, or relative where that is what the package around does, or nothing tells."""
    relative = absolute = 0
    top = base[len(root) :].partition("/")[0]
    for other in project.modules():
        if other.path.startswith(base):
            relative += sum(1 for item in other.facts.imports if item.target.startswith("."))
            absolute += sum(1 for item in other.facts.imports if item.target.partition(".")[0] == top)
    return root if absolute > relative or f"{base}__init__.py" not in project.known_paths else None


def _imported_as(project: Project, module: Module) -> str | None:
    """The root from which another file of the project imports the module."""
    stem = module.path.removesuffix(".py").removesuffix("/__init__")
    for other in project.modules():
        for item in other.facts.imports:
            if item.target.startswith("."):
                continue
            parts = item.target.split(".")
            for length in range(len(parts), 0, -1):
                if project.module_path(other.path, ".".join(parts[:length])) == module.path:
                    root = stem.removesuffix("/".join(parts[:length]))
                    return root if root != stem else None
    return None
