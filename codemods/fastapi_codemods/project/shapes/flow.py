"""What is asked of one project: what handlers, functions, dependencies, classes and variables give."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...source.nodes import walk
from ..index import Module, Project, Symbol, read_definition
from ..model import Function, Parameter, Scope
from ..models import Model, model
from ..operations import Definition, definition_of, operations_of, own_nodes
from ..reader import dotted
from . import known
from .expressions import Expressions
from .given import Given
from .mentions import FunctionNode, captured_names, needed_names
from .model import (
    BOOL,
    BYTES,
    FINITE,
    FLOAT,
    INT,
    NONE,
    NOTHING,
    SIMPLE_FLOAT,
    STR,
    Entry,
    Instance,
    Object,
    Plain,
    Shape,
    Unproven,
    alternatives,
    either,
    is_mutable,
)
from .state import Poisoned
from .statements import Returned, Run
from .stored import Stored

DEEPEST = 4
"""Calls within calls that are followed."""


class _Outline(NamedTuple):
    """Of a function, whatever it is called with."""

    yields: bool
    captured: frozenset[str]
    """See `captured_names`."""
    needed: frozenset[str]
    """See `needed_names`."""


def shapes_of(project: Project) -> Shapes:
    return project.remembered("shapes", lambda: Shapes(project))


class Shapes:
    """Answers for one project; what was found out is remembered."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.given = Given(self)
        self.stored = Stored(self)
        self._variables: dict[Symbol, Shape | None] = {}
        self._called: dict[object, tuple[Shape, bool] | None] = {}
        self._members: dict[Symbol, Mapping[str, Shape] | None] = {}
        self._dependencies: dict[object, Shape | None] = {}
        self._functions: dict[Symbol, tuple[Module, Function, Definition] | None] = {}
        self._outlines: dict[FunctionNode, _Outline] = {}
        self._classes: dict[Symbol, Model | None] = {}
        self._names: dict[ast.AST, frozenset[str]] = {}

    def outline(self, node: FunctionNode) -> _Outline:
        if node not in self._outlines:
            parts = list(own_nodes(node))
            yields = any(isinstance(part, ast.Yield | ast.YieldFrom) for part in parts)
            self._outlines[node] = _Outline(yields, captured_names(parts), needed_names(parts))
        return self._outlines[node]

    def names_in(self, node: ast.AST) -> frozenset[str]:
        if node not in self._names:
            self._names[node] = frozenset(part.id for part in walk(node) if isinstance(part, ast.Name))
        return self._names[node]

    def class_of(self, symbol: Symbol) -> Model | None:
        """The class that a symbol names; None for a function, which is told without reading it."""
        if symbol not in self._classes:
            head = symbol.name.partition(".")[0]
            home = self.project.module(symbol.path) if symbol.path is not None else None
            kinds = {binding.kind for binding in home.bindings(head)} if home is not None else {"def"}
            self._classes[symbol] = model(self.project, symbol) if kinds != {"def"} else None
        return self._classes[symbol]

    # Handlers

    def handler(self, module: Module, function: Function, definition: Definition) -> Returned | Unproven:
        """What a handler may return, its parameters as FastAPI gives them."""
        run = Run(self, module, function, definition.node, 0)
        try:
            for parameter in function.parameters:
                run.env[parameter.name] = self.parameter(module, function, parameter)
        except RecursionError:
            return Unproven("the types of its parameters lead back to themselves")
        return run.result()

    def parameter(self, module: Module, function: Function, parameter: Parameter, depth: int = 0) -> Shape:
        """What FastAPI gives for a parameter of a handler or dependency."""
        unknown = Unproven(f"nothing shows what `{parameter.name}` is")
        if parameter.kind in ("*", "**"):
            return unknown
        scopes = function.scopes
        default = module.expression(parameter.default) if parameter.default is not None else None
        annotation = module.expression(parameter.annotation) if parameter.annotation is not None else None
        annotation, metadata = self._annotated(module, annotation, scopes)
        marker = default if isinstance(default, ast.Call) else None
        where = module
        home, symbol = self._alias(module, annotation, scopes)
        if symbol is not None and home is not None:
            inner, more = self._annotated(home, symbol, ())
            if more:
                annotation, metadata, where, scopes = inner, [*metadata, *more], home, ()
        for call in (marker, *metadata):
            if isinstance(call, ast.Call):
                meaning = self.given.meaning(where if call is not marker else module, dotted(call.func), scopes)
                if meaning is not None and meaning.name in ("fastapi.Depends", "fastapi.Security"):
                    return self._dependency(where if call is not marker else module, call, annotation, scopes, depth)
        others = [m for m in metadata if not self.given.is_constraint(where, m, scopes)]
        if others:
            return unknown
        if annotation is None:
            shape: Shape = STR
        elif _holds_files(marker, *metadata):
            shape = self.given.annotated(where, annotation, scopes)
        else:
            shape = self.given.sent(where, annotation, scopes)
        if default is None:
            return shape if annotation is not None else self._without_annotation(parameter)
        if marker is not None:
            meaning = self.given.meaning(module, dotted(marker.func), function.scopes)
            if meaning is None or not meaning.name.startswith("fastapi."):
                return unknown
            if any(keyword.arg in (None, "default_factory") for keyword in marker.keywords):
                return unknown
            given = next((k.value for k in marker.keywords if k.arg == "default"), None)
            default = marker.args[0] if marker.args else given
            if default is None or (isinstance(default, ast.Constant) and default.value is ...):
                return shape
        return either((shape, self._evaluated(module, default)))

    def _without_annotation(self, parameter: Parameter) -> Shape:
        """From the path or the query, as it came."""
        return STR if parameter.name not in ("self", "cls") else Unproven("it is the object itself")

    def _annotated(
        self, module: Module, node: ast.expr | None, scopes: tuple[Scope, ...]
    ) -> tuple[ast.expr | None, list[ast.expr]]:
        """The type and the metadata of `Annotated[...]`."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node = ast.parse(node.value.strip(), mode="eval").body
            except (SyntaxError, ValueError):
                return None, []
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            meaning = self.given.meaning(module, dotted(node.value), scopes)
            if meaning == Symbol(None, "typing.Annotated"):
                return node.slice.elts[0], list(node.slice.elts[1:])
        return node, []

    def _alias(
        self, module: Module, node: ast.expr | None, scopes: tuple[Scope, ...]
    ) -> tuple[Module | None, ast.expr | None]:
        """Where `SessionDep` is assigned, and what."""
        name = dotted(node) if node is not None else ""
        symbol = self.given.meaning(module, name, scopes) if name else None
        if symbol is None or symbol.path is None:
            return None, None
        return self.assigned(symbol) or (None, None)

    def _dependency(
        self, module: Module, call: ast.Call, annotation: ast.expr | None, scopes: tuple[Scope, ...], depth: int
    ) -> Shape:
        """What `Depends(call)` gives."""
        given = call.args[0] if call.args else next((k.value for k in call.keywords if k.arg == "dependency"), None)
        target = given if given is not None else annotation
        unknown = Unproven(f"nothing shows what `{ast.unparse(call)}` gives")
        symbol = self.given.meaning(module, dotted(target), scopes) if target is not None else None
        if symbol is None or depth > DEEPEST:
            return unknown
        if symbol.path is None:
            return (
                unknown if symbol.name not in _CLASSES_THAT_ARE_GIVEN else self.given.annotated(module, target or call)
            )
        function = self.function(symbol)
        if function is not None:
            return self._given_by(*function, depth) or unknown
        found = self.class_of(symbol)
        if found is not None and found.is_pydantic:
            return Instance(symbol, is_validated=True)
        made = self.assigned(symbol)
        if made is not None and isinstance(made[1], ast.Call):
            maker = self.given.meaning(made[0], dotted(made[1].func), ())
            if maker is not None and maker.path is None:
                scheme = known.SECURITY.get(_security(maker.name))
                if scheme is not None:
                    is_lenient = any(k.arg in ("auto_error", None) for k in made[1].keywords)
                    return scheme[1] if is_lenient else scheme[0]
        return unknown

    def _given_by(self, module: Module, function: Function, definition: Definition, depth: int) -> Shape | None:
        key = module.path, function.line
        if key in self._dependencies:
            return self._dependencies[key]
        self._dependencies[key] = None
        run = Run(self, module, function, definition.node, depth + 1)
        for parameter in function.parameters:
            run.env[parameter.name] = self.parameter(module, function, parameter, depth + 1)
        result = run.result(is_generator=True)
        self._dependencies[key] = result if isinstance(result, Unproven) else result.shape
        return self._dependencies[key]

    # Functions

    def function(self, symbol: Symbol) -> tuple[Module, Function, Definition] | None:
        """A function that gives what its body returns."""
        if symbol not in self._functions:
            self._functions[symbol] = self._function(symbol)
        return self._functions[symbol]

    def _function(self, symbol: Symbol) -> tuple[Module, Function, Definition] | None:
        found = self.project.function(symbol)
        if found is None:
            return None
        module, function = found
        handlers = self.project.remembered(
            "places of handlers", lambda: {(o.module.path, o.decorator.line) for o in operations_of(self.project)}
        )
        for decorator in function.decorators:
            is_route = (module.path, decorator.line) in handlers
            if not is_route and decorator.name.rpartition(".")[2] not in _KEEPS_VALUE:
                return None
        definition = definition_of(module, function)
        return (module, function, definition) if definition is not None else None

    def method(self, cls: Symbol, name: str) -> tuple[Module, Function, Definition] | None:
        """A method of a class of the project or of its bases there; of several of that name none."""
        found = self.class_of(cls)
        for owner in found.mro if found is not None else ():
            home = self.project.module(owner.path or "")
            if home is None:
                return None
            qualified = f"{owner.name}.{name}"
            named = [f for f in functions_of(home, owner.name) if f.qualified_name == qualified]
            if len(named) > 1 or (named and named[0].decorators):
                return None
            if named:
                definition = definition_of(home, named[0])
                return (home, named[0], definition) if definition is not None else None
        return None

    def called(
        self,
        function: tuple[Module, Function, Definition],
        positional: Sequence[Shape],
        named: Mapping[str, Shape],
        depth: int,
        *,
        is_awaited: bool,
    ) -> tuple[Shape, bool]:
        """What a call with these arguments gives, and whether one of the arguments may be changed or kept by it."""
        module, facts, definition = function
        if facts.is_async != is_awaited:
            return Unproven("it is a coroutine" if facts.is_async else "it is no coroutine"), True
        if depth >= DEEPEST:
            return Unproven("calls are followed no further"), True
        # What is unknown here is unknown there, whatever the reason.
        unknown = Unproven("nothing shows what it is called with")
        positional = [unknown if isinstance(shape, Unproven) else shape for shape in positional]
        named = {name: unknown if isinstance(shape, Unproven) else shape for name, shape in named.items()}
        key = (module.path, facts.line, tuple(positional), tuple(sorted(named.items(), key=lambda item: item[0])))
        if key not in self._called:
            self._called[key] = None
            self._called[key] = self._run(module, facts, definition, positional, named, depth)
        return self._called[key] or (Unproven("it calls itself"), True)

    def _run(
        self,
        module: Module,
        function: Function,
        definition: Definition,
        positional: Sequence[Shape],
        named: Mapping[str, Shape],
        depth: int,
    ) -> tuple[Shape, bool]:
        run = Run(self, module, function, definition.node, depth + 1)
        waiting = list(positional)
        for parameter in function.parameters:
            if parameter.kind in ("*", "**"):
                shape: Shape = Unproven(f"nothing shows what `{parameter.name}` holds")
            elif parameter.name in named:
                shape = named[parameter.name]
            elif waiting and parameter.kind != "=":
                shape = waiting.pop(0)
            elif parameter.default is not None:
                shape = self._evaluated(module, module.expression(parameter.default))
            else:
                shape = Unproven(f"nothing shows what `{parameter.name}` is")
            run.env[parameter.name] = shape
        result = run.result()
        changed = isinstance(result, Unproven) or any(p.name in run.touched for p in function.parameters)
        return (result if isinstance(result, Unproven) else result.shape), changed

    # Module-level names

    def assigned(self, symbol: Symbol) -> tuple[Module, ast.expr] | None:
        """The value of a module-level name that is assigned once and nowhere rebound, and its module."""
        module = self.project.module(symbol.path or "")
        if module is None or "." in symbol.name:
            return None
        bindings = module.bindings(symbol.name)
        if len(bindings) != 1 or bindings[0].kind != "assign":
            return None
        for node in module.tree(bindings[0].statement).body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name == symbol.name:
                    return module, value
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == symbol.name:
                    return module, value
        return None

    def variable(self, symbol: Symbol, written: str) -> Shape:
        """What a module-level name of the project stands for, attributes followed."""
        unknown = Unproven(f"nothing shows what `{written}` is")
        if symbol not in self._variables:
            self._variables[symbol] = None
            self._variables[symbol] = self._variable(symbol)
        found = self._variables[symbol]
        return unknown if found is None or isinstance(found, Unproven) else found

    def _variable(self, symbol: Symbol) -> Shape | None:
        owner, _, name = symbol.name.rpartition(".")
        if owner:
            around = Symbol(symbol.path, owner)
            members = self.enum_members(around)
            if members is not None:
                return Plain(around) if name in members else None
            instance = self.variable(around, owner)
            if isinstance(instance, Instance):
                return self.given.attribute(instance, name)
            return None
        found = self.assigned(symbol)
        if found is None:
            return None
        shape = self._evaluated(*found)
        # What is in a list or dict of the module may be changed by anybody.
        return None if is_mutable(shape) else shape

    def _evaluated(self, module: Module, node: ast.expr) -> Shape:
        """What an expression at module level gives."""
        try:
            return Expressions(self, module, (), DEEPEST - 2).shape(node)
        except (Poisoned, RecursionError):
            return Unproven("it cannot be followed")

    def default(self, module: Module, span: object, kind: str) -> Shape:
        """The default of a model's field, which Pydantic takes as it is."""
        from ..model import Span

        unknown = Unproven("its default is not known")
        if kind == "..." or not isinstance(span, Span):
            return NOTHING if kind == "..." else unknown
        node = module.expression(span)
        if isinstance(node, ast.Call):
            meaning = self.given.meaning(module, dotted(node.func), ())
            if meaning is not None and meaning.name.rpartition(".")[2] in ("Field", "PrivateAttr"):
                factory = next((k.value for k in node.keywords if k.arg == "default_factory"), None)
                if factory is not None:
                    made = factory.body if isinstance(factory, ast.Lambda) else ast.Call(factory, [], [])
                    return self._evaluated(module, made)
                given = next((k.value for k in node.keywords if k.arg == "default"), None)
                inner = node.args[0] if node.args else given
                if inner is None or (isinstance(inner, ast.Constant) and inner.value is ...):
                    return NOTHING
                return self._evaluated(module, inner)
        return self._evaluated(module, node)

    def constant(self, node: ast.expr) -> Shape:
        """Of a literal."""
        match node:
            case ast.Constant(value=None):
                return NONE
            case ast.Constant(value=bool()):
                return BOOL
            case ast.Constant(value=int()):
                return INT
            case ast.Constant(value=str() as text):
                return (
                    STR if text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text) else Unproven("odd text")
                )
            case ast.Constant(value=bytes() as data):
                return BYTES if data.isascii() else Unproven("it may be no text")
            case ast.Constant(value=float() as number):
                if number != number or number in (float("inf"), float("-inf")):
                    return FLOAT
                return SIMPLE_FLOAT if number == 0 or abs(number) >= 1e-4 else FINITE
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.constant(operand)
        return Unproven(f"nothing shows what `{ast.unparse(node)}` is")

    # Classes

    def enum_members(self, symbol: Symbol) -> Mapping[str, Shape] | None:
        """The members of an enumeration of the project, with the shapes of their values; None for other things."""
        if symbol.path is None:
            return None
        if symbol not in self._members:
            self._members[symbol] = self._enum_members(symbol)
        return self._members[symbol]

    def _enum_members(self, symbol: Symbol) -> Mapping[str, Shape] | None:
        found = self.class_of(symbol)
        if found is None or found.kind != "enum":
            return None
        members: dict[str, Shape] = {}
        for field in found.fields:
            home = self.project.module(field.owner.path or "")
            if home is None or field.default_span is None:
                members[field.name] = Unproven("nothing shows its value")
                continue
            node = home.expression(field.default_span)
            is_auto = isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2] == "auto"
            members[field.name] = Unproven("its value is computed") if is_auto else self._evaluated(home, node)
        return members

    def is_model(self, symbol: Symbol) -> bool:
        found = self.class_of(symbol)
        return found is not None and found.is_pydantic

    def dumped(self, instance: Instance) -> Shape | None:
        """What `model_dump()` of a model gives."""
        found = self.class_of(instance.symbol)
        if found is None or not found.is_pydantic or not found.complete or not instance.is_validated or found.table:
            return None
        if found.computed or any(hook.kind.endswith("_serializer") for hook in found.hooks):
            return None
        if found.config.extra == "allow" or not found.config.certain or any(field.exclude for field in found.fields):
            return None
        entries = []
        for field in found.fields:
            shape = self.given.attribute(instance, field.name)
            if any(isinstance(one, Instance) for one in alternatives(shape)):
                shape = Unproven(f"`{field.name}` is a model in a model")
            entries.append((field.name, Entry(shape, required=True)))
        return Object(tuple(entries))


def _holds_files(*markers: ast.expr | None) -> bool:
    """Of a form, whose values may be files."""
    return any(isinstance(one, ast.Call) and dotted(one.func).endswith(("File", "Form")) for one in markers)


def _security(name: str) -> str:
    parts = name.split(".")
    return f"fastapi.security.{parts[-1]}" if parts[:2] == ["fastapi", "security"] else name


_CLASSES_THAT_ARE_GIVEN = frozenset({"fastapi.security.OAuth2PasswordRequestForm"})
_KEEPS_VALUE = frozenset({"cache", "lru_cache", "staticmethod", "wraps"})


def functions_of(module: Module, cls: str) -> tuple[Function, ...]:
    """The functions in a class of a module, those included that the index passed over."""
    known_ones = tuple(f for f in module.facts.functions if f.qualified_name.startswith(f"{cls}."))
    return tuple({f.line: f for f in (*read_definition(module, cls.partition(".")[0]), *known_ones)}.values())
