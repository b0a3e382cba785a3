"""The commands that run the application: what they print, and their exit codes."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from fastapi_codemods_cli.__main__ import run
from tests.json_schema import assert_valid

APP = """from fastapi import Depends, FastAPI

app = FastAPI()


def get_db():
    return 1


@app.get("/a")
def read(db: int = Depends(get_db)):
    return db
"""
DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def shop(tmp_path, monkeypatch):
    root = tmp_path / "shop"
    root.mkdir()
    (root / "main.py").write_text(APP)
    for arguments in (
        ["init", "-q"],
        ["add", "."],
        ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    monkeypatch.chdir(root)
    return root


def change(root, old, new):
    text = (root / "main.py").read_text()
    assert old in text
    (root / "main.py").write_text(text.replace(old, new))


@pytest.mark.usefixtures("shop")
def test_nothing_changed_is_exit_code_0(capsys):
    assert run(["verify", "--replay"]) == 0

    printed = capsys.readouterr()

    assert printed.out == ""
    assert re.search(r"main:app: 5 routes, \d+ requests compared in .* no difference", printed.err)


def test_a_change_by_hand_is_compared_with_the_last_commit_one_line_each(shop, capsys):
    change(shop, "db: int = Depends(get_db)", "db: int = 1")

    assert run(["verify"]) == 1

    lines = capsys.readouterr().out.splitlines()

    assert "dependency: GET /a: it depends on get_db no longer" in lines
    assert "non-breaking: GET /a: a new query parameter db" in lines


def test_the_json_document_is_as_its_schema_says(shop, capsys):
    change(shop, "return db", "return [db]")

    assert run(["verify", "--format", "json", "--replay", "--app", "main:app"]) == 1

    document = json.loads(capsys.readouterr().out)
    assert_valid(document, json.loads((DOCS / "verification.schema.json").read_text()))
    assert {difference["class"] for difference in document["differences"]} == {"response"}


def test_the_documented_example_is_as_the_schema_says():
    text = (DOCS / "json.md").read_text().partition("# `verify --format json`")[2]
    example = re.search(r"```json\n(.*?)```", text, re.DOTALL)
    assert example is not None

    assert_valid(json.loads(example[1]), json.loads((DOCS / "verification.schema.json").read_text()))


def test_a_folder_is_a_before_too(shop, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    (other / "main.py").write_text(APP.replace("/a", "/b"))

    assert run(["verify", str(other), "--against", str(shop)]) == 1
    assert "route: GET /a: the route is gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["verify", "--against", "no-such-thing"], "no revision"),
        (["verify", "--app", "main"], "module:name"),
        (["verify", "--app", "main:nothing"], "AttributeError"),
        (["verify", "--env", "novalue"], "NAME=VALUE"),
        (["verify", "--python", "/no/such/python"], "no interpreter"),
        (["diff", "--replay"], "needs --verify"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_cannot_be_done_is_exit_code_2(capsys, words, message):
    assert run(words) == 2
    assert message in capsys.readouterr().err


def test_an_application_that_could_not_be_imported_before_is_said(shop, capsys):
    change(shop, "app = FastAPI()", "app = FastAPI()\nraise RuntimeError('no database')")

    assert run(["verify", "--against", str(shop)]) == 2
    assert "RuntimeError: no database (main.py:4)" in capsys.readouterr().err


def test_a_plan_is_verified_and_shown(shop, capsys):
    assert run(["diff", "--select", "depends-to-annotated", "--verify", "--replay"]) == 0

    printed = capsys.readouterr()

    assert "+def read(db: Annotated[int, Depends(get_db)]):" in printed.out
    assert "verified: main:app: 5 routes" in printed.err
    assert (shop / "main.py").read_text() == APP


@pytest.mark.usefixtures("shop")
def test_a_plan_and_what_it_does_as_json(capsys):
    assert run(["diff", "--select", "depends-to-annotated", "--verify", "--format", "json"]) == 0

    document = json.loads(capsys.readouterr().out)

    assert document["steps"][0]["codemod"] == "depends-to-annotated"
    assert "+def read" in document["patch"]
    assert document["verification"]["differences"] == []


def test_apply_verifies_and_then_writes(shop):
    assert run(["apply", "--select", "depends-to-annotated", "--verify"]) == 0
    assert "Annotated[int, Depends(get_db)]" in (shop / "main.py").read_text()


TEST = """from pathlib import Path


def test_text():
    assert "Annotated" not in Path("main.py").read_text()
"""


def test_tests_that_fail_after_apply_are_named_with_the_way_back(shop, capsys):
    (shop / "test_main.py").write_text(TEST)
    words = ["apply", "--select", "depends-to-annotated", "--allow-dirty", "--test-command", "python -m pytest -q"]

    assert run(words) == 1

    assert "test: test_main::test_text: it passed and fails" in capsys.readouterr().err
    assert "Annotated" in (shop / "main.py").read_text()


def test_undo_is_offered_where_somebody_can_answer(shop, capsys, monkeypatch):
    (shop / "test_main.py").write_text(TEST)
    monkeypatch.setattr("fastapi_codemods_cli.verification._wants_undo", lambda count: count == 1)

    assert run(["apply", "--select", "depends-to-annotated", "--allow-dirty", "--test-command", "pytest -q"]) == 1

    assert "undone" in capsys.readouterr().out
    assert (shop / "main.py").read_text() == APP


def test_with_verify_a_finding_that_breaks_a_test_is_left_alone(shop, capsys):
    (shop / "test_main.py").write_text(TEST)
    words = ["apply", "--select", "depends-to-annotated", "--allow-dirty", "--verify", "--test-command", "pytest -q"]

    assert run(words) == 0

    assert (
        "left alone: it would change what the application does: test: test_main::test_text" in capsys.readouterr().err
    )
    assert (shop / "main.py").read_text() == APP
