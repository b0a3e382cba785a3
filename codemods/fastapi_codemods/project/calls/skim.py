"""What the text of a file tells: where something may block, what it imports and calls."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache

from ...source import UnreadableSourceError, read
from ...source.statements import blanked_but_f_strings
from .. import blocking
from ..reader import imported_names
from ..references import words
from .model import Skimmed, Wanted

HELPERS = ("run_in_threadpool", "asyncio.to_thread", "anyio.to_thread.run_sync", "loop.run_in_executor", "asyncify")
"""What runs a function in a thread, as it is commonly written; the first is FastAPI's own."""


HELPER_WORDS = tuple(name.removeprefix("anyio.").removeprefix("loop.").encode() + b"(" for name in HELPERS)


_WORD = re.compile(r"\w+")
_ASYNC = re.compile(rb"async[ \t]+def\b")
_COMMENT = re.compile(rb"#[^\n]*")
_CHAIN = re.compile(r"(?:[ \t]*\.[ \t]*\w+)*")
_LIBRARY = re.compile(rb"\b(?:%s)\b" % b"|".join(sorted(name.encode() for name in blocking.LIBRARIES)))


@lru_cache(maxsize=5000)
def imported(statement: bytes) -> tuple[tuple[str, str], ...]:
    """Local names and targets of an import statement; many files hold the same."""
    text = _COMMENT.sub(b"", statement).decode("utf-8", "replace").replace("\\", " ")
    return tuple(imported_names(text) or ())


def stem_of(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else parts[-1]


def skimmed(path: str, data: bytes, imports: bytes) -> Skimmed:
    text = text_of(data)
    marks: set[int] = set()
    names: set[str] = set()
    seeds: list[tuple[int, frozenset[str]]] = []
    for name in blocking.BUILTINS:
        own = [place for place in words(text, name, targets=True) if text.startswith("(", place + len(name))]
        if own:
            marks.update(own)
            names.add(name)
            if cls := blocking.made_by(f"builtins.{name}"):
                seeds += [(place, _reachable(cls)) for place in own]
    for local, target in _of_libraries(imports):
        for place in words(text, local, targets=True):
            chain = _CHAIN.match(text, place + len(local))
            assert chain is not None
            name = target
            for part in ("", *_WORD.findall(chain.group())):
                name = f"{name}.{part}" if part else name
                if cls := blocking.made_by(name):
                    seeds.append((place, _reachable(cls)))
            if blocking.blocks(name) and text.startswith("(", chain.end()):
                marks.add(place)
                names.add(name.rpartition(".")[2] if chain.group() else local)
    carries: Mapping[str, frozenset[str]] = {}
    if seeds:
        more, carries = spread(text, seeds)
        marks.update(more)
        names.update(method for _, methods in seeds for method in methods)
    helpers = tuple(data.count(word) for word in HELPER_WORDS)
    has_async = b"async def" in data or (b"async" in data and _ASYNC.search(data) is not None)
    return Skimmed(
        path, len(data), imports, has_async, tuple(sorted(marks)), frozenset(names), tuple(carries.items()), helpers
    )


def spread(text: str, seeds: Iterable[tuple[int, frozenset[str]]]) -> tuple[set[int], dict[str, frozenset[str]]]:
    """Where objects that come from the places `seeds` may have methods called that block, and which names of the
    module may hand such objects on.

    An object gets from one top-level statement to another only by the name of a class, a function that gives
    something back, or a variable.
    """
    masked, code = blanked_but_f_strings(text)
    starts = [match.start() + 1 for match in _TOP_LINE.finditer("\n" + masked)]
    starts = [start - 1 for start in starts] or [0]
    methods: dict[int, frozenset[str]] = {}
    carries: dict[str, frozenset[str]] = {}
    waiting = list(seeds)
    while waiting:
        place, own = waiting.pop()
        index = max(bisect_right(starts, place) - 1, 0)
        known = methods.get(index, frozenset())
        if own <= known:
            continue
        methods[index] = known | own
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        if name := _handed_on(masked, starts[index], end):
            carries[name] = methods[index]
            waiting += [(other, own) for other in words(code, name, targets=True)]
    marks: set[int] = set()
    for index, own in methods.items():
        end = starts[index + 1] if index + 1 < len(starts) else len(text)
        marks.update(_calls(code, own, starts[index], end))
    return marks, carries


_TOP_LINE = re.compile(r"\n(?=[A-Za-z_@])")
_TOP = re.compile(r"(?:async[ \t]+def|def|(class))[ \t]+(\w+)|(\w+)[ \t]*(?::[^=\n]*)?=(?!=)")


def _handed_on(masked: str, start: int, end: int) -> str:
    """The name by which a statement hands on what it makes: that of a class, variable or function with a result."""
    match = _TOP.match(masked, start)
    if match is None:
        return ""
    if match.group(1) or match.group(3):
        return match.group(2) or match.group(3)
    gives = masked.find("->", start, end) >= 0 or masked.find("return ", start, end) >= 0
    return match.group(2) if gives or masked.find("yield ", start, end) >= 0 else ""


def text_of(data: bytes) -> str:
    """The text, so that places in it are those in the module's."""
    if not data.isascii():
        try:
            return read(data).text
        except UnreadableSourceError:
            pass
    return data.decode("latin-1")


@lru_cache(maxsize=200)
def _reachable(cls: str) -> frozenset[str]:
    return blocking.methods_reachable(cls)


def _of_libraries(imports: bytes) -> Iterator[tuple[str, str]]:
    """Local name and target of what is imported from the libraries that can block, however deep in the file."""
    seen = set()
    for statement in imports.split(b"\0"):
        if _LIBRARY.search(statement):
            for local, target in imported(statement):
                if target.partition(".")[0] in blocking.LIBRARIES and (local, target) not in seen:
                    seen.add((local, target))
                    yield local, target


def _calls(text: str, methods: Collection[str], start: int, end: int) -> Iterator[int]:
    """Where one of the methods is called."""
    if blocking.ANY in methods:
        yield from (match.start() + 1 for match in _METHOD_CALL.finditer(text, start, end))
        return
    for name in methods:
        place = text.find(f".{name}(", start, end)
        while place >= 0:
            yield place + 1
            place = text.find(f".{name}(", place + 1, end)


_METHOD_CALL = re.compile(r"\.\w+\(")
_CALLED = re.compile(r"\b(\w+)\(")  # with `\b` it goes back over a word once, not for each of its letters
_CALLED_IN_ASCII = re.compile(_CALLED.pattern, re.ASCII)  # which is decided in half the time


def called_in(text: str) -> set[str]:
    """The last names of what the text calls, defines or only talks about."""
    return {*(_CALLED_IN_ASCII if text.isascii() else _CALLED).findall(text)}


def places_in(text: str, file: Wanted) -> set[int]:
    """Where to look, in the text of the file."""
    found = set(file.marks)
    if file.seeds:
        spelled = [(place, methods) for name, methods in file.seeds for place in words(text, name, targets=True)]
        if spelled:
            found |= spread(text, spelled)[0]
    for name in file.calls:
        start = text.find(f"{name}(")
        while start >= 0:
            before = text[start - 1] if start else " "
            if not (before == "_" or before.isalnum() or text.endswith("def ", 0, start)):
                found.add(start)
            start = text.find(f"{name}(", start + 1)
    return found
