"""The static route table against the application itself: each case is imported and compared route by route."""

import csv
import importlib
import json
import re
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.routes import Application, DependencyUse, applications_of
from fastapi_codemods_cli.__main__ import run

from .json_schema import assert_valid

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts" / "real_apps"))

dump_routes = importlib.import_module("dump_routes")

DOCUMENTATION = {"openapi", "swagger_ui_html", "swagger_ui_redirect", "redoc_html"}
KINDS = {"APIRoute": "operation", "APIWebSocketRoute": "websocket", "Route": "route", "Mount": "mount"}


def project(folder: Path, files: dict[str, str], target_fastapi: str | None = None) -> Project:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    return Project.open(folder, target_fastapi=target_fastapi)


def tables(folder: Path, files: dict[str, str], target_fastapi: str | None = None) -> tuple[Application, ...]:
    return applications_of(project(folder, files, target_fastapi))


def static_rows(application: Application) -> list[tuple[object, ...]]:
    return [
        (r.kind, r.path, r.methods, r.name or "", r.operation_id, r.tags, r.status, tuple(listed(r.dependencies)))
        for r in application.routes
    ]


def listed(uses: tuple[DependencyUse, ...], depth: int = 0):
    for use in uses:
        yield depth, use.name, use.scopes, use.use_cache
        yield from listed(use.dependencies, depth + 1)


def running_rows(folder: Path, target: str) -> list[tuple[object, ...]]:
    """What FastAPI serves, from a fresh import."""
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        module, _, attribute = target.partition(":")
        app = getattr(importlib.import_module(module), attribute.removesuffix("()"))
        if attribute.endswith("()"):
            app = app()
        found = list(dump_routes.table(app.routes))
    finally:
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
    return [
        (
            kind,
            row["path"],
            tuple(row["methods"]),
            row["name"] or "",
            row.get("operation_id") if kind == "operation" else None,
            tuple(row.get("tags", ())),
            row.get("status"),
            tuple((depth, name, tuple(scopes), cached) for depth, name, scopes, cached in row.get("dependencies", ())),
        )
        for row in found
        if (kind := KINDS[row["kind"]]) != "route" or row["name"] not in DOCUMENTATION
    ]


