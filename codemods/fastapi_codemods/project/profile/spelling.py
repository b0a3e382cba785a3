"""How types are spelled."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Symbol
from .evidence import Evidence
from .model import Observation, Place

_OR_NONE = re.compile(r"\|[ \t]*None\b")
_NONE_OR = re.compile(r"None[ \t]*\|(?!=)")
_COLLECTIONS = ("dict", "frozenset", "list", "set", "tuple", "type")
_OLD_COLLECTIONS = ("Dict", "FrozenSet", "List", "Set", "Tuple", "Type")


def optional_types(evidence: Evidence) -> Iterator[Observation]:
    for module in evidence.modules:
        text = evidence.text(module)
        for place, _ in text.places(_OR_NONE):
            yield "X | None", place
        for place, start in text.places(_NONE_OR):
            if not text.masked[max(0, start - 20) : start].rstrip().endswith("|"):  # counted above
                yield "X | None", place
        for written, start in text.occurrences("Optional["):
            if text.meaning(written, start) == Symbol(None, "typing.Optional"):
                yield "Optional[X]", Place(module.path, text.line(start))


def collection_types(evidence: Evidence) -> Iterator[Observation]:
    for module in evidence.modules:
        text = evidence.text(module)
        for name in _COLLECTIONS:
            for written, start in text.occurrences(f"{name}["):
                if written == name and not module.bindings(name):
                    yield "list[X]", Place(module.path, text.line(start))
        for name in _OLD_COLLECTIONS:
            for written, start in text.occurrences(f"{name}["):
                if text.meaning(written, start) == Symbol(None, f"typing.{name}"):
                    yield "List[X]", Place(module.path, text.line(start))
