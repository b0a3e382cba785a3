"""The smaller routing codemods on real applications that import: what they find, and whether the gate agrees with them.

    python scripts/real_apps.py --setup            once: downloads, and environments in which applications import
    python scripts/smaller_codemods_real_apps.py   [--only NAME] [--codemod NAME] [--output PAGE]

The page that is kept is docs/routing-real-apps.md.

For each application and each codemod, selected by its name: the findings, the reasons for which code is left alone,
and what `verify --replay` says about the plan, with the application's own interpreter: routes, dependencies, OpenAPI
and the answers to generated requests. A safe codemod must make no difference, one of a contract none but those that it
declares, and every plan passes the static gate. Applications that do not import here are counted, and held to the
static gate alone. Nothing of the applications is in this repository. Exit status: 0 when all that holds, 1 when not.
"""

from __future__ import annotations

import argparse
import datetime
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from fastapi_codemods import Safety, pipeline, registry
from fastapi_codemods.config import Options
from fastapi_codemods.errors import CodemodsError
from fastapi_codemods.plan import Plan
from fastapi_codemods.proving import allowed
from fastapi_codemods.verify import DynamicOptions, Gate, Tree

HERE = Path(__file__).resolve().parent
CACHE = Path.home() / ".cache" / "fastapi-codemods-real-apps"

CODEMODS = (
    "extract-service-function", "hoist-router-prefix", "hoist-router-tags", "hoist-router-dependencies",
    "api-route-to-method-decorator", "move-include-args-to-router", "rest-no-content", "rest-created",
    "split-multi-method-route", "iter-route-contexts", "route-shadowing", "fat-handler", "giant-router", "verb-in-path",
    "get-that-writes",
)  # fmt: skip

BUILT = """
import sys
from pathlib import Path
sys.path.insert(0, {pins!r})
from dump_openapi import BUILDERS
app = next(iter(BUILDERS[{name!r}](Path(__file__).parent).values()))
"""


PHOENIX = """
import os, tempfile
os.environ["PHOENIX_WORKING_DIR"] = tempfile.mkdtemp()
from fastapi import FastAPI
from phoenix.server.api.routers.v1 import create_v1_router
app = FastAPI()  # its own one wants a database; these are its routes of REST
app.include_router(create_v1_router(authentication_enabled=False))
"""


class Subject(NamedTuple):
    name: str
    source: str
    """Folder below the cache's `source`."""
    environment: str | None = None
    """None for an application that does not import here."""
    package: str | None = None
    """Of a wheel: the package that is taken from the environment, with its data."""
    app: str | None = None
    """`module:name`; None: made by its builder in dump_openapi.py."""
    replay: bool = True
    entry: str = ""
    """Text of a module with an `app`, in place of the builder."""


SUBJECTS = (
    Subject("ear2finger", "ear2finger-1.0.1", "ear2finger"),
    Subject("examen3-mini-shop", "examen3-mini-shop-0.1.0", "examen3-mini-shop"),
    Subject("excel-vis", "excel-vis-0.1.5", "small-applications"),
    Subject("brsxmail", "brsxmail-0.1.0", "small-applications"),
    Subject("csv-server", "csv-server-0.1.2", "small-applications"),
    Subject("ace-network-monitor", "ace-network-monitor-0.3.2", "small-applications"),
    Subject("bigger_applications", "fastapi-0.165.0/docs_src/bigger_applications", "fastapi", app="app.main:app"),
    Subject("optimade", "optimade-1.5.0", "optimade", "optimade"),
    Subject("freqtrade", "freqtrade-2026.9", "freqtrade", "freqtrade"),
    Subject("quetz-server", "quetz-server-0.10.4", "quetz-server"),
    Subject("phoenix", "arize-phoenix-20.26.1", "phoenix", "phoenix", entry=PHOENIX),
    Subject("fastapi's tests", "fastapi-0.165.0/tests", "fastapi", app="main:app"),
    Subject(
        "autogenstudio", "autogenstudio-0.4.2.2", "autogenstudio-0.4", "autogenstudio",
        entry="from autogenstudio.web.app import app\n",
    ),
    *(
        Subject(source.rpartition("-")[0], source)
        for source in (
            "open-webui-0.12.4", "letta-0.16.8", "conda-store-server-2025.2.2", "lightrag-hku-1.5.7",
            "chainlit-2.12.0", "gradio-6.31.0", "fschat-0.2.36", "langflow-base-1.13.0",
        )
    ),
    Subject("dstack", "dstack-0.22.5", "dstack"),
    Subject("tiled", "tiled-0.2.20", "tiled"),
    Subject("prefect", "prefect-3.9.1", "prefect", "prefect"),
    Subject("lnbits", "lnbits-1.6.2", "lnbits", "lnbits"),
    Subject("airflow", "apache-airflow-core-3.3.2", "airflow", "airflow", replay=False),
    Subject("litellm", "litellm-1.108.7", "litellm", "litellm", replay=False),
)  # fmt: skip


