"""Validators and serializers."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..index import Symbol
from .annotations import Annotation
from .definitions import Names
from .description import Hook
from .libraries import ANNOTATED_HOOKS, HOOKS
from .literals import is_true, text_of
from .written import Item


def hook_of(name: str, decorator: ast.expr, names: Names, owner: Symbol, line: int) -> Hook | None:
    call = decorator if isinstance(decorator, ast.Call) else None
    library, _, what = names.meaning(call.func if call else decorator).rpartition(".")
    kind = HOOKS.get(what) if library == "pydantic" else None
    if kind is None:
        return None
    keywords = {keyword.arg: keyword.value for keyword in call.keywords} if call else {}
    if what in ("validator", "root_validator"):
        mode = "before" if is_true(keywords.get("pre")) else "after"
    else:
        mode = text_of(keywords.get("mode")) or ("plain" if kind.endswith("serializer") else "after")
    fields = None
    if kind.startswith("field") and call is not None:
        written = [text_of(argument) for argument in call.args]
        if None not in written:
            fields = tuple(name for name in written if name is not None)
    return Hook(name, kind, mode, fields, owner, line)


def hooks_of_annotation(item: Item, names: Names, owner: Symbol) -> Iterator[Hook]:
    if item.annotation is None or "Annotated" not in item.annotation_text:
        return
    annotation = Annotation()
    annotation.read(item.annotation, names)
    for node, where in annotation.metadata:
        meaning = where.meaning(node.func) if isinstance(node, ast.Call) else ""
        if meaning in ANNOTATED_HOOKS:
            kind, mode = ANNOTATED_HOOKS[meaning]
            yield Hook(item.name, kind, mode, (item.name,), owner, item.line)
