"""What a command works with: the connection, the client and the way to print."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from attune.cli.connection import Connection, Credentials, resolve
from attune.cli.errors import usage_error
from attune.cli.interrupt import interrupted_once
from attune.cli.options import OutputFormat, chosen
from attune.cli.output import Output
from attune.cli.profile import ConfigFile

if TYPE_CHECKING:
    import httpx

    from attune.cli.client import ApiClient


@dataclass(frozen=True)
class Wiring:
    """What can be put in place of the network, as the object of the context."""

    transport: "httpx.BaseTransport"


class Session:
    """One command's view of the world."""

    def __init__(
        self, file: ConfigFile, connection: Connection, client: "ApiClient", out: Output
    ) -> None:
        self.file = file
        self.connection = connection
        self.client = client
        self.out = out


@contextmanager
def open_session(ctx: typer.Context, *, may_be_new: bool = False) -> Iterator[Session]:
    """Connect as the options, the environment and the profile say."""
    from attune.cli.client import ApiClient  # noqa: PLC0415 - httpx is slow to import

    options = chosen(ctx)
    file = ConfigFile.load()
    connection = resolve(
        file,
        profile=options.get("profile"),
        api_url=options.get("api_url"),
        may_be_new=may_be_new,
    )
    wiring = ctx.find_object(Wiring)
    client = ApiClient(
        connection,
        transport=wiring.transport if wiring else None,
        renewed=lambda pair: _save(connection.profile, pair),
        verbose=_say if options.get("verbose") else None,
    )
    try:
        with interrupted_once():
            yield Session(file, connection, client, open_output(ctx, file))
    finally:
        client.close()


def open_output(ctx: typer.Context, file: ConfigFile) -> Output:
    """Return the printer for the format asked for, or the file's usual one."""
    options = chosen(ctx)
    if options.get("json"):
        return Output(OutputFormat.JSON)
    if options.get("yaml"):
        return Output(OutputFormat.YAML)
    name = options.get("output") or file.output_format
    try:
        return Output(OutputFormat(name))
    except ValueError:
        known = ", ".join(OutputFormat)
        raise usage_error(
            f"`format` in {file.path} is '{name}'; it must be one of {known}"
        ) from None


def _save(profile: str, pair: Credentials) -> None:
    if not pair.saved:
        return
    # Read again: another command may have changed the file since this one began.
    file = ConfigFile.load()
    settings = file.profiles.setdefault(profile, {})
    settings["auth_token"] = pair.access_token
    settings["refresh_token"] = pair.refresh_token
    file.save()


def _say(line: str) -> None:
    typer.echo(line, err=True)
