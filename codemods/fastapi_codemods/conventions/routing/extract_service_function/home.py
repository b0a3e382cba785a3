"""Where the functions of a handler's module go: where the project keeps such functions.

    orders/router.py       ->  orders/service.py       beside it, or made where other features have one
    api/routes/orders.py   ->  services/orders.py      in a package of services, by the names that are used there

Nowhere else: a layout that is not clear is not ours to begin.
"""

from __future__ import annotations

import ast
import builtins
import posixpath
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ....project import Module, Project, Symbol
from ....project.import_paths import imported_by, relative_name, starts
from ....project.model import Import
from ....project.names import facts_of
from ....project.operations import operations_of
from ....source.discovery import is_test
from ....source.nodes import walk

_BESIDE = ("service", "services", "crud")
_FOLDERS = ("services", "service", "crud")
_ROUTER_MODULES = frozenset(
    {"api", "controller", "controllers", "endpoints", "handlers", "router", "routers", "routes", "views"}
)
_OF_A_FEATURE = frozenset(
    {"config", "constants", "dependencies", "exceptions", "model", "models", "repository", "schema", "schemas"}
)
_WHAT_IT_IS = re.compile(r"_?(?:api|controllers?|endpoints?|handlers?|routers?|routes?|views?)\Z|\Aapi_")
_SERVICE = re.compile(r"_(?:services?|crud)\Z|\A(?:services?|crud)_")
_LOGGER = re.compile(r"(\w+)(?:\s*:\s*[\w.]+)?\s*=\s*logging\.getLogger\(__name__\)")


class Home(NamedTuple):
    importer: str
    """The handlers' module."""
    path: str
    is_new: bool
    local: str
    """What the handler's module calls it."""
    request: tuple[str, str] | None
    """The import that the handler's module needs for it: `from <first> import <second>`."""
    raises_http_errors: bool
    """The project's own services raise `HTTPException`."""


def home_of(project: Project, module: Module) -> Home | None:
    """The module of services for a module of handlers; None where nothing says which."""
    if module.facts.stars:
        return None
    path = _path(project, module)
    if path is None or is_test(path) or path in _with_handlers(project):
        return None
    is_new = path not in project.known_paths
    if is_new and project.exists(path):
        return None
    target = project.module(path) if not is_new else None
    if target is None and not is_new:
        return None
    if target is not None and module.facts.postponed and not target.facts.postponed:
        return None
    if starts(project, path, module.path) and not _imports(project, module, path):
        return None
    known = _imported_as(project, module, path)
    if known is not None:
        return Home(module.path, path, is_new, known, None, _raise(project, path))
    source, name = _source(project, module, path)
    taken = _names_in(module)
    local = next((n for n in (name, f"{name}_service") if n not in taken), None) if source else None
    if local is None:
        return None
    return Home(
        module.path,
        path,
        is_new,
        local,
        (source, name if local == name else f"{name} as {local}"),
        _raise(project, path),
    )


# The layout


def _path(project: Project, module: Module) -> str | None:
    folder, _, file = module.path.rpartition("/")
    stem = file.removesuffix(".py")
    is_alone = len([path for path in _with_handlers(project) if path.rpartition("/")[0] == folder]) == 1
    if folder and is_alone:
        for name in _BESIDE:
            if f"{folder}/{name}.py" in project.known_paths:
                return f"{folder}/{name}.py"
        if stem in _ROUTER_MODULES and (usual := _name_in_features(project, folder)):
            return f"{folder}/{usual}.py"
    feature = _feature(folder, stem)
    if feature is None:
        return None
    parts = folder.split("/") if folder else []
    for depth in range(len(parts), -1, -1):
        base = "".join(f"{part}/" for part in parts[:depth])
        below = "".join(f"/{part}" for part in parts[depth + 1 :])  # `routes/public/x.py`, `services/public/x.py`
        for name in _FOLDERS:
            for inner in dict.fromkeys((below, "")):
                if found := _in_folder(project, f"{base}{name}{inner}", feature):
                    return found
    return None


def _with_handlers(project: Project) -> set[str]:
    return project.remembered(
        "extract-service-function: modules with handlers",
        lambda: {operation.module.path for operation in operations_of(project)},
    )


def _name_in_features(project: Project, folder: str) -> str | None:
    """`service`, if packages beside this one have such a module, or if this one is divided as a feature's."""
    around = posixpath.dirname(folder)
    beside = {path.rpartition("/")[0] for path in _with_handlers(project)} - {folder}
    for name in _BESIDE:
        if any(posixpath.dirname(other) == around and f"{other}/{name}.py" in project.known_paths for other in beside):
            return name
    parts = {path.rpartition("/")[2].removesuffix(".py") for path in _files(project, folder)}
    return "service" if len(parts & _OF_A_FEATURE) >= 2 else None


