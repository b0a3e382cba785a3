"""Which Pydantic a project is written for."""

from __future__ import annotations

import re
from pathlib import Path

from ..index import Project
from ..versions import parse_release

ONLY_PYDANTIC_2 = (0, 126)
"""From this FastAPI on there is no support for Pydantic 1."""


def pydantic_major(project: Project) -> int:
    """The Pydantic that the project is written for, 1 or 2: by its lock file or requirement, else by what it uses."""
    return project.remembered("major version of Pydantic", lambda: required_pydantic(project) or _used(project))


def required_pydantic(project: Project) -> int:
    """1 or 2 where a lock file or requirement allows only that, or an import works with nothing else; else 0.

    Who asks for code that runs with a FastAPI of `ONLY_PYDANTIC_2` asks for 2, whatever there is so far.
    """
    if project.target_fastapi is not None and parse_release(project.target_fastapi) >= ONLY_PYDANTIC_2:
        return 2
    return project.remembered("required Pydantic", lambda: _required(project.root) or int(_imports_removed(project)))


_LOCKED = re.compile(r'^name = "pydantic"\s*\nversion = "(\d+)', re.MULTILINE)
_REQUIREMENT = re.compile(
    r"""(?<![\w.-])pydantic\s*(?:\[[^\]]*\])?["']?\s*(?:=\s*\{[^}\n]*?version\s*)?(?:=\s*["'])?\s*([~=<>!^\d][^;#"'\n]*)"""
)
# At the start of a line: not in a `try` that has something else for Pydantic 2.
_REMOVED = re.compile(
    rb"^from[ \t]+pydantic[ \t]+import[ \t]*(?:\([^)#]*|[^\n(#]*)\b(?:BaseSettings|Constrained(?:Int|Str)|PyObject)\b",
    re.MULTILINE,
)
_USES_V2 = (
    b"pydantic_settings",
    b"field_validator",
    b"model_validator",
    b"ConfigDict",
    b"RootModel",
    b"TypeAdapter",
    b"computed_field",
    b"field_serializer",
    b"model_dump(",
    b"model_validate(",
    b"model_config =",
)
_USES_V1 = (
    b"@validator",
    b"@root_validator",
    b"orm_mode",
    b"allow_population_by_field_name",
    b"pydantic.generics",
    b"pydantic import BaseSettings",
    b"parse_obj(",
    b"class Config:",
)


def _required(root: Path) -> int:
    """1 or 2 where a lock file or requirement allows only that, else 0."""
    for name in ("uv.lock", "poetry.lock", "pdm.lock"):
        if found := _LOCKED.search(_text(root / name)):
            return 1 if found.group(1) == "1" else 2
    files = [root / "pyproject.toml", root / "setup.cfg", root / "setup.py"]
    files += [*sorted(root.glob("requirements*.txt")), *sorted(root.glob("requirements/*.txt"))]
    for file in files:
        for specifier in _REQUIREMENT.findall(_text(file)):
            if major := _major(specifier):
                return major
    return 0


def _major(specifier: str) -> int:
    if re.match(r"\s*\d", specifier):
        specifier = f"=={specifier}"
    bounds = re.findall(r"(===?|~=|>=|>|<=|<|\^|~)\s*v?(\d+)((?:\.\d+)*)", specifier)
    for sign, major, rest in bounds:
        if sign == "<" and int(major) <= 2 and not rest.strip(".0"):
            return 1
        if sign == "<=" and major == "1":
            return 1
        if sign not in ("<", "<=", ">", ">=") and major in "12":
            return int(major)
        if sign in (">", ">=") and int(major) >= 2:
            return 2
    return 0


def _imports_removed(project: Project) -> bool:
    """Whether something is imported that Pydantic 2 does not have."""
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        if b"pydantic" in data and _REMOVED.search(data) is not None:
            return True
    return False


def _used(project: Project) -> int:
    """What the project's code can only be written for: nothing of v2 and something of v1 means v1."""
    is_old = False
    for path in project.paths:
        try:
            data = project.data(path)
        except OSError:
            continue
        if b"pydantic" in data:
            if any(word in data for word in _USES_V2):
                return 2
            is_old = is_old or any(word in data for word in _USES_V1)
    return 1 if is_old else 2


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
