"""The fixtures harness: what a case is, what running it gives, how two runs of an application are compared.

    tests/fixtures/<codemod>/<case_as_a_sentence>/
        before.py | before/    the project; before.py becomes main.py of an otherwise empty project
        after.py  | after/     the whole project afterwards; none = it must stay byte for byte
        case.toml              optional; KEYS below says what it may hold

Without `findings`, a case that changes expects fixable findings only, and one that does not expects none.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import re
import shutil
import subprocess
import symtable
import sys
import tomllib
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi_codemods import pipeline, registry
from fastapi_codemods.apply import apply_changes
from fastapi_codemods.config import Options
from fastapi_codemods.findings import Finding, Safety
from fastapi_codemods.review import patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from fastapi_codemods.plan import Plan

FIXTURES = Path(__file__).parent / "fixtures"

KEYS = {
    "options": "table of options as in pyproject.toml; select is the codemod unless it says otherwise",
    "findings": "every finding, in order: 'path:line part of the message [left alone: part of the reason]'",
    "warnings": "every warning of the plan, in order, in part",
    "skipped": "every skipped file, in order: 'path: part of the reason'",
    "app": "'main:app', 'main:create_app()', false = none; without it main:app if main.py makes that",
    "before_fails": "part of the error with which the application does not import before, on purpose",
    "lifespan": "true = startup and shutdown run around the requests",
    "requests": "tables: path, method (GET), json, headers, params, content, data, cookies; "
    "method WEBSOCKET sends each of `send` and awaits an answer",
    "declared": "table, complete, of what differs: routes (fields), openapi (JSON pointers), "
    "responses (requests), other (log, middleware, exception_handlers)",
}

OUR_FOLDERS = {".git", ".fastapi-codemods", "__pycache__"}

Tree = dict[str, bytes]
"""A project: POSIX path -> bytes."""


@dataclass(frozen=True)
class Case:
    folder: Path

    def __str__(self) -> str:
        return f"{self.codemod}/{self.name}"

    @property
    def codemod(self) -> str:
        return self.folder.parent.name

    @property
    def name(self) -> str:
        return self.folder.name

    @cached_property
    def before(self) -> Tree:
        tree = self._side("before")
        if tree is None:
            raise FileNotFoundError(f"{self.folder} has neither before.py nor before/")
        return tree

    @property
    def after(self) -> Tree | None:
        return self._side("after")

    @property
    def changes(self) -> bool:
        return self.after is not None

    def _side(self, side: str) -> Tree | None:
        file, folder = self.folder / f"{side}.py", self.folder / side
        if file.exists() and folder.exists():
            raise FileExistsError(f"{self.folder} has both {side}.py and {side}/")
        if file.exists():
            return {"main.py": file.read_bytes()}
        return read_tree(folder) if folder.exists() else None

    @cached_property
    def settings(self) -> dict[str, Any]:
        file = self.folder / "case.toml"
        settings = tomllib.loads(file.read_text("utf-8")) if file.exists() else {}
        if unknown := settings.keys() - KEYS.keys():
            raise KeyError(f"{file}: unknown {sorted(unknown)}; known: {sorted(KEYS)}")
        return settings

    @property
    def options(self) -> Options:
        values: dict[str, Any] = {"select": [self.codemod], "jobs": 1} | self.settings.get("options", {})
        if "safety" in values:
            values["safety"] = Safety[values["safety"].replace("-", "_").upper()]
        arguments: dict[str, Any] = {
            key.replace("-", "_"): tuple(value) if isinstance(value, list) else value for key, value in values.items()
        }
        return Options(**arguments)

    @property
    def app(self) -> str | None:
        """Where the application is, or None for a case without one."""
        app = self.settings.get("app", "main:app" if makes_an_application(self.before.get("main.py", b"")) else False)
        return app or None

    @property
    def declared(self) -> dict[str, list[str]]:
        return dict(self.settings.get("declared", {}))

    def leaves_something_alone(self) -> bool:
        return not self.changes or any("[left alone" in finding for finding in self.settings.get("findings", []))

    def accept_result(self, result: Tree) -> None:
        """Make `result` what the case expects."""
        (self.folder / "after.py").unlink(missing_ok=True)
        shutil.rmtree(self.folder / "after", ignore_errors=True)
        if result == self.before:
            return
        if (self.folder / "before.py").exists() and result.keys() == {"main.py"}:
            (self.folder / "after.py").write_bytes(result["main.py"])
        else:
            write_tree(self.folder / "after", result)

    def accept_findings(self, findings: list[str]) -> None:
        """Put `findings` into case.toml and leave the rest of it as it is."""
        file = self.folder / "case.toml"
        text = file.read_text("utf-8") if file.exists() else ""
        items = "".join(f"    {json.dumps(finding, ensure_ascii=False)},\n" for finding in findings)
        block = f"findings = [\n{items}]\n" if findings else "findings = []\n"
        start, end = span_of_key(text, "findings")
        file.write_text(text[:start] + block + text[end:], "utf-8")
        self.__dict__.pop("settings", None)


def cases() -> list[Case]:
    return [Case(folder) for codemod in folders_in(FIXTURES) for folder in folders_in(codemod)]


def folders_in(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.is_dir()) if folder.exists() else []


def read_tree(root: Path) -> Tree:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not OUR_FOLDERS & set(path.relative_to(root).parts)
    }


def write_tree(root: Path, tree: Tree) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def changed(before: Tree, plan: Plan) -> Tree:
    """`before` with the plan's changes."""
    after = dict(before)
    for change in plan.changes:
        if change.after is None:
            del after[change.path]
        else:
            after[change.path] = change.after
    return after


