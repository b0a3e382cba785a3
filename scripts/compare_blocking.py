"""What finds calls that block the event loop, and what does not: ours beside ruff, flake8-async, ty-async and others.

    python scripts/compare_blocking.py --setup          once: the peers, and flake8-async's fixtures
    python scripts/compare_blocking.py --ruff CHECKOUT [--output docs/blocking-detection.md]
    python scripts/compare_blocking.py --folder FOLDER [--ours]     any tree: what only ruff reports, or only we

The files are ruff's and flake8-async's own fixtures (ruff's from a checkout of astral-sh/ruff, a bare one will do;
nothing of them is kept here) and seven cases of ours. Fixtures that use a module without importing it get the import on
their first line, the same for every tool. A line counts as right where the fixture says so, unless JUDGED says
otherwise, with a reason.

Exit status: 0 when we miss nothing that any of the others finds rightly and have no more false alarms than any that
finds as much, 1 when not, 2 when the run could not be done.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import fnmatch
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from blocking_cases import CASES, texts

from fastapi_codemods.project import Project
from fastapi_codemods.project.calls import blocking_calls
from fastapi_codemods.source.discovery import is_test

CACHE = Path.home() / ".cache" / "fastapi-codemods-real-apps" / "blocking"
PEERS = ("ruff==0.17.6", "flake8-async==26.8.1", "ty-async==0.4.0", "fastapi-therapist==0.4.0", "fixit==2.2.1")
RULES = "ASYNC210,ASYNC212,ASYNC220,ASYNC221,ASYNC222,ASYNC230,ASYNC240,ASYNC250,ASYNC251"
ALL_RULES = f"{RULES},ASYNC211,ASYNC231,ASYNC232"
RUFF_FIXTURES = "crates/ruff_linter/resources/test/fixtures/flake8_async"
OURS = "fastapi-codemods"

Place = tuple[str, int]
"""File and line."""

MISSING_IMPORTS = {
    "flake8-async/async22x*.py": "import os, subprocess",
    "flake8-async/async212.py": "import httpx, httpx2; from typing import Optional",
    "flake8-async/async210.py": "from urllib import request",
}


class Judged(NamedTuple):
    files: str
    line: str
    """A regular expression for the code."""
    verdict: bool | None
    """Whether reporting it is right; None where either is."""
    reason: str


JUDGED = (
    Judged("*/async210.py", r"^    urlopen\(", None, "the name comes from nowhere"),
    Judged(
        "*/async211.py",
        r"foo\.request\((?:\)|\.\.\., |.sPUTnik|None|put|PUT\)|.REQUEST)",
        None,
        "it blocks whatever the verb is, or fails",
    ),
    Judged("*/async23x*.py", r"os\.fdopen\(", None, "what is wrapped is open already; reading it blocks"),
    Judged("*/async212.py", r"\bc\.anything\(", None, "no such method"),
    Judged("*/async212.py", r"\bglob_client\.send", None, "the name is rebound to 4 further down"),
    Judged("*/async212.py", r"^    client\.send\(\)$", True, "a client by an imported name, which flake8-async skips"),
    Judged("*/async240.py", r"abspath\(", None, "ruff's fixture says that it blocks, flake8-async's that it does not"),
    Judged("*/async232*.py", r"return_textiowrapper\(\)$", True, "a call of a function that opens a file"),
    Judged("*/async240.py", r"normpath\(|_joinrealpath\(", False, "only works on text"),
    Judged("*/async23x*.py", r"await open|wrap_file\(", None, "opening blocks, whatever wraps the file later"),
    Judged("*/async232*.py", r"\.(?:anything|aoeu\w+|any\.thing)\(", None, "files have no such method"),
    Judged("*/async232*.py", r"\bopen\(", True, "opening a file blocks as well (flake8-async has another rule for it)"),
    Judged("*/ASYNC240.py", r"^    path\.open\(\)", True, "opening a file blocks (ruff has another rule for it)"),
)
NOT_FILES = {
    "implicit_overridden_type": "what the name holds was rebound to something else",
    "type_restricting_1": "reached only where it is None",
    "type_restricting_2": "reached only where it is no file",
    "file_text_4_both": "a file or None, which flake8-async does not read",
    "file_text_4_non_none": "a file or a number",
    "file_text_9": "a file out of a list, which flake8-async does not follow",
    "inception": "the outer parameter is annotated as a number",
    "global_vars": "`f` is a global with two definitions",
}
"""Functions of async232*.py in which either answer is taken as right, and why."""

_SAYS = re.compile(r"#.*(?:\bASYNC2\d\d|should error|should emit)|# blocks")


class Corpus(NamedTuple):
    name: str
    right: frozenset[Place]
    open: frozenset[Place]
    """Lines that count neither way."""


# Files


def fixtures(ruff: Path | None) -> Iterator[tuple[str, str, str]]:
    """Corpus, file name and text."""
    for name, text in texts().items():
        yield "seven cases", name, text
    for archive in CACHE.glob("flake8_async-*.tar.gz"):
        with tarfile.open(archive) as sdist:
            for member in sdist.getmembers():
                name = Path(member.name).name
                if re.search(r"/eval_files/async2[1-5][0-9x]", member.name):
                    file = sdist.extractfile(member)
                    assert file is not None
                    yield "flake8-async", name, file.read().decode()
    if ruff is not None:
        listed = _text_of("git", "-C", str(ruff), "ls-tree", "--name-only", "HEAD", f"{RUFF_FIXTURES}/")
        for path in listed.splitlines():
            if re.fullmatch(r"ASYNC2\w+\.py", Path(path).name):
                yield "ruff", Path(path).name, _text_of("git", "-C", str(ruff), "show", f"HEAD:{path}")


def written(folder: Path, ruff: Path | None) -> list[Corpus]:
    found: dict[str, tuple[set[Place], set[Place]]] = {}
    for corpus, name, original in fixtures(ruff):
        path = f"{corpus.replace(' ', '-')}/{name}"
        text = original
        for files, needed in MISSING_IMPORTS.items():
            if fnmatch.fnmatch(path, files):
                head, newline, rest = text.partition("\n")
                text = f"{needed}  {head}{newline}{rest}"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
        right, either = found.setdefault(corpus, (set(), set()))
        for line, verdict in verdicts(path, text):
            (right if verdict else either).add((path, line))
    (folder / "pyproject.toml").write_text('[project]\nname = "cases"\nversion = "1"\ndependencies = ["fastapi"]\n')
    return [Corpus(name, frozenset(right), frozenset(either)) for name, (right, either) in found.items()]


def verdicts(path: str, text: str) -> Iterator[tuple[int, bool | None]]:
    """The lines to report (true) and those that may be (None)."""
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)]
    for number, line in enumerate(text.splitlines(), start=1):
        around = [f for f in functions if f.lineno < number <= (f.end_lineno or number)]
        inner = max(around, key=lambda f: f.lineno, default=None)
        code = line.partition("#")[0]
        verdict: bool | None = bool(code.strip() and _SAYS.search(line)) and " # OK" not in line
        judged = next(
            (one for one in JUDGED if fnmatch.fnmatch(path, one.files) and re.search(one.line, code)),
            None,
        )
        if judged is not None and isinstance(inner, ast.AsyncFunctionDef):
            verdict = judged.verdict
        elif inner is not None and "async232" in path and inner.name in NOT_FILES and "read" in line:
            verdict = None
        if verdict is not False:
            yield number, verdict


# Tools


def by_ruff(folder: Path, bin_: Path | None = None) -> set[Place]:
    ruff = str(bin_ / "ruff") if bin_ else "ruff"
    command = [ruff, "check", "--isolated", "--no-cache", "--preview", "--select", RULES, "--output-format", "json"]
    done = subprocess.run([*command, "--exit-zero", str(folder)], capture_output=True, text=True, check=True)
    return {
        (Path(item["filename"]).relative_to(folder).as_posix(), item["location"]["row"])
        for item in json.loads(done.stdout)
        if item["code"]
    }


_LOCATED = re.compile(r"^(?:\./)?([^\s:@]+\.py)[:@](\d+):\d+:? ", re.MULTILINE)


def _located(folder: Path, *command: str) -> set[Place]:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return {(path, int(line)) for path, line in _LOCATED.findall(done.stdout)}


def by_flake8_async(folder: Path, bin_: Path) -> set[Place]:
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    return _located(folder, str(bin_ / "flake8-async"), "--asyncio", f"--enable={ALL_RULES}", *files)


def by_ty_async(folder: Path, bin_: Path) -> set[Place]:
    clients = "requests.*->httpx,httpx.*->async client,httpx2.*->async client,urllib3.*->httpx"
    options = ("--async200-stdlib", "--async200-transitive", f"--async200-blocking-calls={clients}")
    return _located(folder, str(bin_ / "ty-async"), *options, ".")


def by_therapist(folder: Path, bin_: Path) -> set[Place]:
    command = [str(bin_ / "fastapi-therapist"), "--json", "--no-ruff", "--no-vulture", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    found = set()
    for item in json.loads(done.stdout)["diagnostics"]:
        if re.search(r"FASTT00[1256]", json.dumps(item)):
            path = next(value for value in item.values() if isinstance(value, str) and value.endswith(".py"))
            line = next(value for key, value in item.items() if key.lower().startswith("line"))
            found.add((Path(path).as_posix().removeprefix(f"{folder.as_posix()}/"), int(line)))
    return found


def by_fixit(folder: Path, bin_: Path) -> set[Place]:
    rule = "fixit.rules.use_async_sleep_in_async_def:UseAsyncSleepInAsyncDef"
    return _located(folder, str(bin_ / "fixit"), "--rules", rule, "lint", ".")


def by_ours(folder: Path) -> set[Place]:
    """Each corpus as a project: where some files name FastAPI, others that these do not import are none of it."""
    return {
        (f"{corpus.name}/{call.path}", call.line)
        for corpus in folder.iterdir()
        if corpus.is_dir()
        for call in blocking_calls(Project.open(corpus))
    }


# The page


def judged_by(folder: Path, bin_: Path) -> dict[str, set[Place]]:
    return {
        OURS: by_ours(folder),
        "ruff": by_ruff(folder, bin_),
        "flake8-async": by_flake8_async(folder, bin_),
        "ty-async": by_ty_async(folder, bin_),
        "fastapi-therapist": by_therapist(folder, bin_),
        "Fixit": by_fixit(folder, bin_),
    }


def figures(corpora: Sequence[Corpus], found: set[Place]) -> list[str]:
    cells = []
    for corpus in corpora:
        own = {place for place in found if place[0].startswith(f"{corpus.name.replace(' ', '-')}/")}
        false = own - corpus.right - corpus.open
        cells.append(f"{len(own & corpus.right)} of {len(corpus.right)}, {len(false)} false")
    return cells


def page(corpora: Sequence[Corpus], reported: Mapping[str, set[Place]], missed: set[Place]) -> str:
    right = {place for corpus in corpora for place in corpus.right}
    either = {place for corpus in corpora for place in corpus.open}
    lines = [
        "# Which blocking calls are found",
        "",
        "<!-- Written by scripts/compare_blocking.py; do not edit. -->",
        "",
        f"On {datetime.datetime.now(tz=datetime.UTC).date()}, with {', '.join(PEERS)}: the lines with calls that block",
        "the event loop, in ruff's and flake8-async's own fixtures and in seven cases of ours, that each tool reports,",
        "and the lines it reports that do not block. ty-async with its preset for the standard library, `requests.*`,",
        "`httpx.*` and `urllib3.*`, and transitively; flake8-async for asyncio, with its optional rules.",
        "",
        f"| tool | {' | '.join(corpus.name for corpus in corpora)} | found | false alarms |",
        f"| --- |{' ---: |' * (len(corpora) + 2)}",
    ]
    for tool, found in reported.items():
        false = found - right - either
        lines.append(
            f"| {tool} | {' | '.join(figures(corpora, found))} | {len(found & right)} of {len(right)} | {len(false)} |"
        )
    lines += [
        "",
        f"Found rightly by some other tool and not by {OURS}: {len(missed)}"
        + "".join(f", `{path}` line {line}" for path, line in sorted(missed)[:10])
        + ".",
        "",
        "## The seven cases",
        "",
        f"| case | {' | '.join(reported)} |",
        f"| --- |{' --- |' * len(reported)}",
    ]
    for number, case in enumerate(CASES, start=1):
        path = f"seven-cases/case_{number}.py"
        wanted = {place for place in right if place[0] == path}
        cells = []
        for found in reported.values():
            own = {place for place in found if place[0] == path}
            state = "found" if wanted <= own else "missed"
            cells.append("**false alarm**" if own - wanted else (state if wanted else "silent, rightly"))
        lines.append(f"| {case} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Where the fixtures are not taken at their word",
        "",
        "A line is right to report where its fixture says so, except for these:",
        "",
    ]
    words = {True: "right", False: "wrong", None: "either way"}
    lines += [f"- `{one.files}`, `{one.line}`: {words[one.verdict]}; {one.reason}." for one in JUDGED]
    lines += [f"- `async232*.py`, function `{name}`: either way; {reason}." for name, reason in NOT_FILES.items()]
    lines += [
        "",
        "`async200.py` is left out: its calls block only by a setting. Imports that fixtures leave out are added.",
    ]
    return "\n".join(lines) + "\n"


def table(ruff: Path | None, output: Path | None) -> int:
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work).resolve()
        corpora = written(folder, ruff)
        reported = judged_by(folder, CACHE / "peers" / "bin")
    right = {place for corpus in corpora for place in corpus.right}
    either = {place for corpus in corpora for place in corpus.open}
    others = [found for tool, found in reported.items() if tool != OURS]
    ours = reported[OURS]
    missed = {place for found in others for place in found & right} - ours
    text = page(corpora, reported, missed)
    print(text)
    for place in sorted(ours - right - either):
        print(f"false alarm of ours: {place[0]}:{place[1]}", file=sys.stderr)
    for path in sorted({path for path, _ in right - ours}):
        lines = sorted(line for other, line in right - ours if other == path)
        print(f"not found by us: {path}, lines {', '.join(map(str, lines))}", file=sys.stderr)
    if output is not None:
        output.write_text(text, "utf-8")
    alarms = len(ours - right - either)
    least = min(len(found - right - either) for found in others)
    return 0 if not missed and alarms <= least else 1


# Any tree


def compared(folder: Path, *, ours_only: bool) -> int:
    ruff = by_ruff(folder)
    project = Project.open(folder)
    ours: dict[Place, str] = {}
    covered: set[Place] = set()
    for call in blocking_calls(project):
        way = " -> ".join(f"{step.function}:{step.path}:{step.line}" for step in call.steps[1:])
        ours[call.path, call.line] = f"{call.function}: {call.written} [{call.leaf}] {way}"
        covered.update((call.path, line) for line in range(call.line, call.end_line + 1))
    wanted = {place for place in ruff if place[0] in project.known_paths and not is_test(place[0])}
    missed = sorted(wanted - covered)
    extra = sorted(ours.keys() - ruff)
    for path, line in extra if ours_only else missed:
        code = (folder / path).read_text("utf-8", "replace").splitlines()[line - 1].strip()
        print(f"{path}:{line}: {ours.get((path, line), 'ruff')}: {code}")
    print(
        f"ruff {len(wanted)} lines, of which we miss {len(missed)}; we {len(ours)}, of which ruff misses {len(extra)}",
        file=sys.stderr,
    )
    return 1 if missed else 0


def set_up(python: str) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    bin_ = CACHE / "peers" / "bin"
    if not bin_.is_dir():
        subprocess.run([python, "-m", "venv", str(bin_.parent)], check=True)
    pip = [str(bin_ / "python"), "-m", "pip"]
    subprocess.run([*pip, "install", "--quiet", *PEERS], check=True)
    (fixtures_of,) = (name for name in PEERS if name.startswith("flake8-async"))
    sdist = ["--no-deps", "--no-binary", ":all:", "--dest", str(CACHE), fixtures_of]
    subprocess.run([*pip, "download", "--quiet", *sdist], check=True)


def _text_of(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--setup", metavar="PYTHON", nargs="?", const=sys.executable, help="peers need Python 3.12")
    parser.add_argument("--ruff", type=Path, help="a checkout of astral-sh/ruff, for its fixtures")
    parser.add_argument("--output", type=Path, help="the page to write")
    parser.add_argument("--folder", type=Path, help="compare with ruff in this folder instead")
    parser.add_argument("--ours", action="store_true", help="with --folder: print what only we report")
    arguments = parser.parse_args()
    try:
        if arguments.setup:
            set_up(arguments.setup)
            return 0
        if arguments.folder is not None:
            return compared(arguments.folder.resolve(), ours_only=arguments.ours)
        return table(arguments.ruff, arguments.output)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}; `--setup` comes first", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
