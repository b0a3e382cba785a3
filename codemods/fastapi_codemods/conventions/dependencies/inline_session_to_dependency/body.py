"""What a handler does with the session that it opens first, and its text without opening and closing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....edits import Edits
from ....edits.lines import remove_statements, stands_alone
from ....findings import Finding
from ....project import Module, Project, Span
from ....project.operations import Definition, Operation
from ....project.provided import Opened, opened_by
from ....project.reader import Positions, dotted
from ....project.types import own_nodes
from ....source.nodes import walk

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_STREAMS = re.compile(r"Streaming|EventSource")


class Body(NamedTuple):
    name: str
    """What the handler calls its session."""
    said: str
    """Source of what opens it."""
    opened: Opened
    call: ast.Call
    form: str
    """`with`, `async with`, `try`, or `plain`."""
    line: int
    column: int
    imports: tuple[str, ...]
    """Names that the handler needs for it, of which none may be left."""
    gone: tuple[Span, ...]
    """Statements that go."""
    dedented: Span | None
    """What moves one level to the left."""
    kept_lines: frozenset[int]
    """Offsets of lines in that which begin within a string."""
    depth: int
    reason: str | None


def body_of(project: Project, operation: Operation, definition: Definition) -> Body | None:
    """The session that a handler opens; None where it opens none."""
    node, positions = definition
    module = operation.module
    found = list(_openings(project, module, node))
    if not found:
        return None
    statement, name, call, opened, form = found[0]
    reader = _Reader(module, positions, node, name)
    body = without_docstring(node.body)
    empty = Body(
        name,
        ast.unparse(call),
        opened,
        call,
        form,
        positions.line(statement.lineno),
        positions.column(statement.lineno, statement.col_offset),
        tuple(sorted({n.id for n in walk(call) if isinstance(n, ast.Name)})),
        (),
        None,
        frozenset(),
        0,
        None,
    )
    reason = _reason(found, node, name, statement, body)
    if reason is not None:
        return empty._replace(reason=reason)
    if form in ("with", "async with"):
        return reader.of_with(empty, statement, body)
    return reader.of_assignment(empty, statement, body)


_Opening = tuple[ast.stmt, str, ast.Call, Opened, str]


def _openings(project: Project, module: Module, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Opening]:
    """Where a function opens a session, in the order of the text."""
    for part in sorted((p for p in own_nodes(node) if isinstance(p, ast.stmt)), key=lambda p: p.lineno):
        match part:
            case ast.With(items=items) | ast.AsyncWith(items=items):
                for item in items:
                    inner = item.context_expr
                    opened = opened_by(project, module, inner)
                    if opened is not None and isinstance(inner, ast.Call):
                        name = dotted(item.optional_vars) if item.optional_vars is not None else ""
                        form = "async with" if isinstance(part, ast.AsyncWith) else "with"
                        yield part, name, inner, opened, form if len(items) == 1 else "several"
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                inner = value.value if isinstance(value, ast.Await) else value
                opened = opened_by(project, module, inner)
                if opened is not None and isinstance(inner, ast.Call):
                    yield part, name, inner, opened, "plain"


def _reason(
    found: Sequence[_Opening],
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    name: str,
    statement: ast.stmt,
    body: Sequence[ast.stmt],
) -> str | None:
    _, _, call, opened, form = found[0]
    if len(found) > 1:
        return "it opens more than one"
    if not name or "." in name or form == "several":
        return "it is opened together with something else"
    if not body or body[0] is not statement:
        return "it is not the first thing that the handler does"
    if opened.commits:
        return "it commits where the `with` ends, which would come after the response"
    if opened.is_manager and form == "plain":
        return f"`{ast.unparse(call)}` is a context manager that is not entered"
    if opened.reason is not None:
        return opened.reason
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    local = {argument.arg for argument in walk(node.args) if isinstance(argument, ast.arg)}
    if any(isinstance(n, ast.Name) and n.id in local for value in arguments for n in walk(value)):
        return "what it is opened with comes from the request"
    return _reason_of_use(node, name)


def _reason_of_use(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str) -> str | None:
    """Why the session may be needed for longer, or by others, than the handler runs."""
    stores = 0
    for part in walk(node):
        match part:
            case ast.Name(id=own, ctx=ast.Store() | ast.Del()) if own == name:
                stores += 1
            case ast.Yield() | ast.YieldFrom():
                return "the handler, or a function in it, yields"
            case ast.Lambda() | ast.FunctionDef() | ast.AsyncFunctionDef() if part is not node:
                if any(isinstance(inner, ast.Name) and inner.id == name for inner in walk(part)):
                    return f"a function in the handler uses `{name}`"
            case ast.Call(func=function) if dotted(function).rpartition(".")[2] in (
                "add_task",
                "create_task",
                "submit",
            ):
                if any(isinstance(inner, ast.Name) and inner.id == name for inner in walk(part)):
                    return f"`{dotted(function)}` is given `{name}`"
            case ast.Call(func=function) if _STREAMS.search(dotted(function)):
                return "the handler answers with a stream, which would hold it"
            case ast.Global(names=names) | ast.Nonlocal(names=names) if name in names:
                return f"`{name}` is no variable of the handler"
            case ast.Call(func=ast.Name(id="locals" | "vars" | "eval" | "exec" as reads)):
                return f"`{reads}` may read it"
            case _:
                pass
    return f"`{name}` is given another value" if stores != 1 else None


def without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    is_docstring = (
        bool(body)
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )
    return list(body[1:] if is_docstring else body)


class _Reader:
    """Finds what goes and what moves."""

    def __init__(
        self, module: Module, positions: Positions, node: ast.FunctionDef | ast.AsyncFunctionDef, name: str
    ) -> None:
        self.module = module
        self.positions = positions
        self.node = node
        self.name = name

    def of_with(self, body: Body, statement: ast.stmt, statements: Sequence[ast.stmt]) -> Body:
        assert isinstance(statement, ast.With | ast.AsyncWith)
        if any(self._uses(other) for other in statements[1:]):
            return body._replace(reason=f"`{self.name}` is used behind the `with`")
        if self._closes(statement.body):
            return body._replace(reason=f"`{self.name}` is closed in the `with`, too")
        return self._moved(
            body, statement, statement.body, [Span(self._start(statement), self._start_of_body(statement))]
        )

    def of_assignment(self, body: Body, statement: ast.stmt, statements: Sequence[ast.stmt]) -> Body:
        rest = list(statements[1:])
        if not rest:
            return body._replace(reason="nothing is done with it")
        first = rest[0]
        if isinstance(first, ast.Try) and any(self._is_close(part) for part in first.finalbody):
            if len(first.finalbody) != 1:
                return body._replace(reason="its `finally` does more than close it")
            if self._closes([*first.body, *first.orelse, *(s for h in first.handlers for s in h.body), *rest[1:]]):
                return body._replace(reason=f"`{self.name}` is closed in more than one place")
            if any(self._uses(other) for other in rest[1:]):
                return body._replace(reason=f"`{self.name}` is used after it was closed")
            return self._of_try(body._replace(form="try"), statement, first)
        return self._of_plain(body, statement, rest)

    def _of_try(self, body: Body, statement: ast.stmt, attempt: ast.Try) -> Body:
        opening = self.positions.span(statement)
        end = self.positions.span(attempt).end
        if attempt.handlers:
            last = (attempt.orelse or attempt.handlers[-1].body)[-1]
            closing = Span(self._next_line(self.positions.span(last).end), end)
            if not self._is_free([opening]) or "#" in self.module.code(closing):
                return body._replace(reason="a comment, or another statement, stands where it is opened or closed")
            return body._replace(gone=(self._lines(opening), self._lines(closing)))
        if attempt.orelse:
            return body._replace(reason="its `try` has an `else`")
        closing = Span(self._next_line(self.positions.span(attempt.body[-1]).end), end)
        head = Span(self._start(attempt), self._start_of_body(attempt))
        if not self._is_free([opening]) or "#" in self.module.code(closing):
            return body._replace(reason="a comment, or another statement, stands where it is opened or closed")
        between = Span(self._lines(opening).start, head.end)
        return self._moved(body, attempt, attempt.body, [between], closing=self._lines(closing))

    def _of_plain(self, body: Body, statement: ast.stmt, rest: Sequence[ast.stmt]) -> Body:
        spans = [self.positions.span(statement)]
        for block, index in _blocks(rest):
            if not self._is_close(block[index]):
                continue
            behind = block[index + 1 :]
            if behind and not isinstance(behind[0], ast.Return | ast.Raise):
                return body._replace(reason=f"`{self.name}` is closed before the handler ends")
            if any(self._uses(other) for other in behind) or len(block) == 1:
                return body._replace(reason=f"`{self.name}` is used after it was closed")
            spans.append(self.positions.span(block[index]))
        if len(spans) == 1 + sum(self._is_close(part) for part in own_nodes(self.node)) and self._is_free(spans):
            return body._replace(gone=tuple(spans))
        return body._replace(reason="it is not closed where one could say that the handler ends")

    def _moved(
        self,
        body: Body,
        around: ast.stmt,
        inner: Sequence[ast.stmt],
        gone: Sequence[Span],
        closing: Span | None = None,
    ) -> Body:
        """The statements of a block in the place of what is around it."""
        start = self._start_of_body(around)
        end = self._next_line(self.positions.span(inner[-1]).end)
        text = self.module.text
        head = text[gone[-1].start : start]
        if (
            inner[0].lineno == around.lineno
            or "#" in head
            or text[start : self.positions.span(inner[0]).start].strip(" \t")
        ):
            return body._replace(reason="a comment, or another statement, stands where it is opened or closed")
        kept = {
            self.positions.offset(line, 0)
            for statement in inner
            for part in walk(statement)
            if isinstance(part, ast.Constant | ast.JoinedStr)
            and not isinstance(getattr(part, "value", ""), int | float)
            for line in range(part.lineno + 1, (part.end_lineno or part.lineno) + 1)
        }
        depth = inner[0].col_offset - around.col_offset
        spans = [Span(self._line_start(span.start), span.end) for span in gone]
        return body._replace(
            gone=(*spans, *([closing] if closing is not None else ())),
            dedented=Span(start, end),
            kept_lines=frozenset(kept),
            depth=depth,
        )

    # Places

    def _start(self, statement: ast.stmt) -> int:
        return self.positions.span(statement).start

    def _start_of_body(self, statement: ast.stmt) -> int:
        """Where the first line of a block begins, comments above its first statement included."""
        inner: ast.stmt = getattr(statement, "body")[0]  # noqa: B009  (a compound statement)
        header_end = self._start(statement)
        line = self._next_line(header_end)
        first = self._line_start(self._start(inner))
        while line < first and not self.module.text[header_end:line].rstrip().endswith(":"):
            line = self._next_line(line)
        return min(line, first)

    def _line_start(self, offset: int) -> int:
        return max(self.module.text.rfind("\n", 0, offset), self.module.text.rfind("\r", 0, offset)) + 1

    def _next_line(self, offset: int) -> int:
        found = _LINE.match(self.module.text, offset)
        return found.end() if found else offset

    def _lines(self, span: Span) -> Span:
        return Span(self._line_start(span.start), self._next_line(span.end))

    def _is_free(self, spans: Sequence[Span]) -> bool:
        """Whether statements have their lines to themselves, without a comment."""
        return all(stands_alone(self.module, s) and "#" not in self.module.code(self._lines(s)) for s in spans)

    # Uses

    def _is_close(self, node: ast.AST) -> bool:
        value = node.value if isinstance(node, ast.Expr) else None
        call = value.value if isinstance(value, ast.Await) else value
        return isinstance(call, ast.Call) and dotted(call.func) == f"{self.name}.close"

    def _closes(self, statements: Sequence[ast.stmt]) -> bool:
        return any(self._is_close(part) for statement in statements for part in walk(statement))

    def _uses(self, statement: ast.stmt) -> bool:
        return any(isinstance(part, ast.Name) and part.id == self.name for part in walk(statement))


def _blocks(statements: Sequence[ast.stmt]) -> Iterator[tuple[Sequence[ast.stmt], int]]:
    """Every statement, with the block that it stands in and its place there."""
    for index, statement in enumerate(statements):
        yield statements, index
        for field in ("body", "orelse", "finalbody"):
            inner = getattr(statement, field, None)
            if inner and not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _blocks(inner)
        for handler in getattr(statement, "handlers", ()):
            yield from _blocks(handler.body)
        for case in getattr(statement, "cases", ()):
            yield from _blocks(case.body)


def rewrite_body(edits: Edits, module: Module, body: Body, finding: Finding) -> None:
    """The handler without opening and closing."""
    if body.form == "plain":
        remove_statements(edits, module, body.gone, finding)
        return
    for span in body.gone:
        edits.replace(module, span, "", finding)
    if body.dedented is None:
        return
    offset = body.dedented.start
    for line in _LINE.findall(module.code(body.dedented)):
        margin = len(line) - len(line.lstrip(" \t"))
        if line.strip() and offset not in body.kept_lines and margin >= body.depth:
            edits.replace(module, Span(offset, offset + body.depth), "", finding)
        offset += len(line)
