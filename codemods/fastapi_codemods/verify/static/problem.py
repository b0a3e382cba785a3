"""What the static gate can say."""

from __future__ import annotations

from typing import NamedTuple

ROUTE_KINDS = frozenset({"route", "order", "dependency", "injection"})
"""Those that a running application tells more exactly."""

KINDS = frozenset({"syntax", "version", "name", "import", "cycle", "reference"}) | ROUTE_KINDS
"""`syntax` and `version` of Python, `name`: something is read that nothing binds, `import`: an import finds nothing,
`cycle` of imports, `route`: one is lost, new or called otherwise, `order` of two that match one path, `dependency`: one
is lost from a route, `injection`: one is new there or runs at another time, `reference`: a string, a test or a file
that starts the program names what is gone."""


class Problem(NamedTuple):
    """Something that held before a change and does not any more."""

    kind: str
    path: str
    """POSIX, relative to the root; of the tree before for what is gone."""
    line: int
    """0 if there is none."""
    what: str
    causes: tuple[str, ...] = ()
    """The changed files that it comes from, as far as known; empty for any of them."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.what}"


class Examination(NamedTuple):
    problems: tuple[Problem, ...] = ()
    not_judged: tuple[str, ...] = ()
    """What nobody can tell from the text alone, in whole sentences."""
