"""The type of a parameter that the source leaves untyped: what its dependency says it returns."""

from __future__ import annotations

import ast
import builtins
import re
from typing import NamedTuple

from ....edits import reachable_as
from ....project import Call, Function, Module, Project, Span, Symbol

_YIELDED = frozenset({"AsyncGenerator", "AsyncIterable", "AsyncIterator", "Generator", "Iterable", "Iterator"})
_YIELDS = re.compile(r"\byield\b")


class ProvidedType(NamedTuple):
    code: str
    imports: tuple[str, ...]
    """Dotted names that must be importable under their last part for `code` to mean what it says."""


ANY = ProvidedType("Any", ("typing.Any",))


def provided_type(project: Project, module: Module, function: Function, call: Call) -> ProvidedType:
    """The type for `x=Depends(provider)`: a class itself, the return annotation of a function, else `Any`.

    The annotation is taken over only where every name in it means the same in `module`, or comes from outside the
    project and can be imported; an import between the project's own modules could close a cycle.
    """
    argument = call.argument("dependency") or (call.positional[0] if call.positional else None)
    if argument is None:
        return ANY
    written = module.code(argument.span)
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
    assert provider.returns is not None
    span = _yielded(home, provider) or provider.returns
    return _taken_over(project, home, module, span) or ANY


def _yielded(home: Module, provider: Function) -> Span | None:
    """`Session` of `-> Iterator[Session]`, where the function yields; None where it returns what it says."""
    assert provider.returns is not None
    if not _YIELDS.search(home.statement_text(provider.statement)):
        return None
    node = home.expression(provider.returns)
    if not isinstance(node, ast.Subscript) or ast.unparse(node.value).rpartition(".")[2] not in _YIELDED:
        return None
    inner = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) else node.slice
    code = home.code(provider.returns)
    start = code.index(ast.get_source_segment(f"({code}\n)", inner) or ast.unparse(inner), code.index("["))
    return Span(provider.returns.start + start, provider.returns.start + start + len(ast.unparse(inner)))


def _taken_over(project: Project, home: Module, module: Module, span: Span) -> ProvidedType | None:
    code = home.code(span)
    if "\n" in code or "#" in code:
        return None
    node = home.expression(span)
    imports = []
    for name in sorted({part.id for part in ast.walk(node) if isinstance(part, ast.Name)}):
        if hasattr(builtins, name) and not home.bindings(name) and not module.bindings(name):
            continue
        meaning = project.resolve(home, name)
        if meaning is None:
            return None
        if project.resolve(module, name) == meaning and _is_bound_early(project, module, name, meaning):
            continue
        if meaning.path is not None or not meaning.name.endswith(f".{name}"):
            return None
        reachable = reachable_as(module, meaning.name)
        if reachable is None or reachable.expression != name:
            return None
        imports.append(meaning.name)
    if any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in ast.walk(node)):
        return None  # a quoted name may be known to type checkers only
    return ProvidedType(code, tuple(imports))


def _is_bound_early(project: Project, module: Module, name: str, meaning: Symbol) -> bool:
    """Imported at the head of the module, or defined in it: the provider above it uses the name as well."""
    return meaning.path == module.path or all(not b.conditional for b in module.bindings(name))
