"""What a handler raises passes through the dependencies that yield.

Reported are `try: yield ... except Exception:` in dependencies where the `except` does not raise.

## Why

FastAPI throws what the handler raised into the dependency at its `yield`. A dependency that takes it and does not raise
again has told FastAPI that all is well, though there is no response: every error, a `HTTPException(404)` too, becomes a
500. Before FastAPI 0.110 the error was raised again, so code of that time may lack the `raise`.

## Left alone

- `except` for one kind of exception, which may be meant; and one that raises somewhere.
- Functions that nothing injects, such as a lifespan.
- Tests.

## Safety

It only reports. A `raise` at the end of the `except` is what is missing nearly always.

See <https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/#always-raise-in-dependencies-with-yield-and-except>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.provided import Yielding, yielding
from ...project.reader import dotted
from ...project.types import own_nodes
from ...source.nodes import walk

_EVERYTHING = frozenset({"BaseException", "Exception", "HTTPException", "StarletteHTTPException"})


class YieldSwallowsException(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for one in yielding(project):
            for handler in _swallowing(one):
                line = one.definition.positions.line(handler.lineno)
                caught = f"`except {ast.unparse(handler.type)}`" if handler.type is not None else "`except`"
                name = one.provided.function.name
                yield self.finding(
                    one.provided.module.location(line, 1, line),
                    f"{caught} of `{name}` takes what handlers raise and raises nothing: a 404 of theirs becomes a 500;"
                    " end it with `raise`",
                    anchor=f"{one.provided.function.qualified_name}.except",
                )


def _swallowing(one: Yielding) -> Iterator[ast.ExceptHandler]:
    for node in own_nodes(one.definition.node):
        if isinstance(node, ast.Try) and any(inner is one.node for part in node.body for inner in walk(part)):
            for handler in node.handlers:
                types = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
                catches = any(kind is None or dotted(kind).rpartition(".")[2] in _EVERYTHING for kind in types)
                raises = any(isinstance(inner, ast.Raise) for part in handler.body for inner in walk(part))
                if catches and not raises:
                    yield handler
