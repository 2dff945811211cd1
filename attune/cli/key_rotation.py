"""The server's side of `attune key`: which encryption keys are used, and a new one for all.

It speaks to the database itself, with the settings of an API or an orchestrator.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import typer

from attune.cli.document import JsonObject
from attune.cli.exit_code import ExitCode
from attune.cli.output import Column, Output
from attune.config import Settings, load_settings
from attune.db.database import Database
from attune.log import set_up_logging
from attune.security.encryption import Encryption
from attune.services.key_rotation import KeyUse, Rotation, RotationService, Tell

REQUIRES = ("database.url", "security.encryption_key")

_COLUMNS = (
    Column("key", "key_hash"),
    Column("is", "role"),
    Column("encrypts", "total"),
    Column("of these", lambda use: use["counts"] or None),
)


def show_status(out: Output) -> None:
    """Print which keys are configured or needed, and what each encrypts."""
    uses = asyncio.run(_uses(_settings()))
    out.rows([_shown(use) for use in uses], _COLUMNS)
    if not out.is_table:
        return
    for text in _advice(uses):
        out.note(text)


def rotate(out: Output, batch: int) -> None:
    """Encrypt everything anew with the current key, and say how far it is."""

    def tell(name: str, done: int) -> None:
        typer.echo(f"{name}: {done} done", err=True)

    rotation = asyncio.run(_rotate(_settings(), tell, batch))
    document = {"done": rotation.done, "unreadable": rotation.unreadable}
    out.done(f"{rotation.done} values are encrypted anew", document)
    for each in rotation.unreadable:
        typer.echo(f"error: no key that is configured decrypts {each}", err=True)
    if rotation.unreadable:
        raise typer.Exit(ExitCode.FAILED)


def _settings() -> Settings:
    settings = load_settings(*REQUIRES)
    set_up_logging(settings.logging.level, settings.logging.format, part="key")
    return settings


async def _uses(settings: Settings) -> list[KeyUse]:
    async with _service(settings) as service:
        return await service.uses()


async def _rotate(settings: Settings, tell: Tell, batch: int) -> Rotation:
    async with _service(settings) as service:
        return await service.rotate(tell, batch=batch)


@asynccontextmanager
async def _service(settings: Settings) -> AsyncIterator[RotationService]:
    security = settings.security
    database = Database(settings.database.url.get_secret_value(), pool_size=1)
    try:
        yield RotationService(
            database,
            Encryption.of_secrets(
                security.encryption_key, security.previous_encryption_keys
            ),
        )
    finally:
        await database.close()


def _shown(use: KeyUse) -> JsonObject:
    known = "previous" if use.is_known else "not configured"
    return {
        "key_hash": use.key_hash,
        "role": "current" if use.is_current else known,
        "total": use.total,
        "counts": dict(use.counts),
    }


def _advice(uses: Sequence[KeyUse]) -> list[str]:
    """Return what is to be done about keys of before."""
    advice = []
    for use in uses:
        short = use.key_hash[:12]
        if not use.is_known:
            advice.append(
                f"{short} is needed and not configured: what it encrypts is lost"
            )
        elif not use.is_current and use.total:
            advice.append(f"{short} is still needed: run attune key rotate")
        elif not use.is_current:
            advice.append(f"{short} encrypts nothing any more: it can be taken away")
    return advice
