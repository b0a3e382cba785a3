"""Calls that write to a log."""

from __future__ import annotations

import ast
import re
from collections import Counter

from .index import Module, Project
from .reader import dotted

_LOGS = re.compile(r"(?:log|logger|logging|sentry_sdk|traceback|warnings)\Z", re.IGNORECASE)
_METHODS = re.compile(r"a?(?:debug|info|warn|warning|error|exception|critical|fatal|log|trace)|(?:print|capture)_\w+")
_MAKERS = frozenset({"logging.getLogger", "structlog.get_logger", "structlog.getLogger", "structlog.stdlib.get_logger"})


def is_log(node: ast.expr) -> bool:
    """`logger.exception(...)`, `await self._log.aerror(...)`, `print(...)`."""
    if isinstance(node, ast.Await):
        node = node.value
    if not isinstance(node, ast.Call):
        return False
    owner, _, method = dotted(node.func).rpartition(".")
    if not owner:
        return method in ("print", "pprint", "capture_exception")
    return bool(_LOGS.search(owner) and _METHODS.fullmatch(method))


def logger_of(module: Module) -> str | None:
    """The name of the module's own logger, or of one that it imports by such a name; None where it has none."""
    for made in module.facts.assignments:
        if not made.scopes and made.call.callee in ("getLogger", "get_logger", "logging.getLogger", *_MAKERS):
            return made.target
    for name in ("logger", "log", "LOGGER", "LOG"):
        kinds = {binding.kind for binding in module.bindings(name)}
        if kinds == {"import"} and name in module.imports:
            return name
        if kinds == {"assign"}:
            statement = module.statement_text(module.bindings(name)[0].statement)
            if re.search(r"=\s*[\w.]*(?:get_?[lL]ogger|init_logger|verbose_proxy_logger)\w*\(", statement):
                return name
    return None


def logger_of_project(project: Project) -> tuple[str, str] | None:
    """Module and name of the `logger` that most modules of the project import; None where they make their own."""
    return project.remembered("logger of the project", lambda: _logger_of_project(project))


def _logger_of_project(project: Project) -> tuple[str, str] | None:
    imported: Counter[str] = Counter()
    made = 0
    for module in project.modules():
        target = next(iter(module.imports.get("logger", [])), "")
        if target.endswith(".logger") and not target.startswith("."):
            imported[target] += 1
        made += any(binding.kind == "assign" for binding in module.bindings("logger"))
    (target, number), *_ = imported.most_common(1) or [("", 0)]
    if number < ENOUGH or number <= made:
        return None
    home, _, name = target.rpartition(".")
    return home, name


ENOUGH = 3
"""Modules that make a custom."""
