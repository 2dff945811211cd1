"""`attune identity`: people and service accounts, and what they were given."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.columns import TIMES
from attune.cli.document import JsonObject, given_json
from attune.cli.errors import usage_error
from attune.cli.identity_lookup import identity_id
from attune.cli.identity_role import app as role_app
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.secret_text import new_password
from attune.cli.session import open_session

app = command_group("List, make, change, freeze and remove people and services.")
app.add_typer(role_app, name="role")


def _roles(identity: JsonObject) -> list[str]:
    return [each["role"] for each in identity.get("roles") or []]


def _sets(identity: JsonObject) -> list[str]:
    given = identity.get("direct_permissions") or []
    return [each["permission_set_ref"] for each in given]


_LIST = (
    Column("id", "id"),
    Column("login", "login"),
    Column("name", "display_name"),
    Column("frozen", "frozen"),
    Column("roles", "roles"),
)
_FIELDS = (
    Column("id", "id"),
    Column("login", "login"),
    Column("name", "display_name"),
    Column("frozen", "frozen"),
    Column("roles", _roles),
    Column("permission sets", _sets),
    Column("attributes", "attributes"),
    Column("has a password", "can_log_in_with_password"),
    *TIMES,
)
_ASSIGNMENTS = (
    Column("id", "id"),
    Column("permission set", "permission_set_ref"),
    Column("created", "created"),
)

_Who = Annotated[str, typer.Argument(help="Login, or id, of the identity.")]
_Name = Annotated[str | None, typer.Option("--name", help="Name for people.")]
_Attributes = Annotated[
    str | None,
    typer.Option(help="JSON object that grants can ask for; replaces the former one."),
]
_Password = Annotated[
    bool, typer.Option("--password", help="Ask for a password, unseen.")
]
_PasswordStdin = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from standard input."),
]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list", epilog=examples("attune identity list --frozen"))
def list_identities(
    ctx: typer.Context,
    *,
    query: Annotated[
        str | None, typer.Option("--query", help="Text in login or name.")
    ] = None,
    frozen: Annotated[
        bool | None, typer.Option("--frozen/--active", help="Only such identities.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Most to list.")] = 100,
) -> None:
    """List the identities, first those that were made first."""
    filters = {
        "q": query,
        "frozen": None if frozen is None else str(frozen).lower(),
    }
    with open_session(ctx) as session:
        found = session.client.items(api_path("identities"), filters, limit)
        session.out.rows(found, _LIST)


@app.command("show")
def show_identity(ctx: typer.Context, who: _Who) -> None:
    """Show an identity with its roles and the permission sets it was assigned."""
    with open_session(ctx) as session:
        at = identity_id(session, who)
        session.out.entity(session.client.get(api_path("identities", at)), _FIELDS)


@app.command(
    "create",
    epilog=examples(
        "attune identity create ada --name 'Ada L.' --password  (asks, unseen)",
        "pass show ada | attune identity create ada --password-stdin",
        "attune identity create builds  (a service: `attune auth token create` next)",
    ),
)
def create_identity(
    ctx: typer.Context,
    *,
    login: Annotated[str, typer.Argument(help="What it logs in with; stays.")],
    name: _Name = None,
    attributes: _Attributes = None,
    password: _Password = False,
    password_stdin: _PasswordStdin = False,
) -> None:
    """Make an identity that may do nothing until it is given a permission set."""
    body = {"login": login, **_said(name, attributes)}
    if password or password_stdin:
        body["password"] = new_password(
            f"Password of {login}", from_stdin=password_stdin
        )
    with open_session(ctx) as session:
        identity = session.client.post(api_path("identities"), body)
        session.out.done(f"identity {login} created, id {identity['id']}", identity)


@app.command("update", epilog=examples("attune identity update ada --attributes '{}'"))
def update_identity(
    ctx: typer.Context,
    *,
    who: _Who,
    name: _Name = None,
    attributes: _Attributes = None,
    password: _Password = False,
    password_stdin: _PasswordStdin = False,
) -> None:
    """Change what is named; a new password ends all sessions of the identity."""
    body = _said(name, attributes)
    if password or password_stdin:
        body["password"] = new_password(
            f"New password of {who}", from_stdin=password_stdin
        )
    if not body:
        raise usage_error("nothing is to be changed: name an option")
    with open_session(ctx) as session:
        at = identity_id(session, who)
        identity = session.client.put(api_path("identities", at), body)
        session.out.done(f"identity {who} updated", identity)


@app.command("freeze")
def freeze_identity(ctx: typer.Context, who: _Who) -> None:
    """Refuse an identity and all its tokens; open streams end within a minute."""
    _switch(ctx, who, "freeze", "frozen")


@app.command("unfreeze")
def unfreeze_identity(ctx: typer.Context, who: _Who) -> None:
    """Let a frozen identity in again."""
    _switch(ctx, who, "unfreeze", "unfrozen")


@app.command("delete", epilog=examples("attune identity delete ada --successor bob"))
def delete_identity(
    ctx: typer.Context,
    *,
    who: _Who,
    successor: Annotated[
        str | None,
        typer.Option(help="Login that gets its packs and rules; else nobody does."),
    ] = None,
    yes: _Yes = False,
) -> None:
    """Remove an identity, its keys and its tokens."""
    with open_session(ctx) as session:
        confirm(f"Delete the identity {who} with its keys?", yes=yes)
        path = api_path("identities", identity_id(session, who))
        if successor is not None:
            path += f"?successor_id={identity_id(session, successor)}"
        session.out.done(f"identity {who} deleted", session.client.delete(path))


@app.command("assignments")
def list_assignments(ctx: typer.Context, who: _Who) -> None:
    """List the permission sets that were assigned to an identity directly."""
    with open_session(ctx) as session:
        at = identity_id(session, who)
        found = session.client.get(api_path("identities", at, "permissions"))
        session.out.rows(found, _ASSIGNMENTS)


def _said(name: str | None, attributes: str | None) -> JsonObject:
    body: JsonObject = {} if name is None else {"display_name": name}
    if attributes is not None:
        body["attributes"] = given_json(attributes, "--attributes")
    return body


def _switch(ctx: typer.Context, who: str, verb: str, outcome: str) -> None:
    with open_session(ctx) as session:
        at = identity_id(session, who)
        answer = session.client.post(api_path("identities", at, verb))
        session.out.done(f"identity {who} {outcome}", answer)
