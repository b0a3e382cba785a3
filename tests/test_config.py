"""Which folder is the project, and what its pyproject.toml asks for."""

import os
from pathlib import Path

import pytest

from fastapi_codemods.config import Options, Settings, find_root, load, merge
from fastapi_codemods.errors import ConfigurationError, PathError
from fastapi_codemods.findings import Safety

TABLE = "[tool.fastapi-codemods]\n"


@pytest.fixture
def tree(tmp_path):
    """Makes folders (names ending in a slash) and empty files, and gives the place."""
    place = Path(os.path.realpath(tmp_path))

    def make(*names):
        for name in names:
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir(exist_ok=True) if name.endswith("/") else path.touch()
        return place

    return make


class TestTheRootOfAProject:
    def test_is_the_repository_around_the_path(self, tree):
        place = tree("repo/.git/", "repo/app/pyproject.toml", "repo/app/src/main.py")

        assert find_root([place / "repo/app/src/main.py"]) == place / "repo"
        assert find_root([place / "repo/app/src"]) == place / "repo"
        assert find_root([place / "repo"]) == place / "repo"

    def test_may_have_a_git_file_as_in_a_work_tree_or_submodule(self, tree):
        place = tree("repo/.git/", "repo/sub/.git", "repo/sub/main.py")

        assert find_root([place / "repo/sub/main.py"]) == place / "repo/sub"

    def test_is_the_nearest_pyproject_outside_git(self, tree):
        place = tree("a/pyproject.toml", "a/b/pyproject.toml", "a/b/c/main.py", "a/main.py")

        assert find_root([place / "a/b/c"]) == place / "a/b"
        assert find_root([place / "a/b/c", place / "a/main.py"]) == place / "a"

    def test_is_the_common_folder_without_either(self, tree):
        place = tree("a/b/main.py", "a/c/main.py")

        assert find_root([place / "a/b/main.py"]) == place / "a/b"
        assert find_root([place / "a/b/main.py", place / "a/c"]) == place / "a"

    def test_is_that_of_the_current_folder_without_paths(self, tree, monkeypatch):
        place = tree("repo/.git/", "repo/app/")
        monkeypatch.chdir(place / "repo/app")

        assert find_root([]) == place / "repo"
        assert find_root([Path()]) == place / "repo"

    def test_has_no_links_in_it(self, tree):
        place = tree("repo/.git/", "repo/app/main.py")
        (place / "link").symlink_to(place / "repo/app", target_is_directory=True)

        assert find_root([place / "link"]) == place / "repo"
        assert find_root([place / "link/main.py"]) == place / "repo"

    def test_is_where_a_linked_file_stands_not_where_it_leads(self, tree):
        place = tree("repo/.git/", "other/.git/", "other/main.py")
        (place / "repo/main.py").symlink_to(place / "other/main.py")

        assert find_root([place / "repo/main.py"]) == place / "repo"

    def test_needs_paths_that_exist(self, tree):
        place = tree("repo/.git/")
        (place / "dangling.py").symlink_to(place / "gone.py")

        with pytest.raises(PathError, match=r"nowhere\.py does not exist"):
            find_root([place / "nowhere.py"])
        with pytest.raises(PathError, match=r"dangling\.py is a symbolic link to a file that does not exist"):
            find_root([place / "dangling.py"])

    @pytest.mark.parametrize(
        "names",
        [
            pytest.param(("a/.git/", "b/.git/"), id="two repositories"),
            pytest.param((".git/", "a/", "b/.git/"), id="a repository inside the other"),
            pytest.param(("a/pyproject.toml", "b/pyproject.toml"), id="two projects outside git"),
            pytest.param(("a/", "b/pyproject.toml"), id="a project and a folder beside it"),
        ],
    )
    def test_is_one_for_all_paths(self, tree, names):
        place = tree(*names)

        with pytest.raises(PathError, match=r"/b.* not in one project"):
            find_root([place / "b", place / "a"])


