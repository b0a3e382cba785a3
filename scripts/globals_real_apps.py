"""What `global-to-dependency` does on real applications: the part of docs/dependencies-real-apps.md about globals.

    python scripts/real_apps.py --setup       once: downloads, and environments in which applications import
    python scripts/globals_real_apps.py [--only NAME] [--objects NAME] [--write]

For each application: how many handlers use how many module-level objects, how many are given them by a dependency,
why the others are left alone. Where the application can be imported the result is held against it with `--replay`.
`--tests` runs the own tests of those that have some which run here, before and after, and with `--update-tests`.
`--objects NAME` prints every module-level variable that its handlers read with what it was taken for, to be checked by
hand. Nothing of the applications is in this repository. Exit status: 0 when no undeclared difference was seen.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from models_real_apps import APPLICATIONS, Application, Row, examine, tell
from real_apps import Settings
from smaller_codemods_real_apps import shortened
from split_real_apps import SUBJECTS, Subject, passing, source_of
from verify_real_apps import CACHE

from fastapi_codemods import pipeline
from fastapi_codemods.config import Options
from fastapi_codemods.project import Project, Symbol
from fastapi_codemods.project.global_reads import global_reads
from fastapi_codemods.project.operations import definition_of, operations_of
from fastapi_codemods.project.singletons import singleton
from fastapi_codemods.source.discovery import is_test

NAME = "global-to-dependency"
MOST_REQUESTS = 400
PAGE = Path(__file__).resolve().parent.parent / "docs" / "dependencies-real-apps.md"
BEGIN, END = "<!-- globals: begin, written by scripts/globals_real_apps.py -->", "<!-- globals: end -->"

MORE = (
    Application("chainlit", "chainlit-2.12.0-with-data", "chainlit", helper="from chainlit.server import app"),
    Application(
        "bluesky-httpserver", "bluesky-httpserver-0.0.14-with-data", "bluesky-httpserver",
        helper="from bluesky_httpserver.server import app",
    ),
    Application("swe-rex", "swe-rex-1.4.0", "swe-rex", helper="from swerex.server import app"),
    Application("skypilot", "skypilot-0.14.1-with-data", "skypilot", helper="from sky.server.server import app"),
    Application(
        "autogenstudio", "autogenstudio-0.1.5-with-data", "autogenstudio",
        helper="from autogenstudio.web.app import api as app",
    ),
    Application("arize-phoenix", "arize-phoenix-20.26.1"),
    Application("sglang", "sglang-0.5.23"),
)  # fmt: skip
"""Beside those of models_real_apps.py, of which the first ones are only read there."""


def applications() -> Iterator[Application]:
    others = {application.name for application in MORE} | {"fastapi docs_src"}
    yield from (application for application in APPLICATIONS if application.name not in others)
    yield from MORE


def own_tests(subject: Subject) -> tuple[str, bool]:
    """What the tests of an application say before and after, as they are and turned into overrides."""
    settings = Settings((), CACHE, None, False, False)
    source = source_of(subject, settings)
    numbers: list[str] = []
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        tree = work / "tree"
        shutil.copytree(source, tree, symlinks=True)
        passed = passing(subject, settings, tree, work)
        for update in (False, True):
            shutil.rmtree(tree)
            shutil.copytree(source, tree, symlinks=True)
            selected = Options(select=(NAME,), cache=False, codemods={NAME: {"update-tests": update}})
            for change in pipeline.plan(tree, [tree], selected).changes:
                (tree / change.path).write_bytes(change.after or b"")
            still = passing(subject, settings, tree, work)
            holds &= passed <= still
            numbers.append(f"{len(passed & still)} of {len(passed)}")
    return " / ".join(numbers), holds


def object_of(message: str) -> str:
    """`client`, of "`read` uses the module-level `client` instead of a dependency"."""
    return message.partition("module-level `")[2].partition("`")[0]


def page(rows: Sequence[Row], tests: Sequence[str] = ()) -> str:
    lines = [
        BEGIN,
        "",
        "## global-to-dependency",
        "",
        "| application | objects | handlers' uses | rewritten | left alone | gate |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        objects = len({object_of(message) for message in row.messages})
        left = row.found - row.fixed
        lines.append(f"| {row.application} | {objects} | {row.found} | {row.fixed} | {left} | {row.gate} |")
    total, fixed = sum(row.found for row in rows), sum(row.fixed for row in rows)
    share = f" ({100 * fixed // total} %)" if total else ""
    lines += [f"| all | | {total} | {fixed}{share} | {total - fixed} | |", "", "Left alone, by reason:", ""]
    reasons = Counter(shortened(reason) for row in rows for reason in row.left_alone)
    lines += [f"- {reason}: {number}" for reason, number in reasons.most_common()]
    if tests:
        lines += ["", "Own tests that passed before and pass after, as they are / with `--update-tests`:", "", *tests]
    return "\n".join([*lines, "", END])


def write(text: str) -> None:
    """Put the part about globals into the page; what else is on it stays."""
    before = PAGE.read_text("utf-8") if PAGE.exists() else "# Dependencies in real applications\n\n"
    head, begin, rest = before.partition(BEGIN)
    tail = rest.partition(END)[2] if begin else "\n"
    PAGE.write_text(f"{head}{text}{tail}", "utf-8")


def objects(application: Application) -> None:
    """Every module-level variable that a handler reads, with what it was taken for and how many handlers read it."""
    root = CACHE / "source" / application.source
    project = Project.open(root)
    readers: Counter[Symbol] = Counter()
    for operation in operations_of(project):
        definition = definition_of(operation.module, operation.function)
        if definition is None or is_test(operation.module.path):
            continue
        found = global_reads(project, operation.module, definition.node, operation.function.scopes)
        readers.update({read.symbol for read in found.reads})
    for symbol, number in sorted(readers.items()):
        held = singleton(project, symbol)
        if held is not None:
            made = held.maker.name if held.maker is not None else ""
            type_ = held.type.code if held.type is not None else ""
            print(f"{symbol.path}: {symbol.name} ({number}): {held.kind} {type_} {made} {'data' * held.plain_data}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    parser.add_argument("--objects", help="print what this application's variables were taken for, and nothing else")
    parser.add_argument("--tests", action="store_true", help="run the applications' own tests, too")
    parser.add_argument("--write", action="store_true", help="write the part of docs/dependencies-real-apps.md")
    arguments = parser.parse_args()
    rows: list[Row] = []
    failed = False
    for application in applications():
        if arguments.objects is not None:
            if application.name == arguments.objects:
                objects(application)
            continue
        if arguments.only and application.name not in arguments.only:
            continue
        if not (CACHE / "source" / application.source).is_dir():
            print(f"{application.name} is not there", flush=True)
            continue
        for row in examine(application, [NAME], {}, MOST_REQUESTS):
            rows.append(row)
            failed |= tell(row)
        if arguments.write and not arguments.only:
            write(page(rows))
    tests: list[str] = []
    for subject in SUBJECTS if arguments.tests and arguments.objects is None else ():
        name = subject.application.name
        if subject.tests and (not arguments.only or name in arguments.only):
            said, holds = own_tests(subject)
            failed |= not holds
            tests.append(f"- {name}: {said}")
            print(tests[-1], flush=True)
    if arguments.write and not arguments.only:
        write(page(rows, tests))
    elif arguments.objects is None:
        print(page(rows, tests))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
