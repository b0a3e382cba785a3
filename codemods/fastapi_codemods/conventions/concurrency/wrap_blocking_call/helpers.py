"""The function that runs another one in a thread, as a module can call it."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from ....edits import Edits, module_reachable_as, reachable_as
from ....findings import Finding
from ....project import Module, Project, Symbol
from ....project.calls import thread_helper
from ....project.import_paths import leads_to
from ....project.profile.evidence import Evidence
from ....project.profile.work import threadpool_helpers
from ....project.reader import dotted
from ....project.types import Types
from ....source.nodes import walk

_HOMES = ("fastapi.concurrency", "starlette.concurrency")


class Helper(NamedTuple):
    expression: str
    """`run_in_threadpool`; for `asyncify` what is called with the function alone."""
    takes_keywords: bool
    is_curried: bool
    """`asyncify(f)(x)` instead of `run_in_threadpool(f, x)`."""
    name: str
    """What is to be imported: a dotted name, or a module if it has no dot."""
    reason: str | None = None
    """Why it cannot be used in this module."""
    parameters: frozenset[str] = frozenset({"func"})
    """Its own, which keywords of the call would mean."""
    loses_stop: bool = False
    """A StopIteration never comes out of it: who awaits it waits for ever."""

    def reason_against(self, nodes: Iterable[ast.AST]) -> str | None:
        nodes = list(nodes)
        if not self.loses_stop or any(
            isinstance(node, ast.ExceptHandler) and node.type is not None and "StopIteration" in ast.unparse(node.type)
            for node in nodes
        ):
            return None
        for node in nodes:
            match node:
                case ast.Call(func=ast.Name(id="next"), args=[_], keywords=[]):
                    return f"`next` may raise StopIteration, which never comes out of `{self.expression}`"
                case ast.Raise(exc=ast.expr() as raised) if "StopIteration" in dotted(
                    raised.func if isinstance(raised, ast.Call) else raised
                ):
                    return f"it raises StopIteration, which never comes out of `{self.expression}`"
                case _:
                    pass
        return None

    def call(self, function: str, arguments: str, *, gap: str = " ") -> str:
        """What awaits `function(arguments)` in a thread. `gap` stands between two arguments."""
        if self.is_curried:
            return f"await {self.expression}({function})({arguments})"
        rest = f",{gap}{arguments}" if arguments.strip() else arguments
        return f"await {self.expression}({function}{rest})"


def helper_in(project: Project, module: Module) -> Helper:
    return module.remembered("thread helper", lambda: _helper_in(project, module))


def _helper_in(project: Project, module: Module) -> Helper:
    own = project.remembered("own thread helper", lambda: _own_helper(project))
    if own is not None and (found := _own_in(project, module, own)) is not None:
        return found
    helper = _known_in(project, module)
    return helper._replace(loses_stop=thread_helper(project) == "asyncio.to_thread")


class _Own(NamedTuple):
    """A function of the project that runs what it is given in a thread."""

    symbol: Symbol
    takes_keywords: bool
    parameters: frozenset[str]


def _own_helper(project: Project) -> _Own | None:
    """The project's own, if it uses that most: `async def in_thread(function, *args, **kwargs)`."""
    counts = Counter(name for name, _ in threadpool_helpers(Evidence(project)))
    if not counts:
        return None
    name, separator, path = counts.most_common(1)[0][0].partition(" in ")
    if not separator:
        return None
    symbol = Symbol(path, name)
    frame = Types(project).definition(symbol)
    node = frame.nodes[-1] if frame is not None else None
    if not isinstance(node, ast.AsyncFunctionDef) or node.decorator_list or node.args.vararg is None:
        return None
    arguments = node.args
    if len([*arguments.posonlyargs, *arguments.args]) != 1 or any(d is None for d in arguments.kw_defaults):
        return None
    if not any(isinstance(part, ast.Return) and part.value is not None for part in walk(node)):
        return None
    named = frozenset(argument.arg for argument in (*arguments.args, *arguments.kwonlyargs))
    return _Own(symbol, arguments.kwarg is not None, named)


def _own_in(project: Project, module: Module, own: _Own) -> Helper | None:
    """The project's own helper as a module can call it; None where it can only be had by an import in a circle."""

    def helper(expression: str, name: str = "") -> Helper:
        return Helper(expression, own.takes_keywords, False, name, None, own.parameters, loses_stop=True)

    if own.symbol.path == module.path:
        return helper(own.symbol.name)
    for local, targets in module.imports.items():
        if len(targets) == 1 and project.follow_import(module.path, targets[0]) == own.symbol:
            return helper(local)
    if leads_to(project, own.symbol.path or "", module):
        return None
    for other in project.modules():
        for item in other.facts.imports:
            target = item.target
            if target.rpartition(".")[2] != own.symbol.name or target.startswith("."):
                continue
            if project.follow_import(module.path, target) == own.symbol:
                found = reachable_as(module, target)
                if found is not None:
                    return helper(found.expression, target if found.request else "")
    return None


def _known_in(project: Project, module: Module) -> Helper:
    match thread_helper(project):
        case "asyncio.to_thread":
            for local, targets in module.imports.items():
                if targets == ["asyncio.to_thread"]:
                    return Helper(local, True, False, "")
            found = module_reachable_as(module, "asyncio")
            if found is None:
                return Helper("", True, False, "", f"`{module.path}` has another `asyncio`")
            return Helper(f"{found.expression}.to_thread", True, False, "asyncio" if found.request else "")
        case "anyio.to_thread.run_sync":
            for local, targets in module.imports.items():
                if targets == ["anyio.to_thread"]:
                    return Helper(f"{local}.run_sync", False, False, "")
            found = module_reachable_as(module, "anyio")
            if found is None:
                return Helper("", False, False, "", f"`{module.path}` has another `anyio`")
            return Helper(f"{found.expression}.to_thread.run_sync", False, False, "anyio" if found.request else "")
        case "asyncify":
            return _function(module, "asyncer.asyncify", takes_keywords=True, is_curried=True)
        case _:
            for local, targets in module.imports.items():
                if len(targets) == 1 and targets[0] in [f"{home}.run_in_threadpool" for home in _HOMES]:
                    return Helper(local, True, False, "")
            return _function(module, f"{_home(project)}.run_in_threadpool", takes_keywords=True, is_curried=False)


def _function(module: Module, dotted: str, *, takes_keywords: bool, is_curried: bool) -> Helper:
    found = reachable_as(module, dotted)
    if found is None:
        taken = dotted.rpartition(".")[2]
        return Helper("", takes_keywords, is_curried, "", f"`{module.path}` has another `{taken}`")
    return Helper(found.expression, takes_keywords, is_curried, dotted if found.request else "")


def _home(project: Project) -> str:
    """Where the project imports `run_in_threadpool` from; FastAPI's own module where it does not yet."""

    def count(home: str) -> int:
        return sum(
            item.target == f"{home}.run_in_threadpool" for module in project.modules() for item in module.facts.imports
        )

    return project.remembered("home of run_in_threadpool", lambda: max(_HOMES, key=count))


def import_helper(helper: Helper, module: Module, edits: Edits, finding: Finding) -> None:
    if "." in helper.name:
        edits.name(module, helper.name, finding)
    elif helper.name:
        edits.module_name(module, helper.name, finding)
