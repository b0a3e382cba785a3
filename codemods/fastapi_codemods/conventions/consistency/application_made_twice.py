"""An application is made in one place.

Two applications that serve mostly the same functions, `app = FastAPI()` beside a `create_app()`, are found.

## Why

What one of them gets, a middleware, an exception handler, a router, the other lacks until somebody notices: tests then
run against another application than the one that is served.

## Left alone

- A factory and what is made by calling it: that is one application.
- Applications of different services in one repository, which share less than half of their functions, and one that is
  mounted in the other.
- Applications in tests, examples and documentation.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.routes import Application, likely_applications
from ...source.discovery import is_test

FEWEST_SHARED = 3
_ASIDE = re.compile(r"(?:^|/)(?:benchmarks?|docs?|docs_src|examples?|tutorials?)(?:/|$)")


class ApplicationMadeTwice(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        applications = [
            application
            for application in likely_applications(project)
            if not (application.is_router or is_test(application.file) or _ASIDE.search(application.file))
        ]
        for number, application in enumerate(applications):
            for other in applications[:number]:
                shared = _shared(application, other)
                module = project.glance(application.file) if shared else None
                if module is not None:
                    yield self.finding(
                        module.location(application.line, 1, application.line),
                        f"`{application.name}` serves {shared} of the functions that `{other.name}` serves, made at"
                        f" {other.file}:{other.line}",
                        anchor=application.name,
                    )
                    break


def _shared(one: Application, other: Application) -> int:
    """How many functions both serve, if that is so many that they are meant to be the same application."""
    if (one.file, one.line) == (other.file, other.line):
        return 0  # the same `FastAPI(...)`, run twice
    paths, others = _paths(one), _paths(other)
    shared = paths.keys() & others.keys()
    if len(shared) < max(FEWEST_SHARED, min(len(paths), len(others)) / 2):
        return 0
    if any(route.kind == "mount" and not route.path for route in (*one.routes, *other.routes)):
        return 0
    # One that is mounted in the other has its routes there, too, below another path.
    return len(shared) if any(paths[function] == others[function] for function in shared) else 0


def _paths(application: Application) -> dict[tuple[str, str], str | None]:
    """Where the functions of an application are served."""
    return {(route.file, route.endpoint): route.path for route in application.routes if route.kind == "operation"}
