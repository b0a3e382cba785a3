"""Which application is meant, and where its imports start: read from the project, nothing is run.

In this order: what was given; `[tool.fastapi] entrypoint` of pyproject.toml; what Dockerfile, Procfile, compose files
and scripts start; the files in which FastAPI's own command looks; the only application that there is.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

from ..errors import VerificationError
from ..project import Project
from ..project.code_strings import code_strings
from ..project.routes import applications_of
from ..source.discovery import is_test

PLACES = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
"""https://github.com/fastapi/fastapi-cli, discover.py"""

_TARGET = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*:[A-Za-z_]\w*(?:\.\w+)*(?:\(\))?")


class Target(NamedTuple):
    app: str
    """`module:name` or `module:factory()`."""
    roots: tuple[str, ...]
    """POSIX, relative to the project's root, of the folders from which imports start; `""` is the root itself."""
    how: str
    """Why this one, for people."""


def find_application(project: Project, given: str | None) -> Target:
    """The application to verify. Raises `VerificationError` with the candidates if none or several are possible."""
    if given is not None:
        if not _TARGET.fullmatch(given):
            raise VerificationError(f"--app is to be module:name or module:factory(), not {given!r}")
        return Target(given, _roots(project, given), "as given")
    for app, how in _named(project):
        return Target(app, _roots(project, app), how)
    known = [
        application
        for application in applications_of(project)
        if not application.is_router and not is_test(application.file)
    ]
    for place in PLACES:
        for application in known:
            # The place may lie below a folder of sources: backend/app/main.py, src/main.py.
            if application.file == place or application.file in (f"src/{place}", f"backend/{place}"):
                return Target(application.name, _roots(project, application.name), f"in {application.file}")
    if len(known) == 1:
        return Target(known[0].name, _roots(project, known[0].name), f"the only one, in {known[0].file}")
    if not known:
        raise VerificationError("no application was found; name it with --app module:name")
    names = ", ".join(application.name for application in known[:6])
    raise VerificationError(f"there are several applications; name one with --app: {names}")


def _named(project: Project) -> list[tuple[str, str]]:
    """What files outside Python name as the application, with where."""
    found = []
    if (entry := _entrypoint(project.root)) is not None:
        found.append((entry, "[tool.fastapi] of pyproject.toml"))
    served = {app.name.removesuffix("()") for app in applications_of(project) if not app.is_router}
    for string in code_strings(project):
        if string.kind != "entry" or string.path is None or string.place.path.endswith((".toml", ".cfg")):
            continue
        # `myproject.cli:main` starts a program, not an application.
        named = f"{project.dotted_name(string.path)}:{string.name}"
        if (string.text.removesuffix("()") in served or named in served) and not is_test(string.place.path):
            is_factory = string.text.endswith("()") or _returns_application(project, named)
            text = string.text.removesuffix("()") + ("()" if is_factory else "")
            found.append((text, f"{string.place.path}:{string.place.line}"))
    return found


def _returns_application(project: Project, named: str) -> bool:
    return any(app.name == f"{named}()" for app in applications_of(project))


def _entrypoint(root: Path) -> str | None:
    try:
        settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    entry = settings.get("tool", {}).get("fastapi", {})
    value = entry.get("entrypoint") if isinstance(entry, dict) else None
    return value if isinstance(value, str) and _TARGET.fullmatch(value) else None


def _roots(project: Project, app: str) -> tuple[str, ...]:
    """The folder from which the module can be imported first, then others from which the project imports."""
    stem = app.partition(":")[0].replace(".", "/")
    own = [
        path[: -len(ending)].rstrip("/")
        for path in project.known_paths
        for ending in (f"{stem}.py", f"{stem}/__init__.py")
        if path == ending or path.endswith("/" + ending)
    ]
    own.sort(key=lambda folder: (folder.count("/") if folder else -1, folder))
    home = f"{own[0]}/{stem}.py".lstrip("/") if own else f"{stem}.py"
    observed = [root.rstrip("/") for root in project.import_roots(home)]
    usual = ["src"] if (project.root / "src").is_dir() else []
    return tuple(dict.fromkeys([*own[:1], *observed, *usual, ""]))
