"""Fields say their limits in the words of Pydantic 2.

`Field(min_items=1)` becomes `Field(min_length=1)`, `conlist(str, max_items=3)` becomes `conlist(str, max_length=3)`,
and `Field(allow_mutation=False)` becomes `Field(frozen=True)`.

## Why

`conlist` and `conset` no longer know the old words: that is a TypeError when the module is imported. `Field` takes
`min_items` and `max_items` with a warning, and ignores `allow_mutation`.

## Left alone

- Projects that support Pydantic 1.
- Calls that have both words, or unpack arguments.
- `const`, `unique_items` and `final`, which have to become a type: `Literal`, `set`, `Final`.
- `allow_mutation` that is not written as True or False. Where it is written, it is ignored today: select the codemod by
  name to have the field frozen.

## Safety

Safe: the same limits. With `allow_mutation=False` it is a contract: setting the field becomes an error.

See <https://docs.pydantic.dev/latest/migration/#changes-to-pydanticfield> and
<https://fastapi.tiangolo.com/how-to/migrate-from-pydantic-v1-to-pydantic-v2/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Module, Project, Span, Symbol
from ...project.models import required_pydantic
from ...project.named_calls import NamedCall, calls_in
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.words import modules_with

_RENAMED = {"min_items": "min_length", "max_items": "max_length"}
_TYPES = {"const": "`Literal`", "unique_items": "`set`", "final": "`Final`"}
_OLD = (*_RENAMED, *_TYPES, "allow_mutation")
_KEYWORD = re.compile(rf"\b(?:{'|'.join(_OLD)})\s*=(?!=)")
_KEYWORD_BYTES = re.compile(_KEYWORD.pattern.encode())
_IMPORTS = (b"pydantic",)
_FUNCTIONS = frozenset(
    f"pydantic.{home}{name}"
    for name, homes in {"Field": ("", "fields."), "conlist": ("", "types."), "conset": ("", "types.")}.items()
    for home in homes
)


class _Subject(NamedTuple):
    module: Module
    keyword: Span
    name: str
    value: tuple[Span, str] | None


class PydanticV1FieldArguments(Codemod):
    safety = Safety.SAFE
    since = (0, 100)

    def find(self, project: Project) -> Iterator[Finding]:
        modules = list(modules_with(project, _KEYWORD_BYTES, _IMPORTS))
        if not modules or required_pydantic(project) == 1:
            return
        for found in calls_in(project, modules, _KEYWORD, _is_wanted):
            for keyword in found.node.keywords:
                if keyword.arg in _OLD:
                    yield self._finding(project, found, keyword)

    def _finding(self, project: Project, found: NamedCall, keyword: ast.keyword) -> Finding:
        name = keyword.arg or ""
        subject = _subject(project, found, keyword)
        freezes = isinstance(subject, _Subject) and subject.value is not None
        if freezes and not self.is_named:
            subject = "it is ignored today: select this codemod by name to have the field frozen"
        instead = _RENAMED.get(name) or ("frozen" if name == "allow_mutation" else "a type")
        finding = self.finding(
            found.place.location(keyword.value),
            f"`{found.call.callee}({name}=...)` is {f'`{instead}`' if instead != 'a type' else instead} in Pydantic 2",
            anchor=f"{found.place.around}.{found.call.callee}({name})",
            left_alone=subject if isinstance(subject, str) else None,
            subject=None if isinstance(subject, str) else subject,
        )
        return finding._replace(safety=Safety.CONTRACT) if freezes and self.is_named else finding

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            edits.replace(subject.module, subject.keyword, subject.name, finding)
            if subject.value is not None:
                edits.replace(subject.module, *subject.value, finding)


def _is_wanted(symbol: Symbol) -> bool:
    return symbol.path is None and symbol.name in _FUNCTIONS


def _subject(project: Project, found: NamedCall, keyword: ast.keyword) -> _Subject | str:
    name = keyword.arg or ""
    span = found.keyword(name)
    assert span is not None
    if reason := reason_against_pydantic_2(project):
        return reason
    if found.call.unpacks:
        return "it gets unpacked arguments"
    if name in _TYPES:
        return f"it has to become a type: {_TYPES[name]}"
    new = _RENAMED.get(name, "frozen")
    if found.call.argument(new) is not None:
        return f"it has `{new}` too"
    if name != "allow_mutation":
        return _Subject(found.module, span, new, None)
    if not isinstance(keyword.value, ast.Constant) or not isinstance(keyword.value.value, bool):
        return "its value is computed"
    value = found.place.positions.span(keyword.value)
    return _Subject(found.module, span, new, (value, str(not keyword.value.value)))
