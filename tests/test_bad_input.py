"""Whatever a folder holds: one clear line that names the file, and the files beside it are still done."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options
from fastapi_codemods.errors import CodemodsError, ConfigurationError, PathError
from fastapi_codemods.project import Project, index
from fastapi_codemods.project.newer_syntax import version_that_reads

COMMAND = [sys.executable, "-m", "fastapi_codemods_cli"]
SOURCES = os.pathsep.join(str(Path(__file__).parents[1] / name) for name in ("codemods", "cli"))

GOOD = """\
from fastapi import Depends, FastAPI

app = FastAPI()


def get(): ...


@app.get("/")
def read(a: int = Depends(get)): return a
"""
MENTION = b"from fastapi import Depends\n"
OPTIONS = Options(select=("depends-to-annotated",))

N = 20_000
TOO_DEEP = "is nested too deeply for Python's own parser"
PARENTHESES = "too many nested parentheses"

BAD: dict[str, tuple[str | bytes, str]] = {
    "syntax error": ("def f(:\n", "is not valid Python: invalid syntax"),
    "Python 2": ('print "a"\nexec "b"\n', "is not valid Python: Missing parentheses"),
    "Python 2 except": ("try:\n    a\nexcept A, b:\n    print a\n", "is not valid Python: "),
    "bracket left open": ("x = (1,\ny = 2\n", "is not valid Python: "),
    "string left open": ("x = '''a\ny = 2\n", "is not valid Python: unterminated triple-quoted"),
    "tabs and blanks": ("if a:\n        b\n\tc\n", "is not valid Python: inconsistent use of tabs"),
    "unindented body": ("def f():\npass\n", "is not valid Python: expected an indented block"),
    "NUL bytes": ("x = 1\0\n", "holds NUL bytes, so it is not Python source"),
    "UTF-16": ("x = 'fastapi'\n".encode("utf-16"), "is UTF-16 or UTF-32, which Python does not read: save it as UTF-8"),
    "wrong encoding": (b"x = '\xff'\n", "is not utf-8: declare its encoding or save it as UTF-8"),
    "wrong declared encoding": (b"# coding: ascii\nx = '\xe4'\n", "is not ascii, which the file declares: "),
    "unknown encoding": ("# coding: nope\nx = 1\n", "declares an encoding that Python does not know: nope"),
    "parentheses": (f"x = {'(' * N}1{')' * N}\n", PARENTHESES),
    "brackets": (f"x = {'[' * N}{']' * N}\n", PARENTHESES),
    "nested calls": (f"x = {'f(' * N}{')' * N}\n", PARENTHESES),
    "nested calls in a default": (f"def f(a: int = Depends({'g(' * N}{')' * N})): ...\n", PARENTHESES),
    "unary operators": (f"x = {'-' * N}1\n", TOO_DEEP),
    "negations": (f"x = {'not ' * N}1\n", TOO_DEEP),
    "attributes": (f"x = a{'.b' * N}\n", TOO_DEEP),
    "chained calls": (f"x = a{'()' * N}\n", TOO_DEEP),
    "sum": (f"x = 1{' + 1' * N}\n", TOO_DEEP),
    "sum in a default": (f"def f(a: int = Depends(g, use_cache=1{' + 1' * N})): ...\n", TOO_DEEP),
    "lambdas": (f"x = {'lambda: ' * N}1\n", TOO_DEEP),
    "conditional expressions": (f"x = {'1 if a else ' * N}2\n", TOO_DEEP),
    "elif": ("if a:\n    pass\n" + "elif b:\n    pass\n" * 5000, TOO_DEEP),
    "functions": ("".join(f"{' ' * i}def f{i}():\n" for i in range(150)) + " " * 150 + "pass\n", "too many levels"),
    "except without parentheses": (
        "try:\n    a\nexcept A, B:\n    b\n",
        "run this tool with Python 3.14, which reads it",
    ),
    "quotes in an f-string": ('x = f"{d["a"]}"\n', "run this tool with Python 3.12, which reads it"),
    "type alias": ("type X = int\n", "run this tool with Python 3.12, which reads it"),
    "generic function": ("def f[T](x: T) -> T: ...\n", "run this tool with Python 3.12, which reads it"),
    "default of a type parameter": ("class A[T = int]: ...\n", "run this tool with Python 3.13, which reads it"),
    "t-string": ("x = t'{a}'\n", "run this tool with Python 3.14, which reads it"),
}  # fmt: skip
NEWER = {
    name: reason.removeprefix("run this tool with Python ").partition(",")[0]
    for name, (_, reason) in BAD.items()
    if reason.startswith("run this tool")
}

MANY = {
    "empty": b"",
    "only a byte order mark": b"\xef\xbb\xbf",
    "only comments": b"# fastapi\n# more",
    "sum of 900": b"x = 1" + b" + 1" * 900,
    "sum of 2500": b"x = 1" + b" + 1" * 2500,
    "90 nested functions": ("".join(f"{' ' * i}def f{i}():\n" for i in range(90)) + " " * 90 + "pass\n").encode(),
    "5 MB": b"x = 1\n" * 850_000,
    "5 MB in one line": b"x = '" + b"fastapi " * 650_000 + b"'\n",
}


def encoded(name):
    data = BAD[name][0]
    return data if isinstance(data, bytes) else data.encode()


def mentioning(data):
    """The same file with an import of FastAPI, below a declaration of its encoding."""
    first, newline, rest = data.partition(b"\n")
    return first + newline + MENTION + rest if first.startswith(b"# coding") else MENTION + data


@pytest.fixture
def project(tmp_path, monkeypatch):
    place = Path(os.path.realpath(tmp_path)) / "project"
    place.mkdir()
    (place / "pyproject.toml").write_text("[project]\n")
    (place / "good.py").write_text(GOOD)
    monkeypatch.chdir(place)
    return place


def run(project, *words):
    done = subprocess.run(
        [*COMMAND, *words],
        cwd=project,
        capture_output=True,
        text=True,
        errors="surrogateescape",
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": SOURCES},
    )
    assert "Traceback" not in done.stderr
    return done


def skipped(planned):
    return {item.path: item.reason for item in planned.skipped}


@pytest.mark.parametrize("mentions", [True, False], ids=["concerns FastAPI", "does not"])
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(data if isinstance(data, bytes) else data.encode(), why, id=name)
        for name, (data, why) in BAD.items()
    ],
)
def test_a_bad_file_is_skipped_with_its_reason(project, data, reason, mentions):
    if (reason.startswith("run this tool") or b"elif b:" in data) and sys.version_info >= (3, 12):
        pytest.skip("this Python reads it, or a test for that Python is needed")
    if mentions and not data.startswith(b"\xff\xfe"):
        data = mentioning(data)
    (project / "bad.py").write_bytes(data)

    checked = pipeline.check(project, [], OPTIONS)
    planned = pipeline.plan(project, [], OPTIONS)

    assert list(skipped(planned)) == ["bad.py"]
    assert reason in skipped(planned)["bad.py"]
    assert "\n" not in skipped(planned)["bad.py"]
    assert checked.skipped == planned.skipped
    assert [finding.location.path for finding in checked.findings] == ["good.py"]
    assert [change.path for change in planned.changes] == ["good.py"]


@pytest.mark.parametrize("mentions", [True, False], ids=["concerns FastAPI", "does not"])
@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in MANY.items()])
def test_an_unusual_file_is_read(project, data, mentions):
    if mentions:
        data = b"\xef\xbb\xbf" * data.startswith(b"\xef\xbb\xbf") + MENTION + data.removeprefix(b"\xef\xbb\xbf")
    (project / "unusual.py").write_bytes(data)
    start = time.perf_counter()

    planned = pipeline.plan(project, [], OPTIONS)

    assert planned.skipped == ()
    assert [change.path for change in planned.changes] == ["good.py"]
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("depth", [100, 800])
def test_a_default_with_a_deep_expression_beside_a_finding_leaves_the_others_done(project, depth):
    (project / "bad.py").write_text(GOOD.replace("Depends(get)", f"Depends(get), b=(1{' + 1' * depth}  # c\n)"))

    planned = pipeline.plan(project, [], OPTIONS)

    assert "good.py" in [change.path for change in planned.changes]


class TestALargeProject:
    """Above `SMALL_PROJECT`, only what concerns FastAPI is parsed: the rest may be as it likes."""

    @pytest.fixture
    def large(self, project):
        (project / "large.py").write_text("x = 1\n" * (index.SMALL_PROJECT // 6 + 1))
        return project

    def test_names_only_broken_files_that_concern_fastapi(self, large):
        (large / "other.py").write_text("def f(:\n")
        (large / "bad.py").write_text("from fastapi import Depends\ndef f(a=Depends(:\n")

        planned = pipeline.plan(large, [], OPTIONS)

        assert list(skipped(planned)) == ["bad.py"]
        assert [change.path for change in planned.changes] == ["good.py"]

    def test_survives_what_is_nested_too_deeply(self, large):
        for name, (data, _) in BAD.items():
            if isinstance(data, str) and "\0" not in data:
                (large / f"{name.replace(' ', '_')}.py").write_bytes(mentioning(data.encode()))

        planned = pipeline.plan(large, [], OPTIONS)

        assert [change.path for change in planned.changes] == ["good.py"]
        assert all("\n" not in item.reason for item in planned.skipped)

    @pytest.mark.parametrize(
        "body",
        [
            pytest.param("    get()\n    return = 1\n", id="broken"),
            pytest.param("    return get(1)" + " + 1" * 1200 + "\n", id="deep"),
        ],
    )
    def test_survives_a_broken_function_that_uses_a_dependency(self, large, body):
        (large / "deps.py").write_text(
            "from fastapi import Depends\ndef one(): ...\ndef get(a: int = Depends(one)): ...\n"
        )
        (large / "user.py").write_text(f"from deps import get\ndef f():\n{body}")

        planned = pipeline.plan(large, [], OPTIONS)

        assert "good.py" in [change.path for change in planned.changes]


class TestWhatIsNoFile:
    def test_unreadable(self, project, monkeypatch):
        (project / "bad.py").write_bytes(MENTION)
        really = os.open

        def refusing(path, *arguments, **options):
            if os.fspath(path).endswith("bad.py"):
                raise PermissionError(13, "Permission denied", path)
            return really(path, *arguments, **options)

        monkeypatch.setattr(os, "open", refusing)
        planned = pipeline.plan(project, [], OPTIONS)

        assert skipped(planned) == {"bad.py": "cannot be read: Permission denied"}
        assert [change.path for change in planned.changes] == ["good.py"]

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
    def test_unreadable_for_all_but_the_superuser(self, project):
        (project / "bad.py").write_bytes(MENTION)
        (project / "bad.py").chmod(0)

        assert skipped(pipeline.plan(project, [], OPTIONS)) == {"bad.py": "cannot be read: Permission denied"}

    def test_link_that_leads_nowhere(self, project):
        (project / "bad.py").symlink_to(project / "gone.py")

        planned = pipeline.plan(project, [], OPTIONS)

        assert skipped(planned) == {"bad.py": "is a symbolic link to a file that does not exist"}
        assert [change.path for change in planned.changes] == ["good.py"]

    def test_folder_and_pipe_with_the_name_of_a_file(self, project):
        (project / "folder.py").mkdir()
        (project / "folder.py/inner.py").write_text(GOOD)
        os.mkfifo(project / "pipe.py")

        planned = pipeline.plan(project, [], OPTIONS)

        assert [change.path for change in planned.changes] == ["folder.py/inner.py", "good.py"]

    @pytest.mark.parametrize("content", [b"x = 1\n", MENTION, b"@app.get('/')\ndef f(): ...\n"])
    def test_file_that_goes_between_discovery_and_reading(self, project, monkeypatch, content):
        (project / "bad.py").write_bytes(content)
        really = index._content_of  # noqa: SLF001
        calls = []

        def going(path):
            if path.endswith("bad.py"):
                calls.append(path)
                (project / "bad.py").unlink(missing_ok=True)
            return really(path)

        monkeypatch.setattr(index, "_content_of", going)
        planned = pipeline.plan(project, [], OPTIONS)

        assert calls
        assert skipped(planned) == {"bad.py": "cannot be read: No such file or directory"}
        assert [change.path for change in planned.changes] == ["good.py"]

    def test_file_that_goes_after_its_first_reading(self, project):
        (project / "helper.py").write_text("def get(): ...\n")
        (project / "good.py").write_text(GOOD.replace("def get(): ...\n", "from helper import get\n"))
        opened = Project.open(project)
        (project / "helper.py").unlink()

        module = opened.module("good.py")
        assert module is not None

        assert opened.resolve(module, "get") in (None, ("helper.py", "get"))

    def test_empty_folder(self, project):
        (project / "good.py").unlink()

        assert pipeline.plan(project, [], OPTIONS).changes == ()

    @pytest.mark.parametrize("path", ["/", "..", "../elsewhere.py"])
    def test_path_outside_the_project(self, project, path):
        (project.parent / "elsewhere.py").write_text(GOOD)

        with pytest.raises(PathError, match="is outside the project"):
            pipeline.check(project, [Path(path)], OPTIONS)

    def test_path_that_does_not_exist(self, project):
        with pytest.raises(PathError, match=r"nowhere\.py does not exist"):
            pipeline.check(project, [Path("nowhere.py")], OPTIONS)


def test_a_finding_below_a_lone_carriage_return_has_pythons_line(project):
    (project / "good.py").write_bytes(GOOD.replace("app = FastAPI()\n", "app = FastAPI()\ra = 1\n").encode())

    planned = pipeline.plan(project, [], OPTIONS)

    assert [(finding.location.line, finding.location.column) for finding in planned.findings] == [(11, 10)]
    assert [(change.after or b"").count(b"\r") for change in planned.changes] == [1]


class TestTheCommand:
    """Real processes: exit codes as documented, and never a traceback."""

    def test_does_the_good_files_beside_all_bad_ones(self, project):
        small = [encoded(name) for name in BAD if len(encoded(name)) < 3000]
        for number, data in enumerate(small):
            (project / f"bad{number}.py").write_bytes(data)
            (project / f"bad_mention{number}.py").write_bytes(mentioning(data))
        (project / "dangling.py").symlink_to(project / "gone.py")
        (project / "odd\n\udcff.py").write_bytes(b"def f(:\n")

        checked, shown, applied = (run(project, *words) for words in (["check"], ["diff"], ["apply"]))

        assert (checked.returncode, shown.returncode, applied.returncode) == (1, 0, 0)
        assert checked.stdout.startswith("good.py:10:10: depends-to-annotated ")
        assert shown.stdout.startswith("diff --git a/good.py b/good.py\n")
        assert "Annotated" in (project / "good.py").read_text()
        for done in (checked, shown, applied):
            notes = [line for line in done.stderr.splitlines() if line.startswith("skipped ")]
            if sys.version_info < (3, 12):
                assert len(notes) == 2 * len(small) + 2
            assert all(len(note) < 200 for note in notes)

    @pytest.mark.parametrize("command", ["check", "diff", "apply"])
    def test_fails_where_the_bad_file_was_named(self, project, command):
        (project / "bad.py").write_text("def f(:\n")

        done = run(project, command, "bad.py")

        assert done.returncode == 2
        assert "skipped bad.py: line 1 is not valid Python: invalid syntax" in done.stderr

    @pytest.mark.parametrize(
        ("words", "error"),
        [
            (["nowhere.py"], "error: nowhere.py does not exist"),
            (["dangling.py"], "error: dangling.py is a symbolic link to a file that does not exist"),
            (["../elsewhere/file.py", "good.py"], "are not in one project"),
            (["--select", "depend-to-annotated"], "did you mean 'depends-to-annotated'?"),
            (["--config", "nowhere.toml"], "error: nowhere.toml cannot be read: No such file or directory"),
            (["--config", "malformed.toml"], "malformed.toml is not valid TOML"),
            (["--config", "unknown.toml"], "has no key 'selct'; did you mean 'select'?"),
        ],
    )
    @pytest.mark.parametrize("command", ["check", "diff", "apply"])
    def test_fails_with_one_line_where_it_was_asked_for_the_impossible(self, project, command, words, error):
        (project / "dangling.py").symlink_to(project / "gone.py")
        (project.parent / "elsewhere").mkdir()
        (project.parent / "elsewhere/pyproject.toml").touch()
        (project.parent / "elsewhere/file.py").touch()
        (project / "malformed.toml").write_text("[tool.fastapi-codemods\n")
        (project / "unknown.toml").write_text('[tool.fastapi-codemods]\nselct = ["a"]\n')

        done = run(project, command, *words)

        assert done.returncode == 2
        assert done.stdout == ""
        assert error in done.stderr
        assert len(done.stderr.splitlines()) == 1

    @pytest.mark.parametrize("command", ["check", "diff", "apply"])
    def test_has_nothing_to_do_in_an_empty_folder(self, project, command):
        (project / "empty").mkdir()

        done = run(project, command, "empty")

        assert (done.returncode, done.stdout) == (0, "")

    def test_fails_where_the_configuration_is_malformed(self, project):
        (project / "pyproject.toml").write_text("[tool.fastapi-codemods]\nselect = 3\n")

        done = run(project, "check")

        assert done.returncode == 2
        assert "select must be a list of strings" in done.stderr


class TestNewerSyntax:
    """LibCST is asked which Python reads a file; its parser must not take the process with it."""

    @pytest.mark.skipif(sys.version_info >= (3, 12), reason="this Python reads it")
    @pytest.mark.parametrize("name", NEWER)
    def test_is_recognised(self, name):
        assert version_that_reads(encoded(name)) == NEWER[name]

    @pytest.mark.parametrize("name", [name for name in BAD if name not in NEWER and isinstance(BAD[name][0], str)])
    def test_is_not_seen_in_what_is_broken_anyway(self, name):
        assert version_that_reads(encoded(name)) is None

    @pytest.mark.parametrize(
        "code",
        [
            pytest.param(encoded(name), id=name)
            for name in ("unary operators", "negations", "attributes", "chained calls", "sum", "lambdas", "elif")
        ],
    )
    def test_is_not_looked_for_where_that_would_end_the_process(self, code):
        start = time.perf_counter()

        version_that_reads(b"type X = int\n" + code)

        assert time.perf_counter() - start < 5


def test_errors_are_of_one_family():
    assert issubclass(ConfigurationError, CodemodsError)
    assert issubclass(PathError, CodemodsError)
