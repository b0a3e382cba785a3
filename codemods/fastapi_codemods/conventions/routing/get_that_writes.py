"""GET routes change nothing.

A handler of a GET route is found that writes: it commits what it did in a database session, executes `INSERT`,
`UPDATE` or `DELETE`, calls a function of the project that says it does (`insert_...`, `update_...`, `delete_...`), or
changes a variable of its module. The message says where.

## Why

Browsers, crawlers, caches and proxies take GET as harmless: they repeat it, prefetch it, and answer it from memory.
What such a request writes happens more often than somebody asked for it, or not at all.

## Left alone

- What is called by the handler is not followed; functions that it calls are believed by their names.
- A commit after nothing but reading: sessions are ended that way, too.
- Caches, counters and logs: variables whose name says so.
- Links that can be nothing but GET, as `/callback`, `/verify` and `/logout`.
- A session that only adds, and never commits.
- Tests are not looked at.

## Safety

It only reports: whether the route becomes a POST, or the write goes elsewhere, is for you to say.

See <https://fastapi.tiangolo.com/tutorial/first-steps/#operation>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ...codemod import Codemod
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.operations import Definition, definition_of, operations_of, own_nodes
from ...project.reader import dotted
from ...source.discovery import is_test
from ...source.nodes import walk

_LINKS = re.compile(
    r"callback|confirm|verif|activat|unsubscribe|log-?_?(?:in|out)|sign-?_?(?:in|out|off)|oauth|authoriz|sso",
    re.IGNORECASE,
)
_BOOKKEEPING = re.compile(r"cache|memo|metric|stat|count|log|lock|lru|seen|hits|limit|_at\Z", re.IGNORECASE)
_SQL = re.compile(r"\s*(INSERT\s+INTO|UPDATE\s+\w+|DELETE\s+FROM|REPLACE\s+INTO)\b", re.IGNORECASE)
_MUTATING = frozenset(
    {"add", "append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update"}
)
_CONTAINERS = frozenset({"dict", "list", "set", "defaultdict", "deque", "OrderedDict", "Counter"})

SHOWN = 2


class GetThatWrites(Codemod):
    safety = Safety.REPORT

    def find(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, int]] = set()
        for operation in operations_of(project):
            module = operation.module
            place = module.path, operation.function.line
            if operation.method != "get" or is_test(module.path) or place in seen:
                continue
            if _LINKS.search(f"{operation.function.name} {operation.path(project) or ''}"):
                continue
            if not _MAY_WRITE.search(module.statement_text(operation.function.statement)):
                continue
            definition = definition_of(module, operation.function)
            writes = list(_writes(project, module, definition)) if definition is not None else []
            if not writes:
                continue
            seen.add(place)
            line = operation.decorator.line
            shown = ", ".join(f"`{what}` in line {where}" for where, what in writes[:SHOWN])
            more = f" and {len(writes) - SHOWN} more" if len(writes) > SHOWN else ""
            yield self.finding(
                module.location(line, 1, line),
                f"`{operation.function.name}` answers GET and writes: {shown}{more}",
                anchor=operation.anchor,
            )


# Functions of the project that write, and what they may write in answer to anything.
_WRITES = re.compile(r"(?:delete|insert|update|upsert)_\w+")
_KEPT_IN_PASSING = re.compile(
    r"stat(?:s|us|istics)\b|_status|cache|metric|log\b|logs\b|heartbeat|_seen|_active|response|header"
)
_READS = re.compile(
    r"_*(?:a?get|authorize|can|check|count|ensure|exists|fetch|find|has|is|list|load|lookup|query|read|require|resolve"
    r"|search|select|validate|verify)(?:_|\Z)"
)
_WRITING_METHODS = frozenset({"add", "add_all", "delete", "merge", "bulk_save_objects", "save"})


# A quick look before the function is parsed.
_MAY_WRITE = re.compile(
    r"commit\(|(?:delete|insert|update|upsert)_\w+\(|global |\]\s*(?:[-+|]?=)(?!=)|execute|\.(?:"
    + "|".join(sorted(_MUTATING))
    + r")\("
)


def _writes(project: Project, module: Module, definition: Definition) -> Iterator[tuple[int, str]]:
    node, positions = definition
    bound = {a.arg for a in walk(node.args) if isinstance(a, ast.arg)}
    rebound: set[str] = set()
    for part in own_nodes(node):
        if isinstance(part, ast.Global):
            rebound.update(part.names)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            bound.add(part.id)
        elif isinstance(part, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name for alias in part.names)
    bound -= rebound
    for part in own_nodes(node):
        line = positions.line(getattr(part, "lineno", 1))
        match part:
            case ast.Call(func=ast.Attribute(value=value, attr="commit"), args=[]) if dotted(value):
                if _changes_something(node, dotted(value)):
                    yield line, f"{dotted(value)}.commit()"
            case ast.Call(func=function) if _WRITES.fullmatch(name := dotted(function).rpartition(".")[2]):
                head = dotted(function).partition(".")[0]
                if (
                    head not in bound
                    and not _KEPT_IN_PASSING.search(name)
                    and _is_of_project(project, module, function)
                ):
                    yield line, f"{dotted(function)}()"
            case ast.Call(func=ast.Attribute(attr="execute" | "executemany"), args=[first, *_]):
                if found := _SQL.match(_text(first)):
                    yield line, " ".join(found.group(1).split()[:1]).upper()
            case ast.Name(id=name, ctx=ast.Store()) if name in rebound and not _BOOKKEEPING.search(name):
                yield line, f"{name} = ..."
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()) if _is_own(module, name, bound):
                yield line, f"{name}[...] = ..." if isinstance(part.ctx, ast.Store) else f"del {name}[...]"
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method)) if method in _MUTATING:
                if _is_own(module, name, bound):
                    yield line, f"{name}.{method}()"


def _changes_something(node: ast.FunctionDef | ast.AsyncFunctionDef, session: str) -> bool:
    """Whether a handler does more than read before it commits: it adds to the session, sets attributes of something, or
    hands the session to what does not say that it reads."""
    for part in own_nodes(node):
        match part:
            case ast.Call(func=ast.Attribute(value=value, attr=method)) if dotted(value) == session:
                if method in _WRITING_METHODS:
                    return True
                if method.startswith("exec") and any(_is_writing_statement(argument) for argument in part.args):
                    return True
            case ast.Call(func=function) if name := dotted(function).rpartition(".")[2]:
                given = (*part.args, *(keyword.value for keyword in part.keywords))
                if any(dotted(value) == session for value in given) and not _READS.match(name) and name.islower():
                    return True
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                return True
    return False


def _is_writing_statement(node: ast.expr) -> bool:
    if _SQL.match(_text(node)):
        return True
    names = (dotted(part.func).rpartition(".")[2] for part in walk(node) if isinstance(part, ast.Call))
    return any(name in ("delete", "insert", "update") for name in names)


def _is_of_project(project: Project, module: Module, function: ast.expr) -> bool:
    symbol = project.resolve(module, dotted(function))
    return symbol is not None and symbol.path is not None


def _text(node: ast.expr) -> str:
    """Of SQL: a string, an f-string's beginning, or `text("...")`."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=[ast.Constant(value=str(value)), *_]):
            return value
        case ast.Call(func=function, args=[first, *_]) if dotted(function).rpartition(".")[2] == "text":
            return _text(first)
    return ""


def _is_own(module: Module, name: str, bound: set[str]) -> bool:
    """Whether a name is a container of the module that holds data."""
    if name in bound or _BOOKKEEPING.search(name):
        return False
    bindings = module.bindings(name)
    if not bindings or any(binding.kind not in ("assign", "other") for binding in bindings):
        return False
    for statement in module.tree(bindings[0].statement).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            value = statement.value
            if isinstance(value, ast.Dict | ast.List | ast.Set):
                return True
            return isinstance(value, ast.Call) and dotted(value.func).rpartition(".")[2] in _CONTAINERS
    return False
