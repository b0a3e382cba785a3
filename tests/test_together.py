"""All codemods in one run: what they leave behind is what they would write."""

import pytest

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options
from tests.harness import cases, write_tree

EXAMPLES = [case for case in cases() if case.name == "example"]


@pytest.mark.parametrize("case", EXAMPLES, ids=str)
def test_a_second_run_changes_nothing(case, tmp_path):
    options = Options(jobs=1, cache=False)
    root = write_tree(tmp_path, case.before)
    for change in pipeline.plan(root, [], options).changes:
        path = root / change.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(change.after or b"")

    assert [change.path for change in pipeline.plan(root, [], options).changes] == []


def test_routers_that_are_split_off_say_what_their_routes_share(tmp_path):
    routes = "".join(
        f'\n\n@app.get("/{group}/{n}", tags=["{group}"])\ndef {group}_{n}():\n    return {n}\n'
        for group in ("users", "items")
        for n in range(6)
    )
    (tmp_path / "main.py").write_text(f"from fastapi import FastAPI\n\napp = FastAPI()\n{routes}")

    changes = {change.path: change.after for change in pipeline.plan(tmp_path, [], Options(jobs=1)).changes}

    assert b'router = APIRouter(prefix="/users", tags=["users"])' in (changes["routers/users.py"] or b"")


def test_the_report_of_a_giant_router_says_why_it_is_not_split(tmp_path):
    lines = ["from fastapi import FastAPI", "app = FastAPI()"]
    for name in ("books", "tills", "users"):
        for number in range(10):
            lines += [f"@app.get('/{name}/{number}')", f"def {name}_{number}():", "    return 1"]
    lines += ["PATHS = [route.path for route in app.routes]"]
    (tmp_path / "main.py").write_text("\n".join(lines) + "\n")

    found = pipeline.check(tmp_path, [], Options(cache=False)).findings

    (report,) = [finding for finding in found if finding.codemod == "giant-router"]
    assert "`split-router` moves none of them: `routes` is looked at in main.py:93" in report.message
    (tmp_path / "main.py").write_text("\n".join(lines[:-1]) + "\n")
    (report,) = [f for f in pipeline.check(tmp_path, [], Options(cache=False)).findings if f.codemod == "giant-router"]
    assert report.message.endswith("; `split-router` moves them")


def test_models_of_handlers_that_were_split_off_go_to_the_schemas_of_their_feature(tmp_path):
    routes = "".join(
        f'\n\n@app.get("/{group}/{n}", tags=["{group}"])\ndef {group}_{n}():\n    return {{"{group}": {n}}}\n'
        for group in ("users", "items", "orders")
        for n in range(6)
    )
    for name in ("users", "items"):
        schemas = f"from pydantic import BaseModel\n\n\nclass {name.title()}Page(BaseModel):\n    total: int\n"
        (tmp_path / "schemas").mkdir(exist_ok=True)
        (tmp_path / "schemas" / f"{name}.py").write_text(schemas)
    (tmp_path / "main.py").write_text(f"from fastapi import FastAPI\n\napp = FastAPI()\n{routes}")

    for codemod in ("split-router", "wrap-dict-returns"):
        for change in pipeline.plan(tmp_path, [], Options(jobs=1, cache=False, select=(codemod,))).changes:
            path = tmp_path / change.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(change.after or b"")

    for name in ("users", "items", "orders"):
        router = (tmp_path / "routers" / f"{name}.py").read_text()
        assert "class " not in router
        assert f"from schemas.{name} import" in router
        assert "Response(BaseModel):" in (tmp_path / "schemas" / f"{name}.py").read_text()
