"""Comments that keep a codemod away."""

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Safety

HEAD = "from fastapi import APIRouter, Depends\n\nrouter = APIRouter()\n\n\ndef get(): ...\n\n\n"
UNUSED = "this comment suppresses nothing; remove it"


@pytest.fixture
def found(tmp_path):
    """What a check of the code reports: parameters, and lines of comments that suppress nothing."""

    def check(code, *select, head=HEAD):
        (tmp_path / "main.py").write_text(head + code)
        checked = pipeline.check(
            tmp_path, [], Options(select=select or ("depends-to-annotated",), safety=Safety.UNSAFE)
        )
        assert checked.skipped == ()
        unused = [warning for warning in checked.warnings if warning.endswith(UNUSED)]
        assert all("which is no codemod" in warning for warning in checked.warnings if warning not in unused)
        lines = [int(warning.split(":")[1]) - head.count("\n") for warning in unused]
        return [finding.anchor.rpartition(".")[2] for finding in checked.findings], lines

    return check


IGNORE = "# fastapi-codemods: ignore"
ONE = f"{IGNORE}[depends-to-annotated]"


def handler(first="", second="", above="", header="", decorator=""):
    return (
        f'{above}@router.get("/"){decorator}\ndef read({header}\n    a: int = Depends(get),{first}\n'
        f"    b: int = Depends(get),{second}\n): ...\n"
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(handler(), (["a", "b"], []), id="no comment"),
        pytest.param(handler(first=f"  {ONE}"), (["b"], []), id="on the line of a parameter"),
        pytest.param(handler(second=f"  {ONE}"), (["a"], []), id="on the line of another"),
        pytest.param(handler(header=f"  {ONE}"), ([], []), id="on the line of def"),
        pytest.param(handler(above=f"{ONE}\n"), ([], []), id="above the decorator"),
        pytest.param(handler(above=f"{ONE}\n\n# more\n"), ([], []), id="above, with more between"),
        pytest.param(handler(decorator=f"  {ONE}"), ([], []), id="on the line of the decorator"),
        pytest.param(handler(first=f"\n    {ONE}"), (["a"], []), id="in a line of its own above a parameter"),
        pytest.param(handler(above=f"x = 1  {ONE}\n"), (["a", "b"], [1]), id="on another statement"),
        pytest.param(f"x = 1\n{ONE}\n\n" + handler(), ([], []), id="below another statement"),
        pytest.param(handler() + f"{ONE}\n", (["a", "b"], [6]), id="at the end of the file"),
        pytest.param(handler() + f"    {ONE}\n", (["a", "b"], [6]), id="in the body"),
        pytest.param(handler(above=f"'''\n{ONE}\n'''\n"), (["a", "b"], []), id="in a string"),
        pytest.param(handler(above=f"x = '{ONE}'\n"), (["a", "b"], []), id="in a string on a line"),
        pytest.param(handler(above=f"{IGNORE}\n"), ([], []), id="without names"),
        pytest.param(handler(above=f"{IGNORE}[dependencies]\n"), ([], []), id="chapter"),
        pytest.param(handler(above=f"{IGNORE}[routing, dependencies]\n"), ([], []), id="several"),
        pytest.param(handler(above=f"{IGNORE}[x,depends-to-annotated]\n"), ([], []), id="several, without blanks"),
        pytest.param(handler(above=f"{IGNORE} [depends-to-annotated]\n"), ([], []), id="blank before the bracket"),
        pytest.param(handler(above="#fastapi-codemods:ignore\n"), ([], []), id="no blanks"),
        pytest.param(handler(above=f"{IGNORE}[routing]\n"), (["a", "b"], []), id="another chapter"),
        pytest.param(handler(above=f"{IGNORE}[on-event-to-lifespan]\n"), (["a", "b"], []), id="another codemod"),
        pytest.param("# fastapi-codemods: ignore-file\n" + handler(), ([], []), id="file"),
        pytest.param(handler() + "# fastapi-codemods: ignore-file[dependencies]\n", ([], []), id="file, at its end"),
        pytest.param("# fastapi-codemods: ignore-file[routing]\n" + handler(), (["a", "b"], []), id="file, another"),
        pytest.param("# fastapi-codemods: ignored\n" + handler(), (["a", "b"], []), id="another word"),
    ],
)
def test_a_comment_speaks_of_its_line_or_definition(found, code, expected):
    assert found(code) == expected


@pytest.mark.parametrize(
    ("above", "beside", "expected"),
    [(f"{ONE}\n", "", []), ("", f"  {ONE}", []), ("", "", ["a", "b"])],
    ids=["above", "beside", "none"],
)
def test_a_comment_on_a_class_speaks_of_its_methods(found, above, beside, expected):
    code = (
        f"{above}class Views:{beside}\n"
        "    def __init__(self, a: int = Depends(get)): ...\n\n"
        "    def __call__(self, b: int = Depends(get)): ...\n\n\n"
        '@router.get("/")\ndef read(views: Views = Depends(Views)): ...\n'
    )

    names, unused = found(code)

    assert [name for name in names if name in ("a", "b")] == [
        name for name in expected if name in names or not expected
    ]
    assert unused == []


def test_an_unused_comment_is_reported_only_where_all_that_it_names_ran(found):
    code = f"x = 1  {IGNORE}\ny = 1  {IGNORE}[routing]\nz = 1  {ONE}\n"

    assert found(code) == ([], [1, 3])
    assert found(code, "depends-to-annotated", "routing") == ([], [1, 2, 3])


def test_a_comment_in_a_file_of_odd_line_ends_is_found_in_its_line(found):
    code = handler(first=f"  {ONE}", second="\r").replace("\n", "\r\n")

    assert found(code, head=HEAD + "a = 1\rb = 2\n") == (["b"], [])


def test_a_comment_on_a_definition_that_was_not_read_is_no_error(tmp_path):
    (tmp_path / "large.py").write_text("x = 1\n" * 100_000)
    (tmp_path / "main.py").write_text(f"{HEAD}{handler()}\ndef f():  {ONE}\n    return = 1\n")

    checked = pipeline.check(tmp_path, [], Options(select=("depends-to-annotated",)))

    assert len(checked.findings) == 2


def test_a_comment_used_in_one_step_stays_used_in_the_next(tmp_path):
    (tmp_path / "main.py").write_text(HEAD + handler(first=f"  {ONE}"))

    planned = pipeline.plan(tmp_path, [], Options(select=("depends-to-annotated",)))

    assert planned.warnings == ()
    assert [len(step.findings) for step in planned.steps] == [1]
