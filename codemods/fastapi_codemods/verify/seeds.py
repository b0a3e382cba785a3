"""Values that the project's own code asks for: what it compares with, looks up and lists as keys.

`if name == "admin"`, `ITEMS = {"foo": ...}`, `if request.url.path == "/down"`: a request with such a value goes where
one with any other text does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from ..project import Project
from ..source.discovery import is_test

MOST_FILES = 1000
LARGEST_FILE = 300_000
LONGEST = 60
MOST_PATHS = 60
MOST_TEXTS = 10
MOST_NUMBERS = 4

_PATH = re.compile(r"/[\w./~-]{1,80}")


class Seeds(NamedTuple):
    paths: tuple[str, ...] = ()
    """Texts that look like paths of requests."""
    by_file: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]] = MappingProxyType({})
    """Texts and numbers, by the file they stand in."""

    def near(self, file: str | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Those of a file, then those of others as long as there are few."""
        texts: dict[str, None] = {}
        numbers: dict[int, None] = {}
        for path in sorted(self.by_file, key=lambda path: (path != file, path)):
            texts.update(dict.fromkeys(self.by_file[path][0]))
            numbers.update(dict.fromkeys(self.by_file[path][1]))
        return tuple(texts)[:MOST_TEXTS], tuple(numbers)[:MOST_NUMBERS]


def seeds_of(project: Project) -> Seeds:
    """Found in the project's Python files but for its tests."""
    paths: dict[str, None] = {}
    by_file = {}
    for path in [path for path in project.paths if not is_test(path)][:MOST_FILES]:
        data = project.data(path)
        if len(data) > LARGEST_FILE:
            continue
        try:
            tree = ast.parse(data)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        texts: dict[str, None] = {}
        numbers: dict[int, None] = {}
        for value in _compared(tree):
            if isinstance(value, str) and _PATH.fullmatch(value):
                paths[value] = None
            elif isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable():
                texts[value] = None
            elif type(value) is int and abs(value) < 2**31:
                numbers[value] = None
        if texts or numbers:
            by_file[path] = (tuple(texts), tuple(numbers))
    return Seeds(tuple(paths)[:MOST_PATHS], by_file)


def _compared(tree: ast.Module) -> Iterator[object]:
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, comparators=comparators):
                for part in (left, *comparators):
                    yield from _constants(part)
            case ast.Assign(value=ast.Dict(keys=keys)) | ast.AnnAssign(value=ast.Dict(keys=keys)):
                for key in keys[:MOST_TEXTS]:
                    if key is not None:
                        yield from _constants(key)
            case ast.Call(func=ast.Attribute(attr="startswith" | "endswith" | "compare_digest"), args=arguments):
                for argument in arguments:
                    yield from _constants(argument)
            case ast.MatchValue(value=value):
                yield from _constants(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
                yield from _constants(value)
            case _:
                pass


def _constants(node: ast.expr) -> Iterator[object]:
    match node:
        case ast.Constant(value=bytes(value)):
            yield value.decode("latin-1")
        case ast.Constant(value=value):
            yield value
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            for element in elements[:MOST_TEXTS]:
                yield from _constants(element)
        case _:
            return
