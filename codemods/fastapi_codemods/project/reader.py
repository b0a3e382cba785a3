"""From one module's text to its facts, with `ast`, and only as much of it as FastAPI can concern.

Imports and module-level names are always read. Of the other statements, those are parsed in which a word of FastAPI
occurs outside strings and comments; of a function in which it occurs only in the header, the header alone.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

from ..source import Statement, split
from ..source.statements import header_end, line_starts, parse
from .fastapi_names import PARAMETER_FUNCTIONS
from .model import (
    Argument,
    Assignment,
    Binding,
    Call,
    Class,
    Decorator,
    Facts,
    Function,
    Import,
    MethodCall,
    Parameter,
    Scope,
    Span,
)

ROUTE_METHODS = ("api_route", "delete", "get", "head", "options", "patch", "post", "put", "trace", "websocket")

# Searched as plain strings: a regular expression of alternatives is thirty times slower.
_WORDS_OF_FASTAPI = (
    *(f"{name}(" for name in sorted(PARAMETER_FUNCTIONS)),
    "APIRouter",
    "FastAPI",
    "add_api_",
    "add_event_handler",
    "include_router",
    "on_event",
)
BYTES_OF_FASTAPI = tuple(word.encode() for word in _WORDS_OF_FASTAPI)
_ROUTE_DECORATOR = re.compile(rf"@(?:\w+\.)+(?:{'|'.join(ROUTE_METHODS)})\s*\(")
_RENAMED = re.compile(r"(?:fastapi|starlette)[\w.]*[ \t]+import\b([^\n(]*\bas\b[^\n]*|[ \t]*\([^)]*\bas\b[^)]*\))")
_DEFINITION = re.compile(r"(?:\A|\n)\f*(?:async[ \t]+def|def|class)[ \t]+(\w+)")
_SIMPLE_ASSIGNMENT = re.compile(r"\f*(\w+)[ \t]*(?::[^=\n]+)?=(?!=)(?![ \t]*\w+[ \t]*=(?!=))")
# `router = Mine()`: the class may be a subclass of the project's own. Long ones hold data.
_CALL_ASSIGNMENT = re.compile(r"\f*\w+[ \t]*(?::[^=\n]+)?=[ \t]*([A-Za-z_]\w*)[\w.]*\(")
# Nothing of these makes an application or a router, and most calls whose value a module keeps are theirs
# (`logging.getLogger(__name__)`, `os.environ.get("X")`). No project has modules of these names.
_MODULES_WITHOUT_ROUTERS = frozenset(
    {
        "asyncio", "collections", "contextlib", "contextvars", "dataclasses", "datetime", "decimal", "enum",
        "functools", "hashlib", "itertools", "json", "logging", "os", "pathlib", "re", "string", "sys", "textwrap",
        "threading", "time", "typing", "typing_extensions", "urllib", "uuid",
    }
)  # fmt: skip
_BUILTINS_WITHOUT_ROUTERS = frozenset(
    {
        "bool",
        "bytes",
        "dict",
        "float",
        "frozenset",
        "int",
        "list",
        "max",
        "min",
        "object",
        "set",
        "sorted",
        "str",
        "tuple",
    }
)
_LONG = 2000
_CALL_STATEMENT = re.compile(r"\f*\w[\w.]*\(")
_FUNCTION_WORDS = ("def", "async def")
_COMPOUND_WORDS = frozenset({"if", "try", "with", "for", "while", "match", "async"})


def read_facts(text: str) -> Facts:
    """The facts of a module. Raises `UnreadableSourceError` where a statement that must be read cannot be parsed."""
    statements, masked = split(text)
    reader = _Reader(text, masked)
    for index, statement in enumerate(statements):
        reader.read(index, statement)
    return Facts(
        statements,
        tuple(reader.imports),
        tuple(reader.stars),
        {name: tuple(places) for name, places in reader.bindings.items()},
        tuple(reader.functions),
        tuple(reader.classes),
        tuple(reader.assignments),
        tuple(reader.calls),
        reader.postponed,
    )


# Begins with a literal line end, which is five times faster than `^` or an alternative; the data gets one in front.
IMPORT_STATEMENT = re.compile(rb"\n[ \t]*(?:from|import)[ \t\\][^\n(;]*(?:\([^)]*\))?")


def import_statements(data: bytes) -> bytes:
    """The import statements of a file, at whatever depth, with a zero byte between them; nothing else is looked at, so
    lines of a string may be among them that look like one."""
    return b"\0".join(IMPORT_STATEMENT.findall(b"\n" + data))


_IMPORT = re.compile(r"\s*import\s+([\w\s.,]+?)\s*\Z")
_FROM = re.compile(r"\s*from\s*(\.[.\s]*)?\s*([\w.]+)?\s*\bimport\s*(\*|\(\s*[\w\s,]+?,?\s*\)|[\w \t,]+?)\s*\Z")
_NAME = re.compile(r"([\w.]+)(?:\s+as\s+(\w+))?\s*\Z")


def imported_names(statement: str) -> list[tuple[str, str]] | None:
    """Local name and target, as in `Import`, of one import statement without comments; None where it is not plain.

    `import a.b` gives `("a", "a")`; `from m import *` gives `("*", "m.*")`.
    """
    if found := _IMPORT.match(statement):
        dots, module, names = "", "", found.group(1)
    elif found := _FROM.match(statement):
        dots = (found.group(1) or "").replace(" ", "").replace("\n", "")
        module, names = found.group(2) or "", found.group(3)
        if not dots and not module:
            return None
        if names == "*":
            return [("*", f"{dots}{module}{'.' if module else ''}*")]
        names = names.strip("()").strip().rstrip(",")
    else:
        return None
    source = f"{dots}{module}{'.' if module else ''}" if (dots or module) else ""
    result = []
    for part in names.split(","):
        match = _NAME.match(part.strip())
        if match is None:
            return None
        name, local = match.groups()
        if source:
            result.append((local or name, source + name))
        else:
            result.append((local, name) if local else (name.partition(".")[0],) * 2)
    return result


def marks_of_fastapi(masked: str) -> list[int]:
    """Where words of FastAPI stand in a module's masked text, sorted."""
    marks = [m.end() for start in _places(masked, "@") if (m := _ROUTE_DECORATOR.match(masked, start))]
    words = [*_WORDS_OF_FASTAPI, *_renamed_words(masked)]
    for word in words:
        for position in _places(masked, word):
            before = masked[position - 1] if position else " "
            if not (before.isalnum() or before == "_"):
                marks.append(position)
    marks.sort()
    return marks


