"""How a codebase is written: what is counted, where it was seen, and what a codemod follows."""

import json
from pathlib import Path
from typing import ClassVar

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.profile import Place, profile_of
from fastapi_codemods_cli.__main__ import run

CHECKOUT = Path(__file__).parents[1]
ROUTER = "from fastapi import APIRouter, Depends, HTTPException, Query, status\nrouter = APIRouter()\n"


@pytest.fixture
def profile(tmp_path):
    def make(files, within=("",)):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return profile_of(Project.open(tmp_path), within)

    return make


@pytest.fixture
def seen(profile):
    """The variants of one convention, with their places."""

    def make(name, files):
        found = profile(files).convention(name)
        return {variant.name: (variant.number, [str(place) for place in variant.places]) for variant in found.variants}

    return make


def handlers(*headers):
    return ROUTER + "".join(f"@router.get('/{n}')\n{header}: ...\n" for n, header in enumerate(headers))


class TestEstablished:
    @pytest.mark.parametrize(
        ("headers", "established"),
        [
            pytest.param(["def a()"] * 2, None, id="too few"),
            pytest.param(["def a()"] * 3, "def", id="three of three"),
            pytest.param(["def a()"] * 7 + ["async def b()"] * 3, "def", id="seventy percent"),
            pytest.param(["def a()"] * 2 + ["async def b()"] * 4, None, id="two thirds"),
            pytest.param([], None, id="absent"),
        ],
    )
    def test_is_a_variant_seen_often_enough(self, profile, headers, established):
        assert profile({"main.py": handlers(*headers)}).convention("async_handlers").established == established

    def test_is_followed_else_the_default(self, profile):
        found = profile({"main.py": handlers("def a(x=Query(1), y=Query(1), z=Query(1))")})

        style = found.convention("parameter_style")
        assert (style.established, style.follow, style.default) == ("default value", "default value", "Annotated")
        assert found.convention("router_variable").follow == "router"
        assert found.convention("status_codes").follow is None

    def test_is_never_a_variant_that_nobody_can_follow(self, profile):
        errors = "".join(f"def f{n}(e):\n    raise HTTPException(400, e.args)\n" for n in range(4))
        style = profile({"main.py": ROUTER + errors}).convention("error_style")

        assert style.variants[0].name == "HTTPException(computed)"
        assert (style.established, style.follow) == (None, "HTTPException(str)")

    def test_names_the_first_three_places(self, profile):
        (variant,) = profile({"main.py": handlers(*["def a()"] * 5)}).convention("async_handlers").variants

        assert variant.number == 5
        assert variant.share == 1
        assert variant.places == (Place("main.py", 4), Place("main.py", 6), Place("main.py", 8))

    def test_comes_from_outside_tests_and_inside_the_paths(self, profile):
        text = handlers("def a()")
        tests = ("tests/x.py", "a/tests/b/x.py", "test_x.py", "conftest.py", "a/x_test.py")
        files = dict.fromkeys((*tests, "app/x.py", "app/attest_x.py", "other/x.py"), text)

        assert profile(files).convention("async_handlers").observations == 3
        assert profile(files, ("app",)).convention("async_handlers").observations == 2
        assert profile(files, ("other/x.py",)).convention("async_handlers").observations == 1

    def test_defaults_follow_the_versions(self, profile):
        found = profile({"pyproject.toml": '[project]\nrequires-python = ">=3.8"\ndependencies = ["fastapi==0.90"]\n'})

        assert found.convention("parameter_style").default == "default value"
        assert found.convention("optional_types").default == "Optional[X]"
        assert found.convention("collection_types").default == "List[X]"

    def test_versions_come_from_the_folder_of_the_application(self, profile):
        found = profile(
            {
                "backend/pyproject.toml": '[project]\ndependencies = ["fastapi>=0.101"]\n',
                "backend/app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            }
        )

        assert (found.versions.fastapi, found.versions.fastapi_source) == ((0, 101), "backend/pyproject.toml")


class TestParameters:
    def test_are_told_apart_by_meaning_not_by_spelling(self, seen):
        files = {
            "main.py": (
                "from typing import Annotated as A, Optional\n"
                "import fastapi as f\n"
                "from fastapi import Depends as D\n"
                "from mine import Query\n"
                "def dep(x: A[int, f.Header()], y=Query(1)): ...\n"
                "@f.APIRouter().get('/')\n"
                "def a(x=D(dep), y: Optional[int] = None, z=Query(2)): ...\n"
            ),
            "mine.py": "def Query(x): ...\n",
        }

        assert seen("parameter_style", files) == {"Annotated": (1, ["main.py:5"]), "default value": (1, ["main.py:7"])}

    def test_of_an_alias_are_annotated(self, seen):
        files = {
            "deps.py": (
                "from typing import Annotated\nfrom fastapi import Depends, Query\n"
                "def get(): ...\n"
                "SessionDep = Annotated[int, Depends(get)]\nCurrentUser = Annotated[\n    int, Depends(get)\n]\n"
                "Page = Annotated[int, Query()]\ndb_dependency = Annotated[int, Depends(get)]\n"
            ),
            "api.py": ROUTER + "from deps import SessionDep as S\nimport deps\n"
            "@router.get('/')\ndef a(x: S, y: deps.Page, z=Depends(deps.get)): ...\n",
        }

        assert seen("parameter_style", files) == {
            "Annotated": (2, ["api.py:6"]),
            "default value": (1, ["api.py:6"]),
        }
        assert seen("alias_names", files) == {
            "<Type>": (1, ["deps.py:5"]),
            "<Type>Dep": (1, ["deps.py:4"]),
            "lower_case": (1, ["deps.py:9"]),
        }

    def test_of_a_dependency_count_even_if_its_module_says_nothing_of_fastapi(self, seen):
        files = {
            "deps.py": "from aliases import Page\n\ndef get(page: Page): ...\n",
            "aliases.py": "from typing import Annotated\nfrom fastapi import Query\nPage = Annotated[int, Query()]\n",
            "api.py": ROUTER + "from deps import get\n@router.get('/', dependencies=[Depends(get)])\ndef a(): ...\n",
        }

        assert seen("parameter_style", files) == {"Annotated": (1, ["deps.py:3"])}

    def test_of_a_local_depends_do_not_count(self, seen):
        assert (
            seen(
                "parameter_style",
                {"a.py": "from fastapi import FastAPI\ndef Depends(x): ...\ndef f(x=Depends(1)): ..."},
            )
            == {}
        )


class TestRoutes:
    def test_of_every_shape_are_read(self, seen):
        files = {
            "main.py": (
                "from fastapi import APIRouter, FastAPI\n"
                "class Mine(APIRouter): ...\n"
                "router = Mine()\n"
                "@router.get('/a')\n@router.get('/a/')\n"
                "async def stacked(): ...\n"
                "@router.api_route('/b', methods=['GET'])\n"
                "def several(): ...\n"
                "@router.websocket('/ws')\n"
                "async def socket(): ...\n"
                "def added(): ...\n"
                "router.add_api_route('/c', added)\n"
                "def applied(): ...\n"
                "router.post('/d')(applied)\n"
                "def create():\n    app = FastAPI()\n    @app.get('/e')\n    def closure(): ...\n    return app\n"
                "class View:\n    def __init__(self):\n        self.router = APIRouter()\n"
                "        self.router.add_api_route('/f', self.get)\n"
                "    async def get(self): ...\n"
            )
        }

        assert seen("async_handlers", files) == {
            "async def": (2, ["main.py:6", "main.py:24"]),
            "def": (4, ["main.py:8", "main.py:11", "main.py:13"]),
        }
        assert seen("trailing_slash", files) == {
            "with slash": (1, ["main.py:5"]),
            "without slash": (6, ["main.py:4", "main.py:7", "main.py:12"]),
        }

    def test_of_other_libraries_do_not_count(self, seen):
        files = {
            "main.py": "from fastapi import Depends\nfrom flask import Flask\n"
            "app = Flask()\n@app.get('/')\ndef a(): ...\n"
        }

        assert seen("async_handlers", files) == {}

    def test_declare_their_response(self, seen):
        files = {
            "main.py": ROUTER + "@router.get('/', response_model=int)\ndef a(): ...\n"
            "@router.get('/', response_model=int)\ndef b() -> int: ...\n"
            "@router.get('/')\ndef c() -> int: ...\n@router.get('/')\ndef d(): ...\n"
            "@router.get('/', response_model=None)\ndef e() -> int: ...\n"
        }

        assert seen("response_declaration", files) == {
            "response_model": (1, ["main.py:4"]),
            "response_model and return annotation": (1, ["main.py:6"]),
            "return annotation": (1, ["main.py:8"]),
        }

    def test_tags_and_prefixes_count_once_for_each_router(self, seen):
        files = {
            "main.py": (
                "from fastapi import FastAPI\nimport a, b, c\napp = FastAPI()\n"
                "app.include_router(a.router)\napp.include_router(b.router, prefix='/v1/b', tags=['some-b'])\n"
                "app.include_router(c.router)\n"
            ),
            "a.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/a', tags=['a', 'Big One'])\n",
            "b.py": ROUTER + "@router.get('/x')\ndef x(): ...\n@router.get('/x/y')\ndef y(): ...\n",
            "c.py": ROUTER
            + "@router.get('/c', tags=['c'])\ndef x(): ...\n@router.get('/c/{y}', tags=['c'])\ndef y(): ...\n",
        }

        assert seen("tags_place", files) == {
            "APIRouter": (1, ["a.py:2"]),
            "include_router": (1, ["main.py:5"]),
            "route decorator": (1, ["c.py:3"]),
        }
        assert seen("tags_case", files) == {
            "kebab-case": (3, ["a.py:2", "c.py:3", "main.py:5"]),
            "Title Case": (1, ["a.py:2"]),
        }
        assert seen("prefix_place", files) == {
            "APIRouter": (1, ["a.py:2"]),
            "include_router": (1, ["main.py:5"]),
            "written in each path": (1, ["c.py:3"]),
        }
        assert seen("version_prefix", files) == {"include_router": (1, ["main.py:5"])}

    @pytest.mark.parametrize(
        ("path", "layout"),
        [
            ("app/routers/users.py", "routers/<feature>.py"),
            ("app/api/v1/endpoints/users.py", "v1/endpoints/<feature>.py"),
            ("app/api/routes/users.py", "api/routes/<feature>.py"),
            ("app/users/views.py", "<feature>/views.py"),
            ("app/routers/users/read.py", "routers/<feature>/"),
            ("app/server.py", "other"),
        ],
    )
    def test_lie_somewhere(self, seen, path, layout):
        assert seen("layout", {path: handlers("def a()")}) == {layout: (1, [f"{path}:3"])}


class TestErrors:
    def test_give_their_status_by_number_or_name(self, seen):
        files = {
            "main.py": ROUTER + "from http import HTTPStatus\nfrom starlette.status import HTTP_410_GONE as GONE\n"
            "from fastapi.responses import JSONResponse\n"
            "@router.get('/', status_code=201)\n"
            "def a(status: int):\n    raise HTTPException(status.HTTP_404_NOT_FOUND)\n"
            "def b(code):\n"
            "    if code:\n        raise HTTPException(status.HTTP_404_NOT_FOUND)\n"
            "    elif 2:\n        raise HTTPException(detail='x', status_code=HTTPStatus.NOT_FOUND)\n"
            "    raise HTTPException(GONE) from HTTPException(code)\n"
            "c = JSONResponse({}, 404)\n"
        }

        assert seen("status_codes", files) == {
            "HTTPStatus": (1, ["main.py:13"]),
            "integer": (2, ["main.py:6", "main.py:15"]),
            "status constant": (2, ["main.py:11", "main.py:14"]),
        }
        assert seen("status_import", files) == {
            "from fastapi import status": (1, ["main.py:11"]),
            "from http import HTTPStatus": (1, ["main.py:13"]),
            "from starlette.status import HTTP_...": (1, ["main.py:14"]),
        }

    STYLES: ClassVar = {
        "main.py": (
            "from fastapi import FastAPI, HTTPException\n"
            "from fastapi.responses import JSONResponse\n"
            "from errors import Missing, NotFound, gone, handle\n"
            "app = FastAPI(exception_handlers={Missing: handle})\n"
            "@app.exception_handler(KeyError)\n"
            "def on_key_error(request, error):\n"
            "    if request:\n"
            "        return JSONResponse({'detail': 1}, status_code=404)\n"
            "    return JSONResponse(status_code=404, content=error.args)\n"
            "def a(e):\n"
            "    raise HTTPException(404, 'no')\n"
            "    raise HTTPException(404, f'{e}')\n"
            "    raise HTTPException(404)\n"
            "    raise HTTPException(404, {'code': 1, 'message': 2})\n"
            "    raise HTTPException(404, [e])\n"
            "    raise NotFound\n"
            "    raise gone()\n"
            "    raise ValueError\n"
            "    return JSONResponse({'error': e}, status_code=404)\n"
            "    return JSONResponse({'a': e})\n"
            "def http_exception_handler(\n    request: int): ...\n"
            "def b():\n    @app.exception_handler(404)\n    def c(request, error): ...\n"
            "match app:\n    case HTTPException(status_code=404 as code): ...\n"
        ),
        "errors.py": (
            "from fastapi import HTTPException\n"
            "from fastapi.responses import JSONResponse\n"
            "class Missing(Exception): ...\n"
            "class NotFound(Missing): ...\n"
            "class Gone(HTTPException): ...\n"
            "def gone():\n"
            "    return HTTPException(410, 'gone')\n"
            "def handle(request, error):\n"
            "    return JSONResponse(status_code=404, content={'error': 1, 'code': 2})\n"
        ),
        "service.py": "from errors import Gone, NotFound\ndef f():\n    raise NotFound()\n    raise Gone(1)\n",
    }

    def test_have_a_style(self, seen):
        assert seen("error_style", self.STYLES) == {
            "HTTPException(str)": (3, ["errors.py:7", "main.py:11", "main.py:12"]),
            "HTTPException without detail": (1, ["main.py:13"]),
            "HTTPException(dict: code, message)": (1, ["main.py:14"]),
            "HTTPException(list)": (1, ["main.py:15"]),
            "project exception": (3, ["main.py:16", "service.py:3", "service.py:4"]),
            "helper function": (1, ["main.py:17"]),
            "JSONResponse": (1, ["main.py:19"]),
        }

    def test_have_an_envelope(self, seen):
        assert seen("error_envelope", self.STYLES) == {
            "detail": (1, ["main.py:8"]),
            "computed": (1, ["main.py:9"]),
            "error, code": (1, ["errors.py:9"]),
        }


class TestApplication:
    def test_is_created_and_started_somewhere(self, seen):
        files = {
            "app/main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "app/factory.py": "import fastapi\ndef create():\n    api = fastapi.FastAPI()\n    return api\n"
            "def other():\n    return fastapi.FastAPI()\n",
            "Procfile": "web: uvicorn app.main:app --port 80\n",
            "Dockerfile": '# uvicorn x:y\nCMD ["uvicorn", "app.main:app"]\n',
            "pyproject.toml": '[tool.fastapi]\nentrypoint = "app.main:app"\n',
        }

        assert seen("app_creation", files) == {
            "factory create()": (1, ["app/factory.py:3"]),
            "factory that returns it": (1, ["app/factory.py:6"]),
            "module-level app": (1, ["app/main.py:2"]),
        }
        assert seen("entry_point", files) == {"app.main:app": (3, ["Dockerfile:2", "Procfile:1", "pyproject.toml:2"])}

    def test_starts_and_ends(self, seen):
        files = {
            "main.py": "from fastapi import FastAPI\nfrom other import events\napp = FastAPI(lifespan=None)\n"
            "@app.on_event('startup')\ndef a(): ...\napp.add_event_handler('shutdown', a)\n"
            "@events.on_event('x')\ndef b(): ...\n"
        }

        assert seen("lifespan", files) == {"lifespan": (1, ["main.py:3"]), "on_event": (2, ["main.py:4", "main.py:6"])}

    def test_names_its_operations(self, seen):
        files = {
            "main.py": "from fastapi import FastAPI\ndef f(route): ...\napp = FastAPI(generate_unique_id_function=f)\n"
            "@app.get('/', operation_id='a')\ndef a(): ...\n"
            "for route in app.routes:\n    route.operation_id = route.name\n"
        }

        assert seen("operation_ids", files) == {
            "generate_unique_id_function=": (1, ["main.py:3"]),
            "operation_id=": (1, ["main.py:4"]),
            "set on the routes afterwards": (1, ["main.py:7"]),
        }

    def test_names_its_routers(self, seen):
        files = {
            "a.py": "from fastapi import APIRouter as R\nrouter = R()\nusers_router = R()\n"
            "api_router = R()\napi = R()\n"
        }

        assert seen("router_variable", files) == {
            "<feature>_router": (1, ["a.py:3"]),
            "api_router": (1, ["a.py:4"]),
            "other": (1, ["a.py:5"]),
            "router": (1, ["a.py:2"]),
        }


class TestWork:
    def test_leaves_the_event_loop_by_a_helper(self, seen):
        files = {
            "main.py": "import asyncio\nfrom fastapi.concurrency import run_in_threadpool as run\n"
            "from anyio import to_thread\nfrom mine import run_in_threadpool\n"
            "async def a(loop):\n    await run(print)\n    await asyncio.to_thread(print)\n"
            "    await to_thread.run_sync(print)\n    await run_in_threadpool(print)\n"
            "    await asyncio.get_running_loop().run_in_executor(None, print)\n",
            "mine.py": "def run_in_threadpool(f): ...\n",
        }

        assert seen("threadpool_helper", files) == {
            "anyio.to_thread.run_sync": (1, ["main.py:8"]),
            "asyncio.to_thread": (1, ["main.py:7"]),
            "fastapi.concurrency.run_in_threadpool": (1, ["main.py:6"]),
            "loop.run_in_executor": (1, ["main.py:10"]),
        }

    def test_behind_a_response_follows_a_queue_that_is_there(self, profile):
        files = {
            "main.py": "from fastapi import BackgroundTasks, Depends\nx = Depends(1)\n",
            "jobs.py": "import os\nfrom celery import shared_task\n",
            "rq.py": "import arqs\nfrom rq import x\n",
        }
        found = profile(files).convention("background_work")

        assert {v.name: v.places for v in found.variants} == {
            "BackgroundTasks": (Place("main.py", 1),),
            "celery": (Place("jobs.py", 2),),
        }
        assert (found.follow, found.default) == ("celery", "BackgroundTasks")

    def test_gets_its_session_from_a_provider(self, seen):
        files = {
            "db.py": (
                "from sqlalchemy.orm import sessionmaker\nfrom sqlalchemy.ext.asyncio import AsyncSession\n"
                "Local = sessionmaker()\n"
                "def get_db():\n    with Local() as db:\n        yield db\n"
                "async def get_async() -> AsyncSession:\n    yield 1\n"
                "def get_file():\n    yield open('x')\n"
            ),
            "api.py": ROUTER + "from db import get_async, get_db, get_file\n"
            "@router.get('/')\ndef a(x=Depends(get_db), y=Depends(get_async), z=Depends(get_file)): ...\n"
            "@router.get('/b')\ndef b(\n    x=Depends(get_db)\n): ...\n",
        }

        assert seen("db_session", files) == {
            "get_db (sync session) in db.py": (2, ["api.py:5", "api.py:8"]),
            "get_async (async session) in db.py": (1, ["api.py:5"]),
        }

    def test_asks_who_calls(self, seen):
        files = {
            "main.py": (
                "from fastapi import Depends, FastAPI, Request\nfrom fastapi.security import OAuth2PasswordBearer\n"
                "from starlette.middleware.authentication import AuthenticationMiddleware\n"
                "scheme = OAuth2PasswordBearer('t')\napp = FastAPI()\n"
                "def user(token=Depends(scheme)): ...\n"
                "def get_current_user(request: Request): ...\n"
                "def page(): ...\n"
                "app.add_middleware(AuthenticationMiddleware)\n"
                "@app.get('/', dependencies=[Depends(user)])\n"
                "def a(x=Depends(page), y=Depends(get_current_user)): ...\n"
            )
        }

        assert seen("auth", files) == {
            "fastapi.security": (2, ["main.py:6", "main.py:10"]),
            "middleware": (1, ["main.py:9"]),
            "own dependency": (1, ["main.py:11"]),
        }


def test_types_are_written_one_way_or_the_other(seen):
    files = {
        "main.py": (
            "from fastapi import Depends\nx = Depends(1)\nfrom typing import Optional, List, Dict as D\n"
            "import typing as t\n"
            "a: Optional[int]\nb: t.Optional[List[int]]\nc: int | None | str\nd: 'Optional[int]'  # X | None\n"
            "e: None | int\nf: list[dict[str, int]]\n"
        )
    }

    assert seen("optional_types", files) == {
        "Optional[X]": (2, ["main.py:5", "main.py:6"]),
        "X | None": (2, ["main.py:7", "main.py:9"]),
    }
    assert seen("collection_types", files) == {"List[X]": (1, ["main.py:6"]), "list[X]": (2, ["main.py:10"])}


class TestCommand:
    @pytest.fixture(autouse=True)
    def project(self, tmp_path, monkeypatch):
        (tmp_path / "app").mkdir()
        (tmp_path / "app/main.py").write_text(handlers("def a(x=Query(1))", "def b()", "def c()"))
        (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["fastapi==0.110.1"]\n')
        monkeypatch.chdir(tmp_path)

    def test_prints_a_plain_table_into_a_pipe(self, capsys):
        assert run(["profile", "app"]) == 0

        lines = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert lines[0] == ["fastapi", ">=", "0.110.1", "(pyproject.toml)"]
        assert ["parameter_style", "Annotated", "default", "value", "1", "100%", "app/main.py:4"] in lines
        assert ["alias_names", "<Type>Dep", "none", "seen"] in lines
        places = ["app/main.py:4", "app/main.py:6", "app/main.py:8"]
        assert ["async_handlers", "def", "(established)", "def", "3", "100%", *places] in lines

    def test_prints_json_that_fits_its_schema(self, capsys):
        assert run(["profile", "--format", "json", "--target-fastapi", "0.90"]) == 0

        document = json.loads(capsys.readouterr().out)
        schema = json.loads((CHECKOUT / "docs/profile.schema.json").read_text())
        assert document["version"] == schema["properties"]["version"]["const"]
        assert sorted(document) == sorted(schema["required"]) == sorted(schema["properties"])
        assert document["versions"]["fastapi"] == {"lower_bound": "0.90", "source": "--target-fastapi"}
        assert document["versions"]["python"] == {"lower_bound": None, "source": None}
        for convention in document["conventions"]:
            assert set(convention) == set(schema["$defs"]["convention"]["required"])
        assert document["conventions"][0] == {
            "name": "parameter_style",
            "unit": "parameters with Depends, Query and the like",
            "observations": 1,
            "established": None,
            "follow": "default value",
            "default": "default value",
            "variants": [
                {"name": "default value", "count": 1, "share": 1.0, "places": [{"path": "app/main.py", "line": 4}]}
            ],
        }

    def test_refuses_what_is_not_there(self, capsys):
        assert run(["profile", "nowhere"]) == 2
        assert capsys.readouterr().err == "error: nowhere does not exist\n"
