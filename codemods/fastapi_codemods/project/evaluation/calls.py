"""Calls: of functions and classes of the project, and of what is known of others."""

from __future__ import annotations

import ast
import re

from ...source import UnreadableSourceError
from ...source.nodes import children
from ..computed import computed, string_method
from ..reader import dotted
from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Dependency,
    Function,
    Instance,
    Items,
    Made,
    Method,
    Outside,
    Partial,
    Registrar,
    RouteEntry,
    RouteList,
    Router,
    Scope,
    Table,
    Value,
    holds_router,
    known,
)
from .knowledge import (
    APPLICATION,
    CHANGING_LISTS,
    EDITED,
    ENVIRONMENT,
    HARMLESS,
    MATTERS,
    MUTATORS,
    REGISTRATION,
    ROUTERS,
    SHOWN_BY_FUNCTION,
)
from .limits import DEEPEST, DEEPEST_RECURSION, FREELY, FREELY_SMALL, SMALL, TINY
from .machine import LeaveError, Machine, RaisedError
from .operators import key_of, look_like, qualified, table_method


def _forget_elements(arguments: Arguments) -> None:
    """Of lists and dictionaries that are handed to something that changes them."""
    for value in arguments.values():
        if isinstance(value, Items | Table):
            value.is_complete = False
        if isinstance(value, Table):
            value.items |= dict.fromkeys(value.items, UNKNOWN)


