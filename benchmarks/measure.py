"""Run whole commands and measure them: wall time, CPU time with that of children, memory of the tree."""

from __future__ import annotations

import os
import shlex
import shutil
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

SAMPLE_EVERY = 0.01
"""Seconds between two looks at the memory of a process tree."""


class UsageError(Exception):
    """Something the caller can act on: one line, no traceback."""


@dataclass(frozen=True)
class Command:
    """What is run, where, and what counts as success."""

    name: str
    arguments: Sequence[str]
    folder: Path
    accept: frozenset[int] = frozenset({0})
    variables: Mapping[str, str] = field(default_factory=dict)

    def after_change_of(self, file: Path) -> Command:
        """The same, with a line added to the file first."""
        words = ("sh", "-c", 'echo >> "$0" && exec "$@"', str(file), *self.arguments)
        return replace(self, arguments=words)


@dataclass(frozen=True)
class Run:
    """One run: seconds, and what it printed."""

    wall: float
    cpu: float
    output: bytes

    @property
    def changed_files(self) -> int:
        """The files in the unified diffs it printed; Fixit prints one for each finding."""
        return len({line.partition(b"\t")[0] for line in self.output.splitlines() if line.startswith(b"+++ ")})


@dataclass(frozen=True)
class Peak:
    """The most memory a process tree held at one time, in MB: proportional counts shared pages once."""

    proportional: float
    resident: float


@contextmanager
def started(command: Command) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The command as a process, with an empty home for caches, its output in a file."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
        empty = {"XDG_CACHE_HOME": f"{home}/cache", "XDG_STATE_HOME": f"{home}/state", "NO_COLOR": "1"}
        output = Path(home, "output")
        with output.open("wb") as stdout, Path(home, "errors").open("wb") as stderr:
            process = subprocess.Popen(
                command.arguments,
                cwd=command.folder,
                env=kept | empty | dict(command.variables),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
            try:
                yield process, output
            finally:
                if process.returncode is None:
                    process.kill()
                    process.wait()
        if process.returncode not in command.accept:
            said = Path(home, "errors").read_text("utf-8", "replace").strip().splitlines()
            raise UsageError(
                f"{command.name}: `{shlex.join(command.arguments)}` in {command.folder} ended with"
                f" exit status {process.returncode}: {said[-1] if said else 'no message'}"
            )


def run(command: Command) -> Run:
    if not shutil.which(command.arguments[0]):
        raise UsageError(f"{command.name}: there is no command {command.arguments[0]!r}")
    begun = time.perf_counter()
    with started(command) as (process, output):
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        return Run(wall, usage.ru_utime + usage.ru_stime, output.read_bytes())


def alternate(commands: Sequence[Command], rounds: int) -> dict[str, list[Run]]:
    """A B C, A B C, ...: every round under the same weather. One round before it is not counted."""
    runs: dict[str, list[Run]] = {command.name: [] for command in commands}
    for command in commands:
        run(command)
    for _ in range(rounds):
        for command in commands:
            runs[command.name].append(run(command))
    return runs


def median_wall(runs: Sequence[Run]) -> float:
    return statistics.median(run.wall for run in runs)


def median_cpu(runs: Sequence[Run]) -> float:
    return statistics.median(run.cpu for run in runs)


def ratios(ours: Sequence[Run], theirs: Sequence[Run]) -> list[float]:
    """Wall time against wall time, round by round."""
    return [one.wall / other.wall for one, other in zip(ours, theirs, strict=True)]


# --- memory ---


def can_sample() -> bool:
    return Path("/proc/self/smaps_rollup").exists()


def peak_memory(command: Command) -> Peak:
    """Sampled from /proc while the command runs; sampling slows it down, so it is never a timed run."""
    proportional = resident = 0.0
    with started(command) as (process, _):
        while True:
            pid, status, _usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                return Peak(proportional, resident)
            samples = [memory_of(member) for member in process_tree(process.pid)]
            proportional = max(proportional, sum(sample[0] for sample in samples) / 1024)
            resident = max(resident, sum(sample[1] for sample in samples) / 1024)
            time.sleep(SAMPLE_EVERY)


def process_tree(pid: int) -> list[int]:
    members = [pid]
    for member in members:
        try:
            for task in os.listdir(f"/proc/{member}/task"):
                members += map(int, Path(f"/proc/{member}/task/{task}/children").read_text().split())
        except OSError:
            continue  # gone meanwhile
    return members


def memory_of(pid: int) -> tuple[int, int]:
    """Proportional and resident set size of one process, in kB."""
    values = {}
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
            name, _, value = line.partition(":")
            values[name] = int(value.split()[0])
    except (OSError, ValueError):
        return 0, 0  # gone meanwhile
    return values.get("Pss", 0), values.get("Rss", 0)
