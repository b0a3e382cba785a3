"""One application, run: a copy of a tree, the process in it, and its answers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .applications import Target
from .child import PLACE, ChildError, Probe
from .model import DynamicOptions, Tree
from .trees import materialise

MOST_PATHS = 4000
"""Concrete paths in a routing decision table."""


class ImportFailedError(Exception):
    """The application cannot be imported; the text says why, for people."""


@dataclass
class Run:
    """What an application said of itself. `description` and `answers` as `probe` makes them."""

    description: dict[str, Any] = field(default_factory=dict)
    answers: list[dict[str, Any]] = field(default_factory=list)
    ending: dict[str, Any] = field(default_factory=dict)
    interruption: str | None = None
    """Why not all requests were answered."""
    notes: tuple[str, ...] = ()

    @property
    def is_started(self) -> bool:
        """Whether requests were replayed behind a startup that succeeded."""
        return bool(self.ending.get("lifespan", {}).get("started"))


class Application:
    """An imported application. `close` ends its process."""

    def __init__(
        self, tree: Tree, folder: Path, name: str, target: Target, python: Path, options: DynamicOptions
    ) -> None:
        """`folder` is one for this run alone, `name` that of the copy. Raises `ImportFailedError`."""
        root = folder / "tree" / name
        self.run = Run(notes=materialise(tree, root))
        self._root = root
        self._app = target.app
        self._options = options
        try:
            self._probe = Probe(python, root, folder / "home", options.environment, options.timeout)
        except ChildError as error:
            raise ImportFailedError(str(error)) from None
        try:
            self._ask(
                {
                    "ask": "import",
                    "app": target.app,
                    "roots": [str(root / part) if part else str(root) for part in target.roots],
                    "origin": str(tree.root.resolve()),
                }
            )
        except ImportFailedError:
            self._probe.end()
            raise

    def describe(self, paths: Sequence[str] | None) -> dict[str, Any]:
        """Routes, OpenAPI and the rest; the routing decisions for `paths`, or for paths made of its own routes."""
        self.run.description = self._ask({"ask": "describe", "paths": paths, "most_paths": MOST_PATHS})
        return self.run.description

    def replay(self, requests: Sequence[Mapping[str, Any]], *, lifespan: bool) -> None:
        """Answers to requests, as many as there are before the process ends."""
        self._probe.ask(
            {
                "ask": "replay",
                "requests": requests,
                "lifespan": lifespan,
                "startup_seconds": self._options.timeout / 3,
            }
        )
        try:
            while True:
                found = self._probe.answer()
                if "answer" not in found:
                    break
                self.run.answers.append(found["answer"])
            if "error" in found:
                self.run.interruption = describe_error(found["error"], self._app)
            else:
                self.run.ending = found
        except ChildError as error:
            self.run.interruption = str(error)

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        self._probe.ask(question)
        try:
            found = self._probe.answer()
        except ChildError as error:
            said = self._probe.output.strip().splitlines()
            last = f"; the last it printed: {said[-1][:200]}" if said else ""
            raise ImportFailedError(f"importing {self._app}: {error}{last}") from None
        if "error" in found:
            raise ImportFailedError(describe_error(found["error"], self._app))
        return found

    def close(self) -> Run:
        self._probe.end()
        return self.run


def describe_error(error: Mapping[str, Any], app: str) -> str:
    """One line: what, where, and what to do about it where that is known."""
    text = " ".join(str(error["text"]).split())
    told = f"importing {app}: {error['type']}: {text[:300]}" if text else f"importing {app}: {error['type']}"
    if error["type"] == "SystemExit":
        told = f"importing {app} ended the program (sys.exit({error['text']}))"
    if place := error.get("place"):
        told += f" ({_relative(place)})"
    if error.get("network"):
        told += "; the application has no network while it is verified"
    elif isinstance(variable := error.get("variable"), str) and variable.isupper():
        told += f"; give it with --env {variable}=VALUE"
    elif "field required" in text.lower() or "environment variable" in text.lower():
        told += "; give variables with --env NAME=VALUE"
    elif error["type"] == "ModuleNotFoundError":
        told += "; is it the right interpreter? (--python)"
    return told


def _relative(place: str) -> str:
    """`/verified/tree/shop/main.py:3` as `main.py:3`."""
    start = f"{PLACE}/tree/"
    return place[len(start) :].partition("/")[2] if place.startswith(start) else os.path.basename(place)