CASES = {
    "a class of routers with its own registration": {
        "main.py": """
            from fastapi import APIRouter, FastAPI, status

            class Named(APIRouter):
                def api_route(self, path, operation_id=None, **kwargs):
                    def decorator(func):
                        self.add_api_route(path, func, operation_id=operation_id or func.__name__, **kwargs)
                        return func
                    return decorator

            class Base(APIRouter):
                def __init__(self, **kwargs):
                    kwargs.setdefault("tags", ["default"])
                    super().__init__(**kwargs)

            class Quiet(Base):
                def add_api_route(self, path, endpoint, **kwargs):
                    if kwargs.get("status_code") == status.HTTP_204_NO_CONTENT:
                        kwargs["response_class"] = None or kwargs["response_class"]
                    return super().add_api_route("/q" + path, endpoint, **kwargs)

            app = FastAPI()
            named = Named(prefix="/named", tags=["n"])
            quiet = Quiet(prefix="/quiet")

            @named.get("/one")
            def one(): ...
            @named.post("/two", operation_id="second", status_code=201)
            def two(): ...
            @quiet.delete("/three", status_code=status.HTTP_204_NO_CONTENT)
            def three(): ...
            app.include_router(named)
            app.include_router(quiet)
        """,
    },
    "a list that grows in place and submodules imported when they are asked for": {
        "main.py": """
            from fastapi import FastAPI
            import parts

            ROUTERS = [parts.a.router]
            app = FastAPI()
            def include(prefix):
                for router in ROUTERS:
                    app.include_router(router, prefix=prefix)
            every = ROUTERS
            every += [parts.b.router]
            include("/x")
            include("/v" + ".".join("1.2.3".split("-")[0].split(".")[:2]))
        """,
        "parts/__init__.py": """
            import importlib
            from typing import TYPE_CHECKING
            if TYPE_CHECKING:
                from parts import a, b
            def __getattr__(name):
                return importlib.import_module(f"{__name__}.{name}")
        """,
        "parts/a.py": """
            from fastapi import APIRouter
            router = APIRouter()
            @router.get("/a")
            def a(): ...
        """,
        "parts/b.py": """
            from fastapi import APIRouter
            router = APIRouter()
            @router.get("/b")
            def b(): ...
        """,
    },
    "operation ids of a function that sorts and substitutes": {
        "main.py": """
            import re
            from fastapi import FastAPI
            def unique(route):
                found = re.sub(r"\\\\W", "_", f"{route.name}{route.path_format}")
                methods = sorted(route.methods or [])
                if len(methods) == 1:
                    found = f"{found}-{methods[0].lower()}"
                return found
            app = FastAPI(generate_unique_id_function=unique)
            @app.get("/x/{y}")
            def x(y: int): ...
        """,
    },
    "fields of a dataclass give what the instance was given": {
        "main.py": """
            from dataclasses import dataclass
            from fastapi import FastAPI
            @dataclass
            class Part:
                prefix: str = "/default"
                tag: str = "none"
                @property
                def path(self):
                    return self.prefix + "/x"
            app = FastAPI()
            for part in (Part(), Part("/a"), Part(tag="b")):
                @app.get(part.path, tags=[part.tag])
                def x(): ...
        """,
    },
    "prefixes, tags and dependencies of every level": {
        "main.py": """
            from fastapi import Depends, FastAPI
            from api import users, items as things
            from deps import verify, audit

            app = FastAPI(dependencies=[Depends(verify)])
            app.include_router(users.router, prefix="/v1", tags=["v1"], dependencies=[Depends(audit)])
            app.include_router(things.router)
        """,
        "deps.py": """
            from typing import Annotated
            from fastapi import Depends, Header, Security
            from fastapi.security import OAuth2PasswordBearer

            scheme = OAuth2PasswordBearer(tokenUrl="token")
            def settings(): ...
            def session(conf=Depends(settings)): yield
            Session = Annotated[object, Depends(session)]
            def user(db: Session, token: str = Depends(scheme)): ...
            def verify(x: str = Header("")): ...
            class Audit:
                def __init__(self, level): self.level = level
                def __call__(self, who=Depends(user)): ...
            audit = Audit(3)
            Admin = Annotated[object, Security(user, scopes=["admin"])]
        """,
        "api/__init__.py": "",
        "api/users.py": """
            from fastapi import APIRouter, status
            from deps import Admin, Session
            from . import nested

            router = APIRouter(prefix="/users", tags=["users"])

            @router.get("", status_code=status.HTTP_202_ACCEPTED)
            async def all_users(db: Session): ...

            @router.api_route("/{user_id:int}", methods=["PUT"], tags=["one"], name="put-user")
            def put(user_id: int, who: Admin): ...

            router.include_router(nested.router, prefix="/{user_id}")
        """,
        "api/nested.py": """
            from enum import Enum
            from fastapi import APIRouter
            class Tags(Enum):
                pets = "pets"
            router = APIRouter(tags=[Tags.pets])
            @router.delete("/pets/{pet:path}", operation_id="drop")
            def drop(): ...
            @router.websocket("/live")
            async def live(websocket): ...
        """,
        "api/items.py": """
            import fastapi as fa
            PREFIX = "/items"
            router = fa.APIRouter(prefix=f"{PREFIX}/all")
            @router.get("/")
            @router.get("", include_in_schema=False)
            def read(): ...
        """,
    },
    "factories, closures, loops and lists": {
        "main.py": """
            from fastapi import APIRouter, FastAPI, Depends

            def require(role):
                def check(): ...
                return check

            def make(name: str, *extra) -> APIRouter:
                router = APIRouter(prefix=f"/{name}", tags=[name])
                @router.get("/")
                def read(): ...
                for path in extra:
                    router.add_api_route(path, read, methods=["POST"], name=path.strip("/"))
                return router

            def register(app: FastAPI):
                @app.get("/health", dependencies=[Depends(require("x"))])
                def health(): ...

            def create_app(debug=False) -> FastAPI:
                app = FastAPI()
                register(app)
                routers = [make("users", "/a", "/b")]
                routers.append(make("items"))
                for router in routers:
                    app.include_router(router, prefix="/api")
                return app

            app = create_app()
        """,
    },
    "applications in applications": {
        "main.py": """
            from fastapi import FastAPI
            app = FastAPI()
            admin = FastAPI()
            @admin.get("/stats")
            def stats(): ...
            app.mount("/admin", admin, name="admin")
            app.add_api_route("/late", stats)
        """,
    },
    "what is decided by constants": {
        "main.py": """
            from typing import TYPE_CHECKING
            from fastapi import FastAPI
            if TYPE_CHECKING:
                from nowhere import Nothing
            DEBUG = False
            app = FastAPI()
            if DEBUG:
                @app.get("/debug")
                def debug(): ...
            elif not DEBUG:
                @app.get("/release")
                def release(): ...
            def empty(): return
            if __name__ == "__main__":
                app.add_api_route("/script", empty)
        """,
    },
    "an application that its routers import": {
        "pkg/__init__.py": """
            from fastapi import FastAPI
            app = FastAPI()
            from . import late, later  # noqa
            @app.get("/last")
            def last(): ...
        """,
        "pkg/late.py": """
            from pkg import app
            @app.get("/late")
            def late(): ...
        """,
        "pkg/later.py": """
            from . import app
            @app.get("/later")
            def later(): ...
        """,
        "main.py": "from pkg import app\n",
    },
    "classes that register methods": {
        "main.py": """
            from functools import partial, wraps
            from fastapi import APIRouter, Depends, FastAPI

            def db(): ...
            def logged(f):
                @wraps(f)
                def wrapper(*args, **kwargs):
                    return f(*args, **kwargs)
                return wrapper

            class Users:
                def __init__(self, prefix):
                    self.router = APIRouter(prefix=prefix)
                    self.router.add_api_route("/", self.read, methods=["GET"])
                    self.router.post("/")(self.create)
                def read(self, session=Depends(db)): ...
                @logged
                def create(self, session=Depends(db)): ...

            class Sub(APIRouter):
                def __init__(self, name):
                    super().__init__(prefix=f"/{name}", tags=[name])

            sub = Sub("sub")
            @sub.get("/x")
            @logged
            def x(a=Depends(partial(db))): ...

            def unique_id(route):
                return f"{route.tags[0] if route.tags else ''}-{route.name}"

            app = FastAPI(generate_unique_id_function=unique_id)
            app.include_router(Users("/users").router, tags=["u"])
            app.include_router(sub)
        """,
    },
    "signatures that are put together": {
        "main.py": """
            from inspect import Parameter, Signature
            from fastapi import Depends, FastAPI

            def db(): ...
            def key(): ...
            KIND = Parameter.POSITIONAL_OR_KEYWORD

            def current(*backends):
                parameters = [Parameter("session", KIND, default=Depends(db))]
                for backend in backends:
                    parameters += [Parameter(name="key", kind=KIND, default=Depends(backend))]
                def check(**given): ...
                check.__signature__ = Signature(parameters)
                return check

            app = FastAPI()
            @app.get("/")
            def read(user=Depends(current(key))): ...
        """,
    },
    "classes and models as dependencies": {
        "main.py": """
            from dataclasses import dataclass
            from typing import Annotated
            from fastapi import Depends, FastAPI

            def db(): ...
            class Base:
                def __init__(self, session=Depends(db)): ...
            class Page(Base): ...
            @dataclass
            class Filter:
                session: Annotated[object, Depends(db)]
                size: int = 3
            app = FastAPI()
            @app.get("/")
            def read(page: Page = Depends(), f: Filter = Depends(), again=Depends(db, use_cache=False)): ...
        """,
    },
}


