"""How status codes are given and errors sent."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from http import HTTPStatus
from keyword import iskeyword

from ...source.nodes import walk
from ..index import Symbol
from ..reader import dotted
from .evidence import HTTP_EXCEPTIONS, Evidence, is_response
from .mentions import Mention, Text, argument
from .model import Observation, Place

_GIVEN = re.compile(r"\bstatus_code[ \t]*=(?!=)[ \t]*(\d{3}\b|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?![\w(\[.])")


def _given_status(evidence: Evidence) -> Iterator[tuple[ast.expr, Place, Text, int]]:
    """The value of each `status_code`, where it stands and how to resolve names in it."""
    for text in evidence.texts:
        for match in _GIVEN.finditer(text.masked):
            start, written = match.start(1), match.group(1)
            if not iskeyword(written):  # `status_code=await ...`
                value = ast.parse(written, mode="eval").body
                yield value, Place(text.module.path, text.line(start)), text, start
    for mention in evidence.mentions:
        position = 0 if mention.symbol.name in HTTP_EXCEPTIONS else 1 if is_response(mention.symbol) else None
        call = mention.call() if position is not None else None
        if position is not None and call is not None and all(k.arg != "status_code" for k in call.keywords):
            given = argument(call, position, "status_code")
            if given is not None:
                yield given, mention.place, mention.text, mention.start


def _named_status(value: ast.expr, text: Text, offset: int) -> Symbol | None:
    written = dotted(value).removesuffix(".value")
    return text.meaning(written, offset) if written else None


def status_codes(evidence: Evidence) -> Iterator[Observation]:
    for value, place, text, offset in _given_status(evidence):
        if isinstance(value, ast.Constant) and isinstance(value.value, int):
            yield "integer", place
        elif (symbol := _named_status(value, text, offset)) is not None and symbol.path is None:
            if _STATUS_CONSTANT.fullmatch(symbol.name):
                yield "status constant", place
            elif symbol.name.startswith("http.HTTPStatus."):
                yield "HTTPStatus", place


_STATUS_CONSTANT = re.compile(r"(fastapi|starlette)\.status\.HTTP_(\d\d\d)_\w+")


def status_imports(evidence: Evidence) -> Iterator[Observation]:
    for value, place, text, offset in _given_status(evidence):
        symbol = _named_status(value, text, offset)
        if symbol is None or symbol.path is not None:
            continue
        written = dotted(value)
        if match := _STATUS_CONSTANT.fullmatch(symbol.name):
            package = match.group(1)
            if "." in written:
                yield f"from {package} import status", place
            else:
                yield f"from {package}.status import HTTP_...", place
        elif symbol.name.startswith("http.HTTPStatus."):
            yield "from http import HTTPStatus", place


def error_styles(evidence: Evidence) -> Iterator[Observation]:
    for mention in evidence.mentions_of(*HTTP_EXCEPTIONS):
        detail = mention.argument(1, "detail")
        yield _detail_of_project(detail, mention) or _detail_style(detail), mention.place
    names = evidence.exception_names
    helpers = _error_helpers(evidence)
    raisable = names | {symbol.name for symbol in helpers}
    if raisable:

        def wanted(symbol: Symbol) -> bool:
            return symbol in helpers or evidence.is_project_exception(symbol)

        for text in evidence.texts:
            for mention in text.raised(raisable, wanted):
                yield "helper function" if mention.symbol in helpers else "project exception", mention.place
    bodies = [
        (module.path, first_line + node.lineno - 1, first_line + (node.end_lineno or node.lineno) - 1)
        for _, module, node, first_line in evidence.bodies_of_exception_handlers
        if node is not None
    ]
    for mention in evidence.mentions:
        if is_response(mention.symbol) and mention.symbol.name.endswith("JSONResponse"):
            path, line = mention.place
            if any(path == p and first <= line <= last for p, first, last in bodies):
                continue
            value = mention.argument(1, "status_code")
            if value is not None and (status := _status_number(value, mention.text, mention.start)) and status >= 400:
                yield "JSONResponse", mention.place


def _status_number(value: ast.expr, text: Text, offset: int) -> int | None:
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, int) else None
    symbol = _named_status(value, text, offset)
    if symbol is None or symbol.path is not None:
        return None
    if match := _STATUS_CONSTANT.fullmatch(symbol.name):
        return int(match.group(2))
    member = symbol.name.removeprefix("http.HTTPStatus.")
    return HTTPStatus[member].value if member in HTTPStatus.__members__ else None


def _detail_style(detail: ast.expr | None) -> str:
    match detail:
        case None:
            return "HTTPException without detail"
        case ast.Constant(value=str()) | ast.JoinedStr() | ast.Call(func=ast.Name(id="str")):
            return "HTTPException(str)"
        case ast.BinOp(left=ast.Constant(value=str()) | ast.JoinedStr()) | ast.BinOp(right=ast.Constant(value=str())):
            return "HTTPException(str)"
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()))):
            return "HTTPException(str)"
        case ast.Dict():
            keys = [key.value for key in detail.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
            return f"HTTPException(dict: {', '.join(keys)})"
        case ast.List():
            return "HTTPException(list)"
        case _:
            return "HTTPException(computed)"


def _detail_of_project(detail: ast.expr | None, mention: Mention) -> str | None:
    """`HTTPException(ERROR_MESSAGES)` for `detail=ERROR_MESSAGES.NOT_FOUND` or `ERROR_MESSAGES.DEFAULT(error)`, and
    `HTTPException(constant)` for a constant of a module."""
    written = dotted(detail.func if isinstance(detail, ast.Call) else detail) if detail is not None else ""
    symbol = mention.text.meaning(written.removesuffix(".value"), mention.start) if written else None
    if symbol is None or symbol.path is None or not symbol.name:
        return None
    home = mention.text.project.module(symbol.path)
    head, _, rest = symbol.name.partition(".")
    kinds = {binding.kind for binding in home.bindings(head)} if home is not None else set()
    if rest and kinds <= {"class", "assign"}:
        return f"HTTPException({head})"
    return "HTTPException(constant)" if kinds == {"assign"} and head.isupper() else None


def _error_helpers(evidence: Evidence) -> frozenset[Symbol]:
    """Functions of the project that make an HTTPException for others to raise."""
    helpers = set()
    for mention in evidence.mentions_of(*HTTP_EXCEPTIONS):
        index = mention.text.statement(mention.start)
        if index < 0 or mention.module.facts.statements[index].word != "def":
            continue
        before = mention.text.masked.rfind("\n", 0, mention.start)
        if mention.text.masked[before : mention.start].strip() == "return" and (
            match := _FUNCTION.match(mention.text.masked, mention.module.facts.statements[index].start)
        ):
            helpers.add(Symbol(mention.module.path, match.group(1)))
    return frozenset(helpers)


_FUNCTION = re.compile(r"\f*def[ \t]+(\w+)")


def error_envelopes(evidence: Evidence) -> Iterator[Observation]:
    for _, module, body, first_line in evidence.bodies_of_exception_handlers:
        if body is None or not evidence.counts(module.path):
            continue
        for node in walk(body):
            if isinstance(node, ast.Call):
                symbol = evidence.project.resolve(module, dotted(node.func))
                if symbol is None or not _sends_json(evidence, symbol):
                    continue
                content = argument(node, 0, "content")
                if isinstance(content, ast.Call) and dotted(content.func).endswith("jsonable_encoder") and content.args:
                    content = content.args[0]
                if content is not None and (symbol.path is None or isinstance(content, ast.Dict)):
                    yield _keys(content), Place(module.path, first_line + node.lineno - 1)


def _sends_json(evidence: Evidence, symbol: Symbol) -> bool:
    """A class of JSON responses; of a class of the project, which may be of another kind, the content decides."""
    if symbol.path is None:
        return is_response(symbol) and symbol.name.endswith("JSONResponse")
    return evidence.project.derives_from(symbol, _RESPONSES)


_RESPONSES = (
    "fastapi.Response",
    *(f"{package}.responses.{name}" for package in ("fastapi", "starlette") for name in ("JSONResponse", "Response")),
)


def _keys(content: ast.expr) -> str:
    if not isinstance(content, ast.Dict):
        return "computed"
    keys = [
        key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else "..." for key in content.keys
    ]
    return ", ".join(keys) or "empty"
