"""Run `fastapi-codemods` on real applications and write what happened to docs/real-applications.md.

    python scripts/real_apps.py --setup      once: downloads, and environments in which applications import
    python scripts/real_apps.py              runs all; --only NAME runs some and leaves the page alone

Nothing of the applications is in this repository: they come from the Python package index into a cache. Each
is copied into a fresh git repository, and there:

- `diff` runs without an error, for the default codemods and for each codemod alone, and `git apply --check`
  takes every patch;
- applying the patch with git and running `fastapi-codemods apply` give the same bytes;
- every changed file compiles with the Python that runs this script;
- a second `diff` is empty;
- where the application can be imported, its OpenAPI documents are byte for byte what they were;
- `undo` gives back the bytes from before.

Exit status: 0 when all of that holds, 1 when something does not, 2 when the run itself could not be done.
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
import tarfile
import time
import warnings
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent
PINS = HERE / "real_apps"
DUMP = PINS / "dump_openapi.py"
PAGE = REPOSITORY / "docs" / "real-applications.md"
CACHE = Path.home() / ".cache" / "fastapi-codemods-real-apps"

TIME_LIMIT = 900
"""Seconds for one command; no application needs a tenth of it."""

Kind = Literal["sdist", "wheel"]


@dataclass(frozen=True)
class Application:
    """One distribution. With `pins` it can be imported, through its builder in dump_openapi.py."""

    name: str
    version: str
    kind: Kind
    about: str
    pins: str | None = None
    """A file in scripts/real_apps/, without `.txt`; applications may share one."""
    builder: str | None = None
    """Its name in dump_openapi.py where that is not the application's."""
    only: str | None = None
    """The folder of the sdist to work on, where not all of it."""


APPLICATIONS = (
    Application("fastapi", "0.165.0", "sdist", "the documentation's examples", "fastapi", "modules", "docs_src"),
    Application("quetz-server", "0.10.4", "sdist", "one main.py of 2,000 lines, sync", "quetz-server"),
    Application("fastapi-users", "15.0.5", "sdist", "handlers in router factories", "fastapi-users"),
    Application("dstack", "0.22.5", "sdist", "100 operations in 20 routers", "dstack"),
    Application("tiled", "0.2.20", "sdist", "get_router() factory, stacked decorators", "tiled"),
    Application("ear2finger", "1.0.1", "sdist", "beginner's application, on_event", "ear2finger"),
    Application(
        "examen3-mini-shop",
        "0.1.0",
        "sdist",
        "student project with its virtual environment",
        "examen3-mini-shop",
    ),
    Application("ace-network-monitor", "0.3.2", "sdist", "one api.py", "small-applications"),
    Application("excel-vis", "0.1.5", "sdist", "create_app and three routers", "small-applications"),
    Application("csv-server", "0.1.2", "sdist", "registration in a loop", "small-applications"),
    Application("brsxmail", "0.1.0", "sdist", "closures in create_app", "small-applications"),
    Application("fschat", "0.2.36", "wheel", "single-file servers, request.json(), globals"),
    Application("chainlit", "2.12.0", "wheel", "one server.py, 39 routes"),
    Application("lightrag-hku", "1.5.7", "wheel", "create_app of 1,800 lines"),
    Application("conda-store-server", "2025.2.2", "wheel", "sync SQLAlchemy in async handlers"),
    Application("open-webui", "0.12.4", "wheel", "128,000 lines, 569 handlers"),
    Application("letta", "0.16.8", "wheel", "258 handlers"),
    Application("chromadb", "1.5.9", "wheel", "a class that calls add_api_route"),
    Application("langflow-base", "1.13.0", "wheel", "189,000 lines"),
)


class UsageError(Exception):
    """Something the caller can act on: one line, no traceback."""


class RunError(Exception):
    """A command failed on one application; the others go on."""


# --- fetching ---


