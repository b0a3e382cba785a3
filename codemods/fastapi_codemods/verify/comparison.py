"""The dynamic gate: two trees, their applications run, everything that differs in its class.

before ──copy──> process ──describe──> requests made from its schema ──replay──> answers
before ──copy──> process ──the same──────────────────────────────────> what it does not repeat itself
after  ──copy──> process ──the same──────────────────────────────────> differences
"""

from __future__ import annotations

import itertools
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ..errors import CodemodsError, VerificationError
from ..project import Project
from .applications import Target, find_application
from .interpreter import find_python
from .model import KINDS, Difference, DynamicOptions, Report, Tree
from .openapi import compare_documents
from .project_tests import Outcome, newly_failing, run_tests
from .requests import Request, requests_for
from .responses import Comparison
from .routing import compare_descriptions
from .runs import Application, ImportFailedError, Run
from .seeds import seeds_of
from .trees import with_overlay

WORST_FIRST = {
    kind: number
    for number, kind in enumerate(
        (
            "import", "dependency", "security", "breaking", "route", "order", "middleware", "handler", "lifespan",
            "response", "test", "state", "client", "non-breaking", "documentation",
        )
    )
}  # fmt: skip
assert WORST_FIRST.keys() == KINDS.keys()


def compare(before: Tree, after: Tree, options: DynamicOptions | None = None) -> Report:
    """Everything in which the application of `after` differs from that of `before`.

    Raises `VerificationError` for what the user has to say or set right (which application, which interpreter); an
    application that cannot be imported before is `Report.failure`.
    """
    with Gate(before, options or DynamicOptions()) as gate:
        return gate.against(after)


class Gate:
    """One application before, run once for any number of trees after."""

    def __init__(self, before: Tree, options: DynamicOptions) -> None:
        self.before = before
        self.options = options
        self._folder = tempfile.TemporaryDirectory(prefix="fastapi-codemods-", ignore_cleanup_errors=True)
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._folder.cleanup()

    @property
    def name(self) -> str:
        """What copies are called: both sides alike, since an application may look at it."""
        return self.before.root.resolve().name or "project"

    @cached_property
    def python(self) -> Path:
        return find_python(self.before.root, self.options.python)

    @cached_property
    def _project(self) -> Project:
        return _read(self.before)

    @cached_property
    def target(self) -> Target:
        return find_application(self._project, self.options.app)

    def _target(self, tree: Tree) -> Target:
        return find_application(_read(tree), self.options.app)

    def against(self, after: Tree) -> Report:
        """What differs in `after`."""
        start = time.monotonic()
        report = Report(python=str(self.python))
        try:
            report = report._replace(app=self.target.app)
            reference = self._reference
        except ImportFailedError as error:
            return report._replace(failure=str(error), seconds=time.monotonic() - start)
        report = report._replace(routes=len(reference.run.description["routes"]), requests=len(reference.requests))
        differences, notes = self._application_differences(reference, after)
        if self.options.test_command is not None:
            more, told = self.tests_against(after)
            differences += more
            notes += told
        ordered = sorted(dict.fromkeys(differences), key=lambda difference: WORST_FIRST[difference.kind])
        return report._replace(
            differences=tuple(ordered), notes=tuple(dict.fromkeys(notes)), seconds=time.monotonic() - start
        )

    # The application before

    @cached_property
    def _reference(self) -> _Reference:
        """The application before and the requests made from it."""
        first = Application(self.before, self._place(), self.name, self.target, self.python, self.options)
        try:
            description = first.describe(None)
            requests = self._requests(description)
            if requests:
                first.replay(requests, lifespan=True)
            return _Reference(first.close(), requests)
        finally:
            first.close()

    @cached_property
    def _again(self) -> Run:
        """The application before once more: what is otherwise there is steady in no run."""
        return self._run(self.before, self.target, self._reference)

    def _requests(self, description: dict[str, Any]) -> list[Request]:
        requests = [dict(request) for request in self.options.requests]
        if self.options.replay:
            requests += requests_for(
                description.get("openapi"), description["routes"], seeds_of(self._project), self.options.most_requests
            )
        return requests

    # An application after

    def _application_differences(self, reference: _Reference, after: Tree) -> tuple[list[Difference], list[str]]:
        before = reference.run
        notes = [*before.notes]
        try:
            target = self.target if self.options.app is not None else self._target_after(after)
            with ThreadPoolExecutor(1) as pool:
                # Two processors are worth two runs; without requests, a second look is taken only where one differs.
                again = pool.submit(lambda: self._again) if reference.requests else None
                run = self._run(after, target, reference)
                if again is not None:
                    again.result()
        except ImportFailedError as error:
            return [Difference("import", "application", str(error))], notes
        differences, told = _compared(before, run)
        notes += told
        if reference.requests:
            found, told = Comparison(reference.requests, before, self._again).against(run)
            differences += found
            notes += told
        if differences:
            unsteady = {_identity(difference) for difference in _compared(before, self._again)[0]}
            notes += [f"{where}: {what}; but so it does in two runs before." for _, where, what in sorted(unsteady)]
            differences = [d for d in differences if _identity(d) not in unsteady]
        if left_out := before.description.get("paths_left_out"):
            notes.append(f"{left_out} more paths would belong into the routing table; they were left out.")
        return differences, notes

    def _target_after(self, after: Tree) -> Target:
        """The application keeps its name unless that is gone and the project names another."""
        try:
            found = self._target(after)
        except CodemodsError:
            return self.target
        return found if found.app == self.target.app else self.target

    def _run(self, tree: Tree, target: Target, reference: _Reference) -> Run:
        """What `tree` says where the application before was asked, with startup only if that succeeded there."""
        application = Application(tree, self._place(), self.name, target, self.python, self.options)
        try:
            application.describe(list(reference.run.description["decisions"]))
            if reference.requests:
                is_started = reference.run.is_started or bool(reference.run.interruption)
                application.replay(reference.requests, lifespan=is_started)
        finally:
            application.close()
        return application.run

    # Tests

    @cached_property
    def tests_before(self) -> Outcome:
        return self._tests(self.before)

    def _tests(self, tree: Tree) -> Outcome:
        try:
            roots = self.target.roots
        except VerificationError:
            roots = ("src", "") if (tree.root / "src").is_dir() else ("",)
        return run_tests(tree, self._place(), self.name, roots, self.python, self.options)

    def tests_against(self, after: Tree) -> tuple[list[Difference], list[str]]:
        """Tests that fail newly in `after`; and notes."""
        before = self.tests_before
        found, notes = newly_failing(before, self._tests(after))
        if found:
            # A test that fails now and then counts only if it does so again.
            once_more, _ = newly_failing(before, self._tests(after))
            found = [
                difference for difference in found if difference in once_more or difference.where == "test command"
            ]
        return found, notes

    def _place(self) -> Path:
        place = Path(self._folder.name).resolve() / f"{next(self._numbers):04}"
        place.mkdir()
        return place


