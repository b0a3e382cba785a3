"""What the dynamic gate is asked and what it answers: data, no behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

KINDS = {
    "breaking": "a client that works today may fail: request tightened, response loosened, operation removed",
    "security": "OpenAPI declares other security",
    "client": "names that generated clients use: operation ids, tags, components",
    "non-breaking": "the API accepts more or promises more",
    "documentation": "texts of the documentation",
    "route": "a route is gone, came, or answers otherwise (status, response class, model, visibility)",
    "order": "a request is decided for another route",
    "dependency": "a route's dependencies: lost, added, other order, other scopes",
    "middleware": "the middleware stack",
    "handler": "the exception handlers",
    "lifespan": "startup and shutdown",
    "response": "the answer to a replayed request",
    "state": "what requests leave behind in the application's module-level variables",
    "test": "a test of the project that passed",
    "import": "the application can be imported no longer",
}
"""The classes of differences, as `Difference.kind` spells them, with what each means."""


class Tree(NamedTuple):
    """A project: a folder, and what is served instead of some of its files. Nothing is ever written below `root`."""

    root: Path
    overlay: Mapping[str, bytes | None] = {}
    """By POSIX path relative to `root`; None stands for a file that is not there."""


class DynamicOptions(NamedTuple):
    app: str | None = None
    """`module:name` or `module:factory()`; None: found by itself."""
    python: Path | None = None
    """The interpreter; None: the project's virtual environment, else the one running."""
    timeout: float = 60.0
    """Seconds that one run of the application may take; a test command gets ten times as many."""
    environment: Mapping[str, str] = {}
    """Variables that the application needs. Of ours it gets PATH and the locale only."""
    replay: bool = False
    """Whether requests are made from the schema and answered on both sides."""
    test_command: str | None = None
    """As a shell spells it (`pytest -q`), run without a shell in a copy of the project."""
    requests: tuple[Mapping[str, Any], ...] = ()
    """Requests that are replayed before the generated ones; also without `replay`. Keys: `path`, `method` (GET),
    `params`, `headers`, `cookies`, `json`, `content`, `data`; method WEBSOCKET: `send`, a list of texts."""
    most_requests: int = 2000
    """Generated requests beyond these are left out, and a note says so."""


class Difference(NamedTuple):
    """One way in which the application after is not the one before."""

    kind: str
    """One of `KINDS`."""
    where: str
    """`GET /users/{user_id}`, `components.schemas.User`, `test_users.py::test_me`; `application` for all of it."""
    what: str
    """A whole thought."""
    before: str | None = None
    """Shortened for people; None: nothing there."""
    after: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}: {self.what}"


class Report(NamedTuple):
    differences: tuple[Difference, ...] = ()
    """Worst first; empty: the same as far as was looked."""
    notes: tuple[str, ...] = ()
    """What could not be compared, was masked, or differs in a way that is no contract; whole sentences."""
    failure: str | None = None
    """Why the dynamic gate could not be run at all: the application cannot be imported before the change. Nothing is
    known then but what the static gate says."""
    app: str | None = None
    """The application that was compared."""
    python: str | None = None
    routes: int = 0
    requests: int = 0
    """How many were compared."""
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        return self.failure is None and not self.differences
