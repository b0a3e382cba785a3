"""What a request wrote is committed before it is answered.

Reported are dependencies that commit behind their `yield`, or leave a `with session.begin():` there, in versions of
FastAPI in which that code runs when the response has been sent.

## Why

In FastAPI from 0.118 on, and before 0.106, the code behind the `yield` of a dependency runs after the response. A
commit that fails there, by a constraint or a lost connection, was answered with success.

The remedy is a commit in the handler or the service, or `Depends(get_session, scope="function")`, with which the code
behind the `yield` runs before the response is sent (FastAPI 0.121).

## Left alone

- Dependencies that are injected with `scope="function"` everywhere.
- Projects whose oldest FastAPI is one from 0.106 to 0.117, where the commit comes before the response.
- Commits in an `except` or `finally`, and context managers whose code is elsewhere.
- Tests.

## Safety

It only reports: where the commit belongs is for you to say.

See <https://fastapi.tiangolo.com/advanced/advanced-dependencies/#dependencies-with-yield-httpexception-except-and-background-tasks>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.provided import Yielding, yielding
from ...project.reader import blocks_of, dotted
from ...project.versions import Versions
from ...source.nodes import walk

RUNS_AFTER_RESPONSE_SINCE = (0, 118)
RAN_AFTER_RESPONSE_BEFORE = (0, 106)
SCOPES_SINCE = (0, 121)


class CommitAfterYield(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        if not _runs_after_response(project.versions):
            return
        for one in yielding(project):
            if one.provided.scopes == {"function"}:
                continue
            for node, said in _commits(one):
                line = one.definition.positions.line(node.lineno)
                name = one.provided.function.name
                remedy = "commit before the handler returns"
                if project.versions.supports_fastapi(SCOPES_SINCE):
                    remedy += f', or inject it with `Depends({name}, scope="function")`'
                yield self.finding(
                    one.provided.module.location(line, 1, line),
                    f"`{name}` {said} behind its `yield`, when the response has been sent: if that fails, the client"
                    f" was told of success; {remedy}",
                    anchor=f"{one.provided.function.qualified_name}.{said}",
                )
                break


def _runs_after_response(versions: Versions) -> bool:
    return versions.fastapi >= RUNS_AFTER_RESPONSE_SINCE or versions.fastapi < RAN_AFTER_RESPONSE_BEFORE


def _commits(one: Yielding) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    yield from _behind(one.definition.node.body, one.node)


def _behind(body: Sequence[ast.stmt], yielded: ast.Yield) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    """Commits of the statements behind the one with the `yield`, from the inside to the outside."""
    index = next((i for i, statement in enumerate(body) if _holds(statement, yielded)), None)
    if index is None:
        return
    around = body[index]
    for block, is_other in blocks_of(around):
        if not is_other:
            yield from _behind(block, yielded)
    if isinstance(around, ast.Try) and any(_holds(part, yielded) for part in around.body):
        yield from _commits_in(around.orelse)
    if isinstance(around, ast.With | ast.AsyncWith):
        for item in around.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and dotted(call.func).rpartition(".")[2] == "begin":
                yield call, f"leaves `with {ast.unparse(call)}`, which commits"
    yield from _commits_in(body[index + 1 :])


def _commits_in(body: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt | ast.expr, str]]:
    for statement in body:
        for node in walk(statement):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
                yield node, f"calls `{ast.unparse(node)}`"


def _holds(statement: ast.stmt, yielded: ast.Yield) -> bool:
    return any(node is yielded for node in walk(statement))
