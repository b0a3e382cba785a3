"""Objects that handlers take from the module come from a dependency.

A client, a repository, settings, an engine or a store in memory that a handler uses as a global gets a provider,
a function without parameters that returns the global, and the handler asks for it by an alias
(`client: ClientDep`). The global stays for everybody else.

## Why

A handler that reaches for a global cannot be given another one: tests have to patch modules, and who reads the
signature does not see what the handler needs. With a dependency `app.dependency_overrides` replaces it, for one test or
for one deployment.

## Left alone

- Silently, what is no object with a life of its own: constants, tables that nobody changes, loggers, compiled patterns,
  enums, templates, locks, context variables, metrics, routers and applications, responses, ORM tables.
- A handler that is called, or replaced, by anything but FastAPI, under a decorator that may call it in another way, in
  a class, or with `*args` or `**kwargs`: the others would not pass the argument.
- An object that is set anew while requests are served: the handler would go on with the old one. Where a handler does
  that itself, requests race for it. Late assignment at startup is no obstacle, as the provider looks when it is called.
- One that a module imported by name and that is set anew elsewhere: the module may hold another object.
- One that is bound under a condition, or of which nothing shows what it is: an annotation would.
- Factories of database sessions: what the handler should ask for is the session.
- A handler in whose path or parameters the name means something else, or that imports the object itself, in its body.
- A type or name that cannot be imported where it is needed without closing a circle of imports.

## Safety

Safe: OpenAPI, answers and side effects stay the same, and tests that patch the global go on working, since
the provider reads it whenever it is called, in the module in which the handler did. It is `async` where a handler is,
so that no thread is needed for it. The routes get a dependency more, which is what they are for.

With `--through-helpers`, functions that handlers call get the object as an argument, see
[helper-global-to-parameter](helper-global-to-parameter.md). With `--update-tests`, tests that replace the global by
`monkeypatch.setattr` or `mock.patch` override the dependency instead, see
[patch-to-dependency-override](patch-to-dependency-override.md).

See <https://fastapi.tiangolo.com/tutorial/dependencies/>.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.handlers import Signatures
from ...edits.parameters import Piece, inserted, parameter_list, with_parameters, written
from ...edits.provider_plans import Injection, Injections, Plan, Plans
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.global_reads import GlobalRead, GlobalReads, global_reads, renamed_reads
from ...project.objects import Object, Objects
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.singletons import OBJECT, SESSIONS, UNKNOWN, VALUE, Singleton, is_method_of_values, singleton
from ...source.discovery import is_test


class Use(NamedTuple):
    """One handler that reads one object."""

    operation: Operation
    definition: Definition
    reads: tuple[GlobalRead, ...]
    all_reads: GlobalReads
    found: Object

    @property
    def module(self) -> Module:
        return self.operation.module


class Subject(NamedTuple):
    use: Use
    injection: Injection


class Options(NamedTuple):
    through_helpers: bool = False
    update_tests: bool = False


class GlobalToDependency(Codemod):
    safety = Safety.SAFE

    options = Options()

    companions = MappingProxyType(
        {"through_helpers": "helper-global-to-parameter", "update_tests": "patch-to-dependency-override"}
    )

    effects = frozenset({"dependency"})

    after = ("depends-to-annotated", "split-router")

    def find(self, project: Project) -> Iterator[Finding]:
        objects = Objects(project)
        found = list(_uses(project, objects))
        if not found:
            return
        signatures = Signatures(project, (use.operation for use in found))
        reasons = {id(use): _reason(use, signatures) for use in found}
        plans = Plans(project, objects)
        for use in found:
            if reasons[id(use)] is None:
                plans.add(use.found, use.reads[0].looked_up, use.operation)
        names, injections = _Names(), Injections(project)
        for use in found:
            made: Injection | str | None = reasons[id(use)]
            if made is None:
                made = _injection(use, plans.of(use.found, use.reads[0].looked_up), names, injections)
            first = use.reads[0].node
            line = use.definition.positions.line(first.lineno)
            name, function = use.found.symbol.name, use.operation.function
            yield self.finding(
                use.module.location(line, use.definition.positions.column(first.lineno, first.col_offset), line),
                f"`{function.name}` uses the module-level `{name}` instead of a dependency",
                anchor=f"{function.qualified_name}.{name}",
                left_alone=made if isinstance(made, str) else None,
                subject=Subject(use, made) if isinstance(made, Injection) else None,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        by_function: dict[tuple[str, int], list[Finding]] = {}
        for finding in findings:
            operation: Operation = finding.subject.use.operation
            by_function.setdefault((operation.module.path, operation.function.span.start), []).append(finding)
        for some in by_function.values():
            _rewrite(project, some, edits)


# Who uses what

_WORD = re.compile(r"[A-Za-z_]\w*")


def _uses(project: Project, objects: Objects) -> Iterator[Use]:
    """Every handler with every object that it uses."""
    read: list[tuple[Operation, Definition, GlobalReads, dict[Symbol, list[GlobalRead]]]] = []
    done: set[tuple[str, int]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = module.path, function.span.start
        if place in done or is_test(module.path):
            continue
        done.add(place)
        text = module.statement_text(function.statement)
        if not any(_may_lead_to_object(project, module, word) for word in dict.fromkeys(_WORD.findall(text))):
            continue
        definition = definition_of(module, function)
        if definition is None:
            continue
        found = global_reads(project, module, definition.node, function.scopes)
        by_symbol: dict[Symbol, list[GlobalRead]] = {}
        for one in found.reads:
            held = singleton(project, one.symbol)
            if held is not None and held.kind != VALUE:
                by_symbol.setdefault(one.symbol, []).append(one)
        for symbol in list(by_symbol):
            held = singleton(project, symbol)
            is_vague = held is not None and (held.kind == UNKNOWN or (held.kind == OBJECT and _is_constant(held)))
            if is_vague and not _does_something(by_symbol[symbol]):
                del by_symbol[symbol]
        if by_symbol:
            read.append((operation, definition, found, by_symbol))
    objects.look_up({symbol for *_, by_symbol in read for symbol in by_symbol})
    for operation, definition, found, by_symbol in read:
        for symbol, reads in by_symbol.items():
            known = objects.get(symbol)
            if known is not None:
                yield Use(operation, definition, tuple(reads), found, known)


def _may_lead_to_object(project: Project, module: Module, word: str) -> bool:
    """Whether a word in a handler may be one of the module's names for an object, or for a module that holds one."""
    known: dict[str, bool] = module.remembered("words for objects", dict)
    if word not in known:
        known[word] = _leads_to_object(project, module, word)
    return known[word]


