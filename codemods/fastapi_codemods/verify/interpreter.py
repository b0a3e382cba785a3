"""Which Python runs the project."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import VerificationError

FOLDERS = (".venv", "venv", ".env", "env", "virtualenv")


def find_python(root: Path, given: Path | None) -> Path:
    """The interpreter that was given, that of the project's virtual environment, of the active one, or ours."""
    if given is not None:
        inside = _python_in(given) if given.is_dir() else given
        if inside is None or not inside.exists():
            raise VerificationError(f"--python: {given} is no interpreter")
        return Path(os.path.abspath(inside))
    for folder in FOLDERS:
        if (root / folder / "pyvenv.cfg").is_file() and (found := _python_in(root / folder)):
            return Path(os.path.abspath(found))
    if (active := os.environ.get("VIRTUAL_ENV")) and (found := _python_in(Path(active))):
        return Path(os.path.abspath(found))
    return Path(sys.executable)


def _python_in(folder: Path) -> Path | None:
    for name in ("bin/python", "bin/python3", "Scripts/python.exe"):
        if (folder / name).exists():
            return folder / name
    return None
