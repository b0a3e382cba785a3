"""A handler declares every parameter of its path.

Below `@app.get("/items/{item_id}")`, `def read():` becomes `def read(item_id: str):`, with the type of the path's
converter where it has one.

## Why

A parameter that nothing declares is not in the documentation, and clients made from it cannot fill it in. Mostly it is
a misspelling: the function asks for `id` where the path says `item_id`, and FastAPI takes `id` from the query.

## Left alone

- Paths whose parameter a dependency of the route takes, or reads as `request.path_params`, and what `{rest:path}`
  catches: these are no findings.
- Handlers that get the request, and dependencies from outside the project: they may read it.
- Handlers that other code calls, methods, and those below another decorator.
- Handlers with `*args` or `**kwargs`, and with comments among their parameters.

## Safety

A contract: the documentation has one more parameter of the path. It takes any text, as the path did.

See <https://fastapi.tiangolo.com/tutorial/path-params/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, module_reachable_as
from ...edits.handlers import Signatures, request_parameter
from ...edits.parameters import Piece, parameter_list, with_parameters, written
from ...findings import Finding, Safety
from ...project import Project
from ...project.operations import Operation, operations_of
from ...project.routes import DependencyUse, Route, likely_applications
from ...source.discovery import is_test

_PARAMETER = re.compile(r"\{([a-zA-Z_]\w*)(?::(\w+))?\}")
_TYPES = {"": "str", "str": "str", "int": "int", "float": "float", "uuid": "uuid.UUID"}
_SCHEMES = frozenset(
    {
        "APIKeyCookie", "APIKeyHeader", "APIKeyQuery", "HTTPBasic", "HTTPBearer", "HTTPDigest", "OAuth2",
        "OAuth2AuthorizationCodeBearer", "OAuth2PasswordBearer", "OAuth2PasswordRequestForm", "OpenIdConnect",
    }
)  # fmt: skip
_REQUEST = re.compile(r"\bpath_params\b")


class _Subject(NamedTuple):
    operation: Operation
    names: tuple[tuple[str, str], ...]
    """Each with its type."""


class UnusedPathParameter(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        open_ones: list[tuple[Operation, tuple[tuple[str, str], ...]]] = []
        for operation in operations_of(project):
            if is_test(operation.module.path) or not (path := operation.path(project)):
                continue
            text = operation.module.code(operation.function.span)
            written_in_path = ((found[1], found[2] or "") for found in _PARAMETER.finditer(path))
            # `/{rest:path}` catches all, and whoever writes it often needs no more.
            if names := tuple((n, kind) for n, kind in written_in_path if kind != "path" and not _names(text, n)):
                open_ones.append((operation, names))
        if not open_ones:
            return
        routes: dict[tuple[str, int], list[Route]] = {}
        for application in likely_applications(project):
            for route in application.routes:
                routes.setdefault((route.file, route.line), []).append(route)
        signatures = Signatures(project, (operation for operation, _ in open_ones))
        for operation, names in open_ones:
            place = operation.module.path, operation.decorator.line
            uses = [use for route in routes.get(place, ()) for use in route.in_execution_order]
            texts = [code for use in uses if (code := _text(project, use)) is not None]
            missing = [(name, kind) for name, kind in names if not any(_names(code, name) for code in texts)]
            if not missing or any(_REQUEST.search(code) for code in (*texts, _body(operation))):
                continue
            words = ", ".join(f"`{name}`" for name, _ in missing)
            reason: str | None = "the route is not found where applications are made"
            if place in routes:
                reason = _reason(project, operation, missing, uses, signatures)
            yield self.finding(
                operation.module.location(operation.decorator.line, 1, operation.function.end_line),
                f"`{operation.function.name}` does not declare {words} of its path",
                anchor=f"{operation.anchor}({', '.join(name for name, _ in missing)})",
                left_alone=reason,
                subject=_Subject(operation, tuple(missing)),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            operation, names = finding.subject
            module = operation.module
            parameters = parameter_list(module, operation.function)
            assert not isinstance(parameters, str)
            new = []
            for name, kind in names:
                written_type = _TYPES[kind]
                if "." in written_type:
                    written_type = f"{edits.module_name(module, 'uuid', finding)}.UUID"
                new.append(Piece(name, f"{name}: {written_type}", False, ""))
            pieces = with_parameters(parameters.pieces, new)
            assert pieces is not None
            edits.replace(module, parameters.span, written(project, parameters, pieces), finding)


def _names(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None


def _body(operation: Operation) -> str:
    """From the handler's header to the end of the statement that it stands in."""
    statement = operation.module.facts.statements[operation.function.statement]
    return operation.module.text[operation.function.span.start : statement.end]


def _text(project: Project, use: DependencyUse) -> str | None:
    """The statement that defines a dependency; None for one from elsewhere."""
    module = project.module(use.path) if use.path is not None else None
    if module is None:
        return None
    for index, statement in enumerate(module.facts.statements):
        following = module.facts.statements[index + 1 : index + 2]
        if statement.line <= use.line and (not following or use.line < following[0].line):
            return module.statement_text(index)
    return None


def _reason(
    project: Project,
    operation: Operation,
    missing: Sequence[tuple[str, str]],
    uses: Sequence[DependencyUse],
    signatures: Signatures,
) -> str | None:
    function = operation.function
    if other := next((use.name for use in uses if _text(project, use) is None and not _is_of_fastapi(use)), None):
        return f"its dependency `{other}` is not the project's, and may take it"
    if (request := request_parameter(project, operation)) is not None:
        return f"`{request}` has the parameters of the path, too"
    if any(kind not in _TYPES for _, kind in missing):
        return "the path has a converter of the project's own"
    if any(kind == "uuid" for _, kind in missing) and module_reachable_as(operation.module, "uuid") is None:
        return "the name `uuid` means something else here"
    parameters = parameter_list(operation.module, function)
    if isinstance(parameters, str):
        return parameters
    if with_parameters(parameters.pieces, [Piece("_", "_", False, "")]) is None:
        return "it takes whatever it is given"
    return signatures.reason_to_keep(operation)


def _is_of_fastapi(use: DependencyUse) -> bool:
    """A scheme of `fastapi.security` reads headers, cookies and the query."""
    return use.name.rpartition(".")[2] in _SCHEMES