@pytest.mark.parametrize("files", CASES.values(), ids=CASES)
def test_equal_to_the_running_application(tmp_path, files):
    found = tables(tmp_path, files)
    application = next(a for a in found if a.name.endswith(":app") or a.name.endswith("create_app()"))

    assert static_rows(application) == running_rows(tmp_path, "main:app")
    assert all(route.is_certain for route in application.routes)


class TestDoubts:
    def test_a_condition_nobody_can_decide(self, tmp_path):
        (app,) = tables(
            tmp_path,
            {
                "main.py": """
                    import os
                    from fastapi import FastAPI
                    app = FastAPI()
                    if os.environ.get("X"):
                        @app.get("/x")
                        def x(): ...
                """
            },
        )
        assert [(route.path, route.is_conditional, route.is_certain) for route in app.routes] == [("/x", True, False)]

    def test_a_value_that_a_branch_may_have_changed(self, tmp_path):
        (app,) = tables(
            tmp_path,
            {
                "main.py": """
                    from fastapi import FastAPI
                    from settings import choose
                    prefix = "/a"
                    if choose():
                        prefix = "/b"
                    app = FastAPI()
                    app.add_api_route(prefix + "/x", print)
                """
            },
        )
        assert [route.path for route in app.routes] == [None]
        assert not app.routes[0].is_certain

    def test_a_router_of_a_library(self, tmp_path):
        (app,) = tables(
            tmp_path,
            {
                "main.py": """
                    from fastapi import FastAPI
                    from library import make_router, instrument
                    app = FastAPI()
                    app.include_router(make_router(), prefix="/lib")
                    instrument(app)
                """
            },
        )
        assert [(route.kind, route.path, route.is_certain) for route in app.routes] == [("unknown", "/lib", False)]
        assert app.doubts == ("it is handed to `instrument`, which may register more",)

    def test_a_decorator_that_may_change_the_signature(self, tmp_path):
        (app,) = tables(
            tmp_path,
            {
                "main.py": """
                    from fastapi import FastAPI
                    from library import limited
                    app = FastAPI()
                    @app.get("/")
                    @limited("1/s")
                    def read(): ...
                """
            },
        )
        assert app.routes[0].doubts == ("`@limited` may change its name and parameters",)

    def test_a_loop_over_what_is_not_known(self, tmp_path):
        (app,) = tables(
            tmp_path,
            {
                "main.py": """
                    from fastapi import FastAPI
                    from plugins import all_plugins
                    app = FastAPI()
                    for plugin in all_plugins():
                        app.include_router(plugin.router)
                """
            },
        )
        (route,) = app.routes
        assert (route.kind, route.is_looped, route.is_conditional) == ("unknown", True, True)


