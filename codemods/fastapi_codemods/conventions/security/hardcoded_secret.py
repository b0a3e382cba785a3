"""Secrets are read from settings or the environment, not written into the code.

`SECRET_KEY = "09d25e09..."`

## Why

Code is copied: to every developer, to every server, to the history of the repository, where it stays after it is
deleted. Whoever has read it once can sign tokens until the key is changed, and changing it takes a release.

## Left alone

- Values that say that they are to be replaced (`change-me`, `your-key-here`, `<token>`), unless the application signs
  with them: then everybody knows its key.
- Names of headers, environment variables, fields and files (`API_KEY_HEADER = "X-API-Key"`), addresses, texts of
  several words, and members of enumerations.
- Tests.

## Safety

It only reports, and never shows the value. Reading it from elsewhere is not enough: a secret that was in the repository
is known and must be changed.

See <https://fastapi.tiangolo.com/advanced/settings/>.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Location, Safety
from ...project import Project
from ...project.constants import constant_of, default_of_environment
from ...project.placed import Placed, argument, nodes_with
from ...project.reader import dotted

_WORDS = (
    r"(?i)secret|token|passw|api_?key|private_?key|access_?key|signing_?key|jwt_?key|encryption_?key|auth_?key|sk-"
    r"|AKIA|ghp_|jwt\.(?:en|de)code"
)
_GIVEN = (
    r"(?:secret|Secret|SECRET|token|Token|TOKEN|passw|Passw|PASSW|key|Key|KEY)\w{0,20}(?:[ \t]*:[^=\n]{1,40})?"
    r"[ \t]*=[ \t]*(?:[\w.]+\([^\n]{0,60})?[\"'][^\"'\n]{6}"
    r"|sk-[A-Za-z0-9]|AKIA|ghp_|BEGIN[ \w]*PRIVATE KEY|jwt\.(?:en|de)code|SessionMiddleware"
)
"""A name for a secret that is given a text, or what looks like one by itself."""

_NAME = re.compile(
    r"(?i)(?:^|_)(?:secret(?:_?key)?|\w*_secret|password|passwd|api_?key|private_?key|access_?key(?:_?id)?|secret_access_key"
    r"|(?:x_)?(?:access|auth|bearer|bot|admin|api|master|service|refresh|github|slack)_?token|token|signing_?key|jwt_?(?:secret|key)"
    r"|encryption_?key|auth_?key|client_?secret|session_?key)$"
)
_KNOWN = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36,}|sk-(?:proj-|ant-)?[A-Za-z0-9_-]{32,}|xox[abprs]-[A-Za-z0-9-]{20,}"
    r"|AIza[0-9A-Za-z_-]{35}|glpat-[A-Za-z0-9_-]{20,}|-----BEGIN (?:\w+ )?PRIVATE KEY-----|sk_live_[0-9A-Za-z]{20,}"
)
_PLACEHOLDER = re.compile(
    r"(?i)change|replace|your|xxx|\*\*\*|<.*>|\{.*\}|\$|example|placeholder|dummy|fake|test|todo|insert|none|null|default"
    r"|sample|demo|not[-_ ]?(?:set|needed|used|required)|empty|redacted|mask|secret[-_]?here|enter|dev[-_]|local|fixme"
    r"|unused|sk-no|12345|^__"
)
_NO_SECRET = re.compile(
    r"^urn:|<\||(?:https?|file|s3)://|^[/~.]|\s|\.(?:json|ya?ml|pem|key|txt|py|env)$|^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+$|^[Xx]-|^\w+(?:\.\w+)+$"
    r"|::|^[a-z]+(?:[-_ ][a-z]+)*$"
    r"|^(?:[A-Z]?[a-z]+)+$"
)
_NOT_ONE = re.compile(r"(?i)sentinel|_type_|token_type|dummy|start_token|end_token|placeholder|example|header|env|name")
_OF_TESTS = re.compile(r"(?:^|/)(?:testing|conftest|fixtures|examples?|mocks?)(?:/|\.py$)")
LEAST_BITS = 2.8
"""Of entropy for each character: words have less, keys more."""
SHORTEST = 12


class HardcodedSecret(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        pattern = re.compile(_WORDS)
        kinds = (ast.Assign, ast.AnnAssign, ast.Call)
        seen: set[Location] = set()
        signs = _names_of_keys(project)
        for placed in nodes_with(project, kinds, re.compile(_GIVEN.encode()), re.compile(_GIVEN)):
            if _is_member(placed) or _OF_TESTS.search(placed.module.path):
                continue
            for name, value, is_key in _given(placed):
                node = default_of_environment(value) or value
                known = constant_of(project, placed, node) if is_key else None
                if isinstance(known, str) and not pattern.search(ast.unparse(node)):
                    # What is bound to a name that says nothing is seen where it signs.
                    node = ast.copy_location(ast.Constant(known), node)
                if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                    continue
                is_used = is_key or (placed.module.path, name) in signs
                if not _is_secret(name, node.value, is_key=is_used):
                    continue
                place = placed._replace(node=node).location
                if place in seen:
                    continue
                seen.add(place)
                yield self.finding(
                    place,
                    f"hard-coded secret {name}: read it from the settings or the environment, and change it, as it is"
                    " in version control",
                    anchor=f"{placed.qualified_name}.{name}",
                )


def _is_member(placed: Placed) -> bool:
    """`class Action(str, Enum)`: its values are words."""
    around = placed.around[0] if placed.around else None
    return isinstance(around, ast.ClassDef) and any(dotted(base).endswith("Enum") for base in around.bases)


def _given(placed: Placed) -> Iterator[tuple[str, ast.expr, bool]]:
    """Names with what they are given, and whether the application signs with it."""
    match placed.node:
        case ast.Assign(targets=[target], value=value):
            yield dotted(target).rpartition(".")[2], value, False
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            field = (
                value.args[0]
                if isinstance(value, ast.Call) and dotted(value.func).endswith("Field") and value.args
                else value
            )
            if isinstance(field, ast.Call) and (default := argument(field, "default")) is not None:
                field = default
            yield dotted(target).rpartition(".")[2], field, False
        case ast.Call() as call:
            name = dotted(call.func)
            if name.endswith(("jwt.encode", "jwt.decode")) and len(call.args) > 1:
                yield "of the token's signature", call.args[1], True
            elif any(dotted(given).endswith("SessionMiddleware") for given in (call.func, *call.args[:1])):
                if (given := argument(call, "secret_key")) is not None:
                    yield "of the sessions' signature", given, True
            else:
                for keyword in call.keywords:
                    if keyword.arg is not None:
                        yield keyword.arg, keyword.value, False


def _names_of_keys(project: Project) -> set[tuple[str, str]]:
    """The module-level names that tokens and sessions are signed with, by their file."""
    found: set[tuple[str, str]] = set()
    words = r"jwt\.(?:en|de)code\(|SessionMiddleware"
    for placed in nodes_with(project, ast.Call, re.compile(words.encode()), re.compile(words)):
        for _, node, is_key in _given(placed):
            symbol = placed.resolve(project, node) if is_key else None
            if symbol is not None and symbol.path is not None:
                found.add((symbol.path, symbol.name))
    return found


def _is_secret(name: str, value: str, *, is_key: bool) -> bool:
    if is_key:
        return bool(value)
    if _KNOWN.search(value) and not _PLACEHOLDER.search(value):
        return True
    if _NOT_ONE.search(name) or not _NAME.search(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)):
        return False
    if len(value) < SHORTEST or _PLACEHOLDER.search(value) or _NO_SECRET.search(value):
        return False
    return _entropy(value) >= LEAST_BITS


def _entropy(text: str) -> float:
    """Bits for each character, by how often each occurs."""
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
