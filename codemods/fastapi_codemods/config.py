"""What a run was asked to do, on the command line and in pyproject.toml, and which folder is the project."""

from __future__ import annotations

import os
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .errors import ConfigurationError, PathError
from .findings import Safety

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

Value = TypeVar("Value")

TABLE = "fastapi-codemods"
SAFETY_LEVELS = {level.label: level for level in Safety if level is not Safety.REPORT}


class Options(NamedTuple):
    """The options shared by check, diff and apply, the command line and pyproject.toml put together."""

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
    cache: bool = True
    """Whether to use what earlier runs learned about files, and to keep what this one does."""
    codemods: Mapping[str, Mapping[str, object]] = MappingProxyType({})
    """Options of single codemods, by the codemod's name and the option's, both with hyphens. `registry.select`
    says which there are."""


class Settings(NamedTuple):
    """What one place asks for, the command line or a pyproject.toml; None is what it does not speak of."""

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] | None = None
    safety: Safety | None = None
    exclude: tuple[str, ...] | None = None
    target_fastapi: str | None = None
    jobs: int | None = None
    cache: bool | None = None
    """Of the command line alone."""
    codemods: Mapping[str, Mapping[str, object]] = MappingProxyType({})


def merge(command_line: Settings, file: Settings) -> Options:
    """The command line wins key by key, and whole: `--exclude a` forgets the excludes of the file."""
    given, written = command_line.codemods, file.codemods
    default = Options()
    return Options(
        select=_first(command_line.select, file.select, default.select),
        ignore=_first(command_line.ignore, file.ignore, default.ignore),
        safety=_first(command_line.safety, file.safety, default.safety),
        exclude=_first(command_line.exclude, file.exclude, default.exclude),
        target_fastapi=_first(command_line.target_fastapi, file.target_fastapi, default.target_fastapi),
        jobs=_first(command_line.jobs, file.jobs, default.jobs),
        cache=_first(command_line.cache, file.cache, default.cache),
        codemods={name: {**written.get(name, {}), **given.get(name, {})} for name in {**written, **given}},
    )


def _first(command_line: Value | None, file: Value | None, default: Value) -> Value:
    if command_line is not None:
        return command_line
    return default if file is None else file


# --- the project's root


def find_root(paths: Sequence[Path]) -> Path:
    """The project that all of `paths` (none: the current folder) belong to, absolute and without links.

    That is the nearest folder above them with a `.git`, else the nearest with a pyproject.toml, else the
    folder they have in common. A path that does not exist, or one in another project, is a `PathError`.
    """
    named = tuple(paths) or (Path(),)
    folders = [_folder_of(path) for path in named]
    try:
        common = os.path.commonpath(folders)
    except ValueError:  # Windows: two drives
        common = ""
    root, marker = _project_around(common)
    for path, folder in zip(named, folders, strict=True):
        own, own_marker = _project_around(folder)
        elsewhere = own != root and (own_marker == ".git" or (marker is None and own_marker is not None))
        if elsewhere or (marker is None and len(named) > 1 and _is_top(common)):
            raise PathError(f"{path} and {_another(named, path)} are not in one project; run once for each project")
    return Path(root)


def _folder_of(path: Path) -> str:
    if not os.path.exists(path):
        dangling = "is a symbolic link to a file that does not exist" if os.path.islink(path) else "does not exist"
        raise PathError(f"{path} {dangling}")
    # A linked file belongs where the link stands, a linked folder is entered.
    return os.path.realpath(path if os.path.isdir(path) else os.path.dirname(path))


def _project_around(folder: str) -> tuple[str, str | None]:
    for marker in (".git", "pyproject.toml"):
        for candidate in _upwards(folder):
            if os.path.exists(os.path.join(candidate, marker)):
                return candidate, marker
    return folder, None


def _upwards(folder: str) -> Iterable[str]:
    while folder:
        yield folder
        parent = os.path.dirname(folder)
        folder = "" if parent == folder else parent


