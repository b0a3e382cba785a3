"""Imports: is a name reachable in a module, and where does a new import go so that it looks as if it had been there.

The order is that of isort and ruff: the standard library, third parties, the project, with a blank line between; in a
section `import x` before `from x import y`. Where the names of an existing statement are sorted, a new one is put in
its place, else at the end.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from ..project import Module, Project
from ..project.model import Import
from ..source import Statement, UnreadableSourceError
from ..source.statements import line_starts

_DEFINITION = re.compile(r"^[ \t]+(?:async[ \t]+def|def|class)\b", re.MULTILINE)

Key = tuple[str, str]
"""Module and name (`name as local`) of a wanted `from module import name`; without a name `import module`."""

TextEdit = tuple[int, int, str, Key]


class Reachable(NamedTuple):
    expression: str
    request: Key | None
    """The import that has to be added first."""


# The same objects under another name, from the oldest Python that the project supports on.
_SAME = {"typing": "typing_extensions"}


def reachable_as(module: Module, dotted: str) -> Reachable | None:
    """How `dotted` can be written at module level, or None where every spelling is taken by something else."""
    known = module.remembered("reachable", dict)
    if dotted not in known:
        known[dotted] = _reachable_as(module, dotted)
    found: Reachable | None = known[dotted]
    return found


def _reachable_as(module: Module, dotted: str) -> Reachable | None:
    home, _, name = dotted.rpartition(".")
    homes = (home, _SAME[home]) if home in _SAME else (home,)
    same = [f"{source}.{name}" for source in homes]
    top = _top_imports(module)
    for item in top:
        if item.target in same and _is_only_imported(module, item.local, same):
            return Reachable(item.local, None)
    for item in top:
        if item.target == home and _is_only_imported(module, item.local, (home,)):
            return Reachable(f"{item.local}.{name}", None)
    if _is_imported_either_way(module, name, same):
        return Reachable(name, None)
    if _is_only_imported(module, name, (dotted,)):
        return Reachable(name, (home, name))
    return None


def name_of_same(module: Module, *names: str) -> str | None:
    """Of several dotted names of one thing the one that the module imports already, else the first that it can."""
    known = {dotted: found for dotted in names if (found := reachable_as(module, dotted)) is not None}
    return next((dotted for dotted, found in known.items() if found.request is None), next(iter(known), None))


def module_reachable_as(module: Module, dotted: str) -> Reachable | None:
    """How a module (`asyncio`) can be written at module level, by `import asyncio` if need be; None where its name is
    taken by something else."""
    for item in _top_imports(module):
        if item.target == dotted and _is_only_imported(module, item.local, (dotted,)):
            return Reachable(item.local, None)
    return Reachable(dotted, (dotted, "")) if _is_only_imported(module, dotted, (dotted,)) else None


def _is_only_imported(module: Module, name: str, targets: Sequence[str]) -> bool:
    """Nothing else has the name: what binds it, if anything does, imports one of `targets`, be it late or for types."""
    found = [item.target for item in module.facts.imports if item.local == name and not item.scopes]
    kinds = [binding.kind for binding in module.bindings(name)]
    return all(target in targets for target in found) and all(kind == "import" for kind in kinds)


def _is_imported_either_way(module: Module, name: str, targets: Sequence[str]) -> bool:
    """`try: from typing import Annotated`, `except ImportError: from typing_extensions import Annotated`."""
    found = module.imports.get(name, [])
    places = {(binding.kind, binding.statement) for binding in module.bindings(name)}
    if len(found) < 2 or len(places) > 1 or any(target not in targets for target in found):
        return False
    statements = module.facts.statements[: places.pop()[1]]
    return not any(statement.word in ("def", "async def", "class", "@") for statement in statements)


def _top_imports(module: Module) -> list[Import]:
    """What the import statements at the head of a module bind, up to the first definition or decorator."""
    last = next((i for i in range(len(module.facts.statements)) if _may_define(module, i)), None)
    return [
        item
        for item in module.facts.imports
        if not item.scopes
        and (last is None or item.statement < last)
        and module.facts.statements[item.statement].word in ("import", "from")
    ]


def _may_define(module: Module, index: int) -> bool:
    """Whether a statement is or holds a definition: what a signature names must be imported above it."""
    word = module.facts.statements[index].word
    if word in ("if", "try", "with", "for", "while", "match"):
        return _DEFINITION.search(module.statement_text(index)) is not None
    return word.split()[-1:] == ["def"] or word in ("class", "@")


def edits_for(project: Project, module: Module, wanted: Sequence[Key]) -> Iterator[TextEdit]:
    """Edits that make every wanted name importable, merged into statements that import from the same module."""
    by_module: dict[str, list[str]] = {}
    for source, name in wanted:
        by_module.setdefault(source, []).append(name)
    present = {_section(project, module, source) for _, source in _head(module)}
    statements: list[tuple[str, Key]] = []
    for source in sorted(by_module):
        names = sorted(filter(None, by_module[source]))
        if "" in by_module[source]:
            statements.append((f"import {source}", (source, "")))
        if names and (existing := _import_from(module, source)):
            yield *_extended(project, module, *existing, names), (source, names[0])
        elif names:
            statements.append((_statement(source, names), (source, names[0])))
    new_sections: dict[int, list[tuple[str, Key]]] = {}
    for line, key in sorted(statements, key=lambda statement: _sorting(statement[0])):
        if (section := _section(project, module, key[0])) in present:
            yield *_new_statement(project, module, line), key
        else:
            new_sections.setdefault(section, []).append((line, key))
    # Together, so that no blank line comes between those of a section.
    newline = module.source.newline
    sections = [
        (newline.join(line for line, _ in new), min(key for _, key in new)) for _, new in sorted(new_sections.items())
    ]
    if not _head(module) and len(sections) > 1:
        # All at one place, and the blank lines that a definition wants below them once.
        sections = [((newline * 2).join(text for text, _ in sections), min(key for _, key in sections))]
    for text, key in sections:
        yield *_new_statement(project, module, text), key


def statements_of(project: Project, path: str, wanted: Iterable[Key]) -> Iterator[str]:
    """The import statements of a file that does not exist yet, with an empty line between sections."""
    by_section: dict[int, dict[str, list[str]]] = {}
    importer = Module(path, b"")
    for source, name in wanted:
        section = _section(project, importer, source)
        by_section.setdefault(section, {}).setdefault(source if name else f"import {source}", []).append(name)
    for index, section in enumerate(sorted(by_section)):
        if index:
            yield ""
        lines = [
            line if line.startswith("import ") else _wrapped(project, line, sorted(names, key=_isort_key))
            for line, names in by_section[section].items()
        ]
        yield from sorted(lines, key=_sorting)


def _wrapped(project: Project, source: str, names: Sequence[str]) -> str:
    line = _statement(source, names)
    if len(line) <= project.style.line_length:
        return line
    listed = "".join(f"{project.style.indent}{name},\n" for name in names)
    return f"from {source} import (\n{listed})"


def is_statement(text: str) -> bool:
    """Whether a text is one import statement and nothing else."""
    if not text.startswith(("import ", "from ")):
        return False
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    return len(body) == 1 and isinstance(body[0], ast.Import | ast.ImportFrom)


def _statement(source: str, names: Sequence[str]) -> str:
    return f"from {source} import {', '.join(names)}"


def _import_from(module: Module, source: str) -> tuple[int, ast.ImportFrom] | None:
    """The first statement at the head of a module that imports names from `source`."""
    prefix = source if source.endswith(".") else source + "."
    for item in _top_imports(module):
        if item.target.startswith(prefix):
            for node in module.tree(item.statement).body:
                if isinstance(node, ast.ImportFrom) and "." * node.level + (node.module or "") == source:
                    return item.statement, node
    return None


def _extended(
    project: Project, module: Module, index: int, node: ast.ImportFrom, names: Sequence[str]
) -> tuple[int, int, str]:
    """The statement with `names` put among its own, comments and layout kept."""
    from ..project.reader import Positions

    statement = module.facts.statements[index]
    text = module.statement_text(index)
    positions = Positions(text, 0, 1)
    aliases = node.names
    starts = [positions.offset(alias.lineno, alias.col_offset) for alias in aliases]
    ends = [positions.offset(alias.end_lineno or 0, alias.end_col_offset or 0) for alias in aliases]
    order = _order_of([alias.name for alias in aliases])
    newline = module.source.newline
    closing = text.find(")", ends[-1]) if "(" in text[: starts[0]] else -1
    one_per_line = (
        closing >= 0
        and aliases[0].lineno != node.lineno
        and node.end_lineno != aliases[-1].end_lineno
        and len({a.lineno for a in aliases}) == len(aliases)
    )
    result = text
    for name in sorted(names, key=order or str, reverse=True):
        index = _place(name, [alias.name for alias in aliases], order)
        if index < len(aliases):
            line_start = _line_start(text, starts[index])
            indent = text[line_start : starts[index]]
            between = f",{newline}{indent}" if one_per_line and not indent.strip() else ", "
            result = result[: starts[index]] + name + between + result[starts[index] :]
        elif one_per_line:
            line_start = _line_start(text, starts[-1])
            indent = text[line_start : starts[-1]]
            has_comma = text[ends[-1] :].lstrip().startswith(",")
            line_end = next(start for start in line_starts(text) if start > ends[-1])
            comma = "" if has_comma else ","
            result = (
                f"{result[: ends[-1]]}{comma}{result[ends[-1] : line_end]}{indent}{name},{newline}{result[line_end:]}"
            )
        else:
            result = f"{result[: ends[-1]]}, {name}{result[ends[-1] :]}"
    node_end = positions.offset(node.end_lineno or 0, node.end_col_offset or 0)
    length = node_end + len(result) - len(text)
    if closing < 0 and len(line_starts(result[:length])) == 1 and length > project.style.line_length:
        start = starts[0]
        listed = [part.strip() for part in result[start:length].split(",")]
        body = "".join(f"{project.style.indent}{part},{newline}" for part in listed)
        result = f"{result[:start]}({newline}{body}){result[length:]}"
    # Not the lines below it: another import may go there.
    return statement.start, statement.start + node_end, result[: len(result) - (len(text) - node_end)]


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _order_of(names: Sequence[str]) -> Callable[[str], Any] | None:
    """The sort key by which the names are in order; None where they are in no order we know."""
    keys: tuple[Callable[[str], Any], ...] = (_isort_key, str.lower, str)
    return next((key for key in keys if list(names) == sorted(names, key=key)), None)


def _isort_key(name: str) -> tuple[int, str]:
    """CONSTANTS, then Classes, then functions, each without regard to case: the default of isort and ruff."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2, name.lower())


