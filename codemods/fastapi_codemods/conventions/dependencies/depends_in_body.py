"""`Depends` stands in signatures, not in bodies.

`db = Depends(get_db)` in the body of a function, with `db` used as what the dependency gives, is found.

## Why

FastAPI reads `Depends` from signatures and from `dependencies=[...]`. Anywhere else it is an object without the methods
of what was asked for: `db.query(...)` raises an AttributeError, and the request is answered with a 500.

The remedy is a parameter of the handler, handed on to the function that needs it.

## Left alone

- What a factory hands on: `dependencies=[Depends(f)]`, `return Depends(f)`, a default of a function that is defined
  inside.
- Tests.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/tutorial/dependencies/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.injected import is_injector
from ...project.operations import definition_of, own_nodes
from ...project.reader import dotted
from ...source.discovery import is_test

_CALL = re.compile(r"\b(?:Depends|Security)\(")


class DependsInBody(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for module, function in project.functions():
            if is_test(module.path):
                continue
            end = module.facts.statements[function.statement].end
            if not _CALL.search(module.text, function.span.end, end):
                continue
            definition = definition_of(module, function)
            if definition is None:
                continue
            parts = list(own_nodes(definition.node))
            for call, how in _misused(project, module, parts):
                line = definition.positions.line(call.lineno)
                yield self.finding(
                    module.location(line, definition.positions.column(call.lineno, call.col_offset), line),
                    f"`{ast.unparse(call)}` in the body of `{function.name}` gives no value of the dependency, and"
                    f" {how}: ask for it with a parameter",
                    anchor=f"{function.qualified_name}.{ast.unparse(call)}",
                )


def _misused(project: Project, module: Module, parts: list[ast.AST]) -> Iterator[tuple[ast.Call, str]]:
    """Calls of `Depends` that are taken for what they name, and how."""
    used: dict[str, ast.AST] = {}
    for part in parts:
        match part:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                used.setdefault(name, part)
            case ast.withitem(context_expr=ast.Name(id=name)) | ast.Await(value=ast.Name(id=name)):
                used.setdefault(name, part)
            case ast.Subscript(value=ast.Name(id=name)) | ast.For(iter=ast.Name(id=name)):
                used.setdefault(name, part)
            case _:
                pass
    for part in parts:
        match part:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Call() as call)
            ) if name in used:
                if is_injector(project, module, dotted(call.func)):
                    yield call, f"`{name}` is used as if it did"
            case ast.Attribute(value=ast.Call() as call, attr=attribute) if attribute != "dependency":
                if is_injector(project, module, dotted(call.func)):
                    yield call, f"`.{attribute}` is asked of it"
            case ast.withitem(context_expr=ast.Call() as call) | ast.Await(value=ast.Call() as call):
                if is_injector(project, module, dotted(call.func)):
                    yield call, f"it stands behind `{'with' if isinstance(part, ast.withitem) else 'await'}`"
            case ast.Call() as outer:
                yield from _handed_on(project, module, outer)
            case _:
                pass


def _handed_on(project: Project, module: Module, outer: ast.Call) -> Iterator[tuple[ast.Call, str]]:
    """`crud.read(Depends(get_db))`: the project's own function gets it, as an argument of its own."""
    callee = project.resolve(module, dotted(outer.func))
    if callee is None or callee.path is None or project.function(callee) is None:
        return
    for given in (*outer.args, *(k.value for k in outer.keywords if k.arg not in ("dependencies", "dependency"))):
        if isinstance(given, ast.Call) and is_injector(project, module, dotted(given.func)):
            yield given, f"`{dotted(outer.func)}` is given it"
