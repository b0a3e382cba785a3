"""What the codemods for models do on real applications, each alone and with the gate: docs/models-real-apps.md.

    python scripts/real_apps.py --setup      once: downloads, and environments in which applications import
    python scripts/models_real_apps.py [--only NAME] [--codemod NAME] [--option CODEMOD.KEY=VALUE] [--write]
                                       [--minutes 6] [--jobs 2] [--most-requests 600]

For each application and codemod: how many findings, how many of them are rewritten, why the others are left alone.
Where the application can be imported the result is held against it, with `--replay`: what differs beyond what the
codemod declares, and how many answers differ. Each application is a process of its own that is ended after `--minutes`;
what it did not come to stands on the page as not measured. Nothing of the applications is in this repository. Exit
status: 0 when no codemod makes an undeclared difference, 1 when one does.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from split_real_apps import CONDA_STORE
from verify_real_apps import CACHE, SUBJECTS

from fastapi_codemods import pipeline, registry
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Finding, Safety
from fastapi_codemods.proving import OF_CONTRACT, OF_UNSAFE
from fastapi_codemods.verify import DynamicOptions, Gate, Report, Tree

PAGE = Path(__file__).resolve().parent.parent / "docs" / "models-real-apps.md"

EXCEL_VIS = "from excel_vis.app import create_app\napp = create_app('data.xlsx')\n"
BRSXMAIL = """
import tempfile
from brsxmail.app import create_app
app = create_app({"storage_backend": "sqlite", "data_dir": tempfile.mkdtemp()})
"""
GRADIO = "import gradio\nfrom gradio.routes import App\napp = App.create_app(gradio.Blocks())\n"
FREQTRADE = """
from fastapi import FastAPI
from freqtrade.rpc.api_server.webserver import ApiServer
app = FastAPI()
settings = {"jwt_secret_key": "a" * 32, "username": "a", "password": "b", "CORS_origins": []}
object.__new__(ApiServer).configure_app(app, {"api_server": settings, "runmode": "dry_run"})
"""
LNBITS = """
import os, tempfile
os.environ["LNBITS_DATA_FOLDER"] = tempfile.mkdtemp()
from lnbits.app import create_app
from lnbits.core import init_core_routers
app = create_app()
init_core_routers(app)
"""
FASTAPI_USERS = """
import sys
sys.path.insert(0, "examples/sqlalchemy")
from app.app import app
"""


# Measured with these options, too.
VARIANTS = {"wrap-dict-returns, unproven = any": ("wrap-dict-returns", {"unproven": "any"})}
LARGE = frozenset({"litellm", "open-webui", "langflow-base", "skypilot"})
"""Those that come first, so that none is waited for at the end."""


class Application(NamedTuple):
    name: str
    source: str
    """Folder below the cache's `source`."""
    environment: str | None = None
    """Below the cache's `environments`; None for one that is only read."""
    app: str = "gate_entry:app"
    helper: str | None = None
    """Text of the module `gate_entry`."""
    package: str | None = None
    """Of a wheel of which only the Python files are unpacked: the package whose data is in the environment."""
    replay: bool = True


APPLICATIONS = (
    *(Application(s.name, s.source, s.environment, s.app, s.helper, replay=s.replay) for s in SUBJECTS),
    Application("excel-vis", "excel-vis-0.1.5", "small-applications", helper=EXCEL_VIS),
    Application("brsxmail", "brsxmail-0.1.0", "small-applications", helper=BRSXMAIL),
    Application("fastapi-users", "fastapi-users-15.0.5", "fastapi-users", helper=FASTAPI_USERS),
    Application("gradio", "gradio-6.31.0", "gradio", helper=GRADIO, package="gradio"),
    Application("freqtrade", "freqtrade-2026.9", "freqtrade", helper=FREQTRADE, package="freqtrade"),
    Application("lnbits", "lnbits-1.6.2", "lnbits", helper=LNBITS, package="lnbits"),
    # Wheels with their data, if scripts/split_real_apps.py has unpacked them.
    Application("carole-ai", "carole-ai-0.1.6-with-data", "carole-ai", app="main:app"),
    Application("own-your-code", "own-your-code-0.1.10-with-data", "single-files", app="api.main:app"),
    Application("pypang", "pypang-0.3.2-with-data", "single-files", app="pypang.app:app"),
    Application("chainlit", "chainlit-2.12.0-with-data", "chainlit", app="chainlit.server:app"),
    Application("skypilot", "skypilot-0.14.1-with-data", "skypilot", app="sky.server.server:app"),
    Application(
        "bluesky-httpserver", "bluesky-httpserver-0.0.14-with-data", "bluesky-httpserver",
        app="bluesky_httpserver.server:app",
    ),
    Application("autogenstudio", "autogenstudio-0.1.5-with-data", "autogenstudio", app="autogenstudio.web.app:api"),
    Application("litellm", "litellm-1.108.7-with-data", "litellm", app="litellm.proxy.proxy_server:app", replay=False),
    Application("faik-inventory", "faik-inventory-1.0.36-with-data", "single-files", app="app:app"),
    Application(
        "conda-store-server", "conda-store-server-2025.2.2-with-data", "conda-store-server", helper=CONDA_STORE
    ),
    Application("fastapi docs_src", "fastapi-0.165.0/docs_src"),
    Application("chromadb", "chromadb-1.5.9"),
    Application("fschat", "fschat-0.2.36"),
    Application("langflow-base", "langflow-base-1.13.0"),
    Application("letta", "letta-0.16.8"),
    Application("lightrag-hku", "lightrag-hku-1.5.7"),
    Application("open-webui", "open-webui-0.12.4"),
)  # fmt: skip


