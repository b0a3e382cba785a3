"""Which Python reads a file that the running one does not.

`ast` knows the grammar of its own Python only; LibCST's parser knows later ones. Asked only about broken files that
show a sign of newer syntax, so the import of LibCST and a second parse cost nobody else anything.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable

from ..parallel import can_fork

_SAFE_SIZE = 1_000_000
_SAFE_DEPTH = 50
SAFE_RUN = 500
_SECONDS = 5

_FEATURES = (
    ((3, 14), re.compile(r"^[ \t]*except\*?[ \t]+[\w.]+[ \t]*,[^:\n]*:", re.MULTILINE)),
    ((3, 14), re.compile(r"(?<![\w\"'])(?:t|T|[rR][tT]|[tT][rR])[\"']")),
    ((3, 13), re.compile(r"^[ \t]*(?:class|(?:async[ \t]+)?def|type)[ \t]+\w+[ \t]*\[[^\]\n]*=", re.MULTILINE)),
    ((3, 12), re.compile(r"^[ \t]*(?:class|(?:async[ \t]+)?def)[ \t]+\w+[ \t]*\[", re.MULTILINE)),
    ((3, 12), re.compile(r"^[ \t]*type[ \t]+\w+", re.MULTILINE)),
    ((3, 12), re.compile(r"(?<![\w\"'])[rR]?[fF][rR]?[\"']")),
)


def version_that_reads(data: bytes) -> str | None:
    """`"3.14"`, or None where the file is not Python 3 as far as LibCST knows."""
    text = data.decode("utf-8", "replace")
    version = next((v for v, feature in _FEATURES if v > sys.version_info[:2] and feature.search(text)), None)
    if version is None or len(text) > _SAFE_SIZE or _depth(text) > _SAFE_DEPTH or longest_run(text) > SAFE_RUN:
        return None
    import libcst  # before the child, so that several broken files share it

    def is_read() -> bool:
        try:
            libcst.parse_module(data)
        except Exception:  # any failure of the other parser only means that it cannot read the file either
            return False
        return True

    can_read = _holds_in_a_child(is_read) if can_fork() else is_read()
    return ".".join(map(str, version)) if can_read else None


def _holds_in_a_child(claim: Callable[[], bool]) -> bool:
    """`claim()`, False where the answer does not come.

    A parser of recursive functions in native code has no guard against depth: it may end its process, or take minutes
    over what it will refuse. So it gets a process of its own, and five seconds.
    """
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(_SECONDS)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # its last words are not for the user
            os._exit(0 if claim() else 1)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _depth(text: str) -> int:
    """How deep brackets or blocks are nested, about: strings are counted like code."""
    deepest = depth = 0
    for bracket in re.findall(r"[()\[\]{}]", text):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    indented = max((len(line) - len(line.lstrip()) for line in text.splitlines()), default=0)
    return max(deepest, indented // 4)


def longest_run(text: str) -> int:
    """The most words and signs in a line or between two commas: a bound on the depth of `- - - -1` and `a.b.c.d`."""
    return max((len(re.findall(r"\w+|[^\w\s]", run)) for run in re.split(r"[,;\n]", text)), default=0)
