"""Aliases of dependencies: what they are called, where they stand, and how the project writes them.

    SessionDep = Annotated[Session, Depends(get_session)]

Everything is decided before something is written, so that a codemod can say in `find` why there is no way.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from ..findings import Finding
from ..project import Module, Project, Scope, Span, Symbol
from ..project.injected import ANNOTATED, Alias, Marker, aliases, injected
from ..project.reader import dotted
from ..source import UnreadableSourceError
from ..source.nodes import children, walk
from ..source.statements import line_starts
from .collect import Edits
from .models import ENOUGH, MAJORITY, Reference, import_of, pascal, reference

_ANNOTATED = Symbol(None, "typing.Annotated")
_SUFFIXES = ("Dependency", "Depends", "Dep")
_VERBS = frozenset({"create", "fetch", "get", "load", "make", "open", "provide", "resolve", "yield"})
_SAYS_NOTHING = frozenset({"Annotated", "Any", "None", "Optional", "Union", "object", "typing"})


# What an expression means wherever it stands


class Meaning(NamedTuple):
    """An annotation with every name followed to what it stands for."""

    code: str
    """As it is written, on one line."""
    key: str
    """The same for all that mean the same."""
    names: tuple[tuple[str, Symbol], ...]
    """Names as written, and what they stand for."""
    parts: tuple[str, ...]
    """Source of the parts of `Annotated[...]`."""


def meaning(project: Project, module: Module, span: Span, scopes: Sequence[Scope]) -> Meaning | str:
    """What `Annotated[T, Depends(f)]` means, or why that is not certain."""
    try:
        node = module.expression(span)
    except (UnreadableSourceError, RecursionError):
        return "it cannot be read"
    if isinstance(node, ast.Constant):
        return "it is quoted, and FastAPI looks its names up where the function stands"
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return "it is not written as `Annotated[...]`"
    names: dict[str, Symbol] = {}
    of_type, *others = node.slice.elts
    for part in chain(_names_in(node.value), _names_in(of_type), *(_names_in(o, of_types=False) for o in others)):
        if isinstance(part, ast.Constant):
            return f"it quotes `{part.value!s}`, which FastAPI looks up where the function stands"
        found = _symbol(project, module, part, scopes)
        if isinstance(found, str):
            return found
        names[part] = found
    written = module.code(span)
    code = written if "\n" not in written and "\r" not in written else ast.unparse(node)
    parts = tuple(_source(code, written, part) for part in node.slice.elts)
    return Meaning(code, _key(node, names), tuple(names.items()), parts)


def _source(code: str, written: str, node: ast.expr) -> str:
    """The source of a node of `module.expression`, which has a bracket in front of the text."""
    if code is not written or not code.isascii() or node.lineno != 1 or node.end_lineno != 1:
        return ast.unparse(node)
    return code[node.col_offset - 1 : (node.end_col_offset or 0) - 1]


def _names_in(node: ast.AST, *, of_types: bool = True) -> Iterator[str | ast.Constant]:
    """The dotted names of an expression; texts in the place of a type, too."""
    if isinstance(node, ast.expr) and (name := dotted(node)):
        yield name
    elif isinstance(node, ast.Subscript) and dotted(node.value).rpartition(".")[2] == "Literal":
        yield dotted(node.value)
    elif isinstance(node, ast.Constant):
        if of_types and isinstance(node.value, str):
            yield node
    else:
        for child in children(node):
            yield from _names_in(child, of_types=of_types and not isinstance(node, ast.Call))


def _symbol(project: Project, module: Module, name: str, scopes: Sequence[Scope]) -> Symbol | str:
    head = name.partition(".")[0]
    local = next((scope for scope in reversed(scopes) if head in scope.names), None)
    if local is not None:
        return f"`{head}` is known in `{local.name}` only"
    symbol = project.resolve(module, name)
    if symbol is not None:
        return symbol
    bindings = module.bindings(head)
    if not bindings and hasattr(builtins, head):
        return Symbol(None, f"builtins.{name}")
    if bindings and all(binding.kind == "import" for binding in bindings):
        return f"`{head}` is imported for type checkers alone"
    return f"what `{head}` stands for is not certain"


class _Renamed(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.Name | ast.Attribute) and (name := dotted(node)) in self.names:
            return ast.Name(self.names[name], ast.Load())
        visited: ast.AST = super().visit(node)
        return visited


def _key(node: ast.expr, names: dict[str, Symbol]) -> str:
    said = {
        name: "Annotated" if symbol.path is None and symbol.name in ANNOTATED else f"{symbol.path or ''}:{symbol.name}"
        for name, symbol in names.items()
    }
    copy = ast.parse(ast.unparse(node), mode="eval").body
    return ast.dump(_Renamed(said).visit(copy))


# Names

MOST_SCOPES = 2
"""More would make a name that nobody can read."""


def alias_style(project: Project) -> str:
    """What the names of the project's aliases end in, empty for `CurrentUser`; `Dep` where it has no habit."""
    return project.remembered("style of aliases", lambda: _style(aliases(project)))


