"""Returned dicts written as models: `{"id": item.id}` becomes `ItemResponse(id=item.id)`, comments and layout kept."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Callable, Iterable, Mapping

from ..project import Symbol
from ..project.annotation import ANY, NONE, UNION, Annotation, builtin
from ..project.reader import Positions
from .models import NewModel, singular

Edit = tuple[int, int, str]

_LIST = builtin("list").symbol
_COLON = re.compile(r"[\s\\]*:[ \t]*")


class Constructors:
    """Writes the expressions of one function as models."""

    def __init__(
        self,
        text: str,
        positions: Positions,
        models: Mapping[Symbol, NewModel],
        written: Callable[[Symbol], str],
        *,
        room: int,
        unit: str,
        newline: str,
        encoder: str,
    ) -> None:
        self._text = text
        """Of the module."""
        self._positions = positions
        self._models = models
        self._written = written
        self._room = room
        self._unit = unit
        self._newline = newline
        self._encoder = encoder
        """How `jsonable_encoder` is called here, empty where it is not needed."""

    def converted(self, node: ast.expr, annotation: Annotation) -> str | None:
        """The text of an expression that gives objects of the type; None where it must stay as it is."""
        edits = list(self._edits(node, annotation, is_result=True))
        if not edits:
            return None
        span = self._positions.span(node)
        text = _spliced(self._text, span.start, span.end, edits)
        return self._laid_out(node, text)

    # What changes

    def _edits(self, node: ast.expr, annotation: Annotation, *, is_result: bool = False) -> Iterable[Edit]:
        target = self._model_for(node, annotation)
        match node:
            case ast.Dict() if target is not None:
                return self._of_dict(node, target)
            case ast.List(elts=elements) if (inner := _element(annotation)) is not None:
                return [edit for element in elements for edit in self._edits(element, inner)]
            case ast.ListComp(elt=element) if (inner := _element(annotation)) is not None:
                return self._edits(element, inner)
            case ast.IfExp(body=body, orelse=orelse):
                return [
                    edit for branch in (body, orelse) for edit in self._edits(branch, annotation, is_result=is_result)
                ]
            case ast.Constant():
                return []
        span = self._positions.span(node)
        code = self._text[span.start : span.end]
        if is_result and target is not None and NONE not in _alternatives(annotation):
            inner_code = self._encoded(code, annotation)
            return [(span.start, span.end, f"{self._written(target)}(**{inner_code})")]
        if is_result and (of_list := _element(annotation)) is not None:
            model = self._model_for(node, of_list)
            if model is not None and isinstance(node, ast.Name):
                name = _loop_name(node.id)
                inner_code = self._encoded(name, of_list)
                return [(span.start, span.end, f"[{self._written(model)}(**{inner_code}) for {name} in {code}]")]
        encoded = self._encoded(code, annotation)
        return [(span.start, span.end, encoded)] if encoded != code else []

    def _model_for(self, node: ast.expr, annotation: Annotation) -> Symbol | None:
        """The new model among the alternatives of a type that the expression gives; of several the one whose fields a
        literal has."""
        found = [one.symbol for one in _alternatives(annotation) if one.symbol in self._models]
        if len(found) > 1 and isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            found = [symbol for symbol in found if keys <= {field.key for field in self._models[symbol].fields}]
        return found[0] if len(found) == 1 else None

    def _encoded(self, code: str, annotation: Annotation) -> str:
        """With `jsonable_encoder` where nothing shows what the value is."""
        return f"{self._encoder}({code})" if self._encoder and self._is_unproven(annotation) else code

    def _is_unproven(self, annotation: Annotation) -> bool:
        waiting, seen = [annotation], set()
        while waiting:
            one = waiting.pop()
            if one == ANY:
                return True
            waiting.extend(one.arguments)
            if one.symbol in self._models and one.symbol not in seen:
                seen.add(one.symbol)
                waiting.extend(field.annotation for field in self._models[one.symbol].fields)
        return False

    def _of_dict(self, node: ast.Dict, model: Symbol) -> Iterable[Edit]:
        span = self._positions.span(node)
        name = self._written(model)
        fields = {field.key: field.annotation for field in self._models[model].fields}
        keys = [_text_of(key) for key in node.keys]
        is_plain = all(key is not None and _is_argument(key) for key in keys) and len(set(keys)) == len(keys)
        edits: list[Edit] = []
        if is_plain:
            edits.append((span.start, span.start + 1, f"{name}("))
            edits.append((span.end - 1, span.end, ")"))
        else:
            edits.append((span.start, span.start, f"{name}(**"))
            edits.append((span.end, span.end, ")"))
        for key, value, key_name in zip(node.keys, node.values, keys, strict=True):
            if key is not None and is_plain:
                key_span = self._positions.span(key)
                colon = _COLON.match(self._text, key_span.end)
                end = colon.end() if colon is not None else key_span.end
                edits.append((key_span.start, end, f"{key_name}="))
            if key_name is not None and key_name in fields:
                edits.extend(self._edits(value, fields[key_name]))
            elif key is None and self._encoder:
                inner = self._positions.span(value)
                edits.append((inner.start, inner.end, f"{self._encoder}({self._text[inner.start : inner.end]})"))
        return edits

    # Layout

    def _laid_out(self, node: ast.expr, text: str) -> str:
        """On one line as before if it fits, else with a line for each argument."""
        span = self._positions.span(node)
        line_start = max(self._text.rfind("\n", 0, span.start), self._text.rfind("\r", 0, span.start)) + 1
        line_end = re.compile(r"\r|\n|\Z").search(self._text, span.end)
        before = self._text[line_start : span.start]
        rest = self._text[span.end : line_end.start() if line_end is not None else None]
        if "\n" in text or "\r" in text or len(before) + len(text) + len(rest) <= self._room or "#" in text:
            return text
        margin = before[: len(before) - len(before.lstrip())]
        return _exploded(text, margin, self._unit, self._newline, self._room) or text


def _is_argument(key: str) -> bool:
    """Whether a field is set by that name in a call, its alias included."""
    return key.isidentifier() and not keyword.iskeyword(key) and key != "self"


def _text_of(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _alternatives(annotation: Annotation) -> tuple[Annotation, ...]:
    return annotation.arguments if annotation.symbol == UNION else (annotation,)


def _element(annotation: Annotation) -> Annotation | None:
    """Of a list, None included among its alternatives or not."""
    found = [one.arguments[0] for one in _alternatives(annotation) if one.symbol == _LIST and one.arguments]
    return found[0] if len(found) == 1 else None


def _loop_name(name: str) -> str:
    single = singular(name)
    return single if single != name else "item"


def _spliced(text: str, start: int, end: int, edits: Iterable[Edit]) -> str:
    parts: list[str] = []
    position = start
    for first, last, instead in sorted(edits, key=lambda edit: (edit[0], edit[1])):
        parts += [text[position:first], instead]
        position = last
    return "".join([*parts, text[position:end]])


def _exploded(text: str, margin: str, unit: str, newline: str, room: int) -> str | None:
    """A call on one line as black and ruff write it where it is too long: a line for each argument."""
    try:
        node = ast.parse(text, mode="eval").body
    except SyntaxError:
        return None
    positions = Positions(text, 0, 1)
    inner = margin + unit
    match node:
        case ast.Call(args=[], keywords=keywords) if keywords:
            parts: list[ast.expr | ast.keyword] = list(keywords)
            head = text[: positions.span(node.func).end] + "("
            tail = ")"
        case ast.ListComp():
            generators = text[positions.span(node.elt).end : positions.span(node).end - 1].strip()
            element = text[positions.span(node.elt).start : positions.span(node.elt).end]
            if len(inner) + len(element) > room:
                element = _exploded(element, inner, unit, newline, room) or element
            return f"[{newline}{inner}{element}{newline}{inner}{generators}{newline}{margin}]"
        case ast.List(elts=elements) if elements:
            parts = list(elements)
            head, tail = "[", "]"
        case _:
            return None
    lines = []
    for part in parts:
        span = positions.span(part)
        code = text[span.start : span.end]
        if len(inner) + len(code) + 1 > room:
            if isinstance(part, ast.keyword):
                value = positions.span(part.value)
                longer = _exploded(text[value.start : value.end], inner, unit, newline, room)
                code = f"{text[span.start : value.start]}{longer}" if longer else code
            else:
                code = _exploded(code, inner, unit, newline, room) or code
        lines.append(f"{inner}{code},{newline}")
    return f"{head}{newline}{''.join(lines)}{margin}{tail}"
