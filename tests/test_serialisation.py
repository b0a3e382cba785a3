"""The table of what a model changes in JSON, against the installed FastAPI: each verdict is the codemod's.

For each value a handler returns it in a raw dict; the application is asked before and after `wrap-dict-returns`. Where
the codemod takes the value for proven, the two answers are the same bytes. Where it does not, the row says whether they
would be: a model with the obvious type is asked for that.
"""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options

HEAD = """
import json
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from math import nan
from pathlib import Path
from uuid import UUID, uuid5

from fastapi import FastAPI
from pydantic import BaseModel, HttpUrl

app = FastAPI()


class Color(str, Enum):
    red = "red"


class Level(IntEnum):
    low = 1


class Plain(Enum):
    one = "1"


class Item(BaseModel):
    name: str
    size: int = 1


class Weighed(BaseModel):
    weight: float
"""


class Row(NamedTuple):
    name: str
    value: str
    field: str
    """The type that a careless author would give it."""
    wire: str
    """`same` or `differs` with that type."""
    is_wrapped: bool = True


SAME = "same"
DIFFERS = "differs"
ROWS = (
    Row("str", "'é\\u2028<a> \"'", "str", SAME),
    Row("f-string", "f'{1}'", "str", SAME),
    Row("int", "3", "int", SAME),
    Row("big int", "2**70 if False else 1180591620717411303424", "int", SAME, is_wrapped=False),
    Row("big int literal", "1180591620717411303424", "int", SAME),
    Row("bool", "True", "bool", SAME),
    Row("None", "None", "None", SAME),
    Row("float", "1.5", "float", SAME),
    Row("float of zero", "-0.0", "float", SAME),
    Row("float that is large", "1e16", "float", SAME),
    # With the response class that it has anyway, a float is written as it is today.
    Row("float that is small", "1e-7", "float", DIFFERS),
    Row("float that may be small", "1 / 3", "float", SAME),
    Row("floats in containers", "[{'a': 1 / 3000000000, 'b': [float('1e-9'), 1]}]", "Any", DIFFERS),
    Row("floats by int", "{n: n / 30000000 for n in range(2)}", "dict[int, float]", DIFFERS),
    Row("float that is rounded", "round(1 / 3, 3)", "float", SAME),
    Row("float that is rounded to nothing", "round(1 / 3000000000, 4)", "float", SAME),
    Row("NaN", "nan", "float", DIFFERS, is_wrapped=False),
    Row("float of text", "float('inf')", "float", DIFFERS),
    Row("NaN of text", "float('nan')", "float", DIFFERS),
    Row("NaN or None", "float('nan') if len('a') else None", "float | None", DIFFERS),
    Row("NaN in a list", "[1, float('nan')]", "list[int | float]", DIFFERS),
    Row("NaN in a dict", "{str(n): float('nan') for n in range(1)}", "dict[str, float]", DIFFERS),
    Row("NaN in a model", "Weighed(weight=float('nan'))", "Weighed", DIFFERS),
    Row("JSON",
        "json.loads('{\"a\": [1e-7, 1.0, 5e300, 1, null, true, \"x\", {}], \"\": {\"b\": -0.0}}')",
        "Any", DIFFERS),
    Row("JSON with NaN", "json.loads('[NaN, {\"a\": -Infinity}]')", "Any", DIFFERS),
    Row("JSON of a surrogate", "json.loads('\"\\\\ud800\"')", "str", SAME),
    Row("JSON by key", "{k: v for k, v in json.loads('{\"a\": [NaN], \"b\": 1e-7}').items()}", "Any", DIFFERS),
    Row("list of JSON", "[v for v in json.loads('[NaN, 1e-7, {\"a\": 1}]')]", "Any", DIFFERS),
    Row("JSON or nothing", "json.loads('NaN') if len('a') else None", "Any", DIFFERS),
    Row("JSON beside others", "[json.loads('1e-7'), 'a', 1, None, [2.5], {}]", "Any", DIFFERS),
    Row("JSON or a date", "[json.loads('[1]'), date(2024, 1, 2)]", "Any", SAME, is_wrapped=False),
    Row("part of JSON", "json.loads('{\"a\": [1e-7]}')['a'][0]", "float", DIFFERS),
    Row("JSON or a default", "json.loads('{}').get('a', [])", "list", SAME),
    Row("JSON with Decimals", "json.loads('[1.50]', parse_float=Decimal)", "Any", DIFFERS, is_wrapped=False),
    Row("text of JSON", "json.loads('[\"A\"]')[0].lower()", "str", SAME),
    Row("keys of JSON", "[k for k in json.loads('{\"1\": 2}')]", "list[str]", SAME),
    Row("Decimal", "Decimal('1.50')", "Decimal", DIFFERS, is_wrapped=False),
    Row("naive datetime", "datetime.utcnow().replace(2024, 1, 2, 3, 4, 5, 6)", "datetime", SAME),
    Row("datetime in UTC", "datetime(2024, 1, 1, tzinfo=timezone.utc)", "datetime", DIFFERS, is_wrapped=False),
    Row("datetime with another offset", "datetime.now(timezone(timedelta(hours=2))).replace(2024, 1, 2, 3, 4, 5, 6)",
        "datetime", SAME, is_wrapped=False),
    Row("text of a datetime", "datetime(2024, 1, 1, tzinfo=timezone.utc).isoformat()", "str", SAME),
    Row("text of a datetime that is now", "datetime.now(timezone.utc).isoformat()[:4]", "str", SAME),
    Row("date", "date.fromisoformat('2024-01-02')", "date", SAME),
    Row("time", "time(1, 2, 3)", "time", SAME, is_wrapped=False),
    Row("timedelta", "timedelta(hours=1)", "timedelta", DIFFERS, is_wrapped=False),
    Row("UUID", "uuid5(UUID(int=1), 'a')", "UUID", SAME),
    Row("Path", "Path('/a') / 'b'", "Path", SAME),
    Row("str-Enum", "Color.red", "Color", SAME),
    Row("value of an enum", "Color.red.value", "str", SAME),
    Row("IntEnum", "Level.low", "Level", SAME),
    Row("Enum", "Plain.one", "Plain", SAME),
    Row("bytes", "b'abc'", "bytes", SAME),
    Row("bytes that are no text", "b'\\xff'", "bytes", SAME, is_wrapped=False),
    Row("list", "[1, 2]", "list[int]", SAME),
    Row("empty list", "[]", "list", SAME),
    Row("list of several types", "[1, 'a', None, True]", "list", SAME),
    Row("int and float", "[1, 2.5]", "list[int | float]", SAME),
    Row("tuple", "(1, 'a')", "tuple[int, str]", SAME),
    Row("set", "{1}", "set[int]", SAME),
    Row("dict", "{'a': {'b': 1}}", "dict", SAME),
    Row("dict with int keys", "{n: 'a' for n in range(2)}", "dict[int, str]", SAME),
    Row("dict with a key of None", "{None: 1}", "dict", DIFFERS, is_wrapped=False),
    Row("model", "Item(name='a')", "Item", SAME),
    Row("model with a float", "Weighed(weight=1e-7)", "Weighed", DIFFERS),
    Row("int for a float", "1", "float", DIFFERS),
    Row("text of a number for an int", "'1'", "int", DIFFERS),
    Row("int for a str", "1", "str", DIFFERS),
    Row("bool for an int", "True", "int", DIFFERS),
    Row("float for an int", "1.5", "int", DIFFERS),
    Row("None for a str", "None", "str", DIFFERS),
    Row("text for a bool", "'yes'", "bool", DIFFERS),
    Row("date for a datetime", "date.fromisoformat('2024-01-02')", "datetime", DIFFERS),
    Row("naive datetime for a date", "datetime.utcnow().replace(2024, 1, 2, 3, 4, 5, 6)", "date", DIFFERS),
    Row("text of a URL", "'http://EXAMPLE.com'", "HttpUrl", DIFFERS),
    Row("Decimal as anything", "Decimal('1.50')", "Any", DIFFERS, is_wrapped=False),
    Row("datetime in UTC as anything", "datetime(2024, 1, 1, tzinfo=timezone.utc)", "Any", DIFFERS, is_wrapped=False),
    Row("timedelta as anything", "timedelta(hours=1)", "Any", DIFFERS, is_wrapped=False),
)  # fmt: skip


