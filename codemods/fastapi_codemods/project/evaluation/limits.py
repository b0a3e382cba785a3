"""How far an evaluation goes."""

from __future__ import annotations

DEEPEST = 24
"""Calls within calls; recursion ends here."""

DEEPEST_RECURSION = 3
"""Calls of one function within itself."""

FREELY = 2
"""Calls within calls up to which any function of the project is evaluated; deeper only those that may matter."""

FREELY_SMALL = 5
"""The same for small functions."""

SMALL = 1_500
"""Characters."""

TINY = 200
"""Characters of functions that are evaluated however deep they are called."""

LAZY_INCLUDES_SINCE = (0, 137)
"""FastAPI's version from which a router is included as it is, and not what it has by then copied."""

ROUNDS = 25
"""Of a `while`, beyond which it may go on or not."""

ROUNDS_OF_A_START = 2
"""The same for what runs when an application starts, which waits and polls in such loops."""

BUDGET = 300_000
"""Nodes to evaluate for one module or factory, beyond which the rest is unknown."""

PARSED_KEPT = 1_000_000
"""Characters of statements whose syntax trees are kept at a time."""

LARGE_STATEMENT = 20_000
"""Characters from which a module-level statement holds data."""
