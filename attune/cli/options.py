"""The options every command has, declared once and accepted at every level."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from attune.cli.errors import CommandError
from attune.cli.exit_code import ExitCode

_CHOSEN = "attune.cli.options"
_PANEL = "Global options"


class OutputFormat(StrEnum):
    """How a command prints its answer."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


def chosen(ctx: typer.Context) -> dict[str, Any]:
    """Return the global options given so far; every level writes into the same."""
    options: dict[str, Any] = ctx.meta.setdefault(_CHOSEN, {})
    return options


def _remember(ctx: typer.Context, param: typer.CallbackParam, value: object) -> None:
    # An option left out after the command must not undo the one before it.
    if value is not None and value is not False:
        chosen(ctx)[param.name] = value


def _global_options(
    *,
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            "-p",
            help="Profile of the configuration file (ATTUNE_PROFILE).",
            callback=_remember,
            expose_value=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    api_url: Annotated[
        str | None,
        typer.Option(
            "--api-url",
            help="Address of the API (ATTUNE_API_URL).",
            callback=_remember,
            expose_value=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    output: Annotated[
        OutputFormat | None,
        typer.Option(
            "--output",
            help="How to print the answer.",
            callback=_remember,
            expose_value=False,
            rich_help_panel=_PANEL,
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            "-j",
            help="Short for --output json.",
            callback=_remember,
            expose_value=False,
            rich_help_panel=_PANEL,
        ),
    ] = False,
    yaml: Annotated[
        bool,
        typer.Option(
            "--yaml",
            "-y",
            help="Short for --output yaml.",
            callback=_remember,
            expose_value=False,
            rich_help_panel=_PANEL,
        ),
    ] = False,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose",
            "-v",
            help="Show each request on standard error.",
            callback=_remember,
            expose_value=False,
            rich_help_panel=_PANEL,
        ),
    ] = False,
) -> None:
    """Carry the declarations: Typer reads the signature."""


def _declared() -> list[Any]:
    carrier = typer.Typer(add_completion=False)
    carrier.command()(_global_options)
    return list(typer.main.get_command(carrier).params)


GLOBAL_OPTIONS = _declared()
"""One object per option, shared by all commands: parameters hold no state."""


@contextmanager
def errors_reported() -> Iterator[None]:
    """Turn what went wrong into lines on standard error and an exit code."""
    try:
        yield
    except CommandError as error:
        typer.echo("\n".join(error.lines()), err=True)
        raise typer.Exit(error.code) from error
    except KeyboardInterrupt as interrupt:
        typer.echo(err=True)
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt


class Command(TyperCommand):
    """A command that takes the global options and reports errors in one line."""

    def __init__(self, name: str | None, **attributes: Any) -> None:
        super().__init__(name, **attributes)
        self.params.extend(GLOBAL_OPTIONS)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what it could not do is said in one line."""
        with errors_reported():
            return super().invoke(ctx)


class CommandGroup(TyperGroup):
    """A group that takes the global options, as do all commands in it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.params.extend(GLOBAL_OPTIONS)
        for command in self.commands.values():
            if not isinstance(command, Command | CommandGroup):
                command.params.extend(GLOBAL_OPTIONS)

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; what it could not do is said in one line."""
        with errors_reported():
            return super().invoke(ctx)


def command_group(summary: str) -> typer.Typer:
    """Return an empty group of commands with the global options."""
    return typer.Typer(cls=CommandGroup, help=summary, no_args_is_help=True)


def examples(*lines: str) -> str:
    """Return an epilog that shows the given command lines."""
    # Brackets would be read as markup.
    return "\n".join(["Examples:", *lines]).replace("[", r"\[")