def _place(name: str, names: Sequence[str], order: Callable[[str], Any] | None) -> int:
    if order is None:
        return len(names)
    return next((index for index, other in enumerate(names) if order(other) > order(name)), len(names))


def _new_statement(project: Project, module: Module, line: str) -> tuple[int, int, str]:
    """A statement, or several of one section, where the first one belongs."""
    newline = module.source.newline
    head = _head(module)
    if not head:
        return _after_docstring(module, line)
    first = _first_written(line)
    section = _section(project, module, first)
    previous: Statement | None = None
    following: Statement | None = None
    for statement, other in head:
        other_section = _section(project, module, other)
        if (other_section, _sorting(other)) < (section, _sorting(first)):
            previous = statement
        elif following is None:
            following = statement
    same = following is not None and _section_of(project, module, head, following) == section
    if previous is not None:
        is_new_section = _section_of(project, module, head, previous) != section
        if not (is_new_section and same):
            return _below(module, previous, line, is_new_section=is_new_section)
    assert following is not None
    return following.start, following.start, line + newline * (1 if same else 2)


def _first_written(line: str) -> str:
    """`from x` or `import x` of the first statement in a text, as `_written` says it."""
    words = line.split(maxsplit=2)
    return f"{words[0]} {words[1]}"


def _sorting(statement: str) -> tuple[int, str]:
    """`import x` before `from x`, each by module without regard to case."""
    word, module = statement.split(maxsplit=2)[:2]
    return (1 if word == "from" else 0, module.lower())


