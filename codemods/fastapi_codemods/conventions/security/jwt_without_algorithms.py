"""A token is decoded by the algorithms that the application signs with, and its signature is checked.

`jwt.decode(token, key)` without `algorithms=[...]`, or with `options={"verify_signature": False}`.

## Why

A token names its own algorithm. Who does not say which ones are allowed lets the sender choose: `none`, or HMAC with a
public key as its secret. Without a check of the signature, anybody can write a token for any user.

## Left alone

- Calls that get their arguments unpacked, and algorithms that come from settings.
- A token that is decoded without a check of its signature anywhere but where it decides who somebody is: in a
  dependency, or in a function that is named for that. Elsewhere it may be read for a log, or another server checked it.

## Safety

It only reports: which algorithms are in use is for a person to say.

See <https://fastapi.tiangolo.com/tutorial/security/oauth2-jwt/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.logs import is_log
from ...project.placed import Placed, argument, nodes_with, unpacks
from ...project.references import uses

_ASKS_WHO = re.compile(r"(?i)^_*(?:get_current|current_user|authenticate|verify|validate|check|require)")
_DECODERS = frozenset({"jwt.decode", "jose.jwt.decode", "jwt.api_jwt.decode"})


class JwtWithoutAlgorithms(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        decoding = [
            placed
            for placed in nodes_with(project, ast.Call, re.compile(rb"\bjwt\b"), re.compile(r"\bdecode\("))
            if _decodes(project, placed)
        ]
        symbols = {Symbol(placed.module.path, placed.qualified_name) for placed in decoding}
        found = uses(project, symbols) if decoding else {}
        injected = {symbol for symbol, used in found.items() if any(use.kind == "injected" for use in used)}
        checked = {id(placed.function) for placed in decoding if _fault(placed) is None}
        for placed in decoding:
            what = _fault(placed)
            if what is None or (
                what == _UNSIGNED and (id(placed.function) in checked or not _decides(placed, injected))
            ):
                continue
            yield self.finding(placed.location, what, anchor=f"{placed.qualified_name}.decode")


_OPEN = "a token is decoded without `algorithms`: say which ones the application signs with"
_NONE = "a token is decoded with the algorithm `none`, by which anybody can sign"
_UNSIGNED = "a token is decoded without a check of its signature: anybody can have written it"


def _decodes(project: Project, placed: Placed) -> bool:
    assert isinstance(placed.node, ast.Call)
    symbol = placed.resolve(project, placed.node.func)
    return symbol is not None and symbol.path is None and symbol.name in _DECODERS


def _decides(placed: Placed, injected: set[Symbol]) -> bool:
    """Whether who calls is told by what is decoded."""
    if any(isinstance(node, ast.Call) and is_log(node) for node in placed.around):
        return False
    name = placed.qualified_name
    return Symbol(placed.module.path, name) in injected or _ASKS_WHO.search(name.rpartition(".")[2]) is not None


def _fault(placed: Placed) -> str | None:
    call = placed.node
    assert isinstance(call, ast.Call)
    if unpacks(call):
        return None
    options = argument(call, "options", 3)
    given = [options] if isinstance(options, ast.Dict) else []
    for node in given:
        for key, value in zip(node.keys, node.values, strict=True):
            is_signature = isinstance(key, ast.Constant) and key.value == "verify_signature"
            if is_signature and isinstance(value, ast.Constant) and value.value is False:
                return _UNSIGNED
    verify = argument(call, "verify")
    if isinstance(verify, ast.Constant) and verify.value is False:
        return _UNSIGNED
    algorithms = argument(call, "algorithms", 2)
    if algorithms is None:
        # Options that are computed may turn the check off, for which no algorithm is needed.
        return _OPEN if options is None or given else None
    if isinstance(algorithms, ast.List | ast.Tuple):
        names = [part.value for part in algorithms.elts if isinstance(part, ast.Constant)]
        if any(isinstance(name, str) and name.lower() == "none" for name in names):
            return _NONE
    if isinstance(algorithms, ast.Constant) and algorithms.value is None:
        return _OPEN
    return None
