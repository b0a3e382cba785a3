"""Calls of known names, wherever they stand, found in the text.

The index holds the calls that are decorators, defaults, statements and assigned values. A `raise HTTPException(...)`
is none of these, and parsing every function that holds one would cost more than all the rest: so calls are found in
the text with its strings and comments blanked, and what a name means is asked of the module. Only where a definition
binds the name itself is it parsed, for its scopes.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from ...source import UnreadableSourceError
from ...source.nodes import children, walk
from ...source.statements import blanked, line_starts
from ..index import Module, Project, Symbol
from ..model import Argument, Call, Scope, Span
from ..reader import scope_of
from .model import Place

_RAISE = re.compile(r"raise[ \t]+([A-Za-z_][\w.]*)")
_BRACKET = re.compile(r"[()]")
_BINDING_WORDS = frozenset({"as", "class", "def", "for", "global", "import", "nonlocal"})
_ARGUMENT = re.compile(r"\s*(\*{0,2})(?:(\w+)[ \t]*=(?!=)\s*)?(?=\S)")
_DEFINES = re.compile(r"(?:\bcase|\bclass|\bdef)[ \t]+\Z")


class Mention(NamedTuple):
    """`name(...)`, or what is raised."""

    text: Text
    written: str
    symbol: Symbol
    start: int

    @property
    def module(self) -> Module:
        return self.text.module

    @property
    def place(self) -> Place:
        return Place(self.module.path, self.text.line(self.start))

    def call(self) -> ast.Call | None:
        """The syntax tree of the call; its lines are those of the call alone."""
        return self.text.call(self.start)

    def argument(self, position: int, name: str) -> ast.expr | None:
        call = self.call()
        return None if call is None else argument(call, position, name)


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    """The argument of that name, or at that position where nothing is unpacked before it."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    before = call.args[: position + 1]
    if len(before) <= position or any(isinstance(value, ast.Starred) for value in before):
        return None
    return before[position]


