"""One writer at a time."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from ..errors import BusyError
from . import disk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

POLL_SECONDS = 0.02
TAKEN = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}


@contextmanager
def locked(path: Path, command: str, wait: float) -> Iterator[None]:
    """Holds the lock `path`, which the system takes from us when we die; `BusyError` after `wait` seconds.

    The file stays: removing it would let two processes lock two different files of the same name.
    """
    import json
    import time

    with disk.naming(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        deadline = time.monotonic() + wait
        while not _take(descriptor, path):
            if time.monotonic() >= deadline:
                raise BusyError(f"{_holder(path)} is writing here; wait for it to end, then run again")
            time.sleep(POLL_SECONDS)
        # Only for the message of others: a lock whose holder is unknown is still a lock.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, json.dumps({"pid": os.getpid(), "command": command}).encode())
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            # Windows locks keep others from reading, so the lock lies far behind the text.
            os.lseek(descriptor, 1 << 20, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in TAKEN:
            return False
        error.filename = str(path)
        raise
    return True


def _holder(path: Path) -> str:
    """The other run, or as much as can be known: it may be about to write its name."""
    import json

    try:
        note = json.loads(path.read_bytes())
        return f"`{note['command']}` (process {note['pid']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another run"
