"""Models are configured by `model_config`, as in Pydantic 2.

`class Config:` with `extra = "forbid"` in a model becomes `model_config = ConfigDict(extra="forbid")`, in settings
`SettingsConfigDict`, comments kept; `Extra.forbid` becomes `"forbid"`.

## Why

Pydantic 2 warns of `class Config` and will drop it. Worse, it only warns of keys that it renamed, such as `orm_mode`,
and ignores them: what the class says is not what happens.

## Left alone

- Projects that support Pydantic 1.
- A `Config` with bases, methods or anything but assignments, with keys that Pydantic 2 took away, and one that other
  code names.
- Models of SQLModel, and classes of which it is not certain that they are models.
- A `Config` with keys that were renamed (`orm_mode`, `schema_extra`, `allow_population_by_field_name` ...): as these
  are ignored today, the new name changes what the model does. Select the codemod by name to have them written anew;
  `fastapi-codemods upgrade` does.

## Safety

Safe: Pydantic makes the same configuration of both. With renamed keys it is a contract: the model does what it says.

See <https://docs.pydantic.dev/latest/migration/#changes-to-config> and
<https://fastapi.tiangolo.com/how-to/migrate-from-pydantic-v1-to-pydantic-v2/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.lines import has_comment, quote_of
from ...findings import Finding, Safety
from ...project import Module, Project, Span, Symbol
from ...project.models import model, required_pydantic
from ...project.named_calls import Place, nodes_in
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.words import modules_with
from ...source.nodes import walk

_CLASS = re.compile(r"^[ \t]+class[ \t]+Config\b", re.MULTILINE)
_CLASS_BYTES = re.compile(_CLASS.pattern.encode(), re.MULTILINE)
_NAMED = re.compile(rb"\b(\w+)\.Config\b")

# Source: https://docs.pydantic.dev/latest/migration/#changes-to-config
_RENAMED = {
    "allow_population_by_field_name": "populate_by_name",
    "anystr_lower": "str_to_lower",
    "anystr_strip_whitespace": "str_strip_whitespace",
    "anystr_upper": "str_to_upper",
    "keep_untouched": "ignored_types",
    "max_anystr_length": "str_max_length",
    "min_anystr_length": "str_min_length",
    "orm_mode": "from_attributes",
    "schema_extra": "json_schema_extra",
    "validate_all": "validate_default",
}
_ALLOW_MUTATION = "allow_mutation"
_GONE = frozenset(
    {
        "copy_on_model_validation", "error_msg_templates", "fields", "getter_dict", "json_dumps", "json_loads",
        "post_init_call", "smart_union", "underscore_attrs_are_private",
    }
)  # fmt: skip
_EXTRA = re.compile(r"(?:[\w.]*\.)?Extra\.(allow|forbid|ignore)")


class _Subject(NamedTuple):
    module: Module
    edits: tuple[tuple[Span, str], ...]
    maker: str
    """Dotted name of `ConfigDict`."""
    header: Span
    """`class Config:`, without what follows on the line."""
    end: int
    """Where the closing bracket goes."""
    closing: str
    drops_extra: bool


class PydanticV1Config(Codemod):
    safety = Safety.SAFE
    since = (0, 100)

    def find(self, project: Project) -> Iterator[Finding]:
        modules = list(modules_with(project, _CLASS_BYTES))
        if not modules or required_pydantic(project) == 1:
            return
        for place in nodes_in(modules, _CLASS):
            if not isinstance(place.node, ast.ClassDef) or place.node.name == "Config":
                continue
            config = next((n for n in place.node.body if isinstance(n, ast.ClassDef) and n.name == "Config"), None)
            if config is None:
                continue
            name = ".".join((*(scope.name for scope in place.scopes), place.node.name))
            owner = model(project, Symbol(place.module.path, name))
            if owner is None or not owner.is_pydantic:
                continue
            keys = [_key(statement) for statement in config.body]
            renamed = [key for key in keys if key in _RENAMED or key == _ALLOW_MUTATION]
            subject = _subject(project, place, place.node, config, owner.kind)
            if isinstance(subject, _Subject) and renamed and not self.is_named:
                subject = (
                    f"Pydantic 2 ignores `{renamed[0]}` today: select this codemod by name to have it do something"
                )
            line = place.positions.line(config.lineno)
            finding = self.finding(
                place.module.location(line, place.positions.column(config.lineno, config.col_offset), line),
                f"`{place.node.name}` is configured by `class Config`",
                anchor=f"{name}.Config",
                left_alone=subject if isinstance(subject, str) else None,
                subject=None if isinstance(subject, str) else subject,
            )
            yield finding._replace(safety=Safety.CONTRACT) if renamed and self.is_named else finding

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            module = subject.module
            maker = edits.name(module, subject.maker, finding)
            edits.replace(module, subject.header, f"model_config = {maker}(", finding)
            for span, text in subject.edits:
                edits.replace(module, span, text, finding)
            edits.insert(module, subject.end, subject.closing, finding)
            if subject.drops_extra:
                edits.drop_import(module, "Extra", finding)


def _key(statement: ast.stmt) -> str | None:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return name
    return None


def _subject(project: Project, place: Place, owner: ast.ClassDef, config: ast.ClassDef, kind: str) -> _Subject | str:
    module, positions = place.module, place.positions
    if reason := reason_against_pydantic_2(project):
        return reason
    if kind == "sqlmodel":
        return "SQLModel has its own configuration"
    if config.bases or config.keywords or config.decorator_list:
        return "its `Config` has bases or decorators"
    if any(_key(n) == "model_config" for n in owner.body):
        return "it has a `model_config` too"
    if any(owner.name == found.decode() for path in _named(project) for found in _NAMED.findall(project.data(path))):
        return f"other code names `{owner.name}.Config`"
    maker = "pydantic_settings.SettingsConfigDict" if kind == "settings" else "pydantic.ConfigDict"
    if reachable_as(module, maker) is None:
        return f"the name `{maker.rpartition('.')[2]}` means something else here"
    body = [s for s in config.body if not isinstance(s, ast.Pass)]
    if not body:
        return "its `Config` is empty"
    edits: list[tuple[Span, str]] = []
    drops_extra = False
    for statement in body:
        key = _key(statement)
        if key is None or (key in _GONE):
            return f"`{key}` is gone in Pydantic 2" if key else "its `Config` holds more than assignments"
        assert isinstance(statement, ast.Assign | ast.AnnAssign)
        assert statement.value is not None
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        value = positions.span(statement.value)
        name, given = _RENAMED.get(key, key), ""
        if key == _ALLOW_MUTATION:
            if not isinstance(statement.value, ast.Constant):
                return f"the value of `{key}` is computed"
            name, given = "frozen", repr(not statement.value.value)
        elif found := _EXTRA.fullmatch(module.code(value)):
            quote = quote_of(module)
            given, drops_extra = f"{quote}{found[1]}{quote}", True
        elif any(isinstance(part, ast.Name) and part.id in _names(body) for part in walk(statement.value)):
            return f"`{key}` is made of other keys"
        between = Span(positions.span(target).start, value.start)
        opened = module.code(between).partition("=")[2].strip()
        if has_comment(module.code(between)) or opened.strip("("):
            return f"a comment stands in the assignment of `{key}`"
        edits.append((between, f"{name}={opened}"))
        if given:
            edits.append((value, given))
        end = positions.offset(statement.end_lineno or statement.lineno, statement.end_col_offset or 0)
        if module.text[end : end + 1] == ";" or positions.line(statement.lineno) == positions.line(config.lineno):
            return "its `Config` is written on one line"
        edits.append((Span(end, end), ","))
    last = body[-1]
    end = positions.offset(last.end_lineno or last.lineno, last.end_col_offset or 0)
    header = positions.offset(config.lineno, config.col_offset)
    colon = module.text.index(":", header)
    line_start = module.text.rfind("\n", 0, header) + 1
    margin = module.text[line_start:header]
    line_end = re.compile(r"[^\r\n]*").match(module.text, end)
    assert line_end is not None
    first = positions.offset(body[0].lineno, body[0].col_offset)
    whole = module.text[colon + 1 : line_end.end()]
    if (
        len(body) == 1
        and not has_comment(f"({whole})")
        and not _docstring(config)
        and "\n" not in module.code(Span(first, end))
    ):
        # One key stands beside its brackets.
        edits = [(Span(colon + 1, first), ""), *edits[:-1]]
        return _Subject(module, tuple(edits), maker, Span(header, colon + 1), end, ")", drops_extra)
    closing = f"{module.source.newline}{margin})"
    return _Subject(module, tuple(edits), maker, Span(header, colon + 1), line_end.end(), closing, drops_extra)


def _names(body: Sequence[ast.stmt]) -> set[str | None]:
    return {_key(statement) for statement in body}


def _docstring(config: ast.ClassDef) -> bool:
    return isinstance(config.body[0], ast.Expr)


def _named(project: Project) -> tuple[str, ...]:
    """The files that name the `Config` of a class."""

    def read() -> tuple[str, ...]:
        found = []
        for path in project.paths:
            try:
                if b".Config" in project.data(path):
                    found.append(path)
            except OSError:
                continue
        return tuple(found)

    return project.remembered("files that name a Config", read)
