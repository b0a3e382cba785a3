"""Route templates as Starlette understands them: which request paths match `/users/{id:int}`, and which match two.

A template is a regular language, so whether two have a path in common and whether one holds all of another is decided,
not guessed: https://github.com/encode/starlette/blob/master/starlette/routing.py (`compile_path`), `convertors.py`.

Paths with a line feed in them are left out. Starlette's `$` also matches before one at the end, and `.*` matches none:
taken at its word, `/{name}` would overlap `/` in `/%0A`, and no `{rest:path}` would cover `{name}`.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

_PARAMETER = re.compile(r"{[a-zA-Z_][a-zA-Z0-9_]*(?::([a-zA-Z_][a-zA-Z0-9_]*))?}")

_WITHIN_A_SEGMENT = frozenset({"str", "int", "float", "uuid"})
"""Converters that match no slash; of those that are not known here nobody can tell."""

TOO_MANY_STATES = 5_000
"""Where `covers` gives up: no template that a person would write comes near."""


def may_overlap(a: str, b: str) -> bool:
    """Whether one request path can match both templates. A converter that is not Starlette's may match anything."""
    return common_path(a, b) is not None


def common_path(a: str, b: str) -> str | None:
    """A short path that both templates match, or None. With converters that are not Starlette's it is a guess."""
    first, second = _template(a), _template(b)
    if first.rest is None or second.rest is None:
        # One of them has a fixed number of slashes, and the other at least one in front of what may match more.
        fixed, free = (first, second) if first.rest is None else (second, first)
        least = len(free.segments) + (free.rest is not None)
        if len(fixed.segments) < least or (free.rest is None and len(fixed.segments) != least):
            return None
    found = []
    for one, other in zip(first.segments, second.segments, strict=False):
        # Most segments are plain, and most pairs of templates differ in the first of them.
        segment = _common_word(one, other) if "{" in one + other or "}" in one else (one if one == other else None)
        if segment is None:
            return None
        found.append(segment)
    if first.rest is None and second.rest is None:
        return "/".join(found)
    rest = _common_word(first.after(len(found)), second.after(len(found)))
    return None if rest is None else "/".join([*found, rest])


def covers(a: str, b: str) -> bool:
    """Whether every path that `b` matches is matched by `a` too; True only where that is certain.

    A converter that is not Starlette's covers the same one in a template that is the same throughout, and nothing else.
    """
    first, second = _template(a), _template(b)
    if first.shape == second.shape:
        return True
    if common_path(a, b) is None:
        return False
    if first.rest is None and second.rest is None:
        return all(
            one == other or _includes(one, other) for one, other in zip(first.segments, second.segments, strict=True)
        )
    return _includes(first.shape, second.shape)


class _Template(NamedTuple):
    shape: str
    """The template with each parameter as `{converter}`. Literals have their braces doubled, so they cannot look so."""
    segments: tuple[str, ...]
    """Of the shape: those before the first that holds a parameter which may match a slash."""
    rest: str | None
    """The shape from that segment on, None where there is none."""

    def after(self, count: int) -> str:
        """The shape without its first `count` segments, of which each is one of `segments`."""
        return "/".join([*self.segments[count:], *([] if self.rest is None else [self.rest])])


@lru_cache(maxsize=10_000)
def _template(template: str) -> _Template:
    parts = []
    position = 0
    for parameter in _PARAMETER.finditer(template):
        parts += [_escaped(template[position : parameter.start()]), f"{{{parameter.group(1) or 'str'}}}"]
        position = parameter.end()
    parts.append(_escaped(template[position:]))
    shape = "".join(parts)
    segments = shape.split("/")
    for index, segment in enumerate(segments):
        if not _WITHIN_A_SEGMENT.issuperset(token[1:-1] for token in _tokens(segment) if len(token) > 2):
            return _Template(shape, tuple(segments[:index]), "/".join(segments[index:]))
    return _Template(shape, tuple(segments), None)


def _escaped(literal: str) -> str:
    return literal.replace("{", "{{").replace("}", "}}")


_TOKEN = re.compile(r"\{\{|\}\}|\{\w+\}|.", re.DOTALL)


def _tokens(shape: str) -> list[str]:
    """Literal characters, doubled braces, and `{converter}`: only these last are longer than two characters."""
    return _TOKEN.findall(shape)


class _Characters(NamedTuple):
    """These characters, or all but these."""

    some: frozenset[str]
    are_excluded: bool = False

    def holds(self, character: str) -> bool:
        return (character in self.some) is not self.are_excluded


_DIGITS = "1234567890"
_HEX_LETTERS = "abcdefABCDEF"
_DIGIT = _Characters(frozenset(_DIGITS))
_HEX_DIGIT = _Characters(frozenset(_DIGITS + _HEX_LETTERS))
_BUT_SLASH = _Characters(frozenset("/"), are_excluded=True)
_ANY = _Characters(frozenset(), are_excluded=True)


class _Automaton(NamedTuple):
    """Accepts the words of a shape, without empty steps. It starts in state 0."""

    steps: tuple[tuple[tuple[_Characters, int], ...], ...]
    """By state."""
    accepting: frozenset[int]
    literals: frozenset[str]


