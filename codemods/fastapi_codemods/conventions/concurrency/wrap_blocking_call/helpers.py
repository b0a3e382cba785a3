"""The function that runs another one in a thread, as a module can call it."""

from __future__ import annotations

from typing import NamedTuple

from ....edits import Edits, module_reachable_as, reachable_as
from ....findings import Finding
from ....project import Module, Project
from ....project.calls import thread_helper

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

    def call(self, function: str, arguments: str, *, gap: str = " ") -> str:
        """What awaits `function(arguments)` in a thread. `gap` stands between two arguments."""
        if self.is_curried:
            return f"await {self.expression}({function})({arguments})"
        rest = f",{gap}{arguments}" if arguments.strip() else arguments
        return f"await {self.expression}({function}{rest})"


def helper_in(project: Project, module: Module) -> Helper:
    return module.remembered("thread helper", lambda: _helper_in(project, module))


def _helper_in(project: Project, module: Module) -> Helper:
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
