"""Every changed file parses, compiles, and needs no newer Python than before."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from ...project import Project
from ...project.versions import NEWEST, spelled
from ...source import UnreadableSourceError, read
from ...source.statements import parse
from .problem import Problem
from .versions import newer_than


def check(before: Project, after: Project, path: str) -> Iterator[Problem]:
    """`path` is a file of `after`. What was broken before is not judged."""
    found = _fault(after.data(path), path)
    if found is not None:
        if path not in before.known_paths or _fault(before.data(path), path) is None:
            yield Problem("syntax", path, found[0], found[1], (path,))
        return
    yield from _newer(before, after, path)


def _newer(before: Project, after: Project, path: str) -> Iterator[Problem]:
    bound = before.versions.python
    if bound == NEWEST:
        return
    known = set()
    if path in before.known_paths:
        try:
            text = read(before.data(path)).text
            known = {what for what, _, _ in newer_than(bound, text, parse(text))}
        except UnreadableSourceError:
            return
    text = read(after.data(path)).text
    for what, since, line in newer_than(bound, text, parse(text)):
        if what not in known:
            known.add(what)
            because = f"{before.versions.python_source} allows Python {spelled(bound)}"
            yield Problem("version", path, line, f"{what} needs Python {spelled(since)}, but {because}", (path,))


def _fault(data: bytes, path: str) -> tuple[int, str] | None:
    """The line, and why Python would not run the file."""
    try:
        text = read(data).text
        parse(text)
    except UnreadableSourceError as error:
        return _line_in(str(error)), f"the file {error}"
    return compile_fault(text, path)


def _line_in(message: str) -> int:
    words = message.split()
    return int(words[1]) if len(words) > 1 and words[0] == "line" and words[1].isdigit() else 0


def compile_fault(source: str | ast.Module, path: str) -> tuple[int, str] | None:
    """What only compiling tells: `await` outside `async def`, `return` outside a function, an argument twice."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            return error.lineno or 0, f"line {error.lineno} is not valid Python: {error.msg}"
        except (RecursionError, MemoryError, ValueError) as error:
            return 0, f"it cannot be compiled: {error}"
    return None