def _leads_to_object(project: Project, module: Module, word: str) -> bool:
    bindings = module.bindings(word)
    if not bindings:
        if not module.facts.stars:
            # An import within the function
            return any(item.local == word and item.scopes for item in module.facts.imports)
    elif not any(binding.kind in ("assign", "import", "other") for binding in bindings):
        return False
    symbol = project.resolve(module, word)
    if symbol is None or symbol.path is None:
        return False
    if not symbol.name:
        return True  # a module of the project
    found = singleton(project, symbol)
    return found is not None and found.kind != VALUE


def _is_constant(held: Singleton) -> bool:
    """`TIMEOUT = aiohttp.ClientTimeout(10)`: written as a constant, and of a class that nothing is known of."""
    return held.symbol.name.isupper() and (held.maker is None or held.maker.path is None)


def _does_something(reads: Sequence[GlobalRead]) -> bool:
    """Whether what nothing is known of is used as an object: methods that texts, numbers and containers do not have."""
    return any(isinstance(read.above, ast.withitem | ast.Await) for read in reads) or any(
        isinstance(read.above, ast.Attribute)
        and isinstance(read.above.ctx, ast.Load)
        and not is_method_of_values(read.above.attr)
        and not read.above.attr.isupper()
        for read in reads
    )


# Why it stays

_ANY = Piece("", "", False, "")
_SEES_NAMES = frozenset({"eval", "exec", "locals", "vars"})