def download(
    name: str, version: str, kind: Kind, cache: Path, archives: Path | None = None, *, with_data: bool = False
) -> Path:
    """The unpacked distribution below `cache`; pip fetches it unless it is there or in `archives`.

    Of a wheel only what a codemod reads, unless `with_data`.
    """
    target = cache / "source" / (f"{name}-{version}" + ("-with-data" if with_data else ""))
    if target.is_dir():
        return target
    archive = find_archive(name, version, kind, [cache / "archives", *([archives] if archives else [])])
    if archive is None:
        fetch(name, version, kind, cache / "archives")
        archive = find_archive(name, version, kind, [cache / "archives"])
        if archive is None:
            raise UsageError(f"pip downloaded no {kind} of {name}=={version} into {cache / 'archives'}")
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    unpack(archive, partial, with_data=with_data)
    partial.rename(target)
    return target


def find_archive(name: str, version: str, kind: Kind, folders: list[Path]) -> Path | None:
    spelling = re.sub(r"[-_.]+", "[-_.]+", re.escape(name).replace(r"\-", "-"))
    ending = r"\.tar\.gz" if kind == "sdist" else r"-.*\.whl"
    pattern = re.compile(rf"{spelling}-{re.escape(version)}{ending}", re.IGNORECASE)
    for folder in folders:
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if pattern.fullmatch(path.name):
                    return path
    return None


