"""Commands that are imported when they are run, so that every start is quick."""

import importlib
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from attune.cli.exit_code import ExitCode
from attune.cli.options import CommandGroup
from attune.cli.process import without_collecting
from attune.domain.errors import AttuneError, InvalidInput

AnyCommand = TyperCommand | TyperGroup


class Deferred(TyperCommand):
    """The name, help and address of a command whose module is not loaded yet."""

    def __init__(self, name: str, summary: str, address: str, *, panel: str) -> None:
        super().__init__(name, help=summary, rich_help_panel=panel)
        self._address = address

    def load(self) -> AnyCommand:
        """Import the module and return what it has there: an app or a function."""
        module, _, attribute = self._address.partition(":")
        with without_collecting():
            target = getattr(importlib.import_module(module), attribute)
        if not isinstance(target, typer.Typer):
            target = _single(target, str(self.name))
        if _is_single(target, str(self.name)):
            return _checked(typer.main.get_command(target))
        return typer.main.get_group(target)


class LazyGroup(CommandGroup):
    """The root: knows all commands by name and loads the one that is run."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Find the command and load it."""
        name, command, rest = super().resolve_command(ctx, args)
        loaded = command.load() if isinstance(command, Deferred) else command
        return name, loaded, rest

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command; an error we have a name for is said in one line."""
        try:
            return super().invoke(ctx)
        except AttuneError as error:
            typer.echo(f"error: {error.message}", err=True)
            wrong = isinstance(error, InvalidInput)
            raise typer.Exit(ExitCode.USAGE if wrong else ExitCode.FAILED) from error


def _single(function: Any, name: str) -> typer.Typer:
    app = typer.Typer(add_completion=False)
    app.command(name)(function)
    return app


def _is_single(app: typer.Typer, name: str) -> bool:
    commands = app.registered_commands
    return not app.registered_groups and [each.name for each in commands] == [name]


def _checked(command: Any) -> AnyCommand:
    if not isinstance(command, TyperCommand | TyperGroup):
        raise TypeError(f"{command!r} is not a command")
    return command
