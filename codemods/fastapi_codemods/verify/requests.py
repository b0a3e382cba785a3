"""Requests made from an OpenAPI document: the same ones in the same order, whenever they are made from the same text.

For each operation a valid request (with the required parameters, then with all), then one fault at a time: missing,
wrong type, at and beyond each bound, something extra, no credentials, wrong content type, the slash toggled, HEAD,
OPTIONS, a method that is not there. Operations come in the order POST, PUT, PATCH, GET, DELETE, so that what is
read has been written and what is deleted has been read. Why not schemathesis: docs/design.md, "Requests are made here".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from .openapi import METHODS, followed
from .seeds import Seeds

Request = dict[str, Any]
Schema = Any

ORDER = {"post": 0, "put": 1, "patch": 2, "get": 3, "query": 3, "head": 3, "options": 3, "trace": 3, "delete": 4}
FORMATS = {
    "date-time": "2024-01-02T03:04:05Z",
    "date": "2024-01-02",
    "time": "03:04:05Z",
    "duration": "P1D",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
    "email": "user@example.com",
    "uri": "https://example.com/",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "ipvanyaddress": "192.0.2.1",
    "binary": "text of a file",
    "byte": "dGV4dA==",
    "base64": "dGV4dA==",
    "json-string": "{}",
    "path": "a",
    "color": "#ff0000",
    "decimal": "1.5",
}
MOST_OF_A_KIND = 8
"""Faults of one kind in one operation; a model of a hundred fields gives no more."""
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def requests_for(
    document: Mapping[str, Any] | None, routes: Sequence[Mapping[str, Any]], seeds: Seeds, most: int
) -> list[Request]:
    """At most so many requests for the document, and some for each of `routes` that it does not show.

    `routes` are those of `probe/description.py`.
    """
    hidden = [
        (route["methods"][0] if route["methods"] else "GET", route["path"])
        for route in routes
        if "endpoint" in route
        and not route.get("in_schema")
        and "Socket" not in route["kind"]
        and route["kind"] not in ("Mount", "Host")
        and route["name"] != "openapi"
    ]
    files = {(method, route["path"]): route.get("file") for route in routes for method in route["methods"]}
    found: list[Request] = []
    for method, path in hidden:
        concrete = re.sub(r"{[^}]*}", "1", path)
        found += [{"method": method, "path": concrete}, {"method": method, "path": _toggled(concrete)}]
    found += [{"path": path} for path in ("/", "/a-path-that/is-not-there", *seeds.paths)]
    operations = []
    for path, item in (document or {}).get("paths", {}).items():
        for method, operation in item.items():
            if method in METHODS:
                operations.append((ORDER[method], path, method, operation, item))
    operations.sort(key=lambda operation: operation[0])
    makers = [
        _Operation(
            document or {}, path, method, operation, item, seeds.near(files.get((method.upper(), path)))
        ).requests()
        for _, path, method, operation, item in operations
    ]
    if most <= len(found):
        return found[:most]
    # If not all have room, each operation keeps its first ones.
    share = max(1, (most - len(found)) // max(1, len(makers)))
    made = [list(maker) for maker in makers]
    if sum(map(len, made)) > most - len(found):
        made = [some[:share] for some in made]
    return [*found, *(request for some in made for request in _unique(some))][:most]


def _unique(requests: Sequence[Request]) -> Iterator[Request]:
    """Each once, but for the last, which is the first again."""
    seen: set[str] = set()
    for number, request in enumerate(requests):
        key = json.dumps(request, sort_keys=True)
        if key not in seen or number == len(requests) - 1:
            yield request
        seen.add(key)


class _Operation:
    def __init__(
        self,
        document: Mapping[str, Any],
        path: str,
        method: str,
        operation: Mapping[str, Any],
        item: Mapping[str, Any],
        seeds: tuple[tuple[str, ...], tuple[int, ...]],
    ) -> None:
        self.texts, self.numbers = seeds
        self.document = document
        self.path, self.method = path, method.upper()
        self.operation = operation
        self.methods = {name.upper() for name in item if name in METHODS}
        self.samples = Samples(document)
        self.parameters = [
            parameter
            for parameter in (
                followed(document, p) for p in [*item.get("parameters", []), *operation.get("parameters", [])]
            )
            if isinstance(parameter, dict)
        ]
        body = followed(document, operation.get("requestBody") or {})
        content = body.get("content", {})
        self.body_required = bool(body.get("required"))
        self.media = next((m for m in content if "json" in m), next(iter(content), None))
        self.body_schema = content[self.media].get("schema", {}) if self.media else None
        self.credentials = list(self._credentials())

    def requests(self) -> Iterator[Request]:
        required = self.request(full=False)
        yield required
        full = self.request(full=True)
        yield full
        yield from self.with_seeds(full)
        yield from self.with_faults_in_parameters(full)
        yield from self.with_faults_in_body(full)
        if self.operation.get("security"):
            yield self.request(full=True, credentials=False)
        yield {**full, "path": _toggled(full["path"])}
        if self.method == "GET":
            yield {**full, "method": "HEAD"}
        yield {**full, "method": "OPTIONS"}
        wrong = next(m for m in ("PATCH", "DELETE", "PUT", "POST", "GET", "TRACE") if m not in self.methods)
        yield {"method": wrong, "path": full["path"], "operation": full["operation"]}
        yield self.preflight(full)
        # Once more: what the others changed shows.
        yield required

    def preflight(self, full: Request) -> Request:
        """https://fetch.spec.whatwg.org/#cors-preflight-request"""
        return {
            "method": "OPTIONS",
            "path": full["path"],
            "operation": full["operation"],
            "headers": {"origin": "https://example.com", "access-control-request-method": self.method},
        }

    def request(
        self,
        *,
        full: bool,
        credentials: bool = True,
        values: Mapping[tuple[str, str], Any] | None = None,
        without: tuple[str, str] | None = None,
        body: Any = ...,
    ) -> Request:
        path = self.path
        query: list[list[str]] = []
        headers: dict[str, str] = {}
        cookies: dict[str, str] = {}
        for parameter in self.parameters:
            key = (parameter.get("in", ""), parameter.get("name", ""))
            if key == without:
                continue
            if not (full or parameter.get("required") or (values and key in values)):
                continue
            value = values[key] if values and key in values else self.value(parameter)
            if key[0] == "path":
                path = path.replace("{" + key[1] + "}", quote(_text(value), safe="/" if "/" in _text(value) else ""))
            elif key[0] == "query":
                query += [[key[1], _text(item)] for item in (value if isinstance(value, list) else [value])]
            elif key[0] == "header":
                headers[key[1]] = _text(value)
            elif key[0] == "cookie":
                cookies[key[1]] = _text(value)
        path = re.sub(r"{[^}]*}", "1", path)
        if credentials:
            for place, name, value in self.credentials:
                if place == "header":
                    headers[name] = value
                elif place == "query":
                    query.append([name, value])
                else:
                    cookies[name] = value
        request: Request = {"method": self.method, "path": path, "operation": f"{self.method} {self.path}"}
        if query:
            request["params"] = query
        if headers:
            request["headers"] = headers
        if cookies:
            request["cookies"] = cookies
        if body is ... and self.media is not None and (full or self.body_required):
            body = self.samples.of(self.body_schema, full=full)
        if body is not ... and self.media is not None:
            self.put_body(request, body)
        return request

    def value(self, parameter: Mapping[str, Any]) -> Any:
        if "example" in parameter:
            return parameter["example"]
        examples = parameter.get("examples")
        if isinstance(examples, dict):
            for example in examples.values():
                if isinstance(example, dict) and "value" in example:
                    return example["value"]
        return self.samples.of(parameter.get("schema", {}), full=True)

    def put_body(self, request: Request, body: Any) -> None:
        if self.media is None:
            return
        if self.media in FORMS and isinstance(body, dict):
            files = {
                name: _text(value)
                for name, value in body.items()
                if self.samples.is_file(self.body_schema, name) and not isinstance(value, list)
            }
            lists = {
                name: _text(value[0])
                for name, value in body.items()
                if isinstance(value, list) and value and self.samples.is_file(self.body_schema, name)
            }
            files |= lists
            data = [
                [name, _text(item)]
                for name, value in body.items()
                if name not in files
                for item in (value if isinstance(value, list) else [value])
            ]
            if self.media == "multipart/form-data":
                request["files"] = files
            request["data"] = data
        elif "json" in self.media:
            request["json"] = body
        else:
            request["content"] = _text(body)
            request["headers"] = {**request.get("headers", {}), "content-type": self.media}

    def with_seeds(self, full: Request) -> Iterator[Request]:
        """Requests with values that the code asks for, one at a time."""
        for parameter in self.parameters:
            key = (parameter.get("in", ""), parameter.get("name", ""))
            for value in self.seeds_for(parameter.get("schema", {})):
                yield self.request(full=True, values={key: value})
        if "json" in full and isinstance(full["json"], dict):
            properties = self.samples.merged(self.body_schema).get("properties", {})
            for name in list(full["json"])[: MOST_OF_A_KIND // 2]:
                for value in self.seeds_for(properties.get(name, {}))[: MOST_OF_A_KIND // 2]:
                    yield {**full, "json": {**full["json"], name: value}}
        for place, name, value in self.credentials[:1]:
            if place == "header":
                scheme = value.partition(" ")[0] + " " if " " in value else ""
                for text in self.texts:
                    yield {**full, "headers": {**full["headers"], name: scheme + text}}

    def seeds_for(self, schema: Schema) -> Sequence[Any]:
        merged = self.samples.merged(schema)
        if "enum" in merged or "const" in merged or "format" in merged:
            return ()
        if merged.get("type") == "integer":
            return self.numbers
        return self.texts if merged.get("type") == "string" else ()

    def with_faults_in_parameters(self, full: Request) -> Iterator[Request]:
        for parameter in self.parameters[: MOST_OF_A_KIND * 2]:
            key = (parameter.get("in", ""), parameter.get("name", ""))
            if parameter.get("required") and key[0] != "path":
                yield self.request(full=True, without=key)
            for value in self.samples.faults(parameter.get("schema", {}), is_text=True):
                yield self.request(full=True, values={key: value})
            for value in self.samples.boundaries(parameter.get("schema", {})):
                yield self.request(full=True, values={key: value})
            schema = followed(self.document, parameter.get("schema", {}))
            if isinstance(schema, dict) and isinstance(schema.get("enum"), list):
                for value in schema["enum"][1:MOST_OF_A_KIND]:
                    yield self.request(full=True, values={key: value})
        if full.get("params"):
            yield {**full, "params": [*full["params"], ["a-parameter-that-is-not-there", "1"]]}

    def with_faults_in_body(self, full: Request) -> Iterator[Request]:
        if self.media is None:
            return
        whole = self.samples.of(self.body_schema, full=True)
        if isinstance(whole, dict):
            schema = self.samples.merged(self.body_schema)
            for name in list(whole)[: MOST_OF_A_KIND * 2]:
                yield self.request(full=True, body={k: v for k, v in whole.items() if k != name})
            for name in list(whole)[:MOST_OF_A_KIND]:
                inner = schema.get("properties", {}).get(name, {})
                for value in [*self.samples.faults(inner, is_text=False), *self.samples.boundaries(inner)][:6]:
                    yield self.request(full=True, body={**whole, name: value})
            yield self.request(full=True, body={**whole, "a_field_that_is_not_there": 1})
        for value in self.samples.faults(self.body_schema, is_text=False):
            yield self.request(full=True, body=value)
        without = {key: value for key, value in full.items() if key not in ("json", "data", "files", "content")}
        yield without
        if "json" in full:
            text = json.dumps(full["json"])
            for content, kind in (
                (text, "text/plain"),
                (text, None),
                (text[:-1], "application/json"),
                ("", "application/json"),
            ):
                yield {**without, "content": content, "headers": {**without.get("headers", {}), "content-type": kind}}
        else:
            yield {**without, "json": {"a": 1}}

    def _credentials(self) -> Iterator[tuple[str, str, str]]:
        schemes = self.document.get("components", {}).get("securitySchemes", {})
        for requirement in self.operation.get("security") or self.document.get("security") or []:
            for name in requirement:
                scheme = schemes.get(name, {})
                kind = scheme.get("type")
                if kind == "apiKey":
                    yield scheme.get("in", "header"), scheme.get("name", "x-api-key"), "secret"
                elif kind == "http" and scheme.get("scheme") == "basic":
                    yield "header", "Authorization", "Basic dXNlcjpwYXNzd29yZA=="
                elif kind == "http" and scheme.get("scheme") == "digest":
                    yield "header", "Authorization", "Digest token"
                elif kind in ("http", "oauth2", "openIdConnect"):
                    yield "header", "Authorization", "Bearer token"


class Samples:
    """Values for schemas."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    def merged(self, schema: Schema) -> dict[str, Any]:
        """The schema with references followed, `allOf` put together, and the first alternative that is not null."""
        for _ in range(20):
            schema = followed(self.document, schema)
            if not isinstance(schema, dict):
                return {}
            rest = {key: value for key, value in schema.items() if key not in ("allOf", "anyOf", "oneOf")}
            if schema.get("allOf"):
                for part in schema["allOf"]:
                    inner = self.merged(part)
                    properties = {**rest.get("properties", {}), **inner.get("properties", {})}
                    required = [*rest.get("required", []), *inner.get("required", [])]
                    rest = {**inner, **rest}
                    if properties:
                        rest |= {"properties": properties, "required": required}
                return rest
            options = schema.get("anyOf") or schema.get("oneOf")
            if not options:
                return schema
            chosen = next((o for o in options if not (isinstance(o, dict) and o.get("type") == "null")), options[0])
            schema = {**followed(self.document, chosen), **rest} if isinstance(chosen, dict) else rest
        return schema if isinstance(schema, dict) else {}

    def of(self, schema: Schema, *, full: bool, depth: int = 0) -> Any:
        schema = self.merged(schema)
        if depth > 6:
            return None
        for key in ("const", "example"):
            if key in schema:
                return schema[key]
        if isinstance(schema.get("examples"), list) and schema["examples"]:
            return schema["examples"][0]
        if schema.get("enum"):
            return schema["enum"][0]
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "null")
        if kind == "object" or "properties" in schema:
            properties = schema.get("properties", {})
            required = schema.get("required", [])
            found = {
                name: self.of(inner, full=full, depth=depth + 1)
                for name, inner in properties.items()
                if full or name in required
            }
            more = schema.get("additionalProperties")
            if not properties and full and more not in (None, False):
                found["key"] = self.of(more, full=full, depth=depth + 1) if isinstance(more, dict) else "text"
            return found
        if kind == "array":
            if isinstance(schema.get("prefixItems"), list):
                return [self.of(item, full=full, depth=depth + 1) for item in schema["prefixItems"]]
            count = max(schema.get("minItems", 0), 1 if full else 0)
            item = self.of(schema.get("items", {}), full=full, depth=depth + 1)
            if schema.get("uniqueItems") and isinstance(item, int):
                return [item + number for number in range(count)]
            return [item] * min(count, 50)
        if kind in ("integer", "number"):
            return _number(schema, kind)
        if kind == "boolean":
            return True
        if kind == "null":
            return None
        if kind == "string":
            return _string(schema)
        return "text"

    def is_file(self, schema: Schema, name: str) -> bool:
        inner = self.merged(self.merged(schema).get("properties", {}).get(name, {}))
        if inner.get("type") == "array":
            inner = self.merged(inner.get("items", {}))
        return inner.get("format") == "binary" or "contentMediaType" in inner

    def faults(self, schema: Schema, *, is_text: bool) -> list[Any]:
        """Values of another type: as text in a path or query, as JSON in a body."""
        schema = self.merged(schema)
        kind = schema.get("type")
        if is_text:
            if (
                kind in ("integer", "number", "boolean", "array")
                or schema.get("format") in FORMATS
                or schema.get("enum")
            ):
                return ["not-one"] + (["1.5"] if kind == "integer" else [])
            return [""]
        wrong: dict[Any, list[Any]] = {
            "string": [1, None],
            "integer": ["text", 1.5, "1"],
            "number": ["text", "1.5"],
            "boolean": ["text", 1],
            "object": ["text", []],
            "array": ["text", {}],
        }
        found = wrong.get(kind if isinstance(kind, str) else "", [None])
        if kind == "string" and (schema.get("format") in FORMATS or "pattern" in schema or "enum" in schema):
            found = ["not one", *found]
        return found

    def boundaries(self, schema: Schema) -> list[Any]:
        """Values at and beyond each bound."""
        schema = self.merged(schema)
        kind = schema.get("type")
        found: list[Any] = []
        if kind in ("integer", "number"):
            step = 1 if kind == "integer" else 0.5
            for key in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"):
                if isinstance(bound := schema.get(key), int | float) and not isinstance(bound, bool):
                    found += [_whole(bound, kind), _whole(bound - step, kind), _whole(bound + step, kind)]
            if not found:
                found = [0, -1]
        elif kind == "string":
            if (least := schema.get("minLength", 0)) > 0:
                found += ["x" * (least - 1), "x" * least]
            if (most := schema.get("maxLength", 100_000)) < 5000:
                found += ["x" * most, "x" * (most + 1)]
            if not found and "format" not in schema and "enum" not in schema:
                found = ["", "ä€ \U0001f600/?#%"]
        elif kind == "array":
            item = self.of(schema.get("items", {}), full=True)
            if (least := schema.get("minItems", 0)) > 0:
                found.append([item] * (least - 1))
            if (most := schema.get("maxItems", 1000)) < 100:
                found += [[item] * most, [item] * (most + 1)]
            if not found:
                found = [[]]
        return found[:MOST_OF_A_KIND]


def _number(schema: Mapping[str, Any], kind: str) -> int | float:
    step = schema.get("multipleOf") or 1
    if isinstance(least := schema.get("minimum"), int | float):
        value: float = least
    elif isinstance(above := schema.get("exclusiveMinimum"), int | float):
        value = above + (1 if kind == "integer" else 0.5)
    else:
        value = 1 if kind == "integer" else 1.5
    for key in ("maximum", "exclusiveMaximum"):
        most = schema.get(key)
        if (
            isinstance(most, int | float)
            and value >= most
            and not ("minimum" in schema or "exclusiveMinimum" in schema)
        ):
            value = most if key == "maximum" else most - (1 if kind == "integer" else 0.5)
    if step != 1 and value % step:
        value = (value // step + 1) * step
    return _whole(value, kind)


def _whole(value: float, kind: str) -> int | float:
    return int(value) if kind == "integer" or (isinstance(value, float) and value.is_integer()) else value


def _string(schema: Mapping[str, Any]) -> str:
    if schema.get("format") in FORMATS:
        return FORMATS[str(schema["format"])]
    if "contentMediaType" in schema:
        return FORMATS["binary"]
    least, most = schema.get("minLength", 0), schema.get("maxLength", 1000)
    if "pattern" in schema and (made := text_for_pattern(schema["pattern"], least)) is not None:
        return made
    text = "text"[: max(int(most), 0)]
    return text + "x" * (int(least) - len(text))


def text_for_pattern(pattern: str, least: int = 0) -> str | None:
    """A short text that matches, for patterns of the usual parts; None for others."""
    try:
        from re import _parser  # type: ignore[attr-defined]  # the only public way to read a pattern is to write a parser

        for extra in (0, least):
            text = _text_of(_parser.parse(pattern), extra)
            if text is not None and re.search(pattern, text) and len(text) >= least:
                return text
    except (ImportError, re.error, RecursionError, OverflowError):
        pass
    return None


def _text_of(parsed: Any, extra: int) -> str | None:
    found = ""
    for code, value in parsed:
        name = str(code)
        if name == "LITERAL":
            found += chr(value)
        elif name in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        elif name == "IN":
            found += _one_of(value)
        elif name == "NOT_LITERAL":
            found += "b" if value == ord("a") else "a"
        elif name == "ANY":
            found += "a"
        elif name == "SUBPATTERN":
            inner = _text_of(value[3], extra)
            if inner is None:
                return None
            found += inner
        elif name == "BRANCH":
            inner = _text_of(value[1][0], extra)
            if inner is None:
                return None
            found += inner
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, part = value
            inner = _text_of(part, extra)
            if inner is None:
                return None
            found += inner * min(max(int(least), extra), int(most), 100)
        else:
            return None
    return found


CATEGORIES = {"CATEGORY_DIGIT": "1", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "a"}


def _one_of(parts: Any) -> str:
    negated = str(parts[0][0]) == "NEGATE"
    if negated:
        return next((c for c in "a1 -_.Z" if not any(_holds(part, c) for part in parts[1:])), "a")
    name, value = str(parts[0][0]), parts[0][1]
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(value[0])
    return CATEGORIES.get(str(value), "a")


def _holds(part: Any, character: str) -> bool:
    name, value = str(part[0]), part[1]
    if name == "LITERAL":
        return ord(character) == int(value)
    if name == "RANGE":
        return int(value[0]) <= ord(character) <= int(value[1])
    return {"CATEGORY_DIGIT": character.isdigit(), "CATEGORY_WORD": character.isalnum() or character == "_",
            "CATEGORY_SPACE": character.isspace()}.get(str(value), False)  # fmt: skip


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _toggled(path: str) -> str:
    return path[:-1] or "/" if path.endswith("/") else path + "/"
