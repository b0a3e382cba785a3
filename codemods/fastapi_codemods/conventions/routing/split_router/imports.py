"""Import statements: of the new modules, written as isort would, and of the old one, without what moved away."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

from ....project import Project, Span
from ....source.statements import line_starts
from .units import Sheet, Unit


class Imported(NamedTuple):
    """One name of an import; `name` is empty for `import source as local`, `*` for all names."""

    source: str
    name: str
    local: str
    """Empty where it is the name itself."""

    @property
    def is_relative(self) -> bool:
        return self.source.startswith(".")


def imported_by(unit: Unit, name: str, dots: int) -> list[Imported]:
    """The imports of the statement that bind `name`, with relative ones made longer by `dots`."""
    return [
        _imported(node, alias, dots)
        for node in unit.imports
        for alias in node.names
        if name == (alias.asname or alias.name.partition(".")[0])
    ]


def stars_of(sheet: Sheet, dots: int) -> list[Imported]:
    return [
        _imported(node, alias, dots)
        for unit in sheet.units
        if unit.is_import
        for node in unit.imports
        for alias in node.names
        if alias.name == "*"
    ]


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias, dots: int) -> Imported:
    if isinstance(node, ast.Import):
        return Imported(alias.name, "", alias.asname or "")
    level = node.level + dots if node.level else 0
    return Imported("." * level + (node.module or ""), alias.name, alias.asname or "")


class ImportStyle(NamedTuple):
    """What isort calls `force_single_line` and `force_sort_within_sections`."""

    one_a_line: bool = False
    by_module: bool = False
    """`from a import b` stands before `import c`, all in the order of their modules."""


_MANY_A_LINE = ("typing", "typing_extensions", "collections.abc")
"""Also where the style is one a line: Google's style guide lists them."""


def style_of(sheet: Sheet) -> ImportStyle:
    """The style of the imports at the top of the module."""
    nodes = [node for unit in sheet.units if unit.is_import for node in unit.imports]
    froms = [node for node in nodes if isinstance(node, ast.ImportFrom) and node.module not in _MANY_A_LINE]
    sources = Counter((node.level, node.module) for node in froms)
    repeated = sum(number for number in sources.values() if number > 1)
    singles = sum(len(node.names) == 1 for node in froms)
    one_a_line = repeated > 1 and singles == len(froms)
    blocks = pairwise(unit for unit in sheet.units if unit.is_import)
    by_module = any(
        isinstance(before.node, ast.ImportFrom) and isinstance(after.node, ast.Import)
        for before, after in blocks
        if before.span.end == after.text_start and before.index + 1 == after.index
    )
    return ImportStyle(one_a_line, one_a_line and by_module)


def rendered(
    project: Project,
    path: str,
    wanted: Iterable[Imported],
    new: Collection[str] = (),
    indent: str = "",
    style: ImportStyle = ImportStyle(),  # noqa: B008  (immutable)
) -> str:
    """The statements, in isort's sections and order. `new` are sources of modules that are just being made."""
    sections: dict[int, tuple[set[Imported], dict[str, set[Imported]]]] = {}
    for item in wanted:
        plain, named = sections.setdefault(section_of(project, path, item, new), (set(), {}))
        if item.name:
            named.setdefault(item.source, set()).add(item)
        else:
            plain.add(item)
    texts = []
    for number in sorted(sections):
        plain, named = sections[number]
        lines = [
            (item.source, f"{indent}import {item.source}" + (f" as {item.local}" if item.local else ""))
            for item in sorted(plain)
        ]
        for source in sorted(named, key=order_of_sources):
            items = sorted(named[source], key=_order_of_names)
            alone = style.one_a_line and source not in _MANY_A_LINE
            statements = [[item] for item in items] if alone else [items]
            lines += [(source, import_statement(project, source, names, indent)) for names in statements]
        if style.by_module:
            lines.sort(key=lambda line: order_of_sources(line[0]))
        texts.append("".join(f"{line}\n" for _, line in lines))
    return "\n".join(texts)


