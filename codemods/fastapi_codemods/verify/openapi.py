"""Two OpenAPI documents compared, each difference in its class.

The classes are those of oasdiff (https://github.com/oasdiff/oasdiff/blob/main/docs/BREAKING-CHANGES.md), applied to
what FastAPI writes. Direction decides: a request that is accepted less, or a response that may be more than it was,
breaks clients. Schemas are compared with their references followed, so that a component with another name is a matter
of generated clients and not of every operation that uses it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .model import Difference

Direction = Literal["request", "response"]
Document = Mapping[str, Any]

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
TEXTS = {"title", "description", "summary", "examples", "example", "externalDocs", "deprecated", "default"}
LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "const", "contentMediaType", "multipleOf", "uniqueItems", "contentEncoding")
DEEPEST = 25


def compare_documents(before: Document | None, after: Document | None) -> list[Difference]:
    """Every difference; none only if the two are the same byte for byte."""
    if before is None or after is None:
        if before is after:
            return []
        what = "the application publishes " + ("no OpenAPI any more" if after is None else "OpenAPI now")
        return [Difference("breaking" if after is None else "non-breaking", "openapi", what)]
    if json.dumps(before) == json.dumps(after):
        return []
    found = list(dict.fromkeys(_Comparison(before, after).all()))
    return found or [_elsewhere(before, after)]


def _elsewhere(before: Document, after: Document) -> Difference:
    if before == after:
        return Difference("documentation", "openapi", "the same is written in another order")
    pointer = next(_pointers(before, after, ""), "")
    return Difference("documentation", f"openapi{pointer}", "the document differs")


def _pointers(before: Any, after: Any, pointer: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            below = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key in before and key in after:
                yield from _pointers(before[key], after[key], below)
            else:
                yield below
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _pointers(old, new, f"{pointer}/{index}")
    elif before != after:
        yield pointer


class _Comparison:
    def __init__(self, before: Document, after: Document) -> None:
        self.before, self.after = before, after

    def all(self) -> Iterator[Difference]:
        old, new = dict(_operations(self.before)), dict(_operations(self.after))
        for name in old:
            if name in new:
                yield from self.operation(name, old[name], new[name])
            else:
                yield Difference("breaking", name, "the operation is gone")
        for name in new:
            if name not in old:
                yield Difference("non-breaking", name, "a new operation")
        if list(old) != list(new) and old.keys() == new.keys():
            yield Difference("documentation", "openapi", "the operations are listed in another order")
        yield from self.components()
        for key in ("info", "servers", "tags", "externalDocs", "openapi"):
            if self.before.get(key) != self.after.get(key):
                kind = "documentation"
                yield Difference(kind, key, "it differs", _short(self.before.get(key)), _short(self.after.get(key)))
        for key in ("security", "webhooks"):
            if self.before.get(key) != self.after.get(key):
                kind = "security" if key == "security" else "breaking"
                yield Difference(kind, key, "it differs", _short(self.before.get(key)), _short(self.after.get(key)))

    def components(self) -> Iterator[Difference]:
        old, new = self.before.get("components", {}), self.after.get("components", {})
        for section in dict.fromkeys([*old, *new]):
            mine, theirs = old.get(section, {}), new.get(section, {})
            for name in dict.fromkeys([*mine, *theirs]):
                where = f"components.{section}.{name}"
                if name not in theirs:
                    yield Difference("client", where, "the component is gone or has another name")
                elif name not in mine:
                    yield Difference("client", where, "a new component")
                elif mine[name] != theirs[name]:
                    if section == "securitySchemes":
                        yield Difference(
                            "security", where, "the scheme differs", _short(mine[name]), _short(theirs[name])
                        )
                    elif _without_texts(mine[name]) == _without_texts(theirs[name]):
                        yield Difference("documentation", where, "a text differs")
            if list(mine) != list(theirs) and mine.keys() == theirs.keys():
                yield Difference("documentation", f"components.{section}", "it is listed in another order")

    def operation(self, name: str, old: Document, new: Document) -> Iterator[Difference]:
        for key, what in (("operationId", "operation id"), ("tags", "tags")):
            if old.get(key) != new.get(key):
                yield Difference("client", name, f"other {what}", _short(old.get(key)), _short(new.get(key)))
        for key in ("summary", "description", "deprecated", "externalDocs"):
            if old.get(key) != new.get(key):
                yield Difference("documentation", name, f"other {key}", _short(old.get(key)), _short(new.get(key)))
        if old.get("security") != new.get("security"):
            lost = bool(old.get("security")) and not new.get("security")
            what = "security is declared no longer" if lost else "other security is declared"
            yield Difference("security", name, what, _short(old.get("security")), _short(new.get("security")))
        yield from self.parameters(name, old, new)
        yield from self.body(name, old.get("requestBody"), new.get("requestBody"))
        yield from self.responses(name, old.get("responses", {}), new.get("responses", {}))
        if old.get("callbacks") != new.get("callbacks"):
            yield Difference("breaking", name, "other callbacks")
        if [_key(p) for p in old.get("parameters", [])] != [_key(p) for p in new.get("parameters", [])]:
            mine, theirs = ({_key(p) for p in side.get("parameters", [])} for side in (old, new))
            if mine == theirs:
                yield Difference("documentation", name, "the parameters are listed in another order")

    def parameters(self, name: str, old: Document, new: Document) -> Iterator[Difference]:
        mine = {_key(parameter): parameter for parameter in old.get("parameters", [])}
        theirs = {_key(parameter): parameter for parameter in new.get("parameters", [])}
        for key in dict.fromkeys([*mine, *theirs]):
            where = f"{key[0]} parameter {key[1]}"
            if key not in theirs:
                yield Difference("breaking", name, f"the {where} is gone")
                continue
            if key not in mine:
                required = bool(theirs[key].get("required"))
                yield Difference(
                    "breaking" if required else "non-breaking",
                    name,
                    f"a new {'required ' if required else ''}{where}",
                )
                continue
            one, other = mine[key], theirs[key]
            if bool(one.get("required")) != bool(other.get("required")):
                required = bool(other.get("required"))
                yield Difference(
                    "breaking" if required else "non-breaking",
                    name,
                    f"the {where} became {'required' if required else 'optional'}",
                )
            yield from self.schema(f"{name}: {where}", one.get("schema", {}), other.get("schema", {}), "request")
            rest = [{k: v for k, v in side.items() if k not in ("required", "schema")} for side in (one, other)]
            if rest[0] != rest[1]:
                yield Difference("documentation", name, f"the text of the {where} differs")

    def body(self, name: str, old: Document | None, new: Document | None) -> Iterator[Difference]:
        if old is None or new is None:
            if old is not new:
                breaks = new is None or bool(new.get("required"))
                what = "a request body is read now" if old is None else "no request body is read any more"
                yield Difference("breaking" if breaks else "non-breaking", name, what)
            return
        if bool(old.get("required")) != bool(new.get("required")):
            required = bool(new.get("required"))
            yield Difference(
                "breaking" if required else "non-breaking",
                name,
                f"the request body became {'required' if required else 'optional'}",
            )
        mine, theirs = old.get("content", {}), new.get("content", {})
        for media in dict.fromkeys([*mine, *theirs]):
            if media not in theirs:
                yield Difference("breaking", name, f"a request body of type {media} is accepted no longer")
            elif media not in mine:
                yield Difference("non-breaking", name, f"a request body of type {media} is accepted now")
            else:
                one, other = (side[media].get("schema", {}) for side in (mine, theirs))
                yield from self.schema(f"{name}: request body", one, other, "request")

    def responses(self, name: str, old: Document, new: Document) -> Iterator[Difference]:
        for status in dict.fromkeys([*old, *new]):
            succeeds = str(status).startswith(("2", "default"))
            if status not in new:
                kind = "breaking" if succeeds else "non-breaking"
                yield Difference(kind, name, f"a response {status} is documented no longer")
                continue
            if status not in old:
                yield Difference("non-breaking", name, f"a response {status} is documented now")
                continue
            mine, theirs = old[status], new[status]
            if mine.get("description") != theirs.get("description"):
                yield Difference("documentation", name, f"the text of response {status} differs")
            for key in ("headers", "links"):
                if mine.get(key) != theirs.get(key):
                    yield Difference("breaking", name, f"other {key} of response {status}")
            contents, others = mine.get("content", {}), theirs.get("content", {})
            for media in dict.fromkeys([*contents, *others]):
                if media not in others:
                    yield Difference("breaking", name, f"response {status} comes as {media} no longer")
                elif media not in contents:
                    yield Difference("non-breaking", name, f"response {status} comes as {media} now")
                else:
                    one, other = (side[media].get("schema", {}) for side in (contents, others))
                    yield from self.schema(f"{name}: response {status}", one, other, "response")

    def schema(
        self, where: str, old: Any, new: Any, direction: Direction, seen: frozenset[tuple[str, str]] = frozenset()
    ) -> Iterator[Difference]:
        """`where` is the place for people, for schemas inside others with their path."""
        names = (_reference(old), _reference(new))
        if names in seen or len(seen) > DEEPEST:
            return
        if any(names):
            if all(names) and names[0] != names[1]:
                yield Difference("client", where, "another component", names[0], names[1])
            seen |= {names}
            old, new = followed(self.before, old), followed(self.after, new)
        if isinstance(old, bool) or isinstance(new, bool):
            old, new = ({} if side is True else side for side in (old, new))
            if isinstance(old, bool) or isinstance(new, bool):
                if old != new:
                    yield Difference("breaking", where, "other values are allowed", _short(old), _short(new))
                return
        yield from self.types(where, old, new, direction)
        yield from self.bounds(where, old, new, direction)
        yield from self.properties(where, old, new, direction, seen)
        if "items" in old and "items" in new:
            yield from self.schema(f"{where}[]", old["items"], new["items"], direction, seen)
        yield from self.alternatives(where, old, new, direction, seen)
        for key in ("additionalProperties", "prefixItems", "discriminator", "not", "allOf"):
            mine, theirs = old.get(key), new.get(key)
            if key == "additionalProperties" and isinstance(mine, dict) and isinstance(theirs, dict):
                yield from self.schema(f"{where}{{}}", mine, theirs, direction, seen)
            elif key == "allOf" and mine and theirs and len(mine) == len(theirs):
                for one, other in zip(mine, theirs, strict=True):
                    yield from self.schema(where, one, other, direction, seen)
            elif mine != theirs:
                yield Difference("breaking", where, f"other {key}", _short(mine), _short(theirs))
        if old.get("default") != new.get("default") or ("default" in old) != ("default" in new):
            yield Difference(
                "breaking" if direction == "request" else "documentation",
                where,
                "another default",
                _short(old.get("default")),
                _short(new.get("default")),
            )
        for key in TEXTS - {"default"}:
            if old.get(key) != new.get(key):
                yield Difference("documentation", where, f"other {key}", _short(old.get(key)), _short(new.get(key)))

    def types(self, where: str, old: Document, new: Document, direction: Direction) -> Iterator[Difference]:
        mine, theirs = _types(self.before, old), _types(self.after, new)
        if mine == theirs:
            return
        wider = theirs is None or (mine is not None and mine <= theirs)
        narrower = mine is None or (theirs is not None and theirs <= mine)
        harmless = wider if direction == "request" else narrower
        yield Difference(
            "non-breaking" if harmless else "breaking", where, "another type", _type_names(mine), _type_names(theirs)
        )

    def bounds(self, where: str, old: Document, new: Document, direction: Direction) -> Iterator[Difference]:
        for key in (*LOWER_BOUNDS, *UPPER_BOUNDS):
            mine, theirs = old.get(key), new.get(key)
            if mine == theirs:
                continue
            sign = 1 if key in LOWER_BOUNDS else -1
            tighter = mine is None or (theirs is not None and (theirs - mine) * sign > 0)
            breaks = tighter == (direction == "request")
            yield Difference(
                "breaking" if breaks else "non-breaking", where, f"another {key}", _short(mine), _short(theirs)
            )
        for key in EXACT:
            mine, theirs = old.get(key), new.get(key)
            if mine != theirs:
                # A constraint that goes makes requests wider and responses looser; one that changes may do both.
                breaks = not (theirs is None if direction == "request" else mine is None)
                yield Difference(
                    "breaking" if breaks else "non-breaking", where, f"another {key}", _short(mine), _short(theirs)
                )
        mine, theirs = old.get("enum"), new.get("enum")
        if mine != theirs:
            lost = mine is not None and theirs is not None and [value for value in mine if value not in theirs]
            came = mine is not None and theirs is not None and [value for value in theirs if value not in mine]
            if mine is None or theirs is None:
                breaks = (mine is None) == (direction == "request")
            else:
                breaks = bool(lost) if direction == "request" else bool(came)
            yield Difference(
                "breaking" if breaks else "non-breaking", where, "other values (enum)", _short(mine), _short(theirs)
            )

    def properties(
        self, where: str, old: Document, new: Document, direction: Direction, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Difference]:
        mine, theirs = old.get("properties", {}), new.get("properties", {})
        required, required_now = set(old.get("required", [])), set(new.get("required", []))
        for name in dict.fromkeys([*mine, *theirs]):
            place = f"{where}.{name}"
            if name not in theirs:
                yield Difference(
                    "breaking" if direction == "response" else "non-breaking", place, "the property is gone"
                )
            elif name not in mine:
                breaks = direction == "request" and name in required_now
                yield Difference(
                    "breaking" if breaks else "non-breaking",
                    place,
                    "a new required property" if name in required_now else "a new property",
                )
            else:
                if (name in required) != (name in required_now):
                    breaks = (direction == "request") == (name in required_now)
                    yield Difference(
                        "breaking" if breaks else "non-breaking",
                        place,
                        "it became " + ("required" if name in required_now else "optional"),
                    )
                yield from self.schema(place, mine[name], theirs[name], direction, seen)
        if mine.keys() == theirs.keys() and list(mine) != list(theirs):
            yield Difference("documentation", where, "the properties are listed in another order")

    def alternatives(
        self, where: str, old: Document, new: Document, direction: Direction, seen: frozenset[tuple[str, str]]
    ) -> Iterator[Difference]:
        for key in ("anyOf", "oneOf"):
            mine, theirs = old.get(key), new.get(key)
            if mine is None or theirs is None:
                if mine is not theirs and _types(self.before, old) == _types(self.after, new):
                    yield Difference("breaking", where, f"{key} came or went", _short(mine), _short(theirs))
            elif len(mine) == len(theirs):
                for one, other in zip(mine, theirs, strict=True):
                    yield from self.schema(where, one, other, direction, seen)
            elif _types(self.before, old) == _types(self.after, new):
                breaks = (len(theirs) < len(mine)) == (direction == "request")
                yield Difference(
                    "breaking" if breaks else "non-breaking",
                    where,
                    "fewer alternatives" if len(theirs) < len(mine) else "more alternatives",
                )


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, item in document.get("paths", {}).items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def _key(parameter: Document) -> tuple[str, str]:
    return str(parameter.get("in")), str(parameter.get("name"))


def _reference(schema: Any) -> str:
    return str(schema["$ref"]).rpartition("/")[2] if isinstance(schema, dict) and "$ref" in schema else ""


def followed(document: Document, schema: Any) -> Any:
    """What a reference leads to, with what stands beside the reference put over it."""
    for _ in range(DEEPEST):
        if not isinstance(schema, dict) or "$ref" not in schema:
            break
        target: Any = document
        for part in str(schema["$ref"]).split("/")[1:]:
            target = target.get(part.replace("~1", "/").replace("~0", "~"), {}) if isinstance(target, dict) else {}
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**target, **beside} if isinstance(target, dict) else target
    return schema


def _types(document: Document, schema: Any, depth: int = 0) -> frozenset[str] | None:
    """The JSON types that are allowed; None: any."""
    schema = followed(document, schema)
    if not isinstance(schema, dict) or depth > DEEPEST:
        return None
    if "type" in schema:
        kind = schema["type"]
        return frozenset([kind] if isinstance(kind, str) else kind)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            parts = [_types(document, part, depth + 1) for part in schema[key]]
            return None if None in parts else frozenset[str]().union(*(part for part in parts if part is not None))
    if schema.get("allOf"):
        return _types(document, schema["allOf"][0], depth + 1)
    if "const" in schema or "enum" in schema:
        return frozenset({type(value).__name__ for value in [schema.get("const"), *schema.get("enum", [])]})
    return None


def _type_names(types: frozenset[str] | None) -> str:
    return "any" if types is None else " or ".join(sorted(types))


def _without_texts(schema: Any, named: bool = False) -> Any:
    """`named` where the keys are names of properties and no keywords."""
    if isinstance(schema, dict):
        return {
            key: _without_texts(value, named=not named and key in ("properties", "$defs"))
            for key, value in schema.items()
            if named or key not in TEXTS - {"default"}
        }
    if isinstance(schema, list):
        return [_without_texts(item) for item in schema]
    return schema


def _short(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."
