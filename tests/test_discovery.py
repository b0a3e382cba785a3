"""Which files belong to a project."""

import os
import subprocess
from pathlib import Path

import pytest

from fastapi_codemods.errors import ConfigurationError, PathError
from fastapi_codemods.findings import Skipped
from fastapi_codemods.source import discover
from fastapi_codemods.source.discovery import is_test

DANGLING = "is a symbolic link to a file that does not exist"
LEADS_OUT = "is a symbolic link out of the project"


@pytest.fixture
def tree(tmp_path):
    """Makes files (empty, or with the given content) below a root, and gives the root."""
    root = Path(os.path.realpath(tmp_path)) / "root"
    root.mkdir()

    def make(*names, **contents):
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        for name, content in contents.items():
            (root / name.replace("__", "/").replace("_dot_", ".")).write_text(content)
        return root

    return make


def git(root, *words):
    subprocess.run(
        ["git", "-c", "protocol.file.allow=always", "-c", "user.name=a", "-c", "user.email=a@b.c", *words],
        cwd=root,
        check=True,
        capture_output=True,
        env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
    )


def repository(root):
    git(root, "init", "-q")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "a", "--allow-empty")
    return root


def paths(root, *exclude):
    return list(discover(root, exclude).paths)


SKIPPED = (
    ".venv/a.py",
    "venv/a.py",
    "app/node_modules/x/a.py",
    "app/_vendor/a.py",
    "vendor/a.py",
    "third_party/a.py",
    "__pycache__/a.py",
    ".tox/py/a.py",
    "backend/env/Lib/site-packages/a.py",
    "lib/python3.11/site-packages/a.py",
)


@pytest.fixture(params=["git", "no git"])
def listed(request, tree):
    """`discover`, with and without git."""

    def make(*names, **contents):
        root = tree(*names, **contents)
        return repository(root) if request.param == "git" else root

    return make


class TestBothWays:
    def test_finds_python_files_sorted(self, listed):
        root = listed("b.py", "a/z.py", "a/b/c.py", "a.py", "a.txt", "README.md", "a.pyi", "x.pyc", "é/ü.py", "a b.py")

        assert paths(root) == sorted(["b.py", "a/z.py", "a/b/c.py", "a.py", "é/ü.py", "a b.py"])
        assert discover(root) == discover(root)

    def test_leaves_out_what_others_wrote(self, listed):
        assert paths(listed("a.py", *SKIPPED)) == ["a.py"]

    def test_leaves_out_virtual_environments_of_any_name(self, listed):
        root = listed("a.py", "any/pyvenv.cfg", "any/lib/a.py", "deep/er/pyvenv.cfg", "deep/er/a.py", "deep/b.py")

        assert paths(root) == ["a.py", "deep/b.py"]

    def test_leaves_out_a_virtual_environment_of_windows(self, listed):
        root = listed(
            "a.py", "w/Lib/a.py", "w/Scripts/b.py", "w/Include/c.h", "w/pyvenv.cfg", "w/Lib/site-packages/d.py"
        )

        assert paths(root) == ["a.py"]

    def test_a_pyvenv_cfg_at_the_root_hides_nothing(self, listed):
        assert paths(listed("a.py", "pyvenv.cfg", "b/c.py")) == ["a.py", "b/c.py"]

    def test_excludes_by_patterns(self, listed):
        root = listed("a.py", "b/a.py", "b/c.py", "migrations/1.py", "x/migrations/2.py")

        assert paths(root, "a.py") == ["b/c.py", "migrations/1.py", "x/migrations/2.py"]
        assert paths(root, "/migrations/") == ["a.py", "b/a.py", "b/c.py", "x/migrations/2.py"]
        assert paths(root, "migrations/", "b/**", "!b/c.py") == ["a.py", "b/c.py"]

    @pytest.mark.skipif(os.name == "nt", reason="needs POSIX names")
    def test_takes_names_with_line_ends_and_bytes_that_are_no_text(self, listed):
        root = listed("a\nb.py", "\udcff.py", "'q\".py")

        assert paths(root) == sorted(["a\nb.py", "\udcff.py", "'q\".py"])

    def test_follows_no_links(self, tree, listed):
        root = tree("real/a.py", "b.py", "../outside/c.py")
        (root / "inside.py").symlink_to("b.py")
        (root / "outside.py").symlink_to("../outside/c.py")
        (root / "dangling.py").symlink_to("gone.py")
        (root / "turning.py").symlink_to("turning.py")
        (root / "linked").symlink_to("real", target_is_directory=True)
        (root / "out").symlink_to("../outside", target_is_directory=True)
        (root / "real/up").symlink_to("..", target_is_directory=True)
        listed()

        found = discover(root)

        assert found.paths == ("b.py", "real/a.py")
        assert found.skipped == (
            Skipped("dangling.py", DANGLING),
            Skipped("outside.py", LEADS_OUT),
            Skipped("turning.py", DANGLING),
        )

    def test_takes_no_folder_for_a_file(self, listed):
        assert paths(listed("x.py/y.py")) == ["x.py/y.py"]


