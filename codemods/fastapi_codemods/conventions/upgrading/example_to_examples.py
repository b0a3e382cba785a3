"""Parameters and fields show `examples`, a list, as JSON Schema does.

`Query(example="a")` becomes `Query(examples=["a"])`, `Field(example=3)` becomes `Field(examples=[3])`, and the old
`Body(examples={"normal": {"value": ...}})` becomes `Body(openapi_examples={...})`.

## Why

`example` belongs to OpenAPI 3.0. FastAPI writes OpenAPI 3.1 since 0.99 and warns of `example`; Pydantic 2 warns of a
`Field` with keyword arguments it does not know. A dict as `examples` is no list: `/openapi.json` is answered with 500.

## Left alone

- Projects that support FastAPI before 0.99, for `openapi_examples` before 0.103; for `Field`, projects that support
  Pydantic 1.
- Calls that give both an `example` and `examples` or `openapi_examples`.
- `examples` whose value is not written as a dict in the call.

## Safety

A contract: only the documentation changes. The example moves in the OpenAPI document, from the parameter or the media
type into its schema, and for `openapi_examples` out of it.

See <https://fastapi.tiangolo.com/tutorial/schema-extra-example/>.
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
from ...project.fastapi_names import VALUE_FUNCTIONS
from ...project.named_calls import NamedCall, calls_in
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.versions import spelled
from ...project.words import modules_with

EXAMPLES_SINCE = (0, 99)
OPENAPI_EXAMPLES_SINCE = (0, 103)

_FIELDS = frozenset({"pydantic.Field", "pydantic.fields.Field"})
_KEYWORD = re.compile(r"\bexamples?\s*=(?!=)")
_KEYWORD_BYTES = re.compile(_KEYWORD.pattern.encode())
_IMPORTS = (b"pydantic", b"fastapi")


class _Subject(NamedTuple):
    module: Module
    keyword: Span
    name: str
    """What it is called instead."""
    value: Span | None
    """What becomes the only item of a list."""


class ExampleToExamples(Codemod):
    safety = Safety.CONTRACT
    since = EXAMPLES_SINCE
    effects = frozenset({"documentation"})

    def find(self, project: Project) -> Iterator[Finding]:
        modules = modules_with(project, _KEYWORD_BYTES, _IMPORTS)
        for found in calls_in(project, modules, _KEYWORD, _is_wanted):
            name, subject = _subject(found)
            if not name:
                continue
            instead = "`examples`, a list," if name == "example" else "`openapi_examples`"
            yield self.finding(
                found.location,
                f"`{found.call.callee}({name}=...)` is {instead} now",
                anchor=f"{found.place.around}.{found.call.callee}",
                left_alone=_reason(project, found, name, subject),
                subject=subject,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            edits.replace(subject.module, subject.keyword, subject.name, finding)
            if subject.value is not None:
                edits.insert(subject.module, subject.value.start, "[", finding)
                edits.insert(subject.module, subject.value.end, "]", finding)


def _is_wanted(symbol: Symbol) -> bool:
    return symbol.path is None and symbol.name in VALUE_FUNCTIONS | _FIELDS


def _subject(found: NamedCall) -> tuple[str, _Subject | None]:
    """The keyword that is to go, empty where there is none, and what becomes of it."""
    for keyword in found.node.keywords:
        span = found.keyword(keyword.arg or "")
        if span is None:
            continue
        if keyword.arg == "example":
            value = found.place.positions.span(keyword.value)
            return "example", _Subject(found.module, span, "examples", value)
        if keyword.arg == "examples" and found.symbol.name in VALUE_FUNCTIONS and isinstance(keyword.value, ast.Dict):
            return "examples", _Subject(found.module, span, "openapi_examples", None)
    return "", None


def _reason(project: Project, found: NamedCall, name: str, subject: _Subject | None) -> str | None:
    if found.call.unpacks:
        return "it gets unpacked arguments"
    others = {"examples", "openapi_examples"} - {name}
    if other := next((argument.name for argument in found.call.arguments if argument.name in others), None):
        return f"it has `{other}` too"
    if found.symbol.name in _FIELDS:
        return reason_against_pydantic_2(project)
    since = EXAMPLES_SINCE if name == "example" else OPENAPI_EXAMPLES_SINCE
    if subject is not None and not project.versions.supports_fastapi(since):
        return f"FastAPI before {spelled(since)} has no `{subject.name}` of this kind"
    return None
