"""What one codemod found out about a file that the report of another hands on to the user."""

from __future__ import annotations

from .index import Project


def reasons_against_splitting(project: Project) -> dict[str, list[str | None]]:
    """By file, what `split-router` says of each group of routes: why it is left alone, None where it moves. Empty until
    that has looked; reports that come after it read this."""
    return project.remembered("split-router: reasons", dict[str, list[str | None]])
