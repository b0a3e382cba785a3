"""What the search for blocking calls goes by."""

from __future__ import annotations

from typing import NamedTuple

from ..index import Symbol

Seed = tuple[str, frozenset[str]]
"""A name, and methods of what it stands for."""


class Step(NamedTuple):
    """One call on the way to what blocks: `function` makes it, at that place."""

    function: str
    path: str
    line: int


class BlockingCall(NamedTuple):
    """A call in an async function that blocks the event loop."""

    path: str
    function: str
    """Qualified name of the async function."""
    line: int
    column: int
    end_line: int
    end_column: int
    written: str
    """What is called, as written."""
    leaf: str
    """What blocks in the end: `requests.get`."""
    steps: tuple[Step, ...]
    """From this call to that of the leaf."""
    is_handler: bool
    """The async function is a handler of a route."""
    awaits: bool
    """A handler that also awaits something, so that it cannot be a plain function."""


class Caller(NamedTuple):
    symbol: Symbol
    is_async: bool
    lazy: str
    """`generator`, `manager` (one for `with`), or empty: what must happen to its value before its body runs."""
    is_plain: bool
    """Calling it runs its body here: no decorator says otherwise."""
    is_startup: bool
    """Runs while the application serves nothing."""
    is_handler: bool
    awaits: bool


class Site(NamedTuple):
    """One call of interest."""

    caller: Caller
    target: Symbol
    """Of the project, or what blocks itself."""
    used: str
    """What happens to its value: `iterated`, `entered`, `awaited`, or empty."""
    line: int
    column: int
    end_line: int
    end_column: int
    written: str


class Skimmed(NamedTuple):
    """What the text of a file tells."""

    path: str
    size: int
    imports: bytes
    has_async: bool
    marks: tuple[int, ...]
    """Where something may block."""
    names: frozenset[str]
    """The last names of what may."""
    carries: tuple[tuple[str, frozenset[str]], ...]
    """Names of the module whose values may have methods that block, and the methods."""
    helpers: tuple[int, ...]
    """How often it uses each of `HELPERS`."""


class Wanted(NamedTuple):
    """What to look for in a file."""

    path: str
    names: frozenset[str]
    """Last names of calls."""
    marks: tuple[int, ...]
    """Where the file's own imports say that something may block."""
    seeds: tuple[Seed, ...]
    """Names that may be objects with methods of interest, behind that of their module if only that is imported."""
    calls: frozenset[str]
    """What to look for wherever it is called."""
