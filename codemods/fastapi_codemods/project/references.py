"""Where module-level names of the project are used, in every file of it, tests and scripts included.

A file can use a name of another module only if its imports spell that module or that name, so import statements are
skimmed first, as text; only the statements of the files that pass are parsed, and every use is resolved.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .index import Module, Project, Symbol
from .model import Scope
from .reader import Positions, dotted, scope_of

_IMPORTS = re.compile(rb"(?:\A|\n)[ \t]*+(?:from|import)[ \t\\][^\n(;]*+(?:\([^)]*+\))?")
_WORD = re.compile(rb"\w+")

INJECTORS = ("fastapi.Depends", "fastapi.Security")


class Use(NamedTuple):
    """One place that uses a symbol by name."""

    symbol: Symbol
    path: str
    line: int
    column: int
    kind: str
    """`call`, `injected` (`Depends(f)`), `override` (`dependency_overrides[f]`), `decorator` (`@router.get`),
    `method` (`router.include_router(...)`), `attribute` (`f.__name__`), `argument` (`include_router(router)`),
    `base` (of a class), `value` (anything else)."""
    node: ast.AST
    """The call for `call`, `method` and `argument`, the attribute for `attribute` and `decorator`."""
    member: str = ""
    """The attribute's name for `method`, `attribute` and `decorator`; the callee for `argument`."""

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}"


def uses(project: Project, symbols: Iterable[Symbol]) -> dict[Symbol, list[Use]]:
    """Every use of each symbol but its definition, its imports and its re-exports."""
    wanted = {symbol for symbol in symbols if symbol.path is not None}
    found: dict[Symbol, list[Use]] = {symbol: [] for symbol in wanted}
    homes: dict[str, set[Symbol]] = {}
    for symbol in wanted:
        homes.setdefault(symbol.path or "", set()).add(symbol)
    for path, defined in homes.items():
        module = project.module(path)
        if module is not None:
            names = {symbol.name.partition(".")[0] for symbol in defined}
            _collect(project, module, {n for n in names if module.text.count(n) > 1}, wanted, found)
    for module in _importing(project, wanted):
        names = _names_for(project, module, wanted)
        if names:
            _collect(project, module, names, wanted, found)
    return found


def _importing(project: Project, wanted: set[Symbol]) -> Iterator[Module]:
    """Modules whose imports spell one of the symbols or the module that it, or a re-export of it, stands in."""
    names = {symbol.name.partition(".")[0].encode() for symbol in wanted}
    homes = {symbol.path for symbol in wanted if symbol.path}
    stems = {_stem(path) for path in homes}
    spelled: dict[str, set[bytes]] = {}
    for path in project.paths:
        module = project.loaded(path)
        data = module.data if module is not None else _data(project, path)
        statements = _IMPORTS.findall(data)
        if statements:
            spelled[path] = set(_WORD.findall(b"\n".join(statements)))
    passed: set[str] = set()
    looking = names | stems
    while looking:
        new = [path for path, words in spelled.items() if path not in passed and not words.isdisjoint(looking)]
        passed.update(new)
        # A package that imports the name hands it on under its own name.
        looking = {_stem(path) for path in new if path.endswith("/__init__.py")} - stems
        stems |= looking
    for path in sorted(passed - homes) + sorted(homes & passed):
        module = project.module(path)
        if module is not None:
            yield module


def _stem(path: str) -> bytes:
    parts = path.removesuffix(".py").split("/")
    return (parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]).encode()


def _data(project: Project, path: str) -> bytes:
    try:
        return project.data(path)
    except OSError:
        return b""


def _names_for(project: Project, module: Module, wanted: set[Symbol]) -> set[str]:
    """The local names through which a module can reach the symbols: the symbols themselves or modules that hold them."""
    prefixes = {(symbol.path, symbol.name) for symbol in wanted}
    homes = {symbol.path for symbol in wanted}
    names: set[str] = set()
    for item in module.facts.imports:
        symbol = project.resolve_import(module, item.target)
        if symbol is None or symbol.path is None:
            continue
        is_package = symbol.name == "" and symbol.path.endswith("__init__.py")
        if (symbol.path, symbol.name) in prefixes or symbol.name == "" and (symbol.path in homes or is_package):
            names.add(item.local)
    names.update(symbol.name for symbol in wanted if module.facts.stars and symbol.name in module.text)
    return names


