"""`attune permission`: permission sets, and who has them."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.errors import CommandError
from attune.cli.identity_lookup import identity_id
from attune.cli.options import command_group, examples
from attune.cli.permission_role import app as role_app
from attune.cli.permission_set import app as set_app
from attune.cli.session import open_session

app = command_group("Make permission sets, give them to people and roles.")
app.add_typer(set_app, name="set")
app.add_typer(role_app, name="role")

_Who = Annotated[str, typer.Argument(help="Login, or id, of the identity.")]
_Set = Annotated[str, typer.Argument(help="Ref of the permission set.")]


@app.command("assign", epilog=examples("attune permission assign ada core.editor"))
def assign(ctx: typer.Context, who: _Who, permission_set: _Set) -> None:
    """Assign a permission set to an identity; it has its grants at once."""
    with open_session(ctx) as session:
        body = {
            "identity_id": identity_id(session, who),
            "permission_set_ref": permission_set,
        }
        given = session.client.post(api_path("permissions", "assignments"), body)
        session.out.done(f"{who} has {permission_set}", given)


@app.command("unassign", epilog=examples("attune permission unassign ada core.editor"))
def unassign(ctx: typer.Context, who: _Who, permission_set: _Set) -> None:
    """Take away a permission set that was assigned directly."""
    with open_session(ctx) as session:
        at = identity_id(session, who)
        found = session.client.get(api_path("identities", at, "permissions"))
        ids = [e["id"] for e in found if e["permission_set_ref"] == permission_set]
        if not ids:
            raise CommandError(f"{permission_set} is not assigned to {who} directly")
        path = api_path("permissions", "assignments", ids[0])
        answer = session.client.delete(path)
        session.out.done(f"{who} no longer has {permission_set}", answer)
