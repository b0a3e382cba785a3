"""Judge `depends-to-annotated` by FastAPI's own documentation examples.

    python scripts/fastapi_docs.py [--show] [--command COMMAND] [--docs /path/to/fastapi-0.165.0]

The sdist of FastAPI holds many examples twice: `tutorial001_non_an.py` in the old style and, by the same
authors, `tutorial001.py` with `Annotated`. The old-style files are copied into an empty folder and rewritten
by `fastapi-codemods apply --select depends-to-annotated`, and in a second copy by ruff's FAST002 where ruff
is installed. The table says for each how many parameters were converted, how many files became what the
authors wrote, whether comments and code outside signatures and imports stayed as they were, and whether each
application that imports has the same OpenAPI document as before, byte for byte.

Exit status: 0 when no old-style parameter is left and every OpenAPI document is unchanged, else 1; 2 for
bad input.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import io
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from real_apps import UsageError, download

VERSION = "0.165.0"
UNPACKED = Path(f"/tmp/apps/fastapi-{VERSION}")
"""Looked at first; elsewhere the sdist is downloaded into the cache."""

MARKERS = frozenset({"Query", "Path", "Body", "Header", "Cookie", "Form", "File", "Depends", "Security"})
DUMP = Path(__file__).resolve().parent / "real_apps" / "dump_openapi.py"


@dataclass(frozen=True)
class Pair:
    """One example in both styles; paths are relative to the sdist's root."""

    old: Path
    official: Path

    @property
    def module(self) -> str:
        return ".".join(self.old.with_suffix("").parts)


@dataclass
class Score:
    """What one tool made of the pairs."""

    name: str
    before: int = 0
    remaining: int = 0
    pairs_to_convert: int = 0
    changed_files: int = 0
    equal_modules: int = 0
    equal_bodies: int = 0
    importing: int = 0
    leftover: list[str] = field(default_factory=list)
    differing: list[Pair] = field(default_factory=list)
    lost_comments: list[str] = field(default_factory=list)
    touched_elsewhere: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    changed_openapi: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not (self.remaining or self.changed_openapi or self.broken)


def pairs_in(root: Path) -> list[Pair]:
    """Every old-style example whose twin exists; the mark stands in a file's name or in its folder's."""
    pairs = []
    for path in sorted((root / "docs_src").rglob("*.py")):
        old = path.relative_to(root)
        official = Path(*(part.replace("_non_an", "") for part in old.parts))
        if old != official and (root / official).is_file():
            pairs.append(Pair(old, official))
    return pairs


# --- what is compared ---


def old_style_parameters(tree: ast.Module) -> list[str]:
    """`function.parameter` for each parameter whose default is a call of `Query`, `Depends` and so on."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = node.args
            positional = [*arguments.posonlyargs, *arguments.args]
            defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
            for parameter, default in zip(
                positional + arguments.kwonlyargs, defaults + arguments.kw_defaults, strict=True
            ):
                if isinstance(default, ast.Call):
                    called = default.func
                    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                    if name in MARKERS:
                        found.append(f"{node.name}.{parameter.arg}")
    return found


def without_imports(tree: ast.Module) -> str:
    kept = [node for node in tree.body if not isinstance(node, ast.Import | ast.ImportFrom)]
    return ast.dump(ast.Module(kept, []))


def without_signatures(source: str) -> str:
    """Everything but parameters and top-level imports, to be compared before and after."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.args = ast.arguments([], [], None, [], [], None, [])
    return without_imports(tree)


