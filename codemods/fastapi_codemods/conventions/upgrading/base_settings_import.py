"""Settings come from `pydantic-settings`.

`from pydantic import BaseSettings` becomes `from pydantic_settings import BaseSettings`.

## Why

Pydantic 2 has settings in a package of their own; the old import is an error.

## Left alone

- Projects that support Pydantic 1.
- Modules with `Field(env=...)` or a `Config` with `fields`: the new settings ignore them, so that other variables of
  the environment would count. They become `validation_alias`.
- Modules with `customise_sources` or `parse_env_var`, which have other names and arguments now.
- Projects that do not name `pydantic-settings` anywhere, unless the codemod is selected by name: it has to be
  installed.
- Modules that have another `BaseSettings`, or import it under another name.

## Safety

Safe: with Pydantic 2 the module could not be imported.

See <https://fastapi.tiangolo.com/advanced/settings/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ...codemod import Codemod
from ...edits import Edits
from ...edits.unused import edits_without
from ...findings import Finding, Safety
from ...project import Module, Project, Span
from ...project.models import required_pydantic
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.words import modules_with

_NAME = "BaseSettings"
_SOURCE = re.compile(r"from\s+(pydantic(?:\.env_settings)?)\s+import\b")
_WORD = re.compile(rb"\bBaseSettings\b")
_OTHERWISE = {
    re.compile(r"\benv\s*=\s*(?![=])(?=[\"'\[(])"): "`Field(env=...)`, which the new settings ignore",
    re.compile(r"^[ \t]+fields\s*=", re.MULTILINE): "`fields` in its `Config`, which the new settings ignore",
    re.compile(r"\b(?:customise_sources|parse_env_var)\b"): "hooks that have other names and arguments now",
}
_REQUIRED = re.compile(rb"pydantic[-_]settings", re.IGNORECASE)
_FILES = ("pyproject.toml", "requirements*.*", "requirements/*.*", "setup.cfg", "setup.py", "Pipfile")


class BaseSettingsImport(Codemod):
    safety = Safety.SAFE
    since = (0, 100)
    after = ("pydantic-v1-config",)

    def find(self, project: Project) -> Iterator[Finding]:
        modules = list(modules_with(project, _WORD, (b"pydantic",)))
        if not modules or required_pydantic(project) == 1:
            return
        for module in modules:
            for item in module.facts.imports:
                if item.target not in ("pydantic.BaseSettings", "pydantic.env_settings.BaseSettings") or item.scopes:
                    continue
                statement = module.facts.statements[item.statement]
                yield self.finding(
                    module.location(statement.line, 1, statement.line),
                    "`BaseSettings` is in `pydantic-settings` since Pydantic 2",
                    anchor=item.local,
                    left_alone=self._reason(project, module, item.local),
                    subject=module,
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            module: Module = finding.subject
            for span, left in edits_without(module, {_NAME}, ()):
                statement = _SOURCE.match(module.code(span))
                if statement is not None and not left:
                    # Alone in its statement, which goes on with another source.
                    source = Span(span.start + statement.start(1), span.start + statement.end(1))
                    edits.replace(module, source, "pydantic_settings", finding)
                else:
                    edits.replace(module, span, left, finding)
                    edits.import_name(module, "pydantic_settings", _NAME, finding)

    def _reason(self, project: Project, module: Module, local: str) -> str | None:
        if reason := reason_against_pydantic_2(project):
            return reason
        if local != _NAME or len(module.imports.get(_NAME, [])) > 1 or len(module.bindings(_NAME)) > 1:
            return "the module has it under another name, or twice"
        for pattern, why in _OTHERWISE.items():
            if pattern.search(module.text):
                return f"the module has {why}"
        if not self.is_named and not _is_required(project):
            return "the project does not require `pydantic-settings`; select this codemod by name, and add it"
        return None


def _is_required(project: Project) -> bool:
    def read() -> bool:
        files = [path for pattern in _FILES for path in project.root.glob(pattern)]
        return any(_REQUIRED.search(path.read_bytes()) for path in files if path.is_file())

    return project.remembered("requires pydantic-settings", read)
