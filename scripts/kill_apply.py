"""Kills an apply or an undo at a random moment, over and over: is the tree ever left half done?

    python scripts/kill_apply.py --kills 500 --files 200
    python scripts/kill_apply.py --command fastapi-codemods --tree PROJECT --options "--safety contract"

Each round starts a child that applies one change set, or takes it back if it is applied, and sends it
SIGKILL: half of the rounds at any moment of its work, half between its first and its last rename. Then a
fresh process recovers, and the tree must be wholly before or wholly after, with no temporary file left; else
exit code 1.

Without `--command` the child uses the library on a generated tree: changed, new and removed files in old
and new directories. With it, `--command` is the program of the command line and `--tree` the root of a
project that it changes, which is copied, never touched. A round is then `COMMAND apply --allow-dirty
OPTIONS` or `COMMAND undo`, started in the copy, and recovery is the library's.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent / "codemods"
TEMPORARY = ".fastapi-codemods"
PREPARING, COMMITTING = ".preparing", ".committing"

Tree = dict[str, bytes | None]
"""Bytes by path; None for a directory."""
MISSING = b"missing"

CHILD = """
import json, sys
from pathlib import Path
from fastapi_codemods.apply import apply_changes, recover, undo
from fastapi_codemods.plan import FileChange
task, root, plan = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
if task == "recover":
    print(json.dumps(recover(root)))
    raise SystemExit
changes = [
    FileChange(path, *(None if side is None else side.encode("latin-1") for side in sides))
    for path, *sides in json.loads(plan.read_bytes())
]
print("ready", flush=True)
sys.stdin.readline()
if task == "apply":
    apply_changes(root, changes, command="kill_apply", codemods=["none"], allow_dirty=True)
else:
    undo(root)
"""


@dataclass(slots=True)
class Bench:
    """A tree, its two whole states, and the two ways from one to the other."""

    root: Path
    before: Tree
    after: Tree = field(default_factory=Tree)
    plan: Path = Path()
    command: list[str] | None = None
    options: list[str] = field(default_factory=list[str])

    def start(self, task: str) -> subprocess.Popen[bytes]:
        """A child at the start of its work (with the library), or of its life (with the command line)."""
        if self.command is not None:
            arguments = ["apply", "--allow-dirty", *self.options] if task == "apply" else ["undo"]
            return subprocess.Popen(
                [*self.command, *arguments],
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, task, self.root, self.plan],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        child.stdin.write(b"go\n")
        child.stdin.flush()
        return child

    def recover(self) -> tuple[int, str]:
        """Exit code and messages of a fresh process that recovers."""
        done = subprocess.run(
            [sys.executable, "-c", CHILD, "recover", self.root, self.plan],
            check=False,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return done.returncode, done.stdout.strip()

    @property
    def open_runs(self) -> Path:
        return self.root / ".git" / "fastapi-codemods" / "root" / "open"


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(LIBRARY)}


def snapshot(root: Path) -> Tree:
    """Everything under `root` but git's own directory and bytecode."""
    tree: Tree = {}
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in {".git", "__pycache__"}]
        here = Path(folder)
        tree.update({(here / name).relative_to(root).as_posix(): None for name in names})
        tree.update({(here / name).relative_to(root).as_posix(): (here / name).read_bytes() for name in files})
    return tree


def generated(folder: Path, files: int) -> Bench:
    """A repository of `files` changes: four in five change a file, the others make or remove one."""
    import json

    root = folder / "tree"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    changes: list[tuple[str, str | None, str | None]] = []
    for number in range(files):
        body = f"# {number}\r\n\x00\xff" + "value = 1\n" * (number * 7 % 900)
        if number % 10 == 8:
            changes.append((f"new/part{number % 3}/deep/file{number}.py", None, body))
        elif number % 10 == 9:
            changes.append((f"app/part{number % 7}/gone{number}.py", body, None))
        else:
            changes.append((f"app/part{number % 7}/file{number}.py", body, body.replace("= 1", "= 22")))
    for path, before, _ in changes:
        if before is not None:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(before.encode("latin-1"))
    (root / "app" / "untouched.py").write_bytes(b"pass\n")
    plan = folder / "plan.json"
    plan.write_text(json.dumps(changes))
    return Bench(root, snapshot(root), plan=plan)


def project(folder: Path, tree: Path, command: str, options: str) -> Bench:
    """A copy of `tree` in a repository of its own."""
    root = folder / "tree"
    shutil.copytree(tree, root, ignore=shutil.ignore_patterns(".git"), symlinks=True)
    subprocess.run(["git", "init", "--quiet", root], check=True)
    return Bench(root, snapshot(root), command=shlex.split(command), options=shlex.split(options))


@dataclass(frozen=True, slots=True)
class Window:
    """Seconds from the start of a child's work to its end, and from its first rename to its end."""

    whole: float
    renames: float


def listed(folder: Path) -> str:
    try:
        return " ".join(os.listdir(folder))
    except FileNotFoundError:
        return ""


