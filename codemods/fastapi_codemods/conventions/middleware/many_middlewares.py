"""An application has few middlewares.

It reports applications with more than five.

## Why

Each middleware runs for every request, whatever it asks for, and in an order that is written nowhere but in the order
of the registrations. What concerns some routes belongs into a dependency of theirs.

## Left alone

- What a function of another package adds, which the source does not show.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/tutorial/middleware/>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.middlewares import Registration, stacks_of

MANY = 5


class ManyMiddlewares(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        by_application: dict[object, list[Registration]] = {}
        for stack in stacks_of(project):
            key = stack.application or (stack.module.path, id(stack))
            by_application.setdefault(key, []).extend(stack.registrations)
        for registrations in by_application.values():
            if len(registrations) <= MANY:
                continue
            first = registrations[0]
            names = ", ".join(f"`{one.name}`" for one in reversed(registrations))
            yield self.finding(
                first.location,
                f"each request to `{first.receiver}` goes through {len(registrations)} middlewares ({names}); what"
                " concerns some routes belongs into a dependency",
                anchor=f"{first.receiver}.middleware",
            )
