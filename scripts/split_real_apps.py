"""Split the giant routers of real applications and write what came of it to docs/split-real-apps.md.

    python scripts/split_real_apps.py --setup      once: downloads, and environments in which applications import
    python scripts/split_real_apps.py              splits all; --only NAME splits some and leaves the page alone

Each application is copied into a fresh git repository, and `split-router`, named, is applied there. Then:

- every changed file compiles, and ruff's F rules (unused and undefined names) find nothing that they did not before;
- the application imports; its route table (order, names, dependencies) and its OpenAPI document are the same, byte for
  byte, as dumped by FastAPI itself in the application's own environment, and `fastapi-codemods verify` says so, too;
- the tests that passed still pass;
- no module is longer than 60 % of the old one, unless a finding says why;
- a second run changes nothing, and `undo` gives back the bytes from before.

`--keep` leaves the split trees in the cache, to be read. Nothing of the applications is in this repository. Exit
status: 0 when all of that holds, 1 when something does not, 2 when the run itself could not be done.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import real_apps
from real_apps import Application, RunError, Settings, UsageError, verdict

PAGE = real_apps.REPOSITORY / "docs" / "split-real-apps.md"
DUMPS = real_apps.PINS
ENTRY = "split_entry.py"
SPLIT = ("--select", "split-router")
LARGEST_SHARE = 0.6
ROUTE = re.compile(
    r"^[ \t]*@\w*router\.(?:get|put|post|delete|options|head|patch|trace|websocket|api_route)\(", re.MULTILINE
)

QUETZ = """
import os, tempfile
folder = tempfile.mkdtemp()
with open(folder + "/config.toml", "w") as file:
    file.write('[github]\\nclient_id="a"\\nclient_secret="b"\\n[sqlalchemy]\\ndatabase_url="sqlite:///' + folder
        + '/q.sqlite"\\n[session]\\nsecret="' + "0" * 64 + '"\\nhttps_only=false\\n')
os.environ["QUETZ_CONFIG_FILE"] = folder + "/config.toml"
from quetz.config import Config
Config(folder + "/config.toml")
from quetz.main import app
"""

CONDA_STORE = """
import importlib.abc, importlib.machinery, sys
from unittest.mock import MagicMock


