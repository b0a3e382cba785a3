"""Strings that name code: `"main:app"` in a Dockerfile, `patch("main.fetch")` in a test, `url_for("read")`; and the
expressions that single it out by name as those do.

Looked for in every Python file of the project and in the files that start programs. A string that is put together from
anything but literals and module-level constants is not known.
"""

from __future__ import annotations

import ast
import os
import re
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..parallel import map_each, portions_of
from ..source import UnreadableSourceError
from ..source.discovery import discover, is_test
from ..source.nodes import children
from .index import Module, Project, Symbol
from .model import Scope
from .reader import ROUTE_METHODS, Positions, dotted, import_statements, scope_of
from .surroundings import surroundings

FILES_WORTH_A_PROCESS = 300
"""To look for strings in this many files takes as long as starting another process."""

LARGEST = 500_000
"""Bytes of a file that starts programs; larger ones are no configuration."""


class Place(NamedTuple):
    path: str
    line: int
    column: int
    """In characters, from 1."""
    function: str = ""
    """Qualified name of the function whose body it stands in, empty for what runs at import (defaults, decorators)."""
    definition: str = ""
    """The module-level function or class it stands in, header and decorators included."""


class CodeString(NamedTuple):
    """A string that names code, or an expression that singles it out by name as those do."""

    kind: str
    """`entry` (`"main:app"`), `patch` (`mock.patch`, `patch.object`, `setattr`, `delattr`, `module.name = ...`),
    `override` (`dependency_overrides[f]`), `route` (`url_for("name")`)."""
    text: str
    """As written; `module.name` where module and name are two arguments."""
    place: Place
    path: str | None
    """The project's file in which the name is looked up, None if unknown: patching `main.fetch` replaces what `main`
    calls `fetch`, wherever that was defined."""
    name: str
    """Looked up there, dotted for members of classes and of modules imported there; as written where `path` is None."""
    symbol: Symbol | None
    """What that leads to, through re-exports."""


def code_strings(project: Project) -> list[CodeString]:
    """Every string that names code, in Python and in files that start programs; by path and line."""
    return project.remembered("code strings", lambda: sorted(_read_strings(project), key=lambda s: s.place))


def may_be_patched(project: Project, word: bytes) -> bool:
    """A quick look before the strings of all files are read: whether a file with the word may patch something."""
    return project.remembered(("may be patched", word), lambda: _may_be_patched(project, word))


def _may_be_patched(project: Project, word: bytes) -> bool:
    for path in surroundings(project):
        try:
            data = project.data(path)
        except OSError:
            continue
        if word in data and (b"patch" in data or b"setattr" in data):
            return True
    return False


def strings_by_name(project: Project) -> dict[tuple[str, str], list[CodeString]]:
    """By file and module-level name, both as looked up and as defined."""

    def sort() -> dict[tuple[str, str], list[CodeString]]:
        found: dict[tuple[str, str], list[CodeString]] = {}
        for string in code_strings(project):
            homes = {(string.path, string.name.partition(".")[0])}
            if string.path is not None and "." in string.name:
                # `patch("main.services.fetch")` replaces what `services` calls `fetch`, and needs `main.services`.
                owner = _owner(project, string.path, string.name)
                if owner is not None and not owner.name:
                    homes.add((owner.path, string.name.rpartition(".")[2]))
            if string.symbol is not None:
                homes.add((string.symbol.path, string.symbol.name.partition(".")[0]))
            for path, name in homes:
                if path is not None:
                    found.setdefault((path, name), []).append(string)
        return found

    return project.remembered("code strings: by name", sort)


