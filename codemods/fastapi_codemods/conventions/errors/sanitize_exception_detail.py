"""An answer to an unexpected error does not say what went wrong inside.

    except Exception as e:
        raise HTTPException(500, detail=str(e))

becomes

    except Exception as e:
        logger.exception("read_item failed")
        raise HTTPException(500, detail="Internal Server Error") from e

## Why

The text of an exception that nobody expected holds whatever was at hand: SQL, paths, addresses with passwords. Its
reader should be the one who runs the service, and for that there is the log.

## Left alone

- Answers below 500, and clauses for particular exceptions: what their text says was chosen for the client.
- Bodies that are not written as a text or as a dict of texts.
- Details of which more than a beginning remains without the exception, as `f"{e} while reading {name}"`: a person knows
  what to say instead.
- Modules in which `logger` or `logging` is something else.

## Safety

A contract: the text of the answer changes. A log entry is added unless the clause writes one already.

See <https://fastapi.tiangolo.com/tutorial/handling-errors/>.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.imports import module_reachable_as
from ...edits.lines import stands_alone, start_with_comments
from ...findings import Finding, Safety
from ...project import Module, Project
from ...project.catching import clause_around, is_broad
from ...project.logs import is_log, logger_of, logger_of_project
from ...project.operations import own_nodes
from ...project.placed import Placed, argument, nodes_with
from ...project.raises import HTTP_EXCEPTIONS
from ...project.statuses import phrase_of, status_of
from ...source.nodes import walk

_WORD = r"\b(?:HTTPException|JSONResponse)\b"
_RESPONSES = frozenset({"fastapi.responses.JSONResponse", "starlette.responses.JSONResponse"})
_TRACEBACKS = frozenset({"traceback.format_exc", "traceback.format_exception", "traceback.format_tb", "sys.exc_info"})
_KEPT_AT_END = re.compile(
    r"(?:(?<=[.!?;,])\s*(?:[Ee]rror|[Dd]etails?|[Rr]eason))?"
    r"(?:[\s:;,.(\-\u2013\u2014]*|\s+(?:because|due to|with|as|by)[\s:]*)\Z"
)
"""What leads over to the exception: it is not needed without it."""


class _Leak(NamedTuple):
    """An exception's text in the body of an answer."""

    placed: Placed
    """The call that makes the exception or response."""
    clause: ast.ExceptHandler
    status: int
    texts: Sequence[ast.expr]
    """The expressions that are to be replaced."""
    is_raised: bool


class SanitizeExceptionDetail(Codemod):
    safety = Safety.CONTRACT
    after = ("chain-exception-cause", "reraise-http-exception")

    def find(self, project: Project) -> Iterator[Finding]:
        for leak in _leaks(project):
            name = leak.placed.qualified_name
            yield self.finding(
                leak.placed.location,
                f"`{name}` answers an unexpected error with its text, which may hold what clients must not see",
                anchor=f"{name}.{leak.status}",
                left_alone=_reason(leak),
                subject=leak,
            )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:
        for finding in findings:
            leak: _Leak = finding.subject
            placed, module = leak.placed, leak.placed.module
            quote = '"' if module.text.count('"') >= module.text.count("'") else "'"
            for text in leak.texts:
                edits.replace(module, placed.span(text), f"{quote}{_instead(text, leak)}{quote}", finding)
            statement = placed.statement
            assert statement is not None
            if leak.is_raised and isinstance(statement, ast.Raise) and statement.cause is None and leak.clause.name:
                edits.insert(module, placed.span(statement).end, f" from {leak.clause.name}", finding)
            if _writes_to_log(leak.clause):
                continue
            start = placed.span(statement).start
            indent = module.text[max(module.text.rfind("\n", 0, start), module.text.rfind("\r", 0, start)) + 1 : start]
            logger = logger_of(module) or _new_logger(project, edits, module, finding)
            function = placed.qualified_name.rpartition(".")[2]
            line = f"{logger}.exception({quote}{function} failed{quote}){module.source.newline}{indent}"
            edits.insert(module, start, line, finding)


def _leaks(project: Project) -> Iterator[_Leak]:
    for placed in nodes_with(
        project, ast.Call, re.compile(_WORD.encode()), re.compile(_WORD), (b"HTTPException", b"JSONResponse")
    ):
        clause = clause_around(placed)
        if clause is None or not is_broad(clause) or not isinstance(placed.node, ast.Call):
            continue
        symbol = placed.resolve(project, placed.node.func)
        if symbol is None or symbol.path is not None:
            continue
        if symbol.name in HTTP_EXCEPTIONS:
            status, body = argument(placed.node, "status_code", 0), argument(placed.node, "detail", 1)
        elif symbol.name in _RESPONSES:
            status, body = argument(placed.node, "status_code", 1), argument(placed.node, "content", 0)
        else:
            continue
        number = status_of(project, placed, status)
        if number is None or number < 500 or body is None or not _is_answer(placed):
            continue
        texts = [part for part in _texts_of(body) if _shows(part, clause.name)]
        if texts or _shows(body, clause.name):
            yield _Leak(placed, clause, number, texts, symbol.name in HTTP_EXCEPTIONS)


