"""Whether an annotation would be true: whether all that a handler returns is of a type, as its code shows."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ....project import Module, Project
from ....project.model import Function, Scope
from ....project.models import model
from ....project.operations import own_nodes
from ....project.reader import dotted
from ....project.responses import branches, meaning, named
from ....project.returns import returns_of

_MAKES_ITS_CLASS = frozenset(
    {"model_validate", "model_validate_json", "model_construct", "from_orm", "parse_obj", "parse_raw", "construct"}
)
_COPIES = frozenset({"model_copy", "copy"})
_PUTS_ONE = frozenset({"add", "append", "insert"})
_PUTS = _PUTS_ONE | {"extend", "setdefault", "update"}
_LISTS = frozenset(
    {"list", "typing.Sequence", "typing.Iterable", "collections.abc.Sequence", "collections.abc.Iterable"}
)
_NUMBERS = {"bool": (bool,), "int": (bool, int), "float": (bool, int, float), "str": (str,), "bytes": (bytes,)}


def reason_not_true(
    project: Project,
    module: Module,
    function: Function,
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    expected: ast.expr,
) -> str | None:
    """Why it is not certain that the handler returns `expected`, None where every way through it does."""
    returns = returns_of(node)
    if returns.is_generator:
        return "it is a generator, whose annotation would say what it streams"
    body = _Body(project, module, function, node)
    code = ast.unparse(expected)
    for value in returns.values:
        if not body.is_of(value, expected):
            return f"it returns `{_short(value)}`, of which the code does not show that it is of type `{code}`"
    if returns.ends_without and not body.is_of(ast.Constant(None), expected):
        return f"it may end without a value, which `{code}` does not allow"
    if not returns.values and not returns.ends_without:
        return "it never returns"
    return None


def _short(value: ast.expr) -> str:
    code = " ".join(ast.unparse(value).split())
    return code if len(code) <= 50 else code[:47] + "..."


class _Body:
    """The names of a handler, and what is known of them."""

    def __init__(
        self, project: Project, module: Module, function: Function, node: ast.FunctionDef | ast.AsyncFunctionDef
    ) -> None:
        self.project = project
        self.module = module
        self.outside = function.scopes
        self.bound: dict[str, list[ast.AST]] = {}
        self.put: dict[str, list[ast.expr | None]] = {}
        """What is put into containers, by the name of the container; None for what cannot be told."""
        arguments = node.args
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults = [
            *([None] * (len(positional) - len(arguments.defaults))),
            *arguments.defaults,
            *arguments.kw_defaults,
        ]
        for argument, default in zip([*positional, *arguments.kwonlyargs], defaults, strict=True):
            is_none = isinstance(default, ast.Constant) and default.value is None
            self.bound.setdefault(argument.arg, []).append(ast.Pass() if is_none else argument)
        for variadic in (arguments.vararg, arguments.kwarg):
            if variadic is not None:
                self.bound.setdefault(variadic.arg, []).append(ast.Pass())
        self._read(node)

    def _read(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        seen: set[ast.AST] = set()
        for part in own_nodes(node):
            match part:
                case ast.Assign(targets=targets):
                    for target in targets:
                        if isinstance(target, ast.Name):
                            self.bound.setdefault(target.id, []).append(part)
                            seen.add(target)
                case ast.AnnAssign(target=ast.Name() as target):
                    self.bound.setdefault(target.id, []).append(part)
                    seen.add(target)
                case ast.Name(ctx=ast.Store() | ast.Del()) if part not in seen:
                    self.bound.setdefault(part.id, []).append(ast.Pass())
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=args) if attr in _PUTS:
                    self.put.setdefault(name, []).append(args[-1] if attr in _PUTS_ONE and args else None)
                case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                    self.put.setdefault(name, []).append(None)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.bound.setdefault(name, []).append(ast.Pass())
                case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    self.bound.setdefault(name, []).append(ast.Pass())
                case ast.Import(names=names) | ast.ImportFrom(names=names):
                    for alias in names:
                        self.bound.setdefault((alias.asname or alias.name).partition(".")[0], []).append(ast.Pass())
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    for name in names:
                        self.bound.setdefault(name, []).append(ast.Pass())
                case _:
                    pass

    def meaning(self, node: ast.expr, scopes: Sequence[Scope] | None = None) -> str:
        return meaning(self.project, self.module, node, self.outside if scopes is None else scopes)

    def is_of(self, value: ast.expr, expected: ast.expr, depth: int = 0) -> bool:
        """Whether the value of an expression is of a type."""
        if depth > 20:
            return False
        match value:
            case ast.IfExp(body=body, orelse=orelse):
                return self.is_of(body, expected, depth + 1) and self.is_of(orelse, expected, depth + 1)
            case ast.NamedExpr(value=inner):
                return self.is_of(inner, expected, depth + 1)
            case ast.Name(id=name) if name in self.bound and name not in self.put:
                return all(self._binding_is_of(one, expected, depth) for one in self.bound[name])
        union = branches(self.project, self.module, expected)
        if len(union) > 1:
            return any(self.is_of(value, branch, depth + 1) for branch in union)
        expected = union[0]
        match value:
            case ast.Name(id=name) if name in self.bound:
                bound = all(self._binding_is_of(one, expected, depth) for one in self.bound[name])
                return bound and all(self._may_hold(expected, put, depth) for put in self.put[name])
            case ast.Call() | ast.Await():
                return self._call_is_of(value, expected, depth)
            case ast.Constant(value=None):
                return isinstance(expected, ast.Constant) and expected.value is None
        return self._literal_is_of(value, expected, depth)

    def _may_hold(self, container: ast.expr, put: ast.expr | None, depth: int) -> bool:
        """Whether what is put into a container is of the type that it holds, or it may hold anything."""
        if not isinstance(container, ast.Subscript):
            return True
        parts = container.slice.elts if isinstance(container.slice, ast.Tuple) else [container.slice]
        if self.meaning(parts[-1]) == "typing.Any":
            return True
        return put is not None and len(parts) == 1 and self.is_of(put, parts[0], depth + 1)

    def _binding_is_of(self, bound: ast.AST, expected: ast.expr, depth: int) -> bool:
        match bound:
            case ast.arg(annotation=ast.Subscript(value=head, slice=ast.Tuple(elts=[inner, *_]))) if (
                self.meaning(head) == "typing.Annotated"
            ):
                return self._is_within(inner, expected)
            case ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation):
                return self._is_within(annotation, expected)
            case ast.Assign(value=value):
                return self.is_of(value, expected, depth + 1)
        return False

    def _is_within(self, annotation: ast.expr, expected: ast.expr) -> bool:
        """Whether a type is the expected one, or one of those that the expected one allows."""
        allowed = {self.meaning(branch) for branch in branches(self.project, self.module, expected)}
        return {self.meaning(branch) for branch in branches(self.project, self.module, annotation)} <= allowed

    def _call_is_of(self, value: ast.Call | ast.Await, expected: ast.expr, depth: int) -> bool:
        call = value.value if isinstance(value, ast.Await) else value
        if not isinstance(call, ast.Call):
            return False
        if isinstance(call.func, ast.Subscript) and isinstance(expected, ast.Subscript):
            # `Page[Item](items=[])`
            is_same = self.meaning(call.func) == self.meaning(expected)
            return is_same and self._is_model(expected.value) and call is value
        name = dotted(call.func)
        head, _, member = name.rpartition(".")
        if name and name.partition(".")[0] not in self.bound:
            if not isinstance(value, ast.Await):
                if self._makes(name, expected):
                    return True
                if member in _MAKES_ITS_CLASS and head and self._makes(head, expected):
                    return True
            return self._gives_back(name, expected, is_awaited=isinstance(value, ast.Await))
        match call.func:
            case ast.Attribute(value=copied, attr=attr) if attr in _COPIES and not isinstance(value, ast.Await):
                return self._is_model(expected) and self.is_of(copied, expected, depth + 1)
        return False

    def _makes(self, name: str, expected: ast.expr) -> bool:
        """Whether calling the class of that name gives an object of the expected model."""
        symbol = self.project.resolve(self.module, name, self.outside)
        wanted = self.project.resolve(self.module, dotted(expected), self.outside) if dotted(expected) else None
        if symbol is None or wanted is None:
            return False
        made = model(self.project, symbol)
        return self._is_model(expected) and made is not None and (symbol == wanted or wanted in made.mro)

    def _is_model(self, expected: ast.expr) -> bool:
        symbol = self.project.resolve(self.module, dotted(expected), self.outside) if dotted(expected) else None
        found = model(self.project, symbol) if symbol is not None else None
        return found is not None and (found.is_pydantic or found.kind in ("dataclass", "pydantic-dataclass"))

    def _gives_back(self, name: str, expected: ast.expr, *, is_awaited: bool) -> bool:
        """Whether a function of the project says by its annotation that it gives back the expected type."""
        symbol = self.project.resolve(self.module, name, self.outside)
        found = self.project.function(symbol) if symbol is not None else None
        if found is None:
            return False
        home, function = found
        if function.returns is None or function.decorators or function.is_async != is_awaited:
            return False
        annotation = home.expression(function.returns)
        if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
            return False
        given = branches(self.project, home, annotation)
        wanted = {self.meaning(branch) for branch in branches(self.project, self.module, expected)}
        return {meaning(self.project, home, branch, function.scopes) for branch in given} <= wanted

    def _literal_is_of(self, value: ast.expr, expected: ast.expr, depth: int) -> bool:
        wanted, parts = expected, []
        if isinstance(expected, ast.Subscript):
            wanted = expected.value
            parts = expected.slice.elts if isinstance(expected.slice, ast.Tuple) else [expected.slice]
        if not isinstance(wanted, ast.Name | ast.Attribute):
            return False
        kind = named(self.project, self.module, wanted, self.outside)
        if kind == "typing.Any":
            return True
        match value:
            case ast.List(elts=elements) if kind in _LISTS:
                return all(not parts or self.is_of(element, parts[0], depth + 1) for element in elements)
            case ast.ListComp(elt=element) if kind in _LISTS:
                return not parts or self.is_of(element, parts[0], depth + 1)
            case ast.Dict(keys=keys, values=values) if kind == "dict":
                if len(parts) != 2:
                    return not parts and None not in keys
                return all(
                    key is not None and self.is_of(key, parts[0], depth + 1) and self.is_of(item, parts[1], depth + 1)
                    for key, item in zip(keys, values, strict=True)
                )
            case ast.JoinedStr():
                return kind == "str"
            case ast.Constant(value=constant):
                return type(constant) in _NUMBERS.get(kind, ())
            case ast.Compare(ops=ops):
                # What `==` gives is up to the operands.
                return kind == "bool" and isinstance(ops[-1], ast.Is | ast.IsNot | ast.In | ast.NotIn) and len(ops) == 1
            case ast.UnaryOp(op=ast.Not()):
                return kind == "bool"
        return False