class NoConda(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    # Conda itself is no package of the index: its modules are mocks.

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "conda":
            return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = MagicMock(name=spec.name, __path__=[], __spec__=spec)
        module.context.subdir = "linux-64"
        return module

    def exec_module(self, module):
        pass


sys.meta_path.insert(0, NoConda())
from conda_store_server._internal.server.app import CondaStoreServer

server = CondaStoreServer()
server.initialize([])
app = server.init_fastapi_app()
"""
FREQTRADE = """
from fastapi import FastAPI
from freqtrade.rpc.api_server.webserver import ApiServer
server = object.__new__(ApiServer)  # its __init__ serves
app = FastAPI()
settings = {"jwt_secret_key": "a" * 32, "username": "a", "password": "b", "CORS_origins": []}
server.configure_app(app, {"api_server": settings, "runmode": "dry_run"})
"""


class Subject(NamedTuple):
    application: Application
    entry: str = ""
    """Text of a module with an `app`; empty: the application is read, split and compiled, not imported."""
    tests: str = ""
    """Arguments for pytest, in the environment of the application."""


def wheel(name: str, version: str, about: str, pins: str | None, entry: str = "") -> Subject:
    return Subject(Application(name, version, "wheel", about, pins), entry)


def sdist(name: str, version: str, about: str, pins: str | None, entry: str = "", tests: str = "") -> Subject:
    return Subject(Application(name, version, "sdist", about, pins), entry, tests)


SUBJECTS = (
    sdist(
        "chainlit", "2.12.0", "chat server, one server.py", "chainlit", "from chainlit.server import app",
        "-o asyncio_mode=auto tests/test_server.py tests/auth tests/test_mcp.py tests/test_socket.py",
    ),
    sdist(
        "conda-store-server", "2025.2.2", "package server, views/api.py of 1,500 lines", "conda-store-server",
        CONDA_STORE,
    ),
    sdist(
        "bluesky-httpserver", "0.0.14", "laboratory control, one router of 61 routes", "bluesky-httpserver",
        "from bluesky_httpserver.server import app",
    ),
    wheel("skypilot", "0.14.1", "clusters, server.py of 4,500 lines", "skypilot", "from sky.server.server import app"),
    wheel("carole-ai", "0.1.6", "agents, 4,200 lines of routes; Python 3.12", "carole-ai", "from main import app"),
    sdist(
        "autogenstudio", "0.1.5", "dashboard for agents, one app.py", "autogenstudio",
        "from autogenstudio.web.app import api as app",
    ),
    wheel("own-your-code", "0.1.10", "single-file application", "single-files", "from api.main import app"),
    wheel("pypang", "0.3.2", "single-file application, file downloads", "single-files", "from pypang.app import app"),
    wheel("faik-inventory", "1.0.36", "single-file application of 1,900 lines", "single-files", "from app import app"),
    sdist("ace-network-monitor", "0.3.2", "single-file dashboard", "small-applications", "from api import app"),
    wheel("freqtrade", "2026.9", "trading bot, one router of 41 routes", "freqtrade", FREQTRADE),
    wheel("open-webui", "0.12.4", "chat server, main.py of 3,100 lines", None),
    wheel("sglang", "0.5.23", "LLM server, one http_server.py of 3,200 lines", None),
    wheel("fschat", "0.2.36", "LLM servers, a file each", None),
    wheel("gradio", "6.31.0", "86 closures in a function", None),
    sdist(
        "quetz-server", "0.10.4", "package server, one main.py of 2,000 lines", "quetz-server-tests", QUETZ,
        "-n 2 quetz/tests/test_docs.py quetz/tests/api",
    ),
    wheel(
        "litellm", "1.108.7", "LLM gateway, 20 giant routers", "litellm", "from litellm.proxy.proxy_server import app"
    ),
)  # fmt: skip


# --- one application ---


@dataclass
class Outcome:
    """What came of one application. A check is None where it could not be made."""

    subject: Subject
    operations: int | None = None
    routes: Counter[str] = field(default_factory=Counter)
    """Decorators of routes in the new modules, by file."""
    old_lines: dict[str, int] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    moved_lines: int = 0
    largest: float = 0.0
    largest_module: str = ""
    left_alone: list[str] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)
    """The old module of each new one that findings name."""
    large: list[str] = field(default_factory=list)
    """What findings say about modules that stay large."""
    compiles: bool | None = None
    ruff: bool | None = None
    same_routes: bool | None = None
    same_openapi: bool | None = None
    gate: bool | None = None
    tests: str = "-"
    idempotent: bool | None = None
    undone: bool | None = None
    seconds: float = 0.0
    """What `apply` took."""
    failures: list[str] = field(default_factory=list)

    def expect(self, holds: bool, failure: str) -> bool:
        if not holds:
            self.failures.append(failure)
        return holds


def run(subject: Subject, settings: Settings) -> Outcome:
    outcome = Outcome(subject)
    work = settings.cache / "work" / f"split-{subject.application.name}"
    shutil.rmtree(work, ignore_errors=True)
    try:
        examine(outcome, settings, work)
    except (RunError, UsageError) as error:
        outcome.failures.append(str(error))
    except subprocess.TimeoutExpired as error:
        outcome.failures.append(f"{shlex.join(map(str, error.cmd))} took more than {real_apps.TIME_LIMIT} s")
    if not settings.keep:
        shutil.rmtree(work, ignore_errors=True)
    return outcome


def examine(outcome: Outcome, settings: Settings, work: Path) -> None:
    """The whole examination, in the order of the module's docstring; every result goes into `outcome`."""
    subject, tree = outcome.subject, work / "tree"
    source = source_of(subject, settings)
    real_apps.fresh_repository(source, subject.application, tree)
    if subject.entry:
        (tree / ENTRY).write_text(subject.entry, "utf-8")
        real_apps.git_or_broken(tree, "add", "--all", "--force")
        real_apps.git_or_broken(tree, "commit", "--quiet", "--message", "An entry for the examination")
    before = real_apps.bytes_of(tree)
    faults = ruff_faults(tree)
    then = running(subject, settings, tree, work) if subject.entry else None
    passed = passing(subject, settings, tree, work) if subject.tests else None
    real_apps.git_or_broken(tree, "clean", "-fdqx")

    report = real_apps.tool(settings, tree, "check", *SPLIT, "--format", "json", ".", accept=frozenset({0, 1})).stdout
    count_findings(outcome, json.loads(report), before)
    started = time.monotonic()
    real_apps.tool(settings, tree, "apply", *SPLIT, ".")
    outcome.seconds = time.monotonic() - started
    after = real_apps.bytes_of(tree)
    measure(outcome, before, after)

    changed = [name for name in real_apps.differing(before, after) if name.endswith(".py")]
    broken = compile_errors(subject, settings, tree, [name for name in changed if name in after])
    outcome.compiles = outcome.expect(not broken, f"does not compile: {real_apps.some(broken)}")
    new = ruff_faults(tree) - faults
    outcome.ruff = outcome.expect(not new, f"ruff finds {real_apps.some([f'{a} {b}' for a, b in new])}")

    if then is not None:
        now = running(subject, settings, tree, work)
        outcome.operations = now["operations"]
        outcome.same_routes = outcome.expect(
            without_modules(then["tables"]) == without_modules(now["tables"]), "the route table differs"
        )
        outcome.same_openapi = outcome.expect(then["documents"] == now["documents"], "OpenAPI differs")
        real_apps.git_or_broken(tree, "add", "--all", "--force")
        gate(outcome, settings, tree)
    if passed is not None:
        still = passing(subject, settings, tree, work)
        outcome.expect(passed <= still, f"no longer pass: {real_apps.some(sorted(passed - still))}")
        outcome.tests = f"{len(passed & still)} of {len(passed)}"

    second = real_apps.tool(settings, tree, "diff", *SPLIT, ".").stdout
    outcome.idempotent = outcome.expect(not second.strip(), f"a second run changes {second.count(b'+++ ')} files")
    if after != before:
        real_apps.tool(settings, tree, "undo")
        unlike = real_apps.differing(before, {n: b for n, b in real_apps.bytes_of(tree).items() if n in before})
        left = [name for name in outcome.made if (tree / name).exists()]
        outcome.undone = outcome.expect(not (unlike or left), f"after `undo` differ {real_apps.some(unlike + left)}")
        if settings.keep:
            real_apps.tool(settings, tree, "apply", *SPLIT, "--allow-dirty", ".")


def source_of(subject: Subject, settings: Settings) -> Path:
    """With the data of the wheel where the application is imported from there."""
    application = subject.application
    return real_apps.download(
        application.name, application.version, application.kind, settings.cache, settings.archives,
        with_data=bool(subject.entry),
    )  # fmt: skip


def count_findings(outcome: Outcome, report: dict[str, Any], before: dict[str, bytes]) -> None:
    for finding in report["findings"]:
        path, reason = finding["path"], finding["left_alone"]
        label = re.search(r" of them for `(.+?)`|`(.+?)` defines ", finding["message"])
        if reason:
            name = next(filter(None, label.groups())) if label else finding["message"]
            outcome.left_alone.append(f"{path}, {name}: {reason}")
            continue
        outcome.old_lines[path] = before[path].count(b"\n")
        home = re.search(r" belong in `(.+?)`", finding["message"])
        if home:
            outcome.homes[home[1]] = path
        outcome.large += re.findall(r"`[^`]+` (?:keeps|gets) [\d,]+ of [\d,]+ lines\b.*", finding["message"])


def measure(outcome: Outcome, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    """How much moved, and whether a module that is still most of the old one says why."""
    outcome.made = [name for name in sorted(after.keys() - before.keys()) if after[name].strip()]
    for name in outcome.made:
        outcome.routes[name] = len(ROUTE.findall(after[name].decode("utf-8")))
    # `check` does not examine what a plan would break: what it calls fixable may still be refused.
    refused = sorted(name for name in outcome.homes if name not in after)
    outcome.left_alone += [f"{outcome.homes[name]}: {name} is refused when the plan is examined" for name in refused]
    for path, lines in outcome.old_lines.items():
        outcome.moved_lines += lines - after[path].count(b"\n")
    for old_path, old in outcome.old_lines.items():
        names = [name for name in outcome.made if outcome.homes.get(name) == old_path]
        shares = {name: after[name].count(b"\n") / old for name in (*names, old_path)}
        largest = max(shares, key=lambda name: shares[name])
        if shares[largest] > outcome.largest:
            outcome.largest, outcome.largest_module = shares[largest], largest
        says_why = any(f"`{largest}` " in line for line in outcome.large)
        outcome.expect(
            shares[largest] <= LARGEST_SHARE or says_why,
            f"{largest} has {shares[largest]:.0%} of the old lines, and no finding says why",
        )


def ruff_faults(tree: Path) -> Counter[tuple[str, str]]:
    """How often each F rule says what, wherever: a fault may move with its code."""
    command = [sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--select", "F", "--target-version",
               "py311", "--output-format", "json", "."]  # fmt: skip
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=real_apps.TIME_LIMIT, check=False)
    if done.returncode not in (0, 1):
        raise RunError(f"ruff: {real_apps.last_line(done.stderr)}")
    faults = json.loads(done.stdout)
    return Counter((fault["code"] or "syntax", re.sub(r" from line \d+", "", fault["message"])) for fault in faults)


COMPILE = """\
import sys
for name in sys.argv[1:]:
    try:
        compile(open(name, "rb").read(), name, "exec", dont_inherit=True)
    except SyntaxError as error:
        print(name, error)
"""


def compile_errors(subject: Subject, settings: Settings, tree: Path, names: list[str]) -> list[str]:
    """With the Python of the application, where it has an environment."""
    pins = subject.application.pins
    python = str(real_apps.environment(pins, settings.cache)) if pins else sys.executable
    command = [python, "-W", "ignore", "-c", COMPILE, *names]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True).stdout.splitlines()


