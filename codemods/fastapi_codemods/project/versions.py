"""The oldest FastAPI and Python that the project must go on running on.

Taken from where a project says so: `--target-fastapi` first, then a lock file, then a pin or lower bound in
`pyproject.toml`, `setup.cfg` or the requirement files. No statement means the newest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigurationError

Release = tuple[int, ...]

NEWEST: Release = (9999,)

_LOCKED = re.compile(r'^name = "fastapi"\s*\nversion = "(\d+(?:\.\d+)*)"', re.MULTILINE)
_REQUIREMENT = re.compile(
    r"(?:^|[\[,])\s*[\"']?fastapi\s*(?:\[[^\]]*\])?\s*\(?\s*([~=<>!^][^;#\"')]*)", re.MULTILINE | re.IGNORECASE
)
_PYTHON = re.compile(r"^\s*(?:requires-python|python_requires|python)\s*=\s*[\"']?([^\"'\n]+)", re.MULTILINE)


class Versions(NamedTuple):
    fastapi: Release
    """`(0, 95)`: the lower bound; `NEWEST` where nothing limits it."""
    fastapi_source: str
    """Who says so, for a reason: `pyproject.toml`."""
    python: Release
    python_source: str

    def supports_fastapi(self, minimum: Release) -> bool:
        return self.fastapi >= minimum

    def supports_python(self, minimum: Release) -> bool:
        return self.python >= minimum


def versions_of(root: Path, target_fastapi: str | None = None) -> Versions:
    fastapi, fastapi_source = NEWEST, ""
    if target_fastapi:
        fastapi, fastapi_source = parse_release(target_fastapi), "--target-fastapi"
    else:
        for source, bound in _fastapi_bounds(root):
            fastapi, fastapi_source = bound, source
            break
    python, python_source = _python_bound(root)
    return Versions(fastapi, fastapi_source, python, python_source)


def parse_release(text: str) -> Release:
    """`"0.95.1"` as `(0, 95, 1)`; a `ConfigurationError` for anything else."""
    if not re.fullmatch(r"\d+(?:\.\d+)*", text.strip()):
        raise ConfigurationError(f"{text!r} is not a version; write it like 0.110 or 0.115.4")
    return tuple(int(part) for part in text.strip().split("."))


def spelled(release: Release) -> str:
    return ".".join(map(str, release))


def _fastapi_bounds(root: Path) -> Iterator[tuple[str, Release]]:
    for name in ("uv.lock", "poetry.lock", "pdm.lock"):
        if text := _text(root / name):
            found = _LOCKED.search(text)
            if found:
                yield name, parse_release(found.group(1))
    for path in _requirement_files(root):
        text = _text(path)
        if "fastapi" in text.lower():
            for found in _REQUIREMENT.finditer(text):
                bound = lower_bound(found.group(1))
                if bound:
                    yield path.name, bound
    for bound in _poetry_bound(root):
        yield "pyproject.toml", bound


def _requirement_files(root: Path) -> Iterator[Path]:
    yield root / "pyproject.toml"
    yield root / "setup.cfg"
    yield root / "setup.py"
    yield from sorted(root.glob("requirements*.txt"))
    yield from sorted(root.glob("requirements/*.txt"))


def lower_bound(specifier: str) -> Release | None:
    """The oldest release that `">=0.95,<1"`, `"==0.110.*"`, `"~=0.115.0"` or Poetry's `"^0.95"` allow, if any."""
    found = re.findall(r"(===?|~=|>=|>|\^|~)\s*v?(\d+(?:\.\d+)*)", specifier)
    bounds = [parse_release(version) for _, version in found]
    return max(bounds, default=None)


def _poetry_bound(root: Path) -> Iterator[Release]:
    text = _text(root / "pyproject.toml")
    if "tool.poetry" not in text:
        return
    import tomllib

    try:
        data: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    entry: Any = data
    for key in ("tool", "poetry", "dependencies", "fastapi"):
        entry = entry.get(key) if isinstance(entry, dict) else None
    specifier = entry.get("version", "") if isinstance(entry, dict) else entry
    if isinstance(specifier, str) and (bound := lower_bound(_compared(specifier))):
        yield bound


def _compared(specifier: str) -> str:
    """Poetry's `"0.110.1"` is `"==0.110.1"`."""
    return f"=={specifier}" if re.match(r"\s*\d", specifier) else specifier


def _python_bound(root: Path) -> tuple[Release, str]:
    for name in ("pyproject.toml", "setup.cfg", "setup.py"):
        found = _PYTHON.search(_text(root / name))
        if found:
            bound = lower_bound(_compared(found.group(1)))
            if bound:
                return bound, name
    return NEWEST, ""


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
