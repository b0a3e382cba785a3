"""Which calls of async functions block, through which functions; the fixtures of `blocking-in-async` hold more."""

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.calls import blocking_calls, thread_helper


@pytest.fixture
def found(tmp_path):
    """Line and what blocks, of each call in main.py."""

    def find(**files):
        for path, text in files.items():
            file = tmp_path / (f"{path}.py")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        calls = blocking_calls(Project.open(tmp_path))
        return [(call.line, call.leaf) for call in calls if call.path == "main.py"]

    return find


@pytest.mark.parametrize(
    ("imports", "code", "leaf"),
    [
        ("import urllib.request", "urllib.request.urlopen('u')", "urllib.request.urlopen"),
        ("from urllib import request", "request.urlopen('u')", "urllib.request.urlopen"),
        ("import requests as r", "r.get('u')", "requests.get"),
        ("from requests import get as fetch", "fetch('u')", "requests.get"),
        ("import httpx", "httpx.get('u')", "httpx.get"),
        ("import urllib3", "urllib3.request('GET', 'u')", "urllib3.request"),
        ("import subprocess", "subprocess.Popen(['ls'])", "subprocess.Popen"),
        ("import subprocess", "x = [subprocess.run(c) for c in y]", "subprocess.run"),
        ("import os", "os.spawnl(os.P_WAIT, 'x')", "os.spawnl"),
        ("import os", "os.waitpid(1, 0)", "os.waitpid"),
        ("", "open('x')", "open"),
        ("", "input()", "input"),
        ("import io", "io.open_code('x')", "io.open_code"),
        ("from os import path", "path.getsize('x')", "os.path.getsize"),
        ("import os", "f(os.path.exists('x'))", "os.path.exists"),
        ("from time import sleep", "sleep(1)", "time.sleep"),
        ("", "import time as t; t.sleep(1)", "time.sleep"),
        ("import builtins", "builtins.input('x')", "input"),
        ("", "await open('x')", "open"),
        ("import time", "async with time.sleep(1): pass", "time.sleep"),
    ],
)
def test_a_function_of_a_library(found, imports, code, leaf):
    assert found(main=f"import fastapi\n{imports}\nasync def f(y=()):\n    {code}\n") == [(4, leaf)]


@pytest.mark.parametrize(
    ("star", "blocks"),
    [
        ("from types_ import *", True),
        ("from elsewhere import *", False),
        ("from os import *", False),
        ("from pydantic import *", True),
    ],
)
def test_a_builtin_beside_an_import_of_everything(found, star, blocks):
    modules = {"types_": "class A: ...\n", "elsewhere": "from openers import *\n", "openers": "open = print\n"}
    code = f"import fastapi\n{star}\nasync def f():\n    open('x')\n"
    assert found(main=code, **modules) == ([(4, "open")] if blocks else [])


@pytest.mark.parametrize(
    ("parameter", "code", "leaf"),
    [
        ("p: Path", "p.exists()", "pathlib.Path.exists"),
        ("p: 'Path | None' = None", "p.read_text()", "pathlib.Path.read_text"),
        ("p: Optional[Path]", "(p / 'x').open()", "pathlib.Path.open"),
        ("p: Annotated[Path, 1]", "p.parent.mkdir()", "pathlib.Path.mkdir"),
        ("p: str | Path", "p.exists()", "pathlib.Path.exists"),
        ("p: str", "p = Path(p); p.stat()", "pathlib.Path.stat"),
        ("p: Path", "x = [q.stat() for q in p.parents]", None),
        ("p", "Path(p).unlink()", "pathlib.Path.unlink"),
        ("p", "Path(p).replace('x')", "pathlib.Path.replace"),
        ("p", "p.replace('x', 'y')", None),
        ("p", "a, b = Path(p), p; a.stat()", "pathlib.Path.stat"),
        ("p", "(a, b) = [1, Path(p)]; b.stat()", "pathlib.Path.stat"),
        ("p", "a, b = Path(p); a.stat()", None),
        ("p", "a, *b = Path(p), p; b.stat()", None),
        ("p", "x = (a := Path(p)) and p; a.stat()", "pathlib.Path.stat"),
        ("p", "x = [q for q in p if (a := Path(q)) and a.stat()]", "pathlib.Path.stat"),
        ("p", "(a := Path(p)); a = p; a.stat()", None),
        ("p", """x = f"{Path('.').resolve()}\"""", "pathlib.Path.resolve"),
        ("p", """x = "{Path('.').resolve()}\"""", None),
        ("p", "(Path.home() / 'x').touch()", "pathlib.Path.touch"),
        ("p", "p.exists()", None),
        ("p: list", "p.exists()", None),
        ("c: httpx.Client", "c.send(1)", "httpx.Client.send"),
        ("c: httpx.AsyncClient", "c.get('u')", None),
        ("c: 'httpx.Client | httpx.AsyncClient'", "c.get('u')", None),
        ("c", "make().execute('x')", "sqlalchemy.orm.Session.execute"),
        ("c", "db.client.get('u')", "httpx.Client.get"),
        ("c", "db.Mine().post('u')", "httpx.Client.post"),
    ],
)
def test_a_method_of_an_object(found, parameter, code, leaf):
    head = "import fastapi, httpx, db\nfrom db import make\nfrom pathlib import Path\nfrom typing import *\n"
    other = (
        "import httpx\nfrom sqlalchemy.orm import sessionmaker\nclient = httpx.Client()\nmake = sessionmaker()\n"
        "class Mine(httpx.Client): ...\n"
    )

    calls = found(main=f"{head}async def f({parameter}):\n    {code}\n", db=other)

    assert calls == ([(6, leaf)] if leaf else [])


