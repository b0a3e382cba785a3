"""What expressions stand for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from ...source.nodes import walk
from ..computed import operated
from ..values import (
    UNKNOWN,
    Annotated,
    Class,
    Constant,
    Function,
    Instance,
    Items,
    Member,
    Outside,
    RouteEntry,
    RouteList,
    Scope,
    Table,
    Value,
    holds_router,
    known,
)
from .knowledge import ANNOTATED, BUILTINS, MAKE_OR_TAKE_ROUTERS, spells
from .machine import Machine
from .operators import compared_constants, is_in, one_of, truth_of


class Expressions(Machine):
    """What expressions stand for."""

    def _truth(self, test: ast.expr, scope: Scope) -> bool | None:
        """Whether a condition holds, as far as constants of the code decide it."""
        match test:
            case ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING"):
                return False
            case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
                return False
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self._truth(operand, scope)
                return None if inner is None else not inner
            case ast.BoolOp(op=ast.And(), values=values):
                truths = [self._truth(value, scope) for value in values]
                return False if False in truths else None if None in truths else True
            case ast.BoolOp(op=ast.Or(), values=values):
                truths = [self._truth(value, scope) for value in values]
                return True if True in truths else None if None in truths else False
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                pairs = zip([left, *comparators], ops, comparators, strict=False)
                compared = [self._compared(one, op, other, scope) for one, op, other in pairs]
                return False if False in compared else None if None in compared else True
        return truth_of(self.value(test, scope))

    def _compared(self, left: ast.expr, op: ast.cmpop, right: ast.expr, scope: Scope) -> bool | None:
        value, against = self.value(left, scope), self.value(right, scope)
        a, b = known(value), known(against)
        if isinstance(value, Member) != isinstance(against, Member) and not isinstance(op, ast.In | ast.NotIn):
            return None  # whether it equals its value depends on its class
        if a is UNKNOWN or b is UNKNOWN:
            if b is None and isinstance(op, ast.Is | ast.IsNot) and value is not UNKNOWN:
                return isinstance(op, ast.IsNot)  # a router or a function is not None
            if isinstance(op, ast.In | ast.NotIn) and isinstance(a, str):
                inside = is_in(a, against)
                return inside if inside is None else inside == isinstance(op, ast.In)
            return None
        return compared_constants(op, a, b)

    def value(self, node: ast.expr, scope: Scope) -> Value:
        self._spend()
        match node:
            case ast.Constant(value=value):
                return Constant(value)
            case ast.Name(id=name):
                return self._name(name, scope)
            case ast.Attribute(value=owner, attr=name):
                return self.attribute(self.value(owner, scope), name)
            case ast.Call():
                return self._call(node, scope)
            case ast.JoinedStr(values=parts):
                return self._joined(parts, scope)
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self.value(left, scope), self.value(right, scope)
                if isinstance(one, Table) and isinstance(other, Table) and isinstance(op, ast.BitOr):
                    return Table(one.items | other.items, is_complete=one.is_complete and other.is_complete)
                return operated(op, one, other)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                decided = self._truth(node, scope)
                return UNKNOWN if decided is None else Constant(decided)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                number = known(self.value(operand, scope))
                return Constant(-number) if isinstance(number, int) else UNKNOWN
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                items = self._items(elements, scope)
                items.is_tuple = isinstance(node, ast.Tuple)
                items.is_unordered |= isinstance(node, ast.Set)
                return items
            case ast.Dict(keys=keys, values=values):
                return self._table(keys, values, scope)
            case ast.Subscript(value=owner, slice=index):
                return self._subscript(self.value(owner, scope), index, scope)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                decided = self._truth(test, scope)
                if decided is not None:
                    return self.value(body if decided else orelse, scope)
                with self._maybe():
                    return one_of([self.value(body, scope), self.value(orelse, scope)])
            case ast.BoolOp(op=op, values=values):
                return self._chosen(op, values, scope)
            case ast.Lambda():
                return Function(node, scope)
            case ast.Await(value=inner):
                return self.value(inner, scope)
            case ast.Yield(value=inner) | ast.YieldFrom(value=inner) if inner is not None:
                self._handed_out(self.value(inner, scope), scope, node)
            case ast.NamedExpr(target=target, value=inner):
                result = self.value(inner, scope)
                self._bind(target, result, scope)
                return result
            case ast.ListComp(elt=element) | ast.SetComp(elt=element) | ast.GeneratorExp(elt=element):
                found = Items([], conditions=self._conditions, is_unordered=isinstance(node, ast.SetComp))
                return self._comprehension(
                    node, node.generators, scope, lambda inner: found.items.append(self.value(element, inner)), found
                )
            case ast.DictComp(key=key, value=element):
                table = Table({}, conditions=self._conditions)
                return self._comprehension(
                    node, node.generators, scope, lambda inner: self._enter(table, key, element, inner), table
                )
        return UNKNOWN

    def _name(self, name: str, scope: Scope) -> Value:
        current: Scope | None = scope
        while current is not None:
            if name in current.names and (current is scope or current.cls is None):
                return current.names[name]
            if current.outer is None:
                found = self.module_name(current.module.path, name)
                if found is UNKNOWN and not current.module.bindings(name) and name in BUILTINS:
                    return Outside(f"builtins.{name}")
                return found
            current = current.outer
        return UNKNOWN

    def _joined(self, parts: Sequence[ast.expr], scope: Scope) -> Value:
        texts = []
        for part in parts:
            is_plain = (
                isinstance(part, ast.FormattedValue) and part.format_spec is None and part.conversion in (-1, 115)
            )
            value = self.value(part.value if isinstance(part, ast.FormattedValue) and is_plain else part, scope)
            found = known(value)
            if not isinstance(found, str | int) or isinstance(found, bool) or isinstance(value, Member):
                return UNKNOWN
            texts.append(str(found))
        return Constant("".join(texts))

    def _items(self, elements: Sequence[ast.expr], scope: Scope) -> Items:
        found = Items([], conditions=self._conditions)
        for element in elements:
            if not isinstance(element, ast.Starred):
                found.items.append(self.value(element, scope))
                continue
            inner = self.value(element.value, scope)
            found.items += inner.items if isinstance(inner, Items) else []
            found.is_complete = found.is_complete and isinstance(inner, Items) and inner.is_complete
            found.is_unordered |= isinstance(inner, Items) and inner.is_unordered and len(inner.items) > 1
        return found

    def _table(self, keys: Sequence[ast.expr | None], values: Sequence[ast.expr], scope: Scope) -> Table:
        found = Table({}, conditions=self._conditions)
        for key, value in zip(keys, values, strict=True):
            name = known(self.value(key, scope)) if key is not None else UNKNOWN
            result = self.value(value, scope)
            if isinstance(name, str):
                found.items[name] = result
            elif key is None and isinstance(result, Table):
                found.items |= result.items
                found.is_complete = found.is_complete and result.is_complete
            else:
                found.is_complete = False
        return found

    def _subscript(self, owner: Value, index: ast.expr, scope: Scope) -> Value:
        if isinstance(owner, Outside) and owner.name in ANNOTATED and isinstance(index, ast.Tuple):
            first, *rest = index.elts
            type_, metadata = self._annotation(first, scope), [self.value(part, scope) for part in rest]
            if isinstance(type_, Annotated):
                return Annotated(type_.type, [*type_.metadata, *metadata])
            return Annotated(type_, metadata)
        if isinstance(owner, Annotated):  # an alias with a type variable
            return Annotated(UNKNOWN, owner.metadata)
        if isinstance(owner, Class):
            return owner
        if isinstance(owner, RouteList):
            return owner if isinstance(index, ast.Slice) else RouteEntry(owner.router, None)
        if isinstance(index, ast.Slice):
            return self._sliced(owner, index, scope)
        key = known(self.value(index, scope))
        if isinstance(owner, Outside) and owner.name == "os.environ":
            self.has_assumed = True  # with no default there is nothing to assume
            return UNKNOWN
        if isinstance(owner, Table) and isinstance(key, str):
            return owner.items.get(key, UNKNOWN)
        if isinstance(key, int):
            text = known(owner) if isinstance(owner, Constant) else None
            if isinstance(text, str) and -len(text) <= key < len(text):
                return Constant(text[key])
            if (
                isinstance(owner, Items)
                and owner.is_complete
                and not owner.is_unordered
                and -len(owner.items) <= key < len(owner.items)
            ):
                return owner.items[key]
        return UNKNOWN

    def _sliced(self, owner: Value, index: ast.Slice, scope: Scope) -> Value:
        bounds = [None if part is None else known(self.value(part, scope)) for part in (index.lower, index.upper)]
        text = known(owner) if isinstance(owner, Constant) else None
        if index.step is not None or not all(bound is None or isinstance(bound, int) for bound in bounds):
            return UNKNOWN
        window = slice(*(bound if isinstance(bound, int) else None for bound in bounds))
        if isinstance(text, str):
            return Constant(text[window])
        if isinstance(owner, Items) and owner.is_complete:
            return Items(owner.items[window], conditions=self._conditions)
        return UNKNOWN

    def _annotation(self, node: ast.expr, scope: Scope) -> Value:
        """An annotation may be quoted."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.value(ast.parse(node.value, mode="eval").body, scope)
            except SyntaxError:
                return UNKNOWN
        return self.value(node, scope)

    def _chosen(self, op: ast.boolop, values: Sequence[ast.expr], scope: Scope) -> Value:
        """`a or b`: the first that is true; unknown as soon as one cannot be decided."""
        result: Value = UNKNOWN
        for node in values:
            result = self.value(node, scope)
            is_true = self._truth_of_instance(result) if isinstance(result, Instance) else truth_of(result)
            if is_true is None:
                return UNKNOWN
            if is_true == isinstance(op, ast.Or):
                return result
        return result

    def _enter(self, table: Table, key: ast.expr, element: ast.expr, scope: Scope) -> None:
        name, value = known(self.value(key, scope)), self.value(element, scope)
        if isinstance(name, str):
            table.items[name] = value
        else:
            table.is_complete = False

    def _concerns_routers(self, node: ast.expr, scope: Scope) -> bool:
        """Whether something is named in an expression that is a router or may register something on one."""
        for part in walk(node):
            if isinstance(part, ast.Name):
                value = self._name(part.id, scope)
                if holds_router(value) or (isinstance(value, Function) and self._makes_routes(value)):
                    return True
        return False

    def _makes_routes(self, function: Function) -> bool:
        return spells(self._text_of(function), MAKE_OR_TAKE_ROUTERS)

    def _comprehension(
        self,
        node: ast.expr,
        generators: Sequence[ast.comprehension],
        scope: Scope,
        collect: Callable[[Scope], None],
        found: Items | Table,
        outer: Scope | None = None,
    ) -> Items | Table:
        """Generators are carried out at once, as if they were lists."""
        generator, *others = generators
        iterated = self.value(generator.iter, outer or scope)
        inner = Scope(scope.module, outer or scope, scope.first_line, scope.function)
        elements = self._elements(iterated)
        if isinstance(iterated, Items) and iterated.is_unordered and isinstance(found, Items):
            found.is_unordered = True
        is_known = elements is not None
        if elements is None and not self._concerns_routers(node, scope):
            found.is_complete = False
            return found
        if elements is None:
            elements = [RouteEntry(iterated.router, None) if isinstance(iterated, RouteList) else UNKNOWN]
        for element in elements:
            self._bind(generator.target, element, inner)
            truths = [self._truth(test, inner) for test in generator.ifs]
            if False in truths:
                continue
            is_sure = is_known and None not in truths
            with nullcontext() if is_sure else self._maybe(looped=True):
                if others:
                    self._comprehension(node, others, scope, collect, found, inner)
                else:
                    collect(inner)
            found.is_complete = found.is_complete and is_sure
        return found