def fetch(name: str, version: str, kind: Kind, folder: Path) -> None:
    options = ["--no-deps", "--ignore-requires-python", "--dest", str(folder)]
    if kind == "sdist":
        options += ["--no-binary", name]
    else:  # the wheel is read, not run: any recent Python's will do
        options += ["--only-binary", ":all:", "--python-version", "3.12"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", *options, f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UsageError(f"pip cannot download {name}=={version}: {last_line(done.stderr)}")


def unpack(archive: Path, target: Path, *, with_data: bool = False) -> None:
    """All of an sdist, without its top folder; of a wheel what a source tree would hold."""
    if archive.suffix == ".whl":
        endings = "" if with_data else (".py", ".toml")
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(target, [name for name in wheel.namelist() if name.endswith(endings)])
        return
    with tarfile.open(archive) as sdist:
        sdist.extractall(target, filter="data")
    (top,) = target.iterdir()
    for path in list(top.iterdir()):
        path.rename(target / path.name)
    top.rmdir()


def environment(pins: str, cache: Path) -> Path:
    """The Python of the virtual environment for a file of pins."""
    return cache / "environments" / pins / "bin" / "python"


def make_environment(pins: str, cache: Path, python: str) -> None:
    folder = cache / "environments" / pins
    if (folder / "complete").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    for command in (
        [python, "-m", "venv", str(folder)],
        [
            str(environment(pins, cache)),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "-r",
            str(PINS / f"{pins}.txt"),
        ],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UsageError(f"{shlex.join(command)}: {last_line(done.stderr or done.stdout)}")
    (folder / "complete").touch()


# --- one application ---


@dataclass
class Outcome:
    """What happened with one application. A check is None where it could not be made."""

    application: Application
    files: int = 0
    rewritten: Counter[str] = field(default_factory=Counter)
    left_alone: Counter[str] = field(default_factory=Counter)
    changed_files: int = 0
    patches: int = 0
    """Patches that were not empty: one of the default codemods together, one of each codemod alone."""
    diff_runs: bool | None = None
    patches_apply: bool | None = None
    same_bytes: bool | None = None
    compiles: bool | None = None
    idempotent: bool | None = None
    undone: bool | None = None
    operations: int | None = None
    same_openapi: bool | None = None
    failures: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def expect(self, holds: bool, failure: str) -> bool:
        if not holds:
            self.failures.append(failure)
        return holds


@dataclass(frozen=True)
class Settings:
    """The command line of this script, as far as one application needs it."""

    command: tuple[str, ...]
    cache: Path
    archives: Path | None
    each: bool
    keep: bool


def git(tree: Path, *arguments: str, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    options = [
        "-c",
        "user.name=real-apps",
        "-c",
        "user.email=real-apps@localhost",
        "-c",
        "core.autocrlf=false",
    ]
    command = ["git", *options, *arguments]
    return subprocess.run(command, cwd=tree, input=stdin, capture_output=True, env=os.environ | alone, check=False)


def git_or_broken(tree: Path, *arguments: str) -> None:
    done = git(tree, *arguments)
    if done.returncode:
        raise RunError(f"git {arguments[0]}: {last_line(done.stderr.decode(errors='replace'))}")


def tool(
    settings: Settings, tree: Path, *arguments: str, accept: frozenset[int] = frozenset({0})
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in `tree`; an unexpected exit status or a traceback ends the examination."""
    command = [*settings.command, *arguments]
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, env=kept, timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise RunError(f"`{shlex.join(arguments)}` took more than {TIME_LIMIT} s") from error
    said = done.stderr.decode(errors="replace")
    if done.returncode not in accept or "Traceback (most recent call last)" in said:
        raise RunError(f"`{shlex.join(arguments)}` ended with exit status {done.returncode}: {last_line(said)}")
    return done


def codemod_names(settings: Settings) -> list[str]:
    """The first hyphenated word on each line of `list`, which is a codemod's name."""
    safety = {"serial-safe", "report-only"}
    names = []
    for line in tool(settings, REPOSITORY, "list").stdout.decode().splitlines():
        words = [word for word in line.split() if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", word) and word not in safety]
        if words:
            names.append(words[0])
    return names


def fresh_repository(source: Path, application: Application, tree: Path) -> None:
    """A copy with one commit. Bytes are kept whatever the application's own .gitattributes say."""
    ignore = shutil.ignore_patterns(".git", "__pycache__")
    if application.only:
        shutil.copytree(source / application.only, tree / application.only, ignore=ignore, symlinks=True)
    else:
        shutil.copytree(source, tree, ignore=ignore, symlinks=True)
    git_or_broken(tree, "init", "--quiet")
    (tree / ".git" / "info").mkdir(exist_ok=True)
    (tree / ".git" / "info" / "attributes").write_text("* -text -diff -merge\n")
    git_or_broken(tree, "add", "--all")
    git_or_broken(tree, "commit", "--quiet", "--message", "As published")


def bytes_of(tree: Path, names: frozenset[str] = frozenset()) -> dict[str, bytes]:
    """All files; with `names` those and every Python file, without what an application wrote when run."""
    found = {}
    for folder, folders, files in os.walk(tree):
        folders[:] = [name for name in folders if name not in (".git", "__pycache__", ".fastapi-codemods")]
        for file in files:
            path = Path(folder, file)
            name = path.relative_to(tree).as_posix()
            if not path.is_symlink() and (not names or name in names or name.endswith(".py")):
                found[name] = path.read_bytes()
    return found


def compile_error(name: str, source: bytes) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError) as error:
            return f"{type(error).__name__}: {error}"
    return None


def openapi(settings: Settings, application: Application, tree: Path, folder: Path) -> dict[str, Any]:
    """OpenAPI of the application in `tree`; home and working directory are empty each time."""
    assert application.pins
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "work").mkdir(parents=True)
    output = folder / "openapi.json"
    builder = application.builder or application.name
    command = [str(environment(application.pins, settings.cache)), str(DUMP), builder, str(tree), str(output)]
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        command, cwd=folder / "work", env=variables, capture_output=True, timeout=TIME_LIMIT, check=False
    )
    if not output.exists():
        raise RunError(f"cannot be imported: {last_line(done.stderr.decode(errors='replace'))}")
    result: dict[str, Any] = json.loads(output.read_text("utf-8"))
    return result


def run(application: Application, settings: Settings, codemods: list[str]) -> Outcome:
    outcome = Outcome(application)
    started = time.monotonic()
    work = settings.cache / "work" / application.name
    shutil.rmtree(work, ignore_errors=True)
    try:
        examine(outcome, settings, codemods, work)
    except (RunError, UsageError) as error:
        outcome.failures.append(str(error))
    except subprocess.TimeoutExpired as error:
        outcome.failures.append(f"{shlex.join(map(str, error.cmd))} took more than {TIME_LIMIT} s")
    outcome.seconds = time.monotonic() - started
    if not settings.keep:
        shutil.rmtree(work, ignore_errors=True)
    return outcome


def examine(outcome: Outcome, settings: Settings, codemods: list[str], work: Path) -> None:
    """The whole examination, in the order of the module's docstring; every result goes into `outcome`."""
    application = outcome.application
    source = download(application.name, application.version, application.kind, settings.cache, settings.archives)
    tree = work / "tree"
    fresh_repository(source, application, tree)
    before = bytes_of(tree)
    names = frozenset(before)
    outcome.files = sum(name.endswith(".py") for name in names)

    count_findings(
        outcome,
        json.loads(tool(settings, tree, "check", "--format", "json", ".", accept=frozenset({0, 1})).stdout),
    )
    patch = examine_patches(outcome, settings, codemods, tree)

    documents = None
    if application.pins:
        if environment(application.pins, settings.cache).exists():
            documents = openapi(settings, application, tree, work / "home")
            outcome.operations = documents["operations"]
            if documents["errors"]:
                outcome.remarks.append(
                    f"{len(documents['errors'])} modules cannot be imported before the change either"
                )
            git_or_broken(tree, "clean", "-fdq")
        else:
            outcome.remarks.append("OpenAPI not compared: run with --setup first")

    patched = work / "patched"
    shutil.copytree(tree, patched, symlinks=True)
    if patch:
        applied = git(patched, "apply", "--whitespace=nowarn", "-", stdin=patch)
        outcome.expect(applied.returncode == 0, f"git apply: {last_line(applied.stderr.decode(errors='replace'))}")
    tool(settings, tree, "apply", ".")
    after = bytes_of(tree, names)
    unlike = differing(bytes_of(patched, names), after)
    outcome.same_bytes = outcome.expect(not unlike, f"`diff` and `apply` differ in {some(unlike)}")
    if patch and after == before:
        outcome.expect(False, "`diff` showed a change but `apply` made none")
    shutil.rmtree(patched)

    examine_compilation(outcome, before, after)

    second = tool(settings, tree, "diff", ".").stdout
    outcome.idempotent = outcome.expect(not second.strip(), f"a second `diff` changes {second.count(b'+++ ')} files")

    if documents is not None:
        now = openapi(settings, application, tree, work / "home")["documents"]
        then = documents["documents"]
        unlike = [name for name in sorted(then | now) if then.get(name) != now.get(name)]
        outcome.same_openapi = outcome.expect(not unlike, f"OpenAPI differs: {some(unlike)}")

    if after == before:
        return
    tool(settings, tree, "undo")
    unlike = differing(before, bytes_of(tree, names))
    outcome.undone = outcome.expect(not unlike, f"after `undo` other bytes than before in {some(unlike)}")


def count_findings(outcome: Outcome, report: dict[str, Any]) -> None:
    for finding in report["findings"]:
        group = outcome.rewritten if finding["fixable"] and not finding["left_alone"] else outcome.left_alone
        group[finding["codemod"]] += 1


def examine_patches(outcome: Outcome, settings: Settings, codemods: list[str], tree: Path) -> bytes:
    """Check the patches of all runs of `diff`; the one of the default codemods is the result."""
    runs = [("the default codemods", ["diff", "."])]
    runs += [(name, ["diff", "--select", name, "."]) for name in codemods if settings.each]
    patches: list[bytes] = []
    outcome.diff_runs = outcome.patches_apply = True
    for label, arguments in runs:
        try:
            patch = tool(settings, tree, *arguments).stdout
        except RunError as error:
            outcome.diff_runs = outcome.expect(False, str(error))
            patches.append(b"")
            continue
        patches.append(patch)
        if patch:
            checked = git(tree, "apply", "--check", "--whitespace=nowarn", "-", stdin=patch)
            reason = last_line(checked.stderr.decode(errors="replace"))
            if not outcome.expect(checked.returncode == 0, f"git refuses the patch of {label}: {reason}"):
                outcome.patches_apply = False
    outcome.patches = sum(map(bool, patches))
    return patches[0]


def examine_compilation(outcome: Outcome, before: dict[str, bytes], after: dict[str, bytes]) -> None:
    changed = differing(before, after)
    outcome.changed_files = len(changed)
    outcome.compiles = True
    for name in changed:
        if name.endswith(".py") and name in after and (error := compile_error(name, after[name])):
            if name in before and compile_error(name, before[name]):
                outcome.remarks.append(f"{name} did not compile before either ({error})")
            else:
                outcome.compiles = outcome.expect(False, f"{name} no longer compiles: {error}")


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return [name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name)]


def some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1].strip()


