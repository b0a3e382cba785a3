"""A model holds what belongs together, not the fields of several requests.

`ShopRequest` with fields for orders and for refunds, all of them optional, of which `create_order` reads the ones and
`create_refund` the others.

## Why

If nearly all fields are optional because each request needs others, the model validates nothing: a refund without its
reason passes, and the documentation offers fields that are never read. A model for each request can require what it
needs.

## Left alone

- Models with fewer than ten fields, those of which less than four in five are optional, and those whose names show no
  groups.
- Models of which no two handlers are known to read different fields. A handler that hands the body on as a whole, or
  dumps it, may read all of it.
- Models that handlers only answer with.

## Safety

It only reports. Which fields a request needs is for people to say, and each model that becomes narrower changes
OpenAPI.

See <https://fastapi.tiangolo.com/tutorial/extra-models/>.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Project, Symbol
from ...project.bodies import fields_read
from ...project.models import Model, model
from ...project.payloads import Payload, payloads_of

FEWEST_FIELDS = 10
OPTIONAL = 0.8
FEWEST_IN_A_CLUSTER = 2
SHARED = 1
"""Fields that two requests may both need, such as an id, and still be different requests."""
SHOWN = 4


class MegaModel(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        bodies: dict[Symbol, list[Payload]] = {}
        for payload in payloads_of(project):
            if payload.role == "body" and payload.is_all:
                bodies.setdefault(payload.named.symbol, []).append(payload)
        for symbol, payloads in bodies.items():
            if len(payloads) < 2:
                continue
            used = model(project, symbol)
            home = project.module(symbol.path or "")
            if used is None or home is None or not _is_large(used):
                continue
            clusters = _clusters(field.name for field in used.fields)
            if len(clusters) < 2:
                continue
            readers = _readers(project, used, payloads)
            if not _differ(list(readers.values())):
                continue
            optional = sum(field.required is False for field in used.fields)
            named = ", ".join(f"`{prefix}...` ({len(names)})" for prefix, names in list(clusters.items())[:SHOWN])
            yield self.finding(
                home.location(used.line, 1, used.line),
                f"`{used.name}` has {len(used.fields)} fields, {optional} of them optional, in groups ({named}) that "
                f"different handlers read: {_told(readers)}; a model for each can require what it needs",
                anchor=f"{symbol.name} mega model",
            )


def _is_large(used: Model) -> bool:
    fields = used.fields
    optional = sum(field.required is False for field in fields)
    return used.kind == "pydantic" and len(fields) >= FEWEST_FIELDS and optional >= OPTIONAL * len(fields)


def _clusters(names: Iterable[str]) -> dict[str, list[str]]:
    """Fields by the first word of their names, the largest group first; what stands alone is in none."""
    found: dict[str, list[str]] = {}
    for name in names:
        prefix = re.split(r"_|(?<=[a-z0-9])(?=[A-Z])", name)[0].lower()
        found.setdefault(prefix, []).append(name)
    large = {prefix: group for prefix, group in found.items() if len(group) >= FEWEST_IN_A_CLUSTER}
    return dict(sorted(large.items(), key=lambda item: -len(item[1])))


def _readers(project: Project, used: Model, payloads: Sequence[Payload]) -> dict[str, frozenset[str]]:
    """The fields that each handler reads, of those of whom that is known and who read any."""
    fields = {field.name for field in used.fields}
    found: dict[str, frozenset[str]] = {}
    for payload in payloads:
        assert payload.parameter is not None
        handler = payload.handler
        read = fields_read(project, handler.module, handler.function, payload.parameter.name, fields)
        if read:
            found[handler.function.name] = read
    return found


def _differ(reads: Sequence[Collection[str]]) -> bool:
    """Whether two of them read different fields, but for what both need to know what is meant."""
    return any(
        len(set(one) & set(other)) <= SHARED and min(len(one), len(other)) > SHARED
        for index, one in enumerate(reads)
        for other in reads[:index]
    )


def _told(readers: dict[str, frozenset[str]]) -> str:
    told = [
        f"`{name}` reads {', '.join(f'`{field}`' for field in sorted(read)[:SHOWN])}"
        + (f" and {len(read) - SHOWN} more" if len(read) > SHOWN else "")
        for name, read in list(readers.items())[:SHOWN]
    ]
    more = len(readers) - SHOWN
    return ", ".join(told) + (f", and {more} more handlers" if more > 0 else "")
