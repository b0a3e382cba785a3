"""Who uses a function whose parameters are about to lose their defaults, and whether that goes on working."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ....project import Function, Module, Project, Scope, Symbol
from ....project.model import Decorator
from ....project.reader import dotted, scope_of
from ....project.references import Use, begin_uses, uses
from ....source.nodes import walk
from .annotations import is_route_decorator
from .order import Arrangement

# What may be done with a function besides calling it: none of it looks at the defaults.
_HARMLESS_KINDS = frozenset({"annotation", "decorator", "injected", "override"})
_HARMLESS_CALLEES = frozenset(
    {"isinstance", "issubclass", "iscoroutinefunction", "signature", "update_wrapper", "wraps"}
)
_REGISTERING = frozenset({"add_api_route", "add_api_websocket_route", "add_route", "APIRoute", "APIWebSocketRoute"})
_ROUTE_CALL = re.compile(r"\.(?:api_route|delete|get|head|options|patch|post|put|trace|websocket)\(")
_TELLS_OF_DEFAULTS = frozenset({"__call__", "__defaults__", "__kwdefaults__", "__init__"})
_CALLS_ITSELF = re.compile(r"\bcls\(|\b__class__\(|\btype\(self\)\(")

# What these decorate is called without what it asks for, or its own signature is hidden from FastAPI.
_CALLS_WITHOUT = frozenset({"exception_handler", "middleware", "on_event"})
_TRANSPARENT = frozenset({"asynccontextmanager", "cache", "contextmanager", "lru_cache", "override", "staticmethod"})

NEEDS_DEFAULT = ", so it needs the default"


class Signature(NamedTuple):
    """What becomes of a function."""

    module: Module
    function: Function
    going: frozenset[str]
    """The parameters that move into `Annotated`."""
    arrangement: Arrangement


class Callers:
    """What the uses of the functions in question allow."""

    def __init__(self, project: Project, known: Known) -> None:
        self.project = project
        self.known = known
        self.by_place: dict[str, bool] = {}
        """Whether decorators of that name depend on the places of parameters, as far as asked."""

    def reason(self, signature: Signature) -> str | None:
        """Why the function must keep its defaults."""
        module, function = signature.module, signature.function
        symbol = _symbol(module, function)
        if reason := self._reason_of_decorators(signature, symbol):
            return reason
        if symbol is None:
            return self._reason_of_local_uses(signature)
        if function.name == "__call__":
            return self._reason_of_instances(signature, symbol)
        if function.name == "__init__" and _CALLS_ITSELF.search(module.statement_text(function.statement)):
            return f"class `{symbol.name}` makes instances of itself and may rely on the defaults"
        for use in self.known.found.get(symbol, []):
            if reason := self._reason_of_use(signature, use):
                return reason
        return None

    # Decorators

    def _reason_of_decorators(self, signature: Signature, symbol: Symbol | None) -> str | None:
        function = signature.function
        for decorator in function.decorators:
            last = decorator.name.rpartition(".")[2]
            if last in _CALLS_WITHOUT:
                return f"`@{decorator.name}` calls it without what it asks for, so it needs the default"
            if last == "wraps":
                return "`@wraps` hides its own parameters from FastAPI, so it needs the default"
        unknown = _unknown_decorators(function)
        if not unknown or function.is_method:
            return None
        name = unknown[0].name
        is_injected = symbol in self.known.injected if symbol else f"({function.name})" in _text(signature)
        if _is_in_unknown_hands(function) and not is_injected:
            return f"`@{name}` decides how it is called, and nothing in the project shows that FastAPI does"
        if signature.arrangement.moves:
            for decorator in unknown:
                if self._depends_on_places(signature, decorator):
                    return f"its parameters would change places, and `@{decorator.name}` may depend on them"
        return None

    def _depends_on_places(self, signature: Signature, decorator: Decorator) -> bool:
        """Whether a function of the project that may be the decorator calls what it is given with `f(x)`, or makes a
        signature of its own from that of `f`.

        FastAPI passes everything by keyword, and so does a wrapper that says `f(*args, **kwargs)`.
        """
        symbol = self.project.resolve(signature.module, decorator.name, signature.function.scopes)
        name = _last(symbol.name if symbol is not None else decorator.name)
        if name not in self.by_place:
            self.by_place[name] = any(
                _looks_at_places(node)
                for module in self.project.modules()
                if f"def {name}(" in module.text
                for index, statement in enumerate(module.facts.statements)
                if f"def {name}(" in module.text[statement.start : statement.end]
                for node in walk(module.tree(index))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
            )
        return self.by_place[name]

    # Uses by name, anywhere in the project

    def _reason_of_use(self, signature: Signature, use: Use) -> str | None:
        if use.kind == "call" and isinstance(use.node, ast.Call):
            return _reason_of_call(signature, use.node, use.place)
        if use.kind in _HARMLESS_KINDS:
            return None
        if use.kind in ("attribute", "method"):
            return f"`{use.member}` of it is used at {use.place}" if use.member in _TELLS_OF_DEFAULTS else None
        if use.kind == "argument":
            return None if _is_harmless_callee(use.member) else _handed_on(use.member, use.place)
        if use.kind == "base":
            if self._passes_all(use, signature.function):
                return None
            return f"class `{use.member}` at {use.place} extends it and may rely on its defaults"
        return None if _is_override(use.node) else _used_as_value(use.place)

    def _passes_all(self, use: Use, function: Function) -> bool:
        other = self.project.module(use.path)
        if other is None:
            return False
        return "super().__init__" not in other.text and f"{function.scopes[-1].name}.__init__" not in other.text

    def _reason_of_instances(self, signature: Signature, symbol: Symbol) -> str | None:
        """Of `__call__`: the instances are called, those with a name at module level can be followed."""
        instances = self.known.instances.get(symbol, [])
        places = {place for _, place in instances}
        for use in self.known.found.get(symbol, []):
            if use.kind == "call" and use.place not in places and not self._is_injected_in_place(use):
                return f"an instance made at {use.place} may be called without arguments"
        for instance, _ in instances:
            for use in self.known.found.get(instance, []):
                if reason := self._reason_of_use(signature, use):
                    return reason
        return None

    def _is_injected_in_place(self, use: Use) -> bool:
        """`Depends(Checker(...))` on one line, also as `dependency=`."""
        module = self.project.module(use.path)
        if module is None:
            return False
        line = module.text.splitlines()[use.line - 1] if module.text.count("\n") >= use.line - 1 else ""
        return bool(re.search(r"(?:Depends|Security)\((?:dependency=)?\s*$", line[: use.column - 1]))

    # Functions inside functions

    def _reason_of_local_uses(self, signature: Signature) -> str | None:
        """A name that a function binds is used in the same top-level statement."""
        module, function = signature.module, signature.function
        scopes = function.scopes[:-1] if function.is_method else function.scopes
        name = function.scopes[-1].name if function.is_method else function.name
        first_line = module.facts.statements[function.statement].line
        local = module.remembered(
            f"local uses {function.statement}", lambda: _local_uses(module.tree(function.statement))
        )
        for use in local.get((tuple(scope.name for scope in scopes), name), []):
            place = f"{module.path}:{first_line + use.line - 1}"
            if use.call is not None and not use.callee:
                reason = None if function.name == "__call__" else _reason_of_call(signature, use.call, place)
            elif use.call is not None:
                is_harmless = _is_harmless_callee(use.callee) or _last(use.callee) in ("Depends", "Security")
                reason = None if is_harmless else _handed_on(use.callee, place)
            elif use.is_returned:
                moves = signature.arrangement.moves
                reason = f"returned at {place}, and its parameters would change places" if moves else None
            else:
                reason = _used_as_value(place)
            if reason:
                return reason
        return None


class Known(NamedTuple):
    """What there is to know about the uses of functions."""

    found: dict[Symbol, list[Use]]
    instances: dict[Symbol, list[tuple[Symbol, str]]]
    """Of classes with a `__call__` in question: the names of instances, and where these are made."""
    injected: set[Symbol]
    """Those under decorators that hide it which FastAPI gets to call all the same."""


def begin_to_look_up(project: Project, functions: Sequence[tuple[Module, Function]]) -> Callable[[], Known]:
    """Other processes begin to look; call what is returned for what there is to know."""
    symbols = {symbol for module, function in functions if (symbol := _symbol(module, function))}
    begun = begin_uses(project, symbols, injected=False)

    def finish() -> Known:
        found = begun()
        called = {
            symbol
            for module, function in functions
            if function.name == "__call__" and (symbol := _symbol(module, function))
        }
        instances = {symbol: list(_instances(project, found[symbol])) for symbol in called}
        if names := {symbol for some in instances.values() for symbol, _ in some}:
            found |= uses(project, names, injected=False)
        decorated = {
            symbol
            for module, function in functions
            if _is_in_unknown_hands(function) and (symbol := _symbol(module, function))
        }
        injected: set[Symbol] = set()
        if decorated:
            by_symbol = uses(project, decorated)
            injected = {symbol for symbol, some in by_symbol.items() if any(map(_is_for_fastapi, some))}
        return Known(found, instances, injected)

    return finish


def _symbol(module: Module, function: Function) -> Symbol | None:
    """The module-level name that a call would use: the function, or its class for `__init__` and `__call__`."""
    if not function.scopes:
        return Symbol(module.path, function.name)
    if len(function.scopes) == 1 and function.is_method:
        return Symbol(module.path, function.scopes[0].name)
    return None


def _instances(project: Project, found: Sequence[Use]) -> Iterator[tuple[Symbol, str]]:
    """The module-level names of instances that the uses of a class make, with the places that make them."""
    for use in found:
        module = project.module(use.path)
        if use.kind != "call" or module is None:
            continue
        index = max(i for i, statement in enumerate(module.facts.statements) if statement.line <= use.line)
        first_line = module.facts.statements[index].line
        for node in module.tree(index).body:
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if isinstance(target, ast.Name) and first_line + node.value.lineno - 1 == use.line:
                    yield Symbol(module.path, target.id), use.place


def _unknown_decorators(function: Function) -> list[Decorator]:
    """Those that are neither routes nor known to pass calls through."""
    return [
        decorator
        for decorator in function.decorators
        if not is_route_decorator(decorator.name) and _last(decorator.name) not in _TRANSPARENT
    ]


def _is_in_unknown_hands(function: Function) -> bool:
    """Under a decorator that may be what calls the function, and under none of FastAPI's."""
    is_route = any(is_route_decorator(decorator.name) for decorator in function.decorators)
    return not is_route and not function.is_method and bool(_unknown_decorators(function))


