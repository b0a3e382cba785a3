"""The harness's own judgement: what it must see, and what it must not mistake for a fault."""

import tomllib

import pytest

from tests.harness import Case, different_pointers, different_route_fields, span_of_key, unresolved_names


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import os\nx = os.path + y", {"y"}),
        ("def f(x: int = Query(z)): ...", {"Query", "z"}),
        ("def f():\n    global g\n    g = 1\nprint(g, __file__, len)", set()),
        ("from x import *\nprint(z)", set()),
        ("x = [i for i in range(3)]\nlambda a: a + b", {"b"}),
        ("match 1:\n    case {'k': kk, **rest}: kk, rest", set()),
        # A local name is found at run time by an evaluated annotation, not by a postponed one.
        ("def f():\n    def dep(): ...\n    def h(x: A[int, dep]): ...", {"A"}),
        (
            "from __future__ import annotations\ndef f():\n    def d(): ...\n    def h(x: A[d]): ...",
            {"A", "d"},
        ),
        (
            "def h(x: 'User', y: Literal['a b'], z: list['X | None']) -> 'R': ...",
            {"User", "Literal", "X", "R"},
        ),
        ("from typing import Annotated\ndef h(w: Annotated['Q', 'meta']): ...", {"Q"}),
        (
            "from __future__ import annotations\nclass M:\n    class In: ...\n    k = 1\n    x: In\n    y: k",
            set(),
        ),
        ("if TYPE_CHECKING:\n    from a import B\nx: B", {"TYPE_CHECKING", "B"}),
    ],
)
def test_names_that_nothing_defines(source, expected):
    assert unresolved_names(source.encode()) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b/c": [1, 2]}}, {"a": {"b/c": [1, 3]}}, ["/a/b~1c/1"]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, [" (order)"]),
        ({"a": 1}, {"a": True}, ["/a"]),
        ({"a": 1}, {"b": 1}, ["/a", "/b"]),
    ],
)
def test_places_where_documents_differ(before, after, expected):
    assert list(different_pointers(before, after)) == expected


def test_routes_differ_in_fields_order_and_number():
    a = {"kind": "APIRoute", "path": "/a", "methods": ["GET"], "dependencies": ["user"]}
    b = {"kind": "APIRoute", "path": "/b", "methods": ["GET"], "dependencies": []}

    assert different_route_fields([a, b], [a, b]) == set()
    assert different_route_fields([a, b], [b, a]) == {"order"}
    assert different_route_fields([a, a], [a]) == {"removed GET /a #2"}
    assert different_route_fields([a], [a | {"dependencies": []}]) == {"dependencies"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lifespan = true\n",
        'app = "x"',
        '# kept\nfindings = ["a [x]"] # one\napp = false\n\n[[requests]]\npath = "findings = "\n',
        'findings = [\n    "a",\n    "b]",\n]\n\n[options]\nfindings = 2\n',
        "[options]\nfindings = 2\n",
    ],
)
def test_accepted_findings_leave_the_rest_of_case_toml_as_it_is(text, tmp_path):
    file = tmp_path / "case.toml"
    file.write_text(text)
    start, end = span_of_key(text, "findings")

    Case(tmp_path).accept_findings(["main.py:1 new"])

    assert tomllib.loads(file.read_text()) == tomllib.loads(text) | {"findings": ["main.py:1 new"]}
    assert file.read_text().startswith(text[:start])
    assert file.read_text().endswith(text[end:])


def test_an_unknown_key_of_case_toml_is_an_error(tmp_path):
    (tmp_path / "case.toml").write_text("finding = []\n")

    with pytest.raises(KeyError, match="finding"):
        Case(tmp_path).settings  # noqa: B018