def _is_generator(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += children(node)
    return False


class Calls(Machine):
    """Calls: of functions and classes of the project, and of what is known of others."""

    def _call(self, node: ast.Call, scope: Scope) -> Value:
        callee = self._super(node, scope)
        if callee is None:
            callee = self.value(node.func, scope)
        arguments = self._arguments(node, scope)
        line = scope.first_line + node.lineno - 1
        if callee is UNKNOWN and isinstance(node.func, ast.Attribute) and node.func.attr in ("items", "values", "keys"):
            return UNKNOWN
        result = self.call(callee, arguments, line, scope)
        if callee is UNKNOWN and not isinstance(node.func, ast.Name):
            self._called_unknown(node.func, scope)
        if result is UNKNOWN:
            self._handed_on(callee, arguments, node, scope)
        return result

    def _arguments(self, node: ast.Call, scope: Scope) -> Arguments:
        arguments = Arguments([])
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                inner = self.value(argument.value, scope)
                if isinstance(inner, Items) and inner.is_complete:
                    arguments.positional += inner.items
                else:
                    arguments.is_complete = False
            else:
                arguments.positional.append(self.value(argument, scope))
        for keyword in node.keywords:
            value = self.value(keyword.value, scope)
            if keyword.arg is not None:
                arguments.named[keyword.arg] = value
            elif isinstance(value, Table):
                arguments.named |= value.items
                arguments.is_complete = arguments.is_complete and value.is_complete
            else:
                arguments.is_complete = False
        return arguments

    def call(self, callee: Value, arguments: Arguments, line: int, scope: Scope | None = None) -> Value:
        match callee:
            case Outside(name=name) if name in ROUTERS:
                return self._router(arguments, line, scope, is_application=name == APPLICATION)
            case Outside(name="fastapi.Depends" | "fastapi.Security"):
                security = callee.name == "fastapi.Security"
                return Dependency(
                    arguments.get("dependency", 0),
                    arguments.get("scopes") if security else None,
                    arguments.get("use_cache"),
                    arguments.get("scope"),
                )
            case Outside(name="functools.partial") if arguments.positional:
                first, *rest = arguments.positional
                if isinstance(first, Router):
                    return UNKNOWN
                return Partial(first, Arguments(rest, arguments.named, is_complete=arguments.is_complete))
            case Outside(name="functools.wraps") if arguments.positional:
                return Partial(callee, arguments)
            case Outside(name="functools.update_wrapper") if len(arguments.positional) > 1:
                wrapper, *others = arguments.positional
                look_like(wrapper, Arguments(others, arguments.named))
                return wrapper
            case Outside(name="builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset"):
                inner = arguments.get("iterable", 0)
                if inner is None:
                    return Items([], is_complete=arguments.is_complete, conditions=self._conditions)
                if isinstance(inner, Table):
                    return Items([Constant(key) for key in inner.items], is_complete=inner.is_complete)
                if isinstance(inner, RouteList):
                    return inner
                if not isinstance(inner, Items):
                    return UNKNOWN
                made = inner.copy()
                made.conditions = self._conditions
                made.is_unordered |= callee.name in ("builtins.set", "builtins.frozenset")
                return made
            case Outside(name="builtins.getattr") if len(arguments.positional) >= 2:
                of, attribute = arguments.positional[0], known(arguments.positional[1])
                if isinstance(attribute, str) and of is not UNKNOWN:
                    found = self.attribute(of, attribute)
                    has_default = len(arguments.positional) > 2 and isinstance(of, Function)
                    is_missing = found is UNKNOWN and attribute not in SHOWN_BY_FUNCTION
                    return arguments.positional[2] if has_default and is_missing else found
                return Method(of, "?") if isinstance(of, Router) else UNKNOWN
            case Outside(name="builtins.vars") if len(arguments.positional) == 1:
                return Method(arguments.positional[0], "__dict__")
            case Outside(name="builtins.setattr" | "builtins.object.__setattr__") if len(arguments.positional) == 3:
                of, attribute = arguments.positional[0], known(arguments.positional[1])
                if isinstance(attribute, str):
                    self._set_attribute(of, attribute, arguments.positional[2])
                elif isinstance(of, Router):
                    of.doubt("an attribute of it is set that is not known")
                elif isinstance(of, Function):
                    of.doubts = (*of.doubts, "an attribute of it is set that is not known")
                elif isinstance(of, RouteEntry):
                    of.doubt()
                return Constant(None)
            case Outside(name="builtins.isinstance") if len(arguments.positional) == 2:
                decided = self._is_instance(*arguments.positional)
                return UNKNOWN if decided is None else Constant(decided)
            case Outside(name="builtins.hasattr") if len(arguments.positional) == 2:
                of, attribute = arguments.positional[0], known(arguments.positional[1])
                if isinstance(of, Function) and isinstance(attribute, str) and not attribute.startswith("__"):
                    return Constant(attribute in of.attributes) if not of.doubts else UNKNOWN
                return UNKNOWN
            case Outside(name="builtins.map" | "builtins.filter") if len(arguments.positional) == 2:
                function, iterated = arguments.positional
                return self._mapped(callee.name == "builtins.map", function, iterated, line, scope)
            case Outside(name="builtins.enumerate" | "builtins.zip" | "builtins.reversed") if arguments.positional:
                return self._paired(callee.name, arguments)
            case Outside(name="builtins.exec" | "builtins.eval") if scope is not None:
                for router in self.routers:
                    if router.module is scope.module:
                        router.doubt(f"its module calls `{callee.name.removeprefix('builtins.')}`")
                return UNKNOWN
            case Outside(name="asyncio.run" | "anyio.run") if arguments.positional:
                first = arguments.positional[0]
                return self.call(first, Arguments([]), line, scope) if isinstance(first, Function) else first
            case Outside(name="copy.copy") if isinstance(arguments.get("x", 0), Items | Constant | Function | Class):
                first = arguments.positional[0] if arguments.positional else UNKNOWN
                return first.copy() if isinstance(first, Items) else first
            case Outside(name="builtins.dict" | "collections.OrderedDict") if len(arguments.positional) < 2:
                base = arguments.get("", 0)
                if base is not None and not isinstance(base, Table):
                    return UNKNOWN
                table = Table(dict(arguments.named), is_complete=arguments.is_complete, conditions=self._conditions)
                if base is not None:
                    table.items = base.items | table.items
                    table.is_complete = table.is_complete and base.is_complete
                return table
            case Outside(name="types.MappingProxyType") if arguments.positional:
                return arguments.positional[0]
            case Outside(name="typing.cast") if len(arguments.positional) == 2:
                return arguments.positional[1]
            case Outside(name=name) if name in ENVIRONMENT:
                self.has_assumed = True
                return arguments.get("default", 1) or Constant(None) if self.assumes else UNKNOWN
            case Outside(name=name) if (result := computed(name, arguments)) is not UNKNOWN:
                return result
            case Outside():
                if any(holds_router(value) for value in arguments.values()):
                    return UNKNOWN
                if callee.name.partition(".")[0] in CHANGING_LISTS:
                    _forget_elements(arguments)
                return Made(callee, arguments)
            case Partial(callee=Outside(name="functools.wraps"), arguments=given):
                decorated = arguments.get("", 0) or UNKNOWN
                look_like(decorated, given)
                return decorated
            case Partial(callee=Outside(name="builtins.property")):
                return UNKNOWN
            case Partial(callee=inner, arguments=given):
                merged = Arguments(
                    [*given.positional, *arguments.positional],
                    given.named | arguments.named,
                    is_complete=given.is_complete and arguments.is_complete,
                )
                return self.call(inner, merged, line, scope)
            case Function():
                return self._call_function(callee, arguments)
            case Class():
                return self._call_class(callee, arguments, line)
            case Instance():
                method = self.attribute(callee, "__call__")
                return self._call_function(method, arguments) if isinstance(method, Function) else UNKNOWN
            case Registrar():
                endpoint = arguments.get("func", 0) or UNKNOWN
                if callee.method == "on_event":
                    self._startups.append((callee.router, endpoint))
                    return endpoint
                self._register_decorated(callee, endpoint, scope)
                return endpoint
            case Method(owner=Router() as router, name=name):
                return self._router_method(router, name, arguments, line, scope)
            case Method(owner=Items() as items, name=name):
                return self._list_method(items, name, arguments)
            case Method(owner=RouteList(router=router), name=name):
                return self._route_list_method(router, name, arguments, line, scope)
            case RouteEntry():
                if callee.part.rpartition(".")[2] in MUTATORS:
                    callee.doubt()
                return UNKNOWN
            case Method(owner=Table() as table, name=name):
                return table_method(table, name, arguments, is_certain=self._is_sure(table.conditions))
            case Method(owner=Constant(value=str(text)), name=name):
                return string_method(text, name, arguments)
        return UNKNOWN

    def _call_function(self, function: Function, arguments: Arguments) -> Value:
        # What runs when an application starts is of interest only for what it registers.
        freely = 0 if self._starting else FREELY
        if self._depth >= DEEPEST or (self._depth >= freely and not self._may_matter(function, arguments)):
            if self._depth >= DEEPEST:
                self._skipped(function)
            return UNKNOWN
        place = function.scope.module.path, function.line
        is_decided = all(known(value) is not UNKNOWN for value in arguments.values())
        if self._active[place] >= (DEEPEST if is_decided else DEEPEST_RECURSION):
            self._skipped(function)
            return UNKNOWN
        key = key_of(function, arguments) if function.results is not None else None
        if function.results is not None and key in function.results:
            return function.results[key]
        node = self._whole(function)
        scope = function.scope
        own = Scope(scope.module, scope, scope.first_line, qualified(scope, function.name))
        if function.bound is not None:
            arguments = Arguments(
                [function.bound, *arguments.positional], arguments.named, is_complete=arguments.is_complete
            )
        self._pass(node.args, arguments, own, scope)
        self._depth += 1
        self._active[place] += 1
        self._called.add(place)
        before = self._conditions
        try:
            if isinstance(node, ast.Lambda):
                return self.value(node.body, own)
            if self._is_generator(node):  # when and how far it is carried out is up to whoever goes through it
                with self._maybe(), self._returning():
                    self._execute(node.body, own)
                return UNKNOWN
            self._execute(node.body, own)
        except RaisedError:
            if self._tries:
                raise
        except LeaveError:
            pass
        finally:
            self._depth -= 1
            self._active[place] -= 1
            self._back_to(before, "round", "loop", "function")
        result = own.names.get("return", Constant(None))
        if function.results is not None:
            function.results[key] = result
        return result

    def _is_generator(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        if node not in self._generators:
            self._generators[node] = _is_generator(node)
        return self._generators[node]

    def _skipped(self, function: Function) -> None:
        """Of a function that is not evaluated, because calls go too deep, nobody knows what it registers."""
        for name, value in self.scope_of(function.scope.module).names.items():
            if isinstance(value, Router) and re.search(rf"\b{name}\.", self._text_of(function)):
                value.doubt(f"`{function.name}` registers more on it than was followed")

    def _text_of(self, function: Function) -> str:
        if function.statement is None:
            return ast.unparse(function.node)
        return function.scope.module.statement_text(function.statement)

    def _may_matter(self, function: Function, arguments: Arguments) -> bool:
        """Whether a function may register something, make a router or give a dependency."""
        if any(holds_router(value) for value in arguments.values()):
            return True
        if function.bound is not None and holds_router(function.bound):
            return True
        node, module = function.node, function.scope.module
        key = (module.path, function.line, node.lineno)
        if key not in self._mattering:
            text = self._text_of(function)
            names = self.scope_of(module).names
            matters = MATTERS.search(text) is not None or any(
                isinstance(names.get(head), Router) for head in REGISTRATION.findall(text)
            )
            self._mattering[key] = matters, len(text)
        matters, length = self._mattering[key]
        is_small = length < TINY or (length < SMALL and self._depth < FREELY_SMALL)
        return matters or (is_small and not self._starting)

    def _whole(self, function: Function) -> ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda:
        if function.statement is None:
            return function.node
        try:
            node = self._parsed(function.scope.module, function.statement)[0]
        except UnreadableSourceError:
            return function.node
        return node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function.node

    def _pass(self, parameters: ast.arguments, arguments: Arguments, own: Scope, scope: Scope) -> None:
        positional = [*parameters.posonlyargs, *parameters.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(parameters.defaults))
        defaults += parameters.defaults
        for index, (parameter, default) in enumerate(zip(positional, defaults, strict=True)):
            own.names[parameter.arg] = self._argument(arguments.get(parameter.arg, index), default, scope)
        for parameter, default in zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True):
            own.names[parameter.arg] = self._argument(arguments.get(parameter.arg), default, scope)
        if parameters.vararg is not None:
            rest = arguments.positional[len(positional) :]
            own.names[parameters.vararg.arg] = Items(rest, is_complete=arguments.is_complete)
        if parameters.kwarg is not None:
            taken = {parameter.arg for parameter in (*positional, *parameters.kwonlyargs)}
            others = {name: value for name, value in arguments.named.items() if name not in taken}
            own.names[parameters.kwarg.arg] = Table(others, is_complete=arguments.is_complete)

    def _argument(self, given: Value | None, default: ast.expr | None, scope: Scope) -> Value:
        if given is not None and given is not UNKNOWN:
            return given
        if given is None and isinstance(default, ast.List | ast.Dict | ast.Set):  # made once, and changed by each call
            return UNKNOWN if default in self._lists_passed else self._first_list(default, scope)
        if given is None and default is not None:
            return self.value(default, scope)
        return UNKNOWN

    def _first_list(self, default: ast.expr, scope: Scope) -> Value:
        self._lists_passed.add(default)
        return self.value(default, scope)

    def _handed_on(self, callee: Value, arguments: Arguments, node: ast.Call, scope: Scope) -> None:
        """`instrument(app)` of a library may register routes of its own."""
        name = dotted(node.func) or "a call"
        if isinstance(node.func, ast.Attribute) and node.func.attr == "shuffle":
            _forget_elements(arguments)
        if HARMLESS.search(callee.name if isinstance(callee, Outside) else name):
            return
        line = scope.first_line + node.lineno - 1
        doubt = (f"it is handed to `{name}`, which may register more",)
        for value in arguments.values():
            if isinstance(value, Router):
                self._event("unknown", value, UNKNOWN, Arguments([]), line, scope, name, doubt)
            elif isinstance(value, RouteEntry):
                value.doubt()
            elif isinstance(value, RouteList):
                value.router.doubt(EDITED)
