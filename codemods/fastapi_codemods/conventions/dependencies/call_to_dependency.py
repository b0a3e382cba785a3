"""What handlers call first to know who is asking is a dependency.

`user = get_current_user(request)` or `user = await authenticate(token)`, at the top of two handlers or more, becomes a
parameter `user: Annotated[User, Depends(get_current_user)]`; `require_admin(request)`, whose value nobody takes,
becomes `dependencies=[Depends(require_admin)]`.

Where FastAPI cannot call the function itself, because it takes a plain token or a constant, or has a parameter that
clients could then set, a small dependency is written below it that takes what the handlers took, and calls it.

## Why

A check that is called is forgotten in the next handler. As a dependency it can stand on a router, is run once for a
request, shows in OpenAPI where it is a security scheme, and is replaced in tests with `dependency_overrides`.

## Left alone

- A call that only one handler makes, unless the function is injected elsewhere already.
- What is given that is neither a parameter of the handler which says where it comes from nor a constant; functions with
  `*args` and `**kwargs`.
- Handlers in which something else comes first, and those that something else calls, methods, and other decorators.
- Functions that set context variables or use `threading.local`: a `def` dependency runs in another thread.
- Functions that tests or other modules replace by their name.
- Calls whose names say nothing of users, tokens or permissions; WebSockets; tests.

## Safety

A contract: dependencies run before the other parameters are checked, so that a request that is wrong in both ways is
answered with the error of the dependency, 401, and no longer with 422. Nothing else may differ.

See <https://fastapi.tiangolo.com/tutorial/dependencies/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.aliases import insert_below
from ...edits.handlers import Signatures, operations_with, request_parameter
from ...edits.injections import (
    Injectable,
    Injection,
    add_injections,
    add_to_decorators,
    injection_in,
    provider_in,
    reason_of_decorators,
    reason_of_name,
)
from ...edits.lines import remove_statements, stands_alone
from ...edits.models import import_of, reference
from ...findings import Finding, Safety
from ...project import Function, Module, Project, Span, Symbol
from ...project.bodies import parameter_of
from ...project.injected import Marker, called, injected_by
from ...project.names import facts_of
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.provided import injected_symbols
from ...project.reader import dotted
from ...source.discovery import is_test
from ...source.nodes import walk

FEWEST = 2
_TELLS = re.compile(
    r"access|account|admin|auth|check|credential|current|ensure|guard|identity|login|permission|principal|require|role"
    r"|session|tenant|token|user|valid|verif",
    re.IGNORECASE,
)
_REQUESTS = frozenset({"fastapi.Request", "starlette.requests.Request"})
_FROM_REQUEST = ("Header(", "Cookie(", "Security(", "Depends(")


class _Call(NamedTuple):
    """One call at the top of a handler."""

    operation: Operation
    definition: Definition
    statement: ast.stmt
    variable: str
    """Empty for a value that nobody takes."""
    call: ast.Call
    is_awaited: bool
    callee: Symbol
    position: int
    """Of the statement in the body, the docstring left out."""

    @property
    def key(self) -> tuple[Symbol, str, bool]:
        given = [ast.dump(argument) for argument in self.call.args]
        return self.callee, ", ".join([*given, *(ast.dump(k) for k in self.call.keywords)]), self.is_awaited

    @property
    def handler(self) -> tuple[str, int]:
        return self.operation.module.path, self.operation.function.span.start


class _Provider(NamedTuple):
    injectable: Injectable
    home: Module
    statement: int
    text: str
    """Of a new dependency, empty where the function itself is one."""
    requests: tuple[tuple[str, str], ...]


class _Subject(NamedTuple):
    one: _Call
    provider: _Provider
    injection: Injection | None
    code: tuple[str, tuple[tuple[str, str], ...]] | None
    """`Depends(f)` for the decorators, with the imports that it needs."""


class CallToDependency(Codemod):
    safety = Safety.CONTRACT

    after = ("depends-to-annotated", "annotated-dependency-alias", "inline-session-to-dependency")
    effects = frozenset({"dependency", "response"})

    def find(self, project: Project) -> Iterator[Finding]:
        groups: dict[tuple[Symbol, str, bool], list[_Call]] = {}
        for one in _calls(project):
            groups.setdefault(one.key, []).append(one)
        known = injected_symbols(project) if groups else {}
        several = [some for some in groups.values() if len(some) >= FEWEST or some[0].callee in known]
        calls = sorted((one for some in several for one in some), key=lambda one: (*one.handler, one.position))
        signatures = Signatures(project, [one.operation for one in calls])
        providers = _Providers(project)
        moving: dict[tuple[str, int], list[_Call]] = {}
        """What goes of the top of a handler."""
        for one in calls:
            outcome = _outcome(project, one, providers, signatures, moving.get(one.handler, []))
            if isinstance(outcome, _Subject):
                moving.setdefault(one.handler, []).append(one)
            function, module = one.operation.function, one.operation.module
            line = one.definition.positions.line(one.statement.lineno)
            column = one.definition.positions.column(one.statement.lineno, one.statement.col_offset)
            yield self.finding(
                module.location(line, column, line),
                f"`{function.name}` calls `{ast.unparse(one.call)}` first, as {len(groups[one.key])} handlers do,"
                " instead of depending on it",
                anchor=f"{function.qualified_name}.{one.callee.name}",
                left_alone=outcome if isinstance(outcome, str) else None,
                subject=None if isinstance(outcome, str) else outcome,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        by_handler: dict[tuple[str, int], list[Finding]] = {}
        for finding in findings:
            by_handler.setdefault(finding.subject.one.handler, []).append(finding)
        for together in by_handler.values():
            _rewrite(project, together, edits)


# Finding calls


def _calls(project: Project) -> Iterator[_Call]:
    seen: set[tuple[str, int]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = module.path, function.span.start
        if place in seen or is_test(module.path) or operation.method == "websocket" or not function.parameters:
            continue
        seen.add(place)
        head = module.text[function.span.end : function.span.end + 1500]
        if not _TELLS.search(head):
            continue
        definition = definition_of(module, function)
        if definition is None:
            continue
        for index, statement in enumerate(_without_docstring(definition.node.body)):
            one = _call(project, operation, definition, statement, index)
            if one is None:
                break
            yield one


def _without_docstring(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    match body:
        case [ast.Expr(value=ast.Constant(value=str())), *rest]:
            return rest
    return list(body)


def _call(
    project: Project, operation: Operation, definition: Definition, statement: ast.stmt, index: int
) -> _Call | None:
    variable = ""
    match statement:
        case ast.Assign(targets=[ast.Name(id=variable)], value=value):
            pass
        case ast.AnnAssign(target=ast.Name(id=variable), value=ast.expr() as value):
            pass
        case ast.Expr(value=value):
            pass
        case _:
            return None
    call = value.value if isinstance(value, ast.Await) else value
    if not isinstance(call, ast.Call) or not (name := dotted(call.func)):
        return None
    if not _TELLS.search(f"{name} {variable}"):
        return None
    module, function = operation.module, operation.function
    callee = project.resolve(module, name, function.scopes)
    if callee is None or callee.path is None or "." in callee.name:
        return None
    own = {parameter.name: module.text[parameter.start : parameter.end] for parameter in function.parameters}
    request = request_parameter(project, operation)
    schemes = {
        asked.parameter.name
        for asked in injected_by(project, module, function)
        if asked.marker.provider is not None and not called(project, asked.marker.provider)
    }
    names = {node.id for node in walk(call) if isinstance(node, ast.Name)} & own.keys()
    of_request = any(
        given == request or given in schemes or any(word in own[given] for word in ("Header(", "Cookie("))
        for given in names
    )
    if not of_request:
        return None
    return _Call(operation, definition, statement, variable, call, isinstance(value, ast.Await), callee, index)


# What becomes of them


def _outcome(
    project: Project, one: _Call, providers: _Providers, signatures: Signatures, moving: Sequence[_Call]
) -> _Subject | str:
    operation, positions = one.operation, one.definition.positions
    module, function = operation.module, operation.function
    if one.position > len(moving):
        return "something else that stays comes before it"
    provider = providers.of(one)
    if isinstance(provider, str):
        return provider
    if len(one.definition.node.body) == 1:
        return "the handler does nothing else"
    if not stands_alone(module, positions.span(one.statement)) or "#" in module.code(positions.span(one.statement)):
        return "something else stands on its line"
    if reason := signatures.reason_to_keep(operation):
        return reason
    if reason := providers.reason_of_replaced(one):
        return reason
    if not one.variable:
        operations = operations_with(project, operation)
        if reason := reason_of_decorators(operations):
            return reason
        if injected_by(project, module, function) or any(other.variable for other in moving):
            return "other dependencies of the handler run before it now"
        code = _depends(project, module, function, provider.injectable.provider)
        return code if isinstance(code, str) else _Subject(one, provider, None, code)
    if reason := reason_of_name(project, operation, one.variable):
        return reason
    stored = [n for n in walk(one.definition.node) if isinstance(n, ast.Name) and n.id == one.variable]
    if isinstance(one.statement, ast.AnnAssign):
        return f"`{one.variable}` has a type of its own"
    if sum(not isinstance(node.ctx, ast.Load) for node in stored) > 1:
        return f"`{one.variable}` is given another value later"
    injection = injection_in(project, module, function, one.variable, provider.injectable)
    return injection if isinstance(injection, str) else _Subject(one, provider, injection, None)


def _depends(
    project: Project, module: Module, function: Function, symbol: Symbol
) -> tuple[str, tuple[tuple[str, str], ...]] | str:
    provider = provider_in(project, module, symbol)
    depends = reference(project, module, Symbol(None, "fastapi.Depends"))
    if provider is None or depends is None:
        return f"`{symbol.name}` cannot be imported in {module.path}"
    for found in (provider, depends):
        head = found.expression.partition(".")[0]
        if any(head in scope.names for scope in function.scopes):
            return f"`{head}` means something else in the function that the handler stands in"
        if any(binding.statement >= function.statement for binding in module.bindings(head)):
            return f"`{head}` is defined below the handler"
    requests = tuple(found.request for found in (provider, depends) if found.request is not None)
    return f"{depends.expression}({provider.expression})", requests


class _Providers:
    """For each way to call a function one dependency, whoever of the handlers is accepted."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[tuple[object, ...], _Provider | str] = {}
        self._taken: set[str] = set()

    def of(self, one: _Call) -> _Provider | str:
        """The dependency for a call, or why there is none."""
        found = self.project.function(one.callee)
        home = self.project.module(one.callee.path or "")
        if found is None or home is None:
            return f"`{one.callee.name}` is not one function of the project"
        module, callee = found
        if reason := self._reason_of_callee(one, module, callee):
            return reason
        type_ = _type_given(self.project, module, callee)
        direct = self._reason_against_itself(one, module, callee)
        if direct is None:
            return _Provider(Injectable(one.callee, type_), home, 0, "", ())
        if self._given(one, callee) is None:
            return direct
        pieces = self._parameters(one)
        if isinstance(pieces, str):
            return pieces
        key = (*one.key, tuple(text for _, text in pieces))
        if key not in self._known:
            self._known[key] = self._made(one, home, callee, type_, [text for _, text in pieces])
        return self._known[key]

    def _reason_of_callee(self, one: _Call, module: Module, callee: Function) -> str | None:
        name = one.callee.name
        if callee.decorators:
            return f"`@{callee.decorators[0].name}` may call `{name}` in another way"
        if callee.is_async != one.is_awaited:
            return f"`{name}` is not called as it is defined"
        if any(parameter.kind in ("*", "**", "/") for parameter in callee.parameters):
            return f"`{name}` takes any arguments"
        if len(module.bindings(name)) != 1 or module.bindings(name)[0].conditional:
            return f"`{name}` is not defined in one place"
        definition = definition_of(module, callee)
        if definition is None:
            return f"`{name}` cannot be read"
        for part in walk(definition.node):
            if isinstance(part, ast.Yield | ast.YieldFrom):
                return f"`{name}` yields"
            if isinstance(part, ast.Call) and dotted(part.func).endswith(".set") and not callee.is_async:
                return f"`{name}` may set a context variable, which a dependency in another thread would lose"
        return None

    def reason_of_replaced(self, one: _Call) -> str | None:
        """Whether something puts another function in the place of the one that the handler calls."""
        name, path = one.callee.name, one.callee.path or ""
        own = one.operation.module
        for where, local in {(own.path, dotted(one.call.func).partition(".")[0]), (path, name)}:
            there = self.project.module(where)
            facts = facts_of(self.project, there, local) if there is not None else None
            if facts is not None and (facts.named or facts.changed_elsewhere):
                by = (facts.named[0].place if facts.named else facts.changed_elsewhere[0].place).path
                return f"`{local}` of {where} is replaced in {by}"
        return None

    def _reason_against_itself(self, one: _Call, module: Module, callee: Function) -> str | None:
        """Why FastAPI cannot call the function as the handler does."""
        given = self._given(one, callee)
        if given is None:
            return "what it is given is not certain"
        asked = {inner.parameter.name: inner.marker for inner in injected_by(self.project, module, callee)}
        operation = one.operation
        own = {i.parameter.name: i.marker for i in injected_by(self.project, operation.module, operation.function)}
        for parameter in callee.parameters:
            value = given.get(parameter.name)
            if value is None:
                if parameter.name in asked:
                    return f"`{parameter.name}` of `{callee.name}` is a dependency that the handler does not give"
                return f"clients could set `{parameter.name}` of `{callee.name}` in the query"
            if isinstance(value, ast.Name) and value.id == request_parameter(self.project, operation):
                if not _is_request(self.project, module, callee, parameter.name):
                    return f"`{parameter.name}` of `{callee.name}` does not say that it is the request"
            elif isinstance(value, ast.Name) and value.id in own and parameter.name in asked:
                if not _same(own[value.id], asked[parameter.name]):
                    return f"`{parameter.name}` of `{callee.name}` asks for something else than the handler gives"
            else:
                return f"`{parameter.name}` of `{callee.name}` does not say where it comes from"
        return None

    def _given(self, one: _Call, callee: Function) -> dict[str, ast.expr] | None:
        given: dict[str, ast.expr] = {}
        for value in (*one.call.args, *(keyword.value for keyword in one.call.keywords)):
            name = parameter_of(one.call, value, callee)
            if name is None:
                return None
            given[name] = value
        return given

    def _parameters(self, one: _Call) -> list[tuple[str, str]] | str:
        """The handler's parameters that a new dependency takes in its place, by name and as text."""
        operation = one.operation
        module, function = operation.module, operation.function
        by_name = {parameter.name: parameter for parameter in function.parameters}
        own = {i.parameter.name: i.marker for i in injected_by(self.project, module, function)}
        found: list[tuple[str, str]] = []
        for value in (*one.call.args, *(keyword.value for keyword in one.call.keywords)):
            if isinstance(value, ast.Constant):
                continue
            if not isinstance(value, ast.Name) or value.id not in by_name:
                return f"`{ast.unparse(value)}` is neither a parameter of the handler nor a constant"
            marker = own.get(value.id)
            if (
                marker is not None
                and marker.provider is not None
                and self.project.function(marker.provider) is not None
            ):
                return f"`{value.id}` is a dependency itself, which `{one.callee.name}` could ask for"
            parameter = by_name[value.id]
            text = module.text[parameter.start : parameter.end]
            if "\n" in text or parameter.kind in ("*", "**", "/"):
                return f"`{value.id}` is not written plainly"
            is_request = value.id == request_parameter(self.project, operation)
            if not is_request and marker is None and not any(word in text for word in _FROM_REQUEST):
                return f"`{value.id}` may be meant for this path alone"
            found.append((value.id, text))
        return found

    def _made(
        self, one: _Call, home: Module, callee: Function, type_: Symbol | None, parameters: Sequence[str]
    ) -> _Provider | str:
        """A dependency below the function that takes what the handlers took."""
        project, module = self.project, one.operation.module
        requests: list[tuple[str, str]] = []
        for name in {n for text in parameters for n in _names(text)}:
            symbol = project.resolve(module, name)
            if symbol is None or project.resolve(home, name) == symbol:
                if symbol is not None and any(b.statement > callee.statement for b in home.bindings(name)):
                    return f"`{name}` is defined below `{callee.name}`"
                continue
            found = reference(project, home, symbol)
            if found is None or found.expression != name:
                return f"`{name}` cannot be imported in {home.path}"
            if found.request is not None:
                requests.append(found.request)
        if home.path != module.path and import_of(project, module, home) is None:
            return f"{module.path} cannot import from {home.path} without closing a circle"
        base = re.sub(r"\A(?:get|fetch|load)_", "", callee.name)
        candidates = [f"get_{one.variable}", f"provide_{one.variable}"] if one.variable else []
        usual = (*candidates, f"{callee.name}_dependency", f"depends_on_{base}")
        free = [n for n in usual if not (home.bindings(n) or module.bindings(n) or n in self._taken)]
        if not free:
            return "no name is left for a dependency"
        made = free[0]
        self._taken.add(made)
        arguments = ", ".join(
            [
                *(ast.unparse(value) for value in one.call.args),
                *(f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in one.call.keywords),
            ]
        ).replace("'", '"')
        word, awaited = ("async def", "await ") if one.is_awaited else ("def", "")
        indent, newline = project.style.indent, home.source.newline
        ordered = sorted(parameters, key=lambda text: "=" in re.sub(r"\[.*\]|\(.*\)", "", text))
        gives = f" -> {home.code(callee.returns)}" if callee.returns is not None else ""
        header = f"{word} {made}({', '.join(ordered)}){gives}:"
        text = f"{header}{newline}{indent}return {awaited}{callee.name}({arguments})"
        return _Provider(
            Injectable(Symbol(home.path, made), type_), home, callee.statement, text, tuple(dict.fromkeys(requests))
        )


