"""`attune permission role`: permission sets that everybody with a role has."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.errors import CommandError
from attune.cli.identity_lookup import permission_set as found_set
from attune.cli.options import command_group, examples
from attune.cli.session import open_session

app = command_group("Give permission sets to roles, and take them away.")

_Role = Annotated[str, typer.Argument(help="Name of the role.")]
_Set = Annotated[str, typer.Argument(help="Ref of the permission set.")]


@app.command("add", epilog=examples("attune permission role add on-call core.executor"))
def add_set(ctx: typer.Context, role: _Role, permission_set: _Set) -> None:
    """Give a permission set to everybody with a role."""
    with open_session(ctx) as session:
        at = found_set(session, permission_set)["id"]
        path = api_path("permissions", "sets", at, "roles")
        given = session.client.post(path, {"role": role})
        session.out.done(f"the role {role} has {permission_set}", given)


@app.command("remove")
def remove_set(ctx: typer.Context, role: _Role, permission_set: _Set) -> None:
    """Take a permission set away from those who have it by a role."""
    with open_session(ctx) as session:
        roles = found_set(session, permission_set)["roles"]
        ids = [each["id"] for each in roles if each["role"] == role]
        if not ids:
            raise CommandError(f"the role '{role}' does not have {permission_set}")
        path = api_path("permissions", "sets", "roles", ids[0])
        answer = session.client.delete(path)
        session.out.done(f"the role {role} no longer has {permission_set}", answer)
