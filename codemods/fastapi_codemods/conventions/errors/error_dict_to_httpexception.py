"""A handler that fails says so by its status, not by a dict with `error` in it.

`if item is None: return {"error": "not found"}` is answered with 200; `raise HTTPException(404, "not found")` is not.

## Why

Whoever calls looks at the status: clients, retries, monitoring, caches. An error that is answered with 200 is a success
to all of them, and the shape of the body is documented nowhere.

## Left alone

- Reports in which an error is one part of the result (`{"results": ..., "errors": []}`), and values that are None,
  False or empty.
- Answers whose fields the response model has: the error is a result like any other.
- Handlers that set the status by a `response` that they are given.
- Handlers that return nothing but such dicts.

## Safety

It only reports: which status is meant is for a person to say, and clients may read the body.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.catching import clause_around
from ...project.models import model
from ...project.operations import decorator_besides
from ...project.payloads import payloads_of
from ...project.placed import FunctionNode, Placed, placed_function
from ...project.responses import Handler, handlers_of
from ...source.nodes import walk

_WORD = re.compile(r"[\"'](?:error\w*|success|status|ok)[\"']")
_ERROR = frozenset({"error", "err", "error_message", "errorMessage", "error_msg"})
_BESIDE = _ERROR | {
    "code", "detail", "details", "error_code", "errors", "message", "msg", "ok", "reason", "status", "status_code",
    "success", "traceback", "type",
}  # fmt: skip
_FAILED = frozenset({"error", "failed", "failure", "fail", "not_found", "unauthorized", "forbidden", "invalid"})


class ErrorDictToHttpexception(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for handler in handlers_of(project):
            text = handler.module.statement_text(handler.function.statement)
            if "return" not in text or not _WORD.search(text) or decorator_besides(handler.function):
                continue
            placed = placed_function(handler.module, handler.function)
            if placed is None or any(o.call.argument("status_code") for o in handler.operations):
                continue
            yield from self._in_handler(project, handler, placed)

    def _in_handler(self, project: Project, handler: Handler, function: Placed) -> Iterator[Finding]:
        returned = [placed for placed in function.within(function.node, ast.Return) if _value(placed) is not None]
        failing = [placed for placed in returned if _says_error(_value(placed)) and _is_in_branch(placed)]
        if not failing or len(failing) == len(returned) or _sets_status(function.node):
            return
        for placed in failing:
            value = _value(placed)
            assert isinstance(value, ast.Dict)
            if _is_declared(project, handler, value):
                continue
            keys = ", ".join(f'"{key.value!s}"' for key in value.keys if isinstance(key, ast.Constant))
            yield self.finding(
                placed.location,
                f"`{handler.function.name}` answers 200 with {{{keys}}} where it fails; raise"
                f" HTTPException({_guess(placed)}), if no client reads the body",
                anchor=f"{handler.function.qualified_name}.{keys}",
            )


def _value(placed: Placed) -> ast.expr | None:
    assert isinstance(placed.node, ast.Return)
    return placed.node.value


def _says_error(node: ast.expr | None) -> bool:
    if not isinstance(node, ast.Dict) or not node.keys:
        return False
    given = {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    # `{"status": "ERROR", "reason": ...}` is how LNURL wants it.
    if len(given) != len(node.keys) or not given.keys() <= _BESIDE or given.keys() == {"status", "reason"}:
        return False
    for key, value in given.items():
        constant = value.value if isinstance(value, ast.Constant) else Ellipsis
        if key in _ERROR and not (isinstance(value, ast.Constant) and not constant):
            # `{"error": {...}}` is a shape that other people's clients may know.
            return not isinstance(value, ast.Dict)
        if key in ("success", "ok") and constant is False:
            return True
        if key == "status" and isinstance(constant, str) and constant.lower() in _FAILED:
            return True
    return False


def _is_declared(project: Project, handler: Handler, value: ast.Dict) -> bool:
    """Whether the model that the handler answers with has these fields: then the error is a result like any other."""
    names = {str(key.value) for key in value.keys if isinstance(key, ast.Constant)}
    return any(
        payload.handler == handler
        and payload.role == "response"
        and (found := model(project, payload.named.symbol)) is not None
        and names <= {field.name for field in found.fields}
        for payload in payloads_of(project)
    )


def _is_in_branch(placed: Placed) -> bool:
    for node in placed.around:
        if isinstance(node, ast.If | ast.ExceptHandler | ast.match_case):
            return True
        if isinstance(node, FunctionNode):
            return False
    return False


def _sets_status(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "status_code" and isinstance(node.ctx, ast.Store)
        for node in walk(function)
    )


def _guess(placed: Placed) -> str:
    """The status that is likely meant."""
    text = ast.unparse(placed.node).lower()
    for words, status in ((("not found", "does not exist", "no such"), 404), (("unauthorized", "token"), 401)):
        if any(word in text for word in words):
            return str(status)
    if any(word in text for word in ("forbidden", "permission", "not allowed", "denied")):
        return "403"
    if clause_around(placed) is not None:
        return "500"
    for node in placed.around:
        match node:
            case ast.If(test=ast.UnaryOp(op=ast.Not()) | ast.Compare(ops=[ast.Is()])):
                return "404 or 400"
            case ast.If():
                break
            case _:
                pass
    return "400"
