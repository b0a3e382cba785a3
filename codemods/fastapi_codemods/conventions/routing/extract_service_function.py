"""What a long handler does is done by a function of its own.

The body of `create_order` becomes the function `_create_order` above it, word for word, and the handler is left with
its decorators, its signature, its docstring and `return await _create_order(order, session)`. Only if this codemod
itself is asked for, with `--select extract-service-function`.

## Why

The handler says what a request consists of and what answers it. The function can be called by another route, a task or
a test without HTTP, and is the one to move on to a module of services.

## Left alone

- Handlers of up to `max-lines` lines (30), and shorter ones with up to `max-branches` branches (3), are no findings.
- Bodies that use the request, the response, background tasks or a WebSocket for more than handing them on, and those
  that make a response.
- Generators, and bodies that look at their own frame: `locals()`, `eval()`, `super()`, `stacklevel=`.
- Handlers in a function, in a class or under a condition, and those with `*args` or `**kwargs`.
- A handler of which the new function's name is taken.

## Safety

Safe: the text is not changed, the function stands in the same module, where every name means the same and what tests
patch is looked up as before, and parameters are handed over. `HTTPException` is raised from there as well; the finding
says so, because a service would better raise an error of its own. Log records with `funcName` name the new function.

See <https://fastapi.tiangolo.com/tutorial/bigger-applications/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.lines import indent_of, start_with_comments
from ...findings import Finding, Safety
from ...project import Function, Module, Project, Span
from ...project.operations import Definition, Operation, definition_of, operations_of, own_nodes
from ...project.reader import dotted
from ...source.discovery import is_test

_HTTP = frozenset(
    {"BackgroundTasks", "HTTPConnection", "Request", "Response", "UploadFile", "WebSocket", "StreamingResponse"}
)
_OWN_FRAME = frozenset({"dir", "eval", "exec", "locals", "super", "vars"})
_FRAMES = frozenset({"_getframe", "currentframe", "getframeinfo", "stack", "trace"})
_BRANCHES = ast.If | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.IfExp | ast.match_case
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)")
_BLANK_LINES = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))*")

LINES_FOR_BRANCHES = 10
"""Up to this many lines, branches do not make a handler long."""


class _Options(NamedTuple):
    max_lines: int = 30
    max_branches: int = 3


class _Subject(NamedTuple):
    operation: Operation
    body: Span
    """Whole lines, the docstring left out."""
    name: str
    parameters: tuple[str, ...]
    """Names of those that the body uses."""
    header: tuple[str, ...]
    """The same with their types."""
    returns: str
    is_async: bool


class ExtractServiceFunction(Codemod):
    safety = Safety.SAFE

    options = _Options()

    def find(self, project: Project) -> Iterator[Finding]:
        if not self.is_named:
            return
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            module, function = operation.module, operation.function
            if (module.path, function.line) in seen or is_test(module.path):
                continue
            seen.add((module.path, function.line))
            if module.statement_text(function.statement).count("\n") <= min(self.options.max_lines, LINES_FOR_BRANCHES):
                continue
            definition = definition_of(module, function)
            if definition is None:
                continue
            body = _without_docstring(definition.node)
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]
            branches = sum(isinstance(part, _BRANCHES) for part in own_nodes(definition.node))
            is_long = lines > self.options.max_lines
            if not is_long and not (branches > self.options.max_branches and lines > LINES_FOR_BRANCHES):
                continue
            result = _extracted(project, operation, definition, body)
            message = f"`{function.name}` does {lines} lines of work itself, with {branches} branches"
            if any(_is_http_error(part) for part in own_nodes(definition.node)):
                message += "; some of it is raising HTTPException, which a service would leave to the handler"
            yield self.finding(
                module.location(function.line, 1, function.end_line),
                message,
                anchor=function.qualified_name,
                left_alone=result if isinstance(result, str) else None,
                subject=None if isinstance(result, str) else result,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            _rewrite(project, finding.subject, finding, edits)


def _rewrite(project: Project, subject: _Subject, finding: Finding, edits: Edits) -> None:
    module, function = subject.operation.module, subject.operation.function
    newline, unit = module.source.newline, indent_of(project, module)
    text = module.code(subject.body)
    room = project.style.line_length
    word = "async def" if subject.is_async else "def"
    header = f"{word} {subject.name}({', '.join(subject.header)}){subject.returns}:"
    if len(header) > room:
        listed = "".join(f"{unit}{parameter},{newline}" for parameter in subject.header)
        header = f"{word} {subject.name}({newline}{listed}){subject.returns}:"
    start = start_with_comments(module, module.facts.statements[function.statement].start)
    body = text
    if not body.endswith(("\r", "\n")):
        body += newline
    edits.insert(module, start, f"{header}{newline}{body}{newline}{newline}", finding)
    indent = _indent_of_body(module, subject.body)
    called = "return await" if subject.is_async else "return"
    call = f"{indent}{called} {subject.name}({', '.join(subject.parameters)})"
    if len(call) > room:
        listed = "".join(f"{indent}{unit}{parameter},{newline}" for parameter in subject.parameters)
        call = f"{indent}{called} {subject.name}({newline}{listed}{indent})"
    ends = newline if text.endswith(("\r", "\n")) else ""
    edits.replace(module, subject.body, f"{call}{ends}", finding)


def _indent_of_body(module: Module, body: Span) -> str:
    for line in module.code(body).splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            return line[: len(line) - len(line.lstrip())]
    return ""


def _without_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.stmt]:
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return node.body[1:]
    return node.body


def _is_http_error(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "HTTPException"


def _extracted(project: Project, operation: Operation, definition: Definition, body: list[ast.stmt]) -> _Subject | str:
    module, function = operation.module, operation.function
    if function.scopes:
        return f"it stands in `{function.scopes[-1].name}`, of which it may use names"
    if function.conditional:
        return "it is defined under a condition"
    if any(parameter.kind in ("*", "**") for parameter in function.parameters):
        return "it has parameters of any number"
    if reason := _reason_of_body(project, module, function, definition):
        return reason
    name = f"_{function.name.lstrip('_')}"
    if name == function.name or re.search(rf"\b{name}\b", module.text):
        return f"the name `{name}` is taken"
    used = {part.id for statement in body for part in ast.walk(statement) if isinstance(part, ast.Name)}
    used |= {name for part in own_nodes(definition.node) if isinstance(part, ast.Global) for name in part.names}
    parameters = [parameter for parameter in function.parameters if parameter.name in used]
    span = _lines_of(module, function, definition, body)
    if span is None:
        return "its body does not have its lines to itself"
    returns = f" -> {module.code(function.returns)}" if function.returns is not None else ""
    header = tuple(
        f"{parameter.name}: {type_}" if (type_ := _type(module, parameter.annotation)) else parameter.name
        for parameter in parameters
    )
    is_async = any(_awaits(part) for part in own_nodes(definition.node))
    names = tuple(parameter.name for parameter in parameters)
    return _Subject(operation, span, name, names, header, returns, is_async)


def _awaits(node: ast.AST) -> bool:
    return isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith) or (
        isinstance(node, ast.comprehension) and bool(node.is_async)
    )


def _type(module: Module, annotation: Span | None) -> str:
    """The type of a parameter as code on one line, `T` for `Annotated[T, ...]`; empty where it is none."""
    if annotation is None:
        return ""
    code = module.code(annotation)
    node = module.expression(annotation)
    if isinstance(node, ast.Subscript) and dotted(node.value).rpartition(".")[2] == "Annotated":
        if not isinstance(node.slice, ast.Tuple):
            return ""
        code = ast.get_source_segment(f"({code}\n)", node.slice.elts[0]) or ""
    return code if "\n" not in code and "\r" not in code else ""


def _reason_of_body(project: Project, module: Module, function: Function, definition: Definition) -> str | None:
    positions = definition.positions
    http = {
        parameter.name
        for parameter in function.parameters
        if parameter.annotation is not None
        and _HTTP.intersection(re.findall(r"\w+", module.code(parameter.annotation)))
    }
    handed_on: set[int] = set()
    for part in ast.walk(definition.node):
        if isinstance(part, ast.Call):
            values = (*part.args, *(keyword.value for keyword in part.keywords))
            handed_on.update(id(value) for value in values if isinstance(value, ast.Name))
    for part in own_nodes(definition.node):
        line = positions.line(getattr(part, "lineno", 1))
        match part:
            case ast.Yield() | ast.YieldFrom():
                return "it is a generator, which runs while it is answered"
            case ast.Call(func=ast.Name(id=name)) if name in _OWN_FRAME:
                return f"`{name}()` in line {line} looks at the function that calls it"
            case ast.Attribute(attr=name) if name in _FRAMES and dotted(part.value) in ("inspect", "sys"):
                return f"`{dotted(part)}` in line {line} looks at the function that calls it"
            case ast.keyword(arg="stacklevel"):
                return f"`stacklevel` in line {positions.line(part.lineno)} counts the functions around it"
            case ast.Call(func=callee) if dotted(callee).endswith("Response"):
                symbol = project.resolve(module, dotted(callee))
                if symbol is None or symbol.path is None:
                    return f"it makes a `{dotted(callee)}` in line {line}"
    for statement in _without_docstring(definition.node):
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and part.id in http and id(part) not in handed_on:
                return f"it uses `{part.id}`, which is of HTTP, in line {positions.line(part.lineno)}"
    return None


def _lines_of(module: Module, function: Function, definition: Definition, body: list[ast.stmt]) -> Span | None:
    """The lines of the body, from the first one below the header or the docstring that is not blank."""
    node, positions = definition
    text = module.text
    above = positions.span(node.body[0]).end if node.body[0] is not body[0] else function.span.end
    start = _REST_OF_LINE.match(text, above)
    end = _REST_OF_LINE.match(text, positions.span(body[-1]).end)
    blank = _BLANK_LINES.match(text, start.end()) if start is not None else None
    return Span(blank.end(), end.end()) if blank is not None and end is not None else None
