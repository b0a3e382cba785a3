"""Classes of the project: their members, in the order in which Python looks for them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ...source.nodes import walk
from ..reader import dotted
from ..values import UNKNOWN, Class, Function, Instance, Method, Outside, Router, Scope, Value
from .knowledge import PLAIN_BASES, ROUTERS
from .machine import Machine
from .operators import decorator_names


def _changed_by(cls: ast.ClassDef) -> Iterator[str]:
    for part in cls.body:
        match part:
            case ast.FunctionDef(name="model_post_init"):
                yield "*"
            case ast.FunctionDef(decorator_list=decorators) | ast.AsyncFunctionDef(decorator_list=decorators):
                for decorator in decorators:
                    call = decorator if isinstance(decorator, ast.Call) else None
                    if "validator" in dotted(call.func if call else decorator):
                        names = (
                            [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
                            if call
                            else []
                        )
                        yield from (str(name) for name in names or ["*"])
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                inner = [node for of in (annotation, value) if of is not None for node in walk(of)]
                if any(isinstance(node, ast.keyword) and "alias" in (node.arg or "") for node in inner) or any(
                    isinstance(node, ast.Name | ast.Attribute) and "Validator" in dotted(node) for node in inner
                ):
                    yield name
            case ast.Assign() | ast.ClassDef():
                keywords = [node.arg for node in walk(part) if isinstance(node, ast.keyword)]
                names = [node.id for node in walk(part) if isinstance(node, ast.Name)]
                if "alias_generator" in (*keywords, *names):
                    yield "*"


def _merged_orders(orders: list[list[Value]]) -> Iterator[Value]:
    """The C3 linearization; as far as it goes where there is none."""
    while orders := [order for order in orders if order]:
        tails = {id(value) for order in orders for value in order[1:]}
        head = next((order[0] for order in orders if id(order[0]) not in tails), orders[0][0])
        yield head
        orders = [[value for value in order if value is not head] for order in orders]


class Classes(Machine):
    """Classes of the project: their members, in the order in which Python looks for them."""

    def _bases(self, cls: Class) -> set[str]:
        """The classes from outside the project that it derives from."""
        return {
            above.name if isinstance(above, Outside) else "?"
            for above in self._mro(cls)
            if not isinstance(above, Class)
        }

    def _member(self, cls: Class, name: str) -> Value:
        for above in self._mro(cls):
            if isinstance(above, Class) and name in (names := self._members(above).names):
                return names[name]
        return UNKNOWN

    def _truth_of_instance(self, instance: Instance) -> bool | None:
        is_plain = all(self._member(instance.cls, name) is UNKNOWN for name in ("__bool__", "__len__"))
        return True if is_plain and not self._bases(instance.cls) - PLAIN_BASES else None

    def _super(self, node: ast.Call, scope: Scope) -> Value | None:
        """`super().__init__(prefix="/x")` of a subclass of `APIRouter` sets what the constructor would have set."""
        match node.func:
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=name):
                receiver = self._name("self", scope)
                around: Scope | None = scope
                while around is not None and around.cls is None:
                    around = around.outer
                if around is None or around.cls is None:
                    return UNKNOWN
                return self._above(around.cls, receiver, name)
        return None

    def _above(self, cls: Class, receiver: Value, name: str) -> Value:
        """A method as what stands behind a class in the receiver's order has it, of the project's or of FastAPI's."""
        of = receiver.cls if isinstance(receiver, Router | Instance) else receiver
        order = self._mro(of if isinstance(of, Class) else cls)
        behind = order[order.index(cls) + 1 :] if cls in order else self._mro(cls)[1:]
        for above in behind:
            if isinstance(above, Class):
                member = self._members(above).names.get(name)
                if isinstance(member, Function):
                    return member if "staticmethod" in decorator_names(member) else member.bound_to(receiver)
            elif isinstance(above, Outside) and above.name in ROUTERS and isinstance(receiver, Router):
                return Method(receiver, name)
        return UNKNOWN

    def _mro(self, cls: Class) -> tuple[Value, ...]:
        """The order in which Python looks for attributes; what is outside the project is taken to have no bases."""
        if cls.mro is None:
            cls.mro = (cls,)  # of a class that is its own base
            bases = [self.value(base, cls.scope) for base in cls.node.bases]
            waiting = [[*self._mro(base)] if isinstance(base, Class) else [base] for base in bases]
            cls.mro = (cls, *_merged_orders([*waiting, bases]))
        return cls.mro

    def _derived(self, cls: Class) -> str | None:
        """`fastapi.FastAPI` or `fastapi.APIRouter` where the class derives from it."""
        names = (above.name for above in self._mro(cls) if isinstance(above, Outside))
        return next((name for name in names if name in ROUTERS), None)

    def _changed_fields(self, cls: Class) -> frozenset[str]:
        """The fields of a model that hold something else than they are given, for validators or aliases; `*` is all."""
        if cls.changed is None:
            cls.changed = frozenset(
                name for above in self._mro(cls) if isinstance(above, Class) for name in _changed_by(above.node)
            )
        return cls.changed

    def _fields(self, cls: Class, depth: int = 0) -> list[str]:
        """Annotated names, those of bases first: what a dataclass takes in this order."""
        found: dict[str, None] = {}
        for base in cls.node.bases:
            if depth < 8 and isinstance(above := self.value(base, cls.scope), Class):
                found |= dict.fromkeys(self._fields(above, depth + 1))
        found |= dict.fromkeys(
            part.target.id
            for part in cls.node.body
            if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        )
        return list(found)
