"""`attune rule test`: what would come of an event, condition by condition."""

from typing import Annotated, Any

import typer

from attune.cli.api_path import api_path
from attune.cli.considered import DOES_NOT_HOLD, FAILED, HOLDS
from attune.cli.document import JsonObject, as_yaml, parse_json, read_document
from attune.cli.errors import usage_error
from attune.cli.options import examples
from attune.cli.session import open_session

EXAMPLES = examples(
    "attune rule test demo.big_orders --event 42",
    """attune rule test demo.big_orders --payload '{"total": 150}'""",
    "attune rule test demo.big_orders --payload @order.json",
)
_MARKS = {True: HOLDS, False: DOES_NOT_HOLD, None: FAILED}


def try_rule(
    ctx: typer.Context,
    *,
    ref: Annotated[str, typer.Argument(help="Ref of the rule, pack.name.")],
    event: Annotated[
        int | None, typer.Option(min=1, help="Number of an event on record.")
    ] = None,
    payload: Annotated[
        str | None,
        typer.Option(help="Payload of an imagined event: JSON, or @file."),
    ] = None,
    trigger: Annotated[
        str | None,
        typer.Option(help="Trigger of the imagined event; else the rule's own."),
    ] = None,
) -> None:
    """Tell what would come of an event, condition by condition, and do nothing."""
    body = _body(event, payload, trigger)
    with open_session(ctx) as session:
        trial = session.client.post(api_path("rules", ref, "test"), body)
        session.out.done(_report(trial), trial)


def _body(event: int | None, payload: str | None, trigger: str | None) -> JsonObject:
    if (event is None) == (payload is None):
        raise usage_error("name either an --event or a --payload")
    if payload is None:
        return {"event_id": event}
    body: JsonObject = {"payload": _document(payload)}
    return body if trigger is None else body | {"trigger_ref": trigger}


def _document(text: str) -> Any:
    if text.startswith("@"):
        return read_document(text.removeprefix("@"))
    return parse_json(text, "--payload")


def _report(trial: JsonObject) -> str:
    lines = [_verdict(trial), *map(_condition, trial.get("conditions") or [])]
    if trial.get("error"):
        lines.append(f"error: {trial['error']}")
    lines += [f"obstacle: {obstacle}" for obstacle in trial.get("obstacles") or []]
    return "\n".join(lines + _would_run(trial))


def _verdict(trial: JsonObject) -> str:
    event = f"event {trial['event']}" if trial.get("event") else "such an event"
    would = "would match" if trial["would_match"] else "would not match"
    end = (
        ""
        if trial["would_match"] == trial["would_execute"]
        else ", but execute nothing"
    )
    return f"rule {trial['rule_ref']} {would} {event} of {trial['trigger_ref']}{end}"


def _condition(outcome: JsonObject) -> str:
    decided = "  (decided)" if outcome["decided"] else ""
    return f"  {_MARKS[outcome['holds']]} {outcome['condition']}{decided}"


def _would_run(trial: JsonObject) -> list[str]:
    if not trial["would_match"]:
        return []
    lines = [f"action: {trial['action_ref']}"]
    if trial.get("trace_tag"):
        lines.append(f"trace tag: {trial['trace_tag']}")
    if trial.get("action_params"):
        shown = as_yaml(trial["action_params"]).replace("\n", "\n  ")
        lines += ["action parameters:", f"  {shown}"]
    return lines
