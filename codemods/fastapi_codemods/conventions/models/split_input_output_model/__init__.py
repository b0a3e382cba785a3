"""A model says what is sent in, or what is answered, not both.

`User` with `id`, `name` and `password`, which `create_user` takes and `read_user` answers with, becomes `UserBase` with
`name`, `UserCreate` with `password`, and `UserRead` with `id`; handlers, and the functions to which they hand the body,
name the one that they mean. What the body of PUT and PATCH is, is called `UserUpdate`. Where the project has other
endings for such names (`Out`, `Response`; `In`, `Request`), these are taken.

## Why

One model for both promises clients that they may choose the `id`, and promises the password to everybody who may read
the user. FastAPI's documentation takes separate models for input and output for this reason.

## Left alone

- Models of which no field tells that it comes from the server (`id`, `created_at`) or must not leave it (`password`,
  `hashed_password`) are no findings. Nor are configurations and connections: who changes one reads all of it first,
  the password to the other server too, and sends all of it back.
- Where one instance goes both ways: the handler returns, stores or copies what it was sent, sets an attribute of it, or
  hands it to something that the code does not show.
- Fields that the code takes from the body, as by `Row(**user.model_dump())`.
- Passwords, where an instance of the model may hold one outside of the body.
- Models that forbid or allow other keys, whose fields are inherited, whose validators, methods or configuration speak
  of a field that would leave, or that have no field for both directions.
- Lists of the model as a body, names that are taken, and places that name the model in a way that cannot be rewritten.

## Safety

A contract. Fields of the server leave the body: who sends them is not refused, they are ignored as before, and a
request without one that was required is taken. Passwords leave the answer. The names of the schemas in OpenAPI change,
and the fields of the answer come in another order.

See <https://fastapi.tiangolo.com/tutorial/extra-models/>.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ....codemod import Codemod
from ....edits import Edits
from ....findings import Finding, Safety
from ....project import Project, Symbol
from ....project.models import Model, model
from ....project.payloads import Payload, payloads_of
from ....project.secrets import is_password_of_a_user
from .evidence import ReasonError
from .fields import is_of_server
from .plan import Split, planned

_IS_CONFIGURATION = re.compile(r"Config|Settings|Preferences|Connection|Credentials")
"""Whoever changes one of these reads all of it first and sends all of it back."""


class SplitInputOutputModel(Codemod):
    safety = Safety.CONTRACT

    # The state too: a request without a field that was required, and that nobody reads, is not refused any more.
    effects = frozenset({"breaking", "client", "documentation", "non-breaking", "response", "route", "state"})

    after = ("split-router", "redundant-response-model", "response-model-to-annotation", "annotation-to-response-model")

    def find(self, project: Project) -> Iterator[Finding]:
        taken: dict[Symbol, list[Payload]] = {}
        given: dict[Symbol, list[Payload]] = {}
        for payload in payloads_of(project):
            (taken if payload.role == "body" else given).setdefault(payload.named.symbol, []).append(payload)
        planned_here: list[tuple[Model, str, Split | None, str | None]] = []
        for symbol in [symbol for symbol in taken if symbol in given]:
            used = model(project, symbol)
            if used is None or not used.is_pydantic or used.kind in ("root", "settings") or used.symbol != symbol:
                continue
            of_server = [field.name for field in used.fields if is_of_server(field.name)]
            secret = [field.name for field in used.fields if is_password_of_a_user(field.name)]
            if not (of_server or secret) or _IS_CONFIGURATION.search(used.name):
                continue
            message = _message(used, taken[symbol], given[symbol], of_server, secret)
            planned_here.append((used, message, *_split(project, used, taken[symbol], given[symbol])))
        splits = [split for _, _, split, _ in planned_here if split is not None]
        for used, message, split, reason in planned_here:
            home = project.module(used.symbol.path or "")
            assert home is not None
            around = _around(split, splits) if split is not None else None
            yield self.finding(
                home.location(used.line, 1, used.line),
                message,
                anchor=f"{used.symbol.name} input and output",
                left_alone=reason or around,
                subject=split,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        splits: list[Split] = [finding.subject for finding in findings]
        for finding in findings:
            split: Split = finding.subject
            inner = [place for other in splits if other is not split for place in other.places]
            home = project.module(split.path)
            assert home is not None
            edits.replace(home, split.span, split.code(project, inner), finding)
            for place in split.places:
                if any(other.holds(place) for other in splits):
                    continue  # in the text of that class
                module = project.module(place.path)
                assert module is not None
                edits.replace(module, place.span, place.text, finding)


def _around(split: Split, splits: Sequence[Split]) -> str | None:
    """Why a model waits for another run: two modules are rewritten without knowing of each other."""
    for other in splits:
        if other.path != split.path and any(other.holds(place) for place in split.places):
            return f"`{other.name}`, which has a field of it, is split in this run; run it again for this one"
    return None


def _split(
    project: Project, used: Model, taken: Sequence[Payload], given: Sequence[Payload]
) -> tuple[Split | None, str | None]:
    try:
        return planned(project, used, taken, given), None
    except ReasonError as error:
        return None, str(error)


def _message(
    used: Model, taken: Sequence[Payload], given: Sequence[Payload], of_server: Sequence[str], secret: Sequence[str]
) -> str:
    sent, read = taken[0].handler.function.name, given[0].handler.function.name
    faults = []
    if of_server:
        faults.append(f"may send {_listed(of_server)}")
    if secret:
        faults.append(f"get {_listed(secret)} back")
    return f"`{used.name}` is what `{sent}` takes and what `{read}` answers with: clients {', and '.join(faults)}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
