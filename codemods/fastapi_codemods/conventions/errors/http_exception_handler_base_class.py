"""A handler for `HTTPException` is registered for Starlette's class, which all of them are.

`@app.exception_handler(HTTPException)` with FastAPI's class becomes
`@app.exception_handler(StarletteHTTPException)`.

## Why

FastAPI's `HTTPException` derives from Starlette's, and what the router raises for an unknown path or a wrong method is
Starlette's own. A handler for FastAPI's class never sees these: clients get one shape of errors from handlers and
another one for every 404 and 405 of the router.

## Left alone

- Applications with a handler for Starlette's class, or for 404 and 405, too.
- Modules in which `StarletteHTTPException` is something else.

## Safety

A contract: answers to unknown paths and wrong methods get the shape that the handler gives.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/#override-the-httpexception-error-handler>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.exception_handlers import ExceptionHandler, exception_handlers
from ...project.placed import FunctionNode
from ...project.reader import dotted

_OWN = Symbol(None, "fastapi.HTTPException")
_BASE = Symbol(None, "starlette.exceptions.HTTPException")
_LOCAL = "StarletteHTTPException"


class HttpExceptionHandlerBaseClass(Codemod):
    safety = Safety.CONTRACT
    effects = frozenset({"handler", "response"})

    def find(self, project: Project) -> Iterator[Finding]:
        registered = exception_handlers(project)
        for handler in registered:
            if handler.kind != _OWN:
                continue
            # An application is told apart by its module alone: a second one there may have the other handler.
            others = {other.kind for other in registered if other.placed.module is handler.placed.module}
            if _BASE in others or {404, 405} <= others:
                continue
            place = handler.placed._replace(node=handler.key)
            yield self.finding(
                place.location,
                "the handler is registered for FastAPI's HTTPException and so never sees a 404 or 405 of the router",
                anchor=f"{handler.placed.qualified_name}.HTTPException",
                left_alone=_reason(handler),
                subject=handler,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            handler: ExceptionHandler = finding.subject
            module = handler.placed.module
            name = _name_of_base(module)
            if name is None:
                name = _LOCAL
                edits.import_name(module, "starlette.exceptions", f"HTTPException as {_LOCAL}", finding)
            edits.replace(module, handler.placed.span(handler.key), name, finding)
            function = handler.function
            if function is not None and function.module is module and isinstance(function.node, FunctionNode):
                for parameter in (*function.node.args.posonlyargs, *function.node.args.args):
                    if parameter.annotation is not None and function.resolve(project, parameter.annotation) == _OWN:
                        edits.replace(module, function.span(parameter.annotation), name, finding)
            if isinstance(handler.key, ast.Name):
                edits.drop_import(module, dotted(handler.key), finding)


def _name_of_base(module: Module) -> str | None:
    return next((local for local, targets in module.imports.items() if targets == [_BASE.name]), None)


def _reason(handler: ExceptionHandler) -> str | None:
    module = handler.placed.module
    if _name_of_base(module) is None and module.bindings(_LOCAL):
        return f"{module.path} has another `{_LOCAL}`"
    return None
