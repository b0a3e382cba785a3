"""Required parameters after ones with a default: by reordering where FastAPI cannot tell, else by `*`."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from ....project import Function, Module, Parameter, Project
from .markers import keeps_default, marker_of


class Place(NamedTuple):
    """One parameter as it will be, in the order of the source."""

    name: str
    kind: str
    """As in `Parameter.kind`."""
    has_default: bool
    group: str
    """Where FastAPI takes it from; `url` is path or query, `special` nowhere (the request itself)."""


class Arrangement(NamedTuple):
    """The parameters that can be passed by position, in their new order, and how many of them go before a new `*`."""

    order: tuple[str, ...]
    star: int | None
    source: tuple[str, ...]

    def moves_more_than(self, other: Arrangement | None) -> bool:
        """Whether a call by position that `other` leaves as it is could be changed."""
        return self.moves and (other is None or (self.order, self.star) != (other.order, other.star))

    def with_all_moved(self) -> Arrangement:
        """The one that a call by position stands least."""
        return Arrangement(self.order, 0, self.source)

    @property
    def moves(self) -> bool:
        """Whether any parameter can be passed by position no longer, or in another place."""
        return self.star is not None or self.order != self.source

    def moves_any_of(self, names: Sequence[str], *, behind: str | None = None) -> bool:
        """Whether a call that passes `names` by position would pass something else, or nothing, afterwards.

        `behind` is a parameter that such a call passes before them, unseen: `self`.
        """
        allowed = self.order if self.star is None else self.order[: self.star]
        return tuple(names) != tuple(name for name in allowed if name != behind)[: len(names)]


def arrange(places: Sequence[Place]) -> Arrangement | str:
    """The arrangement that is valid Python and the same to FastAPI, or the reason why there is none."""
    positional = [place for place in places if place.kind in ("", "/")]
    source = tuple(place.name for place in positional)
    first = _first_required_after_default(positional)
    if first is None:
        return Arrangement(source, None, source)
    reordered = sorted(positional, key=lambda place: place.has_default)
    if _can_swap(positional) and not any(place.kind == "/" for place in positional):
        return Arrangement(tuple(place.name for place in reordered), None, source)
    if any(place.kind == "*" for place in places):
        return "required parameters would follow optional ones, and `*args` leaves no room for a `*`"
    if any(place.kind == "/" for place in positional[first:]):
        return "required parameters would follow optional ones that are positional only"
    return Arrangement(source, first, source)


def is_in_order(places: Sequence[Place]) -> bool:
    """Whether no required parameter that can be passed by position follows one with a default."""
    return _first_required_after_default([place for place in places if place.kind in ("", "/")]) is None


def _first_required_after_default(positional: Sequence[Place]) -> int | None:
    seen_default = False
    for index, place in enumerate(positional):
        if place.has_default:
            seen_default = True
        elif seen_default:
            return index
    return None


def _can_swap(positional: Sequence[Place]) -> bool:
    """Whether every optional parameter may go behind every required one that follows it."""
    return not any(
        earlier.has_default and not later.has_default and _order_matters(earlier.group, later.group)
        for index, earlier in enumerate(positional)
        for later in positional[index + 1 :]
    )


def _order_matters(first: str, second: str) -> bool:
    if "special" in (first, second):
        return False
    if "unknown" in (first, second):
        return True
    in_url = ("path", "query", "url")
    return first == second or (first in in_url and second in in_url and "url" in (first, second))


def arrangement_of(project: Project, module: Module, function: Function, going: frozenset[str]) -> Arrangement | str:
    """How the parameters stand once those in `going` have moved into `Annotated`, or why that cannot be."""
    places: list[Place] = []
    markers: list[str | None] = []
    if not going:
        source = tuple(p.name for p in function.parameters if p.kind in ("", "/"))
        return Arrangement(source, None, source)
    for parameter in function.parameters:
        marker = marker_of(project, module, function, parameter.call) if parameter.call else None
        if parameter.name in going and parameter.call is not None and marker:
            has_default = keeps_default(module, parameter.call, marker)
        else:
            has_default = parameter.default is not None
        places.append(Place(parameter.name, parameter.kind, has_default, ""))
        markers.append(marker)
    if is_in_order(places):
        return arrange(places)  # where FastAPI takes them from matters only to those that change places
    return arrange(
        [
            place._replace(group=_group(project, module, function, parameter, marker))
            for place, parameter, marker in zip(places, function.parameters, markers, strict=True)
        ]
    )


_GROUPS = {
    "Body": "body", "Cookie": "cookie", "Depends": "dependency", "File": "body", "Form": "body", "Header": "header",
    "Path": "path", "Query": "query", "Security": "dependency",
}  # fmt: skip
_SCALARS = frozenset({"bool", "bytes", "float", "int", "str", "None"})
_SCALAR = re.compile(r"(?:(?:typing\.)?Optional\[)?(?:\w+)(?:\s*\|\s*\w+)*\]?$")


def _group(project: Project, module: Module, function: Function, parameter: Parameter, marker: str | None) -> str:
    """Where FastAPI takes the parameter from: within one place the order of parameters shows in OpenAPI."""
    if marker:
        return _GROUPS[marker]
    if parameter.annotation is None:
        return "url"
    annotation = module.code(parameter.annotation)
    if _SCALAR.match(annotation) and set(re.findall(r"\w+", annotation)) - {"typing", "Optional"} <= _SCALARS:
        return "url"
    node = module.expression(parameter.annotation) if "Annotated" in annotation else None
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
        for element in node.slice.elts:
            if isinstance(element, ast.Call):
                symbol = project.resolve(module, ast.unparse(element.func), function.scopes)
                name = symbol.name.rpartition(".")[2] if symbol is not None and symbol.path is None else ""
                if name in _GROUPS:
                    return _GROUPS[name]
    symbol = project.resolve(module, annotation, function.scopes)
    if symbol is not None and symbol.path is None:
        package = symbol.name.partition(".")[0]
        if package in ("fastapi", "starlette") and not symbol.name.endswith("UploadFile"):
            return "special"
    if symbol is not None and project.derives_from(symbol, ("pydantic.BaseModel", "sqlmodel.SQLModel")):
        return "body"
    return "unknown"