class TestWithGit:
    def test_tracked_and_untracked_but_not_ignored_or_deleted(self, tree):
        root = repository(tree("tracked.py", "deleted.py", "ignored_but_tracked.py", "deep/staged.py"))
        tree("untracked.py", "ignored.py", "build/x.py", "deep/ignored.py", "new/.gitignore", "new/a.py", "new/b.py")
        (root / ".gitignore").write_text("/ignored.py\nbuild/\nignored_but_tracked.py\n")
        (root / "deep/.gitignore").write_text("ignored.py\n")
        (root / "new/.gitignore").write_text("*\n!b.py\n")
        (root / "deleted.py").unlink()

        assert paths(root) == ["deep/staged.py", "ignored_but_tracked.py", "new/b.py", "tracked.py", "untracked.py"]

    def test_a_folder_inside_a_repository_has_only_its_own(self, tree):
        root = repository(tree("a.py", "sub/b.py", "sub/.gitignore"))
        (root / ".gitignore").write_text("c.py\n")
        tree("sub/c.py", "sub/d.py")

        assert paths(root / "sub") == ["b.py", "d.py"]

    def test_submodules_are_other_projects(self, tree, tmp_path):
        other = tmp_path / "other"
        other.mkdir()
        (other / "x.py").touch()
        repository(other)
        root = repository(tree("a.py"))
        git(root, "submodule", "add", "-q", str(other), "sub")

        assert paths(root) == ["a.py"]
        assert paths(root / "sub") == ["x.py"]

    def test_a_file_in_conflict_is_listed_once(self, tree):
        root = repository(tree("a.py"))
        git(root, "checkout", "-qb", "other")
        (root / "a.py").write_text("x = 1\n")
        git(root, "commit", "-qam", "b")
        git(root, "checkout", "-q", "-")
        (root / "a.py").write_text("x = 2\n")
        git(root, "commit", "-qam", "c")
        subprocess.run(["git", "merge", "other"], cwd=root, capture_output=True, check=False)

        assert paths(root) == ["a.py"]

    def test_a_broken_repository_is_walked(self, tree):
        root = tree("a.py", ".git/HEAD", ".gitignore", "b.py")
        (root / ".gitignore").write_text("b.py\n")

        assert paths(root) == ["a.py"]

    def test_nothing_that_a_repository_configures_is_run(self, tree):
        root = repository(tree("a.py"))
        script = root.parent / "run.sh"
        script.write_text(f"#!/bin/sh\ntouch {root.parent}/ran\n")
        script.chmod(0o755)
        git(root, "config", "core.fsmonitor", str(script))

        assert paths(root) == ["a.py"]
        assert not (root.parent / "ran").exists()


class TestWithoutGit:
    def test_ignore_files_count_nested_and_negated(self, tree):
        root = tree("a.py", "b.py", "c/b.py", "c/d.py", "c/e.py", "c/f/g.py", "build/x.py", "c/build/x.py", "keep/a.py")
        (root / ".gitignore").write_text("b.py\n/build/\n*.log\n")
        (root / "c/.gitignore").write_text("/d.py\n!/b.py\n")
        (root / "c/f/.ignore").write_text("*\n")

        assert paths(root) == ["a.py", "c/b.py", "c/build/x.py", "c/e.py", "keep/a.py"]

    def test_an_ignored_folder_is_not_entered(self, tree):
        root = tree("a/b.py", "a/c.py")
        (root / ".ignore").write_text("a/\n!a/b.py\n")

        assert paths(root) == []

    def test_an_ignore_file_that_makes_no_sense_ignores_nothing(self, tree):
        root = tree("a.py", "b/a.py", "c/a.py", "d.py", "b/.gitignore/x")
        (root / ".gitignore").write_text("[a\n\\\n!\n/d.py\n")
        (root / "c/.ignore").symlink_to("gone")

        assert paths(root) == ["a.py", "b/a.py", "c/a.py"]

    def test_a_folder_that_cannot_be_read_is_named(self, tree, monkeypatch):
        root = tree("a.py", "secret/b.py")
        really = os.scandir

        def refusing(folder):
            if os.fspath(folder).endswith("secret"):
                raise PermissionError(13, "Permission denied")
            return really(folder)

        monkeypatch.setattr(os, "scandir", refusing)
        found = discover(root)

        assert found.paths == ("a.py",)
        assert found.skipped == (Skipped("secret/", "cannot be read: Permission denied"),)


def test_a_pattern_to_exclude_must_be_one(tree):
    with pytest.raises(ConfigurationError, match=r"exclude: '!' is no pattern in the syntax of \.gitignore"):
        discover(tree("a.py"), ["b", "!"])


def test_a_root_must_be_a_folder(tree):
    root = tree("a.py")

    with pytest.raises(PathError, match=r"a\.py is not a folder"):
        discover(root / "a.py")


@pytest.mark.parametrize("path", ["tests/a.py", "a/test/b.py", "test_a.py", "a/b_test.py", "conftest.py", "a/tests.py"])
def test_tests_are_known_by_their_path(path):
    assert is_test(path)
    assert not is_test("latest/contest.py")


def test_other_files_are_found_by_the_same_rules(tmp_path):
    for name in ("Dockerfile", "app.py", "deploy/Procfile", "node_modules/Dockerfile", "build/Dockerfile"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / ".gitignore").write_text("build/\n")

    found = discover(tmp_path, is_wanted=lambda name: name in ("Dockerfile", "Procfile"))

    assert found.paths == ("Dockerfile", "deploy/Procfile")