def span_of_key(text: str, key: str) -> tuple[int, int]:
    """Where a top-level key and its value stand in TOML; the start of the text when it is not there."""
    table = re.search(r"^\[", text, re.MULTILINE)
    top = text[: table.start()] if table else text
    match = re.search(rf"^{key}\s*=", top, re.MULTILINE)
    if not match:
        return 0, 0
    end = match.end()
    while True:  # the value ends with the first line that makes it whole
        end = text.index("\n", end) + 1 if "\n" in text[end:] else len(text)
        try:
            tomllib.loads(text[match.start() : end])
        except tomllib.TOMLDecodeError:
            if end == len(text):
                raise
        else:
            return match.start(), end


def makes_an_application(source: bytes) -> bool:
    """Whether a module has `app = FastAPI(...)` at its top level."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return False
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name("app")], value=ast.Call(func=function))
                | ast.AnnAssign(target=ast.Name("app"), value=ast.Call(func=function))
            ) if ast.unparse(function).endswith("FastAPI"):
                return True
            case _:
                pass
    return False


# Findings


def spelled(finding: Finding) -> str:
    reason = "" if finding.left_alone is None else f" [left alone: {finding.left_alone}]"
    return f"{finding.location.path}:{finding.location.line} {finding.message}{reason}"


EXPECTED_FINDING = re.compile(r"(?P<place>\S.*?:\d+) (?P<message>.*?)(?: \[left alone: (?P<reason>.*)\])?", re.DOTALL)


def describes(expected: str, finding: Finding) -> bool:
    """Whether `path:line part of the message [left alone: part of the reason]` is said of this finding."""
    match = EXPECTED_FINDING.fullmatch(expected)
    if not match:
        raise ValueError(f"not of the form 'path:line message [left alone: reason]': {expected!r}")
    place = f"{finding.location.path}:{finding.location.line}"
    if match["place"] != place or match["message"] not in finding.message:
        return False
    if match["reason"] is None or finding.left_alone is None:
        return match["reason"] is finding.left_alone
    return match["reason"] in finding.left_alone


def in_place_of_expected(expected: list[str], findings: tuple[Finding, ...]) -> list[str]:
    """The findings in full, except that those which are as expected are spelled like the expectation."""
    spelt = []
    for index, finding in enumerate(findings):
        wanted = expected[index] if index < len(expected) else None
        spelt.append(wanted if wanted is not None and describes(wanted, finding) else spelled(finding))
    return spelt


# Names


def names_lost(before: Tree, after: Tree) -> dict[str, set[str]]:
    """Per file, the names that nothing defines afterwards and that were defined, or not there, before.

    What a new file does not know may have come with the code from one that did not know it either.
    """
    lost = {}
    unknown_before = {
        name for path, content in before.items() if path.endswith(".py") for name in unresolved_names(content)
    }
    for path, content in after.items():
        if path.endswith(".py") and content != before.get(path):
            new = unresolved_names(content) - (unresolved_names(before[path]) if path in before else unknown_before)
            if new:
                lost[path] = new
    return lost


def unresolved_names(source: bytes) -> set[str]:
    """Names that are read somewhere in a module and bound nowhere that the reader can see.

    A postponed annotation (a string, or any under `from __future__ import annotations`) is evaluated by
    FastAPI with the module's globals: a name that only a function binds does not count there.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree)):
        return set()
    annotations = PostponedAnnotations(
        everywhere=any(
            isinstance(node, ast.ImportFrom)
            and node.module == "__future__"
            and any(alias.name == "annotations" for alias in node.names)
            for node in tree.body
        )
    )
    code = ast.unparse(ast.fix_missing_locations(annotations.visit(tree)))
    module = symtable.symtable(code, "<module>", "exec")
    read, bound = (
        set[str](),
        {"__file__", "__name__", "__doc__", "__package__", "__spec__", "__path__", "__builtins__"},
    )
    for table in tables(module):
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or table is module):
                read.add(symbol.get_name())
            if (symbol.is_assigned() or symbol.is_imported()) and (symbol.is_declared_global() or table is module):
                bound.add(symbol.get_name())
    return {name for name in read | annotations.names if name not in bound and not hasattr(builtins, name)}


def tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from tables(child)


class PostponedAnnotations(ast.NodeTransformer):
    """Takes out postponed annotations, keeping the names they read, and `if TYPE_CHECKING:` blocks."""

    def __init__(self, *, everywhere: bool) -> None:
        self.everywhere = everywhere
        self.names: set[str] = set()
        self.class_scopes: list[set[str]] = []

    def visit_If(self, node: ast.If) -> ast.AST:
        if ast.unparse(node.test).endswith("TYPE_CHECKING"):
            node.body = [ast.Pass()]
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        scopes = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        self.class_scopes.append(
            stored_names(node) | {inner.name for inner in ast.walk(node) if isinstance(inner, scopes)}
        )
        self.generic_visit(node)
        self.class_scopes.pop()
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = self.without_postponed(node.annotation)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = self.without_postponed(node.returns)
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = self.without_postponed(node.returns)
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = self.without_postponed(node.annotation) or ast.Constant(None)
        return self.generic_visit(node)

    def without_postponed(self, annotation: ast.expr | None) -> ast.expr | None:
        if annotation is None:
            return None
        if self.everywhere:
            self.read(annotation)
            return None
        for node in strings_that_name_types(annotation):
            self.read(node)
        return annotation

    def read(self, annotation: ast.expr) -> None:
        for string in strings_that_name_types(annotation):
            self.read(string)
        names = {node.id for node in ast.walk(annotation) if isinstance(node, ast.Name)}
        inner = stored_names(annotation) | {node.arg for node in ast.walk(annotation) if isinstance(node, ast.arg)}
        self.names |= names - inner - set[str]().union(*self.class_scopes)


def stored_names(tree: ast.AST) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


def strings_that_name_types(annotation: ast.expr) -> Iterator[ast.expr]:
    """The strings in an annotation that are annotations too: not Literal's, nor Annotated's metadata."""
    match annotation:
        case ast.Constant(str(text)):
            try:
                yield ast.parse(text, mode="eval").body
            except SyntaxError:
                return
        case ast.Subscript(value=value, slice=inner):
            kind = ast.unparse(value).rpartition(".")[2]
            if kind == "Literal":
                return
            if kind == "Annotated" and isinstance(inner, ast.Tuple):
                inner = inner.elts[0]
            yield from strings_that_name_types(inner)
        case ast.BinOp(left=left, right=right):
            yield from strings_that_name_types(left)
            yield from strings_that_name_types(right)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from strings_that_name_types(element)
        case _:
            return


# Applications


