"""No name is unresolved that was resolved before, and no import of a project's module finds nothing."""

from __future__ import annotations

import builtins
import re
from collections.abc import Collection, Iterator

from ...project import Project
from .modules import Side, may_import
from .problem import Problem
from .scopes import Names, Read

_BUILTINS = frozenset(dir(builtins)) | {
    "__file__",
    "__name__",
    "__doc__",
    "__path__",
    "__spec__",
    "__package__",
    "__loader__",
    "__builtins__",
    "__annotations__",
    "__dict__",
    "WindowsError",
    "reveal_type",
}
_DEPENDENCY = re.compile(rb"(?:Depends|Security)\(\s*(?:dependency\s*=\s*)?([\w.]+)")
_REGISTERED = re.compile(rb"add_api_(?:websocket_)?route\(\s*[^,()]+,\s*(?:endpoint\s*=\s*)?([\w.]+)")


class Lost:
    """The module-level names that a change took from files, by path."""

    def __init__(self, before: Side, after: Side, paths: Collection[str]) -> None:
        self.names: dict[str, frozenset[str]] = {}
        self.moved: dict[str, frozenset[str]] = {}
        """Those that the file still has, but only imports now."""
        for path in paths:
            if not path.endswith(".py") or not before.has(path):
                continue
            old, new = before.names(path), after.names(path)
            if old is None:
                continue
            had, has = before.bound(path), after.bound(path) if after.has(path) else frozenset()
            if had is not None and has is not None and (lost := had - has):
                self.names[path] = lost
            if new is not None and (
                moved := _own(before, path) - _own(after, path) - self.names.get(path, frozenset())
            ):
                self.moved[path] = moved
            if not after.has(path):
                self.names.setdefault(path, frozenset())

    def __bool__(self) -> bool:
        return bool(self.names or self.moved)


def _own(side: Side, path: str) -> frozenset[str]:
    module = side.project.module(path)
    if module is None:
        return frozenset()
    return frozenset(
        name
        for name, bindings in module.facts.bindings.items()
        if any(b.kind in ("def", "class", "assign") for b in bindings)
    )


def concerned(before: Side, after: Side, paths: Collection[str], lost: Lost) -> frozenset[str]:
    """Unchanged files whose imports may lead to a file that lost something, also through star imports.

    They spell a name that is lost, unless all of the file is, or import whatever there is.
    """
    changed = set(paths)
    found: set[str] = set()
    waiting = set(lost.names)
    gone = any(not names for names in lost.names.values())
    spelled = {name.encode() for names in lost.names.values() for name in names}
    while waiting:
        words = frozenset(_word(path) for path in waiting)
        waiting = set()
        for path in after.project.paths:
            if path in changed or path in found or not may_import(after.project, path, words):
                continue
            if not gone and not _spells(after.project, path, spelled):
                continue
            found.add(path)
            names = after.names(path)
            if names is not None and names.stars and before.bound(path) != after.bound(path):
                waiting.add(path)
    return frozenset(found)


_WORDS = re.compile(rb"\w+")
_STAR = re.compile(rb"import[ \t]*\(?[ \t]*\*")


def _spells(project: Project, path: str, words: set[bytes]) -> bool:
    try:
        data = project.data(path)
    except OSError:
        return True
    return _STAR.search(data) is not None or not words.isdisjoint(_WORDS.findall(data))


def _word(path: str) -> bytes:
    parts = path.removesuffix(".py").split("/")
    return (parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]).encode()


