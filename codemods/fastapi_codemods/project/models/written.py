"""What stands in a class, without meaning: kept with the module, so without the bodies of its methods."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
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
            case ast.AnnAssign(target=ast.Name(id=name)) if statement.simple:
                items.append(_item(name, statement.annotation, statement.value, statement.lineno, places))
            case ast.Assign():
                for target in statement.targets:
                    for name, value in _assigned(target, statement.value):
                        items.append(_item(name, None, value, statement.lineno, places))
                    if not isinstance(target, ast.Name | ast.Tuple | ast.List):
                        doubt = "its body assigns to something else than names"
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                returns, text = places.span(statement.returns)
                line = places.positions.line(statement.lineno)
                methods.append(Method(statement.name, tuple(statement.decorator_list), returns, text, line))
            case ast.ClassDef(name="Config"):
                config = statement
            case ast.Delete() | ast.AugAssign():
                doubt = "its body changes names"
            case ast.Expr(value=ast.Call(func=function)) if _CHANGES_NAMES.search(ast.unparse(function)):
                doubt = "its body changes names"
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
        _merged(items),
        tuple(methods),
        inner.items if inner else None,
        inner.bases if inner else (),
        places.positions.line(node.lineno),
        doubt,
    )


_CHANGES_NAMES = re.compile(r"\b(?:exec|locals|vars)\b")


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The names of `a, b = 1, 2` with their values; the whole value where it is not written as one for each."""
    match target, value:
        case ast.Name(id=name), _:
            yield name, value
        case ((ast.Tuple() | ast.List()), (ast.Tuple() | ast.List())) if len(target.elts) == len(value.elts):
            for inner, part in zip(target.elts, value.elts, strict=True):
                yield from _assigned(inner, part)
        case ((ast.Tuple() | ast.List()), _):
            for inner in target.elts:
                yield from _assigned(inner.value if isinstance(inner, ast.Starred) else inner, value)
        case _:
            return


def _merged(items: Sequence[Item]) -> tuple[Item, ...]:
    """As the namespace of the class has it: of each name the first place, the last annotation and the last value."""
    found: dict[str, Item] = {}
    for item in items:
        if (known := found.get(item.name)) is not None:
            if item.annotation is None:
                item = item._replace(  # noqa: PLW2901
                    annotation=known.annotation,
                    annotation_span=known.annotation_span,
                    annotation_text=known.annotation_text,
                )
            if item.value is None:
                item = item._replace(value=known.value, value_span=known.value_span)  # noqa: PLW2901
        found[item.name] = item
    return tuple(found.values())


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
