"""Nothing is imported that FastAPI, Starlette or Pydantic took away or are about to.

Imports of what newer releases removed or warn of are found, each with the release and what to use instead.

## Why

What was removed fails when the module is imported; what warns is next. No other codemod can rewrite these: what takes
their place works otherwise, or comes from another package.

## Left alone

Nothing is rewritten. Imports that are only for type checkers, and those in `try:` with another one beside it, are no
findings: the project knows both. Of `pydantic.v1`, only what makes models counts.

## Safety

It only reports.

See <https://fastapi.tiangolo.com/release-notes/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.model import Import
from ...project.words import modules_with

# Source: release notes of each; `fastapi-semantics.md` 1.1 and 1.2 say what was tried.
_WSGI = "is deprecated: `a2wsgi.WSGIMiddleware` is what it recommends"
_UNTIL_FIRST = "is deprecated: use a task group of anyio"
_GONE = {
    "fastapi.middleware.wsgi.WSGIMiddleware": _WSGI,
    "starlette.middleware.wsgi.WSGIMiddleware": _WSGI,
    "fastapi.concurrency.run_until_first_complete": _UNTIL_FIRST,
    "starlette.concurrency.run_until_first_complete": _UNTIL_FIRST,
    "pydantic.tools": "was removed in Pydantic 2: `TypeAdapter` takes its place",
    "pydantic.generics": "was removed in Pydantic 2: a `BaseModel` can be `Generic` itself",
    "pydantic.error_wrappers": "was removed in Pydantic 2: import `ValidationError` from `pydantic`",
    "pydantic.parse_obj_as": "is deprecated in Pydantic 2: `TypeAdapter(...).validate_python` takes its place",
    "pydantic.parse_file_as": "was removed in Pydantic 2: read the file, then `TypeAdapter(...).validate_json`",
    "pydantic.utils": "was removed in Pydantic 2, some of it is in `pydantic.v1.utils`",
    "pydantic.v1": "has the models of Pydantic 1, which FastAPI refuses in signatures since 0.128",
}
_IMPORTS = (b"pydantic", b"wsgi", b"run_until_first_complete")
_WORDS = re.compile(
    rb"\b(?:WSGIMiddleware|run_until_first_complete|parse_(?:obj|file)_as)\b"
    rb"|\bpydantic(?:\.(?:tools|generics|error_wrappers|utils|v1)\b|\s+import\b[^\n]*\b(?:tools|generics|utils|v1)\b)"
)


class DeprecatedApi(Codemod):
    safety = Safety.REPORT
    since = (0, 100)

    def find(self, project: Project) -> Iterator[Finding]:
        for module in modules_with(project, _WORDS, _IMPORTS):
            for item in module.facts.imports:
                home = next((name for name in _GONE if f"{item.target}.".startswith(f"{name}.")), None)
                if home is None or item.type_checking or _has_another(module, item):
                    continue
                if home == "pydantic.v1" and not _has_old_models(project, module):
                    continue
                statement = module.facts.statements[item.statement]
                yield self.finding(
                    module.location(statement.line, 1, statement.line),
                    f"`{home}` {_GONE[home]}",
                    anchor=item.target,
                )


def _has_old_models(project: Project, module: Module) -> bool:
    """Whether a class of the module is a model of `pydantic.v1`; to tell such models from others is no use of them."""
    return any(
        binding.kind == "class" and project.derives_from(Symbol(module.path, name), ("pydantic.v1.BaseModel",))
        for name, bindings in module.facts.bindings.items()
        for binding in bindings
    )


def _has_another(module: Module, item: Import) -> bool:
    """The same name is imported from somewhere else too: `try: ... except ImportError: ...`."""
    others = [other for other in module.facts.imports if other.local == item.local and other.scopes == item.scopes]
    return any(other.target != item.target for other in others)