def _names(text: str) -> Iterator[str]:
    """The names that a parameter's text reads."""
    match ast.parse(f"def f({text}): ...").body:
        case [ast.FunctionDef(args=arguments)]:
            for node in walk(arguments):
                if isinstance(node, ast.Name) and node.id not in ("str", "int", "bool", "None"):
                    yield node.id


def _type_given(project: Project, module: Module, callee: Function) -> Symbol | None:
    code = module.code(callee.returns) if callee.returns is not None else ""
    if not re.fullmatch(r"[A-Za-z_][\w.]*", code) or code == "None":
        return None
    symbol = project.resolve(module, code)
    if symbol is None and code in ("bool", "dict", "int", "list", "str"):
        return Symbol(None, f"builtins.{code}")
    return symbol


def _is_request(project: Project, module: Module, function: Function, name: str) -> bool:
    parameter = next(parameter for parameter in function.parameters if parameter.name == name)
    if parameter.annotation is None or parameter.default is not None:
        return False
    symbol = project.resolve(module, module.code(parameter.annotation).strip("\"'"), function.scopes)
    return symbol is not None and symbol.path is None and symbol.name in _REQUESTS


def _same(one: Marker, other: Marker) -> bool:
    """Whether two ask for one thing, so that FastAPI would give both the same."""
    options = [sorted(ast.dump(k) for k in m.call.keywords if k.arg != "dependency") for m in (one, other)]
    return one.provider is not None and one.provider == other.provider and options[0] == options[1]