def _feature_of(path: str) -> str | None:
    folder, _, file = path.rpartition("/")
    return _feature(folder, file.removesuffix(".py"))


def _feature(folder: str, stem: str) -> str | None:
    """What the handlers are about: `orders` for `routes/orders_router.py` and for `orders/router.py`."""
    for name in (stem, posixpath.basename(folder)):
        plain = _WHAT_IT_IS.sub("", name)
        if plain and plain not in ("main", "app", "server", "__init__") and not re.fullmatch(r"v\d+", plain):
            return plain
        if name in ("main", "app", "server"):
            return None
    return None


def _in_folder(project: Project, folder: str, feature: str) -> str | None:
    files = [path for path in _files(project, folder) if not path.endswith("/__init__.py")]
    modules = [module for path in files if (module := project.module(path)) is not None]
    with_functions = [module for module in modules if _has_functions(module)]
    # Services that are classes get no functions beside them.
    if len(with_functions) * 2 <= len(modules):
        return None
    own = [path for path in files if _key(path) == _key(feature)]
    package = f"{folder}/{feature}/__init__.py"
    if package in project.known_paths or any(path.startswith(f"{folder}/{feature}/") for path in project.paths):
        own.append(package)
    if own:
        there = project.module(own[0]) if len(own) == 1 and own[0] in project.known_paths else None
        return own[0] if there is not None and _has_functions(there) else None
    # A package of that name may be about something else: it is of the routers if its modules are called as they are.
    features = {_key(each) for path in _with_handlers(project) if (each := _feature_of(path)) is not None}
    packages = {path.split("/")[folder.count("/") + 1] for path in project.paths if path.startswith(f"{folder}/")}
    if not features & {_key(path) for path in files} or len(packages) > 2 * len(files):
        return None
    endings = [
        ending
        for ending in ("_service", "_services", "_crud")
        if sum(path.endswith(f"{ending}.py") for path in files) * 2 > len(files)
    ]
    return f"{folder}/{feature}{endings[0] if endings else ''}.py"


def _files(project: Project, folder: str) -> Iterator[str]:
    for path in project.paths:
        if path.rpartition("/")[0] == folder and path.endswith(".py"):
            yield path


def _key(path: str) -> str:
    """`user` for `services/user_service.py` and `services/users.py`."""
    return _SERVICE.sub("", path.rpartition("/")[2].removesuffix(".py")).rstrip("s")


def _has_functions(module: Module) -> bool:
    return any(
        not name.startswith("_") and any(binding.kind == "def" for binding in bindings)
        for name, bindings in module.facts.bindings.items()
    )


def _raise(project: Project, path: str) -> bool:
    """Whether services of the project raise HTTP errors: the module itself, else most of those in its folder."""
    if path in project.known_paths:
        paths = [path]
    else:
        folder = path.rpartition("/")[0]
        paths = [other for other in _files(project, folder) if not other.endswith("/__init__.py")]
        paths = [other for other in paths if other not in _with_handlers(project)]
    raising = sum(b"HTTPException(" in project.data(other) for other in paths)
    return bool(paths) and raising * 2 > len(paths)


# Its import


def _imports(project: Project, module: Module, path: str) -> bool:
    """Whether a module imports the file `path` already when it is imported, by itself or from the package around it."""
    around = f"{path.rpartition('/')[0]}/__init__.py"
    direct = set(imported_by(project, module))
    package = project.module(around) if around in direct else None
    return path in direct or (package is not None and path in set(imported_by(project, package)))


def _imported_as(project: Project, module: Module, path: str) -> str | None:
    """What the handler's module calls the module of services already."""
    for item in module.facts.imports:
        if item.scopes or item.type_checking or project.module_path(module.path, item.target) != path:
            continue
        if len(module.bindings(item.local)) == 1 and not module.bindings(item.local)[0].conditional:
            if _is_bound_inside(module, item.local):
                return None
            return item.local
    return None


def _source(project: Project, module: Module, path: str) -> tuple[str, str]:
    folder, _, name = path.removesuffix(".py").removesuffix("/__init__").rpartition("/")
    if any(item.target.startswith(".") for item in module.facts.imports):
        return relative_name(module.path, f"{folder}/__init__.py"), name
    source = project.dotted_name(f"{folder}/__init__.py") if folder else ""
    return source, name


