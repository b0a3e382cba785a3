"""Middleware answers with a response where it raises `HTTPException`.

    raise HTTPException(401, "no key")   ->   return JSONResponse(status_code=401, content={"detail": "no key"})

## Why

The handlers of exceptions stand inside of all middleware: nobody makes a response of what a middleware raises, and
the client gets a 500 instead of the 401.

## Left alone

- What a `try` around it, or a middleware further out, catches. Caught on the spot, it is no finding.
- Middleware that gets `scope`, `receive` and `send`: it has no response to return.
- Functions that a middleware calls and that raise one: they may be used elsewhere, too.
- A `raise` within a `with`, which would then end as if all were well.
- Projects that answer `HTTPException`, or any exception, with a handler of their own: their answers may have another
  form.

## Safety

A contract: the answer is what the code says, where it was 500.

See <https://fastapi.tiangolo.com/tutorial/middleware/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from itertools import pairwise
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, name_of_same
from ...edits.calls import write_call
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.functions import FunctionAt
from ...project.middlewares import Registration, calls_next, function_at, middleware_functions
from ...project.raises import Raised, http_exceptions_raised, is_http_exception
from ...project.reader import dotted
from ...project.started_work import blocks_around, calls_in, definition_of_callee
from ...project.types import Types
from ...project.words import modules_with, statements_with
from ...source import UnreadableSourceError
from ...source.discovery import is_test
from ...source.nodes import walk

RESPONSES = ("fastapi.responses.JSONResponse", "starlette.responses.JSONResponse")
_BROAD = frozenset({"Exception", "BaseException"})


class _Subject(NamedTuple):
    function: FunctionAt
    node: ast.Raise
    arguments: tuple[str, ...]


class MiddlewareHttpException(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        raised = http_exceptions_raised(project)
        if not raised:
            return
        by_function: dict[tuple[str, str], Raised] = {}
        for one in raised:
            by_function.setdefault((one.module.path, one.function), one)
        types = Types(project)
        for registration in middleware_functions(project):
            assert registration.work is not None
            function = function_at(registration.work)
            if function is None:
                continue
            yield from self._raised_here(project, registration, function)
            yield from self._raised_by_others(project, types, function, by_function)

    def _raised_here(self, project: Project, registration: Registration, function: FunctionAt) -> Iterator[Finding]:
        module = function.module
        for statement, around in blocks_around(function.node):
            match statement:
                case ast.Raise(exc=ast.Call() as call) if is_http_exception(project, module, call.func):
                    if _is_caught(project, function.module, [statement, *around]):
                        continue
                    result = _subject(project, registration, function, statement, call, around)
                    yield self.finding(
                        function.location(statement),
                        f"no handler of HTTPException sees the one that the middleware `{registration.name}` raises:"
                        " they stand inside of all middleware",
                        anchor=f"{function.name}.{ast.unparse(call)}",
                        left_alone=result if isinstance(result, str) else None,
                        subject=result,
                    )
                case _:
                    pass

    def _raised_by_others(
        self,
        project: Project,
        types: Types,
        function: FunctionAt,
        raising: dict[tuple[str, str], Raised],
    ) -> Iterator[Finding]:
        """The same one call away."""
        chains: dict[int, list[ast.AST]] = {}
        for statement, around in blocks_around(function.node):
            for node in walk(statement):
                chains[id(node)] = [statement, *around]  # the innermost statement comes last
        for call in calls_in(function.node):
            called = definition_of_callee(types, function.frame, call.func)
            one = raising.get((called.module.path, called.name)) if called is not None else None
            if one is None or _is_caught(project, function.module, chains.get(id(call), [])):
                continue
            if _is_caught(project, one.module, [one.node, *one.around]):
                continue
            name = ast.unparse(call.func)
            yield self.finding(
                function.location(call),
                f"no handler of HTTPException sees the one that `{name}()` raises in the middleware `{function.name}`:"
                " they stand inside of all middleware",
                anchor=f"{function.name}.{name}",
                left_alone=f"`{name}()` raises it at {one.module.path}:{one.line}, and may be used elsewhere",
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            subject: _Subject = finding.subject
            module, positions = subject.function.module, subject.function.positions
            dotted_name = name_of_same(module, *RESPONSES)
            assert dotted_name is not None
            response = edits.name(module, dotted_name, finding)
            span = positions.span(subject.node)
            write_call(edits, module, span, f"return {response}", subject.arguments, finding)
            assert isinstance(subject.node.exc, ast.Call)
            edits.drop_import(module, dotted(subject.node.exc.func).partition(".")[0], finding)


def _is_caught(project: Project, module: Module, chain: Sequence[ast.AST]) -> bool:
    """Whether a `try` around the first of these nodes catches the exception."""
    return any(
        isinstance(node, ast.Try | ast.TryStar)
        and inner in node.body
        and any(_catches(project, module, handler) for handler in node.handlers)
        for inner, node in pairwise(chain)
    )


def _catches(project: Project, module: Module, handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(dotted(one) in _BROAD or is_http_exception(project, module, one) for one in types)


def _subject(
    project: Project,
    registration: Registration,
    function: FunctionAt,
    node: ast.Raise,
    call: ast.Call,
    around: Sequence[ast.AST],
) -> _Subject | str:
    if not registration.is_base_http:
        return "it gets `scope`, `receive` and `send`, and has no response to return"
    if any(isinstance(part, ast.With | ast.AsyncWith) for part in around):
        return "the `with` around it would end as if all were well"
    if (outer := _catching_middleware(project, registration)) is not None:
        return f"the middleware `{outer}` may catch it"
    if (own := _own_handler(project)) is not None:
        return f"{own} answers exceptions in a form of its own"
    if has_comment(function.code(node)):
        return "a comment stands in it"
    if name_of_same(function.module, *RESPONSES) is None:
        return f"`{function.module.path}` has another `JSONResponse`"
    arguments = _arguments(function, call)
    return arguments if isinstance(arguments, str) else _Subject(function, node, arguments)


def _arguments(function: FunctionAt, call: ast.Call) -> tuple[str, ...] | str:
    """Those of the response, or why it cannot have them."""
    given: dict[str, ast.expr] = dict(zip(("status_code", "detail", "headers"), call.args, strict=False))
    if len(call.args) > 3 or any(isinstance(value, ast.Starred) for value in call.args):
        return "its arguments are not written one by one"
    for keyword in call.keywords:
        if keyword.arg not in ("status_code", "detail", "headers"):
            return "its arguments are not written one by one"
        given[keyword.arg] = keyword.value
    status = given.get("status_code")
    if status is None:
        return "it has no status"
    detail = given.get("detail")
    if detail is not None and not (isinstance(detail, ast.Constant) and detail.value is None):
        code = function.code(detail)
    elif isinstance(status, ast.Constant) and isinstance(status.value, int) and status.value in _PHRASES:
        code = f'"{_PHRASES[status.value]}"'
    else:
        return "what it says follows from its status"
    headers = given.get("headers")
    texts = [f"status_code={function.code(status)}", f'content={{"detail": {code}}}']
    if headers is not None and not (isinstance(headers, ast.Constant) and headers.value is None):
        texts.append(f"headers={function.code(headers)}")
    return tuple(texts)


_PHRASES = {status.value: status.phrase for status in HTTPStatus if status.value >= 400}


def _catching_middleware(project: Project, own: Registration) -> str | None:
    """Another middleware that catches what those inside of it raise."""
    for other in middleware_functions(project):
        assert other.work is not None
        if other.work == own.work or (function := function_at(other.work)) is None:
            continue
        onward = {(call.lineno, call.col_offset) for call in calls_next(other)}
        for statement, around in blocks_around(function.node):
            inside = {(part.lineno, part.col_offset) for part in walk(statement) if isinstance(part, ast.Call)}
            if not inside.isdisjoint(onward) and _is_caught(project, function.module, [statement, *around]):
                return other.name
    return None


def _own_handler(project: Project) -> str | None:
    """Where the project registers its own handler for HTTPException, or for what nothing else answers."""
    return project.remembered("handler of HTTPException", lambda: next(_own_handlers(project), None))


def _own_handlers(project: Project) -> Iterator[str]:
    for module in modules_with(project, _HANDLES_BYTES, (b"fastapi", b"starlette")):
        if is_test(module.path):
            continue
        for index in statements_with(module, _HANDLES):
            try:
                tree = module.tree(index)
            except (UnreadableSourceError, RecursionError):
                continue
            for node in walk(tree):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or not node.args:
                    continue
                if node.func.attr not in ("exception_handler", "add_exception_handler"):
                    continue
                caught = node.args[0]
                is_any = dotted(caught) in _BROAD or (isinstance(caught, ast.Constant) and caught.value == 500)
                if is_any or is_http_exception(project, module, caught):
                    yield f"{module.path}:{module.facts.statements[index].line + node.lineno - 1}"


_HANDLES = re.compile(r"exception_handler\s*\(")
_HANDLES_BYTES = re.compile(rb"exception_handler\s*\(")
