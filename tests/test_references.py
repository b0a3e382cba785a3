"""Every use of a name, in every file of a project."""

import pytest

from fastapi_codemods.project import Project, Symbol
from fastapi_codemods.project.references import lines_of, uses

DEFINITION = "from fastapi import Depends\ndef get(): ...\n"


@pytest.fixture
def used(tmp_path):
    """Path, line and kind of each use of `get` in deps.py."""

    def find(injected=True, **files):
        for path, text in {"deps": DEFINITION, **files}.items():
            file = tmp_path / (path + ".py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        symbol = Symbol("deps.py", "get")
        found = uses(Project.open(tmp_path), [symbol], injected=injected)[symbol]
        return [(use.path, use.line, use.kind) for use in found]

    return find


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("get()", "call"),
        ("x = await_(get)", "argument"),
        ("def f(a=Depends(get)): ...", "injected"),
        ("def f(a=Depends(dependency=get)): ...", "injected"),
        ("app.dependency_overrides[get] = x", "override"),
        ("app.dependency_overrides = {get: x}", "override"),
        ("get.__name__", "attribute"),
        ("get.cache_clear()", "method"),
        ("class A(get): ...", "base"),
        ("x: get", "annotation"),
        ("x: get = 1", "annotation"),
        ("def f(a: list[get]) -> int: ...", "annotation"),
        ("x = [get]", "value"),
        ("def f():\n    return 1 + get()", "call"),
    ],
)
def test_a_use_has_a_kind(used, code, kind):
    head = "from fastapi import Depends\nfrom deps import get\n"

    assert [found[::2] for found in used(main=f"{head}{code}\n")] == [("main.py", kind)]


@pytest.mark.parametrize(
    "text",
    [
        "from deps import get as g\ng()\n",
        "import deps\ndeps.get()\n",
        "import deps as d\nd.get()\n",
        "from deps import *\nget()\n",
        "def f():\n    from deps import get\n    get()\n",
        "try:\n    from deps import (\n        get,\n    )\nexcept ImportError:\n    get = None\nget()\n",
    ],
)
def test_a_use_is_found_however_it_was_imported(used, text):
    assert [path for path, _, kind in used(other=text) if kind == "call"] == ["other.py"]


@pytest.mark.parametrize(
    "text",
    [
        "def get(): ...\nget()\n",
        "from elsewhere import get\nget()\n",
        "import deps\nx.get()\n",
        "from deps import get\ndef f(get): get()\n",
        "from deps import get\nx = 'get()'  # get()\n",
    ],
)
def test_what_only_looks_like_a_use_is_none(used, text):
    assert used(other=text) == []


def test_injections_can_be_left_out(used):
    main = "from fastapi import Depends\nfrom deps import get\ndef f(a=Depends(get)): ...\nget()\n"

    assert used(injected=False, main=main) == [("main.py", 4, "call")]


def test_a_broken_file_among_others_is_no_error(used):
    assert used(main="from deps import get\nget()\n", bad="from deps import get\nget(\n") == [("main.py", 2, "call")]


def test_places_are_written_out():
    assert lines_of([]) == ""


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("    print(get)", "argument"),
        ("    if get(): pass", "call"),
        ("    x = get()", "call"),
        ("    return Depends(get)", "injected"),
        ("    @get(1)\n    def inner(): ...", "call"),
        ("    with open_(get) as opened:\n        pass", "argument"),
        ("    x = [\n        get,\n    ]", "value"),
        ("    def inner(a: get = None): ...", "annotation"),
        ("    get = 1\n    get()", ""),
        ("    for get in x:\n        get()", ""),
    ],
)
def test_long_statements_give_the_same_places(tmp_path, line, kind):
    """Of a long statement only the lines in question are parsed: lines, columns and kinds stay those of the whole."""
    head = "from fastapi import Depends\nfrom deps import get\n"
    found = []
    for padding in ("", "    # a word\n" * 200):
        (tmp_path / "deps.py").write_text(DEFINITION)
        (tmp_path / "main.py").write_text(f"{head}def f(x):\n{line}\n{padding}    return None\n")
        symbol = Symbol("deps.py", "get")
        used = uses(Project.open(tmp_path), [symbol])[symbol]
        found.append([(use.path, use.line, use.column, use.kind) for use in used])

    assert found[0] == found[1]
    assert [entry[3] for entry in found[0]] == ([kind] if kind else [])
