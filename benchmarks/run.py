"""Measure `fastapi-codemods diff` against ruff, LibCST's codemod CLI and Fixit, as whole commands.

    python benchmarks/run.py --setup                            once: installs the peers, downloads the trees
    python benchmarks/run.py                                    everything but the slowest rows
    python benchmarks/run.py --quick                            three rounds, small trees
    python benchmarks/run.py --slow-peers --output docs/benchmarks.md

Commands take turns (A B A B ...); a figure is a median, a ratio the median of the ratios of each round.
benchmarks/README.md says how to read the tables.

Exit status: 0 when every gate holds, 1 when one does not, 2 when the run could not be done.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from measure import (
    Command,
    Run,
    UsageError,
    alternate,
    can_sample,
    median_cpu,
    median_wall,
    peak_memory,
    ratios,
    run,
)
from tables import Gate, Table
from tools import OURS, Tools, set_up
from trees import Tree, Trees

if TYPE_CHECKING:
    from collections.abc import Callable

CACHE = Path.home() / ".cache" / "fastapi-codemods-bench"

DENSE = Gate(5, "at most 5x (ambition 2x)")
SPARSE = Gate(1, "at most 1x (ambition 0.35x)")
CHECK_DENSE = Gate(6, "at most 6x (ambition 2x)")
CHECK = Gate(3, "at most 3x (ambition 1x)")
WARM = Gate(1.5, "at most 1.5x ruff's above Typer's")
SINGLE = Gate(12, "at most 12x (ambition 6x)")
PEERS = Gate(50, "at least 50x", higher_is_better=True)
GROWTH = Gate(4.4, "at most 4.4x")
SPLIT = Gate(3, "under 3 s")
SPLIT_GROWTH = Gate(2.4, "at most 2.4x")
MEMORY = Gate(200, "under 200 MB")

SETTLED = 3
"""Seconds after which a new file is believed to be what its times say."""
WARM_COLUMNS = ("tree", "size", "ours, s", "ruff, s", "ours / ruff", "range", "CPU")


@dataclass
class Bench:
    """One run of this script: its settings, the tables so far, and which gates did not hold."""

    tools: Tools
    trees: Trees
    rounds: int
    slow_peers: bool
    quick: bool
    tables: list[Table] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def verdict(self, gate: Gate | None, value: float, what: str) -> tuple[str, str]:
        """The two last cells of a row: the gate, and whether it holds."""
        if gate is None:
            return "", ""
        if gate.holds(value):
            return gate.text, "pass"
        self.missed.append(f"{what}: {value:.3g}, {gate.text}")
        return gate.text, "FAIL"

    def table(self, title: str, *columns: str) -> Table:
        table = Table(title, columns)
        self.tables.append(table)
        return table

    def say(self, text: str) -> None:
        print(f"... {text}", file=sys.stderr, flush=True)


# --- the sections, in the order of the page ---


def against_ruff(bench: Bench, tree: Tree, gate: Gate | None, table: Table, rounds: int) -> None:
    """One row: the same job on the same tree, in turns."""
    bench.say(f"{tree.name}: {tree.size}")
    runs = alternate([bench.tools.ours(tree), bench.tools.ruff(tree)], rounds)
    ours, theirs = runs.values()
    each = ratios(ours, theirs)
    ratio = statistics.median(each)
    table.add(
        tree.name,
        tree.size,
        seconds(median_wall(ours)),
        seconds(median_wall(theirs)),
        f"{ratio:.2f}x",
        f"{min(each):.2f}-{max(each):.2f}",
        f"{median_cpu(ours) / median_cpu(theirs):.2f}x",
        f"{ours[-1].changed_files} / {theirs[-1].changed_files}",
        *bench.verdict(gate, ratio, f"{tree.name} against ruff"),
    )
    if not ours[-1].changed_files:
        bench.missed.append(f"{tree.name}: our diff is empty, so its time means nothing")


def ruff_table(bench: Bench) -> Table:
    title = "Against ruff, cold: one rewrite, whole commands"
    for table in bench.tables:
        if table.title == title:
            return table
    columns = (
        "tree",
        "size",
        "ours, s",
        "ruff, s",
        "ours / ruff",
        "range",
        "CPU",
        "files changed",
        "gate",
        "",
    )
    table = bench.table(title, *columns)
    table.notes.append(
        "Ours: `fastapi-codemods diff --select depends-to-annotated .`; ruff:"
        " `ruff check --no-cache --isolated --select FAST002 --unsafe-fixes --diff .`."
        " Files changed: ours / ruff's; ours follows routers and dependencies that FAST002 does not see."
    )
    return table


def dense(bench: Bench) -> None:
    against_ruff(bench, bench.trees.dense(), DENSE, ruff_table(bench), bench.rounds)


def sparse(bench: Bench) -> None:
    against_ruff(bench, bench.trees.sparse(), SPARSE, ruff_table(bench), bench.rounds)


def check(bench: Bench) -> None:
    """Every codemod against ruff's rules for FastAPI and for blocking calls, without any cache."""
    columns = ("tree", "size", "ours, s", "ruff, s", "ours / ruff", "range", "CPU", "gate", "")
    table = bench.table("Checking with every codemod, cold: whole commands", *columns)
    table.notes.append(
        "Ours: `fastapi-codemods check .`; ruff: `ruff check --no-cache --isolated --select FAST,ASYNC`"
        " `--output-format concise .`. `blocking-in-async` follows calls through the project; ruff's rules do not."
    )
    rounds = max(2, bench.rounds // 2)
    trees = bench.trees
    for tree, gate in ((trees.dense(), CHECK_DENSE), (trees.sparse(), SPARSE), (trees.many(), CHECK)):
        bench.say(f"{tree.name}: check with every codemod")
        ours, theirs = alternate([bench.tools.check(tree), bench.tools.ruff_check(tree)], rounds).values()
        each = ratios(ours, theirs)
        table.add(
            tree.name,
            tree.size,
            seconds(median_wall(ours)),
            seconds(median_wall(theirs)),
            f"{statistics.median(each):.2f}x",
            f"{min(each):.2f}-{max(each):.2f}",
            f"{median_cpu(ours) / median_cpu(theirs):.2f}x",
            *bench.verdict(gate, statistics.median(each), f"check of {tree.name} against ruff"),
        )


def check_memory(bench: Bench) -> None:
    """The most memory that checking the largest tree takes."""
    if not can_sample():
        bench.say("memory is sampled from /proc, which this system does not have")
        return
    tree = bench.trees.many()
    columns = ("command", "size", "proportional, MB", "resident, MB", "gate", "holds")
    table = bench.table("Most memory at one time, checking with every codemod", *columns)
    bench.say(f"{tree.name}: memory of check")
    peak = peak_memory(bench.tools.check(tree))
    verdict = bench.verdict(MEMORY, peak.proportional, f"memory of check on {tree.name}")
    table.add(OURS, tree.size, f"{peak.proportional:.0f}", f"{peak.resident:.0f}", *verdict)


def check_linear(bench: Bench) -> None:
    """One and four copies of one application."""
    one, four = (bench.tools.check(bench.trees.copies(number)) for number in (1, 4))
    bench.say("growth of check")
    commands = [dataclasses.replace(one, name="1x"), dataclasses.replace(four, name="4x")]
    first, last = alternate(commands, max(2, bench.rounds // 2)).values()
    growth = statistics.median(ratios(last, first))
    table = bench.table("Growth of checking with every codemod", "copies", "ours, s", "growth", "gate", "")
    table.add("1x", seconds(median_wall(first)), "", "", "")
    table.add(
        "4x", seconds(median_wall(last)), f"{growth:.2f}x", *bench.verdict(GROWTH, growth, "growth of check to 4x")
    )


def check_warm(bench: Bench) -> None:
    """With what an earlier run kept: nothing changed, and one file changed in each round.

    The gate: at most 1.5 times ruff's warm run above what a bare Typer command takes.
    """
    tree = bench.trees.dense()
    typer = Command("typer", (bench.tools.python(), "-c", _BARE_TYPER, "a"), tree.folder)
    columns = (*WARM_COLUMNS, "bare Typer command, s", "gate", "")
    with tempfile.TemporaryDirectory(prefix="bench-warm-") as name:
        copy = dataclasses.replace(tree, folder=Path(name, "tree"))
        shutil.copytree(tree.folder, copy.folder)
        time.sleep(SETTLED)
        table = bench.table("Checking with every codemod, warm: whole commands", *columns)
        commands = bench.tools.check_warm(copy, Path(name)), bench.tools.ruff_warm(copy, Path(name))
        changed = max(copy.folder.rglob("*.py"), key=lambda file: file.stat().st_size)
        for what, some in (
            ("nothing changed", commands),
            ("one file changed", [command.after_change_of(changed) for command in commands]),
        ):
            bench.say(f"{tree.name}, check, warm, {what}")
            ours, theirs, bare = alternate([*some, typer], bench.rounds).values()
            each = ratios(ours, theirs)
            above = statistics.median((o.wall - b.wall) / t.wall for o, t, b in zip(ours, theirs, bare, strict=True))
            table.add(
                f"{tree.name}, {what}",
                tree.size,
                seconds(median_wall(ours)),
                seconds(median_wall(theirs)),
                f"{statistics.median(each):.2f}x",
                f"{min(each):.2f}-{max(each):.2f}",
                f"{median_cpu(ours) / median_cpu(theirs):.2f}x",
                seconds(median_wall(bare)),
                *bench.verdict(WARM, above, f"check of {tree.name}, {what}"),
            )


_BARE_TYPER = "import typer; app = typer.Typer(); app.command()(lambda: None); app([])"


def warm(bench: Bench) -> None:
    """Against ruff when both have their caches, on a copy of the tree: one file of it is changed in each round."""
    tree = bench.trees.dense()
    with tempfile.TemporaryDirectory(prefix="bench-warm-") as name:
        copy = dataclasses.replace(tree, folder=Path(name, "tree"))
        shutil.copytree(tree.folder, copy.folder)
        time.sleep(SETTLED)
        table = bench.table("Against ruff, warm: one rewrite, whole commands", *WARM_COLUMNS)
        commands = bench.tools.ours_warm(copy, Path(name)), bench.tools.ruff_warm(copy, Path(name))
        changed = max(copy.folder.rglob("*.py"), key=lambda file: file.stat().st_size)
        for what, some in (
            ("nothing changed", commands),
            ("one file changed", [command.after_change_of(changed) for command in commands]),
        ):
            bench.say(f"{tree.name}, warm, {what}")
            ours, theirs = alternate(some, bench.rounds).values()
            each = ratios(ours, theirs)
            table.add(
                f"{tree.name}, {what}",
                tree.size,
                seconds(median_wall(ours)),
                seconds(median_wall(theirs)),
                f"{statistics.median(each):.2f}x",
                f"{min(each):.2f}-{max(each):.2f}",
                f"{median_cpu(ours) / median_cpu(theirs):.2f}x",
            )
    table.notes.append(
        "Ours: `fastapi-codemods diff --select depends-to-annotated .`; ruff:"
        " `ruff check --isolated --select FAST,ASYNC --output-format concise .`, whose cache holds results; ours holds"
        " what files say, and asks its questions anew."
    )


def single(bench: Bench) -> None:
    against_ruff(bench, bench.trees.single(), SINGLE, ruff_table(bench), bench.rounds)


def many(bench: Bench) -> None:
    """Time against ruff without a gate, and memory with one."""
    tree = bench.trees.many()
    against_ruff(bench, tree, None, ruff_table(bench), min(bench.rounds, 3))
    if not can_sample():
        bench.say("memory is sampled from /proc, which this system does not have")
        return
    columns = ("command", "size", "proportional, MB", "resident, MB", "gate", "holds")
    table = bench.table("Most memory at one time, whole process tree", *columns)
    for command in (bench.tools.ours(tree), bench.tools.ruff(tree)):
        bench.say(f"memory of {command.name}")
        peak = peak_memory(command)
        gate = MEMORY if command.name == OURS else None
        verdict = bench.verdict(gate, peak.proportional, f"memory on {tree.name}")
        table.add(command.name, tree.size, f"{peak.proportional:.0f}", f"{peak.resident:.0f}", *verdict)
    table.notes.append(
        "Sampled every 10 ms. Proportional counts a page shared by several processes once and is what the"
        " gate is about; resident counts it for each of them."
    )


def linear(bench: Bench) -> None:
    """One, two and four copies of one application, ours and ruff's runs of all sizes in turns."""
    sizes = (1, 2, 4)
    trees = {number: bench.trees.copies(number) for number in sizes}
    commands: list[Command] = []
    for number, tree in trees.items():
        bench.say(f"{tree.name}: {tree.size}")
        for command in (bench.tools.ours(tree), bench.tools.ruff(tree)):
            name = f"{command.name} {number}x"
            commands.append(Command(name, command.arguments, command.folder, command.accept))
    runs = alternate(commands, bench.rounds)
    columns = (
        "copies",
        "ours, s",
        "growth",
        "ours CPU, s",
        "ruff, s",
        "ruff growth",
        "ours / ruff",
        "gate",
        "",
    )
    table = bench.table("Growth with the size of the tree", *columns)
    for number in sizes:
        ours, theirs = runs[f"{OURS} {number}x"], runs[f"ruff {number}x"]
        growth = statistics.median(ratios(ours, runs[f"{OURS} 1x"]))
        peer_growth = statistics.median(ratios(theirs, runs["ruff 1x"]))
        gate = GROWTH if number == sizes[-1] else None
        table.add(
            f"{number}x",
            seconds(median_wall(ours)),
            f"{growth:.2f}x",
            seconds(median_cpu(ours)),
            seconds(median_wall(theirs)),
            f"{peer_growth:.2f}x",
            f"{statistics.median(ratios(ours, theirs)):.2f}x",
            *bench.verdict(gate, growth, "growth from 1x to 4x"),
        )


def split(bench: Bench) -> None:
    """`split-router` on a giant module, and on one twice as large."""
    trees = [bench.trees.giant(times) for times in (1, 2)]
    once, twice = (bench.tools.split(tree) for tree in trees)
    twice = dataclasses.replace(twice, name=f"{twice.name} 2x")
    bench.say(f"{trees[0].name}: split-router")
    runs = alternate([once, twice], bench.rounds)
    table = bench.table(
        "Splitting one giant module: whole commands", "tree", "size", "s", "CPU, s", "growth", "gate", ""
    )
    wall = median_wall(runs[once.name])
    growth = statistics.median(ratios(runs[twice.name], runs[once.name]))
    verdict = bench.verdict(SPLIT, wall, f"split-router on {trees[0].name}")
    table.add(trees[0].name, trees[0].size, seconds(wall), seconds(median_cpu(runs[once.name])), "1.00x", *verdict)
    wall = median_wall(runs[twice.name])
    verdict = bench.verdict(SPLIT_GROWTH, growth, "growth of split-router with twice the routes")
    table.add(
        trees[1].name, trees[1].size, seconds(wall), seconds(median_cpu(runs[twice.name])), f"{growth:.2f}x", *verdict
    )
    table.notes.append("`fastapi-codemods diff --select split-router --jobs 1 .`: five domains become five modules.")


def peers(bench: Bench) -> None:
    """Peers built on LibCST, once each: they take from many seconds to minutes."""
    columns = (
        "tree",
        "size",
        "peer",
        "peer, s",
        "ours, s",
        "ours is faster",
        "files changed",
        "gate",
        "holds",
    )
    table = bench.table("Against tools built on LibCST: one rewrite, whole commands", *columns)
    for tree in (bench.trees.small(), *([bench.trees.dense()] if bench.slow_peers else [])):
        for command in (bench.tools.libcst(tree), bench.tools.fixit(tree)):
            bench.say(f"{tree.name}: {command.name}, once, may take minutes")
            before = run_times(bench.tools.ours(tree), 2)
            theirs = run(command)
            if not theirs.changed_files:
                raise UsageError(f"{command.name} printed no diff: {shlex.join(command.arguments)}")
            ours = before + run_times(bench.tools.ours(tree), 2)
            faster = theirs.wall / median_wall(ours)
            table.add(
                tree.name,
                tree.size,
                command.name,
                f"{theirs.wall:.1f}",
                seconds(median_wall(ours)),
                f"{faster:.0f}x",
                f"{theirs.changed_files} / {ours[-1].changed_files}",
                *bench.verdict(PEERS, faster, f"{tree.name} against {command.name}"),
            )
    table.notes.append(
        "The peer runs once, ours twice before and twice after it. On the small tree our start-up weighs as"
        " much as the work; `--slow-peers` adds the whole of open-webui. Files changed: the peer's / ours."
    )


def run_times(command: Command, times: int) -> list[Run]:
    return [run(command) for _ in range(times)]


def startup(bench: Bench) -> None:
    """What a command costs before it does anything, and whether it imports what it should not."""
    with tempfile.TemporaryDirectory(prefix="bench-empty-") as name:
        folder = Path(name)
        (folder / "nothing.py").write_text("print('nothing to do')\n", encoding="utf-8")
        commands = [
            Command("python -c pass", (bench.tools.python(), "-c", "pass"), folder),
            bench.tools.own("--help", folder, "--help"),
            bench.tools.own("list", folder, "list"),
            bench.tools.own("diff of a tree without FastAPI", folder, "diff", "."),
        ]
        bench.say("start-up")
        runs = alternate(commands, bench.rounds + 4)
        table = bench.table("Start-up", "command", "ms", "above python -c pass, ms", "imports LibCST")
        floor = median_wall(runs[commands[0].name])
        for command in commands:
            wall = median_wall(runs[command.name])
            heavy = command is not commands[0] and imports_libcst(command)
            table.add(command.name, f"{1000 * wall:.0f}", f"{1000 * (wall - floor):.0f}", "YES" if heavy else "no")
            if heavy:
                bench.missed.append(f"start-up: `{command.name}` imports libcst")


def imports_libcst(command: Command) -> bool:
    """By CPython's own list of imports, which it prints when asked to."""
    variables = os.environ | {"PYTHONPROFILEIMPORTTIME": "1"}
    done = subprocess.run(command.arguments, cwd=command.folder, env=variables, capture_output=True, check=False)
    return any(line.rpartition(b"|")[2].strip() == b"libcst" for line in done.stderr.splitlines())


SECTIONS: dict[str, Callable[[Bench], None]] = {
    "dense": dense,
    "sparse": sparse,
    "check": check,
    "check-warm": check_warm,
    "check-linear": check_linear,
    "check-memory": check_memory,
    "warm": warm,
    "single": single,
    "many": many,
    "linear": linear,
    "split": split,
    "peers": peers,
    "startup": startup,
}
QUICK = ("dense", "warm", "check-warm", "single", "linear", "split", "peers", "startup")


# --- the page ---


def seconds(value: float) -> str:
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"


def machine() -> str:
    """`2 cores of AMD EPYC ..., 23 GB, Linux 6.1, load 0.4`."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        model = next((value.strip() for name, _, value in lines if name.strip() == "model name"), model)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return f"{os.cpu_count()} cores of {model}, {memory:.0f} GB, {platform.system()} {platform.release()}"


def commit() -> str:
    here = Path(__file__).resolve().parent
    command = ["git", "describe", "--always", "--dirty"]
    return subprocess.run(command, cwd=here, capture_output=True, text=True, check=False).stdout.strip()


def circumstances(bench: Bench, load: float) -> list[str]:
    now = datetime.datetime.now(datetime.UTC)
    return [
        f"Date: {now:%Y-%m-%d %H:%M} UTC, commit {commit() or 'unknown'}",
        f"Machine: {machine()}",
        f"Load average: {load:.1f} before, {os.getloadavg()[0]:.1f} after (our own runs count)",
        f"Versions: {', '.join(bench.tools.versions())}",
        f"Rounds: {bench.rounds}",
    ]


def page(bench: Bench, facts: list[str]) -> str:
    parts = [
        "# Benchmarks",
        "<!-- Written by benchmarks/run.py; do not edit. -->",
        (
            "Whole commands, the command line's own start-up included, in turns on the same trees; medians."
            " How it is done and how to repeat it: `benchmarks/README.md`."
        ),
        "\n".join(f"- {fact}" for fact in facts),
        *(table.as_markdown().strip() for table in bench.tables),
        "## Gates",
        "\n".join(f"- missed: {text}" for text in bench.missed) or "All gates of this run hold.",
    ]
    return "\n\n".join(parts) + "\n"


# --- the command line ---


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--setup", action="store_true", help="install the peers and make the trees; then stop")
    parser.add_argument("--quick", action="store_true", help=f"3 rounds of {', '.join(QUICK)}")
    parser.add_argument("--rounds", type=int, help="rounds of each comparison (default: 7, quick: 3)")
    parser.add_argument("--only", metavar="NAME", action="append", help=f"a section, repeatable: {', '.join(SECTIONS)}")
    parser.add_argument("--slow-peers", action="store_true", help="LibCST's CLI and Fixit on all of open-webui too")
    parser.add_argument("--cache", type=Path, default=CACHE, help="trees, wheels, peers (default: %(default)s)")
    parser.add_argument("--corpora", type=Path, help="a folder with wheels downloaded earlier")
    parser.add_argument("--peers", type=Path, help="a virtual environment that has the peers (default: in the cache)")
    parser.add_argument(
        "--command",
        default=str(Path(sys.executable).with_name("fastapi-codemods")),
        help="our console script (default: the one installed beside this Python)",
    )
    parser.add_argument("--output", type=Path, help="write the page as Markdown, too")
    arguments = parser.parse_args()
    try:
        return command_line(arguments)
    except UsageError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def command_line(arguments: argparse.Namespace) -> int:
    names = arguments.only or (QUICK if arguments.quick else tuple(SECTIONS))
    for name in names:
        if name not in SECTIONS:
            raise UsageError(f"there is no section {name!r}; there are {', '.join(SECTIONS)}")
    cache = arguments.cache.expanduser().resolve()
    tools = Tools(tuple(shlex.split(arguments.command)), arguments.peers or cache / "peers")
    rounds = arguments.rounds or (3 if arguments.quick else 7)
    bench = Bench(tools, Trees(cache, arguments.corpora), rounds, arguments.slow_peers, arguments.quick)
    if arguments.setup:
        set_up(tools.peers)
        trees = bench.trees
        for tree in (trees.dense(), trees.small(), trees.single(), trees.sparse(), trees.many()):
            print(f"{tree.name:8} {tree.size:28} {tree.about}")
        return 0

    load = os.getloadavg()[0]
    if load > 0.5:
        bench.say(f"the machine is busy (load average {load:.1f}): trust ratios and CPU time, not seconds")
    for name in names:
        SECTIONS[name](bench)
    facts = circumstances(bench, load)
    print("\n".join(facts), end="\n\n")
    for table in bench.tables:
        print(table.as_text())
    print("\n".join(f"missed: {text}" for text in bench.missed) or "All gates of this run hold.")
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(page(bench, facts), encoding="utf-8")
        print(f"written: {arguments.output}")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    sys.exit(main())
