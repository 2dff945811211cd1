"""`attune sensor`: processes that watch the world, where they run and what they say."""

import sys
from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.errors import usage_error
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.sensor_log import STREAMS, SensorLogReader
from attune.cli.session import open_session

app = command_group("List, show, switch and restart sensors, and read their logs.")


def _triggers(sensor: JsonObject) -> str:
    return ", ".join(sensor.get("trigger_refs") or [])


_LIST = (
    Column("ref", "ref"),
    Column("state", "state"),
    Column("worker", "worker_name"),
    Column("since", "running_since"),
    Column("rules", "rule_count"),
    Column("failures", "failure_count"),
    Column("why not", "state_reason", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("label", "label"),
    Column("description", "description"),
    Column("pack", "pack_ref"),
    Column("enabled", "enabled"),
    Column("ad hoc", "is_adhoc"),
    Column("triggers", _triggers),
    Column("runtime", "runtime_ref"),
    Column("entry point", "entrypoint"),
    Column("configuration", "config"),
    Column("state", "state"),
    Column("why not running", "state_reason"),
    Column("rules", "rule_count"),
    Column("worker", "worker_name"),
    Column("running since", "running_since"),
    Column("starts", "start_count"),
    Column("failures in a row", "failure_count"),
    Column("starts again at", "next_start_at"),
    Column("last error", "last_error"),
    Column("last error at", "last_error_at"),
    *TIMES,
)

_Ref = Annotated[str, typer.Argument(help="Ref of the sensor, pack.name.")]


@app.command("list")
def list_sensors(
    ctx: typer.Context,
    *,
    pack: Annotated[str | None, typer.Option(help="Only sensors of this pack.")] = None,
    trigger: Annotated[
        str | None, typer.Option(help="Only sensors that serve this trigger.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="Only such sensors.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, label or description.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most sensors to list.")] = 100,
) -> None:
    """List sensors: where each runs and since when, or why it does not."""
    filters = {
        "pack_ref": pack,
        "trigger_ref": trigger,
        "enabled": None if enabled is None else str(enabled).lower(),
        "q": query,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("sensors"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_sensor(ctx: typer.Context, ref: _Ref) -> None:
    """Show a sensor with its process, its failures and its last error."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("sensors", ref)), _FIELDS)


@app.command(
    "logs",
    epilog=examples(
        "attune sensor logs watch.directory --tail 20",
        "attune sensor logs watch.directory --stream stderr --follow",
    ),
)
def show_logs(
    ctx: typer.Context,
    *,
    ref: _Ref,
    stream: Annotated[
        str | None, typer.Option(help="Only this one: stdout or stderr.")
    ] = None,
    tail: Annotated[
        int, typer.Option("--tail", "-n", min=0, help="So many lines of the past.")
    ] = 100,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")
    ] = False,
) -> None:
    """Print what a sensor wrote, each stream to the stream of the same name."""
    if stream is not None and stream not in STREAMS:
        raise usage_error(f"--stream is one of {', '.join(STREAMS)}, not '{stream}'")
    with open_session(ctx) as session:
        reader = SensorLogReader(session, ref, (stream,) if stream else STREAMS)
        if not session.out.is_table and not follow:
            session.out.document(reader.document(tail))
            return
        try:
            reader.print_last(tail)
            if follow:
                reader.follow()
        except KeyboardInterrupt:
            return
    sys.stdout.flush()


@app.command("enable")
def enable_sensor(ctx: typer.Context, ref: _Ref) -> None:
    """Let a sensor run while rules need it."""
    _post(ctx, ref, "enable", f"sensor {ref} is enabled")


@app.command("disable")
def disable_sensor(ctx: typer.Context, ref: _Ref) -> None:
    """End a sensor, whatever rules need it."""
    _post(ctx, ref, "disable", f"sensor {ref} is disabled")


@app.command("restart")
def restart_sensor(ctx: typer.Context, ref: _Ref) -> None:
    """Start the process of a sensor anew, at once even if it has failed."""
    _post(ctx, ref, "restart", f"sensor {ref} starts anew")


@app.command("delete")
def delete_sensor(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a sensor; its process ends, its triggers stay."""
    with open_session(ctx) as session:
        confirm(f"Delete the sensor {ref}?", yes=yes)
        answer = session.client.delete(api_path("sensors", ref))
        session.out.done(f"sensor {ref} deleted", answer)


def _post(ctx: typer.Context, ref: str, what: str, done: str) -> None:
    with open_session(ctx) as session:
        sensor = session.client.post(api_path("sensors", ref, what))
        session.out.done(done, sensor)
