"""What the project must go on running on, from wherever a project says so."""

import pytest

from fastapi_codemods.errors import ConfigurationError
from fastapi_codemods.project.style import style_of
from fastapi_codemods.project.versions import NEWEST, lower_bound, parse_release, spelled, versions_of


@pytest.fixture
def project(tmp_path):
    def make(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("specifier", "bound"),
    [
        (">=0.95", (0, 95)),
        (">=0.95,<1", (0, 95)),
        ("<1,>=0.95.1", (0, 95, 1)),
        ("==0.110.*", (0, 110)),
        ("===0.110.1", (0, 110, 1)),
        ("~=0.115.0", (0, 115, 0)),
        ("^0.95", (0, 95)),
        ("~0.95", (0, 95)),
        (">0.95", (0, 95)),
        ("<1", None),
        ("!=0.100", None),
        ("*", None),
        ("", None),
    ],
)
def test_a_specifier_has_a_lower_bound(specifier, bound):
    assert lower_bound(specifier) == bound


@pytest.mark.parametrize(
    ("files", "bound", "source"),
    [
        pytest.param({}, NEWEST, "", id="nothing"),
        pytest.param({"pyproject_dot_toml": '[project]\ndependencies = ["fastapi"]\n'}, NEWEST, "", id="no bound"),
        pytest.param(
            {"pyproject_dot_toml": '[project]\ndependencies = [\n    "fastapi>=0.95,<1",\n]\n'},
            (0, 95),
            "pyproject.toml",
            id="one per line",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[project]\ndependencies = ["uvicorn", "fastapi[all] >= 0.100"]\n'},
            (0, 100),
            "pyproject.toml",
            id="on one line, with extras",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[project]\ndependencies = ["fastapi (>=0.115.1,<0.116.0)"]\n'},
            (0, 115, 1),
            "pyproject.toml",
            id="Poetry 2",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[tool.poetry.dependencies]\nfastapi = "^0.95.1"\n'},
            (0, 95, 1),
            "pyproject.toml",
            id="Poetry",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[tool.poetry.dependencies]\nfastapi = "0.95.1"\n'},
            (0, 95, 1),
            "pyproject.toml",
            id="Poetry, exact",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[tool.poetry.dependencies]\nfastapi = {version = ">=0.90", extras = ["all"]}\n'},
            (0, 90),
            "pyproject.toml",
            id="Poetry, table",
        ),
        pytest.param({"pyproject_dot_toml": "[tool]\npoetry = 3\n# tool.poetry"}, NEWEST, "", id="odd pyproject"),
        pytest.param({"pyproject_dot_toml": "[tool.poetry\nfastapi = 3"}, NEWEST, "", id="malformed pyproject"),
        pytest.param(
            {"requirements_dot_txt": "uvicorn\nFastAPI==0.110.1  # c\n"}, (0, 110, 1), "requirements.txt", id="pin"
        ),
        pytest.param(
            {"requirements__base_dot_txt": "fastapi~=0.110\n"}, (0, 110), "base.txt", id="requirements folder"
        ),
        pytest.param({"requirements_dot_txt": "fastapi-users>=10\n# fastapi>=1\n"}, NEWEST, "", id="another package"),
        pytest.param(
            {"setup_dot_cfg": "[options]\ninstall_requires =\n    fastapi >=0.80 ; python_version > '3.1'\n"},
            (0, 80),
            "setup.cfg",
            id="setup.cfg",
        ),
        pytest.param(
            {"setup_dot_py": 'setup(install_requires=["fastapi>=0.81", "x"])\n'}, (0, 81), "setup.py", id="setup.py"
        ),
        pytest.param(
            {
                "uv_dot_lock": '[[package]]\nname = "fastapi"\nversion = "0.115.2"\nsource = 1\n',
                "pyproject_dot_toml": '[project]\ndependencies = ["fastapi>=0.95"]\n',
            },
            (0, 115, 2),
            "uv.lock",
            id="a lock counts before a bound",
        ),
        pytest.param(
            {"poetry_dot_lock": '[[package]]\nname = "fastapi"\nversion = "0.111.0"\n'},
            (0, 111, 0),
            "poetry.lock",
            id="lock",
        ),
        pytest.param(
            {"pylock_dot_toml": '[[packages]]\nname = "fastapi"\nversion = "0.112.0rc1"\n'},
            (0, 112, 0),
            "pylock.toml",
            id="standard lock, pre-release",
        ),
        pytest.param(
            {
                "uv_dot_lock": '[[package]]\nname = "fastapi"\nversion = "0.115.2"\n\n'
                '[[package]]\nname = "fastapi"\nversion = "0.103.0"\n'
            },
            (0, 103, 0),
            "uv.lock",
            id="a lock for several Pythons",
        ),
        pytest.param(
            {"Pipfile_dot_lock": '{"default": {"fastapi": {"version": "==0.99.1"}}}'},
            (0, 99, 1),
            "Pipfile.lock",
            id="Pipenv's lock",
        ),
        pytest.param({"Pipfile": '[packages]\nfastapi = ">=0.98"\n'}, (0, 98), "Pipfile", id="Pipenv without its lock"),
        pytest.param(
            {"requirements_dot_txt": "fastapi==0.110.1\npydantic==2.5\n"},
            (0, 110, 1),
            "requirements.txt",
            id="the next line is another requirement",
        ),
        pytest.param(
            {
                "pyproject_dot_toml": '[project]\ndependencies = ["fastapi>=0.95"]\n',
                "requirements_dot_txt": "fastapi==0.110.1\n",
            },
            (0, 110, 1),
            "requirements.txt",
            id="a pin counts before a bound",
        ),
        pytest.param(
            {
                "pyproject_dot_toml": '[project]\ndependencies = ["fastapi>=0.95"]\n'
                '[dependency-groups]\ntest = ["fastapi==0.165.0"]\n',
                "requirements-dev_dot_txt": "fastapi==0.165.0\n",
            },
            (0, 95),
            "pyproject.toml",
            id="unless it is for developers",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[project.optional-dependencies]\na = ["fastapi>=0.101"]\nb = ["fastapi>=0.99"]\n'},
            (0, 99),
            "pyproject.toml",
            id="the lower of two extras",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[dependency-groups]\nserver = ["fastapi>=0.102", {include-group = "x"}]\n'},
            (0, 102),
            "pyproject.toml",
            id="group",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[tool.pdm.dev-dependencies]\nserver = ["fastapi>=0.104"]\n'},
            (0, 104),
            "pyproject.toml",
            id="PDM",
        ),
        pytest.param(
            {"pyproject_dot_toml": '[tool.poetry.group.web.dependencies]\nfastapi = "^0.105 || ^0.103"\n'},
            (0, 103),
            "pyproject.toml",
            id="Poetry, group with alternatives",
        ),
        pytest.param({"constraints_dot_txt": "fastapi==0.106.0\n"}, (0, 106, 0), "constraints.txt", id="constraints"),
    ],
)
def test_fastapi(project, files, bound, source):
    found = versions_of(project(**files))

    assert (found.fastapi, found.fastapi_source) == (bound, source)
    assert found.supports_fastapi((0, 79))


