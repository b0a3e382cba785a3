"""Parameters and fields are held to a `pattern`, which Pydantic 2 no longer calls `regex`.

`q: str = Query(regex="^a")` becomes `q: str = Query(pattern="^a")`; likewise `Path`, `Header`, `Cookie`, `Body`, `Form`
and `File`, and Pydantic's `Field(regex=...)` and `constr(regex=...)`.

## Why

FastAPI warns of `regex` since 0.100. Pydantic 2 has no `regex` any more: a `Field` or `constr` that gets one is an
error when the module is imported.

## Left alone

- Projects that support FastAPI before 0.100, which does not know `pattern`; for Pydantic's own functions, projects that
  support Pydantic 1.
- Calls that give both.
- Patterns with a look-around or a back-reference in Pydantic's own functions: the engine of Pydantic 2 cannot read
  them, which a person has to decide about (`regex_engine="python-re"`).

## Safety

Safe: FastAPI itself hands `regex` on as `pattern`.

See <https://fastapi.tiangolo.com/tutorial/query-params-str-validations/#add-regular-expressions>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.fastapi_names import VALUE_FUNCTIONS
from ...project.named_calls import NamedCall, calls_in
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.versions import spelled
from ...project.words import modules_with

PATTERN_SINCE = (0, 100)

# SQLModel's `Field` still calls it `regex`.
_FIELDS = frozenset({"pydantic.Field", "pydantic.fields.Field", "pydantic.constr", "pydantic.types.constr"})
_KEYWORD = re.compile(r"\bregex\s*=(?!=)")
_KEYWORD_BYTES = re.compile(_KEYWORD.pattern.encode())
_IMPORTS = (b"pydantic", b"fastapi")
_ONLY_PYTHON = re.compile(r"\(\?(?:[=!]|<[=!]|P=)|\\[1-9]")


class QueryRegexToPattern(Codemod):
    safety = Safety.SAFE
    since = PATTERN_SINCE

    def find(self, project: Project) -> Iterator[Finding]:
        modules = modules_with(project, _KEYWORD_BYTES, _IMPORTS)
        for found in calls_in(project, modules, _KEYWORD, _is_wanted):
            if (span := found.keyword("regex")) is None:
                continue
            yield self.finding(
                found.location,
                f"`{found.call.callee}(regex=...)` is called `pattern` now",
                anchor=f"{found.place.around}.{found.call.callee}",
                left_alone=_reason(project, found),
                subject=(found.module, span),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            module, span = finding.subject
            edits.replace(module, span, "pattern", finding)


def _is_wanted(symbol: Symbol) -> bool:
    return symbol.path is None and symbol.name in VALUE_FUNCTIONS | _FIELDS


def _reason(project: Project, found: NamedCall) -> str | None:
    if found.call.argument("pattern") is not None:
        return "it has a `pattern` too"
    if found.symbol.name in VALUE_FUNCTIONS:
        if not project.versions.supports_fastapi(PATTERN_SINCE):
            return f"FastAPI before {spelled(PATTERN_SINCE)} does not know `pattern`"
        return None
    if reason := reason_against_pydantic_2(project):
        return reason
    value = next(keyword.value for keyword in found.node.keywords if keyword.arg == "regex")
    if not isinstance(value, ast.Constant) or not isinstance(value.value, str):
        return "the pattern is not written here, and the engine of Pydantic 2 cannot read every one"
    if _ONLY_PYTHON.search(value.value):
        return "the engine of Pydantic 2 has no look-around and no back-references"
    return None
