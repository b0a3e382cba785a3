"""Words for writing rewrites: edits of text ranges, imports, arguments, fragments of LibCST.

Everything a codemod writes is an `Edit`: a range of one module's text and what it becomes. Edits of different findings
must not touch the same text; everything outside of them stays the bytes it was.
"""

from .collect import DroppedImport, Edit, Edits, ImportRequest, NewFile
from .imports import module_reachable_as, name_of_same, reachable_as

__all__ = [
    "DroppedImport",
    "Edit",
    "Edits",
    "ImportRequest",
    "NewFile",
    "module_reachable_as",
    "name_of_same",
    "reachable_as",
]
