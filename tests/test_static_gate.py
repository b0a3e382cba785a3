"""The static gate: what it says, and above all what it does not say."""

import pytest

from fastapi_codemods import registry
from fastapi_codemods.findings import Safety
from fastapi_codemods.project import Project
from fastapi_codemods.verify.static import examine
from tests.harness import cases, write_tree

CHANGING = [case for case in cases() if case.changes]


def sides(tmp_path, before, after):
    files = [{path: text.encode() for path, text in tree.items()} for tree in (before, after)]
    before, after = (write_tree(tmp_path / name, tree) for name, tree in zip(("before", "after"), files, strict=True))
    return Project.open(before, jobs=1), Project.open(after, jobs=1)


@pytest.fixture
def said(tmp_path):
    def say(before, after):
        if isinstance(before, str):
            before, after = {"main.py": before}, {"main.py": after}
        return [f"{problem.kind}: {problem}" for problem in examine(*sides(tmp_path, before, after)).problems]

    return say


@pytest.mark.parametrize("case", CHANGING, ids=str)
def test_what_the_codemods_do_to_the_fixtures_raises_no_alarm(case, tmp_path):
    before, after = (write_tree(tmp_path / name, tree) for name, tree in (("b", case.before), ("a", case.after)))

    found = examine(Project.open(before, jobs=1), Project.open(after, jobs=1))

    codemod = registry.get(case.codemod)
    # Findings of a safe codemod may be contract with an option; such a case declares what changes in OpenAPI.
    is_contract = codemod.safety >= Safety.CONTRACT or "openapi" in case.declared
    declared = {"route", "order"} if is_contract else set(codemod.effects or ())
    if "dependency" in (codemod.effects or ()):
        declared.add("injection")  # of the kinds of the static gate, the one for dependencies that are new
    assert [p for p in found.problems if p.kind not in declared] == []


@pytest.mark.parametrize(
    "after",
    [
        "x = [y for y in (1, 2) if y]\nprint(x)\n",
        "def f(a, /, *b, c=1, **d):\n    return a, b, c, d, f\n",
        "class A:\n    b = 1\n    c: int = b\n\n    def d(self) -> 'A':\n        return A()\n",
        "if (n := 3) > 2:\n    print(n)\n",
        "def f():\n    global later\n    later = 1\n\n\ndef g():\n    return later\n",
        "try:\n    import nowhere\nexcept ImportError as error:\n    print(error)\n",
        "match [1]:\n    case [first, *rest]:\n        print(first, rest)\n",
        "f = lambda: below\nbelow = 1\n",
        "from unknown import *\n\nprint(anything)\n",
        "with open(__file__) as file:\n    print(file)\n",
        "from __future__ import annotations\n\n\ndef f() -> A: ...\n\n\nclass A: ...\n",
        "def outer():\n    from os import path\n\n    def inner():\n        return path\n\n    return inner\n",
        "from typing import Literal\n\nKind = Literal['a', 'b']\n\n\ndef f(kind: Literal['c']): ...\n",
        "def f(x):\n    y: Unknown.__class__ if 0 else int\n    return x\n\n\nUnknown = 1\n",
    ],
)
def test_names_that_python_finds_are_found(said, after):
    assert said("x = 1\n", after) == []


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("def f():\n    return missing\n", "`missing` in `f` is used, but nothing binds it"),
        ("class A:\n    b = 1\n\n    def c(self):\n        return b\n", "`b` in `A.c` is used, but nothing binds it"),
        ("def f(x: 'Missing'): ...\n", "`Missing` in `f` is used in an annotation"),
        ("def f(x: list['Missing']): ...\n", "`Missing` in `f` is used in an annotation"),
        ("from __future__ import annotations\n\n\ndef f() -> Missing: ...\n", "`Missing` in `f` is used in an annot"),
        ("print(below)\nbelow = 1\n", "`below` is used here, but bound only later, in line 2"),
        ("x = [y for y in z]\n", "`z` is used, but nothing binds it"),
        ("try:\n    pass\nexcept Missing:\n    pass\n", "`Missing` is used"),
        ("__all__ = ['x', 'y']\nx = 1\n", "`__all__` lists `y`, but nothing binds it"),
        (
            "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from os import path\n\n\ndef f():\n    path\n",
            "`path` in `f` is imported only for type checkers, but used when the program runs",
        ),
        ("def f(a, a): ...\n", "duplicate argument"),
        ("return 1\n", "'return' outside function"),
    ],
)
def test_names_that_nothing_binds_are_named(said, after, expected):
    (problem,) = said("x = 1\n", after)

    assert expected in problem


