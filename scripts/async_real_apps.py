"""What takes blocking calls off the event loop, on real applications: docs/async-real-apps.md.

    python scripts/real_apps.py --setup, scripts/split_real_apps.py --setup     once: downloads and environments
    python scripts/async_real_apps.py [--only NAME] [--codemod NAME] [--no-tests] [--rows FILE] [--output PAGE]

For each application and each codemod, selected by its name: the findings, those that are rewritten, the reasons for
which code is left alone, and

- what `verify --replay` says about the plan, with the application's own interpreter;
- whether the changed files compile with that interpreter: an `await` outside of an async function does not;
- the coroutines that nobody awaited while the requests were replayed, counted where Python warns about them whatever
  the filters are: none may be new;
- the application's own tests, where it has some that run here: what passed before passes afterwards;
- a second run, which must change nothing.

Nothing of the applications is in this repository. Exit status: 0 when all that holds, 1 when not.
"""

from __future__ import annotations

import argparse
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import real_apps
import smaller_codemods_real_apps as smaller
import split_real_apps as split
from real_apps import CACHE, RunError, Settings, UsageError

from fastapi_codemods import Safety, pipeline
from fastapi_codemods.config import Options
from fastapi_codemods.errors import CodemodsError
from fastapi_codemods.plan import Plan
from fastapi_codemods.verify import DynamicOptions, Gate, Tree

HERE = Path(__file__).resolve().parent

CODEMODS = ("wrap-blocking-call", "time-sleep-to-asyncio-sleep", "async-handler-to-def")
OPTIONS: dict[str, dict[str, object]] = {"async-handler-to-def": {"ladder": "def"}}

COUNTING = """
import warnings
_plain = warnings._warn_unawaited_coroutine
def _counted(coroutine):
    with open({log!r}, "a") as file:
        file.write(coroutine.__qualname__ + chr(10))
    _plain(coroutine)
warnings._warn_unawaited_coroutine = _counted
"""
BUILT = """
import sys
from pathlib import Path
sys.path.insert(0, {pins!r})
from dump_openapi import BUILDERS
app = next(iter(BUILDERS[{name!r}](Path(__file__).parent).values()))
"""

NAMES_OF_SPLIT = frozenset(
    {
        "ace-network-monitor", "autogenstudio", "bluesky-httpserver", "carole-ai", "chainlit", "conda-store-server",
        "faik-inventory", "freqtrade", "own-your-code", "pypang", "quetz-server", "skypilot",
    }
)  # fmt: skip
OTHERS = (
    smaller.Subject("ear2finger", "ear2finger-1.0.1", "ear2finger"),
    smaller.Subject("tiled", "tiled-0.2.20", "tiled"),
    smaller.Subject("dstack", "dstack-0.22.5", "dstack"),
    smaller.Subject("lnbits", "lnbits-1.6.2", "lnbits", "lnbits"),
    smaller.Subject("kedro-viz", "kedro-viz-12.5.0", "kedro-viz", "kedro_viz"),
    smaller.Subject("phoenix", "arize-phoenix-20.26.1", "phoenix", "phoenix"),
)


class Case(NamedTuple):
    """One application: a copy of it, how it is imported, and what tests it."""

    name: str
    root: Path
    pins: str
    entry: str
    split: split.Subject | None = None
    """Where its tests are described."""


class Row(NamedTuple):
    application: str
    codemod: str
    found: int
    rewritten: int
    files: int
    reasons: Counter[str]
    verdict: str
    compiles: str
    unawaited: str
    tests: str
    again: str
    holds: bool
    seconds: float


def cases(only: Sequence[str], settings: Settings, work: Path) -> Iterator[Case]:
    ignored = shutil.ignore_patterns("__pycache__", ".git")
    yield from others(only, work)
    for subject in sorted(split.SUBJECTS, key=lambda one: bool(one.tests)):
        name = subject.application.name
        if name in NAMES_OF_SPLIT and subject.application.pins and (not only or name in only):
            root = work / name
            shutil.copytree(split.source_of(subject, settings), root, symlinks=True, ignore=ignored)
            yield Case(name, root, subject.application.pins, subject.entry, subject)


