"""The command line, on a library that is a fake where only the shell is meant."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fastapi_codemods import pipeline as pipeline_module
from fastapi_codemods.config import Options
from fastapi_codemods.errors import ConflictError
from fastapi_codemods.findings import Finding, Location, Safety, Skipped
from fastapi_codemods.plan import FileChange, Plan, Step
from fastapi_codemods_cli import commands, documentation, progress, terminal
from fastapi_codemods_cli.__main__ import run
from fastapi_codemods_cli.app import build
from fastapi_codemods_cli.arguments import COMMANDS, parse

CHECKOUT = Path(__file__).parents[1]


def finding(path="main.py", line=3, left_alone=None, message="uses dict[str, int]", safety=Safety.SAFE):
    return Finding("a-codemod", "routing", safety, Location(path, line, 5, line), message, f"f{line}", left_alone)


class FakePipeline:
    """Answers every run with `plan` and remembers what it was asked."""

    plan: Plan
    asked: tuple[Path, tuple[Path, ...], Options]
    failure: BaseException | None = None

    def answer(self, root, paths, options, report=None):
        self.asked = (root, tuple(paths), options)
        if self.failure is not None:
            raise self.failure
        if report is not None:
            report("Reading", 1, 2)
        return self.plan


@pytest.fixture
def project(tmp_path, monkeypatch):
    place = Path(os.path.realpath(tmp_path)) / "project"
    (place / ".git").mkdir(parents=True)
    (place / "main.py").write_bytes(b"a\nb\nc\n")
    monkeypatch.chdir(place)
    return place


@pytest.fixture
def pipeline(project, monkeypatch):
    fake = FakePipeline()
    fake.plan = Plan(project)
    for name in ("check", "plan"):
        monkeypatch.setattr(pipeline_module, name, fake.answer)
    return fake


@pytest.fixture
def planned(pipeline, project):
    """A plan with one change, one finding that is fixed and one that is left alone."""
    fixed, left = finding(), finding(line=9, left_alone="because it is called")
    change = FileChange("main.py", b"a\nb\nc\n", b"a\nB\nc\n")
    pipeline.plan = Plan(project, (Step("a-codemod", (fixed,), (change,)),), (fixed, left))
    return pipeline


@pytest.fixture
def on_a_terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(terminal, "is_terminal", lambda _: True)
    monkeypatch.setattr(commands, "_columns", lambda: 80)


PATCH = """\
diff --git a/main.py b/main.py
--- a/main.py
+++ b/main.py
@@ -1,3 +1,3 @@
 a
-b
+B
 c
