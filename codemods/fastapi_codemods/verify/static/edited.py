"""The gate for one step of a plan: as `examine`, but it looks at the edits first, and at no more than they can affect.

Most edits are in headers of functions: `db: Session = Depends(get)` becomes `db: Annotated[Session, Depends(get)]`.
Where such a header has the words it had, names that the module knows, and asks for the same dependencies in the same
order, nothing else can have changed, and a file of a thousand lines costs a few headers.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from ...edits import Edit
from ...findings import Safety
from ...plan import FileChange
from ...project import Function, Module, Project
from ...project.reader import bound_by, statements_within, targets_of
from ...source import UnreadableSourceError, read
from ...source.statements import line_starts, parse
from .problem import KINDS, Problem
from .syntax import compile_fault

_TEXT_KINDS = KINDS - {"syntax"}
_DECLARED = frozenset({"route", "order", "injection"})
"""What a codemod of the level `contract` may change, as it says. No codemod may lose a dependency."""
_NEW_DEPENDENCIES = frozenset({"injection"})
"""What a safe codemod may do as well: a provider that asks nothing of the request shows nowhere."""

_OF_DEPENDENCIES = frozenset({"route", "order", "dependency"})

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<![\w.])\w+")
"""A word that is no attribute."""
_SUSPENDING = frozenset({"await", "yield"})
_KNOWN = frozenset({*dir(builtins), *keyword.kwlist})
_EXPENDABLE = frozenset({"None", "default"})
"""Words that a header may lose: `Query(default=None)` becomes `= None`, `Query(...)` becomes nothing."""


def problems_of_step(
    project: Project,
    safety: Safety,
    edits: Mapping[str, Sequence[Edit]],
    changes: Sequence[FileChange],
    effects: frozenset[str] | None = None,
    only: Collection[str] = KINDS,
) -> tuple[Problem, ...]:
    """What the changes of one codemod to `project` would break, given with the edits that they come from and what the
    codemod declares, see `Codemod.effects`; of the kinds `only`, and whether it is Python."""
    broken: list[Problem] = []
    concerned: set[str] = set()
    kinds: set[str] = set()
    for change in changes:
        module = project.module(change.path)
        parts = [] if module is None else list(_edited(module, edits[change.path]))
        try:
            if module is None:
                _check_part(read(change.after or b"").text, 1)
            else:
                _check_parts(parts)
        except UnreadableSourceError as error:
            broken.append(Problem("syntax", change.path, 0, f"the result {error}", (change.path,)))
            continue
        affected = _TEXT_KINDS if module is None else _affected(module, parts)
        if affected:
            concerned.add(change.path)
            kinds |= affected
    if broken:
        return tuple(broken)
    if safety >= Safety.CONTRACT:
        kinds -= _DECLARED
    kinds -= _NEW_DEPENDENCIES
    kinds &= set(only)
    kinds -= _DECLARED & (effects or frozenset())
    if not kinds:
        return ()
    from .examination import examine

    others = {change.path for change in changes} - concerned
    return examine(project, project.with_changes(changes), concerned, kinds, others=others).problems


class _Edited(NamedTuple):
    """One top-level statement before and after; of a function in whose header alone something was edited, that header
    from `def` on."""

    before: str
    after: str
    line: int
    word: str
    """As of `Statement`, empty for what stands before the first."""
    is_header: bool


def _edited(module: Module, edits: Sequence[Edit]) -> Iterator[_Edited]:
    """A module is a list of statements; those that no edit touched are the bytes they were."""
    statements = module.facts.statements
    starts = [statement.start for statement in statements]
    headers: dict[int, list[Function]] = {}
    for function in module.facts.functions:
        headers.setdefault(function.statement, []).append(function)
    by_statement: dict[int, list[Edit]] = {}
    for edit in edits:
        by_statement.setdefault(bisect_right(starts, edit.start) - 1, []).append(edit)
    for index, own in by_statement.items():
        own.sort(key=lambda edit: (edit.start, edit.end))
        if index < 0:
            yield _Edited("", "".join(edit.text for edit in own), 1, "", False)
            continue
        statement = statements[index]
        by_header = _by_header(module, own, headers.get(index, ()))
        if by_header is None:
            end = max(statement.end, *(edit.end for edit in own))
            text = module.text[statement.start : end]
            yield _Edited(text, _after(text, statement.start, own), statement.line, statement.word, False)
            continue
        for function, some in by_header:
            text = module.text[function.span.start : function.span.end]
            yield _Edited(text, _after(text, function.span.start, some), function.line, statement.word, True)


def _by_header(
    module: Module, edits: Sequence[Edit], functions: Sequence[Function]
) -> list[tuple[Function, list[Edit]]] | None:
    """The edits by the function in whose header they stand; None where one does not stand in a header alone."""
    found: dict[int, tuple[Function, list[Edit]]] = {}
    for edit in edits:
        around = [f for f in functions if f.span.start <= edit.start and edit.end <= f.span.end]
        # `async` that comes or goes decides about the whole body.
        if len(around) != 1 or _moves_async(edit, module):
            return None
        found.setdefault(around[0].span.start, (around[0], []))[1].append(edit)
    return list(found.values())


def _after(text: str, start: int, edits: Sequence[Edit]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start - start] + edit.text + text[edit.end - start :]
    return text


def _moves_async(edit: Edit, module: Module) -> bool:
    return ("async" in edit.text) != ("async" in module.text[edit.start : edit.end])


# Syntax


def _check_parts(parts: Sequence[_Edited]) -> None:
    """Each of the texts compiles by itself: all at once, as long as nothing is wrong.

    A `pass` that stays a statement behind each of them shows that none of them runs into the next.
    """
    lines: list[int] = []
    line = 0
    for part in parts:
        line += len(line_starts(part.after)) + 1
        lines.append(line)
    try:
        tree = parse("".join(f"{part.after}{' pass' if part.is_header else ''}\npass\n" for part in parts))
    except UnreadableSourceError:
        is_sound = False
    else:
        is_sound = {node.lineno for node in tree.body if isinstance(node, ast.Pass)}.issuperset(lines)
        if all(part.is_header or part.word in ("", "import", "from") for part in parts):
            is_sound = is_sound and not any(map(_is_unsound, tree.body))
        else:
            is_sound = is_sound and compile_fault(tree, "") is None
    if not is_sound:
        for part in parts:
            _check_part(part.after + " pass" if part.is_header else part.after, part.line)


def _is_unsound(node: ast.stmt) -> bool:
    """A header that parses may still not compile. Asked of many headers, this takes a tenth of compiling them."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return not isinstance(node, ast.Pass | ast.Import | ast.ImportFrom)
    arguments = node.args
    each = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    names = [argument.arg for argument in each if argument is not None]
    return len(set(names)) < len(names)


