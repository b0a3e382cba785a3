"""Comments that keep a codemod away from a line, a definition or a file.

    q: str = Query(None)  # fastapi-codemods: ignore[depends-to-annotated]

    # fastapi-codemods: ignore
    @router.get("/items")          <- the whole definition
    def read(...): ...

    # fastapi-codemods: ignore-file

On a line of its own the comment speaks of the line or definition below it. Without brackets it means every codemod;
in brackets stand names of codemods or chapters. A comment that keeps nothing away is reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from . import registry
from .codemod import Codemod
from .config import nearest
from .findings import Finding
from .project import Module, Project
from .source import UnreadableSourceError
from .source.nodes import walk
from .source.statements import line_starts

_MARK = b"fastapi-codemods:"
_COMMENT = re.compile(r"#\s*fastapi-codemods:\s*(ignore-file|ignore)\b[ \t]*(?:\[([^\]\n]*)\])?")


class _Comment:
    """One comment, and the lines that it covers."""

    def __init__(self, path: str, line: int, first: int, last: int, names: tuple[str, ...]) -> None:
        self.path = path
        self.line = line
        self.first = first
        self.last = last
        self.names = names
        self.is_used = False

    def speaks_of(self, finding: Finding) -> bool:
        location = finding.location
        overlaps = self.first <= location.end_line and location.line <= self.last
        return overlaps and (not self.names or finding.codemod in self.names or finding.chapter in self.names)


class Suppressions:
    """The comments of a project. Those used on one project stay used on the next of a chain of steps."""

    def __init__(self, project: Project) -> None:
        self._comments: dict[str, list[_Comment]] = {}
        for module in project.modules():
            if _MARK in module.data:
                self._comments[module.path] = list(_comments_of(module))

    def on(self, project: Project) -> Suppressions:
        """The same for the project after a step."""
        if not self._comments:
            return self
        later = Suppressions(project)
        used = {
            (c.path, c.names, i) for path in self._comments for i, c in enumerate(self._comments[path]) if c.is_used
        }
        for comments in later._comments.values():
            for index, comment in enumerate(comments):
                comment.is_used = (comment.path, comment.names, index) in used
        return later

    def cover(self, finding: Finding) -> bool:
        covering = [c for c in self._comments.get(finding.location.path, ()) if c.speaks_of(finding)]
        for comment in covering:
            comment.is_used = True
        return bool(covering)

    def unused(self, codemods: Sequence[Codemod], within: Sequence[str]) -> tuple[str, ...]:
        """A line for each comment that kept nothing away, though all that it names was looked for."""
        ran = {name for codemod in codemods for name in (codemod.name, codemod.chapter)}
        known = {*registry.names(), *registry.chapters()}
        return tuple(
            f"{comment.path}:{comment.line}: this comment {what}"
            for path in sorted(self._comments)
            for comment in self._comments[path]
            if any(not prefix or path == prefix or path.startswith(prefix + "/") for prefix in within)
            if (what := _complaint(comment, ran, known))
        )


def _complaint(comment: _Comment, ran: set[str], known: set[str]) -> str:
    for name in comment.names:
        if name not in known:
            return f"names {name!r}, which is no codemod{nearest(name, known)}"
    if comment.is_used or not ran.issuperset(comment.names):
        return ""
    return "suppresses nothing; remove it"


def _comments_of(module: Module) -> list[_Comment]:
    """The comments with the lines that they speak of; what only looks like one inside a string is none."""
    starts = line_starts(module.text)
    comments = []
    for match in _COMMENT.finditer(module.text):
        line = sum(1 for start in starts if start <= match.start())
        names = tuple(name.strip() for name in (match.group(2) or "").split(",") if name.strip())
        if not _is_comment(module, match.start()):
            continue
        if match.group(1) == "ignore-file":
            comments.append(_Comment(module.path, line, 1, len(starts) + 1, names))
            continue
        before = module.text[starts[line - 1] : match.start()]
        first = line if before.strip() else _next_code_line(module, starts, line)
        comments.append(_Comment(module.path, line, first, _last_line(module, first), names))
    return comments


def _is_comment(module: Module, offset: int) -> bool:
    import io
    import tokenize

    statement = next((s for s in module.facts.statements if s.start <= offset < s.end), None)
    if statement is None:
        return True
    text = module.text[statement.start : statement.end]
    local = offset - statement.start
    starts = line_starts(text)
    row = sum(1 for start in starts if start <= local)
    column = local - starts[row - 1]
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text, newline="").readline))
    except (tokenize.TokenError, SyntaxError):
        return True
    return any(token.type == tokenize.COMMENT and token.start == (row, column) for token in tokens)


def _next_code_line(module: Module, starts: Sequence[int], line: int) -> int:
    for number in range(line + 1, len(starts) + 1):
        end = starts[number] if number < len(starts) else len(module.text)
        code = module.text[starts[number - 1] : end].strip()
        if code and not code.startswith("#"):
            return number
    return line


def _last_line(module: Module, first: int) -> int:
    """How far a comment about line `first` reaches: to the end of the statement that starts there, else that line.

    A definition starts at its first decorator and also at its `def` or `class`; of statements that start in one line
    the longest counts.
    """
    statements = module.facts.statements
    index = next((i for i in reversed(range(len(statements))) if statements[i].line <= first), None)
    if index is None:
        return first
    try:
        tree = module.tree(index)
    except UnreadableSourceError:  # nothing that anybody looked into
        return first
    before = statements[index].line - 1
    last = first - before
    for node in walk(tree):
        if isinstance(node, ast.stmt):
            lines = [node.lineno, *(decorator.lineno for decorator in getattr(node, "decorator_list", ()))]
            if first - before in (node.lineno, min(lines)):
                last = max(last, node.end_lineno or node.lineno)
    return before + last
