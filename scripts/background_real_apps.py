"""What the codemods for background tasks and middleware do on real applications: docs/background-real-apps.md.

    python scripts/real_apps.py --setup          once: downloads, and environments in which applications import
    python scripts/background_real_apps.py [--only NAME] [--codemod NAME] [--sample N] [--write]

For each application and codemod, selected by its name: how many findings, how many are rewritten, why the others are
left alone. The static gate compiles every changed file. Where the application can be imported the result is held
against it with `--replay`, as `apply --verify` does. `--sample N` prints N findings of the reports, drawn at random
with a fixed seed, to be read by hand. Nothing of the applications is in this repository. Exit status: 0 when no codemod
makes an undeclared difference and everything compiles.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from models_real_apps import APPLICATIONS, Application, Row, examine, reasons, row_of, tell
from verify_real_apps import CACHE

from fastapi_codemods import pipeline, registry
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Finding, Safety

PAGE = Path(__file__).resolve().parent.parent / "docs" / "background-real-apps.md"
HAND_READ = "\n## Read by a person\n"
SEED = 8
MOST_REQUESTS = 400

Drawn = tuple[str, Finding]
"""A finding of a report, behind its application."""

REWRITES = (
    "create-task-to-background-tasks", "thread-to-background-tasks", "add-task-called-function", "keep-task-reference",
    "executor-to-threadpool", "middleware-http-exception", "middleware-order", "middleware-list",
    "pure-asgi-middleware",
)  # fmt: skip
REPORTS = (
    "heavy-background-task", "io-in-middleware", "many-middlewares", "middleware-blocking", "mixed-async-style",
    "repeated-check", "thread-bound-object",
)  # fmt: skip
OPTIONS: dict[str, dict[str, object]] = {"middleware-order": {"move": True}}

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
    Application("litellm", "litellm-1.108.7"),
    Application("arize-phoenix", "arize-phoenix-20.26.1"),
    Application("prefect", "prefect-3.9.1"),
    Application("py-ocpi", "py-ocpi-0.3.1"),
    Application("sglang", "sglang-0.5.23"),
)  # fmt: skip
"""Beside those of models_real_apps.py; those of the same name are in their place."""


def applications() -> Iterator[Application]:
    names = {application.name for application in MORE}
    yield from MORE
    yield from (application for application in APPLICATIONS if application.name not in names)


def examined(application: Application, codemods: Sequence[str], reported: dict[str, list[Drawn]]) -> Iterator[Row]:
    """One look at all of them, then each that finds something by itself and with the gate. What the reports find is
    added to `reported`, by codemod."""
    root = CACHE / "source" / application.source
    start = time.monotonic()
    selected = Options(select=tuple(codemods), safety=Safety.UNSAFE, cache=False, codemods=OPTIONS)
    by_codemod: dict[str, list[Finding]] = {name: [] for name in codemods}
    for finding in pipeline.check(root, [root], selected).findings:
        by_codemod[finding.codemod].append(finding)
    seconds = time.monotonic() - start
    for name, found in by_codemod.items():
        if registry.get(name).safety is Safety.REPORT:
            reported.setdefault(name, []).extend((application.name, finding) for finding in found)
        if registry.get(name).safety is Safety.REPORT or not found:
            yield row_of(application.name, name, found, None, seconds)
        else:
            yield from examine(application, [name], OPTIONS, MOST_REQUESTS)


def page(rows: Sequence[Row], read_by_hand: str) -> str:
    imported = sorted({row.application for row in rows if _was_run(row)})
    found_in = len({row.application for row in rows})
    lines = [
        "# Background tasks and middleware in real applications",
        "",
        "Written by `python scripts/background_real_apps.py --write`; do not edit above the last section.",
        f"{found_in} applications were searched. The static gate compiles what each codemod changes in them; where an",
        f"application can be imported it is run before and after ({', '.join(imported)}).",
        "",
        "| codemod | safety | applications | found | rewritten | left alone | gate |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in (*REWRITES, *REPORTS):
        own = [row for row in rows if row.codemod == name]
        judged = [row for row in own if _was_run(row)]
        clean = sum(not row.undeclared for row in judged)
        gate = f"{clean} of {len(judged)} clean" if judged else ""
        total, fixed = sum(row.found for row in own), sum(row.fixed for row in own)
        left = sum(len(row.left_alone) for row in own)
        places = sum(row.found > 0 for row in own)
        safety = registry.get(name).safety.label
        lines.append(f"| {name} | {safety} | {places} | {total} | {fixed} | {left} | {gate} |")
    for name in REWRITES:
        own = [row for row in rows if row.codemod == name and row.found]
        if not own:
            continue
        lines += ["", f"## {name}", "", "| application | found | rewritten | gate |", "|---|---|---|---|"]
        lines += [f"| {row.application} | {row.found} | {row.fixed} | {row.gate} |" for row in own]
        if why := reasons(own):
            lines += ["", "Left alone:", "", *(f"- {reason}: {count}" for reason, count in why)]
    return "\n".join(lines) + "\n" + read_by_hand


def _was_run(row: Row) -> bool:
    return row.gate not in ("", "does not import")


def sample(by_codemod: dict[str, list[Drawn]], number: int) -> Iterator[str]:
    """Findings of the reports, at most so many, each as often from one codemod as from another as far as they go."""
    drawn = random.Random(SEED)
    for found in by_codemod.values():
        drawn.shuffle(found)
    turns = max(map(len, by_codemod.values()), default=0)
    mixed = [found[turn] for turn in range(turns) for found in by_codemod.values() if turn < len(found)]
    for application, finding in mixed[:number]:
        yield f"{application} {finding.location.path}:{finding.location.line} [{finding.codemod}] {finding.message}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    parser.add_argument("--codemod", action="append", default=[], choices=(*REWRITES, *REPORTS), help="repeatable")
    parser.add_argument("--sample", type=int, default=0, help="print so many findings of the reports")
    parser.add_argument("--write", action="store_true", help="write docs/background-real-apps.md")
    arguments = parser.parse_args()
    rows: list[Row] = []
    reported: dict[str, list[Drawn]] = {}
    failed = False
    for application in applications():
        if arguments.only and application.name not in arguments.only:
            continue
        if not (CACHE / "source" / application.source).is_dir():
            print(f"{application.name} is not there", flush=True)
            continue
        for row in examined(application, arguments.codemod or (*REWRITES, *REPORTS), reported):
            rows.append(row)
            if row.found:
                failed |= tell(row)
            broken = [reason for reason in row.left_alone if "would break" in reason]
            for reason in broken:
                print(f"    {reason}", flush=True)
            failed |= bool(broken) and registry.get(row.codemod).safety <= Safety.SERIAL_SAFE
        if arguments.write:  # each time: a run takes long
            kept = PAGE.read_text("utf-8").partition(HAND_READ)[2] if PAGE.exists() else ""
            PAGE.write_text(page(rows, HAND_READ + kept), "utf-8")
    for line in sample(reported, arguments.sample):
        print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
