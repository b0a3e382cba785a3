"""What stands in a class, without meaning: kept with the module, so without the bodies of its methods."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ...source import UnreadableSourceError
from ..index import Module
from ..model import Scope, Span
from ..reader import Positions, blocks_of, dotted, scope_of


class Item(NamedTuple):
    """`name: annotation = value`."""

    name: str
    annotation: ast.expr | None
    value: ast.expr | None
    annotation_span: Span | None
    annotation_text: str
    value_span: Span | None
    line: int


class Method(NamedTuple):
    name: str
    decorators: tuple[ast.expr, ...]
    returns: Span | None
    returns_text: str
    line: int


class Written(NamedTuple):
    """A class as it is written, or something called that makes one."""

    name: str
    scopes: tuple[Scope, ...]
    scope: Scope
    bases: tuple[ast.expr, ...]
    keywords: tuple[ast.keyword, ...]
    decorators: tuple[ast.expr, ...]
    items: tuple[Item, ...]
    methods: tuple[Method, ...]
    config: tuple[Item, ...] | None
    """Of a class `Config` in it."""
    config_bases: tuple[ast.expr, ...]
    line: int
    doubt: str = ""
    """Why it may hold more than this."""


_NESTED_CLASS = re.compile(r"\n[ \t]+class[ \t]")
_NO_BASES = re.compile(r"\f*class[ \t]+\w+[ \t]*(?:\([ \t]*\)[ \t]*)?:")


def holds_nested(text: str) -> bool:
    return "class" in text[1:] and _NESTED_CLASS.search(text) is not None


def written_in(module: Module, index: int) -> tuple[Written, ...]:
    """The classes in one statement of a module."""

    def read() -> tuple[Written, ...]:
        statement = module.facts.statements[index]
        text = module.statement_text(index)
        try:
            tree = module.parsed(index)
        except UnreadableSourceError:
            return ()
        places = _Places(text, Positions(text, statement.start, statement.line))
        if not holds_nested(text):
            return tuple(_written(node, (), places) for node in tree.body if isinstance(node, ast.ClassDef))
        return tuple(_classes_in(tree.body, (), places))

    return module.remembered(("classes", index), read)


class _Places(NamedTuple):
    text: str
    positions: Positions

    def span(self, node: ast.expr | None) -> tuple[Span | None, str]:
        if node is None:
            return None, ""
        span = self.positions.span(node)
        base = self.positions.offset(1, 0)
        return span, self.text[span.start - base : span.end - base]


def _classes_in(body: Iterable[ast.stmt], scopes: tuple[Scope, ...], places: _Places) -> Iterator[Written]:
    for node in body:
        match node:
            case ast.ClassDef():
                written = _written(node, scopes, places)
                yield written
                yield from _classes_in(node.body, (*scopes, written.scope), places)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                inner = [
                    statement for statement in node.body if not isinstance(statement, ast.Expr | ast.Return | ast.Raise)
                ]
                found = list(_classes_in(inner, (), places))
                if found:
                    yield from _classes_in(inner, (*scopes, scope_of(node)), places)
            case _:
                for block, _ in blocks_of(node):
                    yield from _classes_in(block, scopes, places)


def _written(node: ast.ClassDef, scopes: tuple[Scope, ...], places: _Places) -> Written:
    items: list[Item] = []
    methods: list[Method] = []
    config: ast.ClassDef | None = None
    doubt = ""
    for statement, is_conditional in _statements_of(node.body):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name)):
                items.append(_item(name, statement.annotation, statement.value, statement.lineno, places))
            case ast.Assign():
                targets = [target.id for target in statement.targets if isinstance(target, ast.Name)]
                items.extend(_item(name, None, statement.value, statement.lineno, places) for name in targets)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                returns, text = places.span(statement.returns)
                line = places.positions.line(statement.lineno)
                methods.append(Method(statement.name, tuple(statement.decorator_list), returns, text, line))
            case ast.ClassDef(name="Config"):
                config = statement
            case _:
                pass
        if is_conditional and isinstance(statement, ast.Assign | ast.AnnAssign):
            doubt = "some of it stands under a condition"
    name = ".".join([*(scope.name for scope in scopes), node.name])
    inner = _written(config, (), places) if config is not None else None
    return Written(
        name,
        scopes,
        scope_of(node),
        tuple(node.bases),
        tuple(node.keywords),
        tuple(node.decorator_list),
        tuple(items),
        tuple(methods),
        inner.items if inner else None,
        inner.bases if inner else (),
        places.positions.line(node.lineno),
        doubt,
    )


def _item(name: str, annotation: ast.expr | None, value: ast.expr | None, line: int, places: _Places) -> Item:
    span, text = places.span(annotation)
    return Item(name, annotation, value, span, text, places.span(value)[0], places.positions.line(line))


def _statements_of(body: Iterable[ast.stmt], *, conditional: bool = False) -> Iterator[tuple[ast.stmt, bool]]:
    for statement in body:
        yield statement, conditional
        if isinstance(statement, ast.If) and dotted(statement.test).rpartition(".")[2] == "TYPE_CHECKING":
            # What only type checkers see is no field.
            yield from _statements_of(statement.orelse, conditional=conditional)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for block, _ in blocks_of(statement):
                yield from _statements_of(block, conditional=True)


def all_written(module: Module) -> Iterator[Written]:
    """Every class of a module that may be a model: no base and no decorator makes it none."""
    with module.text_for_now():
        for index, statement in enumerate(module.facts.statements):
            if statement.word in ("import", "from"):
                continue
            text = module.statement_text(index)
            if statement.word == "class":
                matters = not _NO_BASES.match(text) or holds_nested(text)
            else:
                matters = statement.word == "@" and ("\nclass " in text or "\nclass\t" in text)
                matters = matters or holds_nested(text)
            if matters:
                yield from written_in(module, index)
