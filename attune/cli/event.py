"""`attune event`: what happened, and making something happen."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.considered import considered_rules, matched_rules
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.parameters import Parameters
from attune.cli.session import open_session

app = command_group("List, show and emit events.")

_LIST = (
    Column("id", "id"),
    Column("trigger", "trigger_ref"),
    Column("source", "source_ref"),
    Column("rule", "rule_ref"),
    Column("trace", "trace_tag"),
    Column("created", "created"),
)


_FIELDS = (
    *_LIST,
    Column("matched", matched_rules),
    Column("payload", "payload"),
    Column("does not fit", "payload_problems"),
    Column("origin", "config"),
    Column("rules asked", considered_rules),
)


@app.command("list", epilog=examples("attune event list --trigger core.webhook"))
def list_events(
    ctx: typer.Context,
    trigger: Annotated[
        str | None, typer.Option(help="Only events of this trigger.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only events made for this rule.")
    ] = None,
    trace: Annotated[str | None, typer.Option(help="Only this trace tag.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most events to list.")] = 20,
) -> None:
    """List events, the newest first."""
    filters = {"trigger_ref": trigger, "rule_ref": rule, "trace_tag": trace}
    with open_session(ctx) as session:
        found = session.client.items(api_path("events"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_event(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(min=1, help="Number of the event.")],
) -> None:
    """Show an event with its payload, and what each rule made of it."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("events", number)), _FIELDS)


EXAMPLES = examples(
    "attune event emit demo.order_placed number:=42 customer=ada",
    "attune event emit demo.order_placed @order.json --trace-tag order-42",
)


def emit_event(
    ctx: typer.Context,
    *,
    trigger: Annotated[str, typer.Argument(help="Ref of the trigger, pack.name.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FIELD",
            help="Payload: key=value (read as the declared type), key:=json, "
            "or @file.json.",
        ),
    ] = None,
    trace_tag: Annotated[
        str | None, typer.Option(help="Tag that everything caused by it carries.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="The same key twice makes one event, however often sent."),
    ] = None,
) -> None:
    """Emit an event of a trigger, as a sensor would."""
    with open_session(ctx) as session:
        declared = session.client.get(api_path("triggers", trigger)).get("out_schema")
        # What a trigger's payload holds is described, not limited, by its schema.
        payload = Parameters.of_schema(declared).opened().parse(words or [])
        body: JsonObject = {"trigger_ref": trigger, "payload": payload}
        if trace_tag is not None:
            body["trace_tag"] = trace_tag
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        event = session.client.post(api_path("events"), body, headers=headers)
        rules = _matched_by(event)
        session.out.done(
            f"event {event['id']} of {trigger} emitted; {rules} matched", event
        )


def _matched_by(event: JsonObject) -> str:
    return ", ".join(matched_rules(event)) or "no rule"


@app.command(
    "replay",
    epilog=examples(
        "attune event replay 42", "attune event replay 42 --rule demo.big_orders"
    ),
)
def replay_event(
    ctx: typer.Context,
    *,
    number: Annotated[int, typer.Argument(min=1, help="Number of the event.")],
    rule: Annotated[
        str | None, typer.Option(help="The only rule it is offered to.")
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option(help="The same key twice makes one event, however often sent."),
    ] = None,
) -> None:
    """Evaluate an event again, as a new one and by the rules as they are now."""
    headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
    body: JsonObject = {} if rule is None else {"rule_ref": rule}
    with open_session(ctx) as session:
        path = api_path("events", number, "replay")
        event = session.client.post(path, body, headers=headers)
        session.out.done(
            f"event {number} replayed as event {event['id']}; "
            f"{_matched_by(event)} matched",
            event,
        )


app.command("emit", epilog=EXAMPLES)(emit_event)
app.command("create", epilog=EXAMPLES, hidden=True)(emit_event)
