"""The type of a parameter that the source leaves untyped: what its dependency says it returns."""

from __future__ import annotations

import ast
import builtins
import re
from typing import NamedTuple

from ....edits import Edits, reachable_as
from ....findings import Finding
from ....project import Call, Function, Module, Project
from ....source.nodes import walk
from .annotations import is_known_early
from .markers import dependency_argument

_YIELDED = frozenset({"AsyncGenerator", "AsyncIterable", "AsyncIterator", "Generator", "Iterable", "Iterator"})
_YIELDS = re.compile(r"\byield\b")


class ProvidedType(NamedTuple):
    code: str
    imports: tuple[str, ...]
    """Dotted names that must be importable for `code` to mean what it says."""

    def written(self, edits: Edits, module: Module, finding: Finding) -> str:
        """The code as the module can write it, after asking for its imports."""
        spelt = {dotted: edits.name(module, dotted, finding) for dotted in self.imports}
        return spelt["typing.Any"] if self == ANY else self.code


ANY = ProvidedType("Any", ("typing.Any",))


def provided_type(project: Project, module: Module, function: Function, call: Call) -> ProvidedType:
    """The type for `x=Depends(provider)`: a class itself, the return annotation of a function, else `Any`.

    The annotation is taken over only where every name in it means the same in `module`, or comes from outside the
    project and can be imported; an import between the project's own modules could close a cycle.
    """
    argument = dependency_argument(call)
    if argument is None:
        return ANY
    written = module.code(argument.span)
    if function.scopes:
        return _type_of(project, module, function, written)
    # Hundreds of handlers of a module ask for the same few.
    known = project.remembered((module, "provided types"), dict[str, ProvidedType])
    if written not in known:
        known[written] = _type_of(project, module, function, written)
    return known[written]


def _type_of(project: Project, module: Module, function: Function, written: str) -> ProvidedType:
    symbol = project.resolve(module, written, function.scopes)
    if symbol is None or symbol.path is None:
        return ANY
    home = project.module(symbol.path)
    if home is None:
        return ANY
    if any(binding.kind == "class" for binding in home.bindings(symbol.name)):
        return ProvidedType(written, ())
    found = project.function(symbol)
    if found is None or found[1].returns is None or found[1].decorators:
        return ANY
    home, provider = found
    returns = provider.returns
    assert returns is not None
    code = home.code(returns)
    if "\n" in code or "\r" in code or "#" in code:
        return ANY
    node = home.expression(returns)
    if _YIELDS.search(home.statement_text(provider.statement)):
        node = _yielded(node)
    # `Module.expression` reads the code behind a bracket.
    data = code.encode()
    code = data[node.col_offset - 1 : (node.end_col_offset or 0) - 1].decode()
    return _taken_over(project, home, module, function, code, node) or ANY


def _yielded(node: ast.expr) -> ast.expr:
    """`Session` of `-> Iterator[Session]`, where the function yields."""
    if isinstance(node, ast.Subscript) and ast.unparse(node.value).rpartition(".")[2] in _YIELDED:
        return node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
    return node


def _taken_over(
    project: Project, home: Module, module: Module, function: Function, code: str, node: ast.expr
) -> ProvidedType | None:
    if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in walk(node)):
        return None  # a quoted name may be known to type checkers only
    imports = []
    for name in sorted({part.id for part in walk(node) if isinstance(part, ast.Name)}):
        if any(name in scope.names for scope in function.scopes):
            return None
        if hasattr(builtins, name) and not home.bindings(name) and not module.bindings(name):
            continue
        meaning = project.resolve(home, name)
        if meaning is None:
            return None
        if project.resolve(module, name) == meaning and is_known_early(module, function, name):
            continue
        if meaning.path is not None or not meaning.name.endswith(f".{name}"):
            return None
        reachable = reachable_as(module, meaning.name)
        if reachable is None or reachable.expression != name:
            return None
        imports.append(meaning.name)
    return ProvidedType(code, tuple(imports))