"""


class TestReadingTheCommandLine:
    UNDERSTOOD = (
        "list",
        "history",
        "undo",
        "undo 20261123-1",
        "explain depends-to-annotated",
        "check",
        "check a.py b c",
        "check a --select x,y --select z b --ignore=w --exclude 'a b/*' -j 3",
        "check --format json --safety unsafe --target-fastapi 0.110 --config x.toml --jobs=2",
        "check --format text --format json",
        "check --jobs 007",
        "check --select= --select=a=b ''",
        "check --jobs 2 -- --select -x -- y",
        "check check",
        "diff --stat --output out.patch --exit-code",
        "diff --stat --stat a",
        "apply . --allow-dirty",
    )
    LEFT_TO_TYPER = (
        "",
        "--help",
        "check --help",
        "chekc",
        "--version check",
        "check --unknown",
        "check --sel x",
        "check --select",
        "check --select --stat",
        "check --format xml",
        "check --format=",
        "check --jobs 0",
        "check --jobs x",
        "check --jobs ٣",
        "check --jobs 99999999999",
        "check -j3",
        "check -j=3",
        "check -",
        "check --stat",
        "diff --stat=yes",
        "explain",
        "explain a b",
        "undo a b",
        "list a",
    )

    @staticmethod
    def by_typer(words):
        seen = []

        def record(name, arguments):
            seen.append((name, arguments))
            return 0

        with pytest.raises(SystemExit) as end:
            build(record, lambda: 0)(words)
        assert end.value.code == 0
        return seen[0]

    @pytest.mark.parametrize("line", UNDERSTOOD)
    def test_gives_the_same_arguments_with_and_without_typer(self, line):
        import shlex

        words = shlex.split(line)
        expected = self.by_typer(words)
        actual = parse(words)

        assert actual is not None
        assert actual == expected
        assert [type(value) for value in actual[1].values()] == [type(value) for value in expected[1].values()]

    @pytest.mark.parametrize("line", LEFT_TO_TYPER)
    def test_leaves_what_it_does_not_fully_understand_to_typer(self, line):
        assert parse(line.split()) is None

    def test_errors_come_from_typer_with_exit_code_2(self, capsys):
        assert run(["check", "--selekt", "x"]) == 2
        assert "No such option: --selekt" in capsys.readouterr().err

    @pytest.mark.parametrize("name", COMMANDS)
    def test_help_of_every_command_names_its_options_and_has_an_example_that_can_be_read(self, name, capsys):
        assert run([name, "--help"]) == 0

        out = capsys.readouterr().out
        command = COMMANDS[name]
        assert f"Example: {command.example}" in " ".join(out.split())
        for option in command.options:
            assert all(flag in out for flag in option.flags)
            assert option.flags or option.metavar in out
        assert parse(command.example.split()[1:]) is not None

    def test_a_failing_command_fails_through_typer_too(self, pipeline, capsys):
        pipeline.failure = ConflictError("two want the same text")

        assert run(["check", "-j2"]) == 2
        assert pipeline.asked[2].jobs == 2
        assert capsys.readouterr().err == "error: two want the same text\n"

    def test_version(self, capsys):
        assert run(["--version"]) == 0
        assert capsys.readouterr().out.startswith("fastapi-codemods ")


class TestEveryRun:
    def test_gets_root_paths_and_options(self, pipeline, project):
        (project / "pyproject.toml").write_text('[tool.fastapi-codemods]\nselect = ["a"]\nignore = ["b"]\n')
        (project / "app").mkdir()

        assert run(["check", "app", "main.py", "--select", "x, y,", "--select", "z", "--safety", "safe"]) == 0
        assert pipeline.asked == (
            project,
            (Path("app"), Path("main.py")),
            Options(select=("x", "y", "z"), ignore=("b",), safety=Safety.SAFE),
        )

    def test_without_paths_is_about_the_current_folder(self, pipeline, project, monkeypatch):
        (project / "app").mkdir()
        monkeypatch.chdir(project / "app")

        run(["diff", "--target-fastapi", "0.110", "--exclude", "a,b"])

        assert pipeline.asked == (project, (Path(),), Options(exclude=("a", "b"), target_fastapi="0.110"))

    @pytest.mark.parametrize("words", [["check"], ["diff"], ["apply"], ["check", "--format", "json"]])
    def test_that_cannot_be_done_is_one_line_and_exit_code_2(self, pipeline, capsys, words):
        pipeline.failure = ConflictError("two\nwant [bold]the same[/bold] \x1b[31mtext")

        assert run(words) == 2
        out, err = capsys.readouterr()
        assert (out, err) == ("", "error: two\\nwant [bold]the same[/bold] \\x1b[31mtext\n")

    @pytest.mark.parametrize(
        ("words", "message"),
        [
            (["nowhere.py"], "nowhere.py does not exist"),
            ([""], "a path on the command line is empty"),
            (["--target-fastapi", "new"], "--target-fastapi must be a version"),
            (["--config", "no.toml"], "no.toml cannot be read"),
        ],
    )
    @pytest.mark.usefixtures("pipeline")
    def test_with_a_bad_argument_is_one_line_too(self, capsys, words, message):
        assert run(["check", *words]) == 2
        _, err = capsys.readouterr()
        assert err.startswith("error: ")
        assert message in err
        assert err.count("\n") == 1

    def test_that_meets_a_bug_keeps_the_traceback(self, pipeline):
        pipeline.failure = KeyError("a bug")

        with pytest.raises(KeyError):
            run(["check"])

    def test_that_is_interrupted_says_so(self, pipeline, capsys):
        pipeline.failure = KeyboardInterrupt()
        pipeline.failure.add_note("everything was put back")

        assert run(["apply"]) == 130
        assert capsys.readouterr().err == "interrupted; everything was put back\n"

    def test_names_skipped_files_and_warnings_on_standard_error(self, pipeline, project, capsys):
        skipped = (Skipped("bad\n.py", "has a syntax error"),)
        pipeline.plan = Plan(project, skipped=skipped, warnings=("suppresses nothing",))

        for words in (["check"], ["diff"], ["apply"], ["check", "--format=json"]):
            assert run(words) == 0
            err = capsys.readouterr().err
            assert "skipped bad\\n.py: has a syntax error\nwarning: suppresses nothing\n" in err

    @pytest.mark.parametrize("command", ["check", "diff", "apply"])
    def test_fails_if_a_named_file_was_skipped(self, pipeline, project, command, monkeypatch):
        (project / "app").mkdir()
        (project / "app/bad.py").touch()
        pipeline.plan = Plan(project, skipped=(Skipped("app/bad.py", "has a syntax error"),))

        assert run([command, "app"]) == 0
        assert run([command, "main.py"]) == 0
        assert run([command, "main.py", "app/bad.py"]) == 2
        monkeypatch.chdir(project / "app")
        assert run([command, "../app/bad.py"]) == 2

    @pytest.mark.parametrize("words", [["check"], ["diff"], ["apply"], ["history"]])
    @pytest.mark.usefixtures("pipeline")
    def test_settles_a_killed_run_first_and_says_so(self, monkeypatch, capsys, words):
        from fastapi_codemods import apply

        monkeypatch.setattr(apply, "pending", lambda _: True)
        monkeypatch.setattr(apply, "recover", lambda _, notify: notify("run 1 was interrupted: rolled back"))

        assert run(words) == 0
        assert capsys.readouterr().err.startswith("run 1 was interrupted: rolled back\n")


class TestCheck:
    @pytest.mark.usefixtures("planned")
    def test_prints_findings_and_counts_them_on_standard_error(self, capsys):
        assert run(["check"]) == 1
        out, err = capsys.readouterr()
        assert out == (
            "main.py:3:5: a-codemod uses dict[str, int]\n"
            "main.py:9:5: a-codemod uses dict[str, int]\n"
            "    left alone: because it is called\n"
        )
        assert err == "2 findings in 1 file, 1 to be fixed by `fastapi-codemods apply`, 1 left alone\n"

    @pytest.mark.usefixtures("pipeline")
    def test_without_findings_is_0(self, capsys):
        assert run(["check"]) == 0
        assert capsys.readouterr() == ("", "no findings\n")

    def test_with_only_findings_left_alone_is_1(self, pipeline, project):
        pipeline.plan = Plan(project, findings=(finding(left_alone="because"),))

        assert run(["check"]) == 1

    def test_counts_what_only_people_can_fix(self, pipeline, project, capsys):
        pipeline.plan = Plan(project, findings=(finding(safety=Safety.REPORT),))

        assert run(["check"]) == 1
        assert capsys.readouterr().err == "1 finding in 1 file, 1 to be fixed by hand\n"

    def test_prints_data_as_data(self, pipeline, project, capsys):
        pipeline.plan = Plan(project, findings=(finding("[red]\x1b]0;x\x07\udcff.py", message="a\rb \u202e"),))

        run(["check"])

        assert capsys.readouterr().out == "[red]\\x1b]0;x\\x07\\udcff.py:3:5: a-codemod a\\rb \\u202e\n"

    @pytest.mark.usefixtures("planned")
    def test_prints_json_for_programs(self, capsys):
        assert run(["check", "--format", "json"]) == 1
        out, err = capsys.readouterr()
        assert [f["line"] for f in json.loads(out)["findings"]] == [3, 9]
        assert err == ""


class TestDiff:
    @pytest.mark.usefixtures("planned")
    def test_writes_the_plain_patch_into_a_pipe(self, capfdbinary):
        assert run(["diff"]) == 0
        out, err = capfdbinary.readouterr()
        assert out == PATCH.encode()
        assert err == b"1 file, 1 finding; 1 left alone: see check\n"

    def test_keeps_bytes_that_are_not_text(self, pipeline, project, capfdbinary):
        change = FileChange("main.py", b"\xe9\r\n", b"\xe8\x1b\r\n")
        pipeline.plan = Plan(project, (Step("a-codemod", (), (change,)),))

        run(["diff"])

        assert b"-\xe9\r\n+\xe8\x1b\r\n" in capfdbinary.readouterr().out

    def test_exit_code_only_when_asked(self, planned, project):
        assert run(["diff"]) == 0
        assert run(["diff", "--exit-code"]) == 1
        planned.plan = Plan(project, findings=planned.plan.findings)
        assert run(["diff", "--exit-code"]) == 0

    @pytest.mark.usefixtures("planned", "on_a_terminal")
    def test_has_colours_on_a_terminal(self, capsys):
        run(["diff"])

        out = capsys.readouterr().out
        assert "\x1b[31m-b\x1b[0m\n\x1b[32m+B\x1b[0m\n c\n" in out
        assert "\x1b[1m--- a/main.py\x1b[0m\n\x1b[1m+++ b/main.py\x1b[0m\n\x1b[36m@@ -1,3 +1,3 @@\x1b[0m\n" in out

    @pytest.mark.usefixtures("planned", "on_a_terminal")
    def test_has_no_colours_where_they_are_not_wanted(self, monkeypatch, capsys):
        monkeypatch.setenv("NO_COLOR", "1")

        run(["diff"])

        assert capsys.readouterr().out == PATCH

    @pytest.mark.usefixtures("on_a_terminal")
    def test_escapes_control_characters_on_a_terminal(self, pipeline, project, capsys):
        change = FileChange("main.py", b"--- x\n", b"\t\x1b[2J[bold]\xff\r\n")
        pipeline.plan = Plan(project, (Step("a-codemod", (), (change,)),))

        run(["diff"])

        assert "\x1b[31m---- x\x1b[0m\n\x1b[32m+\t\\x1b[2J[bold]\\xff\\r\x1b[0m\n" in capsys.readouterr().out

    @pytest.mark.usefixtures("planned")
    def test_stat(self, capsys):
        assert run(["diff", "--stat"]) == 0
        assert capsys.readouterr().out == (" main.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n")

    @pytest.mark.usefixtures("planned")
    def test_writes_a_file_and_keeps_its_permissions(self, project, capsys):
        place = project / "out.patch"
        place.write_text("old")
        place.chmod(0o600)
        (project / "link.patch").symlink_to(place)

        assert run(["diff", "--output", "link.patch"]) == 0
        assert place.read_text() == PATCH
        assert stat.S_IMODE(place.stat().st_mode) == 0o600
        assert (project / "link.patch").is_symlink()
        assert sorted(os.listdir(project)) == [".git", "link.patch", "main.py", "out.patch"]
        assert capsys.readouterr().out == ""

    @pytest.mark.usefixtures("planned")
    def test_writes_into_a_device(self):
        assert run(["diff", "--output", os.devnull]) == 0
        assert not Path(os.devnull).is_file()

    @pytest.mark.usefixtures("planned", "project")
    def test_says_when_the_file_cannot_be_written(self, capsys):
        assert run(["diff", "--output", "no/folder.patch"]) == 2
        assert capsys.readouterr().err == "error: no/folder.patch cannot be written: No such file or directory\n"


class TestApplyAndUndo:
    @pytest.fixture
    def project(self, tmp_path, monkeypatch):
        """A folder outside git, so that only the journal is at work."""
        place = Path(os.path.realpath(tmp_path)) / "project"
        place.mkdir()
        (place / "pyproject.toml").touch()
        (place / "main.py").write_bytes(b"a\nb\nc\n")
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.chdir(place)
        return place

    @pytest.mark.usefixtures("planned")
    def test_change_the_files_and_change_them_back(self, project, capsys):
        assert run(["apply", "main.py"]) == 0
        out, err = capsys.readouterr()
        first, second = out.splitlines()
        run_id = second.split()[-1]
        assert first == f"run {run_id}: 1 file changed"
        assert second == f"to undo it: fastapi-codemods undo {run_id}"
        assert err == "1 file, 1 finding; 1 left alone: see check\n"
        assert (project / "main.py").read_bytes() == b"a\nB\nc\n"

        assert run(["history"]) == 0
        (line,) = capsys.readouterr().out.splitlines()
        assert line.startswith(f"{run_id}  20")
        assert line.endswith("  applied  1 file  fastapi-codemods apply main.py")

        assert run(["undo", run_id]) == 0
        assert capsys.readouterr().out == f"run {run_id} undone: 1 file as before\n"
        assert (project / "main.py").read_bytes() == b"a\nb\nc\n"

        assert run(["undo"]) == 2
        assert capsys.readouterr().err.startswith("error: ")

    @pytest.mark.usefixtures("pipeline", "project")
    def test_without_a_change_there_is_no_run(self, capsys):
        assert run(["apply"]) == 0
        assert capsys.readouterr() == ("", "0 files, 0 findings\n")
        run(["history"])
        assert capsys.readouterr().out == ""

    @pytest.mark.usefixtures("planned")
    def test_refusals_are_one_line(self, project, capsys):
        (project / "main.py").write_bytes(b"edited since\n")

        assert run(["apply"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.startswith("error: main.py changed since")


class TestListAndExplain:
    SAMPLE = SimpleNamespace(
        name="a-codemod",
        chapter="routing",
        safety=Safety.SERIAL_SAFE,
        after=(),
        summary="Establish `list[int]`.",
        documentation="Establish `list[int]`.\n\n## Why\n\nBecause [bold]so[/bold].",
    )

    @pytest.fixture(autouse=True)
    def codemods(self, monkeypatch, tmp_path):
        from fastapi_codemods import registry

        monkeypatch.setattr(registry, "_places", lambda: {"a-codemod": "conventions.routing.a_codemod"})
        monkeypatch.setattr(registry, "_codemod_of", lambda _: self.SAMPLE)
        folder = tmp_path / "a-codemod" / "example"
        monkeypatch.setattr(documentation, "_example_folders", lambda _: (folder,))
        folder.mkdir(parents=True)
        return folder

    def test_list_is_aligned_text_in_a_pipe(self, capsys):
        assert run(["list"]) == 0
        assert capsys.readouterr().out == "a-codemod  routing  serial-safe  Establish `list[int]`.\n"

    @pytest.mark.usefixtures("on_a_terminal")
    def test_list_is_a_table_on_a_terminal(self, capsys):
        assert run(["list"]) == 0
        assert "Establish `list[int]`." in capsys.readouterr().out

    def test_explain_shows_documentation_and_example(self, codemods, capsys):
        (codemods / "before.py").write_text("x: dict[str, int]\n")
        (codemods / "after.py").write_text('y = """\n```\n"""\n')

        assert run(["explain", "a-codemod"]) == 0
        assert capsys.readouterr().out == (
            "# a-codemod\n\nChapter: routing. Safety: serial-safe.\n\n"
            "Establish `list[int]`.\n\n## Why\n\nBecause [bold]so[/bold].\n\n"
            "## Example\n\n"
            "Before:\n\n```python\nx: dict[str, int]\n```\n\n"
            'After:\n\n````python\ny = """\n```\n"""\n````\n'
        )

    def test_explain_shows_every_file_of_an_example(self, codemods, capsys):
        for name in ("before/main.py", "before/app/users.py", "after/main.py"):
            (codemods / name).parent.mkdir(parents=True, exist_ok=True)
            (codemods / name).write_text(f"# {name}\n")

        run(["explain", "a-codemod"])

        out = capsys.readouterr().out
        assert "Before, `app/users.py`:\n\n```python\n# before/app/users.py\n```\n" in out
        assert "Before, `main.py`:" in out
        assert "After:\n\n```python\n# after/main.py\n```\n" in out

    @pytest.mark.usefixtures("on_a_terminal")
    def test_explain_keeps_brackets_on_a_terminal(self, codemods, capsys):
        (codemods / "before.py").write_text("x: dict[str, int]\n")

        assert run(["explain", "a-codemod"]) == 0
        out = capsys.readouterr().out
        assert "[bold]so[/bold]" in out
        assert "list[int]" in out

    def test_explain_suggests_the_nearest(self, capsys):
        assert run(["explain", "codemod"]) == 2
        assert "did you mean 'a-codemod'?" in capsys.readouterr().err


class TestProgress:
    def test_is_not_shown_in_a_pipe(self):
        with progress.shown() as report:
            assert report is None

    def test_is_not_shown_for_short_work(self, monkeypatch, capsys):
        monkeypatch.setattr(progress, "is_terminal", lambda _: True)

        with progress.shown() as report:
            assert report is not None
            report("Reading", 1, 2)

        assert capsys.readouterr().err == ""

    def test_is_shown_for_long_work(self, monkeypatch, capsys):
        monkeypatch.setattr(progress, "is_terminal", lambda _: True)
        monkeypatch.setattr(progress, "PATIENCE", 0)
        monkeypatch.setenv("TTY_COMPATIBLE", "1")

        with progress.shown() as report:
            assert report is not None
            report("Reading [bold]", 1, 2)

        assert "Reading [bold]" in capsys.readouterr().err


def start(*words, cwd, **settings):
    """A process of its own, as a user starts it."""
    sources = [str(CHECKOUT / "codemods"), str(CHECKOUT / "cli"), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sources)},
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=60,
        **{"capture_output": True, "text": True, **settings},
    )


class TestAProcess:
    HEAVY = ("fastapi_codemods_cli.verification", "typer", "rich", "click", "pydantic", "libcst")

    @pytest.fixture
    def project(self, tmp_path):
        (tmp_path / "pyproject.toml").write_text('[tool.fastapi-codemods]\nsafety = "safe"\n')
        (tmp_path / "main.py").write_text("from fastapi import FastAPI\n\napp = FastAPI()\n")
        return tmp_path

    def imported(self, project, *words):
        code = (
            "import sys\n"
            "from fastapi_codemods_cli.__main__ import run\n"
            "code = run(sys.argv[1:])\n"
            f"print(code, *(name for name in {self.HEAVY} if name in sys.modules), file=sys.stderr)\n"
        )
        done = start("-c", code, *words, cwd=project)
        code, *names = done.stderr.splitlines()[-1].split()
        assert code == "0", done.stderr
        return names

    @pytest.mark.parametrize("command", ["check", "diff"])
    def test_imports_nothing_heavy_for_ordinary_work(self, project, command):
        words = ("main.py", "--select", "routing", "--ignore=errors", "--safety", "safe", "-j", "1")

        # A diff may need LibCST for what it rewrites; a check has nothing to rewrite.
        assert set(self.imported(project, command, *words)) <= ({"libcst"} if command == "diff" else set())

    def test_imports_nothing_heavy_for_other_plain_commands(self, project):
        assert self.imported(project, "list") == []
        assert self.imported(project, "history") == []
        assert self.imported(project, "--version") == []

    def test_imports_little_for_help(self, project):
        assert self.imported(project, "--help") == ["typer"]
        assert "libcst" not in self.imported(project, "check", "--help")

    def test_ends_with_all_output_and_the_exit_code(self, project):
        done = start("-m", "fastapi_codemods_cli", "check", cwd=project)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "no findings\n")

        done = start("-m", "fastapi_codemods_cli", "check", "nowhere", cwd=project)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == "error: nowhere does not exist\n"

    def test_ends_quietly_when_nobody_reads(self, project):
        reading, writing = os.pipe()
        os.close(reading)
        for words in (["check", "--format", "json"], ["--help"]):
            done = start("-m", "fastapi_codemods_cli", *words, cwd=project, capture_output=False,
                         stdout=writing, stderr=subprocess.PIPE)  # fmt: skip
            assert "Traceback" not in done.stderr
            assert "Exception ignored" not in done.stderr
            assert done.returncode != 0
        os.close(writing)

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    def test_says_when_its_output_cannot_be_written(self, project):
        with open("/dev/full", "w") as full:
            done = start("-m", "fastapi_codemods_cli", "check", "--format", "json", cwd=project,
                         capture_output=False, stdout=full, stderr=subprocess.PIPE)  # fmt: skip
        assert done.returncode == 2
        assert done.stderr == "error: standard output cannot be written: No space left on device\n"

    def test_with_a_bug_ends_in_a_traceback_and_2(self, project):
        code = (
            "import sys\n"
            "from fastapi_codemods_cli import __main__ as program, commands\n"
            "commands.history = commands._COMMANDS['history'] = lambda *_: 1 / 0\n"
            "sys.argv[1:] = ['history']\n"
            "program.main()\n"
        )
        done = start("-c", code, cwd=project)

        assert done.returncode == 2
        assert "ZeroDivisionError" in done.stderr

    def test_escapes_what_its_output_cannot_encode(self, project):
        code = "from fastapi_codemods_cli import terminal; terminal.write('✓ \\udcff\\n')"
        done = start("-X", "utf8=0", "-c", f"import sys; sys.stdout.reconfigure(encoding='ascii')\n{code}", cwd=project)

        assert done.stdout == "\\u2713 \\udcff\n"