def test_included_routes_are_a_copy_before_0_137(tmp_path):
    files = {
        "main.py": """
            from fastapi import APIRouter, FastAPI
            app, router = FastAPI(), APIRouter()
            app.include_router(router)
            @router.get("/late")
            def late(): ...
        """
    }
    (copied,) = tables(tmp_path, files, target_fastapi="0.115")
    (lazy,) = tables(tmp_path, files, target_fastapi="0.137")
    assert (len(copied.routes), len(lazy.routes)) == (0, 1)


def test_tests_are_no_part_of_the_application(tmp_path):
    found = tables(
        tmp_path,
        {
            "main.py": "from fastapi import FastAPI\napp = FastAPI()\n",
            "tests/test_app.py": "from fastapi import FastAPI\nfrom main import app\n"
            "other = FastAPI()\n@app.get('/x')\ndef x(): ...\n",
        },
    )
    assert [(application.name, application.routes) for application in found] == [("main:app", ())]


def test_a_router_that_no_application_includes(tmp_path):
    (router,) = tables(
        tmp_path, {"a.py": "from fastapi import APIRouter\nr = APIRouter()\n@r.get('/x')\ndef x(): ...\n"}
    )
    assert router.is_router
    assert [route.path for route in router.routes] == ["/x"]


def test_execution_order_runs_each_dependency_once(tmp_path):
    (app,) = tables(
        tmp_path,
        {
            "main.py": """
                from fastapi import Depends, FastAPI
                app = FastAPI()
                def a(): ...
                def b(x=Depends(a)): ...
                @app.get("/")
                def read(x=Depends(b), y=Depends(a), z=Depends(a, use_cache=False)): ...
            """
        },
    )
    assert [use.name for use in app.routes[0].in_execution_order] == ["a", "b", "a"]


