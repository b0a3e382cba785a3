"""An `HTTPException` gets past an `except Exception` around it.

    try:
        if item is None:
            raise HTTPException(404)            except HTTPException:
    except Exception:                   ->          raise
        raise HTTPException(500)                except Exception:
                                                    raise HTTPException(500)

## Why

`HTTPException` is an `Exception`: the clause that should catch what nobody expected turns the 404 into a 500, and
clients are told that the server failed.

## Left alone

- Clauses that raise again what they caught, or ask whether it is an `HTTPException`.
- Clauses that hand the exception to a function, which may know an `HTTPException` from others.
- Clauses that do more than to log and to answer, as `session.rollback()`: an `HTTPException` that gets past them would
  get past that, too.
- An `HTTPException` that a function raises which is called in the `try` block: it is reported. Whether the clause is
  there for it cannot be told.

## Safety

A contract: the answer is what the code says, 404 for example, where it was that of the clause before.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.lines import indent_of
from ...findings import Finding, Safety
from ...project import Module, Project, Symbol
from ...project.logs import is_log
from ...project.operations import own_nodes
from ...project.raises import Raised, http_exceptions_raised, is_http_exception
from ...project.reader import Positions, dotted
from ...project.types import Frame, Types
from ...source import UnreadableSourceError
from ...source.discovery import is_test
from ...source.nodes import walk

_BROAD = frozenset({"Exception", "BaseException"})


class _Swallowing(NamedTuple):
    """A clause that catches an HTTPException with all the rest."""

    module: Module
    positions: Positions
    handler: ast.ExceptHandler
    name: str
    """Of the exception's class, as written where it is raised."""


