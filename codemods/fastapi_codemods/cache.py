"""What was learned about the files of a project, kept in the user's cache directory for the next run.

    <the user's cache directory>/fastapi-codemods/<project's name>-<hash of its root>.<Python>
        magic, checksum of the rest, marshal: (shape of what is kept, root, {path: the fields of `Entry`})

One file per project, replaced as a whole by a rename: a reader sees the old one or the new one, whoever writes at the
same time and whenever a writer is killed. Everything that is wrong with a cache, from bytes that do not match the
checksum to a full disk, ends the same way: there is none. Nothing here raises `OSError`.
"""

from __future__ import annotations

import atexit
import io
import marshal
import os
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .parallel import can_fork

LIMIT = 256_000_000
"""Bytes that all projects together may take; the one that was not used for longest goes first."""

_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
MAGIC = b"fastapi-codemods cache 1\n"
_DAY = 86_400
_ABANDONED = 3_600
"""Seconds after which a temporary file is that of a writer who was killed."""

Stamp = tuple[int, int, int, int]
"""Time of modification, size, time of change and inode. Whoever sets the first back to hide a change changes the
third."""

RACY = 2_000_000_000
"""Nanoseconds. A file this young may change again without a new time: the coarsest file systems count two seconds."""


class Entry(NamedTuple):
    """What is known about one file. The meaning is the index's; here it is bytes."""

    stamp: Stamp | None
    """None where only the content can tell whether the file is the same."""
    size: int
    names_fastapi: bool
    imports: bytes | None
    reason: str
    """Why the file is skipped."""
    fault: str | None
    """What parsing all of it said: empty for nothing, None where nobody tried."""
    digest: bytes
    """Of the content; empty without facts."""
    facts: bytes
    """Packed."""


_KINDS = {
    (stamp, int, bool, imports, str, fault, bytes, bytes)
    for stamp in (tuple, type(None))
    for imports in (bytes, type(None))
    for fault in (str, type(None))
}
"""The types that the fields of an entry can have."""


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ctime_ns, status.st_ino


def settled(stamp: Stamp | None, now: int) -> Stamp | None:
    """The stamp, if it can be trusted to change with the file; as git does with what it calls racily clean entries."""
    return stamp if stamp is not None and max(stamp[0], stamp[2]) < now - RACY else None


def digest(data: bytes) -> bytes:
    from hashlib import sha256

    return sha256(data).digest()


def shape_of(sources: Iterable[Path]) -> str:
    """Names what is kept: another Python, or another version of the code that reads, has no use for it.

    By the code's text, since in an editable installation it changes without its version.
    """
    checksum = 0
    for source in sources:
        checksum = zlib.crc32(source.read_bytes(), checksum)
    return f"{checksum:08x} {sys.implementation.cache_tag} {sys.hexversion:x}"


def pack(value: object) -> bytes:
    from pickle import HIGHEST_PROTOCOL, dumps

    return dumps(value, HIGHEST_PROTOCOL)


def unpacker(classes: Iterable[type]) -> Callable[[bytes], object]:
    """Makes what was packed, which may hold plain data and `classes`; a `ValueError` for anything else."""
    from pickle import Unpickler

    allowed = {(cls.__module__, cls.__qualname__): cls for cls in classes}

    class Restricted(Unpickler):
        def find_class(self, module: str, name: str) -> type:
            return allowed[module, name]

    def unpack(data: bytes) -> object:
        try:
            return Restricted(io.BytesIO(data)).load()
        except Exception as error:  # pickle raises whatever the bytes make it stumble over
            raise ValueError(f"not what was packed: {error!r}") from None

    return unpack


class Cache:
    """The entries of one project as the last run left them, and where the next ones go."""

    def __init__(self, root: Path, shape: str) -> None:
        self.entries: dict[str, Entry] = {}
        self._root = os.path.abspath(root)
        self._shape = shape
        self._file = place_of(self._root)

    def load(self) -> None:
        """Fill `entries`, with nothing if there is anything wrong."""
        data = read_checked(self._file, MAGIC) if self._file else None
        if data is not None:
            with suppress(ValueError, EOFError, TypeError, MemoryError):
                self.entries = self._decoded(data)

    def _decoded(self, data: memoryview) -> dict[str, Entry]:
        shape, root, entries = marshal.loads(data)
        if (shape, root) != (self._shape, self._root):
            raise ValueError("another version's cache, or another project's")
        if type(entries) is not dict or not set(map(type, entries)) <= {str}:
            raise TypeError("no entries by path")
        return {path: _entry(fields) for path, fields in entries.items()}

    def keep_later(self, entries: Callable[[], Mapping[str, Entry]]) -> None:
        """Write what `entries` makes when the process ends, or when there is something else to keep."""
        write_now()
        later(self, lambda: self.write(entries()))

    def discard(self) -> None:
        """Forget everything: an entry turned out to be wrong."""
        _waiting[:] = [item for item in _waiting if item[0] is not self]
        if self._file is not None:
            with suppress(OSError):
                os.unlink(self._file)

    def write(self, entries: Mapping[str, Entry]) -> None:
        """Replace what is kept. Entries of files that were not looked at this time stay while the files do."""
        if self._file is None:
            return
        kept = {path: tuple(entry) for path, entry in entries.items()}
        for path, entry in self.entries.items():
            if path not in kept and os.path.lexists(os.path.join(self._root, path)):
                kept[path] = tuple(entry)
        try:
            data = marshal.dumps((self._shape, self._root, kept))
        except ValueError:  # a path or a reason that marshal cannot write
            return
        write_checked(self._file, MAGIC, data)


