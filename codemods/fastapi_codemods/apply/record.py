"""What a run writes down before it changes anything: enough to finish it or to take it back.

    <run>/manifest.json   {"format": 1, "checksum": sha256 of body, "body": {...}}
    <run>/blobs           the bytes before and after of every file, one after the other

One file for all the bytes, because each file more is a sync more. Checksums over both, because a record
is read after something went wrong: one that does not add up is never believed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ApplyError
from . import disk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

FORMAT = 1
MANIFEST = "manifest.json"
BLOBS = "blobs"


class DamagedRecordError(Exception):
    """The record is not there, half written or altered."""


class PrunedRecordError(DamagedRecordError):
    """The record is whole except that its bytes were pruned."""


@dataclass(frozen=True, slots=True)
class Target:
    """One file of a run: where it really is, its bytes on both sides, the mode and owner it keeps."""

    path: str
    """POSIX, relative to the root, symbolic links resolved."""
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    mode: int | None = None
    """None for a file that was never there: the umask decides."""
    owner: tuple[int, int] | None = None

    @property
    def reversed(self) -> Target:
        return Target(self.path, self.after, self.before, self.mode, self.owner)


@dataclass(frozen=True, slots=True)
class Record:
    """A run before it starts.

    `made` are the directories that it makes, `unmade` those that it removes at its end if they are empty.
    """

    run: str
    time: str
    command: str
    codemods: tuple[str, ...]
    targets: tuple[Target, ...]
    made: tuple[str, ...] = ()
    unmade: tuple[str, ...] = ()


def write_record(folder: Path, record: Record) -> None:
    """Writes and syncs `record` into the new directory `folder`."""
    import json

    content = bytearray()

    def place(blob: bytes | None) -> list[int] | None:
        if blob is None:
            return None
        content.extend(blob)
        return [len(content) - len(blob), len(blob)]

    files = [
        {
            "path": target.path,
            "before": place(target.before),
            "after": place(target.after),
            "mode": target.mode,
            "owner": target.owner,
        }
        for target in record.targets
    ]
    body = {
        "run": record.run,
        "time": record.time,
        "command": record.command,
        "codemods": record.codemods,
        "files": files,
        "made": record.made,
        "unmade": record.unmade,
        "blobs": hashlib.sha256(content).hexdigest(),
    }
    text = json.dumps({"format": FORMAT, "checksum": _checksum(body), "body": body}, indent=1)

    with disk.naming(folder):
        disk.write_file(folder / BLOBS, bytes(content))
        disk.write_file(folder / MANIFEST, text.encode())
    disk.sync_files([(folder / BLOBS, str(folder)), (folder / MANIFEST, str(folder))])
    disk.sync_directories([folder])


def read_manifest(folder: Path) -> dict[str, Any]:
    """The body of the manifest, its checksum verified.

    Raises `DamagedRecordError`, or `ApplyError` if a later version of this library wrote it.
    """
    import json

    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
        if manifest["format"] > FORMAT:
            raise ApplyError(
                f"{folder} was written by a later version of fastapi-codemods; install that, then run again"
            )
        body: dict[str, Any] = manifest["body"]
        if manifest["checksum"] != _checksum(body):
            raise DamagedRecordError(folder)
    except (FileNotFoundError, ValueError, KeyError, TypeError) as error:
        raise DamagedRecordError(folder) from error
    return body


def read_record(folder: Path) -> Record:
    """The record in `folder` with all its bytes. Raises as `read_manifest` does, and `PrunedRecordError`."""
    body = read_manifest(folder)
    try:
        content = (folder / BLOBS).read_bytes()
    except FileNotFoundError as error:
        raise PrunedRecordError(folder) from error
    if hashlib.sha256(content).hexdigest() != body["blobs"]:
        raise DamagedRecordError(folder)

    def blob(place: Sequence[int] | None) -> bytes | None:
        return None if place is None else content[place[0] : place[0] + place[1]]

    return Record(
        body["run"],
        body["time"],
        body["command"],
        tuple(body["codemods"]),
        tuple(
            Target(
                file["path"],
                blob(file["before"]),
                blob(file["after"]),
                file["mode"],
                None if file["owner"] is None else (file["owner"][0], file["owner"][1]),
            )
            for file in body["files"]
        ),
        tuple(body["made"]),
        tuple(body["unmade"]),
    )


def _checksum(body: dict[str, Any]) -> str:
    import json

    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
