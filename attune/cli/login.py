"""`attune login`: prove once who you are; the profile remembers it."""

import os
from typing import Annotated

import typer

from attune.cli.document import JsonObject
from attune.cli.errors import usage_error
from attune.cli.local_stack import find_local_stack
from attune.cli.options import Command, examples
from attune.cli.prompts import is_interactive
from attune.cli.secret_text import new_password, piped, typed
from attune.cli.session import Session, open_session

app = typer.Typer(add_completion=False)

EXAMPLES = examples(
    "attune login",
    "attune login ada --api-url https://attune.example.org -p work",
    "pass show attune | attune login ada --password-stdin",
)


def login(
    ctx: typer.Context,
    *,
    name: Annotated[
        str | None, typer.Argument(help="Your login (ATTUNE_LOGIN).")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from standard input."),
    ] = False,
) -> None:
    """Log in and remember it in the profile.

    The password is asked for, or comes from ATTUNE_PASSWORD or standard input. On the
    machine of a local stack, its administrator logs in without being asked.
    """
    with open_session(ctx, may_be_new=True) as session:
        proof = _proof(session, name, from_stdin=password_stdin)
        pair = session.client.post("/auth/login", proof, anonymous=True)
        remember(session, pair, login=proof["login"], method="password")


def token_login(ctx: typer.Context) -> None:
    """Log in with an integration token, which is asked for or read from a pipe."""
    token = typed("Integration token") if is_interactive() else piped("token")
    with open_session(ctx, may_be_new=True) as session:
        pair = session.client.post(
            "/auth/token-login", {"token": token}, anonymous=True
        )
        remember(session, pair, login=None, method="token")


def register(
    ctx: typer.Context,
    *,
    name: Annotated[str, typer.Argument(help="The login to be yours.")],
    display_name: Annotated[
        str | None, typer.Option("--name", help="Name for people.")
    ] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password from standard input."),
    ] = False,
) -> None:
    """Make an identity of your own, where the server allows it, and log in as it."""
    body = {
        "login": name,
        "password": new_password(f"Password of {name}", from_stdin=password_stdin),
        "display_name": display_name,
    }
    with open_session(ctx, may_be_new=True) as session:
        pair = session.client.post("/auth/register", body, anonymous=True)
        remember(session, pair, login=name, method="password")


def remember(
    session: Session, pair: JsonObject, *, login: str | None, method: str
) -> None:
    """Save the pair in the profile and say who is logged in."""
    user = pair.get("user") or {}
    username = user.get("login") or login
    profile = session.connection.profile
    session.file.profiles.setdefault(profile, {}).update(
        api_url=session.connection.api_url,
        auth_token=pair["access_token"],
        refresh_token=pair.get("refresh_token"),
        auth_method=method,
        username=username,
    )
    session.file.adopt(profile)
    session.file.save()
    answer = {
        "login": username,
        "api_url": session.connection.api_url,
        "profile": profile,
    }
    session.out.done(
        f"logged in to {answer['api_url']} as {username} (profile {profile})", answer
    )


def _proof(session: Session, name: str | None, *, from_stdin: bool) -> JsonObject:
    login = name or os.environ.get("ATTUNE_LOGIN")
    if from_stdin:
        return {"login": _named(login), "password": piped("password")}
    if password := os.environ.get("ATTUNE_PASSWORD"):
        return {"login": _named(login), "password": password}
    local = _local_proof(session, login)
    if local:
        return local
    if not is_interactive():
        raise usage_error(
            "nobody can be asked for the password here: "
            "use --password-stdin, or set ATTUNE_LOGIN and ATTUNE_PASSWORD"
        )
    login = login or typer.prompt("Login", err=True)
    return {"login": login, "password": typed(f"Password of {login}")}


def _local_proof(session: Session, login: str | None) -> JsonObject | None:
    """Return what the local stack keeps for this user, when that is what is meant."""
    stack = find_local_stack()
    if stack is None or stack.api_url.rstrip("/") != session.connection.api_url:
        return None
    if stack.admin_login is None or login not in {None, stack.admin_login}:
        return None
    password = stack.admin_password()
    return {"login": stack.admin_login, "password": password} if password else None


def _named(login: str | None) -> str:
    if not login:
        raise usage_error("whose password is it? name the login: attune login LOGIN")
    return login


app.command("login", cls=Command, epilog=EXAMPLES)(login)
