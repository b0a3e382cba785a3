"""A route that asks for its method becomes a route for each method.

A handler under `@app.api_route("/items", methods=["GET", "POST"])` whose body is `if request.method == "GET": ...` and
`else: ...` becomes one under `@app.get("/items")` and one under `@app.post("/items")`.

## Why

Two operations in one function share their parameters, their documentation, their status and their operation id: GET is
documented with the body of POST, and generated clients have two methods of one name. Which id it is even depends on
the order of a set, so that it may change from one start to the next.

## Left alone

- Routes for several methods whose handler does not ask for the method, as GET with HEAD, are no findings.
- Handlers that do something for all methods before or after they ask, ask in another way than with `==`, or do not
  treat every method in a branch of its own.
- More than one route for the handler, other decorators, an `operation_id`, unpacked arguments, methods that are not
  written as a list of strings, and objects of the project's own subclasses of `FastAPI` and `APIRouter`.
- Strings of several lines in a branch, which would have to be indented anew, and comments between the branches.
- A handler of which the new function's name is taken.

## Safety

A contract: operation ids and summaries of all methods but the first change, those of the first no longer depend on
the order of a set, and the answer to any other method names one method in `Allow`. What the methods answer stays the
same. The function of the first method keeps its name, also for `url_for`.

See <https://fastapi.tiangolo.com/tutorial/first-steps/#operation>.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.lines import has_string_over_lines
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...project.operations import (
    METHODS,
    Definition,
    Operation,
    decorator_besides,
    definition_of,
    operations_of,
    own_nodes,
)
from ...project.reader import dotted
from ...project.returns import leaves
from ...source.nodes import walk
from ...source.statements import line_starts

_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")


class _Branch(NamedTuple):
    method: str
    body: Span
    """Whole lines."""
    is_indented: bool
    """One level deeper than the function's body."""


class _Subject(NamedTuple):
    operation: Operation
    branches: tuple[_Branch, ...]
    body: Span
    """Of the function, behind its docstring: whole lines."""