def section_of(project: Project, path: str, item: Imported, new: Collection[str]) -> int:
    top = item.source.partition(".")[0]
    if item.source == "__future__":
        return 0
    if item.is_relative:
        return 4
    if top in sys.stdlib_module_names:
        return 1
    names = [item.source, f"{item.source}.{item.name}"] if item.name else [item.source]
    return 3 if item.source in new or any(project.module_path(path, name) for name in names) else 2


def order_of_sources(source: str) -> tuple[bool, int, str]:
    stripped = source.lstrip(".")
    return not source.startswith("."), -(len(source) - len(stripped)), stripped.lower()


def import_statement(project: Project, source: str, items: Iterable[Imported], indent: str) -> str:
    """One line, or as many as the project's line length asks for. `import x` where there is no source."""
    parts = [item.name + (f" as {item.local}" if item.local else "") for item in sorted(items, key=_order_of_names)]
    line = f"{indent}from {source} import {', '.join(parts)}" if source else f"{indent}import {', '.join(parts)}"
    if len(line) <= project.style.line_length or parts == ["*"] or not source:
        return line
    inner = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{indent}from {source} import (\n{inner}{indent})"


def _order_of_names(item: Imported) -> tuple[int, str, str, str]:
    """Constants, classes, functions: what isort and ruff do without settings."""
    name = item.name
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name, item.local


# Of the old module


def without(
    module_text: str, start: int, own: str, unit: Unit, gone: frozenset[str], kept_as: frozenset[str]
) -> Mapping[Span, str]:
    """Edits that take names out of the unit's imports, and write those of `kept_as` as re-exports: `name as name`.

    Nothing where there is nothing to change. The caller removes a unit all of whose names go.
    """
    edits: dict[Span, str] = {}
    starts = line_starts(own)
    for node in unit.imports:
        locals_ = {alias: alias.asname or alias.name.partition(".")[0] for alias in node.names}
        if not ({*locals_.values()} & (gone | kept_as)):
            continue
        span = _span(own, starts, start, node)
        left = [alias for alias in node.names if locals_[alias] not in gone]
        if not left:
            line_start = max(module_text.rfind("\n", 0, span.start), module_text.rfind("\r", 0, span.start)) + 1
            rest = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)").match(module_text, span.end)
            alone = not module_text[line_start : span.start].strip() and rest is not None
            edits[Span(line_start, rest.end()) if alone and rest is not None else span] = ""
            continue
        edits[span] = rewritten(module_text[span.start : span.end], node, left, kept_as)
    return edits


def _span(own: str, starts: list[int], start: int, node: ast.stmt) -> Span:
    first = start + starts[node.lineno - 1] + len(own[starts[node.lineno - 1] :].encode()[: node.col_offset].decode())
    last_line = (node.end_lineno or node.lineno) - 1
    last = start + starts[last_line] + len(own[starts[last_line] :].encode()[: node.end_col_offset or 0].decode())
    return Span(first, last)


def rewritten(
    text: str, node: ast.Import | ast.ImportFrom, left: list[ast.alias], kept_as: frozenset[str] = frozenset()
) -> str:
    """The import's text with only the names `left`, those of `kept_as` as re-exports."""

    def part(alias: ast.alias) -> str:
        if alias.asname:
            return f"{alias.name} as {alias.asname}"
        return f"{alias.name} as {alias.name}" if alias.name in kept_as else alias.name

    head = re.match(r"from\s+\S+\s+import\s*|import\s+", text)
    if head is None:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    if newline not in text:
        parts = ", ".join(part(alias) for alias in left)
        return f"{head.group()}({parts})" if text.endswith(")") else f"{head.group()}{parts}"
    kept = []
    lines = text.split(newline)
    by_line = {alias.lineno - node.lineno: alias for alias in node.names}
    if len(by_line) == len(node.names) and all(0 < index < len(lines) for index in by_line):
        for index, line in enumerate(lines):
            alias = by_line.get(index)
            if alias is None:
                kept.append(line)
            elif alias in left:
                name = re.escape(alias.name)
                kept.append(re.sub(rf"\b{name}\b", part(alias), line, count=1) if not alias.asname else line)
        return newline.join(kept)
    indent = re.match(r"[ \t]*", lines[1])
    inner = "".join(f"{indent.group() if indent else '    '}{part(alias)},{newline}" for alias in left)
    return f"{head.group().rstrip()} ({newline}{inner})"
