"""The gate for one step of a plan: as `examine`, but it looks at the edits first, and at no more than they can affect.

Most edits are in the headers of functions: `db: Session = Depends(get_db)` becomes `db: Annotated[Session, Depends(get_db)]`.
Where such a header has the words it had, names that the module knows, and asks for the same dependencies in the same
order, nothing else can have changed, and a file of a thousand lines costs a few headers.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...edits import Edit
from ...findings import Safety
from ...plan import FileChange
from ...project import Module, Project
from ...project.reader import bound_by, statements_within, targets_of
from ...source import UnreadableSourceError, read
from ...source.statements import line_starts, parse
from . import examine
from .problem import KINDS, Problem
from .syntax import compile_fault

_TEXT_KINDS = KINDS - {"syntax"}
_DECLARED = frozenset({"route", "order", "injection"})
"""What a codemod of the level `contract` may change, as it says. No codemod may lose a dependency."""
_NEW_DEPENDENCIES = frozenset({"injection"})
"""What a safe codemod may do as well: a provider that asks nothing of the request shows nowhere."""

_WORD = re.compile(r"[^\W\d]\w*")
_KNOWN = frozenset({*dir(builtins), *keyword.kwlist, *keyword.softkwlist})
_EXPENDABLE = frozenset({"None", "default"})
"""Words that a header may lose: `Query(default=None)` becomes `= None`, `Query(...)` becomes nothing."""


def problems_of_step(
    project: Project, safety: Safety, edits: Mapping[str, Sequence[Edit]], changes: Sequence[FileChange]
) -> tuple[Problem, ...]:
    """What the changes of one codemod to `project` would break, given with the edits that they come from."""
    broken = tuple(_faults(project, edits, changes))
    if broken:
        return broken
    concerned: set[str] = set()
    kinds: set[str] = set()
    for change in changes:
        module = project.module(change.path)
        affected = _TEXT_KINDS if module is None else _affected(module, edits[change.path])
        if affected:
            concerned.add(change.path)
            kinds |= affected
    if safety >= Safety.CONTRACT:
        kinds -= _DECLARED
    kinds -= _NEW_DEPENDENCIES
    if not kinds:
        return ()
    return examine(project, project.with_changes(changes), concerned, kinds).problems


# Syntax


def _faults(project: Project, edits: Mapping[str, Sequence[Edit]], changes: Sequence[FileChange]) -> Iterator[Problem]:
    """Every top-level statement that was edited compiles.

    A module is a list of such statements; those that no edit touched are the bytes they were. Of a function that was
    edited in its header alone, the header alone is compiled.
    """
    for change in changes:
        module = project.module(change.path)
        try:
            if module is None:
                _check_parts([_Part(read(change.after or b"").text, 1)])
            else:
                _check_parts([_Part(part.after, part.line) for part in _edited(module, edits[change.path])])
        except UnreadableSourceError as error:
            yield Problem("syntax", change.path, 0, f"the result {error}", (change.path,))


class _Part(NamedTuple):
    text: str
    line: int


def _check_parts(parts: Sequence[_Part]) -> None:
    """Each of the texts, given with its first line, compiles by itself: all at once, as long as nothing is wrong.

    A `pass` that stays a statement behind each of them shows that none of them runs into the next.
    """
    lines: list[int] = []
    line = 0
    for part in parts:
        line += len(line_starts(part.text)) + 1
        lines.append(line)
    try:
        tree = parse("".join(f"{part.text}\npass\n" for part in parts))
    except UnreadableSourceError:
        is_sound = False
    else:
        is_sound = {node.lineno for node in tree.body if isinstance(node, ast.Pass)}.issuperset(lines)
        is_sound = is_sound and compile_fault(tree, "") is None
    if not is_sound:
        for part in parts:
            fault = compile_fault(parse(part.text, part.line), "")
            if fault is not None:
                line, why = fault
                place = line + part.line - 1
                raise UnreadableSourceError(why.replace(f"line {line} ", f"line {place} ", 1))


# What was edited


class _Edited(NamedTuple):
    """One top-level statement before and after; the header of a function where nothing else was edited."""

    before: str
    after: str
    line: int
    word: str
    """As of `Statement`, empty for what stands before the first."""
    is_header: bool
    head: int
    """The offset of `def` in the header; edits before it are of decorators."""
    first_edit: int
    """Offset, too."""


def _edited(module: Module, edits: Sequence[Edit]) -> Iterator[_Edited]:
    statements = module.facts.statements
    starts = [statement.start for statement in statements]
    headers = {function.statement: function.span for function in module.facts.functions if not function.scopes}
    by_statement: dict[int, list[Edit]] = {}
    for edit in edits:
        by_statement.setdefault(bisect_right(starts, edit.start) - 1, []).append(edit)
    for index, own in by_statement.items():
        own.sort(key=lambda edit: (edit.start, edit.end))
        if index < 0:
            yield _Edited("", "".join(edit.text for edit in own), 1, "", False, 0, 0)
            continue
        statement = statements[index]
        header = headers.get(index)
        last = max(edit.end for edit in own)
        # `async` that comes or goes decides about the whole body.
        is_header = header is not None and last <= header.end and not any(_touches_async(e, module) for e in own)
        end = header.end if header is not None and is_header else statement.end
        end = max(end, last)  # over several statements
        text = module.text[statement.start : end]
        after = text
        for edit in reversed(own):
            after = after[: edit.start - statement.start] + edit.text + after[edit.end - statement.start :]
        rest = " pass" if is_header else ""
        head = header.start - statement.start if header is not None else 0
        yield _Edited(
            text, after + rest, statement.line, statement.word, is_header, head, own[0].start - statement.start
        )


def _touches_async(edit: Edit, module: Module) -> bool:
    return "async" in edit.text or "async" in module.text[edit.start : edit.end]


def _affected(module: Module, edits: Sequence[Edit]) -> frozenset[str]:
    """The kinds of problems that the edits of one file may cause."""
    found: set[str] = set()
    headers = []
    gained: set[str] = set()
    for part in _edited(module, edits):
        if part.is_header and part.first_edit >= part.head:
            headers.append(part)
        elif part.word in ("", "import", "from"):
            names, kinds = _of_imports(module, part)
            gained |= names
            found |= kinds
        else:
            return _TEXT_KINDS
    injectors = _injectors(module)
    for part in headers:
        found |= _of_header(module, part, gained, injectors)
    return frozenset(found)


def _of_imports(module: Module, part: _Edited) -> tuple[set[str], frozenset[str]]:
    """The names that are bound now and were not, and what else may have changed."""
    try:
        before, after = parse(part.before).body, parse(part.after).body
    except UnreadableSourceError:
        return set(), _TEXT_KINDS
    had, has = _bound(before), _bound(after)
    if had - has or not all(isinstance(node, ast.Import | ast.ImportFrom | ast.If) for node in after):
        return set(), _TEXT_KINDS
    new = {target for node in after for target in _targets(node)} - {t for node in before for t in _targets(node)}
    own = any(target.startswith(".") or target.partition(".")[0] not in _OUTSIDE for target in new)
    return has - had, frozenset({"import", "name", "cycle"} if own else ())


_OUTSIDE = frozenset({"__future__", "collections", "contextlib", "fastapi", "pydantic", "starlette", "typing"})
"""From these a codemod may import without making a cycle."""


def _bound(body: Sequence[ast.stmt]) -> set[str]:
    return {name for node in statements_within(body) for name, _ in bound_by(node)}


def _targets(node: ast.stmt) -> Iterator[str]:
    for inner in statements_within([node]):
        if isinstance(inner, ast.Import | ast.ImportFrom):
            yield from (target for _, target in targets_of(inner))


def _of_header(module: Module, part: _Edited, gained: set[str], injectors: re.Pattern[str]) -> frozenset[str]:
    had, has = _WORD.findall(part.before), _WORD.findall(part.after)
    old, new = set(had), set(has)
    strange = new - old - _KNOWN - gained
    if (old - new) - _EXPENDABLE or any(not module.bindings(word) for word in strange):
        return _TEXT_KINDS
    if injectors.findall(part.before) != injectors.findall(part.after):
        return frozenset({"route", "order", "dependency"})
    return frozenset()


def _injectors(module: Module) -> re.Pattern[str]:
    """What finds the dependencies in a header, each with what is asked for."""
    names = [
        local
        for local, targets in module.imports.items()
        if any(target.rpartition(".")[2] in ("Depends", "Security") for target in targets)
    ]
    spelled = "|".join(map(re.escape, sorted({*names, "Depends", "Security"})))
    return re.compile(rf"\b(?:{spelled})\s*\(([^()]*)")
