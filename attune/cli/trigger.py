"""`attune trigger`: kinds of events, and webhooks that make them."""

from enum import StrEnum
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import given_changes
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import open_session
from attune.cli.webhook import app as webhook


class PayloadCheckChoice(StrEnum):
    """What can become of events whose payload is not what the trigger says."""

    REFUSE = "refuse"
    MARK = "mark"
    OFF = "off"


app = command_group("List, show, change and switch triggers and their webhooks.")
app.add_typer(webhook, name="webhook")

_LIST = (
    Column("ref", "ref"),
    Column("label", "label", wide=True),
    Column("enabled", "enabled"),
    Column("webhook", "webhook_enabled"),
    Column("description", "description", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("label", "label"),
    Column("description", "description"),
    Column("pack", "pack_ref"),
    Column("sensor", "sensor_ref"),
    Column("enabled", "enabled"),
    Column("ad hoc", "is_adhoc"),
    Column("webhook", "webhook_enabled"),
    Column("webhook key", "webhook_key"),
    Column("parameters", "param_schema"),
    Column("payload", "out_schema"),
    Column("other payloads", "payload_check"),
    *TIMES,
)

_Ref = Annotated[str, typer.Argument(help="Ref of the trigger, pack.name.")]


@app.command("list")
def list_triggers(
    ctx: typer.Context,
    pack: Annotated[
        str | None, typer.Option(help="Only triggers of this pack.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, label or description.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most triggers to list.")] = 100,
) -> None:
    """List the triggers that rules can listen to."""
    path = api_path("packs", pack, "triggers") if pack else api_path("triggers")
    with open_session(ctx) as session:
        session.out.rows(session.client.items(path, {"q": query}, limit), _LIST)


@app.command("show")
def show_trigger(ctx: typer.Context, ref: _Ref) -> None:
    """Show a trigger with what it takes and what its events hold."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("triggers", ref)), _FIELDS)


@app.command("enable")
def enable_trigger(ctx: typer.Context, ref: _Ref) -> None:
    """Let the trigger make events."""
    with open_session(ctx) as session:
        trigger = session.client.post(api_path("triggers", ref, "enable"))
        session.out.done(f"trigger {ref} is enabled", trigger)


@app.command("disable")
def disable_trigger(ctx: typer.Context, ref: _Ref) -> None:
    """Keep the trigger from making events."""
    with open_session(ctx) as session:
        trigger = session.client.post(api_path("triggers", ref, "disable"))
        session.out.done(f"trigger {ref} is disabled", trigger)


@app.command(
    "update", epilog=examples("attune trigger update demo.paid --payload-check refuse")
)
def update_trigger(
    ctx: typer.Context,
    *,
    ref: _Ref,
    label: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    payload_check: Annotated[
        PayloadCheckChoice | None,
        typer.Option(help="What becomes of events whose payload does not fit."),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="YAML or JSON of the changes.")
    ] = None,
) -> None:
    """Change a trigger; what is not named stays."""
    said = {
        "label": label,
        "description": description,
        "payload_check": payload_check and payload_check.value,
    }
    body = given_changes(file, said)
    with open_session(ctx) as session:
        trigger = session.client.put(api_path("triggers", ref), body)
        session.out.done(f"trigger {ref} changed", trigger)


@app.command("delete")
def delete_trigger(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a trigger; its events are kept."""
    with open_session(ctx) as session:
        confirm(f"Delete the trigger {ref}?", yes=yes)
        answer = session.client.delete(api_path("triggers", ref))
        session.out.done(f"trigger {ref} deleted", answer)
