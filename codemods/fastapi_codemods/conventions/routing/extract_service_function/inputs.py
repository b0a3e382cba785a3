"""What the function of a region is given: parameters of the handler and variables set before it, with plain types."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ....project import Function, Module, Project, Span
from ....project.operations import Definition
from ....project.reader import dotted
from ....project.types import Frame, Types
from ....source.nodes import walk
from .region import Region, loaded, stored

_ROW = frozenset({"first", "get", "one_or_none", "scalar_one_or_none"})
_SURE_ROW = frozenset({"one", "scalar_one"})
_ROWS = frozenset({"query", "select"})
_MADE_BY = {"bool": "bool", "dict": "dict", "float": "float", "int": "int", "len": "int", "list": "list", "set": "set",
            "sorted": "list", "str": "str", "tuple": "tuple"}  # fmt: skip


class Input(NamedTuple):
    name: str
    type: str
    """As code of the handler's module; empty for a parameter that says none."""
    alias: tuple[str, Module] | None = None
    """Where `type` is an alias for a dependency, which only that module names: what it provides, as code of which
    module."""


class Unknown(NamedTuple):
    reason: str


def inputs_of(
    project: Project, module: Module, function: Function, definition: Definition, region: Region
) -> tuple[Input, ...] | Unknown:
    """In the order of the parameters, then of the assignments."""
    needed = loaded(region.statements) - _set_first(region.statements)
    if region.is_whole:
        needed |= {name for part in _walk(region.statements) if isinstance(part, ast.Global) for name in part.names}
    again = stored(region.before)
    found = [
        Input(parameter.name, *_type_of(project, module, parameter.annotation))
        for parameter in function.parameters
        if parameter.name in needed
    ]
    declared = {name for part in _walk(region.before) if isinstance(part, ast.Global) for name in part.names}
    if name := next(iter(sorted(declared & (needed | stored(region.statements)))), None):
        return Unknown(f"it declares `{name}` global before it uses it")
    parameters = {item.name for item in found}
    variables = _Variables(project, module, definition, region)
    for name in sorted((needed & again) - parameters, key=variables.order):
        type_ = variables.type(name)
        if type_ is None:
            return Unknown(f"the type of `{name}`, which its work needs, is not known")
        found.append(Input(name, type_))
    return tuple(found)


def _walk(statements: Iterable[ast.stmt]) -> Iterator[ast.AST]:
    for statement in statements:
        yield from walk(statement)


def _set_first(statements: Sequence[ast.stmt]) -> set[str]:
    """Names that a statement of the region itself sets before anything in it reads them."""
    found: set[str] = set()
    read: set[str] = set()
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) | ast.For(target=ast.Name(id=name), iter=value):
                read |= loaded([ast.Expr(value)])
                if name not in read:
                    found.add(name)
        read |= loaded([statement])
    return found


def _type_of(project: Project, module: Module, annotation: Span | None) -> tuple[str, tuple[str, Module] | None]:
    """The type of a parameter as code on one line, `T` for `Annotated[T, ...]`; empty where it is none."""
    if annotation is None:
        return "", None
    code = module.code(annotation)
    node = module.expression(annotation)
    if isinstance(node, ast.Name) and (aliased := _of_alias(project, module, node.id)) is not None:
        provided, home = aliased
        if means_the_same(project, provided, home, module):
            return ast.unparse(provided), None
        return code, (ast.unparse(provided), home)
    if isinstance(node, ast.Subscript) and dotted(node.value).rpartition(".")[2] == "Annotated":
        if not isinstance(node.slice, ast.Tuple):
            return "", None
        code = ast.get_source_segment(f"({code}\n)", node.slice.elts[0]) or ""
    return (code if "\n" not in code and "\r" not in code else ""), None


def _of_alias(project: Project, module: Module, name: str) -> tuple[ast.expr, Module] | None:
    """`Session`, and the module that calls it that, for the alias `SessionDep = Annotated[Session, Depends(...)]`."""
    symbol = project.resolve(module, name)
    home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if home is None or symbol is None or len(bindings := home.bindings(symbol.name)) != 1:
        return None
    for node in home.tree(bindings[0].statement).body:
        value = getattr(node, "value", None)
        match value:
            case ast.Subscript(value=name_, slice=ast.Tuple(elts=[provided, *_])):
                if dotted(name_).rpartition(".")[2] == "Annotated":
                    return provided, home
    return None


def means_the_same(project: Project, node: ast.expr, home: Module, module: Module) -> bool:
    """Whether the names in an expression of one module mean the same in another."""
    for part in walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            return False
        if isinstance(part, ast.Name):
            if not home.bindings(part.id) and not module.bindings(part.id) and hasattr(builtins, part.id):
                continue
            symbol = project.resolve(home, part.id)
            if symbol is None or project.resolve(module, part.id) != symbol:
                return False
    return True