# --- the page ---


def verdict(value: bool | None) -> str:
    return {True: "yes", False: "**NO**", None: "-"}[value]


def by_codemod(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(counts.items())) or "-"


TITLES = (
    "application",
    "version",
    "files",
    "findings by codemod",
    "rewritten",
    "left alone",
    "files changed",
    "`diff` runs",
    "`git apply` takes it",
    "`diff` = `apply`",
    "compiles",
    "second run empty",
    "`undo`",
    "OpenAPI operations",
    "OpenAPI identical",
)


def cells(outcome: Outcome) -> tuple[str, ...]:
    """One row of the table, in the order of TITLES."""
    return (
        outcome.application.name,
        outcome.application.version,
        f"{outcome.files:,}",
        by_codemod(outcome.rewritten + outcome.left_alone),
        str(outcome.rewritten.total()),
        str(outcome.left_alone.total()),
        str(outcome.changed_files),
        verdict(outcome.diff_runs),
        verdict(outcome.patches_apply),
        verdict(outcome.same_bytes),
        verdict(outcome.compiles),
        verdict(outcome.idempotent),
        verdict(outcome.undone),
        "-" if outcome.operations is None else str(outcome.operations),
        verdict(outcome.same_openapi),
    )


PAGE_TEXT = """\
# Real applications

<!-- Written by scripts/real_apps.py; do not edit. -->

`fastapi-codemods` {version} with its default options, on {date} with Python {python}, on
applications from the Python package index, none of them written here. `python scripts/real_apps.py --setup`
downloads them, `python scripts/real_apps.py` writes this page.

`diff` was run with all codemods together and with each of these alone: {codemods}.
A dash means that the check could not be made: nothing was changed, or the application does not import without
services or a large installation.

{table}

Together: {applications} applications, {files:,} files, {rewritten:,} findings rewritten in {changed:,} files,
{left_alone:,} findings left alone with a reason.
"""


