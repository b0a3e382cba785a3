"""Strings that name code, and what is known of it through them."""

import os
import subprocess

import pytest

from fastapi_codemods.project import Project, Symbol
from fastapi_codemods.project.code_strings import code_strings
from fastapi_codemods.project.names import facts_of
from tests.harness import write_tree

APP = "from fastapi import FastAPI\napp = FastAPI()\n"


@pytest.fixture
def project(tmp_path):
    def make(files):
        return Project.open(write_tree(tmp_path, {path: text.encode() for path, text in files.items()}))

    return make


TEST = "import main, helpers\nfrom unittest import mock\nfrom unittest.mock import patch\nMAIN = 'main'\n"
HERE = Symbol("helpers.py", "fetch")


@pytest.mark.parametrize(
    ("code", "path", "name", "symbol"),
    [
        ("patch('main.fetch')", "main.py", "fetch", HERE),
        ("mock.patch('main.fetch', new=1)", "main.py", "fetch", HERE),
        ("mocker.patch('helpers.fetch')", "helpers.py", "fetch", HERE),
        ("@patch('main.fetch')\ndef f(): ...", "main.py", "fetch", HERE),
        ("patch(f'{MAIN}.fetch')", "main.py", "fetch", HERE),
        ("patch(MAIN + '.fetch')", "main.py", "fetch", HERE),
        ("patch('main.helpers.fetch')", "main.py", "helpers.fetch", HERE),
        ("patch('main.Service.run')", "main.py", "Service.run", Symbol("main.py", "Service.run")),
        ("patch('main.missing')", "main.py", "missing", None),
        ("patch('requests.get')", None, "requests.get", None),
        ("patch.object(main, 'fetch')", "main.py", "fetch", HERE),
        ("patch.object(main.Service, 'run')", "main.py", "Service.run", Symbol("main.py", "Service.run")),
        ("patch('main.os.getcwd')", "main.py", "os.getcwd", Symbol(None, "os.getcwd")),
        ("patch.object(thing, 'run')", None, "thing.run", None),
        ("patch.dict('main.cache', {})", "main.py", "cache", Symbol("main.py", "cache")),
        ("patch.dict(main.cache, {})", "main.py", "cache", Symbol("main.py", "cache")),
        ("patch.multiple('main', fetch=1)", "main.py", "fetch", HERE),
        ("monkeypatch.setattr('main.fetch', 1)", "main.py", "fetch", HERE),
        ("monkeypatch.setattr(main, 'fetch', 1)", "main.py", "fetch", HERE),
        ("monkeypatch.delattr(main, 'fetch')", "main.py", "fetch", HERE),
        ("def f(monkeypatch):\n    import main as m\n    monkeypatch.setattr(m, 'fetch', 1)", "main.py", "fetch", HERE),
        ("setattr(main, 'fetch', 1)", "main.py", "fetch", HERE),
        ("main.fetch = 1", "main.py", "fetch", HERE),
        ("del main.fetch", "main.py", "fetch", HERE),
    ],
)
def test_patches_are_resolved(project, code, path, name, symbol):
    main = f"{APP}import os, helpers\nfrom helpers import fetch\ncache = {{}}\nclass Service:\n    def run(self): ...\n"
    opened = project({"main.py": main, "helpers.py": "def fetch(): ...\n", "tests/test_main.py": f"{TEST}{code}\n"})

    assert [(s.kind, s.path, s.name, s.symbol) for s in code_strings(opened)] == [("patch", path, name, symbol)]


@pytest.mark.parametrize(
    "code", ["client.patch('/users')", "setattr(thing, 'a', 1)", "self.x = 1", "x = patch(1)", "pop(patch)"]
)
def test_what_only_looks_like_a_patch_is_none(project, code):
    assert code_strings(project({"main.py": APP, "test_it.py": f"{TEST}{code}\n"})) == []


def test_a_patched_name_knows_of_it(project):
    opened = project(
        {
            "main.py": "from deps import x\n",
            "deps.py": "x = 1\n",
            "test_it.py": "from unittest.mock import patch\npatch('main.x')\n",
        }
    )

    for path in ("main.py", "deps.py"):
        found = facts_of(opened, opened.module(path), "x")
        assert found is not None
        assert [(s.place.path, s.place.line) for s in found.named] == [("test_it.py", 2)]


def test_two_applications_in_one_repository_are_kept_apart(project):
    opened = project(
        {
            **{f"{root}/app/{name}": text for root in "ab" for name, text in
               {"__init__.py": "", "main.py": f"{APP}from app.db import x\n", "db.py": "x = 1\n"}.items()},
            "a/Dockerfile": "CMD uvicorn app.main:app\n",
            "b/tests/test_it.py": "from unittest.mock import patch\npatch('app.db.x')\n",
        }
    )  # fmt: skip
    found = facts_of(opened, opened.module("b/app/db.py"), "x")
    assert found is not None

    assert [i.place.path for i in found.imported] == ["b/app/main.py"]
    assert [s.place.path for s in found.named] == ["b/tests/test_it.py"]
    assert [(s.place.path, s.symbol) for s in code_strings(opened)] == [
        ("a/Dockerfile", Symbol("a/app/main.py", "app")),
        ("b/tests/test_it.py", Symbol("b/app/db.py", "x")),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "app.dependency_overrides[get_db] = 1",
        "app.dependency_overrides = {get_db: 1}",
        "app.dependency_overrides.update({get_db: 1})",
        "app.dependency_overrides.pop(get_db)",
        "del app.dependency_overrides[get_db]",
    ],
)
def test_overrides_are_found(project, code):
    files = {"main.py": f"{APP}def get_db(): ...\n", "test_it.py": f"from main import app, get_db\n{code}\n"}

    assert [(s.kind, s.symbol) for s in code_strings(project(files))] == [("override", Symbol("main.py", "get_db"))]


