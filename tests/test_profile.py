"""How a codebase is written: what is counted, where it was seen, and what a codemod follows."""

import json
from pathlib import Path
from typing import ClassVar

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.profile import Place, profile_of
from fastapi_codemods.project.profile.naming import style_of_name
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
            ("app/routers/api_keys.py", "routers/<feature>.py"),
            ("app/routers/v1/users.py", "routers/v1/<feature>.py"),
            ("app/server.py", "other"),
        ],
    )
    def test_lie_somewhere(self, seen, path, layout):
        assert seen("layout", {path: handlers("def a()")}) == {layout: (1, [f"{path}:3"])}

    @pytest.mark.parametrize(
        ("names", "layout"),
        [
            pytest.param(
                ("app/routes/admin/a", "app/routes/admin/b", "app/routes/admin/c"), "routes/<group>/<feature>.py"
            ),
            pytest.param(("app/server/api_users", "app/server/api_jobs"), "api_<feature>.py"),
            pytest.param(("app/api/user_routes", "app/api/job_routes"), "api/<feature>_routes.py"),
            pytest.param(("app/views/api", "app/views/pages"), "views/<feature>.py"),
        ],
    )
    def test_lie_where_their_neighbours_show(self, seen, names, layout):
        files = {f"{name}.py": handlers("def a()") for name in names}

        assert seen("layout", files) == {layout: (len(names), [f"{name}.py:3" for name in sorted(names)])}

    def test_lie_in_the_applications_module_if_that_makes_it(self, seen):
        files = {
            "server.py": "from fastapi import APIRouter, FastAPI\napp = FastAPI()\nrouter = APIRouter()\n"
            "@router.get('/')\ndef a(): ...\n",
        }

        assert seen("layout", files) == {"the application's module": (1, ["server.py:4"])}

    def test_spell_collections_one_way(self, seen):
        files = {
            "a.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/a')\n"
            "@router.get('/')\ndef all(): ...\n@router.get('/{x}')\ndef one(x): ...\n"
            "@router.get('/count')\ndef n(): ...\n",
            "b.py": ROUTER + "@router.get('')\ndef all(): ...\n@router.get('/b/')\ndef bs(): ...\n"
            "@router.get('/b/{x}/')\ndef b(x): ...\n@router.get('/b/{x}/parts')\ndef parts(x): ...\n"
            "@router.get('/b/{x}/parts/{y}')\ndef part(x, y): ...\n",
            "main.py": "from fastapi import FastAPI\nimport a, b\napp = FastAPI()\n@app.get('/')\ndef root(): ...\n"
            "app.include_router(b.router, prefix='/b')\n",
        }

        assert seen("trailing_slash", files) == {
            "with slash": (2, ["a.py:3", "b.py:5"]),
            "without slash": (2, ["b.py:3", "b.py:9"]),
        }

    def test_have_tags_whose_single_words_go_with_most_of_several(self, seen):
        tags = ["users", "a-b", "c-d", "e-f", "g_h"]

        assert seen("tags_case", {"main.py": ROUTER + f"@router.get('/', tags={tags})\ndef a(): ...\n"}) == {
            "kebab-case": (4, ["main.py:3"]),
            "snake_case": (1, ["main.py:3"]),
        }