def _style(found: Iterable[Alias]) -> str:
    names = [alias.symbol.name for alias in found if alias.symbol.name != alias.symbol.name.lower()]
    counted = Counter(next((s for s in _SUFFIXES if name.endswith(s)), "") for name in names)
    if not counted:
        return "Dep"
    suffix, number = counted.most_common(1)[0]
    return suffix if number >= ENOUGH and number >= MAJORITY * len(names) else "Dep"


def names_for(project: Project, marker: Marker) -> Iterator[str]:
    """What an alias for a dependency may be called, the best first."""
    if (how := _how(marker)) is None:
        return
    suffix = alias_style(project)
    words = [word for word in marker.written.rpartition(".")[2].strip("_").split("_") if word]
    while len(words) > 1 and words[0].lower() in _VERBS:
        words = words[1:]
    of_provider = pascal("_".join(words))
    of_type = _type_name(marker.type)
    candidates = [of_provider, of_type] if _says_more(project, of_provider, of_type) else [of_type, of_provider]
    for base in dict.fromkeys(filter(None, candidates)):
        yield how + (base if suffix and base.endswith(suffix) else base + suffix)
    for base in dict.fromkeys(filter(None, candidates)):
        for other in _SUFFIXES[::-1]:
            yield how + base + other


def _how(marker: Marker) -> str | None:
    """What tells a dependency from the same one with other arguments; None where that is too much for a name."""
    words = ""
    scopes = marker.argument("scopes")
    if scopes is not None:
        listed = scopes.elts if isinstance(scopes, ast.List | ast.Tuple) else []
        texts = [one.value for one in listed if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if len(texts) != len(listed) or not 0 < len(texts) <= MOST_SCOPES:
            return None
        words += "".join(pascal(re.sub(r"\W+", "_", text).strip("_")) for text in texts)
    scope = marker.argument("scope")
    if isinstance(scope, ast.Constant) and isinstance(scope.value, str):
        words += f"{pascal(scope.value)}Scoped"
    cached = marker.argument("use_cache")
    if isinstance(cached, ast.Constant) and cached.value is False:
        words += "Uncached"
    return words


def _says_more(project: Project, of_provider: str, of_type: str) -> bool:
    """`CurrentUser` says more than `User`; a type that several providers give says too little, too."""
    if not of_type or of_provider.lower().endswith(of_type.lower()):
        return True
    if not alias_style(project):
        return True
    by_type: dict[str, set[Symbol | None]] = project.remembered(
        "providers by type", lambda: _providers_by_type(project)
    )
    return len(by_type.get(of_type, ())) > 1


def _providers_by_type(project: Project) -> dict[str, set[Symbol | None]]:
    found: dict[str, set[Symbol | None]] = {}
    for one in injected(project):
        if name := _type_name(one.marker.type):
            found.setdefault(name, set()).add(one.marker.provider)
    return found


def _type_name(code: str) -> str:
    """`User` for `Optional[models.User]`; empty for `dict` and the like."""
    names = [name.rpartition(".")[2] for name in re.findall(r"[A-Za-z_][\w.]*", code)]
    names = [name for name in names if name not in _SAYS_NOTHING and not hasattr(builtins, name)]
    return names[0] if len(names) == 1 and names[0][:1].isupper() else ""


# Places


class Place(NamedTuple):
    """Where an alias stands, or will stand."""

    home: Module
    statement: int
    """The one that it stands below, or that it is."""
    said: Meaning | None = None
    """What it stands for; None for an alias that exists."""
    references: tuple[tuple[str, Reference], ...] = ()
    """How `home` says the names in that."""


def usual_home(project: Project) -> Module | None:
    """The module in which the project keeps its aliases, None where it has no habit."""
    found = Counter(alias.module.path for alias in aliases(project))
    if not found:
        return None
    path, number = found.most_common(1)[0]
    is_usual = number >= ENOUGH and number >= MAJORITY * found.total()
    return project.module(path) if is_usual else None


def place_in(project: Project, home: Module, said: Meaning) -> Place | str:
    """Where in a module the alias can stand, below all that it names."""
    references: dict[str, Reference] = {}
    last = -1
    for name, symbol in said.names:
        is_annotated = symbol.path is None and symbol.name in ANNOTATED
        found = _reference(project, home, _ANNOTATED if is_annotated else symbol)
        if found is None:
            return f"`{name}` cannot be named in {home.path}"
        references[name] = found
        head = found.expression.partition(".")[0]
        # Below the imports, whatever it names of them.
        last = max(last, _end_of_imports(home))
        if found.request is None:
            bindings = home.bindings(head)
            if any(binding.conditional for binding in bindings):
                return f"`{head}` is bound under a condition in {home.path}"
            last = max([last, *(binding.statement for binding in bindings)])
    if last >= 0 and usual_home(project) is home:
        last = max([last, *(alias.statement for alias in aliases(project) if alias.module is home)])
    if last < 0:
        return f"nothing that it names stands in {home.path}"
    if home.path.endswith(".pyi"):
        return f"{home.path} is a stub"
    return Place(home, last, said, tuple(references.items()))


def _end_of_imports(home: Module) -> int:
    """The last import statement above the first definition: a new one goes above it, or right below."""
    last = -1
    for index, statement in enumerate(home.facts.statements):
        if statement.word in ("import", "from"):
            last = index
        elif statement.word.split()[-1:] == ["def"] or statement.word in ("class", "@"):
            break
    return last


def _reference(project: Project, home: Module, symbol: Symbol) -> Reference | None:
    """`reference`, for attributes of classes, too."""
    head, _, rest = symbol.name.partition(".")
    if symbol.path is None or not rest:
        return reference(project, home, symbol)
    found = reference(project, home, Symbol(symbol.path, head))
    return found._replace(expression=f"{found.expression}.{rest}") if found is not None else None


def import_in(project: Project, module: Module, place: Place, statement: int) -> tuple[str | None, str | None]:
    """The module that an alias is imported from, None in its own; and why it cannot be had above `statement`."""
    home = place.home
    if home.path == module.path:
        return None, "it stands above what it depends on" if statement <= place.statement else None
    source = import_of(project, module, home)
    if source is None:
        return None, f"{module.path} cannot import from {home.path} without closing a circle"
    if _may_be_imported_half(project, module, place):
        return None, f"{home.path} imports {module.path} before the alias would stand there"
    return source, None


def _may_be_imported_half(project: Project, module: Module, place: Place) -> bool:
    """Whether the home of an alias imports a module, at any remove, above the alias.

    What stands above a name that the module imports from there already does not: that import would have failed.
    """
    home = place.home
    known = -1
    for item in module.facts.imports:
        if not (item.scopes or item.type_checking):
            symbol = project.follow_import(module.path, item.target)
            if symbol is not None and symbol.path == home.path and symbol.name:
                known = max([known, *(binding.statement for binding in home.bindings(symbol.name))])
    for item in home.facts.imports:
        if item.type_checking or not known < item.statement <= place.statement:
            continue
        parts = item.target.split(".")
        for length in range(len(parts), 0, -1):
            path = project.module_path(home.path, ".".join(parts[:length]) or item.target)
            if path is not None:
                if project.imports_lead(path, module.path):
                    return True
                break
    return False


def write(edits: Edits, place: Place, name: str, finding: Finding) -> None:
    """`name = Annotated[...]` below what it names, with the imports that it needs."""
    home, said = place.home, place.said
    assert said is not None
    expressions = {written: found.expression for written, found in place.references}
    for _, found in place.references:
        if found.request is not None:
            edits.import_name(home, *found.request, finding)
    parts = [_renamed(part, expressions) for part in said.parts]
    (annotated,) = {expressions[name] for name, symbol in said.names if symbol.name in ANNOTATED}
    newline = home.source.newline
    text = f"{name} = {annotated}[{', '.join(parts)}]"
    if len(text) > edits.project.style.line_length:
        indent = edits.project.style.indent
        lines = "".join(f"{indent}{part},{newline}" for part in parts)
        text = f"{name} = {annotated}[{newline}{lines}]"
    insert_below(edits, home, place.statement, text, finding)


def insert_below(edits: Edits, module: Module, index: int, text: str, finding: Finding) -> None:
    """A top-level statement on lines of its own below another one, with blank lines around definitions."""
    newline = module.source.newline
    statement = module.facts.statements[index]
    code = module.statement_text(index)
    starts = line_starts(code)
    last = module.tree(index).body[-1]
    end_line = last.end_lineno or 1
    is_new_definition = text.startswith(("def ", "async def ", "class ", "@"))
    is_definition = isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or is_new_definition
    is_import = isinstance(last, ast.Import | ast.ImportFrom)
    above = newline * 2 if is_definition else newline if is_import else ""
    if end_line >= len(starts):  # the file ends without a line end
        edits.insert(module, statement.end, newline + above + text, finding)
        return
    offset = statement.start + starts[end_line]
    below = ""
    rest = module.text[offset:]
    if is_new_definition and rest.strip():
        blank = rest[: len(rest) - len(rest.lstrip())].count("\n")
        below = newline * max(0, 2 - blank)
    edits.insert(module, offset, above + text + newline + below, finding)


def _renamed(code: str, names: dict[str, str]) -> str:
    """The source with other names; strings in it are kept."""
    if all(written == name for written, name in names.items()):
        return code
    node = ast.parse(code, mode="eval").body
    if not code.isascii() or "\n" in code:
        return ast.unparse(_Renamed(names).visit(node))
    places = sorted(
        (part.col_offset, part.end_col_offset or 0, names[name])
        for part in walk(node)
        if isinstance(part, ast.Name | ast.Attribute) and (name := dotted(part)) in names
    )
    result, position = "", 0
    for start, end, name in places:
        if start >= position:
            result += code[position:start] + name
            position = end
    return result + code[position:]