def source(value: str) -> str:
    return f'{HEAD}\n\n@app.get("/")\ndef handler():\n    return {{"x": {value}}}\n'


def careless(value: str, field: str) -> str:
    model = f"from typing import Any\n\n\nclass Careless(BaseModel):\n    x: {field}\n"
    return f'{HEAD}\n{model}\n\n@app.get("/", response_model=Careless)\ndef handler():\n    return {{"x": {value}}}\n'


def answer(text: str) -> tuple[int, bytes]:
    """Status and body of `GET /`, 500 for an exception."""
    namespace: dict[str, object] = {"__name__": "serialisation"}
    exec(compile(text, "main.py", "exec", dont_inherit=True), namespace)
    sent: list[dict[str, object]] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": "/",
        "raw_path": b"/", "query_string": b"", "headers": [], "scheme": "http", "server": ("test", 80), "root_path": "",
    }  # fmt: skip
    try:
        asyncio.run(namespace["app"](scope, receive, send))  # type: ignore[operator]
    except Exception:
        return 500, b""
    body = b"".join(message.get("body", b"") for message in sent)  # type: ignore[misc]
    return sent[0]["status"], body  # type: ignore[return-value]


def wrapped(text: str, folder: Path) -> str | None:
    """The application after the codemod, None where it leaves the handler alone."""
    (folder / "main.py").write_text(text, "utf-8")
    plan = pipeline.plan(folder, [folder], Options(select=("wrap-dict-returns",), jobs=1, cache=False))
    return plan.changes[0].after.decode() if plan.changes else None  # type: ignore[union-attr]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", [pytest.param(row, id=re.sub(r"\W+", "-", row.name)) for row in ROWS])
def test_the_verdict_of_the_codemod_is_that_of_the_installed_fastapi(row, tmp_path):
    before = answer(source(row.value))

    after = wrapped(source(row.value), tmp_path)

    assert (after is not None) == row.is_wrapped
    if after is not None:
        assert answer(after) == before
    assert (answer(careless(row.value, row.field)) == before) == (row.wire == SAME)
