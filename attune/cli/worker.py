"""`attune worker`: run one here, or look after those that run anywhere."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.options import CommandGroup, examples
from attune.cli.output import Column
from attune.cli.session import open_session

app = typer.Typer(
    cls=CommandGroup,
    invoke_without_command=True,
    epilog=examples(
        "attune worker  (runs a worker in this process)",
        "attune worker list --state offline",
        "attune worker cordon 3 --reason 'disk is full'",
    ),
)


def _runtimes(worker: JsonObject) -> str:
    return ", ".join(each["name"] for each in worker.get("supported_runtimes") or [])


def _load(worker: JsonObject) -> str | None:
    load = worker.get("load") or {}
    active, most = load.get("total_active"), load.get("max_concurrent_executions")
    if active is None:
        return None
    return f"{active} of {most}" if most else str(active)


def _sensors(worker: JsonObject) -> str | None:
    load = worker.get("load") or {}
    running, most = (
        load.get("sensor_processes_running"),
        load.get("max_concurrent_sensors"),
    )
    return None if most is None else f"{running or 0} of {most}"


_LIST = (
    Column("id", "id"),
    Column("name", "name"),
    Column("state", "health_state"),
    Column("role", "worker_role"),
    Column("load", _load),
    Column("sensors", _sensors),
    Column("heartbeat", "last_heartbeat"),
    Column("runtimes", _runtimes, wide=True),
)
_FIELDS = (
    *_LIST,
    Column("type", "worker_type"),
    Column("host", "host"),
    Column("cordoned", "cordoned"),
    Column("cordoned at", "cordoned_at"),
    Column("reason", "cordon_reason"),
    Column("executions", "load"),
    *TIMES,
)

_Id = Annotated[int, typer.Argument(min=1, help="Number of the worker.")]


@app.callback()
def run_worker(ctx: typer.Context) -> None:
    """Run a worker; with a command, list workers, show them or keep work away."""
    if ctx.invoked_subcommand is None:
        from attune.cli.server import worker  # noqa: PLC0415 - a server is slow to import

        worker()


@app.command("list")
def list_workers(
    ctx: typer.Context,
    state: Annotated[
        str | None,
        typer.Option(help="Only this state: active, busy, cordoned, error, offline."),
    ] = None,
    role: Annotated[
        str | None, typer.Option(help="Only this role: action or sensor.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most workers to list.")] = 100,
) -> None:
    """List the workers that have ever registered."""
    filters = {"health_state": state, "role": role}
    with open_session(ctx) as session:
        found = session.client.items(api_path("workers"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_worker(ctx: typer.Context, number: _Id) -> None:
    """Show a worker with its load and its runtimes."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("workers", number)), _FIELDS)


@app.command("cordon")
def cordon_worker(
    ctx: typer.Context,
    number: _Id,
    reason: Annotated[str | None, typer.Option(help="Why, for others.")] = None,
) -> None:
    """Give a worker no new work; what runs there goes on."""
    body = {} if reason is None else {"reason": reason}
    with open_session(ctx) as session:
        worker = session.client.post(api_path("workers", number, "cordon"), body)
        session.out.done(f"worker {number} takes no new work", worker)


@app.command("uncordon")
def uncordon_worker(ctx: typer.Context, number: _Id) -> None:
    """Let a worker take work again."""
    with open_session(ctx) as session:
        worker = session.client.post(api_path("workers", number, "uncordon"))
        session.out.done(f"worker {number} takes work again", worker)
