"""The program `fastapi-codemods`: plain command lines straight to `commands`, all else through Typer."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from . import arguments

if TYPE_CHECKING:
    from collections.abc import Sequence


def main() -> NoReturn:
    """What the console script calls."""
    gc.disable()  # imports make much and drop nothing; saves 5 ms, and the process is short
    try:
        code = run(sys.argv[1:])
    except Exception as bug:
        # Exit code 1, Python's own, would say that check has findings.
        sys.excepthook(type(bug), bug, bug.__traceback__)
        code = 2
    _leave(code)


def _leave(code: int) -> NoReturn:
    """Exit without taking the project apart object by object, which is all that Python would still do."""
    atexit._run_exitfuncs()  # noqa: SLF001 (it has no public name)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def run(words: Sequence[str]) -> int:
    """Do what the words of a command line ask for; the exit code."""
    from . import commands

    def do(name: str, given: arguments.Arguments) -> int:
        return commands.run(name, given, words)

    if list(words) == ["--version"]:
        return commands.show_version()
    parsed = arguments.parse(words)
    if parsed is not None:
        return do(*parsed)

    from .app import build

    try:
        build(do, commands.show_version)(list(words), prog_name="fastapi-codemods")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    main()
