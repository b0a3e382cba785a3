"""What a callable asks for: parameters that are dependencies, and what those ask for themselves."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ...source.nodes import walk
from ..evaluation import Evaluation
from ..values import (
    UNKNOWN,
    Annotated,
    Class,
    Dependency,
    Function,
    Instance,
    Made,
    Outside,
    Partial,
    Scope,
    Value,
    known,
)
from .naming import endpoint_name, name_of, place_of
from .options import listed_values
from .table import DependencyUse

# A router that a library makes has routes that nobody here knows.
_WITHOUT_PARAMETERS = re.compile(r"\Afastapi\.security\.|\Afastapi\.(?:Request|WebSocket|Response|BackgroundTasks)\Z")


def _unknown_alias(annotation: Value, parameter: ast.arg, scope: Scope) -> list[str]:
    if annotation is UNKNOWN and isinstance(parameter.annotation, ast.Name):
        bindings = scope.module.bindings(parameter.annotation.id)
        if any(binding.kind == "assign" for binding in bindings):
            return [f"what `{parameter.annotation.id}` stands for is not known"]
    return []


def _rebound(expressions: Sequence[ast.expr | None], scope: Scope) -> list[str]:
    """A name that gets another value later meant the first one when the function was defined."""
    names = {
        node.id
        for expression in expressions
        if expression is not None
        for node in walk(expression)
        if isinstance(node, ast.Name)
    }
    return [
        f"a dependency: `{name}` is bound more than once"
        for name in sorted(names)
        if len([b for b in scope.module.bindings(name) if b.kind != "import"]) > 1
    ]


class Dependencies:
    """The dependencies of callables, each read once."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self._uses: dict[int, tuple[tuple[DependencyUse, ...], tuple[str, ...]]] = {}
        self._running: set[int] = set()
        self._kept: list[Value] = []
        """Values whose `id` is a key must not be collected."""

    def _dependencies(self, listed: Sequence[Value], endpoint: Value) -> tuple[tuple[DependencyUse, ...], list[str]]:
        found: list[DependencyUse] = []
        doubts: list[str] = []
        for value in listed:
            if not isinstance(value, Dependency) or value.call is None:
                doubts.append("a dependency is not known")
                continue
            use, why = self._use(value, value.call)
            found.append(use)
            doubts += why
        uses, why_not = self._asked_for(endpoint)
        return (*found, *uses), [*doubts, *why_not]

    def _use(self, dependency: Dependency, call: Value) -> tuple[DependencyUse, tuple[str, ...]]:
        uses, doubts = self._asked_for(call)
        scopes = known(dependency.scopes) if dependency.scopes is not None else []
        scope = known(dependency.scope) if dependency.scope is not None else None
        path, line = place_of(call)
        use = DependencyUse(
            endpoint_name(call) or name_of(call) or "?",
            path,
            line,
            tuple(str(part) for part in scopes) if isinstance(scopes, list) else (),
            scope if isinstance(scope, str) else "",
            dependency.use_cache is None or known(dependency.use_cache) is not False,
            uses,
        )
        if call is UNKNOWN:
            doubts = (*doubts, "a dependency is not known")
        if scopes is UNKNOWN:
            doubts = (*doubts, "the scopes of a dependency are not known")
        return use, doubts

    def _asked_for(self, call: Value) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        """What the parameters of a callable ask for."""
        key = id(call)
        if key in self._uses:
            return self._uses[key]
        if key in self._running:
            return (), ("a dependency asks for itself",)
        self._running.add(key)
        try:
            found = self._read(call)
        finally:
            self._running.discard(key)
        self._uses[key] = found
        self._kept.append(call)
        return found

    def _read(self, call: Value) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        match call:
            case Function(signature=signature) if signature is not None:
                uses, doubts = self._of_signature(signature)
                return uses, tuple(dict.fromkeys((*doubts, *call.doubts)))
            case Function():
                if call.wrapped is not None and call.wrapped is not call:
                    uses, doubts = self._asked_for(call.wrapped)
                    return uses, doubts
                uses, doubts = self._of_parameters(
                    call.node.args, call.scope, is_bound=call.bound is not None, known_already=call.defaults
                )
                return uses, tuple(dict.fromkeys((*doubts, *call.doubts)))
            case Partial(callee=callee, arguments=arguments):
                if isinstance(callee, Function):
                    given = frozenset(arguments.named)
                    return self._of_parameters(
                        callee.node.args, callee.scope, skipped=len(arguments.positional), without=given
                    )
                return self._asked_for(callee)
            case Class():
                return self._of_class(call)
            case Instance():
                return self._asked_for(self.evaluation.attribute_later(call, "__call__"))
            case Made(callee=Outside(name=name)) | Outside(name=name):
                if _WITHOUT_PARAMETERS.search(name) or name.startswith("builtins."):
                    return (), ()
                return (), (f"what `{name}` asks for is not known",)
        return (), ("a dependency is not known",) if call is UNKNOWN else ()

    def _of_signature(self, signature: Value) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        """Of `inspect.Signature([inspect.Parameter("x", kind, default=Depends(f)), ...])`."""
        listed: Value | None = None
        if isinstance(signature, Made) and signature.callee.name == "inspect.Signature":
            listed = signature.arguments.get("parameters", 0)
        parameters, is_complete = listed_values(listed)
        uses: list[DependencyUse] = []
        doubts = [] if is_complete and listed is not None else ["its signature is made while it runs"]
        for parameter in parameters:
            if not isinstance(parameter, Made) or parameter.callee.name != "inspect.Parameter":
                doubts.append("its signature is made while it runs")
                continue
            own, why = self._of_value(
                parameter.arguments.get("annotation") or UNKNOWN, parameter.arguments.get("default")
            )
            uses += own
            doubts += why
        return tuple(uses), tuple(dict.fromkeys(doubts))

    def _of_class(self, cls: Class) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        init = self.evaluation.attribute_later(cls, "__init__")
        if self.evaluation.makes_instances_itself(cls):
            return (), (f"what `{cls.name}` asks for is not known",)
        if isinstance(init, Function):
            return self._of_parameters(init.node.args, init.scope, is_bound=True)
        uses: list[DependencyUse] = []
        doubts: list[str] = []
        for base in cls.node.bases:
            above = self.evaluation.value_later(base, cls.scope)
            if isinstance(above, Class):
                own, why = self._of_class(above)
                uses += own
                doubts += why
        for part in cls.node.body:  # a dataclass or a model: its fields are its parameters
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name):
                argument = ast.arg(part.target.id, part.annotation, lineno=part.lineno, col_offset=0)
                own_uses, why_not = self._of_parameter(argument, part.value, cls.scope)
                uses += own_uses
                doubts += why_not
        return tuple(uses), tuple(doubts)

    def _of_parameters(
        self,
        parameters: ast.arguments,
        scope: Scope,
        *,
        is_bound: bool = False,
        skipped: int = 0,
        without: frozenset[str] = frozenset(),
        known_already: Mapping[str, tuple[Value | None, Value | None]] = MappingProxyType({}),
    ) -> tuple[tuple[DependencyUse, ...], tuple[str, ...]]:
        positional = [*parameters.posonlyargs, *parameters.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(parameters.defaults))
        pairs = list(zip(positional, [*defaults, *parameters.defaults], strict=True))[skipped + is_bound :]
        pairs += zip(parameters.kwonlyargs, parameters.kw_defaults, strict=True)
        uses: list[DependencyUse] = []
        doubts: list[str] = []
        for parameter, default in pairs:
            if parameter.arg in without:
                continue
            if parameter.arg in known_already:
                annotation, value = known_already[parameter.arg]
                if annotation is None:
                    annotation = self.evaluation.annotation(parameter.annotation, scope)
                own, why = self._of_value(annotation, value)
                if not own and not why:
                    why = _unknown_alias(annotation, parameter, scope)
            else:
                own, why = self._of_parameter(parameter, default, scope)
            uses += own
            doubts += why
        return tuple(uses), tuple(dict.fromkeys(doubts))

    def _of_parameter(
        self, parameter: ast.arg, default: ast.expr | None, scope: Scope
    ) -> tuple[list[DependencyUse], list[str]]:
        annotation = self.evaluation.annotation(parameter.annotation, scope)
        value: Value | None = None
        if default is not None and isinstance(default, ast.Call | ast.Name | ast.Attribute):
            value = self.evaluation.value_later(default, scope)
        uses, doubts = self._of_value(annotation, value)
        if uses:
            doubts += _rebound((parameter.annotation, default), scope)
        if uses or doubts:
            return uses, doubts
        return [], _unknown_alias(annotation, parameter, scope)

    def _of_value(self, annotation: Value, default: Value | None) -> tuple[list[DependencyUse], list[str]]:
        """What a parameter with that annotation and default asks for."""
        dependency = default
        type_ = annotation.type if isinstance(annotation, Annotated) else annotation
        if not isinstance(dependency, Dependency) and isinstance(annotation, Annotated):
            found = [part for part in annotation.metadata if isinstance(part, Dependency)]
            dependency = found[-1] if found else None
        if not isinstance(dependency, Dependency):
            return [], []
        use, why = self._use(dependency, dependency.call if dependency.call is not None else type_)
        return [use], list(why)