class Row(NamedTuple):
    application: str
    codemod: str
    found: int
    fixed: int
    left_alone: tuple[str, ...]
    """The reasons, one for each finding."""
    gate: str
    undeclared: tuple[str, ...]
    seconds: float
    messages: tuple[str, ...]
    """Of all findings."""


def examine(
    application: Application, codemods: Sequence[str], options: Mapping[str, Mapping[str, object]], most_requests: int
) -> Iterator[Row]:
    """All codemods against one application, which before the change is run once."""
    root = CACHE / "source" / application.source
    with tempfile.TemporaryDirectory() as scratch:
        python = (
            CACHE / "environments" / application.environment / "bin" / "python" if application.environment else None
        )
        if application.package is not None and python is not None:
            [package] = python.parent.parent.glob(f"lib/python*/site-packages/{application.package}")
            shutil.copytree(package, Path(scratch) / application.package)
            root = Path(scratch)
        helper: dict[str, bytes | None] = {}
        if application.helper:
            helper["gate_entry.py"] = application.helper.encode()
        gate: Gate | None = None
        if python is not None and python.exists():
            dynamic = DynamicOptions(
                app=application.app, python=python, timeout=180, replay=application.replay, most_requests=most_requests
            )
            gate = Gate(Tree(root, helper), dynamic)
        for label in codemods:
            name, more = VARIANTS.get(label, (label, options.get(label, {})))
            start = time.monotonic()
            selected = Options(select=(name,), cache=False, jobs=1, codemods={**options, name: more})
            only_reports = registry.get(name).safety is Safety.REPORT
            plan = (pipeline.check if only_reports else pipeline.plan)(root, [root], selected)
            seconds = time.monotonic() - start
            report = None
            if gate is not None and plan.changes:
                report = gate.against(Tree(root, {**helper, **{c.path: c.after for c in plan.changes}}))
            yield row_of(application.name, label, plan.findings, report, seconds)
        if gate is not None:
            gate.close()


def row_of(application: str, codemod: str, findings: Sequence[Finding], report: Report | None, seconds: float) -> Row:
    undeclared: tuple[str, ...] = ()
    verdict = ""
    if report is not None:
        undeclared = tuple(str(d) for d in report.differences if d.kind not in declared(codemod))
        answers = sum(difference.kind == "response" for difference in report.differences)
        verdict = f"{report.requests} requests, {answers} answers differ"
        if report.failure is not None:
            verdict = "does not import"
        elif undeclared:
            verdict = f"**{len(undeclared)} undeclared**, {verdict}"
    left = tuple(finding.left_alone for finding in findings if finding.left_alone is not None)
    fixed = sum(finding.fixable for finding in findings)
    messages = tuple(finding.message for finding in findings)
    return Row(application, codemod, len(findings), fixed, left, verdict, undeclared, seconds, messages)


def examples(codemods: Sequence[str], options: Mapping[str, Mapping[str, object]], scratch: Path) -> Iterator[Row]:
    """Each of the documentation's examples that a codemod changes, as an application of its own."""
    source = CACHE / "source" / "fastapi-0.165.0" / "docs_src"
    python = CACHE / "environments" / "fastapi" / "bin" / "python"
    for name in codemods:
        plan = pipeline.plan(source, [source], Options(select=(name,), cache=False, codemods=options))
        for change in plan.changes:
            if change.after is None or b"app = FastAPI(" not in change.after:
                continue
            folder = scratch / name / change.path.removesuffix(".py").replace("/", "_")
            folder.mkdir(parents=True)
            (folder / "main.py").write_bytes(change.before or b"")
            found = [f for f in plan.findings if f.location.path == change.path]
            with Gate(Tree(folder), DynamicOptions(app="main:app", python=python, timeout=60, replay=True)) as gate:
                report = gate.against(Tree(folder, {"main.py": change.after}))
            yield row_of(f"docs_src/{change.path}", name, found, report, 0)


def declared(name: str) -> frozenset[str]:
    codemod = registry.get(VARIANTS.get(name, (name, {}))[0])
    if codemod.effects is not None:
        return codemod.effects
    return {Safety.CONTRACT: OF_CONTRACT, Safety.UNSAFE: OF_UNSAFE}.get(codemod.safety, frozenset())


_NAMED = re.compile(r"`[^`]*`|\b\d+\b")


