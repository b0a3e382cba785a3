"""What a model is split into, and every place that must name one of the parts instead."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ....project import Module, Project, Span, Symbol
from ....project.models import Model, model
from ....project.payloads import Payload, models_within, payloads_of
from ....project.secrets import is_password_of_a_user
from .classes import Class
from .evidence import Evidence, ReasonError, Taker
from .fields import is_of_server
from .mentions import Mention, mentions_of

_READ_ENDINGS = ("Read", "Out", "Response", "Public", "Output", "Resp", "View", "Schema", "Model", "DTO")
_CREATE_ENDINGS = ("Create", "In", "Request", "Input", "Payload", "Body", "Form", "Schema", "Model", "DTO")
_UPDATE_ENDINGS = ("Update", "Patch", "Edit", "Put")
_NEUTRAL_ENDINGS = ("Schema", "Model", "DTO")
ENOUGH = 3
MAJORITY = 0.7


class Place(NamedTuple):
    path: str
    span: Span
    text: str


class Split(NamedTuple):
    """A model that is split. The text of its classes is put together when it is known what else is accepted."""

    name: str
    path: str
    span: Span
    """Of its class."""
    base: str
    others: Mapping[str, Collection[str]]
    """The classes that derive from the base, with the fields of their own."""
    leaving: tuple[str, ...]
    """The fields that the base does not have."""
    places: tuple[Place, ...]
    """That must name one of the classes instead."""

    def code(self, project: Project, inner: Sequence[Place]) -> str:
        """The classes, with other models that are split, too, under their new names."""
        home = project.module(self.path)
        assert home is not None
        within = [(place.span, place.text) for place in inner if self.holds(place)]
        return Class(project, home, self.name, within).texts(self.base, self.others, self.leaving)

    def holds(self, place: Place) -> bool:
        return place.path == self.path and self.span.start <= place.span.start < self.span.end


class _Names(NamedTuple):
    base: str
    create: str
    update: str
    read: str


def planned(project: Project, used: Model, taken: Sequence[Payload], given: Sequence[Payload]) -> Split:
    """Raises `ReasonError` where the model is left alone."""
    _check_model(used, taken)
    evidence = Evidence(project, used)
    roles: dict[tuple[str, int], set[str]] = {}
    for payload in taken:
        assert payload.parameter is not None
        role = _role(payload)
        roles.setdefault((payload.handler.module.path, payload.named.span.start), set()).add(role)
        evidence.follow(Taker(payload.handler.module, payload.handler.function, payload.parameter.name), role)
    evidence.check_takers()
    read_only = [f.name for f in used.fields if is_of_server(f.name) and f.name not in evidence.read]
    secret = [f.name for f in used.fields if is_password_of_a_user(f.name)]
    if not read_only and not secret:
        first = next(f.name for f in used.fields if is_of_server(f.name))
        raise ReasonError(f"`{first}` is taken from the body in {evidence.read[first]}")
    leaving = [field.name for field in used.fields if field.name in (*read_only, *secret)]
    home = project.module(used.symbol.path or "")
    assert home is not None
    mentions = mentions_of(project, used.symbol)
    if secret:
        _check_secrets(project, used, secret, mentions, given, roles, evidence)
    names = _names(project, used)
    by_place = _by_place(project, names, mentions, roles, evidence, has_own=bool(secret))
    bodies = [name for name in (names.create, names.update) if name in by_place.values()]
    own_of_body = [name for name in secret if name not in read_only]
    others: dict[str, Collection[str]] = dict.fromkeys(bodies, own_of_body)
    others[names.read] = [name for name in read_only if name not in secret]
    whole = Class(project, home, used.name)
    whole.texts(names.base, others, leaving)  # or it says why not
    _check_free(project, used, (names.base, *others), mentions)
    places = _retyped(project, mentions, by_place, names, [names.base, *others])
    return Split(used.name, home.path, whole.span, names.base, others, tuple(leaving), tuple(places))


def _check_model(used: Model, taken: Sequence[Payload]) -> None:
    if used.table:
        raise ReasonError("it is a database table, whose columns stay together: make models of it for input and output")
    if used.kind != "pydantic":
        raise ReasonError("it is no plain Pydantic model")
    if not used.complete:
        raise ReasonError(f"not all of its fields are known: {used.reason}")
    if used.config.extra in ("allow", "forbid") or not used.config.certain:
        raise ReasonError("it says what happens to other keys, which those that leave would be")
    if any(hook.kind in ("model_validator", "model_serializer") for hook in used.hooks):
        raise ReasonError("it has a validator or serializer for the whole model")
    if any(hook.fields is None or "*" in hook.fields for hook in used.hooks):
        raise ReasonError("it has a validator for all fields")
    if used.computed:
        raise ReasonError("it has computed fields")
    if "." in used.symbol.name:
        raise ReasonError("it stands in another class")
    for payload in taken:
        if not payload.is_all:
            raise ReasonError(f"`{payload.handler.function.name}` takes it as a part of its body")


def _role(payload: Payload) -> str:
    methods = {operation.method for operation in payload.handler.operations}
    return "update" if methods and methods <= {"put", "patch"} else "create"


def _check_secrets(
    project: Project,
    used: Model,
    secret: Sequence[str],
    mentions: Sequence[Mention],
    given: Sequence[Payload],
    roles: dict[tuple[str, int], set[str]],
    evidence: Evidence,
) -> None:
    """No instance of the model outside of the body holds a secret, or nobody could tell where it is read."""
    responses = {(payload.handler.module.path, payload.named.span.start) for payload in given}
    annotated = {
        (taker.module.path, parameter.annotation.start, parameter.annotation.end)
        for taker, _ in evidence.takers.values()
        for parameter in taker.function.parameters
        if parameter.name == taker.parameter and parameter.annotation is not None
    }
    annotated |= set(_fields_of_answers(project))
    for mention in mentions:
        if mention.kind in ("import", "export"):
            continue
        if _starts(project, mention) & (responses | set(roles)):
            continue
        if any(path == mention.path and start <= mention.span.start < end for path, start, end in annotated):
            continue
        use = mention.use
        if use is not None and use.kind == "call" and isinstance(use.node, ast.Call):
            keywords = {keyword.arg for keyword in use.node.keywords}
            if not use.node.args and None not in keywords and not keywords & set(secret):
                continue
        line = _line(project, mention)
        raise ReasonError(f"an instance of it may hold `{secret[0]}` in {mention.path}:{line}, which is not the body")
    for payload in payloads_of(project):
        outer = model(project, payload.named.symbol)
        if outer is not None and outer.symbol != used.symbol and used.symbol in outer.mro:
            raise ReasonError(f"`{outer.name}` inherits from it")


def _fields_of_answers(project: Project) -> Iterator[tuple[str, int, int]]:
    """The types of fields of models that are answered with, and never taken."""
    roles: dict[str, dict[Symbol, Model]] = {"body": {}, "response": {}}
    for payload in payloads_of(project):
        roles[payload.role].update(models_within(project, payload.named.symbol))
    for symbol in roles["response"].keys() - roles["body"].keys():
        for field in roles["response"][symbol].fields:
            if field.annotation is not None:
                yield field.owner.path or "", field.annotation.start, field.annotation.end


def _starts(project: Project, mention: Mention) -> set[tuple[str, int]]:
    """Where the type that a mention belongs to may begin: at the name, or at the module in front of it."""
    starts = {(mention.path, mention.span.start)}
    module = project.module(mention.path)
    if mention.is_qualified and module is not None:
        before = re.search(r"(?:\w+\s*\.\s*)+\Z", module.text[: mention.span.start])
        if before is not None:
            starts.add((mention.path, before.start()))
    return starts


def _line(project: Project, mention: Mention) -> int:
    module = project.module(mention.path)
    return module.text.count("\n", 0, mention.span.start) + 1 if module is not None else 0


# Names


def _names(project: Project, used: Model) -> _Names:
    responses, bodies = _usual(project, "response", _READ_ENDINGS), _usual(project, "body", _CREATE_ENDINGS)
    name = used.name
    stem = name
    for ending in (*_READ_ENDINGS, *_CREATE_ENDINGS, *_UPDATE_ENDINGS):
        if name.endswith(ending) and name != ending:
            stem = name.removesuffix(ending)
            break
    read = stem + (responses or "Read")
    create = stem + (bodies or "Create")
    update = stem + "Update"
    if stem != name and not name.endswith(_NEUTRAL_ENDINGS):
        # `UserOut` that is also a body stays `UserOut` where it is answered.
        if name.endswith(_READ_ENDINGS):
            read = name
        elif name.endswith(_CREATE_ENDINGS):
            create = name
        else:
            update = name
    return _Names(f"{stem}Base", create, update, read)


def _usual(project: Project, role: str, endings: Sequence[str]) -> str | None:
    """What the names of the models in bodies or answers end in, where most end alike."""
    names = {payload.named.symbol.name for payload in payloads_of(project) if payload.role == role}
    for ending in endings:
        number = sum(name.endswith(ending) and name != ending for name in names)
        if number >= ENOUGH and number >= MAJORITY * len(names):
            return ending
    return None


def _check_free(project: Project, used: Model, names: Iterable[str], mentions: Sequence[Mention]) -> None:
    paths = {used.symbol.path or "", *(mention.path for mention in mentions)}
    for path in sorted(paths):
        module = project.module(path)
        for name in names:
            if module is not None and name != used.name and re.search(rf"\b{re.escape(name)}\b", module.text):
                raise ReasonError(f"`{path}` has a `{name}` already")


# Places


def _by_place(
    project: Project,
    names: _Names,
    mentions: Sequence[Mention],
    roles: dict[tuple[str, int], set[str]],
    evidence: Evidence,
    *,
    has_own: bool,
) -> dict[tuple[str, int], str]:
    """The new name for each mention."""
    spans: list[tuple[str, int, int, set[str]]] = []
    for taker, for_roles in evidence.takers.values():
        for parameter in taker.function.parameters:
            if parameter.name == taker.parameter and parameter.annotation is not None:
                if not _is_it(taker, parameter.annotation, mentions):
                    raise ReasonError(f"`{taker.function.name}` takes the body as something else")
                first, last = parameter.annotation
                spans.append((taker.module.path, first, last, for_roles))
    found: dict[tuple[str, int], str] = {}
    for mention in mentions:
        name = names.read
        for_roles = set().union(*(roles.get(start, set()) for start in _starts(project, mention)))
        for path, first, last, of_taker in spans:
            if path == mention.path and first <= mention.span.start < last:
                for_roles |= of_taker
        if len(for_roles) > 1:
            if has_own:
                raise ReasonError(f"one function takes it to create and to update in {mention.path}")
            name = names.base
        elif for_roles:
            name = names.create if "create" in for_roles else names.update
        found[mention.path, mention.span.start] = name
    return found


def _is_it(taker: Taker, span: Span, mentions: Sequence[Mention]) -> bool:
    """Whether the type of a parameter is the model, perhaps or None."""
    code = re.sub(r"\s*\|\s*None\Z|\A(?:\w+\.)?Optional\[|\]\Z", "", taker.module.code(span).strip("\"'"))
    within = [m for m in mentions if m.path == taker.module.path and span.start <= m.span.start < span.end]
    return len(within) == 1 and re.fullmatch(r"[\w.]+", code) is not None


def _retyped(
    project: Project,
    mentions: Sequence[Mention],
    by_place: dict[tuple[str, int], str],
    names: _Names,
    everything: Sequence[str],
) -> list[Place]:
    """The new text for each mention; an import brings what its module then names, or all where it hands them on."""
    places: list[Place] = []
    for path in dict.fromkeys(mention.path for mention in mentions):
        module = project.module(path)
        assert module is not None
        here = [mention for mention in mentions if mention.path == path]
        aliases = {m.local for m in here if m.kind == "import" and module.code(m.span) != m.local}
        wanted: set[str] = set()
        for mention in here:
            if mention.kind in ("import", "export"):
                continue
            new = by_place[path, mention.span.start]
            if mention.is_qualified:
                places.append(Place(path, mention.span, new))
            elif mention.local in aliases and new == names.read:
                continue  # `from schemas import User as U`: U is what is read
            else:
                wanted.add(new)
                places.append(Place(path, mention.span, new))
        for mention in here:
            if mention.kind == "import":
                needed = sorted(wanted)
                if mention.local in aliases:
                    needed = [*[name for name in needed if name != names.read], names.read]
                places.append(Place(path, mention.span, _joined(module, mention.span, needed or sorted(everything))))
            elif mention.kind == "export":
                quote = module.code(mention.span)[0]
                listed = [f"{quote}{name}{quote}" for name in sorted(everything)]
                places.append(Place(path, mention.span, _joined(module, mention.span, listed)))
    return places


def _joined(module: Module, span: Span, names: Sequence[str]) -> str:
    """Several names in the place of one, each on a line of its own where that one had one."""
    line_start = max(module.text.rfind("\n", 0, span.start), module.text.rfind("\r", 0, span.start)) + 1
    indent = module.text[line_start : span.start]
    if indent and not indent.strip():
        return f",{module.source.newline}{indent}".join(names)
    return ", ".join(names)