def page(outcomes: list[Outcome], version: str, codemods: list[str]) -> str:
    rows = [TITLES, ("---",) * len(TITLES), *map(cells, outcomes)]
    text = PAGE_TEXT.format(
        version=version,
        date=datetime.datetime.now(datetime.UTC).date(),
        python=sys.version.partition(" ")[0],
        codemods=", ".join(codemods),
        table="\n".join(f"| {' | '.join(row)} |" for row in rows),
        applications=len(outcomes),
        files=sum(outcome.files for outcome in outcomes),
        rewritten=sum(outcome.rewritten.total() for outcome in outcomes),
        left_alone=sum(outcome.left_alone.total() for outcome in outcomes),
        changed=sum(outcome.changed_files for outcome in outcomes),
    )
    for title, attribute in (("Failures", "failures"), ("Remarks", "remarks")):
        lines = [f"- {one.application.name}: {line}" for one in outcomes for line in getattr(one, attribute)]
        if lines:
            text += f"\n## {title}\n\n" + "\n".join(lines) + "\n"
    applications = [outcome.application for outcome in outcomes]
    about = [f"- {one.name} {one.version} ({one.kind}): {one.about}" for one in applications]
    return text + "\n## What they are\n\n" + "\n".join(about) + "\n"


def report(outcome: Outcome) -> str:
    """One line for the terminal, and one for each failure."""
    state = "FAILED" if outcome.failures else "ok"
    compared = "" if outcome.operations is None else f", {outcome.operations} operations"
    name, rewritten, left = outcome.application.name, outcome.rewritten.total(), outcome.left_alone.total()
    counts = f"{rewritten:5} rewritten {left:5} left alone {outcome.changed_files:4} files changed"
    line = f"{state:6}  {name:20} {counts}{compared}  ({outcome.seconds:.0f} s)"
    return "\n".join([line, *(f"        {text}" for text in outcome.failures + outcome.remarks)])


