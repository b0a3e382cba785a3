"""What each command does, whichever way its arguments were read.

`run(name, arguments, words)` returns the exit code: 0 done, 1 there are findings (check) or changes
(diff --exit-code), 2 the work could not be done. A `CodemodsError` becomes one line; anything else is a bug
and keeps its traceback.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fastapi_codemods.config import Options, Settings, find_root, load, merge, read_safety, read_version
from fastapi_codemods.errors import CodemodsError, ConfigurationError, PathError

from . import progress, terminal
from .arguments import OF_CODEMODS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from fastapi_codemods.codemod import Codemod
    from fastapi_codemods.findings import Finding
    from fastapi_codemods.plan import FileChange, Plan
    from fastapi_codemods.proving import Proof

    from .arguments import Arguments

DONE, FOUND, FAILED = 0, 1, 2
INTERRUPTED, PIPE_CLOSED = 130, 141
"""What a shell reports for a program that ended by SIGINT or SIGPIPE."""


def run(name: str, arguments: Arguments, words: Sequence[str]) -> int:
    """Do one command. `words` are the command line as it was typed, for the history."""
    try:
        return _COMMANDS[name](arguments, words)
    except CodemodsError as error:
        terminal.note(f"error: {error}")
        return FAILED
    except BrokenPipeError:
        terminal.silence()
        return PIPE_CLOSED
    except KeyboardInterrupt as interrupt:
        terminal.note("; ".join(["interrupted", *getattr(interrupt, "__notes__", ())]))
        return INTERRUPTED


def show_version() -> int:
    from importlib.metadata import PackageNotFoundError, version

    try:
        terminal.write(f"fastapi-codemods {version('fastapi-codemods')}\n")
    except PackageNotFoundError:
        terminal.write("fastapi-codemods (not installed, run from its source)\n")
    return DONE


# --- check, diff, apply


class Task(NamedTuple):
    root: Path
    paths: tuple[Path, ...]
    options: Options


def check(arguments: Arguments, _: Sequence[str]) -> int:
    from fastapi_codemods import pipeline

    task = _task(arguments)
    with progress.shown() as report_progress:
        found = pipeline.check(task.root, task.paths, task.options, report_progress)
    if arguments["format"] == "json":
        from fastapi_codemods.review.report import report

        terminal.write(report(found))
    else:
        terminal.write("".join(_described(finding) for finding in found.findings))
    _note_incidents(found)
    if arguments["format"] == "text":
        terminal.note(_summary(found.findings))
    return _exit_code(task, found, FOUND if found.findings else DONE)


def diff(arguments: Arguments, _: Sequence[str]) -> int:
    task, planned, proof = _proved_plan(arguments)
    changes = planned.changes
    if arguments["format"] == "json":
        from .verification import document_of_plan

        terminal.write(document_of_plan(planned, proof))
        return _exit_code(task, planned, FOUND if changes and arguments["exit_code"] else DONE)
    if arguments["output"] is not None:
        from fastapi_codemods.review.patch import unified

        _write_file(Path(arguments["output"]), unified(changes))
    if arguments["stat"]:
        from fastapi_codemods.review.stat import stat

        terminal.write(stat(changes, _columns()))
    elif arguments["output"] is None:
        _show_patch(changes)
    _note_incidents(planned)
    _note_proof(proof)
    terminal.note(_counted(planned))
    return _exit_code(task, planned, FOUND if changes and arguments["exit_code"] else DONE)


def apply(arguments: Arguments, words: Sequence[str]) -> int:
    task, planned, proof = _proved_plan(arguments)
    _note_incidents(planned)
    _note_proof(proof)
    changes = planned.changes
    run_id = ""
    tests = None
    if changes and proof is None and arguments["test_command"] is not None:
        from .verification import Tests

        tests = Tests(task.root, arguments)
    if changes:
        run_id = _apply(task.root, planned, words, allow_dirty=arguments["allow_dirty"])
    terminal.note(_counted(planned))
    if tests is not None and run_id and not tests.still_pass(run_id):
        return FOUND
    return _exit_code(task, planned, DONE)


def _apply(root: Path, planned: Plan, words: Sequence[str], *, allow_dirty: bool) -> str:
    """Write the changes of a plan, say so, and give the id of the run; empty if the files were like that already."""
    from fastapi_codemods.apply import apply_changes

    changes = planned.changes
    run_id = apply_changes(
        root,
        changes,
        command=_typed(words),
        codemods=tuple(dict.fromkeys(step.codemod for step in planned.steps)),
        allow_dirty=allow_dirty,
        notify=terminal.note,
    )
    if run_id:
        terminal.write(f"run {run_id}: {_number(len(changes), 'file')} changed\n")
        terminal.write(f"to undo it: fastapi-codemods undo {run_id}\n")
    return run_id


def _proved_plan(arguments: Arguments) -> tuple[Task, Plan, Proof | None]:
    """The plan; held to what its codemods declare, if that was asked for."""
    if not arguments["verify"]:
        _refuse_options_of_verify(arguments)
        return *_plan(arguments), None
    from fastapi_codemods.proving import prove

    from .verification import dynamic_options

    task = _task(arguments)
    with progress.shown() as report_progress:
        proof = prove(task.root, task.paths, task.options, dynamic_options(arguments, task.root), report_progress)
    return task, proof.plan, proof


def _refuse_options_of_verify(arguments: Arguments) -> None:
    """Options that say how to run the application are a mistake where it is not run."""
    is_tested = "allow_dirty" in arguments and arguments["test_command"] is not None
    for name in ("app", "replay", "test_command", "python", "env", "timeout"):
        if arguments[name] and not (is_tested and name not in ("app", "replay")):
            raise ConfigurationError(f"--{name.replace('_', '-')} needs --verify")


def _note_proof(proof: Proof | None) -> None:
    if proof is not None:
        from .verification import text_of_proof

        for line in text_of_proof(proof):
            terminal.note(line)


def verify(arguments: Arguments, _: Sequence[str]) -> int:
    from . import verification

    return verification.verify(arguments)


def _typed(words: Sequence[str]) -> str:
    import shlex

    return shlex.join(["fastapi-codemods", *words])


def _task(arguments: Arguments) -> Task:
    paths = tuple(_path(word) for word in arguments["paths"]) or (Path(),)
    root = find_root(paths)
    _recover(root)
    explicit = None if arguments["config"] is None else _path(arguments["config"])
    asked = _asked(arguments)
    options = merge(asked, load(root, explicit, paths))
    if asked.codemods:
        _refuse_options_of_others(asked, options)
    return Task(root, paths, options)


def _refuse_options_of_others(asked: Settings, options: Options) -> None:
    from fastapi_codemods.registry import select

    selected = {codemod.name for codemod in select(options.select, options.ignore, options.safety)}
    for codemod, values in asked.codemods.items():
        if codemod not in selected:
            flag = next(f"--{name}" for name in values)
            raise ConfigurationError(f"{flag} is an option of {codemod}, which is not selected")


def _path(word: str) -> Path:
    if not word:
        raise PathError("a path on the command line is empty; is a variable of the shell not set?")
    return Path(word)


def _asked(arguments: Arguments) -> Settings:
    safety, version = arguments["safety"], arguments["target_fastapi"]
    return Settings(
        select=_split(arguments["select"]),
        ignore=_split(arguments["ignore"]),
        safety=None if safety is None else read_safety(safety, "--safety"),
        exclude=_split(arguments["exclude"]),
        target_fastapi=None if version is None else read_version(version, "--target-fastapi"),
        jobs=arguments["jobs"],
        cache=False if arguments["no_cache"] else None,
        codemods=_asked_of_codemods(arguments),
    )


def _asked_of_codemods(arguments: Arguments) -> dict[str, dict[str, object]]:
    asked: dict[str, dict[str, object]] = {}
    for option in OF_CODEMODS:
        if value := arguments.get(option.name):
            asked.setdefault(option.codemod, {})[option.name.replace("_", "-")] = value
    return asked


def _split(words: Sequence[str]) -> tuple[str, ...] | None:
    parts = tuple(part.strip() for word in words for part in word.split(",") if part.strip())
    return parts if words else None


def _recover(root: Path) -> None:
    """A run that was killed left the tree between before and after: nothing is read until that is settled."""
    from fastapi_codemods.apply import pending

    if pending(root):
        from fastapi_codemods.apply import recover

        recover(root, notify=terminal.note)


def _plan(arguments: Arguments) -> tuple[Task, Plan]:
    from fastapi_codemods import pipeline

    task = _task(arguments)
    with progress.shown() as report_progress:
        return task, pipeline.plan(task.root, task.paths, task.options, report_progress)


def _exit_code(task: Task, done: Plan, otherwise: int) -> int:
    """A file that was named must be readable; one that was only met on the way may be skipped."""
    skipped = {os.path.join(task.root, *skip.path.split("/")) for skip in done.skipped}
    if not skipped:
        return otherwise
    named = {os.path.join(os.path.realpath(path.parent), path.name) for path in task.paths if not path.is_dir()}
    return FAILED if named & skipped else otherwise


# --- what they print


def _described(finding: Finding) -> str:
    place, message = terminal.printable(str(finding.location)), terminal.printable(finding.message)
    line = f"{place}: {finding.codemod} {message}\n"
    if finding.left_alone is not None:
        line += f"    left alone: {terminal.printable(finding.left_alone)}\n"
    return line


def _note_incidents(plan: Plan) -> None:
    for skipped in plan.skipped:
        terminal.note(f"skipped {skipped.path}: {skipped.reason}")
    for warning in plan.warnings:
        terminal.note(f"warning: {warning}")


def _summary(findings: Sequence[Finding]) -> str:
    if not findings:
        return "no findings"
    files = len({finding.location.path for finding in findings})
    fixable = sum(finding.fixable for finding in findings)
    left_alone = sum(finding.left_alone is not None for finding in findings)
    parts = [f"{_number(len(findings), 'finding')} in {_number(files, 'file')}"]
    if fixable:
        parts.append(f"{fixable} to be fixed by `fastapi-codemods apply`")
    if left_alone:
        parts.append(f"{left_alone} left alone")
    if fixable + left_alone < len(findings):
        parts.append(f"{len(findings) - fixable - left_alone} to be fixed by hand")
    return ", ".join(parts)


def _counted(plan: Plan) -> str:
    rewritten = sum(len(step.findings) for step in plan.steps)
    text = f"{_number(len(plan.changes), 'file')}, {_number(rewritten, 'finding')}"
    left_alone = sum(finding.left_alone is not None for finding in plan.findings)
    return f"{text}; {left_alone} left alone: see check" if left_alone else text


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _show_patch(changes: Iterable[FileChange]) -> None:
    from fastapi_codemods.review.patch import unified

    patch = unified(changes)
    if terminal.is_terminal(sys.stdout):
        terminal.write(terminal.patch_for_reading(patch, terminal.has_colours(sys.stdout)))
    else:
        terminal.write_bytes(patch)


def _columns() -> int:
    return os.get_terminal_size(sys.stdout.fileno()).columns if terminal.is_terminal(sys.stdout) else 80


def _write_file(path: Path, data: bytes) -> None:
    """All of it or nothing, beside the file and then in its place. A device is written to directly."""
    place = Path(os.path.realpath(path))
    part = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        if place.exists() and not place.is_file():
            place.write_bytes(data)
            return
        try:
            with open(part, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if place.exists():
                os.chmod(part, place.stat().st_mode & 0o7777)
            os.replace(part, place)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise PathError(f"{path} cannot be written: {error.strerror}") from None


# --- undo, history


def undo(arguments: Arguments, words: Sequence[str]) -> int:
    from fastapi_codemods.apply import undo

    root = find_root(())
    undone = undo(root, arguments["run"], notify=terminal.note, command=_typed(words))
    terminal.write(f"run {undone.id} undone: {_number(len(undone.paths), 'file')} as before\n")
    return DONE


def history(_arguments: Arguments, _: Sequence[str]) -> int:
    from fastapi_codemods.apply import history

    root = find_root(())
    _recover(root)
    for past in history(root):
        files = _number(len(past.paths), "file")
        terminal.write(f"{past.id}  {past.time}  {past.state:<7}  {files}  {terminal.printable(past.command)}\n")
    return DONE


# --- upgrade


def upgrade(arguments: Arguments, words: Sequence[str]) -> int:
    from fastapi_codemods.upgrade import plan_upgrade

    from . import upgrade as work

    # Its `--to` is another one than that of a codemod.
    task = _task({**arguments, "to": None, "select": (), "ignore": (), "safety": None, "target_fastapi": None})
    with progress.shown() as report_progress:
        planned = plan_upgrade(task.root, task.paths, task.options, arguments["to"], report_progress)
    changes = planned.plan.changes
    if arguments["output"] is not None:
        from fastapi_codemods.review.patch import unified

        _write_file(Path(arguments["output"]), unified(changes))
    if arguments["format"] == "json":
        terminal.write(work.document(planned))
    elif arguments["output"] is None and not arguments["apply"]:
        _show_patch(changes)
    _note_incidents(planned.plan)
    if arguments["format"] == "text":
        for line in work.described(planned):
            terminal.note(line)
    if arguments["apply"] and changes:
        _apply(task.root, planned.plan, words, allow_dirty=arguments["allow_dirty"])
    return _exit_code(task, planned.plan, DONE)


# --- list, explain


def list_codemods(_arguments: Arguments, _: Sequence[str]) -> int:
    from fastapi_codemods.registry import all_codemods

    rows = [(c.name, c.chapter, c.safety.label, c.summary) for c in sorted(all_codemods(), key=_by_chapter)]
    if terminal.is_terminal(sys.stdout):
        from . import rich_text

        rich_text.print_table(("Codemod", "Chapter", "Safety", "What it establishes"), rows)
    else:
        terminal.write(terminal.aligned(rows))
    return DONE


def _by_chapter(codemod: Codemod) -> tuple[str, str]:
    return codemod.chapter, codemod.name


def explain(arguments: Arguments, _: Sequence[str]) -> int:
    from fastapi_codemods.registry import get

    from .documentation import page

    text = page(get(arguments["name"]))
    if terminal.is_terminal(sys.stdout):
        from . import rich_text

        rich_text.print_markdown(text)
    else:
        terminal.write(text)
    return DONE


# --- routes, profile


def _task_without_codemods(arguments: Arguments) -> Task:
    """What codemods are selected by has no meaning here."""
    return _task({**arguments, "select": (), "ignore": (), "safety": None})


def routes(arguments: Arguments, _: Sequence[str]) -> int:
    from . import routes as work

    task = _task_without_codemods(arguments)
    work.show(task.root, task.paths, task.options, arguments["format"])
    return DONE


def profile(arguments: Arguments, _: Sequence[str]) -> int:
    from . import profile as work

    task = _task_without_codemods(arguments)
    work.show(task.root, task.paths, task.options, arguments["format"])
    return DONE


_COMMANDS: Mapping[str, Callable[[Arguments, Sequence[str]], int]] = {
    "list": list_codemods,
    "explain": explain,
    "check": check,
    "diff": diff,
    "apply": apply,
    "upgrade": upgrade,
    "undo": undo,
    "history": history,
    "routes": routes,
    "profile": profile,
    "verify": verify,
}
