"""A bearer token is taken by the project's object of `fastapi.security`, not out of the header by hand.

`if not authorization.startswith("Bearer ")`, in a project that has `bearer = HTTPBearer()`.

## Why

What is parsed by hand is parsed a little otherwise at each place: `bearer` in small letters, two spaces, an empty
token. And the documentation does not know of it: there is no button to authorise, and generated clients send nothing.

## Left alone

- Projects that do not use `fastapi.security`: it is about following the way that the project has.
- Middleware, websockets and backends of Starlette's, which no dependency reaches.
- Functions that are neither handlers nor dependencies.

## Safety

It only reports. `HTTPBearer` answers some requests otherwise: 401 comes with `WWW-Authenticate`, an empty token is
refused, and the header is no parameter any more.

See <https://fastapi.tiangolo.com/reference/security/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.authentication import injected_by, schemes_of
from ...project.operations import operations_of
from ...project.placed import FunctionNode, Placed, nodes_with
from ...project.reader import dotted
from ...project.references import uses

_WORD = r"(?i)[\"']bearer"
_TAKERS = frozenset({"startswith", "replace", "removeprefix", "split", "partition", "lstrip", "index", "find"})
_BEARERS = ("HTTPBearer", "OAuth2PasswordBearer", "OAuth2AuthorizationCodeBearer", "OAuth2", "OpenIdConnect")


class ManualBearerToSecurity(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        schemes = [(symbol, cls) for symbol, cls in schemes_of(project) if cls in _BEARERS]
        if not schemes:
            return
        found = list(_parsing(project))
        handlers = {(o.module.path, o.function.name) for o in operations_of(project) if o.method != "websocket"}
        others = {
            Symbol(placed.module.path, placed.qualified_name)
            for placed in found
            if (placed.module.path, placed.qualified_name.rpartition(".")[2]) not in handlers
        }
        used = uses(project, others) if others else {}
        symbol, cls = schemes[0]
        for placed in found:
            name = placed.qualified_name
            is_handler = (placed.module.path, name.rpartition(".")[2]) in handlers
            own = used.get(Symbol(placed.module.path, name), [])
            if is_handler or any(use.kind == "injected" for use in own):
                yield self.finding(
                    placed.location,
                    f"manual Authorization parsing in `{name}`; project uses {cls}: depend on `{symbol.name}` of"
                    f" {symbol.path}",
                    anchor=f"{name}.bearer",
                )


def _parsing(project: Project) -> Iterator[Placed]:
    """The first place in each function that takes a token out of a header."""
    seen: set[int] = set()
    for placed in nodes_with(project, (ast.Call, ast.Compare), re.compile(rb"(?i)[\"']bearer"), re.compile(_WORD)):
        function = placed.function
        if function is None or id(function) in seen or not _takes_a_token(placed.node):
            continue
        if "Depends(" in ast.unparse(function.args) and _has_scheme(project, placed, function):
            continue
        if not _is_given_a_header(placed, function):
            continue
        seen.add(id(function))
        yield placed


def _has_scheme(project: Project, placed: Placed, function: FunctionNode) -> bool:
    """Whether a function gets a token from a scheme already, and takes another one by hand."""
    schemes = {symbol for symbol, _ in schemes_of(project)}
    return any(symbol in schemes for symbol in injected_by(project, placed.module, ast.unparse(function.args)))


def _takes_a_token(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr=method, value=owner), args=[ast.Constant(value=str(text)), *_]):
            return method in _TAKERS and text.strip().lower() == "bearer" and not isinstance(owner, ast.Constant)
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=str(text))], left=left):
            return text.strip().lower() == "bearer" and "type" not in dotted(left)
    return False


def _is_given_a_header(placed: Placed, function: FunctionNode) -> bool:
    parameters = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    for parameter in parameters:
        annotation = ast.unparse(parameter.annotation) if parameter.annotation is not None else ""
        if re.search(r"\bRequest\b", annotation):
            return "header" in placed.code(function) and "call_next" not in {p.arg for p in parameters}
        if re.search(r"(?i)authori[sz]ation", parameter.arg) or "Header(" in annotation:
            return True
    return False
