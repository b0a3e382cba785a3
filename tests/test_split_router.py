"""What fixtures do not show of split-router: several runs, options, files that exist."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.apply import apply_changes
from fastapi_codemods.config import Options
from fastapi_codemods.errors import ConfigurationError
from fastapi_codemods.findings import Safety
from fastapi_codemods.registry import get
from fastapi_codemods_cli.arguments import OF_CODEMODS
from tests.harness import Applications, differences

HEAD = """\
from fastapi import Depends, FastAPI

app = FastAPI()


class Page:
    size = 10


def paging():
    return Page()


def only_users():
    return 1
"""

ROUTES = """

@app.get("/{domain}")
def list_{domain}(page=Depends(paging)):
    return {call}


@app.get("/{domain}/{{number}}", tags=["{tag}"])
def read_{domain}(number: int):
    return number
"""


def module(**calls):
    return HEAD + "".join(ROUTES.format(domain=domain, call=call, tag=domain[:3]) for domain, call in calls.items())


THREE = module(users="only_users()", items="[paging]", orders="[Page()]")


@pytest.fixture
def planned(tmp_path):
    def plan(rejected=(), files=None, **options):
        for path, text in (files or {}).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        asked = {"split-router": {name.replace("_", "-"): value for name, value in options.items()}}
        return pipeline.plan(
            tmp_path, [tmp_path], Options(select=("split-router",), jobs=1, cache=False, codemods=asked), None, rejected
        )

    return plan


def files_of(root):
    return {path.relative_to(root).as_posix(): path.read_text() for path in sorted(root.rglob("*.py"))}


@pytest.mark.parametrize("order", [*itertools.permutations(["users", "items", "orders"])])
def test_groups_one_after_the_other_give_the_same_files_as_all_at_once(planned, tmp_path, order):
    (tmp_path / ".git").mkdir()
    at_once = planned(files={"main.py": THREE})
    expected = {change.path: change.after.decode() for change in at_once.changes}
    for name in order:
        findings = planned().findings
        others = [f.fingerprint for f in findings if f.anchor != f"app.{name}"]
        changes = planned(others).changes
        apply_changes(tmp_path, changes, command="", codemods=[], allow_dirty=True)

    assert files_of(tmp_path) == expected
    assert planned().changes == ()


INTERLEAVED = (
    THREE
    + """

@app.get("/health")
def health():
    return "ok"


@app.get("/users/{number}/friends")
def list_friends(page=Depends(paging)):
    return only_users()


@app.delete("/users/{number}")
def delete_user(number: int):
    return number


admin = FastAPI()


@admin.get("/users")
def list_all_users():
    return Page()


@admin.post("/users")
def create_user():
    return only_users()


@admin.get("/jobs")
def list_jobs(page=Depends(paging)):
    return []


@admin.post("/jobs")
def start_job():
    return []


@admin.get("/status")
def status():
    return []


app.mount("/admin", admin)
"""
)


@pytest.mark.parametrize("order", [*itertools.permutations(["users", "items", "admin_users", "jobs"], 3)][::5])
def test_groups_of_several_routers_in_any_order_give_the_same_files_as_all_at_once(planned, tmp_path, order):
    (tmp_path / ".git").mkdir()
    at_once = planned(files={"main.py": INTERLEAVED})
    expected = {change.path: change.after.decode() for change in at_once.changes}
    for name in (*order, "orders", "users", "items", "admin_users", "jobs"):
        others = [f.fingerprint for f in planned().findings if f.anchor.rpartition(".")[2] != name]
        apply_changes(tmp_path, planned(others).changes, command="", codemods=[], allow_dirty=True)

    assert {"routers/users.py", "routers/admin_users.py"} <= expected.keys()
    assert "late_router" in expected["routers/users.py"]
    assert files_of(tmp_path) == expected
    assert planned().changes == ()


BY_NAME = HEAD + "".join(
    f"""

@app.{method}("/{verb}_{noun}")
def {verb}_{noun}():
    return 1