def _read_strings(project: Project) -> Iterator[CodeString]:
    def read_some(paths: Sequence[str]) -> list[CodeString]:
        return [string for path in paths for string in _strings_of_python(project, path)]

    paths = surroundings(project)
    jobs = min(project.jobs, 1 + len(paths) // FILES_WORTH_A_PROCESS)
    for portion in map_each(read_some, portions_of(paths), jobs):
        yield from portion
    for path in files_that_start_programs(project.root):
        yield from _strings_of_text(project, path)


_IN_PYTHON = (
    b"patch", b"setattr", b"delattr", b"dependency_overrides", b"url_for", b"url_path_for", b"uvicorn", b"gunicorn",
    b"hypercorn", b"granian", b"entry_points",
)  # fmt: skip
_WORD = re.compile(rb"\w+")
# What a lookahead has found is not tried again in parts, which takes a third of the time.
_ASSIGNED = (
    r"\n(?=([ \t]*))\1(?:del[ \t]+)?(?!self\.|cls\.)(?=(?P<head>\w+))(?P=head)(?=((?:\.\w+)+))\3"
    r"[ \t]*(?:=(?!=)|\n|[-+|]=)"
)
_ATTRIBUTE_ASSIGNED = re.compile(_ASSIGNED.encode())
_TEXT_ATTRIBUTE_ASSIGNED = re.compile(_ASSIGNED)


def _strings_of_python(project: Project, path: str) -> Iterator[CodeString]:
    try:
        data = project.data(path)
    except OSError:
        return
    heads = {match["head"] for match in _ATTRIBUTE_ASSIGNED.finditer(data)}
    if heads:
        # Most are attributes of objects: what is of interest is a module, so an import must bind it.
        heads &= set(_WORD.findall(import_statements(data)))
    if not heads and not any(word in data for word in _words_in(path, b"mock" in data)):
        return
    module = project.glance(path)
    if module is None:
        return
    with module.text_for_now():
        wanted = [word.decode() for word in _words_in(path, b"mock" in data)]
        marks = _marks(module.text, {head.decode() for head in heads}, wanted)
        for index, statement in enumerate(module.facts.statements):
            first, last = bisect_left(marks, statement.start), bisect_left(marks, statement.end)
            if first < last and statement.word not in ("import", "from"):
                try:
                    yield from _Strings(project, module, index, marks[first:last]).found
                except (UnreadableSourceError, RecursionError):
                    continue  # whoever changes the file says so


def _words_in(path: str, mocks: bool) -> tuple[bytes, ...]:
    """In code without `mock`, `mocker` or a test's fixtures, `patch` is part of `dispatch` or a route's method."""
    return _IN_PYTHON if mocks or is_test(path) else _IN_PYTHON[1:]


def _marks(text: str, heads: Collection[str], wanted: Iterable[str]) -> list[int]:
    """Where something may stand that is looked for, sorted."""
    marks = [match.start() for word in wanted if word in text for match in re.finditer(word, text)]
    if heads:
        marks += [
            match.start("head") - 1
            for match in _TEXT_ATTRIBUTE_ASSIGNED.finditer("\n" + text)
            if match["head"] in heads
        ]
    if any(server in text for server in _SERVERS) or "entry_points" in text:
        marks += [match.start() for match in _QUOTED_ENTRY.finditer(text)]
    return sorted(marks)


_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+")
_ENTRY = re.compile(r"([A-Za-z_]\w*(?:\.\w+)*):([A-Za-z_]\w*(?:\.\w+)*)(?:\(.*\))?")
_QUOTED_ENTRY = re.compile(r"[\w.]+:[\w.]+(?:\([^\n]*\))?[\"']")
_SERVERS = ("uvicorn", "gunicorn", "hypercorn", "granian", "daphne")


class _Strings:
    """The strings of one statement that name code."""

    def __init__(self, project: Project, module: Module, index: int, marks: Iterable[int]) -> None:
        statement = module.facts.statements[index]
        self.project = project
        self.module = module
        self.positions = Positions(module.statement_text(index), statement.start, statement.line)
        self.lines = [self.positions.line_of(mark) for mark in marks]
        self.scopes: tuple[Scope, ...] = ()
        self.function = ""
        self.definition = ""
        self.found: list[CodeString] = []
        self.visit(module.parsed(index))

    def visit(self, node: ast.AST) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.visit_definition(node)
                return
            case ast.Call():
                self.call(node)
            case ast.Subscript(value=value, slice=key) if _is_overrides(value):
                self.named_by_expression("override", key)
            case ast.Assign(targets=targets) | ast.Delete(targets=targets):
                given = getattr(node, "value", None)
                if isinstance(given, ast.Dict) and any(map(_is_overrides, targets)):
                    self.overrides(given)
                for target in targets:
                    self.assigned(target)
            case ast.AugAssign(target=target) | ast.AnnAssign(target=target):
                self.assigned(target)
            case ast.Constant(value=str(text)):
                self.constant(node, text)
        for child in children(node):
            if not isinstance(child, ast.stmt) or self.is_marked(child):
                self.visit(child)

    def is_marked(self, node: ast.stmt) -> bool:
        """Most statements hold nothing that is looked for."""
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        index = bisect_left(self.lines, first)
        return index < len(self.lines) and self.lines[index] <= (node.end_lineno or first)

    def visit_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        outer = self.scopes, self.function, self.definition
        self.definition = self.definition or node.name
        for child in children(node):
            if not isinstance(child, ast.stmt):
                self.visit(child)
        self.scopes = (*self.scopes, scope_of(node))
        if not isinstance(node, ast.ClassDef):
            self.function = ".".join(scope.name for scope in self.scopes)
        for child in node.body:
            if self.is_marked(child):
                self.visit(child)
        self.scopes, self.function, self.definition = outer

    def add(self, kind: str, text: str, node: ast.expr, path: str | None, name: str, symbol: Symbol | None) -> None:
        line, column = self.positions.line(node.lineno), self.positions.column(node.lineno, node.col_offset)
        place = Place(self.module.path, line, column, self.function, self.definition)
        self.found.append(CodeString(kind, text, place, path, name, symbol))

    def call(self, node: ast.Call) -> None:
        func = node.func
        callee = dotted(func) or (f"?.{func.attr}" if isinstance(func, ast.Attribute) else "")
        if not node.args or not callee:
            return
        first = node.args[0]
        before, _, last = callee.rpartition(".")
        owner = before.rpartition(".")[2]
        if last in ("object", "multiple", "dict") and owner == "patch":
            self.patched_member(node, self.string(first), last)
        elif last == "patch":
            self.patched(first, self.string(first))
        elif last in ("setattr", "delattr"):
            if (text := self.string(first)) is not None:
                self.patched(first, text)
            else:
                self.patched_member(node, None, "object" if before else "setattr")
        elif last in ("url_for", "url_path_for"):
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                symbol = _routes_by_name(self.project).get(first.value)
                self.add("route", first.value, first, symbol.path if symbol else None, first.value, symbol)
        elif last == "run" and owner in _SERVERS:
            if not isinstance(first, ast.Constant) and (text := self.string(first)) is not None:
                self.constant(first, text)
        elif isinstance(func, ast.Attribute) and _is_overrides(func.value):
            if last in ("pop", "setdefault"):
                self.named_by_expression("override", first)
            elif last == "update" and isinstance(first, ast.Dict):
                self.overrides(first)

    def overrides(self, node: ast.Dict) -> None:
        for key in filter(None, node.keys):
            self.named_by_expression("override", key)

    def named_by_expression(self, kind: str, node: ast.expr) -> None:
        name = dotted(node)
        symbol = self.project.resolve(self.module, name, self.scopes)
        text = name or ast.unparse(node)
        path = symbol.path if symbol else None
        self.add(kind, text, node, path, symbol.name if symbol and path is not None else text, symbol)

    def patched(self, node: ast.expr, text: str | None) -> None:
        """`patch("pkg.mod.name")`. `client.patch("/users")` is something else."""
        if text is not None and _DOTTED.fullmatch(text):
            self.add("patch", text, node, *look_up(self.project, self.module.path, text))

    def patched_member(self, node: ast.Call, text: str | None, how: str) -> None:
        """`patch.object(mod, "name")`, `patch.multiple("mod", name=...)`, `patch.dict("mod.name")`, `setattr`."""
        target = node.args[0]
        if how == "dict":
            if text is not None:
                self.patched(target, text)
            elif dotted(target):
                self.named_by_expression("patch", target)
            return
        owner: Symbol | None
        if text is None:
            owner = self.project.resolve(self.module, dotted(target), self.scopes)
            if how == "setattr" and (owner is None or owner.path is None):
                return  # of an object: common, and of no interest
            text = ast.unparse(target)
        elif (home := _module_named(self.project, self.module.path, text)) is not None:
            owner = Symbol(home, "")
        else:
            owner = look_up(self.project, self.module.path, text)[2]
        if how == "multiple":
            members = [keyword.arg for keyword in node.keywords]
        else:
            members = [self.string(argument) for argument in node.args[1:2]]
        for name in filter(None, members):
            path, looked_up, symbol = _member(self.project, owner, name)
            whole = f"{text}.{name}"
            self.add("patch", whole, target, path, whole if path is None else looked_up, symbol)

    def assigned(self, node: ast.expr) -> None:
        """`main.get_db = fake`, `del main.get_db`."""
        if isinstance(node, ast.Attribute) and (owner := dotted(node.value)):
            symbol = self.project.resolve(self.module, owner, self.scopes)
            if symbol is not None and symbol.path is not None and not symbol.name:
                self.add("patch", f"{owner}.{node.attr}", node, *_member(self.project, symbol, node.attr))

    def constant(self, node: ast.expr, text: str) -> None:
        """`uvicorn.run("main:app")`, and the same in a list of arguments or an entry point."""
        found = _ENTRY.fullmatch(text.rpartition("=")[2].strip() if "=" in text.partition(":")[0] else text)
        if found is None:
            return
        path, name, symbol = _entry(self.project, self.module.path, found)
        source = self.module.text
        if symbol is not None or (path is None and any(server in source for server in _SERVERS) and "." in text):
            self.add("entry", found.group(), node, path, name, symbol)

    def string(self, node: ast.expr) -> str | None:
        """The text of a literal, or of one put together from literals and module-level constants."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.JoinedStr(values=values):
                parts = [self.string(v.value if isinstance(v, ast.FormattedValue) else v) for v in values]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = [self.string(left), self.string(right)]
            case ast.Name(id="__name__"):
                return self.project.dotted_name(self.module.path)
            case ast.Name() | ast.Attribute():
                symbol = self.project.resolve(self.module, dotted(node), self.scopes)
                return _constant(self.project, symbol) if symbol is not None else None
            case _:
                return None
        return None if None in parts else "".join(filter(None, parts))


def _is_overrides(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "dependency_overrides"


def _constant(project: Project, symbol: Symbol) -> str | None:
    """The value of a module-level constant that is a literal string."""
    module = project.module(symbol.path) if symbol.path is not None else None
    if module is None or len(bindings := module.bindings(symbol.name)) != 1 or bindings[0].kind != "assign":
        return None
    for node in module.tree(bindings[0].statement).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=symbol.name)], value=ast.Constant(value=str(text))):
                return text
    return None


def look_up(project: Project, importer: str, name: str) -> tuple[str | None, str, Symbol | None]:
    """What the absolute dotted `name` names, as `pkgutil.resolve_name` would: the file in which it is looked up, the
    name there, and what that leads to."""
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        if (path := _module_named(project, importer, ".".join(parts[:length]))) is not None:
            rest = ".".join(parts[length:])
            return path, rest, _member(project, _owner(project, path, rest), parts[-1])[2]
    return None, name, None


def _owner(project: Project, path: str, name: str) -> Symbol | None:
    """What holds the last part of the dotted `name`, looked up in a file: the module itself, another, a class."""
    before = name.rpartition(".")[0]
    if not before:
        return Symbol(path, "")
    module = project.module(path)
    return project.resolve(module, before) if module is not None else None


def _module_named(project: Project, importer: str, name: str) -> str | None:
    """The file that the absolute name of a module leads to in a program that is started by the file `importer`.

    Where its folder and the imports of the project do not tell, as in a `src/` in which all imports are relative, the
    nearest module of that name counts that is no part of another package, if it is one.
    """
    if (path := project.module_path(importer, name)) is not None:
        return path
    end = "/" + name.replace(".", "/")
    candidates = [
        (len(os.path.commonpath([f"/{importer}", f"/{path}"])), path)
        for stem, path in _paths_by_last_name(project).get(name.rpartition(".")[2], ())
        if stem.endswith(end) and f"{stem.removesuffix(end)}/__init__.py" not in project.known_paths
    ]
    candidates.sort(reverse=True)
    if not candidates or (len(candidates) > 1 and candidates[0][0] == candidates[1][0]):
        return None
    return candidates[0][1]


def _paths_by_last_name(project: Project) -> dict[str, list[tuple[str, str]]]:
    """By the last part of a module's name, each path with what it is without its suffix."""

    def sort() -> dict[str, list[tuple[str, str]]]:
        found: dict[str, list[tuple[str, str]]] = {}
        for path in project.paths:
            stem = path.removesuffix("/__init__.py").removesuffix(".py")
            found.setdefault(stem.rpartition("/")[2], []).append((stem, path))
        return found

    return project.remembered("code strings: stems", sort)


def _member(project: Project, owner: Symbol | None, name: str) -> tuple[str | None, str, Symbol | None]:
    """The same for an attribute of what `owner` is."""
    if owner is None:
        return None, name, None
    if owner.path is not None and not owner.name:
        module = project.module(owner.path)
        return owner.path, name, project.resolve(module, name) if module is not None else None
    member = f"{owner.name}.{name}"
    return owner.path, member, Symbol(owner.path, member)


def _entry(project: Project, importer: str, found: re.Match[str]) -> tuple[str | None, str, Symbol | None]:
    """What `pkg.mod:name` names."""
    module_name, name = found.groups()
    path = _module_named(project, importer, module_name)
    module = project.module(path) if path is not None else None
    if module is None:
        return None, found.group(), None
    return path, name, project.resolve(module, name)


def _routes_by_name(project: Project) -> dict[str, Symbol]:
    """The handler that each route name belongs to, where it is only one's."""

    def read_routes() -> dict[str, Symbol]:
        found: dict[str, set[Symbol]] = {}
        for module, function in project.functions():
            for decorator in function.decorators:
                if decorator.call is None or decorator.name.rpartition(".")[2] not in ROUTE_METHODS:
                    continue
                argument = decorator.call.argument("name")
                name = project.string(module, argument.span) if argument is not None else function.name
                if name is not None:
                    found.setdefault(name, set()).add(Symbol(module.path, function.qualified_name))
        return {name: next(iter(symbols)) for name, symbols in found.items() if len(symbols) == 1}

    return project.remembered("code strings: routes", read_routes)


# Files that are no Python

_NAMES = re.compile(
    r"(?:.*\.)?(?:dockerfile|containerfile)(?:\..*)?|procfile(?:\..*)?|(?:docker-)?compose.*\.ya?ml|.*\.(?:sh|service)"
    r"|makefile|gnumakefile|\.?justfile|.*supervisor.*\.(?:conf|ini)|gunicorn.*\.(?:conf|ini)|pyproject\.toml|setup\.cfg",
    re.IGNORECASE,
)
"""Of files that may start the application."""


def files_that_start_programs(root: Path) -> list[str]:
    """The paths of the files that `_NAMES` lists."""
    found = discover(root, is_wanted=_NAMES.fullmatch).paths
    return [path for path in found if os.stat(root / path).st_size <= LARGEST]


_TOKEN = re.compile(r"(?<![\w./:@$-])" + _ENTRY.pattern.replace(".*", r"[^\s\"']*") + r"(?![\w/:-])")
_SECTION = re.compile(r"\s*\[+([^\]]+)\]")
_SCRIPTS = re.compile(
    r"project\.(?:gui-)?scripts|project\.entry-points\..*|tool\.poetry\.(?:scripts|plugins\..*)|tool\.fastapi"
    r"|options\.entry_points"
)


def _strings_of_text(project: Project, path: str) -> Iterator[CodeString]:
    """In what starts the application, `pkg.mod:name` where it leads to something, or where a server or an entry point
    is spelled in the line: `python:3.13` and `8000:http` mean nothing."""
    try:
        text = (project.root / path).read_text("utf-8", errors="replace")
    except OSError:
        return
    is_sectioned = path.endswith((".toml", ".cfg"))
    is_script = False
    for number, line in enumerate(text.splitlines(), 1):
        if is_sectioned and (section := _SECTION.match(line)):
            is_script = _SCRIPTS.fullmatch(section.group(1).replace('"', "").strip()) is not None
        if ":" not in line or line.lstrip().startswith("#"):
            continue
        certain = is_script or any(server in line for server in _SERVERS)
        for found in _TOKEN.finditer(line):
            home, name, symbol = _entry(project, path, found)
            if symbol is not None or home is not None or certain:
                place = Place(path, number, found.start() + 1)
                yield CodeString("entry", found.group(), place, home, name, symbol)