def variables(folder: Path) -> dict[str, str]:
    (folder / "home").mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def running(subject: Subject, settings: Settings, tree: Path, work: Path) -> dict[str, Any]:
    """The OpenAPI document and the route table, as two runs of the application give them."""
    assert subject.application.pins
    python = real_apps.environment(subject.application.pins, settings.cache)
    found: dict[str, Any] = {}
    for script in ("dump_openapi.py", "dump_routes.py"):
        folder = work / "run"
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "work").mkdir(parents=True)
        command = [str(python), str(DUMPS / script), "entry", str(tree), str(folder / "output.json")]
        done = subprocess.run(
            command, cwd=folder / "work", env=variables(folder), capture_output=True, timeout=real_apps.TIME_LIMIT,
            check=False,
        )  # fmt: skip
        if not (folder / "output.json").exists():
            raise RunError(f"cannot be imported: {real_apps.last_line(done.stderr.decode(errors='replace'))}")
        dumped = json.loads((folder / "output.json").read_text("utf-8"))
        if dumped["errors"]:
            raise RunError(f"cannot be dumped: {dumped['errors']}")
        found |= dumped
    return found


def without_modules(tables: Any) -> Any:
    """The tables but for the modules of the endpoints, which are to be others."""
    if isinstance(tables, dict):
        return {name: without_modules(value) for name, value in tables.items() if name != "module"}
    return [without_modules(value) for value in tables] if isinstance(tables, list) else tables