def _head(module: Module) -> list[tuple[Statement, str]]:
    """The first unbroken run of imports, with `import x` or `from x` for each, those from `__future__` left out."""
    found: list[tuple[Statement, str]] = []
    for index, statement in enumerate(module.facts.statements):
        if statement.word not in ("import", "from"):
            if found or _may_define(module, index):
                break
            continue
        written = _written(module, index)
        if written != "from __future__":
            found.append((statement, written))
    return found


_SOURCE = re.compile(r"\f*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([\w.]+))")


def _written(module: Module, index: int) -> str:
    """`from x` or `import x` for an import statement, the first one where several share a line."""
    if plain := _SOURCE.match(module.statement_text(index)):
        source, name = plain.groups()
        return f"from {source}" if source else f"import {name}"
    node = module.tree(index).body[0]
    if isinstance(node, ast.ImportFrom):
        return f"from {'.' * node.level}{node.module or ''}"
    return f"import {cast(ast.Import, node).names[0].name}"


def _section(project: Project, module: Module, source: str) -> int:
    """0 for the standard library, 1 for third parties, 2 for the project, 3 for relative imports."""
    name = source.partition(" as ")[0].rpartition(" ")[2]
    top = name.partition(".")[0]
    if name.startswith("."):
        return 3
    if top in sys.stdlib_module_names:
        return 0
    return 2 if project.module_path(module.path, top) else 1


