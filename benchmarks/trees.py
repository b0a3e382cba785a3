"""The source trees that are measured: wheels from the Python package index, unpacked into a cache."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import generate
from measure import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

OPEN_WEBUI = "open-webui==0.12.4"
MANY = ("litellm==1.109.1", "skyvern==1.0.56", "prefect==3.9.1", "langflow-base==1.13.0", OPEN_WEBUI)
SPARSE = ("django==5.2", "sympy==1.14.0", OPEN_WEBUI)

KEPT = (".py", ".toml", ".gitignore", ".ignore")
"""What is unpacked: what the tools read or are led by."""


@dataclass(frozen=True)
class Tree:
    name: str
    folder: Path
    about: str

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.rglob("*.py"))

    @property
    def size(self) -> str:
        """`288 files, 127,852 lines`."""
        lines = [path.read_bytes().count(b"\n") for path in self.files]
        return f"{len(lines):,} {'file' if len(lines) == 1 else 'files'}, {sum(lines):,} lines"


@dataclass(frozen=True)
class Trees:
    """Makes the trees on demand below `cache`; wheels in `corpora` are not downloaded again."""

    cache: Path
    corpora: Path | None = None

    def dense(self) -> Tree:
        return self.make("dense", "open-webui, a large FastAPI application", self.unpacking(OPEN_WEBUI))

    def many(self) -> Tree:
        return self.make("many", "litellm, skyvern, prefect, langflow-base and open-webui", self.unpacking(*MANY))

    def sparse(self) -> Tree:
        return self.make("sparse", "django, sympy and open-webui: few files know FastAPI", self.unpacking(*SPARSE))

    def single(self) -> Tree:
        def write(folder: Path) -> None:
            (folder / "main.py").write_text(generate.module(), encoding="utf-8")

        return self.make("single", f"one generated module with {generate.ROUTES} routes", write)

    def giant(self, times: int) -> Tree:
        routes = times * generate.ROUTES

        def write(folder: Path) -> None:
            (folder / "main.py").write_text(generate.module(routes, by_domain=True), encoding="utf-8")

        return self.make(f"giant-{times}", f"one generated module with {routes} routes, by domain", write)

    def small(self) -> Tree:
        def copy(folder: Path) -> None:
            dense = self.dense()
            for path in dense.files[::6]:
                target = folder / path.relative_to(dense.folder)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)

        return self.make("small", "every sixth file of open-webui, for slow peers", copy)

    def copies(self, number: int) -> Tree:
        def copy(folder: Path) -> None:
            for count in range(1, number + 1):
                shutil.copytree(self.dense().folder, folder / f"copy{count}")

        return self.make(f"copies-{number}", f"{number} times open-webui", copy)

    def make(self, name: str, about: str, fill: Callable[[Path], None]) -> Tree:
        folder, complete = self.cache / "trees" / name, self.cache / "trees" / f"{name}.complete"
        recipe = (
            f"{about}\n{' '.join(SPARSE + MANY)}\n{generate.module() if name.startswith(('single', 'giant')) else ''}"
        )
        if not complete.exists() or complete.read_text("utf-8") != recipe:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            fill(folder)
            complete.write_text(recipe, encoding="utf-8")
        return Tree(name, folder, about)

    def unpacking(self, *requirements: str) -> Callable[[Path], None]:
        def unpack(folder: Path) -> None:
            for requirement in requirements:
                with zipfile.ZipFile(self.wheel(requirement)) as wheel:
                    wheel.extractall(folder, [name for name in wheel.namelist() if name.endswith(KEPT)])

        return unpack

    def wheel(self, requirement: str) -> Path:
        folders = [self.cache / "wheels", *([self.corpora] if self.corpora else [])]
        found = find_wheel(requirement, folders)
        if found is None:
            download(requirement, folders[0])
            found = find_wheel(requirement, folders[:1])
        if found is None:
            raise UsageError(f"pip downloaded no wheel of {requirement} into {folders[0]}")
        return found


def find_wheel(requirement: str, folders: Sequence[Path]) -> Path | None:
    name, _, version = requirement.partition("==")
    spelling = "[-_.]+".join(re.split(r"[-_.]+", name))
    pattern = re.compile(rf"{spelling}-{re.escape(version)}-.*\.whl", re.IGNORECASE)
    for folder in folders:
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if pattern.fullmatch(path.name):
                    return path
    return None


def download(requirement: str, folder: Path) -> None:
    """Fetched to be read, not run: any recent Python's wheel will do."""
    print(f"downloading {requirement}", file=sys.stderr, flush=True)
    options = [
        "--quiet",
        "--no-deps",
        "--ignore-requires-python",
        "--only-binary",
        ":all:",
        "--python-version",
        "3.12",
    ]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(
            f"pip cannot download {requirement}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
        )