def test_what_was_wrong_before_is_not_said_again(said):
    assert said("def f():\n    return missing\n", "def f():\n    return missing, 1\n") == []
    assert said("def f(:\n", "def f(::\n") == []


def test_a_function_that_is_no_handler_may_use_what_only_type_checkers_know(said):
    before = "from __future__ import annotations\nfrom os import PathLike\n\n\ndef f(path: PathLike): ...\n"
    after = before.replace(
        "from os import PathLike", "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from os import PathLike"
    )
    handler = "\nfrom fastapi import Depends\n\nd = Depends(f)\n"

    assert said(before, after) == []
    assert any("query parameter" in problem for problem in said(before + handler, after + handler))


def test_a_field_of_a_model_may_not(said):
    before = (
        "from __future__ import annotations\nfrom datetime import date\nfrom pydantic import BaseModel\n\n\n"
        "class Plain:\n    day: date\n\n\nclass Day(BaseModel):\n    day: date\n"
    )
    after = before.replace(
        "from datetime import date",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from datetime import date",
    )

    (problem,) = said(before, after)

    assert "`date` in `Day` is imported only for type checkers" in problem


def test_imports_in_functions_and_for_type_checkers_make_no_cycle(said):
    before = {"a.py": "import b\n", "b.py": "x = 1\n"}
    checking = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\n"

    assert said(before, before | {"b.py": "def f():\n    import a\n\n    return a\n"}) == []
    assert said(before, before | {"b.py": checking + "x = 1\n"}) == []
    assert said(before, before | {"b.py": "import a\n\nx = a\n"}) == [
        "cycle: b.py:1: a new import cycle: b.py -> a.py -> b.py"
    ]


def test_a_cycle_that_was_there_before_is_none_of_the_change(said):
    before = {"a.py": "import b\n", "b.py": "import a\n", "c.py": "x = 1\n"}

    assert said(before, before | {"b.py": "from a import b\n"}) == []


def test_a_module_in_a_package_without_init_that_is_gone(said):
    before = {"app/main.py": "from app.users import find\n\nfind()\n", "app/users.py": "def find(): ...\n"}

    (problem,) = said(before, {"app/main.py": before["app/main.py"]})

    assert problem.startswith("import: app/main.py:1: `app.users.find` is imported, but there is no such module")


def test_an_attribute_of_a_module_that_is_gone(said):
    before = {"main.py": "import crud\n\n\ndef f():\n    return crud.get()\n", "crud.py": "def get(): ...\n"}

    (problem,) = said(before, before | {"crud.py": "def fetch(): ...\n"})

    assert problem == "import: main.py:5: `crud.get` needs `get` in crud.py, which has none"


def test_routes_that_are_not_certain_are_not_judged(tmp_path):
    text = (
        "from fastapi import FastAPI\nfrom elsewhere import path\n\napp = FastAPI()\n\n@app.get(path)\ndef f(): ...\n"
    )

    found = examine(*sides(tmp_path, {"main.py": text}, {"main.py": text.replace("f()", "show()")}))

    assert found.problems == ()
    (sentence,) = found.not_judged
    assert "main.py:6: GET ? (`show`) of `main:app` cannot be judged from the text: its path is not known" in sentence


def test_a_handler_that_moves_along_with_its_fault_is_not_said(said):
    fault = "\n\ndef f():\n    return missing\n"

    assert said({"a.py": "x = 1" + fault, "b.py": "x = 1\n"}, {"a.py": "x = 1\n", "b.py": "x = 1" + fault}) == []