class Unresolved:
    """What a file reads that nothing binds."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self._injected: frozenset[str] | None = None

    def in_file(self, path: str) -> Iterator[tuple[Read, str]]:
        """Each with why, as the rest of a sentence."""
        names = self.side.names(path)
        bound = self.side.bound(path)
        if names is None or bound is None:
            return
        for read in names.reads:
            why = self._why(read, names, bound, path)
            if why:
                yield read, why

    def _why(self, read: Read, names: Names, bound: frozenset[str], path: str) -> str | None:
        name = read.name
        if name in _BUILTINS:
            return None
        if name in bound:
            first = names.bound.get(name, 0)
            if read.when == "import" and first > read.line:
                return f"is used here, but bound only later, in line {first}"
            return None
        is_known = name in names.checking or read.is_local
        match read.when:
            case "import" | "call" if name in names.checking:
                return "is imported only for type checkers, but used when the program runs"
            case "import" | "call":
                return "is used, but nothing binds it"
            case "signature" if is_known and not (read.by_fastapi or self._is_injected(read.owner)):
                return None
            case "field" if is_known and (read.is_local or not self._is_model(path, read.owner)):
                return None
            case "signature" | "field" if name in names.checking:
                return (
                    f"is imported only for type checkers, but {_evaluator(read.when)} needs it when the program runs: "
                    f"{_consequence(read.when)}"
                )
            case "signature" if read.is_local:
                return (
                    "is known only to the function around, and FastAPI looks for it in the module: the parameter "
                    "would silently become a query parameter"
                )
            case "signature" | "field":
                return f"is used in an annotation, but nothing binds it: {_consequence(read.when)}"
            case _:
                return None if is_known else "is used in an annotation, but nothing binds it"

    def _is_injected(self, owner: str) -> bool:
        """Whether some dependency or `add_api_route` names the function, or the class whose method it is."""
        if self._injected is None:
            found: set[bytes] = set()
            for module in self.side.project.modules():
                for pattern in (_DEPENDENCY, _REGISTERED):
                    found.update(match.rpartition(b".")[2] for match in pattern.findall(module.data))
            self._injected = frozenset(name.decode() for name in found)
        *around, name = owner.split(".")
        if name in ("__init__", "__call__"):
            return bool(around) and around[-1] in self._injected
        return name in self._injected

    def _is_model(self, path: str, owner: str) -> bool:
        from ...project.index import Symbol
        from ...project.models import model

        found = model(self.side.project, Symbol(path, owner))
        return found is not None and (found.is_pydantic or found.kind == "pydantic-dataclass")


def _evaluator(when: str) -> str:
    return "FastAPI" if when == "signature" else "Pydantic"


def _consequence(when: str) -> str:
    if when == "signature":
        return "a parameter with it would silently become a query parameter"
    return "the model cannot be built"


def check(before: Side, after: Side, changed: Collection[str], others: Collection[str]) -> Iterator[Problem]:
    """Of the changed files, and of `others` whose imports may lead to them."""
    old, new = Unresolved(before), Unresolved(after)
    changed = [path for path in changed if path.endswith(".py")]
    causes = tuple(sorted(changed))
    moved_along = {(read.owner, read.name) for path in changed for read, _ in old.in_file(path) if read.owner}
    for path in (*changed, *others):
        names = after.names(path)
        if names is None:
            continue
        own = (path,) if path in changed else causes
        known = {
            (read.name, _is_of_annotation(read), read.owner if _is_of_annotation(read) else "")
            for read, _ in old.in_file(path)
        }
        seen: set[tuple[str, str]] = set()
        for read, why in new.in_file(path):
            is_annotation = _is_of_annotation(read)
            key = (read.name, is_annotation, read.owner if is_annotation else "")
            if key in known or (read.owner, read.name) in moved_along or (read.owner, read.name) in seen:
                continue
            seen.add((read.owner, read.name))
            within = f" in `{read.owner}`" if read.owner else ""
            yield Problem("name", path, read.line, f"`{read.name}`{within} {why}", own)
        yield from _imports(before, after, path, causes)
        yield from _exports(before, after, path, own)


def _is_of_annotation(read: Read) -> bool:
    return read.when in ("signature", "field", "never")


def _imports(before: Side, after: Side, path: str, causes: tuple[str, ...]) -> Iterator[Problem]:
    names, old = after.names(path), before.names(path)
    if names is None:
        return
    known = {what for item in old.imports if (what := before.missing(path, item))} if old is not None else set()
    known |= (
        {what for use in old.uses if (what := before.missing_in_chain(path, use.chain))} if old is not None else set()
    )
    for item in names.imports:
        if item.guarded or item.type_checking:
            continue
        what = after.missing(path, item)
        if what is None and not after.leads_home(path, item.target) and before.leads_home(path, item.target):
            what = (
                f"`{item.target.removesuffix('.*')}` is imported, but there is no such module in the project any more"
            )
        if what is not None and what not in known:
            known.add(what)
            yield Problem("import", path, item.line, what, _that_lack(after, path, item.target, causes))
    for use in names.uses:
        what = after.missing_in_chain(path, use.chain)
        if what is not None and what not in known:
            known.add(what)
            yield Problem("import", path, use.line, what, tuple(c for c in causes if c == path) or causes)


def _that_lack(side: Side, path: str, target: str, causes: tuple[str, ...]) -> tuple[str, ...]:
    """Of an import that finds nothing: the changed files that it is in or leads to, all where there is none."""
    own = {path, *side.homes(path, target)}
    return tuple(cause for cause in causes if cause in own) or causes


def _exports(before: Side, after: Side, path: str, causes: tuple[str, ...]) -> Iterator[Problem]:
    """`__all__` names only what there is."""
    known = {name for name, _ in before.exported(path) if before.has(path) and not before.binds(path, name)}
    for name, line in after.exported(path):
        if name not in known and not after.binds(path, name):
            yield Problem("name", path, line, f"`__all__` lists `{name}`, but nothing binds it", causes)
