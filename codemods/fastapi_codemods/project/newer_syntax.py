"""Which Python reads a file that the running one does not.

`ast` knows the grammar of its own Python only; LibCST's parser knows later ones. Asked only about broken files, so
the import of LibCST and a second parse cost nobody else anything.
"""

from __future__ import annotations

import re
import sys

# A parser written as recursive functions in native code has no guard against depth: it ends the process.
_SAFE_SIZE = 1_000_000
_SAFE_DEPTH = 50

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
    if len(text) > _SAFE_SIZE or _depth(text) > _SAFE_DEPTH:
        return None
    import libcst

    try:
        libcst.parse_module(data)
    except Exception:  # any failure of the other parser only means that it cannot read the file either
        return None
    for version, feature in _FEATURES:
        if version > sys.version_info[:2] and feature.search(text):
            return ".".join(map(str, version))
    return f"{sys.version_info[0]}.{sys.version_info[1] + 1} or newer"


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return max(deepest, max((len(line) - len(line.lstrip()) for line in text.splitlines()), default=0) // 4)
