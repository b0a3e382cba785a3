"""Models are asked by the names of Pydantic 2: `item.model_dump()`, not `item.dict()`.

| Pydantic 1 | Pydantic 2 |
|---|---|
| `dict`, `json`, `copy` | `model_dump`, `model_dump_json`, `model_copy` |
| `parse_obj`, `from_orm`, `validate` | `model_validate` |
| `construct`, `schema` | `model_construct`, `model_json_schema` |
| `update_forward_refs()` | `model_rebuild(force=True)` |
| `__fields__` of a class, `__fields_set__` | `model_fields`, `model_fields_set` |

## Why

Pydantic 2 still has the old names, warns about each use, and will drop them in version 3.

## Left alone

- Whatever is not proven to be a model of Pydantic 2, by an annotation, a constructor or what a function returns, is no
  finding: dictionaries, responses, data frames and classes of the project have methods of these names, too.
- Projects that also run with Pydantic 1.
- Arguments that Pydantic 2 has no more (`json(indent=2)`, `copy(exclude=...)`), unpacked ones, and both `update` and
  `deep`, which also copied what was updated.
- `parse_raw`, `parse_file` and `schema_json`, which nothing replaces one to one: `model_validate_json` validates as
  JSON, where a date may be text even in strict mode.
- `from_orm` of a model without `from_attributes`, which fails.
- Models, and models with subclasses, that define one of the two methods themselves, and models that serialise by alias
  or that have bases from elsewhere.
- Copies of models that keep extra fields, and copies and `construct` of SQLModel's classes.

## Safety

Safe: the old methods of Pydantic 2 do nothing but to warn and to call the new ones. `json` writes no spaces since
Pydantic 2, with either name.

See <https://fastapi.tiangolo.com/how-to/migrate-from-pydantic-v1-to-pydantic-v2/>.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...findings import Finding, Safety
from ...project import Module, Project, Span, Symbol
from ...project.models import Model, model, required_pydantic
from ...project.pydantic_support import reason_against_pydantic_2
from ...project.reader import Positions, bound_by, dotted, statements_within
from ...project.shapes import shapes_of
from ...project.types import Frame, FunctionNode, Types, Value
from ...project.words import modules_with, statements_with
from ...source import UnreadableSourceError
from ...source.nodes import children, walk
from ...source.statements import line_starts

_NEW = {
    "dict": "model_dump",
    "json": "model_dump_json",
    "copy": "model_copy",
    "parse_obj": "model_validate",
    "from_orm": "model_validate",
    "validate": "model_validate",
    "construct": "model_construct",
    "schema": "model_json_schema",
    "update_forward_refs": "model_rebuild",
    "__fields__": "model_fields",
    "__fields_set__": "model_fields_set",
    "parse_raw": "model_validate_json",
    "parse_file": "model_validate_json",
    "schema_json": "model_json_schema",
}
_OF_OBJECTS = frozenset({"dict", "json", "copy", "__fields_set__"})
_ATTRIBUTES = frozenset({"__fields__", "__fields_set__"})
_HANDED_ON = frozenset({"parse_obj", "from_orm", "construct"})
"""Methods that may be passed on without being called: they take what the new ones take, in the same places."""

_DUMPING = frozenset({"include", "exclude", "by_alias", "exclude_unset", "exclude_defaults", "exclude_none"})
_KEYWORDS = {
    "dict": _DUMPING,
    "json": _DUMPING,
    "copy": frozenset({"update", "deep"}),
    "parse_obj": frozenset({"obj"}),
    "from_orm": frozenset({"obj"}),
    "validate": frozenset[str](),
    "schema": frozenset({"by_alias", "ref_template"}),
    "update_forward_refs": frozenset[str](),
}
_OF_SQLMODEL = frozenset({"dict", "json", "parse_obj", "from_orm", "__fields__", "__fields_set__", "schema"})

_NAMES = "|".join(sorted(_NEW))
_PATTERN = re.compile(rf"\.\s*(?:{_NAMES})\b")
_BYTES = re.compile(_PATTERN.pattern.encode())
_GIVE_A_MODEL = frozenset(
    {
        "copy", "parse_obj", "from_orm", "validate", "construct", "parse_raw", "parse_file", "model_copy",
        "model_validate", "model_validate_json", "model_construct",
    }
)  # fmt: skip
_LIBRARIES = frozenset({"abc", "builtins", "pydantic", "pydantic_settings", "sqlmodel", "typing", "typing_extensions"})
_MAPPINGS = re.compile(r"\b(?:dict|list|set|Dict|List|Set|Mapping|MutableMapping|Any|object)\b")


_THAT_MATTER = frozenset({*_NEW, *_NEW.values(), "__copy__", "__deepcopy__"})
_DEFINES = re.compile(rf"\bdef[ \t]+(?:{'|'.join(sorted(_THAT_MATTER))})\b")
_DEFINES_BYTES = re.compile(_DEFINES.pattern.encode())


class _Subject(NamedTuple):
    module: Module
    span: Span
    new: str


class PydanticV1Methods(Codemod):
    safety = Safety.SAFE
    since = (0, 100)

    def find(self, project: Project) -> Iterator[Finding]:
        search: _Search | None = None
        for module in modules_with(project, _BYTES):
            for index in statements_with(module, _PATTERN):
                text = module.statement_text(index)
                if not _is_plausible(module, text):
                    continue
                try:
                    # Of a class, only the methods that hold one of the names are parsed.
                    tree = module.outlined(index)
                    uses = list(_uses(tree, Frame(module, ()), {}, _lines(text)))
                except (UnreadableSourceError, RecursionError):
                    continue
                if search is None:
                    if required_pydantic(project) == 1:
                        return
                    search = _Search(project)
                statement = module.facts.statements[index]
                positions = Positions(text, statement.start, statement.line)
                for use in uses:
                    end = positions.span(use.node).end
                    if module.text[end - len(use.node.attr) : end] != use.node.attr:
                        continue  # in an f-string, before Python 3.12
                    found = search.model_of(use)
                    if found is not None and not search.is_defined(found, use.node.attr):
                        yield self._finding(search, use, found, positions)

    def _finding(self, search: _Search, use: _Use, found: Model, positions: Positions) -> Finding:
        node, module = use.node, use.frame.module
        old, new = node.attr, _NEW[node.attr]
        end = positions.span(node).end
        span = Span(end - len(old), end)
        if old == "update_forward_refs" and use.call is not None:
            span, new = Span(span.start, positions.span(use.call).end), "model_rebuild(force=True)"
        line = positions.line(node.end_lineno or node.lineno)
        receiver = dotted(node.value) or "..."
        shown = old if old in _ATTRIBUTES else f"{old}()"
        return self.finding(
            module.location(line, positions.column(node.end_lineno or 0, node.end_col_offset or 0) - len(old), line),
            f"`{receiver}.{shown}` of the model `{found.name}` is `{new}` since Pydantic 2",
            anchor=f"{use.frame.name}.{receiver}.{old}",
            left_alone=search.reason(use, found),
            subject=_Subject(module, span, new),
        )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            subject: _Subject = finding.subject
            edits.replace(subject.module, subject.span, subject.new, finding)


def _lines(text: str) -> list[int]:
    """The lines of a statement that hold one of the names."""
    starts = line_starts(text)
    return sorted({bisect_right(starts, match.end() - 1) for match in _PATTERN.finditer(text)})


_CALLED_ON = re.compile(rf"([\w\])]+)\s*\.\s*({_NAMES})\b")


def _is_plausible(module: Module, text: str) -> bool:
    """Whether one of the methods may be a model's. Dictionaries are copied, and responses have JSON, a hundred times
    for each model: for these two the receiver must have a type, be made by something that is called like a class, or
    be a variable of a module."""
    receivers: set[str] = set()
    for match in _CALLED_ON.finditer(text):
        receiver, method = match.groups()
        if method not in ("copy", "json") or not receiver.isidentifier() or receiver in ("self", "cls"):
            return True
        if any(binding.kind in ("assign", "import") for binding in module.bindings(receiver)):
            return True
        receivers.add(receiver)
    return any(
        match.group(1) in receivers for pattern in (_TYPED_OR_MADE, _WALKED_THROUGH) for match in pattern.finditer(text)
    )


_TYPED_OR_MADE = re.compile(rf"\b(\w+)(?=\s*(?::\s*[\"'\w]|=\s*(?:await\s+)?[\w.]*\b(?:[A-Z]|{_NAMES}\b)))")
_WALKED_THROUGH = re.compile(r"\bfor\s+(\w+)\s+in\b")


class _Use(NamedTuple):
    """One attribute of such a name."""

    frame: Frame
    node: ast.Attribute
    call: ast.Call | None
    """The call of it, if it is called."""
    elements: Mapping[str, ast.expr | None]
    """Of what comprehensions and loops around give names to: what is walked; None where that is not plain."""


def _uses(
    node: ast.AST,
    frame: Frame,
    elements: Mapping[str, ast.expr | None],
    lines: Sequence[int],
    call: ast.Call | None = None,
) -> Iterator[_Use]:
    """The uses in a tree, of which only what stands in one of `lines` is looked into."""
    first = getattr(node, "lineno", None)
    if first is not None and lines:
        at = bisect_left(lines, min([first, *(d.lineno for d in getattr(node, "decorator_list", ()))]))
        if at == len(lines) or lines[at] > (getattr(node, "end_lineno", None) or first):
            return
        if isinstance(node, ast.JoinedStr):
            lines = ()  # `ast` does not know the lines in there before Python 3.12
    match node:
        case ast.Attribute(attr=attribute) if attribute in _NEW:
            yield _Use(frame, node, call, elements)
        case ast.Call():
            yield from _uses(node.func, frame, elements, lines, node)
            for part in (*node.args, *node.keywords):
                yield from _uses(part, frame, elements, lines)
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
            inner = frame._replace(nodes=(*frame.nodes, node))
            own = elements
            if not isinstance(node, ast.ClassDef):
                names = {argument.arg for argument in walk(node.args) if isinstance(argument, ast.arg)}
                own = {name: walked for name, walked in elements.items() if name not in names}
            body = {id(part) for part in (node.body if isinstance(node.body, list) else [node.body])}
            for child in children(node):
                is_inside = id(child) in body
                yield from _uses(child, inner if is_inside else frame, own if is_inside else elements, lines)
            return
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            own = dict(elements)
            for generator in node.generators:
                yield from _uses(generator.iter, frame, own, lines)
                own.update(_walked(generator.target, generator.iter, is_plain=not generator.is_async))
                for test in generator.ifs:
                    yield from _uses(test, frame, own, lines)
            for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                yield from _uses(part, frame, own, lines)
            return
        case ast.For(target=ast.Name(id=name)) if _is_bound_once(frame, name):
            yield from _uses(node.iter, frame, elements, lines)
            own = {**elements, name: node.iter}
            for statement in (*node.body, *node.orelse):
                yield from _uses(statement, frame, own, lines)
            return
        case _:
            pass
    for child in children(node):
        yield from _uses(child, frame, elements, lines)


def _walked(target: ast.expr, walked: ast.expr, *, is_plain: bool) -> dict[str, ast.expr | None]:
    if isinstance(target, ast.Name):
        return {target.id: walked if is_plain else None}
    return {part.id: None for part in walk(target) if isinstance(part, ast.Name)}


def _is_bound_once(frame: Frame, name: str) -> bool:
    function = frame.nodes[-1] if frame.nodes else None
    if not isinstance(function, FunctionNode):
        return False
    arguments = {argument.arg for argument in walk(function.args) if isinstance(argument, ast.arg)}
    bound = [one for statement in statements_within(function.body) for one, _ in bound_by(statement)]
    return name not in arguments and bound.count(name) == 1


def _assigned_once(frame: Frame, name: str) -> ast.Call | None:
    """The call whose value is the only one that a name of a function ever gets."""
    if not _is_bound_once(frame, name):
        return None
    function = frame.nodes[-1]
    assert isinstance(function, FunctionNode)
    for statement in statements_within(function.body):
        match statement:
            case ast.Assign(targets=[ast.Name(id=target)], value=ast.Call() as call) if target == name:
                return call
            case _:
                pass
    return None


class _Search:
    """What is asked of one project, and remembered."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.types = Types(project)
        self._own: dict[str, set[Symbol]] | None = None
        self._asked: list[ast.expr] = []
        """Values that are being looked for."""

    def model_of(self, use: _Use) -> Model | None:
        """The model that the attribute is one of, if that is proven."""
        receiver, name = use.node.value, use.node.attr
        value = self._value(use, receiver)
        if value is None or value.symbol.path is None:
            return None
        if (value.is_object and name == "__fields__") or (not value.is_object and name in _OF_OBJECTS):
            return None
        if name == "copy" and not self._is_exact(use, receiver):
            return None
        found = model(self.project, value.symbol)
        if found is None or not found.is_pydantic or found.field(name) is not None or self._is_old(found):
            return None
        return found

    def _is_old(self, found: Model) -> bool:
        """Whether it is a model of Pydantic 1 wherever the project runs."""
        above = (model(self.project, symbol) for symbol in found.mro)
        bases = [base.name for one in above if one is not None for base in one.bases if base.path is None]
        return any(base.startswith(("pydantic.v1", "pydantic.generics")) for base in bases)

    def _value(self, use: _Use, node: ast.expr) -> Value | None:
        if isinstance(node, ast.Await):
            return self.types.value(use.frame, node)
        head = dotted(node).partition(".")[0]
        if head in use.elements:
            walked = use.elements[head]
            return self._element(use, walked) if walked is not None and isinstance(node, ast.Name) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _GIVE_A_MODEL:
            return self._given(use, node.func)
        if any(isinstance(part, ast.Name) and part.id in use.elements for part in walk(node)):
            return None
        value = self.types.value(use.frame, node)
        if value is None and isinstance(node, ast.Name):
            assigned = _assigned_once(use.frame, node.id)
            if assigned is None or assigned in self._asked:
                return None  # `item = item.copy()`
            self._asked.append(assigned)
            value = self._value(use, assigned)
            self._asked.pop()
        return value

    def _given(self, use: _Use, method: ast.Attribute) -> Value | None:
        """What a method of a model gives back that gives back one of its kind."""
        value = self._value(use, method.value)
        if value is None or value.symbol.path is None or (not value.is_object and method.attr in _OF_OBJECTS):
            return None
        found = model(self.project, value.symbol)
        if found is None or not found.is_pydantic or self._definitions.get(method.attr):
            return None
        return Value(value.symbol, True)

    def _element(self, use: _Use, walked: ast.expr) -> Value | None:
        """An element of `items: list[Item]`, of a parameter or of a field."""
        match walked:
            case ast.Name(id=name):
                function = use.frame.nodes[-1] if use.frame.nodes else None
                if not isinstance(function, FunctionNode):
                    return None
                if name in use.elements or name in {
                    one for statement in statements_within(function.body) for one, _ in bound_by(statement)
                }:
                    return None
                outside = use.frame._replace(nodes=use.frame.nodes[:-1])
                for argument in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs):
                    if argument.arg == name and argument.annotation is not None:
                        return self._element_of(outside, argument.annotation)
            case ast.Attribute(value=owner, attr=name):
                value = self._value(use, owner)
                if value is None or not value.is_object or value.symbol.path is None:
                    return None
                found = model(self.project, value.symbol)
                field = found.field(name) if found is not None and found.is_pydantic else None
                if field is None or field.annotation is None or field.owner.path is None:
                    return None
                module = self.project.module(field.owner.path)
                if module is not None:
                    return self._element_of(Frame(module, ()), ast.parse(field.annotation_text, mode="eval").body)
            case _:
                pass
        return None

    def _element_of(self, frame: Frame, annotation: ast.expr) -> Value | None:
        if isinstance(annotation, ast.Subscript) and dotted(annotation.value).rpartition(".")[2] in _WALKED:
            is_exact = not _MAPPINGS.search(ast.unparse(annotation.slice))
            return self.types.annotated(frame, annotation.slice) if is_exact else None
        return None

    def _is_exact(self, use: _Use, receiver: ast.expr) -> bool:
        """Whether nothing else that can be copied may be there: `item: Item | dict` is a model for some calls only."""
        if isinstance(receiver, ast.Call):
            return True
        if not isinstance(receiver, ast.Name):
            return False
        if receiver.id in use.elements:
            return True
        for node in reversed(use.frame.nodes):
            if not isinstance(node, FunctionNode):
                continue
            for argument in walk(node.args):
                if isinstance(argument, ast.arg) and argument.arg == receiver.id:
                    return argument.annotation is not None and not _MAPPINGS.search(ast.unparse(argument.annotation))
            binding = [s for s in statements_within(node.body) if receiver.id in (name for name, _ in bound_by(s))]
            for statement in binding:
                if isinstance(statement, ast.AnnAssign):
                    return not _MAPPINGS.search(ast.unparse(statement.annotation))
                if not isinstance(statement, ast.Assign) or not isinstance(statement.value, ast.Call | ast.Await):
                    return False
            if binding:
                return True
        return self._is_made_once(use.frame.module, receiver.id)

    def _is_made_once(self, module: Module, name: str) -> bool:
        """Whether a variable of a module is what one call gives, and nothing else."""
        symbol = self.project.resolve(module, name)
        assigned = shapes_of(self.project).assigned(symbol) if symbol is not None and symbol.path is not None else None
        return assigned is not None and isinstance(assigned[1], ast.Call)

    # What stands against it

    def reason(self, use: _Use, found: Model) -> str | None:
        name = use.node.attr
        if reason := reason_against_pydantic_2(self.project):
            return reason
        if found.kind == "sqlmodel" and name not in _OF_SQLMODEL:
            return "SQLModel does more in it"
        return self._reason_of_definitions(found, name) or self._reason_of_config(use, found) or _reason_of_call(use)

    def is_defined(self, found: Model, name: str) -> bool:
        """Whether the project itself has a method of the old name in the class or above it: nothing of Pydantic 1."""
        return any(symbol in found.mro for symbol in self._definitions.get(name, ()))

    def _reason_of_definitions(self, found: Model, name: str) -> str | None:
        """Whether one of the two methods may be the project's own."""
        for symbol in found.mro:
            above = model(self.project, symbol)
            for base in above.bases if above is not None else ():
                if base.path is None and base.name.partition(".")[0] not in _LIBRARIES:
                    return f"`{found.name}` has the base `{base.name}`, which may have its own `{name}`"
        names = [name, _NEW[name], *(("__copy__", "__deepcopy__") if name == "copy" else ())]
        for one in names:
            for symbol in sorted(self._definitions.get(one, ()), key=str):
                other = model(self.project, symbol)
                if symbol in found.mro or (other is not None and found.symbol in other.mro):
                    return f"`{symbol.name}` has its own `{one}`"
        return None

    @property
    def _definitions(self) -> Mapping[str, set[Symbol]]:
        """The classes that define a method that matters, by its name."""
        if self._own is None:
            self._own = {}
            for module in modules_with(self.project, _DEFINES_BYTES):
                for index in statements_with(module, _DEFINES):
                    try:
                        classes = list(_classes(module.parsed(index), ""))
                    except (UnreadableSourceError, RecursionError):
                        continue
                    for qualified, cls in classes:
                        for statement in statements_within(cls.body):
                            for name, _ in bound_by(statement):
                                if name in _THAT_MATTER:
                                    self._own.setdefault(name, set()).add(Symbol(module.path, qualified))
        return self._own

    def _reason_of_config(self, use: _Use, found: Model) -> str | None:
        name, config = use.node.attr, found.config
        keywords = {keyword.arg for keyword in use.call.keywords} if use.call is not None else set()
        if name in ("dict", "json") and "by_alias" not in keywords:
            if not config.certain:
                return f"the configuration of `{found.name}` is not known, and may say `serialize_by_alias`"
            if config.options.get("serialize_by_alias", "False") != "False":
                return f"`{found.name}` serialises by alias, which `{name}` does not"
        if name == "copy" and "update" in keywords and (not config.certain or config.extra == "allow"):
            return f"`{found.name}` may keep extra fields, which the two methods update in different ways"
        if name == "from_orm" and found.kind != "sqlmodel" and not config.from_attributes:
            return f"`{found.name}` is not configured with `from_attributes`, so it fails"
        return None