def _names_in(module: Module) -> set[str]:
    """Every name that is bound or read anywhere in a module."""
    found: set[str] = set()
    for node in walk(_whole(module)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.alias(name=name, asname=local):
                found.add(local or name.partition(".")[0])
    return found


def _is_bound_inside(module: Module, name: str) -> bool:
    """Whether a function of the module calls something else by that name."""
    for node in walk(_whole(module)):
        match node:
            case ast.arg(arg=own) | ast.Name(id=own, ctx=ast.Store()) if own == name:
                return True
    return False


def _whole(module: Module) -> ast.Module:
    return module.remembered(
        "extract-service-function: tree",
        lambda: ast.Module([n for i in range(len(module.facts.statements)) for n in module.tree(i).body], []),
    )


# What the function needs there


class Needed(NamedTuple):
    """A name that the function uses, as the module of services can have it."""

    name: str
    source: str
    """Of the import; empty for a logger."""
    imported: str
    """What is imported: `User`, `User as Person`, empty for `import <source>`."""
    logger: str
    """The line that makes it."""


def needed_there(project: Project, home: Home, names: Iterable[tuple[Module, str]]) -> list[Needed] | None:
    """How the module of services gets names of other modules; None where one of them cannot be had there."""
    target = project.module(home.path) if not home.is_new else None
    found: dict[str, Needed] = {}
    for module, name in sorted(names, key=lambda pair: (pair[1], pair[0].path)):
        if not module.bindings(name):
            if not hasattr(builtins, name) or (target is not None and target.bindings(name)):
                return None
            continue
        if target is not None and project.resolve(module, name) == Symbol(home.path, name):
            continue  # it comes from there
        needed = _needed(project, module, home, name)
        if needed is None or _is_watched(project, module, name):
            return None
        if target is not None and target.bindings(name):
            if needed.logger:
                if not any(_logger(target, name)):
                    return None
            elif project.resolve(target, name) != project.resolve(module, name) or any(
                binding.kind != "import" or binding.conditional for binding in target.bindings(name)
            ):
                return None
            continue
        if found.setdefault(name, needed) != needed:
            return None
    return list(found.values())


def _needed(project: Project, module: Module, home: Home, name: str) -> Needed | None:
    items = [item for item in module.facts.imports if item.local == name and not item.scopes]
    if not items:
        line = next(_logger(module, name), None)
        return Needed(name, "", "", line) if line is not None else _of_its_own(project, module, home, name)
    bindings = module.bindings(name)
    if len(items) != 1 or len(bindings) != 1 or bindings[0].conditional or items[0].type_checking:
        return None
    written = _written(module, items[0])
    if written is None:
        return None
    node, alias = written
    if isinstance(node, ast.Import):
        path = project.module_path(module.path, alias.name)
        if path is not None and starts(project, path, home.importer):
            return None
        return Needed(name, f"{alias.name} as {alias.asname}" if alias.asname else alias.name, "", "")
    source = "." * node.level + (node.module or "")
    separator = "" if source.endswith(".") else "."
    paths = [project.module_path(module.path, s) for s in (source, f"{source}{separator}{alias.name}")]
    if any(path is not None and (starts(project, path, home.importer) or path == home.path) for path in paths):
        return None
    if node.level:
        around = paths[0] or _folder_of(module.path, source)
        source = relative_name(home.path, around)
    return Needed(name, source, f"{alias.name} as {alias.asname}" if alias.asname else alias.name, "")


def _of_its_own(project: Project, module: Module, home: Home, name: str) -> Needed | None:
    """A class that a module defines which is not the handlers' own: where an alias of a dependency is made."""
    bindings = module.bindings(name)
    if module.path == home.importer or [binding.kind for binding in bindings] != ["class"]:
        return None
    if starts(project, module.path, home.importer):
        return None
    return Needed(name, project.dotted_name(module.path), name, "")


def _folder_of(importer: str, source: str) -> str:
    """The package that a relative import names, where it has no `__init__.py`."""
    stripped = source.lstrip(".")
    folder = importer.split("/")[:-1]
    base = folder[: len(folder) - (len(source) - len(stripped) - 1)]
    return "/".join([*base, *(stripped.split(".") if stripped else []), "__init__.py"])


def _written(module: Module, item: Import) -> tuple[ast.Import | ast.ImportFrom, ast.alias] | None:
    for node in module.tree(item.statement).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name.partition(".")[0]) == item.local:
                    return node, alias
    return None


def _logger(module: Module, name: str) -> Iterator[str]:
    """`logger = logging.getLogger(__name__)`, which every module has for itself."""
    for binding in module.bindings(name):
        found = _LOGGER.fullmatch(module.statement_text(binding.statement).strip())
        is_plain = len(module.bindings(name)) == 1 and module.imports.get("logging") == ["logging"]
        if found and found.group(1) == name and is_plain:
            yield found.group()


def _is_watched(project: Project, module: Module, name: str) -> bool:
    """Whether somebody replaces what the handlers' module calls by a name, as tests do."""
    facts = facts_of(project, module, name)
    if facts is None:
        return True
    return bool(facts.changed_elsewhere) or any(string.kind == "patch" for string in facts.named)
