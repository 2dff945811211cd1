"""`attune workflow`: graphs of tasks, each run by the action of its ref."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject
from attune.cli.errors import Refused, usage_error
from attune.cli.options import command_group, examples
from attune.cli.output import Column, Output
from attune.cli.prompts import confirm
from attune.cli.session import Session, open_session
from attune.cli.workflow_drawing import draw

app = command_group("List, show, check and upload workflows.")

_LIST = (
    Column("ref", "ref"),
    Column("version", "version"),
    Column("label", "label", wide=True),
    Column("tags", "tags", wide=True),
    Column("description", "description", wide=True),
)
_FIELDS = (
    Column("ref", "ref"),
    Column("label", "label"),
    Column("description", "description"),
    Column("version", "version"),
    Column("pack", "pack_ref"),
    Column("tags", "tags"),
    Column("ad hoc", "is_adhoc"),
    Column("parameters", "param_schema"),
    Column("variables", "definition.vars"),
    Column("result", "definition.output_map"),
    Column("cancellation policy", "definition.cancellation_policy"),
    *TIMES,
)

_NOT_FOUND = 404

_Ref = Annotated[str, typer.Argument(help="Ref of the workflow, pack.name.")]
_File = Annotated[
    str, typer.Argument(help="YAML or JSON of the workflow; - is standard input.")
]
_Pack = Annotated[
    str | None, typer.Option(help="Its pack, where the ref in the file names none.")
]


@app.command("list", epilog=examples("attune workflow list --pack deploys --tag prod"))
def list_workflows(
    ctx: typer.Context,
    pack: Annotated[
        str | None, typer.Option(help="Only workflows of this pack.")
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in ref, label or description.")
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only workflows with one of these tags.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most workflows to list.")] = 100,
) -> None:
    """List the workflows you may see."""
    filters = {
        "pack_ref": pack,
        "search": query,
        "tags": ",".join(tag) if tag else None,
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("workflows"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_workflow(ctx: typer.Context, ref: _Ref) -> None:
    """Show a workflow: its tasks, what they run and where they lead."""
    with open_session(ctx) as session:
        workflow = session.client.get(api_path("workflows", ref))
        session.out.entity(workflow, _FIELDS)
        if session.out.is_table:
            drawing = draw(workflow.get("definition") or {})
            session.out.done(f"\n{drawing}", workflow)


@app.command("validate", epilog=examples("attune workflow validate deploy.yaml"))
def validate_workflow(ctx: typer.Context, file: _File, pack: _Pack = None) -> None:
    """Tell everything that is wrong with a workflow; nothing is stored."""
    from attune.cli.workflow_file import (  # noqa: PLC0415 - other commands do without
        read_workflow,
    )

    workflow = read_workflow(file, pack)
    with open_session(ctx) as session:
        path = api_path("workflows", "validate")
        found = session.client.post(path, workflow.draft())
        _warn(session.out, found)
        if session.out.is_table and not found["valid"]:
            raise usage_error(f"{workflow.ref} is not valid", *found["problems"])
        session.out.done(f"workflow {workflow.ref} is valid", found)
        if not found["valid"]:
            raise typer.Exit(2)


@app.command(
    "upload",
    epilog=examples(
        "attune workflow upload deploy.yaml",
        "attune workflow upload deploy.yaml --pack deploys",
    ),
)
def upload_workflow(ctx: typer.Context, file: _File, pack: _Pack = None) -> None:
    """Make a workflow from a file, or make a known one what the file says."""
    from attune.cli.workflow_file import (  # noqa: PLC0415 - other commands do without
        read_workflow,
    )

    workflow = read_workflow(file, pack)
    with open_session(ctx) as session:
        if _is_there(session, workflow.ref):
            path = api_path("workflows", workflow.ref)
            done, answer = "updated", session.client.put(path, workflow.changes())
        else:
            path = api_path("workflows")
            done, answer = "created", session.client.post(path, workflow.body())
        session.out.done(f"workflow {workflow.ref} {done}", answer)
        _warn(session.out, answer)


@app.command("delete")
def delete_workflow(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a workflow with its action; its executions are kept."""
    with open_session(ctx) as session:
        confirm(f"Delete the workflow {ref}?", yes=yes)
        answer = session.client.delete(api_path("workflows", ref))
        session.out.done(f"workflow {ref} deleted", answer)


def _is_there(session: Session, ref: str) -> bool:
    try:
        session.client.get(api_path("workflows", ref))
    except Refused as refused:
        if refused.status == _NOT_FOUND:
            return False
        raise
    return True


def _warn(out: Output, answer: JsonObject) -> None:
    if out.is_table:
        for warning in answer.get("warnings") or []:
            out.note(f"warning: {warning}")
