"""What is known where a condition came out one way."""

from __future__ import annotations

import ast

from ..reader import dotted
from .changes import Changes
from .model import (
    NONE,
    NOTHING,
    alternatives,
    either,
    truthy,
)
from .state import Environment


class Conditions(Changes):
    """Narrows shapes by tests."""

    def refined(self, test: ast.expr, *, truth: bool) -> Environment:
        """What is known where `test` came out as `truth`."""
        env = dict(self.env)
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.refined(operand, truth=not truth)
            case ast.BoolOp(op=op, values=values):
                if isinstance(op, ast.And) == truth:
                    before = self.env
                    for value in values:
                        self.env = self.refined(value, truth=truth)
                    env, self.env = self.env, before
                return env
            case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
                name = dotted(left)
                if name in env:
                    is_none = isinstance(op, ast.Is) == truth
                    left_over = [s for s in alternatives(env[name]) if (s == NONE) == is_none]
                    env[name] = either(left_over) if left_over else env[name]
                elif isinstance(left, ast.Attribute) and (isinstance(op, ast.Is) != truth):
                    self._refine_attribute(left, env)
                return env
            case ast.NamedExpr(target=target):
                return self.refined(target, truth=truth)
            case ast.Name() | ast.Attribute():
                name = dotted(test)
                if name in env and truth:
                    rest = alternatives(truthy(env[name]))
                    env[name] = either(rest) if rest else env[name]
                elif truth and isinstance(test, ast.Attribute):
                    self._refine_attribute(test, env)
        return env

    def _refine_attribute(self, node: ast.Attribute, env: Environment) -> None:
        """`item.price` is not None here, as long as nobody assigns it."""
        name = dotted(node)
        if name and name.partition(".")[0] in env:
            shape = self.peek(node)
            if NONE in alternatives(shape) and truthy(shape) != NOTHING:
                env[name] = truthy(shape)
