"""Tests override a dependency instead of patching the global behind it.

`monkeypatch.setattr("app.clients.client", fake)` and `with mock.patch("app.clients.client", fake):` become an entry in
`app.dependency_overrides`, where the provider of a dependency is all that reads the global.

## Why

A patch names a module by a string and breaks when something moves. An override names the dependency, and is what the
documentation of FastAPI shows. It is taken back as the patch was: by `monkeypatch`, or at the end of the `with`.

Works only if it is selected by its own name, or by `--update-tests` of `global-to-dependency`, whose result it wants to
see.

## Left alone

- A global that anything but one provider reads where the patch reaches: services and scripts need the patch.
- A test that calls the provider itself, which no override reaches.
- Patches as decorators, with `as`, without a replacement, or with other arguments.
- Projects with more than one application, or with one that a function makes: which one the test means is not known.

## Safety

Safe: nothing of the application is changed. What the tests replace is what they replaced, in every request to the
application.

See <https://fastapi.tiangolo.com/advanced/testing-dependencies/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.collect import ImportRequest
from ...edits.models import Reference, reference
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.code_strings import CodeString, code_strings
from ...project.enclosing import definitions_around
from ...project.global_reads import names_in
from ...project.names import NameFacts, facts_of
from ...project.operations import definition_of
from ...project.reader import Positions, dotted
from ...project.references import Use, uses
from ...project.singletons import VALUE, singleton
from ...source import UnreadableSourceError
from ...source.discovery import is_test
from ...source.nodes import walk

_PATCHES = ("unittest.mock.patch", "mock.patch")


class _Patch(NamedTuple):
    """`monkeypatch.setattr(...)` as a statement, or the one item of a `with`."""

    statement: ast.stmt
    call: ast.Call
    by: str
    """`monkeypatch` or `patch`, as written."""
    replacement: ast.expr


class _Subject(NamedTuple):
    module: Module
    positions: Positions
    patch: _Patch
    is_context: bool
    name: str
    """Of a variable for the replacement that has to be made first; empty where it is a name already."""
    app: Reference
    provider: Reference


class PatchToDependencyOverride(Codemod):
    safety = Safety.SAFE

    after = ("global-to-dependency", "helper-global-to-parameter")

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        named: dict[tuple[str, str], Symbol] = {}
        for string in code_strings(project):
            if string.kind != "patch" or string.path is None or "." in string.name or not is_test(string.place.path):
                continue
            found = _provider(project, string)
            if found is None:
                continue
            module = project.module(string.place.path)
            if module is None:
                continue
            subject = found if isinstance(found, str) else _subject(project, module, string, found)
            if isinstance(subject, _Subject) and isinstance(found, Symbol):
                expression = subject.provider.expression
                if named.setdefault((module.path, expression), found) != found:
                    subject = f"`{expression}` is another provider in {module.path}"
            yield self.finding(
                module.location(string.place.line, string.place.column, string.place.line),
                f"a patch of `{string.name}` instead of an override of its dependency",
                anchor=f"{string.place.function or string.place.definition}.{string.name}",
                left_alone=subject if isinstance(subject, str) else None,
                subject=None if isinstance(subject, str) else subject,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002
        for finding in findings:
            _rewrite(finding.subject, finding, edits)


def _provider(project: Project, string: CodeString) -> Symbol | str | None:
    """The one provider that reads what is patched; why there is none that would do; None where it is no dependency."""
    home = project.module(string.path or "")
    if home is None or string.symbol is None:
        return None
    held = singleton(project, string.symbol)
    if held is None or held.kind == VALUE:
        return None
    facts = facts_of(project, home, string.name)
    if facts is None:
        return None
    readers = {place.function for place in facts.read if place.function}
    providers = [Symbol(home.path, reader) for reader in readers if _only_returns(project, home, reader, string.name)]
    injected = [one for one in providers if any(u.kind == "injected" for u in uses(project, [one])[one])]
    if not injected:
        return None
    others = sorted(readers - {injected[0].name})
    if others:
        return f"`{others[0]}` reads `{string.name}`, too"
    other = next((use for use in _reached_elsewhere(project, facts)), None)
    if other is not None:
        return f"{other.place} reads `{string.name}`, too"
    called = [use for use in uses(project, injected)[injected[0]] if use.kind not in ("injected", "override")]
    return f"{called[0].place} uses the provider itself" if called else injected[0]


def _reached_elsewhere(project: Project, facts: NameFacts) -> Iterator[Use]:
    """Uses in other modules, tests left out, that look the name up in its module: `clients.client`."""
    for use in facts.used_elsewhere:
        module = project.module(use.path)
        if is_test(use.path) or module is None:
            continue
        line = module.text.splitlines()[use.line - 1]
        written = line[use.column - 1 :]
        head = written.partition(".")[0].strip()
        symbol = project.resolve(module, head) if head.isidentifier() else None
        if symbol is not None and not symbol.name:
            yield use


def _only_returns(project: Project, module: Module, function: str, name: str) -> bool:
    found = project.function(Symbol(module.path, function))
    if found is None or found[1].parameters or found[1].decorators:
        return False
    definition = definition_of(*found)
    last = definition.node.body[-1] if definition is not None else None
    return isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id == name


def _subject(project: Project, module: Module, string: CodeString, provider: Symbol) -> _Subject | str:
    try:
        patch, positions, function = _patch_at(project, module, string)
    except UnreadableSourceError:
        return "the test cannot be parsed"
    if patch is None or positions is None:
        return "the patch is not written as a statement, or as the only item of a `with`, with its replacement"
    applications = list(project.instances("fastapi.FastAPI"))
    own = [(home, made) for home, made in applications if not is_test(home.path)]
    if len(own) != 1 or own[0][1].scopes or len(applications) != 1:
        return "the project has more than one application, or one that a function makes"
    app = reference(project, module, Symbol(own[0][0].path, own[0][1].target))
    named = reference(project, module, provider)
    if app is None or named is None:
        return f"`{own[0][1].target if app is None else provider.name}` cannot be imported in {module.path}"
    local = set(names_in(function)) if function is not None else set()
    if {app.expression.partition(".")[0], named.expression.partition(".")[0]} & _bound_in(function):
        return "the names of the application or of the provider mean something else in the test"
    name = ""
    if not isinstance(patch.replacement, ast.Name) or _is_set_twice(function, patch.replacement.id):
        base = f"fake_{string.name.strip('_').lower()}"
        name = next(one for one in (base, f"{base}_", f"other_{base}") if one not in local and not module.bindings(one))
    return _Subject(module, positions, patch, isinstance(patch.statement, ast.With | ast.AsyncWith), name, app, named)


_Function = ast.FunctionDef | ast.AsyncFunctionDef


def _patch_at(
    project: Project, module: Module, string: CodeString
) -> tuple[_Patch | None, Positions | None, _Function | None]:
    numbers = [i for i, statement in enumerate(module.facts.statements) if statement.line <= string.place.line]
    if not numbers:
        return None, None, None
    index = numbers[-1]
    statement = module.facts.statements[index]
    positions = Positions(module.statement_text(index), statement.start, statement.line)
    line = string.place.line - statement.line + 1
    tree = module.tree(index)
    functions = [node for node in definitions_around(tree.body, line) if isinstance(node, _Function)]
    if not functions:
        return None, None, None
    for node in walk(functions[-1]):
        if not isinstance(node, ast.Expr | ast.With | ast.AsyncWith):
            continue
        patch = _patch(project, module, node, functions[-1])
        if patch is not None and patch.call.lineno <= line <= (patch.call.end_lineno or line):
            return patch, positions, functions[-1]
    return None, None, None


def _patch(project: Project, module: Module, node: ast.stmt, function: _Function) -> _Patch | None:
    match node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=by), attr="setattr")) as call):
            if by not in {argument.arg for argument in function.args.args}:
                return None
        case ast.With(items=[ast.withitem(context_expr=ast.Call() as call, optional_vars=None)]):
            by = dotted(call.func).removesuffix(".object")
            meaning = project.resolve(module, by)
            if meaning is None or meaning.name not in _PATCHES:
                return None
        case _:
            return None
    if call.keywords or len(call.args) not in (2, 3) or any(isinstance(one, ast.Starred) for one in call.args):
        return None
    if len(call.args) == 2 and not isinstance(call.args[0], ast.Constant):
        return None
    return _Patch(node, call, by, call.args[-1])


def _bound_in(function: _Function | None) -> set[str]:
    if function is None:
        return set()
    stored = {n.id for n in walk(function) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    return stored | {n.arg for n in walk(function) if isinstance(n, ast.arg)}


def _is_set_twice(function: _Function | None, name: str) -> bool:
    """Whether a name may mean something else by the time of the request."""
    if function is None:
        return True
    stored = [n for n in walk(function) if isinstance(n, ast.Name) and n.id == name]
    return sum(not isinstance(n.ctx, ast.Load) for n in stored) > 1


def _rewrite(subject: _Subject, finding: Finding, edits: Edits) -> None:
    module, positions, patch = subject.module, subject.positions, subject.patch
    for found in (subject.app, subject.provider):
        if found.request is not None:
            edits.requests.append(ImportRequest(module.path, *found.request, finding))
    written = module.code(positions.span(patch.replacement))
    value = subject.name or written
    overrides = f"{subject.app.expression}.dependency_overrides"
    if subject.is_context:
        text = f"{patch.by}.dict({overrides}, {{{subject.provider.expression}: lambda: {value}}})"
    else:
        text = f"{patch.by}.setitem({overrides}, {subject.provider.expression}, lambda: {value})"
    edits.replace(module, positions.span(patch.call), text, finding)
    if subject.name:
        start = positions.span(patch.statement).start
        line = module.text.rfind("\n", 0, start) + 1
        indent = module.text[line:start]
        edits.insert(module, start, f"{subject.name} = {written}{module.source.newline}{indent}", finding)
