"""Validators are those of Pydantic 2.

`@validator("name", pre=True)` becomes `@field_validator("name", mode="before")` with `@classmethod` below it, the
`values` that it takes become `info.data`, and `@root_validator(pre=True)` becomes `@model_validator(mode="before")`.

## Why

Pydantic 2 runs the old decorators in a layer of their own, warns of them, and will drop them. What it can no longer do,
`each_item`, `config` or `field`, fails when the module is imported.

## Left alone

- Projects that support Pydantic 1.
- `always=True`, which has to become `validate_default` of the fields, and `each_item=True`, which has to become the
  type of the items.
- `@root_validator` that runs afterwards: the new one gets the object instead of a dict.
- Validators that take `field` or `config`, or `**kwargs`; that use `values` otherwise than by reading it; that stand
  below another decorator; and `validator(...)(function)` without a function of its own.

## Safety

Safe: with Pydantic 2, both are the same step of validation.

See <https://docs.pydantic.dev/latest/migration/#changes-to-validators> and
<https://fastapi.tiangolo.com/how-to/migrate-from-pydantic-v1-to-pydantic-v2/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.lines import quote_of
from ...findings import Finding, Safety
from ...project import Module, Project, Span, Symbol
from ...project.models import required_pydantic
from ...project.named_calls import Place, nodes_in
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.reader import dotted
from ...project.words import modules_with
from ...source.nodes import walk

_DECORATOR = re.compile(r"\b(?:root_)?validator\b")
_DECORATOR_BYTES = re.compile(_DECORATOR.pattern.encode())
_IMPORTS = (b"pydantic",)
_VALIDATORS = frozenset({"pydantic.validator", "pydantic.class_validators.validator"})
_ROOT_VALIDATORS = frozenset({"pydantic.root_validator", "pydantic.class_validators.root_validator"})
_NEEDED = ("pydantic.field_validator", "pydantic.model_validator", "pydantic.ValidationInfo")
_READ = frozenset({"copy", "get", "items", "keys", "values"})

TextEdit = tuple[Span, str]


class _Subject(NamedTuple):
    module: Module
    callee: Span
    """Of the decorator's name."""
    new: str
    """Dotted name of what it becomes."""
    edits: tuple[TextEdit, ...]
    info: tuple[Span, str] | None
    """The parameter `values` and what is written instead, `{ValidationInfo}` in it."""
    old: str
    """The first name of the old decorator as it was written."""


