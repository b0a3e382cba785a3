"""Syntax and names of the standard library that the oldest Python of the project does not have.

`ast.parse` refuses some newer syntax when it is told a version; the list here is what it lets pass
(https://docs.python.org/3/library/ast.html#ast.parse: "best-effort").
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections.abc import Iterator

from ...project.versions import Release

# https://docs.python.org/3/library/, "New in version"; only what a change to an application is likely to bring.
_NEWER_NAMES: dict[str, Release] = {
    "asyncio.Runner": (3, 11),
    "asyncio.TaskGroup": (3, 11),
    "asyncio.timeout": (3, 11),
    "asyncio.to_thread": (3, 9),
    "contextlib.aclosing": (3, 10),
    "contextlib.chdir": (3, 11),
    "datetime.UTC": (3, 11),
    "enum.ReprEnum": (3, 11),
    "enum.StrEnum": (3, 11),
    "functools.cache": (3, 9),
    "graphlib": (3, 9),
    "http.HTTPMethod": (3, 11),
    "itertools.batched": (3, 12),
    "itertools.pairwise": (3, 10),
    "tomllib": (3, 11),
    "types.NoneType": (3, 10),
    "types.UnionType": (3, 10),
    "typing.Annotated": (3, 9),
    "typing.Concatenate": (3, 10),
    "typing.LiteralString": (3, 11),
    "typing.Never": (3, 11),
    "typing.NotRequired": (3, 11),
    "typing.ParamSpec": (3, 10),
    "typing.ReadOnly": (3, 13),
    "typing.Required": (3, 11),
    "typing.Self": (3, 11),
    "typing.TypeAlias": (3, 10),
    "typing.TypeAliasType": (3, 12),
    "typing.TypeGuard": (3, 10),
    "typing.TypeIs": (3, 13),
    "typing.TypeVarTuple": (3, 11),
    "typing.Unpack": (3, 11),
    "typing.assert_never": (3, 11),
    "typing.override": (3, 12),
    "warnings.deprecated": (3, 13),
    "zoneinfo": (3, 9),
}
_NEWER_BUILTINS: dict[str, Release] = {
    "BaseExceptionGroup": (3, 11),
    "ExceptionGroup": (3, 11),
    "aiter": (3, 10),
    "anext": (3, 10),
}
_GENERIC_SINCE_3_9 = frozenset({"dict", "frozenset", "list", "set", "tuple", "type"})


def newer_than(bound: Release, text: str, tree: ast.Module) -> Iterator[tuple[str, Release, int]]:
    """What a module needs that Python `bound` has not: what, since when, line. `tree` is that of `text`."""
    if bound >= sys.version_info[:2] and bound >= max(_NEWER_NAMES.values()):
        return
    yield from _newer_syntax(bound, text)
    if sys.version_info >= (3, 12) and bound < (3, 12):
        yield from (("an f-string with quotes, a backslash or a comment", (3, 12), line) for line in _f_strings(text))
    for what, since, line in _newer_nodes(tree):
        if bound < since:
            yield what, since, line


def _newer_syntax(bound: Release, text: str) -> Iterator[tuple[str, Release, int]]:
    version = bound[0], bound[1] if len(bound) > 1 else 0
    if not (3, 7) <= version < sys.version_info[:2]:
        return
    try:
        ast.parse(text, feature_version=version)
    except SyntaxError as error:
        # "Pattern matching is only supported in Python 3.10 and greater"
        words = error.msg.split(" Python ")[-1].split()
        since = tuple(int(part) for part in words[0].split(".")) if words and words[0][:1].isdigit() else bound
        if since > bound:
            yield error.msg.partition(" is only ")[0].partition(" are only ")[0].lower(), since, error.lineno or 0


def _newer_nodes(tree: ast.Module) -> Iterator[tuple[str, Release, int]]:
    imported = dict(_imported(tree))
    postponed = any(target == "__future__.annotations" for target in imported.values())
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), level=0):
                for alias in node.names:
                    if since := _NEWER_NAMES.get(f"{module}.{alias.name}", _NEWER_NAMES.get(module)):
                        yield f"`{module}.{alias.name}`", since, node.lineno
            case ast.Import():
                for alias in node.names:
                    if since := _NEWER_NAMES.get(alias.name):
                        yield f"`{alias.name}`", since, node.lineno
            case ast.Attribute(value=ast.Name(id=head), attr=attr):
                name = f"{imported.get(head, '')}.{attr}"
                if since := _NEWER_NAMES.get(name):
                    yield f"`{name}`", since, node.lineno
            case ast.Name(id=name, ctx=ast.Load()) if name in _NEWER_BUILTINS and name not in imported:
                yield f"`{name}`", _NEWER_BUILTINS[name], node.lineno
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _newer_annotations(_annotations_of(node), node, postponed=postponed)
            case ast.AnnAssign(annotation=annotation):
                yield from _newer_annotations([annotation], None, postponed=postponed)
            case _:
                continue


def _annotations_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.expr]:
    arguments = node.args
    each = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
    return [part for part in [*(a.annotation for a in each if a is not None), node.returns] if part is not None]


def _newer_annotations(
    annotations: list[ast.expr], function: ast.FunctionDef | ast.AsyncFunctionDef | None, *, postponed: bool
) -> Iterator[tuple[str, Release, int]]:
    """`int | None` and `list[int]` where they are evaluated: always by FastAPI and Pydantic, even if postponed."""
    if postponed and function is not None and not function.decorator_list:
        return
    for annotation in annotations:
        for node in ast.walk(annotation):
            match node:
                case ast.BinOp(op=ast.BitOr()):
                    yield "`X | Y` as a type", (3, 10), node.lineno
                case ast.Subscript(value=ast.Name(id=name)) if name in _GENERIC_SINCE_3_9:
                    yield f"`{name}[...]` as a type", (3, 9), node.lineno
                case _:
                    continue


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in tree.body:
        match node:
            case ast.Import():
                for alias in node.names:
                    yield alias.asname or alias.name.partition(".")[0], alias.name
            case ast.ImportFrom(module=str(module)):
                for alias in node.names:
                    yield alias.asname or alias.name, f"{module}.{alias.name}"
            case _:
                continue


def _f_strings(text: str) -> Iterator[int]:
    """Lines with an f-string that Python could not read before 3.12: its own quotes, a backslash or a comment within
    a replacement field."""
    start, end = getattr(tokenize, "FSTRING_START", None), getattr(tokenize, "FSTRING_END", None)
    middle = getattr(tokenize, "FSTRING_MIDDLE", None)
    quotes: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == start:
                quote = token.string.lstrip("rRfFbBuU")
                if quote in quotes:
                    yield token.start[0]
                quotes.append(quote)
            elif token.type == end:
                quotes.pop()
            elif quotes and token.type != middle:
                has_quote = token.type == tokenize.STRING and any(quote[0] == token.string[-1] for quote in quotes)
                if (
                    has_quote
                    or token.type == tokenize.COMMENT
                    or (token.type == tokenize.STRING and "\\" in token.string)
                ):
                    yield token.start[0]
    except (tokenize.TokenError, SyntaxError):
        return
