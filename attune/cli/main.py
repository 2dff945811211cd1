"""The root of the command line: names of all commands; each is imported when it runs."""

from typing import Annotated

import typer

from attune import __version__
from attune.cli.interrupt import ignore_interrupts
from attune.cli.lazy import Deferred, LazyGroup

SERVER = (
    ("up", "Run everything on this machine until Ctrl-C.", "up:up"),
    ("down", "Stop the stack on this machine.", "up:down"),
    ("status", "Show the parts of the stack on this machine.", "up:status"),
    (
        "demo",
        "Watch a webhook become a result, and a release wait for a person.",
        "demo:demo",
    ),
    ("api", "Run the API.", "server:api"),
    ("orchestrator", "Run the orchestrator.", "server:orchestrator"),
    ("worker", "Run a worker; list workers, keep work away from one.", "worker:app"),
    ("migrate", "Bring the database to this version.", "setup:migrate"),
    ("setup", "Migrate, install the core pack, make the administrator.", "setup:setup"),
    (
        "worker-token",
        "Print a token with which a worker registers.",
        "setup:worker_token",
    ),
    ("health", "Tell whether a part on this host works.", "health:health"),
)
CLIENT = (
    ("login", "Log in and remember it in the profile.", "login:app"),
    (
        "run",
        "Execute an action, show its output live, exit with its outcome.",
        "run:app",
    ),
    ("auth", "Log in, log out, see who you are.", "auth:app"),
    (
        "identity",
        "List, make, change and freeze people and services.",
        "identity:app",
    ),
    (
        "permission",
        "Make permission sets, give them to people and roles.",
        "permission:app",
    ),
    ("pack", "Upload, list, configure and remove packs.", "pack:app"),
    ("action", "List, show and execute actions.", "action:app"),
    ("workflow", "List, show, check and upload workflows.", "workflow:app"),
    ("execution", "List, follow and cancel executions.", "execution:app"),
    ("artifact", "List, show, upload and download artifacts.", "artifact:app"),
    ("inquiry", "List, show and answer what executions ask.", "inquiry:app"),
    ("trigger", "List, show and switch triggers and their webhooks.", "trigger:app"),
    (
        "sensor",
        "List, show, switch and restart sensors; read their logs.",
        "sensor:app",
    ),
    ("rule", "List, make, change and switch rules.", "rule:app"),
    ("timer", "List timers, and see when they fire.", "timer:app"),
    ("policy", "List, make, change and switch limits on executions.", "policy:app"),
    ("key", "List, make and change settings and secrets.", "key:app"),
    ("event", "List, show and emit events.", "event:app"),
    ("enforcement", "List and show matches of rules.", "enforcement:app"),
    (
        "notification",
        "List and follow notifications of changes.",
        "notification:app",
    ),
    ("runtime", "List and show runtimes.", "runtime:app"),
    ("audit", "Search who did what.", "audit:app"),
    ("config", "Show and change profiles and settings.", "config:app"),
)

COMMANDS = tuple(
    Deferred(name, summary, f"attune.cli.{address}", panel=panel)
    for panel, rows in (("Use Attune", CLIENT), ("Run Attune", SERVER))
    for name, summary, address in rows
)
"""Every command; one that is not listed here does not exist."""

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
    try:
        command()(prog_name="attune")
    finally:
        # One more Ctrl-C must not change the exit code of a command that is over.
        ignore_interrupts()