def _renamed_words(masked: str) -> Iterator[str]:
    """`D(` for `from fastapi import Depends as D`."""
    for word in ("fastapi", "starlette"):
        for position in _places(masked, word):
            if match := _RENAMED.match(masked, position):
                for name in re.findall(r"\bas[ \t]+(\w+)", match.group(1)):
                    yield f"{name}("
                    yield f"{name}."


def _places(text: str, word: str) -> Iterator[int]:
    """Where `word` stands. Much faster than a regular expression, which is then only tried there."""
    position = text.find(word)
    while position >= 0:
        yield position
        position = text.find(word, position + len(word))


class Positions:
    """Places of `ast` nodes of one parsed text, as character offsets in the module that holds it.

    `ast` counts columns in UTF-8 bytes; everything else here counts characters.
    """

    def __init__(self, text: str, base: int, first_line: int, first_column: int = 0) -> None:
        self._text = text
        self._base = base
        self._first_column = first_column
        """Characters in front of the text in its first line."""
        self._lines = line_starts(text)
        self._is_ascii = text.isascii()
        self.first_line = first_line

    def offset(self, line: int, column: int) -> int:
        """`line` and `column` as `ast` gives them (line from 1 in this text, column in bytes from 0)."""
        start = self._lines[line - 1]
        if not self._is_ascii:
            end = self._lines[line] if line < len(self._lines) else len(self._text)
            column = len(self._text[start:end].encode("utf-8")[:column].decode("utf-8"))
        return self._base + start + column

    def span(self, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> Span:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or node.col_offset
        return Span(self.offset(node.lineno, node.col_offset), self.offset(end_line, end_column))

    def line_of(self, offset: int) -> int:
        """The line in this text, from 1, of a character of the module."""
        return bisect_right(self._lines, offset - self._base)

    def line(self, line: int) -> int:
        """The line in the module."""
        return self.first_line + line - 1

    def column(self, line: int, column: int) -> int:
        """The column in characters, from 1."""
        before = self._first_column if line == 1 else 0
        return before + self.offset(line, column) - self._base - self._lines[line - 1] + 1


class _Reader:
    def __init__(self, text: str, masked: str) -> None:
        self.text = text
        self.masked = masked
        self.imports: list[Import] = []
        self.targets: dict[str, str] = {}
        """Of the plain imports so far, by local name."""
        self.stars: list[str] = []
        self.bindings: dict[str, list[Binding]] = {}
        self.functions: list[Function] = []
        self.classes: list[Class] = []
        self.assignments: list[Assignment] = []
        self.calls: list[MethodCall] = []
        self.postponed = False
        self.marks = marks_of_fastapi(masked)
        # The statement that is being read.
        self.index = 0
        self.positions = Positions("", 0, 1)

    def read(self, index: int, statement: Statement) -> None:
        self.index = index
        word = statement.word
        masked = self.masked[statement.start : statement.end]
        if word in ("import", "from"):
            self._read_import_statement(statement, masked)
        elif word in ("@", "def", "async def", "class"):
            definition = _DEFINITION.search(masked)
            if definition is None:  # only where `split` had to fall back on `ast`
                self._parse_and_walk(statement, statement.end)
                return
            is_class = definition.group().lstrip().startswith("class")
            self._bind(definition.group(1), "class" if is_class else "def", conditional=False)
            if self._is_marked(statement.start, statement.end):
                end = statement.end if is_class else self._end_of_what_matters(statement, masked)
                self._parse_and_walk(statement, end, is_bound=True)
            if "global" in masked:
                self._bind_globals(masked)
        elif word in _COMPOUND_WORDS:
            self._parse_and_walk(statement, statement.end)
            if "global" in masked:
                self._bind_globals(masked)
        elif (assignment := _SIMPLE_ASSIGNMENT.match(masked)) and ";" not in masked:
            self._bind(assignment.group(1), "assign", conditional=False)
            if self._may_make_a_router(masked) or self._is_marked(statement.start, statement.end):
                self._parse_and_walk(statement, statement.end, is_bound=True)
        elif not _CALL_STATEMENT.match(masked) or ";" in masked or self._is_marked(statement.start, statement.end):
            self._parse_and_walk(statement, statement.end)

    def _may_make_a_router(self, masked: str) -> bool:
        call = _CALL_ASSIGNMENT.match(masked) if len(masked) < _LONG else None
        if call is None:
            return False
        head = call.group(1)
        if (imported := self.targets.get(head)) is not None:
            return imported.partition(".")[0] not in _MODULES_WITHOUT_ROUTERS
        return head not in _BUILTINS_WITHOUT_ROUTERS or head in self.bindings

    def _is_marked(self, start: int, end: int) -> bool:
        index = bisect_left(self.marks, start)
        return index < len(self.marks) and self.marks[index] < end

    def _read_import_statement(self, statement: Statement, masked: str) -> None:
        """Most statements of most modules: read without a syntax tree where they are plain."""
        found = imported_names(masked)
        if found is None:
            self._parse_and_walk(statement, statement.end)
            return
        for local, target in found:
            if target.endswith("*"):
                self.stars.append(target.removesuffix("*").removesuffix(".") or target.removesuffix("*"))
                continue
            if target.startswith("__future__."):
                self.postponed = self.postponed or target == "__future__.annotations"
            self._bind(local, "import", conditional=False)
            self.targets[local] = target
            self.imports.append(Import(local, target, (), False, self.index))

    def _end_of_what_matters(self, statement: Statement, masked: str) -> int:
        """The end of the function's header where the body holds no word of FastAPI, else of the whole statement."""
        end = header_end(masked)
        if not end or self._is_marked(statement.start + end, statement.end):
            return statement.end
        return statement.start + end

    def _bind_globals(self, masked: str) -> None:
        for match in re.finditer(r"\bglobal[ \t]+([\w, \t]+)", masked):
            for name in match.group(1).split(","):
                self._bind(name.strip(), "other", conditional=True)

    def _bind(self, name: str, kind: str, *, conditional: bool) -> None:
        self.bindings.setdefault(name, []).append(Binding(kind, self.index, conditional))

    def _parse_and_walk(self, statement: Statement, end: int, *, is_bound: bool = False) -> None:
        text = self.text[statement.start : end]
        if end < statement.end:
            text += " pass"
        tree = parse(text, statement.line)
        self.positions = Positions(text, statement.start, statement.line)
        self._walk(tree.body, (), conditional=False, looped=False, type_checking=False, is_bound=is_bound)

    def _walk(
        self,
        body: Sequence[ast.stmt],
        scopes: tuple[Scope, ...],
        *,
        conditional: bool,
        looped: bool,
        type_checking: bool,
        is_bound: bool = False,
    ) -> None:
        for node in body:
            if not scopes and not is_bound:
                for name, kind in bound_by(node):
                    self._bind(name, kind, conditional=conditional or type_checking)
            match node:
                case ast.Import() | ast.ImportFrom():
                    self._read_import(node, scopes, type_checking=type_checking)
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self.functions.append(self._function(node, scopes, conditional=conditional, looped=looped))
                    self._walk_definition(node, scopes)
                case ast.ClassDef():
                    self.classes.append(self._class(node, scopes))
                    self._walk_definition(node, scopes)
                case ast.Expr(value=ast.Call() as call):
                    self._read_call(call, node, scopes, conditional=conditional, looped=looped)
                case ast.Assign() | ast.AnnAssign():
                    self._read_assignment(node, scopes, conditional=conditional, looped=looped)
                case _:
                    checking = type_checking or (isinstance(node, ast.If) and _is_type_checking(node.test))
                    for block, is_else in blocks_of(node):
                        self._walk(
                            block,
                            scopes,
                            conditional=True,
                            looped=looped or isinstance(node, ast.For | ast.While | ast.AsyncFor),
                            type_checking=checking and not is_else,
                        )

    def _walk_definition(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, scopes: tuple[Scope, ...]
    ) -> None:
        if len(node.body) == 1 and isinstance(node.body[0], ast.Pass | ast.Return | ast.Raise):
            return  # nothing in it that could be of interest, as in a header that was read without its body
        self._walk(node.body, (*scopes, scope_of(node)), conditional=False, looped=False, type_checking=False)

    def _read_import(
        self, node: ast.Import | ast.ImportFrom, scopes: tuple[Scope, ...], *, type_checking: bool
    ) -> None:
        for local, target in targets_of(node):
            if target.endswith("*"):
                self.stars.append(target[:-1].rstrip(".") or target[:-1])
                continue
            self.postponed = self.postponed or target == "__future__.annotations"
            self.imports.append(Import(local, target, scopes, type_checking, self.index))

    def _function(
        self,
        node: ast.FunctionDef | ast.AsyncFunctionDef,
        scopes: tuple[Scope, ...],
        *,
        conditional: bool,
        looped: bool,
    ) -> Function:
        positions = self.positions
        start = positions.offset(node.lineno, node.col_offset)
        parameters = tuple(self._parameters(node.args))
        returns = positions.span(node.returns) if node.returns else None
        end = self._end_of_header(start, parameters, returns)
        return Function(
            node.name,
            scopes,
            Span(start, end),
            positions.line(node.lineno),
            positions.line(node.lineno) + self.text.count("\n", start, end),
            isinstance(node, ast.AsyncFunctionDef),
            tuple(self._decorator(decorator) for decorator in node.decorator_list),
            parameters,
            returns,
            conditional,
            looped,
            self.index,
        )

    def _end_of_header(self, start: int, parameters: tuple[Parameter, ...], returns: Span | None) -> int:
        """Past the colon. Between the end of the last part of a header and its colon stands nothing with a colon."""
        last = returns.end if returns is not None else max([start, *(parameter.end for parameter in parameters)])
        return self.masked.index(":", last) + 1

    def _parameters(self, arguments: ast.arguments) -> Iterator[Parameter]:
        positional = [*arguments.posonlyargs, *arguments.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
        defaults.extend(arguments.defaults)
        for index, (argument, default) in enumerate(zip(positional, defaults, strict=True)):
            yield self._parameter(argument, "/" if index < len(arguments.posonlyargs) else "", default)
        if arguments.vararg:
            yield self._parameter(arguments.vararg, "*", None)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
            yield self._parameter(argument, "=", default)
        if arguments.kwarg:
            yield self._parameter(arguments.kwarg, "**", None)

    def _parameter(self, node: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
        positions = self.positions
        last = default or node
        return Parameter(
            node.arg,
            kind,
            positions.span(node.annotation) if node.annotation else None,
            positions.span(default) if default else None,
            self._call(default) if isinstance(default, ast.Call) else None,
            positions.offset(node.lineno, node.col_offset),
            positions.line(node.lineno),
            positions.column(node.lineno, node.col_offset),
            positions.line(last.end_lineno or last.lineno),
        )

    def _class(self, node: ast.ClassDef, scopes: tuple[Scope, ...]) -> Class:
        return Class(
            node.name,
            scopes,
            tuple(dotted(base) for base in node.bases),
            tuple(self._decorator(decorator) for decorator in node.decorator_list),
            self.positions.line(node.lineno),
            self.index,
        )

    def _decorator(self, node: ast.expr) -> Decorator:
        call = self._call(node) if isinstance(node, ast.Call) else None
        name = call.callee if call else dotted(node)
        return Decorator(name, call, self.positions.span(node), self.positions.line(node.lineno))

    def _call(self, node: ast.Call) -> Call:
        return call_of(node, self.positions)

    def _read_call(
        self,
        node: ast.Call,
        statement: ast.stmt,
        scopes: tuple[Scope, ...],
        *,
        conditional: bool,
        looped: bool,
    ) -> None:
        applied = None
        if isinstance(node.func, ast.Call):
            applied = self._call(node)
            node = node.func
        if not isinstance(node.func, ast.Attribute):
            return
        positions = self.positions
        self.calls.append(
            MethodCall(
                dotted(node.func.value),
                node.func.attr,
                self._call(node),
                applied,
                scopes,
                conditional,
                looped,
                positions.line(statement.lineno),
                positions.column(statement.lineno, statement.col_offset),
                positions.line(statement.end_lineno or statement.lineno),
                self.index,
                isinstance(statement, ast.Expr),
            )
        )

    def _read_assignment(
        self, node: ast.Assign | ast.AnnAssign, scopes: tuple[Scope, ...], *, conditional: bool, looped: bool
    ) -> None:
        if not isinstance(node.value, ast.Call):
            return
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        call = self._call(node.value)
        for target in targets:
            if name := dotted(target):
                positions = self.positions
                self.assignments.append(
                    Assignment(
                        name,
                        call,
                        scopes,
                        conditional,
                        positions.line(node.lineno),
                        positions.line(node.end_lineno or node.lineno),
                        positions.column(node.lineno, node.col_offset),
                        self.index,
                    )
                )
        self._read_call(node.value, node, scopes, conditional=conditional, looped=looped)


def call_of(node: ast.Call, positions: Positions) -> Call:
    """A call with the places of its arguments."""
    span = positions.span
    arguments = [
        Argument(None, "*", span(a.value)) if isinstance(a, ast.Starred) else Argument(None, "", span(a))
        for a in node.args
    ]
    arguments += [Argument(k.arg, "" if k.arg else "**", span(k.value)) for k in node.keywords]
    # `f(a=1, *rest)` is allowed: the order of the text is the order that counts for edits.
    arguments.sort(key=lambda argument: argument.span)
    return Call(dotted(node.func), tuple(arguments), span(node))


def dotted(node: ast.expr) -> str:
    """`a.b.c` for names and attributes of names, else an empty string."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    parts.append(node.id)
    return ".".join(reversed(parts))


def blocks_of(node: ast.stmt) -> Iterator[tuple[list[ast.stmt], bool]]:
    """The blocks of a compound statement, and whether each is an `else` or a handler."""
    for field in ("body", "orelse", "finalbody"):
        if block := getattr(node, field, None):
            yield block, field != "body"
    for handler in getattr(node, "handlers", ()):
        yield handler.body, True
    for case in getattr(node, "cases", ()):
        yield case.body, False


def targets_of(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Local name and target, as in `Import`, of each name that an import binds; `("*", "m.*")` for a star."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            local = alias.asname or alias.name.partition(".")[0]
            yield local, alias.name if alias.asname else local
        return
    source = "." * node.level + (node.module or "")
    dot = "" if source.endswith(".") else "."
    for alias in node.names:
        yield alias.asname or alias.name, f"{source}{dot}{alias.name}"


def scope_of(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Scope:
    """The scope that a definition opens, with the names bound in it."""
    counts: dict[str, int] = {}
    if not isinstance(node, ast.ClassDef):
        arguments = node.args
        for argument in [
            *arguments.posonlyargs,
            *arguments.args,
            *arguments.kwonlyargs,
            arguments.vararg,
            arguments.kwarg,
        ]:
            if argument is not None:
                counts[argument.arg] = 1
    not_local: set[str] = set()
    imports: list[tuple[str, str]] = []
    for statement in statements_within(node.body):
        if isinstance(statement, ast.Global | ast.Nonlocal):
            not_local.update(statement.names)
        elif isinstance(statement, ast.Import | ast.ImportFrom):
            imports.extend(targets_of(statement))
        weight = 2 if isinstance(statement, ast.For | ast.AsyncFor | ast.AugAssign | ast.Delete) else 1
        for name, _ in bound_by(statement):
            counts[name] = counts.get(name, 0) + weight
    names = frozenset(counts) - not_local
    kind = "class" if isinstance(node, ast.ClassDef) else "function"
    rebound = frozenset(name for name in names if counts[name] > 1)
    return Scope(kind, node.name, names, rebound, tuple(imports))


def statements_within(body: Iterable[ast.stmt]) -> list[ast.stmt]:
    """Every statement of one scope, those in nested blocks too, those of nested definitions not."""
    found: list[ast.stmt] = []
    waiting: list[ast.stmt] = list(body)
    waiting.reverse()
    while waiting:
        statement = waiting.pop()
        found.append(statement)
        if type(statement) in _COMPOUND:
            inner = [within for block, _ in blocks_of(statement) for within in block]
            inner.reverse()
            waiting += inner
    return found


_COMPOUND = frozenset(
    {ast.AsyncFor, ast.AsyncWith, ast.For, ast.If, ast.Match, ast.Try, ast.TryStar, ast.While, ast.With}
)
"""Statements with blocks of the same scope."""


def bound_by(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The names that a statement itself binds (not its blocks), with the kind of `Binding`."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.name, "def"
        case ast.ClassDef():
            yield node.name, "class"
        case ast.Import():
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], "import"
        case ast.ImportFrom():
            for alias in node.names:
                if alias.name != "*":
                    yield alias.asname or alias.name, "import"
        case ast.Assign():
            yield from ((name, "assign") for target in node.targets for name in _stored(target))
        case ast.AnnAssign():
            if node.value is not None:
                yield from ((name, "assign") for name in _stored(node.target))
        case ast.AugAssign():
            yield from ((name, "other") for name in _stored(node.target))
        case ast.For() | ast.AsyncFor():
            yield from ((name, "other") for name in _stored(node.target))
        case ast.With() | ast.AsyncWith():
            for item in node.items:
                if item.optional_vars is not None:
                    yield from ((name, "other") for name in _stored(item.optional_vars))
        case ast.Delete():
            yield from ((name, "other") for target in node.targets for name in _stored(target))
        case ast.Try():
            yield from ((handler.name, "other") for handler in node.handlers if handler.name)
        case _:
            return


def _stored(target: ast.expr) -> Iterator[str]:
    match target:
        case ast.Name():
            yield target.id
        case ast.Tuple() | ast.List():
            for element in target.elts:
                yield from _stored(element)
        case ast.Starred():
            yield from _stored(target.value)
        case _:
            return


def _is_type_checking(test: ast.expr) -> bool:
    return dotted(test).rpartition(".")[2] == "TYPE_CHECKING"


def functions_of_statement(text: str, index: int, statement: Statement) -> tuple[Function, ...]:
    """The functions of one statement, whether or not a word of FastAPI stands in it."""
    part = text[statement.start : statement.end]
    _, masked = split(part)
    reader = _Reader(text, " " * statement.start + masked)
    reader.index = index
    reader._parse_and_walk(statement, statement.end, is_bound=True)  # noqa: SLF001
    return tuple(reader.functions)
