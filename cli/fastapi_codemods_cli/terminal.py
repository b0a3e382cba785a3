"""Everything that is printed goes through here: results to standard output, the rest to standard error.

File names, messages and source text are data. They never meet Rich's markup, and on their way to a person
their control characters are written out, so that a file name cannot move the cursor or hide a line.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from fastapi_codemods.errors import CodemodsError

if TYPE_CHECKING:
    from collections.abc import Sequence


class OutputError(CodemodsError):
    """Standard output takes no more: a full disk, not a closed pipe (that is a `BrokenPipeError`)."""


def printable(text: str) -> str:
    """`text` on one line, every character that does not print as its escape: `\\x1b`, `\\n`, `\\u202e`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def aligned(rows: Sequence[Sequence[str]], indent: str = "") -> str:
    """A table as plain text: each column as wide as its widest cell, the last one as it is."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    padded = ([*map(str.ljust, row, widths), row[-1]] for row in rows)
    return "".join(f"{indent}{'  '.join(cells).rstrip()}\n" for cells in padded)


def write(text: str) -> None:
    """Results as text; characters that the stream cannot hold are escaped."""
    encoding = sys.stdout.encoding or "utf-8"
    safe = text.encode(encoding, "backslashreplace").decode(encoding)
    try:
        sys.stdout.write(safe)
        sys.stdout.flush()
    except OSError as error:
        raise _explained(error) from None


def write_bytes(data: bytes) -> None:
    """Results as they are, for programs."""
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise _explained(error) from None


def _explained(error: OSError) -> OSError | OutputError:
    if isinstance(error, BrokenPipeError):
        return error
    return OutputError(f"standard output cannot be written: {error.strerror}")


def note(text: str) -> None:
    """One line for a person. Where nobody can read it, the work goes on."""
    with suppress(OSError):
        print(printable(text), file=sys.stderr, flush=True)


def is_terminal(stream: TextIO) -> bool:
    try:
        return stream.isatty()
    except ValueError:  # closed
        return False


def has_colours(stream: TextIO) -> bool:
    """See https://no-color.org."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def silence() -> None:
    """After a broken pipe: let Python's last flush go nowhere instead of complaining."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):  # a stream without a file descriptor cannot break
        pass


_BOLD, _RED, _GREEN, _CYAN, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[32m", "\x1b[36m", "\x1b[0m"
_COLOURS = {"+": _GREEN, "-": _RED, "@": _CYAN}


def patch_for_reading(patch: bytes, colours: bool) -> str:
    """A patch for a terminal: control characters written out (tabs stay), coloured as git does."""
    shown = []
    in_hunk = False
    for line in patch.decode("utf-8", "backslashreplace").split("\n")[:-1]:
        text = "\t".join(printable(part) for part in line.split("\t"))
        # Lines of a hunk begin with a space, a sign or a backslash, so a `d` can only begin the next file.
        in_hunk = (in_hunk and not line.startswith("d")) or line.startswith("@")
        colour = (_COLOURS.get(line[:1]) if in_hunk else _BOLD) if colours else None
        shown.append(f"{colour}{text}{_PLAIN}\n" if colour else f"{text}\n")
    return "".join(shown)
