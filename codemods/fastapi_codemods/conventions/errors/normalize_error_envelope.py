"""Errors have one shape of body: that which the project gives to most of them.

`return JSONResponse(status_code=404, content={"error": "no such item"})` becomes
`raise HTTPException(status_code=404, detail="no such item")` where most errors are HTTPExceptions with a text.

## Why

A client that must look under `detail`, `error` and `message` for the same thing is a client with bugs. One shape is one
type in a generated client and one place in the front end.

With `keep-wire` the code is made uniform and nothing that is sent changes: errors of the other shape become an
exception of their own, and a handler that is registered for it sends the body that was sent before.

## Left alone

- Projects in which no shape has seven of ten errors, unless `to` names the key that errors shall have.
- Shapes that other people's clients know: of OpenAI, OAuth, problem details (RFC 9457), SCIM, JSON:API, LNURL.
- Bodies with more than one text, whose parts have no place in the other shape.
- Places where an exception would do something else than a response, as `jsonresponse-error-to-httpexception` says.
- Projects that answer HTTPException by a handler of their own: that gives errors their shape already.

## Safety

A contract: the bodies of these errors change, their status does not. With `keep-wire` bodies stay as they are.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import written_call
from ...edits.handlers import Signatures
from ...edits.raising import HTTP_EXCEPTION, is_something, reason_to_return
from ...findings import Finding, Safety
from ...project import Assignment, Module, Project
from ...project.exception_handlers import changes_http_exceptions
from ...project.operations import APPLICATION
from ...project.placed import Placed, argument, placed_function, unpacks
from ...project.raises import http_exceptions_raised
from ...project.reader import dotted
from ...project.responses import Handler, handlers_of
from ...project.statuses import status_of
from ...source.discovery import is_test

DETAIL = "detail"
ENOUGH = 3
SHARE = 0.7

_JSON = frozenset({"fastapi.responses.JSONResponse", "starlette.responses.JSONResponse"})
_KNOWN = (
    ({"error", "error_description"}, "OAuth"),
    ({"type", "title"}, "problem details"),
    ({"schemas", "detail"}, "SCIM"),
    ({"errors"}, "JSON:API"),
    ({"status", "reason"}, "LNURL"),
)
_SAY_ERROR = frozenset(
    {"description", "detail", "details", "err", "error", "error_message", "errors", "message", "msg", "reason", "title"}
)
"""Keys of which an error has at least one: what else is sent with a status of an error is a report, as of health."""

_OPENAI = re.compile(r"(?i)openai|anthropic|ollama|/v1/(?:chat|completions|embeddings|messages|models)")


class Options(NamedTuple):
    to: str = ""
    """The key that errors shall have; empty: that of most of them."""
    keep_wire: bool = False
    """Send the bodies that were sent before, by a registered handler."""


class _Answer(NamedTuple):
    """`return JSONResponse(...)` with a status of an error and a dict in place."""

    handler: Handler
    placed: Placed
    call: ast.Call
    status: int
    status_node: ast.expr
    content: ast.Dict
    keys: tuple[str, ...]


class _Place(NamedTuple):
    """Where the exception and its handler go with `keep-wire`."""

    home: Module
    application: Assignment
    path: str
    """Of the new file."""


class _Change(NamedTuple):
    answer: _Answer
    key: str
    """That errors shall have."""
    value: ast.expr
    """The text of the error."""
    place: _Place | None
    sent: str
    """The key that is sent today."""


class NormalizeErrorEnvelope(Codemod):
    safety = Safety.CONTRACT
    effects = frozenset({"handler", "response"})
    after = ("jsonresponse-error-to-httpexception", "return-httpexception-to-raise", "sanitize-exception-detail")
    options = Options()

    def find(self, project: Project) -> Iterator[Finding]:
        answers = list(_answers(project))
        if not answers:
            return
        key = self.options.to or _usual(project, answers)
        others = [answer for answer in answers if answer.keys != (key,)]
        if key is None or not others:
            return
        signatures = Signatures(project, [answer.handler.operations[0] for answer in others])
        place = _place(project) if self.options.keep_wire else None
        sent = Counter(answer.keys[0] for answer in others if len(answer.keys) == 1)
        usual_other = sent.most_common(1)[0][0] if sent else ""
        whose = "where it is asked for" if self.options.to else "most of the project"
        for answer in others:
            value = _text_of(answer)
            reason = self._reason(project, answer, key, value, signatures)
            if reason is None and self.options.keep_wire:
                reason = place if isinstance(place, str) else None
                if reason is None and answer.keys[0] != usual_other:
                    reason = f"more errors have the key `{usual_other}`, for which the handler is"
            shape = ", ".join(f'"{name}"' for name in answer.keys)
            name = answer.handler.function.name
            target = place if isinstance(place, _Place) else None
            yield self.finding(
                answer.placed.location,
                f'`{name}` answers an error with {{{shape}}}, {whose} with {{"{key}"}}',
                anchor=f"{answer.handler.function.qualified_name}.{answer.status}.{shape}",
                left_alone=reason,
                subject=_Change(answer, key, value or answer.content, target, answer.keys[0]),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            change: _Change = finding.subject
            answer, placed = change.answer, change.answer.placed
            module = placed.module
            status, text = placed.code(answer.status_node), placed.code(change.value)
            if change.place is None and change.key != DETAIL:
                key = answer.content.keys[0]
                assert key is not None
                quote = placed.code(key)[0]
                edits.replace(module, placed.span(key), f"{quote}{change.key}{quote}", finding)
                continue
            if change.place is not None:
                name = "ErrorAnswer"
                _make_handler(project, edits, change, finding)
                edits.import_name(module, project.dotted_name(change.place.path), name, finding)
            else:
                name = edits.name(module, HTTP_EXCEPTION, finding)
            span = placed.span()
            arguments = [f"status_code={status}", f"detail={text}"]
            edits.replace(module, span, written_call(edits, module, span.start, f"raise {name}", arguments), finding)
            edits.drop_import(module, dotted(answer.call.func).partition(".")[0], finding)

    def _reason(
        self, project: Project, answer: _Answer, key: str, value: ast.expr | None, signatures: Signatures
    ) -> str | None:
        if known := _known_shape(project, answer):
            return f"this is the shape of {known}, which other people's clients know"
        if unpacks(answer.call) or len(answer.call.args) + len(answer.call.keywords) > 2:
            return "the response is given more than a body and a status"
        if value is None:
            return "its body is more than one text, for which the other shape has no place"
        if key != DETAIL and not self.options.keep_wire:
            return None
        if changes_http_exceptions(project, answer.status) is not None:
            return "a custom HTTPException handler gives errors their shape"
        if not is_something(value):
            return f"`{answer.placed.code(value)}` may be None, for which FastAPI puts in words of its own"
        return reason_to_return(project, answer.handler, answer.placed, signatures)


def _answers(project: Project) -> Iterator[_Answer]:
    for handler in handlers_of(project):
        if "JSONResponse(" not in handler.module.statement_text(handler.function.statement):
            continue
        function = placed_function(handler.module, handler.function)
        if function is None:
            continue
        for placed in function.within(function.node, ast.Return):
            assert isinstance(placed.node, ast.Return)
            call = placed.node.value
            symbol = placed.resolve(project, call.func) if isinstance(call, ast.Call) else None
            if not isinstance(call, ast.Call) or symbol is None or symbol.path or symbol.name not in _JSON:
                continue
            content, given = argument(call, "content", 0), argument(call, "status_code", 1)
            status = status_of(project, placed, given)
            if status is None or status < 400 or given is None or not isinstance(content, ast.Dict):
                continue
            keys = tuple(
                key.value for key in content.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
            )
            if len(keys) == len(content.keys) and not _SAY_ERROR.isdisjoint(keys):
                yield _Answer(handler, placed, call, status, given, content, keys)


def _usual(project: Project, answers: Sequence[_Answer]) -> str | None:
    """The key that most errors have; None where no shape is that of most."""
    counts: Counter[str] = Counter()
    for answer in answers:
        counts[answer.keys[0] if len(answer.keys) == 1 else ", ".join(answer.keys)] += 1
    for raised in http_exceptions_raised(project):
        given = argument(raised.call, "detail", 1)
        counts["detail of a dict" if isinstance(given, ast.Dict | ast.List) else DETAIL] += 1
    (key, number), *_ = counts.most_common(1)
    if number < ENOUGH or number < SHARE * counts.total() or not key.isidentifier():
        return None
    return key


def _text_of(answer: _Answer) -> ast.expr | None:
    """The text of an error whose body has nothing else."""
    if len(answer.keys) != 1:
        return None
    value = answer.content.values[0]
    return None if isinstance(value, ast.Dict | ast.List | ast.Tuple) else value


def _known_shape(project: Project, answer: _Answer) -> str | None:
    keys = set(answer.keys)
    first = answer.content.values[0]
    if "error" in keys and isinstance(first, ast.Dict):
        return "OpenAI"
    paths = " ".join(operation.path(project) or "" for operation in answer.handler.operations)
    if _OPENAI.search(f"{answer.placed.module.path} {paths}"):
        return "OpenAI"
    return next((name for shape, name in _KNOWN if shape <= keys), None)


def _place(project: Project) -> _Place | str:
    """Where the exception and its handler go; a text says why nowhere."""
    made = [
        (module, application)
        for module, application in project.instances(APPLICATION)
        if not is_test(module.path) and not application.conditional
    ]
    if len(made) != 1 or made[0][1].scopes or "." in made[0][1].target:
        return "the project has not one application at module level, for which a handler could be registered"
    home, application = made[0]
    folder = home.path.rpartition("/")[0]
    path = f"{folder}/errors.py" if folder else "errors.py"
    if project.exists(path) or project.exists(path.removesuffix(".py")):
        return f"{path} exists already"
    if home.bindings("ErrorAnswer") or home.bindings("answer_error"):
        return f"{home.path} has an `ErrorAnswer` already"
    return _Place(home, application, path)


def _make_handler(project: Project, edits: Edits, change: _Change, finding: Finding) -> None:
    place = change.place
    assert place is not None
    newline = place.home.source.newline
    lines = _HANDLER.format(key=change.sent, indent=project.style.indent).splitlines()
    edits.create(place.path, newline.join(lines) + newline, finding)
    source = project.dotted_name(place.path)
    for name in ("ErrorAnswer", "answer_error"):
        edits.import_name(place.home, source, name, finding)
    statement = place.home.facts.statements[place.application.statement]
    end = statement.start + len(place.home.statement_text(place.application.statement).rstrip())
    text = f"{newline}{place.application.target}.add_exception_handler(ErrorAnswer, answer_error)"
    edits.insert(place.home, end, text, finding)


_HANDLER = '''"""Errors that are answered with a body of their own shape."""

from fastapi import HTTPException, Request
from fastapi.responses import JSONResponse


class ErrorAnswer(HTTPException):
{indent}"""An error that is answered with `{{"{key}": detail}}`."""


async def answer_error(request: Request, error: ErrorAnswer) -> JSONResponse:
{indent}return JSONResponse(status_code=error.status_code, content={{"{key}": error.detail}})
'''