def gate(outcome: Outcome, settings: Settings, tree: Path) -> None:
    """What the project's own dynamic gate says about the change."""
    assert outcome.subject.application.pins
    python = real_apps.environment(outcome.subject.application.pins, settings.cache)
    done = real_apps.tool(
        settings, tree, "verify", "--against", "HEAD", "--app", f"{ENTRY.removesuffix('.py')}:app", "--python",
        str(python), "--timeout", "300", "--format", "json", ".", accept=frozenset({0, 1}),
    )  # fmt: skip
    report = json.loads(done.stdout)
    found = [str(difference.get("what", difference)) for difference in report["differences"]]
    outcome.gate = outcome.expect(not found and done.returncode == 0, f"the gate finds {real_apps.some(found)}")


def passing(subject: Subject, settings: Settings, tree: Path, work: Path) -> set[str]:
    assert subject.application.pins
    python = real_apps.environment(subject.application.pins, settings.cache)
    report = work / "tests.xml"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
               *shlex.split(subject.tests)]  # fmt: skip
    done = subprocess.run(
        command,
        cwd=tree,
        env=variables(work),
        capture_output=True,
        text=True,
        timeout=real_apps.TIME_LIMIT,
        check=False,
    )
    if not report.exists():
        raise RunError(f"pytest: {real_apps.last_line(done.stdout + done.stderr)}")
    return {
        f"{case.get('classname')}::{case.get('name')}"
        for case in ElementTree.parse(report).iter("testcase")
        if not any(child.tag in ("failure", "error", "skipped") for child in case)
    }


