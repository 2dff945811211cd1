"""The chain of revisions, and that schema, models and living SQL say the same."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

import attune.db
from attune.db.base import ENUMS
from attune.db.errors import INVALID
from attune.db.migration import alembic_config, migrate
from attune.domain.errors import Unavailable
from attune.stack.postgres import EmbeddedPostgres
from tests.support.database import connected, create_database, drop_database

LIVING = Path(attune.db.__file__).parent / "sql"
DATABASE = "attune_migration"

# Every function of ours, and every table trigger that is not PostgreSQL's own.
_DEFINITIONS = """
    SELECT p.proname AS name, pg_get_functiondef(p.oid) AS definition
    FROM pg_proc AS p
    WHERE p.pronamespace = 'attune'::regnamespace
    UNION ALL
    SELECT t.tgname, pg_get_triggerdef(t.oid)
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'attune'::regnamespace AND NOT t.tgisinternal
"""

_ENUMS = """
    SELECT t.typname AS name, array_agg(e.enumlabel ORDER BY e.enumsortorder) AS members
    FROM pg_type AS t
    JOIN pg_enum AS e ON e.enumtypid = t.oid
    WHERE t.typnamespace = 'attune'::regnamespace
    GROUP BY t.typname
"""


@pytest.fixture
async def empty_url(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """URL of a database with nothing in it."""
    yield await create_database(postgres, DATABASE)
    await drop_database(postgres, DATABASE)


@pytest.fixture
async def migrated(empty_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to a database that was just migrated."""
    await asyncio.to_thread(migrate, empty_url)
    async with connected(empty_url) as connection:
        yield connection


async def _definitions(sql: asyncpg.Connection) -> dict[str, str]:
    rows = await sql.fetch(_DEFINITIONS)
    return {row["name"]: row["definition"] for row in rows}


def test_chain_has_one_head_and_consecutive_numbers() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql://nowhere"))

    revisions = [revision.revision for revision in script.walk_revisions()]

    assert len(script.get_heads()) == 1
    expected = [f"{number:04}" for number in range(1, len(revisions) + 1)]
    assert revisions[::-1] == expected


def test_every_revision_says_what_it_does_and_limits_its_locks() -> None:
    script = ScriptDirectory.from_config(alembic_config("postgresql://nowhere"))

    for revision in script.walk_revisions():
        source = Path(revision.path).read_text(encoding="utf-8")
        assert (revision.module.__doc__ or "").startswith("This revision ")
        assert source.count("SET LOCAL lock_timeout") == 2


async def test_up_down_and_up_again(empty_url: str) -> None:
    await asyncio.to_thread(migrate, empty_url)
    async with connected(empty_url) as sql:
        first = await _definitions(sql)

    config = alembic_config(empty_url)
    head = ScriptDirectory.from_config(config).get_current_head()
    for _ in range(int(head or 0)):
        await asyncio.to_thread(command.downgrade, config, "-1")
    async with connected(empty_url) as sql:
        assert not await sql.fetchval("SELECT to_regnamespace('attune')")

    await asyncio.to_thread(migrate, empty_url)
    async with connected(empty_url) as sql:
        assert await _definitions(sql) == first


async def test_migrating_twice_changes_nothing(empty_url: str) -> None:
    await asyncio.to_thread(migrate, empty_url)

    await asyncio.to_thread(migrate, empty_url)


async def test_two_at_once_migrate_once(empty_url: str) -> None:
    code = f"from attune.db.migration import migrate; migrate({empty_url!r})"
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", code)
        for _ in range(2)
    ]

    codes = [await process.wait() for process in processes]

    assert codes == [0, 0]
    async with connected(empty_url) as sql:
        assert await sql.fetchval("SELECT count(*) FROM alembic_version") == 1


async def test_migration_of_nothing_is_unavailable() -> None:
    nowhere = "postgresql://attune@127.0.0.1:1/attune"

    with pytest.raises(Unavailable):
        await asyncio.to_thread(migrate, nowhere)


async def test_models_and_migrated_tables_agree(
    migrated: asyncpg.Connection, empty_url: str
) -> None:
    del migrated

    await asyncio.to_thread(command.check, alembic_config(empty_url))


async def test_enums_have_the_members_of_the_domain(
    migrated: asyncpg.Connection,
) -> None:
    rows = await migrated.fetch(_ENUMS)

    assert {row["name"]: row["members"] for row in rows} == {
        name: [member.value for member in kind] for kind, name in ENUMS.items()
    }


async def test_living_sql_is_what_the_revisions_applied(
    migrated: asyncpg.Connection,
) -> None:
    applied = await _definitions(migrated)

    for file in sorted(LIVING.glob("*.sql")):
        await migrated.execute(file.read_text(encoding="utf-8"))

    assert await _definitions(migrated) == applied


async def test_every_function_has_a_file_that_begins_with_a_sentence(
    migrated: asyncpg.Connection,
) -> None:
    files = {file.stem: file.read_text(encoding="utf-8") for file in LIVING.iterdir()}

    functions = await migrated.fetch(
        "SELECT proname FROM pg_proc WHERE pronamespace = 'attune'::regnamespace"
    )

    assert {row["proname"] for row in functions} == set(files)
    assert all(text.startswith("-- ") for text in files.values())


async def test_every_sqlstate_of_ours_has_a_meaning() -> None:
    raised = {
        word.strip("',;")
        for file in LIVING.iterdir()
        for word in file.read_text(encoding="utf-8").split()
        if word.startswith("'AT0")
    }

    assert raised == {state for state in INVALID if state.startswith("AT")}
