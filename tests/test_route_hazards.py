"""What the static table calls certain is what FastAPI serves, however odd the code."""

import importlib
import os
import sys
from pathlib import Path

import pytest

from fastapi_codemods.project import Project
from fastapi_codemods.project.routes import applications_of

from .route_hazards import HAZARDS

SCRIPTS = Path(__file__).parents[1] / "scripts"
sys.path[:0] = [str(SCRIPTS), str(SCRIPTS / "real_apps")]

dump_routes = importlib.import_module("dump_routes")
route_tables = importlib.import_module("route_tables")


def tables_of_running(folder: Path) -> dict[str, list[dict[str, object]]]:
    import fastapi

    before = set(sys.modules)
    kept = {name: getattr(fastapi.FastAPI, name) for name in ("get",)}
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module("main")
        return {
            f"main:{name}": [*dump_routes.table(value.routes), *dump_routes.frontends(value)]
            for name, value in vars(module).items()
            if isinstance(value, fastapi.FastAPI)
        }
    finally:
        sys.path.remove(str(folder))
        for name, method in kept.items():
            setattr(fastapi.FastAPI, name, method)
        for name in set(sys.modules) - before:
            if str(folder) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


@pytest.mark.parametrize("name", HAZARDS)
@pytest.mark.filterwarnings("ignore")
def test_what_is_called_certain_is_served(name, tmp_path, monkeypatch):
    for file, text in HAZARDS[name].items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert "NOT_SET_EVER" not in os.environ
    running = tables_of_running(tmp_path)
    assert running
    tables = applications_of(Project.open(tmp_path, target_fastapi="0.165"))
    for label, table in running.items():
        wanted = list(route_tables.rows_of_running(table))
        found = route_tables.compared(label, wanted, route_tables.chosen(label, wanted, tables))
        assert not found.wrong, "\n".join(found.wrong)
