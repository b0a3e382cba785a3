"""The project's own tests, run on a copy before and after: what counts is what fails newly."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import VerificationError
from .child import Process, clean_environment
from .model import Difference, DynamicOptions, Tree
from .trees import materialise

PATIENCE = 10
"""How many times longer than one run of the application the tests may take."""


class Outcome(NamedTuple):
    code: int | None
    """None: it did not end in time."""
    results: Mapping[str, bool] | None
    """By test, whether it passed; None for a command that is not pytest."""
    output: str


def run_tests(
    tree: Tree, folder: Path, name: str, roots: Sequence[str], python: Path, options: DynamicOptions
) -> Outcome:
    """Run the test command on a copy of `tree` below `folder`, called `name`; imports start from `roots`."""
    try:
        words = shlex.split(options.test_command or "")
    except ValueError as error:
        raise VerificationError(f"--test-command: {error}") from None
    if not words:
        raise VerificationError("--test-command is empty")
    root = folder / "tree" / name
    materialise(tree, root)
    results = folder / "results.xml"
    environment = clean_environment(options.environment, folder / "home")
    environment["PATH"] = os.pathsep.join([str(python.parent), environment.get("PATH", os.defpath)])
    paths = [str(root / part) if part else str(root) for part in roots]
    environment["PYTHONPATH"] = os.pathsep.join([*paths, *filter(None, [environment.get("PYTHONPATH")])])
    is_pytest = any(word in ("pytest", "py.test") or word.endswith(("/pytest", "/py.test")) for word in words)
    if is_pytest:
        added = f"--junitxml={shlex.quote(str(results))} -p no:cacheprovider"
        environment["PYTEST_ADDOPTS"] = f"{environment.get('PYTEST_ADDOPTS', '')} {added}".strip()
    try:
        process = Process(words, folder=root, environment=environment)
    except OSError as error:
        raise VerificationError(f"--test-command: {words[0]} cannot be started: {error.strerror}") from None
    try:
        code = process.wait(options.timeout * PATIENCE)
    finally:
        process.end()
    return Outcome(code, _read_results(results) if is_pytest else None, process.output)


def _read_results(path: Path) -> dict[str, bool] | None:
    """By test, from JUnit's XML as pytest writes it; None if there is none."""
    import xml.etree.ElementTree as ElementTree

    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return None
    found: dict[str, bool] = {}
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}".strip(":")
        passed = case.find("failure") is None and case.find("error") is None
        found[name] = found.get(name, True) and passed
    return found


def newly_failing(before: Outcome, after: Outcome) -> tuple[list[Difference], list[str]]:
    """Differences of kind `test`, and notes on what failed before."""
    if before.code is None:
        return [], ["The test command did not end in time before the change; it says nothing."]
    if before.results is None or after.results is None:
        if before.code != 0:
            return [], [f"The test command ended with exit code {before.code} before the change; it says nothing."]
        if after.code == 0:
            return [], []
        end = "did not end in time" if after.code is None else f"ends with exit code {after.code}"
        return [Difference("test", "test command", f"it {end}, before with 0", None, _tail(after.output))], []
    if after.code is None:
        return [Difference("test", "test command", "it did not end in time")], []
    found = []
    for name, passed in before.results.items():
        if not passed:
            continue
        if name not in after.results:
            found.append(Difference("test", name, "it passed and does not run any more"))
        elif not after.results[name]:
            found.append(Difference("test", name, "it passed and fails"))
    failed = sum(not passed for passed in before.results.values())
    notes = [f"{failed} of {len(before.results)} tests failed before the change as well."] if failed else []
    if not before.results:
        notes.append("The test command ran no test before the change.")
    return found, notes


def _tail(output: str) -> str:
    return "\n".join(output.strip().splitlines()[-5:])
