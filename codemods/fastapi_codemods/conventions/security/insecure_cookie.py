"""A cookie that lets its bearer in is kept from scripts and from plain HTTP.

`response.set_cookie("session", token)` without `httponly=True` and `secure=True`.

## Why

Without `httponly` any script on the page can read the cookie: one injected line and the session is gone. Without
`secure` the browser sends it over plain HTTP, too, where anybody on the way can read it. Starlette's defaults are off
for both.

## Left alone

- Cookies that hold no credentials, by their name, and tokens against CSRF, which scripts must read.
- Flags that come from settings, and cookies that get their arguments unpacked.
- Functions in which a comment speaks of `HttpOnly`: somebody decided.
- Cookies that are deleted: an empty value, or `max_age=0`.

## Safety

It only reports: a front end that reads the cookie, or a development server without HTTPS, would break.

See <https://fastapi.tiangolo.com/advanced/response-cookies/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project
from ...project.constants import constant_of
from ...project.placed import Placed, argument, nodes_with, unpacks

_WORD = r"\.set_cookie\("
_CREDENTIAL = re.compile(
    r"(?i)(?:^|[_\-.])(?:access|auth|authorization|id|jwt|refresh|session|sessionid|sid|token|api[_-]?key)(?=$|[_\-.\d])"
)
_NONE = re.compile(
    r"(?i)csrf|xsrf|expired|expires|theme|lang|locale|is_|has_|_type$|state|nonce|next|redirect|token_id"
)


class InsecureCookie(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        for placed in nodes_with(project, ast.Call, re.compile(_WORD.encode()), re.compile(_WORD)):
            call = placed.node
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute) or unpacks(call):
                continue
            if call.func.attr != "set_cookie" or _is_deleted(call):
                continue
            name = _name(project, placed, call)
            if name is None or not _CREDENTIAL.search(name) or _NONE.search(name):
                continue
            function = placed.function
            if function is not None and re.search(r"(?i)http-?only", _without_flags(placed.code(function))):
                continue  # somebody says there why not
            missing = [flag for flag, position in (("httponly", 7), ("secure", 6)) if _is_off(call, flag, position)]
            if missing:
                yield self.finding(
                    placed.location,
                    f"the cookie `{name}` is set without {' and '.join(f'`{flag}=True`' for flag in missing)}",
                    anchor=f"{placed.qualified_name}.{name}",
                )


def _without_flags(code: str) -> str:
    """The text of a function without `httponly=...`, so that comments remain."""
    return re.sub(r"httponly\s*=", "", code)


def _name(project: Project, placed: Placed, call: ast.Call) -> str | None:
    given = argument(call, "key", 0)
    if given is None:
        return None
    value = constant_of(project, placed, given)
    if isinstance(value, str):
        return value
    # `SESSION_COOKIE`, `settings.session_cookie_name`: what it is called says what it is.
    text = given.id if isinstance(given, ast.Name) else given.attr if isinstance(given, ast.Attribute) else ""
    return re.sub(r"(?i)_?(?:cookie_?)?(?:name|key)?$", "", text) if "cookie" in text.lower() else None


def _is_off(call: ast.Call, flag: str, position: int) -> bool:
    given = argument(call, flag, position)
    return given is None or (isinstance(given, ast.Constant) and given.value is False)


def _is_deleted(call: ast.Call) -> bool:
    value, age = argument(call, "value", 1), argument(call, "max_age", 2)
    return any(isinstance(node, ast.Constant) and node.value in ("", 0, None) for node in (value, age) if node)