def _is_answer(placed: Placed) -> bool:
    statement = placed.statement
    given = getattr(statement, "exc", None) or getattr(statement, "value", None)
    return isinstance(statement, ast.Raise | ast.Return) and given is placed.node


def _texts_of(body: ast.expr) -> Iterator[ast.expr]:
    if isinstance(body, ast.Dict):
        for value in body.values:
            yield from _texts_of(value)
    else:
        yield body


def _shows(node: ast.expr, name: str | None) -> bool:
    """Whether a text is made of the exception or its traceback."""
    for part in walk(node):
        match part:
            case ast.FormattedValue(value=value) if _is(value, name):
                return True
            case ast.Call(func=ast.Name(id="str" | "repr"), args=[value]) if _is(value, name):
                return True
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="format"), args=given):
                if any(_is(value, name) for value in given):
                    return True
            case ast.BinOp(op=ast.Mod(), left=ast.Constant(), right=right):
                parts = right.elts if isinstance(right, ast.Tuple) else [right]
                if any(_is(value, name) for value in parts):
                    return True
            case ast.Attribute(value=value, attr="args" | "message" | "msg") if _is(value, name):
                return True
            case ast.Call(func=func) if ast.unparse(func) in _TRACEBACKS:
                return True
            case _:
                pass
    return False


def _is(node: ast.expr, name: str | None) -> bool:
    return name is not None and isinstance(node, ast.Name) and node.id == name


def _instead(text: ast.expr, leak: _Leak) -> str:
    """What the text says before it comes to the exception, else the status in words."""
    beginning = _beginning(text)
    # One word alone says too little, unless it is of a script that writes without spaces.
    is_enough = beginning is not None and (len(beginning.split()) > 1 or not beginning.isascii())
    return beginning if beginning and is_enough else phrase_of(leak.status)


def _beginning(text: ast.expr) -> str | None:
    """The plain text in front of the exception; None where there is more than that."""
    match text:
        case ast.JoinedStr(values=[ast.Constant(value=str(plain)), ast.FormattedValue()]):
            pass
        case ast.JoinedStr(values=[ast.FormattedValue()]):
            return ""
        case ast.BinOp(op=ast.Add(), left=ast.Constant(value=str(plain)), right=ast.Call()):
            pass
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(pattern)), right=ast.Name()):
            plain = re.sub(r"%[sr]\Z", "", pattern)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(pattern)), attr="format"), args=[ast.Name()]):
            plain = re.sub(r"\{\}\Z", "", pattern)
        case ast.Call(func=ast.Name(id="str" | "repr")) | ast.Attribute():
            return ""
        case ast.Subscript(value=ast.Attribute()):
            return ""
        case ast.Call(func=func) if ast.unparse(func) in _TRACEBACKS:
            return ""
        case _:
            return None
    if re.search(r"[%{}\"'\\\n\r]", plain):
        return None
    return _KEPT_AT_END.sub("", plain)


def _reason(leak: _Leak) -> str | None:
    placed = leak.placed
    if not leak.texts or any(_beginning(text) is None for text in leak.texts):
        return "what the answer should say without the exception is for a person to tell"
    statement = placed.statement
    assert statement is not None
    if not stands_alone(placed.module, placed.span(statement)):
        return "something else stands on its line"
    if _writes_to_log(leak.clause) or ((name := logger_of(placed.module)) and not _is_hidden(placed, name)):
        return None
    module = placed.module
    if module.bindings("logger") or _is_hidden(placed, "logger"):
        return f"{module.path} has a `logger` of its own kind"
    if module_reachable_as(module, "logging") is None or not module.facts.statements:
        return f"{module.path} has another `logging`"
    if _place_of_logger(module) is None:
        return "there is no place for a logger below the imports"
    return None


def _is_hidden(placed: Placed, name: str) -> bool:
    return any(name in scope.names for scope in placed.scopes)


def _writes_to_log(clause: ast.ExceptHandler) -> bool:
    """Whether a clause says in a log which exception it caught."""
    for statement in clause.body:
        for node in own_nodes(statement):
            if isinstance(node, ast.Call) and is_log(node):
                text = ast.unparse(node)
                shows = clause.name is not None and re.search(rf"\b{clause.name}\b", text) is not None
                if shows or re.search(r"\bexception\(|exc_info|format_exc|print_exc", text):
                    return True
    return False


def _place_of_logger(module: Module) -> int | None:
    """Where the first statement below the imports begins."""
    for index, statement in enumerate(module.facts.statements):
        if statement.word in ("import", "from"):
            continue
        text = module.statement_text(index).lstrip()
        if text.startswith(('"', "'", "r'", 'r"')) or (statement.word in ("try", "if") and "import" in text):
            continue
        return start_with_comments(module, statement.start)
    return None


def _new_logger(project: Project, edits: Edits, module: Module, finding: Finding) -> str:
    if shared := logger_of_project(project):
        edits.import_name(module, *shared, finding)
        return "logger"
    offset = _place_of_logger(module)
    assert offset is not None
    newline = module.source.newline
    logging = edits.module_name(module, "logging", finding)
    statement = next(s for s in module.facts.statements if s.start >= offset)
    blank = 3 if statement.word in ("@", "def", "async def", "class") else 2
    edits.insert(module, offset, f"logger = {logging}.getLogger(__name__)" + newline * blank, finding)
    return "logger"
