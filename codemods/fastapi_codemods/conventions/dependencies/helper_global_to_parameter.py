"""Helpers get the objects that they use from the handlers that call them.

A function that handlers call and that reads a module-level client, repository or store takes it as a parameter. Its
callers pass what their own dependency gives them.

## Why

A dependency that only the handler uses can be overridden; what a helper takes from the module behind the
handler's back cannot. With a parameter the helper can be called with another object, in a test or elsewhere.

Works only if it is selected by its own name, or by `--through-helpers` of `global-to-dependency`, whose result it wants
to see: it changes functions that are not about HTTP.

## Left alone

- A helper that anything but handlers calls, or other helpers that only handlers call: scripts, tests, a callback, a
  background task, `functools.partial`.
- One under a decorator (a cache would have one more key), a method, a dependency; one that tests replace.
- A helper that another object reaches by the same name, or that reads it through a module or in a nested function's
  own name.
- A handler that could not be given the object by `global-to-dependency` either, for the same reasons.

## Safety

Safe: the object is the same one, and the parameter can be given by name only, so that no other argument changes its
place. The routes get a dependency more.

See <https://fastapi.tiangolo.com/tutorial/dependencies/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.collect import ImportRequest
from ...edits.handlers import Signatures
from ...edits.parameters import ParameterList, Piece, parameter_list, with_parameters, written
from ...edits.provider_plans import Injection, Injections, Plans
from ...edits.providers import Written, type_in
from ...findings import Finding, Safety
from ...project import Function, Module, Project, Symbol
from ...project.enclosing import enclosing_function
from ...project.global_reads import GlobalRead, global_reads, names_in
from ...project.objects import Object, Objects
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.reader import dotted
from ...project.references import Use, uses
from ...project.singletons import OBJECT, STORE, singleton
from ...source.discovery import is_test
from ...source.nodes import walk

_DEEPEST = 3


class _Helper(NamedTuple):
    """A function that needs the object: it reads it, or calls one that does."""

    module: Module
    function: Function
    definition: Definition
    parameters: ParameterList
    type: Written


class _Handler(NamedTuple):
    operation: Operation
    definition: Definition
    injection: Injection | None
    """None where it has the object already."""


class _Call(NamedTuple):
    module: Module
    definition: Definition
    node: ast.Call


class _Change(NamedTuple):
    name: str
    helpers: dict[tuple[str, int], _Helper]
    handlers: dict[tuple[str, int], _Handler]
    calls: list[_Call]


class Subject(NamedTuple):
    change: _Change


class HelperGlobalToParameter(Codemod):
    safety = Safety.SAFE

    effects = frozenset({"dependency"})

    after = ("global-to-dependency",)

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        search = _Search(project)
        for helper, reads, found in search.candidates():
            change = search.change(helper, reads, found)
            module, function = helper
            name = found.symbol.name
            definition = definition_of(module, function)
            assert definition is not None
            line = definition.positions.line(reads[0].node.lineno)
            column = definition.positions.column(reads[0].node.lineno, reads[0].node.col_offset)
            yield self.finding(
                module.location(line, column, line),
                f"`{function.name}`, which handlers call, uses the module-level `{name}` instead of a parameter",
                anchor=f"{function.qualified_name}.{name}",
                left_alone=change if isinstance(change, str) else None,
                subject=None if isinstance(change, str) else Subject(change),
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        # What several findings do to one function is written together.
        helpers: dict[tuple[str, int], list[tuple[str, _Helper, Finding]]] = {}
        handlers: dict[tuple[str, int], list[tuple[_Handler, Finding]]] = {}
        calls: dict[tuple[str, int, int], list[tuple[str, _Call, Finding]]] = {}
        for finding in findings:
            change: _Change = finding.subject.change
            for key, helper in change.helpers.items():
                helpers.setdefault(key, []).append((change.name, helper, finding))
            for key, handler in change.handlers.items():
                handlers.setdefault(key, []).append((handler, finding))
            for call in change.calls:
                span = call.definition.positions.span(call.node)
                calls.setdefault((call.module.path, span.start, span.end), []).append((change.name, call, finding))
        for some in helpers.values():
            _rewrite_helper(project, some, edits)
        for own in handlers.values():
            _rewrite_handler(project, own, edits)
        for passed in calls.values():
            _pass(passed, edits)


class _Search:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.objects = Objects(project)
        self.operations = {(o.module.path, o.function.qualified_name): o for o in operations_of(project)}
        self.signatures = Signatures(project, self.operations.values())
        self.injections = Injections(project)
        self.plans = Plans(project, self.objects)
        self._uses: dict[Symbol, list[Use]] = {}

    def candidates(self) -> Iterator[tuple[tuple[Module, Function], list[GlobalRead], Object]]:
        """Functions that handlers call, with the objects that they read, each once."""
        for symbol in sorted(self._called()):
            found = self.project.function(symbol)
            definition = definition_of(*found) if found is not None else None
            if found is None or definition is None:
                continue
            by_symbol: dict[Symbol, list[GlobalRead]] = {}
            for read in global_reads(self.project, found[0], definition.node).reads:
                held = singleton(self.project, read.symbol)
                if held is not None and held.kind in (OBJECT, STORE):
                    by_symbol.setdefault(read.symbol, []).append(read)
            for read_symbol, reads in by_symbol.items():
                known = self.objects.get(read_symbol)
                if known is not None and symbol not in known.providers:
                    yield found, reads, known

    def _called(self) -> set[Symbol]:
        """Functions of the project that handlers call, directly or through one another."""
        called: set[Symbol] = set()
        waiting: list[tuple[Module, Function, int]] = [
            (o.module, o.function, 0) for o in self.operations.values() if not is_test(o.module.path)
        ]
        while waiting:
            module, function, depth = waiting.pop()
            definition = definition_of(module, function)
            if definition is None or depth > _DEEPEST:
                continue
            for node in walk(definition.node):
                name = dotted(node.func) if isinstance(node, ast.Call) else ""
                symbol = self.project.resolve(module, name, function.scopes) if name else None
                if symbol is None or symbol.path is None or symbol in called or "." in symbol.name:
                    continue
                if (symbol.path, symbol.name) in self.operations or is_test(symbol.path):
                    continue
                found = self.project.function(symbol)
                if found is not None and not found[1].scopes:
                    called.add(symbol)
                    waiting.append((*found, depth + 1))
        return called

    def change(self, helper: tuple[Module, Function], reads: Sequence[GlobalRead], found: Object) -> _Change | str:
        """All that has to change for a helper to be given an object, or why it cannot."""
        name = reads[0].written
        if found.reason is not None:
            return found.reason
        if any(read.is_local_import or "." in read.written or read.written != name for read in reads):
            return f"it reaches `{found.symbol.name}` through a module or an import of its own"
        if reads[0].looked_up[0] != found.symbol.path and found.rebound:
            return f"`{name}` was imported by name, and {found.rebound} sets it anew"
        change = _Change(name, {}, {}, [])
        reason = self._give(helper, found, reads[0].looked_up, change, 0)
        return change if reason is None else reason

    def _give(
        self, helper: tuple[Module, Function], found: Object, looked_up: tuple[str, str], change: _Change, depth: int
    ) -> str | None:
        """Why a helper cannot be given the object. What is to change goes into `change`."""
        module, function = helper
        key = module.path, function.span.start
        if key in change.helpers:
            return None
        if depth > _DEEPEST:
            return "it is called through too many functions"
        if function.decorators:
            return f"`@{function.decorators[0].name}` may call `{function.name}` in another way"
        if self.objects.replacements(module.path, function.name):
            return f"tests replace `{function.name}`"
        definition = definition_of(module, function)
        if definition is None or found.singleton.type is None:
            return "nothing shows of which type it is"
        own = set(names_in(definition.node))
        if own & {"eval", "exec", "locals", "vars"}:
            return f"`{function.name}` looks at its own names"
        if depth and change.name in own:
            return f"`{change.name}` means something else in `{function.name}`"
        if any(parameter.name == change.name for parameter in function.parameters):
            return f"`{function.name}` has a parameter `{change.name}`"
        parameters = parameter_list(module, function)
        if isinstance(parameters, str):
            return f"`{function.name}`: {parameters}"
        type_ = type_in(self.project, found.singleton.type, module, function.statement)
        if type_ is None:
            return f"its type `{found.singleton.type.code}` cannot be named in {module.path}"
        change.helpers[key] = _Helper(module, function, definition, parameters, type_)
        symbol = Symbol(module.path, function.name)
        if symbol not in self._uses:
            self._uses[symbol] = uses(self.project, [symbol])[symbol]
        for use in self._uses[symbol]:
            if use.kind == "annotation":
                continue
            if (reason := self._at(use, found, looked_up, change, depth)) is not None:
                return reason
        return None

    def _at(self, use: Use, found: Object, looked_up: tuple[str, str], change: _Change, depth: int) -> str | None:
        """Why a use of a helper cannot pass the object."""
        module = self.project.module(use.path)
        if use.kind != "call" or is_test(use.path) or module is None:
            return f"{use.place} uses it otherwise than handlers do"
        caller = enclosing_function(module, use)
        operation = self.operations.get((use.path, caller))
        if operation is None and "." in caller:
            # A function within a handler
            for (path, name), one in self.operations.items():
                if path == use.path and caller.startswith(f"{name}."):
                    operation = one
        if operation is not None:
            definition = definition_of(module, operation.function)
            reason = self._give_handler(operation, definition, found, looked_up, change)
        else:
            called_by = self.project.function(Symbol(use.path, caller)) if caller and "." not in caller else None
            if called_by is None:
                return f"{use.place} calls it, and is no handler"
            definition = definition_of(*called_by)
            has_callers = bool(uses(self.project, [Symbol(use.path, caller)])[Symbol(use.path, caller)])
            if not has_callers:
                return f"{use.place} calls it, and is no handler"
            reason = self._give(called_by, found, looked_up, change, depth + 1)
        if reason is not None or definition is None:
            return reason or "its caller cannot be parsed"
        nodes = (node for node in walk(definition.node) if isinstance(node, ast.Call))
        node = next((node for node in nodes if _is_at(node, definition, use)), None)
        if node is None:
            return f"the call at {use.place} is not found again"
        if any(keyword.arg is None for keyword in node.keywords):
            return f"{use.place} passes `**` arguments"
        if any(isinstance(argument, ast.GeneratorExp) for argument in node.args):
            return f"{use.place} passes a generator expression, which may have no brackets of its own"
        change.calls.append(_Call(module, definition, node))
        return None

    def _give_handler(
        self,
        operation: Operation,
        definition: Definition | None,
        found: Object,
        looked_up: tuple[str, str],
        change: _Change,
    ) -> str | None:
        key = operation.module.path, operation.function.span.start
        if key in change.handlers:
            return None
        if definition is None:
            return "its caller cannot be parsed"
        module, function = operation.module, operation.function
        name = change.name
        self.plans.add(found, looked_up, operation)
        plan = self.plans.of(found, looked_up)
        if isinstance(plan, str):
            return plan
        injection = self.injections.of(operation, name, plan)
        if isinstance(injection, str):
            return injection
        known = next((parameter for parameter in function.parameters if parameter.name == name), None)
        if known is not None:
            annotation = module.code(known.annotation) if known.annotation is not None else ""
            default = module.code(known.default) if known.default is not None else ""
            is_same = annotation == injection.type and (injection.provider in default if injection.provider else True)
            is_new = plan.new_provider is not None or plan.new_alias is not None
            if is_new or not is_same:
                return f"`{name}` is another parameter of `{function.name}`"
            change.handlers[key] = _Handler(operation, definition, None)
            return None
        if name in set(names_in(definition.node)):
            return f"`{name}` means something else in `{function.name}`"
        if (reason := self.signatures.reason_to_keep(operation)) is not None:
            return f"`{function.name}` cannot be given it: {reason}"
        parameters = parameter_list(module, function)
        if isinstance(parameters, str) or with_parameters(parameters.pieces, [Piece("", "", False, "")]) is None:
            return f"`{function.name}` cannot have another parameter"
        change.handlers[key] = _Handler(operation, definition, injection)
        return None


def _is_at(node: ast.Call, definition: Definition, use: Use) -> bool:
    head, positions = node.func, definition.positions
    return (positions.line(head.lineno), positions.column(head.lineno, head.col_offset)) == (use.line, use.column)


# Writing


def _rewrite_helper(project: Project, some: Sequence[tuple[str, _Helper, Finding]], edits: Edits) -> None:
    helper = some[0][1]
    pieces = list(helper.parameters.pieces)
    rest = [piece for piece in pieces if piece.kind == "**"]
    pieces = [piece for piece in pieces if piece.kind != "**"]
    if not any(piece.text == "*" or piece.kind in ("*", "=") for piece in pieces):
        pieces.append(Piece("", "*", False, "marker"))
    given: set[str] = set()
    for name, one, finding in some:
        for request in one.type.imports:
            edits.requests.append(ImportRequest(helper.module.path, *request, finding))
        if name not in given:
            given.add(name)
            pieces.append(Piece(name, f"{name}: {one.type.code}", False, "="))
        if name in helper.module.imports:
            edits.drop_import(helper.module, name, finding)
    text = written(project, helper.parameters, [*pieces, *rest])
    edits.replace(helper.module, helper.parameters.span, text, some[0][2])


def _rewrite_handler(project: Project, some: Sequence[tuple[_Handler, Finding]], edits: Edits) -> None:
    module, function = some[0][0].operation.module, some[0][0].operation.function
    new: dict[str, Piece] = {}
    for handler, finding in some:
        if handler.injection is not None:
            new.setdefault(handler.injection.name, handler.injection.write(edits, module, finding))
    parameters = parameter_list(module, function)
    assert not isinstance(parameters, str)
    complete = with_parameters(parameters.pieces, list(new.values())) if new else None
    if complete is not None:
        edits.replace(module, parameters.span, written(project, parameters, complete), some[0][1])


def _pass(some: Sequence[tuple[str, _Call, Finding]], edits: Edits) -> None:
    """Put the arguments at the end of a call."""
    _, call, finding = some[0]
    module = call.module
    span = call.definition.positions.span(call.node)
    text = ", ".join(dict.fromkeys(f"{name}={name}" for name, *_ in some))
    last = [*call.node.args, *(keyword.value for keyword in call.node.keywords)]
    if not last:
        edits.insert(module, span.end - 1, text, finding)
        return
    ends = max(call.definition.positions.span(node).end for node in last)
    edits.insert(module, ends, f", {text}", finding)
