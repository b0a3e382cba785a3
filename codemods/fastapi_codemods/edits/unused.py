"""Imports that a rewrite makes unused."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ..findings import Finding
from ..project import Module, Span
from ..project.names import exported_names
from ..project.references import words
from ..source.statements import blanked
from .collect import Edits
from .lines import remove_statements


def drop_unused_import(edits: Edits, module: Module, name: str, gone: Sequence[Span], finding: Finding) -> None:
    """Take out the module-level import of `name` if all its uses stand in the spans `gone`.

    An import that does more than bind this name, has a comment, or is handed on by `__all__` or `__init__.py` stays.
    """
    imports = [item for item in module.facts.imports if item.local == name]
    if len(imports) != 1 or imports[0].scopes or imports[0].type_checking or module.path.endswith("__init__.py"):
        return
    if name in (exported_names(module) or ()):
        return
    index = imports[0].statement
    statement = module.facts.statements[index]
    code = blanked(module.text, but_f_strings=True)
    for start in words(code, name, targets=True):
        in_import = statement.start <= start < statement.end
        if not in_import and not any(span.start <= start < span.end for span in gone):
            return
    node = module.tree(index).body
    if len(node) != 1 or not isinstance(node[0], ast.Import | ast.ImportFrom) or len(node[0].names) != 1:
        return
    end = statement.start + len(module.statement_text(index).rstrip())
    if "#" in module.text[statement.start : end]:
        return
    remove_statements(edits, module, [Span(statement.start, end)], finding)
