"""What a parameter adds to its JSON schema is given as `json_schema_extra`.

`Query("x", x_internal=True)` becomes `Query("x", json_schema_extra={"x_internal": True})`.

## Why

FastAPI put every keyword argument that it did not know into the schema, and warned of it since 0.100. From 0.155 on it
is a TypeError when the module is imported.

## Left alone

- Projects that support FastAPI before 0.100, which does not have `json_schema_extra`.
- Calls that have a `json_schema_extra` already: the other keywords are ignored today, so that adding them would change
  the documentation.
- Calls that unpack arguments.

## Safety

Safe: the schema is the same document. With FastAPI 0.155 or newer, the application can be imported again.

See <https://fastapi.tiangolo.com/release-notes/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import change_arguments
from ...edits.lines import quote_of
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.fastapi_names import VALUE_FUNCTIONS
from ...project.named_calls import NamedCall, calls_in
from ...project.versions import spelled

JSON_SCHEMA_EXTRA_SINCE = (0, 100)

_FUNCTIONS = frozenset(name.removeprefix("fastapi.") for name in VALUE_FUNCTIONS)
_CALL = re.compile(rf"\b(?:{'|'.join(sorted(_FUNCTIONS))})\s*\(")

# Source: fastapi/param_functions.py of 0.165, with what older ones have too.
_ARGUMENTS = (
    "default default_factory annotation alias alias_priority validation_alias serialization_alias title"
    " description gt ge lt le min_length max_length pattern regex discriminator strict validate_default union_mode"
    " fail_fast multiple_of allow_inf_nan max_digits decimal_places examples example openapi_examples deprecated"
    " include_in_schema json_schema_extra"
)
_KNOWN = frozenset(_ARGUMENTS.split())
_KNOWN_TO = {
    "fastapi.Body": _KNOWN | {"embed", "media_type"},
    "fastapi.File": _KNOWN | {"media_type"},
    "fastapi.Form": _KNOWN | {"media_type"},
    "fastapi.Header": _KNOWN | {"convert_underscores"},
}


class ParamExtraKwargsToJsonSchemaExtra(Codemod):
    safety = Safety.SAFE
    since = JSON_SCHEMA_EXTRA_SINCE

    def find(self, project: Project) -> Iterator[Finding]:
        words = tuple(name.encode() for name in sorted(_FUNCTIONS))
        for found in calls_in(project, project.modules_that_import(*words), _CALL, _is_wanted):
            extra = _extra(found)
            if not extra:
                continue
            names = ", ".join(f"`{name}`" for name in extra)
            yield self.finding(
                found.location,
                f"`{found.call.callee}()` got {names}, which belong{'s' if len(extra) == 1 else ''} in"
                " `json_schema_extra`",
                anchor=f"{found.place.around}.{found.call.callee}({', '.join(extra)})",
                left_alone=_reason(project, found),
                subject=(found, extra),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            found, extra = finding.subject
            quote = quote_of(found.module)
            given = {argument.name: found.module.code(argument.span) for argument in found.call.arguments}
            items = ", ".join(f"{quote}{name}{quote}: {given[name]}" for name in extra)
            values = {"json_schema_extra": f"{{{items}}}"}
            change_arguments(edits, found.module, found.call, finding, remove=extra, values=values)


def _is_wanted(symbol: Symbol) -> bool:
    return symbol.path is None and symbol.name in VALUE_FUNCTIONS


def _extra(found: NamedCall) -> tuple[str, ...]:
    known = _KNOWN_TO.get(found.symbol.name, _KNOWN)
    return tuple(argument.name for argument in found.call.arguments if argument.name and argument.name not in known)


def _reason(project: Project, found: NamedCall) -> str | None:
    if found.call.unpacks:
        return "it gets unpacked arguments"
    if found.call.argument("json_schema_extra") is not None:
        return "it has a `json_schema_extra`, beside which the others are ignored today"
    if not project.versions.supports_fastapi(JSON_SCHEMA_EXTRA_SINCE):
        return f"FastAPI before {spelled(JSON_SCHEMA_EXTRA_SINCE)} has no `json_schema_extra`"
    return None