class _Builder:
    """A chain of states with loops on some; `skips` lead forward without a character."""

    def __init__(self) -> None:
        self.steps: list[list[tuple[_Characters, int]]] = [[]]
        self.skips: dict[int, int] = {}
        self.literals: set[str] = set()

    def one(self, characters: _Characters) -> None:
        self.steps[-1].append((characters, len(self.steps)))
        self.steps.append([])

    def loop(self, characters: _Characters) -> None:
        self.steps[-1].append((characters, len(self.steps) - 1))

    def some(self, characters: _Characters) -> None:
        self.one(characters)
        self.loop(characters)

    def literal(self, character: str) -> None:
        self.literals.add(character)
        self.one(_Characters(frozenset(character)))

    def parameter(self, converter: str) -> None:
        match converter:
            case "str":
                self.some(_BUT_SLASH)
            case "int":
                self.some(_DIGIT)
            case "float":
                self.some(_DIGIT)
                whole = len(self.steps) - 1
                self.literal(".")
                self.some(_DIGIT)
                # The digits may be the end. A state of its own, or what follows could loop back into this number.
                self.join(whole)
            case "uuid":
                for index, length in enumerate((8, 4, 4, 4, 12)):
                    if index:
                        before = len(self.steps) - 1
                        self.literal("-")
                        self.skips[before] = len(self.steps) - 1
                    for _ in range(length):
                        self.one(_HEX_DIGIT)
            case _:
                self.loop(_ANY)

    def join(self, state: int) -> None:
        """Go on from both the last state and an earlier one."""
        last = len(self.steps) - 1
        self.steps.append([])
        self.skips[state] = self.skips[last] = last + 1

    def built(self) -> _Automaton:
        accepting = {len(self.steps) - 1}
        for state in sorted(self.skips, reverse=True):
            target = self.skips[state]
            self.steps[state] += self.steps[target]
            if target in accepting:
                accepting.add(state)
        return _Automaton(tuple(map(tuple, self.steps)), frozenset(accepting), frozenset(self.literals))


@lru_cache(maxsize=10_000)
def _automaton(shape: str, *, unknown_matches: bool = True) -> _Automaton:
    builder = _Builder()
    for token in _tokens(shape):
        if len(token) <= 2:
            builder.literal(token[0])
        elif unknown_matches or token[1:-1] in _WITHIN_A_SEGMENT or token == "{path}":
            builder.parameter(token[1:-1])
        else:
            builder.one(_Characters(frozenset()))  # no way on from here
    return builder.built()


def _alphabet(literals: frozenset[str]) -> str:
    """One character for each set of characters that the two automata tell apart, nice ones first."""
    others = (c for c in _candidates() if c not in literals)
    hex_letter = (c for c in _HEX_LETTERS if c not in literals)
    digit = (c for c in _DIGITS if c not in literals)
    fresh = [*islice(others, 1), *islice(digit, 1), *islice(hex_letter, 1)]
    return "".join([*fresh, *sorted(literals | {"/", ".", "-"})])


def _candidates() -> Iterator[str]:
    """Characters that are neither digits of a number nor of a UUID."""
    yield from "xyzwvutsrqponmlkjihg"
    yield from map(chr, range(0xE0, 0x10FFFF))


@lru_cache(maxsize=100_000)
def _common_word(a: str, b: str) -> str | None:
    """A shortest word of both shapes: a search of the product of their automata."""
    first, second = _automaton(a), _automaton(b)
    alphabet = _alphabet(first.literals | second.literals)
    came_from: dict[tuple[int, int], tuple[tuple[int, int], str] | None] = {(0, 0): None}
    waiting = deque(came_from)
    while waiting:
        pair = waiting.popleft()
        if pair[0] in first.accepting and pair[1] in second.accepting:
            return _word_to(pair, came_from)
        for character in alphabet:
            for one in _targets(first, pair[0], character):
                for other in _targets(second, pair[1], character):
                    if (one, other) not in came_from:
                        came_from[one, other] = (pair, character)
                        waiting.append((one, other))
    return None


def _targets(automaton: _Automaton, state: int, character: str) -> list[int]:
    return [target for characters, target in automaton.steps[state] if characters.holds(character)]


def _word_to(pair: tuple[int, int], came_from: dict[tuple[int, int], tuple[tuple[int, int], str] | None]) -> str:
    word = []
    while (step := came_from[pair]) is not None:
        pair, character = step
        word.append(character)
    return "".join(reversed(word))


@lru_cache(maxsize=100_000)
def _includes(a: str, b: str) -> bool:
    """Whether `a` accepts every word of `b`: each state of `b` is met with all states in which `a` can then be."""
    first, second = _automaton(a, unknown_matches=False), _automaton(b)
    alphabet = _alphabet(first.literals | second.literals)
    waiting: list[tuple[frozenset[int], int]] = [(frozenset({0}), 0)]
    seen = set(waiting)
    while waiting:
        states, other = waiting.pop()
        if other in second.accepting and first.accepting.isdisjoint(states):
            return False
        for character in alphabet:
            targets = _targets(second, other, character)
            if not targets:
                continue
            reached = frozenset(target for state in states for target in _targets(first, state, character))
            for target in targets:
                if (reached, target) not in seen:
                    seen.add((reached, target))
                    waiting.append((reached, target))
        if len(seen) > TOO_MANY_STATES:
            return False
    return True
