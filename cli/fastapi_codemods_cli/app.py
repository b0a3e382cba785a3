"""The Typer application, made from the table in `arguments`. Slow to import: for help and errors only.

No postponed annotations here: Typer evaluates them where the names of `build` are unknown.
"""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal

import typer

from .arguments import COMMANDS, Arguments, Command, Option


def build(run: Callable[[str, Arguments], int], show_version: Callable[[], int]) -> typer.Typer:
    """An application that ends each command in `run(name, arguments)` and exits with what that returns."""
    app = typer.Typer(
        name="fastapi-codemods",
        add_completion=False,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    def version_callback(asked: bool) -> None:
        if asked:
            raise typer.Exit(show_version())

    @app.callback(epilog="Only verify and --verify run the code of a project. Exit code 2: the work could not be done.")
    def start(
        version: Annotated[
            bool,
            typer.Option("--version", callback=version_callback, is_eager=True, help="Show the version."),
        ] = False,
    ) -> None:
        """Bring a FastAPI project up to its conventions: find, show, apply, undo."""

    for command in COMMANDS.values():
        app.command(command.name, help=command.help, epilog=f"Example: {command.example}")(_function(command, run))
    return app


def _function(command: Command, run: Callable[[str, Arguments], int]) -> Callable[..., None]:
    """A function with the signature that Typer shall read from, since it reads options from nothing else."""

    def function(**values: Any) -> None:
        arguments = {
            option.name: tuple(values[option.name] or ()) if option.kind == "many" else values[option.name]
            for option in command.options
        }
        raise typer.Exit(run(command.name, arguments))

    parameters = [_parameter(option) for option in command.options]
    function.__name__ = command.name
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    function.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return function


def _parameter(option: Option) -> inspect.Parameter:
    default: object = False if option.kind == "switch" else option.default
    return inspect.Parameter(
        option.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if option.required else default,
        annotation=Annotated[_type(option), _declaration(option)],
    )


def _type(option: Option) -> Any:
    if option.kind == "switch":
        return bool
    if option.kind == "many":
        return list[str] | None
    value: Any = Literal[option.choices] if option.choices else int if option.kind == "number" else str
    return value if option.required else value | None


def _declaration(option: Option) -> Any:
    shown: dict[str, Any] = {
        "help": option.help,
        "metavar": option.metavar,
        "show_default": bool(option.default),
    }
    if not option.flags:
        return typer.Argument(**shown)
    if option.kind == "number":
        shown["min"] = 1
    return typer.Option(*option.flags, **shown)