class Text:
    """A module's text with literals blanked, searched for names."""

    def __init__(self, project: Project, module: Module) -> None:
        self.project = project
        self.module = module
        self.masked = blanked(module.text)
        self._local: dict[tuple[int, str], bool] = {}
        self._calls: dict[tuple[int, int], ast.Call | None] = {}
        self._opened: dict[ast.stmt, Scope] = {}

    @cached_property
    def _lines(self) -> list[int]:
        return line_starts(self.module.text)

    @cached_property
    def _starts(self) -> list[int]:
        return [statement.start for statement in self.module.facts.statements]

    def line(self, offset: int) -> int:
        return bisect_right(self._lines, offset)

    def statement(self, offset: int) -> int:
        """The index of the statement that holds the offset, -1 for none."""
        return bisect_right(self._starts, offset) - 1

    def call(self, start: int, end: int | None = None) -> ast.Call | None:
        """The call that starts there, with its own brackets as its end or those up to `end`."""
        end = end or self.end_of_call(start)
        if (start, end) not in self._calls:
            try:
                node = self.module.expression(Span(start, end))
            except UnreadableSourceError:  # a pattern of `match`, the header of a definition
                node = None
            self._calls[start, end] = node if isinstance(node, ast.Call) else None
        return self._calls[start, end]

    def call_facts(self, start: int) -> Call:
        """The call that starts there as the index would have it."""
        end = self.end_of_call(start)
        opening = self.masked.index("(", start)
        arguments = []
        begin, depth = opening + 1, 0
        for position in range(opening + 1, end):
            character = self.masked[position]
            if (character == "," and not depth) or position == end - 1:
                if found := _ARGUMENT.match(self.masked, begin, position):
                    name, stars = found.group(2), found.group(1)
                    length = len(self.module.text[found.end() : position].rstrip())
                    arguments.append(Argument(name, stars, Span(found.end(), found.end() + length)))
                begin = position + 1
            depth += (character in "([{") - (character in ")]}")
        return Call(self.masked[start:opening].rstrip(), tuple(arguments), Span(start, end))

    def decorated(self, start: int) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, int]:
        """The function under the decorator at that place, and the line that its statement starts in."""
        index = self.statement(start)
        first = self.module.facts.statements[index].line
        line = self.line(start) - first + 1
        for node in walk(self.module.tree(index)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
                decorator.lineno == line for decorator in node.decorator_list
            ):
                return node, first
        return None, first

    def end_of_call(self, start: int) -> int:
        depth = 0
        for bracket in _BRACKET.finditer(self.masked, start):
            depth += 1 if bracket.group() == "(" else -1
            if not depth:
                return bracket.end()
        return len(self.masked)

    def occurrences(self, ending: str) -> Iterator[tuple[str, int]]:
        """Dotted names that end in `ending`, which ends in a bracket; the name without the bracket and its place."""
        masked = self.masked
        position = masked.find(ending)
        while position >= 0:
            start = position
            while start and (masked[start - 1].isalnum() or masked[start - 1] in "_."):
                start -= 1
            yield masked[start : position + len(ending) - 1], start
            position = masked.find(ending, position + len(ending))

    def calls(self, endings: Iterable[str], wanted: Callable[[Symbol], bool]) -> Iterator[Mention]:
        """Calls of names with one of these ends, or imported under another name, that mean what is `wanted`."""
        endings = tuple(endings)
        for ending in (*endings, *self._renamed(endings)):
            for written, start in self.occurrences(f"{ending}("):
                if not _DEFINES.search(self.masked, max(0, start - 12), start):
                    symbol = self.meaning(written, start)
                    if symbol is not None and wanted(symbol):
                        yield Mention(self, written, symbol, start)

    def raised(self, names: Collection[str], wanted: Callable[[Symbol], bool]) -> Iterator[Mention]:
        """What `raise` raises: a class or a call of it."""
        renamed = self._renamed(tuple(names))
        for found in _RAISE.finditer(self.masked):
            written, start = found.group(1), found.start(1)
            if written.rpartition(".")[2] in names or written in renamed:
                symbol = self.meaning(written, start)
                if symbol is not None and wanted(symbol):
                    yield Mention(self, written, symbol, start)

    def places(self, pattern: re.Pattern[str]) -> Iterator[tuple[Place, int]]:
        """Where the pattern matches outside literals; quick if it begins with a literal character."""
        for found in pattern.finditer(self.masked):
            yield Place(self.module.path, self.line(found.start())), found.start()

    def meaning(self, written: str, offset: int) -> Symbol | None:
        """What a name means at that place."""
        if not written or written.startswith("."):
            return None  # no name, or the method of what a call returned
        head = written.partition(".")[0]
        index = self.statement(offset)
        if self._may_be_local(index, head):
            return self.project.resolve(self.module, written, self._scopes(index, offset))
        return self.project.resolve(self.module, written)

    def _renamed(self, endings: tuple[str, ...]) -> frozenset[str]:
        return frozenset(
            item.local
            for item in self.module.facts.imports
            if item.target.endswith(endings) and not item.local.endswith(endings)
        )

    def _may_be_local(self, index: int, head: str) -> bool:
        if index < 0 or self.module.facts.statements[index].word not in ("@", "def", "async def", "class"):
            return False
        key = (index, head)
        if key not in self._local:
            statement = self.module.facts.statements[index]
            self._local[key] = self._binds(statement.start, statement.end, head)
        return self._local[key]

    def _binds(self, start: int, end: int, name: str) -> bool:
        """Whether an import, an assignment, a parameter or the like could bind `name` in that part of the text."""
        masked = self.masked
        position = masked.find(name, start, end)
        while position >= 0:
            after = position + len(name)
            is_whole = not (masked[position - 1].isalnum() or masked[position - 1] in "_.")
            if is_whole and masked[after : after + 1] not in ("(", ".", "[", "]", "_") and not masked[after].isalnum():
                before = masked[masked.rfind("\n", 0, position) + 1 : position].split()
                follows = masked[after : after + 40].lstrip(" \t")[:2]
                if "import" in before or (before and before[-1] in _BINDING_WORDS):
                    return True
                if not before and follows[:1] in ("\n", "\r", ",", ")"):
                    return True  # may be a line of an import
                if (not before or before[-1] not in ("except", "raise", "return")) and follows[:1] in (
                    "=",
                    ",",
                    ")",
                    ":",
                ):
                    last = before[-1][-1] if before else ""
                    # `name = ...`, not the `name=...` of a call.
                    is_assigned = follows != "==" and follows[:1] == "=" != masked[after] and last not in ("(", ",")
                    if follows[:1] == ":" or is_assigned or self._is_parameter(start, position):
                        return True
            position = masked.find(name, after, end)
        return False

    def _is_parameter(self, start: int, position: int) -> bool:
        """Whether a place is directly within the brackets of a `def`, not in those of an annotation or a default."""
        definition = self.masked.rfind("def ", start, position)
        if definition < 0:
            return False
        before = self.masked[definition:position]
        return sum(map(before.count, "([{")) - sum(map(before.count, ")]}")) == 1

    def _scopes(self, index: int, offset: int) -> tuple[Scope, ...]:
        """The definitions around a place within a statement."""
        line = self.line(offset) - self.module.facts.statements[index].line + 1
        scopes: list[Scope] = []
        body: list[ast.stmt] = self.module.tree(index).body
        while body:
            around = next((node for node in body if node.lineno <= line <= (node.end_lineno or node.lineno)), None)
            if around is None:
                break
            if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                if line < around.body[0].lineno:
                    break  # its header is evaluated outside
                if around not in self._opened:
                    self._opened[around] = scope_of(around)
                scopes.append(self._opened[around])
            body = [node for node in children(around) if isinstance(node, ast.stmt)]
            body += [n for child in children(around) for n in _statements_of_clause(child)]
        return tuple(scopes)


def _statements_of_clause(node: ast.AST) -> list[ast.stmt]:
    return list(node.body) if isinstance(node, ast.ExceptHandler | ast.match_case) else []
