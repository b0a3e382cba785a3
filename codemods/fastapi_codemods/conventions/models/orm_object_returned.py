"""A handler that returns database objects answers with a response model.

`return db.query(User).all()` in a handler that has neither `response_model=` nor a return annotation.

## Why

Without a model FastAPI sends every column that the object has loaded, `hashed_password` included, and with the next
column that is added one more. Whether a relationship is in the answer depends on what was loaded before, and the
documentation says nothing of any of it. A response model says what is sent; FastAPI reads it from the object's
attributes.

## Left alone

- Handlers with a response model or an annotation.
- Values of which the code does not show that they are database objects.
- What a query gives when it asks for columns (`select(User.id)`), and objects that something else is made of.
- Tests.

## Safety

It only reports. What the answer should hold is for people to say; a model that holds less is a breaking change.

See <https://fastapi.tiangolo.com/tutorial/response-model/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.models import Model, model
from ...project.operations import definition_of, own_nodes
from ...project.payloads import named_in
from ...project.reader import dotted
from ...project.responses import Handler, handlers_of
from ...project.returns import returns_of
from ...source.nodes import walk

_ENDS_IN_OBJECTS = frozenset(
    {"all", "first", "fetchall", "get", "get_or_404", "last", "one", "one_or_none", "scalar", "scalar_one",
     "scalar_one_or_none", "scalars", "first_or_404", "unique"}
)  # fmt: skip
_KEEPS = frozenset(
    {"filter", "filter_by", "where", "order_by", "offset", "limit", "join", "outerjoin", "options", "distinct",
     "execution_options", "with_for_update", "execute", "exec", "scalars", "unique", "select_from", "populate_existing"}
)  # fmt: skip


class OrmObjectReturned(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for handler in handlers_of(project):
            if any(handler.models) or handler.function.returns is not None:
                continue
            if any(operation.call.unpacks for operation in handler.operations):
                continue
            if not _may_return_one(project, handler):
                continue
            definition = definition_of(handler.module, handler.function)
            if definition is None:
                continue
            body = _Body(project, handler, definition.node)
            for value in returns_of(definition.node).values:
                if (found := body.objects_of(value)) is not None:
                    what = f"{_kind(value)}`{found.name}` objects as the database has them"
                    line = definition.positions.line(value.lineno)
                    yield self.finding(
                        handler.module.location(line, 1, line),
                        f"`{handler.function.name}` returns {what}, with {_columns(found)}: "
                        "say in a response model what to send",
                        anchor=f"{handler.function.qualified_name} returns {found.name}",
                    )
                    break


def _kind(value: ast.expr) -> str:
    return "a dict with " if isinstance(value, ast.Dict) else ""


def _columns(found: Model) -> str:
    names = [field.name for field in found.fields if field.role in ("column", "field")]
    if not names:
        return "all its columns"
    shown = ", ".join(f"`{name}`" for name in names[:4])
    return f"{shown} and {len(names) - 4} more columns" if len(names) > 4 else f"its columns {shown}"


class _Body:
    """What the names of one handler hold, where they hold database objects."""

    def __init__(self, project: Project, handler: Handler, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.project = project
        self.handler = handler
        self.values: dict[str, list[ast.expr | None]] = {}
        for part in own_nodes(node):
            match part:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.values.setdefault(name, []).append(value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.values.setdefault(name, []).append(value)
                case ast.Assign(targets=targets):
                    for stored in (stored for target in targets for stored in walk(target)):
                        if isinstance(stored, ast.Name):
                            self.values.setdefault(stored.id, []).append(None)
                case ast.For(target=target) | ast.AsyncFor(target=target):
                    for stored in walk(target):
                        if isinstance(stored, ast.Name):
                            self.values.setdefault(stored.id, []).append(None)
                case _:
                    pass

    def objects_of(self, value: ast.expr, depth: int = 0) -> Model | None:
        """The database class whose objects a value is or holds; None where nothing tells."""
        if depth > 10:
            return None
        match value:
            case ast.Await(value=inner):
                return self.objects_of(inner, depth + 1)
            case ast.Name(id=name) if name in self.values:
                return self._agreed(self.values[name], depth)
            case ast.Dict(values=values):
                return next((found for one in values if (found := self.objects_of(one, depth + 1))), None)
            case ast.List(elts=values) | ast.Tuple(elts=values):
                return next((found for one in values if (found := self.objects_of(one, depth + 1))), None)
            case ast.BoolOp(op=ast.Or(), values=[first, *_]):
                return self.objects_of(first, depth + 1)
            case ast.Call(func=ast.Name(id="list"), args=[inner]):
                return self.objects_of(inner, depth + 1)
            case ast.Call():
                return self._called(value, depth)
        return None

    def _agreed(self, values: Sequence[ast.expr | None], depth: int) -> Model | None:
        """`user = None` first, or another query in another branch, are no contradiction; anything else is."""
        found: Model | None = None
        for value in values:
            here = self.objects_of(value, depth + 1) if value is not None else None
            if here is None and not _is_none(value):
                return None
            found = found or here
        return found

    def _called(self, call: ast.Call, depth: int) -> Model | None:
        name = dotted(call.func)
        if name and (made := self._class(name)) is not None:
            return made
        if name and (symbol := self.project.resolve(self.handler.module, name, self.handler.function.scopes)):
            return self._given_back(symbol)
        if isinstance(call.func, ast.Attribute):
            if call.func.attr == "get" and call.args and (asked := self._class(dotted(call.args[0]))) is not None:
                return asked
            if call.func.attr in _ENDS_IN_OBJECTS:
                return self._asked(call, depth)
        return None

    def _asked(self, node: ast.expr, depth: int) -> Model | None:
        """The class that a query is about: `db.query(User).filter(...).first()`, `db.scalars(select(User)).all()`."""
        if depth > 30:
            return None
        match node:
            case ast.Await(value=inner):
                return self._asked(inner, depth + 1)
            case ast.Name(id=name) if name in self.values:
                found = [self._asked(one, depth + 1) if one is not None else None for one in self.values[name]]
                first = found[0]
                return first if first is not None and all(one == first for one in found) else None
            case ast.Call(func=ast.Attribute(attr="query"), args=[asked]):
                return self._class(dotted(asked))
            case ast.Call(func=ast.Name(id="select") | ast.Attribute(attr="select"), args=[asked]):
                return self._class(dotted(asked))
            case ast.Call(func=ast.Attribute(value=on, attr=attr), args=args) if attr in _KEEPS | _ENDS_IN_OBJECTS:
                given = args[:1] if attr in ("execute", "exec", "scalars", "scalar") else []
                for part in (on, *given):
                    if (asked_for := self._asked(part, depth + 1)) is not None:
                        return asked_for
        return None

    def _class(self, name: str) -> Model | None:
        symbol = self.project.resolve(self.handler.module, name, self.handler.function.scopes) if name else None
        return _database_class(self.project, symbol)

    def _given_back(self, symbol: Symbol) -> Model | None:
        return _database_class_given_back(self.project, symbol)


def _may_return_one(project: Project, handler: Handler) -> bool:
    """Whether the text asks for a database class, makes an object of one, or calls what is annotated with one.

    Nearly all handlers without a model return something else, and need not be parsed to know it.
    """
    module, scopes = handler.module, handler.function.scopes
    text = module.statement_text(handler.function.statement)
    known: dict[str, bool] = module.remembered("names of database classes", dict)

    def is_one(name: str) -> bool:
        if name not in known:
            known[name] = _database_class(project, project.resolve(module, name, scopes)) is not None
        return known[name]

    if any(is_one(match.group(1)) for match in _ASKS.finditer(text)):
        return True
    returned = {word for line in _RETURN.findall(text) for word in _WORD.findall(line)}
    for match in _CALLS.finditer(text):
        target, name = match.groups()
        if target is not None and target not in returned:
            continue
        if _IS_CLASS.search(name):
            if is_one(name):
                return True
            continue
        symbol = project.resolve(module, name, scopes)
        if symbol is not None and _database_class_given_back(project, symbol) is not None:
            return True
    return False


_ASKS = re.compile(r"\b(?:query|select|get)\(\s*((?:[A-Za-z_]\w*\.)?_?[A-Z]\w*)\s*[,)]")
_CALLS = re.compile(
    r"(?:\breturn\s+\[?|\breturn\s+\{[^\n]*:\s*|(?:^|\n)[ \t]*(\w+)\s*=\s*)(?:await\s+)?([A-Za-z_][\w.]*)\("
)
_RETURN = re.compile(r"\breturn\b([^\n]*)")
_WORD = re.compile(r"\w+")
_IS_CLASS = re.compile(r"(?:^|\.)_?[A-Z]\w*\Z")


def _database_class(project: Project, symbol: Symbol | None) -> Model | None:
    found = model(project, symbol) if symbol is not None and symbol.path is not None and symbol.name else None
    return found if found is not None and (found.kind == "orm" or found.table) else None


def _database_class_given_back(project: Project, symbol: Symbol) -> Model | None:
    """The database class that the annotation of a function of the project names."""

    def look() -> Model | None:
        found = project.function(symbol) if symbol.path is not None and symbol.name else None
        if found is None or (returned := found[1].returns) is None:
            return None
        for named in named_in(project, found[0], returned):
            if (database := _database_class(project, named.symbol)) is not None:
                return database
        return None

    return project.remembered(("database class given back", symbol), look)


def _is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
