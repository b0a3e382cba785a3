"""Templates are rendered with the request as an argument of its own.

`templates.TemplateResponse("page.html", {"request": request, "user": user})` becomes
`templates.TemplateResponse(request, "page.html", {"user": user})`.

## Why

Starlette takes the request first since 0.29 and puts it into the context itself. Since 1.0 it takes nothing else: what
was the name of the template is then taken for the request, and the page is answered with 500.

## Left alone

- Projects that support FastAPI before 0.108, whose Starlette may not know the new order.
- Calls that unpack arguments.
- Calls whose context is made elsewhere, in a function that has not exactly one parameter that is a request.
- Calls of something that cannot be seen to be `Jinja2Templates`.

## Safety

A contract: with Starlette 1.0 a page instead of an error. With those before, the same page.

See <https://fastapi.tiangolo.com/advanced/templates/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Module, Project, Span, Symbol
from ...project.named_calls import Place, nodes_in
from ...project.reader import call_of, dotted
from ...project.versions import spelled

REQUEST_FIRST_SINCE = (0, 108)
"""From here on FastAPI needs a Starlette of at least 0.29."""

_CALL = re.compile(r"\.TemplateResponse\s*\(")
_CALL_BYTES = re.compile(_CALL.pattern.encode())
_TEMPLATES = ("fastapi.templating.Jinja2Templates", "starlette.templating.Jinja2Templates")
_REQUESTS = ("fastapi.Request", "starlette.requests.Request", "fastapi.requests.Request")


class _Subject(NamedTuple):
    module: Module
    request: tuple[int, str]
    """Where the argument is put, with its comma."""
    gone: Span | None
    """Of `"request": request` with its comma, or of the whole context with the comma before it."""


class TemplateResponseSignature(Codemod):
    safety = Safety.CONTRACT
    since = REQUEST_FIRST_SINCE
    effects = frozenset({"response"})

    def find(self, project: Project) -> Iterator[Finding]:
        modules = (module for module in project.modules() if _CALL_BYTES.search(module.data))
        for place in nodes_in(modules, _CALL):
            node = place.node
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "TemplateResponse"
                and _has_no_request(node)
            ):
                continue
            subject = _subject(project, place, node)
            receiver = dotted(node.func.value)
            yield self.finding(
                place.location(node),
                "`TemplateResponse` takes the request first",
                anchor=f"{place.around}.{receiver}.TemplateResponse",
                left_alone=subject if isinstance(subject, str) else None,
                subject=None if isinstance(subject, str) else subject,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            offset, text = subject.request
            edits.insert(subject.module, offset, text, finding)
            if subject.gone is not None:
                edits.replace(subject.module, subject.gone, "", finding)


def _has_no_request(node: ast.Call) -> bool:
    """`TemplateResponse("page.html", ...)` and `TemplateResponse(name="page.html", ...)`, the old order."""
    names = {keyword.arg for keyword in node.keywords}
    if "request" in names:
        return False
    if not node.args:
        return "name" in names or None in names
    first = node.args[0]
    if isinstance(first, ast.Constant | ast.JoinedStr):
        return True
    # `TemplateResponse(page, {"request": ...})`: whatever the first is, a context holds the request only of old.
    context = _context(node)
    return isinstance(context, ast.Dict) and _item(context) is not None


def _context(node: ast.Call) -> ast.expr | None:
    given = next((keyword.value for keyword in node.keywords if keyword.arg == "context"), None)
    return given or (node.args[1] if len(node.args) > 1 else None)


def _item(context: ast.Dict) -> int | None:
    return next((i for i, k in enumerate(context.keys) if isinstance(k, ast.Constant) and k.value == "request"), None)


def _subject(project: Project, place: Place, node: ast.Call) -> _Subject | str:
    module, positions = place.module, place.positions
    if any(isinstance(argument, ast.Starred) for argument in node.args) or any(k.arg is None for k in node.keywords):
        return "it gets unpacked arguments"
    assert isinstance(node.func, ast.Attribute)
    if not _is_templates(project, place, dotted(node.func.value)):
        return "it cannot be seen to be of `Jinja2Templates`"
    if not project.versions.supports_fastapi(REQUEST_FIRST_SINCE):
        return f"FastAPI before {spelled(REQUEST_FIRST_SINCE)} may not know this order"
    context = _context(node)
    gone: Span | None = None
    index = _item(context) if isinstance(context, ast.Dict) else None
    if isinstance(context, ast.Dict) and index is not None:
        request = module.code(positions.span(context.values[index]))
        if not request.isidentifier() and not re.fullmatch(r"[\w.]+", request):
            return "the request is not given by its name"
        found = _gone(place, node, context, index)
        if isinstance(found, str):
            return found
        gone = found
    else:
        names = _requests_of(project, place)
        if len(names) != 1:
            return "the request is not seen in the call, nor which of the function's parameters it is"
        request = names[0]
    if node.args:
        start = positions.span(node.args[0]).start
    else:
        start = min(positions.offset(keyword.lineno, keyword.col_offset) for keyword in node.keywords)
        request = f"request={request}"
    return _Subject(module, (start, f"{request},{_between(module, start)}"), gone)


def _between(module: Module, start: int) -> str:
    """The white space in front of an argument: a line of its own where the first one has that."""
    before = module.text[:start]
    margin = before[len(before.rstrip(" \t")) :]
    is_alone = before.rstrip(" \t").endswith(("\n", "\r"))
    return f"{module.source.newline}{margin}" if is_alone else " "


def _gone(place: Place, node: ast.Call, context: ast.Dict, index: int) -> Span | str:
    """What goes of the call with the item of the context, the whole context if it holds nothing else."""
    positions, module = place.positions, place.module
    key = context.keys[index]
    assert key is not None
    item = Span(positions.span(key).start, positions.span(context.values[index]).end)
    if len(context.keys) > 1:
        if index + 1 < len(context.keys):
            following = context.keys[index + 1]
            if following is None:
                # `**others`: without the stars' own place, they stand right before the value
                end = module.text.rfind("**", item.end, positions.span(context.values[index + 1]).start)
            else:
                end = positions.span(following).start
            gone = Span(item.start, end)
        else:
            gone = Span(positions.span(context.values[index - 1]).end, item.end)
        return gone if "#" not in module.code(gone) else "a comment stands beside the request"
    if len(node.args) > 2:
        return Span(item.start, _end_of_item(module, item.end))
    call = call_of(node, positions)
    spans = [argument.span for argument in call.arguments]
    at = spans.index(positions.span(context))
    if not at:
        return "the context stands before the name of the template"
    gone = Span(spans[at - 1].end, spans[at].end)
    return gone if "#" not in module.code(gone) else "a comment stands beside the context"


def _end_of_item(module: Module, end: int) -> int:
    """Behind the comma that may follow."""
    found = re.compile(r"\s*,").match(module.text, end)
    return found.end() if found else end


def _is_templates(project: Project, place: Place, receiver: str) -> bool:
    symbol = project.resolve(place.module, receiver, place.scopes) if receiver else None
    if symbol is None or symbol.path is None or (home := project.module(symbol.path)) is None:
        return False
    made = [assignment for assignment in home.facts.assignments if assignment.target == symbol.name]
    classes = [project.resolve(home, assignment.call.callee, assignment.scopes) for assignment in made]
    return bool(classes) and all(cls is not None and project.derives_from(cls, _TEMPLATES) for cls in classes)


def _requests_of(project: Project, place: Place) -> list[str]:
    """The parameters of the function around a place that are requests."""
    if not place.scopes:
        return []
    *around, inner = place.scopes
    for function in place.module.facts.functions:
        if function.name == inner.name and function.scopes == tuple(around):
            return [
                parameter.name
                for parameter in function.parameters
                if parameter.annotation is not None
                and _is_request(project.resolve(place.module, place.module.code(parameter.annotation).strip("\"'")))
                and parameter.name not in inner.rebound
            ]
    return []


def _is_request(symbol: Symbol | None) -> bool:
    return symbol is not None and symbol.path is None and symbol.name in _REQUESTS
