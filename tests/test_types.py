"""What an expression is worth: a class is named only where no other reading is possible."""

import ast

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.types import Frame, Types

OTHER = """
import requests
session = requests.Session()
class Client:
    def __init__(self): self.http = requests.Session()
def get(): return requests.Session()
"""
HEAD = """
import contextlib, functools, requests, httpx
from typing import *
from pathlib import Path
import other
from other import Client, get, session
T = TypeVar("T")
flag = True
glob = requests.Session()
def change():
    global glob
    glob = httpx.AsyncClient()
class Sub(Client):
    def __init__(self): self.http = httpx.AsyncClient()
class Annotated_:
    client: requests.Session
    def __init__(self, client): self.client = client
class Property:
    @property
    def client(self) -> requests.Session: ...
    @client.setter
    def client(self, v): ...
class Dynamic:
    def __getattr__(self, name): return httpx.AsyncClient()
class Set:
    client = None
    def __init__(self): self.client = requests.Session()
class SetTwice(Set):
    def __init__(self): self.client = requests.Session()
    def later(self): self.client = httpx.AsyncClient()
class Entered:
    def __enter__(self): return requests.Session()
    def __exit__(self, *a): ...
class Generic_(Generic[T]):
    item: T
def decorate(f): return f
@decorate
def decorated() -> requests.Session: ...
async def later(): return requests.Session()
def generator() -> Iterator[requests.Session]: yield requests.Session()
@contextlib.contextmanager
def managed() -> Iterator[requests.Session]: yield requests.Session()
@overload
def overloaded(a: int) -> requests.Session: ...
@overload
def overloaded(a: str) -> httpx.AsyncClient: ...
def overloaded(a): ...
def either(a):
    if a: return requests.Session()
    return httpx.AsyncClient()
def maybe(a):
    if a: return requests.Session()
Alias = requests.Session
"""
SESSION = "requests.Session"


@pytest.fixture
def worth(tmp_path):
    """Of `use(...)` in a function."""

    def ask(code):
        (tmp_path / "other.py").write_text(OTHER)
        (tmp_path / "main.py").write_text(f"{HEAD}\n{code}\n")
        project = Project.open(tmp_path)
        module = project.module("main.py")
        assert module is not None
        types = Types(project)
        (function,) = types.tree(module, len(module.facts.statements) - 1).body
        used = next(
            node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == "use"
        )
        value = types.value(Frame(module, (function,)), used.args[0])
        return None if value is None or not value.is_object else value.symbol.name

    return ask


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("def f(): use(glob)", None),
        ("def f(x=None):\n    x = requests.Session()\n    if flag: x = httpx.AsyncClient()\n    use(x)", None),
        ("def f():\n    x: requests.Session\n    use(x)", SESSION),
        ("def f():\n    x = requests.Session()\n    x += 1\n    use(x)", None),
        ("def f():\n    x = glob\n    def g():\n        nonlocal x\n        x = 1\n    use(x)", None),
        ("def f():\n    x = get()\n    def g():\n        nonlocal x\n        x = glob\n    use(x)", None),
        ("def f():\n    x = requests.Session()\n    [x for x in range(3)]\n    use(x)", SESSION),
        ("def f():\n    x = requests.Session()\n    print(x := httpx.AsyncClient())\n    use(x)", None),
        ("def f():\n    if (x := requests.Session()): use(x)", SESSION),
        ("def f(x: 'requests.Session | httpx.AsyncClient'): use(x)", None),
        ("def f(x: 'requests.Session | None' = None): use(x)", SESSION),
        ("def f(x: requests.Session):\n    x = httpx.AsyncClient()\n    use(x)", None),
        ("def f(x: Type[requests.Session]): use(x)", None),
        ("def f(x: list[requests.Session]): use(x[0])", None),
        ("def f(x: Generic_[requests.Session]): use(x.item)", None),
        ("def f(x: Alias): use(x)", SESSION),
        ("def f(x: Annotated[requests.Session, 1]): use(x)", SESSION),
        ("def f(x: Sub): use(x.http)", None),
        ("def f(x: Client): use(x.http)", SESSION),
        ("def f(x: Annotated_): use(x.client)", SESSION),
        ("def f(x: Property): use(x.client)", SESSION),
        ("def f(x: Dynamic): use(x.client)", None),
        ("def f(x: Set): use(x.client)", SESSION),
        ("def f(x: SetTwice): use(x.client)", None),
        ("def f(): use(decorated())", None),
        ("def f(): use(get())", SESSION),
        ("def f(): use(other.session)", SESSION),
        ("async def f(): use(await later())", SESSION),
        ("async def f(): use(later())", None),
        ("def f(): use(generator())", None),
        ("def f():\n    with managed() as x: use(x)", SESSION),
        ("def f():\n    with managed() as x, open('f') as x: use(x)", None),
        ("def f():\n    with Entered() as x: use(x)", SESSION),
        ("def f(): use(overloaded(1))", None),
        ("def f(): use(either(1))", None),
        ("def f(): use(maybe(1))", SESSION),
        ("def f(requests): use(requests.Session())", None),
        ("def f():\n    import httpx as requests\n    use(requests.Session())", None),
        ("def f():\n    try: x = requests.Session()\n    except Exception as x: pass\n    use(x)", None),
        ("def f():\n    match requests.Session():\n        case x: use(x)", None),
        ("def f():\n    x, y = requests.Session(), 1\n    use(x)", SESSION),
        ("def f():\n    x, *y = requests.Session(), 1\n    use(x)", None),
        ("def f(): use(Path('x').parent / 'y')", "pathlib.Path"),
    ],
)
def test_what_an_expression_is_worth(worth, code, expected):
    assert worth(code) == expected
