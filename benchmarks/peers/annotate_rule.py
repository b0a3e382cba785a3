"""The peer rewrite as a Fixit rule with autofix.

fixit --rules annotate_rule:AnnotateParameters lint --diff .
"""

# Fixit lives only in the environment of the peers.
# mypy: disable-error-code="import-not-found,misc"
# pyright: reportMissingImports=false

from __future__ import annotations

import libcst as cst
from annotation import imported_markers, with_replacements
from fixit import Invalid, LintRule, Valid


class AnnotateParameters(LintRule):
    """FastAPI's parameters are written with Annotated."""

    MESSAGE = "Write these parameters with Annotated."

    VALID = [  # noqa: RUF012
        Valid("from fastapi import Query\ndef f(q: Annotated[int, Query()] = 1): ..."),
        Valid("def f(q: int = Query(1)): ..."),
    ]
    INVALID = [  # noqa: RUF012
        Invalid(
            "from fastapi import Query\ndef f(q: int = Query(1, ge=0)): ...",
            expected_replacement=(
                "from typing import Annotated\n"
                "from fastapi import Query\ndef f(q: Annotated[int, Query(ge=0)] = 1): ..."
            ),
        )
    ]

    def __init__(self) -> None:
        super().__init__()
        self.markers: set[str] = set()
        self.fastapi_import: cst.SimpleStatementLine | None = None
        self.annotated_is_imported = False
        self.reported = False

    def visit_Module(self, node: cst.Module) -> None:  # noqa: ARG002, N802
        self.markers, self.fastapi_import = set(), None
        self.annotated_is_imported = self.reported = False

    def visit_SimpleStatementLine(self, node: cst.SimpleStatementLine) -> None:  # noqa: N802
        for statement in node.body:
            if isinstance(statement, cst.ImportFrom):
                markers = imported_markers(statement)
                if markers and self.fastapi_import is None:
                    self.fastapi_import = node
                self.markers |= markers
                if not isinstance(statement.names, cst.ImportStar):
                    names = {alias.evaluated_name for alias in statement.names}
                    self.annotated_is_imported = self.annotated_is_imported or "Annotated" in names

    def visit_Parameters(self, node: cst.Parameters) -> None:  # noqa: N802
        # One report for a signature: Fixit tries each autofix alone, and half of a signature can be invalid.
        new = with_replacements(node, self.markers)
        if new is not node:
            self.reported = True
            self.report(node, self.MESSAGE, replacement=new)

    def leave_Module(self, original_node: cst.Module) -> None:  # noqa: ARG002, N802
        if self.reported and self.fastapi_import is not None and not self.annotated_is_imported:
            added = cst.parse_statement("from typing import Annotated\n")
            both = cst.FlattenSentinel([added, self.fastapi_import])
            self.report(self.fastapi_import, "Import Annotated.", replacement=both)