"""
    for noun in ("user", "order", "item")
    for verb, method in (("create", "post"), ("get", "get"), ("delete", "delete"))
)


@pytest.mark.parametrize("order", [*itertools.permutations(["user", "order", "item"])])
def test_groups_by_name_one_after_the_other_give_the_same_files_as_all_at_once(planned, tmp_path, order):
    (tmp_path / ".git").mkdir()
    at_once = planned(files={"main.py": BY_NAME})
    expected = {change.path: change.after.decode() for change in at_once.changes}
    for name in order:
        others = [f.fingerprint for f in planned().findings if f.anchor != f"app.{name}"]
        apply_changes(tmp_path, planned(others).changes, command="", codemods=[], allow_dirty=True)

    assert {"routers/user.py", "routers/order.py", "routers/item.py"} <= expected.keys()
    assert files_of(tmp_path) == expected
    assert planned().changes == ()


GROUPS = ("people=/users", "shop=/items", "till=/orders")


@pytest.mark.parametrize("order", [*itertools.permutations(GROUPS)])
def test_one_group_at_a_time_gives_the_same_files_as_all_at_once(planned, tmp_path, order):
    (tmp_path / ".git").mkdir()
    at_once = planned(files={"main.py": INTERLEAVED.partition("admin = ")[0]}, group=GROUPS)
    expected = {change.path: change.after.decode() for change in at_once.changes}
    for group in order:
        plan = planned(group=[group])
        apply_changes(tmp_path, plan.changes, command="", codemods=[], allow_dirty=True)

        assert len(plan.findings) == 1

    assert files_of(tmp_path) == expected
    assert planned(group=GROUPS).changes == ()
    assert planned().changes == ()


IMPORTING = """\
import main
from main import app, only_users, paging, list_items
from main import Page as P


def test_something():
    from main import read_orders, read_users

    assert main.app is app and main.list_users and main.list_orders and read_orders and read_users
