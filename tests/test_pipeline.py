"""Steps, fingerprints and places, with codemods made for the test."""

import re

import pytest

from fastapi_codemods import pipeline, registry
from fastapi_codemods.codemod import Codemod
from fastapi_codemods.config import Options
from fastapi_codemods.errors import BrokenResultError, ConflictError
from fastapi_codemods.findings import Safety
from fastapi_codemods.plan import FileChange
from fastapi_codemods.project import Span


def replacing(name, old, new, *, after=(), left_alone=None):
    """A codemod that writes `new` for each word `old`."""

    class Replacing(Codemod):
        safety = Safety.SAFE

        @property
        def name(self):
            return name

        @property
        def chapter(self):
            return "routing"

        def find(self, project):
            for module in project.modules():
                for match in re.finditer(rf"\b{old}\b", module.text):
                    line = module.text.count("\n", 0, match.start()) + 1
                    column = match.start() - module.text.rfind("\n", 0, match.start())
                    location = module.location(line, column, line)
                    yield self.finding(location, old, anchor=old, left_alone=left_alone, subject=match.span())

        def rewrite(self, project, findings, edits):
            for finding in findings:
                module = project.module(finding.location.path)
                assert module is not None
                edits.replace(module, Span(*finding.subject), new, finding)

    Replacing.after = after
    return Replacing()


@pytest.fixture
def project(tmp_path, monkeypatch):
    def make(*codemods, **files):
        monkeypatch.setattr(registry, "select", lambda *_: list(codemods))
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(f"from fastapi import FastAPI\n{text}")
        return tmp_path

    return make


def test_the_second_step_sees_the_result_of_the_first(project):
    root = project(replacing("first", "a", "b"), replacing("second", "b", "c"), main="a = 1\nb = 2\n", other="b = 1\n")

    planned = pipeline.plan(root, [], Options())

    assert [(step.codemod, len(step.findings)) for step in planned.steps] == [("first", 1), ("second", 3)]
    assert [(change.path, change.before, change.after) for change in planned.changes] == [
        ("main.py", b"from fastapi import FastAPI\na = 1\nb = 2\n", b"from fastapi import FastAPI\nc = 1\nc = 2\n"),
        ("other.py", b"from fastapi import FastAPI\nb = 1\n", b"from fastapi import FastAPI\nc = 1\n"),
    ]
    assert (root / "main.py").read_text() == "from fastapi import FastAPI\na = 1\nb = 2\n"


def test_a_file_that_comes_back_to_its_start_is_not_changed(project):
    root = project(replacing("there", "a", "b"), replacing("back", "b", "a"), main="a = 1\n")

    planned = pipeline.plan(root, [], Options())

    assert len(planned.steps) == 2
    assert planned.changes == ()


def test_a_rejected_finding_is_planned_without(project):
    root = project(replacing("first", "a", "b"), replacing("second", "b", "c"), main="a = 1\na = 2\n")
    (first, second) = pipeline.plan(root, [], Options()).steps[0].findings

    planned = pipeline.plan(root, [], Options(), rejected={first.fingerprint})

    assert [change.after for change in planned.changes] == [b"from fastapi import FastAPI\na = 1\nc = 2\n"]
    assert second.fingerprint in {finding.fingerprint for finding in planned.findings}
    assert first.fingerprint in {finding.fingerprint for finding in planned.findings}


def test_what_is_left_alone_is_found_but_not_rewritten(project):
    root = project(replacing("first", "a", "b", left_alone="why"), main="a = 1\n")

    planned = pipeline.plan(root, [], Options())

    assert [finding.left_alone for finding in planned.findings] == ["why"]
    assert planned.steps == ()


def test_fingerprints_survive_edits_above_and_tell_equal_anchors_apart(project):
    root = project(replacing("first", "a", "b"), main="a = 1\na = 2\n")
    before = pipeline.check(root, [], Options()).findings
    (root / "main.py").write_text("from fastapi import FastAPI\n\n\nx = 1\n" + "a = 1\na = 2\n")

    after = pipeline.check(root, [], Options()).findings

    assert [finding.fingerprint for finding in before] == [finding.fingerprint for finding in after]
    assert len({finding.fingerprint for finding in before}) == 2
    assert [finding.location.line for finding in after] == [5, 6]


def test_two_findings_that_want_the_same_text_are_named(project, monkeypatch):
    def rewrite(_self, project, findings, edits):
        for finding in findings:
            module = project.module(finding.location.path)
            edits.replace(module, Span(28, len(module.text)), "b", finding)
            edits.replace(module, Span(29, len(module.text)), "", finding)

    codemod = replacing("twice", "a", "b")
    monkeypatch.setattr(type(codemod), "rewrite", rewrite)

    with pytest.raises(ConflictError, match=r"main\.py:2: twice \(a\) and twice \(a\)"):
        pipeline.plan(project(codemod, main="a = 1\n"), [], Options())


@pytest.mark.parametrize("broken", ["b = (", "b =", "'", "return", "await b", "def f(b, b): ..."])
def test_a_result_that_does_not_compile_leaves_the_finding_alone(project, broken):
    root = project(replacing("first", "a", broken), main="x = 1\na\n")

    planned = pipeline.plan(root, [], Options())

    assert planned.changes == ()
    (finding,) = planned.findings
    assert "would break the project: main.py: the result line 3 is not valid Python" in str(finding.left_alone)


