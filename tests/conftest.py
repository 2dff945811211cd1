"""Servers and databases that tests may ask for by name."""

import signal
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from attune.db.database import Database, Transaction
from attune.stack.postgres import EmbeddedPostgres
from attune.stack.temporal import EmbeddedTemporal
from tests.support.cpu_time import leave_past_alone
from tests.support.database import (
    TEMPLATE,
    connected,
    create_database,
    create_template,
    empty_tables,
)
from tests.support.distribution import Distribution
from tests.support.servers import running_postgres, running_temporal


def pytest_configure() -> None:
    """Let what the tests start be interrupted, although a shell in the background may not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests that were collected."""
    leave_past_alone()


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Distribution:
    """Distribute the tests in our own way; what takes long is collected first."""
    config.option.loadscopereorder = False
    return Distribution(config, log)


@pytest.fixture(scope="session")
async def postgres() -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL server, one for each test process, with a migrated template."""
    async with running_postgres() as server:
        await create_template(server)
        yield server


@pytest.fixture(scope="session")
async def _cloned_url(postgres: EmbeddedPostgres) -> str:
    return await create_database(postgres, "attune_test", TEMPLATE)


@pytest.fixture
async def database_url(_cloned_url: str) -> str:
    """URL of a migrated database without any row."""
    await empty_tables(_cloned_url)
    return _cloned_url


@pytest.fixture(scope="session")
async def _database(_cloned_url: str) -> AsyncIterator[Database]:
    database = Database(_cloned_url)
    yield database
    await database.close()


@pytest.fixture
async def database(_database: Database, database_url: str) -> Database:
    """Our own way to that database."""
    del database_url
    return _database


@pytest.fixture
async def tx(database: Database) -> AsyncIterator[Transaction]:
    """A transaction that is committed when the test ends well."""
    async with database.transaction() as transaction:
        yield transaction


@pytest.fixture
async def sql(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """Plain SQL on that database, as any other program would speak it."""
    async with connected(database_url) as connection:
        yield connection


@pytest.fixture(scope="session")
async def temporal(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[EmbeddedTemporal]:
    """A Temporal server, one for each test process."""
    async with running_temporal(tmp_path_factory.mktemp("temporal")) as server:
        yield server
