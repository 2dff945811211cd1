"""`attune trigger webhook`: an address that turns requests into events."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import Session, open_session

app = command_group("Open, close and show the webhook of a trigger.")

_FIELDS = (
    Column("trigger", "ref"),
    Column("enabled", "webhook_enabled"),
    Column("key", "webhook_key"),
    Column("address", "url"),
    Column("try it", "example"),
)

_Ref = Annotated[str, typer.Argument(help="Ref of the trigger, pack.name.")]


@app.command(
    "enable", epilog=examples("attune trigger webhook enable demo.order_placed")
)
def enable_webhook(ctx: typer.Context, ref: _Ref) -> None:
    """Open the webhook and show its address."""
    with open_session(ctx) as session:
        _show(session, session.client.post(_path(ref, "enable")))


@app.command("disable")
def disable_webhook(ctx: typer.Context, ref: _Ref) -> None:
    """Close the webhook: requests to its address find nothing."""
    with open_session(ctx) as session:
        trigger = session.client.post(_path(ref, "disable"))
        session.out.done(f"the webhook of {ref} is closed", trigger)


@app.command("regenerate")
def regenerate_webhook(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Give the webhook a new address; the old one stops working at once."""
    with open_session(ctx) as session:
        confirm(f"Replace the address of {ref}? The old one stops working.", yes=yes)
        _show(session, session.client.post(_path(ref, "regenerate")))


@app.command("show")
def show_webhook(ctx: typer.Context, ref: _Ref) -> None:
    """Show the webhook's address."""
    with open_session(ctx) as session:
        _show(session, session.client.get(api_path("triggers", ref)))


def _path(ref: str, act: str) -> str:
    return api_path("triggers", ref, "webhooks", act)


def _show(session: Session, trigger: JsonObject) -> None:
    key = trigger.get("webhook_key") if trigger.get("webhook_enabled") else None
    if key:
        url = session.connection.api_url + api_path("webhooks", key)
        example = f"curl -X POST {url} -H 'Content-Type: application/json' -d '{{}}'"
        trigger = {**trigger, "url": url, "example": example}
    session.out.entity(trigger, _FIELDS)
