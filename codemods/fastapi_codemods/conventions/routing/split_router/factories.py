"""Handlers that a function makes, `create_app()`: whether each could as well stand at module level.

Such a handler is another function whenever the factory is called. It can move where it uses nothing of the factory but
the router that its decorator names, and where nothing in its header could have another value at import.
"""

from __future__ import annotations

import ast
import symtable

from ....project import Module
from ....project.model import Function
from ....project.reader import dotted
from ....source.nodes import walk
from .units import Sheet, Unit, is_inert_call


def why_not_out_of_its_function(sheet: Sheet, unit: Unit, router: str) -> str | None:
    """Why the handler, a unit with an `owner`, cannot stand at module level; None where it can."""
    handler, owner = unit.node, unit.owner
    if owner is None or not isinstance(handler, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    function = f"`{owner.name}()`"
    if handler.name in sheet.names:
        return f"something else at module level has the name of this handler of {function}"
    closure = names_around(sheet.module, owner.statement, handler, router)
    if closure is None:
        return f"{function} cannot be read"
    if closure:
        names = " and ".join(f"`{name}`" for name in sorted(closure))
        return f"it closes over {names} of {function}, which a router at module level lacks"
    for part in _header_of(handler, router):
        if (called := _evaluated_later(sheet, part)) is not None:
            return f"`{called}` in its header is evaluated whenever {function} is called"
    return None


def closure_of(module: Module, function: Function, router: str) -> frozenset[str]:
    """The names of the functions around the handler that it uses, but for the router that its decorators name."""
    line = function.line - module.facts.statements[function.statement].line + 1
    for node in walk(module.tree(function.statement)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.lineno == line:
            return names_around(module, function.statement, node, router) or frozenset()
    return frozenset()


def names_around(
    module: Module, statement: int, handler: ast.FunctionDef | ast.AsyncFunctionDef, router: str
) -> frozenset[str] | None:
    """The names of the functions around the handler that it uses; None where Python cannot tell."""
    try:
        table = symtable.symtable(module.statement_text(statement), module.path, "exec")
    except (SyntaxError, ValueError):
        return None
    # Versions of Python differ on whether a function begins with its decorators.
    lines = {handler.lineno, *(decorator.lineno for decorator in handler.decorator_list)}
    around: set[str] = set()
    waiting: list[tuple[symtable.SymbolTable, set[str]]] = [(table, set())]
    while waiting:
        scope, outer = waiting.pop()
        if isinstance(scope, symtable.Function):
            if scope.get_name() == handler.name and scope.get_lineno() in lines:
                header = {
                    node.id for part in _header_of(handler, router) for node in walk(part) if isinstance(node, ast.Name)
                }
                return frozenset((header & outer) | {*scope.get_frees()})
            around = outer | {*scope.get_locals(), *scope.get_parameters()}
        else:
            around = outer
        waiting += [(inner, around) for inner in scope.get_children()]
    return None


def _header_of(handler: ast.FunctionDef | ast.AsyncFunctionDef, router: str) -> list[ast.expr]:
    """What is evaluated when the function is made, but for the names of the router."""
    parts: list[ast.expr] = []
    for decorator in handler.decorator_list:
        name = dotted(decorator.func) if isinstance(decorator, ast.Call) else ""
        if isinstance(decorator, ast.Call) and name.rpartition(".")[0] == router:
            parts += [*decorator.args, *(keyword.value for keyword in decorator.keywords)]
        else:
            parts.append(decorator)
    arguments = handler.args
    parts += [*arguments.defaults, *filter(None, arguments.kw_defaults)]
    for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
        if argument is not None and argument.annotation is not None:
            parts.append(argument.annotation)
    return [*parts, *([handler.returns] if handler.returns is not None else [])]


def _evaluated_later(sheet: Sheet, part: ast.expr) -> str | None:
    """What in the expression may have another value when the module is imported."""
    for node in walk(part):
        match node:
            case ast.Call(func=func) if not is_inert_call(sheet, func):
                return f"{ast.unparse(func)}()"
            case ast.Attribute() if _may_change(sheet, node):
                return ast.unparse(node)
            case ast.Await() | ast.Yield() | ast.YieldFrom() | ast.NamedExpr():
                return ast.unparse(node)
    return None


def _may_change(sheet: Sheet, node: ast.Attribute) -> bool:
    """`settings.prefix`, `os.environ`: of an object of the project, or of what is outside of the program. What a class,
    an enumeration or a library has is there as soon as it is imported."""
    name = dotted(node)
    head = name.partition(".")[0]
    symbol = sheet.project.resolve(sheet.module, name) if name else None
    if symbol is not None and symbol.path is None:
        return symbol.name.startswith(("os.", "sys."))
    facts = sheet.names.get(head)
    return facts is None or facts.kind not in ("class", "import") or _is_instance(sheet, head)


def _is_instance(sheet: Sheet, name: str) -> bool:
    """Whether an imported name of the project is an object, as `settings`, and no class or module."""
    symbol = sheet.project.resolve(sheet.module, name)
    module = sheet.project.module(symbol.path) if symbol is not None and symbol.path is not None else None
    if symbol is None or module is None or not symbol.name:
        return False
    return any(binding.kind != "class" for binding in module.bindings(symbol.name.partition(".")[0]))


def dedented(text: str, node: ast.stmt, first_line: int) -> str:
    """The text of a function, whose lines `ast` counts from `first_line`, as it stands at module level: no line within
    a string changes, except of its docstring."""
    lines = text.splitlines(keepends=True)
    head = next((line for line in lines if line.strip()), "")
    indent = head[: len(head) - len(head.lstrip())]
    kept: set[int] = set()
    for inner in walk(node):
        if isinstance(inner, ast.Constant | ast.JoinedStr) and (inner.end_lineno or 0) > inner.lineno:
            kept |= {*range(inner.lineno + 1, (inner.end_lineno or 0) + 1)}
    match node:
        case (
            ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as docstring, *_])
            | ast.AsyncFunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as docstring, *_])
        ):
            own = {*range(docstring.lineno + 1, (docstring.end_lineno or 0) + 1)}
            inside = [lines[n - first_line] for n in own if 0 <= n - first_line < len(lines)]
            if all(not line.strip() or line.startswith(indent) for line in inside):
                kept -= own
    return "".join(
        line if first_line + number in kept else line.removeprefix(indent) if line.strip() else line.lstrip(" \t")
        for number, line in enumerate(lines)
    )
