"""`attune timer`: when rules on timer triggers fire."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.options import command_group, examples
from attune.cli.output import Column, brief
from attune.cli.parameters import Parameters
from attune.cli.session import open_session

app = command_group("List timers, and see when they fire.")


def _firings(timer: JsonObject) -> str:
    return ", ".join(map(brief, timer.get("firings", [])))


_LIST = (
    Column("rule", "rule_ref"),
    Column("schedule", "schedule"),
    Column("active", "active"),
    Column("next", "next_fire_at"),
    Column("last", "last_fired_at"),
    Column("fired", "execution_count"),
    Column("missed", "missed_count"),
)
TIMER_FIELDS = (
    Column("schedule", "schedule"),
    Column("active", "active"),
    Column("next firings", _firings),
    Column("last fired", "last_fired_at"),
    Column("for the time", "last_scheduled_at"),
    Column("fired", "execution_count"),
    Column("missed", "missed_count"),
    Column("misfire", "misfire"),
    Column("misfire limit", "misfire_limit"),
    Column("problem", "problem"),
)
_FIELDS = (
    Column("rule", "rule_ref"),
    Column("trigger", "trigger_ref"),
    Column("type", "type"),
    *TIMER_FIELDS,
)
_PREVIEW = (
    Column("type", "type"),
    Column("schedule", "schedule"),
    Column("firings", _firings),
    Column("misfire", "misfire"),
)

_Count = Annotated[
    int, typer.Option(min=1, max=100, help="How many of the next times to show.")
]


@app.command("list")
def list_timers(
    ctx: typer.Context,
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most timers to list.")] = 100,
) -> None:
    """List timers, the next to fire first."""
    with open_session(ctx) as session:
        session.out.rows(session.client.items(api_path("timers"), {}, limit), _LIST)


@app.command("show")
def show_timer(
    ctx: typer.Context,
    *,
    rule: Annotated[str, typer.Argument(help="Ref of the rule, pack.name.")],
    count: _Count = 5,
) -> None:
    """Show when a rule fires next, and what it did so far."""
    with open_session(ctx) as session:
        path = api_path("rules", rule, "firings")
        session.out.entity(session.client.get(path, {"count": count}), _FIELDS)


@app.command(
    "preview",
    epilog=examples(
        "attune timer preview core.crontimer --param 'expression=0 9 * * MON-FRI' "
        "--param timezone=Europe/Berlin",
    ),
)
def preview_timer(
    ctx: typer.Context,
    *,
    trigger: Annotated[str, typer.Argument(help="Ref of the timer's trigger.")],
    param: Annotated[
        list[str] | None,
        typer.Option(help="Parameter of the trigger: key=value, or key:=json."),
    ] = None,
    count: _Count = 5,
) -> None:
    """Tell when such a timer would fire, without making a rule."""
    with open_session(ctx) as session:
        schema = session.client.get(api_path("triggers", trigger)).get("param_schema")
        params = Parameters.of_schema(schema).parse(param or [])
        body = {"trigger_ref": trigger, "trigger_params": params, "count": count}
        found = session.client.post(api_path("timers", "preview"), body)
        session.out.entity(found, _PREVIEW)