"""


@pytest.mark.parametrize("order", [*itertools.permutations(["users", "items", "orders"])])
def test_importers_that_follow_one_group_after_the_other_are_as_if_all_had_moved_at_once(planned, tmp_path, order):
    (tmp_path / ".git").mkdir()
    at_once = planned(files={"main.py": THREE, "test_main.py": IMPORTING}, no_reexport=True)
    expected = {change.path: change.after.decode() for change in at_once.changes}
    for name in order:
        others = [f.fingerprint for f in planned().findings if f.anchor != f"app.{name}"]
        apply_changes(tmp_path, planned(others, no_reexport=True).changes, command="", codemods=[], allow_dirty=True)

    assert {"from routers import orders, users", "from dependencies import Page as P, paging"} < {
        *expected["test_main.py"].split("\n")
    }
    assert " as only_users" not in expected["main.py"]
    assert files_of(tmp_path) == expected


@pytest.mark.parametrize(
    ("importing", "reason"),
    [
        ("from main import *\nprint(only_users)\n", "`import *` in other.py:1"),
        ("import main\nmain.only_users = None\n", None),
        ("from main import only_users; print(only_users)\n", "other.py:1, which is more than an import"),
        ("import main\ndef f(main): return main.only_users\n", "`main`, which means several things in `other.py`"),
        ("import main\nx = getattr(main, 'only_users'), main.only_users\n", "other.py:2, which hands on the module"),
        ("import main\nusers = users_module = main.only_users\n", "what else has the name of the new module"),
    ],
)
def test_a_name_whose_importers_cannot_be_changed_for_certain_stays_importable(planned, importing, reason):
    plan = planned(files={"main.py": THREE, "other.py": importing}, no_reexport=True)
    message = next(finding.message for finding in plan.findings if finding.anchor == "app.users")
    main = next(change.after.decode() for change in plan.changes if change.path == "main.py")

    assert "other.py" not in paths_of(plan)
    if reason is not None:
        assert "can still be imported from `main.py`, because of " + reason in message
        assert "only_users as only_users" in main


LONG = "def report():\n" + "    print()\n" * 120


def test_a_module_that_stays_large_says_why(planned):
    text = THREE + "\n\n" + LONG + ROUTES.format(domain="reports", call="report()", tag="rep")
    stays = planned(files={"main.py": text.replace("report()\n", "report(), app.state\n")})
    messages = [finding.message for finding in stays.findings if finding.left_alone is None]

    assert "`main.py` keeps 137 of 178 lines" in messages[0]
    assert "2 routes with 11 lines stay, among them those of `reports` (see there)" in messages[0]
    assert "`report` (12" in messages[0]
    assert not any("keeps" in message for message in messages[1:])

    goes = {f.anchor: f.message for f in planned(files={"main.py": text}).findings}
    assert "`routers/reports.py` gets 13" in goes["app.reports"]
    assert "its 2 routes and what only they need: `report` (12" in goes["app.reports"]
    assert "gets" not in goes["app.users"] + goes["app.items"]


def test_a_patch_that_also_concerns_another_module_which_asks_the_old_one_stays(planned):
    files = {
        "main.py": THREE,
        "jobs.py": "import main\n\n\ndef run():\n    return main.only_users()\n",
        "test_jobs.py": 'from unittest.mock import patch\n\n\n@patch("main.only_users")\ndef test(_): ...\n',
    }
    reasons = {f.anchor: f.left_alone for f in planned(files=files).findings}

    assert reasons["app.users"] == (
        "`list_users`: `only_users` is replaced in test_jobs.py:4, for jobs.py too, which asks the module"
    )
    assert reasons["app.items"] is None


def in_a_factory(text, *, end="    return app\n"):
    head, _, routes = text.partition("\n\n@app")
    body = "".join(f"    {line}" if line.strip() else line for line in f"@app{routes}".splitlines(keepends=True))
    made = "def create_app():\n    app = FastAPI()\n\n"
    return head.replace("app = FastAPI()\n\n\n", "") + "\n\n" + made + body + end


@pytest.mark.parametrize("order", [*itertools.permutations(["users", "items", "orders"])])
def test_groups_of_a_factory_one_after_the_other_give_the_same_files_as_all_at_once(planned, tmp_path, order):
    (tmp_path / ".git").mkdir()
    at_once = planned(files={"main.py": in_a_factory(THREE)})
    expected = {change.path: change.after.decode() for change in at_once.changes}
    for name in order:
        others = [f.fingerprint for f in planned().findings if f.anchor != f"create_app().app.{name}"]
        apply_changes(tmp_path, planned(others).changes, command="", codemods=[], allow_dirty=True)

    assert "    app.include_router(users.router)\n    app.include_router(items.router)\n" in expected["main.py"]
    assert files_of(tmp_path) == expected
    assert planned().changes == ()


def test_a_router_of_a_factory_includes_its_parts(planned):
    text = in_a_factory(THREE).replace("FastAPI()", 'APIRouter(prefix="/api")').replace("FastAPI", "APIRouter")
    plan = planned(files={"api.py": text.replace("create_app", "make")})

    assert {finding.left_alone for finding in plan.findings} == {None}
    assert {finding.anchor for finding in plan.findings} == {
        f"make().app.{name}" for name in ("users", "items", "orders")
    }
    assert "    app.include_router(users.router)\n" in next(
        c.after.decode() for c in plan.changes if c.path == "api.py"
    )


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (
            "    return app\n",
            "    app = wrap(app)\n    return app\n",
            "`app` is bound more than once in `create_app()`",
        ),
        ("    return app\n", "    use(app.router)\n    return app\n", "`app.router` is used in `create_app()`"),
        ("def create_app():\n", "if True:\n  def create_app():\n", None),
        ("def create_app():\n    app = FastAPI()\n", "def create_app(app):\n", None),
    ],
)
def test_a_factory_that_does_more_is_left_alone(planned, old, new, reason):
    text = in_a_factory(THREE).replace(old, new)
    if new.startswith("if"):
        text = text.replace("\n    ", "\n      ")
    plan = planned(files={"main.py": text})

    assert plan.changes == ()
    assert all(finding.left_alone for finding in plan.findings)
    assert plan.findings
    assert reason is None or {finding.left_alone for finding in plan.findings} == {reason}


def paths_of(plan):
    return [change.path for change in plan.changes]


def test_the_folder_is_the_one_that_is_asked_for(planned):
    plan = planned(files={"main.py": THREE}, into="api/parts/")

    assert [path for path in paths_of(plan) if path.endswith("users.py")] == ["api/parts/users.py"]


def test_the_folder_is_that_of_the_projects_routers(planned):
    other = "from fastapi import APIRouter\nrouter = APIRouter()\n"
    plan = planned(files={"main.py": THREE, "api/routes/other.py": other})

    assert "api/routes/users.py" in paths_of(plan)


def test_groups_are_those_that_are_asked_for(planned):
    plan = planned(files={"main.py": THREE}, group=["people=/users", "shop=/items,/orders"])

    assert [p for p in paths_of(plan) if p.startswith("routers/")] == [
        "routers/__init__.py", "routers/people.py", "routers/shop.py",
    ]  # fmt: skip


def test_a_group_with_the_name_of_another_path_moves_alone(planned):
    plan = planned(files={"main.py": THREE}, group=["users=/items"])

    assert [(finding.anchor, finding.message.count("2 of them for `users`")) for finding in plan.findings] == [
        ("app.users", 1)
    ]
    assert b'@router.get("/{number}", tags=["ite"])' in next(
        change.after for change in plan.changes if change.path == "routers/users.py"
    )


@pytest.mark.parametrize("text", ["people", "=/a", "a="])
def test_a_group_that_cannot_be_read_is_an_error(planned, text):
    with pytest.raises(ConfigurationError, match="must be as in billing=/invoices,/payments"):
        planned(files={"main.py": THREE}, group=[text])


def test_small_groups_stay(planned):
    assert paths_of(planned(files={"main.py": THREE}, min_routes=3)) == []


def test_tags_are_added_only_where_that_is_asked_for_and_said(planned):
    plain = module(users="1", items="2").replace(', tags=["use"]', "").replace(', tags=["ite"]', "")
    plan = planned(files={"main.py": plain}, add_tags=True)
    users = next(change for change in plan.changes if change.path == "routers/users.py")

    assert b'APIRouter(prefix="/users", tags=["users"])' in users.after
    assert {finding.safety for finding in plan.findings} == {Safety.CONTRACT}


def test_a_file_that_exists_is_not_overwritten(planned):
    plan = planned(files={"main.py": THREE, "routers/users.py": "x = 1\n"})

    assert {f.anchor: f.left_alone for f in plan.findings}["app.users"] == "`routers/users.py` exists already"
    assert "routers/items.py" in paths_of(plan)


def test_line_ends_are_those_of_the_module(planned, tmp_path):
    (tmp_path / "main.py").write_bytes(THREE.replace("\n", "\r\n").encode())
    plan = planned()

    assert plan.changes
    assert all(change.after.count(b"\n") == change.after.count(b"\r\n") for change in plan.changes)


def test_a_module_in_a_namespace_package_nobody_imports_is_left_alone(planned):
    plan = planned(files={"src/main.py": THREE})

    assert plan.changes == ()
    assert all("nothing shows how" in (finding.left_alone or "") for finding in plan.findings)


def test_absolute_imports_follow_those_of_the_module(planned):
    text = "from shop.models import User\n" + module(users="User", items="[]", orders="[paging]")
    plan = planned(files={"shop/__init__.py": "", "shop/models.py": "class User: ...\n", "shop/main.py": text})
    users = next(change for change in plan.changes if change.path == "shop/routers/users.py")

    assert b"from shop.dependencies import paging\nfrom shop.models import User\n" in users.after


@pytest.mark.parametrize("option", OF_CODEMODS, ids=lambda option: option.name)
def test_options_of_the_command_line_are_those_of_the_codemod(option):
    codemod = get(option.codemod)
    kinds = {"value": str, "many": tuple, "number": int, "switch": bool}

    assert type(getattr(codemod.options, option.name)) is kinds[option.kind]
    assert codemod.choices.get(option.name, ()) == option.choices


def test_two_modules_do_not_make_the_same_file(planned):
    plan = planned(files={"api/__init__.py": "", "api/one.py": THREE, "api/two.py": THREE.replace("Page", "Leaf")})

    assert {"api/routers/users.py", "api/routers/two_users.py", "api/two_dependencies.py"} <= {*paths_of(plan)}
    assert {f.left_alone for f in plan.findings} == {None}


def test_a_model_of_a_name_that_another_has_stays(planned):
    text = "from pydantic import BaseModel\n" + THREE.replace("class Page", "class Page(BaseModel)")
    other = "from pydantic import BaseModel\nclass Base(BaseModel): ...\nclass Page(Base): ...\n"
    plan = planned(files={"main.py": text, "other.py": other})

    assert all("OpenAPI tells the two apart" in (finding.left_alone or "") for finding in plan.findings)
    assert planned(files={"other.py": "class Page: ...\n"}).changes != ()


def test_a_large_module_is_split_without_being_asked_for(tmp_path):
    large = module(users="1", items="2", orders="3", carts="4", bills="5", notes="6")
    (tmp_path / "main.py").write_text(large)

    plan = pipeline.plan(tmp_path, [tmp_path], Options(select=("routing",), jobs=1, cache=False))

    assert [finding.left_alone for finding in plan.findings] == [None] * 6
    assert len([path for path in paths_of(plan) if path.startswith("routers/")]) == 7


def test_a_router_whose_prefix_names_its_domain_is_left_as_it_is(planned):
    text = THREE.replace("FastAPI()", 'APIRouter(prefix="/shop")').replace("FastAPI", "APIRouter")

    assert planned(files={"shop.py": text}).findings == ()
    assert planned(files={"shop.py": text.replace("/shop", "/api/v1")}).changes != ()


def test_what_came_out_of_a_split_is_not_split_again(planned, tmp_path):
    (tmp_path / ".git").mkdir()
    routes = '@app.get("/users/a", tags=["u"])\ndef a(): ...\n@app.get("/users/b", tags=["u"])\ndef b(): ...\n'
    routes += routes.replace("/users", "/old/users").replace("def a", "def c").replace("def b", "def d")
    text = THREE + routes.replace('tags=["u"]', 'tags=["use"]')
    first = planned(files={"main.py": text}, by="tag")
    apply_changes(tmp_path, first.changes, command="", codemods=[], allow_dirty=True)

    assert "routers/use.py" in paths_of(first)
    assert planned(by="tag").changes == ()
    assert [path for path in paths_of(planned()) if path.startswith("routers/use")] == []


REFUSED = {
    "a router of a class of the project": (
        lambda text: text.replace("app = FastAPI()", "class Own(FastAPI): ...\n\n\napp = Own()"),
        "`app` is made by `Own`, whose routers may be special ones too",
    ),
    "an application that is bound twice": (
        lambda text: f"{text}\n\napp = app\n",
        "`app` is bound more than once in `main.py`",
    ),
    "a router with arguments that are not known": (
        lambda text: text.replace("FastAPI()", "APIRouter(**{})").replace("FastAPI", "APIRouter"),
        "`app` is given arguments that are not known",
    ),
    "a router with a class of its own for routes": (
        lambda text: text.replace("FastAPI()", "APIRouter(route_class=Page)").replace("FastAPI", "APIRouter"),
        "`app` is given `route_class`, which its parts would need too",
    ),
    "whose router is used": (lambda text: f"{text}\n\nprint(app.router)\n", "`app.router` is used in main.py:48"),
    "a module without imports at its top": (
        lambda text: text.replace("from fastapi", "x = 1\n\n\ndef f(): ...\n\n\nfrom fastapi"),
        "no import stands at the top of the module",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_no_group_of(planned, what):
    change, reason = REFUSED[what]
    plan = planned(files={"main.py": change(THREE)})

    assert {finding.left_alone for finding in plan.findings} == {reason}
    assert plan.changes == ()


ONE_REFUSED = {
    "a path with a converter of the project": (
        lambda text: text.replace("/users/{number}", "/users/{number:own}"),
        "a path has a converter of the project's own, to be registered before it",
    ),
    "an empty path": (
        lambda text: text.replace('"/users"', '""').replace('"/users/', '"/').replace("FastAPI", "APIRouter"),
        None,
    ),
    "two statements on a line": (
        lambda text: text.replace("def only_users():\n    return 1", "only = 1; only_users = lambda: only"),
        "`list_users` needs `only`, `only_users`, which cannot move: several statements stand on its line",
    ),
    "a name in another module's place": (
        lambda text: text.replace("    return 1", "    return __name__"),
        "`list_users` needs `only_users`, which cannot move: `__name__` would be another name",
    ),
    "a late import": (
        lambda text: text.replace(
            "def only_users():\n    return 1", "print(1)\nimport other\n\n\ndef only_users():\n    return other"
        ),
        "`list_users` needs `only_users`, which cannot move: `other` is imported in line 15, behind code",
    ),
    "a circular import": (
        lambda text: text.replace("from fastapi", "import back\nfrom fastapi", 1).replace(
            "    return 1", "    return back"
        ),
        "`list_users` needs `only_users`, which cannot move: `back` comes from `back.py`, which imports `main.py`",
    ),
    "what runs behind what stays": (
        lambda text: text.replace(
            "def only_users():\n    return 1", "print(app)\nfound = open(0)\n\n\ndef only_users():\n    return found"
        ),
        "`list_users` needs `found`, which cannot move: it runs behind `print(app)` of line 14, which has to stay",
    ),
    "the name of a class": (
        lambda text: (
            text.replace(
                "def only_users():\n    return 1",
                "class Only(str, metaclass=type): ...\n\n\ndef only_users():\n    return Only",
            )
            .replace("from fastapi", "from pydantic import BaseModel\nfrom fastapi", 1)
            .replace("(str, metaclass=type)", "(BaseModel)")
        ),
        "`list_users` needs `Only`, which cannot move: `models.py` has a class of this name too, and OpenAPI tells",
    ),
}


@pytest.mark.parametrize("what", ONE_REFUSED)
def test_no_group_with(planned, what):
    change, reason = ONE_REFUSED[what]
    others = {
        "other.py": "",
        "back.py": "import main\n",
        "models.py": "from pydantic import BaseModel\nclass Only(BaseModel): ...\n",
    }
    plan = planned(files={"main.py": change(THREE), **others})
    reasons = {finding.anchor: finding.left_alone for finding in plan.findings}

    assert (reasons.pop("app.users", None) or "").startswith(reason or "")
    assert {*reasons.values()} == {None}


def test_nothing_goes_outside_of_the_modules_folder(planned):
    plan = planned(files={"shop/__init__.py": "", "shop/main.py": THREE}, into="../routers")

    assert {finding.left_alone for finding in plan.findings} == {
        "`../routers` lies outside of the folder of `shop/main.py`"
    }


def test_names_that_are_taken_twice_are_not_taken_a_third_time(planned):
    text = INTERLEAVED + ROUTES.format(domain="admin_users", call="1", tag="adm")
    reasons = {f.anchor: f.left_alone for f in planned(files={"main.py": text}).findings}

    assert reasons["admin.admin_users_"] == "`routers/admin_users.py` is where routes of `main.py` go"
    assert reasons["app.admin_users"] is None


def test_shared_code_needs_a_file_that_is_free(planned):
    taken = {"dependencies.py": "x = 1\n", "main_dependencies.py": "x = 1\n"}
    reasons = {f.left_alone for f in planned(files={"main.py": THREE, **taken}).findings}

    assert reasons == {"`dependencies.py`, where the shared code would go, exists already"}


SHOP = """\
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel

