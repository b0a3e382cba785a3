"""Certificates of other servers are checked.

`httpx.get(url, verify=False)`, `ssl._create_unverified_context()`.

## Why

Without the check, whoever sits between the application and the server reads and changes what they say to each other:
tokens, passwords, payments. For a server with a certificate of its own, `verify="/path/to/ca.pem"` says whom to trust.

## Left alone

- `verify` that comes from settings, and what stands under a condition that asks for it: somebody decides elsewhere.
- Tests.

## Safety

It only reports: whether there is a certificate to trust is for a person to know.

See <https://fastapi.tiangolo.com/deployment/https/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.placed import Placed, nodes_with
from ...project.reader import dotted

_WORDS = (
    r"verify[ \t]*=[ \t]*False|_create_unverified_context|CERT_NONE|ssl[ \t]*=[ \t]*False|verify_ssl[ \t]*=[ \t]*False"
)
_ASKED_FOR = re.compile(r"(?i)verif|insecure|skip|self_?signed|allow_|trust|valid|cert|is False")
_LIBRARIES = ("requests", "httpx", "aiohttp")
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "stream"})


class TlsVerificationDisabled(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for placed in nodes_with(project, (ast.Call, ast.Assign), re.compile(_WORDS.encode()), re.compile(_WORDS)):
            written = None if _is_asked_for(placed) else _disables(project, placed)
            if written:
                yield self.finding(
                    placed.location,
                    f"`{written}` turns the check of the other server's certificate off",
                    anchor=f"{placed.qualified_name}.{written}",
                )


def _is_asked_for(placed: Placed) -> bool:
    """Whether somebody decides elsewhere that it be so: by a condition, or by calling a function that says so."""
    for node in placed.around:
        if isinstance(node, ast.If | ast.IfExp) and _ASKED_FOR.search(ast.unparse(node.test)):
            return True
    statement = placed.statement
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    names = [placed.qualified_name, *(dotted(target).partition(".verify")[0] for target in targets)]
    return any(_ASKED_FOR.search(name) for name in names)


def _disables(project: Project, placed: Placed) -> str | None:
    match placed.node:
        case ast.Call(func=func) if dotted(func).endswith("ssl._create_unverified_context"):
            return "ssl._create_unverified_context()"
        case ast.Call(func=func, keywords=keywords):
            for keyword in keywords:
                is_off = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
                name = keyword.arg if is_off else None
                if name in ("verify", "ssl", "verify_ssl") and _connects(project, placed, func, name):
                    return f"{ast.unparse(func)}(..., {name}=False)"[:80]
        case ast.Assign(targets=[ast.Attribute(attr="verify") as target], value=ast.Constant(value=False)):
            return f"{ast.unparse(target)} = False" if "session" in dotted(target).lower() else None
        case ast.Assign(targets=[ast.Attribute(attr="verify_mode")], value=value) if dotted(value) == "ssl.CERT_NONE":
            return "verify_mode = ssl.CERT_NONE"
        case _:
            pass
    return None


def _connects(project: Project, placed: Placed, func: ast.expr, keyword: str) -> bool:
    """Whether what is called is of a library for HTTP."""
    symbol = placed.resolve(project, func)
    if symbol is not None:
        return symbol.path is None and symbol.name.partition(".")[0] in _LIBRARIES
    owner, _, method = dotted(func).rpartition(".")
    is_client = re.search(r"(?i)client|session|http|requests", owner) is not None
    return method in _VERBS and is_client and keyword != "ssl"
