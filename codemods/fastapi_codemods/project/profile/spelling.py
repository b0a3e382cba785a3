"""How types, strings and imports are spelled."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from ...source.statements import string_quotes
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


def quotes(evidence: Evidence) -> Iterator[Observation]:
    """What most strings of a module begin with; those that hold the other quote, and docstrings, have no choice."""
    for module in evidence.modules:
        found = Counter(quote for quote in string_quotes(module.text))
        if found:
            (quote, _), *_ = found.most_common(1)
            yield "double" if quote == '"' else "single", Place(module.path, 1)


def import_styles(evidence: Evidence) -> Iterator[Observation]:
    """How most imports of the project's own modules are written."""
    for module in evidence.modules:
        own: Counter[str] = Counter()
        lines: dict[str, int] = {}
        for item in module.facts.imports:
            if item.target.startswith("."):
                style = "relative"
            elif evidence.project.module_path(module.path, item.target.partition(".")[0]) is not None:
                style = "absolute"
            else:
                continue
            own[style] += 1
            lines.setdefault(style, module.facts.statements[item.statement].line)
        if own:
            style = max(own, key=lambda one: (own[one], one))
            yield style, Place(module.path, lines[style])
