"""What handlers take from the environment comes from a settings class, by a dependency.

`API_KEY = os.environ["API_KEY"]` and `TIMEOUT = int(os.getenv("TIMEOUT", "10"))` that handlers read become fields of a
`BaseSettings` class with a cached `get_settings`, and the handlers ask for the settings. The names of the module stay,
for everybody else.

## Why

A settings class says in one place what the application needs, of which type, and what is missing. A test overrides
`get_settings` instead of setting variables before it imports the application.

It writes such a class where the project uses `pydantic-settings` already; `--settings` asks for it elsewhere, and the
package must then be added to the requirements.

## Left alone

- Values that are put together, compared or converted otherwise than by `int` and `float`: `os.getenv("A") == "1"` is
  true for other texts than Pydantic's `bool`.
- A default that is no literal, or not of the type that the variable has.
- Variables whose lower-case name cannot be a field, or that are written in lower case.
- A project that has a settings class: that is where new fields belong, and only a person knows under which name.
- Variables that something sets anew or that tests replace, and handlers whose signature must stay, as in
  `global-to-dependency`.

## Safety

A contract: a missing variable is still an error at import, but a `ValidationError` of Pydantic and no `KeyError`; names
of variables are read in any case (`api_key` for `API_KEY`); `int` takes `10.0`. The values are read at import, as
before.

See <https://fastapi.tiangolo.com/advanced/settings/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits, reachable_as
from ...edits.handlers import Signatures
from ...edits.lines import indent_of
from ...edits.models import is_field_name
from ...edits.parameters import Piece, parameter_list, with_parameters, written
from ...edits.provider_plans import Injection, Injections, Plan
from ...edits.providers import annotated_of, uses_annotated
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.global_reads import GlobalRead, GlobalReads, global_reads, renamed_reads
from ...project.models import pydantic_major
from ...project.names import NameFacts, facts_of
from ...project.objects import Objects
from ...project.operations import Definition, Operation, definition_of, operations_of
from ...project.reader import Positions, dotted
from ...project.singletons import TypeText, assignments_of
from ...project.words import modules_with
from ...source.discovery import is_test
from ...source.nodes import walk

_ENVIRONMENT = ("os.environ.get", "os.getenv")
_SETTINGS_CLASS = re.compile(rb"\bBaseSettings\b")
_CLASS, _PROVIDER, _ALIAS = "Settings", "get_settings", "SettingsDep"
_PARAMETER = "settings"


class Options(NamedTuple):
    settings: bool = False


class _Variable(NamedTuple):
    """`TIMEOUT = int(os.getenv("TIMEOUT", "10"))`."""

    symbol: Symbol
    field: str
    type: str
    default: str
    """Source of the default, empty for a required one."""
    value: ast.expr
    statement: int
    reason: str | None


class _Home(NamedTuple):
    """A module with variables, and what is written there."""

    module: Module
    variables: tuple[_Variable, ...]
    """Those that can be fields, in the order of the text."""
    base: str


class _ReadBy(NamedTuple):
    """One handler that reads one variable."""

    operation: Operation
    definition: Definition
    all_reads: GlobalReads
    reads: tuple[GlobalRead, ...]
    variable: _Variable


class Subject(NamedTuple):
    operation: Operation
    definition: Definition
    reads: tuple[GlobalRead, ...]
    variable: _Variable
    home: _Home
    injection: Injection


class EnvironmentToSettings(Codemod):
    safety = Safety.CONTRACT

    effects = frozenset({"dependency"})

    options = Options()

    after = ("depends-to-annotated", "global-to-dependency", "split-router")

    def find(self, project: Project) -> Iterator[Finding]:
        found = list(_uses(project))
        if not found:
            return
        reason = _reason_of_project(project, wanted=self.options.settings)
        signatures = Signatures(project, (operation for operation, *_ in found))
        homes = _Homes(project)
        injections = Injections(project)
        objects = Objects(project)
        given: dict[tuple[str, int], str] = {}
        for operation, definition, all_reads, reads, variable in found:
            made: str | Subject | None = reason or variable.reason or _reason(project, objects, reads, variable)
            if made is None:
                read = _ReadBy(operation, definition, all_reads, reads, variable)
                made = _subject(project, signatures, homes, injections, read)
                key = operation.module.path, operation.function.span.start
                if isinstance(made, Subject) and given.setdefault(key, made.home.module.path) != made.home.module.path:
                    made = f"`{_PARAMETER}` are those of {given[key]} in `{operation.function.name}`"
            line = definition.positions.line(reads[0].node.lineno)
            column = definition.positions.column(reads[0].node.lineno, reads[0].node.col_offset)
            name, function = variable.symbol.name, operation.function
            yield self.finding(
                operation.module.location(line, column, line),
                f"`{function.name}` uses `{name}`, which is read from the environment, instead of settings",
                anchor=f"{function.qualified_name}.{name}",
                left_alone=made if isinstance(made, str) else None,
                subject=made if isinstance(made, Subject) else None,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        by_function: dict[tuple[str, int], list[Finding]] = {}
        for finding in findings:
            operation: Operation = finding.subject.operation
            by_function.setdefault((operation.module.path, operation.function.span.start), []).append(finding)
            _write_class(project, finding.subject.home, finding, edits)
        for some in by_function.values():
            _rewrite(project, some, edits)


# Who reads what


def _uses(project: Project) -> Iterator[_ReadBy]:
    known: dict[Symbol, _Variable | None] = {}
    done: set[tuple[str, int]] = set()
    for operation in operations_of(project):
        module, function = operation.module, operation.function
        place = module.path, function.span.start
        if place in done or is_test(module.path):
            continue
        done.add(place)
        words = dict.fromkeys(re.findall(r"[A-Za-z_]\w*", module.statement_text(function.statement)))
        if not any(_may_be_variable(project, module, word) for word in words):
            continue
        definition = definition_of(module, function)
        if definition is None:
            continue
        found = global_reads(project, module, definition.node, function.scopes)
        by_symbol: dict[Symbol, list[GlobalRead]] = {}
        for read in found.reads:
            if read.symbol not in known:
                known[read.symbol] = _variable(project, read.symbol)
            if known[read.symbol] is not None:
                by_symbol.setdefault(read.symbol, []).append(read)
        for symbol, reads in by_symbol.items():
            variable = known[symbol]
            assert variable is not None
            yield _ReadBy(operation, definition, found, tuple(reads), variable)


def _may_be_variable(project: Project, module: Module, word: str) -> bool:
    """Whether a word in a handler may lead to a name in whose module the environment is read."""
    known: dict[str, bool] = module.remembered("words for variables", dict)
    if word not in known:
        symbol = project.resolve(module, word) if module.bindings(word) or module.facts.stars else None
        home = project.module(symbol.path) if symbol is not None and symbol.path is not None else None
        known[word] = home is not None and (b"environ" in home.data or b"getenv" in home.data)
    return known[word]


def _variable(project: Project, symbol: Symbol) -> _Variable | None:
    """None for what is not read from the environment."""
    home = project.module(symbol.path or "")
    bindings = home.bindings(symbol.name) if home is not None else ()
    if home is None or not bindings or any(binding.kind != "assign" for binding in bindings):
        return None
    texts = [home.statement_text(binding.statement) for binding in bindings]
    if not any("environ" in text or "getenv" in text for text in texts):
        return None
    given = list(assignments_of(home, symbol.name, bindings))
    values = [one.value for one in given if one.value is not None]
    reading = [value for value in values if _reads_environment(project, home, value)]
    if not reading:
        return None
    made = _Variable(symbol, "", "", "", values[0], given[0].statement, None)
    if len(given) != 1 or bindings[0].conditional:
        return made._replace(reason=f"`{symbol.name}` is set in more than one way, or under a condition")
    if home.facts.statements[given[0].statement].word in ("if", "try", "with", "for", "while"):
        return made._replace(reason=f"`{symbol.name}` is set under a condition")
    return _understood(project, home, made)


def _reads_environment(project: Project, module: Module, value: ast.expr) -> bool:
    return any(_variable_read(project, module, node) is not None for node in walk(value))


class _Read(NamedTuple):
    key: ast.expr
    default: ast.expr | None
    is_required: bool


def _variable_read(project: Project, module: Module, node: ast.AST) -> _Read | None:
    """`os.environ["A"]`, `os.environ.get("A", "x")`, `os.getenv("A")`."""
    match node:
        case ast.Subscript(value=value, slice=key):
            symbol = project.resolve(module, dotted(value))
            return _Read(key, None, True) if symbol is not None and symbol.name == "os.environ" else None
        case ast.Call(func=func, args=[key, *rest], keywords=keywords):
            symbol = project.resolve(module, dotted(func))
            if symbol is None or symbol.path is not None or symbol.name not in _ENVIRONMENT:
                return None
            named = next((keyword.value for keyword in keywords if keyword.arg == "default"), None)
            return _Read(key, rest[0] if rest else named, False)
        case _:
            return None


def _understood(project: Project, module: Module, made: _Variable) -> _Variable:
    """The variable as a field, or why it cannot be one."""
    value, convert = made.value, ""
    match value:
        case ast.Call(func=ast.Name(id="int" | "float" as convert), args=[inner], keywords=[]) if not module.bindings(
            convert
        ):
            value = inner
        case _:
            convert = ""
    read = _variable_read(project, module, value)
    if read is None:
        return made._replace(reason="the text is converted, compared or put together, which Pydantic would not do so")
    if not isinstance(read.key, ast.Constant) or not isinstance(read.key.value, str):
        return made._replace(reason="the name of the variable is computed")
    key = read.key.value
    field = key.lower()
    if key != key.upper() or not is_field_name(field) or field.startswith(("model_", "settings_")):
        return made._replace(reason=f"`{key}` cannot be the name of a field")
    kind = convert or "str"
    if read.is_required:
        return made._replace(field=field, type=kind)
    if read.default is None or (isinstance(read.default, ast.Constant) and read.default.value is None):
        if convert:
            return made._replace(reason=f"`{convert}` of a missing variable is an error")
        return made._replace(field=field, type="str | None", default="None")
    if not isinstance(read.default, ast.Constant):
        return made._replace(reason="its default is no literal")
    default = _default(read.default.value, kind)
    if default is None:
        return made._replace(reason="its default is not of the type that the variable has")
    return made._replace(field=field, type=kind, default=default)


def _default(value: object, kind: str) -> str | None:
    """Source of the default after the conversion; None where it cannot be that."""
    if kind == "str":
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return repr(int(value)) if kind == "int" else repr(float(value))
    except ValueError:
        return None


# Why it stays


def _reason_of_project(project: Project, *, wanted: bool) -> str | None:
    for module in modules_with(project, _SETTINGS_CLASS):
        for name, bindings in module.facts.bindings.items():
            if any(binding.kind == "class" for binding in bindings) and project.derives_from(
                Symbol(module.path, name), ("pydantic_settings.BaseSettings", "pydantic.BaseSettings")
            ):
                return f"the project has a settings class, `{name}` in {module.path}; the field belongs there"
    if wanted or _requires_settings(project):
        return None
    return "the project does not use pydantic-settings; `--settings` writes a class all the same"


_REQUIRED = re.compile(r"pydantic[-_.]settings", re.IGNORECASE)


def _requires_settings(project: Project) -> bool:
    """Whether a requirement names pydantic-settings, or an import does; Pydantic 1 has it built in."""
    if pydantic_major(project) == 1:
        return True
    if any(b"pydantic_settings" in statements for statements in project.import_statements.values()):
        return True
    names = ("pyproject.toml", "setup.cfg", "setup.py", "uv.lock", "poetry.lock")
    files = [project.root / name for name in names] + sorted(project.root.glob("requirements*.txt"))
    return any(_REQUIRED.search(_text(file)) for file in files)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""


def _reason(project: Project, objects: Objects, reads: Sequence[GlobalRead], variable: _Variable) -> str | None:
    home = project.module(variable.symbol.path or "")
    assert home is not None
    facts: NameFacts | None = facts_of(project, home, variable.symbol.name)
    if facts is None or facts.rebound or facts.mutated:
        return f"`{variable.symbol.name}` is set anew"
    if any(not is_test(change.place.path) for change in facts.changed_elsewhere):
        return f"`{variable.symbol.name}` is set anew elsewhere"
    for read in reads:
        if read.is_local_import:
            return "it is imported within the function"
        for replaced in objects.replacements(*read.looked_up) or objects.replacements(home.path, variable.symbol.name):
            return f"{replaced.place.path}:{replaced.place.line} replaces it"
    return None


class _Homes:
    """What is written in each module with variables."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[str, _Home | str] = {}

    def of(self, path: str) -> _Home | str:
        if path not in self._known:
            self._known[path] = self._home(path)
        return self._known[path]

    def _home(self, path: str) -> _Home | str:
        module = self.project.module(path)
        if module is None:
            return f"{path} cannot be read"
        for name in (_CLASS, _PROVIDER, _ALIAS):
            if module.bindings(name):
                return f"`{name}` means something else in {path}"
        found = [_variable(self.project, Symbol(path, name)) for name in module.facts.bindings]
        fields = [one for one in found if one is not None and one.reason is None]
        fields.sort(key=lambda one: one.statement)
        names = [one.field for one in fields]
        if len(set(names)) < len(names):
            return f"two names of {path} are read from the same variable"
        base = "pydantic.BaseSettings" if pydantic_major(self.project) == 1 else "pydantic_settings.BaseSettings"
        needed = [base, "functools.lru_cache", annotated_of(self.project), "fastapi.Depends"]
        for one in needed:
            if reachable_as(module, one) is None:
                return f"`{one.rpartition('.')[2]}` means something else in {path}"
        return _Home(module, tuple(fields), base)


