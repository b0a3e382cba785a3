"""Where a new import goes, and how edits meet."""

import pytest

from fastapi_codemods.edits import Edits, reachable_as
from fastapi_codemods.errors import BrokenResultError, ConflictError
from fastapi_codemods.findings import Finding, Location, Safety
from fastapi_codemods.project import Project, Span


def finding(anchor="a", codemod="a-codemod"):
    return Finding(codemod, "routing", Safety.SAFE, Location("main.py", 1, 1, 1), "m", anchor)


@pytest.fixture
def opened(tmp_path):
    def open_project(text, **files):
        (tmp_path / "main.py").write_bytes(text if isinstance(text, bytes) else text.encode())
        for name, content in files.items():
            (tmp_path / name.replace("__", ".")).write_text(content)
        project = Project.open(tmp_path)
        assert project.skipped == []
        return project

    return open_project


@pytest.fixture
def imported(opened):
    """The file with the imports added that the names need; the file itself where they are there already."""

    def add(text, *names, **files):
        project = opened(text, **files)
        module = project.module("main.py")
        edits = Edits(project)
        for name in names or ("typing.Annotated",):
            edits.name(module, name, finding())
        changes = edits.changes()
        return ((changes[0].after or b"") if changes else module.data).decode()

    return add


MERGED = {
    "sorted": ("from typing import Any, Dict\n", "from typing import Annotated, Any, Dict\n"),
    "last": ("from typing import AA\n", "from typing import AA, Annotated\n"),
    "unsorted": ("from typing import Optional, Any\n", "from typing import Optional, Any, Annotated\n"),
    "constants first": (
        "from typing import TYPE_CHECKING, Any\n",
        "from typing import TYPE_CHECKING, Annotated, Any\n",
    ),
    "alias": ("from typing import Any as A, Dict\n", "from typing import Annotated, Any as A, Dict\n"),
    "comment behind": ("from typing import Any  # why\n", "from typing import Annotated, Any  # why\n"),
    "brackets on one line": ("from typing import (Any, Dict)\n", "from typing import (Annotated, Any, Dict)\n"),
    "one per line": (
        "from typing import (\n    Any,\n    Dict,  # why\n)\n",
        "from typing import (\n    Annotated,\n    Any,\n    Dict,  # why\n)\n",
    ),
    "one per line, at the end": (
        "from typing import (\n    AA,\n    AB,  # why\n)\n",
        "from typing import (\n    AA,\n    AB,  # why\n    Annotated,\n)\n",
    ),
    "one per line, no comma": (
        "from typing import (\n    AA,\n    AB  # why\n)\n",
        "from typing import (\n    AA,\n    AB,  # why\n    Annotated,\n)\n",
    ),
    "one per line, in the middle": (
        "from typing import (\n    AA,\n    Any\n)\n",
        "from typing import (\n    AA,\n    Annotated,\n    Any\n)\n",
    ),
    "one per line, CRLF": (
        "from typing import (\r\n    AA,\r\n    AB\r\n)\r\n",
        "from typing import (\r\n    AA,\r\n    AB,\r\n    Annotated,\r\n)\r\n",
    ),
    "one per line, lone CR": (
        "from typing import (\r    AA,\r    AB\r)\r",
        "from typing import (\r    AA,\r    AB,\r    Annotated,\r)\r",
    ),
    "several per line": (
        "from typing import (\n    AA, AB,\n    Any, Dict,\n)\n",
        "from typing import (\n    AA, AB,\n    Annotated, Any, Dict,\n)\n",
    ),
    "continued": ("from typing import Any, \\\n    Dict\n", "from typing import Annotated, Any, \\\n    Dict\n"),
    "first of two": ("from typing import Any; import os\n", "from typing import Annotated, Any; import os\n"),
    "second of two": ("import os; from typing import Any\n", "import os; from typing import Annotated, Any\n"),
    "no final newline": ("from typing import Any", "from typing import Annotated, Any"),
    "too long": (
        "from typing import Any, Callable, Dict, Generator, Iterable, Iterator, List, Mapping  # n\n",
        "from typing import (\n"
        + "".join(
            f"    {n},\n"
            for n in ["Annotated", "Any", "Callable", "Dict", "Generator", "Iterable", "Iterator", "List", "Mapping"]
        )
        + ")  # n\n",
    ),
    "too long, CRLF": (
        f"from typing import B{'b' * 39}, C{'c' * 39}\r\n",
        f"from typing import (\r\n    Annotated,\r\n    B{'b' * 39},\r\n    C{'c' * 39},\r\n)\r\n",
    ),
    "only under TYPE_CHECKING": (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from typing import Annotated\n",
        "from typing import TYPE_CHECKING, Annotated\nif TYPE_CHECKING:\n    from typing import Annotated\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), [pytest.param(*pair, id=name) for name, pair in MERGED.items()])
def test_a_name_joins_the_import_from_its_module(imported, before, after):
    assert imported(before) == after


PLACED = {
    "sections": (
        "import os\nimport sys\n\nfrom fastapi import FastAPI\n\nfrom local import x\n",
        "import os\nimport sys\nfrom typing import Annotated\n\nfrom fastapi import FastAPI\n\nfrom local import x\n",
    ),
    "before another of its section": (
        "import os\nfrom zlib import a\n\nfrom fastapi import FastAPI\n",
        "import os\nfrom typing import Annotated\nfrom zlib import a\n\nfrom fastapi import FastAPI\n",
    ),
    "no blank lines between sections": (
        "import os\nfrom fastapi import FastAPI\nfrom local import x\n",
        "import os\nfrom typing import Annotated\nfrom fastapi import FastAPI\nfrom local import x\n",
    ),
    "a section of its own": (
        "from fastapi import FastAPI  # why\nx = 1\n",
        "from typing import Annotated\n\nfrom fastapi import FastAPI  # why\nx = 1\n",
    ),
    "above relative imports": ("from . import a\n", "from typing import Annotated\n\nfrom . import a\n"),
    "below an import of several lines": (
        "from os import (\n    a,\n    b,\n)  # c\n",
        "from os import (\n    a,\n    b,\n)  # c\nfrom typing import Annotated\n",
    ),
    "docstring": ('"""Doc."""\n\nx = 1\n', '"""Doc."""\n\nfrom typing import Annotated\n\nx = 1\n'),
    "docstring with code right below": ('"""Doc."""\nx = 1\n', '"""Doc."""\n\nfrom typing import Annotated\n\nx = 1\n'),
    "docstring of several lines": (
        '"""Doc.\n\nMore.\n"""\n\n\ndef f(): ...\n',
        '"""Doc.\n\nMore.\n"""\n\nfrom typing import Annotated\n\n\ndef f(): ...\n',
    ),
    "docstring alone": ('"""Doc."""', '"""Doc."""\n\nfrom typing import Annotated'),
    "future": (
        '"""Doc."""\nfrom __future__ import annotations\n\nx = 1\n',
        '"""Doc."""\nfrom __future__ import annotations\n\nfrom typing import Annotated\n\nx = 1\n',
    ),
    "future and imports": (
        "from __future__ import annotations\n\nimport fastapi\n",
        "from __future__ import annotations\n\nfrom typing import Annotated\n\nimport fastapi\n",
    ),
    "shebang and license": (
        "#!/usr/bin/env python\n# license\n\nx = 1\n",
        "#!/usr/bin/env python\n# license\n\nfrom typing import Annotated\n\nx = 1\n",
    ),
    "byte order mark": ("\ufeffx = 1\n", "\ufefffrom typing import Annotated\n\nx = 1\n"),
    "CRLF": (
        "import os\r\n\r\nfrom fastapi import FastAPI\r\n",
        "import os\r\nfrom typing import Annotated\r\n\r\nfrom fastapi import FastAPI\r\n",
    ),
    "lone CR": (
        "import os\rfrom fastapi import FastAPI\r",
        "import os\rfrom typing import Annotated\rfrom fastapi import FastAPI\r",
    ),
    "no final newline": ("import os", "import os\nfrom typing import Annotated"),
    "two on a line": ("import os; import sys\nx\n", "import os; import sys\nfrom typing import Annotated\nx\n"),
    "no imports": ("x = 1\n", "from typing import Annotated\n\nx = 1\n"),
    "only a comment": ("# a", "# a\nfrom typing import Annotated\n"),
    "empty": ("", "from typing import Annotated\n"),
    "imports only below a definition": (
        "def f(): ...\nfrom typing import Any\n",
        "from typing import Annotated\n\n\ndef f(): ...\nfrom typing import Any\n",
    ),
    "imports only below a definition in a block": (
        "if 1:\n    def f(): ...\nimport os\n",
        "from typing import Annotated\n\nif 1:\n    def f(): ...\nimport os\n",
    ),
    "star": ("from typing import *\n", "from typing import Annotated\nfrom typing import *\n"),
}


@pytest.mark.parametrize(("before", "after"), [pytest.param(*pair, id=name) for name, pair in PLACED.items()])
def test_a_new_import_stands_where_isort_puts_it(imported, before, after):
    assert imported(before) == after


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("from typing import Annotated\n", "Annotated"),
        ("from typing_extensions import Annotated\n", "Annotated"),
        ("from typing import Annotated as A\n", "A"),
        ("import typing\n", "typing.Annotated"),
        ("import typing as t\n", "t.Annotated"),
        (
            "try:\n    from typing import Annotated\nexcept:\n    from typing_extensions import Annotated\n",
            "Annotated",
        ),
    ],
)
def test_a_name_that_is_there_already_is_used(opened, text, expression):
    module = opened(text).module("main.py")

    assert reachable_as(module, "typing.Annotated") == (expression, None)