@pytest.mark.parametrize(
    "code",
    [
        "from lib import work\nasync def f(): work()",
        "from lib import work as w\nasync def f(): w()",
        "import lib\nasync def f(): lib.work()",
        "async def f():\n    from lib import work\n    work()",
        "from lib import *\nasync def f(): work()",
        "from pkg import work\nasync def f(): work()",
        "from lib import C\nasync def f(): C().run()",
        "from lib import C\nasync def f(): C.make()",
        "from lib import D\nasync def f(d: D): d.run()",
        "from lib import c\nasync def f(): c.run()",
        "from lib import E\nasync def f(): E()",
        "from lib import manager\nasync def f():\n    with manager(): pass",
        "from lib import rows\nasync def f():\n    for row in rows(): pass",
    ],
)
def test_a_function_of_the_project_that_blocks(found, code):
    lib = (
        "import time\nfrom contextlib import contextmanager\n"
        "def work(): time.sleep(1)\n"
        "class C:\n    def run(self): self.go()\n    def go(self): time.sleep(1)\n"
        "    @classmethod\n    def make(cls): time.sleep(1)\n"
        "class D(C): ...\nc = C()\n"
        "class E:\n    def __init__(self): time.sleep(1)\n"
        "@contextmanager\ndef manager():\n    time.sleep(1)\n    yield\n"
        "def rows():\n    time.sleep(1)\n    yield\n"
    )

    calls = found(main=f"import fastapi\n{code}\n", lib=lib, **{"pkg/__init__": "from lib import work\n"})

    assert [leaf for _, leaf in calls] == ["time.sleep"]


@pytest.mark.parametrize(
    "code",
    [
        "async def f(): await work",
        "async def f(): run(work)",
        "async def f(): x = rows()",
        "async def f(): x = manager()",
        "async def f(work): work()",
        "async def f():\n    def work(): ...\n    work()",
        "async def g(): ...\nasync def f(): await g()",
        "def f(): work()",
        "async def f(): return lambda: work()",
    ],
)
def test_what_does_not_run_here(found, code):
    lib = (
        "import time\nfrom contextlib import contextmanager\ndef work(): time.sleep(1)\n"
        "def rows():\n    time.sleep(1)\n    yield\n@contextmanager\ndef manager():\n    time.sleep(1)\n    yield\n"
    )

    assert found(main=f"import fastapi\nfrom lib import manager, rows, work\n{code}\n", lib=lib) == []


def test_the_way_to_what_blocks(tmp_path):
    (tmp_path / "main.py").write_text("import fastapi, a\nasync def f():\n    a.one()\n")
    (tmp_path / "a.py").write_text("import b\n\ndef one():\n    b.two()\n")
    (tmp_path / "b.py").write_text("# ä\nimport time\n\n\ndef two():\n    time.sleep(1)\n")

    (call,) = blocking_calls(Project.open(tmp_path))

    assert call.steps == (("f", "main.py", 3), ("one", "a.py", 4), ("two", "b.py", 6))


def test_several_processes_find_the_same(tmp_path):
    for number in range(400):
        code = f"import fastapi, time\nasync def f():\n    time.sleep({number})\n"
        (tmp_path / f"m{number}.py").write_text(code)

    assert blocking_calls(Project.open(tmp_path, jobs=2)) == blocking_calls(Project.open(tmp_path, jobs=1))


def test_the_helper_that_is_used_most(tmp_path):
    (tmp_path / "main.py").write_text("import fastapi\nasync def f(): await anyio.to_thread.run_sync(g)\n")

    assert thread_helper(Project.open(tmp_path)) == "anyio.to_thread.run_sync"
