"""What calls give: builtins, the standard library, functions and classes of the project, and methods."""

from __future__ import annotations

import ast

from ..index import Module, Symbol
from ..model import Function
from ..operations import Definition
from ..reader import dotted
from . import known
from .containers import Containers
from .model import (
    BOOL,
    FINITE,
    FLOAT,
    INT,
    NONE,
    NOTHING,
    SIMPLE_FLOAT,
    STR,
    Entry,
    Fixed,
    Instance,
    Items,
    Json,
    Library,
    Lookup,
    Object,
    Plain,
    Rows,
    Shape,
    Unproven,
    alternatives,
    either,
    is_mutable,
)
from .operators import rounded, signed
from .state import short

_PROCESSES = frozenset({"subprocess.check_output", "subprocess.run"})
_SPECIAL = frozenset(
    {
        *known.JSON_LOADERS, *_PROCESSES, "re.sub",
        "datetime.date", "datetime.datetime", "datetime.datetime.now", "datetime.datetime.utcfromtimestamp",
        "os.environ.get", "os.getenv", "os.listdir", "os.path.abspath", "os.path.basename", "os.path.dirname",
        "os.path.join", "os.path.normpath", "random.choice", "secrets.choice",
    }
)  # fmt: skip
_MAKES_MODEL = frozenset({"from_orm", "model_validate", "model_validate_json", "parse_obj", "parse_raw"})
_STORING = frozenset({"add", "append", "appendleft", "insert", "put_nowait", "setdefault"})


