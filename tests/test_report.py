"""The JSON document, against the schema in docs/ by hand-written rules, and its example in docs/json.md."""

import json
import re
from pathlib import Path

from fastapi_codemods.findings import Finding, Location, Safety, Skipped
from fastapi_codemods.plan import Plan
from fastapi_codemods.review.report import report

from .json_schema import assert_valid

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = json.loads((DOCS / "findings.schema.json").read_text())


def finding(name="depends-to-annotated", path="app/main.py", line=3, safety=Safety.SAFE, left_alone=None):
    return Finding(
        name,
        "dependencies",
        safety,
        Location(path, line, 5, line + 1),
        "a\nmessage ✓",
        f"f{line}",
        left_alone,
    )


PLAN = Plan(
    Path("/project"),
    findings=(
        finding(),
        finding(line=9, left_alone="because it is called"),
        finding("guide", "b\udcff.py", safety=Safety.REPORT),
    ),
    skipped=(Skipped("c.py", "has NUL bytes"),),
    warnings=("a comment suppresses nothing",),
)


def test_the_document_follows_the_schema():
    assert_valid(json.loads(report(PLAN)), SCHEMA)
    assert_valid(json.loads(report(Plan(Path("/project")))), SCHEMA)


def test_a_finding_has_exactly_the_documented_fields():
    assert list(json.loads(report(PLAN))["findings"][0].items()) == [
        ("codemod", "depends-to-annotated"),
        ("chapter", "dependencies"),
        ("safety", "safe"),
        ("path", "app/main.py"),
        ("line", 3),
        ("column", 5),
        ("end_line", 4),
        ("message", "a\nmessage ✓"),
        ("fixable", True),
        ("left_alone", None),
        ("fingerprint", finding().fingerprint),
    ]


def test_the_summary_counts():
    document = json.loads(report(PLAN))

    assert document["summary"] == {
        "findings": 3,
        "fixable": 1,
        "left_alone": 1,
        "files": 2,
        "skipped": 1,
        "codemods": {
            "depends-to-annotated": {"findings": 2, "fixable": 1, "left_alone": 1},
            "guide": {"findings": 1, "fixable": 0, "left_alone": 0},
        },
    }
    assert document["skipped"] == [{"path": "c.py", "reason": "has NUL bytes"}]
    assert document["warnings"] == ["a comment suppresses nothing"]


def test_the_text_is_ascii_with_one_finding_a_line():
    text = report(PLAN)

    assert text.isascii()
    assert len([line for line in text.splitlines() if '"fingerprint"' in line]) == 3
    assert json.loads(text)["findings"][2]["path"] == "b\udcff.py"


def test_the_fingerprint_survives_edits_above():
    assert finding(line=3).fingerprint != finding(line=9).fingerprint  # another anchor
    moved = Finding("depends-to-annotated", "dependencies", Safety.SAFE, Location("app/main.py", 99, 1, 99), "x", "f3")
    assert moved.fingerprint == finding(line=3).fingerprint


def test_the_documentation_shows_a_valid_document_and_every_field():
    text = (DOCS / "json.md").read_text()

    example, *_ = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    assert_valid(json.loads(example), SCHEMA)
    for field in SCHEMA["$defs"]["finding"]["properties"]:
        assert f"`{field}`" in text