def _reason(use: Use, signatures: Signatures) -> str | None:
    found, operation = use.found, use.operation
    name = found.symbol.name
    if any(read.is_local_import for read in use.reads):
        return f"it imports `{name}` within the function, where a parameter comes too early"
    if name in use.all_reads.declared:
        return f"state rebound by handlers (race): it declares `global {name}`"
    if found.reason is not None:
        return found.reason
    if found.singleton.kind == SESSIONS:
        return "it makes sessions; `inline-session-to-dependency` gives the handler the session itself"
    if len({read.looked_up for read in use.reads}) > 1:
        return "it is looked up in two modules, which may hold different objects"
    if _is_imported_under_condition(use.module, use.reads[0].written.partition(".")[0]):
        return f"`{use.reads[0].written.partition('.')[0]}` is imported under a condition, and may not be there"
    if seen := sorted(use.all_reads.own & _SEES_NAMES):
        return f"it uses `{seen[0]}`, which would see one name more"
    path, local = use.reads[0].looked_up
    if path != found.symbol.path and found.rebound:
        return f"`{local}` was imported by name, and {found.rebound} sets it anew: this module may hold the old one"
    if (reason := signatures.reason_to_keep(operation)) is not None:
        return reason
    parameters = parameter_list(use.module, operation.function)
    if isinstance(parameters, str):
        return None if inserted(use.module, operation.function, [_ANY]) is not None else parameters
    return "it takes any arguments" if with_parameters(parameters.pieces, [_ANY]) is None else None


def _is_imported_under_condition(module: Module, name: str) -> bool:
    """Whether the import of a name is not one that always happens: what stands beside it must not be imported then."""
    return any(
        binding.kind == "import"
        and (binding.conditional or module.facts.statements[binding.statement].word not in ("import", "from"))
        for binding in module.bindings(name)
    )


def _injection(use: Use, plan: Plan | str, names: _Names, injections: Injections) -> Injection | str:
    if isinstance(plan, str):
        return plan
    name = names.give(use)
    if name is None:
        return f"`{use.reads[0].written}` cannot be the name of a parameter of `{use.operation.function.name}`"
    return injections.of(use.operation, name, plan)


class _Names:
    """Names of the new parameters."""

    def __init__(self) -> None:
        self._given: dict[tuple[str, int], set[str]] = {}

    def give(self, use: Use) -> str | None:
        name = self._parameter(use)
        if name is not None:
            self._given.setdefault((use.module.path, use.operation.function.span.start), set()).add(name)
        return name

    def _parameter(self, use: Use) -> str | None:
        """The name as it is where it can be one, else in lower case and without underscores in front."""
        function = use.operation.function
        written = use.reads[0].written
        last = written.rpartition(".")[2]
        own = {parameter.name for parameter in function.parameters}
        own |= self._given.get((use.module.path, function.span.start), set())
        usual = last.strip("_").lower()
        if usual != written and usual.isidentifier() and not keyword.iskeyword(usual):
            is_free = usual not in own | use.all_reads.own | use.all_reads.declared and not hasattr(builtins, usual)
            if is_free and renamed_reads(use.module, use.definition.positions, use.reads, usual) is not None:
                return usual
        if "." in written or written in own:
            return None
        return written if all(read.written == written for read in use.reads) else None


# Writing


def _rewrite(project: Project, findings: Sequence[Finding], edits: Edits) -> None:
    first: Subject = findings[0].subject
    module, function = first.use.module, first.use.operation.function
    new: list[Piece] = []
    for finding in findings:
        subject: Subject = finding.subject
        new.append(subject.injection.write(edits, module, finding))
        _rename(edits, subject, finding)
        head = subject.use.reads[0].written.partition(".")[0]
        if head in module.imports:
            edits.drop_import(module, head, finding)
    parameters = parameter_list(module, function)
    if isinstance(parameters, str):
        for span, text in inserted(module, function, new) or ():
            edits.replace(module, span, text, findings[0])
        return
    complete = with_parameters(parameters.pieces, new)
    assert complete is not None
    edits.replace(module, parameters.span, written(project, parameters, complete), findings[0])


def _rename(edits: Edits, subject: Subject, finding: Finding) -> None:
    use, name = subject.use, subject.injection.name
    reads = [read for read in use.reads if read.written != name]
    for span, text in renamed_reads(use.module, use.definition.positions, reads, name) or ():
        edits.replace(use.module, span, text, finding)
