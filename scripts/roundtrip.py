"""Does every Python file come back exactly? Reads files as the library does and compares with what Python says.

    python scripts/roundtrip.py                         the standard library and every installed package
    python scripts/roundtrip.py PROJECT another/folder  every .py file below these
    python scripts/roundtrip.py --every 20              one file in twenty

For each file that Python itself can parse: its bytes decode as Python decodes them and encode back to the same
bytes; the top-level statements joined give the file back and start where `ast` says; the masked text is as long as the
text; the header of each function, read and written by LibCST, is the same text. A file that Python cannot parse must
be refused or split without any other error. Prints counts and the first failures; exit code 1 if there are any.
"""

from __future__ import annotations

import argparse
import ast
import codecs
import sys
import sysconfig
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import pairwise
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(CHECKOUT / "codemods"))

from fastapi_codemods.source import Statement, UnreadableSourceError, read, split  # noqa: E402
from fastapi_codemods.source.statements import header_end, line_starts, parse  # noqa: E402
from fastapi_codemods.source.text import LINE_END  # noqa: E402


def installed() -> tuple[Path, ...]:
    """The standard library and the packages of the interpreter that runs this."""
    paths = sysconfig.get_paths()
    return tuple(dict.fromkeys(Path(paths[name]).resolve() for name in ("stdlib", "purelib", "platlib")))


def python_files(folders: Iterable[Path]) -> list[Path]:
    found = {file for folder in folders for file in (folder.rglob("*.py") if folder.is_dir() else [folder])}
    return sorted(file for file in found if file.is_file())


def problems_of(data: bytes, counts: Counter[str], *, headers: bool = True) -> Iterator[str]:
    """What is wrong with the way these bytes are read; counts what was looked at."""
    counts["files"] += 1
    counts["bytes"] += len(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
            expected = decoded(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError, LookupError):
        counts["files that Python cannot parse"] += 1
        yield from _problems_of_broken(data)
        return
    try:
        source = read(data)
    except UnreadableSourceError as error:
        yield f"is refused: {error}"
        return
    if source.text != expected:
        yield "is decoded to another text than Python's"
    if source.encode(source.text) != data:
        yield "does not encode back to its bytes"
    counts["files that are not UTF-8"] += source.encoding != "utf-8"
    try:
        statements, masked = split(source.text)
    except UnreadableSourceError as error:
        yield f"cannot be split: {error}"
        return
    counts["statements"] += len(statements)
    yield from _problems_of_split(source.text, statements, masked, tree)
    if headers:
        yield from _problems_of_headers(source.text, statements, masked, counts)


def decoded(data: bytes) -> str:
    """The text as the standard library's tokenizer decodes it, line ends untouched."""
    encoding, _ = tokenize.detect_encoding(BytesIO(data).readline)
    return data.removeprefix(codecs.BOM_UTF8).decode("utf-8" if encoding == "utf-8-sig" else encoding)


def starts_by_ast(text: str, tree: ast.Module) -> list[int]:
    """Where the line of each top-level statement starts that shares its line with none before it."""
    lines = line_starts(text)
    starts = []
    last_line = 0
    for node in tree.body:
        first = min([node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))])
        if first > last_line:
            starts.append(lines[first - 1])
        last_line = node.end_lineno or first
    return starts


def _problems_of_broken(data: bytes) -> Iterator[str]:
    try:
        source = read(data)
        statements, masked = split(source.text)
    except UnreadableSourceError as error:
        if "\n" in str(error):
            yield "is refused with a reason of several lines"
        return
    if "".join(_pieces(source.text, statements)) != source.text or len(masked) != len(source.text):
        yield "does not come back from its statements"


def _problems_of_split(text: str, statements: tuple[Statement, ...], masked: str, tree: ast.Module) -> Iterator[str]:
    if "".join(_pieces(text, statements)) != text:
        yield "does not come back from its statements"
    lines = line_starts(text)
    expected_starts = starts_by_ast(text, tree)
    for statement, expected in zip(statements, expected_starts, strict=False):
        if statement.start != expected:
            line = text.count("\n", 0, expected) + 1
            yield f"has a statement in line {line} that was found in line {statement.line}"
            break
    if len(statements) != len(expected_starts):
        yield f"has {len(expected_starts)} statements, not {len(statements)}"
    if any(lines[statement.line - 1] != statement.start for statement in statements):
        yield "has a statement whose line number is wrong"
    if len(masked) != len(text):
        yield "has a masked text of another length"


def _pieces(text: str, statements: tuple[Statement, ...]) -> Iterator[str]:
    """The text before the first statement, then that of each."""
    starts = [0, *(statement.start for statement in statements)]
    yield text[: starts[1] if statements else len(text)]
    for statement, following in pairwise([*statements, Statement(len(text), len(text), 0, "")]):
        if statement.end == following.start:
            yield text[statement.start : statement.end]


def _problems_of_headers(
    text: str, statements: tuple[Statement, ...], masked: str, counts: Counter[str]
) -> Iterator[str]:
    from fastapi_codemods.edits.fragments import header_code, parse_header

    for statement in statements:
        if statement.word not in ("def", "async def"):
            continue
        end = header_end(masked[statement.start : statement.end])
        header = text[statement.start : statement.start + end].lstrip("\f")
        counts["headers"] += 1
        try:
            parse(header + " pass")
        except UnreadableSourceError as error:
            yield f"has a header in line {statement.line} that was cut wrongly: {error}"
            continue
        newline = LINE_END.search(header)
        found = header_code(parse_header(header), newline.group() if newline else "\n")
        if found != header:
            yield f"has a header in line {statement.line} that is written back differently"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, help="default: everything that is installed")
    parser.add_argument("--every", type=int, default=1, help="read one file in so many")
    parser.add_argument("--no-headers", action="store_true", help="leave LibCST out")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    failures: list[str] = []
    for file in python_files(options.folders or installed())[:: options.every]:
        problems = list(problems_of(file.read_bytes(), counts, headers=not options.no_headers))
        failures += [f"{file} {problem}" for problem in problems]
    for name, count in counts.items():
        print(f"{count:>12,} {name}")
    print(f"{len(failures):>12,} failures")
    for failure in failures[:50]:
        print(failure)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
