"""Imported names that nothing uses any more once the edits of a file are made."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from ..project import Module, Project, Span
from ..project.names import facts_of, reads_of
from ..project.reader import Positions
from ..source import UnreadableSourceError
from ..source.nodes import walk
from ..source.statements import blanked_but_f_strings, parse


def is_imported_for_itself(project: Project, module: Module, name: str) -> bool:
    """Whether a module imports a name for nobody but itself, so that the import may go where it does not use it."""
    if module.path.endswith("__init__.py"):
        return False
    facts = facts_of(project, module, name)
    if facts is None or facts.named or facts.exported:
        return False
    return all(
        importer.kind == "module" and not _may_read(project, importer.place.path, importer.local, name)
        for importer in facts.imported
    )


def _may_read(project: Project, path: str, local: str, name: str) -> bool:
    """Whether a file that has the module as `local` may read `name` of it: `cart.get_db`, or who is handed `cart`.

    In `app.include_router(cart.router)` it does not.
    """
    importer = project.module(path)
    if importer is None:
        return True
    head = local.partition(".")[0]
    code = "".join(
        blanked_but_f_strings(importer.statement_text(index))[1] if statement.word not in ("import", "from") else ""
        for index, statement in enumerate(importer.facts.statements)
    )
    module = rf"(?<![\w.]){re.escape(head)}\b"
    return re.search(rf"{module}(?!\s*\.)|{module}(?:\s*\.\s*\w+)*\s*\.\s*{re.escape(name)}\b", code) is not None


def is_used(text: str, name: str) -> bool:
    """Whether the text of a module uses a module-level name other than to import it; in doubt it does."""
    try:
        tree = parse(text)
        if reads_of(text, name):
            return True
    except (UnreadableSourceError, RecursionError):
        return True
    docstrings = {
        id(node.body[0].value)
        for node in walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    word = re.compile(rf"\b{re.escape(name)}\b")
    return any(
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        and word.search(node.value) is not None
        and _names_something(node.value)
        for node in walk(tree)
    )


def _names_something(written: str) -> bool:
    """Whether a text may be code: a name, a type, `pkg.module:name`; a sentence is none."""
    try:
        ast.parse(written.replace(":", "."), mode="eval")
    except (SyntaxError, ValueError):
        return False
    return True


def edits_without(module: Module, names: Collection[str], changed: Collection[Span]) -> list[tuple[Span, str]]:
    """Edits that take names out of the import statements at module level, those at `changed` left out."""
    found: list[tuple[Span, str]] = []
    for index in sorted({item.statement for item in module.facts.imports if item.local in names and not item.scopes}):
        statement = module.facts.statements[index]
        if statement.word not in ("import", "from"):
            continue
        text = module.statement_text(index)
        body = module.tree(index).body
        if len(body) != 1:
            continue
        span = Positions(text, statement.start, statement.line).span(body[0])
        if any(span.start < other.end and other.start < span.end for other in changed):
            continue
        left = without_names(module.code(span), names)
        if left is None:
            continue
        if left:
            found.append((span, left))
            continue
        rest = re.compile(r"[ \t]*(?:\r\n|\r|\n|\Z)").match(module.text, span.end)
        if rest is not None:
            found.append((Span(span.start, rest.end()), ""))
    return _without_blank_lines(module, found, changed)


def _without_blank_lines(
    module: Module, edits: list[tuple[Span, str]], changed: Collection[Span]
) -> list[tuple[Span, str]]:
    """Where a whole section of imports goes, the blank lines below it go, too."""
    text = module.text
    gone = [span for span, left in edits if not left]
    found: list[tuple[Span, str]] = []
    for span, left in edits:
        start = span.start
        while before := next((other for other in gone if other.end == start), None):
            start = before.start
        above = text[:start]
        end = span.end + len(text[span.end :]) - len(text[span.end :].lstrip("\r\n"))
        is_section = not above.strip() or re.search(r"(?:\r\n\r\n|\n\n|\r\r)\Z", above) is not None
        is_free = not any(start <= other.end and other.start < end for other in changed)
        found.append((Span(span.start, end) if not left and is_section and is_free else span, left))
    return found


def without_names(text: str, names: Collection[str]) -> str | None:
    """An import statement without some of the names that it binds, empty where none is left; None where it stays."""
    if "#" in text:
        return None
    node = ast.parse(text).body[0]
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return None
    left = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) not in names]
    if len(left) == len(node.names):
        return None
    if not left:
        return ""
    head = re.match(r"from\s+\S+\s+import\s*|import\s+", text)
    if head is None:
        return None
    parts = [alias.name + (f" as {alias.asname}" if alias.asname else "") for alias in left]
    newline = re.search(r"\r\n|\r|\n", text)
    if newline is None:
        listed = ", ".join(parts)
        return f"{head.group()}({listed})" if text.endswith(")") else f"{head.group()}{listed}"
    if not text.endswith(")"):
        return f"{head.group()}{', '.join(parts)}"
    indent = re.search(r"[\r\n]([ \t]*)\w", text)
    inner = "".join(f"{indent.group(1) if indent else '    '}{part},{newline.group()}" for part in parts)
    return f"{head.group().rstrip()} ({newline.group()}{inner})"