def _subject(
    project: Project,
    signatures: Signatures,
    homes: _Homes,
    injections: Injections,
    read: _ReadBy,
) -> Subject | str:
    operation, definition, all_reads, reads, variable = read
    home = homes.of(variable.symbol.path or "")
    if isinstance(home, str):
        return home
    module, function = operation.module, operation.function
    if (reason := signatures.reason_to_keep(operation)) is not None:
        return reason
    parameters = parameter_list(module, function)
    if isinstance(parameters, str):
        return parameters
    if with_parameters(parameters.pieces, [Piece("", "", False, "")]) is None:
        return "it takes any arguments"
    if _PARAMETER in all_reads.own | {parameter.name for parameter in function.parameters}:
        return f"`{_PARAMETER}` means something else in `{function.name}`"
    if renamed_reads(module, definition.positions, reads, "x") is None:
        return "it is read in a text whose places are not known"
    first = home.variables[0].statement
    path = home.module.path
    provider = Symbol(path, _PROVIDER)
    plan = Plan(provider, first, path, _ALIAS, first, TypeText(_CLASS, path), None, None)
    if path == module.path and not uses_annotated(project, module):
        if first > function.statement:
            return "the variables are read below the handler"
        made: Injection | str = Injection(_PARAMETER, plan, _CLASS, _PROVIDER, ())
    else:
        made = injections.of(operation, _PARAMETER, plan)
    return made if isinstance(made, str) else Subject(operation, definition, reads, variable, home, made)