class _Variables:
    """What the variables are that the statements before a region set."""

    def __init__(self, project: Project, module: Module, definition: Definition, region: Region) -> None:
        self._project, self._module = project, module
        self._before = region.before
        self._frame = Frame(module, (definition.node,))
        self._types: Types = project.remembered("extract-service-function: types", lambda: Types(project))

    def order(self, name: str) -> tuple[int, str]:
        for index, statement in enumerate(self._before):
            if name in stored([statement]):
                return index, name
        return len(self._before), name

    def type(self, name: str) -> str | None:
        """Where all that is assigned to it has one type and one assignment is made in any case; None if not known."""
        assigned = list(self._assigned(name))
        types = {type_ for type_, _ in assigned}
        found = types.pop() if len(types) == 1 and any(is_sure for _, is_sure in assigned) else None
        if found is not None and found.endswith("| None") and self._is_guarded(name):
            return found.removesuffix("| None").rstrip()
        return found

    def _assigned(self, name: str) -> Iterator[tuple[str | None, bool]]:
        """The types of what it is set to, and whether it is in any case."""
        for statement in self._before:
            plain = 0
            for part in walk(statement):
                match part:
                    case ast.Assign(targets=[ast.Name(id=own)], value=value) if own == name:
                        yield self._of(value), part is statement
                    case ast.AnnAssign(target=ast.Name(id=own), annotation=type_, value=ast.expr()) if own == name:
                        yield ast.unparse(type_), part is statement
                    case ast.AugAssign(target=ast.Name(id=own)) if own == name:
                        pass  # of the type that it is
                    case _:
                        continue
                plain += 1
            stores = sum(
                isinstance(part, ast.Name) and part.id == name and isinstance(part.ctx, ast.Store)
                for part in walk(statement)
            )
            if stores > plain or (not stores and name in stored([statement])):
                yield None, False

    def _is_guarded(self, name: str) -> bool:
        """`if name is None: raise ...` stands before the region."""
        for statement in self._before:
            match statement:
                case ast.If(test=test, body=[*_, ast.Raise() | ast.Return()], orelse=[]) if _asks_for(test, name):
                    return True
        return False

    def _of(self, value: ast.expr) -> str | None:
        is_awaited = isinstance(value, ast.Await)
        node = value.value if isinstance(value, ast.Await) else value
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | bytes() as constant) if not is_awaited:
                return type(constant).__name__
            case ast.JoinedStr():
                return "str"
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return "bool"
            case ast.List() | ast.ListComp():
                return "list"
            case ast.Dict() | ast.DictComp():
                return "dict"
            case ast.Set() | ast.SetComp():
                return "set"
            case ast.Call(func=ast.Name(id=name)) if name in _MADE_BY and not self._module.bindings(name):
                return _MADE_BY[name]
            case ast.Call():
                return self._row(node) or self._returned(node, is_awaited=is_awaited) or self._object(value)
            case ast.Name() | ast.Attribute():
                return self._object(value)
        return None

    def _row(self, node: ast.Call) -> str | None:
        """`Customer | None` for `session.get(Customer, 1)`, `session.query(Customer).first()` and the like."""
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _ROW | _SURE_ROW:
            return None
        ending = "" if node.func.attr in _SURE_ROW else " | None"
        if node.func.attr == "get" and len(node.args) > 1:
            return self._class(node.args[0], ending) if self._is_session(node.func.value) else None
        rows = [
            part for part in walk(node) if isinstance(part, ast.Call) and dotted(part.func).rpartition(".")[2] in _ROWS
        ]
        if len(rows) == 1 and len(rows[0].args) == 1:
            if rows[0].func is not None and dotted(rows[0].func).rpartition(".")[2] == "select":
                methods = {part.attr for part in walk(node.func) if isinstance(part, ast.Attribute)}
                if not methods & {"exec", "scalars", "scalar_one", "scalar_one_or_none"}:
                    return None  # a row of one column
            return self._class(rows[0].args[0], ending)
        return None

    def _is_session(self, node: ast.expr) -> bool:
        value = self._types.value(self._frame, node)
        return value is not None and value.symbol.name.rpartition(".")[2] in ("AsyncSession", "Session")

    def _class(self, node: ast.expr, ending: str) -> str | None:
        name = dotted(node)
        return f"{name}{ending}" if name and name.rpartition(".")[2][:1].isupper() else None

    def _returned(self, node: ast.Call, *, is_awaited: bool) -> str | None:
        """What a function of the project says that it returns."""
        name = dotted(node.func)
        symbol = self._project.resolve(self._module, name) if name else None
        found = self._project.function(symbol) if symbol is not None else None
        if found is None or found[1].returns is None or found[1].is_async != is_awaited or found[1].decorators:
            return None
        home, function = found
        assert function.returns is not None
        annotation = home.expression(function.returns)
        if not means_the_same(self._project, annotation, home, self._module):
            return None
        code = ast.unparse(annotation)
        optional = re.fullmatch(r"(?:\w+\.)?Optional\[(.+)\]", code)
        return f"{optional.group(1)} | None" if optional else code if code != "None" else None

    def _object(self, node: ast.expr) -> str | None:
        """The class of an object, as the module calls it."""
        value = self._types.value(self._frame, node)
        if value is None or not value.is_object:
            return None
        last = value.symbol.name.rpartition(".")[2]
        return last if last and self._project.resolve(self._module, last) == value.symbol else None


def _asks_for(test: ast.expr, name: str) -> bool:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=own)):
            return own == name
        case ast.Compare(left=ast.Name(id=own), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return own == name
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(_asks_for(value, name) for value in values)
    return False
