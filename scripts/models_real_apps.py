"""What the codemods for models do on real applications, each alone and with the gate: docs/models-real-apps.md.

    python scripts/real_apps.py --setup      once: downloads, and environments in which applications import
    python scripts/models_real_apps.py [--only NAME] [--codemod NAME] [--option CODEMOD.KEY=VALUE] [--write]

For each application and codemod: how many findings, how many of them are rewritten, why the others are left alone.
Where the application can be imported the result is held against it, with `--replay`: what differs beyond what the
codemod declares, and how many answers differ. Nothing of the applications is in this repository. Exit status: 0 when
no codemod makes an undeclared difference, 1 when one does.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

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
    Application("fastapi docs_src", "fastapi-0.165.0/docs_src"),
    Application("chainlit", "chainlit-2.12.0"),
    Application("conda-store-server", "conda-store-server-2025.2.2"),
    Application("fschat", "fschat-0.2.36"),
    Application("langflow-base", "langflow-base-1.13.0"),
    Application("letta", "letta-0.16.8"),
    Application("lightrag-hku", "lightrag-hku-1.5.7"),
    Application("litellm", "litellm-1.108.7"),
    Application("open-webui", "open-webui-0.12.4"),
)


class Row(NamedTuple):
    application: str
    codemod: str
    findings: tuple[Finding, ...]
    report: Report | None
    undeclared: tuple[str, ...]
    seconds: float

    @property
    def fixed(self) -> int:
        return sum(finding.fixable for finding in self.findings)

    @property
    def gate(self) -> str:
        if self.report is None:
            return ""
        if self.report.failure is not None:
            return "does not import"
        if self.undeclared:
            return f"**{len(self.undeclared)} undeclared**"
        answers = sum(difference.kind == "response" for difference in self.report.differences)
        return f"{self.report.requests} requests, {answers} answers differ"


def examine(
    application: Application, codemods: Sequence[str], options: Mapping[str, Mapping[str, object]]
) -> Iterator[Row]:
    root = CACHE / "source" / application.source
    with tempfile.TemporaryDirectory() as scratch:
        python = (
            CACHE / "environments" / application.environment / "bin" / "python" if application.environment else None
        )
        if application.package is not None and python is not None:
            [package] = python.parent.parent.glob(f"lib/python*/site-packages/{application.package}")
            shutil.copytree(package, Path(scratch) / application.package)
            root = Path(scratch)
        for name in codemods:
            start = time.monotonic()
            selected = Options(select=(name,), cache=False, codemods=options)
            only_reports = registry.get(name).safety is Safety.REPORT
            plan = (pipeline.check if only_reports else pipeline.plan)(root, [root], selected)
            seconds = time.monotonic() - start
            report = None
            undeclared: list[str] = []
            helper: dict[str, bytes | None] = {}
            if application.helper:
                helper["gate_entry.py"] = application.helper.encode()
            if python is not None and python.exists() and plan.changes:
                dynamic = DynamicOptions(app=application.app, python=python, timeout=180, replay=application.replay)
                with Gate(Tree(root, helper), dynamic) as gate:
                    report = gate.against(Tree(root, {**helper, **{c.path: c.after for c in plan.changes}}))
                undeclared = [str(d) for d in report.differences if d.kind not in declared(name)]
            yield Row(application.name, name, tuple(plan.findings), report, tuple(undeclared), seconds)


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
            found = tuple(f for f in plan.findings if f.location.path == change.path)
            with Gate(Tree(folder), DynamicOptions(app="main:app", python=python, timeout=60, replay=True)) as gate:
                report = gate.against(Tree(folder, {"main.py": change.after}))
            undeclared = tuple(str(d) for d in report.differences if d.kind not in declared(name))
            yield Row(f"docs_src/{change.path}", name, found, report, undeclared, 0)


def declared(name: str) -> frozenset[str]:
    codemod = registry.get(name)
    if codemod.effects is not None:
        return codemod.effects
    return {Safety.CONTRACT: OF_CONTRACT, Safety.UNSAFE: OF_UNSAFE}.get(codemod.safety, frozenset())


_NAMED = re.compile(r"`[^`]*`|\b\d+\b")


def reasons(rows: Sequence[Row]) -> list[tuple[str, int]]:
    """Why findings are left alone, names left out, the most frequent first."""
    counted = Counter(
        _shortened(finding.left_alone) for row in rows for finding in row.findings if finding.left_alone is not None
    )
    return counted.most_common(12)


def _shortened(reason: str) -> str:
    head = _NAMED.sub("…", reason)
    match = re.match(r"unproven fields?: … \(([^()]*)", head)
    return f"unproven: {match.group(1)}" if match else head


def page(rows: Sequence[Row], codemods: Sequence[str]) -> str:
    lines = [
        "# Models in real applications",
        "",
        "Written by `python scripts/models_real_apps.py --write`: what each codemod for models finds, rewrites and",
        "leaves alone, and what the gate says of the result where the application can be imported. Nothing undeclared",
        "may differ.",
    ]
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
            left = len(row.findings) - row.fixed
            lines.append(f"| {row.application} | {len(row.findings)} | {row.fixed} | {left} | {row.gate} |")
        total, fixed = sum(len(row.findings) for row in own), sum(row.fixed for row in own)
        share = f" ({100 * fixed // total} %)" if total else ""
        lines.append(f"| all | {total} | {fixed}{share} | {total - fixed} | |")
        if found := reasons(own):
            lines += ["", "Left alone:", "", *(f"- {reason}: {count}" for reason, count in found)]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    parser.add_argument("--codemod", action="append", default=[], help="repeatable; default: the whole chapter")
    parser.add_argument("--option", action="append", default=[], help="CODEMOD.KEY=VALUE")
    parser.add_argument("--examples", action="store_true", help="hold each of FastAPI's examples against the gate, too")
    parser.add_argument("--write", action="store_true", help="write docs/models-real-apps.md")
    arguments = parser.parse_args()
    chapter = [codemod.name for codemod in registry.all_codemods() if codemod.chapter == "models"]
    codemods = arguments.codemod or chapter
    options: dict[str, dict[str, object]] = {}
    for option in arguments.option:
        key, _, value = option.partition("=")
        name, _, field = key.partition(".")
        options.setdefault(name, {})[field] = value
    rows: list[Row] = []
    failed = False
    for application in APPLICATIONS:
        if arguments.only and application.name not in arguments.only:
            continue
        if not (CACHE / "source" / application.source).is_dir():
            print(f"{application.name} is not there", flush=True)
            continue
        for row in examine(application, codemods, options):
            rows.append(row)
            failed |= tell(row)
    if arguments.examples:
        with tempfile.TemporaryDirectory() as scratch:
            for row in examples(codemods, options, Path(scratch)):
                failed |= tell(row)
    if arguments.write:
        PAGE.write_text(page(rows, codemods), "utf-8")
    else:
        print(page(rows, codemods))
    return 1 if failed else 0


def tell(row: Row) -> bool:
    """Print one row; whether it shows a fault."""
    print(
        f"{row.application} {row.codemod}: {row.fixed} of {len(row.findings)}, {row.seconds:.1f} s; {row.gate}",
        flush=True,
    )
    for difference in row.undeclared[:8]:
        print(f"    {difference[:300]}", flush=True)
    return bool(row.undeclared)


if __name__ == "__main__":
    sys.exit(main())