def comments(source: str) -> Counter[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return Counter(token.string for token in tokens if token.type == tokenize.COMMENT)


def openapi_documents(docs: Path, rewritten: Path, pairs: list[Pair], python: str) -> dict[str, str]:
    """OpenAPI of every pair that imports, with the files in `rewritten` laid over a copy of `docs_src`."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "root")
        shutil.copytree(docs / "docs_src", root / "docs_src", ignore=shutil.ignore_patterns("__pycache__"))
        for pair in pairs:
            shutil.copyfile(rewritten / pair.old, root / pair.old)
        output, work = Path(folder, "openapi.json"), Path(folder, "work")
        work.mkdir()
        names = [pair.module for pair in pairs]
        command = [python, str(DUMP), "modules", str(root), str(output), *names]
        child = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=300, check=False)
        if not output.exists():
            reason = (child.stderr.strip().splitlines() or ["no message"])[-1]
            raise UsageError(f"the examples cannot be imported with {python}: {reason}")
        documents: dict[str, str] = json.loads(output.read_text("utf-8"))["documents"]
        return documents


# --- the run ---


def rewrite(tree: Path, command: list[str], *, accept: frozenset[int]) -> None:
    try:
        done = subprocess.run(command, cwd=tree, capture_output=True, text=True, timeout=300, check=False)
    except FileNotFoundError as error:
        raise UsageError(f"there is no command {command[0]!r}; install the project or give --command") from error
    if done.returncode not in accept:
        reason = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise UsageError(f"{shlex.join(command)} ended with exit status {done.returncode}: {reason}")


def judge(name: str, docs: Path, after: Path, pairs: list[Pair], python: str, before: dict[str, str]) -> Score:
    score = Score(name, importing=len({document.partition(":")[0] for document in before}))
    for pair in pairs:
        old, new = (docs / pair.old).read_text("utf-8"), (after / pair.old).read_text("utf-8")
        parameters = old_style_parameters(ast.parse(old))
        score.before += len(parameters)
        try:
            tree = ast.parse(new)
        except SyntaxError as error:
            score.broken.append(f"{pair.old}: {error}")
            continue
        left = old_style_parameters(tree)
        score.remaining += len(left)
        score.leftover += [f"{pair.old}: {place}" for place in left]
        score.changed_files += old != new
        if parameters:
            official = ast.parse((docs / pair.official).read_text("utf-8"))
            score.pairs_to_convert += 1
            score.equal_modules += ast.dump(tree) == ast.dump(official)
            if without_imports(tree) == without_imports(official):
                score.equal_bodies += 1
            else:
                score.differing.append(pair)
        if lost := comments(old) - comments(new):
            score.lost_comments.append(f"{pair.old}: {', '.join(lost)}")
        if without_signatures(old) != without_signatures(new):
            score.touched_elsewhere.append(str(pair.old))
    documents = openapi_documents(docs, after, pairs, python)
    score.changed_openapi = sorted(key for key, document in before.items() if documents.get(key) != document)
    return score


def figures(score: Score, pairs: int) -> list[tuple[str, str]]:
    return [
        ("old-style parameters before", str(score.before)),
        ("converted", str(score.before - score.remaining)),
        ("left in the old style", str(score.remaining)),
        ("files changed", f"{score.changed_files} of {pairs}"),
        ("bodies equal to the official rewrite", f"{score.equal_bodies} of {score.pairs_to_convert}"),
        ("whole modules equal, imports too", f"{score.equal_modules} of {score.pairs_to_convert}"),
        (
            "OpenAPI unchanged, modules that import",
            f"{score.importing - changed_modules(score)} of {score.importing}",
        ),
        ("files that lost a comment", str(len(score.lost_comments))),
        ("files changed outside signatures and imports", str(len(score.touched_elsewhere))),
        ("files that no longer parse", str(len(score.broken))),
    ]


def changed_modules(score: Score) -> int:
    return len({document.partition(":")[0] for document in score.changed_openapi})


def print_table(scores: list[Score], pairs: int) -> None:
    columns = [figures(score, pairs) for score in scores]
    label = max(len(text) for text, _ in columns[0])
    widths = [
        max(len(score.name), *(len(value) for _, value in column))
        for score, column in zip(scores, columns, strict=True)
    ]
    print(" " * label, *(score.name.rjust(width) for score, width in zip(scores, widths, strict=True)), sep="  ")
    for row, (text, _) in enumerate(columns[0]):
        cells = (column[row][1].rjust(width) for column, width in zip(columns, widths, strict=True))
        print(text.ljust(label), *cells, sep="  ")


def print_details(score: Score, docs: Path, after: Path, *, show: bool) -> None:
    for title, lines in (
        ("left in the old style", score.leftover),
        ("OpenAPI changed", score.changed_openapi),
        ("no longer parse", score.broken),
        ("lost a comment", score.lost_comments),
        ("changed outside signatures and imports", score.touched_elsewhere),
        ("bodies that differ from the official rewrite", [str(pair.old) for pair in score.differing]),
    ):
        if lines:
            print(f"\n{score.name}, {title}:")
            print(*(f"  {line}" for line in lines), sep="\n")
    if show:
        for pair in score.differing:
            official = (docs / pair.official).read_text("utf-8").splitlines(keepends=True)
            written = (after / pair.old).read_text("utf-8").splitlines(keepends=True)
            print()
            sys.stdout.writelines(
                difflib.unified_diff(official, written, f"official/{pair.official}", f"{score.name}/{pair.old}", n=1)
            )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument(
        "--command",
        default=str(Path(sys.executable).with_name("fastapi-codemods")),
        help="the tool (default: the one installed beside this Python)",
    )
    parser.add_argument("--docs", type=Path, help=f"unpacked sdist of FastAPI (default: {UNPACKED} or a download)")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path.home() / ".cache" / "fastapi-codemods-real-apps",
        help="where the sdist is downloaded to (default: %(default)s)",
    )
    parser.add_argument("--python", default=sys.executable, help=f"a Python with FastAPI {VERSION} (default: this one)")
    parser.add_argument(
        "--ruff",
        default=shutil.which("ruff", path=str(Path(sys.executable).parent)) or shutil.which("ruff"),
        help="ruff, to compare with (default: beside this Python, then PATH)",
    )
    parser.add_argument("--no-ruff", action="store_true", help="leave the comparison out")
    parser.add_argument("--show", action="store_true", help="a diff for every body that differs from the official one")
    arguments = parser.parse_args()
    try:
        return run(arguments)
    except UsageError as problem:
        print(f"fastapi_docs.py: {problem}", file=sys.stderr)
        return 2


def run(arguments: argparse.Namespace) -> int:
    docs: Path = arguments.docs or UNPACKED
    if arguments.docs is None and not docs.is_dir():
        docs = download("fastapi", VERSION, "sdist", arguments.cache)
    pairs = pairs_in(docs)
    if not pairs:
        raise UsageError(f"{docs} has no docs_src with pairs of examples; is it the sdist of FastAPI {VERSION}?")

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before"), Path(folder, "fastapi-codemods")
        for pair in pairs:
            (before / pair.old).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(docs / pair.old, before / pair.old)
        documents = openapi_documents(docs, before, pairs, arguments.python)

        shutil.copytree(before, after)
        command = [*shlex.split(arguments.command), "apply", "--select", "depends-to-annotated", "."]
        rewrite(after, command, accept=frozenset({0}))
        scores = [judge("fastapi-codemods", docs, after, pairs, arguments.python, documents)]

        if arguments.ruff and not arguments.no_ruff:
            by_ruff = Path(folder, "ruff")
            shutil.copytree(before, by_ruff)
            options = [
                "check",
                "--no-cache",
                "--isolated",
                "--select",
                "FAST002",
                "--unsafe-fixes",
                "--fix",
                ".",
            ]
            rewrite(by_ruff, [arguments.ruff, *options], accept=frozenset({0, 1}))
            scores.append(judge("ruff FAST002", docs, by_ruff, pairs, arguments.python, documents))

        print(f"{len(pairs)} pairs of examples in {docs}\n")
        print_table(scores, len(pairs))
        print_details(scores[0], docs, after, show=arguments.show)
        return 0 if scores[0].is_good else 1


if __name__ == "__main__":
    sys.exit(main())
