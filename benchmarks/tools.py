"""The tools that are compared, each as the command a person would type, on the same job."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from measure import Command, UsageError

if TYPE_CHECKING:
    from trees import Tree

PEERS = Path(__file__).resolve().parent / "peers"
REQUIREMENTS = ("ruff==0.17.6", "libcst==1.9.0", "fixit==2.2.1")

OURS = "fastapi-codemods"
RUFF = "ruff"
LIBCST = "LibCST's codemod CLI"
FIXIT = "Fixit"


@dataclass(frozen=True)
class Tools:
    """Where the tools are: our console script, and the virtual environment of the peers."""

    command: tuple[str, ...]
    peers: Path

    def ours(self, tree: Tree) -> Command:
        return self.own(OURS, tree.folder, "diff", "--select", "depends-to-annotated", ".")

    def own(self, name: str, folder: Path, *arguments: str) -> Command:
        """Any of our commands; `check` ends with 1 where it finds something."""
        return Command(name, (*self.command, *arguments), folder, frozenset({0, 1}))

    def ruff(self, tree: Tree) -> Command:
        options = ("--no-cache", "--isolated", "--select", "FAST002", "--unsafe-fixes", "--diff", ".")
        return Command(RUFF, (self.peer("ruff"), "check", *options), tree.folder, frozenset({0, 1}))

    def ours_warm(self, tree: Tree, caches: Path) -> Command:
        """With a cache that outlives the run."""
        return replace(self.ours(tree), variables={"XDG_CACHE_HOME": str(caches)})

    def ruff_warm(self, tree: Tree, caches: Path) -> Command:
        rules = ("--isolated", "--select", "FAST,ASYNC", "--output-format", "concise")
        options = ("--cache-dir", str(caches / "ruff"), *rules, ".")
        return Command(RUFF, (self.peer("ruff"), "check", *options), tree.folder, frozenset({0, 1}))

    def check(self, tree: Tree) -> Command:
        """Every codemod."""
        return self.own(OURS, tree.folder, "check", ".")

    def split(self, tree: Tree) -> Command:
        """One process, and nothing kept from the run before."""
        return self.own(OURS, tree.folder, "diff", "--select", "split-router", "--jobs", "1", ".")

    def check_warm(self, tree: Tree, caches: Path) -> Command:
        return replace(self.check(tree), variables={"XDG_CACHE_HOME": str(caches)})

    def ruff_check(self, tree: Tree) -> Command:
        rules = ("--no-cache", "--isolated", "--select", "FAST,ASYNC", "--output-format", "concise")
        return Command(RUFF, (self.peer("ruff"), "check", *rules, "."), tree.folder, frozenset({0, 1}))

    def libcst(self, tree: Tree) -> Command:
        rewrite = (
            "-x",
            "annotate_command.AnnotateParameters",
        )  # before options with values, or it reads them
        quiet = ("--no-format", "--hide-progress", "--hide-generated-warnings")
        options = (*rewrite, "-u", "3", "--include-generated", *quiet)
        command = (self.peer("python"), "-m", "libcst.tool", "codemod", *options, ".")
        # 1: it could not read some file, and said so
        return Command(LIBCST, command, tree.folder, frozenset({0, 1}), {"PYTHONPATH": str(PEERS)})

    def fixit(self, tree: Tree) -> Command:
        command = (self.peer("fixit"), "--rules", "annotate_rule:AnnotateParameters", "lint", "--diff", ".")
        # bits: 1 findings, 2 files that it could not read
        return Command(FIXIT, command, tree.folder, frozenset({0, 1, 2, 3}), {"PYTHONPATH": str(PEERS)})

    def python(self) -> str:
        """The interpreter that runs our console script."""
        beside = Path(shutil.which(self.command[0]) or self.command[0]).with_name("python")
        return str(beside) if beside.exists() else sys.executable

    def peer(self, name: str) -> str:
        path = self.peers / "bin" / name
        if not path.exists():
            raise UsageError(f"{path} is missing; `python benchmarks/run.py --setup` installs the peers")
        return str(path)

    def versions(self) -> list[str]:
        """`ruff 0.17.6` and so on, as installed."""
        code = "import importlib.metadata as m, sys; [print(n, m.version(n)) for n in sys.argv[1:]]"
        peers = (self.peer("python"), "-c", code, "ruff", "libcst", "fixit")
        found = [f"{line} (peer)" for line in text_of(*peers).splitlines()]
        own = text_of(self.python(), "-c", code, OURS, "libcst", "typer", "rich").splitlines()
        python = text_of(self.python(), "-c", "import platform; print('Python', platform.python_version())")
        return [python, *(own or [f"{OURS} of unknown version"]), *found]


def text_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def set_up(peers: Path) -> None:
    """A virtual environment with the peers, at the versions that the figures are about."""
    if not (peers / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", str(peers)], check=True)
    install = [str(peers / "bin" / "python"), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"{shlex.join(install)}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