def _looks_at_places(decorating: ast.AST) -> bool:
    parameters = {node.arg for node in walk(decorating) if isinstance(node, ast.arg)}
    for node in walk(decorating):
        if isinstance(node, ast.Attribute) and node.attr == "__signature__":
            return True
        match node:
            case ast.Call(func=ast.Name(id=name), args=args) if name in parameters:
                if any(not isinstance(argument, ast.Starred) for argument in args):
                    return True
    return False


def _is_for_fastapi(use: Use) -> bool:
    return use.kind in ("injected", "override") or (use.kind == "argument" and _is_harmless_callee(use.member))


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _text(signature: Signature) -> str:
    return signature.module.statement_text(signature.function.statement)


def _is_harmless_callee(callee: str) -> bool:
    return _last(callee) in _HARMLESS_CALLEES or _last(callee) in _REGISTERING or _ROUTE_CALL.search(callee) is not None


def _is_override(node: ast.AST) -> bool:
    """`app.dependency_overrides[f] = g`, of g: FastAPI calls it like f."""
    return isinstance(node, ast.Assign) and all(
        isinstance(target, ast.Subscript) and dotted(target.value).endswith("dependency_overrides")
        for target in node.targets
    )


def _handed_on(callee: str, place: str) -> str:
    return f"handed to `{callee}` at {place}, which may call it without arguments"