def test_the_findings_that_break_something_are_left_alone_and_the_others_go_on(project, monkeypatch):
    lines = [f"a = {number}" for number in range(30)]
    lines[7], lines[21] = "(a, y) = 7, 7", "(a, z) = 21, 21"

    def rewrite(_self, project, findings, edits):
        for finding in findings:
            module = project.module(finding.location.path)
            start, end = finding.subject
            edits.replace(module, Span(start, end), "return" if module.text[end] == "," else "b", finding)

    codemod = replacing("first", "a", "b")
    monkeypatch.setattr(type(codemod), "rewrite", rewrite)
    root = project(codemod, main="\n".join(lines) + "\n", other="a = 1\n")

    planned = pipeline.plan(root, [], Options())

    left_alone = [finding for finding in planned.findings if finding.left_alone]
    assert [finding.location.line for finding in left_alone] == [9, 23]
    assert len(planned.steps[0].findings) == 29
    assert [change.path for change in planned.changes] == ["main.py", "other.py"]


def test_a_name_that_another_module_imports_is_not_renamed(project):
    root = project(replacing("first", "price", "cost"), main="price = 1\n", other="from main import price as p\n")
    (root / "test_main.py").write_text("from main import price\n")

    planned = pipeline.plan(root, [root / "main.py"], Options())

    assert planned.changes == ()
    (finding,) = planned.findings
    assert "`price` is imported from main.py, which has no such name" in str(finding.left_alone)


def test_only_what_lies_in_the_paths_is_reported_and_changed(project):
    root = project(replacing("first", "a", "b"), main="a = 1\n", main2="a = 1\n")

    planned = pipeline.plan(root, [root / "main.py"], Options())

    assert [change.path for change in planned.changes] == ["main.py"]


def test_several_processes_give_the_same_plan(project):
    files = {f"m{number}": "a = 1\n" * 40 for number in range(8)}
    root = project(replacing("first", "a", "b"), **files)

    one, four = (pipeline.plan(root, [], Options(jobs=jobs)) for jobs in (1, 4))

    assert one == four
    assert len(one.changes) == 8


DEPENDS = (
    "from fastapi import Depends, FastAPI\napp = FastAPI()\ndef get(): ...\n"
    '@app.get("/ü")\ndef lesen(größe: str = "ü😀", b: int = Depends(get)): ...\n'
    'if 1:\n\t@app.get("/")\n\tdef tab(\tc: int = Depends(get)): ...\n'
)


def test_places_count_characters(tmp_path):
    (tmp_path / "main.py").write_text(DEPENDS)

    found = pipeline.check(tmp_path, [], Options(select=("depends-to-annotated",))).findings

    lines = DEPENDS.split("\n")
    places = [(finding.location.line, finding.location.column) for finding in found]
    assert places == [(5, lines[4].index("b: int") + 1), (8, lines[7].index("c: int") + 1)]


def test_progress_is_told(project):
    told = []

    pipeline.plan(project(replacing("first", "a", "b"), main="a\n"), [], Options(), lambda *what: told.append(what))

    assert ("first", 0, 1) in told
    assert told[0][0] == "reading"


def making(path, text):
    """A codemod that makes a file beside the one it finds."""
    codemod = replacing("making", "a", "b")

    def rewrite(project, findings, edits):  # noqa: ARG001
        for finding in findings:
            edits.create(path, text, finding)

    codemod.rewrite = rewrite
    return codemod


def test_a_new_file_is_a_change_without_before_and_seen_by_the_next_step(project):
    root = project(
        making("api/new.py", "from fastapi import FastAPI\nb = 1\n"), replacing("second", "b", "c"), main="a"
    )

    planned = pipeline.plan(root, [], Options())

    assert [(step.codemod, len(step.findings)) for step in planned.steps] == [("making", 1), ("second", 1)]
    assert planned.changes == (FileChange("api/new.py", None, b"from fastapi import FastAPI\nc = 1\n"),)


def test_two_findings_may_make_the_same_file_if_they_agree(project):
    root = project(making("api/__init__.py", ""), main="a\na\n")

    assert [c.path for c in pipeline.plan(root, [], Options()).changes] == ["api/__init__.py"]


def test_new_files_come_from_other_processes_too(project, monkeypatch):
    monkeypatch.setattr(pipeline, "FINDINGS_WORTH_A_PROCESS", 1)
    root = project(making("new.py", "x = 1\n"), main="a", other="a")

    assert [c.path for c in pipeline.plan(root, [], Options(jobs=2)).changes] == ["new.py"]


def test_a_new_file_that_does_not_parse_leaves_its_finding_alone(project):
    root = project(making("new.py", "def ("), main="a")

    planned = pipeline.plan(root, [], Options())

    assert planned.steps == ()
    assert "the change would break the project" in str(planned.findings[0].left_alone)


def test_a_new_file_that_exists_is_an_error(project):
    root = project(making("main.py", ""), main="a")

    with pytest.raises(BrokenResultError, match=r"main\.py"):
        pipeline.plan(root, [], Options())
