"""`attune permission set`: what somebody may do, under one name."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject, read_document
from attune.cli.errors import usage_error
from attune.cli.identity_lookup import permission_set
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import open_session

app = command_group("List, show, make, change and remove permission sets.")


def _roles(found: JsonObject) -> list[str]:
    return [each["role"] for each in found.get("roles") or []]


_LIST = (
    Column("id", "id"),
    Column("ref", "ref"),
    Column("label", "label"),
    Column("pack", "pack_ref"),
    Column("roles", _roles),
    Column("description", "description", wide=True),
)
_FIELDS = (
    Column("id", "id"),
    Column("ref", "ref"),
    Column("label", "label"),
    Column("description", "description"),
    Column("pack", "pack_ref"),
    Column("roles", _roles),
    Column("grants", "grants"),
    *TIMES,
)

_Ref = Annotated[str, typer.Argument(help="Ref of the permission set, pack.name.")]
_Label = Annotated[str | None, typer.Option(help="Name for people.")]
_Description = Annotated[str | None, typer.Option(help="What it is for.")]


@app.command("list")
def list_sets(
    ctx: typer.Context,
    pack: Annotated[str | None, typer.Option(help="Only sets of this pack.")] = None,
) -> None:
    """List the permission sets you may see."""
    with open_session(ctx) as session:
        path = api_path("permissions", "sets")
        session.out.rows(session.client.get(path, {"pack_ref": pack}), _LIST)


@app.command("show", epilog=examples("attune permission set show core.editor"))
def show_set(ctx: typer.Context, ref: _Ref) -> None:
    """Show a permission set with its grants."""
    with open_session(ctx) as session:
        session.out.entity(permission_set(session, ref), _FIELDS)


@app.command(
    "create",
    epilog=examples("attune permission set create team.builders --grants grants.yaml"),
)
def create_set(
    ctx: typer.Context,
    *,
    ref: _Ref,
    grants: Annotated[
        str, typer.Option(help="YAML or JSON list of grants; - is standard input.")
    ],
    label: _Label = None,
    description: _Description = None,
) -> None:
    """Make a permission set of grants that you have yourself."""
    body = {"ref": ref, **_said(grants, label, description)}
    with open_session(ctx) as session:
        made = session.client.post(api_path("permissions", "sets"), body)
        session.out.done(f"permission set {ref} created", made)


@app.command("update")
def update_set(
    ctx: typer.Context,
    *,
    ref: _Ref,
    grants: Annotated[
        str | None, typer.Option(help="YAML or JSON list that replaces the grants.")
    ] = None,
    label: _Label = None,
    description: _Description = None,
) -> None:
    """Change a permission set; whoever has it has the new grants at once."""
    body = _said(grants, label, description)
    if not body:
        raise usage_error("nothing is to be changed: name an option")
    with open_session(ctx) as session:
        at = permission_set(session, ref)["id"]
        changed = session.client.put(api_path("permissions", "sets", at), body)
        session.out.done(f"permission set {ref} updated", changed)


@app.command("delete")
def delete_set(
    ctx: typer.Context,
    *,
    ref: _Ref,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete a permission set; whoever has it loses its grants."""
    with open_session(ctx) as session:
        confirm(f"Delete the permission set {ref}?", yes=yes)
        at = permission_set(session, ref)["id"]
        answer = session.client.delete(api_path("permissions", "sets", at))
        session.out.done(f"permission set {ref} deleted", answer)


def _said(grants: str | None, label: str | None, description: str | None) -> JsonObject:
    said: JsonObject = {"label": label, "description": description}
    if grants is not None:
        said["grants"] = _grants(grants)
    return {name: value for name, value in said.items() if value is not None}


def _grants(source: str) -> object:
    """Return the list in a file, or under `grants` as in the file of a pack."""
    document = read_document(source)
    if isinstance(document, dict):
        document = document.get("grants")
    if not isinstance(document, list):
        raise usage_error("--grants names a list of {resource, actions, constraints}")
    return document
