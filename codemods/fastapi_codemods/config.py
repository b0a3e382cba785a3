"""What a run was asked to do."""

from __future__ import annotations

from dataclasses import dataclass

from .findings import Safety


@dataclass(frozen=True, slots=True)
class Options:
    """The options shared by check, diff and apply, after the command line and `pyproject.toml` were put together."""

    select: tuple[str, ...] = ()
    """Codemod names or chapter names; empty means all."""
    ignore: tuple[str, ...] = ()
    safety: Safety = Safety.SERIAL_SAFE
    exclude: tuple[str, ...] = ()
    """Patterns in .gitignore's syntax, relative to the project's root."""
    target_fastapi: str | None = None
    """The lowest FastAPI version that the result must run on, `"0.110"`; None reads it from the project."""
    jobs: int | None = None
    """Processes; None lets the size of the work decide."""
