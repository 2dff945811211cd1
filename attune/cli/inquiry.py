"""`attune inquiry`: what executions ask, and answering it."""

from enum import StrEnum
from typing import Annotated

import typer

from attune.cli.answer import answer_in_person, given_answer
from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.parameters import Parameters
from attune.cli.session import open_session

app = command_group("List, show and answer what executions ask.")


class Status(StrEnum):
    """Where an inquiry stands."""

    PENDING = "pending"
    RESPONDED = "responded"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


def _assignee(inquiry: JsonObject) -> object:
    return inquiry.get("assigned_to_login") or inquiry.get("assigned_to")


_LIST = (
    Column("id", "id"),
    Column("status", "status"),
    Column("execution", "execution"),
    Column("assigned to", _assignee),
    Column("until", "timeout_at"),
    Column("asked", "created"),
    Column("prompt", "prompt", wide=True),
)
_FIELDS = (
    Column("id", "id"),
    Column("prompt", "prompt"),
    Column("status", "status"),
    Column("execution", "execution"),
    Column("assigned to", _assignee),
    Column("until", "timeout_at"),
    Column("asks for", "response_schema"),
    Column("response", "response"),
    Column("responded by", "responded_by"),
    Column("responded", "responded_at"),
    *TIMES,
)

_Id = Annotated[int, typer.Argument(min=1, help="Number of the inquiry.")]


@app.command(
    "list",
    epilog=examples(
        "attune inquiry list --mine",
        "attune inquiry list --execution 42 --all",
        "attune inquiry list --status timeout -j",
    ),
)
def list_inquiries(
    ctx: typer.Context,
    *,
    mine: Annotated[
        bool, typer.Option("--mine", help="Only what is assigned to you.")
    ] = False,
    status: Annotated[
        Status, typer.Option(help="Only inquiries with this status.")
    ] = Status.PENDING,
    every: Annotated[
        bool, typer.Option("--all", help="Whatever their status is.")
    ] = False,
    execution: Annotated[
        int | None, typer.Option(help="Only what this execution asked.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most inquiries to list.")] = 50,
) -> None:
    """List what waits for an answer, the newest first."""
    with open_session(ctx) as session:
        me = session.client.get("/auth/me") if mine else {}
        filters = {
            "status": None if every else status.value,
            "execution": execution,
            "assigned_to": me.get("id"),
        }
        found = session.client.items(api_path("inquiries"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_inquiry(ctx: typer.Context, number: _Id) -> None:
    """Show what is asked, of whom, until when, and what was answered."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("inquiries", number)), _FIELDS)


@app.command(
    "respond",
    epilog=examples(
        "attune inquiry respond 7",
        "attune inquiry respond 7 approved=yes comment='Go ahead'",
        "attune inquiry respond 7 --response '{\"approved\": true}'",
    ),
)
def respond_to_inquiry(
    ctx: typer.Context,
    *,
    number: _Id,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD",
            help="key=value (read as the declared type), key:=json, or @file.json.",
        ),
    ] = None,
    response: Annotated[
        str | None, typer.Option(help="The whole answer as JSON, or @file.json.")
    ] = None,
) -> None:
    """Answer an inquiry; on a terminal you are asked for each field.

    One answer is accepted, and the execution goes on with it.
    """
    with open_session(ctx) as session:
        path = api_path("inquiries", number)
        asked = session.client.get(path)
        fields = Parameters.of_schema(asked.get("response_schema"))

        def send(answer: JsonObject) -> JsonObject:
            body = {"response": answer}
            answered: JsonObject = session.client.post(f"{path}/respond", body)
            return answered

        answer = given_answer(fields, words or [], response)
        if answer is None:
            inquiry = answer_in_person(asked, fields, send)
        else:
            inquiry = send(answer)
        session.out.done(f"inquiry {number} is answered", inquiry)