def _is_top(folder: str) -> bool:
    return os.path.dirname(folder) == folder


def _another(paths: Sequence[Path], path: Path) -> Path:
    return next((other for other in paths if other != path), path)


# --- pyproject.toml


def load(root: Path, explicit: Path | None = None, paths: Sequence[Path] = ()) -> Settings:
    """The `[tool.fastapi-codemods]` of `explicit`, else of the nearest pyproject.toml from `paths` to `root`.

    A pyproject.toml without that table is passed over. What cannot be read is a `ConfigurationError` that
    names the file and the key.
    """
    if explicit is not None:
        table = _table(explicit)
        if table is None:
            raise ConfigurationError(f"{explicit} has no [tool.{TABLE}] table")
        return _settings(table, explicit)
    start = os.path.commonpath([_folder_of(path) for path in paths or (root,)])
    for folder in _upwards(start):
        file = Path(folder, "pyproject.toml")
        if os.path.isfile(file) and (table := _table(file)) is not None:
            return _settings(table, file)
        if folder == str(root):
            break
    return Settings()


def _table(file: Path) -> Mapping[str, Any] | None:
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from None
    if TABLE.encode() not in data:
        return None  # no need to import tomllib, nor to complain about a file that is not about us
    import tomllib

    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}") from None
    tool = document.get("tool")
    table = tool.get(TABLE) if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ConfigurationError(f"{file}: tool.{TABLE} must be a table")
    return table


def _settings(table: Mapping[str, Any], file: Path) -> Settings:
    place = f"{file}: [tool.{TABLE}]"
    values: dict[str, Any] = {}
    codemods: dict[str, Mapping[str, object]] = {}
    for key, value in table.items():
        if key in _READERS:
            values[key.replace("-", "_")] = _READERS[key](value, f"{place} {key}")
        elif isinstance(value, dict):
            codemods[key] = value  # `[tool.fastapi-codemods.split-router]`: only the codemods know whether it is right
        else:
            raise ConfigurationError(f"{place} has no key {key!r}{nearest(key, _READERS)}")
    return Settings(**values, codemods=codemods) if codemods else Settings(**values)


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?`, or nothing when no known name is near."""
    import difflib

    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


# --- values; `place` says where one was written


def read_strings(value: object, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigurationError(f'{place} must be a list of strings, such as ["a", "b"]')
    return tuple(value)


def read_like(default: object, value: object, place: str) -> object:
    """`value` as something of the type of `default`: text, a switch, a whole number from 1, or several texts."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ConfigurationError(f"{place} must be true or false")
        return value
    if isinstance(default, tuple):
        return read_strings(list(value) if isinstance(value, tuple) else value, place)
    if isinstance(default, int):
        return read_jobs(value, place)
    if not isinstance(value, str):
        raise ConfigurationError(f"{place} must be a string")
    return value


def read_safety(value: object, place: str) -> Safety:
    if not isinstance(value, str) or value not in SAFETY_LEVELS:
        hint = nearest(value, SAFETY_LEVELS) if isinstance(value, str) else ""
        raise ConfigurationError(f"{place} must be one of {', '.join(SAFETY_LEVELS)}{hint}")
    return SAFETY_LEVELS[value]


def read_version(value: object, place: str) -> str:
    if not isinstance(value, str) or not all(part.isascii() and part.isdigit() for part in value.split(".")):
        raise ConfigurationError(f'{place} must be a version, such as "0.110"')
    return value


def read_jobs(value: object, place: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ConfigurationError(f"{place} must be a whole number from 1")
    return value


_READERS: Mapping[str, Callable[[object, str], object]] = {
    "select": read_strings,
    "ignore": read_strings,
    "safety": read_safety,
    "exclude": read_strings,
    "target-fastapi": read_version,
    "jobs": read_jobs,
}
