"""Every command and option, spelled once, and the fast way to read them.

The table below makes the Typer application (`app`), with its help and its error messages. Typer costs 0.2 s,
though, more than most runs take, so `parse` reads plain command lines from the same table. It is strict: what
it does not understand completely it leaves to Typer, so that there is one place for help and errors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Arguments = Mapping[str, Any]
"""One entry per option of the command, by `Option.name`: a str or None for a value, an int or None for a
number, a tuple of str for many, a bool for a switch."""


class Option(NamedTuple):
    name: str
    flags: tuple[str, ...]
    """Empty for a word without a flag, of which there is at most one kind per command."""
    kind: Literal["value", "number", "many", "switch"]
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    default: str | None = None
    required: bool = False
    codemod: str = ""
    """The codemod whose option it is: the same name is a field of its `options`."""


class Command(NamedTuple):
    name: str
    help: str
    example: str
    options: tuple[Option, ...] = ()


SHARED = (
    Option("paths", (), "many", "Files and folders; without any, the current folder.", "PATH"),
    Option("select", ("--select",), "many", "Only these codemods or chapters.", "NAME,..."),
    Option("ignore", ("--ignore",), "many", "Not these codemods or chapters.", "NAME,..."),
    Option("exclude", ("--exclude",), "many", "Not these files; patterns as in .gitignore.", "PATTERN,..."),
    Option(
        "safety",
        ("--safety",),
        "value",
        "How much a codemod may change, each level with those before it; serial-safe if not given.",
        choices=("safe", "serial-safe", "contract", "unsafe"),
    ),
    Option("target_fastapi", ("--target-fastapi",), "value", "Lowest FastAPI version to support.", "VERSION"),
    Option("config", ("--config",), "value", "Read [tool.fastapi-codemods] of this file.", "FILE"),
    Option("jobs", ("--jobs", "-j"), "number", "Processes; without it, as many as the work is worth.", "N"),
    Option("no_cache", ("--no-cache",), "switch", "Read every file, and keep nothing for the next run."),
)

RUNNING = (
    Option("app", ("--app",), "value", "The application, module:name or module:factory(); else it is searched.", "APP"),
    Option("replay", ("--replay",), "switch", "Also answer requests made from the schema, and compare the answers."),
    Option("test_command", ("--test-command",), "value", "Also run the tests; newly failing ones count.", "COMMAND"),
    Option("python", ("--python",), "value", "The project's interpreter or virtual environment.", "FILE"),
    Option("env", ("--env",), "many", "A variable that the application needs.", "NAME=VALUE"),
    Option("timeout", ("--timeout",), "number", "Seconds that one run of the application may take; 60.", "N"),
)
"""Of the commands that run the application, in a child process and on copies."""
_SPLIT = "split-router"

OF_CODEMODS = (
    Option(
        "by",
        ("--by",),
        "value",
        "What makes a group of routes: tag, path or the handler's name; without it, tags where they agree with paths.",
        choices=("tag", "path", "name"),
        codemod=_SPLIT,
    ),
    Option(
        "group",
        ("--group",),
        "many",
        "A group of routes by their paths, and no others; may be repeated.",
        "NAME=/PATH,...",
        codemod=_SPLIT,
    ),
    Option("min_routes", ("--min-routes",), "number", "Routes that make a module of their own.", "N", codemod=_SPLIT),
    Option("into", ("--into",), "value", "Folder for the new routers.", "FOLDER", codemod=_SPLIT),
    Option("add_tags", ("--add-tags",), "switch", "Give routers a tag; changes OpenAPI.", codemod=_SPLIT),
    Option(
        "reorder",
        ("--reorder",),
        "switch",
        "One router for each group, even if that changes the order of paths in OpenAPI.",
        codemod=_SPLIT,
    ),
    Option(
        "no_reexport",
        ("--no-reexport",),
        "switch",
        "Update what imports moved names from the old module, instead of importing them there.",
        codemod=_SPLIT,
    ),
    Option(
        "ladder",
        ("--ladder",),
        "value",
        "Handlers that block: plain functions, threads, or by what most handlers of the project do.",
        choices=("share", "def", "thread"),
        codemod="async-handler-to-def",
    ),
    Option(
        "unproven",
        ("--unproven",),
        "value",
        "What becomes of handlers with fields of unproven types: skip them, or make the fields Any.",
        choices=("any", "skip"),
        codemod="wrap-dict-returns",
    ),
    Option(
        "move",
        ("--move-middleware",),
        "switch",
        "Move registrations of middleware that stand in the wrong order, instead of reporting them.",
        codemod="middleware-order",
    ),
    Option(
        "settings",
        ("--settings",),
        "switch",
        "Write a settings class even where the project does not use pydantic-settings yet.",
        codemod="environment-to-settings",
    ),
    Option(
        "through_helpers",
        ("--through-helpers",),
        "switch",
        "Functions that handlers call get the objects that they use from the handlers.",
        codemod="global-to-dependency",
    ),
    Option(
        "update_tests",
        ("--update-tests",),
        "switch",
        "Tests that patch a global which handlers get from a dependency override that instead.",
        codemod="global-to-dependency",
    ),
    Option(
        "to",
        ("--to",),
        "value",
        "The key that bodies of errors shall have; without it, that of most errors.",
        "KEY",
        codemod="normalize-error-envelope",
    ),
    Option(
        "keep_wire",
        ("--keep-wire",),
        "switch",
        "Make the code of errors uniform, and send what was sent before by a registered handler.",
        codemod="normalize-error-envelope",
    ),
)
"""Options of single codemods. An option whose codemod is not selected is an error."""

COMMANDS = {
    command.name: command
    for command in (
        Command("list", "List the codemods.", "fastapi-codemods list"),
        Command(
            "explain",
            "Show the documentation of a codemod, with an example.",
            "fastapi-codemods explain depends-to-annotated",
            (Option("name", (), "value", "Name of a codemod.", "NAME", required=True),),
        ),
        Command(
            "check",
            "Report findings. Exit code 1 if there are any.",
            "fastapi-codemods check src --select dependencies --format json",
            (
                *SHARED,
                *OF_CODEMODS,
                Option("format", ("--format",), "value", "How to print.", None, ("text", "json"), "text"),
            ),
        ),
        Command(
            "diff",
            "Show what apply would change, as a patch for git apply.",
            "fastapi-codemods diff src --output changes.patch",
            (
                *SHARED,
                *OF_CODEMODS,
                Option("stat", ("--stat",), "switch", "Print how much changes in each file instead."),
                Option("output", ("--output",), "value", "Write the patch to this file.", "FILE"),
                Option("exit_code", ("--exit-code",), "switch", "Exit code 1 if anything would change."),
                Option("format", ("--format",), "value", "How to print.", None, ("text", "json"), "text"),
                Option(
                    "verify",
                    ("--verify",),
                    "switch",
                    "Run the application before and after; leave alone what breaks it.",
                ),
                *RUNNING,
            ),
        ),
        Command(
            "apply",
            "Change the files, all or none of them.",
            "fastapi-codemods apply src --select depends-to-annotated",
            (
                *SHARED,
                *OF_CODEMODS,
                Option("allow_dirty", ("--allow-dirty",), "switch", "Even with uncommitted changes in git."),
                Option(
                    "verify",
                    ("--verify",),
                    "switch",
                    "Run the application before and after; leave alone what breaks it.",
                ),
                *RUNNING,
            ),
        ),
        Command(
            "verify",
            "Compare what the application does now with what it did. Exit code 1 if it differs.",
            "fastapi-codemods verify --against main --replay",
            (
                Option("path", (), "value", "The project; without it, the one around the current folder.", "PATH"),
                Option("against", ("--against",), "value", "A git revision or a folder.", "REVISION", (), "HEAD"),
                *RUNNING,
                Option("format", ("--format",), "value", "How to print.", None, ("text", "json"), "text"),
            ),
        ),
        Command(
            "upgrade",
            "Show what the project needs to run with a newer FastAPI, its requirement included, as a patch.",
            "fastapi-codemods upgrade --to 0.165 --apply",
            (
                *(option for option in SHARED if option.name not in ("select", "ignore", "safety", "target_fastapi")),
                Option("to", ("--to",), "value", "The FastAPI to run with.", "VERSION", required=True),
                Option("output", ("--output",), "value", "Write the patch to this file.", "FILE"),
                Option("format", ("--format",), "value", "How to print.", None, ("text", "json"), "text"),
                Option("apply", ("--apply",), "switch", "Change the files, all or none of them."),
                Option("allow_dirty", ("--allow-dirty",), "switch", "Even with uncommitted changes in git."),
            ),
        ),
        Command(
            "undo",
            "Put the files back as they were before a run.",
            "fastapi-codemods undo",
            (Option("run", (), "value", "Id of a run; without it, the last one.", "RUN"),),
        ),
        Command("history", "List the runs of apply.", "fastapi-codemods history"),
        Command(
            "routes",
            "Show the routes of every application, without importing it.",
            "fastapi-codemods routes src --format csv",
            (
                *(option for option in SHARED if option.name not in ("select", "ignore", "safety")),
                Option("format", ("--format",), "value", "How to print.", None, ("text", "json", "csv"), "text"),
            ),
        ),
        Command(
            "profile",
            "Show which conventions the project follows, with the places that show it.",
            "fastapi-codemods profile src --format json",
            (
                *(option for option in SHARED if option.name not in ("select", "ignore", "safety")),
                Option("format", ("--format",), "value", "How to print.", None, ("text", "json"), "text"),
            ),
        ),
    )
}


def parse(words: Sequence[str]) -> tuple[str, Arguments] | None:
    """The command and its arguments, exactly as Typer would read them, or None: ask Typer."""
    command = COMMANDS.get(words[0]) if words else None
    if command is None:
        return None
    given: dict[str, list[str]] = {option.name: [] for option in command.options}
    by_flag = {flag: option for option in command.options for flag in option.flags}
    plain: list[str] = []
    rest = iter(words[1:])
    for word in rest:
        if word == "--":
            plain.extend(rest)
        elif not word.startswith("-"):
            plain.append(word)
        else:
            flag, equals, value = word.partition("=")
            option = by_flag.get(flag)
            if option is None or (equals and (option.kind == "switch" or not flag.startswith("--"))):
                return None
            if option.kind != "switch" and not equals:
                value = next(rest, "-")
                if value.startswith("-"):
                    return None
            given[option.name].append(value)
    return _complete(command, given, plain)


def _complete(command: Command, given: Mapping[str, list[str]], plain: list[str]) -> tuple[str, Arguments] | None:
    arguments: dict[str, Any] = {}
    for option in command.options:
        values = given[option.name]
        if not option.flags:
            values, plain = plain, []
            if option.kind == "value" and len(values) > 1:
                return None
        if option.required and not values:
            return None
        if option.choices and not set(values) <= set(option.choices):
            return None
        if option.kind == "number" and not all(_is_number(v) for v in values):
            return None
        arguments[option.name] = _value(option, values)
    return None if plain else (command.name, arguments)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 10 and int(value) > 0


def _value(option: Option, values: list[str]) -> object:
    if option.kind == "many":
        return tuple(values)
    if option.kind == "switch":
        return bool(values)
    if not values:
        return option.default
    return int(values[-1]) if option.kind == "number" else values[-1]