def test_the_command_line_counts_before_everything(project):
    found = versions_of(project(requirements_dot_txt="fastapi==0.110.1\n"), "0.95")

    assert (found.fastapi, found.fastapi_source) == ((0, 95), "--target-fastapi")
    assert not found.supports_fastapi((0, 95, 1))


@pytest.mark.parametrize(
    ("files", "bound"),
    [
        ({}, NEWEST),
        ({"pyproject_dot_toml": '[project]\nrequires-python = ">=3.9"\n'}, (3, 9)),
        ({"pyproject_dot_toml": '[tool.poetry.dependencies]\npython = "^3.10"\n'}, (3, 10)),
        ({"pyproject_dot_toml": '[tool.poetry.dependencies]\npython = "3.11"\n'}, (3, 11)),
        ({"pyproject_dot_toml": '[tool.mypy]\npython_version = "3.8"\n'}, NEWEST),
        ({"setup_dot_cfg": "[options]\npython_requires = >=3.8\n"}, (3, 8)),
        ({"setup_dot_py": 'setup(\n    python_requires=">=3.7",\n)\n'}, (3, 7)),
    ],
)
def test_python(project, files, bound):
    assert versions_of(project(**files)).python == bound


def test_starlette_and_pydantic(project):
    root = project(
        pyproject_dot_toml="[project]\n"
        'dependencies = ["starlette>=0.30", "pydantic[email]>=1.10", "pydantic-settings>=2"]\n'
    )
    found = versions_of(root)

    assert (found.starlette, found.starlette_source) == ((0, 30), "pyproject.toml")
    assert (found.pydantic, found.pydantic_source) == ((1, 10), "pyproject.toml")
    assert versions_of(root / "none").pydantic == NEWEST


class TestAProjectBesideItsApplication:
    APPLICATIONS = ("backend/app/main.py", "backend/app/other.py", "tools/server.py")

    def test_is_asked_where_the_root_says_nothing(self, project, tmp_path):
        (tmp_path / "backend").mkdir()
        root = project(
            backend__pyproject_dot_toml='[project]\nrequires-python = ">=3.9"\ndependencies = ["fastapi>=0.101"]\n'
        )
        found = versions_of(root, None, self.APPLICATIONS)

        assert (found.fastapi, found.fastapi_source) == ((0, 101), "backend/pyproject.toml")
        assert (found.python, found.python_source) == ((3, 9), "backend/pyproject.toml")
        assert versions_of(root).fastapi == NEWEST

    def test_gives_way_to_the_root(self, project):
        root = project(backend__requirements_dot_txt="fastapi==0.101\n", requirements_dot_txt="fastapi==0.110\n")

        assert versions_of(root, None, self.APPLICATIONS).fastapi_source == "requirements.txt"

    def test_with_several_goes_by_the_oldest(self, project):
        root = project(backend__requirements_dot_txt="fastapi==0.111\n", tools__requirements_dot_txt="fastapi==0.99\n")

        assert versions_of(root, None, self.APPLICATIONS)[:2] == ((0, 99), "tools/requirements.txt")


def test_a_release_is_read_and_spelled():
    assert spelled(parse_release(" 0.95.1 ")) == "0.95.1"
    with pytest.raises(ConfigurationError, match=r"'latest' is not a version; write it like 0\.110"):
        parse_release("latest")


@pytest.mark.parametrize(
    ("files", "length"),
    [
        ({}, 88),
        ({"pyproject_dot_toml": "[tool.ruff]\nline-length = 100\n"}, 100),
        ({"pyproject_dot_toml": "[tool.black]\nline-length = 99\n"}, 99),
        ({"pyproject_dot_toml": "[tool.isort]\nline_length = 98\n"}, 98),
        ({"pyproject_dot_toml": "[tool]\nruff = 1\n"}, 88),
        ({"pyproject_dot_toml": "tool = 1\n"}, 88),
        ({"pyproject_dot_toml": "[tool.ruff\n", "setup_dot_cfg": "[flake8]\nmax-line-length = 120\n"}, 120),
        ({"ruff_dot_toml": "line-length = 90\n"}, 90),
        ({"tox_dot_ini": "[flake8]\nmax-line-length=110\n"}, 110),
    ],
)
def test_the_line_length_is_that_of_the_formatter_or_linter(project, files, length):
    assert style_of(project(**files)).line_length == length