class SplitMultiMethodRoute(Codemod):
    safety = Safety.CONTRACT

    after = ("api-route-to-method-decorator",)

    def find(self, project: Project) -> Iterator[Finding]:
        for operation in operations_of(project):
            given = operation.call.argument("methods")
            if operation.method != "api_route" or given is None:
                continue
            definition = definition_of(operation.module, operation.function)
            if definition is None or not (asked := _asked(operation, definition)):
                continue
            methods = _methods(operation.module, given.span)
            if methods is not None and len(methods) < 2:
                continue
            result = _split(operation, definition, methods, asked)
            line = operation.decorator.line
            yield self.finding(
                operation.module.location(line, 1, line),
                f"`{operation.function.name}` serves {', '.join(methods) if methods else 'several methods'} and asks"
                f" for `{asked}` to tell them apart",
                anchor=operation.anchor,
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            _rewrite(finding.subject, finding, edits)


def _rewrite(subject: _Subject, finding: Finding, edits: Edits) -> None:
    from ...edits import fragments

    operation = subject.operation
    module, function, call = operation.module, operation.function, operation.call
    newline = module.source.newline
    text = module.text
    start = max(text.rfind("\n", 0, call.span.start), text.rfind("\r", 0, call.span.start)) + 1
    before = text[start : call.span.start]
    between = module.code(Span(call.span.end, function.span.start))
    header = module.code(function.span)
    docstring = module.code(Span(function.span.end, subject.body.start))
    blank = newline * (2 if not function.scopes and not function.conditional else 1)
    parts = []
    for branch in subject.branches:
        is_first = branch is subject.branches[0]
        node = fragments.without_keyword(fragments.parse_call(module.code(call.span)), "methods")
        code = fragments.call_code(fragments.with_method(node, branch.method.lower()), newline)
        named = header if is_first else _renamed(header, function.name, _name(function.name, branch.method))
        body = module.code(branch.body)
        body = _dedented(body, module, subject) if branch.is_indented else body
        parts.append(f"{before}{code}{between}{named}{docstring}{body.rstrip()}{newline}")
    whole = blank.join(parts)
    ends = text[subject.body.end - 1 : subject.body.end] in ("\n", "\r")
    edits.replace(module, Span(start, subject.body.end), whole if ends else whole.rstrip("\r\n"), finding)


def _name(name: str, method: str) -> str:
    return f"{name}_{method.lower()}"


def _renamed(header: str, name: str, new: str) -> str:
    return re.sub(rf"(\bdef\s+){name}\b", rf"\g<1>{new}", header, count=1)


def _dedented(body: str, module: Module, subject: _Subject) -> str:
    outer = _margin(module.code(subject.body))
    inner = _margin(body)
    return "".join(
        outer + line[len(inner) :] if line.startswith(inner) and line.strip() else line
        for line in body.splitlines(keepends=True)
    )


def _margin(code: str) -> str:
    line = next((line for line in code.splitlines() if line.strip() and not line.lstrip().startswith("#")), "")
    return line[: len(line) - len(line.lstrip())]


def _methods(module: Module, span: Span) -> tuple[str, ...] | None:
    node = module.expression(span)
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return None
    found = [e.value.upper() for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return tuple(dict.fromkeys(found)) if len(found) == len(node.elts) else None


def _asked(operation: Operation, definition: Definition) -> str:
    """`request.method`, if a branch of the handler depends on it."""
    requests = {
        parameter.name
        for parameter in operation.function.parameters
        if parameter.annotation is not None
        and operation.module.code(parameter.annotation).rpartition(".")[2] == "Request"
    }
    for part in own_nodes(definition.node):
        if isinstance(part, ast.If | ast.Match | ast.IfExp):
            tested = part.subject if isinstance(part, ast.Match) else part.test
            for inner in walk(tested):
                if isinstance(inner, ast.Attribute) and inner.attr == "method" and dotted(inner.value) in requests:
                    return dotted(inner)
    return ""


def _split(operation: Operation, definition: Definition, methods: tuple[str, ...] | None, asked: str) -> _Subject | str:
    module, function = operation.module, operation.function
    if methods is None:
        return "its methods are not written as a list of strings"
    if unknown := [method for method in methods if method.lower() not in METHODS]:
        return f"`{unknown[0]}` has no decorator of its own"
    if operation.call.unpacks:
        return "it gets unpacked arguments"
    if not operation.is_of_fastapi:
        return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may have other methods"
    if operation.call.argument("operation_id") is not None:
        return "its `operation_id` can belong to one of them only"
    if decorator := decorator_besides(function):
        return f"`@{decorator}` stands above it, too"
    if len(function.decorators) > 1:
        return "it serves more than one route"
    body = list(definition.node.body)
    has_docstring = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    rest = body[1:] if has_docstring else body
    branches = _branches(module, definition, rest, methods, asked)
    if isinstance(branches, str):
        return branches
    for branch in branches[1:]:
        name = _name(function.name, branch.method)
        if re.search(rf"\b{name}\b", module.text):
            return f"the name `{name}` is taken"
    for branch in branches:
        if branch.is_indented and _has_long_string(module.code(branch.body)):
            return f"a string in the branch of {branch.method} goes over several lines"
    start = _next_line(module, definition.positions.span(body[0]).end if has_docstring else function.span.end)
    end = _next_line(module, definition.positions.span(body[-1]).end)
    if start is None or end is None:
        return "something else stands on one of its lines"
    if sum(_comments(module.code(branch.body)) for branch in branches) != _comments(module.code(Span(start, end))):
        return "a comment belongs to none of its branches"
    return _Subject(operation, tuple(branches), Span(start, end))


def _branches(
    module: Module, definition: Definition, rest: list[ast.stmt], methods: tuple[str, ...], asked: str
) -> list[_Branch] | str:
    positions = definition.positions
    left = list(methods)
    found: list[_Branch] = []
    body = rest
    is_indented = False
    while len(left) > 1 or (left and isinstance(body[0], ast.If) and _tested(body[0].test, asked) == left[0]):
        first = body[0]
        if not isinstance(first, ast.If):
            return "something runs for all methods before it asks for the method"
        method = _tested(first.test, asked)
        if method is None:
            return f'line {positions.line(first.lineno)} asks in another way than `{asked} == "..."`'
        if method not in left:
            return f"line {positions.line(first.lineno)} asks for {method}, which the route does not serve"
        left.remove(method)
        after = body[1:]
        if first.orelse and after:
            return "something runs for all methods after it asked for the method"
        if after and not any(leaves(statement) for statement in first.body):
            return f"the branch of {method} goes on to what stands below it"
        lines = _lines(module, definition, first.body)
        if lines is None:
            return "something else stands on the line of a branch"
        found.append(_Branch(method, lines, is_indented=True))
        if not left:
            if after or (first.orelse and not _is_elif(first)):
                return "it has a branch that no method comes to"
            return found
        body = first.orelse or after
        # An `elif` stands in the column of its `if`, what an `else` holds does not.
        is_indented = bool(first.orelse) and not _is_elif(first)
        if not body:
            return f"{left[0]} has no branch of its own"
        if is_indented and len(left) > 1:
            return "it asks for the method in a branch"
    lines = _lines(module, definition, body)
    if lines is None:
        return "something else stands on the line of a branch"
    return [*found, _Branch(left[0], lines, is_indented=is_indented)]


def _is_elif(node: ast.If) -> bool:
    return len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If) and node.orelse[0].col_offset == node.col_offset


def _tested(test: ast.expr, asked: str) -> str | None:
    match test:
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            for one, other in ((left, right), (right, left)):
                if dotted(one) == asked and isinstance(other, ast.Constant) and isinstance(other.value, str):
                    return other.value
    return None


def _lines(module: Module, definition: Definition, body: list[ast.stmt]) -> Span | None:
    first = definition.positions.span(body[0]).start
    text = module.text
    if decorators := getattr(body[0], "decorator_list", None):
        first = text.rfind("@", 0, definition.positions.span(decorators[0]).start)
    start = max(text.rfind("\n", 0, first), text.rfind("\r", 0, first)) + 1
    end = _next_line(module, definition.positions.span(body[-1]).end)
    if end is None or text[start:first].strip():
        return None
    starts = line_starts(text)
    line = bisect_left(starts, start)
    while line and re.match(r"[ \t]*(?:#|\r|\n)", text[starts[line - 1] : starts[line]]):
        line -= 1
    while line + 1 < len(starts) and starts[line] < start and not text[starts[line] : starts[line + 1]].strip():
        line += 1
    return Span(starts[line], end)


def _comments(code: str) -> int:
    """How many comments stand on lines of their own or behind a colon."""
    return len(re.findall(r"^[ \t]*#|:[ \t]*#", code, re.MULTILINE))


def _next_line(module: Module, offset: int) -> int | None:
    found = _REST_OF_LINE.match(module.text, offset)
    return found.end() if found is not None else None


def _has_long_string(code: str) -> bool:
    try:
        return has_string_over_lines(code)
    except (SyntaxError, ValueError):
        return True
