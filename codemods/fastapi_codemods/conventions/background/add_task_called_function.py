"""`add_task` gets a function and its arguments, not what a call of it returns.

    background_tasks.add_task(send_mail(user))   ->   background_tasks.add_task(send_mail, user)

## Why

The call runs at once, before the response; what it returns, `None` or a coroutine, is called afterwards, and that
fails.

## Left alone

- Calls that give a function: `partial(send, user)`, a factory, an instance with `__call__`. They are no finding.
- Calls of which the source does not tell what they give, and calls that are awaited: they may be meant.

## Safety

A contract: the work is done when the response has been sent. Until now it was done before, and if it failed, the
answer was 500; a coroutine was never run. The error afterwards is gone.

See <https://fastapi.tiangolo.com/tutorial/background-tasks/>.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...codemod import Codemod
from ...edits import Edits
from ...edits.calls import arguments_of, write_call
from ...edits.lines import has_comment
from ...findings import Finding, Safety
from ...project import Project
from ...project.background_tasks import ADDS, ADDS_BYTES, adds_task
from ...project.functions import FunctionAt, functions_with
from ...project.reader import dotted
from ...project.returns import returns_of
from ...project.started_work import calls_in, definition_of_callee
from ...project.types import Frame, FunctionNode, Types, own_nodes
from ...source.nodes import walk

_PRINTS = frozenset({"builtins.print"})


class _Subject(NamedTuple):
    function: FunctionAt
    call: ast.Call
    work: ast.Call


class AddTaskCalledFunction(Codemod):
    safety = Safety.CONTRACT

    def find(self, project: Project) -> Iterator[Finding]:
        types = Types(project)
        for function in functions_with(project, ADDS_BYTES, ADDS, (b"Background",)):
            for call in calls_in(function.node):
                if len(call.args) != 1 or call.keywords or not adds_task(project, types, function, call):
                    continue
                given = call.args[0]
                work = given.value if isinstance(given, ast.Await) else given
                if not isinstance(work, ast.Call) or (what := _called(types, function, work)) is None:
                    continue
                reason = "a comment stands in it" if has_comment(function.code(call)) else _reason(what, call)
                yield self.finding(
                    function.location(call),
                    f"`{ast.unparse(work.func)}` runs at once, and `add_task` gets what it returns",
                    anchor=f"{function.name}.{ast.unparse(work.func)}",
                    left_alone="it is awaited here, so it may be meant" if isinstance(given, ast.Await) else reason,
                    subject=_Subject(function, call, work),
                )

    def rewrite(self, project: Project, findings: Sequence[Finding], edits: Edits) -> None:  # noqa: ARG002  (the findings know theirs)
        for finding in findings:
            function, call, work = finding.subject
            module, positions = function.module, function.positions
            texts = [module.code(positions.span(work.func)), *arguments_of(module, positions, work)]
            callee = module.code(positions.span(call.func))
            write_call(edits, module, positions.span(call), callee, texts, finding)


def _called(types: Types, function: FunctionAt, work: ast.Call) -> Frame | str | None:
    """What is called: a function of the project, or a known one from outside it; None where it gives what can be
    called, or nothing is known of it."""
    found = definition_of_callee(types, function.frame, work.func)
    if found is not None:
        return None if _may_give_function(types, found) else found
    value = types.value(function.frame, work.func)
    if value is not None and value.symbol.path is None and not value.is_object and value.symbol.name in _PRINTS:
        return value.symbol.name
    return "print" if dotted(work.func) == "print" and not function.module.bindings("print") else None


def _may_give_function(types: Types, found: Frame) -> bool:
    """Whether a function shows that what it returns is called later on."""
    node = found.nodes[-1]
    assert isinstance(node, FunctionNode)
    if isinstance(node, ast.AsyncFunctionDef):
        return False  # a coroutine cannot be called, whatever it gives
    inner = {part.name for part in own_nodes(node) if isinstance(part, FunctionNode)}
    for value in returns_of(node).values:
        match value:
            case ast.Lambda():
                return True
            case ast.Name(id=name) if name in inner:
                return True
            case ast.Name() | ast.Attribute():
                given = types.value(found, value)
                if given is not None and not given.is_object:
                    return True
            case ast.Call() if dotted(value.func).rpartition(".")[2] == "partial":
                return True
            case _:
                pass
    return node.returns is not None and "Callable" in ast.unparse(node.returns)


def _reason(what: Frame | str, call: ast.Call) -> str | None:
    work = call.args[0]
    assert isinstance(work, ast.Call | ast.Await)
    inner = work.value if isinstance(work, ast.Await) else work
    if isinstance(inner, ast.Call) and any(keyword.arg in ("func", "self") for keyword in inner.keywords):
        return "`add_task` has a parameter of the same name"
    if isinstance(what, str):
        return None
    node = what.nodes[-1]
    assert isinstance(node, FunctionNode)
    if node.decorator_list:
        return f"a decorator may make something else of `{node.name}`"
    given = returns_of(node)
    if given.is_generator:
        return f"`{node.name}` is a generator, which `add_task` does not run"
    is_told = isinstance(node, ast.AsyncFunctionDef) or (
        node.returns is not None and _is_plain_annotation(node.returns)
    )
    if not is_told and any(not _is_plain(value) for value in given.values):
        return f"nothing tells whether what `{node.name}` returns is to be called"
    return None


def _is_plain(value: ast.expr) -> bool:
    """A value that cannot be called."""
    if isinstance(value, ast.UnaryOp | ast.BinOp):
        return True
    return isinstance(
        value,
        ast.Constant | ast.JoinedStr | ast.Compare | ast.Dict | ast.List | ast.Tuple | ast.Set | ast.ListComp
        | ast.DictComp | ast.SetComp,
    )  # fmt: skip


def _is_plain_annotation(node: ast.expr) -> bool:
    names = {part.id for part in walk(node) if isinstance(part, ast.Name)}
    constants = all(part.value is None for part in walk(node) if isinstance(part, ast.Constant))
    return constants and names <= {"bool", "bytes", "dict", "float", "int", "list", "set", "str", "tuple"}