class Applications:
    """Snapshots of applications, taken by one child process that serves all cases of a test process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def snapshot(self, root: Path, case: Case) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("snapshot.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
                encoding="utf-8",
            )
        job = {
            "root": str(root),
            "app": case.app,
            "requests": case.settings.get("requests", []),
            "lifespan": case.settings.get("lifespan", False),
        }
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        requests.write(json.dumps(job) + "\n")
        requests.flush()
        answer = answers.readline() or '{"error": "tests/snapshot.py ended, see its standard error"}'
        snapshot: dict[str, Any] = json.loads(answer)
        return snapshot

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any], requests: list[dict[str, Any]]
) -> dict[str, list[str]]:
    """What is not the same in two snapshots, in the words of `declared`."""
    found = {
        "routes": sorted(different_route_fields(before["routes"], after["routes"])),
        "openapi": list(different_pointers(before["openapi"], after["openapi"])),
        "responses": [
            f"{request.get('method', 'GET')} {request['path']}"
            for request, old, new in zip(requests, before["responses"], after["responses"], strict=True)
            if old != new
        ],
        "other": [key for key in ("exception_handlers", "log", "middleware") if before[key] != after[key]],
    }
    return {kind: places for kind, places in found.items() if places}


def different_route_fields(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> set[str]:
    """The fields that differ in any route; `order` when that differs; `added GET /x`, `removed GET /x`."""
    old, new = keyed(before), keyed(after)
    fields = {f"removed {key}" for key in old.keys() - new.keys()} | {f"added {key}" for key in new.keys() - old.keys()}
    if not fields and list(old) != list(new):
        fields.add("order")
    for key in old.keys() & new.keys():
        fields |= {field for field in old[key].keys() | new[key].keys() if old[key].get(field) != new[key].get(field)}
    return fields


def keyed(routes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Routes by `GET /items`; a second route for the same requests is `GET /items #2`."""
    by_key: dict[str, dict[str, Any]] = {}
    for route in routes:
        key = base = " ".join([",".join(route["methods"]) or route["kind"], route["path"]])
        occurrence = 1
        while key in by_key:
            occurrence += 1
            key = f"{base} #{occurrence}"
        by_key[key] = route
    return by_key


def different_pointers(before: Any, after: Any, pointer: str = "") -> Iterator[str]:
    """JSON pointers of the smallest places that differ. The order of keys counts: it shows in the bytes."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            below = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if key in before and key in after:
                yield from different_pointers(before[key], after[key], below)
            else:
                yield below
        if before.keys() == after.keys() and list(before) != list(after):
            yield f"{pointer} (order)"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from different_pointers(old, new, f"{pointer}/{index}")
    elif before != after or type(before) is not type(after):
        yield pointer


# Running a case


@dataclass(frozen=True)
class Outcome:
    root: Path
    """The project before, on disk; nothing writes to it."""
    plan: Plan
    after: Tree


class Harness:
    """Runs cases below a scratch folder; a case is planned once, however many tests ask."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.applications = Applications()
        self._outcomes: dict[Case, Outcome] = {}

    def outcome(self, case: Case) -> Outcome:
        if case not in self._outcomes:
            root = self.project(case, "before", case.before)
            # What only reports is no part of a plan.
            only_reports = registry.get(case.codemod).safety is Safety.REPORT
            plan = (pipeline.check if only_reports else pipeline.plan)(root, [root], case.options)
            self._outcomes[case] = Outcome(root, plan, changed(case.before, plan))
        return self._outcomes[case]

    def project(self, case: Case, purpose: str, tree: Tree) -> Path:
        return write_tree(self.scratch / case.codemod / case.name / purpose, tree)

    def second_plan(self, case: Case) -> Plan:
        root = self.project(case, "second", self.outcome(case).after)
        return pipeline.plan(root, [root], case.options)

    def patched(self, case: Case) -> Tree:
        """The project after `git apply` of the patch that `diff` prints."""
        root = self.project(case, "patched", case.before)
        hermetic = {
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CEILING_DIRECTORIES": str(root.parent),
        }
        subprocess.run(
            ["git", "apply", "-"],
            cwd=root,
            input=patch.unified(self.outcome(case).plan.changes),
            env=os.environ | hermetic,
            check=True,
        )
        return read_tree(root)

    def applied(self, case: Case) -> Tree:
        root = self.project(case, "applied", case.before)
        apply_changes(root, self.outcome(case).plan.changes, command=f"fixture {case}", codemods=(case.codemod,))
        return read_tree(root)

    def snapshots(self, case: Case) -> tuple[dict[str, Any], dict[str, Any]]:
        outcome = self.outcome(case)
        before = self.applications.snapshot(outcome.root, case)
        if outcome.after == case.before:
            return before, before
        return before, self.applications.snapshot(self.project(case, "after", outcome.after), case)


def compile_error(path: str, content: bytes) -> str | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(content, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        return f"{path}: {error}"
    return None