# --- the page ---

TITLES = ("application", "operations", "split", "routes moved", "modules made", "lines moved", "largest module left",
          "left alone", "routes and OpenAPI identical", "gate", "tests still passing", "ruff F: nothing new",
          "compiles", "second run empty", "undo", "seconds")  # fmt: skip


def cells(outcome: Outcome) -> tuple[str, ...]:
    """One row of the table, in the order of TITLES."""
    identical = None if outcome.same_routes is None else outcome.same_routes and bool(outcome.same_openapi)
    split = ", ".join(f"{path} ({lines:,} lines)" for path, lines in outcome.old_lines.items())
    if len(outcome.old_lines) > 2:
        split = f"{len(outcome.old_lines)} modules ({sum(outcome.old_lines.values()):,} lines)"
    largest = f"{Path(outcome.largest_module).name} {outcome.largest:.0%}" if outcome.largest_module else "-"
    return (
        f"{outcome.subject.application.name} {outcome.subject.application.version}",
        "-" if outcome.operations is None else str(outcome.operations),
        split or "-",
        str(outcome.routes.total()),
        str(len(outcome.made)),
        f"{outcome.moved_lines:,}",
        largest,
        str(len(outcome.left_alone)),
        verdict(identical),
        verdict(outcome.gate),
        outcome.tests,
        verdict(outcome.ruff),
        verdict(outcome.compiles),
        verdict(outcome.idempotent),
        verdict(outcome.undone),
        f"{outcome.seconds:.1f}",
    )


PAGE_TEXT = """\
# Giant routers of real applications, split

<!-- Written by scripts/split_real_apps.py; do not edit. -->

`fastapi-codemods apply --select split-router` {version}, on {date} with Python {python}, on applications from the
Python package index, none of them written here. `python scripts/split_real_apps.py --setup` downloads them,
`python scripts/split_real_apps.py` writes this page.

A dash means that the check could not be made: nothing was moved, or the application does not import without services or
a large installation. Seconds are those of `apply`, reading the project included.

{table}
"""


