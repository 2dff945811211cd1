"""`attune action`: what can be executed."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject, given_changes
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.run import EXAMPLES, execute
from attune.cli.session import open_session

app = command_group("List, show and execute actions.")

_LIST = (
    Column("ref", "ref"),
    Column("label", "label", wide=True),
    Column("runtime", "runtime_ref"),
    Column("enabled", "enabled"),
    Column("description", "description", wide=True),
)
_HITS = (
    Column("ref", "ref"),
    Column("label", "label", wide=True),
    Column("workflow", "is_workflow"),
    Column("description", "description", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("label", "label"),
    Column("description", "description"),
    Column("pack", "pack_ref"),
    Column("runtime", "runtime_ref"),
    Column("entry point", "entrypoint"),
    Column("enabled", "enabled"),
    Column("ad hoc", "is_adhoc"),
    Column("timeout", "timeout_seconds"),
    Column("parameters", "param_schema"),
    Column("output", "out_schema"),
    *TIMES,
)
_UNLIMITED = 2**31 - 1
"""What the API says where nothing limits how many run at once."""


def _most(queue: JsonObject) -> object:
    most = queue.get("max_concurrent")
    return "unlimited" if most == _UNLIMITED else most


_QUEUE = (
    Column("action", "action_ref"),
    Column("active", "active_count"),
    Column("at most", _most),
    Column("waiting", "queue_length"),
    Column("oldest since", "oldest_enqueued_at"),
    Column("policies", "policies"),
    Column("ever enqueued", "total_enqueued"),
    Column("of those ended", "total_completed"),
)

app.command("execute", epilog=EXAMPLES)(execute)


@app.command("list", epilog=examples("attune action list --pack core"))
def list_actions(
    ctx: typer.Context,
    pack: Annotated[str | None, typer.Option(help="Only actions of this pack.")] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, label or description.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most actions to list.")] = 100,
) -> None:
    """List the actions you may see."""
    path = api_path("packs", pack, "actions") if pack else api_path("actions")
    with open_session(ctx) as session:
        session.out.rows(session.client.items(path, {"q": query}, limit), _LIST)


@app.command("search", epilog=examples("attune action search http"))
def search_actions(
    ctx: typer.Context,
    query: Annotated[str, typer.Argument(help="Text in ref, label or description.")],
    limit: Annotated[int, typer.Option(min=1, help="Most actions to list.")] = 50,
) -> None:
    """Find actions by words."""
    with open_session(ctx) as session:
        found = session.client.items(api_path("actions", "search"), {"q": query}, limit)
        session.out.rows(found, _HITS)


@app.command("show")
def show_action(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="Ref of the action, pack.name.")],
) -> None:
    """Show an action with the parameters it takes."""
    with open_session(ctx) as session:
        session.out.entity(session.client.get(api_path("actions", ref)), _FIELDS)


@app.command("queue", epilog=examples("attune action queue core.http_request"))
def show_queue(
    ctx: typer.Context,
    ref: Annotated[str, typer.Argument(help="Ref of the action, pack.name.")],
) -> None:
    """Show how many executions of an action run, and how many wait for policies."""
    with open_session(ctx) as session:
        queue = session.client.get(api_path("actions", ref, "queue-stats"))
        session.out.entity(queue, _QUEUE)


@app.command(
    "update",
    epilog=examples(
        "attune action update demo.build --timeout 600",
        "attune action update demo.build --file changes.yaml",
    ),
)
def update_action(
    ctx: typer.Context,
    *,
    ref: Annotated[str, typer.Argument(help="Ref of the action, pack.name.")],
    label: Annotated[str | None, typer.Option(help="Name for people.")] = None,
    description: Annotated[str | None, typer.Option(help="What it does.")] = None,
    timeout: Annotated[
        int | None, typer.Option(min=1, help="Seconds that an execution may take.")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--enabled/--disabled", help="May it be executed?")
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", help="YAML or JSON of the changes.")
    ] = None,
) -> None:
    """Change an action; executions that exist stay as they are."""
    said = {
        "label": label,
        "description": description,
        "timeout_seconds": timeout,
        "enabled": enabled,
    }
    body = given_changes(file, said)
    with open_session(ctx) as session:
        action = session.client.put(api_path("actions", ref), body)
        session.out.done(f"action {ref} updated", action)


@app.command("delete")
def delete_action(
    ctx: typer.Context,
    *,
    ref: Annotated[str, typer.Argument(help="Ref of the action, pack.name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete an action; its executions are kept."""
    with open_session(ctx) as session:
        confirm(f"Delete the action {ref}?", yes=yes)
        answer = session.client.delete(api_path("actions", ref))
        session.out.done(f"action {ref} deleted", answer)