class PydanticV1Validators(Codemod):
    safety = Safety.SAFE
    since = (0, 100)

    def find(self, project: Project) -> Iterator[Finding]:
        modules = list(modules_with(project, _DECORATOR_BYTES, _IMPORTS))
        if not modules or required_pydantic(project) == 1:
            return
        for place in nodes_in(modules, _DECORATOR):
            if isinstance(place.node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in place.node.decorator_list:
                    yield from self._of_decorator(project, place, place.node, decorator)
            elif isinstance(place.node, ast.Call) and isinstance(place.node.func, ast.Call):
                called = place.node.func
                if _meant(project, place, called) is not None:
                    yield self._finding(place, called, "", "it is called instead of standing above a function")

    def _of_decorator(
        self,
        project: Project,
        place: Place,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        decorator: ast.expr,
    ) -> Iterator[Finding]:
        symbol = _meant(project, place, decorator)
        if symbol is not None:
            subject = _subject(project, place, function, decorator, is_root=symbol.name in _ROOT_VALIDATORS)
            yield self._finding(place, decorator, function.name, subject)

    def _finding(self, place: Place, node: ast.expr, function: str, subject: _Subject | str) -> Finding:
        name = dotted(node.func if isinstance(node, ast.Call) else node)
        new = "model_validator" if name.endswith("root_validator") else "field_validator"
        around = place.around
        return self.finding(
            place.location(node),
            f"`{name}` is `{new}` in Pydantic 2",
            anchor=".".join(filter(None, (around, function, name))),
            left_alone=subject if isinstance(subject, str) else None,
            subject=None if isinstance(subject, str) else subject,
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            module = subject.module
            edits.replace(module, subject.callee, edits.name(module, subject.new, finding), finding)
            for span, text in subject.edits:
                edits.replace(module, span, text, finding)
            if subject.info is not None:
                span, text = subject.info
                annotation = edits.name(module, "pydantic.ValidationInfo", finding)
                edits.replace(module, span, text.replace("{ValidationInfo}", annotation), finding)
            edits.drop_import(module, subject.old, finding)


def _meant(project: Project, place: Place, node: ast.expr) -> Symbol | None:
    """Pydantic's old decorator, if that is what an expression calls or names."""
    name = dotted(node.func if isinstance(node, ast.Call) else node)
    symbol = project.resolve(place.module, name, place.scopes) if name else None
    is_old = symbol is not None and symbol.path is None and symbol.name in _VALIDATORS | _ROOT_VALIDATORS
    return symbol if is_old else None


def _subject(
    project: Project,
    place: Place,
    function: ast.FunctionDef | ast.AsyncFunctionDef,
    decorator: ast.expr,
    *,
    is_root: bool,
) -> _Subject | str:
    module, positions = place.module, place.positions
    if reason := reason_against_pydantic_2(project):
        return reason
    if not place.scopes or place.scopes[-1].kind != "class":
        return "it stands in no class"
    if any(reachable_as(module, name) is None for name in _NEEDED):
        return "one of the names of Pydantic 2 means something else here"
    if not isinstance(decorator, ast.Call):
        return "it is not called"
    others = [other for other in function.decorator_list if other is not decorator]
    is_classmethod = [dotted(other) for other in others] == ["classmethod"]
    if others and not is_classmethod:
        return "the function has another decorator"
    arguments = _arguments(module, place, decorator, is_root=is_root)
    if isinstance(arguments, str):
        return arguments
    edits = [arguments] if arguments is not None else []
    parameters = _parameters(place, function, is_root=is_root)
    if isinstance(parameters, str):
        return parameters
    renamed, info = parameters
    edits += renamed
    if not is_classmethod:
        end = positions.span(decorator).end
        line = module.text.rfind("\n", 0, positions.span(decorator).start) + 1
        margin = re.match(r"[ \t]*", module.text[line:])
        rest = re.match(r"[^\r\n]*", module.text[end:])
        assert margin is not None
        assert rest is not None
        below = end + rest.end()
        edits.append((Span(below, below), f"{module.source.newline}{margin.group()}@classmethod"))
    name = dotted(decorator.func)
    new = "pydantic.model_validator" if is_root else "pydantic.field_validator"
    return _Subject(module, positions.span(decorator.func), new, tuple(edits), info, name.partition(".")[0])


def _arguments(module: Module, place: Place, decorator: ast.Call, *, is_root: bool) -> TextEdit | str | None:
    """The text from the first keyword on, written anew; a text where that cannot be."""
    quote = quote_of(module)
    known = {keyword.arg: keyword.value for keyword in decorator.keywords}
    if None in known or any(isinstance(argument, ast.Starred) for argument in decorator.args):
        return "it gets unpacked arguments"
    if is_root and (decorator.args or not _is_true(known.get("pre"))):
        return "a root validator that runs afterwards gets a dict, the new one an object"
    for name in ("always", "each_item"):
        if name in known and not _is_false(known[name]):
            return f"`{name}` has to be written at the field"
    if "pre" in known and not (_is_true(known["pre"]) or _is_false(known["pre"])):
        return "`pre` is computed"
    kept = []
    if _is_true(known.get("pre")):
        kept.append(f"mode={quote}before{quote}")
    if "check_fields" in known:
        kept.append(f"check_fields={module.code(place.positions.span(known['check_fields']))}")
    end = place.positions.span(decorator).end - 1
    if decorator.args:
        start = place.positions.span(decorator.args[-1]).end
        text = "".join(f", {argument}" for argument in kept)
    else:
        start = place.positions.span(decorator.func).end + 1
        text = ", ".join(kept)
    old = module.text[start:end]
    if not known:
        return None
    if "#" in old:
        return "a comment stands among its arguments"
    trailing = re.search(r",?\s*$", old)
    return Span(start, end), text + (trailing.group() if trailing is not None and "\n" in old else "")


def _is_true(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def _parameters(
    place: Place, function: ast.FunctionDef | ast.AsyncFunctionDef, *, is_root: bool
) -> tuple[list[TextEdit], TextEdit | None] | str:
    """The edits for a validator that takes `values`; a text where it takes what there is no more."""
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.posonlyargs or arguments.kwonlyargs:
        return "it takes other than plain parameters"
    _, *taken = arguments.args
    if arguments.defaults:
        return "its parameters have defaults"
    if not taken:
        return "it takes no value"
    if is_root:
        return ([], None) if len(taken) == 1 else "it takes more than the values"
    others = [argument.arg for argument in taken[1:]]
    if not others:
        return [], None
    if others != ["values"]:
        gone = next((name for name in others if name != "values"), "values")
        return f"it takes `{gone}`, which Pydantic 2 does not give"
    edits: list[TextEdit] = []
    reads = {id(node.value) for node in walk(function) if isinstance(node, ast.Attribute) and node.attr in _READ}
    reads |= {
        id(node.value) for node in walk(function) if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
    }
    reads |= {
        id(part)
        for node in walk(function)
        if isinstance(node, ast.Compare) and all(isinstance(op, ast.In | ast.NotIn) for op in node.ops)
        for part in node.comparators
    }
    for node in walk(function):
        if isinstance(node, ast.Name) and node.id == "info":
            return "it has an `info` of its own"
        if isinstance(node, ast.Name) and node.id == "values":
            if id(node) not in reads:
                return f"line {place.positions.line(node.lineno)} does more with `values` than to read it"
            edits.append((place.positions.span(node), "info.data"))
        if isinstance(node, ast.FunctionDef | ast.Lambda) and node is not function and _takes(node, "values"):
            return "a function in it has `values` of its own"
    argument = taken[1]
    start = place.positions.offset(argument.lineno, argument.col_offset)
    end = place.positions.offset(argument.end_lineno or argument.lineno, argument.end_col_offset or 0)
    is_annotated = taken[0].annotation is not None or argument.annotation is not None or function.returns is not None
    return edits, (Span(start, end), "info: {ValidationInfo}" if is_annotated else "info")


def _takes(function: ast.FunctionDef | ast.Lambda, name: str) -> bool:
    return any(isinstance(node, ast.arg) and node.arg == name for node in walk(function.args))
