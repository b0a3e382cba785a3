"""What one class configures."""

from __future__ import annotations

import ast

from ..reader import dotted
from .definitions import Names
from .literals import text_of
from .written import Written


def own_config(written: Written, names: Names) -> tuple[dict[str, str], bool]:
    """What one class configures: `model_config`, a class `Config`, then the keywords of the class."""
    options: dict[str, str] = {}
    certain = True
    if written.config is not None:
        options.update({i.name: ast.unparse(i.value) for i in written.config if i.value is not None})
        certain = all(_is_plain(i.name, i.value) for i in written.config if i.value is not None)
        # `class Config(Base.Config)` repeats what is inherited anyway.
        inherited = {dotted(base) for base in written.bases}
        certain = certain and all(
            dotted(base).rpartition(".")[0] in inherited or names.meaning(base) == "pydantic.BaseConfig"
            for base in written.config_bases
        )
    for item in written.items:
        if item.name == "model_config" and item.value is not None:
            own, is_certain = options_of(item.value, names)
            options.update(own)
            certain = certain and is_certain
    given = {k.arg: k.value for k in written.keywords if k.arg and k.arg not in _NO_OPTIONS}
    options.update({name: ast.unparse(value) for name, value in given.items()})
    certain = certain and all(_is_plain(name, value) for name, value in given.items())
    return options, certain and all(keyword.arg for keyword in written.keywords)


_NO_OPTIONS = ("metaclass", "table", "registry")
_MAKERS = (
    "builtins.dict", "pydantic.ConfigDict", "pydantic.SettingsConfigDict", "sqlmodel.SQLModelConfig",
)  # fmt: skip
_ASKED_FOR = frozenset(
    {
        "allow_mutation", "allow_population_by_field_name", "extra", "from_attributes", "frozen", "kw_only", "orm_mode",
        "populate_by_name", "validate_by_alias", "validate_by_name",
    }
)  # fmt: skip
"""Options whose values matter here; a name says nothing of them."""


def options_of(node: ast.expr, names: Names) -> tuple[dict[str, str], bool]:
    """The options in `ConfigDict(...)` or a dictionary, and whether these are all."""
    match node:
        case ast.Call(args=[], keywords=keywords) if names.meaning(node.func) in _MAKERS:
            given = {keyword.arg: keyword.value for keyword in keywords if keyword.arg}
            is_whole = len(given) == len(keywords)
        case ast.Dict(keys=keys, values=values):
            texts = {text_of(key): value for key, value in zip(keys, values, strict=True)}
            given = {key: value for key, value in texts.items() if key}
            is_whole = None not in texts
        case _:
            return {}, False
    is_plain = all(_is_plain(name, value) for name, value in given.items())
    return {name: ast.unparse(value) for name, value in given.items()}, is_whole and is_plain


def _is_plain(name: str, value: ast.expr) -> bool:
    """Whether the source says the value: a constant, or `Extra.forbid`."""
    is_member = dotted(value).rpartition(".")[0].endswith("Extra")
    return name not in _ASKED_FOR or isinstance(value, ast.Constant) or is_member
