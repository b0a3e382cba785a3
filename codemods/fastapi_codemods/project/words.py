"""Files and statements that hold some text: where a codemod looks that is not about FastAPI's own words.

The index reads what concerns FastAPI. A model, or a call of one's method, may stand in any file; whether it can is
asked of the bytes first, so that what does not matter is never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .index import Module, Project


def modules_with(project: Project, pattern: re.Pattern[bytes], imports: Sequence[bytes] = ()) -> Iterator[Module]:
    """The modules that hold a match of `pattern`, by path.

    Of files that the index passed over those that stand beside FastAPI's users count, and only those whose import
    statements hold one of `imports`, if any are given.
    """
    relevant = {module.path: module for module in project.modules()}
    for path in sorted({*relevant, *project.import_statements}):
        module = relevant.get(path)
        if module is None and imports and not any(word in project.import_statements[path] for word in imports):
            continue
        try:
            data = module.data if module is not None else project.data(path)
        except OSError:
            continue
        if pattern.search(data) is None:
            continue
        found = module or project.module(path)
        if found is not None:
            yield found


def is_mentioned(project: Project, word: bytes) -> bool:
    """Whether any file of the project holds the word, a comment included."""

    def search() -> bool:
        for path in project.paths:
            try:
                if word in project.data(path):
                    return True
            except OSError:
                continue
        return False

    return project.remembered(("is mentioned", word), search)


def statements_with(module: Module, pattern: re.Pattern[str]) -> list[int]:
    """The numbers of the top-level statements that hold a match of `pattern`, a string or comment included."""
    text = module.text
    found: list[int] = []
    index = 0
    statements = module.facts.statements
    position = 0
    while (match := pattern.search(text, position)) is not None:
        while index < len(statements) and statements[index].end <= match.start():
            index += 1
        if index == len(statements):
            break
        if statements[index].start <= match.start():
            found.append(index)
        position = max(match.end(), statements[index].end)
    return found
