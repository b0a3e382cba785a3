"""A handler's docstring is for those who use the API; notes for developers are comments.

`\"\"\"FIXME: move to the new table\"\"\"` in a handler is published as the operation's description.

## Why

FastAPI takes the docstring of a handler for the description in the schema, up to a form feed. What developers tell each
other there is read by every client. A comment is not published, so nothing ever turns a comment into a docstring here.

## Left alone

- Handlers that are given a `description`, and routes that are not in the schema.
- Notes behind a form feed (`\\f`), which FastAPI does not publish.
- Comments.

## Safety

It only reports: the description is part of the schema.

See <https://fastapi.tiangolo.com/advanced/path-operation-advanced-configuration/#advanced-description-from-docstring>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.placed import FunctionNode, placed_function
from ...project.responses import handlers_of

_NOTE = re.compile(
    r"\b(?:TODO|FIXME|XXX|HACK)\b[:(]|(?m:^\s*(?:TODO|FIXME|HACK)\b)|\bdo not document\b|\bnot for the docs\b"
)


class DocstringVsComment(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for handler in handlers_of(project):
            text = handler.module.statement_text(handler.function.statement)
            if not _NOTE.search(text) or ('"""' not in text and "'''" not in text):
                continue
            if all(
                operation.call.argument("description") is not None
                or operation.call.argument("include_in_schema") is not None
                for operation in handler.operations
            ):
                continue
            placed = placed_function(handler.module, handler.function)
            if placed is None or not isinstance(placed.node, FunctionNode):
                continue
            docstring = ast.get_docstring(placed.node, clean=False) or ""
            note = _NOTE.search(docstring.partition("\f")[0])
            if note is not None:
                first = placed._replace(node=placed.node.body[0])
                yield self.finding(
                    first.location,
                    f"the docstring of `{handler.function.name}` is published in the schema, with its"
                    f" `{note.group().strip(' :(')}`; make the note a comment",
                    anchor=f"{handler.function.qualified_name}.docstring",
                )
