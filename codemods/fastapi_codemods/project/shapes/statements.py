"""Functions, followed statement by statement: what each of their returns may give."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ...source.nodes import walk
from ..index import Module
from ..model import Function
from ..reader import targets_of
from . import known
from .expressions import Expressions
from .mentions import FunctionNode
from .model import (
    NONE,
    NOTHING,
    Items,
    Object,
    Shape,
    Unproven,
    either,
    is_mutable,
)
from .state import Environment, Poisoned, merged_environments

if TYPE_CHECKING:
    from .flow import Shapes

ROUNDS = 4
"""Of a loop until nothing new may come."""


class Returned(NamedTuple):
    """What one function may give back."""

    values: tuple[tuple[ast.Return | None, Shape], ...]
    """By the statement, in the order of the text; None is the end of the body."""

    @property
    def shape(self) -> Shape:
        return either(shape for _, shape in self.values)


class Run(Expressions):
    """One function, followed with given arguments."""

    def __init__(self, shapes: Shapes, module: Module, function: Function, node: FunctionNode, depth: int) -> None:
        super().__init__(shapes, module, function.scopes, depth)
        self._node = node
        self._returns: list[tuple[ast.Return | None, Shape]] = []
        self._yields: list[Shape] = []
        self._leaving: list[tuple[list[Environment], list[Environment]]] = []
        """Of the loops around, what was known at each `break` and `continue`."""
        self._logs: list[dict[str, Shape]] = []
        """Of the `try` statements around, everything that names were set to in them."""
        self._captured: frozenset[str] = frozenset()
        self._needed: frozenset[str] = frozenset()

    def result(self, *, is_generator: bool = False) -> Returned | Unproven:
        outline = self.shapes.outline(self._node)
        yields = outline.yields
        if yields and not is_generator:
            return Unproven("it is a generator")
        self._captured = outline.captured
        self._needed = outline.needed | {name for name, shape in self.env.items() if is_mutable(shape)}
        for name in self._captured & self.env.keys():
            if is_mutable(self.env[name]):
                self.env[name] = Unproven("a function in it uses it, too")
        try:
            end = self._block(self._node.body, self.env)
        except Poisoned as reason:
            return Unproven(str(reason))
        except RecursionError:
            return Unproven("it is nested too deeply")
        if yields:
            return Returned(tuple((None, shape) for shape in self._yields))
        if end is not None:
            self._returns.append((None, NONE))
        found: dict[ast.Return | None, list[Shape]] = {}
        for statement, shape in self._returns:
            found.setdefault(statement, []).append(shape)
        ordered = sorted(found, key=lambda statement: statement.lineno if statement is not None else 10**9)
        return Returned(tuple((statement, either(found[statement])) for statement in ordered))

    def set(self, name: str, shape: Shape) -> None:
        if is_mutable(shape) and name in self._captured:
            shape = Unproven("a function in it uses it, too")
        self.env[name] = shape
        for log in self._logs:
            log[name] = either((log[name], shape)) if name in log else shape

    # Statements

    def _block(self, body: Sequence[ast.stmt], env: Environment) -> Environment | None:
        current: Environment | None = env
        for statement in body:
            if current is None:
                return None
            self.env = current
            self.just_aliased.clear()
            current = self._statement(statement)
        return current

    def _does_not_matter(self, *nodes: ast.expr) -> bool:
        """Whether none of the names in the expressions can have to do with what is returned."""
        return not self.leaked and all(self._needed.isdisjoint(self.shapes.names_in(node)) for node in nodes)

    def _statement(self, node: ast.stmt) -> Environment | None:
        match node:
            case ast.Expr(value=ast.Call() as call) if self._does_not_matter(call):
                return None if self._never_returns(call) else self.env
            case ast.Assign(targets=targets, value=value) if not isinstance(value, ast.Yield) and (
                self._does_not_matter(*targets, value)
            ):
                for target in targets:
                    for part in walk(target):
                        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                            self.set(part.id, Unproven(f"nothing shows what `{part.id}` is"))
            case ast.Return(value=value):
                self._returns.append((node, self.shape(value) if value is not None else NONE))
                return None
            case ast.Raise():
                if node.exc is not None:
                    self.shape(node.exc)
                return None
            case ast.Expr(value=ast.Yield(value=value)):
                self._yields.append(self.shape(value) if value is not None else NONE)
            case ast.Expr(value=value):
                self.peek(value)
                if isinstance(value, ast.Call) and self._never_returns(value):
                    return None
            case ast.Assign(targets=targets, value=value):
                if isinstance(value, ast.Yield):
                    raise Poisoned("it is a generator")
                shape = self.shape(value)
                for target in targets:
                    self.assign(target, shape, value if len(targets) == 1 else ast.Name("_", ast.Load()))
            case ast.AnnAssign(target=target, value=value):
                if value is not None:
                    self.assign(target, self.shape(value), value)
            case ast.AugAssign():
                self._augmented(node)
            case ast.If():
                return self._if(node)
            case ast.For() | ast.AsyncFor():
                return self._loop(node, node.target, node.iter, None)
            case ast.While():
                return self._loop(node, None, None, node.test)
            case ast.With() | ast.AsyncWith():
                return self._with(node)
            case ast.Try():
                return self._try(node)
            case ast.Match():
                return self._match(node)
            case ast.Break() | ast.Continue():
                if self._leaving:
                    self._leaving[-1][0 if isinstance(node, ast.Break) else 1].append(dict(self.env))
                return None
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                self.set(node.name, Unproven(f"`{node.name}` is defined in the function"))
            case ast.Import() | ast.ImportFrom():
                for local, imported in targets_of(node):
                    self.imported[local] = imported
                    self.env.pop(local, None)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                for name in names:
                    self.set(name, Unproven(f"`{name}` is not the function's own"))
            case ast.Delete(targets=targets):
                self._delete(targets)
            case ast.Assert(test=test):
                self.peek(test)
                self.env = self.refined(test, truth=True)
            case ast.Pass():
                pass
            case _:
                raise Poisoned(f"`{ast.unparse(node)[:40]}` is not followed")
        return self.env

    def _never_returns(self, node: ast.Call) -> bool:
        symbol = self.meaning(node.func)
        return symbol is not None and symbol.name in ("sys.exit", "os._exit", "os.abort")

    def _augmented(self, node: ast.AugAssign) -> None:
        value = self.shape(node.value)
        target = node.target
        self.now_shares(target, node.value)
        if isinstance(target, ast.Name):
            old = self.env.get(target.id, self.unproven(target))
            new = self._bin_op(node.op, old, value, node)
            if isinstance(old, Items) and isinstance(node.op, ast.Add):
                self.change(target, Items(old.kind, either((old.element, self.element_of(value, node.value)))))
            elif is_mutable(old):
                self.change(target, new)
            else:
                self.assign(target, new, node)  # type: ignore[arg-type]
        elif isinstance(target, ast.Subscript):
            old = self.peek(target)
            self.assign(target, self._bin_op(node.op, old, value, node), node.value)
        else:
            self.assign(target, self.unproven(target), node.value)

    def _if(self, node: ast.If) -> Environment | None:
        if not self._does_not_matter(node.test):
            self.peek(node.test)
        yes, no = self.refined(node.test, truth=True), self.refined(node.test, truth=False)
        aliased, views, leaked, shared = set(self.aliased), set(self.views), set(self.leaked), set(self.shared)
        one = self._block(node.body, yes)
        after = set(self.aliased), set(self.views), set(self.leaked), set(self.shared)
        self.aliased, self.views, self.leaked, self.shared = aliased, views, leaked, shared
        other = self._block(node.orelse, no)
        if one is not None:
            self.aliased |= after[0]
            self.views |= after[1]
            self.leaked |= after[2]
            self.shared |= after[3]
        return merged_environments(one, other)

    def _loop(
        self,
        node: ast.For | ast.AsyncFor | ast.While,
        target: ast.expr | None,
        iterated: ast.expr | None,
        test: ast.expr | None,
    ) -> Environment | None:
        element: Shape = NOTHING
        if iterated is not None:
            element = self.element_of(self.peek(iterated), iterated)
            if isinstance(node, ast.AsyncFor):
                element = self.unproven(iterated)
            for name in self._reachable(iterated):
                if name in self.env and is_mutable(self.env[name]) and is_mutable(element):
                    self.aliased.add(name)
        is_endless = isinstance(test, ast.Constant) and bool(test.value)
        state: Environment | None = dict(self.env)
        breaks: list[Environment] = []
        for turn in range(ROUNDS + 1):
            assert state is not None
            self.env = dict(state)
            if test is not None:
                self.peek(test)
                self.env = self.refined(test, truth=True)
            if target is not None:
                self.assign(target, element, iterated, is_view=True)
            self._leaving.append(([], []))
            end = self._block(node.body, self.env)
            breaks, continues = self._leaving.pop()
            for one in continues:
                end = merged_environments(end, one)
            merged = merged_environments(dict(state), end)
            if merged == state or end is None:
                state = merged
                break
            if turn == ROUNDS - 1 and merged is not None:
                # What still changes may become anything.
                assert merged is not None
                merged = {
                    name: shape if state.get(name) == shape else Unproven("it changes from turn to turn")
                    for name, shape in merged.items()
                }
            state = merged
        after = None if is_endless else state
        if after is not None:
            self.env = dict(after)
            if test is not None:
                self.env = self.refined(test, truth=False)
            after = self._block(node.orelse, self.env)
        for one in breaks:
            after = merged_environments(after, one)
        return after

    def _with(self, node: ast.With | ast.AsyncWith) -> Environment | None:
        may_swallow = False
        for item in node.items:
            entered = self.shape(item.context_expr)
            symbol = self.meaning(item.context_expr.func) if isinstance(item.context_expr, ast.Call) else None
            may_swallow = may_swallow or (symbol is not None and symbol.name == "contextlib.suppress")
            if item.optional_vars is not None:
                is_itself = entered in known.ENTERED
                self.assign(item.optional_vars, entered if is_itself else self.unproven(item.context_expr), None)
        if not may_swallow:
            return self._block(node.body, self.env)
        before = dict(self.env)
        self._logs.append({})
        end = self._block(node.body, self.env)
        return merged_environments(end, merged_environments(before, self._logs.pop()))

    def _try(self, node: ast.Try) -> Environment | None:
        before = dict(self.env)
        self._logs.append({})
        end = self._block(node.body, self.env)
        log = self._logs.pop()
        if end is not None and node.orelse:
            end = self._block(node.orelse, end)
        # An exception may come after anything that was set.
        inside = merged_environments(before, log) or {}
        for handler in node.handlers:
            env = dict(inside)
            if handler.name:
                env[handler.name] = Unproven(f"`{handler.name}` is an exception")
            end = merged_environments(end, self._block(handler.body, env))
        if not node.finalbody:
            return end
        if end is None:
            returns = len(self._returns)
            self._block(node.finalbody, dict(inside))
            if len(self._returns) > returns:
                raise Poisoned("a `return` stands in `finally`")
            return None
        return self._block(node.finalbody, end)

    def _match(self, node: ast.Match) -> Environment | None:
        self.peek(node.subject)
        before = dict(self.env)
        end: Environment | None = None
        is_complete = False
        for case in node.cases:
            env = dict(before)
            for part in walk(case.pattern):
                name = getattr(part, "name", None) or getattr(part, "rest", None)
                if isinstance(name, str):
                    env[name] = Unproven(f"`{name}` comes from a pattern")
            self.env = env
            if case.guard is not None:
                self.peek(case.guard)
            end = merged_environments(end, self._block(case.body, self.env))
            is_irrefutable = isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None
            is_complete = is_complete or (is_irrefutable and case.guard is None)
        return end if is_complete else merged_environments(end, before)

    def _delete(self, targets: Sequence[ast.expr]) -> None:
        for target in targets:
            if isinstance(target, ast.Name):
                self.env.pop(target.id, None)
            elif isinstance(target, ast.Subscript):
                owner = self.peek(target.value)
                key = target.slice.value if isinstance(target.slice, ast.Constant) else None
                if isinstance(owner, Object) and isinstance(key, str):
                    self.change(target.value, owner.without(key))
                elif is_mutable(owner) and not isinstance(owner, Items):
                    raise Poisoned(f"`{ast.unparse(target)}` is deleted")
