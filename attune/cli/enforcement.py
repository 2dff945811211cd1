"""`attune enforcement`: which rules matched which events."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.options import command_group
from attune.cli.output import Column
from attune.cli.session import open_session

app = command_group("List and show matches of rules.")

_LIST = (
    Column("id", "id"),
    Column("rule", "rule_ref"),
    Column("trigger", "trigger_ref"),
    Column("event", "event"),
    Column("status", "status"),
    Column("created", "created"),
)
_FIELDS = (
    *_LIST,
    Column("resolved", "resolved_at"),
    Column("trace", "trace_tag"),
    Column("parameters", "config"),
    Column("payload", "payload"),
    Column("conditions", "conditions"),
    Column("matching", "condition"),
)


@app.command("list")
def list_enforcements(
    ctx: typer.Context,
    *,
    rule: Annotated[str | None, typer.Option(help="Only matches of this rule.")] = None,
    trigger: Annotated[
        str | None, typer.Option(help="Only events of this trigger.")
    ] = None,
    event: Annotated[int | None, typer.Option(help="Only this event.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only this status: created, processed, disabled.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most matches to list.")] = 20,
) -> None:
    """List enforcements, the newest first."""
    filters = {
        "rule_ref": rule,
        "trigger_ref": trigger,
        "event": event,
        "status": status,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("enforcements"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_enforcement(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Number of the enforcement.")],
) -> None:
    """Show an enforcement with the parameters that the rule made."""
    with open_session(ctx) as session:
        session.out.entity(
            session.client.get(api_path("enforcements", number)), _FIELDS
        )
