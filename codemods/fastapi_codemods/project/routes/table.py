"""What a route table is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class DependencyUse(NamedTuple):
    """A dependency with those that it asks for itself."""

    name: str
    path: str | None
    """Of the file that defines it, None for one from outside the project."""
    line: int
    scopes: tuple[str, ...]
    """Of `Security`."""
    scope: str
    """`function` or `request` where it is given, else empty."""
    use_cache: bool
    dependencies: tuple[DependencyUse, ...]


class Route(NamedTuple):
    """One entry of the table. What is not known is None, and `doubts` says why."""

    kind: str
    """`operation`, `websocket`, `route` and `websocket_route` of Starlette, `mount`, `frontend`, `unknown`."""
    path: str | None
    methods: tuple[str, ...]
    name: str | None
    operation_id: str | None
    tags: tuple[str, ...] | None
    status: int | None
    """None for the default, 200."""
    response_model: str | None
    """As it is called where it is defined; the return annotation if `response_model` is not given."""
    response_class: str | None
    include_in_schema: bool | None
    endpoint: str
    """Dotted name of the function in its module."""
    is_async: bool | None
    dependencies: tuple[DependencyUse, ...]
    """Those of application, routers and route, then those of the parameters."""
    file: str
    line: int
    """Where it is registered."""
    is_conditional: bool
    is_looped: bool
    doubts: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        return not self.doubts and not self.is_conditional

    def doubting(self, doubt: str) -> Route:
        return self._replace(doubts=tuple(dict.fromkeys((*self.doubts, doubt))))

    @property
    def in_execution_order(self) -> tuple[DependencyUse, ...]:
        """The dependencies as they run: each behind what it asks for, once unless it is not cached."""
        return tuple(_in_execution_order(self.dependencies, set()))


class Application(NamedTuple):
    """An application, or a router that no application includes."""

    name: str
    """`pkg.main:app`, or `pkg.main:create_app()` for one that a factory returns."""
    file: str
    line: int
    is_router: bool
    routes: tuple[Route, ...]
    """In the order in which they are tried."""
    doubts: tuple[str, ...]


def _in_execution_order(
    uses: Sequence[DependencyUse], done: set[tuple[str, str | None, int, tuple[str, ...], str]]
) -> Iterator[DependencyUse]:
    for use in uses:
        yield from _in_execution_order(use.dependencies, done)
        key = (use.name, use.path, use.line, use.scopes, use.scope)
        if not use.use_cache or key not in done:
            done.add(key)
            yield use