def _classes(node: ast.AST, around: str) -> Iterator[tuple[str, ast.ClassDef]]:
    for child in children(node):
        inner = around
        if isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = f"{around}.{child.name}" if around else child.name
            if isinstance(child, ast.ClassDef):
                yield name, child
            inner = name
        yield from _classes(child, inner)


_WALKED = frozenset({"list", "List", "set", "Set", "Sequence", "Iterable", "Collection", "frozenset", "FrozenSet"})

_NOT_REPLACED = {
    "parse_raw": "`model_validate_json` validates as JSON and reports errors in another way",
    "parse_file": "nothing reads a file in Pydantic 2: read it and use `model_validate_json`",
    "schema_json": "nothing writes a schema as text in Pydantic 2: use `json.dumps` of `model_json_schema()`",
}


def _reason_of_call(use: _Use) -> str | None:
    name, call = use.node.attr, use.call
    if name in _NOT_REPLACED:
        return _NOT_REPLACED[name]
    if name in _ATTRIBUTES:
        return None
    if call is None:
        return None if name in _HANDED_ON else "it is handed on without being called"
    if any(isinstance(part, ast.Starred) for part in call.args) or (
        name != "construct" and any(keyword.arg is None for keyword in call.keywords)
    ):
        return "it gets unpacked arguments"
    keywords = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    if name in _OF_OBJECTS and call.args:
        return "it gets positional arguments, which Pydantic 2 does not take"
    unknown = sorted(keywords - _KEYWORDS.get(name, keywords))
    if unknown:
        return f"Pydantic 2 has no `{unknown[0]}` for it"
    if name == "copy" and keywords == {"update", "deep"}:
        return "it copied what is updated, too, which `model_copy` does not"
    if name == "update_forward_refs" and call.args:
        return "it gets arguments, which `model_rebuild` does not take"
    return None
