"""The root of the command line: names of all commands; each is imported when it runs."""

from typing import Annotated

import typer

from attune import __version__
from attune.cli.lazy import Deferred, LazyGroup

SERVER = "Run Attune"
CLIENT = "Use Attune"

CLIENT_COMMANDS = tuple(
    Deferred(name, summary, f"attune.cli.{name}:app", panel=CLIENT)
    for name, summary in (
        ("login", "Log in and remember it in the profile."),
        ("run", "Execute an action, show its output live, exit with its outcome."),
        ("auth", "Log in, log out, see who you are."),
        ("pack", "Upload, list and remove packs."),
        ("action", "List, show and execute actions."),
        ("execution", "List, follow and cancel executions."),
        ("trigger", "List, show and switch triggers and their webhooks."),
        ("rule", "List, make, change and switch rules."),
        ("event", "List, show and emit events."),
        ("enforcement", "List and show matches of rules."),
        ("runtime", "List and show runtimes."),
        ("config", "Show and change profiles and settings."),
    )
)

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
    Deferred(
        "worker",
        "Run a worker; list, show and cordon workers.",
        "attune.cli.worker:app",
        panel=SERVER,
    ),
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
    *CLIENT_COMMANDS,
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