class Calls(Containers):
    """Follows calls."""

    def _awaited(self, node: ast.expr) -> Shape:
        if isinstance(node, ast.Call):
            return self._call(node, is_awaited=True)
        self.shape(node)
        return self.unproven(node)

    def _call(self, node: ast.Call, *, is_awaited: bool) -> Shape:
        # What the arguments themselves alias is held by nobody but the function.
        outer, self.held = self.held, frozenset(self.just_aliased)
        try:
            return self._called(node, is_awaited=is_awaited)
        finally:
            self.held = outer

    def _called(self, node: ast.Call, *, is_awaited: bool) -> Shape:
        symbol = self.meaning(node.func)
        if symbol is not None and symbol.path is None and not is_awaited:
            head, _, name = symbol.name.rpartition(".")
            if head == "builtins" and name != "setattr":
                return self._builtin(node, name)
            if symbol.name == "builtins.setattr" and node.args:
                self._look_at_arguments(node, is_harmless=True)
                for changed in self._reachable(node.args[0]):
                    self.set(changed, Unproven("`setattr` changes it"))
                return NONE
            if symbol.name in known.FUNCTIONS or symbol.name in _SPECIAL:
                self._look_at_arguments(node, is_harmless=symbol.name in known.HARMLESS_CALLS)
                return self._of_library(node, symbol.name)
            if symbol.name in known.HARMLESS_CALLS:
                shapes = self._look_at_arguments(node, is_harmless=True)
                is_copy = symbol.name.startswith("copy.") and len(shapes) == 1
                return shapes[0] if is_copy else self.unproven(node)
        if symbol is not None and symbol.path is None and symbol.name.endswith("select"):
            parts = [argument.func if isinstance(argument, ast.Call) else argument for argument in node.args]
            entities = [self.meaning(part) if dotted(part) else None for part in parts]
            if (selected := self.shapes.stored.selected(symbol, entities)) is not None:
                return selected
        if symbol is not None and symbol.path is not None and symbol.name:
            found = self._of_project(node, symbol, is_awaited=is_awaited)
            if found is not None:
                return found
        if isinstance(node.func, ast.Attribute) and (symbol is None or symbol.path is not None):
            found = self._method(node, node.func, is_awaited=is_awaited)
            if found is not None:
                return found
        if symbol is None:
            self.peek(node.func)
        self._look_at_arguments(node, is_harmless=_changes_nothing(node.func, symbol))
        if symbol is not None and symbol.path is None and symbol.name.endswith("Response") and not is_awaited:
            return Library(symbol.name)
        return self.unproven(node)

    def _look_at_arguments(self, node: ast.Call, *, is_harmless: bool) -> list[Shape]:
        """Evaluate the arguments of a function that may change them unless it `is_harmless`."""
        positional, named = self.arguments(node)
        if not is_harmless:
            self.handed(node)
        return [*(positional or ()), *named.values()]

    def _builtin(self, node: ast.Call, name: str) -> Shape:
        positional, named = self.arguments(node)
        if name not in known.HARMLESS and f"builtins.{name}" not in known.FUNCTIONS:
            self.handed(node)
            return self.unproven(node)
        for value in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(value, ast.Name) and name not in ("len", "str", "print", "isinstance", "bool", "sum", "repr"):
                # `list(rows)` holds the same rows.
                self.shape(value)
        if f"builtins.{name}" in known.FUNCTIONS:
            return known.FUNCTIONS[f"builtins.{name}"]
        if positional is None:
            return self.unproven(node)
        first = positional[0] if positional else NOTHING
        if name == "open":
            written = (
                node.args[1] if len(node.args) > 1 else next((k.value for k in node.keywords if k.arg == "mode"), None)
            )
            if written is None or isinstance(written, ast.Constant):
                is_binary = isinstance(written, ast.Constant) and "b" in str(written.value)
                return known.BINARY_FILE if is_binary else known.TEXT_FILE
            return self.unproven(node)
        if name == "int":
            return INT
        if name == "float":
            # `float("nan")` and `float("1e-7")` are floats, too.
            return either([SIMPLE_FLOAT if one == INT else FLOAT for one in alternatives(first)] or [SIMPLE_FLOAT])
        if name == "range":
            return Items("iterator", INT)
        if name == "enumerate":
            return Items("iterator", Fixed((INT, self.element_of(first, node))))
        if name == "zip":
            pairs = tuple(self.element_of(s, a) for s, a in zip(positional, node.args, strict=True))
            return Items("iterator", Fixed(pairs))
        if name in ("list", "sorted", "tuple", "set", "frozenset", "reversed", "iter"):
            kind = {"sorted": "list", "reversed": "iterator", "iter": "iterator"}.get(name, name)
            return Items(kind, self.element_of(first, node) if positional else NOTHING)
        if name == "dict":
            if not positional:
                return Object(tuple((key, Entry(shape, required=True)) for key, shape in named.items()))
            if isinstance(first, Object) and len(positional) == 1:
                for key, shape in named.items():
                    first = first.with_entry(key, Entry(shape, required=True))
                return first
            if isinstance(first, Json) and not named:
                return Lookup(STR, first)
            return first if isinstance(first, Lookup) and not named else self.unproven(node)
        if name == "round":
            return rounded(first, node) or self.unproven(node)
        if name == "abs":
            return signed(first) or self.unproven(node)
        if name == "sum":
            element = self.element_of(first, node)
            if all(one in (INT, BOOL) for one in alternatives(element)) and len(positional) == 1:
                return INT
            if all(one in (INT, FINITE, SIMPLE_FLOAT) for one in alternatives(element)) and len(positional) == 1:
                return either((INT, FINITE))  # of nothing at all it is 0
            return self.unproven(node)
        if name in ("max", "min"):
            candidates = positional if len(positional) > 1 else [self.element_of(first, node)]
            return either([*candidates, *([named["default"]] if "default" in named else [])])
        if name == "next":
            return either([self.element_of(first, node), *positional[1:]])
        return self.unproven(node)

    def _of_library(self, node: ast.Call, name: str) -> Shape:
        positional, named = self.arguments(node)
        values = [*(positional or ()), *named.values()]
        if name in ("os.getenv", "os.environ.get"):
            if positional is None:
                return self.unproven(node)
            default = positional[1] if len(positional) > 1 else named.get("default", NONE)
            return either((STR, default))
        if name in known.JSON_LOADERS:
            return known.JSON if len(values) == 1 and not node.keywords else self.unproven(node)
        if name in _PROCESSES:
            return self._of_process(node, name)
        if name == "re.sub":
            # Of text only text can be replaced.
            return STR if node.args and self.shapes.constant(node.args[0]) == STR else self.unproven(node)
        if name == "datetime.date":
            return known.DATE
        if name == "datetime.datetime":
            has_zone = positional is None or len(positional) > 7 or "tzinfo" in named
            return known.DATETIME if has_zone else known.NAIVE
        if name == "datetime.datetime.now":
            is_naive = positional is not None and all(value == NONE for value in values)
            return known.NAIVE if is_naive else known.DATETIME
        if name in ("os.path.join", "os.path.basename", "os.path.dirname", "os.path.abspath", "os.path.normpath"):
            return STR if positional and all(value == STR for value in values) else self.unproven(node)
        if name == "os.listdir":
            return known.STRINGS if all(value in (STR, known.PATH) for value in values) else self.unproven(node)
        if name in ("random.choice", "secrets.choice") and positional:
            return self.element_of(positional[0], node.args[0])
        if name == "datetime.datetime.utcfromtimestamp":
            return known.NAIVE
        if name == "collections.defaultdict" or name not in known.FUNCTIONS:
            return self.unproven(node)
        return known.FUNCTIONS[name]

    def _of_process(self, node: ast.Call, name: str) -> Shape:
        """What a process has written, where it is read as text."""
        given = {keyword.arg: keyword.value for keyword in node.keywords}

        def is_true(*names: str) -> bool:
            return any(isinstance(given.get(n), ast.Constant) and bool(given[n].value) for n in names)  # type: ignore[attr-defined]

        is_text = is_true("text", "universal_newlines", "encoding") and "errors" not in given and None not in given
        if name == "subprocess.check_output":
            return STR if is_text else self.unproven(node)
        return Library("subprocess.run of text" if is_text and is_true("capture_output") else "subprocess.run")

    def _of_project(self, node: ast.Call, symbol: Symbol, *, is_awaited: bool) -> Shape | None:
        """A function or class of the project; None where it is something else."""
        found = self.shapes.class_of(symbol)
        if found is not None and found.kind != "unknown":
            self._look_at_arguments(node, is_harmless=found.is_pydantic and not found.hooks)
            if is_awaited:
                return self.unproven(node)
            if found.kind == "enum":
                return Plain(symbol)
            return Instance(symbol, is_validated=found.is_pydantic and not found.table)
        owner, _, method = symbol.name.rpartition(".")
        if owner and method in _MAKES_MODEL and not is_awaited and self.shapes.is_model(Symbol(symbol.path, owner)):
            self._look_at_arguments(node, is_harmless=True)
            return Instance(Symbol(symbol.path, owner), is_validated=True)
        function = self.shapes.function(symbol)
        if function is None:
            return None
        return self._followed(node, function, (), is_awaited=is_awaited)

    def _followed(
        self,
        node: ast.Call,
        function: tuple[Module, Function, Definition],
        first: tuple[Shape, ...],
        *,
        is_awaited: bool,
    ) -> Shape:
        """What a call of a function of the project gives; `first` are arguments in front of those of the call."""
        positional, named = self.arguments(node)
        if positional is None:
            self.handed(node)
            return self.unproven(node)
        result, changed = self.shapes.called(function, [*first, *positional], named, self.depth, is_awaited=is_awaited)
        if changed or self.leaked:
            self.handed(node)
        if isinstance(result, Unproven):
            return Unproven(f"nothing shows what `{short(node.func)}()` gives: {result.reason}")
        return result

    def _method(self, node: ast.Call, func: ast.Attribute, *, is_awaited: bool) -> Shape | None:
        """A method of something that is known; None where that is not."""
        name = func.attr
        if isinstance(func.value, ast.Call) or not isinstance(func.value, ast.Name | ast.Subscript | ast.Attribute):
            owner = self.shape(func.value)
        else:
            owner = self.peek(func.value)
        if isinstance(owner, Unproven | Library) and (loaded := self._of_session(node, name)) is not None:
            return loaded
        # `DATABASE.append(item)`: whoever holds the list holds the item.
        if isinstance(owner, Unproven):
            if name in _STORING and not is_awaited:
                self.arguments(node)
                for value in node.args:
                    # What is loaded belongs to its session anyway.
                    names = {n for n in self._reachable(value) if n in self.env and _is_container(self.env[n])}
                    self.leaked |= names
                    self.touched |= names
                return NONE if name != "setdefault" else self.unproven(node)
            return None
        found = []
        for one in alternatives(owner):
            if one == NONE:
                continue
            shape = self._method_of(one, node, func, is_awaited=is_awaited)
            if shape is None:
                if is_mutable(one):
                    # Nothing shows what it does.
                    for changed in self._mutable_names(func.value):
                        self._may_be_changed(changed, func)
                return None
            found.append(shape)
        return either(found) if found else None

    def _of_session(self, node: ast.Call, name: str) -> Shape | None:
        """A method that loads something from a database, of whatever is a session here."""
        if name == "refresh" and node.args:
            target = node.args[0]
            shape = self.env.get(target.id) if isinstance(target, ast.Name) else None
            symbol = self.made.get(target.id) if isinstance(target, ast.Name) else None
            if isinstance(target, ast.Name) and shape is not None and symbol is not None:
                self._forget(target.id)
                self.set(target.id, Instance(symbol, is_loaded=True))
                return NONE
        if name not in ("query", "get", "execute", "exec", "scalars", "scalar") or not node.args:
            return None
        first = node.args[0]
        is_counted = name == "query" and isinstance(first, ast.Call)
        asked = first.func if is_counted and isinstance(first, ast.Call) else first
        symbol = self.meaning(asked) if dotted(asked) else None
        if symbol is not None and symbol.path is None and not is_counted:
            symbol = None
        given = self.peek(first) if symbol is None else None
        if name == "query" and len(node.args) != 1:
            return None
        found = self.shapes.stored.of_session(name, symbol, given)
        if found is not None:
            for argument in node.args[1:]:
                self.peek(argument)
        return found

    def _method_of(self, owner: Shape, node: ast.Call, func: ast.Attribute, *, is_awaited: bool) -> Shape | None:
        name = func.attr
        match owner:
            case Plain(symbol=symbol):
                if is_awaited:
                    return None
                members = self.shapes.enum_members(symbol)
                result = known.METHODS.get(symbol.name, {}).get(name) if members is None else None
                if owner == known.NAIVE and name == "replace" and "tzinfo" not in {k.arg for k in node.keywords}:
                    result = known.NAIVE
                if result is not None:
                    self._look_at_arguments(node, is_harmless=True)
                return result
            case Library(name=cls):
                table = known.AWAITED if is_awaited else known.METHODS
                result = table.get(cls, {}).get(name)
                if result is not None:
                    shapes = self._look_at_arguments(node, is_harmless=True)
                    if result == known.JSON and not {k.arg for k in node.keywords} <= known.JSON_KEYWORDS:
                        return None
                    if cls == "starlette.Headers" and len(shapes) > 1:
                        return either((STR, shapes[1]))
                return result
            case Rows():
                found = self.shapes.stored.method(owner, name)
                if found is not None:
                    self._look_at_arguments(node, is_harmless=True)
                return found
            case Items() | Object() | Lookup():
                return None if is_awaited else self._of_container(owner, node, func)
            case Json():
                return None if is_awaited else self._of_json(node, func)
            case Instance() if (method := self.shapes.method(owner.symbol, name)) is not None:
                return self._followed(node, method, (owner,), is_awaited=is_awaited)
            case Instance() if name in ("dict", "model_dump") and not (node.args or node.keywords):
                return self.shapes.dumped(owner)
            case Instance() if name in ("json", "model_dump_json") and not is_awaited:
                return STR if self.shapes.is_model(owner.symbol) else None
        return None


def _changes_nothing(func: ast.expr, symbol: Symbol | None) -> bool:
    """Whether a function only reads its arguments: errors, responses, logging, conditions of a query."""
    name = dotted(func).rpartition(".")[2] or getattr(func, "attr", "")
    if symbol is not None and symbol.path is None and name.endswith(("Error", "Exception", "Response")):
        return True
    return isinstance(func, ast.Attribute) and (name in known.LOGGING or name in known.READING)


def _is_container(shape: Shape) -> bool:
    return is_mutable(shape) and not all(isinstance(one, Instance | Plain) for one in alternatives(shape))
