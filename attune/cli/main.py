"""The root of the command line: names of all commands; each is imported when it runs."""

from typing import Annotated

import typer

from attune import __version__
from attune.cli.lazy import Deferred, LazyGroup

SERVER = "Run Attune"
CLIENT = "Use Attune"

COMMANDS = (
    Deferred(
        "up",
        "Run everything on this machine until Ctrl-C.",
        "attune.cli.up:up",
        panel=SERVER,
    ),
    Deferred(
        "down",
        "Stop what `attune up --detach` started.",
        "attune.cli.up:down",
        panel=SERVER,
    ),
    Deferred(
        "status",
        "Show the parts of the stack on this machine.",
        "attune.cli.up:status",
        panel=SERVER,
    ),
    Deferred("api", "Run the API.", "attune.cli.server:api", panel=SERVER),
    Deferred(
        "orchestrator",
        "Run the orchestrator.",
        "attune.cli.server:orchestrator",
        panel=SERVER,
    ),
    Deferred("worker", "Run a worker.", "attune.cli.server:worker", panel=SERVER),
    Deferred(
        "migrate",
        "Bring the database to this version.",
        "attune.cli.setup:migrate",
        panel=SERVER,
    ),
    Deferred(
        "setup",
        "Migrate, install the core pack, make administrator and worker token.",
        "attune.cli.setup:setup",
        panel=SERVER,
    ),
    Deferred(
        "worker-token",
        "Print a token with which a worker registers.",
        "attune.cli.setup:worker_token",
        panel=SERVER,
    ),
    Deferred(
        "health",
        "Tell whether a part on this host works.",
        "attune.cli.health:health",
        panel=SERVER,
    ),
)

app = typer.Typer(
    name="attune",
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"attune {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Show the version.",
        ),
    ] = False,
) -> None:
    """Attune: event-driven automation on durable workflows."""
    del version


def command() -> LazyGroup:
    """Return the root command with every other one mounted."""
    group = typer.main.get_command(app)
    if not isinstance(group, LazyGroup):
        raise TypeError("the root is a lazy group")
    for each in COMMANDS:
        group.add_command(each)
    return group


def main() -> None:
    """Run the command line."""
    command()(prog_name="attune")
