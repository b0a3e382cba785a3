"""Whether a function runs while requests are served, or only before and after: at import, at startup, in tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ..source.discovery import is_test
from ..source.nodes import walk
from .enclosing import enclosing_function
from .index import Module, Project, Symbol
from .references import Use, uses

_DEEPEST = 4
_CONTEXT_MANAGERS = frozenset({"asynccontextmanager", "contextmanager"})
_OF_LIFESPAN = re.compile(r"\b(?:lifespan|on_startup|on_shutdown)\s*=|\badd_event_handler\s*\(|\bwith\s")


class Lifetimes:
    """Answers for one project, remembered. Without `startup`, what runs at startup counts as if it served requests."""

    def __init__(self, project: Project, *, startup: bool = True) -> None:
        self.project = project
        self.startup = startup
        self._known: dict[tuple[str, str], bool] = {}
        self._uses: dict[Symbol, list[Use]] = project.remembered("uses of functions that change globals", dict)

    def prepare(self, symbols: Iterable[Symbol]) -> None:
        """Look up who uses some functions that will be asked about, which costs less than one by one."""
        new = {symbol for symbol in symbols if symbol not in self._uses}
        if new:
            self._uses.update(uses(self.project, new))

    def outside_requests(self, path: str, function: str, depth: int = 0) -> bool:
        """Whether the function of that qualified name, empty for what runs at import, surely serves no request."""
        if not function or is_test(path):
            return True
        key = path, function
        if key not in self._known:
            self._known[key] = False  # one that calls itself proves nothing by that
            self._known[key] = self._outside(path, function, depth)
        return self._known[key]

    def _outside(self, path: str, function: str, depth: int) -> bool:
        module = self.project.module(path)
        if module is None or depth > _DEEPEST:
            return False
        outer, _, inner = function.rpartition(".")
        if outer:
            return self.startup and self._is_local_lifespan(module, outer.partition(".")[0], inner)
        found = self.project.function(Symbol(path, function))
        if found is None:
            return False
        names = [decorator.name.rpartition(".")[2] for decorator in found[1].decorators]
        if "on_event" in names:
            return self.startup
        if any(name not in _CONTEXT_MANAGERS for name in names):
            return False
        symbol = Symbol(path, function)
        self.prepare([symbol])
        return all(self._is_outside(use, depth) for use in self._uses[symbol])

    def _is_outside(self, use: Use, depth: int) -> bool:
        if is_test(use.path) or use.kind == "annotation":
            return True
        module = self.project.module(use.path)
        if module is None:
            return False
        if use.kind == "call":
            return self.outside_requests(use.path, enclosing_function(module, use), depth + 1)
        if use.kind == "value" and isinstance(use.node, ast.FunctionDef | ast.ClassDef):
            return True  # a decorator that registers what it decorates
        if not self.startup or use.kind in ("decorator", "injected"):
            return False
        text = module.text.splitlines()
        around = "\n".join(text[max(0, use.line - 4) : use.line])
        return _OF_LIFESPAN.search(around) is not None

    def _is_local_lifespan(self, module: Module, outer: str, inner: str) -> bool:
        """A lifespan that a factory defines and hands to its application."""
        for binding in module.bindings(outer):
            if binding.kind != "def":
                return False
            for node in walk(module.tree(binding.statement)):
                if isinstance(node, ast.Call):
                    for keyword in node.keywords:
                        if (
                            keyword.arg == "lifespan"
                            and isinstance(keyword.value, ast.Name)
                            and keyword.value.id == inner
                        ):
                            return True
                if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.name != inner:
                    continue
                if any("on_event" in ast.unparse(decorator) for decorator in node.decorator_list):
                    return True
        return False
