"""Middleware stands in the order in which it works: CORS outside of what answers, the session outside of what uses it.

    app.add_middleware(CORSMiddleware, ...)        @app.middleware("http")
                                                   async def auth(request, call_next): ...
    @app.middleware("http")                   ->
    async def auth(request, call_next): ...        app.add_middleware(CORSMiddleware, ...)

What is added last is outermost. It reports; with `move = true` (`--move-middleware`) it moves the registration.

## Why

- CORS inside of a middleware that answers itself: browsers' preflight requests are refused, and the refusals cannot
  be read by the page.
- `SessionMiddleware` or `AuthenticationMiddleware` inside of what uses `request.session` or `request.user`: each
  request fails.
- Compression inside of what reads the body of responses: it reads compressed bytes.
- `TrustedHostMiddleware` or `HTTPSRedirectMiddleware` inside of what answers: hosts that are refused are answered
  first.

## Left alone

- Everything, unless `move` is set. Middleware outside of CORS that hands every request on is no finding.
- Registrations under a condition, in a loop, in the constructor's list, or in another function than the other one.
- Registrations whose arguments get another value on the way.

## Safety

A contract: preflight requests are answered, and answers of other middleware carry CORS headers.

See <https://fastapi.tiangolo.com/tutorial/cors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.lines import stands_alone, with_comments_above
from ...findings import Finding, Safety
from ...project import Project, Span
from ...project.middlewares import Registration, answers_early, same_branch, stacks_of
from ...project.reader import bound_by
from ...project.types import own_nodes
from ...source.nodes import walk

_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_ANSWERS = frozenset(
    {
        "starlette.middleware.authentication.AuthenticationMiddleware", "slowapi.middleware.SlowAPIMiddleware",
        "slowapi.middleware.SlowAPIASGIMiddleware", "starlette_csrf.CSRFMiddleware",
        "starlette_csrf.middleware.CSRFMiddleware", "fastapi_csrf_protect.CsrfProtectMiddleware",
    }
)  # fmt: skip
_BROWSER = "preflight requests and its own answers get no CORS headers"


class _Options(NamedTuple):
    move: bool = False


class _Subject(NamedTuple):
    moved: Registration
    behind: Registration


class MiddlewareOrder(Codemod):
    safety = Safety.CONTRACT
    effects = frozenset({"middleware", "response"})
    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        for stack in stacks_of(project):
            for index, inner in enumerate(stack.registrations):
                found = [
                    (outer, why)
                    for outer in stack.registrations[index + 1 :]
                    if same_branch(inner, outer) and (why := _fault(inner, outer))
                ]
                if not found:
                    continue
                names = ", ".join(dict.fromkeys(f"`{outer.name}`" for outer, _ in found))
                last = found[-1][0]
                reason = _reason(inner, last)
                yield self.finding(
                    inner.location,
                    f"{inner.name} is inside {names}, {found[0][1]}; add it last"
                    if _is_cors(inner)
                    else f"{inner.name} is inside {names}, {found[0][1]}; add it behind that",
                    anchor=f"{stack.receiver}.{inner.name}",
                    left_alone=reason or (None if self.options.move else _NOT_ASKED),
                    subject=_Subject(inner, last),
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            subject: _Subject = finding.subject
            module = subject.moved.module
            lines = _lines_of(subject.moved)
            behind = subject.behind.positions.span(subject.behind.statement)
            rest = _REST_OF_LINE.match(module.text, behind.end)
            end = rest.end() if rest is not None else behind.end
            text = module.code(lines)
            newline = module.source.newline
            text = text if text.endswith(("\n", "\r")) else text + newline
            is_function = isinstance(subject.behind.statement, ast.FunctionDef | ast.AsyncFunctionDef)
            gap = newline * (2 if is_function and not subject.behind.outside else 1) if is_function else ""
            before = "" if module.text[:end].endswith(("\n", "\r")) else newline
            edits.replace(module, _with_blank_line(module.text, lines), "", finding)
            edits.insert(module, end, f"{before}{gap}{text}", finding)


_NOT_ASKED = "it is moved only with `move = true` (`--move-middleware`)"


def _is_cors(registration: Registration) -> bool:
    return registration.library.endswith(".CORSMiddleware")


def _fault(inner: Registration, outer: Registration) -> str:
    """What goes wrong with `inner` inside of `outer`, empty if nothing is known to."""
    if inner.library.endswith(".CORSMiddleware"):
        is_own = _sets_cors(outer)
        return f"which answers itself: {_BROWSER}" if _answers(outer) and not is_own else ""
    if inner.library.endswith(".SessionMiddleware") and _uses(outer, "session"):
        return "which uses `request.session` before it is there"
    if inner.library.endswith(".AuthenticationMiddleware") and (_uses(outer, "user") or _uses(outer, "auth")):
        return "which uses `request.user` before it is there"
    if inner.library.endswith((".GZipMiddleware", ".BrotliMiddleware", ".CompressMiddleware")):
        return "which reads bodies of responses when they are compressed" if _reads_bodies(outer) else ""
    if inner.library.endswith((".TrustedHostMiddleware", ".HTTPSRedirectMiddleware")) and _answers(outer):
        return "which answers requests before they are refused or redirected"
    return ""


def _answers(registration: Registration) -> bool:
    return registration.library in _ANSWERS or answers_early(registration) is not None


def _sets_cors(registration: Registration) -> bool:
    """Whether it is about CORS itself, and knows what its answers need."""
    work = registration.work
    if "cors" in registration.name.lower() or work is None:
        return "cors" in registration.name.lower()
    bindings = work.module.bindings(getattr(work.nodes[0], "name", ""))
    return any("access-control-" in work.module.statement_text(one.statement).lower() for one in bindings)


def _uses(registration: Registration, what: str) -> bool:
    """Whether a middleware reads `request.session` or `scope["session"]` before it hands the request on."""
    work = registration.work
    for node in own_nodes(work.nodes[-1]) if work is not None else ():
        match node:
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute, ctx=ast.Load()) if attribute == what:
                if owner in ("request", "req", "conn", "connection"):
                    return True
            case ast.Subscript(value=ast.Name(id="scope"), slice=ast.Constant(value=key), ctx=ast.Load()):
                if key == what:
                    return True
            case _:
                pass
    return False


def _reads_bodies(registration: Registration) -> bool:
    work = registration.work
    return work is not None and any(
        isinstance(node, ast.Attribute) and node.attr == "body_iterator" and isinstance(node.ctx, ast.Load)
        for node in own_nodes(work.nodes[-1])
    )


def _reason(inner: Registration, outer: Registration) -> str | None:
    if inner.how != "added":
        return "the constructor's list names the outermost first" if inner.how == "listed" else "it is a function"
    if inner.around:
        return "it is registered under a condition"
    if outer.around:
        return f"`{outer.name}` is registered under a condition"
    module = inner.module
    if not stands_alone(module, inner.positions.span(inner.statement)):
        return "another statement stands on the same line"
    if not stands_alone(module, outer.positions.span(outer.statement)):
        return f"another statement stands on the line of `{outer.name}`"
    names = {node.id for node in walk(inner.statement) if isinstance(node, ast.Name)}
    between = _statements_between(inner, outer)
    rebound = sorted({name for statement in between for name, _ in bound_by(statement)} & names)
    if rebound:
        return f"`{rebound[0]}` gets another value before `{outer.name}` is registered"
    return None


def _statements_between(inner: Registration, outer: Registration) -> list[ast.stmt]:
    if inner.block is outer.block and inner.statement in inner.block and outer.statement in inner.block:
        return inner.block[inner.block.index(inner.statement) + 1 : inner.block.index(outer.statement)]
    module = inner.module
    first, last = inner.positions.span(inner.statement).end, outer.positions.span(outer.statement).start
    return [
        node
        for index, statement in enumerate(module.facts.statements)
        if first <= statement.start < last
        for node in module.tree(index).body
    ]


def _lines_of(registration: Registration) -> Span:
    """The lines of a registration, with the comments directly above it."""
    module = registration.module
    span = with_comments_above(module, registration.positions.span(registration.statement))
    rest = _REST_OF_LINE.match(module.text, span.end)
    start = module.text.rfind("\n", 0, span.start) + 1
    return Span(start, rest.end() if rest is not None else span.end)


def _with_blank_line(text: str, lines: Span) -> Span:
    """With one blank line below, where a blank line stands above, too."""
    above = text[: lines.start].endswith(("\n\n", "\r\n\r\n"))
    blank = re.match(r"[ \t]*(?:\r\n|\n)", text[lines.end :])
    return Span(lines.start, lines.end + blank.end()) if above and blank is not None else lines
