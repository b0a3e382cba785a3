"""The list of a function's parameters as pieces of text, and written again with some of them changed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ..project import Function, Module, Project, Span
from .lines import has_comment, indent_of

_GAP = re.compile(r"[\s,]*")


class Piece(NamedTuple):
    """One parameter, or a bare `*` or `/`, which has no name."""

    name: str
    text: str
    has_default: bool
    kind: str
    """As of `Parameter`; `marker` for a bare `*` or `/`."""


class ParameterList(NamedTuple):
    module: Module
    function: Function
    span: Span
    """Of what stands between the brackets."""
    pieces: tuple[Piece, ...]


def parameter_list(module: Module, function: Function) -> ParameterList | str:
    """The parameters of a function, or why they cannot be written anew."""
    header = module.code(function.span)
    found = re.match(rf"(?:async\s+)?def\s+{re.escape(function.name)}\s*", header)
    opening = header.find("(", found.end()) if found is not None else -1
    if found is None or opening != found.end():
        return "its header is not written plainly"
    limit = function.returns.start - function.span.start if function.returns is not None else len(header)
    span = Span(function.span.start + opening + 1, function.span.start + header.rfind(")", 0, limit))
    if has_comment(f"({module.code(span)})"):
        return "a comment stands among its parameters"
    pieces: list[Piece] = []
    position = span.start
    for parameter in function.parameters:
        between = "".join(module.text[position : parameter.start].split()).strip(",")
        stars = parameter.kind if parameter.kind in ("*", "**") else ""
        marker = between.removesuffix(stars).strip(",") if stars else between
        if marker not in ("", "*", "/"):
            return "its parameters are not written plainly"
        if marker:
            pieces.append(Piece("", marker, False, "marker"))
        text = stars + module.text[parameter.start : parameter.end]
        pieces.append(Piece(parameter.name, text, parameter.default is not None, parameter.kind))
        position = parameter.end
    rest = "".join(module.text[position : span.end].split()).strip(",")
    if rest not in ("", "/"):
        return "its parameters are not written plainly"
    if rest:
        pieces.append(Piece("", rest, False, "marker"))
    return ParameterList(module, function, span, tuple(pieces))


def with_parameters(pieces: Sequence[Piece], new: Sequence[Piece]) -> list[Piece] | None:
    """The list with more parameters, each behind those that it may follow; None where `*args` or `**kwargs` stand in
    the way."""
    if any(piece.kind in ("*", "**") for piece in pieces):
        return None
    found = list(pieces)
    for piece in new:
        keyword_only = next((index for index, other in enumerate(found) if other.text == "*"), None)
        end = len(found) if keyword_only is None else keyword_only
        positional_end = next((i + 1 for i in range(end - 1, -1, -1) if found[i].text == "/"), 0)
        at = end
        if not piece.has_default:
            at = next((i for i in range(positional_end, end) if found[i].has_default), end)
            if any(other.has_default for other in found[:positional_end]):
                return None
        found.insert(at, piece)
    return found


def written(project: Project, parameters: ParameterList, pieces: Sequence[Piece]) -> str:
    """The text between the brackets: on one line if it was and fits there, else a line for each."""
    module, function, span = parameters.module, parameters.function, parameters.span
    texts = [piece.text for piece in pieces]
    if texts and texts[-1] == "*":
        texts.pop()
    if not texts:
        return ""
    before = module.text[max(module.text.rfind("\n", 0, function.span.start), -1) + 1 : span.start]
    after = module.text[span.end : function.span.end]
    joined = ", ".join(texts)
    was_on_lines = bool(re.match(r"\s*[\r\n]", module.code(span)))
    if not was_on_lines:
        fits = len(before.rpartition("\n")[2]) + len(joined) + len(after) <= project.style.line_length
        if fits and "\n" not in joined:
            return joined
    newline = module.source.newline
    margin = re.match(r"[ \t]*", before)
    outer = margin.group() if margin is not None else ""
    inner = outer + indent_of(project, module)
    if was_on_lines and function.parameters:
        first = function.parameters[0].start
        line = module.text[module.text.rfind("\n", 0, first) + 1 : first]
        inner = line.rstrip("*") if not line.strip("* \t") else inner
    lines = "".join(f"{inner}{text},{newline}" for text in texts)
    return f"{newline}{lines}{outer}"


def inserted(module: Module, function: Function, new: Sequence[Piece]) -> list[tuple[Span, str]] | None:
    """Edits that put parameters among others of which each has a line of its own, comments kept; None where that is not
    how they are written. For a list that `parameter_list` does not take because of a comment."""
    text, newline = module.text, module.source.newline
    starts = [text.rfind("\n", 0, parameter.start) + 1 for parameter in function.parameters]
    if not starts or any(parameter.kind in ("*", "**") for parameter in function.parameters):
        return None
    margins = [text[start : parameter.start] for start, parameter in zip(starts, function.parameters, strict=True)]
    if any(margin.strip() for margin in margins) or starts[0] <= function.span.start:
        return None
    header = text[function.parameters[-1].end : function.span.end]
    if re.match(r"[ \t]*,?[ \t]*(?:#[^\n]*)?\r?\n", header) is None or "/" in module.code(function.span):
        return None
    edits: list[tuple[Span, str]] = []
    required = [piece for piece in new if not piece.has_default]
    optional = [piece for piece in new if piece.has_default]
    first = next((i for i, p in enumerate(function.parameters) if p.default is not None or p.kind == "="), None)
    if first is not None and function.parameters[first].kind == "=":
        return None
    if required and first is not None:
        offset = starts[first]
        while True:
            above = text.rfind("\n", 0, offset - 1) + 1
            if above <= function.span.start or not text[above:offset].lstrip().startswith("#"):
                break
            offset = above
        lines = "".join(f"{margins[first]}{piece.text},{newline}" for piece in required)
        edits.append((Span(offset, offset), lines))
        required = []
    if behind := [*required, *optional]:
        last = function.parameters[-1]
        if not header.lstrip(" \t").startswith(","):
            edits.append((Span(last.end, last.end), ","))
        end = text.find("\n", last.end)
        end -= text[end - 1] == "\r"
        edits.append((Span(end, end), "".join(f"{newline}{margins[-1]}{piece.text}," for piece in behind)))
    return edits