def _check_part(text: str, first_line: int) -> None:
    fault = compile_fault(parse(text, first_line), "")
    if fault is not None:
        line, why = fault
        raise UnreadableSourceError(why.replace(f"line {line} ", f"line {line + first_line - 1} ", 1))


# What the edits can affect


def _affected(module: Module, parts: Sequence[_Edited]) -> frozenset[str]:
    """The kinds of problems that the edits of one file may cause."""
    found: set[str] = set()
    headers = []
    gained: set[str] = set()
    for part in parts:
        if part.is_header:
            headers.append(part)
        elif part.word in ("", "import", "from"):
            names, kinds = _of_imports(part)
            gained |= names
            found |= kinds
        else:
            return _TEXT_KINDS
    known = _KNOWN | gained
    injectors = _injectors(module)
    for part in headers:
        found |= _of_header(module, part, known, injectors)
    return frozenset(found)


def _of_imports(part: _Edited) -> tuple[set[str], frozenset[str]]:
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


def _of_header(module: Module, part: _Edited, known: frozenset[str], injectors: re.Pattern[str]) -> frozenset[str]:
    old, new = set(_WORD.findall(part.before)), set(_WORD.findall(part.after))
    lost, strange = old - new, set(_NAME.findall(part.after)) - old
    if not (lost <= _EXPENDABLE and all(word in known or module.bindings(word) for word in strange)):
        return _TEXT_KINDS
    if not strange.isdisjoint(_SUSPENDING):
        return _TEXT_KINDS
    if _asked_for(part.before, injectors) != _asked_for(part.after, injectors):
        return _OF_DEPENDENCIES
    return frozenset()


def _asked_for(header: str, injectors: re.Pattern[str]) -> list[str]:
    """What the dependencies in a header ask for, in order, however it is spread over lines."""
    return ["".join(asked.split()).rstrip(",") for asked in injectors.findall(header)]


def _injectors(module: Module) -> re.Pattern[str]:
    """What finds the dependencies in a header, each with what is asked for."""
    names = [
        local
        for local, targets in module.imports.items()
        if any(target.rpartition(".")[2] in ("Depends", "Security") for target in targets)
    ]
    spelled = "|".join(map(re.escape, sorted({*names, "Depends", "Security"})))
    return re.compile(rf"\b(?:{spelled})\s*\(([^()]*)")
