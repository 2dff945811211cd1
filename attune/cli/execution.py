"""`attune execution`: what ran, what runs, and what came of it."""

import sys
from typing import Annotated, Any

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import look_up
from attune.cli.errors import usage_error
from attune.cli.following import follow_to_end
from attune.cli.log_stream import STREAMS
from attune.cli.logs import print_logs
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.parameters import Parameters
from attune.cli.session import open_session

app = command_group("List, follow and cancel executions.")

_LIST = (
    Column("id", "id"),
    Column("action", "action_ref"),
    Column("status", "status"),
    Column("waiting for", "waiting_for.kind"),
    Column("rule", "rule_ref"),
    Column("created", "created"),
    Column("started", "started_at"),
)


_FIELDS = (
    Column("id", "id"),
    Column("action", "action_ref"),
    Column("status", "status"),
    Column("waiting for", "waiting_for.message"),
    Column("waiting since", "waiting_for.since"),
    Column("created", "created"),
    Column("started", "started_at"),
    Column("finished", "finished_at"),
    Column("duration", lambda e: _seconds(look_up(e, "result.duration_ms"))),
    Column("time limit", lambda e: _with_unit(e.get("timeout_seconds"))),
    Column("rule", "rule_ref"),
    Column("trigger", "trigger_ref"),
    Column("enforcement", "enforcement"),
    Column("parent", "parent"),
    Column("task", "workflow_task.task_name"),
    Column("first attempt", "original_execution"),
    Column("worker", "worker"),
    Column("attempts", "attempt_count"),
    Column("trace", "trace_tag"),
    Column("workflow id", "workflow_id"),
    Column("temporal", "links.temporal"),
    Column("parameters", "config"),
    Column("result", "result"),
    TIMES[1],
)

_TASKS = (
    Column("task", "name"),
    Column("status", lambda task: "running" if task["live"] else task.get("status")),
    Column("runs", "runs"),
    Column("live", "live"),
    Column("last execution", "execution"),
)

_Id = Annotated[int, typer.Argument(min=1, help="Number of the execution.")]


def _seconds(milliseconds: Any) -> str | None:
    return None if milliseconds is None else f"{milliseconds / 1000:.3f} s"


def _with_unit(seconds: Any) -> str | None:
    return None if seconds is None else f"{seconds} s"


