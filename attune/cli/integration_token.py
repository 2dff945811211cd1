"""`attune auth token`: integration tokens, with which programs log in."""

from typing import Annotated

import typer

from attune.cli.api_path import api_path
from attune.cli.document import JsonObject
from attune.cli.errors import CommandError
from attune.cli.expiry import moment
from attune.cli.identity_lookup import identity_id
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.prompts import confirm
from attune.cli.session import Session, open_session

app = command_group("List, make, show and revoke integration tokens.")


def _abridged(token: JsonObject) -> str:
    return f"{token.get('token_prefix')}…{token.get('token_suffix')}"


_LIST = (
    Column("id", "id"),
    Column("label", "label"),
    Column("token", _abridged),
    Column("active", "active"),
    Column("expires", "expires_at"),
    Column("last used", "last_used_at"),
)
_FIELDS = (
    *_LIST,
    Column("description", "description"),
    Column("last used from", "last_used_ip"),
    Column("identity", "identity_id"),
    Column("revoked", "revoked_at"),
    Column("because", "revocation_reason"),
    Column("created", "created"),
)

_Identity = Annotated[
    str | None, typer.Option(help="Login, or id, whose tokens; without it, yours.")
]
_Id = Annotated[int, typer.Argument(min=1, help="Id of the token.")]


@app.command("list", epilog=examples("attune auth token list --identity builds"))
def list_tokens(ctx: typer.Context, identity: _Identity = None) -> None:
    """List integration tokens, never their secrets."""
    with open_session(ctx) as session:
        session.out.rows(session.client.get(_path(session, identity)), _LIST)


@app.command(
    "create",
    epilog=examples(
        "attune auth token create ci --expires 90d",
        "attune auth token create nightly --identity builds -j > token.json",
    ),
)
def create_token(
    ctx: typer.Context,
    *,
    label: Annotated[str, typer.Argument(help="What tells it from the others.")],
    identity: _Identity = None,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    expires: Annotated[
        str | None, typer.Option(help="How long it is valid: 90d, 12h, a date.")
    ] = None,
) -> None:
    """Make a token that acts as its identity; it is printed this once."""
    body = {"label": label}
    if description is not None:
        body["description"] = description
    if expires is not None:
        body["expires_at"] = moment(expires)
    with open_session(ctx) as session:
        made = session.client.post(_path(session, identity), body)
        session.out.note("keep it now: it is not shown again")
        session.out.done(made["token"], made)


@app.command("show")
def show_token(ctx: typer.Context, token: _Id, identity: _Identity = None) -> None:
    """Show when a token was used, ends or was revoked."""
    with open_session(ctx) as session:
        for each in session.client.get(_path(session, identity)):
            if each["id"] == token:
                session.out.entity(each, _FIELDS)
                return
        raise CommandError(f"no token {token} is known to you")


@app.command("revoke", epilog=examples("attune auth token revoke 7 --reason leaked"))
def revoke_token(
    ctx: typer.Context,
    *,
    token: _Id,
    identity: _Identity = None,
    reason: Annotated[str | None, typer.Option(help="Why, for the record.")] = None,
) -> None:
    """Make a token useless and keep its record; the sessions it began end."""
    body = {} if reason is None else {"reason": reason}
    with open_session(ctx) as session:
        path = f"{_path(session, identity)}/{token}/revoke"
        session.out.done(f"token {token} revoked", session.client.post(path, body))


@app.command("delete")
def delete_token(
    ctx: typer.Context,
    *,
    token: _Id,
    identity: _Identity = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a token and its record; the sessions it began end."""
    with open_session(ctx) as session:
        confirm(f"Delete the token {token}?", yes=yes)
        path = f"{_path(session, identity)}/{token}"
        session.out.done(f"token {token} deleted", session.client.delete(path))


def _path(session: Session, identity: str | None) -> str:
    """Return where the tokens of this identity are, or one's own."""
    if identity is None:
        at = session.client.get("/auth/me")["id"]
    else:
        at = identity_id(session, identity)
    return api_path("identities", at, "integration-tokens")