USERS = {}

app = FastAPI()


class User(BaseModel):
    name: str


class Page(BaseModel):
    size: int = 10


def paging(size: int = 10):
    return Page(size=size)


@app.get("/api/users", tags=["people"])
def list_users(page: Page = Depends(paging)) -> list[User]:
    return [*USERS.values()][: page.size]


@app.post("/api/users", tags=["people"])
def create_user(user: User) -> User:
    USERS[user.name] = user
    return user


@app.get("/api/health")
def health():
    return "ok"


@app.get("/api/users/{name}")
def read_user(name: str) -> User:
    if name not in USERS:
        raise HTTPException(404)
    return USERS[name]


@app.delete("/api/users/{name}")
def delete_user(name: str):
    return USERS.pop(name, None) is not None


@app.get("/api/orders")
def list_orders(page: Page = Depends(paging)):
    return page


@app.get("/api/orders/{number}")
def read_order(number: int):
    return number


@app.get("/api/orders/{number}/lines")
def list_lines_of_order(number: int):
    return [number]
"""

SHAPES = {
    "main": ("main:app", {"main.py": SHOP}),
    "package": (
        "shop.main:app",
        {"shop/__init__.py": "", "shop/main.py": "from . import other\n" + SHOP, "shop/other.py": ""},
    ),
    "router": (
        "main:app",
        {
            "api.py": SHOP.replace("app = FastAPI", "app = APIRouter").replace("FastAPI", "APIRouter"),
            "main.py": "from fastapi import FastAPI\nimport api\napp = FastAPI()\napp.include_router(api.app)\n",
        },
    ),
    "factory": ("main:create_app()", {"main.py": in_a_factory(SHOP)}),
}
COMBINATIONS: tuple[dict[str, object], ...] = (
    {},
    {"add_tags": True},
    {"by": "tag"},
    {"by": "path", "into": "parts"},
    {"by": "name", "min_routes": 4},
    {"min_routes": 4},
    {"group": ("sales=/api/orders",)},
    {"group": ("all=/api/users,/api/orders", "rest=/api/health"), "into": "parts/", "add_tags": True},
    {"reorder": True},
    {"reorder": True, "no_reexport": True, "add_tags": True},
)
REQUESTS: list[dict[str, Any]] = [
    {"path": "/api/users?size=2"},
    {"path": "/api/users", "method": "POST", "json": {"name": "ann"}},
    {"path": "/api/users/ann"},
    {"path": "/api/users/bob"},
    {"path": "/api/users/ann", "method": "DELETE"},
    {"path": "/api/orders"},
    {"path": "/api/orders/x"},
    {"path": "/api/orders/1/lines"},
]


@pytest.fixture(scope="module")
def applications():
    applications = Applications()
    yield applications
    applications.close()


@pytest.mark.parametrize("options", COMBINATIONS, ids=str)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_combination_of_options_keeps_what_it_must(planned, tmp_path, applications, shape, options):
    (tmp_path / ".git").mkdir()
    app, files = SHAPES[shape]
    case = SimpleNamespace(app=app, settings={"requests": REQUESTS})
    plan = planned(files=files, **options)
    before = applications.snapshot(tmp_path, case)
    apply_changes(tmp_path, plan.changes, command="", codemods=[], allow_dirty=True)
    found = differences(before, applications.snapshot(tmp_path, case), REQUESTS)

    assert plan.changes
    changed = {"tags"} if "add_tags" in options else set()
    changed |= {"order"} if "reorder" in options else set()
    # A model is called after its module there; OpenAPI does not show it.
    assert {*found.pop("routes", ())} - {"response_model"} <= changed
    assert found.keys() <= ({"openapi"} if changed else set())
    assert planned(**options).changes == ()
