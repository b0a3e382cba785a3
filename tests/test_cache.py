"""What earlier runs learned about files is used where it holds, and only there."""

import ast
import marshal
import os
import pickle
import signal
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from fastapi_codemods import cache
from fastapi_codemods.config import Options
from fastapi_codemods.errors import PathError
from fastapi_codemods.parallel import can_fork
from fastapi_codemods.pipeline import check, plan
from fastapi_codemods.project import Project, index

MAIN = """\
from fastapi import Depends, FastAPI

from routers import items

app = FastAPI()


def get_db():
    yield 1


@app.get("/")
def read(db: int = Depends(get_db)):
    return db
"""
ITEMS = "from main import get_db\n\n\ndef setup(app):\n    app.include_router(1)\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(cache, "_waiting", [])
    root = tmp_path / "project"
    write(root, "main.py", MAIN)
    write(root, "routers/items.py", ITEMS)
    write(root, "other.py", "x = 1\n")
    yield root
    cache.write_now()


def write(root, path, text, *, age=100):
    """A file that was written so many seconds ago, as far as it can be told."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    moment = time.time() - age
    os.utime(file, (moment, moment))
    return file


@pytest.fixture
def settled_at_once(monkeypatch):
    """Files of tests are new, their time of change cannot be set; here that is no reason for doubt."""
    monkeypatch.setattr(cache, "RACY", -(10**18))


@pytest.fixture
def reads(monkeypatch):
    """The names of the files that were read, and `parsed` for each whose facts were."""
    done: list[str] = []

    def noting(name, what):
        function = getattr(index, name)

        def noted(argument):
            done.append(what(argument))
            return function(argument)

        monkeypatch.setattr(index, name, noted)

    noting("_content_of", lambda path: Path(path).name)
    noting("read_facts", lambda _: "parsed")
    return done


def opened(root):
    project = Project.open(root, jobs=1, cache=True)
    cache.write_now()
    return project


def summary(project):
    return (
        {module.path: (module.facts, module.data) for module in project.modules()},
        dict(project.import_statements),
        project.skipped,
    )


def files(root):
    return sorted((root.parent / "cache").rglob(f"*.{sys.implementation.cache_tag}"))


def decoded(root):
    (file,) = files(root)
    return marshal.loads(file.read_bytes()[len(cache.MAGIC) + 4 :])


def encode(root, content):
    (file,) = files(root)
    data = marshal.dumps(content)
    file.write_bytes(cache.MAGIC + zlib.crc32(data).to_bytes(4, "little") + data)


# --- what is read again


@pytest.mark.usefixtures("settled_at_once")
def test_an_unchanged_project_is_not_read(root, reads):
    opened(root)
    reads.clear()
    project = opened(root)
    assert "read" in [function.name for _, function in project.functions()]
    assert reads == []


@pytest.mark.usefixtures("settled_at_once")
def test_the_cache_tells_what_the_files_tell(root, reads):
    write(root, "broken.py", "from fastapi import Depends\ndef f(:\n    Depends(f)\n")
    write(root, "torn.py", "x = (\n")
    without = Project.open(root, jobs=1)
    opened(root)
    reads.clear()
    assert summary(opened(root)) == summary(without)
    assert "parsed" not in reads


@pytest.mark.usefixtures("settled_at_once")
def test_only_the_changed_file_is_read_again(root, reads):
    opened(root)
    write(root, "main.py", MAIN.replace("db: int", "session: int"))
    reads.clear()
    project = opened(root)
    assert reads == ["main.py", "parsed"]
    assert summary(project) == summary(Project.open(root, jobs=1))


@pytest.mark.usefixtures("settled_at_once")
def test_a_file_with_new_times_and_the_old_content_is_not_parsed(root, reads):
    opened(root)
    os.utime(root / "main.py")
    reads.clear()
    opened(root)
    assert reads == ["main.py"]


@pytest.mark.usefixtures("settled_at_once")
def test_files_come_and_go(root):
    opened(root)
    (root / "routers/items.py").unlink()
    write(root, "new.py", MAIN)
    assert [module.path for module in opened(root).modules()] == ["main.py", "new.py"]
    assert [module.path for module in opened(root).modules()] == ["main.py", "new.py"]
    assert set(decoded(root)[2]) == {"main.py", "new.py", "other.py"}


@pytest.mark.usefixtures("settled_at_once")
def test_excluded_files_stay_in_the_cache(root):
    opened(root)
    os.utime(root / "main.py")
    Project.open(root, exclude=["routers"], jobs=1, cache=True)
    cache.write_now()
    assert "routers/items.py" in decoded(root)[2]


@pytest.mark.usefixtures("settled_at_once")
def test_a_neighbour_of_fastapi_is_looked_at_when_it_becomes_one(root):
    write(root, "routers/users.py", "def setup(app):\n    app.include_router(2)\n")
    write(root, "main.py", "x = 2\n")
    assert not list(opened(root).modules())
    write(root, "routers/api.py", "from fastapi import FastAPI\napp = FastAPI()\n")
    assert summary(opened(root)) == summary(Project.open(root, jobs=1))
    assert summary(opened(root)) == summary(Project.open(root, jobs=1))


def test_several_processes_keep_the_same(root, monkeypatch):
    monkeypatch.setattr(index, "FILES_WORTH_A_PROCESS", 1)
    for number in range(20):
        write(root, f"routers/r{number}.py", MAIN)
    Project.open(root, jobs=3, cache=True)
    cache.write_now()
    assert summary(Project.open(root, jobs=3, cache=True)) == summary(Project.open(root, jobs=1))


# --- what changes behind its back


def test_a_young_file_is_compared_by_content(root, reads):
    """Size and times as they were, content not: within one tick of the clock."""
    file = write(root, "main.py", MAIN)
    opened(root)
    assert decoded(root)[2]["main.py"][0] is None
    file.write_text(MAIN.replace("db", "xx"))
    reads.clear()
    assert summary(opened(root)) == summary(Project.open(root, jobs=1))
    assert reads.count("main.py") == 2


def lie_about(root, path, text):
    """Makes the cache say that the file, as it is on the disk, is what it was when it held another text."""
    shape, place, entries = decoded(root)
    (root / path).write_text(text)
    entries[path] = (cache.stamp_of(os.stat(root / path)), *entries[path][1:])
    encode(root, (shape, place, entries))


@pytest.mark.usefixtures("settled_at_once")
def test_facts_of_other_bytes_are_thrown_away(root):
    opened(root)
    lie_about(root, "main.py", MAIN.replace("def get_db", "def get_xx").replace("(get_db", "(get_xx"))
    found = check(root, [], Options(select=("depends-to-annotated",), jobs=1))
    assert [finding.location.line for finding in found.findings] == [13]
    assert not files(root)
    planned = plan(root, [], Options(select=("depends-to-annotated",), jobs=1))
    (change,) = planned.changes
    assert change.before == (root / "main.py").read_bytes()
    assert b"Depends(get_xx)]" in (change.after or b"")


@pytest.mark.usefixtures("settled_at_once")
def test_facts_that_were_relied_on_cannot_be_replaced(root):
    opened(root)
    project = opened(root)
    module = project.module("main.py")
    assert module is not None
    assert module.facts.functions
    lie_about(root, "main.py", MAIN.replace("app = FastAPI()", "application = FastAPI()"))
    with pytest.raises(PathError, match=r"main.py changed while the project was read; run again"):
        _ = module.data
    assert not files(root), "the next run starts afresh"


@pytest.mark.usefixtures("settled_at_once")
@pytest.mark.parametrize("text", ["def f(:\n", None])
def test_a_file_that_is_gone_or_broken_when_it_is_needed(root, text):
    opened(root)
    module = opened(root).module("main.py")
    assert module is not None
    (root / "main.py").unlink() if text is None else (root / "main.py").write_text(text)
    with pytest.raises(PathError, match="run again"):
        _ = module.data


@pytest.mark.usefixtures("settled_at_once")
def test_a_change_between_reading_and_rewriting_that_keeps_size_and_time(root):
    opened(root)
    project = opened(root)
    status = os.stat(root / "main.py")
    (root / "main.py").write_text(MAIN.replace("db", "xx"))
    os.utime(root / "main.py", ns=(status.st_atime_ns, status.st_mtime_ns))
    module = project.module("main.py")
    assert module is not None
    assert module.data == MAIN.replace("db", "xx").encode()
    assert "get_xx" in module.facts.bindings


# --- caches that are wrong


def truncated(data):
    return data[: len(data) // 2]


def flipped(data):
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


def emptied(_):
    return b""


def replaced(data):
    return b"x" * len(data)


@pytest.mark.usefixtures("settled_at_once")
@pytest.mark.parametrize("damage", [truncated, flipped, emptied, replaced])
def test_a_damaged_cache_is_none(root, reads, damage):
    opened(root)
    (file,) = files(root)
    file.write_bytes(damage(file.read_bytes()))
    reads.clear()
    assert summary(opened(root)) == summary(Project.open(root, jobs=1))
    assert "parsed" in reads
    reads.clear()
    opened(root)
    assert reads == []


class _Evil:
    def __reduce__(self):
        return os.mkdir, ("evil",)


@pytest.mark.usefixtures("settled_at_once")
@pytest.mark.parametrize(
    "facts",
    [
        pytest.param(pickle.dumps(_Evil()), id="a call"),
        pytest.param(pickle.dumps(os.mkdir), id="a function"),
        pytest.param(pickle.dumps("text"), id="a text"),
        pytest.param(b"nothing", id="no pickle"),
        pytest.param(b"\x80\x05.", id="an empty pickle"),
    ],
)
def test_facts_that_are_none_run_nothing(root, facts, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    opened(root)
    shape, place, entries = decoded(root)
    entries["main.py"] = (*entries["main.py"][:-1], facts)
    encode(root, (shape, place, entries))
    assert summary(opened(root)) == summary(Project.open(root, jobs=1))
    assert not (tmp_path / "evil").exists()


@pytest.mark.usefixtures("settled_at_once")
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(lambda s, r, _: (s, r, {"main.py": (1, 2)}), id="few fields"),
        pytest.param(lambda s, r, _: (s, r, {"main.py": None}), id="no fields"),
        pytest.param(lambda s, r, _: (s, r, {b"main.py": ()}), id="a path of bytes"),
        pytest.param(lambda s, r, _: (s, r, [1]), id="a list"),
        pytest.param(lambda s, r, e: (s, r, {p: (f[0], "1", *f[2:]) for p, f in e.items()}), id="a size of text"),
        pytest.param(lambda *_: None, id="nothing"),
        pytest.param(lambda s, _, e: (s, "/another/project", e), id="another project"),
        pytest.param(lambda _, r, e: ("another version", r, e), id="another version"),
    ],
)
def test_a_cache_of_another_kind_is_none(root, reads, content):
    opened(root)
    encode(root, content(*decoded(root)))
    reads.clear()
    opened(root)
    assert "parsed" in reads


@pytest.mark.skipif(os.name == "nt", reason="permissions")
@pytest.mark.parametrize("place", ["unwritable", "a file", "no home"])
def test_without_a_place_to_keep_it_everything_works(root, tmp_path, monkeypatch, place):
    if place == "a file":
        (tmp_path / "cache").write_text("")
    elif place == "unwritable":
        # Root may write anywhere but here.
        monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", "")
        monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
    for _ in range(2):
        assert summary(opened(root)) == summary(Project.open(root, jobs=1))


def test_a_full_disk_leaves_nothing(root, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    opened(root)
    assert [file for file in (root.parent / "cache").rglob("*") if file.is_file()] == []


# --- writers


def test_old_projects_and_what_killed_writers_left_are_pruned(root, monkeypatch):
    folder = root.parent / "cache" / "fastapi-codemods"
    for number, name in enumerate(["oldest", "older", "abandoned.tmp", "young.tmp"]):
        write(folder, name, "x" * 1000, age=0 if name == "young.tmp" else 10_000 - number)
    opened(root)
    assert {"oldest", "older", "young.tmp"} <= set(os.listdir(folder))
    assert "abandoned.tmp" not in os.listdir(folder)
    monkeypatch.setattr(cache, "LIMIT", files(root)[0].stat().st_size + 1500)
    os.utime(root / "main.py")
    opened(root)
    assert "oldest" not in os.listdir(folder)
    assert "older" in os.listdir(folder)
    assert files(root)


@pytest.mark.skipif(not can_fork(), reason="needs fork")
def test_two_writers_and_a_killed_one_leave_a_whole_cache(root):
    opened(root)
    for number in range(30):
        children = []
        for _ in range(2):
            child = os.fork()
            if child == 0:
                try:
                    while True:
                        os.utime(root / "main.py")
                        opened(root)
                finally:
                    os._exit(1)
            children.append(child)
        time.sleep(0.002 + number * 0.001)
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
        kept = cache.Cache(root, decoded(root)[0])
        kept.load()
        assert set(kept.entries) == {"main.py", "other.py", "routers/items.py"}


# --- as commands


def command(root, *words):
    run = [sys.executable, "-m", "fastapi_codemods_cli", *words]
    return subprocess.run(run, cwd=root, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_keeps_for_the_next_and_says_the_same(root):
    first = command(root, "diff", "--select", "depends-to-annotated", "--no-cache")
    assert not files(root)
    second = command(root, "diff", "--select", "depends-to-annotated")
    deadline = time.monotonic() + 20
    while not files(root) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert files(root), "written by a child that nobody waits for"
    third = command(root, "diff", "--select", "depends-to-annotated")
    assert "Annotated[int, Depends(get_db)]" in first.stdout
    assert (first.stdout, first.stderr) == (second.stdout, second.stderr) == (third.stdout, third.stderr)


def test_all_code_that_decides_about_facts_is_known():
    """What the sources of the reader import from the project, but for modules that have no say in facts."""
    no_say = {"errors", "findings", "kept_trees", "outlines", "parallel", "plan", "source", "style", "versions"}
    known = {Path(source).stem for source in index.SOURCES}
    imported = set()
    for source in index.SOURCES:
        tree = ast.parse((Path(index.__file__).parents[1] / source).read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                imported.add((node.module or "").rpartition(".")[2])
    assert imported <= known | no_say
