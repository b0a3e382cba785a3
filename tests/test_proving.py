"""A plan held to what its codemods declare: undeclared differences are traced, halved and left alone."""

import re

import pytest

from fastapi_codemods import registry
from fastapi_codemods.codemod import Codemod
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Safety
from fastapi_codemods.project import Span
from fastapi_codemods.proving import allowed, prove
from fastapi_codemods.verify import Difference, DynamicOptions

HANDLERS = 30
BAD = (7, 23)


class Returning(Codemod):
    """Wraps what handlers return; two of them into something else."""

    safety = Safety.SAFE
    word = "value"

    @property
    def name(self):
        return f"returning-{self.word}"

    @property
    def chapter(self):
        return "routing"

    def find(self, project):
        for module in project.modules():
            for match in re.finditer(rf"return {self.word}\((\d+)\)", module.text):
                line = module.text.count("\n", 0, match.start()) + 1
                subject = (match.span(), int(match[1]))
                yield self.finding(module.location(line, 1, line), match[0], anchor=match[1], subject=subject)

    def rewrite(self, project, findings, edits):
        for finding in findings:
            span, number = finding.subject
            module = project.module(finding.location.path)
            assert module is not None
            edits.replace(module, Span(*span), self.replacement(number), finding)

    def replacement(self, number):
        return f"return {number + 1000 if number in BAD else number}"


class Documenting(Returning):
    safety = Safety.CONTRACT
    effects = frozenset({"documentation"})
    word = "text"

    def replacement(self, number):
        return f"return {number}"


@pytest.fixture
def root(tmp_path, monkeypatch):
    codemods: list[Codemod] = [Documenting(), Returning()]
    monkeypatch.setattr(registry, "select", lambda select, *_: [c for c in codemods if not select or c.name in select])
    monkeypatch.setattr(registry, "get", lambda name: next(c for c in codemods if c.name == name))
    lines = ["from fastapi import FastAPI", "app = FastAPI()", "def value(x): return x", "text = value"]
    for number in range(HANDLERS):
        lines += [f"@app.get('/h{number}')", f"def h{number}():", f"    return value({number})"]
    lines += ["@app.get('/t')", "def t():", "    return text(5)"]
    (tmp_path / "main.py").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_of_thirty_findings_two_are_bad_and_twenty_eight_are_planned(root):
    before = (root / "main.py").read_bytes()

    proof = prove(root, [], Options(), DynamicOptions(replay=True))

    assert [(step.codemod, len(step.findings)) for step in proof.plan.steps] == [
        ("returning-text", 1),
        ("returning-value", HANDLERS - len(BAD)),
    ]
    alone = [finding for finding in proof.plan.findings if finding.left_alone is not None]
    assert [finding.anchor for finding in alone] == [str(number) for number in BAD]
    for finding, number in zip(alone, BAD, strict=True):
        assert f"response: GET /h{number}: another body" in (finding.left_alone or "")
    assert proof.report.differences == ()
    assert [len(verdict.rejected) for verdict in proof.verdicts] == [0, 2]
    assert (root / "main.py").read_bytes() == before


def test_an_application_that_cannot_be_imported_leaves_the_plan_to_the_static_gate(root):
    (root / "main.py").write_text("import gone_module\n" + (root / "main.py").read_text())

    proof = prove(root, [], Options(), DynamicOptions(app="main:app"))

    assert "gone_module" in (proof.report.failure or "")
    assert sum(len(step.findings) for step in proof.plan.steps) == HANDLERS + 1


def test_a_lost_dependency_a_failing_test_and_a_broken_import_are_never_declared():
    class Anything(Returning):
        safety = Safety.UNSAFE
        effects = frozenset({"dependency", "test", "import", "order"})

    def difference(kind: str, before: str | None = "a", after: str | None = "b") -> Difference:
        return Difference(kind, "GET /a", "what", before, after)

    assert allowed(Anything(), difference("order"))
    assert allowed(Anything(), difference("dependency"))
    assert not allowed(Anything(), difference("dependency", after=None))
    assert not allowed(Anything(), difference("test"))
    assert not allowed(Anything(), difference("import"))
    assert not allowed(Anything(), difference("breaking"))
    assert not allowed(Returning(), difference("documentation"))
    assert allowed(Documenting(), difference("documentation"))
    assert not allowed(Documenting(), difference("response"))