def calibrate(bench: Bench, task: str) -> Window:
    """Runs `task` to its end and times it; `open` shows when it commits."""
    child = bench.start(task)
    start = time.perf_counter()
    committing = ended = 0.0
    while child.poll() is None:
        now = listed(bench.open_runs)
        if not committing and COMMITTING in now:
            committing = time.perf_counter()
        if committing and not ended and COMMITTING not in now:
            ended = time.perf_counter()
    end = ended or time.perf_counter()
    if child.returncode:
        raise SystemExit(f"{task} failed by itself with exit code {child.returncode}")
    return Window(end - start, end - (committing or end))


def kill(bench: Bench, task: str, window: Window, among_renames: bool, chance: random.Random) -> str:
    """Starts `task`, kills it, and says where that found it."""
    child = bench.start(task)
    start = time.perf_counter()
    if among_renames:
        while child.poll() is None and COMMITTING not in listed(bench.open_runs):
            pass
        # Squared: the renames come first, the longer part of the window is the sync after them.
        start, seconds = time.perf_counter(), window.renames * chance.random() ** 2
    else:
        seconds = chance.uniform(0, window.whole * 1.05)
    while time.perf_counter() - start < seconds and child.poll() is None:
        pass
    # By its handle and not its number: a child that ended meanwhile is not mistaken for another process.
    child.send_signal(signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            stream.close()
    found = listed(bench.open_runs)
    if PREPARING in found:
        return "killed while preparing"
    if COMMITTING in found:
        return "killed while committing"
    return "killed before or after its work"


def describe(found: Tree, bench: Bench) -> str:
    """The first differences, for a violation."""
    lines: list[str] = []
    for name, whole in (("before", bench.before), ("after", bench.after)):
        paths = sorted(
            path for path in found.keys() | whole.keys() if found.get(path, MISSING) != whole.get(path, MISSING)
        )
        lines.append(f"  differs from {name} in {len(paths)}: {', '.join(paths[:6])}")
    return "\n".join(lines)


def differs(bench: Bench, path: str) -> bool:
    """Whether `path` is a file that the change set writes; directories are made before the first rename."""
    before, after = bench.before.get(path, MISSING), bench.after.get(path, MISSING)
    return before != after and before is not None and after is not None


def run(bench: Bench, kills: int, seed: int) -> int:
    """All rounds; the number of violations."""
    chance = random.Random(seed)
    windows = {"apply": calibrate(bench, "apply")}
    bench.after = snapshot(bench.root)
    if bench.after == bench.before:
        raise SystemExit("apply changed nothing: there is nothing to be seen")
    windows["undo"] = calibrate(bench, "undo")
    if snapshot(bench.root) != bench.before:
        raise SystemExit("undo did not bring the tree back")
    for task, window in windows.items():
        print(f"{task}: {window.whole:.3f} s, of which {window.renames:.3f} s from the first rename on")

    counts: Counter[str] = Counter()
    violations = 0
    changed = [path for path in bench.before.keys() | bench.after.keys() if differs(bench, path)]
    for number in range(kills):
        # Whatever the last kill left, the task that leads away from it.
        task = "apply" if snapshot(bench.root) == bench.before else "undo"
        counts[f"task: {task}"] += 1
        counts[kill(bench, task, windows[task], number % 2 == 1, chance)] += 1
        torn = snapshot(bench.root)
        renamed = sum(torn.get(path, MISSING) == bench.after.get(path, MISSING) for path in changed)
        counts["tree right after the kill: some files before, others after"] += 0 < renamed < len(changed)
        counts["tree right after the kill: temporary files left"] += any(path.endswith(TEMPORARY) for path in torn)
        code, message = bench.recover()
        found = snapshot(bench.root)
        left = [path for path in found if path.endswith(TEMPORARY)]
        if "rolled back" in message:
            counts["recovery: rolled back"] += 1
        elif "finished" in message:
            counts["recovery: finished"] += 1
        else:
            counts["recovery: nothing to do"] += 1
        if found == bench.before:
            counts["tree after recovery: before"] += 1
        elif found == bench.after:
            counts["tree after recovery: after"] += 1
        if code or left or found not in (bench.before, bench.after) or listed(bench.open_runs):
            violations += 1
            print(f"VIOLATION in round {number} ({task}): exit code {code}, {message}\n{describe(found, bench)}")
            break
    for name in sorted(counts):
        print(f"{counts[name]:6} {name}")
    print(f"{violations:6} violations")
    return violations


def main() -> int:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0],
        epilog=__doc__.partition("\n")[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--files", type=int, default=200, help="size of the generated change set")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed if not given")
    parser.add_argument("--command", help="the command line to kill instead of the library, with --tree")
    parser.add_argument("--tree", type=Path, help="a project that the command changes; it is copied")
    parser.add_argument("--options", default="", help="further options of the command's apply")
    arguments = parser.parse_args()
    if (arguments.command is None) != (arguments.tree is None):
        parser.error("--command and --tree go together")
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}")
    with tempfile.TemporaryDirectory(prefix="kill-apply-") as name:
        folder = Path(os.path.realpath(name))
        if arguments.command is None:
            bench = generated(folder, arguments.files)
        else:
            bench = project(folder, arguments.tree, arguments.command, arguments.options)
        return 1 if run(bench, arguments.kills, seed) else 0


if __name__ == "__main__":
    sys.exit(main())