def others(only: Sequence[str], work: Path) -> Iterator[Case]:
    for other in OTHERS:
        if other.environment is not None and (not only or other.name in only):
            folder = work / other.name
            folder.mkdir()
            root = smaller.tree_of(other, folder)
            entry = BUILT.format(pins=str(HERE / "real_apps"), name=other.name)
            yield Case(other.name, root, other.environment, entry)


def examined(case: Case, codemods: Sequence[str], requests: int, settings: Settings, work: Path) -> Iterator[Row]:
    logs = {when: work / f"{case.name}-{when}.log" for when in ("before", "after")}
    helpers: dict[str, dict[str, bytes | None]] = {
        when: {"gate_entry.py": (COUNTING.format(log=str(log)) + case.entry).encode()} for when, log in logs.items()
    }
    python = real_apps.environment(case.pins, CACHE)
    options = DynamicOptions(app="gate_entry:app", python=python, timeout=240, replay=True, most_requests=requests)
    passed: set[str] | None = None
    with Gate(Tree(case.root, helpers["before"]), options) as gate:
        for name in codemods:
            started = time.monotonic()
            logs["after"].unlink(missing_ok=True)
            plan = planned(case.root, name)
            after = {change.path: change.after for step in plan.steps for change in step.changes}
            verdict, holds = smaller.judged(gate, case.root, helpers["after"], plan, name)
            broken = compile_errors(case, after, work) if after else []
            new = Counter(lines_of(logs["after"])) - Counter(lines_of(logs["before"]))
            tests, again = "-", "-"
            if after:
                again = "nothing" if not second_run(case.root, name, after, work) else "**changes**"
                if case.split is not None and case.split.tests:
                    passed = split.passing(case.split, settings, case.root, work) if passed is None else passed
                    lost, tests = tested(case, after, passed, settings, work)
                    holds = holds and not lost
            reasons = Counter(smaller.shortened(f.left_alone) for f in plan.findings if f.left_alone is not None)
            yield Row(
                case.name,
                name,
                len(plan.findings),
                sum(len(step.findings) for step in plan.steps),
                len(after),
                reasons,
                verdict or "-",
                ("yes" if not broken else f"**no**: {broken[0]}") if after else "-",
                (", ".join(f"**{coroutine}**" for coroutine in new) or "none") if after else "-",
                tests,
                again,
                holds and not broken and not new and again != "**changes**",
                time.monotonic() - started,
            )


def planned(root: Path, codemod: str) -> Plan:
    selected = Options(select=(codemod,), safety=Safety.UNSAFE, cache=False, codemods=OPTIONS)
    checked = pipeline.check(root, [root], selected)
    return pipeline.plan(root, [root], selected) if any(f.fixable for f in checked.findings) else checked


def changed_tree(root: Path, after: dict[str, bytes | None], work: Path) -> Path:
    folder = work / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(root, folder, symlinks=True)
    for path, data in after.items():
        if data is None:
            (folder / path).unlink()
        else:
            (folder / path).write_bytes(data)
    return folder


def second_run(root: Path, codemod: str, after: dict[str, bytes | None], work: Path) -> int:
    return sum(len(step.changes) for step in planned(changed_tree(root, after, work), codemod).steps)


def tested(
    case: Case, after: dict[str, bytes | None], passed: set[str], settings: Settings, work: Path
) -> tuple[set[str], str]:
    assert case.split is not None
    still = split.passing(case.split, settings, changed_tree(case.root, after, work), work)
    lost = passed - still
    text = f"{len(passed & still)} of {len(passed)}"
    return lost, text if not lost else f"**{text}**: {', '.join(sorted(lost)[:3])}"


def compile_errors(case: Case, after: dict[str, bytes | None], work: Path) -> list[str]:
    folder = changed_tree(case.root, after, work)
    python = str(real_apps.environment(case.pins, CACHE))
    command = [python, "-W", "error", "-c", split.COMPILE, *after]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.splitlines()


def kept(rows: Path) -> list[Row]:
    """What runs before this one have written down, the last of each application and codemod."""
    found = {}
    for line in lines_of(rows):
        written = json.loads(line)
        row = Row(**(written | {"reasons": Counter(written["reasons"])}))
        found[row.application, row.codemod] = row
    return sorted(found.values(), key=lambda row: (CODEMODS.index(row.codemod), row.application))


