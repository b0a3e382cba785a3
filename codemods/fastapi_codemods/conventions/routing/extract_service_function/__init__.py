"""What a long handler does is done by a function of its own.

The work of `create_order`, which is what stands at its end and uses nothing of HTTP, becomes a function, word for word.
The handler keeps its decorators, its signature, what it reads from the request and what it checks, and ends with
`return await orders_service.create_order(order, session, customer)`. Only if this codemod itself is asked for, with
`--select extract-service-function`.

The function goes where the project keeps such functions: to `service.py` beside the router, or to a module of a package
`services/` or `crud/`, which is made where the layout says what it would be called. Where the layout says nothing, or
the function needs something that only the router's module has, it stays in that module, as `_create_order`.

## Why

The handler says what a request consists of and what answers it. The function can be called by another route, a task or
a test without HTTP.

## Left alone

- Handlers of up to `max-lines` lines (30), and shorter ones with up to `max-branches` branches (3), are no findings.
  Blank lines, comments and functions in it do not count.
- Handlers that use the request, the response, background tasks or a WebSocket to the end, and those that make a
  response in the midst of their work or say that they return one.
- Handlers with an HTTP error in every few lines, more than one to six, and those that hand on the request between
  their errors.
- Handlers whose work would need a variable of which the type is not known, or sets one that `finally` or `except`
  look at, unless a few errors are all that they have of HTTP.
- Generators, and bodies that look at their own frame: `locals()`, `eval()`, `super()`, `stacklevel=`.
- Handlers in a function, in a class or under a condition, and those with `*args` or `**kwargs`.
- A handler of which the new function's name is taken.

## Safety

Safe: the text is not changed and what it is given is handed over. It leaves the router's module only if everything that
it uses can be imported where it goes, without a circle, and tests replace nothing of it by `mock.patch` or `setattr`.
`logger = logging.getLogger(__name__)` is made there as well: log records have that module's name then, and the new
function's.

Where a few errors of a handler stand between its work, they move with it: a body that raises `HTTPException` does so
from anywhere. It must go to a module of services, and does so only if those of the project raise it, too; the finding
says so, as a service would better raise an error of its own.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ....codemod import Codemod
from ....edits import Edits
from ....edits.lines import indent_of, start_with_comments
from ....findings import Finding, Safety
from ....project import Function, Module, Project, Span
from ....project.handler_size import Size, nodes_of, size_of, without_docstring
from ....project.operations import Definition, Operation, definition_of, operations_of
from ....source.discovery import is_test
from ....source.nodes import walk
from .home import Home, Needed, home_of, needed_there
from .inputs import Input, Unknown, inputs_of
from .region import FEWEST_LINES, Region, regions_of
from .text import function_text, new_module, text_of


class _Options(NamedTuple):
    max_lines: int = 30
    max_branches: int = 3


class _Subject(NamedTuple):
    module: Module
    function: Function
    region: Span
    """Whole lines, with the comments above."""
    text: str
    """The same as the body of a function at module level."""
    name: str
    inputs: tuple[Input, ...]
    returns: str
    gives: bool
    """It returns something."""
    is_async: bool
    home: Home | None
    """None for the handler's own module."""
    needed: tuple[Needed, ...]
    """By the home, of what it does not have yet."""
    imported: tuple[str, ...]
    """What the handler's module may not need any more."""