@pytest.mark.parametrize(
    "text",
    [
        "Annotated = 1\n",
        "def Annotated(): ...\n",
        "from mine import Annotated\n",
        "from typing import Annotated\nAnnotated = 1\n",
        "from typing import Annotated\nfrom mine import Annotated\n",
        "def f():\n    global Annotated\n",
    ],
)
def test_a_name_that_is_taken_is_not(opened, text):
    project = opened(text)
    module = project.module("main.py")

    assert reachable_as(module, "typing.Annotated") is None
    with pytest.raises(BrokenResultError, match="the name is taken"):
        Edits(project).name(module, "typing.Annotated", finding())


def test_several_names_are_added_together(imported):
    text = "from fastapi import Depends\nfrom typing import Any\n"

    assert imported(text, "typing.Annotated", "fastapi.Query", "typing.Annotated") == (
        "from fastapi import Depends, Query\nfrom typing import Annotated, Any\n"
    )


def test_the_line_length_is_the_projects(imported):
    text = "from typing import Any, Callable\n"

    assert imported(text, pyproject__toml="[tool.ruff]\nline-length = 40\n") == (
        "from typing import (\n    Annotated,\n    Any,\n    Callable,\n)\n"
    )


class TestEdits:
    def test_that_want_the_same_text_are_a_conflict_that_names_both_findings(self, opened):
        project = opened("x = 1\ny = 2\n")
        module = project.module("main.py")
        edits = Edits(project)
        edits.replace(module, Span(6, 11), "z = 3", finding("y"))
        edits.replace(module, Span(10, 11), "4", finding("two", "another"))

        with pytest.raises(ConflictError) as caught:
            edits.changes()

        assert "main.py:2: a-codemod (y) and another (two)" in str(caught.value)

    def test_that_are_the_same_are_one(self, opened):
        project = opened("x = 1\n")
        module = project.module("main.py")
        edits = Edits(project)
        for _ in range(2):
            edits.replace(module, Span(4, 5), "2", finding())

        assert [change.after for change in edits.changes()] == [b"x = 2\n"]

    def test_of_several_findings_that_are_the_same_are_one(self, opened):
        project = opened("x = 1\n")
        module = project.module("main.py")
        edits = Edits(project)
        edits.replace(module, Span(4, 5), "2", finding("a"))
        edits.replace(module, Span(4, 5), "2", finding("b"))

        assert [change.after for change in edits.changes()] == [b"x = 2\n"]

    def test_that_touch_are_none(self, opened):
        project = opened("ab\n")
        module = project.module("main.py")
        edits = Edits(project)
        edits.replace(module, Span(1, 2), "B", finding("b"))
        edits.replace(module, Span(0, 1), "A", finding("a"))
        edits.insert(module, 1, "-", finding("c"))

        assert [change.after for change in edits.changes()] == [b"A-B\n"]

    def test_keep_every_other_byte(self, opened):
        project = opened(b"# coding: latin-1\r\nx = 1 # \xe4\r\ny = '\xe4'\n\n\f")
        module = project.module("main.py")
        edits = Edits(project)
        edits.replace(module, Span(module.text.index("1 #"), module.text.index(" #")), "2", finding())

        assert edits.changes()[0].after == b"# coding: latin-1\r\nx = 2 # \xe4\r\ny = '\xe4'\n\n\f"

    def test_that_the_encoding_cannot_write_are_an_error(self, opened):
        project = opened(b"# coding: latin-1\nx = 1\n")
        module = project.module("main.py")
        edits = Edits(project)
        edits.insert(module, len(module.text), "# €\n", finding())

        with pytest.raises(BrokenResultError, match=r"main\.py cannot be written: its encoding"):
            edits.changes()

    def test_that_change_nothing_are_no_change(self, opened):
        project = opened("x = 1\n")
        module = project.module("main.py")
        edits = Edits(project)
        edits.replace(module, Span(4, 5), "1", finding())

        assert edits.changes() == ()
