"""Applications that misbehave when they are imported: a clear message, no process left, the work tree as it was."""

import os
import sys
import time
from pathlib import Path

import pytest

from fastapi_codemods.verify import DynamicOptions, Tree, compare
from fastapi_codemods.verify.child import without_network

APP = "from fastapi import FastAPI\napp = FastAPI()\n"
BOUND = 4.0


def project(tmp_path: Path, source: str) -> Path:
    root = tmp_path / "shop"
    root.mkdir()
    (root / "main.py").write_text(source)
    return root


def files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def ours(word: str) -> list[str]:
    """The processes whose command line or environment holds that word."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                if word.encode() in (process / "environ").read_bytes():
                    found.append(process.name)
            except OSError:
                continue
    return found


HOSTILE = {
    "hangs": ("import time\ntime.sleep(1000)\n", "within 2 seconds"),
    "loops": ("while True: pass\n", "within 2 seconds"),
    "exits": ("import sys\nsys.exit(3)\n", "sys.exit(3)"),
    "exits_at_once": ("import os\nos._exit(0)\n", "ended its process with exit code 0"),
    "is_killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", "SIGKILL"),
    "raises": ("raise RuntimeError('no database')\n", "RuntimeError: no database (main.py:1)"),
    "raises_base_exception": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "needs_a_variable": ("import os\nos.environ['SHOP_SECRET']\n", "--env SHOP_SECRET=VALUE"),
    "has_a_syntax_error": ("def f(:\n", "SyntaxError"),
    "misses_a_module": ("import no_such_module_at_all\n", "--python"),
    "opens_a_socket": ("import socket\nsocket.create_connection(('192.0.2.1', 80), 1)\n", "no network"),
    "prints_and_hangs": ("while True: print('x' * 100_000)\n", "within 2 seconds"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_goes_wrong_at_import_is_said_and_nothing_is_left(case, tmp_path):
    source, expected = HOSTILE[case]
    root = project(tmp_path, source + APP)
    before = files(root)
    mark = f"hostile-{case}-{os.getpid()}"

    start = time.monotonic()
    report = compare(
        Tree(root), Tree(root), DynamicOptions(app="main:app", timeout=2, replay=True, environment={"MARK": mark})
    )

    assert report.failure is not None
    assert expected in report.failure
    assert "\n" not in report.failure
    assert time.monotonic() - start < 2 + BOUND
    assert files(root) == before
    assert ours(mark) == []


@pytest.mark.parametrize(
    "source",
    [
        "import sys\nsys.stdout.write('x' * 30_000_000)\nsys.stderr.write('y' * 30_000_000)\n",
        "import os\nos.fork()\n",
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(1000)\n",
        "import subprocess\nsubprocess.Popen(['sleep', '1000'], start_new_session=True)\n",
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n",
        "open('written.txt', 'w').write('x')\nopen('main.py', 'a').write('# more')\n",
    ],
    ids=[
        "prints megabytes",
        "forks",
        "forks into another session",
        "starts a program",
        "starts a thread",
        "writes files",
    ],
)
def test_an_application_with_bad_habits_is_compared_and_nothing_is_left(source, tmp_path):
    root = project(tmp_path, source + APP + "@app.get('/a')\ndef a(): return 1\n")
    before = files(root)
    mark = f"habits-{os.getpid()}-{tmp_path.name}"

    report = compare(
        Tree(root), Tree(root), DynamicOptions(app="main:app", timeout=20, replay=True, environment={"MARK": mark})
    )

    assert report.failure is None
    assert report.differences == ()
    assert report.requests > 5
    assert files(root) == before
    assert ours(mark) == []


def test_a_variable_that_was_given_is_there_and_ours_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("OUR_SECRET", "x")
    root = project(tmp_path, "import os\nassert 'OUR_SECRET' not in os.environ\nos.environ['SHOP_SECRET']\n" + APP)

    report = compare(Tree(root), Tree(root), DynamicOptions(app="main:app", environment={"SHOP_SECRET": "y"}))

    assert report.failure is None


def test_an_application_that_cannot_be_imported_after_the_change_is_a_difference(tmp_path):
    root = project(tmp_path, APP)

    report = compare(Tree(root), Tree(root, {"main.py": b"import gone_module\n"}), DynamicOptions(app="main:app"))

    assert [difference.kind for difference in report.differences] == ["import"]
    assert "gone_module" in report.differences[0].what


@pytest.mark.parametrize("ending", ["import os; os._exit(1)", "while True: pass", "import time; time.sleep(100)"])
def test_a_handler_that_ends_or_blocks_the_process_is_said(ending, tmp_path):
    root = project(tmp_path, APP + "@app.get('/a')\nasync def a(): return 1\n")
    after = (root / "main.py").read_text().replace("return 1", "\n    " + ending)

    report = compare(
        Tree(root), Tree(root, {"main.py": after.encode()}), DynamicOptions(app="main:app", replay=True, timeout=40)
    )

    assert any(difference.kind == "response" and "GET /a" in difference.where for difference in report.differences)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="namespaces are Linux's")
def test_the_network_is_refused_without_namespaces_too(tmp_path, monkeypatch):
    without_network.cache_clear()
    monkeypatch.setattr("shutil.which", lambda _: None)
    try:
        root = project(tmp_path, HOSTILE["opens_a_socket"][0] + APP)
        report = compare(Tree(root), Tree(root), DynamicOptions(app="main:app"))
    finally:
        without_network.cache_clear()

    assert report.failure is not None
    assert "no network" in report.failure
