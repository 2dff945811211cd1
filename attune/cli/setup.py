"""What a server needs before it can run: schema, core pack, administrator, token."""

import asyncio
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from attune.cli.process import end
from attune.config import API_REQUIRES, Settings, load_settings
from attune.db.database import Database
from attune.db.migration import migrate as migrate_schema
from attune.log import set_up_logging
from attune.security.tokens import Tokens
from attune.services.identity import ensure_administrator
from attune.services.pack.core import ensure_core_pack
from attune.services.worker import sign_worker_token
from attune.stack.directory import write_private


def migrate() -> None:
    """Bring the database to the schema of this version; repeating it changes nothing."""
    settings = load_settings("database.url")
    _begin(settings, "migrate")
    migrate_schema(settings.database.url.get_secret_value())


def setup(
    *,
    admin_login: Annotated[
        str, typer.Option(help="Login of the first administrator.")
    ] = "admin",
    admin_password_file: Annotated[
        Path | None,
        typer.Option(help="Its password; made when the file does not exist."),
    ] = None,
    worker_token_file: Annotated[
        Path | None, typer.Option(help="Where to write a token for workers.")
    ] = None,
    search_attributes: Annotated[
        bool, typer.Option(help="Register our search attributes with Temporal.")
    ] = False,
) -> None:
    """Prepare everything a server needs; repeating it keeps what is there."""
    settings = load_settings(*API_REQUIRES)
    _begin(settings, "setup")
    migrate_schema(settings.database.url.get_secret_value())
    password = _password(admin_password_file) if admin_password_file else None
    asyncio.run(_fill(settings, admin_login, password))
    if worker_token_file:
        write_private(worker_token_file, _worker_token(settings, None, None) + "\n")
    if search_attributes:
        asyncio.run(_register_search_attributes(settings))
    end()


def worker_token(
    *,
    name: Annotated[
        str | None, typer.Option(help="The one worker that may use it.")
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(min=0.01, max=8760, help="How long it is valid."),
    ] = None,
) -> None:
    """Print a token with which a worker registers; the API renews it while it runs."""
    settings = load_settings("security.jwt_secret")
    typer.echo(_worker_token(settings, name, hours))


def _begin(settings: Settings, part: str) -> None:
    set_up_logging(settings.logging.level, settings.logging.format, part=part)


async def _fill(settings: Settings, login: str, password: str | None) -> None:
    database = Database(settings.database.url.get_secret_value(), pool_size=2)
    try:
        await ensure_core_pack(database, settings.packs_base_dir)
        if password is not None:
            await ensure_administrator(database, password, login=login)
    finally:
        await database.close()


async def _register_search_attributes(settings: Settings) -> None:
    # Temporal's client takes long to import, and `attune up` does without it here.
    from attune.stack.search_attributes import register_search_attributes  # noqa: PLC0415
    from attune.worker.connection import temporal_address  # noqa: PLC0415 - see above

    await register_search_attributes(temporal_address(settings))


def _password(file: Path) -> str:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(15) + "\n")
    return file.read_text("utf-8").strip()


def _worker_token(settings: Settings, name: str | None, hours: float | None) -> str:
    seconds = hours * 3600 if hours else settings.security.worker_token_seconds
    tokens = Tokens(settings.security.jwt_secret.get_secret_value())
    return sign_worker_token(tokens, name, timedelta(seconds=seconds))
