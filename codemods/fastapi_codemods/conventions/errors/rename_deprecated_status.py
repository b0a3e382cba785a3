"""Status constants have the names of RFC 9110.

`status.HTTP_422_UNPROCESSABLE_ENTITY` becomes `status.HTTP_422_UNPROCESSABLE_CONTENT`; likewise 413
`CONTENT_TOO_LARGE`, 414 `URI_TOO_LONG` and 416 `RANGE_NOT_SATISFIABLE`.

## Why

Starlette warns of the old names since 0.48, and will drop them.

## Left alone

- Projects that support a Starlette below 0.48: it does not have the new names.
- Constants of the project's own, and of `http.HTTPStatus`.
- A module that has something else by the new name.

## Safety

Safe: the constants are the same numbers.

See <https://fastapi.tiangolo.com/reference/status/>.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.status_names import RENAMED, has_new_names, why_old_names
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...source.statements import blanked_but_f_strings

_HOMES = ("fastapi.status", "starlette.status")


class RenameDeprecatedStatus(Codemod):
    safety = Safety.SAFE
    since = (0, 117)

    def find(self, project: Project) -> Iterator[Finding]:
        for module in project.modules_that_import(b"status"):
            for old, new in RENAMED.values():
                if old in module.text:
                    yield from self._in_module(project, module, old, new)

    def _in_module(self, project: Project, module: Module, old: str, new: str) -> Iterator[Finding]:
        code = blanked_but_f_strings(module.text)[1]
        start = code.find(old)
        while start >= 0:
            end = start + len(old)
            if _is_deprecated(project, module, code, start, old):
                line = module.text.count("\n", 0, start) + 1
                reason = None
                if not has_new_names(project.versions):
                    reason = why_old_names(project.versions)
                elif module.bindings(new) and code[start - 1 : start] != ".":
                    reason = f"`{module.path}` has `{new}` already"
                yield self.finding(
                    module.location(line, 1, line),
                    f"`{old}` is deprecated: `{new}`",
                    anchor=old,
                    left_alone=reason,
                    subject=(module, Span(start, end), new),
                )
            start = code.find(old, end)

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            module, span, new = finding.subject
            edits.replace(module, span, new, finding)


def _is_deprecated(project: Project, module: Module, code: str, start: int, old: str) -> bool:
    """Whether the word is Starlette's constant: an attribute of its module, or imported from there."""
    before = code[:start]
    if (before[-1:].isalnum() or before[-1:] == "_") or code[start + len(old) : start + len(old) + 1].isidentifier():
        return False
    if before.endswith("."):
        head = before[:-1]
        name = head[len(head.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.")) :]
        symbol = project.resolve(module, name)
        return symbol is not None and symbol.path is None and symbol.name in _HOMES
    sources = [item for item in module.facts.imports if item.target in [f"{home}.{old}" for home in _HOMES]]
    if not any(item.local == old for item in sources):
        statement = next((s for s in module.facts.statements if s.start <= start < s.end), None)
        return bool(sources) and statement is not None and statement.word == "from"
    return all(binding.kind == "import" for binding in module.bindings(old))
