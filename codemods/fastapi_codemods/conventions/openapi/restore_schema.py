"""An application serves its schema again: the arguments that switch it off go.

`FastAPI(openapi_url=None)` becomes `FastAPI()`.

## Why

`schema-disabled` says where and why. To serve a schema is a decision about what the public may know, so this runs only
if it is selected by its name.

## Left alone

- Values that come from settings.
- Everything that `schema-disabled` leaves alone.
- Calls that get unpacked arguments.

## Safety

A contract: the schema and the documentation are served, or get more routes.

See <https://fastapi.tiangolo.com/advanced/conditional-openapi/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...findings import Finding, Safety
from ...project import Project
from ...project.schema_switches import Switch, switched_off


class RestoreSchema(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        for switch in switched_off(project):
            yield self.finding(
                switch.module.location(switch.line, 1, switch.line),
                f"{switch.written} {switch.effect}",
                anchor=f"{switch.owner}.{switch.written}",
                left_alone="the call gets unpacked arguments" if switch.call.unpacks else None,
                subject=switch,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        # Several arguments of one call go in one edit, which is that of the first finding.
        calls: dict[tuple[str, int], tuple[Switch, Finding, list[str]]] = {}
        for finding in findings:
            switch: Switch = finding.subject
            key = switch.module.path, switch.call.span.start
            calls.setdefault(key, (switch, finding, []))[2].append(switch.argument)
        for switch, finding, names in calls.values():
            change_arguments(edits, switch.module, switch.call, finding, remove=names)