class TestCommand:
    @pytest.fixture
    def shop(self, tmp_path, monkeypatch):
        files = CASES["prefixes, tags and dependencies of every level"]
        project(tmp_path, files)
        monkeypatch.chdir(tmp_path)
        return tmp_path

    @pytest.mark.usefixtures("shop")
    def test_text_has_a_line_for_each_route(self, capsys):
        assert run(["routes"]) == 0
        out, err = capsys.readouterr()
        assert out.startswith("main:app  (main.py:")
        (line,) = [line for line in out.splitlines() if "put-user" in line]
        assert line.split() == [
            *("PUT", "/v1/users/{user_id:int}", "put-user", "v1,users,one"),
            *("verify", "settings", "session", "OAuth2PasswordBearer", "user", "Audit", "user", "api/users.py:11"),
        ]
        assert err == "6 routes in 1 applications, 6 of them certain\n"

    @pytest.mark.usefixtures("shop")
    def test_json_keeps_to_its_schema(self, capsys):
        assert run(["routes", "--format", "json", "."]) == 0
        document = json.loads(capsys.readouterr().out)
        schema = json.loads((Path(__file__).parents[1] / "docs" / "routes.schema.json").read_text())
        assert_valid(document, schema)
        assert [route["path"] for route in document["applications"][0]["routes"]][-1] == "/items/all/"

    @pytest.mark.usefixtures("shop")
    def test_csv_has_a_row_for_each_route(self, capsys):
        assert run(["routes", "--format=csv"]) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        assert [row["operation_id"] for row in rows if row["name"] == "drop"] == ["drop"]
        assert {row["application"] for row in rows} == {"main:app"}

    def test_only_what_has_to_do_with_the_paths(self, shop, capsys):
        (shop / "other.py").write_text("from fastapi import FastAPI\nother = FastAPI()\n")
        assert run(["routes", "other.py", "--format", "json"]) == 0
        assert [a["name"] for a in json.loads(capsys.readouterr().out)["applications"]] == ["other:other"]


def test_the_documentation_shows_a_valid_document():
    docs = Path(__file__).parents[1] / "docs"
    section = (docs / "json.md").read_text().partition("# `routes --format json`")[2].partition("\n# ")[0]
    (example,) = re.findall(r"```json\n(.*?)```", section, re.DOTALL)
    assert_valid(json.loads(example), json.loads((docs / "routes.schema.json").read_text()))


ASSUMED = "holds with the defaults of factories, settings and environment, and if what is tried succeeds"


@pytest.mark.parametrize(
    ("setting", "condition"),
    [
        ("", "is_admin"),
        (
            "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    is_admin: bool = False\ns = S()\n",
            "s.is_admin",
        ),
        ("import os\nADMIN = os.getenv('ADMIN', '')\n", "ADMIN"),
    ],
    ids=["parameter", "settings", "environment"],
)  # fmt: skip
def test_what_only_holds_with_defaults_is_not_certain(tmp_path, setting, condition):
    text = f"from fastapi import FastAPI\n{setting}" + dedent(f"""
        def create_app(is_admin: bool = False, prefix: str = "/api"):
            app = FastAPI()
            @app.get("/always")
            def always(): ...
            @app.get(prefix + "/x")
            def x(): ...
            if {condition}:
                @app.get("/admin")
                def admin(): ...
            return app
    """)
    (application,) = tables(tmp_path, {"main.py": text})
    always, prefixed, admin = application.routes
    assert always.is_certain
    assert (prefixed.path, prefixed.doubts) == ("/api/x", (ASSUMED,))
    assert (admin.path, admin.is_certain) == ("/admin", False)


def test_one_of_two_returns_is_not_certain(tmp_path):
    text = """
        from fastapi import FastAPI
        import somewhere
        def prefix():
            if somewhere.DEBUG:
                return "/debug"
            return "/prod"
        app = FastAPI()
        @app.get(prefix() + "/x")
        def x(): ...
    """
    (application,) = tables(tmp_path, {"main.py": text})
    assert not application.routes[0].is_certain


def test_a_list_filled_under_a_condition_is_perhaps_empty(tmp_path):
    text = """
        from fastapi import FastAPI
        import somewhere
        found = []
        if somewhere.HAS_PLUGINS:
            found.append(somewhere.plugin)
        app = FastAPI()
        if not found:
            @app.get("/x")
            def x(): ...
    """
    (application,) = tables(tmp_path, {"main.py": text})
    assert [(route.path, route.is_certain) for route in application.routes] == [("/x", False)]


def test_what_a_class_of_routers_registers_stands_at_its_decorator(tmp_path):
    (application,) = tables(tmp_path, CASES["a class of routers with its own registration"])
    assert [route.line for route in application.routes] == [26, 28, 30]
