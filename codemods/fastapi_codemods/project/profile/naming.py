"""What the models of requests and responses are called."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..index import Symbol
from .evidence import Evidence, Written
from .layout import is_model
from .mentions import Text
from .model import Observation, Place

_NAME = re.compile(r"[A-Za-z_][\w.]*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z][a-z]*|\d+")
_ROLES = frozenset(
    {
        "Args", "Base", "Body", "Collection", "Create", "Data", "Delete", "Detail", "Details", "Dict", "Dto", "Entry",
        "Form", "In", "Info", "Input", "List", "Model", "Options", "Out", "Output", "Page", "Params", "Patch",
        "Payload", "Public", "Query", "Read", "Reply", "Request", "Response", "Result", "Results", "Schema", "Summary",
        "Update", "View",
    }
)  # fmt: skip
# They name one half of a pair, and a project has both.
_CHANGES = frozenset({"Create", "Delete", "Patch", "Update"})
_BODIES = ("fastapi.Body", "fastapi.Form")


def request_models(evidence: Evidence) -> Iterator[Observation]:
    """Of the models that handlers take as bodies, each counted once, where it is defined."""
    seen: set[Symbol] = set()
    for module, function, _ in evidence.handlers:
        for parameter in function.parameters:
            marked = evidence.mark_of(module, function, parameter)
            if parameter.annotation is None or (marked is not None and marked.mention.symbol.name not in _BODIES):
                continue
            start, end = parameter.annotation
            yield from _models_in(evidence, Written(evidence.text(module), start, end), seen)


def response_models(evidence: Evidence) -> Iterator[Observation]:
    seen: set[Symbol] = set()
    for module, function, routes in evidence.handlers:
        if function.returns is not None:
            yield from _models_in(evidence, Written(evidence.text(module), *function.returns), seen)
        for route in routes:
            if (given := route.call.argument("response_model")) is not None:
                yield from _models_in(evidence, Written(evidence.text(route.module), *given.span), seen)


def _models_in(evidence: Evidence, written: Written, seen: set[Symbol]) -> Iterator[Observation]:
    code = written.text.module.text[written.start : written.end]
    for name in dict.fromkeys(_NAME.findall(code)):
        symbol = written.text.meaning(name, written.start)
        if symbol is None or symbol.path is None or symbol in seen or not is_model(evidence, symbol):
            continue
        seen.add(symbol)
        if evidence.counts(symbol.path) and (place := _place(evidence, symbol)) is not None:
            yield style_of_name(symbol.name.rpartition(".")[2]), place


def _place(evidence: Evidence, symbol: Symbol) -> Place | None:
    home = evidence.project.module(symbol.path or "")
    bindings = home.bindings(symbol.name.partition(".")[0]) if home is not None else ()
    if home is None or not bindings:
        return None
    text: Text = evidence.text(home)
    statement = home.facts.statements[bindings[-1].statement]
    found = re.compile(rf"\bclass[ \t]+{symbol.name.rpartition('.')[2]}\b").search(
        text.masked, statement.start, statement.end
    )
    return Place(home.path, text.line(found.start()) if found else statement.line)


def style_of_name(name: str) -> str:
    """`<Name>Response` for `UserResponse` and `ListUsersResponse`, `<Name>` for one without a role."""
    words = _WORD.findall(name)
    last = words[-1] if words else ""
    if last == "DB" or name.endswith("InDB"):
        return "<Name>InDB"
    if last.capitalize() == "Dto":
        return f"<Name>{last}"
    if last in _CHANGES and len(words) > 1:
        return "<Name>Create, <Name>Update"
    if words and words[0] in _CHANGES and last not in _ROLES:
        return "Create<Name>, Update<Name>"
    return f"<Name>{last}" if last in _ROLES and len(words) > 1 else "<Name>"