def place_of(root: str, kind: str = "") -> str | None:
    """The file in which something about the project at an absolute path is kept; None without a home directory."""
    name = "".join(c if c.isalnum() else "_" for c in os.path.basename(root))[:40] or "root"
    suffixes = [
        f"{zlib.crc32(os.fsencode(root)):08x}",
        sys.implementation.cache_tag or "python",
        *([kind] * bool(kind)),
    ]
    with suppress(RuntimeError):
        return str(_directory() / "fastapi-codemods" / f"{name}-{'.'.join(suffixes)}")
    return None


def read_checked(file: str, magic: bytes) -> memoryview | None:
    """What `write_checked` wrote there; None if there is no such file, or anything is wrong with it."""
    with suppress(OSError, MemoryError):
        with open(file, "rb", buffering=0) as opened:
            status = os.fstat(opened.fileno())
            if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
                return None
            data = memoryview(opened.read())
        start = len(magic) + 4
        checksum = int.from_bytes(data[len(magic) : start], "little")
        if data[: len(magic)] != magic or zlib.crc32(data[start:]) != checksum:
            return None
        if time.time() - status.st_mtime > _DAY:
            os.utime(file)  # in use, so not to be pruned
        return data[start:]
    return None


def write_checked(file: str, magic: bytes, data: bytes) -> None:
    """Replace the file, readable for its owner only, as a whole or not at all."""
    temporary = f"{file}.{os.urandom(4).hex()}.tmp"
    try:
        folder = os.path.dirname(file)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        try:
            with open(os.open(temporary, _NEW_FILE, 0o600), "wb") as opened:
                opened.write(magic + zlib.crc32(data).to_bytes(4, "little"))
                opened.write(data)
            os.replace(temporary, file)
        except OSError:
            with suppress(OSError):
                os.unlink(temporary)
            return
        _prune(folder, file)
    except OSError:
        return


def _entry(fields: tuple[object, ...]) -> Entry:
    if tuple(map(type, fields)) not in _KINDS:
        raise TypeError("an entry of another kind")
    return Entry._make(fields)


def _prune(folder: str, newest: str) -> None:
    """Remove what killed writers left, and the projects not used for longest where all take too much."""
    files = []
    for found in os.scandir(folder):
        with suppress(OSError):
            status = found.stat(follow_symlinks=False)
            if found.name.endswith(".tmp"):
                if time.time() - status.st_mtime > _ABANDONED:
                    os.unlink(found.path)
            else:
                files.append((found.path == newest, status.st_mtime, status.st_size, found.path))
    total = sum(size for _, _, size, _ in files)
    for is_newest, _, size, path in sorted(files):
        if total <= LIMIT or is_newest:
            break
        with suppress(OSError):
            os.unlink(path)
            total -= size


def _directory() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA", "")
        return Path(local) if os.path.isabs(local) else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    # The XDG specification: a relative path is to be ignored.
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return Path(cache) if os.path.isabs(cache) else Path.home() / ".cache"


_waiting: list[tuple[object, Callable[[], None]]] = []
"""Few, so that a process that opens many projects does not hold on to all of them."""


def later(owner: object, write: Callable[[], None]) -> None:
    """Call `write` when the process ends."""
    if len(_waiting) > 1:
        write_now()
    _waiting.append((owner, write))


def write_now() -> None:
    """Write in this process what waits for its end."""
    while _waiting:
        _, write = _waiting.pop()
        write()


@atexit.register
def _write_behind() -> None:
    """In a child that nobody waits for: packing takes as long as a tenth of a run."""
    if not _waiting:
        return
    try:
        child = os.fork() if can_fork() and _is_alone() else None
    except (OSError, RuntimeError):
        child = None
    if child is None:
        write_now()
    elif child == 0:
        try:
            # Whoever reads our output waits until all who hold it are gone; an interrupt is meant for the command.
            os.setsid()
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
            write_now()
        finally:
            os._exit(0)


def _is_alone() -> bool:
    """Whether this is the only thread; a child would have the locks of the others as they were, held or not."""
    threading = sys.modules.get("threading")
    return threading is None or threading.active_count() == 1
