"""`attune audit`: who did what to which thing, when, from where, with what outcome."""

from enum import StrEnum
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.session import open_session

app = command_group("Search who did what.")


class Category(StrEnum):
    """What kind of thing was done."""

    ADMIN = "admin"
    API = "api"
    AUTH = "auth"
    EXECUTION = "execution"
    PACK = "pack"
    RBAC = "rbac"
    SECRET = "secret"  # noqa: S105 - a name of the contract


class Outcome(StrEnum):
    """How it ended."""

    SUCCESS = "success"
    FAILURE = "failure"
    DENIED = "denied"


def _resource(event: JsonObject) -> str:
    name = event.get("resource_ref") or event.get("resource_id") or ""
    return f"{event.get('resource_type') or ''} {name}".strip()


_LIST = (
    Column("id", "id"),
    Column("when", "created"),
    Column("who", "actor_login"),
    Column("what", "event_type"),
    Column("to", _resource, wide=True),
    Column("outcome", "outcome"),
)
_FIELDS = (
    *_LIST,
    Column("identity", "actor_identity"),
    Column("token", "actor_token_type"),
    Column("execution", "actor_execution"),
    Column("from", "actor_ip"),
    Column("with", "actor_user_agent"),
    Column("request", "request_id"),
    Column("method", "http_method"),
    Column("path", "http_path"),
    Column("details", "details"),
)


@app.command(
    "list",
    epilog=examples(
        "attune audit list --actor alice --since 2026-11-01T00:00:00Z",
        "attune audit list --resource-type key --what key.decrypted",
        "attune audit list --outcome denied -j",
    ),
)
def list_audit_events(
    ctx: typer.Context,
    *,
    category: Annotated[
        Category | None, typer.Option(help="Only this kind of thing.")
    ] = None,
    what: Annotated[
        str | None, typer.Option(help="Only this, such as rule.updated.")
    ] = None,
    outcome: Annotated[Outcome | None, typer.Option(help="Only what ended so.")] = None,
    actor: Annotated[str | None, typer.Option(help="Only what this login did.")] = None,
    resource_type: Annotated[
        str | None, typer.Option(help="Only what was done to such a thing.")
    ] = None,
    resource: Annotated[
        str | None, typer.Option(help="Only what was done to the thing of this ref.")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="From this moment on, as 2026-11-01T00:00:00Z.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Before this moment.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most records to list.")] = 50,
) -> None:
    """List what was done, the newest first."""
    filters = {
        "category": category,
        "event_type": what,
        "outcome": outcome,
        "actor_login": actor,
        "resource_type": resource_type,
        "resource_ref": resource,
        "created_after": since,
        "created_before": until,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("audit-events"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_audit_event(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Id of the record.")],
) -> None:
    """Show everything there is of one record."""
    with open_session(ctx) as session:
        found = session.client.get(api_path("audit-events", number))
        session.out.entity(found, _FIELDS)


@app.command("chain")
def show_chain(
    ctx: typer.Context,
    request: Annotated[str, typer.Argument(help="Id of the request.")],
) -> None:
    """List everything that one request did, in order."""
    with open_session(ctx) as session:
        path = api_path("audit-events", "by-request", request)
        session.out.rows(session.client.get(path), _LIST)
