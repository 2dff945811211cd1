"""`attune notification`: what changed, and what changes while you watch."""

import json
import sys
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.notification_stream import NotificationStream
from attune.cli.options import OutputFormat, command_group, examples
from attune.cli.output import Column, Output, printable
from attune.cli.session import open_session

app = command_group("List and follow notifications of changes.")

_LIST = (
    Column("id", "id"),
    Column("what", "notification_type"),
    Column("entity", "entity_id"),
    Column("activity", "activity"),
    Column("state", "state"),
    Column("ref", lambda n: _ref(n["payload"]), wide=True),
    Column("created", "created"),
)
_REFS = ("ref", "rule_ref", "action_ref", "workflow_ref", "trigger_ref", "name")

Filters = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILTER",
        help="all, entity_type:execution, entity:execution:7, user:3, "
        "notification_type:inquiry_created or trigger_ref:core.webhook; any of several.",
    ),
]


@app.command("list", epilog=examples("attune notification list entity_type:rule"))
def list_notifications(
    ctx: typer.Context,
    filters: Filters = None,
    *,
    state: Annotated[
        str | None, typer.Option(help="Only those in this state, such as error.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most notifications to list.")] = 20,
) -> None:
    """List notifications, the newest first."""
    wanted = {"filter": filters or None, "state": state}
    with open_session(ctx) as session:
        found = session.client.items(api_path("notifications"), wanted, limit)
        session.out.rows(found, _LIST)


@app.command(
    "follow",
    epilog=examples(
        "attune notification follow entity_type:execution entity_type:inquiry",
        "attune notification follow --json | jq .payload.status",
    ),
)
def follow_notifications(
    ctx: typer.Context,
    filters: Filters = None,
    *,
    after: Annotated[
        str | None,
        typer.Option(help="Go on after the notification with this `id`."),
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many notifications.")
    ] = None,
) -> None:
    """Show notifications as they come, one a line, until Ctrl-C.

    Lost connections are made again, and nothing is missed in between.
    """
    with open_session(ctx) as session:
        stream = NotificationStream(session.client, filters or [], after)
        try:
            for number, document in enumerate(stream.told(session.out.note), 1):
                _show(session.out, document)
                if number == count:
                    return
        except KeyboardInterrupt:
            return


def _show(out: Output, document: JsonObject) -> None:
    """Print one line; as JSON it is the whole notification, without line breaks."""
    if out.format is OutputFormat.YAML:
        out.document([document])
        return
    text = _line(document) if out.is_table else json.dumps(document, ensure_ascii=False)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _line(document: JsonObject) -> str:
    words = [
        document["timestamp"],
        document["entity_type"],
        document["entity_id"],
        document["activity"],
        _ref(document["payload"]),
    ]
    return printable(" ".join(str(word) for word in words if word not in {None, ""}))


def _ref(payload: JsonObject) -> str | None:
    return next((str(payload[name]) for name in _REFS if payload.get(name)), None)
