"""`attune identity role`: roles, and with them the permission sets of each."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.errors import CommandError
from attune.cli.identity_lookup import identity_id
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.session import open_session

app = command_group("List, give and take away the roles of an identity.")

_LIST = (
    Column("id", "id"),
    Column("role", "role"),
    Column("source", "source"),
    Column("managed", "managed"),
    Column("created", "created"),
)

_Who = Annotated[str, typer.Argument(help="Login, or id, of the identity.")]
_Role = Annotated[str, typer.Argument(help="Name of the role.")]


@app.command("list")
def list_roles(ctx: typer.Context, who: _Who) -> None:
    """List the roles of an identity."""
    with open_session(ctx) as session:
        at = identity_id(session, who)
        identity = session.client.get(api_path("identities", at))
        session.out.rows(identity["roles"], _LIST)


@app.command("add", epilog=examples("attune identity role add ada on-call"))
def add_role(ctx: typer.Context, who: _Who, role: _Role) -> None:
    """Give an identity a role; it has the permission sets of that role at once."""
    with open_session(ctx) as session:
        path = api_path("identities", identity_id(session, who), "roles")
        given = session.client.post(path, {"role": role})
        session.out.done(f"{who} has the role {role}", given)


@app.command("remove")
def remove_role(ctx: typer.Context, who: _Who, role: _Role) -> None:
    """Take a role away from an identity."""
    with open_session(ctx) as session:
        at = identity_id(session, who)
        roles = session.client.get(api_path("identities", at))["roles"]
        ids = [each["id"] for each in roles if each["role"] == role]
        if not ids:
            raise CommandError(f"{who} does not have the role '{role}'")
        answer = session.client.delete(api_path("identities", "roles", ids[0]))
        session.out.done(f"{who} no longer has the role {role}", answer)
