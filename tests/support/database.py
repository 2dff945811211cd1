"""Databases for tests: migrated once, cloned, emptied."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from attune.db.migration import migrate
from attune.db.url import driver_url
from attune.stack.postgres import EmbeddedPostgres

TEMPLATE = "attune_template"


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Connect as plain SQL does, without any of our code in between."""
    connection = await asyncpg.connect(driver_url(url))
    try:
        yield connection
    finally:
        await connection.close()


async def create_database(
    server: EmbeddedPostgres, name: str, template: str = "template0"
) -> str:
    """Create a database as a copy of another, and return its URL."""
    async with connected(server.url_of("postgres")) as sql:
        await sql.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return server.url_of(name)


async def drop_database(server: EmbeddedPostgres, name: str) -> None:
    """Drop a database, whoever is still connected."""
    async with connected(server.url_of("postgres")) as sql:
        await sql.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


async def create_template(server: EmbeddedPostgres) -> None:
    """Make the migrated database that others are cloned from."""
    url = await create_database(server, TEMPLATE)
    await asyncio.to_thread(migrate, url)


async def empty_tables(url: str) -> None:
    """Delete every row; ids go on where they were."""
    async with connected(url) as sql:
        await sql.execute(_EMPTY)


# A TRUNCATE of all tables makes a file for each index, which takes a hundred times as
# long as deleting the few rows of a test with every table trigger and constraint off.
_EMPTY = """
    DO $$
    DECLARE
        name regclass;
        has_rows boolean;
    BEGIN
        SET LOCAL session_replication_role = replica;
        FOR name IN
            SELECT oid
            FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'attune'::regnamespace
        LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %s)', name) INTO has_rows;
            IF has_rows THEN
                EXECUTE format('DELETE FROM %s', name);
            END IF;
        END LOOP;
    END
    $$
"""
