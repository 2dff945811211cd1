"""`attune auth`: who you are to the server."""

from typing import Annotated

import typer

from attune.cli.errors import CommandError, usage_error
from attune.cli.integration_token import app as token_app
from attune.cli.login import EXAMPLES, login, register, token_login
from attune.cli.options import command_group, examples
from attune.cli.output import Column
from attune.cli.profile import SECRET_FIELDS
from attune.cli.prompts import is_interactive
from attune.cli.secret_text import piped, typed
from attune.cli.session import open_session

app = command_group("Log in, log out, see who you are.")

_FIELDS = (
    Column("login", "login"),
    Column("name", "display_name"),
    Column("id", "id"),
    Column("provider", "auth_provider"),
    Column("permission sets", "assigned_permission_set_refs"),
    Column(
        "may",
        lambda me: {
            each["resource"]: ", ".join(each["actions"])
            for each in me.get("effective_permissions") or []
        },
    ),
    Column("server", "api_url"),
    Column("profile", "profile"),
)

app.command("login", epilog=EXAMPLES)(login)
app.command("token-login", epilog=examples("attune auth token-login < token-file"))(
    token_login
)


app.command(
    "register",
    epilog=examples("pass show attune | attune auth register ada --password-stdin"),
)(register)
app.add_typer(token_app, name="token")


@app.command("whoami")
def whoami(ctx: typer.Context) -> None:
    """Show who the server takes you for and what you may do."""
    with open_session(ctx) as session:
        me = session.client.get("/auth/me")
        where = session.connection
        session.out.entity(
            {**me, "api_url": where.api_url, "profile": where.profile}, _FIELDS
        )


@app.command("logout")
def logout(ctx: typer.Context) -> None:
    """Forget the login of the profile."""
    with open_session(ctx) as session:
        name = session.connection.profile
        settings = session.file.profiles.get(name, {})
        forgotten = [settings.pop(key, None) for key in SECRET_FIELDS]
        session.file.save()
        was = "logged out" if any(forgotten) else "was not logged in"
        session.out.done(f"profile {name} {was}", {"profile": name})


@app.command("refresh")
def refresh(ctx: typer.Context) -> None:
    """Get a new access token now; commands do it by themselves when they must."""
    with open_session(ctx) as session:
        if not session.client.renew():
            raise CommandError("the login cannot be renewed: run `attune login`")
        session.out.done("login renewed", {"profile": session.connection.profile})


@app.command("change-password", hidden=True)
@app.command(
    "password",
    epilog=examples(
        "attune auth password", "attune auth password --password-stdin < both-lines"
    ),
)
def change_password(
    ctx: typer.Context,
    *,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin",
            help="Read both from standard input: a line of the old, a line of the new.",
        ),
    ] = False,
) -> None:
    """Change your password; every session of before ends, this one too."""
    current, new = _passwords(from_stdin=password_stdin)
    body = {"current_password": current, "new_password": new}
    with open_session(ctx) as session:
        answer = session.client.post("/auth/change-password", body)
        session.out.done("password changed; log in again: attune login", answer)


def _passwords(*, from_stdin: bool) -> tuple[str, str]:
    if from_stdin:
        return piped("current password"), piped("new password")
    if not is_interactive():
        raise usage_error(
            "nobody can be asked for the passwords here: use --password-stdin"
        )
    return typed("Current password"), typed("New password", twice=True)
