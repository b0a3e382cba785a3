"""Nothing that a test, a Dockerfile or another module singles out by name has lost that name, or kept it and lost the
code that looks it up: then `mock.patch("main.fetch")` still finds something to replace, and replaces nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache

from ...project import Project
from ...project.code_strings import CodeString, code_strings
from ...project.routes import Application, DependencyUse, applications_of
from .modules import Side
from .names import Lost
from .problem import Problem
from .scopes import Names


def check(before: Side, after: Side, changed: Collection[str], lost: Lost) -> Iterator[Problem]:
    old, new = code_strings(before.project), code_strings(after.project)
    causes = tuple(sorted(changed))
    known = {(string.kind, string.text) for string in old if not _is_found(before, string)}
    worked = {(string.kind, string.text) for string in old if _is_found(before, string)}
    said: set[tuple[str, str]] = set()
    for string in new:
        key = (string.kind, string.text)
        if key in known or key in said or _is_found(after, string):
            continue
        if key in worked or (string.place.path in changed and string.path is not None):
            said.add(key)
            own = tuple(path for path in causes if path in (string.place.path, string.path)) or causes
            yield Problem("reference", string.place.path, string.place.line, _sentence(string), own)
    yield from _patches_without_effect(before, after, new, lost, causes)
    yield from _overrides_without_effect(before.project, after.project, old, new, causes)
    yield from _route_names(before.project, after.project, new, causes)


def _sentence(string: CodeString) -> str:
    match string.kind:
        case "entry":
            return f'"{string.text}" starts the program, but names nothing any more'
        case "patch":
            return f"`{string.text}` is replaced here, but there is no such name any more"
        case "override":
            return f"the dependency `{string.text}` is overridden here, but the name leads to nothing any more"
        case _:
            return f'"{string.text}" names nothing any more'


def _is_found(side: Side, string: CodeString) -> bool:
    """Whether it leads to something; what leads out of the project is nobody's concern."""
    if string.kind == "route":
        return True  # see `_route_names`
    if string.path is None:
        return string.symbol is not None and string.symbol.path is None
    if not side.has(string.path):
        return False
    head, _, rest = string.name.partition(".")
    if not side.binds(string.path, head):
        return False
    if not rest or string.symbol is None or string.symbol.path is None or "." not in string.symbol.name:
        return True
    return _has_member(side, string.symbol.path, string.symbol.name)


def _has_member(side: Side, path: str, name: str) -> bool:
    """`Service.fetch`: the class has the attribute itself, or has bases that may."""
    import ast

    module = side.project.module(path)
    head, _, rest = name.partition(".")
    if module is None or "." in rest:
        return True
    classes = [binding for binding in module.bindings(head) if binding.kind == "class"]
    if len(classes) != 1 or len(module.bindings(head)) != 1:
        return True
    for node in module.tree(classes[0].statement).body:
        if isinstance(node, ast.ClassDef) and node.name == head:
            if node.bases or node.keywords or node.decorator_list:
                return True
            return any(
                (isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and inner.name == rest)
                or (isinstance(inner, ast.Name) and inner.id == rest)
                or (isinstance(inner, ast.Attribute) and inner.attr == rest)
                for inner in ast.walk(node)
                if inner is not node
            )
    return True


def _patches_without_effect(
    before: Side, after: Side, strings: Collection[CodeString], lost: Lost, causes: tuple[str, ...]
) -> Iterator[Problem]:
    """The name is still there, but the functions that looked it up there have moved to another file."""
    said: set[tuple[str, str, str]] = set()
    for string in strings:
        path, name = string.path, string.name.partition(".")[0]
        if string.kind != "patch" or path is None or (path not in lost.names and path not in lost.moved):
            continue
        if (string.place.path, path, name) in said:
            continue
        old, new = before.names(path), after.names(path)
        if old is None or new is None:
            continue
        gone = _readers(old, name) - _readers(new, name) - {""}
        for reader in sorted(gone):
            home = next((other for other in causes if other != path and _reads(after, other, reader, name)), None)
            if home is not None:
                said.add((string.place.path, path, name))
                what = f"`{string.text}` is replaced here, but `{reader}`, which used it, has moved to {home}"
                yield Problem("reference", string.place.path, string.place.line, what, (path, home))
                break


def _readers(names: Names, name: str) -> frozenset[str]:
    return frozenset(read.owner for read in names.reads if read.name == name and read.when == "call")


def _reads(side: Side, path: str, reader: str, name: str) -> bool:
    names = side.names(path) if path.endswith(".py") else None
    return names is not None and (
        reader in _readers(names, name) or any(use.chain.rpartition(".")[2] == name for use in names.uses)
    )


def _overrides_without_effect(
    before: Project, after: Project, old: Collection[CodeString], new: Collection[CodeString], causes: tuple[str, ...]
) -> Iterator[Problem]:
    """`dependency_overrides[get_db]` replaced a dependency, and now names another object than the routes ask for."""
    overrides = [string for string in new if string.kind == "override" and string.symbol is not None]
    if not overrides:
        return
    asked_before = set(_asked_for(applications_of(before)))
    asked_after = set(_asked_for(applications_of(after)))
    worked = {
        string.text
        for string in old
        if string.kind == "override" and string.symbol is not None and string.symbol in asked_before
    }
    names_after = {name for _, name in asked_after}
    for string in overrides:
        symbol = string.symbol
        if symbol is None or string.text not in worked or symbol in asked_after or symbol.name not in names_after:
            continue
        what = f"the dependency `{string.text}` is overridden here, but the routes ask for another `{symbol.name}` now"
        yield Problem("reference", string.place.path, string.place.line, what, causes)


def _asked_for(applications: Collection[Application]) -> Iterator[tuple[str | None, str]]:
    def flat(uses: Collection[DependencyUse]) -> Iterator[tuple[str | None, str]]:
        for use in uses:
            yield use.path, use.name
            yield from flat(use.dependencies)

    for application in applications:
        for route in application.routes:
            yield from flat(route.dependencies)


def _route_names(
    before: Project, after: Project, strings: Collection[CodeString], causes: tuple[str, ...]
) -> Iterator[Problem]:
    """`url_for("read_user")` where no route has that name any more."""

    @cache
    def names(project: Project) -> frozenset[str | None]:
        return frozenset(route.name for application in applications_of(project) for route in application.routes)

    for string in strings:
        if string.kind != "route":
            continue
        has = names(after)
        if string.text in names(before) and string.text not in has and None not in has:
            what = f'the address of the route "{string.text}" is asked for here, but no route has that name any more'
            yield Problem("reference", string.place.path, string.place.line, what, causes)
