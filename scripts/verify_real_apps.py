"""Hold the dynamic gate against real applications: nothing differs in an unchanged tree, a seeded fault is caught.

    python scripts/real_apps.py --setup      once: downloads, and environments in which applications import
    python scripts/verify_real_apps.py [--only NAME]

For each application, with its own interpreter and with `--replay`: the tree against itself must give no difference;
with one dependency taken from a handler, and with two includes (or two handlers) in the other order, there must be one.
Nothing of the applications is in this repository. Exit status: 0 when that holds, 1 when not.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

from fastapi_codemods.verify import DynamicOptions, Gate, Report, Tree

CACHE = Path.home() / ".cache" / "fastapi-codemods-real-apps"

QUETZ = """
import os, tempfile
folder = os.path.join(os.environ["HOME"], "quetz")
os.makedirs(folder, exist_ok=True)
with open(folder + "/config.toml", "w") as file:
    file.write('[github]\\nclient_id="a"\\nclient_secret="b"\\n[sqlalchemy]\\ndatabase_url="sqlite:///' + folder
        + '/q.sqlite"\\n[session]\\nsecret="' + "0" * 64 + '"\\nhttps_only=false\\n')
os.environ["QUETZ_CONFIG_FILE"] = folder + "/config.toml"
from quetz.config import Config
Config(folder + "/config.toml")
from quetz.main import app
"""
DSTACK = """
from dstack._internal.server.app import create_app, register_routes
app = create_app()
register_routes(app)
"""
TILED = """
from tiled.adapters.mapping import MapAdapter
from tiled.server.app import build_app
app = build_app(MapAdapter({}))
"""


class Subject(NamedTuple):
    name: str
    source: str
    """Folder below the cache's `source`."""
    environment: str
    app: str
    swapped: tuple[str, str]
    """A file, and a pattern with two groups that change places."""
    dependency: str | None = None
    """A file; its first `Depends(name)` becomes one on nothing."""
    helper: str | None = None
    """Text of a module `gate_entry` that makes the application."""
    replay: bool = True


def includes(one: str, other: str) -> str:
    """A pattern for these two includes and what stands between them."""
    first, second = (rf"(^[ ]*\w+\.include_router\({re.escape(name)}[^\n]*\n)" for name in (one, other))
    return rf"{first}((?:.*\n)*?){second}"


SUBJECTS = (
    Subject(
        "fastapi bigger_applications", "fastapi-0.165.0/docs_src/bigger_applications", "fastapi", "app.main:app",
        ("app/main.py", includes("users.router", "items.router")), "app/main.py",
    ),
    Subject(
        "ear2finger", "ear2finger-1.0.1", "ear2finger", "ear2finger.app:app",
        ("src/ear2finger/app.py", includes("health.router", "dictation.router")), "src/ear2finger/routers/users.py",
    ),
    Subject(
        "examen3-mini-shop", "examen3-mini-shop-0.1.0", "examen3-mini-shop", "app.main:app",
        ("backend/app/main.py", includes("auth_router", "categories_router")), "backend/app/products/api/router.py",
    ),
    Subject(
        "ace-network-monitor", "ace-network-monitor-0.3.2", "small-applications", "api:app",
        ("api.py", r"(^@app\.(?:(?!^@app).*\n)+)()(^@app\.(?:(?!^@app).*\n)+)"),
    ),
    Subject(
        "quetz-server", "quetz-server-0.10.4", "quetz-server", "gate_entry:app",
        ("quetz/main.py", includes("jobs_api.get_router()", "metrics_api.get_router()")), "quetz/jobs/api.py", QUETZ,
    ),
    Subject(
        "dstack", "dstack-0.22.5", "dstack", "gate_entry:app",
        ("src/dstack/_internal/server/app.py", includes("server.router", "users.router")),
        "src/dstack/_internal/server/routers/users.py", DSTACK,
    ),
    Subject(
        "tiled", "tiled-0.2.20", "tiled", "gate_entry:app",
        ("tiled/server/app.py", includes("get_zarr_router_v2()", "get_zarr_router_v3()")),
        "tiled/server/router.py", TILED,
    ),
)  # fmt: skip


def swapped(text: str, pattern: str) -> str:
    found, count = re.subn(pattern, r"\3\2\1", text, count=1, flags=re.MULTILINE)
    if not count or found == text:
        raise SystemExit(f"nothing to swap: {pattern}")
    return found


def without_dependency(text: str) -> str:
    found, count = re.subn(r"\bDepends\(\s*[A-Za-z_][\w.]*(?:\([^()]*\))?\s*\)", "Depends(lambda: None)", text, count=1)
    if not count:
        raise SystemExit("no dependency to take away")
    return found


def examine(subject: Subject, options: DynamicOptions) -> bool:
    root = CACHE / "source" / subject.source
    helper: dict[str, bytes | None] = {"gate_entry.py": subject.helper.encode()} if subject.helper else {}

    def changed(path: str, text: str) -> Tree:
        return Tree(root, {**helper, path: text.encode()})

    with Gate(Tree(root, helper), options) as gate:
        report = gate.against(Tree(root, helper))
        holds = tell(f"{subject.name}: unchanged", report, expected=False)
        if report.failure is not None:
            return False
        path, pattern = subject.swapped
        report = gate.against(changed(path, swapped((root / path).read_text("utf-8"), pattern)))
        holds &= tell(f"{subject.name}: order changed in {path}", report, expected=True)
        if subject.dependency is not None:
            report = gate.against(
                changed(subject.dependency, without_dependency((root / subject.dependency).read_text("utf-8")))
            )
            holds &= tell(f"{subject.name}: a dependency taken away in {subject.dependency}", report, expected=True)
            holds &= any(difference.kind == "dependency" for difference in report.differences)
    return holds


def tell(what: str, report: Report, *, expected: bool) -> bool:
    holds = report.failure is None and bool(report.differences) == expected
    print(
        f"{'ok  ' if holds else 'FAIL'} {what}: {report.failure or f'{len(report.differences)} differences'}; "
        f"{report.routes} routes, {report.requests} requests, {report.seconds:.1f} s",
        flush=True,
    )
    for difference in report.differences[:3] if holds else report.differences[:12]:
        print(f"       {str(difference)[:220]}")
    if not holds or not expected:
        for note in report.notes[:6]:
            print(f"       note: {note[:200]}")
    return holds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="this application; repeatable")
    arguments = parser.parse_args()
    holds = True
    for subject in SUBJECTS:
        if arguments.only and subject.name not in arguments.only:
            continue
        python = CACHE / "environments" / subject.environment / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"{subject.name} is not there; run scripts/real_apps.py --setup first")
        options = DynamicOptions(app=subject.app, python=python, timeout=120, replay=subject.replay)
        holds &= examine(subject, options)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
