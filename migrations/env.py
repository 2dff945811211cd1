"""Run revisions over one asyncpg connection, one process at a time."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from attune.db import models  # noqa: F401 - makes the tables known
from attune.db.base import SCHEMA, Base
from attune.db.url import engine_url

# Any number that nobody else takes: whoever holds it migrates, the others wait.
MIGRATION_LOCK = 4150_0001


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Compare our own schema, and nothing else that is in the database."""
    del parents
    return kind != "schema" or name == SCHEMA


def run(connection: Connection) -> None:
    """Run what was asked for in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_schemas=True,
        include_name=include_name,
    )
    with context.begin_transaction():
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        context.run_migrations()


async def main(url: str) -> None:
    """Connect and run."""
    # A role named like our schema would have it in its path: then our tables would be
    # taken for those of the default schema, and so would Alembic's own.
    settings = {"search_path": "public"}
    engine = create_async_engine(
        engine_url(url),
        poolclass=NullPool,
        connect_args={"server_settings": settings},
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(run)
            await connection.commit()
    finally:
        await engine.dispose()


if context.is_offline_mode():
    raise SystemExit("revisions run files over a connection: there is no offline mode")

asyncio.run(
    main(
        context.config.attributes.get("url")
        or context.get_x_argument(as_dictionary=True)["url"]
    )
)
