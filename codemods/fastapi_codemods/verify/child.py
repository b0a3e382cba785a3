"""A process that runs foreign code: limited in time, without network where the machine allows it, and gone afterwards.

It gets a clean environment and a home of its own. What it prints is read and thrown away but for the end, so that it
can neither block nor fill the disk; its answers come through a descriptor of their own.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

PROBE = Path(__file__).with_name("probe") / "__main__.py"
MARK = "FASTAPI_CODEMODS_RUN"
"""A variable by which every descendant is found, whatever session or group it put itself into."""
KEPT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")
OUTPUT_KEPT = 64_000
PLACE = "/verified"
"""What the folder of a run is called in its answers."""
LARGEST_ANSWER = 400_000_000


class ChildError(Exception):
    """The process gave no answer; the text says why, for people."""


@cache
def without_network() -> tuple[str, ...]:
    """The start of a command that has no network, or nothing where the machine does not allow that."""
    unshare = shutil.which("unshare")
    if unshare is None or not sys.platform.startswith("linux"):
        return ()
    command = (unshare, "-rn")
    try:
        done = subprocess.run([*command, "true"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.SubprocessError):
        return ()
    return command if done.returncode == 0 else ()


def clean_environment(given: Mapping[str, str], home: Path) -> dict[str, str]:
    """What the process knows of ours: where programs are and how text is written; and what the user gave."""
    home.mkdir(exist_ok=True)
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    temporary = home / "tmp"
    temporary.mkdir(exist_ok=True)
    return {
        **environment,
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8",
        **given,
    }


class Process:
    """A command in a group of its own. `end` leaves nothing of it behind."""

    def __init__(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], descriptors: Sequence[int] = ()
    ) -> None:
        self.mark = uuid.uuid4().hex
        self._output: deque[bytes] = deque()
        self._kept = 0
        self._process = subprocess.Popen(
            [*without_network(), *command],
            cwd=folder,
            env={**environment, MARK: self.mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=descriptors,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        stream = self._process.stdout.fileno()
        with suppress(OSError, ValueError):
            while part := os.read(stream, 65536):
                self._output.append(part)
                self._kept += len(part)
                while self._kept - len(self._output[0]) > OUTPUT_KEPT:
                    self._kept -= len(self._output.popleft())

    @property
    def output(self) -> str:
        """The end of what it printed."""
        return b"".join(list(self._output)).decode("utf-8", "replace")[-OUTPUT_KEPT:]

    def poll(self) -> int | None:
        return self._process.poll()

    def wait(self, seconds: float) -> int | None:
        """The exit code, or None if it still runs."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Kill the process and all its descendants."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for _ in range(5):
            survivors = list(_marked(self.mark))
            for process in survivors:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(process, signal.SIGKILL)
            if not survivors:
                break
            time.sleep(0.01)
        self._process.wait()
        self._reader.join(2)
        if not self._reader.is_alive() and self._process.stdout is not None:
            self._process.stdout.close()


def _marked(mark: str) -> Iterator[int]:
    """The living processes with that mark in their first environment: /proc says so, where there is one."""
    needle = f"{MARK}={mark}".encode()
    try:
        names = os.listdir("/proc")
    except OSError:
        return
    for name in names:
        if name.isdigit() and int(name) != os.getpid():
            with suppress(OSError):
                if needle in Path("/proc", name, "environ").read_bytes():
                    yield int(name)


class Probe:
    """The process that imports one application and answers questions about it (`probe/__main__.py`).

    `root` stands two levels below a folder of the run.
    """

    def __init__(self, python: Path, root: Path, home: Path, environment: Mapping[str, str], seconds: float) -> None:
        self._hidden = str(root.parent.parent).encode()
        self.deadline = time.monotonic() + seconds
        self.seconds = seconds
        question_end, self._questions = os.pipe()
        self._answers, answer_end = os.pipe()
        self._unread = bytearray()
        self._ended = False
        try:
            self._process = Process(
                [str(python), "-B", str(PROBE), str(question_end), str(answer_end), str(root), str(os.getpid())],
                folder=root,
                environment=clean_environment(environment, home),
                descriptors=(question_end, answer_end),
            )
        except OSError as error:
            os.close(self._questions)
            os.close(self._answers)
            raise ChildError(f"{python} cannot be started: {error.strerror}") from None
        finally:
            os.close(question_end)
            os.close(answer_end)

    def ask(self, question: Mapping[str, Any]) -> None:
        data = json.dumps(question).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self._questions, data) :]
        except OSError:
            return  # it is gone, which the missing answer says better

    def answer(self) -> dict[str, Any]:
        """The next answer. Raises `ChildError` when there is none in time."""
        while (end := self._unread.find(b"\n")) < 0:
            remaining = self.deadline - time.monotonic()
            if remaining <= 0:
                raise ChildError(f"it did not end within {self.seconds:g} seconds and was stopped (--timeout)")
            if select.select([self._answers], [], [], min(remaining, 0.2))[0]:
                part = os.read(self._answers, 1 << 20)
                if not part:
                    raise ChildError(self._ending())
                self._unread += part
                if len(self._unread) > LARGEST_ANSWER:
                    raise ChildError("its answer is too large")
            elif self._process.poll() is not None and not select.select([self._answers], [], [], 0)[0]:
                # A descendant holds the descriptor open.
                raise ChildError(self._ending())
        # Each run has a folder of its own, which is no difference. Folders are of one length, so lengths stay true.
        line = bytes(self._unread[:end]).replace(self._hidden, PLACE.encode())
        del self._unread[: end + 1]
        found: dict[str, Any] = json.loads(line)
        return found

    def _ending(self) -> str:
        code = self._process.wait(2)
        if code is None:
            return "it closed its descriptors and gave no answer"
        if code < 0:
            return f"its process was killed by {signal.Signals(-code).name}"
        return f"it ended its process with exit code {code}"

    @property
    def output(self) -> str:
        return self._process.output

    def end(self) -> None:
        """May be called again."""
        if self._ended:
            return
        self._ended = True
        os.close(self._questions)
        self._process.end()
        os.close(self._answers)
