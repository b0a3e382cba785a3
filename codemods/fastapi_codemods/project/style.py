"""How the project writes, as far as it says so: line length and indentation."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

DEFAULT_LINE_LENGTH = 88
"""Of black and ruff."""

_CONFIGURED = re.compile(r"^\s*(?:max[-_]line[-_]length|line[-_]length)\s*=\s*(\d+)", re.MULTILINE)


class Style(NamedTuple):
    line_length: int
    indent: str


def style_of(root: Path) -> Style:
    """The style that the formatter or linter of the project at `root` is configured for."""
    return Style(_line_length(root), "    ")


def _line_length(root: Path) -> int:
    for name in ("pyproject.toml", "ruff.toml", ".ruff.toml"):
        file = root / name
        if file.is_file():
            configured = _from_toml(file, is_ruff=name != "pyproject.toml")
            if configured:
                return configured
    for name in ("setup.cfg", "tox.ini", ".flake8", ".pylintrc"):
        with suppress(OSError):
            found = _CONFIGURED.search((root / name).read_text("utf-8", "replace"))
            if found:
                return int(found.group(1))
    return DEFAULT_LINE_LENGTH


def _from_toml(file: Path, *, is_ruff: bool) -> int | None:
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    tools = {"ruff": data} if is_ruff else data.get("tool")
    for tool in ("ruff", "black", "isort"):
        settings = tools.get(tool) if isinstance(tools, dict) else None
        for key in ("line-length", "line_length"):
            if isinstance(value := settings.get(key) if isinstance(settings, dict) else None, int):
                return value
    return None
