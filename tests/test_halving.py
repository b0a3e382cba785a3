"""Which findings break a project is found with few examinations, and nothing of these stays in memory."""

import gc
import re
import sys
import weakref

import pytest

from fastapi_codemods import pipeline, registry
from fastapi_codemods.codemod import Codemod
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Safety
from fastapi_codemods.plan import FileChange
from fastapi_codemods.project import Project, Span
from fastapi_codemods.verify.halving import culprits, culprits_apart
from fastapi_codemods.verify.static.edited import problems_of_step
from fastapi_codemods.verify.static.examination import examine
from fastapi_codemods.verify.static.modules import Side

PARTS = 20
IN_EACH = 8


def test_parts_are_taken_apart_side_by_side():
    bad = {part * IN_EACH + part % IN_EACH for part in range(PARTS)}
    tries = []

    def faults(some):
        tries.append(some)
        return {number // IN_EACH: f"{number} is bad" for number in some if number in bad}

    found = culprits_apart([[range(p * IN_EACH, (p + 1) * IN_EACH)] for p in range(PARTS)], faults)

    assert found == {number: f"{number} is bad" for number in bad}
    assert len(tries) <= 8, "as many as one part needs"


def test_portions_that_are_likely_to_be_fine_are_tried_first():
    tries = []

    def faults(some):
        tries.append(list(some))
        return {0: "bad"} if 3 in some else {}

    assert culprits_apart([[[0, 1, 2, 4], [3]]], faults) == {3: "bad"}
    assert tries == [[0, 1, 2, 4], [0, 1, 2, 3, 4]]


def test_what_is_not_found_in_time_is_given_up():
    found = culprits("abcdefgh", lambda some: "bad" if some else None, most_tries=3)

    assert sorted(found) == list(range(8))
    assert "not found out in time" in found[7]


class Cutting(Codemod):
    """Takes a definition out; where something still needs it, that breaks the project."""

    safety = Safety.SAFE

    @property
    def name(self):
        return "cutting"

    @property
    def chapter(self):
        return "routing"

    def find(self, project):
        for module in project.modules():
            for match in re.finditer(r"# cut \w+\n(\w+) = [^\n]*\n", module.text):
                line = module.text.count("\n", 0, match.start()) + 1
                yield self.finding(module.location(line, 1, line), match[0], anchor=match[1], subject=match.span())

    def rewrite(self, project, findings, edits):
        for finding in findings:
            module = project.module(finding.location.path)
            assert module is not None
            edits.replace(module, Span(*finding.subject), "", finding)


@pytest.fixture
def examinations(monkeypatch):
    monkeypatch.setattr(registry, "select", lambda *_: [Cutting()])
    seen = []

    def counted(*arguments):
        seen.append(arguments)
        return problems_of_step(*arguments)

    monkeypatch.setattr(pipeline, "problems_of_step", counted)
    return seen


def application(root, number, bad):
    lines = ["from fastapi import FastAPI", "app = FastAPI()"]
    lines += [line for name in "abcdefgh" for line in (f"# cut {name}", f"{name}{number} = 1")]
    lines += ["@app.get('/')", "def read():", f"    return [{', '.join(f'{name}{number}' for name in bad)}]"]
    (root / f"app{number}.py").write_text("\n".join(lines) + "\n")


def test_many_files_need_no_more_examinations_than_the_worst_of_them(tmp_path, examinations):
    for number in range(10):
        application(tmp_path, number, "cf" if number % 2 else "")

    plan = pipeline.plan(tmp_path, [], Options())

    left = {finding.anchor for finding in plan.findings if finding.left_alone}
    assert left == {f"{name}{number}" for number in range(1, 10, 2) for name in "cf"}
    assert len(plan.steps[0].findings) == 70
    assert all("nothing binds it" in finding.left_alone for finding in plan.findings if finding.left_alone)
    assert len(examinations) <= 15


@pytest.mark.usefixtures("examinations")
def test_files_that_break_only_together_are_taken_apart_as_one(tmp_path):
    """`b.py` imports what `a.py` loses: the problem is in a file that another finding changed, too."""
    (tmp_path / "a.py").write_text(
        "from fastapi import FastAPI\napp = FastAPI()\n# cut one\none = 1\n# cut two\ntwo = 2\n"
    )
    (tmp_path / "b.py").write_text(
        "from fastapi import APIRouter\nfrom a import one\nrouter = APIRouter()\n# cut three\nthree = one\n"
    )

    plan = pipeline.plan(tmp_path, [], Options())

    assert {finding.anchor for finding in plan.findings if finding.left_alone} == {"one"}
    assert {finding.anchor for finding in plan.steps[0].findings} == {"two", "three"}


def test_a_project_that_was_only_examined_is_let_go_of(tmp_path):
    application(tmp_path, 0, "c")
    before = Project.open(tmp_path)
    text = (tmp_path / "app0.py").read_bytes()
    after = before.with_changes([FileChange("app0.py", text, text.replace(b"c0 = 1", b""))])

    assert examine(before, after, ["app0.py"]).problems
    kept = weakref.ref(after)
    del after
    gc.collect()

    assert kept() is None


def test_files_that_no_change_touches_are_read_once_for_both_sides(tmp_path):
    application(tmp_path, 0, "c")
    application(tmp_path, 1, "c")
    before = Side(Project.open(tmp_path))
    text = (tmp_path / "app0.py").read_bytes()
    after = before.changed(
        before.project.with_changes([FileChange("app0.py", text, text.replace(b"c0 = 1", b""))]), ["app0.py"]
    )

    assert after.names("app1.py") is before.names("app1.py")
    assert after.names("app0.py") != before.names("app0.py")


def test_a_new_file_is_not_what_is_imported_from_elsewhere(tmp_path):
    package = tmp_path / "shop"
    (package / "routers").mkdir(parents=True)
    for path in ("__init__.py", "routers/__init__.py"):
        (package / path).write_text("")
    (package / "main.py").write_text(
        "from fastapi import FastAPI\nfrom mcp import Client\nimport types\napp = FastAPI()\n"
    )
    before = Project.open(tmp_path)

    new = [FileChange(f"shop/routers/{name}.py", None, b"from mcp import Client\n") for name in ("mcp", "types")]
    after = before.with_changes(new)

    assert after.module_path("shop/routers/mcp.py", "mcp") is None
    assert after.module_path("shop/routers/mcp.py", "types") is None
    assert after.module_path("shop/main.py", "shop.routers.mcp") == "shop/routers/mcp.py"


def test_a_neighbour_is_not_what_the_standard_library_has(tmp_path):
    """`api` is a package without `__init__.py`: its modules are imported as `shop.api.types`."""
    (tmp_path / "shop" / "api").mkdir(parents=True)
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "api" / "types.py").write_text("Kind = int\n")
    own = "".join(f"from shop.api.types import Kind as kind{number}\n" for number in range(6))
    (tmp_path / "shop" / "api" / "items.py").write_text(
        f"from types import MappingProxyType\nfrom fastapi import APIRouter\n{own}router = APIRouter()\n"
    )
    project = Project.open(tmp_path)

    assert project.module_path("shop/api/items.py", "types") is None
    assert project.module_path("shop/api/items.py", "shop.api.types") == "shop/api/types.py"


def test_a_new_file_takes_the_name_of_a_package_where_imports_start_from_its_folder(tmp_path):
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\nfrom mcp import Client\napp = FastAPI()\n")
    before = Project.open(tmp_path)

    after = before.with_changes([FileChange("mcp.py", None, b"x = 1\n")])

    assert after.module_path("main.py", "mcp") == "mcp.py"


def test_a_statement_in_newer_syntax_does_not_end_the_examination(tmp_path):
    newer = "import json\n\nclass Text:\n    import os\n    def of(self, x):\n        return f\"{'\\n'.join(x)}\"\n"
    (tmp_path / "newer.py").write_text(newer)
    (tmp_path / "main.py").write_text("import newer\nfrom fastapi import FastAPI\n\napp = FastAPI()\n")
    project = Project.open(tmp_path)

    found = dict(Side(project).at_import("newer.py"))

    assert found["json"] == 1
    assert ("os" in found) == (sys.version_info >= (3, 12))
