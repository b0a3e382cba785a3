"""Where classes are defined, what their bases are, and what names mean where they stand in a class."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import NamedTuple

from ..index import Module, Project, Symbol
from ..model import Scope
from ..reader import dotted
from .libraries import BASE_MAKERS, KIND_OF_BASE, ORM_BASE, WITH_STARS, WORDS_OF_TYPES, short_name
from .made import BASE_MODEL, DATACLASS, SYNTHETIC, functional_items, synthetic
from .written import Written, written_in


class Definition(NamedTuple):
    written: Written
    module: Module


class Names:
    """What names mean where they stand in a class, or at the top level of a module."""

    def __init__(self, definitions: Definitions, module: Module, scopes: tuple[Scope, ...]) -> None:
        self.definitions = definitions
        self.project = definitions.project
        self.module = module
        self.scopes = scopes

    def symbol(self, name: str) -> Symbol | None:
        """As `Project.resolve`, and also what is defined in a class or function of the project."""
        if not name:
            return None
        head = name.partition(".")[0]
        for depth in range(len(self.scopes), 0, -1):
            scope = self.scopes[depth - 1]
            if head not in scope.names or (scope.kind == "class" and depth != len(self.scopes)):
                continue
            if any(local == head for local, _ in scope.imports):
                return self.project.resolve(self.module, name, self.scopes[:depth])
            if head in scope.rebound:
                return None
            return Symbol(self.module.path, ".".join([*(s.name for s in self.scopes[:depth]), name]))
        found = self.project.resolve(self.module, name)
        if found is None and not self.module.bindings(head):
            for star in self.module.facts.stars:
                if name in WITH_STARS.get(star, ()):
                    return Symbol(None, f"{star}.{name}")
            if hasattr(builtins, head):
                return Symbol(None, f"builtins.{name}")
        return found

    def meaning(self, node: ast.expr) -> str:
        """A library's thing by one spelling, see `short_name`; empty for what is the project's or unknown."""
        name = dotted(node)
        if not name:
            return ""
        symbol = self.symbol(name)
        if symbol is None:
            return ""
        if symbol.path is not None:
            symbol = self.definitions.known(symbol)
        return short_name(symbol.name) if symbol is not None and symbol.path is None else ""

    def wrapper(self, node: ast.expr) -> str:
        """`meaning` of what may be one of `WORDS_OF_TYPES`: no module is read for any other name in an annotation."""
        head, _, rest = dotted(node).partition(".")
        if not head:
            return ""
        last = rest.rpartition(".")[2]
        targets = [head] if rest else [target.rpartition(".")[2] for target in self.module.imports.get(head, [head])]
        return self.meaning(node) if last in WORDS_OF_TYPES or any(t in WORDS_OF_TYPES for t in targets) else ""

    def value(self, node: ast.expr) -> tuple[ast.expr, Names] | None:
        """What a module-level name of the project is assigned, and where."""
        name = dotted(node)
        if not name or not self._may_be_assigned(name):
            return None
        symbol = self.symbol(name)
        return self.definitions.assigned(symbol) if symbol is not None else None

    def _may_be_assigned(self, name: str) -> bool:
        """Whether to see if a name leads to `X = Annotated[...]` or `X = Field(...)`: an import is followed only to a
        file that does not define a class of that name."""
        head, _, rest = name.partition(".")
        bindings = self.module.bindings(head)
        if not bindings or any(binding.kind in ("class", "def") for binding in bindings):
            return not bindings and bool(self.module.facts.stars)
        for target in self.module.imports.get(head, ()):
            found = f"{target}.{rest}" if rest else target
            path = self.project.module_path(self.module.path, found.rpartition(".")[0])
            return path is not None and not self._is_class(path, found.rpartition(".")[2])
        return True

    def _is_class(self, path: str, name: str) -> bool:
        def look() -> bool:
            data = self.project.data(path)
            return any(word + name.encode() in data for word in (b"class ", b"def "))

        return self.project.remembered(("is a class", path, name), look)


UNKNOWN_BASE = "?"


class Definitions:
    """Where the classes of one project are defined, and what their bases are."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.doubts: dict[Symbol, str] = {}
        """Why what a class holds is not certain."""
        self._definitions: dict[Symbol, Definition | Symbol | None] = {}
        self._mros: dict[Symbol, tuple[Symbol, ...]] = {}
        self._bases: dict[Symbol, tuple[Symbol, ...]] = {}

    def known(self, symbol: Symbol) -> Symbol | None:
        """The library's name that something assigned in the project stands for; None for what is the project's."""
        if symbol.path is None:
            return symbol
        head, _, rest = symbol.name.partition(".")
        if rest and "." not in rest and self._is_database(Symbol(symbol.path, head)):
            return ORM_BASE if rest == "Model" else Symbol(None, f"sqlalchemy.{rest}")
        found = self.of(symbol)
        return found if isinstance(found, Symbol) and found.path is None else None

    def _is_database(self, symbol: Symbol) -> bool:
        """`db = SQLAlchemy()` of Flask, or `mapper_registry = registry()`."""

        def look() -> bool:
            found = self.assigned(symbol)
            if found is None or not isinstance(found[0], ast.Call):
                return False
            return found[1].meaning(found[0].func) in ("sqlalchemy.SQLAlchemy", "sqlalchemy.registry")

        return self.project.remembered(("is a database", symbol), look)

    def assigned(self, symbol: Symbol) -> tuple[ast.expr, Names] | None:
        """What a module-level name is assigned, where that is one plain assignment."""
        if symbol.path is None or "." in symbol.name or (module := self.project.module(symbol.path)) is None:
            return None
        bindings = module.bindings(symbol.name)
        if len(bindings) != 1 or bindings[0].kind != "assign":
            return None
        value = _value_of(module, bindings[0].statement, symbol.name)
        return None if value is None else (value, Names(self, module, ()))

    def of(self, symbol: Symbol) -> Definition | Symbol | None:
        """What defines a class: a class statement, or by another name the symbol that it stands for."""
        if symbol not in self._definitions:
            self._definitions[symbol] = None  # of a ring of names nothing is known
            self._definitions[symbol] = self._look_up(symbol)
        return self._definitions[symbol]

    def _look_up(self, symbol: Symbol) -> Definition | Symbol | None:
        if symbol.path is None:
            return symbol
        module = self.project.module(symbol.path)
        if module is None or not symbol.name:
            return None
        found = [w for index in statements_binding(module, symbol.name) for w in written_in(module, index)]
        found = [written for written in found if written.name == symbol.name]
        if found:
            if len(found) > 1:
                self.doubts[symbol] = "is defined more than once"
            return Definition(found[-1], module)
        value = self.assigned(symbol)
        return None if value is None else self._made(symbol, *value)

    def _made(self, symbol: Symbol, value: ast.expr, names: Names) -> Definition | Symbol | None:
        """What an assignment `symbol = value` makes of the symbol."""
        if isinstance(value, ast.Subscript):
            value = value.value
        if not isinstance(value, ast.Call):
            meant = names.symbol(dotted(value))
            if meant is None or meant == symbol:
                return None
            return self._alias(meant)
        maker = names.meaning(value.func)
        if maker in BASE_MAKERS:
            return ORM_BASE
        if maker == "pydantic.create_model":
            base = next((keyword.value for keyword in value.keywords if keyword.arg == "__base__"), None)
            bases = [base] if base is not None else [ast.Name(BASE_MODEL)]
            return Definition(synthetic(symbol, bases, (), "is made by create_model", value.lineno), names.module)
        if maker == "dataclasses.make_dataclass":
            written = synthetic(symbol, [], (), "is made by make_dataclass", value.lineno)
            return Definition(written._replace(decorators=(ast.Name(DATACLASS),)), names.module)
        kind = KIND_OF_BASE.get(maker)
        if kind not in ("typed-dict", "named-tuple", "enum"):
            return None
        items = None if kind == "enum" else functional_items(value, is_plain=maker == "collections.namedtuple")
        doubt = "" if items is not None else "is made by a call"
        written = synthetic(symbol, [value.func], items or (), doubt, value.lineno)
        total = tuple(keyword for keyword in value.keywords if keyword.arg == "total")
        return Definition(written._replace(keywords=total), names.module)

    def _alias(self, symbol: Symbol) -> Definition | Symbol | None:
        """The symbol behind another name: a class of the project stays a symbol, so that it is read once."""
        if symbol.path is None:
            return Symbol(None, symbol.name)
        known = self.known(symbol)
        if known is not None:
            return known
        found = self.of(symbol)
        return found if isinstance(found, Symbol) else (symbol if found is not None else None)

    # Bases

    def bases(self, symbol: Symbol) -> tuple[Symbol, ...]:
        if symbol not in self._bases:
            self._bases[symbol] = ()  # a class that derives from itself
            found = self.of(symbol)
            if isinstance(found, Definition):
                written, module = found
                names = Names(self, module, written.scopes)
                self._bases[symbol] = tuple(self._base(node, names, symbol) for node in written.bases)
        return self._bases[symbol]

    def _base(self, node: ast.expr, names: Names, derived: Symbol) -> Symbol:
        if isinstance(node, ast.Subscript):
            node = node.value
        unknown = Symbol(None, f"{UNKNOWN_BASE}{ast.unparse(node)[:60]}")
        if isinstance(node, ast.Call):
            meaning = names.meaning(node.func)
            if meaning in BASE_MAKERS:
                return ORM_BASE
            return Symbol(None, meaning) if KIND_OF_BASE.get(meaning) == "named-tuple" else unknown
        if isinstance(node, ast.Name) and node.id in SYNTHETIC:
            return Symbol(None, SYNTHETIC[node.id])
        symbol = names.symbol(dotted(node))
        if symbol is None or symbol == derived:
            return unknown
        if symbol.path is None:
            return symbol
        known = self.known(symbol)
        if known is not None:
            return known
        found = self.of(symbol)
        if isinstance(found, Symbol):
            return found
        return symbol if found is not None else unknown

    def mro(self, symbol: Symbol) -> tuple[Symbol, ...]:
        """As Python orders the bases; those outside the project have none of their own."""
        if symbol not in self._mros:
            self._mros[symbol] = (symbol,)
            bases = [base for base in self.bases(symbol) if base != symbol]
            self._mros[symbol] = (symbol, *_merged([*(self.mro(base) for base in bases), tuple(bases)]))
        return self._mros[symbol]

    # Places

    def place(self, symbol: Symbol) -> tuple[Written, Names] | None:
        found = self.of(symbol)
        if not isinstance(found, Definition):
            return None
        written, module = found
        return written, Names(self, module, (*written.scopes, written.scope))

    def line(self, symbol: Symbol) -> int:
        module = self.project.module(symbol.path or "")
        bindings = module.bindings(symbol.name.partition(".")[0]) if module is not None else ()
        return module.facts.statements[bindings[0].statement].line if module is not None and bindings else 0


def _merged(sequences: list[tuple[Symbol, ...]]) -> Iterator[Symbol]:
    """The C3 merge; where there is none, and Python would refuse the class, the first that comes."""
    waiting = [list(sequence) for sequence in sequences if sequence]
    while waiting:
        heads = [sequence[0] for sequence in waiting]
        free = (head for head in heads if not any(head in sequence[1:] for sequence in waiting))
        head = next(free, heads[0])
        yield head
        waiting = [rest for sequence in waiting if (rest := [symbol for symbol in sequence if symbol != head])]


def statements_binding(module: Module, name: str) -> list[int]:
    bindings = module.bindings(name.partition(".")[0])
    return list(dict.fromkeys(binding.statement for binding in bindings if binding.kind != "import"))


def _value_of(module: Module, index: int, name: str) -> ast.expr | None:
    """What one plain assignment at module level gives a name."""
    for node in module.parsed(index).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                return value
            case ast.AnnAssign(target=ast.Name(id=target), value=value) if target == name:
                return value
            case _:
                pass
    return None
