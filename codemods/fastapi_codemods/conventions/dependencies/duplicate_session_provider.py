"""An engine has one dependency that opens its sessions.

Two dependencies that each open sessions of the same engine, or of the same `sessionmaker`, are found.

## Why

A request that asks for both, be it through other dependencies, has two sessions and two transactions: the one does not
see what the other has not committed, and each takes a connection of the pool. A test that overrides one of them goes on
writing to the real database through the other.

## Left alone

- Two of which one commits and the other does not, or one is asynchronous: they are for different things.
- Dependencies that take their session from another one.
- Sessions whose engine is made while the program runs, and functions that nothing injects.
- Tests.

## Safety

It only reports: which of the two stays is for you to say.

See <https://fastapi.tiangolo.com/tutorial/sql-databases/#create-a-session-dependency>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.provided import SessionProvider, session_providers


class DuplicateSessionProvider(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        known: dict[tuple[object, ...], SessionProvider] = {}
        for one in session_providers(project):
            source = one.opened.source
            if source.path is None:
                continue
            key = (source, one.opened.is_async, one.commits)
            first = known.setdefault(key, one)
            if first is one:
                continue
            function, other = one.yielding.provided, first.yielding.provided
            yield self.finding(
                function.module.location(function.function.line, 1, function.function.end_line),
                f"`{function.function.name}` opens sessions of `{source.name}`, as `{other.function.name}`"
                f" ({other.module.path}:{other.function.line}) does: a request that has both has two transactions;"
                " inject one of them everywhere",
                anchor=function.function.qualified_name,
            )