def page(outcomes: list[Outcome], version: str) -> str:
    rows = [TITLES, ("---",) * len(TITLES), *map(cells, outcomes)]
    text = PAGE_TEXT.format(
        version=version,
        date=datetime.datetime.now(datetime.UTC).date(),
        python=sys.version.partition(" ")[0],
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
    )
    failed = [f"- {one.subject.application.name}: {line}" for one in outcomes for line in one.failures]
    if failed:
        text += "\n## Failures\n\n" + "\n".join(failed) + "\n"
    text += "\n## Modules made, and what was left alone\n"
    for one in outcomes:
        application = one.subject.application
        text += f"\n### {application.name} ({application.kind}): {application.about}\n\n"
        text += "".join(f"- `{name}`\n" for name in one.made)
        text += "".join(f"- stays large: {line}\n" for line in one.large)
        text += "".join(f"- left alone: {line}\n" for line in one.left_alone)
    return text


def report(outcome: Outcome) -> str:
    """One line for the terminal, and one for each failure."""
    state = "FAILED" if outcome.failures else "ok"
    title = dict(zip(TITLES, cells(outcome), strict=True))
    line = (
        f"{state:6}  {title['application']:28} {title['routes moved']:>4} routes to {title['modules made']:>3} modules,"
        f" {title['lines moved']:>6} lines, largest {title['largest module left']}, {title['left alone']} left alone, "
        f"tests {outcome.tests}  ({outcome.seconds:.1f} s)"
    )
    return "\n".join([line, *(f"        {text}" for text in outcome.failures)])


# --- the command line ---


def chosen_subjects(names: list[str]) -> list[Subject]:
    known = {subject.application.name: subject for subject in SUBJECTS}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no application {name!r}; there are {', '.join(known)}")
    return [subject for subject in SUBJECTS if not names or subject.application.name in names]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--setup", action="store_true", help="download, and make the environments; then stop")
    parser.add_argument("--only", metavar="NAME", action="append", default=[], help="this application; repeatable")
    parser.add_argument(
        "--command",
        default=str(Path(sys.executable).with_name("fastapi-codemods")),
        help="the tool (default: the one installed beside this Python)",
    )
    parser.add_argument("--cache", type=Path, default=real_apps.CACHE, help="default: %(default)s")
    parser.add_argument("--archives", type=Path, help="a folder with sdists and wheels downloaded earlier")
    parser.add_argument("--python", default=sys.executable, help="makes the environments (default: this Python)")
    parser.add_argument("--keep", action="store_true", help="leave the split trees in the cache")
    parser.add_argument("--output", type=Path, help="the page (default: docs/split-real-apps.md; none with --only)")
    arguments = parser.parse_args()
    try:
        return command_line(arguments)
    except (UsageError, RunError) as error:
        print(f"split_real_apps.py: {error}", file=sys.stderr)
        return 2


def command_line(arguments: argparse.Namespace) -> int:
    subjects = chosen_subjects(arguments.only)
    command = tuple(shlex.split(arguments.command))
    settings = Settings(command, arguments.cache.expanduser().resolve(), arguments.archives, False, arguments.keep)
    if arguments.setup:
        for subject in subjects:
            print(f"source       {subject.application.name} {subject.application.version}", flush=True)
            source_of(subject, settings)
        for pins in dict.fromkeys(s.application.pins for s in subjects if s.application.pins):
            print(f"environment  {pins}", flush=True)
            real_apps.make_environment(pins, settings.cache, arguments.python)
        return 0
    if not shutil.which(command[0]):
        raise UsageError(f"there is no command {command[0]!r}; install the project or give --command")
    output: Path | None = arguments.output or (None if arguments.only else PAGE)
    outcomes = []
    for subject in subjects:
        outcomes.append(run(subject, settings))
        print(report(outcomes[-1]), flush=True)
        if output:  # after each: some take minutes
            output.parent.mkdir(parents=True, exist_ok=True)
            output.write_text(page(outcomes, real_apps.tool_version(command)), encoding="utf-8")
    if output:
        print(f"\nwritten: {output}")
    return 1 if any(outcome.failures for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