def reasons(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Why findings are left alone, names left out, the most frequent first."""
    counted = Counter(_shortened(reason) for row in rows for reason in row.left_alone)
    return counted.most_common(12)


def _shortened(reason: str) -> str:
    head = _NAMED.sub("…", reason)
    match = re.match(r"unproven fields?: … \(([^()]*)", head)
    return f"unproven: {match.group(1)}" if match else head


def page(rows: Sequence[Row], codemods: Sequence[str], stopped: Sequence[str]) -> str:
    lines = [
        "# Models in real applications",
        "",
        "Written by `python scripts/models_real_apps.py --write`: what each codemod for models finds, rewrites and",
        "leaves alone, and what the gate says of the result where the application can be imported. Nothing undeclared",
        "may differ.",
    ]
    if stopped:
        lines += ["", f"Ended before they were through: {'; '.join(stopped)}."]
    for name in codemods:
        own = [row for row in rows if row.codemod == name]
        lines += [
            "",
            f"## {name}",
            "",
            "| application | findings | rewritten | left alone | gate |",
            "|---|---|---|---|---|",
        ]
        for row in own:
            if row.found:
                lines.append(f"| {row.application} | {row.found} | {row.fixed} | {len(row.left_alone)} | {row.gate} |")
        total, fixed = sum(row.found for row in own), sum(row.fixed for row in own)
        share = f" ({100 * fixed // total} %)" if total else ""
        lines.append(f"| all | {total} | {fixed}{share} | {total - fixed} | |")
        if found := reasons(own):
            lines += ["", "Left alone:", "", *(f"- {reason}: {count}" for reason, count in found)]
    return "\n".join(lines) + "\n"


def measured(application: Application, arguments: Sequence[str], minutes: float) -> tuple[list[Row], bool]:
    """The rows of one application, from a process of its own, and whether it came to its end."""
    command = [sys.executable, __file__, "--rows", "--only", application.name, *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True, text=True)
    try:
        output, _ = process.communicate(timeout=60 * minutes)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    rows = []
    for line in output.splitlines():
        if line.startswith("{"):
            values = json.loads(line)
            rows.append(
                Row(**{**values, "left_alone": tuple(values["left_alone"]), "undeclared": values["undeclared"]})
            )
    return rows, process.returncode in (0, 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    parser.add_argument("--codemod", action="append", default=[], help="repeatable; default: the whole chapter")
    parser.add_argument("--option", action="append", default=[], help="CODEMOD.KEY=VALUE")
    parser.add_argument("--examples", action="store_true", help="hold each of FastAPI's examples against the gate, too")
    parser.add_argument("--minutes", type=float, default=6, help="that one application may take (default: 6)")
    parser.add_argument("--jobs", type=int, default=2, help="applications at a time (default: 2)")
    parser.add_argument("--most-requests", type=int, default=600, help="replayed for each change (default: 600)")
    parser.add_argument("--write", action="store_true", help="write docs/models-real-apps.md")
    parser.add_argument("--rows", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    chapter = sorted([*(one.name for one in registry.all_codemods() if one.chapter == "models"), *VARIANTS])
    codemods = arguments.codemod or chapter
    options: dict[str, dict[str, object]] = {}
    for option in arguments.option:
        key, _, value = option.partition("=")
        name, _, field = key.partition(".")
        options.setdefault(name, {})[field] = value
    chosen = [one for one in APPLICATIONS if not arguments.only or one.name in arguments.only]
    there = [one for one in chosen if (CACHE / "source" / one.source).is_dir()]
    there.sort(key=lambda one: one.name not in LARGE)
    if arguments.rows:
        for row in examine(there[0], codemods, options, arguments.most_requests):
            print(json.dumps(row._asdict()), flush=True)
        return 0
    for application in chosen:
        if application not in there:
            print(f"{application.name} is not there", flush=True)
    rows: list[Row] = []
    stopped: list[str] = []
    failed = False
    given = [part for name in codemods for part in ("--codemod", name)]
    given += [part for option in arguments.option for part in ("--option", option)]
    given += ["--most-requests", str(arguments.most_requests)]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        for application, (found, is_complete) in zip(
            there, pool.map(lambda one: measured(one, given, arguments.minutes), there), strict=True
        ):
            rows += found
            if not is_complete:
                print(f"{application.name} was ended before it was through", flush=True)
                missing = [name for name in codemods if name not in {row.codemod for row in found}]
                stopped.append(f"{application.name} (not measured: {', '.join(missing)})")
            for row in found:
                failed |= tell(row)
    if arguments.examples:
        with tempfile.TemporaryDirectory() as scratch:
            for row in examples(codemods, options, Path(scratch)):
                failed |= tell(row)
    if arguments.write:
        PAGE.write_text(page(rows, codemods, stopped), "utf-8")
    else:
        print(page(rows, codemods, stopped))
    return 1 if failed else 0


def tell(row: Row) -> bool:
    """Print one row; whether it shows a fault."""
    print(f"{row.application} {row.codemod}: {row.fixed} of {row.found}, {row.seconds:.1f} s; {row.gate}", flush=True)
    for difference in row.undeclared[:8]:
        print(f"    {difference[:300]}", flush=True)
    return bool(row.undeclared)


if __name__ == "__main__":
    sys.exit(main())