def _used_as_value(place: str) -> str:
    return f"used as a value at {place}, where it may be called without arguments"


def _reason_of_call(signature: Signature, call: ast.Call, place: str) -> str | None:
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return f"called directly at {place} with unpacked arguments, which may rely on the defaults"
    function, going = signature.function, signature.going
    positional = [p.name for p in function.parameters if p.kind in ("", "/")]
    if function.is_method:
        positional = positional[1:]
    given = {*positional[: len(call.args)], *(k.arg for k in call.keywords)}
    if missing := sorted(going - given):
        names = ", ".join(f"`{name}`" for name in missing)
        return f"called directly at {place} without {names}{NEEDS_DEFAULT}"
    own = function.parameters[0].name if function.is_method and function.parameters else None
    if call.args and signature.arrangement.moves_any_of(positional[: len(call.args)], behind=own):
        return f"called directly at {place} with positional arguments, and their order would change"
    return None


class _LocalUse(NamedTuple):
    line: int
    """Within the statement, from 1."""
    call: ast.Call | None
    """Of it, or to which it is handed."""
    callee: str
    """To which it is handed; empty where it is called itself."""
    is_returned: bool


_LocalUses = dict[tuple[tuple[str, ...], str], list[_LocalUse]]


def _local_uses(tree: ast.Module) -> _LocalUses:
    """Uses of names that functions bind, by the names of the scopes around the binding and the name itself."""
    found: _LocalUses = {}
    for node, parent, scopes in _loads(tree, None, ()):
        for depth in range(len(scopes), 0, -1):
            if node.id in scopes[depth - 1].names and (scopes[depth - 1].kind == "function" or depth == len(scopes)):
                key = (tuple(scope.name for scope in scopes[:depth]), node.id)
                if (use := _local_use(node, parent)) is not None:
                    found.setdefault(key, []).append(use)
                break
    return found


def _local_use(node: ast.Name, parent: ast.AST | None) -> _LocalUse | None:
    match parent:
        case ast.Call(func=function) if function is node:
            return _LocalUse(node.lineno, parent, "", is_returned=False)
        case ast.Call():
            return _LocalUse(node.lineno, parent, dotted(parent.func) or ast.unparse(parent.func), is_returned=False)
        case ast.Return():
            return _LocalUse(node.lineno, None, "", is_returned=True)
        case ast.Subscript(value=value) if value is not node and dotted(value).endswith("dependency_overrides"):
            return None
        case ast.Attribute():
            return None
        case ast.Assign() if _is_override(parent):
            return None
        case ast.Dict(keys=keys) if node in keys:
            return None
    return _LocalUse(node.lineno, None, "", is_returned=False)


def _loads(
    node: ast.AST, parent: ast.AST | None, scopes: tuple[Scope, ...]
) -> Iterator[tuple[ast.Name, ast.AST | None, tuple[Scope, ...]]]:
    """Every name that is read, with what it stands in (through `name=value`) and the scopes around it."""
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load):
            yield node, parent, scopes
        return
    if isinstance(node, ast.arg):
        return
    own = scope_of(node) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) else None
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns"):
            continue
        inner = (*scopes, own) if own is not None and field == "body" else scopes
        above = parent if isinstance(node, ast.keyword) else node
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _loads(child, above, inner)