def test_route_names_lead_to_handlers(project):
    main = f"{APP}@app.get('/a')\ndef read(): ...\n@app.get('/b', name='b')\ndef other(): ...\n"
    opened = project({"main.py": f"{main}app.url_path_for('read')\nrequest.url_for('b')\nrequest.url_for('other')\n"})

    assert [(s.kind, s.text, s.symbol) for s in code_strings(opened)] == [
        ("route", "read", Symbol("main.py", "read")),
        ("route", "b", Symbol("main.py", "other")),
        ("route", "other", None),
    ]


MAIN = Symbol("src/pkg/main.py", "app")


@pytest.mark.parametrize(
    ("path", "text", "symbol"),
    [
        ("Dockerfile", 'FROM python:3.13\nCMD ["uvicorn", "pkg.main:app", "--port", "80"]\n', MAIN),
        ("docker/api.Dockerfile", "CMD [\n  'gunicorn',\n  'pkg.main:app'\n]\n", MAIN),
        ("Dockerfile.dev", "CMD uvicorn pkg:app\n", MAIN),
        ("Procfile", "web: uvicorn pkg.main:create_app --factory\n", Symbol("src/pkg/main.py", "create_app")),
        ("Procfile", "web: gunicorn 'pkg.main:create_app(1)'\n", Symbol("src/pkg/main.py", "create_app")),
        ("compose.prod.yml", "services:\n  a:\n    image: redis:alpine\n    command: uvicorn pkg.main:app\n", MAIN),
        ("docker-compose.yaml", "command: ['uvicorn', 'elsewhere:app']\n", None),
        ("scripts/run.sh", "# uvicorn pkg.main:app\nexec uvicorn pkg.main:app\n", MAIN),
        ("api.service", "ExecStart=/bin/uvicorn pkg.main:app\n", MAIN),
        ("Makefile", "run:\n\tuvicorn pkg.main:app\n", MAIN),
        ("justfile", "run:\n  uvicorn pkg.main:app\n", MAIN),
        ("supervisord.conf", "command=gunicorn pkg.main:app -w 4\n", MAIN),
        ("pyproject.toml", '[tool.x]\na = "b:c"\n[project.scripts]\nx = "pkg.main:app"\n', MAIN),
        ("pyproject.toml", '[project.scripts]\nx = "elsewhere:main"\n', None),
        ("pyproject.toml", '[tool.fastapi]\nentrypoint = "pkg.main:app"\n', MAIN),
        ("pyproject.toml", '[tool.poetry.scripts]\nx = "pkg.main:app"\n', MAIN),
        ("setup.cfg", "[options.entry_points]\nconsole_scripts =\n    x = pkg.main:app\n", MAIN),
        ("run.py", "import uvicorn\nuvicorn.run('pkg.main:app')\n", MAIN),
        ("run.py", "import uvicorn\nuvicorn.run(app='pkg.main:app')\n", MAIN),
        ("run.py", "import uvicorn\ndef f():\n    target = 'pkg.main:app'\n    uvicorn.run(target)\n", MAIN),
        ("run.py", "import subprocess\nsubprocess.run(['uvicorn', 'pkg.main:app'])\n", MAIN),
        ("setup.py", "setup(entry_points={'console_scripts': ['x = pkg.main:app']})\n", MAIN),
    ],
)
def test_entry_points_are_found(project, path, text, symbol):
    opened = project(
        {
            "src/pkg/__init__.py": "from pkg.main import app\n",
            "src/pkg/main.py": f"{APP}def create_app(): ...\n",
            path: text,
        }
    )

    assert [(s.kind, s.place.path, s.symbol) for s in code_strings(opened)] == [("entry", path, symbol)]


@pytest.mark.parametrize("is_git", [True, False])
def test_files_that_are_not_the_projects_are_left_out(project, tmp_path, is_git):
    line = "uvicorn main:app\n"
    if is_git:
        subprocess.run(["git", "init", "-q", tmp_path], check=True)
    opened = project(
        {
            "main.py": APP,
            **{f"{folder}/run.sh": line for folder in ("kept", "ignored", ".venv", "node_modules/a", "env")},
            "env/pyvenv.cfg": "",
            ".gitignore": "ignored/\n",
            "large.sh": line * 40_000,
            "notes.txt": line,
        }
    )
    os.symlink(tmp_path / "kept" / "run.sh", tmp_path / "linked.sh")
    os.symlink(tmp_path / "kept", tmp_path / "linked")

    assert [s.place.path for s in code_strings(opened)] == ["kept/run.sh"]