# --- the command line ---


def chosen_applications(names: list[str]) -> list[Application]:
    known = {application.name: application for application in APPLICATIONS}
    for name in names:
        if name not in known:
            raise UsageError(f"there is no application {name!r}; there are {', '.join(known)}")
    return [application for application in APPLICATIONS if not names or application.name in names]


def set_up(applications: list[Application], arguments: argparse.Namespace) -> None:
    for application in applications:
        print(f"source       {application.name} {application.version}", flush=True)
        download(application.name, application.version, application.kind, arguments.cache, arguments.archives)
    for pins in dict.fromkeys(application.pins for application in applications if application.pins):
        print(f"environment  {pins}", flush=True)
        make_environment(pins, arguments.cache, arguments.python)


def tool_version(command: tuple[str, ...]) -> str:
    """The version of the distribution beside the console script, and the commit of this checkout."""
    python = Path(command[0]).with_name("python")
    code = "import importlib.metadata as m; print(m.version('fastapi-codemods'))"
    try:
        version = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        version = "(version unknown)"
    commit = git(REPOSITORY, "rev-parse", "--short", "HEAD").stdout.decode().strip()
    return f"{version} at {commit}" if commit else version


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
    parser.add_argument("--cache", type=Path, default=CACHE, help="default: %(default)s")
    parser.add_argument("--archives", type=Path, help="a folder with sdists and wheels downloaded earlier")
    parser.add_argument("--python", default=sys.executable, help="makes the environments (default: this Python)")
    parser.add_argument("--jobs", type=int, default=1, help="applications at a time (default: 1)")
    parser.add_argument("--together", action="store_true", help="skip the runs of each codemod alone")
    parser.add_argument("--keep", action="store_true", help="leave the working copies in the cache")
    parser.add_argument(
        "--output", type=Path, help=f"the page (default: {PAGE.relative_to(REPOSITORY)}; none with --only)"
    )
    parser.add_argument("--list", action="store_true", help="print the applications")
    arguments = parser.parse_args()
    try:
        return command_line(arguments)
    except (UsageError, RunError) as error:
        print(f"real_apps.py: {error}", file=sys.stderr)
        return 2


def command_line(arguments: argparse.Namespace) -> int:
    applications = chosen_applications(arguments.only)
    if arguments.list:
        for application in applications:
            how = "imports" if application.pins else "read only"
            print(
                f"{application.name:20} {application.version:10} {application.kind:5} {how:9}",
                application.about,
            )
        return 0
    arguments.cache = arguments.cache.expanduser().resolve()
    if arguments.setup:
        set_up(applications, arguments)
        return 0

    command = tuple(shlex.split(arguments.command))
    if not shutil.which(command[0]):
        raise UsageError(f"there is no command {command[0]!r}; install the project or give --command")
    settings = Settings(command, arguments.cache, arguments.archives, not arguments.together, arguments.keep)
    codemods = codemod_names(settings)
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(max(1, arguments.jobs)) as pool:
        for future in as_completed([pool.submit(run, application, settings, codemods) for application in applications]):
            outcome = future.result()
            outcomes[outcome.application.name] = outcome
            print(report(outcome), flush=True)

    output: Path | None = arguments.output or (None if arguments.only else PAGE)
    if output:
        in_order = [outcomes[application.name] for application in applications]
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(page(in_order, tool_version(command), codemods), encoding="utf-8")
        print(f"\nwritten: {output}")
    return 1 if any(outcome.failures for outcome in outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