# Rewriting


def _rewrite(project: Project, together: Sequence[Finding], edits: Edits) -> None:
    first: _Subject = together[0].subject
    operation, definition = first.one.operation, first.one.definition
    module, function = operation.module, operation.function
    gone = {finding.subject.one.statement for finding in together}
    spans: list[Span] = [definition.positions.span(statement) for statement in gone]
    remove_statements(edits, module, spans, together[0])
    left = {
        node.id
        for statement in definition.node.body
        if statement not in gone
        for node in walk(statement)
        if isinstance(node, ast.Name)
    }
    given = {n.id for f in together for n in walk(f.subject.one.call) if isinstance(n, ast.Name)}
    without = {p.name for p in function.parameters if p.name in given and p.name not in left}
    injections = [finding.subject.injection for finding in together if finding.subject.injection is not None]
    add_injections(edits, module, function, injections, together[0], without=without)
    codes = [finding.subject.code for finding in together if finding.subject.code is not None]
    if codes:
        add_to_decorators(edits, operations_with(project, operation), [code for code, _ in codes], together[0])
    for source, name in dict.fromkeys(request for _, requests in codes for request in requests):
        edits.import_name(module, source, name, together[0])
    for finding in together:
        provider: _Provider = finding.subject.provider
        if provider.text:
            for request in provider.requests:
                edits.import_name(provider.home, *request, finding)
            insert_below(edits, provider.home, provider.statement, provider.text, finding)
    _drop_imports(edits, module, function, without | given, together)


def _drop_imports(
    edits: Edits, module: Module, function: Function, names: set[str], together: Sequence[Finding]
) -> None:
    """What only the calls and the parameters named that are gone."""
    heads = {dotted(finding.subject.one.call.func).partition(".")[0] for finding in together}
    for parameter in function.parameters:
        if parameter.name in names:
            heads |= set(_names(module.text[parameter.start : parameter.end]))
    for head in sorted(heads):
        if head in module.imports:
            edits.drop_import(module, head, together[0])
