"""What the index knows about code: facts with exact places, small enough to travel between processes.

Every `Span` counts characters in the module's text. Names are dotted and as written (`fastapi.Depends`, `router.get`,
`""` where the source has no plain dotted name); `Project.resolve` says what they mean.
"""

from __future__ import annotations

import copyreg
from typing import NamedTuple

from ..source import Statement


class Span(NamedTuple):
    start: int
    end: int


class Argument(NamedTuple):
    """One argument of a call: `name` for `name=value`, `unpacked` is `*` or `**` for an unpacked one, else empty."""

    name: str | None
    unpacked: str
    span: Span
    """Of the value, without the keyword or the stars."""


class Call(NamedTuple):
    callee: str
    arguments: tuple[Argument, ...]
    span: Span

    def argument(self, name: str) -> Argument | None:
        return next((argument for argument in self.arguments if argument.name == name), None)

    @property
    def positional(self) -> tuple[Argument, ...]:
        return tuple(argument for argument in self.arguments if argument.name is None and not argument.unpacked)

    @property
    def unpacks(self) -> bool:
        """`f(*args)` or `f(**options)`: what is passed cannot be known."""
        return any(argument.unpacked for argument in self.arguments)


class Scope(NamedTuple):
    """A function or class that something stands in, outermost first in a tuple of them."""

    kind: str
    """`function` or `class`."""
    name: str
    names: frozenset[str]
    """Names bound in it: parameters, assignments, definitions, imports."""
    rebound: frozenset[str]
    """Those of `names` bound more than once, or by a loop."""
    imports: tuple[tuple[str, str], ...] = ()
    """Local name and target, as in `Import`, of the imports in it."""


class Decorator(NamedTuple):
    name: str
    """Dotted name of what decorates: `app.get` for `@app.get("/")` and for `@app.get`."""
    call: Call | None
    span: Span
    """Of the expression, without the `@`."""
    line: int


class Parameter(NamedTuple):
    name: str
    kind: str
    """`/` positional only, `` either, `*` variadic, `=` keyword only, `**` variadic keywords."""
    annotation: Span | None
    default: Span | None
    call: Call | None
    """The default, where it is a call."""
    start: int
    """Of the name."""
    line: int
    column: int
    end_line: int

    @property
    def end(self) -> int:
        """Of the default, else of the annotation, else of the name."""
        last = self.default or self.annotation
        return last.end if last is not None else self.start + len(self.name)


class Function(NamedTuple):
    name: str
    scopes: tuple[Scope, ...]
    span: Span
    """From `def` or `async` to the colon that ends the header, included."""
    line: int
    end_line: int
    """Of the header."""
    is_async: bool
    decorators: tuple[Decorator, ...]
    parameters: tuple[Parameter, ...]
    returns: Span | None
    conditional: bool
    """Stands under `if`, `try`, `with`, `match` or a loop of its scope."""
    looped: bool
    statement: int

    @property
    def qualified_name(self) -> str:
        return ".".join([*(scope.name for scope in self.scopes), self.name])

    @property
    def is_method(self) -> bool:
        return bool(self.scopes) and self.scopes[-1].kind == "class"


class Class(NamedTuple):
    name: str
    scopes: tuple[Scope, ...]
    bases: tuple[str, ...]
    decorators: tuple[Decorator, ...]
    line: int
    statement: int

    @property
    def qualified_name(self) -> str:
        return ".".join([*(scope.name for scope in self.scopes), self.name])


class Assignment(NamedTuple):
    """`target = call(...)` or `target: T = call(...)`, target a dotted name."""

    target: str
    call: Call
    scopes: tuple[Scope, ...]
    conditional: bool
    line: int
    end_line: int
    column: int
    statement: int


class MethodCall(NamedTuple):
    """An expression statement or assigned value `receiver.method(...)`, or `receiver.method(...)(applied)`."""

    receiver: str
    method: str
    call: Call
    applied: Call | None
    scopes: tuple[Scope, ...]
    conditional: bool
    looped: bool
    line: int
    column: int
    end_line: int
    statement: int
    is_statement: bool
    """The call is a statement of its own, its value not used."""


class Import(NamedTuple):
    """One name that an import binds. `target` is absolute for absolute imports, else starts with its dots."""

    local: str
    target: str
    """`a.b` for `import a.b as x`, `a` for `import a.b`, `m.n` for `from m import n`, `..m.n` for a relative one."""
    scopes: tuple[Scope, ...]
    type_checking: bool
    """Under `if TYPE_CHECKING:`, so not there at run time."""
    statement: int


class Binding(NamedTuple):
    """One place where a module-level name gets its value."""

    kind: str
    """`import`, `def`, `class`, `assign`, or `other` (loops, `del`, `with`, a `global` statement in a function)."""
    statement: int
    conditional: bool


class Facts(NamedTuple):
    """Everything the index reads from one module."""

    statements: tuple[Statement, ...]
    imports: tuple[Import, ...]
    stars: tuple[str, ...]
    """Modules imported with `from m import *` at module level."""
    bindings: dict[str, tuple[Binding, ...]]
    functions: tuple[Function, ...]
    classes: tuple[Class, ...]
    assignments: tuple[Assignment, ...]
    calls: tuple[MethodCall, ...]
    postponed: bool
    """`from __future__ import annotations`."""


def _reduced(item: tuple[object, ...]) -> tuple[type, tuple[object, ...]]:
    return item.__class__, tuple(item)


# Facts travel between processes, thousands of them at a time. This takes half the time of what `pickle` does by itself.
for _kind in (Argument, Assignment, Binding, Call, Decorator, Function, Import, MethodCall, Parameter, Span, Statement):
    copyreg.pickle(_kind, _reduced)
