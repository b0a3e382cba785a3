"""Statements, and which of them are certainly executed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from contextlib import nullcontext, suppress

from ..reader import dotted, targets_of
from ..values import (
    UNKNOWN,
    Arguments,
    Class,
    Constant,
    Function,
    Instance,
    Items,
    Made,
    Partial,
    RouteEntry,
    RouteList,
    Scope,
    Table,
    Value,
    holds_router,
)
from .knowledge import ENUMERATIONS
from .limits import LAZY_INCLUDES_SINCE, ROUNDS, ROUNDS_OF_A_START
from .machine import LeaveError, LeaveLoopError, LeaveRoundError, Machine, RaisedError
from .operators import either, one_of


def _most_careful(errors: Sequence[LeaveError]) -> LeaveError:
    """How a block is left of which every branch leaves: by the exit that skips least."""
    order = (LeaveRoundError, LeaveLoopError, LeaveError, RaisedError)
    return min(errors, key=lambda error: order.index(type(error)))


def _only_raises(body: Sequence[ast.stmt]) -> bool:
    last = body[-1]
    if isinstance(last, ast.Expr) and isinstance(last.value, ast.Call):
        return dotted(last.value.func) in ("sys.exit", "exit", "quit", "os._exit")
    return isinstance(last, ast.Raise)


def _may_fail(body: Sequence[ast.stmt]) -> bool:
    """Whether something can be raised in a block: by anything but imports of the standard library and definitions."""
    for node in body:
        match node:
            case ast.Import() | ast.ImportFrom():
                heads = {target.partition(".")[0] for _, target in targets_of(node)}
                if not heads <= sys.stdlib_module_names | {"fastapi", "starlette", "pydantic"}:
                    return True
            case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]) | ast.Pass():
                continue
            case ast.Assign(value=ast.Constant()) | ast.Expr(value=ast.Constant()):
                continue
            case _:
                return True
    return False


class Statements(Machine):
    """Statements, and which of them are certainly executed."""

    def _execute(self, body: Sequence[ast.stmt], scope: Scope, statement: int | None = None) -> None:
        for node in body:
            self._spend()
            self._statement(node, scope, statement)

    def _statement(self, node: ast.stmt, scope: Scope, statement: int | None) -> None:
        match node:
            case ast.Expr(value=value):
                self.value(value, scope)
            case ast.Assign(targets=targets, value=value):
                result = self.value(value, scope)
                for target in targets:
                    self._bind(target, result, scope)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                self._bind(target, self.value(value, scope), scope)
            case ast.AugAssign(target=target, value=value):
                self._bind(target, self._augmented(self.value(target, scope), node.op, self.value(value, scope)), scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node, scope, statement)
            case ast.ClassDef():
                self._class(node, scope)
            case ast.Import() | ast.ImportFrom():
                self._local_import(node, scope)
            case ast.If(test=test, body=body, orelse=orelse):
                self._if(test, body, orelse, scope)
            case (
                ast.For(target=target, iter=iterated, body=body, orelse=orelse)
                | ast.AsyncFor(target=target, iter=iterated, body=body, orelse=orelse)
            ):
                self._for(target, self.value(iterated, scope), body, orelse, scope)
            case ast.While():
                self._while(node, scope)
            case ast.With() | ast.AsyncWith():
                self._with(node, scope)
            case ast.Try() | ast.TryStar():
                self._try(node, scope)
            case ast.Global(names=names) if scope.function:
                self._share(scope, self.scope_of(scope.module), names)
            case ast.Nonlocal(names=names):
                self._share(scope, scope.outer, names)
            case ast.Match(cases=cases):
                self._branches([*(case.body for case in cases), []], scope)
            case ast.Return(value=value):
                self._returned(scope, self.value(value, scope) if value is not None else Constant(None))
                raise LeaveError
            case ast.Assert(test=test):
                self.value(test, scope)
            case ast.Raise():
                raise RaisedError
            case ast.Break():
                raise LeaveLoopError
            case ast.Continue():
                raise LeaveRoundError
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        scope.names.pop(target.id, None)
                    elif isinstance(target, ast.Subscript):
                        self._deleted(self.value(target.value, scope))

    def _returned(self, scope: Scope, value: Value) -> None:
        """One behind another in a condition that cannot be decided: `if cached: return app`, then `return app`."""
        before = scope.names.get("return")
        scope.names["return"] = value if before is None else either(before, value)

    def _keeping(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Evaluate what is only done if something failed: names that have a value keep it."""
        before = dict(scope.names)
        self._execute(body, scope)
        scope.names.update({name: value for name, value in before.items() if value is not UNKNOWN})

    def _if(self, test: ast.expr, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], scope: Scope) -> None:
        decided = self._truth(test, scope)
        if decided is not None:
            self._execute(body if decided else orelse, scope)
            return
        self._branches([body, orelse], scope)

    def _branches(self, bodies: Sequence[Sequence[ast.stmt]], scope: Scope, *, looped: bool = False) -> None:
        """Evaluate blocks of which one is executed, nobody knows which. A name may have the value of any of them.

        Where some of them leave and others do not, all that follows is done under a condition, too.
        """
        before = dict(scope.names)
        ends: list[dict[str, Value]] = []
        left: list[LeaveError] = []
        for body in bodies:
            self._restore(scope, before)
            try:
                with self._maybe(looped=looped):
                    self._execute(body, scope)
            except LeaveError as error:
                # With its traceback it would keep all that was evaluated around it, itself included.
                error.__traceback__ = error.__context__ = None
                left.append(error)
                if "return" in scope.names:
                    before = {**before, "return": scope.names["return"]}
            else:
                ends.append(dict(scope.names))
        if not ends:
            self._restore(scope, before)
            raise _most_careful(left)
        for leaving in left:
            if exit_ := self._exit_of(leaving):
                self._conditions = (*self._conditions, self._new_condition(exit_))
        is_left = "return" in before
        # Of the hundreds of names of a module nearly all are as they were.
        names = dict.fromkeys(
            name for end in ends for name, value in end.items() if is_left or before.get(name) is not value
        )
        merged = {name: one_of([end[name] for end in ends if name in end]) for name in names}
        self._restore(scope, {**merged, "return": before["return"]} if is_left else {**before, **merged})

    def _try(self, node: ast.Try | ast.TryStar, scope: Scope) -> None:
        """What is tried is taken to succeed; without that assumption, a handler may be carried out instead."""
        before = self._conditions
        catching = [handler.body for handler in node.handlers if not _only_raises(handler.body)]
        try:
            if catching and _may_fail(node.body):
                self._tries += 1
                try:
                    self._tried(node, catching, scope)
                finally:
                    self._tries -= 1
            else:
                self._execute([*node.body, *node.orelse], scope)
        finally:
            self._back_to(before, "try")
            self._execute(node.finalbody, scope)

    def _tried(self, node: ast.Try | ast.TryStar, catching: list[list[ast.stmt]], scope: Scope) -> None:
        self.has_assumed = True
        if not self.assumes:
            self._branches([[*node.body, *node.orelse], *catching], scope)
            return
        try:
            self._execute([*node.body, *node.orelse], scope)
        except RaisedError:
            self._tries -= 1
            try:
                if len(catching) == len(node.handlers) == 1:
                    self._execute(catching[0], scope)
                else:
                    self._branches([*catching, []], scope)
            finally:
                self._tries += 1
            return
        for body in catching:
            with self._maybe(), self._returning():
                self._keeping(body, scope)

    def _with(self, node: ast.With | ast.AsyncWith, scope: Scope) -> None:
        entered: list[Value] = []
        suppresses = False
        for item in node.items:
            manager = self.value(item.context_expr, scope)
            entered.append(manager)
            suppresses |= isinstance(manager, Made) and manager.callee.name == "contextlib.suppress"
            given = manager
            if isinstance(manager, Instance):
                given = self._method_of(manager, "__enter__", "__aenter__")
            if item.optional_vars is not None:
                self._bind(item.optional_vars, given if holds_router(given) else UNKNOWN, scope)
        if suppresses:
            handler = ast.ExceptHandler(type=None, name=None, body=[ast.Pass()])
            self._try(ast.Try(body=node.body, handlers=[handler], orelse=[], finalbody=[]), scope)
        else:
            self._execute(node.body, scope)
        for manager in reversed(entered):
            if isinstance(manager, Instance):
                self._method_of(manager, "__exit__", "__aexit__", given=[Constant(None)] * 3)

    def _method_of(self, instance: Instance, *names: str, given: Sequence[Value] = ()) -> Value:
        for name in names:
            method = self.attribute(instance, name)
            if isinstance(method, Function):
                return self._call_function(method, Arguments(list(given)))
        return UNKNOWN

    def _while(self, node: ast.While, scope: Scope) -> None:
        before = self._conditions
        self._loops += 1
        try:
            for _ in range(ROUNDS_OF_A_START if self._starting else ROUNDS):
                decided = self._truth(node.test, scope)
                if decided is False:
                    self._execute(node.orelse, scope)
                    return
                if decided is None or self._conditions != before:
                    break
                try:
                    self._execute(node.body, scope)
                except LeaveLoopError:
                    return
                except LeaveRoundError:
                    pass
                self._back_to(before, "round")
            with suppress(LeaveRoundError):
                self._branches([node.body, []], scope, looped=True)
        finally:
            self._back_to(before, "round", "loop")
            self._loops -= 1

    def _for(
        self, target: ast.expr, iterated: Value, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], scope: Scope
    ) -> None:
        elements = self._elements(iterated)
        before = self._conditions
        if elements is None:
            element = RouteEntry(iterated.router, None) if isinstance(iterated, RouteList) else UNKNOWN
            self._bind(target, element, scope)
            with suppress(LeaveRoundError):
                self._branches([body, []], scope, looped=True)
            self._back_to(before, "round", "loop")
            self._execute(orelse, scope)
            return
        self._loops += 1
        is_ordered = not (isinstance(iterated, Items) and iterated.is_unordered and len(elements) > 1)
        try:
            with nullcontext() if is_ordered else self._maybe():
                for element in elements:
                    start = self._conditions
                    self._bind(target, element, scope)
                    try:
                        self._execute(body, scope)
                    except LeaveLoopError:
                        return
                    except LeaveRoundError:
                        continue
                    finally:
                        self._back_to(start, "round")
                self._execute(orelse, scope)
        finally:
            self._back_to(before, "round", "loop")
            self._loops -= 1

    def _elements(self, iterated: Value) -> list[Value] | None:
        """What a loop goes through, None where that is not known."""
        match iterated:
            case Items(items=items, is_complete=True):
                return list(items)
            case Table(items=named, is_complete=True):
                return [Constant(key) for key in named]
            case Class() if self._bases(iterated) & ENUMERATIONS:
                names = [name for name in self._members(iterated).names if not name.startswith("_")]
                members = [self.attribute(iterated, name) for name in names]
                return [member for member in members if not isinstance(member, Function | Partial)]
            case RouteList(router=router):
                return router.entries(are_copied=not self.project.versions.supports_fastapi(LAZY_INCLUDES_SINCE))
        return None

    def _local_import(self, node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
        for local, target in targets_of(node):
            if not target.endswith("*"):
                self._import(scope.module.path, target)
                scope.names[local] = self.imported(scope.module.path, target)
