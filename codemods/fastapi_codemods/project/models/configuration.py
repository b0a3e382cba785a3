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
        # `class Config(Base.Config)` repeats what is inherited anyway.
        inherited = {dotted(base) for base in written.bases}
        certain = all(
            dotted(base).rpartition(".")[0] in inherited or names.meaning(base) == "pydantic.BaseConfig"
            for base in written.config_bases
        )
    for item in written.items:
        if item.name == "model_config" and item.value is not None:
            own, is_certain = options_of(item.value)
            options.update(own)
            certain = certain and is_certain
    options.update({k.arg: ast.unparse(k.value) for k in written.keywords if k.arg and k.arg not in _NO_OPTIONS})
    return options, certain and all(keyword.arg for keyword in written.keywords)


_NO_OPTIONS = ("metaclass", "table", "registry")


def options_of(node: ast.expr) -> tuple[dict[str, str], bool]:
    """The options in `ConfigDict(...)` or a dictionary, and whether these are all."""
    match node:
        case ast.Call(args=[], keywords=keywords):
            options = {keyword.arg: ast.unparse(keyword.value) for keyword in keywords if keyword.arg}
            return options, len(options) == len(keywords)
        case ast.Dict(keys=keys, values=values):
            texts = [(text_of(key), ast.unparse(value)) for key, value in zip(keys, values, strict=True)]
            return {key: value for key, value in texts if key}, all(key for key, _ in texts)
        case _:
            return {}, False
