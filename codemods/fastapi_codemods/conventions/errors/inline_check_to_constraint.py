"""A parameter's range, length and form are declared, not checked in the handler.

`if limit > 100: raise HTTPException(400)` can be said as `limit: Annotated[int, Query(le=100)]`.

## Why

What is declared is in the documentation, is checked before anything else runs, and answers with every fault of a
request at once, each with its place. A check in the handler answers the first one, in words of its own.

## Left alone

- Checks that need more than one parameter, or anything but constants.
- Values that are made to fit (`limit = min(limit, 100)`): that is no check.
- Checks behind other work of the handler, which would have been done by then.

## Safety

It only reports. The status changes from 400 to 422 and the body to FastAPI's list of errors, and the check comes before
those of dependencies have an effect; clients may rely on what there is.

See <https://fastapi.tiangolo.com/tutorial/query-params-str-validations/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Parameter, Project
from ...project.placed import FunctionNode, Placed, argument, placed_function
from ...project.raises import HTTP_EXCEPTIONS
from ...project.reader import dotted
from ...project.responses import handlers_of
from ...project.statuses import status_of
from ...source.nodes import walk

_OPPOSITE = {ast.Gt: "le", ast.GtE: "lt", ast.Lt: "ge", ast.LtE: "gt"}
_MIRRORED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Gt: ast.Lt, ast.GtE: ast.LtE, ast.Lt: ast.Gt, ast.LtE: ast.GtE, ast.Eq: ast.Eq, ast.NotEq: ast.NotEq,
}  # fmt: skip
_NUMBERS = frozenset({"int", "float", "Decimal"})
_SCALARS = _NUMBERS | {"str"}
_MARKS = ("Query", "Path", "Header", "Cookie", "Form", "Body")


class _Check(NamedTuple):
    subject: str
    """`limit`, `len(name)`"""
    what: str
    """`range`, `length`, `choice`, `pattern`"""
    constraints: tuple[str, ...]


class InlineCheckToConstraint(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for handler in handlers_of(project):
            module, function = handler.module, handler.function
            if "HTTPException" not in module.statement_text(function.statement):
                continue
            parameters = {p.name: mark for p in function.parameters if (mark := _mark_of(module, p))}
            if not parameters:
                continue
            paths = " ".join(operation.path(project) or "" for operation in handler.operations)
            placed = placed_function(module, function)
            if placed is None:
                continue
            for statement, status, name, check in _checks(project, placed, parameters):
                mark = "Path" if f"{{{name}" in paths else parameters[name]
                answer = f"; status changes {status} -> 422" if status != 422 else "; the body changes"
                yield self.finding(
                    placed._replace(node=statement, around=(placed.node, *placed.around)).location,
                    f"{check.what} check of `{name}` can be expressed as"
                    f" {mark}({', '.join(check.constraints)}){answer}",
                    anchor=f"{function.qualified_name}.{name}.{','.join(check.constraints)}",
                )


def _mark_of(module: Module, parameter: Parameter) -> str | None:
    """What a parameter of a scalar type is taken from, `Query` without a mark; None for any other parameter."""
    if parameter.annotation is None or parameter.kind in ("*", "**"):
        return None
    text = module.code(parameter.annotation)
    whole = module.text[parameter.start : parameter.end]
    if "Depends(" in whole or "Security(" in whole:
        return None
    first = text.removeprefix("Annotated[").partition(",")[0] if text.startswith("Annotated[") else text
    names = first.replace("Optional[", "").replace("]", "").replace(" ", "").split("|")
    if not any(name in _SCALARS for name in names) or any(name not in {*_SCALARS, "None"} for name in names):
        return None
    return next((mark for mark in _MARKS if f"{mark}(" in whole), "Query")


def _checks(
    project: Project, placed: Placed, parameters: Mapping[str, str]
) -> Iterator[tuple[ast.If, int, str, _Check]]:
    """The checks that a handler begins with."""
    assert isinstance(placed.node, FunctionNode)
    for statement in placed.node.body:
        match statement:
            case ast.Expr(value=ast.Constant()):
                continue
            case ast.If(test=test, body=[ast.Raise(exc=ast.Call() as call)], orelse=[]):
                inside = placed._replace(around=(placed.node, *placed.around), node=statement)
                symbol = inside.resolve(project, call.func)
                status = status_of(project, inside, argument(call, "status_code", 0))
                if symbol is None or symbol.name not in HTTP_EXCEPTIONS or symbol.path is not None:
                    return
                names = {n.id for n in walk(test) if isinstance(n, ast.Name)} & parameters.keys()
                if status in (400, 422) and len(names) == 1:
                    name = names.pop()
                    check = _check(test, name)
                    if check is not None:
                        yield statement, status, name, check
            case _:
                return


def _check(test: ast.expr, name: str) -> _Check | None:
    """What has to hold for a test of one parameter to fail."""
    match test:
        case ast.BoolOp(op=ast.Or(), values=values):
            return _joined([_check(value, name) for value in values])
        case ast.BoolOp(op=ast.And(), values=[ast.Name(id=given), value]) if given == name:
            return _check(value, name)
        case ast.BoolOp(op=ast.And(), values=[ast.Compare(left=ast.Name(id=given), ops=[ast.IsNot()]), value]) if (
            given == name
        ):
            return _check(value, name)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Compare() as inner):
            return _holds(inner, name)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=func, args=[ast.Constant(value=str(pattern)), given])):
            if dotted(func) in ("re.match", "re.fullmatch") and isinstance(given, ast.Name) and given.id == name:
                start = "" if pattern.startswith("^") else "^"
                end = "$" if dotted(func) == "re.fullmatch" and not pattern.endswith("$") else ""
                return _Check(name, "pattern", (f"pattern=r{start + pattern + end!r}",))
            return None
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _fails(left, op, right, name)
    return None


def _joined(found: Sequence[_Check | None]) -> _Check | None:
    checks = [check for check in found if check is not None]
    if len(checks) != len(found) or len({(check.subject, check.what) for check in checks}) != 1:
        return None
    return checks[0]._replace(constraints=tuple(c for check in checks for c in check.constraints))


def _fails(left: ast.expr, op: ast.cmpop, right: ast.expr, name: str) -> _Check | None:
    """`limit > 100`, by which a value is refused."""
    if isinstance(op, ast.NotIn) and isinstance(left, ast.Name) and left.id == name:
        if isinstance(right, ast.Tuple | ast.List | ast.Set) and right.elts and all(map(_is_constant, right.elts)):
            listed = ", ".join(ast.unparse(part) for part in right.elts)
            return _Check(name, "choice", (f"as Literal[{listed}]",))
        return None
    if _is_constant(left):
        mirrored = _MIRRORED.get(type(op))
        return _fails(right, mirrored(), left, name) if mirrored is not None else None
    subject, what = _subject(left, name)
    kind = _OPPOSITE.get(type(op))
    if subject is None or kind is None or not _is_number(right):
        return None
    return _Check(subject, what, (_constraint(what, kind, right),))


def _holds(test: ast.Compare, name: str) -> _Check | None:
    """`not 1 <= limit <= 100`"""
    if len(test.ops) != 2 or not all(isinstance(op, ast.Lt | ast.LtE) for op in test.ops):
        return None
    low, middle, high = test.left, test.comparators[0], test.comparators[1]
    subject, what = _subject(middle, name)
    if subject is None or not (_is_number(low) and _is_number(high)):
        return None
    lower = "gt" if isinstance(test.ops[0], ast.Lt) else "ge"
    upper = "lt" if isinstance(test.ops[1], ast.Lt) else "le"
    return _Check(subject, what, (_constraint(what, lower, low), _constraint(what, upper, high)))


def _subject(node: ast.expr, name: str) -> tuple[str | None, str]:
    match node:
        case ast.Name(id=given) if given == name:
            return name, "range"
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=given)]) if given == name:
            return f"len({name})", "length"
    return None, ""


def _constraint(what: str, kind: str, number: ast.expr) -> str:
    text = ast.unparse(number)
    if what == "range":
        return f"{kind}={text}"
    value = ast.literal_eval(number)
    match kind:
        case "le":
            return f"max_length={value}"
        case "lt":
            return f"max_length={value - 1}"
        case "ge":
            return f"min_length={value}"
        case _:
            return f"min_length={value + 1}"


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) or _is_number(node)


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)