@app.command(
    "list",
    epilog=examples(
        "attune execution list --status failed --limit 5",
        "attune execution list --action core.echo -j",
    ),
)
def list_executions(
    ctx: typer.Context,
    *,
    status: Annotated[
        str | None, typer.Option(help="Only executions with this status.")
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Only executions of this action.")
    ] = None,
    pack: Annotated[str | None, typer.Option(help="Only actions of this pack.")] = None,
    rule: Annotated[
        str | None, typer.Option(help="Only what this rule caused.")
    ] = None,
    trigger: Annotated[
        str | None, typer.Option(help="Only what this trigger caused.")
    ] = None,
    enforcement: Annotated[
        int | None, typer.Option(help="Only what this enforcement caused.")
    ] = None,
    parent: Annotated[
        int | None, typer.Option(help="Only the tasks of this execution.")
    ] = None,
    trace: Annotated[str | None, typer.Option(help="Only this trace tag.")] = None,
    top_level: Annotated[
        bool, typer.Option("--top-level", help="Leave out the tasks of workflows.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="Most executions to list.")] = 20,
) -> None:
    """List executions, the newest first."""
    filters = {
        "status": status,
        "action_ref": action,
        "pack_name": pack,
        "rule_ref": rule,
        "trigger_ref": trigger,
        "enforcement": enforcement,
        "parent": parent,
        "trace_tag": trace,
        "top_level_only": "true" if top_level else None,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("executions"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_execution(ctx: typer.Context, number: _Id) -> None:
    """Show one execution: status, times, parameters, result and links."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("executions", number)), _FIELDS)


@app.command("result", epilog=examples("attune execution result 42 -j | jq .data"))
def show_result(ctx: typer.Context, number: _Id) -> None:
    """Print the result of an execution and nothing else."""
    with open_session(ctx) as session:
        execution = session.client.get(api_path("executions", number))
        session.out.document(execution.get("result") or {})


@app.command("watch")
def watch_execution(
    ctx: typer.Context,
    *,
    number: _Id,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show nothing but the result.")
    ] = False,
    cancel_on_interrupt: Annotated[
        bool,
        typer.Option(
            "--cancel-on-interrupt",
            help="Cancel the execution at Ctrl-C without asking.",
        ),
    ] = False,
) -> None:
    """Follow an execution live and exit with its outcome, as `attune run` does."""
    with open_session(ctx) as session:
        execution = session.client.get(api_path("executions", number))
        follow_to_end(
            session, execution, quiet=quiet, cancel_on_interrupt=cancel_on_interrupt
        )


@app.command("logs", epilog=examples("attune execution logs 42 --stream stderr -f"))
def show_logs(
    ctx: typer.Context,
    *,
    number: _Id,
    stream: Annotated[
        str | None, typer.Option(help="Only this one: stdout or stderr.")
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until the execution ends.")
    ] = False,
) -> None:
    """Print what the action wrote, each stream to the stream of the same name."""
    if stream is not None and stream not in STREAMS:
        raise usage_error(f"--stream is one of {', '.join(STREAMS)}, not '{stream}'")
    with open_session(ctx) as session:
        # A number that nobody knows is an error, not an empty log.
        execution = session.client.get(api_path("executions", number))
        streams = (stream,) if stream else STREAMS
        print_logs(session, execution, streams, follow=follow)
    sys.stdout.flush()


@app.command("cancel")
def cancel_execution(ctx: typer.Context, number: _Id) -> None:
    """Cancel an execution; what runs gets five seconds to end by itself."""
    with open_session(ctx) as session:
        execution = session.client.post(api_path("executions", number, "cancel"))
        session.out.done(f"execution {number} is {execution['status']}", execution)


@app.command("pause")
def pause_execution(ctx: typer.Context, number: _Id) -> None:
    """Hold a workflow: what runs may end, nothing new starts."""
    with open_session(ctx) as session:
        execution = session.client.post(api_path("executions", number, "pause"))
        session.out.done(
            f"execution {number} is paused; `attune execution resume {number}` "
            "lets it go on",
            execution,
        )


@app.command("resume")
def resume_execution(ctx: typer.Context, number: _Id) -> None:
    """Let a workflow that was paused go on."""
    with open_session(ctx) as session:
        execution = session.client.post(api_path("executions", number, "resume"))
        session.out.done(f"execution {number} goes on", execution)


@app.command("tasks")
def list_tasks(ctx: typer.Context, number: _Id) -> None:
    """List what has become of the tasks of a workflow so far."""
    with open_session(ctx) as session:
        tasks = session.client.get(api_path("executions", number, "tasks"))
        session.out.rows(tasks, _TASKS)


@app.command(
    "rerun",
    epilog=examples(
        "attune execution rerun 42",
        "attune execution rerun 42 version=1.5",
        "attune execution rerun 42 --from-failed",
        "attune execution rerun 42 --from deploy_production",
    ),
)
def rerun_execution(
    ctx: typer.Context,
    *,
    number: _Id,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PARAMETER",
            help="Change a parameter: key=value, key:=json, or @file.json.",
        ),
    ] = None,
    from_failed: Annotated[
        bool,
        typer.Option(
            "--from-failed", help="Keep what succeeded; start the failed tasks again."
        ),
    ] = False,
    from_task: Annotated[
        list[str] | None,
        typer.Option("--from", help="Keep what came before; start this task again."),
    ] = None,
    wait: Annotated[
        bool, typer.Option(help="Follow the execution until it ends.")
    ] = True,
) -> None:
    """Execute again what has ended, as it was or with changes."""
    with open_session(ctx) as session:
        old = session.client.get(api_path("executions", number))
        definition = session.client.get(api_path("actions", old["action_ref"]))
        parameters = Parameters.of_schema(definition.get("param_schema"))
        request = {
            "parameters": parameters.parse(words or []),
            "from_tasks": from_task,
            "from_failed": from_failed,
        }
        path = api_path("executions", number, "rerun")
        execution = session.client.post(path, request)
        if wait:
            follow_to_end(session, execution)
        session.out.done(f"execution {execution['id']} reruns {number}", execution)
