"""No two operations of an application have the same operation id.

`operation_id="getItem"` on two routes, or on one that takes several methods.

## Why

Generated clients name their methods by the id: of two operations with one id, one is lost or gets a number. FastAPI
warns of it ("Duplicate Operation ID"), but only when the schema is asked for.

## Left alone

- Routes that are not in the schema, and routes of different applications.
- Ids that are computed.

## Safety

It only reports: to change an id renames a method of every generated client.

See <https://fastapi.tiangolo.com/advanced/path-operation-advanced-configuration/#openapi-operationid>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.operations import Operation, operations_of
from ...project.routes import Route, applications_of
from ...source.discovery import is_test


class DuplicateOperationId(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        explicit: dict[str, list[Operation]] = {}
        for operation in operations_of(project):
            given = operation.call.argument("operation_id")
            text = project.string(operation.module, given.span) if given is not None else None
            is_hidden = operation.call.argument("include_in_schema") is not None
            if text is not None and not is_hidden and not is_test(operation.module.path):
                explicit.setdefault(text, []).append(operation)
                methods = _methods(operation)
                if methods > 1:
                    yield self.finding(
                        operation.module.location(operation.decorator.line, 1, operation.decorator.line),
                        f"the {methods} operations of `{operation.function.name}` all have the operation id `{text}`",
                        anchor=f"{operation.anchor}.{text}",
                    )
        by_name = _names_are_ids(project)
        if by_name or any(len(found) > 1 for found in explicit.values()):
            yield from self._in_tables(project, by_name=by_name)

    def _in_tables(self, project: Project, *, by_name: bool) -> Iterator[Finding]:
        reported: set[tuple[str, int, str]] = set()
        for application in applications_of(project):
            if application.is_router or is_test(application.file):
                continue
            seen: dict[str, Route] = {}
            for route in application.routes:
                name = route.operation_id if not by_name else route.operation_id or route.name
                if route.kind != "operation" or name is None or route.include_in_schema is not True:
                    continue
                if route.is_looped or not (by_name or _is_written(project, route, name)):
                    continue
                first = seen.setdefault(name, route)
                key = (route.file, route.line, name)
                if first is route or key in reported or (first.file, first.line) == (route.file, route.line):
                    continue
                module = project.module(route.file)
                if module is None:
                    continue
                reported.add(key)
                yield self.finding(
                    module.location(route.line, 1, route.line),
                    f"the operation id `{name}` is that of {first.file}:{first.line}, too: generated clients drop one"
                    " of the two",
                    anchor=f"{route.endpoint}.{name}",
                )


def _methods(operation: Operation) -> int:
    given = operation.call.argument("methods")
    if operation.method != "api_route" or given is None:
        return 1
    node = operation.module.expression(given.span)
    return len(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else 1


def _is_written(project: Project, route: Route, name: str) -> bool:
    """Whether an id stands in the source: of those that FastAPI makes, no two are alike but for shadowed routes."""
    module = project.module(route.file)
    return module is not None and f"{name}" in module.text


def _names_are_ids(project: Project) -> bool:
    """`generate_unique_id_function=lambda route: route.name`"""
    for module, made in project.instances("fastapi.FastAPI"):
        given = made.call.argument("generate_unique_id_function")
        if given is None:
            continue
        code = module.code(given.span)
        symbol = project.resolve(module, code, made.scopes)
        home: Module | None = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
        if home is not None and symbol is not None:
            code = "".join(home.statement_text(binding.statement) for binding in home.bindings(symbol.name))
        if re.search(r"(?:return|lambda \w+:)\s+(?:f[\"']\{)?\w+\.name(?:\}[\"'])?\s*\Z", code.strip()):
            return True
    return False
