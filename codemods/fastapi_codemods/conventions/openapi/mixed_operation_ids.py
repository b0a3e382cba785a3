"""All operations have an id of their own if nearly all of them do.

Forty routes say `operation_id="listItems"`, three do not and get `read_orders_orders_get`.

## Why

Methods of generated clients are named by these ids. The three stand out among the forty, and change whenever somebody
renames their function or moves their path.

## Left alone

- Projects in which fewer than seven of ten operations, or fewer than five, have an id.
- Projects with a `generate_unique_id_function`.
- Routes that are not in the schema, and those that are no part of an API, such as health checks.

## Safety

It only reports: which name it should be is for a person to say.

See <https://fastapi.tiangolo.com/advanced/generate-clients/>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import operations_of
from ...project.schema_switches import NO_API, is_hidden
from ...source.discovery import is_test

ENOUGH = 5
SHARE = 0.7


class MixedOperationIds(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        shown = [
            operation
            for operation in operations_of(project)
            if operation.method != "websocket"
            and not is_test(operation.module.path)
            and operation.call.argument("include_in_schema") is None
            and not is_hidden(project, operation)
            and not operation.call.unpacks
        ]
        explicit = [operation for operation in shown if operation.call.argument("operation_id") is not None]
        if len(explicit) < max(ENOUGH, SHARE * len(shown)) or len(explicit) == len(shown):
            return
        made = project.instances("fastapi.FastAPI", "fastapi.APIRouter")
        if any(one.call.argument("generate_unique_id_function") is not None for _, one in made):
            return
        for operation in shown:
            path = operation.path(project) or "/"
            if operation.call.argument("operation_id") is None and not NO_API.search(path):
                yield self.finding(
                    operation.module.location(operation.decorator.line, 1, operation.decorator.line),
                    f"`{operation.function.name}` has no operation id, unlike {len(explicit)} of {len(shown)}"
                    " operations of the project",
                    anchor=f"{operation.anchor}.operation_id",
                )