class TestModels:
    FILES: ClassVar = {
        "app/__init__.py": "",
        "app/routers/users.py": (
            "from fastapi import APIRouter, Body\nfrom pydantic import BaseModel\n"
            "from ..schemas.users import UserCreate, UserOut, UserUpdate\nfrom ..rest_models import Page\n"
            "router = APIRouter()\n"
            "class Filter(BaseModel): ...\nclass Helper: ...\n"
            "@router.post('/', response_model=list[UserOut])\n"
            "def a(body: UserCreate, change: 'UserUpdate' = Body()) -> Page: ...\n"
            "@router.get('/', response_model=UserOut)\ndef b(f: Filter): ...\n"
        ),
        "app/schemas/users.py": (
            "from pydantic import BaseModel\nclass UserCreate(BaseModel): ...\nclass UserUpdate(UserCreate): ...\n"
            "class UserOut(BaseModel): ...\n"
        ),
        "app/rest_models.py": "from pydantic import BaseModel\nclass Page(BaseModel): ...\n",
    }

    def test_have_a_place(self, seen):
        assert seen("model_place", self.FILES) == {
            "schemas/<feature>.py": (3, ["app/routers/users.py:3"]),
            "rest_models.py": (1, ["app/routers/users.py:4"]),
            "the routes' module": (1, ["app/routers/users.py:6"]),
        }

    def test_have_names(self, seen):
        assert seen("request_model_names", self.FILES) == {
            "<Name>": (1, ["app/routers/users.py:6"]),
            "<Name>Create, <Name>Update": (2, ["app/schemas/users.py:2", "app/schemas/users.py:3"]),
        }
        assert seen("response_model_names", self.FILES) == {
            "<Name>": (1, ["app/rest_models.py:2"]),
            "<Name>Out": (1, ["app/schemas/users.py:4"]),
        }

    @pytest.mark.parametrize(
        ("name", "style"),
        [
            ("ListUsersResponse", "<Name>Response"),
            ("CreateUser", "Create<Name>, Update<Name>"),
            ("UserDTO", "<Name>DTO"),
            ("UserInDB", "<Name>InDB"),
            ("User", "<Name>"),
            ("Response", "<Name>"),
            ("HTTPError", "<Name>"),
        ],
    )
    def test_are_named_for_their_role(self, name, style):
        assert style_of_name(name) == style


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
            "async def d(c, x):\n    c(status_code=await x, y=1)\n    c(status_code=not x)\n    c(status_code=None)\n"
            "    assert c.status_code == 200\n    c(status_code=c[0])\n    c(status_code = lambda: 404)\n"
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

    def test_have_a_text_of_the_project(self, seen):
        files = {
            "main.py": ROUTER + "from texts import GONE, Texts\nimport texts\n"
            "def a(e):\n    raise HTTPException(404, Texts.MISSING)\n    raise HTTPException(404, Texts.make(e))\n"
            "    raise HTTPException(404, detail=texts.GONE)\n    raise HTTPException(404, e.detail)\n",
            "texts.py": "import enum\nclass Texts(str, enum.Enum):\n    MISSING = 'x'\n    def make(e): ...\n"
            "GONE = 'gone'\n",
        }

        assert seen("error_style", files) == {
            "HTTPException(Texts)": (2, ["main.py:6", "main.py:7"]),
            "HTTPException(constant)": (1, ["main.py:8"]),
            "HTTPException(computed)": (1, ["main.py:9"]),
        }

    def test_have_the_envelope_of_a_method_or_of_a_response_of_the_project(self, seen):
        files = {
            "main.py": (
                "from fastapi import FastAPI, Response\nclass Json(Response): ...\n"
                "class Server:\n"
                "    def on_error(self, request, error):\n        return Json({'error': 1}, status_code=500)\n"
                "    def configure(self, app: FastAPI):\n        app.add_exception_handler(ValueError, self.on_error)\n"
            )
        }

        assert seen("error_envelope", files) == {"error": (1, ["main.py:5"])}

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

    def test_is_started_by_code_and_scripts(self, seen):
        files = {
            "main.py": "import uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\n"
            "# uvicorn.run('x:y')\nuvicorn.run(\n    'main:app', port=1)\nuvicorn.run(app)\n",
            "start.sh": "exec uvicorn main:app\n",
        }

        assert seen("entry_point", files) == {
            "main:app": (2, ["main.py:5", "start.sh:1"]),
            "uvicorn.run(app)": (1, ["main.py:7"]),
        }

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

    def test_leaves_the_event_loop_by_a_helper_of_its_own(self, seen):
        files = {
            "helpers.py": "import asyncio\nfrom functools import partial\nfrom typing import Callable\n"
            "async def run(func, *args):\n    bound = partial(func, *args)\n"
            "    return await asyncio.get_running_loop().run_in_executor(None, bound)\n"
            "async def off(work: Callable[[], int]):\n    return await asyncio.to_thread(work)\n"
            "async def read(path):\n    return await asyncio.to_thread(open, path)\n",
            "main.py": "from fastapi import FastAPI\nfrom helpers import off, read, run\napp = FastAPI()\n"
            "async def a():\n    await run(print)\n    await run(open)\n    await off(print)\n    await read('x')\n",
        }

        assert seen("threadpool_helper", files) == {
            "run in helpers.py": (2, ["main.py:5", "main.py:6"]),
            "asyncio.to_thread": (1, ["helpers.py:10"]),
            "off in helpers.py": (1, ["main.py:7"]),
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

    @pytest.mark.parametrize(
        ("provider", "annotation", "kind"),
        [
            pytest.param("async def get(): yield 1", "AsyncSession", "async session", id="of the parameter"),
            pytest.param("async def get(): yield 1", "'Session | None'", "sync session", id="in quotes"),
            pytest.param("def get(): return 1", "Session", "sync session", id="returned"),
            pytest.param("def get() -> Iterator[Own]: yield 1", "int", None, id="first what the parameter says"),
            pytest.param("def get() -> Iterator[Own]: yield 1", "", "async session", id="subclass"),
            pytest.param("def get() -> ReadOnly: ...", "", "async session", id="new type"),
            pytest.param("def get() -> sessionmaker[Session]: ...", "", "sync session factory", id="sessionmaker"),
            pytest.param("def get() -> Callable[[], AsyncSession]: ...", "", "async session factory", id="callable"),
            pytest.param("def get() -> Callable[[Session], None]: ...", "", None, id="callable that takes one"),
            pytest.param("def get() -> Iterator[Engine]: yield Local().x", "", None, id="another class of the project"),
            pytest.param("def get(r: Request):\n    return r.session", "dict", None, id="of a request"),
            pytest.param("def get() -> requests.Session: ...", "", None, id="of requests"),
            pytest.param("def get():\n    yield make(Local())", "", None, id="only passed on"),
            pytest.param(
                "def get():\n    with Local() as s, open('x') as f:\n        yield s", "", "sync session", id="with"
            ),
            pytest.param(
                "def get():\n    with database().session() as s:\n        yield s", "", "async session", id="method"
            ),
        ],
    )
    def test_takes_for_a_session_what_is_one(self, seen, provider, annotation, kind):
        files = {
            "main.py": (
                "from collections.abc import Callable, Iterator\nfrom typing import NewType, TYPE_CHECKING\n"
                "import requests\n"
                "from fastapi import APIRouter, Depends, Request\nfrom sqlalchemy.ext.asyncio import AsyncSession\n"
                "from sqlalchemy.orm import sessionmaker\n"
                "if TYPE_CHECKING:\n    from sqlalchemy.orm import Session\n"
                "router = APIRouter()\nclass Own(AsyncSession): ...\nReadOnly = NewType('ReadOnly', AsyncSession)\n"
                "class Engine: ...\nclass Database:\n    def session(self) -> AsyncSession: ...\n"
                "def database() -> Database: ...\ndef make(x): ...\nLocal = sessionmaker()\n"
                f"{provider}\n"
                f"@router.get('/')\ndef read(x{annotation and ': ' + annotation} = Depends(get)): ...\n"
            )
        }

        assert list(seen("db_session", files)) == ([f"get ({kind}) in main.py"] if kind else [])

    def test_gets_its_session_from_elsewhere(self, seen):
        files = {
            "main.py": ROUTER + "from typing import Annotated\nfrom lib.deps import scope\n"
            "from sqlmodel.ext.asyncio.session import AsyncSession\n"
            "DbSession = Annotated[AsyncSession, Depends(scope)]\n@router.get('/')\ndef a(db: DbSession): ...\n"
        }

        assert seen("db_session", files) == {"scope (async session) from lib.deps": (1, ["main.py:8"])}

    @pytest.mark.parametrize(
        ("dependency", "asks"),
        [
            pytest.param("def who(r: Request): return r.headers.get('X-API-Key')", True, id="header"),
            pytest.param("def who(r: Request): return r.cookies['session']", True, id="cookie"),
            pytest.param("def who(request: Request): return request.state.user", True, id="state"),
            pytest.param("def who(x=Header(alias='Authorization')): ...", True, id="parameter"),
            pytest.param("def who(r: Request):\n    raise HTTPException(status.HTTP_401_UNAUTHORIZED)", True, id="401"),
            pytest.param(
                "class who:\n    def __call__(self, r: Request):\n        raise HTTPException(401)", True, id="class"
            ),
            pytest.param("def token(): ...\ndef who(x=Depends(token)): ...", True, id="rests on one"),
            pytest.param(
                "def token(): ...\ndef who(x):\n    def check(y=Depends(token)): ...\n    return check", True, id="made"
            ),
            pytest.param(
                "def who(r: Request): return r.headers.get('X-CSRF-Token', r.headers['accept'])", False, id="csrf"
            ),
            pytest.param("def who(r: Request):\n    raise HTTPException(404)", False, id="404"),
            pytest.param("def get_auth_service(): ...\nwho = get_auth_service", False, id="service"),
        ],
    )
    def test_tells_who_asks_by_what_it_reads(self, seen, dependency, asks):
        files = {
            "main.py": "from fastapi import APIRouter, Depends, Header, HTTPException, Request, status\n"
            f"router = APIRouter()\n{dependency}\n@router.get('/')\ndef a(x=Depends(who)): ...\n"
        }

        assert ("own dependency" in seen("auth", files)) == asks
        assert ("who in main.py" in seen("auth_dependency", files)) == asks

    def test_asks_by_middleware_that_reads_and_refuses(self, seen):
        files = {
            "main.py": (
                "from fastapi import FastAPI\nfrom fastapi.middleware import Middleware\n"
                "from guards import Guard, Log\n"
                "app = FastAPI(middleware=[Middleware(Guard)])\napp.add_middleware(Log)\n"
                "@app.middleware('http')\nasync def check(request, call_next):\n"
                "    if not request.cookies.get('session'):\n        return Response(status_code=401)\n"
            ),
            "guards.py": (
                "class Guard:\n    def dispatch(self, request):\n        key = request.headers.get('authorization')\n"
                "        return JSONResponse({}, status_code=401)\n"
                "class Log:\n    def dispatch(self, request):\n        log(request.headers.get('authorization'))\n"
            ),
        }

        assert seen("auth", files) == {"middleware": (2, ["main.py:4", "main.py:6"])}

    def test_gets_a_dependency_that_a_factory_made(self, seen):
        files = {
            "main.py": "from fastapi import APIRouter, Depends\ndef get_auth_dependency(key): ...\n"
            "def make(key):\n    router = APIRouter()\n    checked = get_auth_dependency(key)\n"
            "    @router.get('/', dependencies=[Depends(checked)])\n    def a(): ...\n"
        }

        assert seen("auth_dependency", files) == {"get_auth_dependency in main.py": (1, ["main.py:6"])}

    def test_reads_settings(self, seen):
        files = {
            "app/__init__.py": "",
            "app/config.py": "import os\nfrom functools import lru_cache\nfrom pydantic_settings import BaseSettings\n"
            "class Base(BaseSettings): ...\nclass Settings(Base): ...\nsettings: Settings = Settings()\n"
            "@lru_cache\ndef get_settings() -> Settings:\n    return Settings()\n",
            "app/a.py": ROUTER + "from app.config import settings\n",
            "app/b.py": "from . import config\nx = config.settings.y\n",
            "app/c.py": "from app.config import get_settings\n",
            "app/d.py": "import os\nx = os.environ['x']\n# os.getenv\n",
            "app/e.py": "settings = {'os.environ': 1}\n",
            "tests/test_x.py": "import os\nos.getenv('x')\n",
        }

        assert seen("settings", files) == {
            "settings in app/config.py (BaseSettings)": (2, ["app/a.py:3", "app/b.py:1"]),
            "get_settings() in app/config.py (BaseSettings)": (1, ["app/c.py:1"]),
            "os.environ": (1, ["app/d.py:2"]),
        }

    def test_injects_settings_of_a_class_of_its_own(self, seen):
        files = {
            "deps.py": "class Config: ...\ndef get_config():\n    return Config()\n",
            "main.py": ROUTER + "from deps import get_config\n@router.get('/')\ndef a(c=Depends(get_config)): ...\n",
        }

        assert seen("settings", files) == {"get_config() in deps.py (injected)": (1, ["main.py:3"])}

    def test_calls_others(self, seen):
        files = {
            "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "a.py": "import httpx\nasync def f():\n    async with httpx.AsyncClient() as client: ...\n",
            "b.py": "import requests as r\n",
            "c.py": "import httpx\nhttpx.get('x')\n",
            "d.py": "import httpx\ntry: ...\nexcept httpx.HTTPError: ...\n",
            "e.py": "# import aiohttp\nimport aiohttp_cors\n",
        }

        assert seen("http_client", files) == {
            "httpx.AsyncClient": (1, ["a.py:1"]),
            "httpx.Client": (1, ["c.py:1"]),
            "requests": (1, ["b.py:1"]),
        }

    def test_logs(self, seen):
        files = {
            "main.py": "from fastapi import FastAPI\nimport logging\nlogger = logging.getLogger(__name__)\n",
            "a.py": "from logging import getLogger as get\nlog = get('a')\n",
            "b.py": "from logs import get_logger\nlogger = get_logger(__name__)\n",
            "c.py": "from loguru import logger\n",
            "d.py": "from main import logger\n",
            "e.py": "import logging\ndef f():\n    logging.info('x')\n",
            "f.py": "import logging\nlogging.basicConfig()\n",
            "g.py": "import structlog\nlogger = structlog.get_logger()\n",
            "logs.py": "def get_logger(name): ...\n",
        }

        assert {name: places for name, (_, places) in seen("logging", files).items()} == {
            "get_logger(__name__) of logs.py": ["b.py:2"],
            "logger imported from main.py": ["d.py:1"],
            "logging.getLogger(...)": ["a.py:2"],
            "logging.getLogger(__name__)": ["main.py:3"],
            "logging.info(...) and the like": ["e.py:3"],
            "loguru": ["c.py:1"],
            "structlog.get_logger()": ["g.py:2"],
        }

    def test_is_called_by_tests(self, profile):
        files = {
            "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "tests/test_a.py": "from fastapi.testclient import TestClient\n",
            "tests/test_b.py": "import httpx\nclient = httpx.AsyncClient(\n    transport=httpx.ASGITransport(app))\n",
            "tests/test_c.py": "from mine import TestClient\n",
            "mine.py": "from starlette.testclient import TestClient as T\nclass TestClient(T): ...\n",
        }
        found = profile(files).convention("test_client")

        assert {variant.name: variant.places for variant in found.variants} == {
            "AsyncClient with ASGITransport": (Place("tests/test_b.py", 3),),
            "TestClient": (Place("tests/test_a.py", 1),),
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


def test_strings_and_imports_are_written_one_way_in_each_module(seen):
    fastapi = "from fastapi import Depends\nx = Depends(1)\n"
    files = {
        "app/__init__.py": "",
        "app/a.py": fastapi + "from app import b\nx = ['a', 'b', \"it's\", \"c\"]\n",
        "app/b.py": fastapi + 'from . import a\nfrom .a import x\nimport app.a\ny = \'say "x"\'\nz = "z"\n',
        "app/c.py": fastapi + '"""\'text\'"""\n# \'x\'\n',
    }

    assert seen("quotes", files) == {"double": (1, ["app/b.py:1"]), "single": (1, ["app/a.py:1"])}
    assert seen("import_style", files) == {"absolute": (1, ["app/a.py:3"]), "relative": (1, ["app/b.py:3"])}


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