def _collect(
    project: Project, module: Module, names: set[str], wanted: set[Symbol], found: dict[Symbol, list[Use]]
) -> None:
    if not names:
        return
    pattern = re.compile(rf"\b(?:{'|'.join(sorted(map(re.escape, names)))})\b")
    text = module.text
    statements = module.facts.statements
    index = 0
    for match in pattern.finditer(text):
        while index < len(statements) and statements[index].end <= match.start():
            index += 1
        if index == len(statements):
            break
        if match.start() >= statements[index].start and statements[index].word not in ("import", "from"):
            collector = _Collector(project, module, index, names, wanted)
            for node in module.tree(index).body:
                collector.visit(node, None)
            for use in collector.uses:
                found[use.symbol].append(use)
            index += 1  # the whole statement was looked at


class _Collector:
    def __init__(self, project: Project, module: Module, index: int, names: set[str], wanted: set[Symbol]) -> None:
        statement = module.facts.statements[index]
        self.project = project
        self.module = module
        self.names = names
        self.wanted = wanted
        self.positions = Positions(module.statement_text(index), statement.start, statement.line)
        self.scopes: tuple[Scope, ...] = ()
        self.uses: list[Use] = []

    def visit(self, node: ast.AST, parents: tuple[ast.AST, object] | None) -> None:
        """Walk with a linked list of parents; only names that could be one of the symbols are looked at."""
        if isinstance(node, ast.Name):
            if node.id in self.names and isinstance(node.ctx, ast.Load):
                self._name(node, parents)
            return
        here = (node, parents)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            outside: list[ast.AST] = [*node.decorator_list]
            if isinstance(node, ast.ClassDef):
                outside += [*node.bases, *node.keywords]
            else:
                outside.append(node.args)
                if node.returns:
                    outside.append(node.returns)
            for child in outside:
                self.visit(child, here)
            self.scopes = (*self.scopes, scope_of(node))
            for child in node.body:
                self.visit(child, here)
            self.scopes = self.scopes[:-1]
            return
        for child in ast.iter_child_nodes(node):
            self.visit(child, here)

    def _name(self, node: ast.Name, parents: tuple[ast.AST, object] | None) -> None:
        # `pkg.module.f.__name__`: take attributes while they lead to a symbol.
        expression: ast.expr = node
        chain = _ancestors(parents)
        above = next(chain, None)
        symbol = self._symbol(expression)
        while symbol not in self.wanted and isinstance(above, ast.Attribute):
            expression, above = above, next(chain, None)
            symbol = self._symbol(expression)
        if symbol is None or symbol not in self.wanted:
            return
        kind, target, member = self._kind(expression, above, chain)
        line = self.positions.line(node.lineno)
        column = self.positions.column(node.lineno, node.col_offset)
        self.uses.append(Use(symbol, self.module.path, line, column, kind, target, member))

    def _symbol(self, expression: ast.expr) -> Symbol | None:
        return self.project.resolve(self.module, dotted(expression), self.scopes)

    def _kind(self, node: ast.expr, above: ast.AST | None, chain: Iterator[ast.AST]) -> tuple[str, ast.AST, str]:
        further = next(chain, None)
        if isinstance(above, ast.Call):
            if above.func is node:
                return "call", above, ""
            callee = dotted(above.func)
            resolved = self.project.resolve(self.module, callee, self.scopes)
            if resolved is not None and resolved.path is None and resolved.name in INJECTORS:
                return "injected", above, callee
            return "argument", above, callee or ast.unparse(above.func)
        if isinstance(above, ast.keyword) and isinstance(further, ast.Call):
            callee = dotted(further.func)
            resolved = self.project.resolve(self.module, callee, self.scopes)
            injected = resolved is not None and resolved.name in INJECTORS and above.arg == "dependency"
            return ("injected" if injected else "argument"), further, callee
        if isinstance(above, ast.Attribute):
            if isinstance(further, ast.Call) and further.func is above:
                grandparent = next(chain, None)
                decorates = isinstance(grandparent, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                if decorates and further in grandparent.decorator_list:
                    return "decorator", further, above.attr
                return "method", further, above.attr
            return "attribute", above, above.attr
        if isinstance(above, ast.Subscript) and above.slice is node and dotted(above.value).endswith("dependency_overrides"):
            return "override", above, ""
        if isinstance(above, ast.Dict) and isinstance(further, ast.Assign | ast.Call | ast.AugAssign):
            if "dependency_overrides" in ast.unparse(further):
                return "override", above, ""
        if isinstance(above, ast.ClassDef):
            return "base", above, above.name
        return "value", above or node, ""


def _ancestors(parents: tuple[ast.AST, object] | None) -> Iterator[ast.AST]:
    while parents is not None:
        node, rest = parents
        yield node
        parents = rest  # type: ignore[assignment]  # a linked list has a recursive type


def lines_of(found: Sequence[Use]) -> str:
    """`main.py:3, tests/test_main.py:10 and 4 more`."""
    places = [use.place for use in found[:3]]
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(places) + more
