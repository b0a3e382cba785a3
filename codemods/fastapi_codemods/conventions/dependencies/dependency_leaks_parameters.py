"""A dependency takes from the request only what a client may say.

Reported are dependencies of which clients can set what the server should decide: `def get_client(url: str = API_URL)`,
whose `url` FastAPI takes from the query, a class whose `__init__` has such parameters, and settings that are injected
as a class, where each field can be set.

## Why

Every parameter of a dependency that is no dependency itself is a parameter of the request. A helper that was written to
be called, with a default for its path or address, lets everybody choose them: `GET /items?url=http://evil.example`.

The remedy is a function without parameters: `def get_default_client(): return get_client(API_URL)`.

## Left alone

- Parameters that say where they come from (`Query(...)`, `Header(...)`), and those that a route has in its path.
- Parameters without a default, or with `None` for one: they may be meant for the client.
- Names that say nothing about the server: `limit`, `search`.
- Tests.

## Safety

It only reports: taking the parameter away changes the API.

See <https://fastapi.tiangolo.com/tutorial/dependencies/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Parameter, Project
from ...project.fastapi_names import PARAMETER_FUNCTIONS
from ...project.injected import injected_by
from ...project.operations import operations_of
from ...project.provided import Provided, injected_symbols, provided
from ...source.discovery import is_test

_OF_THE_SERVER = re.compile(
    r"(?:.*_)?(?:base_url|url|uri|dsn|path|dir|directory|folder|filepath|file|filename|env|environment|env_file|host"
    r"|hostname|port|config|debug|secret|secret_key|api_key|password|connection_string|bucket|timeout|verify_ssl)\Z"
)
_SETTINGS = ("pydantic_settings.BaseSettings", "pydantic_settings.main.BaseSettings", "pydantic.BaseSettings")
_IN_PATHS = re.compile(r"\{(\w+)(?::\w+)?\}")


class DependencyLeaksParameters(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for one in provided(project):
            for parameter in _leaking(project, one):
                name = one.symbol.name
                yield self.finding(
                    one.module.location(parameter.line, parameter.column, parameter.end_line),
                    f"clients can set `{parameter.name}` of `{name}` in the query, since it is injected at {one.place}:"
                    " inject a function without parameters that calls it",
                    anchor=f"{name}.{parameter.name}",
                )
        for symbol, (place, _) in injected_symbols(project).items():
            home = project.module(symbol.path) if symbol.path is not None else None
            bindings = home.bindings(symbol.name) if home is not None else ()
            if home is None or len(bindings) != 1 or bindings[0].kind != "class" or is_test(home.path):
                continue
            if project.derives_from(symbol, _SETTINGS):
                line = home.facts.statements[bindings[0].statement].line
                yield self.finding(
                    home.location(line, 1, line),
                    f"clients can set every field of `{symbol.name}` in the query, since the class is injected at"
                    f" {place}: inject a function without parameters that returns it",
                    anchor=symbol.name,
                )


def _leaking(project: Project, one: Provided) -> Iterator[Parameter]:
    """Parameters of the request that the server should decide."""
    module, function = one.module, one.function
    candidates = [
        parameter
        for parameter in function.parameters
        if parameter.default is not None and _OF_THE_SERVER.match(parameter.name.lower())
    ]
    if not candidates or _is_wrapped(one):
        return
    dependencies = {asked.parameter.name for asked in injected_by(project, module, function)}
    for parameter in candidates:
        if parameter.name in dependencies or parameter.name in _in_paths(project):
            continue
        assert parameter.default is not None
        if module.code(parameter.default) in ("None", '""', "''", "...", "False") or _says_where(module, parameter):
            continue
        yield parameter


def _is_wrapped(one: Provided) -> bool:
    """Another decorator may take the parameters away."""
    return any(d.name.rpartition(".")[2] not in ("cache", "lru_cache", "staticmethod") for d in one.function.decorators)


def _says_where(module: Module, parameter: Parameter) -> bool:
    code = module.text[parameter.start : parameter.end]
    return any(re.search(rf"\b{name}\(", code) for name in PARAMETER_FUNCTIONS)


def _in_paths(project: Project) -> frozenset[str]:
    def read() -> frozenset[str]:
        codes = (operation.module.code(operation.decorator.span) for operation in operations_of(project))
        return frozenset(name for code in codes for name in _IN_PATHS.findall(code))

    return project.remembered("names in decorators", read)
