"""Whether what is written may rely on Pydantic 2.

`pydantic_major` says for which Pydantic the models are read. Here the question is what a rewrite may use: the project
must not have to run with Pydantic 1 any more. What nobody limits is the newest, as for FastAPI (`versions`), unless the
code could not be imported with Pydantic 2.
"""

from __future__ import annotations

import re

from .index import Project
from .models import pydantic_major, required_pydantic
from .models.pydantic_version import ONLY_PYDANTIC_2

# With Pydantic 2 these fail when they are imported, or when what they configure is used.
_ONLY_IN_1 = re.compile(
    rb"^from[ \t]+pydantic[ \t]+import[ \t]*(?:\([^)]*|[^\n(]*)\bBaseSettings\b|\bpydantic\.generics\b|\borm_mode\b",
    re.MULTILINE,
)


def reason_against_pydantic_2(project: Project) -> str | None:
    """Why the project may have to run with Pydantic 1; None if it need not."""
    return project.remembered("reason against Pydantic 2", lambda: _reason(project))


def _reason(project: Project) -> str | None:
    versions = project.versions
    if project.target_fastapi is not None and versions.fastapi >= ONLY_PYDANTIC_2:
        return None
    if required_pydantic(project) == 1:
        return "the project requires Pydantic 1"
    if versions.pydantic_source:
        is_enough = versions.pydantic >= (2,)
        return None if is_enough else f"the project must run with Pydantic 1 too, says {versions.pydantic_source}"
    if required_pydantic(project) == 2 or pydantic_major(project) == 2:
        return None
    if versions.fastapi_source:
        if versions.fastapi >= ONLY_PYDANTIC_2:
            return None
        return f"FastAPI {'.'.join(map(str, versions.fastapi))}, says {versions.fastapi_source}, runs with Pydantic 1"
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        if _ONLY_IN_1.search(data):
            return f"{path} is written for Pydantic 1"
    return None