# Writing


def _write_class(project: Project, home: _Home, finding: Finding, edits: Edits) -> None:
    """The class in front of the first variable, and each variable with its value from there. All findings of a module
    ask for the same."""
    module = home.module
    newline = module.source.newline
    unit = indent_of(project, module)
    optional = "" if project.versions.supports_python((3, 10)) else edits.name(module, "typing.Optional", finding)
    lines = [f"class {_CLASS}({edits.name(module, home.base, finding)}):"]
    for variable in home.variables:
        type_ = f"{optional}[str]" if optional and variable.type == "str | None" else variable.type
        default = f" = {variable.default}" if variable.default else ""
        lines.append(f"{unit}{variable.field}: {type_}{default}")
    cache = edits.name(module, "functools.lru_cache", finding)
    lines += ["", "", f"@{cache}", f"def {_PROVIDER}() -> {_CLASS}:", f"{unit}return {_CLASS}()", "", ""]
    annotated = edits.name(module, annotated_of(project), finding)
    depends = edits.name(module, "fastapi.Depends", finding)
    lines += [f"{_ALIAS} = {annotated}[{_CLASS}, {depends}({_PROVIDER})]", "", ""]
    first = module.facts.statements[home.variables[0].statement].start
    above = module.text[:first]
    blank = above[len(above.rstrip()) :].count("\n") if above.strip() else 3
    text = newline * max(0, 3 - blank) + newline.join(lines)
    edits.insert(module, first, text, finding)
    for variable in home.variables:
        statement = module.facts.statements[variable.statement]
        positions = Positions(module.statement_text(variable.statement), statement.start, statement.line)
        edits.replace(module, positions.span(variable.value), f"{_PROVIDER}().{variable.field}", finding)
    edits.drop_import(module, "os", finding)


def _rewrite(project: Project, findings: Sequence[Finding], edits: Edits) -> None:
    first: Subject = findings[0].subject
    module, function = first.operation.module, first.operation.function
    parameters = parameter_list(module, function)
    assert not isinstance(parameters, str)
    piece: Piece | None = None
    for finding in findings:
        subject: Subject = finding.subject
        piece = subject.injection.write(edits, module, finding)
        places = renamed_reads(
            module, subject.definition.positions, subject.reads, f"{_PARAMETER}.{subject.variable.field}"
        )
        for span, text in places or ():
            edits.replace(module, span, text, finding)
        head = subject.reads[0].written.partition(".")[0]
        if head in module.imports:
            edits.drop_import(module, head, finding)
    assert piece is not None
    complete = with_parameters(parameters.pieces, [piece])
    assert complete is not None
    edits.replace(module, parameters.span, written(project, parameters, complete), findings[0])