class TestPyproject:
    @pytest.fixture
    def project(self, tmp_path):
        (tmp_path / "app/api").mkdir(parents=True)
        return tmp_path

    def test_gives_every_setting(self, project):
        (project / "pyproject.toml").write_text(
            TABLE + 'select = ["routing", "a"]\nignore = ["b"]\nsafety = "contract"\n'
            'exclude = ["migrations/"]\ntarget-fastapi = "0.110"\njobs = 2\n'
        )

        assert load(project) == Settings(("routing", "a"), ("b",), Safety.CONTRACT, ("migrations/",), "0.110", 2)

    def test_gives_options_of_codemods(self, project):
        (project / "pyproject.toml").write_text(TABLE + "jobs = 2\n[tool.fastapi-codemods.split-router]\nby = 'tag'\n")

        assert load(project) == Settings(jobs=2, codemods={"split-router": {"by": "tag"}})

    def test_need_not_be_there_nor_speak_of_us(self, project):
        assert load(project) == Settings()

        (project / "pyproject.toml").write_text("[tool.other]\nmalformed\n")
        assert load(project) == Settings()

        (project / "pyproject.toml").write_text('[project]\nname = "fastapi-codemods"\n')
        assert load(project) == Settings()

    def test_nearest_to_the_paths_wins(self, project):
        (project / "pyproject.toml").write_text(TABLE + "jobs = 1\n")
        (project / "app/pyproject.toml").write_text(TABLE + "jobs = 2\n")
        (project / "app/api/pyproject.toml").write_text("[project]\n")

        assert load(project, None, [project / "app/api"]).jobs == 2
        assert load(project, None, [project / "app", project]).jobs == 1

    def test_above_the_root_is_not_ours(self, project):
        (project / "pyproject.toml").write_text(TABLE + "jobs = 1\n")

        assert load(project / "app", None, [project / "app/api"]) == Settings()

    def test_named_explicitly_is_the_only_one_read(self, project):
        (project / "pyproject.toml").write_text("fastapi-codemods malformed")
        explicit = project / "other.toml"
        explicit.write_text(TABLE + "jobs = 3\n")

        assert load(project, explicit) == Settings(jobs=3)

    def test_named_explicitly_must_exist_and_speak_of_us(self, project):
        explicit = project / "other.toml"

        with pytest.raises(ConfigurationError, match=r"other\.toml cannot be read: No such file"):
            load(project, explicit)
        explicit.write_text("jobs = 3\n")
        with pytest.raises(ConfigurationError, match=r"other\.toml has no \[tool\.fastapi-codemods\]"):
            load(project, explicit)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ('selct = ["a"]', r"has no key 'selct'; did you mean 'select'\?"),
            ('target_fastapi = "0.110"', r"has no key 'target_fastapi'; did you mean 'target-fastapi'\?"),
            ("zzz = 1", "has no key 'zzz'$"),
            ('select = "a"', "select must be a list of strings"),
            ("exclude = [1]", "exclude must be a list of strings"),
            ('safety = "serial_safe"', r"safety must be one of .*; did you mean 'serial-safe'\?"),
            ('safety = "report"', "safety must be one of safe, serial-safe, contract, unsafe"),
            ("safety = 1", "safety must be one of"),
            ("target-fastapi = 0.11", "target-fastapi must be a version"),
            ('target-fastapi = ">=0.110"', "target-fastapi must be a version"),
            ('target-fastapi = ""', "target-fastapi must be a version"),
            ("jobs = 0", "jobs must be a whole number from 1"),
            ("jobs = true", "jobs must be a whole number from 1"),
            ('jobs = "2"', "jobs must be a whole number from 1"),
            ("jobs =", "is not valid TOML: .*line 2"),
        ],
    )
    def test_errors_name_file_and_key(self, project, text, message):
        (project / "pyproject.toml").write_text(TABLE + text + "\n")

        with pytest.raises(ConfigurationError, match=r"pyproject\.toml.*" + message):
            load(project)

    def test_must_be_utf8_and_a_table(self, project):
        (project / "pyproject.toml").write_bytes(TABLE.encode() + b'select = ["\xff"]')
        with pytest.raises(ConfigurationError, match="not valid TOML"):
            load(project)

        (project / "pyproject.toml").write_text("[tool]\nfastapi-codemods = 1\n")
        with pytest.raises(ConfigurationError, match="must be a table"):
            load(project)


class TestTheCommandLine:
    def test_wins_key_by_key(self):
        file = Settings(("a",), ("b",), Safety.UNSAFE, ("c",), "0.1", 1)

        assert merge(Settings(), file) == Options(("a",), ("b",), Safety.UNSAFE, ("c",), "0.1", 1)
        assert merge(Settings(select=("x",), safety=Safety.SAFE, jobs=2), file) == Options(
            ("x",), ("b",), Safety.SAFE, ("c",), "0.1", 2
        )

    def test_can_empty_what_the_file_says(self):
        assert merge(Settings(exclude=()), Settings(exclude=("a",))).exclude == ()

    def test_leaves_the_defaults_where_nobody_speaks(self):
        assert merge(Settings(), Settings()) == Options()

    def test_goes_option_by_option_for_codemods(self):
        command_line = Settings(codemods={"a": {"x": 1}, "b": {"y": 2}})
        file = Settings(codemods={"a": {"x": 3, "z": 4}})

        assert merge(command_line, file).codemods == {"a": {"x": 1, "z": 4}, "b": {"y": 2}}
