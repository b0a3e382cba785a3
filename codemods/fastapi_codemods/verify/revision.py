"""A git revision as a tree: the work tree with the files of the revision put over it.

So what git does not know (`.env`, a database) is the same on both sides. Only plumbing that runs nothing of the
repository's: no hooks, no filters, no external diff.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ..errors import VerificationError
from .model import Tree

SAFE = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "core.quotePath=false")


def tree_of_revision(root: Path, revision: str) -> Tree:
    """The project at `root` as it was at `revision`. Raises `VerificationError` outside git or if there is none."""
    if _git(root, "rev-parse", "--is-inside-work-tree") is None:
        raise VerificationError(f"{root} is in no git work tree; give the folder to compare with: --against FOLDER")
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise VerificationError(f"--against: there is no revision {revision!r} and no such folder")
    name = commit.decode().strip()
    overlay: dict[str, bytes | None] = {}
    changed = _git(root, "diff-index", "-z", "--no-renames", "--no-ext-diff", "--relative", name, "--", ".")
    for mode, blob, path in _changes(changed or b""):
        overlay[path] = _content(root, name, path, blob) if mode in ("100644", "100755") else None
    for path in _listed(_git(root, "ls-files", "-z", "--others", "--exclude-standard", "--", ".")):
        overlay[path] = None
    return Tree(root, overlay)


def _changes(raw: bytes) -> Iterator[tuple[str, str, str]]:
    """Mode and blob at the revision, and path, of everything that is otherwise in the work tree."""
    parts = raw.decode("utf-8", "surrogateescape").split("\0")
    for head, path in zip(parts[::2], parts[1::2], strict=False):
        mode, _, blob, _, _ = head.lstrip(":").split(" ")
        yield mode, blob, path


def _content(root: Path, commit: str, path: str, blob: str) -> bytes:
    content = _git(root, "cat-file", "blob", blob)
    if content is None:
        raise VerificationError(f"git cannot give {path} of {commit[:12]}")
    return content


def _listed(raw: bytes | None) -> list[str]:
    return [path for path in (raw or b"").decode("utf-8", "surrogateescape").split("\0") if path]


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git prints, or None if it fails."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(
            ["git", *SAFE, *arguments],
            cwd=root,
            env=environment,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None