class _Reference:
    def __init__(self, run: Run, requests: list[Request]) -> None:
        self.run, self.requests = run, requests


def _read(tree: Tree) -> Project:
    return with_overlay(Project.open(tree.root, cache=False), tree.overlay)


def _identity(difference: Difference) -> tuple[str, str, str]:
    return difference.kind, difference.where, difference.what


def _compared(before: Run, after: Run) -> tuple[list[Difference], list[str]]:
    """All but the answers to requests."""
    differences, notes = compare_descriptions(before.description, after.description)
    mine, theirs = (run.description.get("openapi_error") for run in (before, after))
    if mine is None and theirs is not None:
        differences.append(
            Difference("breaking", "openapi", f"OpenAPI cannot be made any more: {theirs}", None, theirs)
        )
    elif mine is not None:
        notes.append(f"OpenAPI could not be made before the change: {mine}")
    else:
        documents = (run.description.get("openapi") for run in (before, after))
        differences += compare_documents(*documents)
    differences += _lifespan_differences(before, after, notes)
    differences += _state_differences(before.ending.get("state"), after.ending.get("state"), "state", "requests")
    return differences, notes


def _lifespan_differences(before: Run, after: Run, notes: list[str]) -> list[Difference]:
    old, new = before.ending.get("lifespan"), after.ending.get("lifespan")
    if not old or not new:
        return []
    if not old["started"]:
        notes.append(f"Startup fails before the change ({old['error']}); requests were replayed without it.")
        return []
    if not new["started"]:
        return [Difference("lifespan", "application", f"startup fails: {new['error']}")]
    found = []
    if old["stopped"] and not new["stopped"]:
        found.append(Difference("lifespan", "application", f"shutdown fails: {new['error']}"))
    spans = before.description["lifespan"]
    wrappers = {*spans["startup"], *spans["shutdown"], *spans["contexts"]}
    found += [
        Difference("lifespan", "application", f"startup calls {name} no longer", name, None)
        for name in old["calls"]
        if name not in new["calls"] and name not in wrappers
    ]
    if lost := set(old["app_state"]) - set(new["app_state"]):
        found.append(
            Difference("lifespan", "application", f"app.state.{', app.state.'.join(sorted(lost))} is set no longer")
        )
    return found + _state_differences(old["state"], new["state"], "lifespan", "startup")


def _state_differences(
    old: dict[str, Any] | None, new: dict[str, Any] | None, kind: str, cause: str
) -> list[Difference]:
    """Variables that both have and that are left with other values."""
    if not old or not new:
        return []
    mine, theirs = old["values"], new["values"]
    both = set(old["names"]) & set(new["names"])
    return [
        Difference(kind, name, f"{cause} leave another value in it", mine.get(name), theirs.get(name))
        for name in sorted(both & (mine.keys() | theirs.keys()))
        if mine.get(name) != theirs.get(name)
    ]