class About(NamedTuple):
    """What a page is about."""

    title: str
    script: str
    """Its file's name."""
    codemods: tuple[str, ...]
    before: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Codemods that run in front of another one, which then sees their result."""


ABOUT = About("Routing codemods on real applications", "smaller_codemods_real_apps.py", CODEMODS)


class Row(NamedTuple):
    """One codemod on one application."""

    application: str
    codemod: str
    found: int
    rewritten: int
    reasons: Counter[str]
    verdict: str
    """What the gate says, empty where nothing was rewritten."""
    holds: bool
    seconds: float


def tree_of(subject: Subject, work: Path) -> Path:
    """The application as it can be imported, in a folder of its own."""
    root = work / "tree"
    ignored = shutil.ignore_patterns("__pycache__", ".git")
    if subject.package is None or subject.environment is None:
        shutil.copytree(CACHE / "source" / subject.source, root, symlinks=True, ignore=ignored)
    else:
        (found,) = (CACHE / "environments" / subject.environment / "lib").glob(
            f"python3*/site-packages/{subject.package}"
        )
        shutil.copytree(found, root / subject.package, symlinks=True, ignore=ignored)
    return root


def examined(subject: Subject, codemods: Sequence[str], about: About, requests: int, work: Path) -> Iterator[Row]:
    root = tree_of(subject, work)
    helper: dict[str, bytes | None] = {}
    gate: Gate | None = None
    if subject.environment is not None:
        if subject.app is None:
            text = subject.entry or BUILT.format(pins=str(HERE / "real_apps"), name=subject.name)
            helper["gate_entry.py"] = text.encode()
        python = CACHE / "environments" / subject.environment / "bin" / "python"
        app = subject.app or "gate_entry:app"
        options = DynamicOptions(app=app, python=python, timeout=180, replay=subject.replay, most_requests=requests)
        gate = Gate(Tree(root, helper), options)
    try:
        for name in codemods:
            started = time.monotonic()
            selected = Options(select=(*about.before.get(name, ()), name), safety=Safety.UNSAFE, cache=False)
            checked = pipeline.check(root, [root], selected)
            plan = pipeline.plan(root, [root], selected) if any(f.fixable for f in checked.findings) else checked
            verdict, holds = judged(gate, root, helper, plan, name)
            found = [finding for finding in plan.findings if finding.codemod == name]
            reasons = Counter(shortened(f.left_alone) for f in found if f.left_alone is not None)
            rewritten = sum(len(step.findings) for step in plan.steps if step.codemod == name)
            yield Row(
                subject.name,
                name,
                len(found),
                rewritten,
                reasons,
                verdict,
                holds and not any("would break the project" in reason for reason in reasons),
                time.monotonic() - started,
            )
    finally:
        if gate is not None:
            gate.close()


def judged(gate: Gate | None, root: Path, helper: dict[str, bytes | None], plan: Plan, name: str) -> tuple[str, bool]:
    """The gate's verdict in words, and whether it is what the codemod declares."""
    overlay: dict[str, bytes | None] = {}
    for step in plan.steps:
        overlay.update({change.path: change.after for change in step.changes})
    if not overlay:
        return "", True
    if gate is None:
        return "static gate only", True
    report = gate.against(Tree(root, helper | overlay))
    if report.failure is not None:
        return f"not run: {report.failure}", False
    codemod = registry.get(name)
    undeclared = [difference for difference in report.differences if not allowed(codemod, difference)]
    for difference in undeclared:
        print(f"    undeclared: {difference}")
    looked = f"{report.routes} routes, {report.requests} requests"
    if undeclared:
        return f"**{len(undeclared)} undeclared differences**, {looked}", False
    if not report.differences:
        return f"the same: {looked}", True
    kinds = Counter(difference.kind for difference in report.differences)
    declared = ", ".join(f"{number} {kind}" for kind, number in kinds.most_common())
    return f"as declared ({declared}): {looked}", True


