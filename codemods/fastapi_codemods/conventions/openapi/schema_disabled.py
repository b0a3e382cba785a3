"""The schema of an application is there, and its routes are in it.

`FastAPI(openapi_url=None)`, `APIRouter(include_in_schema=False)`.

## Why

Without the schema there is no documentation, no generated client, and no way for a gateway or a test to know what the
application takes. It hides nothing: who finds a path can call it.

## Left alone

- Values that come from settings, as for production.
- Documentation that is switched off and served by a route of the project's own.
- Single routes, which somebody chose one by one, and routers for pages, files or other protocols, by their names.
- Routers, where more than one of ten is hidden.

## Safety

It only reports; `restore-schema`, selected by its name, takes the arguments out.

See <https://fastapi.tiangolo.com/advanced/conditional-openapi/>.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.schema_switches import switched_off


class SchemaDisabled(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for switch in switched_off(project):
            yield self.finding(
                switch.module.location(switch.line, 1, switch.line),
                f"{switch.written} {switch.effect}",
                anchor=f"{switch.owner}.{switch.written}",
            )
