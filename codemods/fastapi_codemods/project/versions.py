"""The oldest FastAPI, Starlette, Pydantic and Python that the project must go on running on.

Taken from where a project says so: `--target-fastapi` first, then a lock file, then a pin, then a lower bound in
`pyproject.toml`, `setup.cfg`, `setup.py` or the requirement files. No statement means the newest. The project's root
is asked first; where it says nothing, the folders above the applications are (`backend/pyproject.toml`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigurationError

Release = tuple[int, ...]

NEWEST: Release = (9999,)

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml")
_COMPARISON = re.compile(r"(===?|~=|>=|>|\^|~)\s*v?(\d+(?:\.\d+)*)")
_PIN = re.compile(r"\s*\(?\s*===?\s*v?\d")
_PYTHON = re.compile(r"^\s*(?:requires-python|python_requires|python)\s*=\s*[\"']?([^\"'\n]+)", re.MULTILINE)
# A pin in one of these says what the developers use, not what the project runs on.
_FOR_DEVELOPERS = re.compile(r"(?:^|[-_./])(?:ci|dev|develop|development|docs?|lint|tests?|testing)(?:[-_./]|$)")


class Versions(NamedTuple):
    fastapi: Release
    """`(0, 95)`: the lower bound; `NEWEST` where nothing limits it."""
    fastapi_source: str
    """Who says so, for a reason: `pyproject.toml`."""
    python: Release
    python_source: str
    starlette: Release = NEWEST
    starlette_source: str = ""
    pydantic: Release = NEWEST
    pydantic_source: str = ""

    def supports_fastapi(self, minimum: Release) -> bool:
        return self.fastapi >= minimum

    def supports_python(self, minimum: Release) -> bool:
        return self.python >= minimum


class _Bound(NamedTuple):
    release: Release
    source: str


_UNBOUNDED = _Bound(NEWEST, "")


def versions_of(root: Path, target_fastapi: str | None = None, applications: Iterable[str] = ()) -> Versions:
    """`applications` are paths of files, relative to `root`; only looked at where the root leaves a question open."""
    folders = _FoldersAbove(root, applications)
    if target_fastapi:
        fastapi = _Bound(parse_release(target_fastapi), "--target-fastapi")
    else:
        fastapi = folders.lowest("fastapi")
    return Versions(
        *fastapi,
        *folders.lowest("python"),
        *folders.lowest("starlette"),
        *folders.lowest("pydantic"),
    )


def parse_release(text: str) -> Release:
    """`"0.95.1"` as `(0, 95, 1)`; a `ConfigurationError` for anything else."""
    if not re.fullmatch(r"\d+(?:\.\d+)*", text.strip()):
        raise ConfigurationError(f"{text!r} is not a version; write it like 0.110 or 0.115.4")
    return tuple(int(part) for part in text.strip().split("."))


def spelled(release: Release) -> str:
    return ".".join(map(str, release))


def lower_bound(specifier: str) -> Release | None:
    """The oldest release that `">=0.95,<1"`, `"==0.110.*"`, `"~=0.115.0"` or Poetry's `"^0.95 || ^0.110"` allow, if
    any."""
    alternatives = []
    for alternative in specifier.split("||"):
        bounds = [parse_release(version) for _, version in _COMPARISON.findall(alternative)]
        if not bounds:
            return None
        alternatives.append(max(bounds))
    return min(alternatives)


class _FoldersAbove:
    """The root, and behind it the folders between it and each application, nearest to the application first."""

    def __init__(self, root: Path, applications: Iterable[str]) -> None:
        self._root = _Folder(root, "")
        self._applications = applications
        self._chains: list[list[_Folder]] | None = None

    def lowest(self, package: str) -> _Bound:
        bound = self._root.bound(package)
        if bound is not None:
            return bound
        found = []
        for chain in self._other_chains():
            nearest = next((bound for folder in chain if (bound := folder.bound(package))), None)
            if nearest is not None:
                found.append(nearest)
        # Several applications: what is written must run with the oldest.
        return min(found, default=_UNBOUNDED)

    def _other_chains(self) -> list[list[_Folder]]:
        if self._chains is None:
            known: dict[str, _Folder] = {}
            self._chains = []
            for parent in dict.fromkeys(path.rpartition("/")[0] for path in self._applications):
                parts = parent.split("/") if parent else []
                names = ["/".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
                for name in names:
                    if name not in known:
                        known[name] = _Folder(self._root.path / name, f"{name}/")
                self._chains.append([known[name] for name in names])
        return self._chains


class _Folder:
    """What the files of one folder say about versions."""

    def __init__(self, path: Path, prefix: str) -> None:
        self.path = path
        self._prefix = prefix
        self._texts: dict[str, str] = {}
        self._tables: dict[str, dict[str, Any]] = {}

    def bound(self, package: str) -> _Bound | None:
        found = self._python() if package == "python" else self._locked(package) or self._required(package)
        return found and found._replace(source=self._prefix + found.source)

    def _locked(self, package: str) -> _Bound | None:
        locked = re.compile(rf'^name = "{package}"\s*\nversion = "(\d+(?:\.\d+)*)', re.MULTILINE)
        for name in _LOCKS:
            # Resolved for several platforms or Pythons, a lock file can hold several versions of one package.
            releases = [parse_release(version) for version in locked.findall(self._text(name))]
            if releases:
                return _Bound(min(releases), name)
        entry = _entry(self._table("Pipfile.lock", package), "default", package, "version")
        bound = lower_bound(entry) if isinstance(entry, str) else None
        return _Bound(bound, "Pipfile.lock") if bound else None

    def _required(self, package: str) -> _Bound | None:
        first = None
        for source, specifier in self._requirements(package):
            bound = lower_bound(specifier)
            if bound is None:
                continue
            if _PIN.match(specifier) and not _FOR_DEVELOPERS.search(source.removesuffix(".txt")):
                return _Bound(bound, source.rpartition("/")[2])
            first = first or _Bound(bound, source.rpartition("/")[2])
        return first

    def _requirements(self, package: str) -> Iterator[tuple[str, str]]:
        """The file and the specifier of each requirement, those that count most first."""
        requirement = re.compile(
            rf"(?:^|[\[,(=])[ \t]*[\"']?{package}[ \t]*(?:\[[^\]]*\])?[ \t]*\(?[ \t]*([~=<>!^][^;#\"')\n]*)",
            re.MULTILINE | re.IGNORECASE,
        )
        yield from _in_pyproject(self._table("pyproject.toml", package), package, requirement)
        specifier = _entry(self._table("Pipfile", package), "packages", package)
        yield from (("Pipfile", text) for text in _poetry_specifiers(specifier))
        for name in ("setup.cfg", "setup.py", *self._requirement_files()):
            specifiers = requirement.findall(self._text(name))
            yield from ((name, text) for text in _lowest_first(specifiers))

    def _requirement_files(self) -> Iterator[str]:
        names = [path.name for path in self.path.glob("requirements*.txt")]
        yield from sorted(names, key=lambda name: (name != "requirements.txt", name))
        yield from sorted(f"requirements/{path.name}" for path in self.path.glob("requirements/*.txt"))
        yield from sorted(path.name for path in self.path.glob("constraints*.txt"))

    def _python(self) -> _Bound | None:
        project = self._table("pyproject.toml", "python")
        for specifier in (
            _entry(project, "project", "requires-python"),
            *_poetry_specifiers(_entry(project, "tool", "poetry", "dependencies", "python")),
        ):
            if isinstance(specifier, str) and (bound := lower_bound(specifier)):
                return _Bound(bound, "pyproject.toml")
        for name in ("setup.cfg", "setup.py", "uv.lock", "pylock.toml"):
            found = _PYTHON.search(self._text(name))
            if found and (bound := lower_bound(found.group(1))):
                return _Bound(bound, name)
        return None

    def _text(self, name: str) -> str:
        if name not in self._texts:
            try:
                self._texts[name] = (self.path / name).read_text("utf-8", "replace")
            except OSError:
                self._texts[name] = ""
        return self._texts[name]

    def _table(self, name: str, word: str) -> dict[str, Any]:
        """A file of TOML or JSON; empty where it does not hold `word` or cannot be read."""
        text = self._text(name)
        if word not in text.lower():
            return {}
        if name not in self._tables:
            self._tables[name] = _parsed(text, is_json=name.endswith(".lock"))
        return self._tables[name]


def _parsed(text: str, *, is_json: bool) -> dict[str, Any]:
    try:
        if is_json:
            import json

            data = json.loads(text)
        else:
            import tomllib

            data = tomllib.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def _in_pyproject(data: dict[str, Any], package: str, requirement: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """What the project needs to run first, then what its extras and groups add."""

    def listed(*lists: Any) -> Iterator[tuple[str, str]]:
        texts = [text for items in lists if isinstance(items, list) for text in items if isinstance(text, str)]
        found = [match.group(1) for text in texts if (match := requirement.match(text))]
        yield from (("pyproject.toml", specifier) for specifier in _lowest_first(found))

    poetry, pdm, uv = (_entry(data, "tool", tool) for tool in ("poetry", "pdm", "uv"))
    yield from listed(_entry(data, "project", "dependencies"))
    yield from (("pyproject.toml", text) for text in _poetry_specifiers(_entry(poetry, "dependencies", package)))
    groups = [
        *_values(_entry(data, "project", "optional-dependencies")),
        *_values(_entry(data, "dependency-groups")),
        *_values(_entry(pdm, "dev-dependencies")),
        _entry(uv, "dev-dependencies"),
    ]
    # The name of a developers' file: no pin of a group counts before the bound of another file.
    yield from (("dev/pyproject.toml", specifier) for _, specifier in listed(*groups))
    tables = [_entry(group, "dependencies") for group in _values(_entry(poetry, "group"))]
    for table in [*tables, _entry(poetry, "dev-dependencies")]:
        yield from (("dev/pyproject.toml", text) for text in _poetry_specifiers(_entry(table, package)))


def _entry(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _values(data: Any) -> list[Any]:
    return list(data.values()) if isinstance(data, dict) else []


def _poetry_specifiers(entry: Any) -> list[str]:
    """Of `"^0.95"`, `{version = "^0.95"}` or a list of such; Poetry's `"0.110.1"` is `"==0.110.1"`."""
    entries = entry if isinstance(entry, list) else [entry]
    texts = [item.get("version") if isinstance(item, dict) else item for item in entries]
    return _lowest_first([f"=={t}" if re.match(r"\s*\d", t) else t for t in texts if isinstance(t, str)])


def _lowest_first(specifiers: Iterable[str]) -> list[str]:
    """Requirements of one list hold for different platforms or Pythons: the oldest version counts."""
    return sorted(specifiers, key=lambda specifier: lower_bound(specifier) or NEWEST)