def shortened(reason: str) -> str:
    """The same for all findings that are left alone for the same reason."""
    reason = re.sub(r"[\w./-]+\.py:\d+(, [\w./-]+\.py:\d+)*( and \d+ more)?", "FILE:LINE", reason)
    return re.sub(r"\b\d+\b", "N", re.sub(r"`[^`]*`", "`...`", re.sub(r"[\w./-]+\.py\b", "FILE", reason)))


# The page


def page(rows: Sequence[Row], codemods: Sequence[str], about: About, judgement: str) -> str:
    names = {row.application for row in rows}
    subjects = [subject for subject in SUBJECTS if subject.name in names]
    importing = [subject for subject in subjects if subject.environment is not None]
    without = ", ".join(subject.name for subject in importing if not subject.replay) or "none"
    today = datetime.datetime.now(tz=datetime.UTC).date()
    lines = [
        f"# {about.title}",
        "",
        f"<!-- Written by scripts/{about.script}; do not edit above the second heading's section. -->",
        "",
        f"On {today}: {len(importing)} applications that import here, each codemod selected by its name and its plan",
        f"held to what it declares by `verify`, with requests made from the schema (without for {without}),",
        (
            f"and {len(subjects) - len(importing)} more that are read only, held to the static gate."
            f" Importing: {', '.join(subject.name for subject in importing)}."
        ),
        "",
        "| codemod | safety | applications with findings | found | rewritten | left alone | gate |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in codemods:
        own = [row for row in rows if row.codemod == name]
        judged_rows = [row for row in own if row.verdict and row.verdict != "static gate only"]
        held = sum(row.holds for row in judged_rows)
        left = sum(row.reasons.total() for row in own)
        gate = f"{held} of {len(judged_rows)} as declared" if judged_rows else "-"
        safety = registry.get(name).safety.name.lower().replace("_", "-")
        lines.append(
            f"| {name} | {safety} | {sum(row.found > 0 for row in own)} | {sum(row.found for row in own)}"
            f" | {sum(row.rewritten for row in own)} | {left} | {gate} |"
        )
    lines += ["", "## What the gate says", ""]
    lines += ["| codemod | application | found | rewritten | gate |", "| --- | --- | --- | --- | --- |"]
    for name in codemods:
        lines += [
            f"| {name} | {row.application} | {row.found} | {row.rewritten} | {row.verdict} |"
            for row in rows
            if row.codemod == name and row.rewritten
        ]
    lines += ["", "## Left alone, by reason", ""]
    for name in codemods:
        reasons: Counter[str] = Counter()
        for row in rows:
            if row.codemod == name:
                reasons += row.reasons
        if reasons:
            lines += [f"- **{name}**"]
            lines += [f"    - {number}: {reason}" for reason, number in reasons.most_common()]
    return "\n".join(lines) + "\n" + judgement


JUDGEMENT = "\n## Read by a person\n"


def main(about: About = ABOUT, description: str | None = __doc__) -> int:
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    parser.add_argument("--codemod", action="append", default=[], choices=about.codemods, help="this one; repeatable")
    parser.add_argument("--requests", type=int, default=400, help="at most so many for each run (default: 400)")
    parser.add_argument("--output", type=Path, help="the page to write; what it says below `Read by a person` stays")
    arguments = parser.parse_args()
    codemods = arguments.codemod or about.codemods
    rows: list[Row] = []
    for subject in SUBJECTS:
        if arguments.only and subject.name not in arguments.only:
            continue
        if not (CACHE / "source" / subject.source).is_dir():
            raise SystemExit(f"{subject.name} is not there; run scripts/real_apps.py --setup first")
        with tempfile.TemporaryDirectory() as folder:
            try:
                for row in examined(subject, codemods, about, arguments.requests, Path(folder)):
                    rows.append(row)
                    state = "ok  " if row.holds else "FAIL"
                    if row.found or not row.holds:
                        print(
                            f"{state} {row.application}: {row.codemod}: {row.found} found, {row.rewritten} rewritten;"
                            f" {row.verdict} ({row.seconds:.1f} s)",
                            flush=True,
                        )
            except CodemodsError as error:
                print(f"FAIL {subject.name}: {error}", flush=True)
                rows.append(Row(subject.name, codemods[0], 0, 0, Counter(), str(error), False, 0.0))
        if arguments.output is not None:  # each time: a run takes half an hour
            written = arguments.output.read_text("utf-8") if arguments.output.exists() else ""
            _, heading, kept = written.partition(JUDGEMENT)
            arguments.output.write_text(page(rows, codemods, about, f"{heading}{kept}"), "utf-8")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
