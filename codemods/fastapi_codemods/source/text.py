"""Bytes to text and back, exactly: encodings, byte order marks and line ends stay as they are.

Text here is `str` with every line end untouched; nothing in the library uses universal newlines. A file whose bytes
would not come back from its text is not a source for us and is left out with the reason.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

LINE_END = re.compile(r"\r\n|\r|\n")

# PEP 263, https://docs.python.org/3/reference/lexical_analysis.html#encoding-declarations
_DECLARATION = re.compile(rb"[ \t\f]*#[^\r\n]*?coding[:=][ \t]*([-\w.]+)")
_SPELLINGS = {"utf-8": ("utf-8", "utf8"), "iso-8859-1": ("latin-1", "iso-8859-1", "iso-latin-1")}
_COMMENT_OR_BLANK = re.compile(rb"[ \t\f]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|$)")


class UnreadableSourceError(Exception):
    """A file that cannot be taken as Python source; the message is the reason, in one line, without the path."""


class Source(NamedTuple):
    """The text of one file and how to turn changed text back into bytes."""

    text: str
    encoding: str
    has_bom: bool

    def encode(self, text: str) -> bytes:
        """The bytes of `text` in this file's encoding; `UnreadableSourceError` for a character it does not have."""
        try:
            data = text.encode(self.encoding)
        except UnicodeEncodeError as error:
            character = error.object[error.start]
            raise UnreadableSourceError(f"its encoding {self.encoding} has no {character!a}") from None
        return codecs.BOM_UTF8 + data if self.has_bom else data

    @property
    def newline(self) -> str:
        """The file's first line end, `"\\n"` if it has none: what new lines are written with."""
        found = LINE_END.search(self.text)
        return found.group() if found else "\n"


def read(data: bytes) -> Source:
    """Decode a file as Python does: UTF-8 unless a byte order mark or a PEP 263 declaration says otherwise."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableSourceError("is UTF-16 or UTF-32, which Python does not read: save it as UTF-8")
    if b"\0" in data:
        raise UnreadableSourceError("holds NUL bytes, so it is not Python source")
    has_bom = data.startswith(codecs.BOM_UTF8)
    body = data[3:] if has_bom else data
    declared = _declared_encoding(body)
    if has_bom and declared not in (None, "utf-8"):
        raise UnreadableSourceError(f"declares {declared}, but has the byte order mark of UTF-8: remove one of them")
    encoding = declared or "utf-8"
    text = _decoded(body, encoding, is_declared=declared is not None)
    source = Source(text, encoding, has_bom)
    if encoding != "utf-8" and not _survives(source, data):
        raise UnreadableSourceError(f"its bytes do not survive decoding as {encoding}: save it as UTF-8")
    return source


def _decoded(body: bytes, encoding: str, *, is_declared: bool) -> str:
    try:
        return body.decode(encoding)
    except LookupError:
        raise UnreadableSourceError(f"declares an encoding that Python does not know: {encoding}") from None
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        advice = ", which the file declares: correct that" if is_declared else ": declare its encoding"
        raise UnreadableSourceError(f"line {line} is not {encoding}{advice} or save it as UTF-8") from None
    except UnicodeError:  # of codecs that are no encodings of files: `undefined`, `idna`
        raise UnreadableSourceError(f"is not {encoding}, which it declares: correct that or save it as UTF-8") from None


def _survives(source: Source, data: bytes) -> bool:
    try:
        return source.encode(source.text) == data
    except (UnicodeError, UnreadableSourceError):
        return False


def _declared_encoding(data: bytes) -> str | None:
    """The encoding of a PEP 263 declaration, spelled as Python's tokenizer spells it."""
    first = _COMMENT_OR_BLANK.match(data)
    if first is None:
        return None
    declaration = _DECLARATION.match(data)
    if declaration is None:
        # A declaration on the second line counts only below a comment or a blank line.
        declaration = _DECLARATION.match(data, first.end())
    if declaration is None:
        return None
    name = declaration.group(1).decode("ascii").lower().replace("_", "-")
    # Emacs adds the line ends: `utf-8-unix`.
    for known, spellings in _SPELLINGS.items():
        if name in spellings or name.startswith(tuple(f"{spelling}-" for spelling in spellings)):
            return known
    return name
