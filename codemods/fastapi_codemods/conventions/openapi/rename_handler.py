"""A handler is named as functions are in Python, and its route keeps the name that clients know.

`def readItem()` becomes `def read_item()`, and `@app.get("/item")` becomes `@app.get("/item", name="readItem")`.

## Why

FastAPI makes the operation id of the function's name, the title of the operation, names of components, and the name for
`url_for`. So a rename that looks like style renames methods of every generated client, unless `name` says what it was.

It runs only if it is selected by its name.

## Left alone

- Handlers that something else than their routes uses, or names in a text, as tests that patch it.
- Names that the module has already.
- Handlers under other decorators, which may use the name, and projects that make operation ids in a way of their own.

## Safety

Safe: the schema is the same, and so are the names of routes.

See <https://fastapi.tiangolo.com/advanced/generate-clients/#custom-operation-ids-and-better-method-names>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Project, Span
from ...project.names import facts_of
from ...project.operations import decorator_besides
from ...project.references import uses
from ...project.responses import Handler, handlers_of


class _Rename(NamedTuple):
    handler: Handler
    name: str


class RenameHandler(Codemod):
    safety = Safety.SAFE

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        handlers = [
            handler for handler in handlers_of(project) if re.search(r"[a-z0-9][A-Z]|^[A-Z]", handler.function.name)
        ]
        symbols = {handler.symbol for handler in handlers if handler.symbol is not None}
        used = uses(project, symbols) if symbols else {}
        for handler in handlers:
            function = handler.function
            name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", function.name).lower()
            others = [use for use in used.get(handler.symbol, ()) if use.kind != "decorator"] if handler.symbol else []
            yield self.finding(
                handler.module.location(function.line, 1, function.end_line),
                f"`{function.name}` is not named as functions are: `{name}`",
                anchor=f"{function.qualified_name}.name",
                left_alone=f"{others[0].place} uses it" if others else _reason(project, handler, name),
                subject=_Rename(handler, name),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            item: _Rename = finding.subject
            module, function = item.handler.module, item.handler.function
            found = re.search(rf"\bdef\s+({re.escape(function.name)})\b", module.code(function.span))
            assert found is not None
            start = function.span.start
            edits.replace(module, Span(start + found.start(1), start + found.end(1)), item.name, finding)
            for operation in item.handler.operations:
                if operation.call.argument("name") is None:
                    quote = "'" if module.code(operation.call.span).count("'") > 1 else '"'
                    values = {"name": f"{quote}{function.name}{quote}"}
                    change_arguments(edits, module, operation.call, finding, values=values)


def _reason(project: Project, handler: Handler, name: str) -> str | None:
    module, function = handler.module, handler.function
    if function.scopes:
        return "it stands in a class or function, where others may use it"
    if len(module.bindings(function.name)) != 1:
        return "its module has several things of this name"
    if module.bindings(name) or any(name in scope.names for f in module.facts.functions for scope in f.scopes):
        return f"its module has a `{name}` already"
    if decorator := decorator_besides(function):
        return f"`@{decorator}` may use the name"
    for operation in handler.operations:
        if operation.call.unpacks:
            return "the route gets unpacked arguments"
        if not operation.is_of_fastapi:
            return f"`{operation.receiver}` is a `{operation.cls.name}` of the project's own, which may use the name"
    for _, made in project.instances("fastapi.FastAPI", "fastapi.APIRouter"):
        if made.call.argument("generate_unique_id_function") is not None:
            return "the project makes operation ids in a way of its own"
    facts = facts_of(project, module, function.name)
    if facts is None or facts.named or facts.imported or facts.exported or facts.read:
        return "it is imported, or named in a text, elsewhere"
    return None
