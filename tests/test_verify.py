"""The dynamic gate: what counts as a difference, in which class, and what does not."""

import json
import subprocess
import textwrap
from pathlib import Path

import pytest

from fastapi_codemods.errors import VerificationError
from fastapi_codemods.verify import DynamicOptions, Gate, Tree, compare
from fastapi_codemods.verify.requests import text_for_pattern
from fastapi_codemods.verify.responses import steady
from fastapi_codemods.verify.revision import tree_of_revision

SHOP = textwrap.dedent(
    """
    from contextlib import asynccontextmanager
    from datetime import datetime, timezone
    from typing import Annotated
    from uuid import uuid4
    from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Security
    from fastapi.security import APIKeyHeader
    from pydantic import BaseModel, Field

    LOG = []
    ITEMS = {"lamp": 1}

    class Item(BaseModel):
        name: str = Field(min_length=2, max_length=5)
        price: float = 1
        code: str = Field("AB-12", pattern=r"^[A-Z]{2}-\\d+$")

    def user(token: Annotated[str, Header()] = ""):
        if token == "secret":
            return "admin"
        raise HTTPException(401)

    def role(name):
        def check():
            return name
        return check

    router = APIRouter(prefix="/items", tags=["items"])

    @router.get("/latest")
    def latest():
        return {"id": str(uuid4()), "at": datetime.now(timezone.utc)}

    @router.get("/{name}", dependencies=[Depends(role("reader"))])
    def read(name: str, limit: int = Query(10, le=100)):
        if name not in ITEMS:
            raise HTTPException(404, "no such item")
        return {"name": name, "limit": limit}

    @router.post("", response_model=Item, status_code=201)
    def create(item: Item, who: Annotated[str, Depends(user)]):
        LOG.append(item.name)
        return item

    @asynccontextmanager
    async def lifespan(app):
        connect()
        yield

    def connect():
        LOG.append("connected")

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    """
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    root = tmp_path_factory.mktemp("verify") / "shop"
    root.mkdir()
    (root / "main.py").write_text(SHOP)
    with Gate(Tree(root), DynamicOptions(replay=True, timeout=60)) as gate:
        yield gate


def after(gate: Gate, *replacements: tuple[str, str]) -> Tree:
    text = SHOP
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return Tree(gate.before.root, {"main.py": text.encode()})


def test_a_tree_is_the_same_as_itself_although_it_answers_with_new_ids_and_times(shop):
    report = shop.against(Tree(shop.before.root))

    assert report.failure is None
    assert report.app == "main:app"
    assert report.differences == ()
    assert report.requests > 40


GZIP = "from starlette.middleware.gzip import GZipMiddleware\napp.add_middleware(GZipMiddleware)\n"
HANDLER = "app.add_exception_handler(ValueError, print)\n"
OTHER_FORM = '"at": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")'

DIFFERENCES = {
    "a dependency that raises is gone": ([(', who: Annotated[str, Depends(user)]', "")], "dependency"),
    "a dependency of the same name asks for less": ([('role("reader")', 'role("anybody")')], "dependency"),
    "a route moved before another that it hides": ([('"/latest"', '"/{other}"')], "order"),
    "a bound is tighter": ([("le=100", "le=50")], "breaking"),
    "a bound is looser": ([("le=100", "le=500")], "non-breaking"),
    "a field must be longer": ([("min_length=2", "min_length=3")], "breaking"),
    "another default": ([("price: float = 1", "price: float = 2")], "breaking"),
    "tags": ([('tags=["items"]', 'tags=["things"]')], "client"),
    "a component is called otherwise": ([("class Item", "class Thing"), ("item: Item", "item: Thing"),
                                         ("response_model=Item", "response_model=Thing")], "client"),
    "a docstring": ([("def latest():", 'def latest():\n    """Text."""')], "documentation"),
    "the response model is gone": ([("response_model=Item, ", "")], "route"),
    "another status": ([("status_code=201", "status_code=200")], "route"),
    "a prefix": ([('prefix="/items"', 'prefix="/things"')], "route"),
    "the text of an error": ([("no such item", "gone")], "response"),
    "a status of an error": ([("404,", "410,")], "response"),
    "what only a known item shows": ([('"limit": limit}', '"limit": str(limit)}')], "response"),
    "a time in another form": ([('"at": datetime.now(timezone.utc)', OTHER_FORM)],
                               "response"),
    "what a request leaves behind": ([("LOG.append(item.name)", "pass")], "state"),
    "the lifespan is lost": ([("FastAPI(lifespan=lifespan)", "FastAPI()")], "lifespan"),
    "startup calls less": ([("    connect()\n    yield", "    yield")], "lifespan"),
    "a middleware is new": ([("app.include_router", GZIP + "app.include_router")], "middleware"),
    "an exception handler is new": ([("app.include_router", HANDLER + "app.include_router")], "handler"),
}  # fmt: skip


@pytest.mark.parametrize("case", DIFFERENCES)
def test_a_difference_is_found_and_has_its_class(shop, case):
    replacements, kind = DIFFERENCES[case]

    report = shop.against(after(shop, *replacements))

    assert kind in {difference.kind for difference in report.differences}, report


INCLUDES = "for _ in range(12):\n    app.include_router(APIRouter())\n"

SAME = {
    "an endpoint becomes a coroutine": [("def latest", "async def latest")],
    "an endpoint is renamed and its name kept": [('@router.get("/latest")\ndef latest',
                                                  '@router.get("/latest", name="latest")\ndef newest')],
    "an annotation in another spelling": [("item: Item", 'item: "Item"')],
    "many more routers are included": [("app.include_router", INCLUDES + "app.include_router")],
    "another body with the same effect": [("return item", "return Item(**item.model_dump())")],
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_what_nobody_outside_can_see_is_no_difference(shop, case):
    report = shop.against(after(shop, *SAME[case]))

    assert report.failure is None
    assert report.differences == ()


def test_a_lost_dependency_has_nothing_after(shop):
    report = shop.against(after(shop, (", who: Annotated[str, Depends(user)]", "")))

    assert [(d.where, d.before, d.after) for d in report.differences if d.kind == "dependency"] == [
        ("POST /items", "user", None)
    ]


def test_websockets_are_compared_with_given_requests(tmp_path):
    text = (
        "from fastapi import FastAPI, WebSocket\napp = FastAPI()\n@app.websocket('/ws')\nasync def ws(s: WebSocket):\n"
    )
    text += "    await s.accept()\n    await s.send_text('hello ' + await s.receive_text())\n"
    (tmp_path / "main.py").write_text(text)
    options = DynamicOptions(requests=({"method": "WEBSOCKET", "path": "/ws", "send": ["you"]},))

    same = compare(Tree(tmp_path), Tree(tmp_path), options)
    other = compare(Tree(tmp_path), Tree(tmp_path, {"main.py": text.replace("hello", "bye").encode()}), options)

    assert same.differences == ()
    assert [difference.kind for difference in other.differences] == ["response"]


@pytest.mark.parametrize(
    ("tree", "app"),
    [
        ({"main.py": "app"}, "main:app"),
        ({"src/shop/main.py": "app", "src/shop/__init__.py": ""}, "shop.main:app"),
        ({"app/main.py": "app", "app/__init__.py": "", "tools/other.py": "app"}, "app.main:app"),
        ({"a.py": "app", "b.py": "app", "Dockerfile": 'CMD ["uvicorn", "b:app"]'}, "b:app"),
        ({"a.py": "app", "b.py": "app", "Procfile": "web: gunicorn a:app"}, "a:app"),
        ({"a.py": "app", "b.py": "app", "pyproject.toml": '[tool.fastapi]\nentrypoint = "b:app"'}, "b:app"),
        ({"shop/factory.py": "factory", "shop/__init__.py": ""}, "shop.factory:create_app()"),
    ],
)
def test_the_application_is_found(tree, app, tmp_path):
    sources = {
        "app": "from fastapi import FastAPI\napp = FastAPI()\n",
        "factory": "from fastapi import FastAPI\ndef create_app():\n    return FastAPI()\n",
    }
    for path, content in tree.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(sources.get(content, content))

    report = compare(Tree(tmp_path), Tree(tmp_path))

    assert report.failure is None
    assert report.app == app


def test_which_of_several_applications_has_to_be_said(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")

    with pytest.raises(VerificationError, match=r"several applications.*a:app, b:app"):
        compare(Tree(tmp_path), Tree(tmp_path))


TEST = "from main import double\n\ndef test_one(): assert double(1) == 2\n\ndef test_wrong(): assert double(1) == 3\n"


def test_only_newly_failing_tests_count(tmp_path):
    (tmp_path / "main.py").write_text("from fastapi import FastAPI\napp = FastAPI()\ndef double(x): return 2 * x\n")
    (tmp_path / "test_main.py").write_text(TEST)
    options = DynamicOptions(test_command="python -m pytest -q test_main.py")
    broken = (tmp_path / "main.py").read_text().replace("2 * x", "x").encode()

    same = compare(Tree(tmp_path), Tree(tmp_path), options)
    other = compare(Tree(tmp_path), Tree(tmp_path, {"main.py": broken}), options)

    assert same.differences == ()
    assert "1 of 2 tests failed before" in " ".join(same.notes)
    assert [(difference.kind, difference.where) for difference in other.differences] == [
        ("test", "test_main::test_one")
    ]


def test_a_revision_is_the_work_tree_with_its_files_and_runs_no_hook(tmp_path):
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True,
                       capture_output=True)  # fmt: skip

    (tmp_path / ".gitignore").write_text(".env\n")
    (tmp_path / ".env").write_text("A=1")
    (tmp_path / "kept.py").write_text("1")
    (tmp_path / "changed.py").write_text("1")
    (tmp_path / "gone.py").write_text("1")
    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "first")
    (tmp_path / "changed.py").write_text("2")
    (tmp_path / "gone.py").unlink()
    (tmp_path / "new.py").write_text("1")
    hook = tmp_path / "fsmonitor"
    hook.write_text("#!/bin/sh\ntouch ran\n")
    hook.chmod(0o755)
    git("config", "core.fsmonitor", str(hook))

    tree = tree_of_revision(tmp_path, "HEAD")

    assert tree.overlay == {"changed.py": b"1", "gone.py": b"1", "new.py": None, "fsmonitor": None}
    assert not (tmp_path / "ran").exists()
    with pytest.raises(VerificationError, match="no revision"):
        tree_of_revision(tmp_path, "no-such-revision")


@pytest.mark.parametrize("pattern", [r"^[A-Z]{2}-\d+$", r"^(a|b)c?$", r"\w+@\w+\.com", "^x{3,}$", r"[^a]b"])
def test_a_text_is_made_for_a_pattern(pattern):
    import re

    text = text_for_pattern(pattern)

    assert text is not None
    assert re.search(pattern, text)


def test_instants_near_now_are_alike_in_their_form_only():
    from datetime import UTC, datetime

    now = datetime.now(UTC)

    assert steady(now.isoformat()) == "9999-99-99T99:99:99.999999+00:00"
    assert steady("2001-02-03T04:05:06Z") == "2001-02-03T04:05:06Z"


def test_the_line_in_which_code_stands_is_no_difference():
    text = """1 validation error: File "app/main.py", line 12, in read_item"""

    assert steady(text) == steady(text.replace("12", "15"))
    assert steady(json.dumps(text)) == steady(json.dumps(text.replace("12", "15")))
    assert steady("row 12") != steady("row 15")


def test_the_copy_shares_nothing_with_the_project(tmp_path):
    from fastapi_codemods.verify.trees import materialise

    root, target = tmp_path / "a", tmp_path / "b"
    outside = tmp_path / "outside"
    for folder in (root / "pkg", root / ".git", root / "venv", outside):
        folder.mkdir(parents=True)
    (root / "pkg" / "data.txt").write_text("data")
    (outside / "far.txt").write_text("far")
    (root / "inside").symlink_to("pkg")
    (root / "far").symlink_to(outside)
    (root / "dangling").symlink_to("nowhere")

    materialise(Tree(root, {"pkg/new.py": b"x", "pkg/data.txt": None}), target)

    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == [
        "far", "far/far.txt", "inside", "pkg", "pkg/new.py",
    ]  # fmt: skip
    assert (target / "inside").resolve() == (target / "pkg").resolve()
    (target / "far" / "far.txt").write_text("changed")
    assert (outside / "far.txt").read_text() == "far"
    assert Path(root / "pkg" / "data.txt").read_text() == "data"