def lines_of(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines() if path.exists() else []


def page(rows: Sequence[Row]) -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    names = list(dict.fromkeys(row.application for row in rows))
    lines = [
        "# The event loop in real applications",
        "",
        "<!-- Written by scripts/async_real_apps.py; do not edit. -->",
        "",
        f"On {today}: {len(names)} applications from the Python package index that import here, each codemod selected",
        "by its name. Gate: `verify --replay`, the routes, OpenAPI and the answers to requests made from the schema,",
        "before and after. Compiles: with the application's own Python, warnings as errors; an `await` outside of an",
        "async function does not. Never awaited: coroutines that Python warns about while requests are replayed, and",
        "did not warn about before. Tests: those of the application that passed before and pass afterwards.",
        "",
        "| codemod | applications with findings | found | rewritten | left alone | all of it holds |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
    ]
    codemods = list(dict.fromkeys(row.codemod for row in rows))
    for name in codemods:
        own = [row for row in rows if row.codemod == name]
        held = sum(row.holds for row in own)
        lines.append(
            f"| {name} | {sum(row.found > 0 for row in own)} | {sum(row.found for row in own)}"
            f" | {sum(row.rewritten for row in own)} | {sum(row.reasons.total() for row in own)}"
            f" | {held} of {len(own)} |"
        )
    titles = (
        "application",
        "found",
        "rewritten",
        "files",
        "gate",
        "compiles",
        "never awaited",
        "tests",
        "a second run",
    )
    for name in codemods:
        lines += ["", f"## {name}", "", f"| {' | '.join(titles)} |", f"| --- |{' --- |' * (len(titles) - 1)}"]
        for row in rows:
            if row.codemod == name and row.found:
                cells = (row.application, row.found, row.rewritten, row.files, row.verdict, row.compiles)
                rest = (row.unawaited, row.tests, row.again)
                lines.append(f"| {' | '.join(map(str, (*cells, *rest)))} |")
        reasons: Counter[str] = Counter()
        for row in rows:
            if row.codemod == name:
                reasons += row.reasons
        if reasons:
            lines += ["", "Left alone:", ""]
            lines += [f"- {number}: {reason}" for reason, number in reasons.most_common()]
    without = [name for name in names if not any(row.found for row in rows if row.application == name)]
    if without:
        lines += ["", f"Nothing blocks in {', '.join(without)}, as far as can be proven."]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    parser.add_argument("--codemod", action="append", default=[], choices=CODEMODS, help="this one; repeatable")
    parser.add_argument("--requests", type=int, default=150, help="at most so many for each run (default: 150)")
    parser.add_argument("--no-tests", action="store_true", help="leave the applications' own tests out")
    parser.add_argument("--rows", type=Path, help="where results are added, so that a page is of several runs")
    parser.add_argument("--output", type=Path, help="the page to write")
    arguments = parser.parse_args()
    settings = Settings((), CACHE, None, each=False, keep=False)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="async-real-apps-") as folder:
        work = Path(folder)
        for case in cases(arguments.only, settings, work):
            one = case._replace(split=None) if arguments.no_tests else case
            try:
                for row in examined(one, arguments.codemod or CODEMODS, arguments.requests, settings, work):
                    rows.append(row)
                    if arguments.rows is not None:
                        with arguments.rows.open("a") as file:
                            file.write(json.dumps(row._asdict()) + "\n")
                    print(
                        f"{'ok  ' if row.holds else 'FAIL'} {row.application}: {row.codemod}: {row.found} found,"
                        f" {row.rewritten} rewritten; {row.verdict}; compiles {row.compiles}; never awaited"
                        f" {row.unawaited}; tests {row.tests}; a second run {row.again} ({row.seconds:.0f} s)",
                        flush=True,
                    )
            except (CodemodsError, RunError, UsageError, subprocess.SubprocessError) as error:
                print(f"FAIL {case.name}: {error}", flush=True)
                rows.append(Row(case.name, CODEMODS[0], 0, 0, 0, Counter(), str(error), "-", "-", "-", "-", False, 0.0))
            shutil.rmtree(case.root, ignore_errors=True)
            if arguments.output is not None:  # each time: a run takes half an hour
                arguments.output.write_text(page(kept(arguments.rows) if arguments.rows else rows), "utf-8")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
