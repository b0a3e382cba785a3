"""The peer rewrite as a LibCST codemod.

python -m libcst.tool codemod -x annotate_command.AnnotateParameters -u 3 .
"""

from __future__ import annotations

import libcst as cst
from annotation import imported_markers, with_replacements
from libcst.codemod import CodemodContext, VisitorBasedCodemodCommand
from libcst.codemod.visitors import AddImportsVisitor


class AnnotateParameters(VisitorBasedCodemodCommand):
    DESCRIPTION = "Writes FastAPI's parameters with Annotated."

    def __init__(self, context: CodemodContext) -> None:
        super().__init__(context)
        self.markers: set[str] = set()

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:  # noqa: N802
        self.markers |= imported_markers(node)
        return False

    def leave_Parameters(self, original_node: cst.Parameters, updated_node: cst.Parameters) -> cst.Parameters:  # noqa: ARG002, N802
        new = with_replacements(updated_node, self.markers)
        if new is not updated_node:
            AddImportsVisitor.add_needed_import(self.context, "typing", "Annotated")
        return new
