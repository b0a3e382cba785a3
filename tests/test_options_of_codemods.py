"""What a user can set of a single codemod."""

from types import MappingProxyType
from typing import NamedTuple

import pytest

from fastapi_codemods import registry
from fastapi_codemods.codemod import Codemod
from fastapi_codemods.errors import ConfigurationError
from fastapi_codemods.findings import Safety
from fastapi_codemods_cli.__main__ import run


class Options(NamedTuple):
    by: str = ""
    min_routes: int = 2
    group: tuple[str, ...] = ()
    add_tags: bool = False


class Splitting(Codemod):
    safety = Safety.SAFE
    options = Options()
    choices = MappingProxyType({"by": ("tag", "path")})

    @property
    def name(self):
        return "splitting"

    def find(self, project):  # noqa: ARG002
        yield from ()


def test_options_are_fields_with_hyphens():
    given = {"by": "tag", "min-routes": 3, "group": ("a=/b,/c",), "add-tags": True}

    configured = Splitting().configured(given, is_named=True)

    assert configured.options == Options("tag", 3, ("a=/b,/c",), True)
    assert configured.is_named
    assert Splitting().options == Options()
    assert not Splitting().is_named


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"min-route": 3}, "splitting has no option 'min-route'; did you mean 'min-routes'?"),
        ({"by": "tags"}, "option by of splitting must be one of tag, path; did you mean 'tag'?"),
        ({"min-routes": 0}, "option min-routes of splitting must be a whole number from 1"),
        ({"min-routes": True}, "option min-routes of splitting must be a whole number from 1"),
        ({"group": "a"}, "option group of splitting must be a list of strings"),
        ({"add-tags": "yes"}, "option add-tags of splitting must be true or false"),
        ({"by": ["tag"]}, "option by of splitting must be a string"),
    ],
)
def test_what_is_wrong_is_named(given, message):
    with pytest.raises(ConfigurationError) as error:
        Splitting().configured(given, is_named=False)

    assert message in str(error.value)


def test_a_codemod_without_options_has_none():
    with pytest.raises(ConfigurationError, match="depends-to-annotated has no option 'by'"):
        registry.select(["depends-to-annotated"], [], Safety.SAFE, {"depends-to-annotated": {"by": "tag"}})


def test_options_of_a_codemod_that_does_not_exist_are_an_error():
    with pytest.raises(ConfigurationError, match=r"no codemod 'depends-to-anotated' .* mean 'depends-to-annotated'"):
        registry.select([], [], Safety.SAFE, {"depends-to-anotated": {"by": "tag"}})


def test_an_option_of_a_codemod_that_is_not_selected_is_an_error(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    assert run(["check", "--select", "depends-to-annotated", "--min-routes", "3"]) == 2
    assert "--min-routes is an option of split-router, which is not selected" in capsys.readouterr().err