class ExtractServiceFunction(Codemod):
    safety = Safety.SAFE

    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        seen: set[tuple[str, int]] = set()
        taken = _Taken(project)
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            if (module.path, function.line) in seen or is_test(module.path):
                continue
            seen.add((module.path, function.line))
            if module.statement_text(function.statement).count("\n") <= min(self.options.max_lines, FEWEST_LINES):
                continue
            definition = definition_of(module, function)
            if definition is None:
                continue
            size = size_of(without_docstring(definition.node))
            if not self._is_long(size):
                continue
            result = self._extracted(project, operation, definition, size, taken)
            yield self.finding(
                module.location(function.line, 1, function.end_line),
                _message(function, size, result),
                anchor=function.qualified_name,
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def _is_long(self, size: Size) -> bool:
        return size.lines > self.options.max_lines or (
            size.branches > self.options.max_branches and size.lines > FEWEST_LINES
        )

    def _extracted(
        self, project: Project, operation: Operation, definition: Definition, size: Size, taken: _Taken
    ) -> _Subject | str:
        module, function = operation.module, operation.function
        if function.scopes:
            return f"it stands in `{function.scopes[-1].name}`, of which it may use names"
        if function.conditional:
            return "it is defined under a condition"
        if any(parameter.kind in ("*", "**") for parameter in function.parameters):
            return "it has parameters of any number"
        reason = ""
        for region in regions_of(project, module, function, definition):
            if isinstance(region, str):
                return reason or region
            part = size_of(region.statements)
            left = Size(size.lines - part.lines + 1, size.branches - part.branches, 0, 0, 0)
            if self._is_long(left):
                reason = reason or "what it does with the request and its errors is long by itself"
                continue
            inputs = inputs_of(project, module, function, definition, region)
            if isinstance(inputs, Unknown):
                reason = reason or inputs.reason
                continue
            result = _subject(project, module, function, definition, region, inputs, taken)
            if not isinstance(result, str):
                return result
            reason = reason or result
        return reason

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        new: dict[str, list[Finding]] = {}
        for finding in findings:
            subject: _Subject = finding.subject
            module, home = subject.module, subject.home
            _call(project, subject, finding, edits)
            if home is None:
                start = start_with_comments(module, module.facts.statements[subject.function.statement].start)
                newline = module.source.newline
                edits.insert(module, start, f"{_function(project, subject, module)}{newline}{newline}", finding)
                continue
            if home.request is not None:
                edits.import_name(module, *home.request, finding)
            for name in subject.imported:
                edits.drop_import(module, name, finding)
            target = project.module(home.path) if not home.is_new else None
            if target is None:
                new.setdefault(home.path, []).append(finding)
                continue
            for needed in subject.needed:
                if needed.source:
                    edits.import_name(target, needed.source, needed.imported, finding)
            newline = target.source.newline
            gap = "" if target.text.endswith(newline) or not target.text else newline
            edits.insert(
                target, len(target.text), f"{gap}{newline}{newline}{_function(project, subject, target)}", finding
            )
        for path, its in new.items():
            subjects: list[_Subject] = [finding.subject for finding in its]
            first = subjects[0].module
            functions = [_function(project, subject, first) for subject in subjects]
            needed_by_all = {needed for subject in subjects for needed in subject.needed}
            edits.create(path, new_module(project, path, first, needed_by_all, functions), its[0])


class _Taken:
    """What findings before have taken: names of functions in modules of services, and modules that are to be made."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._names: set[tuple[str, str]] = set()
        self._makers: dict[str, str] = {}

    def name(self, home: Home, name: str) -> bool:
        if (home.path, name) in self._names:
            return True
        target = self._project.module(home.path) if not home.is_new else None
        return target is not None and re.search(rf"\b{name}\b", target.text) is not None

    def is_made_for_another(self, home: Home, module: Module) -> bool:
        return home.is_new and self._makers.get(home.path, module.path) != module.path

    def take(self, home: Home, module: Module, name: str) -> None:
        self._names.add((home.path, name))
        if home.is_new:
            self._makers[home.path] = module.path


def _message(function: Function, size: Size, result: _Subject | str) -> str:
    branches = f"{size.branches} branch{'es' * (size.branches != 1)}"
    message = f"`{function.name}` does {size.lines} lines of work itself, with {branches}"
    if isinstance(result, str):
        return message
    if result.home is not None:
        message += f"; {result.home.path} is the place for it"
        if any(needed.logger for needed in result.needed):
            message += ", under whose name it logs then"
    if "HTTPException" in result.text:
        message += "; its errors are of HTTP, which a service would leave to the handler"
    return message


def _subject(
    project: Project,
    module: Module,
    function: Function,
    definition: Definition,
    region: Region,
    inputs: tuple[Input, ...],
    taken: _Taken,
) -> _Subject | str:
    found = text_of(module, function, definition, region)
    if found is None:
        return "its work does not have its lines to itself"
    span, text = found
    gives = any(isinstance(part, ast.Return) and part.value is not None for part in nodes_of(region.statements))
    returns = module.code(function.returns) if function.returns is not None and gives else "" if gives else "None"
    if "\n" in returns or "\r" in returns:
        returns = ""
    is_async = any(_awaits(part) for part in nodes_of(region.statements))
    subject = _Subject(
        module, function, span, text, f"_{function.name.lstrip('_')}", inputs, returns, gives, is_async, None, (), ()
    )
    if elsewhere := _elsewhere(project, subject, region, taken):
        return elsewhere
    if region.http:
        return "its work raises HTTP errors and would stay in this module, so that no HTTP is taken from it"
    if subject.name == function.name or re.search(rf"\b{subject.name}\b", module.text):
        return f"the name `{subject.name}` is taken"
    return subject


def _awaits(node: ast.AST) -> bool:
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or (
        isinstance(node, ast.comprehension) and bool(node.is_async)
    )


def _elsewhere(project: Project, subject: _Subject, region: Region, taken: _Taken) -> _Subject | None:
    """The same with a module of services as its home, None where there is none or it cannot go there."""
    module = subject.module
    home = module.remembered("extract-service-function: home", lambda: home_of(project, module))
    if home is None or taken.is_made_for_another(home, module):
        return None
    name = subject.function.name.lstrip("_")
    if any(what != "HTTPException" for what in region.http) or (region.http and not home.raises_http_errors):
        return None
    if any(isinstance(part, ast.ImportFrom) and part.level for part in nodes_of(region.statements)):
        return None
    subject = subject._replace(inputs=tuple(_plain(each) for each in subject.inputs))
    names = _free_names(subject)
    types = _names_of_types(subject)
    if types is None or name in names or taken.name(home, name):
        return None
    needed = needed_there(project, home, {*((module, each) for each in names), *types})
    if needed is None:
        return None
    taken.take(home, module, name)
    imported = tuple(sorted(each for each in names if each in module.imports))
    return subject._replace(name=name, home=home, needed=tuple(needed), imported=imported)


def _plain(given: Input) -> Input:
    """With what an alias of a dependency provides as its type."""
    return given._replace(type=given.alias[0]) if given.alias is not None else given


def _names_of_types(subject: _Subject) -> set[tuple[Module, str]] | None:
    """The names in the header, each with the module whose name it is; None where a type is written as a string."""
    types = [(each.type, each.alias[1] if each.alias is not None else subject.module) for each in subject.inputs]
    found: set[tuple[Module, str]] = set()
    for type_, module in [*types, (subject.returns, subject.module)]:
        for part in walk(ast.parse(f"({type_ or None}\n)", mode="eval")):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                return None
            if isinstance(part, ast.Name):
                found.add((module, part.id))
    return found


def _free_names(subject: _Subject) -> set[str]:
    """What the body uses of the module around it."""
    found: set[str] = set()
    names = ", ".join(each.name for each in subject.inputs)
    header = f"async def function({names}):\n"
    waiting = [symtable.symtable(header + subject.text, "<function>", "exec").get_children()[0]]
    while waiting:
        table = waiting.pop()
        found.update(symbol.get_name() for symbol in table.get_symbols() if symbol.is_global())
        waiting.extend(table.get_children())
    return found


def _function(project: Project, subject: _Subject, there: Module) -> str:
    """The function as it stands in the module `there`, or in a new one that is written as that one is."""
    text = subject.text.replace(subject.module.source.newline, there.source.newline)
    parameters = [f"{each.name}: {each.type}" if each.type else each.name for each in subject.inputs]
    unit = indent_of(project, subject.module)
    return function_text(
        subject.name,
        parameters,
        subject.returns,
        text,
        is_async=subject.is_async,
        unit=unit,
        newline=there.source.newline,
        room=project.style.line_length,
    )


def _call(project: Project, subject: _Subject, finding: Finding, edits: Edits) -> None:
    """The call in place of the region."""
    module, home = subject.module, subject.home
    newline, unit = module.source.newline, indent_of(project, module)
    written = module.code(subject.region)
    indent = next(
        line[: len(line) - len(line.lstrip())]
        for line in written.splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    )
    called = f"{home.local}.{subject.name}" if home is not None else subject.name
    before = f"{'return ' * subject.gives}{'await ' * subject.is_async}{called}"
    names = [each.name for each in subject.inputs]
    call = f"{indent}{before}({', '.join(names)})"
    if len(call) > project.style.line_length:
        listed = "".join(f"{indent}{unit}{name},{newline}" for name in names)
        call = f"{indent}{before}({newline}{listed}{indent})"
    ends = newline if written.endswith(("\r", "\n")) else ""
    edits.replace(module, subject.region, f"{call}{ends}", finding)
