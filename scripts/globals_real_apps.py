"""What `global-to-dependency` does on real applications: the part of docs/dependencies-real-apps.md about globals.

    python scripts/real_apps.py --setup       once: downloads, and environments in which applications import
    python scripts/globals_real_apps.py [--only NAME] [--objects NAME] [--write]

For each application: how many handlers use how many module-level objects, how many are given them by a dependency,
why the others are left alone. Where the application can be imported the result is held against it with `--replay`.
`--objects NAME` prints every module-level variable that its handlers read with what it was taken for, to be checked by
hand. Nothing of the applications is in this repository. Exit status: 0 when no undeclared difference was seen.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from models_real_apps import APPLICATIONS, Application, Row, examine, tell
from smaller_codemods_real_apps import shortened
from verify_real_apps import CACHE

from fastapi_codemods.findings import Finding
from fastapi_codemods.project import Project, Symbol
from fastapi_codemods.project.global_reads import global_reads
from fastapi_codemods.project.operations import definition_of, operations_of
from fastapi_codemods.project.singletons import singleton
from fastapi_codemods.source.discovery import is_test

NAME = "global-to-dependency"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "dependencies-real-apps.md"
BEGIN, END = "<!-- globals: begin, written by scripts/globals_real_apps.py -->", "<!-- globals: end -->"

ENVIRONMENTS = {"chainlit": ("chainlit", "chainlit.server:app")}
"""Of applications that other scripts only read."""


def applications() -> Iterator[Application]:
    for application in APPLICATIONS:
        if application.name in ENVIRONMENTS and application.environment is None:
            environment, app = ENVIRONMENTS[application.name]
            yield application._replace(environment=environment, app=app)
        elif application.name != "fastapi docs_src":
            yield application


def object_of(finding: Finding) -> str:
    """`client`, of "`read` uses the module-level `client` instead of a dependency"."""
    return finding.message.partition("module-level `")[2].partition("`")[0]


def page(rows: Sequence[Row]) -> str:
    lines = [
        BEGIN,
        "",
        "## global-to-dependency",
        "",
        "| application | objects | handlers' uses | rewritten | left alone | gate |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        objects = len({object_of(finding) for finding in row.findings})
        left = len(row.findings) - row.fixed
        lines.append(f"| {row.application} | {objects} | {len(row.findings)} | {row.fixed} | {left} | {row.gate} |")
    total, fixed = sum(len(row.findings) for row in rows), sum(row.fixed for row in rows)
    share = f" ({100 * fixed // total} %)" if total else ""
    lines += [f"| all | | {total} | {fixed}{share} | {total - fixed} | |", "", "Left alone, by reason:", ""]
    reasons = Counter(shortened(f.left_alone) for row in rows for f in row.findings if f.left_alone is not None)
    lines += [f"- {reason}: {number}" for reason, number in reasons.most_common()]
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
        for row in examine(application, [NAME], {}):
            rows.append(row)
            failed |= tell(row)
        if arguments.write and not arguments.only:
            write(page(rows))
    if rows and not arguments.write:
        print(page(rows))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