class ReraiseHttpException(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        found: dict[tuple[str, int], tuple[_Swallowing, Raised]] = {}
        for raised in http_exceptions_raised(project):
            clause = _swallowing(
                project, raised.module, raised.positions, [raised.node, *raised.around], raised.call.func
            )
            if clause is not None and not _lets_through(clause.handler):
                line = clause.positions.line(clause.handler.lineno)
                found.setdefault((raised.module.path, line), (clause, raised))
        for (_, line), (clause, raised) in found.items():
            yield self.finding(
                raised.module.location(line, 1, line),
                f"the HTTPException of line {raised.line} is swallowed by `{_header(clause.handler)}` in"
                f" `{raised.function}`",
                anchor=f"{raised.function}.{_header(clause.handler)}",
                left_alone=_reason(clause.handler),
                subject=clause,
            )
        yield from self._called(project, found.keys())

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            clause: _Swallowing = finding.subject
            module = clause.module
            start = clause.positions.offset(clause.handler.lineno, clause.handler.col_offset)
            line_start = max(module.text.rfind("\n", 0, start), module.text.rfind("\r", 0, start)) + 1
            indent, newline = module.text[line_start:start], module.source.newline
            text = f"except {clause.name}:{newline}{indent}{indent_of(project, module)}raise{newline}{indent}"
            edits.insert(module, start, text, finding)

    def _called(self, project: Project, known: Collection[tuple[str, int]]) -> Iterator[Finding]:
        """The same one call away."""
        raising = {Symbol(raised.module.path, raised.function) for raised in http_exceptions_raised(project)}
        types = Types(project)
        for module, positions, function, handler, body in _broad_clauses(project):
            line = positions.line(handler.lineno)
            if (module.path, line) in known or _lets_through(handler):
                continue
            frame = types.definition(Symbol(module.path, function))
            name = next(iter(_raising_calls(types, frame, body, raising)), None) if frame is not None else None
            if name is not None:
                yield self.finding(
                    module.location(line, 1, line),
                    f"an HTTPException raised by `{name}()` is swallowed by `{_header(handler)}` in `{function}`",
                    anchor=f"{function}.{_header(handler)}.{name}",
                    left_alone=f"`{name}()` raises it; whether the clause is there for that cannot be told",
                )


def _raising_calls(types: Types, frame: Frame, body: Sequence[ast.stmt], raising: set[Symbol]) -> Iterator[str]:
    for statement in body:
        for node in own_nodes(statement):
            if isinstance(node, ast.Call):
                value = types.value(frame, node.func)
                if value is not None and not value.is_object and value.symbol in raising:
                    yield dotted(node.func)


def _broad_clauses(
    project: Project,
) -> Iterator[tuple[Module, Positions, str, ast.ExceptHandler, Sequence[ast.stmt]]]:
    """Clauses for any exception in functions, in front of which none is for HTTPException."""
    for module in project.modules_that_import(b"HTTPException"):
        if is_test(module.path) or "except" not in module.text:
            continue
        for index, statement in enumerate(module.facts.statements):
            text = module.statement_text(index)
            if "except" not in text or statement.word not in ("def", "async def", "@", "class"):
                continue
            try:
                tree = module.tree(index)
            except (UnreadableSourceError, RecursionError):
                continue
            positions = Positions(text, statement.start, statement.line)
            for name, node in _functions_in(tree, ""):
                for inner in own_nodes(node):
                    if isinstance(inner, ast.Try) and (handler := _catching(project, module, inner)) is not None:
                        yield module, positions, name, handler, inner.body


def _functions_in(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for child in getattr(node, "body", []):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if not isinstance(child, ast.ClassDef):
                yield prefix + child.name, child
            yield from _functions_in(child, f"{prefix}{child.name}.")


def _swallowing(
    project: Project, module: Module, positions: Positions, chain: Sequence[ast.AST], cls: ast.expr
) -> _Swallowing | None:
    """The clause that catches what is raised at the start of the chain of nodes."""
    for inner, node in pairwise(chain):
        if isinstance(node, ast.Try) and inner in node.body:
            handler = _catching(project, module, node)
            if handler is not None:
                return _Swallowing(module, positions, handler, dotted(cls))
            if any(_catches(project, module, one) for one in node.handlers):
                return None
    return None


def _catching(project: Project, module: Module, node: ast.Try) -> ast.ExceptHandler | None:
    """The clause for any exception, if none in front of it is for HTTPException."""
    for handler in node.handlers:
        if _is_broad(handler):
            return handler
        if _catches(project, module, handler):
            return None
    return None


def _types_of(handler: ast.ExceptHandler) -> Sequence[ast.expr]:
    if handler.type is None:
        return ()
    return handler.type.elts if isinstance(handler.type, ast.Tuple) else (handler.type,)


def _is_broad(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(dotted(one) in _BROAD for one in _types_of(handler))


def _catches(project: Project, module: Module, handler: ast.ExceptHandler) -> bool:
    return any(is_http_exception(project, module, one) for one in _types_of(handler))


def _header(handler: ast.ExceptHandler) -> str:
    return f"except {ast.unparse(handler.type)}" if handler.type is not None else "except"


def _lets_through(handler: ast.ExceptHandler) -> bool:
    """Whether a clause raises again what it caught, or asks which exception it is."""
    for node in walk(handler):
        match node:
            case ast.Raise(exc=None):
                return True
            case ast.Raise(exc=ast.Name(id=name)) if name == handler.name:
                return True
            case ast.Call(func=ast.Name(id="isinstance"), args=[ast.Name(id=name), *_]) if name == handler.name:
                return True
            case _:
                pass
    return False


def _reason(handler: ast.ExceptHandler) -> str | None:
    for statement in handler.body:
        if not _only_answers(statement):
            what = ast.unparse(statement).partition("\n")[0]
            return f"it does more than to log and to answer: `{what[:60]}`"
    for node in walk(handler):
        if isinstance(node, ast.Call) and not (is_log(node) or dotted(node.func) in _LOOK_AT_IT):
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(argument, ast.Name) and argument.id == handler.name:
                    return f"it hands `{handler.name}` to `{ast.unparse(node.func)}`, which may know an HTTPException"
    return None


_LOOK_AT_IT = frozenset({"str", "repr", "type", "getattr", "hasattr", "format", "traceback.format_exception"})


def _only_answers(statement: ast.stmt) -> bool:
    match statement:
        case ast.Return() | ast.Raise() | ast.Pass() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.Expr(value=value):
            return is_log(value)
        case ast.Assign(targets=[ast.Name()], value=value):
            return not any(isinstance(part, ast.Await) for part in walk(value))
        case ast.If(body=body, orelse=orelse):
            return all(_only_answers(inner) for inner in (*body, *orelse))
        case _:
            return False