def _section_of(project: Project, module: Module, head: Sequence[tuple[Statement, str]], statement: Statement) -> int:
    return next(_section(project, module, source) for other, source in head if other is statement)


def _below(module: Module, statement: Statement, line: str, *, is_new_section: bool) -> tuple[int, int, str]:
    """A new line below a statement, behind a comment on its last line."""
    index = module.facts.statements.index(statement)
    end_line = module.tree(index).body[-1].end_lineno or 1
    newline = module.source.newline
    starts = line_starts(module.statement_text(index))
    above = newline if is_new_section else ""
    if end_line == len(starts):  # the file ends without a line end
        return statement.end, statement.end, newline + above + line
    offset = statement.start + starts[end_line]
    return offset, offset, above + line + newline


def _after_docstring(module: Module, line: str) -> tuple[int, int, str]:
    """A file without imports but those from `__future__`: below them, else below the docstring, else at the top."""
    newline = module.source.newline
    last: Statement | None = None
    for index, statement in enumerate(module.facts.statements):
        if (index == 0 and _is_docstring(module)) or (statement.word == "from" and _is_future(module, index)):
            last = statement
        else:
            break
    if last is not None:
        start, end, text = _below(module, last, line, is_new_section=True)
        is_followed_by_code = module.text[start:].strip() and not module.text[start:].lstrip(" \t\f").startswith(
            ("\r", "\n")
        )
        return start, end, text + newline if is_followed_by_code else text
    if module.facts.statements:
        start, word = module.facts.statements[0].start, module.facts.statements[0].word
        is_definition = word in ("class", "@") or word.split()[-1:] == ["def"]
        return start, start, line + newline * (3 if is_definition else 2)
    start = len(module.text)
    is_at_line_start = not module.text or module.text.endswith(("\r", "\n"))
    return start, start, ("" if is_at_line_start else newline) + line + newline


def _is_docstring(module: Module) -> bool:
    try:
        node = module.tree(0).body[0]
    except UnreadableSourceError:  # nothing that the index looked into, so no docstring either
        return False
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _is_future(module: Module, index: int) -> bool:
    node = module.tree(index).body[0]
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
